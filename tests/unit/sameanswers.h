/* Whether two analyses have the same result: event by event, and chunk by chunk on several processors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each returns NULL, or what differs. */
#ifndef CAIRN_TESTS_SAMEANSWERS_H
#define CAIRN_TESTS_SAMEANSWERS_H

#include "analysis/analysis.h"

#include <string.h>

static inline bool same_times(const struct histogram *one, const struct histogram *other)
{
    if (one->count != other->count || !one->count) return one->count == other->count;
    return one->min == other->min && one->max == other->max && one->sum == other->sum &&
           memcmp(one->buckets, other->buckets, HISTOGRAM_BUCKETS * sizeof *one->buckets) == 0;
}

static inline bool same_stats(const struct analysis_stats *one, const struct analysis_stats *other)
{
    return same_times(&one->time, &other->time) && one->count == other->count &&
           one->unfinished == other->unfinished && one->errors == other->errors &&
           one->begun_before == other->begun_before && one->before_window == other->before_window &&
           one->begin_lost == other->begin_lost && one->self == other->self &&
           one->estimated == other->estimated && one->estimated_total == other->estimated_total &&
           one->estimated_self == other->estimated_self;
}

static inline const char *same_tasks(const struct analysis_tasks *one, const struct analysis_tasks *other)
{
    if (one->rows.count != other->rows.count) return "types";
    for (size_t i = 0; i < one->rows.count; i++) {
        const struct analysis_task_row *row = &one->rows.items[i], *its = &other->rows.items[i];
        if (strcmp(row->type, its->type) != 0 || !same_stats(&row->stats, &its->stats)) return row->type;
        if (row->load.open_ticks != its->load.open_ticks || row->load.peak != its->load.peak) return "load";
        if (row->roots != its->roots || row->skipped != its->skipped) return "sampling";
    }
    if (one->slowest.count != other->slowest.count) return "number of slowest";
    for (size_t i = 0; i < one->slowest.count; i++) {
        const struct analysis_task *task = &one->slowest.items[i], *its = &other->slowest.items[i];
        if (task->id.id != its->id.id || task->end_ticks != its->end_ticks) return "slowest";
        if (task->begin != its->begin || task->parent.id != its->parent.id) return "begin of the slowest";
        if (task->begin_thread != its->begin_thread || task->end_thread != its->end_thread)
            return "threads of the slowest";
    }
    return NULL;
}

static inline const char *same_regions(const struct analysis_regions *one,
                                       const struct analysis_regions *other)
{
    if (one->rows.count != other->rows.count || one->sites.count != other->sites.count) return "call sites";
    for (size_t i = 0; i < one->rows.count; i++)
        if (!same_stats(&one->rows.items[i].stats, &other->rows.items[i].stats))
            return one->rows.items[i].type;
    for (size_t i = 0; i < one->sites.count; i++) {
        const struct analysis_region_row *row = &one->sites.items[i], *its = &other->sites.items[i];
        if (strcmp(row->type, its->type) != 0 || row->line != its->line) return "order of call sites";
        if (!same_stats(&row->stats, &its->stats)) return row->type;
    }
    return NULL;
}

#endif
