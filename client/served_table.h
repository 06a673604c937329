/* client/served_table.h - the calls being served, by the router's number. Also those that the
 * router does not know any more (epoch 0), until their handlers let go. Pure; its owner has the
 * lock. */
#pragma once

#include "client/served.h"

struct served_table {
    struct mu_call **heads; /* owned array of chains; of borrowed calls */
    uint32_t mask;          /* a power of two, less 1 */
    uint32_t count;
};

/* Room for about `calls` calls; more are fine, and slower. Returns 0 or -ENOMEM. */
int served_table_init(struct served_table *table, uint32_t calls);

/* The table must be empty. Safe on zeroes, and safe twice. */
void served_table_deinit(struct served_table *table);

void served_table_add(struct served_table *table, struct mu_call *call);

/* The call of this number that came by connection `epoch`, or NULL. */
struct mu_call *served_table_find(const struct served_table *table, uint64_t id, uint32_t epoch);

/* The call must be in it. */
void served_table_remove(struct served_table *table, struct mu_call *call);

/* Visits each call; `fn` must not remove any. */
void served_table_each(
        const struct served_table *table, void (*fn)(struct mu_call *call, void *user), void *user);

/* Any call of it; NULL where it is empty. */
struct mu_call *served_table_any(const struct served_table *table);
