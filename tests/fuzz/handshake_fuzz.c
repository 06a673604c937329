// SPDX-License-Identifier: Apache-2.0
/* An initiator and a responder, and in between somebody who carries, changes, cuts, repeats and
 * makes up what they hear, in any order; and who holds the pre-shared key, if the input says so,
 * but no node's key. Whoever is established must have heard exactly what the other one said; or it
 * is a responder to which somebody with the pre-shared key is joining. */
#include <sodium.h>
#include <string.h>

#include "base/check.h"
#include "tests/unit/secure_pair.h"
#include "transport/secure/big_endian.h"

enum { HEARD_MAX = 65536, PAYLOAD_MAX = 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What one side was given: what it took, then what still waits for more. */
struct heard {
    uint8_t bytes[HEARD_MAX];
    size_t size;
    size_t taken;
};

struct wire {
    struct pair pair;
    struct heard heard[2];
    struct noise outsider; /* who holds the pre-shared key and nobody's identity */
    bool outsider_spoke;
};

/* The rest of an input. */
struct input {
    const uint8_t *at;
    const uint8_t *end;
};

static struct world world;
static struct pair recorded; /* a handshake of the same two at another time */

static uint8_t take_byte(struct input *input)
{
    return input->at < input->end ? *input->at++ : 0;
}

static size_t take_number(struct input *input)
{
    size_t high = take_byte(input);

    return high << 8 | take_byte(input);
}

static struct span take_bytes(struct input *input, size_t size)
{
    size_t left = (size_t)(input->end - input->at);
    struct span bytes = { input->at, size < left ? size : left };

    input->at += bytes.size;
    return bytes;
}

/* ---- what must hold ---- */

static bool heard_is(const struct heard *heard, struct span one, struct span two)
{
    return heard->taken == one.size + two.size && memcmp(heard->bytes, one.data, one.size) == 0 &&
           (two.size == 0 || memcmp(heard->bytes + one.size, two.data, two.size) == 0);
}

static struct span span_of(const struct flight *flight)
{
    return (struct span){ flight->bytes, flight->size };
}

static void check_established(const struct wire *wire, unsigned side)
{
    const struct pair *pair = &wire->pair;
    const struct handshake_peer *peer = &pair->sides[side].peer;

    if (side == 0) {
        CHECK(heard_is(&wire->heard[0], span_of(&pair->flights[1]), (struct span){ 0 }));
        CHECK(!peer->joining && strcmp(peer->identity.name, "bob.home") == 0);
    } else if (heard_is(&wire->heard[1], span_of(&pair->flights[0]), span_of(&pair->flights[2]))) {
        CHECK(peer->joining || strcmp(peer->identity.name, "alice.home") == 0);
        CHECK(memcmp(pair->sides[0].link_id, pair->sides[1].link_id, NOISE_HASH_SIZE) == 0);
    } else {
        CHECK(peer->joining && wire->outsider_spoke);
        CHECK(sodium_is_zero((const uint8_t *)&peer->identity, sizeof(peer->identity)));
    }
}

/* ---- what can be done ---- */

static void deliver(struct wire *wire, unsigned side, struct span bytes)
{
    struct heard *heard = &wire->heard[side];
    struct handshake *handshake = &wire->pair.sides[side];
    struct span out;
    size_t used;

    if (handshake->state == HANDSHAKE_DONE || heard->size + bytes.size > HEARD_MAX)
        return;
    if (bytes.size > 0)
        memcpy(heard->bytes + heard->size, bytes.data, bytes.size);
    heard->size += bytes.size;
    wire->pair.outcomes[side] = handshake_read(handshake,
            (struct span){ heard->bytes + heard->taken, heard->size - heard->taken }, WORLD_WALL_MS,
            &used);
    CHECK(used <= heard->size - heard->taken);
    heard->taken += used;
    out = handshake_out(handshake);
    if (out.size > 0) {
        struct flight *flight = &wire->pair.flights[side == 0 ? 2 : 1];

        CHECK(flight->size == 0); /* each side speaks once more, and not twice */
        memcpy(flight->bytes, out.data, out.size);
        flight->size = out.size;
    }
    switch (wire->pair.outcomes[side]) {
    case HANDSHAKE_CLOSED:
        CHECK(handshake->cause != HANDSHAKE_GOES_ON && handshake_is_shut(handshake));
        break;
    case HANDSHAKE_ESTABLISHED:
        check_established(wire, side);
        break;
    case HANDSHAKE_MORE:
        CHECK(handshake->cause == HANDSHAKE_GOES_ON);
        break;
    }
}

/* One of the flights of this handshake or of the recorded one, with what the input does to it. */
static void deliver_flight(struct wire *wire, unsigned side, uint8_t how, struct input *input)
{
    const struct pair *pair = (how & 1) != 0 ? &recorded : &wire->pair;
    struct flight flight = pair->flights[take_byte(input) % FLIGHTS];
    size_t at;

    if ((how & 2) != 0 && flight.size > 0) {
        at = take_number(input) % flight.size;
        flight.bytes[at] ^= take_byte(input);
    }
    if ((how & 4) != 0 && flight.size > 0) {
        at = take_number(input) % flight.size;
        memmove(flight.bytes, flight.bytes + at, flight.size - at);
        flight.size -= at;
    }
    if ((how & 8) != 0 && flight.size > 0)
        flight.size = take_number(input) % flight.size;
    deliver(wire, side, span_of(&flight));
}

/* Begins to speak as `role` with the pre-shared key, under the preamble of this handshake. */
static void start_outsider(struct wire *wire, enum noise_role role, const struct handshake_psk *psk)
{
    uint8_t prologue[10 + HANDSHAKE_PREAMBLE_SIZE] = "mu.link.v1";
    uint8_t ephemeral[NOISE_KEY_SIZE];

    memcpy(prologue + 10, wire->pair.flights[0].bytes, HANDSHAKE_PREAMBLE_SIZE);
    world_ephemeral(ephemeral, role, 7);
    noise_init(&wire->outsider, &noise_xxpsk0, role, (struct span){ prologue, sizeof(prologue) },
            &(struct noise_keys){ .ephemeral_secret = ephemeral,
                    .own_static = &world.nodes[WORLD_STRANGER].link_static,
                    .psks = (const uint8_t(*)[NOISE_KEY_SIZE]) & psk->key,
                    .psk_count = 1 });
}

/* The outsider hears the last flight of `side`, if it is its turn to. */
static void let_outsider_hear(struct wire *wire, const struct flight *flight, size_t head)
{
    uint8_t payload[HANDSHAKE_OUT_MAX];
    size_t size;

    if (!noise_is_done(&wire->outsider) && !noise_writes(&wire->outsider) &&
            flight->size > head + 2)
        noise_read(&wire->outsider,
                (struct span){ flight->bytes + head + 2, flight->size - head - 2 }, payload, &size);
}

/* Sends the outsider's next message, under the right pre-shared key. */
static void let_outsider_send(struct wire *wire, unsigned side, struct span payload)
{
    uint8_t bytes[HANDSHAKE_PREAMBLE_SIZE + 2 + PAYLOAD_MAX + NOISE_OVERHEAD_MAX];
    size_t head = side == 1 && wire->outsider.message == 0 ? HANDSHAKE_PREAMBLE_SIZE : 0;
    size_t size;

    if (wire->outsider.refused || !noise_writes(&wire->outsider))
        return;
    memcpy(bytes, wire->pair.flights[0].bytes, head);
    if (head > 0)
        payload.size = 0;
    if (noise_write(&wire->outsider, payload, bytes + head + 2, &size) != NOISE_OK)
        return;
    be16_write(bytes + head, (uint16_t)size);
    wire->outsider_spoke = true;
    deliver(wire, side, (struct span){ bytes, head + 2 + size });
}

/* It says what the input says. */
static void let_outsider_speak(struct wire *wire, unsigned side, struct input *input)
{
    let_outsider_send(wire, side, take_bytes(input, take_number(input) % PAYLOAD_MAX));
}

/* It says what some node would say, which is no secret among members, with a change or two. */
static void let_outsider_quote(struct wire *wire, unsigned side, struct input *input)
{
    uint8_t bytes[INTRODUCTION_SIZE_MAX];
    uint8_t who = take_byte(input);
    size_t size = world_introduce(&world, (enum world_node)(who % WORLD_NODES),
            (enum noise_role)(who >> 7), (who & 64) != 0, bytes);

    for (unsigned changes = (who >> 4) & 3; changes > 0; changes--) {
        size_t at = take_number(input) % size;

        bytes[at] ^= take_byte(input);
    }
    let_outsider_send(wire, side, (struct span){ bytes, size });
}

static void step(
        struct wire *wire, struct input *input, bool has_psk, const struct handshake_psk *psk)
{
    uint8_t action = take_byte(input);
    unsigned side = action >> 7;

