/* See flame.h. SPDX-License-Identifier: Apache-2.0
 *
 * 1. At the begin of a region the sink of regions asks for a label: the region's stack, which is that of the region below
 *    it and one frame more. Stacks are found by their parent and the frame's name.
 * 2. At its end the region comes back with its label and its self time.
 * 3. Gaps: for each open task the number of its open regions is kept. While it is not 0 the task is covered; what remains
 *    of its latency is the gap.
 */
#include "analysis/flame.h"

#include "cairn/cairn.h"

#include <stdlib.h>
#include <string.h>

struct analysis_cover {
    uint64_t covered; /* ticks */
    uint64_t until;   /* where the last stretch ended */
    uint64_t since;   /* while open > 0 */
    uint32_t open;    /* regions of the task */
    uint32_t next_free;
};

/* ---- Stacks ------------------------------------------------------------------------------------------------ */

/* UINT32_MAX if memory ran out, as from what follows. */
static uint32_t add_stack(struct analysis_flame *flame, uint32_t parent, uint32_t name)
{
    uint32_t depth = parent == ANALYSIS_NO_NODE ? 0 : flame->stacks.items[parent].at.depth + 1;
    const char *frame = flame->names.texts.items[name];
    struct analysis_stack stack = {.at = {parent, depth}, .frame = frame};
    uint64_t *index = map_put(&flame->children, (struct map_key){parent, name, 0}, NULL);
    if (!index) return UINT32_MAX;
    *index = flame->stacks.count;
    return vector_push(&flame->stacks, stack) ? (uint32_t)flame->stacks.count - 1 : UINT32_MAX;
}

static uint32_t other_types(struct analysis_flame *flame)
{
    uint32_t name = analysis_names_number(&flame->names, ANALYSIS_TYPE_OTHER);
    if (name == UINT32_MAX) return name;
    const uint64_t *known = map_get(&flame->children, (struct map_key){ANALYSIS_NO_NODE, name, 0});
    return known ? (uint32_t)*known : add_stack(flame, ANALYSIS_NO_NODE, name);
}

static uint32_t stack_of(struct analysis_flame *flame, uint32_t parent, uint32_t name)
{
    if (name == UINT32_MAX) return name;
    const uint64_t *known = map_get(&flame->children, (struct map_key){parent, name, 0});
    if (known) return (uint32_t)*known;
    bool is_type = parent == ANALYSIS_NO_NODE;
    if (!is_type && flame->stacks.items[parent].at.depth == ANALYSIS_STACK_DEPTH_MAX - 1) return parent;
    if (flame->stacks.count >= ANALYSIS_STACKS_MAX) return is_type ? other_types(flame) : parent;
    return add_stack(flame, parent, name);
}

static uint32_t name_of_region(struct analysis_flame *flame, uint32_t site)
{
    if (site >= flame->info->site_count) site = 0;
    uint32_t *known = &flame->name_of_site[site];
    if (!*known) *known = analysis_names_number(&flame->names, analysis_type_of_site(flame->info, site)) + 1;
    return *known - 1;
}

static const char *type_of_task(const struct analysis_flame *flame, const struct trace_task_id *task)
{
    return trace_task_is_known(task) ? analysis_type_of_task(flame->info, task) : ANALYSIS_TYPE_UNKNOWN;
}

static bool is_wanted(const struct analysis_flame *flame, const struct trace_task_id *task)
{
    return !flame->task_type || analysis_glob(flame->task_type, type_of_task(flame, task));
}

/* The stack of a task type and a frame in it. */
static uint32_t outermost(struct analysis_flame *flame, const struct trace_task_id *task, uint32_t name)
{
    uint32_t type = analysis_names_number(&flame->names, type_of_task(flame, task));
    uint32_t parent = stack_of(flame, ANALYSIS_NO_NODE, type);
    return parent == UINT32_MAX ? parent : stack_of(flame, parent, name);
}

static void add_self(struct analysis_flame *flame, uint32_t stack, uint64_t ticks)
{
    flame->stacks.items[stack].self += ticks;
    flame->stacks.items[stack].count++;
}

/* ---- Gaps -------------------------------------------------------------------------------------------------- */

static struct analysis_cover *find_cover(struct analysis_flame *flame, const struct trace_task_id *task)
{
    const uint64_t *slot = map_get(&flame->covers, analysis_id_map_key(task));
    return slot ? &flame->slots.items[*slot] : NULL;
}

static struct analysis_cover *add_cover(struct analysis_flame *flame, const struct trace_task_id *task)
{
    uint64_t *slot = map_put(&flame->covers, analysis_id_map_key(task), NULL);
    if (!slot) return NULL;
    if (flame->free_slot) {
        *slot = flame->free_slot - 1;
        flame->free_slot = flame->slots.items[*slot].next_free;
    } else {
        *slot = flame->slots.count;
        if (!vector_push(&flame->slots, (struct analysis_cover){0})) return NULL;
    }
    flame->slots.items[*slot] = (struct analysis_cover){.until = task->birth};
    return &flame->slots.items[*slot];
}

static bool needs_cover(struct analysis_flame *flame, const struct trace_task_id *task)
{
    return flame->with_gaps && task->id > CAIRN_ID_OFF && is_wanted(flame, task) &&
           !analysis_tasks_has_ended(&flame->tasks, task);
}

static bool cover_begins(struct analysis_flame *flame, const struct trace_region_id *region)
{
    if (!needs_cover(flame, &region->task)) return true;
    struct analysis_cover *cover = find_cover(flame, &region->task);
    if (!cover) cover = add_cover(flame, &region->task);
    if (!cover) return false;
    uint64_t since = region->birth > cover->until ? region->birth : cover->until;
    if (cover->open++ == 0 || since < cover->since) cover->since = since;
    return true;
}

