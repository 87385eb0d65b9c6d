/* cairn tasks: latency per type of task, and the slowest ones. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/draw.h"
#include "cli/print/grouprows.h"
#include "cli/print/nextstep.h"
#include "cli/query.h"
#include "cli/print/show.h"
#include "cli/print/typerows.h"

#include <string.h>

enum { DRAWN_UNASKED = 3 };

struct tasks_options {
    struct query query;
    uint64_t slowest, skip;
    const char *by;
    bool wide, concurrency;
};

/* What was asked, for commands to go on with. */
struct asked {
    const struct tasks_options *options;
    int count;
    char **arguments;
};

extern const struct cli_command cmd_tasks;

/* ---- Types ----------------------------------------------------------------------------------------- */

/* One sampling rate, as far as there is one. */
static void write_sampling(struct records *records, const struct analysis_task_row *row)
{
    if (row->one_in_min && row->one_in_min == row->one_in_max)
        records_uint(records, "one_in", row->one_in_min);
    else
        records_none(records, "one_in");
    if (row->skipped_known)
        records_uint(records, "skipped", row->skipped);
    else
        records_none(records, "skipped");
}

static void write_type(struct records *records, const struct analysis_task_row *row,
                       const struct analysis_tasks *tasks)
{
    const struct trace_info *info = tasks->info;
    char id[ANALYSIS_ID_TEXT_BYTES];
    records_row(records);
    records_text(records, "type", row->type);
    typerows_fields(records, &row->stats, &info->clock);
    if (row->stats.time.count)
        records_text(records, "slowest", analysis_id_text(id, info, &row->slowest.id));
    else
        records_none(records, "slowest");
    write_sampling(records, row);
    typerows_load_fields(records, &row->stats, &row->load, &tasks->window, &info->clock);
    records_row_end(records);
}

static void end_records(struct records *records, const struct question *question)
{
    records_end_array(records);
    if (records->form == RECORDS_JSON) question_diagnostics(question, &records->json);
    records_end(records);
}

static void write_types(const struct question *question, const struct analysis_tasks *tasks)
{
    struct records records;
    records_begin(&records, question->query->json ? RECORDS_JSON : RECORDS_CSV, "types");
    if (records_head(&records)) write_type(&records, &(struct analysis_task_row){0}, tasks);
    for (size_t i = 0; i < tasks->rows.count; i++) write_type(&records, &tasks->rows.items[i], tasks);
    end_records(&records, question);
}

static void print_table(const struct question *question, const struct analysis_tasks *tasks, bool wide)
{
    struct table table = {0};
    char text[SHOW_BYTES];
    const struct typerows_style style = {
        .errors = "failed", .is_sampled = tasks->sampling.any, .is_brief = !wide};
    table_column(&table, "type", TABLE_LEFT, 0);
    if (style.is_sampled) table_column(&table, "1 in", TABLE_RIGHT, 0);
    typerows_columns(&table, &style);
    typerows_load_columns(&table, &style);
    for (size_t i = 0; i < tasks->rows.count; i++) {
        const struct analysis_task_row *row = &tasks->rows.items[i];
        table_text(&table, row->type);
        if (style.is_sampled) table_raw(&table, typerows_rate(text, row->one_in_min, row->one_in_max));
        typerows_cells(&table, &style, &row->stats, &question->info->clock);
        typerows_load_cells(&table, &style, &row->stats, &row->load, &tasks->window, &question->info->clock);
    }
    table_print(&table, stdout);
    table_free(&table);
}

static void print_sampling(const struct trace_info *info, const struct analysis_tasks *tasks)
{
    char text[SHOW_BYTES];
    uint64_t skipped = 0;
    if (!tasks->sampling.any) return;
    for (size_t i = 0; i < tasks->rows.count; i++) skipped += tasks->rows.items[i].skipped;
    printf("\n%s\n", TYPEROWS_SAMPLING);
    if (skipped)
        printf("%s tasks without parent were skipped%s.\n", show_count(text, skipped),
               info->window_begin_ticks
                   ? " since the recording began, not in the window alone: est. counts are "
                     "those of the window"
                   : ", which is counted: est. counts of such types are exact");
}

