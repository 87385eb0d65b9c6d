/* What the critical path is made of: the pieces of each task of a story, ready to be walked backwards in time.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     struct path_pieces pieces = {0};
 *     if (!path_pieces_make(&pieces, story)) return out_of_memory();
 *     ... path_open_region(...), path_last_mark(...), with times that never grow
 *     path_pieces_free(&pieces);
 *
 * For each task there are
 *
 *   marks          instants at which something of it ended, or was recorded, in order of time;
 *   open regions   for each thread, and for all threads together: which began last of those open at a time.
 *
 * All questions are asked with times that never grow, so each mark and region is passed once: O(n log n) in all.
 */
#ifndef CAIRN_ANALYSIS_PATHPIECES_H
#define CAIRN_ANALYSIS_PATHPIECES_H

#include "analysis/story/story.h"

#define PATH_NONE UINT32_MAX             /* no region, no mark; a thread that is not known */
#define PATH_ANY_THREAD (UINT32_MAX - 1) /* regions of all threads together */

/* Of marks at the same time the last in this order is met first. */
enum path_mark_kind {
    PATH_LINK,   /* a linked task let this one go on: index is the line of the link */
    PATH_MOMENT, /* recorded outside regions: index is the line */
    PATH_REGION, /* a region ended: index is its line */
    PATH_SUBTASK /* a subtask ended: index is its place in the story's tasks */
};

struct path_mark {
    uint64_t time;
    uint64_t begin; /* of the region, or of the task that ended */
    enum path_mark_kind kind;
    uint32_t task; /* whose mark it is */
    uint32_t thread;
    uint32_t index;
};

/* The regions of one task on one thread. */
struct path_open_set {
    const struct path_region *regions; /* by end, the latest first */
    uint32_t *open;                    /* a heap of lines, the greatest first: the one that began last */
    uint32_t count, next, open_count;  /* `next`: the first that ends before the time asked for last */
};

struct path_pieces {
    const struct analysis_story *story;
    VECTOR(struct path_mark) marks; /* by task, then by time */
    struct path_mark_range {
        size_t first, count; /* those behind the count have been passed */
    } * ranges;              /* by task */
    VECTOR(struct path_region) regions;
    VECTOR(struct path_open_set) sets;
    struct map set_of; /* task and thread to index in sets */
    uint32_t *heaps;   /* room for all sets' */
};

struct path_region {
    uint32_t task, thread, line;
    uint64_t end;
};

/* False if memory ran out; free it in any case. Keeps the story. */
bool path_pieces_make(struct path_pieces *pieces, const struct analysis_story *story);
void path_pieces_free(struct path_pieces *pieces);

/* Whether a line of the story is a region that lasted. */
bool path_is_region(const struct analysis_story_line *line);
/* Where it was, as far as known. */
uint32_t path_thread_of(const struct analysis_story_line *line);

/* The line of the region that was open just before `time` and began last, of this task on this thread; or PATH_NONE. */
uint32_t path_open_region(struct path_pieces *pieces, uint32_t task, uint32_t thread, uint64_t time);
/* The latest end, before `time`, of those that were not open then; 0 if there is none. After path_open_region. */
uint64_t path_next_end(const struct path_pieces *pieces, uint32_t task, uint32_t thread);

/* The last mark of the task at or before `time`, or NULL. Later ones are passed for good. */
const struct path_mark *path_last_mark(struct path_pieces *pieces, uint32_t task, uint64_t time);
/* Passes it too. */
void path_pass_mark(struct path_pieces *pieces, uint32_t task);

#endif
