/* Which tasks, regions and logs are meant. SPDX-License-Identifier: Apache-2.0
 *
 * What can be told by an event alone is asked per event. What concerns the whole of a task (its latency,
 * its status, what its logs say) is known only afterwards, so it is found out by a first pass over the
 * trace, the SELECTION, which leaves some flags per task; the pass that reports asks those.
 *
 *     filter = create(spec, info)          what the user asked for, checked against the trace
 *     if (filter needs a selection)        run the selection over the trace
 *     run the report over the trace        which asks the filter
 *
 * What each condition means:
 *                  tasks                       regions                      logs
 *   type           type of the task            type of the region           type of the task
 *   task           this task                   of this task                 of this task
 *   thread         did anything there          on that thread               on that thread
 *   from, to       begun in the window         begun in the window          at that time
 *   min, max       latency                     duration                     latency of the task
 *   log            a log of it has the text    a log of its task has it     has the text
 *   complete       has ended                   has ended                    its task has ended
 *   unfinished     has not                     has not                      its task has not
 *   failed         ended by failure            its task ended by failure    its task ended by failure
 */
#ifndef CAIRN_ANALYSIS_FILTER_H
#define CAIRN_ANALYSIS_FILTER_H

#include "analysis/ids.h"

/* What the user asks for. NULL, 0 and false: anything. */
struct analysis_spec {
    const char *type;        /* pattern with * and ? */
    const char *task;        /* id as printed */
    const char *thread;      /* pattern of the name, or the tid */
    const char *log;         /* text in the message */
    uint64_t from_ns, to_ns; /* since the start of the trace; to is exclusive */
    uint64_t min_ns, max_ns; /* inclusive */
    bool complete, unfinished, failed;
};

enum analysis_subject { ANALYSIS_TASKS, ANALYSIS_REGIONS, ANALYSIS_LOGS };

/* Private but for analysis_filter_... */
struct analysis_filter {
    enum analysis_subject subject;
    const struct analysis_spec *spec;
    const struct trace_info *info;
    struct trace_task_id task;         /* if spec->task */
    bool *threads;                     /* by index: wanted; NULL: all */
    signed char *types;                /* by site: 0 not asked yet, 1 wanted, -1 not */
    uint32_t thread_count, site_count; /* of these; a trace that still grows may have more later */
    uint64_t from_ticks, to_ticks;     /* to: UINT64_MAX without end */
    uint64_t min_ticks, max_ticks;
    struct analysis_ids selected; /* flags of the selection */
    struct trace_sink selection;  /* the first pass */
};

/* Checks the spec against the trace. 0, or -1 with *error set: contradicting conditions, not a task id, no
 * such thread. Keeps spec and info. Freed with analysis_filter_free, also after an error. */
int analysis_filter_init(struct analysis_filter *filter, enum analysis_subject subject,
                         const struct analysis_spec *spec, const struct trace_info *info,
                         struct cairn_error *error);
void analysis_filter_free(struct analysis_filter *filter);

/* Whether a first pass is needed: feed all events to &filter->selection. The trace must then be opened
 * anew for the second; analysis_filter_use_info tells its info, which must describe the same trace. */
bool analysis_filter_needs_selection(const struct analysis_filter *filter);
void analysis_filter_use_info(struct analysis_filter *filter, const struct trace_info *info);

/* Whether several threads may ask at once. Prepares that. */
bool analysis_filter_is_concurrent(struct analysis_filter *filter);

/* A task, at its first end, or at the end of the trace if it is unfinished. */
bool analysis_filter_task(struct analysis_filter *filter, const struct trace_task_id *task,
                          uint64_t end_ticks, bool finished, bool failed);
/* Tasks of which nothing but the type is known, which were sampled away: whether they are meant. False if that depends
 * on more. */
bool analysis_filter_by_type(struct analysis_filter *filter, uint32_t site);
/* A region, likewise. */
bool analysis_filter_region(struct analysis_filter *filter, const struct trace_region_id *region,
                            uint64_t end_ticks, bool finished);
/* A log. */
bool analysis_filter_log(struct analysis_filter *filter, const struct trace_event *event);

/* Whether text matches a pattern of characters, * (any number) and ? (any one). */
bool analysis_glob(const char *pattern, const char *text);

#endif
