/* The tables of what the engine computes: per type, distributions, the slowest. SPDX-License-Identifier: Apache-2.0
 *
 * Each asks the same analysis as the sub-command of that name, on several processors where that can be. */
#include "sql/sqltable.h"

#include "cairn/cairn.h"

#include <errno.h>
#include <stdlib.h>

/* ---- Asking -------------------------------------------------------------------------------------------------- */

/* All these tables begin their arguments with a pattern; `where` is the expression, NULL if none was given. */
static int prepare(struct sql_scan *scan, struct analysis_filter *filter, enum analysis_subject subject,
                   const char *where, struct cairn_error *error)
{
    struct analysis_spec spec = {.type = scan->arguments[0], .where = where, .where_name = "filter"};
    return sql_filter_begin(scan, scan->source, filter, subject, &spec, error);
}

/* No filter is faster than one that lets everything pass. */
static struct analysis_filter *filter_of(const struct sql_scan *scan, struct analysis_filter *filter,
                                         const char *where)
{
    return scan->arguments[0] || where ? filter : NULL;
}

static int finish(const struct sql_scan *scan, int result, struct cairn_error *error)
{
    return result == 0 && scan->rows->is_broken ? sql_out_of_memory(error) : result;
}

/* Asks for tasks, makes rows by `put`, and frees. */
static int with_tasks(struct sql_scan *scan, size_t slowest, const char *where, struct cairn_error *error,
                      void (*put)(struct sql_scan *, const struct analysis_tasks *))
{
    struct analysis_tasks tasks = {0};
    struct analysis_filter filter = {0};
    int result = prepare(scan, &filter, ANALYSIS_TASKS, where, error);
    if (result == 0 && !analysis_tasks_init(&tasks, scan->info, filter_of(scan, &filter, where), slowest))
        result = sql_out_of_memory(error);
    if (result == 0) result = analysis_tasks_run(&tasks, scan->source, sql_progress, scan, error);
    if (result == 0) put(scan, &tasks);
    analysis_tasks_free(&tasks);
    analysis_filter_free(&filter);
    return finish(scan, result, error);
}

static int with_regions(struct sql_scan *scan, struct cairn_error *error,
                        void (*put)(struct sql_scan *, const struct analysis_regions *))
{
    struct analysis_regions regions = {0};
    struct analysis_filter filter = {0};
    const char *where = scan->arguments[1];
    int result = prepare(scan, &filter, ANALYSIS_REGIONS, where, error);
    if (result == 0 && !analysis_regions_init(&regions, scan->info, filter_of(scan, &filter, where)))
        result = sql_out_of_memory(error);
    if (result == 0) result = analysis_regions_run(&regions, scan->source, sql_progress, scan, error);
    if (result == 0) put(scan, &regions);
    analysis_regions_free(&regions);
    analysis_filter_free(&filter);
    return finish(scan, result, error);
}

/* ---- Per type ------------------------------------------------------------------------------------------------ */

/* The columns SQL_STATS_COLUMNS, of which `first` is the first: these are in the order here. */
static void put_stats(struct sql_scan *scan, unsigned first, const struct analysis_stats *stats)
{
    struct sql_rows *rows = scan->rows;
    struct analysis_summary summary;
    analysis_summarize(&summary, stats, &scan->info->clock);
    const uint64_t counts[] = {summary.count,  summary.finished,     summary.unfinished,
                               summary.errors, summary.begun_before, summary.begin_lost};
    const uint64_t times[] = {summary.total_ns, summary.self_ns, summary.min_ns,
                              summary.mean_ns,  summary.p50_ns,  summary.p90_ns,
                              summary.p99_ns,   summary.p999_ns, summary.max_ns};
    enum { COUNTS = sizeof counts / sizeof *counts, TIMES = sizeof times / sizeof *times };
    unsigned added = first + COUNTS + TIMES; /* the columns that came later stand behind */
    for (unsigned i = 0; i < COUNTS; i++) sql_put_uint(rows, first + i, counts[i]);
    sql_put_uint(rows, added, summary.before_window);
    sql_put_uint(rows, added + 1, summary.estimated_count);
    if (!summary.finished) return;
    for (unsigned i = 0; i < TIMES; i++) sql_put_uint(rows, first + COUNTS + i, times[i]);
    sql_put_uint(rows, added + 2, summary.estimated_total_ns);
    sql_put_uint(rows, added + 3, summary.estimated_self_ns);
}

