// SPDX-License-Identifier: Apache-2.0
#include "registry/etcd/roster.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "registry/etcd/path.h"
#include "registry/name.h"

void roster_deinit(struct roster *roster)
{
    free(roster->nodes);
    *roster = (struct roster){ 0 };
}

uint32_t roster_find(const struct roster *roster, const char *node)
{
    uint32_t at = 0;

    while (at < roster->count && strcmp(roster->nodes[at].node, node) != 0)
        at += 1;
    return at;
}

static bool roster_read_key(uint8_t key[STATEMENT_KEY_SIZE], const char *text)
{
    size_t size = 0;

    return strlen(text) == (size_t)2 * STATEMENT_KEY_SIZE &&
           sodium_hex2bin(key, STATEMENT_KEY_SIZE, text, strlen(text), NULL, &size, NULL) == 0 &&
           size == STATEMENT_KEY_SIZE;
}

/* What is wrong with a line of the node file; NULL where nothing is. */
static const char *roster_add(
        struct roster *roster, const Mu__Node__V1__BelievedNode *line, const char *self)
{
    struct believed *node = &roster->nodes[roster->count];

    if (!path_node_is_valid(line->node))
        return "a node's name is 1 to 63 letters, digits, `-`, `.` and `_`";
    if (!name_is_valid(line->owner))
        return "owner: a lower-case letter, then lower-case letters, digits and `-`; 63 at most";
    if (!roster_read_key(node->key, line->key))
        return "key: 64 hexadecimal digits, as `mu status` on that node shows them";
    if (roster_find(roster, line->node) < roster->count)
        return "it is there twice; leave one out";
    snprintf(node->node, sizeof(node->node), "%s", line->node);
    snprintf(node->owner, sizeof(node->owner), "%s", line->owner);
    roster->count += strcmp(line->node, self) != 0; /* one file may serve all nodes */
    return NULL;
}

int roster_fill(struct roster *roster, const Mu__Node__V1__RegistrySettings *settings,
        const char *self, char error[ROSTER_ERROR_MAX])
{
    if (settings->n_nodes > ETCD_NODES_MAX) {
        snprintf(error, ROSTER_ERROR_MAX, "registry.nodes: %zu nodes; %d is the most",
                settings->n_nodes, ETCD_NODES_MAX);
        return err_new(-EINVAL);
    }
    roster->nodes = calloc(settings->n_nodes + 1, sizeof(*roster->nodes));
    if (roster->nodes == NULL)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < settings->n_nodes; i++) {
        const char *fault = roster_add(roster, settings->nodes[i], self);

        if (fault == NULL)
            continue;
        snprintf(error, ROSTER_ERROR_MAX, "registry.nodes: %.63s: %s", settings->nodes[i]->node,
                fault);
        roster_deinit(roster);
        return err_new(-EINVAL);
    }
    return 0;
}
