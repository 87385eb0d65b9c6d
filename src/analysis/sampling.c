/* See sampling.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/sampling.h"

#include "analysis/ids.h"
#include "cairn/cairn.h"

void analysis_sampling_init(struct analysis_sampling *sampling, const struct trace_info *info)
{
    *sampling = (struct analysis_sampling){.info = info};
    for (uint32_t i = 0; i < info->site_count; i++) sampling->any |= info->sites[i].one_in > 1;
}

void analysis_sampling_free(struct analysis_sampling *sampling)
{
    map_free(&sampling->subtasks);
}

/* That of a task without parent. */
static uint32_t own_weight(const struct analysis_sampling *sampling, const struct trace_task_id *task)
{
    bool known = task->id > CAIRN_ID_OFF && task->site < sampling->info->site_count;
    uint32_t one_in = known ? sampling->info->sites[task->site].one_in : 0;
    return one_in ? one_in : 1;
}

uint32_t analysis_sampling_weight(const struct analysis_sampling *sampling, const struct trace_task_id *task)
{
    if (!sampling->any) return 1;
    const uint64_t *inherited = map_get(&sampling->subtasks, analysis_id_map_key(task));
    return inherited ? (uint32_t)*inherited : own_weight(sampling, task);
}

bool analysis_sampling_take(struct analysis_sampling *sampling, const struct trace_event *event)
{
    if (!sampling->any) return true;
    switch (event->kind) {
    case TRACE_TASK_BEGIN:
    case TRACE_TASK_OPEN: break;
    case TRACE_TASK_END:
    case TRACE_TASK_FAIL: map_remove(&sampling->subtasks, analysis_id_map_key(&event->task)); return true;
    default: return true;
    }
    if (event->other.id == 0) return true;
    uint32_t weight = analysis_sampling_weight(sampling, &event->other);
    if (weight == own_weight(sampling, &event->task)) {
        map_remove(&sampling->subtasks,
                   analysis_id_map_key(&event->task)); /* a listing may have known less of the parent */
        return true;
    }
    uint64_t *inherited = map_put(&sampling->subtasks, analysis_id_map_key(&event->task), NULL);
    if (inherited) *inherited = weight;
    return inherited != NULL;
}
