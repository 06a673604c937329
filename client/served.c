// SPDX-License-Identifier: Apache-2.0
#include "client/served.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "client/caller.h"
#include "client/host.h"
#include "client/scratch.h"
#include "client/verdict.h"
#include "transport/stamp.h"

enum { SERVED_REFILL_US = 2000 }; /* until an outbox that was full is tried again */

static _Thread_local struct mu_call *served_handling __attribute__((tls_model("initial-exec")));

uint64_t served_id(const struct mu_call *call)
{
    return call->id;
}

uint32_t served_epoch(const struct mu_call *call)
{
    return call->epoch;
}

struct mu_call *served_current(void)
{
    return served_handling;
}

void served_set_current(struct mu_call *call)
{
    served_handling = call;
}

struct served_rest *served_rest(struct mu_call *call)
{
    if (call->has_rest)
        return &call->rest;
    call->has_rest = true;
    call->rest = (struct served_rest){
        .timer = { .call = call, .event = SERVED_TIMER },
        .deadline = { .call = call, .event = SERVED_OVER },
        .refill = { .call = call, .event = SERVED_CREDIT },
    };
    credit_sender_init(&call->rest.out);
    return &call->rest;
}

/* ---- looking at a call ---- */

const struct mu_caller *mu_call_caller(const struct mu_call *call)
{
    struct mu_call *known =
            (struct mu_call *)(uintptr_t)call; /* it is read when it is first asked for */
    struct mu_client *client = call->host->client;

    if (atomic_load_explicit(&known->caller_read, memory_order_acquire))
        return &call->caller;
    pthread_mutex_lock(&client->lock);
    if (!atomic_load(&known->caller_read))
        caller_read(&known->caller, call->caller_bytes,
                (char *)(uintptr_t)(call->caller_bytes.data + call->caller_bytes.size));
    atomic_store_explicit(&known->caller_read, true, memory_order_release);
    pthread_mutex_unlock(&client->lock);
    return &call->caller;
}

bool served_has_user(const struct mu_call *call)
{
    struct span bytes = { call->caller_bytes.data, call->caller_bytes.size };
    struct stamp stamp = { .hops = 0 };

    return stamp_read(&stamp, bytes) == ENVELOPE_OK && stamp.user.size > 0 && stamp.hops == 0;
}

const char *mu_call_user(const struct mu_call *call)
{
    const struct mu_caller *caller = mu_call_caller(call);

    return caller->user[0] != '\0' && caller->hops == 0 ? caller->user : NULL;
}

void *mu_call_state(const struct mu_call *call)
{
    return call->host->service->state;
}

struct mu_client *mu_call_client(const struct mu_call *call)
{
    return call->host->client;
}

const char *mu_call_method(const struct mu_call *call)
{
    return call->name;
}

uint32_t mu_call_remaining_ms(const struct mu_call *call)
{
    uint64_t now_us;

    if (atomic_load(&call->over))
        return 0;
    if (call->deadline_us == UINT64_MAX)
        return UINT32_MAX;
    now_us = clock_us();
    return now_us < call->deadline_us ? (uint32_t)((call->deadline_us - now_us + 999) / 1000) : 0;
}

bool mu_call_is_over(const struct mu_call *call)
{
    return mu_call_remaining_ms(call) == 0;
}

const uint8_t *mu_call_trace(const struct mu_call *call)
{
    return call->trace;
}

void mu_call_set_data(struct mu_call *call, void *data)
{
    call->data = data;
}

void *mu_call_data(const struct mu_call *call)
{
    return call->data;
}

/* ---- answering it ---- */

/* How long it took is known here only if `now_us` is: of a call that its handler answers, whoever
 * runs the handler reads the clock behind it. */
static void served_count(struct mu_call *call, uint64_t now_us, bool failed)
{
    if (call->tally == NULL)
        return;
    tally_answer(call->tally, failed);
    if (now_us == 0)
        return;
    call->timed = true;
    tally_busy(call->tally, call->opened_us != 0 ? now_us - call->opened_us : 0);
}

/* The answer goes out, the call is the library's again. */
static void served_answer(
        struct mu_call *call, const struct mu_status *status, struct mu_bytes body)
{
    struct host *host = call->host;
    struct mu_client *client = host->client;
    uint64_t now_us = served_handling == call ? 0 : clock_us();
    uint8_t text[VERDICT_SIZE_MAX];
    struct envelope result = {
        .kind = ENVELOPE_RESULT,
        .id = call->id,
        .body = { body.data, body.size },
    };
    struct mu_status full;

    if (status != NULL)
        result.status = verdict_write(status, text);
    pthread_mutex_lock(&client->lock);
    if (call->epoch == client->epoch && carrier_exists(&client->carrier) &&
            carrier_put(&client->carrier, &result, OUTBOX_CALLS) != OUTBOX_OK) {
        verdict_set(&full, MU_RESOURCE_EXHAUSTED, MU_EXECUTED_YES, host->name,
                "too many answers wait for the router already");
        result.body = (struct span){ NULL, 0 };
        if (status == NULL)
            result.status = verdict_write(&full, text);
        connection_put(client, &result);
    }
    served_count(call, now_us, status != NULL);
    host_call_end(host, call);
    connection_unlock_later(client);
}

void mu_call_reply(struct mu_call *call, const ProtobufCMessage *reply)
{
    struct scratch scratch;

    switch (scratch_pack(&scratch, reply)) {
    case SCRATCH_OK:
        served_answer(call, NULL, scratch.bytes);
        scratch_free(&scratch);
        break;
    case SCRATCH_TOO_LARGE:
        mu_call_fail(call, MU_RESOURCE_EXHAUSTED, "an answer of %zu bytes is over the limit of %d",
                scratch.bytes.size, MU_MESSAGE_MAX);
        break;
    case SCRATCH_NO_MEMORY:
        mu_call_fail(call, MU_RESOURCE_EXHAUSTED, "no memory to pack the answer");
        break;
    }
}

