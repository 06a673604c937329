// SPDX-License-Identifier: Apache-2.0
/* Each way in which a call with a hedge may end. */
#include <string.h>

#include "kernel/router/cap.h"
#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_scene.h"

enum { INTERNAL = 13 };

/* ---- who answers first ---- */

static void test_the_second_may_answer_first_and_the_first_is_cancelled(void **state)
{
    (void)state;
    scene_ask_both(0);
    assert_memory_equal(scene.bus.heard[0].body.data, "question", 8);
    assert_in_range(scene.bus.heard[0].timeout_ms, TIMEOUT_DEFAULT_MS - ENOUGH_MS,
            TIMEOUT_DEFAULT_MS - DELAY_MS);
    bus_answer(&scene.bus, scene.second, scene.second_id, OK, 0);
    assert_int_equal(bus_take_code(&scene.bus, scene.caller, CALL), OK);
    assert_true(scene_is_cancelled(scene.first, scene.first_id));
    assert_int_equal(bus_hear(&scene.bus, scene.second), 0);
    assert_int_equal(scene.first->calls_taken_count, 1); /* it is busy with it still */
    bus_answer(&scene.bus, scene.first, scene.first_id, OK, 0);
    assert_int_equal(bus_take_code(&scene.bus, scene.caller, CALL), NOTHING);
    assert_int_equal(scene.bus.router.stats.results_late, 1);
    assert_int_equal(scene_policy()->hedges, 1);
    assert_int_equal(scene_policy()->hedges_won, 1);
    scene_expect_nothing_left();
}

static void test_the_first_may_answer_first_and_the_second_is_cancelled(void **state)
{
    (void)state;
    scene_ask_both(0);
    bus_answer(&scene.bus, scene.first, scene.first_id, OK, 0);
    assert_int_equal(bus_take_code(&scene.bus, scene.caller, CALL), OK);
    assert_true(scene_is_cancelled(scene.second, scene.second_id));
    bus_answer(&scene.bus, scene.second, scene.second_id, CODE_CANCELLED, EXECUTED_UNKNOWN);
    assert_int_equal(bus_take_code(&scene.bus, scene.caller, CALL), NOTHING);
    assert_int_equal(scene.bus.router.stats.results_late, 1);
    assert_int_equal(scene_policy()->hedges_won, 0);
    scene_expect_nothing_left();
}

static void test_an_answer_in_time_asks_nobody_else(void **state)
{
    (void)state;
    scene_set_hedge();
    scene_ask(0);
    bus_pass_ms(&scene.bus, DELAY_MS - 1);
    bus_answer(&scene.bus, scene.first, scene.first_id, OK, 0);
    bus_pass_ms(&scene.bus, UINT64_C(10) * DELAY_MS);
    assert_int_equal(bus_hear(&scene.bus, scene.second), 0);
    assert_int_equal(scene_policy()->hedges, 0);
    assert_int_equal(bus_take_code(&scene.bus, scene.caller, CALL), OK);
    scene_expect_nothing_left();
}

static void test_a_call_has_one_hedge_whatever_happens(void **state)
{
    struct peer *three = bus_service(&scene.bus, "shop");

    (void)state;
    scene_set_hedge();
    bus_ask_for(&scene.bus, scene.caller, CALL, "shop.Pay", 0);
    bus_pass_ms(&scene.bus, 1000);
    assert_int_equal(bus_hear(&scene.bus, scene.one) + bus_hear(&scene.bus, scene.two) +
                             bus_hear(&scene.bus, three),
            2);
    assert_int_equal(scene_policy()->hedges, 1);
}

static void test_an_error_that_is_no_refusal_is_an_answer(void **state)
{
    static const uint32_t codes[] = { CODE_INVALID_ARGUMENT, CODE_NOT_FOUND, INTERNAL };

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        scene_ask_both(0);
        bus_answer(&scene.bus, scene.second, scene.second_id, codes[i], EXECUTED_YES);
        assert_int_equal(bus_take_code(&scene.bus, scene.caller, CALL), codes[i]);
        assert_true(scene_is_cancelled(scene.first, scene.first_id));
        bus_answer(&scene.bus, scene.first, scene.first_id, OK, 0);
        scene_expect_nothing_left();
    }
}

