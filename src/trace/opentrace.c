/* A trace as a source: one file, or a folder of them. SPDX-License-Identifier: Apache-2.0
 *
 * 1. Open every file: heads, directories of chunks, records (tracefile.h).
 * 2. Choose the clock. Processes that read the same counter of the same boot share it, and their ticks are
 *    compared as they are. Otherwise every process has its own line, and all times are turned into nanoseconds:
 *    of CLOCK_MONOTONIC if the boot is the same, else of the wall clock.
 * 3. Make the tables of sites and threads; find where unsealed chunks end.
 * 4. Make the streams: one per thread for its main chunks, one per side chunk; each stands before its first
 *    event in the heap.
 * 5. `next` takes the event of the stream on top and puts that stream where its following event belongs.
 *
 * Memory: the directory (64 bytes a chunk), tables, and a few hundred bytes per stream; nothing per event.
 */
#include "cairn/cairn.h"
#include "trace/decode.h"
#include "trace/order.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

struct native {
    struct trace_source face;
    struct trace_info info;
    struct trace_diagnostics diagnostics;
    struct arena arena;
    VECTOR(const char *) paths;
    struct trace_file *files;
    uint32_t file_count;
    struct trace_process *processes;
    struct trace_site_table sites;
    struct trace_thread_table threads;
    struct trace_stream *streams;
    uint32_t stream_count;
    struct trace_order order;
    struct trace_text *text;
};

static int out_of_memory(struct cairn_error *error)
{
    return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE, "memory ran out");
}

/* ---- 1. Files ---------------------------------------------------------------------------------------- */

static int compare_paths(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bool add_path(struct native *native, const char *folder, const char *name)
{
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof path || !trace_file_looks_like_one(path)) return true;
    const char *copy = arena_text(&native->arena, path, (size_t)length);
    return copy && vector_push(&native->paths, copy);
}

static int list_folder(struct native *native, const char *folder, struct cairn_error *error)
{
    DIR *directory = opendir(folder);
    if (!directory) {
        return cairn__error_set(error, errno == EACCES ? CAIRN_EACCES : CAIRN_EIO, folder,
                                CAIRN_ERROR_NOWHERE, "cannot be opened: %s", strerror(errno));
    }
    bool good = true;
    for (struct dirent *entry; good && (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] != '.') good = add_path(native, folder, entry->d_name);
    }
    closedir(directory);
    if (!good) return out_of_memory(error);
    if (!native->paths.count) {
        return cairn__error_set(error, CAIRN_EINVAL, folder, CAIRN_ERROR_NOWHERE,
                                "is a folder without a trace in it");
    }
    qsort(native->paths.items, native->paths.count, sizeof *native->paths.items, compare_paths);
    return 0;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool is_known_session(const struct native *native, const struct trace_file *file)
{
    for (uint32_t i = 0; i < native->file_count; i++) {
        if (!memcmp(native->files[i].head.session, file->head.session, sizeof file->head.session))
            return true;
    }
    return false;
}

/* A copy of the head tells whether a file of a folder is a live one, which is read through its trace. */
static bool is_live_file(const struct trace_file *file)
{
    return file->mapping.count >= sizeof(struct cairn_file_head) && file->head.flags & CAIRN_HEAD_LIVE;
}

static int open_one(struct native *native, const char *path, bool in_folder, struct cairn_error *error)
{
    struct trace_file *file = &native->files[native->file_count];
    *file = (struct trace_file){.arena = &native->arena, .diagnostics = &native->diagnostics};
    struct cairn_error why = {0};
    int result = trace_file_open(file, path, &why);
    if (result == 0 && !is_known_session(native, file)) {
        file->process = native->file_count++;
        return 0;
    }
    if (result == 0) {
        trace_diagnose(&native->diagnostics, "duplicate_file", TRACE_WARNING,
                       "The folder has two copies of one recording; only the first is read.", "%s", path);
    } else if (in_folder && why.code != CAIRN_ENOMEM && !is_live_file(file)) {
        trace_diagnose(&native->diagnostics, "damaged_file", TRACE_DAMAGE,
                       "A trace in the folder cannot be read; the others are shown without it.", "%s: %s",
                       path, why.text);
    }
    bool goes_on = in_folder && why.code != CAIRN_ENOMEM;
    trace_file_close(file);
    if (!goes_on && error) *error = why;
    return goes_on ? 0 : -1;
}

