/* cairn info: what is in a trace. SPDX-License-Identifier: Apache-2.0
 *
 * The whole trace is read, through the analyses of tasks and of regions too, because only so all is found
 * that is odd about it. */
#include "cli/query.h"
#include "cli/records.h"
#include "cli/show.h"
#include "cli/table.h"

#include "cairn/cairn.h"

#include <inttypes.h>
#include <string.h>

enum { THREADS_SHOWN = 20 };

struct info_options {
    struct query query; /* only its forms are options */
    bool threads;
};

extern const struct cli_command cmd_info;

static const struct {
    const char *name, *doc;
} tallies[CAIRN_TALLIES] = {
#define CAIRN_TALLY(number, NAME, name, doc) [number] = {#name, doc},
#include "format/event.def"
};

/* Events go to both analyses. */
struct both {
    struct trace_sink sink;
    struct analysis_tasks tasks;
    struct analysis_regions regions;
};

static int take_event(struct trace_sink *sink, const struct trace_event *event, struct cairn_error *error)
{
    struct both *both = (struct both *)sink;
    if (both->tasks.sink.event(&both->tasks.sink, event, error) != 0) return -1;
    return both->regions.sink.event(&both->regions.sink, event, error);
}

static int take_end(struct trace_sink *sink, const struct trace_info *info, struct cairn_error *error)
{
    struct both *both = (struct both *)sink;
    if (both->tasks.sink.end(&both->tasks.sink, info, error) != 0) return -1;
    return both->regions.sink.end(&both->regions.sink, info, error);
}

static uint64_t span_ns(const struct trace_info *info, uint64_t begin, uint64_t end)
{
    return trace_clock_ns(&info->clock, end > begin ? end - begin : 0);
}

static bool was_found(const struct trace_info *info, const char *name)
{
    for (uint32_t i = 0; i < info->diagnostics->count; i++)
        if (strcmp(info->diagnostics->items[i].name, name) == 0) return true;
    return false;
}

/* For programs; in words for people. */
static const char *state_name(const struct trace_info *info, const struct trace_process *process)
{
    if (process->state == CAIRN_STATE_STOPPED) return "stopped";
    if (process->state == CAIRN_STATE_JOINED) return "joined";
    if (info->process_count == 1) return was_found(info, "recording") ? "recording" : "ended_without_stop";
    return "not_stopped"; /* which of several still runs is told by the findings */
}

static const char *state_words(const struct trace_info *info, const struct trace_process *process)
{
    const char *name = state_name(info, process);
    if (strcmp(name, "stopped") == 0) return "stopped: complete";
    if (strcmp(name, "joined") == 0) return "ended without a stop; what it left was joined in";
    if (strcmp(name, "recording") == 0) return "still recording";
    return strcmp(name, "not_stopped") == 0 ? "not stopped" : "ended without a stop";
}

/* What went wrong while recording, or NULL. */
static const char *error_words(int32_t error)
{
    switch (error) {
    case 0: return NULL;
    case CAIRN_ENOSPC: return "the disk or the quota was full";
    case CAIRN_ENOMEM: return "memory was refused";
    case CAIRN_EACCES: return "writing was not permitted";
    case CAIRN_EIO: return "the trace could not be written";
    default: return "an error of a kind that this version does not know";
    }
}

/* ---- For people ------------------------------------------------------------------------------------ */

static void print_label(const char *label)
{
    printf("%s%-10s%s ", show_bold(), label, show_plain());
}

static void print_process_line(const char *label, const char *text)
{
    if (!text || !*text) return;
    print_label(label);
    show_text(stdout, text, strlen(text));
    printf("\n");
}

