// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/bucket.h"
#include "services/network/link/damping.h"
#include "services/network/link/route_limits.h"
#include "tests/unit/cmocka.h"

static void test_two_flaps_are_forgiven_and_the_third_is_not(void **state)
{
    struct damping damping = { 0 };

    (void)state;
    damping_add(&damping, 1000);
    damping_add(&damping, 1000);
    assert_false(damping_is_suppressed(&damping, 1000));
    assert_int_equal(damping_left_ms(&damping, 1000), 0);
    damping_add(&damping, 1000);
    assert_true(damping_is_suppressed(&damping, 1000));
}

static void test_flaps_far_apart_never_add_up(void **state)
{
    struct damping damping = { 0 };

    (void)state;
    for (uint64_t now_ms = 0; now_ms < 100ull * DAMPING_HALF_LIFE_MS;
            now_ms += DAMPING_HALF_LIFE_MS) {
        damping_add(&damping, now_ms);
        assert_false(damping_is_suppressed(&damping, now_ms));
    }
}

static void test_a_penalty_halves_in_a_half_life_and_never_rises(void **state)
{
    struct damping damping = { 0 };
    uint64_t start_ms = 5000;

    (void)state;
    for (int i = 0; i < 4; i++)
        damping_add(&damping, start_ms);
    assert_int_equal(damping.penalty, 4 * DAMPING_PENALTY);
    assert_true(damping_is_suppressed(&damping, start_ms + 2ull * DAMPING_HALF_LIFE_MS));
    assert_false(damping_is_suppressed(&damping, start_ms + 2ull * DAMPING_HALF_LIFE_MS + 1000));
}

static void test_what_is_left_is_when_it_ends_to_the_millisecond(void **state)
{
    (void)state;
    for (int flaps = 3; flaps < 12; flaps++) {
        struct damping damping = { 0 };
        uint32_t left_ms;

        for (int i = 0; i < flaps; i++)
            damping_add(&damping, 777);
        left_ms = damping_left_ms(&damping, 777);
        assert_in_range(left_ms, 1, 3 * DAMPING_HALF_LIFE_MS + 1000);
        assert_true(damping_is_suppressed(&damping, 777 + left_ms - 1));
        assert_false(damping_is_suppressed(&damping, 777 + left_ms));
    }
}

static void test_any_number_of_flaps_costs_three_half_lives_at_most(void **state)
{
    struct damping damping = { 0 };

    (void)state;
    for (int i = 0; i < 1000; i++)
        damping_add(&damping, 9);
    assert_int_equal(damping.penalty, DAMPING_CEILING);
    assert_in_range(damping_left_ms(&damping, 9), 1, 3 * DAMPING_HALF_LIFE_MS + 1000);
    assert_false(damping_is_idle(&damping, 9 + 3ull * DAMPING_HALF_LIFE_MS));
    assert_true(damping_is_idle(&damping, 9 + 7ull * DAMPING_HALF_LIFE_MS));
    assert_true(damping_is_idle(&damping, UINT64_MAX));
}

static void test_a_bucket_gives_a_burst_and_then_one_at_a_time(void **state)
{
    struct bucket bucket;

    (void)state;
    bucket_init(&bucket, 3, 100, 50);
    for (int i = 0; i < 3; i++)
        assert_true(bucket_take(&bucket, 50));
    assert_false(bucket_take(&bucket, 50));
    assert_int_equal(bucket_due(&bucket, 60), 150);
    assert_false(bucket_take(&bucket, 149));
    assert_true(bucket_take(&bucket, 150));
    assert_false(bucket_take(&bucket, 249));
    assert_true(bucket_take(&bucket, 251));
    assert_int_equal(bucket_due(&bucket, 251), 350);
    for (int i = 0; i < 3; i++)
        assert_true(bucket_take(&bucket, 100000));
    assert_false(bucket_take(&bucket, 100000));
    bucket_return(&bucket);
    assert_true(bucket_take(&bucket, 100000));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_flaps_are_forgiven_and_the_third_is_not),
        cmocka_unit_test(test_flaps_far_apart_never_add_up),
        cmocka_unit_test(test_a_penalty_halves_in_a_half_life_and_never_rises),
        cmocka_unit_test(test_what_is_left_is_when_it_ends_to_the_millisecond),
        cmocka_unit_test(test_any_number_of_flaps_costs_three_half_lives_at_most),
        cmocka_unit_test(test_a_bucket_gives_a_burst_and_then_one_at_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
