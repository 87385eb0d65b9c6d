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
#include "record/window.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* Rules: of the helper, or of stop when there is none. */
static struct {
    struct cairn__writer trace;
    struct cairn_anchor anchors[64]; /* not yet in the trace */
    uint32_t anchor_count;
    struct cairn__slot_list chunks; /* taken from the sealed stack */
    uint64_t sites_from;            /* site records from here on are not in the trace */
} drain;

static _Alignas(8) uint8_t buffer[CAIRN_BUFFER_BYTES];

void cairn__drain_reset(void)
{
    memset(&drain, 0, sizeof drain);
    drain.trace = (struct cairn__writer){.is_trace = true, .end = CAIRN_FILE_HEAD_BYTES, .buffer = buffer};
}

void cairn__note_error(int code)
{
    struct cairn_file_head *head = cairn__session.head;
    int32_t none = 0;
    if (atomic_cas_acq_rel(&head->error, &none, (int32_t)code)) head->error_ticks = cairn__os_ticks();
    if (cairn__is_window()) return;                 /* what is retired makes room again */
    atomic_store_relaxed(&cairn__session.full, 1u); /* sticky; a late reader only tries in vain */
}

static void cut_off(void)
{
    if (cairn__files_hold_trace() && ftruncate(cairn__session.trace_fd, (off_t)drain.trace.end)) {
        /* The torn block stays; readers step over it. */
    }
}

/* What did not go into the trace whole is cut off again. */
static bool note(bool done)
{
    if (done) return true;
    cairn__note_error(drain.trace.code);
    drain.trace.code = 0; /* it is tried again */
    cut_off();
    return false;
}

static bool write_anchors(void)
{
    uint32_t count = drain.anchor_count;
    drain.anchor_count = 0;
    return note(cairn__write_records(&drain.trace, CAIRN_BLOCK_ANCHORS, drain.anchors,
                                     sizeof drain.anchors[0], count, NULL));
}

void cairn__note_anchor(void)
{
    struct cairn_file_head *head = cairn__session.head;
    struct cairn_anchor now;
    cairn__os_anchor(&now.ticks, &now.monotonic_ns, &now.realtime_ns);
    atomic_store_relaxed(&head->last.ticks,
                         now.ticks); /* each for itself: a snapshot, which may look, has its own */
    atomic_store_relaxed(&head->last.monotonic_ns, now.monotonic_ns);
    atomic_store_relaxed(&head->last.realtime_ns, now.realtime_ns);
    if (cairn__is_window()) return; /* the first and the last will do: what is between them is soon gone */
    if (drain.anchor_count == sizeof drain.anchors / sizeof drain.anchors[0]) write_anchors();
    drain.anchors[drain.anchor_count++] = now;
    /* The stop writes it again: no error. */
    cairn__write_at(&drain.trace, &head->last, sizeof head->last, offsetof(struct cairn_file_head, last));
    drain.trace.code = 0;
}

/* In the order of their sealing, so that what cannot be written is always the newest. */
static bool write_chunks(void)
{
    if (!drain.chunks.first || !note(cairn__write_sites(&drain.trace, &drain.sites_from))) return false;
    while (drain.chunks.first &&
           note(cairn__write_chunk(&drain.trace, cairn__slot_chunk(drain.chunks.first)))) {
        struct cairn_slot_head *written = drain.chunks.first;
        drain.chunks.first = cairn__slot_at(written->next);
        cairn__slot_clear(written);
        cairn__slot_put_aside(written);
    }
    return !drain.chunks.first;
}

bool cairn__drain(void)
{
    if (atomic_load_relaxed(&cairn__session.live_is_gone)) { /* set once */
        cairn__note_error(CAIRN_EIO);                        /* what goes nowhere is to take no memory */
        return false;
    }
    cairn__slots_take_sealed(&drain.chunks);
    return write_chunks();
}

/* ---- The end ---------------------------------------------------------------------------------------------- */

/* Either is 0 if nothing was lost. */
static void note_lost_between(struct cairn_file_head *head, uint64_t first, uint64_t last)
{
    if (first && (!head->first_lost_ticks || first < head->first_lost_ticks)) head->first_lost_ticks = first;
    if (last > head->last_lost_ticks) head->last_lost_ticks = last;
}

