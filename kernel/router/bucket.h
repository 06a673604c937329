/* kernel/router/bucket.h - a token bucket: so many at once, and so many a second. The time is an
 * argument; the arithmetic is whole, so that a rate is kept exactly over any time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { BUCKET_TOKEN = 1000000 }; /* what one token is made of: one a second gains 1 in 1 us */

struct bucket {
    uint64_t level;      /* in BUCKET_TOKENths of a token, 0..burst * BUCKET_TOKEN */
    uint64_t counted_us; /* up to when it was filled */
};

/* A full one. */
static inline void bucket_init(struct bucket *bucket, uint32_t burst, uint64_t now_us)
{
    *bucket = (struct bucket){ (uint64_t)burst * BUCKET_TOKEN, now_us };
}

/* Adds what came since; `per_s` and `burst` are at least 1. */
static inline void bucket_fill(
        struct bucket *bucket, uint32_t per_s, uint32_t burst, uint64_t now_us)
{
    uint64_t full = (uint64_t)burst * BUCKET_TOKEN;
    uint64_t past_us = now_us > bucket->counted_us ? now_us - bucket->counted_us : 0;

    bucket->counted_us = now_us;
    if (past_us > full / per_s || bucket->level + past_us * per_s > full)
        bucket->level = full;
    else
        bucket->level += past_us * per_s;
}

static inline bool bucket_has(const struct bucket *bucket)
{
    return bucket->level >= BUCKET_TOKEN;
}

/* Takes one token. False where there is none. */
static inline bool bucket_take(struct bucket *bucket)
{
    if (!bucket_has(bucket))
        return false;
    bucket->level -= BUCKET_TOKEN;
    return true;
}

/* Until there is a token again, in ms, at least 1. */
static inline uint32_t bucket_wait_ms(const struct bucket *bucket, uint32_t per_s)
{
    uint64_t missing = bucket->level < BUCKET_TOKEN ? BUCKET_TOKEN - bucket->level : 0;

    return (uint32_t)(missing / per_s / 1000) + 1;
}
