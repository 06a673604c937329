/* services/network/link/route_limits.h - limits of adverts and routes, by name. docs/limits.md
 * quotes them. */
#pragma once

enum {
    ROUTE_HOPS_MAX = 3,          /* links between a caller's node and the one that answers */
    ROUTE_NODES_MAX = 1024,      /* nodes that are known, this one among them */
    ROUTE_NEIGHBOURS_MAX = 128,  /* links that are up at once */
    ROUTE_DOUBTFUL_MAX = 64,     /* nodes of which a neighbour speaks without proof */
    ROUTE_TABLE_MAX = 4096,      /* services in one neighbour's table, the nearest first */
    ROUTE_MESSAGE_MAX = 61440,   /* bytes of one message to a neighbour */
    ROUTE_MESSAGE_FULL = 45056,  /* bytes from which a batch is paced by its size alone */
    ROUTE_WINDOW = 8,            /* batches to a neighbour that it did not confirm yet */
    ROUTE_BURST = 20,            /* small batches to a neighbour at once, after a pause */
    ROUTE_REFILL_MS = 250,       /* ms for one more of them */
    ROUTE_DIGEST_MS = 10000,     /* ms between two digests on a link */
    ROUTE_RETRY_MS = 5000,       /* ms after which what is not confirmed counts as lost */
    ROUTE_SWEEP_MS = 1000,       /* ms between two looks at what ends by itself */
    ROUTE_DOUBT_MS = 60000,      /* ms in which a refused advert is not looked at again */
    ROUTE_BEHIND_MS = 2000,      /* ms after which an advert that nobody tells any more is let go */
    ROUTE_METRIC_HOLD_MS = 5000, /* ms that a link's cost stays as it is at least */
    ROUTE_METRIC_STEP_US = 1000, /* us below which a difference between metrics is noise */
    ADVERT_OFFERS_MAX = 512,     /* offers of one node: services times versions */
    ADVERT_BODY_MAX = 49152,     /* bytes of one node's advert, besides signature and chain */
    ADVERT_CHAIN_MAX = 744,      /* bytes of its certificates */
    ADVERT_ADDRESSES_MAX = 8,    /* addresses of one node */
    ADVERT_ADDRESS_MAX = 128,    /* bytes of each */
    ADVERT_VERSION_MAX = 63,     /* bytes of a service's version */
    ADVERT_PROTO_NAME_MAX = 127, /* bytes of `greeter.v1.Greeter` */
    ADVERT_TTL_MS = 30000,       /* ms that a neighbour's word holds without a digest of it */
    ADVERT_BURST = 10,           /* adverts of this node at once, after a pause */
    ADVERT_REFILL_MS = 1000,     /* ms for one more of them */
    ADVERT_SOFT_MS = 10000,      /* ms between two where only load or instances changed */
    DAMPING_PENALTY = 1000,      /* what one flap costs */
    DAMPING_SUPPRESS = 2500,     /* a penalty from which one is held back */
    DAMPING_REUSE = 1000,        /* a penalty below which one is believed again */
    DAMPING_CEILING = 8000,      /* the largest penalty: three half-lives to DAMPING_REUSE */
    DAMPING_HALF_LIFE_MS = 30000, /* ms in which a penalty halves */
    ROUTE_TYPES_MAX = 1024,       /* sets of types that are asked for at a time */
    ROUTE_TYPES_FIRST_MS = 250,   /* ms after which missing types are asked for again; it doubles */
    ROUTE_TYPES_RETRY_MS = 5000   /* ms between two such questions at most */
};
