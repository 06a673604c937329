// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "kernel/router/cap.h"
#include "kernel/router/policy.h"
#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_policies.h"
#include "transport/stamp.h"

enum { OK = 0, NOTHING = -1, INTERNAL = 13, CALL = 5 };

static struct bus bus;
static struct peer *supervisor;
static struct written policy;
static struct peer *old; /* has the calls */
static struct peer *new; /* has the copies */
static struct peer *caller;
static uint64_t call_id_there; /* of the call, at its instance … */
static uint64_t copy_id_there; /* … and of the copy */

static struct peer *shop(const char *version)
{
    return bus_instance(&bus, &(struct instance){ "shop", version, NULL, NULL });
}

static int set_up(void **state)
{
    (void)state;
    bus_open(&bus);
    supervisor = bus_supervisor(&bus);
    old = shop("1.0.0");
    new = shop("2.0.0");
    caller = bus_caller(&bus);
    write_policy(&policy, "shop.*");
    write_mirror(&policy, "2.0.0", 100);
    write_weight(&policy, "2.0.0", 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    return 0;
}

static void set_mirror(void)
{
    bus_set_policy(&bus, supervisor, &policy);
}

static const struct policy *mirror_policy(void)
{
    return policy_find(&bus.router, bus_caller(&bus), NULL, bus_text("shop.Pay"))
            ->by[SETTING_MIRROR];
}

/* Calls; the call and its copy are where they belong. */
static void ask(uint32_t timeout_ms)
{
    set_mirror();
    bus_ask_for(&bus, caller, CALL, "shop.Pay", timeout_ms);
    call_id_there = bus_take_call(&bus, old);
    copy_id_there = bus_take_call(&bus, new);
    assert_true(call_id_there != 0 && copy_id_there != 0);
}

static bool is_cancelled(struct peer *peer, uint64_t id)
{
    return bus_hear(&bus, peer) == 1 && bus.heard[0].kind == ENVELOPE_CANCEL &&
           bus.heard[0].id == id;
}

static void expect_nothing_left(void)
{
    assert_int_equal(bus.router.calls.count, bus.router.self.calls_made_count);
    assert_int_equal(caller->calls_made_count, 0);
    assert_true(list_is_empty(&caller->claims) && list_is_empty(&caller->copies));
}

static void test_the_copy_is_carried_out_and_its_answer_thrown_away(void **state)
{
    static const struct {
        uint32_t code;
        bool copy_first;
    } cases[] = { { OK, true }, { OK, false }, { INTERNAL, true }, { CODE_UNAVAILABLE, false } };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ask(0);
        if (cases[i].copy_first)
            bus_answer(&bus, new, copy_id_there, cases[i].code, EXECUTED_YES);
        assert_int_equal(bus_take_code(&bus, caller, CALL), NOTHING);
        bus_answer(&bus, old, call_id_there, OK, 0);
        assert_int_equal(bus_take_code(&bus, caller, CALL), OK);
        if (!cases[i].copy_first)
            bus_answer(&bus, new, copy_id_there, cases[i].code, EXECUTED_YES);
        assert_int_equal(bus_take_code(&bus, caller, CALL), NOTHING);
        expect_nothing_left();
    }
    assert_int_equal(mirror_policy()->mirrored, 4);
    assert_int_equal(mirror_policy()->mirror_failed, 2);
    assert_int_equal(mirror_policy()->mirror_skipped, 0);
    assert_int_equal(bus.router.stats.results_late, 0);
}