/* What the columns do not say: whose begin is not in the trace. */
static void print_begins(const struct analysis_tasks *tasks)
{
    uint64_t before = 0, lost = 0, left = 0;
    char text[SHOW_BYTES];
    bool off = false;
    for (size_t i = 0; i < tasks->rows.count; i++) {
        before += tasks->rows.items[i].stats.begun_before;
        lost += tasks->rows.items[i].stats.begin_lost;
        left += tasks->rows.items[i].stats.before_window;
        off |= strcmp(tasks->rows.items[i].type, ANALYSIS_TYPE_OFF) == 0;
    }
    if (before || lost || left || off) printf("\n");
    if (before)
        printf("%s began before this recording; latency is the true one.\n", show_count(text, before));
    if (left)
        printf("%s began before the flight recorder's window; latency is the true one.\n",
               show_count(text, left));
    if (lost)
        printf("%s began in this recording, but the begin is not in the trace; latency is the true one.\n",
               show_count(text, lost));
    if (off) printf(ANALYSIS_TYPE_OFF " stands for all that were begun while recording was off.\n");
}

static void draw_types(const struct question *question, const struct analysis_tasks *tasks)
{
    bool asked = question->query->spec.type != NULL;
    size_t drawn = 0, finished = 0;
    for (size_t i = 0; i < tasks->rows.count; i++) {
        const struct analysis_task_row *row = &tasks->rows.items[i];
        if (row->stats.time.count < 2) continue;
        if (++finished > DRAWN_UNASKED && !asked) continue;
        drawn++;
        printf("\n");
        draw_distribution(stdout, row->type, "tasks", &row->stats, &question->info->clock);
    }
    if (drawn < finished)
        printf("\n%zu more type%s: `cairn tasks %s TYPE` draws one.\n", finished - drawn,
               finished - drawn == 1 ? "" : "s", question->path);
}

/* The type with the most time: its slowest, and what the slow ones have in common if there can be an answer. */
static void print_hint(const struct question *question, const struct analysis_tasks *tasks)
{
    char id[ANALYSIS_ID_TEXT_BYTES], type[NEXT_STEP_BYTES];
    if (!tasks->rows.count || !tasks->rows.items[0].stats.time.count) return;
    const struct analysis_task_row *row = &tasks->rows.items[0];
    const struct next_step steps[] = {
        {.words = {"task", question->path, analysis_id_text(id, question->info, &row->slowest.id)},
         .why = "the story of the slowest",
         .whose = row->type},
        {.words = {"explain", question->path, next_step_pattern(type, row->type)},
         .why = "what its slow ones have in common"}};
    printf("\n");
    next_steps_print(stdout, 0, steps, row->stats.time.count >= NEXT_STEP_EXPLAINED_MIN ? 2 : 1);
}

static void print_types(const struct question *question, const struct analysis_tasks *tasks, bool wide)
{
    if (tasks->rows.count == 0) {
        question_none(stdout, question, "tasks", NULL);
        question_notes(question);
        return;
    }
    print_table(question, tasks, wide);
    print_begins(tasks);
    print_sampling(question->info, tasks);
    draw_types(question, tasks);
    question_notes(question);
    print_hint(question, tasks);
}

/* ---- The slowest ----------------------------------------------------------------------------------- */

static const char *reason_of(const struct trace_info *info, const struct analysis_task *task)
{
    return task->status == ANALYSIS_FAILED ? analysis_site_text(info, task->end_site) : "";
}

static uint64_t latency_ns(const struct trace_info *info, const struct analysis_task *task)
{
    return trace_clock_ns(&info->clock, analysis_task_latency(task));
}

static void write_task(struct records *records, const struct analysis_task *task,
                       const struct trace_info *info)
{
    char id[ANALYSIS_ID_TEXT_BYTES], thread[ANALYSIS_THREAD_BYTES];
    records_row(records);
    records_text(records, "id", analysis_id_text(id, info, &task->id));
    records_text(records, "type", analysis_type_of_task(info, &task->id));
    records_int(records, "begin_ns", trace_clock_since_start_ns(&info->clock, task->id.birth));
    records_uint(records, "latency_ns", latency_ns(info, task));
    records_text(records, "status", analysis_status_name(task->status));
    records_text(records, "reason", task->status == ANALYSIS_FAILED ? reason_of(info, task) : NULL);
    records_text(records, "parent", task->parent.id ? analysis_id_text(id, info, &task->parent) : NULL);
    if (task->status == ANALYSIS_UNFINISHED)
        records_none(records, "end_thread");
    else
        records_text(records, "end_thread", analysis_thread_text(thread, info, task->end_thread));
    records_row_end(records);
}

