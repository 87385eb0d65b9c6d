/* See tasks.h. SPDX-License-Identifier: Apache-2.0
 *
 * 1. A begin, or the first mention of a task whose begin was not seen, opens an entry.
 * 2. The first end closes it: the entry goes into its type's row and is forgotten; two bits remain, so that
 *    a second end is told from a first and a late log does not open the task again. An end without an
 *    entry (its begin is not in the trace) opens and closes one: the handle brought the type and the birth.
 * 3. What is open at the end of the trace is unfinished. But of what began before a flight recorder's window only
 *    listed tasks are: all others had ended before it.
 *
 * Self time is latency without the time in which at least one subtask was open. Events come in the order of
 * time, so a count of open subtasks suffices: when it leaves 0 a stretch begins, when it returns to 0, or
 * the parent ends, the stretch is added up.
 *
 * Invariant: exactly the tasks with SEEN and without ENDED have a number, that of their slot, plus one.
 */
#include "analysis/tasks.h"

#include "cairn/cairn.h"

#include <stdlib.h>
#include <string.h>

enum {
    SEEN = 1,
    ENDED = 2,
    UNBEGUN = 4 /* it has ended without a begin */
};

struct analysis_open_task {
    struct analysis_task task;
    uint64_t covered;       /* ticks in which a subtask was open */
    uint64_t covered_since; /* while open_children > 0 */
    uint32_t open_children;
    bool is_counted; /* among the open_children of its parent */
    bool is_open;
    uint32_t next_free; /* unless it is open */
};

static int out_of_memory(struct cairn_error *error)
{
    return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE,
                            "Out of memory: too many tasks are open at once.");
}

/* ---- Rows ---------------------------------------------------------------------------------------- */

static struct analysis_task_row *row_of_type(struct analysis_tasks *tasks, const char *type)
{
    uint32_t number =
        analysis_names_number_within(&tasks->types, type, ANALYSIS_ROWS_MAX, ANALYSIS_TYPE_OTHER);
    if (number == UINT32_MAX) return NULL;
    if (number == tasks->rows.count &&
        !vector_push(&tasks->rows, ((struct analysis_task_row){.type = tasks->types.texts.items[number]})))
        return NULL;
    return &tasks->rows.items[number];
}

static struct analysis_task_row *row_of(struct analysis_tasks *tasks, const struct trace_task_id *task)
{
    uint32_t site = task->site < tasks->info->site_count ? task->site : 0;
    if (task->id == CAIRN_ID_OFF) return row_of_type(tasks, ANALYSIS_TYPE_OFF);
    if (tasks->row_of_site[site]) return &tasks->rows.items[tasks->row_of_site[site] - 1];
    struct analysis_task_row *row = row_of_type(tasks, analysis_type_of_site(tasks->info, site));
    if (row) tasks->row_of_site[site] = (uint32_t)(row - tasks->rows.items) + 1;
    return row;
}

/* ---- Open tasks ------------------------------------------------------------------------------------ */

static struct analysis_open_task *find_open(struct analysis_tasks *tasks, const struct trace_task_id *task)
{
    uint32_t number = analysis_ids_number_of(&tasks->seen, task);
    return number ? &tasks->slots.items[number - 1] : NULL;
}

static bool take_slot(struct analysis_tasks *tasks, uint32_t *slot)
{
    if (tasks->free_slot) {
        *slot = tasks->free_slot - 1;
        tasks->free_slot = tasks->slots.items[*slot].next_free;
        return true;
    }
    *slot = (uint32_t)tasks->slots.count;
    return *slot < UINT32_MAX - 1 && vector_push(&tasks->slots, (struct analysis_open_task){0});
}

static struct analysis_open_task *open_task(struct analysis_tasks *tasks, const struct analysis_task *task)
{
    uint32_t slot;
    if (!take_slot(tasks, &slot)) return NULL;
    if (!analysis_ids_number(&tasks->seen, &task->id, slot + 1)) return NULL;
    if (!analysis_ids_add(&tasks->seen, &task->id, SEEN)) return NULL;
    bool was_open = task->id.birth <= tasks->window.begin;
    if (tasks->wants_peak && !analysis_peaks_open(&tasks->peaks, slot, tasks->info, &task->id, was_open))
        return NULL;
    tasks->slots.items[slot] = (struct analysis_open_task){.task = *task, .is_open = true};
    return &tasks->slots.items[slot];
}

static void close_slot(struct analysis_tasks *tasks, struct analysis_open_task *open)
{
    analysis_ids_number(&tasks->seen, &open->task.id, 0);
    open->is_open = false;
    open->next_free = tasks->free_slot;
    tasks->free_slot = (uint32_t)(open - tasks->slots.items) + 1;
}

