// SPDX-License-Identifier: Apache-2.0
/* What comes is copied under the link's lock and handed over by the thread that received it, when
 * it lets go of that: by the guard, as what is sent is. So callbacks of the program may put, send
 * and wait as they like. Everything that may let go of the guard holds a reference beyond that: the
 * session's goes when nothing of it is left. */
#include "client/remote.h"

#include <errno.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "mu/link/v1/link.pb-c.h"
#include "mu/schema.h"
#include "transport/link/session.h"

enum { REMOTE_CONNECT_MS = 5000, REMOTE_ASK_MAX = 160 /* bytes of the message that asks */ };

enum remote_state { REMOTE_DIALLED, REMOTE_SHAKING, REMOTE_ASKING, REMOTE_READY, REMOTE_OVER };

struct remote {
    atomic_uint refs; /* the owner's, the attempt's, the session's, those who send */
    struct guard guard;
    const struct carrier_events *events; /* borrowed for good */
    void *user;                          /* borrowed until `closed` */
    bool gathered;                       /* guarded by the owner's lock: something is to be sent */

    /* Set for good. */
    struct noise_pair link_static;
    struct handshake_self self;
    struct handshake_psk psk;
    char address[ADDRESS_SIZE_MAX + 1];

    /* Guarded by the guard's lock. */
    pthread_cond_t changed;
    enum remote_state state;
    const struct credentials *credentials; /* borrowed until READY; NULL behind it */
    struct stream_dial *dial;              /* under way; NULL: none is */
    struct session *session;               /* counted; NULL: none, or it has ended */
    struct lanes lanes;
    struct fifo arrived; /* Frames, to be handed over */
    struct sender deliver;
    bool dropped;
    bool started;
    bool delivering;
    bool told; /* `closed` was called */
    int error; /* what it ended with */
    char why[REMOTE_WHY_MAX];
};

static void remote_ref(void *of)
{
    struct remote *remote = of;

    atomic_fetch_add(&remote->refs, 1);
}

static void remote_unref(void *of)
{
    struct remote *remote = of;

    if (atomic_fetch_sub(&remote->refs, 1) != 1)
        return;
    noise_pair_deinit(&remote->link_static);
    sodium_memzero(&remote->psk, sizeof(remote->psk));
    lanes_deinit(&remote->lanes);
    fifo_deinit(&remote->arrived);
    pthread_cond_destroy(&remote->changed);
    guard_deinit(&remote->guard);
    free(remote);
}

/* ---- the end ---- */

/* With the lock, as all that is told by the session. */
static void remote_end(struct remote *remote, int error, const char *why)
{
    if (remote->state == REMOTE_OVER)
        return;
    remote->state = REMOTE_OVER;
    remote->credentials = NULL;
    if (remote->error == 0) {
        remote->error = error;
        snprintf(remote->why, sizeof(remote->why), "%s", why);
    }
    pthread_cond_broadcast(&remote->changed);
    sender_touch(&remote->guard, &remote->deliver);
}

/* What an end that the session had means to who waits for it. A node says nothing to a stranger, so
 * one whose token it does not know sees the connection break. */
static void remote_ended(struct session *session, const char *reason, void *user)
{
    struct remote *remote = user;
    int error = session->lost ? -ECONNRESET : -EPROTO;

    if (session->lost && remote->state == REMOTE_SHAKING)
        reason = "it hung up: the token is another node's or has ended, or it has no room now";
    remote->session = NULL;
    remote_end(remote, error, reason);
    session_unref(session);
}

static void remote_freed(void *user)
{
    remote_unref(user);
}

/* ---- getting in ---- */

static bool remote_ask(struct remote *remote, struct session *session)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__ClientAsk ask = MU__LINK__V1__CLIENT_ASK__INIT;
    const struct key *key = &remote->credentials->key;
    struct span link_id = { session->link_id, sizeof(session->link_id) };
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t bytes[REMOTE_ASK_MAX];

    key_sign(key, KEY_FOR_CLIENT, link_id, signature);
    ask.key = (ProtobufCBinaryData){ PUBLIC_KEY_SIZE, (uint8_t *)(uintptr_t)key->public.bytes };
    ask.signature = (ProtobufCBinaryData){ sizeof(signature), signature };
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_CLIENT_ASK;
    message.client_ask = &ask;
    return lanes_put_message(&remote->lanes,
                   (struct span){ bytes, mu__link__v1__peer_message__pack(&message, bytes) }) ==
           LANES_OK;
}

