/* See pathstacks.h. SPDX-License-Identifier: Apache-2.0
 *
 * Lines stand in the order of their begins. For each task and thread the regions that are open are a list, the one
 * that began last first; those that have ended are taken off when they come to its top. So the top is what the next
 * one begins in, also where regions overlap.
 */
#include "analysis/story/pathstacks.h"

#include "analysis/story/pathpieces.h"

#include <stdlib.h>
#include <string.h>

/* The line in which the region began that stands at `line`, which then is the top. */
static bool enter(struct map *tops, uint32_t *below, const struct analysis_story *story, uint32_t line)
{
    const struct analysis_story_line *lines = story->lines.items;
    bool added;
    uint64_t *top =
        map_put(tops, (struct map_key){lines[line].task, path_thread_of(&lines[line]), 0}, &added);
    if (!top) return false;
    if (added) *top = PATH_NONE;
    while (*top != PATH_NONE && !lines[*top].is_unfinished && lines[*top].end <= lines[line].time)
        *top = below[*top];
    below[line] = (uint32_t)*top;
    *top = line;
    return true;
}

static uint32_t type_of(const struct trace_info *info, uint32_t site)
{
    return site && site < info->site_count ? info->sites[site].type : UINT32_MAX;
}

/* UINT32_MAX if memory ran out. */
static uint32_t number(struct path_stacks *stacks, const struct trace_info *info, uint32_t outer,
                       uint32_t site)
{
    bool added;
    uint64_t *at = map_put(&stacks->numbers, (struct map_key){outer, type_of(info, site), 0}, &added);
    if (!at) return UINT32_MAX;
    if (!added) return (uint32_t)*at;
    *at = stacks->items.count;
    bool pushed = vector_push(&stacks->items, ((struct path_stack){.outer = outer, .site = site}));
    return pushed ? (uint32_t)stacks->items.count - 1 : UINT32_MAX;
}

static bool fill(struct path_stacks *stacks, const struct analysis_story *story, struct map *tops,
                 uint32_t *below)
{
    for (uint32_t i = 0; i < story->lines.count; i++) {
        stacks->of_line[i] = UINT32_MAX;
        if (!path_is_region(&story->lines.items[i])) continue;
        if (!enter(tops, below, story, i)) return false;
        uint32_t outer = below[i] == PATH_NONE ? UINT32_MAX : stacks->of_line[below[i]];
        stacks->of_line[i] = number(stacks, story->info, outer, story->lines.items[i].region.site);
        if (stacks->of_line[i] == UINT32_MAX) return false;
    }
    return true;
}

bool path_stacks_make(struct path_stacks *stacks, const struct analysis_story *story)
{
    size_t count = story->lines.count ? story->lines.count : 1;
    struct map tops = {0};
    uint32_t *below = calloc(count, sizeof *below);
    *stacks = (struct path_stacks){.of_line = calloc(count, sizeof *stacks->of_line)};
    bool ok = below && stacks->of_line && fill(stacks, story, &tops, below);
    map_free(&tops);
    free(below);
    return ok;
}

void path_stacks_free(struct path_stacks *stacks)
{
    vector_free(&stacks->items);
    free(stacks->of_line);
    stacks->of_line = NULL;
    map_free(&stacks->numbers);
    arena_free(&stacks->memory);
}

/* ---- Names ------------------------------------------------------------------------------------------ */

static const char separator[] = " > ", ellipsis[] = "…";

static char *append(char *to, const char *text)
{
    size_t bytes = strlen(text);
    memcpy(to, text, bytes);
    return to + bytes;
}

const char *path_stack_name(struct path_stacks *stacks, const struct trace_info *info, uint32_t stack)
{
    struct path_stack *wanted = &stacks->items.items[stack];
    const char *levels[PATH_STACK_LEVELS_MAX + 1];
    size_t count = 0, bytes = 1;
    if (wanted->name) return wanted->name;
    for (uint32_t at = stack; at != UINT32_MAX && count <= PATH_STACK_LEVELS_MAX;
         at = stacks->items.items[at].outer) {
        bool is_last = count == PATH_STACK_LEVELS_MAX;
        levels[count] = is_last ? ellipsis : analysis_type_of_site(info, stacks->items.items[at].site);
        bytes += strlen(levels[count++]) + strlen(separator);
    }
    char *name = arena_alloc(&stacks->memory, bytes), *at = name;
    if (!name) return NULL;
    while (count-- > 0) {
        at = append(at, levels[count]);
        if (count) at = append(at, separator);
    }
    *at = 0;
    return wanted->name = name;
}
