/* What a comparison tests: each metric of a type as a ratio over batches. SPDX-License-Identifier: Apache-2.0
 *
 *     metric    z of a batch               w of a batch
 *     mean      durations                  tasks
 *     p99       tasks above the 99th       tasks            the percentile being that of both sides together
 *               percentile
 *     total     durations                  root tasks       (of regions: seconds)
 *     count     tasks                      root tasks       (of regions: seconds)
 *     rate      tasks                      seconds
 *     errors    failed ones                tasks
 *
 * If B's 99th percentile is greater than A's, more than 1 % of B's tasks and fewer of A's are above the common one.
 *
 * Where the sides are paired by time, windows before B's first items and after its last ones do not count. Those between do,
 * also without any of B: left out, they would make B's rate seem higher.
 *
 * How much greater is told by the same test: SCALE is a factor that A's values are multiplied by before the two sides are
 * compared; those for which no difference is found are the interval.
 */
#ifndef CAIRN_ANALYSIS_COMPAREHYPOTHESES_H
#define CAIRN_ANALYSIS_COMPAREHYPOTHESES_H

#include "analysis/compare/compare.h"

struct analysis_hypothesis {
    const struct analysis_compare *compare;
    const struct analysis_batch_type *a, *b; /* NULL: none on that side */
    enum analysis_metric metric;
};

/* The value of one side. NAN if there is none. */
double analysis_hypothesis_value(const struct analysis_hypothesis *hypothesis, bool of_b);
/* z and w for all batches, side A first. */
void analysis_hypothesis_fill(const struct analysis_hypothesis *hypothesis, double scale, double *z,
                              double *w);
/* Whether there is enough to test it, going by z and w for scale 1. */
bool analysis_hypothesis_is_testable(const struct analysis_hypothesis *hypothesis, const double *z,
                                     const double *w);
/* The ratios b / a whose statistic is within +-critical: 0 or INFINITY where there is no bound; paired by time, also the one
 * whose statistic is 0. `difference` has a and b. z and w: room for all batches. */
void analysis_hypothesis_interval(const struct analysis_hypothesis *hypothesis, double critical, double *z,
                                  double *w, struct analysis_difference *difference);

#endif
