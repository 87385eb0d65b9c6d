/* Tasks: what there is of each type, and which were the slowest. SPDX-License-Identifier: Apache-2.0
 *
 * A sink. Memory grows with the tasks that are open at once, not with all: an ended task leaves some bits.
 */
#ifndef CAIRN_ANALYSIS_TASKS_H
#define CAIRN_ANALYSIS_TASKS_H

#include "analysis/concurrency.h"
#include "analysis/filter/filter.h"
#include "analysis/onetask.h"
#include "analysis/sampling.h"
#include "analysis/slowesttasks.h"
#include "analysis/stats.h"

struct analysis_task_row {
    const char *type;
    struct analysis_stats stats;
    struct analysis_load load;    /* its peak is known if it was asked for */
    struct analysis_task slowest; /* of the finished ones; meaningless without */
    /* Sampling. stats.estimated goes by the weights of what was recorded; but of root tasks, if all of the type are
     * asked for and none has left a window, it is recorded plus skipped: exact. */
    uint32_t one_in_min, one_in_max; /* of the type's call sites that were sampled; 0: none was */
    uint64_t skipped;                /* root tasks sampled away since the recording began */
    bool skipped_known; /* false: only some are asked for, and which of those would be is not known */
    uint64_t roots, roots_estimated; /* of sampled call sites: recorded, and by weight */
};

struct analysis_tasks {
    struct trace_sink sink;
    /* Results, complete after the sink's end. */
    VECTOR(struct analysis_task_row) rows; /* by total, the greatest first */
    struct analysis_slowest slowest;       /* finished ones */
    uint64_t *snapshot_ends; /* by process: of the task that a snapshot was taken for; 0: it has not ended */
    /* Set by who wants every task that is counted, one by one: at its end, unfinished ones after the last event.
     * False: memory ran out. */
    bool (*each)(void *data, const struct analysis_task *task);
    /* What `each` was told does not count: all begins anew. False: memory ran out. Without it, analysis_tasks_run scans nothing
     * for `each`. */
    bool (*anew)(void *data);
    void *each_data;
    struct analysis_window
        window;            /* what rates and averages refer to: the recording; may be set to a part of it */
    bool wants_unfinished; /* set by who wants unfinished ones among the slowest: the oldest of them */
    bool wants_peak;       /* set by who wants it; it takes every begin in its turn, which costs time */
    /* Private. */
    const struct trace_info *info;
    struct analysis_filter *filter;
    struct analysis_peaks peaks;
    struct analysis_names types; /* numbers are those of rows while events come */
    uint32_t *row_of_site;       /* plus one; 0: not asked yet */
    VECTOR(struct analysis_open_task) slots;
    uint32_t free_slot;       /* plus one */
    struct analysis_ids seen; /* the number of an open task: that of its slot, plus one */
    struct analysis_sampling sampling;
    struct analysis_recent *recent;
};

/* `filter` may be NULL; it must be ready (its selection done). Keeps info and filter. `slowest_max`: how
 * many of the slowest to remember. False if memory ran out; free it in any case. */
bool analysis_tasks_init(struct analysis_tasks *tasks, const struct trace_info *info,
                         struct analysis_filter *filter, size_t slowest_max);
void analysis_tasks_free(struct analysis_tasks *tasks);

/* Feeds it the whole of a source and ends it, on several processors if the source can be scanned: the same result as by
 * its events one by one. `progress` as in trace_run. 0, or -1 with *error set. */
int analysis_tasks_run(struct analysis_tasks *tasks, struct trace_source *source, trace_progress *progress,
                       void *data, struct cairn_error *error);

/* Whether its first end has come. */
bool analysis_tasks_has_ended(struct analysis_tasks *tasks, const struct trace_task_id *task);

/* For taskscan.c: a whole task without parent or subtask, at its end, without a filter. NEW: it was added. KNOWN: something of
 * it has come before, so that its begin and end are to be given. UNCLEAR: it has ended before, and had not begun: whether
 * this begin came before that end only the order of events tells. */
enum analysis_added {
    ANALYSIS_TASK_NEW,
    ANALYSIS_TASK_KNOWN,
    ANALYSIS_TASK_UNCLEAR,
    ANALYSIS_TASK_NO_MEMORY
};
enum analysis_added analysis_tasks_add(struct analysis_tasks *tasks, const struct analysis_task *task);

#endif
