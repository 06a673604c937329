// SPDX-License-Identifier: Apache-2.0
#include "base/histogram.h"

#include <stdlib.h>

#include "base/random.h"
#include "tests/unit/cmocka.h"

static void test_buckets_follow_each_other_without_a_gap(void **state)
{
    (void)state;
    assert_true(histogram_lowest(0) == 0);
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        assert_int_equal(histogram_index(histogram_lowest(i)), i);
        assert_int_equal(histogram_index(histogram_highest(i)), i);
        if (i > 0)
            assert_true(histogram_lowest(i) == histogram_highest(i - 1) + 1);
    }
    assert_true(histogram_highest(HISTOGRAM_BUCKETS - 1) == (UINT64_C(1) << 30) - 1);
}

static void test_what_takes_longer_than_all_buckets_is_in_the_last_one(void **state)
{
    (void)state;
    assert_int_equal(histogram_index(UINT64_C(1) << 30), HISTOGRAM_BUCKETS - 1);
    assert_int_equal(histogram_index(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static void test_a_bucket_is_a_sixteenth_of_its_values_wide_at_most(void **state)
{
    (void)state;
    for (uint32_t i = HISTOGRAM_PARTS; i < HISTOGRAM_BUCKETS; i++)
        assert_true((histogram_highest(i) - histogram_lowest(i) + 1) * HISTOGRAM_PARTS <=
                    histogram_lowest(i));
}

static int compare(const void *left, const void *right)
{
    const uint64_t *a = left;
    const uint64_t *b = right;

    return (*a > *b) - (*a < *b);
}

/* The naive model: all values, sorted. */
static void test_a_quantile_is_off_by_a_thirty_second_at_most(void **state)
{
    enum { VALUES = 997, RUNS = 40 };
    static const double quantiles[] = { 0, 0.1, 0.5, 0.9, 0.99, 0.999, 1 };
    static uint64_t values[VALUES];
    struct random random;

    (void)state;
    random_init(&random, 7);
    for (int run = 0; run < RUNS; run++) {
        struct histogram histogram = { .sum = 0 };
        uint64_t sum = 0;

        for (int i = 0; i < VALUES; i++) {
            values[i] = random_next(&random) >> (34 + random_below(&random, 30));
            histogram_record(&histogram, values[i]);
            sum += values[i];
        }
        qsort(values, VALUES, sizeof(values[0]), compare);
        assert_true(histogram_count(&histogram) == VALUES && histogram.sum == sum);
        for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
            double rank = quantiles[i] * VALUES;
            size_t place = rank > (double)(size_t)rank ? (size_t)rank + 1 : (size_t)rank;
            uint64_t exact = values[place > 0 ? place - 1 : 0];
            uint64_t told = histogram_quantile(&histogram, quantiles[i]);
            uint64_t off = told > exact ? told - exact : exact - told;

            assert_true(off * 2 * HISTOGRAM_PARTS <= exact);
        }
    }
}

static void test_added_histograms_are_that_of_all_their_values(void **state)
{
    struct histogram one = { .sum = 0 };
    struct histogram other = { .sum = 0 };
    struct histogram all = { .sum = 0 };
    struct random random;

    (void)state;
    random_init(&random, 8);
    for (int i = 0; i < 1000; i++) {
        uint64_t value = random_below(&random, 1u << 31);

        histogram_record(i % 3 == 0 ? &one : &other, value);
        histogram_record(&all, value);
    }
    histogram_add(&one, &other);
    assert_memory_equal(&one, &all, sizeof(all));
}

static void test_of_no_values_every_quantile_is_0(void **state)
{
    struct histogram histogram = { .sum = 0 };

    (void)state;
    assert_true(histogram_quantile(&histogram, 0.99) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buckets_follow_each_other_without_a_gap),
        cmocka_unit_test(test_what_takes_longer_than_all_buckets_is_in_the_last_one),
        cmocka_unit_test(test_a_bucket_is_a_sixteenth_of_its_values_wide_at_most),
        cmocka_unit_test(test_a_quantile_is_off_by_a_thirty_second_at_most),
        cmocka_unit_test(test_added_histograms_are_that_of_all_their_values),
        cmocka_unit_test(test_of_no_values_every_quantile_is_0),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
