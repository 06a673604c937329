// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/routes_world.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

enum { MESSAGE_ROOM = 65536 };

static const char *const names[WORLD_SERVICES] = {
    "s-0",
    "s-1",
    "s-2",
    "s-3",
    "s-4",
    "s-5",
    "s-6",
    "s-7",
};

struct public_key world_id(uint32_t node)
{
    struct public_key id = { { 0 } };

    id.bytes[0] = (uint8_t)node;
    id.bytes[9] = (uint8_t)(node * 7 + 1);
    return id;
}

static uint32_t world_node(const uint8_t *id)
{
    CHECK(id[0] < WORLD_NODES);
    return id[0];
}

struct span world_service(uint32_t service)
{
    return (struct span){ (const uint8_t *)names[service], strlen(names[service]) };
}

static uint32_t service_index(struct span name)
{
    CHECK(name.size == 3 && name.data[2] >= '0' && name.data[2] < '0' + WORLD_SERVICES);
    return name.data[2] - '0';
}

/* ---- trust ---- */

static void sign_as(uint32_t node, struct span body, uint8_t signature[SIGNATURE_SIZE])
{
    advert_hash(body, signature);
    signature[0] ^= (uint8_t)(node + 1);
}

static void world_sign(void *context, struct span body, uint8_t signature[SIGNATURE_SIZE])
{
    struct world *world = context;

    world->adverts += 1;
    sign_as(0, body, signature);
}

static bool world_believe(
        void *context, const struct advert *advert, struct identity *identity, uint64_t *valid_msp)
{
    const struct world *world = context;
    uint32_t node = advert->node.bytes[0];
    struct public_key id = world_id(node);
    uint8_t signature[SIGNATURE_SIZE];

    if (node >= WORLD_NODES || !public_key_equal(&id, &advert->node))
        return false;
    sign_as(node, advert->body, signature);
    if (world->distrusted[node] || memcmp(signature, advert->signature.data, SIGNATURE_SIZE) != 0)
        return false;
    *identity = (struct identity){ .key = advert->node };
    snprintf(identity->name, sizeof(identity->name), "n%u.alice", node);
    *valid_msp = world->valid_ms;
    return true;
}

/* The types of service n are 32 times n + 1. */
static bool world_knows(void *context, struct span types)
{
    const struct world *world = context;

    return (world->known_types >> (types.data[0] - 1) & 1) != 0;
}

/* ---- the node under test ---- */

void world_init(struct world *world)
{
    struct routes_settings settings = {
        .node = world_id(0),
        .epoch = 77,
        .seed = 5,
        .sign = world_sign,
        .believe = world_believe,
        .knows = world_knows,
        .context = world,
    };

    *world = (struct world){ .now_ms = WORLD_START_MS, .valid_ms = UINT64_MAX };
    CHECK(routes_init(&world->routes, &settings, world->now_ms) == 0);
    world_offer(world, 0);
}

void world_deinit(struct world *world)
{
    routes_deinit(&world->routes);
}

void world_link(struct world *world, uint32_t node)
{
    struct public_key id = world_id(node);

    world->peers[node] = (struct world_peer){ .linked = true };
    CHECK(routes_link_up(&world->routes, &id, world->now_ms) == 0);
    world_settle(world);
}

void world_unlink(struct world *world, uint32_t node)
{
    struct public_key id = world_id(node);

    world->peers[node] = (struct world_peer){ 0 };
    routes_link_down(&world->routes, &id, world->now_ms);
    world_settle(world);
}

void world_offer(struct world *world, uint32_t services)
{
    struct offer offers[WORLD_SERVICES];
    uint32_t count = 0;

    for (uint32_t i = 0; i < WORLD_SERVICES; i++)
        if ((services >> i & 1) != 0)
            offers[count++] = (struct offer){ .service = world_service(i), .instances = 1 };
    CHECK(routes_set_offers(&world->routes, offers, count, world->now_ms) == OWN_OK);
    world_settle(world);
}

/* ---- what it says ---- */

/* Reads a packed body with protobuf-c. */
static uint64_t body_sequence(ProtobufCBinaryData body)
{
    Mu__Link__V1__AdvertBody *unpacked =
            mu__link__v1__advert_body__unpack(NULL, body.len, body.data);
    uint64_t sequence;

    CHECK(unpacked != NULL);
    sequence = unpacked->sequence;
    mu__link__v1__advert_body__free_unpacked(unpacked, NULL);
    return sequence;
}

static uint32_t body_node(const Mu__Link__V1__Advert *advert)
{
    struct advert_body body;

    if (advert->body.len == 0)
        return world_node(advert->node.data);
    CHECK(advert_body_read(&body, (struct span){ advert->body.data, advert->body.len }) ==
            ADVERT_OK);
    return world_node(body.node.bytes);
}

