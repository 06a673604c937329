// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "services/network/link/dialing.h"
#include "services/network/link/door.h"
#include "tests/unit/cmocka.h"

static struct stream_address v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    return (struct stream_address){ .family = 4, .port = 1, .bytes = { a, b, c, d } };
}

static struct stream_address v6(uint8_t seventh, uint8_t last)
{
    return (struct stream_address){ .family = 6,
        .bytes = { 0x20, 1, 0xd, 0xb8, [7] = seventh, [15] = last } };
}

static struct door door;

static void test_a_source_is_a_24_or_a_64(void **state)
{
    struct stream_address one = v4(192, 0, 2, 1);
    struct stream_address near = v4(192, 0, 2, 200);
    struct stream_address far = v4(192, 0, 3, 1);
    struct stream_address six = v6(1, 1);
    struct stream_address six_near = v6(1, 200);
    struct stream_address six_far = v6(2, 1);

    (void)state;
    assert_true(door_same_source(&one, &near));
    assert_false(door_same_source(&one, &far));
    assert_true(door_same_source(&six, &six_near));
    assert_false(door_same_source(&six, &six_far));
    assert_false(door_same_source(&one, &six));
}

static void test_one_source_has_its_share_of_places_and_no_more(void **state)
{
    struct stream_address other = v4(198, 51, 100, 1);
    struct stream_address from;

    (void)state;
    door_init(&door, DOOR_RATE, DOOR_BURST);
    for (unsigned i = 0; i < DOOR_SOURCE_HALF_OPEN_MAX; i++) {
        from = v4(192, 0, 2, (uint8_t)i);
        assert_int_equal(door_check(&door, &from), DOOR_OK);
        door_enter(&door, &from, 5);
    }
    assert_int_equal(door_check(&door, &from), DOOR_SOURCE_FULL);
    assert_int_equal(door_check(&door, &other), DOOR_OK);
    door_leave(&door, &from);
    assert_int_equal(door_check(&door, &from), DOOR_OK);
}

static void test_all_sources_together_have_a_limit(void **state)
{
    struct stream_address from;

    (void)state;
    door_init(&door, DOOR_RATE, DOOR_BURST);
    for (unsigned i = 0; i < DOOR_HALF_OPEN_MAX; i++) {
        from = v4(10, 0, (uint8_t)i, 1);
        assert_int_equal(door_check(&door, &from), DOOR_OK);
        door_enter(&door, &from, 5);
    }
    from = v4(10, 1, 0, 1);
    assert_int_equal(door_check(&door, &from), DOOR_FULL);
    from = v4(10, 0, 3, 1);
    door_leave(&door, &from);
    assert_int_equal(door_check(&door, &from), DOOR_OK);
}

static void test_a_source_has_a_burst_of_tokens_and_earns_them_at_its_rate(void **state)
{
    struct stream_address from = v4(192, 0, 2, 1);
    struct stream_address other = v4(192, 0, 9, 1);
    uint64_t now_ms = 1000;

    (void)state;
    door_init(&door, 50, 100);
    door_enter(&door, &from, now_ms);
    for (int i = 0; i < 100; i++)
        assert_true(door_spend(&door, &from, now_ms));
    assert_false(door_spend(&door, &from, now_ms));
    assert_false(door_spend(&door, &from, now_ms + 19));
    assert_true(door_spend(&door, &from, now_ms + 20));
    assert_false(door_spend(&door, &from, now_ms + 39));
    door_enter(&door, &other, now_ms + 39); /* another one has its own */
    assert_true(door_spend(&door, &other, now_ms + 39));
    now_ms += 3600000; /* more than the burst is not saved */
    for (int i = 0; i < 100; i++)
        assert_true(door_spend(&door, &from, now_ms));
    assert_false(door_spend(&door, &from, now_ms));
}

static void test_a_source_keeps_its_debts_while_it_comes_back(void **state)
{
    struct stream_address from = v4(192, 0, 2, 1);

    (void)state;
    door_init(&door, 50, 2);
    for (int i = 0; i < 2; i++) {
        door_enter(&door, &from, 1000);
        assert_true(door_spend(&door, &from, 1000));
        door_leave(&door, &from);
    }
    door_enter(&door, &from, 1000);
    assert_false(door_spend(&door, &from, 1000));
}

static void test_many_sources_push_out_the_oldest_and_none_that_is_half_open(void **state)
{
    struct stream_address kept = v4(192, 0, 2, 1);
    struct stream_address from;

    (void)state;
    door_init(&door, 50, 1);
    door_enter(&door, &kept, 1);
    assert_true(door_spend(&door, &kept, 1));
    for (unsigned i = 0; i < 3 * DOOR_SOURCES_MAX; i++) {
        from = v4(10, (uint8_t)(i >> 8), (uint8_t)i, 1);
        door_enter(&door, &from, 2);
        door_leave(&door, &from);
    }
    assert_false(door_spend(&door, &kept, 2));
    door_leave(&door, &kept);
}

static void test_pauses_between_dials_double_to_their_limit(void **state)
{
    struct random random;

    (void)state;
    random_init(&random, 7);
    assert_int_equal(dialing_pause(0, &random), 0);
    for (uint32_t step = 1; step < 100; step++) {
        uint32_t most = step < 10 ? 100u << (step - 1) : LINK_BACKOFF_MAX_MS;
        uint32_t longest = 0;

        for (int i = 0; i < 200; i++) {
            uint32_t pause = dialing_pause(step, &random);

            assert_true(pause <= most && pause <= LINK_BACKOFF_MAX_MS);
            longest = pause > longest ? pause : longest;
        }
        assert_true(longest > (most < LINK_BACKOFF_MAX_MS ? most : LINK_BACKOFF_MAX_MS) / 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_source_is_a_24_or_a_64),
        cmocka_unit_test(test_one_source_has_its_share_of_places_and_no_more),
        cmocka_unit_test(test_all_sources_together_have_a_limit),
        cmocka_unit_test(test_a_source_has_a_burst_of_tokens_and_earns_them_at_its_rate),
        cmocka_unit_test(test_a_source_keeps_its_debts_while_it_comes_back),
        cmocka_unit_test(test_many_sources_push_out_the_oldest_and_none_that_is_half_open),
        cmocka_unit_test(test_pauses_between_dials_double_to_their_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
