/* tests/unit/secure_pair.h - two handshakes of a world, and what they say to each other in the
 * hands of who carries it. */
#pragma once

#include "tests/unit/secure_world.h"

enum { FLIGHTS = 3 };

/* What one side sends at a time: the initiator, the responder, the initiator. One more byte fits.
 */
struct flight {
    uint8_t bytes[HANDSHAKE_OUT_MAX + 1];
    size_t size;
};

struct pair {
    struct handshake sides[2]; /* the initiator and the responder */
    enum handshake_outcome outcomes[2];
    struct flight flights[FLIGHTS]; /* as they were sent */
    size_t used;                    /* of the flight that was read last */
};

/* Begins; the first flight is there. `which` makes the ephemeral keys. */
void pair_begin(struct pair *pair, const struct world *world,
        const struct handshake_self *initiator, const struct handshake_self *responder,
        const struct handshake_psk *psk, uint8_t which);

/* The same for alice and bob with the present key. */
void pair_begin_honest(struct pair *pair, const struct world *world, uint8_t which);

/* Lets side `side` read a flight; its answer becomes flight `answer`, if there is such. Flight n
 * comes half a second after the one before, and the responder's clock is ten seconds ahead. */
enum handshake_outcome pair_read(
        struct pair *pair, unsigned side, const struct flight *flight, unsigned answer);

/* Carries over the flights before number `until` as they are, as long as there are any. */
void pair_run(struct pair *pair, unsigned until);

void pair_end(struct pair *pair);

/* True where a handshake is closed and clean: it believed nothing of its peer, holds nothing
 * secret, says nothing, and does not change whatever it reads. */
bool handshake_is_shut(struct handshake *handshake);
