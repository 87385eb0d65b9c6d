/* See ratiotest.h. SPDX-License-Identifier: Apache-2.0
 *
 * 1. The statistics are computed.
 * 2. Each z is replaced by z - R w, R being the ratio of both sides together: dealing does not change R, and sums of
 *    what is left lose no digits.
 * 3. A deal draws the batches of the smaller side; five sums over them tell that side, and the totals less
 *    these the other one.
 *    Pairs: z of A's place is replaced by the windows' differences. A deal draws their signs; the sum of their squares stays.
 * 4. After every so many deals: enough, unless some p is within three standard errors of the level.
 */
#include "analysis/compare/ratiotest.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEALS_STEP = 1000 };
#define WORK_MAX 2e9 /* sums of batches: some seconds */

static_assert(RATIO_DEALS_MIN % DEALS_STEP == 0 && RATIO_DEALS_MAX % DEALS_STEP == 0, "whole steps");

struct ratio_sums {
    double z, w, zz, zw, ww;
};

static void add_batch(struct ratio_sums *sums, double z, double w)
{
    sums->z += z;
    sums->w += w;
    sums->zz += z * z;
    sums->zw += z * w;
    sums->ww += w * w;
}

/* The squared standard error of z/w over `count` batches. */
static double squared_error(const struct ratio_sums *sums, uint32_t count)
{
    double ratio = sums->z / sums->w;
    double scatter = sums->zz - 2 * ratio * sums->zw + ratio * ratio * sums->ww;
    return scatter > 0 ? scatter / (sums->w * sums->w) * count / (count - 1.0) : 0;
}

/* At most RATIO_STATISTIC_MAX either way. */
static double over_error(double difference, double error)
{
    double size = fabs(difference);
    if (size == 0) return 0;
    if (size >= RATIO_STATISTIC_MAX * error)
        size = RATIO_STATISTIC_MAX;
    else
        size /= error;
    return copysign(size, difference);
}

static double statistic_of(const struct ratio_sums *a, uint32_t a_count, const struct ratio_sums *b,
                           uint32_t b_count, double scale)
{
    if (!(a->w > 0) || !(b->w > 0) || a_count < 2 || b_count < 2) return 0;
    double difference = b->z / b->w - scale * (a->z / a->w);
    return over_error(difference,
                      sqrt(squared_error(b, b_count) + scale * scale * squared_error(a, a_count)));
}

static struct ratio_sums sum_up(const double *z, const double *w, uint32_t count)
{
    struct ratio_sums sums = {0};
    for (uint32_t i = 0; i < count; i++) add_batch(&sums, z[i], w[i]);
    return sums;
}

/* What is left of z - R w where it should be nothing: rounding must not be taken for scatter. */
static double residual(double z, double fitted)
{
    double left = z - fitted;
    return fabs(left) <= 1e-12 * (fabs(z) + fabs(fitted)) ? 0 : left;
}

double ratio_statistic(const double *z, const double *w, uint32_t a, uint32_t b, double scale)
{
    struct ratio_sums sums_a = {0}, sums_b = {0};
    struct ratio_sums raw_a = sum_up(z, w, a), raw_b = sum_up(z + a, w + a, b);
    if (!(raw_a.w > 0) || !(raw_b.w > 0)) return 0;
    double ratio = (scale * raw_a.z + raw_b.z) / (raw_a.w + raw_b.w);
    for (uint32_t i = 0; i < a; i++) add_batch(&sums_a, residual(scale * z[i], ratio * w[i]), w[i]);
    for (uint32_t i = a; i < a + b; i++) add_batch(&sums_b, residual(z[i], ratio * w[i]), w[i]);
    return statistic_of(&sums_a, a, &sums_b, b, 1);
}

/* Of B's z in a window, what is more than its part of both sides'. 0 if a side has nothing there. */
static double window_difference(double z_a, double w_a, double z_b, double w_b)
{
    return w_a > 0 && w_b > 0 ? residual(z_b, w_b * ((z_a + z_b) / (w_a + w_b))) : 0;
}

/* `sum` and `squares` of so many windows' differences. */
static double paired_statistic_of(double sum, double squares, double windows)
{
    if (windows < 2) return 0;
    double scatter = (squares - sum * sum / windows) * windows / (windows - 1);
    return over_error(sum, scatter > 1e-12 * squares ? sqrt(scatter) : 0);
}

double ratio_paired_statistic(const double *z, const double *w, uint32_t windows)
{
    double sum = 0, squares = 0, telling = 0;
    for (uint32_t i = 0; i < windows; i++) {
        double difference = window_difference(z[i], w[i], z[windows + i], w[windows + i]);
        sum += difference;
        squares += difference * difference;
        telling += w[i] > 0 && w[windows + i] > 0;
    }
    return paired_statistic_of(sum, squares, telling);
}

