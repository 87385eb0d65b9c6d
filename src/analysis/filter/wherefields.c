/* See wherefields.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/filter/wherefields.h"

#include "base/base.h"

#include <stdio.h>
#include <string.h>

static const struct where_field task_fields[] = {
    {"type", WHERE_TASK_TYPE, WHERE_NAME, WHERE_KNOWN_BY_ID, "its type"},
    {"id", WHERE_TASK_ID, WHERE_ID, WHERE_KNOWN_BY_ID, "its id, as printed"},
    {"latency", WHERE_TASK_LATENCY, WHERE_SPAN, WHERE_KNOWN_AT_END,
     "from its begin to its end, or to the end of the trace"},
    {"self", WHERE_TASK_SELF, WHERE_SPAN, WHERE_KNOWN_AT_END, "latency in which no subtask was open"},
    {"begin", WHERE_TASK_BEGIN, WHERE_INSTANT, WHERE_KNOWN_BY_ID,
     "when it began, since the start of the trace"},
    {"end", WHERE_TASK_END, WHERE_INSTANT, WHERE_KNOWN_AT_END, "when it ended, if it did"},
    {"status", WHERE_TASK_STATUS, WHERE_NAME, WHERE_KNOWN_AT_END, "ok, failed or unfinished"},
    {"failed", WHERE_TASK_FAILED, WHERE_FLAG, WHERE_KNOWN_AT_END, "it ended by failure"},
    {"finished", WHERE_TASK_FINISHED, WHERE_FLAG, WHERE_KNOWN_AT_END, "it has ended"},
    {"unfinished", WHERE_TASK_UNFINISHED, WHERE_FLAG, WHERE_KNOWN_AT_END, "it has not"},
    {"reason", WHERE_TASK_REASON, WHERE_NAME, WHERE_KNOWN_AT_END, "why it failed, if it did"},
    {"root", WHERE_TASK_ROOT, WHERE_FLAG, WHERE_KNOWN_AT_END, "it has no parent"},
    {"parent", WHERE_TASK_PARENT, WHERE_ID, WHERE_KNOWN_AT_END, "the id of its parent, if it has one"},
    {"parent.type", WHERE_TASK_PARENT_TYPE, WHERE_NAME, WHERE_KNOWN_AT_END,
     "the type of its parent, if it has one"},
    {"thread", WHERE_TASK_THREAD, WHERE_NAME, WHERE_KNOWN_BY_DETAILS,
     "a thread that did anything for it: its name or number"},
    {"begin_thread", WHERE_TASK_BEGIN_THREAD, WHERE_NAME, WHERE_KNOWN_AT_END, "the thread that began it"},
    {"end_thread", WHERE_TASK_END_THREAD, WHERE_NAME, WHERE_KNOWN_AT_END, "the thread that ended it"},
    {"log", WHERE_TASK_LOG, WHERE_TEXT, WHERE_KNOWN_BY_DETAILS, "the message of a log of it"},
    {"category", WHERE_TASK_CATEGORY, WHERE_NAME, WHERE_KNOWN_BY_DETAILS, "the category of a log of it"},
    {"logs", WHERE_TASK_LOGS, WHERE_COUNT, WHERE_KNOWN_BY_DETAILS, "how many logs it has"},
    {"region", WHERE_TASK_REGION, WHERE_NAME, WHERE_KNOWN_BY_DETAILS, "the type of a region of it"},
    {"subtasks", WHERE_TASK_SUBTASKS, WHERE_COUNT, WHERE_KNOWN_BY_DETAILS, "how many subtasks it has"},
    {"attr.KEY", WHERE_TASK_ATTR, WHERE_ATTR, WHERE_KNOWN_BY_DETAILS,
     "its attribute, as given last; odd keys in quotes: attr.\"user id\""},
    {0},
};

static const struct where_field region_fields[] = {
    {"type", WHERE_REGION_TYPE, WHERE_NAME, 0, "its type"},
    {"duration", WHERE_REGION_DURATION, WHERE_SPAN, 0,
     "from its begin to its end, or to the end of the trace"},
    {"self", WHERE_REGION_SELF, WHERE_SPAN, 0, "duration that no region nested in it covers"},
    {"begin", WHERE_REGION_BEGIN, WHERE_INSTANT, 0, "when it began, since the start of the trace"},
    {"end", WHERE_REGION_END, WHERE_INSTANT, 0, "when it ended, if it did"},
    {"finished", WHERE_REGION_FINISHED, WHERE_FLAG, 0, "it has ended"},
    {"unfinished", WHERE_REGION_UNFINISHED, WHERE_FLAG, 0, "it has not"},
    {"thread", WHERE_REGION_THREAD, WHERE_NAME, 0, "the thread it ran on: its name or number"},
    {"file", WHERE_REGION_FILE, WHERE_NAME, 0,
     "the source file that begins it: its path or the last part of that"},
    {"function", WHERE_REGION_FUNCTION, WHERE_NAME, 0, "the function that begins it"},
    {"line", WHERE_REGION_LINE, WHERE_COUNT, 0, "the line that begins it"},
    {"task", WHERE_TASK_ID, WHERE_ID, WHERE_KNOWN_BY_ID, "the id of its task"},
    {0},
};

static const struct where_field log_fields[] = {
    {"message", WHERE_LOG_MESSAGE, WHERE_TEXT, 0, "its message"},
    {"category", WHERE_LOG_CATEGORY, WHERE_NAME, 0, "its category"},
    {"time", WHERE_LOG_TIME, WHERE_INSTANT, 0, "when it was logged, since the start of the trace"},
    {"thread", WHERE_LOG_THREAD, WHERE_NAME, 0, "the thread that logged it: its name or number"},
    {"file", WHERE_LOG_FILE, WHERE_NAME, 0,
     "the source file that logs it: its path or the last part of that"},
    {"function", WHERE_LOG_FUNCTION, WHERE_NAME, 0, "the function that logs it"},
    {"line", WHERE_LOG_LINE, WHERE_COUNT, 0, "the line that logs it"},
    {"type", WHERE_TASK_TYPE, WHERE_NAME, WHERE_KNOWN_BY_ID, "the type of its task"},
    {"task", WHERE_TASK_ID, WHERE_ID, WHERE_KNOWN_BY_ID, "the id of its task"},
    {0},
};

#define TASK_PREFIX "task."
#define ATTR_PREFIX "attr."

const struct where_field *where_fields(enum analysis_subject subject)
{
    return subject == ANALYSIS_TASKS ? task_fields : subject == ANALYSIS_REGIONS ? region_fields : log_fields;
}

const char *where_subject_name(enum analysis_subject subject)
{
    return subject == ANALYSIS_TASKS ? "tasks" : subject == ANALYSIS_REGIONS ? "regions" : "logs";
}

/* ---- By name ----------------------------------------------------------------------------------------- */

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static const struct where_field *find_in(const struct where_field *field, const char *name, const char **key)
{
    for (; field->name; field++) {
        if (field->kind == WHERE_ATTR && begins_with(name, ATTR_PREFIX))
            return *key = name + strlen(ATTR_PREFIX), field;
        if (field->kind != WHERE_ATTR && strcmp(field->name, name) == 0) return field;
    }
    return NULL;
}

