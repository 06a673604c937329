// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/link_node.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "tests/unit/cmocka.h"

enum { PATIENCE_S = 30 };

void link_world_init(struct world *world)
{
    uint64_t now_s = (uint64_t)time(NULL);

    world_init_at(world, now_s - 3600, now_s + 3600);
}

/* ---- what is heard ---- */

static void heard(struct link_node *node)
{
    pthread_cond_broadcast(&node->changed);
    pthread_mutex_unlock(&node->lock);
}

static void on_up(const struct link_peer *peer, void *user)
{
    struct link_node *node = user;

    pthread_mutex_lock(&node->lock);
    node->news.up += 1;
    node->news.link = peer->link;
    node->news.joining = peer->joining;
    node->news.key = peer->peer.identity.key;
    heard(node);
}

static void on_carries(const struct link_peer *peer, uint64_t channel, void *user)
{
    struct link_node *node = user;

    (void)peer;
    (void)channel;
    pthread_mutex_lock(&node->lock);
    node->news.carries += 1;
    heard(node);
}

static void on_message(const struct link_peer *peer, struct span message, void *user)
{
    struct link_node *node = user;
    size_t shown =
            message.size < sizeof(node->news.message) ? message.size : sizeof(node->news.message);

    if (node->on_message != NULL)
        node->on_message(node, peer->link, message);
    pthread_mutex_lock(&node->lock);
    node->news.messages += 1;
    node->news.message_size = message.size;
    memcpy(node->news.message, message.data, shown);
    heard(node);
}

static void on_down(const struct link_peer *peer, const char *reason, void *user)
{
    struct link_node *node = user;

    (void)peer;
    pthread_mutex_lock(&node->lock);
    node->news.down += 1;
    node->news.reason = reason;
    heard(node);
}

static void on_missed(const char *address, const char *reason, void *user)
{
    struct link_node *node = user;

    (void)address;
    pthread_mutex_lock(&node->lock);
    node->news.missed += 1;
    node->news.reason = reason;
    heard(node);
}

/* ---- the node ---- */

void link_node_open(struct link_node *node, const struct world *world, enum world_node at,
        const struct links_options *options)
{
    static const struct links_events events = { .up = on_up,
        .carries = on_carries,
        .message = on_message,
        .down = on_down,
        .missed = on_missed };
    struct links_options own = { 0 };

    memset(node, 0, sizeof(*node));
    pthread_mutex_init(&node->lock, NULL);
    pthread_cond_init(&node->changed, NULL);
    if (options != NULL)
        own = *options;
    link_router_open(&node->router);
    node->client = link_router_client(&node->router);
    own.client = node->client;
    node->self = world->nodes[at].self;
    node->self.limits = links_limits;
    node->identity = (struct links_identity){
        .self = &node->self, .psks = world->psks, .psk_count = WORLD_PSKS
    };
    assert_int_equal(links_new(&node->links, &own, &events, node), 0);
    links_lock(node->links);
    links_set_identity(node->links, &node->identity);
    links_unlock(node->links);
}

void link_node_close(struct link_node *node)
{
    node->links = links_free(node->links);
    mu_client_close(node->client);
    link_router_close(&node->router);
    pthread_cond_destroy(&node->changed);
    pthread_mutex_destroy(&node->lock);
}

void link_node_listen(struct link_node *node, char address[32])
{
    links_lock(node->links);
    assert_int_equal(links_listen(node->links, "127.0.0.1:0"), 0);
    snprintf(address, 32, "127.0.0.1:%u", links_port(node->links));
    links_unlock(node->links);
}

void link_node_dial(struct link_node *node, const char *address)
{
    links_lock(node->links);
    assert_int_equal(links_dial(node->links, address, NULL), 0);
    links_unlock(node->links);
}

void link_node_wait(struct link_node *node, const unsigned *counter, unsigned count)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&node->lock);
    while (*counter < count)
        assert_int_equal(pthread_cond_timedwait(&node->changed, &node->lock, &until), 0);
    pthread_mutex_unlock(&node->lock);
}

struct link_news link_node_news(struct link_node *node)
{
    struct link_news news;

    pthread_mutex_lock(&node->lock);
    news = node->news;
    pthread_mutex_unlock(&node->lock);
    return news;
}

static void keep_info(const struct link_info *info, void *user)
{
    struct link_info *kept = user;

    if (info->link != 0)
        *kept = *info;
}

struct link_info link_node_info(struct link_node *node)
{
    struct link_info info = { .state = LINK_STATE_NONE };

    links_lock(node->links);
    links_each(node->links, keep_info, &info);
    links_unlock(node->links);
    return info;
}

void link_node_wait_info(struct link_node *node, bool (*is)(const struct link_info *info))
{
    uint64_t until_ms = clock_ms() + PATIENCE_S * UINT64_C(1000);
    struct link_info info;

    do {
        assert_true(clock_ms() < until_ms);
        sched_yield();
        info = link_node_info(node);
    } while (!is(&info));
}

void link_nodes_link(struct link_node *one, struct link_node *two)
{
    char address[32];

    link_node_listen(two, address);
    link_node_dial(one, address);
    link_node_wait(one, &one->news.carries, 1);
    link_node_wait(two, &two->news.carries, 1);
}
