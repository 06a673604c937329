/* services/network/link/routes.h - which service is reached through which neighbour.
 *
 * A path vector: an advert, signed by its node, travels with the nodes that it came through, at
 * most ROUTE_HOPS_MAX links far. What a node tells its neighbours is what it can do now, and only
 * what changed is told; a digest of ten seconds' silence proves that nothing got lost. The way to a
 * node has no loop at any instant: docs/protocol.md, "Adverts", says why.
 *
 * A core: `(event, now_ms) -> effects`. After each event its owner takes effects with routes_next
 * until there are none, in that order: what the router does changes before a neighbour hears of it.
 * routes_tick is an event, due at routes_due. Times are monotonic and never go back. All nodes are
 * named by their keys, which the sessions have authenticated. */
#pragma once

#include "services/network/link/missing.h"
#include "services/network/link/neighbour.h"
#include "services/network/link/own.h"

/* Signs `body` with this node's key (advert_sign). */
typedef void (*routes_sign_fn)(void *context, struct span body, uint8_t signature[SIGNATURE_SIZE]);

/* Says whether an advert is believed (advert_believe), whose it is, and for how many ms its
 * certificates hold. */
typedef bool (*routes_believe_fn)(
        void *context, const struct advert *advert, struct identity *identity, uint64_t *valid_msp);

/* True where the types with this hash are known here. */
typedef bool (*routes_knows_fn)(void *context, struct span types);

struct routes_settings {
    struct public_key node; /* this one */
    uint64_t epoch;         /* advert_epoch */
    uint64_t seed;          /* random: nobody outside knows it */
    routes_sign_fn sign;
    routes_believe_fn believe;
    routes_knows_fn knows;
    void *context; /* borrowed, for all three */
};

/* One line of a neighbour's table. */
struct route {
    struct span service; /* borrowed from the advert that offers it */
    uint32_t hops;       /* 1..ROUTE_HOPS_MAX */
    uint32_t metric_us;
};

enum routes_outcome {
    ROUTES_OK,
    ROUTES_BAD,      /* a message that no honest neighbour sends: its link is to be closed */
    ROUTES_NOT_MINE, /* a message for somebody else in the link process */
    ROUTES_FULL      /* a limit: nothing changed */
};

enum routes_effect_kind {
    ROUTES_TABLE,  /* router.Routes: all that is reached through `node` */
    ROUTES_IMPORT, /* registry.Import: all that `node` offers; nothing where it is gone */
    ROUTES_SEND    /* `message`, a packed PeerMessage, to the neighbour `node` */
};

struct routes_effect {
    enum routes_effect_kind kind;
    struct public_key node;
    struct span message;        /* of SEND. Borrowed, as all of these, until the next call */
    const struct route *routes; /* of TABLE: `count` of them */
    uint32_t count;
    const struct node *import; /* of IMPORT: its identity, and offers by node_offers; NULL: gone */
};

struct routes {
    struct routes_settings settings;
    struct nodes nodes;
    struct node *self;                                  /* borrowed from nodes: slot 0 */
    struct neighbour *neighbours[ROUTE_NEIGHBOURS_MAX]; /* owned */
    uint32_t neighbour_count;
    struct own own;
    uint8_t chain[ADVERT_CHAIN_MAX];
    size_t chain_size;
    struct missing missing;

    uint32_t stirred[ROUTE_NODES_MAX]; /* slots whose way has to be chosen again */
    uint32_t stirred_count;
    bool changed; /* a table or what a node offers may differ from what was handed out */
    uint64_t sweep_ms;

    struct route *table;   /* owned: ROUTE_TABLE_MAX */
    uint16_t *table_index; /* owned: where a service stands in it, by hash; 0: nowhere */
    uint8_t *message;      /* owned: ROUTE_MESSAGE_MAX, more than ADVERT_BODY_MAX */

    uint64_t adverts_verified; /* signatures that were checked */
    uint64_t adverts_refused;  /* those that were not believed */
    uint64_t nodes_refused;    /* reports that found no room */
};

/* Returns 0 or -ENOMEM. */
int routes_init(struct routes *routes, const struct routes_settings *settings, uint64_t now_ms);

/* Safe on zeroes, and safe twice. */
void routes_deinit(struct routes *routes);

/* ---- what happened. Those that return an int return 0, an enum routes_outcome, or -ENOMEM ---- */

/* What this node offers from now on, whole, in order (offer_compare). */
enum own_outcome routes_set_offers(
        struct routes *routes, const struct offer *offers, uint32_t count, uint64_t now_ms);

/* This node's certificates and addresses from now on. ROUTES_BAD where something is over its limit.
 */
enum routes_outcome routes_set_self(struct routes *routes, struct span chain,
        const struct span *addresses, uint32_t address_count, uint64_t now_ms);

/* A link to `node` is up; before, there was none. ROUTES_FULL: there are ROUTE_NEIGHBOURS_MAX, or
 * no room for one node more. */
int routes_link_up(struct routes *routes, const struct public_key *node, uint64_t now_ms);

/* The link is gone, and with it all that was reached through it, in this very step. */
void routes_link_down(struct routes *routes, const struct public_key *node, uint64_t now_ms);

/* Half the smoothed round trip of a link. Small differences are noise, and change nothing. */
void routes_set_cost(struct routes *routes, const struct public_key *node, uint32_t half_trip_us,
        uint64_t now_ms);

/* A packed PeerMessage of a neighbour's. */
int routes_receive(
        struct routes *routes, const struct public_key *node, struct span message, uint64_t now_ms);

/* Whom to believe may have changed: all adverts are looked at again. */
void routes_recheck(struct routes *routes, uint64_t now_ms);

/* Types are known now, or are not wanted any more. */
void routes_learned(struct routes *routes, struct span types);

/* Types are not known any more: whoever offers them is asked. */
void routes_lost_types(struct routes *routes, struct span types, uint64_t now_ms);

/* The registry has forgotten what it was told: all of it is told again. */
void routes_import_again(struct routes *routes);

/* Time has passed. */
void routes_tick(struct routes *routes, uint64_t now_ms);

/* ---- what is to be done ---- */

/* The next effect. False when there is none. */
bool routes_next(struct routes *routes, struct routes_effect *effect, uint64_t now_ms);

/* When routes_tick is due. */
uint64_t routes_due(struct routes *routes, uint64_t now_ms);

/* ---- how it stands (report.c) ---- */

/* A node for NodesReply. */
struct node_report {
    const struct node *node; /* borrowed */
    bool linked;
    bool reachable;
    uint64_t heard_ms; /* since something was heard of it */
};

/* The node in `slot` (0..routes->nodes.slot_count - 1). False where there is none. */
bool routes_report_node(
        const struct routes *routes, uint32_t slot, uint64_t now_ms, struct node_report *report);

/* A route for RoutesReply. */
struct route_report {
    struct offer offer;      /* borrowed, as all of this, during the call */
    const struct node *node; /* that offers it */
    const struct node *via;  /* the neighbour; NULL for this node's own */
    const struct path *path; /* nearest to the origin first; NULL for this node's own */
    uint32_t hops;
    uint32_t metric_us;
    bool usable; /* now; else it waits until all neighbours know that the former one is gone */
    bool chosen; /* a call from here takes it, or one that is as good */
    uint32_t damped_ms;
};

typedef void (*routes_report_fn)(void *context, const struct route_report *report);

/* Calls `report` for each route of each service whose name begins with `prefix`, also those that
 * are not used now. */
void routes_report(struct routes *routes, struct span prefix, uint64_t now_ms,
        routes_report_fn report, void *context);
