// SPDX-License-Identifier: Apache-2.0
/* The handshake is computed with the lock, as what it is judged by is the owner's and may change:
 * a quarter of a millisecond, and door.c limits how often. Records are not: all that a read brought
 * are opened, then the lock is taken once. What is sent is put together under the lock as
 * plaintext, in the places where it will be sealed, and sealed by the thread that sends it. */
#include "transport/link/session.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/err.h"
#include "transport/link/session_in.h"
#include "transport/link/session_out.h"
#include "transport/secure/big_endian.h"

static uint64_t session_wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

/* ---- begin and end ---- */

static void session_free(struct session *session)
{
    void (*freed)(void *user) = session->events->freed;
    void *user = session->user;

    stream_unref(session->stream);
    if (session->handshake != NULL)
        handshake_deinit(session->handshake);
    free(session->handshake);
    record_writer_deinit(&session->writer);
    record_reader_deinit(&session->reader);
    assembly_deinit(&session->assembly);
    free(session->out);
    free(session);
    if (freed != NULL)
        freed(user);
}

struct session *session_unref(struct session *session)
{
    if (session != NULL && atomic_fetch_sub(&session->refs, 1) == 1)
        session_free(session);
    return NULL;
}

void session_end(struct session *session, const char *reason)
{
    if (session->state == SESSION_OVER)
        return;
    session->state = SESSION_OVER;
    session->lanes = NULL;
    sender_forget(&session->sender);
    stream_close(session->stream);
    session->events->ended(session, reason, session->user);
}

/* Takes what the handshake wants to be sent. */
static void session_keep_flight(struct session *session)
{
    struct span flight = handshake_out(session->handshake);

    CHECK(session->flight_size + flight.size <= sizeof(session->flight));
    if (flight.size > 0)
        memcpy(session->flight + session->flight_size, flight.data, flight.size);
    session->flight_size += flight.size;
    session_touch(session);
}

static void session_begin_handshake(struct session *session, const struct session_setup *setup)
{
    uint8_t secret[NOISE_KEY_SIZE];

    randombytes_buf(secret, sizeof(secret));
    if (session->dialled) {
        session->joins = setup->psks->is_token || setup->self->chain == NULL;
        handshake_init_initiator(session->handshake, setup->self, setup->psks, secret);
        session_keep_flight(session);
    } else {
        handshake_init_responder(
                session->handshake, setup->self, setup->psks, setup->psk_count, secret);
    }
    sodium_memzero(secret, sizeof(secret));
}

static bool session_receive(struct stream *stream, struct stream_input *input, void *user);
static void session_closed(struct stream *stream, void *user);

static const struct stream_events session_stream_events = {
    .receive = session_receive,
    .sent = session_sent,
    .closed = session_closed,
};

int session_begin(
        struct session **sessionp, const struct session_setup *setup, struct stream *stream)
{
    struct session *session = calloc(1, sizeof(*session));

    if (session == NULL)
        return err_new(-ENOMEM);
    session->handshake = calloc(1, sizeof(*session->handshake));
    if (session->handshake == NULL) {
        free(session);
        return err_new(-ENOMEM);
    }
    atomic_init(&session->refs, 2); /* the owner's and the stream's */
    session->stream = stream;
    session->guard = setup->guard;
    session->events = setup->events;
    session->user = setup->user;
    session->dialled = setup->address != NULL;
    session->began_ms = setup->now_ms;
    if (setup->self->chain != NULL)
        session->own_key = setup->self->chain->certificates[0].subject;
    if (session->dialled) {
        strncat(session->address, setup->address, sizeof(session->address) - 1);
    } else {
        session->from = *setup->from;
        stream_address_print(setup->from, session->address);
    }
    list_init(&session->node);
    sender_init(&session->sender, session_take, session_send);
    session_begin_handshake(session, setup);
    stream_adopt(stream, &session_stream_events, session);
    guard_enter(setup->guard);
    *sessionp = session;
    return 0;
}

