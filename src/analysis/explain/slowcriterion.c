/* See slowcriterion.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/explain/slowcriterion.h"

#include <stdlib.h>
#include <string.h>

bool analysis_slow_parse(struct analysis_slow *slow, const char *text)
{
    const char *end = quantity_number(text, &slow->count);
    if (!end) return false;
    slow->is_count = *end == 0;
    slow->share = slow->count / 100;
    bool is_either = slow->is_count || (strcmp(end, "%") == 0 && slow->share < 1);
    return is_either && slow->count > 0;
}

bool analysis_slow_has_range(const struct analysis_slow *slow)
{
    return slow->min_ns || slow->max_ns;
}

/* The latencies of the type with the most time, or, if types were asked for, of all. */
static bool choose_type(struct analysis_slow *slow, const struct analysis_tasks *tasks, bool type_asked,
                        struct histogram *latency)
{
    for (size_t i = 0; i < tasks->rows.count; i++) {
        const struct analysis_task_row *row = &tasks->rows.items[i];
        if (!row->stats.time.count) continue;
        if (!histogram_merge(latency, &row->stats.time)) return false;
        if (type_asked) continue;
        slow->type = strdup(row->type);
        return slow->type;
    }
    return true;
}

static void set_range(struct analysis_slow *slow, const struct trace_clock *clock,
                      const struct histogram *latency)
{
    double share = slow->is_count && latency->count ? slow->count / (double)latency->count : slow->share;
    slow->spec.max_ticks = slow->max_ns ? trace_clock_ticks(clock, slow->max_ns) : UINT64_MAX;
    slow->spec.min_ticks = analysis_slow_has_range(slow) ? trace_clock_ticks(clock, slow->min_ns)
                                                         : analysis_explain_threshold(latency, share);
}

static void set_time(struct analysis_slow *slow, const struct trace_info *info,
                     const struct analysis_spec *asked)
{
    struct analysis_window window = analysis_window_of(info, asked);
    slow->spec.from_ticks = window.begin;
    slow->spec.to_ticks = window.end;
}

bool analysis_slow_choose(struct analysis_slow *slow, const struct analysis_tasks *tasks,
                          const struct analysis_spec *asked, const struct trace_info *info)
{
    struct histogram latency = {0};
    bool done = choose_type(slow, tasks, asked->type != NULL, &latency);
    set_range(slow, &info->clock, &latency);
    set_time(slow, info, asked);
    slow->spec.type = slow->type;
    histogram_free(&latency);
    return done;
}

void analysis_slow_free(struct analysis_slow *slow)
{
    free(slow->type);
}
