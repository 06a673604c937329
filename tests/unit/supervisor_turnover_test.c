// SPDX-License-Identifier: Apache-2.0
/* A router that is restarted on purpose, and a supervisor that is replaced. */
#include <string.h>

#include "tests/unit/cmocka.h"
#include "tests/unit/supervisor_world.h"

/* The router, the registry, store and shop, which needs it. */
static void up(void)
{
    static const char *const needs[] = { "store", NULL };

    world_boot();
    world_up("store", NULL);
    world_up("shop", needs);
}

static void begin(bool replaces)
{
    assert_int_equal(request_turnover(&world.supervisor, replaces, 0, world.now_ms), REQUEST_OK);
    world_run();
}

static void drained(void)
{
    turnover_drained(&world.supervisor, world.now_ms);
    world_run();
}

/* Everything ends that was asked to, in the order of its needs. */
static void let_end(void)
{
    world_end("shop", 0);
    world_end("store", 0);
    world_end("registry", 0);
    world_end("router", 0);
}

static void test_all_stops_behind_the_drain_and_starts_again_in_order(void **state)
{
    (void)state;
    up();
    begin(false);
    assert_string_equal(world.text, "drain router");
    assert_int_equal(world_child_of("shop")->state, CHILD_UP); /* its calls go on */
    world_pass(500);
    drained();
    let_end();
    assert_string_equal(world.text,
            "drain router, term shop, dismiss , term store, dismiss , term registry, dismiss , "
            "term router, spawn router");
    world_pass(200);
    world_ready("router");
    world_ready("registry");
    supervisor_tick(&world.supervisor, world.now_ms);
    world_ready("store");
    supervisor_tick(&world.supervisor, world.now_ms);
    world_run();
    assert_null(strstr(world.text, "READY"));
    world_ready("shop");
    assert_non_null(strstr(world.text, "spawn store, spawn shop, READY"));
    assert_int_equal(world.supervisor.turnover.step, TURNOVER_NONE);
    assert_int_equal(world.supervisor.turnover.pause_ms, 700);
    assert_int_equal(world_child_of("shop")->failures.count, 0);
}

static void test_what_was_stopped_or_had_ended_stays_so(void **state)
{
    (void)state;
    up();
    request_hold(&world.supervisor, "shop", world.now_ms);
    world_run();
    world_end("shop", 0);
    world_up("once", NULL);
    world_end("once", 0); /* by itself: it is done */
    begin(false);
    drained();
    world_end("store", 0);
    world_end("registry", 0);
    world_end("router", 0);
    world_ready("router");
    world_ready("registry");
    world_ready("store");
    assert_int_equal(world.supervisor.phase, SUPERVISOR_RUNNING);
    assert_int_equal(world_child_of("shop")->state, CHILD_DOWN);
    assert_int_equal(world_child_of("once")->state, CHILD_DOWN);
}

static void test_a_router_that_never_says_that_it_is_done_is_stopped_all_the_same(void **state)
{
    (void)state;
    up();
    begin(false);
    world_pass(DRAIN_DEFAULT_MS + DRAIN_ANSWER_MS - 1);
    assert_string_equal(world.text, "drain router");
    world_pass(1);
    assert_string_equal(world.text, "drain router, term shop");
}

static void test_a_router_that_dies_in_its_drain_is_started_again_with_all(void **state)
{
    (void)state;
    up();
    begin(false);
    world_end("router", 1);
    world_end("shop", 111);
    world_end("store", 111);
    world_end("registry", 111);
    assert_int_equal(world.supervisor.turnover.step, TURNOVER_STARTING);
    world_pass(500);
    world_ready("router");
    world_ready("registry");
    world_ready("store");
    world_ready("shop");
    assert_int_equal(world.supervisor.phase, SUPERVISOR_RUNNING);
}

static void test_a_router_that_does_not_come_back_at_once_is_tried_again(void **state)
{
    (void)state;
    up();
    begin(false);
    drained();
    let_end();
    for (int i = 0; i < 5; i++) {
        assert_non_null(world_process_of("router"));
        world_end("router", 1);
        world_pass(1000);
    }
    assert_null(world.supervisor.boot_failure);
    world_ready("router");
    world_ready("registry");
    world_ready("store");
    world_ready("shop");
    assert_int_equal(world.supervisor.phase, SUPERVISOR_RUNNING);
}

static void test_calls_do_not_wait_for_a_service_that_does_not_come(void **state)
{
    (void)state;
    up();
    begin(false);
    drained();
    let_end();
    world_ready("router");
    world_ready("registry");
    world_ready("store");
    world_pass(TURNOVER_SETTLE_MS - 1);
    assert_int_equal(world.supervisor.phase, SUPERVISOR_BOOTING);
    world_pass(1);
    assert_int_equal(world.supervisor.phase, SUPERVISOR_RUNNING);
}

static void test_a_successor_takes_over_when_nothing_runs(void **state)
{
    (void)state;
    up();
    begin(true);
    drained();
    assert_null(strstr(world.text, "OVER"));
    let_end();
    assert_non_null(strstr(world.text, "term router, OVER"));
    assert_true(world.supervisor.turnover.replaces);
}

static void test_a_stop_meanwhile_is_a_stop(void **state)
{
    (void)state;
    for (int step = 0; step < 3; step++) {
        if (step > 0) {
            world_teardown(state);
            world_setup(state);
        }
        up();
        begin(true);
        if (step > 0)
            drained();
        if (step > 1)
            world_end("shop", 0);
        supervisor_shutdown(&world.supervisor, world.now_ms);
        world_run();
        if (step < 2)
            world_end("shop", 0);
        world_end("store", 0);
        world_end("registry", 0);
        world_end("router", 0);
        assert_non_null(strstr(world.text, "OVER"));
        assert_false(world.supervisor.turnover.replaces);
    }
}

static void test_there_is_one_at_a_time_and_none_while_the_node_boots_or_stops(void **state)
{
    (void)state;
    world_apply("router", NULL);
    world_run();
    assert_int_equal(request_turnover(&world.supervisor, false, 0, world.now_ms), REQUEST_BUSY);
    world_apply("registry", NULL);
    world_ready("router");
    world_ready("registry");
    begin(false);
    assert_int_equal(request_turnover(&world.supervisor, true, 0, world.now_ms), REQUEST_BUSY);
    assert_false(world.supervisor.turnover.replaces);
    drained();
    assert_int_equal(request_turnover(&world.supervisor, true, 0, world.now_ms), REQUEST_ENDING);
}

int main(void)
{
#define in_world(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        in_world(test_all_stops_behind_the_drain_and_starts_again_in_order),
        in_world(test_what_was_stopped_or_had_ended_stays_so),
        in_world(test_a_router_that_never_says_that_it_is_done_is_stopped_all_the_same),
        in_world(test_a_router_that_dies_in_its_drain_is_started_again_with_all),
        in_world(test_a_router_that_does_not_come_back_at_once_is_tried_again),
        in_world(test_calls_do_not_wait_for_a_service_that_does_not_come),
        in_world(test_a_successor_takes_over_when_nothing_runs),
        in_world(test_a_stop_meanwhile_is_a_stop),
        in_world(test_there_is_one_at_a_time_and_none_while_the_node_boots_or_stops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
