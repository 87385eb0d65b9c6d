/* How a comparison is shown: tables for people, and the row that --json and --csv share. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_COMPAREROWS_H
#define CAIRN_CLI_COMPAREROWS_H

#include "analysis/compare/compare.h"
#include "cli/print/records.h"
#include "cli/query.h"

/* The documented fields of a row. */
#define COMPAREROWS_FIELDS                                                                                   \
    "type, verdict (slower, faster, mixed, same, too_few, only_a, only_b: by its durations), then of "       \
    "either "                                                                                                \
    "side, a and b: finished_a, unfinished_a, total_a_ns (of sampled tasks, what they stand for); then for " \
    "each metric of mean, p50, "                                                                             \
    "p90, "                                                                                                  \
    "p99, p999, max, total_per_unit, count_per_unit, rate, errors: its value on either side (mean_a_ns; "    \
    "the "                                                                                                   \
    "last three have no _ns: count_per_unit_a, rate_a per second, errors_a as a share), mean_change (0.1 "   \
    "is "                                                                                                    \
    "10 % more), the interval mean_low and mean_high of the change (null: no bound), mean_p, and "           \
    "mean_verdict (more, less, same, untested)"

/* The table of all types. */
void comparerows_print_types(const struct analysis_compare *compare);
/* All metrics of one type. */
void comparerows_print_type(const struct analysis_compare *compare, const struct analysis_compared *type);
/* Where to look next, if a type changed. Of either side: the trace, and which part of it is meant. */
void comparerows_print_next(const struct analysis_compare *compare, const char *const paths[2],
                            const struct query *const filters[2]);
/* One row of records; `type` may be NULL: an empty one, for the head. */
void comparerows_write(struct records *records, const struct analysis_compare *compare,
                       const struct analysis_compared *type);

enum { COMPAREROWS_BYTES = 64 };
/* A change as "+5.3 %" or "×12"; returns `text`. */
char *comparerows_change(char text[COMPAREROWS_BYTES], double change);
/* A value of a metric with its unit; returns `text`. */
char *comparerows_value(char text[COMPAREROWS_BYTES], enum analysis_metric metric, double value);

#endif
