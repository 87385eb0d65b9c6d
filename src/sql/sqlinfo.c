/* The tables of what is known of a trace as a whole: threads, processes, sites, losses, diagnostics.
 * SPDX-License-Identifier: Apache-2.0 */
#include "sql/sqltable.h"

#include "cairn/cairn.h"

static int result_of(const struct sql_scan *scan, struct cairn_error *error)
{
    return scan->rows->is_broken ? sql_out_of_memory(error) : 0;
}

/* ---- Threads and processes --------------------------------------------------------------------------------- */

static int threads_whole(struct sql_scan *scan, struct cairn_error *error)
{
    for (uint32_t i = 0; i < scan->info->thread_count; i++) {
        const struct trace_thread *thread = &scan->info->threads[i];
        sql_rows_add(scan->rows);
        sql_put_int(scan->rows, SQL_threads_thread, (int64_t)i + 1);
        sql_put_thread_name(scan, SQL_threads_name, i);
        sql_put_int(scan->rows, SQL_threads_tid, thread->tid);
        sql_put_int(scan->rows, SQL_threads_process, (int64_t)thread->process + 1);
        sql_put_known_instant(scan, SQL_threads_begin_ns, thread->begin_ticks);
        sql_put_known_instant(scan, SQL_threads_end_ns, thread->end_ticks);
        sql_put_uint(scan->rows, SQL_threads_lost, trace_tally_sum(thread->lost));
        sql_put_uint(scan->rows, SQL_threads_overwritten, trace_tally_sum(thread->overwritten));
    }
    return result_of(scan, error);
}

const struct sql_table_kind sql_kind_threads = {.whole = threads_whole};

static void put_process(struct sql_scan *scan, const struct trace_process *process)
{
    struct sql_rows *rows = scan->rows;
    sql_put_int(rows, SQL_processes_pid, process->pid);
    sql_put_int(rows, SQL_processes_round, process->round);
    sql_put_text(rows, SQL_processes_executable, process->executable);
    sql_put_text(rows, SQL_processes_command, process->command);
    sql_put_text(rows, SQL_processes_host, process->host);
    sql_put_text(rows, SQL_processes_path, process->path);
    sql_put_instant(scan, SQL_processes_begin_ns, process->begin_ticks);
    sql_put_instant(scan, SQL_processes_end_ns, process->end_ticks);
    sql_put_int(rows, SQL_processes_start_realtime_ns, process->start_realtime_ns);
    sql_put_known_instant(scan, SQL_processes_window_begin_ns, process->window_begin_ticks);
    if (process->parent != UINT32_MAX) sql_put_int(rows, SQL_processes_parent, (int64_t)process->parent + 1);
    if (process->parent_pid) sql_put_int(rows, SQL_processes_parent_pid, process->parent_pid);
    sql_put_uint(rows, SQL_processes_file_bytes, process->file_bytes);
    sql_put_uint(rows, SQL_processes_live_bytes, process->live_bytes);
}

static int processes_whole(struct sql_scan *scan, struct cairn_error *error)
{
    for (uint32_t i = 0; i < scan->info->process_count; i++) {
        sql_rows_add(scan->rows);
        sql_put_int(scan->rows, SQL_processes_process, (int64_t)i + 1);
        put_process(scan, &scan->info->processes[i]);
    }
    return result_of(scan, error);
}

const struct sql_table_kind sql_kind_processes = {.whole = processes_whole};

/* ---- Sites ------------------------------------------------------------------------------------------------- */

static const char *role_name(uint8_t role)
{
    static const char *const names[] = {
        [CAIRN_I_ROLE_TASK] = "task", [CAIRN_I_ROLE_REGION] = "region",   [CAIRN_I_ROLE_LOG] = "log",
        [CAIRN_I_ROLE_ATTR] = "attr", [CAIRN_I_ROLE_COUNTER] = "counter", [CAIRN_I_ROLE_END] = "end"};
    return role < sizeof names / sizeof *names ? names[role] : NULL;
}

static int sites_whole(struct sql_scan *scan, struct cairn_error *error)
{
    for (uint32_t i = 1; i < scan->info->site_count; i++) {
        const struct trace_site *site = &scan->info->sites[i];
        if (!sql_wants_type(scan, i)) continue;
        sql_rows_add(scan->rows);
        sql_put_int(scan->rows, SQL_sites_site, i);
        sql_put_text(scan->rows, SQL_sites_role, role_name(site->role));
        sql_put_text(scan->rows, SQL_sites_text, analysis_site_text(scan->info, i));
        sql_put_text(scan->rows, SQL_sites_format, site->format);
        sql_put_place(scan, SQL_sites_file, i);
        if (site->one_in) {
            sql_put_int(scan->rows, SQL_sites_one_in, site->one_in);
            sql_put_uint(scan->rows, SQL_sites_skipped, site->skipped);
        }
    }
    return result_of(scan, error);
}

