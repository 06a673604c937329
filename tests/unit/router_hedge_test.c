// SPDX-License-Identifier: Apache-2.0
/* Each way in which a call with a hedge may end. The two instances are called `first` and `second`
 * by the order in which they were sent the call. */
#include <stdio.h>
#include <string.h>

#include "kernel/router/cap.h"
#include "kernel/router/policy.h"
#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_policies.h"

enum { OK = 0, NOTHING = -1, INTERNAL = 13, DELAY_MS = 20, ENOUGH_MS = 30, CALL = 5 };

static struct bus bus;
static struct peer *supervisor;
static struct written policy;
static struct peer *one;
static struct peer *two;
static struct peer *caller;
static uint64_t parent; /* the call on whose behalf it calls; 0: none */

/* A call that both have. */
static struct peer *first;
static struct peer *second;
static uint64_t first_id;
static uint64_t second_id;

static int set_up(void **state)
{
    (void)state;
    bus_open(&bus);
    supervisor = bus_supervisor(&bus);
    one = bus_service(&bus, "shop");
    two = bus_service(&bus, "shop");
    caller = bus_caller(&bus);
    parent = 0;
    write_policy(&policy, "shop.*");
    write_hedge(&policy, DELAY_MS);
    write_retries(&policy, 0, true);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    return 0;
}

static void set_hedge(void)
{
    bus_set_policy(&bus, supervisor, &policy);
}

static const struct policy *hedge_policy(void)
{
    return policy_find(&bus.router, caller, bus_text("shop.Pay"))->by[SETTING_HEDGE];
}

/* Calls, and finds out who is sent it. */
static void ask(uint32_t timeout_ms)
{
    bus_say(&bus, caller,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = CALL,
                    .parent = parent,
                    .endpoint = bus_text("shop.Pay"),
                    .timeout_ms = timeout_ms,
                    .body = bus_text("question") });
    first_id = bus_take_call(&bus, one);
    first = first_id != 0 ? one : two;
    second = first_id != 0 ? two : one;
    if (first_id == 0)
        first_id = bus_take_call(&bus, two);
    assert_true(first_id != 0);
    second_id = 0;
}

/* The same; and nobody answers, so that both have it. */
static void ask_both(uint32_t timeout_ms)
{
    set_hedge();
    ask(timeout_ms);
    assert_int_equal(bus_take_call(&bus, second), 0);
    bus_pass_ms(&bus, ENOUGH_MS);
    second_id = bus_take_call(&bus, second);
    assert_true(second_id != 0 && second_id != first_id);
}

/* True where the peer hears that the call is not wanted any more, and nothing else. */
static bool is_cancelled(struct peer *peer, uint64_t id)
{
    return bus_hear(&bus, peer) == 1 && bus.heard[0].kind == ENVELOPE_CANCEL &&
           bus.heard[0].id == id;
}

static void expect_nothing_left(void)
{
    assert_int_equal(bus.router.calls.count, bus.router.self.calls_made_count);
    assert_int_equal(bus.router.kept_bytes, 0);
    assert_int_equal(bus.router.pauses.count, 0);
    assert_true(list_is_empty(&caller->claims));
    assert_int_equal(caller->calls_made_count, 0);
}

/* ---- who answers first ---- */

static void test_the_second_may_answer_first_and_the_first_is_cancelled(void **state)
{
    (void)state;
    ask_both(0);
    assert_memory_equal(bus.heard[0].body.data, "question", 8);
    assert_in_range(
            bus.heard[0].timeout_ms, TIMEOUT_DEFAULT_MS - ENOUGH_MS, TIMEOUT_DEFAULT_MS - DELAY_MS);
    bus_answer(&bus, second, second_id, OK, 0);
    assert_int_equal(bus_take_code(&bus, caller, CALL), OK);
    assert_true(is_cancelled(first, first_id));
    assert_int_equal(bus_hear(&bus, second), 0);
    assert_int_equal(first->calls_taken_count, 1); /* it is busy with it still */
    bus_answer(&bus, first, first_id, OK, 0);
    assert_int_equal(bus_take_code(&bus, caller, CALL), NOTHING);
    assert_int_equal(bus.router.stats.results_late, 1);
    assert_int_equal(hedge_policy()->hedges, 1);
    assert_int_equal(hedge_policy()->hedges_won, 1);
    expect_nothing_left();
}

