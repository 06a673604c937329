/* tests/sim/mesh.h - many nodes' routes in one process, on a clock and links of their own.
 *
 * A link keeps messages in order and loses none unless it is lossy, as a secured TCP stream does;
 * it delays them, it breaks (both ends notice soon), or it is cut: nothing arrives, and each end
 * notices by itself after up to MESH_DEATH_MS. All that happens follows from the seed. */
#pragma once

#include "base/random.h"
#include "services/network/link/routes.h"

enum {
    MESH_NODES_MAX = 50,
    MESH_SHARED = 8, /* services that several nodes offer, behind one of its own for each node */
    MESH_SERVICES = MESH_NODES_MAX + MESH_SHARED,
    MESH_LINKS_MAX = 256,
    MESH_DEATH_MS = 15000, /* a link without a heartbeat */
    MESH_DELAY_MAX_MS = 40,
    MESH_REDIAL_MAX_MS = 500,
    MESH_FOREVER = 1 << 30 /* ms */
};

/* What a node's router was told last: hops by service and neighbour, 0 for no route. */
struct mesh_table {
    uint8_t hops[MESH_SERVICES];
};

struct mesh_node {
    struct mesh *mesh; /* borrowed */
    uint32_t index;
    bool up;
    bool taken_down; /* stays down until mesh_start */
    struct routes routes;
    uint64_t due_ms; /* when `routes` next has something to do, as of the last mesh_follow */
    uint64_t boots;
    uint64_t died_ms; /* when it last went down */
    bool offered[MESH_SERVICES];
    uint32_t latency_us[MESH_SERVICES];
    struct mesh_table tables[MESH_NODES_MAX]; /* by neighbour */
    bool imported[MESH_NODES_MAX];
    uint32_t second_count; /* messages sent in the present second */
};

struct mesh_message {
    struct mesh_message *next; /* owned */
    uint64_t at_ms;
    size_t size;
    uint8_t bytes[];
};

/* One direction of a link. */
struct mesh_queue {
    struct mesh_message *first; /* owned */
    struct mesh_message *last;  /* borrowed */
    uint64_t last_ms;           /* when the last one arrives: the next one is no earlier */
};

struct mesh_link {
    uint32_t ends[2];
    bool open[2];         /* as each end sees it */
    uint64_t close_ms[2]; /* when that end notices that it is closed; UINT64_MAX: it is not */
    uint64_t dial_ms;     /* when it is dialled next, once both ends are closed */
    bool cut;
    uint64_t cut_until_ms;
    bool wanted; /* dialled at all */
    uint32_t delay_ms;
    struct mesh_queue queues[2]; /* toward ends[0], toward ends[1] */
};

struct mesh {
    uint64_t seed;
    struct random random;
    uint64_t now_ms;
    uint32_t node_count;
    uint32_t link_count;
    uint32_t loss_percent; /* of messages that never arrive */
    struct mesh_node nodes[MESH_NODES_MAX];
    struct mesh_link links[MESH_LINKS_MAX];
    bool grown[MESH_SERVICES]; /* services that got a route since loops were looked for */
    bool grew;
    uint64_t cut_ms; /* when something last began to be silent */

    /* What it cost. */
    uint64_t messages;
    uint64_t bytes;
    uint64_t batches;
    uint64_t digests;
    uint32_t second_max; /* messages of one node in one second */
    uint64_t second_ms;  /* the second that is counted */
    uint64_t checks;     /* loops that were looked for */
    uint64_t detours;    /* calls to shared services that would have come back to a node */
};

/* Ends the test, with the seed and the time. */
void mesh_fail(const struct mesh *mesh, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* `node_count` nodes that are down, and no link. */
void mesh_init(struct mesh *mesh, uint64_t seed, uint32_t node_count);
void mesh_deinit(struct mesh *mesh);

/* Joins two nodes by a link that is dialled from now on. Twice the same is one. */
void mesh_join(struct mesh *mesh, uint32_t one, uint32_t two);

/* Starts a node that is down, with a new boot. */
void mesh_start(struct mesh *mesh, uint32_t node);

/* A node is gone. Its neighbours notice soon, or, `silent`, by their own means. */
void mesh_stop(struct mesh *mesh, uint32_t node, bool silent);

/* A link breaks, and is dialled again. */
void mesh_break(struct mesh *mesh, struct mesh_link *link);

/* Nothing arrives any more, for so long. */
void mesh_cut(struct mesh *mesh, struct mesh_link *link, uint64_t for_ms);

/* Lets what is cut be right again, now. */
void mesh_heal(struct mesh *mesh);

/* A node offers a service from now on, or does not. */
void mesh_offer(struct mesh *mesh, uint32_t node, uint32_t service, bool offered);

/* Lets time pass. After each event no way to a node may have a loop. */
void mesh_run(struct mesh *mesh, uint64_t for_ms);

/* ---- mesh_fault.c ---- */

/* One of the things that go wrong, at random. */
void mesh_harm(struct mesh *mesh);

/* ---- mesh_check.c ---- */

/* The number of a service, or MESH_SERVICES. */
uint32_t mesh_service(struct span name);

/* True where both ends of a link see it open. */
bool mesh_is_open(const struct mesh_link *link);

/* No service of one node has a way that leads back to where it was. */
void mesh_check_loops(struct mesh *mesh);

/* Each node knows exactly what is within ROUTE_HOPS_MAX hops, at its true distance. */
void mesh_check_truth(const struct mesh *mesh);

/* Nobody has a way to a node that has been down for `bound_ms`. */
void mesh_check_dead(const struct mesh *mesh, uint64_t bound_ms);