    switch (action % 8) {
    case 0:
        deliver(wire, side, take_bytes(input, take_byte(input)));
        break;
    case 1:
        if (has_psk)
            start_outsider(wire, side == 1 ? NOISE_INITIATOR : NOISE_RESPONDER, psk);
        break;
    case 2:
        if (has_psk && wire->outsider.pattern != NULL)
            let_outsider_hear(
                    wire, &wire->pair.flights[side], side == 0 ? HANDSHAKE_PREAMBLE_SIZE : 0);
        break;
    case 3:
        if (has_psk && wire->outsider.pattern != NULL)
            let_outsider_speak(wire, side, input);
        break;
    case 4:
        if (has_psk && wire->outsider.pattern != NULL)
            let_outsider_quote(wire, side, input);
        break;
    default:
        deliver_flight(wire, side, (action >> 3) & 15, input);
        break;
    }
}

static void prepare(void)
{
    static bool prepared;

    if (prepared)
        return;
    CHECK(sodium_init() >= 0);
    world_init(&world);
    pair_begin_honest(&recorded, &world, 1);
    pair_run(&recorded, FLIGHTS);
    prepared = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct wire wire;
    struct input input = { data, data + size };
    const struct handshake_psk *psk;
    uint8_t mode;

    if (size == 0)
        return 0;
    prepare();
    mode = take_byte(&input);
    psk = &world.psks[(mode & 2) != 0 ? WORLD_TOKEN : WORLD_CURRENT];
    memset(&wire, 0, sizeof(wire));
    pair_begin(&wire.pair, &world, &world.nodes[WORLD_ALICE].self, &world.nodes[WORLD_BOB].self,
            psk, 0);
    while (input.at < input.end)
        step(&wire, &input, (mode & 1) != 0, psk);
    pair_end(&wire.pair);
    return 0;
}
