// SPDX-License-Identifier: Apache-2.0
/* Routers in a row, each linked to the next: what one says to the other is what the other takes. */
#include <stdlib.h>
#include <string.h>

#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_bus.h"

enum { NODES = 5 };

/* One node of the row. */
struct node {
    struct bus bus;
    struct peer *linker;
    struct peer *left; /* node channels; NULL at the ends */
    struct peer *right;
    struct peer *caller;
};

static struct node nodes[NODES];

static int set_up(void **state)
{
    static const char *const names[NODES] = { "n0.alice", "n1.alice", "n2.alice", "n3.alice",
        "n4.alice" };

    (void)state;
    for (int i = 0; i < NODES; i++) {
        struct node *node = &nodes[i];

        memset(node, 0, sizeof(*node));
        bus_open(&node->bus);
        node->linker = bus_linker(&node->bus);
        if (i > 0)
            node->left = bus_neighbour(&node->bus, node->linker, names[i - 1], (uint8_t)(i - 1));
        if (i + 1 < NODES)
            node->right = bus_neighbour(&node->bus, node->linker, names[i + 1], (uint8_t)(i + 1));
        node->caller = bus_caller(&node->bus);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < NODES; i++)
        bus_close(&nodes[i].bus);
    return 0;
}

/* Makes `service` known to all nodes left of `at`, which offers it. */
static void offer(int at, const char *service)
{
    for (int i = 0; i < at; i++) {
        uint32_t hops = (uint32_t)(at - i);

        if (hops <= ROUTER_HOPS_MAX)
            bus_set_route(&nodes[i].bus, nodes[i].linker, nodes[i].right, service, hops);
    }
}

/* Hands over what waits on one node channel. Returns how many envelopes. */
static size_t carry(struct node *from, struct peer *channel, struct node *to, struct peer *end)
{
    size_t count = bus_hear(&from->bus, channel);

    for (size_t i = 0; i < count; i++)
        assert_int_equal(bus_say(&to->bus, end, from->bus.heard[i]), 0);
    return count;
}

/* Until all links are quiet. */
static void carry_all(void)
{
    size_t carried;

    do {
        carried = 0;
        for (int i = 0; i + 1 < NODES; i++) {
            carried += carry(&nodes[i], nodes[i].right, &nodes[i + 1], nodes[i + 1].left);
            carried += carry(&nodes[i + 1], nodes[i + 1].left, &nodes[i], nodes[i].right);
        }
    } while (carried > 0);
}

static void call(int from, uint64_t id, const char *endpoint, enum envelope_shape shape)
{
    assert_int_equal(bus_say(&nodes[from].bus, nodes[from].caller,
                             (struct envelope){ .kind = ENVELOPE_CALL,
                                     .id = id,
                                     .shape = shape,
                                     .endpoint = bus_text(endpoint) }),
            0);
    carry_all();
}

static void check_that_nothing_is_left(void)
{
    for (int i = 0; i < NODES; i++) {
        assert_int_equal(nodes[i].bus.router.calls.count, 0);
        assert_false(router_wants_ticks(&nodes[i].bus.router));
    }
}

static void test_a_call_reaches_a_node_three_links_away_and_its_answer_comes_back(void **state)
{
    struct peer *shop = bus_service(&nodes[3].bus, "shop");
    struct envelope heard;
    struct stamp stamp;

    (void)state;
    offer(3, "shop");
    for (uint64_t id = 1; id <= 3; id++) {
        call(0, id, "shop.Buy", SHAPE_UNARY);
        heard = bus_hear_one(&nodes[3].bus, shop, ENVELOPE_CALL);
        assert_int_equal(stamp_read(&stamp, heard.caller), ENVELOPE_OK);
        assert_int_equal(stamp.hops, 3);
        assert_memory_equal(stamp.node.data, "n2.alice", 8); /* whom the last link vouches for */
        bus_say(&nodes[3].bus, shop,
                (struct envelope){
                        .kind = ENVELOPE_RESULT, .id = heard.id, .body = bus_text("sold") });
        carry_all();
        heard = bus_hear_one(&nodes[0].bus, nodes[0].caller, ENVELOPE_RESULT);
        assert_true(heard.id == id);
        assert_memory_equal(heard.body.data, "sold", 4);
    }
    check_that_nothing_is_left();
}

