// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "kernel/router/export.h"
#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_bus.h"
#include "transport/stamp.h"

#define TEXTS(text) ((struct span){ (const uint8_t *)(text), sizeof(text) })

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

static struct peer *caller(const char *service, uint64_t instance)
{
    return bus_process(&bus, service, instance, TEXTS(">"));
}

/* True where the call arrives; else it is refused with PERMISSION_DENIED. */
static bool arrives(struct peer *from, const char *endpoint, struct peer *callee)
{
    static uint64_t id;
    struct envelope result;
    struct status status;

    id += 1;
    bus_say(&bus, from,
            (struct envelope){ .kind = ENVELOPE_CALL, .id = id, .endpoint = bus_text(endpoint) });
    if (bus_hear(&bus, callee) == 1) {
        bus_say(&bus, callee, (struct envelope){ .kind = ENVELOPE_RESULT, .id = bus.heard[0].id });
        bus_hear_one(&bus, from, ENVELOPE_RESULT);
        return true;
    }
    result = bus_hear_one(&bus, from, ENVELOPE_RESULT);
    assert_int_equal(status_read(&status, result.status), ENVELOPE_OK);
    assert_int_equal(status.code, CODE_PERMISSION_DENIED);
    assert_int_equal(status.executed, EXECUTED_NO);
    return false;
}

static void test_who_says_nothing_exports_everything(void **state)
{
    struct peer *store = bus_process(&bus, "store", 7, (struct span){ 0 });

    (void)state;
    assert_true(arrives(caller("shop", 8), "store.Get", store));
}

static void test_a_line_is_for_those_that_it_names(void **state)
{
    struct peer *store = bus_exporter(&bus, "store", 7,
            TEXTS("store.Get\0shop\0store.Get\0clerk\0store.Put\0shop\0store.mu.>\0@node"));
    struct peer *shop = caller("shop", 8);
    struct peer *clerk = caller("clerk", 9);
    struct peer *other = caller("other", 10);

    (void)state;
    assert_true(arrives(shop, "store.Get", store));
    assert_true(arrives(shop, "store.Put", store));
    assert_true(arrives(clerk, "store.Get", store));
    assert_false(arrives(clerk, "store.Put", store));
    assert_false(arrives(other, "store.Get", store));
    assert_false(arrives(shop, "store.Drop", store));
    assert_true(arrives(other, "store.mu.Health", store));
    assert_int_equal(bus.router.stats.calls_denied, 3);
}

static void test_who_owns_the_node_is_let_in(void **state)
{
    struct peer *store = bus_exporter(&bus, "store", 7, TEXTS("store.Get\0shop"));

    (void)state;
    assert_true(arrives(bus_caller(&bus), "store.Put", store));
}

/* A call of another node's, whose caller says that it is `service` there. */
static bool arrives_from(struct peer *neighbour, const char *service, struct peer *callee)
{
    uint8_t room[STAMP_SIZE_MAX];
    struct stamp stamp = { .node = bus_text("east"), .service = bus_text(service), .instance = 1 };
    struct envelope result;
    struct status status;

    bus_say(&bus, neighbour,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 5 | CALL_ID_ROUTER,
                    .endpoint = bus_text("store.Get"),
                    .timeout_ms = 1000,
                    .caller = stamp_write(&stamp, room) });
    if (bus_hear(&bus, callee) == 1) {
        bus_say(&bus, callee, (struct envelope){ .kind = ENVELOPE_RESULT, .id = bus.heard[0].id });
        bus_hear_one(&bus, neighbour, ENVELOPE_RESULT);
        return true;
    }
    result = bus_hear_one(&bus, neighbour, ENVELOPE_RESULT);
    assert_int_equal(status_read(&status, result.status), ENVELOPE_OK);
    assert_int_equal(status.code, CODE_PERMISSION_DENIED);
    return false;
}

static void test_another_node_is_the_network_whoever_it_says_it_is(void **state)
{
    struct peer *linker = bus_linker(&bus);
    struct peer *east = bus_neighbour(&bus, linker, "east", 1);
    struct peer *store = bus_exporter(&bus, "store", 7, TEXTS("store.*\0shop\0store.*\0@node"));

    (void)state;
    assert_false(arrives_from(east, "shop", store));
    router_detach(&bus.router, store, bus.now_us);
    store = bus_exporter(&bus, "store", 8, TEXTS("store.*\0@network"));
    assert_true(arrives_from(east, "shop", store));
    assert_false(arrives(caller("shop", 9), "store.Get", store));
}

static void test_exports_that_are_none_are_not_taken(void **state)
{
    struct peer peer = { 0 };

    (void)state;
    assert_int_equal(export_equip(&peer, TEXTS("store.Get")), -EINVAL);
    assert_int_equal(export_equip(&peer, TEXTS("store\0shop")), -EINVAL);
    assert_int_equal(export_equip(&peer, bus_text("store.Get")), -EINVAL);
    assert_null(peer.exports);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                test_who_says_nothing_exports_everything, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_line_is_for_those_that_it_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_who_owns_the_node_is_let_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_another_node_is_the_network_whoever_it_says_it_is, set_up, tear_down),
        cmocka_unit_test(test_exports_that_are_none_are_not_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
