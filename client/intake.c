// SPDX-License-Identifier: Apache-2.0
/* What the router sends a service, on the channel's thread: it only files things away. Bodies are
 * looked at by the handlers' threads. */
#include <string.h>

#include "base/clock.h"
#include "client/host.h"
#include "client/verdict.h"

static void intake_refuse(
        struct host *host, const struct envelope *envelope, enum mu_code code, const char *why)
{
    uint8_t text[VERDICT_SIZE_MAX];
    struct mu_status status;

    verdict_set(&status, code, MU_EXECUTED_NO, host->name, "%s", why);
    connection_put(host->client, &(struct envelope){ .kind = ENVELOPE_RESULT,
                                         .id = envelope->id,
                                         .status = verdict_write(&status, text) });
}

/* Copies `from` to `*atp` and moves it on. */
static struct mu_bytes intake_copy(uint8_t **atp, struct span from)
{
    struct mu_bytes copy = { *atp, from.size };

    if (from.size != 0)
        memcpy(*atp, from.data, from.size);
    *atp += from.size;
    return copy;
}

/* `Method` of `service.Method`: the router sends no other. */
static struct span intake_name(struct span endpoint)
{
    const uint8_t *dot = endpoint.size != 0 ? memchr(endpoint.data, '.', endpoint.size) : NULL;
    size_t skip = dot != NULL ? (size_t)(dot - endpoint.data) + 1 : 0;

    return dot != NULL ? (struct span){ dot + 1, endpoint.size - skip } : endpoint;
}

/* What the call brings, one behind the other in its tail: name, body, caller. */
static void intake_fill(struct mu_call *call, struct span name, const struct envelope *envelope)
{
    uint8_t *at = call->tail;

    call->name = (const char *)intake_copy(&at, name).data;
    *at++ = '\0';
    call->body = intake_copy(&at, envelope->body);
    call->caller_bytes = intake_copy(&at, envelope->caller);
    if (envelope->trace.size == MU_TRACE_SIZE)
        memcpy(call->trace, envelope->trace.data, MU_TRACE_SIZE);
}

static void intake_call(struct host *host, const struct envelope *envelope)
{
    struct span name = intake_name(envelope->endpoint);
    struct mu_call *call;

    if (host->closed) {
        intake_refuse(host, envelope, MU_UNAVAILABLE, "the service stops");
        return;
    }
    if (host->table.count >= host->calls_max) {
        intake_refuse(
                host, envelope, MU_RESOURCE_EXHAUSTED, "the service has all the calls it takes");
        return;
    }
    if (served_table_find(&host->table, envelope->id, host->client->epoch) != NULL)
        return; /* the router's numbers are unique: it is none that can be answered */
    /* The caller's two texts need less than their message, but for a NUL each; one is the name's.
     */
    call = host_call_new(host, name.size + envelope->body.size + 2 * envelope->caller.size + 3);
    if (call == NULL) {
        intake_refuse(host, envelope, MU_RESOURCE_EXHAUSTED, "the service has no memory left");
        return;
    }
    if (host->now_us == 0)
        host->now_us = clock_us();
    call->id = envelope->id;
    call->epoch = host->client->epoch;
    call->shape = (enum mu_shape)envelope->shape;
    call->deadline_us = envelope->timeout_ms == 0
                                ? UINT64_MAX
                                : host->now_us + envelope->timeout_ms * UINT64_C(1000);
    intake_fill(call, name, envelope);
    call->lane = turns_lane(&host->turns, call->caller_bytes);
    served_table_add(&host->table, call);
    host_raise(host, call, SERVED_OPEN);
}

static void intake_item(struct host *host, struct mu_call *call, struct span body)
{
    struct mu_status status;

    if (atomic_load(&call->over))
        return;
    if (!credit_charge(&served_rest(call)->in, body.size)) {
        verdict_set(&status, MU_INVALID_ARGUMENT, MU_EXECUTED_UNKNOWN, host->name,
                "the sender of the stream exceeded its credit");
        host_abandon(host, call, &status);
    } else if (!item_push(&call->rest.items, body)) {
        verdict_set(&status, MU_RESOURCE_EXHAUSTED, MU_EXECUTED_UNKNOWN, host->name,
                "no memory for an item");
        host_abandon(host, call, &status);
    } else {
        host_raise(host, call, SERVED_ITEM);
    }
}

static void intake_credit(struct host *host, struct mu_call *call, uint32_t credit)
{
    struct served_rest *rest = served_rest(call);

    credit_refill(&rest->out, credit);
    if (!rest->starved || rest->out.left <= 0 || rest->on_credit == NULL)
        return;
    rest->starved = false;
    host_raise(host, call, SERVED_CREDIT);
}

/* An envelope that belongs to a call being served. */
static void intake_follow(struct host *host, const struct envelope *envelope)
{
    struct mu_call *call = served_table_find(&host->table, envelope->id, host->client->epoch);

    if (call == NULL)
        return; /* answered meanwhile */
    if (envelope->kind == ENVELOPE_ITEM)
        intake_item(host, call, envelope->body);
    else if (envelope->kind == ENVELOPE_END)
        host_raise(host, call, SERVED_END);
    else if (envelope->kind == ENVELOPE_CREDIT)
        intake_credit(host, call, envelope->credit);
    else
        host_end_interest(host, call);
}

static void intake_take(void *user, const struct envelope *envelope)
{
    struct host *host = user;

    switch (envelope->kind) {
    case ENVELOPE_CALL:
        intake_call(host, envelope);
        break;
    case ENVELOPE_ITEM:
    case ENVELOPE_END:
    case ENVELOPE_CREDIT:
    case ENVELOPE_CANCEL:
        intake_follow(host, envelope);
        break;
    case ENVELOPE_WELCOME:
        verdict_read(&host->welcome, envelope->status);
        host->welcomed = true;
        host_ring(host, INT32_MAX);
        break;
    case ENVELOPE_DRAIN:
        host->drained = true;
        host_ring(host, INT32_MAX);
        break;
    case ENVELOPE_NONE:
    case ENVELOPE_RESULT:
    case ENVELOPE_HELLO:
    case ENVELOPE_READY:
    case ENVELOPE_PING:
    case ENVELOPE_PONG:
    case ENVELOPE_KINDS:
        break; /* the client's, or of no meaning in this direction */
    }
}

static void intake_taken(void *user)
{
    struct host *host = user;

    if (host->turns.count > 0 && host->idle > 0)
        host_ring(host, (int)(host->turns.count < host->idle ? host->turns.count : host->idle));
    host->now_us = 0;
    if (atomic_load(&host->stop) > 0)
        host_drain(host);
}

/* The call came by a connection that is gone: its answer has nowhere to go. */
static void intake_orphan(struct mu_call *call, void *user)
{
    call->epoch = 0;
    host_end_interest(user, call);
}

static void intake_lost(void *user)
{
    struct host *host = user;

    pthread_mutex_lock(&host->client->lock);
    host->lost = true;
    host->serving = false;
    served_table_each(&host->table, intake_orphan, host);
    host_ring(host, INT32_MAX);
    pthread_mutex_unlock(&host->client->lock);
}

const struct connection_duty host_duty = {
    .take = intake_take,
    .taken = intake_taken,
    .lost = intake_lost,
};
