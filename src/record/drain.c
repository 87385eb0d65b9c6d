/* From the live file to the trace file. SPDX-License-Identifier: Apache-2.0
 *
 *   1. Take the whole stack of sealed chunks, oldest first.
 *   2. Write the site records that came since: every site that these chunks use is among them.
 *   3. Seal each chunk for good (flag, checksum) and write it.
 *   4. Only then zero its slot and hand it out again: at every instant it is whole in one of the files.
 *
 * If a write fails, the trace is cut back to its last whole block, the error is noted, and no new chunks are granted;
 * what then lies in the live file is tried again, and counted as lost if it still cannot be written at the stop.
 */
#include "format/walk.h"
#include "record/record.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* ---- Writing -------------------------------------------------------------------------------------------- */

/* Rules: of the helper, or of stop when there is none. */
static struct {
    struct cairn_anchor anchors[64]; /* not yet in the trace */
    uint32_t anchor_count;
    struct cairn_slot_head *first,
        *last; /* chunks taken from the sealed stack, oldest first; linked as there */
} pending;

void cairn__drain_reset(void)
{
    memset(&pending, 0, sizeof pending); /* a forked child has its parent's */
}

static int write_trace(const void *bytes, size_t count, uint64_t offset)
{
    struct cairn__session *session = &cairn__session;
    if (!cairn__files_hold_trace()) return EBADF;
    return cairn__os_write_at(session->trace_fd, bytes, count, offset);
}

static bool append(const void *bytes, size_t count)
{
    struct cairn__session *session = &cairn__session;
    int code = write_trace(bytes, count, session->trace_end);
    if (!code) {
        session->trace_end += count;
        return true;
    }
    cairn__note_error(cairn__error_of(code));
    if (cairn__files_hold_trace() && ftruncate(session->trace_fd, (off_t)session->trace_end)) {
        /* The torn block stays; readers step over it. */
    }
    return false;
}

/* The flag, which says that the checksum holds, comes last: a chunk is still in its slot, and a reader may find it
 * there at any instant; I1. */
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

void cairn__note_error(int code)
{
    struct cairn_file_head *head = cairn__session.head;
    int32_t none = 0;
    if (atomic_cas_acq_rel(&head->error, &none, (int32_t)code)) head->error_ticks = cairn__os_ticks();
    atomic_store_relaxed(&cairn__session.full, 1u); /* sticky; a late reader only tries in vain */
}

/* ---- Sites, threads, anchors ------------------------------------------------------------------------------ */

enum { BUFFER_BYTES = 131072 };

static _Alignas(8) uint8_t buffer[BUFFER_BYTES]; /* a block being put together. Rules: as `pending` */

static bool flush_block(uint16_t kind, uint32_t *used)
{
    struct cairn_block_head *head = (struct cairn_block_head *)buffer;
    if (*used == sizeof *head) return true;
    memset(head, 0, sizeof *head);
    seal_block(head, kind, *used);
    bool done = append(buffer, *used);
    *used = sizeof *head;
    return done;
}

/* The first word apart: whoever looks for room may still try to swap it, in vain. */
static void copy_record(uint8_t *to, struct cairn_site_record *record, uint32_t bytes)
{
    uint64_t first = atomic_load_relaxed((uint64_t *)record); /* set once, before it was published */
    memcpy(to, &first, sizeof first);
    memcpy(to + sizeof first, (const uint8_t *)record + sizeof first, bytes - sizeof first);
}

/* Copies the site records from where the last call left off. One that is still being filled is copied by a later
 * call, and with it again all behind it: readers take the first of equal ones. */
static bool write_sites(void)
{
    struct cairn__session *session = &cairn__session;
    const uint8_t *area = session->live + session->head->sites_offset;
    uint64_t at = session->sites_drained, resume = UINT64_MAX;
    uint32_t used = sizeof(struct cairn_block_head);
    while (at + sizeof(struct cairn_site_record) <=
           atomic_load_relaxed(&session->sites_populated)) { /* grows only */
        struct cairn_site_record *record = (struct cairn_site_record *)(uintptr_t)(area + at);
        uint32_t bytes = atomic_load_relaxed(&record->bytes); /* set once, with the claim */
        if (!bytes) break;
        if (atomic_load_acquire(&record->flags) & CAIRN_SITE_PUBLISHED) { /* pairs with define */
            if (used + bytes > BUFFER_BYTES && !flush_block(CAIRN_BLOCK_SITES, &used)) return false;
            copy_record(buffer + used, record, bytes);
            used += bytes;
        } else if (at < resume) {
            resume = at;
        }
        at += bytes;
    }
    if (!flush_block(CAIRN_BLOCK_SITES, &used)) return false;
    session->sites_drained = at < resume ? at : resume;
    return true;
}

