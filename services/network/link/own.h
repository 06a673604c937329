/* services/network/link/own.h - what this node itself offers, and when others are told so.
 *
 * A service that appears or goes makes a new advert at once; load and numbers of instances wait
 * until there is something else to say, or ADVERT_SOFT_MS. One that comes and goes too often is
 * held back (damping.h): it serves here as ever, and is not told of until it stays. */
#pragma once

#include "services/network/link/advert.h"
#include "services/network/link/bucket.h"
#include "services/network/link/damping.h"

enum own_outcome {
    OWN_OK,
    OWN_BAD,      /* one is no valid offer, or they are not in order, or one stands twice */
    OWN_TOO_MANY, /* more than ADVERT_OFFERS_MAX, or ADVERT_BODY_MAX bytes: nothing changed */
    OWN_NO_MEMORY /* nothing changed */
};

/* An offer by value, and how it stands. */
struct own_offer {
    char service[SERVICE_NAME_MAX];
    char version[ADVERT_VERSION_MAX];
    char proto_service[ADVERT_PROTO_NAME_MAX];
    uint8_t service_size;
    uint8_t version_size;
    uint8_t proto_service_size;
    uint8_t types_size;
    uint8_t types[ADVERT_TYPES_SIZE];
    uint32_t instances;
    uint32_t latency_us;
    bool present; /* in the last own_set */
    bool told;    /* in the last advert */
    struct damping damping;
};

struct own {
    struct own_offer *offers; /* owned; sorted; absent ones are kept while they are damped */
    uint32_t count;
    uint32_t room; /* at most two times ADVERT_OFFERS_MAX */
    char addresses[ADVERT_ADDRESSES_MAX][ADVERT_ADDRESS_MAX];
    uint8_t address_sizes[ADVERT_ADDRESSES_MAX];
    uint32_t address_count;
    uint64_t sequence;
    uint64_t made_ms;     /* when the last advert was made */
    struct bucket bucket; /* of adverts */
    uint64_t differs_ms;  /* when what is there differs from what was told; UINT64_MAX for never */
    bool hard;            /* others have to be told at once that something else changed */
    bool soft;            /* load or numbers of instances changed */
};

void own_init(struct own *own, uint64_t now_ms);

/* Safe on zeroes, and safe twice. */
void own_deinit(struct own *own);

/* What this node offers from now on, whole, in order (offer_compare). */
enum own_outcome own_set(
        struct own *own, const struct offer *offers, uint32_t count, uint64_t now_ms);

/* Where others reach this node. OWN_BAD where one is empty or too long or there are too many. */
enum own_outcome own_set_addresses(struct own *own, const struct span *addresses, uint32_t count);

/* Asks for a new advert though no offer changed: a new certificate chain has to get around. */
void own_renew(struct own *own);

/* When a new advert is to be made; now_ms for now, UINT64_MAX for never. */
uint64_t own_due(struct own *own, uint64_t now_ms);

/* Makes the next advert's body in `out` (ADVERT_BODY_MAX bytes) and returns its size. `body` has
 * node and epoch. */
size_t own_write(struct own *own, struct advert_body *body, uint8_t *out, uint64_t now_ms);
