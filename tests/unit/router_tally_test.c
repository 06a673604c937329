// SPDX-License-Identifier: Apache-2.0
/* Each call, however it ends, is noted once: counted in one row and written down with who, what and
 * why. */
#include "kernel/router/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/router/cap.h"
#include "kernel/router/say.h"
#include "mu/router/v1/router.pb-c.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_bus.h"

static struct bus bus;
static struct peer *greeter;
static struct peer *caller;

static int set_up(void **state)
{
    (void)state;
    bus_open(&bus);
    greeter = bus_service(&bus, "greeter");
    caller = bus_caller(&bus);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    return 0;
}

static const struct method *row(const char *endpoint, enum side side)
{
    return meter_find(&bus.router.notebook.meter, bus_text(endpoint), side);
}

static uint64_t written(void)
{
    return bus.router.notebook.journal.last;
}

/* The newest record. */
static const struct journal_record *newest(void)
{
    struct journal_cursor cursor = journal_seek(&bus.router.notebook.journal, UINT64_MAX);

    return journal_previous(&bus.router.notebook.journal, &cursor);
}

/* The newest record is the only one since `before`, with this end. */
static const struct journal_record *expect(uint64_t before, uint32_t code, enum cause cause)
{
    assert_true(written() == before + 1);
    assert_int_equal(newest()->code, code);
    assert_int_equal(newest()->cause, cause);
    return newest();
}

static const struct journal_detail *detail(void)
{
    return journal_detail(&bus.router.notebook.journal, newest());
}

static void ask(struct peer *peer, uint64_t id, const char *endpoint)
{
    assert_int_equal(bus_say(&bus, peer,
                             (struct envelope){ .kind = ENVELOPE_CALL,
                                     .id = id,
                                     .endpoint = bus_text(endpoint),
                                     .body = bus_text("question") }),
            0);
}

static void answer(struct peer *peer, uint64_t id, const char *status)
{
    assert_int_equal(bus_say(&bus, peer,
                             (struct envelope){ .kind = ENVELOPE_RESULT,
                                     .id = id,
                                     .status = bus_text(status),
                                     .body = bus_text("answer") }),
            0);
}

static void call_and_answer(const char *endpoint, uint64_t took_us, const char *status)
{
    struct envelope call = bus_call(&bus, caller, 9, endpoint, SHAPE_UNARY, greeter);

    bus.now_us += took_us;
    answer(greeter, call.id, status);
    bus_hear(&bus, caller);
}

static void test_an_answered_call_is_counted_and_written_down(void **state)
{
    const struct journal_record *record;
    const struct method *method;

    (void)state;
    call_and_answer("greeter.Hello", 1000, "");
    record = expect(0, 0, CAUSE_ANSWERED);
    assert_true(record->took_us == 1000 && record->bytes_up == 8 && record->bytes_down == 6);
    assert_true(record->id == 9 && record->call != 0 && record->executed == EXECUTED_YES);
    assert_int_equal(record->caller_pid, 2);
    assert_int_equal(record->instances, 1);
    assert_true(record->callee_instance == greeter->instance && record->side == SIDE_HERE);
    method = row("greeter.Hello", SIDE_HERE);
    assert_ptr_equal(record->method, method);
    assert_true(method->codes[0] == 1 && method->open == 0);
    assert_true(method->bytes_up == 8 && method->bytes_down == 6);
    assert_true(method->took.counts[histogram_index(1000)] == 1);
    assert_true(histogram_count(&method->queued) == 1);
}

static void test_a_method_that_its_service_does_not_have_gets_no_row(void **state)
{
    (void)state;
    call_and_answer("greeter.Invented", 1, "\x08\x0c"); /* UNIMPLEMENTED */
    assert_null(row("greeter.Invented", SIDE_HERE));
    assert_true(row("greeter", SIDE_HERE)->codes[CODE_UNIMPLEMENTED] == 1);
    assert_memory_equal(detail()->endpoint, "greeter.Invented", 16);
    call_and_answer("greeter.Hello", 1, "\x08\x05"); /* an error of its own */
    assert_true(row("greeter.Hello", SIDE_HERE)->codes[CODE_NOT_FOUND] == 1);
    assert_true(row("greeter", SIDE_HERE)->open == 0);
}