static void test_the_first_may_answer_first_and_the_second_is_cancelled(void **state)
{
    (void)state;
    ask_both(0);
    bus_answer(&bus, first, first_id, OK, 0);
    assert_int_equal(bus_take_code(&bus, caller, CALL), OK);
    assert_true(is_cancelled(second, second_id));
    bus_answer(&bus, second, second_id, CODE_CANCELLED, EXECUTED_UNKNOWN);
    assert_int_equal(bus_take_code(&bus, caller, CALL), NOTHING);
    assert_int_equal(bus.router.stats.results_late, 1);
    assert_int_equal(hedge_policy()->hedges_won, 0);
    expect_nothing_left();
}

static void test_an_answer_in_time_asks_nobody_else(void **state)
{
    (void)state;
    set_hedge();
    ask(0);
    bus_pass_ms(&bus, DELAY_MS - 1);
    bus_answer(&bus, first, first_id, OK, 0);
    bus_pass_ms(&bus, 10 * DELAY_MS);
    assert_int_equal(bus_hear(&bus, second), 0);
    assert_int_equal(hedge_policy()->hedges, 0);
    assert_int_equal(bus_take_code(&bus, caller, CALL), OK);
    expect_nothing_left();
}

static void test_a_call_has_one_hedge_whatever_happens(void **state)
{
    struct peer *three = bus_service(&bus, "shop");

    (void)state;
    set_hedge();
    bus_ask_for(&bus, caller, CALL, "shop.Pay", 0);
    bus_pass_ms(&bus, 1000);
    assert_int_equal(bus_hear(&bus, one) + bus_hear(&bus, two) + bus_hear(&bus, three), 2);
    assert_int_equal(hedge_policy()->hedges, 1);
}

static void test_an_error_that_is_no_refusal_is_an_answer(void **state)
{
    static const uint32_t codes[] = { CODE_INVALID_ARGUMENT, CODE_NOT_FOUND, INTERNAL };

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        ask_both(0);
        bus_answer(&bus, second, second_id, codes[i], EXECUTED_YES);
        assert_int_equal(bus_take_code(&bus, caller, CALL), codes[i]);
        assert_true(is_cancelled(first, first_id));
        bus_answer(&bus, first, first_id, OK, 0);
        expect_nothing_left();
    }
}

static void test_a_refusal_of_one_lets_the_other_go_on(void **state)
{
    static const uint32_t codes[] = { CODE_UNAVAILABLE, CODE_RESOURCE_EXHAUSTED };

    (void)state;
    for (int turn = 0; turn < 4; turn++) {
        bool first_refuses = turn % 2 == 0;

        ask_both(0);
        bus_answer(&bus, first_refuses ? first : second, first_refuses ? first_id : second_id,
                codes[turn / 2], EXECUTED_UNKNOWN);
        assert_int_equal(bus_take_code(&bus, caller, CALL), NOTHING);
        assert_int_equal(bus_hear(&bus, one) + bus_hear(&bus, two), 0);
        assert_int_equal((first_refuses ? first : second)->calls_taken_count, 0);
        bus_answer(
                &bus, first_refuses ? second : first, first_refuses ? second_id : first_id, OK, 0);
        assert_int_equal(bus_take_code(&bus, caller, CALL), OK);
        assert_int_equal(bus.router.stats.results_late, 0);
        expect_nothing_left();
    }
}

static void test_where_both_refuse_the_caller_hears_of_it_once(void **state)
{
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        ask_both(0);
        bus_answer(&bus, turn == 0 ? first : second, turn == 0 ? first_id : second_id,
                CODE_UNAVAILABLE, EXECUTED_NO);
        bus_answer(&bus, turn == 0 ? second : first, turn == 0 ? second_id : first_id,
                CODE_RESOURCE_EXHAUSTED, EXECUTED_NO);
        assert_int_equal(bus_take_code(&bus, caller, CALL), CODE_RESOURCE_EXHAUSTED);
        expect_nothing_left();
    }
}

