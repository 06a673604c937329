/* kernel/router/quota.h - what is counted of calls for a policy's limits: how many are under way,
 * the bytes that they brought, and how many more may come by its rate.
 *
 * A policy has one for all its calls. One that is for each caller by itself (`user:*`) has one for
 * each that called lately, up to POLICY_CALLERS_MAX. Who comes when that many are busy counts with
 * whoever else comes so, in one more: so names fill nothing, and nobody is without a limit. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "kernel/router/bucket.h"
#include "kernel/router/policy_limits.h"
#include "transport/scope.h"

struct policy;

enum { QUOTA_BUCKETS = 64 };

struct quota {
    struct policy *policy; /* borrowed: the quota is its own */
    struct list bucket;    /* in the table */
    struct list used;      /* in the table's */
    struct bucket rate;
    uint32_t in_flight;
    uint64_t bytes;
    size_t name_size;
    uint8_t name[SCOPE_NAME_MAX];
};

struct quota_table {
    struct list buckets[QUOTA_BUCKETS];
    struct list used;      /* the one that was used least lately first */
    struct policy *policy; /* borrowed: the table is its own */
    uint32_t count;
};

/* How fast a quota's bucket fills; per_s 0: there is no rate. */
struct quota_rate {
    uint32_t per_s;
    uint32_t burst;
};

/* One that nothing counts in, its bucket full. */
void quota_init(
        struct quota *quota, struct policy *policy, struct quota_rate rate, uint64_t now_us);

/* NULL without memory. */
struct quota_table *quota_table_new(struct policy *policy);

/* Frees its quotas. NULL is fine. */
void quota_table_free(struct quota_table *table);

/* That of the caller called `name`, new where it has none: then one in which nothing counts any
 * more goes where the table is full. NULL where there is none, and no room. */
struct quota *quota_take(
        struct quota_table *table, struct span name, struct quota_rate rate, uint64_t now_us);

bool quota_is_of(const struct quota *quota, struct span name);

/* Fills all buckets anew: the rate is another one. */
void quota_refill(struct quota_table *table, struct quota_rate rate, uint64_t now_us);
