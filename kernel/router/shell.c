// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/shell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "kernel/router/control.h"

enum { SHELL_SENDS_MAX = 64 }; /* channels sent to between two looks at the list */

/* A channel and its peer. */
struct link {
    struct shell *shell;     /* borrowed for good */
    struct channel *channel; /* owned reference, until `closed` */
    struct peer *peer;       /* borrowed: the core's, until `closed` */
};

void shell_wake(struct shell *shell)
{
    uint64_t one = 1;

    if (write(shell->wake_fd, &one, sizeof(one)) < 0)
        return; /* it is awake already */
}

/* Takes what waits for up to SHELL_SENDS_MAX peers. With the lock. Returns how many. */
static size_t shell_take(struct shell *shell, struct channel *sends[SHELL_SENDS_MAX])
{
    size_t count = 0;
    struct peer *peer;

    while (count < SHELL_SENDS_MAX && (peer = router_next_dirty(&shell->router)) != NULL) {
        struct link *link = peer->user;

        if (link == NULL) {
            control_flush(shell->control, peer);
        } else if (peer->doomed) {
            channel_close(link->channel);
        } else if (channel_take(link->channel)) {
            shell->router.stats.bytes_out += peer->out.leaving;
            sends[count++] = link->channel;
        }
    }
    return count;
}

void shell_flush(struct shell *shell)
{
    struct channel *sends[SHELL_SENDS_MAX];
    size_t count;
    bool wake;

    do {
        pthread_mutex_lock(&shell->lock);
        count = shell_take(shell, sends);
        wake = !shell->ticking && router_wants_ticks(&shell->router);
        shell->ticking = shell->ticking || wake;
        wake = wake || shell->router.sockets_due;
        pthread_mutex_unlock(&shell->lock);
        for (size_t i = 0; i < count; i++)
            channel_send(sends[i]);
        if (wake)
            shell_wake(shell);
    } while (count == SHELL_SENDS_MAX);
}

/* Who is behind a channel, for the log. */
static const char *shell_name(const struct peer *peer)
{
    if (peer->neighbour != NULL)
        return peer->neighbour->node;
    if (peer->visitor != NULL)
        return peer->visitor->client;
    return peer->service != NULL ? peer->service->name : "a caller";
}

static int shell_receive(struct channel *channel, struct frame_reader *reader, void *user)
{
    struct link *link = user;
    struct shell *shell = link->shell;
    uint64_t now_us = clock_us();
    enum frame_outcome outcome;
    struct envelope envelope;
    int r = 0;

    (void)channel;
    pthread_mutex_lock(&shell->lock);
    router_set_clock(&shell->router, (uint64_t)time(NULL));
    shell->router.stats.bytes_in += (uint64_t)(reader->end - reader->at);
    while (r == 0 && (outcome = frame_next(reader, &envelope)) == FRAME_ENVELOPE)
        r = router_step(&shell->router, link->peer, &envelope, now_us);
    if (r == 0 && outcome == FRAME_BAD)
        r = -EPROTO;
    if (r < 0) {
        shell->router.stats.peers_refused += 1;
        log_warn("closed the channel of %s (pid %u): it broke the protocol", shell_name(link->peer),
                link->peer->pid);
    }
    pthread_mutex_unlock(&shell->lock);
    shell_flush(shell);
    return r;
}

static void shell_closed(struct channel *channel, void *user)
{
    struct link *link = user;
    struct shell *shell = link->shell;

    pthread_mutex_lock(&shell->lock);
    router_detach(&shell->router, link->peer, clock_us());
    pthread_mutex_unlock(&shell->lock);
    shell_flush(shell);
    channel_unref(channel);
    free(link);
}

int shell_join(struct shell *shell, struct channel *channel, const struct peer_identity *identity)
{
    static const struct channel_events events = { .receive = shell_receive,
        .closed = shell_closed };
    struct link *link = calloc(1, sizeof(*link));

    if (link == NULL)
        return err_new(-ENOMEM);
    link->shell = shell;
    link->channel = channel;
    channel_adopt(channel, &shell->lock, &events, link); /* a peer may be sent to at once */
    if (identity->channel != 0 && !identity->is_client)
        channel_read_always(channel);
    pthread_mutex_lock(&shell->lock);
    link->peer = router_attach(&shell->router, identity, link);
    if (link->peer != NULL)
        channel_lend(channel, &link->peer->out);
    pthread_mutex_unlock(&shell->lock);
    if (link->peer == NULL) {
        free(link);
        return err_new(-ENOSPC);
    }
    return 0;
}

static int shell_accepted(struct listener *listener, struct channel *channel, void *user)
{
    struct channel_peer peer = channel_peer(channel);
    struct peer_identity identity = {
        .uid = peer.uid, .pid = peer.pid, .is_operator = true, .link = FRAME_IPC
    };

    (void)listener;
    if (!peer.known || (peer.uid != geteuid() && peer.uid != 0))
        return err_new(-EACCES);
    return shell_join(user, channel, &identity);
}

int shell_listen(struct shell *shell, const char *path)
{
    static const struct listener_events events = { .accepted = shell_accepted };
    char address[PATH_SIZE_MAX + 8];

    if ((size_t)snprintf(address, sizeof(address), "ipc://%s", path) >= sizeof(address))
        return err_new(-ENAMETOOLONG);
    return err_trace(listener_open(&shell->public, address, 0600, &events, shell));
}

void shell_dismiss(struct shell *shell, uint64_t instance)
{
    list_for_each (node, &shell->router.peers) {
        const struct peer *peer = list_entry(node, struct peer, link);
        const struct link *link = peer->user;

        if (peer->instance == instance && link != NULL)
            channel_close(link->channel);
    }
}
