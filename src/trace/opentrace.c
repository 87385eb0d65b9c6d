/* A trace as a source: one file, or a folder of them. SPDX-License-Identifier: Apache-2.0
 *
 * 1. Open every file: heads, directories of chunks, records (openfiles.c, tracefile.h).
 * 2. Choose the clock. Processes that read the same counter of the same boot share it, and their ticks are
 *    compared as they are. Otherwise every process has its own line, and all times are turned into nanoseconds:
 *    of CLOCK_MONOTONIC if the boot is the same, else of the wall clock.
 * 3. Make the tables of sites and threads; find where unsealed chunks end; fill what is known (traceinfo.c).
 * 4. Make the streams: one per thread for its main chunks, one per side chunk; each stands before its first
 *    event in the heap. The list of a file's open tasks is a stream too, which comes before the others of the
 *    file: it has the time of the earliest, and a lower number.
 * 5. `next` takes the event of the stream on top and puts that stream where its following event belongs.
 *
 * Memory: the directory (64 bytes a chunk), tables, and a few hundred bytes per stream; nothing per event.
 */
#include "trace/opentrace.h"

#include "cairn/cairn.h"

#include <string.h>

enum { RELEASE_BYTES = 64 << 20 };

static int out_of_memory(struct cairn_error *error)
{
    return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE, "memory ran out");
}

/* ---- 2. The clock -------------------------------------------------------------------------------------- */

static bool same_boot(const struct trace_file *a, const struct trace_file *b)
{
    return a->head.boot_id[0] && !memcmp(a->head.boot_id, b->head.boot_id, sizeof a->head.boot_id);
}

static void fit(struct trace_native *native, struct trace_clock *clock, const struct trace_anchors *anchors,
                const struct trace_file *file)
{
    if (trace_clock_fit(clock, anchors) || file->head.clock == CAIRN_CLOCK_MONOTONIC) return;
    trace_diagnose(
        &native->diagnostics, "no_clock_span", TRACE_WARNING,
        "The recording was too short, or too damaged, to tell how fast its clock ran; one tick is taken "
        "for a nanosecond.",
        "%s", file->path);
}

static void share_clock(struct trace_native *native)
{
    struct trace_anchors all = {0};
    for (uint32_t i = 0; i < native->file_count; i++) {
        if (!native->files[i].anchors.some) continue;
        trace_anchors_add(&all, &native->files[i].anchors.first);
        trace_anchors_add(&all, &native->files[i].anchors.last);
    }
    fit(native, &native->info.clock, &all, &native->files[0]);
    for (uint32_t i = 0; i < native->file_count; i++) native->files[i].clock = native->info.clock;
}

static void convert_clocks(struct trace_native *native, bool by_realtime)
{
    for (uint32_t i = 0; i < native->file_count; i++) {
        struct trace_file *file = &native->files[i];
        fit(native, &file->clock, &file->anchors, file);
        file->own_clock = true;
        file->by_realtime = by_realtime;
    }
    const struct trace_clock *first = &native->files[0].clock;
    uint64_t axis = by_realtime ? (uint64_t)first->base_realtime_ns : first->base_monotonic_ns;
    native->info.clock = (struct trace_clock){.base_ticks = axis,
                                              .base_monotonic_ns = first->base_monotonic_ns,
                                              .base_realtime_ns = first->base_realtime_ns,
                                              .ns_per_tick = 1};
}

static void choose_clock(struct trace_native *native)
{
    bool one_boot = true, one_clock = true;
    for (uint32_t i = 1; i < native->file_count; i++) {
        one_boot = one_boot && same_boot(&native->files[0], &native->files[i]);
        one_clock = one_clock && native->files[0].head.clock == native->files[i].head.clock;
    }
    if (one_boot && one_clock) {
        share_clock(native);
    } else {
        convert_clocks(native, !one_boot);
    }
}

/* ---- 3. Tables ------------------------------------------------------------------------------------------- */

