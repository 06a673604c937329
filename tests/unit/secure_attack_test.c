// SPDX-License-Identifier: Apache-2.0
/* Two handshakes, and somebody who has less than all of the keys: on the wire between them, or at
 * one end. */
#include <sodium.h>
#include <string.h>

#include "tests/unit/cmocka.h"
#include "tests/unit/secure_pair.h"

static struct world world;

static void run_honest(struct pair *pair, uint8_t which)
{
    pair_begin_honest(pair, &world, which);
    pair_run(pair, FLIGHTS);
    assert_int_equal(pair->outcomes[0], HANDSHAKE_ESTABLISHED);
    assert_int_equal(pair->outcomes[1], HANDSHAKE_ESTABLISHED);
}

static void assert_closed(struct handshake *handshake, enum handshake_cause cause)
{
    assert_int_equal(handshake->cause, cause);
    assert_true(handshake_is_shut(handshake));
}

/* ---- what somebody on the wire can do ---- */

static void test_each_changed_byte_of_each_message_closes(void **state)
{
    struct pair honest;

    (void)state;
    run_honest(&honest, 0);
    for (unsigned changed = 0; changed < FLIGHTS; changed++) {
        for (size_t at = 0; at < honest.flights[changed].size; at++) {
            unsigned reader = 1 - changed % 2;
            enum handshake_outcome outcome;
            struct pair pair;

            pair_begin_honest(&pair, &world, 0);
            pair_run(&pair, changed);
            pair.flights[changed].bytes[at] ^= (uint8_t)(1 << at % 8);
            outcome = pair_read(&pair, reader, &pair.flights[changed], changed + 1);
            assert_int_not_equal(outcome, HANDSHAKE_ESTABLISHED);
            if (outcome == HANDSHAKE_CLOSED)
                assert_closed(&pair.sides[reader], pair.sides[reader].cause);
            else /* a length that promises more: it goes on waiting, and no answer was given */
                assert_int_equal(handshake_out(&pair.sides[reader]).size, 0);
            pair_end(&pair);
        }
    }
    pair_end(&honest);
}

static void test_a_handshake_that_was_cut_is_never_established(void **state)
{
    struct pair honest;

    (void)state;
    run_honest(&honest, 0);
    for (unsigned cut = 0; cut < FLIGHTS; cut++) {
        struct pair pair;

        pair_begin_honest(&pair, &world, 0);
        pair_run(&pair, cut);
        for (size_t size = 0; size < honest.flights[cut].size; size++) {
            struct flight part = { .size = size };
            struct handshake copy = pair.sides[1 - cut % 2];
            size_t used;

            memcpy(part.bytes, honest.flights[cut].bytes, size);
            assert_int_equal(
                    handshake_read(&copy, (struct span){ part.bytes, size }, WORLD_WALL_MS, &used),
                    HANDSHAKE_MORE);
            assert_int_equal(handshake_out(&copy).size, 0);
        }
        pair_end(&pair);
    }
    pair_end(&honest);
}

static void test_what_comes_back_to_its_sender_closes(void **state)
{
    struct pair pair;

    (void)state;
    pair_begin_honest(&pair, &world, 0);
    assert_int_equal(pair_read(&pair, 0, &pair.flights[0], FLIGHTS), HANDSHAKE_CLOSED);
    assert_closed(&pair.sides[0], HANDSHAKE_BAD_LENGTH); /* "Mu" is no length */
    pair_end(&pair);

    pair_begin_honest(&pair, &world, 0);
    memmove(pair.flights[0].bytes, pair.flights[0].bytes + 16, pair.flights[0].size - 16);
    pair.flights[0].size -= 16;
    assert_int_equal(pair_read(&pair, 0, &pair.flights[0], FLIGHTS), HANDSHAKE_CLOSED);
    assert_closed(&pair.sides[0], HANDSHAKE_FORGED);
    pair_end(&pair);

    pair_begin_honest(&pair, &world, 0);
    pair_read(&pair, 1, &pair.flights[0], 1);
    assert_int_equal(pair_read(&pair, 1, &pair.flights[1], FLIGHTS), HANDSHAKE_CLOSED);
    assert_closed(&pair.sides[1], HANDSHAKE_FORGED);
    pair_end(&pair);
}

