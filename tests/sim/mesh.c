// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/mesh.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/cmocka.h"

enum { SIGNATURE_SEED = 0x5e };

void mesh_fail(const struct mesh *mesh, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_error("seed %llu, at %llu ms: ", (unsigned long long)mesh->seed,
            (unsigned long long)mesh->now_ms);
    vprint_error(format, arguments);
    print_error("\nrun it again: MU_SIM_SEED=%llu MU_SIM_RUNS=1\n", (unsigned long long)mesh->seed);
    va_end(arguments);
    fail();
}

/* ---- who is who ---- */

static struct public_key mesh_id(uint32_t index)
{
    struct public_key id = { { 0 } };

    id.bytes[0] = (uint8_t)(index * 37 + 11);
    id.bytes[8] = (uint8_t)index;
    id.bytes[31] = 1;
    return id;
}

static uint32_t mesh_index(const struct public_key *id)
{
    return id->bytes[8];
}

/* Stands for Ed25519, which is tested elsewhere: nobody forges here, but nodes that do. */
static void mesh_sign(void *context, struct span body, uint8_t signature[SIGNATURE_SIZE])
{
    const struct mesh_node *node = context;
    uint8_t hash[ADVERT_HASH_SIZE];

    advert_hash(body, hash);
    for (size_t i = 0; i < SIGNATURE_SIZE; i++)
        signature[i] = (uint8_t)(hash[i] ^ SIGNATURE_SEED ^ node->index);
}

static bool mesh_believe(
        void *context, const struct advert *advert, struct identity *identity, uint64_t *valid_msp)
{
    struct mesh_node signer = { .index = mesh_index(&advert->node) };
    uint8_t signature[SIGNATURE_SIZE];

    (void)context;
    mesh_sign(&signer, advert->body, signature);
    *identity = (struct identity){ .key = advert->node };
    *valid_msp = MESH_FOREVER;
    return memcmp(signature, advert->signature.data, SIGNATURE_SIZE) == 0;
}

static bool mesh_knows(void *context, struct span types)
{
    (void)context;
    (void)types;
    return true;
}

/* ---- links ---- */

static struct mesh_link *mesh_link_of(struct mesh *mesh, uint32_t one, uint32_t two)
{
    for (uint32_t i = 0; i < mesh->link_count; i++) {
        struct mesh_link *link = &mesh->links[i];

        if ((link->ends[0] == one && link->ends[1] == two) ||
                (link->ends[0] == two && link->ends[1] == one))
            return link;
    }
    return NULL;
}

void mesh_join(struct mesh *mesh, uint32_t one, uint32_t two)
{
    if (one == two || mesh->link_count == MESH_LINKS_MAX || mesh_link_of(mesh, one, two) != NULL)
        return;
    mesh->links[mesh->link_count++] = (struct mesh_link){
        .ends = { one, two },
        .close_ms = { UINT64_MAX, UINT64_MAX },
        .dial_ms = mesh->now_ms + random_below(&mesh->random, MESH_REDIAL_MAX_MS),
        .wanted = true,
        .delay_ms = 1 + random_below(&mesh->random, MESH_DELAY_MAX_MS),
    };
}

static void mesh_queue_clear(struct mesh_queue *queue)
{
    while (queue->first != NULL) {
        struct mesh_message *next = queue->first->next;

        free(queue->first);
        queue->first = next;
    }
    *queue = (struct mesh_queue){ 0 };
}

static void mesh_send(struct mesh *mesh, uint32_t from, uint32_t to, struct span bytes)
{
    struct mesh_link *link = mesh_link_of(mesh, from, to);
    struct mesh_queue *queue = &link->queues[link->ends[1] == to];
    struct mesh_message *message;
    uint64_t at_ms = mesh->now_ms + link->delay_ms + random_below(&mesh->random, link->delay_ms);

    mesh->messages += 1;
    mesh->bytes += bytes.size;
    mesh->batches += bytes.data[0] >> 3 == 4;
    mesh->digests += bytes.data[0] >> 3 == 5;
    mesh->nodes[from].second_count += 1;
    if (mesh->loss_percent > 0 && random_below(&mesh->random, 100) < mesh->loss_percent)
        return;
    message = malloc(sizeof(*message) + bytes.size);
    assert_non_null(message);
    message->next = NULL;
    message->at_ms = at_ms > queue->last_ms ? at_ms : queue->last_ms;
    message->size = bytes.size;
    memcpy(message->bytes, bytes.data, bytes.size);
    queue->last_ms = message->at_ms;
    if (queue->first != NULL)
        queue->last->next = message;
    else
        queue->first = message;
    queue->last = message;
}

