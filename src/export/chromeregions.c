/* Regions of the Chrome export: slices of threads, as far as they nest. SPDX-License-Identifier: Apache-2.0 */
#include "export/chrome.h"

static struct map_key region_key(const struct trace_region_id *id)
{
    return (struct map_key){id->place, id->task.process, 0};
}

struct open_region *chrome_region_find(struct chrome *chrome, const struct trace_region_id *id)
{
    const uint64_t *index = map_get(&chrome->region_index, region_key(id));
    return index ? &chrome->regions.items[*index] : NULL;
}

static uint32_t new_region(struct chrome *chrome)
{
    if (chrome->free_regions.count) return chrome->free_regions.items[--chrome->free_regions.count];
    struct open_region empty = {0};
    return vector_push(&chrome->regions, empty) ? (uint32_t)(chrome->regions.count - 1) : UINT32_MAX;
}

static void push_region(struct chrome *chrome, uint32_t index)
{
    struct open_region *region = &chrome->regions.items[index];
    struct thread_state *state = chrome_thread_state(chrome, region->id.thread);
    if (!state || region->begin_ns < state->last_ns) return;
    if (state->stack.count) {
        struct open_region *outer = &chrome->regions.items[state->stack.items[state->stack.count - 1]];
        outer->shares_begin |= outer->begin_ns == region->begin_ns;
    }
    if (!vector_push(&state->stack, index)) {
        chrome->out_of_memory = true;
        return;
    }
    region->nests = true;
    state->last_ns = region->begin_ns;
}

void chrome_region_begin(struct chrome *chrome, const struct trace_region_id *id, bool is_told_late)
{
    if (chrome_region_find(chrome, id)) return;
    bool added;
    uint32_t index = new_region(chrome);
    uint64_t *entry = index == UINT32_MAX ? NULL : map_put(&chrome->region_index, region_key(id), &added);
    if (!entry) {
        chrome->out_of_memory = true;
        return;
    }
    *entry = index;
    int64_t begin_ns = chrome_ns(chrome, id->birth);
    const struct thread_state *state = chrome_thread_state(chrome, id->thread);
    if (state && !is_told_late && begin_ns < state->last_ns) begin_ns = state->last_ns;
    chrome->regions.items[index] = (struct open_region){.id = *id, .used = true, .begin_ns = begin_ns};
    push_region(chrome, index);
}

static void put_region_args(struct chrome *chrome, const struct open_region *region, struct end end)
{
    const struct trace_event *event = end.event;
    struct json args = chrome_args(&chrome->lines);
    chrome_put_task(&args, chrome, "task", &region->id.task);
    chrome_put_site(&args, chrome, "at", region->id.site);
    chrome_put_true_begin(&args, chrome, region->id.birth);
    if (event && event->kind == TRACE_REGION_END) {
        chrome_put_site(&args, chrome, "ended_at", event->site);
        if (event->thread != region->id.thread)
            json_key(&args, "ended_by_thread"),
                json_uint(&args, chrome_place_of(chrome, event->thread, region->id.task.process).tid);
    }
    if (event && event->kind == TRACE_REGION_AT && event->end_ticks < region->id.birth) {
        uint64_t ticks = region->id.birth - event->end_ticks;
        json_key(&args, "ended_before_begin_ns"),
            json_uint(&args, trace_clock_ns(&chrome->info->clock, ticks));
    }
    if (!event) json_key(&args, "unfinished"), json_bool(&args, true);
    chrome_put_attributes(&args, &region->attributes);
    chrome_line_end(&chrome->lines, &args);
}

static const char *region_name(const struct chrome *chrome, const struct open_region *region)
{
    const char *type = chrome_site(chrome, region->id.site)->text;
    return *type ? type : "(unnamed)";
}

static void write_region_async(struct chrome *chrome, const struct open_region *region, struct end end)
{
    struct chrome_lines *lines = &chrome->lines;
    struct chrome_place place = chrome_place_of(chrome, region->id.thread, region->id.task.process);
    uint64_t id = ++chrome->async_count;
    chrome_line(lines, 'b', "region", place, region->begin_ns);
    chrome_id(lines, id);
    chrome_name(lines, region_name(chrome, region));
    put_region_args(chrome, region, end);
    if (!end.event) return;
    chrome_line(lines, 'e', "region", place, end.ns < region->begin_ns ? region->begin_ns : end.ns);
    chrome_id(lines, id);
    chrome_name(lines, region_name(chrome, region));
    chrome_line_end(lines, NULL);
}

