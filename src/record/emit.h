/* The steps of writing an event, in line. See record.h. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_RECORD_EMIT_H
#define CAIRN_RECORD_EMIT_H

#include "record/record.h"

/* Two stores, said to be atomic so that compilers do not fold them into one of 16 bytes: to collect those from two
 * registers goes through memory and stalls. */
static inline void cairn__set_state(struct cairn__stream *stream, cairn_task task)
{
    atomic_store_relaxed(&stream->task_id, task.id);
    atomic_store_relaxed(&stream->task_birth, task.birth);
}

/* 1. Claims a stream of the calling thread. NULL: the event is dropped, and counted. */
static inline struct cairn__stream *cairn__enter(struct cairn__thread **thread, enum cairn_tally tally)
{
    struct cairn__thread *t = cairn__local.thread;
    if (CAIRN_UNLIKELY(t->busy)) return cairn__enter_rare(thread, tally);
    atomic_store_relaxed(&t->busy, 1); /* relaxed: ordered against our own handlers by the fence, against a
                                          stop by its membarrier; I3 */
    atomic_fence_signal();
    *thread = t;
    return &t->main;
}

/* 6. */
static inline void cairn__leave(struct cairn__thread *thread, const struct cairn__stream *stream)
{
    /* release: pairs with the acquire in wait_until_still: who sees us still sees all that we wrote */
    atomic_store_release(&thread->busy, stream->level);
}

/* Not by the stream's filter: the thread may not have joined this session yet. */
static inline bool cairn__is_switched_off(uint32_t number)
{
    const uint8_t *filter = cairn__choices_filter();
    /* relaxed: a late one takes or leaves a moment longer */
    return CAIRN_UNLIKELY(filter) && atomic_load_relaxed(&filter[number]) & CAIRN_CHOICE_OFF;
}

/* A site's number; 0: switched off. Acquire: pairs with the release in cairn__site_rare, so that the definition
 * is in the file before this event. */
static inline uint32_t cairn__site(cairn_i_site *site)
{
    uint32_t number = atomic_load_acquire(&site->number);
    if (CAIRN_UNLIKELY(!number)) return cairn__site_rare(site);
    return CAIRN_UNLIKELY(cairn__is_switched_off(number)) ? 0 : number;
}

/* 2. Where `words` words may be written. The stream must be entered. NULL: dropped, and counted. */
static inline uint64_t *cairn__room(struct cairn__thread *thread, struct cairn__stream *stream,
                                    uint64_t words, enum cairn_tally tally)
{
    uint64_t *at = stream->position;
    /* relaxed: a stop that we miss here waits for us; I3 */
    if (CAIRN_UNLIKELY(at + words > atomic_load_relaxed(&stream->limit))) {
        return cairn__room_rare(thread, stream, words, tally);
    }
    return at;
}

/* 3. */
static inline uint64_t *cairn__time(struct cairn__stream *stream, uint64_t *at, uint64_t now)
{
    if (CAIRN_UNLIKELY((uint32_t)(now >> CAIRN_EPOCH_SHIFT) != stream->epoch)) {
        return cairn__time_event(stream, at, now);
    }
    return at;
}

/* 3. and 4. */
static inline uint64_t *cairn__time_and_task(struct cairn__stream *stream, uint64_t *at, uint64_t now,
                                             cairn_task task)
{
    at = cairn__time(stream, at, now);
    if (CAIRN_UNLIKELY(task.id != stream->task_id)) {
        return cairn__task_event(stream, at, task, now);
    }
    return at;
}

static inline uint64_t cairn__head(enum cairn_event_kind kind, uint32_t site, uint64_t now)
{
    return now << CAIRN_TIME_SHIFT | (uint64_t)site << CAIRN_SITE_SHIFT | (uint64_t)kind;
}

/* 5. Release: the payload is in memory before the head that makes it count, whatever kills us; I1. */
static inline void cairn__write(struct cairn__stream *stream, uint64_t *at, uint64_t head, uint64_t words)
{
    atomic_store_release(at, head);
    stream->position = at + words;
    cairn__os_prefetch_write(at + CAIRN_PREFETCH_WORDS); /* chunks come from the helper's cache */
}

/* Whether a region was begun in this session; places count blocks over all sessions of the process. */
static inline bool cairn__is_of_this_session(cairn_region region)
{
    uint64_t block = region.place >> CAIRN_PLACE_BLOCK_SHIFT & (((uint64_t)1 << CAIRN_PLACE_BLOCK_BITS) - 1);
    return block >=
           atomic_load_relaxed(&cairn__session.first_block); /* a number of its own: no order needed */
}

/* The word that names a task again: the low bits of its id behind the kind, without the round. */
static inline uint64_t cairn__again(uint64_t id)
{
    enum { TOP = 64 - CAIRN_ID_AGAIN_BITS };
    return id << TOP >> (TOP - CAIRN_KIND_BITS) | CAIRN_EVENT_TASK_AGAIN;
}

/* ---- The quick way ---------------------------------------------------------------------------------------- */

/* Steps 1 to 3 in the main stream, when nothing is out of the ordinary: `words` words may be written at *at. False:
 * something is; nothing was done, and the caller goes the long way. Leaf code, so that the hot functions need no
 * stack. */
static inline bool cairn__quick(struct cairn__thread *thread, uint32_t site, uint64_t words, uint64_t **at,
                                uint64_t *now)
{
    if (CAIRN_UNLIKELY(thread->busy || !site)) return false;
    atomic_store_relaxed(&thread->busy, 1); /* as in cairn__enter */
    atomic_fence_signal();
    *at = thread->main.position;
    const uint8_t *filter = atomic_load_relaxed(&thread->main.filter); /* as in cairn__is_switched_off */
    /* relaxed: as in cairn__room */
    if (CAIRN_LIKELY(*at + words <= atomic_load_relaxed(&thread->main.limit) &&
                     (!filter || !atomic_load_relaxed(&filter[site])))) {
        *now = cairn__os_counter();
        if (CAIRN_LIKELY((uint32_t)(*now >> CAIRN_EPOCH_SHIFT) == thread->main.quick_epoch)) return true;
    }
    atomic_store_release(&thread->busy, 0); /* as in cairn__leave */
    return false;
}

/* Step 4 of the quick way. False: the task was not named in this chunk yet; busy is not set any more. */
static inline bool cairn__quick_task(struct cairn__thread *thread, uint64_t **at, cairn_task task)
{
    struct cairn__stream *stream = &thread->main;
    if (CAIRN_LIKELY(task.id == stream->task_id)) return true;
    if (CAIRN_LIKELY(task.id == stream->seen[task.id % CAIRN_SEEN_TASKS])) {
        cairn__write(stream, *at, cairn__again(task.id), 1);
        ++*at;
        cairn__set_state(stream, task);
        return true;
    }
    atomic_store_release(&thread->busy, 0); /* as in cairn__leave */
    return false;
}

static inline void cairn__quick_leave(struct cairn__thread *thread)
{
    atomic_store_release(&thread->busy, 0); /* as in cairn__leave */
}

#endif
