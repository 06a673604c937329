/* registry/etcd/neighbours.h - what other nodes said last, as far as it is believed.
 *
 * Believed is a statement that is signed with the key that the roster has for its node, and newer
 * than the one before it. Anything else is counted and changes nothing, and nothing but the node's
 * own next statement, or its key's end in etcd, takes the last one's place. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "registry/etcd/roster.h"

enum neighbours_outcome {
    NEIGHBOURS_BELIEVED = 0,
    NEIGHBOURS_SAME = 1,    /* it is the last one, still there */
    NEIGHBOURS_UNKNOWN = 2, /* of a node that is not in the roster */
    NEIGHBOURS_FORGED = 3,
    NEIGHBOURS_REPLAYED = 4, /* no newer than the last one */
    NEIGHBOURS_GARBAGE = 5,
    NEIGHBOURS_OUTCOMES
};

struct neighbour {
    uint8_t *statement; /* owned: the last one that was believed; NULL: none */
    size_t size;
    uint64_t sequence;
    uint32_t instances; /* that it offers */
    bool present;       /* its key is in etcd */
    bool listed;        /* in the list that is under way */
    bool changed;       /* since it was last imported */
    uint64_t refused;   /* sequence of the last one that the registry refused */
};

struct neighbours {
    const struct roster *roster; /* borrowed for good, as is the prefix */
    const char *prefix;
    struct neighbour *slots; /* owned; one for each node of the roster */
    uint64_t counts[NEIGHBOURS_OUTCOMES];
};

/* Returns 0 or -ENOMEM. */
int neighbours_init(struct neighbours *neighbours, const struct roster *roster, const char *prefix);

/* Safe on zeroes, and safe twice. */
void neighbours_deinit(struct neighbours *neighbours);

/* A value stands under the offers of `node`. Returns an outcome or -ENOMEM. */
int neighbours_hear(struct neighbours *neighbours, const char *node, struct mu_bytes value);

/* The offers of `node` stand in etcd no more. */
void neighbours_gone(struct neighbours *neighbours, const char *node);

/* A list of all there is begins and ends: what was not heard in between is gone. */
void neighbours_list_begin(struct neighbours *neighbours);
void neighbours_list_end(struct neighbours *neighbours);

/* All must be imported anew: the registry knows nothing. */
void neighbours_touch(struct neighbours *neighbours);

/* What the node of that index offers now, for the caller to free with
 * mu__etcd__v1__statement_body__free_unpacked; NULL where it offers nothing. Returns 0 or -ENOMEM.
 */
int neighbours_offers(
        const struct neighbours *neighbours, uint32_t index, Mu__Etcd__V1__StatementBody **bodyp);
