/* Runs a filter's program: see where.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/filter/wherecondition.h"

#include "analysis/oneregion.h"
#include "analysis/taskdetail.h"
#include "cairn/cairn.h"

#include <stdlib.h>

void analysis_where_init(struct analysis_where *where, enum analysis_subject subject,
                         const struct trace_info *info)
{
    *where = (struct analysis_where){.subject = subject, .info = info};
}

void analysis_where_free(struct analysis_where *where)
{
    for (size_t i = 0; i < where->outcomes.count; i++) analysis_ids_free(&where->outcomes.items[i]);
    vector_free(&where->outcomes);
    vector_free(&where->program);
    vector_free(&where->conditions);
    arena_free(&where->memory);
}

/* ---- What is known ----------------------------------------------------------------------------------------- */

static bool is_one_task(const struct trace_task_id *id)
{
    return id->id != 0 && id->id != CAIRN_ID_OFF;
}

/* Whether it has a parent; *known is false if its begin, which tells, was not seen. */
static bool has_parent(const struct analysis_task *task, bool *known)
{
    bool has = task->parent.id != 0;
    *known = has || task->begin == ANALYSIS_BEGIN_SEEN || task->begin == ANALYSIS_BEGIN_LISTED;
    return has;
}

/* ---- Names ------------------------------------------------------------------------------------------------- */

#define NOT_THERE UINT32_MAX

static uint32_t site_or_unknown(const struct trace_info *info, uint32_t site)
{
    return site < info->site_count ? site : 0;
}

static uint32_t name_of_task(const struct analysis_where *where, enum where_what what,
                             const struct where_asked *asked)
{
    const struct analysis_task *task = asked->task;
    switch (what) {
    case WHERE_TASK_TYPE: return where_name_of_type(where->info, asked->id);
    case WHERE_TASK_STATUS: return task->status;
    case WHERE_TASK_REASON:
        return task->status == ANALYSIS_FAILED ? site_or_unknown(where->info, task->end_site) : NOT_THERE;
    case WHERE_TASK_PARENT_TYPE:
        return task->parent.id ? where_name_of_type(where->info, &task->parent) : NOT_THERE;
    case WHERE_TASK_BEGIN_THREAD: return task->begin_thread;
    default: return task->status != ANALYSIS_UNFINISHED ? task->end_thread : NOT_THERE;
    }
}

static uint32_t name_of(const struct analysis_where *where, enum where_what what,
                        const struct where_asked *asked)
{
    if (what <= WHERE_TASK_ATTR) return name_of_task(where, what, asked);
    if (what == WHERE_REGION_THREAD) return asked->region->id.thread;
    if (what == WHERE_LOG_THREAD) return asked->log->thread;
    return site_or_unknown(where->info, asked->region ? asked->region->id.site : asked->log->site);
}

/* ---- Times and counts: false if it is not there ---------------------------------------------------------------- */

static bool ticks_of_task(enum where_what what, const struct where_asked *asked, uint64_t *ticks)
{
    const struct analysis_task *task = asked->task;
    if (!is_one_task(asked->id)) return false;
    switch (what) {
    case WHERE_TASK_BEGIN: *ticks = asked->id->birth; return true;
    case WHERE_TASK_LATENCY: *ticks = analysis_task_latency(task); return true;
    case WHERE_TASK_SELF: *ticks = task->self_ticks; return true;
    default: *ticks = task->end_ticks; return task->status != ANALYSIS_UNFINISHED;
    }
}

static bool ticks_of(enum where_what what, const struct where_asked *asked, uint64_t *ticks)
{
    const struct analysis_region *region = asked->region;
    switch (what) {
    case WHERE_REGION_DURATION: *ticks = analysis_region_duration(region); return true;
    case WHERE_REGION_SELF: *ticks = region->self_ticks; return true;
    case WHERE_REGION_BEGIN: *ticks = region->id.birth; return true;
    case WHERE_REGION_END: *ticks = region->end_ticks; return region->is_finished;
    case WHERE_LOG_TIME: *ticks = asked->log->time; return true;
    default: return ticks_of_task(what, asked, ticks);
    }
}

static bool count_of(const struct analysis_where *where, enum where_what what,
                     const struct where_asked *asked, uint64_t *count)
{
    if (what == WHERE_TASK_LOGS) return *count = asked->detail->log_total, true;
    if (what == WHERE_TASK_SUBTASKS) return *count = asked->detail->subtask_total, true;
    uint32_t site = asked->region ? asked->region->id.site : asked->log->site;
    *count = where->info->sites[site_or_unknown(where->info, site)].line;
    return *count != 0;
}

/* ---- Conditions -------------------------------------------------------------------------------------------- */