static bool make_tables(struct trace_native *native)
{
    for (uint32_t i = 0; i < native->file_count; i++) {
        struct trace_file *file = &native->files[i];
        if (!trace_sites_resolve(&native->sites, file)) return false;
        if (!trace_threads_resolve(&native->threads, file)) return false;
        if (file->alive) trace_file_cut(file, &native->threads);
        trace_open_tasks_resolve(file, &native->sites);
        for (size_t c = 0; c < file->chunks.count; c++) {
            struct trace_chunk *chunk = &file->chunks.items[c];
            if (!chunk->sealed) trace_chunk_measure(file, &native->sites, chunk);
            if (chunk->end_ticks > file->end_ticks) file->end_ticks = chunk->end_ticks;
        }
    }
    return trace_sites_number_types(&native->sites);
}

/* ---- 4. Streams ------------------------------------------------------------------------------------------ */

/* The end of the stream that begins with chunk `i`. */
static size_t stream_end(const struct trace_file *file, size_t i)
{
    const struct trace_chunk *chunks = file->chunks.items;
    size_t end = i + 1;
    if (chunks[i].side) return end;
    while (end < file->chunks.count && chunks[end].thread == chunks[i].thread && !chunks[end].side) end++;
    return end;
}

static size_t count_streams(const struct trace_native *native)
{
    size_t count = 0;
    for (uint32_t f = 0; f < native->file_count; f++) {
        const struct trace_file *file = &native->files[f];
        for (size_t i = 0; i < file->chunks.count; i = stream_end(file, i)) count++;
    }
    return count;
}

static void start_stream(struct trace_native *native, const struct trace_file *file, size_t first, size_t end)
{
    struct trace_stream *stream = &native->streams[native->stream_count];
    trace_stream_open(stream, file, (uint32_t)first, (uint32_t)end);
    stream->sites = native->info.sites;
    stream->text = &native->text;
    stream->overwritten_until =
        native->threads.items.items[file->chunks.items[first].thread].overwritten_until_ticks;
    const bool *wanted = native->face.threads;
    if ((!wanted || wanted[file->chunks.items[first].thread]) && trace_stream_ready(stream))
        trace_order_push(&native->order, stream->order, native->file_count + native->stream_count);
    native->stream_count++;
}

/* Open tasks are told before all else of their process. */
static void start_opening(struct trace_native *native, uint32_t index, uint32_t first_stream)
{
    struct trace_opening *opening = &native->openings[index];
    const struct trace_process *process = &native->processes[index];
    bool any = false;
    for (uint32_t i = first_stream; i < native->stream_count; i++) {
        const struct trace_stream *stream = &native->streams[i];
        if (!trace_stream_waits(stream) || (any && stream->order >= opening->time)) continue;
        opening->time = stream->order;
        any = true;
    }
    if (!any)
        opening->time = process->window_begin_ticks ? process->window_begin_ticks : process->begin_ticks;
    if (native->files[index].open_tasks.count) trace_order_push(&native->order, opening->time, index);
}

static void start_streams(struct trace_native *native, uint32_t index)
{
    const struct trace_file *file = &native->files[index];
    uint32_t first_stream = native->stream_count;
    for (size_t i = 0, end; i < file->chunks.count; i = end) {
        end = stream_end(file, i);
        start_stream(native, file, i, end);
    }
    start_opening(native, index, first_stream);
}

static bool make_streams(struct trace_native *native)
{
    size_t count = count_streams(native);
    native->streams = calloc(count + 1, sizeof *native->streams);
    native->openings = calloc(native->file_count, sizeof *native->openings);
    if (!native->streams || !native->openings) return false;
    if (!trace_order_create(&native->order, count + native->file_count)) return false;
    for (uint32_t i = 0; i < native->file_count; i++) {
        native->files[i].diagnostics = native->face.is_quiet ? &native->unheard : &native->diagnostics;
        start_streams(native, i);
    }
    return native->has_streams = true;
}

/* ---- 5. The source --------------------------------------------------------------------------------------- */

