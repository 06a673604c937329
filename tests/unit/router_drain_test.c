// SPDX-License-Identifier: Apache-2.0
/* A router that is restarted on purpose: every call ends once, and what began is finished. */
#include <string.h>

#include "base/random.h"
#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_bus.h"

enum { TIME_MS = 3000, STEPS = 30000, CALLERS = 5, CALLS = 40 };

static struct bus bus;

static int set_up(void **state)
{
    (void)state;
    bus_open(&bus);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    return 0;
}

static void begin(void)
{
    bus.router.now_us = bus.now_us;
    drain_begin(&bus.router, TIME_MS);
}

static void answer_word(struct peer *peer)
{
    bus_say(&bus, peer, (struct envelope){ .kind = ENVELOPE_PONG, .id = 1 });
}

/* It is told, and knows. */
static void told(struct peer *peer)
{
    assert_int_equal(bus_hear(&bus, peer), 2);
    assert_int_equal(bus.heard[0].kind, ENVELOPE_DRAIN);
    assert_int_not_equal(bus.heard[0].id, 0);
    assert_int_equal(bus.heard[1].kind, ENVELOPE_PING);
    answer_word(peer);
}

static void answer(struct peer *callee, uint64_t id)
{
    bus_say(&bus, callee, (struct envelope){ .kind = ENVELOPE_RESULT, .id = id });
}

static bool is_done(void)
{
    bus_pass_ms(&bus, ROUTER_TICK_MS);
    return bus.router.drain.state == DRAIN_DONE;
}

static void call(struct peer *caller, uint64_t id, struct envelope more)
{
    more.kind = ENVELOPE_CALL;
    more.id = id;
    if (more.endpoint.size == 0)
        more.endpoint = bus_text("greeter.Hello");
    assert_int_equal(bus_say(&bus, caller, more), 0);
}

static void test_calls_under_way_are_finished_and_then_it_is_done(void **state)
{
    struct peer *greeter = bus_process(&bus, "greeter", 5, bus_text(""));
    struct peer *caller = bus_caller(&bus);
    struct envelope heard = bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_UNARY, greeter);

    (void)state;
    begin();
    told(caller);
    assert_false(is_done());
    answer(greeter, heard.id);
    bus_expect_result(&bus, caller, 1, 0, 0);
    assert_true(is_done());
    assert_int_equal(bus.router.drain.cut, 0);
}

static void test_what_was_sent_before_the_word_was_heard_is_taken(void **state)
{
    struct peer *greeter = bus_process(&bus, "greeter", 5, bus_text(""));
    struct peer *caller = bus_caller(&bus);
    struct envelope heard;

    (void)state;
    begin();
    assert_int_equal(bus_hear(&bus, caller), 2);
    assert_false(is_done()); /* more may be on its way */
    heard = bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_UNARY, greeter);
    answer_word(caller);
    assert_false(is_done());
    answer(greeter, heard.id);
    bus_expect_result(&bus, caller, 1, 0, 0);
    assert_true(is_done());
}

static void test_who_calls_although_it_was_told_is_refused_and_not_executed(void **state)
{
    struct peer *greeter = bus_process(&bus, "greeter", 5, bus_text(""));
    struct peer *caller = bus_caller(&bus);
    struct status status;

    (void)state;
    begin();
    told(caller);
    call(caller, 1, (struct envelope){ 0 });
    bus_expect_result(&bus, caller, 1, CODE_UNAVAILABLE, EXECUTED_NO);
    assert_int_equal(status_read(&status, bus.heard[0].status), ENVELOPE_OK);
    assert_int_equal(status.retry_after_ms, ROUTER_DRAIN_RETRY_MS);
    call(caller, 2, (struct envelope){ .endpoint = bus_text("router.Stats") });
    bus_expect_result(&bus, caller, 2, CODE_UNAVAILABLE, EXECUTED_NO);
    assert_int_equal(bus_hear(&bus, greeter), 0);
}

