/* See pathpieces.h. SPDX-License-Identifier: Apache-2.0
 *
 * 1. Every line of the story gives a mark, and every region that lasted a place in two sets: that of its thread and
 *    that of all threads.
 * 2. Marks are sorted by task and time, regions by set and end, the latest first.
 * 3. A set is asked for times that never grow: what ends later than asked for enters its heap, what begins later
 *    leaves it when it comes to the top. Lines stand in the order of begins, so the heap orders line numbers.
 */
#include "analysis/story/pathpieces.h"

#include "cairn/cairn.h"

#include <stdlib.h>

/* ---- Marks ------------------------------------------------------------------------------------------ */

static const struct analysis_task *task_at(const struct path_pieces *pieces, uint32_t index)
{
    return &pieces->story->tasks.items[index].task;
}

static bool is_unfinished(const struct path_pieces *pieces, uint32_t task)
{
    return task_at(pieces, task)->status == ANALYSIS_UNFINISHED;
}

bool path_is_region(const struct analysis_story_line *line)
{
    return line->kind == ANALYSIS_STORY_REGION && (line->is_unfinished || line->end > line->time);
}

uint32_t path_thread_of(const struct analysis_story_line *line)
{
    return line->thread != UINT32_MAX ? line->thread : line->end_thread;
}

static bool add_moment(struct path_pieces *pieces, uint32_t line, uint32_t task, enum path_mark_kind kind)
{
    const struct analysis_story_line *from = &pieces->story->lines.items[line];
    return vector_push(&pieces->marks, ((struct path_mark){.time = from->time,
                                                           .begin = from->other.birth,
                                                           .kind = kind,
                                                           .task = task,
                                                           .thread = from->thread,
                                                           .index = line}));
}

/* A task that this one caused is waited for until it ends; before the link it was none of its business. */
static bool add_link_to(struct path_pieces *pieces, uint32_t line)
{
    const struct analysis_story_line *from = &pieces->story->lines.items[line];
    const struct analysis_story_linked *linked = analysis_story_linked(pieces->story, &from->other);
    if (!add_moment(pieces, line, from->task, PATH_MOMENT)) return false;
    if (!linked || linked->end_ticks <= from->time) return true;
    return vector_push(&pieces->marks, ((struct path_mark){.time = linked->end_ticks,
                                                           .begin = linked->id.birth,
                                                           .kind = PATH_LINK,
                                                           .task = from->task,
                                                           .thread = linked->end_thread,
                                                           .index = line}));
}

/* A region that never ended was not waited for: it can only be where the path was already. */
static bool add_region(struct path_pieces *pieces, uint32_t line)
{
    const struct analysis_story_line *from = &pieces->story->lines.items[line];
    uint32_t thread = path_thread_of(from);
    uint64_t end = from->is_unfinished ? UINT64_MAX : from->end;
    if (!vector_push(&pieces->regions, ((struct path_region){from->task, thread, line, end})) ||
        !vector_push(&pieces->regions, ((struct path_region){from->task, PATH_ANY_THREAD, line, end})))
        return false;
    if (from->is_unfinished) return true;
    return vector_push(&pieces->marks,
                       ((struct path_mark){.time = from->end,
                                           .begin = from->time,
                                           .kind = PATH_REGION,
                                           .task = from->task,
                                           .thread = from->is_explicit ? thread : from->end_thread,
                                           .index = line}));
}

static bool add_line(struct path_pieces *pieces, uint32_t line)
{
    const struct analysis_story_line *from = &pieces->story->lines.items[line];
    uint32_t parent = pieces->story->tasks.items[from->task].parent;
    switch (from->kind) {
    case ANALYSIS_STORY_BEGIN: return parent == UINT32_MAX || add_moment(pieces, line, parent, PATH_MOMENT);
    case ANALYSIS_STORY_LOG:
    case ANALYSIS_STORY_ATTR: return add_moment(pieces, line, from->task, PATH_MOMENT);
    case ANALYSIS_STORY_LINK_TO: return add_link_to(pieces, line);
    case ANALYSIS_STORY_LINK_FROM:
        return add_moment(pieces, line, from->task, from->other.id > CAIRN_ID_OFF ? PATH_LINK : PATH_MOMENT);
    case ANALYSIS_STORY_REGION: return !path_is_region(from) || add_region(pieces, line);
    default: return true;
    }
}

/* What is open when an unfinished task was seen last is what it waits for. */
static bool add_subtask(struct path_pieces *pieces, uint32_t index)
{
    const struct analysis_task *task = task_at(pieces, index);
    uint32_t parent = pieces->story->tasks.items[index].parent;
    bool is_open = is_unfinished(pieces, index);
    if (is_open && !is_unfinished(pieces, parent)) return true; /* it was not waited for */
    uint64_t end = is_open ? pieces->story->end_ticks : task->end_ticks;
    if (end <= task->id.birth) return true;
    return vector_push(&pieces->marks, ((struct path_mark){.time = end,
                                                           .begin = task->id.birth,
                                                           .kind = PATH_SUBTASK,
                                                           .task = parent,
                                                           .thread = task->end_thread,
                                                           .index = index}));
}

