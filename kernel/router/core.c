// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/core.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "kernel/router/added.h"
#include "kernel/router/cap.h"
#include "kernel/router/claim.h"
#include "kernel/router/crossing.h"
#include "kernel/router/drain.h"
#include "kernel/router/export.h"
#include "kernel/router/keyed.h"
#include "kernel/router/limit.h"
#include "kernel/router/mirror.h"
#include "kernel/router/outlier.h"
#include "kernel/router/parting.h"
#include "kernel/router/policy.h"
#include "kernel/router/retry.h"
#include "kernel/router/route.h"
#include "kernel/router/say.h"
#include "kernel/router/silence.h"
#include "kernel/router/slow.h"
#include "kernel/router/throttle.h"
#include "kernel/router/waiting.h"

/* Whatever is said to it is said to nobody. */
static void core_init_waiting_room(struct peer *room)
{
    list_init(&room->dirty);
    list_init(&room->calls_made);
    list_init(&room->copies);
    list_init(&room->calls_taken);
    list_init(&room->caps);
    list_init(&room->claims);
    outbox_init(&room->out, FRAME_IPC);
    room->calls_max = ROUTER_WAITING_MAX;
    room->doomed = true;
    room->internal = true;
}

enum { ROUTER_WALL_STEP_US = 100000 }; /* less is what passes between reading two clocks */

int router_init(struct router *router, const char *node, uint64_t seed, uint64_t now_us)
{
    int r;

    *router = (struct router){ .now_us = now_us, .started_us = now_us };
    if (sodium_init() < 0)
        return err_new(-EIO);
    snprintf(router->node, sizeof(router->node), "%s", node);
    user_table_init(&router->users);
    list_init(&router->peers);
    list_init(&router->dirty);
    list_init(&router->throttled);
    list_init(&router->slow);
    list_init(&router->grants);
    list_init(&router->orphans);
    list_init(&router->neighbours);
    core_init_waiting_room(&router->waiting_room);
    list_init(&router->nowhere.waiters);
    list_init(&router->self.caps);
    list_init(&router->self.claims);
    list_init(&router->spare_claims);
    list_init(&router->spare_kept);
    list_init(&router->self.dirty);
    list_init(&router->self.by_throttle);
    list_init(&router->self.by_slow);
    list_init(&router->self.calls_made);
    list_init(&router->self.copies);
    list_init(&router->self.calls_taken);
    list_init(&router->self.waiting);
    outbox_init(&router->self.out, FRAME_IPC);
    snprintf(router->self.admitted, sizeof(router->self.admitted), "router");
    router->self.internal = true;
    wheel_init(&router->pauses, now_us / 1000);
    wheel_init(&router->wheel, now_us / 1000);
    random_init(&router->random, seed);
    r = call_table_init(&router->calls, seed);
    if (r == 0)
        r = keyed_init(router, seed);
    if (r == 0)
        r = service_table_init(&router->services);
    if (r == 0)
        r = notebook_init(&router->notebook, seed);
    if (r == 0)
        r = session_stamp(router, &router->self);
    if (r < 0)
        router_deinit(router);
    return err_trace(r);
}

void router_deinit(struct router *router)
{
    CHECK(router->peer_count == 0 && list_is_empty(&router->neighbours));
    grant_forget_all(router);
    policies_forget_all(router);
    claim_orphan(&router->self);
    claim_free_spares(router);
    retry_free_spares(router);
    free(router->self.stamp);
    call_index_deinit(&router->self.index);
    call_table_deinit(&router->calls);
    dedup_deinit(&router->keys);
    service_table_deinit(&router->services);
    notebook_deinit(&router->notebook);
    user_table_deinit(&router->users);
    rules_deinit(&router->rules);
    *router = (struct router){ 0 };
}

void router_set_clock(struct router *router, uint64_t unix_s)
{
    if (router->unix_s == 0)
        router->users.since_s = unix_s;
    router->unix_s = unix_s;
}

static void peer_free(struct peer *peer)
{
    outbox_deinit(&peer->out);
    call_index_deinit(&peer->index);
    free(peer->stamp);
    free(peer->notice);
    free(peer->exports);
    free(peer->labels);
    free(peer->idempotent);
    free(peer);
}

static uint32_t peer_calls_max(uint32_t wanted)
{
    if (wanted == 0)
        return ROUTER_CALLS_TAKEN;
    return wanted < ROUTER_CALLS_TAKEN_MAX ? wanted : ROUTER_CALLS_TAKEN_MAX;
}

