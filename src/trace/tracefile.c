/* See tracefile.h. SPDX-License-Identifier: Apache-2.0
 *
 * 1. Map the trace, read its head.
 * 2. If it was not stopped, take in the live file, then map the trace again: a chunk that leaves the live file
 *    while we look at it is in the trace by then. A chunk found in both counts once.
 * 3. Walk the blocks: records are collected, chunks go to the directory; their checksums are verified when they
 *    are decoded, so that opening costs one look per block.
 * 4. Sort the directory by thread and sequence.
 */
#include "trace/tracefile.h"

#include "cairn/cairn.h"
#include "trace/blockwalk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- The head -------------------------------------------------------------------------------------- */

bool trace_file_peek(const char *path, struct cairn_file_head *head)
{
    *head = (struct cairn_file_head){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) return false;
    struct stat status;
    bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    ssize_t count = regular ? read(fd, head, sizeof *head) : 0;
    close(fd);
    return count >= (ssize_t)sizeof head->magic && !memcmp(head->magic, CAIRN_FILE_MAGIC, sizeof head->magic);
}

bool trace_file_looks_like_one(const char *path)
{
    struct cairn_file_head head;
    return trace_file_peek(path, &head);
}

static int refuse(const struct trace_file *file, int64_t offset, const char *why, struct cairn_error *error)
{
    return cairn__error_set(error, CAIRN_EINVAL, file->path, offset, "%s", why);
}

static int read_head(struct trace_file *file, struct cairn_error *error)
{
    const uint8_t *bytes = file->mapping.bytes;
    size_t count = file->mapping.count;
    if (!count) return refuse(file, 0, "is empty: nothing was ever recorded into it", error);
    if (count < 8 || memcmp(bytes, CAIRN_FILE_MAGIC, 8)) {
        return refuse(file, 0, "is not a trace: it does not begin with a trace's magic number", error);
    }
    if (count < sizeof file->head) {
        return refuse(file, (int64_t)count, "is cut off within its head; nothing can be read from it", error);
    }
    memcpy(&file->head, bytes, sizeof file->head);
    if (file->head.version != CAIRN_FORMAT_VERSION) {
        return cairn__error_set(error, CAIRN_EINVAL, file->path, offsetof(struct cairn_file_head, version),
                                "has format version %" PRIu32
                                ", but this tool reads version %d; a newer cairn "
                                "may read it, or the head is damaged",
                                file->head.version, CAIRN_FORMAT_VERSION);
    }
    if (file->head.flags & CAIRN_HEAD_LIVE) {
        return refuse(file, 0, "is the live file of a recording; open the trace that it belongs to", error);
    }
    return 0;
}

static bool is_recording(const struct trace_file *file)
{
    return file->head.state == CAIRN_STATE_RECORDING;
}

/* It was closed with more in it than there is. */
static bool is_cut_off(const struct trace_file *file)
{
    uint64_t head_bytes = file->head.head_bytes, count = file->mapping.count;
    return !is_recording(file) && head_bytes <= count && file->head.data_bytes > count - head_bytes;
}

static void damaged_head(struct trace_file *file, size_t offset, const char *what)
{
    trace_diagnose(file->diagnostics, "damaged_head", TRACE_DAMAGE,
                   "The head of the file is damaged; what it says of the recording as a whole may be wrong.",
                   "%s: at offset %zu: %s", file->path, offset, what);
}

/* Looks the head over and makes harmless what cannot be right. */
static void check_head(struct trace_file *file)
{
    struct cairn_file_head *head = &file->head;
    const size_t summed = offsetof(struct cairn_file_head, checksum);
    bool closed = head->state >= CAIRN_STATE_STOPPED && head->state <= CAIRN_STATE_SNAPSHOT;
    if (!closed && !is_recording(file)) {
        damaged_head(file, offsetof(struct cairn_file_head, state), "the state is none that exists");
    }
    if (closed && cairn__os_crc32c(0, head, summed) != head->checksum) {
        damaged_head(file, summed, "the checksum of the head is wrong");
    }
    if (head->head_bytes < CAIRN_FILE_HEAD_BYTES || head->head_bytes % 8 ||
        head->head_bytes > file->mapping.count) {
        damaged_head(file, offsetof(struct cairn_file_head, head_bytes),
                     "the size of the head is implausible");
        head->head_bytes = CAIRN_FILE_HEAD_BYTES;
    }
}

