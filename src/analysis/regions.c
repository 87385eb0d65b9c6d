/* See regions.h. SPDX-License-Identifier: Apache-2.0
 *
 * 1. A begin puts the region on top of its thread's list of open ones.
 * 2. An end finds it there, nearly always on top, takes it out wherever it stands, and adds it to the rows
 *    of its call site and its type. What is odd about the end (not innermost, another thread, a second one,
 *    no begin) is a diagnostic.
 * 3. What is open at the end of the trace is unfinished.
 *
 * Self time is duration without what directly nested regions of the same thread cover. When a region ends,
 * its interval is added to the region below it, but only what lies behind the intervals added before: of
 * two that overlap, the common part counts once. This suffices because the ones added to a region come in
 * the order of their ends and, if neither contains the other, also of their begins.
 * Where events of the thread are missing, self times may come out too great: a region that ended there stays on the list,
 * and what comes later is taken to be nested in it alone; one that is only found open after other nested ones have ended
 * covers no more than what lies behind them.
 *
 * An end must find its region fast however deep the list is. The first SHALLOW regions that are open on a
 * thread are in an array that is searched from its end; all deeper ones are in a map, and so are those whose begin
 * is not in the trace, as an end on another thread does not tell on which thread to look.
 *
 * Invariant: a slot is in exactly one thread's list, and in either that thread's array or the map.
 */
#include "analysis/regions.h"
#include "analysis/regionfindings.h"
#include "analysis/regionrows.h"

#include "cairn/cairn.h"

#include <stdlib.h>
#include <string.h>

enum {
    SHALLOW = 64,
    BELOW_MAX = 256 /* how far down one of the same task is looked for */
};
#define NO_SLOT UINT32_MAX

struct analysis_open_region {
    struct trace_region_id id;
    uint64_t covered;       /* ticks of directly nested regions */
    uint64_t covered_until; /* the end of the last of them */
    uint32_t below, above;  /* neighbours in the thread's list */
    uint32_t next_free;     /* plus one */
    uint32_t process;
    uint32_t weight; /* what it stands for: sampling.h */
    uint32_t label;
    uint32_t gaps; /* of its thread when it began */
    bool begin_lost, in_map;
};

struct analysis_region_thread {
    uint32_t top;
    uint32_t depth;
    uint32_t gaps; /* stretches of the thread that are missing */
    uint32_t shallow_count;
    uint32_t shallow[SHALLOW];
};

static int out_of_memory(struct cairn_error *error)
{
    return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE,
                            "Out of memory: too many regions are open at once.");
}

static uint32_t process_of(const struct analysis_regions *regions, uint32_t thread)
{
    return thread < regions->info->thread_count ? regions->info->threads[thread].process : 0;
}

static struct map_key key_of(uint64_t place, uint32_t process)
{
    return (struct map_key){place, process, 0};
}

/* ---- Regions that are over --------------------------------------------------------------------------- */

static struct analysis_region region_of(const struct analysis_regions *regions,
                                        const struct analysis_open_region *open)
{
    bool left = analysis_is_before_window(regions->info, open->process, open->id.birth);
    return (struct analysis_region){.id = open->id,
                                    .weight = open->weight,
                                    .label = open->label,
                                    .end_thread = UINT32_MAX,
                                    .begin_left = open->begin_lost && left,
                                    .begin_lost = open->begin_lost && !left};
}

static bool tell_each(const struct analysis_regions *regions, const struct analysis_region *region)
{
    return !regions->each || regions->each(regions->each_data, region);
}

/* The self time of one that lasts from its begin to `end`. */
static uint64_t self_until(const struct analysis_open_region *open, uint64_t end_ticks)
{
    uint64_t duration = end_ticks > open->id.birth ? end_ticks - open->id.birth : 0;
    return open->covered < duration ? duration - open->covered : 0;
}

static bool add_finished(struct analysis_regions *regions, const struct analysis_open_region *open,
                         struct analysis_region *ended)
{
    ended->self_ticks = self_until(open, ended->end_ticks);
    ended->is_finished = true;
    if (regions->filter && !analysis_filter_region(regions->filter, ended)) return true;
    return analysis_region_rows_finish(regions, ended) && tell_each(regions, ended);
}

