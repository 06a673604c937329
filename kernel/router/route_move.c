// SPDX-License-Identifier: Apache-2.0
/* Calls that have their slot, on their way from one callee to the next: out of the waiting room,
 * and back into it. */
#include "kernel/router/absence.h"
#include "kernel/router/claim.h"
#include "kernel/router/keyed.h"
#include "kernel/router/outlier.h"
#include "kernel/router/retry.h"
#include "kernel/router/right.h"
#include "kernel/router/route.h"
#include "kernel/router/say.h"

/* Takes the call from its callee, which is done with it, to the one of the claim. */
static void route_reseat(struct router *router, struct call *call, struct claim *claim)
{
    struct peer *left = call->callee;

    while (!list_is_empty(&call->children))
        list_remove(call->children.next); /* they go on by themselves */
    outlier_done(call);
    list_remove(&call->by_callee);
    claim_give(router, call->claim);
    left->calls_taken_count -= 1;
    call->claim = claim;
    call->callee = claim->callee;
    list_push(&call->callee->calls_taken, &call->by_callee);
    call->callee->calls_taken_count += 1;
    session_drained(router, left);
}

bool route_take_back(struct router *router, struct call *call)
{
    struct claim *claim = claim_take(router, call->caller, &router->waiting_room);

    if (claim == NULL)
        return false;
    tally_taken_back(router, call);
    route_reseat(router, call, claim);
    call_renew(call);
    return true;
}

bool route_hand_over(struct router *router, struct call *call, const struct envelope *envelope,
        const struct draft *draft, struct refusal *refusal)
{
    struct claim *claim = claim_take(router, call->caller, draft->callee);

    refusal->cause = CAUSE_QUEUE_FULL;
    refusal->verdict = route_full;
    if (claim == NULL)
        return false;
    if (!route_forward(router, call, claim, envelope, draft)) {
        claim_give(router, claim);
        return false;
    }
    tally_sent(router, call, claim);
    route_reseat(router, call, claim);
    route_sent(router, call, draft->settings);
    return true;
}

/* From now on its own time is all that it has. */
static void route_stop_waiting(struct router *router, struct call *call)
{
    wheel_remove(&router->wheel, &call->timer);
    if (call->deadline_us != 0)
        wheel_add(&router->wheel, &call->timer, (call->deadline_us + 999) / 1000);
}

/* Nobody is sent the call: it waits for its next try, or ends. */
static void route_give_up(struct router *router, struct call *call, const struct refusal *refusal)
{
    if (!retry_refused(router, call, &refusal->verdict)) {
        tally_blame(router, refusal->cause);
        call_abort(router, call, &refusal->verdict);
    }
}

void route_move(struct router *router, struct call *call, const struct envelope *envelope,
        const struct draft *draft)
{
    struct draft moved = *draft;
    bool counted = call->kept != NULL; /* what is kept was counted when it came */
    struct refusal refusal;

    route_stop_waiting(router, call);
    moved.settings = policy_find(router, call->caller, call->on_behalf, envelope->endpoint);
    moved.callee = route_pick(router, call->caller, envelope, &moved);
    if (!right_still_holds(router, call, envelope->endpoint, &refusal)) {
        tally_blame(router, refusal.cause);
        call_abort(router, call, &refusal.verdict);
        return;
    }
    if (moved.callee == NULL || envelope->body.size > moved.callee->body_max) {
        refusal.verdict =
                absence_explain(router, call->caller, envelope, &moved, ROUTES_NONE, refusal.text);
        refusal.cause = absence_cause(call->caller, envelope, &moved, ROUTES_NONE);
    } else if (right_exports(router, call->caller, envelope->endpoint, &moved, &refusal) &&
               route_hand_over(router, call, envelope, &moved, &refusal)) {
        router->stats.calls += counted ? 0 : 1;
        return;
    }
    route_give_up(router, call, &refusal);
}

bool route_find_back(struct router *router, struct call *call, const struct envelope *envelope,
        struct draft *draft)
{
    struct refusal refusal;
    bool found;

    draft->settings = policy_find(router, call->caller, call->on_behalf, envelope->endpoint);
    found = call->keyed != NULL ? keyed_find_callee(router, call, envelope, draft, &refusal)
                                : route_find_node(router, call->caller, envelope, draft, &refusal);
    return found && draft->callee->neighbour != NULL;
}

void route_move_to(struct router *router, struct call *call, const struct envelope *envelope,
        const struct draft *draft)
{
    bool counted = call->kept != NULL;
    struct refusal refusal;

    route_stop_waiting(router, call);
    if (!right_still_holds(router, call, envelope->endpoint, &refusal)) {
        tally_blame(router, refusal.cause);
        call_abort(router, call, &refusal.verdict);
    } else if (route_hand_over(router, call, envelope, draft, &refusal)) {
        router->stats.calls += counted ? 0 : 1;
    } else {
        route_give_up(router, call, &refusal);
    }
}