static void test_where_both_refuse_a_retry_may_follow_and_no_second_hedge(void **state)
{
    uint64_t id;

    (void)state;
    write_retries(&policy, 1, true);
    ask_both(0);
    bus_answer(&bus, first, first_id, CODE_UNAVAILABLE, EXECUTED_NO);
    bus_answer(&bus, second, second_id, CODE_UNAVAILABLE, EXECUTED_NO);
    assert_int_equal(bus_take_code(&bus, caller, CALL), NOTHING);
    bus_pass_ms(&bus, 200);
    id = bus_take_call(&bus, first); /* the one that did not fail last */
    assert_true(id != 0);
    assert_int_equal(bus_hear(&bus, second), 0);
    bus_answer(&bus, first, id, OK, 0);
    assert_int_equal(bus_take_code(&bus, caller, CALL), OK);
    assert_int_equal(hedge_policy()->hedges, 1);
    assert_int_equal(hedge_policy()->retries, 1);
    expect_nothing_left();
}

/* ---- who goes ---- */

static void test_the_death_of_one_callee_leaves_the_call_to_the_other(void **state)
{
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        ask_both(0);
        router_detach(&bus.router, turn == 0 ? first : second, bus.now_us);
        assert_int_equal(bus_take_code(&bus, caller, CALL), NOTHING);
        bus_answer(&bus, turn == 0 ? second : first, turn == 0 ? second_id : first_id, OK, 0);
        assert_int_equal(bus_take_code(&bus, caller, CALL), OK);
        expect_nothing_left();
        one = turn == 0 ? second : first;
        two = bus_service(&bus, "shop");
    }
}

static void test_the_death_of_both_ends_the_call_once(void **state)
{
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        ask_both(0);
        router_detach(&bus.router, turn == 0 ? first : second, bus.now_us);
        router_detach(&bus.router, turn == 0 ? second : first, bus.now_us);
        bus_expect_result(&bus, caller, CALL, CODE_UNAVAILABLE, EXECUTED_UNKNOWN);
        expect_nothing_left();
        one = bus_service(&bus, "shop");
        two = bus_service(&bus, "shop");
    }
}

static const char shop_calls[] = "shop.*";

static struct peer *clerk(uint64_t instance)
{
    return bus_process(&bus, "clerk", instance,
            (struct span){ (const uint8_t *)shop_calls, sizeof(shop_calls) });
}

static void give_up(void)
{
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = CALL });
}

static void die(void)
{
    router_detach(&bus.router, caller, bus.now_us);
    caller = NULL;
}

static void let_time_run_out(void)
{
    bus_pass_ms(&bus, 200);
}

static void lose_the_capability(void)
{
    cap_drop_all(&bus.router, caller);
}

/* The call on whose behalf it was made is over: a client gives that up. */
static struct peer *client;

static void lose_the_parent(void)
{
    bus_say(&bus, client, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = 1 });
    bus_hear(&bus, client);
}

static void test_what_ends_the_call_cancels_both_at_once(void **state)
{
    static void (*const ends[])(
            void) = { give_up, die, let_time_run_out, lose_the_capability, lose_the_parent };

    (void)state;
    client = bus_caller(&bus);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        caller = clerk(20 + i);
        parent = 0;
        if (ends[i] == lose_the_parent) {
            bus_ask_for(&bus, client, 1, "clerk.Serve", 0);
            parent = bus_take_call(&bus, caller);
        }
        ask_both(200);
        ends[i]();
        assert_true(is_cancelled(first, first_id));
        assert_true(is_cancelled(second, second_id));
        if (caller != NULL) {
            assert_true(bus_hear(&bus, caller) >= 1);
            assert_int_equal(caller->calls_made_count, 0);
        }
        assert_int_equal(first->calls_taken_count, 1);
        assert_int_equal(second->calls_taken_count, 1);
        assert_int_equal(first->silent, ends[i] == let_time_run_out);
        assert_false(second->silent);
        bus_answer(&bus, first, first_id, OK, 0);
        bus_answer(&bus, second, second_id, CODE_CANCELLED, EXECUTED_UNKNOWN);
        assert_int_equal(bus.router.kept_bytes, 0);
        assert_int_equal(one->calls_taken_count + two->calls_taken_count, 0);
        if (caller != NULL) {
            assert_int_equal(bus_hear(&bus, caller), 0);
            router_detach(&bus.router, caller, bus.now_us);
        }
    }
    caller = client;
}