static bool flag_holds(const struct where_condition *condition, const struct where_asked *asked)
{
    bool flag, is_known = true;
    switch (condition->field->what) {
    case WHERE_TASK_FAILED: flag = asked->task->status == ANALYSIS_FAILED; break;
    case WHERE_TASK_FINISHED: flag = asked->task->status != ANALYSIS_UNFINISHED; break;
    case WHERE_TASK_UNFINISHED: flag = asked->task->status == ANALYSIS_UNFINISHED; break;
    case WHERE_TASK_ROOT: flag = !has_parent(asked->task, &is_known); break;
    case WHERE_REGION_FINISHED: flag = asked->region->is_finished; break;
    default: flag = !asked->region->is_finished;
    }
    return is_known && where_flag_passes(condition, flag);
}

static bool id_holds(const struct where_condition *condition, const struct where_asked *asked)
{
    if (condition->field->what == WHERE_TASK_ID) return where_id_passes(condition, asked->id);
    return asked->task->parent.id && where_id_passes(condition, &asked->task->parent);
}

static bool attr_holds(const struct where_condition *condition, const struct analysis_detail *detail)
{
    for (size_t i = 0; i < detail->attr_count; i++)
        if (where_name_passes(condition, detail->attrs[i].site))
            return where_attr_passes(condition, &detail->attrs[i].value);
    return false;
}

static bool log_holds(const struct where_condition *condition, const struct trace_event *log)
{
    const struct trace_value *message = &log->value;
    return where_text_passes(condition, message->text ? message->text : "",
                             message->text ? message->text_bytes : 0);
}

/* Of what is known now. */
static bool told(const struct analysis_where *where, const struct where_condition *condition,
                 const struct where_asked *asked)
{
    enum where_what what = condition->field->what;
    uint64_t number;
    if (condition->mark) return asked->detail->marks & condition->mark;
    switch (condition->field->kind) {
    case WHERE_NAME: return where_name_passes(condition, name_of(where, what, asked));
    case WHERE_SPAN:
    case WHERE_INSTANT: return ticks_of(what, asked, &number) && where_ticks_pass(condition, number);
    case WHERE_COUNT: return count_of(where, what, asked, &number) && where_count_passes(condition, number);
    case WHERE_ID: return id_holds(condition, asked);
    case WHERE_FLAG: return flag_holds(condition, asked);
    case WHERE_ATTR: return attr_holds(condition, asked->detail);
    default: return log_holds(condition, asked->log);
    }
}

static bool holds(struct analysis_where *where, const struct where_condition *condition,
                  const struct where_asked *asked)
{
    if (!condition->is_deferred) return told(where, condition, asked);
    unsigned flags = analysis_ids_get(&where->outcomes.items[condition->outcome / 4], asked->id);
    return flags >> condition->outcome % 4 & 1;
}

bool analysis_where_holds(struct analysis_where *where, const struct where_asked *asked)
{
    bool truth = true;
    for (size_t at = 0; at < where->program.count;) {
        const struct where_step *step = &where->program.items[at++];
        switch (step->kind) {
        case WHERE_ASK: truth = holds(where, &where->conditions.items[step->argument], asked); break;
        case WHERE_NOT: truth = !truth; break;
        case WHERE_UNLESS_TRUE: at = truth ? at : step->argument; break;
        case WHERE_UNLESS_FALSE: at = truth ? step->argument : at; break;
        }
    }
    return truth;
}

bool analysis_where_is_of_type(const struct analysis_where *where)
{
    for (size_t i = 0; i < where->conditions.count; i++)
        if (where->conditions.items[i].field->what != WHERE_TASK_TYPE) return false;
    return true;
}

/* ---- The first pass ------------------------------------------------------------------------------------------ */

static bool event_passes(const struct where_condition *condition, const struct trace_event *event)
{
    bool is_log = event->kind == TRACE_LOG;
    switch (condition->field->what) {
    case WHERE_TASK_LOG: return is_log && log_holds(condition, event);
    case WHERE_TASK_CATEGORY: return is_log && where_name_passes(condition, event->site);
    case WHERE_TASK_REGION:
        return event->kind >= TRACE_REGION_BEGIN && event->kind <= TRACE_REGION_OPEN &&
               where_name_passes(condition, event->region.site);
    default: return where_name_passes(condition, event->thread);
    }
}

uint64_t analysis_where_mark(const struct analysis_where *where, const struct trace_event *event)
{
    uint64_t marks = 0;
    for (size_t i = 0; i < where->conditions.count; i++) {
        const struct where_condition *condition = &where->conditions.items[i];
        if (condition->mark && event_passes(condition, event)) marks |= condition->mark;
    }
    return marks;
}

bool analysis_where_note(struct analysis_where *where, const struct analysis_detail *detail)
{
    const struct where_asked asked = {.id = &detail->task->id, .task = detail->task, .detail = detail};
    for (size_t i = 0; i < where->conditions.count; i++) {
        const struct where_condition *condition = &where->conditions.items[i];
        if (!condition->is_deferred || !told(where, condition, &asked)) continue;
        if (!analysis_ids_add(&where->outcomes.items[condition->outcome / 4], asked.id,
                              1u << condition->outcome % 4))
            return false;
    }
    return true;
}
