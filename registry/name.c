// SPDX-License-Identifier: Apache-2.0
#include "registry/name.h"

#include <stdint.h>
#include <string.h>

#include "registry/limits.h"

static bool name_is_lower(char letter)
{
    return letter >= 'a' && letter <= 'z';
}

bool name_is_valid(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return name_is_lower(name[0]) && name[size] == '\0' && size <= REGISTRY_NAME_MAX;
}

bool name_is_word(const char *text, size_t size_max)
{
    size_t size = 0;

    while (text[size] > ' ' && text[size] <= '~' && size <= size_max)
        size += 1;
    return size >= 1 && size <= size_max && text[size] == '\0';
}

static size_t name_min(size_t left, size_t right)
{
    return left < right ? left : right;
}

size_t name_distance(const char *left, const char *right)
{
    size_t rows[3][REGISTRY_NAME_MAX + 1]; /* the row in work and the two before it */
    size_t left_size = strlen(left);
    size_t right_size = strlen(right);

    if (left_size > REGISTRY_NAME_MAX || right_size > REGISTRY_NAME_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= right_size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= left_size; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *before = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= right_size; j++) {
            size_t change = left[i - 1] != right[j - 1];

            row[j] = name_min(name_min(above[j], row[j - 1]) + 1, above[j - 1] + change);
            if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                row[j] = name_min(row[j], before[j - 2] + 1);
        }
    }
    return rows[left_size % 3][right_size];
}

bool name_is_near(const char *name, size_t distance)
{
    return distance <= 1 + strlen(name) / 4;
}
