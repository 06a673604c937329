// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/known.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "services/network/link/admissions.h"
#include "transport/secure/node_id.h"

/* Those that were seen so far, so that each is told of once. */
struct gathering {
    struct known_node *nodes; /* owned array of count, room for room */
    size_t count;
    size_t room;
    int r;
};

static void gather(struct gathering *gathering, const struct known_node *node)
{
    for (size_t i = 0; i < gathering->count; i++) {
        if (public_key_equal(&gathering->nodes[i].key, &node->key))
            return;
    }
    if (gathering->count == gathering->room) {
        size_t room = gathering->room != 0 ? 2 * gathering->room : 32;
        struct known_node *nodes = reallocarray(gathering->nodes, room, sizeof(*nodes));

        if (nodes == NULL) {
            gathering->r = err_new(-ENOMEM);
            return;
        }
        gathering->nodes = nodes;
        gathering->room = room;
    }
    gathering->nodes[gathering->count++] = *node;
}

static void gather_routed(struct gathering *gathering, const struct routes *routes)
{
    for (uint32_t i = 0; i < routes->nodes.slot_count; i++) {
        const struct node *node = routes->nodes.slots[i];
        struct known_node known = { .issuer_known = false };
        struct chain chain;

        if (node == NULL || !node->held)
            continue;
        known.key = node->id;
        memcpy(known.name, node->identity.name, strlen(node->identity.name) + 1);
        known.issuer_known = chain_read_all(&chain, node_advert(node).chain) == CERTIFICATE_OK;
        if (known.issuer_known)
            known.issuer = chain.certificates[0].issuer;
        gather(gathering, &known);
    }
}

static void gather_linked(struct gathering *gathering, const struct linked_nodes *linked)
{
    list_for_each (entry, &linked->all) {
        const struct linked_node *node = list_entry(entry, struct linked_node, link);
        struct known_node known = {
            .key = node->identity.key, .issuer_known = true, .issuer = node->issuer
        };

        memcpy(known.name, node->identity.name, strlen(node->identity.name) + 1);
        gather(gathering, &known);
    }
}

static void gather_name(const char *name, const struct public_key *holder, void *user)
{
    struct known_node known = { .key = *holder };

    memcpy(known.name, name, strlen(name) + 1);
    gather(user, &known);
}

int known_each(struct mesh *mesh, known_fn fn, void *user)
{
    const struct membership *membership = &mesh->seat.membership;
    struct gathering gathering = { .count = 0 };
    struct known_node self = { .key = membership->key.public, .issuer_known = true };
    int r;

    memcpy(self.name, membership_name(membership), strlen(membership_name(membership)) + 1);
    self.issuer = membership->chain.certificates[0].issuer;
    gather(&gathering, &self);
    if (mesh->routes != NULL)
        gather_routed(&gathering, mesh->routes);
    gather_linked(&gathering, &mesh->linked);
    r = admissions_each_name(&mesh->seat.vault, gather_name, &gathering);
    if (r == 0)
        r = gathering.r;
    for (size_t i = 0; i < gathering.count && r == 0; i++)
        fn(&gathering.nodes[i], user);
    free(gathering.nodes);
    return err_trace(r);
}

/* ---- by what people type ---- */

struct search {
    const char *text;
    size_t size;
    struct known_node *found;
    unsigned exact; /* by name or whole id */
    unsigned begun; /* whose id begins so */
};

static void compare(const struct known_node *node, void *user)
{
    struct search *search = user;
    char id[NODE_ID_SIZE + 1];
    bool exact;
    bool begun;

    node_id_print(&node->key, id); /* "mu:" and the rest */
    exact = strcmp(node->name, search->text) == 0 || strcmp(id, search->text) == 0;
    begun = strncmp(id, search->text, search->size) == 0 ||
            strncmp(id + 3, search->text, search->size) == 0;
    if (!exact && (!begun || search->exact > 0))
        return;
    if (exact)
        search->exact += 1;
    else
        search->begun += 1;
    *search->found = *node;
}

enum known_outcome known_find(struct mesh *mesh, const char *text, struct known_node *node)
{
    struct search search = { .text = text, .size = strlen(text), .found = node };

    /* "mu:" alone begins every id, and so does nothing at all */
    if (search.size == 0 || known_each(mesh, compare, &search) < 0)
        return KNOWN_NONE;
    if (search.exact == 1 || (search.exact == 0 && search.begun == 1))
        return KNOWN_OK;
    return search.exact + search.begun == 0 ? KNOWN_NONE : KNOWN_MANY;
}
