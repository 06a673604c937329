// SPDX-License-Identifier: Apache-2.0
/* What is the session's own goes first (a PONG, a CREDIT, a PING), then the lanes', and GOAWAY and
 * CLOSE behind everything. A turn ends at SESSION_TURN_SIZE: what becomes urgent meanwhile waits
 * for no more than that. */
#include "transport/link/session_out.h"

#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "transport/secure/big_endian.h"

/* Where the body of the next record goes. */
static uint8_t *session_body(const struct session *session)
{
    return session->out + session->out_size + RECORD_HEAD_SIZE;
}

/* Counts a record whose body is in its place. */
static void session_add(struct session *session, const struct record *record)
{
    session->records[session->record_count++] = *record;
    session->out_size += record_size(record->body.size);
    CHECK(session->out_size <= SESSION_OUT_SIZE);
}

static void session_add_own(
        struct session *session, enum record_type type, const uint8_t *body, size_t size)
{
    struct record record = { .type = type, .body = { session_body(session), size } };

    if (size > 0)
        memcpy(session_body(session), body, size);
    session_add(session, &record);
}

/* PONG, CREDIT and PING, where they are due. */
static void session_fill_own(struct session *session)
{
    uint8_t body[SESSION_PING_SIZE];

    if (session->pong_due) {
        session->pong_due = false;
        session_add_own(session, RECORD_PONG, session->pong, sizeof(session->pong));
    }
    if (session->give >= LINK_CREDIT / SESSION_CREDIT_PARTS) {
        be32_write(body, session->give);
        session->assembly.credit += session->give;
        session->give = 0;
        session_add_own(session, RECORD_CREDIT, body, sizeof(uint32_t));
    }
    if (session->ping_due) {
        session->ping_due = false;
        session->pings += 1;
        session->ping_us[session->pings % SESSION_PINGS_MAX] = clock_us();
        be64_write(be64_write(body, session->pings), session->own_mark);
        session_add_own(session, RECORD_PING, body, sizeof(body));
    }
}

/* True while something of the lanes may go into this turn. */
static bool session_has_room(const struct session *session)
{
    return session->out_size < SESSION_TURN_SIZE && session->record_count < SESSION_RECORDS_MAX - 2;
}

static void session_fill_lanes(struct session *session)
{
    struct lanes_permit permit = {
        .begun_only = session->leaving && session->closing == NULL,
        .messages_only = session->closing != NULL || !session->carries,
    };
    struct record record;
    bool any = false;

    if (session->lanes == NULL || session->goaway_sent)
        return;
    permit.credit = session->credit;
    while (session_has_room(session) &&
            lanes_take(session->lanes, &permit, session_body(session), &record)) {
        if (record.stream != LANE_MESSAGES) {
            session->credit -= (uint32_t)record.body.size;
            session->spent += (uint32_t)record.body.size;
            permit.credit = session->credit;
        }
        session_add(session, &record);
        any = true;
    }
    if (any)
        session->events->taken(session, session->user);
}

/* GOAWAY behind the rest of what has begun, CLOSE behind the peer's GOAWAY, or behind the messages
 * of a link that is closed: where there is room still, none of them waits. */
static void session_fill_end(struct session *session)
{
    bool midway = session->lanes != NULL && lanes_are_midway(session->lanes);

    if (!session_has_room(session))
        return;
    if (session->leaving && !session->goaway_sent && !midway) {
        session->goaway_sent = true;
        session_add_own(session, RECORD_GOAWAY, NULL, 0);
    }
    if ((session->goaway_sent && session->goaway_came) || session->closing != NULL) {
        session->close_sent = true;
        session_add_own(session, RECORD_CLOSE, NULL, 0);
    }
}

bool session_fill(struct session *session)
{
    session->out_size = 0;
    session->record_count = 0;
    session->raw = (struct span){ session->flight + session->flight_sent,
        session->flight_size - session->flight_sent };
    session->flight_sent = session->flight_size;
    if (session->raw.size > 0)
        return true;
    if (session->state != SESSION_OPEN || session->close_sent)
        return false;
    session_fill_own(session);
    session_fill_lanes(session);
    session_fill_end(session);
    session->figures.records_out += session->record_count;
    session->figures.bytes_out += session->out_size;
    return session->record_count > 0;
}

bool session_take(struct sender *sender)
{
    struct session *session = list_entry(sender, struct session, sender);

    if (session->sending || session->state == SESSION_OVER || !session_fill(session) ||
            !stream_claim(session->stream))
        return false;
    session->sending = true;
    return true;
}

/* Seals the turn, as far as there is a number for each record. */
static struct span session_seal(struct session *session)
{
    uint8_t *at = session->out;

    for (uint32_t i = 0; i < session->record_count; i++) {
        if (!record_seal(&session->writer, &session->records[i], at))
            break;
        at += record_size(session->records[i].body.size);
    }
    return (struct span){ session->out, (size_t)(at - session->out) };
}

/* What the stream sends next. Without the lock. */
static struct span session_next(struct session *session)
{
    struct span next = session->raw;

    if (next.size > 0)
        return next;
    next = session_seal(session);
    if (next.size < session->out_size) {
        guard_lock(session->guard);
        session_end(session, "it has no more records");
        guard_unlock(session->guard);
    }
    return next;
}

void session_send(struct sender *sender)
{
    struct session *session = list_entry(sender, struct session, sender);

    stream_send(session->stream, session_next(session));
}

struct span session_sent(struct stream *stream, bool failed, void *user)
{
    struct session *session = user;
    bool more = false;

    (void)stream;
    guard_lock(session->guard);
    session->sending = false;
    if (!failed && session->close_sent && session->closing != NULL)
        session_end(session, session->closing);
    else if (!failed && session->close_sent && session->close_came)
        session_end(session, "another connection took its place");
    if (!failed && session->state != SESSION_OVER)
        more = session_fill(session);
    session->sending = more;
    guard_unlock(session->guard);
    return more ? session_next(session) : (struct span){ 0 };
}