static void test_a_recorded_handshake_leads_nowhere(void **state)
{
    struct pair recorded;
    struct pair again;

    (void)state;
    run_honest(&recorded, 0);
    pair_begin_honest(&again, &world, 1);
    assert_int_equal(pair_read(&again, 1, &recorded.flights[0], 1), HANDSHAKE_MORE);
    assert_memory_not_equal(again.flights[1].bytes + 2, recorded.flights[1].bytes + 2, 32);
    assert_int_equal(pair_read(&again, 1, &recorded.flights[2], FLIGHTS), HANDSHAKE_CLOSED);
    assert_closed(&again.sides[1], HANDSHAKE_FORGED);
    assert_int_equal(pair_read(&again, 0, &recorded.flights[1], FLIGHTS), HANDSHAKE_CLOSED);
    assert_closed(&again.sides[0], HANDSHAKE_FORGED);
    pair_end(&again);
    pair_end(&recorded);
}

static void test_two_handshakes_share_no_key_and_no_id(void **state)
{
    struct record_writer writers[2];
    struct record_reader reader;
    struct pair pairs[2];

    (void)state;
    for (uint8_t i = 0; i < 2; i++) {
        run_honest(&pairs[i], i);
        handshake_split(&pairs[i].sides[0], &writers[i], &reader);
    }
    assert_memory_not_equal(pairs[0].sides[0].link_id, pairs[1].sides[0].link_id, NOISE_HASH_SIZE);
    assert_memory_not_equal(writers[0].cipher.key, writers[1].cipher.key, AEAD_KEY_SIZE);
    pair_end(&pairs[0]);
    pair_end(&pairs[1]);
}

/* ---- what a stranger can do ---- */

static void test_who_has_another_pre_shared_key_hears_nothing(void **state)
{
    struct handshake_psk psk = world.psks[WORLD_CURRENT];
    struct pair pair;

    (void)state;
    psk.key[31] ^= 1;
    pair_begin(
            &pair, &world, &world.nodes[WORLD_ALICE].self, &world.nodes[WORLD_BOB].self, &psk, 0);
    pair_run(&pair, FLIGHTS);
    assert_closed(&pair.sides[1], HANDSHAKE_FORGED);
    pair_end(&pair);

    psk.id[0] ^= 1;
    pair_begin(
            &pair, &world, &world.nodes[WORLD_ALICE].self, &world.nodes[WORLD_BOB].self, &psk, 0);
    pair_run(&pair, FLIGHTS);
    assert_closed(&pair.sides[1], HANDSHAKE_UNKNOWN_PSK);
    pair_end(&pair);
}

static void test_a_preamble_that_is_not_this_version_s_closes(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        enum handshake_cause cause;
    } rows[] = {
        { 0, 'm', HANDSHAKE_BAD_PREAMBLE },
        { 3, '2', HANDSHAKE_BAD_PREAMBLE },
        { 4, 0, HANDSHAKE_OTHER_VERSION },
        { 4, 2, HANDSHAKE_OTHER_VERSION },
        { 5, 0, HANDSHAKE_OTHER_SUITE },
        { 5, 2, HANDSHAKE_OTHER_SUITE },
        { 6, 1, HANDSHAKE_BAD_PREAMBLE },
        { 7, 0x80, HANDSHAKE_BAD_PREAMBLE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pair pair;

        pair_begin_honest(&pair, &world, 0);
        pair.flights[0].bytes[rows[i].at] = rows[i].value;
        pair_read(&pair, 1, &pair.flights[0], 1);
        assert_closed(&pair.sides[1], rows[i].cause);
        pair_end(&pair);
    }
}

