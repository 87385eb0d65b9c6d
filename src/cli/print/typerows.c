/* See typerows.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/typerows.h"

#include <inttypes.h>
#include <stddef.h>

static const struct count_field {
    const char *name, *title; /* without a title it is no column: notes tell of it */
    size_t offset;
    unsigned rank;
    bool added; /* written behind the older ones; a column only where tasks were sampled */
} count_fields[] = {
    {"count", "count", offsetof(struct analysis_summary, count), 0, false},
    {"finished", NULL, offsetof(struct analysis_summary, finished), 0, false},
    {"unfinished", "unfinished", offsetof(struct analysis_summary, unfinished), 1, false},
    {"errors", "errors", offsetof(struct analysis_summary, errors), 1, false},
    {"begun_before", NULL, offsetof(struct analysis_summary, begun_before), 0, false},
    {"before_window", NULL, offsetof(struct analysis_summary, before_window), 0, true},
    {"begin_lost", NULL, offsetof(struct analysis_summary, begin_lost), 0, false},
    {"estimated_count", "est. count", offsetof(struct analysis_summary, estimated_count), 0, true},
};

static const struct time_field {
    const char *name, *title;
    size_t offset;
    unsigned rank; /* which column goes first where there is little room */
    bool added;
    bool wide; /* no column of a brief table */
} time_fields[] = {
    {"estimated_total_ns", "est. total", offsetof(struct analysis_summary, estimated_total_ns), 0, true,
     false},
    {"total_ns", "total", offsetof(struct analysis_summary, total_ns), 0, false, false},
    {"self_ns", "self", offsetof(struct analysis_summary, self_ns), 4, false, false},
    {"estimated_self_ns", NULL, offsetof(struct analysis_summary, estimated_self_ns), 0, true, false},
    {"min_ns", "min", offsetof(struct analysis_summary, min_ns), 7, false, true},
    {"mean_ns", "mean", offsetof(struct analysis_summary, mean_ns), 6, false, true},
    {"p50_ns", "p50", offsetof(struct analysis_summary, p50_ns), 0, false, false},
    {"p90_ns", "p90", offsetof(struct analysis_summary, p90_ns), 3, false, false},
    {"p99_ns", "p99", offsetof(struct analysis_summary, p99_ns), 0, false, false},
    {"p999_ns", "p99.9", offsetof(struct analysis_summary, p999_ns), 5, false, true},
    {"max_ns", "max", offsetof(struct analysis_summary, max_ns), 0, false, false},
};

enum {
    COUNT_FIELDS = sizeof count_fields / sizeof *count_fields,
    TIME_FIELDS = sizeof time_fields / sizeof *time_fields
};

static uint64_t value_at(const struct analysis_summary *summary, size_t offset)
{
    return *(const uint64_t *)((const char *)summary + offset);
}

static bool is_column(const struct typerows_style *style, const char *title, bool added)
{
    return title && (!added || style->is_sampled);
}

static bool is_time_column(const struct typerows_style *style, const struct time_field *field)
{
    return is_column(style, field->title, field->added) && !(style->is_brief && field->wide);
}

void typerows_columns(struct table *table, const struct typerows_style *style)
{
    for (size_t i = 0; i < COUNT_FIELDS; i++) {
        const struct count_field *field = &count_fields[i];
        bool is_errors = field->offset == offsetof(struct analysis_summary, errors);
        if (is_column(style, field->title, field->added))
            table_column(table, is_errors ? style->errors : field->title, TABLE_RIGHT, field->rank);
    }
    for (size_t i = 0; i < TIME_FIELDS; i++)
        if (is_time_column(style, &time_fields[i]))
            table_column(table, time_fields[i].title, TABLE_RIGHT, time_fields[i].rank);
}

