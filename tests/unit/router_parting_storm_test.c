// SPDX-License-Identifier: Apache-2.0
/* Routers in a row whose link services are restarted again and again, one at a time, in any order
 * with everything else: whatever is called, from whichever node at whichever, is carried out once
 * and answered once, and nothing fails. What waits on a node channel when it ends is lost, as in a
 * socket. */
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_bus.h"

enum {
    NODES = 3,
    CALLS = 1500,
    NUMBERS = NODES * CALLS,
    OPEN_MAX = 12,
    SEEDS = 12,
    STEPS = 400000,
    AWAIT_MS = 8000
};

/* One node of the row. */
struct node {
    struct bus bus;
    struct peer *linker; /* NULL: it is being restarted */
    bool leaves;
    bool may_go;          /* and was answered */
    struct peer *ways[2]; /* node channels to the left and to the right; NULL: none */
    struct peer *caller;
    struct peer *service;
    uint64_t last;                 /* number of the caller's last call */
    uint32_t open;                 /* of its calls */
    uint64_t served[8 * OPEN_MAX]; /* calls that the service has */
    size_t served_count;
    uint8_t carried[NUMBERS + 1]; /* by the service, how often */
};

static struct node nodes[NODES];
static struct random dice;
static unsigned restarts;
static const char *const names[NODES] = { "n0.alice", "n1.alice", "n2.alice" };
static const char *const services[NODES] = { "s0", "s1", "s2" };
static const char *const endpoints[NODES] = { "s0.Do", "s1.Do", "s2.Do" };

static uint64_t throw(uint64_t sides)
{
    return random_next(&dice) % sides;
}

/* ---- links ---- */

static bool is_linked(int left)
{
    return nodes[left].ways[1] != NULL;
}

/* What the link service hears. */
static void look(struct node *node)
{
    for (size_t i = 0, count = bus_hear(&node->bus, node->linker); i < count; i++)
        node->may_go = node->may_go || node->bus.heard[i].kind == ENVELOPE_DRAIN;
}

/* What a node reaches by one side now. */
static void tell_routes(int at, int side)
{
    struct node *node = &nodes[at];
    struct bus_route routes[NODES];
    size_t count = 0;

    for (int other = side != 0 ? at + 1 : at - 1, hops = 1;
            other >= 0 && other < NODES && is_linked(other < at ? other : other - 1);
            other += side != 0 ? 1 : -1, hops++)
        routes[count++] = (struct bus_route){ services[other], (uint32_t)hops, 100 };
    if (node->linker != NULL)
        look(node);
    if (node->ways[side] != NULL && node->linker != NULL)
        assert_int_equal(
                bus_set_routes(&node->bus, node->linker, node->ways[side], routes, count, NULL), 0);
}

static void link_up(int left)
{
    struct node *one = &nodes[left];
    struct node *other = &nodes[left + 1];

    one->ways[1] = bus_neighbour(&one->bus, one->linker, names[left + 1], (uint8_t)(left + 2));
    other->ways[0] = bus_neighbour(&other->bus, other->linker, names[left], (uint8_t)(left + 1));
    /* The other router knows the word; what it offers is heard later. */
    bus_set_routes(&one->bus, one->linker, one->ways[1], NULL, 0, NULL);
    bus_set_routes(&other->bus, other->linker, other->ways[0], NULL, 0, NULL);
}

static void link_down(int left)
{
    struct node *one = &nodes[left];
    struct node *other = &nodes[left + 1];

    if (!is_linked(left))
        return;
    router_detach(&one->bus.router, one->ways[1], one->bus.now_us);
    router_detach(&other->bus.router, other->ways[0], other->bus.now_us);
    one->ways[1] = NULL;
    other->ways[0] = NULL;
}

static struct peer *start_linker(struct bus *bus)
{
    struct peer *linker = bus_linker(bus);

    bus_hello(bus, linker, "link");
    bus_say(bus, linker, (struct envelope){ .kind = ENVELOPE_READY });
    return linker;
}

/* The next thing that befalls a node's link service. */
static void restart(int at)
{
    struct node *node = &nodes[at];

    if (node->linker == NULL) {
        node->linker = start_linker(&node->bus);
        return;
    }
    if (!node->leaves) {
        node->leaves = true;
        bus_say(&node->bus, node->linker, (struct envelope){ .kind = ENVELOPE_DRAIN });
        return;
    }
    look(node);
    if (!node->may_go)
        return;
    if (at > 0)
        link_down(at - 1);
    if (at + 1 < NODES)
        link_down(at);
    router_detach(&node->bus.router, node->linker, node->bus.now_us);
    node->linker = NULL;
    node->leaves = node->may_go = false;
    restarts += 1;
}

static bool is_whole(void)
{
    for (int i = 0; i < NODES; i++) {
        if (nodes[i].linker == NULL || nodes[i].leaves || (i + 1 < NODES && !is_linked(i)))
            return false;
    }
    return true;
}

static bool may_link(const struct node *node)
{
    return node->linker != NULL && !node->leaves;
}

/* ---- calls ---- */

