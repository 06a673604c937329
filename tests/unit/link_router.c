// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/link_router.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mu/router/v1/router.pb-c.h"
#include "tests/unit/cmocka.h"

enum { PATIENCE_S = 30, QUEUE_MAX = 1 << 20, REPLY_MAX = 256 };

static void wait_for_change(struct link_router *router)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    assert_int_equal(pthread_cond_timedwait(&router->changed, &router->lock, &until), 0);
}

static void unlock_and_send(struct link_router *router, struct channel *channel)
{
    bool more = channel_take(channel);

    pthread_mutex_unlock(&router->lock);
    if (more)
        channel_send(channel);
}

/* ---- the node channel ---- */

/* One node channel: which one it is, as they connected. */
struct node_end {
    struct link_router *router;
    uint64_t number;
};

static int node_receive(struct channel *channel, struct frame_reader *reader, void *user)
{
    const struct node_end *end = user;
    struct link_router *router = end->router;
    struct envelope envelope;
    enum frame_outcome outcome;

    (void)channel;
    pthread_mutex_lock(&router->lock);
    while ((outcome = frame_next(reader, &envelope)) == FRAME_ENVELOPE) {
        router->taken += 1;
        router->taking = end->number;
        if (router->take != NULL)
            router->take(&envelope, router->user);
    }
    pthread_cond_broadcast(&router->changed);
    pthread_mutex_unlock(&router->lock);
    return outcome == FRAME_END ? 0 : -1;
}

static void node_closed(struct channel *channel, void *user)
{
    struct node_end *end = user;
    struct link_router *router = end->router;

    pthread_mutex_lock(&router->lock);
    router->lost += 1;
    if (router->node == channel)
        router->node = NULL;
    pthread_cond_broadcast(&router->changed);
    pthread_mutex_unlock(&router->lock);
    free(end);
    channel_unref(channel);
}

static void node_sent(struct channel *channel, void *user)
{
    struct link_router *router = ((struct node_end *)user)->router;

    (void)channel;
    pthread_mutex_lock(&router->lock);
    pthread_cond_broadcast(&router->changed);
    pthread_mutex_unlock(&router->lock);
}

static int node_accepted(struct listener *listener, struct channel *channel, void *user)
{
    static const struct channel_events events = {
        .receive = node_receive, .closed = node_closed, .sent = node_sent
    };
    struct link_router *router = user;
    struct node_end *end = malloc(sizeof(*end));

    (void)listener;
    pthread_mutex_lock(&router->lock);
    *end = (struct node_end){ router, ++router->connected };
    channel_adopt(channel, &router->lock, &events, end);
    channel_read_always(channel);
    router->node = channel;
    if (router->deaf)
        channel_pause(channel);
    if (router->begin != NULL)
        router->begin(router->begin_user);
    pthread_cond_broadcast(&router->changed);
    pthread_mutex_unlock(&router->lock);
    return 0;
}

static void unlistened(struct listener *listener, void *user)
{
    struct link_router *router = user;

    (void)listener;
    pthread_mutex_lock(&router->lock);
    router->listeners -= 1;
    pthread_cond_broadcast(&router->changed);
    pthread_mutex_unlock(&router->lock);
}

static const struct listener_events node_events = { .accepted = node_accepted,
    .closed = unlistened };

/* ---- router.Link ---- */

/* Answers with a socket of its own. With the lock. */
static void answer_link(struct link_router *router, const struct envelope *call)
{
    Mu__Router__V1__LinkReply reply = MU__ROUTER__V1__LINK_REPLY__INIT;
    char path[LINK_ROUTER_PATH_MAX + 32];
    char url[LINK_ROUTER_PATH_MAX + 40];
    uint8_t body[REPLY_MAX];
    uint8_t status[REPLY_MAX];
    struct envelope result = { .kind = ENVELOPE_RESULT, .id = call->id };
    struct status refusal = { .code = 14, .executed = 1 };

    if (router->refusing) {
        result.status = (struct span){ status, status_write(&refusal, status, sizeof(status)) };
    } else {
        router->channels += 1;
        snprintf(path, sizeof(path), "%s/%lu", router->dir, (unsigned long)router->channels);
        snprintf(url, sizeof(url), "ipc://%s", path);
        if (router->private != NULL)
            listener_close(router->private);
        assert_int_equal(listener_open(&router->private, url, 0600, &node_events, router), 0);
        router->listeners += 1;
        reply.path = path;
        reply.channel = router->channels;
        result.body = (struct span){ body, mu__router__v1__link_reply__pack(&reply, body) };
    }
    assert_int_equal(channel_put(router->bus, &result, OUTBOX_RESULTS), OUTBOX_OK);
}

