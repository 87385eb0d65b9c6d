/* Two-by-two tables: whether a fact and being slow go together by more than chance. SPDX-License-Identifier: Apache-2.0
 *
 *                    slow         rest
 *     has it         slow_with    rest_with
 *     all            slow         rest
 *
 * Probabilities are natural logarithms: they reach far below what a double holds. Pure functions; counts of up to 2^40.
 */
#ifndef CAIRN_ANALYSIS_CONTINGENCY_H
#define CAIRN_ANALYSIS_CONTINGENCY_H

#include <stddef.h>
#include <stdint.h>

struct analysis_contingency {
    uint64_t slow_with, rest_with, slow, rest; /* with <= all */
};

/* Fisher's exact test, two-sided (twice the smaller tail): the probability of a table at least as uneven if slow ones had
 * been drawn at random. Exact for any counts, so rare facts need no excuse. At most 0. Cost: some standard deviations of
 * steps. */
double analysis_fisher_log_p(const struct analysis_contingency *table);

/* The least that this test can give, with as many that have the fact and as many slow ones as there are. Constant cost. */
double analysis_fisher_log_p_min(const struct analysis_contingency *table);

/* The logarithm of the likelihood ratio, times two (the G statistic): orders tables like the exact test, and is cheap. */
double analysis_g_statistic(const struct analysis_contingency *table);

/* Cochran, Mantel and Haenszel: the same question within strata, that is with what tells the strata apart held constant.
 * Two-sided, with continuity correction; approximate where there are few. 0 (nothing to be said) if no stratum has both. */
double analysis_stratified_log_p(const struct analysis_contingency *strata, size_t count);

/* How alike two sets are: 1 the same, 0 unrelated, -1 opposite (the phi coefficient). Counts of both, of either, of all. */
double analysis_phi(double both, double one, double other, double all);

/* Tests that could not reach `level` whatever the data need no correction for (Tarone 1990). The factor by which to
 * multiply each p for a family-wise level: the least K such that at most K of the tests can reach level / K. `minima` are
 * what analysis_fisher_log_p_min said of each; they are sorted. At least 1. */
double analysis_tarone_factor(double *minima, size_t count, double level);

#endif