/* Finds out whose calls the peer's are, and what it may call and be called. False where it is not
 * waited for, or without memory. */
static bool peer_introduce(
        struct router *router, struct peer *peer, const struct peer_identity *identity)
{
    if (identity->channel != 0 && !neighbour_attach(router, peer, identity->channel))
        return false;
    if (peer->neighbour != NULL)
        return true;
    if (session_stamp(router, peer) == 0 && grant_equip(router, peer, identity->calls) == 0 &&
            export_equip(peer, identity->exports) == 0)
        return true;
    if (peer->visitor != NULL)
        peer->visitor->peer = NULL;
    return false;
}

struct peer *router_attach(struct router *router, const struct peer_identity *identity, void *user)
{
    struct peer *peer;

    if (router->peer_count == ROUTER_PEERS_MAX)
        return NULL;
    peer = calloc(1, sizeof(*peer));
    if (peer == NULL)
        return NULL;
    peer->user = user;
    peer->uid = identity->uid;
    peer->pid = identity->pid;
    peer->is_operator = identity->is_operator;
    peer->instance = identity->instance;
    peer->supervised = identity->instance != 0;
    peer->calls_max = peer_calls_max(identity->limits.calls_max);
    limit_init(peer, &identity->limits, router->now_us);
    peer->body_max = BODY_SIZE_MAX;
    peer->place = UINT32_MAX;
    if (identity->service != NULL)
        snprintf(peer->admitted, sizeof(peer->admitted), "%s", identity->service);
    if (identity->space != NULL)
        snprintf(peer->space, sizeof(peer->space), "%s", identity->space);
    outbox_init(&peer->out, identity->link);
    list_init(&peer->dirty);
    list_init(&peer->by_throttle);
    list_init(&peer->by_slow);
    list_init(&peer->calls_made);
    list_init(&peer->copies);
    list_init(&peer->calls_taken);
    list_init(&peer->waiting);
    list_init(&peer->caps);
    list_init(&peer->claims);
    peer->bound = peer->supervised;
    if (!peer_introduce(router, peer, identity)) {
        cap_drop_all(router, peer);
        peer_free(peer);
        return NULL;
    }
    list_push(&router->peers, &peer->link);
    router->peer_count += 1;
    return peer;
}

struct peer *router_attach_supervisor(struct router *router, void *user)
{
    static const char name[] = "node";
    struct peer_identity identity = { .service = name, .is_operator = true, .link = FRAME_IPC };
    struct service *service = service_add(
            &router->services, (struct span){ (const uint8_t *)name, sizeof(name) - 1 });
    struct peer *peer = service != NULL ? router_attach(router, &identity, user) : NULL;

    if (peer == NULL || service_join(service, peer) < 0)
        return NULL;
    peer->service = service;
    peer->internal = true;
    peer->body_max = ROUTER_NODE_BODY_MAX;
    peer->state = PEER_READY;
    return peer;
}

/* Why the calls that the peer was sent end without its answer, in `text`. */
static void peer_write_end(const struct peer *peer, char *text, size_t size)
{
    if (peer->neighbour != NULL)
        snprintf(text, size, "the link to %s ended before the answer came", peer->neighbour->node);
    else if (peer->service != NULL && peer->slow)
        snprintf(text, size, "%s (pid %u) took nothing for %d s and was closed",
                peer->service->name, peer->pid, ROUTER_SLOW_MS / 1000);
    else if (peer->service != NULL)
        snprintf(
                text, size, "%s (pid %u) ended before it answered", peer->service->name, peer->pid);
}

