/* See histogram.h. SPDX-License-Identifier: Apache-2.0 */
#include "histogram.h"

#include <math.h>
#include <stdlib.h>

enum { SUB_COUNT = 1 << HISTOGRAM_SUB_BITS };

static unsigned shift_of(unsigned bucket)
{
    return bucket < 2 * SUB_COUNT ? 0 : bucket / SUB_COUNT - 1;
}

uint64_t histogram_bucket_low(unsigned bucket)
{
    if (bucket < 2 * SUB_COUNT) return bucket;
    return (uint64_t)(SUB_COUNT + bucket % SUB_COUNT) << shift_of(bucket);
}

static uint64_t middle(unsigned bucket)
{
    return histogram_bucket_low(bucket) + (((uint64_t)1 << shift_of(bucket)) >> 1);
}

bool histogram_ready(struct histogram *histogram)
{
    if (!histogram->buckets) histogram->buckets = calloc(HISTOGRAM_BUCKETS, sizeof *histogram->buckets);
    return histogram->buckets;
}

static void widen(struct histogram *histogram, uint64_t min, uint64_t max)
{
    if (!histogram->count || min < histogram->min) histogram->min = min;
    if (!histogram->count || max > histogram->max) histogram->max = max;
}

bool histogram_merge(struct histogram *histogram, const struct histogram *other)
{
    if (!other->count) return true;
    if (!histogram_ready(histogram)) return false;
    widen(histogram, other->min, other->max);
    histogram->count += other->count;
    histogram->sum += other->sum;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) histogram->buckets[i] += other->buckets[i];
    return true;
}

/* The product may lie a rounding error above a whole number (0.07 * 100), which must not cost a rank. */
uint64_t histogram_rank(uint64_t count, double p)
{
    long double exact = (long double)p * (long double)count;
    long double rank = ceill(exact - (long double)count * 0x1p-50L);
    if (!(rank >= 1)) return 1;
    return rank >= (long double)count ? count : (uint64_t)rank;
}

uint64_t histogram_percentile(const struct histogram *histogram, double p)
{
    if (!histogram->count) return 0;
    uint64_t rank = histogram_rank(histogram->count, p);
    if (rank == 1) return histogram->min;
    if (rank == histogram->count) return histogram->max;
    unsigned bucket = histogram_bucket(histogram->min);
    for (uint64_t seen = histogram->buckets[bucket]; seen < rank && bucket < HISTOGRAM_BUCKETS - 1;) {
        seen += histogram->buckets[++bucket];
    }
    uint64_t value = middle(bucket);
    if (value < histogram->min) return histogram->min;
    return value > histogram->max ? histogram->max : value;
}

uint64_t histogram_count_between(const struct histogram *histogram, uint64_t low, uint64_t high)
{
    uint64_t count = 0;
    if (!histogram->count || high <= low) return 0;
    for (unsigned i = histogram_bucket(low); i <= histogram_bucket(high); i++) {
        if (middle(i) >= low && middle(i) < high) count += histogram->buckets[i];
    }
    return count;
}

void histogram_free(struct histogram *histogram)
{
    free(histogram->buckets);
    *histogram = (struct histogram){0};
}
