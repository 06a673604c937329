// SPDX-License-Identifier: Apache-2.0
/* The way of a call to its callee. Everything that can be refused is refused before the callee
 * hears of it, so that `executed: NO` is exact; from then on it is the callee who knows. */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "kernel/router/absence.h"
#include "kernel/router/cap.h"
#include "kernel/router/choice.h"
#include "kernel/router/claim.h"
#include "kernel/router/crossing.h"
#include "kernel/router/drain.h"
#include "kernel/router/gate.h"
#include "kernel/router/hedge.h"
#include "kernel/router/keyed.h"
#include "kernel/router/limit.h"
#include "kernel/router/mirror.h"
#include "kernel/router/outlier.h"
#include "kernel/router/own.h"
#include "kernel/router/parting.h"
#include "kernel/router/permit.h"
#include "kernel/router/retry.h"
#include "kernel/router/right.h"
#include "kernel/router/route.h"
#include "kernel/router/routes.h"
#include "kernel/router/say.h"
#include "kernel/router/tenant.h"
#include "kernel/router/throttle.h"
#include "kernel/router/waiting.h"

enum { ROUTE_NOTICE_TIMEOUT_MS = 5000 };

const struct verdict route_full = { CODE_RESOURCE_EXHAUSTED, EXECUTED_NO, 0,
    "too many bytes wait for the service already" };

struct span route_service_name(struct span endpoint)
{
    const uint8_t *dot = memchr(endpoint.data, '.', endpoint.size);

    return (struct span){ endpoint.data, (size_t)(dot - endpoint.data) };
}

static void route_refuse(struct router *router, struct peer *peer, const struct envelope *envelope,
        enum code code, const char *text)
{
    say_verdict(router, peer, envelope->id,
            &(struct verdict){ .code = code, .executed = EXECUTED_NO, .text = text });
}

/* Finds a way to another node for a call that no instance here takes. False where there is none. */
static bool route_find_way(struct router *router, const struct peer *peer,
        const struct envelope *envelope, struct draft *draft, struct refusal *refusal)
{
    const struct routes_bounds bounds = { peer, ROUTER_HOPS_MAX - draft->hops, route_size(envelope),
        draft->only, router->parting_count != 0 && parting_follows(router, draft->origin) };
    enum routes_outcome outcome = ROUTES_NONE;

    if (draft->service != NULL && !choice_is_here(draft))
        outcome = routes_pick(draft->service, &bounds, &router->random, &draft->callee);
    if (outcome == ROUTES_FOUND)
        return true;
    if (draft->again) {
        keyed_explain(peer, draft, refusal);
        return false;
    }
    refusal->verdict = absence_explain(router, peer, envelope, draft, outcome, refusal->text);
    refusal->cause = absence_cause(peer, envelope, draft, outcome);
    return false;
}

struct peer *route_pick(struct router *router, const struct peer *peer,
        const struct envelope *envelope, const struct draft *draft)
{
    if (draft->settings != NULL)
        return choice_pick(router, peer, draft, route_size(envelope));
    return service_pick(draft->service, peer, route_size(envelope), &router->random);
}

bool route_find_node(struct router *router, struct peer *peer, const struct envelope *envelope,
        struct draft *draft, struct refusal *refusal)
{
    tenant_find(router, peer, envelope->endpoint, draft);
    return route_find_way(router, peer, envelope, draft, refusal);
}

bool route_find_callee(struct router *router, struct peer *peer, const struct envelope *envelope,
        struct draft *draft, struct refusal *refusal)
{
    tenant_find(router, peer, envelope->endpoint, draft);
    if (draft->hidden)
        tenant_note(router, peer, envelope->endpoint, draft);
    if (draft->service != NULL) {
        draft->callee = route_pick(router, peer, envelope, draft);
        if (draft->callee != NULL && envelope->body.size <= draft->callee->body_max)
            return right_exports(router, peer, envelope->endpoint, draft, refusal);
    }
    return route_find_way(router, peer, envelope, draft, refusal);
}

/* Finds the call on whose behalf this one is made, if any. False where it is over already, which
 * the caller is told. */