static void test_a_refusal_of_one_lets_the_other_go_on(void **state)
{
    static const uint32_t codes[] = { CODE_UNAVAILABLE, CODE_RESOURCE_EXHAUSTED };

    (void)state;
    for (int turn = 0; turn < 4; turn++) {
        bool first_refuses = turn % 2 == 0;

        scene_ask_both(0);
        bus_answer(&scene.bus, first_refuses ? scene.first : scene.second,
                first_refuses ? scene.first_id : scene.second_id, codes[turn / 2],
                EXECUTED_UNKNOWN);
        assert_int_equal(bus_take_code(&scene.bus, scene.caller, CALL), NOTHING);
        assert_int_equal(bus_hear(&scene.bus, scene.one) + bus_hear(&scene.bus, scene.two), 0);
        assert_int_equal((first_refuses ? scene.first : scene.second)->calls_taken_count, 0);
        bus_answer(&scene.bus, first_refuses ? scene.second : scene.first,
                first_refuses ? scene.second_id : scene.first_id, OK, 0);
        assert_int_equal(bus_take_code(&scene.bus, scene.caller, CALL), OK);
        assert_int_equal(scene.bus.router.stats.results_late, 0);
        scene_expect_nothing_left();
    }
}

static void test_where_both_refuse_the_caller_hears_of_it_once(void **state)
{
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        scene_ask_both(0);
        bus_answer(&scene.bus, turn == 0 ? scene.first : scene.second,
                turn == 0 ? scene.first_id : scene.second_id, CODE_UNAVAILABLE, EXECUTED_NO);
        bus_answer(&scene.bus, turn == 0 ? scene.second : scene.first,
                turn == 0 ? scene.second_id : scene.first_id, CODE_RESOURCE_EXHAUSTED, EXECUTED_NO);
        assert_int_equal(bus_take_code(&scene.bus, scene.caller, CALL), CODE_RESOURCE_EXHAUSTED);
        scene_expect_nothing_left();
    }
}

static void test_where_both_refuse_a_retry_may_follow_and_no_second_hedge(void **state)
{
    uint64_t id;

    (void)state;
    write_retries(&scene.policy, 1, true);
    scene_ask_both(0);
    bus_answer(&scene.bus, scene.first, scene.first_id, CODE_UNAVAILABLE, EXECUTED_NO);
    bus_answer(&scene.bus, scene.second, scene.second_id, CODE_UNAVAILABLE, EXECUTED_NO);
    assert_int_equal(bus_take_code(&scene.bus, scene.caller, CALL), NOTHING);
    bus_pass_ms(&scene.bus, 200);
    id = bus_take_call(&scene.bus, scene.first); /* the one that did not fail last */
    assert_true(id != 0);
    assert_int_equal(bus_hear(&scene.bus, scene.second), 0);
    bus_answer(&scene.bus, scene.first, id, OK, 0);
    assert_int_equal(bus_take_code(&scene.bus, scene.caller, CALL), OK);
    assert_int_equal(scene_policy()->hedges, 1);
    assert_int_equal(scene_policy()->retries, 1);
    scene_expect_nothing_left();
}

/* ---- who goes ---- */

static void test_the_death_of_one_callee_leaves_the_call_to_the_other(void **state)
{
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        scene_ask_both(0);
        router_detach(&scene.bus.router, turn == 0 ? scene.first : scene.second, scene.bus.now_us);
        assert_int_equal(bus_take_code(&scene.bus, scene.caller, CALL), NOTHING);
        bus_answer(&scene.bus, turn == 0 ? scene.second : scene.first,
                turn == 0 ? scene.second_id : scene.first_id, OK, 0);
        assert_int_equal(bus_take_code(&scene.bus, scene.caller, CALL), OK);
        scene_expect_nothing_left();
        scene.one = turn == 0 ? scene.second : scene.first;
        scene.two = bus_service(&scene.bus, "shop");
    }
}

static void test_the_death_of_both_ends_the_call_once(void **state)
{
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        scene_ask_both(0);
        router_detach(&scene.bus.router, turn == 0 ? scene.first : scene.second, scene.bus.now_us);
        router_detach(&scene.bus.router, turn == 0 ? scene.second : scene.first, scene.bus.now_us);
        bus_expect_result(&scene.bus, scene.caller, CALL, CODE_UNAVAILABLE, EXECUTED_UNKNOWN);
        scene_expect_nothing_left();
        scene.one = bus_service(&scene.bus, "shop");
        scene.two = bus_service(&scene.bus, "shop");
    }
}

