/* See comparehypotheses.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/compare/comparehypotheses.h"

#include "analysis/compare/ratiotest.h"

#include <math.h>

/* Which share lies above, by metric. */
static double share_above(enum analysis_metric metric)
{
    static const double shares[ANALYSIS_METRICS] = {
        [ANALYSIS_P50] = 0.5, [ANALYSIS_P90] = 0.1, [ANALYSIS_P99] = 0.01, [ANALYSIS_P999] = 0.001};
    return shares[metric];
}

/* ---- Percentiles ------------------------------------------------------------------------------------ */

/* The tasks of a type on one side; its durations times `ns_per_tick` are what is compared. */
struct spread {
    const struct analysis_batch_type *type;
    double ns_per_tick;
};

static double above_ns(const struct spread *spread, double ns)
{
    return spread->type ? sparse_histogram_above(&spread->type->all.durations, ns / spread->ns_per_tick) : 0;
}

static double count_of(const struct analysis_batch_type *type)
{
    return type ? (double)type->all.count : 0;
}

static double max_ns(const struct spread *spread)
{
    return spread->type ? ((double)spread->type->max_ticks + 0.5) * spread->ns_per_tick : 0;
}

/* The least duration above which there is at most this share of both; as a percentile of nearest rank, which must not
 * miss its rank by a rounding error. Bisection: the count above never grows with the limit. */
static double percentile_ns(const struct spread *one, const struct spread *other, double share)
{
    double total = count_of(one->type) + count_of(other->type);
    double wanted = total * share * (1 + 0x1p-40), low = 0, high = fmax(max_ns(one), max_ns(other)) * 2;
    for (unsigned i = 0; i < 200 && high - low > high * 1e-12; i++) {
        double middle = low + (high - low) / 2;
        if (above_ns(one, middle) + above_ns(other, middle) > wanted)
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* ---- Values ----------------------------------------------------------------------------------------- */

static double over(double z, double w)
{
    return w > 0 ? z / w : NAN;
}

/* What `total` and `count` are divided by. */
static double units(const struct analysis_hypothesis *hypothesis, const struct analysis_batches *side)
{
    return hypothesis->compare->per_root ? (double)side->roots : analysis_batches_seconds(side);
}

static double percentile_of(const struct analysis_batch_type *type, double ns_per_tick, double share)
{
    double most = (double)type->max_ticks * ns_per_tick;
    double ns = percentile_ns(&(struct spread){type, ns_per_tick}, &(struct spread){0}, share);
    return fmin(ns, most);
}

double analysis_hypothesis_value(const struct analysis_hypothesis *hypothesis, bool of_b)
{
    const struct analysis_batch_type *type = of_b ? hypothesis->b : hypothesis->a;
    const struct analysis_batches *side = of_b ? hypothesis->compare->b : hypothesis->compare->a;
    double count = count_of(type), ns_per_tick = side->ns_per_tick;
    double total_ns = type ? (double)type->total_ticks * ns_per_tick : 0;
    switch (hypothesis->metric) {
    case ANALYSIS_TOTAL: return over(total_ns, units(hypothesis, side));
    case ANALYSIS_COUNT: return over(count, units(hypothesis, side));
    case ANALYSIS_RATE: return over(count, analysis_batches_seconds(side));
    default: break;
    }
    if (count == 0) return NAN;
    switch (hypothesis->metric) {
    case ANALYSIS_MEAN: return total_ns / count;
    case ANALYSIS_MAX: return (double)type->max_ticks * ns_per_tick;
    case ANALYSIS_ERRORS: return (double)type->all.errors / count;
    default: return percentile_of(type, ns_per_tick, share_above(hypothesis->metric));
    }
}

/* ---- Ratios ----------------------------------------------------------------------------------------- */

/* z of one cell; `limit_ticks` is the percentile. */
static double numerator(enum analysis_metric metric, const struct analysis_batch_cell *cell,
                        double ns_per_tick, double limit_ticks)
{
    switch (metric) {
    case ANALYSIS_MEAN:
    case ANALYSIS_TOTAL: return cell->ticks * ns_per_tick;
    case ANALYSIS_COUNT:
    case ANALYSIS_RATE: return (double)cell->count;
    case ANALYSIS_ERRORS: return (double)cell->errors;
    default: return sparse_histogram_above(&cell->durations, limit_ticks);
    }
}

/* Of batch i. Windows take the same time on both sides: a leader's first batch has the time before its first end, too. */
static double seconds_of(const struct analysis_compare *compare, const struct analysis_batches *side,
                         uint32_t i)
{
    const struct analysis_batches *measure = compare->is_paired ? compare->b : side;
    return (double)measure->spans[i].ticks * side->ns_per_tick * 1e-9;
}

static double denominator(const struct analysis_hypothesis *hypothesis,
                          const struct analysis_batch_cell *cell, const struct analysis_batches *side,
                          uint32_t i)
{
    const struct analysis_compare *compare = hypothesis->compare;
    bool per_root = compare->per_root && hypothesis->metric != ANALYSIS_RATE;
    if (compare->is_paired && (i < compare->window_first || i > compare->window_last)) return 0;
    switch (hypothesis->metric) {
    case ANALYSIS_TOTAL:
    case ANALYSIS_COUNT:
    case ANALYSIS_RATE: return per_root ? (double)side->spans[i].roots : seconds_of(compare, side, i);
    default: return (double)cell->count;
    }
}

static void fill_side(const struct analysis_hypothesis *hypothesis, bool of_b, double limit_ticks, double *z,
                      double *w)
{
    static const struct analysis_batch_cell nothing;
    const struct analysis_batch_type *type = of_b ? hypothesis->b : hypothesis->a;
    const struct analysis_batches *side = of_b ? hypothesis->compare->b : hypothesis->compare->a;
    for (uint32_t i = 0; i < side->count; i++) {
        const struct analysis_batch_cell *cell = type ? &type->cells[i] : &nothing;
        z[i] = numerator(hypothesis->metric, cell, side->ns_per_tick, limit_ticks);
        w[i] = denominator(hypothesis, cell, side, i);
    }
}

void analysis_hypothesis_fill(const struct analysis_hypothesis *hypothesis, double scale, double *z,
                              double *w)
{
    const struct analysis_compare *compare = hypothesis->compare;
    double share = share_above(hypothesis->metric), factor = share > 0 ? 1 : scale, limit_ns = 0;
    struct spread a = {hypothesis->a, compare->a->ns_per_tick * scale};
    struct spread b = {hypothesis->b, compare->b->ns_per_tick};
    if (share > 0) limit_ns = percentile_ns(&a, &b, share);
    fill_side(hypothesis, false, limit_ns / a.ns_per_tick, z, w);
    fill_side(hypothesis, true, limit_ns / b.ns_per_tick, z + compare->a->count, w + compare->a->count);
    for (uint32_t i = 0; i < compare->a->count; i++) z[i] *= factor;
}

static uint32_t positive(const double *values, uint32_t count)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) found += values[i] > 0;
    return found;
}

