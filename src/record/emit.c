/* Tasks, regions, attributes, links and counters: the calls behind the macros of cairn.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each is the sequence of record.h: enter, room, time, task, write, leave. The macros have looked at the on
 * word already. A call that finds no room has been counted as lost when it learns so.
 */
#include "record/emit.h"

static bool is_main(const struct cairn__thread *thread, const struct cairn__stream *stream)
{
    return stream == &thread->main;
}

/* ---- Tasks -------------------------------------------------------------------------------------------- */

static uint64_t new_id(struct cairn__stream *stream, uint32_t site)
{
    if (CAIRN_UNLIKELY(stream->serial == stream->serial_end)) cairn__new_serials(stream);
    uint64_t round =
        atomic_load_relaxed(&cairn__session.round); /* of the session that the thread has joined */
    return round << CAIRN_ID_ROUND_SHIFT | (uint64_t)site << CAIRN_ID_SITE_SHIFT | stream->serial++;
}

/* A task that is not recorded because of sampling: it has a type and no birth. */
static cairn_task sampled_away_task(uint64_t id)
{
    return (cairn_task){id | (uint64_t)1 << CAIRN_ID_UNSAMPLED_SHIFT, 0};
}

/* Behind a closed gate nothing is dropped: recording is off, whatever the on word says. */
static bool is_off(void)
{
    return !atomic_load_acquire(&cairn__gate.open); /* pairs with the release in start_session */
}

/* A task whose begin was dropped: it has a type and a birth, but nothing of it is recorded. */
static cairn_task dropped_task(uint64_t id)
{
    cairn_task task = {id | (uint64_t)1 << CAIRN_ID_UNSAMPLED_SHIFT, cairn__os_ticks()};
    cairn_task off = {CAIRN_ID_OFF, 0};
    return is_off() ? off : task;
}

static inline cairn_task write_task(struct cairn__stream *stream, uint64_t *at, cairn_task parent,
                                    uint64_t id, uint32_t site, uint64_t now)
{
    at[1] = id;
    if (parent.id) {
        at[2] = parent.id;
        at[3] = parent.birth;
        cairn__write(stream, at, cairn__head(CAIRN_EVENT_TASK_CHILD, site, now), 4);
    } else {
        cairn__write(stream, at, cairn__head(CAIRN_EVENT_TASK_BEGIN, site, now), 2);
    }
    stream->open_tasks++;
    return (cairn_task){id, now};
}

static CAIRN_COLD cairn_task begin_task(cairn_task parent, cairn_i_site *site)
{
    cairn_task task = {CAIRN_ID_OFF, 0};
    if (cairn__is_sampled_away(parent.id, parent.birth)) return parent; /* it follows its root */
    struct cairn__thread *thread;
    struct cairn__stream *stream = cairn__enter(&thread, CAIRN_TALLY_TASK_BEGIN);
    if (!stream) return dropped_task((uint64_t)cairn__session.round << CAIRN_ID_ROUND_SHIFT);
    uint32_t number = cairn__site(site);
    if (number && !parent.id && !cairn__choices_sample(number)) {
        task = sampled_away_task((uint64_t)cairn__session.round << CAIRN_ID_ROUND_SHIFT |
                                 (uint64_t)number << CAIRN_ID_SITE_SHIFT);
    } else if (number) {
        uint64_t *at = cairn__room(thread, stream, 4, CAIRN_TALLY_TASK_BEGIN);
        uint64_t id = new_id(stream, number);
        if (at) {
            uint64_t now = cairn__os_ticks();
            at = cairn__time(stream, at, now);
            task = write_task(stream, at, parent, id, number, now);
        } else {
            task = dropped_task(id);
        }
    }
    cairn__leave(thread, stream);
    return task;
}

CAIRN_HOT cairn_task cairn_i_task_begin(uint64_t parent_id, uint64_t parent_birth, cairn_i_site *site)
{
    const cairn_task parent = {parent_id, parent_birth};
    struct cairn__thread *thread = cairn__local.thread;
    struct cairn__stream *stream = &thread->main;
    uint32_t number = atomic_load_acquire(&site->number); /* as in cairn__site */
    if (CAIRN_UNLIKELY(stream->serial == stream->serial_end || parent_id >> CAIRN_ID_UNSAMPLED_SHIFT & 1)) {
        return begin_task(parent, site);
    }
    uint64_t *at, now;
    if (CAIRN_UNLIKELY(!cairn__quick(thread, number, 4, &at, &now))) return begin_task(parent, site);
    cairn_task task = write_task(stream, at, parent, new_id(stream, number), number, now);
    cairn__quick_leave(thread);
    return task;
}