/* A task that something belongs to. It may be one whose begin is not in the trace. */
static int mention(struct analysis_tasks *tasks, const struct trace_task_id *task, struct cairn_error *error)
{
    if (task->id == 0 || analysis_ids_get(&tasks->seen, task)) return 0;
    struct analysis_task found = {.id = *task,
                                  .begin = analysis_begin_of_mentioned(tasks->info, task),
                                  .begin_thread = UINT32_MAX,
                                  .end_thread = UINT32_MAX};
    return open_task(tasks, &found) ? 0 : out_of_memory(error);
}

/* ---- Events ---------------------------------------------------------------------------------------- */

static void diagnose_second_begin(struct analysis_tasks *tasks, const struct trace_task_id *task)
{
    char id[ANALYSIS_ID_TEXT_BYTES];
    trace_diagnose(tasks->info->diagnostics, "double_begin", TRACE_WARNING,
                   "A task begins twice in the trace: ids should be unique, so the trace may be damaged.",
                   "task %s '%s'", analysis_id_text(id, tasks->info, task),
                   analysis_type_of_task(tasks->info, task));
}

static void diagnose_second_end(struct analysis_tasks *tasks, const struct trace_event *event)
{
    const struct trace_info *info = tasks->info;
    char id[ANALYSIS_ID_TEXT_BYTES], here[ANALYSIS_PLACE_BYTES], first[ANALYSIS_PLACE_BYTES];
    const struct analysis_recent_end *before =
        analysis_recent_get(tasks->recent, analysis_id_key(event->task.id), event->task.process);
    analysis_place_text(first, info, before ? before->site : 0);
    trace_diagnose(info->diagnostics, "double_end", TRACE_WARNING,
                   "A task was ended more than once. The first end counts; find out which one is meant.",
                   "task %s '%s' ended at %s and again at %s", analysis_id_text(id, info, &event->task),
                   analysis_type_of_task(info, &event->task), first,
                   analysis_place_text(here, info, event->site));
}

static void diagnose_backwards(struct analysis_tasks *tasks, const struct analysis_task *task)
{
    char id[ANALYSIS_ID_TEXT_BYTES];
    if (task->end_ticks >= task->id.birth) return;
    trace_diagnose(tasks->info->diagnostics, "end_before_begin", TRACE_WARNING,
                   "A task ended before it began, by its clock: processors disagree, or the handle is "
                   "damaged. Its latency counts as 0.",
                   "task %s '%s'", analysis_id_text(id, tasks->info, &task->id),
                   analysis_type_of_task(tasks->info, &task->id));
}

/* The parent's time is covered from `since` on. */
static void child_begins(struct analysis_tasks *tasks, struct analysis_open_task *child, uint64_t since)
{
    const struct trace_task_id *parent_id = &child->task.parent;
    struct analysis_open_task *parent = parent_id->id ? find_open(tasks, parent_id) : NULL;
    if (!parent || child->is_counted) return;
    child->is_counted = true;
    if (parent->open_children++ == 0) parent->covered_since = since;
}

static void child_ends(struct analysis_tasks *tasks, const struct analysis_open_task *open)
{
    const struct analysis_task *child = &open->task;
    if (child->parent.id == 0) return;
    struct analysis_open_task *parent = find_open(tasks, &child->parent);
    if (parent && !open->is_counted) return; /* the parent was not known yet when the child was listed */
    if (parent) {
        if (parent->open_children && --parent->open_children == 0 && child->end_ticks > parent->covered_since)
            parent->covered += child->end_ticks - parent->covered_since;
        return;
    }
    char id[ANALYSIS_ID_TEXT_BYTES], parent_id[ANALYSIS_ID_TEXT_BYTES];
    trace_diagnose(tasks->info->diagnostics, "parent_ended_first", TRACE_NOTE,
                   "A task ended before its subtask did. That is legal; only the part of the subtask "
                   "within the parent counts against the parent's self time.",
                   "task %s '%s', child of %s", analysis_id_text(id, tasks->info, &child->id),
                   analysis_type_of_task(tasks->info, &child->id),
                   analysis_id_text(parent_id, tasks->info, &child->parent));
}

/* Whether its begin may still come for an open task: something of it came with an equal or slightly earlier time,
 * from another processor, or it was listed before. */
static bool may_begin(const struct analysis_open_task *open)
{
    return open && open->task.begin != ANALYSIS_BEGIN_SEEN && open->task.begin != ANALYSIS_BEGIN_BEFORE;
}