static void test_one_that_drains_has_drained_when_it_has_answered(void **state)
{
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        struct peer *leaving;
        uint64_t id;

        ask_both(0);
        leaving = turn == 0 ? first : second;
        id = turn == 0 ? first_id : second_id;
        bus_say(&bus, leaving, (struct envelope){ .kind = ENVELOPE_DRAIN });
        assert_int_equal(bus_hear(&bus, leaving), 0);
        bus_answer(&bus, turn == 0 ? second : first, turn == 0 ? second_id : first_id, OK, 0);
        assert_int_equal(bus_take_code(&bus, caller, CALL), OK);
        assert_true(is_cancelled(leaving, id));
        bus_answer(&bus, leaving, id, CODE_CANCELLED, EXECUTED_UNKNOWN);
        bus_hear_one(&bus, leaving, ENVELOPE_DRAIN);
        expect_nothing_left();
        one = turn == 0 ? second : first;
        two = bus_service(&bus, "shop");
    }
}

static void test_what_the_slower_one_called_meanwhile_ends_with_it(void **state)
{
    struct peer *bank = bus_service(&bus, "bank");
    uint64_t ids[2] = { 0, 0 };

    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        ask_both(0);
        for (int i = 0; i < 2; i++) {
            bus_say(&bus, i == 0 ? first : second,
                    (struct envelope){ .kind = ENVELOPE_CALL,
                            .id = 1,
                            .parent = i == 0 ? first_id : second_id,
                            .endpoint = bus_text("bank.Book") });
            ids[i] = bus_take_call(&bus, bank);
            assert_true(ids[i] != 0);
        }
        bus_answer(&bus, turn == 0 ? second : first, turn == 0 ? second_id : first_id, OK, 0);
        assert_true(is_cancelled(bank, ids[turn == 0 ? 0 : 1]));
        assert_int_equal(bus_take_code(&bus, caller, CALL), OK);
        bus_say(&bus, turn == 0 ? first : second, /* it is over: no more of that */
                (struct envelope){ .kind = ENVELOPE_CALL,
                        .id = 2,
                        .parent = turn == 0 ? first_id : second_id,
                        .endpoint = bus_text("bank.Book") });
        assert_int_equal(bus_hear(&bus, bank), 0);
        bus_answer(&bus, bank, ids[0], OK, 0);
        bus_answer(&bus, bank, ids[1], OK, 0);
        bus_answer(&bus, turn == 0 ? first : second, turn == 0 ? first_id : second_id, OK, 0);
        bus_hear(&bus, first);
        bus_hear(&bus, second);
        expect_nothing_left();
    }
}

/* ---- what is hedged ---- */

