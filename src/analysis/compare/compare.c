/* See compare.h. SPDX-License-Identifier: Apache-2.0
 *
 * 1. If B overlaps with A, both are paired by time. Else the batches of both sides are brought to the same size: large, as
 *    long as enough remain, and larger if neighbours are alike.
 * 2. The types of both sides get a row each, with the figures of each metric.
 * 3. What there is enough of becomes a hypothesis; all are tested together.
 * 4. Intervals: which ratios the same test, with the same critical value, does not rule out.
 * 5. Verdicts, and the order of the rows.
 */
#include "analysis/compare/compare.h"

#include "analysis/compare/batchdrift.h"
#include "analysis/compare/comparehypotheses.h"
#include "analysis/compare/comparewindows.h"
#include "analysis/compare/ratiotest.h"
#include "cairn/cairn.h"

#include <math.h>
#include <string.h>

struct comparison {
    struct analysis_compare *compare;
    struct ratio_test test;
    struct analysis_hypothesis *hypotheses; /* those of the test */
    struct analysis_difference **results;   /* of each */
    bool is_stopped;
};

static const char *const metric_names[ANALYSIS_METRICS] = {
    [ANALYSIS_MEAN] = "mean",    [ANALYSIS_P50] = "p50",     [ANALYSIS_P90] = "p90",
    [ANALYSIS_P99] = "p99",      [ANALYSIS_P999] = "p999",   [ANALYSIS_MAX] = "max",
    [ANALYSIS_TOTAL] = "total",  [ANALYSIS_COUNT] = "count", [ANALYSIS_RATE] = "rate",
    [ANALYSIS_ERRORS] = "errors"};

const char *analysis_metric_name(enum analysis_metric metric)
{
    return metric_names[metric];
}

bool analysis_metric_is_duration(enum analysis_metric metric)
{
    return metric <= ANALYSIS_MAX;
}

static double ratio_of(double a, double b)
{
    if (a == 0) return b > 0 ? INFINITY : 1;
    return b / a;
}

/* Not by pairs: the two numbers say it, without the rounding of their ratio. */
static bool is_as_shown(const struct analysis_difference *difference)
{
    return difference->ratio == ratio_of(difference->a, difference->b);
}

double analysis_difference_effect(const struct analysis_difference *difference)
{
    bool is_exact = is_as_shown(difference) && difference->a != 0;
    return is_exact ? (difference->b - difference->a) / difference->a : difference->ratio - 1;
}

double analysis_difference_amount(const struct analysis_difference *difference)
{
    return is_as_shown(difference) ? difference->b - difference->a : difference->a * (difference->ratio - 1);
}

bool analysis_difference_is_sound(const struct analysis_difference *difference, double level)
{
    return difference->p <= level; /* no p, no */
}

/* ---- Batches ---------------------------------------------------------------------------------------- */

static uint32_t fewer(const struct analysis_compare *compare)
{
    return compare->a->count < compare->b->count ? compare->a->count : compare->b->count;
}

static bool coarsen(struct analysis_compare *compare)
{
    return analysis_batches_coarsen(compare->a) && analysis_batches_coarsen(compare->b);
}

static bool find_drift(struct analysis_compare *compare)
{
    compare->a_drifts = analysis_batches_drift(compare->a);
    compare->b_drifts = analysis_batches_drift(compare->b);
    return compare->a_drifts || compare->b_drifts;
}

/* Larger batches depend less on each other, and thirty a side are nearly as good as hundreds. Where they still are
 * like their neighbours, fewer have to do. */
static bool align_sizes(struct analysis_compare *compare)
{
    struct analysis_batches *a = compare->a, *b = compare->b;
    while (a->count && a->size < b->size)
        if (!analysis_batches_coarsen(a)) return false;
    while (b->count && b->size < a->size)
        if (!analysis_batches_coarsen(b)) return false;
    while (fewer(compare) >= 2 * ANALYSIS_COMPARE_BATCHES)
        if (!coarsen(compare)) return false;
    while (find_drift(compare) && fewer(compare) >= 2 * ANALYSIS_COMPARE_BATCHES_DRIFTING)
        if (!coarsen(compare)) return false;
    return true;
}

/* Windows in which there is no B yet, or no more, tell nothing. */
static void find_presence(struct analysis_compare *compare)
{
    const struct analysis_batches *b = compare->b;
    compare->window_last = b->count - 1;
    while (!b->spans[compare->window_first].recorded)
        compare->window_first++; /* sides that overlap have some */
    while (!b->spans[compare->window_last].recorded) compare->window_last--;
}

static bool align_windows(struct analysis_compare *compare)
{
    if (!analysis_windows_align(compare->a, compare->b)) return false;
    compare->windows = analysis_windows_common(compare->a, compare->b);
    find_presence(compare);
    compare->windows_drift = analysis_windows_drift(compare->a, compare->b);
    return true;
}

