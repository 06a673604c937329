// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/router/say.h"
#include "mu/bus/v1/bus.pb-c.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_bus.h"

/* A number that the other node's router gave to a call. */
#define THEIRS(number) (CALL_ID_ROUTER | (number))

static struct bus bus;
static struct peer *linker;
static struct peer *desk;
static struct peer *greeter;
static struct peer *caller;

static int set_up(void **state)
{
    (void)state;
    bus_open(&bus);
    linker = bus_linker(&bus);
    desk = bus_neighbour(&bus, linker, "desk.alice", 1);
    greeter = bus_service(&bus, "greeter");
    caller = bus_caller(&bus);
    bus_set_route(&bus, linker, desk, "shop", 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    return 0;
}

/* What the other node's router writes of one who calls. */
static struct span stamped(const struct stamp *stamp)
{
    static uint8_t room[STAMP_SIZE_MAX];

    return stamp_write(stamp, room);
}

static struct span plain_stamp(uint32_t hops)
{
    return stamped(&(struct stamp){ .node = bus_text("desk"), .uid = 1, .hops = hops });
}

/* A call from the other node to `endpoint`. */
static struct envelope crossing(uint64_t number, const char *endpoint)
{
    return (struct envelope){ .kind = ENVELOPE_CALL,
        .id = THEIRS(number),
        .endpoint = bus_text(endpoint),
        .caller = plain_stamp(0),
        .body = bus_text("question") };
}

static void test_a_call_from_another_node_is_answered_by_its_number(void **state)
{
    struct envelope call;

    (void)state;
    assert_int_equal(bus_say(&bus, desk, crossing(0x10001, "greeter.Hello")), 0);
    call = bus_hear_one(&bus, greeter, ENVELOPE_CALL);
    assert_true((call.id & CALL_ID_ROUTER) != 0);
    assert_memory_equal(call.body.data, "question", 8);
    assert_int_equal(desk->calls_made_count, 1);
    bus_say(&bus, greeter, (struct envelope){ .kind = ENVELOPE_RESULT, .id = call.id });
    bus_expect_result(&bus, desk, 0x10001, 0, 0); /* its router turns the bit */
    assert_int_equal(desk->calls_made_count, 0);
}

static void test_a_call_to_another_node_is_answered_by_ours(void **state)
{
    struct envelope call = bus_call(&bus, caller, 5, "shop.Buy", SHAPE_UNARY, desk);

    (void)state;
    assert_true((call.id & CALL_ID_ROUTER) != 0);
    assert_int_equal(call.parent, 0);
    assert_int_equal(bus_say(&bus, desk,
                             (struct envelope){ .kind = ENVELOPE_RESULT,
                                     .id = call.id ^ CALL_ID_ROUTER,
                                     .body = bus_text("answer") }),
            0);
    bus_expect_result(&bus, caller, 5, 0, 0);
    assert_int_equal(bus.router.calls.count, 0);
}

static void test_a_caller_is_of_the_node_that_the_certificate_names(void **state)
{
    struct envelope call = crossing(1, "greeter.Hello");
    Mu__Bus__V1__Caller *stamp;
    struct envelope heard;

    (void)state;
    call.caller = stamped(&(struct stamp){ .node = bus_text("test"),
            .service = bus_text("till"),
            .owner = bus_text("mallory"),
            .instance = 99,
            .uid = 0,
            .pid = 1,
            .hops = 0,
            .is_operator = true });
    bus_say(&bus, desk, call);
    heard = bus_hear_one(&bus, greeter, ENVELOPE_CALL);
    stamp = mu__bus__v1__caller__unpack(NULL, heard.caller.size, heard.caller.data);
    assert_string_equal(stamp->node, "desk.alice");
    assert_string_equal(stamp->owner, "alice");
    assert_string_equal(stamp->service, "till");
    assert_true(stamp->instance == 99);
    assert_true(stamp->uid == UINT32_MAX); /* not 0, which is root's */
    assert_int_equal(stamp->pid, 0);
    assert_false(stamp->operator_);
    assert_int_equal(stamp->hops, 1);
    mu__bus__v1__caller__free_unpacked(stamp, NULL);
}

static void test_a_caller_on_this_node_came_over_no_link(void **state)
{
    struct envelope call = bus_call(&bus, caller, 1, "shop.Buy", SHAPE_UNARY, desk);
    struct stamp stamp;

    (void)state;
    assert_int_equal(stamp_read(&stamp, call.caller), ENVELOPE_OK);
    assert_int_equal(stamp.hops, 0);
    assert_int_equal(stamp.owner.size, 0);
}

static void test_a_caller_that_cannot_be_read_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } bad[] = {
        { "", 0 },
        { "\x0a\x05x", 3 },
        { "\x40\x01\x40\x01", 4 },
        { "\x12\x03Sho", 5 }, /* a service that none can be */
        { "\x12\x01\xff", 3 },
        { "\x40\x80\x80\x80\x80\x10", 6 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct envelope call = crossing(i + 1, "greeter.Hello");

        call.caller = (struct span){ (const uint8_t *)bad[i].bytes, bad[i].size };
        assert_int_equal(bus_say(&bus, desk, call), 0);
        bus_expect_result(&bus, desk, i + 1, CODE_INVALID_ARGUMENT, EXECUTED_NO);
    }
    assert_int_equal(bus_hear(&bus, greeter), 0);
}