static const char shop_calls[] = "shop.*";

static struct peer *clerk(uint64_t instance)
{
    return bus_process(&scene.bus, "clerk", instance,
            (struct span){ (const uint8_t *)shop_calls, sizeof(shop_calls) });
}

static void give_up(void)
{
    bus_say(&scene.bus, scene.caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = CALL });
}

static void die(void)
{
    router_detach(&scene.bus.router, scene.caller, scene.bus.now_us);
    scene.caller = NULL;
}

static void let_time_run_out(void)
{
    bus_pass_ms(&scene.bus, 200);
}

static void lose_the_capability(void)
{
    cap_drop_all(&scene.bus.router, scene.caller);
}

/* The call on whose behalf it was made is over: a client gives that up. */
static struct peer *client;

static void lose_the_parent(void)
{
    bus_say(&scene.bus, client, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = 1 });
    bus_hear(&scene.bus, client);
}

static void (*const call_ends[])(
        void) = { give_up, die, let_time_run_out, lose_the_capability, lose_the_parent };

enum { CALL_ENDS = sizeof(call_ends) / sizeof(call_ends[0]) };

/* A call that both have, of a caller who may lose any of what it is made by. */
static void ask_both_to_end_by(void (*end)(void), uint64_t instance)
{
    scene.caller = clerk(instance);
    scene.parent = 0;
    if (end == lose_the_parent) {
        bus_ask_for(&scene.bus, client, 1, "clerk.Serve", 0);
        scene.parent = bus_take_call(&scene.bus, scene.caller);
    }
    scene_ask_both(200);
}

static void expect_the_end_was_heard(void)
{
    if (scene.caller == NULL)
        return;
    assert_true(bus_hear(&scene.bus, scene.caller) >= 1);
    assert_int_equal(scene.caller->calls_made_count, 0);
}

/* Late answers free what was kept for them, and nobody hears of them. */
static void expect_nothing_is_left_behind(void)
{
    assert_int_equal(scene.bus.router.kept_bytes, 0);
    assert_int_equal(scene.bus.router.pauses.count, 0);
    assert_int_equal(scene.one->calls_taken_count + scene.two->calls_taken_count, 0);
    if (scene.caller != NULL) {
        assert_int_equal(bus_hear(&scene.bus, scene.caller), 0);
        router_detach(&scene.bus.router, scene.caller, scene.bus.now_us);
    }
    scene.caller = client;
}

static void test_what_ends_the_call_cancels_both_at_once(void **state)
{
    (void)state;
    client = bus_caller(&scene.bus);
    for (size_t i = 0; i < CALL_ENDS; i++) {
        ask_both_to_end_by(call_ends[i], 20 + i);
        call_ends[i]();
        assert_true(scene_is_cancelled(scene.first, scene.first_id));
        assert_true(scene_is_cancelled(scene.second, scene.second_id));
        expect_the_end_was_heard();
        assert_int_equal(scene.first->calls_taken_count, 1);
        assert_int_equal(scene.second->calls_taken_count, 1);
        assert_int_equal(scene.first->silent, call_ends[i] == let_time_run_out);
        assert_false(scene.second->silent);
        bus_answer(&scene.bus, scene.first, scene.first_id, OK, 0);
        bus_answer(&scene.bus, scene.second, scene.second_id, CODE_CANCELLED, EXECUTED_UNKNOWN);
        expect_nothing_is_left_behind();
    }
}

static void test_a_call_that_outlived_its_first_callee_ends_like_any_other(void **state)
{
    (void)state;
    client = bus_caller(&scene.bus);
    for (size_t i = 0; i < CALL_ENDS; i++) {
        ask_both_to_end_by(call_ends[i], 20 + i);
        bus_answer(&scene.bus, scene.first, scene.first_id, CODE_UNAVAILABLE, EXECUTED_UNKNOWN);
        assert_int_equal(bus_hear(&scene.bus, scene.caller), 0);
        call_ends[i]();
        assert_true(scene_is_cancelled(scene.second, scene.second_id));
        assert_int_equal(bus_hear(&scene.bus, scene.first), 0);
        expect_the_end_was_heard();
        assert_int_equal(scene.second->silent, call_ends[i] == let_time_run_out);
        bus_answer(&scene.bus, scene.second, scene.second_id, OK, 0);
        expect_nothing_is_left_behind();
    }
}