static bool add_unfinished(struct analysis_regions *regions, const struct analysis_open_region *open)
{
    struct analysis_region left = region_of(regions, open);
    left.end_ticks = regions->info->end_ticks;
    left.self_ticks = self_until(open, left.end_ticks);
    if (regions->filter && !analysis_filter_region(regions->filter, &left)) return true;
    return analysis_region_rows_leave(regions, &left) && tell_each(regions, &left);
}

/* ---- Open regions ---------------------------------------------------------------------------------- */

/* Of what is known to the trace; the last entry is for threads that are not. */
static struct analysis_region_thread *thread_of(struct analysis_regions *regions, uint32_t thread)
{
    if (thread > regions->thread_count) thread = regions->thread_count;
    struct analysis_region_thread **at = &regions->threads[thread];
    if (!*at && (*at = calloc(1, sizeof **at))) (*at)->top = NO_SLOT;
    return *at;
}

static bool take_slot(struct analysis_regions *regions, uint32_t *slot)
{
    if (regions->free_slot) {
        *slot = regions->free_slot - 1;
        regions->free_slot = regions->slots.items[*slot].next_free;
        return true;
    }
    *slot = (uint32_t)regions->slots.count;
    return *slot < NO_SLOT - 1 && vector_push(&regions->slots, (struct analysis_open_region){0});
}

static uint32_t weight_of(const struct analysis_regions *regions, const struct trace_region_id *region)
{
    return analysis_sampling_weight(&regions->sampling, &region->task);
}

/* With the thread's list as it was before. */
static bool give_label(struct analysis_regions *regions, struct analysis_open_region *open)
{
    const struct analysis_open_region *items = regions->slots.items;
    uint32_t below = open->below;
    if (!regions->label) return true;
    for (int i = 0; below != NO_SLOT && !analysis_id_equal(&items[below].id.task, &open->id.task); i++)
        below = i < BELOW_MAX ? items[below].below : NO_SLOT;
    return regions->label(regions->label_data, &open->id, below == NO_SLOT ? 0 : items[below].label,
                          &open->label);
}

static bool push_region(struct analysis_regions *regions, const struct trace_event *event)
{
    struct analysis_region_thread *thread = thread_of(regions, event->region.thread);
    uint32_t slot;
    if (!thread || !take_slot(regions, &slot)) return false;
    struct analysis_open_region *open = &regions->slots.items[slot];
    *open = (struct analysis_open_region){.id = event->region,
                                          .below = thread->top,
                                          .above = NO_SLOT,
                                          .process = process_of(regions, event->thread),
                                          .weight = weight_of(regions, &event->region),
                                          .gaps = thread->gaps,
                                          .begin_lost = event->kind == TRACE_REGION_OPEN};
    open->in_map = open->begin_lost || thread->depth >= SHALLOW;
    if (thread->top != NO_SLOT) regions->slots.items[thread->top].above = slot;
    thread->top = slot;
    thread->depth++;
    if (!give_label(regions, open)) return false;
    if (!open->in_map) {
        thread->shallow[thread->shallow_count++] = slot;
        return true;
    }
    uint64_t *value = map_put(&regions->by_place, key_of(open->id.place, open->process), NULL);
    if (value) *value = slot;
    return value != NULL;
}

static bool is_region(const struct analysis_regions *regions, uint32_t slot,
                      const struct trace_region_id *region, uint32_t process)
{
    const struct analysis_open_region *open = &regions->slots.items[slot];
    return open->id.place == region->place && open->process == process;
}

static uint32_t find_open(struct analysis_regions *regions, const struct trace_event *event)
{
    const struct trace_region_id *region = &event->region;
    uint32_t process = process_of(regions, event->thread);
    const struct analysis_region_thread *thread = thread_of(regions, region->thread);
    for (uint32_t i = thread ? thread->shallow_count : 0; i-- > 0;)
        if (is_region(regions, thread->shallow[i], region, process)) return thread->shallow[i];
    const uint64_t *slot = map_get(&regions->by_place, key_of(region->place, process));
    return slot ? (uint32_t)*slot : NO_SLOT;
}

static void unlink_slot(struct analysis_regions *regions, struct analysis_region_thread *thread,
                        uint32_t slot)
{
    struct analysis_open_region *open = &regions->slots.items[slot];
    if (open->below != NO_SLOT) regions->slots.items[open->below].above = open->above;
    if (open->above != NO_SLOT)
        regions->slots.items[open->above].below = open->below;
    else
        thread->top = open->below;
    thread->depth--;
}

