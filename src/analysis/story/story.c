/* See story.h. SPDX-License-Identifier: Apache-2.0
 *
 * 1. Until the task begins, or is listed as begun before the window, the parents of open tasks are kept, so that the chain
 *    of its ancestors can be told when it does.
 * 2. A task whose parent is a member is a member. As a begin comes before what it causes, one pass finds all.
 * 3. Each event of a member becomes a line; a region's end completes the line of its begin. Other tasks'
 *    links to a member become lines too.
 * 4. At the end lines are sorted by time, because regions with explicit times, and those whose begin is only
 *    known from their end, come late. Then the stretches between begin and end in which no region was open
 *    and nothing happened become lines: gaps.
 */
#include "analysis/story/story.h"

#include "cairn/cairn.h"

#include <stdlib.h>
#include <string.h>

static int out_of_memory(struct cairn_error *error)
{
    return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE, "Out of memory.");
}

/* ---- Members --------------------------------------------------------------------------------------- */

static uint32_t look_up_member(struct analysis_story *story, const struct trace_task_id *task)
{
    const uint64_t *index = map_get(&story->members, analysis_id_map_key(task));
    if (!index) story->stranger = *task;
    return index ? (uint32_t)*index : UINT32_MAX;
}

/* Index in tasks, or UINT32_MAX. Most events are of the same stranger as the one before. */
static inline uint32_t member(struct analysis_story *story, const struct trace_task_id *task)
{
    bool is_stranger = story->stranger.id == task->id && story->stranger.process == task->process;
    return is_stranger || !story->tasks.count ? UINT32_MAX : look_up_member(story, task);
}

static bool add_member(struct analysis_story *story, const struct analysis_task *task, uint32_t parent)
{
    uint32_t depth = parent == UINT32_MAX ? 0 : story->tasks.items[parent].depth + 1;
    uint64_t *index = map_put(&story->members, analysis_id_map_key(&task->id), NULL);
    if (!index) return false;
    *index = story->tasks.count;
    story->stranger = (struct trace_task_id){.process = UINT32_MAX};
    return vector_push(&story->tasks, ((struct analysis_story_task){*task, parent, depth}));
}

static bool is_wanted(const struct analysis_story *story, const struct trace_task_id *task)
{
    return analysis_id_equal(&story->wanted, task);
}

/* The task itself is met without its begin. */
static bool meet(struct analysis_story *story, const struct trace_task_id *task)
{
    if (story->tasks.count || !is_wanted(story, task)) return true;
    struct analysis_task met = {.id = *task,
                                .begin = analysis_begin_of_mentioned(story->info, task),
                                .begin_thread = UINT32_MAX,
                                .end_thread = UINT32_MAX};
    return add_member(story, &met, UINT32_MAX);
}

/* ---- Ancestors ------------------------------------------------------------------------------------- */

static bool remember_parent(struct analysis_story *story, const struct trace_event *event)
{
    if (story->tasks.count) return true;
    bool added;
    uint64_t *index = map_put(&story->open, analysis_id_map_key(&event->task), &added);
    if (!index || !added) return index != NULL;
    if (story->free_parent) {
        *index = story->free_parent - 1;
        story->free_parent = (size_t)story->open_parents.items[*index].birth;
        story->open_parents.items[*index] = event->other;
        return true;
    }
    *index = story->open_parents.count;
    return vector_push(&story->open_parents, event->other);
}

/* A task that ended is not told as an ancestor of later ones: memory is bounded by what is open. */
static void forget_parent(struct analysis_story *story, const struct trace_task_id *task)
{
    const uint64_t *index = map_get(&story->open, analysis_id_map_key(task));
    if (!index) return;
    story->open_parents.items[*index].birth = story->free_parent;
    story->free_parent = (size_t)*index + 1;
    map_remove(&story->open, analysis_id_map_key(task));
}

