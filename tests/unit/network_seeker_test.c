// SPDX-License-Identifier: Apache-2.0
/* Whom a node dials by itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/network/link/seeker.h"
#include "tests/unit/cmocka.h"

enum { NODES = 20 };

static struct seeker seeker;
static bool dialled[NODES]; /* address `h:N` is node N */
static unsigned dialled_count;

static void dial(const char *address, bool begins, void *user)
{
    unsigned long number = strtoul(address + 2, NULL, 10);

    (void)user;
    assert_true(number < NODES);
    assert_true(dialled[number] != begins);
    dialled[number] = begins;
    dialled_count += begins ? 1u : -1u;
}

static struct public_key key_of(unsigned number)
{
    struct public_key key = { { 0 } };

    key.bytes[0] = (uint8_t)number;
    key.bytes[1] = (uint8_t)(number >> 8);
    return key;
}

static void know(unsigned number)
{
    struct public_key key = key_of(number);
    char text[16];
    char *addresses[] = { text };

    snprintf(text, sizeof(text), "h:%u", number % NODES);
    seeker_know(&seeker, &key, addresses, 1);
}

static void set_linked(unsigned number, bool linked)
{
    struct public_key key = key_of(number);

    seeker_linked(&seeker, &key, linked);
}

static int set_up(void **state)
{
    (void)state;
    memset(dialled, 0, sizeof(dialled));
    dialled_count = 0;
    seeker_init(&seeker, 7, dial, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    seeker_deinit(&seeker);
    assert_int_equal(dialled_count, 0);
    return 0;
}

static void test_as_many_are_dialled_as_are_missing_and_no_more(void **state)
{
    (void)state;
    for (unsigned i = 0; i < NODES; i++)
        know(i);
    assert_int_equal(seeker_step(&seeker, 0, 0), UINT64_MAX);
    assert_int_equal(dialled_count, NEIGHBOURS_WANTED);
    seeker_deinit(&seeker);
    seeker_init(&seeker, 7, dial, NULL);
    for (unsigned i = 0; i < NODES; i++)
        know(i);
    seeker_step(&seeker, NEIGHBOURS_WANTED - 1, 0);
    assert_int_equal(dialled_count, 1);
    seeker_step(&seeker, NEIGHBOURS_WANTED, 0);
    assert_int_equal(dialled_count, 0);
}

static void test_a_link_that_was_made_stays_dialled(void **state)
{
    (void)state;
    know(1);
    seeker_step(&seeker, 0, 0);
    assert_true(dialled[1]);
    set_linked(1, true);
    seeker_step(&seeker, 5, 0);
    assert_true(dialled[1]);
    set_linked(1, false);
    seeker_step(&seeker, 0, 0);
    assert_true(dialled[1]);
}

static void test_who_dialled_here_is_not_dialled_back(void **state)
{
    (void)state;
    know(1);
    set_linked(1, true);
    seeker_step(&seeker, 1, 0);
    assert_int_equal(dialled_count, 0);
}

/* As one that has replaced its key. */
static void test_a_place_that_two_say_is_dialled_until_neither_is_wanted(void **state)
{
    struct public_key former = key_of(1);
    struct public_key present = key_of(NODES + 1);

    (void)state;
    know(1);
    know(NODES + 1);
    seeker_step(&seeker, 0, 0);
    assert_true(dialled[1]);
    seeker_forget(&seeker, &former);
    assert_true(dialled[1]);
    seeker_forget(&seeker, &present);
    assert_false(dialled[1]);
}

/* The most that one may rest that has been away for so long. */
static uint64_t rest_most(uint64_t away_ms)
{
    uint64_t most_ms = away_ms / SEEKER_RETRY_PART;

    if (most_ms < SEEKER_RETRY_FIRST_MS)
        return SEEKER_RETRY_FIRST_MS;
    return most_ms < SEEKER_RETRY_MAX_MS ? most_ms : SEEKER_RETRY_MAX_MS;
}

static void test_who_is_missed_rests_as_befits_its_absence_while_others_have_their_turn(
        void **state)
{
    uint64_t start_ms = 5000;
    uint64_t now_ms = start_ms;

    (void)state;
    know(1);
    while (now_ms - start_ms < UINT64_C(2) * SEEKER_RETRY_PART * SEEKER_RETRY_MAX_MS) {
        uint64_t most_ms = rest_most(now_ms - start_ms);
        uint64_t next_ms;

        seeker_step(&seeker, 0, now_ms);
        assert_true(dialled[1]);
        seeker_missed(&seeker, "h:1", now_ms);
        next_ms = seeker_step(&seeker, 0, now_ms);
        assert_false(dialled[1]);
        assert_in_range(next_ms - now_ms, most_ms / 2, most_ms);
        now_ms = next_ms;
    }
    seeker_missed(&seeker, "h:1", now_ms);
    know(2);
    seeker_step(&seeker, 0, now_ms);
    assert_true(dialled[2]);
}

static void test_who_was_linked_again_rests_no_longer_than_before(void **state)
{
    uint64_t hour_ms = 3600000;

    (void)state;
    know(1);
    seeker_step(&seeker, 0, 0);
    seeker_missed(&seeker, "h:1", 0);
    set_linked(1, true);
    set_linked(1, false);
    seeker_step(&seeker, 0, hour_ms);
    seeker_missed(&seeker, "h:1", hour_ms);
    assert_in_range(seeker_step(&seeker, 0, hour_ms), hour_ms, hour_ms + SEEKER_RETRY_FIRST_MS);
}

static void test_a_new_address_is_tried_at_once_in_place_of_the_old_one(void **state)
{
    struct public_key key = key_of(1);
    char *addresses[] = { (char[]){ "h:9" } };

    (void)state;
    know(1);
    seeker_step(&seeker, 0, 0);
    seeker_missed(&seeker, "h:1", 0);
    seeker_know(&seeker, &key, addresses, 1);
    seeker_step(&seeker, 0, 0);
    assert_true(dialled[9]);
    assert_false(dialled[1]);
}

static void test_who_is_forgotten_is_not_dialled(void **state)
{
    struct public_key key = key_of(1);

    (void)state;
    know(1);
    know(2);
    seeker_step(&seeker, 0, 0);
    seeker_forget(&seeker, &key);
    seeker_step(&seeker, 0, 0);
    assert_false(dialled[1]);
    assert_true(dialled[2]);
    seeker_forget(&seeker, &key);
}

static void test_no_more_nodes_are_known_than_the_limit(void **state)
{
    (void)state;
    for (unsigned i = 0; i <= SEEKER_NODES_MAX; i++)
        know(i);
    assert_int_equal(seeker.node_count, SEEKER_NODES_MAX);
}

#define WITH_SEEKER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_SEEKER(test_as_many_are_dialled_as_are_missing_and_no_more),
        WITH_SEEKER(test_a_link_that_was_made_stays_dialled),
        WITH_SEEKER(test_who_dialled_here_is_not_dialled_back),
        WITH_SEEKER(test_a_place_that_two_say_is_dialled_until_neither_is_wanted),
        WITH_SEEKER(test_who_is_missed_rests_as_befits_its_absence_while_others_have_their_turn),
        WITH_SEEKER(test_who_was_linked_again_rests_no_longer_than_before),
        WITH_SEEKER(test_a_new_address_is_tried_at_once_in_place_of_the_old_one),
        WITH_SEEKER(test_who_is_forgotten_is_not_dialled),
        WITH_SEEKER(test_no_more_nodes_are_known_than_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
