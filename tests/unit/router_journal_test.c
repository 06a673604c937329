// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/journal.h"

#include <string.h>

#include "base/random.h"
#include "tests/unit/cmocka.h"

static struct journal journal;

static int set_up(void **state)
{
    (void)state;
    return journal_init(&journal);
}

static int tear_down(void **state)
{
    (void)state;
    journal_deinit(&journal);
    journal_deinit(&journal);
    return 0;
}

static struct span text(const char *text)
{
    return (struct span){ (const uint8_t *)text, strlen(text) };
}

static void test_an_empty_journal_has_no_records(void **state)
{
    struct journal_cursor cursor = journal_seek(&journal, 0);

    (void)state;
    assert_null(journal_next(&journal, &cursor));
    assert_null(journal_previous(&journal, &cursor));
    assert_true(journal_missed(&journal, 0) == 0);
    assert_true(journal_missed(&journal, 17) == 0); /* of a journal that was begun anew */
}

static void test_a_flood_of_good_calls_does_not_push_out_one_that_failed(void **state)
{
    struct journal_cursor cursor;

    (void)state;
    journal_add(&journal, 14);
    for (int i = 0; i < 3 * JOURNAL_CALLS_MAX; i++)
        journal_add(&journal, 0);
    cursor = journal_seek(&journal, 0);
    assert_true(journal_next(&journal, &cursor)->seq == 1);
    assert_true(journal_next(&journal, &cursor)->seq == UINT64_C(2) * JOURNAL_CALLS_MAX + 2);
    assert_true(journal_missed(&journal, 0) == UINT64_C(2) * JOURNAL_CALLS_MAX);
}

/* The naive model: of each kind the last so many, in the order in which they came. */
static void test_records_are_read_both_ways_in_the_order_in_which_they_came(void **state)
{
    enum { RECORDS = 3 * JOURNAL_CALLS_MAX };
    static bool failed[RECORDS + 1];
    static bool held[RECORDS + 1];
    uint32_t left[2] = { JOURNAL_CALLS_MAX, JOURNAL_FAILURES_MAX };
    const struct journal_record *record;
    struct journal_cursor cursor;
    struct random random;

    (void)state;
    random_init(&random, 5);
    for (uint64_t seq = 1; seq <= RECORDS; seq++) {
        failed[seq] = random_below(&random, 5) < 2;
        assert_true(journal_add(&journal, failed[seq] ? 5 : 0)->seq == seq);
    }
    for (uint64_t seq = RECORDS; seq > 0; seq--) {
        held[seq] = left[failed[seq]] > 0;
        left[failed[seq]] -= held[seq] ? 1 : 0;
    }
    for (int run = 0; run < 100; run++) {
        uint64_t since = random_below(&random, RECORDS + 1);
        uint64_t missed = 0;
        uint64_t count = 0;

        cursor = journal_seek(&journal, since);
        for (uint64_t seq = since + 1; seq <= RECORDS; seq++) {
            missed += held[seq] ? 0 : 1;
            if (!held[seq])
                continue;
            record = journal_next(&journal, &cursor);
            assert_true(record->seq == seq && (record->code != 0) == failed[seq]);
            count += 1;
        }
        assert_null(journal_next(&journal, &cursor));
        assert_true(journal_missed(&journal, since) == missed);
        for (uint64_t seq = RECORDS; count > 0; seq--) {
            if (!held[seq])
                continue;
            assert_true(journal_previous(&journal, &cursor)->seq == seq);
            count -= 1;
        }
    }
}

static void test_names_that_find_no_room_are_cut_between_two_letters(void **state)
{
    struct journal_record *record = journal_add(&journal, 0);
    char long_name[2 * JOURNAL_TEXT_SIZE + 2];

    (void)state;
    assert_int_equal(journal_put_text(record, 0, text("")), 0);
    assert_int_equal(journal_put_text(record, 0, text("greeter")), 7);
    for (size_t i = 0; i + 1 < sizeof(long_name); i += 2)
        memcpy(long_name + i, "ä", 2);
    long_name[sizeof(long_name) - 2] = '\0';
    assert_int_equal(journal_put_text(record, 7, text(long_name)), JOURNAL_TEXT_SIZE - 7 - 1);
    assert_int_equal(journal_put_text(record, 8, text(long_name)), JOURNAL_TEXT_SIZE - 8);
    assert_int_equal(journal_put_text(record, JOURNAL_TEXT_SIZE, text("x")), 0);
    assert_memory_equal(record->text, "greeter", 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_empty_journal_has_no_records, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_flood_of_good_calls_does_not_push_out_one_that_failed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_records_are_read_both_ways_in_the_order_in_which_they_came, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_names_that_find_no_room_are_cut_between_two_letters, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
