/* See filter.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/filter.h"

#include "analysis/stats.h"
#include "cairn/cairn.h"

#include <stdlib.h>
#include <string.h>

/* Flags of the selection. */
enum { ENDED = 1, PASSED = 2 /* its end meets the conditions */, LOGGED = 4, ON_THREAD = 8 };

bool analysis_glob(const char *pattern, const char *text)
{
    const char *retry_pattern = NULL, *retry_text = NULL; /* after the last * */
    while (*text) {
        if (*pattern == '*') {
            retry_pattern = ++pattern;
            retry_text = text;
        } else if (*pattern == *text || *pattern == '?') {
            pattern++;
            text++;
        } else if (retry_pattern) {
            pattern = retry_pattern;
            text = ++retry_text;
        } else {
            return false;
        }
    }
    while (*pattern == '*') pattern++;
    return *pattern == 0;
}

/* ---- Set up -------------------------------------------------------------------------------------- */

static bool thread_wanted(const struct trace_thread *thread, const char *wanted)
{
    char tid[16];
    snprintf(tid, sizeof tid, "%u", (unsigned)thread->tid);
    return strcmp(tid, wanted) == 0 || analysis_glob(wanted, thread->name ? thread->name : "");
}

static int find_threads(struct analysis_filter *filter, struct cairn_error *error)
{
    const struct trace_info *info = filter->info;
    bool found = false;
    filter->threads = calloc(info->thread_count ? info->thread_count : 1, sizeof *filter->threads);
    if (!filter->threads)
        return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE, "Out of memory.");
    for (uint32_t i = 0; i < info->thread_count; i++) {
        filter->threads[i] = thread_wanted(&info->threads[i], filter->spec->thread);
        found |= filter->threads[i];
    }
    if (found) return 0;
    return cairn__error_set(error, CAIRN_EINVAL, NULL, CAIRN_ERROR_NOWHERE,
                            "No thread has the name or number '%s'; `cairn info` lists the threads.",
                            filter->spec->thread);
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

static void convert_times(struct analysis_filter *filter)
{
    const struct trace_clock *clock = &filter->info->clock;
    const struct analysis_spec *spec = filter->spec;
    uint64_t start = clock->base_ticks; /* where instants are shown from */
    filter->from_ticks = spec->from_ns ? start + trace_clock_ticks(clock, spec->from_ns) : 0;
    filter->to_ticks = spec->to_ns ? start + trace_clock_ticks(clock, spec->to_ns) : UINT64_MAX;
    filter->min_ticks = trace_clock_ticks(clock, spec->min_ns);
    filter->max_ticks = spec->max_ns ? trace_clock_ticks(clock, spec->max_ns) : UINT64_MAX;
}

static int select_event(struct trace_sink *sink, const struct trace_event *event, struct cairn_error *error);
static int select_end(struct trace_sink *sink, const struct trace_info *info, struct cairn_error *error);

int analysis_filter_init(struct analysis_filter *filter, enum analysis_subject subject,
                         const struct analysis_spec *spec, const struct trace_info *info,
                         struct cairn_error *error)
{
    *filter = (struct analysis_filter){.subject = subject,
                                       .spec = spec,
                                       .info = info,
                                       .thread_count = info->thread_count,
                                       .site_count = info->site_count};
    filter->selection = (struct trace_sink){.event = select_event, .end = select_end};
    if (check_spec(spec, error) != 0) return -1;
    convert_times(filter);
    filter->types = calloc((size_t)info->site_count + 1, 1);
    if (!filter->types)
        return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE, "Out of memory.");
    if (spec->thread && find_threads(filter, error) != 0) return -1;
    return spec->task ? analysis_id_parse(spec->task, info, &filter->task, error) : 0;
}

void analysis_filter_free(struct analysis_filter *filter)
{
    free(filter->threads);
    free(filter->types);
    analysis_ids_free(&filter->selected);
}

void analysis_filter_use_info(struct analysis_filter *filter, const struct trace_info *info)
{
    filter->info = info;
}