static uint32_t positive_in_both(const double *values, uint32_t count)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) found += values[i] > 0 && values[count + i] > 0;
    return found;
}

bool analysis_hypothesis_is_testable(const struct analysis_hypothesis *hypothesis, const double *z,
                                     const double *w)
{
    uint32_t a = hypothesis->compare->a->count, b = hypothesis->compare->b->count;
    double share = share_above(hypothesis->metric);
    if (hypothesis->metric == ANALYSIS_MAX) return false;
    if (hypothesis->compare->is_paired && positive_in_both(w, a) < ANALYSIS_COMPARE_BATCHES_MIN) return false;
    if (positive(w, a) < ANALYSIS_COMPARE_BATCHES_MIN || positive(w + a, b) < ANALYSIS_COMPARE_BATCHES_MIN)
        return false;
    if (positive(z, a + b) < ANALYSIS_COMPARE_BATCHES_MIN) return false;
    if (!(share > 0)) return true;
    return (double)hypothesis->a->all.recorded * share >= ANALYSIS_COMPARE_BEYOND_MIN &&
           (double)hypothesis->b->all.recorded * share >= ANALYSIS_COMPARE_BEYOND_MIN;
}

/* ---- Intervals -------------------------------------------------------------------------------------- */

static double statistic_at(const struct analysis_hypothesis *hypothesis, double log_scale, double *z,
                           double *w)
{
    analysis_hypothesis_fill(hypothesis, exp(log_scale), z, w);
    const struct analysis_compare *compare = hypothesis->compare;
    return compare->is_paired ? ratio_paired_statistic(z, w, compare->a->count)
                              : ratio_statistic(z, w, compare->a->count, compare->b->count, 1);
}

/* Where the statistic is 0: the ratio within the windows, which that of the sides is near to, or not. The greater the scale,
 * the less the statistic. NAN if it is nowhere 0. */
static double find_estimate(const struct analysis_hypothesis *hypothesis, double log_start, double *z,
                            double *w)
{
    double direction = statistic_at(hypothesis, log_start, z, w) > 0 ? 1 : -1, inside = 0,
           outside = 1.0 / 1024;
    while (direction * statistic_at(hypothesis, log_start + direction * outside, z, w) > 0) {
        inside = outside;
        outside *= 2;
        if (outside > 16) return NAN;
    }
    while (outside - inside > 1e-6) {
        double middle = (inside + outside) / 2;
        if (direction * statistic_at(hypothesis, log_start + direction * middle, z, w) > 0)
            inside = middle;
        else
            outside = middle;
    }
    return log_start + direction * (inside + outside) / 2;
}

/* From the estimate in steps that double until the statistic is beyond, then by bisection. `direction`: 1 or -1; the
 * greater the scale, the less the statistic. INFINITY if it is nowhere beyond. */
static double find_bound(const struct analysis_hypothesis *hypothesis, double critical, double direction,
                         double log_estimate, double *z, double *w)
{
    double inside = 0, outside = 1.0 / 1024;
    while (-direction * statistic_at(hypothesis, log_estimate + direction * outside, z, w) <= critical) {
        inside = outside;
        outside *= 2;
        if (outside > 16) return INFINITY;
    }
    while (outside - inside > 1e-5) {
        double middle = (inside + outside) / 2;
        if (-direction * statistic_at(hypothesis, log_estimate + direction * middle, z, w) <= critical)
            inside = middle;
        else
            outside = middle;
    }
    return outside;
}

void analysis_hypothesis_interval(const struct analysis_hypothesis *hypothesis, double critical, double *z,
                                  double *w, struct analysis_difference *difference)
{
    difference->low = 0;
    difference->high = INFINITY;
    if (!(difference->a > 0) || !(difference->b > 0)) return;
    double log_estimate = log(difference->b / difference->a);
    if (hypothesis->compare->is_paired) {
        log_estimate = find_estimate(hypothesis, log_estimate, z, w);
        if (isnan(log_estimate)) return;
        difference->ratio = exp(log_estimate);
    }
    if (!(critical < INFINITY)) return;
    difference->low = exp(log_estimate - find_bound(hypothesis, critical, -1, log_estimate, z, w));
    difference->high = exp(log_estimate + find_bound(hypothesis, critical, 1, log_estimate, z, w));
}
