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

#include "analysis/tasks.h"

/* What is collected; the task itself always is. */
enum {
    ANALYSIS_DETAIL_ATTRS = 1,
    ANALYSIS_DETAIL_LOGS = 2,
    ANALYSIS_DETAIL_SUBTASKS = 4,
    ANALYSIS_DETAIL_REGIONS = 8,
    ANALYSIS_DETAIL_THREADS = 16
};

enum {
    ANALYSIS_DETAIL_MAX = 256,
    /* of each kind, for one task */ ANALYSIS_DETAIL_LOG_BYTES = 200,
    ANALYSIS_DETAIL_RECENT = 64
};

/* An attribute of the task: the value it was given last. */
struct analysis_detail_attr {
    uint32_t site; /* its text is the key */
    struct trace_value value;
    size_t text_at, text_room; /* private */
};

/* Logs that are alike: of formatted ones, those of one call site; else those of equal category and text. */
struct analysis_detail_log {
    uint32_t site;    /* its text is the category, its format that of all of them; the first's */
    const char *text; /* of the first; cut at ANALYSIS_DETAIL_LOG_BYTES */
    uint32_t text_bytes;
    uint64_t count;
    size_t text_at; /* private, as what follows */
    uint64_t hash;
};

/* Subtasks, or regions, of one type. */
struct analysis_detail_part {
    uint32_t site; /* that of the begin of the first; its text is the type */
    uint64_t count;
    uint64_t ticks; /* of all of them together, until the task's end: more than its latency if they overlap */
    uint64_t open, begins; /* private */
};

struct analysis_detail {
    const struct analysis_task *task;
    uint32_t parent_site; /* of its begin: the parent's type; 0: no parent, or its type is not known */
    uint32_t concurrent;  /* tasks of its type, in its process, that were open when it began */
    uint64_t marks;       /* what `mark` returned for its events, together */
    const struct analysis_detail_attr *attrs;
    const struct analysis_detail_log *logs;
    const struct analysis_detail_part *subtasks, *regions;
    const uint32_t *threads; /* where anything was done for it, in order of first appearance */
    size_t attr_count, log_count, subtask_count, region_count, thread_count;
    uint64_t log_total;     /* messages, whether they are collected or not */
    uint64_t subtask_total; /* with the subtasks: also of those beyond ANALYSIS_DETAIL_MAX */
    uint64_t left_out;      /* details beyond ANALYSIS_DETAIL_MAX */
};

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
