/* The flight recorder's window: sealed chunks are kept, the oldest retired for their memory.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   sealed stack ──► [raw] ──take in──► [taken] ──► [ kept: oldest .. newest ] ──retire──► zeroed slot
 *                           counts it                            │  counts it as overwritten
 *                           notes tasks that begin, end          └── a snapshot copies (snapshot.c)
 *
 *   1. Take in: walk each sealed chunk once: count its events per tally, and tell tasktable.c of begins and ends.
 *   2. Retire the oldest: add its counts to its thread's record, set the slot free; then, without any lock, zero it. The
 *      journal in the head makes the first two one step for whoever reads the file after our death; I15.
 *
 * The helper does so in time. A thread that finds no slot ready does it itself. Each half has its lock: the intake (raw,
 * taken, open tasks), which is held for long, and the store (kept, slots put aside, counts), which is held for some
 * hundred nanoseconds. Annotations only try either: who does not get the store takes memory beyond the window, of which
 * there is as much again, and loses the event, counted, if there is none of that either; I16.
 *
 * A chunk that a snapshot is copying is pinned: the next oldest goes instead; I17.
 */
#include "format/walk.h"
#include "record/window.h"

#include <string.h>
#include <sys/mman.h>

enum {
    RETIRE_AT_ONCE = 64,
    TAKE_IN_AT_ONCE = 8,
    STORE_TRIES = 100,
    HOLD_POLL_NS = 20000,
    HOLD_WAIT_NS = 1000000000
};

/* What is known of the slot that begins in a page. Rules: `is_slot` by who carves it; `counts` of who holds the intake,
 * until the chunk is kept, and so is `is_taken`; `is_listed` of who holds the store. */
struct mark {
    uint32_t counts[CAIRN_TALLIES];
    uint8_t is_slot; /* Atomic. */
    bool is_taken;   /* in, and not retired */
    bool is_listed;  /* the snapshot under way has yet to copy it */
};

static struct {
    uint32_t intake, store; /* locks: 1 is held. Atomic. Taken in this order. */
    /* of who holds the intake */
    struct cairn__slot_list raw, taken;
    uint64_t behind; /* bytes of slots that were sealed and not taken in. Atomic: a hint for others. */
    /* of who holds the store */
    struct cairn__slot_list kept;
    struct cairn__snapshot *snapshot; /* under way */
    uint64_t pinned;                  /* link of a slot, or 0. Atomic: cleared without the store. */
    /* set at the start */
    struct mark *marks; /* by page of the slots */
    uint64_t marks_bytes;
} window;

static struct mark *mark_of(const struct cairn_slot_head *slot)
{
    return &window.marks[(cairn__slot_link(slot) - 1) / CAIRN_PAGE_BYTES];
}

int cairn__window_reset(void)
{
    if (window.marks) munmap(window.marks, window.marks_bytes); /* nobody of the last session is left */
    memset(&window, 0, sizeof window);
    if (!cairn__is_window()) return 0;
    window.marks_bytes = cairn__session.slots_bytes / CAIRN_PAGE_BYTES * sizeof *window.marks;
    window.marks = cairn__os_reserve(window.marks_bytes);
    return window.marks ? 0 : CAIRN_ENOMEM;
}

void cairn__window_after_fork(void)
{
    window.intake = window.store = 0; /* whoever held them is the parent's */
    window.snapshot = NULL;
}

void cairn__window_add(const struct cairn_slot_head *slot)
{
    atomic_store_release(&mark_of(slot)->is_slot, (uint8_t)1); /* pairs with cairn__window_next */
}

/* ---- Locks and lists ------------------------------------------------------------------------------------- */

static bool try_lock(uint32_t *lock)
{
    return !atomic_load_relaxed(lock) /* a hint */ &&
           !atomic_exchange_acq_rel(lock, 1u); /* pairs with leave_lock */
}

static void leave_lock(uint32_t *lock)
{
    atomic_store_release(lock, 0u); /* pairs with try_lock */
}

/* Bounded, because who holds it may never come back: a thread that was suspended, or left by siglongjmp, just there. */
static bool hold_lock(uint32_t *lock)
{
    uint64_t deadline_ns = 0;
    while (!try_lock(lock)) {
        uint64_t now_ns = cairn__os_monotonic_ns();
        if (!deadline_ns) deadline_ns = now_ns + HOLD_WAIT_NS;
        if (now_ns > deadline_ns) return false;
        cairn__os_sleep_ns(HOLD_POLL_NS);
    }
    return true;
}

bool cairn__intake_hold(void)
{
    return hold_lock(&window.intake);
}

void cairn__intake_leave(void)
{
    leave_lock(&window.intake);
}

