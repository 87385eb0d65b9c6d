/* Explain: what slow tasks have in common that the others have not. SPDX-License-Identifier: Apache-2.0
 *
 *     source ──► details ──► facts of each task, counted for slow ones and for the rest ──► rank ──► findings
 *                       └──► a sample of tasks with their facts
 *
 * 1. analysis_explain_init, with the range of latency that is called slow (analysis_explain_threshold finds one).
 * 2. The trace is fed to the sink: explain.details.sink.
 * 3. analysis_explain_rank tests every fact, and every limit of every number, against chance (findings.h), puts in order
 *    what is significant, and tells what stands for itself from what only goes with that (headlines.h).
 *
 * Counts are exact; what goes with what, and the medians, come from the sample (tasksample.h). Memory is bounded but for
 * the tasks that are open at once. doc/analysis.md says what the tests assume.
 */
#ifndef CAIRN_ANALYSIS_EXPLAIN_H
#define CAIRN_ANALYSIS_EXPLAIN_H

#include "analysis/explain/alongside.h"
#include "analysis/details.h"
#include "analysis/explain/headlines.h"

enum { ANALYSIS_EXPLAIN_INTERVALS = 200 }; /* that the time of the begins is cut into */

struct analysis_explain_spec {
    const char *type;              /* tasks of exactly this type; NULL: all that the filter lets pass */
    uint64_t min_ticks, max_ticks; /* the latency of the slow, inclusive */
    /* What is cut into intervals. Tasks that begin before or after it count as of the first or the last. */
    uint64_t from_ticks, to_ticks;
};

struct analysis_explain {
    struct analysis_details details; /* feed details.sink */
    /* Results, complete after analysis_explain_rank. */
    uint64_t slow, rest; /* finished tasks */
    struct analysis_findings findings;
    uint64_t details_left_out; /* of tasks with more than ANALYSIS_DETAIL_MAX of a kind */
    struct analysis_facts facts;
    struct analysis_task_sample sample;
    /* Private. */
    struct analysis_explain_spec spec;
    const struct trace_info *info;
    struct analysis_alongside alongside;
    struct trace_info quiet_info; /* for the details: what they find odd, the first pass has told */
    struct trace_diagnostics unheard;
};

/* The least latency that is slow, so that the number of slow ones comes nearest to this share of all, and is not 0; as
 * exact as the histogram. 0 if it is empty. */
uint64_t analysis_explain_threshold(const struct histogram *latency, double share);

/* `filter` as for analysis_tasks. False if memory ran out; free it in any case. The sink's address must not change. */
bool analysis_explain_init(struct analysis_explain *explain, const struct trace_info *info,
                           struct analysis_filter *filter, const struct analysis_explain_spec *spec);
void analysis_explain_free(struct analysis_explain *explain);

/* When an interval of the trace begins: that one has this number, or the next one that has a time. */
uint64_t analysis_explain_interval(const struct analysis_explain_spec *spec, double number);

/* Finds and orders the findings, after the sink's end. False if memory ran out. */
bool analysis_explain_rank(struct analysis_explain *explain);

#endif
