/* The table explain: what slow tasks have in common. SPDX-License-Identifier: Apache-2.0
 *
 * As `cairn explain`: a first pass tells which type is meant and which tasks are slow, a second one looks at each task. */
#include "sql/sqlsession.h"
#include "sql/sqltable.h"

#include "cairn/cairn.h"

#include <math.h>
#include <stdlib.h>

/* ---- Rows ---------------------------------------------------------------------------------------------------- */

static void put_time(struct sql_scan *scan, unsigned column, bool is_set, uint64_t ticks)
{
    if (is_set) sql_put_interval(scan, column, ticks);
}

static void put_value(struct sql_scan *scan, const struct analysis_explain *explain,
                      const struct analysis_finding *finding)
{
    char text[ANALYSIS_THREAD_BYTES];
    if (!analysis_finding_has_value(finding)) return;
    const char *known = analysis_finding_value_text(explain, finding, text);
    if (known)
        sql_put_text(scan->rows, SQL_explain_value, known);
    else
        sql_put_value(scan, SQL_explain_value, &finding->value);
}

static void put_words(struct sql_scan *scan, const struct analysis_explain *explain,
                      const struct analysis_finding *finding)
{
    char *words = NULL;
    size_t bytes = 0;
    if (!scan->session->options.print_finding || !sql_rows_want(scan->rows, SQL_explain_text)) return;
    FILE *out = open_memstream(&words, &bytes);
    if (out) scan->session->options.print_finding(out, explain, finding);
    if (out && fclose(out) == 0)
        sql_put_bytes(scan->rows, SQL_explain_text, words, bytes);
    else
        scan->rows->is_broken = true;
    free(words);
}

static void put_fact(struct sql_scan *scan, const struct analysis_explain *explain,
                     const struct analysis_finding *finding)
{
    struct sql_rows *rows = scan->rows;
    char text[ANALYSIS_THREAD_BYTES];
    sql_put_text(rows, SQL_explain_fact, analysis_finding_fact(explain, finding));
    sql_put_text(rows, SQL_explain_name, analysis_finding_name(explain, finding, text));
    sql_put_text(rows, SQL_explain_relation, analysis_finding_relation(finding));
    put_value(scan, explain, finding);
    if (finding->relation == ANALYSIS_AT_LEAST) sql_put_float(rows, SQL_explain_low, finding->low);
    if (finding->relation == ANALYSIS_AT_MOST) sql_put_float(rows, SQL_explain_high, finding->high);
    if (finding->relation == ANALYSIS_WITHIN) {
        sql_put_int(rows, SQL_explain_from_ns, analysis_finding_interval_ns(explain, finding->low));
        sql_put_int(rows, SQL_explain_to_ns, analysis_finding_interval_ns(explain, finding->high + 1));
    }
    put_words(scan, explain, finding);
}

static void put_effect(struct sql_scan *scan, const struct analysis_finding *finding, bool is_share)
{
    struct sql_rows *rows = scan->rows;
    const struct analysis_contingency *table = &finding->table;
    sql_put_uint(rows, SQL_explain_slow_count, table->slow_with);
    sql_put_float(rows, SQL_explain_slow_share, analysis_finding_share(table->slow_with, table->slow));
    sql_put_uint(rows, SQL_explain_rest_count, table->rest_with);
    sql_put_float(rows, SQL_explain_rest_share, analysis_finding_share(table->rest_with, table->rest));
    sql_put_float(rows, SQL_explain_p, exp(finding->log_p));
    sql_put_float(rows, SQL_explain_log10_p, finding->log_p / log(10));
    if (isfinite(finding->likelihood)) sql_put_float(rows, SQL_explain_likelihood, finding->likelihood);
    put_time(scan, SQL_explain_median_with_ns, finding->median_with, finding->median_with);
    put_time(scan, SQL_explain_median_without_ns, finding->median_without, finding->median_without);
    put_time(scan, SQL_explain_slow_part_ns, is_share, finding->slow_ticks);
    put_time(scan, SQL_explain_rest_part_ns, is_share, finding->rest_ticks);
}

