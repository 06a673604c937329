// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/secure_pair.h"

#include <sodium.h>
#include <string.h>

#include "base/check.h"

static void take_flight(struct pair *pair, unsigned side, unsigned number)
{
    struct span out = handshake_out(&pair->sides[side]);

    CHECK(out.size <= HANDSHAKE_OUT_MAX);
    if (number >= FLIGHTS)
        return;
    if (out.size > 0)
        memcpy(pair->flights[number].bytes, out.data, out.size);
    pair->flights[number].size = out.size;
}

void pair_begin(struct pair *pair, const struct world *world,
        const struct handshake_self *initiator, const struct handshake_self *responder,
        const struct handshake_psk *psk, uint8_t which)
{
    uint8_t ephemeral[NOISE_KEY_SIZE];

    *pair = (struct pair){ .used = 0 };
    world_ephemeral(ephemeral, NOISE_INITIATOR, which);
    handshake_init_initiator(&pair->sides[0], initiator, psk, ephemeral);
    world_ephemeral(ephemeral, NOISE_RESPONDER, which);
    handshake_init_responder(&pair->sides[1], responder, world->psks, WORLD_PSKS, ephemeral);
    take_flight(pair, 0, 0);
}

void pair_begin_honest(struct pair *pair, const struct world *world, uint8_t which)
{
    pair_begin(pair, world, &world->nodes[WORLD_ALICE].self, &world->nodes[WORLD_BOB].self,
            &world->psks[WORLD_CURRENT], which);
}

enum handshake_outcome pair_read(
        struct pair *pair, unsigned side, const struct flight *flight, unsigned answer)
{
    uint64_t wall_ms = WORLD_WALL_MS + UINT64_C(500) * answer + UINT64_C(10000) * side;

    pair->outcomes[side] = handshake_read(
            &pair->sides[side], (struct span){ flight->bytes, flight->size }, wall_ms, &pair->used);
    CHECK(pair->used <= flight->size);
    take_flight(pair, side, answer);
    return pair->outcomes[side];
}

void pair_run(struct pair *pair, unsigned until)
{
    for (unsigned number = 0; number < until && pair->flights[number].size > 0; number++)
        pair_read(pair, 1 - number % 2, &pair->flights[number], number + 1);
}

void pair_end(struct pair *pair)
{
    handshake_deinit(&pair->sides[0]);
    handshake_deinit(&pair->sides[1]);
}

bool handshake_is_shut(struct handshake *handshake)
{
    static const uint8_t bytes[66] = "MuL1\x01\x01";
    enum handshake_cause cause = handshake->cause;
    size_t used;

    return handshake_read(handshake, (struct span){ bytes, sizeof(bytes) }, WORLD_WALL_MS, &used) ==
                   HANDSHAKE_CLOSED &&
           used == 0 && handshake->cause == cause && handshake_out(handshake).size == 0 &&
           sodium_is_zero((const uint8_t *)&handshake->peer, sizeof(handshake->peer)) &&
           sodium_is_zero(handshake->link_id, sizeof(handshake->link_id)) &&
           sodium_is_zero((const uint8_t *)&handshake->noise, sizeof(handshake->noise)) &&
           sodium_is_zero((const uint8_t *)&handshake->psk, sizeof(handshake->psk)) &&
           sodium_is_zero(handshake->ephemeral_secret, NOISE_KEY_SIZE);
}