const struct where_field *where_field_find(enum analysis_subject subject, const char *name, const char **key)
{
    *key = NULL;
    const struct where_field *field = find_in(where_fields(subject), name, key);
    if (field || subject == ANALYSIS_TASKS || !begins_with(name, TASK_PREFIX)) return field;
    return find_in(task_fields, name + strlen(TASK_PREFIX), key);
}

/* ---- Did you mean ------------------------------------------------------------------------------------ */

/* True if one of them is nearer than all before. */
static bool look_through(struct nearest *nearest, const struct where_field *field)
{
    bool found = false;
    for (; field->name; field++) found |= nearest_consider(nearest, field->name);
    return found;
}

const char *where_field_suggest(enum analysis_subject subject, const char *name, char text[WHERE_NAME_BYTES])
{
    struct nearest own = nearest_to(name);
    look_through(&own, where_fields(subject));
    struct nearest of_task = nearest_to(begins_with(name, TASK_PREFIX) ? name + strlen(TASK_PREFIX) : name);
    if (own.name) of_task.name = own.name, of_task.edits_max = own.edits_max; /* only a nearer one counts */
    bool has_prefix = look_through(&of_task, task_fields) && subject != ANALYSIS_TASKS;
    if (!of_task.name) return NULL;
    snprintf(text, WHERE_NAME_BYTES, "%s%s", has_prefix ? TASK_PREFIX : "", of_task.name);
    return text;
}
