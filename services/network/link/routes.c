// SPDX-License-Identifier: Apache-2.0
/* Effects are not queued: what has to be done is the difference between how it stands and what was
 * handed out, so that a shell which is slow gets one effect for many events, and memory is bounded
 * by nodes and neighbours alone. */
#include "services/network/link/routes.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/err.h"
#include "services/network/link/choice.h"
#include "services/network/link/hear.h"
#include "services/network/link/table.h"
#include "services/network/link/tell.h"

int routes_init(struct routes *routes, const struct routes_settings *settings, uint64_t now_ms)
{
    int r;

    *routes = (struct routes){ .settings = *settings, .sweep_ms = now_ms + ROUTE_SWEEP_MS };
    nodes_init(&routes->nodes, settings->seed);
    own_init(&routes->own, now_ms);
    routes->table = malloc(ROUTE_TABLE_MAX * sizeof(*routes->table));
    routes->table_index = malloc(TABLE_INDEX_SIZE * sizeof(*routes->table_index));
    routes->message = malloc(ROUTE_MESSAGE_MAX);
    if (routes->table == NULL || routes->table_index == NULL || routes->message == NULL)
        r = err_new(-ENOMEM);
    else
        r = nodes_add(&routes->nodes, &settings->node, &routes->self);
    if (r == 0)
        r = missing_init(&routes->missing);
    if (r < 0) {
        routes_deinit(routes);
        return err_trace(r);
    }
    routes->self->hops = 0;
    routes->self->until_ms = UINT64_MAX;
    return 0;
}

void routes_deinit(struct routes *routes)
{
    for (uint32_t i = 0; i < routes->neighbour_count; i++)
        neighbour_free(routes->neighbours[i]);
    nodes_deinit(&routes->nodes);
    own_deinit(&routes->own);
    missing_deinit(&routes->missing);
    free(routes->table);
    free(routes->table_index);
    free(routes->message);
    *routes = (struct routes){ 0 };
}

/* Makes this node's next advert where one is due. Out of memory it is made later. */
static void routes_advertise(struct routes *routes, uint64_t now_ms)
{
    struct node *self = routes->self;
    struct advert_body body = { .node = self->id, .epoch = routes->settings.epoch };
    uint8_t hash[ADVERT_HASH_SIZE];
    uint8_t signature[SIGNATURE_SIZE];
    struct advert advert;

    if (own_due(&routes->own, now_ms) > now_ms)
        return;
    advert.body = (struct span){ routes->message,
        own_write(&routes->own, &body, routes->message, now_ms) };
    advert_hash(advert.body, hash);
    advert.node = self->id;
    advert.version = (struct version){ body.epoch, body.sequence, fixed64_read(hash) };
    routes->settings.sign(routes->settings.context, advert.body, signature);
    advert.signature = (struct span){ signature, SIGNATURE_SIZE };
    advert.chain = (struct span){ routes->chain, routes->chain_size };
    if (node_hold(self, &advert) < 0)
        own_renew(&routes->own);
    for (uint32_t i = 0; i < routes->neighbour_count; i++)
        neighbour_stir(routes->neighbours[i], self);
}

/* Follows every event. */
static void routes_advance(struct routes *routes, uint64_t now_ms)
{
    routes_advertise(routes, now_ms);
    choice_settle(routes, now_ms);
}

enum own_outcome routes_set_offers(
        struct routes *routes, const struct offer *offers, uint32_t count, uint64_t now_ms)
{
    enum own_outcome outcome = own_set(&routes->own, offers, count, now_ms);

    routes_advance(routes, now_ms);
    return outcome;
}

enum routes_outcome routes_set_self(struct routes *routes, struct span chain,
        const struct span *addresses, uint32_t address_count, uint64_t now_ms)
{
    if (chain.size > ADVERT_CHAIN_MAX ||
            own_set_addresses(&routes->own, addresses, address_count) != OWN_OK)
        return ROUTES_BAD;
    if (chain.size > 0)
        memcpy(routes->chain, chain.data, chain.size);
    routes->chain_size = chain.size;
    own_renew(&routes->own);
    routes_advance(routes, now_ms);
    return ROUTES_OK;
}