static int begin_task(struct analysis_tasks *tasks, const struct trace_event *event,
                      struct cairn_error *error)
{
    bool is_listed = event->kind == TRACE_TASK_OPEN;
    if (event->task.id <= CAIRN_ID_OFF) return 0;
    /* That a task is listed is no sign that its parent was open too. */
    if (!is_listed && mention(tasks, &event->other, error) != 0) return -1;
    struct analysis_open_task *open = find_open(tasks, &event->task);
    bool again = open ? !may_begin(open) : analysis_ids_get(&tasks->seen, &event->task) != 0;
    if (again && !is_listed) diagnose_second_begin(tasks, &event->task);
    if (again) return 0;
    struct analysis_task begun = {.id = event->task, .end_thread = UINT32_MAX};
    if (!open) open = open_task(tasks, &begun);
    if (!open) return out_of_memory(error);
    open->task.begin = is_listed ? ANALYSIS_BEGIN_LISTED : ANALYSIS_BEGIN_SEEN;
    open->task.parent = event->other;
    open->task.begin_thread = event->thread;
    child_begins(tasks, open, is_listed ? event->task.birth : event->time);
    return 0;
}

static uint64_t self_time(const struct analysis_open_task *open)
{
    uint64_t covered = open->covered, latency = analysis_task_latency(&open->task);
    if (open->open_children && open->task.end_ticks > open->covered_since)
        covered += open->task.end_ticks - open->covered_since;
    return covered < latency ? latency - covered : 0;
}

/* Known roots of a sampled call site: they and those skipped there are all there were. */
static void count_root(const struct analysis_tasks *tasks, struct analysis_task_row *row,
                       const struct analysis_task *task)
{
    bool is_root = task->begin == ANALYSIS_BEGIN_SEEN && task->parent.id == 0;
    if (!is_root || task->id.site >= tasks->info->site_count || !tasks->info->sites[task->id.site].one_in)
        return;
    row->roots++;
    row->roots_estimated += task->weight;
}

static bool tell_each(struct analysis_tasks *tasks, const struct analysis_task *task)
{
    return !tasks->each || tasks->each(tasks->each_data, task);
}

static bool is_meant(struct analysis_tasks *tasks, const struct analysis_task *task)
{
    if (task->status == ANALYSIS_UNFINISHED &&
        analysis_ended_before_window(tasks->info, &task->id, task->begin))
        return false;
    return !tasks->filter || analysis_filter_task(tasks->filter, task);
}

/* Whether it counts, now that it is over; it does not stand among the open ones any more. */
static bool leave_open(struct analysis_tasks *tasks, const struct analysis_open_task *open)
{
    bool counts = is_meant(tasks, &open->task);
    if (tasks->wants_peak) analysis_peaks_close(&tasks->peaks, (uint32_t)(open - tasks->slots.items), counts);
    return counts;
}

static void add_load(struct analysis_tasks *tasks, struct analysis_task_row *row,
                     const struct analysis_task *task)
{
    row->load.open_ticks += analysis_window_part(&tasks->window, task->id.birth, task->end_ticks);
}

static bool add_finished(struct analysis_tasks *tasks, struct analysis_open_task *open)
{
    struct analysis_task *task = &open->task;
    task->self_ticks = self_time(open);
    if (!leave_open(tasks, open)) return true;
    struct analysis_task_row *row = row_of(tasks, &task->id);
    task->weight = analysis_sampling_weight(&tasks->sampling, &task->id);
    if (!row ||
        !analysis_stats_finish(&row->stats, analysis_task_latency(task), task->self_ticks, task->weight))
        return false;
    row->stats.errors += task->status == ANALYSIS_FAILED;
    add_load(tasks, row, task);
    analysis_count_begin(&row->stats, task->begin);
    count_root(tasks, row, task);
    if (row->stats.time.count == 1 || analysis_is_slower(task, &row->slowest)) row->slowest = *task;
    return analysis_slowest_offer(&tasks->slowest, task) && tell_each(tasks, task);
}

static void note_snapshot_end(struct analysis_tasks *tasks, const struct analysis_task *task)
{
    if (task->id.process >= tasks->info->process_count) return;
    const struct trace_task_id *wanted = tasks->info->processes[task->id.process].snapshot_task;
    if (wanted && analysis_id_equal(wanted, &task->id))
        tasks->snapshot_ends[task->id.process] = task->end_ticks;
}

