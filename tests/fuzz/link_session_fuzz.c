// SPDX-License-Identifier: Apache-2.0
/* A session in the hands of a peer that sends any records, while its owner puts, gives, leaves and
 * closes. No credit is made or lost, what is held stays bounded, what is sent is what a strict
 * peer would take, and nothing happens behind the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "transport/link/session_in.h"
#include "transport/link/session_out.h"
#include "transport/channel.h"

enum { OPERATIONS_MAX = 300, BODY_MAX = 70000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *at;
    const uint8_t *end;
};

/* The owner, and what it knows. */
struct owner {
    struct guard guard;
    struct lanes lanes;
    unsigned ended;
    unsigned left;
    size_t held; /* bytes of frames that were not given back */
    bool goaway_sent;
    bool close_sent;
};

static struct stream *stream; /* one for all, connected to nobody */
static uint8_t bytes[BODY_MAX];

static uint8_t take_byte(struct input *input)
{
    return input->at < input->end ? *input->at++ : 0;
}

static size_t take_number(struct input *input)
{
    size_t high = take_byte(input);

    return high << 8 | take_byte(input);
}

/* ---- the owner ---- */

static const char *on_message(struct session *session, struct span message, void *user)
{
    const struct owner *owner = user;

    (void)session;
    CHECK(owner->ended == 0 && message.size <= LINK_MESSAGE_MAX);
    return NULL;
}

static const char *on_frame(struct session *session, struct span frame, void *user)
{
    struct owner *owner = user;

    (void)session;
    CHECK(owner->ended == 0 && frame.size <= MESSAGE_SIZE_MAX);
    owner->held += frame.size;
    CHECK(owner->held <= LINK_CREDIT);
    return NULL;
}

static void on_taken(struct session *session, void *user)
{
    (void)session;
    (void)user;
}

static void on_left(struct session *session, void *user)
{
    struct owner *owner = user;

    CHECK(session->goaway_came && session->goaway_sent);
    owner->left += 1;
}

static void on_ended(struct session *session, const char *reason, void *user)
{
    struct owner *owner = user;

    (void)session;
    CHECK(reason != NULL);
    owner->ended += 1;
}

static const struct session_events events = {
    .message = on_message, .frame = on_frame, .taken = on_taken, .left = on_left, .ended = on_ended
};

/* ---- a stream ---- */

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

static void on_dialled(struct stream *dialled, int code, void *user)
{
    struct waiter *waiter = user;

    CHECK(code == 0);
    pthread_mutex_lock(&waiter->lock);
    stream = dialled;
    pthread_cond_signal(&waiter->changed);
    pthread_mutex_unlock(&waiter->lock);
}

static bool on_admit(const struct stream_address *from, void *user)
{
    (void)from;
    (void)user;
    return false;
}

static bool on_accepted(struct stream *accepted, const struct stream_address *from, void *user)
{
    (void)accepted;
    (void)from;
    (void)user;
    return false;
}

static void on_closed(struct listener *listener, void *user)
{
    (void)listener;
    (void)user;
}

/* Makes the stream, which a session has to have and does not use here. */
static void connect_stream(void)
{
    static const struct stream_listener_events listening = { on_admit, on_accepted, on_closed };
    static struct waiter waiter = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER };
    struct listener *listener;
    struct stream_dial *dial;
    char address[40];

    CHECK(stream_listen(&listener, "tcp://127.0.0.1:0", &listening, NULL) == 0);
    snprintf(address, sizeof(address), "tcp://127.0.0.1:%u", listener_port(listener));
    CHECK(stream_dial(&dial, address, 5000, on_dialled, &waiter) == 0);
    pthread_mutex_lock(&waiter.lock);
    while (stream == NULL)
        pthread_cond_wait(&waiter.changed, &waiter.lock);
    pthread_mutex_unlock(&waiter.lock);
    listener_close(listener);
}

/* ---- the peer ---- */

static struct record hostile_record(struct session *session, struct input *input)
{
    static const enum record_type types[] = { RECORD_DATA, RECORD_DATA_MORE, RECORD_CREDIT,
        RECORD_PING, RECORD_PONG, RECORD_GOAWAY, RECORD_CANCEL, RECORD_CLOSE };
    struct record record = { .type = types[take_byte(input) % 8] };
    uint8_t choice = take_byte(input);
    size_t number = take_number(input);

