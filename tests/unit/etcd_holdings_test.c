// SPDX-License-Identifier: Apache-2.0
/* What is to be done with etcd's copy of a registration, for all there can be here and there. */
#include "registry/etcd/holdings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka.h"

static struct mu_bytes bytes_of(const char *text)
{
    return (struct mu_bytes){ (const uint8_t *)text, text != NULL ? strlen(text) : 0 };
}

/* Holdings with one service, wanted and held so. `revision` 0: its key is not in etcd. */
static struct holding *make(struct holdings *holdings, const char *wanted, const char *held,
        uint64_t revision, bool known, bool adopting)
{
    struct holding *holding;

    *holdings = (struct holdings){ .known = known, .adopting = adopting };
    holding = holdings_obtain(holdings, "shop");
    assert_non_null(holding);
    assert_int_equal(holding_want(holding, bytes_of(wanted), 0), 0);
    assert_int_equal(holding_hold(holding, bytes_of(held), revision), 0);
    return holding;
}

static void test_each_state_has_its_action(void **state)
{
    static const struct {
        const char *wanted;
        const char *held;
        uint64_t revision;
        bool known;
        bool adopting;
        enum holdings_action action;
    } rows[] = {
        /* both the same */
        { "m", "m", 3, true, false, HOLDINGS_NOTHING },
        { NULL, NULL, 0, true, false, HOLDINGS_NOTHING },
        { NULL, NULL, 0, false, true, HOLDINGS_NOTHING },
        /* registered here, not there, or not so, or overwritten */
        { "m", NULL, 0, true, false, HOLDINGS_PUT },
        { "m", "n", 3, true, false, HOLDINGS_PUT },
        { "m", "mm", 3, true, false, HOLDINGS_PUT },
        { "m", NULL, 3, true, false, HOLDINGS_PUT },
        { "m", NULL, 0, false, true, HOLDINGS_PUT },
        /* not registered here, but kept there: of another time, or forged */
        { NULL, "m", 3, true, false, HOLDINGS_DELETE },
        { NULL, NULL, 3, true, false, HOLDINGS_DELETE },
        { NULL, NULL, 3, true, true, HOLDINGS_DELETE },
        /* the same on a disk that has never seen it */
        { NULL, "m", 3, true, true, HOLDINGS_ADOPT },
        /* the registry has not told what is registered */
        { NULL, "m", 3, false, false, HOLDINGS_NOTHING },
        { NULL, "m", 3, false, true, HOLDINGS_NOTHING },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct holdings holdings;
        struct holding *holding = NULL;

        make(&holdings, rows[i].wanted, rows[i].held, rows[i].revision, rows[i].known,
                rows[i].adopting);
        assert_int_equal(holdings_next(&holdings, 0, &holding), rows[i].action);
        if (rows[i].action != HOLDINGS_NOTHING)
            assert_string_equal(holding->service, "shop");
        holdings_deinit(&holdings);
        holdings_deinit(&holdings);
    }
}

static void test_what_was_refused_stays_in_etcd_and_is_tried_with_the_next_list(void **state)
{
    struct holdings holdings;
    struct holding *holding = make(&holdings, NULL, "m", 3, true, true);

    (void)state;
    holding->refused = true;
    assert_int_equal(holdings_next(&holdings, 0, &holding), HOLDINGS_NOTHING);
    assert_false(holdings_are_adopted(&holdings));
    holdings_list_begin(&holdings, false);
    assert_int_equal(holding_hold(holding, bytes_of("m"), 3), 0);
    holdings_list_end(&holdings, false);
    assert_int_equal(holdings_next(&holdings, 0, &holding), HOLDINGS_ADOPT);
    assert_int_equal(holding_want(holding, bytes_of("m"), 0), 0);
    assert_true(holdings_are_adopted(&holdings));
    holdings_deinit(&holdings);
}

/* Between etcd's answer and the registry's word nothing is undone; without that word it is asked.
 */