static void test_calls_that_find_no_service_share_one_row(void **state)
{
    uint32_t before = bus.router.notebook.meter.count;

    (void)state;
    ask(caller, 1, "nobody.X");
    expect(0, CODE_NOT_FOUND, CAUSE_NO_SERVICE);
    ask(caller, 1, "?");
    expect(1, CODE_INVALID_ARGUMENT, CAUSE_MALFORMED);
    assert_int_equal(detail()->endpoint_size, 0);
    assert_int_equal(bus.router.notebook.meter.count, before);
    assert_true(bus.router.notebook.meter.methods[0].refused[CAUSE_NO_SERVICE] == 1);
    assert_true(bus.router.notebook.meter.methods[0].codes[CODE_NOT_FOUND] == 1);
    assert_true(newest()->refused);
}

static void test_a_refused_call_has_the_trace_of_the_call_it_was_made_for(void **state)
{
    struct envelope call = bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_UNARY, greeter);
    uint8_t trace[TRACE_SIZE];

    (void)state;
    memcpy(trace, call.trace.data, TRACE_SIZE);
    bus_say(&bus, greeter,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 1,
                    .parent = call.id,
                    .endpoint = bus_text("nobody.X") });
    expect(0, CODE_NOT_FOUND, CAUSE_NO_SERVICE);
    assert_memory_equal(newest()->trace, trace, 16);
    assert_memory_equal(newest()->parent_span, trace + 16, 8);
    ask(caller, 2, "nobody.X");
    assert_memory_not_equal(newest()->trace, trace, 16);
}

static void test_cancel_deadline_and_deaths_are_told_apart(void **state)
{
    struct peer *other;

    (void)state;
    bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_UNARY, greeter);
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = 1 });
    expect(0, CODE_CANCELLED, CAUSE_CANCELLED);
    ask(caller, 2, "greeter.Hello");
    bus_pass_ms(&bus, TIMEOUT_DEFAULT_MS + 10);
    assert_true(expect(1, CODE_DEADLINE_EXCEEDED, CAUSE_DEADLINE)->timeout_us == UINT64_C(5000000));
    other = bus_caller(&bus);
    ask(other, 1, "greeter.Hello");
    router_detach(&bus.router, other, bus.now_us);
    expect(2, CODE_CANCELLED, CAUSE_CALLER_GONE);
    ask(caller, 3, "greeter.Hello");
    router_detach(&bus.router, greeter, bus.now_us);
    expect(3, CODE_UNAVAILABLE, CAUSE_CALLEE_GONE);
    assert_true(row("greeter", SIDE_HERE)->open == 0);
}

static void test_a_late_answer_is_not_noted_again(void **state)
{
    struct envelope call = bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_UNARY, greeter);

    (void)state;
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = 1 });
    answer(greeter, call.id, "");
    expect(0, CODE_CANCELLED, CAUSE_CANCELLED);
}

static void test_calls_made_for_one_that_is_over_end_with_it(void **state)
{
    struct envelope call = bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_UNARY, greeter);

    (void)state;
    bus_service(&bus, "store");
    bus_say(&bus, greeter,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 1,
                    .parent = call.id,
                    .endpoint = bus_text("store.Get") });
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = 1 });
    assert_true(written() == 2);
    assert_int_equal(newest()->cause, CAUSE_PARENT_OVER);
    assert_memory_equal(newest()->text, "greeter", 7);
}

