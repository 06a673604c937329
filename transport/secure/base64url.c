// SPDX-License-Identifier: Apache-2.0
#include "transport/secure/base64url.h"

#include <sodium.h>
#include <string.h>

/* libsodium 1.0.18 takes every byte from 0x80 up for a `_`, so it is not asked. */
bool base64url_is_text(struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '-' || c == '_'))
            return false;
    }
    return true;
}

bool base64url_read(struct span text, uint8_t *bytes, size_t max, size_t *sizep)
{
    return base64url_is_text(text) &&
           sodium_base642bin(bytes, max, (const char *)text.data, text.size, NULL, sizep, NULL,
                   sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}

size_t base64url_write(struct span bytes, char *text, size_t max)
{
    sodium_bin2base64(
            text, max + 1, bytes.data, bytes.size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return strlen(text);
}
