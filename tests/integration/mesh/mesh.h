/* tests/integration/mesh/mesh.h - nodes in a row, each linked to the next in clear. The last one
 * offers the probe and the tally, and all others know the way there. */
#pragma once

#include "tests/integration/supervisor/node.h"

enum { MESH_NODES_MAX = 3 };

struct mesh {
    struct node nodes[MESH_NODES_MAX];
    int count;
};

/* Starts `count` nodes and waits until the first one reaches the last one's services. */
void mesh_start(struct mesh *mesh, int count);

void mesh_stop(struct mesh *mesh);

/* The node whose services are called. */
struct node *mesh_last(struct mesh *mesh);

/* Waits until a call of probe.Echo from the first node succeeds. */
void mesh_await(struct mesh *mesh);

/* Kills a service's process once it is up and another than `last`. Returns its pid. */
pid_t mesh_kill(struct node *node, const char *service, pid_t last);

/* How many calls of probe.Wait the last node's probe was sent so far, asked from the first node. */
uint32_t mesh_count_waits(struct mesh *mesh);

/* A call that is under way when something dies, and what became of it. */
struct mesh_loss {
    uint32_t wait_ms; /* that the probe takes; 0: for ever */
    struct mu_call_options options;
    struct mu_status status;
    uint64_t took_ms; /* from the death to the call's end */
};

/* Calls probe.Wait from the first node, and kills a service's process of `node` meanwhile. */
void mesh_lose(struct mesh *mesh, struct mesh_loss *loss, struct node *node, const char *service);

/* What the tally wrote down: how often each number below `count` was carried out. Freed by the
 * caller. */
uint8_t *mesh_read_tally(struct mesh *mesh, uint32_t count);