static bool route_find_parent(struct router *router, struct peer *peer,
        const struct envelope *envelope, struct draft *draft)
{
    if (envelope->parent == 0)
        return true;
    draft->parent = call_find(&router->calls, envelope->parent);
    if (draft->parent != NULL && draft->parent->callee == peer &&
            (draft->parent->caller != NULL || draft->parent->added != NULL ||
                    draft->parent->keyed != NULL)) {
        draft->origin = draft->parent->origin;
        return true;
    }
    route_refuse(router, peer, envelope, CODE_CANCELLED,
            "the call on whose behalf this one was made is over");
    return false;
}

/* When the call ends for want of an answer. */
static void route_find_deadline(
        const struct router *router, const struct envelope *envelope, struct draft *draft)
{
    uint64_t timeout_ms = draft->settings != NULL ? gate_timeout_ms(draft->settings, envelope)
                                                  : envelope->timeout_ms;

    if (timeout_ms == 0 && envelope->shape == SHAPE_UNARY)
        timeout_ms = TIMEOUT_DEFAULT_MS;
    if (timeout_ms > TIMEOUT_MAX_MS)
        timeout_ms = TIMEOUT_MAX_MS;
    if (timeout_ms != 0)
        draft->deadline_us = router->now_us + timeout_ms * 1000 - draft->transit_us;
    if (draft->cap != NULL && draft->cap->ends_us != 0 &&
            (draft->deadline_us == 0 || draft->cap->ends_us < draft->deadline_us))
        draft->deadline_us = draft->cap->ends_us;
    if (draft->parent != NULL && draft->parent->deadline_us != 0 &&
            (draft->deadline_us == 0 || draft->parent->deadline_us < draft->deadline_us))
        draft->deadline_us = draft->parent->deadline_us;
}

/* The trace id is the parent's, else the caller's, else a new one; the span id is new. */
static void route_trace(struct router *router, const struct envelope *envelope,
        const struct draft *draft, struct call *call)
{
    uint64_t words[3] = { random_next(&router->random), random_next(&router->random),
        random_next(&router->random) };

    memcpy(call->trace, words, TRACE_SIZE);
    if (envelope->trace.size != 0)
        memcpy(call->trace, envelope->trace.data, 16);
    else if (draft->parent != NULL)
        memcpy(call->trace, draft->parent->trace, 16);
    call->trace_made = envelope->trace.size == 0;
}

static uint32_t route_remaining_ms(const struct router *router, uint64_t deadline_us)
{
    if (deadline_us == 0)
        return 0;
    if (deadline_us <= router->now_us)
        return 1;
    return (uint32_t)((deadline_us - router->now_us + 999) / 1000);
}

struct call *route_seat(struct router *router, struct peer *peer, const struct envelope *envelope,
        const struct draft *draft)
{
    struct peer *callee = draft->callee;
    struct claim *claim = claim_take(router, peer, callee);
    struct call *call =
            claim != NULL ? call_take(&router->calls, peer, &peer->index, envelope->id, callee)
                          : NULL;

    if (call == NULL) {
        if (claim != NULL)
            claim_give(router, claim);
        tally_blame(router, CAUSE_ROUTER_FULL);
        say_verdict(router, peer, envelope->id,
                &(struct verdict){ CODE_RESOURCE_EXHAUSTED,
                        draft->again ? EXECUTED_UNKNOWN : EXECUTED_NO, 0,
                        "the router has as many calls under way as it can hold" });
        return NULL;
    }
    call->cap = draft->cap;
    if (draft->user != NULL) {
        user_hold(draft->user);
        call->on_behalf = draft->user;
    }
    call->claim = claim;
    call->origin = draft->origin;
    call->shape = envelope->shape;
    call->deadline_us = draft->deadline_us;
    call->window_up = STREAM_WINDOW;
    call->window_down = STREAM_WINDOW;
    gate_enter(call, draft, router->now_us);
    route_trace(router, envelope, draft, call);
    list_push(&peer->calls_made, &call->by_caller);
    list_push(&callee->calls_taken, &call->by_callee);
    peer->calls_made_count += 1;
    callee->calls_taken_count += 1;
    if (draft->parent != NULL)
        list_push(&draft->parent->children, &call->by_parent);
    if (call->deadline_us != 0)
        wheel_add(&router->wheel, &call->timer, (call->deadline_us + 999) / 1000);
    tally_opened(router, call);
    return call;
}