static void test_one_that_drains_has_drained_when_it_has_answered(void **state)
{
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        struct peer *leaving;
        uint64_t id;

        scene_ask_both(0);
        leaving = turn == 0 ? scene.first : scene.second;
        id = turn == 0 ? scene.first_id : scene.second_id;
        bus_say(&scene.bus, leaving, (struct envelope){ .kind = ENVELOPE_DRAIN });
        assert_int_equal(bus_hear(&scene.bus, leaving), 0);
        bus_answer(&scene.bus, turn == 0 ? scene.second : scene.first,
                turn == 0 ? scene.second_id : scene.first_id, OK, 0);
        assert_int_equal(bus_take_code(&scene.bus, scene.caller, CALL), OK);
        assert_true(scene_is_cancelled(leaving, id));
        bus_answer(&scene.bus, leaving, id, CODE_CANCELLED, EXECUTED_UNKNOWN);
        bus_hear_one(&scene.bus, leaving, ENVELOPE_DRAIN);
        scene_expect_nothing_left();
        scene.one = turn == 0 ? scene.second : scene.first;
        scene.two = bus_service(&scene.bus, "shop");
    }
}

static void test_what_the_slower_one_called_meanwhile_ends_with_it(void **state)
{
    struct peer *bank = bus_service(&scene.bus, "bank");
    uint64_t ids[2] = { 0, 0 };

    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        scene_ask_both(0);
        for (int i = 0; i < 2; i++) {
            bus_say(&scene.bus, i == 0 ? scene.first : scene.second,
                    (struct envelope){ .kind = ENVELOPE_CALL,
                            .id = 1,
                            .parent = i == 0 ? scene.first_id : scene.second_id,
                            .endpoint = bus_text("bank.Book") });
            ids[i] = bus_take_call(&scene.bus, bank);
            assert_true(ids[i] != 0);
        }
        bus_answer(&scene.bus, turn == 0 ? scene.second : scene.first,
                turn == 0 ? scene.second_id : scene.first_id, OK, 0);
        assert_true(scene_is_cancelled(bank, ids[turn == 0 ? 0 : 1]));
        assert_int_equal(bus_take_code(&scene.bus, scene.caller, CALL), OK);
        bus_say(&scene.bus,
                turn == 0 ? scene.first : scene.second, /* it is over: no more of that */
                (struct envelope){ .kind = ENVELOPE_CALL,
                        .id = 2,
                        .parent = turn == 0 ? scene.first_id : scene.second_id,
                        .endpoint = bus_text("bank.Book") });
        assert_int_equal(bus_hear(&scene.bus, bank), 0);
        bus_answer(&scene.bus, bank, ids[0], OK, 0);
        bus_answer(&scene.bus, bank, ids[1], OK, 0);
        bus_answer(&scene.bus, turn == 0 ? scene.first : scene.second,
                turn == 0 ? scene.first_id : scene.second_id, OK, 0);
        bus_hear(&scene.bus, scene.first);
        bus_hear(&scene.bus, scene.second);
        scene_expect_nothing_left();
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        IN_A_SCENE(test_the_second_may_answer_first_and_the_first_is_cancelled),
        IN_A_SCENE(test_the_first_may_answer_first_and_the_second_is_cancelled),
        IN_A_SCENE(test_an_answer_in_time_asks_nobody_else),
        IN_A_SCENE(test_a_call_has_one_hedge_whatever_happens),
        IN_A_SCENE(test_an_error_that_is_no_refusal_is_an_answer),
        IN_A_SCENE(test_a_refusal_of_one_lets_the_other_go_on),
        IN_A_SCENE(test_where_both_refuse_the_caller_hears_of_it_once),
        IN_A_SCENE(test_where_both_refuse_a_retry_may_follow_and_no_second_hedge),
        IN_A_SCENE(test_the_death_of_one_callee_leaves_the_call_to_the_other),
        IN_A_SCENE(test_the_death_of_both_ends_the_call_once),
        IN_A_SCENE(test_what_ends_the_call_cancels_both_at_once),
        IN_A_SCENE(test_a_call_that_outlived_its_first_callee_ends_like_any_other),
        IN_A_SCENE(test_one_that_drains_has_drained_when_it_has_answered),
        IN_A_SCENE(test_what_the_slower_one_called_meanwhile_ends_with_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
