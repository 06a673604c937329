/* stats_table.h - meters as rows: of `mu stats`, and of `mu top`, which sorts them. */
#pragma once

#include "services/interface/mu/meters.h"
#include "services/interface/mu/table.h"

/* By what rows are sorted; those of the same come by name. */
enum stats_order {
    STATS_BY_NAME,
    STATS_BY_CALLS,
    STATS_BY_FAILED,
    STATS_BY_P50,
    STATS_BY_P99,
    STATS_BY_QUEUE,
    STATS_BY_BYTES,
    STATS_BY_OPEN,
    STATS_ORDERS
};

/* "calls", …, for people and --sort. Static text. */
const char *stats_order_name(enum stats_order order);

/* Sorts the rows of `meters`: by name up, by all else down. */
void stats_table_sort(struct meters *meters, enum stats_order order);

/* A table of methods, to be printed and freed. NULL: no memory. */
struct table *stats_table_methods(const struct cli *cli, const struct meters *meters);

/* A table of services: restarts, processor time, memory; of the one called `only`, where that is
 * not NULL. With `before` (NULL: none) processor time is told as a share of the time since. NULL:
 * no memory. */
struct table *stats_table_services(const struct cli *cli, const struct meters *meters,
        const struct meters *before, const char *only);
