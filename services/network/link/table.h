/* services/network/link/table.h - what the router is told of a neighbour: each service once, by its
 * nearest and then least costly node. */
#pragma once

#include "services/network/link/routes.h"

enum { TABLE_INDEX_SIZE = 2 * ROUTE_TABLE_MAX };

/* Builds the neighbour's table in routes->table and returns how many routes it has. */
uint32_t table_build(struct routes *routes, const struct neighbour *neighbour);

/* Builds a table of the best way to each service from this node, through anybody; its own services
 * have 0 hops. */
uint32_t table_build_best(struct routes *routes);

/* The line of a service in the table that was built last, or NULL. */
const struct route *table_find(const struct routes *routes, struct span service);

/* A number for all that the table says, whatever its order; never 0. */
uint64_t table_hash(const struct routes *routes, uint32_t count);
