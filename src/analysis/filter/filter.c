/* See filter.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/filter/filter.h"

#include "analysis/filter/wherecondition.h"
#include "analysis/oneregion.h"
#include "analysis/onetask.h"
#include "cairn/cairn.h"

#include <string.h>

static int out_of_memory(struct cairn_error *error)
{
    return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE, "Out of memory.");
}

/* ---- What is asked for ----------------------------------------------------------------------------------- */

bool analysis_spec_is_set(const struct analysis_spec *spec)
{
    return spec->type || spec->task || spec->thread || spec->log || spec->from_ns || spec->to_ns ||
           spec->min_ns || spec->max_ns || spec->complete || spec->unfinished || spec->failed || spec->where;
}

char *analysis_filter_both(const char *one, const char *other)
{
    char *both;
    return asprintf(&both, "(%s) and (%s)", one, other) < 0 ? NULL : both;
}

static int contradiction(struct cairn_error *error, const char *what)
{
    return cairn__error_set(error, CAIRN_EINVAL, NULL, CAIRN_ERROR_NOWHERE, "%s", what);
}

static int check_spec(const struct analysis_spec *spec, struct cairn_error *error)
{
    if (spec->unfinished && (spec->complete || spec->failed))
        return contradiction(error, "What is unfinished has not ended: drop --unfinished or the other.");
    if (spec->to_ns && spec->to_ns <= spec->from_ns)
        return contradiction(error, "--to is not after --from: the window is empty.");
    if (spec->max_ns && spec->max_ns < spec->min_ns)
        return contradiction(error, "--max is less than --min: nothing can match.");
    return 0;
}

/* One short form: its field for tasks, regions and logs, its sign, and what is compared with; text and 0 ns: it is a flag. */
struct short_form {
    bool is_set;
    const char *fields[3];
    const char *sign, *text;
    uint64_t ns;
};

static int add_form(struct analysis_where *where, const struct short_form *form, struct cairn_error *error)
{
    struct where_value value = {
        .kind = form->text ? WHERE_IS_TEXT : WHERE_IS_DURATION,
        .text = form->text ? arena_text(&where->memory, form->text, strlen(form->text)) : "",
        .ns = form->ns};
    if (!value.text) return out_of_memory(error);
    return analysis_where_and_condition(where, form->fields[where->subject], form->sign,
                                        form->sign ? &value : NULL, error);
}

/* Cheap conditions come first. */
static int add_forms(struct analysis_where *where, const struct analysis_spec *spec,
                     struct cairn_error *error)
{
    const struct short_form forms[] = {
        {spec->type, {"type", "type", "type"}, "=", spec->type, 0},
        {spec->task, {"id", "task", "task"}, "=", spec->task, 0},
        {spec->from_ns, {"begin", "begin", "time"}, ">=", NULL, spec->from_ns},
        {spec->to_ns, {"begin", "begin", "time"}, "<", NULL, spec->to_ns},
        {spec->min_ns, {"latency", "duration", "task.latency"}, ">=", NULL, spec->min_ns},
        {spec->max_ns, {"latency", "duration", "task.latency"}, "<=", NULL, spec->max_ns},
        {spec->complete, {"finished", "finished", "task.finished"}, NULL, NULL, 0},
        {spec->unfinished, {"unfinished", "unfinished", "task.unfinished"}, NULL, NULL, 0},
        {spec->failed, {"failed", "task.failed", "task.failed"}, NULL, NULL, 0},
        {spec->thread, {"thread", "thread", "thread"}, "=", spec->thread, 0},
        {spec->log, {"log", "task.log", "message"}, "~", spec->log, 0},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (forms[i].is_set && add_form(where, &forms[i], error) != 0) return -1;
    return 0;
}

/* A name that was misspelt would else give an empty answer. */
static int check_thread(const struct trace_info *info, const char *wanted, struct cairn_error *error)
{
    for (uint32_t i = 0; i < info->thread_count; i++)
        if (where_thread_is(&info->threads[i], wanted)) return 0;
    return cairn__error_set(error, CAIRN_EINVAL, NULL, CAIRN_ERROR_NOWHERE,
                            "No thread has the name or number '%s'; `cairn info` lists the threads.", wanted);
}

/* ---- Set up ------------------------------------------------------------------------------------------------ */

bool analysis_filter_needs_selection(const struct analysis_filter *filter)
{
    return filter->where.deferred_count > 0;
}

bool analysis_filter_needs_text(const struct analysis_filter *filter)
{
    return filter->where.needs_text;
}

int analysis_filter_init(struct analysis_filter *filter, enum analysis_subject subject,
                         const struct analysis_spec *spec, const struct trace_info *info,
                         struct cairn_error *error)
{
    *filter = (struct analysis_filter){0};
    analysis_where_init(&filter->where, subject, info);
    if (check_spec(spec, error) != 0) return -1;
    if (spec->task && analysis_id_parse(spec->task, info, &filter->task, error) != 0) return -1;
    if (spec->thread && check_thread(info, spec->thread, error) != 0) return -1;
    if (add_forms(&filter->where, spec, error) != 0) return -1;
    const char *name = spec->where_name ? spec->where_name : "--where";
    return spec->where ? analysis_where_and(&filter->where, name, spec->where, error) : 0;
}

void analysis_filter_free(struct analysis_filter *filter)
{
    analysis_where_free(&filter->where);
}

/* What was found out is looked up through a cache. */
bool analysis_filter_is_concurrent(const struct analysis_filter *filter)
{
    return !analysis_filter_needs_selection(filter);
}

/* ---- Questions --------------------------------------------------------------------------------------------- */

bool analysis_filter_task(struct analysis_filter *filter, const struct analysis_task *task)
{
    return analysis_where_holds(&filter->where, &(struct where_asked){.id = &task->id, .task = task});
}

bool analysis_filter_by_type(struct analysis_filter *filter, uint32_t site)
{
    const struct trace_task_id of_type = {.id = UINT64_MAX, .site = site};
    return analysis_where_is_of_type(&filter->where) &&
           analysis_where_holds(&filter->where, &(struct where_asked){.id = &of_type});
}

bool analysis_filter_region(struct analysis_filter *filter, const struct analysis_region *region)
{
    return analysis_where_holds(&filter->where,
                                &(struct where_asked){.id = &region->id.task, .region = region});
}

bool analysis_filter_log(struct analysis_filter *filter, const struct trace_event *event)
{
    return analysis_where_holds(&filter->where, &(struct where_asked){.id = &event->task, .log = event});
}