bool cairn__store_hold(void)
{
    return hold_lock(&window.store);
}

void cairn__store_leave(void)
{
    leave_lock(&window.store);
}

bool cairn__window_hold(void)
{
    if (!cairn__intake_hold()) return false;
    if (cairn__store_hold()) return true;
    cairn__intake_leave();
    return false;
}

void cairn__window_leave(void)
{
    cairn__store_leave();
    cairn__intake_leave();
}

static void move_all(struct cairn__slot_list *to, struct cairn__slot_list *from)
{
    if (!from->first) return;
    if (to->first)
        to->last->next = cairn__slot_link(from->first);
    else
        to->first = from->first;
    to->last = from->last;
    *from = (struct cairn__slot_list){0};
}

static struct cairn_slot_head *pop(struct cairn__slot_list *list)
{
    struct cairn_slot_head *slot = list->first;
    if (slot) list->first = cairn__slot_at(slot->next);
    return slot;
}

/* ---- Taking in --------------------------------------------------------------------------------------------- */

/* `reference`: a time less than 2^38 ticks away, with the same high bits; see I10. */
static void note_task(const uint64_t *words, uint32_t kind, uint64_t reference)
{
    if (kind == CAIRN_EVENT_TASK_END || kind == CAIRN_EVENT_TASK_FAIL) {
        cairn__opentasks_end(words[1]);
        return;
    }
    struct cairn_open_task task = {.id = words[1], .birth = cairn__head_time(words[0], reference)};
    if (kind == CAIRN_EVENT_TASK_CHILD) {
        task.parent_id = words[2];
        task.parent_birth = words[3];
    }
    cairn__opentasks_begin(&task);
}

static void take_in(struct cairn_slot_head *slot)
{
    enum {
        TASKS = 1 << CAIRN_EVENT_TASK_BEGIN | 1 << CAIRN_EVENT_TASK_CHILD | 1 << CAIRN_EVENT_TASK_END |
                1 << CAIRN_EVENT_TASK_FAIL
    };
    const struct cairn_chunk_head *chunk = cairn__slot_chunk(slot);
    const uint64_t *words = (const uint64_t *)chunk;
    uint32_t counts[CAIRN_TALLY_SLOTS] = {0};
    uint64_t reference = chunk->begin_ticks;
    uint32_t end = chunk->block.bytes / 8;
    uint32_t at = cairn__chunk_first(chunk->open_count);
    for (uint32_t count; at < end && (count = cairn__event_words(words + at, end - at)) != 0; at += count) {
        uint32_t kind = cairn__head_kind(words[at]);
        counts[cairn__event_tally(kind)]++; /* 15: what is not counted */
        if (kind == CAIRN_EVENT_TIME) reference = words[at + 1];
        if ((uint32_t)1 << kind & TASKS) note_task(words + at, kind, reference);
    }
    cairn__opentasks_chunk_ends();
    memcpy(mark_of(slot)->counts, counts, sizeof mark_of(slot)->counts);
    atomic_add_relaxed(&window.behind, -(uint64_t)slot->slot_bytes); /* a hint */
    atomic_store_relaxed(&mark_of(slot)->is_taken, true);            /* looked at by who holds the intake */
}

/* With the intake held: up to `most` chunks, oldest first, to `taken`. True if there was any. */
static bool take_in_sealed(int most)
{
    cairn__slots_take_sealed(&window.raw);
    bool any = window.raw.first != NULL;
    for (struct cairn_slot_head *slot; most && (slot = pop(&window.raw)) != NULL; most--) {
        take_in(slot);
        slot->next = 0;
        struct cairn__slot_list one = {slot, slot};
        move_all(&window.taken, &one);
    }
    return any;
}

/* ---- Retiring ---------------------------------------------------------------------------------------------- */

static struct cairn_thread_record *record_of(const struct cairn_chunk_head *chunk)
{
    struct cairn__session *session = &cairn__session;
    return (struct cairn_thread_record *)(session->live + session->head->threads_offset) + chunk->thread;
}

/* As if in one step for whoever reads the live file after our death; I15. The slot is free behind it. */
static void count_overwritten(struct cairn_slot_head *slot)
{
    const struct cairn_chunk_head *chunk = cairn__slot_chunk(slot);
    struct cairn_thread_record *record = record_of(chunk);
    struct cairn_retiring *journal = &cairn__session.head->retiring;
    memcpy(journal->before, record->overwritten, sizeof journal->before);
    journal->before_until_ticks = record->overwritten_until_ticks;
    journal->thread = chunk->thread;
    atomic_store_release(&journal->number, chunk->block.number); /* the journal is whole before it counts */
    atomic_fence_seq_cst();                                      /* and before the counts change */
    for (uint32_t i = 0; i < CAIRN_TALLIES; i++) record->overwritten[i] += mark_of(slot)->counts[i];
    if (chunk->end_ticks > record->overwritten_until_ticks)
        record->overwritten_until_ticks = chunk->end_ticks;
    atomic_store_release(&slot->state,
                         (uint32_t)CAIRN_SLOT_FREE);     /* the counts are there before it is gone */
    atomic_store_release(&journal->number, (uint64_t)0); /* it is gone before the journal is */
}

