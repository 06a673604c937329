// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/suggestion.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static size_t suggestion_least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int suggestion_letter(const char *word, size_t index)
{
    return tolower((unsigned char)word[index]);
}

size_t suggestion_distance(const char *a, const char *b)
{
    size_t rows[3][SUGGESTION_WORD_MAX] = { 0 };
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);

    if (a_size >= SUGGESTION_WORD_MAX || b_size >= SUGGESTION_WORD_MAX)
        return SUGGESTION_WORD_MAX;
    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *before = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t differs = suggestion_letter(a, i - 1) != suggestion_letter(b, j - 1);

            row[j] = suggestion_least(above[j] + 1, row[j - 1] + 1);
            row[j] = suggestion_least(row[j], above[j - 1] + differs);
            if (i > 1 && j > 1 && suggestion_letter(a, i - 1) == suggestion_letter(b, j - 2) &&
                    suggestion_letter(a, i - 2) == suggestion_letter(b, j - 1))
                row[j] = suggestion_least(row[j], before[j - 2] + 1);
        }
    }
    return rows[a_size % 3][b_size];
}

void suggestion_init(struct suggestion *suggestion, const char *word)
{
    size_t size = strlen(word);

    *suggestion = (struct suggestion){ .word = word };
    suggestion->distance = size <= 2 ? 2 : suggestion_least(size / 3, 3) + 1;
}

void suggestion_offer(struct suggestion *suggestion, const char *candidate)
{
    size_t distance = suggestion_distance(suggestion->word, candidate);

    if (distance >= suggestion->distance || distance >= strlen(candidate))
        return;
    suggestion->distance = distance;
    snprintf(suggestion->best, sizeof(suggestion->best), "%s", candidate);
}

const char *suggestion_best(const struct suggestion *suggestion)
{
    return suggestion->best[0] != '\0' ? suggestion->best : NULL;
}