static struct neighbour *routes_find(const struct routes *routes, const struct public_key *id)
{
    const struct node *node = nodes_find(&routes->nodes, id);

    return node != NULL ? node->neighbour : NULL;
}

int routes_link_up(struct routes *routes, const struct public_key *id, uint64_t now_ms)
{
    struct node *node = nodes_find(&routes->nodes, id);
    struct neighbour *neighbour;
    int r = 0;

    if (routes->neighbour_count == ROUTE_NEIGHBOURS_MAX)
        return ROUTES_FULL;
    if (node == NULL)
        r = choice_add_node(routes, id, &node);
    if (r != 0)
        return err_trace(r);
    CHECK(node != routes->self && node->neighbour == NULL);
    r = neighbour_new(&neighbour, node, routes->nodes.slot_count, now_ms);
    if (r < 0)
        return err_trace(r);
    node->neighbour = neighbour;
    routes->neighbours[routes->neighbour_count++] = neighbour;
    for (uint32_t i = 0; i < routes->nodes.slot_count; i++)
        if (routes->nodes.slots[i] != NULL)
            neighbour_stir(neighbour, routes->nodes.slots[i]);
    routes_advance(routes, now_ms);
    return 0;
}

void routes_link_down(struct routes *routes, const struct public_key *id, uint64_t now_ms)
{
    struct neighbour *neighbour = routes_find(routes, id);

    if (neighbour == NULL)
        return;
    for (uint32_t i = 0; i < routes->nodes.slot_count; i++) {
        struct node *node = routes->nodes.slots[i];

        if (node == NULL)
            continue;
        hear_withdrawal(routes, neighbour, node);
        if (node->via == neighbour)
            node->via = NULL;
        if (node->asked == neighbour)
            node->asked = NULL;
        choice_stir(routes, node); /* what only this neighbour believed counts no more */
    }
    for (uint32_t i = 0; i < routes->neighbour_count; i++)
        if (routes->neighbours[i] == neighbour)
            routes->neighbours[i] = routes->neighbours[--routes->neighbour_count];
    neighbour->node->neighbour = NULL;
    damping_add(&neighbour->node->damping, now_ms);
    neighbour->node->damped = damping_is_suppressed(&neighbour->node->damping, now_ms);
    neighbour_free(neighbour);
    routes_advance(routes, now_ms);
}

void routes_set_cost(
        struct routes *routes, const struct public_key *id, uint32_t half_trip_us, uint64_t now_ms)
{
    struct neighbour *neighbour = routes_find(routes, id);

    if (neighbour == NULL)
        return;
    if (neighbour->cost_us != 0 && (!metric_differs(neighbour->cost_us, half_trip_us) ||
                                           now_ms - neighbour->cost_ms < ROUTE_METRIC_HOLD_MS))
        return;
    neighbour->cost_us = half_trip_us > 0 ? half_trip_us : 1;
    neighbour->cost_ms = now_ms;
    for (uint32_t i = 0; i < routes->nodes.slot_count; i++)
        if (routes->nodes.slots[i] != NULL && neighbour->pairs[i].reported)
            choice_stir(routes, routes->nodes.slots[i]);
    routes_advance(routes, now_ms);
}

int routes_receive(
        struct routes *routes, const struct public_key *id, struct span message, uint64_t now_ms)
{
    struct neighbour *neighbour = routes_find(routes, id);
    int r;

    if (neighbour == NULL)
        return ROUTES_NOT_MINE; /* its link went down a moment ago */
    r = hear_message(routes, neighbour, message, now_ms);
    routes_advance(routes, now_ms);
    return err_trace(r);
}

