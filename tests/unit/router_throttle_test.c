// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_bus.h"

static struct bus bus;
static struct peer *store;
static struct peer *caller;

static int set_up(void **state)
{
    (void)state;
    bus_open(&bus);
    store = bus_service(&bus, "store");
    store->calls_max = 1;
    caller = bus_caller(&bus);
    bus_call(&bus, caller, 1, "store.Get", SHAPE_UNARY, store); /* takes all the room there is */
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    return 0;
}

/* Says `count` calls that get `code` at once. */
static void be_refused(struct peer *peer, unsigned count, const char *endpoint, uint32_t code)
{
    static uint64_t id = 100;

    for (unsigned i = 0; i < count; i++) {
        id += 1;
        bus_say(&bus, peer,
                (struct envelope){
                        .kind = ENVELOPE_CALL, .id = id, .endpoint = bus_text(endpoint) });
        bus_expect_result(&bus, peer, id, code, EXECUTED_NO);
    }
}

static void be_full(struct peer *peer, unsigned count)
{
    be_refused(peer, count, "store.Get", CODE_RESOURCE_EXHAUSTED);
}

static uint32_t heard_retry_ms(void)
{
    struct status status;

    assert_int_equal(status_read(&status, bus.heard[0].status), ENVELOPE_OK);
    return status.retry_after_ms;
}

/* The peers that the shell is to look at. */
static bool is_dirty(const struct peer *wanted)
{
    struct peer *peer;
    bool found = false;

    while ((peer = router_next_dirty(&bus.router)) != NULL)
        found = found || peer == wanted;
    return found;
}

static void test_one_refused_too_often_is_not_read_from_for_a_moment(void **state)
{
    (void)state;
    be_full(caller, ROUTER_REFUSED_MAX);
    assert_false(caller->throttled);
    assert_in_range(heard_retry_ms(), 1, ROUTER_THROTTLE_MS - 1);
    be_full(caller, 1);
    assert_true(caller->throttled);
    assert_int_equal(heard_retry_ms(), ROUTER_THROTTLE_MS); /* when it is heard again */
    assert_true(router_wants_ticks(&bus.router));
    is_dirty(NULL);
    bus_pass_ms(&bus, ROUTER_THROTTLE_MS - 1);
    assert_true(caller->throttled);
    bus_pass_ms(&bus, 1);
    assert_false(caller->throttled);
    assert_true(is_dirty(caller));
    be_full(caller, ROUTER_REFUSED_MAX); /* anew */
    assert_false(caller->throttled);
}

static void test_one_refused_now_and_then_is_always_read_from(void **state)
{
    (void)state;
    for (int i = 0; i < 40; i++) {
        be_full(caller, ROUTER_REFUSED_MAX);
        assert_false(caller->throttled);
        bus_pass_ms(&bus, ROUTER_REFUSED_MS);
    }
}

static void test_only_refusals_for_want_of_room_count(void **state)
{
    (void)state;
    be_refused(caller, 10 * ROUTER_REFUSED_MAX, "nobody.Get", CODE_NOT_FOUND);
    be_refused(caller, 10 * ROUTER_REFUSED_MAX, "bad", CODE_INVALID_ARGUMENT);
    assert_false(caller->throttled);
}

static void test_one_that_owes_answers_is_read_from_soon(void **state)
{
    struct peer *desk = bus_service(&bus, "desk");

    (void)state;
    bus_call(&bus, caller, 2, "desk.Ask", SHAPE_UNARY, desk);
    be_full(desk, ROUTER_REFUSED_MAX + 1);
    assert_true(desk->throttled);
    bus_pass_ms(&bus, ROUTER_THROTTLE_SERVING_MS);
    assert_false(desk->throttled);
}

static void test_a_call_to_one_that_is_not_read_from_shortens_that(void **state)
{
    struct peer *desk = bus_service(&bus, "desk");

    (void)state;
    be_full(desk, ROUTER_REFUSED_MAX + 1);
    bus_pass_ms(&bus, ROUTER_THROTTLE_SERVING_MS);
    assert_true(desk->throttled);
    bus_call(&bus, caller, 2, "desk.Ask", SHAPE_UNARY, desk);
    bus_pass_ms(&bus, ROUTER_THROTTLE_SERVING_MS);
    assert_false(desk->throttled);
}

static void test_a_call_to_one_that_is_read_from_soon_changes_nothing(void **state)
{
    struct peer *desk = bus_service(&bus, "desk");

    (void)state;
    be_full(desk, ROUTER_REFUSED_MAX + 1);
    bus_pass_ms(&bus, ROUTER_THROTTLE_MS - 1);
    bus_call(&bus, caller, 2, "desk.Ask", SHAPE_UNARY, desk);
    bus_pass_ms(&bus, 1);
    assert_false(desk->throttled);
}

static void test_another_node_is_always_read_from(void **state)
{
    struct peer *linker = bus_linker(&bus);
    struct peer *node = bus_neighbour(&bus, linker, "lamp", 1);

    (void)state;
    for (int i = 0; i <= ROUTER_REFUSED_MAX; i++)
        say_verdict(&bus.router, node, 1,
                &(struct verdict){ CODE_RESOURCE_EXHAUSTED, EXECUTED_NO, 0, "full" });
    assert_false(node->throttled);
}

static void test_one_that_leaves_while_it_is_not_read_from_is_forgotten(void **state)
{
    (void)state;
    be_full(caller, ROUTER_REFUSED_MAX + 1);
    assert_true(caller->throttled);
    router_detach(&bus.router, caller, bus.now_us);
    bus_pass_ms(&bus, ROUTER_THROTTLE_MS);
    assert_true(list_is_empty(&bus.router.throttled));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                test_one_refused_too_often_is_not_read_from_for_a_moment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_one_refused_now_and_then_is_always_read_from, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_only_refusals_for_want_of_room_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_one_that_owes_answers_is_read_from_soon, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_call_to_one_that_is_not_read_from_shortens_that, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_call_to_one_that_is_read_from_soon_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_node_is_always_read_from, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_one_that_leaves_while_it_is_not_read_from_is_forgotten, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
