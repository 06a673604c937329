/* histogram.h - how often each latency occurred, to 0.4 %, in fixed memory.
 *
 * Log-linear, as HdrHistogram: 128 equal steps in each power of two. Values below 128 ns are exact.
 */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    HISTOGRAM_STEPS = 128, /* in each power of two */
    HISTOGRAM_BUCKETS = (64 - 6) * HISTOGRAM_STEPS
};

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
    uint64_t max_ns;
};

/* Counts one latency. */
void histogram_record(struct histogram *histogram, uint64_t value_ns);

/* Adds the counts of `other`. */
void histogram_add(struct histogram *histogram, const struct histogram *other);

/* The latency that `share` (0..1) of all did not exceed, in ns: the middle of its bucket, which is
 * within 0.4 % of it. 0 where nothing was counted. */
double histogram_quantile(const struct histogram *histogram, double share);

#ifdef __cplusplus
}
#endif
