// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/size.h"

#include <inttypes.h>
#include <stdio.h>

char *size_print(uint64_t size, char text[SIZE_TEXT_MAX])
{
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB" };
    double value = (double)size / 1024;
    size_t unit = 0;

    if (size < 1024) {
        snprintf(text, SIZE_TEXT_MAX, "%" PRIu64 " B", size);
        return text;
    }
    for (; value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
        value /= 1024;
    snprintf(text, SIZE_TEXT_MAX, value < 10 ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return text;
}
