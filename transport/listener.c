// SPDX-License-Identifier: Apache-2.0
/* An nng_stream_listener, whose accept goes on whatever the last peer did (an SP ipc listener of
 * nng 1.5.2 dies for ever with the first connection that closes at once). It makes channels of what
 * it accepts, or streams. */
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "transport/nng.h"

enum { LISTENER_REST_MS = 10 }; /* after an accept that failed */

struct listener {
    atomic_uint refs;            /* the accept under way, and listener_close while it runs */
    nng_stream_listener *stream; /* owned */
    nng_aio *aio;                /* owned: an accept, or the rest after one that failed */
    void (*hand_over)(struct listener *listener, nng_stream *stream);
    struct listener_events events;               /* of a listener for channels */
    struct stream_listener_events stream_events; /* of one for streams */
    void *user;                                  /* borrowed: until `closed` */
    enum frame_link link;
    atomic_bool closing;
    bool resting;
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)]; /* of an ipc socket */
};

/* True where nobody listens at `path` any more. */
static bool listener_is_stale(const char *path)
{
    CLEANUP(cleanup_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    memcpy(address.sun_path, path, strlen(path) + 1);
    return fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 &&
           errno == ECONNREFUSED;
}

static void listener_unref(struct listener *listener)
{
    if (atomic_fetch_sub(&listener->refs, 1) != 1)
        return;
    if (listener->stream != NULL)
        nng_stream_listener_free(listener->stream);
    if (listener->aio != NULL)
        nng_aio_reap(listener->aio); /* we may be inside its callback */
    free(listener);
}

/* Where a stream comes from; nothing is known of one that is gone already. */
static struct stream_address listener_ask_address(nng_stream *stream)
{
    static const uint8_t mapped[12] = { [10] = 0xff, 0xff };
    struct stream_address address = { .family = 0 };
    nng_sockaddr from;

    if (nng_stream_get_addr(stream, NNG_OPT_REMADDR, &from) != 0)
        return address;
    if (from.s_family == NNG_AF_INET) {
        address = (struct stream_address){ .family = 4, .port = ntohs(from.s_in.sa_port) };
        memcpy(address.bytes, &from.s_in.sa_addr, 4);
    } else if (from.s_family == NNG_AF_INET6) {
        address = (struct stream_address){ .family = 6, .port = ntohs(from.s_in6.sa_port) };
        memcpy(address.bytes, from.s_in6.sa_addr, sizeof(address.bytes));
        if (memcmp(address.bytes, mapped, sizeof(mapped)) == 0) {
            address.family = 4;
            memmove(address.bytes, address.bytes + sizeof(mapped), 4);
            memset(address.bytes + 4, 0, sizeof(mapped));
        }
    }
    return address;
}

static void listener_hand_over_stream(struct listener *listener, nng_stream *nng)
{
    struct stream_address from = listener_ask_address(nng);
    struct stream *stream;

    if (!listener->stream_events.admit(&from, listener->user) || stream_new(&stream, nng) < 0) {
        nng_stream_free(nng);
        return;
    }
    if (listener->stream_events.accepted(stream, &from, listener->user))
        stream_start(stream);
    else
        stream_unref(stream);
}

static void listener_hand_over_channel(struct listener *listener, nng_stream *stream)
{
    struct channel *channel;

    if (channel_new(&channel, stream, listener->link) < 0) {
        nng_stream_free(stream);
        return;
    }
    if (channel_greet_later(channel) < 0 ||
            listener->events.accepted(listener, channel, listener->user) < 0)
        channel_unref(channel);
    else
        channel_start(channel);
}

static void listener_done(void *user)
{
    struct listener *listener = user;
    int code = nng_aio_result(listener->aio);

    if (code == 0 && !listener->resting)
        listener->hand_over(listener, nng_aio_get_output(listener->aio, 0));
    if (atomic_load(&listener->closing)) {
        if (listener->events.closed != NULL)
            listener->events.closed(listener, listener->user);
        listener_unref(listener);
        return;
    }
    listener->resting = code != 0 && !listener->resting;
    if (listener->resting)
        nng_sleep_aio(LISTENER_REST_MS, listener->aio);
    else
        nng_stream_listener_accept(listener->stream, listener->aio);
}

static int listener_prepare(struct listener *listener, const char *address, unsigned mode)
{
    int r = nng_to_errno(nng_stream_listener_alloc(&listener->stream, address));

    if (r == 0)
        r = nng_to_errno(nng_aio_alloc(&listener->aio, listener_done, listener));
    if (r < 0)
        return err_trace(r);
    if (listener->link == FRAME_TCP) {
        r = nng_stream_listener_set_bool(listener->stream, NNG_OPT_TCP_NODELAY, true);
        if (r == 0)
            r = nng_stream_listener_set_bool(listener->stream, NNG_OPT_TCP_KEEPALIVE, true);
        return err_trace(nng_to_errno(r));
    }
    if ((size_t)snprintf(listener->path, sizeof(listener->path), "%s", address + 6) >=
            sizeof(listener->path))
        return err_new(-ENAMETOOLONG);
    if (listener_is_stale(listener->path))
        unlink(listener->path);
    return err_trace(nng_to_errno(
            nng_stream_listener_set_int(listener->stream, NNG_OPT_IPC_PERMISSIONS, (int)mode)));
}

/* Listens with what is set of `model`. */
static int listener_start(struct listener **listenerp, const char *address, unsigned mode,
        const struct listener *model)
{
    struct listener *listener = malloc(sizeof(*listener));
    int r;

    if (listener == NULL)
        return err_new(-ENOMEM);
    *listener = *model;
    atomic_init(&listener->refs, 1);
    listener->link = nng_link(address);
    r = listener_prepare(listener, address, mode);
    if (r == 0)
        r = nng_to_errno(nng_stream_listener_listen(listener->stream));
    if (r < 0) {
        listener_unref(listener);
        return err_trace(r);
    }
    *listenerp = listener;
    nng_stream_listener_accept(listener->stream, listener->aio);
    return 0;
}

int listener_open(struct listener **listenerp, const char *address, unsigned mode,
        const struct listener_events *events, void *user)
{
    struct listener model = {
        .hand_over = listener_hand_over_channel,
        .events = *events,
        .user = user,
    };

    if (nng_link(address) == FRAME_BARE)
        return err_new(-EINVAL);
    return err_trace(listener_start(listenerp, address, mode, &model));
}

int stream_listen(struct listener **listenerp, const char *address,
        const struct stream_listener_events *events, void *user)
{
    struct listener model = {
        .hand_over = listener_hand_over_stream,
        .events.closed = events->closed,
        .stream_events = *events,
        .user = user,
    };

    if (nng_link(address) != FRAME_TCP)
        return err_new(-EINVAL);
    return err_trace(listener_start(listenerp, address, 0, &model));
}

uint16_t listener_port(const struct listener *listener)
{
    int port = 0;

    if (listener->link != FRAME_TCP ||
            nng_stream_listener_get_int(listener->stream, NNG_OPT_TCP_BOUND_PORT, &port) != 0)
        return 0;
    return (uint16_t)port;
}

void listener_close(struct listener *listener)
{
    char path[sizeof(listener->path)];

    memcpy(path, listener->path, sizeof(path));
    atomic_fetch_add(&listener->refs, 1); /* the accept may end while we are here */
    atomic_store(&listener->closing, true);
    nng_stream_listener_close(listener->stream);
    nng_aio_cancel(listener->aio);
    listener_unref(listener);
    if (path[0] != '\0')
        unlink(path);
}
