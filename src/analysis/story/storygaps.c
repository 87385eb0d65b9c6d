/* See storygaps.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/story/storygaps.h"

static bool is_stretch(const struct analysis_story_line *line)
{
    return line->kind == ANALYSIS_STORY_GAP || line->kind == ANALYSIS_STORY_UNSEEN;
}

/* When it was over: regions last. */
static uint64_t over(const struct analysis_story_line *line)
{
    return line->kind == ANALYSIS_STORY_REGION && line->end > line->time ? line->end : line->time;
}

static void find_neighbours(struct analysis_story_gap *gap, const struct analysis_story *story, size_t index)
{
    const struct analysis_story_line *lines = story->lines.items;
    for (size_t i = 0; i < index; i++) {
        if (is_stretch(&lines[i])) continue;
        if (!gap->after || over(&lines[i]) >= over(gap->after)) gap->after = &lines[i];
    }
    for (size_t i = index + 1; i < story->lines.count && !gap->before; i++)
        if (!is_stretch(&lines[i])) gap->before = &lines[i];
}

static void find_subtasks(struct analysis_story_gap *gap, const struct analysis_story *story,
                          const struct analysis_story_line *line)
{
    for (size_t i = 1; i < story->tasks.count; i++) {
        const struct analysis_task *task = &story->tasks.items[i].task;
        bool has_ended = task->status != ANALYSIS_UNFINISHED && task->end_ticks < line->end;
        if (task->id.birth > line->time || has_ended) continue;
        gap->subtask = (uint32_t)i;
        gap->subtask_count++;
    }
}

/* Of the task's own kin nothing new is said here; and of one whose end is not known, nothing for sure. */
static void find_linked(struct analysis_story_gap *gap, const struct analysis_story *story,
                        const struct analysis_story_line *line)
{
    for (size_t i = 0; i < story->linked.count; i++) {
        const struct analysis_story_linked *linked = &story->linked.items[i];
        if (linked->id.birth > line->time || linked->end_ticks < line->end || linked->is_member) continue;
        if (!gap->linked || linked->id.birth >= gap->linked->id.birth) gap->linked = linked;
    }
}

struct analysis_story_gap analysis_story_gap_at(const struct analysis_story *story, size_t index)
{
    const struct analysis_story_line *line = &story->lines.items[index];
    struct analysis_story_gap gap = {.subtask = UINT32_MAX};
    find_neighbours(&gap, story, index);
    find_subtasks(&gap, story, line);
    find_linked(&gap, story, line);
    return gap;
}
