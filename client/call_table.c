// SPDX-License-Identifier: Apache-2.0
#include "client/call_table.h"

#include <stdlib.h>

#include "base/check.h"

enum { SLOT_BITS = 13, CALL_TABLE_END = MU_CLIENT_CALLS_MAX };

_Static_assert(1 << SLOT_BITS == MU_CLIENT_CALLS_MAX, "a slot's number fits its bits");

static uint32_t slot_of(uint64_t id)
{
    return (uint32_t)id & (MU_CLIENT_CALLS_MAX - 1);
}

static struct pending *slot_at(const struct call_table *table, uint32_t slot)
{
    return &table->chunks[slot / CALL_CHUNK_SLOTS][slot % CALL_CHUNK_SLOTS];
}

/* The same slot's next generation; behind the last one comes the first, as 0 is no number. */
static uint64_t id_after(uint64_t id)
{
    id = (id + MU_CLIENT_CALLS_MAX) & (CALL_ID_ROUTER - 1);
    return id >= MU_CLIENT_CALLS_MAX ? id : id + MU_CLIENT_CALLS_MAX;
}

void call_table_init(struct call_table *table)
{
    *table = (struct call_table){ .first_free = CALL_TABLE_END };
}

void call_table_deinit(struct call_table *table)
{
    for (uint32_t i = 0; i < CALL_CHUNKS_MAX; i++)
        free(table->chunks[i]);
    call_table_init(table);
}

static bool call_table_grow(struct call_table *table)
{
    struct pending *chunk;

    if (table->slots == MU_CLIENT_CALLS_MAX)
        return false;
    chunk = calloc(CALL_CHUNK_SLOTS, sizeof(*chunk));
    if (chunk == NULL)
        return false;
    for (uint32_t i = 0; i < CALL_CHUNK_SLOTS; i++) {
        chunk[i].id = MU_CLIENT_CALLS_MAX + table->slots + i;
        chunk[i].next_free = i + 1 < CALL_CHUNK_SLOTS ? table->slots + i + 1 : CALL_TABLE_END;
    }
    table->chunks[table->slots / CALL_CHUNK_SLOTS] = chunk;
    table->first_free = table->slots;
    table->slots += CALL_CHUNK_SLOTS;
    return true;
}

struct pending *call_table_take(struct call_table *table)
{
    struct pending *pending;

    if (table->first_free == CALL_TABLE_END && !call_table_grow(table))
        return NULL;
    pending = slot_at(table, table->first_free);
    table->first_free = pending->next_free;
    table->open += 1;
    return pending;
}

struct pending *call_table_find(const struct call_table *table, uint64_t id)
{
    uint32_t slot = slot_of(id);
    struct pending *pending;

    if (slot >= table->slots)
        return NULL;
    pending = slot_at(table, slot);
    return pending->id == id && pending->kind != PENDING_FREE ? pending : NULL;
}

void call_table_give(struct call_table *table, struct pending *pending)
{
    uint32_t slot = slot_of(pending->id);

    CHECK(table->open > 0);
    pending->kind = PENDING_FREE;
    pending->id = id_after(pending->id);
    pending->next_free = table->first_free;
    table->first_free = slot;
    table->open -= 1;
}

struct pending *call_table_next(const struct call_table *table, uint32_t *cursorp)
{
    while (*cursorp < table->slots) {
        struct pending *pending = slot_at(table, (*cursorp)++);

        if (pending->kind != PENDING_FREE)
            return pending;
    }
    return NULL;
}