static void test_one_that_never_says_that_it_heard_is_waited_for_a_second(void **state)
{
    struct peer *greeter = bus_process(&bus, "greeter", 5, bus_text(""));
    struct peer *silent = bus_caller(&bus);

    (void)state;
    begin();
    assert_int_equal(bus_hear(&bus, silent), 2);
    bus_pass_ms(&bus, ROUTER_DRAIN_TOLD_MS - 2 * ROUTER_TICK_MS);
    assert_int_equal(bus.router.drain.state, DRAIN_GOING);
    bus_pass_ms(&bus, UINT64_C(3) * ROUTER_TICK_MS);
    assert_int_equal(bus.router.drain.state, DRAIN_DONE);
    call(silent, 1, (struct envelope){ 0 });
    bus_expect_result(&bus, silent, 1, CODE_UNAVAILABLE, EXECUTED_NO);
    assert_int_equal(bus_hear(&bus, greeter), 0);
}

static void test_what_a_service_calls_meanwhile_is_carried(void **state)
{
    struct peer *store = bus_process(&bus, "store", 6, bus_text(""));
    struct peer *greeter =
            bus_process(&bus, "greeter", 5, (struct span){ (uint8_t *)"store.*", 8 });
    struct peer *caller = bus_caller(&bus);
    struct envelope outer = bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_UNARY, greeter);
    struct envelope inner;
    uint64_t outer_id = outer.id;

    (void)state;
    begin();
    told(caller);
    assert_int_equal(bus_hear(&bus, greeter), 0); /* the supervisor stops it, in its turn */
    call(greeter, 7, (struct envelope){ .endpoint = bus_text("store.Get"), .parent = outer_id });
    inner = bus_hear_one(&bus, store, ENVELOPE_CALL);
    answer(store, inner.id);
    bus_expect_result(&bus, greeter, 7, 0, 0);
    call(greeter, 8, (struct envelope){ .endpoint = bus_text("store.Get") });
    inner = bus_hear_one(&bus, store, ENVELOPE_CALL);
    answer(store, inner.id);
    bus_expect_result(&bus, greeter, 8, 0, 0);
    answer(greeter, outer_id);
    bus_expect_result(&bus, caller, 1, 0, 0);
    assert_true(is_done());
}

static void test_a_service_that_runs_by_hand_calls_on_behalf_of_what_it_serves(void **state)
{
    struct peer *store = bus_process(&bus, "store", 6, bus_text(""));
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *caller = bus_caller(&bus);
    uint64_t outer = bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_UNARY, greeter).id;
    uint64_t inner;

    (void)state;
    begin();
    told(caller);
    told(greeter);
    call(greeter, 7, (struct envelope){ .endpoint = bus_text("store.Get") });
    bus_expect_result(&bus, greeter, 7, CODE_UNAVAILABLE, EXECUTED_NO);
    call(greeter, 8, (struct envelope){ .endpoint = bus_text("store.Get"), .parent = outer });
    inner = bus_hear_one(&bus, store, ENVELOPE_CALL).id;
    answer(store, inner);
    bus_expect_result(&bus, greeter, 8, 0, 0);
    answer(greeter, outer);
    bus_expect_result(&bus, caller, 1, 0, 0);
    assert_true(is_done());
}

static void test_a_service_that_leaves_by_itself_is_not_told(void **state)
{
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *caller = bus_caller(&bus);
    uint64_t id = bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_UNARY, greeter).id;

    (void)state;
    bus_say(&bus, greeter, (struct envelope){ .kind = ENVELOPE_DRAIN });
    begin();
    told(caller);
    assert_int_equal(bus_hear(&bus, greeter), 0); /* it would take that for the answer */
    answer(greeter, id);
    assert_int_equal(bus_hear_one(&bus, greeter, ENVELOPE_DRAIN).id, 0);
    bus_expect_result(&bus, caller, 1, 0, 0);
    assert_true(is_done());
}

static void test_a_call_that_takes_too_long_ends_with_the_drain(void **state)
{
    struct peer *greeter = bus_process(&bus, "greeter", 5, bus_text(""));
    struct peer *caller = bus_caller(&bus);
    struct envelope heard;

    (void)state;
    call(caller, 1, (struct envelope){ .timeout_ms = 60000 });
    heard = bus_hear_one(&bus, greeter, ENVELOPE_CALL);
    begin();
    told(caller);
    bus_pass_ms(&bus, TIME_MS - 2 * ROUTER_TICK_MS);
    assert_int_equal(bus_hear(&bus, caller), 0);
    bus_pass_ms(&bus, UINT64_C(3) * ROUTER_TICK_MS);
    bus_expect_result(&bus, caller, 1, CODE_UNAVAILABLE, EXECUTED_UNKNOWN);
    bus_hear_one(&bus, greeter, ENVELOPE_CANCEL);
    assert_true(is_done());
    assert_int_equal(bus.router.drain.cut, 1);
    answer(greeter, heard.id);
    assert_int_equal(bus_hear(&bus, caller), 0);
}

