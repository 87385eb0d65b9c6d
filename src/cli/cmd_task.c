/* cairn task: the story of one task. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/nextstep.h"
#include "cli/print/pathrows.h"
#include "cli/query.h"
#include "cli/print/show.h"
#include "cli/print/storylines.h"

#include "cairn/cairn.h"

#include <string.h>

enum { TREE_TASKS_MAX = 200, TREE_INDENT_MAX = 24, ATTRIBUTES_SHOWN = 50 };

struct task_options {
    struct query query;
    bool path;
};

/* What is known of the task. */
struct task_answer {
    struct analysis_story story;
    struct analysis_critical_path path;
};

extern const struct cli_command cmd_task;

static uint64_t latency_ns(const struct trace_info *info, const struct analysis_task *task)
{
    uint64_t end = task->status == ANALYSIS_UNFINISHED ? info->end_ticks : task->end_ticks;
    return trace_clock_ns(&info->clock, end > task->id.birth ? end - task->id.birth : 0);
}

static bool is_real(const struct analysis_task *task)
{
    return task->id.id > CAIRN_ID_OFF;
}

/* Without an end in the trace, but not because it goes on. */
static bool is_over(const struct trace_info *info, const struct analysis_task *task)
{
    return task->status == ANALYSIS_UNFINISHED && analysis_ended_before_window(info, &task->id, task->begin);
}

/* ---- Head ------------------------------------------------------------------------------------------ */

static void print_name(const struct trace_info *info, const struct trace_task_id *task)
{
    char id[ANALYSIS_ID_TEXT_BYTES];
    const char *type = analysis_type_of_task(info, task);
    show_text(stdout, type, strlen(type));
    if (task->id > CAIRN_ID_OFF) printf(" %s", analysis_id_text(id, info, task));
}

static void print_status(const struct trace_info *info, const struct analysis_task *task)
{
    char text[SHOW_BYTES];
    if (!is_real(task)) return;
    show_duration(text, latency_ns(info, task));
    if (is_over(info, task)) {
        printf("  ended before the flight recorder's window");
    } else if (task->status == ANALYSIS_UNFINISHED) {
        printf("  %snot ended%s, %s so far", show_yellow(), show_plain(), text);
    } else if (task->status == ANALYSIS_FINISHED) {
        printf("  %s", text);
    } else {
        const char *reason = analysis_site_text(info, task->end_site);
        printf("  %s, %sfailed%s%s", text, show_red(), show_plain(), *reason ? ": " : "");
        show_text(stdout, reason, strlen(reason));
    }
}

static void print_at(const struct trace_info *info, const char *label, uint64_t ticks, uint32_t thread,
                     uint32_t site)
{
    char text[ANALYSIS_PLACE_BYTES + ANALYSIS_THREAD_BYTES];
    printf("  %-10s %s s", label, show_instant(text, trace_clock_since_start_ns(&info->clock, ticks)));
    if (thread != UINT32_MAX) {
        printf(" on ");
        analysis_thread_text(text, info, thread);
        show_text(stdout, text, strlen(text));
    }
    printf(", ");
    analysis_place_text(text, info, site);
    show_text(stdout, text, strlen(text));
}

static void print_begin(const struct trace_info *info, const struct analysis_task *task)
{
    char text[SHOW_BYTES];
    print_at(info, "began", task->id.birth, task->begin_thread, task->id.site);
    printf(", %s\n", show_wall_clock(text, trace_clock_realtime_ns(&info->clock, task->id.birth)));
    if (task->begin == ANALYSIS_BEGIN_BEFORE)
        printf("             before this recording, in an earlier one; its time is the true one\n");
    if (task->begin == ANALYSIS_BEGIN_LEFT || task->begin == ANALYSIS_BEGIN_LISTED)
        printf("             before the flight recorder's window; its time is the true one\n");
    if (task->begin == ANALYSIS_BEGIN_LOST)
        printf("             its begin is not in the trace; its time is the true one\n");
}

static void print_parents(const struct analysis_story *story, const struct trace_info *info)
{
    if (!story->ancestors.count) return;
    printf("  %-10s", "child of");
    for (size_t i = 0; i < story->ancestors.count; i++) {
        printf("%s", i ? ", child of " : " ");
        print_name(info, &story->ancestors.items[i]);
    }
    printf("\n");
}

static bool is_own_attribute(const struct analysis_story_line *line)
{
    return line->kind == ANALYSIS_STORY_ATTR && line->task == 0 && line->region.place == 0;
}

static void print_attribute(const struct trace_info *info, const struct analysis_story_line *line,
                            bool is_first)
{
    const char *key = analysis_site_text(info, line->site);
    printf("  %-10s ", is_first ? "attributes" : "");
    show_text(stdout, key, strlen(key));
    printf(" = ");
    storylines_print_value(stdout, &line->value);
    printf("\n");
}

