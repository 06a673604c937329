// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/random.h"
#include "kernel/router/breaker.h"
#include "kernel/router/policy_limits.h"
#include "transport/terms.h"
#include "tests/unit/cmocka.h"

enum { ANSWERS_MAX = 4096 };

#define S UINT64_C(1000000)

static const struct breaker_terms terms = {
    .failures = 3, .percent = 50, .window_ms = 1000, .eject_ms = 1000
};
static const struct breaker_answer bad = { .failed = true };
static const struct breaker_answer good = { .failed = false };

static void test_failures_in_a_row_are_too_many_and_one_success_ends_the_row(void **state)
{
    struct breaker breaker = { 0 };

    (void)state;
    assert_false(breaker_answered(&breaker, &terms, bad, S));
    assert_false(breaker_answered(&breaker, &terms, bad, S));
    assert_false(breaker_answered(&breaker, &terms, good, S));
    assert_false(breaker_answered(&breaker, &terms, bad, S));
    assert_false(breaker_answered(&breaker, &terms, bad, S));
    assert_true(breaker_answered(&breaker, &terms, bad, S));
}

static void test_a_part_of_a_window_counts_only_with_enough_calls(void **state)
{
    static const struct breaker_terms half = { .percent = 50, .window_ms = 1000, .eject_ms = 1 };
    struct breaker breaker = { 0 };

    (void)state;
    for (int i = 0; i < POLICY_BREAKER_CALLS_MIN - 1; i++)
        assert_false(breaker_answered(&breaker, &half, bad, S));
    assert_true(breaker_answered(&breaker, &half, bad, S));
    breaker = (struct breaker){ 0 };
    for (int i = 0; i < POLICY_BREAKER_CALLS_MIN - 1; i++)
        assert_false(breaker_answered(&breaker, &half, bad, S));
    assert_false(breaker_answered(&breaker, &half, bad, S + S)); /* a new window */
}

static void test_one_that_is_left_out_comes_back_by_one_call_that_went_well(void **state)
{
    struct breaker breaker = { 0 };

    (void)state;
    breaker_eject(&breaker, &terms, S);
    assert_false(breaker_admits(&breaker, 2 * S - 1));
    assert_true(breaker_admits(&breaker, 2 * S));
    assert_true(breaker_sent(&breaker, 2 * S));
    assert_false(breaker_admits(&breaker, 2 * S));                 /* one probe at a time */
    assert_false(breaker_answered(&breaker, &terms, good, 2 * S)); /* a call of before */
    assert_false(breaker_admits(&breaker, 2 * S));
    assert_false(breaker_answered(&breaker, &terms, (struct breaker_answer){ false, true }, 2 * S));
    assert_true(breaker_admits(&breaker, 2 * S));
    assert_false(breaker_sent(&breaker, 2 * S));
}

static void test_a_probe_without_an_end_makes_room_for_another(void **state)
{
    struct breaker breaker = { 0 };

    (void)state;
    breaker_eject(&breaker, &terms, S);
    assert_true(breaker_sent(&breaker, 2 * S));
    breaker_probe_lost(&breaker);
    assert_true(breaker_sent(&breaker, 2 * S));
}

static void test_it_is_left_out_for_longer_each_time_up_to_a_bound_and_is_forgiven(void **state)
{
    struct breaker breaker = { 0 };
    uint64_t now_us = S;

    (void)state;
    for (uint32_t times = 1; times <= POLICY_EJECTIONS_MAX + 3; times++) {
        uint32_t factor = times < POLICY_EJECTIONS_MAX ? times : POLICY_EJECTIONS_MAX;

        breaker_eject(&breaker, &terms, now_us);
        assert_true(breaker.until_us == now_us + factor * UINT64_C(1000000));
        now_us = breaker.until_us;
        assert_true(breaker_sent(&breaker, now_us));
        assert_true(
                breaker_answered(&breaker, &terms, (struct breaker_answer){ true, true }, now_us));
    }
    breaker_eject(&breaker, &terms, now_us + POLICY_EJECTIONS_MAX * UINT64_C(1000000));
    assert_int_equal(breaker.times, 1);
}

/* A list of all answers, looked at from the start each time. */
struct model {
    struct {
        uint64_t at_us;
        bool failed;
    } answers[ANSWERS_MAX];
    size_t count;
    uint64_t window_us;
};

static bool model_is_too_much(struct model *model, bool failed, uint64_t now_us)
{
    uint32_t in_row = 0;
    uint32_t calls = 0;
    uint32_t failures = 0;

    model->answers[model->count].at_us = now_us;
    model->answers[model->count++].failed = failed;
    while (now_us - model->window_us >= S)
        model->window_us = now_us;
    for (size_t i = 0; i < model->count; i++) {
        in_row = model->answers[i].failed ? in_row + 1 : 0;
        calls += model->answers[i].at_us >= model->window_us ? 1 : 0;
        failures += model->answers[i].at_us >= model->window_us && model->answers[i].failed ? 1 : 0;
    }
    return failed && (in_row >= 3 || (calls >= POLICY_BREAKER_CALLS_MIN && failures * 2 >= calls));
}

static void test_random_answers_are_judged_as_a_list_of_them_is(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        static struct model model;
        struct breaker breaker = { 0 };
        uint64_t now_us = 10 * S;
        struct random random;
        uint32_t part;

        random_init(&random, seed);
        part = random_below(&random, 60);
        model = (struct model){ 0 };
        for (int i = 0; i < 200; i++) {
            bool failed = random_below(&random, 100) < part;
            bool expected;

            now_us += 1 + random_below(&random, 200000);
            expected = model_is_too_much(&model, failed, now_us);
            if (breaker_answered(&breaker, &terms, (struct breaker_answer){ failed, false },
                        now_us) != expected)
                fail_msg("seed %d, answer %d", (int)seed, i);
            if (!expected)
                continue;
            /* Left out, and back by a probe: both begin anew. */
            breaker_eject(&breaker, &terms, now_us);
            now_us = breaker.until_us;
            assert_true(breaker_sent(&breaker, now_us));
            assert_false(breaker_answered(
                    &breaker, &terms, (struct breaker_answer){ false, true }, now_us));
            model = (struct model){ .window_us = now_us };
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failures_in_a_row_are_too_many_and_one_success_ends_the_row),
        cmocka_unit_test(test_a_part_of_a_window_counts_only_with_enough_calls),
        cmocka_unit_test(test_one_that_is_left_out_comes_back_by_one_call_that_went_well),
        cmocka_unit_test(test_a_probe_without_an_end_makes_room_for_another),
        cmocka_unit_test(test_it_is_left_out_for_longer_each_time_up_to_a_bound_and_is_forgiven),
        cmocka_unit_test(test_random_answers_are_judged_as_a_list_of_them_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
