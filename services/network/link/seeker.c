// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/seeker.h"

#include <stdlib.h>
#include <string.h>

enum { SEEKER_ADDRESSES_MAX = 4, SEEKER_ROOM_FIRST = 16 };

void seeker_init(struct seeker *seeker, uint64_t seed, seeker_fn fn, void *user)
{
    *seeker = (struct seeker){ .fn = fn, .user = user };
    random_init(&seeker->random, seed);
}

static bool is_at(const struct seeker_node *node, const char *address)
{
    for (uint32_t i = 0; i < node->address_count; i++) {
        if (strcmp(node->addresses[i], address) == 0)
            return true;
    }
    return false;
}

/* A node that changed its key is known twice for a while, at the same place. */
static bool is_dialled_for_another(
        const struct seeker *seeker, const struct seeker_node *node, const char *address)
{
    for (uint32_t i = 0; i < seeker->node_count; i++) {
        const struct seeker_node *other = &seeker->nodes[i];

        if (other != node && other->dialled && is_at(other, address))
            return true;
    }
    return false;
}

static void node_dial(struct seeker *seeker, struct seeker_node *node, bool dial)
{
    if (node->dialled == dial)
        return;
    node->dialled = dial;
    for (uint32_t i = 0; i < node->address_count; i++) {
        if (!is_dialled_for_another(seeker, node, node->addresses[i]))
            seeker->fn(node->addresses[i], dial, seeker->user);
    }
}

void seeker_deinit(struct seeker *seeker)
{
    for (uint32_t i = 0; i < seeker->node_count; i++)
        node_dial(seeker, &seeker->nodes[i], false);
    free(seeker->nodes);
    seeker->nodes = NULL;
    seeker->node_count = 0;
    seeker->node_room = 0;
}

static struct seeker_node *find(struct seeker *seeker, const struct public_key *key)
{
    for (uint32_t i = 0; i < seeker->node_count; i++) {
        if (public_key_equal(&seeker->nodes[i].key, key))
            return &seeker->nodes[i];
    }
    return NULL;
}

static struct seeker_node *add(struct seeker *seeker, const struct public_key *key)
{
    if (seeker->node_count == SEEKER_NODES_MAX)
        return NULL;
    if (seeker->node_count == seeker->node_room) {
        uint32_t room = seeker->node_room != 0 ? 2 * seeker->node_room : SEEKER_ROOM_FIRST;
        struct seeker_node *nodes = reallocarray(seeker->nodes, room, sizeof(*nodes));

        if (nodes == NULL)
            return NULL;
        seeker->nodes = nodes;
        seeker->node_room = room;
    }
    seeker->nodes[seeker->node_count] = (struct seeker_node){ .key = *key };
    return &seeker->nodes[seeker->node_count++];
}

static bool knows(const struct seeker_node *node, char *const *addresses, size_t count)
{
    if (count > SEEKER_ADDRESSES_MAX)
        count = SEEKER_ADDRESSES_MAX;
    if (node->address_count != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(node->addresses[i], addresses[i]) != 0)
            return false;
    }
    return true;
}

void seeker_know(
        struct seeker *seeker, const struct public_key *key, char *const *addresses, size_t count)
{
    struct seeker_node *node = find(seeker, key);

    if (node == NULL)
        node = add(seeker, key);
    if (node == NULL || knows(node, addresses, count))
        return;
    node_dial(seeker, node, false);
    node->address_count = 0;
    node->rest_ms = 0;
    node->away = false;
    for (size_t i = 0; i < count && node->address_count < SEEKER_ADDRESSES_MAX; i++) {
        if (strlen(addresses[i]) <= ADDRESS_SIZE_MAX)
            memcpy(node->addresses[node->address_count++], addresses[i], strlen(addresses[i]) + 1);
    }
}

void seeker_forget(struct seeker *seeker, const struct public_key *key)
{
    struct seeker_node *node = find(seeker, key);

    if (node == NULL)
        return;
    node_dial(seeker, node, false);
    *node = seeker->nodes[seeker->node_count - 1];
    seeker->node_count -= 1;
}

void seeker_linked(struct seeker *seeker, const struct public_key *key, bool linked)
{
    struct seeker_node *node = find(seeker, key);

    if (node == NULL)
        return;
    node->linked = linked;
    if (linked)
        node->away = false;
}

/* How long one rests that was missed now. */
static uint64_t rest_of(struct seeker *seeker, const struct seeker_node *node, uint64_t now_ms)
{
    uint64_t pause_ms = (now_ms - node->away_ms) / SEEKER_RETRY_PART;

    if (pause_ms < SEEKER_RETRY_FIRST_MS)
        pause_ms = SEEKER_RETRY_FIRST_MS;
    if (pause_ms > SEEKER_RETRY_MAX_MS)
        pause_ms = SEEKER_RETRY_MAX_MS;
    return pause_ms / 2 + random_below(&seeker->random, (uint32_t)pause_ms / 2 + 1);
}

void seeker_missed(struct seeker *seeker, const char *address, uint64_t now_ms)
{
    for (uint32_t i = 0; i < seeker->node_count; i++) {
        struct seeker_node *node = &seeker->nodes[i];

        if (!node->dialled || node->linked || !is_at(node, address))
            continue;
        node_dial(seeker, node, false);
        if (!node->away)
            node->away_ms = now_ms;
        node->away = true;
        node->rest_ms = now_ms + rest_of(seeker, node, now_ms);
    }
}

/* One of those that could be dialled, at random; NULL for none. */
static struct seeker_node *pick(struct seeker *seeker, uint64_t now_ms)
{
    struct seeker_node *picked = NULL;
    uint32_t seen = 0;

    for (uint32_t i = 0; i < seeker->node_count; i++) {
        struct seeker_node *node = &seeker->nodes[i];

        if (node->linked || node->dialled || node->address_count == 0 || node->rest_ms > now_ms)
            continue;
        seen += 1;
        if (random_below(&seeker->random, seen) == 0)
            picked = node;
    }
    return picked;
}

/* When the first of those that rest may be dialled. */
static uint64_t rest_ends_ms(const struct seeker *seeker, uint64_t now_ms)
{
    uint64_t first_ms = UINT64_MAX;

    for (uint32_t i = 0; i < seeker->node_count; i++) {
        const struct seeker_node *node = &seeker->nodes[i];

        if (!node->linked && !node->dialled && node->rest_ms > now_ms && node->rest_ms < first_ms)
            first_ms = node->rest_ms;
    }
    return first_ms;
}

uint64_t seeker_step(struct seeker *seeker, uint32_t linked_count, uint64_t now_ms)
{
    uint32_t count = linked_count;
    struct seeker_node *node;

    for (uint32_t i = 0; i < seeker->node_count; i++) {
        /* a link that this node made stays dialled, so that it is made again when it is lost */
        if (seeker->nodes[i].dialled && !seeker->nodes[i].linked)
            count += 1;
    }
    for (uint32_t i = 0; i < seeker->node_count && count > NEIGHBOURS_WANTED; i++) {
        if (seeker->nodes[i].dialled && !seeker->nodes[i].linked) {
            node_dial(seeker, &seeker->nodes[i], false);
            count -= 1;
        }
    }
    while (count < NEIGHBOURS_WANTED && (node = pick(seeker, now_ms)) != NULL) {
        node_dial(seeker, node, true);
        count += 1;
    }
    return count < NEIGHBOURS_WANTED ? rest_ends_ms(seeker, now_ms) : UINT64_MAX;
}
