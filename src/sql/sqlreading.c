/* See sqlreading.h. SPDX-License-Identifier: Apache-2.0
 *
 * Conditions become what the scan spares (scan_conditions). Only those whose value is of the column's own type are used:
 * of others SQLite knows the conversions. What is spared is thus never more than SQLite would throw away.
 */
#include "sql/sqlreading.h"

#include "cairn/cairn.h"
#include "sql/sqlsession.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS_PER_CHECK = 4096 };

/* ---- Plans ------------------------------------------------------------------------------------------------- */

void sql_plan_free(struct sql_plan *plan)
{
    for (unsigned i = 0; i < plan->condition_count; i++) free(plan->conditions[i].text);
    plan->condition_count = 0;
}

bool sql_plan_copy(struct sql_plan *copy, const struct sql_plan *plan)
{
    *copy = *plan;
    for (unsigned i = 0; i < plan->condition_count; i++) {
        const struct sql_condition *from = &plan->conditions[i];
        if (!from->text) continue;
        copy->conditions[i].text = malloc(from->bytes + 1);
        if (!copy->conditions[i].text) {
            copy->condition_count = i; /* what follows is not its own */
            return false;
        }
        memcpy(copy->conditions[i].text, from->text, from->bytes);
        copy->conditions[i].text[from->bytes] = 0;
    }
    return true;
}

bool sql_condition_equal(const struct sql_condition *one, const struct sql_condition *other)
{
    if (one->type != other->type || one->bytes != other->bytes) return false;
    switch (one->type) {
    case SQL_CELL_INT: return one->i == other->i;
    case SQL_CELL_FLOAT: return one->f == other->f;
    case SQL_CELL_TEXT: return memcmp(one->text, other->text, one->bytes) == 0;
    default: return true;
    }
}

/* ---- Conditions -------------------------------------------------------------------------------------------- */

/* The bound as whole nanoseconds, outward. False: it is no number. */
static bool time_bound(const struct sql_condition *condition, int64_t *bound)
{
    if (condition->type == SQL_CELL_INT) return *bound = condition->i, true;
    if (condition->type != SQL_CELL_FLOAT || isnan(condition->f)) return false;
    bool is_upper = condition->compare == SQL_LESS || condition->compare == SQL_AT_MOST;
    double whole = is_upper ? ceil(condition->f) : floor(condition->f);
    *bound = whole >= 9e18 ? INT64_MAX : whole <= -9e18 ? INT64_MIN : (int64_t)whole;
    return true;
}

static void limit_time(struct sql_scan *scan, const struct sql_condition *condition)
{
    int64_t bound;
    uint8_t compare = condition->compare;
    if (!time_bound(condition, &bound)) return;
    bool from = compare == SQL_GREATER || compare == SQL_AT_LEAST || compare == SQL_EQUAL;
    bool to = compare == SQL_LESS || compare == SQL_AT_MOST || compare == SQL_EQUAL;
    if (from && bound > scan->from_ns) scan->from_ns = bound;
    if (to && bound < scan->to_ns) scan->to_ns = bound;
}

static void limit_key(struct sql_scan *scan, const struct sql_condition *condition)
{
    if (condition->compare == SQL_IN && condition->type == SQL_CELL_TEXT) {
        scan->keys = (const int64_t *)condition->text;
        scan->key_count = condition->bytes / sizeof *scan->keys;
    } else if (condition->type == SQL_CELL_INT) {
        scan->has_key = true;
        scan->key = condition->i;
    }
}

/* An id as text means a task of each trace. Not an id: no task has it, SQLite finds that. */
static void limit_id(struct sql_scan *scan, const struct sql_condition *condition)
{
    struct trace_task_id task = {0};
    if (condition->type != SQL_CELL_TEXT || analysis_id_parse(condition->text, scan->info, &task, NULL) != 0)
        return;
    scan->has_key = true;
    scan->key = sql_task_key(scan, &task);
}

static unsigned argument_number(const struct sql_table *table, unsigned column)
{
    unsigned first = 0;
    while (table->columns[first].role != SQL_ARGUMENT && table->columns[first].role != SQL_NEEDED) first++;
    return column - first;
}

static void apply(struct sql_scan *scan, const struct sql_table *table, const struct sql_condition *condition)
{
    switch (table->columns[condition->column].role) {
    case SQL_TIME: limit_time(scan, condition); break;
    case SQL_KEY: limit_key(scan, condition); break;
    case SQL_ID: limit_id(scan, condition); break;
    case SQL_TYPE:
        if (condition->type == SQL_CELL_TEXT && !memchr(condition->text, 0, condition->bytes))
            scan->type = condition->text;
        break;
    case SQL_ARGUMENT:
    case SQL_NEEDED: scan->arguments[argument_number(table, condition->column)] = condition->text; break;
    default: break;
    }
}

