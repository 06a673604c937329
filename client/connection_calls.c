// SPDX-License-Identifier: Apache-2.0
/* How calls of a connection begin, and how they end by this side's word. */
#include "client/completion.h"
#include "client/connection.h"
#include "client/ending.h"
#include "client/served.h"
#include "client/stream.h"
#include "client/verdict.h"

/* ---- one ---- */

/* True where the router that knew the call's parent is gone. */
static bool connection_forgot(const struct mu_client *client, const struct call_plan *plan)
{
    return plan->envelope.parent != 0 && served_epoch(plan->parent) != client->epoch;
}

/* True where the call goes at once. What is called on behalf of a call that came by a connection
 * goes by that one, which waits for it. */
static bool connection_is_for(const struct mu_client *client, const struct call_plan *plan)
{
    if (client->leaving && plan->envelope.parent != 0)
        return carrier_exists(&client->carrier);
    return connection_is_open(client) && list_is_empty(&client->parking.calls);
}

/* Sends or parks it. Returns NULL, or why neither is possible. */
static const char *connection_post(
        struct mu_client *client, struct call_plan *plan, struct pending *pending)
{
    uint64_t deadline_ms =
            plan->wait_ms == UINT32_MAX ? UINT64_MAX : keeper_now_ms() + plan->wait_ms;

    if (connection_forgot(client, plan))
        plan->envelope.parent = 0;
    if (pending->give_up_ms != 0 && !keeper_watch(client, pending->give_up_ms))
        return "no thread to keep the deadline with";
    if (connection_is_for(client, plan)) {
        if (carrier_put(&client->carrier, &plan->envelope, OUTBOX_CALLS) != OUTBOX_OK)
            return "too much waits for the router already";
        pending->epoch = client->epoch;
        return NULL;
    }
    pending->epoch = 0;
    if (!keeper_watch(client, 0))
        return "no thread to connect with";
    if (!parking_add(&client->parking, &plan->envelope, deadline_ms))
        return "too much waits for a connection already";
    return NULL;
}

uint64_t connection_begin(struct mu_client *client, struct call_plan *plan,
        const struct pending *what, struct mu_status *status)
{
    const char *why = "too many calls are in flight already";
    enum mu_code code = MU_RESOURCE_EXHAUSTED;
    struct pending *pending = NULL;
    uint64_t id = 0;

    pthread_mutex_lock(&client->lock);
    if (client->closing) {
        code = MU_CANCELLED;
        why = "the client is being closed";
    } else if (connection_forgot(client, plan) && served_has_user(plan->parent)) {
        code = MU_CANCELLED; /* without its parent the call would be nobody's, and with more right
                              */
        why = "the call on whose behalf this one is made went with its router";
    } else {
        pending = call_table_take(&client->calls);
    }
    if (pending != NULL) {
        id = pending->id;
        *pending = *what;
        pending->id = id;
        plan->envelope.id = id;
        why = connection_post(client, plan, pending);
        if (why != NULL) {
            call_table_give(&client->calls, pending);
            id = 0;
        } else if (pending->kind == PENDING_STREAM) {
            stream_opened(pending->to.stream, id, pending->epoch != 0);
        }
    }
    connection_unlock(client);
    if (why != NULL)
        verdict_set(status, code, MU_EXECUTED_NO, "client", "%s", why);
    return id;
}

bool connection_give_up(struct mu_client *client, uint64_t id, struct pending *call)
{
    struct pending *pending;

    pthread_mutex_lock(&client->lock);
    pending = call_table_find(&client->calls, id);
    if (pending == NULL) {
        pthread_mutex_unlock(&client->lock);
        return false;
    }
    *call = *pending;
    call_table_give(&client->calls, pending);
    if (call->epoch != 0)
        connection_put(client, &(struct envelope){ .kind = ENVELOPE_CANCEL, .id = id });
    connection_unlock(client);
    return true;
}

/* ---- many at a time ---- */

static bool ending_covers(const struct ending *ending, const struct pending *pending)
{
    if (pending->epoch != ending->epoch)
        return false;
    return ending->due_ms == UINT64_MAX ||
           (pending->give_up_ms != 0 && pending->give_up_ms <= ending->due_ms);
}

void connection_end_calls(struct mu_client *client, const struct ending *ending)
{
    struct completions completions;
    struct pending *pending;
    uint32_t cursor = 0;

    do {
        completions.count = 0;
        pthread_mutex_lock(&client->lock);
        while (completions.count < COMPLETIONS_MAX) {
            pending = call_table_next(&client->calls, &cursor);
            if (pending == NULL)
                break;
            if (!ending_covers(ending, pending))
                continue;
            if (ending->tell_router)
                connection_put(
                        client, &(struct envelope){ .kind = ENVELOPE_CANCEL, .id = pending->id });
            if (pending->kind == PENDING_STREAM)
                stream_end(pending->to.stream, &ending->verdict);
            else
                completions.list[completions.count++] = (struct completion){ .call = *pending };
            call_table_give(&client->calls, pending);
        }
        connection_unlock(client);
        completions_tell(&completions, &ending->verdict, NULL);
    } while (completions.count == COMPLETIONS_MAX);
}
