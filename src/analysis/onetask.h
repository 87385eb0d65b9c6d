/* One task: what the analysis knows of it. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_ANALYSIS_ONETASK_H
#define CAIRN_ANALYSIS_ONETASK_H

#include "analysis/stats.h"
#include "trace/trace.h"

enum analysis_begin {
    ANALYSIS_BEGIN_SEEN,
    ANALYSIS_BEGIN_BEFORE, /* in an earlier round of recording */
    ANALYSIS_BEGIN_LOST,   /* in this one, but not in the trace */
    ANALYSIS_BEGIN_OFF,    /* while recording was off */
    ANALYSIS_BEGIN_LEFT,   /* before the window of a flight recorder */
    ANALYSIS_BEGIN_LISTED  /* likewise, and it was open when the list of open tasks was written */
};

enum analysis_status { ANALYSIS_UNFINISHED, ANALYSIS_FINISHED, ANALYSIS_FAILED };
enum { ANALYSIS_STATUSES = ANALYSIS_FAILED + 1 };

/* "unfinished", "ok" or "failed". */
const char *analysis_status_name(enum analysis_status status);

/* Why the begin of a task that is mentioned was not seen. */
enum analysis_begin analysis_begin_of_mentioned(const struct trace_info *info,
                                                const struct trace_task_id *task);
/* Counts a begin that was not seen. */
void analysis_count_begin(struct analysis_stats *stats, enum analysis_begin begin);
/* Whether a task without an end in the trace must have ended before the window: those that had not are listed. */
bool analysis_ended_before_window(const struct trace_info *info, const struct trace_task_id *task,
                                  enum analysis_begin begin);

/* One task. */
struct analysis_task {
    struct trace_task_id id;
    struct trace_task_id parent; /* id 0: none, or not known because the begin was not seen */
    enum analysis_begin begin;
    enum analysis_status status;
    uint64_t
        end_ticks; /* of its first end; once the trace has ended, of an unfinished one that of the trace */
    uint32_t begin_thread, end_thread;
    uint32_t end_site; /* of a failure its text is the reason */
    /* Of tasks that were counted: */
    uint64_t self_ticks; /* in which no subtask was open */
    uint32_t weight;     /* how many it stands for: sampling.h */
};

/* From begin to end; 0 if clocks disagree so much that it ends before. */
static inline uint64_t analysis_task_latency(const struct analysis_task *task)
{
    return task->end_ticks > task->id.birth ? task->end_ticks - task->id.birth : 0;
}

#endif
