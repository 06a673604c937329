// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/mesh.h"

static struct mesh_link *fault_link(struct mesh *mesh)
{
    return &mesh->links[random_below(&mesh->random, mesh->link_count)];
}

/* Cuts all links between two halves. */
static void fault_part(struct mesh *mesh)
{
    uint64_t for_ms = 1000 + random_below(&mesh->random, 30000);
    bool half[MESH_NODES_MAX] = { false };

    for (uint32_t i = 0; i < mesh->node_count; i++)
        half[i] = random_below(&mesh->random, 2) == 0;
    for (uint32_t i = 0; i < mesh->link_count; i++)
        if (half[mesh->links[i].ends[0]] != half[mesh->links[i].ends[1]])
            mesh_cut(mesh, &mesh->links[i], for_ms);
}

/* A node that was down comes back, or one goes. */
static void fault_node(struct mesh *mesh)
{
    uint32_t node = random_below(&mesh->random, mesh->node_count);

    if (mesh->nodes[node].up)
        mesh_stop(mesh, node, random_below(&mesh->random, 2) == 0);
    else
        mesh_start(mesh, node);
}

/* A node starts again before others have noticed that it was gone. */
static void fault_restart(struct mesh *mesh)
{
    uint32_t node = random_below(&mesh->random, mesh->node_count);

    if (!mesh->nodes[node].up)
        return;
    mesh_stop(mesh, node, false);
    mesh_run(mesh, random_below(&mesh->random, 300));
    mesh_start(mesh, node);
}

static void fault_offer(struct mesh *mesh)
{
    uint32_t node = random_below(&mesh->random, mesh->node_count);
    uint32_t service = MESH_NODES_MAX + random_below(&mesh->random, MESH_SHARED);

    mesh_offer(mesh, node, service, !mesh->nodes[node].offered[service]);
}

static void fault_flap(struct mesh *mesh)
{
    uint32_t node = random_below(&mesh->random, mesh->node_count);
    uint32_t service = MESH_NODES_MAX + random_below(&mesh->random, MESH_SHARED);

    for (uint32_t i = random_below(&mesh->random, 20); i > 0; i--) {
        mesh_offer(mesh, node, service, !mesh->nodes[node].offered[service]);
        mesh_run(mesh, random_below(&mesh->random, 100));
    }
}

static void fault_flap_link(struct mesh *mesh)
{
    struct mesh_link *link = fault_link(mesh);

    for (uint32_t i = random_below(&mesh->random, 6); i > 0; i--) {
        mesh_break(mesh, link);
        mesh_run(mesh, random_below(&mesh->random, 1500));
    }
}

void mesh_harm(struct mesh *mesh)
{
    switch (random_below(&mesh->random, 12)) {
    case 0:
        fault_part(mesh);
        break;
    case 1:
    case 2:
        fault_node(mesh);
        break;
    case 3:
        fault_restart(mesh);
        break;
    case 4:
    case 5:
    case 6:
        mesh_break(mesh, fault_link(mesh));
        break;
    case 7:
        mesh_cut(mesh, fault_link(mesh), random_below(&mesh->random, 40000));
        break;
    case 8:
        fault_flap(mesh);
        break;
    case 9:
        fault_flap_link(mesh);
        break;
    default:
        fault_offer(mesh);
        break;
    }
}