static void peer_hear(struct world_peer *peer, const Mu__Link__V1__Adverts *adverts)
{
    CHECK(adverts->number == peer->told + 1);
    peer->told = adverts->number;
    peer->start = adverts->start;
    peer->missed = 0;
    peer->batches += 1;
    if (adverts->start == MU__LINK__V1__ADVERTS_START__ADVERTS_ANEW)
        memset(peer->nodes, 0, sizeof(peer->nodes));
    for (size_t i = 0; i < adverts->n_adverts; i++) {
        const Mu__Link__V1__Advert *advert = adverts->adverts[i];
        bool body = advert->body.len > 0;

        peer->nodes[body_node(advert)] = (struct world_told){
            .there = true,
            .body = body,
            .hops = (uint32_t)advert->n_path,
            .sequence = body ? body_sequence(advert->body) : advert->sequence,
            .metric_us = advert->metric_us,
        };
    }
    for (size_t i = 0; i < adverts->n_withdrawn; i++)
        peer->nodes[world_node(adverts->withdrawn[i].data)] = (struct world_told){ 0 };
}

static void world_confirm(struct world *world, uint32_t node)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__AdvertsTaken taken = MU__LINK__V1__ADVERTS_TAKEN__INIT;

    taken.number = world->peers[node].told;
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_ADVERTS_TAKEN;
    message.adverts_taken = &taken;
    CHECK(world_send(world, node, &message) == ROUTES_OK);
}

/* Reads a message that a neighbour was sent. */
static void world_hear(struct world *world, uint32_t node, struct span bytes)
{
    Mu__Link__V1__PeerMessage *message =
            mu__link__v1__peer_message__unpack(NULL, bytes.size, bytes.data);
    struct world_peer *peer = &world->peers[node];
    bool batch;

    CHECK(message != NULL && peer->linked);
    batch = message->what_case == MU__LINK__V1__PEER_MESSAGE__WHAT_ADVERTS;
    if (batch) {
        peer_hear(peer, message->adverts);
    } else if (message->what_case == MU__LINK__V1__PEER_MESSAGE__WHAT_DIGEST) {
        peer->digests += 1;
        peer->digest_hash = message->digest->hash;
        peer->digest_adverts = message->digest->adverts;
        CHECK(message->digest->told == peer->told);
    } else if (message->what_case == MU__LINK__V1__PEER_MESSAGE__WHAT_ADVERTS_WANTED) {
        peer->wanted += message->adverts_wanted->n_nodes > 0;
        peer->anew += message->adverts_wanted->n_nodes == 0;
    } else if (message->what_case == MU__LINK__V1__PEER_MESSAGE__WHAT_TYPES_WANTED) {
        peer->types_wanted += 1;
    } else {
        CHECK(message->what_case == MU__LINK__V1__PEER_MESSAGE__WHAT_ADVERTS_TAKEN);
        peer->taken = message->adverts_taken->number;
    }
    mu__link__v1__peer_message__free_unpacked(message, NULL);
    if (batch && !peer->mute)
        world_confirm(world, node);
}

static void world_take_table(struct world_peer *peer, const struct routes_effect *effect)
{
    peer->tables += 1;
    memset(peer->hops, 0, sizeof(peer->hops));
    for (uint32_t i = 0; i < effect->count; i++) {
        uint32_t service = service_index(effect->routes[i].service);

        CHECK(peer->hops[service] == 0);
        peer->hops[service] = effect->routes[i].hops;
        peer->metric_us[service] = effect->routes[i].metric_us;
    }
}

static void world_take_import(struct world *world, uint32_t node, const struct node *import)
{
    struct fields fields;
    struct offer offer;

    world->imports += 1;
    world->imported[node] = 0;
    world->imported_at_all[node] = import != NULL;
    if (import == NULL)
        return;
    fields = node_offers(import);
    while (advert_next_offer(&fields, &offer))
        world->imported[node] |= 1u << service_index(offer.service);
}

void world_settle(struct world *world)
{
    struct routes_effect effect;

    while (routes_next(&world->routes, &effect, world->now_ms)) {
        uint32_t node = world_node(effect.node.bytes);

        if (effect.kind == ROUTES_TABLE)
            world_take_table(&world->peers[node], &effect);
        else if (effect.kind == ROUTES_IMPORT)
            world_take_import(world, node, effect.import);
        else
            world_hear(world, node, effect.message);
    }
}

void world_pass(struct world *world, uint64_t for_ms)
{
    uint64_t until_ms = world->now_ms + for_ms;

    while (world->now_ms < until_ms) {
        uint64_t due_ms = routes_due(&world->routes, world->now_ms);

        world->now_ms = due_ms < until_ms ? due_ms : until_ms;
        routes_tick(&world->routes, world->now_ms);
        world_settle(world);
        CHECK(routes_due(&world->routes, world->now_ms) > world->now_ms);
    }
}

/* ---- what neighbours say ---- */

