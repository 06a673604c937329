/* client/turns.h - the calls of a service for which something is due, in the order in which they
 * are handled: callers take turns, and the calls of one caller keep their order.
 *
 * So one caller with a thousand calls costs the others one call of its own each, and not a
 * thousand. Callers are told apart by a hash (stochastic fairness queueing: McKenney, 1990), so
 * that nothing is kept for those who have nothing here; two that meet in one lane share its turn
 * until the queue is empty, when the hash is changed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mu/client.h"

struct mu_call;

enum { TURNS_LANES = 256 };

struct turns {
    struct turns_lane {
        struct mu_call *first; /* borrowed: from the table of calls */
        struct mu_call *last;
        uint8_t next; /* the lane whose turn is behind this one's */
    } lanes[TURNS_LANES];
    uint8_t last;   /* the lane whose turn comes last; of meaning while count > 0 */
    uint32_t count; /* calls */
    uint64_t seed;
};

/* The lane of whoever the router says is the caller: a packed mu.bus.v1.Caller. */
uint8_t turns_lane(const struct turns *turns, struct mu_bytes caller);

/* Appends a call to its lane. */
void turns_push(struct turns *turns, struct mu_call *call, uint8_t lane);

/* Takes the next one; NULL where there is none. */
struct mu_call *turns_pop(struct turns *turns);