static int open_files(struct native *native, const char *path, struct cairn_error *error)
{
    bool folder = is_folder(path);
    if (folder) {
        if (list_folder(native, path, error) < 0) return -1;
    } else {
        const char *copy = arena_text(&native->arena, path, strlen(path));
        if (!copy || !vector_push(&native->paths, copy)) return out_of_memory(error);
    }
    native->files = calloc(native->paths.count, sizeof *native->files);
    native->processes = calloc(native->paths.count, sizeof *native->processes);
    if (!native->files || !native->processes) return out_of_memory(error);
    for (size_t i = 0; i < native->paths.count; i++) {
        if (open_one(native, native->paths.items[i], folder, error) < 0) return -1;
    }
    if (native->file_count) return 0;
    return cairn__error_set(
        error, CAIRN_EINVAL, path, CAIRN_ERROR_NOWHERE, "has no trace in it that can be read: %s",
        native->diagnostics.count ? native->diagnostics.items[0].example : "only live files");
}

/* ---- 2. The clock -------------------------------------------------------------------------------------- */

static bool same_boot(const struct trace_file *a, const struct trace_file *b)
{
    return a->head.boot_id[0] && !memcmp(a->head.boot_id, b->head.boot_id, sizeof a->head.boot_id);
}

static void fit(struct native *native, struct trace_clock *clock, const struct trace_anchors *anchors,
                const struct trace_file *file)
{
    if (trace_clock_fit(clock, anchors) || file->head.clock == CAIRN_CLOCK_MONOTONIC) return;
    trace_diagnose(
        &native->diagnostics, "no_clock_span", TRACE_WARNING,
        "The recording was too short, or too damaged, to tell how fast its clock ran; one tick is taken "
        "for a nanosecond.",
        "%s", file->path);
}

static void share_clock(struct native *native)
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

static void convert_clocks(struct native *native, bool by_realtime)
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

static void choose_clock(struct native *native)
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

static bool make_tables(struct native *native)
{
    for (uint32_t i = 0; i < native->file_count; i++) {
        struct trace_file *file = &native->files[i];
        if (!trace_sites_resolve(&native->sites, file)) return false;
        if (!trace_threads_resolve(&native->threads, file)) return false;
        for (size_t c = 0; c < file->chunks.count; c++) {
            struct trace_chunk *chunk = &file->chunks.items[c];
            if (!chunk->sealed) trace_chunk_measure(file, &native->sites, chunk);
            if (chunk->end_ticks > file->end_ticks) file->end_ticks = chunk->end_ticks;
        }
    }
    return trace_sites_number_types(&native->sites);
}

static const char *head_text(struct native *native, const char *text, size_t bytes)
{
    const char *copy = arena_text(&native->arena, text, strnlen(text, bytes));
    return copy ? copy : "";
}

static void fill_process(struct native *native, struct trace_file *file)
{
    const struct cairn_file_head *head = &file->head;
    uint64_t last = file->anchors.last.ticks;
    native->processes[file->process] = (struct trace_process){
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
        .threads_overflow = head->threads_overflow};
}

/* When something was lost: 0 means never. */
static void widen_lost(struct trace_info *info, uint64_t first, uint64_t last)
{
    if (first && (!info->first_lost_ticks || first < info->first_lost_ticks)) info->first_lost_ticks = first;
    if (last > info->last_lost_ticks) info->last_lost_ticks = last;
}

