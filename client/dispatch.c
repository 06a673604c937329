// SPDX-License-Identifier: Apache-2.0
/* The handlers' threads. A thread takes up to a batch of what is due, runs it without the lock, and
 * puts it back in one go. Answers of a batch gather in the outbox while its handlers are fast, and
 * leave before one that is not: no answer waits behind a slow handler. */
#include <string.h>

#include "base/clock.h"
#include "client/futex.h"
#include "client/host.h"
#include "client/nearest.h"
#include "client/own_methods.h"
#include "client/verdict.h"
#include "mu/schema.h"

enum {
    DISPATCH_FAST_US = 50,      /* a handler that takes less may let answers wait */
    DISPATCH_GATHER_US = 200,   /* the longest that answers gather */
    DISPATCH_SIZE_MAX = 65536,  /* bytes of bodies that are taken off the queue at a time */
    DISPATCH_BACKLOG_US = 2000, /* until a full outbox is looked at again */
    DISPATCH_SETTLE_MAX = 4096  /* calls handled between two settles while there is no pause */
};

/* One thing that is due for one call. */
struct job {
    struct mu_call *call; /* held */
    enum served_event event;
    mu_call_fn fn;     /* of SERVED_CREDIT, _TIMER and _OVER; may be NULL */
    struct item *item; /* owned: of SERVED_ITEM */
    uint64_t took_us;
    uint64_t ended_us;
};

/* What a handlers' thread works with. */
struct shift {
    struct host *host;
    struct mu_arena *arena;
    uint64_t now_us;
};

/* ---- with the lock ---- */

/* The first thing that is due; false where nothing is any more. */
static bool dispatch_next(struct job *job, struct mu_call *call)
{
    static const enum served_event order[] = { SERVED_OPEN, SERVED_OVER, SERVED_ITEM, SERVED_END,
        SERVED_CREDIT, SERVED_TIMER };
    size_t i = 0;

    if (call->due == 0)
        return false;
    while ((call->due & order[i]) == 0)
        i += 1;
    *job = (struct job){ .call = call, .event = order[i] };
    if (job->event == SERVED_OPEN && atomic_load(&call->over))
        job->event = SERVED_DROP;
    if (job->event == SERVED_ITEM)
        job->item = item_pop(&served_rest(call)->items);
    else if (job->event == SERVED_CREDIT)
        job->fn = served_rest(call)->on_credit;
    else if (job->event == SERVED_TIMER)
        job->fn = served_rest(call)->on_timer;
    else if (job->event == SERVED_OVER)
        job->fn = served_rest(call)->on_over;
    if (job->event != SERVED_ITEM || call->rest.items.first == NULL)
        call->due &= ~(unsigned)order[i];
    return true;
}

/* Takes up to `max` jobs off the queue, and no more than DISPATCH_SIZE_MAX of what they bring: who
 * comes next waits for all of them. */
static size_t dispatch_take(struct host *host, struct job *jobs, size_t max)
{
    size_t count = 0;
    size_t size = 0;
    struct mu_call *call;

    while (count < max && size < DISPATCH_SIZE_MAX && (call = turns_pop(&host->turns)) != NULL) {
        __builtin_prefetch(call->next);
        size += call->body.size;
        call->place = SERVED_IDLE;
        if (atomic_load(&call->answered))
            host_call_free(host, call);
        else if (dispatch_next(&jobs[count], call))
            jobs[count++].call->place = SERVED_HELD;
    }
    return count;
}

static void dispatch_put_back(struct host *host, struct job *job)
{
    struct mu_call *call = job->call;
    uint32_t credit = 0;

    if (call->tally != NULL)
        tally_pace(call->tally, job->took_us);
    call->place = SERVED_IDLE;
    if (atomic_load(&call->answered)) {
        if (call->tally != NULL && !call->timed && call->opened_us != 0)
            tally_busy(call->tally, job->ended_us - call->opened_us);
        host_call_free(host, call);
        return;
    }
    if (job->item != NULL && !atomic_load(&call->over))
        credit = credit_consume(&call->rest.in, job->item->size);
    if (credit != 0 && call->epoch == host->client->epoch)
        connection_put(host->client,
                &(struct envelope){ .kind = ENVELOPE_CREDIT, .id = call->id, .credit = credit });
    if (call->due != 0)
        host_raise(host, call, 0);
}

/* ---- without it ---- */

