// SPDX-License-Identifier: Apache-2.0
/* Clients without a node: who they are to the services, and what they may call. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/router/permit.h"
#include "kernel/router/say.h"
#include "mu/router/v1/router.pb-c.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_bus.h"
#include "transport/stamp.h"

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

static void test_what_a_client_may_call(void **state)
{
    static const struct {
        const char *endpoint;
        bool may;
    } rows[] = {
        { "greeter.Hello", true },
        { "greeter.mu.Health", true },
        { "greeter.mu.Stats", true },
        { "greeter.mu.LogLevel", false },
        { "greeter.mu.Anything", false },
        { "node.Status", true },
        { "node.List", true },
        { "node.mu.Health", true },
        { "node.mu.LogLevel", false },
        { "node.Stop", false },
        { "node.Start", false },
        { "node.Restart", false },
        { "node.Shutdown", false },
        { "node.Apply", false },
        { "node.Attached", false },
        { "node.StatusX", false },
        { "router.Stats", true },
        { "router.mu.Health", true },
        { "router.Link", false },
        { "router.Routes", false },
        { "router.Admit", false },
        { "router.Dismiss", false },
        { "registry.List", true },
        { "registry.Show", true },
        { "registry.Describe", true },
        { "registry.Watch", true },
        { "registry.Register", false },
        { "registry.Deregister", false },
        { "registry.Publish", false },
        { "registry.Announce", false },
        { "registry.Renew", false },
        { "registry.Attach", false },
        { "registry.Import", false },
        { "link.Show", true },
        { "link.Nodes", true },
        { "link.Links", true },
        { "link.Routes", true },
        { "link.Invite", false },
        { "link.InviteClient", false },
        { "link.Clients", false },
        { "link.Leave", false },
        { "etcd.Show", true },
        { "etcd.Keep", false },
        { "client.Anything", false },
        { "router.Present", true },
        { "router.Keys", false },
        { "router.Rules", false },
        { "auth.Login", true },
        { "auth.Refresh", true },
        { "auth.Logout", true },
        { "auth.Whoami", true },
        { "auth.CreateAccount", false },
        { "auth.Note", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (permit_has(bus_text(rows[i].endpoint)) != rows[i].may)
            fail_msg("%s: a client may%s", rows[i].endpoint, rows[i].may ? " not" : "");
    }
}

/* Calls router.Link for a client. */
static void ask(struct peer *linker, const char *client, const char *node)
{
    Mu__Router__V1__LinkRequest request = MU__ROUTER__V1__LINK_REQUEST__INIT;
    uint8_t key[NEIGHBOUR_ID_SIZE] = { 7 };
    uint8_t body[256];

    request.client = (char *)(uintptr_t)client;
    request.node = (char *)(uintptr_t)node;
    request.node_id = (ProtobufCBinaryData){ sizeof(key), key };
    request.link_id = request.node_id;
    bus_say(&bus, linker,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 1,
                    .endpoint = bus_text("router.Link"),
                    .body = { body, mu__router__v1__link_request__pack(&request, body) } });
}

/* The channel of a client that is linked by now. */
static struct peer *visitor(struct peer *linker, const char *name)
{
    struct peer_identity identity = { .uid = 1, .pid = 4, .is_client = true, .link = FRAME_IPC };
    struct neighbour *asked;
    struct peer *peer;

    ask(linker, name, "");
    asked = neighbour_next_asked(&bus.router);
    assert_non_null(asked);
    assert_true(neighbour_is_client(asked));
    neighbour_opened(&bus.router, asked->channel, "/run/n", 0);
    bus_expect_result(&bus, linker, 1, 0, 0);
    identity.channel = asked->channel;
    peer = router_attach(&bus.router, &identity, NULL);
    assert_non_null(peer);
    return peer;
}

static bool text_begins(struct span text, const char *wanted)
{
    return text.size >= strlen(wanted) && memcmp(text.data, wanted, strlen(wanted)) == 0;
}

static bool text_is(struct span text, const char *wanted)
{
    return text.size == strlen(wanted) && memcmp(text.data, wanted, text.size) == 0;
}

static void test_a_client_s_calls_are_stamped_with_its_name_and_nobody_s_uid(void **state)
{
    struct peer *linker = bus_linker(&bus);
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *laptop = visitor(linker, "laptop");
    struct envelope heard;
    struct stamp stamp;

    (void)state;
    heard = bus_call(&bus, laptop, 5, "greeter.Hello", SHAPE_UNARY, greeter);
    assert_int_equal(stamp_read(&stamp, heard.caller), ENVELOPE_OK);
    assert_true(text_is(stamp.node, bus.router.node));
    assert_true(text_is(stamp.service, "client"));
    assert_true(text_is(stamp.client, "laptop"));
    assert_int_equal(stamp.uid, UINT32_MAX);
    assert_int_equal(stamp.pid, 0);
    assert_int_equal(stamp.instance, 0);
    assert_int_equal(stamp.hops, 0);
    assert_false(stamp.is_operator);
    bus_say(&bus, greeter, (struct envelope){ .kind = ENVELOPE_RESULT, .id = heard.id });
    bus_expect_result(&bus, laptop, 5, 0, 0);
}