static int end_task(struct analysis_tasks *tasks, const struct trace_event *event, struct cairn_error *error)
{
    if (event->task.id <= CAIRN_ID_OFF) return 0;
    if (analysis_ids_get(&tasks->seen, &event->task) & ENDED) return diagnose_second_end(tasks, event), 0;
    if (mention(tasks, &event->task, error) != 0) return -1;
    struct analysis_open_task *open = find_open(tasks, &event->task);
    open->task.status = event->kind == TRACE_TASK_FAIL ? ANALYSIS_FAILED : ANALYSIS_FINISHED;
    open->task.end_ticks = event->time;
    open->task.end_thread = event->thread;
    open->task.end_site = event->site;
    diagnose_backwards(tasks, &open->task);
    note_snapshot_end(tasks, &open->task);
    child_ends(tasks, open);
    analysis_recent_put(tasks->recent, analysis_id_key(event->task.id), event->task.process, event->site,
                        event->thread);
    unsigned flags = open->task.begin == ANALYSIS_BEGIN_SEEN ? ENDED : ENDED | UNBEGUN;
    bool done = add_finished(tasks, open) && analysis_ids_add(&tasks->seen, &event->task, flags);
    close_slot(tasks, open);
    return done ? 0 : out_of_memory(error);
}

static int take_event(struct trace_sink *sink, const struct trace_event *event, struct cairn_error *error)
{
    struct analysis_tasks *tasks = (struct analysis_tasks *)sink;
    int result = 0;
    switch (event->kind) {
    case TRACE_TASK_BEGIN:
    case TRACE_TASK_OPEN: result = begin_task(tasks, event, error); break;
    case TRACE_TASK_END:
    case TRACE_TASK_FAIL: result = end_task(tasks, event, error); break;
    case TRACE_COUNTER: return 0; /* of the process, not of a task */
    case TRACE_LINK:
        if (mention(tasks, &event->other, error) != 0) return -1;
        return mention(tasks, &event->task, error);
    default: return mention(tasks, &event->task, error);
    }
    return result == 0 && !analysis_sampling_take(&tasks->sampling, event) ? out_of_memory(error) : result;
}

bool analysis_tasks_has_ended(struct analysis_tasks *tasks, const struct trace_task_id *task)
{
    return analysis_ids_get(&tasks->seen, task) & ENDED;
}

/* ---- From a scan ------------------------------------------------------------------------------------- */

enum analysis_added analysis_tasks_add(struct analysis_tasks *tasks, const struct analysis_task *task)
{
    unsigned known;
    if (!analysis_ids_add_new(&tasks->seen, &task->id, SEEN | ENDED, &known)) return ANALYSIS_TASK_NO_MEMORY;
    if (known & UNBEGUN) return ANALYSIS_TASK_UNCLEAR;
    if (known) return ANALYSIS_TASK_KNOWN;
    struct analysis_open_task open = {.task = *task};
    diagnose_backwards(tasks, task);
    note_snapshot_end(tasks, task);
    analysis_recent_put(tasks->recent, analysis_id_key(task->id.id), task->id.process, task->end_site,
                        task->end_thread);
    return add_finished(tasks, &open) ? ANALYSIS_TASK_NEW : ANALYSIS_TASK_NO_MEMORY;
}

/* ---- The end --------------------------------------------------------------------------------------- */

static bool add_unfinished(struct analysis_tasks *tasks, struct analysis_open_task *open)
{
    struct analysis_task *task = &open->task;
    task->end_ticks = tasks->info->end_ticks;
    task->self_ticks = self_time(open);
    if (!leave_open(tasks, open)) return true;
    struct analysis_task_row *row = row_of(tasks, &task->id);
    if (!row) return false;
    task->weight = analysis_sampling_weight(&tasks->sampling, &task->id);
    analysis_stats_leave(&row->stats, task->weight);
    add_load(tasks, row, task);
    analysis_count_begin(&row->stats, task->begin);
    count_root(tasks, row, task);
    bool is_one = task->begin != ANALYSIS_BEGIN_OFF; /* that stands for many, of unknown begin */
    if (tasks->wants_unfinished && is_one && !analysis_slowest_offer(&tasks->slowest, task)) return false;
    return tell_each(tasks, task);
}

/* A row for other types has the greatest peak of these. */
static bool take_peaks(struct analysis_tasks *tasks)
{
    uint32_t *row_of_list = calloc(tasks->peaks.lists.count + 1, sizeof *row_of_list); /* plus one */
    uint32_t other = 0;
    if (!row_of_list) return false;
    for (uint32_t i = 0; i < tasks->rows.count; i++) {
        uint32_t list = analysis_names_number(&tasks->peaks.types, tasks->rows.items[i].type);
        if (list < tasks->peaks.lists.count) row_of_list[list] = i + 1;
        if (strcmp(tasks->rows.items[i].type, ANALYSIS_TYPE_OTHER) == 0) other = i + 1;
        tasks->rows.items[i].load.peak_known = true;
    }
    for (uint32_t list = 0; list < tasks->peaks.lists.count; list++) {
        uint32_t row = row_of_list[list] ? row_of_list[list] : other;
        uint64_t peak = analysis_peaks_get(&tasks->peaks, list);
        if (row && peak > tasks->rows.items[row - 1].load.peak) tasks->rows.items[row - 1].load.peak = peak;
    }
    free(row_of_list);
    return true;
}