void routes_recheck(struct routes *routes, uint64_t now_ms)
{
    for (uint32_t i = 0; i < routes->nodes.slot_count; i++) {
        struct node *node = routes->nodes.slots[i];

        if (node == NULL || node == routes->self)
            continue;
        for (uint32_t j = 0; j < routes->neighbour_count; j++)
            routes->neighbours[j]->pairs[i].doubt_until_ms = 0;
        if (node->held)
            hear_recheck(routes, node, now_ms);
        else
            choice_stir(routes, node);
    }
    routes_advance(routes, now_ms);
}

void routes_learned(struct routes *routes, struct span types)
{
    if (types.size == ADVERT_TYPES_SIZE)
        missing_remove(&routes->missing, types);
}

/* A link that is held back no more: others are told what is behind it. */
static void routes_release(struct routes *routes, struct node *node, uint64_t now_ms)
{
    node->damped = damping_is_suppressed(&node->damping, now_ms);
    if (node->damped)
        return;
    for (uint32_t i = 0; i < routes->nodes.slot_count; i++) {
        const struct node *behind = routes->nodes.slots[i];

        if (behind == NULL || behind->via == NULL || behind->via->node != node)
            continue;
        for (uint32_t j = 0; j < routes->neighbour_count; j++)
            neighbour_stir(routes->neighbours[j], behind);
    }
}

/* True where nothing is left of a node: nobody speaks of it, nobody was told of it, and its link's
 * past does not matter any more. */
static bool routes_is_over(const struct routes *routes, const struct node *node, uint64_t now_ms)
{
    if (node == routes->self || node->neighbour != NULL || node->report_count > 0 ||
            node->imported || !damping_is_idle(&node->damping, now_ms))
        return false;
    for (uint32_t i = 0; i < routes->neighbour_count; i++) {
        const struct pair *pair = &routes->neighbours[i]->pairs[node->slot];

        if (pair->floor != HOPS_NONE || pair->told_hash != 0 || pair->force)
            return false;
    }
    return true;
}

static void routes_forget(struct routes *routes, struct node *node)
{
    for (uint32_t i = 0; i < routes->neighbour_count; i++)
        neighbour_clear(routes->neighbours[i], node->slot);
    nodes_remove(&routes->nodes, node);
}

/* The word of a neighbour holds for as long as its digests say so. */
static void routes_expire(struct routes *routes, struct neighbour *neighbour, uint64_t now_ms)
{
    uint64_t silent_ms = now_ms - neighbour->heard_ms;

    if (silent_ms <= ROUTE_DIGEST_MS)
        return;
    for (uint32_t i = 0; i < routes->nodes.slot_count; i++) {
        struct node *node = routes->nodes.slots[i];

        if (node != NULL && node->held && silent_ms > node->ttl_ms)
            hear_withdrawal(routes, neighbour, node);
    }
}

static void routes_sweep(struct routes *routes, uint64_t now_ms)
{
    routes->sweep_ms = now_ms + ROUTE_SWEEP_MS;
    for (uint32_t i = 0; i < routes->neighbour_count; i++)
        routes_expire(routes, routes->neighbours[i], now_ms);
    for (uint32_t i = 0; i < routes->nodes.slot_count; i++) {
        struct node *node = routes->nodes.slots[i];

        if (node == NULL)
            continue;
        if (node->damped)
            routes_release(routes, node, now_ms);
        if (node->held && now_ms >= node->until_ms)
            hear_recheck(routes, node, now_ms);
        if (node->unsettled)
            choice_stir(routes, node);
        if (!node->stirred && routes_is_over(routes, node, now_ms))
            routes_forget(routes, node);
    }
}

void routes_tick(struct routes *routes, uint64_t now_ms)
{
    if (now_ms >= routes->sweep_ms)
        routes_sweep(routes, now_ms);
    routes_advance(routes, now_ms);
}

/* ---- what is to be done ---- */

