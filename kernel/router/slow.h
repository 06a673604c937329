/* kernel/router/slow.h - a peer that does not take what waits for it.
 *
 * While so much waits that the largest call finds no room, senders are refused, and the peer is
 * watched; once it took nothing at all for ROUTER_SLOW_MS it is closed. One that takes a little now
 * and then stays. */
#pragma once

struct peer;
struct router;

/* Something was put into the peer's outbox, or found no room there. */
void slow_look(struct router *router, struct peer *peer);

/* Closes those whose time is over, and forgets those that have room again. The shell has said in
 * peer->taken how much each of router.slow took so far. */
void slow_tick(struct router *router);
