// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/mesh.h"

#include <stdlib.h>

enum { UNSEEN, ON_THE_WAY, DONE }; /* colours of a depth-first search */

struct search {
    struct mesh *mesh; /* borrowed */
    uint32_t service;
    uint8_t colours[MESH_NODES_MAX];
};

uint32_t mesh_service(struct span name)
{
    uint32_t number = 0;

    if (name.size != 5)
        return MESH_SERVICES;
    for (size_t i = 2; i < 5; i++)
        number = number * 10 + (name.data[i] - '0');
    return number;
}

bool mesh_is_open(const struct mesh_link *link)
{
    return link->open[0] && link->open[1];
}

/* Follows every way that a router may take. */
static void search_from(struct search *search, uint32_t at)
{
    struct mesh *mesh = search->mesh;

    search->colours[at] = ON_THE_WAY;
    for (uint32_t i = 0; i < mesh->link_count; i++) {
        const struct mesh_link *link = &mesh->links[i];
        int end = link->ends[1] == at;
        uint32_t next = link->ends[!end];

        if (link->ends[end] != at || !mesh_is_open(link) ||
                mesh->nodes[at].tables[next].hops[search->service] == 0)
            continue;
        if (search->colours[next] == ON_THE_WAY)
            mesh_fail(
                    mesh, "the way to node %u leads from %u back to %u", search->service, at, next);
        if (search->colours[next] == UNSEEN)
            search_from(search, next);
    }
    search->colours[at] = DONE;
}

/* The neighbour to which a router sends a call: the fewest hops, never back. */
static uint32_t mesh_next_hop(const struct mesh *mesh, uint32_t at, uint32_t from, uint32_t service)
{
    uint32_t best = MESH_NODES_MAX;

    for (uint32_t i = 0; i < mesh->node_count; i++) {
        uint8_t hops = mesh->nodes[at].tables[i].hops[service];

        if (hops != 0 && i != from &&
                (best == MESH_NODES_MAX || hops < mesh->nodes[at].tables[best].hops[service]))
            best = i;
    }
    return best;
}

/* Follows calls to a service that several nodes offer. Returns how many did not arrive in time at
 * one of them, or came back to a node where they had been. */
static uint32_t mesh_lost_calls(const struct mesh *mesh, uint32_t service, bool back_only)
{
    uint32_t lost = 0;

    for (uint32_t start = 0; start < mesh->node_count; start++) {
        bool been[MESH_NODES_MAX] = { false };
        uint32_t at = start;
        uint32_t from = MESH_NODES_MAX;
        uint32_t links = 0;

        if (!mesh->nodes[start].up || mesh_next_hop(mesh, start, from, service) == MESH_NODES_MAX)
            continue;
        while (at != MESH_NODES_MAX && !been[at] && !mesh->nodes[at].offered[service] &&
                links < ROUTE_HOPS_MAX) {
            uint32_t next = mesh_next_hop(mesh, at, from, service);

            been[at] = true;
            from = at;
            at = next;
            links += 1;
        }
        if (back_only)
            lost += at != MESH_NODES_MAX && been[at];
        else
            lost += at == MESH_NODES_MAX || !mesh->nodes[at].offered[service];
    }
    return lost;
}

void mesh_check_loops(struct mesh *mesh)
{
    if (!mesh->grew)
        return;
    mesh->grew = false;
    for (uint32_t i = 0; i < MESH_SERVICES; i++) {
        struct search search = { .mesh = mesh, .service = i };

        if (!mesh->grown[i])
            continue;
        mesh->grown[i] = false;
        mesh->checks += 1;
        if (i >= MESH_NODES_MAX) {
            mesh->detours += mesh_lost_calls(mesh, i, true);
            continue;
        }
        for (uint32_t at = 0; at < mesh->node_count; at++)
            if (search.colours[at] == UNSEEN)
                search_from(&search, at);
    }
}

/* Hops from `from` to all nodes, MESH_NODES_MAX where there is no way. */
static void mesh_measure(const struct mesh *mesh, uint32_t from, uint32_t hops[MESH_NODES_MAX])
{
    uint32_t queue[MESH_NODES_MAX];
    uint32_t count = 1;

    for (uint32_t i = 0; i < MESH_NODES_MAX; i++)
        hops[i] = MESH_NODES_MAX;
    hops[from] = 0;
    queue[0] = from;
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < mesh->link_count; j++) {
            const struct mesh_link *link = &mesh->links[j];
            int end = link->ends[1] == queue[i];

            if (link->ends[end] != queue[i] || !mesh_is_open(link) ||
                    hops[link->ends[!end]] != MESH_NODES_MAX)
                continue;
            hops[link->ends[!end]] = hops[queue[i]] + 1;
            queue[count++] = link->ends[!end];
        }
}

/* One node's own service, as `at` has it: through each neighbour that is nearest, and no other. */
static void mesh_check_service(
        const struct mesh *mesh, uint32_t at, uint32_t target, const uint32_t hops[MESH_NODES_MAX])
{
    uint32_t away = hops[at] <= ROUTE_HOPS_MAX ? hops[at] : 0;
    const struct mesh_node *node = &mesh->nodes[at];

    if (node->imported[target] != (away != 0))
        mesh_fail(mesh, "node %u: what %u offers is %s, at %u hops", at, target,
                node->imported[target] ? "imported" : "missing", hops[at]);
    for (uint32_t i = 0; i < mesh->node_count; i++) {
        uint32_t told = node->tables[i].hops[target];
        bool nearest = false;

        for (uint32_t j = 0; j < mesh->link_count; j++) {
            const struct mesh_link *link = &mesh->links[j];

            if (((link->ends[0] == at && link->ends[1] == i) ||
                        (link->ends[1] == at && link->ends[0] == i)) &&
                    mesh_is_open(link))
                nearest = away != 0 && hops[i] + 1 == away;
        }
        /* A neighbour tells of one of its ways only: not of one that leads through this node. */
        if (told != 0 ? told != away || !nearest : nearest)
            mesh_fail(mesh,
                    "node %u reaches %u through %u in %u hops; it is %u away, %u from there", at,
                    target, i, told, hops[at], hops[i]);
    }
}

void mesh_check_truth(const struct mesh *mesh)
{
    for (uint32_t target = 0; target < mesh->node_count; target++) {
        uint32_t hops[MESH_NODES_MAX];

        mesh_measure(mesh, target, hops);
        for (uint32_t at = 0; at < mesh->node_count; at++)
            if (mesh->nodes[at].up && at != target)
                mesh_check_service(mesh, at, target, hops);
    }
    for (uint32_t i = MESH_NODES_MAX; i < MESH_SERVICES; i++)
        if (mesh_lost_calls(mesh, i, false) > 0)
            mesh_fail(mesh, "calls to service %u do not arrive", i);
}

void mesh_check_dead(const struct mesh *mesh, uint64_t bound_ms)
{
    for (uint32_t dead = 0; dead < mesh->node_count; dead++) {
        if (mesh->nodes[dead].up || mesh->nodes[dead].boots == 0 ||
                mesh->now_ms < mesh->nodes[dead].died_ms + bound_ms)
            continue;
        for (uint32_t at = 0; at < mesh->node_count; at++)
            for (uint32_t i = 0; i < mesh->node_count; i++)
                if (mesh->nodes[at].up && mesh->nodes[at].tables[i].hops[dead] != 0)
                    mesh_fail(mesh, "node %u has a way to %u, which died %llu ms ago", at, dead,
                            (unsigned long long)(mesh->now_ms - mesh->nodes[dead].died_ms));
    }
}