/* Blocks carry the session. If the first one is whole and says otherwise, it is the head that is wrong. */
static void settle_session(struct trace_file *file)
{
    file->session = file->head.session[0];
    size_t left = file->mapping.count - file->head.head_bytes;
    const struct cairn_block_head *first = (const void *)(file->mapping.bytes + file->head.head_bytes);
    if (left < sizeof *first || first->magic != CAIRN_BLOCK_MAGIC || first->session == file->session) return;
    if (first->bytes < sizeof *first || first->bytes > left || !(first->flags & CAIRN_BLOCK_SEALED)) return;
    if (!trace_block_intact(first, first->bytes)) return;
    damaged_head(file, offsetof(struct cairn_file_head, session),
                 "the session is not that of the first block");
    file->session = first->session;
}

/* ---- The directory of chunks ------------------------------------------------------------------------- */

static void damaged_block(struct trace_file *file, uint64_t offset, uint64_t bytes, const char *what)
{
    trace_diagnose(file->diagnostics, "damaged_block", TRACE_DAMAGE,
                   "A part of the file is damaged and was skipped; what it held is missing.",
                   "%s: at offset %" PRIu64 ": %s; %" PRIu64 " bytes skipped", file->path, offset, what,
                   bytes);
}

static bool chunk_plausible(const struct trace_chunk *chunk)
{
    const struct cairn_chunk_head *head = chunk->head;
    return chunk->bytes >= sizeof *head && chunk->bytes <= CAIRN_SLOT_BYTES_MAX && head->thread &&
           head->open_count <= 64 && cairn__chunk_first(head->open_count) <= chunk->bytes / 8;
}

static bool intact_in_trace(const struct trace_chunk *chunk)
{
    return chunk->sealed && !chunk->torn && !chunk->live &&
           trace_block_intact(&chunk->head->block, chunk->bytes);
}

bool trace_file_add_chunk(struct trace_file *file, const struct trace_chunk *chunk)
{
    if (!chunk_plausible(chunk)) {
        damaged_block(file, chunk->offset, chunk->bytes, "the head of this chunk is implausible");
        return true;
    }
    uint64_t *known = map_put(&file->numbers, (struct map_key){chunk->number, 0, 0}, NULL);
    if (!known) return false;
    if (!*known) {
        *known = file->chunks.count + 1;
        return vector_push(&file->chunks, *chunk);
    }
    struct trace_chunk *former = &file->chunks.items[*known - 1];
    bool was_live = former->live;
    /* Joined in, a chunk stands behind the copy that was torn when it was written. */
    bool may_be_torn = former->sealed && file->head.state == CAIRN_STATE_JOINED;
    bool is_better = was_live ? intact_in_trace(chunk) : may_be_torn && !intact_in_trace(former);
    if (is_better) *former = *chunk;
    if (is_better || was_live) return true;
    trace_diagnose(file->diagnostics, "duplicate_chunk", TRACE_DAMAGE,
                   "Two chunks have the same number; only the first is read.",
                   "%s: at offset %" PRIu64 ": chunk %" PRIu64 " is at offset %" PRIu64 " already",
                   file->path, chunk->offset, chunk->number, former->offset);
    return true;
}

/* Whether all of the head is there, with the regions that were open. */
static bool has_head(const struct trace_walk_piece *piece)
{
    const struct cairn_chunk_head *head = (const void *)piece->block;
    return piece->count >= sizeof *head && cairn__chunk_first(head->open_count) <= piece->count / 8;
}

static bool add_events_block(struct trace_file *file, const struct trace_walk_piece *piece)
{
    bool torn = piece->kind == TRACE_PIECE_TORN;
    if (torn && !has_head(piece)) return true; /* there is no event in it */
    if (piece->count < sizeof(struct cairn_chunk_head)) {
        damaged_block(file, piece->offset, piece->count, "this chunk is too short");
        return true;
    }
    const struct cairn_chunk_head *head = (const void *)piece->block;
    struct trace_chunk chunk = {
        .head = head,
        .offset = piece->offset,
        .number = head->block.number,
        .sequence = head->sequence,
        .begin_ticks = head->begin_ticks,
        .end_ticks = head->end_ticks > head->begin_ticks ? head->end_ticks : head->begin_ticks,
        .bytes = (uint32_t)(piece->count < UINT32_MAX ? piece->count & ~(size_t)7 : 0),
        .thread = head->thread,
        .side = head->block.flags & CAIRN_BLOCK_SIDE,
        .sealed = !torn && (head->block.flags & CAIRN_BLOCK_SEALED),
        .torn = torn};
    return trace_file_add_chunk(file, &chunk);
}

/* ---- The blocks -------------------------------------------------------------------------------------- */

