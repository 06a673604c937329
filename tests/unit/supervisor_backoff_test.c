// SPDX-License-Identifier: Apache-2.0
#include "kernel/backoff.h"
#include "tests/unit/cmocka.h"

static void test_the_first_restart_is_at_once(void **state)
{
    struct backoff backoff = { 0 };
    struct random random;

    (void)state;
    random_init(&random, 1);
    assert_int_equal(backoff_next(&backoff, &random, 30000), 0);
}

static void test_pauses_stay_below_a_limit_that_doubles_up_to_the_largest(void **state)
{
    struct random random;

    (void)state;
    random_init(&random, 7);
    for (int round = 0; round < 200; round++) {
        struct backoff backoff = { 0 };
        uint32_t limit_ms = 100;

        backoff_next(&backoff, &random, 30000);
        for (int i = 0; i < 40; i++) {
            assert_in_range(backoff_next(&backoff, &random, 30000), 0, limit_ms);
            limit_ms = limit_ms < 15000 ? limit_ms * 2 : 30000;
        }
    }
}

static void test_pauses_are_spread_over_the_whole_range(void **state)
{
    struct random random;
    int halves[2] = { 0 };

    (void)state;
    random_init(&random, 3);
    for (int round = 0; round < 1000; round++) {
        struct backoff backoff = { .step = 1 };

        halves[backoff_next(&backoff, &random, 30000) > 50]++;
    }
    assert_in_range(halves[0], 400, 600);
}

static void test_a_healthy_process_starts_again_at_once(void **state)
{
    struct backoff backoff = { .step = 9 };
    struct random random;

    (void)state;
    random_init(&random, 1);
    backoff_reset(&backoff);
    assert_int_equal(backoff_next(&backoff, &random, 30000), 0);
}

static void test_the_last_failure_allowed_within_the_window_is_reported(void **state)
{
    struct failures failures = { 0 };

    (void)state;
    for (uint64_t at_ms = 1; at_ms <= 4; at_ms++)
        assert_false(failures_add(&failures, at_ms, 5, 60000));
    assert_true(failures_add(&failures, 60001, 5, 60000));
    failures_reset(&failures);
    for (uint64_t at_ms = 1; at_ms <= 4; at_ms++)
        assert_false(failures_add(&failures, at_ms, 5, 60000));
    assert_false(failures_add(&failures, 60002, 5, 60000));
}

static void test_one_failure_is_too_many_where_one_is_the_limit(void **state)
{
    struct failures failures = { 0 };

    (void)state;
    assert_true(failures_add(&failures, 5, 1, 1));
}

static void test_failures_are_counted_in_a_ring_without_end(void **state)
{
    struct failures failures = { 0 };

    (void)state;
    for (uint64_t i = 1; i < 1000; i++)
        assert_false(failures_add(&failures, i * 1000, FAILURES_MAX, 30999));
    assert_true(failures_add(&failures, 999500, FAILURES_MAX, 30999));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_restart_is_at_once),
        cmocka_unit_test(test_pauses_stay_below_a_limit_that_doubles_up_to_the_largest),
        cmocka_unit_test(test_pauses_are_spread_over_the_whole_range),
        cmocka_unit_test(test_a_healthy_process_starts_again_at_once),
        cmocka_unit_test(test_the_last_failure_allowed_within_the_window_is_reported),
        cmocka_unit_test(test_one_failure_is_too_many_where_one_is_the_limit),
        cmocka_unit_test(test_failures_are_counted_in_a_ring_without_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
