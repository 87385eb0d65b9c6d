/* See details.h. SPDX-License-Identifier: Apache-2.0
 *
 * 1. The first event of a task opens its slot; what follows adds to it.
 * 2. At the task's end its subtasks and regions that are still open count until then. The tasks sink takes the end after
 *    that; if the task counts, it calls back, and the slot's details are handed on.
 * 3. The slot is emptied and used again: its vectors keep their room.
 *
 * Time of parts: to add up the time of those that are open when the task ends, their begins need not be known one by
 * one. Their sum is enough: together they last `open * end - begins` (modulo 2^64, as all sums here).
 */
#include "analysis/details.h"

#include "cairn/cairn.h"

#include <assert.h>
#include <string.h>

struct part_list {
    struct analysis_detail_part *items;
    size_t count, capacity;
};

struct open_region {
    uint64_t place, birth;
    uint32_t process;
    uint32_t part; /* index in regions; LEFT_OUT */
};

#define LEFT_OUT UINT32_MAX

struct analysis_open_detail {
    struct map_key key; /* while it is open */
    struct trace_task_id parent;
    VECTOR(struct analysis_detail_attr) attrs;
    VECTOR(struct analysis_detail_log) logs;
    struct part_list subtasks, regions;
    VECTOR(struct open_region) open_regions;
    VECTOR(uint32_t) threads;
    VECTOR(char) text;
    uint64_t marks, log_total, subtask_total, left_out;
    uint32_t slot, concurrent, own_part; /* own_part: index in the parent's subtasks; LEFT_OUT */
    bool has_begun, is_open;
};

static int out_of_memory(struct cairn_error *error)
{
    return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE,
                            "Out of memory: too many tasks are open at once.");
}

/* Equal for equal texts of one role. */
static uint32_t type_of(const struct analysis_details *details, uint32_t site)
{
    return site < details->info->site_count ? details->info->sites[site].type : 0;
}

/* ---- Slots ----------------------------------------------------------------------------------------- */

/* A thread's events are of one task for a while; the map is asked when it changes. */
static unsigned recent_of(struct map_key key)
{
    static_assert(ANALYSIS_DETAIL_RECENT == 64, "six bits of a hash");
    return (unsigned)((key.a + key.b) * UINT64_C(0x9e3779b97f4a7c15) >> 58);
}

static struct analysis_open_detail *find_slot(struct analysis_details *details,
                                              const struct trace_task_id *task)
{
    struct map_key key = analysis_id_map_key(task);
    struct analysis_open_detail **recent = &details->recent[recent_of(key)];
    if (*recent && (*recent)->is_open && (*recent)->key.a == key.a && (*recent)->key.b == key.b)
        return *recent;
    const uint64_t *index = map_get(&details->open, key);
    return index ? *recent = details->slots.items[*index] : NULL;
}

static struct analysis_open_detail *new_slot(struct analysis_details *details)
{
    if (details->free_slots.count)
        return details->slots.items[details->free_slots.items[--details->free_slots.count]];
    struct analysis_open_detail *slot = calloc(1, sizeof *slot);
    if (!slot) return NULL;
    slot->slot = (uint32_t)details->slots.count;
    if (vector_push(&details->slots, slot)) return slot;
    free(slot);
    return NULL;
}

static struct analysis_open_detail *open_slot(struct analysis_details *details,
                                              const struct trace_task_id *task)
{
    struct analysis_open_detail *slot = new_slot(details);
    uint64_t *index = slot ? map_put(&details->open, analysis_id_map_key(task), NULL) : NULL;
    if (!index) return NULL;
    *index = slot->slot;
    slot->key = analysis_id_map_key(task);
    slot->is_open = true;
    slot->own_part = LEFT_OUT;
    return slot;
}

static bool close_slot(struct analysis_details *details, struct analysis_open_detail *slot)
{
    map_remove(&details->open, slot->key);
    slot->parent = (struct trace_task_id){0};
    slot->attrs.count = slot->logs.count = slot->subtasks.count = slot->regions.count = 0;
    slot->open_regions.count = slot->threads.count = slot->text.count = 0;
    slot->marks = slot->log_total = slot->subtask_total = slot->left_out = 0;
    slot->concurrent = 0;
    slot->has_begun = slot->is_open = false;
    return vector_push(&details->free_slots, slot->slot);
}

static void free_slot(struct analysis_open_detail *slot)
{
    vector_free(&slot->attrs);
    vector_free(&slot->logs);
    vector_free(&slot->subtasks);
    vector_free(&slot->regions);
    vector_free(&slot->open_regions);
    vector_free(&slot->threads);
    vector_free(&slot->text);
    free(slot);
}

/* ---- Parts ----------------------------------------------------------------------------------------- */

