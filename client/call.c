// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "client/connection.h"
#include "client/completion.h"
#include "client/futex.h"
#include "client/scratch.h"
#include "client/verdict.h"
#include "mu/schema.h"

void mu_result_deinit(struct mu_result *result)
{
    free(result->body);
    result->body = NULL;
    result->size = 0;
}

/* The time is over and nobody answered; or just now somebody does. */
static void call_expire(struct mu_client *client, uint64_t id, struct waiter *waiter)
{
    struct pending call;

    if (!connection_give_up(client, id, &call)) {
        while (atomic_load_explicit(&waiter->done, memory_order_acquire) == 0)
            futex_wait(&waiter->done, 0, UINT64_MAX);
        return;
    }
    if (call.epoch != 0) {
        verdict_set(&waiter->result->status, MU_DEADLINE_EXCEEDED, MU_EXECUTED_UNKNOWN, "client",
                "neither the service nor the router answered in time");
        return;
    }
    pthread_mutex_lock(&client->lock);
    connection_explain_absence(client, &waiter->result->status);
    pthread_mutex_unlock(&client->lock);
}

enum mu_code mu_call(struct mu_client *client, const char *endpoint, struct mu_bytes request,
        const struct mu_call_options *options, struct mu_result *result)
{
    struct waiter waiter = { .result = result };
    struct pending what = { .kind = PENDING_WAITED, .to.waiter = &waiter };
    struct call_plan plan;
    uint64_t deadline_us;
    uint64_t id;

    *result = (struct mu_result){ .status.code = MU_INTERNAL };
    if (connection_is_receiving(client)) {
        verdict_set(&result->status, MU_FAILED_PRECONDITION, MU_EXECUTED_NO, "client",
                "a callback cannot wait for an answer: use mu_call_async");
        return result->status.code;
    }
    if (!call_plan_make(&plan, client, endpoint, MU_UNARY, request, options, &result->status))
        return result->status.code;
    call_plan_keep_trace(&plan, &what);
    deadline_us = clock_us() + (plan.wait_ms + GRACE_MS) * UINT64_C(1000);
    id = connection_begin(client, &plan, &what, &result->status);
    if (id == 0)
        return result->status.code;
    while (atomic_load_explicit(&waiter.done, memory_order_acquire) == 0) {
        if (clock_us() >= deadline_us) {
            call_expire(client, id, &waiter);
            break;
        }
        futex_wait(&waiter.done, 0, deadline_us);
    }
    return result->status.code;
}

/* Starts an asynchronous call. Returns its number, or 0 with `*status` for the callback. */
static uint64_t call_begin_async(struct mu_client *client, const char *endpoint,
        struct mu_bytes request, const struct mu_call_options *options, struct pending *what,
        struct mu_status *status)
{
    struct call_plan plan;

    if (!call_plan_make(&plan, client, endpoint, MU_UNARY, request, options, status))
        return 0;
    call_plan_keep_trace(&plan, what);
    what->give_up_ms = keeper_now_ms() + plan.wait_ms + GRACE_MS;
    return connection_begin(client, &plan, what, status);
}

uint64_t mu_call_async(struct mu_client *client, const char *endpoint, struct mu_bytes request,
        const struct mu_call_options *options, mu_result_fn fn, void *user)
{
    struct pending what = { .kind = PENDING_BYTES, .to.bytes = fn, .user = user };
    struct mu_status status;
    uint64_t id = call_begin_async(client, endpoint, request, options, &what, &status);

    if (id == 0)
        completion_tell(&(struct completion){ .call = what }, &status, NULL);
    return id;
}

/* Packs a request, or says in `*status` why it cannot be. */
static bool call_pack(
        struct scratch *scratch, const ProtobufCMessage *request, struct mu_status *status)
{
    enum scratch_outcome outcome = scratch_pack(scratch, request);

    if (outcome == SCRATCH_TOO_LARGE)
        call_plan_refuse_size(scratch->bytes.size, status);
    else if (outcome == SCRATCH_NO_MEMORY)
        verdict_set(status, MU_RESOURCE_EXHAUSTED, MU_EXECUTED_NO, "client",
                "no memory to pack the request");
    return outcome == SCRATCH_OK;
}

uint64_t mu_call_message_async(struct mu_client *client, const char *endpoint,
        const ProtobufCMessage *request, const ProtobufCMessageDescriptor *reply_type,
        const struct mu_call_options *options, const struct mu_message_hearer *hearer)
{
    struct pending what = { .kind = PENDING_MESSAGE,
        .to.message = hearer->fn,
        .type = reply_type,
        .then = hearer->then,
        .user = hearer->user };
    struct mu_status status;
    struct scratch scratch;
    uint64_t id = 0;

    if (call_pack(&scratch, request, &status)) {
        id = call_begin_async(client, endpoint, scratch.bytes, options, &what, &status);
        scratch_free(&scratch);
    }
    if (id == 0)
        completion_tell(&(struct completion){ .call = what }, &status, NULL);
    return id;
}

void mu_call_cancel(struct mu_client *client, uint64_t id)
{
    struct completion completion = { 0 };
    struct mu_status status;

    if (!connection_give_up(client, id, &completion.call))
        return;
    verdict_set(&status, MU_CANCELLED,
            completion.call.epoch != 0 ? MU_EXECUTED_UNKNOWN : MU_EXECUTED_NO, "client",
            "cancelled here");
    completion_tell(&completion, &status, NULL);
}

/* Unpacks the body of an answer, for protobuf_c_message_free_unpacked. */
static ProtobufCMessage *call_unpack(
        struct mu_result *result, const ProtobufCMessageDescriptor *type)
{
    struct mu_bytes body = { result->body, result->size };
    ProtobufCMessage *message = NULL;
    struct mu_schema_error error;

    if (mu_body_check(type, body, &error) < 0) {
        verdict_set(&result->status, MU_INTERNAL, MU_EXECUTED_YES, "client",
                "the answer is no %s: %s", type->name, error.text);
        return NULL;
    }
    message = protobuf_c_message_unpack(type, NULL, body.size, body.data);
    if (message == NULL)
        verdict_set(&result->status, MU_RESOURCE_EXHAUSTED, MU_EXECUTED_YES, "client",
                "no memory to unpack the answer");
    return message;
}

enum mu_code mu_call_message(struct mu_client *client, const char *endpoint,
        const ProtobufCMessage *request, const ProtobufCMessageDescriptor *reply_type,
        const struct mu_call_options *options, ProtobufCMessage **replyp, struct mu_status *status)
{
    struct mu_result result = { .body = NULL };
    ProtobufCMessage *reply = NULL;
    struct scratch scratch;

    if (call_pack(&scratch, request, &result.status)) {
        mu_call(client, endpoint, scratch.bytes, options, &result);
        scratch_free(&scratch);
    }
    if (result.status.code == MU_OK)
        reply = call_unpack(&result, reply_type);
    mu_result_deinit(&result);
    if (status != NULL)
        *status = result.status;
    if (reply != NULL)
        *replyp = reply;
    return result.status.code;
}