static bool write_threads(void)
{
    struct cairn__session *session = &cairn__session;
    const struct cairn_thread_record *records =
        (const struct cairn_thread_record *)(session->live + session->head->threads_offset);
    /* Nobody joins any more. Behind what could be populated there is nothing, and a touch would be SIGBUS. */
    uint32_t count = atomic_load_relaxed(&session->thread_count);
    uint64_t populated = atomic_load_relaxed(&session->threads_populated) / sizeof *records;
    uint32_t used = sizeof(struct cairn_block_head);
    for (uint32_t i = 1; i <= count && i < populated; i++) {
        if (!records[i].index) continue; /* populating failed */
        if (used + sizeof records[i] > BUFFER_BYTES && !flush_block(CAIRN_BLOCK_THREADS, &used)) return false;
        memcpy(buffer + used, &records[i], sizeof records[i]);
        used += sizeof records[i];
    }
    return flush_block(CAIRN_BLOCK_THREADS, &used);
}

static bool write_anchors(void)
{
    uint32_t used = sizeof(struct cairn_block_head);
    uint32_t bytes = pending.anchor_count * (uint32_t)sizeof pending.anchors[0];
    memcpy(buffer + used, pending.anchors, bytes);
    used += bytes;
    pending.anchor_count = 0;
    return flush_block(CAIRN_BLOCK_ANCHORS, &used);
}

void cairn__note_anchor(void)
{
    struct cairn_file_head *head = cairn__session.head;
    struct cairn_anchor now;
    cairn__os_anchor(&now.ticks, &now.monotonic_ns, &now.realtime_ns);
    if (pending.anchor_count == sizeof pending.anchors / sizeof pending.anchors[0]) write_anchors();
    pending.anchors[pending.anchor_count++] = now;
    head->last = now;
    write_trace(&head->last, sizeof head->last,
                offsetof(struct cairn_file_head, last)); /* the stop writes it again */
}

/* ---- Chunks ----------------------------------------------------------------------------------------------- */

static struct cairn_chunk_head *chunk_of(struct cairn_slot_head *slot)
{
    return (struct cairn_chunk_head *)(slot + 1);
}

static bool write_chunk(struct cairn_chunk_head *chunk)
{
    seal_block(&chunk->block, CAIRN_BLOCK_EVENTS, chunk->block.bytes);
    return append(chunk, chunk->block.bytes);
}

static void take_sealed(void)
{
    struct cairn_slot_head *slot = cairn__slot_pop_sealed();
    if (!slot) return;
    if (pending.first)
        pending.last->reserved_words[0] = cairn__slot_link(slot);
    else
        pending.first = slot;
    while (slot) {
        pending.last = slot;
        slot = cairn__slot_at(slot->reserved_words[0]);
    }
}

/* In the order of their sealing, so that what cannot be written is always the newest. */
bool cairn__drain(void)
{
    take_sealed();
    if (!pending.first || !write_sites()) return false;
    while (pending.first && write_chunk(chunk_of(pending.first))) {
        struct cairn_slot_head *written = pending.first;
        pending.first = cairn__slot_at(written->reserved_words[0]);
        cairn__slot_recycle(written);
    }
    return !pending.first;
}

/* ---- The end ---------------------------------------------------------------------------------------------- */

static void count_unwritten_chunk(const struct cairn_chunk_head *chunk, struct cairn_file_head *head)
{
    const uint64_t *words = (const uint64_t *)chunk;
    uint32_t end = chunk->block.bytes / 8;
    uint32_t at = cairn__chunk_first(chunk->open_count);
    for (uint32_t count; at < end && (count = cairn__event_words(words + at, end - at)) != 0; at += count) {
        uint32_t tally = cairn__event_tally(cairn__head_kind(words[at]));
        if (tally < CAIRN_TALLIES) head->lost[tally]++;
    }
    if (!head->first_lost_ticks || chunk->begin_ticks < head->first_lost_ticks) {
        head->first_lost_ticks = chunk->begin_ticks;
    }
    if (chunk->end_ticks > head->last_lost_ticks) head->last_lost_ticks = chunk->end_ticks;
}

static void count_unwritten(void)
{
    for (; pending.first; pending.first = cairn__slot_at(pending.first->reserved_words[0])) {
        count_unwritten_chunk(chunk_of(pending.first), cairn__session.head);
    }
}

bool cairn__drain_finish(void)
{
    struct cairn__session *session = &cairn__session;
    struct cairn_file_head *head = session->head;
    if (!cairn__files_hold_trace()) {
        cairn__note_error(CAIRN_EIO);
        return false;
    }
    cairn__note_anchor();
    cairn__drain();
    write_sites();
    count_unwritten();
    write_threads();
    write_anchors();
    struct cairn_file_head *final = (struct cairn_file_head *)buffer;
    *final = *head;
    final->flags = 0;
    final->state = CAIRN_STATE_STOPPED;
    final->data_bytes = session->trace_end - final->head_bytes;
    final->sites_offset = final->sites_bytes = final->threads_offset = final->threads_bytes = 0;
    final->slots_offset = final->slots_bytes = 0;
    final->checksum = cairn__os_crc32c(0, final, offsetof(struct cairn_file_head, checksum));
    int code = write_trace(final, sizeof *final, 0);
    if (code) cairn__note_error(cairn__error_of(code));
    return code == 0;
}