static void test_a_node_four_links_away_is_out_of_reach(void **state)
{
    struct peer *shop = bus_service(&nodes[4].bus, "shop");

    (void)state;
    offer(4, "shop");
    call(0, 1, "shop.Buy", SHAPE_UNARY);
    bus_expect_result(&nodes[0].bus, nodes[0].caller, 1, CODE_NOT_FOUND, EXECUTED_NO);
    /* Also where a node claims to be nearer than it is. */
    bus_set_route(&nodes[0].bus, nodes[0].linker, nodes[0].right, "shop", 1);
    bus_set_route(&nodes[1].bus, nodes[1].linker, nodes[1].right, "shop", 1);
    bus_set_route(&nodes[2].bus, nodes[2].linker, nodes[2].right, "shop", 1);
    call(0, 2, "shop.Buy", SHAPE_UNARY);
    bus_expect_result(&nodes[0].bus, nodes[0].caller, 2, CODE_UNAVAILABLE, EXECUTED_NO);
    assert_int_equal(bus_hear(&nodes[4].bus, shop), 0);
    check_that_nothing_is_left();
}

static void test_routes_in_a_circle_end(void **state)
{
    (void)state;
    /* Each says that the other one has it. */
    bus_set_route(&nodes[0].bus, nodes[0].linker, nodes[0].right, "shop", 1);
    bus_set_route(&nodes[1].bus, nodes[1].linker, nodes[1].left, "shop", 1);
    call(0, 1, "shop.Buy", SHAPE_UNARY);
    bus_expect_result(&nodes[0].bus, nodes[0].caller, 1, CODE_UNAVAILABLE, EXECUTED_NO);
    check_that_nothing_is_left();
}

static void test_cancel_reaches_the_last_node(void **state)
{
    struct peer *shop = bus_service(&nodes[3].bus, "shop");
    uint64_t id;

    (void)state;
    offer(3, "shop");
    call(0, 1, "shop.Wait", SHAPE_UNARY);
    id = bus_hear_one(&nodes[3].bus, shop, ENVELOPE_CALL).id;
    bus_say(&nodes[0].bus, nodes[0].caller, (struct envelope){ .kind = ENVELOPE_CANCEL, .id = 1 });
    bus_expect_result(&nodes[0].bus, nodes[0].caller, 1, CODE_CANCELLED, EXECUTED_UNKNOWN);
    carry_all();
    assert_true(bus_hear_one(&nodes[3].bus, shop, ENVELOPE_CANCEL).id == id);
    assert_int_equal(nodes[0].bus.router.calls.count, 0); /* the next node answered for it */
    bus_say(&nodes[3].bus, shop, (struct envelope){ .kind = ENVELOPE_RESULT, .id = id });
    carry_all();
    check_that_nothing_is_left();
}

static void test_a_deadline_ends_the_call_on_every_node(void **state)
{
    struct peer *shop = bus_service(&nodes[2].bus, "shop");

    (void)state;
    offer(2, "shop");
    nodes[1].left->neighbour->transit_us = 10000;
    nodes[2].left->neighbour->transit_us = 10000;
    bus_say(&nodes[0].bus, nodes[0].caller,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 1,
                    .timeout_ms = 100,
                    .endpoint = bus_text("shop.Wait") });
    carry_all();
    assert_int_equal(bus_hear_one(&nodes[2].bus, shop, ENVELOPE_CALL).timeout_ms, 80);
    for (int i = 0; i < NODES; i++)
        bus_pass_ms(&nodes[i].bus, 120);
    bus_expect_result(&nodes[0].bus, nodes[0].caller, 1, CODE_DEADLINE_EXCEEDED, EXECUTED_UNKNOWN);
    bus_hear_one(&nodes[2].bus, shop, ENVELOPE_CANCEL);
    carry_all();
    router_detach(&nodes[2].bus.router, shop, nodes[2].bus.now_us);
    carry_all();
    assert_int_equal(bus_hear(&nodes[0].bus, nodes[0].caller), 0);
    check_that_nothing_is_left();
}

