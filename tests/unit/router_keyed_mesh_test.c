// SPDX-License-Identifier: Apache-2.0
/* Calls with a key between nodes: what a router says to another of a key; and three routers whose
 * links, services and selves are lost all the time, while nothing is carried out twice. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/router/keyed.h"
#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_policies.h"

enum { NODES = 3, NEAR = 0, FAR = 1, OTHER = 2, UNAVAILABLE = CODE_UNAVAILABLE };

static const char *const names[NODES] = { "n0.alice", "n1.alice", "n2.alice" };

struct node {
    struct bus bus;
    struct peer *linker;
    struct peer *links[NODES]; /* node channels; NULL: broken */
    struct peer *shop;         /* NULL: there is none */
};

static struct node nodes[NODES];
static struct peer *supervisor;
static struct peer *caller;
static struct written policy;

static void open_node(int i)
{
    nodes[i] = (struct node){ .linker = NULL };
    bus_open(&nodes[i].bus);
    nodes[i].linker = bus_linker(&nodes[i].bus);
}

static void link_nodes(int i, int j)
{
    nodes[i].links[j] = bus_neighbour(&nodes[i].bus, nodes[i].linker, names[j], (uint8_t)(j + 1));
    nodes[j].links[i] = bus_neighbour(&nodes[j].bus, nodes[j].linker, names[i], (uint8_t)(i + 1));
    bus_set_route(&nodes[i].bus, nodes[i].linker, nodes[i].links[j], "shop", 1);
    if (i != NEAR)
        bus_set_route(&nodes[j].bus, nodes[j].linker, nodes[j].links[i], "shop", 1);
}

/* What was on its way is lost. */
static void break_link(int i, int j)
{
    router_detach(&nodes[i].bus.router, nodes[i].links[j], nodes[i].bus.now_us);
    router_detach(&nodes[j].bus.router, nodes[j].links[i], nodes[j].bus.now_us);
    nodes[i].links[j] = nodes[j].links[i] = NULL;
}

static int set_up(void **state)
{
    (void)state;
    for (int i = 0; i < NODES; i++)
        open_node(i);
    caller = bus_caller(&nodes[NEAR].bus);
    nodes[FAR].shop = bus_service(&nodes[FAR].bus, "shop");
    link_nodes(NEAR, FAR);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < NODES; i++)
        bus_close(&nodes[i].bus);
    return 0;
}

/* Hands over what waits at one end of a link. */
static void carry(int i, int j)
{
    size_t count = bus_hear(&nodes[i].bus, nodes[i].links[j]);

    for (size_t e = 0; e < count; e++)
        assert_int_equal(bus_say(&nodes[j].bus, nodes[j].links[i], nodes[i].bus.heard[e]), 0);
}

static void ask(uint64_t id, const char *key)
{
    assert_int_equal(bus_say(&nodes[NEAR].bus, caller,
                             (struct envelope){ .kind = ENVELOPE_CALL,
                                     .id = id,
                                     .endpoint = bus_text("shop.Pay"),
                                     .timeout_ms = 60000,
                                     .key = bus_text(key),
                                     .body = bus_text(key) }),
            0);
}

static void expect(uint64_t id, uint32_t code, uint32_t executed)
{
    bus_expect_result(&nodes[NEAR].bus, caller, id, code, executed);
}

/* The shop has the call, by this id. */
static uint64_t take_order(void)
{
    carry(NEAR, FAR);
    return bus_take_call(&nodes[FAR].bus, nodes[FAR].shop);
}

static void set_retries(bool idempotent)
{
    supervisor = bus_supervisor(&nodes[NEAR].bus);
    write_policy(&policy, "shop.*");
    write_retries(&policy, 3, idempotent);
    bus_set_policy(&nodes[NEAR].bus, supervisor, &policy);
}

static void pass_ms(uint64_t ms)
{
    for (int i = 0; i < NODES; i++)
        bus_pass_ms(&nodes[i].bus, ms);
}

/* ---- one link ---- */

/* Has the shop carry the call out, and its answer get lost on the way back. */
static void lose_the_answer(const char *key)
{
    ask(1, key);
    bus_answer(&nodes[FAR].bus, nodes[FAR].shop, take_order(), 0, 0);
    break_link(NEAR, FAR);
}