/* Of regions and subtasks that end together the one that began first is met first: it explains most. */
static int compare_marks(const void *left, const void *right)
{
    const struct path_mark *one = left, *other = right;
    if (one->task != other->task) return one->task < other->task ? -1 : 1;
    if (one->time != other->time) return one->time < other->time ? -1 : 1;
    bool are_pieces = one->kind >= PATH_REGION && other->kind >= PATH_REGION;
    if (are_pieces && one->begin != other->begin) return one->begin > other->begin ? -1 : 1;
    if (one->kind != other->kind) return one->kind < other->kind ? -1 : 1;
    if (one->index == other->index) return 0;
    return (one->index < other->index) != are_pieces ? -1 : 1;
}

static bool make_ranges(struct path_pieces *pieces)
{
    pieces->ranges = calloc(pieces->story->tasks.count, sizeof *pieces->ranges);
    if (!pieces->ranges) return false;
    if (pieces->marks.count)
        qsort(pieces->marks.items, pieces->marks.count, sizeof *pieces->marks.items, compare_marks);
    for (size_t i = 0; i < pieces->marks.count; i++) {
        struct path_mark_range *range = &pieces->ranges[pieces->marks.items[i].task];
        if (range->count++ == 0) range->first = i;
    }
    return true;
}

const struct path_mark *path_last_mark(struct path_pieces *pieces, uint32_t task, uint64_t time)
{
    struct path_mark_range *range = &pieces->ranges[task];
    for (; range->count; range->count--) {
        const struct path_mark *last = &pieces->marks.items[range->first + range->count - 1];
        if (last->time <= time) return last;
    }
    return NULL;
}

void path_pass_mark(struct path_pieces *pieces, uint32_t task)
{
    if (pieces->ranges[task].count) pieces->ranges[task].count--;
}

/* ---- Open regions ----------------------------------------------------------------------------------- */

static int compare_regions(const void *left, const void *right)
{
    const struct path_region *one = left, *other = right;
    if (one->task != other->task) return one->task < other->task ? -1 : 1;
    if (one->thread != other->thread) return one->thread < other->thread ? -1 : 1;
    if (one->end != other->end) return one->end > other->end ? -1 : 1;
    return one->line < other->line ? -1 : one->line > other->line;
}

static struct map_key set_key(uint32_t task, uint32_t thread)
{
    return (struct map_key){task, thread, 0};
}

static bool make_sets(struct path_pieces *pieces)
{
    size_t count = pieces->regions.count;
    if (count == 0) return true;
    pieces->heaps = calloc(count, sizeof *pieces->heaps);
    if (!pieces->heaps) return false;
    qsort(pieces->regions.items, count, sizeof *pieces->regions.items, compare_regions);
    for (size_t i = 0; i < count; i++) {
        bool added;
        const struct path_region *region = &pieces->regions.items[i];
        uint64_t *index = map_put(&pieces->set_of, set_key(region->task, region->thread), &added);
        if (!index) return false;
        struct path_open_set set = {.regions = region, .open = &pieces->heaps[i]};
        if (added) *index = pieces->sets.count;
        if (added && !vector_push(&pieces->sets, set)) return false;
        pieces->sets.items[*index].count++;
    }
    return true;
}

static void push_open(struct path_open_set *set, uint32_t line)
{
    uint32_t at = set->open_count++;
    while (at && set->open[(at - 1) / 2] < line) {
        set->open[at] = set->open[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    set->open[at] = line;
}

static void pop_open(struct path_open_set *set)
{
    uint32_t last = set->open[--set->open_count], at = 0, below = 1;
    while (below < set->open_count) {
        if (below + 1 < set->open_count && set->open[below + 1] > set->open[below]) below++;
        if (set->open[below] < last) break;
        set->open[at] = set->open[below];
        at = below;
        below = 2 * at + 1;
    }
    set->open[at] = last;
}

static struct path_open_set *find_set(const struct path_pieces *pieces, uint32_t task, uint32_t thread)
{
    const uint64_t *index = map_get(&pieces->set_of, set_key(task, thread));
    return index ? &pieces->sets.items[*index] : NULL;
}

uint32_t path_open_region(struct path_pieces *pieces, uint32_t task, uint32_t thread, uint64_t time)
{
    struct path_open_set *set = find_set(pieces, task, thread);
    if (!set) return PATH_NONE;
    const struct analysis_story_line *lines = pieces->story->lines.items;
    while (set->next < set->count && set->regions[set->next].end >= time)
        push_open(set, set->regions[set->next++].line);
    while (set->open_count && lines[set->open[0]].time >= time) pop_open(set);
    return set->open_count ? set->open[0] : PATH_NONE;
}

uint64_t path_next_end(const struct path_pieces *pieces, uint32_t task, uint32_t thread)
{
    const struct path_open_set *set = find_set(pieces, task, thread);
    return set && set->next < set->count ? set->regions[set->next].end : 0;
}

/* ---- All of it -------------------------------------------------------------------------------------- */

bool path_pieces_make(struct path_pieces *pieces, const struct analysis_story *story)
{
    *pieces = (struct path_pieces){.story = story};
    for (size_t i = 0; i < story->lines.count; i++)
        if (!add_line(pieces, (uint32_t)i)) return false;
    for (size_t i = 1; i < story->tasks.count; i++)
        if (!add_subtask(pieces, (uint32_t)i)) return false;
    return make_ranges(pieces) && make_sets(pieces);
}

void path_pieces_free(struct path_pieces *pieces)
{
    vector_free(&pieces->marks);
    vector_free(&pieces->regions);
    vector_free(&pieces->sets);
    map_free(&pieces->set_of);
    free(pieces->ranges);
    free(pieces->heaps);
}
