// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/router/say.h"
#include "mu/bus/v1/bus.pb-c.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_bus.h"

enum { OK = 0 };

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

static void test_a_call_reaches_the_service_and_its_answer_the_caller(void **state)
{
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *caller = bus_caller(&bus);
    struct envelope call = bus_call(&bus, caller, 5, "greeter.Hello", SHAPE_UNARY, greeter);
    struct envelope result;
    Mu__Bus__V1__Caller *stamp;

    (void)state;
    assert_memory_equal(call.endpoint.data, "greeter.Hello", 13);
    assert_memory_equal(call.body.data, "question", 8);
    assert_int_equal(call.timeout_ms, TIMEOUT_DEFAULT_MS);
    assert_int_equal(call.trace.size, TRACE_SIZE);
    stamp = mu__bus__v1__caller__unpack(NULL, call.caller.size, call.caller.data);
    assert_non_null(stamp);
    assert_string_equal(stamp->node, "test");
    assert_string_equal(stamp->service, "");
    assert_int_equal(stamp->uid, 1);
    assert_int_equal(stamp->pid, 2);
    assert_true(stamp->operator_);
    mu__bus__v1__caller__free_unpacked(stamp, NULL);
    assert_int_equal(
            bus_say(&bus, greeter,
                    (struct envelope){
                            .kind = ENVELOPE_RESULT, .id = call.id, .body = bus_text("answer") }),
            0);
    result = bus_hear_one(&bus, caller, ENVELOPE_RESULT);
    assert_true(result.id == 5);
    assert_memory_equal(result.body.data, "answer", 6);
    assert_int_equal(result.status.size, 0);
    assert_int_equal(result.trace.size, TRACE_SIZE);
    assert_int_equal(bus.router.calls.count, 0);
}

static void test_what_cannot_be_routed_is_refused_and_was_not_executed(void **state)
{
    struct peer *caller = bus_caller(&bus);
    struct peer *gone = bus_service(&bus, "gone");
    static const struct {
        const char *endpoint;
        uint32_t code;
    } bad[] = {
        { "nobody.Hello", CODE_NOT_FOUND },
        { "gone.Hello", CODE_UNAVAILABLE },
        { "nonsense", CODE_INVALID_ARGUMENT },
        { "Greeter.Hello", CODE_INVALID_ARGUMENT },
        { "router.Admit", CODE_PERMISSION_DENIED },
        { "router.Nonsense", CODE_UNIMPLEMENTED },
    };

    (void)state;
    router_detach(&bus.router, gone, bus.now_us);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        bus_say(&bus, caller,
                (struct envelope){ .kind = ENVELOPE_CALL,
                        .id = i + 1,
                        .endpoint = bus_text(bad[i].endpoint) });
        bus_expect_result(&bus, caller, i + 1, bad[i].code, EXECUTED_NO);
    }
}

static void test_nobody_can_say_who_he_is(void **state)
{
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *caller = bus_caller(&bus);

    (void)state;
    bus_say(&bus, caller,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 1,
                    .endpoint = bus_text("greeter.Hello"),
                    .caller = bus_text("\x0a\x01x") });
    bus_expect_result(&bus, caller, 1, CODE_INVALID_ARGUMENT, EXECUTED_NO);
    assert_int_equal(bus_hear(&bus, greeter), 0);
}

static void test_latency_is_what_answers_took_and_never_less_than_nothing(void **state)
{
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *caller = bus_caller(&bus);
    struct envelope call = bus_call(&bus, caller, 5, "greeter.Hello", SHAPE_UNARY, greeter);

    (void)state;
    bus.now_us += 8000;
    bus_say(&bus, greeter, (struct envelope){ .kind = ENVELOPE_RESULT, .id = call.id });
    assert_int_equal(greeter->latency_us, 1000); /* an eighth of it, at first */
    call = bus_call(&bus, caller, 6, "greeter.Hello", SHAPE_UNARY, greeter);
    bus.now_us -= 500;
    bus_say(&bus, greeter, (struct envelope){ .kind = ENVELOPE_RESULT, .id = call.id });
    assert_int_equal(greeter->latency_us, 875);
}

