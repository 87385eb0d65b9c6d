/* The table critical_path: where the latency of one task went. SPDX-License-Identifier: Apache-2.0
 *
 * Each question reads the whole trace, event by event, as `cairn task` does. */
#include "sql/sqltable.h"

static void put_site(struct sql_scan *scan, const struct trace_site *site)
{
    if (!site) return;
    sql_put_text(scan->rows, SQL_critical_path_file, site->file);
    if (site->line) sql_put_int(scan->rows, SQL_critical_path_line, site->line);
}

static void put_step(struct sql_scan *scan, const struct path_steps *steps, size_t index)
{
    const char *name;
    struct sql_rows *rows = scan->rows;
    const struct analysis_step *step = &steps->path->steps.items[index];
    int64_t begin_ns = trace_clock_since_start_ns(&scan->info->clock, steps->story->begin_ticks);
    sql_rows_add(rows);
    sql_put_uint(rows, SQL_critical_path_step, index + 1);
    sql_put_text(rows, SQL_critical_path_kind, path_step_kind(step));
    if (path_step_name(steps, step, &name))
        sql_put_text(rows, SQL_critical_path_name, name);
    else
        rows->is_broken = true;
    sql_put_task(scan, SQL_critical_path_task, path_step_task(steps, step));
    sql_put_thread(scan, SQL_critical_path_thread, step->thread);
    sql_put_thread_name(scan, SQL_critical_path_to_thread, step->to_thread);
    sql_put_int(rows, SQL_critical_path_begin_ns, begin_ns + (int64_t)path_step_at_ns(steps, step));
    sql_put_uint(rows, SQL_critical_path_duration_ns, path_step_ns(steps, step));
    if (step->kind == ANALYSIS_STEP_LINK) sql_put_id(scan, SQL_critical_path_other, &step->other);
    put_site(scan, path_step_site(steps, step));
}

static int put_steps(struct sql_scan *scan, const struct analysis_story *story, struct cairn_error *error)
{
    struct analysis_critical_path path = {0};
    struct path_steps steps = {.path = &path, .story = story, .info = scan->info};
    bool done = analysis_critical_path_find(&path, story);
    for (size_t i = 0; done && i < path.steps.count; i++) put_step(scan, &steps, i);
    analysis_critical_path_free(&path);
    return done && !scan->rows->is_broken ? 0 : sql_out_of_memory(error);
}

/* A task that is not in the trace has no steps. */
static int critical_path_whole(struct sql_scan *scan, struct cairn_error *error)
{
    struct trace_task_id task = {0};
    struct analysis_story story = {0};
    if (analysis_id_parse(scan->arguments[0], scan->info, &task, error) != 0) return -1;
    scan->source->no_text = true; /* the path is made of times */
    int result = analysis_story_init(&story, scan->info, &task) ? 0 : sql_out_of_memory(error);
    if (result == 0) result = trace_run(scan->source, &story.sink, sql_progress, scan, error);
    if (result == 0) result = put_steps(scan, &story, error);
    analysis_story_free(&story);
    return result;
}

const struct sql_table_kind sql_kind_critical_path = {.whole = critical_path_whole};
