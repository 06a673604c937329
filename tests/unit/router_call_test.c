// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/random.h"
#include "kernel/router/call.h"
#include "kernel/router/peer.h"
#include "tests/unit/cmocka.h"

static void give(struct call_table *table, struct call *call)
{
    if (call->caller != NULL)
        call_forget_caller(table, &call->caller->index, call);
    call_give(table, call);
}

static void test_a_call_is_found_by_both_of_its_ids(void **state)
{
    struct peer peers[2] = { { .pid = 1 }, { .pid = 2 } };
    struct call_table table;
    struct call *call;
    uint64_t id;

    (void)state;
    assert_int_equal(call_table_init(&table, 1), 0);
    call = call_take(&table, &peers[0], &peers[0].index, 7, &peers[1]);
    id = call_id(&table, call);
    assert_true((id & CALL_ID_ROUTER) != 0);
    assert_ptr_equal(call_find(&table, id), call);
    assert_ptr_equal(call_find_by_caller(&table, &peers[0].index, 7), call);
    assert_null(call_find_by_caller(&table, &peers[1].index, 7));
    assert_null(call_find_by_caller(&table, &peers[0].index, 8));
    call_forget_caller(&table, &call->caller->index, call);
    assert_null(call_find_by_caller(&table, &peers[0].index, 7));
    assert_ptr_equal(call_find(&table, id), call);
    call_give(&table, call);
    assert_null(call_find(&table, id));
    call_index_deinit(&peers[0].index);
    call_index_deinit(&peers[0].index);
    call_table_deinit(&table);
    call_table_deinit(&table);
}

static void test_an_old_id_never_finds_the_slot_s_next_call(void **state)
{
    struct peer peer = { 0 };
    struct call_table table;
    struct call *first;
    struct call *second;
    uint64_t id;

    (void)state;
    assert_int_equal(call_table_init(&table, 1), 0);
    first = call_take(&table, &peer, &peer.index, 1, &peer);
    id = call_id(&table, first);
    give(&table, first);
    second = call_take(&table, &peer, &peer.index, 1, &peer);
    assert_ptr_equal(first, second);
    assert_null(call_find(&table, id));
    for (uint64_t guess = 0; guess < 1u << 20; guess++)
        assert_null(call_find(&table, guess));
    give(&table, second);
    call_index_deinit(&peer.index);
    call_table_deinit(&table);
}

static void test_the_table_takes_its_limit_and_not_one_more(void **state)
{
    struct peer peer = { 0 };
    struct call_table table;
    struct call *last = NULL;

    (void)state;
    assert_int_equal(call_table_init(&table, 1), 0);
    for (uint64_t i = 1; i <= ROUTER_CALLS_MAX; i++) {
        last = call_take(&table, &peer, &peer.index, i, &peer);
        assert_non_null(last);
    }
    assert_null(call_take(&table, &peer, &peer.index, ROUTER_CALLS_MAX + 1, &peer));
    give(&table, last);
    assert_non_null(call_take(&table, &peer, &peer.index, ROUTER_CALLS_MAX + 1, &peer));
    assert_int_equal(table.count, ROUTER_CALLS_MAX);
    call_index_deinit(&peer.index);
    call_table_deinit(&table);
}

/* Random takes and gives against a plain array, of ids that are multiples of `stride`. */
static void compare_with_naive(uint64_t stride)
{
    enum { PEERS = 4, IDS = 600, STEPS = 100000 };
    struct peer *peers = calloc(PEERS, sizeof(*peers));
    struct call **model = calloc((size_t)PEERS * IDS, sizeof(*model));
    struct call_table table;
    struct random random;

    random_init(&random, stride);
    assert_int_equal(call_table_init(&table, 1), 0);
    for (int i = 0; i < STEPS; i++) {
        uint32_t who = random_below(&random, PEERS);
        uint32_t number = random_below(&random, IDS);
        struct call **slot = &model[who * IDS + number];
        struct call_index *index = &peers[who].index;

        assert_ptr_equal(call_find_by_caller(&table, index, number * stride), *slot);
        if (*slot == NULL) {
            *slot = call_take(&table, &peers[who], index, number * stride, &peers[0]);
            assert_non_null(*slot);
        } else {
            give(&table, *slot);
            *slot = NULL;
        }
    }
    for (uint32_t i = 0; i < PEERS * IDS; i++)
        assert_ptr_equal(
                call_find_by_caller(&table, &peers[i / IDS].index, i % IDS * stride), model[i]);
    for (int i = 0; i < PEERS; i++)
        assert_int_equal(peers[i].index.mixed, stride > 1);
    for (int i = 0; i < PEERS; i++)
        call_index_deinit(&peers[i].index);
    call_table_deinit(&table);
    free(model);
    free(peers);
}

static void test_the_index_agrees_with_a_naive_one(void **state)
{
    (void)state;
    compare_with_naive(1);
}

static void test_ids_picked_to_collide_are_mixed_and_found(void **state)
{
    (void)state;
    compare_with_naive(1u << 20);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_call_is_found_by_both_of_its_ids),
        cmocka_unit_test(test_an_old_id_never_finds_the_slot_s_next_call),
        cmocka_unit_test(test_the_table_takes_its_limit_and_not_one_more),
        cmocka_unit_test(test_the_index_agrees_with_a_naive_one),
        cmocka_unit_test(test_ids_picked_to_collide_are_mixed_and_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