static void test_a_stream_is_noted_at_its_end_with_all_its_items(void **state)
{
    struct envelope call = bus_call(&bus, caller, 1, "greeter.Chat", SHAPE_TWO_WAY, greeter);
    struct envelope item = { .kind = ENVELOPE_ITEM, .id = 1, .body = bus_text("123") };

    (void)state;
    bus_say(&bus, caller, item);
    bus_say(&bus, caller, item);
    assert_null(row("greeter.Chat", SIDE_HERE));
    item.id = call.id;
    bus_say(&bus, greeter, item);
    assert_true(row("greeter.Chat", SIDE_HERE)->open == 1); /* it answers: it has the method */
    assert_true(written() == 0);
    bus_say(&bus, greeter, (struct envelope){ .kind = ENVELOPE_RESULT, .id = call.id });
    expect(0, 0, CAUSE_ANSWERED);
    assert_int_equal(newest()->items_up, 2);
    assert_int_equal(newest()->items_down, 1);
    assert_true(newest()->bytes_up == 8 + 6 && newest()->bytes_down == 3);
    assert_int_equal(newest()->shape, SHAPE_TWO_WAY);
    ask(caller, 2, "greeter.Hello");
    item.id = 2;
    bus_say(&bus, caller, item);
    expect(1, CODE_INVALID_ARGUMENT, CAUSE_STREAM_BROKEN);
}

static void test_each_instance_that_was_refused_has_its_reason(void **state)
{
    const struct decisions *decisions;
    struct peer *second = bus_service(&bus, "greeter");
    char body[64] = { 0 };

    (void)state;
    greeter->calls_max = 0;
    second->body_max = 8;
    second->calls_max = 0;
    bus_say(&bus, caller,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 1,
                    .endpoint = bus_text("greeter.Hello"),
                    .body = { (uint8_t *)body, sizeof(body) } });
    expect(0, CODE_RESOURCE_EXHAUSTED, CAUSE_FULL);
    decisions = &detail()->decisions;
    assert_int_equal(decisions->considered, 2);
    assert_int_equal(decisions->count, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(decisions->each[i].cause, CAUSE_FULL);
        assert_int_equal(decisions->each[i].party, PARTY_PROCESS);
    }
    second->calls_max = 10;
    greeter->silent = true;
    bus_say(&bus, caller,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 1,
                    .endpoint = bus_text("greeter.Hello"),
                    .body = { (uint8_t *)body, sizeof(body) } });
    expect(1, CODE_RESOURCE_EXHAUSTED, CAUSE_BODY_TOO_LARGE);
    assert_int_equal(detail()->decisions.each[1].cause, CAUSE_BODY_TOO_LARGE);
    assert_true(row("greeter", SIDE_HERE)->refused[CAUSE_BODY_TOO_LARGE] == 1);
}

static void test_an_instance_that_drains_is_named(void **state)
{
    (void)state;
    bus_say(&bus, greeter, (struct envelope){ .kind = ENVELOPE_DRAIN });
    ask(caller, 1, "greeter.Hello");
    expect(0, CODE_UNAVAILABLE, CAUSE_NO_INSTANCE);
    assert_int_equal(detail()->decisions.count, 1);
    assert_int_equal(detail()->decisions.each[0].cause, CAUSE_DRAINING);
}

static void test_a_capability_is_told_by_what_it_is_of(void **state)
{
    static const char calls[] = "greeter.Hello";
    struct peer *shop =
            bus_process(&bus, "shop", 5, (struct span){ (const uint8_t *)calls, sizeof(calls) });
    uint64_t before;

    (void)state;
    ask(shop, 1, "greeter.Other");
    expect(0, CODE_PERMISSION_DENIED, CAUSE_NO_CAPABILITY);
    assert_memory_equal(newest()->text, "shop", 4);
    assert_true(newest()->caller_instance == 5);
    before = written();
    ask(shop, 2, "greeter.Hello");
    cap_drop_all(&bus.router, shop);
    expect(before, CODE_PERMISSION_DENIED, CAUSE_CAPABILITY_ENDED);
    assert_int_equal(newest()->cap_source, MU__ROUTER__V1__CAP_SOURCE__CAP_SOURCE_MANIFEST);
}