static void dispatch_find(struct host *host, struct mu_call *call)
{
    const struct mu_service_type *type = host->service->type;

    call->tally = &host->tallies.methods[type->method_count];
    for (size_t i = 0; i < type->method_count; i++) {
        if (strcmp(type->methods[i].name, call->name) == 0) {
            call->method = &type->methods[i];
            call->tally = &host->tallies.methods[i];
            return;
        }
    }
}

static void dispatch_refuse_unknown(struct host *host, struct mu_call *call)
{
    const char *near = nearest_method(host->service->type, call->name);

    if (near != NULL)
        mu_call_refuse(call, MU_UNIMPLEMENTED, "%s has no method %s: did you mean %s?", host->name,
                call->name, near);
    else
        mu_call_refuse(call, MU_UNIMPLEMENTED, "%s has no method %s", host->name, call->name);
}

static const char *dispatch_shape_name(enum mu_shape shape)
{
    static const char *const names[] = {
        [MU_UNARY] = "unary",
        [MU_CLIENT_STREAM] = "a client stream",
        [MU_SERVER_STREAM] = "a server stream",
        [MU_TWO_WAY] = "a two-way stream",
    };

    return names[shape];
}

/* Unpacks into the shift's arena. Returns NULL with `error` saying why. */
static ProtobufCMessage *dispatch_unpack(struct shift *shift,
        const ProtobufCMessageDescriptor *type, struct mu_bytes body, struct mu_schema_error *error)
{
    mu_arena_reset(shift->arena, SIZE_MAX);
    return mu_arena_unpack(shift->arena, type, body, error);
}

static void dispatch_open(struct shift *shift, struct mu_call *call)
{
    const struct mu_method *method = call->method;
    const ProtobufCMessage *request = NULL;
    struct mu_schema_error error;

    call->opened_us = shift->now_us;
    if (shift->now_us >= call->deadline_us) {
        mu_call_refuse(call, MU_DEADLINE_EXCEEDED, "the time was over before the call's turn came");
    } else if (method == NULL) {
        if (!own_method_serve(shift->host, call))
            dispatch_refuse_unknown(shift->host, call);
    } else if (method->shape != call->shape) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "%s is %s, and was called as %s", method->name,
                dispatch_shape_name(method->shape), dispatch_shape_name(call->shape));
    } else if (method->open == NULL) {
        mu_call_refuse(call, MU_UNIMPLEMENTED, "%s does not implement %s", shift->host->name,
                method->name);
    } else if (method->shape == MU_CLIENT_STREAM || method->shape == MU_TWO_WAY) {
        method->open(shift->host->service->handlers, call, NULL);
    } else {
        request = dispatch_unpack(shift, method->request, call->body, &error);
        if (request != NULL)
            method->open(shift->host->service->handlers, call, request);
        else
            mu_call_refuse(call, MU_INVALID_ARGUMENT, "the request is no %s: %s",
                    method->request->name, error.text);
    }
}

/* The handler has the call: it is not ended here, but on the wire. */
static void dispatch_spoil(struct shift *shift, struct mu_call *call, const char *why)
{
    struct host *host = shift->host;
    struct mu_status status;

    verdict_set(&status, MU_INVALID_ARGUMENT, MU_EXECUTED_UNKNOWN, host->name,
            "an item is no %s: %s", call->method->request->name, why);
    pthread_mutex_lock(&host->client->lock);
    if (!atomic_load(&call->answered))
        host_abandon(host, call, &status);
    connection_unlock_later(host->client);
}

static void dispatch_item(struct shift *shift, struct mu_call *call, const struct item *item)
{
    const struct mu_method *method = call->method;
    struct mu_schema_error error;
    const ProtobufCMessage *message = dispatch_unpack(
            shift, method->request, (struct mu_bytes){ item->bytes, item->size }, &error);

    if (message == NULL)
        dispatch_spoil(shift, call, error.text);
    else if (method->item != NULL)
        method->item(shift->host->service->handlers, call, message);
}

static void dispatch_run(struct shift *shift, const struct job *job)
{
    struct mu_call *call = job->call;

    served_set_current(call);
    switch (job->event) {
    case SERVED_OPEN:
        dispatch_open(shift, call);
        break;
    case SERVED_ITEM:
        dispatch_item(shift, call, job->item);
        break;
    case SERVED_END:
        if (call->method->end != NULL)
            call->method->end(shift->host->service->handlers, call);
        break;
    case SERVED_CREDIT:
    case SERVED_TIMER:
    case SERVED_OVER:
        if (job->fn != NULL)
            job->fn(call);
        break;
    case SERVED_DROP:
        mu_call_refuse(call, MU_CANCELLED, "the caller gave up before the call's turn came");
        break;
    }
    served_set_current(NULL);
}