static void session_closed(struct stream *stream, void *user)
{
    struct session *session = user;
    struct guard *guard = session->guard;

    (void)stream;
    guard_lock(guard);
    session->lost = session->state != SESSION_OVER;
    session_end(session, session->state == SESSION_HANDSHAKE && session->reading_records
                                 ? "the peer did not let us in"
                                 : "the connection was lost");
    guard_leave(guard);
    guard_unlock(guard);
    session_unref(session);
}

/* ---- the handshake ---- */

/* Gives the handshake what came, and of a stranger only what costs nothing before it has paid. */
static enum handshake_outcome session_feed(
        struct session *session, struct stream_input *input, const char **reasonp)
{
    struct handshake *handshake = session->handshake;
    enum handshake_outcome outcome;
    uint64_t wall_ms = session_wall_ms();
    size_t used = 0;

    if (!session->dialled && !session->spoken) {
        if (handshake->state == HANDSHAKE_AT_PREAMBLE) {
            if (input->size < HANDSHAKE_PREAMBLE_SIZE)
                return HANDSHAKE_MORE;
            outcome = handshake_read(handshake,
                    (struct span){ input->bytes, HANDSHAKE_PREAMBLE_SIZE }, wall_ms, &input->used);
            if (outcome == HANDSHAKE_CLOSED)
                return outcome;
        }
        if (input->size - input->used < HANDSHAKE_FIRST_SIZE)
            return HANDSHAKE_MORE;
        session->spoken = session->events->spend(session, session->user);
        if (!session->spoken) {
            *reasonp = "too many handshakes of one source";
            return HANDSHAKE_CLOSED;
        }
    }
    outcome = handshake_read(handshake,
            (struct span){ input->bytes + input->used, input->size - input->used }, wall_ms, &used);
    input->used += used;
    return outcome;
}

/* The handshake is done: from here on there are records. Who dialled waits for the first of them,
 * as it does not know before whether it was let in. Returns why not, or NULL. */
static const char *session_open(struct session *session)
{
    struct handshake *handshake = session->handshake;

    session->out = malloc(SESSION_OUT_SIZE);
    if (session->out == NULL)
        return "no memory";
    handshake_split(handshake, &session->writer, &session->reader);
    session->peer = handshake->peer;
    memcpy(session->link_id, handshake->link_id, sizeof(session->link_id));
    session->assembly.credit = handshake->self->limits.credit_size;
    handshake_deinit(handshake);
    free(handshake);
    session->handshake = NULL;
    if (session->peer.limits.frame_size < MESSAGE_SIZE_MAX ||
            session->peer.limits.credit_size < MESSAGE_SIZE_MAX)
        return "the peer takes less than one message";
    session->credit = session->peer.limits.credit_size;
    session->reading_records = true;
    return session->dialled ? NULL : session_confirm(session);
}

const char *session_confirm(struct session *session)
{
    session->state = SESSION_OPEN;
    session->open_ms = clock_ms();
    session->heard_ms = session->open_ms;
    session->answered_ms = session->open_ms;
    session->ping_ms = session->open_ms;
    session->ping_due = true; /* also tells one who dialled that it is let in */
    session_touch(session);
    return session->events->established(session, session->user);
}

/* Why a handshake closed, in words for good. */
static const char *session_why(const struct handshake *handshake)
{
    return handshake->cause == HANDSHAKE_UNTRUSTED ? trust_text(handshake->trust)
                                                   : handshake_cause_name(handshake->cause);
}

static void session_shake(struct session *session, struct stream_input *input)
{
    enum handshake_outcome outcome;
    const char *reason = NULL;

    if (session->state != SESSION_HANDSHAKE)
        return;
    outcome = session_feed(session, input, &reason);
    if (outcome == HANDSHAKE_CLOSED) {
        session_end(session, reason != NULL ? reason : session_why(session->handshake));
        return;
    }
    session_keep_flight(session);
    if (outcome != HANDSHAKE_ESTABLISHED)
        return;
    reason = session_open(session);
    if (reason != NULL)
        session_end(session, reason);
}

