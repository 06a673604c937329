// SPDX-License-Identifier: Apache-2.0
/* What waits before the channel is open, waits as the Frames that came; each was read once before,
 * so that what is no envelope is known at once and the peer is told by the end of its session. */
#include "services/network/link/gate.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "mu/router/v1/router.mu.h"
#include "transport/link/fifo.h"
#include "transport/channel.h"

enum {
    GATE_ASK_MS = 2000,  /* for the router to answer */
    GATE_DIAL_MS = 1000, /* for it to take the connection that it asked for */
    GATE_PATH_MAX = 128  /* bytes of `ipc://PATH` with the final NUL */
};

enum gate_state { GATE_WANTED, GATE_ASKED, GATE_GRANTED, GATE_DIALLED, GATE_OPEN, GATE_CLOSED };

struct gate {
    atomic_uint refs;         /* the owner's, a call's, a channel's, and gate_step's */
    struct guard *guard;      /* borrowed */
    struct mu_client *client; /* borrowed */
    struct gate_peer peer;

    /* Guarded by the lock. */
    const struct gate_events *events; /* borrowed: for good */
    void *user;                       /* borrowed: the owner's, until CLOSED */
    enum gate_state state;
    struct sender sender;
    char path[GATE_PATH_MAX];
    uint64_t number;         /* the router's, of the channel */
    struct channel *channel; /* counted: from OPEN until `closed` */
    struct fifo waiting;     /* Frames for the router, until OPEN */
    size_t held;             /* bytes of gate_put of which `taken` did not tell yet */
    bool paused;
};

static int gate_receive(struct channel *channel, struct frame_reader *reader, void *user);
static void gate_closed(struct channel *channel, void *user);
static void gate_sent(struct channel *channel, void *user);

static const struct channel_events gate_channel_events = {
    .receive = gate_receive,
    .closed = gate_closed,
    .sent = gate_sent,
};

static struct gate *gate_ref(struct gate *gate)
{
    atomic_fetch_add(&gate->refs, 1);
    return gate;
}

static void gate_unref(struct gate *gate)
{
    if (atomic_fetch_sub(&gate->refs, 1) != 1)
        return;
    channel_unref(gate->channel);
    fifo_deinit(&gate->waiting);
    free(gate);
}

static bool gate_take(struct sender *sender)
{
    const struct gate *gate = list_entry(sender, struct gate, sender);

    return gate->state == GATE_OPEN && channel_take(gate->channel);
}

static void gate_send(struct sender *sender)
{
    channel_send(list_entry(sender, struct gate, sender)->channel);
}

int gate_open(struct gate **gatep, struct guard *guard, struct mu_client *client,
        const struct gate_peer *peer, const struct gate_events *events, void *user)
{
    struct gate *gate = calloc(1, sizeof(*gate));

    if (gate == NULL)
        return err_new(-ENOMEM);
    atomic_init(&gate->refs, 1);
    gate->guard = guard;
    gate->client = client;
    gate->peer = *peer;
    gate->events = events;
    gate->user = user;
    sender_init(&gate->sender, gate_take, gate_send);
    *gatep = gate;
    events->due(user);
    return 0;
}

static void gate_shut(struct gate *gate)
{
    gate->state = GATE_CLOSED;
    sender_forget(&gate->sender);
    if (gate->channel != NULL)
        channel_close(gate->channel);
}

struct gate *gate_close(struct gate *gate)
{
    if (gate == NULL)
        return NULL;
    gate_shut(gate);
    gate_unref(gate);
    return NULL;
}

static void gate_lose(struct gate *gate, const char *reason)
{
    if (gate->state == GATE_CLOSED)
        return;
    gate_shut(gate);
    gate->events->lost(reason, gate->user);
}

/* ---- becoming open ---- */

bool gate_is_due(const struct gate *gate)
{
    return gate->state == GATE_WANTED || gate->state == GATE_GRANTED;
}

/* The router answered, or somebody for it. */
static void gate_answered(
        const struct mu_status *status, const Mu__Router__V1__LinkReply *reply, void *user)
{
    struct gate *gate = user;
    struct guard *guard = gate->guard;
    int size = -1;

    guard_lock(guard);
    if (status->code == MU_OK)
        size = snprintf(gate->path, sizeof(gate->path), "ipc://%s", reply->path);
    if (gate->state == GATE_ASKED && size > 0 && size < (int)sizeof(gate->path)) {
        gate->state = GATE_GRANTED;
        gate->number = reply->channel;
        gate->events->due(gate->user);
    } else {
        gate_lose(gate, "the router gives no node channel");
    }
    guard_leave(guard);
    guard_unlock(guard);
    gate_unref(gate);
}

static void gate_ask(struct gate *gate)
{
    Mu__Router__V1__LinkRequest request = MU__ROUTER__V1__LINK_REQUEST__INIT;
    struct mu_call_options options = { .timeout_ms = GATE_ASK_MS };

    gate->state = GATE_ASKED;
    request.node = gate->peer.node;
    request.owner = gate->peer.owner;
    request.client = gate->peer.client;
    request.node_id.data = gate->peer.node_id;
    request.node_id.len = sizeof(gate->peer.node_id);
    request.link_id.data = gate->peer.link_id;
    request.link_id.len = sizeof(gate->peer.link_id);
    gate_ref(gate); /* the call's */
    guard_enter(gate->guard);
    guard_unlock(gate->guard);
    router_link_async(gate->client, &request, &options, gate_answered, gate);
    guard_lock(gate->guard);
}

