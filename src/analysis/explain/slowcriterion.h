/* What makes a task slow, for explain: its type, and from which latency on. SPDX-License-Identifier: Apache-2.0
 *
 *     struct analysis_slow slow = {.min_ns = ...};       or analysis_slow_parse(&slow, "1%")
 *     feed analysis_tasks, with the filter that explain will have
 *     analysis_slow_choose(&slow, &tasks, &spec, info)
 *     analysis_explain_init(..., &slow.spec)
 *     analysis_slow_free(&slow)
 */
#ifndef CAIRN_ANALYSIS_SLOWCRITERION_H
#define CAIRN_ANALYSIS_SLOWCRITERION_H

#include "analysis/explain/explain.h"
#include "analysis/filter/filter.h"
#include "analysis/tasks.h"

#define ANALYSIS_SLOW_UNASKED "1%" /* if nothing else is said */

struct analysis_slow {
    uint64_t min_ns, max_ns; /* the range that was asked for; both 0: the slowest: */
    double share;            /* of all, unless is_count */
    double count;
    bool is_count;
    /* Chosen. */
    char *type; /* with the most time; NULL: it was asked for */
    struct analysis_explain_spec spec;
};

/* Takes "1%", a share of all, or "20", a number of tasks. False if the text is neither. */
bool analysis_slow_parse(struct analysis_slow *slow, const char *text);
/* Whether a range of latency was asked for. */
bool analysis_slow_has_range(const struct analysis_slow *slow);
/* Sets what is chosen. `tasks` are complete; `asked` is what their filter was made from: without a type, that with the most
 * time is taken. False if memory ran out. */
bool analysis_slow_choose(struct analysis_slow *slow, const struct analysis_tasks *tasks,
                          const struct analysis_spec *asked, const struct trace_info *info);
void analysis_slow_free(struct analysis_slow *slow);

#endif
