// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/throttle.h"

#include "kernel/router/say.h"

static uint64_t throttle_end_us(const struct router *router, const struct peer *peer)
{
    unsigned ms = peer->calls_taken_count > 0 ? ROUTER_THROTTLE_SERVING_MS : ROUTER_THROTTLE_MS;

    return router->now_us + UINT64_C(1000) * ms;
}

void throttle_refused(struct router *router, struct peer *peer)
{
    if (peer->internal || peer->neighbour != NULL || peer->throttled)
        return;
    if (router->now_us - peer->refused_since_us >= UINT64_C(1000) * ROUTER_REFUSED_MS) {
        peer->refused_since_us = router->now_us;
        peer->refused = 0;
    }
    peer->refused += 1;
    if (peer->refused <= ROUTER_REFUSED_MAX)
        return;
    peer->throttled = true;
    peer->throttle_end_us = throttle_end_us(router, peer);
    list_push(&router->throttled, &peer->by_throttle);
    router->stats.throttles += 1;
}

uint32_t throttle_wait_ms(const struct router *router, const struct peer *peer, uint32_t wait_ms)
{
    uint64_t left_ms;

    if (!peer->throttled || peer->throttle_end_us <= router->now_us)
        return wait_ms;
    left_ms = (peer->throttle_end_us - router->now_us + 999) / 1000;
    return left_ms > wait_ms ? (uint32_t)left_ms : wait_ms;
}

void throttle_hasten(struct router *router, struct peer *peer)
{
    uint64_t end_us = throttle_end_us(router, peer);

    if (peer->throttled && end_us < peer->throttle_end_us)
        peer->throttle_end_us = end_us;
}

void throttle_tick(struct router *router)
{
    struct list *node = router->throttled.next;

    while (node != &router->throttled) {
        struct peer *peer = list_entry(node, struct peer, by_throttle);

        node = node->next;
        if (router->now_us < peer->throttle_end_us)
            continue;
        list_remove(&peer->by_throttle);
        peer->throttled = false;
        peer->refused = 0;
        say_wake(router, peer);
    }
}
