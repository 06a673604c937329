/* tests/unit/link_traffic.h - envelopes of all sizes, of several calls, from one node's router to
 * another's, each with its number within its call, and what became of them. */
#pragma once

#include "base/random.h"
#include "tests/unit/link_router.h"

enum { TRAFFIC_CALLS = 8 };

struct traffic {
    struct link_router *from;
    struct link_router *to;
    struct random random;
    size_t large_every; /* one in so many is large, up to BODY_SIZE_MAX; 0: none */
    uint64_t sent;
    uint64_t next_out[TRAFFIC_CALLS];
    uint64_t next_in[TRAFFIC_CALLS]; /* this and the next with the receiver's lock */
    uint64_t wrong;                  /* out of order, lost, doubled, changed */
    pthread_t thread;
    uint64_t count;
};

/* What `to` takes is checked from now on. */
void traffic_open(struct traffic *traffic, struct link_router *from, struct link_router *to,
        uint64_t seed, size_t large_every);

/* Sends `count` envelopes, on a thread of its own; traffic_finish waits for them to arrive and
 * fails the test where anything is wrong. */
void traffic_start(struct traffic *traffic, uint64_t count);
void traffic_finish(struct traffic *traffic);
