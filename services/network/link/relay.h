/* services/network/link/relay.h - renewals that this node passes on to an authority for others,
 * which have no link to one. A request is good for the one key that signed it, so nothing is
 * entrusted to who passes it on. */
#pragma once

#include "services/network/link/network_limits.h"
#include "transport/secure/key.h"

struct relay {
    struct relay_entry {
        struct public_key subject; /* whose request it is */
        uint64_t link;             /* where it came from; 0: free */
        uint64_t asked;            /* where it went: nobody else's answer counts */
        uint64_t until_ms;
    } entries[RELAYS_MAX];
};

/* Notes that a request came from `link` and went to `asked`. The oldest one is forgotten where
 * there are RELAYS_MAX. */
void relay_note(struct relay *relay, const struct public_key *subject, uint64_t link,
        uint64_t asked, uint64_t now_ms);

/* Where the answer of `asked` for `subject` belongs, and forgets it; 0 for nowhere. */
uint64_t relay_take(
        struct relay *relay, const struct public_key *subject, uint64_t asked, uint64_t now_ms);
