// SPDX-License-Identifier: Apache-2.0
/* As a drain, a parting looks at all that is under way at each tick: it lasts some ticks, and a
 * call on its way is only asked whether there is one. */
#include "kernel/router/parting.h"

#include <errno.h>

#include "base/err.h"
#include "kernel/router/core.h"
#include "kernel/router/say.h"
#include "kernel/router/waiting.h"

enum {
    PARTING_WORD = 1, /* of who leaves; who answers has no number */
    PARTING_LAST = 2  /* of the PING behind the last answer */
};

static bool parting_is_on(const struct neighbour *neighbour)
{
    return neighbour->parting.leaves || neighbour->parting.shut;
}

static void parting_await(struct router *router, const struct neighbour *neighbour, uint32_t for_ms)
{
    uint64_t until_us = router->now_us + UINT64_C(1000) * for_ms;

    for (uint32_t i = 0; i < neighbour->service_count; i++)
        waiting_await(router, &router->services.services[neighbour->services[i]], until_us);
}

static bool parting_is_connected(const struct neighbour *neighbour)
{
    return neighbour->peer != NULL && !neighbour->peer->doomed;
}

/* ---- leaving ---- */

static void parting_say(struct router *router, struct neighbour *neighbour)
{
    struct parting *parting = &neighbour->parting;
    struct envelope word = { .kind = ENVELOPE_DRAIN, .id = PARTING_WORD };

    if (parting->said || !parting_is_connected(neighbour))
        return;
    parting->said = true;
    if (neighbour_is_client(neighbour)) {
        drain_tell(router, neighbour->peer);
    } else if (parting->known) {
        word.timeout_ms = parting->away_ms;
        say_surely(router, neighbour->peer, &word);
    }
}

static void parting_leave(struct router *router, struct neighbour *neighbour, uint32_t for_ms)
{
    struct parting *parting = &neighbour->parting;

    if (parting->leaves)
        return;
    router->parting_count += parting_is_on(neighbour) ? 0 : 1;
    parting->leaves = true;
    parting->told_us = router->now_us + UINT64_C(1000) * ROUTER_DRAIN_TOLD_MS;
    parting->endless_us = router->now_us + UINT64_C(1000) * ROUTER_DRAIN_ENDLESS_MS;
    parting->until_us = router->now_us + UINT64_C(1000) * for_ms;
    parting->away_ms = for_ms + ROUTER_AWAY_MS;
    parting_say(router, neighbour);
}

static void parting_shut(struct router *router, struct neighbour *neighbour, uint32_t away_ms)
{
    router->parting_count += parting_is_on(neighbour) ? 0 : 1;
    neighbour->parting.shut = true;
    neighbour->parting.away_ms = away_ms;
    parting_await(router, neighbour, away_ms);
}

void parting_begin(struct router *router, struct peer *linker)
{
    linker->parts = true;
    router->parting_count += 1;
    list_for_each (node, &router->neighbours) {
        struct neighbour *neighbour = list_entry(node, struct neighbour, link);

        if (neighbour->linker != linker)
            continue;
        parting_leave(router, neighbour, ROUTER_PARTING_MS);
        parting_shut(router, neighbour, ROUTER_PARTING_MS + ROUTER_AWAY_MS);
    }
    parting_tick(router);
}

void parting_begin_all(struct router *router, uint32_t for_ms)
{
    list_for_each (node, &router->neighbours) {
        struct neighbour *neighbour = list_entry(node, struct neighbour, link);

        if (!neighbour_is_client(neighbour))
            parting_leave(router, neighbour, for_ms);
    }
}

/* ---- being left ---- */

/* A client is told like a caller on the public socket. */
static bool parting_knows(const struct router *router, const struct peer *client)
{
    return client->farewell == FAREWELL_HEARD || router->now_us >= client->visitor->parting.told_us;
}

static bool parting_is_quiet(const struct router *router, const struct neighbour *neighbour)
{
    const struct peer *peer = neighbour->peer;

    return list_is_empty(&peer->calls_made) && list_is_empty(&peer->calls_taken) &&
           (peer->visitor == NULL || parting_knows(router, peer));
}

/* Says that this side is through, where that is due. */
static void parting_settle(struct router *router, struct neighbour *neighbour)
{
    if (!neighbour->parting.owed || !parting_is_quiet(router, neighbour))
        return;
    neighbour->parting.owed = false;
    say_surely(router, neighbour->peer, &(struct envelope){ .kind = ENVELOPE_DRAIN });
}

int parting_heard(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    struct parting *parting = &peer->neighbour->parting;
    uint64_t away_ms = envelope->timeout_ms;

    if (envelope->id == 0 && parting->said && parting->known) {
        parting->answered = true;
        return 0;
    }
    if (envelope->id != PARTING_WORD)
        return err_new(-EPROTO);
    parting->owed = true;
    parting_shut(router, peer->neighbour,
            away_ms < ROUTER_AWAY_MAX_MS ? (uint32_t)away_ms : ROUTER_AWAY_MAX_MS);
    parting_settle(router, peer->neighbour);
    return 0;
}

void parting_pong(struct neighbour *neighbour, uint64_t id)
{
    if (neighbour->parting.last_said && id == PARTING_LAST)
        neighbour->parting.last_heard = true;
}

