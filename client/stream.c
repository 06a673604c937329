// SPDX-License-Identifier: Apache-2.0
/* A stream waits on a condition of its own, with its client's lock. Items lie here as copies: the
 * window bounds them, and the connection's buffer is free for the next read. */
#include "client/stream.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "client/connection.h"
#include "client/credit.h"
#include "client/item.h"
#include "client/scratch.h"
#include "client/verdict.h"
#include "mu/schema.h"

enum { STREAM_RETRY_US = 2000 }; /* until an outbox that was full is tried again */

#define STREAM_ITEM_TOO_LARGE "an item is over the limit of a message"

enum stream_state {
    STREAM_PARKED, /* no connection yet */
    STREAM_OPEN,
    STREAM_ENDED
};

struct mu_stream {
    struct mu_client *client; /* counted */
    pthread_cond_t changed;
    enum mu_shape shape;

    /* Guarded by the client's lock. */
    uint64_t id; /* 0: it was never begun */
    enum stream_state state;
    bool sends;    /* items may still be sent from here */
    bool end_owed; /* END waits for the connection */
    struct credit_sender out;
    struct credit_receiver in;
    struct item_queue items;
    struct mu_status status; /* once it ended */

    struct item *lent; /* owned: what the application looks at; the receiving thread's */
};

/* ---- from the connection ---- */

void stream_opened(struct mu_stream *stream, uint64_t id, bool connected)
{
    stream->id = id;
    if (!connected)
        return;
    stream->state = STREAM_OPEN;
    if (stream->end_owed)
        connection_put(stream->client, &(struct envelope){ .kind = ENVELOPE_END, .id = id });
    pthread_cond_broadcast(&stream->changed);
}

void stream_end(struct mu_stream *stream, const struct mu_status *verdict)
{
    stream->state = STREAM_ENDED;
    stream->status = *verdict;
    pthread_cond_broadcast(&stream->changed);
}

static bool stream_break(struct mu_stream *stream, enum mu_code code, const char *why)
{
    struct mu_status verdict;

    connection_put(stream->client, &(struct envelope){ .kind = ENVELOPE_CANCEL, .id = stream->id });
    verdict_set(&verdict, code, MU_EXECUTED_UNKNOWN, "client", "%s", why);
    stream_end(stream, &verdict);
    return false;
}

bool stream_take_item(struct mu_stream *stream, struct span body)
{
    if (!credit_charge(&stream->in, body.size))
        return stream_break(stream, MU_INTERNAL, "the sender of the stream exceeded its credit");
    if (!item_push(&stream->items, body))
        return stream_break(stream, MU_RESOURCE_EXHAUSTED, "no memory for an item");
    pthread_cond_broadcast(&stream->changed);
    return true;
}

void stream_take_credit(struct mu_stream *stream, uint32_t credit)
{
    credit_refill(&stream->out, credit);
    pthread_cond_broadcast(&stream->changed);
}

void stream_take_result(struct mu_stream *stream, const struct envelope *envelope)
{
    bool answered = stream->shape == MU_UNARY || stream->shape == MU_CLIENT_STREAM;
    struct mu_status verdict;

    verdict_read(&verdict, envelope->status);
    if (verdict.code == MU_OK && answered && !item_push(&stream->items, envelope->body))
        verdict_set(&verdict, MU_RESOURCE_EXHAUSTED, MU_EXECUTED_YES, "client",
                "no memory for the answer");
    stream_end(stream, &verdict);
}

/* ---- from the application ---- */

static struct mu_stream *stream_new(struct mu_client *client, enum mu_shape shape)
{
    struct mu_stream *stream = calloc(1, sizeof(*stream));
    pthread_condattr_t attributes;

    if (stream == NULL)
        return NULL;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&stream->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    stream->client = connection_ref(client);
    stream->shape = shape;
    stream->sends = shape == MU_CLIENT_STREAM || shape == MU_TWO_WAY;
    credit_sender_init(&stream->out);
    return stream;
}

/* Waits for a change, until `deadline_us` of clock_us(). With the lock. */
static void stream_wait(struct mu_stream *stream, uint64_t deadline_us)
{
    struct timespec until = {
        .tv_sec = (time_t)(deadline_us / 1000000u),
        .tv_nsec = (long)(deadline_us % 1000000u * 1000u),
    };

    if (deadline_us == UINT64_MAX)
        pthread_cond_wait(&stream->changed, &stream->client->lock);
    else
        pthread_cond_timedwait(&stream->changed, &stream->client->lock, &until);
}

