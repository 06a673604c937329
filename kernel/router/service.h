/* kernel/router/service.h - names on the bus, the instances that take calls for each, and the
 * routes to other nodes that do. */
#pragma once

#include "base/random.h"
#include "kernel/router/peer.h"

/* A way to a service on another node. */
struct route {
    struct neighbour *via; /* borrowed: until its routes are withdrawn */
    uint32_t metric_us;
    uint32_t hops;
};

struct service {
    char name[SERVICE_NAME_MAX + 1];
    uint32_t next;       /* index + 1 of the next one in its bucket; 0: the last */
    struct peer **ready; /* owned array of borrowed peers: those READY */
    uint32_t ready_count;
    uint32_t ready_room;
    struct route *routes; /* owned: one a neighbour, in no order */
    uint32_t route_count;
    uint32_t route_room;
    struct list waiters;  /* owned: struct waiter, calls that wait for an instance */
    uint64_t expected_us; /* until when one is; 0: none */
    uint64_t awaited_us;  /* until when a way to another node's is; 0: none was lost on purpose */
    bool local;           /* somebody here said the name: it is never forgotten */
    bool to_network;      /* with a namespace: it exports something to other nodes … */
    bool to_clients;      /* … and to clients */
    char space[SERVICE_NAME_MAX + 1]; /* its namespace, by its manifest; "" for none */
    struct list idle; /* in service_table.idle, where it is not local and has no routes */
};

struct service_table {
    struct service *services; /* owned: room for local and learned names */
    uint32_t *buckets;        /* owned: index + 1 of the first service; 0 for none */
    uint32_t count;
    uint32_t local_count; /* of those, the rest is learned */
    struct list idle;     /* learned names that no node offers now, the longest idle one first */
};

/* Returns 0 or -ENOMEM. */
int service_table_init(struct service_table *table);

/* Safe on zeroes, and safe twice. */
void service_table_deinit(struct service_table *table);

/* NULL where the name is not known. */
struct service *service_find(const struct service_table *table, struct span name);

/* Finds or adds it as one that is here. NULL where there are ROUTER_SERVICES_MAX: such a name is
 * never forgotten. */
struct service *service_add(struct service_table *table, struct span name);

/* Finds it, or adds it as one of another node's. NULL where there are ROUTER_NAMES_LEARNED_MAX with
 * a route, or ROUTER_NAMES_CHAINED_MAX of its hash. Without a route it is known still, until its
 * place is needed for another name. */
struct service *service_learn(struct service_table *table, struct span name);

/* Adds the route through a neighbour; of two the better one stays. Returns 0 or -ENOMEM. */
int service_add_route(struct service *service, const struct route *route);

/* Takes the route out again; fine where there is none. */
void service_drop_route(
        struct service_table *table, struct service *service, const struct neighbour *via);

/* Adds a peer to those that take calls. Returns 0 or -ENOMEM. */
int service_join(struct service *service, struct peer *peer);

/* Takes it out again; fine where it is not in. */
void service_leave(struct service *service, struct peer *peer);

/* Another one was taken in its place: its latency counts a little less from now on, so that what
 * was slow once is tried again. */
void service_peer_pass_over(struct peer *peer);

/* It took so long to answer: from now on that is an eighth of its smoothed latency. */
void service_peer_measure(struct peer *peer, uint64_t taken_us);

/* True where the instance may be sent one more call of the caller's, of `size` bytes. */
bool service_peer_has_room(const struct peer *peer, const struct peer *caller, size_t size);

/* The less loaded of two instances picked at random (Mitzenmacher 2001), by calls under way times
 * smoothed latency; another one where both are silent or have no room for the caller's `size`
 * bytes, and a silent one only where no other has. NULL where none has. */
struct peer *service_pick(const struct service *service, const struct peer *caller, size_t size,
        struct random *random);
