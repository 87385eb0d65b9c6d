/* One task with all that is known of it, as details.h hands it out. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_ANALYSIS_TASKDETAIL_H
#define CAIRN_ANALYSIS_TASKDETAIL_H

#include "analysis/onetask.h"

/* What is collected; the task itself always is. */
enum {
    ANALYSIS_DETAIL_ATTRS = 1,
    ANALYSIS_DETAIL_LOGS = 2,
    ANALYSIS_DETAIL_SUBTASKS = 4,
    ANALYSIS_DETAIL_REGIONS = 8,
    ANALYSIS_DETAIL_THREADS = 16
};

enum {
    ANALYSIS_DETAIL_MAX = 256, /* of each kind, for one task */
    ANALYSIS_DETAIL_LOG_BYTES = 200
};

/* An attribute of the task: the value it was given last. */
struct analysis_detail_attr {
    uint32_t site; /* its text is the key */
    struct trace_value value;
    size_t text_at, text_room; /* private */
};

/* Logs that are alike: of equal category, and of equal format or, without one, equal text. */
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

#endif