/* Ends the stream unless it ended already, and tells the router. With the lock. */
static void stream_abandon(struct mu_stream *stream, enum mu_code code, const char *why)
{
    struct mu_client *client = stream->client;
    struct pending *pending = call_table_find(&client->calls, stream->id);
    struct mu_status verdict;

    if (stream->state == STREAM_ENDED)
        return;
    verdict_set(&verdict, code,
            stream->state == STREAM_PARKED ? MU_EXECUTED_NO : MU_EXECUTED_UNKNOWN, "client", "%s",
            why);
    if (stream->state == STREAM_OPEN)
        connection_put(client, &(struct envelope){ .kind = ENVELOPE_CANCEL, .id = stream->id });
    stream_end(stream, &verdict);
    if (pending != NULL)
        call_table_give(&client->calls, pending);
}

int mu_stream_open(struct mu_client *client, const char *endpoint, enum mu_shape shape,
        struct mu_bytes request, const struct mu_call_options *options, struct mu_stream **streamp)
{
    struct mu_stream *stream = stream_new(client, shape);
    struct pending what = { .kind = PENDING_STREAM, .to.stream = stream };
    struct mu_status status;
    struct call_plan plan;
    bool begun = false;

    if (stream == NULL)
        return err_new(-ENOMEM);
    if (call_plan_make(&plan, client, endpoint, shape, request, options, &status)) {
        if (plan.wait_ms != UINT32_MAX)
            what.give_up_ms = keeper_now_ms() + plan.wait_ms + GRACE_MS;
        begun = connection_begin(client, &plan, &what, &status) != 0;
    }
    if (!begun) {
        pthread_mutex_lock(&client->lock);
        stream_end(stream, &status);
        pthread_mutex_unlock(&client->lock);
    }
    *streamp = stream;
    return 0;
}

enum mu_stream_outcome mu_stream_send(struct mu_stream *stream, struct mu_bytes item)
{
    struct mu_client *client = stream->client;
    struct envelope envelope = { .kind = ENVELOPE_ITEM, .body = { item.data, item.size } };
    enum mu_stream_outcome outcome = MU_STREAM_TIMEOUT;

    pthread_mutex_lock(&client->lock);
    if (item.size > MU_MESSAGE_MAX)
        stream_abandon(stream, MU_INVALID_ARGUMENT, STREAM_ITEM_TOO_LARGE);
    while (outcome == MU_STREAM_TIMEOUT) {
        envelope.id = stream->id;
        if (stream->state == STREAM_ENDED || !stream->sends) {
            outcome = MU_STREAM_ENDED;
        } else if (stream->state == STREAM_PARKED || stream->out.left <= 0) {
            stream_wait(stream, UINT64_MAX);
        } else if (carrier_exists(&client->carrier) &&
                   carrier_put(&client->carrier, &envelope, OUTBOX_CALLS) == OUTBOX_OK) {
            credit_spend(&stream->out, item.size);
            outcome = MU_STREAM_OK;
        } else {
            stream_wait(stream, clock_us() + STREAM_RETRY_US);
        }
    }
    connection_unlock(client);
    return outcome;
}

void mu_stream_end(struct mu_stream *stream)
{
    struct mu_client *client = stream->client;

    pthread_mutex_lock(&client->lock);
    if (stream->sends && stream->state == STREAM_OPEN)
        connection_put(client, &(struct envelope){ .kind = ENVELOPE_END, .id = stream->id });
    stream->end_owed = stream->sends && stream->state == STREAM_PARKED;
    stream->sends = false;
    connection_unlock(client);
}

enum mu_stream_outcome mu_stream_receive(
        struct mu_stream *stream, uint32_t wait_ms, struct mu_bytes *item)
{
    struct mu_client *client = stream->client;
    uint64_t deadline_us = UINT64_MAX;
    bool ended;
    uint32_t credit;

