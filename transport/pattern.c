// SPDX-License-Identifier: Apache-2.0
#include "transport/pattern.h"

#include <string.h>

/* Takes the first part and its dot off `*rest`. */
static struct span pattern_next(struct span *rest)
{
    const uint8_t *dot = memchr(rest->data, '.', rest->size);
    struct span part = { rest->data, dot != NULL ? (size_t)(dot - rest->data) : rest->size };
    size_t taken = part.size + (dot != NULL);

    *rest = (struct span){ rest->data + taken, rest->size - taken };
    return part;
}

static bool pattern_is(struct span part, char wildcard)
{
    return part.size == 1 && part.data[0] == (uint8_t)wildcard;
}

static bool pattern_same(struct span one, struct span two)
{
    return one.size == two.size && memcmp(one.data, two.data, one.size) == 0;
}

static bool pattern_is_part(struct span part)
{
    for (size_t i = 0; i < part.size; i++) {
        uint8_t c = part.data[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
                c != '_')
            return false;
    }
    return part.size > 0;
}

bool pattern_is_valid(struct span text)
{
    struct span rest = text;
    struct span part;

    if (text.size == 0 || text.size > PATTERN_SIZE_MAX || text.data[text.size - 1] == '.')
        return false;
    part = pattern_next(&rest);
    if (pattern_is(part, '>'))
        return rest.size == 0;
    if ((!pattern_is(part, '*') && !service_name_is_valid(part)) || rest.size == 0)
        return false;
    while (rest.size > 0) {
        part = pattern_next(&rest);
        if (pattern_is(part, '>'))
            return rest.size == 0;
        if (!pattern_is(part, '*') && !pattern_is_part(part))
            return false;
    }
    return true;
}

/* A wildcard of `narrow` is a part that nothing but a wildcard as wide matches. An endpoint has
 * none, so the same walk tells whether it is in a set. */
bool pattern_covers(struct span wide, struct span narrow)
{
    while (wide.size > 0 && narrow.size > 0) {
        struct span part = pattern_next(&wide);
        struct span other = pattern_next(&narrow);

        if (pattern_is(part, '>'))
            return true;
        if (pattern_is(other, '>'))
            return false;
        if (!pattern_is(part, '*') && !pattern_same(part, other))
            return false;
    }
    return wide.size == 0 && narrow.size == 0;
}

bool pattern_matches(struct span pattern, struct span endpoint)
{
    return pattern_covers(pattern, endpoint);
}
