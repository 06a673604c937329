// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>

#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_bus.h"

static struct bus bus;
static struct peer *talk;
static struct peer *caller;

static int set_up(void **state)
{
    (void)state;
    bus_open(&bus);
    talk = bus_service(&bus, "talk");
    caller = bus_caller(&bus);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    return 0;
}

static struct envelope item(uint64_t id, const char *text)
{
    return (struct envelope){ .kind = ENVELOPE_ITEM, .id = id, .body = bus_text(text) };
}

static void test_items_go_both_ways_under_each_side_s_own_id(void **state)
{
    struct envelope call = bus_call(&bus, caller, 3, "talk.Chat", SHAPE_TWO_WAY, talk);
    uint64_t id = call.id;
    struct envelope heard;

    (void)state;
    bus_say(&bus, caller, item(3, "up"));
    heard = bus_hear_one(&bus, talk, ENVELOPE_ITEM);
    assert_true(heard.id == id);
    assert_memory_equal(heard.body.data, "up", 2);
    bus_say(&bus, talk, item(id, "down"));
    heard = bus_hear_one(&bus, caller, ENVELOPE_ITEM);
    assert_true(heard.id == 3);
    assert_memory_equal(heard.body.data, "down", 4);
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_END, .id = 3 });
    assert_true(bus_hear_one(&bus, talk, ENVELOPE_END).id == id);
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_END, .id = 3 });
    assert_int_equal(bus_hear(&bus, talk), 0);
    bus_say(&bus, talk, (struct envelope){ .kind = ENVELOPE_RESULT, .id = id });
    bus_expect_result(&bus, caller, 3, 0, 0);
}

static void test_a_service_in_a_stream_with_itself_hears_both_sides(void **state)
{
    struct envelope call = bus_call(&bus, talk, 3, "talk.Chat", SHAPE_TWO_WAY, talk);
    uint64_t id = call.id;

    (void)state;
    bus_say(&bus, talk, item(3, "up"));
    assert_true(bus_hear_one(&bus, talk, ENVELOPE_ITEM).id == id);
    bus_say(&bus, talk, item(id, "down"));
    assert_true(bus_hear_one(&bus, talk, ENVELOPE_ITEM).id == 3);
}

static void test_a_sender_without_credit_loses_the_stream(void **state)
{
    uint8_t *body = calloc(1, STREAM_WINDOW);
    struct envelope call = bus_call(&bus, caller, 3, "talk.Up", SHAPE_CLIENT_STREAM, talk);
    struct envelope up = { .kind = ENVELOPE_ITEM, .id = 3, .body = { body, 1000 } };
    int64_t window = STREAM_WINDOW;

    (void)state;
    for (; window > 0; window -= 1000 + STREAM_ITEM_COST)
        bus_say(&bus, caller, up);
    assert_int_equal(bus_hear(&bus, caller), 0);
    bus_hear(&bus, talk);
    bus_say(&bus, talk,
            (struct envelope){ .kind = ENVELOPE_CREDIT, .id = call.id, .credit = 5000 });
    assert_int_equal(bus_hear_one(&bus, caller, ENVELOPE_CREDIT).credit, 5000);
    for (window += 5000; window > 0; window -= 1000 + STREAM_ITEM_COST)
        bus_say(&bus, caller, up);
    assert_int_equal(bus_hear(&bus, caller), 0);
    bus_hear(&bus, talk);
    bus_say(&bus, caller, up);
    bus_expect_result(&bus, caller, 3, CODE_RESOURCE_EXHAUSTED, EXECUTED_UNKNOWN);
    assert_true(bus_hear_one(&bus, talk, ENVELOPE_CANCEL).id == call.id);
    free(body);
}

static void test_credit_never_exceeds_the_window(void **state)
{
    struct envelope call = bus_call(&bus, caller, 3, "talk.Up", SHAPE_CLIENT_STREAM, talk);
    uint64_t id = call.id;

    (void)state;
    bus_say(&bus, talk,
            (struct envelope){ .kind = ENVELOPE_CREDIT, .id = id, .credit = UINT32_MAX });
    assert_int_equal(bus_hear(&bus, caller), 0);
    bus_say(&bus, caller, item(3, "0123456789"));
    bus_hear(&bus, talk);
    bus_say(&bus, talk,
            (struct envelope){ .kind = ENVELOPE_CREDIT, .id = id, .credit = UINT32_MAX });
    assert_int_equal(bus_hear_one(&bus, caller, ENVELOPE_CREDIT).credit, 10 + STREAM_ITEM_COST);
}