static void dispatch_flush(struct host *host)
{
    pthread_mutex_lock(&host->client->lock);
    connection_unlock(host->client);
}

static void dispatch_run_all(struct shift *shift, struct job *jobs, size_t count)
{
    uint64_t flushed_us;

    shift->now_us = clock_us();
    flushed_us = shift->now_us;
    for (size_t i = 0; i < count; i++) {
        struct mu_call *call = jobs[i].call;
        uint64_t started_us = shift->now_us;

        if (jobs[i].event == SERVED_OPEN)
            dispatch_find(shift->host, call);
        if (i > 0 && ((call->tally != NULL && call->tally->pace_us > DISPATCH_FAST_US) ||
                             started_us - flushed_us > DISPATCH_GATHER_US)) {
            dispatch_flush(shift->host);
            flushed_us = started_us;
        }
        if (!atomic_load(&call->answered)) /* by another call's handler, meanwhile */
            dispatch_run(shift, &jobs[i]);
        shift->now_us = clock_us();
        jobs[i].took_us = shift->now_us - started_us;
        jobs[i].ended_us = shift->now_us;
    }
}

static void dispatch_work(struct shift *shift, struct job *jobs, size_t count)
{
    struct host *host = shift->host;

    connection_batch_begin(host->client);
    dispatch_run_all(shift, jobs, count);
    connection_batch_end();
    pthread_mutex_lock(&host->client->lock);
    for (size_t i = 0; i < count; i++)
        dispatch_put_back(host, &jobs[i]);
    host->busy -= 1;
    host->unsettled += (uint32_t)count;
    connection_unlock(host->client);
    for (size_t i = 0; i < count; i++)
        free(jobs[i].item);
}

static void dispatch_settle(struct host *host)
{
    connection_batch_begin(host->client);
    host->service->settle(host->service->state);
    connection_batch_end();
    pthread_mutex_lock(&host->client->lock);
    host->busy -= 1;
    connection_unlock(host->client);
}

/* Waits for the bell. Called with the lock, returns without it. */
static void dispatch_wait(struct host *host, unsigned seen, uint64_t until_us)
{
    uint64_t alarm_us = alarm_next(&host->alarms);

    host->idle += 1;
    connection_unlock(host->client);
    futex_wait(&host->bell, seen, alarm_us < until_us ? alarm_us : until_us);
    pthread_mutex_lock(&host->client->lock);
    host->idle -= 1;
    pthread_mutex_unlock(&host->client->lock);
}

static bool dispatch_is_blocked(struct host *host)
{
    return carrier_exists(&host->client->carrier) &&
           carrier_queued(&host->client->carrier) > HOST_BACKLOG_MAX;
}

void host_turn(struct host *host, struct mu_arena *arena, unsigned seen, uint64_t until_us)
{
    struct shift shift = { .host = host, .arena = arena };
    struct job jobs[HOST_BATCH_MAX];
    struct alarm *alarm;
    size_t count = 0;
    bool settle;

    pthread_mutex_lock(&host->client->lock);
    while (host->alarms.count > 0 && (alarm = alarm_pop(&host->alarms, clock_us())) != NULL) {
        if (alarm->event == SERVED_OVER)
            host_end_interest(host, alarm->call);
        else
            host_raise(host, alarm->call, alarm->event);
    }
    settle = host->service->settle != NULL && host->unsettled > 0 && host->busy == 0 &&
             (host->turns.count == 0 || host->unsettled >= DISPATCH_SETTLE_MAX);
    if (dispatch_is_blocked(host))
        until_us = clock_us() + DISPATCH_BACKLOG_US;
    else if (!settle)
        count = dispatch_take(host, jobs, host->batch_max);
    if (count == 0 && !settle) {
        dispatch_wait(host, seen, until_us);
        return;
    }
    host->busy += 1;
    if (settle)
        host->unsettled = 0;
    connection_unlock(host->client);
    if (settle)
        dispatch_settle(host);
    else
        dispatch_work(&shift, jobs, count);
}
