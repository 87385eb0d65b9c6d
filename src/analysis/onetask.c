/* See onetask.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/onetask.h"

#include "cairn/cairn.h"

const char *analysis_status_name(enum analysis_status status)
{
    static const char *const names[ANALYSIS_STATUSES] = {
        [ANALYSIS_UNFINISHED] = "unfinished", [ANALYSIS_FINISHED] = "ok", [ANALYSIS_FAILED] = "failed"};
    return names[status];
}

void analysis_count_begin(struct analysis_stats *stats, enum analysis_begin begin)
{
    stats->begun_before += begin == ANALYSIS_BEGIN_BEFORE;
    stats->begin_lost += begin == ANALYSIS_BEGIN_LOST;
    stats->before_window += begin == ANALYSIS_BEGIN_LEFT || begin == ANALYSIS_BEGIN_LISTED;
}

enum analysis_begin analysis_begin_of_mentioned(const struct trace_info *info,
                                                const struct trace_task_id *task)
{
    if (task->id == CAIRN_ID_OFF) return ANALYSIS_BEGIN_OFF;
    bool known = task->process < info->process_count;
    uint64_t round = known ? info->processes[task->process].round : 0;
    if (task->id >> CAIRN_ID_ROUND_SHIFT != round) return ANALYSIS_BEGIN_BEFORE;
    bool left = analysis_is_before_window(info, task->process, task->birth);
    return left ? ANALYSIS_BEGIN_LEFT : ANALYSIS_BEGIN_LOST;
}

bool analysis_ended_before_window(const struct trace_info *info, const struct trace_task_id *task,
                                  enum analysis_begin begin)
{
    return begin == ANALYSIS_BEGIN_LEFT && task->process < info->process_count &&
           !info->processes[task->process].tasks_overflow;
}
