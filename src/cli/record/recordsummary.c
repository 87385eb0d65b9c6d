/* What `cairn record` and `cairn stop` say at the end. SPDX-License-Identifier: Apache-2.0 */
#include "cli/record/recordsummary.h"
#include "cli/cli.h"
#include "cli/query.h"
#include "cli/print/nextstep.h"
#include "cli/print/show.h"
#include "cli/print/table.h"
#include "cli/tracefiles.h"

#include "analysis/analysis.h"
#include "cairn/cairn.h"
#include "trace/tracefile.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TYPES_SHOWN = 5, SNAPSHOTS_SHOWN = 10 };

/* As one would type it here. */
static const char *from_here(const char *path)
{
    char here[PATH_MAX];
    size_t length = getcwd(here, sizeof here) ? strlen(here) : 0;
    if (length > 1 && strncmp(path, here, length) == 0 && path[length] == '/') return path + length + 1;
    return path;
}

static void print_sums(const struct trace_info *info, const char *name)
{
    char text[SHOW_BYTES];
    uint64_t bytes = 0, lost = trace_tally_sum(info->lost);
    for (uint32_t i = 0; i < info->process_count; i++)
        bytes += info->processes[i].file_bytes + info->processes[i].live_bytes;
    fprintf(stderr, "cairn: %s: ", name);
    if (info->process_count > 1) fprintf(stderr, "%" PRIu32 " processes, ", info->process_count);
    fprintf(stderr, "%s, ",
            show_duration(text, trace_clock_ns(&info->clock, info->end_ticks - info->begin_ticks)));
    fprintf(stderr, "%s, ", show_size(text, bytes));
    fprintf(stderr, "%s events, ", show_count(text, trace_tally_sum(info->recovered)));
    fprintf(stderr, "%s lost\n", lost ? show_count(text, lost) : "none");
}

static void print_troubles(const struct trace_info *info, const char *name)
{
    uint32_t serious = 0;
    for (uint32_t i = 0; i < info->process_count; i++)
        if (info->processes[i].state == CAIRN_STATE_RECORDING)
            fprintf(stderr, "process %" PRIu32 " is still recording, or its live file is gone\n",
                    info->processes[i].pid);
    for (uint32_t i = 0; i < info->diagnostics->count; i++)
        serious += info->diagnostics->items[i].severity != TRACE_NOTE;
    if (serious || trace_tally_sum(info->lost))
        fprintf(stderr, "`cairn info %s` tells what was lost or found wrong\n", name);
}

/* ---- Flight recorders ------------------------------------------------------------------------------- */

static const char *snapshot_reason(char text[96], const struct cairn_file_head *head)
{
    char threshold[SHOW_BYTES];
    show_duration(threshold, head->snapshot_threshold_ns);
    switch (head->snapshot_reason) {
    case CAIRN_SNAPSHOT_CALL: return "the program asked for it";
    case CAIRN_SNAPSHOT_OUTSIDE: return "cairn snapshot asked for it";
    case CAIRN_SNAPSHOT_SIGNAL: return "a signal asked for it";
    case CAIRN_SNAPSHOT_FAILED: return "a task failed";
    case CAIRN_SNAPSHOT_SLOW: snprintf(text, 96, "a task took longer than %s", threshold); return text;
    case CAIRN_SNAPSHOT_OVERDUE:
        snprintf(text, 96, "a task was still running after %s", threshold);
        return text;
    default: return "";
    }
}

static void print_snapshot(const char *path, const struct cairn_file_head *head)
{
    char text[96];
    fputs("  ", stderr);
    show_text(stderr, from_here(path), strlen(from_here(path)));
    fprintf(stderr, "  %s\n", snapshot_reason(text, head));
}

