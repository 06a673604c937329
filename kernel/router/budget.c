// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/budget.h"

#include <stdlib.h>

#include "base/check.h"
#include "kernel/router/limits.h"

void budget_table_init(struct budget_table *table)
{
    table->count = 0;
    for (size_t i = 0; i < BUDGET_BUCKETS; i++)
        list_init(&table->buckets[i]);
}

static void budget_free(struct budget_table *table, struct budget *budget)
{
    list_remove(&budget->bucket);
    table->count -= 1;
    free(budget);
}

void budget_table_deinit(struct budget_table *table)
{
    for (size_t i = 0; table->count > 0 && i < BUDGET_BUCKETS; i++) {
        while (!list_is_empty(&table->buckets[i])) {
            struct budget *budget = list_entry(table->buckets[i].next, struct budget, bucket);

            CHECK(budget->refs == 0);
            budget_free(table, budget);
        }
    }
}

/* Frees those of which no token can be good any more. */
static void budget_sweep(struct budget_table *table, uint64_t now_s)
{
    for (size_t i = 0; i < BUDGET_BUCKETS; i++) {
        list_for_each_safe (node, &table->buckets[i]) {
            struct budget *budget = list_entry(node, struct budget, bucket);

            if (budget->refs == 0 && budget->ends_s <= now_s)
                budget_free(table, budget);
        }
    }
}

struct budget *budget_take(struct budget_table *table, const struct access_budget *wanted,
        uint64_t ends_s, uint64_t now_s)
{
    /* Any byte of a hash is as good as another. */
    struct list *bucket = &table->buckets[wanted->block.bytes[0]];
    struct budget *budget;

    list_for_each (node, bucket) {
        budget = list_entry(node, struct budget, bucket);
        if (access_id_equal(&budget->block, &wanted->block)) {
            budget->refs += 1;
            return budget;
        }
    }
    if (table->count == ROUTER_BUDGETS_MAX)
        budget_sweep(table, now_s);
    budget = table->count < ROUTER_BUDGETS_MAX ? malloc(sizeof(*budget)) : NULL;
    if (budget == NULL)
        return NULL;
    *budget = (struct budget){
        .block = wanted->block, .left = wanted->calls, .refs = 1, .ends_s = ends_s
    };
    list_push(bucket, &budget->bucket);
    table->count += 1;
    return budget;
}

void budget_give(struct budget *budget)
{
    CHECK(budget->refs > 0);
    budget->refs -= 1;
}
