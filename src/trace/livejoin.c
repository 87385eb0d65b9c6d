/* Joining the live file: what a recording process had not yet written to the trace, or never will.
 * SPDX-License-Identifier: Apache-2.0
 *
 * 1. The head of the trace names the live file; session and areas must fit.
 * 2. Every slot that is not free has a chunk. If the process is gone, the chunk is read where it lies. If it is
 *    alive, the words up to the end of data are copied, front to back, so that a head is read before its
 *    payload, in the reverse of the writer's order (pairs with cairn__write: who sees a head sees the
 *    payload). If the slot was freed or given to another chunk meanwhile, the copy is dropped: the former is in the
 *    trace by then, which is walked afterwards, or has left the window and is counted so; the new one began after us.
 * 3. Site and thread records are collected, after the chunks, whose sites are thus among them. They lie in the
 *    mapping; what is published does not change.
 * 4. Of a flight recorder: open tasks are collected before the chunks, as one that ends meanwhile leaves the table;
 *    and behind them again if the process is alive, because entries move and the copy may miss one. If the process
 *    died while it retired a chunk that is still there, the journal in the head has the counts that hold.
 *
 * Only parts of the file that have memory are touched: reading a hole of a mapped tmpfs file would fill it.
 */
#include "trace/tracefile.h"

#include "cairn/cairn.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* A stretch of the live file that has data, cached, to ask the system rarely. */
struct extent {
    size_t begin, end;
};

/* The first place from `at` on that has data, rounded down to `at`'s page; `end` if there is none. */
static size_t next_data(const struct trace_file *file, struct extent *extent, size_t at, size_t end)
{
    if (at >= extent->begin && at < extent->end) return at;
    off_t data = lseek(file->live.fd, (off_t)at, SEEK_DATA);
    if (data < 0 || (size_t)data >= end) return end;
    off_t hole = lseek(file->live.fd, data, SEEK_HOLE);
    extent->begin = (size_t)data;
    extent->end = hole > data ? (size_t)hole : end;
    return (size_t)data > at ? (size_t)data : at;
}

/* ---- The head -------------------------------------------------------------------------------------- */

static bool area_fits(const struct trace_file *file, uint64_t offset, uint64_t bytes)
{
    return offset % 8 == 0 && offset <= file->live.count && bytes <= file->live.count - offset;
}

static bool head_fits(const struct trace_file *file, const struct cairn_file_head *live)
{
    return !memcmp(live->magic, CAIRN_FILE_MAGIC, 8) && live->version == CAIRN_FORMAT_VERSION &&
           (live->flags & CAIRN_HEAD_LIVE) && live->session[0] == file->head.session[0] &&
           live->session[1] == file->head.session[1] &&
           area_fits(file, live->sites_offset, live->sites_bytes) &&
           area_fits(file, live->threads_offset, live->threads_bytes) &&
           area_fits(file, live->slots_offset, live->slots_bytes) &&
           area_fits(file, live->tasks_offset, live->tasks_bytes) &&
           live->slots_offset % CAIRN_PAGE_BYTES == 0;
}

/* What the live head knows as well or better. */
static void take_over(struct cairn_file_head *head, const struct cairn_file_head *live)
{
    head->last = live->last;
    if (!head->error) {
        head->error = live->error;
        head->error_ticks = live->error_ticks;
    }
    memcpy(head->lost, live->lost, sizeof head->lost);
    head->first_lost_ticks = live->first_lost_ticks;
    head->last_lost_ticks = live->last_lost_ticks;
    head->late_chunks = live->late_chunks;
    head->sites_overflow = live->sites_overflow;
    head->formats_refused = live->formats_refused;
    head->threads_overflow = live->threads_overflow;
    head->window_bytes = live->window_bytes;
    head->window_ns = live->window_ns;
    head->tasks_overflow = live->tasks_overflow;
    head->snapshots_taken = live->snapshots_taken;
    head->snapshots_suppressed = live->snapshots_suppressed;
    head->snapshots_failed = live->snapshots_failed;
    head->types_changed_ticks = live->types_changed_ticks;
    memcpy(head->types, live->types, sizeof head->types);
}

/* ---- Slots ------------------------------------------------------------------------------------------- */

static const struct cairn_chunk_head *copy_chunk(struct trace_file *file, const struct cairn_chunk_head *head,
                                                 size_t bytes)
{
    uint64_t *copy = arena_alloc(file->arena, bytes);
    const uint64_t *from = (const uint64_t *)head;
    /* acquire: pairs with cairn__write */
    for (size_t i = 0; copy && i < bytes / 8; i++) copy[i] = atomic_load_acquire(&from[i]);
    return (const struct cairn_chunk_head *)copy;
}

static size_t data_bytes(const struct cairn_chunk_head *head, size_t capacity)
{
    uint32_t bytes = head->block.bytes;
    if (bytes >= sizeof *head && bytes <= capacity && bytes % 8 == 0) return bytes;
    if (head->open_count > 64) return sizeof *head;
    uint32_t first = cairn__chunk_first(head->open_count);
    if (first > capacity / 8) return sizeof *head;
    return (size_t)cairn__chunk_end((const uint64_t *)head, first, (uint32_t)(capacity / 8)) * 8;
}

