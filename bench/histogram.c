// SPDX-License-Identifier: Apache-2.0
#include "bench/histogram.h"

enum { HISTOGRAM_STEP_BITS = 7 };

static unsigned histogram_bucket(uint64_t value_ns)
{
    unsigned shift;

    if (value_ns < HISTOGRAM_STEPS)
        return (unsigned)value_ns;
    shift = 63u - (unsigned)__builtin_clzll(value_ns) - HISTOGRAM_STEP_BITS;
    return (shift + 1) * HISTOGRAM_STEPS + (unsigned)((value_ns >> shift) - HISTOGRAM_STEPS);
}

static double histogram_middle(unsigned bucket)
{
    unsigned shift;

    if (bucket < 2 * HISTOGRAM_STEPS)
        return bucket;
    shift = bucket / HISTOGRAM_STEPS - 1;
    return ((double)(HISTOGRAM_STEPS + bucket % HISTOGRAM_STEPS) + 0.5) * (double)(1ull << shift);
}

void histogram_record(struct histogram *histogram, uint64_t value_ns)
{
    histogram->counts[histogram_bucket(value_ns)] += 1;
    histogram->total += 1;
    if (value_ns > histogram->max_ns)
        histogram->max_ns = value_ns;
}

void histogram_add(struct histogram *histogram, const struct histogram *other)
{
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        histogram->counts[i] += other->counts[i];
    histogram->total += other->total;
    if (other->max_ns > histogram->max_ns)
        histogram->max_ns = other->max_ns;
}

double histogram_quantile(const struct histogram *histogram, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)histogram->total);
    uint64_t seen = 0;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->counts[i];
        if (histogram->counts[i] > 0 && seen >= wanted)
            return histogram_middle(i);
    }
    return 0;
}
