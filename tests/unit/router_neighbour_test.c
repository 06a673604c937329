// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/router/say.h"
#include "mu/bus/v1/bus.pb-c.h"
#include "mu/router/v1/router.pb-c.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_bus.h"

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

struct asking {
    const char *node;
    const char *owner;
    size_t node_id_size;
    size_t link_id_size;
};

static const struct asking good = { "desk.alice", "alice", 32, 32 };

/* Calls router.Link. Nothing is answered yet where it is taken. */
static void ask(struct peer *peer, uint64_t id, const struct asking *asking)
{
    Mu__Router__V1__LinkRequest request = MU__ROUTER__V1__LINK_REQUEST__INIT;
    uint8_t key[64] = { 7 };
    uint8_t body[512];

    request.node = (char *)(uintptr_t)asking->node;
    request.owner = (char *)(uintptr_t)asking->owner;
    request.node_id = (ProtobufCBinaryData){ asking->node_id_size, key };
    request.link_id = (ProtobufCBinaryData){ asking->link_id_size, key };
    bus_say(&bus, peer,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = id,
                    .endpoint = bus_text("router.Link"),
                    .body = { body, mu__router__v1__link_request__pack(&request, body) } });
}

static struct peer *supervised(const char *service)
{
    struct peer_identity identity = { .instance = 5, .service = service, .link = FRAME_IPC };

    return router_attach(&bus.router, &identity, NULL);
}

/* Nobody that the supervisor started, whatever it is called. */
static struct peer *unsupervised(const char *service)
{
    struct peer_identity identity = { .is_operator = true, .service = service, .link = FRAME_IPC };

    return router_attach(&bus.router, &identity, NULL);
}

static struct peer *connect_channel(uint64_t channel)
{
    struct peer_identity identity = { .channel = channel, .link = FRAME_IPC };

    return router_attach(&bus.router, &identity, NULL);
}

static void test_only_the_node_s_own_link_service_may_link(void **state)
{
    struct peer *others[] = { bus_caller(&bus), bus_service(&bus, "linker"), supervised("linker"),
        supervised("registry"), unsupervised("link") };
    static const char *const endpoints[] = { "router.Link", "router.Routes" };

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        ask(others[i], 1, &good);
        bus_expect_result(&bus, others[i], 1, CODE_PERMISSION_DENIED, EXECUTED_NO);
        for (size_t k = 0; k < 2; k++) {
            bus_say(&bus, others[i],
                    (struct envelope){ .kind = ENVELOPE_CALL,
                            .id = 2 + k,
                            .endpoint = bus_text(endpoints[k]) });
            bus_expect_result(&bus, others[i], 2 + k, CODE_PERMISSION_DENIED, EXECUTED_NO);
        }
    }
    assert_null(neighbour_next_asked(&bus.router));
}

static void test_nobody_becomes_link_by_saying_so(void **state)
{
    Mu__Bus__V1__Hello hello = MU__BUS__V1__HELLO__INIT;
    struct peer *peer = bus_caller(&bus);
    struct status status;
    uint8_t body[64];

    (void)state;
    hello.service = (char *)"link";
    bus_say(&bus, peer,
            (struct envelope){ .kind = ENVELOPE_HELLO,
                    .body = { body, mu__bus__v1__hello__pack(&hello, body) } });
    assert_int_equal(
            status_read(&status, bus_hear_one(&bus, peer, ENVELOPE_WELCOME).status), ENVELOPE_OK);
    assert_int_equal(status.code, CODE_PERMISSION_DENIED);
}