/* ---- Conditions ---------------------------------------------------------------------------------- */

static bool thread_matches(const struct analysis_filter *filter, uint32_t thread)
{
    return !filter->threads || (thread < filter->thread_count && filter->threads[thread]);
}

/* Patterns are matched once per site: types are few, events are many. */
static bool site_matches(struct analysis_filter *filter, uint32_t site)
{
    if (!filter->spec->type) return true;
    if (site >= filter->site_count)
        return analysis_glob(filter->spec->type, analysis_type_of_site(filter->info, site));
    if (filter->types[site] == 0)
        filter->types[site] =
            analysis_glob(filter->spec->type, analysis_type_of_site(filter->info, site)) ? 1 : -1;
    return filter->types[site] > 0;
}

/* What the selection knows is looked up through a cache. */
bool analysis_filter_is_concurrent(struct analysis_filter *filter)
{
    for (uint32_t site = 0; site < filter->site_count; site++) site_matches(filter, site);
    return !analysis_filter_needs_selection(filter);
}

static bool task_type_matches(struct analysis_filter *filter, const struct trace_task_id *task)
{
    if (!filter->spec->type) return true;
    if (task->id == 0 || task->id == CAIRN_ID_OFF)
        return analysis_glob(filter->spec->type, analysis_type_of_task(filter->info, task));
    return site_matches(filter, task->site);
}

static bool task_id_matches(const struct analysis_filter *filter, const struct trace_task_id *task)
{
    return !filter->spec->task || analysis_id_equal(task, &filter->task);
}

static bool in_window(const struct analysis_filter *filter, uint64_t ticks)
{
    return ticks >= filter->from_ticks && (ticks < filter->to_ticks || filter->to_ticks == UINT64_MAX);
}

static bool lasts(const struct analysis_filter *filter, uint64_t begin, uint64_t end)
{
    uint64_t ticks = end > begin ? end - begin : 0;
    return ticks >= filter->min_ticks && ticks <= filter->max_ticks;
}

static bool has_range(const struct analysis_spec *spec)
{
    return spec->min_ns || spec->max_ns;
}

/* Whether "finished" or not is what the spec wants. */
static bool completeness_matches(const struct analysis_spec *spec, bool finished)
{
    return !(spec->complete && !finished) && !(spec->unfinished && finished);
}

static bool contains(const char *text, size_t bytes, const char *wanted)
{
    return memmem(text, bytes, wanted, strlen(wanted)) != NULL;
}

/* ---- The selection ------------------------------------------------------------------------------- */

static bool needs_status(const struct analysis_filter *filter)
{
    const struct analysis_spec *spec = filter->spec;
    if (filter->subject == ANALYSIS_REGIONS) return spec->failed;
    if (filter->subject == ANALYSIS_LOGS)
        return spec->failed || spec->complete || spec->unfinished || has_range(spec);
    return false;
}

bool analysis_filter_needs_selection(const struct analysis_filter *filter)
{
    if (needs_status(filter)) return true;
    if (filter->subject == ANALYSIS_TASKS) return filter->threads || filter->spec->log;
    return filter->subject == ANALYSIS_REGIONS && filter->spec->log;
}

static bool select_task_end(struct analysis_filter *filter, const struct trace_event *event)
{
    if (analysis_ids_get(&filter->selected, &event->task) & ENDED) return true;
    bool failed = event->kind == TRACE_TASK_FAIL;
    bool passes = !filter->spec->failed || failed;
    /* The range is about the task only where logs are asked for. */
    if (filter->subject == ANALYSIS_LOGS) passes &= lasts(filter, event->task.birth, event->time);
    return analysis_ids_add(&filter->selected, &event->task, passes ? ENDED | PASSED : ENDED);
}

static unsigned flags_of_event(const struct analysis_filter *filter, const struct trace_event *event)
{
    unsigned flags = filter->threads && thread_matches(filter, event->thread) ? ON_THREAD : 0;
    if (event->kind == TRACE_LOG && filter->spec->log && event->value.text &&
        contains(event->value.text, event->value.text_bytes, filter->spec->log))
        flags |= LOGGED;
    return flags;
}

