/* Details: each task with all that is known of it, handed out when it ends. SPDX-License-Identifier: Apache-2.0
 *
 *     source ──► details ──► each(task, its attributes, logs, subtasks, regions, threads)
 *                  └─ tasks: decides what a task is, which are meant and when they end
 *
 * A sink. Memory grows with the tasks that are open at once; of one task there is a bound for each kind of detail, and what
 * is beyond is counted. It costs more than the tables by type, which need none of this: ask only for what is used.
 */
#ifndef CAIRN_ANALYSIS_DETAILS_H
#define CAIRN_ANALYSIS_DETAILS_H

#include "analysis/taskdetail.h"
#include "analysis/tasks.h"

enum { ANALYSIS_DETAIL_RECENT = 64 }; /* private */

struct analysis_details {
    struct trace_sink sink;
    struct analysis_tasks tasks; /* the same result as without details */
    /* Set by who asks. Details are valid during the call. False: memory ran out. */
    bool (*each)(void *data, const struct analysis_detail *detail);
    void *each_data;
    /* May be set: is asked about every event of a task, and what it returns is kept as the task's `marks`. */
    uint64_t (*mark)(void *data, const struct trace_event *event);
    void *mark_data;
    /* Private. */
    const struct trace_info *info;
    unsigned wanted;
    struct map open; /* task to index in slots */
    struct analysis_open_detail
        *recent[ANALYSIS_DETAIL_RECENT]; /* by hash: found last; it may have been closed since */
    VECTOR(struct analysis_open_detail *) slots;
    VECTOR(uint32_t) free_slots;
    struct map open_of_type; /* type and process to the number of its open tasks */
};

/* `filter` as for analysis_tasks; it decides which tasks are handed out. `wanted`: ANALYSIS_DETAIL_... together. False if
 * memory ran out; free it in any case. Run it with trace_run. Of a late detail, after its task has ended, nothing is
 * kept. */
bool analysis_details_init(struct analysis_details *details, const struct trace_info *info,
                           struct analysis_filter *filter, unsigned wanted);
void analysis_details_free(struct analysis_details *details);

#endif