/* Adds one that begins. *index is where, or LEFT_OUT. */
static bool begin_part(struct analysis_details *details, struct analysis_open_detail *slot,
                       struct part_list *parts, uint32_t site, uint64_t begin, uint32_t *index)
{
    uint32_t type = type_of(details, site);
    size_t i = 0;
    while (i < parts->count && type_of(details, parts->items[i].site) != type) i++;
    *index = i < ANALYSIS_DETAIL_MAX ? (uint32_t)i : LEFT_OUT;
    if (*index == LEFT_OUT) return slot->left_out++, true;
    if (i == parts->count && !vector_push(parts, (struct analysis_detail_part){.site = site})) return false;
    parts->items[i].count++;
    parts->items[i].open++;
    parts->items[i].begins += begin;
    return true;
}

static void end_part(struct part_list *parts, uint32_t index, uint64_t begin, uint64_t end)
{
    if (index >= parts->count) return;
    struct analysis_detail_part *part = &parts->items[index];
    part->open--;
    part->begins -= begin;
    part->ticks += end > begin ? end - begin : 0;
}

static void end_parts(struct part_list *parts, uint64_t end)
{
    for (size_t i = 0; i < parts->count; i++) {
        struct analysis_detail_part *part = &parts->items[i];
        /* Less than 0: where clocks disagree they begin after the end. */
        int64_t ticks = (int64_t)(part->open * end - part->begins);
        if (ticks > 0) part->ticks += (uint64_t)ticks;
        part->open = part->begins = 0;
    }
}

/* ---- Regions --------------------------------------------------------------------------------------- */

static uint32_t process_of(const struct analysis_details *details, const struct trace_event *event)
{
    return event->thread < details->info->thread_count ? details->info->threads[event->thread].process : 0;
}

static bool begin_region(struct analysis_details *details, struct analysis_open_detail *slot,
                         const struct trace_event *event)
{
    const struct trace_region_id *region = &event->region;
    struct open_region open = {
        .place = region->place, .birth = region->birth, .process = process_of(details, event)};
    for (size_t i = 0; event->kind == TRACE_REGION_OPEN && i < slot->open_regions.count; i++)
        if (slot->open_regions.items[i].place == open.place &&
            slot->open_regions.items[i].process == open.process)
            return true; /* known: it is listed again after a gap */
    return begin_part(details, slot, &slot->regions, region->site, region->birth, &open.part) &&
           vector_push(&slot->open_regions, open);
}

static void end_region(const struct analysis_details *details, struct analysis_open_detail *slot,
                       const struct trace_event *event)
{
    uint32_t process = process_of(details, event);
    for (size_t i = slot->open_regions.count; i-- > 0;) {
        struct open_region open = slot->open_regions.items[i];
        if (open.place != event->region.place || open.process != process) continue;
        end_part(&slot->regions, open.part, open.birth, event->time);
        slot->open_regions.items[i] = slot->open_regions.items[--slot->open_regions.count];
        return;
    }
}

static bool whole_region(struct analysis_details *details, struct analysis_open_detail *slot,
                         const struct trace_event *event)
{
    uint32_t part;
    if (event->end_ticks < event->region.birth) return true;
    if (!begin_part(details, slot, &slot->regions, event->region.site, event->region.birth, &part))
        return false;
    end_part(&slot->regions, part, event->region.birth, event->end_ticks);
    return true;
}

/* ---- Logs and attributes --------------------------------------------------------------------------- */

static bool add_text(struct analysis_open_detail *slot, const char *text, size_t bytes, size_t *at)
{
    *at = slot->text.count;
    if (!vector_reserve(&slot->text, slot->text.count + bytes)) return false;
    if (bytes) memcpy(slot->text.items + slot->text.count, text, bytes);
    slot->text.count += bytes;
    return true;
}

static bool add_log(struct analysis_details *details, struct analysis_open_detail *slot,
                    const struct trace_event *event)
{
    const char *format =
        event->site < details->info->site_count ? details->info->sites[event->site].format : NULL;
    size_t bytes = event->value.text_bytes;
    if (bytes > ANALYSIS_DETAIL_LOG_BYTES) bytes = ANALYSIS_DETAIL_LOG_BYTES;
    uint64_t hash =
        format ? map_hash_bytes(format, strlen(format)) : map_hash_bytes(event->value.text, bytes);
    for (size_t i = 0; i < slot->logs.count; i++) {
        struct analysis_detail_log *log = &slot->logs.items[i];
        if (log->hash == hash && type_of(details, log->site) == type_of(details, event->site))
            return log->count++, true;
    }
    if (slot->logs.count == ANALYSIS_DETAIL_MAX) return slot->left_out++, true;
    struct analysis_detail_log log = {
        .site = event->site, .text_bytes = (uint32_t)bytes, .count = 1, .hash = hash};
    return add_text(slot, event->value.text, bytes, &log.text_at) && vector_push(&slot->logs, log);
}

