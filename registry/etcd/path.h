/* registry/etcd/path.h - the keys in etcd.
 *
 *   PREFIX/nodes/NODE/offers             a statement: what the node offers, on its lease
 *   PREFIX/nodes/NODE/services/SERVICE   a statement: a registration of that node, for good
 *   PREFIX/types/HASH                    a FileDescriptorSet by its BLAKE2b-256, in hexadecimal */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "registry/etcd/limits.h"
#include "registry/limits.h"

enum path_kind { PATH_OTHER, PATH_OFFERS, PATH_SERVICE };

struct path {
    char text[ETCD_KEY_SIZE_MAX + 1];
};

/* A path, taken apart. */
struct path_parts {
    enum path_kind kind;
    char node[REGISTRY_NODE_MAX + 1];
    char service[REGISTRY_NAME_MAX + 1]; /* of PATH_SERVICE */
};

/* Is it 1 to ETCD_PREFIX_SIZE_MAX bytes, starts with `/`, does not end with one, and has nothing
 * but letters, digits and `/-._`? */
bool path_prefix_is_valid(const char *prefix);

/* Is it a node's name: 1 to REGISTRY_NODE_MAX letters, digits and `-._`? */
bool path_node_is_valid(const char *node);

/* All of these are made of valid parts. */
void path_of_offers(struct path *path, const char *prefix, const char *node);
void path_of_service(struct path *path, const char *prefix, const char *node, const char *service);
void path_of_types(struct path *path, const char *prefix, const uint8_t types[32]);

/* What all of PREFIX/nodes/ starts with, and the first key behind all of them. */
void path_of_nodes(struct path *first, struct path *behind, const char *prefix);

/* Takes a key of `size` bytes apart; what is none of a node is PATH_OTHER. */
struct path_parts path_read(const char *key, size_t size, const char *prefix);
