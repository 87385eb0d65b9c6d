/* Tasks of the Chrome export: async slices, written when they end. SPDX-License-Identifier: Apache-2.0 */
#include "export/chrome.h"

#include "analysis/tasks.h"

static struct map_key task_key(const struct trace_task_id *id)
{
    return (struct map_key){analysis_id_key(id->id), id->process, 0};
}

static struct open_task *find_task(struct chrome *chrome, const struct trace_task_id *id)
{
    const uint64_t *index = map_get(&chrome->task_index, task_key(id));
    return index ? &chrome->tasks.items[*index] : NULL;
}

/* An unused item of the pool, or UINT32_MAX. */
static uint32_t new_task(struct chrome *chrome)
{
    if (chrome->free_tasks.count) return chrome->free_tasks.items[--chrome->free_tasks.count];
    struct open_task empty = {0};
    return vector_push(&chrome->tasks, empty) ? (uint32_t)(chrome->tasks.count - 1) : UINT32_MAX;
}

/* The open task of an id, added if it is new; NULL for the background, for ended ones, and without memory. */
struct open_task *chrome_task_touch(struct chrome *chrome, const struct trace_task_id *id)
{
    if (!chrome_is_task(id)) return NULL;
    struct open_task *known = find_task(chrome, id);
    if (known || analysis_ids_get(&chrome->ended_tasks, id)) return known;
    bool added;
    uint32_t index = new_task(chrome);
    uint64_t *entry = index == UINT32_MAX ? NULL : map_put(&chrome->task_index, task_key(id), &added);
    if (!entry) {
        chrome->out_of_memory = true;
        return NULL;
    }
    *entry = index;
    chrome->tasks.items[index] = (struct open_task){.id = *id, .used = true, .thread = UINT32_MAX};
    return &chrome->tasks.items[index];
}

static void write_task_end(struct chrome *chrome, const struct open_task *task, struct end end)
{
    struct chrome_lines *lines = &chrome->lines;
    const struct trace_event *event = end.event;
    uint32_t thread = event ? event->thread : UINT32_MAX;
    chrome_line(lines, 'e', "task", chrome_place_of(chrome, thread, task->id.process), end.ns);
    chrome_id(lines, task->id.id);
    chrome_name(lines, analysis_type_of_task(chrome->info, &task->id));
    struct json args = chrome_args(lines);
    if (event) chrome_put_site(&args, chrome, "ended_at", event->site);
    chrome_line_end(lines, &args);
}

/* The end of such a task is drawn where the window begins. */
static bool ended_before_window(const struct chrome *chrome, const struct open_task *task)
{
    if (task->begin_seen || task->listed) return false;
    return analysis_ended_before_window(chrome->info, &task->id,
                                        analysis_begin_of_mentioned(chrome->info, &task->id));
}

/* Writes a whole task: `end.event` is NULL if it never ended. */
static void write_task(struct chrome *chrome, const struct open_task *task, struct end end)
{
    struct chrome_lines *lines = &chrome->lines;
    int64_t begin_ns = chrome_ns(chrome, task->id.birth);
    if (end.ns < begin_ns) end.ns = begin_ns;
    chrome_line(lines, 'b', "task", chrome_place_of(chrome, task->thread, task->id.process), begin_ns);
    chrome_id(lines, task->id.id);
    chrome_name(lines, analysis_type_of_task(chrome->info, &task->id));
    struct json args = chrome_args(lines);
    chrome_put_task(&args, chrome, "task", &task->id);
    if (chrome_is_task(&task->parent)) chrome_put_task(&args, chrome, "parent", &task->parent);
    if (task->begin_seen) chrome_put_site(&args, chrome, "at", task->site);
    chrome_put_true_begin(&args, chrome, task->id.birth);
    if (end.event && end.event->kind == TRACE_TASK_FAIL)
        json_key(&args, "failed"), json_text(&args, chrome_site(chrome, end.event->site)->text);
    bool is_before = analysis_is_before_window(chrome->info, task->id.process, task->id.birth);
    bool is_over = !end.event && ended_before_window(chrome, task);
    if (!task->begin_seen && is_before) json_key(&args, "begun_before_window"), json_bool(&args, true);
    if (!task->begin_seen && !is_before) json_key(&args, "begin_missing"), json_bool(&args, true);
    if (is_over) json_key(&args, "ended_before_window"), json_bool(&args, true);
    if (!end.event && !is_over) json_key(&args, "unfinished"), json_bool(&args, true);
    chrome_put_attributes(&args, &task->attributes);
    chrome_line_end(lines, &args);
    if (end.event || is_over) write_task_end(chrome, task, end);
    chrome->export.counts.tasks++;
}

/* Nothing is touched for the parent: that a task is listed is no sign that its parent was open too. */
void chrome_task_open(struct chrome *chrome, const struct trace_event *event)
{
    struct open_task *task = chrome_task_touch(chrome, &event->task);
    if (!task) return;
    task->parent = event->other;
    task->listed = true;
}

void chrome_task_begin(struct chrome *chrome, const struct trace_event *event)
{
    chrome_task_touch(chrome, &event->other);
    struct open_task *task = chrome_task_touch(chrome, &event->task);
    if (!task) return;
    task->parent = event->other;
    task->thread = event->thread;
    task->site = event->site;
    task->begin_seen = true;
}

/* An end of what has ended: a mark on the track of the task. */
static void write_late_end(struct chrome *chrome, const struct trace_event *event)
{
    struct chrome_lines *lines = &chrome->lines;
    chrome->export.counts.late_ends++;
    chrome_line(lines, 'n', "task", chrome_place_of(chrome, event->thread, event->task.process),
                chrome_ns(chrome, event->time));
    chrome_id(lines, event->task.id);
    chrome_name(lines, "ended again");
    struct json args = chrome_args(lines);
    chrome_put_task(&args, chrome, "task", &event->task);
    chrome_put_site(&args, chrome, "at", event->site);
    chrome_line_end(lines, &args);
}

void chrome_task_end(struct chrome *chrome, const struct trace_event *event)
{
    if (!chrome_is_task(&event->task)) return;
    struct open_task *task = chrome_task_touch(chrome, &event->task);
    if (!task) {
        if (!chrome->out_of_memory) write_late_end(chrome, event);
        return;
    }
    write_task(chrome, task, (struct end){chrome_ns(chrome, event->time), event});
    attributes_free(&task->attributes, &chrome->budget);
    uint32_t index = (uint32_t)(task - chrome->tasks.items);
    map_remove(&chrome->task_index, task_key(&task->id));
    task->used = false;
    if (!analysis_ids_add(&chrome->ended_tasks, &task->id, 1) || !vector_push(&chrome->free_tasks, index))
        chrome->out_of_memory = true;
}

static int64_t window_begin_ns(const struct chrome *chrome, const struct open_task *task)
{
    return chrome_ns(chrome, chrome->info->processes[task->id.process].window_begin_ticks);
}

void chrome_tasks_finish(struct chrome *chrome, int64_t end_ns)
{
    for (size_t i = 0; i < chrome->tasks.count; i++) {
        struct open_task *task = &chrome->tasks.items[i];
        if (!task->used) continue;
        bool is_over = ended_before_window(chrome, task);
        int64_t until_ns = is_over ? window_begin_ns(chrome, task) : end_ns;
        write_task(chrome, task, (struct end){until_ns, NULL});
        chrome->export.counts.unfinished_tasks += !is_over;
    }
}
