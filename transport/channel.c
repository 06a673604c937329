// SPDX-License-Identifier: Apache-2.0
/* nng's byte streams, not its sockets: docs/architecture.md, "A channel is nng", has the figures.
 *
 * stream.c reads and sends; here is what makes frames of it: the outbox that gathers while a send
 * is under way, the greeting, and that a peer which does not read is made to wait (`pausing`). That
 * is for accepted channels only: with both ends pausing, each could wait for the other for ever. */
#include "transport/channel.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "transport/nng.h"

struct channel {
    atomic_uint refs;                    /* the owner's, and the stream's until it is closed */
    struct stream *stream;               /* counted */
    pthread_mutex_t *lock;               /* borrowed: the owner's, until `closed` returned */
    const struct channel_events *events; /* borrowed: the owner's, for good */
    void *user;                          /* borrowed: the owner's, until `closed` returned */
    struct channel_peer peer;
    enum frame_link link;
    bool pausing; /* stop reading while much waits for the peer */
    bool greeted; /* the read's alone */

    /* Guarded by `lock`. */
    struct outbox *filling; /* borrowed: `own`, or what channel_lend gave */
    struct outbox own;
    bool sending;   /* from channel_take to the end of that send */
    bool paused;    /* until less waits for the peer */
    bool throttled; /* until the owner says so */

    /* The send's alone, from channel_take to its end. */
    struct batch leaving;
    struct span left; /* all of `leaving` */
};

static bool channel_receive(struct stream *stream, struct stream_input *input, void *user);
static struct span channel_sent(struct stream *stream, bool failed, void *user);
static void channel_closed(struct stream *stream, void *user);

static const struct stream_events channel_stream_events = {
    .receive = channel_receive,
    .sent = channel_sent,
    .closed = channel_closed,
};

static void channel_free(struct channel *channel)
{
    stream_unref(channel->stream);
    outbox_deinit(&channel->own);
    batch_deinit(&channel->leaving);
    free(channel);
}

struct channel *channel_ref(struct channel *channel)
{
    atomic_fetch_add(&channel->refs, 1);
    return channel;
}

struct channel *channel_unref(struct channel *channel)
{
    if (channel != NULL && atomic_fetch_sub(&channel->refs, 1) == 1)
        channel_free(channel);
    return NULL;
}

static struct channel_peer channel_ask_peer(nng_stream *stream)
{
    struct channel_peer peer = { 0 };
    uint64_t pid;
    uint64_t uid;

    if (nng_stream_get_uint64(stream, NNG_OPT_IPC_PEER_PID, &pid) == 0 &&
            nng_stream_get_uint64(stream, NNG_OPT_IPC_PEER_UID, &uid) == 0)
        peer = (struct channel_peer){ .pid = (uint32_t)pid, .uid = (uint32_t)uid, .known = true };
    return peer;
}

int channel_new(struct channel **channelp, nng_stream *stream, enum frame_link link)
{
    struct channel *channel = calloc(1, sizeof(*channel));
    int r;

    if (channel == NULL)
        return err_new(-ENOMEM);
    atomic_init(&channel->refs, 1);
    channel->link = link;
    channel->filling = &channel->own;
    outbox_init(&channel->own, link);
    channel->leaving = BATCH_EMPTY;
    r = stream_new(&channel->stream, stream);
    if (r < 0) {
        channel_unref(channel);
        return err_trace(r);
    }
    channel->peer = channel_ask_peer(stream);
    stream_adopt(channel->stream, &channel_stream_events, channel);
    *channelp = channel;
    return 0;
}

int channel_greet_later(struct channel *channel)
{
    channel->pausing = true;
    return outbox_greet(channel->filling) ? 0 : err_new(-ENOMEM);
}

void channel_set_greeted(struct channel *channel)
{
    channel->greeted = true;
}

void channel_adopt(struct channel *channel, pthread_mutex_t *lock,
        const struct channel_events *events, void *user)
{
    channel->lock = lock;
    channel->events = events;
    channel->user = user;
}

void channel_read_always(struct channel *channel)
{
    channel->pausing = false;
}

void channel_lend(struct channel *channel, struct outbox *outbox)
{
    *outbox = channel->own;
    outbox_init(&channel->own, channel->link);
    channel->filling = outbox;
}

struct channel_peer channel_peer(const struct channel *channel)
{
    return channel->peer;
}

void channel_start(struct channel *channel)
{
    bool more;

    CHECK(channel->lock != NULL && channel->events != NULL);
    pthread_mutex_lock(channel->lock);
    more = channel_take(channel);
    pthread_mutex_unlock(channel->lock);
    channel_ref(channel); /* the stream's */
    if (more)
        channel_send(channel);
    if (!channel->greeted)
        stream_set_patience(channel->stream, GREETING_MS);
    stream_start(channel->stream);
}