static void print_process(const struct trace_info *info, uint32_t index)
{
    const struct trace_process *process = &info->processes[index];
    char number[SHOW_BYTES], size[SHOW_BYTES], live[SHOW_BYTES];
    printf("\n");
    print_label("process");
    if (info->process_count > 1) printf("%" PRIu32 ": ", index + 1);
    printf("pid %" PRIu32 ", round %" PRIu32 ", %s\n", process->pid, process->round,
           state_words(info, process));
    print_process_line("program", process->executable);
    print_process_line("command", process->command);
    print_process_line("host", process->host);
    print_process_line("file", process->path);
    print_label("size");
    printf("%s", show_size(size, process->file_bytes));
    if (process->live_bytes) printf(" and %s in its live file", show_size(live, process->live_bytes));
    if (process->limit_bytes) printf(", limit %s", show_size(size, process->limit_bytes));
    printf("\n");
    if (process->error) printf("%-10s %s\n", "error", error_words(process->error));
    if (process->late_chunks)
        printf("%-10s %s buffers were not ready when a thread needed one: some calls took longer\n", "",
               show_count(number, process->late_chunks));
    if (process->sites_overflow)
        printf("%-10s %s events stand under \"(other)\": too many call sites or run-time strings\n", "",
               show_count(number, process->sites_overflow));
    if (process->formats_refused)
        printf("%-10s %s logs have a format that cannot be recorded (%%n, %%1$d, over 16 arguments)\n", "",
               show_count(number, process->formats_refused));
    if (process->threads_overflow)
        printf("%-10s %s events are of threads beyond the thread table\n", "",
               show_count(number, process->threads_overflow));
}

static void thread_cells(struct table *table, const struct trace_info *info, uint32_t index)
{
    const struct trace_thread *thread = &info->threads[index];
    char text[ANALYSIS_THREAD_BYTES];
    if (info->process_count > 1) {
        snprintf(text, sizeof text, "%" PRIu32, thread->process + 1);
        table_raw(table, text);
    }
    table_text(table, analysis_thread_text(text, info, index));
    snprintf(text, sizeof text, "%" PRIu32, thread->tid);
    table_raw(table, text);
    int64_t begin = thread->begin_ticks ? trace_clock_since_start_ns(&info->clock, thread->begin_ticks) : 0;
    table_raw(table, thread->begin_ticks ? show_instant(text, begin) : "·");
    int64_t end = thread->end_ticks ? trace_clock_since_start_ns(&info->clock, thread->end_ticks) : 0;
    table_raw(table, thread->end_ticks ? show_instant(text, end) : "·");
    table_count(table, query_sum(thread->lost));
}

static void print_threads(const struct trace_info *info, bool all)
{
    struct table table = {0};
    uint32_t shown = all || info->thread_count <= THREADS_SHOWN ? info->thread_count : THREADS_SHOWN;
    if (!shown) return;
    if (info->process_count > 1) table_column(&table, "process", TABLE_RIGHT, 0);
    table_column(&table, "thread", TABLE_LEFT, 0);
    table_column(&table, "tid", TABLE_RIGHT, 0);
    table_column(&table, "first seen (s)", TABLE_RIGHT, 2);
    table_column(&table, "ended (s)", TABLE_RIGHT, 2);
    table_column(&table, "lost", TABLE_RIGHT, 0);
    for (uint32_t i = 0; i < shown; i++) thread_cells(&table, info, i);
    printf("\n");
    table_print(&table, stdout);
    table_free(&table);
    if (shown < info->thread_count)
        printf("… and %" PRIu32 " more; --threads or --json lists all\n", info->thread_count - shown);
}

static void print_counts(const struct trace_info *info)
{
    struct table table = {0};
    table_column(&table, "events", TABLE_LEFT, 0);
    table_column(&table, "recovered", TABLE_RIGHT, 0);
    table_column(&table, "lost", TABLE_RIGHT, 0);
    for (unsigned i = 0; i < CAIRN_TALLIES; i++) {
        if (!info->recovered[i] && !info->lost[i]) continue;
        table_raw(&table, tallies[i].doc);
        table_count(&table, info->recovered[i]);
        table_count(&table, info->lost[i]);
    }
    table_raw(&table, "all");
    table_count(&table, query_sum(info->recovered));
    table_count(&table, query_sum(info->lost));
    printf("\n");
    table_print(&table, stdout);
    table_free(&table);
}

static void print_losses(const struct trace_info *info)
{
    char first[SHOW_BYTES], last[SHOW_BYTES];
    if (!query_sum(info->lost)) return;
    printf("\n%sEvents were lost", show_red());
    if (info->first_lost_ticks)
        printf(" between %s s and %s s",
               show_instant(first, trace_clock_since_start_ns(&info->clock, info->first_lost_ticks)),
               show_instant(last, trace_clock_since_start_ns(&info->clock, info->last_lost_ticks)));
    printf("%s: the limit or the disk was full. Record with a greater limit (CAIRN_LIMIT, --limit).\n",
           show_plain());
}

