/* What the rows of `tasks` and `regions` have in common: the same numbers under the same names.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_TYPEROWS_H
#define CAIRN_CLI_TYPEROWS_H

#include "analysis/stats.h"
#include "cli/records.h"
#include "cli/show.h"
#include "cli/table.h"

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
};

/* Adds the columns, and the cells of a row. */
void typerows_columns(struct table *table, const struct typerows_style *style);
void typerows_cells(struct table *table, const struct typerows_style *style,
                    const struct analysis_stats *stats, const struct trace_clock *clock);
/* Adds the fields of a row. Times are null where nothing finished. */
void typerows_fields(struct records *records, const struct analysis_stats *stats,
                     const struct trace_clock *clock);

/* "10" of one in ten, "10–100" if call sites differ, "·" for none; returns `text`. */
char *typerows_rate(char text[SHOW_BYTES], uint32_t one_in_min, uint32_t one_in_max);

#endif
