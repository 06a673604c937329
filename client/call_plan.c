// SPDX-License-Identifier: Apache-2.0
#include "client/call_plan.h"

#include <string.h>

#include "client/served.h"
#include "client/verdict.h"
#include "transport/secure/identity_limits.h"

/* Passes on what the parent leaves: its deadline always; its number only where the router knows it,
 * which then passes on trace and cancel by itself. False where the parent is over. */
static bool call_plan_inherit(
        struct call_plan *plan, const struct mu_client *client, struct mu_status *status)
{
    const struct mu_call *parent = plan->parent;
    uint32_t left = mu_call_remaining_ms(parent);

    if (left == 0) {
        verdict_set(status, MU_CANCELLED, MU_EXECUTED_NO, "client",
                "the call that this one was made for is over");
        return false;
    }
    if (left < plan->wait_ms) {
        plan->wait_ms = left;
        plan->envelope.timeout_ms = left;
    }
    if (mu_call_client(parent) == client) {
        plan->envelope.parent = served_id(parent);
    } else if (plan->envelope.trace.size == 0) {
        memcpy(plan->trace, mu_call_trace(parent), MU_TRACE_SIZE);
        plan->envelope.trace = (struct span){ plan->trace, MU_TRACE_SIZE };
    }
    return true;
}

void call_plan_refuse_size(size_t size, struct mu_status *status)
{
    verdict_set(status, MU_INVALID_ARGUMENT, MU_EXECUTED_NO, "client",
            "a request of %zu bytes is over the limit of %d: stream it", size, MU_MESSAGE_MAX);
}

_Static_assert((int)MU_KEY_MAX == (int)KEY_SIZE_MAX, "the router takes such keys");

/* False where the call cannot have the key. */
static bool call_plan_take_key(
        struct call_plan *plan, struct mu_bytes key, struct mu_status *status)
{
    if (key.size > MU_KEY_MAX || (key.size > 0 && plan->envelope.shape != SHAPE_UNARY)) {
        verdict_set(status, MU_INVALID_ARGUMENT, MU_EXECUTED_NO, "client",
                "a key has at most %d bytes, and a stream has none", MU_KEY_MAX);
        return false;
    }
    plan->envelope.key = (struct span){ key.data, key.size };
    return true;
}

bool call_plan_make(struct call_plan *plan, const struct mu_client *client, const char *endpoint,
        enum mu_shape shape, struct mu_bytes body, const struct mu_call_options *options,
        struct mu_status *status)
{
    struct span name = { (const uint8_t *)endpoint, strnlen(endpoint, MU_ENDPOINT_MAX) };
    uint32_t timeout_ms = options != NULL ? options->timeout_ms : 0;
    const struct mu_call *parent = options != NULL ? options->parent : NULL;

    if (!endpoint_is_valid(name)) {
        verdict_set(status, MU_INVALID_ARGUMENT, MU_EXECUTED_NO, "client",
                "\"%.64s\" is no endpoint: expected service.Method, e.g. greeter.Hello", endpoint);
        return false;
    }
    if (body.size > MU_MESSAGE_MAX) {
        call_plan_refuse_size(body.size, status);
        return false;
    }
    if (timeout_ms > MU_TIMEOUT_MAX_MS)
        timeout_ms = MU_TIMEOUT_MAX_MS;
    plan->envelope = (struct envelope){
        .kind = ENVELOPE_CALL,
        .shape = (enum envelope_shape)shape,
        .timeout_ms = timeout_ms,
        .endpoint = name,
        .body = { body.data, body.size },
    };
    if (options != NULL && options->trace != NULL)
        plan->envelope.trace = (struct span){ options->trace, MU_TRACE_SIZE };
    plan->wait_ms = timeout_ms;
    if (timeout_ms == 0)
        plan->wait_ms = shape == MU_UNARY ? MU_TIMEOUT_DEFAULT_MS : UINT32_MAX;
    if (options != NULL && options->token != NULL) {
        size_t size = strnlen(options->token, ACCESS_TEXT_MAX + 1);

        if (size > ACCESS_TEXT_MAX) {
            verdict_set(status, MU_INVALID_ARGUMENT, MU_EXECUTED_NO, "client",
                    "an access token has at most %d characters", ACCESS_TEXT_MAX);
            return false;
        }
        plan->envelope.token = (struct span){ (const uint8_t *)options->token, size };
    }
    if (options != NULL && !call_plan_take_key(plan, options->key, status))
        return false;
    plan->parent = parent;
    if (parent == NULL && (options == NULL || !options->detached))
        plan->parent = served_current();
    return plan->parent == NULL || call_plan_inherit(plan, client, status);
}

void call_plan_keep_trace(const struct call_plan *plan, struct pending *call)
{
    call->traced = plan->envelope.trace.size == MU_TRACE_SIZE;
    if (call->traced)
        memcpy(call->trace, plan->envelope.trace.data, MU_TRACE_SIZE);
}