static void close_stretch(struct analysis_cover *cover, uint64_t end)
{
    if (end <= cover->since) return;
    cover->covered += end - cover->since;
    cover->until = end;
}

static void cover_ends(struct analysis_flame *flame, const struct analysis_region *region)
{
    struct analysis_cover *cover = flame->with_gaps ? find_cover(flame, &region->id.task) : NULL;
    if (cover && cover->open && --cover->open == 0) close_stretch(cover, region->end_ticks);
}

/* A task that is over; its gap counts if the task does. */
static bool end_gap(struct analysis_flame *flame, const struct analysis_task *task, bool counts)
{
    struct analysis_cover *cover = find_cover(flame, &task->id);
    uint64_t latency = analysis_task_latency(task), covered = 0;
    if (cover) {
        if (cover->open) close_stretch(cover, task->end_ticks);
        covered = cover->covered;
        cover->next_free = flame->free_slot;
        flame->free_slot = (uint32_t)(cover - flame->slots.items) + 1;
        map_remove(&flame->covers, analysis_id_map_key(&task->id));
    }
    if (!counts || covered >= latency) return true;
    uint32_t stack = outermost(flame, &task->id, analysis_names_number(&flame->names, ANALYSIS_FRAME_GAP));
    if (stack == UINT32_MAX) return false;
    add_self(flame, stack, latency - covered);
    return true;
}

/* ---- What the other sinks tell ------------------------------------------------------------------------------- */

/* A label is the stack plus one; 0: none. */
static bool label_region(void *data, const struct trace_region_id *region, uint32_t below, uint32_t *label)
{
    struct analysis_flame *flame = data;
    if (!is_wanted(flame, &region->task)) return true;
    uint32_t name = name_of_region(flame, region->site);
    uint32_t stack = below ? stack_of(flame, below - 1, name) : outermost(flame, &region->task, name);
    *label = stack + 1;
    return stack != UINT32_MAX && cover_begins(flame, region);
}

static bool take_region(void *data, const struct analysis_region *region)
{
    struct analysis_flame *flame = data;
    const struct trace_region_id *id = &region->id;
    if (region->label) cover_ends(flame, region);
    if (!is_wanted(flame, &id->task)) return true;
    if (flame->filter && !analysis_filter_region(flame->filter, region)) return true;
    uint32_t stack =
        region->label ? region->label - 1 : outermost(flame, &id->task, name_of_region(flame, id->site));
    if (stack == UINT32_MAX) return false;
    add_self(flame, stack, region->self_ticks);
    return true;
}

static bool take_task(void *data, const struct analysis_task *task)
{
    struct analysis_flame *flame = data;
    return end_gap(flame, task, task->id.id > CAIRN_ID_OFF && is_wanted(flame, &task->id));
}

/* ---- The sink ---------------------------------------------------------------------------------------------- */

static int take_event(struct trace_sink *sink, const struct trace_event *event, struct cairn_error *error)
{
    struct analysis_flame *flame = (struct analysis_flame *)sink;
    if (flame->with_gaps && flame->tasks.sink.event(&flame->tasks.sink, event, error) != 0) return -1;
    return flame->regions.sink.event(&flame->regions.sink, event, error);
}

/* Tasks first: the gaps of unfinished ones need to know of the regions that are still open. */
static int take_end(struct trace_sink *sink, const struct trace_info *info, struct cairn_error *error)
{
    struct analysis_flame *flame = (struct analysis_flame *)sink;
    flame->info = info;
    if (flame->with_gaps && flame->tasks.sink.end(&flame->tasks.sink, info, error) != 0) return -1;
    return flame->regions.sink.end(&flame->regions.sink, info, error);
}

bool analysis_flame_init(struct analysis_flame *flame, const struct trace_info *info,
                         struct analysis_filter *filter, const char *task_type, bool with_gaps)
{
    *flame = (struct analysis_flame){.sink = {.event = take_event, .end = take_end},
                                     .info = info,
                                     .filter = filter,
                                     .task_type = task_type,
                                     .with_gaps = with_gaps};
    flame->name_of_site = calloc((size_t)info->site_count + 1, sizeof *flame->name_of_site);
    bool done = analysis_regions_init(&flame->regions, info, NULL) && flame->name_of_site;
    if (with_gaps) done = analysis_tasks_init(&flame->tasks, info, NULL, 0) && done;
    flame->regions.each = take_region;
    flame->regions.label = label_region;
    flame->tasks.each = take_task;
    flame->regions.each_data = flame->regions.label_data = flame->tasks.each_data = flame;
    return done;
}

void analysis_flame_free(struct analysis_flame *flame)
{
    analysis_regions_free(&flame->regions);
    analysis_tasks_free(&flame->tasks);
    analysis_names_free(&flame->names);
    vector_free(&flame->stacks);
    vector_free(&flame->slots);
    map_free(&flame->covers);
    map_free(&flame->children);
    free(flame->name_of_site);
}

/* ---- Order --------------------------------------------------------------------------------------------------- */

static int compare_frames(const void *left, const void *right)
{
    const struct analysis_stack *one = left, *other = right;
    return strcmp(one->frame, other->frame);
}

uint32_t *analysis_flame_order(const struct analysis_flame *flame)
{
    return analysis_forest_order(flame->stacks.items, sizeof *flame->stacks.items, flame->stacks.count,
                                 compare_frames);
}
