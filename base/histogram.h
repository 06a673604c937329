/* base/histogram.h - how often something took how long, in microseconds.
 *
 * Log-linear, as HdrHistogram has it (Tene 2012): each power of two is divided into HISTOGRAM_PARTS
 * even buckets, so that a quantile is off by 1/32 at most, whatever the scale, and recording is two
 * additions. Sixteen parts are what a person can tell apart on a chart; the next finer step doubles
 * the 3.4 KiB for digits that nobody reads. Histograms are added by adding their buckets. */
#pragma once

#include <stdint.h>

enum {
    HISTOGRAM_PART_BITS = 4,
    HISTOGRAM_PARTS = 1 << HISTOGRAM_PART_BITS,
    HISTOGRAM_VALUE_BITS = 30, /* 2^30 us are 17.9 minutes: what takes longer is in the last one */
    HISTOGRAM_BUCKETS = (HISTOGRAM_VALUE_BITS - HISTOGRAM_PART_BITS + 1) * HISTOGRAM_PARTS
};

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t sum; /* of all values, as they were */
};

/* The bucket of `value`. */
static inline uint32_t histogram_index(uint64_t value)
{
    unsigned shift;

    if (value < HISTOGRAM_PARTS)
        return (uint32_t)value;
    if (value >> HISTOGRAM_VALUE_BITS != 0)
        return HISTOGRAM_BUCKETS - 1;
    shift = 63 - HISTOGRAM_PART_BITS - (unsigned)__builtin_clzll(value);
    return (shift << HISTOGRAM_PART_BITS) + (uint32_t)(value >> shift);
}

static inline void histogram_record(struct histogram *histogram, uint64_t value)
{
    histogram->counts[histogram_index(value)] += 1;
    histogram->sum += value;
}

/* The smallest and the largest value that bucket `index` (below HISTOGRAM_BUCKETS) holds. */
uint64_t histogram_lowest(uint32_t index);
uint64_t histogram_highest(uint32_t index);

/* Adds all of `other`. */
void histogram_add(struct histogram *histogram, const struct histogram *other);

/* How many values it holds. */
uint64_t histogram_count(const struct histogram *histogram);

/* The value below or at which the part `quantile` (0 to 1) of all values lies: the middle of its
 * bucket. 0 where there is none. */
uint64_t histogram_quantile(const struct histogram *histogram, double quantile);
