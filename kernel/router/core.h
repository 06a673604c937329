/* kernel/router/core.h - the router without its sockets: envelopes and times in, envelopes out.
 *
 * The core is pure: what it has to say waits in the peers' outboxes, and the peers that have
 * something waiting stand in `dirty`; those to be closed are `doomed`. No clock, no lock, no
 * thread, and no allocation on the way of a call but the growth of an outbox.
 *
 * Four files step it: calls are route.c, what ends them is result.c, streams are stream.c, the rest
 * (HELLO, READY, DRAIN, and what the router itself says) is session.c. What comes from another node
 * goes through crossing.c first. docs/protocol.md says what each envelope means. */
#pragma once

#include <stddef.h>

#include "base/random.h"
#include "kernel/router/call.h"
#include "kernel/router/dedup.h"
#include "kernel/router/drain.h"
#include "kernel/router/grant.h"
#include "kernel/router/neighbour.h"
#include "kernel/router/note.h"
#include "kernel/router/tally.h"
#include "kernel/router/peer.h"
#include "kernel/router/rules.h"
#include "kernel/router/service.h"
#include "kernel/router/user.h"
#include "kernel/router/wheel.h"
#include "transport/stamp.h"

enum { ROUTER_NODE_MAX = 64 }; /* bytes of the node's name with the final NUL */

struct policies;

struct router_stats {
    uint64_t calls;
    uint64_t calls_failed;
    uint64_t calls_refused;
    uint64_t results_late;
    uint64_t items;
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t peers_refused;
    uint64_t calls_denied;
    uint64_t peers_slow;
    uint64_t throttles; /* times that a channel was not read from */
};

struct router {
    struct call_table calls;
    struct service_table services;
    bool has_tenants; /* some service has, or had, a namespace */
    struct wheel wheel;
    struct random random;
    struct list peers;
    struct list dirty;
    struct list throttled; /* struct peer.by_throttle */
    struct list slow;      /* struct peer.by_slow */
    struct list grants;    /* owned: struct grant, of operators */
    uint32_t grant_count;
    struct list spare_claims;  /* owned: struct claim */
    struct list spare_kept;    /* owned: struct kept … */
    uint32_t spare_kept_count; /* … and how many */
    struct list orphans;    /* struct call.by_parent: that on whose behalf they were is over … */
    bool ending_orphans;    /* … and somebody is at ending them */
    struct list neighbours; /* owned: struct neighbour */
    uint64_t last_channel;  /* the number of the newest of them */
    uint32_t neighbour_count; /* of those that are nodes … */
    uint32_t client_count;    /* … and of those that are clients */
    bool sockets_due;         /* one came or went: the shell looks after its sockets */
    uint32_t peer_count;
    struct peer self; /* the router as a caller: its notices to registry and supervisor */
    struct peer
            waiting_room; /* the callee of calls that wait: for an instance, a next try, a delay */
    struct service nowhere;    /* what calls wait for whose service is not known (waiting_begin) */
    size_t waiting_bytes;      /* that they brought */
    struct policies *policies; /* owned; NULL: there are none */
    struct wheel pauses;       /* when what waits for its next try has waited long enough */
    size_t kept_bytes;         /* of calls that may be sent again */
    struct dedup keys;         /* that calls came with */
    uint64_t self_calls;       /* ids of those */
    uint64_t now_us;           /* of the step being made */
    uint64_t started_us;
    uint64_t unix_s; /* the shell's word: what tokens are judged by */
    struct user_table users;
    struct rules rules;
    struct notes notes;
    struct drain drain;
    uint32_t parting_count; /* node channels and link services that leave or are left (parting.h) */
    uint8_t stamp[STAMP_SIZE_MAX]; /* of the step being made, where its call is a user's */
    struct router_stats stats;
    struct notebook notebook;
    char node[ROUTER_NODE_MAX];
};

/* `node` is the node's name, cut where it is too long. Returns 0, -ENOMEM, or -EIO without
 * randomness. */
int router_init(struct router *router, const char *node, uint64_t seed, uint64_t now_us);

/* Every peer is detached already. Safe on zeroes, and safe twice. */
void router_deinit(struct router *router);

/* Tells the time of day, in s of unix time, before each step; the first time that it is told is
 * when the router's counts of calls begin. */
void router_set_clock(struct router *router, uint64_t unix_s);

/* Adds a channel. Returns NULL where there are ROUTER_PEERS_MAX, or no memory, or where it would be
 * a node channel that is not waited for. `user` is the shell's. */
struct peer *router_attach(struct router *router, const struct peer_identity *identity, void *user);

/* Adds the supervisor's channel: it is the service "node" from the start. As router_attach. */
struct peer *router_attach_supervisor(struct router *router, void *user);

/* The channel is gone: ends its calls, tells whom it concerns, frees the peer. */
void router_detach(struct router *router, struct peer *peer, uint64_t now_us);

/* Takes one envelope from `peer`. Returns 0, or -EPROTO where the peer broke the protocol and is to
 * be closed. */
int router_step(
        struct router *router, struct peer *peer, const struct envelope *envelope, uint64_t now_us);

/* Ends the calls whose time is over, the pauses of those that are throttled, and those that take
 * nothing. Of the peers in router.slow the shell has said before how much they took. */
void router_tick(struct router *router, uint64_t now_us);

/* Tells what the time is, in us since 1970, at `now_us` of the router's clock; taken over where the
 * machine's clock was set, so that a call's time is the same whenever it is asked for. */
void router_set_wall(struct router *router, uint64_t wall_us, uint64_t now_us);

/* True while deadlines or the like are running, so that router_tick must be called every
 * ROUTER_TICK_MS. */
bool router_wants_ticks(const struct router *router);

/* The next peer with something to send, to be closed, or to be read from again or no longer, taken
 * off the list; NULL where there is none. */
struct peer *router_next_dirty(struct router *router);
