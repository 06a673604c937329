// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/standing.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/supervisor_world.h"

static void test_a_node_boots_in_order_of_need(void **state)
{
    const char *needs[] = { "store", NULL };

    (void)state;
    world_apply("router", NULL);
    world_apply("registry", NULL);
    world_apply("shop", needs);
    world_apply("store", NULL);
    world_run();
    assert_string_equal(world.text, "spawn router");
    world_ready("router");
    assert_string_equal(world.text, "spawn router, spawn registry");
    world_ready("registry");
    assert_string_equal(world.text, "spawn router, spawn registry, spawn store");
    world_ready("store");
    assert_string_equal(world.text, "spawn router, spawn registry, spawn store, spawn shop");
    world_ready("shop");
    assert_string_equal(
            world.text, "spawn router, spawn registry, spawn store, spawn shop, READY ");
}

static void test_a_node_is_ready_although_one_service_fails(void **state)
{
    (void)state;
    world_apply("router", NULL);
    world_apply("registry", NULL);
    world_apply("broken", NULL);
    world_ready("router");
    world_ready("registry");
    assert_null(strstr(world.text, "READY"));
    world_end("broken", 1);
    world_run();
    assert_non_null(strstr(world.text, "READY"));
}

static void test_a_node_does_not_wait_for_ever_for_a_slow_service(void **state)
{
    struct service_config slow = world_config("slow", NULL);
    char text[16];

    (void)state;
    slow.rule.ready_timeout_ms = 600000;
    world_apply("router", NULL);
    world_apply("registry", NULL);
    request_apply(&world.supervisor, &slow, true, world.now_ms, text, sizeof(text));
    world_ready("router");
    world_pass(3000);
    world_ready("registry");
    world_pass(SETTLE_MAX_MS - 1);
    assert_null(strstr(world.text, "READY"));
    world_pass(1);
    assert_non_null(strstr(world.text, "READY"));
    assert_int_equal(world_child_of("slow")->state, CHILD_STARTING);
}

static void test_a_node_is_ready_although_a_need_is_missing(void **state)
{
    const char *needs[] = { "nobody", NULL };
    char reason[96];

    (void)state;
    world_apply("router", NULL);
    world_apply("registry", NULL);
    world_apply("shop", needs);
    world_ready("router");
    world_ready("registry");
    assert_non_null(strstr(world.text, "READY"));
    standing_reason(&world.supervisor, world_child_of("shop"), reason, sizeof(reason));
    assert_string_equal(reason, "waits for nobody, which this node does not know");
    assert_string_equal(standing_waits_for(&world.supervisor, world_child_of("shop")), "nobody");
    assert_string_equal(standing_waits_for(&world.supervisor, world_child_of("router")), "");
    assert_int_equal(standing_count(&world.supervisor).up, 2);
    assert_int_equal(standing_count(&world.supervisor).wanted, 3);
}

static void test_a_router_that_ends_at_boot_ends_the_boot(void **state)
{
    (void)state;
    world_apply("router", NULL);
    world_apply("registry", NULL);
    world_run();
    world_end("router", 1);
    assert_string_equal(world.text, "spawn router, OVER ");
    assert_string_equal(world.supervisor.boot_failure->config->name, "router");
}

static void test_a_router_that_is_not_ready_in_time_ends_the_boot(void **state)
{
    (void)state;
    world_apply("router", NULL);
    world_pass(9999);
    assert_string_equal(world.text, "spawn router");
    world_pass(1);
    assert_string_equal(world.text, "spawn router, kill router");
    world_end("router", 0);
    assert_non_null(strstr(world.text, "OVER"));
    assert_int_equal(world.supervisor.boot_failure->children[0].ending.cause, ENDING_UNREADY);
}

static void test_a_registry_gets_three_tries_at_boot(void **state)
{
    (void)state;
    world_apply("router", NULL);
    world_apply("registry", NULL);
    world_ready("router");
    world_end("registry", 1);
    world_pass(1000);
    world_end("registry", 1);
    world_pass(1000);
    assert_null(world.supervisor.boot_failure);
    world_end("registry", 1);
    assert_string_equal(world.supervisor.boot_failure->config->name, "registry");
    world_end("router", 0);
    assert_non_null(strstr(world.text, "OVER"));
}

static void test_a_program_that_is_missing_ends_in_failed(void **state)
{
    (void)state;
    world_boot();
    world.spawn_error = ENOENT;
    world_apply("shop", NULL);
    world_run();
    assert_int_equal(world_child_of("shop")->state, CHILD_FAILED);
    world.spawn_error = 0;
    assert_int_equal(request_start(&world.supervisor, "shop", world.now_ms), REQUEST_OK);
    world_ready("shop");
}