static void test_a_stream_without_an_end_is_not_waited_for_as_long(void **state)
{
    struct peer *greeter = bus_process(&bus, "greeter", 5, bus_text(""));
    struct peer *caller = bus_caller(&bus);

    (void)state;
    bus_call(&bus, caller, 1, "greeter.Watch", SHAPE_SERVER_STREAM, greeter);
    begin();
    told(caller);
    bus_pass_ms(&bus, ROUTER_DRAIN_ENDLESS_MS + 2 * ROUTER_TICK_MS);
    bus_expect_result(&bus, caller, 1, CODE_UNAVAILABLE, EXECUTED_UNKNOWN);
    assert_true(is_done());
}

static void test_another_node_is_refused_at_once_and_what_it_has_is_finished(void **state)
{
    struct peer *greeter = bus_process(&bus, "greeter", 5, bus_text(""));
    struct peer *linker = bus_linker(&bus);
    struct peer *node = bus_neighbour(&bus, linker, "north", 7);
    static const uint8_t stamp[] = { 0x0a, 1, 'n', 0x12, 1, 's', 0x1a, 1, 't' };
    struct envelope remote = { .kind = ENVELOPE_CALL,
        .id = 1 | CALL_ID_ROUTER,
        .timeout_ms = 2000,
        .endpoint = bus_text("greeter.Hello"),
        .caller = { stamp, sizeof(stamp) } };

    (void)state;
    begin();
    assert_int_equal(bus_hear(&bus, node), 0); /* it has other ways, and no word for this */
    assert_int_equal(bus_say(&bus, node, remote), 0);
    bus_expect_result(&bus, node, 1, CODE_UNAVAILABLE, EXECUTED_NO);
    assert_int_equal(bus_hear(&bus, greeter), 0);
    assert_true(is_done());
}

static void test_another_node_that_knows_the_word_is_told_and_loses_nothing(void **state)
{
    struct peer *greeter = bus_process(&bus, "greeter", 5, bus_text(""));
    struct peer *linker = bus_linker(&bus);
    struct peer *node = bus_neighbour(&bus, linker, "north", 7);
    static const uint8_t stamp[] = { 0x0a, 1, 'n' };
    struct envelope remote = { .kind = ENVELOPE_CALL,
        .id = 1 | CALL_ID_ROUTER,
        .timeout_ms = 2000,
        .endpoint = bus_text("greeter.Hello"),
        .caller = { stamp, sizeof(stamp) } };
    struct envelope word;
    uint64_t id;

    (void)state;
    bus.drains = true;
    bus_set_route(&bus, linker, node, "store", 1);
    begin();
    word = bus_hear_one(&bus, node, ENVELOPE_DRAIN);
    assert_int_equal(word.id, 1);
    assert_int_equal(word.timeout_ms, TIME_MS + ROUTER_AWAY_MS);
    assert_int_equal(bus_say(&bus, node, remote), 0); /* it was on its way */
    id = bus_hear_one(&bus, greeter, ENVELOPE_CALL).id;
    assert_false(is_done());
    answer(greeter, id);
    bus_expect_result(&bus, node, 1, 0, 0);
    assert_false(is_done()); /* it has not said that it is through */
    bus_say(&bus, node, (struct envelope){ .kind = ENVELOPE_DRAIN });
    assert_true(is_done());
}

static void test_what_a_call_under_way_needs_on_another_node_is_called(void **state)
{
    static const char calls[] = "store.*";
    struct peer *greeter =
            bus_process(&bus, "greeter", 5, (struct span){ (const uint8_t *)calls, sizeof(calls) });
    struct peer *caller = bus_caller(&bus);
    struct peer *linker = bus_linker(&bus);
    struct peer *node = bus_neighbour(&bus, linker, "north", 7);
    uint64_t outer;

    (void)state;
    bus.drains = true;
    bus_set_route(&bus, linker, node, "store", 1);
    outer = bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_UNARY, greeter).id;
    begin();
    bus_hear(&bus, node);
    call(greeter, 7, (struct envelope){ .endpoint = bus_text("store.Get"), .parent = outer });
    bus_hear_one(&bus, node, ENVELOPE_CALL);
}