static void next_open_task(struct trace_native *native, uint32_t index, struct trace_event *event)
{
    const struct trace_file *file = &native->files[index];
    struct trace_opening *opening = &native->openings[index];
    const struct cairn_open_task *task = &file->open_tasks.items[opening->next++].task;
    *event = (struct trace_event){.time = opening->time,
                                  .kind = TRACE_TASK_OPEN,
                                  .thread = UINT32_MAX,
                                  .task = trace_file_task(file, task->id, task->birth),
                                  .other = trace_file_task(file, task->parent_id, task->parent_birth),
                                  .offset = file->open_tasks.items[opening->next - 1].offset};
    event->site = event->task.site;
    if (opening->next == file->open_tasks.count) trace_order_pop(&native->order);
}

static void rewind_streams(struct trace_source *source)
{
    struct trace_native *native = (struct trace_native *)source;
    for (uint32_t i = 0; i < native->stream_count; i++) trace_stream_close(&native->streams[i]);
    trace_order_destroy(&native->order);
    free(native->streams);
    free(native->openings);
    native->streams = NULL;
    native->openings = NULL;
    native->stream_count = 0;
    native->has_streams = false;
}

/* In large steps, as each step interrupts the other processors. Pages that are in use go too, and come back when they are
 * touched. */
void trace_native_release(struct trace_native *native, size_t bytes)
{
    native->unreleased += bytes;
    if (native->unreleased < RELEASE_BYTES) return;
    native->unreleased = 0;
    for (uint32_t i = 0; i < native->file_count; i++) {
        const struct os_mapping *mapping = &native->files[i].mapping;
        if (mapping->count >= RELEASE_BYTES) os_forget_pages(mapping, 0, mapping->count);
    }
}

/* The event that is ready belongs to the state, if it is a log. */
static bool needs_text(const struct trace_source *source, const struct trace_stream *stream, uint32_t tally)
{
    if (source->no_text || tally != CAIRN_TALLY_LOG) return false;
    return !source->needs_text || source->needs_text(source->needs_text_data, &stream->task);
}

static int native_next(struct trace_source *source, struct trace_event *event, struct cairn_error *error)
{
    struct trace_native *native = (struct trace_native *)source;
    if (!native->has_streams && !make_streams(native)) return out_of_memory(error);
    if (!native->order.count) return 0;
    uint32_t top = native->order.heap[0].stream;
    if (top < native->file_count) return next_open_task(native, top, event), 1;
    struct trace_stream *stream = &native->streams[top - native->file_count];
    uint32_t tally = trace_stream_tally(stream);
    if (tally != CAIRN_TALLY_NONE && !source->is_quiet) native->info.recovered[tally]++;
    stream->text = needs_text(source, stream, tally) ? &native->text : NULL;
    trace_native_release(native, (size_t)stream->event_words * 8);
    trace_stream_take(stream, event);
    if (trace_stream_ready(stream)) {
        trace_order_advance(&native->order, stream->order);
    } else {
        trace_order_pop(&native->order);
    }
    return stream->out_of_memory ? out_of_memory(error) : 1;
}

static void native_close(struct trace_source *source)
{
    struct trace_native *native = (struct trace_native *)source;
    rewind_streams(source);
    for (uint32_t i = 0; i < native->file_count; i++) trace_file_close(&native->files[i]);
    vector_free(&native->paths);
    vector_free(&native->sites.items);
    vector_free(&native->threads.items);
    trace_text_free(&native->text);
    free(native->files);
    free(native->processes);
    free(native->diagnostics.items);
    free(native->unheard.items);
    arena_free(&native->arena);
    free(native);
}

struct trace_native *trace_native_of(struct trace_source *source)
{
    return source->next == native_next ? (struct trace_native *)source : NULL;
}

struct trace_source *trace_open(const char *path, struct cairn_error *error)
{
    struct trace_native *native = calloc(1, sizeof *native);
    if (!native) {
        out_of_memory(error);
        return NULL;
    }
    native->face = (struct trace_source){
        .info = &native->info, .next = native_next, .rewind = rewind_streams, .close = native_close};
    if (!trace_diagnostics_ready(&native->diagnostics)) goto fail_memory;
    if (trace_native_open_files(native, path, error) < 0) goto fail;
    choose_clock(native);
    if (!make_tables(native)) goto fail_memory;
    trace_native_fill_info(native);
    return &native->face;
fail_memory:
    out_of_memory(error);
fail:
    native_close(&native->face);
    return NULL;
}