static void test_the_copy_is_of_the_same_caller_and_has_the_same_time(void **state)
{
    struct stamp stamp;
    uint8_t trace[16];

    (void)state;
    caller = bus_service(&bus, "clerk");
    set_mirror();
    bus_ask_for(&bus, caller, CALL, "shop.Pay", 1234);
    assert_true(bus_take_call(&bus, old) != 0);
    memcpy(trace, bus.heard[0].trace.data, sizeof(trace));
    assert_true(bus_take_call(&bus, new) != 0);
    assert_int_equal(bus.heard[0].timeout_ms, 1234);
    assert_memory_equal(bus.heard[0].trace.data, trace, sizeof(trace));
    assert_memory_equal(bus.heard[0].body.data, "question", 8);
    assert_int_equal(stamp_read(&stamp, bus.heard[0].caller), ENVELOPE_OK);
    assert_memory_equal(stamp.service.data, "clerk", 5);
    assert_true(stamp.instance == caller->instance);
}

static void test_so_many_percent_of_the_calls_are_copied(void **state)
{
    static const struct {
        uint32_t percent;
        uint32_t least;
        uint32_t most;
    } cases[] = { { 1, 15, 70 }, { 25, 900, 1100 }, { 100, 4000, 4000 } };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t copies = 0;

        policy.mirror.percent = cases[i].percent;
        set_mirror();
        for (uint64_t call = 1; call <= 4000; call++) {
            uint64_t id;

            bus_ask_for(&bus, caller, call, "shop.Pay", 0);
            bus_answer(&bus, old, bus_take_call(&bus, old), OK, 0);
            id = bus_take_call(&bus, new);
            copies += id != 0 ? 1 : 0;
            if (id != 0)
                bus_answer(&bus, new, id, OK, 0);
            assert_int_equal(bus_take_code(&bus, caller, call), OK);
        }
        assert_in_range(copies, cases[i].least, cases[i].most);
    }
}

static void test_a_copy_that_is_late_is_cancelled_and_failed(void **state)
{
    (void)state;
    ask(100);
    bus_answer(&bus, old, call_id_there, OK, 0);
    assert_int_equal(bus_take_code(&bus, caller, CALL), OK);
    bus_pass_ms(&bus, 90);
    assert_int_equal(bus_hear(&bus, new), 0);
    bus_pass_ms(&bus, 20);
    assert_true(is_cancelled(new, copy_id_there));
    assert_int_equal(mirror_policy()->mirror_failed, 1);
    assert_false(new->silent); /* nothing that calls are steered by */
    assert_int_equal(new->calls_taken_count, 1);
    bus_answer(&bus, new, copy_id_there, OK, 0);
    assert_int_equal(bus.router.stats.results_late, 1);
    assert_int_equal(mirror_policy()->mirror_failed, 1);
    assert_int_equal(bus_take_code(&bus, caller, CALL), NOTHING);
    expect_nothing_left();
}

static void test_a_call_that_is_refused_is_not_copied(void **state)
{
    (void)state;
    policy.policy.in_flight_max = 1;
    ask(0);
    bus_ask_for(&bus, caller, 6, "shop.Pay", 0);
    assert_int_equal(bus_take_code(&bus, caller, 6), CODE_RESOURCE_EXHAUSTED);
    assert_int_equal(bus_hear(&bus, new), 0);
    bus_answer(&bus, old, call_id_there, OK, 0);
    bus_hear(&bus, caller);
    router_detach(&bus.router, old, bus.now_us);
    bus_ask_for(&bus, caller, 7, "shop.Pay", 0);
    assert_int_equal(bus_take_code(&bus, caller, 7), CODE_UNAVAILABLE);
    assert_int_equal(bus_hear(&bus, new), 0);
    assert_int_equal(mirror_policy()->mirrored, 1);
    assert_int_equal(mirror_policy()->mirror_skipped, 0);
}

static void leave_no_room(int way)
{
    if (way == 0)
        new->calls_max = 2 * new->calls_taken_count;
    if (way == 1)
        new->body_max = 1;
    if (way == 2)
        bus_say(&bus, new, (struct envelope){ .kind = ENVELOPE_DRAIN });
    if (way == 3)
        router_detach(&bus.router, new, bus.now_us);
}