/* Of which the slowest are the first: how many there are. */
static uint64_t candidates(const struct analysis_tasks *tasks)
{
    uint64_t count = 0;
    for (size_t i = 0; i < tasks->rows.count; i++) {
        const struct analysis_task_row *row = &tasks->rows.items[i];
        if (strcmp(row->type, ANALYSIS_TYPE_OFF) != 0)
            count += tasks->wants_unfinished ? row->stats.unfinished : row->stats.time.count;
    }
    return count;
}

static void write_slowest(const struct question *question, const struct analysis_tasks *tasks, uint64_t skip)
{
    struct records records;
    records_begin(&records, question->query->json ? RECORDS_JSON : RECORDS_CSV, "tasks");
    if (records_head(&records)) write_task(&records, &(struct analysis_task){0}, question->info);
    for (size_t i = skip; i < tasks->slowest.count; i++)
        write_task(&records, &tasks->slowest.items[i], question->info);
    records_end_array(&records);
    if (records.form == RECORDS_JSON) {
        json_key(&records.json, "candidates"), json_uint(&records.json, candidates(tasks));
        question_diagnostics(question, &records.json);
    }
    records_end(&records);
}

static void slowest_cells(struct table *table, const struct trace_info *info,
                          const struct analysis_task *task)
{
    char text[ANALYSIS_THREAD_BYTES + SHOW_BYTES];
    table_raw(table, analysis_id_text(text, info, &task->id));
    table_text(table, analysis_type_of_task(info, &task->id));
    table_raw(table, show_instant(text, trace_clock_since_start_ns(&info->clock, task->id.birth)));
    table_duration(table, latency_ns(info, task));
    table_raw(table, analysis_status_name(task->status));
    table_text(table, reason_of(info, task));
    table_text(table,
               task->status == ANALYSIS_UNFINISHED ? "" : analysis_thread_text(text, info, task->end_thread));
}

/* Which of how many, and how to see the next ones. */
static void print_page(const struct analysis_tasks *tasks, const struct asked *asked)
{
    char first[SHOW_BYTES], last[SHOW_BYTES], all[SHOW_BYTES];
    uint64_t count = candidates(tasks);
    if (asked->options->skip == 0 && tasks->slowest.count == count) return;
    printf("%s to %s of %s", show_count(first, asked->options->skip + 1),
           show_count(last, tasks->slowest.count), show_count(all, count));
    if (tasks->slowest.count < count) {
        struct tasks_options next = *asked->options;
        next.skip = tasks->slowest.count;
        printf("; %snext page: ", show_dim());
        cli_print_command(stdout, &cmd_tasks, &next, asked->count, asked->arguments);
        fputs(show_plain(), stdout);
    }
    printf("\n");
}

static void print_no_slowest(const struct question *question, const struct analysis_tasks *tasks)
{
    const char *what = tasks->wants_unfinished ? "unfinished tasks" : "finished tasks";
    if (tasks->slowest.count)
        printf("No more %s: there are %zu.\n", what, tasks->slowest.count);
    else
        question_none(stdout, question, what, NULL);
}

static void print_slowest(const struct question *question, const struct analysis_tasks *tasks,
                          const struct asked *asked)
{
    char id[ANALYSIS_ID_TEXT_BYTES];
    struct table table = {0};
    uint64_t skip = asked->options->skip;
    if (tasks->slowest.count <= skip) {
        print_no_slowest(question, tasks);
        return;
    }
    table_column(&table, "id", TABLE_RIGHT, 0);
    table_column(&table, "type", TABLE_LEFT, 0);
    table_column(&table, "begin (s)", TABLE_RIGHT, 1);
    table_column(&table, "latency", TABLE_RIGHT, 0);
    table_column(&table, "status", TABLE_LEFT, 0);
    table_column(&table, "reason", TABLE_LEFT, 2);
    table_column(&table, "ended on", TABLE_LEFT, 3);
    for (size_t i = skip; i < tasks->slowest.count; i++)
        slowest_cells(&table, question->info, &tasks->slowest.items[i]);
    table_print(&table, stdout);
    table_free(&table);
    print_page(tasks, asked);
    analysis_id_text(id, question->info, &tasks->slowest.items[skip].id);
    next_step_print(&(struct next_step){.words = {"task", question->path, id}, .why = "its story"});
}

