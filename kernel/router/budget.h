/* kernel/router/budget.h - how many calls are left of what blocks of access tokens allow.
 *
 * A count outlives whoever presents the token, or presenting it anew would fill it up; it goes when
 * no token of its block can be good any more. */
#pragma once

#include "base/list.h"
#include "transport/secure/access.h"

enum { BUDGET_BUCKETS = 256 };

struct budget {
    struct list bucket;
    struct access_id block;
    uint32_t left;
    uint32_t refs;   /* users that are charged to it */
    uint64_t ends_s; /* unix time */
};

struct budget_table {
    struct list buckets[BUDGET_BUCKETS];
    uint32_t count;
};

void budget_table_init(struct budget_table *table);

/* Nobody is charged any more. Safe on zeroes, and safe twice. */
void budget_table_deinit(struct budget_table *table);

/* The count of a block, made where there is none, kept at least until `ends_s`; the caller gives it
 * back. NULL where there are ROUTER_BUDGETS_MAX that count still, or no memory. */
struct budget *budget_take(struct budget_table *table, const struct access_budget *wanted,
        uint64_t ends_s, uint64_t now_s);

void budget_give(struct budget *budget);
