// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/call.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/err.h"

enum {
    CALL_INDEX_SIZE_MIN = 64,
    CALL_PROBES_MAX = 64,               /* steps, after which a caller's ids are mixed */
    CALL_SLOT_BITS = 16,                /* of a call id; above them the generation */
    CALL_GENERATION_MAX = (1 << 18) - 1 /* below CALL_ID_ROUTER */
};

int call_table_init(struct call_table *table, uint64_t seed)
{
    *table = (struct call_table){ .free_head = UINT32_MAX, .seed = seed };
    table->slots = calloc(ROUTER_CALLS_MAX, sizeof(*table->slots));
    return table->slots != NULL ? 0 : err_new(-ENOMEM);
}

void call_table_deinit(struct call_table *table)
{
    free(table->slots);
    *table = (struct call_table){ 0 };
}

void call_index_deinit(struct call_index *index)
{
    free(index->places);
    *index = (struct call_index){ 0 };
}

static uint32_t call_slot(const struct call_table *table, const struct call *call)
{
    return (uint32_t)(call - table->slots);
}

/* Where an id begins to look, for a table of any size; mixing multiplies with the golden ratio
 * (Knuth 6.4). */
static uint32_t call_hash(
        const struct call_table *table, const struct call_index *index, uint64_t caller_id)
{
    if (index->mixed)
        caller_id = ((caller_id ^ table->seed) * 0x9e3779b97f4a7c15u) >> 32;
    return (uint32_t)caller_id;
}

struct call *call_find_by_caller(
        const struct call_table *table, const struct call_index *index, uint64_t caller_id)
{
    uint32_t hash = call_hash(table, index, caller_id);
    uint32_t mask = index->size - 1;

    if (index->count == 0)
        return NULL;
    for (uint32_t i = hash & mask; index->places[i].slot != 0; i = (i + 1) & mask) {
        struct call *call = &table->slots[index->places[i].slot - 1];

        if (index->places[i].hash == hash && call->caller_id == caller_id)
            return call;
    }
    return NULL;
}

/* Returns how many steps it took to find a free place. */
static uint32_t call_index_put(struct call_index *index, struct call_place place)
{
    uint32_t mask = index->size - 1;
    uint32_t i = place.hash & mask;
    uint32_t steps = 0;

    for (; index->places[i].slot != 0; steps++)
        i = (i + 1) & mask;
    index->places[i] = place;
    return steps;
}

/* Moves the index into `size` places. False where there is no memory: then it is as it was. */
static bool call_index_resize(
        const struct call_table *table, struct call_index *index, uint32_t size, bool mixed)
{
    struct call_index resized = { .size = size, .count = index->count, .mixed = mixed };

    resized.places = calloc(size, sizeof(*resized.places));
    if (resized.places == NULL)
        return false;
    for (uint32_t i = 0; i < index->size; i++) {
        uint32_t slot = index->places[i].slot;

        if (slot != 0)
            call_index_put(&resized,
                    (struct call_place){
                            slot, call_hash(table, &resized, table->slots[slot - 1].caller_id) });
    }
    free(index->places);
    *index = resized;
    return true;
}

static bool call_index_make_room(const struct call_table *table, struct call_index *index)
{
    if (2 * (index->count + 1) <= index->size)
        return true;
    return call_index_resize(
            table, index, index->size != 0 ? 2 * index->size : CALL_INDEX_SIZE_MIN, index->mixed);
}

/* Where the call stands in its caller's index. */
static uint32_t call_index_find(
        const struct call_table *table, const struct call_index *index, const struct call *call)
{
    uint32_t mask = index->size - 1;
    uint32_t i = call_hash(table, index, call->caller_id) & mask;

    while (index->places[i].slot != call_slot(table, call) + 1)
        i = (i + 1) & mask;
    return i;
}

void call_forget_caller(struct call_table *table, struct call_index *index, struct call *call)
{
    uint32_t mask = index->size - 1;
    uint32_t hole = call_index_find(table, index, call);

    /* Moves back whatever could no longer be found across the hole (Knuth 6.4, algorithm R). */
    for (uint32_t i = (hole + 1) & mask; index->places[i].slot != 0; i = (i + 1) & mask) {
        if (((i - index->places[i].hash) & mask) >= ((i - hole) & mask)) {
            index->places[hole] = index->places[i];
            hole = i;
        }
    }
    index->places[hole].slot = 0;
    index->count -= 1;
    call->caller = NULL;
}

void call_move_caller(
        struct call_table *table, struct call_index *index, struct call *from, struct call *to)
{
    index->places[call_index_find(table, index, from)].slot = call_slot(table, to) + 1;
    to->caller = from->caller;
    to->caller_id = from->caller_id;
    from->caller = NULL;
}

/* A slot of the table, UINT32_MAX where all are taken. */
static uint32_t call_take_slot(struct call_table *table)
{
    uint32_t slot = table->free_head;

    if (slot != UINT32_MAX)
        table->free_head = table->slots[slot].next_free;
    else if (table->used < ROUTER_CALLS_MAX)
        slot = table->used++;
    return slot;
}

void call_renew(struct call *call)
{
    call->generation = call->generation < CALL_GENERATION_MAX ? call->generation + 1 : 1;
}

struct call *call_take_added(struct call_table *table, struct peer *callee)
{
    uint32_t slot = call_take_slot(table);
    uint32_t generation;
    struct call *call;

    if (slot == UINT32_MAX)
        return NULL;
    call = &table->slots[slot];
    call_renew(call);
    generation = call->generation;
    *call = (struct call){ .callee = callee, .generation = generation };
    list_init(&call->by_caller);
    list_init(&call->by_callee);
    list_init(&call->by_parent);
    list_init(&call->children);
    table->count += 1;
    return call;
}

struct call *call_take(struct call_table *table, struct peer *caller, struct call_index *index,
        uint64_t caller_id, struct peer *callee)
{
    struct call *call = call_index_make_room(table, index) ? call_take_added(table, callee) : NULL;

    if (call == NULL)
        return NULL;
    call->caller = caller;
    call->caller_id = caller_id;
    if (call_index_put(index, (struct call_place){ call_slot(table, call) + 1,
                                      call_hash(table, index, caller_id) }) > CALL_PROBES_MAX &&
            !index->mixed)
        call_index_resize(table, index, index->size, true); /* without memory it stays slow */
    index->count += 1;
    return call;
}

void call_give(struct call_table *table, struct call *call)
{
    CHECK(call->callee != NULL && call->caller == NULL);
    CHECK(list_is_empty(&call->children) && call->timer.due_ms == 0);
    call->callee = NULL;
    call->next_free = table->free_head;
    table->free_head = call_slot(table, call);
    table->count -= 1;
}

uint64_t call_id(const struct call_table *table, const struct call *call)
{
    return CALL_ID_ROUTER | (uint64_t)call->generation << CALL_SLOT_BITS | call_slot(table, call);
}

struct call *call_find(struct call_table *table, uint64_t id)
{
    uint32_t slot = (uint32_t)(id & ((1u << CALL_SLOT_BITS) - 1));
    struct call *call;

    if (slot >= table->used)
        return NULL;
    call = &table->slots[slot];
    return call->callee != NULL && call_id(table, call) == id ? call : NULL;
}
