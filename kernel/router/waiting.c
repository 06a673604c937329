// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/waiting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/router/absence.h"
#include "kernel/router/claim.h"
#include "kernel/router/own.h"
#include "kernel/router/retry.h"
#include "kernel/router/say.h"
#include "kernel/router/tenant.h"
#include "mu/router/v1/router.pb-c.h"

/* What a call brought, for as long as it waits. */
struct waiter {
    struct list link;        /* in service->waiters */
    struct call *call;       /* borrowed: it goes before the call does */
    struct service *service; /* borrowed: services live as long as the router */
    struct span endpoint;    /* in `bytes`, as are the others */
    struct span caller;
    struct span body;
    uint8_t bytes[];
};

static size_t waiter_size(const struct waiter *waiter)
{
    return waiter->endpoint.size + waiter->caller.size + waiter->body.size;
}

/* Copies `from` to `*atp`, which it moves on. Returns the copy. */
static struct span waiter_copy(uint8_t **atp, struct span from)
{
    struct span copy = { *atp, from.size };

    if (from.size > 0)
        memcpy(*atp, from.data, from.size);
    *atp += from.size;
    return copy;
}

/* Until when somebody who serves it may come, here or on another node. */
static uint64_t waiting_until_us(const struct router *router, const struct service *service)
{
    uint64_t until_us = service->local ? 0 : router->nowhere.awaited_us;

    if (service->awaited_us > until_us)
        until_us = service->awaited_us;
    return service->expected_us > until_us ? service->expected_us : until_us;
}

/* Where the call waits: with others for its service, or for a name that nobody has said yet, or
 * that its caller is not to know of. */
static struct service *waiting_place(struct router *router, const struct draft *draft)
{
    return draft->service != NULL ? draft->service : &router->nowhere;
}

static bool waiting_may(struct router *router, const struct peer *peer,
        const struct envelope *envelope, const struct draft *draft, size_t size)
{
    const struct peer *room = &router->waiting_room;
    const struct service *service = waiting_place(router, draft);

    return service->ready_count == 0 && waiting_until_us(router, service) > router->now_us &&
           (envelope->shape == SHAPE_UNARY || envelope->shape == SHAPE_SERVER_STREAM) &&
           room->calls_taken_count < room->calls_max && claim_may_grow(peer, room) &&
           router->waiting_bytes + size <= ROUTER_WAITING_BYTES_MAX;
}

/* When it is told that nobody came, unless somebody does. */
static void waiting_wind(struct router *router, struct call *call, uint64_t expected_us)
{
    uint64_t due_us = expected_us;

    if (call->deadline_us != 0 && call->deadline_us < due_us)
        due_us = call->deadline_us;
    wheel_remove(&router->wheel, &call->timer);
    wheel_add(&router->wheel, &call->timer, (due_us + 999) / 1000);
}

/* Takes the call, which is in the waiting room, in among those that wait for the draft's service.
 * `waiter` is raw memory with room for all that it brought. */
static void waiting_keep(struct router *router, struct waiter *waiter, struct call *call,
        const struct envelope *envelope, const struct draft *draft)
{
    uint8_t *at = waiter->bytes;

    *waiter = (struct waiter){ .call = call, .service = waiting_place(router, draft) };
    waiter->endpoint = waiter_copy(&at, envelope->endpoint);
    waiter->caller = waiter_copy(&at, draft->caller);
    waiter->body = waiter_copy(&at, envelope->body);
    list_init(&waiter->link);
    list_push(&waiter->service->waiters, &waiter->link);
    router->waiting_bytes += waiter_size(waiter);
    call->waiter = waiter;
    waiting_wind(router, call, waiting_until_us(router, waiter->service));
}

static size_t waiting_size(const struct envelope *envelope, const struct draft *draft)
{
    return envelope->endpoint.size + draft->caller.size + envelope->body.size;
}