static bool align(struct analysis_compare *compare, struct analysis_batches *b_windows)
{
    compare->is_paired = b_windows && analysis_windows_overlap(compare->a, b_windows);
    if (compare->is_paired) compare->b = b_windows;
    if (!(compare->is_paired ? align_windows(compare) : align_sizes(compare))) return false;
    compare->batch_size = compare->a->size > compare->b->size ? compare->a->size : compare->b->size;
    compare->is_enough = fewer(compare) >= ANALYSIS_COMPARE_BATCHES_MIN;
    return analysis_batches_seal(compare->a) && analysis_batches_seal(compare->b);
}

/* ---- Rows ------------------------------------------------------------------------------------------- */

static struct analysis_hypothesis hypothesis_of(const struct analysis_compare *compare,
                                                const struct analysis_compared *row,
                                                enum analysis_metric metric)
{
    return (struct analysis_hypothesis){.compare = compare, .a = row->a, .b = row->b, .metric = metric};
}

static bool add_row(struct analysis_compare *compare, const char *name, const struct analysis_batch_type *a,
                    const struct analysis_batch_type *b)
{
    struct analysis_compared row = {.type = name, .a = a, .b = b};
    for (unsigned metric = 0; metric < ANALYSIS_METRICS; metric++) {
        struct analysis_hypothesis hypothesis = hypothesis_of(compare, &row, metric);
        double value_a = analysis_hypothesis_value(&hypothesis, false);
        double value_b = analysis_hypothesis_value(&hypothesis, true);
        row.metrics[metric] = (struct analysis_difference){
            .a = value_a, .b = value_b, .ratio = ratio_of(value_a, value_b), .high = INFINITY, .p = NAN};
    }
    return vector_push(&compare->types, row);
}

static bool add_rows(struct analysis_compare *compare)
{
    const struct analysis_batches *a = compare->a, *b = compare->b;
    for (size_t i = 0; i < a->types.count; i++) {
        const struct analysis_batch_type *type = &a->types.items[i];
        if (!add_row(compare, type->name, type, analysis_batches_find(b, type->name))) return false;
    }
    for (size_t i = 0; i < b->types.count; i++) {
        const struct analysis_batch_type *type = &b->types.items[i];
        if (!analysis_batches_find(a, type->name) && !add_row(compare, type->name, NULL, type)) return false;
    }
    return true;
}

/* ---- The test --------------------------------------------------------------------------------------- */

static bool prepare(struct comparison *comparison)
{
    struct analysis_compare *compare = comparison->compare;
    uint32_t most = (uint32_t)compare->types.count * ANALYSIS_METRICS;
    comparison->hypotheses = calloc((size_t)most + 1, sizeof *comparison->hypotheses);
    comparison->results = calloc((size_t)most + 1, sizeof *comparison->results);
    bool ready = ratio_test_init(&comparison->test, compare->a->count, compare->b->count, most);
    comparison->test.is_paired = compare->is_paired;
    return ready && comparison->hypotheses && comparison->results;
}

/* Fills in a hypothesis where the next one has its place; it stays if it can be tested. */
static void offer(struct comparison *comparison, struct analysis_compared *row, enum analysis_metric metric)
{
    struct ratio_test *test = &comparison->test;
    struct analysis_hypothesis hypothesis = hypothesis_of(comparison->compare, row, metric);
    size_t at = (size_t)test->count * (test->a + test->b);
    analysis_hypothesis_fill(&hypothesis, 1, test->z + at, test->w + at);
    if (!analysis_hypothesis_is_testable(&hypothesis, test->z + at, test->w + at)) return;
    comparison->hypotheses[test->count] = hypothesis;
    comparison->results[test->count++] = &row->metrics[metric];
}

static void offer_all(struct comparison *comparison)
{
    struct analysis_compare *compare = comparison->compare;
    comparison->test.count = 0;
    for (size_t i = 0; i < compare->types.count; i++)
        for (unsigned metric = 0; metric < ANALYSIS_METRICS; metric++)
            offer(comparison, &compare->types.items[i], metric);
}

/* False: it is to stop. */
static bool find_intervals(struct comparison *comparison, trace_progress *progress, void *data)
{
    struct ratio_test *test = &comparison->test;
    for (uint32_t h = 0; h < test->count; h++) {
        size_t at = (size_t)h * (test->a + test->b);
        if (progress && !progress(data, (double)h / test->count)) return false;
        comparison->results[h]->p = test->p[h];
        analysis_hypothesis_interval(&comparison->hypotheses[h], test->critical, test->z + at, test->w + at,
                                     comparison->results[h]);
    }
    return true;
}

