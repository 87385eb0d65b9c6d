/* cairn info: what is in a trace. SPDX-License-Identifier: Apache-2.0
 *
 * The whole trace is read, through the analyses of tasks and of regions too, because only so all is found
 * that is odd about it. The lines of a process are in infoprocess.c. */
#include "cli/print/infoprocess.h"
#include "cli/print/nextstep.h"
#include "cli/query.h"
#include "cli/print/records.h"
#include "cli/print/show.h"
#include "cli/print/table.h"
#include "cli/print/typerows.h"

#include "cairn/cairn.h"

#include <inttypes.h>
#include <stdlib.h>
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

struct both {
    struct analysis_tasks tasks;
    struct analysis_regions regions;
};

static uint64_t span_ns(const struct trace_info *info, uint64_t begin, uint64_t end)
{
    return trace_clock_ns(&info->clock, end > begin ? end - begin : 0);
}

/* ---- For people ------------------------------------------------------------------------------------ */

static bool any_overwritten(const struct trace_info *info)
{
    return info->window_begin_ticks != 0;
}

static void instant_cell(struct table *table, const struct trace_info *info, uint64_t ticks)
{
    char text[SHOW_BYTES];
    table_raw(table, ticks ? show_instant(text, trace_clock_since_start_ns(&info->clock, ticks)) : "·");
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
    instant_cell(table, info, thread->begin_ticks);
    instant_cell(table, info, thread->end_ticks);
    table_count(table, trace_tally_sum(thread->lost));
    if (!any_overwritten(info)) return;
    table_count(table, trace_tally_sum(thread->overwritten));
    instant_cell(table, info, thread->overwritten_until_ticks);
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
    if (any_overwritten(info)) {
        table_column(&table, "overwritten", TABLE_RIGHT, 0);
        table_column(&table, "until (s)", TABLE_RIGHT, 1);
    }
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
    if (any_overwritten(info)) table_column(&table, "overwritten", TABLE_RIGHT, 0);
    for (unsigned i = 0; i < CAIRN_TALLIES; i++) {
        if (!info->recovered[i] && !info->lost[i] && !info->overwritten[i]) continue;
        table_raw(&table, tallies[i].doc);
        table_count(&table, info->recovered[i]);
        table_count(&table, info->lost[i]);
        if (any_overwritten(info)) table_count(&table, info->overwritten[i]);
    }
    table_raw(&table, "all");
    table_count(&table, trace_tally_sum(info->recovered));
    table_count(&table, trace_tally_sum(info->lost));
    if (any_overwritten(info)) table_count(&table, trace_tally_sum(info->overwritten));
    printf("\n");
    table_print(&table, stdout);
    table_free(&table);
}

/* Which types were sampled, and what that has left out. */
static void print_sampling(const struct analysis_tasks *tasks)
{
    struct table table = {0};
    char text[SHOW_BYTES];
    if (!tasks->sampling.any) return;
    table_column(&table, "sampled", TABLE_LEFT, 0);
    table_column(&table, "1 in", TABLE_RIGHT, 0);
    table_column(&table, "roots recorded", TABLE_RIGHT, 0);
    table_column(&table, "skipped", TABLE_RIGHT, 0);
    for (size_t i = 0; i < tasks->rows.count; i++) {
        const struct analysis_task_row *row = &tasks->rows.items[i];
        if (!row->one_in_min) continue;
        table_text(&table, row->type);
        typerows_rate(text, row->one_in_min, row->one_in_max);
        table_raw(&table, text);
        table_count(&table, row->roots);
        table_count(&table, row->skipped);
    }
    printf("\n");
    table_print(&table, stdout);
    table_free(&table);
}

static bool any_window(const struct trace_info *info)
{
    bool any = false;
    for (uint32_t i = 0; i < info->process_count; i++) any |= info->processes[i].window_bytes != 0;
    return any;
}

static void print_losses(const struct trace_info *info)
{
    char first[SHOW_BYTES], last[SHOW_BYTES];
    if (!trace_tally_sum(info->lost)) return;
    printf("\n%sEvents were lost", show_red());
    if (info->first_lost_ticks)
        printf(" between %s s and %s s",
               show_instant(first, trace_clock_since_start_ns(&info->clock, info->first_lost_ticks)),
               show_instant(last, trace_clock_since_start_ns(&info->clock, info->last_lost_ticks)));
    printf("%s: %s\n", show_plain(),
           any_window(info)
               ? "no memory of the window was free in time. A larger window helps (CAIRN_WINDOW, --window)."
               : "the limit or the disk was full. Record with a greater limit (CAIRN_LIMIT, --limit).");
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
        printf("  %s%s%s %s, %s×: %s\n", colour, trace_severity_name(found->severity), show_plain(),
               found->name, show_count(count, found->count), found->advice);
        printf("    e.g. ");
        show_text(stdout, found->example, strlen(found->example));
        printf("\n");
    }
}

static void print_info(const struct question *question, const struct both *both, bool all_threads)
{
    const struct trace_info *info = question->info;
    char text[SHOW_BYTES];
    info_print_label("trace");
    printf("%s: %" PRIu32 " %s, %" PRIu32 " %s\n", question->path, info->process_count,
           info->process_count == 1 ? "process" : "processes", info->thread_count,
           info->thread_count == 1 ? "thread" : "threads");
    info_print_label("recorded");
    printf("%s", show_wall_clock(text, trace_clock_realtime_ns(&info->clock, info->begin_ticks)));
    printf(", for %s\n", show_duration(text, span_ns(info, info->begin_ticks, info->end_ticks)));
    for (uint32_t i = 0; i < info->process_count; i++)
        info_print_process(info, i, both->tasks.snapshot_ends[i]);
    print_threads(info, all_threads);
    print_counts(info);
    print_sampling(&both->tasks);
    print_losses(info);
    print_findings(info);
    if (!info->recovered[CAIRN_TALLY_TASK_BEGIN] && !info->recovered[CAIRN_TALLY_TASK_END]) return;
    next_step_print(
        &(struct next_step){.words = {"tasks", question->path}, .why = "latency per type of task"});
}

