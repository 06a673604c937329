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

enum { SHELL_WORK_MAX = 64 }; /* channels that are looked after between two looks at the list */

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

/* What is to be done with channels once the lock is free. */
struct shell_work {
    struct channel *sends[SHELL_WORK_MAX]; /* claimed by channel_take */
    size_t send_count;
    struct channel *resumes[SHELL_WORK_MAX]; /* owned references */
    size_t resume_count;
};

static void shell_take_from(struct shell *shell, struct shell_work *work, const struct peer *peer)
{
    struct link *link = peer->user;

    if (channel_throttle(link->channel, peer->throttled))
        work->resumes[work->resume_count++] = channel_ref(link->channel);
    if (!channel_take(link->channel))
        return;
    shell->router.stats.bytes_out += peer->out.leaving;
    work->sends[work->send_count++] = link->channel;
}

/* Takes what is to be done for up to SHELL_WORK_MAX peers. With the lock. True where there may be
 * more. */
static bool shell_take(struct shell *shell, struct shell_work *work)
{
    struct peer *peer;

    for (size_t i = 0; i < SHELL_WORK_MAX; i++) {
        peer = router_next_dirty(&shell->router);
        if (peer == NULL)
            return false;
        if (peer->user == NULL)
            control_flush(shell->control, peer);
        else if (peer->doomed)
            channel_close(((struct link *)peer->user)->channel);
        else
            shell_take_from(shell, work, peer);
    }
    return true;
}

void shell_flush(struct shell *shell)
{
    struct shell_work work;
    bool more;
    bool wake;

    do {
        work.send_count = 0;
        work.resume_count = 0;
        pthread_mutex_lock(&shell->lock);
        more = shell_take(shell, &work);
        wake = !shell->ticking && router_wants_ticks(&shell->router);
        shell->ticking = shell->ticking || wake;
        wake = wake || shell->router.sockets_due;
        pthread_mutex_unlock(&shell->lock);
        for (size_t i = 0; i < work.send_count; i++)
            channel_send(work.sends[i]);
        for (size_t i = 0; i < work.resume_count; i++) {
            channel_resume(work.resumes[i]);
            channel_unref(work.resumes[i]);
        }
        if (wake)
            shell_wake(shell);
    } while (more);
}

void shell_tick(struct shell *shell)
{
    uint64_t now_us = clock_us();

    list_for_each (node, &shell->router.slow) {
        struct peer *peer = list_entry(node, struct peer, by_slow);

        peer->taken = channel_taken(((const struct link *)peer->user)->channel);
    }
    router_set_wall(&shell->router, clock_wall_us(), now_us);
    router_set_clock(&shell->router, (uint64_t)time(NULL));
    router_tick(&shell->router, now_us);
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

static void shell_loaded(struct channel *channel, void *user)
{
    const struct link *link = user;

    (void)channel;
    if (!list_is_empty(&link->peer->waiting))
        tally_left(link->peer, clock_us());
}

static int shell_receive(struct channel *channel, struct frame_reader *reader, void *user)
{
    struct link *link = user;
    struct shell *shell = link->shell;
    enum frame_outcome outcome;
    struct envelope envelope;
    uint64_t now_us;
    int r = 0;

    (void)channel;
    pthread_mutex_lock(&shell->lock);
    now_us = clock_us(); /* behind the lock: the core takes no step back */
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
    if (link->peer->slow)
        log_warn(
                "closed the channel of %s (pid %u): it took nothing for %d s, while %zu bytes wait "
                "for it",
                shell_name(link->peer), link->peer->pid, ROUTER_SLOW_MS / 1000,
                outbox_queued(&link->peer->out));
    router_detach(&shell->router, link->peer, clock_us());
    pthread_mutex_unlock(&shell->lock);
    shell_flush(shell);
    channel_unref(channel);
    free(link);
}

int shell_join(struct shell *shell, struct channel *channel, const struct peer_identity *identity)
{
    static const struct channel_events events = {
        .receive = shell_receive, .closed = shell_closed, .loaded = shell_loaded
    };
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
    if (link->peer != NULL) {
        channel_lend(channel, &link->peer->out);
        drain_tell(&shell->router, link->peer); /* it leaves with the channel's start, … */
        if (link->peer->neighbour != NULL)
            parting_routes(&shell->router, link->peer->neighbour); /* … and so do these */
    }
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

int shell_listen(struct shell *shell)
{
    static const struct listener_events events = { .accepted = shell_accepted };
    char address[PATH_SIZE_MAX + 8];

    if (shell->public != NULL)
        return 0;
    if ((size_t)snprintf(address, sizeof(address), "ipc://%s", shell->bus) >= sizeof(address))
        return err_new(-ENAMETOOLONG);
    return err_trace(listener_open(&shell->public, address, 0600, &events, shell));
}

void shell_unlisten(struct shell *shell)
{
    if (shell->public == NULL)
        return;
    unlink(shell->bus);
    listener_close(shell->public); /* it frees itself */
    shell->public = NULL;
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
