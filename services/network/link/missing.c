// SPDX-License-Identifier: Apache-2.0
/* A list without order: it holds something only while types are under way, which is when a node was
 * seen for the first time. */
#include "services/network/link/missing.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"

int missing_init(struct missing *missing)
{
    *missing = (struct missing){ 0 };
    missing->entries = malloc(ROUTE_TYPES_MAX * sizeof(*missing->entries));
    return missing->entries != NULL ? 0 : err_new(-ENOMEM);
}

void missing_deinit(struct missing *missing)
{
    free(missing->entries);
    *missing = (struct missing){ 0 };
}

static struct missing_types *missing_find(const struct missing *missing, struct span types)
{
    for (uint32_t i = 0; i < missing->count; i++)
        if (memcmp(missing->entries[i].types, types.data, ADVERT_TYPES_SIZE) == 0)
            return &missing->entries[i];
    return NULL;
}

void missing_add(struct missing *missing, const struct public_key *node, const struct offer *offer,
        uint64_t now_ms)
{
    struct missing_types *entry;

    if (missing->count == ROUTE_TYPES_MAX || missing_find(missing, offer->types) != NULL)
        return;
    entry = &missing->entries[missing->count++];
    *entry = (struct missing_types){
        .node = *node, .ask_ms = now_ms, .pause_ms = ROUTE_TYPES_FIRST_MS
    };
    memcpy(entry->types, offer->types.data, ADVERT_TYPES_SIZE);
    memcpy(entry->service, offer->service.data, offer->service.size);
    entry->service_size = (uint8_t)offer->service.size;
}

void missing_ask(struct missing_types *entry, uint64_t now_ms)
{
    entry->ask_ms = now_ms + entry->pause_ms;
    entry->pause_ms *= 2;
    if (entry->pause_ms > ROUTE_TYPES_RETRY_MS)
        entry->pause_ms = ROUTE_TYPES_RETRY_MS;
}

uint64_t missing_due(const struct missing *missing)
{
    uint64_t due_ms = UINT64_MAX;

    for (uint32_t i = 0; i < missing->count; i++)
        if (missing->entries[i].ask_ms < due_ms)
            due_ms = missing->entries[i].ask_ms;
    return due_ms;
}

void missing_remove(struct missing *missing, struct span types)
{
    struct missing_types *entry = missing_find(missing, types);

    if (entry != NULL)
        *entry = missing->entries[--missing->count];
}
