/* The tables of single events: logs, attributes, counters, links. SPDX-License-Identifier: Apache-2.0
 *
 * A row per event, in the order of the trace; nothing is kept. */
#include "sql/sqltable.h"

#include "cairn/cairn.h"
#include "trace/logtext.h"

/* What comes this much later than all that is asked for ends the reading: the times of one thread may step back a little,
 * when a handler has interrupted it or it changed processors, and then the trace is not strictly in order. */
enum { LATE_NS = 1000000000 };

static bool is_late(const struct sql_scan *scan, int64_t ns)
{
    return scan->to_ns < INT64_MAX - LATE_NS && ns > scan->to_ns + LATE_NS;
}

/* Whether an event becomes a row; `site` is where its type stands. */
static bool is_asked(struct sql_scan *scan, const struct trace_event *event)
{
    int64_t ns = trace_clock_since_start_ns(&scan->info->clock, event->time);
    if (is_late(scan, ns)) scan->is_done = true;
    return sql_wants_time(scan, ns) && sql_wants_task(scan, &event->task) &&
           sql_wants_type(scan, event->site);
}

static int row_result(const struct sql_scan *scan, struct cairn_error *error)
{
    return scan->rows->is_broken ? sql_out_of_memory(error) : 0;
}

static int no_text(struct sql_scan *scan, struct cairn_error *error)
{
    (void)error;
    scan->source->no_text = true;
    return 0;
}

/* ---- Logs -------------------------------------------------------------------------------------------------- */

static bool wants_text(const struct sql_rows *rows)
{
    return sql_rows_want(rows, SQL_logs_message) || sql_rows_want(rows, SQL_logs_message_bytes);
}

static int logs_begin(struct sql_scan *scan, struct cairn_error *error)
{
    (void)error;
    scan->source->no_text = !wants_text(scan->rows);
    return 0;
}

static void put_arguments(struct sql_scan *scan, const struct trace_event *event, const char *format)
{
    struct trace_value values[CAIRN_LOG_ARGUMENTS_MAX];
    uint64_t arguments = scan->rows->wanted >> SQL_logs_arg1 & 0xff;
    if (!arguments || !format || !event->arguments) return;
    unsigned count = trace_log_arguments(values, format, event->arguments, event->argument_bytes);
    for (unsigned i = 0; i < count && i < 8; i++) sql_put_value(scan, SQL_logs_arg1 + i, &values[i]);
}

static int logs_event(struct sql_scan *scan, const struct trace_event *event, struct cairn_error *error)
{
    struct sql_rows *rows = scan->rows;
    if (event->kind != TRACE_LOG || !is_asked(scan, event)) return 0;
    const char *format = event->site < scan->info->site_count ? scan->info->sites[event->site].format : NULL;
    sql_rows_add(rows);
    sql_put_instant(scan, SQL_logs_time_ns, event->time);
    sql_put_int(rows, SQL_logs_realtime_ns, trace_clock_realtime_ns(&scan->info->clock, event->time));
    sql_put_task(scan, SQL_logs_task, &event->task);
    sql_put_thread(scan, SQL_logs_thread, event->thread);
    sql_put_text(rows, SQL_logs_category, analysis_site_text(scan->info, event->site));
    sql_put_value(scan, SQL_logs_message, &event->value);
    sql_put_uint(rows, SQL_logs_message_bytes, event->value.text_bytes_full);
    sql_put_text(rows, SQL_logs_format, format);
    sql_put_int(rows, SQL_logs_site, event->site);
    sql_put_place(scan, SQL_logs_file, event->site);
    put_arguments(scan, event, format);
    return row_result(scan, error);
}

const struct sql_table_kind sql_kind_logs = {.begin = logs_begin, .event = logs_event};

/* ---- Attributes -------------------------------------------------------------------------------------------- */

static uint32_t process_of(const struct sql_scan *scan, const struct trace_event *event)
{
    uint32_t thread = event->region.thread == UINT32_MAX ? event->thread : event->region.thread;
    return thread < scan->info->thread_count ? scan->info->threads[thread].process : event->task.process;
}

static int attributes_event(struct sql_scan *scan, const struct trace_event *event, struct cairn_error *error)
{
    struct sql_rows *rows = scan->rows;
    if (event->kind != TRACE_ATTR || !is_asked(scan, event)) return 0;
    sql_rows_add(rows);
    sql_put_instant(scan, SQL_attributes_time_ns, event->time);
    sql_put_task(scan, SQL_attributes_task, &event->task);
    sql_put_thread(scan, SQL_attributes_thread, event->thread);
    sql_put_text(rows, SQL_attributes_key, analysis_site_text(scan->info, event->site));
    sql_put_value(scan, SQL_attributes_value, &event->value);
    if (event->region.place) {
        sql_put_int(rows, SQL_attributes_region_key,
                    sql_region_key(scan, event->region.place, process_of(scan, event)));
        sql_put_text(rows, SQL_attributes_region_type, analysis_type_of_site(scan->info, event->region.site));
    }
    return row_result(scan, error);
}

const struct sql_table_kind sql_kind_attributes = {.begin = no_text, .event = attributes_event};

/* ---- Counters ---------------------------------------------------------------------------------------------- */

static int counters_event(struct sql_scan *scan, const struct trace_event *event, struct cairn_error *error)
{
    struct sql_rows *rows = scan->rows;
    if (event->kind != TRACE_COUNTER || !is_asked(scan, event)) return 0;
    sql_rows_add(rows);
    sql_put_instant(scan, SQL_counters_time_ns, event->time);
    sql_put_text(rows, SQL_counters_name, analysis_site_text(scan->info, event->site));
    sql_put_value(scan, SQL_counters_value, &event->value);
    sql_put_int(rows, SQL_counters_process, (int64_t)event->task.process + 1);
    sql_put_thread(scan, SQL_counters_thread, event->thread);
    return row_result(scan, error);
}

const struct sql_table_kind sql_kind_counters = {.begin = no_text, .event = counters_event};

/* ---- Links ------------------------------------------------------------------------------------------------- */

static int links_event(struct sql_scan *scan, const struct trace_event *event, struct cairn_error *error)
{
    if (event->kind != TRACE_LINK || !is_asked(scan, event)) return 0;
    sql_rows_add(scan->rows);
    sql_put_instant(scan, SQL_links_time_ns, event->time);
    sql_put_task(scan, SQL_links_task, &event->task);
    sql_put_task(scan, SQL_links_to_task, &event->other);
    sql_put_thread(scan, SQL_links_thread, event->thread);
    return row_result(scan, error);
}

const struct sql_table_kind sql_kind_links = {.begin = no_text, .event = links_event};
