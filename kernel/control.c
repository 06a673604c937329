// SPDX-License-Identifier: Apache-2.0
#include "kernel/control.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "kernel/limits.h"

enum { FRAME_TAG = 0x0a }; /* field 1 of mu.bus.v1.Frame */

struct control_packet {
    struct list link;
    size_t size;
    uint8_t bytes[];
};

int control_init(
        struct control *control, struct loop *loop, const struct control_events *events, void *user)
{
    *control = (struct control){ .loop = loop, .events = events, .user = user };
    control->source.fd = -1;
    list_init(&control->queue);
    control->packet = malloc(CONTROL_PACKET_MAX);
    return control->packet != NULL ? 0 : err_new(-ENOMEM);
}

void control_deinit(struct control *control)
{
    if (control->packet == NULL)
        return;
    control_close(control);
    free(control->packet);
    control->packet = NULL;
}

void control_close(struct control *control)
{
    if (!control_is_open(control))
        return;
    loop_remove(control->loop, &control->source);
    close(control->source.fd);
    control->source.fd = -1;
    control->doomed = false;
    list_for_each_safe (link, &control->queue) {
        list_remove(link);
        free(list_entry(link, struct control_packet, link));
    }
    control->queued = 0;
}

bool control_is_cut(const struct control *control)
{
    struct pollfd poller = { .fd = control->source.fd, .events = POLLRDHUP };

    return control_is_open(control) && poll(&poller, 1, 0) > 0 &&
           (poller.revents & (POLLHUP | POLLERR | POLLRDHUP)) != 0;
}

/* Hands over the envelopes of one packet. False where it is no frame. */
static bool control_take(struct control *control, size_t size)
{
    struct frame_reader reader;
    struct envelope envelope;
    enum frame_outcome outcome;

    frame_reader_init(&reader, (struct span){ control->packet, size }, FRAME_BARE);
    while ((outcome = frame_next(&reader, &envelope)) == FRAME_ENVELOPE)
        control->events->received(&envelope, control->user);
    return outcome == FRAME_END;
}

static bool control_receive(struct control *control)
{
    ssize_t size =
            recv(control->source.fd, control->packet, CONTROL_PACKET_MAX, MSG_TRUNC | MSG_DONTWAIT);

    if (size < 0)
        return errno == EAGAIN || errno == EINTR;
    if (size > CONTROL_PACKET_MAX || (size > 0 && !control_take(control, (size_t)size))) {
        log_error("the router broke the protocol: a packet of %zd bytes", size);
        return false;
    }
    return size > 0;
}

/* Sends what waits, as far as the router takes it. False where it is gone. */
static bool control_flush(struct control *control)
{
    while (!list_is_empty(&control->queue)) {
        struct control_packet *packet =
                list_entry(control->queue.next, struct control_packet, link);

        if (send(control->source.fd, packet->bytes, packet->size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            return errno == EAGAIN || errno == EINTR;
        control->queued -= packet->size;
        list_remove(&packet->link);
        free(packet);
    }
    return loop_change(control->loop, &control->source, EPOLLIN) == 0;
}

static void control_ready(struct loop_source *source, uint32_t events)
{
    struct control *control = list_entry(source, struct control, source);
    bool alive = true;

    if ((events & EPOLLOUT) != 0)
        alive = control_flush(control);
    if (alive && (events & ~(uint32_t)EPOLLOUT) != 0)
        alive = control_receive(control);
    if (!alive)
        control->doomed = true;
}

void control_settle(struct control *control)
{
    if (!control->doomed)
        return;
    control_close(control);
    control->events->cut(control->user);
}

int control_open(struct control *control, int *peer_fdp)
{
    CLEANUP(cleanup_close) int own = -1;
    CLEANUP(cleanup_close) int peer = -1;
    int buffer_size = CONTROL_PACKET_MAX * 2;
    int pair[2];
    int r;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return err_new(-errno);
    own = pair[0];
    peer = pair[1];
    setsockopt(own, SOL_SOCKET, SO_SNDBUF, &buffer_size, sizeof(buffer_size));
    setsockopt(peer, SOL_SOCKET, SO_SNDBUF, &buffer_size, sizeof(buffer_size));
    control_close(control);
    control->source = (struct loop_source){ .fd = own, .fn = control_ready };
    r = loop_add(control->loop, &control->source, EPOLLIN);
    if (r < 0) {
        control->source.fd = -1;
        return err_trace(r);
    }
    *peer_fdp = peer;
    own = -1;
    peer = -1;
    return 0;
}

static struct control_packet *control_pack(const struct envelope *envelope)
{
    size_t size = envelope_size(envelope);
    size_t whole = 1 + varint_size(size) + size;
    struct control_packet *packet = malloc(sizeof(*packet) + whole);
    uint8_t *at;

    if (packet == NULL)
        return NULL;
    packet->size = whole;
    packet->bytes[0] = FRAME_TAG;
    at = varint_write(packet->bytes + 1, size);
    envelope_write(envelope, at);
    return packet;
}

void control_send(struct control *control, const struct envelope *envelope)
{
    struct control_packet *packet;

    if (!control_is_open(control) || control->doomed)
        return;
    packet = control_pack(envelope);
    if (packet == NULL || control->queued + packet->size > CONTROL_QUEUE_MAX) {
        log_error("the router does not read, or memory is used up: it is given up");
        free(packet);
        control->doomed = true;
        return;
    }
    list_push(&control->queue, &packet->link);
    control->queued += packet->size;
    /* Where it is gone, reading tells. */
    if (control_flush(control) && !list_is_empty(&control->queue))
        loop_change(control->loop, &control->source, EPOLLIN | EPOLLOUT);
}

uint64_t control_call(struct control *control, const char *endpoint, struct span body)
{
    const struct envelope envelope = {
        .kind = ENVELOPE_CALL,
        .id = ++control->call_last,
        .endpoint = { (const uint8_t *)endpoint, strlen(endpoint) },
        .body = body,
    };

    control_send(control, &envelope);
    return envelope.id;
}