static inline void write_end(struct cairn__stream *stream, uint64_t *at, cairn_task task, uint64_t head)
{
    at[1] = task.id;
    at[2] = task.birth;
    cairn__write(stream, at, head, 3);
    stream->open_tasks--;
}

static CAIRN_COLD void end_task(cairn_task task, cairn_i_site *site, enum cairn_event_kind kind,
                                enum cairn_tally tally)
{
    if (task.id <= CAIRN_ID_OFF || cairn__is_sampled_away(task.id, task.birth)) return;
    struct cairn__thread *thread;
    struct cairn__stream *stream = cairn__enter(&thread, tally);
    if (!stream) return;
    uint64_t slow_ticks = atomic_load_relaxed(&thread->main.slow_ticks); /* a late one looks once too often */
    if (task.id >> CAIRN_ID_UNSAMPLED_SHIFT & 1) {
        cairn__count_lost(thread, tally, 1); /* its begin was dropped */
    } else {
        uint32_t number = cairn__site(site);
        uint64_t *at = cairn__room(thread, stream, 3, tally);
        if (at) {
            uint64_t now = cairn__os_ticks();
            at = cairn__time(stream, at, now);
            write_end(stream, at, task, cairn__head(kind, number, now));
            bool failed = kind == CAIRN_EVENT_TASK_FAIL;
            if (failed || now - task.birth > slow_ticks) cairn__choices_look(task, now, failed);
        }
    }
    cairn__leave(thread, stream);
}

/* The event is written and left. Once more within one, so that a stop waits for us, and nothing is looked at behind it. */
static CAIRN_COLD void look_at_slow(struct cairn__thread *thread, cairn_task task, uint64_t now)
{
    atomic_store_relaxed(&thread->busy, 1); /* as in cairn__enter */
    atomic_fence_signal();
    /* relaxed: a stop that we miss here waits for us; I3 */
    if (atomic_load_relaxed(&thread->main.limit)) cairn__choices_look(task, now, false);
    cairn__quick_leave(thread);
}

CAIRN_HOT void cairn_i_task_end(uint64_t id, uint64_t birth, cairn_i_site *site)
{
    const cairn_task task = {id, birth};
    struct cairn__thread *thread = cairn__local.thread;
    uint32_t number = atomic_load_acquire(&site->number); /* as in cairn__site */
    uint64_t *at, now;
    if (CAIRN_UNLIKELY(task.id <= CAIRN_ID_OFF || task.id >> CAIRN_ID_UNSAMPLED_SHIFT & 1 ||
                       !cairn__quick(thread, number, 3, &at, &now))) {
        end_task(task, site, CAIRN_EVENT_TASK_END, CAIRN_TALLY_TASK_END);
        return;
    }
    write_end(&thread->main, at, task, cairn__head(CAIRN_EVENT_TASK_END, number, now));
    bool is_slow = now - task.birth > atomic_load_relaxed(&thread->main.slow_ticks); /* a hint */
    cairn__quick_leave(thread);
    if (CAIRN_UNLIKELY(is_slow)) look_at_slow(thread, task, now);
}

void cairn_i_task_fail(uint64_t id, uint64_t birth, cairn_i_site *site)
{
    const cairn_task task = {id, birth};
    end_task(task, site, CAIRN_EVENT_TASK_FAIL, CAIRN_TALLY_TASK_FAIL);
}

void cairn_i_link(uint64_t from_id, uint64_t from_birth, cairn_task to, cairn_i_site *site)
{
    const cairn_task from = {from_id, from_birth};
    if (cairn__is_sampled_away(from_id, from_birth) || cairn__is_sampled_away(to.id, to.birth)) return;
    struct cairn__thread *thread;
    struct cairn__stream *stream = cairn__enter(&thread, CAIRN_TALLY_LINK);
    if (CAIRN_UNLIKELY(!stream)) return;
    uint32_t number = cairn__site(site);
    uint64_t *at = cairn__room(thread, stream, 3, CAIRN_TALLY_LINK);
    if (CAIRN_LIKELY(at)) {
        uint64_t now = cairn__os_ticks();
        at = cairn__time_and_task(stream, at, now, from);
        at[1] = to.id;
        at[2] = to.birth;
        cairn__write(stream, at, cairn__head(CAIRN_EVENT_LINK, number, now), 3);
    }
    cairn__leave(thread, stream);
}

