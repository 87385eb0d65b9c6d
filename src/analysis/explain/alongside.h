/* Which types had a task open when a task began. SPDX-License-Identifier: Apache-2.0
 *
 * A background job that holds what others need is found by what began during it. Only the begin is asked about: what a task
 * meets while it lasts is the more, the longer it lasts, so that slow ones would seem to meet everything.
 *
 * The first ANALYSIS_ALONGSIDE_TYPES types of the trace are followed, each a bit. Memory grows with the tasks that are open.
 */
#ifndef CAIRN_ANALYSIS_ALONGSIDE_H
#define CAIRN_ANALYSIS_ALONGSIDE_H

#include "base/base.h"
#include "trace/trace.h"

enum { ANALYSIS_ALONGSIDE_TYPES = 64 };

struct analysis_alongside {
    uint32_t sites[ANALYSIS_ALONGSIDE_TYPES]; /* one of the type, for its name; 0: not met */
    bool is_broken;                           /* memory ran out */
    /* Private. */
    const struct trace_info *info;
    struct map open; /* task to type */
    uint64_t counts[ANALYSIS_ALONGSIDE_TYPES];
    uint64_t types; /* those with a task open */
};

/* Keeps info. */
void analysis_alongside_init(struct analysis_alongside *alongside, const struct trace_info *info);
void analysis_alongside_free(struct analysis_alongside *alongside);

/* For struct analysis_details.mark, with this as its data: a task's marks are the types that were open when it began, but its
 * own. */
uint64_t analysis_alongside_mark(void *alongside, const struct trace_event *event);

#endif
