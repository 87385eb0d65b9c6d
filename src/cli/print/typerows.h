/* What the rows of `tasks` and `regions` have in common: the same numbers under the same names.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_TYPEROWS_H
#define CAIRN_CLI_TYPEROWS_H

#include "analysis/concurrency.h"
#include "analysis/stats.h"
#include "cli/print/records.h"
#include "cli/print/show.h"
#include "cli/print/table.h"

/* The documented names, for the details of commands. */
#define TYPEROWS_FIELDS                                                                                      \
    "count (finished and unfinished), finished, unfinished, errors, begun_before (in an earlier "            \
    "recording), "                                                                                           \
    "before_window (of a flight recorder), begin_lost, total_ns, self_ns, min_ns, mean_ns, p50_ns, p90_ns, " \
    "p99_ns, p999_ns, max_ns, estimated_count, estimated_total_ns, estimated_self_ns (what there was "       \
    "before "                                                                                                \
    "sampling; without that the same as count, total_ns, self_ns)"

/* What the estimates are, below a table that has them. */
#define TYPEROWS_SAMPLING                                                                                    \
    "Tasks were sampled. Columns named est. are estimates of all there was; counts and totals without "      \
    "that\n"                                                                                                 \
    "are of what was recorded. Means and percentiles need no scaling but where types of different "          \
    "sampling\n"                                                                                             \
    "have one name: those are weighted."

/* Which columns there are. */
struct typerows_style {
    const char *errors; /* the title of that column */
    bool is_sampled;    /* with the estimates */
    bool is_brief;      /* without least, mean, 99.9 % and what else `tasks --wide` adds */
};

/* Adds the columns, and the cells of a row. */
void typerows_columns(struct table *table, const struct typerows_style *style);
void typerows_cells(struct table *table, const struct typerows_style *style,
                    const struct analysis_stats *stats, const struct trace_clock *clock);
/* Adds the fields of a row. Times are null where nothing finished. */
void typerows_fields(struct records *records, const struct analysis_stats *stats,
                     const struct trace_clock *clock);

/* Behind these, of tasks: how many there were in a time. */
#define TYPEROWS_LOAD_FIELDS                                                                                 \
    "rate_per_s (finished ones per second), subtask_ns (total_ns without self_ns), concurrency_mean, "       \
    "concurrency_peak (null: not asked for)"

/* What the columns mean. */
#define TYPEROWS_LOAD                                                                                        \
    "Rate is how many finished per second. At once is how many were open on average, which is the time in "  \
    "which they were open divided by that of the recording; both refer to the window of --from and --to if " \
    "there is one, and count what was recorded, sampled or not. Subtasks is the time in which a subtask "    \
    "was open."

void typerows_load_columns(struct table *table, const struct typerows_style *style);
void typerows_load_cells(struct table *table, const struct typerows_style *style,
                         const struct analysis_stats *stats, const struct analysis_load *load,
                         const struct analysis_window *window, const struct trace_clock *clock);
void typerows_load_fields(struct records *records, const struct analysis_stats *stats,
                          const struct analysis_load *load, const struct analysis_window *window,
                          const struct trace_clock *clock);

/* "10" of one in ten, "10–100" if call sites differ, "·" for none; returns `text`. */
char *typerows_rate(char text[SHOW_BYTES], uint32_t one_in_min, uint32_t one_in_max);

#endif