/* The node let us in, and its certificates are believed. */
static const char *remote_established(struct session *session, void *user)
{
    struct remote *remote = user;

    if (remote->credentials == NULL || remote->state != REMOTE_SHAKING)
        return "it is not wanted any more";
    if (!token_names_root(&remote->credentials->token, &session->peer.root))
        return "the node is of another network than the token";
    if (!remote_ask(remote, session))
        return "no memory";
    remote->state = REMOTE_ASKING;
    session_lend(session, &remote->lanes);
    return NULL;
}

static int remote_error(uint32_t code)
{
    return code == MU_RESOURCE_EXHAUSTED || code == MU_UNAVAILABLE || code == MU_INTERNAL ? -EBUSY
                                                                                          : -EACCES;
}

static const char *remote_hear(struct remote *remote, const Mu__Link__V1__ClientAnswer *answer)
{
    if (answer->refusal[0] != '\0') {
        remote->error = remote_error(answer->code);
        snprintf(remote->why, sizeof(remote->why), "%s", answer->refusal);
        return "the node refuses";
    }
    remote->state = REMOTE_READY;
    remote->credentials = NULL;
    session_admit(remote->session);
    pthread_cond_broadcast(&remote->changed);
    return NULL;
}

static const char *remote_message(struct session *session, struct span bytes, void *user)
{
    static const char broken[] = "the node broke the protocol";
    const ProtobufCMessageDescriptor *type = &mu__link__v1__peer_message__descriptor;
    struct remote *remote = user;
    Mu__Link__V1__PeerMessage *message = NULL;
    const char *reason = broken;

    (void)session;
    if (remote->state != REMOTE_ASKING)
        return remote->state == REMOTE_READY ? NULL : broken; /* of a later version */
    if (mu_body_check(type, (struct mu_bytes){ bytes.data, bytes.size }, NULL) == 0)
        message = mu__link__v1__peer_message__unpack(NULL, bytes.size, bytes.data);
    if (message != NULL && message->what_case == MU__LINK__V1__PEER_MESSAGE__WHAT_CLIENT_ANSWER)
        reason = remote_hear(remote, message->client_answer);
    if (message != NULL)
        mu__link__v1__peer_message__free_unpacked(message, NULL);
    return reason;
}

/* ---- what comes ---- */

static const char *remote_frame(struct session *session, struct span frame, void *user)
{
    struct remote *remote = user;
    uint8_t *at = fifo_reserve(&remote->arrived, frame.size);

    (void)session;
    if (at == NULL)
        return "no memory";
    memcpy(at, frame.data, frame.size);
    fifo_add(&remote->arrived, frame.size);
    sender_touch(&remote->guard, &remote->deliver);
    return NULL;
}

static void remote_taken(struct session *session, void *user)
{
    (void)session;
    (void)user;
}

static const struct session_events remote_session_events = {
    .established = remote_established,
    .message = remote_message,
    .frame = remote_frame,
    .taken = remote_taken,
    .ended = remote_ended,
    .freed = remote_freed,
};

static bool remote_has_news(const struct remote *remote)
{
    return fifo_size(&remote->arrived) > 0 || (remote->state == REMOTE_OVER && !remote->told);
}

static bool deliver_take(struct sender *sender)
{
    struct remote *remote = list_entry(sender, struct remote, deliver);

    if (!remote->started || remote->delivering || !remote_has_news(remote))
        return false;
    remote->delivering = true;
    return true;
}

/* Hands over Frames, and lets the node send as much again. */
static void deliver_frames(struct remote *remote, struct fifo *frames)
{
    struct frame_reader reader;
    int r;

    frame_reader_init(&reader, fifo_peek(frames), FRAME_BARE);
    r = remote->events->receive(&reader, remote->user);
    guard_lock(&remote->guard);
    if (remote->session != NULL && r < 0)
        session_end(remote->session, "the node broke the protocol");
    else if (remote->session != NULL)
        session_give(remote->session, fifo_size(frames));
    guard_unlock(&remote->guard);
    fifo_deinit(frames);
}

