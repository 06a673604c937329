// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/node.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/err.h"

void nodes_init(struct nodes *nodes, uint64_t seed)
{
    *nodes = (struct nodes){ .seed = seed };
}

static void node_free(struct node *node)
{
    free(node->bytes);
    free(node);
}

void nodes_deinit(struct nodes *nodes)
{
    for (uint32_t i = 0; i < nodes->slot_count; i++)
        if (nodes->slots[i] != NULL)
            node_free(nodes->slots[i]);
    *nodes = (struct nodes){ 0 };
}

static uint32_t nodes_bucket(const struct nodes *nodes, const struct public_key *id)
{
    uint64_t mixed = (fixed64_read(id->bytes) ^ nodes->seed) * 0x9e3779b97f4a7c15u;

    mixed = (mixed ^ (mixed >> 29) ^ fixed64_read(id->bytes + 8)) * 0xbf58476d1ce4e5b9u;
    return (uint32_t)(mixed >> 32) % ROUTE_NODES_MAX;
}

struct node *nodes_find(const struct nodes *nodes, const struct public_key *id)
{
    struct node *node = nodes->buckets[nodes_bucket(nodes, id)];

    while (node != NULL && !public_key_equal(&node->id, id))
        node = node->next;
    return node;
}

int nodes_add(struct nodes *nodes, const struct public_key *id, struct node **nodep)
{
    struct node **bucket = &nodes->buckets[nodes_bucket(nodes, id)];
    struct node *node;
    uint32_t slot = 0;

    if (nodes->count == ROUTE_NODES_MAX)
        return NODES_FULL;
    node = malloc(sizeof(*node));
    if (node == NULL)
        return err_new(-ENOMEM);
    while (nodes->slots[slot] != NULL)
        slot += 1;
    *node = (struct node){ .id = *id, .slot = slot, .next = *bucket, .hops = HOPS_NONE };
    *bucket = node;
    nodes->slots[slot] = node;
    nodes->count += 1;
    if (slot >= nodes->slot_count)
        nodes->slot_count = slot + 1;
    *nodep = node;
    return 0;
}

void nodes_remove(struct nodes *nodes, struct node *node)
{
    struct node **at = &nodes->buckets[nodes_bucket(nodes, &node->id)];

    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    nodes->slots[node->slot] = NULL;
    nodes->count -= 1;
    while (nodes->slot_count > 0 && nodes->slots[nodes->slot_count - 1] == NULL)
        nodes->slot_count -= 1;
    node_free(node);
}

int node_hold(struct node *node, const struct advert *advert)
{
    struct advert_body body;
    uint8_t *bytes = malloc(advert->body.size + SIGNATURE_SIZE + advert->chain.size);

    if (bytes == NULL)
        return err_new(-ENOMEM);
    CHECK(advert_body_read(&body, advert->body) == ADVERT_OK);
    memcpy(bytes, advert->body.data, advert->body.size);
    memcpy(bytes + advert->body.size, advert->signature.data, SIGNATURE_SIZE);
    if (advert->chain.size > 0)
        memcpy(bytes + advert->body.size + SIGNATURE_SIZE, advert->chain.data, advert->chain.size);
    free(node->bytes);
    node->bytes = bytes;
    node->body_size = advert->body.size;
    node->chain_size = advert->chain.size;
    node->version = advert->version;
    node->offer_count = body.offer_count;
    node->ttl_ms = body.ttl_ms;
    node->held = true;
    return 0;
}

void node_let_go(struct node *node)
{
    free(node->bytes);
    node->bytes = NULL;
    node->body_size = 0;
    node->chain_size = 0;
    node->offer_count = 0;
    node->held = false;
}

struct advert node_advert(const struct node *node)
{
    const uint8_t *behind = node->held ? node->bytes + node->body_size : NULL;

    return (struct advert){
        .node = node->id,
        .version = node->version,
        .body = { node->bytes, node->body_size },
        .signature = { behind, node->held ? SIGNATURE_SIZE : 0 },
        .chain = { node->held ? behind + SIGNATURE_SIZE : NULL, node->chain_size },
    };
}

struct fields node_offers(const struct node *node)
{
    return fields_of((struct span){ node->bytes, node->body_size });
}
