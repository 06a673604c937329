// SPDX-License-Identifier: Apache-2.0
#include "kernel/backoff.h"

#include "base/check.h"
#include "kernel/limits.h"

enum { BACKOFF_STEPS_MAX = 20 }; /* 100 ms * 2^20 is a day: no limit above it is of use */

void backoff_reset(struct backoff *backoff)
{
    backoff->step = 0;
}

uint32_t backoff_next(struct backoff *backoff, struct random *random, uint32_t max_ms)
{
    uint32_t step = backoff->step;
    uint32_t limit_ms;

    if (backoff->step < BACKOFF_STEPS_MAX)
        backoff->step += 1;
    if (step == 0)
        return 0;
    limit_ms = (uint32_t)BACKOFF_FIRST_MS << (step - 1);
    if (limit_ms > max_ms)
        limit_ms = max_ms;
    return random_below(random, limit_ms + 1);
}

void failures_reset(struct failures *failures)
{
    failures->count = 0;
}

bool failures_add(
        struct failures *failures, uint64_t now_ms, uint32_t failures_max, uint32_t window_ms)
{
    uint64_t oldest_ms;

    CHECK(failures_max >= 1 && failures_max <= FAILURES_MAX);

    failures->at_ms[failures->count % FAILURES_MAX] = now_ms;
    failures->count += 1;
    if (failures->count < failures_max)
        return false;
    oldest_ms = failures->at_ms[(failures->count - failures_max) % FAILURES_MAX];
    return now_ms - oldest_ms <= window_ms;
}
