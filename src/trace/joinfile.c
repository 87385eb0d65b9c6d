/* Making one file of the trace and the live file that a killed process left. SPDX-License-Identifier: Apache-2.0
 *
 * 1. Open the trace as a reader does, live file included: that tells which chunks are not in it yet.
 * 2. Append, behind the last block that is whole: what is there of a block that was torn when the process died; the
 *    chunks that lie in the live file, sealed; then all site and thread records of the live file, and the open tasks
 *    of a flight recorder.
 * 3. Flush, then write the head: state JOINED, losses and last anchor from the live file, checksum; flush.
 * 4. Remove the live file.
 *
 * Invariants: until 3 is done the live file has everything, and a reader counts what is in both once; so a crash
 * at any point loses nothing, and joining again finishes the work. A process that is alive keeps its files. A
 * chunk with implausible words is appended whole and unsealed, one whose checksum is wrong with that checksum, so that
 * readers report them as before.
 */
#include "trace/tracefile.h"

#include "cairn/cairn.h"
#include "trace/blockwalk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORDS_BLOCK_BYTES = 65536 }; /* records are gathered up to this size */

struct join {
    const char *path;
    int fd;
    uint64_t end;     /* where the next block goes */
    uint64_t torn_at; /* where the first one goes: on what was torn */
    struct trace_file file;
    struct arena arena;
    struct trace_diagnostics diagnostics;
    struct trace_site_table sites;
    VECTOR(uint8_t) block; /* being put together */
    struct cairn_error *error;
};

static int fail(struct join *join, const char *what)
{
    return cairn__error_set(join->error, CAIRN_EIO, join->path, CAIRN_ERROR_NOWHERE, "%s: %s", what,
                            strerror(errno));
}

static int out_of_memory(struct join *join)
{
    return cairn__error_set(join->error, CAIRN_ENOMEM, join->path, CAIRN_ERROR_NOWHERE, "memory ran out");
}

/* ---- Blocks ------------------------------------------------------------------------------------------ */

static bool append_bytes(struct join *join, const void *bytes, size_t count)
{
    if (!vector_reserve(&join->block, join->block.count + count)) return false;
    memcpy(join->block.items + join->block.count, bytes, count);
    join->block.count += count;
    return true;
}

/* Writes the block that was put together, as it is. */
static int put_block(struct join *join)
{
    errno = cairn__os_write_at(join->fd, join->block.items, join->block.count, join->end);
    if (errno) return fail(join, "cannot be appended to");
    join->end += join->block.count;
    join->block.count = 0;
    return 0;
}

/* Writes it; its head has all but size and checksum. */
static int write_block(struct join *join, bool seal)
{
    struct cairn_block_head head;
    const size_t summed = offsetof(struct cairn_block_head, bytes);
    memcpy(&head, join->block.items, sizeof head);
    head.bytes = (uint32_t)join->block.count;
    head.flags = (uint16_t)(seal ? head.flags | CAIRN_BLOCK_SEALED : head.flags & ~CAIRN_BLOCK_SEALED);
    head.checksum = 0;
    memcpy(join->block.items, &head, sizeof head);
    if (seal) head.checksum = cairn__os_crc32c(0, join->block.items + summed, join->block.count - summed);
    memcpy(join->block.items, &head, sizeof head);
    return put_block(join);
}

static bool begin_records(struct join *join, enum cairn_block_kind kind)
{
    struct cairn_block_head head = {
        .magic = CAIRN_BLOCK_MAGIC, .kind = (uint16_t)kind, .session = join->file.session};
    return append_bytes(join, &head, sizeof head);
}

static int add_record(struct join *join, enum cairn_block_kind kind, const void *record, size_t count)
{
    if (join->block.count && join->block.count + count > RECORDS_BLOCK_BYTES && write_block(join, true) != 0)
        return -1;
    if (!join->block.count && !begin_records(join, kind)) return out_of_memory(join);
    return append_bytes(join, record, count) ? 0 : out_of_memory(join);
}

static bool is_in(const void *at, const uint8_t *bytes, size_t count)
{
    uintptr_t place = (uintptr_t)at, begin = (uintptr_t)bytes;
    return place >= begin && place - begin < count;
}

/* Whether a record is to be appended: one that was torn, or one of the live file. */
static bool is_due(const struct join *join, const void *record, bool torn)
{
    const struct os_mapping *trace = &join->file.mapping, *live = &join->file.live;
    if (!torn) return is_in(record, live->bytes, live->count);
    return join->torn_at < trace->count &&
           is_in(record, trace->bytes + join->torn_at, trace->count - join->torn_at);
}

