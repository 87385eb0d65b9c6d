/* The flight recorder's open tasks: what was begun in chunks that have been taken in, and not ended in one.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A table in the live file, so that it is there after our death: open addressing, linear probing, keys are task ids. An
 * end that is seen before its begin, because their threads' chunks are sealed in that order, leaves an entry marked ENDED,
 * which the begin removes. A full table counts what it has no room for. The begin of an ENDED entry may never come: if the
 * table had no room for it, or a task is ended twice; so there are at most so many, and the oldest is forgotten.
 *
 * Tasks that begin and end in one chunk, as most do, never come to the table, which would be the slowest part of taking a
 * chunk in: those begun wait in `brief` until the chunk's end.
 *
 * Whoever reads the file after our death may find an entry twice, never one missing: to close the gap that a removed
 * entry leaves, others are copied to their new place before they are wiped from the old.
 *
 * Rules: of who holds the intake.
 */
#include "record/window.h"

#include <string.h>

enum { BRIEF_TASKS = 256, ENDED_MAX = 1024 };

static struct {
    struct cairn_open_task *items;
    uint32_t capacity; /* a power of two */
    uint32_t count;
    uint64_t ended[ENDED_MAX]; /* ids of entries that are, or were, ENDED; a ring */
    uint32_t ended_next;
    struct cairn_open_task brief[BRIEF_TASKS]; /* by id: serials of a thread follow each other */
    uint32_t brief_count;
} table;

int cairn__opentasks_reset(void)
{
    struct cairn__session *session = &cairn__session;
    const struct cairn_file_head *head = session->head;
    memset(&table, 0, sizeof table);
    if (!head->tasks_bytes) return 0;
    table.items = (struct cairn_open_task *)(void *)(session->live + head->tasks_offset);
    table.capacity = 1;
    while (2 * (uint64_t)table.capacity * sizeof *table.items <= head->tasks_bytes) table.capacity *= 2;
    int code = cairn__os_populate(table.items, head->tasks_bytes, session->live_fd, head->tasks_offset);
    return cairn__error_of(code);
}

struct cairn_open_task *cairn__opentasks(uint32_t *capacity)
{
    *capacity = table.capacity;
    return table.items;
}

static uint32_t home_of(uint64_t id)
{
    return (uint32_t)((id * 0x9fb21c651e98df25u) >> 32) & (table.capacity - 1);
}

static uint32_t next_of(uint32_t i)
{
    return (i + 1) & (table.capacity - 1);
}

/* The entry of a task, or the empty one where it would go: there always is one. */
static uint32_t find_task(uint64_t id)
{
    uint32_t i = home_of(id);
    while (table.items[i].id && table.items[i].id != id) i = next_of(i);
    return i;
}

/* The id comes last, and goes first: an entry with an id is whole. */
static void put_task(uint32_t i, const struct cairn_open_task *task)
{
    struct cairn_open_task *to = &table.items[i];
    if (to->id) {
        atomic_store_release(&to->id, (uint64_t)0);
        atomic_fence_seq_cst(); /* before the rest changes */
    }
    to->birth = task->birth;
    to->parent_id = task->parent_id;
    to->parent_birth = task->parent_birth;
    to->flags = task->flags;
    atomic_store_release(&to->id, task->id); /* pairs with readers of the live file */
}

static void take_out(uint32_t gap)
{
    for (uint32_t i = next_of(gap); table.items[i].id; i = next_of(i)) {
        /* May it move to the gap? Only if its home is not between the two. */
        uint32_t from_home = (i - home_of(table.items[i].id)) & (table.capacity - 1);
        uint32_t from_gap = (i - gap) & (table.capacity - 1);
        if (from_home < from_gap) continue;
        put_task(gap, &table.items[i]);
        gap = i;
    }
    atomic_store_release(&table.items[gap].id, (uint64_t)0); /* as in put_task */
    table.count--;
}

static void add_task(uint32_t i, const struct cairn_open_task *task)
{
    if (table.count >= table.capacity - table.capacity / 8) {
        atomic_add_relaxed(&cairn__session.head->tasks_overflow, 1); /* a count */
        return;
    }
    put_task(i, task);
    table.count++;
}

/* In the place of the oldest such, if that is still one. */
static void add_ended(uint64_t id)
{
    uint64_t *place = &table.ended[table.ended_next++ % ENDED_MAX];
    uint32_t oldest = find_task(*place);
    if (*place && table.items[oldest].flags & CAIRN_TASK_ENDED && table.items[oldest].id) take_out(oldest);
    *place = id;
    add_task(find_task(id), &(struct cairn_open_task){.id = id, .flags = CAIRN_TASK_ENDED});
}

static void table_begin(const struct cairn_open_task *task)
{
    uint32_t i = find_task(task->id);
    if (!table.items[i].id)
        add_task(i, task);
    else if (table.items[i].flags & CAIRN_TASK_ENDED)
        take_out(i);
}

static void table_end(uint64_t id)
{
    uint32_t i = find_task(id);
    uint64_t round = atomic_load_relaxed(&cairn__session.round); /* of the session under way */
    if (!table.items[i].id) {
        if (id >> CAIRN_ID_ROUND_SHIFT == round) add_ended(id); /* of an earlier one no begin will come */
    } else if (!(table.items[i].flags & CAIRN_TASK_ENDED)) {
        take_out(i);
    }
}

void cairn__opentasks_begin(const struct cairn_open_task *task)
{
    if (!task->id) return; /* the live file was truncated this very moment: the chunk reads as zeros */
    struct cairn_open_task *at = &table.brief[task->id % BRIEF_TASKS];
    if (at->id)
        table_begin(at);
    else
        table.brief_count++;
    *at = *task;
}

void cairn__opentasks_end(uint64_t id)
{
    if (!id) return; /* likewise */
    struct cairn_open_task *at = &table.brief[id % BRIEF_TASKS];
    if (at->id != id) {
        table_end(id);
        return;
    }
    at->id = 0;
    table.brief_count--;
}

void cairn__opentasks_chunk_ends(void)
{
    for (uint32_t i = 0; i < BRIEF_TASKS && table.brief_count; i++) {
        if (!table.brief[i].id) continue;
        table_begin(&table.brief[i]);
        table.brief[i].id = 0;
        table.brief_count--;
    }
}

void cairn__opentasks_tell(uint64_t id)
{
    uint32_t i = find_task(id);
    if (table.items[i].id) table.items[i].flags |= CAIRN_TASK_TOLD;
}