static void test_ids_that_confuse_answers_end_the_channel(void **state)
{
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *caller = bus_caller(&bus);
    struct envelope call = { .kind = ENVELOPE_CALL, .endpoint = bus_text("greeter.Hello") };

    (void)state;
    assert_int_equal(bus_say(&bus, caller, call), -EPROTO);
    call.id = CALL_ID_ROUTER | 1;
    assert_int_equal(bus_say(&bus, caller, call), -EPROTO);
    call.id = 1;
    assert_int_equal(bus_say(&bus, caller, call), 0);
    assert_int_equal(bus_say(&bus, caller, call), -EPROTO);
    assert_int_equal(bus_hear(&bus, greeter), 1);
}

static void test_only_the_callee_answers_and_only_once(void **state)
{
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *other = bus_service(&bus, "other");
    struct peer *caller = bus_caller(&bus);
    struct envelope call = bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_UNARY, greeter);
    struct envelope result = { .kind = ENVELOPE_RESULT, .id = call.id };

    (void)state;
    assert_int_equal(bus_say(&bus, other, result), -EPROTO);
    assert_int_equal(bus_say(&bus, caller, result), -EPROTO);
    assert_int_equal(bus_hear(&bus, caller), 0);
    assert_int_equal(bus_say(&bus, greeter, result), 0);
    bus_expect_result(&bus, caller, 1, OK, 0);
    assert_int_equal(bus_say(&bus, greeter, result), 0);
    assert_int_equal(bus_hear(&bus, caller), 0);
    assert_int_equal(bus.router.stats.results_late, 1);
}

static void test_a_status_that_nobody_could_read_ends_the_channel(void **state)
{
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *caller = bus_caller(&bus);
    struct envelope call = bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_UNARY, greeter);

    (void)state;
    assert_int_equal(bus_say(&bus, greeter,
                             (struct envelope){ .kind = ENVELOPE_RESULT,
                                     .id = call.id,
                                     .status = bus_text("\x12\x01\xff") }),
            -EPROTO);
}

static void test_a_deadline_ends_the_call_for_both_sides(void **state)
{
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *caller = bus_caller(&bus);
    struct envelope call;

    (void)state;
    bus_say(&bus, caller,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 1,
                    .timeout_ms = 100,
                    .endpoint = bus_text("greeter.Hello") });
    call = bus_hear_one(&bus, greeter, ENVELOPE_CALL);
    assert_int_equal(call.timeout_ms, 100);
    bus_pass_ms(&bus, 99);
    assert_int_equal(bus_hear(&bus, caller), 0);
    bus_pass_ms(&bus, 20);
    bus_expect_result(&bus, caller, 1, CODE_DEADLINE_EXCEEDED, EXECUTED_UNKNOWN);
    assert_true(bus_hear_one(&bus, greeter, ENVELOPE_CANCEL).id == call.id);
    bus_say(&bus, greeter, (struct envelope){ .kind = ENVELOPE_RESULT, .id = call.id });
    assert_int_equal(bus_hear(&bus, caller), 0);
    assert_int_equal(bus.router.calls.count, 0);
    assert_false(router_wants_ticks(&bus.router));
}

static void test_timeouts_have_a_default_and_a_most(void **state)
{
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *caller = bus_caller(&bus);

    (void)state;
    bus_say(&bus, caller,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 1,
                    .timeout_ms = UINT32_MAX,
                    .endpoint = bus_text("greeter.Hello") });
    assert_int_equal(bus_hear_one(&bus, greeter, ENVELOPE_CALL).timeout_ms, TIMEOUT_MAX_MS);
    assert_int_equal(
            bus_call(&bus, caller, 2, "greeter.Talk", SHAPE_TWO_WAY, greeter).timeout_ms, 0);
}