static bool run_test(struct comparison *comparison, trace_progress *progress, void *data)
{
    struct analysis_compare *compare = comparison->compare;
    if (!compare->is_enough) return true;
    if (!prepare(comparison)) return false;
    offer_all(comparison);
    if (!ratio_test_run(&comparison->test, compare->level, progress, data))
        return comparison->is_stopped = comparison->test.is_stopped, false;
    compare->tested = comparison->test.count;
    compare->deals = comparison->test.deals;
    comparison->is_stopped = !find_intervals(comparison, progress, data);
    return !comparison->is_stopped;
}

/* ---- Verdicts --------------------------------------------------------------------------------------- */

static enum analysis_change change_of(const struct analysis_compare *compare,
                                      const struct analysis_difference *difference)
{
    double effect = analysis_difference_effect(difference);
    if (isnan(difference->p)) return ANALYSIS_UNTESTED;
    bool is_called =
        analysis_difference_is_sound(difference, compare->level) && fabs(effect) >= compare->effect_min;
    if (!is_called) return ANALYSIS_SAME;
    return effect > 0 ? ANALYSIS_MORE : ANALYSIS_LESS;
}

static enum analysis_change change_of_type(const struct analysis_compared *row)
{
    bool found[ANALYSIS_MIXED + 1] = {false};
    if (!row->a || !row->a->all.recorded)
        return row->b && row->b->all.recorded ? ANALYSIS_ONLY_B : ANALYSIS_UNTESTED;
    if (!row->b || !row->b->all.recorded) return ANALYSIS_ONLY_A;
    for (unsigned metric = 0; metric < ANALYSIS_MAX; metric++) found[row->metrics[metric].change] = true;
    if (found[ANALYSIS_LESS] && found[ANALYSIS_MORE]) return ANALYSIS_MIXED;
    if (found[ANALYSIS_LESS]) return ANALYSIS_LESS;
    if (found[ANALYSIS_MORE]) return ANALYSIS_MORE;
    return found[ANALYSIS_SAME] ? ANALYSIS_SAME : ANALYSIS_UNTESTED;
}

static void judge(struct analysis_compare *compare)
{
    for (size_t i = 0; i < compare->types.count; i++) {
        struct analysis_compared *row = &compare->types.items[i];
        for (unsigned metric = 0; metric < ANALYSIS_METRICS; metric++)
            row->metrics[metric].change = change_of(compare, &row->metrics[metric]);
        row->change = change_of_type(row);
    }
}

/* ---- Order ------------------------------------------------------------------------------------------ */

static unsigned rank_of(const struct analysis_compared *row)
{
    switch (row->change) {
    case ANALYSIS_LESS:
    case ANALYSIS_MORE:
    case ANALYSIS_MIXED: return 0;
    case ANALYSIS_ONLY_A:
    case ANALYSIS_ONLY_B: return 1;
    case ANALYSIS_SAME: return 2;
    default: return 3;
    }
}

/* The greatest change of a duration, as a factor either way: of those called, if any was; else of the mean. */
static double greatest_change(const struct analysis_compared *row)
{
    double greatest = 0;
    for (unsigned metric = 0; metric < ANALYSIS_MAX; metric++) {
        const struct analysis_difference *difference = &row->metrics[metric];
        bool counts = rank_of(row) == 0
                          ? difference->change == ANALYSIS_LESS || difference->change == ANALYSIS_MORE
                          : metric == ANALYSIS_MEAN;
        if (!counts || !(difference->a > 0) || !(difference->b > 0)) continue;
        greatest = fmax(greatest, fabs(log(difference->ratio)));
    }
    return greatest;
}

static int compare_rows(const void *left, const void *right)
{
    const struct analysis_compared *one = left, *other = right;
    if (rank_of(one) != rank_of(other)) return rank_of(one) < rank_of(other) ? -1 : 1;
    double change = greatest_change(one), greater = greatest_change(other);
    if (change != greater) return change > greater ? -1 : 1;
    return strcmp(one->type, other->type);
}

/* ---- All together ----------------------------------------------------------------------------------- */

int analysis_compare_run(struct analysis_compare *compare, struct analysis_batches *a,
                         struct analysis_batches *b, struct analysis_batches *b_windows, double level,
                         double effect_min, bool per_root, trace_progress *progress, void *data,
                         struct cairn_error *error)
{
    *compare = (struct analysis_compare){
        .a = a, .b = b, .level = level, .effect_min = effect_min, .per_root = per_root};
    struct comparison comparison = {.compare = compare};
    bool done = align(compare, b_windows) && add_rows(compare) && run_test(&comparison, progress, data);
    free(comparison.hypotheses);
    free(comparison.results);
    ratio_test_free(&comparison.test);
    if (comparison.is_stopped) return trace_stopped(error);
    if (!done)
        return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE,
                                "Out of memory: too many types to compare.");
    judge(compare);
    if (compare->types.count)
        qsort(compare->types.items, compare->types.count, sizeof *compare->types.items, compare_rows);
    return 0;
}

void analysis_compare_free(struct analysis_compare *compare)
{
    vector_free(&compare->types);
}
