// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/damping.h"

#include "services/network/link/route_limits.h"

enum { DAMPING_IDLE = DAMPING_PENALTY / 8 }; /* too little to make a difference to the next flap */

static uint32_t damping_now(const struct damping *damping, uint64_t now_ms)
{
    uint64_t passed_ms = now_ms - damping->at_ms;
    uint64_t halvings = passed_ms / DAMPING_HALF_LIFE_MS;
    uint64_t rest_ms = passed_ms % DAMPING_HALF_LIFE_MS;
    uint64_t penalty;

    if (halvings >= 32)
        return 0;
    penalty = damping->penalty >> halvings;
    return (uint32_t)(penalty - penalty * rest_ms / (2ull * DAMPING_HALF_LIFE_MS));
}

void damping_add(struct damping *damping, uint64_t now_ms)
{
    uint32_t penalty = damping_now(damping, now_ms) + DAMPING_PENALTY;

    damping->penalty = penalty < DAMPING_CEILING ? penalty : DAMPING_CEILING;
    damping->at_ms = now_ms;
    if (damping->penalty >= DAMPING_SUPPRESS)
        damping->suppressed = true;
}

bool damping_is_suppressed(struct damping *damping, uint64_t now_ms)
{
    if (damping->suppressed && damping_now(damping, now_ms) < DAMPING_REUSE)
        damping->suppressed = false;
    return damping->suppressed;
}

uint32_t damping_left_ms(const struct damping *damping, uint64_t now_ms)
{
    uint32_t low_ms = 0;
    uint32_t high_ms = 4 * DAMPING_HALF_LIFE_MS; /* by then even DAMPING_CEILING is below */

    if (!damping->suppressed)
        return 0;
    while (low_ms < high_ms) {
        uint32_t middle_ms = low_ms + (high_ms - low_ms) / 2;

        if (damping_now(damping, now_ms + middle_ms) < DAMPING_REUSE)
            high_ms = middle_ms;
        else
            low_ms = middle_ms + 1;
    }
    return low_ms;
}

bool damping_is_idle(const struct damping *damping, uint64_t now_ms)
{
    return damping_now(damping, now_ms) < DAMPING_IDLE;
}