static void test_an_answer_that_a_link_lost_is_found_by_the_next_call(void **state)
{
    (void)state;
    lose_the_answer("order");
    expect(1, UNAVAILABLE, EXECUTED_UNKNOWN);
    link_nodes(NEAR, FAR);
    ask(2, "order");
    assert_int_equal(take_order(), 0);
    carry(FAR, NEAR);
    expect(2, 0, 0);
    assert_memory_equal(nodes[NEAR].bus.heard[0].body.data, "answer", 6);
    ask(3, "order"); /* now it is known here, too */
    expect(3, 0, 0);
    assert_non_null(
            meter_find(&nodes[NEAR].bus.router.notebook.meter, bus_text("shop.Pay"), SIDE_THERE));
}

static void test_a_policys_retry_finds_it_by_itself(void **state)
{
    (void)state;
    set_retries(false);
    lose_the_answer("order");
    link_nodes(NEAR, FAR);
    pass_ms(200);
    assert_int_equal(take_order(), 0);
    carry(FAR, NEAR);
    expect(1, 0, 0);
}

static void test_a_retry_waits_for_the_link_and_for_the_call_that_is_under_way(void **state)
{
    uint64_t id;

    (void)state;
    set_retries(false);
    ask(1, "order");
    id = take_order();
    break_link(NEAR, FAR);
    pass_ms(50); /* the first retry finds no way */
    link_nodes(NEAR, FAR);
    pass_ms(300);
    assert_int_equal(take_order(), 0);
    bus_answer(&nodes[FAR].bus, nodes[FAR].shop, id, 0, 0);
    carry(FAR, NEAR);
    expect(1, 0, 0);
}

static void test_a_call_that_may_be_there_is_not_carried_out_here_or_elsewhere(void **state)
{
    (void)state;
    lose_the_answer("order");
    expect(1, UNAVAILABLE, EXECUTED_UNKNOWN);
    nodes[NEAR].shop = bus_service(&nodes[NEAR].bus, "shop");
    nodes[OTHER].shop = bus_service(&nodes[OTHER].bus, "shop");
    link_nodes(NEAR, OTHER);
    ask(2, "order");
    expect(2, UNAVAILABLE, EXECUTED_UNKNOWN); /* who knows is not reached */
    assert_int_equal(bus_take_call(&nodes[NEAR].bus, nodes[NEAR].shop), 0);
    assert_int_equal(bus_hear(&nodes[NEAR].bus, nodes[NEAR].links[OTHER]), 0);
    link_nodes(NEAR, FAR);
    ask(3, "order");
    assert_int_equal(take_order(), 0);
    carry(FAR, NEAR);
    expect(3, 0, 0);
}

static void test_a_router_that_forgot_the_key_does_not_carry_the_call_out(void **state)
{
    (void)state;
    set_retries(true);
    ask(1, "order");
    take_order();
    break_link(NEAR, FAR);
    bus_close(&nodes[FAR].bus);
    open_node(FAR);
    nodes[FAR].shop = bus_service(&nodes[FAR].bus, "shop");
    link_nodes(NEAR, FAR);
    pass_ms(300);
    assert_int_equal(take_order(), 0);
    carry(FAR, NEAR);
    expect(1, CODE_FAILED_PRECONDITION, EXECUTED_UNKNOWN);
    ask(2, "order");
    assert_int_equal(take_order(), 0);
    carry(FAR, NEAR);
    expect(2, CODE_FAILED_PRECONDITION, EXECUTED_UNKNOWN);
}

static void test_what_a_question_is_refused_is_not_told_as_not_executed(void **state)
{
    struct envelope asked;
    struct status no = { .code = CODE_RESOURCE_EXHAUSTED, .executed = EXECUTED_NO };
    uint8_t room[64];

    (void)state;
    lose_the_answer("order");
    expect(1, UNAVAILABLE, EXECUTED_UNKNOWN);
    link_nodes(NEAR, FAR);
    ask(2, "order");
    asked = bus_hear_one(&nodes[NEAR].bus, nodes[NEAR].links[FAR], ENVELOPE_CALL);
    assert_int_equal(asked.key.data[0], KEYED_AGAIN);
    bus_say(&nodes[NEAR].bus, nodes[NEAR].links[FAR],
            (struct envelope){ .kind = ENVELOPE_RESULT,
                    .id = asked.id ^ CALL_ID_ROUTER,
                    .status = { room, status_write(&no, room, sizeof(room)) } });
    expect(2, CODE_RESOURCE_EXHAUSTED, EXECUTED_UNKNOWN);
}

