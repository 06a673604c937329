// SPDX-License-Identifier: Apache-2.0
/* What routes cost: counted and bounded where a machine does not matter, printed where it does. One
 * node hears adverts of 100 services each, signed with real keys. */
#include <malloc.h>
#include <stdio.h>
#include <time.h>

#include "services/network/link/routes.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/identity_fixture.h"

enum {
    SERVICES = 100,
    NODES_MAX = 1000,
    ROUNDS = 1000,
    MERGES = 500,
    START_MS = 1000000,
    BYTES_MAX = 24 * 1024 * 1024 /* for 1,000 nodes of 100 services, heard through 4 neighbours */
};

struct origin {
    struct key key;
    uint8_t chain[CHAIN_SIZE_MAX];
    size_t chain_size;
    uint8_t body[ADVERT_BODY_MAX];
    uint8_t signature[SIGNATURE_SIZE];
    struct advert advert;
    uint64_t said; /* batches, as a neighbour */
};

struct desk {
    struct network network;
    struct origin *origins; /* owned: NODES_MAX; 0 is the node under test */
    struct routes routes;
    uint64_t now_ms;
    uint64_t messages;
    uint64_t bytes;
    uint8_t message[ROUTE_MESSAGE_MAX];
};

static double cpu_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void origin_init(struct desk *desk, uint32_t index)
{
    struct origin *origin = &desk->origins[index];
    struct chain chain = { .count = 2 };
    uint8_t seed[KEY_SEED_SIZE] = { (uint8_t)index, (uint8_t)(index >> 8), 7 };
    char name[32];

    assert_int_equal(key_init_seed(&origin->key, seed), 0);
    snprintf(name, sizeof(name), "n%u.alice", index);
    chain.certificates[0].network = desk->network.root_certificate.network;
    fixture_certificate(
            &chain.certificates[0], CERTIFICATE_NODE, &origin->key, &desk->network.authority, name);
    chain.certificates[1] = desk->network.authority_certificate;
    origin->chain_size = (size_t)(chain_write(&chain, origin->chain) - origin->chain);
}

/* The advert of a node's 100 services; `sequence` also says how many instances each has. */
static void origin_advertise(struct desk *desk, uint32_t index, uint64_t sequence)
{
    struct origin *origin = &desk->origins[index];
    struct offer offers[SERVICES];
    char names[SERVICES][24];
    char protos[SERVICES][32];
    uint8_t types[SERVICES][ADVERT_TYPES_SIZE];
    struct advert_body body = { .node = origin->key.public,
        .epoch = 1,
        .sequence = sequence,
        .ttl_ms = ADVERT_TTL_MS,
        .offer_count = SERVICES };
    uint8_t hash[ADVERT_HASH_SIZE];

    for (uint32_t i = 0; i < SERVICES; i++) {
        uint32_t number = index % 20 * SERVICES + i;

        memset(types[i], (int)i, ADVERT_TYPES_SIZE);
        snprintf(names[i], sizeof(names[i]), "service-%04u", number);
        snprintf(protos[i], sizeof(protos[i]), "service%u.v1.Service", number);
        offers[i] = (struct offer){
            .service = { (const uint8_t *)names[i], strlen(names[i]) },
            .version = { (const uint8_t *)"1.0.0", 5 },
            .types = { types[i], ADVERT_TYPES_SIZE },
            .proto_service = { (const uint8_t *)protos[i], strlen(protos[i]) },
            .instances = (uint32_t)sequence,
            .latency_us = 800,
        };
    }
    origin->advert.body = (struct span){ origin->body,
        (size_t)(advert_body_write(&body, offers, NULL, origin->body) - origin->body) };
    advert_sign(&origin->key, origin->advert.body, origin->signature);
    advert_hash(origin->advert.body, hash);
    origin->advert.node = body.node;
    origin->advert.version = (struct version){ 1, sequence, fixed64_read(hash) };
    origin->advert.signature = (struct span){ origin->signature, SIGNATURE_SIZE };
    origin->advert.chain = (struct span){ origin->chain, origin->chain_size };
}