/* Of the trace column: which traces to read. And whether a NULL excludes everything. */
static void choose_traces(struct sql_reading *reading)
{
    const struct sql_plan *plan = reading->plan;
    for (unsigned i = 0; i < plan->condition_count; i++) {
        const struct sql_condition *condition = &plan->conditions[i];
        enum sql_role role = plan->table->columns[condition->column].role;
        if (condition->type == SQL_CELL_NULL && role != SQL_ARGUMENT) reading->is_nothing = true;
        if (role != SQL_TRACE || condition->type != SQL_CELL_INT) continue;
        if (condition->i <= reading->trace || condition->i > reading->last_trace)
            reading->is_nothing = true;
        else
            reading->trace = (unsigned)condition->i - 1, reading->last_trace = (unsigned)condition->i;
    }
}

static int check_arguments(const struct sql_plan *plan, struct cairn_error *error)
{
    const struct sql_table *table = plan->table;
    int needed = sql_table_column(table, SQL_NEEDED);
    bool is_given = needed < 0;
    for (unsigned i = 0; i < plan->condition_count; i++)
        is_given |= plan->conditions[i].column == needed && plan->conditions[i].text;
    if (is_given) return 0;
    return cairn__error_set(error, CAIRN_EINVAL, NULL, CAIRN_ERROR_NOWHERE, "%s needs the %s: %s('...'). %s",
                            table->name, table->columns[needed].name, table->name,
                            table->columns[needed].doc);
}

/* ---- Scans ------------------------------------------------------------------------------------------------- */

static void close_scan(struct sql_reading *reading)
{
    struct sql_scan *scan = &reading->scan;
    const struct sql_table_kind *kind = reading->plan->table->kind;
    if (!reading->is_open) return;
    if (scan->state && kind->free) kind->free(scan);
    free(scan->state);
    free(scan->types);
    if (scan->source) {
        sql_gather(reading->session, reading->trace, scan->info);
        scan->source->close(scan->source);
    }
    *scan = (struct sql_scan){0};
    reading->is_open = false;
}

static int open_scan(struct sql_reading *reading, struct sql_rows *rows, struct cairn_error *error)
{
    struct sql_scan *scan = &reading->scan;
    const struct sql_plan *plan = reading->plan;
    const struct sql_table_kind *kind = plan->table->kind;
    const struct sql_trace *trace = &reading->session->traces[reading->trace];
    *scan = (struct sql_scan){.session = reading->session,
                              .trace = reading->trace,
                              .source = trace_open(trace->path, error),
                              .rows = rows,
                              .first_process = trace->first_process,
                              .from_ns = INT64_MIN,
                              .to_ns = INT64_MAX};
    reading->is_open = true;
    if (!scan->source) return -1;
    scan->info = scan->source->info;
    for (unsigned i = 0; i < plan->condition_count; i++) apply(scan, plan->table, &plan->conditions[i]);
    scan->types = calloc((size_t)scan->info->site_count + 1, 1);
    if (!scan->types) return sql_out_of_memory(error);
    if (kind->whole) return 0;
    scan->state = calloc(1, kind->state_bytes + 1);
    if (!scan->state) return sql_out_of_memory(error);
    return kind->begin(scan, error);
}

bool sql_progress(void *data, double fraction)
{
    const struct sql_scan *scan = data;
    const struct sql_options *options = &scan->session->options;
    bool goes_on = true;
    if (options->progress &&
        pthread_mutex_trylock(&scan->session->lock) == 0) { /* else another scan tells it */
        goes_on = options->progress(options->progress_data, fraction);
        pthread_mutex_unlock(&scan->session->lock);
    }
    return goes_on && !sql_should_stop(scan->session);
}

/* False: the reading is to stop. */
static bool report_progress(struct sql_reading *reading, uint64_t time)
{
    const struct trace_info *info = reading->scan.info;
    bool is_known = info->end_ticks > info->begin_ticks && time >= info->begin_ticks;
    double fraction =
        is_known ? (double)(time - info->begin_ticks) / (double)(info->end_ticks - info->begin_ticks) : 0;
    return sql_progress(&reading->scan, fraction < 1 ? fraction : 1);
}

/* Feeds events until there are rows. 1: there may be more; 0: the scan has ended. */
static int pull(struct sql_reading *reading, size_t enough, struct cairn_error *error)
{
    struct sql_scan *scan = &reading->scan;
    const struct sql_table_kind *kind = reading->plan->table->kind;
    struct trace_event event;
    int result = 0;
    while (!scan->is_done && scan->rows->count < enough) {
        result = scan->source->next(scan->source, &event, error);
        if (result <= 0) break;
        if (kind->event(scan, &event, error) != 0) return -1;
        if (++reading->events % EVENTS_PER_CHECK) continue;
        if (!report_progress(reading, event.time)) return trace_stopped(error);
    }
    if (result < 0) return -1;
    if (!scan->is_done && result > 0) return 1;
    if (scan->is_done || !kind->end) return 0;
    return kind->end(scan, error);
}

static int run_scan(struct sql_reading *reading, size_t enough, struct cairn_error *error)
{
    const struct sql_table_kind *kind = reading->plan->table->kind;
    if (sql_should_stop(reading->session)) return trace_stopped(error);
    if (kind->whole) return kind->whole(&reading->scan, error);
    return pull(reading, reading->scan.rows->count + enough, error);
}

