// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "kernel/router/limits.h"
#include "kernel/router/service.h"
#include "tests/unit/cmocka.h"

static struct span text(const char *string)
{
    return (struct span){ (const uint8_t *)string, strlen(string) };
}

static struct peer nobody; /* who calls, and has no calls under way */

static struct peer instance(uint32_t latency_us)
{
    return (struct peer){ .calls_max = 10, .latency_us = latency_us, .place = UINT32_MAX };
}

static void test_a_name_is_added_once_and_found_exactly(void **state)
{
    struct service_table table;
    struct service *greeter;

    (void)state;
    assert_int_equal(service_table_init(&table), 0);
    assert_null(service_find(&table, text("greeter")));
    greeter = service_add(&table, text("greeter"));
    assert_ptr_equal(service_add(&table, text("greeter")), greeter);
    assert_int_equal(table.local_count, 1);
    assert_ptr_equal(service_find(&table, text("greeter")), greeter);
    assert_null(service_find(&table, text("greete")));
    assert_null(service_find(&table, text("greeter2")));
    service_table_deinit(&table);
    service_table_deinit(&table);
}

static void test_names_are_taken_up_to_the_limit(void **state)
{
    struct service_table table;
    char name[16];

    (void)state;
    assert_int_equal(service_table_init(&table), 0);
    for (int i = 0; i <= ROUTER_SERVICES_MAX; i++) {
        snprintf(name, sizeof(name), "s%d", i);
        if (i < ROUTER_SERVICES_MAX)
            assert_non_null(service_add(&table, text(name)));
        else
            assert_null(service_add(&table, text(name)));
    }
    assert_non_null(service_find(&table, text("s0")));
    service_table_deinit(&table);
}

static void test_instances_leave_in_any_order(void **state)
{
    struct service_table table;
    struct service *service;
    struct peer peers[20];
    struct random random;

    (void)state;
    random_init(&random, 1);
    assert_int_equal(service_table_init(&table), 0);
    service = service_add(&table, text("a"));
    for (int i = 0; i < 20; i++) {
        peers[i] = instance(100);
        assert_int_equal(service_join(service, &peers[i]), 0);
    }
    for (int i = 0; i < 20; i += 2) {
        service_leave(service, &peers[i]);
        service_leave(service, &peers[i]);
    }
    assert_int_equal(service->ready_count, 10);
    for (int i = 0; i < 100; i++)
        assert_int_equal((service_pick(service, &nobody, 0, &random) - peers) % 2, 1);
    service_table_deinit(&table);
}

static void test_the_less_loaded_of_two_is_picked(void **state)
{
    struct service_table table;
    struct service *service;
    struct peer slow = instance(1000);
    struct peer fast = instance(100);
    struct random random;

    (void)state;
    random_init(&random, 1);
    assert_int_equal(service_table_init(&table), 0);
    service = service_add(&table, text("a"));
    service_join(service, &slow);
    service_join(service, &fast);
    for (int i = 0; i < 50; i++)
        assert_ptr_equal(service_pick(service, &nobody, 0, &random), &fast);
    fast.calls_taken_count = 9; /* nine under way, each fast: still the better wait is elsewhere */
    slow.latency_us = 100;
    assert_ptr_equal(service_pick(service, &nobody, 0, &random), &slow);
    service_table_deinit(&table);
}

static void test_who_was_slow_once_is_tried_again(void **state)
{
    struct service_table table;
    struct service *service;
    struct peer slow = instance(4000000);
    struct peer fast = instance(1000);
    struct random random;
    unsigned picks = 0;

    (void)state;
    random_init(&random, 1);
    assert_int_equal(service_table_init(&table), 0);
    service = service_add(&table, text("a"));
    service_join(service, &slow);
    service_join(service, &fast);
    while (service_pick(service, &nobody, 0, &random) != &slow)
        assert_in_range(++picks, 1, 1000);
    assert_true(picks > 100);
    service_table_deinit(&table);
}

