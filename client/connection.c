// SPDX-License-Identifier: Apache-2.0
/* The lock is held for bookkeeping only: copying bodies, unpacking, callbacks and system calls
 * happen without it. A call leaves the table under the lock before anybody is told how it ended,
 * which is what makes "exactly once" simple: whoever took it off tells it. */
#include "client/connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "client/completion.h"
#include "client/ending.h"
#include "client/stream.h"
#include "client/user_token.h"
#include "client/verdict.h"
#include "transport/link/session_limits.h"

/* What this thread is in the middle of. libmu is loaded at start or costs a few bytes of the spare
 * room that glibc keeps for this. */
static _Thread_local struct {
    const struct mu_client *client; /* borrowed: during the batch */
    bool receiving;                 /* on the channel's thread, not a handlers' */
} batch __attribute__((tls_model("initial-exec")));

static int connection_receive(struct frame_reader *reader, void *user);
static void connection_closed(void *user);

static int connection_receive_bus(struct channel *channel, struct frame_reader *reader, void *user)
{
    (void)channel;
    return connection_receive(reader, user);
}

static void connection_closed_bus(struct channel *channel, void *user)
{
    (void)channel;
    connection_closed(user);
}

static const struct channel_events connection_bus_events = {
    .receive = connection_receive_bus,
    .closed = connection_closed_bus,
};

static const struct carrier_events connection_remote_events = {
    .receive = connection_receive,
    .closed = connection_closed,
};

/* One with all but what it connects to; NULL without memory. */
static struct mu_client *connection_alloc(const char *address)
{
    struct mu_client *client = calloc(1, sizeof(*client));

    if (client == NULL)
        return NULL;
    pthread_mutex_init(&client->lock, NULL);
    pthread_cond_init(&client->changed, NULL);
    atomic_init(&client->refs, 1);
    snprintf(client->address, ADDRESS_MAX, "%s", address);
    client->epoch = 1;
    mu_arena_init(&client->arena, SIZE_MAX);
    call_table_init(&client->calls);
    parking_init(&client->parking);
    keeper_init(&client->keeper);
    return client;
}

int connection_new(struct mu_client **clientp, const char *address,
        const struct connection_duty *duty, void *duty_user)
{
    struct mu_client *client;

    if (strncmp(address, "ipc://", 6) != 0 && strncmp(address, "tcp://", 6) != 0)
        return err_new(-EINVAL);
    if (strnlen(address, ADDRESS_MAX) == ADDRESS_MAX)
        return err_new(-ENAMETOOLONG);
    client = connection_alloc(address);
    if (client == NULL)
        return err_new(-ENOMEM);
    client->duty = duty;
    client->duty_user = duty_user;
    *clientp = client;
    return 0;
}

int connection_new_remote(struct mu_client **clientp, struct credentials *credentials)
{
    struct credentials *owned = malloc(sizeof(*owned));
    struct mu_client *client = owned != NULL ? connection_alloc(credentials->node) : NULL;

    if (client == NULL) {
        free(owned);
        return err_new(-ENOMEM);
    }
    *owned = *credentials;
    *credentials = (struct credentials){ .fresh = false };
    client->credentials = owned;
    *clientp = client;
    return 0;
}

struct mu_client *connection_ref(struct mu_client *client)
{
    atomic_fetch_add(&client->refs, 1);
    return client;
}

void connection_unref(struct mu_client *client)
{
    if (atomic_fetch_sub(&client->refs, 1) != 1)
        return;
    CHECK(client->calls.open == 0);
    if (client->attempt != NULL)
        remote_drop(client->attempt);
    if (client->credentials != NULL)
        credentials_deinit(client->credentials);
    free(client->credentials);
    user_token_forget(client);
    keeper_deinit(&client->keeper);
    parking_deinit(&client->parking);
    call_table_deinit(&client->calls);
    mu_arena_deinit(&client->arena);
    pthread_cond_destroy(&client->changed);
    pthread_mutex_destroy(&client->lock);
    free(client);
}