static void desk_sign(void *context, struct span body, uint8_t signature[SIGNATURE_SIZE])
{
    struct desk *desk = context;

    advert_sign(&desk->origins[0].key, body, signature);
}

static bool desk_believe(
        void *context, const struct advert *advert, struct identity *identity, uint64_t *valid_msp)
{
    struct desk *desk = context;

    *valid_msp = UINT32_MAX;
    return advert_believe(&desk->network.trust, advert, NOW_S, identity);
}

static bool desk_knows(void *context, struct span types)
{
    (void)context;
    (void)types;
    return true;
}

static void desk_settle(struct desk *desk)
{
    struct routes_effect effect;

    while (routes_next(&desk->routes, &effect, desk->now_ms))
        if (effect.kind == ROUTES_SEND) {
            desk->messages += 1;
            desk->bytes += effect.message.size;
        }
}

/* Wraps `content` of a PeerMessage's field and lets a neighbour say it. */
static void desk_receive(struct desk *desk, uint32_t from, uint32_t number, struct span content)
{
    uint8_t *end = bytes_field_write(desk->message, number, content);

    assert_int_equal(
            routes_receive(&desk->routes, &desk->origins[from].key.public,
                    (struct span){ desk->message, (size_t)(end - desk->message) }, desk->now_ms),
            ROUTES_OK);
}

/* `from` tells of `node`: of itself, or at one hop. */
static void desk_say(struct desk *desk, uint32_t from, uint32_t node, bool mention)
{
    static uint8_t content[ROUTE_MESSAGE_MAX];
    struct advert advert = desk->origins[node].advert;
    uint8_t *end;

    if (mention)
        advert.body.size = 0;
    if (from != node) {
        advert.path.count = 1;
        advert.path.nodes[0] = desk->origins[from].key.public;
    }
    end = bytes_field_open(content, 1, advert_size(&advert));
    end = advert_write(&advert, end);
    end = number_field_write(end, 3, ++desk->origins[from].said);
    desk_receive(desk, from, 4, (struct span){ content, (size_t)(end - content) });
}

/* All that the node under test told is confirmed, and the digest of what it heard fits. */
static void desk_digest(struct desk *desk, uint32_t from)
{
    const struct node *node = nodes_find(&desk->routes.nodes, &desk->origins[from].key.public);
    uint8_t content[64];
    uint8_t *end = fixed64_field_write(content, 1, node->neighbour->heard_sum);

    end = number_field_write(end, 2, node->neighbour->heard_count);
    end = number_field_write(end, 3, desk->origins[from].said);
    end = number_field_write(end, 4, node->neighbour->sent);
    desk_receive(desk, from, 5, (struct span){ content, (size_t)(end - content) });
}

static void desk_init(struct desk *desk, uint32_t node_count)
{
    struct routes_settings settings = {
        .epoch = 1,
        .seed = 3,
        .sign = desk_sign,
        .believe = desk_believe,
        .knows = desk_knows,
        .context = desk,
    };

    *desk = (struct desk){ .now_ms = START_MS };
    network_init(&desk->network);
    desk->origins = calloc(NODES_MAX, sizeof(*desk->origins));
    assert_non_null(desk->origins);
    for (uint32_t i = 0; i < node_count; i++) {
        origin_init(desk, i);
        origin_advertise(desk, i, 1);
    }
    settings.node = desk->origins[0].key.public;
    assert_int_equal(routes_init(&desk->routes, &settings, desk->now_ms), 0);
}

static void desk_deinit(struct desk *desk)
{
    routes_deinit(&desk->routes);
    for (uint32_t i = 0; i < NODES_MAX; i++)
        key_deinit(&desk->origins[i].key);
    free(desk->origins);
    network_deinit(&desk->network);
}

/* Links the node to `count` others, each of which tells of all of them. */
static void desk_link(struct desk *desk, uint32_t count)
{
    for (uint32_t i = 1; i <= count; i++) {
        assert_int_equal(
                routes_link_up(&desk->routes, &desk->origins[i].key.public, desk->now_ms), 0);
        desk_say(desk, i, i, false);
        desk_settle(desk);
    }
    for (uint32_t i = 1; i <= count; i++)
        for (uint32_t j = 1; j <= count; j++)
            if (i != j)
                desk_say(desk, i, j, true);
    for (int i = 0; i < 100; i++) { /* until everything is told and confirmed */
        desk->now_ms += ROUTE_REFILL_MS;
        desk_settle(desk);
        for (uint32_t j = 1; j <= count; j++)
            desk_digest(desk, j);
    }
}

