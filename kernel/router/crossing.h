/* kernel/router/crossing.h - what comes over a node channel: the other end is a router, too. */
#pragma once

#include "kernel/router/core.h"
#include "kernel/router/route.h"

/* Takes one envelope from a neighbour's peer. As router_step. */
int crossing_step(struct router *router, struct peer *peer, const struct envelope *envelope);

/* True where a call from a neighbour's peer is let in: `draft` then says who makes it and what it
 * cost to come here, its spans borrowed until the peer's next call. Else the peer was told. */
bool crossing_admit(
        struct router *router, struct peer *peer, const struct envelope *call, struct draft *draft);