static void test_nothing_is_hedged_that_nobody_calls_idempotent(void **state)
{
    static const struct {
        const char *first_says; /* of its methods, as the other instance does */
        const char *second_says;
        bool policy_says;
        bool hedged;
    } cases[] = {
        { NULL, NULL, false, false },
        { "List", "List", false, false },
        { "Pay", "Pay", false, true },
        { "Pay", NULL, false, false },
        { NULL, "Pay", false, false },
        { NULL, NULL, true, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        router_detach(&bus.router, one, bus.now_us);
        router_detach(&bus.router, two, bus.now_us);
        one = bus_instance(&bus, &(struct instance){ "shop", "1", NULL, cases[i].first_says });
        two = bus_instance(&bus, &(struct instance){ "shop", "1", NULL, cases[i].second_says });
        write_policy(&policy, "shop.*");
        write_hedge(&policy, DELAY_MS);
        if (cases[i].policy_says)
            write_retries(&policy, 0, true);
        set_hedge();
        ask(0);
        bus_pass_ms(&bus, 100 * DELAY_MS);
        assert_int_equal(bus_hear(&bus, second), cases[i].hedged ? 1 : 0);
        bus_answer(&bus, first, first_id, OK, 0);
        assert_int_equal(bus_take_code(&bus, caller, CALL), OK);
    }
}

static void test_the_policy_of_retries_may_say_that_it_is_idempotent(void **state)
{
    static struct written retries;
    struct written *both[] = { &policy, &retries };

    (void)state;
    write_policy(&policy, "shop.Pay");
    write_hedge(&policy, DELAY_MS);
    write_policy(&retries, "shop.*");
    write_retries(&retries, 1, true);
    assert_int_equal(bus_set_policies(&bus, supervisor, both, 2), OK);
    ask(0);
    bus_pass_ms(&bus, ENOUGH_MS);
    assert_true(bus_take_call(&bus, second) != 0);
}

static void test_a_stream_is_not_hedged(void **state)
{
    (void)state;
    set_hedge();
    for (int shape = SHAPE_CLIENT_STREAM; shape <= SHAPE_TWO_WAY; shape++) {
        bus_say(&bus, caller,
                (struct envelope){ .kind = ENVELOPE_CALL,
                        .id = (uint64_t)shape,
                        .shape = (enum envelope_shape)shape,
                        .endpoint = bus_text("shop.Watch") });
        bus_pass_ms(&bus, 100);
        assert_int_equal(bus_hear(&bus, one) + bus_hear(&bus, two), 1);
    }
}

static void leave_one_alone(int way)
{
    if (way == 0)
        router_detach(&bus.router, second, bus.now_us);
    if (way == 1)
        bus_say(&bus, second, (struct envelope){ .kind = ENVELOPE_DRAIN });
    if (way == 2)
        second->silent = true;
    if (way == 3)
        second->calls_max = second->calls_taken_count;
    if (way == 4)
        second->body_max = 1;
    if (way == 5)
        breaker_eject(&second->breaker, &(struct breaker_terms){ 1, 0, 1000, 60000 }, bus.now_us);
    if (way == 6)
        assert_int_equal(bus_set_policies(&bus, supervisor, NULL, 0), OK);
}

static void test_without_another_instance_that_is_fit_the_call_waits_for_the_first(void **state)
{
    (void)state;
    for (int way = 0; way < 7; way++) {
        if (way > 0) {
            tear_down(NULL);
            set_up(NULL);
        }
        write_breaker(&policy, 5, 0);
        set_hedge();
        ask(0);
        leave_one_alone(way);
        bus_pass_ms(&bus, 10 * DELAY_MS);
        if (way > 0)
            assert_int_equal(bus_take_call(&bus, second), 0);
        bus_answer(&bus, first, first_id, OK, 0);
        assert_int_equal(bus_take_code(&bus, caller, CALL), OK);
        expect_nothing_left();
    }
}

static void test_only_instances_of_this_node_are_hedged_to(void **state)
{
    struct peer *linker = bus_linker(&bus);
    struct peer *node = bus_neighbour(&bus, linker, "far", 3);

    (void)state;
    router_detach(&bus.router, two, bus.now_us);
    bus_set_route(&bus, linker, node, "shop", 1);
    set_hedge();
    bus_ask_for(&bus, caller, CALL, "shop.Pay", 0);
    bus_pass_ms(&bus, 100);
    assert_int_equal(bus_hear(&bus, one), 1);
    assert_int_equal(bus_hear(&bus, node), 0);
}

/* ---- what it costs ---- */

static void test_a_hedged_call_counts_once_among_those_in_flight(void **state)
{
    (void)state;
    policy.policy.in_flight_max = 2;
    for (int turn = 0; turn < 2; turn++) {
        ask_both(0);
        assert_int_equal(hedge_policy()->in_flight, 1);
        bus_answer(&bus, turn == 0 ? second : first, turn == 0 ? second_id : first_id, OK, 0);
        assert_int_equal(hedge_policy()->in_flight, 0);
        bus_answer(&bus, turn == 0 ? first : second, turn == 0 ? first_id : second_id, OK, 0);
        assert_int_equal(hedge_policy()->in_flight, 0);
        assert_int_equal(bus_take_code(&bus, caller, CALL), OK);
        bus_hear(&bus, one);
        bus_hear(&bus, two);
    }
}

static void test_a_hedge_is_charged_to_the_caller_at_the_second_instance(void **state)
{
    (void)state;
    ask_both(0);
    assert_int_equal(caller->calls_made_count, 1);
    assert_int_equal(first->claimants, 1);
    assert_int_equal(second->claimants, 1);
    bus_answer(&bus, first, first_id, OK, 0);
    assert_int_equal(second->claimants, 1);
    bus_answer(&bus, second, second_id, OK, 0);
    assert_int_equal(second->claimants, 0);
}

/* Every call is slow, and each is refused in the end: a hedge or a retry would help all of them. */
static void test_hedges_and_retries_share_one_budget_of_a_tenth(void **state)
{
    const struct policy *set;
    uint64_t sent = 0;

    (void)state;
    write_retries(&policy, 1, true);
    set_hedge();
    set = hedge_policy();
    for (uint64_t i = 1; i <= 1000; i++) {
        uint64_t id;
        int code = NOTHING;

        bus_ask_for(&bus, caller, i, "shop.Pay", 0);
        bus_pass_ms(&bus, i % 3 == 0 ? 100 : 0);
        while (code == NOTHING) {
            for (int k = 0; k < 2; k++) {
                while ((id = bus_take_call(&bus, k == 0 ? one : two)) != 0) {
                    sent += 1;
                    bus_answer(&bus, k == 0 ? one : two, id, CODE_UNAVAILABLE, EXECUTED_NO);
                }
            }
            code = bus_take_code(&bus, caller, i);
            bus_pass_ms(&bus, 10);
        }
        assert_int_equal(code, CODE_UNAVAILABLE);
    }
    assert_true(set->hedges > 20 && set->retries > 20);
    assert_true(sent == 1000 + set->hedges + set->retries);
    assert_in_range(sent, 1000 + 999 * POLICY_RETRY_PERCENT / 100 - 1,
            1000 + 999 * POLICY_RETRY_PERCENT / 100 + POLICY_RETRIES_SAVED);
    assert_true(set->retries_spared > 0);
    expect_nothing_left();
}

static void test_a_breaker_hears_of_both_and_not_of_a_cancelled_one(void **state)
{
    (void)state;
    write_breaker(&policy, 5, 0);
    ask_both(0);
    bus_answer(&bus, second, second_id, OK, 0);
    bus_answer(&bus, first, first_id, CODE_UNAVAILABLE, EXECUTED_UNKNOWN); /* it was cancelled */
    assert_int_equal(first->breaker.in_row, 0);
    assert_int_equal(first->breaker.calls, 0);
    assert_int_equal(second->breaker.calls, 1);
    bus_take_code(&bus, caller, CALL);
    bus_hear(&bus, first);
    ask_both(0);
    bus_answer(&bus, second, second_id, CODE_UNAVAILABLE, EXECUTED_NO);
    assert_int_equal(second->breaker.in_row, 1);
    bus_answer(&bus, first, first_id, CODE_UNAVAILABLE, EXECUTED_NO);
    assert_int_equal(first->breaker.in_row, 1);
    assert_int_equal(bus_take_code(&bus, caller, CALL), CODE_UNAVAILABLE);
}

static void test_who_is_overtaken_counts_as_slow(void **state)
{
    (void)state;
    ask_both(0);
    assert_int_equal(first->latency_us, 0);
    bus_answer(&bus, second, second_id, OK, 0);
    assert_in_range(first->latency_us, DELAY_MS * 1000 / 8, ENOUGH_MS * 1000 / 8);
    assert_true(second->latency_us < first->latency_us);
}

/* ---- what is said of it ---- */

static const struct journal_record *last_record(const struct journal_detail **detailp)
{
    struct journal *journal = &bus.router.notebook.journal;
    struct journal_cursor cursor = journal_seek(journal, UINT64_MAX);
    const struct journal_record *record = journal_previous(journal, &cursor);

    assert_non_null(record);
    *detailp = journal_detail(journal, record);
    return record;
}

static void test_the_record_has_who_answered_and_the_other_one(void **state)
{
    static const struct {
        bool second_answers;
        uint32_t other_says; /* before that; OK: nothing */
        enum cause cause;
    } cases[] = {
        { true, OK, CAUSE_CANCELLED },
        { false, OK, CAUSE_CANCELLED },
        { true, CODE_UNAVAILABLE, CAUSE_ANSWERED },
        { false, CODE_UNAVAILABLE, CAUSE_ANSWERED },
    };
    const struct journal_detail *detail;
    const struct journal_record *record;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t last;
        struct peer *winner;
        struct peer *other;

        ask_both(0);
        winner = cases[i].second_answers ? second : first;
        other = cases[i].second_answers ? first : second;
        last = bus.router.notebook.journal.last;
        if (cases[i].other_says != OK)
            bus_answer(&bus, other, other == first ? first_id : second_id, cases[i].other_says,
                    EXECUTED_NO);
        bus_answer(&bus, winner, winner == first ? first_id : second_id, OK, 0);
        bus_take_code(&bus, caller, CALL);
        if (cases[i].other_says == OK)
            bus_answer(&bus, other, other == first ? first_id : second_id, OK, 0);
        assert_true(bus.router.notebook.journal.last == last + 1); /* one call, noted once */
        record = last_record(&detail);
        assert_true(record->detailed && record->callee_instance == winner->instance);
        assert_in_range(record->took_us, DELAY_MS * 1000, ENOUGH_MS * 1000);
        assert_int_equal(detail->decisions.count, 1);
        assert_true(detail->decisions.each[0].id == other->instance);
        assert_int_equal(detail->decisions.each[0].cause, cases[i].cause);
        bus_hear(&bus, one);
        bus_hear(&bus, two);
    }
}

