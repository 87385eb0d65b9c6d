/* One region: what the analysis knows of it. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_ANALYSIS_ONEREGION_H
#define CAIRN_ANALYSIS_ONEREGION_H

#include "trace/trace.h"

/* Of one that was counted. Times are ticks. */
struct analysis_region {
    struct trace_region_id id;
    uint64_t end_ticks;            /* of an unfinished one: that of the trace */
    uint64_t self_ticks;           /* that no region nested in it covers */
    uint32_t end_thread, end_site; /* UINT32_MAX and 0 if unfinished */
    uint32_t weight;               /* how many it stands for: sampling.h */
    uint32_t label;                /* that it was given at its begin */
    bool begin_left, begin_lost;   /* it was not seen: before a window, or for another reason */
    bool is_finished;
    bool is_wrong; /* ended in an order that is not that of nesting, or by another thread */
};

static inline uint64_t analysis_region_duration(const struct analysis_region *region)
{
    return region->end_ticks > region->id.birth ? region->end_ticks - region->id.birth : 0;
}

#endif
