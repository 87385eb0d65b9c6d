/* Tasks that hang: each triggers a snapshot, once. SPDX-License-Identifier: Apache-2.0
 *
 * A task that ends late is noticed at its end (choices.c), and then the snapshot has all of it; one that hangs has no
 * end. It gets its type's threshold and as much again, a second at most, before it counts as hanging. The helper looks,
 * some times a second, if any type has a threshold:
 *
 *   1. Candidates are open tasks that hang and were not told of before: those of tasktable.c, and those begun in
 *      chunks that have not been taken in yet, less those that end in the same chunk.
 *   2. Those that end in any chunk not taken in are struck off.
 *   3. The first that is left triggers.
 *
 * The intake is held throughout, so that no chunk changes sides; the store only while one chunk is walked. There is room
 * for so many candidates; what is beyond comes another time.
 */
#include "format/walk.h"
#include "record/window.h"

enum { LOOK_NS = 50000000, GRACE_NS_MAX = 1000000000, TOLD_MAX = 64, CANDIDATES_MAX = 256 };

/* Rules: of the helper. */
static struct {
    uint64_t next_ns;
    uint64_t told[TOLD_MAX]; /* ids; a ring */
    uint32_t told_next;
    uint64_t now, least_ticks;
    cairn_task candidates[CANDIDATES_MAX];
    uint32_t candidate_count;
} overdue;

static bool was_told(uint64_t id)
{
    for (uint32_t i = 0; i < TOLD_MAX; i++) {
        if (overdue.told[i] == id) return true;
    }
    return false;
}

/* By its own type's threshold: others may have a smaller one, or it none. */
static bool is_hanging(uint64_t id, uint64_t birth)
{
    uint64_t threshold_ns = cairn__choices_slow_ns(cairn__id_site(id));
    uint64_t grace_ns = threshold_ns < GRACE_NS_MAX ? threshold_ns : GRACE_NS_MAX;
    double age_ns = cairn__choices_ns(overdue.now - birth, overdue.now);
    return threshold_ns && age_ns > (double)threshold_ns + (double)grace_ns;
}

static void add_candidate(uint64_t id, uint64_t birth)
{
    bool is_old = overdue.now - birth > overdue.least_ticks && (int64_t)(overdue.now - birth) > 0;
    if (!is_old || overdue.candidate_count == CANDIDATES_MAX || !is_hanging(id, birth) || was_told(id))
        return;
    overdue.candidates[overdue.candidate_count++] = (cairn_task){id, birth};
}

/* Latest first: a task mostly ends soon after it has begun. */
static void strike_off(uint64_t id)
{
    for (uint32_t i = overdue.candidate_count; i-- > 0;) {
        if (overdue.candidates[i].id != id) continue;
        overdue.candidates[i] = overdue.candidates[--overdue.candidate_count];
        return;
    }
}

/* Walks a chunk that its thread may be filling. */
static void walk(struct cairn_slot_head *slot, bool with_begins)
{
    const struct cairn_chunk_head *chunk = cairn__slot_chunk(slot);
    const uint64_t *words = (const uint64_t *)chunk;
    uint32_t capacity = (slot->slot_bytes - (uint32_t)sizeof *slot) / 8;
    uint64_t reference = chunk->begin_ticks;
    for (uint32_t at = cairn__chunk_first(chunk->open_count), count; at < capacity; at += count) {
        uint64_t head = atomic_load_acquire(&words[at]); /* pairs with cairn__write */
        count = head ? cairn__event_words(words + at, capacity - at) : 0;
        if (!count) break;
        uint32_t kind = cairn__head_kind(head);
        bool is_begin = kind == CAIRN_EVENT_TASK_BEGIN || kind == CAIRN_EVENT_TASK_CHILD;
        if (kind == CAIRN_EVENT_TIME) reference = words[at + 1];
        if (is_begin && with_begins) add_candidate(words[at + 1], cairn__head_time(head, reference));
        if (kind == CAIRN_EVENT_TASK_END || kind == CAIRN_EVENT_TASK_FAIL) strike_off(words[at + 1]);
    }
}

/* All chunks not taken in; if for their begins, only those that may have old ones. */
static void walk_chunks(bool with_begins)
{
    struct cairn_slot_head *slot;
    for (uint64_t at = 0; (slot = cairn__window_next(&at)) != NULL;) {
        if (!cairn__store_hold()) return;
        if (cairn__window_is_untaken(slot) &&
            (!with_begins || overdue.now - cairn__slot_chunk(slot)->begin_ticks > overdue.least_ticks))
            walk(slot, with_begins);
        cairn__store_leave();
    }
}

static void look_at_table(void)
{
    uint32_t capacity;
    const struct cairn_open_task *tasks = cairn__opentasks(&capacity);
    for (uint32_t i = 0; i < capacity; i++) {
        if (cairn__is_task_there(&tasks[i]) && !(tasks[i].flags & CAIRN_TASK_TOLD))
            add_candidate(tasks[i].id, tasks[i].birth);
    }
}

static void tell_first(void)
{
    if (!overdue.candidate_count) return;
    cairn_task task = overdue.candidates[0]; /* of more the others would only be suppressed */
    overdue.told[overdue.told_next++ % TOLD_MAX] = task.id;
    cairn__opentasks_tell(task.id);
    cairn__snapshot_trigger(CAIRN_SNAPSHOT_OVERDUE, task, cairn__choices_slow_ns(cairn__id_site(task.id)));
}

void cairn__overdue_look(void)
{
    overdue.least_ticks =
        atomic_load_relaxed(&cairn__session.slow_ticks); /* set by ourselves; 0: not known yet */
    uint64_t now_ns = cairn__os_monotonic_ns();
    if (!overdue.least_ticks || now_ns < overdue.next_ns) return;
    overdue.next_ns = now_ns + LOOK_NS;
    overdue.candidate_count = 0;
    if (!cairn__intake_hold()) return;
    overdue.now = cairn__os_ticks();
    look_at_table();
    walk_chunks(true);
    if (overdue.candidate_count) walk_chunks(false);
    tell_first();
    cairn__intake_leave();
}
