/* What the rows of `tasks` and `regions` have in common: the same numbers under the same names.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_TYPEROWS_H
#define CAIRN_CLI_TYPEROWS_H

#include "analysis/stats.h"
#include "cli/records.h"
#include "cli/table.h"

/* The documented names, for the details of commands. */
#define TYPEROWS_FIELDS                                                                                      \
    "count (finished and unfinished), finished, unfinished, errors, begun_before, begin_lost, total_ns, "    \
    "self_ns, min_ns, mean_ns, p50_ns, p90_ns, p99_ns, p999_ns, max_ns"

/* Adds the columns, and the cells of a row. */
void typerows_columns(struct table *table);
void typerows_cells(struct table *table, const struct analysis_stats *stats, const struct trace_clock *clock);
/* Adds the fields of a row. Times are null where nothing finished. */
void typerows_fields(struct records *records, const struct analysis_stats *stats,
                     const struct trace_clock *clock);

#endif