static bool climb(struct analysis_story *story, struct trace_task_id at)
{
    while (at.id > CAIRN_ID_OFF && story->ancestors.count < 1000) {
        if (!vector_push(&story->ancestors, at)) return false;
        const uint64_t *index = map_get(&story->open, analysis_id_map_key(&at));
        if (!index) break;
        at = story->open_parents.items[*index];
    }
    return true;
}

/* ---- Lines ----------------------------------------------------------------------------------------- */

static struct analysis_story_line *add_line(struct analysis_story *story, enum analysis_story_kind kind,
                                            const struct trace_event *event, uint32_t task)
{
    uint32_t thread = event->thread < story->thread_count ? event->thread : story->thread_count;
    struct analysis_story_line line = {.kind = kind,
                                       .time = event->time,
                                       .sequence = story->lines.count,
                                       .task = task,
                                       .thread = event->thread,
                                       .site = event->site,
                                       .end_thread = UINT32_MAX,
                                       .depth = story->open_regions[thread],
                                       .region = event->region,
                                       .other = event->other,
                                       .value = event->value};
    return vector_push(&story->lines, line) ? &story->lines.items[story->lines.count - 1] : NULL;
}

static bool has_room(struct analysis_story *story, const struct trace_event *event)
{
    bool fits = story->lines.count < ANALYSIS_STORY_LINES_MAX &&
                story->text_bytes + event->value.text_bytes <= ANALYSIS_STORY_TEXT_MAX;
    if (!fits) story->left_out++;
    return fits;
}

/* A log, an attribute or a link. */
static bool add_moment(struct analysis_story *story, enum analysis_story_kind kind,
                       const struct trace_event *event, uint32_t task)
{
    if (!has_room(story, event)) return true;
    struct analysis_story_line *line = add_line(story, kind, event, task);
    if (!line) return false;
    if (!line->value.text) return true;
    line->value.text = arena_text(&story->memory, event->value.text, event->value.text_bytes);
    story->text_bytes += event->value.text_bytes;
    return line->value.text != NULL;
}

/* Key of a region: places are of a process. */
static struct map_key region_key(const struct analysis_story *story, const struct trace_event *event)
{
    bool known = event->thread < story->info->thread_count;
    return (struct map_key){event->region.place, known ? story->info->threads[event->thread].process : 0, 1};
}

static uint32_t *open_count(struct analysis_story *story, uint32_t thread)
{
    return &story->open_regions[thread < story->thread_count ? thread : story->thread_count];
}

static bool begin_region(struct analysis_story *story, const struct trace_event *event, uint32_t task)
{
    bool added, lost = event->kind == TRACE_REGION_OPEN;
    if (!has_room(story, event)) return true;
    uint64_t *index = map_put(&story->regions, region_key(story, event), &added);
    if (!index) return false;
    if (!added) return true; /* told again in the head of a chunk */
    *index = story->lines.count;
    struct analysis_story_line *line = add_line(story, ANALYSIS_STORY_REGION, event, task);
    if (!line) return false;
    line->time = event->region.birth;
    line->thread = event->region.thread;
    line->site = event->region.site;
    line->is_unfinished = true;
    line->begin_lost = lost;
    ++*open_count(story, event->region.thread);
    return true;
}

static void complete_region(struct analysis_story *story, struct analysis_story_line *line,
                            const struct trace_event *event)
{
    if (!line->is_unfinished) return; /* ended before: the first end counts */
    line->is_unfinished = false;
    line->end = event->time;
    line->end_site = event->site;
    line->end_thread = event->thread;
    uint32_t *open = open_count(story, line->thread);
    if (*open) --*open;
}

