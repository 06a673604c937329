// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/secure_world.h"

#include <string.h>

#include "base/check.h"

/* When the certificates of the world that is being made are valid. */
static struct {
    uint64_t not_before_s;
    uint64_t not_after_s;
} valid;

static void make_key(struct key *key, uint8_t seed)
{
    uint8_t bytes[KEY_SEED_SIZE];

    memset(bytes, seed, sizeof(bytes));
    CHECK(key_init_seed(key, bytes) == 0);
}

static struct certificate certify(enum certificate_kind kind, const char *name,
        const struct public_key *subject, const struct trust *trust, const struct key *issuer)
{
    struct certificate certificate = { .kind = kind,
        .network = trust->network,
        .subject = *subject,
        .serial = 7,
        .not_before_s = valid.not_before_s,
        .not_after_s = valid.not_after_s,
        .roles = ROLE_MEMBER };

    memcpy(certificate.name, name, strlen(name));
    CHECK(certificate_sign(&certificate, issuer) == CERTIFICATE_OK);
    return certificate;
}

/* Node `at`, certified by its owner, who is certified by the root. */
static void make_node(struct world *world, enum world_node at, const char *name, const char *owner,
        size_t network)
{
    struct world_node_state *node = &world->nodes[at];
    const struct trust *trust = &world->trusts[network];
    uint8_t secret[NOISE_KEY_SIZE];
    struct key authority;

    make_key(&node->key, (uint8_t)(10 + at));
    make_key(&authority, (uint8_t)(20 + network));
    node->chain.count = 2;
    node->chain.certificates[0] =
            certify(CERTIFICATE_NODE, name, &node->key.public, trust, &authority);
    node->chain.certificates[1] =
            certify(CERTIFICATE_AUTHORITY, owner, &authority.public, trust, &world->roots[network]);
    key_deinit(&authority);
    memset(secret, 30 + at, sizeof(secret));
    noise_pair_init(&node->link_static, secret);
    node->self = (struct handshake_self){ .link_static = &node->link_static,
        .chain = &node->chain,
        .limits = { 1048576 + at, 256 + at, 65536 + at },
        .boot_id = 0x1000 + at };
    world_sign(world, at, &node->key);
}

void world_sign(struct world *world, enum world_node at, const struct key *key)
{
    struct world_node_state *node = &world->nodes[at];
    uint8_t statement[STATEMENT_SIZE];

    for (int role = NOISE_INITIATOR; role <= NOISE_RESPONDER; role++) {
        introduction_statement(statement, (enum noise_role)role, node->link_static.public,
                &node->chain.certificates[0].network);
        key_sign(key, KEY_FOR_LINK_STATIC, (struct span){ statement, sizeof(statement) },
                node->self.signatures[role]);
    }
}

void world_init(struct world *world)
{
    world_init_at(world, 1799990000, 1800010000);
}

void world_init_at(struct world *world, uint64_t not_before_s, uint64_t not_after_s)
{
    valid.not_before_s = not_before_s;
    valid.not_after_s = not_after_s;
    *world = (struct world){ 0 };
    for (size_t i = 0; i < 2; i++) {
        make_key(&world->roots[i], (uint8_t)(1 + i));
        trust_init(&world->trusts[i], &world->roots[i].public);
    }
    make_node(world, WORLD_ALICE, "alice.home", "home", 0);
    make_node(world, WORLD_BOB, "bob.home", "home", 0);
    make_node(world, WORLD_CAROL, "carol.home", "home", 0);
    make_node(world, WORLD_STRANGER, "stranger.away", "away", 1);
    for (size_t i = 0; i < WORLD_PSKS; i++) {
        world->psks[i] = (struct handshake_psk){ .trust = &world->trusts[0] };
        memset(world->psks[i].id, (int)(40 + i), PSK_ID_SIZE);
        memset(world->psks[i].key, (int)(50 + i), NOISE_KEY_SIZE);
    }
    world->psks[WORLD_TOKEN].is_token = true;
    world->psks[WORLD_TOKEN].trust = NULL;
    world->psks[WORLD_TOKEN].network = world->trusts[0].network;
}

void world_deinit(struct world *world)
{
    for (size_t i = 0; i < 2; i++) {
        trust_deinit(&world->trusts[i]);
        key_deinit(&world->roots[i]);
    }
    for (size_t i = 0; i < WORLD_NODES; i++)
        key_deinit(&world->nodes[i].key);
}

size_t world_introduce(const struct world *world, enum world_node at, enum noise_role role,
        bool joins, uint8_t *out)
{
    const struct world_node_state *node = &world->nodes[at];
    uint8_t certificates[CHAIN_SIZE_MAX];
    struct introduction introduction = { .versions = { LINK_VERSION, LINK_VERSION },
        .limits = node->self.limits,
        .boot_id = node->self.boot_id,
        .wall_ms = WORLD_WALL_MS };

    if (!joins) {
        memcpy(introduction.signature, node->self.signatures[role], SIGNATURE_SIZE);
        introduction.certificate_count = (uint8_t)node->chain.count;
        introduction.certificates = (struct span){ certificates,
            (size_t)(chain_write(&node->chain, certificates) - certificates) };
    }
    return (size_t)(introduction_write(&introduction, out) - out);
}

void world_ephemeral(uint8_t secret[NOISE_KEY_SIZE], enum noise_role role, uint8_t which)
{
    memset(secret, 60 + role, NOISE_KEY_SIZE);
    secret[1] = which;
}