static void test_an_endpoint_that_is_not_exported_is_told(void **state)
{
    static const char exports[] = "vault.Open\0@network";
    struct peer *shop =
            bus_process(&bus, "shop", 5, (struct span){ (const uint8_t *)"vault.>", 8 });

    (void)state;
    bus_exporter(&bus, "vault", 6, (struct span){ (const uint8_t *)exports, sizeof(exports) });
    ask(shop, 1, "vault.Open");
    expect(0, CODE_PERMISSION_DENIED, CAUSE_NOT_EXPORTED);
    assert_int_equal(detail()->decisions.each[0].cause, CAUSE_NOT_EXPORTED);
}

/* ---- other nodes ---- */

static void test_a_call_to_another_node_names_it_also_when_its_link_ends(void **state)
{
    struct peer *linker = bus_linker(&bus);
    struct peer *desk = bus_neighbour(&bus, linker, "desk.alice", 1);
    uint64_t before;

    (void)state;
    bus_set_route(&bus, linker, desk, "shop", 1);
    before = written();
    ask(caller, 1, "shop.Buy");
    router_detach(&bus.router, desk, bus.now_us);
    expect(before, CODE_UNAVAILABLE, CAUSE_CALLEE_GONE);
    assert_int_equal(newest()->side, SIDE_THERE);
    assert_int_equal(newest()->callee_node_size, 10);
    assert_memory_equal(newest()->text, "desk.alice", 10);
    assert_true(row("shop", SIDE_THERE)->codes[CODE_UNAVAILABLE] == 1);
    ask(caller, 2, "shop.Buy");
    expect(before + 1, CODE_UNAVAILABLE, CAUSE_NO_INSTANCE);
}

static void test_a_call_that_went_further_says_why_nobody_here_took_it(void **state)
{
    struct peer *linker = bus_linker(&bus);
    struct peer *desk = bus_neighbour(&bus, linker, "desk.alice", 1);
    struct envelope call;

    (void)state;
    bus_set_route(&bus, linker, desk, "greeter", 1);
    greeter->calls_max = 0;
    call = bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_UNARY, desk);
    answer(desk, call.id ^ CALL_ID_ROUTER, "");
    assert_int_equal(newest()->code, 0);
    assert_int_equal(newest()->side, SIDE_THERE);
    assert_true(newest()->detailed);
    assert_int_equal(detail()->decisions.considered, 2);
    assert_int_equal(detail()->decisions.each[0].cause, CAUSE_FULL);
    assert_true(row("greeter.Hello", SIDE_THERE)->codes[0] == 1);
    assert_null(row("greeter.Hello", SIDE_HERE));
}

static void test_a_call_of_another_node_says_who_made_it_there(void **state)
{
    struct peer *linker = bus_linker(&bus);
    struct peer *desk = bus_neighbour(&bus, linker, "desk.alice", 1);
    uint8_t room[STAMP_SIZE_MAX];
    struct envelope call = { .kind = ENVELOPE_CALL,
        .id = CALL_ID_ROUTER | 7,
        .endpoint = bus_text("greeter.Hello"),
        .caller =
                stamp_write(&(struct stamp){ .service = bus_text("till"), .instance = 77 }, room) };

    (void)state;
    assert_int_equal(bus_say(&bus, desk, call), 0);
    answer(greeter, bus_hear_one(&bus, greeter, ENVELOPE_CALL).id, "");
    assert_int_equal(newest()->caller_party, PARTY_NODE);
    assert_int_equal(newest()->hops, 1);
    assert_true(newest()->caller_instance == 77);
    assert_memory_equal(newest()->text, "tilldesk.alice", 14);
    call.endpoint = bus_text("node.Stop");
    assert_int_equal(bus_say(&bus, desk, call), 0);
    assert_int_equal(newest()->cause, CAUSE_NOT_FOR_NODES);
    assert_memory_equal(newest()->text + newest()->caller_size, "desk.alice", 10);
}