/* An end finds its line by the region's identity; without one, its begin is not in the trace. */
static bool end_region(struct analysis_story *story, const struct trace_event *event)
{
    bool is_known = trace_task_is_known(&event->region.task);
    uint32_t task = is_known ? member(story, &event->region.task) : UINT32_MAX;
    if (is_known && task == UINT32_MAX) return true;
    const uint64_t *index = map_get(&story->regions, region_key(story, event));
    if (!index) {
        struct trace_event opened = *event;
        opened.kind = TRACE_REGION_OPEN;
        if (task == UINT32_MAX || event->region.place == 0) return true;
        if (!begin_region(story, &opened, task)) return false;
        index = map_get(&story->regions, region_key(story, event));
    }
    if (index) complete_region(story, &story->lines.items[*index], event);
    return true;
}

static bool add_whole_region(struct analysis_story *story, const struct trace_event *event, uint32_t task)
{
    if (!has_room(story, event)) return true;
    struct analysis_story_line *line = add_line(story, ANALYSIS_STORY_REGION, event, task);
    if (!line) return false;
    line->time = event->region.birth;
    line->end = event->end_ticks;
    line->is_explicit = true;
    line->depth = 0;
    return true;
}

/* ---- Events ---------------------------------------------------------------------------------------- */

/* Takes in a task that begins, or is listed. Both may come, the list first: the begin then only adds its thread. */
static bool enter_task(struct analysis_story *story, const struct trace_event *event)
{
    struct analysis_task begun = {
        .id = event->task, .parent = event->other, .begin_thread = event->thread, .end_thread = UINT32_MAX};
    if (event->kind == TRACE_TASK_OPEN) begun.begin = ANALYSIS_BEGIN_LISTED;
    uint32_t parent = event->other.id ? member(story, &event->other) : UINT32_MAX;
    uint32_t known = member(story, &event->task);
    if (known != UINT32_MAX) {
        struct analysis_task *task = &story->tasks.items[known].task;
        bool is_first = task->begin != ANALYSIS_BEGIN_LISTED;
        if (is_first && is_wanted(story, &event->task) && !climb(story, event->other)) return false;
        task->begin = begun.begin;
        task->parent = begun.parent;
        task->begin_thread = begun.begin_thread;
        return true;
    }
    if (is_wanted(story, &event->task))
        return climb(story, event->other) && add_member(story, &begun, UINT32_MAX);
    if (parent == UINT32_MAX) return remember_parent(story, event);
    return !has_room(story, event) || add_member(story, &begun, parent);
}

static bool begin_task(struct analysis_story *story, const struct trace_event *event)
{
    if (!enter_task(story, event)) return false;
    uint32_t task = member(story, &event->task);
    if (task == UINT32_MAX || event->kind == TRACE_TASK_OPEN || !has_room(story, event)) return true;
    return add_line(story, ANALYSIS_STORY_BEGIN, event, task) != NULL;
}

static bool end_task(struct analysis_story *story, const struct trace_event *event, uint32_t member_index)
{
    struct analysis_task *task = &story->tasks.items[member_index].task;
    bool again = task->status != ANALYSIS_UNFINISHED;
    if (!again) {
        task->status = event->kind == TRACE_TASK_FAIL ? ANALYSIS_FAILED : ANALYSIS_FINISHED;
        task->end_ticks = event->time;
        task->end_thread = event->thread;
        task->end_site = event->site;
    }
    if (!has_room(story, event)) return true;
    return add_line(story, again ? ANALYSIS_STORY_END_AGAIN : ANALYSIS_STORY_END, event, member_index) !=
           NULL;
}

bool analysis_story_has(void *story, const struct trace_task_id *task)
{
    return is_wanted(story, task) || member(story, task) != UINT32_MAX; /* it may not have been met yet */
}

const struct analysis_story_linked *analysis_story_linked(const struct analysis_story *story,
                                                          const struct trace_task_id *task)
{
    const uint64_t *index = map_get(&story->linked_at, analysis_id_map_key(task));
    return index ? &story->linked.items[*index] : NULL;
}

