/* tests/unit/secure_world.h - a network with an owner and three nodes, and another network with
 * one, all made of fixed seeds, so that a handshake's bytes are the same each time. */
#pragma once

#include "transport/secure/handshake.h"

#define WORLD_WALL_MS UINT64_C(1800000000000)

enum world_node {
    WORLD_ALICE,    /* alice.home */
    WORLD_BOB,      /* bob.home */
    WORLD_CAROL,    /* carol.home */
    WORLD_STRANGER, /* stranger.away, of the other network */
    WORLD_NODES
};

enum world_psk { WORLD_CURRENT, WORLD_PREVIOUS, WORLD_TOKEN, WORLD_PSKS };

struct world_node_state {
    struct key key;
    struct noise_pair link_static;
    struct chain chain;
    struct handshake_self self;
};

struct world {
    struct key roots[2];
    struct trust trusts[2]; /* of this network and of the other */
    struct world_node_state nodes[WORLD_NODES];
    struct handshake_psk psks[WORLD_PSKS];
};

/* In the caller's memory, which is not moved afterwards. */
void world_init(struct world *world);

/* The same with certificates that are valid at another time than WORLD_WALL_MS. */
void world_init_at(struct world *world, uint64_t not_before_s, uint64_t not_after_s);

void world_deinit(struct world *world);

/* Signs the statements of both roles with `key` as `node`'s. */
void world_sign(struct world *world, enum world_node node, const struct key *key);

/* What a node says of itself in `role`, at WORLD_WALL_MS; without certificates where it joins.
 * Writes it to `out` (INTRODUCTION_SIZE_MAX bytes) and returns its size. */
size_t world_introduce(const struct world *world, enum world_node node, enum noise_role role,
        bool joins, uint8_t *out);

/* The secret of an ephemeral key: one for each side of each handshake of a test. */
void world_ephemeral(uint8_t secret[NOISE_KEY_SIZE], enum noise_role role, uint8_t which);
