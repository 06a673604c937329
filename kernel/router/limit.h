/* kernel/router/limit.h - how many calls one channel may make: at a time, and in a second. By its
 * manifest, and never more than ROUTER_CALLS_MADE_MAX at a time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct envelope;
struct peer;
struct peer_limits;
struct router;

/* Sets what the peer may make; of calls a second it may make those of one at once. */
void limit_init(struct peer *peer, const struct peer_limits *limits, uint64_t now_us);

/* True where the peer may make this call now, which counts it; else the peer is told. */
bool limit_admits(struct router *router, struct peer *peer, const struct envelope *envelope);
