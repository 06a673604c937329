// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/slow.h"

#include "kernel/router/say.h"

static bool slow_has_much(const struct peer *peer)
{
    return outbox_queued(&peer->out) >= ROUTER_SLOW_BYTES;
}

void slow_look(struct router *router, struct peer *peer)
{
    if (!slow_has_much(peer) || peer->internal || !list_is_empty(&peer->by_slow))
        return;
    peer->taken_since_us = 0; /* what it took so far is not known here */
    list_push(&router->slow, &peer->by_slow);
}

static void slow_judge(struct router *router, struct peer *peer)
{
    if (peer->doomed || !slow_has_much(peer)) {
        list_remove(&peer->by_slow);
    } else if (peer->taken_since_us == 0 || peer->taken != peer->taken_before) {
        peer->taken_before = peer->taken;
        peer->taken_since_us = router->now_us;
    } else if (router->now_us - peer->taken_since_us >= UINT64_C(1000) * ROUTER_SLOW_MS) {
        list_remove(&peer->by_slow);
        peer->slow = true;
        router->stats.peers_slow += 1;
        say_doom(router, peer);
    }
}

void slow_tick(struct router *router)
{
    struct list *node = router->slow.next;

    while (node != &router->slow) {
        struct peer *peer = list_entry(node, struct peer, by_slow);

        node = node->next;
        slow_judge(router, peer);
    }
}
