/* Which tasks, regions and logs are meant. SPDX-License-Identifier: Apache-2.0
 *
 * What the user asks for is an expression (where.h) and short forms of often used conditions; all of them have to hold. They
 * become one program. What concerns the whole of a task may need a first pass over the trace, the SELECTION; the pass that
 * reports then asks what it has found.
 *
 *     filter = init(spec, info)            what the user asked for, checked against the trace
 *     if (filter needs a selection)        run the selection over the trace: selection.h
 *     run the report over the trace        which asks the filter
 *
 * What each short form means, as an expression:
 *                  tasks                       regions                      logs
 *   type           type =                      type =                       type =
 *   task           id =                        task =                       task =
 *   thread         thread =                    thread =                     thread =
 *   from           begin >=                    begin >=                     time >=
 *   to             begin <                     begin <                      time <
 *   min            latency >=                  duration >=                  task.latency >=
 *   max            latency <=                  duration <=                  task.latency <=
 *   log            log ~                       task.log ~                   message ~
 *   complete       finished                    finished                     task.finished
 *   unfinished     unfinished                  unfinished                   task.unfinished
 *   failed         failed                      task.failed                  task.failed
 */
#ifndef CAIRN_ANALYSIS_FILTER_H
#define CAIRN_ANALYSIS_FILTER_H

#include "analysis/filter/glob.h"
#include "analysis/filter/where.h"

/* What the user asks for. NULL, 0 and false: anything. */
struct analysis_spec {
    const char *type;        /* pattern with * and ? */
    const char *task;        /* id as printed */
    const char *thread;      /* pattern of the name, or the tid */
    const char *log;         /* text in the message */
    uint64_t from_ns, to_ns; /* since the start of the trace; to is exclusive */
    uint64_t min_ns, max_ns; /* inclusive */
    bool complete, unfinished, failed;
    const char *where;      /* an expression */
    const char *where_name; /* what messages call it; NULL: "--where" */
};

/* Whether anything is asked for. */
bool analysis_spec_is_set(const struct analysis_spec *spec);

/* An expression that holds where both do; to be freed. NULL if memory ran out. */
char *analysis_filter_both(const char *one, const char *other);

struct analysis_filter {
    struct trace_task_id task; /* that spec->task names: id and process */
    /* Private. */
    struct analysis_where where;
};

/* Checks the spec against the trace. 0, or -1 with *error set: contradicting conditions, not a task id, no
 * such thread, an expression that is wrong. Keeps info, which the report has to be about as well, and not the spec. Freed with
 * analysis_filter_free, also after an error. */
int analysis_filter_init(struct analysis_filter *filter, enum analysis_subject subject,
                         const struct analysis_spec *spec, const struct trace_info *info,
                         struct cairn_error *error);
void analysis_filter_free(struct analysis_filter *filter);

/* Whether a first pass is needed, once (selection.h), and whether that needs the text of formatted logs; if not, it is faster
 * without. */
bool analysis_filter_needs_selection(const struct analysis_filter *filter);
bool analysis_filter_needs_text(const struct analysis_filter *filter);

/* Whether several threads may ask at once. */
bool analysis_filter_is_concurrent(const struct analysis_filter *filter);

/* Questions, only of what is its subject. A task at its first end, or at the end of the trace if it is unfinished: end_ticks
 * is then that of the trace. All but its weight must be known. */
bool analysis_filter_task(struct analysis_filter *filter, const struct analysis_task *task);
/* Tasks of which nothing but the type is known, which were sampled away: whether they are meant. False if that depends
 * on more. */
bool analysis_filter_by_type(struct analysis_filter *filter, uint32_t site);
/* A region, likewise. */
bool analysis_filter_region(struct analysis_filter *filter, const struct analysis_region *region);
/* A log. */
bool analysis_filter_log(struct analysis_filter *filter, const struct trace_event *event);

#endif