static void test_cancel_frees_the_caller_at_once_and_the_callee_when_it_is_done(void **state)
{
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *caller = bus_caller(&bus);
    struct envelope call = bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_UNARY, greeter);

    (void)state;
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = 1 });
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = 1 });
    bus_expect_result(&bus, caller, 1, CODE_CANCELLED, EXECUTED_UNKNOWN);
    assert_true(bus_hear_one(&bus, greeter, ENVELOPE_CANCEL).id == call.id);
    assert_int_equal(caller->calls_made_count, 0);
    assert_int_equal(greeter->calls_taken_count, 1);
    bus_say(&bus, greeter, (struct envelope){ .kind = ENVELOPE_RESULT, .id = call.id });
    assert_int_equal(greeter->calls_taken_count, 0);
}

static void test_calls_of_a_dead_caller_are_cancelled(void **state)
{
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *caller = bus_caller(&bus);
    struct envelope call = bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_UNARY, greeter);

    (void)state;
    router_detach(&bus.router, caller, bus.now_us);
    assert_true(bus_hear_one(&bus, greeter, ENVELOPE_CANCEL).id == call.id);
}

static void test_calls_to_a_dead_service_end_and_nobody_knows_whether_they_ran(void **state)
{
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *caller = bus_caller(&bus);

    (void)state;
    bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_UNARY, greeter);
    router_detach(&bus.router, greeter, bus.now_us);
    bus_expect_result(&bus, caller, 1, CODE_UNAVAILABLE, EXECUTED_UNKNOWN);
    bus_say(&bus, caller,
            (struct envelope){
                    .kind = ENVELOPE_CALL, .id = 2, .endpoint = bus_text("greeter.Hello") });
    bus_expect_result(&bus, caller, 2, CODE_UNAVAILABLE, EXECUTED_NO);
}

static void test_a_service_that_calls_itself_and_dies_leaves_nothing_behind(void **state)
{
    struct peer *greeter = bus_service(&bus, "greeter");
    struct envelope call = bus_call(&bus, greeter, 1, "greeter.Hello", SHAPE_UNARY, greeter);

    (void)state;
    bus_say(&bus, greeter,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 2,
                    .parent = call.id,
                    .endpoint = bus_text("greeter.Hello") });
    router_detach(&bus.router, greeter, bus.now_us);
    assert_int_equal(bus.router.calls.count, 0);
}

/* caller -> a -> b -> c: what the first one does reaches the last one. */
static void test_cancel_and_trace_and_deadline_go_down_a_chain(void **state)
{
    struct peer *services[3] = { bus_service(&bus, "a"), bus_service(&bus, "b"),
        bus_service(&bus, "c") };
    static const char *const endpoints[] = { "a.X", "b.X", "c.X" };
    struct peer *from = bus_caller(&bus);
    struct peer *caller = from;
    uint8_t trace[TRACE_SIZE] = "0123456789abcdef";
    uint64_t parent = 0;
    struct envelope call = { 0 };

    (void)state;
    for (int i = 0; i < 3; i++) {
        bus_say(&bus, from,
                (struct envelope){ .kind = ENVELOPE_CALL,
                        .id = 9,
                        .parent = parent,
                        .timeout_ms = i == 0 ? 300 : 5000,
                        .endpoint = bus_text(endpoints[i]),
                        .trace = { trace, i == 0 ? TRACE_SIZE : 0 } });
        call = bus_hear_one(&bus, services[i], ENVELOPE_CALL);
        assert_memory_equal(call.trace.data, trace, 16);
        assert_true(call.timeout_ms <= 300);
        parent = call.id;
        from = services[i];
        bus_pass_ms(&bus, 50);
    }
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = 9 });
    bus_expect_result(&bus, caller, 9, CODE_CANCELLED, EXECUTED_UNKNOWN);
    for (int i = 0; i < 3; i++) {
        size_t heard = bus_hear(&bus, services[i]);
        bool cancelled = false;

        assert_int_equal(
                heard, i < 2 ? 2 : 1); /* CANCEL of what it serves, RESULT of what it asked */
        for (size_t k = 0; k < heard; k++)
            cancelled |= bus.heard[k].kind == ENVELOPE_CANCEL;
        assert_true(cancelled);
    }
    assert_int_equal(caller->calls_made_count, 0);
}

