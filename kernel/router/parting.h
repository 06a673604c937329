/* kernel/router/parting.h - node channels that end on purpose: no call is lost by it.
 *
 *     this router                       the other one
 *     DRAIN id=1, timeout_ms        →   sends no new call here …
 *                                   ←   DRAIN: all that it had under way are answered
 *     all that were sent there are answered: the channel may end
 *
 * Both go on with what is under way, and with what is called on its behalf. A new call takes
 * another way if there is one; else it waits (waiting.h), as for a service that is on its way.
 * Whoever has said its word has no call on the channel that could be lost with it, so nothing has
 * to be counted, and no envelope needs to be in order with another.
 *
 * It begins with the DRAIN of the link service, which is answered when all of its channels are
 * through or their time is over, or with the router's own (drain.h). A node whose router does not
 * know the word is refused new calls, not executed. docs/protocol.md says what travels. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct envelope;
struct neighbour;
struct peer;
struct router;

struct parting {
    bool known;          /* the other router knows the word, as the link service says */
    bool leaves;         /* this side leaves; the rest but `shut` and `owed` is for that */
    bool said;           /* … and has said so, where there was somebody to hear it */
    bool answered;       /* … and the other one is through */
    bool last_said;      /* to who does not know the word: a PING behind the last answer … */
    bool last_heard;     /* … and its PONG */
    bool shut;           /* no new call goes there */
    bool owed;           /* the other side leaves, and is to hear that this one is through */
    uint64_t told_us;    /* until then a client's PONG is waited for */
    uint64_t endless_us; /* until then calls without a deadline are */
    uint64_t until_us;   /* until then all others are */
    uint32_t away_ms;    /* said of it: so long it may be away, from its beginning on */
};

/* The linker leaves, and its channels with it. */
void parting_begin(struct router *router, struct peer *linker);

/* The router leaves, with so much time for calls under way: tells all nodes. */
void parting_begin_all(struct router *router, uint32_t for_ms);

/* DRAIN came from a node. Returns 0, or -EPROTO where that is no word here. */
int parting_heard(struct router *router, struct peer *peer, const struct envelope *envelope);

/* PONG came, of a node or of a client. */
void parting_pong(struct neighbour *neighbour, uint64_t id);

/* True where a call of the peer's comes too late to be taken, which its caller was told then. To be
 * asked only while router.parting_count is not 0. */
bool parting_refuses(struct router *router, struct peer *peer, const struct envelope *envelope);

/* True where calls that came by this channel, or on behalf of those, go on over one that is shut:
 * somebody who leaves waits for them. 0: no channel. As above. */
bool parting_follows(const struct router *router, uint64_t origin);

/* The neighbour has other routes, or its channel is the shell's by now: what waits for them is
 * sent, or waits on. */
void parting_routes(struct router *router, struct neighbour *neighbour);

/* The neighbour's channel is about to end, and its routes with it: where that was on purpose, calls
 * wait for what is reached by it. */
void parting_end(struct router *router, struct neighbour *neighbour);

/* A link service is gone. */
void parting_forget(struct router *router, struct peer *linker);

/* Ends what took too long, and says what is due. */
void parting_tick(struct router *router);
