/* See sqltable.h. SPDX-License-Identifier: Apache-2.0
 *
 * Keys are 63 bits: number of the process among those of all traces, then, for a task, what is left of its id without
 * the type, or for a region its place without the site.
 *
 *     | process 18 | round and serial 44, or block and word 45 |
 */
#include "sql/sqltable.h"

#include "cairn/cairn.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_BITS = 45 };

int sql_out_of_memory(struct cairn_error *error)
{
    return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE, "Out of memory.");
}

/* ---- Asking ---------------------------------------------------------------------------------------------- */

int sql_filter_begin(struct sql_scan *scan, struct trace_source *source, struct analysis_filter *filter,
                     enum analysis_subject subject, const struct analysis_spec *spec,
                     struct cairn_error *error)
{
    source->no_text = true;
    if (analysis_filter_init(filter, subject, spec, source->info, error) != 0) return -1;
    if (!analysis_filter_needs_selection(filter)) return 0;
    int result = analysis_selection_run(filter, source, sql_progress, scan, error);
    source->is_quiet = true;
    return result;
}

/* ---- Keys ---------------------------------------------------------------------------------------------- */

static int64_t key_of(const struct sql_scan *scan, uint32_t process, uint64_t rest)
{
    uint64_t low = rest & (((uint64_t)1 << KEY_BITS) - 1);
    return (int64_t)(((uint64_t)scan->first_process + process) << KEY_BITS | low);
}

int64_t sql_task_key(const struct sql_scan *scan, const struct trace_task_id *task)
{
    uint64_t key = analysis_id_key(task->id); /* the round stands where that of an id does */
    uint64_t round = key >> CAIRN_ID_ROUND_SHIFT;
    return key_of(scan, task->process, round << CAIRN_ID_SERIAL_BITS | key);
}

int64_t sql_region_key(const struct sql_scan *scan, uint64_t place, uint32_t process)
{
    return key_of(scan, process, place);
}

/* ---- What is asked for ----------------------------------------------------------------------------------- */

static int compare_keys(const void *left, const void *right)
{
    int64_t one = *(const int64_t *)left, other = *(const int64_t *)right;
    return (one > other) - (one < other);
}

bool sql_wants_task(const struct sql_scan *scan, const struct trace_task_id *task)
{
    if (!scan->has_key && !scan->keys) return true;
    if (!trace_task_is_known(task)) return false;
    int64_t key = sql_task_key(scan, task);
    if (scan->has_key && key != scan->key) return false;
    return !scan->keys || bsearch(&key, scan->keys, scan->key_count, sizeof key, compare_keys);
}

bool sql_wants_type(struct sql_scan *scan, uint32_t site)
{
    if (!scan->type) return true;
    if (site >= scan->info->site_count) site = 0;
    if (!scan->types[site]) {
        bool equal = strcmp(scan->type, analysis_site_text(scan->info, site)) == 0 || site == 0;
        scan->types[site] = equal ? 1 : -1;
    }
    return scan->types[site] > 0;
}

bool sql_wants_time(const struct sql_scan *scan, int64_t ns)
{
    return ns >= scan->from_ns && ns <= scan->to_ns;
}

/* ---- Cells ----------------------------------------------------------------------------------------------- */

void sql_put_id(struct sql_scan *scan, unsigned column, const struct trace_task_id *task)
{
    char id[ANALYSIS_ID_TEXT_BYTES];
    if (sql_rows_want(scan->rows, column))
        sql_put_text(scan->rows, column, analysis_id_text(id, scan->info, task));
}

void sql_put_task(struct sql_scan *scan, unsigned column, const struct trace_task_id *task)
{
    if (!trace_task_is_known(task)) return;
    sql_put_id(scan, column, task);
    sql_put_int(scan->rows, column + 1, sql_task_key(scan, task));
    sql_put_text(scan->rows, column + 2, analysis_type_of_task(scan->info, task));
}

void sql_put_thread_name(struct sql_scan *scan, unsigned column, uint32_t thread)
{
    char name[ANALYSIS_THREAD_BYTES];
    if (sql_rows_want(scan->rows, column) && thread != UINT32_MAX)
        sql_put_text(scan->rows, column, analysis_thread_text(name, scan->info, thread));
}

void sql_put_thread(struct sql_scan *scan, unsigned column, uint32_t thread)
{
    sql_put_thread_name(scan, column, thread);
    if (thread != UINT32_MAX) sql_put_int(scan->rows, column + 1, (int64_t)thread + 1);
}

void sql_put_place(struct sql_scan *scan, unsigned column, uint32_t site)
{
    if (site >= scan->info->site_count) return;
    const struct trace_site *at = &scan->info->sites[site];
    sql_put_text(scan->rows, column, at->file ? at->file : "");
    sql_put_int(scan->rows, column + 1, at->line);
    sql_put_text(scan->rows, column + 2, at->function ? at->function : "");
}

void sql_put_instant(struct sql_scan *scan, unsigned column, uint64_t ticks)
{
    if (sql_rows_want(scan->rows, column))
        sql_put_int(scan->rows, column, trace_clock_since_start_ns(&scan->info->clock, ticks));
}

void sql_put_known_instant(struct sql_scan *scan, unsigned column, uint64_t ticks)
{
    if (ticks) sql_put_instant(scan, column, ticks);
}

void sql_put_interval(struct sql_scan *scan, unsigned column, uint64_t ticks)
{
    if (sql_rows_want(scan->rows, column))
        sql_put_uint(scan->rows, column, trace_clock_ns(&scan->info->clock, ticks));
}

void sql_put_value(struct sql_scan *scan, unsigned column, const struct trace_value *value)
{
    switch (value->type) {
    case CAIRN_I_VALUE_INT: sql_put_int(scan->rows, column, value->i); break;
    case CAIRN_I_VALUE_UINT: sql_put_uint(scan->rows, column, value->u); break;
    case CAIRN_I_VALUE_BOOL: sql_put_int(scan->rows, column, value->u != 0); break;
    case CAIRN_I_VALUE_FLOAT: sql_put_float(scan->rows, column, value->f); break;
    case CAIRN_I_VALUE_TEXT: sql_put_bytes(scan->rows, column, value->text, value->text_bytes); break;
    default: break; /* NULL */
    }
}