static void count_unwritten_chunk(const struct cairn_chunk_head *chunk, struct cairn_file_head *head)
{
    const uint64_t *words = (const uint64_t *)chunk;
    uint32_t end = chunk->block.bytes / 8;
    uint32_t at = cairn__chunk_first(chunk->open_count);
    for (uint32_t count; at < end && (count = cairn__event_words(words + at, end - at)) != 0; at += count) {
        uint32_t tally = cairn__event_tally(cairn__head_kind(words[at]));
        if (tally < CAIRN_TALLIES) head->lost[tally]++;
    }
    note_lost_between(head, chunk->begin_ticks, chunk->end_ticks);
}

static void count_unwritten(struct cairn_file_head *head)
{
    for (; drain.chunks.first; drain.chunks.first = cairn__slot_at(drain.chunks.first->next)) {
        count_unwritten_chunk(cairn__slot_chunk(drain.chunks.first), head);
    }
}

/* What the threads' records count is told by the head when they cannot be written. False: in a window it cannot tell
 * all, so that the live file must stay. */
static bool write_threads(struct cairn_file_head *head)
{
    const struct cairn_thread_record *threads;
    uint32_t count = cairn__thread_records(&threads);
    uint64_t before = drain.trace.end;
    if (note(cairn__write_records(&drain.trace, CAIRN_BLOCK_THREADS, threads, sizeof *threads, count,
                                  cairn__is_thread_there)))
        return true;
    if (cairn__is_window()) return false;
    drain.trace.end = before; /* none of them, also if there are several blocks */
    cut_off();
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t tally = 0; tally < CAIRN_TALLIES; tally++) head->lost[tally] += threads[i].lost[tally];
        note_lost_between(head, threads[i].first_lost_ticks, threads[i].last_lost_ticks);
    }
    return true;
}

/* What threads hold that were left behind, or that ended between taking a chunk off their stream and sealing it: it is in
 * no list, but its slot is not free. */
static void write_left_open(struct cairn_file_head *head)
{
    struct cairn_chunk_head *copy = NULL;
    struct cairn_slot_head *slot;
    bool all_listed_written = !drain.chunks.first;
    for (uint64_t at = 0; (slot = cairn__slot_next(&at)) != NULL;) {
        uint32_t state = atomic_load_acquire(&slot->state); /* pairs with head_chunk: it has its head */
        if (state == CAIRN_SLOT_FREE || (state == CAIRN_SLOT_SEALED && !all_listed_written)) continue;
        if (!copy) copy = cairn__os_reserve(CAIRN_SLOT_BYTES_MAX);
        if (!copy) break;
        cairn__copy_chunk(copy, slot);
        if (!note(cairn__write_chunk(&drain.trace, copy))) count_unwritten_chunk(copy, head);
    }
    cairn__os_unreserve(copy, CAIRN_SLOT_BYTES_MAX);
}

/* Those of sampled types once more, for their counts are final now. */
static bool write_sampled_sites(void)
{
    uint64_t all = 0;
    return !cairn__session.settings.sample[0] || note(cairn__write_sites(&drain.trace, &all));
}

static void write_other_records(void)
{
    write_sampled_sites();
    write_anchors();
    if (!cairn__is_window()) return;
    uint32_t capacity;
    const struct cairn_open_task *tasks = cairn__opentasks(&capacity);
    note(cairn__write_records(&drain.trace, CAIRN_BLOCK_TASKS, tasks, sizeof *tasks, capacity,
                              cairn__is_task_there));
}

bool cairn__drain_finish(void)
{
    if (atomic_load_relaxed(&cairn__session.live_is_gone) ||
        !cairn__files_hold_trace()) { /* nobody else is there */
        cairn__note_error(CAIRN_EIO);
        return false;
    }
    cairn__note_anchor();
    if (cairn__is_window() && !cairn__window_finish(&drain.chunks)) {
        cairn__note_error(CAIRN_EIO); /* the live file has it all, and can be joined */
        return false;
    }
    if (!cairn__drain() && drain.chunks.first)
        cairn__drain(); /* what failed once may succeed: signals, quotas */
    note(cairn__write_sites(&drain.trace, &drain.sites_from));
    /* Into the trace's head alone: if that cannot be written, the live file stays, and nothing of it is lost. */
    struct cairn_file_head final = *cairn__session.head;
    write_left_open(&final);
    count_unwritten(&final);
    if (!write_threads(&final)) return false;
    write_other_records();
    final.error = cairn__session.head->error;
    final.error_ticks = cairn__session.head->error_ticks;
    return note(cairn__write_final_head(&drain.trace, &final, CAIRN_STATE_STOPPED));
}
