/* base/random.h - numbers for choices that need no secrecy (which of two instances, jitter, trace
 * ids). The seed is an argument, so that a core's choices repeat. xorshift64* (Vigna 2016). */
#pragma once

#include <stdint.h>

struct random {
    uint64_t state; /* never 0 */
};

static inline void random_init(struct random *random, uint64_t seed)
{
    random->state = seed != 0 ? seed : 0x9e3779b97f4a7c15u;
}

static inline uint64_t random_next(struct random *random)
{
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return random->state * 0x2545f4914f6cdd1du;
}

/* A number in 0..count-1; `count` >= 1. */
static inline uint32_t random_below(struct random *random, uint32_t count)
{
    return (uint32_t)(((random_next(random) >> 32) * count) >> 32);
}
