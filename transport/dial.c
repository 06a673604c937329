// SPDX-License-Identifier: Apache-2.0
/* Dialling waits: it happens at the start of a process and after a lost connection, never on the
 * way of a call that goes well. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "transport/nng.h"

#include <nng/supplemental/util/platform.h> /* wants nng.h first */

enum { DIAL_REST_MS = 1 }; /* before a queue that was full is tried again */

static void dial_free_aio(nng_aio **aiop)
{
    nng_aio_free(*aiop);
}

static void dial_free_dialer(nng_stream_dialer **dialerp)
{
    if (*dialerp != NULL)
        nng_stream_dialer_free(*dialerp);
}

enum frame_link nng_link(const char *address)
{
    if (strncmp(address, "ipc://", 6) == 0)
        return FRAME_IPC;
    return strncmp(address, "tcp://", 6) == 0 ? FRAME_TCP : FRAME_BARE;
}

/* nng says ECONNREFUSED also where there is no socket at all. */
static int dial_why(const char *address, int code)
{
    int r = nng_to_errno(code);

    if (r == -ECONNREFUSED && nng_link(address) == FRAME_IPC && access(address + 6, F_OK) < 0)
        return -ENOENT;
    return r;
}

static nng_duration dial_left(uint64_t deadline_ms)
{
    uint64_t now = clock_ms();

    return now < deadline_ms ? (nng_duration)(deadline_ms - now) : 1;
}

/* Sends or reads all of `bytes`. */
static int dial_move(nng_stream *stream, nng_aio *aio, uint8_t *bytes, size_t size,
        void (*move)(nng_stream *, nng_aio *), uint64_t deadline_ms)
{
    for (size_t done = 0; done < size; done += nng_aio_count(aio)) {
        nng_iov iov = { .iov_buf = bytes + done, .iov_len = size - done };
        int code;

        nng_aio_set_timeout(aio, dial_left(deadline_ms));
        if (nng_aio_set_iov(aio, 1, &iov) != 0)
            return err_new(-EINVAL);
        move(stream, aio);
        nng_aio_wait(aio);
        code = nng_aio_result(aio);
        if (code != 0)
            return err_new(nng_to_errno(code));
    }
    return 0;
}

static int dial_greet(nng_stream *stream, nng_aio *aio, uint64_t deadline_ms)
{
    uint8_t bytes[FRAME_GREETING_SIZE];
    int r;

    memcpy(bytes, frame_greeting, sizeof(bytes));
    r = dial_move(stream, aio, bytes, sizeof(bytes), nng_stream_send, deadline_ms);
    if (r == 0)
        r = dial_move(stream, aio, bytes, sizeof(bytes), nng_stream_recv, deadline_ms);
    if (r == 0 && memcmp(bytes, frame_greeting, sizeof(bytes)) != 0)
        r = err_new(-EPROTO);
    return r;
}

/* Connects. A Unix socket whose queue of connections is full says EAGAIN: that passes. */
static int dial_connect(
        nng_stream_dialer *dialer, nng_aio *aio, const char *address, uint64_t deadline_ms)
{
    int code;

    do {
        nng_aio_set_timeout(aio, dial_left(deadline_ms));
        nng_stream_dialer_dial(dialer, aio);
        nng_aio_wait(aio);
        code = nng_aio_result(aio);
        if (code == NNG_EAGAIN)
            nng_msleep(DIAL_REST_MS);
    } while (code == NNG_EAGAIN && clock_ms() < deadline_ms);
    return code == NNG_EAGAIN ? -ETIMEDOUT : dial_why(address, code);
}

int channel_dial(struct channel **channelp, const char *address, uint32_t timeout_ms,
        pthread_mutex_t *lock, const struct channel_events *events, void *user)
{
    CLEANUP(dial_free_dialer) nng_stream_dialer *dialer = NULL;
    CLEANUP(dial_free_aio) nng_aio *aio = NULL;
    uint64_t deadline_ms = clock_ms() + timeout_ms;
    nng_stream *stream;
    struct channel *channel = NULL;
    int r;

    if (nng_link(address) == FRAME_BARE)
        return err_new(-EINVAL);
    r = nng_to_errno(nng_stream_dialer_alloc(&dialer, address));
    if (r == 0)
        r = nng_to_errno(nng_aio_alloc(&aio, NULL, NULL));
    if (r == 0 && nng_link(address) == FRAME_TCP)
        r = nng_to_errno(nng_stream_dialer_set_bool(dialer, NNG_OPT_TCP_NODELAY, true));
    if (r == 0 && nng_link(address) == FRAME_TCP)
        r = nng_to_errno(nng_stream_dialer_set_bool(dialer, NNG_OPT_TCP_KEEPALIVE, true));
    if (r < 0)
        return err_trace(r);
    r = dial_connect(dialer, aio, address, deadline_ms);
    if (r < 0)
        return err_new(r);
    stream = nng_aio_get_output(aio, 0);
    r = dial_greet(stream, aio, deadline_ms);
    if (r == 0)
        r = channel_new(&channel, stream, nng_link(address));
    if (r < 0) {
        nng_stream_free(stream);
        return err_trace(r);
    }
    channel_set_greeted(channel);
    channel_adopt(channel, lock, events, user);
    *channelp = channel;
    return 0;
}