/* ---- calls meanwhile ---- */

bool parting_refuses(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    static const struct verdict late = { CODE_UNAVAILABLE, EXECUTED_NO, ROUTER_DRAIN_RETRY_MS,
        "the link is being restarted: call again" };
    const struct neighbour *from = peer->neighbour != NULL ? peer->neighbour : peer->visitor;

    if (from == NULL || !from->parting.leaves)
        return false;
    if (peer->visitor != NULL ? !parting_knows(router, peer) || envelope->parent != 0
                              : from->parting.known)
        return false;
    tally_blame(router, CAUSE_LINK_LEAVING);
    say_verdict(router, peer, envelope->id, &late);
    return true;
}

bool parting_follows(const struct router *router, uint64_t origin)
{
    const struct neighbour *neighbour = origin != 0 ? neighbour_find(router, origin) : NULL;

    return neighbour != NULL && parting_is_on(neighbour);
}

void parting_routes(struct router *router, struct neighbour *neighbour)
{
    if (neighbour->parting.shut)
        parting_await(router, neighbour, neighbour->parting.away_ms);
    if (!parting_is_connected(neighbour))
        return;
    for (uint32_t i = 0; i < neighbour->service_count; i++)
        waiting_offer(router, &router->services.services[neighbour->services[i]]);
    waiting_offer(router, &router->nowhere);
}

void parting_end(struct router *router, struct neighbour *neighbour)
{
    if (!parting_is_on(neighbour))
        return;
    router->parting_count -= 1;
    parting_await(router, neighbour, ROUTER_AWAY_MS);
    neighbour->parting = (struct parting){ 0 };
}

void parting_forget(struct router *router, struct peer *linker)
{
    router->parting_count -= linker->parts ? 1 : 0;
    linker->parts = false;
}

/* ---- being through ---- */

static bool parting_has_time(
        const struct router *router, const struct parting *parting, const struct call *call)
{
    return router->now_us < parting->until_us &&
           (call->deadline_us != 0 || router->now_us < parting->endless_us);
}

/* The first call over the channel that has no time left, of those that somebody waits for. */
static struct call *parting_find_late(
        const struct router *router, const struct neighbour *neighbour)
{
    list_for_each (node, &neighbour->peer->calls_made) {
        struct call *call = list_entry(node, struct call, by_caller);

        if (!parting_has_time(router, &neighbour->parting, call))
            return call;
    }
    list_for_each (node, &neighbour->peer->calls_taken) {
        struct call *call = list_entry(node, struct call, by_callee);

        if (call->caller != NULL && !parting_has_time(router, &neighbour->parting, call))
            return call;
    }
    return NULL;
}

/* Ends those that have none; with one go others. */
static void parting_cut(struct router *router, const struct neighbour *neighbour)
{
    struct verdict cut = { CODE_UNAVAILABLE, EXECUTED_UNKNOWN, 0,
        "the link is being restarted, and the call took too long for that" };
    struct call *call;

    while ((call = parting_find_late(router, neighbour)) != NULL) {
        cut.executed = call->callee == &router->waiting_room ? EXECUTED_NO : EXECUTED_UNKNOWN;
        tally_blame(router, CAUSE_LINK_LEAVING);
        call_abort(router, call, &cut);
    }
}

/* True where nothing is lost if the channel ends now, or its time is over. */
static bool parting_is_done(const struct router *router, const struct neighbour *neighbour)
{
    const struct parting *parting = &neighbour->parting;

    if (!parting_is_connected(neighbour) ||
            router->now_us >= parting->until_us + UINT64_C(1000) * ROUTER_PARTING_LAST_MS)
        return true;
    return parting->said && parting_is_quiet(router, neighbour) &&
           (parting->known ? parting->answered : parting->last_heard);
}

static void parting_step(struct router *router, struct neighbour *neighbour)
{
    struct parting *parting = &neighbour->parting;

    if (!parting_is_connected(neighbour))
        return;
    if (parting->leaves) {
        parting_say(router, neighbour);
        parting_cut(router, neighbour);
    }
    parting_settle(router, neighbour);
    if (parting->shut && parting->leaves && !parting->known && !parting->last_said &&
            parting_is_quiet(router, neighbour)) {
        parting->last_said = true;
        say_surely(router, neighbour->peer,
                &(struct envelope){ .kind = ENVELOPE_PING, .id = PARTING_LAST });
    }
}

/* Answers a link service whose channels are all through. */
static void parting_release(struct router *router, struct peer *linker)
{
    list_for_each (node, &router->neighbours) {
        const struct neighbour *neighbour = list_entry(node, struct neighbour, link);

        if (neighbour->linker == linker && !parting_is_done(router, neighbour))
            return;
    }
    parting_forget(router, linker);
    session_drained(router, linker);
}

void parting_tick(struct router *router)
{
    if (router->parting_count == 0)
        return;
    list_for_each (node, &router->neighbours)
        parting_step(router, list_entry(node, struct neighbour, link));
    list_for_each (node, &router->peers) {
        struct peer *peer = list_entry(node, struct peer, link);

        if (peer->parts)
            parting_release(router, peer);
    }
}