bool route_forward(struct router *router, struct call *call, struct claim *claim,
        const struct envelope *envelope, const struct draft *draft)
{
    struct peer *callee = claim->callee;
    const struct envelope forward = { .kind = ENVELOPE_CALL,
        .id = call_id(&router->calls, call),
        .shape = envelope->shape,
        .endpoint = envelope->endpoint,
        .body = envelope->body,
        .timeout_ms = route_remaining_ms(router, call->deadline_us),
        .trace = { call->trace, TRACE_SIZE },
        .caller = draft->caller,
        .key = draft->key };

    if (!say_for(router, claim, &forward, OUTBOX_CALLS))
        return false;
    call->started_us = router->now_us;
    callee->calls += 1;
    throttle_hasten(router, callee);
    return true;
}

void route_sent(struct router *router, struct call *call, const struct settings *settings)
{
    outlier_sent(router, call, settings);
    hedge_sent(router, call, settings);
    if (call->kept != NULL)
        retry_sent(router, call);
}

/* Gives the call a slot and puts it into the callee's outbox. */
static void route_open(struct router *router, struct peer *peer, const struct envelope *envelope,
        const struct draft *draft)
{
    struct call *call = route_seat(router, peer, envelope, draft);

    if (call == NULL)
        return;
    if (draft->settings != NULL)
        retry_keep(router, call, envelope, draft);
    if (route_forward(router, call, call->claim, envelope, draft)) {
        tally_sent(router, call, call->claim);
        router->stats.calls += 1;
        route_sent(router, call, draft->settings);
        return;
    }
    if (retry_refused(router, call, &route_full)) {
        router->stats.calls += 1;
        return;
    }
    tally_blame(router, CAUSE_QUEUE_FULL);
    say_verdict(router, peer, envelope->id, &route_full);
    call_finish(router, call);
}

/* Sends a call to who serves it, at once, or when a policy says or somebody is there. */
static void route_send(struct router *router, struct peer *peer, const struct envelope *envelope,
        struct draft *draft)
{
    struct refusal refusal;

    if (draft->delay_ms != 0 && retry_begin(router, peer, envelope, draft))
        return;
    if (route_find_callee(router, peer, envelope, draft, &refusal)) {
        route_open(router, peer, envelope, draft);
        return;
    }
    if (draft->settings != NULL && retry_later(router, peer, envelope, draft, &refusal))
        return;
    if (!waiting_take(router, peer, envelope, draft)) {
        tally_blame(router, refusal.cause);
        say_verdict(router, peer, envelope->id, &refusal.verdict);
    }
}

/* Sends a call that may be made, and a copy of it where a policy wants one. */
static void route_dispatch(struct router *router, struct peer *peer,
        const struct envelope *envelope, struct draft *draft)
{
    struct policy *mirror;

    tally_blame(router, CAUSE_POLICY);
    if (router->has_tenants ? !tenant_gate(router, peer, envelope, draft)
                            : !gate_admit(router, peer, envelope, draft))
        return;
    tally_blame(router, CAUSE_NONE);
    route_find_deadline(router, envelope, draft);
    if (envelope->key.size != 0) {
        keyed_take(router, draft);
        return;
    }
    mirror = draft->settings != NULL ? draft->settings->by[SETTING_MIRROR] : NULL;
    route_send(router, peer, envelope, draft);
    if (mirror != NULL)
        mirror_copy(router, mirror, envelope, draft);
}

