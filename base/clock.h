/* base/clock.h - what the time is. Only shells read it; cores are handed `now`. */
#pragma once

#include <stdint.h>
#include <time.h>

/* Microseconds since boot, never backwards. */
static inline uint64_t clock_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

/* Microseconds since 1970, as the machine has it: it may be set. */
static inline uint64_t clock_wall_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

/* Milliseconds since boot, never backwards. */
static inline uint64_t clock_ms(void)
{
    return clock_us() / 1000u;
}