static void test_a_crash_loop_ends_in_failed(void **state)
{
    (void)state;
    world_boot();
    world_up("shop", NULL);
    for (int i = 0; i < 5; i++) {
        world_end("shop", 1);
        world_pass(1000);
    }
    assert_int_equal(world_child_of("shop")->state, CHILD_FAILED);
    assert_string_equal(world.text,
            "dismiss , spawn shop, dismiss , spawn shop, dismiss , spawn shop, dismiss , "
            "spawn shop, dismiss ");
    world_pass(1000000);
    assert_int_equal(supervisor_due(&world.supervisor), UINT64_MAX);
    assert_int_equal(standing_count(&world.supervisor).failed, 1);
}

static void test_one_that_is_not_ready_in_time_is_killed_and_tried_again(void **state)
{
    (void)state;
    world_boot();
    world_apply("shop", NULL);
    world_pass(10000);
    assert_string_equal(world.text, "spawn shop, kill shop");
    world_end("shop", 0);
    world_pass(0);
    assert_string_equal(world.text, "spawn shop, kill shop, dismiss , spawn shop");
    assert_int_equal(world_child_of("shop")->ending.cause, ENDING_UNREADY);
}

static void test_one_that_the_router_never_admits_is_killed_in_time(void **state)
{
    (void)state;
    world_boot();
    world.silent = true;
    world_apply("shop", NULL);
    world_pass(10000);
    assert_string_equal(world.text, "spawn shop, kill shop");
    assert_false(world_process_of("shop")->running);
}

static void test_a_lost_channel_gives_half_a_second(void **state)
{
    (void)state;
    world_boot();
    world_up("shop", NULL);
    assert_true(
            supervisor_cut(&world.supervisor, world_process_of("shop")->instance, world.now_ms));
    world_pass(499);
    assert_string_equal(world.text, "");
    world_pass(1);
    assert_string_equal(world.text, "kill shop");
    world_end("shop", 0);
    assert_int_equal(world_child_of("shop")->failures.count, 1);
}

static void test_words_about_nobody_are_refused(void **state)
{
    (void)state;
    world_boot();
    assert_false(supervisor_ready(&world.supervisor, 12345, world.now_ms));
    assert_false(supervisor_cut(&world.supervisor, 12345, world.now_ms));
    assert_false(supervisor_admitted(&world.supervisor, 12345, true, world.now_ms));
}

static void test_when_the_router_dies_all_fall_and_come_back_without_a_failure(void **state)
{
    const char *needs[] = { "store", NULL };

    (void)state;
    world_boot();
    world_up("store", NULL);
    world_up("shop", needs);
    world_end("router", 1);
    assert_string_equal(world.text, "");
    world_pass(0);
    assert_string_equal(world.text, "spawn router");
    world_end("shop", 111);
    world_end("registry", 111);
    assert_string_equal(world.text, "spawn router");
    world_pass(500);
    assert_string_equal(world.text, "spawn router, kill store");
    world_forget_text();
    world_end("store", 0);
    world_ready("router");
    world_ready("registry");
    world_ready("store");
    world_ready("shop");
    assert_string_equal(world.text, "spawn registry, spawn store, spawn shop");
    assert_int_equal(world_child_of("store")->failures.count, 0);
    assert_int_equal(world_child_of("registry")->failures.count, 0);
    assert_int_equal(standing_count(&world.supervisor).up, 4);
}

static void test_the_control_socket_tells_of_the_router_s_death_first(void **state)
{
    (void)state;
    world_boot();
    world_up("shop", NULL);
    assert_true(
            supervisor_cut(&world.supervisor, world_process_of("router")->instance, world.now_ms));
    world_end("shop", 111);
    assert_int_equal(world_child_of("shop")->state, CHILD_WAITING);
    assert_int_equal(world_child_of("shop")->failures.count, 0);
    world_pass(500);
    assert_string_equal(world.text, "kill router, kill registry");
    world_end("router", 0);
    world_end("registry", 0);
    world_pass(0);
    world_ready("router");
    world_ready("registry");
    world_ready("shop");
}

static void test_the_registry_dies_alone(void **state)
{
    (void)state;
    world_boot();
    world_up("shop", NULL);
    world_end("registry", 1);
    world_pass(0);
    world_ready("registry");
    assert_string_equal(world.text, "dismiss , spawn registry");
    assert_int_equal(world_child_of("shop")->state, CHILD_UP);
}