/* ---- The command ----------------------------------------------------------------------------------- */

static void answer(const struct question *question, const struct analysis_tasks *tasks,
                   const struct asked *asked)
{
    bool records = question->query->json || question->query->csv;
    if (asked->options->slowest && records)
        write_slowest(question, tasks, asked->options->skip);
    else if (asked->options->slowest)
        print_slowest(question, tasks, asked);
    else if (records)
        write_types(question, tasks);
    else
        print_types(question, tasks, asked->options->wide);
}

/* Those that are skipped have to be found too. */
static size_t to_find(const struct tasks_options *options)
{
    uint64_t both = options->slowest + options->skip;
    return both < options->slowest ? SIZE_MAX : (size_t)both;
}

static int ask(struct question *question, const struct asked *asked)
{
    struct analysis_tasks tasks = {0};
    question->source->no_text = true; /* logs have been searched by now, if they had to be */
    bool ready =
        analysis_tasks_init(&tasks, question->info, question_filter(question), to_find(asked->options));
    tasks.window = analysis_window_of(question->info, &question->query->spec);
    tasks.wants_unfinished = question->query->spec.unfinished;
    tasks.wants_peak = asked->options->concurrency;
    int code = ready ? question_run_tasks(question, &tasks) : cli_out_of_memory();
    if (code == CLI_OK) answer(question, &tasks, asked);
    analysis_tasks_free(&tasks);
    return code;
}

static int ask_by(struct question *question, const struct asked *asked, const struct analysis_group_by *by)
{
    struct analysis_task_groups groups = {0};
    question->source->no_text = true;
    bool ready = analysis_task_groups_init(&groups, question->info, question_filter(question), by);
    groups.details.tasks.window = analysis_window_of(question->info, &question->query->spec);
    int code = ready ? question_run(question, &groups.details.sink) : cli_out_of_memory();
    if (code == CLI_OK) {
        const struct typerows_style style = {.errors = "failed",
                                             .is_sampled = groups.details.tasks.sampling.any,
                                             .is_brief = !asked->options->wide};
        analysis_groups_sort(&groups.groups);
        grouprows_show(question, &(struct grouprows){&groups.groups, asked->options->by,
                                                     &groups.details.tasks.window, style});
    }
    analysis_task_groups_free(&groups);
    return code;
}

static int check(const struct tasks_options *options, struct analysis_group_by *by)
{
    if (options->skip && !options->slowest) return cli_usage(&cmd_tasks, "--skip goes with --slowest");
    if (!options->by) return CLI_OK;
    if (options->slowest || options->concurrency)
        return cli_usage(&cmd_tasks, "--by goes neither with --slowest nor with --concurrency");
    if (analysis_group_by_parse(by, options->by) && by->kind != ANALYSIS_BY_TASK) return CLI_OK;
    return cli_usage(&cmd_tasks, "--by: '%s' is none of attr.KEY, thread, parent, outcome, reason, process",
                     options->by);
}

static int run(const void *given, int count, char **arguments)
{
    const struct tasks_options *options = given;
    const struct asked asked = {options, count, arguments};
    struct query query = options->query;
    struct analysis_group_by by = {0};
    struct question question;
    if (check(options, &by) != CLI_OK) return CLI_USAGE;
    if (count > 1) query.spec.type = arguments[1];
    int code = question_begin(&question, &cmd_tasks, &query, ANALYSIS_TASKS, arguments[0]);
    if (code == CLI_OK) code = options->by ? ask_by(&question, &asked, &by) : ask(&question, &asked);
    return question_end(&question, code);
}

