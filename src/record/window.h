/* The face of the flight recorder within src/record. SPDX-License-Identifier: Apache-2.0
 *
 *   window.c      sealed chunks are kept, the oldest retired for their memory
 *   tasktable.c   the tasks that are open where the window begins
 *   snapshot.c    the window to a file, while recording goes on
 *   overdue.c     tasks that hang
 */
#ifndef CAIRN_RECORD_WINDOW_H
#define CAIRN_RECORD_WINDOW_H

#include "record/record.h"

struct cairn__snapshot;

/* ---- window.c -------------------------------------------------------------------------------------------- */

int cairn__window_reset(void); /* at a start */
void cairn__window_after_fork(void);
/* A slot has been carved. Any thread; signal-safe. */
void cairn__window_add(const struct cairn_slot_head *slot);
/* A slot of so many bytes was sealed, and could be taken in. Its thread does some of that if the helper is behind. Any
 * thread; signal-safe; lock-free. */
void cairn__window_sealed(uint64_t bytes);
/* A zeroed slot of a tier, by retiring the oldest chunks. NULL: none to be had, or others are at it. Any thread;
 * signal-safe; lock-free. */
struct cairn_slot_head *cairn__window_take(uint32_t tier);
/* Takes in what was sealed, retires what is too old, makes slots ready. True if anything was sealed. Helper. */
bool cairn__window_round(void);
/* At the stop, when nobody else is there: all that the window holds. False: somebody was left behind in it. */
bool cairn__window_finish(struct cairn__slot_list *chunks);

/* The next slot at or behind an offset into the slots, or NULL; *at goes behind it. Any thread. */
struct cairn_slot_head *cairn__window_next(uint64_t *at);
/* Both locks of the window, or one of them. They wait, a second at most: not for annotations. False: it is not held. */
bool cairn__window_hold(void);
void cairn__window_leave(void);
bool cairn__intake_hold(void);
void cairn__intake_leave(void);
bool cairn__store_hold(void);
void cairn__store_leave(void);

/* With both held: whether a slot holds a chunk, or part of one, that has not been taken in. */
bool cairn__window_is_untaken(const struct cairn_slot_head *slot);
/* With both held: takes all in, retires what is too old. */
void cairn__window_trim(void);

/* For the one snapshot under way, with the store held. It lists what it will copy: all slots in use by chunks with numbers
 * below `before`, which was taken with the store held. What it has pinned stays until it is copied; what is retired before
 * that is told to it (cairn__snapshot_missed). */
void cairn__window_list_begin(struct cairn__snapshot *snapshot, uint64_t before,
                              void (*each)(struct cairn__snapshot *snapshot, struct cairn_slot_head *slot));
bool cairn__window_pin(const struct cairn_slot_head *slot); /* false: it was retired meanwhile */
void cairn__window_unpin(void);                             /* needs no store */
void cairn__window_list_end(void);
bool cairn__window_has_snapshot(void); /* who takes snapshots may ask without the store */
void cairn__snapshot_missed(struct cairn__snapshot *snapshot, const struct cairn_chunk_head *chunk,
                            const uint32_t *counts);

/* ---- tasktable.c --------------------------------------------------------------------------------------- */

int cairn__opentasks_reset(void); /* at a start */
/* With the intake held: a task has begun, has ended. */
void cairn__opentasks_begin(const struct cairn_open_task *task);
void cairn__opentasks_end(uint64_t id);
/* All of one chunk was told; due before anybody looks at the table. */
void cairn__opentasks_chunk_ends(void);
void cairn__opentasks_tell(uint64_t id); /* marks it */
/* The table, its capacity; entries with id 0 or ENDED are none. */
struct cairn_open_task *cairn__opentasks(uint32_t *capacity);

/* ---- snapshot.c, overdue.c -------------------------------------------------------------------------------- */

/* Asks for a snapshot, to be taken soon by another thread. Signal-safe. */
void cairn__snapshot_trigger(enum cairn_snapshot_reason reason, cairn_task task, uint64_t threshold_ns);
bool cairn__snapshot_is_triggered(void);
void cairn__snapshot_triggered(void); /* takes it, if one was asked for */
/* `path` NULL: the settings'. The name it got goes to `made`, if that is not NULL. Under the control lock. */
int cairn__snapshot_take(const char *path, enum cairn_snapshot_reason reason, char *made, size_t made_bytes);
int cairn__snapshot_reset(void);   /* at a start: takes the signal */
void cairn__snapshot_finish(void); /* at a stop: gives it back, too */
void cairn__snapshot_signal_back(void);
/* Triggers a snapshot for a task that has run for too long. Helper. */
void cairn__overdue_look(void);

#endif