/* Hands over what waits on one node channel. */
static void carry(int from, int side)
{
    struct node *node = &nodes[from];
    struct node *other = &nodes[side != 0 ? from + 1 : from - 1];
    struct envelope heard[BUS_HEARD_MAX];
    size_t count = bus_hear(&node->bus, node->ways[side]);

    assert_true(count < BUS_HEARD_MAX);
    memcpy(heard, node->bus.heard, count * sizeof(heard[0]));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(bus_say(&other->bus, other->ways[1 - side], heard[i]), 0);
}

static void begin_call(int at)
{
    struct node *node = &nodes[at];
    uint32_t number = (uint32_t)at * CALLS + (uint32_t)++node->last;

    assert_int_equal(bus_say(&node->bus, node->caller,
                             (struct envelope){ .kind = ENVELOPE_CALL,
                                     .id = node->last,
                                     .timeout_ms = 600000,
                                     .endpoint = bus_text(endpoints[throw(NODES)]),
                                     .body = { (const uint8_t *)&number, sizeof(number) } }),
            0);
    node->open += 1;
}

static void hear_results(struct node *node)
{
    size_t count = bus_hear(&node->bus, node->caller);

    for (size_t i = 0; i < count; i++) {
        struct status status = { 0 };

        if (node->bus.heard[i].status.size > 0)
            status_read(&status, node->bus.heard[i].status);
        if (status.code != 0)
            fail_msg("call %llu: %.*s", (unsigned long long)node->bus.heard[i].id,
                    (int)status.message.size, status.message.data);
        assert_in_range(node->open, 1, OPEN_MAX);
        node->open -= 1;
    }
}

static void serve(struct node *node)
{
    size_t count = bus_hear(&node->bus, node->service);

    for (size_t i = 0; i < count; i++) {
        uint32_t number;

        assert_int_equal(node->bus.heard[i].kind, ENVELOPE_CALL);
        memcpy(&number, node->bus.heard[i].body.data, sizeof(number));
        node->carried[number] += 1;
        node->served[node->served_count++] = node->bus.heard[i].id;
    }
    if (node->served_count > 0 && throw(4) != 0) {
        size_t which = throw(node->served_count);
        uint64_t id = node->served[which];

        node->served[which] = node->served[--node->served_count];
        bus_say(&node->bus, node->service, (struct envelope){ .kind = ENVELOPE_RESULT, .id = id });
    }
}

/* ---- all of it ---- */

static void open_row(uint64_t seed)
{
    random_init(&dice, seed);
    memset(nodes, 0, sizeof(nodes));
    for (int i = 0; i < NODES; i++) {
        struct node *node = &nodes[i];

        bus_open(&node->bus);
        node->bus.drains = true;
        node->bus.await_ms = AWAIT_MS;
        node->linker = start_linker(&node->bus);
        node->service = bus_process(&node->bus, services[i], 5, bus_text(""));
        node->caller = bus_caller(&node->bus);
    }
    for (int i = 0; i + 1 < NODES; i++)
        link_up(i);
    for (int i = 0; i < NODES; i++) {
        tell_routes(i, 0);
        tell_routes(i, 1);
    }
}

static void act(bool calls)
{
    int at = (int) throw(NODES);
    int side = (int) throw(2);
    struct node *node = &nodes[at];

    switch (throw(12)) {
    case 0:
    case 1:
        if (calls && node->open < OPEN_MAX && node->last < CALLS)
            begin_call(at);
        break;
    case 2:
    case 3:
        serve(node);
        break;
    case 4:
        hear_results(node);
        break;
    case 5:
        if (throw(16) == 0)
            bus_pass_ms(&node->bus, 1);
        break;
    case 6:
        if (node->leaves || node->linker == NULL || (calls && is_whole() && throw(16) == 0))
            restart(at);
        break;
    case 7:
        if (at + 1 < NODES && !is_linked(at) && may_link(node) && may_link(&nodes[at + 1]))
            link_up(at);
        break;
    case 8:
        tell_routes(at, side);
        break;
    default:
        if (node->ways[side] != NULL)
            carry(at, side);
    }
}

static bool is_over(void)
{
    for (int i = 0; i < NODES; i++) {
        if (nodes[i].last < CALLS || nodes[i].open > 0)
            return false;
    }
    return true;
}

static void test_in_any_order_each_call_is_carried_out_once_and_none_fails(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        int steps = 0;

        open_row(seed);
        while (steps++ < STEPS && !is_over())
            act(nodes[0].last < CALLS || nodes[1].last < CALLS || nodes[2].last < CALLS);
        if (!is_over())
            fail_msg("seed %llu: some calls do not end", (unsigned long long)seed);
        for (size_t number = 1; number <= NUMBERS; number++) {
            int carried = 0;

            for (int i = 0; i < NODES; i++)
                carried += nodes[i].carried[number];
            assert_int_equal(carried, 1);
        }
        for (int i = 0; i < NODES; i++) {
            assert_int_equal(nodes[i].bus.router.calls.count, 0);
            bus_close(&nodes[i].bus);
            assert_int_equal(nodes[i].bus.router.parting_count, 0);
        }
    }
    assert_true(restarts > 2 * SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_any_order_each_call_is_carried_out_once_and_none_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
