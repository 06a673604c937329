// SPDX-License-Identifier: Apache-2.0
/* What a peer may send is narrow, and whatever else comes ends the session: the peer is known, so
 * it is broken or evil, and its records cannot be another's. */
#include "transport/link/session_in.h"

#include <string.h>

#include "base/clock.h"
#include "transport/secure/big_endian.h"

enum { SESSION_OPEN_MAX = 64 /* records opened before the lock is taken */ };

static const char broken[] = "the peer broke the protocol";

/* A record of the session's own: of no stream, with a body of `size` bytes. */
static bool session_is_own(const struct record *record, size_t size)
{
    return record->stream == 0 && record->body.size == size;
}

static const char *session_on_data(struct session *session, const struct record *record)
{
    struct span whole;
    bool counts = record->stream != LANE_MESSAGES && record->type != RECORD_CANCEL;

    if (session->goaway_came || (counts && !session->carries))
        return broken;
    if (counts)
        session->owed += (uint32_t)record->body.size;
    switch (assembly_take(&session->assembly, record, &whole)) {
    case ASSEMBLY_PART:
        return NULL;
    case ASSEMBLY_MESSAGE:
        return session->events->message(session, whole, session->user);
    case ASSEMBLY_FRAME:
        return session->events->frame(session, whole, session->user);
    case ASSEMBLY_NO_MEMORY:
        return "no memory";
    case ASSEMBLY_BAD:
    default:
        return broken;
    }
}

static const char *session_on_credit(struct session *session, const struct record *record)
{
    uint32_t size;

    if (!session_is_own(record, sizeof(size)))
        return broken;
    size = be32_read(record->body.data);
    if (size == 0 || size > session->spent)
        return broken;
    session->spent -= size;
    session->credit += size;
    session_touch(session);
    return NULL;
}

/* The peer's mark comes with each PING, and does not change. Returns what the first one causes. */
static const char *session_on_mark(struct session *session, uint64_t mark)
{
    if (session_is_joining(session))
        return mark == 0 ? NULL : broken;
    if (session->greeted)
        return mark == session->peer_mark ? NULL : broken;
    if (mark == 0)
        return broken;
    session->greeted = true;
    session->carries = true;
    session->peer_mark = mark;
    return session->events->greeted(session, session->user);
}

static const char *session_on_ping(struct session *session, const struct record *record)
{
    if (!session_is_own(record, SESSION_PING_SIZE))
        return broken;
    memcpy(session->pong, record->body.data, SESSION_PING_SIZE);
    session->pong_due = true;
    session_touch(session);
    return session_on_mark(session, be64_read(record->body.data + sizeof(uint64_t)));
}

/* Smoothed as in RFC 6298, an eighth of what is new, on its way up. A shorter one counts whole and
 * at once: the way takes no longer than that, and who was slow for a moment would be left alone for
 * many PINGs else. */
static const char *session_on_pong(struct session *session, const struct record *record)
{
    uint32_t *smoothed = &session->figures.round_trip_us;
    uint64_t number;
    uint64_t took_us;

    if (!session_is_own(record, SESSION_PING_SIZE))
        return broken;
    number = be64_read(record->body.data);
    if (number <= session->pongs || number > session->pings ||
            be64_read(record->body.data + sizeof(number)) != session->own_mark)
        return broken;
    session->pongs = number;
    session->answered_ms = session->ping_us[number % SESSION_PINGS_MAX] / 1000u;
    took_us = clock_us() - session->ping_us[number % SESSION_PINGS_MAX];
    if (took_us > UINT32_MAX)
        took_us = UINT32_MAX;
    if (*smoothed == 0 || took_us < *smoothed)
        *smoothed = (uint32_t)took_us;
    else
        *smoothed = (uint32_t)((*smoothed * UINT64_C(7) + took_us) / 8);
    if (session->events->answered != NULL)
        session->events->answered(session, session->user);
    return NULL;
}

static const char *session_on_goaway(struct session *session, const struct record *record)
{
    if (!session_is_own(record, 0) || session->goaway_came || !session->greeted)
        return broken;
    session->goaway_came = true;
    session_leave(session, session->heard_ms);
    session_touch(session);
    return NULL;
}

static const char *session_on_record(struct session *session, const struct record *record)
{
    switch (record->type) {
    case RECORD_DATA:
    case RECORD_DATA_MORE:
    case RECORD_CANCEL:
        return session_on_data(session, record);
    case RECORD_CREDIT:
        return session_on_credit(session, record);
    case RECORD_PING:
        return session_on_ping(session, record);
    case RECORD_PONG:
        return session_on_pong(session, record);
    case RECORD_GOAWAY:
        return session_on_goaway(session, record);
    case RECORD_CLOSE:
        return NULL; /* session_on_end follows */
    default:
        return broken;
    }
}

/* The peer's direction is at its end. */
static void session_on_end(struct session *session)
{
    if (session->reader.end != RECORD_ENDED) {
        session_end(session, record_end_name(session->reader.end));
    } else if (!session->goaway_sent || !session->goaway_came || session->close_came) {
        session_end(session, "the peer closed it");
    } else {
        session->close_came = true;
        session->events->left(session, session->user);
        if (session->close_sent && !session->sending)
            session_end(session, "another connection took its place");
    }
}

bool session_act(struct session *session, const struct record *records, unsigned count, size_t size,
        bool last)
{
    const char *reason = NULL;
    bool goes_on;

    guard_lock(session->guard);
    session->heard_ms = clock_ms();
    session->figures.records_in += count;
    session->figures.bytes_in += size;
    if (session->state == SESSION_HANDSHAKE && count > 0)
        reason = session_confirm(session);
    for (unsigned i = 0; i < count && session->state == SESSION_OPEN && reason == NULL; i++)
        reason = session_on_record(session, &records[i]);
    if (reason != NULL)
        session_end(session, reason);
    else if (last && session->state == SESSION_OPEN)
        session_on_end(session);
    goes_on = session->state == SESSION_OPEN;
    guard_unlock(session->guard);
    return goes_on;
}

/* The size in all of the record that `bytes` begin with, 0 where even that is not there. */
static size_t session_needs(const uint8_t *bytes, size_t size)
{
    return size < RECORD_LENGTH_SIZE ? 0 : RECORD_LENGTH_SIZE + be16_read(bytes);
}

bool session_read(struct session *session, struct stream_input *input)
{
    struct record records[SESSION_OPEN_MAX];
    enum record_outcome outcome;
    bool goes_on = true;
    size_t used;

    do {
        unsigned count = 0;
        size_t before = input->used;

        do {
            outcome = record_open(&session->reader, input->bytes + input->used,
                    input->size - input->used, &records[count], &used);
            if (outcome == RECORD_OPENED) {
                input->used += used;
                count += 1;
            }
        } while (outcome == RECORD_OPENED && count < SESSION_OPEN_MAX);
        if (count > 0 || outcome == RECORD_CLOSED)
            goes_on = session_act(
                    session, records, count, input->used - before, outcome == RECORD_CLOSED);
    } while (goes_on && outcome == RECORD_OPENED);
    if (outcome == RECORD_CLOSED)
        input->used = input->size; /* nothing more is read */
    input->needed = session_needs(input->bytes + input->used, input->size - input->used);
    if (input->size == input->room && input->room < SESSION_READ_SIZE)
        input->needed = SESSION_READ_SIZE;
    return goes_on;
}