static void test_a_change_that_is_under_way_is_not_undone(void **state)
{
    struct holdings holdings;
    struct holding *holding = make(&holdings, NULL, NULL, 0, true, true);

    (void)state;
    assert_int_equal(holding_want(holding, bytes_of("m"), 1000), 0);
    assert_int_equal(holdings_next(&holdings, 0, &holding), HOLDINGS_PUT);
    assert_int_equal(holding_hold(holding, bytes_of("m"), 4), 0);
    assert_int_equal(holdings_next(&holdings, 999, &holding), HOLDINGS_NOTHING);
    holdings_list_begin(&holdings, true);
    holdings_list_end(&holdings, true);
    assert_int_equal(holdings_next(&holdings, 999, &holding), HOLDINGS_NOTHING);
    assert_int_equal(holdings_due(&holdings), 1000);
    assert_int_equal(holdings_next(&holdings, 1000, &holding), HOLDINGS_ASK);

    assert_int_equal(holding_want(holding, bytes_of(NULL), 2000), 0);
    assert_int_equal(holdings_next(&holdings, 1000, &holding), HOLDINGS_DELETE);
    assert_int_equal(holding_hold(holding, bytes_of(NULL), 0), 0);
    assert_int_equal(holdings_next(&holdings, 1999, &holding), HOLDINGS_NOTHING);
    holdings_sweep(&holdings);
    assert_int_equal(holdings.count, 1);
    assert_int_equal(holdings_next(&holdings, 2000, &holding), HOLDINGS_ASK);
    assert_int_equal(holding_want(holding, bytes_of(NULL), 0), 0);
    assert_true(holdings_due(&holdings) == UINT64_MAX);
    holdings_sweep(&holdings);
    assert_int_equal(holdings.count, 0);
    holdings_deinit(&holdings);
}

static void test_lists_end_what_they_do_not_name(void **state)
{
    struct holdings holdings = { .known = true };
    struct holding *a = holdings_obtain(&holdings, "a");
    struct holding *b = holdings_obtain(&holdings, "b");

    (void)state;
    holding_want(a, bytes_of("m"), 0);
    holding_want(b, bytes_of("m"), 0);
    holding_hold(a, bytes_of("m"), 1);
    holding_hold(b, bytes_of("m"), 2);
    holdings_list_begin(&holdings, false);
    holding_hold(b, bytes_of("m"), 2);
    holdings_list_end(&holdings, false);
    assert_int_equal(a->revision, 0);
    assert_null(a->held);
    assert_true(holding_is_kept(b));
    holdings_list_begin(&holdings, true);
    holding_want(a, bytes_of("m"), 0);
    holdings_list_end(&holdings, true);
    assert_non_null(a->wanted);
    assert_null(b->wanted);
    holdings_deinit(&holdings);
}

static void test_registrations_are_sorted_and_have_a_limit(void **state)
{
    struct holdings holdings = { 0 };
    char name[16];

    (void)state;
    for (unsigned i = 0; i < ETCD_REGISTRATIONS_MAX; i++) {
        snprintf(name, sizeof(name), "s%u", (i * 7919u) % ETCD_REGISTRATIONS_MAX);
        assert_non_null(holdings_obtain(&holdings, name));
    }
    assert_int_equal(holdings.count, ETCD_REGISTRATIONS_MAX);
    for (uint32_t i = 1; i < holdings.count; i++)
        assert_true(strcmp(holdings.slots[i - 1]->service, holdings.slots[i]->service) < 0);
    assert_null(holdings_obtain(&holdings, "more"));
    assert_null(holdings_find(&holdings, "more"));
    assert_non_null(holdings_obtain(&holdings, "s1"));
    holdings_sweep(&holdings);
    assert_int_equal(holdings.count, 0);
    assert_non_null(holdings_obtain(&holdings, "more"));
    holdings_deinit(&holdings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_state_has_its_action),
        cmocka_unit_test(test_what_was_refused_stays_in_etcd_and_is_tried_with_the_next_list),
        cmocka_unit_test(test_a_change_that_is_under_way_is_not_undone),
        cmocka_unit_test(test_lists_end_what_they_do_not_name),
        cmocka_unit_test(test_registrations_are_sorted_and_have_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