static void write_region_nested(struct chrome *chrome, const struct open_region *region, struct end end,
                                bool is_drawn_whole)
{
    bool is_whole = end.event || is_drawn_whole;
    struct chrome_lines *lines = &chrome->lines;
    chrome_line(lines, is_whole ? 'X' : 'B', "region", chrome->threads[region->id.thread], region->begin_ns);
    if (is_whole) chrome_duration(lines, end.ns - region->begin_ns);
    chrome_name(lines, region_name(chrome, region));
    put_region_args(chrome, region, end);
}

static void write_region(struct chrome *chrome, const struct open_region *region, struct end end)
{
    if (region->nests)
        write_region_nested(chrome, region, end, true);
    else
        write_region_async(chrome, region, end);
    chrome->export.counts.regions++;
}

/* Takes a region and all above it off its thread's stack, and returns the time to end it at. */
static int64_t pop_region(struct chrome *chrome, struct open_region *region, int64_t ns)
{
    struct thread_state *state = chrome_thread_state(chrome, region->id.thread);
    uint32_t index = (uint32_t)(region - chrome->regions.items);
    while (state->stack.count && state->stack.items[--state->stack.count] != index)
        chrome->regions.items[state->stack.items[state->stack.count]].nests = false;
    if (ns < state->last_ns) ns = state->last_ns;
    return state->last_ns = ns;
}

static void forget_region(struct chrome *chrome, struct open_region *region)
{
    uint32_t index = (uint32_t)(region - chrome->regions.items);
    map_remove(&chrome->region_index, region_key(&region->id));
    attributes_free(&region->attributes, &chrome->budget);
    region->used = false;
    if (!idset_add(&chrome->ended_regions, region->id.task.process, region->id.place) ||
        !vector_push(&chrome->free_regions, index))
        chrome->out_of_memory = true;
}

void chrome_region_end(struct chrome *chrome, const struct trace_event *event)
{
    const struct trace_region_id *id = &event->region;
    if (idset_has(&chrome->ended_regions, id->task.process, id->place)) {
        chrome->export.counts.late_ends++;
        return;
    }
    chrome_region_begin(chrome, id, true);
    struct open_region *region = chrome_region_find(chrome, id);
    if (!region) return;
    struct end end = {chrome_ns(chrome, event->time), event};
    if (region->nests) end.ns = pop_region(chrome, region, end.ns);
    write_region(chrome, region, end);
    forget_region(chrome, region);
}

void chrome_region_at(struct chrome *chrome, const struct trace_event *event)
{
    struct open_region region = {.id = event->region, .begin_ns = chrome_ns(chrome, event->region.birth)};
    region.id.thread = event->thread;
    region.id.task = event->task;
    region.id.site = event->site;
    write_region(chrome, &region, (struct end){chrome_ns(chrome, event->end_ticks), event});
}

/* The open regions of a thread, outermost first. A B sorts behind an X of the same time that was written
 * before and belongs inside. Where there may be such an X, the region is drawn to the end of the recording
 * instead, and so are those inside, because a B must not outlast the X around it. */
static void finish_stack(struct chrome *chrome, const struct thread_state *state, int64_t end_ns)
{
    bool is_drawn_whole = false;
    if (end_ns < state->last_ns) end_ns = state->last_ns;
    for (size_t i = 0; i < state->stack.count; i++) {
        const struct open_region *region = &chrome->regions.items[state->stack.items[i]];
        is_drawn_whole |= region->shares_begin;
        write_region_nested(chrome, region, (struct end){end_ns, NULL}, is_drawn_whole);
        chrome->export.counts.regions++;
        chrome->export.counts.unfinished_regions++;
    }
}

void chrome_regions_finish(struct chrome *chrome, int64_t end_ns)
{
    for (uint32_t i = 0; i < chrome->info->thread_count; i++)
        finish_stack(chrome, &chrome->states[i], end_ns);
    for (size_t i = 0; i < chrome->regions.count; i++) {
        const struct open_region *region = &chrome->regions.items[i];
        if (!region->used || region->nests) continue;
        write_region(chrome, region, (struct end){end_ns, NULL});
        chrome->export.counts.unfinished_regions++;
    }
}
