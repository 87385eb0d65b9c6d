/* Filter expressions: which tasks, regions or logs are meant, as a program. SPDX-License-Identifier: Apache-2.0
 *
 *     type = "checkout" and (latency > 10ms or failed) and not log ~ "retry"
 *
 *     expression ──wherelex, whereparse──► program of conditions ──where──► holds, or not
 *
 *     expression = term { "or" term }            term   = factor { "and" factor }
 *     factor     = [ "not" ] ( condition | "(" expression ")" )
 *     condition  = flag | field sign value | field "in" "(" value { "," value } ")" | "has" field
 *     sign       = "=" | "!=" | "<" | "<=" | ">" | ">=" | "~"
 *
 * The fields of each subject are in wherefields.c. A condition holds if there is a value for which it holds. What a task does
 * not have (an attribute, a parent) has none: all conditions on it are false, `!=` too; `not` makes them true. What it has
 * several of (logs, regions, threads) needs one. Texts are compared as a whole by `=`, where * and ? in the value stand for
 * any characters and any one, and by part with `~`.
 *
 * What concerns the whole of a task (its logs, or, for a region or a log, how its task ends) is known only when all of the
 * task has been seen. Such conditions are DEFERRED: a first pass over the trace (selection.h) asks them of each task
 * and keeps the outcome as one bit per condition and task; afterwards they are looked up.
 */
#ifndef CAIRN_ANALYSIS_WHERE_H
#define CAIRN_ANALYSIS_WHERE_H

#include "analysis/ids.h"

enum analysis_subject { ANALYSIS_TASKS, ANALYSIS_REGIONS, ANALYSIS_LOGS };

struct analysis_task;
struct analysis_region;
struct analysis_detail;
struct where_condition; /* wherecondition.h */
struct where_value;

/* What bounds an expression. */
enum {
    ANALYSIS_WHERE_BYTES_MAX = 4096,
    ANALYSIS_WHERE_DEPTH_MAX = 64, /* of open parentheses and operators */
    ANALYSIS_WHERE_CONDITIONS_MAX = 64,
    ANALYSIS_WHERE_VALUES_MAX = 256 /* of one condition */
};

/* Truth is one register; every skip goes forward. `a and b` is: a, unless true skip, b. */
struct where_step {
    enum { WHERE_ASK, WHERE_NOT, WHERE_UNLESS_TRUE, WHERE_UNLESS_FALSE } kind;
    uint32_t argument; /* ASK: index of the condition; UNLESS: step to go to */
};

struct analysis_where {
    enum analysis_subject subject;
    const struct trace_info *info;
    VECTOR(struct where_step) program;
    VECTOR(struct where_condition) conditions;
    unsigned deferred_count, mark_count;
    unsigned wanted; /* details that deferred conditions need: ANALYSIS_DETAIL_... */
    bool needs_text; /* and so do messages of logs */
    /* The outcomes of deferred conditions: four to a set. */
    VECTOR(struct analysis_ids) outcomes;
    struct arena memory;
};

/* Without conditions everything is meant. Keeps info, which must be that of every later question. Freed with
 * analysis_where_free in any case. */
void analysis_where_init(struct analysis_where *where, enum analysis_subject subject,
                         const struct trace_info *info);
void analysis_where_free(struct analysis_where *where);

/* What has to hold besides. 0, or -1 with *error set: CAIRN_EINVAL for what is wrong with the expression, with two lines that
 * point at the place; `name` is what its text begins with. */
int analysis_where_and(struct analysis_where *where, const char *name, const char *expression,
                       struct cairn_error *error);
/* The same of one condition: "type" "=" a text, "latency" ">=" a duration; a flag has no sign. */
int analysis_where_and_condition(struct analysis_where *where, const char *field, const char *sign,
                                 const struct where_value *value, struct cairn_error *error);

/* ---- The first pass, if there are deferred conditions ------------------------------------------------------ */

/* An event of a task: bits for analysis_detail.marks. */
uint64_t analysis_where_mark(const struct analysis_where *where, const struct trace_event *event);
/* A task with its details: keeps the outcomes. False if memory ran out. */
bool analysis_where_note(struct analysis_where *where, const struct analysis_detail *detail);

/* ---- Questions --------------------------------------------------------------------------------------------- */

/* What is asked about: what is known of it. */
struct where_asked {
    const struct trace_task_id *id;       /* the task, or the one a region or a log belongs to */
    const struct analysis_task *task;     /* that task at its end, else NULL */
    const struct analysis_detail *detail; /* likewise, for the first pass */
    const struct analysis_region *region;
    const struct trace_event *log;
};

/* Whether it is meant. Constant time per condition, but for texts, attributes and lists. Several threads may ask at once if
 * nothing is deferred. */
bool analysis_where_holds(struct analysis_where *where, const struct where_asked *asked);
/* Whether no more than a task's own type is asked for. */
bool analysis_where_is_of_type(const struct analysis_where *where);

#endif