static void test_without_room_the_copy_is_skipped_and_the_call_is_not(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++) {
        tear_down(NULL);
        set_up(NULL);
        ask(0);
        bus_answer(&bus, old, call_id_there, OK, 0);
        assert_int_equal(bus_take_code(&bus, caller, CALL), OK);
        leave_no_room(way);
        bus_ask_for(&bus, caller, 6, "shop.Pay", 0);
        bus_answer(&bus, old, bus_take_call(&bus, old), OK, 0);
        assert_int_equal(bus_take_code(&bus, caller, 6), OK);
        if (way < 3)
            assert_int_equal(bus_take_call(&bus, new), 0);
        assert_int_equal(mirror_policy()->mirrored, 1);
        assert_int_equal(mirror_policy()->mirror_skipped, 1);
    }
}

static void test_copies_take_half_of_what_the_instance_takes_at_most(void **state)
{
    (void)state;
    for (uint32_t calls_max = 1; calls_max <= 4; calls_max++) {
        uint32_t copies = 0;

        tear_down(NULL);
        set_up(NULL);
        new->calls_max = calls_max;
        set_mirror();
        for (uint64_t id = 1; id <= 5; id++)
            bus_ask_for(&bus, caller, id, "shop.Pay", 0);
        bus_hear(&bus, new);
        for (size_t i = 0; i < bus.heard_count; i++)
            copies += bus.heard[i].kind == ENVELOPE_CALL ? 1 : 0;
        assert_int_equal(copies, (calls_max + 1) / 2);
    }
}

static void test_an_instance_that_does_not_export_it_gets_no_copy(void **state)
{
    static const char exports[] = "shop.List\0@node"; /* and no other method */
    static const char calls[] = "shop.*";

    (void)state;
    router_detach(&bus.router, new, bus.now_us);
    caller = bus_process(&bus, "clerk", 8, (struct span){ (const uint8_t *)calls, sizeof(calls) });
    new = bus_exporter(&bus, "shop", 9, (struct span){ (const uint8_t *)exports, sizeof(exports) });
    write_policy(&policy, "shop.*");
    write_mirror(&policy, new->version, 100);
    write_weight(&policy, new->version, 0);
    set_mirror();
    bus_ask_for(&bus, caller, CALL, "shop.Pay", 0);
    assert_int_equal(bus_hear(&bus, new), 0);
    bus_answer(&bus, old, bus_take_call(&bus, old), OK, 0);
    assert_int_equal(bus_take_code(&bus, caller, CALL), OK);
    assert_int_equal(mirror_policy()->mirror_skipped, 1);
}

static void test_a_copy_counts_in_no_limit_and_in_no_figure_of_calls(void **state)
{
    const struct policy *set;

    (void)state;
    policy.policy.in_flight_max = 10;
    ask(0);
    set = mirror_policy();
    assert_int_equal(set->quota.in_flight, 1);
    assert_int_equal(caller->calls_made_count, 1);
    assert_int_equal(bus.router.stats.calls, 1);
    bus_answer(&bus, old, call_id_there, OK, 0);
    assert_int_equal(set->quota.in_flight, 0);
    bus_answer(&bus, new, copy_id_there, INTERNAL, EXECUTED_YES);
    assert_true(bus.router.notebook.journal.last == 2); /* `router.Policies`, and the call */
    assert_int_equal(bus.router.stats.calls_failed, 0);
}

static void test_the_death_of_its_callee_fails_the_copy_alone(void **state)
{
    (void)state;
    write_retries(&policy, 3, true);
    ask(0);
    router_detach(&bus.router, new, bus.now_us);
    assert_int_equal(bus_take_code(&bus, caller, CALL), NOTHING);
    assert_int_equal(mirror_policy()->mirror_failed, 1);
    bus_pass_ms(&bus, 100);
    assert_int_equal(bus_hear(&bus, old), 0); /* it is not tried again */
    bus_answer(&bus, old, call_id_there, OK, 0);
    assert_int_equal(bus_take_code(&bus, caller, CALL), OK);
    expect_nothing_left();
}

