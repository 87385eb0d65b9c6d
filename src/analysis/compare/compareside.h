/* One side of a comparison: the tasks or regions of a trace that are meant, as they come out of the analyses.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     analysis_side_init(&side, info);
 *     tasks.each = analysis_side_task, tasks.each_data = &side;       or regions.each = analysis_side_region
 *     tasks.anew = what frees the side and makes it again
 *     run
 *
 * Memory as of batches. Not for several threads at once.
 */
#ifndef CAIRN_ANALYSIS_COMPARESIDE_H
#define CAIRN_ANALYSIS_COMPARESIDE_H

#include "analysis/compare/batches.h"
#include "analysis/regions.h"
#include "analysis/tasks.h"

struct analysis_side {
    struct analysis_batches batches;
    /* Private. */
    const struct trace_info *info;
    uint32_t *type_of_site; /* plus one; 0: not asked yet */
};

/* Keeps info. False if memory ran out; free it in any case, then it may be made again. */
bool analysis_side_init(struct analysis_side *side, const struct trace_info *info);
void analysis_side_free(struct analysis_side *side);

/* For `each` of struct analysis_tasks and struct analysis_regions; `side` is a struct analysis_side. False if memory
 * ran out. */
bool analysis_side_task(void *side, const struct analysis_task *task);
bool analysis_side_region(void *side, const struct analysis_region *region);

#endif