/* The preamble, then two bytes that say `length`. */
static enum handshake_outcome read_length(struct pair *pair, unsigned side, unsigned length)
{
    struct flight flight = pair->flights[0];
    uint8_t bytes[2] = { (uint8_t)(length >> 8), (uint8_t)length };

    if (side == 0)
        flight.size = 0;
    else
        flight.size = 16;
    memcpy(flight.bytes + flight.size, bytes, 2);
    flight.size += 2;
    return pair_read(pair, side, &flight, FLIGHTS);
}

static void test_a_length_over_the_limit_closes_before_a_byte_of_it_came(void **state)
{
    static const struct {
        unsigned side;
        unsigned length;
        enum handshake_outcome outcome;
    } rows[] = {
        { 1, 47, HANDSHAKE_CLOSED },
        { 1, 48, HANDSHAKE_MORE },
        { 1, 49, HANDSHAKE_CLOSED },
        { 0, HANDSHAKE_MESSAGE_MAX - 1, HANDSHAKE_MORE },
        { 0, HANDSHAKE_MESSAGE_MAX, HANDSHAKE_MORE },
        { 0, HANDSHAKE_MESSAGE_MAX + 1, HANDSHAKE_CLOSED },
        { 0, UINT16_MAX, HANDSHAKE_CLOSED },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pair pair;

        pair_begin_honest(&pair, &world, 0);
        assert_int_equal(read_length(&pair, rows[i].side, rows[i].length), rows[i].outcome);
        if (rows[i].outcome == HANDSHAKE_CLOSED)
            assert_closed(&pair.sides[rows[i].side], HANDSHAKE_BAD_LENGTH);
        pair_end(&pair);
    }
}

/* ---- what somebody with the pre-shared key can do ---- */

static void test_a_node_of_another_network_is_not_believed_on_either_side(void **state)
{
    struct handshake_psk psk = world.psks[WORLD_CURRENT];
    struct pair pair;

    (void)state;
    pair_begin(&pair, &world, &world.nodes[WORLD_STRANGER].self, &world.nodes[WORLD_BOB].self, &psk,
            0);
    pair_run(&pair, FLIGHTS);
    assert_closed(&pair.sides[1], HANDSHAKE_UNTRUSTED);
    assert_int_equal(pair.sides[1].trust, TRUST_FOREIGN_NETWORK);
    pair_end(&pair);

    pair_begin(&pair, &world, &world.nodes[WORLD_ALICE].self, &world.nodes[WORLD_STRANGER].self,
            &psk, 0);
    pair_run(&pair, FLIGHTS);
    assert_closed(&pair.sides[0], HANDSHAKE_UNTRUSTED);
    pair_end(&pair);
}

/* Both networks know each other: each key of the table says whose certificates go with it. */
static void test_a_key_of_the_table_says_which_network_comes_with_it(void **state)
{
    struct handshake_psk initiator_s = world.psks[WORLD_CURRENT];
    struct handshake_psk responder_s = world.psks[WORLD_CURRENT];
    uint8_t ephemeral[NOISE_KEY_SIZE];
    struct pair pair;

    (void)state;
    responder_s.trust = &world.trusts[1];
    pair_begin(&pair, &world, &world.nodes[WORLD_STRANGER].self, &world.nodes[WORLD_BOB].self,
            &initiator_s, 0);
    world_ephemeral(ephemeral, NOISE_RESPONDER, 0);
    handshake_init_responder(
            &pair.sides[1], &world.nodes[WORLD_BOB].self, &responder_s, 1, ephemeral);
    pair_run(&pair, FLIGHTS);
    assert_int_equal(pair.outcomes[1], HANDSHAKE_ESTABLISHED);
    assert_true(network_id_equal(&pair.sides[1].peer.identity.network, &world.trusts[1].network));
    pair_end(&pair);
}