/* The last value of a key counts: found first, for all keys in one go, because there may be many. */
static void print_attributes(const struct analysis_story *story, const struct trace_info *info)
{
    struct analysis_names keys = {0};
    VECTOR(size_t) last = {0};
    unsigned shown = 0;
    for (size_t i = 0; i < story->lines.count; i++) {
        if (!is_own_attribute(&story->lines.items[i])) continue;
        uint32_t key = analysis_names_number(&keys, analysis_site_text(info, story->lines.items[i].site));
        if (key < last.count)
            last.items[key] = i;
        else if (key == UINT32_MAX || !vector_push(&last, i))
            break; /* out of memory: the lines of the story tell them too */
    }
    for (size_t key = 0; key < last.count && shown < ATTRIBUTES_SHOWN; key++, shown++)
        print_attribute(info, &story->lines.items[last.items[key]], shown == 0);
    if (shown < last.count) printf("  %-10s … and %zu more\n", "", last.count - shown);
    vector_free(&last);
    analysis_names_free(&keys);
}

static void print_head(const struct analysis_story *story, const struct trace_info *info)
{
    const struct analysis_task *task = &story->tasks.items[0].task;
    printf("%s", show_bold());
    print_name(info, &task->id);
    printf("%s", show_plain());
    print_status(info, task);
    printf("\n");
    if (!is_real(task)) return;
    print_begin(info, task);
    if (task->status != ANALYSIS_UNFINISHED) {
        print_at(info, "ended", task->end_ticks, task->end_thread, task->end_site);
        printf("\n");
    }
    print_parents(story, info);
    print_attributes(story, info);
}

/* ---- Tree ------------------------------------------------------------------------------------------ */

/* The next task in the order of the tree: the first child, else the next sibling of the nearest that has
 * one. Tasks stand in the order of their begins, so both lie behind. */
static size_t next_with_parent(const struct analysis_story *story, size_t after, uint32_t parent)
{
    for (size_t i = after; i < story->tasks.count; i++)
        if (story->tasks.items[i].parent == parent) return i;
    return SIZE_MAX;
}

static size_t next_in_tree(const struct analysis_story *story, size_t at)
{
    size_t next = next_with_parent(story, at + 1, (uint32_t)at);
    while (next == SIZE_MAX && at != 0) {
        uint32_t parent = story->tasks.items[at].parent;
        next = next_with_parent(story, at + 1, parent);
        at = parent;
    }
    return next;
}

static void print_tree(const struct analysis_story *story, const struct trace_info *info)
{
    size_t shown = 0;
    char text[SHOW_BYTES];
    if (story->tasks.count < 2) return;
    printf("\n%ssubtasks%s\n", show_bold(), show_plain());
    for (size_t i = next_in_tree(story, 0); i != SIZE_MAX && shown < TREE_TASKS_MAX;
         i = next_in_tree(story, i)) {
        uint32_t depth = story->tasks.items[i].depth;
        if (depth > TREE_INDENT_MAX) depth = TREE_INDENT_MAX;
        printf("  %*s└ ", (int)(2 * (depth - 1)), "");
        print_name(info, &story->tasks.items[i].task.id);
        print_status(info, &story->tasks.items[i].task);
        printf("\n");
        shown++;
    }
    if (shown + 1 < story->tasks.count)
        printf("  … and %s more; --json lists all\n", show_count(text, story->tasks.count - 1 - shown));
}

/* ---- For programs ---------------------------------------------------------------------------------- */

static const char *begin_word(enum analysis_begin begin)
{
    static const char *const words[] = {
        [ANALYSIS_BEGIN_SEEN] = "seen",          [ANALYSIS_BEGIN_BEFORE] = "before",
        [ANALYSIS_BEGIN_LOST] = "lost",          [ANALYSIS_BEGIN_OFF] = "off",
        [ANALYSIS_BEGIN_LEFT] = "before_window", [ANALYSIS_BEGIN_LISTED] = "before_window",
    };
    return words[begin];
}

static const char *status_word(const struct trace_info *info, const struct analysis_task *task)
{
    return is_over(info, task) ? "ended_before_window" : analysis_status_name(task->status);
}

static void write_task_fields(struct records *records, const struct analysis_task *task,
                              const struct trace_info *info)
{
    char text[ANALYSIS_THREAD_BYTES];
    bool ended = task->status != ANALYSIS_UNFINISHED;
    records_text(records, "id", analysis_id_text(text, info, &task->id));
    records_text(records, "type", analysis_type_of_task(info, &task->id));
    records_text(records, "begin", begin_word(task->begin));
    records_int(records, "begin_ns", trace_clock_since_start_ns(&info->clock, task->id.birth));
    records_text(records, "status", status_word(info, task));
    records_text(records, "reason",
                 task->status == ANALYSIS_FAILED ? analysis_site_text(info, task->end_site) : NULL);
    if (ended)
        records_uint(records, "latency_ns", latency_ns(info, task));
    else
        records_none(records, "latency_ns");
    bool begin_known = task->begin_thread != UINT32_MAX;
    records_text(records, "begin_thread",
                 begin_known ? analysis_thread_text(text, info, task->begin_thread) : NULL);
    records_text(records, "end_thread", ended ? analysis_thread_text(text, info, task->end_thread) : NULL);
}