/* ---- nodes ---- */

/* Takes in a table, and notes which services have a way now that they had not. */
static void mesh_take_table(
        struct mesh_node *node, uint32_t neighbour, const struct routes_effect *effect)
{
    struct mesh_table *table = &node->tables[neighbour];
    struct mesh_table old = *table;

    *table = (struct mesh_table){ 0 };
    for (uint32_t i = 0; i < effect->count; i++)
        table->hops[mesh_service(effect->routes[i].service)] = (uint8_t)effect->routes[i].hops;
    for (uint32_t i = 0; i < MESH_SERVICES; i++)
        if (table->hops[i] != 0 && old.hops[i] == 0) {
            node->mesh->grown[i] = true;
            node->mesh->grew = true;
        }
}

/* Does what a node asks for. Called after all that happens to it: only then is it asked when it has
 * something to do, which would else be most of what a run does. */
static void mesh_follow(struct mesh_node *node)
{
    struct mesh *mesh = node->mesh;
    struct routes_effect effect;

    while (routes_next(&node->routes, &effect, mesh->now_ms)) {
        uint32_t other = mesh_index(&effect.node);

        if (effect.kind == ROUTES_SEND)
            mesh_send(mesh, node->index, other, effect.message);
        else if (effect.kind == ROUTES_TABLE)
            mesh_take_table(node, other, &effect);
        else
            node->imported[other] = effect.import != NULL;
    }
    node->due_ms = routes_due(&node->routes, mesh->now_ms);
}

static void mesh_set_offers(struct mesh_node *node)
{
    struct offer offers[MESH_SERVICES];
    char names[MESH_SERVICES][8];
    uint32_t count = 0;

    for (uint32_t i = 0; i < MESH_SERVICES; i++) {
        if (!node->offered[i])
            continue;
        snprintf(names[count], sizeof(names[count]), "s-%03u", i);
        offers[count] = (struct offer){
            .service = { (const uint8_t *)names[count], 5 },
            .instances = 1,
            .latency_us = node->latency_us[i],
        };
        count += 1;
    }
    assert_int_equal(routes_set_offers(&node->routes, offers, count, node->mesh->now_ms), OWN_OK);
}

void mesh_offer(struct mesh *mesh, uint32_t index, uint32_t service, bool offered)
{
    struct mesh_node *node = &mesh->nodes[index];

    node->offered[service] = offered;
    node->latency_us[service] = random_below(&mesh->random, 10000);
    if (!node->up)
        return;
    mesh_set_offers(node);
    mesh_follow(node);
}

void mesh_init(struct mesh *mesh, uint64_t seed, uint32_t node_count)
{
    *mesh = (struct mesh){ .seed = seed, .node_count = node_count, .now_ms = 1000000 };
    random_init(&mesh->random, seed * 2654435761u + 1);
    for (uint32_t i = 0; i < node_count; i++) {
        struct mesh_node *node = &mesh->nodes[i];

        node->mesh = mesh;
        node->index = i;
        node->offered[i] = true;
        for (uint32_t j = 0; j < MESH_SHARED; j++)
            node->offered[MESH_NODES_MAX + j] = random_below(&mesh->random, 4) == 0;
    }
}

void mesh_deinit(struct mesh *mesh)
{
    for (uint32_t i = 0; i < mesh->link_count; i++) {
        mesh_queue_clear(&mesh->links[i].queues[0]);
        mesh_queue_clear(&mesh->links[i].queues[1]);
    }
    for (uint32_t i = 0; i < mesh->node_count; i++)
        if (mesh->nodes[i].up)
            routes_deinit(&mesh->nodes[i].routes);
}

void mesh_start(struct mesh *mesh, uint32_t index)
{
    struct mesh_node *node = &mesh->nodes[index];
    struct routes_settings settings = {
        .node = mesh_id(index),
        .epoch = advert_epoch(mesh->now_ms, random_next(&mesh->random)),
        .seed = random_next(&mesh->random),
        .sign = mesh_sign,
        .believe = mesh_believe,
        .knows = mesh_knows,
        .context = node,
    };

    node->taken_down = false;
    if (node->up)
        return;
    node->up = true;
    node->boots += 1;
    memset(node->tables, 0, sizeof(node->tables));
    memset(node->imported, 0, sizeof(node->imported));
    assert_int_equal(routes_init(&node->routes, &settings, mesh->now_ms), 0);
    mesh_set_offers(node);
    mesh_follow(node);
}

