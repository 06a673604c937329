// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/say.h"

#include <string.h>

#include "base/check.h"
#include "kernel/router/claim.h"
#include "kernel/router/gate.h"
#include "kernel/router/keyed.h"
#include "kernel/router/outlier.h"
#include "kernel/router/retry.h"
#include "kernel/router/slow.h"
#include "kernel/router/throttle.h"
#include "kernel/router/waiting.h"

enum { VERDICT_SIZE_MAX = 1024 };

void say_wake(struct router *router, struct peer *peer)
{
    if (!peer->internal || peer != &router->self) {
        if (list_is_empty(&peer->dirty))
            list_push(&router->dirty, &peer->dirty);
    }
}

/* Something was to be put into the peer's outbox. True where it was. */
static bool say_done(struct router *router, struct peer *peer, enum outbox_outcome outcome)
{
    slow_look(router, peer);
    if (outcome != OUTBOX_OK)
        return false;
    say_wake(router, peer);
    return true;
}

/* True where nobody is there to hear what is said. */
static bool say_is_moot(const struct router *router, const struct peer *peer)
{
    return peer->doomed || peer == &router->self;
}

bool say(struct router *router, struct peer *peer, const struct envelope *envelope,
        enum outbox_lane lane)
{
    return say_is_moot(router, peer) ||
           say_done(router, peer, outbox_put(&peer->out, envelope, lane));
}

bool say_for(struct router *router, struct claim *claim, const struct envelope *envelope,
        enum outbox_lane lane)
{
    struct peer *callee = claim->callee;

    return say_is_moot(router, callee) ||
           say_done(router, callee, outbox_put_for(&callee->out, envelope, lane, &claim->turn));
}

void say_surely(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    if (!say(router, peer, envelope, OUTBOX_RESULTS))
        say_doom(router, peer);
}

void say_doom(struct router *router, struct peer *peer)
{
    peer->doomed = true;
    say_wake(router, peer);
}

/* Packs a verdict. Returns its bytes, in `room`. */
static struct span verdict_pack(const struct verdict *verdict, uint8_t room[VERDICT_SIZE_MAX])
{
    static const uint8_t origin[] = "router";
    struct status status = {
        .code = verdict->code,
        .executed = verdict->executed,
        .retry_after_ms = verdict->retry_after_ms,
        .message = { (const uint8_t *)verdict->text, strlen(verdict->text) },
        .origin = { origin, sizeof(origin) - 1 },
    };

    return (struct span){ room, status_write(&status, room, VERDICT_SIZE_MAX) };
}

void say_verdict(struct router *router, struct peer *caller, uint64_t caller_id,
        const struct verdict *verdict)
{
    uint8_t room[VERDICT_SIZE_MAX];
    struct verdict told = *verdict;

    tally_refused(router, caller, caller_id, verdict);
    router->stats.calls_failed += 1;
    if (verdict->code == CODE_RESOURCE_EXHAUSTED) {
        router->stats.calls_refused += 1;
        throttle_refused(router, caller);
        told.retry_after_ms = throttle_wait_ms(router, caller, verdict->retry_after_ms);
    }
    say_surely(router, caller,
            &(struct envelope){ .kind = ENVELOPE_RESULT,
                    .id = caller_id,
                    .status = verdict_pack(&told, room) });
}

void say_unwelcome(struct router *router, struct peer *peer, const struct verdict *verdict)
{
    uint8_t room[VERDICT_SIZE_MAX];

    say_surely(router, peer,
            &(struct envelope){ .kind = ENVELOPE_WELCOME, .status = verdict_pack(verdict, room) });
}

/* The caller's side of the call is over. */
static void call_release_caller(struct router *router, struct call *call)
{
    retry_forget(router, call);
    call->caller->calls_made_count -= 1;
    list_remove(&call->by_caller);
    list_remove(&call->by_parent);
    wheel_remove(&router->wheel, &call->timer);
    call_forget_caller(&router->calls, &call->caller->index, call);
}

/* Nobody wants the callee's answer any more. The slot stays until it is done with the call: what it
 * is busy with counts against its limit. */
static void call_leave(struct router *router, struct call *call)
{
    while (!list_is_empty(&call->children)) {
        struct list *child = call->children.next;

        list_remove(child);
        list_push(&router->orphans, child);
    }
    if (call->callee == &router->waiting_room) {
        call_finish(router, call); /* nobody has it */
        return;
    }
    if (!say_for(router, call->claim,
                &(struct envelope){ .kind = ENVELOPE_CANCEL, .id = call_id(&router->calls, call) },
                OUTBOX_RESULTS))
        say_doom(router, call->callee);
}

/* Ends one call for its caller. */
static void call_abort_one(struct router *router, struct call *call, const struct verdict *verdict)
{
    struct verdict told = *verdict;
    bool goes_on = call->keyed != NULL && keyed_abort(call, &told);

    told.executed = retry_executed(call, told.executed);
    tally_aborted(router, call, &told);
    say_verdict(router, call->caller, call->caller_id, &told);
    call_release_caller(router, call);
    if (!goes_on || call->callee == &router->waiting_room)
        call_leave(router, call);
}

/* A queue, not recursion: chains of calls may be long. What turns up while it is at work, it ends,
 * too. */
static void call_end_orphans(struct router *router)
{
    static const struct verdict orphaned = { CODE_CANCELLED, EXECUTED_UNKNOWN, 0,
        "the call on whose behalf this one was made is over" };

    if (router->ending_orphans)
        return;
    router->ending_orphans = true;
    while (!list_is_empty(&router->orphans)) {
        struct call *call = list_entry(router->orphans.next, struct call, by_parent);

        list_remove(&call->by_parent);
        tally_blame(router, CAUSE_PARENT_OVER);
        call_abort_one(router, call, &orphaned);
    }
    router->ending_orphans = false;
}

void call_abort(struct router *router, struct call *call, const struct verdict *verdict)
{
    CHECK(call->caller != NULL);
    call_abort_one(router, call, verdict);
    call_end_orphans(router);
}

void call_abandon(struct router *router, struct call *call)
{
    CHECK(call->caller == NULL);
    call_leave(router, call);
    call_end_orphans(router);
}

void call_finish(struct router *router, struct call *call)
{
    struct peer *callee = call->callee;

    if (call->keyed != NULL)
        keyed_end(router, call);
    while (!list_is_empty(&call->children))
        list_remove(call->children.next); /* they go on by themselves */
    if (call->caller != NULL)
        call_release_caller(router, call);
    gate_leave(call);
    outlier_done(call);
    waiting_forget(router, call);
    list_remove(&call->by_callee);
    claim_give(router, call->claim);
    if (call->on_behalf != NULL)
        user_release(&router->users, call->on_behalf);
    callee->calls_taken_count -= 1;
    call_give(&router->calls, call);
    session_drained(router, callee);
}