static void test_what_it_may_not_call_is_refused_before_anybody_hears_of_it(void **state)
{
    static const char *const endpoints[] = { "node.Shutdown", "router.Link", "router.Routes",
        "registry.Register", "link.Leave", "greeter.mu.LogLevel" };
    struct peer *linker = bus_linker(&bus);
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *laptop = visitor(linker, "laptop");

    (void)state;
    for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
        bus_say(&bus, laptop,
                (struct envelope){
                        .kind = ENVELOPE_CALL, .id = 5 + i, .endpoint = bus_text(endpoints[i]) });
        bus_expect_result(&bus, laptop, 5 + i, CODE_PERMISSION_DENIED, EXECUTED_NO);
    }
    assert_int_equal(bus_hear(&bus, greeter), 0);
}

static void test_a_client_does_not_say_who_it_is_itself(void **state)
{
    struct peer *linker = bus_linker(&bus);
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *laptop = visitor(linker, "laptop");
    uint8_t room[STAMP_SIZE_MAX];

    (void)state;
    bus_say(&bus, laptop,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 5,
                    .endpoint = bus_text("greeter.Hello"),
                    .caller = stamp_write(
                            &(struct stamp){ .client = bus_text("desk"), .is_operator = true },
                            room) });
    bus_expect_result(&bus, laptop, 5, CODE_INVALID_ARGUMENT, EXECUTED_NO);
    assert_int_equal(bus_hear(&bus, greeter), 0);
}

static void test_a_client_that_is_gone_has_its_calls_cancelled_and_its_place_is_free(void **state)
{
    struct peer *linker = bus_linker(&bus);
    struct peer *greeter = bus_service(&bus, "greeter");
    struct peer *laptop = visitor(linker, "laptop");

    (void)state;
    assert_int_equal(bus.router.client_count, 1);
    assert_int_equal(bus.router.neighbour_count, 0);
    bus_call(&bus, laptop, 5, "greeter.Hello", SHAPE_UNARY, greeter);
    router_detach(&bus.router, laptop, bus.now_us);
    bus_hear_one(&bus, greeter, ENVELOPE_CANCEL);
    assert_int_equal(bus.router.client_count, 0);
    assert_true(bus.router.sockets_due);
}

static void test_clients_go_with_the_link_process(void **state)
{
    struct peer *linker = bus_linker(&bus);
    struct peer *laptop = visitor(linker, "laptop");

    (void)state;
    router_detach(&bus.router, linker, bus.now_us);
    assert_true(laptop->doomed);
    router_detach(&bus.router, laptop, bus.now_us);
    assert_int_equal(bus.router.client_count, 0);
}

static void test_there_is_room_for_so_many_clients_and_they_take_none_from_nodes(void **state)
{
    struct peer *linker = bus_linker(&bus);

    (void)state;
    for (int i = 0; i < ROUTER_CLIENTS_MAX; i++)
        ask(linker, "laptop", "");
    assert_int_equal(bus.router.client_count, ROUTER_CLIENTS_MAX);
    assert_int_equal(bus_hear(&bus, linker), 0); /* all are being opened */
    ask(linker, "laptop", "");
    bus_expect_result(&bus, linker, 1, CODE_RESOURCE_EXHAUSTED, EXECUTED_NO);
    ask(linker, "Laptop", "");
    bus_expect_result(&bus, linker, 1, CODE_INVALID_ARGUMENT, EXECUTED_NO);
}

static void test_a_client_is_no_way_to_anything_and_offers_nothing(void **state)
{
    struct peer *linker = bus_linker(&bus);
    struct peer *laptop = visitor(linker, "laptop");
    Mu__Router__V1__RoutesRequest request = MU__ROUTER__V1__ROUTES_REQUEST__INIT;
    uint8_t body[64];

    (void)state;
    request.channel = laptop->visitor->channel;
    bus_say(&bus, linker,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 2,
                    .endpoint = bus_text("router.Routes"),
                    .body = { body, mu__router__v1__routes_request__pack(&request, body) } });
    bus_expect_result(&bus, linker, 2, CODE_NOT_FOUND, EXECUTED_NO);
    assert_int_equal(bus_say(&bus, laptop, (struct envelope){ .kind = ENVELOPE_READY }), -EPROTO);
    assert_int_equal(bus_say(&bus, laptop,
                             (struct envelope){
                                     .kind = ENVELOPE_HELLO, .body = bus_text("\x0a\x07greeter") }),
            0);
    bus_hear_one(&bus, laptop, ENVELOPE_WELCOME);
    assert_true(text_begins(bus_heard_text(&bus), "a client offers no services"));
    assert_int_equal(laptop->state, PEER_CALLER);
}

#define ON_A_BUS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_client_may_call),
        ON_A_BUS(test_a_client_s_calls_are_stamped_with_its_name_and_nobody_s_uid),
        ON_A_BUS(test_what_it_may_not_call_is_refused_before_anybody_hears_of_it),
        ON_A_BUS(test_a_client_does_not_say_who_it_is_itself),
        ON_A_BUS(test_a_client_that_is_gone_has_its_calls_cancelled_and_its_place_is_free),
        ON_A_BUS(test_clients_go_with_the_link_process),
        ON_A_BUS(test_there_is_room_for_so_many_clients_and_they_take_none_from_nodes),
        ON_A_BUS(test_a_client_is_no_way_to_anything_and_offers_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
