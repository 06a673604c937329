// SPDX-License-Identifier: Apache-2.0
/* Two operations may be under way, a read and a send, on nng_aios that live as long as the stream.
 * A send is first tried on one without a callback: where the socket takes all of it at once, as it
 * nearly always does, the send is over on the thread that began it, and no other thread is woken to
 * hear of it.
 *
 * A trap of nng 1.5.2: an operation begun on a stream that was closed before never completes. So
 * whoever begins one looks at `closing` behind it, and cancels. */
#include "transport/stream.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "transport/nng.h"

enum {
    STREAM_ROOM_MIN = 4096,    /* bytes of a quiet stream's read buffer */
    STREAM_ROOM_KEPT = 262144, /* bytes that a read buffer keeps behind large messages */
    STREAM_SENDS_MAX = 8       /* in a row on one thread, which has its own stream to read from */
};

struct stream {
    atomic_uint refs;                   /* the owner's, an armed read's, a send's */
    atomic_uint busy;                   /* the read, and a claimed send: `closed` comes at 0 */
    nng_stream *stream;                 /* owned */
    nng_aio *read_aio;                  /* owned */
    nng_aio *send_aio;                  /* owned: of a send that takes its time */
    nng_aio *quick_aio;                 /* owned: of a send that does not; it has no callback */
    const struct stream_events *events; /* borrowed: the owner's, for good */
    void *user;                         /* borrowed: the owner's, until `closed` returned */
    atomic_bool closing;                /* stream_close was called */
    atomic_bool reading; /* a read is armed, or will be: by stream_start or its own callback */
    atomic_bool paused;
    atomic_uint_least64_t taken; /* bytes */

    struct span left; /* the send's alone: what is not sent yet */

    /* The read's alone. */
    nng_duration patience;
    uint8_t *in; /* owned */
    size_t in_size;
    size_t in_room;
};

static void stream_read_done(void *user);
static void stream_send_done(void *user);

int nng_to_errno(int code)
{
    switch (code) {
    case 0:
        return 0;
    case NNG_ENOMEM:
        return -ENOMEM;
    case NNG_ECONNREFUSED:
        return -ECONNREFUSED;
    case NNG_ENOENT:
        return -ENOENT;
    case NNG_EPERM:
        return -EACCES;
    case NNG_ETIMEDOUT:
        return -ETIMEDOUT;
    case NNG_EADDRINUSE:
        return -EADDRINUSE;
    case NNG_EADDRINVAL:
    case NNG_EINVAL:
    case NNG_ENOTSUP:
        return -EINVAL;
    case NNG_ENOFILES:
        return -EMFILE;
    case NNG_ECLOSED:
    case NNG_ECONNSHUT:
    case NNG_ECONNRESET:
        return -ECONNRESET;
    default:
        return (code & NNG_ESYSERR) != 0 ? -(code & ~NNG_ESYSERR) : -EIO;
    }
}

static void stream_free(struct stream *stream)
{
    if (stream->stream != NULL) {
        nng_stream_close(stream->stream);
        nng_stream_free(stream->stream);
    }
    if (stream->read_aio != NULL)
        nng_aio_reap(stream->read_aio); /* we may be inside its callback */
    if (stream->send_aio != NULL)
        nng_aio_reap(stream->send_aio);
    if (stream->quick_aio != NULL)
        nng_aio_reap(stream->quick_aio);
    free(stream->in);
    free(stream);
}

struct stream *stream_ref(struct stream *stream)
{
    atomic_fetch_add(&stream->refs, 1);
    return stream;
}

struct stream *stream_unref(struct stream *stream)
{
    if (stream != NULL && atomic_fetch_sub(&stream->refs, 1) == 1)
        stream_free(stream);
    return NULL;
}

int stream_new(struct stream **streamp, nng_stream *nng)
{
    struct stream *stream = calloc(1, sizeof(*stream));

    if (stream == NULL)
        return err_new(-ENOMEM);
    atomic_init(&stream->refs, 1);
    atomic_init(&stream->busy, 1);
    atomic_init(&stream->reading, true);
    stream->patience = NNG_DURATION_INFINITE;
    stream->in = malloc(STREAM_ROOM_MIN);
    stream->in_room = STREAM_ROOM_MIN;
    if (stream->in == NULL || nng_aio_alloc(&stream->read_aio, stream_read_done, stream) != 0 ||
            nng_aio_alloc(&stream->send_aio, stream_send_done, stream) != 0 ||
            nng_aio_alloc(&stream->quick_aio, NULL, NULL) != 0) {
        stream_unref(stream);
        return err_new(-ENOMEM);
    }
    stream->stream = nng;
    *streamp = stream;
    return 0;
}