static int bus_receive(struct channel *channel, struct frame_reader *reader, void *user)
{
    struct link_router *router = user;
    struct envelope envelope;

    pthread_mutex_lock(&router->lock);
    while (frame_next(reader, &envelope) == FRAME_ENVELOPE)
        if (envelope.kind == ENVELOPE_CALL)
            answer_link(router, &envelope);
    unlock_and_send(router, channel);
    return 0;
}

static void bus_closed(struct channel *channel, void *user)
{
    struct link_router *router = user;

    pthread_mutex_lock(&router->lock);
    router->bus = NULL;
    pthread_cond_broadcast(&router->changed);
    pthread_mutex_unlock(&router->lock);
    channel_unref(channel);
}

static int bus_accepted(struct listener *listener, struct channel *channel, void *user)
{
    static const struct channel_events events = { .receive = bus_receive, .closed = bus_closed };
    struct link_router *router = user;

    (void)listener;
    pthread_mutex_lock(&router->lock);
    channel_adopt(channel, &router->lock, &events, router);
    router->bus = channel;
    pthread_mutex_unlock(&router->lock);
    return 0;
}

/* ---- for tests ---- */

void link_router_open(struct link_router *router)
{
    static const struct listener_events events = { .accepted = bus_accepted, .closed = unlistened };
    char url[LINK_ROUTER_PATH_MAX + 32];

    memset(router, 0, sizeof(*router));
    pthread_mutex_init(&router->lock, NULL);
    pthread_cond_init(&router->changed, NULL);
    strcpy(router->dir, "/tmp/mu-link-router-XXXXXX");
    assert_non_null(mkdtemp(router->dir));
    snprintf(url, sizeof(url), "ipc://%s/bus.sock", router->dir);
    assert_int_equal(listener_open(&router->public, url, 0600, &events, router), 0);
    router->listeners = 1;
}

void link_router_close(struct link_router *router)
{
    listener_close(router->public);
    pthread_mutex_lock(&router->lock);
    if (router->private != NULL)
        listener_close(router->private);
    while (router->listeners > 0)
        wait_for_change(router);
    pthread_mutex_unlock(&router->lock);
    link_router_hang_up(router);
    pthread_mutex_lock(&router->lock);
    if (router->bus != NULL)
        channel_close(router->bus);
    while (router->bus != NULL || router->node != NULL)
        wait_for_change(router);
    pthread_mutex_unlock(&router->lock);
    rmdir(router->dir);
    pthread_cond_destroy(&router->changed);
    pthread_mutex_destroy(&router->lock);
}

struct mu_client *link_router_client(const struct link_router *router)
{
    char address[LINK_ROUTER_PATH_MAX + 32];
    struct mu_client_options options = { .address = address };
    struct mu_client *client;

    snprintf(address, sizeof(address), "ipc://%s/bus.sock", router->dir);
    assert_int_equal(mu_client_open(&client, &options), 0);
    return client;
}

void link_router_send(struct link_router *router, const struct envelope *envelope)
{
    pthread_mutex_lock(&router->lock);
    while (router->node == NULL || channel_queued(router->node) > QUEUE_MAX)
        wait_for_change(router);
    assert_int_equal(channel_put(router->node, envelope, OUTBOX_CALLS), OUTBOX_OK);
    unlock_and_send(router, router->node);
}

void link_router_wait_taken(struct link_router *router, uint64_t count)
{
    pthread_mutex_lock(&router->lock);
    while (router->taken < count)
        wait_for_change(router);
    pthread_mutex_unlock(&router->lock);
}

void link_router_wait_node(struct link_router *router, uint64_t number)
{
    pthread_mutex_lock(&router->lock);
    while (router->node == NULL || router->channels < number)
        wait_for_change(router);
    pthread_mutex_unlock(&router->lock);
}

void link_router_listen(struct link_router *router)
{
    pthread_mutex_lock(&router->lock);
    router->deaf = false;
    channel_resume(router->node);
    pthread_mutex_unlock(&router->lock);
}

void link_router_hang_up(struct link_router *router)
{
    pthread_mutex_lock(&router->lock);
    if (router->node != NULL)
        channel_close(router->node);
    pthread_mutex_unlock(&router->lock);
}