static bool is_of_session(const struct trace_file *file, const struct cairn_chunk_head *head)
{
    return head->block.magic == CAIRN_BLOCK_MAGIC && head->block.session == file->head.session[0] &&
           head->block.kind == CAIRN_BLOCK_EVENTS;
}

static bool add_slot(struct trace_file *file, size_t at, const struct cairn_slot_head *slot)
{
    const struct cairn_chunk_head *head = (const void *)(slot + 1);
    size_t capacity = slot->slot_bytes - sizeof *slot;
    uint32_t state = atomic_load_acquire(&slot->state); /* pairs with head_chunk: an open slot has a head */
    if (state == CAIRN_SLOT_FREE || !is_of_session(file, head)) return true;
    uint64_t number = head->block.number;
    size_t bytes = data_bytes(head, capacity);
    if (file->alive) {
        head = copy_chunk(file, head, bytes);
        if (!head) return false;
        atomic_fence_seq_cst(); /* the copy is made before the slot is looked at again */
        const struct cairn_chunk_head *now = (const void *)(slot + 1);
        bool is_free = atomic_load_relaxed(&slot->state) == CAIRN_SLOT_FREE; /* behind the fence */
        if (is_free || !is_of_session(file, now) || now->block.number != number ||
            head->block.number != number)
            return true;
    }
    struct trace_chunk chunk = {.head = head,
                                .offset = at + sizeof *slot,
                                .number = number,
                                .sequence = head->sequence,
                                .begin_ticks = head->begin_ticks,
                                .end_ticks = head->begin_ticks,
                                .bytes = (uint32_t)bytes,
                                .thread = head->thread,
                                .side = head->block.flags & CAIRN_BLOCK_SIDE,
                                .sealed =
                                    head->block.bytes == bytes && head->block.flags & CAIRN_BLOCK_SEALED,
                                .live = true,
                                .growing = head->block.bytes != bytes};
    file->live_bytes += bytes;
    return trace_file_add_chunk(file, &chunk);
}

static bool slot_plausible(const struct cairn_slot_head *slot, size_t room)
{
    return slot->magic == CAIRN_SLOT_MAGIC && slot->slot_bytes % CAIRN_PAGE_BYTES == 0 && slot->slot_bytes &&
           slot->slot_bytes <= CAIRN_SLOT_BYTES_MAX && slot->slot_bytes <= room;
}

static bool add_slots(struct trace_file *file, const struct cairn_file_head *live)
{
    size_t end = live->slots_offset + live->slots_bytes;
    struct extent extent = {0};
    for (size_t at = live->slots_offset;
         (at = next_data(file, &extent, at, end)) + CAIRN_PAGE_BYTES <= end;) {
        const struct cairn_slot_head *slot = (const void *)(file->live.bytes + at);
        if (!slot_plausible(slot, end - at)) {
            at += CAIRN_PAGE_BYTES; /* not carved yet, or damaged: the next one is at a page */
            continue;
        }
        if (!add_slot(file, at, slot)) return false;
        at += slot->slot_bytes;
    }
    return true;
}

/* ---- Records and open tasks -------------------------------------------------------------------------------- */

static bool add_records(struct trace_file *file, const struct cairn_file_head *live)
{
    struct extent extent = {0};
    size_t sites_end = live->sites_offset + live->sites_bytes;
    size_t threads_end = live->threads_offset + live->threads_bytes;
    /* One look each: what is reserved ahead is one stretch from the start of the area. */
    bool good = true;
    if (live->sites_bytes && next_data(file, &extent, live->sites_offset, sites_end) == live->sites_offset) {
        size_t end = extent.end < sites_end ? extent.end : sites_end;
        good = trace_sites_collect(file, file->live.bytes + live->sites_offset, end - live->sites_offset,
                                   live->sites_offset, true, file->alive);
    }
    if (good && live->threads_bytes &&
        next_data(file, &extent, live->threads_offset, threads_end) == live->threads_offset) {
        size_t end = extent.end < threads_end ? extent.end : threads_end;
        good = trace_threads_collect(file, file->live.bytes + live->threads_offset,
                                     end - live->threads_offset, live->threads_offset, true, true);
    }
    return good;
}

static bool add_open_tasks(struct trace_file *file, const struct cairn_file_head *live)
{
    const size_t each = sizeof(struct cairn_open_task);
    size_t end = live->tasks_offset + live->tasks_bytes;
    struct extent extent = {0};
    for (size_t at = live->tasks_offset; at + each <= end; at += each) {
        at += (next_data(file, &extent, at, end) - at) / each * each; /* over holes */
        if (at + each > end) break;
        const struct cairn_open_task *entry = (const void *)(file->live.bytes + at);
        if (!trace_open_task_collect_live(file, entry, at)) return false;
    }
    return true;
}

