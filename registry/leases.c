// SPDX-License-Identifier: Apache-2.0
#include "registry/leases.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/err.h"

enum { LEASES_ROOM_FIRST = 16 };

static void leases_place(struct leases *leases, uint32_t index, struct instance *instance)
{
    leases->slots[index] = instance;
    instance->lease_index = index;
}

static void leases_rise(struct leases *leases, uint32_t index)
{
    struct instance *instance = leases->slots[index];

    while (index > 0) {
        struct instance *parent = leases->slots[(index - 1) / 2];

        if (parent->expires_ms <= instance->expires_ms)
            break;
        leases_place(leases, index, parent);
        index = (index - 1) / 2;
    }
    leases_place(leases, index, instance);
}

static void leases_sink(struct leases *leases, uint32_t index)
{
    struct instance *instance = leases->slots[index];

    for (uint32_t child = 2 * index + 1; child < leases->count; child = 2 * index + 1) {
        if (child + 1 < leases->count &&
                leases->slots[child + 1]->expires_ms < leases->slots[child]->expires_ms)
            child += 1;
        if (instance->expires_ms <= leases->slots[child]->expires_ms)
            break;
        leases_place(leases, index, leases->slots[child]);
        index = child;
    }
    leases_place(leases, index, instance);
}

void leases_deinit(struct leases *leases)
{
    free(leases->slots);
    *leases = (struct leases){ 0 };
}

int leases_reserve(struct leases *leases)
{
    uint32_t room = leases->room > 0 ? leases->room * 2 : LEASES_ROOM_FIRST;
    struct instance **slots;

    if (leases->count < leases->room)
        return 0;
    slots = realloc(leases->slots, room * sizeof(struct instance *));
    if (slots == NULL)
        return err_new(-ENOMEM);
    leases->slots = slots;
    leases->room = room;
    return 0;
}

void leases_add(struct leases *leases, struct instance *instance)
{
    CHECK(leases->count < leases->room);
    leases->count += 1;
    leases_place(leases, leases->count - 1, instance);
    leases_rise(leases, leases->count - 1);
}

void leases_remove(struct leases *leases, struct instance *instance)
{
    uint32_t index = instance->lease_index;
    struct instance *last;

    CHECK(index < leases->count && leases->slots[index] == instance);
    leases->count -= 1;
    last = leases->slots[leases->count];
    if (last == instance)
        return;
    leases_place(leases, index, last);
    leases_rise(leases, index);
    leases_sink(leases, last->lease_index);
}

void leases_renew(struct leases *leases, struct instance *instance, uint64_t expires_ms)
{
    instance->expires_ms = expires_ms;
    leases_rise(leases, instance->lease_index);
    leases_sink(leases, instance->lease_index);
}

struct instance *leases_first(const struct leases *leases)
{
    return leases->count > 0 ? leases->slots[0] : NULL;
}
