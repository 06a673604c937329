// SPDX-License-Identifier: Apache-2.0
/* What is hedged and what is not, what a hedge costs, and what is said of it. */
#include <string.h>

#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_scene.h"

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
        router_detach(&scene.bus.router, scene.one, scene.bus.now_us);
        router_detach(&scene.bus.router, scene.two, scene.bus.now_us);
        scene.one = bus_instance(
                &scene.bus, &(struct instance){ "shop", "1", NULL, cases[i].first_says });
        scene.two = bus_instance(
                &scene.bus, &(struct instance){ "shop", "1", NULL, cases[i].second_says });
        write_policy(&scene.policy, "shop.*");
        write_hedge(&scene.policy, DELAY_MS);
        if (cases[i].policy_says)
            write_retries(&scene.policy, 0, true);
        scene_set_hedge();
        scene_ask(0);
        bus_pass_ms(&scene.bus, UINT64_C(100) * DELAY_MS);
        assert_int_equal(bus_hear(&scene.bus, scene.second), cases[i].hedged ? 1 : 0);
        bus_answer(&scene.bus, scene.first, scene.first_id, OK, 0);
        assert_int_equal(bus_take_code(&scene.bus, scene.caller, CALL), OK);
    }
}

static void test_the_policy_of_retries_may_say_that_it_is_idempotent(void **state)
{
    static struct written retries;
    struct written *both[] = { &scene.policy, &retries };

    (void)state;
    write_policy(&scene.policy, "shop.Pay");
    write_hedge(&scene.policy, DELAY_MS);
    write_policy(&retries, "shop.*");
    write_retries(&retries, 1, true);
    assert_int_equal(bus_set_policies(&scene.bus, scene.supervisor, both, 2), OK);
    scene_ask(0);
    bus_pass_ms(&scene.bus, ENOUGH_MS);
    assert_true(bus_take_call(&scene.bus, scene.second) != 0);
}

static void test_a_stream_is_not_hedged(void **state)
{
    (void)state;
    scene_set_hedge();
    for (int shape = SHAPE_CLIENT_STREAM; shape <= SHAPE_TWO_WAY; shape++) {
        bus_say(&scene.bus, scene.caller,
                (struct envelope){ .kind = ENVELOPE_CALL,
                        .id = (uint64_t)shape,
                        .shape = (enum envelope_shape)shape,
                        .endpoint = bus_text("shop.Watch") });
        assert_int_equal(scene.bus.router.kept_bytes, 0);
        bus_pass_ms(&scene.bus, 100);
        assert_int_equal(bus_hear(&scene.bus, scene.one) + bus_hear(&scene.bus, scene.two), 1);
    }
}

static void test_a_call_with_a_key_is_neither_hedged_nor_copied(void **state)
{
    (void)state;
    for (int retries = 0; retries < 2; retries++) {
        write_retries(&scene.policy, (uint32_t)retries, true);
        write_mirror(&scene.policy, "1", 100);
        scene_set_hedge();
        bus_say(&scene.bus, scene.caller,
                (struct envelope){ .kind = ENVELOPE_CALL,
                        .id = (uint64_t)retries + 1,
                        .key = bus_text(retries == 0 ? "one" : "other"),
                        .endpoint = bus_text("shop.Pay") });
        bus_pass_ms(&scene.bus, 1000);
        assert_int_equal(bus_hear(&scene.bus, scene.one) + bus_hear(&scene.bus, scene.two), 1);
    }
}

static void leave_one_alone(int way)
{
    if (way == 0)
        router_detach(&scene.bus.router, scene.second, scene.bus.now_us);
    if (way == 1)
        bus_say(&scene.bus, scene.second, (struct envelope){ .kind = ENVELOPE_DRAIN });
    if (way == 2)
        scene.second->silent = true;
    if (way == 3)
        scene.second->calls_max = scene.second->calls_taken_count;
    if (way == 4)
        scene.second->body_max = 1;
    if (way == 5)
        breaker_eject(&scene.second->breaker, &(struct breaker_terms){ 1, 0, 1000, 60000 },
                scene.bus.now_us);
    if (way == 6)
        assert_int_equal(bus_set_policies(&scene.bus, scene.supervisor, NULL, 0), OK);
}

static void test_without_another_instance_that_is_fit_the_call_waits_for_the_first(void **state)
{
    (void)state;
    for (int way = 0; way < 7; way++) {
        if (way > 0) {
            scene_close(NULL);
            scene_open(NULL);
        }
        write_breaker(&scene.policy, 5, 0);
        scene_set_hedge();
        scene_ask(0);
        leave_one_alone(way);
        bus_pass_ms(&scene.bus, UINT64_C(10) * DELAY_MS);
        if (way > 0)
            assert_int_equal(bus_take_call(&scene.bus, scene.second), 0);
        bus_answer(&scene.bus, scene.first, scene.first_id, OK, 0);
        assert_int_equal(bus_take_code(&scene.bus, scene.caller, CALL), OK);
        scene_expect_nothing_left();
    }
}