    if (wait_ms != UINT32_MAX)
        deadline_us = clock_us() + wait_ms * UINT64_C(1000);
    free(stream->lent);
    pthread_mutex_lock(&client->lock);
    while (stream->items.first == NULL && stream->state != STREAM_ENDED &&
            (deadline_us == UINT64_MAX || clock_us() < deadline_us))
        stream_wait(stream, deadline_us);
    stream->lent = item_pop(&stream->items);
    ended = stream->state == STREAM_ENDED;
    if (stream->lent != NULL && !ended) {
        credit = credit_consume(&stream->in, stream->lent->size);
        if (credit != 0)
            connection_put(
                    client, &(struct envelope){
                                    .kind = ENVELOPE_CREDIT, .id = stream->id, .credit = credit });
    }
    connection_unlock(client);
    if (stream->lent == NULL)
        return ended ? MU_STREAM_ENDED : MU_STREAM_TIMEOUT;
    *item = (struct mu_bytes){ stream->lent->bytes, stream->lent->size };
    return MU_STREAM_OK;
}

static void stream_give_up(struct mu_stream *stream, enum mu_code code, const char *why)
{
    pthread_mutex_lock(&stream->client->lock);
    stream_abandon(stream, code, why);
    connection_unlock(stream->client);
}

void mu_stream_cancel(struct mu_stream *stream)
{
    stream_give_up(stream, MU_CANCELLED, "cancelled here");
}

enum mu_code mu_stream_finish(struct mu_stream *stream, struct mu_status *status)
{
    enum mu_code code;

    if (stream == NULL)
        return MU_OK;
    mu_stream_cancel(stream);
    code = stream->status.code;
    if (status != NULL)
        *status = stream->status;
    free(stream->lent);
    item_clear(&stream->items);
    pthread_cond_destroy(&stream->changed);
    connection_unref(stream->client);
    free(stream);
    return code;
}

/* ---- typed ---- */

int mu_stream_open_message(struct mu_client *client, const char *endpoint, enum mu_shape shape,
        const ProtobufCMessage *request, const struct mu_call_options *options,
        struct mu_stream **streamp)
{
    struct scratch scratch = { .heap = NULL };
    enum scratch_outcome outcome = SCRATCH_OK;
    int r;

    if (request != NULL)
        outcome = scratch_pack(&scratch, request);
    if (outcome == SCRATCH_NO_MEMORY)
        return err_new(-ENOMEM);
    /* A request that is too large was not packed: its size alone is looked at, and refused. */
    r = mu_stream_open(client, endpoint, shape, scratch.bytes, options, streamp);
    scratch_free(&scratch);
    return r;
}

enum mu_stream_outcome mu_stream_send_message(
        struct mu_stream *stream, const ProtobufCMessage *item)
{
    enum mu_stream_outcome outcome = MU_STREAM_ENDED;
    struct scratch scratch;

    switch (scratch_pack(&scratch, item)) {
    case SCRATCH_OK:
        outcome = mu_stream_send(stream, scratch.bytes);
        scratch_free(&scratch);
        break;
    case SCRATCH_TOO_LARGE:
        stream_give_up(stream, MU_INVALID_ARGUMENT, STREAM_ITEM_TOO_LARGE);
        break;
    case SCRATCH_NO_MEMORY:
        stream_give_up(stream, MU_RESOURCE_EXHAUSTED, "no memory to pack an item");
        break;
    }
    return outcome;
}

enum mu_stream_outcome mu_stream_receive_message(struct mu_stream *stream, uint32_t wait_ms,
        const ProtobufCMessageDescriptor *type, ProtobufCMessage **itemp)
{
    struct mu_schema_error error = { "no memory" };
    struct mu_bytes item;
    enum mu_stream_outcome outcome = mu_stream_receive(stream, wait_ms, &item);
    ProtobufCMessage *message = NULL;

    if (outcome != MU_STREAM_OK)
        return outcome;
    if (mu_body_check(type, item, &error) == 0)
        message = protobuf_c_message_unpack(type, NULL, item.size, item.data);
    if (message != NULL) {
        *itemp = message;
        return MU_STREAM_OK;
    }
    pthread_mutex_lock(&stream->client->lock);
    stream_abandon(stream, MU_INTERNAL, "an item cannot be unpacked");
    verdict_set(&stream->status, MU_INTERNAL, MU_EXECUTED_UNKNOWN, "client", "an item is no %s: %s",
            type->name, error.text);
    item_clear(&stream->items);
    connection_unlock(stream->client);
    return MU_STREAM_ENDED;
}