/* False where the call is refused for want of a right or of room, which the caller is told. */
static bool route_may_call(struct router *router, struct peer *peer,
        const struct envelope *envelope, struct draft *draft)
{
    static const struct right_refusal clients = { NOTE_CLIENT, CODE_PERMISSION_DENIED,
        "a client may call services and look at the node, and not control either", NULL };

    if (peer->visitor != NULL && !permit_has(envelope->endpoint)) {
        right_refuse(router, peer, envelope, &clients);
        return false;
    }
    tally_blame(router, CAUSE_CALLER_FULL);
    if (!limit_admits(router, peer, envelope))
        return false;
    tally_blame(router, CAUSE_NONE);
    return right_find_cap(router, peer, envelope, draft) &&
           tenant_may_use(router, peer, envelope, draft) &&
           right_judge(router, peer, envelope, draft);
}

static bool route_is_own(struct span endpoint)
{
    static const uint8_t own[] = "router";
    struct span name = route_service_name(endpoint);

    return name.size == sizeof(own) - 1 && memcmp(name.data, own, name.size) == 0;
}

/* Takes a call in, or tells its caller why not. Returns 0, or -EPROTO. */
static int route_take(struct router *router, struct peer *peer, const struct envelope *envelope,
        struct draft *draft)
{
    if (envelope->id == 0 || envelope->id >= CALL_ID_ROUTER ||
            call_find_by_caller(&router->calls, &peer->index, envelope->id) != NULL)
        return err_new(-EPROTO); /* the caller could not tell whose answer is whose */
    if (drain_refuses(router, peer, envelope) ||
            (router->parting_count != 0 && parting_refuses(router, peer, envelope)))
        return 0;
    if (!meter_is(peer->called, envelope->endpoint) && !endpoint_is_valid(envelope->endpoint)) {
        route_refuse(router, peer, envelope, CODE_INVALID_ARGUMENT,
                "the endpoint is not of the form service.Method");
        return 0;
    }
    if (peer->neighbour != NULL) {
        if (!crossing_admit(router, peer, envelope, draft))
            return 0;
    } else if (envelope->caller.size != 0 || envelope->status.size != 0) {
        route_refuse(router, peer, envelope, CODE_INVALID_ARGUMENT,
                "a call carries a caller or a status, which are not the sender's to write");
        return 0;
    }
    if (!route_find_parent(router, peer, envelope, draft) ||
            !right_find_user(router, peer, envelope, draft) ||
            !route_may_call(router, peer, envelope, draft))
        return 0;
    if (route_is_own(envelope->endpoint)) {
        draft->own = true;
        if (envelope->key.size == 0)
            return own_call(router, peer, envelope);
        route_refuse(router, peer, envelope, CODE_INVALID_ARGUMENT,
                "the router's own endpoints take no key");
        return 0;
    }
    route_dispatch(router, peer, envelope, draft);
    return 0;
}

int route_call(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    struct draft draft = { .peer = peer,
        .envelope = envelope,
        .began_us = router->now_us,
        .origin = peer->visitor != NULL ? peer->visitor->channel : 0,
        .caller = { peer->stamp, peer->stamp_size } };
    int r;

    tally_begin(router, &draft);
    r = route_take(router, peer, envelope, &draft);
    tally_end(router);
    return r;
}

void route_notice(
        struct router *router, const char *service, const char *endpoint, struct span body)
{
    struct span name = { (const uint8_t *)service, strlen(service) };
    struct envelope envelope = {
        .kind = ENVELOPE_CALL,
        .id = ++router->self_calls,
        .endpoint = { (const uint8_t *)endpoint, strlen(endpoint) },
        .body = body,
    };
    struct draft *outer =
            router->notebook.draft; /* a notice may be sent while a call is taken in */
    struct draft draft = { .peer = &router->self,
        .envelope = &envelope,
        .began_us = router->now_us,
        .service = service_find(&router->services, name),
        .caller = { router->self.stamp, router->self.stamp_size } };

    if (draft.service == NULL || draft.service->ready_count == 0)
        return; /* it is told everything when it comes */
    draft.callee = draft.service->ready[0];
    draft.deadline_us = router->now_us + UINT64_C(1000) * ROUTE_NOTICE_TIMEOUT_MS;
    tally_begin(router, &draft);
    route_open(router, &router->self, &envelope, &draft);
    tally_end(router);
    router->notebook.draft = outer;
}
