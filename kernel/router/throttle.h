/* kernel/router/throttle.h - a caller that is refused in a loop is not read from for a moment, so
 * that refusing it costs next to nothing.
 *
 * Refused is a call for which there is no room (RESOURCE_EXHAUSTED); one that heeds retry_after_ms
 * is never refused so often. What the channel sends meanwhile waits in its socket. That would hold
 * up others where the channel serves them: one that has calls to answer is only left unread for
 * ROUTER_THROTTLE_SERVING_MS at a time, and node channels are always read. */
#pragma once

#include <stdint.h>

struct peer;
struct router;

/* Counts one more refusal of the peer's; with one too many it is `throttled`. */
void throttle_refused(struct router *router, struct peer *peer);

/* When a refused call may be tried again: `wait_ms`, or when the peer is read from again. */
uint32_t throttle_wait_ms(const struct router *router, const struct peer *peer, uint32_t wait_ms);

/* The peer was sent a call, so that somebody waits for what it says. */
void throttle_hasten(struct router *router, struct peer *peer);

/* Lets go of those whose moment is over: they are dirty, and not `throttled`. */
void throttle_tick(struct router *router);