static int append_sites(struct join *join, bool torn)
{
    for (size_t i = 0; i < join->file.site_sources.count; i++) {
        const struct cairn_site_record *record = join->file.site_sources.items[i].record;
        if (!is_due(join, record, torn)) continue;
        if (add_record(join, CAIRN_BLOCK_SITES, record, record->bytes) != 0) return -1;
    }
    return join->block.count ? write_block(join, true) : 0;
}

/* As the reader takes it: with the counts of the journal, if that holds. */
static int append_thread(struct join *join, const struct cairn_thread_record *record)
{
    const struct cairn_retiring *retiring = join->file.retiring;
    struct cairn_thread_record copy = *record;
    if (retiring && retiring->thread == record->index) {
        memcpy(copy.overwritten, retiring->before, sizeof copy.overwritten);
        copy.overwritten_until_ticks = retiring->before_until_ticks;
    }
    return add_record(join, CAIRN_BLOCK_THREADS, &copy, sizeof copy);
}

static int append_threads(struct join *join, bool torn)
{
    for (size_t i = 0; i < join->file.thread_sources.count; i++) {
        const struct cairn_thread_record *record = join->file.thread_sources.items[i].record;
        if (!record || !is_due(join, record, torn)) continue;
        if (append_thread(join, record) != 0) return -1;
    }
    return join->block.count ? write_block(join, true) : 0;
}

static int append_open_tasks(struct join *join)
{
    for (size_t i = 0; i < join->file.open_tasks.count; i++) {
        const struct cairn_open_task *task = &join->file.open_tasks.items[i].task;
        if (add_record(join, CAIRN_BLOCK_TASKS, task, sizeof *task) != 0) return -1;
    }
    return join->block.count ? write_block(join, true) : 0;
}

/* ---- Chunks ------------------------------------------------------------------------------------------ */

static int append_chunk(struct join *join, struct trace_chunk *chunk)
{
    uint32_t bytes = chunk->bytes;
    bool is_damaged = false, is_changed = false;
    if (chunk->sealed) {
        is_changed = !trace_block_intact(&chunk->head->block, bytes);
    } else {
        trace_chunk_measure(&join->file, &join->sites, chunk);
        const uint64_t *words = (const uint64_t *)chunk->head;
        is_damaged = !chunk->torn && chunk->bytes < bytes && words[chunk->bytes / 8] != 0;
        if (!is_damaged) bytes = chunk->bytes;
    }
    struct cairn_chunk_head head = *chunk->head;
    head.block.session = join->file.session; /* where the head is damaged, not what the live file says */
    if (!is_damaged && !is_changed) head.end_ticks = chunk->end_ticks;
    if (!append_bytes(join, &head, sizeof head)) return out_of_memory(join);
    if (!append_bytes(join, chunk->head + 1, bytes - sizeof head)) return out_of_memory(join);
    return is_changed ? put_block(join) : write_block(join, !is_damaged);
}

static int append_chunks(struct join *join, bool torn)
{
    for (size_t i = 0; i < join->file.chunks.count; i++) {
        struct trace_chunk *chunk = &join->file.chunks.items[i];
        if (torn ? chunk->torn : chunk->live)
            if (append_chunk(join, chunk) != 0) return -1;
    }
    return 0;
}

/* Where to append: behind all but a torn block and zeros at the end. */
static void find_end(struct join *join)
{
    const struct trace_file *file = &join->file;
    struct trace_walk walk = {.bytes = file->mapping.bytes,
                              .end = file->mapping.count,
                              .session = file->session,
                              .at = file->head.head_bytes};
    struct trace_walk_piece piece;
    join->end = file->head.head_bytes;
    while (trace_walk_next(&walk, &piece))
        if (piece.kind == TRACE_PIECE_BLOCK || piece.kind == TRACE_PIECE_DAMAGED)
            join->end = (piece.offset + piece.count + 7) / 8 * 8;
    join->torn_at = join->end;
}

/* ---- The whole --------------------------------------------------------------------------------------- */

/* What was torn, one block, goes first: it lies where the first block is written, and is copied before. */
static int append_all(struct join *join)
{
    find_end(join);
    for (int torn = 1; torn >= 0; torn--) {
        if (append_chunks(join, torn) != 0) return -1;
        if (append_sites(join, torn) != 0 || append_threads(join, torn) != 0) return -1;
    }
    if (append_open_tasks(join) != 0) return -1;
    if (ftruncate(join->fd, (off_t)join->end) != 0 || fdatasync(join->fd) != 0)
        return fail(join, "cannot be flushed");
    return 0;
}