static void test_a_full_instance_is_not_picked_while_another_has_room(void **state)
{
    struct service_table table;
    struct service *service;
    struct peer peers[5];
    struct random random;

    (void)state;
    random_init(&random, 1);
    assert_int_equal(service_table_init(&table), 0);
    service = service_add(&table, text("a"));
    assert_null(service_pick(service, &nobody, 0, &random));
    for (int i = 0; i < 5; i++) {
        peers[i] = instance(0);
        peers[i].calls_taken_count = 10;
        assert_int_equal(service_join(service, &peers[i]), 0);
        assert_null(service_pick(service, &nobody, 0, &random));
    }
    peers[3].calls_taken_count = 9;
    for (int i = 0; i < 50; i++)
        assert_ptr_equal(service_pick(service, &nobody, 0, &random), &peers[3]);
    peers[3].out.leaving = OUTBOX_HARD_MAX;
    assert_null(service_pick(service, &nobody, 1, &random));
    service_table_deinit(&table);
}

static void test_a_silent_instance_is_picked_where_no_other_has_room(void **state)
{
    struct service_table table;
    struct service *service;
    struct peer peers[5];
    struct random random;

    (void)state;
    random_init(&random, 1);
    assert_int_equal(service_table_init(&table), 0);
    service = service_add(&table, text("a"));
    for (int i = 0; i < 5; i++) {
        peers[i] = instance(i == 3 ? 1000 : 1);
        peers[i].silent = i != 3;
        assert_int_equal(service_join(service, &peers[i]), 0);
    }
    for (int i = 0; i < 50; i++)
        assert_ptr_equal(service_pick(service, &nobody, 0, &random), &peers[3]);
    peers[3].calls_taken_count = peers[3].calls_max;
    for (int i = 0; i < 50; i++)
        assert_ptr_not_equal(service_pick(service, &nobody, 0, &random), &peers[3]);
    service_table_deinit(&table);
}

/* The bucket of a name, as service.c computes it. */
static uint32_t bucket(const char *name)
{
    uint32_t hash = 2166136261u;

    for (; *name != '\0'; name++)
        hash = (hash ^ (uint8_t)*name) * 16777619u;
    return hash % (2 * (ROUTER_SERVICES_MAX + ROUTER_NAMES_LEARNED_MAX));
}

static void test_names_that_another_node_picked_to_collide_are_left_out(void **state)
{
    struct service_table table;
    unsigned learned = 0;
    unsigned tried = 0;
    char name[16];

    (void)state;
    assert_int_equal(service_table_init(&table), 0);
    for (unsigned i = 0; tried < ROUTER_NAMES_CHAINED_MAX + 5; i++) {
        snprintf(name, sizeof(name), "s%u", i);
        if (bucket(name) != bucket("victim"))
            continue;
        tried += 1;
        learned += service_learn(&table, text(name)) != NULL ? 1 : 0;
    }
    assert_int_equal(learned, ROUTER_NAMES_CHAINED_MAX);
    assert_null(service_learn(&table, text("victim")));
    assert_non_null(service_add(&table, text("victim"))); /* one of our own is always let in */
    service_table_deinit(&table);
}

static void test_a_learned_name_becomes_one_of_ours_and_stays(void **state)
{
    struct service_table table;
    struct service *service;
    char name[16];

    (void)state;
    assert_int_equal(service_table_init(&table), 0);
    service = service_learn(&table, text("shop"));
    assert_ptr_equal(service_learn(&table, text("shop")), service);
    assert_ptr_equal(service_add(&table, text("shop")), service);
    for (unsigned i = 0; i < ROUTER_NAMES_LEARNED_MAX + 10; i++) {
        snprintf(name, sizeof(name), "s%u", i);
        assert_non_null(service_learn(&table, text(name)));
    }
    assert_ptr_equal(service_find(&table, text("shop")), service);
    assert_null(service_find(&table, text("s0"))); /* idle for the longest time */
    assert_null(service_find(&table, text("s9")));
    assert_non_null(service_find(&table, text("s10")));
    assert_int_equal(table.local_count, 1);
    service_table_deinit(&table);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_is_added_once_and_found_exactly),
        cmocka_unit_test(test_names_are_taken_up_to_the_limit),
        cmocka_unit_test(test_instances_leave_in_any_order),
        cmocka_unit_test(test_the_less_loaded_of_two_is_picked),
        cmocka_unit_test(test_a_full_instance_is_not_picked_while_another_has_room),
        cmocka_unit_test(test_who_was_slow_once_is_tried_again),
        cmocka_unit_test(test_a_silent_instance_is_picked_where_no_other_has_room),
        cmocka_unit_test(test_names_that_another_node_picked_to_collide_are_left_out),
        cmocka_unit_test(test_a_learned_name_becomes_one_of_ours_and_stays),
    };

    list_init(&nobody.claims);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
