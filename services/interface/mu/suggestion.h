/* suggestion.h - "did you mean": of many names the one nearest to what was typed. */
#pragma once

#include <stddef.h>

enum { SUGGESTION_WORD_MAX = 128 }; /* bytes with the final NUL; longer words are never near */

struct suggestion {
    const char *word; /* borrowed: what was typed */
    char best[SUGGESTION_WORD_MAX];
    size_t distance; /* of `best`; the first distance that is too far, while there is none */
};

/* Starts with nothing near `word`. */
void suggestion_init(struct suggestion *suggestion, const char *word);

/* Keeps `candidate` if it is nearer than what was offered before. */
void suggestion_offer(struct suggestion *suggestion, const char *candidate);

/* The nearest name, borrowed from `suggestion`; NULL where none is near enough to be meant. */
const char *suggestion_best(const struct suggestion *suggestion);

/* How many letters must be put in, left out, changed or swapped with their neighbour to make one
 * word of the other, case aside (optimal string alignment, Damerau 1964). Words of
 * SUGGESTION_WORD_MAX bytes and more are SUGGESTION_WORD_MAX apart. */
size_t suggestion_distance(const char *a, const char *b);