/* ---- sending ---- */

void connection_unlock(struct mu_client *client)
{
    struct carrier carrier = client->carrier;
    bool send =
            carrier_exists(&carrier) && !connection_is_receiving(client) && carrier_take(&carrier);

    pthread_mutex_unlock(&client->lock);
    if (send)
        carrier_send(&carrier);
}

void connection_unlock_later(struct mu_client *client)
{
    if (batch.client == client)
        pthread_mutex_unlock(&client->lock);
    else
        connection_unlock(client);
}

bool connection_is_receiving(const struct mu_client *client)
{
    return batch.client == client && batch.receiving;
}

void connection_batch_begin(struct mu_client *client)
{
    CHECK(batch.client == NULL);
    batch.client = client;
}

void connection_batch_end(void)
{
    batch.client = NULL;
}

void connection_put(struct mu_client *client, const struct envelope *envelope)
{
    if (carrier_exists(&client->carrier) &&
            carrier_put(&client->carrier, envelope, OUTBOX_RESULTS) != OUTBOX_OK)
        carrier_close(&client->carrier); /* megabytes that the router does not read: it is no use */
}

/* ---- receiving ---- */

static void connection_take_result(
        struct mu_client *client, const struct envelope *envelope, struct completions *completions)
{
    struct pending *pending = call_table_find(&client->calls, envelope->id);

    if (pending == NULL)
        return; /* given up meanwhile */
    if (pending->kind == PENDING_STREAM) {
        stream_take_result(pending->to.stream, envelope);
    } else {
        struct completion *completion = &completions->list[completions->count++];

        completion->call = *pending;
        completion->status = envelope->status;
        completion->body = envelope->body;
        completion->trace = envelope->trace;
    }
    call_table_give(&client->calls, pending);
}

static void connection_take_stream(struct mu_client *client, const struct envelope *envelope)
{
    struct pending *pending = call_table_find(&client->calls, envelope->id);

    if (pending == NULL || pending->kind != PENDING_STREAM)
        return;
    if (envelope->kind == ENVELOPE_CREDIT)
        stream_take_credit(pending->to.stream, envelope->credit);
    else if (!stream_take_item(pending->to.stream, envelope->body))
        call_table_give(&client->calls, pending);
}

static void connection_take(
        struct mu_client *client, const struct envelope *envelope, struct completions *completions)
{
    bool ours = (envelope->id & CALL_ID_ROUTER) == 0;

    if (envelope->kind == ENVELOPE_RESULT)
        connection_take_result(client, envelope, completions);
    else if (ours && (envelope->kind == ENVELOPE_ITEM || envelope->kind == ENVELOPE_CREDIT))
        connection_take_stream(client, envelope);
    else if (envelope->kind == ENVELOPE_DRAIN && envelope->id != 0)
        client->leaving = true; /* an answer to a service's own DRAIN has no number */
    else if (envelope->kind == ENVELOPE_PING)
        connection_put(client, &(struct envelope){ .kind = ENVELOPE_PONG, .id = envelope->id });
    else if (client->duty != NULL)
        client->duty->take(client->duty_user, envelope);
}

static int connection_receive(struct frame_reader *reader, void *user)
{
    struct mu_client *client = user;
    struct completions completions;
    struct envelope envelope;
    enum frame_outcome outcome = FRAME_ENVELOPE;
    struct carrier carrier;
    bool send;

    batch.client = client;
    batch.receiving = true;
    for (;;) {
        completions.count = 0;
        pthread_mutex_lock(&client->lock);
        while (completions.count < COMPLETIONS_MAX && outcome == FRAME_ENVELOPE) {
            outcome = frame_next(reader, &envelope);
            if (outcome == FRAME_ENVELOPE)
                connection_take(client, &envelope, &completions);
        }
        if (client->duty != NULL)
            client->duty->taken(client->duty_user);
        carrier = client->carrier;
        send = completions.count == 0 && carrier_exists(&carrier) && carrier_take(&carrier);
        pthread_mutex_unlock(&client->lock);
        if (completions.count == 0)
            break;
        completions_tell(&completions, NULL, &client->arena);
    }
    batch.client = NULL;
    batch.receiving = false;
    if (send)
        carrier_send(&carrier);
    return outcome == FRAME_BAD ? err_new(-EPROTO) : 0;
}