static void test_a_call_for_one_that_is_over_is_refused(void **state)
{
    struct peer *a = bus_service(&bus, "a");
    struct peer *b = bus_service(&bus, "b");
    struct peer *caller = bus_caller(&bus);
    struct envelope call = bus_call(&bus, caller, 1, "a.X", SHAPE_UNARY, a);
    struct envelope child = {
        .kind = ENVELOPE_CALL, .id = 1, .parent = call.id, .endpoint = bus_text("b.X")
    };

    (void)state;
    assert_int_equal(bus_say(&bus, b, child), 0); /* b quotes a call that a serves */
    bus_expect_result(&bus, b, 1, CODE_CANCELLED, EXECUTED_NO);
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = 1 });
    bus_hear(&bus, a);
    bus_say(&bus, a, child);
    bus_expect_result(&bus, a, 1, CODE_CANCELLED, EXECUTED_NO);
    assert_int_equal(bus_hear(&bus, b), 0);
}

static void test_a_child_goes_on_when_its_parent_was_answered(void **state)
{
    struct peer *a = bus_service(&bus, "a");
    struct peer *b = bus_service(&bus, "b");
    struct peer *caller = bus_caller(&bus);
    struct envelope parent = bus_call(&bus, caller, 1, "a.X", SHAPE_UNARY, a);
    uint64_t parent_id = parent.id;
    struct envelope child;

    (void)state;
    bus_say(&bus, a,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 1,
                    .parent = parent_id,
                    .endpoint = bus_text("b.X") });
    child = bus_hear_one(&bus, b, ENVELOPE_CALL);
    bus_say(&bus, a, (struct envelope){ .kind = ENVELOPE_RESULT, .id = parent_id });
    bus_expect_result(&bus, caller, 1, OK, 0);
    bus_say(&bus, b, (struct envelope){ .kind = ENVELOPE_RESULT, .id = child.id });
    bus_expect_result(&bus, a, 1, OK, 0);
}

static void test_a_full_service_refuses_at_once_and_counts_what_was_given_up(void **state)
{
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *caller = bus_caller(&bus);

    (void)state;
    greeter->calls_max = 2;
    bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_UNARY, greeter);
    bus_call(&bus, caller, 2, "greeter.Hello", SHAPE_UNARY, greeter);
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = 1 });
    bus_hear(&bus, caller);
    bus_say(&bus, caller,
            (struct envelope){
                    .kind = ENVELOPE_CALL, .id = 3, .endpoint = bus_text("greeter.Hello") });
    bus_expect_result(&bus, caller, 3, CODE_RESOURCE_EXHAUSTED, EXECUTED_NO);
    assert_int_equal(bus.router.stats.calls_refused, 1);
}

static void test_one_channel_makes_so_many_calls_and_not_one_more(void **state)
{
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *caller = bus_caller(&bus);
    struct envelope call = { .kind = ENVELOPE_CALL, .endpoint = bus_text("greeter.Hello") };

    (void)state;
    greeter->calls_max = UINT32_MAX;
    for (call.id = 1; call.id <= ROUTER_CALLS_MADE_MAX; call.id++)
        assert_int_equal(bus_say(&bus, caller, call), 0);
    assert_int_equal(bus_hear(&bus, caller), 0);
    bus_say(&bus, caller, call);
    bus_expect_result(&bus, caller, call.id, CODE_RESOURCE_EXHAUSTED, EXECUTED_NO);
}

static void test_a_caller_that_does_not_read_loses_answers_but_is_told(void **state)
{
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *caller = bus_caller(&bus);
    struct envelope call = bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_UNARY, greeter);
    uint8_t *body = calloc(1, BODY_SIZE_MAX);

    (void)state;
    caller->out.leaving = OUTBOX_HARD_MAX + 4096;
    bus_say(&bus, greeter,
            (struct envelope){
                    .kind = ENVELOPE_RESULT, .id = call.id, .body = { body, BODY_SIZE_MAX } });
    caller->out.leaving = 0;
    bus_expect_result(&bus, caller, 1, CODE_RESOURCE_EXHAUSTED, EXECUTED_YES);
    assert_false(caller->doomed);
    caller->out.leaving = OUTBOX_HARD_MAX + OUTBOX_RESERVE;
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_PING, .id = 1 });
    assert_true(caller->doomed); /* not even a word fits: the shell closes it */
    assert_int_equal(bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_PING }), 0);
    caller->out.leaving = 0;
    free(body);
}