void router_detach(struct router *router, struct peer *peer, uint64_t now_us)
{
    char text[160] = "";
    struct verdict dead = { CODE_UNAVAILABLE, EXECUTED_UNKNOWN, 0, text };
    struct verdict gone = { CODE_CANCELLED, EXECUTED_UNKNOWN, 0, "the caller is gone" };

    router->now_us = now_us;
    session_leave(router, peer);
    peer_write_end(peer, text, sizeof(text));
    peer->doomed = true; /* from here on nothing is put into its outbox */
    while (!list_is_empty(&peer->calls_made)) {
        struct call *call = list_entry(peer->calls_made.next, struct call, by_caller);

        tally_blame(router, CAUSE_CALLER_GONE);
        call_abort(router, call, &gone);
    }
    mirror_end(router, peer, NULL);
    while (!list_is_empty(&peer->calls_taken)) {
        struct call *call = list_entry(peer->calls_taken.next, struct call, by_callee);

        if (call->caller != NULL && retry_lost(router, call))
            continue; /* it waits for its next try elsewhere */
        if (call->caller != NULL)
            call_abort(router, call, &dead);
        else if (call->added != NULL)
            added_lost(router, call);
        call_finish(router, call);
    }
    neighbour_detach(router, peer); /* behind the calls, which say where they went */
    claim_orphan(peer);
    cap_drop_all(router, peer);
    user_release(&router->users, peer->on_behalf);
    list_remove(&peer->dirty);
    list_remove(&peer->by_throttle);
    list_remove(&peer->by_slow);
    list_remove(&peer->link);
    router->peer_count -= 1;
    peer_free(peer);
}

int router_step(
        struct router *router, struct peer *peer, const struct envelope *envelope, uint64_t now_us)
{
    router->now_us = now_us;
    if (peer->doomed)
        return 0;
    if (peer->neighbour != NULL)
        return crossing_step(router, peer, envelope);
    switch (envelope->kind) {
    case ENVELOPE_CALL:
        return route_call(router, peer, envelope);
    case ENVELOPE_RESULT:
        return route_result(router, peer, envelope);
    case ENVELOPE_CANCEL:
        return route_cancel(router, peer, envelope);
    case ENVELOPE_ITEM:
    case ENVELOPE_END:
    case ENVELOPE_CREDIT:
        return stream_step(router, peer, envelope);
    case ENVELOPE_HELLO:
    case ENVELOPE_READY:
    case ENVELOPE_DRAIN:
        return session_step(router, peer, envelope);
    case ENVELOPE_PING:
        say_surely(router, peer, &(struct envelope){ .kind = ENVELOPE_PONG, .id = envelope->id });
        return 0;
    case ENVELOPE_PONG:
        drain_heard(peer, envelope);
        if (peer->visitor != NULL)
            parting_pong(peer->visitor, envelope->id);
        return 0;
    case ENVELOPE_WELCOME: /* the router's alone */
    case ENVELOPE_NONE:
    case ENVELOPE_KINDS:
        return err_new(-EPROTO);
    }
    return err_new(-EPROTO);
}

void router_tick(struct router *router, uint64_t now_us)
{
    static const struct verdict late = { CODE_DEADLINE_EXCEEDED, EXECUTED_UNKNOWN, 0,
        "no answer came within the call's time" };
    struct wheel_timer *timer;

    router->now_us = now_us;
    while ((timer = wheel_pop(&router->wheel, now_us / 1000)) != NULL) {
        struct call *call = list_entry(timer, struct call, timer);

        if (call->waiter != NULL) {
            waiting_expire(router, call);
            continue;
        }
        if (call->caller == NULL) {
            mirror_expire(router, call);
            continue;
        }
        silence_lost(call->callee, call->started_us);
        outlier_answered(router, call, CODE_DEADLINE_EXCEEDED);
        call_abort(router, call, &late);
    }
    throttle_tick(router);
    slow_tick(router);
    retry_tick(router);
    dedup_sweep(&router->keys, now_us);
    parting_tick(router);
    drain_tick(router);
    note_tell(router);
}

void router_set_wall(struct router *router, uint64_t wall_us, uint64_t now_us)
{
    struct notebook *notebook = &router->notebook;
    int64_t offset_us = (int64_t)(wall_us - now_us);

    if (llabs(offset_us - notebook->wall_us) >= ROUTER_WALL_STEP_US)
        notebook->wall_us = offset_us;
    if (notebook->started_us == 0)
        notebook->started_us = router->started_us + (uint64_t)notebook->wall_us;
}

bool router_wants_ticks(const struct router *router)
{
    return router->wheel.count + router->pauses.count > 0 || !list_is_empty(&router->throttled) ||
           !list_is_empty(&router->slow) || router->drain.state == DRAIN_GOING ||
           router->parting_count > 0 || note_is_due(router);
}

struct peer *router_next_dirty(struct router *router)
{
    struct peer *peer;

    if (list_is_empty(&router->dirty))
        return NULL;
    peer = list_entry(router->dirty.next, struct peer, dirty);
    list_remove(&peer->dirty);
    return peer;
}
