/* The table compare: what has changed between two traces, or two parts of one. SPDX-License-Identifier: Apache-2.0
 *
 * A side is the number of a trace, or an expression that tells a part of one. Of two traces there is one comparison, which is
 * made when the reading comes to that of side A. The rows are long: one per type and metric. */
#include "sql/sqlsession.h"
#include "sql/sqltable.h"

#include "cairn/cairn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ARGUMENT_A, ARGUMENT_B, ARGUMENT_FILTER };

struct side {
    const char *name; /* of its argument */
    unsigned trace;   /* index */
    const char *part; /* NULL: all of it */
    struct trace_source *source;
    struct analysis_side items;   /* tasks */
    struct analysis_side windows; /* of side B of one trace: the same, following A's */
    const struct side *leader;    /* A, of such a side; else NULL */
};

/* ---- Rows ---------------------------------------------------------------------------------------------------- */

static void put_number(struct sql_scan *scan, unsigned column, double value)
{
    if (isfinite(value)) sql_put_float(scan->rows, column, value);
}

static void put_measured(struct sql_scan *scan, unsigned column, enum analysis_metric metric, double value)
{
    if (analysis_metric_is_time(metric) && isfinite(value))
        sql_put_uint(scan->rows, column, (uint64_t)(value + 0.5));
    else
        put_number(scan, column, value);
}

static void put_type(struct sql_scan *scan, const struct analysis_compare *compare,
                     const struct analysis_compared *type)
{
    struct sql_rows *rows = scan->rows;
    const struct analysis_batch_type *a = analysis_batch_type_or_none(type->a);
    const struct analysis_batch_type *b = analysis_batch_type_or_none(type->b);
    sql_put_text(rows, SQL_compare_type, type->type);
    sql_put_text(rows, SQL_compare_verdict, analysis_verdict_word(type->change));
    sql_put_uint(rows, SQL_compare_finished_a, a->all.recorded);
    sql_put_uint(rows, SQL_compare_finished_b, b->all.recorded);
    sql_put_uint(rows, SQL_compare_unfinished_a, a->unfinished);
    sql_put_uint(rows, SQL_compare_unfinished_b, b->unfinished);
    sql_put_uint(rows, SQL_compare_total_a_ns, analysis_batch_total_ns(compare->a, a));
    sql_put_uint(rows, SQL_compare_total_b_ns, analysis_batch_total_ns(compare->b, b));
}

static void put_metric(struct sql_scan *scan, enum analysis_metric metric,
                       const struct analysis_difference *difference)
{
    struct sql_rows *rows = scan->rows;
    sql_put_text(rows, SQL_compare_metric, analysis_metric_name(metric));
    put_measured(scan, SQL_compare_a, metric, difference->a);
    put_measured(scan, SQL_compare_b, metric, difference->b);
    put_number(scan, SQL_compare_change, analysis_difference_effect(difference));
    put_number(scan, SQL_compare_low, analysis_difference_low(difference));
    put_number(scan, SQL_compare_high, analysis_difference_high(difference));
    put_number(scan, SQL_compare_p, difference->p);
    sql_put_text(rows, SQL_compare_metric_verdict, analysis_change_word(difference->change));
}

static void put_rows(struct sql_scan *scan, const struct analysis_compare *compare)
{
    for (size_t i = 0; i < compare->types.count; i++) {
        for (unsigned metric = 0; metric < ANALYSIS_METRICS; metric++) {
            sql_rows_add(scan->rows);
            put_type(scan, compare, &compare->types.items[i]);
            put_metric(scan, metric, &compare->types.items[i].metrics[metric]);
        }
    }
}

/* ---- Sides --------------------------------------------------------------------------------------------------- */

static bool is_number(const char *text)
{
    return *text && !text[strspn(text, "0123456789")];
}

static int refuse(const struct sql_scan *scan, struct cairn_error *error)
{
    return cairn__error_set(
        error, CAIRN_EINVAL, NULL, CAIRN_ERROR_NOWHERE,
        "compare(side_a, side_b): the sides must be the numbers of two traces of %u, as in "
        "compare(1, 2), or two expressions, as in compare('begin < 5s', 'begin >= 5s').",
        scan->session->trace_count);
}

/* The number of a trace. */
static bool read_number(const struct sql_scan *scan, const char *text, struct side *side)
{
    unsigned long number = strtoul(text, NULL, 10); /* the greatest, if it is too large */
    side->trace = (unsigned)number - 1;
    return number >= 1 && number <= scan->session->trace_count;
}