static void test_bytes_waiting_for_a_service_are_bounded(void **state)
{
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *caller = bus_caller(&bus);
    uint8_t *body = calloc(1, BODY_SIZE_MAX);
    struct envelope call = {
        .kind = ENVELOPE_CALL, .endpoint = bus_text("greeter.Put"), .body = { body, BODY_SIZE_MAX }
    };
    unsigned taken = 0;

    (void)state;
    for (call.id = 1; call.id <= 32; call.id++)
        assert_int_equal(bus_say(&bus, caller, call), 0);
    bus_hear(&bus, caller);
    taken = 32 - (unsigned)bus.heard_count;
    assert_true(
            taken >= 6 && taken <= OUTBOX_HARD_MAX / BODY_SIZE_MAX / 2); /* one caller's share */
    assert_true(outbox_queued(&greeter->out) <= OUTBOX_HARD_MAX);
    assert_int_equal(greeter->calls_taken_count, taken);
    free(body);
}

static void test_ping_is_answered_and_what_is_the_router_s_alone_is_not_taken(void **state)
{
    struct peer *caller = bus_caller(&bus);

    (void)state;
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_PING, .id = 77 });
    assert_true(bus_hear_one(&bus, caller, ENVELOPE_PONG).id == 77);
    assert_int_equal(bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_PONG }), 0);
    assert_int_equal(bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_WELCOME }), -EPROTO);
}

static void test_channels_are_taken_up_to_the_limit(void **state)
{
    struct peer_identity identity = { .link = FRAME_IPC };

    (void)state;
    for (int i = 0; i < ROUTER_PEERS_MAX; i++)
        assert_non_null(router_attach(&bus.router, &identity, NULL));
    assert_null(router_attach(&bus.router, &identity, NULL));
}

static void test_the_dirty_are_those_with_something_to_hear(void **state)
{
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *caller = bus_caller(&bus);

    (void)state;
    while (router_next_dirty(&bus.router) != NULL)
        continue;
    bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_UNARY, greeter);
    bus_call(&bus, caller, 2, "greeter.Hello", SHAPE_UNARY, greeter);
    assert_ptr_equal(router_next_dirty(&bus.router), greeter);
    assert_null(router_next_dirty(&bus.router));
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        test(test_a_call_reaches_the_service_and_its_answer_the_caller),
        test(test_what_cannot_be_routed_is_refused_and_was_not_executed),
        test(test_nobody_can_say_who_he_is),
        test(test_latency_is_what_answers_took_and_never_less_than_nothing),
        test(test_ids_that_confuse_answers_end_the_channel),
        test(test_only_the_callee_answers_and_only_once),
        test(test_a_status_that_nobody_could_read_ends_the_channel),
        test(test_a_deadline_ends_the_call_for_both_sides),
        test(test_timeouts_have_a_default_and_a_most),
        test(test_cancel_frees_the_caller_at_once_and_the_callee_when_it_is_done),
        test(test_calls_of_a_dead_caller_are_cancelled),
        test(test_calls_to_a_dead_service_end_and_nobody_knows_whether_they_ran),
        test(test_a_service_that_calls_itself_and_dies_leaves_nothing_behind),
        test(test_cancel_and_trace_and_deadline_go_down_a_chain),
        test(test_a_call_for_one_that_is_over_is_refused),
        test(test_a_child_goes_on_when_its_parent_was_answered),
        test(test_a_full_service_refuses_at_once_and_counts_what_was_given_up),
        test(test_one_channel_makes_so_many_calls_and_not_one_more),
        test(test_a_caller_that_does_not_read_loses_answers_but_is_told),
        test(test_bytes_waiting_for_a_service_are_bounded),
        test(test_ping_is_answered_and_what_is_the_router_s_alone_is_not_taken),
        test(test_channels_are_taken_up_to_the_limit),
        test(test_the_dirty_are_those_with_something_to_hear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