/* ---- Regions ------------------------------------------------------------------------------------------ */

/* `top` counts bytes, which saves the hot path a multiplication. */
static inline struct cairn_open_region *open_at(struct cairn__thread *thread, uint32_t offset)
{
    return (struct cairn_open_region *)((uint8_t *)thread->open + offset);
}

/* Remembers an open region, so that its end takes one word and every chunk can name it. */
static inline void push_open(struct cairn__thread *thread, cairn_region region, cairn_task task)
{
    uint32_t top = thread->top;
    struct cairn_open_region *open = open_at(thread, top);
    /* One by one, as in cairn__set_state. */
    atomic_store_relaxed(&open->place, region.place);
    atomic_store_relaxed(&open->birth, region.birth);
    atomic_store_relaxed(&open->task_id, task.id);
    atomic_store_relaxed(&open->task_birth, task.birth);
    thread->top = cairn__open_offset(top, 1);
}

static inline uint32_t innermost(const struct cairn__thread *thread)
{
    return cairn__open_offset(thread->top, -1);
}

static inline void pop_open(struct cairn__thread *thread, uint32_t top)
{
    open_at(thread, top)->place = CAIRN_PLACE_CLOSED;
    thread->top = top;
}

/* The session is looked at because a thread that has yet to join it has the open regions of the last one. */
static bool is_innermost(struct cairn__thread *thread, const struct cairn__stream *stream,
                         cairn_region region)
{
    return is_main(thread, stream) && open_at(thread, innermost(thread))->place == region.place &&
           cairn__is_of_this_session(region);
}

/* Takes a region that is not the innermost out of the open ones. One that is not among them was begun
 * elsewhere, or forgotten, or has ended. */
static CAIRN_COLD void remove_open(struct cairn__thread *thread, uint64_t place)
{
    int behind = 1; /* 1: the innermost */
    while (behind <= CAIRN_OPEN_REGIONS &&
           open_at(thread, cairn__open_offset(thread->top, -behind))->place != place) {
        behind++;
    }
    if (behind > CAIRN_OPEN_REGIONS) return;
    for (; behind > 1; behind--) {
        *open_at(thread, cairn__open_offset(thread->top, -behind)) =
            *open_at(thread, cairn__open_offset(thread->top, 1 - behind));
    }
    pop_open(thread, innermost(thread));
}

static inline cairn_region region_at_word(const struct cairn__stream *stream, const uint64_t *at,
                                          uint32_t site, uint64_t now)
{
    uint64_t place = stream->place_base + ((uintptr_t)at >> 3);
    return (cairn_region){((uint64_t)site << CAIRN_PLACE_SITE_SHIFT) + place, now};
}

static cairn_region dropped_region(void)
{
    cairn_region region = {CAIRN_PLACE_LOST, cairn__generation()}; /* of the session that dropped it */
    cairn_region off = {0, 0};
    return is_off() ? off : region;
}

static CAIRN_COLD cairn_region begin_region(cairn_task task, cairn_i_site *site)
{
    cairn_region region = {0, 0};
    if (cairn__is_sampled_away(task.id, task.birth)) return region;
    struct cairn__thread *thread;
    struct cairn__stream *stream = cairn__enter(&thread, CAIRN_TALLY_REGION_BEGIN);
    if (!stream) return dropped_region();
    uint32_t number = cairn__site(site);
    if (number) {
        uint64_t *at = cairn__room(thread, stream, 1, CAIRN_TALLY_REGION_BEGIN);
        if (at) {
            uint64_t now = cairn__os_ticks();
            at = cairn__time_and_task(stream, at, now, task);
            region = region_at_word(stream, at, number, now);
            if (is_main(thread, stream)) push_open(thread, region, task);
            cairn__write(stream, at, cairn__head(CAIRN_EVENT_REGION_BEGIN, number, now), 1);
        } else {
            region = dropped_region();
        }
    }
    cairn__leave(thread, stream);
    return region;
}