static bool is_pinned(const struct cairn_slot_head *slot)
{
    return cairn__slot_link(slot) ==
           atomic_load_acquire(&window.pinned); /* pairs with unpin: it has been copied */
}

/* The oldest that is not pinned, off the list and counted, to be cleared; NULL if there is none. With the store held. */
static struct cairn_slot_head *retire_oldest(void)
{
    struct cairn_slot_head *before = NULL, *slot = window.kept.first;
    if (slot && is_pinned(slot)) {
        before = slot;
        slot = cairn__slot_at(slot->next);
    }
    if (!slot) return NULL;
    if (before)
        before->next = slot->next;
    else
        window.kept.first = cairn__slot_at(slot->next);
    if (window.kept.last == slot) window.kept.last = before;
    if (mark_of(slot)->is_listed && window.snapshot)
        cairn__snapshot_missed(window.snapshot, cairn__slot_chunk(slot), mark_of(slot)->counts);
    mark_of(slot)->is_listed = false;
    count_overwritten(slot);
    atomic_store_relaxed(&mark_of(slot)->is_taken,
                         false); /* looked at by who holds the store; it is free by now */
    return slot;
}

/* How many must go until one of this size has gone; 0: there is none, or it is too far. */
static int count_until(uint64_t slot_bytes)
{
    const struct cairn_slot_head *slot = window.kept.first;
    for (int i = 1; slot && i <= RETIRE_AT_ONCE; i++) {
        if (slot->slot_bytes == slot_bytes && !is_pinned(slot)) return i;
        slot = cairn__slot_at(slot->next);
    }
    return 0;
}

/* With the store held: a slot to be cleared, or NULL. Those older than it, of other sizes, are put aside. */
static struct cairn_slot_head *retire_for(uint32_t tier)
{
    for (int count = count_until(cairn__slot_bytes(tier)); count; count--) {
        struct cairn_slot_head *slot = retire_oldest();
        if (!slot) break;
        if (slot->slot_bytes == cairn__slot_bytes(tier)) return slot;
        cairn__slot_clear(slot);
        cairn__slot_put_aside(slot);
    }
    return NULL;
}

/* The clock's rate since the start: more than exact enough for what is older than that. */
static uint64_t window_ticks(uint64_t now)
{
    const struct cairn_anchor *start = &cairn__session.head->start;
    double ns = (double)(cairn__os_monotonic_ns() - start->monotonic_ns);
    double ticks = (double)(now - start->ticks) * ((double)cairn__session.settings.window_ns / (ns + 1));
    return ticks < (double)now ? (uint64_t)ticks : now;
}

/* With the store held: what is too old, one chunk, to be cleared; NULL: there is none. */
static struct cairn_slot_head *retire_old(uint64_t oldest_ticks)
{
    const struct cairn_slot_head *slot = window.kept.first;
    bool is_old = slot && !is_pinned(slot) && cairn__slot_chunk(window.kept.first)->end_ticks < oldest_ticks;
    return is_old ? retire_oldest() : NULL;
}

static uint64_t oldest_allowed(void)
{
    uint64_t now = cairn__os_ticks();
    return cairn__session.settings.window_ns ? now - window_ticks(now) : 0;
}

void cairn__window_trim(void)
{
    take_in_sealed(-1);
    move_all(&window.kept, &window.taken);
    uint64_t oldest_ticks = oldest_allowed();
    for (struct cairn_slot_head *slot; (slot = retire_old(oldest_ticks)) != NULL;) {
        cairn__slot_clear(slot);
        cairn__slot_put_aside(slot);
    }
}

/* ---- By whom ------------------------------------------------------------------------------------------------ */

/* The store is held for so short that it is worth looking again, unless its holder was interrupted. */
static bool try_store(void)
{
    for (int i = 0; i < STORE_TRIES; i++) {
        if (try_lock(&window.store)) return true;
    }
    return false;
}

static struct cairn_slot_head *try_retire_for(uint32_t tier)
{
    if (!try_store()) return NULL;
    struct cairn_slot_head *aside = cairn__slot_take_aside(tier);
    struct cairn_slot_head *retired = aside ? NULL : retire_for(tier);
    leave_lock(&window.store);
    if (retired) cairn__slot_clear(retired);
    return aside ? aside : retired;
}

