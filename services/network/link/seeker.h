/* services/network/link/seeker.h - which nodes this one dials by itself.
 *
 * What it was told is dialled always (links.h goes on by itself). Of the other nodes whose
 * addresses are known, as many are dialled as it takes for NEIGHBOURS_WANTED links: so a mesh forms
 * without everybody dialling everybody, and heals when nodes go. Pure: time is an argument. */
#pragma once

#include <stdbool.h>

#include "base/random.h"
#include "services/network/link/network_limits.h"
#include "transport/secure/key.h"

struct seeker_node {
    struct public_key key;
    bool linked;
    bool dialled; /* its addresses are, on behalf of the seeker */
    uint32_t address_count;
    char addresses[4][ADDRESS_SIZE_MAX + 1];
    bool away;        /* it was missed, and not linked since */
    uint64_t away_ms; /* since when, while it is */
    uint64_t rest_ms; /* not to be dialled before */
};

typedef void (*seeker_fn)(const char *address, bool dial, void *user);

struct seeker {
    struct seeker_node *nodes; /* owned array of node_count, room for node_room */
    uint32_t node_count;
    uint32_t node_room;
    struct random random;
    seeker_fn fn; /* dials an address, or stops that; borrowed with `user` */
    void *user;
};

void seeker_init(struct seeker *seeker, uint64_t seed, seeker_fn fn, void *user);

/* Safe twice. Dials nothing any more. */
void seeker_deinit(struct seeker *seeker);

/* A node is at these addresses now. Beyond SEEKER_NODES_MAX nodes, and without memory, nobody new
 * is known. */
void seeker_know(
        struct seeker *seeker, const struct public_key *key, char *const *addresses, size_t count);

/* Forgets a node. */
void seeker_forget(struct seeker *seeker, const struct public_key *key);

/* Its link is up, or down. */
void seeker_linked(struct seeker *seeker, const struct public_key *key, bool linked);

/* Nothing came of dialling `address`: whoever is there gets a rest, the longer the longer it has
 * been away. So one that comes back is found soon, in proportion to how long it was away, and those
 * that never will leave the others their turn. */
void seeker_missed(struct seeker *seeker, const char *address, uint64_t now_ms);

/* Dials and stops dialling, as `linked_count` links are up. Returns when to look again; UINT64_MAX:
 * when something changes. */
uint64_t seeker_step(struct seeker *seeker, uint32_t linked_count, uint64_t now_ms);