static void test_a_digest_round_of_twenty_nodes_costs_twenty_small_messages(void **state)
{
    static struct desk desk;
    double started_us;
    double took_us;

    (void)state;
    desk_init(&desk, 20);
    desk_link(&desk, 19);
    desk.messages = 0;
    desk.bytes = 0;
    started_us = cpu_us();
    for (int round = 0; round < ROUNDS; round++) {
        for (int second = 0; second < 10; second++) {
            desk.now_ms += 1000;
            routes_tick(&desk.routes, desk.now_ms);
            desk_settle(&desk);
        }
        for (uint32_t i = 1; i < 20; i++)
            desk_digest(&desk, i);
    }
    took_us = (cpu_us() - started_us) / ROUNDS;
    print_message("a digest round, 20 nodes of 100 services: %.1f us of cpu in 10 s (%.5f %%), "
                  "%.0f bytes sent on each of 19 links\n",
            took_us, took_us / 1e5, (double)desk.bytes / ROUNDS / 19);
    assert_in_range(desk.messages, 19 * (ROUNDS - 2), 19 * (ROUNDS + 2));
    desk_deinit(&desk);
}

static void test_a_changed_advert_is_verified_once_however_often_it_comes(void **state)
{
    static struct desk desk;
    uint64_t verified;
    double first_us = 0;
    double again_us = 0;
    double others_us = 0;

    (void)state;
    desk_init(&desk, 20);
    desk_link(&desk, 19);
    verified = desk.routes.adverts_verified;
    for (uint64_t i = 0; i < MERGES; i++) {
        double start_us;

        origin_advertise(&desk, 1, 2 + i);
        start_us = cpu_us();
        desk_say(&desk, 1, 1, false);
        first_us += cpu_us() - start_us;
        start_us = cpu_us();
        desk_settle(&desk);
        others_us += cpu_us() - start_us;
        start_us = cpu_us();
        desk_say(&desk, 2, 1, false);
        again_us += cpu_us() - start_us;
        desk.now_ms += 2000;
        desk_settle(&desk);
        for (uint32_t j = 1; j < 20; j++)
            desk_digest(&desk, j);
    }
    print_message("a changed advert of %zu bytes, 20 nodes: %.0f us to verify and merge, %.0f us "
                  "for tables, import and 18 messages; the same from another one: %.0f us\n",
            desk.origins[1].advert.body.size, first_us / MERGES, others_us / MERGES,
            again_us / MERGES);
    assert_int_equal(desk.routes.adverts_verified, verified + MERGES);
    desk_deinit(&desk);
}

static void test_a_thousand_nodes_fit_in_bounded_memory(void **state)
{
    static struct desk desk;
    size_t before;
    size_t took;

    (void)state;
    desk_init(&desk, NODES_MAX);
    before = mallinfo2().uordblks + mallinfo2().hblkhd;
    desk_link(&desk, 4);
    for (uint32_t i = 5; i < NODES_MAX; i++) {
        for (uint32_t j = 1; j <= 4; j++)
            desk_say(&desk, j, i, j > 1);
        if (i % 50 == 0)
            desk_settle(&desk);
    }
    desk_settle(&desk);
    took = mallinfo2().uordblks + mallinfo2().hblkhd - before;
    assert_int_equal(desk.routes.nodes.count, NODES_MAX);
    print_message("1,000 nodes of 100 services, 4 neighbours: %.1f MB, %.1f KB a node\n",
            (double)took / 1e6, (double)took / 1e3 / NODES_MAX);
    assert_true(took < BYTES_MAX);
    desk_deinit(&desk);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_digest_round_of_twenty_nodes_costs_twenty_small_messages),
        cmocka_unit_test(test_a_changed_advert_is_verified_once_however_often_it_comes),
        cmocka_unit_test(test_a_thousand_nodes_fit_in_bounded_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