static const struct cli_option options_table[] = {
    {"slowest", 'n', CLI_COUNT, "N", offsetof(struct tasks_options, slowest),
     "list the N slowest finished tasks instead; with --unfinished the oldest of those"},
    {"skip", 0, CLI_COUNT, "M", offsetof(struct tasks_options, skip),
     "with --slowest: leave out the first M, to see the next page"},
    {"by", 0, CLI_TEXT, "WHAT", offsetof(struct tasks_options, by),
     "a row per group: attr.KEY, thread, parent, outcome, reason or process"},
    {"wide", 'w', CLI_FLAG, NULL, offsetof(struct tasks_options, wide),
     "all columns: also min, mean, p99.9, subtasks, at once, peak"},
    {"concurrency", 0, CLI_FLAG, NULL, offsetof(struct tasks_options, concurrency),
     "find also the peak: how many were open at once at most; reads slower"},
    {0},
};

const struct cli_command cmd_tasks = {
    .name = "tasks",
    .arguments = "TRACE [TYPE]",
    .summary = "latency per type of task, its distribution, and the slowest tasks",
    .details =
        "Latency is the time from a task's creation to its first end, on whatever threads. Count is of all "
        "that were seen, finished or not; times are those of the finished ones. Self is the latency without "
        "the time in which a subtask was open. Percentiles are right within 1 %; min and max are exact. TYPE "
        "is a pattern, as in --type.\n\n"
        "Where types were sampled, a column tells that one in N tasks without parent was recorded, and there "
        "are "
        "estimates of what there was in all: each recorded task, with its subtasks and regions, stands for "
        "N. "
        "The skipped ones are counted, so that the count of such a type is exact, unless filters ask for "
        "more "
        "than its type or a flight recorder has let go of some.\n\n" TYPEROWS_LOAD
        " Peak is the most that were open at once: exact, of those that meet the filters, counted "
        "from the begin, or from the first mention of a task whose begin was lost; of an end and a begin at "
        "one "
        "instant on two threads either may come first. It is found with --concurrency alone, because it "
        "needs the "
        "begins of all tasks in the order of time.\n\n"
        "--by makes groups within each type: attr.KEY, by the value that the task was given last; thread, "
        "the one "
        "that ended it (an unfinished task: that began it); parent, the type of its parent; outcome (ok, "
        "failed, "
        "unfinished); reason, of failures; process. A task is in one group; there are up to 4096 groups, "
        "what comes "
        "later goes into (other). Values that agree in their first 255 bytes are one.\n\n"
        "--min and --max are about latency; --thread means tasks that did anything on that "
        "thread.\n\n" QUERY_DETAILS
        "\n\n--json: {\"types\": [...], \"diagnostics\": [...]}, a type has: type, " TYPEROWS_FIELDS
        ", slowest (id), one_in and skipped (null: not sampled, or at several rates; or not known of what is "
        "asked for), " TYPEROWS_LOAD_FIELDS ". With --slowest: {\"tasks\": [...], \"candidates\": (of how "
        "many they are the slowest), ...}, a task "
        "has: id, type, begin_ns (since the start), latency_ns (of an unfinished one until the end of the "
        "trace), "
        "status (ok, failed, unfinished), reason, parent (id), end_thread. Groups are {\"groups\": [...], "
        "\"by\": WHAT, ...}, a group has the fields of a type but slowest, "
        "one_in and skipped, and: group (null: none). --csv has the same fields.",
    .examples = "cairn tasks demo.cairn                      # all types\n"
                "cairn tasks demo.cairn 'GET *'              # some types, each drawn\n"
                "cairn tasks --slowest 5 demo.cairn request  # the slowest five\n"
                "cairn tasks --slowest 5 --skip 5 demo.cairn # the next five\n"
                "cairn tasks --wide --concurrency demo.cairn # and how many were open at once\n"
                "cairn tasks --by attr.user demo.cairn login # the users' logins, each by itself\n"
                "cairn tasks --failed --json demo.cairn      # what failed, for programs\n"
                "cairn tasks --where 'attr.user = 7 and latency > 10ms' demo.cairn\n",
    .options = options_table,
    .more_options = query_options,
    .arguments_min = 1,
    .arguments_max = 2,
    .options_bytes = sizeof(struct tasks_options),
    .run = run,
};
