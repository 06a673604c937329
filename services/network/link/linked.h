/* services/network/link/linked.h - the nodes that are linked to this one, and what they said of
 * themselves. */
#pragma once

#include "base/list.h"
#include "services/network/link/bucket.h"
#include "services/network/link/links.h"
#include "services/network/link/membership.h"
#include "services/network/link/network_limits.h"

struct Mu__Router__V1__RoutesRequest;

struct linked_node {
    struct list link;
    uint64_t number;             /* the link's */
    struct identity identity;    /* by its certificate */
    struct public_key issuer;    /* of that, when the link was made */
    bool is_authority;           /* its authority's certificate is believed */
    struct public_key authority; /* then, that one's key */
    uint32_t address_count;
    char addresses[TOKEN_ADDRESSES_MAX][ADDRESS_SIZE_MAX + 1];
    uint64_t heard_ms;   /* when something was heard of it last (base/clock.h) */
    uint64_t channel;    /* the router's number of its node channel; 0: not open yet */
    uint64_t carries_ms; /* when that was open */
    bool elder;   /* of a key that this node has replaced: what it tells of routes is not heard */
    bool moved;   /* of a key that the peer has replaced, as it says */
    bool drains;  /* its router knows DRAIN on a node channel, as it says */
    bool emptied; /* a later link to the node by that name took over: no call takes it any more */
    struct bucket departures; /* what it may say of those, to be passed on */
    uint32_t round_trip_us;
    uint32_t told_round_trip_us;                 /* what the router reckons with */
    struct Mu__Router__V1__RoutesRequest *table; /* owned: what is reached through it; or NULL */
};

struct linked_nodes {
    struct list all; /* of struct linked_node.link, owned */
    uint32_t count;
};

void linked_init(struct linked_nodes *nodes);
void linked_deinit(struct linked_nodes *nodes);

/* A new one, for a link that is up. NULL without memory. */
struct linked_node *linked_add(struct linked_nodes *nodes, uint64_t number,
        const struct handshake_peer *peer, uint64_t now_ms);

/* Forgets the one of a link. Fine where there is none. */
void linked_drop(struct linked_nodes *nodes, uint64_t number);

/* Replaces its table, and owns the new one, made with malloc. */
void linked_set_table(struct linked_node *node, struct Mu__Router__V1__RoutesRequest *table);

/* This node has another key: all that are linked now are `elder`. */
void linked_age(struct linked_nodes *nodes);

/* True for a link of a key that was replaced, here or there, where there is a later one to the node
 * of that name, over which calls have travelled since `before_ms` or earlier. */
bool linked_is_superseded(
        const struct linked_nodes *nodes, const struct linked_node *node, uint64_t before_ms);

/* NULL where there is none. All that follow but the first leave those out that are `elder`. */
struct linked_node *linked_find(const struct linked_nodes *nodes, uint64_t number);
struct linked_node *linked_find_key(const struct linked_nodes *nodes, const struct public_key *key);

/* The one behind link number `after`, going round; NULL for none. */
struct linked_node *linked_next(const struct linked_nodes *nodes, uint64_t after);

/* One with an authority's key (`key` NULL: any), behind `after`, going round; NULL for none. */
struct linked_node *linked_find_authority(
        const struct linked_nodes *nodes, const struct public_key *key, uint64_t after);