/* Runs alice against bob, of which side `liar` has its signatures or certificates changed. */
static void assert_liar_is_found(
        unsigned liar, const struct handshake_self *self, enum handshake_cause cause)
{
    const struct handshake_self *selves[2] = { &world.nodes[WORLD_ALICE].self,
        &world.nodes[WORLD_BOB].self };
    struct pair pair;

    selves[liar] = self;
    pair_begin(&pair, &world, selves[0], selves[1], &world.psks[WORLD_CURRENT], 0);
    pair_run(&pair, FLIGHTS);
    assert_closed(&pair.sides[1 - liar], cause);
    pair_end(&pair);
}

static void test_a_signature_of_the_other_role_or_key_is_no_signature(void **state)
{
    static const enum world_node at[2] = { WORLD_ALICE, WORLD_BOB };

    (void)state;
    for (unsigned liar = 0; liar < 2; liar++) {
        struct handshake_self self = world.nodes[at[liar]].self;

        memcpy(self.signatures[0], world.nodes[at[liar]].self.signatures[1], SIGNATURE_SIZE);
        memcpy(self.signatures[1], world.nodes[at[liar]].self.signatures[0], SIGNATURE_SIZE);
        assert_liar_is_found(liar, &self, HANDSHAKE_BAD_SIGNATURE);

        self = world.nodes[at[liar]].self; /* certificates of a third, without its key */
        self.chain = &world.nodes[WORLD_STRANGER].chain;
        assert_liar_is_found(liar, &self, HANDSHAKE_UNTRUSTED);

        self = world.nodes[WORLD_CAROL].self; /* all that she shows, without her X25519 key */
        self.link_static = world.nodes[WORLD_STRANGER].self.link_static;
        assert_liar_is_found(liar, &self, HANDSHAKE_BAD_SIGNATURE);
    }
}

static void test_a_certificate_that_ended_is_not_believed(void **state)
{
    struct pair pair;
    size_t used;

    (void)state;
    pair_begin_honest(&pair, &world, 0);
    pair_read(&pair, 1, &pair.flights[0], 1);
    assert_int_equal(handshake_read(&pair.sides[0],
                             (struct span){ pair.flights[1].bytes, pair.flights[1].size },
                             WORLD_WALL_MS + UINT64_C(20000000), &used),
            HANDSHAKE_CLOSED);
    assert_int_equal(pair.sides[0].trust, TRUST_EXPIRED);
    assert_closed(&pair.sides[0], HANDSHAKE_UNTRUSTED);
    pair_end(&pair);
}

static void test_nobody_gets_a_link_with_itself(void **state)
{
    struct pair pair;

    (void)state;
    pair_begin(&pair, &world, &world.nodes[WORLD_BOB].self, &world.nodes[WORLD_BOB].self,
            &world.psks[WORLD_CURRENT], 0);
    pair_run(&pair, FLIGHTS);
    assert_closed(&pair.sides[0], HANDSHAKE_WITH_SELF);
    pair_end(&pair);
}

static int start(void **state)
{
    (void)state;
    if (sodium_init() < 0)
        return -1;
    world_init(&world);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    world_deinit(&world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_changed_byte_of_each_message_closes),
        cmocka_unit_test(test_a_handshake_that_was_cut_is_never_established),
        cmocka_unit_test(test_what_comes_back_to_its_sender_closes),
        cmocka_unit_test(test_a_recorded_handshake_leads_nowhere),
        cmocka_unit_test(test_two_handshakes_share_no_key_and_no_id),
        cmocka_unit_test(test_who_has_another_pre_shared_key_hears_nothing),
        cmocka_unit_test(test_a_preamble_that_is_not_this_version_s_closes),
        cmocka_unit_test(test_a_length_over_the_limit_closes_before_a_byte_of_it_came),
        cmocka_unit_test(test_a_node_of_another_network_is_not_believed_on_either_side),
        cmocka_unit_test(test_a_key_of_the_table_says_which_network_comes_with_it),
        cmocka_unit_test(test_a_signature_of_the_other_role_or_key_is_no_signature),
        cmocka_unit_test(test_a_certificate_that_ended_is_not_believed),
        cmocka_unit_test(test_nobody_gets_a_link_with_itself),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
