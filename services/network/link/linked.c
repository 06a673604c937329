// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/linked.h"

#include <stdlib.h>
#include <string.h>

#include "mu/router/v1/router.pb-c.h"

void linked_init(struct linked_nodes *nodes)
{
    list_init(&nodes->all);
    nodes->count = 0;
}

void linked_set_table(struct linked_node *node, struct Mu__Router__V1__RoutesRequest *table)
{
    if (node->table != NULL)
        mu__router__v1__routes_request__free_unpacked(node->table, NULL);
    node->table = table;
}

static void node_free(struct linked_node *node)
{
    linked_set_table(node, NULL);
    free(node);
}

void linked_deinit(struct linked_nodes *nodes)
{
    list_for_each_safe (entry, &nodes->all)
        node_free(list_entry(entry, struct linked_node, link));
    linked_init(nodes);
}

struct linked_node *linked_add(struct linked_nodes *nodes, uint64_t number,
        const struct handshake_peer *peer, uint64_t now_ms)
{
    struct linked_node *node = calloc(1, sizeof(*node));

    if (node == NULL)
        return NULL;
    node->number = number;
    node->identity = peer->identity;
    node->issuer = peer->chain.certificates[0].issuer;
    node->heard_ms = now_ms;
    bucket_init(&node->departures, DEPARTURE_BURST, DEPARTURE_REFILL_MS, now_ms);
    list_push(&nodes->all, &node->link);
    nodes->count += 1;
    return node;
}

void linked_drop(struct linked_nodes *nodes, uint64_t number)
{
    struct linked_node *node = linked_find(nodes, number);

    if (node == NULL)
        return;
    list_remove(&node->link);
    nodes->count -= 1;
    node_free(node);
}

struct linked_node *linked_find(const struct linked_nodes *nodes, uint64_t number)
{
    list_for_each (entry, &nodes->all) {
        struct linked_node *node = list_entry(entry, struct linked_node, link);

        if (node->number == number)
            return node;
    }
    return NULL;
}

struct linked_node *linked_find_key(const struct linked_nodes *nodes, const struct public_key *key)
{
    list_for_each (entry, &nodes->all) {
        struct linked_node *node = list_entry(entry, struct linked_node, link);

        if (!node->elder && public_key_equal(&node->identity.key, key))
            return node;
    }
    return NULL;
}

void linked_age(struct linked_nodes *nodes)
{
    list_for_each (entry, &nodes->all)
        list_entry(entry, struct linked_node, link)->elder = true;
}

bool linked_is_superseded(
        const struct linked_nodes *nodes, const struct linked_node *node, uint64_t before_ms)
{
    list_for_each (entry, &nodes->all) {
        const struct linked_node *other = list_entry(entry, struct linked_node, link);

        if ((node->elder || node->moved) && other->number > node->number && other->channel != 0 &&
                other->carries_ms <= before_ms &&
                strcmp(other->identity.name, node->identity.name) == 0)
            return true;
    }
    return false;
}

struct linked_node *linked_next(const struct linked_nodes *nodes, uint64_t after)
{
    struct linked_node *first = NULL;

    list_for_each (entry, &nodes->all) {
        struct linked_node *node = list_entry(entry, struct linked_node, link);

        if (node->elder)
            continue;
        if (node->number > after)
            return node;
        if (first == NULL)
            first = node;
    }
    return first;
}

/* Links' numbers grow, so the list is in their order. */
struct linked_node *linked_find_authority(
        const struct linked_nodes *nodes, const struct public_key *key, uint64_t after)
{
    struct linked_node *first = NULL;

    list_for_each (entry, &nodes->all) {
        struct linked_node *node = list_entry(entry, struct linked_node, link);

        if (node->elder || !node->is_authority ||
                (key != NULL && !public_key_equal(&node->authority, key)))
            continue;
        if (node->number > after)
            return node;
        if (first == NULL)
            first = node;
    }
    return first;
}
