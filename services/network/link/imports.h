/* services/network/link/imports.h - what the registry is told of other nodes: what they offer, and
 * the types of that. With the mesh's lock. */
#pragma once

#include "services/network/link/node.h"

struct inbox_item;
struct mesh;

struct imports {
    struct imported {
        struct public_key id;
        char node[CERTIFICATE_NAME_MAX + 1];
        char owner[CERTIFICATE_NAME_MAX + 1];
    } * nodes; /* owned array of node_count, room for node_room: what the registry has */
    uint32_t node_count;
    uint32_t node_room;
    uint8_t (*types)[ADVERT_TYPES_SIZE]; /* owned array: those that the registry was given */
    uint32_t types_count;
    uint32_t types_room;
};

/* Safe on zeroes, and safe twice. */
void imports_deinit(struct imports *imports);

/* Tells the registry all that `node` offers; NULL: that the node `id` is gone. */
void imports_tell(struct mesh *mesh, const struct public_key *id, const struct node *node);

/* Takes back what came of nodes of which routes know nothing any more. */
void imports_sweep(struct mesh *mesh);

/* Takes all of it back. */
void imports_withdraw(struct mesh *mesh);

/* The registry was given these types. */
void imports_learn(struct imports *imports, struct span types);

/* True where the registry was given these types. */
bool imports_know(const struct imports *imports, struct span types);
