// SPDX-License-Identifier: Apache-2.0
#include "client/schema/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_NAME_MAX = 64 }; /* bytes: longer names are not worth a guess */

static bool text_is_tail(const uint8_t *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if ((text[i] & 0xc0) != 0x80)
            return false;
    return true;
}

/* The length of the character at `text`, or 0 where there is none. */
static size_t text_character(const uint8_t *text, size_t size)
{
    uint8_t first = text[0];

    if (first >= 0xc2 && first <= 0xdf)
        return size >= 2 && text_is_tail(text + 1, 1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        if (size < 3 || !text_is_tail(text + 1, 2) || (first == 0xe0 && text[1] < 0xa0) ||
                (first == 0xed && text[1] > 0x9f))
            return 0;
        return 3;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        if (size < 4 || !text_is_tail(text + 1, 3) || (first == 0xf0 && text[1] < 0x90) ||
                (first == 0xf4 && text[1] > 0x8f))
            return 0;
        return 4;
    }
    return first >= 0x01 && first <= 0x7f ? 1 : 0;
}

bool text_is_clean(const uint8_t *text, size_t size)
{
    while (size > 0) {
        size_t length = *text - 1u < 0x7f ? 1 : text_character(text, size);

        if (length == 0)
            return false;
        text += length;
        size -= length;
    }
    return true;
}

size_t text_write_utf8(char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* Errors quote what came from outside, and are shown on terminals. */
static void text_disarm(char *text)
{
    for (; *text != '\0'; text++) {
        bool is_c1 = (uint8_t)text[0] == 0xc2 && (uint8_t)text[1] < 0xa0;

        if ((uint8_t)text[0] < 0x20 || text[0] == 0x7f || is_c1)
            text[0] = '?';
        if (is_c1)
            text[1] = '?';
    }
}

void text_write_error(struct mu_schema_error *error, const char *format, ...)
{
    va_list args;
    int size;

    if (error == NULL)
        return;
    va_start(args, format);
    size = vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    if (size >= (int)sizeof(error->text)) {
        size_t end = sizeof(error->text) - 1;

        while (end > 0 && (error->text[end - 1] & 0xc0) == 0x80)
            end -= 1;
        if (end > 0 && (uint8_t)error->text[end - 1] >= 0xc0)
            end -= 1;
        error->text[end] = '\0';
    }
    text_disarm(error->text);
}

/* Optimal string alignment distance: insertions, deletions, changes and swaps of neighbours. */
static unsigned text_distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    unsigned rows[3][TEXT_NAME_MAX + 1];

    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_size; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3];
        const unsigned *second = rows[(i + 1) % 3];

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_size; j++) {
            unsigned best = above[j - 1] + (a[i - 1] != b[j - 1]);

            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                    second[j - 2] + 1 < best)
                best = second[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[a_size % 3][b_size];
}

const char *text_closest(const char *name, size_t size, const char *const *names, size_t count)
{
    const char *closest = NULL;
    unsigned least = size <= 3 ? 2 : 3; /* one wrong letter of three, two of more */

    for (size_t i = 0; i < count && size <= TEXT_NAME_MAX; i++) {
        size_t length = strlen(names[i]);
        unsigned distance;

        if (length > TEXT_NAME_MAX)
            continue;
        distance = text_distance(name, size, names[i], length);
        if (distance < least && distance < length) {
            least = distance;
            closest = names[i];
        }
    }
    return closest;
}