void stream_adopt(struct stream *stream, const struct stream_events *events, void *user)
{
    stream->events = events;
    stream->user = user;
}

void stream_set_patience(struct stream *stream, uint32_t patience_ms)
{
    stream->patience = patience_ms != 0 ? (nng_duration)patience_ms : NNG_DURATION_INFINITE;
}

/* The read or the send is over, with its reference. */
static void stream_leave(struct stream *stream)
{
    if (atomic_fetch_sub(&stream->busy, 1) == 1)
        stream->events->closed(stream, stream->user);
    stream_unref(stream);
}

/* ---- reading ---- */

static void stream_arm(struct stream *stream)
{
    nng_iov iov = {
        .iov_buf = stream->in + stream->in_size,
        .iov_len = stream->in_room - stream->in_size,
    };

    nng_aio_set_timeout(stream->read_aio, stream->patience);
    CHECK(nng_aio_set_iov(stream->read_aio, 1, &iov) == 0);
    stream_ref(stream); /* the callback may let go of the stream before we looked */
    nng_stream_recv(stream->stream, stream->read_aio);
    if (atomic_load(&stream->closing))
        nng_aio_cancel(stream->read_aio);
    stream_unref(stream);
}

void stream_start(struct stream *stream)
{
    CHECK(stream->events != NULL);
    stream_ref(stream); /* the read's */
    stream_arm(stream);
}

/* Arms the read unless it is armed. */
static void stream_rearm(struct stream *stream)
{
    if (!atomic_exchange(&stream->reading, true))
        stream_arm(stream);
}

void stream_pause(struct stream *stream)
{
    atomic_store(&stream->paused, true);
}

void stream_resume(struct stream *stream)
{
    atomic_store(&stream->paused, false);
    stream_rearm(stream);
}

void stream_close(struct stream *stream)
{
    if (atomic_exchange(&stream->closing, true))
        return;
    nng_stream_close(stream->stream);
    nng_aio_cancel(stream->send_aio);
    nng_aio_cancel(stream->read_aio);
    stream_rearm(stream); /* so that the read fails, and `closed` follows */
}

/* The read is over for good. */
static void stream_end(struct stream *stream)
{
    if (!atomic_exchange(&stream->closing, true)) {
        nng_stream_close(stream->stream);
        nng_aio_cancel(stream->send_aio);
    }
    stream_leave(stream);
}

/* Makes room for what follows; `needed` is 0 where nothing is known of it. Not by realloc: a large
 * block that is resized glibc maps anew, and its pages fault again with each large message; one
 * that is freed it uses again. */
static bool stream_make_room(struct stream *stream, size_t needed)
{
    size_t room = stream->in_room;
    uint8_t *in;

    if (needed > room)
        room = needed;
    else if (room > STREAM_ROOM_KEPT && needed == 0 && stream->in_size < STREAM_ROOM_MIN)
        room = STREAM_ROOM_MIN;
    if (room == stream->in_room)
        return true;
    in = malloc(room);
    if (in == NULL)
        return false;
    memcpy(in, stream->in, stream->in_size);
    free(stream->in);
    stream->in = in;
    stream->in_room = room;
    return true;
}

/* Hands what came to the owner. False where the stream is to be closed. */
static bool stream_digest(struct stream *stream)
{
    struct stream_input input = { stream->in, stream->in_size, stream->in_room, 0, 0 };
    bool full = stream->in_size == stream->in_room;

    if (!stream->events->receive(stream, &input, stream->user))
        return false;
    stream->in_size -= input.used;
    memmove(stream->in, stream->in + input.used, stream->in_size);
    if (full && input.needed < READ_SIZE && stream->in_room < READ_SIZE)
        input.needed = READ_SIZE; /* a busy stream: read more at a time */
    return stream_make_room(stream, input.needed);
}