bool waiting_take(struct router *router, struct peer *peer, const struct envelope *envelope,
        const struct draft *draft)
{
    size_t size = waiting_size(envelope, draft);
    struct draft seated = *draft;
    struct waiter *waiter;
    struct call *call;

    if (!waiting_may(router, peer, envelope, draft, size))
        return false;
    waiter = malloc(sizeof(*waiter) + size);
    if (waiter == NULL)
        return false;
    seated.callee = &router->waiting_room;
    call = route_seat(router, peer, envelope, &seated);
    if (call == NULL)
        free(waiter); /* its caller was told */
    else
        waiting_keep(router, waiter, call, envelope, draft);
    return true;
}

bool waiting_join(struct router *router, struct call *call, const struct envelope *envelope,
        const struct draft *draft)
{
    size_t size = waiting_size(envelope, draft);
    struct waiter *waiter;

    if (!waiting_may(router, call->caller, envelope, draft, size))
        return false;
    waiter = malloc(sizeof(*waiter) + size);
    if (waiter != NULL)
        waiting_keep(router, waiter, call, envelope, draft);
    return waiter != NULL;
}

void waiting_forget(struct router *router, struct call *call)
{
    struct waiter *waiter = call->waiter;

    if (waiter == NULL)
        return;
    call->waiter = NULL;
    router->waiting_bytes -= waiter_size(waiter);
    list_remove(&waiter->link);
    free(waiter);
}

/* True where it was a way to another node that was waited for. */
static bool waiting_is_for_way(const struct router *router, const struct service *service)
{
    return service->expected_us < waiting_until_us(router, service);
}

static enum cause waiting_cause(
        const struct router *router, const struct call *call, enum code code)
{
    if (code != CODE_UNAVAILABLE)
        return CAUSE_NONE; /* the code says it */
    return waiting_is_for_way(router, call->waiter->service) ? CAUSE_AWAY : CAUSE_NO_INSTANCE;
}

static void waiting_refuse(struct router *router, struct call *call, enum code code,
        uint32_t retry_after_ms, const char *text)
{
    const struct verdict verdict = { code, retry_executed(call, EXECUTED_NO), retry_after_ms,
        text };

    tally_blame(router, waiting_cause(router, call, code));
    tally_aborted(router, call, &verdict);
    say_verdict(router, call->caller, call->caller_id, &verdict);
    call_finish(router, call);
}

/* Nobody has said the name by now. */
static void waiting_refuse_name(struct router *router, struct call *call)
{
    char text[STATUS_TEXT_MAX];

    absence_write_unknown(router, route_service_name(call->waiter->endpoint), text);
    waiting_refuse(router, call, CODE_NOT_FOUND, 0, text);
}

void waiting_expire(struct router *router, struct call *call)
{
    const char *name = call->waiter->service->name;
    bool away = waiting_is_for_way(router, call->waiter->service);
    char text[192];

    if (call->waiter->service == &router->nowhere) {
        waiting_refuse_name(router, call);
        return;
    }
    if (call->deadline_us != 0 && call->deadline_us <= router->now_us) {
        snprintf(text, sizeof(text),
                away ? "no way to %s came back within the call's time"
                     : "no instance of %s took calls within the call's time",
                name);
        waiting_refuse(router, call, CODE_DEADLINE_EXCEEDED, 0, text);
        return;
    }
    snprintf(text, sizeof(text),
            away ? "no way to %s came back in time, although it ended on purpose"
                 : "no instance of %s takes calls now, although one was expected",
            name);
    waiting_refuse(router, call, CODE_UNAVAILABLE, ROUTER_WAITING_RETRY_MS, text);
}

static struct envelope waiting_envelope(const struct waiter *waiter)
{
    return (struct envelope){ .kind = ENVELOPE_CALL,
        .id = waiter->call->caller_id,
        .shape = waiter->call->shape,
        .endpoint = waiter->endpoint,
        .body = waiter->body };
}

static struct draft waiting_draft(const struct waiter *waiter)
{
    const struct call *call = waiter->call;

