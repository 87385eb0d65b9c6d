/* Flame data: self time by task type and stack of regions. SPDX-License-Identifier: Apache-2.0
 *
 *     task type ; region ; region ; ...   self time
 *
 * The stack of a region is what was open when it began: the regions of the same task on the same thread, outermost first.
 * Regions of other tasks that lie between are no frames. Where regions overlap, or end on another thread, nothing is
 * rearranged afterwards: each counts with its own self time, under what it began in. So the self times of a task type
 * add up to those that the table of regions has for it.
 *
 * With gaps, a stack "(no region)" has the time of each task in which no region was open for it, on any thread; regions
 * with explicit times do not count for that, as they take no part in nesting.
 *
 * A sink. Memory grows with what is open at once and with the stacks, which are bounded: what is deeper, or comes when
 * there are too many, counts for the innermost frame that there is.
 */
#ifndef CAIRN_ANALYSIS_FLAME_H
#define CAIRN_ANALYSIS_FLAME_H

#include "analysis/forest.h"
#include "analysis/regions.h"
#include "analysis/tasks.h"

enum {
    ANALYSIS_STACKS_MAX = 1 << 16,
    ANALYSIS_STACK_DEPTH_MAX = 100 /* frames, the task type among them */
};
#define ANALYSIS_FRAME_GAP "(no region)"

struct analysis_stack {
    struct analysis_forest_node at; /* a root is a task type */
    const char *frame;
    histogram_sum self; /* ticks */
    uint64_t count;     /* regions, or tasks that have a gap */
};

struct analysis_flame {
    struct trace_sink sink;
    VECTOR(struct analysis_stack) stacks; /* the result; in no order but that parents come first */
    /* Private. */
    const struct trace_info *info;
    struct analysis_filter *filter;
    const char *task_type;
    bool with_gaps;
    struct analysis_regions regions; /* unfiltered, so that each region that begins also ends */
    struct analysis_tasks tasks;     /* with gaps */
    struct map covers;               /* open tasks that have had a region: to index in slots */
    VECTOR(struct analysis_cover) slots;
    uint32_t free_slot;          /* plus one */
    struct analysis_names names; /* of frames */
    uint32_t *name_of_site;      /* plus one; 0: not asked yet */
    struct map children;         /* stack and name to index in stacks */
};

/* Of tasks whose type matches `task_type` (a pattern; NULL: all) those regions that meet `filter`, of subject
 * ANALYSIS_REGIONS, which may be NULL. With gaps it is NULL, as they are of whole tasks. Keeps all three. False if memory ran out; free it in any case. Stays where it is. */
bool analysis_flame_init(struct analysis_flame *flame, const struct trace_info *info,
                         struct analysis_filter *filter, const char *task_type, bool with_gaps);
void analysis_flame_free(struct analysis_flame *flame);

/* Indices of all stacks, those of one task type together, by frames from the outermost on: what is printed line by line.
 * NULL if memory ran out; the caller frees it. */
uint32_t *analysis_flame_order(const struct analysis_flame *flame);

#endif