static void forget_shallow(struct analysis_region_thread *thread, uint32_t slot)
{
    uint32_t at = thread->shallow_count;
    while (thread->shallow[--at] != slot) {
    }
    thread->shallow_count--;
    memmove(&thread->shallow[at], &thread->shallow[at + 1],
            (thread->shallow_count - at) * sizeof thread->shallow[0]);
}

static void remove_slot(struct analysis_regions *regions, uint32_t slot)
{
    struct analysis_open_region *open = &regions->slots.items[slot];
    struct analysis_region_thread *thread = thread_of(regions, open->id.thread);
    unlink_slot(regions, thread, slot);
    if (open->in_map)
        map_remove(&regions->by_place, key_of(open->id.place, open->process));
    else
        forget_shallow(thread, slot);
    open->next_free = regions->free_slot;
    regions->free_slot = slot + 1;
}

static void cover(struct analysis_regions *regions, const struct analysis_open_region *nested, uint64_t end)
{
    if (nested->below == NO_SLOT) return;
    struct analysis_open_region *below = &regions->slots.items[nested->below];
    uint64_t from = nested->id.birth > below->covered_until ? nested->id.birth : below->covered_until;
    if (from < below->id.birth) from = below->id.birth; /* the nested one was found open, after a loss */
    if (end <= from) return;
    below->covered += end - from;
    below->covered_until = end;
}

/* ---- Events ---------------------------------------------------------------------------------------- */

/* Whether the region below the top that ends is odd: diagnosed by what is odder. */
static bool check_order(struct analysis_regions *regions, const struct trace_event *event, uint32_t slot)
{
    const struct analysis_open_region *open = &regions->slots.items[slot];
    if (event->thread != open->id.thread) return analysis_region_other_thread(regions, event), true;
    if (open->above == NO_SLOT) return false;
    const struct analysis_region_thread *thread = thread_of(regions, open->id.thread);
    const struct analysis_open_region *top = &regions->slots.items[thread->top];
    if (top->gaps != thread->gaps) return false; /* it may have ended where the thread's events are missing */
    analysis_region_not_innermost(regions, event, &top->id);
    return true;
}

static struct analysis_region region_ended(const struct analysis_regions *regions,
                                           const struct analysis_open_region *open,
                                           const struct trace_event *event, uint64_t end_ticks)
{
    struct analysis_region ended = region_of(regions, open);
    ended.end_ticks = end_ticks;
    ended.end_thread = event->thread;
    ended.end_site = event->site;
    return ended;
}

/* Of a region whose begin is not in the trace, the end is remembered: no place tells a second one from a first.
 * False if memory ran out. */
static bool remember_end(struct analysis_regions *regions, const struct trace_event *event, bool *is_first)
{
    return map_put(&regions->lost_ended, key_of(event->region.place, process_of(regions, event->thread)),
                   is_first) != NULL;
}

/* An end that finds no open region. Where the reader knows the thread, the begin is in the trace, so that
 * the region must have ended before. */
static int end_unknown(struct analysis_regions *regions, const struct trace_event *event,
                       struct cairn_error *error)
{
    const struct trace_region_id *id = &event->region;
    if (id->place == 0) return 0;
    if (id->thread < regions->info->thread_count) return analysis_region_second_end(regions, event), 0;
    bool is_first;
    if (!remember_end(regions, event, &is_first)) return out_of_memory(error);
    if (!is_first) return analysis_region_second_end(regions, event), 0;
    struct analysis_open_region whole = {.id = *id,
                                         .below = NO_SLOT,
                                         .process = process_of(regions, event->thread),
                                         .weight = weight_of(regions, id),
                                         .begin_lost = true};
    if (!analysis_is_before_window(regions->info, whole.process, id->birth))
        analysis_region_no_begin(regions, event);
    struct analysis_region ended = region_ended(regions, &whole, event, event->time);
    return add_finished(regions, &whole, &ended) ? 0 : out_of_memory(error);
}