/* ---- Set up ---------------------------------------------------------------------------------------- */

bool ratio_test_init(struct ratio_test *test, uint32_t a, uint32_t b, uint32_t count)
{
    size_t cells = (size_t)count * (a + b) + 1;
    *test = (struct ratio_test){.a = a, .b = b, .count = count};
    test->z = calloc(cells, sizeof *test->z);
    test->w = calloc(cells, sizeof *test->w);
    test->statistics = calloc((size_t)count + 1, sizeof *test->statistics);
    test->p = calloc((size_t)count + 1, sizeof *test->p);
    test->maxima = calloc(RATIO_DEALS_MAX, sizeof *test->maxima);
    return test->z && test->w && test->statistics && test->p && test->maxima;
}

void ratio_test_free(struct ratio_test *test)
{
    free(test->z);
    free(test->w);
    free(test->statistics);
    free(test->p);
    free(test->maxima);
    *test = (struct ratio_test){0};
}

static void centre(const struct ratio_test *test, uint32_t hypothesis, struct ratio_sums *total)
{
    uint32_t batches = test->a + test->b;
    double *z = test->z + (size_t)hypothesis * batches, *w = test->w + (size_t)hypothesis * batches;
    struct ratio_sums raw = sum_up(z, w, batches);
    for (uint32_t i = 0; i < batches; i++) z[i] = raw.w > 0 ? residual(z[i], raw.z / raw.w * w[i]) : 0;
    *total = sum_up(z, w, batches);
}

/* ---- Dealing --------------------------------------------------------------------------------------- */

/* The first `wanted` of `count` numbers become a random choice of all: the start of Fisher and Yates' shuffle. */
static void deal(uint32_t *numbers, uint32_t count, uint32_t wanted, uint64_t *random)
{
    for (uint32_t i = 0; i < wanted; i++) {
        uint32_t other = i + (uint32_t)((splitmix_next(random) >> 32) * (count - i) >> 32);
        uint32_t kept = numbers[i];
        numbers[i] = numbers[other];
        numbers[other] = kept;
    }
}

static struct ratio_sums sum_of_dealt(const double *z, const double *w, const uint32_t *dealt, uint32_t count)
{
    struct ratio_sums sums = {0};
    for (uint32_t i = 0; i < count; i++) add_batch(&sums, z[dealt[i]], w[dealt[i]]);
    return sums;
}

/* The largest statistic of a deal. The sides' names do not matter, as sizes count. */
static double largest_of_deal(const struct ratio_test *test, const struct ratio_sums *totals,
                              const uint32_t *dealt, uint32_t count)
{
    uint32_t batches = test->a + test->b;
    double largest = 0;
    for (uint32_t h = 0; h < test->count; h++) {
        size_t at = (size_t)h * batches;
        const struct ratio_sums *all = &totals[h];
        if (all->zz == 0) continue; /* the same in all batches */
        struct ratio_sums one = sum_of_dealt(test->z + at, test->w + at, dealt, count);
        struct ratio_sums rest = {all->z - one.z, all->w - one.w, all->zz - one.zz, all->zw - one.zw,
                                  all->ww - one.ww};
        double size = fabs(statistic_of(&one, count, &rest, batches - count, 1));
        if (size > largest) largest = size;
    }
    return largest;
}

/* ---- Pairs ----------------------------------------------------------------------------------------- */

/* z of A's place becomes the windows' differences. Of the total: zz is the sum of their squares, w the windows that tell. */
static void take_differences(const struct ratio_test *test, uint32_t hypothesis, struct ratio_sums *total)
{
    size_t at = (size_t)hypothesis * 2 * test->a;
    double *z = test->z + at, *w = test->w + at;
    *total = (struct ratio_sums){0};
    for (uint32_t i = 0; i < test->a; i++) {
        z[i] = window_difference(z[i], w[i], z[test->a + i], w[test->a + i]);
        total->zz += z[i] * z[i];
        total->w += w[i] > 0 && w[test->a + i] > 0;
    }
}

static double largest_of_signs(const struct ratio_test *test, const struct ratio_sums *totals,
                               const double *signs)
{
    double largest = 0;
    for (uint32_t h = 0; h < test->count; h++) {
        if (totals[h].zz == 0) continue;
        const double *differences = test->z + (size_t)h * 2 * test->a;
        double sum = 0;
        for (uint32_t i = 0; i < test->a; i++) sum += signs[i] * differences[i];
        double size = fabs(paired_statistic_of(sum, totals[h].zz, totals[h].w));
        if (size > largest) largest = size;
    }
    return largest;
}