/* ---- The journal --------------------------------------------------------------------------------------- */

static const struct cairn_thread_record *live_record(const struct trace_file *file, uint64_t index)
{
    for (size_t i = 0; i < file->thread_sources.count; i++)
        if (file->thread_sources.items[i].index == index) return file->thread_sources.items[i].record;
    return NULL;
}

static bool journal_plausible(const struct trace_file *file, const struct cairn_retiring *retiring,
                              const struct trace_chunk *chunk)
{
    const struct cairn_thread_record *record = live_record(file, retiring->thread);
    if (!record || chunk->thread != retiring->thread) return false;
    for (int i = 0; i < CAIRN_TALLY_SLOTS; i++)
        if (retiring->before[i] > record->overwritten[i]) return false;
    return retiring->before_until_ticks <= record->overwritten_until_ticks;
}

/* Of a dead process. The chunk was found in a slot that is not free: it had not left the window, whatever the
 * thread's record counts. */
static void read_journal(struct trace_file *file, const struct cairn_file_head *live)
{
    const struct cairn_retiring *retiring = &live->retiring;
    const uint64_t *index =
        retiring->number ? map_get(&file->numbers, (struct map_key){retiring->number, 0, 0}) : NULL;
    const struct trace_chunk *chunk = index ? &file->chunks.items[*index - 1] : NULL;
    if (!chunk) return;
    if (journal_plausible(file, retiring, chunk)) {
        const struct cairn_file_head *mapped = (const void *)file->live.bytes;
        file->retiring = &mapped->retiring;
        return;
    }
    trace_diagnose(file->diagnostics, "damaged_journal", TRACE_DAMAGE,
                   "What the recorder noted of the part that was leaving its window cannot be; counts of "
                   "overwritten events may be off by that part.",
                   "%s: block %" PRIu64 " of thread %" PRIu64, file->live_path, retiring->number,
                   retiring->thread);
}

/* ---- All of it ----------------------------------------------------------------------------------------- */

/* Nothing can be joined, and why. */
static int missing(struct trace_file *file, const char *why, struct cairn_error *error)
{
    file->live_missing = arena_text(file->arena, why, strlen(why));
    if (file->live_missing) return 0;
    return cairn__error_set(error, CAIRN_ENOMEM, file->live_path, CAIRN_ERROR_NOWHERE, "memory ran out");
}

static int join(struct trace_file *file, struct cairn_error *error)
{
    struct cairn_file_head live;
    if (file->live.count < sizeof live) return missing(file, "is too short", error);
    memcpy(&live, file->live.bytes, sizeof live);
    if (!head_fits(file, &live)) return missing(file, "belongs to another recording, or is damaged", error);
    file->alive = os_process_maps_file(file->head.pid, file->live_path);
    bool good = add_open_tasks(file, &live) && add_slots(file, &live) && add_records(file, &live);
    if (good && file->alive) good = add_open_tasks(file, &live);
    if (!good) {
        return cairn__error_set(error, CAIRN_ENOMEM, file->live_path, CAIRN_ERROR_NOWHERE, "memory ran out");
    }
    if (!file->alive) read_journal(file, &live);
    take_over(&file->head, &live);
    return 0;
}

int trace_live_join(struct trace_file *file, struct cairn_error *error)
{
    size_t length = strnlen(file->head.live_path, sizeof file->head.live_path);
    file->live_path = arena_text(file->arena, file->head.live_path, length);
    if (!file->live_path) {
        return cairn__error_set(error, CAIRN_ENOMEM, file->path, CAIRN_ERROR_NOWHERE, "memory ran out");
    }
    struct cairn_error why;
    if (!length) return missing(file, "the head names no live file", error);
    if (os_map_file(file->live_path, &file->live, &why) < 0) return missing(file, why.text, error);
    return join(file, error);
}

void trace_live_tell(struct trace_file *file)
{
    if (file->live_missing) {
        trace_diagnose(
            file->diagnostics, "live_missing", TRACE_WARNING,
            "The recording was not stopped and its live file is not there: events that were not yet "
            "written to the trace are lost.",
            "%s: %s", *file->live_path ? file->live_path : file->path, file->live_missing);
    }
    if (file->alive) {
        trace_diagnose(file->diagnostics, "recording", TRACE_NOTE,
                       "The process is still recording; this is what it has recorded so far.",
                       "%s: process %" PRIu32, file->path, file->head.pid);
    } else {
        trace_diagnose(
            file->diagnostics, "ended_without_stop", TRACE_NOTE,
            "The process ended without stopping the recording; what it had recorded was recovered.",
            "%s: process %" PRIu32, file->path, file->head.pid);
    }
}

void trace_live_forget(struct trace_file *file)
{
    file->chunks.count = file->site_sources.count = file->thread_sources.count = file->open_tasks.count = 0;
    map_free(&file->numbers);
    os_unmap_file(&file->live);
    file->retiring = NULL;
    file->live_bytes = 0;
    file->live_path = "";
    file->live_missing = NULL;
    file->alive = false;
}
