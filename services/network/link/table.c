// SPDX-License-Identifier: Apache-2.0
/* Built anew, whole, whenever something may have changed, and handed out only where it did: nothing
 * has to be kept in step with adverts that come and go. */
#include "services/network/link/table.h"

#include "services/network/link/choice.h"

/* FNV-1a (Fowler, Noll, Vo), seeded. A name that collides costs a step, not a mistake. */
static uint64_t table_mix(uint64_t hash, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

/* The index slot of a service, or the free one where it would go. */
static uint16_t *table_slot(const struct routes *routes, struct span service)
{
    uint64_t hash = table_mix(routes->settings.seed, service.data, service.size);
    uint32_t at = (uint32_t)(hash ^ hash >> 32) % TABLE_INDEX_SIZE;

    for (; routes->table_index[at] != 0; at = (at + 1) % TABLE_INDEX_SIZE) {
        struct span name = routes->table[routes->table_index[at] - 1].service;

        if (name.size == service.size && memcmp(name.data, service.data, name.size) == 0)
            break;
    }
    return &routes->table_index[at];
}

/* Enters a route unless a better one to the service stands there. Those that come first are never
 * farther away, so the table fills with the nearest. */
static uint32_t table_enter(struct routes *routes, uint32_t count, const struct route *route)
{
    uint16_t *slot = table_slot(routes, route->service);

    if (*slot != 0) {
        struct route *held = &routes->table[*slot - 1];

        if (held->hops == route->hops && route->metric_us < held->metric_us)
            held->metric_us = route->metric_us;
        return count;
    }
    if (count == ROUTE_TABLE_MAX)
        return count;
    routes->table[count] = *route;
    *slot = (uint16_t)(count + 1);
    return count + 1;
}

static uint32_t table_enter_node(
        struct routes *routes, uint32_t count, const struct node *node, uint32_t metric_us)
{
    struct fields fields = node_offers(node);
    struct offer offer;

    while (advert_next_offer(&fields, &offer)) {
        struct route route = {
            .service = offer.service,
            .hops = node->hops,
            .metric_us = metric_add(metric_us, offer.latency_us),
        };

        count = table_enter(routes, count, &route);
    }
    return count;
}

static void table_clear(struct routes *routes)
{
    memset(routes->table_index, 0, TABLE_INDEX_SIZE * sizeof(*routes->table_index));
}

uint32_t table_build(struct routes *routes, const struct neighbour *neighbour)
{
    uint32_t count = 0;

    table_clear(routes);
    for (uint32_t hops = 1; hops <= ROUTE_HOPS_MAX; hops++)
        for (uint32_t i = 0; i < routes->nodes.slot_count; i++) {
            const struct node *node = routes->nodes.slots[i];

            if (node != NULL && node->hops == hops && choice_is_usable(node, neighbour))
                count = table_enter_node(routes, count, node, choice_metric(node, neighbour));
        }
    return count;
}

uint32_t table_build_best(struct routes *routes)
{
    uint32_t count = 0;

    table_clear(routes);
    for (uint32_t hops = 0; hops <= ROUTE_HOPS_MAX; hops++)
        for (uint32_t i = 0; i < routes->nodes.slot_count; i++) {
            const struct node *node = routes->nodes.slots[i];

            if (node != NULL && node->hops == hops)
                count = table_enter_node(routes, count, node, node->metric_us);
        }
    return count;
}

const struct route *table_find(const struct routes *routes, struct span service)
{
    uint16_t slot = *table_slot(routes, service);

    return slot != 0 ? &routes->table[slot - 1] : NULL;
}

uint64_t table_hash(const struct routes *routes, uint32_t count)
{
    uint64_t sum = 1;

    for (uint32_t i = 0; i < count; i++) {
        const struct route *route = &routes->table[i];
        uint64_t numbers = (uint64_t)route->hops << 32 | route->metric_us;
        uint64_t hash = table_mix(0xcbf29ce484222325u, route->service.data, route->service.size);

        hash = (hash ^ numbers) * 0x9e3779b97f4a7c15u;
        sum += hash ^ hash >> 32;
    }
    return sum != 0 ? sum : 1;
}