/* Moves what has been taken in to where it can be retired. With the intake held. */
static void try_keep(void)
{
    if (!try_store()) return; /* the next one will */
    move_all(&window.kept, &window.taken);
    leave_lock(&window.store);
}

/* With some in time, so that what can be retired never comes to an end. False: others are at it. */
static bool try_take_in(bool *any)
{
    if (!try_lock(&window.intake)) return false;
    *any = take_in_sealed(TAKE_IN_AT_ONCE);
    try_keep(); /* also what the last one could not */
    leave_lock(&window.intake);
    return true;
}

void cairn__window_sealed(uint64_t bytes)
{
    bool any;
    uint64_t behind = atomic_add_relaxed(&window.behind, bytes) + bytes; /* a hint */
    if (behind > cairn__session.soft_bytes / 16) try_take_in(&any);
}

struct cairn_slot_head *cairn__window_take(uint32_t tier)
{
    bool any;
    struct cairn_slot_head *slot = try_retire_for(tier);
    return slot || !try_take_in(&any) ? slot : try_retire_for(tier);
}

static void retire_all_old(void)
{
    uint64_t oldest_ticks = oldest_allowed();
    for (struct cairn_slot_head *slot; cairn__store_hold();) {
        slot = retire_old(oldest_ticks);
        cairn__store_leave();
        if (!slot) break;
        cairn__slot_clear(slot);
        if (!cairn__store_hold()) break;
        cairn__slot_put_aside(slot);
        cairn__store_leave();
    }
}

bool cairn__window_round(void)
{
    if (atomic_load_relaxed(&cairn__session.live_is_gone)) return false; /* the stop tells */
    bool worked = false, any = true;
    while (any && try_take_in(&any)) worked = worked || any; /* others may come in between */
    retire_all_old();
    cairn__overdue_look();
    cairn__slots_replenish();
    return worked;
}

bool cairn__window_finish(struct cairn__slot_list *chunks)
{
    /* Nobody else is there, but for one who was left behind. They stay held. */
    if (!cairn__window_hold()) return false;
    cairn__window_trim();
    *chunks = window.kept;
    return true;
}

/* ---- For snapshots ------------------------------------------------------------------------------------------ */

struct cairn_slot_head *cairn__window_next(uint64_t *at)
{
    struct cairn__session *session = &cairn__session;
    uint64_t bytes =
        atomic_load_relaxed(&session->carved); /* what is carved from now on has nothing in it yet */
    for (; *at + CAIRN_PAGE_BYTES <= bytes; *at += CAIRN_PAGE_BYTES) {
        if (!atomic_load_acquire(&window.marks[*at / CAIRN_PAGE_BYTES].is_slot))
            continue; /* pairs with window_add */
        struct cairn_slot_head *slot = (struct cairn_slot_head *)(session->slots + *at);
        *at += CAIRN_PAGE_BYTES;
        return slot;
    }
    return NULL;
}

static bool is_in_use(const struct cairn_slot_head *slot)
{
    return atomic_load_acquire(&slot->state) != CAIRN_SLOT_FREE; /* pairs with head_chunk: it has its head */
}

bool cairn__window_is_untaken(const struct cairn_slot_head *slot)
{
    return is_in_use(slot) && !atomic_load_relaxed(&mark_of(slot)->is_taken); /* both locks are held */
}

void cairn__window_list_begin(struct cairn__snapshot *snapshot, uint64_t before,
                              void (*each)(struct cairn__snapshot *snapshot, struct cairn_slot_head *slot))
{
    window.snapshot = snapshot;
    struct cairn_slot_head *slot;
    for (uint64_t at = 0; (slot = cairn__window_next(&at)) != NULL;) {
        mark_of(slot)->is_listed = is_in_use(slot) && cairn__slot_chunk(slot)->block.number < before;
        if (mark_of(slot)->is_listed) each(snapshot, slot);
    }
}

bool cairn__window_pin(const struct cairn_slot_head *slot)
{
    struct mark *mark = mark_of(slot);
    if (!mark->is_listed) return false;
    mark->is_listed = false;
    atomic_store_relaxed(&window.pinned, cairn__slot_link(slot)); /* the store orders it */
    return true;
}

void cairn__window_unpin(void)
{
    atomic_store_release(&window.pinned, (uint64_t)0); /* pairs with take_oldest */
}

bool cairn__window_has_snapshot(void)
{
    return window.snapshot != NULL;
}

void cairn__window_list_end(void)
{
    window.snapshot = NULL;
}