/* Those that lie in the folder of the recording, which is where they go if nothing else was said. */
static void print_snapshots(const char *folder)
{
    struct trace_files files;
    struct cairn_error error = {0};
    struct cairn_file_head head;
    size_t count = 0;
    if (trace_files_list(&files, folder, &error) != 0) cli_report(&error);
    for (size_t i = 0; i < files.paths.count; i++)
        if (trace_file_peek(files.paths.items[i], &head) && head.state == CAIRN_STATE_SNAPSHOT &&
            count++ < SNAPSHOTS_SHOWN)
            print_snapshot(files.paths.items[i], &head);
    if (count > SNAPSHOTS_SHOWN) fprintf(stderr, "  and more: %zu\n", count - SNAPSHOTS_SHOWN);
    trace_files_free(&files);
}

static void print_flight(const struct trace_info *info, const char *path)
{
    uint64_t taken = 0, suppressed = 0, failed = 0, windows = 0;
    for (uint32_t i = 0; i < info->process_count; i++) {
        windows += info->processes[i].window_bytes != 0;
        taken += info->processes[i].snapshots_taken;
        suppressed += info->processes[i].snapshots_suppressed;
        failed += info->processes[i].snapshots_failed;
    }
    if (!windows) return;
    fprintf(stderr, "flight recorder: this is its window at the end; snapshots: %" PRIu64, taken);
    if (suppressed) fprintf(stderr, ", not taken, being too many or too close: %" PRIu64, suppressed);
    if (failed) fprintf(stderr, ", that could not be written: %" PRIu64, failed);
    fputc('\n', stderr);
    if (taken) print_snapshots(path);
}

/* ---- Tasks ------------------------------------------------------------------------------------------- */

static void add_row(struct table *table, const struct analysis_task_row *row, const struct trace_clock *clock)
{
    struct analysis_summary summary;
    analysis_summarize(&summary, &row->stats, clock);
    table_text(table, row->type);
    table_count(table, summary.count);
    table_count(table, summary.unfinished);
    table_count(table, summary.errors);
    const uint64_t times[] = {summary.total_ns, summary.p50_ns, summary.p99_ns, summary.max_ns};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (summary.finished)
            table_duration(table, times[i]);
        else
            table_count(table, 0);
}

static void print_tasks(const struct analysis_tasks *tasks, const struct trace_clock *clock)
{
    static const char *const numbers[] = {"count", "unfinished", "failed", "total", "p50", "p99", "max"};
    struct table table = {0};
    size_t shown = tasks->rows.count < TYPES_SHOWN ? tasks->rows.count : TYPES_SHOWN;
    table_column(&table, "task", TABLE_LEFT, 0);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        table_column(&table, numbers[i], TABLE_RIGHT, 0);
    for (size_t i = 0; i < shown; i++) add_row(&table, &tasks->rows.items[i], clock);
    table_print(&table, stderr);
    table_free(&table);
    if (tasks->rows.count > shown) fprintf(stderr, "and more types: %zu\n", tasks->rows.count - shown);
}

static int summarize(struct trace_source *source, struct analysis_tasks *tasks, const char *path,
                     struct cairn_error *error)
{
    if (!analysis_tasks_init(tasks, source->info, NULL, 0))
        return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE, "out of memory");
    if (trace_run(source, &tasks->sink, cli_progress, "reading", error) != 0) return -1;
    cli_progress_done();
    const char *name = from_here(path);
    print_sums(source->info, name);
    print_troubles(source->info, name);
    print_flight(source->info, path);
    if (tasks->rows.count) print_tasks(tasks, &source->info->clock);
    const struct next_step steps[] = {{.words = {"tasks", name}, .why = "latency per type of task"},
                                      {.words = {"info", name}, .why = "what is in it"}};
    next_steps_print(stderr, 0, &steps[tasks->rows.count ? 0 : 1], 1);
    return 0;
}

int record_summary(const char *path, struct cairn_error *error)
{
    struct trace_source *source = trace_open(path, error);
    if (!source) return -1;
    source->no_text = true;
    struct analysis_tasks tasks = {0};
    int result = summarize(source, &tasks, path, error);
    analysis_tasks_free(&tasks);
    source->close(source);
    return result;
}