static void write_parents(struct json *json, const struct analysis_story *story,
                          const struct trace_info *info)
{
    char id[ANALYSIS_ID_TEXT_BYTES];
    json_key(json, "parents"), json_array(json);
    for (size_t i = 0; i < story->ancestors.count; i++) {
        json_object(json);
        json_key(json, "id"), json_text(json, analysis_id_text(id, info, &story->ancestors.items[i]));
        json_key(json, "type"), json_text(json, analysis_type_of_task(info, &story->ancestors.items[i]));
        json_end(json);
    }
    json_end(json);
}

static void write_subtasks(struct records *records, const struct analysis_story *story,
                           const struct trace_info *info)
{
    char id[ANALYSIS_ID_TEXT_BYTES];
    struct json *json = &records->json;
    json_key(json, "subtasks"), json_array(json);
    for (size_t i = 1; i < story->tasks.count; i++) {
        const struct analysis_story_task *task = &story->tasks.items[i];
        records_row(records);
        write_task_fields(records, &task->task, info);
        records_text(records, "parent",
                     analysis_id_text(id, info, &story->tasks.items[task->parent].task.id));
        records_row_end(records);
    }
    json_end(json);
}

static void write_path(struct records *records, const struct path_steps *rows)
{
    json_key(&records->json, "critical_path"), json_array(&records->json);
    pathrows_record_steps(records, rows, false);
    json_end(&records->json);
    json_key(&records->json, "by_type"), json_array(&records->json);
    pathrows_record_totals(records, rows);
    json_end(&records->json);
}

static void write_json(const struct question *question, const struct path_steps *rows)
{
    struct records records;
    const struct analysis_story *story = rows->story;
    records_begin(&records, RECORDS_JSON, "events");
    for (size_t i = 0; i < story->lines.count; i++) storylines_record(&records, story, i, question->info);
    records_end_array(&records);
    json_key(&records.json, "events_left_out"), json_uint(&records.json, story->left_out);
    json_key(&records.json, "task");
    records_row(&records);
    write_task_fields(&records, &story->tasks.items[0].task, question->info);
    records_row_end(&records);
    write_parents(&records.json, story, question->info);
    write_subtasks(&records, story, question->info);
    write_path(&records, rows);
    question_diagnostics(question, &records.json);
    records_end(&records);
}

static void write_csv(const struct path_steps *rows, bool path)
{
    struct records records;
    const struct analysis_story *story = rows->story;
    records_begin(&records, RECORDS_CSV, "events");
    bool is_head = records_head(&records);
    if (path) {
        if (is_head) pathrows_record_steps(&records, rows, true);
        pathrows_record_steps(&records, rows, false);
    } else {
        if (is_head) storylines_record(&records, story, story->lines.count, rows->info);
        for (size_t i = 0; i < story->lines.count; i++) storylines_record(&records, story, i, rows->info);
    }
    records_end(&records);
}

/* ---- The command ----------------------------------------------------------------------------------- */

static void print_story(const struct path_steps *rows)
{
    char text[SHOW_BYTES];
    const struct analysis_story *story = rows->story;
    if (story->lines.count) printf("\n");
    storylines_print(story, rows->info);
    if (story->left_out)
        printf("\n%s events more are left out: the story is too long to keep.\n",
               show_count(text, story->left_out));
}

/* What it caused, such as the batch that it went into, has a story of its own, and may be what it waited for. */
static void print_next(const struct question *question, const struct analysis_story *story)
{
    char id[ANALYSIS_ID_TEXT_BYTES];
    size_t i = 0;
    while (i < story->lines.count &&
           (story->lines.items[i].kind != ANALYSIS_STORY_LINK_TO || story->lines.items[i].task != 0))
        i++;
    if (i == story->lines.count || story->lines.items[i].other.id <= CAIRN_ID_OFF) return;
    const struct trace_task_id *caused = &story->lines.items[i].other;
    next_step_print(
        &(struct next_step){.words = {"task", question->path, analysis_id_text(id, question->info, caused)},
                            .why = "the story of what it caused:",
                            .whose = analysis_type_of_task(question->info, caused)});
}

static void print_answer(const struct question *question, const struct path_steps *rows, bool path)
{
    print_head(rows->story, question->info);
    if (!path) print_tree(rows->story, question->info);
    pathrows_print(rows, path);
    if (!path) print_story(rows);
    question_notes(question);
    print_next(question, rows->story);
}

