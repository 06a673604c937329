// SPDX-License-Identifier: Apache-2.0
/* The router's numbers are slots with a generation above them, so the low bits spread well by
 * themselves. */
#include "client/served_table.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/err.h"

enum { SERVED_GENERATION_SHIFT = 16 };

int served_table_init(struct served_table *table, uint32_t calls)
{
    uint32_t size = 64;

    while (size < calls)
        size *= 2;
    *table = (struct served_table){ .heads = calloc(size, sizeof(struct mu_call *)),
        .mask = size - 1 };
    return table->heads != NULL ? 0 : err_new(-ENOMEM);
}

void served_table_deinit(struct served_table *table)
{
    CHECK(table->count == 0);
    free(table->heads);
    *table = (struct served_table){ 0 };
}

static struct mu_call **served_table_head(const struct served_table *table, uint64_t id)
{
    return &table->heads[(id ^ id >> SERVED_GENERATION_SHIFT) & table->mask];
}

void served_table_add(struct served_table *table, struct mu_call *call)
{
    struct mu_call **head = served_table_head(table, call->id);

    call->chain = *head;
    *head = call;
    table->count += 1;
}

struct mu_call *served_table_find(const struct served_table *table, uint64_t id, uint32_t epoch)
{
    struct mu_call *call = *served_table_head(table, id);

    while (call != NULL && (call->id != id || call->epoch != epoch))
        call = call->chain;
    return call;
}

void served_table_remove(struct served_table *table, struct mu_call *call)
{
    struct mu_call **link = served_table_head(table, call->id);

    while (*link != call) {
        CHECK(*link != NULL);
        link = &(*link)->chain;
    }
    *link = call->chain;
    table->count -= 1;
}

void served_table_each(
        const struct served_table *table, void (*fn)(struct mu_call *call, void *user), void *user)
{
    for (uint32_t i = 0; i <= table->mask; i++) {
        for (struct mu_call *call = table->heads[i]; call != NULL; call = call->chain)
            fn(call, user);
    }
}

struct mu_call *served_table_any(const struct served_table *table)
{
    for (uint32_t i = 0; table->count > 0 && i <= table->mask; i++) {
        if (table->heads[i] != NULL)
            return table->heads[i];
    }
    return NULL;
}
