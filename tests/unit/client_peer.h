/* tests/unit/client_peer.h - the other end of a client's connection: a router that does and says
 * only what its test tells it to. */
#pragma once

#include <pthread.h>

#include "transport/channel.h"

enum { PEER_QUEUE_MAX = 16384, PEER_DIR_MAX = 64, PEER_ADDRESS_MAX = 96 };

/* An envelope that came, with copies of what the tests look at. */
struct heard {
    struct envelope envelope; /* its spans point to `bytes` */
    uint8_t *bytes;           /* owned */
};

struct peer {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char dir[PEER_DIR_MAX];
    char address[PEER_ADDRESS_MAX];
    struct listener *listener;
    struct channel *channel; /* counted; NULL while nobody is connected */
    unsigned open;           /* channels whose end was not heard of yet */
    struct heard queue[PEER_QUEUE_MAX];
    uint32_t head;
    uint32_t tail;
};

/* Listens in a folder of its own. */
void peer_open(struct peer *peer);
void peer_close(struct peer *peer);

/* The oldest envelope that came and was not heard yet; waits up to ten seconds, else fails the
 * test. It must be of `kind`, unless that is ENVELOPE_NONE. The caller frees it with heard_free. */
struct heard peer_hear(struct peer *peer, enum envelope_kind kind);
void heard_free(struct heard *heard);

/* Sends these envelopes in one batch. */
void peer_say(struct peer *peer, const struct envelope *envelopes, size_t count);

/* Closes the connection from this end, and waits until it is gone; there may be another by then. */
void peer_hang_up(struct peer *peer);
