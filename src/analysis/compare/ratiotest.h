/* A test of many ratios at once between two sets of batches. SPDX-License-Identifier: Apache-2.0
 *
 * Each hypothesis says of one ratio, sum of z over sum of w (a mean: durations over tasks; a share: slow ones over
 * tasks; a rate: tasks over time), that it is the same on both sides. Its STATISTIC is the difference of the two ratios,
 * divided by its standard error, which comes from the scatter of the batches of each side (the delete-one jackknife
 * of a ratio, linearised).
 *
 * How large the statistic gets by chance is found by dealing the batches out anew, at random, to sides of the same
 * numbers of batches, thousands of times, for all hypotheses together; each time the largest statistic of all counts. A
 * hypothesis' adjusted p is the share of deals in which that is at least as large as its own statistic: the chance that
 * ANY ratio would seem to differ so much if none did (single-step max-T: Westfall and Young 1993). Since all are dealt
 * together, what depends on each other (p99 and p99.9, a task and its subtask) costs no power.
 *
 * PAIRED, if batch i of A and batch i of B are of one window of time: what is left of B's z in a window, after its part of
 * the window's, that is to say w_B z / w of both sides together, is a difference that nothing which both share has any
 * part in; a window counts by w_A w_B / (w_A + w_B), whichever side is which (Mantel and Haenszel 1959). The statistic
 * is the sum of them over its standard error, from their scatter. A deal changes the sides of each window, or not, by
 * tossing a coin, for all hypotheses at once.
 *
 * Deterministic: the same input has the same answer.
 */
#ifndef CAIRN_ANALYSIS_RATIOTEST_H
#define CAIRN_ANALYSIS_RATIOTEST_H

#include "trace/trace.h"

enum { RATIO_DEALS_MIN = 2000, RATIO_DEALS_MAX = 20000, RATIO_STATISTIC_MAX = 1000000 };

struct ratio_test {
    uint32_t a, b;      /* batches of each side */
    bool is_paired;     /* a == b. The caller's */
    uint32_t count;     /* hypotheses */
    double *z, *w;      /* [count][a + b], side A first. The caller's; dealing changes z */
    double *statistics; /* [count] */
    double *p;          /* [count], adjusted */
    double *maxima;     /* [deals], the least first */
    uint32_t deals;
    bool is_stopped; /* by `progress`: the rest is incomplete */
    double critical; /* a statistic is beyond chance, at the level asked for, if it is greater */
};

/* Of one ratio: (z/w of B) - `scale` * (z/w of A), over its standard error. 0 where that cannot be told: a side
 * without w, or no difference; at most RATIO_STATISTIC_MAX either way. */
double ratio_statistic(const double *z, const double *w, uint32_t a, uint32_t b, double scale);

/* The same of pairs: the windows in which both sides have some w tell. */
double ratio_paired_statistic(const double *z, const double *w, uint32_t windows);

/* Room for so many hypotheses, all zero. False if memory ran out; free it in any case. */
bool ratio_test_init(struct ratio_test *test, uint32_t a, uint32_t b, uint32_t count);
void ratio_test_free(struct ratio_test *test);

/* Fills in statistics, p and the critical value for `level`. Between RATIO_DEALS_MIN and _MAX deals: more where a p is
 * near the level, unless there are so many hypotheses that it would take long. `progress` may be NULL. False if memory ran out
 * or `progress` has stopped it. Costs deals * hypotheses * batches. */
bool ratio_test_run(struct ratio_test *test, double level, trace_progress *progress, void *data);

#endif