/* What is asked for; without arguments the first two traces. */
static int read_sides(const struct sql_scan *scan, struct side sides[2], struct cairn_error *error)
{
    const char *const defaults[] = {"1", "2"};
    bool is_unasked = !scan->arguments[ARGUMENT_A] && !scan->arguments[ARGUMENT_B];
    const char *const *given = is_unasked ? defaults : scan->arguments;
    if (!given[0] || !given[1] || is_number(given[0]) != is_number(given[1])) return refuse(scan, error);
    for (unsigned i = 0; i < 2; i++) {
        if (!is_number(given[i]))
            sides[i].trace = scan->trace, sides[i].part = given[i];
        else if (!read_number(scan, given[i], &sides[i]))
            return refuse(scan, error);
    }
    return 0;
}

static bool take_task(void *given, const struct analysis_task *task)
{
    struct side *side = given;
    return analysis_side_task(&side->items, task) &&
           (!side->leader || analysis_side_task(&side->windows, task));
}

static bool init_side(struct side *side)
{
    if (!analysis_side_init(&side->items, side->source->info)) return false;
    if (!side->leader) return true;
    bool ready = analysis_side_init(&side->windows, side->source->info);
    analysis_batches_follow(&side->windows.batches, &side->leader->items.batches);
    return ready;
}

static bool begin_anew(void *given)
{
    struct side *side = given;
    analysis_side_free(&side->items);
    if (side->leader) analysis_side_free(&side->windows);
    return init_side(side);
}

static int feed_side(struct sql_scan *scan, struct side *side, const struct analysis_spec *spec,
                     struct cairn_error *error)
{
    struct trace_source *source = side->source;
    struct analysis_filter filter = {0};
    struct analysis_tasks tasks = {0};
    struct analysis_filter *asked = analysis_spec_is_set(spec) ? &filter : NULL;
    int result = sql_filter_begin(scan, source, &filter, ANALYSIS_TASKS, spec, error);
    if (result == 0 && !analysis_tasks_init(&tasks, source->info, asked, 0))
        result = sql_out_of_memory(error);
    tasks.each = take_task;
    tasks.anew = begin_anew;
    tasks.each_data = side;
    if (result == 0) result = analysis_tasks_run(&tasks, source, sql_progress, scan, error);
    analysis_tasks_free(&tasks);
    analysis_filter_free(&filter);
    return result;
}

/* Its tasks, of those that meet `filter` (NULL: all). */
static int read_side(struct sql_scan *scan, struct side *side, const char *filter, struct cairn_error *error)
{
    struct analysis_spec spec = {.where = side->part ? side->part : filter,
                                 .where_name = side->part ? side->name : "filter"};
    char *both = NULL;
    if (side->part && filter) {
        spec.where = both = analysis_filter_both(filter, side->part);
        if (!both) return sql_out_of_memory(error);
    }
    int result = feed_side(scan, side, &spec, error);
    free(both);
    return result;
}

/* A source that is not the scan's: what is wrong with it is told as well. */
static void close_source(struct sql_scan *scan, const struct side *side)
{
    if (!side->source) return;
    sql_gather(scan->session, side->trace, side->source->info);
    side->source->close(side->source);
}

/* ---- Asking -------------------------------------------------------------------------------------------------- */

static int put_comparison(struct sql_scan *scan, struct side sides[2], struct cairn_error *error)
{
    struct analysis_compare compare = {0};
    struct analysis_batches *windows = sides[1].leader ? &sides[1].windows.batches : NULL;
    int result = analysis_compare_run(&compare, &sides[0].items.batches, &sides[1].items.batches, windows,
                                      ANALYSIS_COMPARE_LEVEL, ANALYSIS_COMPARE_EFFECT_MIN, true, sql_progress,
                                      scan, error);
    if (result == 0) put_rows(scan, &compare);
    analysis_compare_free(&compare);
    return result == 0 && scan->rows->is_broken ? sql_out_of_memory(error) : result;
}

static int compare_whole(struct sql_scan *scan, struct cairn_error *error)
{
    struct side sides[2] = {{.name = "side_a"}, {.name = "side_b"}};
    int result = read_sides(scan, sides, error);
    if (result != 0 || sides[0].trace != scan->trace) return result;
    sides[0].source = scan->source;
    sides[1].source = trace_open(scan->session->traces[sides[1].trace].path, error);
    if (!sides[1].source) result = -1;
    bool are_parts = sides[0].part && sides[1].part;
    if (sides[0].trace == sides[1].trace && are_parts) sides[1].leader = &sides[0];
    for (unsigned i = 0; result == 0 && i < 2; i++) { /* B follows A, when that is read */
        if (!init_side(&sides[i])) result = sql_out_of_memory(error);
        if (result == 0) result = read_side(scan, &sides[i], scan->arguments[ARGUMENT_FILTER], error);
    }
    if (result == 0) result = put_comparison(scan, sides, error);
    for (unsigned i = 0; i < 2; i++) {
        analysis_side_free(&sides[i].items);
        analysis_side_free(&sides[i].windows);
    }
    close_source(scan, &sides[1]);
    return result;
}

const struct sql_table_kind sql_kind_compare = {.whole = compare_whole};
