/* Steps of a critical path as they are shown: names, and times in whole nanoseconds that sum up to the latency.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_ANALYSIS_PATHSTEPS_H
#define CAIRN_ANALYSIS_PATHSTEPS_H

#include "analysis/story/criticalpath.h"

/* What is to be shown, of one trace. Names are made when they are needed, so the path is not const. */
struct path_steps {
    struct analysis_critical_path *path;
    const struct analysis_story *story;
    const struct trace_info *info;
};

/* "region", "self", "gap", "handover", "link" or "before_window". */
const char *path_step_kind(const struct analysis_step *step);
/* The name of a region with those it is nested in, or the type of a linked task; NULL for other kinds. Lives as long as the
 * path. False if memory ran out. */
bool path_step_name(const struct path_steps *steps, const struct analysis_step *step, const char **name);
/* The task it is in. */
const struct trace_task_id *path_step_task(const struct path_steps *steps, const struct analysis_step *step);
/* Where a region began; NULL for other kinds, and if it is not known. */
const struct trace_site *path_step_site(const struct path_steps *steps, const struct analysis_step *step);

/* Of the stretch from `from` to `to`, in ticks since the task's begin: neighbours sum up to what they cover. */
uint64_t path_stretch_ns(const struct path_steps *steps, uint64_t from, uint64_t to);
/* When a step begins, since the task's begin, and how long it is. */
uint64_t path_step_at_ns(const struct path_steps *steps, const struct analysis_step *step);
uint64_t path_step_ns(const struct path_steps *steps, const struct analysis_step *step);

#endif