/* What was sampled away at a call site: also of types of which nothing was recorded. */
static bool add_sampling(struct analysis_tasks *tasks, uint32_t site)
{
    const struct trace_site *at = &tasks->info->sites[site];
    if (at->role != CAIRN_I_ROLE_TASK || !at->one_in) return true;
    bool all_meant = !tasks->filter || analysis_filter_by_type(tasks->filter, site);
    if (!tasks->row_of_site[site] && !(all_meant && at->skipped)) return true;
    struct analysis_task_row *row = row_of(tasks, &(struct trace_task_id){.id = UINT64_MAX, .site = site});
    if (!row) return false;
    if (!row->one_in_min || at->one_in < row->one_in_min) row->one_in_min = at->one_in;
    if (at->one_in > row->one_in_max) row->one_in_max = at->one_in;
    row->skipped_known = all_meant;
    if (all_meant) row->skipped += at->skipped;
    return true;
}

/* Where all roots are there or counted as skipped, that is better than their weights. */
static void settle_estimate(const struct analysis_tasks *tasks, struct analysis_task_row *row)
{
    if (!row->skipped_known || tasks->info->window_begin_ticks) return;
    row->stats.estimated += row->roots + row->skipped - row->roots_estimated;
}

static int compare_rows(const void *left, const void *right)
{
    const struct analysis_task_row *one = left, *other = right;
    int order = analysis_stats_compare(&one->stats, &other->stats);
    return order ? order : strcmp(one->type, other->type);
}

static int take_end(struct trace_sink *sink, const struct trace_info *info, struct cairn_error *error)
{
    struct analysis_tasks *tasks = (struct analysis_tasks *)sink;
    tasks->info = info;
    for (size_t i = 0; i < tasks->slots.count; i++)
        if (tasks->slots.items[i].is_open && !add_unfinished(tasks, &tasks->slots.items[i]))
            return out_of_memory(error);
    for (uint32_t site = 1; site < info->site_count; site++)
        if (!add_sampling(tasks, site)) return out_of_memory(error);
    for (size_t i = 0; i < tasks->rows.count; i++) settle_estimate(tasks, &tasks->rows.items[i]);
    if (tasks->wants_peak && !take_peaks(tasks)) return out_of_memory(error);
    if (tasks->rows.count)
        qsort(tasks->rows.items, tasks->rows.count, sizeof *tasks->rows.items, compare_rows);
    analysis_slowest_sort(&tasks->slowest);
    return 0;
}

bool analysis_tasks_init(struct analysis_tasks *tasks, const struct trace_info *info,
                         struct analysis_filter *filter, size_t slowest_max)
{
    *tasks = (struct analysis_tasks){
        .sink = {.event = take_event, .end = take_end},
        .info = info,
        .filter = filter,
        .slowest.max = slowest_max,
        .window = analysis_window_of(info, NULL),
    };
    analysis_sampling_init(&tasks->sampling, info);
    tasks->row_of_site = calloc((size_t)info->site_count + 1, sizeof *tasks->row_of_site);
    tasks->recent = calloc(1, sizeof *tasks->recent);
    tasks->snapshot_ends = calloc((size_t)info->process_count + 1, sizeof *tasks->snapshot_ends);
    bool has_peaks = analysis_peaks_init(&tasks->peaks, info->site_count);
    return tasks->row_of_site && tasks->recent && tasks->snapshot_ends && has_peaks;
}

void analysis_tasks_free(struct analysis_tasks *tasks)
{
    for (size_t i = 0; i < tasks->rows.count; i++) analysis_stats_free(&tasks->rows.items[i].stats);
    vector_free(&tasks->rows);
    vector_free(&tasks->slots);
    analysis_slowest_free(&tasks->slowest);
    free(tasks->row_of_site);
    free(tasks->recent);
    free(tasks->snapshot_ends);
    analysis_peaks_free(&tasks->peaks);
    analysis_names_free(&tasks->types);
    analysis_ids_free(&tasks->seen);
    analysis_sampling_free(&tasks->sampling);
}