static void collect_anchors(struct trace_file *file, const uint8_t *bytes, size_t count)
{
    for (size_t at = 0; at + sizeof(struct cairn_anchor) <= count; at += sizeof(struct cairn_anchor)) {
        trace_anchors_add(&file->anchors, (const void *)(bytes + at));
    }
}

static bool add_records_block(struct trace_file *file, const struct trace_walk_piece *piece)
{
    const struct cairn_block_head *block = piece->block;
    bool sealed = block->flags & CAIRN_BLOCK_SEALED;
    if (piece->kind == TRACE_PIECE_BLOCK && sealed && !trace_block_intact(block, piece->count)) {
        trace_diagnose(file->diagnostics, "checksum", TRACE_DAMAGE,
                       "A block was changed after it was written; it was skipped, what it held is missing.",
                       "%s: at offset %zu: the checksum of this block is wrong", file->path, piece->offset);
        return true;
    }
    const uint8_t *bytes = (const uint8_t *)(block + 1);
    size_t count = piece->count - sizeof *block;
    uint64_t offset = piece->offset + sizeof *block;
    bool torn = piece->kind == TRACE_PIECE_TORN;
    switch (block->kind) {
    case CAIRN_BLOCK_SITES: return trace_sites_collect(file, bytes, count, offset, false, torn);
    case CAIRN_BLOCK_THREADS: return trace_threads_collect(file, bytes, count, offset, false, torn);
    case CAIRN_BLOCK_ANCHORS: collect_anchors(file, bytes, count); return true;
    case CAIRN_BLOCK_TASKS: return trace_open_tasks_collect(file, bytes, count, offset);
    default:
        trace_diagnose(file->diagnostics, "unknown_block", TRACE_NOTE,
                       "The file has blocks that this version does not know; a newer cairn may show more.",
                       "%s: at offset %zu: block of kind %u", file->path, piece->offset, block->kind);
        return true;
    }
}

static bool add_piece(struct trace_file *file, const struct trace_walk_piece *piece)
{
    bool is_rest = piece->kind == TRACE_PIECE_ZEROS && piece->count < sizeof *piece->block;
    if (is_recording(file) ? piece->kind == TRACE_PIECE_ZEROS : is_rest && is_cut_off(file)) return true;
    if (piece->kind == TRACE_PIECE_DAMAGED || piece->kind == TRACE_PIECE_ZEROS) {
        damaged_block(file, piece->offset, piece->count, "no valid block here");
        return true;
    }
    if (piece->kind == TRACE_PIECE_TORN && !file->live_bytes) {
        trace_diagnose(file->diagnostics, "truncated", TRACE_DAMAGE,
                       "The end of the file is missing; what was left of its last block was read.",
                       "%s: at offset %zu: the file ends within this block, after %zu bytes of it",
                       file->path, piece->offset, piece->count);
    }
    return piece->block->kind == CAIRN_BLOCK_EVENTS ? add_events_block(file, piece)
                                                    : add_records_block(file, piece);
}

/* Where the blocks end: a closed file says so. */
static size_t blocks_end(struct trace_file *file)
{
    size_t count = file->mapping.count;
    uint64_t data = file->head.data_bytes;
    if (is_recording(file) || !data) return count;
    size_t room = count - file->head.head_bytes;
    if (data > room) {
        trace_diagnose(file->diagnostics, "truncated", TRACE_DAMAGE,
                       "The end of the file is missing; what was left of its last block was read.",
                       "%s: at offset %zu: the file ends, but %" PRIu64 " bytes should follow", file->path,
                       count, data - room);
        return count;
    }
    if (data < room) {
        trace_diagnose(file->diagnostics, "trailing_bytes", TRACE_WARNING,
                       "Something was appended to the file after it was closed; it is not looked at.",
                       "%s: at offset %" PRIu64 ": %" PRIu64 " bytes behind the end", file->path,
                       file->head.head_bytes + data, room - data);
    }
    return file->head.head_bytes + (size_t)data;
}

static bool walk_blocks(struct trace_file *file)
{
    settle_session(file);
    struct trace_walk walk = {.bytes = file->mapping.bytes,
                              .end = blocks_end(file),
                              .session = file->session,
                              .at = file->head.head_bytes};
    struct trace_walk_piece piece;
    while (trace_walk_next(&walk, &piece)) {
        if (!add_piece(file, &piece)) return false;
    }
    return true;
}

/* ---- Order and numbers --------------------------------------------------------------------------------- */

