// SPDX-License-Identifier: Apache-2.0
/* Not libsodium's: protobuf's JSON takes both alphabets mixed, and padding or none. */
#include "client/schema/base64.h"

#include <string.h>

static const char base64_letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_put(struct buffer *buffer, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i += 3) {
        uint32_t group = (uint32_t)bytes[i] << 16;
        char text[4];

        if (i + 1 < size)
            group |= (uint32_t)bytes[i + 1] << 8;
        if (i + 2 < size)
            group |= bytes[i + 2];
        text[0] = base64_letters[group >> 18];
        text[1] = base64_letters[group >> 12 & 63];
        text[2] = i + 1 < size ? base64_letters[group >> 6 & 63] : '=';
        text[3] = i + 2 < size ? base64_letters[group & 63] : '=';
        buffer_put(buffer, text, sizeof(text));
    }
}

static int base64_digit(char letter)
{
    if (letter >= 'A' && letter <= 'Z')
        return letter - 'A';
    if (letter >= 'a' && letter <= 'z')
        return letter - 'a' + 26;
    if (letter >= '0' && letter <= '9')
        return letter - '0' + 52;
    if (letter == '+' || letter == '-')
        return 62;
    return letter == '/' || letter == '_' ? 63 : -1;
}

long base64_read(uint8_t *bytes, const char *text, size_t size)
{
    uint32_t group = 0;
    unsigned bits = 0;
    long count = 0;

    if (size % 4 == 0)
        for (int i = 0; i < 2 && size > 0 && text[size - 1] == '='; i++)
            size -= 1;
    if (size % 4 == 1)
        return -1;
    for (size_t i = 0; i < size; i++) {
        int digit = base64_digit(text[i]);

        if (digit < 0)
            return -1;
        group = group << 6 | (uint32_t)digit;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes[count++] = (uint8_t)(group >> bits);
        }
    }
    return count;
}
