// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/random.h"
#include "kernel/router/limits.h"
#include "kernel/router/wheel.h"
#include "tests/unit/cmocka.h"

static void test_a_timer_is_found_within_a_tick_of_its_time_and_never_before(void **state)
{
    static const uint64_t delays[] = { 0, 1, 7, 8, 9, 100, 8191, 8192, 8193, 600000 };
    struct wheel *wheel = calloc(1, sizeof(*wheel));

    (void)state;
    for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
        struct wheel_timer timer = { .due_ms = 0 };
        uint64_t now = 5000;

        wheel_init(wheel, now);
        wheel_add(wheel, &timer, now + delays[i]);
        while (wheel_pop(wheel, now) == NULL)
            now += 1;
        assert_true(now >= 5000 + delays[i]);
        assert_true(now <= 5000 + delays[i] + ROUTER_TICK_MS);
        assert_int_equal(wheel->count, 0);
    }
    free(wheel);
}

static void test_a_removed_timer_is_not_found_and_may_be_removed_again(void **state)
{
    struct wheel *wheel = calloc(1, sizeof(*wheel));
    struct wheel_timer timer = { .due_ms = 0 };

    (void)state;
    wheel_init(wheel, 0);
    wheel_remove(wheel, &timer);
    wheel_add(wheel, &timer, 50);
    wheel_remove(wheel, &timer);
    wheel_remove(wheel, &timer);
    assert_int_equal(wheel->count, 0);
    assert_null(wheel_pop(wheel, 1000));
    free(wheel);
}

static void test_nothing_is_lost_when_the_clock_jumps(void **state)
{
    enum { TIMERS = 5000 };
    struct wheel *wheel = calloc(1, sizeof(*wheel));
    struct wheel_timer *timers = calloc(TIMERS, sizeof(*timers));
    struct random random;
    unsigned found = 0;
    uint64_t now = 100;

    (void)state;
    random_init(&random, 9);
    wheel_init(wheel, now);
    for (int i = 0; i < TIMERS; i++)
        wheel_add(wheel, &timers[i], now + 1 + random_below(&random, 60000));
    while (found < TIMERS && now < 200000) {
        struct wheel_timer *timer;

        now += random_below(&random, 20000);
        while ((timer = wheel_pop(wheel, now)) != NULL)
            found += 1;
        for (int i = 0; i < TIMERS; i++)
            assert_true(timers[i].due_ms == 0 || timers[i].due_ms + ROUTER_TICK_MS > now);
    }
    assert_int_equal(found, TIMERS);
    free(timers);
    free(wheel);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_timer_is_found_within_a_tick_of_its_time_and_never_before),
        cmocka_unit_test(test_a_removed_timer_is_not_found_and_may_be_removed_again),
        cmocka_unit_test(test_nothing_is_lost_when_the_clock_jumps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
