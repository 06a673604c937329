// SPDX-License-Identifier: Apache-2.0
#include "client/call_table.h"
#include "tests/unit/cmocka.h"

static struct pending *take(struct call_table *table)
{
    struct pending *pending = call_table_take(table);

    if (pending != NULL)
        pending->kind = PENDING_BYTES;
    return pending;
}

static void test_a_call_is_found_by_its_number_until_it_is_given(void **state)
{
    struct call_table table;
    struct pending *pending;
    uint64_t id;

    (void)state;
    call_table_init(&table);
    assert_null(call_table_find(&table, 0));
    pending = take(&table);
    id = pending->id;
    assert_int_not_equal(id, 0);
    assert_int_equal(id & CALL_ID_ROUTER, 0);
    assert_ptr_equal(call_table_find(&table, id), pending);
    call_table_give(&table, pending);
    assert_null(call_table_find(&table, id));
    assert_int_equal(table.open, 0);
    call_table_deinit(&table);
}

static void test_a_slot_used_again_has_another_number(void **state)
{
    struct call_table table;
    struct pending *pending;
    uint64_t first;

    (void)state;
    call_table_init(&table);
    pending = take(&table);
    first = pending->id;
    call_table_give(&table, pending);
    assert_ptr_equal(take(&table), pending);
    assert_int_not_equal(pending->id, first);
    assert_null(call_table_find(&table, first));
    call_table_give(&table, pending);
    call_table_deinit(&table);
}

static void test_numbers_start_again_behind_the_last_generation(void **state)
{
    struct call_table table;
    struct pending *pending;
    uint64_t last = CALL_ID_ROUTER - MU_CLIENT_CALLS_MAX;

    (void)state;
    call_table_init(&table);
    pending = take(&table);
    pending->id = last | (pending->id & (MU_CLIENT_CALLS_MAX - 1));
    call_table_give(&table, pending);
    assert_ptr_equal(take(&table), pending);
    assert_int_not_equal(pending->id, 0);
    assert_int_equal(pending->id & CALL_ID_ROUTER, 0);
    assert_ptr_equal(call_table_find(&table, pending->id), pending);
    call_table_give(&table, pending);
    call_table_deinit(&table);
}

static void test_it_holds_exactly_its_limit(void **state)
{
    struct call_table table;
    static uint64_t ids[MU_CLIENT_CALLS_MAX];
    uint32_t cursor = 0;
    uint32_t seen = 0;

    (void)state;
    call_table_init(&table);
    for (int i = 0; i < MU_CLIENT_CALLS_MAX; i++) {
        struct pending *pending = take(&table);

        assert_non_null(pending);
        ids[i] = pending->id;
    }
    assert_null(take(&table));
    while (call_table_next(&table, &cursor) != NULL)
        seen += 1;
    assert_int_equal(seen, MU_CLIENT_CALLS_MAX);
    for (int i = 0; i < MU_CLIENT_CALLS_MAX; i++)
        call_table_give(&table, call_table_find(&table, ids[i]));
    cursor = 0;
    assert_null(call_table_next(&table, &cursor));
    assert_non_null(take(&table));
    table.open = 0;
    call_table_deinit(&table);
    call_table_deinit(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_call_is_found_by_its_number_until_it_is_given),
        cmocka_unit_test(test_a_slot_used_again_has_another_number),
        cmocka_unit_test(test_numbers_start_again_behind_the_last_generation),
        cmocka_unit_test(test_it_holds_exactly_its_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
