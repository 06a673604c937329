/* services/network/link/missing.h - sets of types that other nodes offer and nobody here knows yet.
 */
#pragma once

#include "services/network/link/advert.h"

struct missing_types {
    uint8_t types[ADVERT_TYPES_SIZE];
    struct public_key node; /* one that offers them */
    char service[SERVICE_NAME_MAX];
    uint8_t service_size;
    uint64_t ask_ms;   /* when they are asked for next */
    uint32_t pause_ms; /* from then until the time after: who is asked may not have them yet */
};

struct missing {
    struct missing_types *entries; /* owned: ROUTE_TYPES_MAX */
    uint32_t count;
};

/* Returns 0 or -ENOMEM. */
int missing_init(struct missing *missing);

/* Safe on zeroes, and safe twice. */
void missing_deinit(struct missing *missing);

/* Notes the types of what `node` offers. What is noted already stays with the node it has; above
 * ROUTE_TYPES_MAX nothing is noted, until others were found. */
void missing_add(struct missing *missing, const struct public_key *node, const struct offer *offer,
        uint64_t now_ms);

/* They are being asked for. */
void missing_ask(struct missing_types *entry, uint64_t now_ms);

/* When some are to be asked for; UINT64_MAX for never. */
uint64_t missing_due(const struct missing *missing);

/* They are known now, or nobody wants them any more. */
void missing_remove(struct missing *missing, struct span types);