static void put_load(struct sql_scan *scan, const struct analysis_tasks *tasks,
                     const struct analysis_task_row *row)
{
    struct sql_rows *rows = scan->rows;
    struct analysis_summary summary;
    analysis_summarize(&summary, &row->stats, &scan->info->clock);
    sql_put_float(rows, SQL_task_stats_rate_per_s,
                  analysis_load_rate(&tasks->window, summary.finished, &scan->info->clock));
    sql_put_float(rows, SQL_task_stats_concurrency_mean, analysis_load_mean(&tasks->window, &row->load));
    if (summary.finished) sql_put_uint(rows, SQL_task_stats_subtask_ns, summary.total_ns - summary.self_ns);
}

static void put_task_rows(struct sql_scan *scan, const struct analysis_tasks *tasks)
{
    for (size_t i = 0; i < tasks->rows.count; i++) {
        const struct analysis_task_row *row = &tasks->rows.items[i];
        sql_rows_add(scan->rows);
        sql_put_text(scan->rows, SQL_task_stats_type, row->type);
        put_stats(scan, SQL_task_stats_count, &row->stats);
        if (row->stats.time.count) sql_put_id(scan, SQL_task_stats_slowest, &row->slowest.id);
        if (row->one_in_min && row->one_in_min == row->one_in_max)
            sql_put_int(scan->rows, SQL_task_stats_one_in, row->one_in_min);
        if (row->skipped_known) sql_put_uint(scan->rows, SQL_task_stats_skipped, row->skipped);
        put_load(scan, tasks, row);
    }
}

static int task_stats_whole(struct sql_scan *scan, struct cairn_error *error)
{
    return with_tasks(scan, 0, scan->arguments[1], error, put_task_rows);
}

const struct sql_table_kind sql_kind_task_stats = {.whole = task_stats_whole};

static void put_region_rows(struct sql_scan *scan, const struct analysis_regions *regions)
{
    for (size_t i = 0; i < regions->rows.count; i++) {
        sql_rows_add(scan->rows);
        sql_put_text(scan->rows, SQL_region_stats_type, regions->rows.items[i].type);
        put_stats(scan, SQL_region_stats_count, &regions->rows.items[i].stats);
    }
}

static int region_stats_whole(struct sql_scan *scan, struct cairn_error *error)
{
    return with_regions(scan, error, put_region_rows);
}

const struct sql_table_kind sql_kind_region_stats = {.whole = region_stats_whole};

static void put_site_rows(struct sql_scan *scan, const struct analysis_regions *regions)
{
    for (size_t i = 0; i < regions->sites.count; i++) {
        const struct analysis_region_row *row = &regions->sites.items[i];
        sql_rows_add(scan->rows);
        sql_put_text(scan->rows, SQL_region_sites_type, row->type);
        sql_put_text(scan->rows, SQL_region_sites_file, row->file);
        sql_put_int(scan->rows, SQL_region_sites_line, row->line);
        sql_put_text(scan->rows, SQL_region_sites_function, row->function);
        put_stats(scan, SQL_region_sites_count, &row->stats);
    }
}

static int region_sites_whole(struct sql_scan *scan, struct cairn_error *error)
{
    return with_regions(scan, error, put_site_rows);
}

const struct sql_table_kind sql_kind_region_sites = {.whole = region_sites_whole};

/* ---- Distributions ------------------------------------------------------------------------------------------- */

