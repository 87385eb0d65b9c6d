/* What a filter expression can ask about: the fields of tasks, of regions and of logs. SPDX-License-Identifier: Apache-2.0
 *
 * One table for each subject; parser, evaluation and help go by it. `task.` before a field of tasks, for a region or a log,
 * means the task it belongs to.
 */
#ifndef CAIRN_ANALYSIS_WHEREFIELDS_H
#define CAIRN_ANALYSIS_WHEREFIELDS_H

#include "analysis/filter/where.h"

/* What kind of value a field has, and so what can be compared with it. */
enum where_kind {
    WHERE_NAME,    /* one of the few texts of the trace: types, categories, threads, files, ... */
    WHERE_TEXT,    /* any text */
    WHERE_SPAN,    /* a duration */
    WHERE_INSTANT, /* a time, given as duration since the start of the trace */
    WHERE_COUNT,
    WHERE_ID,   /* of a task */
    WHERE_FLAG, /* a condition by itself */
    WHERE_ATTR  /* number, text or bool, as each task has it */
};

enum where_what {
    WHERE_TASK_TYPE,
    WHERE_TASK_ID,
    WHERE_TASK_BEGIN,
    WHERE_TASK_END,
    WHERE_TASK_LATENCY,
    WHERE_TASK_SELF,
    WHERE_TASK_STATUS,
    WHERE_TASK_FAILED,
    WHERE_TASK_FINISHED,
    WHERE_TASK_UNFINISHED,
    WHERE_TASK_REASON,
    WHERE_TASK_ROOT,
    WHERE_TASK_PARENT,
    WHERE_TASK_PARENT_TYPE,
    WHERE_TASK_BEGIN_THREAD,
    WHERE_TASK_END_THREAD,
    WHERE_TASK_THREAD,
    WHERE_TASK_LOG,
    WHERE_TASK_CATEGORY,
    WHERE_TASK_REGION,
    WHERE_TASK_LOGS,
    WHERE_TASK_SUBTASKS,
    WHERE_TASK_ATTR,
    WHERE_REGION_TYPE,
    WHERE_REGION_DURATION,
    WHERE_REGION_SELF,
    WHERE_REGION_BEGIN,
    WHERE_REGION_END,
    WHERE_REGION_FINISHED,
    WHERE_REGION_UNFINISHED,
    WHERE_REGION_THREAD,
    WHERE_REGION_FILE,
    WHERE_REGION_FUNCTION,
    WHERE_REGION_LINE,
    WHERE_LOG_MESSAGE,
    WHERE_LOG_CATEGORY,
    WHERE_LOG_TIME,
    WHERE_LOG_THREAD,
    WHERE_LOG_FILE,
    WHERE_LOG_FUNCTION,
    WHERE_LOG_LINE
};

/* When the field of a task can be told. Those of regions and logs always can. */
enum where_known {
    WHERE_KNOWN_BY_ID, /* from the identity alone, wherever it is mentioned */
    WHERE_KNOWN_AT_END,
    WHERE_KNOWN_BY_DETAILS /* only from its details (taskdetail.h) */
};

struct where_field {
    const char *name; /* NULL ends a table */
    enum where_what what;
    enum where_kind kind;
    enum where_known known;
    const char *help; /* one line */
};

/* The fields of a subject, by the order of their help. */
const struct where_field *where_fields(enum analysis_subject subject);
/* "tasks", "regions" or "logs". */
const char *where_subject_name(enum analysis_subject subject);

/* The field of that name; NULL if there is none. `*key` is what follows "attr." or, if nothing does, "": it is
 * then to be given as a string; NULL for other fields. */
const struct where_field *where_field_find(enum analysis_subject subject, const char *name, const char **key);
/* The name, with its "task." if it needs one, that is most like a name that is none; NULL if none is. `text` has its room. */
enum { WHERE_NAME_BYTES = 48 };
const char *where_field_suggest(enum analysis_subject subject, const char *name, char text[WHERE_NAME_BYTES]);

#endif
