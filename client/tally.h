/* client/tally.h - what a service's methods did, for mu.Stats. Guarded by the client's lock. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct tally {
    uint64_t calls;
    uint64_t errors;
    uint64_t busy_us; /* from the handler's start to its answer */
    uint64_t busy_max_us;
    uint32_t pace_us; /* the handler's own time: the longest of late, fading by an eighth a call */
};

enum {
    TALLY_PACE_NEW_US = 1000 /* slow, until it shows otherwise */
};

struct tallies {
    struct tally *methods; /* owned: one for each method, then one for all others */
    size_t count;
};

/* A call was answered. */
static inline void tally_answer(struct tally *tally, int failed)
{
    tally->calls += 1;
    tally->errors += failed != 0;
}

/* And that is how long it took. */
static inline void tally_busy(struct tally *tally, uint64_t took_us)
{
    tally->busy_us += took_us;
    if (took_us > tally->busy_max_us)
        tally->busy_max_us = took_us;
}

/* A handler returned. */
static inline void tally_pace(struct tally *tally, uint64_t took_us)
{
    uint32_t faded = tally->pace_us - tally->pace_us / 8;

    tally->pace_us =
            took_us > faded ? (uint32_t)(took_us < UINT32_MAX ? took_us : UINT32_MAX) : faded;
}
