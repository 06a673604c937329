// SPDX-License-Identifier: Apache-2.0
/* Works on the text itself: no number is ever converted, so none can overflow, and nothing is
 * allocated. */
#include "registry/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A part of a text, not NUL-terminated. */
struct span {
    const char *start; /* borrowed from the text */
    size_t size;
};

static bool span_is_number(struct span span)
{
    for (size_t i = 0; i < span.size; i++)
        if (span.start[i] < '0' || span.start[i] > '9')
            return false;
    return span.size > 0 && (span.size == 1 || span.start[0] != '0');
}

/* Takes what stands before the next `.`, `stop` or `+`, and leaves `*textp` on that character. */
static struct span span_take(const char **textp, char stop)
{
    const char set[] = { '.', '+', stop, '\0' };
    struct span span = { .start = *textp, .size = strcspn(*textp, set) };

    *textp += span.size;
    return span;
}

static int span_compare(struct span left, struct span right)
{
    size_t size = left.size < right.size ? left.size : right.size;
    int order = memcmp(left.start, right.start, size);

    return order != 0 ? order : (left.size > right.size) - (left.size < right.size);
}

static int span_compare_numbers(struct span left, struct span right)
{
    if (left.size != right.size)
        return left.size < right.size ? -1 : 1;
    return memcmp(left.start, right.start, left.size);
}

/* Takes MAJOR.MINOR.PATCH apart; `*textp` is left on what follows. */
static bool version_take_core(const char **textp, struct span core[3])
{
    for (int i = 0; i < 3; i++) {
        core[i] = span_take(textp, '-');
        if (!span_is_number(core[i]))
            return false;
        if (i < 2 && *(*textp)++ != '.')
            return false;
    }
    return **textp == '\0' || **textp == '-' || **textp == '+';
}

/* Identifiers after the `-`: numbers before words, fewer before more. */
static int version_compare_tags(const char *left, const char *right)
{
    for (;;) {
        struct span a = span_take(&left, '.');
        struct span b = span_take(&right, '.');
        bool a_number = span_is_number(a);
        bool b_number = span_is_number(b);
        int order;

        if (a_number != b_number)
            return a_number ? -1 : 1;
        order = a_number ? span_compare_numbers(a, b) : span_compare(a, b);
        if (order != 0)
            return order;
        if (*left != '.' || *right != '.')
            return (*left == '.') - (*right == '.');
        left += 1;
        right += 1;
    }
}

int version_compare(const char *left, const char *right)
{
    const char *left_tail = left;
    const char *right_tail = right;
    struct span a[3];
    struct span b[3];
    bool left_valid = version_take_core(&left_tail, a);
    bool right_valid = version_take_core(&right_tail, b);

    if (!left_valid || !right_valid)
        return left_valid || right_valid ? left_valid - right_valid : strcmp(left, right);
    for (int i = 0; i < 3; i++) {
        int order = span_compare_numbers(a[i], b[i]);

        if (order != 0)
            return order;
    }
    if (*left_tail != '-' || *right_tail != '-')
        return (*right_tail == '-') - (*left_tail == '-');
    return version_compare_tags(left_tail + 1, right_tail + 1);
}
