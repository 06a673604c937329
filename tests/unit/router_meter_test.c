// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/meter.h"

#include <stdio.h>
#include <string.h>

#include "kernel/router/limits.h"
#include "tests/unit/cmocka.h"

static struct meter meter;

static int set_up(void **state)
{
    (void)state;
    return meter_init(&meter, 3);
}

static int tear_down(void **state)
{
    (void)state;
    meter_deinit(&meter);
    meter_deinit(&meter);
    return 0;
}

static struct span text(const char *text)
{
    return (struct span){ (const uint8_t *)text, strlen(text) };
}

static struct span numbered(char room[64], const char *name, int number)
{
    snprintf(room, 64, "%s%d", name, number);
    return text(room);
}

static void test_a_method_has_one_row_on_each_side(void **state)
{
    struct method *here = meter_name(&meter, text("greeter.Hello"), SIDE_HERE);
    struct method *there = meter_name(&meter, text("greeter.Hello"), SIDE_THERE);

    (void)state;
    assert_non_null(here);
    assert_non_null(there);
    assert_ptr_not_equal(here, there);
    assert_ptr_equal(meter_name(&meter, text("greeter.Hello"), SIDE_HERE), here);
    assert_ptr_equal(meter_find(&meter, text("greeter.Hello"), SIDE_THERE), there);
    assert_true(meter_is(here, text("greeter.Hello")));
    assert_false(meter_is(here, text("greeter.Hell")));
    assert_false(meter_is(NULL, text("greeter.Hello")));
}

static void test_finding_makes_no_row_of_a_method(void **state)
{
    uint32_t before = meter.count;

    (void)state;
    assert_null(meter_find(&meter, text("greeter.Hello"), SIDE_HERE));
    assert_int_equal(meter.count, before);
}

static void test_a_service_has_rows_of_so_many_methods_and_others_are_not_hurt(void **state)
{
    char room[64];

    (void)state;
    for (int i = 0; i < METER_SERVICE_METHODS_MAX; i++)
        assert_non_null(meter_name(&meter, numbered(room, "greeter.M", i), SIDE_HERE));
    assert_null(meter_name(&meter, text("greeter.OneMore"), SIDE_HERE));
    assert_non_null(meter_name(&meter, text("greeter.M0"), SIDE_HERE));
    assert_non_null(meter_name(&meter, text("other.Method"), SIDE_HERE));
}

static void test_services_of_other_nodes_leave_room_for_those_here(void **state)
{
    struct method *service;
    char room[64];

    (void)state;
    for (int i = 0; i < METER_METHODS_THERE_MAX; i++) {
        service = meter_find_service(&meter, numbered(room, "far", i), SIDE_THERE);
        assert_true(meter_is(service, text(room)));
    }
    service = meter_find_service(&meter, text("one-more"), SIDE_THERE);
    assert_ptr_equal(service, &meter.methods[0]);
    assert_null(meter_name(&meter, text("one-more.X"), SIDE_THERE));
    assert_true(meter_is(meter_find_service(&meter, text("near"), SIDE_HERE), text("near")));
}

static void test_a_full_table_counts_the_rest_together(void **state)
{
    char room[64];
    int i = 0;

    (void)state;
    while (meter.count < METER_METHODS_MAX)
        meter_find_service(&meter, numbered(room, "s", i++), SIDE_HERE);
    assert_int_equal(i, METER_METHODS_MAX - 1); /* the first row is that of no service */
    assert_ptr_equal(meter_find_service(&meter, text("new"), SIDE_HERE), &meter.methods[0]);
    assert_null(meter_name(&meter, text("s0.New"), SIDE_HERE));
    for (int k = 0; k < i; k++)
        assert_non_null(meter_find(&meter, numbered(room, "s", k), SIDE_HERE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_method_has_one_row_on_each_side, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_finding_makes_no_row_of_a_method, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_service_has_rows_of_so_many_methods_and_others_are_not_hurt, set_up,
                tear_down),
        cmocka_unit_test_setup_teardown(
                test_services_of_other_nodes_leave_room_for_those_here, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_full_table_counts_the_rest_together, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
