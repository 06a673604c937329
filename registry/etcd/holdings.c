// SPDX-License-Identifier: Apache-2.0
#include "registry/etcd/holdings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum { HOLDINGS_ROOM_FIRST = 16 };

static struct holding *holding_free(struct holding *holding)
{
    if (holding != NULL) {
        free(holding->wanted);
        free(holding->held);
        free(holding);
    }
    return NULL;
}

void holdings_deinit(struct holdings *holdings)
{
    for (uint32_t i = 0; i < holdings->count; i++)
        holding_free(holdings->slots[i]);
    free(holdings->slots);
    *holdings = (struct holdings){ 0 };
}

/* Where the service is, or would go. */
static uint32_t holdings_at(const struct holdings *holdings, const char *service)
{
    uint32_t low = 0;
    uint32_t high = holdings->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (strcmp(holdings->slots[middle]->service, service) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct holding *holdings_find(const struct holdings *holdings, const char *service)
{
    uint32_t at = holdings_at(holdings, service);

    if (at == holdings->count || strcmp(holdings->slots[at]->service, service) != 0)
        return NULL;
    return holdings->slots[at];
}

static int holdings_reserve(struct holdings *holdings)
{
    uint32_t room = holdings->room > 0 ? holdings->room * 2 : HOLDINGS_ROOM_FIRST;
    struct holding **slots;

    if (holdings->count < holdings->room)
        return 0;
    slots = realloc(holdings->slots, room * sizeof(struct holding *));
    if (slots == NULL)
        return err_new(-ENOMEM);
    holdings->slots = slots;
    holdings->room = room;
    return 0;
}

struct holding *holdings_obtain(struct holdings *holdings, const char *service)
{
    struct holding *holding = holdings_find(holdings, service);
    uint32_t at = holdings_at(holdings, service);

    if (holding != NULL)
        return holding;
    if (holdings->count >= ETCD_REGISTRATIONS_MAX || holdings_reserve(holdings) < 0)
        return NULL;
    holding = calloc(1, sizeof(*holding));
    if (holding == NULL)
        return NULL;
    snprintf(holding->service, sizeof(holding->service), "%s", service);
    memmove(&holdings->slots[at + 1], &holdings->slots[at],
            (holdings->count - at) * sizeof(struct holding *));
    holdings->slots[at] = holding;
    holdings->count += 1;
    return holding;
}

void holdings_sweep(struct holdings *holdings)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < holdings->count; i++) {
        struct holding *holding = holdings->slots[i];

        if (holding->wanted == NULL && holding->revision == 0 && holding->pending_ms == 0)
            holding_free(holding);
        else
            holdings->slots[kept++] = holding;
    }
    holdings->count = kept;
}

/* Puts a copy of `bytes` in place of what is there; nothing for none. */
static int holding_replace(uint8_t **oldp, size_t *sizep, struct mu_bytes bytes)
{
    uint8_t *copy = NULL;

    if (bytes.size > 0) {
        copy = malloc(bytes.size);
        if (copy == NULL)
            return err_new(-ENOMEM);
        memcpy(copy, bytes.data, bytes.size);
    }
    free(*oldp);
    *oldp = copy;
    *sizep = bytes.size;
    return 0;
}

int holding_want(struct holding *holding, struct mu_bytes manifest, uint64_t pending_ms)
{
    int r = holding_replace(&holding->wanted, &holding->wanted_size, manifest);

    if (r < 0)
        return err_trace(r);
    holding->pending_ms = pending_ms;
    holding->listed_here = true;
    return 0;
}

int holding_hold(struct holding *holding, struct mu_bytes manifest, uint64_t revision)
{
    int r = holding_replace(&holding->held, &holding->held_size, manifest);

    if (r < 0)
        return err_trace(r);
    holding->revision = revision;
    holding->listed_there = true;
    return 0;
}

bool holding_is_kept(const struct holding *holding)
{
    if (holding->wanted == NULL)
        return holding->revision == 0;
    return holding->held != NULL && holding->held_size == holding->wanted_size &&
           memcmp(holding->held, holding->wanted, holding->wanted_size) == 0;
}

void holdings_list_begin(struct holdings *holdings, bool here)
{
    for (uint32_t i = 0; i < holdings->count; i++) {
        if (here) {
            holdings->slots[i]->listed_here = false;
        } else {
            holdings->slots[i]->listed_there = false;
            holdings->slots[i]->revision = 0;
        }
    }
}

void holdings_list_end(struct holdings *holdings, bool here)
{
    for (uint32_t i = 0; i < holdings->count; i++) {
        struct holding *holding = holdings->slots[i];

        if (here && !holding->listed_here && holding->pending_ms == 0)
            holding_want(holding, (struct mu_bytes){ 0 }, 0);
        if (!here && !holding->listed_there)
            holding_hold(holding, (struct mu_bytes){ 0 }, 0);
        if (!here)
            holding->refused = false;
    }
    holdings->known = holdings->known || here;
}

static enum holdings_action holding_next(
        const struct holdings *holdings, const struct holding *holding, uint64_t now_ms)
{
    bool adoptable = holdings->adopting && holding->held != NULL && holding->pending_ms == 0;

    if (holding->pending_ms != 0 && holding->pending_ms <= now_ms && holdings->known)
        return HOLDINGS_ASK;
    if (holding_is_kept(holding))
        return HOLDINGS_NOTHING;
    if (holding->wanted != NULL)
        return HOLDINGS_PUT;
    if (!holdings->known && holding->pending_ms == 0)
        return HOLDINGS_NOTHING;
    if (adoptable)
        return holding->refused ? HOLDINGS_NOTHING : HOLDINGS_ADOPT;
    return HOLDINGS_DELETE;
}

enum holdings_action holdings_next(
        const struct holdings *holdings, uint64_t now_ms, struct holding **holdingp)
{
    for (uint32_t i = 0; i < holdings->count; i++) {
        enum holdings_action action = holding_next(holdings, holdings->slots[i], now_ms);

        if (action != HOLDINGS_NOTHING) {
            *holdingp = holdings->slots[i];
            return action;
        }
    }
    return HOLDINGS_NOTHING;
}

uint64_t holdings_due(const struct holdings *holdings)
{
    uint64_t due_ms = UINT64_MAX;

    for (uint32_t i = 0; i < holdings->count; i++)
        if (holdings->slots[i]->pending_ms != 0 && holdings->slots[i]->pending_ms < due_ms)
            due_ms = holdings->slots[i]->pending_ms;
    return due_ms;
}

bool holdings_are_adopted(const struct holdings *holdings)
{
    for (uint32_t i = 0; i < holdings->count; i++)
        if (holdings->slots[i]->held != NULL && holdings->slots[i]->wanted == NULL)
            return false;
    return holdings->known;
}
