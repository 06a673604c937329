// SPDX-License-Identifier: Apache-2.0
#include "client/alarm.h"
#include "tests/unit/cmocka.h"

enum { ALARMS = 500 };

static void test_alarms_go_off_in_order_and_not_early(void **state)
{
    struct alarm_clock clock = { 0 };
    struct alarm alarms[ALARMS] = { 0 };
    uint64_t last = 0;
    unsigned seed = 7;
    struct alarm *alarm;
    int rung = 0;

    (void)state;
    assert_int_equal(alarm_next(&clock), UINT64_MAX);
    for (int i = 0; i < ALARMS; i++) {
        seed = seed * 1103515245 + 12345;
        assert_true(alarm_set(&clock, &alarms[i], 1000 + (seed >> 8) % 5000));
    }
    assert_null(alarm_pop(&clock, 999));
    while ((alarm = alarm_pop(&clock, UINT64_MAX - 1)) != NULL) {
        assert_true(alarm->due_us >= last);
        assert_int_equal(alarm->place, 0);
        last = alarm->due_us;
        rung += 1;
    }
    assert_int_equal(rung, ALARMS);
    alarm_clock_deinit(&clock);
    alarm_clock_deinit(&clock);
}

static void test_an_alarm_that_is_stopped_or_moved_does_not_go_off_at_its_old_time(void **state)
{
    struct alarm_clock clock = { 0 };
    struct alarm alarms[ALARMS] = { 0 };
    unsigned seed = 3;
    struct alarm *alarm;
    int stopped = 0;
    int rung = 0;

    (void)state;
    for (int i = 0; i < ALARMS; i++)
        assert_true(alarm_set(&clock, &alarms[i], (uint64_t)i));
    for (int i = 0; i < ALARMS; i++) {
        seed = seed * 1103515245 + 12345;
        if ((seed >> 16) % 3 == 0) {
            alarm_stop(&clock, &alarms[i]);
            alarm_stop(&clock, &alarms[i]);
            stopped += 1;
        } else {
            assert_true(alarm_set(&clock, &alarms[i], ALARMS + (seed >> 8) % 1000));
        }
    }
    assert_null(alarm_pop(&clock, ALARMS - 1));
    while ((alarm = alarm_pop(&clock, UINT64_MAX - 1)) != NULL)
        rung += 1;
    assert_int_equal(rung + stopped, ALARMS);
    alarm_clock_deinit(&clock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alarms_go_off_in_order_and_not_early),
        cmocka_unit_test(test_an_alarm_that_is_stopped_or_moved_does_not_go_off_at_its_old_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
