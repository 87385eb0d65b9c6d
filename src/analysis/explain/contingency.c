/* See contingency.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/explain/contingency.h"

#include <math.h>
#include <stdlib.h>

static const double log_two = 0.69314718055994530942;

static double log_choose(double all, double some)
{
    return lgamma(all + 1) - lgamma(some + 1) - lgamma(all - some + 1);
}

/* The probability of exactly `hits` slow ones among those that have it, all margins given. */
static double log_point(const struct analysis_contingency *table, double hits)
{
    double with = (double)table->slow_with + (double)table->rest_with;
    double slow = (double)table->slow, rest = (double)table->rest;
    return log_choose(slow, hits) + log_choose(rest, with - hits) - log_choose(slow + rest, with);
}

/* Doubles a one-sided probability. */
static double two_sided(double log_tail)
{
    return log_tail + log_two < 0 ? log_tail + log_two : 0;
}

/* The tail from `hits` on, away from the mean, relative to its first term. Terms fall at least geometrically, or nearly so
 * at the mean; each is made from the one before. */
static double upper_tail(double hits, double with, double slow, double rest)
{
    double term = 1, sum = 1;
    for (double at = hits; term > sum * 1e-17 && at < with && at < slow; at++) {
        term *= (with - at) * (slow - at) / ((at + 1) * (rest - with + at + 1));
        sum += term;
    }
    return sum;
}

double analysis_fisher_log_p(const struct analysis_contingency *table)
{
    double with = (double)table->slow_with + (double)table->rest_with;
    double slow = (double)table->slow, rest = (double)table->rest, hits = (double)table->slow_with;
    if (slow + rest == 0) return 0;
    /* The lower tail of those that have it is the upper tail of those that have not. */
    double tail = hits * (slow + rest) >= with * slow
                      ? upper_tail(hits, with, slow, rest)
                      : upper_tail(slow - hits, slow + rest - with, slow, rest);
    return two_sided(log_point(table, hits) + log(tail));
}

double analysis_fisher_log_p_min(const struct analysis_contingency *table)
{
    double with = (double)table->slow_with + (double)table->rest_with;
    double slow = (double)table->slow, rest = (double)table->rest;
    double most = with < slow ? with : slow, least = with > rest ? with - rest : 0;
    return two_sided(fmin(log_point(table, most), log_point(table, least)));
}

/* o log(o / e), with `e` the share of `column` that `row` has of `all`. */
static double g_cell(double observed, double row, double column, double all)
{
    return observed > 0 ? observed * log(observed * all / (row * column)) : 0;
}

double analysis_g_statistic(const struct analysis_contingency *table)
{
    double slow = (double)table->slow, rest = (double)table->rest, all = slow + rest;
    double slow_with = (double)table->slow_with, rest_with = (double)table->rest_with;
    double with = slow_with + rest_with, without = all - with;
    return 2 * (g_cell(slow_with, with, slow, all) + g_cell(rest_with, with, rest, all) +
                g_cell(slow - slow_with, without, slow, all) + g_cell(rest - rest_with, without, rest, all));
}

double analysis_stratified_log_p(const struct analysis_contingency *strata, size_t count)
{
    double excess = 0, variance = 0;
    for (size_t i = 0; i < count; i++) {
        double slow = (double)strata[i].slow, rest = (double)strata[i].rest, all = slow + rest;
        double with = (double)strata[i].slow_with + (double)strata[i].rest_with;
        if (all < 2) continue;
        excess += (double)strata[i].slow_with - with * slow / all;
        variance += slow * rest * with * (all - with) / (all * all * (all - 1));
    }
    if (variance <= 0) return 0;
    double z = fmax(0, fabs(excess) - 0.5) / sqrt(variance);
    /* Beyond that erfc is 0; what it tends to is near enough. */
    return z < 35 ? log(erfc(z / sqrt(2))) : -z * z / 2 - log(z);
}

double analysis_phi(double both, double one, double other, double all)
{
    double spread = one * (all - one) * other * (all - other);
    return spread > 0 ? (both * all - one * other) / sqrt(spread) : 0;
}

static int by_value(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

/* What can reach level / K grows less the greater K is. So the first K at which the next minimum cannot: sorted, the
 * K-th next. */
double analysis_tarone_factor(double *minima, size_t count, double level)
{
    if (count > 1) qsort(minima, count, sizeof *minima, by_value);
    size_t factor = 1;
    while (factor < count && minima[factor] <= log(level / (double)factor)) factor++;
    return (double)factor;
}