static void print_findings(const struct trace_info *info)
{
    char count[SHOW_BYTES];
    if (info->diagnostics->count == 0) return;
    printf("\n%sfindings%s\n", show_bold(), show_plain());
    for (uint32_t i = 0; i < info->diagnostics->count; i++) {
        const struct trace_diagnostic *found = &info->diagnostics->items[i];
        const char *colour = found->severity == TRACE_DAMAGE    ? show_red()
                             : found->severity == TRACE_WARNING ? show_yellow()
                                                                : "";
        printf("  %s%s%s %s, %s×: %s\n", colour, query_severity(found->severity), show_plain(), found->name,
               show_count(count, found->count), found->advice);
        printf("    e.g. ");
        show_text(stdout, found->example, strlen(found->example));
        printf("\n");
    }
}

static void print_info(const struct question *question, bool all_threads)
{
    const struct trace_info *info = question->info;
    char text[SHOW_BYTES];
    print_label("trace");
    printf("%s: %" PRIu32 " %s, %" PRIu32 " %s\n", question->path, info->process_count,
           info->process_count == 1 ? "process" : "processes", info->thread_count,
           info->thread_count == 1 ? "thread" : "threads");
    print_label("recorded");
    printf("%s", show_wall_clock(text, trace_clock_realtime_ns(&info->clock, info->begin_ticks)));
    printf(", for %s\n", show_duration(text, span_ns(info, info->begin_ticks, info->end_ticks)));
    for (uint32_t i = 0; i < info->process_count; i++) print_process(info, i);
    print_threads(info, all_threads);
    print_counts(info);
    print_losses(info);
    print_findings(info);
    if (info->recovered[CAIRN_TALLY_TASK_BEGIN] || info->recovered[CAIRN_TALLY_TASK_END])
        printf("\n%snext: cairn tasks %s    # latency per type of task%s\n", show_dim(), question->path,
               show_plain());
}

/* ---- For programs ---------------------------------------------------------------------------------- */

static void write_tallies(struct json *json, const char *key, const uint64_t *counts)
{
    json_key(json, key), json_object(json);
    for (unsigned i = 0; i < CAIRN_TALLIES; i++) json_key(json, tallies[i].name), json_uint(json, counts[i]);
    json_key(json, "total"), json_uint(json, query_sum(counts));
    json_end(json);
}

/* An instant since the start of the trace; null if `ticks` is 0. */
static void write_instant(struct json *json, const struct trace_info *info, const char *key, uint64_t ticks)
{
    json_key(json, key);
    if (ticks)
        json_int(json, trace_clock_since_start_ns(&info->clock, ticks));
    else
        json_null(json);
}

static void write_process(struct json *json, const struct trace_info *info,
                          const struct trace_process *process)
{
    json_object(json);
    json_key(json, "pid"), json_uint(json, process->pid);
    json_key(json, "round"), json_uint(json, process->round);
    json_key(json, "state"), json_text(json, state_name(info, process));
    json_key(json, "error"), json_text(json, error_words(process->error));
    json_key(json, "path"), json_text(json, process->path);
    json_key(json, "executable"), json_text(json, process->executable);
    json_key(json, "command"), json_text(json, process->command);
    json_key(json, "host"), json_text(json, process->host);
    json_key(json, "start_realtime_ns"), json_int(json, process->start_realtime_ns);
    write_instant(json, info, "begin_ns", process->begin_ticks);
    write_instant(json, info, "end_ns", process->end_ticks);
    json_key(json, "limit_bytes"), json_uint(json, process->limit_bytes);
    json_key(json, "file_bytes"), json_uint(json, process->file_bytes);
    json_key(json, "live_bytes"), json_uint(json, process->live_bytes);
    json_key(json, "late_chunks"), json_uint(json, process->late_chunks);
    json_key(json, "sites_overflow"), json_uint(json, process->sites_overflow);
    json_key(json, "formats_refused"), json_uint(json, process->formats_refused);
    json_key(json, "threads_overflow"), json_uint(json, process->threads_overflow);
    json_end(json);
}

static void write_thread(struct json *json, const struct trace_info *info, const struct trace_thread *thread)
{
    json_object(json);
    json_key(json, "process"), json_uint(json, thread->process + 1);
    json_key(json, "tid"), json_uint(json, thread->tid);
    json_key(json, "name"), json_text(json, thread->name);
    write_instant(json, info, "begin_ns", thread->begin_ticks);
    write_instant(json, info, "end_ns", thread->end_ticks);
    write_tallies(json, "lost", thread->lost);
    write_instant(json, info, "first_lost_ns", thread->first_lost_ticks);
    write_instant(json, info, "last_lost_ns", thread->last_lost_ticks);
    json_end(json);
}