static void test_only_instances_of_this_node_are_hedged_to(void **state)
{
    struct peer *linker = bus_linker(&scene.bus);
    struct peer *node = bus_neighbour(&scene.bus, linker, "far", 3);

    (void)state;
    router_detach(&scene.bus.router, scene.two, scene.bus.now_us);
    bus_set_route(&scene.bus, linker, node, "shop", 1);
    scene_set_hedge();
    bus_ask_for(&scene.bus, scene.caller, CALL, "shop.Pay", 0);
    bus_pass_ms(&scene.bus, 100);
    assert_int_equal(bus_hear(&scene.bus, scene.one), 1);
    assert_int_equal(bus_hear(&scene.bus, node), 0);
}

/* ---- what it costs ---- */

static void test_a_hedged_call_counts_once_among_those_in_flight(void **state)
{
    (void)state;
    scene.policy.policy.in_flight_max = 2;
    for (int turn = 0; turn < 2; turn++) {
        scene_ask_both(0);
        assert_int_equal(scene_policy()->quota.in_flight, 1);
        bus_answer(&scene.bus, turn == 0 ? scene.second : scene.first,
                turn == 0 ? scene.second_id : scene.first_id, OK, 0);
        assert_int_equal(scene_policy()->quota.in_flight, 0);
        bus_answer(&scene.bus, turn == 0 ? scene.first : scene.second,
                turn == 0 ? scene.first_id : scene.second_id, OK, 0);
        assert_int_equal(scene_policy()->quota.in_flight, 0);
        assert_int_equal(bus_take_code(&scene.bus, scene.caller, CALL), OK);
        bus_hear(&scene.bus, scene.one);
        bus_hear(&scene.bus, scene.two);
    }
}

static void test_a_hedge_is_charged_to_the_caller_at_the_second_instance(void **state)
{
    (void)state;
    scene_ask_both(0);
    assert_int_equal(scene.caller->calls_made_count, 1);
    assert_int_equal(scene.first->claimants, 1);
    assert_int_equal(scene.second->claimants, 1);
    bus_answer(&scene.bus, scene.first, scene.first_id, OK, 0);
    assert_int_equal(scene.second->claimants, 1);
    bus_answer(&scene.bus, scene.second, scene.second_id, OK, 0);
    assert_int_equal(scene.second->claimants, 0);
}

/* Refuses the call wherever it comes, until its caller is told. Returns with what code. */
static int refuse_all(uint64_t call, uint64_t *sent)
{
    struct peer *instances[] = { scene.one, scene.two };
    int code = NOTHING;
    uint64_t id;

    while (code == NOTHING) {
        for (int k = 0; k < 2; k++) {
            while ((id = bus_take_call(&scene.bus, instances[k])) != 0) {
                *sent += 1;
                bus_answer(&scene.bus, instances[k], id, CODE_UNAVAILABLE, EXECUTED_NO);
            }
        }
        code = bus_take_code(&scene.bus, scene.caller, call);
        bus_pass_ms(&scene.bus, 10);
    }
    return code;
}

/* Every call is slow, and each is refused in the end: a hedge or a retry would help all of them. */
static void test_hedges_and_retries_share_one_budget_of_a_tenth(void **state)
{
    const struct policy *set;
    uint64_t sent = 0;

    (void)state;
    write_retries(&scene.policy, 1, true);
    scene_set_hedge();
    set = scene_policy();
    for (uint64_t i = 1; i <= 1000; i++) {
        bus_ask_for(&scene.bus, scene.caller, i, "shop.Pay", 0);
        bus_pass_ms(&scene.bus, i % 3 == 0 ? 100 : 0);
        assert_int_equal(refuse_all(i, &sent), CODE_UNAVAILABLE);
    }
    assert_true(set->hedges > 20 && set->retries > 20);
    assert_true(sent == 1000 + set->hedges + set->retries);
    assert_in_range(sent, 1000 + 999 * POLICY_RETRY_PERCENT / 100 - 1,
            1000 + 999 * POLICY_RETRY_PERCENT / 100 + POLICY_RETRIES_SAVED);
    assert_true(set->retries_spared > 0);
    scene_expect_nothing_left();
}

static void test_a_breaker_hears_of_both_and_not_of_a_cancelled_one(void **state)
{
    (void)state;
    write_breaker(&scene.policy, 5, 0);
    scene_ask_both(0);
    bus_answer(&scene.bus, scene.second, scene.second_id, OK, 0);
    bus_answer(&scene.bus, scene.first, scene.first_id, CODE_UNAVAILABLE,
            EXECUTED_UNKNOWN); /* it was cancelled */
    assert_int_equal(scene.first->breaker.in_row, 0);
    assert_int_equal(scene.first->breaker.calls, 0);
    assert_int_equal(scene.second->breaker.calls, 1);
    bus_take_code(&scene.bus, scene.caller, CALL);
    bus_hear(&scene.bus, scene.first);
    scene_ask_both(0);
    bus_answer(&scene.bus, scene.second, scene.second_id, CODE_UNAVAILABLE, EXECUTED_NO);
    assert_int_equal(scene.second->breaker.in_row, 1);
    bus_answer(&scene.bus, scene.first, scene.first_id, CODE_UNAVAILABLE, EXECUTED_NO);
    assert_int_equal(scene.first->breaker.in_row, 1);
    assert_int_equal(bus_take_code(&scene.bus, scene.caller, CALL), CODE_UNAVAILABLE);
}