static void test_a_parent_is_never_another_node_s_to_name(void **state)
{
    struct envelope ours = bus_call(&bus, caller, 1, "shop.Buy", SHAPE_UNARY, desk);
    struct envelope call = crossing(1, "greeter.Hello");

    (void)state;
    call.parent = ours.id; /* even of the call that it serves */
    bus_say(&bus, desk, call);
    bus_expect_result(&bus, desk, 1, CODE_INVALID_ARGUMENT, EXECUTED_NO);
    call.parent = 0;
    call.status = bus_text("\x08\x01");
    bus_say(&bus, desk, call);
    bus_expect_result(&bus, desk, 1, CODE_INVALID_ARGUMENT, EXECUTED_NO);
}

static void test_what_serves_its_own_node_is_not_called_from_another(void **state)
{
    static const char *const endpoints[] = { "router.Stats", "router.mu.Health", "router.Link",
        "node.List", "registry.Reset", "link.Join" };
    struct peer *node = router_attach_supervisor(&bus.router, NULL);

    (void)state;
    for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
        bus_say(&bus, desk, crossing(i + 1, endpoints[i]));
        bus_expect_result(&bus, desk, i + 1, CODE_PERMISSION_DENIED, EXECUTED_NO);
    }
    assert_int_equal(bus_hear(&bus, node), 0);
}

static void test_a_node_is_no_service(void **state)
{
    static const enum envelope_kind kinds[] = { ENVELOPE_HELLO, ENVELOPE_READY, ENVELOPE_DRAIN,
        ENVELOPE_WELCOME };

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        assert_int_equal(bus_say(&bus, desk, (struct envelope){ .kind = kinds[i] }), -EPROTO);
    assert_int_equal(bus_hear(&bus, desk), 0);
}

static void test_numbers_that_are_not_the_other_router_s_end_the_channel(void **state)
{
    struct envelope local = bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_TWO_WAY, greeter);
    struct envelope call = crossing(1, "greeter.Hello");
    uint64_t local_id = local.id ^ CALL_ID_ROUTER;

    (void)state;
    call.id = 7; /* turned, a number of ours */
    assert_int_equal(bus_say(&bus, desk, call), -EPROTO);
    call.id = CALL_ID_ROUTER; /* turned, 0 */
    assert_int_equal(bus_say(&bus, desk, call), -EPROTO);
    /* A call that somebody else serves. */
    assert_int_equal(
            bus_say(&bus, desk, (struct envelope){ .kind = ENVELOPE_RESULT, .id = local_id }),
            -EPROTO);
    assert_int_equal(
            bus_say(&bus, desk, (struct envelope){ .kind = ENVELOPE_ITEM, .id = local_id }),
            -EPROTO);
    assert_int_equal(
            bus_say(&bus, desk, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = local_id }), 0);
    assert_int_equal(bus_hear(&bus, caller), 0);
    call = crossing(1, "greeter.Hello");
    assert_int_equal(bus_say(&bus, desk, call), 0);
    assert_int_equal(bus_say(&bus, desk, call), -EPROTO); /* the same number twice */
}

static void test_a_call_goes_over_so_many_links_and_not_one_more(void **state)
{
    struct envelope call = crossing(1, "greeter.Hello");
    struct stamp stamp;

    (void)state;
    call.caller = plain_stamp(ROUTER_HOPS_MAX - 1);
    bus_say(&bus, desk, call);
    assert_int_equal(
            stamp_read(&stamp, bus_hear_one(&bus, greeter, ENVELOPE_CALL).caller), ENVELOPE_OK);
    assert_int_equal(stamp.hops, ROUTER_HOPS_MAX);
    for (uint32_t hops = ROUTER_HOPS_MAX; hops != 0; hops = hops < UINT32_MAX ? UINT32_MAX : 0) {
        call = crossing(2, "greeter.Hello");
        call.caller = plain_stamp(hops);
        bus_say(&bus, desk, call);
        bus_expect_result(&bus, desk, 2, CODE_UNAVAILABLE, EXECUTED_NO);
    }
    assert_int_equal(bus_hear(&bus, greeter), 0);
}