/* The text takes the place of the one before. If it is longer, it gets twice the room at another place, so that however often
 * it changes, no more is left behind than the longest takes. */
static bool set_attr(struct analysis_open_detail *slot, struct analysis_detail_attr *attr,
                     const struct trace_event *event)
{
    size_t bytes = event->value.text_bytes, room = 2 * attr->text_room;
    if (bytes > attr->text_room) {
        attr->text_room = bytes > room ? bytes : room;
        attr->text_at = slot->text.count;
        if (!vector_reserve(&slot->text, slot->text.count + attr->text_room)) return false;
        slot->text.count += attr->text_room;
    }
    if (bytes) memcpy(slot->text.items + attr->text_at, event->value.text, bytes);
    attr->site = event->site;
    attr->value = event->value;
    return true;
}

/* What was given last counts. */
static bool add_attr(struct analysis_details *details, struct analysis_open_detail *slot,
                     const struct trace_event *event)
{
    uint32_t type = type_of(details, event->site);
    for (size_t i = 0; i < slot->attrs.count; i++)
        if (type_of(details, slot->attrs.items[i].site) == type)
            return set_attr(slot, &slot->attrs.items[i], event);
    if (slot->attrs.count == ANALYSIS_DETAIL_MAX) return slot->left_out++, true;
    return vector_push(&slot->attrs, (struct analysis_detail_attr){0}) &&
           set_attr(slot, &slot->attrs.items[slot->attrs.count - 1], event);
}

static bool add_thread(struct analysis_open_detail *slot, uint32_t thread)
{
    if (thread == UINT32_MAX) return true;
    for (size_t i = slot->threads.count; i-- > 0;)
        if (slot->threads.items[i] == thread) return true;
    if (slot->threads.count == ANALYSIS_DETAIL_MAX) return slot->left_out++, true;
    return vector_push(&slot->threads, thread);
}

/* ---- Tasks ----------------------------------------------------------------------------------------- */

static uint64_t *open_count(struct analysis_details *details, const struct trace_task_id *task)
{
    return map_put(&details->open_of_type, (struct map_key){type_of(details, task->site), task->process, 0},
                   NULL);
}

static bool begin_task(struct analysis_details *details, struct analysis_open_detail *slot,
                       const struct trace_event *event)
{
    uint64_t *count = open_count(details, &event->task);
    if (!count) return false;
    if (!slot->has_begun) slot->concurrent = (uint32_t)(*count)++;
    if (slot->parent.id || !event->other.id) return slot->has_begun = true;
    slot->has_begun = true;
    slot->parent = event->other;
    struct analysis_open_detail *parent =
        details->wanted & ANALYSIS_DETAIL_SUBTASKS ? find_slot(details, &event->other) : NULL;
    if (parent) parent->subtask_total++;
    return !parent || begin_part(details, parent, &parent->subtasks, event->task.site, event->task.birth,
                                 &slot->own_part);
}

/* With the parent, and with the count of its type. */
static bool leave(struct analysis_details *details, struct analysis_open_detail *slot,
                  const struct trace_event *event)
{
    uint64_t *count = slot->has_begun ? open_count(details, &event->task) : NULL;
    if (slot->has_begun && !count) return false;
    if (count && *count) --*count;
    struct analysis_open_detail *parent =
        slot->own_part != LEFT_OUT ? find_slot(details, &slot->parent) : NULL;
    if (parent) end_part(&parent->subtasks, slot->own_part, event->task.birth, event->time);
    return true;
}

static const char *text_at(const struct analysis_open_detail *slot, size_t at)
{
    return slot->text.count ? slot->text.items + at : "";
}

/* Called by the tasks sink. It also knows tasks that are only named as parent or by a link: those have no slot. */
static bool hand_out(void *data, const struct analysis_task *task)
{
    struct analysis_details *details = data;
    struct analysis_open_detail none = {0}, *slot = find_slot(details, &task->id);
    if (!slot) slot = &none;
    if (task->status == ANALYSIS_UNFINISHED)
        end_parts(&slot->subtasks, task->end_ticks), end_parts(&slot->regions, task->end_ticks);
    for (size_t i = 0; i < slot->attrs.count; i++)
        slot->attrs.items[i].value.text = text_at(slot, slot->attrs.items[i].text_at);
    for (size_t i = 0; i < slot->logs.count; i++)
        slot->logs.items[i].text = text_at(slot, slot->logs.items[i].text_at);
    struct analysis_detail detail = {.task = task,
                                     .parent_site = slot->parent.site,
                                     .concurrent = slot->concurrent,
                                     .marks = slot->marks,
                                     .attrs = slot->attrs.items,
                                     .logs = slot->logs.items,
                                     .subtasks = slot->subtasks.items,
                                     .regions = slot->regions.items,
                                     .threads = slot->threads.items,
                                     .attr_count = slot->attrs.count,
                                     .log_count = slot->logs.count,
                                     .subtask_count = slot->subtasks.count,
                                     .region_count = slot->regions.count,
                                     .thread_count = slot->threads.count,
                                     .log_total = slot->log_total,
                                     .subtask_total = slot->subtask_total,
                                     .left_out = slot->left_out};
    return details->each(details->each_data, &detail);
}

