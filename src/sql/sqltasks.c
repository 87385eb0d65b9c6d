/* The tables of tasks and regions: one row each, as the engine hands them out. SPDX-License-Identifier: Apache-2.0
 *
 * What a task is and when it ends is decided by the sinks of src/analysis, so that the rows add up to what the
 * sub-commands print. Details (counts, concurrency) cost more and are collected only if their columns are asked for.
 */
#include "sql/sqltable.h"

#include "cairn/cairn.h"

#include <string.h>

/* ---- Tasks ------------------------------------------------------------------------------------------------ */

struct tasks_state {
    struct analysis_details details; /* or only its tasks */
    bool has_details;
};

/* What the columns that are asked for need; the returned is meaningless if none does. */
static bool wanted_details(const struct sql_rows *rows, unsigned *wanted)
{
    *wanted = 0;
    if (sql_rows_want(rows, SQL_tasks_subtask_count)) *wanted |= ANALYSIS_DETAIL_SUBTASKS;
    if (sql_rows_want(rows, SQL_tasks_log_count)) *wanted |= ANALYSIS_DETAIL_LOGS;
    if (sql_rows_want(rows, SQL_tasks_attribute_count)) *wanted |= ANALYSIS_DETAIL_ATTRS;
    return *wanted || sql_rows_want(rows, SQL_tasks_concurrent);
}

static void put_end(struct sql_scan *scan, const struct analysis_task *task)
{
    struct sql_rows *rows = scan->rows;
    sql_put_text(rows, SQL_tasks_status, analysis_status_name(task->status));
    if (task->status == ANALYSIS_UNFINISHED) return;
    sql_put_instant(scan, SQL_tasks_end_ns, task->end_ticks);
    sql_put_interval(scan, SQL_tasks_latency_ns, analysis_task_latency(task));
    sql_put_interval(scan, SQL_tasks_self_ns, task->self_ticks);
    sql_put_thread_name(scan, SQL_tasks_end_thread, task->end_thread);
    if (task->status == ANALYSIS_FAILED)
        sql_put_text(rows, SQL_tasks_reason, analysis_site_text(scan->info, task->end_site));
}

static void put_parent(struct sql_scan *scan, const struct trace_task_id *parent)
{
    if (!parent->id) return;
    sql_put_id(scan, SQL_tasks_parent, parent);
    sql_put_int(scan->rows, SQL_tasks_parent_key, sql_task_key(scan, parent));
    sql_put_text(scan->rows, SQL_tasks_parent_type, analysis_type_of_task(scan->info, parent));
}

/* False: not asked for. */
static bool put_task(struct sql_scan *scan, const struct analysis_task *task)
{
    struct sql_rows *rows = scan->rows;
    if (!sql_wants_task(scan, &task->id) || !sql_wants_type(scan, task->id.site)) return false;
    scan->is_done = scan->has_key; /* there is only one of each */
    sql_rows_add(rows);
    sql_put_id(scan, SQL_tasks_id, &task->id);
    sql_put_int(rows, SQL_tasks_task_key, sql_task_key(scan, &task->id));
    sql_put_text(rows, SQL_tasks_type, analysis_type_of_task(scan->info, &task->id));
    sql_put_int(rows, SQL_tasks_process, (int64_t)task->id.process + 1);
    sql_put_instant(scan, SQL_tasks_begin_ns, task->id.birth);
    sql_put_thread_name(scan, SQL_tasks_begin_thread, task->begin_thread);
    sql_put_int(rows, SQL_tasks_weight, task->weight);
    put_parent(scan, &task->parent);
    put_end(scan, task);
    return true;
}

static bool take_task(void *data, const struct analysis_task *task)
{
    struct sql_scan *scan = data;
    put_task(scan, task);
    return !scan->rows->is_broken;
}

static bool take_detail(void *data, const struct analysis_detail *detail)
{
    struct sql_scan *scan = data;
    struct sql_rows *rows = scan->rows;
    uint64_t subtasks = 0;
    if (!put_task(scan, detail->task)) return true;
    for (size_t i = 0; i < detail->subtask_count; i++) subtasks += detail->subtasks[i].count;
    sql_put_int(rows, SQL_tasks_concurrent, detail->concurrent);
    sql_put_uint(rows, SQL_tasks_subtask_count, subtasks);
    sql_put_uint(rows, SQL_tasks_log_count, detail->log_total);
    sql_put_uint(rows, SQL_tasks_attribute_count, detail->attr_count);
    return !rows->is_broken;
}