int world_send(struct world *world, uint32_t from, const Mu__Link__V1__PeerMessage *message)
{
    static uint8_t bytes[MESSAGE_ROOM];
    struct public_key id = world_id(from);
    size_t size = mu__link__v1__peer_message__get_packed_size(message);
    int r;

    CHECK(size <= sizeof(bytes));
    mu__link__v1__peer_message__pack(message, bytes);
    r = routes_receive(&world->routes, &id, (struct span){ bytes, size }, world->now_ms);
    world_settle(world);
    return r;
}

static size_t pack_body(const struct world_advert *made, uint8_t *bytes)
{
    Mu__Link__V1__AdvertBody body = MU__LINK__V1__ADVERT_BODY__INIT;
    Mu__Link__V1__Offer offers[WORLD_SERVICES];
    Mu__Link__V1__Offer *pointers[WORLD_SERVICES];
    static uint8_t types[WORLD_SERVICES][ADVERT_TYPES_SIZE];
    struct public_key id = world_id(made->node);

    body.node = (ProtobufCBinaryData){ PUBLIC_KEY_SIZE, id.bytes };
    body.epoch = made->epoch;
    body.sequence = made->sequence;
    body.ttl_ms = ADVERT_TTL_MS;
    body.offers = pointers;
    for (uint32_t i = 0; i < WORLD_SERVICES; i++) {
        Mu__Link__V1__Offer *offer = &offers[body.n_offers];

        if ((made->services >> i & 1) == 0)
            continue;
        *offer = (Mu__Link__V1__Offer)MU__LINK__V1__OFFER__INIT;
        offer->service = (char *)(uintptr_t)names[i];
        offer->instances = 1;
        offer->latency_us = made->latency_us;
        memset(types[i], (int)i + 1, ADVERT_TYPES_SIZE);
        if ((made->types >> i & 1) != 0)
            offer->types = (ProtobufCBinaryData){ ADVERT_TYPES_SIZE, types[i] };
        pointers[body.n_offers++] = offer;
    }
    return mu__link__v1__advert_body__pack(&body, bytes);
}

int world_say(struct world *world, uint32_t from, const struct world_advert *made)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Adverts adverts = MU__LINK__V1__ADVERTS__INIT;
    Mu__Link__V1__Advert advert = MU__LINK__V1__ADVERT__INIT;
    Mu__Link__V1__Advert *pointer = &advert;
    struct public_key ids[ROUTE_HOPS_MAX + 1];
    struct public_key node = world_id(made->node);
    ProtobufCBinaryData path[ROUTE_HOPS_MAX + 1];
    uint8_t body[4096];
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t hash[ADVERT_HASH_SIZE];
    struct span packed = { body, pack_body(made, body) };

    sign_as(made->node + made->forged, packed, signature);
    advert_hash(packed, hash);
    for (uint32_t i = 0; i < made->through_count; i++)
        ids[advert.n_path++] = world_id(made->through[i]);
    if (made->node != from)
        ids[advert.n_path++] = world_id(from);
    for (size_t i = 0; i < advert.n_path; i++)
        path[i] = (ProtobufCBinaryData){ PUBLIC_KEY_SIZE, ids[i].bytes };
    advert.path = path;
    advert.metric_us = made->metric_us;
    if (made->mention) {
        advert.node = (ProtobufCBinaryData){ PUBLIC_KEY_SIZE, node.bytes };
        advert.epoch = made->epoch;
        advert.sequence = made->sequence;
        advert.check = fixed64_read(hash);
    } else {
        advert.body = (ProtobufCBinaryData){ packed.size, body };
        advert.signature = (ProtobufCBinaryData){ SIGNATURE_SIZE, signature };
    }
    adverts.n_adverts = 1;
    adverts.adverts = &pointer;
    adverts.number = ++world->peers[from].said;
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_ADVERTS;
    message.adverts = &adverts;
    return world_send(world, from, &message);
}

int world_withdraw(struct world *world, uint32_t from, uint32_t node)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Adverts adverts = MU__LINK__V1__ADVERTS__INIT;
    struct public_key id = world_id(node);
    ProtobufCBinaryData withdrawn = { PUBLIC_KEY_SIZE, id.bytes };

    adverts.n_withdrawn = 1;
    adverts.withdrawn = &withdrawn;
    adverts.number = ++world->peers[from].said;
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_ADVERTS;
    message.adverts = &adverts;
    return world_send(world, from, &message);
}

int world_digest(struct world *world, uint32_t from, uint64_t hash, uint32_t adverts)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Digest digest = MU__LINK__V1__DIGEST__INIT;

    digest.hash = hash;
    digest.adverts = adverts;
    digest.told = world->peers[from].said;
    digest.taken =
            world->peers[from].mute ? 0 : world->peers[from].told - world->peers[from].missed;
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_DIGEST;
    message.digest = &digest;
    return world_send(world, from, &message);
}
