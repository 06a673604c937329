// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/duration.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    double ms;
} duration_units[] = {
    { "ms", 1 },
    { "s", 1000 },
    { "m", 60000 },
    { "h", 3600000 },
};

int duration_parse(const char *text, uint32_t *msp)
{
    double value;
    char *unit;

    if (!isdigit((unsigned char)text[0]))
        return -EINVAL;
    value = strtod(text, &unit);
    for (size_t i = 0; i < sizeof(duration_units) / sizeof(duration_units[0]); i++) {
        if (strcmp(unit, duration_units[i].name) != 0)
            continue;
        value *= duration_units[i].ms;
        if (value < 1 || value > UINT32_MAX)
            return -EINVAL;
        *msp = (uint32_t)value;
        return 0;
    }
    return -EINVAL;
}

char *duration_print(uint64_t ms, char text[DURATION_TEXT_MAX])
{
    uint64_t s = ms / 1000;

    if (ms < 1000)
        snprintf(text, DURATION_TEXT_MAX, "%" PRIu64 " ms", ms);
    else if (s < 60)
        snprintf(text, DURATION_TEXT_MAX, "%" PRIu64 ".%u s", s, (unsigned)(ms % 1000 / 100));
    else if (s < 3600)
        snprintf(text, DURATION_TEXT_MAX, "%" PRIu64 "m %us", s / 60, (unsigned)(s % 60));
    else if (s < 86400)
        snprintf(text, DURATION_TEXT_MAX, "%" PRIu64 "h %um", s / 3600, (unsigned)(s % 3600 / 60));
    else
        snprintf(text, DURATION_TEXT_MAX, "%" PRIu64 "d %uh", s / 86400,
                (unsigned)(s % 86400 / 3600));
    return text;
}

char *duration_print_us(uint64_t us, char text[DURATION_TEXT_MAX])
{
    if (us < 1000)
        snprintf(text, DURATION_TEXT_MAX, "%" PRIu64 " us", us);
    else if (us < 100000)
        snprintf(text, DURATION_TEXT_MAX, us < 10000 ? "%.2f ms" : "%.1f ms", (double)us / 1000.0);
    else
        return duration_print(us / 1000, text);
    return text;
}
