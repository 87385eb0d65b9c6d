/* Everything rare behind the emit path: first use, signal handlers, chunk turnover, losses.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A stream comes here when `position + words > limit`, which has these causes, tried in this order:
 *
 *   1. The gate is closed (a stop): the event is after the end. Nothing is counted.
 *   2. The thread has not taken part in this session yet: it joins, all its state is forgotten.
 *   3. Only ends are taken any more (the limit or the disk is full): begins are lost; an end goes into what
 *      is left of the chunk, or into a small new one from what was held back for it.
 *   4. The chunk is full, or there is none: it is sealed and a new one taken, of the next tier, or as large as
 *      the event needs.
 *
 * A signal handler that interrupts an event finds `busy` set and writes to a side stream, of which there is
 * one per nesting level. Its first event behind an interruption says where that was. Side streams take no part
 * in the thread's open regions: those may be half changed.
 *
 * All of it may run in a signal handler: no lock, no malloc, errno kept.
 */
#include "record/emit.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

enum { ENDS_SPARE_BYTES = 65536 }; /* beyond the limit, for ends: so that the smallest limit has any */

/* ---- Losses ------------------------------------------------------------------------------------------- */

void cairn__count_lost(struct cairn__thread *thread, enum cairn_tally tally, uint64_t count)
{
    /* Pairs with the release in start_session. What happens after a stop is not lost but behind the end. */
    if (!count || !atomic_load_acquire(&cairn__gate.open)) return;
    /* Who has no record is not waited for by a stop; the mapping stays until the next one. Relaxed: as the gate. */
    struct cairn_file_head *head = atomic_load_relaxed(&cairn__session.head);
    if (!head) return;
    uint64_t now = cairn__os_ticks();
    bool joined = thread && thread->generation == cairn__generation();
    struct cairn_thread_record *record = joined ? thread->record : NULL;
    uint64_t *lost = record ? record->lost : head->lost;
    uint64_t *first = record ? &record->first_lost_ticks : &head->first_lost_ticks;
    uint64_t *last = record ? &record->last_lost_ticks : &head->last_lost_ticks;
    /* Relaxed: counts and marks of their own; atomic because of handlers, and of heads shared by threads. */
    atomic_add_relaxed(&lost[tally], count);
    if (!atomic_load_relaxed(first)) atomic_store_relaxed(first, now);
    atomic_store_relaxed(last, now);
}

static uint64_t before_start[CAIRN_TALLY_SLOTS]; /* Atomic. */

void cairn__count_before_start(enum cairn_tally tally)
{
    if (tally < CAIRN_TALLIES) atomic_add_relaxed(&before_start[tally], 1); /* a count */
}

void cairn__count_those_before_start(void)
{
    struct cairn_file_head *head = cairn__session.head;
    for (uint32_t i = 0; i < CAIRN_TALLIES; i++) {
        uint64_t count = atomic_exchange_acq_rel(&before_start[i], (uint64_t)0); /* a count, as the next */
        atomic_add_relaxed(&head->lost[i], count);
        if (!count) continue;
        atomic_store_relaxed(&head->first_lost_ticks, head->start.ticks); /* as in cairn__count_lost */
        if (!atomic_load_relaxed(&head->last_lost_ticks))
            atomic_store_relaxed(&head->last_lost_ticks, head->start.ticks);
    }
}

void cairn__forget_those_before_start(void)
{
    for (uint32_t i = 0; i < CAIRN_TALLIES; i++)
        atomic_store_relaxed(&before_start[i], (uint64_t)0); /* as above */
}

static bool is_end(enum cairn_tally tally)
{
    return tally == CAIRN_TALLY_TASK_END || tally == CAIRN_TALLY_TASK_FAIL || tally == CAIRN_TALLY_REGION_END;
}

/* ---- Entering ------------------------------------------------------------------------------------------ */

void cairn__reset_thread(struct cairn__thread *thread)
{
    struct cairn__stream *streams[1 + CAIRN_SIDE_STREAMS] = {&thread->main, &thread->side[0],
                                                             &thread->side[1]};
    for (uint32_t i = 0; i <= CAIRN_SIDE_STREAMS; i++) {
        atomic_store_relaxed(&streams[i]->limit, (uint64_t *)NULL); /* a stop may be storing the same */
        memset(&streams[i]->position, 0, sizeof *streams[i] - offsetof(struct cairn__stream, position));
        streams[i]->level = i;
    }
    for (uint32_t i = 0; i < CAIRN_OPEN_REGIONS; i++) thread->open[i].place = CAIRN_PLACE_CLOSED;
    thread->top = 0;
    thread->record = NULL;
}

