// SPDX-License-Identifier: Apache-2.0
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

/* ---- what holds for two who belong together ---- */

static void test_both_sides_know_each_other_and_agree(void **state)
{
    static const enum world_node at[2] = { WORLD_ALICE, WORLD_BOB };
    struct pair pair;

    (void)state;
    run_honest(&pair, 0);
    for (int side = 0; side < 2; side++) {
        const struct world_node_state *other = &world.nodes[at[1 - side]];
        const struct handshake_peer *peer = &pair.sides[side].peer;

        assert_false(peer->joining);
        assert_true(public_key_equal(&peer->identity.key, &other->key.public));
        assert_true(network_id_equal(&peer->identity.network, &world.trusts[0].network));
        assert_string_equal(peer->identity.name, other->chain.certificates[0].name);
        assert_int_equal(peer->identity.roles, ROLE_MEMBER);
        assert_true(public_key_equal(&peer->root, &world.roots[0].public));
        assert_memory_equal(&peer->limits, &other->self.limits, sizeof(peer->limits));
        assert_true(peer->boot_id == other->self.boot_id);
        assert_memory_equal(peer->psk_id, world.psks[WORLD_CURRENT].id, PSK_ID_SIZE);
    }
    assert_int_equal(pair.sides[0].peer.clock_ahead_ms, 9500);
    assert_int_equal(pair.sides[1].peer.clock_ahead_ms, -10500);
    assert_memory_equal(pair.sides[0].link_id, pair.sides[1].link_id, NOISE_HASH_SIZE);
    pair_end(&pair);
}

static void test_records_go_both_ways_and_none_comes_back_to_its_sender(void **state)
{
    (void)state;
    for (unsigned side = 0; side < 2; side++) {
        struct record record = { .body = { (const uint8_t *)"hello", 5 } };
        struct record_writer writers[2];
        struct record_reader readers[2];
        uint8_t wire[64];
        uint8_t reflected[64];
        struct pair pair;
        size_t used;

        run_honest(&pair, 0);
        handshake_split(&pair.sides[0], &writers[0], &readers[0]);
        handshake_split(&pair.sides[1], &writers[1], &readers[1]);
        assert_true(sodium_is_zero((const uint8_t *)&pair.sides[side].noise, sizeof(struct noise)));
        assert_true(record_seal(&writers[side], &record, wire));
        memcpy(reflected, wire, sizeof(wire));
        assert_int_equal(
                record_open(&readers[1 - side], wire, sizeof(wire), &record, &used), RECORD_OPENED);
        assert_memory_equal(record.body.data, "hello", 5);
        assert_int_equal(record_open(&readers[side], reflected, sizeof(reflected), &record, &used),
                RECORD_CLOSED);
        pair_end(&pair);
    }
}

static void test_any_key_of_the_table_will_do(void **state)
{
    struct pair pair;

    (void)state;
    pair_begin(&pair, &world, &world.nodes[WORLD_ALICE].self, &world.nodes[WORLD_BOB].self,
            &world.psks[WORLD_PREVIOUS], 0);
    pair_run(&pair, FLIGHTS);
    assert_int_equal(pair.outcomes[1], HANDSHAKE_ESTABLISHED);
    assert_memory_equal(pair.sides[1].peer.psk_id, world.psks[WORLD_PREVIOUS].id, PSK_ID_SIZE);
    pair_end(&pair);
}

static void test_bytes_may_come_one_at_a_time(void **state)
{
    struct pair pair;

    (void)state;
    pair_begin_honest(&pair, &world, 0);
    for (unsigned number = 0; number < FLIGHTS; number++) {
        const struct flight *flight = &pair.flights[number];
        enum handshake_outcome outcome = HANDSHAKE_MORE;
        struct flight come = { .size = 0 }; /* what the reader left */

        assert_true(flight->size > 0);
        for (size_t i = 0; i < flight->size; i++) {
            assert_int_equal(outcome, HANDSHAKE_MORE);
            come.bytes[come.size++] = flight->bytes[i];
            outcome = pair_read(&pair, 1 - number % 2, &come, number + 1);
            if (pair.used > 0)
                come.size = 0;
        }
        assert_int_equal(come.size, 0);
        assert_int_equal(outcome, number == 0 ? HANDSHAKE_MORE : HANDSHAKE_ESTABLISHED);
    }
    pair_end(&pair);
}

static void test_what_follows_the_last_message_is_left_for_the_records(void **state)
{
    struct pair pair;

    (void)state;
    pair_begin_honest(&pair, &world, 0);
    pair_run(&pair, 2);
    pair.flights[2].size += 1;
    assert_int_equal(pair_read(&pair, 1, &pair.flights[2], FLIGHTS), HANDSHAKE_ESTABLISHED);
    assert_int_equal(pair.used, pair.flights[2].size - 1);
    pair_end(&pair);
}

/* ---- joining ---- */