/* ---- waiting ---- */

static void test_a_call_waits_until_the_send_before_it_is_done(void **state)
{
    struct envelope call;

    (void)state;
    greeter->out.leaving = 1;
    call = bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_UNARY, greeter);
    tally_left(greeter, bus.now_us + 300); /* what was heard has left */
    greeter->out.leaving = 0;
    bus.now_us += 1000;
    answer(greeter, call.id, "");
    assert_int_equal(newest()->queued_us, 300);
    call = bus_call(&bus, caller, 2, "greeter.Hello", SHAPE_UNARY, greeter);
    bus.now_us += 1000;
    answer(greeter, call.id, "");
    assert_int_equal(newest()->queued_us, 0);
    greeter->out.leaving = 1;
    ask(caller, 3, "greeter.Hello");
    bus.now_us += 50;
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = 3 });
    assert_int_equal(newest()->queued_us, 50); /* it never left */
    assert_true(list_is_empty(&greeter->waiting));
    greeter->out.leaving = 0;
}

/* Makes the router expect the service "late" for a second. */
static void expect_late(void)
{
    service_add(&bus.router.services, bus_text("late"))->expected_us = bus.now_us + 1000000;
}

static void test_a_call_that_waited_for_an_instance_says_for_how_long(void **state)
{
    struct peer *late;
    uint64_t before;

    (void)state;
    expect_late();
    ask(caller, 1, "late.Get");
    assert_true(written() == 0 && row("late", SIDE_HERE)->open == 1);
    bus.now_us += 300000;
    late = bus_caller(&bus);
    bus_hello(&bus, late, "late");
    before = written();
    bus_say(&bus, late, (struct envelope){ .kind = ENVELOPE_READY });
    bus.now_us += 1000;
    assert_true(bus_hear(&bus, late) >= 1);
    answer(late, bus.heard[bus.heard_count - 1].id, "");
    expect(before, 0, CAUSE_ANSWERED);
    assert_true(newest()->took_us == 301000);
    assert_int_equal(newest()->queued_us, 300000);
    assert_int_equal(newest()->callee_pid, 2);
    assert_true(row("late.Get", SIDE_HERE)->codes[0] == 1);
    assert_true(row("late", SIDE_HERE)->open == 0);
}

static void test_a_call_that_waited_in_vain_is_noted_once(void **state)
{
    (void)state;
    expect_late();
    ask(caller, 1, "late.Get");
    ask(caller, 2, "late.Get");
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = 2 });
    expect(0, CODE_CANCELLED, CAUSE_CANCELLED);
    bus_pass_ms(&bus, 1100);
    expect(1, CODE_UNAVAILABLE, CAUSE_NO_INSTANCE);
    assert_int_equal(newest()->executed, EXECUTED_NO);
    assert_true(row("late", SIDE_HERE)->open == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                test_an_answered_call_is_counted_and_written_down, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_method_that_its_service_does_not_have_gets_no_row, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_calls_that_find_no_service_share_one_row, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_refused_call_has_the_trace_of_the_call_it_was_made_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_cancel_deadline_and_deaths_are_told_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_late_answer_is_not_noted_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_calls_made_for_one_that_is_over_end_with_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_stream_is_noted_at_its_end_with_all_its_items, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_each_instance_that_was_refused_has_its_reason, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_instance_that_drains_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_capability_is_told_by_what_it_is_of, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_an_endpoint_that_is_not_exported_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_call_to_another_node_names_it_also_when_its_link_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_call_that_went_further_says_why_nobody_here_took_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_call_of_another_node_says_who_made_it_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_call_that_waited_for_an_instance_says_for_how_long, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_call_that_waited_in_vain_is_noted_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_call_waits_until_the_send_before_it_is_done, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