static struct cairn__stream *enter_new_thread(struct cairn__thread **thread, enum cairn_tally tally)
{
    /* Pairs with the release in start_session: what the first start of all sets up is there. After a stop the event
     * is behind the end. */
    if (!atomic_load_acquire(&cairn__gate.open) && !cairn__knock(tally)) return NULL;
    struct cairn__thread *taken = cairn__thread_take();
    if (!taken) {
        cairn__count_lost(NULL, tally, 1);
        return NULL;
    }
    cairn__local.thread = taken;
    atomic_store_relaxed(&taken->busy, 1); /* as in cairn__enter */
    atomic_fence_signal();
    *thread = taken;
    return &taken->main;
}

/* The place in the outer stream at which the present handler interrupted it. */
static uint64_t interrupted_place(const struct cairn__thread *thread, uint32_t level)
{
    const struct cairn__stream *outer = level == 1 ? &thread->main : &thread->side[level - 2];
    return outer->place_base + ((uintptr_t)outer->position >> 3);
}

static void note_interruption(struct cairn__thread *thread, struct cairn__stream *side)
{
    uint64_t place = interrupted_place(thread, side->level);
    if (place == side->interrupted && side->chunk) return;
    uint64_t *at = cairn__room(thread, side, 2, CAIRN_TALLY_NONE);
    if (!at) return;
    uint64_t now = cairn__os_ticks();
    at = cairn__time(side, at, now);
    at[1] = place;
    cairn__write(side, at, cairn__head(CAIRN_EVENT_INTERRUPT, 0, now), 2);
    side->interrupted = place;
}

CAIRN_COLD struct cairn__stream *cairn__enter_rare(struct cairn__thread **thread, enum cairn_tally tally)
{
    struct cairn__thread *t = cairn__local.thread;
    if (t == &cairn__nobody) return enter_new_thread(thread, tally);
    uint32_t level = t->busy;
    /* The thread is within its first event of a session, before it has taken part. */
    bool unready = t->generation != cairn__generation() || !t->record;
    if (level > CAIRN_SIDE_STREAMS || unready) {
        cairn__count_lost(NULL, tally, 1);
        return NULL;
    }
    atomic_store_relaxed(&t->busy, level + 1); /* as in cairn__enter */
    atomic_fence_signal();
    struct cairn__stream *side = &t->side[level - 1];
    note_interruption(t, side);
    *thread = t;
    return side;
}

/* ---- Chunks -------------------------------------------------------------------------------------------- */

void cairn__seal(struct cairn__stream *stream)
{
    struct cairn_chunk_head *chunk = stream->chunk;
    if (!chunk) return;
    struct cairn_slot_head *slot = (struct cairn_slot_head *)chunk - 1;
    uint32_t used = (uint32_t)((uint8_t *)stream->position - (uint8_t *)chunk);
    chunk->end_ticks = cairn__os_ticks();
    chunk->block.bytes = used;
    stream->chunk = NULL;
    /* relaxed: sums that are only estimates for others */
    atomic_add_relaxed(&cairn__session.granted, (uint64_t)used - slot->slot_bytes);
    atomic_add_relaxed(&cairn__session.open_bytes, -(uint64_t)slot->slot_bytes);
    atomic_add_relaxed(&cairn__session.open_tasks, stream->open_tasks);
    stream->open_tasks = 0;
    cairn__slot_push_sealed(slot);
}

/* What a chunk for an event of so many words takes at most. */
static uint64_t slot_need(uint64_t words)
{
    return sizeof(struct cairn_slot_head) + sizeof(struct cairn_chunk_head) +
           CAIRN_OPEN_REGIONS * sizeof(struct cairn_open_region) + (words + CAIRN_SLACK_WORDS) * 8;
}

/* The tier for a stream's next chunk: the one behind the last, up to the session's largest; more if the event needs
 * it. A side stream stays small, and so do all while many threads hold chunks. */
