/* What is known of a trace as a whole: see opentrace.h. SPDX-License-Identifier: Apache-2.0 */
#include "trace/opentrace.h"

#include <inttypes.h>
#include <string.h>

/* ---- Processes ----------------------------------------------------------------------------------------- */

static const char *head_text(struct trace_native *native, const char *text, size_t bytes)
{
    const char *copy = arena_text(&native->arena, text, strnlen(text, bytes));
    return copy ? copy : "";
}

/* NULL if the snapshot was not taken for a task, or without memory: then it is told less well. */
static struct trace_task_id *snapshot_task(struct trace_native *native, const struct trace_file *file)
{
    const struct cairn_file_head *head = &file->head;
    struct trace_task_id *task = head->snapshot_task_id ? arena_alloc(&native->arena, sizeof *task) : NULL;
    if (task) *task = trace_file_task(file, head->snapshot_task_id, head->snapshot_task_birth);
    return task;
}

/* Which process of this trace was recorded when it forked this one. */
static uint32_t find_parent(const struct trace_native *native, const struct trace_file *file)
{
    for (uint32_t i = 0; file->head.parent_session && i < native->file_count; i++) {
        const struct trace_file *other = &native->files[i];
        if (other != file && other->head.session[0] == file->head.parent_session &&
            other->head.pid == file->head.parent_pid)
            return i;
    }
    return UINT32_MAX;
}

static void fill_flight(struct trace_native *native, struct trace_process *process,
                        const struct trace_file *file)
{
    const struct cairn_file_head *head = &file->head;
    process->window_bytes = head->window_bytes;
    process->window_ns = head->window_ns;
    process->window_begin_ticks = trace_file_ticks(file, file->window_begin_ticks);
    process->snapshot_reason = head->snapshot_reason;
    process->snapshot_ticks = trace_file_ticks(file, head->snapshot_ticks);
    process->snapshot_task = snapshot_task(native, file);
    process->snapshot_threshold_ns = head->snapshot_threshold_ns;
    process->snapshots_taken = head->snapshots_taken;
    process->snapshots_suppressed = head->snapshots_suppressed;
    process->snapshots_failed = head->snapshots_failed;
    process->tasks_overflow = head->tasks_overflow;
    if (!head->tasks_overflow) return;
    trace_diagnose(&native->diagnostics, "tasks_overflow", TRACE_WARNING,
                   "More tasks were open at once than the flight recorder keeps track of: of some that began "
                   "before the window nothing is known but what happened within it.",
                   "%s: %" PRIu64 " tasks", file->path, head->tasks_overflow);
}

static void fill_process(struct trace_native *native, struct trace_file *file)
{
    const struct cairn_file_head *head = &file->head;
    uint64_t last = file->anchors.last.ticks;
    struct trace_process *process = &native->processes[file->process];
    *process = (struct trace_process){
        .pid = head->pid,
        .round = head->round,
        .state = head->state,
        .error = head->error,
        .path = file->path,
        .executable = head_text(native, head->executable, sizeof head->executable),
        .command = head_text(native, head->command, sizeof head->command),
        .host = head_text(native, head->host, sizeof head->host),
        .begin_ticks = trace_file_ticks(file, head->start.ticks),
        .end_ticks = trace_file_ticks(file, last > file->end_ticks ? last : file->end_ticks),
        .start_realtime_ns = (int64_t)head->start.realtime_ns,
        .limit_bytes = head->limit_bytes,
        .file_bytes = file->mapping.count,
        .live_bytes = file->live_bytes,
        .late_chunks = head->late_chunks,
        .sites_overflow = head->sites_overflow,
        .formats_refused = head->formats_refused,
        .threads_overflow = head->threads_overflow,
        .types = head_text(native, head->types, sizeof head->types),
        .types_changed_ticks = trace_file_ticks(file, head->types_changed_ticks),
        .parent = find_parent(native, file),
        .parent_pid = head->parent_session ? head->parent_pid : 0};
    fill_flight(native, process, file);
}

/* ---- The whole ------------------------------------------------------------------------------------------- */

uint64_t trace_tally_sum(const uint64_t counts[CAIRN_TALLY_SLOTS])
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < CAIRN_TALLY_SLOTS; i++) sum += counts[i];
    return sum;
}

/* When something was lost: 0 means never. */
static void widen_lost(struct trace_info *info, uint64_t first, uint64_t last)
{
    if (first && (!info->first_lost_ticks || first < info->first_lost_ticks)) info->first_lost_ticks = first;
    if (last > info->last_lost_ticks) info->last_lost_ticks = last;
}

static void add_counts(struct trace_native *native)
{
    struct trace_info *info = &native->info;
    for (uint32_t i = 0; i < native->file_count; i++) {
        const struct trace_file *file = &native->files[i];
        for (int t = 0; t < CAIRN_TALLY_SLOTS; t++) info->lost[t] += file->head.lost[t];
        widen_lost(info, trace_file_ticks(file, file->head.first_lost_ticks),
                   trace_file_ticks(file, file->head.last_lost_ticks));
    }
    for (size_t i = 0; i < native->threads.items.count; i++) {
        const struct trace_thread *thread = &native->threads.items.items[i];
        for (int t = 0; t < CAIRN_TALLY_SLOTS; t++) {
            info->lost[t] += thread->lost[t];
            info->overwritten[t] += thread->overwritten[t];
        }
        widen_lost(info, thread->first_lost_ticks, thread->last_lost_ticks);
    }
}

void trace_native_fill_info(struct trace_native *native)
{
    struct trace_info *info = &native->info;
    for (uint32_t i = 0; i < native->file_count; i++) {
        fill_process(native, &native->files[i]);
        const struct trace_process *process = &native->processes[i];
        if (!i || process->begin_ticks < info->begin_ticks) info->begin_ticks = process->begin_ticks;
        if (process->end_ticks > info->end_ticks) info->end_ticks = process->end_ticks;
        if (process->window_begin_ticks > info->window_begin_ticks)
            info->window_begin_ticks = process->window_begin_ticks;
    }
    add_counts(native);
    info->sites = native->sites.items.items;
    info->site_count = (uint32_t)native->sites.items.count;
    info->threads = native->threads.items.items;
    info->thread_count = (uint32_t)native->threads.items.count;
    info->processes = native->processes;
    info->process_count = native->file_count;
    info->diagnostics = &native->diagnostics;
}