static void test_a_stream_is_as_wide_over_links_as_without(void **state)
{
    struct peer *shop = bus_service(&nodes[3].bus, "shop");
    struct envelope item = { .kind = ENVELOPE_ITEM, .id = 1, .body = bus_text("0123456789") };
    int64_t window = STREAM_WINDOW;
    size_t sent = 0;
    uint64_t id;

    (void)state;
    offer(3, "shop");
    call(0, 1, "shop.Sum", SHAPE_CLIENT_STREAM);
    id = bus_hear_one(&nodes[3].bus, shop, ENVELOPE_CALL).id;
    for (; window > 0; window -= 10 + STREAM_ITEM_COST, sent++) {
        assert_int_equal(bus_say(&nodes[0].bus, nodes[0].caller, item), 0);
        carry_all();
    }
    assert_int_equal(nodes[3].bus.router.stats.items, sent);
    assert_int_equal(nodes[0].bus.router.calls.count, 1);
    bus_hear(&nodes[3].bus, shop);
    bus_say(&nodes[3].bus, shop,
            (struct envelope){ .kind = ENVELOPE_CREDIT, .id = id, .credit = 10000 });
    carry_all();
    assert_int_equal(bus_hear_one(&nodes[0].bus, nodes[0].caller, ENVELOPE_CREDIT).credit, 10000);
    bus_say(&nodes[0].bus, nodes[0].caller, item);
    bus_say(&nodes[0].bus, nodes[0].caller, (struct envelope){ .kind = ENVELOPE_END, .id = 1 });
    carry_all();
    assert_int_equal(bus_hear(&nodes[3].bus, shop), 2);
    bus_say(&nodes[3].bus, shop, (struct envelope){ .kind = ENVELOPE_RESULT, .id = id });
    carry_all();
    bus_expect_result(&nodes[0].bus, nodes[0].caller, 1, 0, 0);
    check_that_nothing_is_left();
}

static void test_a_link_lost_on_the_way_ends_the_call_on_both_sides_of_it(void **state)
{
    struct peer *shop = bus_service(&nodes[3].bus, "shop");

    (void)state;
    offer(3, "shop");
    call(0, 1, "shop.Buy", SHAPE_UNARY);
    bus_hear_one(&nodes[3].bus, shop, ENVELOPE_CALL);
    router_detach(&nodes[1].bus.router, nodes[1].right, nodes[1].bus.now_us);
    router_detach(&nodes[2].bus.router, nodes[2].left, nodes[2].bus.now_us);
    carry(&nodes[1], nodes[1].left, &nodes[0], nodes[0].right);
    bus_expect_result(&nodes[0].bus, nodes[0].caller, 1, CODE_UNAVAILABLE, EXECUTED_UNKNOWN);
    carry(&nodes[2], nodes[2].right, &nodes[3], nodes[3].left);
    bus_hear_one(&nodes[3].bus, shop, ENVELOPE_CANCEL);
    bus_say(&nodes[0].bus, nodes[0].caller,
            (struct envelope){ .kind = ENVELOPE_CALL, .id = 2, .endpoint = bus_text("shop.Buy") });
    carry(&nodes[0], nodes[0].right, &nodes[1], nodes[1].left);
    carry(&nodes[1], nodes[1].left, &nodes[0], nodes[0].right);
    bus_expect_result(&nodes[0].bus, nodes[0].caller, 2, CODE_UNAVAILABLE, EXECUTED_NO);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        test(test_a_call_reaches_a_node_three_links_away_and_its_answer_comes_back),
        test(test_a_node_four_links_away_is_out_of_reach),
        test(test_routes_in_a_circle_end),
        test(test_cancel_reaches_the_last_node),
        test(test_a_deadline_ends_the_call_on_every_node),
        test(test_a_stream_is_as_wide_over_links_as_without),
        test(test_a_link_lost_on_the_way_ends_the_call_on_both_sides_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