static void write_json(const struct question *question)
{
    const struct trace_info *info = question->info;
    struct json json = {.out = stdout};
    json_object(&json);
    json_key(&json, "path"), json_text(&json, question->path);
    json_key(&json, "start_realtime_ns");
    json_int(&json, trace_clock_realtime_ns(&info->clock, info->begin_ticks));
    json_key(&json, "duration_ns"), json_uint(&json, span_ns(info, info->begin_ticks, info->end_ticks));
    write_tallies(&json, "recovered", info->recovered);
    write_tallies(&json, "lost", info->lost);
    write_instant(&json, info, "first_lost_ns", info->first_lost_ticks);
    write_instant(&json, info, "last_lost_ns", info->last_lost_ticks);
    json_key(&json, "processes"), json_array(&json);
    for (uint32_t i = 0; i < info->process_count; i++) write_process(&json, info, &info->processes[i]);
    json_end(&json);
    json_key(&json, "threads"), json_array(&json);
    for (uint32_t i = 0; i < info->thread_count; i++) write_thread(&json, info, &info->threads[i]);
    json_end(&json);
    question_diagnostics(question, &json);
    json_end(&json);
}

static void write_counts(struct records *records, unsigned tally, const struct trace_info *info)
{
    records_row(records);
    records_text(records, "kind", tallies[tally].name);
    records_uint(records, "recovered", info->recovered[tally]);
    records_uint(records, "lost", info->lost[tally]);
    records_row_end(records);
}

static void write_csv(const struct question *question)
{
    struct records records;
    records_begin(&records, RECORDS_CSV, "events");
    if (records_head(&records)) write_counts(&records, 0, question->info);
    for (unsigned i = 0; i < CAIRN_TALLIES; i++) write_counts(&records, i, question->info);
    records_end(&records);
}

/* ---- The command ----------------------------------------------------------------------------------- */

static int run_both(struct question *question)
{
    struct both both = {.sink = {take_event, take_end}};
    bool ready = analysis_tasks_init(&both.tasks, question->info, NULL, 0);
    ready = analysis_regions_init(&both.regions, question->info, NULL) && ready;
    int code = ready ? question_run(question, &both.sink) : cli_out_of_memory();
    analysis_tasks_free(&both.tasks);
    analysis_regions_free(&both.regions);
    return code;
}

static int run(const void *given, int count, char **arguments)
{
    const struct info_options *options = given;
    struct question question;
    (void)count;
    int code = question_begin(&question, &cmd_info, &options->query, ANALYSIS_TASKS, arguments[0]);
    if (code == CLI_OK) code = run_both(&question);
    if (code == CLI_OK && options->query.json)
        write_json(&question);
    else if (code == CLI_OK && options->query.csv)
        write_csv(&question);
    else if (code == CLI_OK)
        print_info(&question, options->threads);
    return question_end(&question, code);
}

static const struct cli_option options_table[] = {
    {"threads", 't', CLI_FLAG, NULL, offsetof(struct info_options, threads),
     "list all threads, however many"},
    {0},
};

const struct cli_command cmd_info = {
    .name = "info",
    .arguments = "TRACE",
    .summary = "what is in a trace: processes, threads, counts, losses, findings",
    .details =
        "Every event that a program emitted is either recovered or lost, and both are counted by kind. "
        "Findings are what is wrong or odd: notes and warnings about the program or the recording, and "
        "damage to the file, after which the exit code is 1.\n\n"
        "--json: path, start_realtime_ns (since 1970), duration_ns, recovered and lost (counts by kind, and "
        "total), first_lost_ns and last_lost_ns (since the start), processes, threads, diagnostics (name, "
        "severity: note, warning or damage, count, advice, example). --csv: kind, recovered, lost.",
    .examples = "cairn info demo.cairn\n"
                "cairn info --json demo.cairn    # for programs\n",
    .options = options_table,
    .more_options = query_form_options,
    .arguments_min = 1,
    .arguments_max = 1,
    .options_bytes = sizeof(struct info_options),
    .run = run,
};
