// SPDX-License-Identifier: Apache-2.0
/* A drain looks at all calls of those outside at each tick. It lasts some ticks in the life of a
 * router, so nothing is counted for it on the way of a call. */
#include "kernel/router/drain.h"

#include "kernel/router/core.h"
#include "kernel/router/parting.h"
#include "kernel/router/say.h"

/* The words of a drain: any number but 0, which a service's own DRAIN is answered with. */
enum { DRAIN_WORD = 1 };

/* Processes of the supervisor are stopped by it. Another node is told, too, as parting.h has it;
 * one that does not know the word uses another way where it is refused. */
static bool drain_is_outside(const struct peer *peer)
{
    return !peer->supervised && !peer->internal;
}

/* Who is a client leaves also with the link that it came by. */
static bool drain_is_on(const struct router *router, const struct peer *peer)
{
    return router->drain.state != DRAIN_NONE ||
           (peer->visitor != NULL && peer->visitor->parting.leaves);
}

void drain_tell(struct router *router, struct peer *peer)
{
    if (!drain_is_on(router, peer) || !drain_is_outside(peer) || peer->neighbour != NULL ||
            peer->doomed || peer->state == PEER_DRAINING || peer->farewell != FAREWELL_NONE)
        return;
    peer->farewell = FAREWELL_SAID;
    say_surely(router, peer, &(struct envelope){ .kind = ENVELOPE_DRAIN, .id = DRAIN_WORD });
    say_surely(router, peer, &(struct envelope){ .kind = ENVELOPE_PING, .id = DRAIN_WORD });
}

void drain_begin(struct router *router, uint32_t for_ms)
{
    struct drain *drain = &router->drain;

    if (drain->state != DRAIN_NONE)
        return;
    drain->state = DRAIN_GOING;
    drain->told_us = router->now_us + UINT64_C(1000) * ROUTER_DRAIN_TOLD_MS;
    drain->endless_us = router->now_us + UINT64_C(1000) * ROUTER_DRAIN_ENDLESS_MS;
    drain->until_us = router->now_us + UINT64_C(1000) * for_ms;
    list_for_each (link, &router->peers)
        drain_tell(router, list_entry(link, struct peer, link));
    parting_begin_all(router, for_ms);
}

void drain_heard(struct peer *peer, const struct envelope *envelope)
{
    if (peer->farewell == FAREWELL_SAID && envelope->id == DRAIN_WORD)
        peer->farewell = FAREWELL_HEARD;
}

/* Everything that it sent before it knew has come. */
static bool drain_is_told(const struct router *router, const struct peer *peer)
{
    if (peer->neighbour != NULL)
        return !peer->neighbour->parting.known || !peer->neighbour->parting.said ||
               peer->neighbour->parting.answered || router->now_us >= router->drain.until_us;
    return peer->farewell != FAREWELL_SAID || router->now_us >= router->drain.told_us;
}

bool drain_refuses(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    static const struct verdict late = { CODE_UNAVAILABLE, EXECUTED_NO, ROUTER_DRAIN_RETRY_MS,
        "the router is being restarted: connect anew and call again" };

    if (router->drain.state == DRAIN_NONE || !drain_is_outside(peer) || envelope->parent != 0)
        return false;
    if (router->drain.state == DRAIN_GOING &&
            (peer->neighbour != NULL ? peer->neighbour->parting.known
                                     : !drain_is_told(router, peer)))
        return false;
    tally_blame(router, CAUSE_ROUTER_DRAINING);
    say_verdict(router, peer, envelope->id, &late);
    return true;
}

static bool drain_has_time(const struct router *router, const struct call *call)
{
    const struct drain *drain = &router->drain;

    return router->now_us < drain->until_us &&
           (call->deadline_us != 0 || router->now_us < drain->endless_us);
}

/* The first of the peer's calls that has no time left; NULL where all have. */
static struct call *drain_find_late(const struct router *router, const struct peer *peer)
{
    list_for_each (link, &peer->calls_made) {
        struct call *call = list_entry(link, struct call, by_caller);

        if (!drain_has_time(router, call))
            return call;
    }
    return NULL;
}

/* Ends those that have none; with one go others, which may be the peer's own, too. */
static void drain_cut(struct router *router, struct peer *peer)
{
    struct verdict cut = { CODE_UNAVAILABLE, EXECUTED_UNKNOWN, 0,
        "the router is being restarted, and the call took too long for that" };
    struct call *call;

    while ((call = drain_find_late(router, peer)) != NULL) {
        cut.executed = call->callee == &router->waiting_room ? EXECUTED_NO : EXECUTED_UNKNOWN;
        tally_blame(router, CAUSE_ROUTER_DRAINING);
        call_abort(router, call, &cut);
        router->drain.cut += 1;
    }
}

void drain_tick(struct router *router)
{
    struct drain *drain = &router->drain;
    bool is_left = false;

    if (drain->state != DRAIN_GOING)
        return;
    list_for_each (link, &router->peers) {
        struct peer *peer = list_entry(link, struct peer, link);

        if (!drain_is_outside(peer))
            continue;
        drain_cut(router, peer);
        is_left = is_left || !list_is_empty(&peer->calls_made) || !drain_is_told(router, peer) ||
                  (outbox_queued(&peer->out) > 0 && router->now_us < drain->until_us);
    }
    if (!is_left)
        drain->state = DRAIN_DONE;
}