    return (struct draft){ .service = waiter->service,
        .cap = call->cap,
        .user = call->on_behalf,
        .caller = waiter->caller,
        .origin = call->origin,
        .deadline_us = call->deadline_us };
}

/* The call waits no more. What it brought outlives its slot, where that is given away. */
static struct call *waiting_let_go(struct router *router, struct waiter *waiter)
{
    waiter->call->waiter = NULL;
    router->waiting_bytes -= waiter_size(waiter);
    list_remove(&waiter->link);
    return waiter->call;
}

void waiting_serve(struct router *router, struct service *service)
{
    while (!list_is_empty(&service->waiters)) {
        struct waiter *waiter = list_entry(service->waiters.next, struct waiter, link);
        const struct envelope envelope = waiting_envelope(waiter);
        const struct draft draft = waiting_draft(waiter);

        route_move(router, waiting_let_go(router, waiter), &envelope, &draft);
        free(waiter);
    }
}

void waiting_offer(struct router *router, struct service *service)
{
    list_for_each_safe (link, &service->waiters) {
        struct waiter *waiter = list_entry(link, struct waiter, link);
        const struct envelope envelope = waiting_envelope(waiter);
        struct draft draft = waiting_draft(waiter);
        struct stamp stamp = { .hops = 0 };

        stamp_read(&stamp, waiter->caller); /* a router wrote it: it can be read */
        draft.hops = stamp.hops;
        if (!route_find_back(router, waiter->call, &envelope, &draft))
            continue;
        route_move_to(router, waiting_let_go(router, waiter), &envelope, &draft);
        free(waiter);
    }
}

/* Somebody is expected for longer now, or no more: tells those that wait. */
static void waiting_rewind(struct router *router, struct service *service)
{
    uint64_t until_us = waiting_until_us(router, service);

    list_for_each_safe (link, &service->waiters) {
        struct call *call = list_entry(link, struct waiter, link)->call;

        if (until_us > router->now_us)
            waiting_wind(router, call, until_us);
        else
            waiting_expire(router, call);
    }
}

static void waiting_set(struct router *router, struct service *service, uint64_t expected_us)
{
    service->expected_us = expected_us;
    waiting_rewind(router, service);
}

void waiting_begin(struct router *router, uint64_t until_us)
{
    router->nowhere.awaited_us = until_us;
    waiting_rewind(router, &router->nowhere);
}

void waiting_await(struct router *router, struct service *service, uint64_t until_us)
{
    if (until_us <= service->awaited_us)
        return;
    service->awaited_us = until_us;
    waiting_rewind(router, service);
}

void waiting_ask(struct router *router, struct service *service)
{
    uint64_t until_us = router->now_us + UINT64_C(1000) * ROUTER_WAITING_ASK_MS;

    if (service->ready_count == 0 && service->expected_us < until_us)
        waiting_set(router, service, until_us);
}

void waiting_expect(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    static const struct verdict denied = { CODE_PERMISSION_DENIED, EXECUTED_NO, 0,
        "what to expect is the supervisor's to say" };
    Mu__Router__V1__ExpectReply reply = MU__ROUTER__V1__EXPECT_REPLY__INIT;
    Mu__Router__V1__ExpectRequest *request;
    struct service *service = NULL;
    struct span name;

    if (!peer->internal) {
        say_verdict(router, peer, envelope->id, &denied);
        return;
    }
    request = own_unpack(router, peer, envelope, &mu__router__v1__expect_request__descriptor);
    if (request == NULL)
        return;
    name = (struct span){ (const uint8_t *)request->service, strlen(request->service) };
    if (service_name_is_valid(name))
        service = service_add(&router->services, name);
    if (service != NULL)
        tenant_claim(router, service, request->namespace_);
    if (service != NULL)
        waiting_set(router, service,
                request->for_ms != 0 ? router->now_us + UINT64_C(1000) * request->for_ms : 0);
    mu__router__v1__expect_request__free_unpacked(request, NULL);
    own_reply(router, peer, envelope->id, &reply.base);
}
