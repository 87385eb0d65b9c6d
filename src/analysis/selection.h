/* A filter's first pass over the trace: what is asked of the whole of a task is asked of each. SPDX-License-Identifier: Apache-2.0
 *
 *     source ──► details ──► each task ──► the filter keeps the outcomes
 *
 * It tells nothing: what is odd about the trace is found again by the pass that reports. Memory as of details, and some bits for
 * each task.
 */
#ifndef CAIRN_ANALYSIS_SELECTION_H
#define CAIRN_ANALYSIS_SELECTION_H

#include "analysis/details.h"

struct analysis_selection {
    struct trace_sink sink;
    /* Private. */
    struct analysis_details details;
    struct trace_info info; /* with findings of its own */
    struct trace_diagnostics findings;
};

/* For a filter that needs one (analysis_filter_needs_selection). Keeps it. False if memory ran out; free it in any case.
 * Stays where it is. */
bool analysis_selection_init(struct analysis_selection *selection, struct analysis_filter *filter);
void analysis_selection_free(struct analysis_selection *selection);

/* All of it: feeds the whole of a source, which has its settings back afterwards and is to be rewound. `progress` as in
 * trace_run. 0, or -1 with *error set. */
int analysis_selection_run(struct analysis_filter *filter, struct trace_source *source,
                           trace_progress *progress, void *data, struct cairn_error *error);

#endif