static void test_the_time_on_the_way_is_taken_off_the_call_s(void **state)
{
    struct envelope call = crossing(1, "greeter.Hello");

    (void)state;
    desk->neighbour->transit_us = 20000;
    call.timeout_ms = 100;
    bus_say(&bus, desk, call);
    assert_int_equal(bus_hear_one(&bus, greeter, ENVELOPE_CALL).timeout_ms, 80);
    bus_pass_ms(&bus, 79);
    assert_int_equal(bus_hear(&bus, desk), 0);
    bus_pass_ms(&bus, 20);
    bus_expect_result(&bus, desk, 1, CODE_DEADLINE_EXCEEDED, EXECUTED_UNKNOWN);
    bus_hear(&bus, greeter);
    call.timeout_ms = 21;
    bus_say(&bus, desk, call);
    assert_int_equal(bus_hear_one(&bus, greeter, ENVELOPE_CALL).timeout_ms, 1);
    call.id = THEIRS(2);
    call.timeout_ms = 20;
    bus_say(&bus, desk, call);
    bus_expect_result(&bus, desk, 2, CODE_DEADLINE_EXCEEDED, EXECUTED_NO);
    call.id = THEIRS(3);
    call.timeout_ms = 0;
    call.shape = SHAPE_SERVER_STREAM;
    bus_say(&bus, desk, call);
    assert_int_equal(bus_hear_one(&bus, greeter, ENVELOPE_CALL).timeout_ms, 0);
}

/* Says `count` calls of the other node, or of `caller`s here, so many of each. */
static void say_calls_here(uint32_t count)
{
    for (uint32_t i = 1; i <= count; i++)
        assert_int_equal(bus_say(&bus, desk, crossing(i, "greeter.Hello")), 0);
}

static void test_a_node_makes_so_many_calls_and_not_one_more(void **state)
{
    (void)state;
    greeter->calls_max = UINT32_MAX;
    say_calls_here(ROUTER_NODE_CALLS_MAX);
    assert_int_equal(bus_hear(&bus, desk), 0);
    bus_say(&bus, desk, crossing(ROUTER_NODE_CALLS_MAX + 1, "greeter.Hello"));
    bus_expect_result(&bus, desk, ROUTER_NODE_CALLS_MAX + 1, CODE_RESOURCE_EXHAUSTED, EXECUTED_NO);
}

static void test_a_node_is_sent_so_many_calls_and_not_one_more(void **state)
{
    struct peer *last = bus_caller(&bus);
    struct envelope call = { .kind = ENVELOPE_CALL, .endpoint = bus_text("shop.Buy") };

    (void)state;
    while (desk->calls_taken_count < ROUTER_NODE_CALLS_MAX) {
        struct peer *one = bus_caller(&bus);

        for (call.id = 1; call.id <= 32; call.id++)
            bus_say(&bus, one, call);
    }
    bus_say(&bus, last, call);
    bus_expect_result(&bus, last, call.id, CODE_RESOURCE_EXHAUSTED, EXECUTED_NO);
}

static void test_calls_of_other_nodes_leave_room_for_those_here(void **state)
{
    uint32_t count = bus.router.calls.count;

    (void)state;
    bus.router.calls.count = ROUTER_CALLS_MAX - ROUTER_CALLS_KEPT;
    bus_say(&bus, desk, crossing(1, "greeter.Hello"));
    bus_expect_result(&bus, desk, 1, CODE_RESOURCE_EXHAUSTED, EXECUTED_NO);
    bus_call(&bus, caller, 1, "greeter.Hello", SHAPE_UNARY, greeter);
    bus.router.calls.count = ROUTER_CALLS_MAX - ROUTER_CALLS_KEPT - 1;
    assert_int_equal(bus_say(&bus, desk, crossing(2, "greeter.Hello")), 0);
    bus_hear_one(&bus, greeter, ENVELOPE_CALL);
    bus.router.calls.count = count + 2;
}

static void test_a_lost_link_ends_the_calls_both_ways_and_its_routes(void **state)
{
    struct envelope here;

    (void)state;
    bus_call(&bus, caller, 1, "shop.Buy", SHAPE_UNARY, desk);
    bus_say(&bus, desk, crossing(1, "greeter.Hello"));
    here = bus_hear_one(&bus, greeter, ENVELOPE_CALL);
    router_detach(&bus.router, desk, bus.now_us);
    assert_true(bus_hear_one(&bus, greeter, ENVELOPE_CANCEL).id == here.id);
    bus_expect_result(&bus, caller, 1, CODE_UNAVAILABLE, EXECUTED_UNKNOWN);
    assert_memory_equal(bus_heard_text(&bus).data, "the link to desk.alice", 22);
    bus_say(&bus, caller,
            (struct envelope){ .kind = ENVELOPE_CALL, .id = 2, .endpoint = bus_text("shop.Buy") });
    bus_expect_result(&bus, caller, 2, CODE_UNAVAILABLE, EXECUTED_NO);
}

