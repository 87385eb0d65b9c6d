/* What a recorded task stands for when tasks were sampled. SPDX-License-Identifier: Apache-2.0
 *
 * Of a type that is sampled one in N root tasks is recorded, with all that belongs to it; a recorded one thus stands
 * for N, and so does each of its subtasks, regions and logs. That N is the WEIGHT. How many roots were left out is
 * counted exactly by the recorder; what they would have contained can only be estimated by weights.
 *
 * Memory grows with the open subtasks of sampled tasks; nothing is kept where nothing was sampled.
 */
#ifndef CAIRN_ANALYSIS_SAMPLING_H
#define CAIRN_ANALYSIS_SAMPLING_H

#include "base/base.h"
#include "trace/trace.h"

struct analysis_sampling {
    const struct trace_info *info;
    bool any;            /* a type of the trace was sampled */
    struct map subtasks; /* open ones whose weight is not that of their own type: to the weight */
};

void analysis_sampling_init(struct analysis_sampling *sampling, const struct trace_info *info);
void analysis_sampling_free(struct analysis_sampling *sampling);

/* Follows who is whose subtask. To be given every event; of a task's end, after its weight was asked for. False if
 * memory ran out. */
bool analysis_sampling_take(struct analysis_sampling *sampling, const struct trace_event *event);
/* At least 1. Of a subtask that has ended: as if it had no parent. */
uint32_t analysis_sampling_weight(const struct analysis_sampling *sampling, const struct trace_task_id *task);

#endif
