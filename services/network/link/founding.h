/* services/network/link/founding.h - how a network begins, and how the root key speaks later: it
 * certifies authorities, and is needed for nothing else.
 *
 * The root key is in this process only as long as these functions last; what remains of it is
 * sealed with a passphrase, and handed to who asked. */
#pragma once

#include "services/network/link/membership.h"
#include "transport/secure/seal.h"

/* What is asked for. Borrowed. */
struct founding {
    const char *node;  /* the first part of this node's name */
    const char *owner; /* the second one; also the authority's name */
    struct span passphrase;
    const struct seal_cost *cost;
    uint64_t now_s;
    uint32_t life_s; /* of this node's certificate; 0: a day */
};

enum founding_outcome {
    FOUNDING_OK = 0,
    FOUNDING_NAME = 1,       /* `node.owner` is no name */
    FOUNDING_PASSPHRASE = 2, /* empty or too long */
    FOUNDING_NO_ROOT = 3,    /* not a sealed key */
    FOUNDING_WRONG = 4,      /* not its passphrase */
    FOUNDING_FOREIGN = 5     /* another network's root */
};

/* Makes a network: its root key, sealed; an authority; this node's key and certificate; a
 * pre-shared key. Takes half a second, and 256 MiB for so long. `*membership` is the caller's to
 * deinit. Returns 0, FOUNDING_NAME, FOUNDING_PASSPHRASE or -ENOMEM. */
int founding_found(const struct founding *founding, struct membership *membership,
        uint8_t sealed[SEALED_KEY_SIZE]);

/* Has the root certify the authority of `membership` for another year from `now_s` on; where there
 * is none, this node becomes one, with a new key. Takes as long as above. Returns 0, an enum
 * founding_outcome or -ENOMEM; unless it is 0 nothing changed. */
int founding_certify(
        struct membership *membership, struct span sealed, struct span passphrase, uint64_t now_s);