static void test_a_neighbour_that_cannot_be_is_refused_with_a_reason(void **state)
{
    static const char size_65[] =
            "0123456789012345678901234567890123456789012345678901234567890123x";
    static const struct asking bad[] = {
        { "", "alice", 32, 32 },
        { "desk.alice", "", 32, 32 },
        { "Desk.alice", "alice", 32, 32 },
        { ".alice", "alice", 32, 32 },
        { "desk.", "alice", 32, 32 },
        { "desk..alice", "alice", 32, 32 },
        { "desk alice", "alice", 32, 32 },
        { size_65, "alice", 32, 32 },
        { "desk.alice", size_65, 32, 32 },
        { "desk.alice", "alice", 31, 32 },
        { "desk.alice", "alice", 33, 32 },
        { "desk.alice", "alice", 32, 0 },
    };
    struct asking longest = { size_65 + 1, size_65 + 1, 32, 32 };
    struct peer *linker = bus_linker(&bus);

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ask(linker, i + 1, &bad[i]);
        bus_expect_result(&bus, linker, i + 1, CODE_INVALID_ARGUMENT, EXECUTED_NO);
    }
    bus_say(&bus, linker,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 90,
                    .endpoint = bus_text("router.Link"),
                    .body = bus_text("\x0a\x02\xff\xfe") });
    bus_expect_result(&bus, linker, 90, CODE_INVALID_ARGUMENT, EXECUTED_NO);
    assert_int_equal(bus.router.neighbour_count, 0);
    ask(linker, 91, &longest);
    assert_int_equal(bus.router.neighbour_count, 1);
}

static void test_link_is_answered_when_its_socket_is_open(void **state)
{
    struct peer *linker = bus_linker(&bus);
    Mu__Router__V1__LinkReply *reply;
    struct neighbour *asked;
    struct envelope result;
    uint64_t last = 0;

    (void)state;
    for (uint64_t id = 1; id <= 3; id++) {
        ask(linker, id, &good);
        assert_true(bus.router.sockets_due);
        assert_int_equal(bus_hear(&bus, linker), 0);
        asked = neighbour_next_asked(&bus.router);
        assert_non_null(asked);
        assert_null(neighbour_next_asked(&bus.router)); /* each once */
        assert_ptr_equal(asked->linker, linker);
        neighbour_opened(&bus.router, asked->channel, "/run/i/70/n1", 0);
        result = bus_hear_one(&bus, linker, ENVELOPE_RESULT);
        assert_true(result.id == id);
        reply = mu__router__v1__link_reply__unpack(NULL, result.body.size, result.body.data);
        assert_string_equal(reply->path, "/run/i/70/n1");
        assert_true(reply->channel > last); /* a number that was never used before */
        last = reply->channel;
        mu__router__v1__link_reply__free_unpacked(reply, NULL);
        router_detach(&bus.router, connect_channel(last), bus.now_us);
    }
}

static void test_a_socket_that_cannot_be_opened_ends_the_neighbour(void **state)
{
    struct peer *linker = bus_linker(&bus);
    uint64_t channel;

    (void)state;
    ask(linker, 1, &good);
    channel = neighbour_next_asked(&bus.router)->channel;
    neighbour_opened(&bus.router, channel, "/run/n1", -EACCES);
    bus_expect_result(&bus, linker, 1, CODE_UNAVAILABLE, EXECUTED_NO);
    assert_null(neighbour_find(&bus.router, channel));
    assert_null(connect_channel(channel));
}

static void test_a_node_channel_is_connected_once_and_only_where_it_is_waited_for(void **state)
{
    struct peer *linker = bus_linker(&bus);
    struct peer *desk = bus_neighbour(&bus, linker, "desk.alice", 1);
    uint64_t channel = desk->neighbour->channel;

    (void)state;
    assert_null(connect_channel(channel));
    assert_null(connect_channel(channel + 1));
    router_detach(&bus.router, desk, bus.now_us);
    assert_true(bus.router.sockets_due);
    assert_null(neighbour_find(&bus.router, channel));
    assert_null(connect_channel(channel));
}