/* ---- losing the connection ---- */

/* Why what was under way ended with the connection. */
static const char *connection_loss(const struct mu_client *client)
{
    if (client->closing)
        return "the client was closed";
    return client->credentials != NULL ? "the connection to the node was lost"
                                       : "the connection to the router was lost";
}

static void connection_closed(void *user)
{
    struct mu_client *client = user;
    struct carrier carrier;
    struct ending ending = { .due_ms = UINT64_MAX };

    pthread_mutex_lock(&client->lock);
    carrier = client->carrier;
    client->carrier = (struct carrier){ 0 };
    ending.epoch = client->epoch;
    client->epoch = client->epoch == UINT32_MAX ? 1 : client->epoch + 1;
    verdict_set(&ending.verdict, client->closing ? MU_CANCELLED : MU_UNAVAILABLE,
            MU_EXECUTED_UNKNOWN, "client", "%s", connection_loss(client));
    pthread_mutex_unlock(&client->lock);
    connection_end_calls(client, &ending);
    if (client->duty != NULL)
        client->duty->lost(client->duty_user);
    carrier.type->unref(carrier.of);
    pthread_mutex_lock(&client->lock);
    client->attached = false;
    if (!list_is_empty(&client->parking.calls))
        keeper_watch(client, 0); /* to connect anew */
    pthread_cond_broadcast(&client->changed);
    pthread_mutex_unlock(&client->lock);
    connection_unref(client);
}

/* ---- connecting ---- */

/* Takes the carrier over, and starts it. */
static int connection_attach(
        struct mu_client *client, struct carrier carrier, const struct envelope *hello)
{
    pthread_mutex_lock(&client->lock);
    while (client->attached) /* the last connection's end is still being told */
        pthread_cond_wait(&client->changed, &client->lock);
    if (client->closing) {
        pthread_mutex_unlock(&client->lock);
        carrier.type->close(carrier.of);
        carrier.type->unref(carrier.of);
        return err_new(-ECANCELED);
    }
    client->carrier = carrier;
    client->attached = true;
    client->leaving = false;
    client->why[0] = '\0';
    connection_ref(client); /* the carrier's */
    if (hello != NULL)
        connection_put(client, hello);
    if (user_token_present_again(client))
        connection_unpark(client);
    else
        carrier_close(&client->carrier);
    client->keeper.tick_ms = 0;
    if (carrier.type->tick != NULL)
        keeper_watch(client, 0);
    carrier.type->ref(carrier.of); /* until it is started */
    pthread_mutex_unlock(&client->lock);
    carrier.type->start(carrier.of);
    carrier.type->unref(carrier.of);
    return 0;
}

/* The node let this client in: that is kept, so that it comes without a token the next time. */
static void connection_remember(const struct mu_client *client)
{
    int r = credentials_remember(client->credentials);

    if (r < 0)
        log_warn("the token for the node at %s is not kept: %s", client->address, strerror(-r));
}

/* Goes on with the attempt that is under way, or begins one. */
static int connection_try_remote(struct mu_client *client, uint32_t timeout_ms)
{
    int r = 0;

    if (client->attempt == NULL) {
        client->attempt_ms = clock_ms();
        r = remote_begin(&client->attempt, client->credentials, &connection_remote_events, client);
    }
    if (r == 0)
        r = remote_wait(client->attempt, timeout_ms);
    if (r == -EAGAIN && clock_ms() - client->attempt_ms >= LINK_CLIENT_DIAL_MS)
        r = -ETIMEDOUT;
    return r;
}