    memset(bytes, 0, SESSION_PING_SIZE);
    switch (choice % 4) {
    case 0: /* anything */
        record.stream = choice / 4 % (LANES + 1);
        record.body = (struct span){ bytes, number };
        memcpy(bytes, &number, sizeof(number));
        break;
    case 1: /* data of the size that it should have */
        record.stream = choice / 4 % LANES;
        record.body = (struct span){ bytes, 1 + number % RECORD_BODY_MAX };
        break;
    case 2: /* a credit that may be right */
        record.body = (struct span){ bytes, 4 };
        bytes[2] = (uint8_t)(session->spent >> 8);
        bytes[3] = (uint8_t)number;
        break;
    default: /* a ping, or a pong that may be right */
        record.body = (struct span){ bytes, SESSION_PING_SIZE };
        bytes[7] = (uint8_t)(session->pongs + choice / 4 % 3);
        break;
    }
    if (record.type == RECORD_GOAWAY || record.type == RECORD_CLOSE)
        record.body.size = 0;
    return record;
}

static void hear(struct session *session, struct input *input)
{
    struct record record = hostile_record(session, input);
    bool last = record.type == RECORD_CLOSE;

    if (last)
        session->reader.end = RECORD_ENDED;
    session_act(session, &record, 1, record_size(record.body.size), last);
}

/* What a strict peer watches. */
static void check_turn(struct owner *owner, const struct session *session)
{
    CHECK(session->out_size <= SESSION_OUT_SIZE);
    CHECK(session->record_count <= SESSION_RECORDS_MAX);
    for (uint32_t i = 0; i < session->record_count; i++) {
        const struct record *record = &session->records[i];
        bool data = record->type == RECORD_DATA || record->type == RECORD_DATA_MORE;

        CHECK(!owner->close_sent);
        CHECK(!data || !owner->goaway_sent);
        owner->goaway_sent |= record->type == RECORD_GOAWAY;
        owner->close_sent |= record->type == RECORD_CLOSE;
    }
}

static void check_credit(const struct session *session)
{
    CHECK(session->credit + session->spent == LINK_CREDIT && session->credit <= LINK_CREDIT);
    CHECK(session->pongs <= session->pings);
    CHECK(session->state == SESSION_OVER ||
            session->assembly.credit + session->owed + session->give == LINK_CREDIT);
}

static void act(struct owner *owner, struct session *session, struct input *input)
{
    uint8_t what = take_byte(input) % 16;
    struct envelope envelope = { .kind = ENVELOPE_ITEM, .id = 1 + what, .body = { bytes, 8 } };

    switch (what) {
    case 0:
        envelope.body.size = take_number(input);
        lanes_put(&owner->lanes, &envelope);
        break;
    case 1:
        lanes_put_message(&owner->lanes, (struct span){ bytes, 1 + take_number(input) });
        break;
    case 2:
        owner->held -= session_give(session, owner->held);
        break;
    case 3:
        if (take_byte(input) == 1)
            session_leave(session, 1);
        break;
    case 4:
        if (take_byte(input) == 1)
            session_close(session, "closed", 1);
        break;
    case 5:
        session_tick(
                session, session->answered_ms + take_number(input), LINK_PING_MS, LINK_DEAD_MS);
        break;
    case 6:
    case 7:
    case 8:
        if (session->state == SESSION_OPEN && session_fill(session))
            check_turn(owner, session);
        break;
    default:
        hear(session, input);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = { data, data + size };
    struct owner owner = { .ended = 0 };
    struct session *session = calloc(1, sizeof(*session));

    if (stream == NULL)
        connect_stream();
    CHECK(session != NULL);
    guard_init(&owner.guard);
    session->guard = &owner.guard;
    session->events = &events;
    session->user = &owner;
    session->stream = stream;
    session->state = SESSION_OPEN;
    session->greeted = true;
    session->carries = true;
    session->dialled = take_byte(&input) % 2;
    session->credit = LINK_CREDIT;
    session->assembly.credit = LINK_CREDIT;
    session->sending = true; /* nothing is sent: the turns are looked at */
    session->out = malloc(SESSION_OUT_SIZE);
    CHECK(session->out != NULL);
    list_init(&session->sender.node);
    session_lend(session, &owner.lanes);
    for (int i = 0; i < OPERATIONS_MAX && input.at < input.end; i++) {
        act(&owner, session, &input);
        check_credit(session);
        CHECK(owner.ended <= 1 && (owner.ended == 1) == (session->state == SESSION_OVER));
        CHECK(owner.left <= 1);
    }
    lanes_deinit(&owner.lanes);
    assembly_deinit(&session->assembly);
    guard_deinit(&owner.guard);
    free(session->out);
    free(session);
    return 0;
}