/* ---- For programs ---------------------------------------------------------------------------------- */

static void write_tallies(struct json *json, const char *key, const uint64_t *counts)
{
    json_key(json, key), json_object(json);
    for (unsigned i = 0; i < CAIRN_TALLIES; i++) json_key(json, tallies[i].name), json_uint(json, counts[i]);
    json_key(json, "total"), json_uint(json, trace_tally_sum(counts));
    json_end(json);
}

static void write_thread(struct json *json, const struct trace_info *info, const struct trace_thread *thread)
{
    json_object(json);
    json_key(json, "process"), json_uint(json, thread->process + 1);
    json_key(json, "tid"), json_uint(json, thread->tid);
    json_key(json, "name"), json_text(json, thread->name);
    info_write_instant(json, info, "begin_ns", thread->begin_ticks);
    info_write_instant(json, info, "end_ns", thread->end_ticks);
    write_tallies(json, "lost", thread->lost);
    info_write_instant(json, info, "first_lost_ns", thread->first_lost_ticks);
    info_write_instant(json, info, "last_lost_ns", thread->last_lost_ticks);
    write_tallies(json, "overwritten", thread->overwritten);
    info_write_instant(json, info, "overwritten_until_ns", thread->overwritten_until_ticks);
    json_end(json);
}

static void write_sampling(struct json *json, const struct analysis_tasks *tasks)
{
    json_key(json, "sampling"), json_array(json);
    for (size_t i = 0; i < tasks->rows.count; i++) {
        const struct analysis_task_row *row = &tasks->rows.items[i];
        if (!row->one_in_min) continue;
        json_object(json);
        json_key(json, "type"), json_text(json, row->type);
        json_key(json, "one_in_min"), json_uint(json, row->one_in_min);
        json_key(json, "one_in_max"), json_uint(json, row->one_in_max);
        json_key(json, "roots"), json_uint(json, row->roots);
        json_key(json, "skipped"), json_uint(json, row->skipped);
        json_end(json);
    }
    json_end(json);
}

static void write_json(const struct question *question, const struct both *both)
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
    info_write_instant(&json, info, "first_lost_ns", info->first_lost_ticks);
    info_write_instant(&json, info, "last_lost_ns", info->last_lost_ticks);
    write_tallies(&json, "overwritten", info->overwritten);
    info_write_instant(&json, info, "window_begin_ns", info->window_begin_ticks);
    write_sampling(&json, &both->tasks);
    json_key(&json, "processes"), json_array(&json);
    for (uint32_t i = 0; i < info->process_count; i++) info_write_process(&json, info, &info->processes[i]);
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
    records_uint(records, "overwritten", info->overwritten[tally]);
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

static void free_both(struct both *both)
{
    analysis_tasks_free(&both->tasks);
    analysis_regions_free(&both->regions);
}

static int run_both(struct question *question, struct both *both)
{
    bool ready = analysis_tasks_init(&both->tasks, question->info, NULL, 0);
    ready = analysis_regions_init(&both->regions, question->info, NULL) && ready;
    int code = ready ? question_run_tasks(question, &both->tasks) : cli_out_of_memory();
    if (code != CLI_OK) return code;
    question->source->is_quiet = true;
    return question_run_regions(question, &both->regions);
}

static int run(const void *given, int count, char **arguments)
{
    const struct info_options *options = given;
    struct question question;
    struct both both = {0};
    (void)count;
    int code = question_begin(&question, &cmd_info, &options->query, ANALYSIS_TASKS, arguments[0]);
    if (code == CLI_OK) code = run_both(&question, &both);
    if (code == CLI_OK && options->query.json)
        write_json(&question, &both);
    else if (code == CLI_OK && options->query.csv)
        write_csv(&question);
    else if (code == CLI_OK)
        print_info(&question, &both, options->threads);
    free_both(&both);
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
        "Every event that a program emitted is either recovered or lost, or, of a flight recorder, "
        "overwritten, "
        "and all are counted by kind. "
        "Findings are what is wrong or odd: notes and warnings about the program or the recording, and "
        "damage to the file, after which the exit code is 1.\n\n"
        "--json: path, start_realtime_ns (since 1970), duration_ns, recovered and lost (counts by kind, and "
        "total), first_lost_ns and last_lost_ns (since the start), overwritten (counts), window_begin_ns "
        "(from "
        "there on everything is there or counted as lost), sampling (type, one_in_min and one_in_max of its "
        "call "
        "sites, roots recorded, skipped), processes, threads, diagnostics (name, severity: note, warning or "
        "damage, count, advice, example). --csv: kind, recovered, lost, overwritten.",
    .examples = "cairn info demo.cairn\n"
                "cairn info --json demo.cairn    # for programs\n",
    .options = options_table,
    .more_options = query_form_options,
    .arguments_min = 1,
    .arguments_max = 1,
    .options_bytes = sizeof(struct info_options),
    .run = run,
};