CAIRN_HOT cairn_region cairn_i_region_begin(uint64_t task_id, uint64_t task_birth, cairn_i_site *site)
{
    const cairn_task task = {task_id, task_birth};
    struct cairn__thread *thread = cairn__local.thread;
    uint32_t number = atomic_load_acquire(&site->number); /* as in cairn__site */
    uint64_t *at, now;
    if (CAIRN_UNLIKELY(!cairn__quick(thread, number, 1, &at, &now) ||
                       !cairn__quick_task(thread, &at, task))) {
        return begin_region(task, site);
    }
    cairn_region region = region_at_word(&thread->main, at, number, now);
    push_open(thread, region, task);
    cairn__write(&thread->main, at, cairn__head(CAIRN_EVENT_REGION_BEGIN, number, now), 1);
    cairn__quick_leave(thread);
    return region;
}

/* A region that is not the innermost of its thread ends. */
static CAIRN_COLD void end_other(struct cairn__thread *thread, struct cairn__stream *stream,
                                 cairn_region region, uint32_t number)
{
    if (region.place == CAIRN_PLACE_LOST) {
        if (region.birth == cairn__generation()) {
            cairn__count_lost(thread, CAIRN_TALLY_REGION_END, 1);
        }
        return;
    }
    if (!cairn__is_of_this_session(region)) return;
    uint64_t *at = cairn__room(thread, stream, 3, CAIRN_TALLY_REGION_END);
    if (!at) return;
    if (is_main(thread, stream)) remove_open(thread, region.place);
    uint64_t now = cairn__os_ticks();
    at = cairn__time(stream, at, now);
    at[1] = region.place;
    at[2] = region.birth;
    cairn__write(stream, at, cairn__head(CAIRN_EVENT_REGION_END_LONG, number, now), 3);
}

static CAIRN_COLD void end_region(cairn_region region, cairn_i_site *site)
{
    if (!region.place) return;
    struct cairn__thread *thread;
    struct cairn__stream *stream = cairn__enter(&thread, CAIRN_TALLY_REGION_END);
    if (!stream) return;
    uint32_t number = cairn__site(site);
    if (is_innermost(thread, stream, region)) {
        uint64_t *at = cairn__room(thread, stream, 1, CAIRN_TALLY_REGION_END);
        if (at) {
            uint64_t now = cairn__os_ticks();
            at = cairn__time(stream, at, now);
            pop_open(thread, innermost(thread));
            cairn__write(stream, at, cairn__head(CAIRN_EVENT_REGION_END, number, now), 1);
        }
    } else {
        end_other(thread, stream, region, number);
    }
    cairn__leave(thread, stream);
}

CAIRN_HOT void cairn_i_region_end(uint64_t place, uint64_t birth, cairn_i_site *site)
{
    const cairn_region region = {place, birth};
    struct cairn__thread *thread = cairn__local.thread;
    uint32_t number = atomic_load_acquire(&site->number); /* as in cairn__site */
    uint64_t *at, now;
    if (CAIRN_UNLIKELY(!cairn__quick(thread, number, 1, &at, &now))) {
        end_region(region, site);
        return;
    }
    uint32_t top = innermost(thread); /* only now that no handler of ours changes the open regions */
    if (CAIRN_UNLIKELY(open_at(thread, top)->place != region.place)) {
        cairn__quick_leave(thread);
        end_region(region, site);
        return;
    }
    pop_open(thread, top);
    cairn__write(&thread->main, at, cairn__head(CAIRN_EVENT_REGION_END, number, now), 1);
    cairn__quick_leave(thread);
}

static void end_with_region(struct cairn_i_scope *scope)
{
    cairn_i_scope_leave(scope);
}

void cairn_i_with_region(cairn_region region, cairn_i_site *site, void (*function)(void *), void *argument)
{
    /* The clean-up also runs when `function` leaves by an exception or cancellation: built with -fexceptions. */
    __attribute__((cleanup(end_with_region))) cairn_i_scope scope = {region, site};
    (void)scope;
    function(argument);
}

void cairn_i_region_at(uint64_t task_id, uint64_t task_birth, cairn_i_site *site, uint64_t begin_ns,
                       uint64_t end_ns)
{
    const cairn_task task = {task_id, task_birth};
    if (cairn__is_sampled_away(task_id, task_birth)) return;
    struct cairn__thread *thread;
    struct cairn__stream *stream = cairn__enter(&thread, CAIRN_TALLY_REGION_AT);
    if (CAIRN_UNLIKELY(!stream)) return;
    uint32_t number = cairn__site(site);
    uint64_t *at = number ? cairn__room(thread, stream, 3, CAIRN_TALLY_REGION_AT) : NULL;
    if (CAIRN_LIKELY(at)) {
        uint64_t now = cairn__os_ticks();
        at = cairn__time_and_task(stream, at, now, task);
        at[1] = begin_ns;
        at[2] = end_ns;
        cairn__write(stream, at, cairn__head(CAIRN_EVENT_REGION_AT, number, now), 3);
    }
    cairn__leave(thread, stream);
}

