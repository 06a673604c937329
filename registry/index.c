// SPDX-License-Identifier: Apache-2.0
/* Linear probing with deletion by moving back (Knuth, The Art of Computer Programming 3, 6.4,
 * algorithm R): no tombstones, so a table that lives for months stays as fast as a new one. It only
 * grows; a registry that once held many instances will do so again. */
#include "registry/index.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/err.h"

enum { INDEX_ROOM_FIRST = 64 }; /* slots */

/* The finalizer of splitmix64 (Steele, Lea, Flood 2014), seeded. */
static uint32_t index_home(const struct index *index, uint64_t number)
{
    uint64_t mixed = number ^ index->seed;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)(mixed ^ (mixed >> 31)) & (index->room - 1);
}

/* The slot that holds `number`, or the free one where it would go. */
static struct index_slot *index_find(const struct index *index, uint64_t number)
{
    uint32_t at = index_home(index, number);

    while (index->slots[at].thing != NULL && index->slots[at].number != number)
        at = (at + 1) & (index->room - 1);
    return &index->slots[at];
}

void index_init(struct index *index, uint64_t seed)
{
    *index = (struct index){ .seed = seed };
}

void index_deinit(struct index *index)
{
    free(index->slots);
    *index = (struct index){ 0 };
}

int index_reserve(struct index *index, uint32_t more)
{
    struct index larger = *index;

    if (index->count + more <= index->room / 2)
        return 0;
    larger.room = index->room > 0 ? index->room * 2 : INDEX_ROOM_FIRST;
    while (index->count + more > larger.room / 2)
        larger.room *= 2;
    larger.slots = calloc(larger.room, sizeof(*larger.slots));
    if (larger.slots == NULL)
        return err_new(-ENOMEM);
    for (uint32_t i = 0; i < index->room; i++)
        if (index->slots[i].thing != NULL)
            *index_find(&larger, index->slots[i].number) = index->slots[i];
    free(index->slots);
    *index = larger;
    return 0;
}

void index_put(struct index *index, uint64_t number, void *thing)
{
    struct index_slot *slot;

    CHECK(thing != NULL);
    CHECK(index->count < index->room / 2);
    slot = index_find(index, number);
    CHECK(slot->thing == NULL);
    *slot = (struct index_slot){ .number = number, .thing = thing };
    index->count += 1;
}

void *index_get(const struct index *index, uint64_t number)
{
    return index->room > 0 ? index_find(index, number)->thing : NULL;
}

void *index_take(struct index *index, uint64_t number)
{
    struct index_slot *hole;
    void *thing;
    uint32_t mask;
    uint32_t at;

    if (index->room == 0)
        return NULL;
    hole = index_find(index, number);
    thing = hole->thing;
    if (thing == NULL)
        return NULL;

    mask = index->room - 1;
    at = (uint32_t)(hole - index->slots);
    for (uint32_t i = (at + 1) & mask; index->slots[i].thing != NULL; i = (i + 1) & mask) {
        uint32_t home = index_home(index, index->slots[i].number);

        if (((i - home) & mask) < ((i - at) & mask))
            continue; /* its home lies behind the hole: it would not be found there */
        index->slots[at] = index->slots[i];
        at = i;
    }
    index->slots[at] = (struct index_slot){ 0 };
    index->count -= 1;
    return thing;
}
