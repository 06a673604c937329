// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/quota.h"

#include <stdlib.h>
#include <string.h>

enum { QUOTA_LOOKS = 8 }; /* at quotas that may have to go, before a caller finds no room */

void quota_init(struct quota *quota, struct policy *policy, struct quota_rate rate, uint64_t now_us)
{
    *quota = (struct quota){ .policy = policy };
    bucket_init(&quota->rate, rate.burst, now_us);
    list_init(&quota->bucket);
    list_init(&quota->used);
}

struct quota_table *quota_table_new(struct policy *policy)
{
    struct quota_table *table = calloc(1, sizeof(*table));

    if (table == NULL)
        return NULL;
    table->policy = policy;
    list_init(&table->used);
    for (int i = 0; i < QUOTA_BUCKETS; i++)
        list_init(&table->buckets[i]);
    return table;
}

static void quota_drop(struct quota_table *table, struct quota *quota)
{
    list_remove(&quota->bucket);
    list_remove(&quota->used);
    table->count -= 1;
    free(quota);
}

void quota_table_free(struct quota_table *table)
{
    while (table != NULL && !list_is_empty(&table->used))
        quota_drop(table, list_entry(table->used.next, struct quota, used));
    free(table);
}

/* FNV-1a, as for services. */
static uint32_t quota_bucket(struct span name)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < name.size; i++)
        hash = (hash ^ name.data[i]) * 16777619u;
    return hash % QUOTA_BUCKETS;
}

bool quota_is_of(const struct quota *quota, struct span name)
{
    return quota->name_size == name.size && memcmp(quota->name, name.data, name.size) == 0;
}

/* NULL where the caller has none. */
static struct quota *quota_find(const struct quota_table *table, struct span name)
{
    list_for_each (node, &table->buckets[quota_bucket(name)]) {
        struct quota *quota = list_entry(node, struct quota, bucket);

        if (quota_is_of(quota, name))
            return quota;
    }
    return NULL;
}

/* True where forgetting it gives its caller nothing that it has not got. */
static bool quota_is_idle(struct quota *quota, struct quota_rate rate, uint64_t now_us)
{
    if (quota->in_flight != 0 || quota->bytes != 0)
        return false;
    if (rate.per_s == 0)
        return true;
    bucket_fill(&quota->rate, rate.per_s, rate.burst, now_us);
    return quota->rate.level == (uint64_t)rate.burst * BUCKET_TOKEN;
}

/* False where all that are looked at are in use. */
static bool quota_make_room(struct quota_table *table, struct quota_rate rate, uint64_t now_us)
{
    int looked = 0;

    if (table->count < POLICY_CALLERS_MAX)
        return true;
    list_for_each (node, &table->used) {
        struct quota *quota = list_entry(node, struct quota, used);

        if (quota_is_idle(quota, rate, now_us)) {
            quota_drop(table, quota);
            return true;
        }
        if (++looked == QUOTA_LOOKS)
            break;
    }
    return false;
}

struct quota *quota_take(
        struct quota_table *table, struct span name, struct quota_rate rate, uint64_t now_us)
{
    struct quota *quota = quota_find(table, name);

    if (quota != NULL) {
        list_remove(&quota->used);
        list_push(&table->used, &quota->used);
        return quota;
    }
    if (name.size > SCOPE_NAME_MAX || !quota_make_room(table, rate, now_us))
        return NULL;
    quota = malloc(sizeof(*quota));
    if (quota == NULL)
        return NULL;
    quota_init(quota, table->policy, rate, now_us);
    quota->name_size = name.size;
    memcpy(quota->name, name.data, name.size);
    list_push(&table->buckets[quota_bucket(name)], &quota->bucket);
    list_push(&table->used, &quota->used);
    table->count += 1;
    return quota;
}

void quota_refill(struct quota_table *table, struct quota_rate rate, uint64_t now_us)
{
    list_for_each (node, &table->used)
        bucket_init(&list_entry(node, struct quota, used)->rate, rate.burst, now_us);
}
