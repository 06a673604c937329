// SPDX-License-Identifier: Apache-2.0
/* Records of several routers, whose clocks do not agree. */
#include <string.h>

#include "services/interface/mu/calls_reach.h"
#include "tests/unit/cmocka.h"

enum { NODES = 3, SPAN_SIZE = 8, BASE_US = 100000000 };

/* A call that node 0 made to node 1, and that one to node 2; each as both sides saw it. */
struct chain {
    Mu__Router__V1__CallRecord records[4];
    uint8_t spans[4][SPAN_SIZE];
    const Mu__Router__V1__CallRecord *lists[NODES][2];
    struct calls each[NODES];
};

static void chain_record(struct chain *chain, int index, uint64_t began_us, uint64_t took_us)
{
    Mu__Router__V1__CallRecord *record = &chain->records[index];

    mu__router__v1__call_record__init(record);
    chain->spans[index][0] = (uint8_t)(index + 1);
    record->span = (ProtobufCBinaryData){ SPAN_SIZE, chain->spans[index] };
    if (index > 0)
        record->parent_span = chain->records[index - 1].span;
    record->began_us = began_us;
    record->took_us = took_us;
}

/* `ahead_us` is by how much the clocks of nodes 1 and 2 are. */
static void chain_init(struct chain *chain, const int64_t ahead_us[NODES])
{
    static const struct {
        int node;
        uint64_t began_us;
        uint64_t took_us;
    } calls[4] = { { 0, BASE_US, 1000 }, { 1, BASE_US + 100, 800 }, { 1, BASE_US + 200, 600 },
        { 2, BASE_US + 300, 400 } };

    memset(chain, 0, sizeof(*chain));
    for (int i = 0; i < 4; i++) {
        struct calls *node = &chain->each[calls[i].node];

        chain_record(
                chain, i, calls[i].began_us + (uint64_t)ahead_us[calls[i].node], calls[i].took_us);
        node->records = chain->lists[calls[i].node];
        node->records[node->count++] = &chain->records[i];
    }
}

static void assert_nested(const struct chain *chain)
{
    for (int i = 1; i < 4; i++) {
        const Mu__Router__V1__CallRecord *outer = &chain->records[i - 1];
        const Mu__Router__V1__CallRecord *inner = &chain->records[i];

        assert_true(inner->began_us >= outer->began_us);
        assert_true(inner->began_us + inner->took_us <= outer->began_us + outer->took_us);
    }
}

static void test_clocks_that_agree_are_left_alone(void **state)
{
    static const int64_t ahead_us[NODES] = { 0, 0, 0 };
    struct chain chain;

    (void)state;
    chain_init(&chain, ahead_us);
    calls_reach_align(chain.each, NODES);
    assert_int_equal(chain.records[0].began_us, BASE_US);
    assert_int_equal(chain.records[1].began_us, BASE_US + 100);
    assert_int_equal(chain.records[3].began_us, BASE_US + 300);
}

static void test_clocks_that_are_off_are_put_right_by_the_calls_between_them(void **state)
{
    static const int64_t cases[][NODES] = { { 0, 5000000, -7000000 }, { 0, -3, 900000 },
        { 0, -999999, -999999 }, { 0, 0, 150 } };
    struct chain chain;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        chain_init(&chain, cases[i]);
        calls_reach_align(chain.each, NODES);
        assert_nested(&chain);
        assert_int_equal(chain.records[0].began_us, BASE_US);
        /* what one router saw stays as far apart as it was */
        assert_int_equal(chain.records[2].began_us - chain.records[1].began_us, 100);
    }
}

static void test_whoever_asks_need_not_be_where_it_began(void **state)
{
    static const int64_t ahead_us[NODES] = { 0, 5000000, -7000000 };
    struct chain chain;
    struct calls asked[NODES];

    (void)state;
    chain_init(&chain, ahead_us);
    for (int i = 0; i < NODES; i++)
        asked[i] = chain.each[NODES - 1 - i];
    calls_reach_align(asked, NODES);
    assert_nested(&chain);
    assert_int_equal(chain.records[3].began_us, BASE_US + 300 - 7000000);
}

static void test_a_node_that_no_call_leads_to_keeps_its_time(void **state)
{
    static const int64_t ahead_us[NODES] = { 0, 5000000, 0 };
    struct chain chain;

    (void)state;
    chain_init(&chain, ahead_us);
    chain.records[1].parent_span.len = 0;
    calls_reach_align(chain.each, NODES);
    assert_int_equal(chain.records[1].began_us, BASE_US + 5000100);
    assert_int_equal(chain.records[3].began_us, BASE_US + 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clocks_that_agree_are_left_alone),
        cmocka_unit_test(test_clocks_that_are_off_are_put_right_by_the_calls_between_them),
        cmocka_unit_test(test_whoever_asks_need_not_be_where_it_began),
        cmocka_unit_test(test_a_node_that_no_call_leads_to_keeps_its_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