/* ---- Attributes and counters --------------------------------------------------------------------------- */

static CAIRN_COLD void set_attr(cairn_task task, cairn_i_site *site, uint64_t bits)
{
    if (cairn__is_sampled_away(task.id, task.birth)) return;
    struct cairn__thread *thread;
    struct cairn__stream *stream = cairn__enter(&thread, CAIRN_TALLY_ATTR);
    if (!stream) return;
    uint32_t number = cairn__site(site);
    uint64_t *at = cairn__room(thread, stream, 2, CAIRN_TALLY_ATTR);
    if (at) {
        uint64_t now = cairn__os_ticks();
        at = cairn__time_and_task(stream, at, now, task);
        at[1] = bits;
        cairn__write(stream, at, cairn__head(CAIRN_EVENT_ATTR, number, now), 2);
    }
    cairn__leave(thread, stream);
}

CAIRN_HOT void cairn_i_attr_task(uint64_t id, uint64_t birth, cairn_i_site *site, uint64_t bits)
{
    const cairn_task task = {id, birth};
    struct cairn__thread *thread = cairn__local.thread;
    uint32_t number = atomic_load_acquire(&site->number); /* as in cairn__site */
    uint64_t *at, now;
    if (CAIRN_UNLIKELY(!cairn__quick(thread, number, 2, &at, &now) ||
                       !cairn__quick_task(thread, &at, task))) {
        set_attr(task, site, bits);
        return;
    }
    at[1] = bits;
    cairn__write(&thread->main, at, cairn__head(CAIRN_EVENT_ATTR, number, now), 2);
    cairn__quick_leave(thread);
}

void cairn_i_counter(cairn_i_site *site, uint64_t bits)
{
    struct cairn__thread *thread;
    struct cairn__stream *stream = cairn__enter(&thread, CAIRN_TALLY_COUNTER);
    if (CAIRN_UNLIKELY(!stream)) return;
    uint32_t number = cairn__site(site);
    uint64_t *at = number ? cairn__room(thread, stream, 2, CAIRN_TALLY_COUNTER) : NULL;
    if (CAIRN_LIKELY(at)) {
        uint64_t now = cairn__os_ticks();
        at = cairn__time(stream, at, now); /* of no task: the state stays */
        at[1] = bits;
        cairn__write(stream, at, cairn__head(CAIRN_EVENT_COUNTER, number, now), 2);
    }
    cairn__leave(thread, stream);
}

void cairn_i_attr_region(uint64_t place, uint64_t birth, cairn_i_site *site, uint64_t bits)
{
    const cairn_region region = {place, birth};
    if (!region.place) return;
    struct cairn__thread *thread;
    struct cairn__stream *stream = cairn__enter(&thread, CAIRN_TALLY_ATTR);
    if (CAIRN_UNLIKELY(!stream)) return;
    uint32_t number = cairn__site(site);
    bool innermost = is_innermost(thread, stream, region);
    if (region.place == CAIRN_PLACE_LOST) {
        cairn__count_lost(thread, CAIRN_TALLY_ATTR, region.birth == cairn__generation());
    } else if (innermost || cairn__is_of_this_session(region)) {
        uint64_t words = innermost ? 2 : 4;
        uint64_t *at = cairn__room(thread, stream, words, CAIRN_TALLY_ATTR);
        if (CAIRN_LIKELY(at)) {
            uint64_t now = cairn__os_ticks();
            at = cairn__time(stream, at, now);
            if (!innermost) {
                at[1] = region.place;
                at[2] = region.birth;
            }
            at[words - 1] = bits;
            enum cairn_event_kind kind = innermost ? CAIRN_EVENT_REGION_ATTR : CAIRN_EVENT_REGION_ATTR_LONG;
            cairn__write(stream, at, cairn__head(kind, number, now), words);
        }
    }
    cairn__leave(thread, stream);
}
