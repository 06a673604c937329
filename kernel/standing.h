/* kernel/standing.h - how the services of a node stand, for those who look at it. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/supervisor.h"

struct standing {
    uint32_t up;
    uint32_t wanted; /* should be up, the failed ones with them */
    uint32_t failed;
};

struct standing standing_count(const struct supervisor *supervisor);

/* For how long, from when this changes, calls to a service without an instance should wait for the
 * next one, in ms; 0: none is about to come. */
uint32_t standing_expected_ms(const struct service *service);

/* Why a child is not up, for people: "waits for store, which this node does not know"; "" where
 * there is nothing to say. */
void standing_reason(
        const struct supervisor *supervisor, const struct child *child, char *text, size_t size);

/* The service that a child waits for, borrowed until the next call into the core; "" where it does
 * not wait. */
const char *standing_waits_for(const struct supervisor *supervisor, const struct child *child);