/* One end of a link is closed, as that end sees it. The other one hears of it where it can. */
static void mesh_close_end(struct mesh *mesh, struct mesh_link *link, int end)
{
    struct mesh_node *node = &mesh->nodes[link->ends[end]];
    uint32_t other = link->ends[!end];
    struct public_key id = mesh_id(other);

    link->open[end] = false;
    link->close_ms[end] = UINT64_MAX;
    mesh_queue_clear(&link->queues[end]);
    if (link->open[!end] && !link->cut && link->close_ms[!end] > mesh->now_ms + link->delay_ms)
        link->close_ms[!end] = mesh->now_ms + link->delay_ms;
    link->dial_ms = mesh->now_ms + 50 + random_below(&mesh->random, MESH_REDIAL_MAX_MS);
    if (!node->up)
        return;
    memset(&node->tables[other], 0, sizeof(node->tables[other]));
    routes_link_down(&node->routes, &id, mesh->now_ms);
    mesh_follow(node);
}

static void mesh_open_end(struct mesh *mesh, struct mesh_link *link, int end)
{
    struct mesh_node *node = &mesh->nodes[link->ends[end]];
    struct public_key id = mesh_id(link->ends[!end]);

    link->open[end] = true;
    assert_int_equal(routes_link_up(&node->routes, &id, mesh->now_ms), 0);
    routes_set_cost(&node->routes, &id, link->delay_ms * 1000, mesh->now_ms);
}

void mesh_stop(struct mesh *mesh, uint32_t index, bool silent)
{
    struct mesh_node *node = &mesh->nodes[index];

    if (!node->up)
        return;
    node->up = false;
    node->taken_down = true;
    node->died_ms = mesh->now_ms;
    if (silent)
        mesh->cut_ms = mesh->now_ms;
    routes_deinit(&node->routes);
    for (uint32_t i = 0; i < mesh->link_count; i++) {
        struct mesh_link *link = &mesh->links[i];
        int end = link->ends[1] == index;

        if ((link->ends[0] != index && link->ends[1] != index) || !link->open[end])
            continue;
        link->open[end] = false;
        link->close_ms[end] = UINT64_MAX;
        mesh_queue_clear(&link->queues[end]);
        if (link->open[!end] && link->close_ms[!end] == UINT64_MAX)
            link->close_ms[!end] =
                    mesh->now_ms +
                    (silent || link->cut ? MESH_DEATH_MS - random_below(&mesh->random, 2000)
                                         : link->delay_ms);
    }
}

void mesh_break(struct mesh *mesh, struct mesh_link *link)
{
    if (link->open[0] && !link->cut)
        mesh_close_end(mesh, link, 0);
}

void mesh_cut(struct mesh *mesh, struct mesh_link *link, uint64_t for_ms)
{
    link->cut = true;
    link->cut_until_ms = mesh->now_ms + for_ms;
    mesh->cut_ms = mesh->now_ms;
    for (int end = 0; end < 2; end++) {
        uint64_t notice_ms =
                mesh->now_ms + MESH_DEATH_MS - random_below(&mesh->random, MESH_DEATH_MS / 8);

        if (link->open[end] && link->close_ms[end] > notice_ms)
            link->close_ms[end] = notice_ms;
    }
}

static void mesh_uncut(struct mesh *mesh, struct mesh_link *link)
{
    link->cut = false;
    for (int end = 0; end < 2; end++) {
        if (!link->open[end])
            continue;
        /* What waited arrives now, unless the other end gave up meanwhile. */
        link->close_ms[end] = link->open[!end] ? UINT64_MAX : mesh->now_ms + link->delay_ms;
        for (struct mesh_message *at = link->queues[end].first; at != NULL; at = at->next)
            if (at->at_ms < mesh->now_ms)
                at->at_ms = mesh->now_ms;
    }
}

void mesh_heal(struct mesh *mesh)
{
    for (uint32_t i = 0; i < mesh->link_count; i++)
        if (mesh->links[i].cut)
            mesh_uncut(mesh, &mesh->links[i]);
}

/* ---- time ---- */

static void mesh_deliver(struct mesh *mesh, struct mesh_link *link, int end)
{
    struct mesh_queue *queue = &link->queues[end];
    struct mesh_message *message = queue->first;
    struct mesh_node *node = &mesh->nodes[link->ends[end]];
    struct public_key from = mesh_id(link->ends[!end]);

    queue->first = message->next;
    if (link->open[end]) {
        assert_int_equal(routes_receive(&node->routes, &from,
                                 (struct span){ message->bytes, message->size }, mesh->now_ms),
                ROUTES_OK);
        mesh_follow(node);
    }
    free(message);
}

