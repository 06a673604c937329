/* kernel/router/drain.h - the end of a router that is restarted on purpose: no call is lost by it.
 *
 * Everybody outside is told DRAIN, and a PING behind it. Who knows the word keeps new calls for the
 * next connection, and its PONG says where on the channel it began to: what came before is taken as
 * ever. So no call has to be refused, sent back or guessed about. Calls under way are waited for,
 * with all that is called on their behalf; the processes of the supervisor are told nothing, since
 * they are stopped orderly behind this. docs/protocol.md says what travels. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "transport/envelope.h"

struct peer;
struct router;

enum drain_state {
    DRAIN_NONE,
    DRAIN_GOING, /* calls that are under way are waited for */
    DRAIN_DONE   /* none is left */
};

struct drain {
    enum drain_state state;
    uint64_t told_us;    /* until then a PONG is waited for */
    uint64_t endless_us; /* until then calls without a deadline are */
    uint64_t until_us;   /* until then all others are */
    uint32_t cut;        /* calls that were ended for want of time */
};

/* A peer's part in it. */
enum farewell {
    FAREWELL_NONE,
    FAREWELL_SAID, /* it was told */
    FAREWELL_HEARD /* what it sends from now on it sends although it knows */
};

/* Begins it, with so much time for calls under way; once. */
void drain_begin(struct router *router, uint32_t for_ms);

/* Tells a peer, where a drain is on and it is one who is told: also one who has just come, as soon
 * as its outbox is the channel's. */
void drain_tell(struct router *router, struct peer *peer);

/* Its PONG came. */
void drain_heard(struct peer *peer, const struct envelope *envelope);

/* True where the call comes too late to be taken, which its caller was told then. */
bool drain_refuses(struct router *router, struct peer *peer, const struct envelope *envelope);

/* Ends what took too long, and finds out whether anything is left. */
void drain_tick(struct router *router);
