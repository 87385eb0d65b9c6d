/* The writing of blocks: to the trace, and to snapshots. SPDX-License-Identifier: Apache-2.0
 *
 * Records are gathered in a buffer until it is full, then sealed (size, flag, checksum) and appended. Chunks are blocks
 * already; they are sealed where they are. A writer that has failed once writes nothing more; its code tells why.
 */
#include "format/walk.h"
#include "record/record.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

bool cairn__write_at(struct cairn__writer *writer, const void *bytes, size_t count, uint64_t offset)
{
    int code = EBADF;
    if (!writer->is_trace || cairn__files_hold_trace()) {
        /* Somebody may have truncated or removed it: what is gone cannot be brought back, but it is told. */
        if (writer->is_trace && !cairn__os_is_whole(cairn__session.trace_fd, writer->end))
            cairn__note_error(CAIRN_EIO);
        int fd = writer->is_trace ? cairn__session.trace_fd
                                  : writer->fd; /* the trace may have been opened again */
        code = cairn__os_write_at(fd, bytes, count, offset);
    }
    if (code && !writer->code) writer->code = cairn__error_of(code);
    return code == 0;
}

static bool append(struct cairn__writer *writer, const void *bytes, size_t count)
{
    if (!cairn__write_at(writer, bytes, count, writer->end)) return false;
    writer->end += count;
    return true;
}

/* The flag, which says that the checksum holds, comes last: a chunk may still be in its slot, and a reader may find
 * it there at any instant; I1. */
static void seal_block(struct cairn_block_head *head, uint16_t kind, uint32_t bytes)
{
    head->magic = CAIRN_BLOCK_MAGIC;
    head->bytes = bytes;
    head->kind = kind;
    head->session = cairn__session.head->session[0];
    struct cairn_block_head sealed = *head;
    sealed.flags |= CAIRN_BLOCK_SEALED;
    uint32_t crc = cairn__os_crc32c(0, &sealed.bytes, sizeof sealed - 8);
    head->checksum = cairn__os_crc32c(crc, head + 1, bytes - sizeof sealed);
    atomic_store_release(&head->flags, sealed.flags); /* pairs with the readers of a live file */
}

bool cairn__write_chunk(struct cairn__writer *writer, struct cairn_chunk_head *chunk)
{
    uint32_t bytes = chunk->block.bytes;
    if (bytes < sizeof *chunk ||
        bytes > CAIRN_SLOT_BYTES_MAX) { /* the live file was truncated this very moment */
        if (!writer->code) writer->code = CAIRN_EIO;
        return false;
    }
    seal_block(&chunk->block, CAIRN_BLOCK_EVENTS, bytes);
    return append(writer, chunk, bytes);
}

/* The thread may seal it meanwhile: then there are just more events. What sealing writes is not looked at. */
void cairn__copy_chunk(struct cairn_chunk_head *to, struct cairn_slot_head *slot)
{
    const struct cairn_chunk_head *from = cairn__slot_chunk(slot);
    const uint64_t *in = (const uint64_t *)from;
    uint64_t *out = (uint64_t *)to;
    uint32_t capacity = (slot->slot_bytes - (uint32_t)sizeof *slot) / 8;
    uint32_t at = cairn__chunk_first(from->open_count);
    *to = (struct cairn_chunk_head){.block = {.kind = from->block.kind, .number = from->block.number},
                                    .thread = from->thread,
                                    .open_count = from->open_count,
                                    .sequence = from->sequence,
                                    .begin_ticks = from->begin_ticks,
                                    .task_id = from->task_id,
                                    .task_birth = from->task_birth};
    to->block.flags =
        atomic_load_relaxed(&from->block.flags) & CAIRN_BLOCK_SIDE; /* set before it was listed */
    memcpy(to + 1, from + 1, from->open_count * sizeof(struct cairn_open_region));
    while (at < capacity) {
        uint64_t head = atomic_load_acquire(&in[at]); /* pairs with cairn__write: the payload is there */
        uint32_t words = head ? cairn__event_words(in + at, capacity - at) : 0;
        if (!words) break;
        memcpy(out + at + 1, in + at + 1, (words - 1) * 8);
        out[at] = head;
        at += words;
    }
    to->block.bytes = at * 8;
    /* pairs with cairn__slot_push_sealed: its end is known. If it was open until now there is no later one of its thread. */
    bool is_sealed = atomic_load_acquire(&slot->state) == CAIRN_SLOT_SEALED;
    to->end_ticks = is_sealed ? from->end_ticks : cairn__os_ticks();
}

/* ---- Records ------------------------------------------------------------------------------------------------ */

static void begin_block(struct cairn__writer *writer)
{
    writer->used = sizeof(struct cairn_block_head);
}