void channel_close(struct channel *channel)
{
    stream_close(channel->stream);
}

void channel_pause(struct channel *channel)
{
    stream_pause(channel->stream);
}

void channel_resume(struct channel *channel)
{
    stream_resume(channel->stream);
}

bool channel_throttle(struct channel *channel, bool on)
{
    bool was = channel->throttled;

    channel->throttled = on;
    if (on)
        stream_pause(channel->stream);
    return was && !on && !channel->paused;
}

static void channel_closed(struct stream *stream, void *user)
{
    struct channel *channel = user;

    (void)stream;
    channel->events->closed(channel, channel->user);
    channel_unref(channel);
}

/* ---- sending ---- */

size_t channel_queued(const struct channel *channel)
{
    return outbox_queued(channel->filling);
}

uint64_t channel_taken(const struct channel *channel)
{
    return stream_taken(channel->stream);
}

enum outbox_outcome channel_put(
        struct channel *channel, const struct envelope *envelope, enum outbox_lane lane)
{
    return outbox_put(channel->filling, envelope, lane);
}

/* Makes the next round of what gathered the next send. */
static void channel_load(struct channel *channel)
{
    outbox_load(channel->filling, &channel->leaving);
    channel->left = (struct span){ channel->leaving.bytes, channel->leaving.size };
    channel->filling->leaving = channel->left.size;
    channel->filling->taken = stream_taken_count(channel->stream);
    channel->filling->taken_before = stream_taken(channel->stream);
    channel->sending = true;
}

bool channel_take(struct channel *channel)
{
    if (channel->sending || outbox_is_empty(channel->filling) || !stream_claim(channel->stream))
        return false;
    channel_load(channel);
    return true;
}

void channel_send(struct channel *channel)
{
    stream_send(channel->stream, channel->left);
}

static struct span channel_sent(struct stream *stream, bool failed, void *user)
{
    struct channel *channel = user;
    struct span next = { 0 };
    bool resume = false;

    pthread_mutex_lock(channel->lock);
    batch_clear(&channel->leaving);
    channel->sending = false;
    channel->filling->leaving = 0;
    if (!failed && !outbox_is_empty(channel->filling)) {
        channel_load(channel);
        next = channel->left;
        if (channel->events->loaded != NULL)
            channel->events->loaded(channel, channel->user);
    }
    if (channel->paused && outbox_own(channel->filling) <= OUTBOX_SOFT_MAX / 2) {
        channel->paused = false;
        resume = !channel->throttled;
    }
    pthread_mutex_unlock(channel->lock);
    if (resume)
        stream_resume(stream);
    if (channel->events->sent != NULL)
        channel->events->sent(channel, channel->user);
    return next;
}

/* ---- reading ---- */

/* Takes the greeting off the front of `bytes`. False where the peer says another one. */
static bool channel_greeting(struct channel *channel, struct span *bytes)
{
    size_t size = bytes->size < FRAME_GREETING_SIZE ? bytes->size : FRAME_GREETING_SIZE;

    if (memcmp(bytes->data, frame_greeting, size) != 0)
        return false;
    if (size == FRAME_GREETING_SIZE) {
        channel->greeted = true;
        stream_set_patience(channel->stream, 0);
        bytes->data += FRAME_GREETING_SIZE;
        bytes->size -= FRAME_GREETING_SIZE;
    }
    return true;
}

/* Lets the peer wait where it has so much to read first of what it asked for. What others want of
 * it does not count: one for whom calls wait is to go on answering. */
static void channel_hold(struct channel *channel)
{
    pthread_mutex_lock(channel->lock);
    channel->paused = outbox_own(channel->filling) > OUTBOX_SOFT_MAX && channel->sending;
    if (channel->paused || channel->throttled)
        stream_pause(channel->stream); /* again, where a resume was on its way */
    pthread_mutex_unlock(channel->lock);
}

/* Hands whole frames to the owner. */
static bool channel_receive(struct stream *stream, struct stream_input *input, void *user)
{
    struct channel *channel = user;
    struct span bytes = { input->bytes, input->size };
    struct frame_reader reader;
    size_t whole;

    (void)stream;
    if (!channel->greeted) {
        if (!channel_greeting(channel, &bytes))
            return false;
        if (!channel->greeted)
            return true;
    }
    if (frame_scan(bytes, channel->link, &whole, &input->needed) != FRAME_END)
        return false;
    if (whole > 0) {
        frame_reader_init(&reader, (struct span){ bytes.data, whole }, channel->link);
        if (channel->events->receive(channel, &reader, channel->user) < 0)
            return false;
    }
    input->used = input->size - bytes.size + whole;
    if (channel->pausing)
        channel_hold(channel);
    return true;
}
