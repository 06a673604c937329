// SPDX-License-Identifier: Apache-2.0
#include "client/completion.h"

#include <stdlib.h>
#include <string.h>

#include "client/futex.h"
#include "client/verdict.h"
#include "mu/schema.h"

static void completion_read(const struct completion *completion, const struct mu_status *verdict,
        struct mu_status *status)
{
    if (verdict != NULL)
        *status = *verdict;
    else
        verdict_read(status, completion->status);
}

static void completion_fill(const struct completion *completion, const struct mu_status *verdict,
        struct mu_result *result)
{
    completion_read(completion, verdict, &result->status);
    result->body = NULL;
    result->size = 0;
    if (completion->trace.size == MU_TRACE_SIZE)
        memcpy(result->trace, completion->trace.data, MU_TRACE_SIZE);
    else if (completion->call.traced)
        memcpy(result->trace, completion->call.trace, MU_TRACE_SIZE);
    else
        memset(result->trace, 0, MU_TRACE_SIZE);
    if (result->status.code != MU_OK)
        return;
    result->body = malloc(completion->body.size != 0 ? completion->body.size : 1);
    if (result->body == NULL) {
        verdict_set(&result->status, MU_RESOURCE_EXHAUSTED, MU_EXECUTED_YES, "client",
                "no memory for an answer of %zu bytes", completion->body.size);
        return;
    }
    if (completion->body.size != 0)
        memcpy(result->body, completion->body.data, completion->body.size);
    result->size = completion->body.size;
}

static void completion_tell_message(const struct completion *completion,
        const struct mu_status *verdict, struct mu_arena *arena)
{
    const struct mu_message_hearer hearer = { completion->call.to.message, completion->call.then,
        completion->call.user };
    const ProtobufCMessageDescriptor *type = completion->call.type;
    struct mu_bytes body = { completion->body.data, completion->body.size };
    struct mu_schema_error error;
    ProtobufCMessage *reply = NULL;
    struct mu_status status;

    completion_read(completion, verdict, &status);
    if (status.code == MU_OK) {
        mu_arena_reset(arena, SIZE_MAX);
        reply = mu_arena_unpack(arena, type, body, &error);
        if (reply == NULL)
            verdict_set(&status, MU_INTERNAL, MU_EXECUTED_YES, "client", "the answer is no %s: %s",
                    type->name, error.text);
    }
    completion->call.to.message(&status, reply, &hearer);
}

static void completion_tell_bytes(
        const struct completion *completion, const struct mu_status *verdict)
{
    struct mu_result result;

    completion_fill(completion, verdict, &result);
    completion->call.to.bytes(&result, completion->call.user);
    mu_result_deinit(&result);
}

void completion_tell(const struct completion *completion, const struct mu_status *verdict,
        struct mu_arena *arena)
{
    struct waiter *waiter = completion->call.to.waiter;

    switch ((enum pending_kind)completion->call.kind) {
    case PENDING_WAITED:
        completion_fill(completion, verdict, waiter->result);
        atomic_store_explicit(&waiter->done, 1, memory_order_release);
        futex_wake(&waiter->done, 1);
        break;
    case PENDING_BYTES:
        completion_tell_bytes(completion, verdict);
        break;
    case PENDING_MESSAGE:
        completion_tell_message(completion, verdict, arena);
        break;
    case PENDING_STREAM:
    case PENDING_FREE:
        break; /* told on the spot, or nobody's */
    }
}

void completions_tell(const struct completions *completions, const struct mu_status *verdict,
        struct mu_arena *arena)
{
    for (uint32_t i = 0; i < completions->count; i++)
        completion_tell(&completions->list[i], verdict, arena);
}