static bool routes_next_table(struct routes *routes, struct routes_effect *effect)
{
    for (uint32_t i = 0; i < routes->neighbour_count; i++) {
        struct neighbour *neighbour = routes->neighbours[i];
        uint32_t count;
        uint64_t hash;

        if (!neighbour->changed)
            continue;
        neighbour->changed = false;
        count = table_build(routes, neighbour);
        hash = table_hash(routes, count);
        if (hash == neighbour->table_hash || (count == 0 && neighbour->table_hash == 0))
            continue;
        neighbour->table_hash = hash;
        *effect = (struct routes_effect){
            .kind = ROUTES_TABLE,
            .node = neighbour->node->id,
            .routes = routes->table,
            .count = count,
        };
        return true;
    }
    return false;
}

static void routes_miss_types(struct routes *routes, const struct node *node, uint64_t now_ms)
{
    struct fields fields = node_offers(node);
    struct offer offer;

    while (advert_next_offer(&fields, &offer))
        if (offer.types.size > 0 && !routes->settings.knows(routes->settings.context, offer.types))
            missing_add(&routes->missing, &node->id, &offer, now_ms);
}

void routes_lost_types(struct routes *routes, struct span types, uint64_t now_ms)
{
    for (uint32_t i = 0; i < routes->nodes.slot_count; i++) {
        const struct node *node = routes->nodes.slots[i];
        struct fields fields;
        struct offer offer;

        if (node == NULL || !node->imported || !node->held)
            continue;
        fields = node_offers(node);
        while (advert_next_offer(&fields, &offer))
            if (offer.types.size == types.size && offer.types.size == ADVERT_TYPES_SIZE &&
                    memcmp(offer.types.data, types.data, types.size) == 0)
                missing_add(&routes->missing, &node->id, &offer, now_ms);
    }
}

void routes_import_again(struct routes *routes)
{
    for (uint32_t i = 0; i < routes->nodes.slot_count; i++) {
        struct node *node = routes->nodes.slots[i];

        if (node == NULL || !node->imported)
            continue;
        node->imported = false;
        node->changed = true;
        routes->changed = true;
    }
}

static bool routes_next_import(struct routes *routes, struct routes_effect *effect, uint64_t now_ms)
{
    for (uint32_t i = 0; i < routes->nodes.slot_count; i++) {
        struct node *node = routes->nodes.slots[i];
        bool reachable = node != NULL && node->hops != HOPS_NONE;

        if (node == NULL || !node->changed || node == routes->self)
            continue;
        node->changed = false;
        if (!reachable && !node->imported)
            continue;
        node->imported = reachable;
        if (reachable)
            routes_miss_types(routes, node, now_ms);
        *effect = (struct routes_effect){
            .kind = ROUTES_IMPORT,
            .node = node->id,
            .import = reachable ? node : NULL,
        };
        return true;
    }
    return false;
}

bool routes_next(struct routes *routes, struct routes_effect *effect, uint64_t now_ms)
{
    if (routes->changed) {
        if (routes_next_table(routes, effect) || routes_next_import(routes, effect, now_ms))
            return true;
        routes->changed = false;
    }
    for (uint32_t i = 0; i < routes->neighbour_count; i++) {
        struct neighbour *neighbour = routes->neighbours[i];
        struct span message;

        if (!tell_next(routes, neighbour, &message, now_ms))
            continue;
        *effect = (struct routes_effect){
            .kind = ROUTES_SEND,
            .node = neighbour->node->id,
            .message = message,
        };
        return true;
    }
    return false;
}

uint64_t routes_due(struct routes *routes, uint64_t now_ms)
{
    uint64_t due_ms = own_due(&routes->own, now_ms);
    uint64_t types_ms = missing_due(&routes->missing);

    if (routes->neighbour_count > 0 && types_ms < due_ms) /* else there is nobody to ask */
        due_ms = types_ms;
    if (routes->sweep_ms < due_ms)
        due_ms = routes->sweep_ms;
    for (uint32_t i = 0; i < routes->neighbour_count; i++) {
        uint64_t tell_ms = tell_due(routes->neighbours[i], now_ms);

        if (tell_ms < due_ms)
            due_ms = tell_ms;
    }
    return due_ms;
}