static int answer(const struct question *question, struct task_answer *found, const char *id, bool path)
{
    if (found->story.tasks.count == 0) {
        fprintf(stderr, "cairn: %s: there is no task %s. `cairn tasks --slowest 10 %s` lists some.\n",
                question->path, id, question->path);
        return CLI_TROUBLE;
    }
    if (!analysis_critical_path_find(&found->path, &found->story)) return cli_out_of_memory();
    struct path_steps rows = {.path = &found->path, .story = &found->story, .info = question->info};
    if (question->query->json)
        write_json(question, &rows);
    else if (question->query->csv)
        write_csv(&rows, path);
    else
        print_answer(question, &rows, path);
    return CLI_OK;
}

static int run(const void *given, int count, char **arguments)
{
    const struct task_options *options = given;
    struct query query = {.json = options->query.json, .csv = options->query.csv, .spec.task = arguments[1]};
    struct task_answer found = {0};
    struct question question;
    (void)count;
    int code = question_begin(&question, &cmd_task, &query, ANALYSIS_TASKS, arguments[0]);
    if (code == CLI_OK) {
        bool ready = analysis_story_init(&found.story, question.info, &question.filter.task);
        question.source->no_text = false;
        question.source->needs_text = analysis_story_has;
        question.source->needs_text_data = &found.story;
        code = ready ? question_run(&question, &found.story.sink) : cli_out_of_memory();
        if (code == CLI_OK) code = answer(&question, &found, arguments[1], options->path);
    }
    analysis_critical_path_free(&found.path);
    analysis_story_free(&found.story);
    return question_end(&question, code);
}

static const struct cli_option options_table[] = {
    {"path", 'p', CLI_FLAG, NULL, offsetof(struct task_options, path),
     "list every step of the critical path instead of the story"},
    {0},
};

const struct cli_command cmd_task = {
    .name = "task",
    .arguments = "TRACE ID",
    .summary = "the story of one task: its subtasks, and all that happened for it on every thread",
    .details =
        "ID is as the other commands print it: the task's serial number in hexadecimal, as in 7f3; with the "
        "number of its process in front if the trace has several, as in 2:7f3; with the round behind if it "
        "began in an earlier recording of the process, as in 7f3r1. \"off\" is all that was begun while "
        "recording was off, "
        "\"background\" what works for no task.\n\n"
        "Each line has the time since the task began, the time since the line before, and the thread. "
        "Regions stand where they begin, with their duration; what happens inside them is indented. A gap "
        "is named if for at least a 50th of the whole no region was open and nothing was recorded, with what "
        "was before and behind it, and with a subtask or a linked task that was open meanwhile. Of what "
        "happened before a flight recorder's window only the true begins are known.\n\n"
        "The critical path says where the latency went: steps that follow each other from the task's begin "
        "to "
        "its end, and sum up to it. It is found from the end backwards: in the innermost region of the task "
        "on the thread that ended it; in a subtask, or a region of the task on another thread, from when "
        "that "
        "ended to when it began; else on the way from one thread to another, waiting for a linked task, or "
        "in "
        "no region. What ran at the same time as a step is not on the path, and what did not end before the "
        "task was not waited for. More than a few steps are summed up by name.\n\n"
        "--json: {\"events\": [...], \"events_left_out\", \"task\": {...}, \"parents\": [...], "
        "\"subtasks\": [...], \"critical_path\": [...], \"by_type\": [...], \"diagnostics\": [...]}. An "
        "event has: kind (begin, end, end_again, region, "
        "log, attribute, causes, caused_by, gap, before_window), at_ns (since the begin), duration_ns, "
        "thread, end_thread, "
        "task, depth, name (type, category, key or reason), value, region (of an attribute), other (task "
        "of a link), file, line; of a gap: after and before (what ended or happened last, and what came "
        "next), "
        "meanwhile (a subtask, or else a linked task, that was open). A task has: id, type, begin (seen, "
        "before, lost, off, before_window), "
        "begin_ns "
        "(since the start), status (unfinished, ok, failed, ended_before_window), reason, latency_ns, "
        "begin_thread, "
        "end_thread. A step of the path has: " PATHROWS_FIELDS
        ". by_type sums them up, the greatest first: kind, type, name, count (of steps), duration_ns, share. "
        "--csv has the events, with --path the steps.",
    .examples = "cairn tasks --slowest 3 demo.cairn   # find a slow one\n"
                "cairn task demo.cairn 7f3            # what took it so long\n"
                "cairn task --path demo.cairn 7f3     # where its latency went, step by step\n",
    .options = options_table,
    .more_options = query_form_options,
    .arguments_min = 2,
    .arguments_max = 2,
    .options_bytes = sizeof(struct task_options),
    .run = run,
};
