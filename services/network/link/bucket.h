/* services/network/link/bucket.h - how often something may happen: so many times at once, then once
 * in a while. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct bucket {
    uint32_t size;      /* tokens that it holds at most */
    uint32_t refill_ms; /* for one more */
    uint32_t count;     /* tokens held at at_ms */
    uint64_t at_ms;
};

static inline void bucket_init(
        struct bucket *bucket, uint32_t size, uint32_t refill_ms, uint64_t now_ms)
{
    *bucket = (struct bucket){ size, refill_ms, size, now_ms };
}

/* When there is a token: now, or later. */
static inline uint64_t bucket_due(struct bucket *bucket, uint64_t now_ms)
{
    uint64_t more = (now_ms - bucket->at_ms) / bucket->refill_ms;

    if (bucket->count + more >= bucket->size) {
        bucket->count = bucket->size;
        bucket->at_ms = now_ms;
    } else {
        bucket->count += (uint32_t)more;
        bucket->at_ms += more * bucket->refill_ms;
    }
    return bucket->count > 0 ? now_ms : bucket->at_ms + bucket->refill_ms;
}

/* Takes a token. False where there is none. */
static inline bool bucket_take(struct bucket *bucket, uint64_t now_ms)
{
    if (bucket_due(bucket, now_ms) > now_ms)
        return false;
    bucket->count -= 1;
    return true;
}

/* Gives back a token that was taken. */
static inline void bucket_return(struct bucket *bucket)
{
    if (bucket->count < bucket->size)
        bucket->count += 1;
}
