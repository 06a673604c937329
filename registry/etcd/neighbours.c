// SPDX-License-Identifier: Apache-2.0
#include "registry/etcd/neighbours.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "registry/etcd/path.h"

int neighbours_init(struct neighbours *neighbours, const struct roster *roster, const char *prefix)
{
    *neighbours = (struct neighbours){ .roster = roster, .prefix = prefix };
    neighbours->slots = calloc(roster->count + 1, sizeof(*neighbours->slots));
    return neighbours->slots != NULL ? 0 : err_new(-ENOMEM);
}

void neighbours_deinit(struct neighbours *neighbours)
{
    for (uint32_t i = 0; neighbours->slots != NULL && i < neighbours->roster->count; i++)
        free(neighbours->slots[i].statement);
    free(neighbours->slots);
    *neighbours = (struct neighbours){ 0 };
}

static int neighbours_read(const struct neighbours *neighbours, uint32_t index,
        struct mu_bytes value, Mu__Etcd__V1__StatementBody **bodyp)
{
    const struct believed *node = &neighbours->roster->nodes[index];
    struct path place;

    path_of_offers(&place, neighbours->prefix, node->node);
    return statement_read(value, place.text, node->key, bodyp);
}

/* Takes a statement whose signature holds. Returns BELIEVED, REPLAYED, GARBAGE or -ENOMEM. */
static int neighbours_take(
        struct neighbour *neighbour, struct mu_bytes value, const Mu__Etcd__V1__StatementBody *body)
{
    uint8_t *copy;

    if (body->what_case != MU__ETCD__V1__STATEMENT_BODY__WHAT_OFFERS)
        return NEIGHBOURS_GARBAGE;
    if (body->sequence <= neighbour->sequence)
        return NEIGHBOURS_REPLAYED;
    copy = malloc(value.size);
    if (copy == NULL)
        return err_new(-ENOMEM);
    memcpy(copy, value.data, value.size);
    free(neighbour->statement);
    neighbour->statement = copy;
    neighbour->size = value.size;
    neighbour->sequence = body->sequence;
    neighbour->instances = (uint32_t)body->offers->n_offers;
    neighbour->present = true;
    neighbour->changed = true;
    return NEIGHBOURS_BELIEVED;
}

static int neighbours_judge(struct neighbours *neighbours, uint32_t index, struct mu_bytes value)
{
    struct neighbour *neighbour = &neighbours->slots[index];
    Mu__Etcd__V1__StatementBody *body = NULL;
    int r;

    if (neighbour->statement != NULL && neighbour->size == value.size &&
            memcmp(neighbour->statement, value.data, value.size) == 0) {
        neighbour->changed = neighbour->changed || !neighbour->present;
        neighbour->present = true;
        return NEIGHBOURS_SAME;
    }
    r = neighbours_read(neighbours, index, value, &body);
    if (r != STATEMENT_OK)
        return r < 0 ? r : r == STATEMENT_FORGED ? NEIGHBOURS_FORGED : NEIGHBOURS_GARBAGE;
    r = neighbours_take(neighbour, value, body);
    mu__etcd__v1__statement_body__free_unpacked(body, NULL);
    return r;
}

int neighbours_hear(struct neighbours *neighbours, const char *node, struct mu_bytes value)
{
    uint32_t index = roster_find(neighbours->roster, node);
    int r = NEIGHBOURS_UNKNOWN;

    if (index < neighbours->roster->count) {
        neighbours->slots[index].listed = true;
        r = neighbours_judge(neighbours, index, value);
    }
    if (r >= 0)
        neighbours->counts[r] += 1;
    return r;
}

static void neighbours_leave(struct neighbour *neighbour)
{
    neighbour->changed = neighbour->changed || neighbour->present;
    neighbour->present = false;
}

void neighbours_gone(struct neighbours *neighbours, const char *node)
{
    uint32_t index = roster_find(neighbours->roster, node);

    if (index < neighbours->roster->count)
        neighbours_leave(&neighbours->slots[index]);
}

void neighbours_list_begin(struct neighbours *neighbours)
{
    for (uint32_t i = 0; i < neighbours->roster->count; i++)
        neighbours->slots[i].listed = false;
}

void neighbours_list_end(struct neighbours *neighbours)
{
    for (uint32_t i = 0; i < neighbours->roster->count; i++)
        if (!neighbours->slots[i].listed)
            neighbours_leave(&neighbours->slots[i]);
}

void neighbours_touch(struct neighbours *neighbours)
{
    for (uint32_t i = 0; i < neighbours->roster->count; i++)
        neighbours->slots[i].changed = true;
}

int neighbours_offers(
        const struct neighbours *neighbours, uint32_t index, Mu__Etcd__V1__StatementBody **bodyp)
{
    const struct neighbour *neighbour = &neighbours->slots[index];
    int r;

    *bodyp = NULL;
    if (!neighbour->present || neighbour->statement == NULL)
        return 0;
    r = neighbours_read(
            neighbours, index, (struct mu_bytes){ neighbour->statement, neighbour->size }, bodyp);
    return r < 0 ? err_trace(r) : 0;
}
