// SPDX-License-Identifier: Apache-2.0
#include "client/nearest.h"

#include <ctype.h>
#include <string.h>

/* Edits between two names, capitals aside (Wagner and Fischer 1974), in one row. */
static size_t nearest_distance(const char *one, const char *other)
{
    size_t row[MU_ENDPOINT_MAX + 1];
    size_t width = strlen(other);

    for (size_t i = 0; i <= width; i++)
        row[i] = i;
    for (size_t line = 1; one[line - 1] != '\0'; line++) {
        size_t corner = row[0];

        row[0] = line;
        for (size_t i = 1; i <= width; i++) {
            size_t best = row[i] < row[i - 1] ? row[i] + 1 : row[i - 1] + 1;
            size_t same = corner + (tolower((unsigned char)one[line - 1]) !=
                                           tolower((unsigned char)other[i - 1]));

            corner = row[i];
            row[i] = same < best ? same : best;
        }
    }
    return row[width];
}

const char *nearest_method(const struct mu_service_type *type, const char *name)
{
    size_t best = strlen(name) / 3 + 1;
    const char *found = NULL;

    if (strlen(name) >= MU_ENDPOINT_MAX)
        return NULL;
    for (size_t i = 0; i < type->method_count; i++) {
        const char *method = type->methods[i].name;
        size_t distance;

        if (strlen(method) >= MU_ENDPOINT_MAX)
            continue;
        distance = nearest_distance(name, method);
        if (distance <= best) {
            found = method;
            best = distance > 0 ? distance - 1 : 0;
        }
    }
    return found;
}