/* Without the lock, by one thread at a time. */
static void deliver_send(struct sender *sender)
{
    struct remote *remote = list_entry(sender, struct remote, deliver);

    for (;;) {
        struct fifo frames;
        bool closed = false;

        guard_lock(&remote->guard);
        frames = remote->arrived;
        remote->arrived = (struct fifo){ 0 };
        if (fifo_size(&frames) == 0) {
            remote->delivering = false;
            closed = remote->state == REMOTE_OVER && !remote->told;
            remote->told = remote->told || closed;
        }
        guard_unlock(&remote->guard);
        if (fifo_size(&frames) == 0) {
            fifo_deinit(&frames);
            if (closed)
                remote->events->closed(remote->user);
            return;
        }
        deliver_frames(remote, &frames);
    }
}

/* ---- beginning ---- */

static void remote_connected(struct stream *stream, int code, void *user)
{
    struct remote *remote = user;
    const struct session_setup setup = { .guard = &remote->guard,
        .events = &remote_session_events,
        .user = remote,
        .address = remote->address,
        .self = &remote->self,
        .psks = &remote->psk,
        .psk_count = 1,
        .now_ms = clock_ms() };
    struct session *session = NULL;

    guard_lock(&remote->guard);
    remote->dial = NULL;
    if (remote->dropped) {
        code = -ECANCELED;
    } else if (stream != NULL) {
        code = session_begin(&session, &setup, stream);
        if (code == 0) {
            remote_ref(remote); /* the session's */
            remote->session = session;
            remote->state = REMOTE_SHAKING;
            stream_ref(stream); /* until it is started */
        }
    }
    if (session == NULL)
        remote_end(remote, code, strerrordesc_np(-code));
    guard_unlock(&remote->guard);
    if (session != NULL)
        stream_start(stream);
    stream_unref(stream);
    remote_unref(remote); /* the attempt's */
}

static struct remote *remote_new(const struct credentials *credentials)
{
    struct remote *remote = calloc(1, sizeof(*remote));
    uint8_t secret[NOISE_KEY_SIZE];
    pthread_condattr_t attributes;

    if (remote == NULL)
        return NULL;
    atomic_init(&remote->refs, 2); /* the caller's, the attempt's */
    guard_init(&remote->guard);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&remote->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    sender_init(&remote->deliver, deliver_take, deliver_send);
    randombytes_buf(secret, sizeof(secret));
    noise_pair_init(&remote->link_static, secret);
    sodium_memzero(secret, sizeof(secret));
    remote->self = (struct handshake_self){
        .link_static = &remote->link_static,
        .limits = { .frame_size = MESSAGE_SIZE_MAX, .credit_size = LINK_CREDIT },
    };
    randombytes_buf(&remote->self.boot_id, sizeof(remote->self.boot_id));
    remote->psk = (struct handshake_psk){
        .is_token = true, .is_client = true, .network = credentials->token.network
    };
    memcpy(remote->psk.id, credentials->token.id.bytes, PSK_ID_SIZE);
    token_psk(&credentials->token, remote->psk.key);
    memcpy(remote->address, credentials->node, sizeof(remote->address));
    remote->credentials = credentials;
    remote->lanes.room = LINK_CLIENT_QUEUE_MAX + LINK_CLIENT_QUEUE_RESERVE;
    return remote;
}

int remote_begin(struct remote **remotep, const struct credentials *credentials,
        const struct carrier_events *events, void *user)
{
    struct remote *remote = remote_new(credentials);
    char url[sizeof(remote->address) + 8];
    struct stream_dial *dial;
    int r;

    if (remote == NULL)
        return err_new(-ENOMEM);
    remote->events = events;
    remote->user = user;
    snprintf(url, sizeof(url), "tcp://%s", remote->address);
    guard_lock(&remote->guard); /* or the attempt might be over before it is noted */
    r = stream_dial(&dial, url, REMOTE_CONNECT_MS, remote_connected, remote);
    if (r == 0)
        remote->dial = dial;
    guard_unlock(&remote->guard);
    if (r < 0) {
        remote_unref(remote); /* the attempt's */
        remote_unref(remote);
        return err_trace(r);
    }
    *remotep = remote;
    return 0;
}

