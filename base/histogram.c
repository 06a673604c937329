// SPDX-License-Identifier: Apache-2.0
#include "base/histogram.h"

#include "base/check.h"

/* How far the values of the bucket are shifted; buckets below HISTOGRAM_PARTS hold one value. */
static unsigned histogram_shift(uint32_t index)
{
    CHECK(index < HISTOGRAM_BUCKETS);
    return index < 2 * HISTOGRAM_PARTS ? 0 : (index >> HISTOGRAM_PART_BITS) - 1;
}

uint64_t histogram_lowest(uint32_t index)
{
    unsigned shift = histogram_shift(index);

    return (uint64_t)(index - (shift << HISTOGRAM_PART_BITS)) << shift;
}

uint64_t histogram_highest(uint32_t index)
{
    return histogram_lowest(index) + (UINT64_C(1) << histogram_shift(index)) - 1;
}

void histogram_add(struct histogram *histogram, const struct histogram *other)
{
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        histogram->counts[i] += other->counts[i];
    histogram->sum += other->sum;
}

uint64_t histogram_count(const struct histogram *histogram)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        count += histogram->counts[i];
    return count;
}

uint64_t histogram_quantile(const struct histogram *histogram, double quantile)
{
    double wanted = quantile * (double)histogram_count(histogram);
    uint64_t seen = 0;
    uint64_t middle = 0;

    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (histogram->counts[i] == 0)
            continue;
        seen += histogram->counts[i];
        middle = histogram_lowest(i) + (histogram_highest(i) - histogram_lowest(i)) / 2;
        if ((double)seen >= wanted)
            break;
    }
    return middle;
}