static void test_neighbours_go_with_their_linker(void **state)
{
    struct peer *linker = bus_linker(&bus);
    struct peer *desk = bus_neighbour(&bus, linker, "desk.alice", 1);
    struct peer *caller = bus_caller(&bus);
    uint64_t waiting;

    (void)state;
    bus_set_route(&bus, linker, desk, "shop", 1);
    ask(linker, 9, &good);
    waiting = neighbour_next_asked(&bus.router)->channel;
    bus.router.sockets_due = false;
    router_detach(&bus.router, linker, bus.now_us);
    assert_true(bus.router.sockets_due);
    assert_null(neighbour_find(&bus.router, waiting));
    neighbour_opened(&bus.router, waiting, "/run/n2", 0); /* the shell was about it: fine */
    assert_null(connect_channel(waiting));
    assert_true(desk->doomed);
    bus_say(&bus, caller,
            (struct envelope){ .kind = ENVELOPE_CALL, .id = 1, .endpoint = bus_text("shop.Buy") });
    bus_expect_result(&bus, caller, 1, CODE_UNAVAILABLE, EXECUTED_NO);
    router_detach(&bus.router, desk, bus.now_us);
    assert_int_equal(bus.router.neighbour_count, 0);
}

static void test_neighbours_are_taken_up_to_the_limit(void **state)
{
    struct peer *linker = bus_linker(&bus);

    (void)state;
    for (uint64_t id = 1; id <= ROUTER_NODES_MAX; id++)
        ask(linker, id, &good);
    assert_int_equal(bus_hear(&bus, linker), 0);
    ask(linker, 5000, &good);
    bus_expect_result(&bus, linker, 5000, CODE_RESOURCE_EXHAUSTED, EXECUTED_NO);
    assert_int_equal(bus.router.neighbour_count, ROUTER_NODES_MAX);
}

static void test_statistics_name_each_node_channel(void **state)
{
    struct peer *linker = bus_linker(&bus);
    struct peer *desk = bus_neighbour(&bus, linker, "desk.alice", 1);
    struct peer *caller = bus_caller(&bus);
    Mu__Router__V1__StatsReply *stats;
    struct envelope result;

    (void)state;
    ask(linker, 9, &good);
    bus_set_route(&bus, linker, desk, "shop", 1);
    bus_call(&bus, caller, 1, "shop.Buy", SHAPE_UNARY, desk);
    bus_say(&bus, caller,
            (struct envelope){
                    .kind = ENVELOPE_CALL, .id = 2, .endpoint = bus_text("router.Stats") });
    result = bus_hear_one(&bus, caller, ENVELOPE_RESULT);
    stats = mu__router__v1__stats_reply__unpack(NULL, result.body.size, result.body.data);
    assert_int_equal(stats->n_nodes, 2);
    assert_string_equal(stats->nodes[0]->node, "desk.alice");
    assert_string_equal(stats->nodes[0]->owner, "alice");
    assert_int_equal(stats->nodes[0]->link_id.len, 32);
    assert_true(stats->nodes[0]->connected);
    assert_int_equal(stats->nodes[0]->routes, 1);
    assert_int_equal(stats->nodes[0]->calls, 1);
    assert_int_equal(stats->nodes[0]->calls_open, 1);
    assert_false(stats->nodes[1]->connected);
    assert_int_equal(stats->n_instances, 0); /* a node is no service */
    mu__router__v1__stats_reply__free_unpacked(stats, NULL);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        test(test_only_the_node_s_own_link_service_may_link),
        test(test_nobody_becomes_link_by_saying_so),
        test(test_a_neighbour_that_cannot_be_is_refused_with_a_reason),
        test(test_link_is_answered_when_its_socket_is_open),
        test(test_a_socket_that_cannot_be_opened_ends_the_neighbour),
        test(test_a_node_channel_is_connected_once_and_only_where_it_is_waited_for),
        test(test_neighbours_go_with_their_linker),
        test(test_neighbours_are_taken_up_to_the_limit),
        test(test_statistics_name_each_node_channel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
