/* See pathsteps.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/story/pathsteps.h"

#include "analysis/stats.h"

const char *path_step_kind(const struct analysis_step *step)
{
    static const char *const names[] = {
        [ANALYSIS_STEP_REGION] = "region", [ANALYSIS_STEP_SELF] = "self",
        [ANALYSIS_STEP_GAP] = "gap",       [ANALYSIS_STEP_HANDOVER] = "handover",
        [ANALYSIS_STEP_LINK] = "link",     [ANALYSIS_STEP_UNSEEN] = "before_window",
    };
    return names[step->kind];
}

bool path_step_name(const struct path_steps *steps, const struct analysis_step *step, const char **name)
{
    *name = NULL;
    if (step->kind == ANALYSIS_STEP_LINK)
        return *name = analysis_type_of_task(steps->info, &step->other), true;
    if (step->stack == UINT32_MAX) return true;
    *name = path_stack_name(&steps->path->stacks, steps->info, step->stack);
    return *name;
}

const struct trace_task_id *path_step_task(const struct path_steps *steps, const struct analysis_step *step)
{
    return &steps->story->tasks.items[step->task].task.id;
}

const struct trace_site *path_step_site(const struct path_steps *steps, const struct analysis_step *step)
{
    if (step->kind != ANALYSIS_STEP_REGION) return NULL;
    uint32_t site = steps->story->lines.items[step->line].region.site;
    return site && site < steps->info->site_count ? &steps->info->sites[site] : NULL;
}

uint64_t path_stretch_ns(const struct path_steps *steps, uint64_t from, uint64_t to)
{
    const struct trace_clock *clock = &steps->info->clock;
    return trace_clock_ns(clock, to) - trace_clock_ns(clock, from);
}

uint64_t path_step_at_ns(const struct path_steps *steps, const struct analysis_step *step)
{
    return path_stretch_ns(steps, 0, step->begin - steps->story->begin_ticks);
}

uint64_t path_step_ns(const struct path_steps *steps, const struct analysis_step *step)
{
    uint64_t begin = steps->story->begin_ticks;
    return path_stretch_ns(steps, step->begin - begin, step->end - begin);
}