static int end_region(struct analysis_regions *regions, const struct trace_event *event,
                      struct cairn_error *error)
{
    uint32_t slot = find_open(regions, event);
    bool is_first;
    if (slot == NO_SLOT) return end_unknown(regions, event, error);
    if (regions->slots.items[slot].begin_lost && !remember_end(regions, event, &is_first))
        return out_of_memory(error);
    struct analysis_region ended = region_ended(regions, &regions->slots.items[slot], event, event->time);
    ended.is_wrong = check_order(regions, event, slot);
    analysis_recent_put(regions->recent, event->region.place, process_of(regions, event->thread), event->site,
                        event->thread);
    const struct analysis_open_region *open = &regions->slots.items[slot];
    cover(regions, open, event->time);
    bool done = add_finished(regions, open, &ended);
    remove_slot(regions, slot);
    return done ? 0 : out_of_memory(error);
}

/* Other clocks measured it: it takes no part in the thread's nesting. */
static int whole_region(struct analysis_regions *regions, const struct trace_event *event,
                        struct cairn_error *error)
{
    struct analysis_open_region whole = {
        .id = event->region, .below = NO_SLOT, .weight = weight_of(regions, &event->region)};
    if (event->end_ticks < event->region.birth) return analysis_region_backwards(regions, event), 0;
    struct analysis_region ended = region_ended(regions, &whole, event, event->end_ticks);
    return add_finished(regions, &whole, &ended) ? 0 : out_of_memory(error);
}

/* A region that a chunk head lists after a gap may have been open before the gap; or it began in the gap, and
 * another thread, which its own cannot know of, has ended it since. */
static bool is_known(struct analysis_regions *regions, const struct trace_event *event)
{
    struct map_key key = key_of(event->region.place, process_of(regions, event->thread));
    return find_open(regions, event) != NO_SLOT || map_get(&regions->lost_ended, key);
}

static int take_event(struct trace_sink *sink, const struct trace_event *event, struct cairn_error *error)
{
    struct analysis_regions *regions = (struct analysis_regions *)sink;
    struct analysis_region_thread *thread = event->after_gap ? thread_of(regions, event->thread) : NULL;
    if (thread) thread->gaps++;
    if (!analysis_sampling_take(&regions->sampling, event)) return out_of_memory(error);
    switch (event->kind) {
    case TRACE_REGION_OPEN:
        if (is_known(regions, event)) return 0;
        return push_region(regions, event) ? 0 : out_of_memory(error);
    case TRACE_REGION_BEGIN: return push_region(regions, event) ? 0 : out_of_memory(error);
    case TRACE_REGION_END: return end_region(regions, event, error);
    case TRACE_REGION_AT: return whole_region(regions, event, error);
    default: return 0;
    }
}

/* ---- From a scan ------------------------------------------------------------------------------------ */

bool analysis_regions_leave(struct analysis_regions *regions, const struct trace_region_id *region,
                            uint64_t covered_ticks)
{
    return add_unfinished(
        regions, &(struct analysis_open_region){.id = *region, .covered = covered_ticks, .weight = 1});
}

/* ---- The end --------------------------------------------------------------------------------------- */

static int take_end(struct trace_sink *sink, const struct trace_info *info, struct cairn_error *error)
{
    struct analysis_regions *regions = (struct analysis_regions *)sink;
    regions->info = info;
    for (uint32_t i = 0; i <= regions->thread_count; i++) {
        if (!regions->threads[i]) continue;
        for (uint32_t slot = regions->threads[i]->top; slot != NO_SLOT;
             slot = regions->slots.items[slot].below)
            if (!add_unfinished(regions, &regions->slots.items[slot])) return out_of_memory(error);
    }
    return analysis_region_rows_sort(regions) ? 0 : out_of_memory(error);
}

bool analysis_regions_init(struct analysis_regions *regions, const struct trace_info *info,
                           struct analysis_filter *filter)
{
    *regions = (struct analysis_regions){
        .sink = {.event = take_event, .end = take_end},
        .info = info,
        .filter = filter,
        .thread_count = info->thread_count,
    };
    analysis_sampling_init(&regions->sampling, info);
    regions->threads = calloc((size_t)info->thread_count + 1, sizeof *regions->threads);
    regions->recent = calloc(1, sizeof *regions->recent);
    return analysis_region_rows_init(regions) && regions->threads && regions->recent;
}

void analysis_regions_free(struct analysis_regions *regions)
{
    for (uint32_t i = 0; regions->threads && i <= regions->thread_count; i++) free(regions->threads[i]);
    vector_free(&regions->slots);
    free(regions->threads);
    free(regions->recent);
    map_free(&regions->by_place);
    map_free(&regions->lost_ended);
    analysis_region_rows_free(regions);
    analysis_sampling_free(&regions->sampling);
}