static void test_a_new_node_joins_with_a_token_and_knows_the_network_at_once(void **state)
{
    struct handshake_self self = world.nodes[WORLD_ALICE].self;
    const struct handshake_peer *joiner;
    struct pair pair;

    (void)state;
    self.chain = NULL;
    pair_begin(&pair, &world, &self, &world.nodes[WORLD_BOB].self, &world.psks[WORLD_TOKEN], 0);
    pair_run(&pair, FLIGHTS);
    assert_int_equal(pair.outcomes[0], HANDSHAKE_ESTABLISHED);
    assert_int_equal(pair.outcomes[1], HANDSHAKE_ESTABLISHED);
    assert_false(pair.sides[0].peer.joining);
    assert_string_equal(pair.sides[0].peer.identity.name, "bob.home");
    assert_true(public_key_equal(&pair.sides[0].peer.root, &world.roots[0].public));
    joiner = &pair.sides[1].peer;
    assert_true(joiner->joining);
    assert_true(sodium_is_zero((const uint8_t *)&joiner->identity, sizeof(joiner->identity)));
    assert_memory_equal(joiner->psk_id, world.psks[WORLD_TOKEN].id, PSK_ID_SIZE);
    assert_memory_equal(&joiner->limits, &self.limits, sizeof(self.limits));
    assert_true(joiner->boot_id == self.boot_id);
    assert_memory_equal(pair.sides[0].link_id, pair.sides[1].link_id, NOISE_HASH_SIZE);
    pair_end(&pair);
}

static void test_a_node_whose_certificate_ended_comes_without_to_ask_for_one(void **state)
{
    struct handshake_self self = world.nodes[WORLD_ALICE].self;
    struct pair pair;

    (void)state;
    self.chain = NULL;
    pair_begin(&pair, &world, &self, &world.nodes[WORLD_BOB].self, &world.psks[WORLD_CURRENT], 0);
    pair_run(&pair, FLIGHTS);
    assert_int_equal(pair.outcomes[1], HANDSHAKE_ESTABLISHED);
    assert_true(pair.sides[1].peer.joining);
    pair_end(&pair);
}

static void test_who_joins_believes_no_other_network(void **state)
{
    struct handshake_self self = world.nodes[WORLD_ALICE].self;
    struct pair pair;

    (void)state;
    self.chain = NULL;
    pair_begin(
            &pair, &world, &self, &world.nodes[WORLD_STRANGER].self, &world.psks[WORLD_TOKEN], 0);
    pair_run(&pair, FLIGHTS);
    assert_closed(&pair.sides[0], HANDSHAKE_UNTRUSTED);
    assert_int_equal(pair.sides[0].trust, TRUST_FOREIGN_ROOT);
    pair_end(&pair);
}

static void test_a_node_shows_no_certificate_to_a_token(void **state)
{
    struct pair pair;

    (void)state;
    pair_begin(&pair, &world, &world.nodes[WORLD_ALICE].self, &world.nodes[WORLD_BOB].self,
            &world.psks[WORLD_TOKEN], 0);
    pair_run(&pair, FLIGHTS);
    assert_int_equal(pair.outcomes[1], HANDSHAKE_ESTABLISHED);
    assert_true(pair.sides[1].peer.joining);
    pair_end(&pair);
}

/* ---- the rest ---- */

static void test_deinit_leaves_nothing_and_may_come_twice(void **state)
{
    struct handshake handshake = { 0 };
    struct pair pair;
    size_t used;

    (void)state;
    handshake_deinit(&handshake);
    run_honest(&pair, 0);
    for (int i = 0; i < 2; i++) {
        handshake_deinit(&pair.sides[0]);
        assert_true(sodium_is_zero((const uint8_t *)&pair.sides[0].noise, sizeof(struct noise)));
        assert_int_equal(
                handshake_read(&pair.sides[0], (struct span){ 0 }, 0, &used), HANDSHAKE_CLOSED);
    }
    pair_end(&pair);
}

static void test_each_cause_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < HANDSHAKE_CAUSES; i++) {
        assert_true(strlen(handshake_cause_name((enum handshake_cause)i)) > 0);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(handshake_cause_name((enum handshake_cause)i),
                    handshake_cause_name((enum handshake_cause)j));
    }
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
        cmocka_unit_test(test_both_sides_know_each_other_and_agree),
        cmocka_unit_test(test_records_go_both_ways_and_none_comes_back_to_its_sender),
        cmocka_unit_test(test_any_key_of_the_table_will_do),
        cmocka_unit_test(test_bytes_may_come_one_at_a_time),
        cmocka_unit_test(test_what_follows_the_last_message_is_left_for_the_records),
        cmocka_unit_test(test_a_new_node_joins_with_a_token_and_knows_the_network_at_once),
        cmocka_unit_test(test_a_node_whose_certificate_ended_comes_without_to_ask_for_one),
        cmocka_unit_test(test_who_joins_believes_no_other_network),
        cmocka_unit_test(test_a_node_shows_no_certificate_to_a_token),
        cmocka_unit_test(test_deinit_leaves_nothing_and_may_come_twice),
        cmocka_unit_test(test_each_cause_has_a_name_of_its_own),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
