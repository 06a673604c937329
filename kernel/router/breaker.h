/* kernel/router/breaker.h - whether one instance is fit to be sent calls: left out after too many
 * failures, for longer each time, and let in again by one call that went well.
 *
 * Pure: answers and times in, a state out. How many instances of a service may be left out at a
 * time is the business of who asks. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct breaker_terms;

enum breaker_state {
    BREAKER_CLOSED, /* it is sent calls */
    BREAKER_OPEN,   /* it is not, until `until_us`; then one, as a probe */
    BREAKER_PROBING /* the probe is under way */
};

struct breaker {
    enum breaker_state state;
    uint32_t in_row;      /* failures since the last answer that was none */
    uint32_t calls;       /* of the window */
    uint32_t failed;      /* of those */
    uint32_t times;       /* that it was left out in close succession */
    uint64_t window_us;   /* when the window began */
    uint64_t until_us;    /* while OPEN */
    uint64_t forgiven_us; /* from when on it is as if it had never been left out */
};

/* True where it may be sent a call now. */
bool breaker_admits(const struct breaker *breaker, uint64_t now_us);

/* It is sent a call. Returns true where that is the probe, whose end must be told: by
 * breaker_answered, or by breaker_probe_lost where nobody will know how it ended. */
bool breaker_sent(struct breaker *breaker, uint64_t now_us);
void breaker_probe_lost(struct breaker *breaker);

/* How a call that it was sent ended. */
struct breaker_answer {
    bool failed; /* an error that speaks against the instance, or its time ran out */
    bool probe;  /* breaker_sent said so of it */
};

/* Returns true where the instance is to be left out by the terms: by breaker_eject, unless too many
 * are already. */
bool breaker_answered(struct breaker *breaker, const struct breaker_terms *terms,
        struct breaker_answer answer, uint64_t now_us);
void breaker_eject(struct breaker *breaker, const struct breaker_terms *terms, uint64_t now_us);
