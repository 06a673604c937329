/* services/network/link/badge.h - what this node shows and believes in handshakes: its certificates
 * with the signatures that bind the process's X25519 key to them, the pre-shared keys that let
 * others in, and its own copy of what is trusted, as links look at it with their lock and the rest
 * of the process does not hold that. */
#pragma once

#include "services/network/link/links.h"
#include "services/network/link/seat.h"

struct badge {
    struct handshake_self self;
    struct links_identity identity; /* of the rest of this; for links_set_identity */
    struct chain chain;
    struct handshake_psk *psks; /* owned, in guarded memory: the network's, then the tokens' */
};

/* The X25519 pair of the process and its number, which all its badges share. */
struct pin {
    struct noise_pair link_static;
    uint64_t boot_id;
};

/* Draws both. */
void pin_init(struct pin *pin);

/* Wipes it. Safe on zeroes, and safe twice. */
void pin_deinit(struct pin *pin);

/* Makes the badge of `seat`. A certificate that has ended at `now_s` is not shown: then others take
 * this node for one that joins, and it asks for its next one. `trust` is what links believe and is
 * borrowed as long as the badge is used. Returns 0 or -errno. */
int badge_init(struct badge *badge, const struct pin *pin, struct seat *seat,
        const struct trust *trust, uint64_t now_s);

/* The badge of a node that is in no network and is about to join one. */
void badge_init_bare(struct badge *badge, const struct pin *pin);

/* Wipes it. Safe on zeroes, and safe twice. */
void badge_deinit(struct badge *badge);