static int connection_dial_remote(struct mu_client *client, uint32_t timeout_ms)
{
    struct remote *remote;
    int r = connection_try_remote(client, timeout_ms);

    if (r == -EAGAIN)
        return r;
    remote = client->attempt;
    client->attempt = NULL;
    if (r == 0) {
        connection_remember(client);
        return connection_attach(client, remote_carrier(remote), NULL);
    }
    pthread_mutex_lock(&client->lock);
    client->why[0] = '\0';
    if (remote != NULL)
        remote_why(remote, client->why);
    pthread_mutex_unlock(&client->lock);
    if (remote != NULL)
        remote_drop(remote);
    return err_trace(r);
}

int connection_dial(struct mu_client *client, uint32_t timeout_ms, const struct envelope *hello)
{
    struct carrier carrier;
    int r;

    if (client->credentials != NULL)
        return connection_dial_remote(client, timeout_ms);
    r = carrier_dial(
            &carrier, client->address, timeout_ms, &client->lock, &connection_bus_events, client);
    return r < 0 ? err_trace(r) : connection_attach(client, carrier, hello);
}

void connection_unpark(struct mu_client *client)
{
    uint64_t now_ms = keeper_now_ms();

    list_for_each_safe (node, &client->parking.calls) {
        struct parked *parked = list_entry(node, struct parked, node);
        struct pending *pending = call_table_find(&client->calls, parked->envelope.id);

        if (pending != NULL && parked->deadline_ms > now_ms) {
            if (parked->deadline_ms != UINT64_MAX)
                parked->envelope.timeout_ms = (uint32_t)(parked->deadline_ms - now_ms);
            if (carrier_put(&client->carrier, &parked->envelope, OUTBOX_CALLS) != OUTBOX_OK)
                return; /* the keeper looks again */
            pending->epoch = client->epoch;
            if (pending->kind == PENDING_STREAM)
                stream_opened(pending->to.stream, pending->id, true);
        }
        if (pending == NULL || pending->epoch != 0)
            parking_remove(&client->parking, parked);
    }
}

static const char *connection_error(int error)
{
    return error < 0 ? strerror(-error) : "the connection was lost";
}

void connection_explain_absence(const struct mu_client *client, struct mu_status *status)
{
    int error = client->keeper.dial_error;

    if (client->credentials != NULL) {
        verdict_set(status, MU_UNAVAILABLE, MU_EXECUTED_NO, "client",
                "no connection to the node at %s: %s", client->address,
                client->why[0] != '\0' ? client->why : connection_error(error));
        return;
    }
    verdict_set(status, MU_UNAVAILABLE, MU_EXECUTED_NO, "client",
            "no router at %s: %s (is the node up? `mu up` starts it)", client->address,
            connection_error(error));
}

void connection_drop(struct mu_client *client)
{
    pthread_mutex_lock(&client->lock);
    if (carrier_exists(&client->carrier))
        carrier_close(&client->carrier);
    pthread_mutex_unlock(&client->lock);
}

void connection_close(struct mu_client *client)
{
    struct ending ending = { .due_ms = UINT64_MAX };

    pthread_mutex_lock(&client->lock);
    client->closing = true;
    ending.epoch = client->epoch;
    pthread_mutex_unlock(&client->lock);
    keeper_stop(client);
    verdict_set(
            &ending.verdict, MU_CANCELLED, MU_EXECUTED_UNKNOWN, "client", "the client was closed");
    connection_end_calls(client, &ending);
    ending.epoch = 0;
    ending.verdict.executed = MU_EXECUTED_NO;
    connection_end_calls(client, &ending);
    connection_drop(client);
    pthread_mutex_lock(&client->lock);
    while (client->attached)
        pthread_cond_wait(&client->changed, &client->lock);
    pthread_mutex_unlock(&client->lock);
    connection_unref(client);
}