static uint32_t next_tier(const struct cairn__stream *stream, uint64_t words, bool only_ends)
{
    struct cairn__session *session = &cairn__session;
    uint32_t tier = only_ends || stream->level ? 0 : (uint32_t)(stream->sequence < 8 ? stream->sequence : 8);
    if (tier > session->tier_max) tier = session->tier_max;
    /* What threads hold stays under an eighth of the limit, or of the window. Relaxed: an estimate. */
    uint64_t held = atomic_load_relaxed(&session->open_bytes);
    uint64_t most = (cairn__is_window() ? session->soft_bytes : session->settings.limit_bytes) / 8;
    while (tier && held + cairn__slot_bytes(tier) > most) tier--;
    while (tier < CAIRN_TIERS - 1 && cairn__slot_bytes(tier) < slot_need(words)) tier++;
    return tier;
}

/* Takes a claim back, as modular arithmetic has it also a negative one. */
static void unclaim_growth(uint64_t slot_bytes)
{
    atomic_add_relaxed(&cairn__session.granted, -slot_bytes); /* as in claim_growth */
    atomic_add_relaxed(&cairn__session.open_bytes, -slot_bytes);
}

/* Claims room for a chunk: always for ends, while there is anything; for the rest only if room remains for the ends of
 * all that is open. Once refused, always refused: what is dropped is the newest. Relaxed throughout: sums of
 * their own; that several threads claim at once is seen by each in what the addition returns. */
static bool claim_growth(uint64_t slot_bytes, bool only_ends)
{
    struct cairn__session *session = &cairn__session;
    uint64_t limit = session->settings.limit_bytes;
    if (atomic_load_relaxed(&session->live_is_gone)) { /* set once: what goes nowhere is to take no memory */
        atomic_store_relaxed(&session->full, 1u);
        return false;
    }
    if (cairn__is_window()) { /* there is no limit: the oldest make room */
        atomic_add_relaxed(&session->open_bytes, slot_bytes);
        return true;
    }
    uint64_t granted = atomic_add_relaxed(&session->granted, slot_bytes) + slot_bytes;
    uint64_t open_bytes = atomic_add_relaxed(&session->open_bytes, slot_bytes) + slot_bytes;
    if (only_ends && granted <= limit + limit / 8 + ENDS_SPARE_BYTES) return true;
    int64_t open_tasks = atomic_load_relaxed(&session->open_tasks);
    uint64_t for_ends = (open_tasks > 0 ? (uint64_t)open_tasks * 24 : 0) + 2 * open_bytes;
    bool full = atomic_load_relaxed(&session->full) || granted + for_ends > limit;
    if (!only_ends && !full) return true;
    unclaim_growth(slot_bytes);
    if (!only_ends) atomic_store_relaxed(&session->full, 1);
    return false;
}

static void write_open_regions(const struct cairn__thread *thread, struct cairn_chunk_head *chunk)
{
    struct cairn_open_region *open = (struct cairn_open_region *)(chunk + 1);
    uint32_t first = thread->top / sizeof(struct cairn_open_region);
    for (uint32_t i = 0; i < CAIRN_OPEN_REGIONS; i++) { /* oldest first */
        const struct cairn_open_region *region = &thread->open[(first + i) % CAIRN_OPEN_REGIONS];
        if (region->place != CAIRN_PLACE_CLOSED) open[chunk->open_count++] = *region;
    }
}

uint64_t cairn__next_block(void)
{
    static uint64_t last; /* of the process, over all sessions. Atomic. */
    /* A snapshot, which takes a number, sees what was done before all smaller ones were taken. */
    return atomic_add_acq_rel(&last, 1) + 1;
}

/* Remembers that the chunk has named a task, if TASK_AGAIN could: the id must be of this round, and sampled. */
static void note_seen(struct cairn__stream *stream, uint64_t id)
{
    uint64_t round =
        atomic_load_relaxed(&cairn__session.round); /* of the session that the thread has joined */
    if (id >> CAIRN_ID_UNSAMPLED_SHIFT == round << 1) stream->seen[id % CAIRN_SEEN_TASKS] = id;
}

