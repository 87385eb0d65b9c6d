/* Two-by-two tables against sums made the long way. SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/explain/contingency.h"

#include <math.h>

static double choose(unsigned all, unsigned some)
{
    double ways = 1;
    for (unsigned i = 0; i < some; i++) ways *= (double)(all - i) / (i + 1);
    return ways;
}

/* Of all tables with these margins: the probability of each on this side, added up. */
static double tail(const struct analysis_contingency *table, bool upper)
{
    unsigned with = (unsigned)(table->slow_with + table->rest_with), slow = (unsigned)table->slow;
    unsigned rest = (unsigned)table->rest;
    double sum = 0;
    for (unsigned hits = 0; hits <= with && hits <= slow; hits++) {
        bool counts = upper ? hits >= table->slow_with : hits <= table->slow_with;
        if (counts && with - hits <= rest) sum += choose(slow, hits) * choose(rest, with - hits);
    }
    return sum / choose(slow + rest, with);
}

static void each_table(void (*check)(const struct analysis_contingency *))
{
    for (unsigned slow = 1; slow <= 9; slow++)
        for (unsigned rest = 1; rest <= 17; rest += 4)
            for (unsigned slow_with = 0; slow_with <= slow; slow_with++)
                for (unsigned rest_with = 0; rest_with <= rest; rest_with++)
                    check(&(struct analysis_contingency){slow_with, rest_with, slow, rest});
}

static void check_fisher(const struct analysis_contingency *table)
{
    double expected = fmin(1, 2 * fmin(tail(table, true), tail(table, false)));
    double p = exp(analysis_fisher_log_p(table));
    if (fabs(p - expected) > 1e-9) fail_msg("p is %g, should be %g", p, expected);
}

static void fisher_is_exact(void **state)
{
    (void)state;
    each_table(check_fisher);
}

/* No table with the same margins is less likely than the least, and one is as unlikely. */
static void check_least(const struct analysis_contingency *table)
{
    double least = analysis_fisher_log_p_min(table), met = 0;
    uint64_t with = table->slow_with + table->rest_with;
    for (uint64_t hits = 0; hits <= with && hits <= table->slow; hits++) {
        if (with - hits > table->rest) continue;
        struct analysis_contingency other = {hits, with - hits, table->slow, table->rest};
        met = fmin(met, analysis_fisher_log_p(&other));
    }
    assert_true(fabs(met - least) < 1e-9);
}

static void least_probability_is_met(void **state)
{
    (void)state;
    each_table(check_least);
}

static void great_counts_neither_overflow_nor_underflow(void **state)
{
    (void)state;
    struct analysis_contingency sure = {1000000, 0, 1000000, UINT64_C(99000000)};
    double log_p = analysis_fisher_log_p(&sure);
    assert_true(isfinite(log_p) && log_p < -5000000);
    assert_true(fabs(log_p - analysis_fisher_log_p_min(&sure)) < 1);
    struct analysis_contingency even = {10000, UINT64_C(990000), 1000000, UINT64_C(99000000)};
    assert_true(analysis_fisher_log_p(&even) > log(0.9));
    assert_true(analysis_fisher_log_p(&(struct analysis_contingency){0}) == 0);
}

static void g_is_twice_the_log_likelihood_ratio(void **state)
{
    (void)state;
    struct analysis_contingency even = {10, 100, 20, 200}, uneven = {15, 5, 20, 200};
    assert_true(fabs(analysis_g_statistic(&even)) < 1e-9);
    double g = 2 * (15 * log(15 / (20 * 20 / 220.0)) + 5 * log(5 / (20 * 200 / 220.0)) +
                    5 * log(5 / (200 * 20 / 220.0)) + 195 * log(195 / (200 * 200 / 220.0)));
    assert_true(fabs(analysis_g_statistic(&uneven) - g) < 1e-9);
}

/* Within each stratum the fact is as frequent among slow ones; over both it is not. */
static void strata_explain_what_their_sum_shows(void **state)
{
    (void)state;
    struct analysis_contingency strata[] = {{90, 90, 100, 100}, {10, 1000, 100, 10000}};
    struct analysis_contingency both = {100, 1090, 200, 10100};
    assert_true(analysis_fisher_log_p(&both) < log(1e-30));
    assert_true(analysis_stratified_log_p(strata, 2) > log(0.9));
    assert_true(analysis_stratified_log_p(&both, 1) < log(1e-30));
    assert_true(analysis_stratified_log_p(strata, 0) == 0);
    /* Expected 2, variance 10 * 10 * 4 * 16 / (20 * 20 * 19); half of the excess is taken off. */
    struct analysis_contingency small = {3, 1, 10, 10};
    double z = 0.5 / sqrt(6400.0 / 7600), p = exp(analysis_stratified_log_p(&small, 1));
    assert_true(fabs(p - erfc(z / sqrt(2))) < 1e-9);
    struct analysis_contingency sure = {5000, 0, 5000, 5000};
    assert_true(analysis_stratified_log_p(&sure, 1) < log(1e-300)); /* where erfc is 0 */
}

static void phi_is_a_correlation(void **state)
{
    (void)state;
    assert_true(fabs(analysis_phi(10, 10, 10, 100) - 1) < 1e-9);
    assert_true(fabs(analysis_phi(0, 50, 50, 100) + 1) < 1e-9);
    assert_true(fabs(analysis_phi(5, 50, 10, 100)) < 1e-9);
    assert_true(analysis_phi(0, 0, 10, 100) == 0);
}

/* The definition, for each K in turn. */
static double tarone_by_definition(const double *minima, size_t count, double level)
{
    for (size_t factor = 1;; factor++) {
        size_t can = 0;
        for (size_t i = 0; i < count; i++) can += minima[i] <= log(level / (double)factor);
        if (can <= factor) return (double)factor;
    }
}

static void tests_that_cannot_reach_the_level_cost_nothing(void **state)
{
    (void)state;
    double none[] = {0, 0, 0}, all[100], mixed[100];
    for (int i = 0; i < 100; i++) {
        all[i] = log(1e-9);
        mixed[i] = log(0.01) - 0.1 * (i % 37);
    }
    assert_true(analysis_tarone_factor(none, 3, 0.01) == 1);
    assert_true(analysis_tarone_factor(NULL, 0, 0.01) == 1);
    assert_true(analysis_tarone_factor(all, 100, 0.01) == 100);
    double expected = tarone_by_definition(mixed, 100, 0.01);
    assert_true(expected > 1 && expected < 100);
    assert_true(analysis_tarone_factor(mixed, 100, 0.01) == expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fisher_is_exact),
        cmocka_unit_test(least_probability_is_met),
        cmocka_unit_test(great_counts_neither_overflow_nor_underflow),
        cmocka_unit_test(g_is_twice_the_log_likelihood_ratio),
        cmocka_unit_test(strata_explain_what_their_sum_shows),
        cmocka_unit_test(phi_is_a_correlation),
        cmocka_unit_test(tests_that_cannot_reach_the_level_cost_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
