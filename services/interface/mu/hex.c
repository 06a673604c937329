// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/hex.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

char *hex_write(char *text, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = hex_digits[bytes[i] >> 4];
        text[2 * i + 1] = hex_digits[bytes[i] & 0x0f];
    }
    text[2 * size] = '\0';
    return text;
}

static int hex_digit(char letter)
{
    const char *at = letter != '\0' ? strchr(hex_digits, letter) : NULL;

    return at != NULL ? (int)(at - hex_digits) : -1;
}

bool hex_read(const char *text, uint8_t *bytes, size_t max, size_t *sizep)
{
    size_t length = strlen(text);

    if (length % 2 != 0 || length / 2 > max)
        return false;
    for (size_t i = 0; i < length / 2; i++) {
        int high = hex_digit(text[2 * i]);
        int low = hex_digit(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    *sizep = length / 2;
    return true;
}