static void add_losses(struct native *native)
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
        for (int t = 0; t < CAIRN_TALLY_SLOTS; t++) info->lost[t] += thread->lost[t];
        widen_lost(info, thread->first_lost_ticks, thread->last_lost_ticks);
    }
}

static void fill_info(struct native *native)
{
    struct trace_info *info = &native->info;
    for (uint32_t i = 0; i < native->file_count; i++) {
        fill_process(native, &native->files[i]);
        const struct trace_process *process = &native->processes[i];
        if (!i || process->begin_ticks < info->begin_ticks) info->begin_ticks = process->begin_ticks;
        if (process->end_ticks > info->end_ticks) info->end_ticks = process->end_ticks;
    }
    add_losses(native);
    info->sites = native->sites.items.items;
    info->site_count = (uint32_t)native->sites.items.count;
    info->threads = native->threads.items.items;
    info->thread_count = (uint32_t)native->threads.items.count;
    info->processes = native->processes;
    info->process_count = native->file_count;
    info->diagnostics = &native->diagnostics;
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

static size_t count_streams(const struct native *native)
{
    size_t count = 0;
    for (uint32_t f = 0; f < native->file_count; f++) {
        const struct trace_file *file = &native->files[f];
        for (size_t i = 0; i < file->chunks.count; i = stream_end(file, i)) count++;
    }
    return count;
}

static void start_streams(struct native *native, const struct trace_file *file)
{
    for (size_t i = 0, end; i < file->chunks.count; i = end) {
        end = stream_end(file, i);
        struct trace_stream *stream = &native->streams[native->stream_count];
        trace_stream_open(stream, file, (uint32_t)i, (uint32_t)end);
        stream->sites = native->info.sites;
        stream->text = native->text;
        if (trace_stream_ready(stream)) trace_order_push(&native->order, stream->order, native->stream_count);
        native->stream_count++;
    }
}

static bool make_streams(struct native *native)
{
    size_t count = count_streams(native);
    native->streams = calloc(count + 1, sizeof *native->streams);
    native->text = calloc(1, sizeof *native->text);
    if (!native->streams || !native->text || !trace_order_create(&native->order, count)) return false;
    for (uint32_t i = 0; i < native->file_count; i++) start_streams(native, &native->files[i]);
    return true;
}

/* ---- 5. The source --------------------------------------------------------------------------------------- */

static int native_next(struct trace_source *source, struct trace_event *event, struct cairn_error *error)
{
    struct native *native = (struct native *)source;
    if (!native->order.count) return 0;
    struct trace_stream *stream = &native->streams[native->order.heap[0].stream];
    uint32_t tally = trace_stream_tally(stream);
    if (tally != CAIRN_TALLY_NONE) native->info.recovered[tally]++;
    stream->text = source->no_text ? NULL : native->text;
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
    struct native *native = (struct native *)source;
    for (uint32_t i = 0; i < native->stream_count; i++) trace_stream_close(&native->streams[i]);
    for (uint32_t i = 0; i < native->file_count; i++) trace_file_close(&native->files[i]);
    trace_order_destroy(&native->order);
    vector_free(&native->paths);
    vector_free(&native->sites.items);
    vector_free(&native->threads.items);
    free(native->streams);
    free(native->text);
    free(native->files);
    free(native->processes);
    free(native->diagnostics.items);
    arena_free(&native->arena);
    free(native);
}

struct trace_source *trace_open(const char *path, struct cairn_error *error)
{
    struct native *native = calloc(1, sizeof *native);
    if (!native) {
        out_of_memory(error);
        return NULL;
    }
    native->face = (struct trace_source){.info = &native->info, .next = native_next, .close = native_close};
    if (open_files(native, path, error) < 0) goto fail;
    choose_clock(native);
    if (!make_tables(native)) goto fail_memory;
    fill_info(native);
    if (!make_streams(native)) goto fail_memory;
    return &native->face;
fail_memory:
    out_of_memory(error);
fail:
    native_close(&native->face);
    return NULL;
}