static int write_head(struct join *join)
{
    struct cairn_file_head head = join->file.head;
    head.state = CAIRN_STATE_JOINED;
    head.data_bytes = join->end - head.head_bytes;
    head.sites_offset = head.sites_bytes = head.threads_offset = head.threads_bytes =
        0; /* there are none now */
    head.slots_offset = head.slots_bytes = head.tasks_offset = head.tasks_bytes = 0;
    head.checksum = cairn__os_crc32c(0, &head, offsetof(struct cairn_file_head, checksum));
    errno = cairn__os_write_at(join->fd, &head, sizeof head, 0);
    if (errno || fdatasync(join->fd) != 0) return fail(join, "its head cannot be written");
    return 0;
}

/* Removes the live file, if the path still names the one that was joined. */
static int remove_live(struct join *join)
{
    struct stat mapped, named;
    const char *path = join->file.live_path;
    if (fstat(join->file.live.fd, &mapped) != 0 || lstat(path, &named) != 0) return 0;
    if (mapped.st_dev != named.st_dev || mapped.st_ino != named.st_ino) return 0;
    if (unlink(path) == 0 || errno == ENOENT) return 0;
    return cairn__error_set(join->error, CAIRN_EIO, path, CAIRN_ERROR_NOWHERE,
                            "was joined but cannot be removed: %s", strerror(errno));
}

static const struct trace_diagnostic *finding(const struct join *join, const char *name)
{
    for (uint32_t i = 0; i < join->diagnostics.count; i++)
        if (strcmp(join->diagnostics.items[i].name, name) == 0) return &join->diagnostics.items[i];
    return NULL;
}

static int join_dead(struct join *join)
{
    if (join->file.alive)
        return cairn__error_set(join->error, CAIRN_EBUSY, join->path, CAIRN_ERROR_NOWHERE,
                                "process %" PRIu32
                                " is still recording into it; it can be read, but not joined",
                                join->file.head.pid);
    const struct trace_diagnostic *missing = finding(join, "live_missing");
    if (missing)
        return cairn__error_set(join->error, CAIRN_EIO, join->path, CAIRN_ERROR_NOWHERE,
                                "there is no live file to join: %s. What is in the trace can be read.",
                                missing->example);
    if (!trace_sites_resolve(&join->sites, &join->file)) return out_of_memory(join);
    trace_open_tasks_resolve(&join->file, &join->sites);
    if (append_all(join) != 0 || write_head(join) != 0 || remove_live(join) != 0) return -1;
    return 1;
}

static int lock(struct join *join)
{
    join->fd = open(join->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    if (join->fd < 0 || fstat(join->fd, &status) != 0) return fail(join, "cannot be opened for writing");
    if (!S_ISREG(status.st_mode))
        return cairn__error_set(join->error, CAIRN_EINVAL, join->path, CAIRN_ERROR_NOWHERE,
                                "is not a trace file");
    if (flock(join->fd, LOCK_EX | LOCK_NB) != 0) /* the recorder holds it, and so does who joins */
        return cairn__error_set(join->error, CAIRN_EBUSY, join->path, CAIRN_ERROR_NOWHERE,
                                "a process is still recording into it, or joining it");
    return 0;
}

/* A live file of a trace that is complete: whoever wrote the head died before removing it. */
static int remove_leftover(struct join *join)
{
    const struct cairn_file_head *head = &join->file.head;
    join->file.live_path = head->live_path;
    if (!memchr(head->live_path, 0, sizeof head->live_path) || !*head->live_path) return 0;
    if (os_process_maps_file(head->pid, head->live_path)) return 0;
    if (os_map_file(head->live_path, &join->file.live, NULL) != 0) return 0;
    const struct cairn_file_head *live = (const void *)join->file.live.bytes;
    bool belongs = join->file.live.count >= sizeof *live && memcmp(live->magic, CAIRN_FILE_MAGIC, 8) == 0 &&
                   (live->flags & CAIRN_HEAD_LIVE) && live->session[0] == head->session[0] &&
                   live->session[1] == head->session[1];
    return belongs ? remove_live(join) : 0;
}

static int join_locked(struct join *join)
{
    join->file.arena = &join->arena;
    join->file.diagnostics = &join->diagnostics;
    int result = trace_file_open(&join->file, join->path, join->error);
    if (result == 0)
        result = join->file.head.state == CAIRN_STATE_RECORDING ? join_dead(join) : remove_leftover(join);
    trace_file_close(&join->file);
    return result;
}

int trace_join(const char *path, struct cairn_error *error)
{
    struct join join = {.path = path, .fd = -1, .error = error};
    int result = lock(&join);
    if (result == 0) result = join_locked(&join);
    vector_free(&join.sites.items);
    vector_free(&join.block);
    free(join.diagnostics.items);
    arena_free(&join.arena);
    if (join.fd >= 0) close(join.fd);
    return result;
}