/* Hands over what came meanwhile. */
static const char *gate_flush(struct gate *gate)
{
    struct fifo waiting = gate->waiting;
    struct span frames = fifo_peek(&waiting);
    struct frame_reader reader;
    struct envelope envelope;
    const char *reason = NULL;

    gate->waiting = (struct fifo){ 0 };
    frame_reader_init(&reader, frames, FRAME_BARE);
    while (reason == NULL && frame_next(&reader, &envelope) == FRAME_ENVELOPE)
        if (channel_put(gate->channel, &envelope, OUTBOX_RESULTS) != OUTBOX_OK)
            reason = "the router does not read";
    fifo_deinit(&waiting);
    return reason;
}

static void gate_adopt(struct gate *gate, struct channel *channel)
{
    const char *reason;

    gate->channel = channel;
    gate->state = GATE_OPEN;
    gate_ref(gate); /* the channel's */
    guard_enter(gate->guard);
    gate->events->opened(gate->number, gate->user);
    reason = gate_flush(gate);
    if (gate->paused)
        channel_pause(channel);
    if (reason != NULL)
        gate_lose(gate, reason);
}

static void gate_dial(struct gate *gate)
{
    struct channel *channel = NULL;
    int r;

    gate->state = GATE_DIALLED;
    guard_unlock(gate->guard);
    r = channel_dial(
            &channel, gate->path, GATE_DIAL_MS, &gate->guard->lock, &gate_channel_events, gate);
    guard_lock(gate->guard);
    if (r < 0) {
        gate_lose(gate, "the router's node channel cannot be reached");
    } else if (gate->state != GATE_DIALLED) {
        channel_unref(channel);
    } else {
        gate_adopt(gate, channel);
        guard_unlock(gate->guard);
        channel_start(channel);
        guard_lock(gate->guard);
    }
}

void gate_step(struct gate *gate)
{
    gate_ref(gate);
    if (gate->state == GATE_WANTED)
        gate_ask(gate);
    else if (gate->state == GATE_GRANTED)
        gate_dial(gate);
    gate_unref(gate);
}

/* ---- the channel ---- */

static void gate_closed(struct channel *channel, void *user)
{
    struct gate *gate = user;
    struct guard *guard = gate->guard;

    (void)channel;
    guard_lock(guard);
    gate_lose(gate, "the router closed the node channel");
    guard_leave(guard);
    guard_unlock(guard);
    gate_unref(gate);
}

static int gate_receive(struct channel *channel, struct frame_reader *reader, void *user)
{
    struct gate *gate = user;
    struct envelope envelope;
    enum frame_outcome outcome = FRAME_END;
    const char *reason = NULL;

    (void)channel;
    guard_lock(gate->guard);
    while (gate->state == GATE_OPEN && reason == NULL &&
            (outcome = frame_next(reader, &envelope)) == FRAME_ENVELOPE)
        reason = gate->events->envelope(&envelope, gate->user);
    if (reason == NULL && outcome == FRAME_BAD)
        reason = "the router broke the protocol";
    if (reason != NULL)
        gate_lose(gate, reason);
    guard_unlock(gate->guard);
    return reason == NULL ? 0 : -EPROTO;
}

/* Tells how much of what was put is gone. */
static void gate_reckon(struct gate *gate)
{
    size_t queued = channel_queued(gate->channel);
    size_t taken = queued < gate->held ? gate->held - queued : 0;

    gate->held -= taken;
    if (taken > 0)
        gate->events->taken(taken, gate->user);
}

static void gate_sent(struct channel *channel, void *user)
{
    struct gate *gate = user;

    (void)channel;
    guard_lock(gate->guard);
    if (gate->state == GATE_OPEN)
        gate_reckon(gate);
    guard_unlock(gate->guard);
}

/* Keeps a Frame until there is a channel. */
static const char *gate_keep(struct gate *gate, struct span frame)
{
    struct frame_reader reader;
    struct envelope envelope;
    enum frame_outcome outcome;
    uint8_t *at;

    frame_reader_init(&reader, frame, FRAME_BARE);
    do {
        outcome = frame_next(&reader, &envelope);
    } while (outcome == FRAME_ENVELOPE);
    if (outcome == FRAME_BAD)
        return "the peer sent no envelope";
    at = fifo_reserve(&gate->waiting, frame.size);
    if (at == NULL)
        return "no memory";
    memcpy(at, frame.data, frame.size);
    fifo_add(&gate->waiting, frame.size);
    return NULL;
}

static const char *gate_pass(struct gate *gate, struct span frame)
{
    struct frame_reader reader;
    struct envelope envelope;
    enum frame_outcome outcome;

    frame_reader_init(&reader, frame, FRAME_BARE);
    while ((outcome = frame_next(&reader, &envelope)) == FRAME_ENVELOPE)
        if (channel_put(gate->channel, &envelope, OUTBOX_RESULTS) != OUTBOX_OK)
            return "the router does not read";
    sender_touch(gate->guard, &gate->sender);
    return outcome == FRAME_END ? NULL : "the peer sent no envelope";
}

const char *gate_put(struct gate *gate, struct span frame)
{
    const char *reason = NULL;

    gate->held += frame.size;
    if (gate->state == GATE_OPEN)
        reason = gate_pass(gate, frame);
    else if (gate->state != GATE_CLOSED)
        reason = gate_keep(gate, frame);
    return reason;
}

void gate_pause(struct gate *gate)
{
    gate->paused = true;
    if (gate->channel != NULL)
        channel_pause(gate->channel);
}

void gate_resume(struct gate *gate)
{
    gate->paused = false;
    if (gate->channel != NULL)
        channel_resume(gate->channel);
}