static int tasks_begin(struct sql_scan *scan, struct cairn_error *error)
{
    struct tasks_state *state = scan->state;
    struct analysis_tasks *tasks = &state->details.tasks;
    unsigned wanted;
    scan->source->no_text = true;
    state->has_details = wanted_details(scan->rows, &wanted);
    if (state->has_details) {
        if (!analysis_details_init(&state->details, scan->info, NULL, wanted))
            return sql_out_of_memory(error);
        state->details.each = take_detail;
        state->details.each_data = scan;
        return 0;
    }
    if (!analysis_tasks_init(tasks, scan->info, NULL, 0)) return sql_out_of_memory(error);
    tasks->each = take_task;
    tasks->each_data = scan;
    return 0;
}

static struct trace_sink *tasks_sink(const struct sql_scan *scan)
{
    struct tasks_state *state = scan->state;
    return state->has_details ? &state->details.sink : &state->details.tasks.sink;
}

static int tasks_event(struct sql_scan *scan, const struct trace_event *event, struct cairn_error *error)
{
    struct trace_sink *sink = tasks_sink(scan);
    return sink->event(sink, event, error);
}

static int tasks_end(struct sql_scan *scan, struct cairn_error *error)
{
    struct trace_sink *sink = tasks_sink(scan);
    return sink->end(sink, scan->info, error);
}

static void tasks_free(struct sql_scan *scan)
{
    struct tasks_state *state = scan->state;
    analysis_details_free(&state->details); /* without details its own parts are empty */
}

const struct sql_table_kind sql_kind_tasks = {
    .state_bytes = sizeof(struct tasks_state),
    .begin = tasks_begin,
    .event = tasks_event,
    .end = tasks_end,
    .free = tasks_free,
};

/* ---- Regions ---------------------------------------------------------------------------------------------- */

static uint32_t process_of(const struct trace_info *info, const struct analysis_region *region)
{
    uint32_t thread = region->id.thread == UINT32_MAX ? region->end_thread : region->id.thread;
    return thread < info->thread_count ? info->threads[thread].process : region->id.task.process;
}

static void put_region_end(struct sql_scan *scan, const struct analysis_region *region)
{
    sql_put_text(scan->rows, SQL_regions_status,
                 !region->is_finished ? "unfinished"
                 : region->is_wrong   ? "wrong"
                                      : "ok");
    if (!region->is_finished) return;
    sql_put_instant(scan, SQL_regions_end_ns, region->end_ticks);
    sql_put_interval(scan, SQL_regions_duration_ns, analysis_region_duration(region));
    sql_put_interval(scan, SQL_regions_self_ns, region->self_ticks);
    sql_put_thread_name(scan, SQL_regions_end_thread, region->end_thread);
}

static bool take_region(void *data, const struct analysis_region *region)
{
    struct sql_scan *scan = data;
    struct sql_rows *rows = scan->rows;
    if (!sql_wants_task(scan, &region->id.task) || !sql_wants_type(scan, region->id.site)) return true;
    sql_rows_add(rows);
    sql_put_int(rows, SQL_regions_region_key,
                sql_region_key(scan, region->id.place, process_of(scan->info, region)));
    sql_put_text(rows, SQL_regions_type, analysis_type_of_site(scan->info, region->id.site));
    sql_put_place(scan, SQL_regions_file, region->id.site);
    sql_put_task(scan, SQL_regions_task, &region->id.task);
    sql_put_thread(scan, SQL_regions_thread, region->id.thread);
    sql_put_instant(scan, SQL_regions_begin_ns, region->id.birth);
    sql_put_int(rows, SQL_regions_weight, region->weight);
    put_region_end(scan, region);
    return !rows->is_broken;
}

static int regions_begin(struct sql_scan *scan, struct cairn_error *error)
{
    struct analysis_regions *regions = scan->state;
    scan->source->no_text = true;
    if (!analysis_regions_init(regions, scan->info, NULL)) return sql_out_of_memory(error);
    regions->each = take_region;
    regions->each_data = scan;
    return 0;
}

static int regions_event(struct sql_scan *scan, const struct trace_event *event, struct cairn_error *error)
{
    struct trace_sink *sink = scan->state;
    return sink->event(sink, event, error);
}

static int regions_end(struct sql_scan *scan, struct cairn_error *error)
{
    struct trace_sink *sink = scan->state;
    return sink->end(sink, scan->info, error);
}

static void regions_free(struct sql_scan *scan)
{
    analysis_regions_free(scan->state);
}

const struct sql_table_kind sql_kind_regions = {
    .state_bytes = sizeof(struct analysis_regions),
    .begin = regions_begin,
    .event = regions_event,
    .end = regions_end,
    .free = regions_free,
};
