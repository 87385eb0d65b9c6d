/* A log-linear histogram of 64-bit values: bounded size, mergeable, with a stated error.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Values below 128 have a bucket each; above, every power of two is cut into 64 equal buckets. A bucket's
 * middle is thus at most 1/128 (0.8 %) from any value in it. Count, sum, least and greatest are exact.
 * Percentiles use the nearest rank: the smallest value with at least p of all values at or below it; the
 * extremes are returned exactly. Values are in the caller's unit. Zero-initialise; not for several threads
 * at once.
 */
#ifndef CAIRN_BASE_HISTOGRAM_H
#define CAIRN_BASE_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

enum {
    HISTOGRAM_SUB_BITS = 6,
    HISTOGRAM_BUCKETS = (65 - HISTOGRAM_SUB_BITS) << HISTOGRAM_SUB_BITS /* 0..127, then 57 powers of two */
};

__extension__ typedef unsigned __int128 histogram_sum;

struct histogram {
    uint64_t count;
    uint64_t min, max; /* meaningless while count is 0 */
    histogram_sum sum;
    uint64_t *buckets; /* allocated on the first value */
};

/* False if memory ran out; nothing was added then. */
static inline bool histogram_add(struct histogram *histogram, uint64_t value);
/* Adds all of `other`. False if memory ran out. */
bool histogram_merge(struct histogram *histogram, const struct histogram *other);
/* The value at fraction p, 0 to 1; 0 if empty. */
uint64_t histogram_percentile(const struct histogram *histogram, double p);
/* The nearest rank of fraction p among so many values, from 1. `count` is not 0. */
uint64_t histogram_rank(uint64_t count, double p);
/* How many values lie in [low, high): whole buckets, those at the rims by their middle. */
uint64_t histogram_count_between(const struct histogram *histogram, uint64_t low, uint64_t high);
void histogram_free(struct histogram *histogram);

/* The bucket of a value, and the least value of a bucket. For tests and drawings. */
static inline unsigned histogram_bucket(uint64_t value);
uint64_t histogram_bucket_low(unsigned bucket);

/* ---- In line: millions of values a second ------------------------------------------------------------------- */

/* A value of at least 128 is shifted right until it lies in 64..127; shift and rest make the bucket:
 *
 *     bucket = shift * 64 + (value >> shift)        0..127 for values that need no shift */
static inline unsigned histogram_bucket(uint64_t value)
{
    unsigned shift = 63u - (unsigned)__builtin_clzll(value | 1u << HISTOGRAM_SUB_BITS) - HISTOGRAM_SUB_BITS;
    return (shift << HISTOGRAM_SUB_BITS) + (unsigned)(value >> shift);
}

bool histogram_ready(struct histogram *histogram); /* private: gives it buckets */

static inline bool histogram_add(struct histogram *histogram, uint64_t value)
{
    if (__builtin_expect(!histogram->buckets, 0) && !histogram_ready(histogram)) return false;
    if (!histogram->count || value < histogram->min) histogram->min = value;
    if (!histogram->count || value > histogram->max) histogram->max = value;
    histogram->count++;
    histogram->sum += value;
    histogram->buckets[histogram_bucket(value)]++;
    return true;
}

#endif