static void put_finding(struct sql_scan *scan, const struct analysis_explain *explain, uint32_t index)
{
    struct sql_rows *rows = scan->rows;
    const struct analysis_finding *finding = &explain->findings.items.items[index];
    bool is_share = analysis_finding_is_share(explain, finding);
    sql_rows_add(rows);
    sql_put_int(rows, SQL_explain_number, (int64_t)index + 1);
    sql_put_text(rows, SQL_explain_aspect, is_share ? "time" : "common");
    if (finding->headline != index) sql_put_int(rows, SQL_explain_goes_with, (int64_t)finding->headline + 1);
    put_fact(scan, explain, finding);
    put_effect(scan, finding, is_share);
    if (finding->example_latency) sql_put_id(scan, SQL_explain_example, &finding->example);
    put_time(scan, SQL_explain_example_latency_ns, finding->example_latency, finding->example_latency);
}

/* ---- Asking -------------------------------------------------------------------------------------------------- */

enum { ARGUMENT_PATTERN, ARGUMENT_SLOW, ARGUMENT_FILTER };

/* A number with a unit of time is a latency; else it is a share, or a number of tasks. */
static int read_slow(const char *text, struct analysis_slow *slow, struct cairn_error *error)
{
    bool is_latency = text && quantity_duration(text, &slow->min_ns) && slow->min_ns;
    if (is_latency || analysis_slow_parse(slow, text ? text : ANALYSIS_SLOW_UNASKED)) return 0;
    return cairn__error_set(
        error, CAIRN_EINVAL, NULL, CAIRN_ERROR_NOWHERE,
        "explain(pattern, slow): slow must be a share, a number of tasks or a latency, as in "
        "'1%%', '20' or '10ms'.");
}

static int find_slow(struct sql_scan *scan, struct analysis_slow *slow, struct analysis_filter *filter,
                     const struct analysis_spec *spec, struct cairn_error *error)
{
    struct analysis_tasks tasks = {0};
    int result = analysis_tasks_init(&tasks, scan->info, filter, 0) ? 0 : sql_out_of_memory(error);
    if (result == 0) result = analysis_tasks_run(&tasks, scan->source, sql_progress, scan, error);
    if (result == 0 && !analysis_slow_choose(slow, &tasks, spec, scan->info))
        result = sql_out_of_memory(error);
    analysis_tasks_free(&tasks);
    return result;
}

static int put_findings(struct sql_scan *scan, const struct analysis_slow *slow,
                        struct analysis_filter *filter, struct cairn_error *error)
{
    struct analysis_explain explain;
    scan->source->is_quiet = true;
    bool ready = analysis_explain_init(&explain, scan->info, filter, &slow->spec);
    int result = ready ? trace_run(scan->source, &explain.details.sink, sql_progress, scan, error)
                       : sql_out_of_memory(error);
    if (result == 0 && !analysis_explain_rank(&explain)) result = sql_out_of_memory(error);
    for (uint32_t i = 0; result == 0 && i < explain.findings.items.count; i++) put_finding(scan, &explain, i);
    analysis_explain_free(&explain);
    return result == 0 && scan->rows->is_broken ? sql_out_of_memory(error) : result;
}

static int explain_whole(struct sql_scan *scan, struct cairn_error *error)
{
    struct analysis_slow slow = {0};
    struct analysis_filter filter = {0};
    struct analysis_spec spec = {.type = scan->arguments[ARGUMENT_PATTERN],
                                 .where = scan->arguments[ARGUMENT_FILTER],
                                 .where_name = "filter"};
    struct analysis_filter *asked = analysis_spec_is_set(&spec) ? &filter : NULL;
    int result = read_slow(scan->arguments[ARGUMENT_SLOW], &slow, error);
    if (result == 0) result = sql_filter_begin(scan, scan->source, &filter, ANALYSIS_TASKS, &spec, error);
    if (result == 0) result = find_slow(scan, &slow, asked, &spec, error);
    if (result == 0) result = put_findings(scan, &slow, asked, error);
    analysis_slow_free(&slow);
    analysis_filter_free(&filter);
    return result;
}

const struct sql_table_kind sql_kind_explain = {.whole = explain_whole};