static void test_the_router_may_die_fifty_times(void **state)
{
    (void)state;
    world_boot();
    for (int i = 0; i < 50; i++) {
        world_end("router", 1);
        world_end("registry", 111);
        world_pass(500);
        world_ready("router");
        world_ready("registry");
    }
    assert_int_equal(standing_count(&world.supervisor).up, 2);
}

static void test_a_node_stops_in_reverse_order_of_need(void **state)
{
    const char *needs[] = { "store", NULL };

    (void)state;
    world_boot();
    world_up("store", NULL);
    world_up("shop", needs);
    world_up("lone", NULL);
    supervisor_shutdown(&world.supervisor, world.now_ms);
    world_run();
    assert_string_equal(world.text, "term shop, term lone");
    world_end("shop", 0);
    assert_string_equal(world.text, "term shop, term lone, dismiss , term store");
    world_end("store", 0);
    world_forget_text();
    world_end("lone", 0);
    assert_string_equal(world.text, "dismiss , term registry");
    world_end("registry", 0);
    assert_string_equal(world.text, "dismiss , term registry, dismiss , term router");
    world_end("router", 0);
    assert_non_null(strstr(world.text, "OVER"));
}

static void test_a_stop_that_takes_too_long_ends_in_a_kill(void **state)
{
    (void)state;
    world_boot();
    world_up("shop", NULL);
    supervisor_shutdown(&world.supervisor, world.now_ms);
    world_pass(4999);
    assert_string_equal(world.text, "term shop");
    world_pass(1);
    assert_string_equal(world.text, "term shop, kill shop");
}

static void test_a_hurry_kills_everything_at_once(void **state)
{
    (void)state;
    world_boot();
    world_up("shop", NULL);
    supervisor_shutdown(&world.supervisor, world.now_ms);
    world_run();
    world_forget_text();
    supervisor_hurry(&world.supervisor, world.now_ms);
    world_run();
    assert_string_equal(world.text, "kill router, kill registry, kill shop");
}

static void test_nothing_starts_while_the_node_stops(void **state)
{
    const char *needs[] = { "nobody", NULL };

    (void)state;
    world_boot();
    world_up("shop", NULL);
    world_apply("later", needs);
    supervisor_shutdown(&world.supervisor, world.now_ms);
    assert_int_equal(world_apply("new", NULL), REQUEST_ENDING);
    assert_int_equal(request_start(&world.supervisor, "shop", world.now_ms), REQUEST_ENDING);
    world_run();
    world_end("shop", 1);
    world_pass(100000);
    assert_null(strstr(world.text, "spawn"));
}

static void test_a_router_that_dies_while_the_node_stops_is_not_missed(void **state)
{
    (void)state;
    world_boot();
    world_up("shop", NULL);
    supervisor_shutdown(&world.supervisor, world.now_ms);
    world_end("router", 1);
    world_end("shop", 111);
    world_end("registry", 111);
    assert_non_null(strstr(world.text, "OVER"));
    assert_null(strstr(world.text, "spawn"));
}

static void test_an_idle_node_has_nothing_due(void **state)
{
    (void)state;
    world_boot();
    world_up("shop", NULL);
    assert_int_equal(supervisor_due(&world.supervisor), UINT64_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_node_boots_in_order_of_need),
        TEST(test_a_node_is_ready_although_one_service_fails),
        TEST(test_a_node_does_not_wait_for_ever_for_a_slow_service),
        TEST(test_a_node_is_ready_although_a_need_is_missing),
        TEST(test_a_router_that_ends_at_boot_ends_the_boot),
        TEST(test_a_router_that_is_not_ready_in_time_ends_the_boot),
        TEST(test_a_registry_gets_three_tries_at_boot),
        TEST(test_a_program_that_is_missing_ends_in_failed),
        TEST(test_a_crash_loop_ends_in_failed),
        TEST(test_one_that_is_not_ready_in_time_is_killed_and_tried_again),
        TEST(test_one_that_the_router_never_admits_is_killed_in_time),
        TEST(test_a_lost_channel_gives_half_a_second),
        TEST(test_words_about_nobody_are_refused),
        TEST(test_when_the_router_dies_all_fall_and_come_back_without_a_failure),
        TEST(test_the_control_socket_tells_of_the_router_s_death_first),
        TEST(test_the_registry_dies_alone),
        TEST(test_the_router_may_die_fifty_times),
        TEST(test_a_node_stops_in_reverse_order_of_need),
        TEST(test_a_stop_that_takes_too_long_ends_in_a_kill),
        TEST(test_a_hurry_kills_everything_at_once),
        TEST(test_nothing_starts_while_the_node_stops),
        TEST(test_a_router_that_dies_while_the_node_stops_is_not_missed),
        TEST(test_an_idle_node_has_nothing_due),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