static bool flush_block(struct cairn__writer *writer, enum cairn_block_kind kind)
{
    struct cairn_block_head *head = (struct cairn_block_head *)(void *)writer->buffer;
    if (writer->used == sizeof *head) return true;
    memset(head, 0, sizeof *head);
    seal_block(head, (uint16_t)kind, writer->used);
    bool done = append(writer, writer->buffer, writer->used);
    begin_block(writer);
    return done;
}

/* Where a record of this size goes; NULL: what was in the buffer could not be written. */
static uint8_t *room_for(struct cairn__writer *writer, enum cairn_block_kind kind, size_t bytes)
{
    if (writer->used + bytes > CAIRN_BUFFER_BYTES && !flush_block(writer, kind)) return NULL;
    uint8_t *at = writer->buffer + writer->used;
    writer->used += (uint32_t)bytes;
    return at;
}

/* What changes while it is read is read by words: the first, which others may try to swap in vain, and the count of
 * tasks sampled away. */
static void copy_site(uint8_t *to, const struct cairn_site_record *record, uint32_t bytes)
{
    struct cairn_site_record head;
    memcpy(to + sizeof head, record + 1, bytes - sizeof head);
    uint64_t first =
        atomic_load_relaxed((const uint64_t *)(const void *)record); /* set once, before publishing */
    memset(&head, 0, sizeof head);
    memcpy(&head, &first, sizeof first);
    memcpy((uint8_t *)&head + sizeof first, (const uint8_t *)record + sizeof first,
           offsetof(struct cairn_site_record, skipped) - sizeof first);
    head.skipped = atomic_load_relaxed(&record->skipped); /* a count */
    memcpy(to, &head, sizeof head);
}

bool cairn__write_sites(struct cairn__writer *writer, uint64_t *from)
{
    struct cairn__session *session = &cairn__session;
    const uint8_t *area = session->live + session->head->sites_offset;
    uint64_t at = *from, resume = UINT64_MAX;
    begin_block(writer);
    while (at + sizeof(struct cairn_site_record) <=
           atomic_load_relaxed(&session->sites_populated)) { /* grows only */
        const struct cairn_site_record *record = (const void *)(area + at);
        uint32_t bytes = atomic_load_relaxed(&record->bytes); /* set once, with the claim */
        if (!bytes) break;
        if (atomic_load_acquire(&record->flags) & CAIRN_SITE_PUBLISHED) { /* pairs with define */
            uint8_t *to = room_for(writer, CAIRN_BLOCK_SITES, bytes);
            if (!to) return false;
            copy_site(to, record, bytes);
        } else if (at < resume) {
            resume = at;
        }
        at += bytes;
    }
    if (!flush_block(writer, CAIRN_BLOCK_SITES)) return false;
    *from = at < resume ? at : resume;
    return true;
}

bool cairn__write_records(struct cairn__writer *writer, enum cairn_block_kind kind, const void *records,
                          size_t record_bytes, size_t count, bool (*is_there)(const void *record))
{
    begin_block(writer);
    for (const uint8_t *record = records; count; record += record_bytes, count--) {
        if (is_there && !is_there(record)) continue;
        uint8_t *to = room_for(writer, kind, record_bytes);
        if (!to) return false;
        memcpy(to, record, record_bytes);
    }
    return flush_block(writer, kind);
}

bool cairn__is_thread_there(const void *record)
{
    return ((const struct cairn_thread_record *)record)->index != 0; /* 0: it could not be had */
}

bool cairn__is_task_there(const void *record)
{
    const struct cairn_open_task *task = record;
    return task->id && !(task->flags & CAIRN_TASK_ENDED);
}

uint32_t cairn__thread_records(const struct cairn_thread_record **records)
{
    struct cairn__session *session = &cairn__session;
    *records = (const void *)(session->live + session->head->threads_offset);
    /* Behind what could be populated there is nothing, and a touch would be SIGBUS. Relaxed: both only grow. */
    uint64_t populated = atomic_load_relaxed(&session->threads_populated) / sizeof **records;
    uint64_t count = (uint64_t)atomic_load_relaxed(&session->thread_count) + 1;
    return (uint32_t)(count < populated ? count : populated);
}

/* ---- The head ------------------------------------------------------------------------------------------------ */

bool cairn__write_final_head(struct cairn__writer *writer, struct cairn_file_head *head, uint32_t state)
{
    head->flags = 0;
    head->state = state;
    head->data_bytes = writer->end - head->head_bytes;
    head->sites_offset = head->sites_bytes = head->threads_offset = head->threads_bytes = 0;
    head->slots_offset = head->slots_bytes = head->tasks_offset = head->tasks_bytes = 0;
    memset(&head->retiring, 0, sizeof head->retiring);
    head->checksum = cairn__os_crc32c(0, head, offsetof(struct cairn_file_head, checksum));
    return cairn__write_at(writer, head, sizeof *head, 0);
}
