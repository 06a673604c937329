// SPDX-License-Identifier: Apache-2.0
/* One array for all nodes, by slot, not a table of those that were spoken of: in a mesh nearly
 * every neighbour speaks of nearly every node, and memory that is never touched costs nothing. */
#include "services/network/link/neighbour.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/err.h"

enum { PAIRS_ROOM_FIRST = 16 };

void neighbour_clear(struct neighbour *neighbour, uint32_t slot)
{
    neighbour->pairs[slot] = (struct pair){ .told_hops = HOPS_NONE, .floor = HOPS_NONE };
}

int neighbour_reserve(struct neighbour *neighbour, uint32_t slot_count)
{
    uint32_t room = neighbour->room > 0 ? neighbour->room : PAIRS_ROOM_FIRST;
    struct pair *pairs;

    if (slot_count <= neighbour->room)
        return 0;
    while (room < slot_count)
        room *= 2;
    pairs = realloc(neighbour->pairs, room * sizeof(*pairs));
    if (pairs == NULL)
        return err_new(-ENOMEM);
    neighbour->pairs = pairs;
    while (neighbour->room < room)
        neighbour_clear(neighbour, neighbour->room++);
    return 0;
}

int neighbour_new(
        struct neighbour **neighbourp, struct node *node, uint32_t slot_count, uint64_t now_ms)
{
    struct neighbour *neighbour = calloc(1, sizeof(*neighbour));

    if (neighbour == NULL)
        return err_new(-ENOMEM);
    if (neighbour_reserve(neighbour, slot_count) < 0) {
        free(neighbour);
        return err_new(-ENOMEM);
    }
    neighbour->node = node;
    neighbour->heard_ms = now_ms;
    neighbour->digest_ms = now_ms + ROUTE_DIGEST_MS;
    bucket_init(&neighbour->bucket, ROUTE_BURST, ROUTE_REFILL_MS, now_ms);
    *neighbourp = neighbour;
    return 0;
}

struct neighbour *neighbour_free(struct neighbour *neighbour)
{
    if (neighbour != NULL)
        free(neighbour->pairs);
    free(neighbour);
    return NULL;
}

void neighbour_stir(struct neighbour *neighbour, const struct node *node)
{
    neighbour->pairs[node->slot].dirty = true;
    neighbour->dirty = true;
}

bool pair_is_credible(const struct pair *pair, uint64_t now_ms)
{
    return pair->reported && !pair->looped && now_ms >= pair->silent_until_ms &&
           (pair->doubt_check != pair->version.check || now_ms >= pair->doubt_until_ms);
}

uint64_t entry_hash(const struct advert *advert)
{
    uint64_t numbers[5] = {
        advert->version.epoch,
        advert->version.sequence,
        advert->version.check,
        advert->path.count,
        advert->metric_us,
    };
    uint8_t bytes[sizeof(struct public_key) * ROUTE_HOPS_MAX + sizeof(numbers)];
    uint8_t hash[crypto_generichash_BYTES_MIN];
    uint8_t *at = bytes;

    memcpy(at, advert->node.bytes, PUBLIC_KEY_SIZE);
    at += PUBLIC_KEY_SIZE;
    for (size_t i = 0; i < sizeof(numbers); i++)
        *at++ = (uint8_t)(numbers[i / 8] >> (8 * (i % 8)));
    for (uint32_t i = 0; i < advert->path.count; i++, at += PUBLIC_KEY_SIZE)
        memcpy(at, advert->path.nodes[i].bytes, PUBLIC_KEY_SIZE);
    crypto_generichash(hash, sizeof(hash), bytes, (size_t)(at - bytes), NULL, 0);
    return fixed64_read(hash) | 1;
}
