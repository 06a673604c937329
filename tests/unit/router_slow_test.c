// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_bus.h"

enum { CALLS_MAX = 64, TIMEOUT_MS = 60000 };

static struct bus bus;
static struct peer *store;
static struct peer *caller;
static uint64_t last_id;

static int set_up(void **state)
{
    (void)state;
    bus_open(&bus);
    store = bus_service(&bus, "store");
    caller = bus_caller(&bus);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    return 0;
}

/* A call with the largest body. */
static void put(void)
{
    static uint8_t body[BODY_SIZE_MAX];

    bus_say(&bus, caller,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = ++last_id,
                    .timeout_ms = TIMEOUT_MS,
                    .endpoint = bus_text("store.Put"),
                    .body = { body, sizeof(body) } });
}

/* Until a call is refused. Returns how many were not. */
static unsigned fill(void)
{
    for (unsigned count = 0;; count++) {
        assert_true(count < CALLS_MAX);
        put();
        if (bus_hear(&bus, caller) == 0)
            continue;
        assert_int_equal(bus.heard_count, 1);
        assert_int_equal(bus.heard[0].kind, ENVELOPE_RESULT);
        return count;
    }
}

static void test_one_that_much_waits_for_and_that_takes_nothing_is_closed(void **state)
{
    unsigned count = fill();

    (void)state;
    assert_in_range(count, ROUTER_SLOW_BYTES / BODY_SIZE_MAX + 1, OUTBOX_HARD_MAX / BODY_SIZE_MAX);
    bus_pass_ms(&bus, 1); /* from here on it is watched */
    bus_pass_ms(&bus, ROUTER_SLOW_MS - 1);
    assert_false(store->doomed);
    put();
    bus_expect_result(&bus, caller, last_id, CODE_RESOURCE_EXHAUSTED, EXECUTED_NO);
    assert_true(router_wants_ticks(&bus.router));
    bus_pass_ms(&bus, 1);
    assert_true(store->doomed && store->slow);
    router_detach(&bus.router, store, bus.now_us);
    assert_int_equal(bus_hear(&bus, caller), count);
    for (unsigned i = 0; i < count; i++) {
        struct status status;

        assert_int_equal(status_read(&status, bus.heard[i].status), ENVELOPE_OK);
        assert_int_equal(status.code, CODE_UNAVAILABLE);
        assert_int_equal(status.executed, EXECUTED_UNKNOWN);
        assert_non_null(memmem(status.message.data, status.message.size, "took nothing", 12));
    }
}

static void test_one_that_takes_a_byte_now_and_then_stays(void **state)
{
    (void)state;
    fill();
    for (int i = 0; i < 5; i++) {
        bus_pass_ms(&bus, ROUTER_SLOW_MS - 1);
        store->taken += 1;
    }
    assert_false(store->doomed);
}

static void test_one_that_little_waits_for_may_take_its_time(void **state)
{
    (void)state;
    for (int i = 0; i < ROUTER_SLOW_BYTES / BODY_SIZE_MAX - 1; i++)
        put();
    assert_int_equal(bus_hear(&bus, caller), 0);
    bus_pass_ms(&bus, ROUTER_SLOW_MS);
    bus_pass_ms(&bus, ROUTER_SLOW_MS);
    assert_false(store->doomed);
}

static void test_time_begins_anew_when_there_was_room(void **state)
{
    (void)state;
    fill();
    bus_pass_ms(&bus, 1); /* from here on it is watched */
    bus_pass_ms(&bus, ROUTER_SLOW_MS - 1);
    bus_hear(&bus, store);
    bus_pass_ms(&bus, 1);
    assert_true(list_is_empty(&bus.router.slow));
    fill();
    bus_pass_ms(&bus, 1); /* from here on it is watched */
    bus_pass_ms(&bus, ROUTER_SLOW_MS - 1);
    assert_false(store->doomed);
}

static void test_one_that_leaves_while_it_is_watched_is_forgotten(void **state)
{
    (void)state;
    fill();
    router_detach(&bus.router, store, bus.now_us);
    bus_pass_ms(&bus, ROUTER_SLOW_MS);
    assert_true(list_is_empty(&bus.router.slow));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                test_one_that_much_waits_for_and_that_takes_nothing_is_closed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_one_that_takes_a_byte_now_and_then_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_one_that_little_waits_for_may_take_its_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_time_begins_anew_when_there_was_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_one_that_leaves_while_it_is_watched_is_forgotten, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
