/* A log-linear histogram that costs memory only where it has values. SPDX-License-Identifier: Apache-2.0
 *
 * For many small histograms of one quantity. As base/histogram.h, but every power of two is cut into 256 buckets, so that
 * a bucket is at most 1/256 (0.4 %) wide, and of the buckets those with values are kept, each as one word:
 *
 *     | bucket: 14 bits | count: 50 bits |
 *
 * It is filled, merged, then SEALED: from then on the words hold running totals, and it answers questions in
 * logarithmic time. Within a bucket values count as evenly spread, so answers change steadily with the question.
 * Zero-initialise. Not for several threads at once.
 */
#ifndef CAIRN_ANALYSIS_SPARSEHIST_H
#define CAIRN_ANALYSIS_SPARSEHIST_H

#include "base/base.h"

struct sparse_histogram {
    uint64_t *words;
    uint32_t count, capacity, sorted; /* the first `sorted` words are in order, one for each bucket */
};

/* Adds a value `weight` times (together less than 2^50). False if memory ran out. Amortised: the logarithm of its size. */
bool sparse_histogram_add(struct sparse_histogram *histogram, uint64_t value, uint32_t weight);
/* Adds all of `other`. Neither is sealed. False if memory ran out. */
bool sparse_histogram_merge(struct sparse_histogram *histogram, const struct sparse_histogram *other);
void sparse_histogram_seal(struct sparse_histogram *histogram);
void sparse_histogram_free(struct sparse_histogram *histogram);

/* Of a sealed one: how many values there are, and how many of them are above `limit`. */
uint64_t sparse_histogram_total(const struct sparse_histogram *histogram);
double sparse_histogram_above(const struct sparse_histogram *histogram, double limit);

#endif