void mu_call_finish(struct mu_call *call)
{
    served_answer(call, NULL, (struct mu_bytes){ 0 });
}

__attribute__((format(printf, 4, 0))) static void served_fail(struct mu_call *call,
        enum mu_code code, enum mu_executed executed, const char *format, va_list args)
{
    struct mu_status status = { .code = code, .executed = executed };

    CHECK(code != MU_OK);
    snprintf(status.origin, sizeof(status.origin), "%s", call->host->name);
    vsnprintf(status.message, sizeof(status.message), format, args);
    served_answer(call, &status, (struct mu_bytes){ 0 });
}

void mu_call_fail(struct mu_call *call, enum mu_code code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    served_fail(call, code, MU_EXECUTED_YES, format, args);
    va_end(args);
}

void mu_call_refuse(struct mu_call *call, enum mu_code code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    served_fail(call, code, MU_EXECUTED_NO, format, args);
    va_end(args);
}

/* ---- streams ---- */

/* Sees to it that a handlers' thread looks at what changed. With the lock. */
static void served_ring(struct host *host)
{
    if (host->idle > 0)
        host_ring(host, 1);
}

/* Sends a packed item, if there is credit. */
static enum mu_send_outcome served_send(struct mu_call *call, struct mu_bytes body)
{
    struct host *host = call->host;
    struct mu_client *client = host->client;
    enum mu_send_outcome outcome = MU_SEND_OK;
    struct envelope item = {
        .kind = ENVELOPE_ITEM,
        .id = call->id,
        .body = { body.data, body.size },
    };
    struct served_rest *rest;

    pthread_mutex_lock(&client->lock);
    rest = served_rest(call);
    if (call->epoch != client->epoch || !carrier_exists(&client->carrier)) {
        outcome = MU_SEND_OVER;
    } else if (rest->out.left <= 0) {
        rest->starved = true;
        outcome = MU_SEND_FULL;
    } else if (carrier_put(&client->carrier, &item, OUTBOX_CALLS) != OUTBOX_OK) {
        alarm_set(&host->alarms, &rest->refill, clock_us() + SERVED_REFILL_US);
        outcome = MU_SEND_FULL;
    } else {
        credit_spend(&rest->out, body.size);
    }
    connection_unlock(client);
    return outcome;
}

/* Ends the stream on the wire; the handler learns that it is over. */
static void served_give_up(struct mu_call *call, const char *why)
{
    struct host *host = call->host;
    struct mu_status status;

    verdict_set(&status, MU_RESOURCE_EXHAUSTED, MU_EXECUTED_YES, host->name, "%s", why);
    pthread_mutex_lock(&host->client->lock);
    host_abandon(host, call, &status);
    served_ring(host);
    connection_unlock(host->client);
}

enum mu_send_outcome mu_call_send(struct mu_call *call, const ProtobufCMessage *item)
{
    enum mu_send_outcome outcome = MU_SEND_OVER;
    struct scratch scratch;

    CHECK(call->shape == MU_SERVER_STREAM || call->shape == MU_TWO_WAY);
    if (mu_call_is_over(call))
        return MU_SEND_OVER;
    if (scratch_pack(&scratch, item) == SCRATCH_OK) {
        outcome = served_send(call, scratch.bytes);
        scratch_free(&scratch);
        return outcome;
    }
    served_give_up(call, "an item is over the limit of a message, or of memory");
    return outcome;
}

/* ---- what is to run later ---- */

void mu_call_on_credit(struct mu_call *call, mu_call_fn fn)
{
    struct host *host = call->host;
    struct served_rest *rest;

    pthread_mutex_lock(&host->client->lock);
    rest = served_rest(call);
    rest->on_credit = fn;
    if (fn != NULL && rest->starved && rest->out.left > 0) {
        rest->starved = false; /* credit came before anybody wanted to know */
        host_raise(host, call, SERVED_CREDIT);
        served_ring(host);
    }
    pthread_mutex_unlock(&host->client->lock);
}

void mu_call_on_over(struct mu_call *call, mu_call_fn fn)
{
    struct host *host = call->host;
    struct served_rest *rest;

    pthread_mutex_lock(&host->client->lock);
    rest = served_rest(call);
    rest->on_over = fn;
    if (fn == NULL)
        alarm_stop(&host->alarms, &rest->deadline);
    else if (atomic_load(&call->over))
        host_raise(host, call, SERVED_OVER);
    else if (call->deadline_us != UINT64_MAX)
        alarm_set(&host->alarms, &rest->deadline, call->deadline_us + GRACE_MS * UINT64_C(1000));
    served_ring(host);
    pthread_mutex_unlock(&host->client->lock);
}

void mu_call_after(struct mu_call *call, uint32_t delay_ms, mu_call_fn fn)
{
    struct host *host = call->host;
    struct served_rest *rest;

    pthread_mutex_lock(&host->client->lock);
    rest = served_rest(call);
    rest->on_timer = fn;
    call->due &= ~(unsigned)SERVED_TIMER;
    if (fn == NULL)
        alarm_stop(&host->alarms, &rest->timer);
    else if (!alarm_set(&host->alarms, &rest->timer, clock_us() + delay_ms * UINT64_C(1000)))
        host_raise(host, call, SERVED_TIMER); /* no memory: early is better than never */
    served_ring(host);
    pthread_mutex_unlock(&host->client->lock);
}
