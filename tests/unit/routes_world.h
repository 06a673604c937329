/* tests/unit/routes_world.h - one node's routes, and neighbours that the test speaks for.
 *
 * Messages are packed and unpacked by protobuf-c, so that the reading and writing by hand is held
 * against another implementation. Signatures are hashes: keys are tested elsewhere. */
#pragma once

#include "mu/link/v1/link.pb-c.h"
#include "services/network/link/routes.h"

enum {
    WORLD_NODES = 12, /* node 0 is the one under test; any other can be a neighbour */
    WORLD_SERVICES = 8,
    WORLD_START_MS = 1000000
};

/* What a neighbour was told of a node. */
struct world_told {
    bool there;
    bool body; /* the last time with its body */
    uint32_t hops;
    uint64_t sequence;
    uint32_t metric_us;
};

struct world_peer {
    bool linked;
    uint64_t said;    /* number of the last batch that the test sent for it */
    uint64_t told;    /* number of the last one that it was sent */
    uint64_t taken;   /* the last one of `said` that was confirmed */
    uint32_t start;   /* of the last batch that it was sent */
    bool mute;        /* it confirms nothing */
    uint64_t missed;  /* of `told`: so many of the last ones never arrived */
    uint32_t batches; /* messages that it was sent, by kind */
    uint32_t digests;
    uint32_t wanted; /* that ask for bodies */
    uint32_t anew;   /* that ask for everything */
    uint32_t types_wanted;
    uint64_t digest_hash;
    uint64_t digest_adverts;
    struct world_told nodes[WORLD_NODES];
    uint32_t hops[WORLD_SERVICES]; /* the router's table, by service */
    uint32_t metric_us[WORLD_SERVICES];
    uint32_t tables; /* how often it changed */
};

/* An advert that the test makes. */
struct world_advert {
    uint32_t node;
    uint64_t epoch;
    uint64_t sequence;
    uint32_t services; /* a bit for each that is offered */
    uint32_t types;    /* a bit for each that has types */
    uint32_t latency_us;
    uint32_t through[ROUTE_HOPS_MAX]; /* the path before the neighbour that says it */
    uint32_t through_count;
    uint32_t metric_us;
    bool mention; /* without its body */
    bool forged;  /* signed by somebody else */
};

struct world {
    struct routes routes;
    uint64_t now_ms;
    struct world_peer peers[WORLD_NODES];
    bool distrusted[WORLD_NODES];   /* no longer members */
    uint64_t valid_ms;              /* of chains */
    uint32_t imported[WORLD_NODES]; /* services, a bit each */
    bool imported_at_all[WORLD_NODES];
    uint32_t imports;
    uint32_t known_types; /* a bit for each service whose types are known */
    uint32_t adverts;     /* of the node under test: how many it made */
};

void world_init(struct world *world);
void world_deinit(struct world *world);

struct public_key world_id(uint32_t node);

/* The name of a service: "s-0". */
struct span world_service(uint32_t service);

void world_link(struct world *world, uint32_t node);
void world_unlink(struct world *world, uint32_t node);

/* Does what is asked for, until nothing is. Neighbours that are not mute confirm at once. */
void world_settle(struct world *world);

/* Lets time pass, second by second at most, with all that is due. */
void world_pass(struct world *world, uint64_t for_ms);

/* A neighbour says one thing, in a batch of its own. Returns what routes_receive does. */
int world_say(struct world *world, uint32_t from, const struct world_advert *advert);
int world_withdraw(struct world *world, uint32_t from, uint32_t node);

/* A neighbour sends a message. */
int world_send(struct world *world, uint32_t from, const Mu__Link__V1__PeerMessage *message);

/* A neighbour's digest; `hash` is what it says of what it told. */
int world_digest(struct world *world, uint32_t from, uint64_t hash, uint32_t adverts);

/* What the node under test offers: a bit for each service. */
void world_offer(struct world *world, uint32_t services);
