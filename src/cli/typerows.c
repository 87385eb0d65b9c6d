/* See typerows.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/typerows.h"

#include <stddef.h>

static const struct count_field {
    const char *name, *title; /* without a title it is no column: notes tell of it */
    size_t offset;
    unsigned rank;
} count_fields[] = {
    {"count", "count", offsetof(struct analysis_summary, count), 0},
    {"finished", NULL, offsetof(struct analysis_summary, finished), 0},
    {"unfinished", "unfinished", offsetof(struct analysis_summary, unfinished), 1},
    {"errors", "errors", offsetof(struct analysis_summary, errors), 1},
    {"begun_before", NULL, offsetof(struct analysis_summary, begun_before), 0},
    {"begin_lost", NULL, offsetof(struct analysis_summary, begin_lost), 0},
};

static const struct time_field {
    const char *name, *title;
    size_t offset;
    unsigned rank; /* which column goes first where there is little room */
} time_fields[] = {
    {"total_ns", "total", offsetof(struct analysis_summary, total_ns), 0},
    {"self_ns", "self", offsetof(struct analysis_summary, self_ns), 4},
    {"min_ns", "min", offsetof(struct analysis_summary, min_ns), 7},
    {"mean_ns", "mean", offsetof(struct analysis_summary, mean_ns), 6},
    {"p50_ns", "p50", offsetof(struct analysis_summary, p50_ns), 0},
    {"p90_ns", "p90", offsetof(struct analysis_summary, p90_ns), 3},
    {"p99_ns", "p99", offsetof(struct analysis_summary, p99_ns), 0},
    {"p999_ns", "p99.9", offsetof(struct analysis_summary, p999_ns), 5},
    {"max_ns", "max", offsetof(struct analysis_summary, max_ns), 0},
};

enum {
    COUNT_FIELDS = sizeof count_fields / sizeof *count_fields,
    TIME_FIELDS = sizeof time_fields / sizeof *time_fields
};

static uint64_t value_at(const struct analysis_summary *summary, size_t offset)
{
    return *(const uint64_t *)((const char *)summary + offset);
}

void typerows_columns(struct table *table)
{
    for (size_t i = 0; i < COUNT_FIELDS; i++)
        if (count_fields[i].title)
            table_column(table, count_fields[i].title, TABLE_RIGHT, count_fields[i].rank);
    for (size_t i = 0; i < TIME_FIELDS; i++)
        table_column(table, time_fields[i].title, TABLE_RIGHT, time_fields[i].rank);
}

void typerows_cells(struct table *table, const struct analysis_stats *stats, const struct trace_clock *clock)
{
    struct analysis_summary summary;
    analysis_summarize(&summary, stats, clock);
    for (size_t i = 0; i < COUNT_FIELDS; i++)
        if (count_fields[i].title) table_count(table, value_at(&summary, count_fields[i].offset));
    for (size_t i = 0; i < TIME_FIELDS; i++) {
        if (summary.finished)
            table_duration(table, value_at(&summary, time_fields[i].offset));
        else
            table_raw(table, "·");
    }
}

void typerows_fields(struct records *records, const struct analysis_stats *stats,
                     const struct trace_clock *clock)
{
    struct analysis_summary summary;
    analysis_summarize(&summary, stats, clock);
    for (size_t i = 0; i < COUNT_FIELDS; i++)
        records_uint(records, count_fields[i].name, value_at(&summary, count_fields[i].offset));
    for (size_t i = 0; i < TIME_FIELDS; i++) {
        if (summary.finished)
            records_uint(records, time_fields[i].name, value_at(&summary, time_fields[i].offset));
        else
            records_none(records, time_fields[i].name);
    }
}
