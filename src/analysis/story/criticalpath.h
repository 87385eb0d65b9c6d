/* The critical path of a task: the chain of steps from its begin to its end that explains where its latency went.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     struct analysis_critical_path path;
 *     if (!analysis_critical_path_find(&path, &story)) return out_of_memory();
 *     for (size_t i = 0; i < path.steps.count; i++) ...
 *     analysis_critical_path_free(&path);
 *
 * The steps are in order, without gap or overlap, from the task's begin to its end (of an unfinished one: the end of the
 * trace), so their ticks sum up to its latency exactly. What is on the path, and what that can and cannot mean:
 * doc/analysis.md.
 *
 * Cost: O(n log n) time and O(n) memory for a story of n lines. */
#ifndef CAIRN_ANALYSIS_CRITICALPATH_H
#define CAIRN_ANALYSIS_CRITICALPATH_H

#include "analysis/story/pathstacks.h"
#include "analysis/story/story.h"

enum analysis_step_kind {
    ANALYSIS_STEP_REGION,   /* in a region, and in none that is nested in it */
    ANALYSIS_STEP_SELF,     /* in no region: own code, or waiting */
    ANALYSIS_STEP_GAP,      /* likewise, and nothing was recorded for long: a gap of the story */
    ANALYSIS_STEP_HANDOVER, /* from `thread` to `to_thread`: left by the one, not yet taken up by the other */
    ANALYSIS_STEP_LINK,     /* in no region, until a linked task, `other`, let it go on */
    ANALYSIS_STEP_UNSEEN    /* before the flight recorder's window */
};

struct analysis_step {
    enum analysis_step_kind kind;
    uint64_t begin, end; /* ticks */
    uint32_t task;       /* index in the story's tasks */
    uint32_t thread;     /* UINT32_MAX: unknown */
    uint32_t to_thread;  /* of a hand-over; else UINT32_MAX */
    uint32_t line; /* of a region: index in the story's lines; of a link: that of the link; else UINT32_MAX */
    uint32_t stack;             /* of a region: for path_stack_name; else UINT32_MAX */
    struct trace_task_id other; /* the linked task */
};

/* All steps of a kind, in tasks of one type, and of one stack or waiting for tasks of one type. */
struct analysis_path_total {
    size_t first; /* index of the first such step: what it is */
    uint64_t ticks, count;
};

struct analysis_critical_path {
    VECTOR(struct analysis_step) steps;
    VECTOR(struct analysis_path_total) totals; /* the greatest first; they sum up to the latency too */
    struct path_stacks stacks;
};

/* Of a finished story. Without a step if it has no task, if that is no real one, or if it lasted no time. False if memory
 * ran out; free it in any case. Keeps nothing of the story. */
bool analysis_critical_path_find(struct analysis_critical_path *path, const struct analysis_story *story);
void analysis_critical_path_free(struct analysis_critical_path *path);

#endif