static void set_epoch(struct cairn__stream *stream, uint64_t now)
{
    stream->epoch = (uint32_t)(now >> CAIRN_EPOCH_SHIFT);
    bool quick = cairn__os_clock != CAIRN_CLOCK_MONOTONIC;
    stream->quick_epoch = quick ? stream->epoch : CAIRN_EPOCH_NEVER;
}

static void head_chunk(struct cairn__thread *thread, struct cairn__stream *stream,
                       struct cairn_slot_head *slot)
{
    struct cairn_chunk_head *chunk = (struct cairn_chunk_head *)(slot + 1);
    bool main = stream == &thread->main;
    uint64_t now = cairn__os_ticks();
    chunk->block.kind = CAIRN_BLOCK_EVENTS;
    chunk->block.flags = main ? 0 : CAIRN_BLOCK_SIDE;
    chunk->block.number = cairn__next_block();
    chunk->block.session = cairn__session.head->session[0];
    chunk->thread = thread->record->index;
    chunk->sequence = stream->sequence++;
    chunk->begin_ticks = now;
    chunk->task_id = stream->task_id;
    chunk->task_birth = stream->task_birth;
    if (main) write_open_regions(thread, chunk);
    /* release: a chunk with a magic number has its head; I1 */
    atomic_store_release(&chunk->block.magic, CAIRN_BLOCK_MAGIC);
    atomic_store_release(&slot->state, (uint32_t)CAIRN_SLOT_OPEN);
}

static void use_chunk(struct cairn__stream *stream, struct cairn_slot_head *slot)
{
    struct cairn_chunk_head *chunk = (struct cairn_chunk_head *)(slot + 1);
    memset(stream->seen, 0, sizeof stream->seen);
    stream->seen[0] = UINT64_MAX; /* stands in another cell: so that 0, the background, is never seen here */
    note_seen(stream, stream->task_id);
    stream->chunk = chunk;
    stream->position = (uint64_t *)((struct cairn_open_region *)(chunk + 1) + chunk->open_count);
    stream->end = (uint64_t *)((uint8_t *)slot + slot->slot_bytes);
    set_epoch(stream, chunk->begin_ticks);
    stream->place_base = (chunk->block.number << CAIRN_PLACE_BLOCK_SHIFT) - ((uintptr_t)chunk >> 3);
}

/* Opens the way to the chunk's room, unless a stop has begun meanwhile. Pairs with close_limits: either we see the
 * gate closed, or it sees our limit and takes it back; I4. */
static bool open_limit(struct cairn__stream *stream, bool only_ends)
{
    if (!only_ends)
        atomic_store_relaxed(&stream->limit, stream->end - CAIRN_SLACK_WORDS); /* ordered by the fence */
    atomic_fence_seq_cst();
    if (atomic_load_relaxed(&cairn__gate.open)) return true; /* relaxed: ordered by the fence */
    atomic_store_relaxed(&stream->limit, (uint64_t *)NULL);
    return false;
}

static bool new_chunk(struct cairn__thread *thread, struct cairn__stream *stream, uint64_t words,
                      bool only_ends)
{
    uint32_t tier = next_tier(stream, words, only_ends);
    struct cairn_slot_head *slot = NULL;
    while (claim_growth(cairn__slot_bytes(tier), only_ends)) {
        slot = cairn__slot_take(tier);
        if (slot) break;
        unclaim_growth(cairn__slot_bytes(tier));
        /* In a window a burst of new threads may have taken all there is in small ones: then these must do. */
        if (!cairn__is_window() || !tier || cairn__slot_bytes(tier - 1) < slot_need(words)) return false;
        tier--;
    }
    if (!slot) return false;
    atomic_store_relaxed(&stream->limit, (uint64_t *)NULL); /* nobody may write while the chunks change */
    /* In this order: a window forgets sealed chunks, and the new one's head tells which regions are open. */
    head_chunk(thread, stream, slot);
    cairn__seal(stream);
    use_chunk(stream, slot);
    return true;
}

/* ---- Room ---------------------------------------------------------------------------------------------- */

static bool join_session(struct cairn__thread *thread)
{
    if (thread->generation == cairn__generation() && thread->record) return true;
    /* Until the record is set, which is last, a handler that interrupts us finds the thread not ready. */
    cairn__reset_thread(thread);
    thread->generation = cairn__generation();
    cairn__choices_for_thread(thread);
    cairn__thread_join_session(thread);
    return thread->record != NULL;
}