void typerows_cells(struct table *table, const struct typerows_style *style,
                    const struct analysis_stats *stats, const struct trace_clock *clock)
{
    struct analysis_summary summary;
    analysis_summarize(&summary, stats, clock);
    for (size_t i = 0; i < COUNT_FIELDS; i++)
        if (is_column(style, count_fields[i].title, count_fields[i].added))
            table_count(table, value_at(&summary, count_fields[i].offset));
    for (size_t i = 0; i < TIME_FIELDS; i++) {
        if (!is_time_column(style, &time_fields[i])) continue;
        if (summary.finished)
            table_duration(table, value_at(&summary, time_fields[i].offset));
        else
            table_raw(table, "·");
    }
}

static void write_time(struct records *records, const struct analysis_summary *summary,
                       const struct time_field *field)
{
    if (summary->finished)
        records_uint(records, field->name, value_at(summary, field->offset));
    else
        records_none(records, field->name);
}

void typerows_fields(struct records *records, const struct analysis_stats *stats,
                     const struct trace_clock *clock)
{
    struct analysis_summary summary;
    analysis_summarize(&summary, stats, clock);
    for (size_t i = 0; i < COUNT_FIELDS; i++)
        if (!count_fields[i].added)
            records_uint(records, count_fields[i].name, value_at(&summary, count_fields[i].offset));
    for (size_t i = 0; i < TIME_FIELDS; i++)
        if (!time_fields[i].added) write_time(records, &summary, &time_fields[i]);
    for (size_t i = 0; i < COUNT_FIELDS; i++)
        if (count_fields[i].added)
            records_uint(records, count_fields[i].name, value_at(&summary, count_fields[i].offset));
    for (size_t i = 0; i < TIME_FIELDS; i++)
        if (time_fields[i].added) write_time(records, &summary, &time_fields[i]);
}

/* ---- How many there were in a time ------------------------------------------------------------------------ */

void typerows_load_columns(struct table *table, const struct typerows_style *style)
{
    if (!style->is_brief) table_column(table, "subtasks", TABLE_RIGHT, 8);
    table_column(table, "rate", TABLE_RIGHT, 5);
    if (!style->is_brief) table_column(table, "at once", TABLE_RIGHT, 8);
    if (!style->is_brief) table_column(table, "peak", TABLE_RIGHT, 8);
}

void typerows_load_cells(struct table *table, const struct typerows_style *style,
                         const struct analysis_stats *stats, const struct analysis_load *load,
                         const struct analysis_window *window, const struct trace_clock *clock)
{
    struct analysis_summary summary;
    char text[SHOW_BYTES];
    analysis_summarize(&summary, stats, clock);
    if (!style->is_brief) table_duration(table, summary.total_ns - summary.self_ns);
    table_raw(table, show_rate(text, analysis_load_rate(window, summary.finished, clock)));
    if (style->is_brief) return;
    table_raw(table, show_number(text, analysis_load_mean(window, load)));
    if (load->peak_known)
        table_count(table, load->peak);
    else
        table_raw(table, "·");
}

void typerows_load_fields(struct records *records, const struct analysis_stats *stats,
                          const struct analysis_load *load, const struct analysis_window *window,
                          const struct trace_clock *clock)
{
    struct analysis_summary summary;
    analysis_summarize(&summary, stats, clock);
    records_double(records, "rate_per_s", analysis_load_rate(window, summary.finished, clock));
    if (summary.finished)
        records_uint(records, "subtask_ns", summary.total_ns - summary.self_ns);
    else
        records_none(records, "subtask_ns");
    records_double(records, "concurrency_mean", analysis_load_mean(window, load));
    if (load->peak_known)
        records_uint(records, "concurrency_peak", load->peak);
    else
        records_none(records, "concurrency_peak");
}

char *typerows_rate(char text[SHOW_BYTES], uint32_t one_in_min, uint32_t one_in_max)
{
    if (!one_in_min)
        snprintf(text, SHOW_BYTES, "·");
    else if (one_in_min == one_in_max)
        snprintf(text, SHOW_BYTES, "%" PRIu32, one_in_min);
    else
        snprintf(text, SHOW_BYTES, "%" PRIu32 "–%" PRIu32, one_in_min, one_in_max);
    return text;
}
