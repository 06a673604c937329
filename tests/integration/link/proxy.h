/* tests/integration/link/proxy.h - somebody between two nodes, who knows where messages and records
 * begin, and none of their keys. Carries one connection at a time and harms it once, as planned. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"

enum proxy_harm {
    PROXY_NONE,
    PROXY_FLIP,                  /* a bit of it */
    PROXY_DROP,                  /* all of it */
    PROXY_REPEAT,                /* it comes twice */
    PROXY_SWAP,                  /* it comes behind the next one */
    PROXY_CUT,                   /* a part of it, and then the connection ends */
    PROXY_INSERT,                /* something else of its size before it */
    PROXY_REFLECT,               /* it goes back to its sender, too */
    PROXY_HARMS,                 /* that are noticed at once */
    PROXY_SILENCE = PROXY_HARMS, /* nothing comes of it, nor of what follows, and nobody hangs up */
    PROXY_HALF /* the side that dialled is hung up on, and the other one hears nothing of it */
};

/* A unit is the preamble, a handshake message or a record; they are counted from 0 for each
 * direction, 0 is from the side that dialled. */
struct proxy_plan {
    enum proxy_harm harm;
    unsigned direction;
    unsigned unit;
};

enum { PROXY_UNIT_MAX = 65537, PROXY_RECORDING_MAX = 1 << 18, PROXY_HALVES_MAX = 8 };

struct proxy {
    int listener;
    int wake[2]; /* a pipe: ends the thread */
    uint16_t port;
    uint16_t upstream;
    pthread_t thread;
    struct random random;         /* this and the next two are the thread's */
    int halves[PROXY_HALVES_MAX]; /* what PROXY_HALF left open */
    unsigned half_count;

    pthread_mutex_t lock; /* guards what follows */
    struct proxy_plan plan;
    uint64_t harmed; /* connections */
    size_t recorded; /* bytes of the last connection from the side that dialled */
    uint8_t recording[PROXY_RECORDING_MAX];
};

/* Listens at a port of 127.0.0.1 for a node that listens at `upstream` there. */
void proxy_open(struct proxy *proxy, uint16_t upstream, uint64_t seed);
void proxy_close(struct proxy *proxy);

/* For the connections that come from now on. */
void proxy_set_plan(struct proxy *proxy, struct proxy_plan plan);

/* How many connections were harmed. */
uint64_t proxy_harmed(struct proxy *proxy);

/* Says to `upstream` what the side that dialled said last, from the first byte to the last, and
 * waits until it is hung up on. Returns how many bytes came back. */
size_t proxy_replay(struct proxy *proxy);