static void mesh_dial(struct mesh *mesh, struct mesh_link *link)
{
    link->dial_ms = mesh->now_ms + 50 + random_below(&mesh->random, MESH_REDIAL_MAX_MS);
    if (!mesh->nodes[link->ends[0]].up || !mesh->nodes[link->ends[1]].up || link->cut)
        return;
    mesh_queue_clear(&link->queues[0]);
    mesh_queue_clear(&link->queues[1]);
    mesh_open_end(mesh, link, 0);
    mesh_open_end(mesh, link, 1);
    mesh_follow(&mesh->nodes[link->ends[0]]);
    mesh_follow(&mesh->nodes[link->ends[1]]);
}

/* When something next happens to a link; `act` does it. */
static uint64_t mesh_step_link(struct mesh *mesh, struct mesh_link *link, bool act)
{
    uint64_t due_ms = link->cut ? link->cut_until_ms : UINT64_MAX;

    if (act && link->cut && link->cut_until_ms <= mesh->now_ms) {
        mesh_uncut(mesh, link);
        return mesh->now_ms;
    }
    for (int end = 0; end < 2; end++) {
        const struct mesh_message *first = link->cut ? NULL : link->queues[end].first;

        if (act && first != NULL && first->at_ms <= mesh->now_ms) {
            mesh_deliver(mesh, link, end);
            return mesh->now_ms;
        }
        if (act && link->close_ms[end] <= mesh->now_ms) {
            mesh_close_end(mesh, link, end);
            return mesh->now_ms;
        }
        if (first != NULL && first->at_ms < due_ms)
            due_ms = first->at_ms;
        if (link->close_ms[end] < due_ms)
            due_ms = link->close_ms[end];
    }
    if (!link->open[0] && !link->open[1] && link->wanted) {
        if (act && link->dial_ms <= mesh->now_ms) {
            mesh_dial(mesh, link);
            return mesh->now_ms;
        }
        if (link->dial_ms < due_ms)
            due_ms = link->dial_ms;
    }
    return due_ms;
}

static void mesh_count_second(struct mesh *mesh)
{
    if (mesh->now_ms / 1000 == mesh->second_ms / 1000)
        return;
    mesh->second_ms = mesh->now_ms;
    for (uint32_t i = 0; i < mesh->node_count; i++) {
        if (mesh->nodes[i].second_count > mesh->second_max)
            mesh->second_max = mesh->nodes[i].second_count;
        mesh->nodes[i].second_count = 0;
    }
}

/* The next moment at which something happens, `until_ms` at most. */
static uint64_t mesh_due(struct mesh *mesh, uint64_t until_ms)
{
    uint64_t due_ms = until_ms;

    for (uint32_t i = 0; i < mesh->link_count; i++) {
        uint64_t link_ms = mesh_step_link(mesh, &mesh->links[i], false);

        if (link_ms < due_ms)
            due_ms = link_ms;
    }
    for (uint32_t i = 0; i < mesh->node_count; i++) {
        const struct mesh_node *node = &mesh->nodes[i];

        if (node->up && node->due_ms < due_ms)
            due_ms = node->due_ms;
    }
    return due_ms;
}

void mesh_run(struct mesh *mesh, uint64_t for_ms)
{
    uint64_t until_ms = mesh->now_ms + for_ms;

    while (mesh->now_ms < until_ms) {
        uint64_t due_ms = mesh_due(mesh, until_ms);

        if (due_ms > mesh->now_ms)
            mesh->now_ms = due_ms;
        mesh_count_second(mesh);
        for (uint32_t i = 0; i < mesh->link_count; i++)
            while (mesh_step_link(mesh, &mesh->links[i], true) <= mesh->now_ms)
                mesh_check_loops(mesh);
        for (uint32_t i = 0; i < mesh->node_count; i++) {
            struct mesh_node *node = &mesh->nodes[i];

            if (!node->up || node->due_ms > mesh->now_ms)
                continue;
            routes_tick(&node->routes, mesh->now_ms);
            mesh_follow(node);
            mesh_check_loops(mesh);
            if (node->due_ms <= mesh->now_ms)
                mesh_fail(mesh, "node %u has nothing to do and no patience", i);
        }
    }
}
