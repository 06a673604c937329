// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/added.h"

#include <string.h>

#include "kernel/router/claim.h"
#include "kernel/router/hedge.h"
#include "kernel/router/mirror.h"
#include "kernel/router/say.h"

/* What is left of the table is for calls that somebody makes. */
static bool added_has_room(const struct router *router)
{
    return router->calls.count < ROUTER_CALLS_MAX - ROUTER_CALLS_KEPT;
}

/* A slot, as one of its callee's. NULL where there is no room. */
static struct call *added_seat(
        struct router *router, const struct call *like, struct policy *policy, struct peer *callee)
{
    struct claim *claim = added_has_room(router) ? claim_take(router, like->caller, callee) : NULL;
    struct call *call = claim != NULL ? call_take_added(&router->calls, callee) : NULL;

    if (call == NULL) {
        if (claim != NULL)
            claim_give(router, claim);
        return NULL;
    }
    call->claim = claim;
    call->cap = like->cap;
    call->on_behalf = like->on_behalf;
    if (call->on_behalf != NULL)
        user_hold(call->on_behalf);
    call->added = policy_hold(policy);
    call->shape = like->shape;
    call->deadline_us = like->deadline_us;
    call->trace_made = like->trace_made;
    memcpy(call->trace, like->trace, TRACE_SIZE);
    list_push(&callee->calls_taken, &call->by_callee);
    callee->calls_taken_count += 1;
    return call;
}

struct call *added_open(struct router *router, const struct call *like, struct policy *policy,
        const struct envelope *envelope, const struct draft *draft)
{
    struct call *call = added_seat(router, like, policy, draft->callee);

    if (call == NULL || route_forward(router, call, call->claim, envelope, draft))
        return call;
    added_forget(call);
    call_finish(router, call);
    return NULL;
}

void added_forget(struct call *call)
{
    policy_release(call->added);
    call->added = NULL;
}

bool added_answered(struct router *router, struct call *call, const struct status *status)
{
    if (call->twin != NULL)
        return hedge_answered(router, call, status->code);
    mirror_ended(router, call, status->code != 0);
    return false;
}

void added_lost(struct router *router, struct call *call)
{
    if (call->twin != NULL)
        hedge_lost(router, call);
    else
        mirror_ended(router, call, true);
}