static void stream_read_done(void *user)
{
    struct stream *stream = user;

    if (nng_aio_result(stream->read_aio) != 0) {
        stream_end(stream);
        return;
    }
    stream->in_size += nng_aio_count(stream->read_aio);
    if (!stream_digest(stream)) {
        stream_end(stream);
        return;
    }
    if (!atomic_load(&stream->paused)) {
        stream_arm(stream);
        return;
    }
    stream_ref(stream); /* once `reading` is false, another thread may end the stream */
    atomic_store(&stream->reading, false);
    if (!atomic_load(&stream->paused) || atomic_load(&stream->closing))
        stream_rearm(stream); /* resumed or closed meanwhile */
    stream_unref(stream);
}

/* ---- sending ---- */

bool stream_claim(struct stream *stream)
{
    unsigned busy = atomic_load(&stream->busy);

    do {
        if (busy == 0)
            return false;
    } while (!atomic_compare_exchange_weak(&stream->busy, &busy, busy + 1));
    stream_ref(stream); /* the send's */
    return true;
}

uint64_t stream_taken(const struct stream *stream)
{
    return atomic_load(&stream->taken);
}

const atomic_uint_least64_t *stream_taken_count(const struct stream *stream)
{
    return &stream->taken;
}

/* The socket took the first `count` bytes of what is left. */
static void stream_take(struct stream *stream, size_t count)
{
    stream->left.data += count;
    stream->left.size -= count;
    atomic_fetch_add(&stream->taken, count);
}

/* Sends what is left and hears of it in stream_send_done. */
static void stream_send_later(struct stream *stream)
{
    nng_iov iov = { .iov_buf = (void *)(uintptr_t)stream->left.data, .iov_len = stream->left.size };

    CHECK(nng_aio_set_iov(stream->send_aio, 1, &iov) == 0);
    stream_ref(stream); /* the callback may let go of the stream before we looked */
    nng_stream_send(stream->stream, stream->send_aio);
    if (atomic_load(&stream->closing))
        nng_aio_cancel(stream->send_aio);
    stream_unref(stream);
}

/* Sends as much of what is left as the socket takes at once. Returns 0, NNG_ECANCELED where it took
 * nothing, or what went wrong. */
static int stream_send_now(struct stream *stream)
{
    nng_iov iov = { .iov_buf = (void *)(uintptr_t)stream->left.data, .iov_len = stream->left.size };
    int code;

    CHECK(nng_aio_set_iov(stream->quick_aio, 1, &iov) == 0);
    nng_stream_send(stream->stream, stream->quick_aio);
    nng_aio_cancel(stream->quick_aio); /* nothing where it is over */
    nng_aio_wait(stream->quick_aio);
    code = nng_aio_result(stream->quick_aio);
    if (code == 0) {
        stream_take(stream, nng_aio_count(stream->quick_aio));
    }
    return code;
}

/* The send is over. True where the owner has more, which is `left` then. */
static bool stream_sent(struct stream *stream, bool failed)
{
    struct span next = stream->events->sent(stream, failed, stream->user);

    if (failed)
        stream_close(stream);
    if (next.size > 0 && !failed) {
        stream->left = next;
        return true;
    }
    stream_leave(stream); /* `left` may be another send's by now */
    return false;
}

/* Sends what is left, and what the owner has behind it. */
static void stream_go_on(struct stream *stream)
{
    int sends = 0;
    int code;

    do {
        code = sends++ < STREAM_SENDS_MAX ? 0 : NNG_ECANCELED;
        while (code == 0 && stream->left.size > 0)
            code = stream_send_now(stream);
        if (code == NNG_ECANCELED) {
            stream_send_later(stream);
            return;
        }
    } while (stream_sent(stream, code != 0));
}

void stream_send(struct stream *stream, struct span bytes)
{
    stream->left = bytes;
    stream_go_on(stream);
}

static void stream_send_done(void *user)
{
    struct stream *stream = user;
    bool failed = nng_aio_result(stream->send_aio) != 0;

    if (!failed)
        stream_take(stream, nng_aio_count(stream->send_aio));
    if ((!failed && stream->left.size > 0) || stream_sent(stream, failed))
        stream_go_on(stream);
}