static void test_a_key_crosses_with_the_word_that_it_is_the_first_time(void **state)
{
    struct envelope crossed;

    (void)state;
    ask(1, "order");
    crossed = bus_hear_one(&nodes[NEAR].bus, nodes[NEAR].links[FAR], ENVELOPE_CALL);
    assert_int_equal(crossed.key.size, 6);
    assert_int_equal(crossed.key.data[0], KEYED_FIRST);
    assert_memory_equal(crossed.key.data + 1, "order", 5);
}

static void test_a_key_from_another_node_is_read_strictly(void **state)
{
    static const char *const keys[] = { "order", "\1", "\2", "\3order",
        "\1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
    uint8_t stamp[STAMP_SIZE_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        bus_say(&nodes[FAR].bus, nodes[FAR].links[NEAR],
                (struct envelope){ .kind = ENVELOPE_CALL,
                        .id = CALL_ID_ROUTER | 7,
                        .endpoint = bus_text("shop.Pay"),
                        .key = bus_text(keys[i]),
                        .caller = stamp_write(
                                &(struct stamp){ .node = bus_text("n0.alice") }, stamp) });
        bus_expect_result(
                &nodes[FAR].bus, nodes[FAR].links[NEAR], 7, CODE_INVALID_ARGUMENT, EXECUTED_NO);
    }
}

/* ---- many losses ---- */

enum { KEYS = 60, ROUNDS = 40, STEPS = 400, CALLS = 40, PENDING = 64 };

struct pending {
    int node;
    struct peer *shop;
    uint64_t id;
};

static struct campaign {
    struct random random;
    int executed[KEYS];              /* how often each key's call was carried out */
    int asked[CALLS + 1];            /* the key of each call under way, by its id; -1: none */
    struct pending pending[PENDING]; /* carried out, and not answered */
    size_t pending_count;
    size_t answered;
    size_t unknown;
} run;

static bool roll(uint32_t of)
{
    return random_below(&run.random, of) == 0;
}

static void campaign_ask(void)
{
    uint64_t id = 1 + random_below(&run.random, CALLS);
    char key[8];

    if (run.asked[id] >= 0)
        return;
    run.asked[id] = (int)random_below(&run.random, KEYS);
    snprintf(key, sizeof(key), "%d", run.asked[id]);
    ask(id, key);
}

/* Whoever is told something is told the truth. */
static void campaign_hear(void)
{
    size_t count = bus_hear(&nodes[NEAR].bus, caller);

    for (size_t i = 0; i < count; i++) {
        struct envelope *heard = &nodes[NEAR].bus.heard[i];
        int key = run.asked[heard->id];
        struct status status = { .executed = EXECUTED_YES };

        assert_true(key >= 0);
        run.asked[heard->id] = -1;
        if (heard->status.size > 0)
            assert_int_equal(status_read(&status, heard->status), ENVELOPE_OK);
        run.answered += status.code == 0 ? 1 : 0;
        run.unknown += status.executed == EXECUTED_UNKNOWN ? 1 : 0;
        if (status.executed == EXECUTED_NO)
            assert_int_equal(run.executed[key], 0);
        if (status.executed == EXECUTED_YES && run.executed[key] != 1)
            fail_msg("%d was carried out %d times: code %d %.*s", key, run.executed[key],
                    (int)status.code, (int)status.message.size, (const char *)status.message.data);
    }
}

static int read_key(struct span body)
{
    char text[8] = "";

    memcpy(text, body.data, body.size < sizeof(text) ? body.size : 0);
    return (int)strtol(text, NULL, 10);
}

/* A shop carries out what it was sent, or refuses it. */
static void campaign_serve(int i)
{
    size_t count = bus_hear(&nodes[i].bus, nodes[i].shop);
    struct pending taken[BUS_HEARD_MAX];
    size_t refused = 0;

    for (size_t e = 0; e < count; e++) {
        const struct envelope *heard = &nodes[i].bus.heard[e];

        if (heard->kind != ENVELOPE_CALL)
            continue;
        assert_int_equal(heard->key.size, 0);
        if (roll(5) || run.pending_count == PENDING) {
            taken[refused++] = (struct pending){ i, nodes[i].shop, heard->id };
            continue;
        }
        run.executed[read_key(heard->body)] += 1;
        run.pending[run.pending_count++] = (struct pending){ i, nodes[i].shop, heard->id };
    }
    while (refused > 0)
        bus_answer(&nodes[i].bus, nodes[i].shop, taken[--refused].id, UNAVAILABLE, EXECUTED_NO);
}

static void campaign_answer(void)
{
    struct pending done;

    if (run.pending_count == 0)
        return;
    done = run.pending[random_below(&run.random, (uint32_t)run.pending_count)];
    for (size_t i = 0; i < run.pending_count; i++) {
        if (run.pending[i].id == done.id && run.pending[i].shop == done.shop)
            run.pending[i] = run.pending[--run.pending_count];
    }
    bus_answer(&nodes[done.node].bus, done.shop, done.id, 0, 0);
}

static void campaign_lose_shop(int i)
{
    if (nodes[i].shop == NULL)
        return;
    for (size_t p = 0; p < run.pending_count;) {
        if (run.pending[p].shop == nodes[i].shop)
            run.pending[p] = run.pending[--run.pending_count];
        else
            p++;
    }
    router_detach(&nodes[i].bus.router, nodes[i].shop, nodes[i].bus.now_us);
    nodes[i].shop = NULL;
}

static void campaign_restart(int i)
{
    uint64_t now_us = nodes[i].bus.now_us;

    campaign_lose_shop(i);
    for (int j = 0; j < NODES; j++) {
        if (nodes[i].links[j] != NULL)
            break_link(j < i ? j : i, j < i ? i : j);
    }
    bus_close(&nodes[i].bus);
    open_node(i);
    nodes[i].bus.now_us = now_us;
}

static void campaign_lose_caller(void)
{
    router_detach(&nodes[NEAR].bus.router, caller, nodes[NEAR].bus.now_us);
    caller = bus_caller(&nodes[NEAR].bus);
    memset(run.asked, -1, sizeof(run.asked));
}

static void campaign_step(void)
{
    int i = (int)random_below(&run.random, NODES);
    int j = (int)random_below(&run.random, NODES);

    switch (random_below(&run.random, 12)) {
    case 0:
    case 1:
    case 2:
        campaign_ask();
        break;
    case 3:
        campaign_answer();
        break;
    case 4:
        pass_ms(1 + random_below(&run.random, 40));
        break;
    case 5:
        if (nodes[i].shop == NULL && (i != NEAR || roll(8)))
            nodes[i].shop = bus_service(&nodes[i].bus, "shop");
        else if (roll(6))
            campaign_lose_shop(i);
        break;
    case 6:
        if (roll(30) && i != NEAR)
            campaign_restart(i);
        else if (roll(30))
            campaign_lose_caller();
        break;
    case 7:
        if (i < j && nodes[i].links[j] == NULL)
            link_nodes(i, j);
        else if (i < j && roll(6))
            break_link(i, j);
        break;
    case 8:
    case 9:
        if (nodes[i].shop != NULL)
            campaign_serve(i);
        break;
    default:
        if (i != j && nodes[i].links[j] != NULL)
            carry(i, j);
    }
    campaign_hear();
}

static void test_whatever_is_lost_nothing_is_carried_out_twice_and_all_are_told_the_truth(
        void **state)
{
    size_t answered = 0;
    size_t unknown = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        if (seed > 1)
            set_up(NULL);
        run = (struct campaign){ .answered = 0 };
        memset(run.asked, -1, sizeof(run.asked));
        random_init(&run.random, seed * 7919);
        if (seed % 3 != 0)
            set_retries(seed % 2 == 0);
        for (int i = 0; i < STEPS * NODES; i++)
            campaign_step();
        for (int key = 0; key < KEYS; key++) {
            if (run.executed[key] > 1)
                fail_msg("seed %d: %d was carried out %d times", (int)seed, key, run.executed[key]);
        }
        answered += run.answered;
        unknown += run.unknown;
        if (seed < ROUNDS)
            tear_down(NULL);
    }
    print_message("%zu answered, %zu told that nobody knows\n", answered, unknown);
    assert_true(answered > unknown);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_an_answer_that_a_link_lost_is_found_by_the_next_call),
        TEST(test_a_policys_retry_finds_it_by_itself),
        TEST(test_a_retry_waits_for_the_link_and_for_the_call_that_is_under_way),
        TEST(test_a_call_that_may_be_there_is_not_carried_out_here_or_elsewhere),
        TEST(test_a_router_that_forgot_the_key_does_not_carry_the_call_out),
        TEST(test_what_a_question_is_refused_is_not_told_as_not_executed),
        TEST(test_a_key_crosses_with_the_word_that_it_is_the_first_time),
        TEST(test_a_key_from_another_node_is_read_strictly),
        TEST(test_whatever_is_lost_nothing_is_carried_out_twice_and_all_are_told_the_truth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
