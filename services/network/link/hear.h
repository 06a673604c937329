/* services/network/link/hear.h - what a neighbour says. */
#pragma once

#include "services/network/link/routes.h"

/* A packed PeerMessage of a neighbour's. Returns 0, ROUTES_BAD, ROUTES_NOT_MINE, or -ENOMEM. */
int hear_message(
        struct routes *routes, struct neighbour *neighbour, struct span message, uint64_t now_ms);

/* Forgets what the neighbour reports of `node`, if anything. */
void hear_withdrawal(struct routes *routes, struct neighbour *neighbour, struct node *node);

/* Looks again whether a node's advert is believed, and lets go of one that is not. */
void hear_recheck(struct routes *routes, struct node *node, uint64_t now_ms);