static int select_event(struct trace_sink *sink, const struct trace_event *event, struct cairn_error *error)
{
    struct analysis_filter *filter =
        (struct analysis_filter *)((char *)sink - offsetof(struct analysis_filter, selection));
    if (event->kind == TRACE_COUNTER || event->task.id == 0) return 0;
    bool done = true;
    if (event->kind == TRACE_TASK_END || event->kind == TRACE_TASK_FAIL)
        done = select_task_end(filter, event);
    unsigned flags = flags_of_event(filter, event);
    if (done && flags) done = analysis_ids_add(&filter->selected, &event->task, flags);
    return done ? 0 : cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE, "Out of memory.");
}

static int select_end(struct trace_sink *sink, const struct trace_info *info, struct cairn_error *error)
{
    (void)sink, (void)info, (void)error;
    return 0;
}

/* Whether the flags that the selection left on a task are what is wanted. */
static bool status_matches(struct analysis_filter *filter, const struct trace_task_id *task)
{
    if (!needs_status(filter)) return true;
    const struct analysis_spec *spec = filter->spec;
    unsigned flags = analysis_ids_get(&filter->selected, task);
    if (filter->subject == ANALYSIS_REGIONS) return flags & PASSED;
    if (flags & ENDED) return !spec->unfinished && flags & PASSED;
    bool may_be_open = !spec->complete && !spec->failed && task->id > CAIRN_ID_OFF;
    return may_be_open && lasts(filter, task->birth, filter->info->end_ticks);
}

/* ---- Questions ----------------------------------------------------------------------------------- */

bool analysis_filter_task(struct analysis_filter *filter, const struct trace_task_id *task,
                          uint64_t end_ticks, bool finished, bool failed)
{
    const struct analysis_spec *spec = filter->spec;
    if (!completeness_matches(spec, finished) || (spec->failed && !failed)) return false;
    if (!task_type_matches(filter, task) || !task_id_matches(filter, task)) return false;
    if (!in_window(filter, task->birth) || !lasts(filter, task->birth, end_ticks)) return false;
    unsigned wanted = (filter->threads ? ON_THREAD : 0) | (spec->log ? LOGGED : 0);
    return !wanted || (analysis_ids_get(&filter->selected, task) & wanted) == wanted;
}

bool analysis_filter_by_type(struct analysis_filter *filter, uint32_t site)
{
    const struct analysis_spec *spec = filter->spec;
    bool only = !spec->task && !spec->thread && !spec->log && !spec->from_ns && !spec->to_ns &&
                !has_range(spec) && !spec->complete && !spec->unfinished && !spec->failed;
    return only && site_matches(filter, site);
}

bool analysis_filter_region(struct analysis_filter *filter, const struct trace_region_id *region,
                            uint64_t end_ticks, bool finished)
{
    const struct analysis_spec *spec = filter->spec;
    if (!completeness_matches(spec, finished) || !site_matches(filter, region->site)) return false;
    if (!task_id_matches(filter, &region->task) || !thread_matches(filter, region->thread)) return false;
    if (!in_window(filter, region->birth) || !lasts(filter, region->birth, end_ticks)) return false;
    if (spec->log && !(analysis_ids_get(&filter->selected, &region->task) & LOGGED)) return false;
    return status_matches(filter, &region->task);
}

bool analysis_filter_log(struct analysis_filter *filter, const struct trace_event *event)
{
    const char *wanted = filter->spec->log;
    if (!task_type_matches(filter, &event->task) || !task_id_matches(filter, &event->task)) return false;
    if (!thread_matches(filter, event->thread) || !in_window(filter, event->time)) return false;
    const char *text = event->value.text ? event->value.text : "";
    if (wanted && !contains(text, event->value.text_bytes, wanted)) return false;
    return status_matches(filter, &event->task);
}