/* Bounded as lines are. */
static bool add_linked(struct analysis_story *story, const struct trace_task_id *task)
{
    bool added;
    if (task->id <= CAIRN_ID_OFF || story->linked.count >= ANALYSIS_STORY_LINES_MAX) return true;
    uint64_t *index = map_put(&story->linked_at, analysis_id_map_key(task), &added);
    if (!index || !added) return index != NULL;
    *index = story->linked.count;
    return vector_push(&story->linked,
                       ((struct analysis_story_linked){.id = *task, .end_thread = UINT32_MAX}));
}

static void end_linked(struct analysis_story *story, const struct trace_event *event)
{
    const uint64_t *index = map_get(&story->linked_at, analysis_id_map_key(&event->task));
    if (!index || story->linked.items[*index].end_ticks) return;
    story->linked.items[*index].end_ticks = event->time;
    story->linked.items[*index].end_thread = event->thread;
}

static bool add_link(struct analysis_story *story, const struct trace_event *event)
{
    uint32_t from = member(story, &event->task), to;
    if (from != UINT32_MAX &&
        !(add_linked(story, &event->other) && add_moment(story, ANALYSIS_STORY_LINK_TO, event, from)))
        return false;
    if (!meet(story, &event->other)) return false;
    to = member(story, &event->other);
    if (to == UINT32_MAX) return true;
    struct trace_event reversed = *event;
    reversed.other = event->task;
    return add_linked(story, &event->task) && add_moment(story, ANALYSIS_STORY_LINK_FROM, &reversed, to);
}

static bool take_of_member(struct analysis_story *story, const struct trace_event *event, uint32_t task)
{
    switch (event->kind) {
    case TRACE_TASK_END:
    case TRACE_TASK_FAIL: return end_task(story, event, task);
    case TRACE_REGION_BEGIN:
    case TRACE_REGION_OPEN: return begin_region(story, event, task);
    case TRACE_REGION_AT: return add_whole_region(story, event, task);
    case TRACE_LOG: return add_moment(story, ANALYSIS_STORY_LOG, event, task);
    case TRACE_ATTR: return add_moment(story, ANALYSIS_STORY_ATTR, event, task);
    default: return true;
    }
}

static bool take(struct analysis_story *story, const struct trace_event *event)
{
    if (event->kind == TRACE_COUNTER) return true;
    if (event->kind == TRACE_TASK_BEGIN || event->kind == TRACE_TASK_OPEN) return begin_task(story, event);
    if (!meet(story, &event->task)) return false;
    if (event->kind == TRACE_TASK_END || event->kind == TRACE_TASK_FAIL) end_linked(story, event);
    if (event->kind == TRACE_REGION_END) return end_region(story, event);
    if (event->kind == TRACE_LINK) return add_link(story, event);
    uint32_t task = member(story, &event->task);
    if (task != UINT32_MAX) return take_of_member(story, event, task);
    if (event->kind == TRACE_TASK_END || event->kind == TRACE_TASK_FAIL) forget_parent(story, &event->task);
    return true;
}

static int take_event(struct trace_sink *sink, const struct trace_event *event, struct cairn_error *error)
{
    return take((struct analysis_story *)sink, event) ? 0 : out_of_memory(error);
}

/* ---- The end --------------------------------------------------------------------------------------- */

static int compare_lines(const void *left, const void *right)
{
    const struct analysis_story_line *one = left, *other = right;
    if (one->time != other->time) return one->time < other->time ? -1 : 1;
    return one->sequence < other->sequence ? -1 : one->sequence > other->sequence;
}

static void sort_lines(struct analysis_story *story)
{
    if (story->lines.count)
        qsort(story->lines.items, story->lines.count, sizeof *story->lines.items, compare_lines);
}

static bool add_stretch(struct analysis_story *story, enum analysis_story_kind kind, uint64_t from,
                        uint64_t to)
{
    struct analysis_story_line gap = {.kind = kind,
                                      .time = from,
                                      .end = to,
                                      .sequence = UINT64_MAX,
                                      .thread = UINT32_MAX,
                                      .end_thread = UINT32_MAX};
    return vector_push(&story->lines, gap);
}