static void test_a_copy_goes_on_when_its_call_is_given_up(void **state)
{
    (void)state;
    ask(0);
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = CALL });
    assert_int_equal(bus_take_code(&bus, caller, CALL), CODE_CANCELLED);
    assert_int_equal(bus_hear(&bus, new), 0);
    bus_answer(&bus, new, copy_id_there, OK, 0);
    assert_int_equal(mirror_policy()->mirror_failed, 0);
    bus_answer(&bus, old, call_id_there, OK, 0);
    expect_nothing_left();
}

static void test_a_copy_ends_with_its_caller_and_with_the_capability(void **state)
{
    (void)state;
    for (uint64_t turn = 0; turn < 2; turn++) {
        caller =
                bus_process(&bus, "clerk", 8 + turn, (struct span){ (const uint8_t *)"shop.*", 7 });
        ask(0);
        bus_answer(&bus, old, call_id_there, OK, 0);
        assert_int_equal(bus_take_code(&bus, caller, CALL), OK);
        if (turn == 0)
            cap_drop_all(&bus.router, caller);
        else
            router_detach(&bus.router, caller, bus.now_us);
        assert_true(is_cancelled(new, copy_id_there));
        assert_int_equal(new->calls_taken_count, 1);
        bus_answer(&bus, new, copy_id_there, OK, 0);
        assert_int_equal(new->calls_taken_count, 0);
    }
}

static void test_one_that_drains_has_drained_when_it_has_answered_the_copy(void **state)
{
    (void)state;
    ask(0);
    bus_say(&bus, new, (struct envelope){ .kind = ENVELOPE_DRAIN });
    assert_int_equal(bus_hear(&bus, new), 0);
    bus_answer(&bus, new, copy_id_there, OK, 0);
    bus_hear_one(&bus, new, ENVELOPE_DRAIN);
}

static void test_what_a_copy_calls_ends_with_it(void **state)
{
    struct peer *bank = bus_service(&bus, "bank");
    uint64_t id;

    (void)state;
    ask(100);
    bus_say(&bus, new,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 1,
                    .parent = copy_id_there,
                    .endpoint = bus_text("bank.Book") });
    id = bus_take_call(&bus, bank);
    assert_true(id != 0 && bus.heard[0].timeout_ms <= 100);
    bus_pass_ms(&bus, 120);
    assert_true(is_cancelled(bank, id));
    bus_hear(&bus, new);
    bus_say(&bus, new,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 2,
                    .parent = copy_id_there,
                    .endpoint = bus_text("bank.Book") });
    bus_expect_result(&bus, new, 2, CODE_CANCELLED, EXECUTED_NO);
    assert_int_equal(bus_hear(&bus, bank), 0);
}

static void test_a_stream_is_not_copied(void **state)
{
    (void)state;
    set_mirror();
    for (int shape = SHAPE_CLIENT_STREAM; shape <= SHAPE_TWO_WAY; shape++)
        bus_say(&bus, caller,
                (struct envelope){ .kind = ENVELOPE_CALL,
                        .id = (uint64_t)shape,
                        .shape = (enum envelope_shape)shape,
                        .endpoint = bus_text("shop.Watch") });
    assert_int_equal(bus_hear(&bus, old), 3);
    assert_int_equal(bus_hear(&bus, new), 0);
}

/* A call that is kept for retries or waits for its delay is copied as any other. */
static void test_a_call_that_waits_is_copied_at_once(void **state)
{
    (void)state;
    write_fault(&policy, 0, 200, 100);
    policy.policy.left_ms = 60000;
    set_mirror();
    bus_ask_for(&bus, caller, CALL, "shop.Pay", 0);
    copy_id_there = bus_take_call(&bus, new);
    assert_true(copy_id_there != 0);
    assert_int_equal(bus_take_call(&bus, old), 0);
    bus_answer(&bus, new, copy_id_there, OK, 0);
    bus_pass_ms(&bus, 220);
    bus_answer(&bus, old, bus_take_call(&bus, old), OK, 0);
    assert_int_equal(bus_take_code(&bus, caller, CALL), OK);
    expect_nothing_left();
}