/* ---- Answers --------------------------------------------------------------------------------------- */

static int compare_doubles(const void *left, const void *right)
{
    double one = *(const double *)left, other = *(const double *)right;
    return (one > other) - (one < other);
}

/* How many of the sorted maxima are at least as large, itself counted as one of them. */
static double adjusted_p(const struct ratio_test *test, double statistic)
{
    uint32_t low = 0, high = test->deals;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (test->maxima[middle] < fabs(statistic))
            low = middle + 1;
        else
            high = middle;
    }
    return (1.0 + test->deals - low) / (1.0 + test->deals);
}

static bool is_near(double p, double level, uint32_t deals)
{
    return fabs(p - level) < 3 * sqrt(level * (1 - level) / deals);
}

/* False while a p is too near to the level to be sure of its side. */
static bool settle(struct ratio_test *test, double level)
{
    bool is_clear = true;
    qsort(test->maxima, test->deals, sizeof *test->maxima, compare_doubles);
    for (uint32_t h = 0; h < test->count; h++) {
        test->p[h] = adjusted_p(test, test->statistics[h]);
        is_clear &= !is_near(test->p[h], level, test->deals);
    }
    uint32_t beyond = (uint32_t)(level * (1.0 + test->deals)); /* so many, itself included, may be as large */
    test->critical = beyond ? test->maxima[test->deals - beyond] : INFINITY;
    return is_clear;
}

/* What a run needs for its deals. */
struct dealing {
    struct ratio_sums *totals; /* by hypothesis */
    uint32_t *numbers;         /* of batches, as last dealt */
    double *signs;             /* of windows */
    uint64_t random;
};

static void toss(double *signs, uint32_t count, uint64_t *random)
{
    for (uint32_t i = 0; i < count; i++) signs[i] = splitmix_next(random) >> 63 ? 1 : -1;
}

static double next_largest(const struct ratio_test *test, struct dealing *dealing)
{
    uint32_t smaller = test->a < test->b ? test->a : test->b;
    if (test->is_paired) {
        toss(dealing->signs, test->a, &dealing->random);
        return largest_of_signs(test, dealing->totals, dealing->signs);
    }
    deal(dealing->numbers, test->a + test->b, smaller, &dealing->random);
    return largest_of_deal(test, dealing->totals, dealing->numbers, smaller);
}

/* False: it is to stop. */
static bool run_deals(struct ratio_test *test, struct dealing *dealing, double level,
                      trace_progress *progress, void *data)
{
    uint32_t smaller = test->a < test->b ? test->a : test->b;
    bool is_clear = false;
    double most = fmin(RATIO_DEALS_MAX, WORK_MAX / ((double)test->count * smaller + 1));
    while (test->deals < RATIO_DEALS_MIN || (!is_clear && test->deals + DEALS_STEP <= most)) {
        for (uint32_t i = 0; i < DEALS_STEP; i++) {
            test->maxima[test->deals++] = next_largest(test, dealing);
            if (!progress || i % 64) continue;
            if (!progress(data, fmin(test->deals / (double)RATIO_DEALS_MIN, 1))) return false;
        }
        is_clear = settle(test, level);
    }
    return true;
}

/* The statistic as it is, and the row made ready for deals. */
static void take_statistic(struct ratio_test *test, uint32_t hypothesis, struct ratio_sums *total)
{
    size_t at = (size_t)hypothesis * (test->a + test->b);
    const double *z = test->z + at, *w = test->w + at;
    if (test->is_paired) {
        test->statistics[hypothesis] = ratio_paired_statistic(z, w, test->a);
        take_differences(test, hypothesis, total);
    } else {
        test->statistics[hypothesis] = ratio_statistic(z, w, test->a, test->b, 1);
        centre(test, hypothesis, total);
    }
}

bool ratio_test_run(struct ratio_test *test, double level, trace_progress *progress, void *data)
{
    uint32_t batches = test->a + test->b;
    struct dealing dealing = {.totals = calloc((size_t)test->count + 1, sizeof *dealing.totals),
                              .numbers = calloc((size_t)batches + 1, sizeof *dealing.numbers),
                              .signs = calloc((size_t)test->a + 1, sizeof *dealing.signs),
                              .random = batches /* a fixed seed */};
    bool done = dealing.totals && dealing.numbers && dealing.signs;
    for (uint32_t i = 0; done && i < batches; i++) dealing.numbers[i] = i;
    for (uint32_t h = 0; done && h < test->count; h++) take_statistic(test, h, &dealing.totals[h]);
    if (done) test->is_stopped = !run_deals(test, &dealing, level, progress, data);
    free(dealing.totals);
    free(dealing.numbers);
    free(dealing.signs);
    return done && !test->is_stopped;
}