static void test_explain_says_where_a_hedge_does_nothing(void **state)
{
    static const char *const expected[] = { "", "not idempotent", "two instances" };
    Mu__Router__V1__ExplainReply *reply;

    (void)state;
    for (int i = 0; i < 3; i++) {
        write_policy(&policy, "shop.*");
        write_hedge(&policy, DELAY_MS);
        if (i != 1)
            write_retries(&policy, 0, true);
        set_hedge();
        if (i == 2)
            router_detach(&bus.router, two, bus.now_us);
        reply = bus_explain(&bus, caller, "shop.Pay", "");
        assert_int_equal(reply->n_effects, 1);
        assert_string_equal(reply->effects[0]->setting, "hedge");
        assert_non_null(strstr(reply->effects[0]->idle, expected[i]));
        assert_int_equal(reply->effects[0]->idle[0] == '\0', i == 0);
        mu__router__v1__explain_reply__free_unpacked(reply, NULL);
    }
}

#define IN_A_BUS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        IN_A_BUS(test_the_second_may_answer_first_and_the_first_is_cancelled),
        IN_A_BUS(test_the_first_may_answer_first_and_the_second_is_cancelled),
        IN_A_BUS(test_an_answer_in_time_asks_nobody_else),
        IN_A_BUS(test_a_call_has_one_hedge_whatever_happens),
        IN_A_BUS(test_an_error_that_is_no_refusal_is_an_answer),
        IN_A_BUS(test_a_refusal_of_one_lets_the_other_go_on),
        IN_A_BUS(test_where_both_refuse_the_caller_hears_of_it_once),
        IN_A_BUS(test_where_both_refuse_a_retry_may_follow_and_no_second_hedge),
        IN_A_BUS(test_the_death_of_one_callee_leaves_the_call_to_the_other),
        IN_A_BUS(test_the_death_of_both_ends_the_call_once),
        IN_A_BUS(test_what_ends_the_call_cancels_both_at_once),
        IN_A_BUS(test_one_that_drains_has_drained_when_it_has_answered),
        IN_A_BUS(test_what_the_slower_one_called_meanwhile_ends_with_it),
        IN_A_BUS(test_nothing_is_hedged_that_nobody_calls_idempotent),
        IN_A_BUS(test_the_policy_of_retries_may_say_that_it_is_idempotent),
        IN_A_BUS(test_a_stream_is_not_hedged),
        IN_A_BUS(test_without_another_instance_that_is_fit_the_call_waits_for_the_first),
        IN_A_BUS(test_only_instances_of_this_node_are_hedged_to),
        IN_A_BUS(test_a_hedged_call_counts_once_among_those_in_flight),
        IN_A_BUS(test_a_hedge_is_charged_to_the_caller_at_the_second_instance),
        IN_A_BUS(test_hedges_and_retries_share_one_budget_of_a_tenth),
        IN_A_BUS(test_a_breaker_hears_of_both_and_not_of_a_cancelled_one),
        IN_A_BUS(test_who_is_overtaken_counts_as_slow),
        IN_A_BUS(test_the_record_has_who_answered_and_the_other_one),
        IN_A_BUS(test_explain_says_where_a_hedge_does_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
