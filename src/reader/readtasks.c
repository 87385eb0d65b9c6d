/* Tasks, each at its end with its details. SPDX-License-Identifier: Apache-2.0
 *
 * Lists become arrays of pointers in an arena that is emptied after each task. */
#include "reader/reading.h"

#include <assert.h>

static_assert((int)CAIRN_READER_DETAIL_ATTRS == (int)ANALYSIS_DETAIL_ATTRS &&
                  (int)CAIRN_READER_DETAIL_LOGS == (int)ANALYSIS_DETAIL_LOGS &&
                  (int)CAIRN_READER_DETAIL_SUBTASKS == (int)ANALYSIS_DETAIL_SUBTASKS &&
                  (int)CAIRN_READER_DETAIL_REGIONS == (int)ANALYSIS_DETAIL_REGIONS &&
                  (int)CAIRN_READER_DETAIL_THREADS == (int)ANALYSIS_DETAIL_THREADS,
              "what is wanted is passed on as it is");
static_assert((int)CAIRN_READER_UNFINISHED == (int)ANALYSIS_UNFINISHED &&
                  (int)CAIRN_READER_FINISHED == (int)ANALYSIS_FINISHED &&
                  (int)CAIRN_READER_FAILED == (int)ANALYSIS_FAILED,
              "a status is handed out as it is");

struct each_task {
    const struct cairn_reader *reader;
    cairn_reader_task_callback *each;
    void *data;
    int answer; /* of the last call */
    struct arena memory;
};

static const cairn_reader_begin begins[] = {
    [ANALYSIS_BEGIN_SEEN] = CAIRN_READER_BEGIN_SEEN, [ANALYSIS_BEGIN_BEFORE] = CAIRN_READER_BEGIN_ROUND,
    [ANALYSIS_BEGIN_LOST] = CAIRN_READER_BEGIN_LOST, [ANALYSIS_BEGIN_OFF] = CAIRN_READER_BEGIN_OFF,
    [ANALYSIS_BEGIN_LEFT] = CAIRN_READER_BEGIN_LEFT, [ANALYSIS_BEGIN_LISTED] = CAIRN_READER_BEGIN_LEFT,
};

/* ---- Lists --------------------------------------------------------------------------------------------- */

/* Room for `count` items and the pointers to them, which are set. NULL if memory ran out. */
static const void *const *make_list(struct arena *memory, size_t count, size_t item_bytes)
{
    const void **list = arena_alloc(memory, count * sizeof *list);
    char *items = arena_alloc(memory, count * item_bytes);
    if (!list || !items) return NULL;
    for (size_t i = 0; i < count; i++) list[i] = items + i * item_bytes;
    return list;
}

/* The item that a list points to, while the list is being made. */
#define ITEM(type, list, i) ((type *)(uintptr_t)(list)[i])

static bool list_attrs(struct each_task *all, cairn_reader_task *task, const struct analysis_detail *detail)
{
    const void *const *list = make_list(&all->memory, detail->attr_count, sizeof **task->attrs);
    for (size_t i = 0; list && i < detail->attr_count; i++) {
        const struct analysis_detail_attr *from = &detail->attrs[i];
        bool is_text = from->value.type == CAIRN_I_VALUE_TEXT;
        const char *text = arena_text(&all->memory, from->value.text, is_text ? from->value.text_bytes : 0);
        if (!text) return false;
        *ITEM(cairn_reader_attr, list, i) =
            (cairn_reader_attr){.key = reader_site(all->reader, from->site)->text,
                                .value = reader_value(&from->value, text),
                                .site = reader_site(all->reader, from->site)};
    }
    task->attrs = (const cairn_reader_attr *const *)list;
    task->attr_count = detail->attr_count;
    return list;
}

static bool list_logs(struct each_task *all, cairn_reader_task *task, const struct analysis_detail *detail)
{
    const void *const *list = make_list(&all->memory, detail->log_count, sizeof **task->logs);
    for (size_t i = 0; list && i < detail->log_count; i++) {
        const struct analysis_detail_log *from = &detail->logs[i];
        const char *text = arena_text(&all->memory, from->text, from->text_bytes);
        if (!text) return false;
        *ITEM(cairn_reader_log, list, i) =
            (cairn_reader_log){.category = reader_site(all->reader, from->site)->text,
                               .text = text,
                               .text_bytes = from->text_bytes,
                               .count = from->count,
                               .site = reader_site(all->reader, from->site)};
    }
    task->logs = (const cairn_reader_log *const *)list;
    task->log_count = detail->log_count;
    task->log_total = detail->log_total;
    return list;
}

