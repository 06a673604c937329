// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/hedge.h"

#include "base/check.h"
#include "kernel/router/added.h"
#include "kernel/router/choice.h"
#include "kernel/router/export.h"
#include "kernel/router/gate.h"
#include "kernel/router/outlier.h"
#include "kernel/router/retry.h"
#include "kernel/router/right.h"
#include "kernel/router/say.h"

/* ---- whether ---- */

struct policy *hedge_budget(const struct settings *settings)
{
    return settings->by[SETTING_RETRIES] != NULL ? settings->by[SETTING_RETRIES]
                                                 : settings->by[SETTING_HEDGE];
}

/* True where the policy that hedges says so, or the one that tries again. */
static bool hedge_is_set_safe(const struct settings *settings)
{
    return settings->by[SETTING_HEDGE]->terms.idempotent ||
           hedge_budget(settings)->terms.idempotent;
}

/* True where some instance says that the endpoint is idempotent. */
static bool hedge_is_declared(const struct service *service, struct span endpoint)
{
    for (uint32_t i = 0; i < service->ready_count; i++) {
        if (retry_is_declared(service->ready[i], endpoint))
            return true;
    }
    return false;
}

const char *hedge_idle(
        const struct router *router, const struct settings *settings, struct span endpoint)
{
    const struct service *service = service_find(&router->services, route_service_name(endpoint));

    if (service != NULL && service->ready_count > 0 && !hedge_is_set_safe(settings) &&
            !hedge_is_declared(service, endpoint))
        return "not idempotent: neither its service nor a policy says so (idempotent=yes)";
    if (service == NULL || service->ready_count < 2)
        return "it takes two instances on this node";
    return NULL;
}

bool hedge_may(const struct router *router, const struct envelope *envelope,
        const struct settings *settings)
{
    return settings->by[SETTING_HEDGE] != NULL && envelope->shape == SHAPE_UNARY &&
           envelope->key.size == 0 && hedge_idle(router, settings, envelope->endpoint) == NULL;
}

void hedge_watch(struct router *router, struct call *call, const struct settings *settings)
{
    uint64_t delay_us = settings->by[SETTING_HEDGE]->terms.hedge_ms * UINT64_C(1000);

    if (call->shape != SHAPE_UNARY || call->callee->neighbour != NULL ||
            (call->deadline_us != 0 && router->now_us + delay_us >= call->deadline_us))
        return;
    retry_watch(router, call, router->now_us + delay_us);
}

/* ---- sending ---- */

/* Another instance that may be sent the call; NULL where there is none. Whoever is silent would be
 * no help. */
static struct peer *hedge_pick(struct router *router, const struct call *call,
        const struct envelope *envelope, const struct draft *draft)
{
    struct peer *callee =
            choice_pick(router, call->caller, draft, envelope->body.size + ENVELOPE_HEAD_MAX);

    if (callee == NULL || callee == call->callee || callee->silent ||
            envelope->body.size > callee->body_max ||
            !export_allows(callee, call->caller, envelope->endpoint))
        return NULL;
    if (!hedge_is_set_safe(draft->settings) &&
            (!retry_is_declared(callee, envelope->endpoint) ||
                    !retry_is_declared(call->callee, envelope->endpoint)))
        return NULL;
    return callee;
}

/* False where the token by which the call was made is void meanwhile. */
static bool hedge_may_still(const struct router *router, const struct call *call)
{
    return call->on_behalf == NULL || user_void_text(call->on_behalf, router->unix_s) == NULL;
}

static void hedge_send(struct router *router, struct call *call, const struct envelope *envelope,
        const struct draft *draft)
{
    struct policy *policy = draft->settings->by[SETTING_HEDGE];
    struct call *hedge = added_open(router, call, policy, envelope, draft);

    if (hedge == NULL)
        return;
    policy->hedges += 1;
    hedge->twin = call;
    call->twin = hedge;
    outlier_sent(router, hedge, draft->settings);
    tally_hedged(router, call, hedge->callee, CAUSE_CANCELLED);
}

void hedge_due(struct router *router, struct call *call)
{
    struct envelope envelope = retry_envelope(call);
    struct draft draft = { .caller = { call->caller->stamp, call->caller->stamp_size },
        .service = call->callee->service,
        .deadline_us = call->deadline_us,
        .avoid = call->callee->instance };

    draft.settings = policy_find(router, call->caller, call->on_behalf, envelope.endpoint);
    if (draft.settings == NULL || draft.settings->by[SETTING_HEDGE] == NULL ||
            call->callee->service == NULL || !hedge_may_still(router, call))
        return;
    right_restamp(router, call, &draft);
    draft.callee = hedge_pick(router, call, &envelope, &draft);
    if (draft.callee != NULL && policy_spend(hedge_budget(draft.settings)))
        hedge_send(router, call, &envelope, &draft);
}

/* ---- which of the two ---- */

/* Each is by itself from now on. */
static void hedge_part(struct call *hedge)
{
    hedge->twin->twin = NULL;
    hedge->twin = NULL;
    added_forget(hedge);
}

/* Has `to` stand in the list where `from` did, if it did. */
static void hedge_replace(struct list *from, struct list *to)
{
    list_push(from, to);
    list_remove(from);
}

/* The caller's side goes over to the hedge. Returns the call that it was for. */
static struct call *hedge_succeed(struct router *router, struct call *hedge)
{
    struct call *first = hedge->twin;

    CHECK(first->caller != NULL && hedge->caller == NULL);
    hedge->added->hedges_won += 1;
    hedge_part(hedge);
    call_move_caller(&router->calls, &first->caller->index, first, hedge);
    hedge_replace(&first->by_caller, &hedge->by_caller);
    hedge_replace(&first->by_parent, &hedge->by_parent);
    wheel_remove(&router->wheel, &first->timer);
    if (hedge->deadline_us != 0)
        wheel_add(&router->wheel, &hedge->timer, (hedge->deadline_us + 999) / 1000);
    gate_move(first, hedge);
    retry_move(first, hedge);
    tally_moved(router, first, hedge);
    return first;
}

/* One that was overtaken took so long at least. */
static void hedge_measure(const struct router *router, const struct call *loser)
{
    uint64_t taken_us = router->now_us - loser->started_us;

    if (taken_us > loser->callee->latency_us)
        service_peer_measure(loser->callee, taken_us);
}

bool hedge_answered(struct router *router, struct call *hedge, uint32_t code)
{
    struct call *first;

    if (retry_is_worthwhile(code)) {
        outlier_answered(router, hedge, code);
        tally_hedged(router, hedge->twin, hedge->callee, CAUSE_ANSWERED);
        hedge_part(hedge);
        return false;
    }
    first = hedge_succeed(router, hedge);
    tally_hedged(router, hedge, first->callee, CAUSE_CANCELLED);
    hedge_measure(router, first);
    call_abandon(router, first);
    return true;
}

void hedge_lost(struct router *router, struct call *hedge)
{
    tally_hedged(router, hedge->twin, hedge->callee, CAUSE_CALLEE_GONE);
    hedge_part(hedge);
}

void hedge_outlive(struct router *router, struct call *call)
{
    struct call *hedge = call->twin;

    hedge_succeed(router, hedge);
    tally_hedged(
            router, hedge, call->callee, call->callee->doomed ? CAUSE_CALLEE_GONE : CAUSE_ANSWERED);
    call_finish(router, call);
}

void hedge_drop(struct router *router, struct call *call)
{
    struct call *hedge = call->twin;

    hedge_part(hedge);
    call_abandon(router, hedge);
}