static void test_a_stream_crosses_both_ways(void **state)
{
    struct envelope call = bus_call(&bus, caller, 3, "shop.Haggle", SHAPE_TWO_WAY, desk);
    uint64_t ours = call.id;
    struct envelope heard;

    (void)state;
    bus_say(&bus, caller,
            (struct envelope){ .kind = ENVELOPE_ITEM, .id = 3, .body = bus_text("up") });
    heard = bus_hear_one(&bus, desk, ENVELOPE_ITEM);
    assert_true(heard.id == ours);
    bus_say(&bus, desk,
            (struct envelope){
                    .kind = ENVELOPE_ITEM, .id = ours ^ CALL_ID_ROUTER, .body = bus_text("down") });
    heard = bus_hear_one(&bus, caller, ENVELOPE_ITEM);
    assert_true(heard.id == 3);
    assert_memory_equal(heard.body.data, "down", 4);
    bus_say(&bus, desk,
            (struct envelope){
                    .kind = ENVELOPE_CREDIT, .id = ours ^ CALL_ID_ROUTER, .credit = 66 });
    assert_int_equal(bus_hear_one(&bus, caller, ENVELOPE_CREDIT).credit, 66);
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_END, .id = 3 });
    bus_hear_one(&bus, desk, ENVELOPE_END);
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = 3 });
    assert_true(bus_hear_one(&bus, desk, ENVELOPE_CANCEL).id == ours);
}

static void test_a_stream_of_another_node_crosses_both_ways(void **state)
{
    struct envelope call = crossing(9, "greeter.Talk");
    struct envelope heard;
    uint64_t id;

    (void)state;
    call.shape = SHAPE_TWO_WAY;
    bus_say(&bus, desk, call);
    id = bus_hear_one(&bus, greeter, ENVELOPE_CALL).id;
    bus_say(&bus, desk,
            (struct envelope){ .kind = ENVELOPE_ITEM, .id = THEIRS(9), .body = bus_text("up") });
    assert_true(bus_hear_one(&bus, greeter, ENVELOPE_ITEM).id == id);
    bus_say(&bus, greeter,
            (struct envelope){ .kind = ENVELOPE_ITEM, .id = id, .body = bus_text("down") });
    heard = bus_hear_one(&bus, desk, ENVELOPE_ITEM);
    assert_true(heard.id == 9);
    bus_say(&bus, desk, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = THEIRS(9) });
    assert_true(bus_hear_one(&bus, greeter, ENVELOPE_CANCEL).id == id);
    bus_expect_result(&bus, desk, 9, CODE_CANCELLED, EXECUTED_UNKNOWN);
}

static void test_ping_is_answered(void **state)
{
    (void)state;
    bus_say(&bus, desk, (struct envelope){ .kind = ENVELOPE_PING, .id = THEIRS(77) });
    assert_true(bus_hear_one(&bus, desk, ENVELOPE_PONG).id == 77);
    assert_int_equal(bus_say(&bus, desk, (struct envelope){ .kind = ENVELOPE_PONG }), 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        test(test_a_call_from_another_node_is_answered_by_its_number),
        test(test_a_call_to_another_node_is_answered_by_ours),
        test(test_a_caller_is_of_the_node_that_the_certificate_names),
        test(test_a_caller_on_this_node_came_over_no_link),
        test(test_a_caller_that_cannot_be_read_is_refused),
        test(test_a_parent_is_never_another_node_s_to_name),
        test(test_what_serves_its_own_node_is_not_called_from_another),
        test(test_a_node_is_no_service),
        test(test_numbers_that_are_not_the_other_router_s_end_the_channel),
        test(test_a_call_goes_over_so_many_links_and_not_one_more),
        test(test_the_time_on_the_way_is_taken_off_the_call_s),
        test(test_a_node_makes_so_many_calls_and_not_one_more),
        test(test_a_node_is_sent_so_many_calls_and_not_one_more),
        test(test_calls_of_other_nodes_leave_room_for_those_here),
        test(test_a_lost_link_ends_the_calls_both_ways_and_its_routes),
        test(test_a_stream_crosses_both_ways),
        test(test_a_stream_of_another_node_crosses_both_ways),
        test(test_ping_is_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