static void test_who_is_overtaken_counts_as_slow(void **state)
{
    (void)state;
    scene_ask_both(0);
    assert_int_equal(scene.first->latency_us, 0);
    bus_answer(&scene.bus, scene.second, scene.second_id, OK, 0);
    assert_in_range(scene.first->latency_us, DELAY_MS * 1000 / 8, ENOUGH_MS * 1000 / 8);
    assert_true(scene.second->latency_us < scene.first->latency_us);
}

/* ---- what is said of it ---- */

static const struct journal_record *last_record(const struct journal_detail **detailp)
{
    struct journal *journal = &scene.bus.router.notebook.journal;
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

        scene_ask_both(0);
        winner = cases[i].second_answers ? scene.second : scene.first;
        other = cases[i].second_answers ? scene.first : scene.second;
        last = scene.bus.router.notebook.journal.last;
        if (cases[i].other_says != OK)
            bus_answer(&scene.bus, other, other == scene.first ? scene.first_id : scene.second_id,
                    cases[i].other_says, EXECUTED_NO);
        bus_answer(&scene.bus, winner, winner == scene.first ? scene.first_id : scene.second_id, OK,
                0);
        bus_take_code(&scene.bus, scene.caller, CALL);
        if (cases[i].other_says == OK)
            bus_answer(&scene.bus, other, other == scene.first ? scene.first_id : scene.second_id,
                    OK, 0);
        assert_true(scene.bus.router.notebook.journal.last == last + 1); /* one call, noted once */
        record = last_record(&detail);
        assert_true(record->detailed && record->callee_instance == winner->instance);
        assert_in_range(record->took_us, DELAY_MS * 1000, ENOUGH_MS * 1000);
        assert_int_equal(record->queued_us, 0); /* it was on its way from the start */
        assert_int_equal(detail->decisions.count, 1);
        assert_true(detail->decisions.each[0].id == other->instance);
        assert_int_equal(detail->decisions.each[0].cause, cases[i].cause);
        bus_hear(&scene.bus, scene.one);
        bus_hear(&scene.bus, scene.two);
    }
}

static void test_explain_says_where_a_hedge_does_nothing(void **state)
{
    static const char *const expected[] = { "", "not idempotent", "two instances" };
    Mu__Router__V1__ExplainReply *reply;

    (void)state;
    for (int i = 0; i < 3; i++) {
        write_policy(&scene.policy, "shop.*");
        write_hedge(&scene.policy, DELAY_MS);
        if (i != 1)
            write_retries(&scene.policy, 0, true);
        scene_set_hedge();
        if (i == 2)
            router_detach(&scene.bus.router, scene.two, scene.bus.now_us);
        reply = bus_explain(&scene.bus, scene.caller, "shop.Pay", "");
        assert_int_equal(reply->n_effects, 1);
        assert_string_equal(reply->effects[0]->setting, "hedge");
        assert_non_null(strstr(reply->effects[0]->idle, expected[i]));
        assert_int_equal(reply->effects[0]->idle[0] == '\0', i == 0);
        mu__router__v1__explain_reply__free_unpacked(reply, NULL);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        IN_A_SCENE(test_nothing_is_hedged_that_nobody_calls_idempotent),
        IN_A_SCENE(test_the_policy_of_retries_may_say_that_it_is_idempotent),
        IN_A_SCENE(test_a_stream_is_not_hedged),
        IN_A_SCENE(test_a_call_with_a_key_is_neither_hedged_nor_copied),
        IN_A_SCENE(test_without_another_instance_that_is_fit_the_call_waits_for_the_first),
        IN_A_SCENE(test_only_instances_of_this_node_are_hedged_to),
        IN_A_SCENE(test_a_hedged_call_counts_once_among_those_in_flight),
        IN_A_SCENE(test_a_hedge_is_charged_to_the_caller_at_the_second_instance),
        IN_A_SCENE(test_hedges_and_retries_share_one_budget_of_a_tenth),
        IN_A_SCENE(test_a_breaker_hears_of_both_and_not_of_a_cancelled_one),
        IN_A_SCENE(test_who_is_overtaken_counts_as_slow),
        IN_A_SCENE(test_the_record_has_who_answered_and_the_other_one),
        IN_A_SCENE(test_explain_says_where_a_hedge_does_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
