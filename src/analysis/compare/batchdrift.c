/* See batchdrift.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/compare/batchdrift.h"

#include <math.h>

/* A series of what is off, as it comes. */
struct off_series {
    double product, square, before;
    uint32_t count;
};

static void add_off(struct off_series *series, double off)
{
    series->product += off * series->before;
    series->square += off * off;
    series->before = off;
    series->count++;
}

/* Bonferroni's bound, by the tail of the normal distribution. */
static bool is_alike(const struct off_series *series, size_t type_count)
{
    double odds = log(100.0 * (double)(type_count + 1));
    double limit = sqrt(2 * odds - log(4 * 3.14159265358979 * odds));
    return series->product * sqrt(series->count) > limit * series->square;
}

/* ---- One side --------------------------------------------------------------------------------------- */

static struct off_series off_mean(const struct analysis_batch_type *type, uint32_t count)
{
    struct off_series series = {0};
    double ticks = 0, items = 0;
    for (uint32_t i = 0; i < count; i++) {
        ticks += type->cells[i].ticks;
        items += (double)type->cells[i].count;
    }
    for (uint32_t i = 0; i < count && items > 0; i++)
        add_off(&series, type->cells[i].ticks - ticks / items * (double)type->cells[i].count);
    return series;
}

bool analysis_batches_drift(const struct analysis_batches *side)
{
    for (size_t i = 0; i < side->types.count; i++) {
        struct off_series series = off_mean(&side->types.items[i], side->count);
        if (is_alike(&series, side->types.count)) return true;
    }
    return false;
}

/* ---- Windows ---------------------------------------------------------------------------------------- */

/* By how much one side's durations are more than its items' part of what both have; and how many items speak of it. */
static double difference_in(const struct analysis_batch_cell *a, const struct analysis_batch_cell *b,
                            double *weight)
{
    double ours = (double)a->count, theirs = (double)b->count;
    *weight = ours > 0 && theirs > 0 ? ours * theirs / (ours + theirs) : 0;
    return *weight > 0 ? *weight * (b->ticks / theirs - a->ticks / ours) : 0;
}

static struct off_series off_difference(const struct analysis_batch_type *a,
                                        const struct analysis_batch_type *b, uint32_t count)
{
    struct off_series series = {0};
    double sum = 0, weights = 0, weight;
    for (uint32_t i = 0; i < count; i++) {
        sum += difference_in(&a->cells[i], &b->cells[i], &weight);
        weights += weight;
    }
    for (uint32_t i = 0; i < count; i++) {
        double difference = difference_in(&a->cells[i], &b->cells[i], &weight);
        if (weight > 0) add_off(&series, difference - sum / weights * weight);
    }
    return series;
}

bool analysis_windows_drift(const struct analysis_batches *leader, const struct analysis_batches *follower)
{
    for (size_t i = 0; i < leader->types.count; i++) {
        const struct analysis_batch_type *a = &leader->types.items[i];
        const struct analysis_batch_type *b = analysis_batches_find(follower, a->name);
        if (!b) continue;
        struct off_series series = off_difference(a, b, leader->count);
        if (is_alike(&series, leader->types.count)) return true;
    }
    return false;
}