static void test_items_where_the_shape_has_none_end_the_call(void **state)
{
    static const enum envelope_shape shapes[] = { SHAPE_UNARY, SHAPE_SERVER_STREAM };
    struct envelope call;

    (void)state;
    for (uint64_t i = 0; i < 2; i++) {
        bus_call(&bus, caller, i + 1, "talk.X", shapes[i], talk);
        bus_say(&bus, caller, item(i + 1, "up"));
        bus_expect_result(&bus, caller, i + 1, CODE_INVALID_ARGUMENT, EXECUTED_UNKNOWN);
        bus_hear_one(&bus, talk, ENVELOPE_CANCEL);
    }
    call = bus_call(&bus, caller, 5, "talk.X", SHAPE_CLIENT_STREAM, talk);
    bus_say(&bus, talk, item(call.id, "down"));
    bus_expect_result(&bus, caller, 5, CODE_INVALID_ARGUMENT, EXECUTED_UNKNOWN);
    bus_hear(&bus, talk);
    bus_call(&bus, caller, 6, "talk.X", SHAPE_TWO_WAY, talk);
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_END, .id = 6 });
    bus_say(&bus, caller, item(6, "after the end"));
    bus_expect_result(&bus, caller, 6, CODE_INVALID_ARGUMENT, EXECUTED_UNKNOWN);
}

static void test_items_of_a_call_that_is_over_go_nowhere(void **state)
{
    struct envelope call = bus_call(&bus, caller, 3, "talk.X", SHAPE_TWO_WAY, talk);
    uint64_t id = call.id;

    (void)state;
    bus_say(&bus, caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = 3 });
    bus_hear(&bus, caller);
    bus_hear(&bus, talk);
    assert_int_equal(bus_say(&bus, caller, item(3, "late")), 0);
    assert_int_equal(bus_say(&bus, talk, item(id, "late")), 0);
    assert_int_equal(bus_say(&bus, talk, item(CALL_ID_ROUTER | 12345 << 16 | 1, "never was")), 0);
    assert_int_equal(bus_hear(&bus, caller), 0);
    assert_int_equal(bus_hear(&bus, talk), 0);
}

static void test_nobody_speaks_in_another_s_stream(void **state)
{
    struct peer *other = bus_caller(&bus);
    struct envelope call = bus_call(&bus, caller, 3, "talk.X", SHAPE_TWO_WAY, talk);
    uint64_t id = call.id;

    (void)state;
    assert_int_equal(bus_say(&bus, other, item(3, "x")), 0);
    assert_int_equal(bus_say(&bus, other, item(id, "x")), -EPROTO);
    assert_int_equal(bus_say(&bus, caller, item(id, "x")), -EPROTO);
    assert_int_equal(bus_hear(&bus, talk), 0);
    assert_int_equal(bus_hear(&bus, caller), 0);
}

static void test_a_receiver_with_too_much_waiting_loses_the_stream(void **state)
{
    (void)state;
    bus_call(&bus, caller, 3, "talk.X", SHAPE_CLIENT_STREAM, talk);
    talk->out.leaving = OUTBOX_HARD_MAX;
    bus_say(&bus, caller, item(3, "up"));
    talk->out.leaving = 0;
    bus_expect_result(&bus, caller, 3, CODE_RESOURCE_EXHAUSTED, EXECUTED_UNKNOWN);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        test(test_items_go_both_ways_under_each_side_s_own_id),
        test(test_a_service_in_a_stream_with_itself_hears_both_sides),
        test(test_a_sender_without_credit_loses_the_stream),
        test(test_credit_never_exceeds_the_window),
        test(test_items_where_the_shape_has_none_end_the_call),
        test(test_items_of_a_call_that_is_over_go_nowhere),
        test(test_nobody_speaks_in_another_s_stream),
        test(test_a_receiver_with_too_much_waiting_loses_the_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