static bool add_gap(struct analysis_story *story, uint64_t from, uint64_t to, uint64_t least)
{
    if (to <= from || to - from < least) return true;
    return add_stretch(story, ANALYSIS_STORY_GAP, from, to);
}

/* Where the task's time is known from: before the window, silence means nothing. */
static uint64_t seen_from(const struct analysis_story *story)
{
    uint32_t process = story->tasks.items[0].task.id.process;
    uint64_t window = story->info->processes[process].window_begin_ticks;
    uint64_t until = window < story->end_ticks ? window : story->end_ticks;
    return until > story->begin_ticks ? until : story->begin_ticks;
}

/* Walks along the sorted lines; `quiet_from` is the end of all that was seen so far. */
static bool find_gaps(struct analysis_story *story)
{
    uint64_t begin = story->begin_ticks, end = story->end_ticks;
    if (end <= begin) return true;
    uint64_t least = trace_clock_ticks(&story->info->clock, ANALYSIS_GAP_NS_MIN);
    uint64_t quiet_from = seen_from(story);
    size_t count = story->lines.count;
    if (quiet_from > begin && !add_stretch(story, ANALYSIS_STORY_UNSEEN, begin, quiet_from)) return false;
    if (least < (end - begin) / ANALYSIS_GAP_SHARE) least = (end - begin) / ANALYSIS_GAP_SHARE;
    for (size_t i = 0; i < count && quiet_from < end; i++) {
        struct analysis_story_line line = story->lines.items[i];
        uint64_t until = line.time < end ? line.time : end;
        if (!add_gap(story, quiet_from, until, least)) return false;
        if (line.kind != ANALYSIS_STORY_REGION) line.end = line.time;
        if (line.is_unfinished) line.end = end;
        if (line.time > quiet_from) quiet_from = line.time;
        if (line.end > quiet_from) quiet_from = line.end;
    }
    return add_gap(story, quiet_from, end, least);
}

static int take_end(struct trace_sink *sink, const struct trace_info *info, struct cairn_error *error)
{
    struct analysis_story *story = (struct analysis_story *)sink;
    story->info = info;
    if (story->tasks.count == 0) return 0;
    sort_lines(story);
    for (size_t i = 0; i < story->linked.count; i++)
        story->linked.items[i].is_member = member(story, &story->linked.items[i].id) != UINT32_MAX;
    const struct analysis_task *task = &story->tasks.items[0].task;
    story->begin_ticks = task->id.id > CAIRN_ID_OFF ? task->id.birth : info->begin_ticks;
    story->end_ticks = task->status == ANALYSIS_UNFINISHED ? info->end_ticks : task->end_ticks;
    if (task->status == ANALYSIS_UNFINISHED && analysis_ended_before_window(info, &task->id, task->begin))
        story->end_ticks = info->processes[task->id.process].window_begin_ticks;
    if (task->id.id <= CAIRN_ID_OFF) return 0; /* no task: silence means nothing */
    if (!find_gaps(story)) return out_of_memory(error);
    sort_lines(story);
    return 0;
}

bool analysis_story_init(struct analysis_story *story, const struct trace_info *info,
                         const struct trace_task_id *task)
{
    *story = (struct analysis_story){.sink = {.event = take_event, .end = take_end},
                                     .info = info,
                                     .wanted = *task,
                                     .thread_count = info->thread_count};
    story->open_regions = calloc((size_t)info->thread_count + 1, sizeof *story->open_regions);
    return story->open_regions != NULL;
}

void analysis_story_free(struct analysis_story *story)
{
    vector_free(&story->tasks);
    vector_free(&story->ancestors);
    vector_free(&story->lines);
    vector_free(&story->open_parents);
    vector_free(&story->linked);
    map_free(&story->members);
    map_free(&story->linked_at);
    map_free(&story->open);
    map_free(&story->regions);
    free(story->open_regions);
    arena_free(&story->memory);
}