int remote_wait(struct remote *remote, uint32_t timeout_ms)
{
    uint64_t until_ms = clock_ms() + timeout_ms;
    struct timespec until = {
        .tv_sec = (time_t)(until_ms / 1000u),
        .tv_nsec = (long)(until_ms % 1000u * 1000000u),
    };
    int waited = 0;
    int r = -EAGAIN;

    guard_lock(&remote->guard);
    while (remote->state != REMOTE_READY && remote->state != REMOTE_OVER && waited == 0)
        waited = pthread_cond_timedwait(&remote->changed, &remote->guard.lock, &until);
    if (remote->state == REMOTE_READY)
        r = 0;
    else if (remote->state == REMOTE_OVER)
        r = remote->error;
    guard_unlock(&remote->guard);
    return r;
}

void remote_why(struct remote *remote, char why[REMOTE_WHY_MAX])
{
    guard_lock(&remote->guard);
    memcpy(why, remote->why, sizeof(remote->why));
    guard_unlock(&remote->guard);
}

void remote_drop(struct remote *remote)
{
    guard_lock(&remote->guard);
    remote->dropped = true;
    remote->credentials = NULL;
    if (remote->dial != NULL)
        stream_dial_cancel(remote->dial);
    if (remote->session != NULL)
        session_end(remote->session, "it is not wanted any more");
    guard_unlock(&remote->guard);
    remote_unref(remote);
}

/* ---- as a carrier ---- */

/* With its owner's lock, so nothing is sent here: the guard would hand over what came, and that
 * takes the owner's lock. */
static enum outbox_outcome remote_put(
        void *of, const struct envelope *envelope, enum outbox_lane lane)
{
    struct remote *remote = of;
    enum lanes_outcome outcome = LANES_OK;

    pthread_mutex_lock(&remote->guard.lock);
    if (remote->session == NULL)
        outcome = LANES_OK; /* it is lost, which is told soon */
    else if (lane == OUTBOX_CALLS && lanes_queued(&remote->lanes) > LINK_CLIENT_QUEUE_MAX)
        outcome = LANES_FULL;
    else
        outcome = lanes_put(&remote->lanes, envelope);
    pthread_mutex_unlock(&remote->guard.lock);
    remote->gathered = true;
    if (outcome == LANES_OK)
        return OUTBOX_OK;
    return outcome == LANES_FULL ? OUTBOX_FULL : OUTBOX_NO_MEMORY;
}

static bool remote_take(void *of)
{
    struct remote *remote = of;

    if (!remote->gathered)
        return false;
    remote->gathered = false;
    remote_ref(remote); /* until it is sent */
    return true;
}

static void remote_send(void *of)
{
    struct remote *remote = of;

    guard_lock(&remote->guard);
    if (remote->session != NULL)
        session_touch(remote->session);
    guard_unlock(&remote->guard);
    remote_unref(remote);
}

static size_t remote_queued(const void *of)
{
    struct remote *remote = (struct remote *)(uintptr_t)of;
    size_t size;

    pthread_mutex_lock(&remote->guard.lock);
    size = lanes_queued(&remote->lanes);
    pthread_mutex_unlock(&remote->guard.lock);
    return size;
}

static void remote_start(void *of)
{
    struct remote *remote = of;

    guard_lock(&remote->guard);
    remote->started = true;
    if (remote->session != NULL)
        session_touch(remote->session);
    sender_touch(&remote->guard, &remote->deliver);
    guard_unlock(&remote->guard);
}

static void remote_close(void *of)
{
    struct remote *remote = of;

    pthread_mutex_lock(&remote->guard.lock);
    if (remote->session != NULL)
        stream_close(remote->session->stream); /* the rest follows on another thread */
    pthread_mutex_unlock(&remote->guard.lock);
}

static uint64_t remote_tick(void *of)
{
    struct remote *remote = of;
    uint64_t next_ms = UINT64_MAX;

    guard_lock(&remote->guard);
    if (remote->session != NULL)
        next_ms = session_tick(remote->session, clock_ms(), LINK_PING_MS, LINK_DEAD_MS);
    guard_unlock(&remote->guard);
    return next_ms;
}

struct carrier remote_carrier(struct remote *remote)
{
    static const struct carrier_type type = {
        .put = remote_put,
        .take = remote_take,
        .send = remote_send,
        .queued = remote_queued,
        .start = remote_start,
        .close = remote_close,
        .ref = remote_ref,
        .unref = remote_unref,
        .tick = remote_tick,
    };

    return (struct carrier){ &type, remote };
}