static void test_calls_of_another_node_are_copied_here(void **state)
{
    struct peer *linker = bus_linker(&bus);
    struct peer *node = bus_neighbour(&bus, linker, "far", 3);
    uint8_t room[STAMP_SIZE_MAX];
    struct stamp stamp = { .node = bus_text("far"), .service = bus_text("clerk") };

    (void)state;
    set_mirror();
    bus_say(&bus, node,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = CALL_ID_ROUTER | CALL,
                    .endpoint = bus_text("shop.Pay"),
                    .caller = stamp_write(&stamp, room) });
    assert_true(bus_take_call(&bus, old) != 0);
    assert_true(bus_take_call(&bus, new) != 0);
    assert_int_equal(stamp_read(&stamp, bus.heard[0].caller), ENVELOPE_OK);
    assert_memory_equal(stamp.service.data, "clerk", 5);
    assert_int_equal(stamp.hops, 1);
    router_detach(&bus.router, node, bus.now_us);
    assert_int_equal(bus_hear(&bus, new), 1);
    assert_int_equal(bus.heard[0].kind, ENVELOPE_CANCEL);
}

static void test_explain_says_how_many_and_where_nobody_gets_them(void **state)
{
    Mu__Router__V1__ExplainReply *reply;

    (void)state;
    ask(0);
    bus_answer(&bus, old, call_id_there, OK, 0);
    bus_answer(&bus, new, copy_id_there, INTERNAL, EXECUTED_YES);
    bus_hear(&bus, caller);
    for (int turn = 0; turn < 2; turn++) {
        const Mu__Router__V1__PolicyEffect *effect;

        if (turn == 1)
            router_detach(&bus.router, new, bus.now_us);
        reply = bus_explain(&bus, caller, "shop.Pay", "");
        assert_int_equal(reply->n_effects, 2);
        effect = reply->effects[1];
        assert_string_equal(effect->setting, "mirror");
        assert_true(effect->use->mirrored == 1 && effect->use->mirror_failed == 1);
        assert_int_equal(effect->idle[0] != '\0', turn == 1);
        mu__router__v1__explain_reply__free_unpacked(reply, NULL);
    }
}

#define IN_A_BUS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        IN_A_BUS(test_the_copy_is_carried_out_and_its_answer_thrown_away),
        IN_A_BUS(test_the_copy_is_of_the_same_caller_and_has_the_same_time),
        IN_A_BUS(test_so_many_percent_of_the_calls_are_copied),
        IN_A_BUS(test_a_copy_that_is_late_is_cancelled_and_failed),
        IN_A_BUS(test_a_call_that_is_refused_is_not_copied),
        IN_A_BUS(test_without_room_the_copy_is_skipped_and_the_call_is_not),
        IN_A_BUS(test_copies_take_half_of_what_the_instance_takes_at_most),
        IN_A_BUS(test_an_instance_that_does_not_export_it_gets_no_copy),
        IN_A_BUS(test_a_copy_counts_in_no_limit_and_in_no_figure_of_calls),
        IN_A_BUS(test_the_death_of_its_callee_fails_the_copy_alone),
        IN_A_BUS(test_a_copy_goes_on_when_its_call_is_given_up),
        IN_A_BUS(test_a_copy_ends_with_its_caller_and_with_the_capability),
        IN_A_BUS(test_one_that_drains_has_drained_when_it_has_answered_the_copy),
        IN_A_BUS(test_what_a_copy_calls_ends_with_it),
        IN_A_BUS(test_a_stream_is_not_copied),
        IN_A_BUS(test_a_call_that_waits_is_copied_at_once),
        IN_A_BUS(test_calls_of_another_node_are_copied_here),
        IN_A_BUS(test_explain_says_how_many_and_where_nobody_gets_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
