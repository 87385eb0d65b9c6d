/* See infoprocess.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/infoprocess.h"

#include "analysis/analysis.h"
#include "cairn/cairn.h"
#include "cli/print/show.h"

#include <inttypes.h>
#include <string.h>

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
    if (process->state == CAIRN_STATE_SNAPSHOT) return "snapshot";
    if (info->process_count == 1) return was_found(info, "recording") ? "recording" : "ended_without_stop";
    return "not_stopped"; /* which of several still runs is told by the findings */
}

static const char *state_words(const struct trace_info *info, const struct trace_process *process)
{
    const char *name = state_name(info, process);
    if (strcmp(name, "stopped") == 0) return "stopped: complete";
    if (strcmp(name, "joined") == 0) return "ended without a stop; what it left was joined in";
    if (strcmp(name, "snapshot") == 0) return "snapshot of a flight recorder";
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

void info_print_label(const char *label)
{
    printf("%s%-10s%s ", show_bold(), label, show_plain());
}

static void print_process_line(const char *label, const char *text)
{
    if (!text || !*text) return;
    info_print_label(label);
    show_text(stdout, text, strlen(text));
    printf("\n");
}

static void print_parent(const struct trace_info *info, const struct trace_process *process)
{
    if (!process->parent_pid) return;
    info_print_label("parent");
    printf("forked from %" PRIu32, process->parent_pid);
    if (process->parent < info->process_count) printf(", process %" PRIu32, process->parent + 1);
    printf("\n");
}

static uint64_t span_ns(const struct trace_info *info, uint64_t begin, uint64_t end)
{
    return trace_clock_ns(&info->clock, end > begin ? end - begin : 0);
}

/* Up to when a trace has all of its window. */
static uint64_t complete_until(const struct trace_process *process)
{
    return process->snapshot_ticks ? process->snapshot_ticks : process->end_ticks;
}

static void print_window(const struct trace_info *info, const struct trace_process *process)
{
    char text[SHOW_BYTES];
    uint64_t begin = process->window_begin_ticks;
    if (!process->window_bytes) return;
    info_print_label("window");
    printf("%s", show_size(text, process->window_bytes));
    if (process->window_ns) printf(", at most %s", show_duration(text, process->window_ns));
    if (begin)
        printf("; complete from +%s s on",
               show_instant(text, trace_clock_since_start_ns(&info->clock, begin)));
    else
        printf("; complete from the start");
    if (!begin) begin = process->begin_ticks;
    printf(": %s\n", show_duration(text, span_ns(info, begin, complete_until(process))));
    if (!process->snapshots_taken && !process->snapshots_suppressed && !process->snapshots_failed) return;
    info_print_label("snapshots");
    printf("%s taken", show_count(text, process->snapshots_taken));
    if (process->snapshots_suppressed)
        printf(", %s suppressed: too many, or too soon after another",
               show_count(text, process->snapshots_suppressed));
    if (process->snapshots_failed) printf(", %s failed", show_count(text, process->snapshots_failed));
    printf("\n");
}

static void print_snapshot_task(const struct trace_info *info, const struct trace_process *process)
{
    char id[ANALYSIS_ID_TEXT_BYTES];
    const char *type = analysis_type_of_task(info, process->snapshot_task);
    show_text(stdout, type, strlen(type));
    printf(" %s", analysis_id_text(id, info, process->snapshot_task));
}

static void print_snapshot(const struct trace_info *info, const struct trace_process *process,
                           uint64_t task_end_ticks)
{
    static const char *const reasons[] = {
        [CAIRN_SNAPSHOT_NONE] = "a reason that this version does not know",
        [CAIRN_SNAPSHOT_CALL] = "the program called cairn_snapshot",
        [CAIRN_SNAPSHOT_OUTSIDE] = "`cairn snapshot` asked for it",
        [CAIRN_SNAPSHOT_SIGNAL] = "its signal came",
        [CAIRN_SNAPSHOT_SLOW] = "a task was slow",
        [CAIRN_SNAPSHOT_FAILED] = "a task failed",
        [CAIRN_SNAPSHOT_OVERDUE] = "a task hung",
    };
    uint32_t reason = process->snapshot_reason;
    char text[SHOW_BYTES];
    if (process->state != CAIRN_STATE_SNAPSHOT) return;
    info_print_label("snapshot");
    int64_t at_ns = trace_clock_since_start_ns(&info->clock, process->snapshot_ticks);
    printf("taken at +%s s because ", show_instant(text, at_ns));
    if (!process->snapshot_task) {
        printf("%s\n", reasons[reason <= CAIRN_SNAPSHOT_OVERDUE ? reason : 0]);
        return;
    }
    uint64_t until = task_end_ticks ? task_end_ticks : process->snapshot_ticks;
    print_snapshot_task(info, process);
    show_duration(text, span_ns(info, process->snapshot_task->birth, until));
    if (reason == CAIRN_SNAPSHOT_FAILED)
        printf(" failed after %s", text);
    else if (reason == CAIRN_SNAPSHOT_OVERDUE)
        printf(" was still running after %s", text);
    else
        printf(" ran %s", text);
    if (process->snapshot_threshold_ns)
        printf(", longer than %s", show_duration(text, process->snapshot_threshold_ns));
    printf("\n");
}

static void print_types(const struct trace_info *info, const struct trace_process *process)
{
    char text[SHOW_BYTES];
    uint64_t changed = process->types_changed_ticks;
    if (!*process->types && !changed) return;
    info_print_label("types");
    if (*process->types)
        printf("only "), show_text(stdout, process->types, strlen(process->types));
    else
        printf("all");
    if (changed)
        printf(", since they were switched at %s s",
               show_instant(text, trace_clock_since_start_ns(&info->clock, changed)));
    printf("\n");
}

static void print_troubles(const struct trace_process *process)
{
    char number[SHOW_BYTES];
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

void info_print_process(const struct trace_info *info, uint32_t index, uint64_t task_end_ticks)
{
    const struct trace_process *process = &info->processes[index];
    char size[SHOW_BYTES], live[SHOW_BYTES];
    printf("\n");
    info_print_label("process");
    if (info->process_count > 1) printf("%" PRIu32 ": ", index + 1);
    printf("pid %" PRIu32 ", round %" PRIu32 ", %s\n", process->pid, process->round,
           state_words(info, process));
    print_parent(info, process);
    print_process_line("program", process->executable);
    print_process_line("command", process->command);
    print_process_line("host", process->host);
    print_process_line("file", process->path);
    info_print_label("size");
    printf("%s", show_size(size, process->file_bytes));
    if (process->live_bytes) printf(" and %s in its live file", show_size(live, process->live_bytes));
    if (process->limit_bytes && !process->window_bytes)
        printf(", limit %s", show_size(size, process->limit_bytes));
    printf("\n");
    print_window(info, process);
    print_snapshot(info, process, task_end_ticks);
    print_types(info, process);
    if (process->error) printf("%-10s %s\n", "error", error_words(process->error));
    print_troubles(process);
}

/* ---- For programs ---------------------------------------------------------------------------------- */

void info_write_instant(struct json *json, const struct trace_info *info, const char *key, uint64_t ticks)
{
    json_key(json, key);
    if (ticks)
        json_int(json, trace_clock_since_start_ns(&info->clock, ticks));
    else
        json_null(json);
}

/* The number by which other commands name it; null if it is not in the trace. */
static void write_parent(struct json *json, const struct trace_info *info,
                         const struct trace_process *process)
{
    json_key(json, "parent");
    if (process->parent < info->process_count)
        json_uint(json, process->parent + 1);
    else
        json_null(json);
    json_key(json, "parent_pid");
    if (process->parent_pid)
        json_uint(json, process->parent_pid);
    else
        json_null(json);
}

static void write_snapshot(struct json *json, const struct trace_info *info,
                           const struct trace_process *process)
{
    static const char *const reasons[] = {NULL, "call", "outside", "signal", "slow", "failed", "overdue"};
    char id[ANALYSIS_ID_TEXT_BYTES];
    const struct trace_task_id *task = process->snapshot_task;
    uint32_t reason = process->snapshot_reason;
    json_key(json, "snapshot_reason");
    json_text(json, reason <= CAIRN_SNAPSHOT_OVERDUE ? reasons[reason] : "unknown");
    info_write_instant(json, info, "snapshot_ns", process->snapshot_ticks);
    json_key(json, "snapshot_task"), json_text(json, task ? analysis_id_text(id, info, task) : NULL);
    json_key(json, "snapshot_type"), json_text(json, task ? analysis_type_of_task(info, task) : NULL);
    json_key(json, "snapshot_threshold_ns"), json_uint(json, process->snapshot_threshold_ns);
}

static void write_flight(struct json *json, const struct trace_info *info,
                         const struct trace_process *process)
{
    json_key(json, "window_bytes"), json_uint(json, process->window_bytes);
    json_key(json, "window_ns"), json_uint(json, process->window_ns);
    info_write_instant(json, info, "window_begin_ns", process->window_begin_ticks);
    write_snapshot(json, info, process);
    json_key(json, "snapshots_taken"), json_uint(json, process->snapshots_taken);
    json_key(json, "snapshots_suppressed"), json_uint(json, process->snapshots_suppressed);
    json_key(json, "snapshots_failed"), json_uint(json, process->snapshots_failed);
    json_key(json, "tasks_overflow"), json_uint(json, process->tasks_overflow);
}

void info_write_process(struct json *json, const struct trace_info *info, const struct trace_process *process)
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
    info_write_instant(json, info, "begin_ns", process->begin_ticks);
    info_write_instant(json, info, "end_ns", process->end_ticks);
    json_key(json, "limit_bytes"), json_uint(json, process->limit_bytes);
    json_key(json, "file_bytes"), json_uint(json, process->file_bytes);
    json_key(json, "live_bytes"), json_uint(json, process->live_bytes);
    json_key(json, "late_chunks"), json_uint(json, process->late_chunks);
    json_key(json, "sites_overflow"), json_uint(json, process->sites_overflow);
    json_key(json, "formats_refused"), json_uint(json, process->formats_refused);
    json_key(json, "threads_overflow"), json_uint(json, process->threads_overflow);
    json_key(json, "types"), json_text(json, *process->types ? process->types : NULL);
    info_write_instant(json, info, "types_changed_ns", process->types_changed_ticks);
    write_parent(json, info, process);
    write_flight(json, info, process);
    json_end(json);
}
