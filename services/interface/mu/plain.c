// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/plain.h"

/* C1 in UTF-8 is c2 80 to c2 9f. */
static size_t plain_control(const unsigned char *text, size_t size)
{
    if ((text[0] < 0x20 && text[0] != '\t') || text[0] == 0x7f)
        return 1;
    if (text[0] == 0xc2 && size > 1 && text[1] >= 0x80 && text[1] <= 0x9f)
        return 2;
    return 0;
}

void plain_print(FILE *stream, const char *text, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)text;

    for (size_t i = 0; i < size;) {
        size_t count = plain_control(bytes + i, size - i);

        if (count == 0)
            fputc(bytes[i++], stream);
        for (; count > 0; count--)
            fprintf(stream, "\\x%02x", bytes[i++]);
    }
}