static bool session_receive(struct stream *stream, struct stream_input *input, void *user)
{
    struct session *session = user;
    bool goes_on;

    (void)stream;
    if (!session->reading_records) {
        guard_lock(session->guard);
        session_shake(session, input);
        goes_on = session->state != SESSION_OVER;
        guard_unlock(session->guard);
        input->needed = HANDSHAKE_PREAMBLE_SIZE + HANDSHAKE_MESSAGE_MAX;
        if (!goes_on || !session->reading_records)
            return goes_on;
    }
    return session_read(session, input);
}

/* ---- what its owner asks for ---- */

void session_touch(struct session *session)
{
    if (session->state != SESSION_OVER && !session->sending)
        sender_touch(session->guard, &session->sender);
}

void session_lend(struct session *session, struct lanes *lanes)
{
    session->lanes = lanes;
    session_touch(session);
}

void session_admit(struct session *session)
{
    session->carries = true;
    session_touch(session);
}

void session_leave(struct session *session, uint64_t now_ms)
{
    if (session->state != SESSION_OPEN || session->leaving)
        return;
    session->leaving = true;
    session->parting_ms = now_ms;
    session_touch(session);
}

void session_close(struct session *session, const char *reason, uint64_t now_ms)
{
    if (session->state != SESSION_OPEN) {
        session_end(session, reason);
        return;
    }
    if (session->closing != NULL)
        return;
    session->closing = reason;
    session->parting_ms = now_ms;
    session_touch(session);
}

size_t session_give(struct session *session, size_t size)
{
    uint32_t give = size < session->owed ? (uint32_t)size : session->owed;

    session->owed -= give;
    session->give += give;
    if (session->give >= LINK_CREDIT / SESSION_CREDIT_PARTS)
        session_touch(session);
    return give;
}

/* When a session whose end has begun must be over. */
static uint64_t session_parting_end(const struct session *session)
{
    if (session->closing != NULL)
        return session->parting_ms + LINK_CLOSING_MS;
    return session->leaving ? session->parting_ms + LINK_HANDOVER_MS : UINT64_MAX;
}

/* Why a peer is given up that answers no more. */
static const char *session_silence(const struct session *session, uint64_t now_ms, uint32_t dead_ms)
{
    return now_ms >= session->heard_ms + dead_ms / 2 ? "the peer is silent"
                                                     : "the peer does not hear this side";
}

/* A peer that is heard may be one that hears nothing: where a network is cut in one direction only,
 * or what it says is old and was long under way. An answer to a PING tells that both directions
 * were there when it was made, so whatever happens to either, the end is noticed within `dead_ms`.
 */
uint64_t session_tick(struct session *session, uint64_t now_ms, uint32_t ping_ms, uint32_t dead_ms)
{
    uint64_t dead_at = session->answered_ms + dead_ms;
    uint64_t parted_at = session_parting_end(session);
    uint64_t ping_at = session->ping_ms + ping_ms;

    if (session->state != SESSION_OPEN)
        return UINT64_MAX;
    if (now_ms >= dead_at)
        session_end(session, session_silence(session, now_ms, dead_ms));
    else if (now_ms >= parted_at)
        session_end(session, session->closing != NULL ? session->closing : "it could not be left");
    if (session->ping_due || session->pings - session->pongs >= SESSION_PINGS_MAX) {
        ping_at = now_ms + ping_ms;
    } else if (now_ms >= ping_at) {
        session->ping_due = true;
        session->ping_ms = now_ms;
        ping_at = now_ms + ping_ms;
        session_touch(session);
    }
    if (ping_at < dead_at)
        dead_at = ping_at;
    return dead_at < parted_at ? dead_at : parted_at;
}