/* ---- Rows -------------------------------------------------------------------------------------------------- */

static void put_trace(struct sql_reading *reading, struct sql_rows *rows, size_t first)
{
    int column = sql_table_column(reading->plan->table, SQL_TRACE);
    for (size_t i = first; i < rows->count && sql_rows_want(rows, (unsigned)column); i++)
        *(struct sql_cell *)sql_rows_cell(rows, i, (unsigned)column) =
            (struct sql_cell){.i = (int64_t)reading->trace + 1, .type = SQL_CELL_INT};
}

/* See sql_reading_next. 1; 0: there are no more; -1 with *error set. */
static int read_rows(struct sql_reading *reading, struct sql_rows *rows, size_t enough,
                     struct cairn_error *error)
{
    size_t first = rows->count;
    while (rows->count == first) {
        if (reading->is_nothing || reading->trace >= reading->last_trace) return 0;
        if (!reading->is_open && open_scan(reading, rows, error) != 0) return -1;
        int result = run_scan(reading, enough, error);
        if (result < 0) return -1;
        if (rows->is_broken) return sql_out_of_memory(error);
        put_trace(reading, rows, first);
        if (result == 0) close_scan(reading), reading->trace++;
    }
    return 1;
}

/* ---- In order ---------------------------------------------------------------------------------------------- */

/* Events come in the order of time, but for those of a thread whose clock has stepped back: it was moved to a processor whose
 * counter lags. Such a row is late by a few others. So rows wait until WAITING later ones are known. */
enum { WAITING = 1024 };

struct timed_row {
    int64_t time;
    size_t row;
};

static int compare_times(const void *left, const void *right)
{
    const struct timed_row *one = left, *other = right;
    if (one->time != other->time) return one->time < other->time ? -1 : 1;
    return (one->row > other->row) - (one->row < other->row);
}

/* Hands out the first `count` of the rows that wait; the others go on waiting. */
static bool hand_out(struct sql_reading *reading, struct timed_row *order, size_t count,
                     struct sql_rows *rows)
{
    struct sql_rows *waiting = &reading->waiting, rest = {0};
    sql_rows_begin(&rest, waiting->wanted);
    for (size_t i = 0; i < waiting->count; i++)
        sql_rows_copy(i < count ? rows : &rest, waiting, order[i].row);
    bool done = !rows->is_broken && !rest.is_broken;
    sql_rows_free(waiting);
    *waiting = rest;
    return done;
}

static int too_late(struct cairn_error *error)
{
    return cairn__error_set(error, CAIRN_EINVAL, NULL, CAIRN_ERROR_NOWHERE,
                            "A thread's clock has stepped back too far for rows to come in order of time; "
                            "ORDER BY +time_ns sorts them.");
}

static int sort_waiting(struct sql_reading *reading, size_t count, struct sql_rows *rows,
                        struct cairn_error *error)
{
    const struct sql_rows *waiting = &reading->waiting;
    unsigned column = (unsigned)sql_table_column(reading->plan->table, SQL_TIME);
    struct timed_row *order = calloc(waiting->count, sizeof *order);
    if (!order) return sql_out_of_memory(error);
    for (size_t i = 0; i < waiting->count; i++)
        order[i] = (struct timed_row){sql_rows_cell(waiting, i, column)->i, i};
    qsort(order, waiting->count, sizeof *order, compare_times);
    bool in_order = order[0].time >= reading->last_time;
    reading->last_time = order[count - 1].time;
    bool done = hand_out(reading, order, count, rows);
    free(order);
    if (!in_order) return too_late(error);
    return done ? 1 : sql_out_of_memory(error);
}

static int read_ordered(struct sql_reading *reading, struct sql_rows *rows, struct cairn_error *error)
{
    struct sql_rows *waiting = &reading->waiting;
    int result = 1;
    if (!waiting->width) sql_rows_begin(waiting, reading->plan->wanted);
    while (result > 0 && waiting->count < 2 * WAITING) result = read_rows(reading, waiting, 1, error);
    if (result < 0 || !waiting->count) return result;
    return sort_waiting(reading, result ? waiting->count - WAITING : waiting->count, rows, error);
}

/* ---- A reading --------------------------------------------------------------------------------------------- */

int sql_reading_begin(struct sql_reading *reading, struct sql_session *session, const struct sql_plan *plan,
                      struct cairn_error *error)
{
    *reading = (struct sql_reading){
        .session = session, .plan = plan, .last_trace = session->trace_count, .last_time = INT64_MIN};
    choose_traces(reading);
    return check_arguments(plan, error);
}

int sql_reading_next(struct sql_reading *reading, struct sql_rows *rows, size_t enough,
                     struct cairn_error *error)
{
    if (reading->plan->is_ordered) return read_ordered(reading, rows, error);
    return read_rows(reading, rows, enough, error);
}

void sql_reading_end(struct sql_reading *reading)
{
    if (reading->plan) close_scan(reading);
    sql_rows_free(&reading->waiting);
    *reading = (struct sql_reading){0};
}
