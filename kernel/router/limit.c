// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/limit.h"

#include <stdio.h>

#include "kernel/router/say.h"

enum { LIMIT_TEXT_MAX = 192 };

void limit_init(struct peer *peer, const struct peer_limits *limits, uint64_t now_us)
{
    peer->calls_made_max = ROUTER_CALLS_MADE_MAX;
    if (limits->calls_made_max != 0 && limits->calls_made_max < ROUTER_CALLS_MADE_MAX)
        peer->calls_made_max = limits->calls_made_max;
    peer->rate = limits->rate;
    bucket_init(&peer->bucket, limits->rate, now_us);
}

static bool limit_refuse(struct router *router, struct peer *peer, const struct envelope *envelope,
        uint32_t wait_ms, const char *text)
{
    say_verdict(router, peer, envelope->id,
            &(struct verdict){ CODE_RESOURCE_EXHAUSTED, EXECUTED_NO, wait_ms, text });
    return false;
}

bool limit_admits(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    char text[LIMIT_TEXT_MAX];

    if (peer->calls_made_count >= peer->calls_made_max) {
        if (peer->calls_made_max < ROUTER_CALLS_MADE_MAX)
            snprintf(text, sizeof(text),
                    "%s makes %u calls at a time and process, and no more "
                    "(limits.calls_made_max in its manifest)",
                    peer->admitted, peer->calls_made_max);
        else
            snprintf(text, sizeof(text),
                    "this channel has as many calls under way as one may have: %u",
                    peer->calls_made_max);
        return limit_refuse(router, peer, envelope, 0, text);
    }
    if (peer->rate == 0)
        return true;
    bucket_fill(&peer->bucket, peer->rate, peer->rate, router->now_us);
    if (bucket_take(&peer->bucket))
        return true;
    snprintf(text, sizeof(text),
            "%s makes %u calls a second and process, and no more (limits.rate in its manifest)",
            peer->admitted, peer->rate);
    return limit_refuse(router, peer, envelope, bucket_wait_ms(&peer->bucket, peer->rate), text);
}