static uint64_t *room_for_end(struct cairn__thread *thread, struct cairn__stream *stream, uint64_t words)
{
    if (stream->chunk && stream->position + words + CAIRN_SLACK_WORDS <= stream->end) return stream->position;
    return new_chunk(thread, stream, words, true) && open_limit(stream, true) ? stream->position : NULL;
}

static uint64_t *find_room(struct cairn__thread *thread, struct cairn__stream *stream, uint64_t words,
                           enum cairn_tally tally)
{
    if (!join_session(thread)) return NULL;
    uint64_t *limit = atomic_load_relaxed(&stream->limit); /* as in cairn__room */
    if (limit && stream->chunk && stream->position + words <= limit) return stream->position;
    if (!atomic_load_relaxed(&cairn__session.full) && new_chunk(thread, stream, words, false)) { /* a hint */
        bool fits = stream->position + words + CAIRN_SLACK_WORDS <= stream->end;
        return open_limit(stream, false) && fits ? stream->position : NULL;
    }
    /* From here on every event comes by. In a window there may be memory again for the next one. */
    if (atomic_load_relaxed(&cairn__session.full)) atomic_store_relaxed(&stream->limit, (uint64_t *)NULL);
    return is_end(tally) ? room_for_end(thread, stream, words) : NULL;
}

CAIRN_COLD uint64_t *cairn__room_rare(struct cairn__thread *thread, struct cairn__stream *stream,
                                      uint64_t words, enum cairn_tally tally)
{
    if (!atomic_load_acquire(&cairn__gate.open)) { /* pairs with the release in start_session */
        cairn__knock(tally);
        return NULL;
    }
    if (!cairn__session.has_helper) cairn__knock(tally); /* else it looks for requests */
    int error = errno;
    uint64_t *at = find_room(thread, stream, words, tally);
    /* After a stop that began meanwhile the event is behind the end: not lost. Relaxed: a hint. */
    if (!at && tally != CAIRN_TALLY_NONE && atomic_load_relaxed(&cairn__gate.open)) {
        cairn__count_lost(thread, tally, 1);
    }
    errno = error;
    return at;
}

/* ---- Sites, times, tasks, serials ------------------------------------------------------------------------ */

CAIRN_COLD uint32_t cairn__site_rare(cairn_i_site *site)
{
    if (!atomic_load_acquire(&cairn__gate.open)) return CAIRN_SITE_OTHER; /* as above; room will say no */
    int error = errno;
    uint32_t number = cairn__site_number(site);
    atomic_store_release(&site->number, number); /* pairs with the acquire in cairn__site */
    bool is_off = cairn__is_switched_off(number);
    errno = error;
    return is_off ? 0 : number;
}

CAIRN_COLD uint64_t *cairn__time_event(struct cairn__stream *stream, uint64_t *at, uint64_t now)
{
    at[1] = now;
    cairn__write(stream, at, cairn__head(CAIRN_EVENT_TIME, 0, now), 2);
    set_epoch(stream, now);
    return at + 2;
}

uint64_t *cairn__task_event(struct cairn__stream *stream, uint64_t *at, cairn_task task, uint64_t now)
{
    bool named = stream->seen[task.id % CAIRN_SEEN_TASKS] == task.id;
    uint64_t words = named ? 1 : 3;
    if (named) {
        cairn__write(stream, at, cairn__again(task.id), words);
    } else {
        at[1] = task.id;
        at[2] = task.birth;
        cairn__write(stream, at, cairn__head(CAIRN_EVENT_TASK, 0, now), words);
        note_seen(stream, task.id);
    }
    cairn__set_state(stream, task);
    return at + words;
}

CAIRN_COLD void cairn__new_serials(struct cairn__stream *stream)
{
    /* Of the process, over all sessions, so that an id alone names a task until 2^36 of them have been. Atomic. */
    static uint64_t next = 1;
    uint64_t mask = ((uint64_t)1 << CAIRN_ID_SERIAL_BITS) - 1;
    do {
        stream->serial =
            atomic_add_relaxed(&next, CAIRN_SERIAL_BLOCK) & mask; /* relaxed: only uniqueness matters */
        stream->serial_end = stream->serial + CAIRN_SERIAL_BLOCK;
    } while (stream->serial_end > mask);
}
