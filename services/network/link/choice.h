/* services/network/link/choice.h - the way to each node, chosen from what neighbours report. */
#pragma once

#include "services/network/link/routes.h"

/* Makes a node of which nothing is known but its id, and room for it with all neighbours. Returns
 * 0, ROUTES_FULL, or -ENOMEM. */
int choice_add_node(struct routes *routes, const struct public_key *id, struct node **nodep);

/* Marks a node whose way has to be chosen again. */
void choice_stir(struct routes *routes, struct node *node);

/* Chooses for all that were marked. Follows every event. */
void choice_settle(struct routes *routes, uint64_t now_ms);

/* True where calls to `node` may go through `neighbour`: it is as near as the nearest. */
bool choice_is_usable(const struct node *node, const struct neighbour *neighbour);

/* What it costs to reach `node` through a neighbour that reports it. */
uint32_t choice_metric(const struct node *node, const struct neighbour *neighbour);

/* The sum, or UINT32_MAX where it is more. */
uint32_t metric_add(uint32_t one, uint32_t two);

/* True where two metrics differ by more than noise: a quarter, and ROUTE_METRIC_STEP_US. */
bool metric_differs(uint32_t one, uint32_t two);