static int compare(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_chunks(const void *left, const void *right)
{
    const struct trace_chunk *a = left, *b = right;
    if (a->thread != b->thread) return compare(a->thread, b->thread);
    if (a->side != b->side) return a->side ? -1 : 1;
    if (a->sequence != b->sequence) return compare(a->sequence, b->sequence);
    return compare(a->number, b->number);
}

static void index_chunks(struct trace_file *file)
{
    for (size_t i = 0; i < file->chunks.count; i++) {
        uint64_t *index = map_get(&file->numbers, (struct map_key){file->chunks.items[i].number, 0, 0});
        if (index) *index = i + 1;
    }
}

static void sort_chunks(struct trace_file *file)
{
    if (file->chunks.count) {
        qsort(file->chunks.items, file->chunks.count, sizeof *file->chunks.items, compare_chunks);
    }
    index_chunks(file);
}

/* Whether the thread went on behind `before` while it was copied, or in slots that had been passed already. */
static bool is_unconnected(const struct trace_file *file, const struct trace_chunk *before,
                           const struct trace_chunk *chunk, uint64_t until)
{
    if (!chunk->live) return false;
    if (!before) return chunk->sequence && !until;
    bool follows = before->sequence + 1 == chunk->sequence;
    return follows ? before->live && before->growing : !trace_gap_is_expected(file, before, until);
}

void trace_file_cut(struct trace_file *file, const struct trace_thread_table *threads)
{
    struct trace_chunk *items = file->chunks.items;
    size_t kept = 0;
    uint32_t cut_thread = UINT32_MAX; /* whose main chunks are dropped from here on */
    for (size_t i = 0; i < file->chunks.count; i++) {
        struct trace_chunk *chunk = &items[i], *before = kept ? &items[kept - 1] : NULL;
        if (before && (before->thread != chunk->thread || before->side)) before = NULL;
        uint64_t until = threads->items.items[chunk->thread].overwritten_until_ticks;
        if (!chunk->side && cut_thread != chunk->thread && is_unconnected(file, before, chunk, until))
            cut_thread = chunk->thread;
        if (chunk->side || cut_thread != chunk->thread) {
            items[kept++] = *chunk;
            continue;
        }
        map_remove(&file->numbers, (struct map_key){chunk->number, 0, 0});
    }
    file->chunks.count = kept;
    index_chunks(file);
}

uint64_t trace_file_ticks(const struct trace_file *file, uint64_t ticks)
{
    if (!file->own_clock || !ticks || ticks == UINT64_MAX) return ticks;
    int64_t ns = file->by_realtime ? trace_clock_realtime_ns(&file->clock, ticks)
                                   : trace_clock_monotonic_ns(&file->clock, ticks);
    return ns > 0 ? (uint64_t)ns : 0;
}

/* ---- Opening ------------------------------------------------------------------------------------------- */

/* A recording that is stopped just now: what the head speaks of was written before it, and perhaps after the file was
 * measured. So a file that seems too short is measured once more. */
static int map_and_read(struct trace_file *file, struct cairn_error *error)
{
    for (int looks = 0; looks < 2; looks++) {
        os_unmap_file(&file->mapping);
        if (os_map_file(file->path, &file->mapping, error) < 0 || read_head(file, error) < 0) return -1;
        if (!is_cut_off(file)) break;
    }
    return 0;
}

/* While we join, the recording may be stopped, and another one be started in its place. */
static int join_live(struct trace_file *file, struct cairn_error *error)
{
    while (is_recording(file)) {
        if (trace_live_join(file, error) < 0) return -1;
        struct cairn_file_head joined = file->head;
        if (map_and_read(file, error) < 0) return -1;
        if (is_recording(file) && !memcmp(file->head.session, joined.session, sizeof joined.session)) {
            file->head = joined;
            trace_live_tell(file);
            break;
        }
        trace_live_forget(file);
    }
    return 0;
}

int trace_file_open(struct trace_file *file, const char *path, struct cairn_error *error)
{
    file->path = path;
    file->live_path = "";
    file->mapping.fd = file->live.fd = -1;
    if (map_and_read(file, error) < 0 || join_live(file, error) < 0) return -1;
    check_head(file);
    trace_anchors_add(&file->anchors, &file->head.start);
    trace_anchors_add(&file->anchors, &file->head.last);
    if (!walk_blocks(file)) {
        return cairn__error_set(error, CAIRN_ENOMEM, path, CAIRN_ERROR_NOWHERE, "memory ran out");
    }
    sort_chunks(file);
    return 0;
}

void trace_file_close(struct trace_file *file)
{
    vector_free(&file->chunks);
    vector_free(&file->site_sources);
    vector_free(&file->thread_sources);
    vector_free(&file->open_tasks);
    map_free(&file->numbers);
    free(file->sites.items);
    os_unmap_file(&file->mapping);
    os_unmap_file(&file->live);
}
