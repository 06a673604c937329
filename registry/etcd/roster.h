/* registry/etcd/roster.h - the nodes whose statements are believed: those that the node file lists,
 * each with its key, and no others. */
#pragma once

#include <stdint.h>

#include "mu/node/v1/manifest.pb-c.h"
#include "registry/etcd/statement.h"
#include "registry/limits.h"

enum { ROSTER_ERROR_MAX = 256 }; /* bytes with the final NUL */

struct believed {
    char node[REGISTRY_NODE_MAX + 1];
    char owner[REGISTRY_NAME_MAX + 1];
    uint8_t key[STATEMENT_KEY_SIZE];
};

struct roster {
    struct believed *nodes; /* owned */
    uint32_t count;
};

/* Fills an empty roster with what the settings list, but for `self`, this node. Returns 0; -EINVAL
 * with what is wrong in `error`; -ENOMEM. */
int roster_fill(struct roster *roster, const Mu__Node__V1__RegistrySettings *settings,
        const char *self, char error[ROSTER_ERROR_MAX]);

/* Safe on zeroes, and safe twice. */
void roster_deinit(struct roster *roster);

/* The index of that node, or `count`. */
uint32_t roster_find(const struct roster *roster, const char *node);
