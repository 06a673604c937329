/* services/network/link/neighbour.h - a linked node: what it says, and what it was told.
 *
 * For each node there is what the neighbour reports of it (path, metric, version) and what it was
 * told of it. `floor` is the heart of it: the fewest hops at which the neighbour may still believe
 * this node to be from that one. It falls when something nearer is told, and rises only when the
 * neighbour has confirmed that it took something farther, or a withdrawal. */
#pragma once

#include "services/network/link/bucket.h"
#include "services/network/link/node.h"

/* What stands between one neighbour and one node. */
struct pair {
    /* What the neighbour reports. */
    bool reported;
    bool looped; /* its path has this node, or one twice: counted, never used */
    struct version version;
    struct path path;
    uint32_t metric_us;
    uint64_t heard_hash;
    uint64_t in_table;    /* hops << 32 | metric in the neighbour's table; 0: it is not in there */
    bool wanted;          /* the body is to be asked for */
    uint64_t doubt_check; /* of a body of its that was not believed */
    uint64_t doubt_until_ms;
    uint64_t silent_until_ms; /* it was asked for the body, and did not answer in time */

    /* What it was told. */
    uint64_t told_hash;  /* 0: nothing, or a withdrawal */
    uint64_t told_check; /* of the version last told: the neighbour can have its body */
    uint64_t number;     /* of the batch that told it last */
    uint8_t told_hops;   /* HOPS_NONE: nothing, or a withdrawal */
    uint8_t floor;
    bool dirty; /* what is to be told may differ from what was */
    bool force; /* tell it even where nothing differs */
    bool whole; /* with its body */
};

/* As in mu.link.v1.AdvertsStart. */
enum adverts_start { ADVERTS_NEXT, ADVERTS_AGAIN, ADVERTS_ANEW, ADVERTS_STARTS };

struct neighbour {
    struct node *node;  /* borrowed from the nodes */
    struct pair *pairs; /* owned: by slot */
    uint32_t room;      /* how many: more than there are slots in use */
    uint32_t cost_us;   /* half a smoothed round trip, kept still while it changes little */
    uint64_t cost_ms;   /* when it last changed */

    /* Telling. */
    uint64_t sent;      /* number of the last batch */
    uint64_t confirmed; /* number of the last one that it confirmed */
    uint64_t sent_ms;   /* when the oldest unconfirmed one was sent */
    uint64_t told_sum;
    uint32_t told_count;
    enum adverts_start start; /* of the next batch */
    bool dirty;               /* some pair is */
    struct bucket bucket;     /* of batches */
    uint64_t digest_ms;       /* when the next one is due */
    uint64_t anew_ms;         /* when everything was last told anew */

    /* Hearing. */
    uint64_t taken; /* number of the last batch that was taken */
    bool confirm;   /* and it has to be told so */
    uint64_t heard_sum;
    uint32_t heard_count;
    uint64_t heard_ms;   /* when it last proved that all it told still holds */
    uint32_t miss_count; /* digests that did not fit, one behind the other */
    bool want_anew;
    bool want; /* some pair's body is wanted */

    bool changed;        /* its table may have */
    uint64_t table_hash; /* of the table that the router was given; 0: none */
};

/* Makes one for `node`, of which nothing was heard or told, with pairs for `slot_count` nodes.
 * Returns 0 or -ENOMEM. */
int neighbour_new(
        struct neighbour **neighbourp, struct node *node, uint32_t slot_count, uint64_t now_ms);

/* Makes room for so many nodes. Moves the pairs. Returns 0 or -ENOMEM. */
int neighbour_reserve(struct neighbour *neighbour, uint32_t slot_count);

/* Nothing was heard or told of the node in `slot`. */
void neighbour_clear(struct neighbour *neighbour, uint32_t slot);

/* NULL is fine. Returns NULL. */
struct neighbour *neighbour_free(struct neighbour *neighbour);

/* Marks what is told of `node`, for the next batch to look at. */
void neighbour_stir(struct neighbour *neighbour, const struct node *node);

/* True where the neighbour's word for a node leads somewhere: its path has no loop, and it was not
 * caught without the body, or with a forged one. */
bool pair_is_credible(const struct pair *pair, uint64_t now_ms);

/* A number for what one advert says, the same on both sides of a link; never 0. */
uint64_t entry_hash(const struct advert *advert);
