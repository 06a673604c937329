/* services/network/link/damping.h - who came and went too often waits before it is believed again.
 *
 * RFC 2439 (BGP Route Flap Damping): each flap adds DAMPING_PENALTY, which halves every
 * DAMPING_HALF_LIFE_MS; from DAMPING_SUPPRESS on one is held back, until the penalty is below
 * DAMPING_REUSE. Between two halvings it falls in a straight line, at most 6 % above the curve. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct damping {
    uint32_t penalty; /* as it was at at_ms */
    uint64_t at_ms;
    bool suppressed;
};

/* Counts a flap. */
void damping_add(struct damping *damping, uint64_t now_ms);

/* True while it is held back. */
bool damping_is_suppressed(struct damping *damping, uint64_t now_ms);

/* How long it is held back still, in ms; 0 where it is not. */
uint32_t damping_left_ms(const struct damping *damping, uint64_t now_ms);

/* True where nothing of the past counts any more, and the record can be forgotten. */
bool damping_is_idle(const struct damping *damping, uint64_t now_ms);