/* Both tables have the columns of SQL_BUCKET_COLUMNS first. */
static void put_buckets(struct sql_scan *scan, const struct histogram *histogram)
{
    for (unsigned i = 0; histogram->buckets && i < HISTOGRAM_BUCKETS; i++) {
        if (!histogram->buckets[i]) continue;
        sql_rows_add(scan->rows);
        sql_put_interval(scan, SQL_histogram_low_ns, histogram_bucket_low(i));
        sql_put_interval(scan, SQL_histogram_high_ns,
                         i + 1 < HISTOGRAM_BUCKETS ? histogram_bucket_low(i + 1) : UINT64_MAX);
        sql_put_uint(scan->rows, SQL_histogram_count, histogram->buckets[i]);
    }
}

/* A pattern may mean several types: they are put together. */
static void put_task_buckets(struct sql_scan *scan, const struct analysis_tasks *tasks)
{
    struct histogram all = {0};
    for (size_t i = 0; i < tasks->rows.count; i++)
        if (!histogram_merge(&all, &tasks->rows.items[i].stats.time)) scan->rows->is_broken = true;
    put_buckets(scan, &all);
    histogram_free(&all);
}

static int histogram_whole(struct sql_scan *scan, struct cairn_error *error)
{
    return with_tasks(scan, 0, scan->arguments[1], error, put_task_buckets);
}

const struct sql_table_kind sql_kind_histogram = {.whole = histogram_whole};

static void put_region_buckets(struct sql_scan *scan, const struct analysis_regions *regions)
{
    struct histogram all = {0};
    for (size_t i = 0; i < regions->rows.count; i++)
        if (!histogram_merge(&all, &regions->rows.items[i].stats.time)) scan->rows->is_broken = true;
    put_buckets(scan, &all);
    histogram_free(&all);
}

static int region_histogram_whole(struct sql_scan *scan, struct cairn_error *error)
{
    return with_regions(scan, error, put_region_buckets);
}

const struct sql_table_kind sql_kind_region_histogram = {.whole = region_histogram_whole};

/* ---- The slowest --------------------------------------------------------------------------------------------- */

enum { SLOWEST_DEFAULT = 20 };

static void put_slowest(struct sql_scan *scan, const struct analysis_tasks *tasks)
{
    struct sql_rows *rows = scan->rows;
    for (size_t i = 0; i < tasks->slowest.count; i++) {
        const struct analysis_task *task = &tasks->slowest.items[i];
        bool failed = task->status == ANALYSIS_FAILED;
        sql_rows_add(rows);
        sql_put_id(scan, SQL_slowest_id, &task->id);
        sql_put_int(rows, SQL_slowest_task_key, sql_task_key(scan, &task->id));
        sql_put_text(rows, SQL_slowest_type, analysis_type_of_task(scan->info, &task->id));
        sql_put_instant(scan, SQL_slowest_begin_ns, task->id.birth);
        sql_put_interval(scan, SQL_slowest_latency_ns, analysis_task_latency(task));
        sql_put_text(rows, SQL_slowest_status, analysis_status_name(task->status));
        if (failed) sql_put_text(rows, SQL_slowest_reason, analysis_site_text(scan->info, task->end_site));
        if (task->parent.id) sql_put_id(scan, SQL_slowest_parent, &task->parent);
        sql_put_thread_name(scan, SQL_slowest_end_thread, task->end_thread);
    }
}

static int slowest_whole(struct sql_scan *scan, struct cairn_error *error)
{
    long long count = SLOWEST_DEFAULT;
    if (scan->arguments[1]) {
        char *end;
        errno = 0;
        count = strtoll(scan->arguments[1], &end, 10);
        if (*end || errno || count < 0)
            return cairn__error_set(error, CAIRN_EINVAL, NULL, CAIRN_ERROR_NOWHERE,
                                    "slowest(pattern, n): n must be a count, as in slowest('order', 5).");
    }
    if (count == 0) return 0;
    return with_tasks(scan, (size_t)count, scan->arguments[2], error, put_slowest);
}

const struct sql_table_kind sql_kind_slowest = {.whole = slowest_whole};
