// SPDX-License-Identifier: Apache-2.0
/* A sorted array: a node has tens of sets, at most a few thousand, and they change when somebody
 * publishes new types, which is rare. */
#include "registry/sets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"

enum { SETS_ROOM_FIRST = 16 };

/* Where the set is, or would go. */
static uint32_t sets_find(const struct sets *sets, const uint8_t types[TYPES_HASH_SIZE])
{
    uint32_t low = 0;
    uint32_t high = sets->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (memcmp(sets->slots[middle].types, types, TYPES_HASH_SIZE) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool sets_is_at(
        const struct sets *sets, uint32_t index, const uint8_t types[TYPES_HASH_SIZE])
{
    return index < sets->count && memcmp(sets->slots[index].types, types, TYPES_HASH_SIZE) == 0;
}

void sets_deinit(struct sets *sets)
{
    for (uint32_t i = 0; i < sets->count; i++)
        free(sets->slots[i].data);
    free(sets->slots);
    *sets = (struct sets){ 0 };
}

int sets_reserve(struct sets *sets)
{
    uint32_t room = sets->room > 0 ? sets->room * 2 : SETS_ROOM_FIRST;
    struct set *slots;

    if (sets->count < sets->room)
        return 0;
    slots = realloc(sets->slots, room * sizeof(*slots));
    if (slots == NULL)
        return err_new(-ENOMEM);
    sets->slots = slots;
    sets->room = room;
    return 0;
}

bool sets_has(const struct sets *sets, const uint8_t types[TYPES_HASH_SIZE])
{
    return sets_is_at(sets, sets_find(sets, types), types);
}

void sets_keep(struct sets *sets, const uint8_t types[TYPES_HASH_SIZE], uint8_t *data)
{
    uint32_t at = sets_find(sets, types);

    CHECK(sets_is_at(sets, at, types) && sets->slots[at].data == NULL);
    sets->slots[at].data = data;
}

const struct set *sets_get(const struct sets *sets, const uint8_t types[TYPES_HASH_SIZE])
{
    uint32_t at = sets_find(sets, types);

    return sets_is_at(sets, at, types) ? &sets->slots[at] : NULL;
}

uint32_t sets_ref(struct sets *sets, const uint8_t types[TYPES_HASH_SIZE], uint32_t size)
{
    uint32_t at = sets_find(sets, types);

    if (sets_is_at(sets, at, types)) {
        sets->slots[at].references += 1;
        return 0;
    }
    CHECK(size > 0);
    CHECK(sets->count < sets->room);
    memmove(&sets->slots[at + 1], &sets->slots[at], (sets->count - at) * sizeof(*sets->slots));
    sets->slots[at] = (struct set){ .size = size, .references = 1 };
    memcpy(sets->slots[at].types, types, TYPES_HASH_SIZE);
    sets->count += 1;
    return size;
}

uint32_t sets_unref(struct sets *sets, const uint8_t types[TYPES_HASH_SIZE])
{
    uint32_t at = sets_find(sets, types);
    uint32_t size;

    CHECK(sets_is_at(sets, at, types));
    sets->slots[at].references -= 1;
    if (sets->slots[at].references > 0)
        return 0;
    size = sets->slots[at].size;
    free(sets->slots[at].data);
    sets->count -= 1;
    memmove(&sets->slots[at], &sets->slots[at + 1], (sets->count - at) * sizeof(*sets->slots));
    return size;
}
