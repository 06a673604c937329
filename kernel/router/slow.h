/* kernel/router/slow.h - a peer that does not take what waits for it.
 *
 * While ROUTER_SLOW_BYTES wait for it, it is watched, and once it took nothing at all for
 * ROUTER_SLOW_MS it is closed. Until then those who send to it are refused, when they have had
 * their share of its room (claim.h). One that takes a little now and then stays. */
#pragma once

struct peer;
struct router;

/* Something was put into the peer's outbox, or found no room there. */
void slow_look(struct router *router, struct peer *peer);

/* Closes those whose time is over, and forgets those that have room again. The shell has said in
 * peer->taken how much each of router.slow took so far. */
void slow_tick(struct router *router);
