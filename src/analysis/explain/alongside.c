/* See alongside.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/explain/alongside.h"

#include "analysis/ids.h"

void analysis_alongside_init(struct analysis_alongside *alongside, const struct trace_info *info)
{
    *alongside = (struct analysis_alongside){.info = info};
}

void analysis_alongside_free(struct analysis_alongside *alongside)
{
    map_free(&alongside->open);
}

/* What was open when it began; nothing, of one whose begin was not seen or comes a second time. */
static uint64_t begin(struct analysis_alongside *alongside, const struct trace_event *event)
{
    const struct trace_task_id *task = &event->task;
    uint32_t type = task->site < alongside->info->site_count ? alongside->info->sites[task->site].type : 0;
    if (type >= ANALYSIS_ALONGSIDE_TYPES) return event->kind == TRACE_TASK_BEGIN ? alongside->types : 0;
    bool added;
    uint64_t *known = map_put(&alongside->open, analysis_id_map_key(task), &added);
    alongside->is_broken |= !known;
    if (!known || !added) return 0;
    uint64_t types = alongside->types, own = UINT64_C(1) << type;
    *known = type;
    alongside->counts[type]++;
    alongside->types |= own;
    alongside->sites[type] = task->site;
    return event->kind == TRACE_TASK_BEGIN ? types & ~own : 0;
}

static void end(struct analysis_alongside *alongside, const struct trace_task_id *task)
{
    const uint64_t *type = map_get(&alongside->open, analysis_id_map_key(task));
    if (!type) return;
    if (--alongside->counts[*type] == 0) alongside->types &= ~(UINT64_C(1) << *type);
    map_remove(&alongside->open, analysis_id_map_key(task));
}

uint64_t analysis_alongside_mark(void *data, const struct trace_event *event)
{
    struct analysis_alongside *alongside = data;
    switch (event->kind) {
    case TRACE_TASK_BEGIN:
    case TRACE_TASK_OPEN: return begin(alongside, event);
    case TRACE_TASK_END:
    case TRACE_TASK_FAIL: end(alongside, &event->task); return 0;
    default: return 0;
    }
}