const struct sql_table_kind sql_kind_sites = {.whole = sites_whole};

/* ---- Losses ------------------------------------------------------------------------------------------------ */

static const char *const tally_names[CAIRN_TALLY_SLOTS] = {
#define CAIRN_TALLY(number, NAME, name, doc) [number] = #name,
#include "format/event.def"
};

static void put_loss(struct sql_scan *scan, uint32_t index, unsigned kind)
{
    const struct trace_thread *thread = &scan->info->threads[index];
    sql_rows_add(scan->rows);
    sql_put_thread(scan, SQL_losses_thread, index);
    sql_put_int(scan->rows, SQL_losses_process, (int64_t)thread->process + 1);
    sql_put_text(scan->rows, SQL_losses_kind, tally_names[kind] ? tally_names[kind] : "other");
    sql_put_uint(scan->rows, SQL_losses_lost, thread->lost[kind]);
    sql_put_uint(scan->rows, SQL_losses_overwritten, thread->overwritten[kind]);
    sql_put_known_instant(scan, SQL_losses_first_lost_ns, thread->first_lost_ticks);
    sql_put_known_instant(scan, SQL_losses_last_lost_ns, thread->last_lost_ticks);
}

static int losses_whole(struct sql_scan *scan, struct cairn_error *error)
{
    for (uint32_t i = 0; i < scan->info->thread_count; i++)
        for (unsigned kind = 0; kind < CAIRN_TALLY_SLOTS; kind++)
            if (scan->info->threads[i].lost[kind] || scan->info->threads[i].overwritten[kind])
                put_loss(scan, i, kind);
    return result_of(scan, error);
}

const struct sql_table_kind sql_kind_losses = {.whole = losses_whole};

/* ---- Diagnostics ------------------------------------------------------------------------------------------- */

struct findings {
    struct analysis_tasks tasks;
    struct analysis_regions regions;
};

/* What is odd is found by reading all, through the analyses too, as `cairn info` does. */
static int findings_begin(struct sql_scan *scan, struct cairn_error *error)
{
    struct findings *state = scan->state;
    bool done = analysis_tasks_init(&state->tasks, scan->info, NULL, 0);
    done = analysis_regions_init(&state->regions, scan->info, NULL) && done;
    return done ? 0 : sql_out_of_memory(error);
}

static int findings_event(struct sql_scan *scan, const struct trace_event *event, struct cairn_error *error)
{
    struct findings *state = scan->state;
    if (state->tasks.sink.event(&state->tasks.sink, event, error) != 0) return -1;
    return state->regions.sink.event(&state->regions.sink, event, error);
}

static int findings_end(struct sql_scan *scan, struct cairn_error *error)
{
    struct findings *state = scan->state;
    const struct trace_diagnostics *all = scan->info->diagnostics;
    if (state->tasks.sink.end(&state->tasks.sink, scan->info, error) != 0) return -1;
    if (state->regions.sink.end(&state->regions.sink, scan->info, error) != 0) return -1;
    for (uint32_t i = 0; i < all->count; i++) {
        sql_rows_add(scan->rows);
        sql_put_text(scan->rows, SQL_diagnostics_name, all->items[i].name);
        sql_put_text(scan->rows, SQL_diagnostics_severity, trace_severity_name(all->items[i].severity));
        sql_put_uint(scan->rows, SQL_diagnostics_count, all->items[i].count);
        sql_put_text(scan->rows, SQL_diagnostics_advice, all->items[i].advice);
        sql_put_text(scan->rows, SQL_diagnostics_example, all->items[i].example);
    }
    return result_of(scan, error);
}

static void findings_free(struct sql_scan *scan)
{
    struct findings *state = scan->state;
    analysis_tasks_free(&state->tasks);
    analysis_regions_free(&state->regions);
}

const struct sql_table_kind sql_kind_diagnostics = {
    .state_bytes = sizeof(struct findings),
    .begin = findings_begin,
    .event = findings_event,
    .end = findings_end,
    .free = findings_free,
};
