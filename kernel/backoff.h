/* kernel/backoff.h - how long to wait before a process starts again, and when to give up.
 *
 * The first restart is at once; the next ones wait a random time up to 100 ms, 200 ms, 400 ms …
 * ("full jitter": Brooker, Exponential Backoff And Jitter, 2015), so that processes which fell
 * together do not come back together. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"

enum { FAILURES_MAX = 32 }; /* failures remembered: MU_MANIFEST_FAILURES_MAX */

struct backoff {
    uint32_t step; /* restarts since it was healthy */
};

void backoff_reset(struct backoff *backoff);

/* The pause before the next start: 0 the first time, then 0..min(100 ms * 2^n, max_ms). */
uint32_t backoff_next(struct backoff *backoff, struct random *random, uint32_t max_ms);

struct failures {
    uint64_t at_ms[FAILURES_MAX]; /* a ring of the last ones */
    uint32_t count;               /* how many were ever noted */
};

void failures_reset(struct failures *failures);

/* Notes a failure. True where it is the `failures_max`-th (1..FAILURES_MAX) within `window_ms`. */
bool failures_add(
        struct failures *failures, uint64_t now_ms, uint32_t failures_max, uint32_t window_ms);