static void test_one_who_comes_meanwhile_is_told(void **state)
{
    struct peer *late;

    (void)state;
    begin();
    late = bus_caller(&bus);
    drain_tell(&bus.router, late);
    drain_tell(&bus.router, late); /* once */
    told(late);
    assert_true(is_done());
}

/* A caller of the storm, as libmu behaves: it calls until it hears the word. */
struct storm_caller {
    struct peer *peer;
    uint64_t last;
    bool has_heard;
    uint32_t ends[CALLS + 1]; /* of each call */
};

static void storm_hear(struct storm_caller *caller)
{
    size_t count = bus_hear(&bus, caller->peer);

    for (size_t i = 0; i < count; i++) {
        struct envelope heard = bus.heard[i];

        if (heard.kind == ENVELOPE_RESULT) {
            caller->ends[heard.id] += 1;
            assert_int_equal(heard.status.size, 0);
        } else if (heard.kind == ENVELOPE_PING) {
            caller->has_heard = true;
        }
    }
    if (caller->has_heard)
        answer_word(caller->peer);
}

static void test_in_any_order_each_call_is_answered_once_and_none_fails(void **state)
{
    struct storm_caller callers[CALLERS];
    struct peer *greeter = bus_process(&bus, "greeter", 5, bus_text(""));
    uint64_t open[CALLERS * CALLS];
    struct random random;
    size_t count = 0;

    (void)state;
    random_init(&random, 4711);
    memset(callers, 0, sizeof(callers));
    for (size_t i = 0; i < CALLERS; i++)
        callers[i].peer = bus_caller(&bus);
    for (int step = 0; step < STEPS && bus.router.drain.state != DRAIN_DONE; step++) {
        struct storm_caller *caller = &callers[random_next(&random) % CALLERS];
        uint64_t dice = random_next(&random) % 16;

        if (step == 100)
            begin();
        if (dice < 6 && !caller->has_heard && caller->last < CALLS)
            call(caller->peer, ++caller->last, (struct envelope){ .timeout_ms = 600000 });
        else if (dice < 8)
            storm_hear(caller);
        else if (dice < 15 && count > 0)
            answer(greeter, open[--count]);
        else
            bus_pass_ms(&bus, 1);
        for (size_t i = 0, heard = bus_hear(&bus, greeter); i < heard; i++)
            open[count++] = bus.heard[i].id;
    }
    assert_int_equal(bus.router.drain.state, DRAIN_DONE);
    assert_int_equal(bus.router.drain.cut, 0);
    for (size_t i = 0; i < CALLERS; i++) {
        storm_hear(&callers[i]);
        assert_true(callers[i].last > 0);
        for (uint64_t id = 1; id <= callers[i].last; id++)
            assert_int_equal(callers[i].ends[id], 1);
    }
}

int main(void)
{
#define on_bus(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        on_bus(test_calls_under_way_are_finished_and_then_it_is_done),
        on_bus(test_what_was_sent_before_the_word_was_heard_is_taken),
        on_bus(test_who_calls_although_it_was_told_is_refused_and_not_executed),
        on_bus(test_one_that_never_says_that_it_heard_is_waited_for_a_second),
        on_bus(test_what_a_service_calls_meanwhile_is_carried),
        on_bus(test_a_service_that_runs_by_hand_calls_on_behalf_of_what_it_serves),
        on_bus(test_a_service_that_leaves_by_itself_is_not_told),
        on_bus(test_a_call_that_takes_too_long_ends_with_the_drain),
        on_bus(test_a_stream_without_an_end_is_not_waited_for_as_long),
        on_bus(test_another_node_is_refused_at_once_and_what_it_has_is_finished),
        on_bus(test_another_node_that_knows_the_word_is_told_and_loses_nothing),
        on_bus(test_what_a_call_under_way_needs_on_another_node_is_called),
        on_bus(test_one_who_comes_meanwhile_is_told),
        on_bus(test_in_any_order_each_call_is_answered_once_and_none_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