static const cairn_reader_part *const *list_parts(struct each_task *all,
                                                  const struct analysis_detail_part *parts, size_t count)
{
    const void *const *list = make_list(&all->memory, count, sizeof(cairn_reader_part));
    for (size_t i = 0; list && i < count; i++) {
        const struct analysis_detail_part *from = &parts[i];
        *ITEM(cairn_reader_part, list, i) =
            (cairn_reader_part){.type = analysis_type_of_site(all->reader->info, from->site),
                                .count = from->count,
                                .time_ns = reader_duration(all->reader, from->ticks),
                                .site = reader_site(all->reader, from->site)};
    }
    return (const cairn_reader_part *const *)list;
}

static bool list_all(struct each_task *all, cairn_reader_task *task, const struct analysis_detail *detail)
{
    task->subtasks = list_parts(all, detail->subtasks, detail->subtask_count);
    task->subtask_count = detail->subtask_count;
    task->regions = list_parts(all, detail->regions, detail->region_count);
    task->region_count = detail->region_count;
    task->threads = detail->threads;
    task->thread_count = detail->thread_count;
    task->left_out = detail->left_out;
    return task->subtasks && task->regions && list_attrs(all, task, detail) && list_logs(all, task, detail);
}

/* ---- Tasks --------------------------------------------------------------------------------------------- */

static cairn_reader_task turn_task(const struct cairn_reader *reader, const struct analysis_task *task)
{
    bool failed = task->status == ANALYSIS_FAILED, has_begin = task->id.id != CAIRN_ID_OFF;
    return (cairn_reader_task){
        .id = reader_task_id(&task->id),
        .type = reader_task_type(reader, &task->id),
        .parent = reader_task_id(&task->parent),
        .parent_type = task->parent.id ? reader_task_type(reader, &task->parent) : "",
        .begin_site = reader_site(reader, task->id.site),
        .end_site = reader_site(reader, task->status == ANALYSIS_UNFINISHED ? 0 : task->end_site),
        .begin_thread = reader_thread(reader, task->begin_thread),
        .end_thread = reader_thread(reader, task->end_thread),
        .begin = begins[task->begin],
        .status = (cairn_reader_status)task->status,
        .reason = failed ? reader_site(reader, task->end_site)->text : "",
        .begin_ns = reader_task_begin(reader, &task->id),
        .latency_ns = has_begin ? reader_duration(reader, analysis_task_latency(task)) : 0,
        .self_ns = has_begin ? reader_duration(reader, task->self_ticks) : 0,
        .weight = task->weight};
}

/* Called by the details sink; false ends the pass. */
static bool tell_task(void *data, const struct analysis_detail *detail)
{
    struct each_task *all = data;
    cairn_reader_task task = turn_task(all->reader, detail->task);
    bool done = list_all(all, &task, detail);
    if (done) all->answer = all->each(all->data, &task);
    arena_free(&all->memory);
    return done && all->answer == 0;
}

static int run_details(struct cairn_reader *reader, struct analysis_details *details, struct each_task *all,
                       cairn_reader_error *error)
{
    struct cairn_error trouble = {.offset = CAIRN_ERROR_NOWHERE};
    details->each = tell_task;
    details->each_data = all;
    int result = trace_run(reader->source, &details->sink, NULL, NULL, &trouble);
    if (all->answer) return all->answer;
    return result == 0 ? 0 : reader_fail(error, &trouble);
}

int cairn_reader_tasks_each(cairn_reader *reader, const cairn_reader_query *query, cairn_reader_error *error,
                            cairn_reader_task_callback *each, void *data)
{
    struct reader_question question = {0};
    struct analysis_details details = {0};
    struct each_task all = {.reader = reader, .each = each, .data = data};
    int result = reader_question_begin(&question, reader, ANALYSIS_TASKS, query, error);
    if (result == 0) {
        unsigned wanted = question.query.details;
        reader->source->no_text = !(wanted & CAIRN_READER_DETAIL_LOGS);
        bool ready = analysis_details_init(&details, reader->info, reader_question_filter(&question), wanted);
        result = ready ? run_details(reader, &details, &all, error) : reader_out_of_memory(error);
    }
    analysis_details_free(&details);
    reader_question_end(&question);
    return result;
}