/* ---- Events ---------------------------------------------------------------------------------------- */

static bool take_for(struct analysis_details *details, struct analysis_open_detail *slot,
                     const struct trace_event *event)
{
    unsigned wanted = details->wanted;
    if (details->mark) slot->marks |= details->mark(details->mark_data, event);
    slot->log_total += event->kind == TRACE_LOG;
    if (wanted & ANALYSIS_DETAIL_THREADS && !add_thread(slot, event->thread)) return false;
    switch (event->kind) {
    case TRACE_TASK_BEGIN:
    case TRACE_TASK_OPEN: return begin_task(details, slot, event);
    case TRACE_REGION_BEGIN:
    case TRACE_REGION_OPEN: return !(wanted & ANALYSIS_DETAIL_REGIONS) || begin_region(details, slot, event);
    case TRACE_REGION_END: end_region(details, slot, event); return true;
    case TRACE_REGION_AT: return !(wanted & ANALYSIS_DETAIL_REGIONS) || whole_region(details, slot, event);
    case TRACE_LOG: return !(wanted & ANALYSIS_DETAIL_LOGS) || add_log(details, slot, event);
    case TRACE_ATTR:
        return !(wanted & ANALYSIS_DETAIL_ATTRS) || event->region.place || add_attr(details, slot, event);
    default: return true;
    }
}

/* The task an event tells something of. A region's end tells it by the region. */
static const struct trace_task_id *subject(const struct trace_event *event)
{
    const struct trace_task_id *task = event->kind == TRACE_REGION_END ? &event->region.task : &event->task;
    return event->kind != TRACE_COUNTER && task->id ? task : NULL;
}

static bool end_task(struct analysis_details *details, struct analysis_open_detail *slot,
                     const struct trace_event *event)
{
    end_parts(&slot->subtasks, event->time);
    end_parts(&slot->regions, event->time);
    return leave(details, slot, event);
}

static int take_event(struct trace_sink *sink, const struct trace_event *event, struct cairn_error *error)
{
    struct analysis_details *details = (struct analysis_details *)sink;
    struct trace_sink *tasks = &details->tasks.sink;
    const struct trace_task_id *task = subject(event);
    struct analysis_open_detail *slot = task ? find_slot(details, task) : NULL;
    bool is_late = task && !slot && analysis_tasks_has_ended(&details->tasks, task);
    if (!task || is_late) return tasks->event(tasks, event, error);
    if (!slot) slot = open_slot(details, task);
    if (!slot || !take_for(details, slot, event)) return out_of_memory(error);
    bool ends = event->kind == TRACE_TASK_END || event->kind == TRACE_TASK_FAIL;
    if (ends && !end_task(details, slot, event)) return out_of_memory(error);
    if (tasks->event(tasks, event, error) != 0) return -1;
    return !ends || close_slot(details, slot) ? 0 : out_of_memory(error);
}

static int take_end(struct trace_sink *sink, const struct trace_info *info, struct cairn_error *error)
{
    struct analysis_details *details = (struct analysis_details *)sink;
    details->info = info;
    return details->tasks.sink.end(&details->tasks.sink, info, error);
}

bool analysis_details_init(struct analysis_details *details, const struct trace_info *info,
                           struct analysis_filter *filter, unsigned wanted)
{
    *details = (struct analysis_details){
        .sink = {.event = take_event, .end = take_end}, .info = info, .wanted = wanted};
    bool done = analysis_tasks_init(&details->tasks, info, filter, 0);
    details->tasks.each = hand_out;
    details->tasks.each_data = details;
    return done;
}

void analysis_details_free(struct analysis_details *details)
{
    for (size_t i = 0; i < details->slots.count; i++) free_slot(details->slots.items[i]);
    vector_free(&details->slots);
    vector_free(&details->free_slots);
    map_free(&details->open);
    map_free(&details->open_of_type);
    analysis_tasks_free(&details->tasks);
}
