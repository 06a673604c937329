/* services/network/link/node.h - the nodes that are known, with the newest advert of each.
 *
 * A node has a number, its slot, for as long as it is known; what a neighbour says of it and is
 * told of it stands under that number (neighbour.h). Slot 0 is this node. */
#pragma once

#include "services/network/link/advert.h"
#include "services/network/link/damping.h"

struct neighbour;

enum { HOPS_NONE = 255 }; /* not reachable, or not told */

struct node {
    struct public_key id;
    uint32_t slot;
    struct node *next; /* borrowed: the next one in its bucket */

    /* Its advert. */
    bool held;
    struct version version; /* of the advert that is held */
    uint8_t *bytes;         /* owned: body, signature, chain, one behind the other */
    size_t body_size;
    size_t chain_size;
    uint32_t offer_count;
    uint32_t ttl_ms;
    struct identity identity; /* whose it is, by the chain */
    uint64_t until_ms;        /* when the chain ends; UINT64_MAX for this node */

    /* The way to it. */
    uint8_t hops;          /* 0..ROUTE_HOPS_MAX, or HOPS_NONE */
    struct neighbour *via; /* borrowed; NULL for this node, and where it is not reachable */
    struct version route_version;
    struct path route_path; /* of `via`, as it was told on */
    uint32_t metric_us;
    uint32_t report_count; /* neighbours that say they reach it */
    uint64_t heard_ms;     /* when one of them last spoke of it */

    struct neighbour *neighbour; /* borrowed: where it is linked to this node; else NULL */
    struct damping damping;      /* of the link to it */
    bool damped;                 /* that link is held back: others are not told what is behind it */

    struct neighbour *asked; /* borrowed: who was asked for its body last; NULL: nobody */
    uint64_t asked_ms;
    uint64_t behind_ms; /* since when nobody tells the version that is held; 0: somebody does */
    bool unsettled;     /* a body is missing or nobody's: the sweep looks again */

    bool stirred;  /* its way has to be chosen again */
    bool imported; /* the registry has what it offers */
    bool changed;  /* what the registry has is not true any more */
};

struct nodes {
    struct node *slots[ROUTE_NODES_MAX]; /* owned; NULL where free */
    uint32_t slot_count;                 /* slots that were ever used */
    uint32_t count;
    struct node *buckets[ROUTE_NODES_MAX]; /* borrowed from slots */
    uint64_t seed;
};

enum nodes_outcome { NODES_OK, NODES_FULL };

/* `seed` keeps anybody from choosing ids that fall into one bucket. */
void nodes_init(struct nodes *nodes, uint64_t seed);

/* Frees all nodes. Safe on zeroes, and safe twice. */
void nodes_deinit(struct nodes *nodes);

/* The node of that id, or NULL. */
struct node *nodes_find(const struct nodes *nodes, const struct public_key *id);

/* Makes a node of which nothing is known but its id, which is new. Returns 0, NODES_FULL or
 * -ENOMEM. */
int nodes_add(struct nodes *nodes, const struct public_key *id, struct node **nodep);

/* Forgets a node, and frees it. */
void nodes_remove(struct nodes *nodes, struct node *node);

/* Keeps a copy of an advert that is believed, instead of the one that was held. Returns 0 or
 * -ENOMEM, and then nothing changed. */
int node_hold(struct node *node, const struct advert *advert);

/* Lets go of its advert. */
void node_let_go(struct node *node);

/* The advert that is held, with an empty path. Borrowed from the node until the next hold. */
struct advert node_advert(const struct node *node);

/* Its offers, for advert_next_offer. The same bytes hold its addresses, for advert_next_address. */
struct fields node_offers(const struct node *node);
