/* From source to sink. SPDX-License-Identifier: Apache-2.0 */
#include "trace/trace.h"

enum { EVENTS_PER_PROGRESS = 1 << 16 };

/* The time tells how far we are, as events come in its order. */
static double fraction_at(const struct trace_info *info, uint64_t time)
{
    if (time <= info->begin_ticks || info->end_ticks <= info->begin_ticks) return 0;
    if (time >= info->end_ticks) return 1;
    return (double)(time - info->begin_ticks) / (double)(info->end_ticks - info->begin_ticks);
}

int trace_stopped(struct cairn_error *error)
{
    return cairn__error_set(error, TRACE_STOPPED, NULL, CAIRN_ERROR_NOWHERE, "stopped");
}

int trace_run(struct trace_source *source, struct trace_sink *sink, trace_progress *progress, void *data,
              struct cairn_error *error)
{
    struct trace_event event;
    uint64_t count = 0;
    int result;
    source->rewind(source);
    while ((result = source->next(source, &event, error)) > 0) {
        if (sink->event(sink, &event, error) < 0) return -1;
        if (!progress || ++count % EVENTS_PER_PROGRESS) continue;
        if (!progress(data, fraction_at(source->info, event.time))) return trace_stopped(error);
    }
    return result < 0 ? -1 : sink->end(sink, source->info, error);
}
