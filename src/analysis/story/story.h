/* The story of one task: it, its descendants, and everything that happened for them, in order of time.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A sink. Memory grows with the story, up to a limit, and with the tasks that are open until it begins.
 */
#ifndef CAIRN_ANALYSIS_STORY_H
#define CAIRN_ANALYSIS_STORY_H

#include "analysis/tasks.h"

enum {
    ANALYSIS_STORY_LINES_MAX = 1 << 20,
    ANALYSIS_STORY_TEXT_MAX = 256 << 20, /* bytes of messages and values */
    ANALYSIS_GAP_SHARE = 50,             /* gaps of at least a 50th of the whole are named, */
    ANALYSIS_GAP_NS_MIN = 1000           /* but none that is shorter */
};

struct analysis_story_task {
    struct analysis_task task;
    uint32_t parent; /* index in tasks; UINT32_MAX for the first */
    uint32_t depth;
};

enum analysis_story_kind {
    ANALYSIS_STORY_BEGIN,
    ANALYSIS_STORY_END,       /* the first: finished or failed */
    ANALYSIS_STORY_END_AGAIN, /* a later one, without effect */
    ANALYSIS_STORY_REGION,    /* stands at its begin, has its end */
    ANALYSIS_STORY_LOG,
    ANALYSIS_STORY_ATTR,      /* of `region` if it has a place, else of the task */
    ANALYSIS_STORY_LINK_TO,   /* caused `other` */
    ANALYSIS_STORY_LINK_FROM, /* was caused by `other` */
    ANALYSIS_STORY_GAP,       /* nothing recorded, and no region open, until `end` */
    ANALYSIS_STORY_UNSEEN /* before the flight recorder's window: what happened until `end` is not known */
};

struct analysis_story_line {
    enum analysis_story_kind kind;
    uint64_t time, end; /* ticks; end of regions and gaps */
    uint64_t sequence;  /* order among equal times */
    uint32_t task;      /* index in tasks */
    uint32_t thread;    /* UINT32_MAX: unknown or none */
    uint32_t site, end_site, end_thread;
    uint32_t depth;     /* of open regions of the story on this thread */
    bool is_unfinished; /* a region without an end */
    bool begin_lost;    /* a region whose begin is not in the trace */
    bool is_explicit;   /* a region with explicit times */
    struct trace_region_id region;
    struct trace_task_id other;
    struct trace_value value; /* text lives as long as the story */
};

/* A task that one of the story caused, or was caused by. */
struct analysis_story_linked {
    struct trace_task_id id;
    uint64_t end_ticks;  /* of its first end after the first such link; 0: none */
    uint32_t end_thread; /* UINT32_MAX without an end */
    bool is_member;      /* of the story too; once the story is finished */
};

struct analysis_story {
    struct trace_sink sink;
    /* Results, complete after the sink's end. */
    VECTOR(struct analysis_story_task) tasks; /* the task itself first; empty: not in the trace */
    VECTOR(struct trace_task_id) ancestors;   /* the parent first, as far as they were open */
    VECTOR(struct analysis_story_line) lines; /* in order of time, gaps among them */
    VECTOR(struct analysis_story_linked) linked;
    uint64_t left_out;               /* lines beyond the limit */
    uint64_t begin_ticks, end_ticks; /* of the task; of the trace where that is not known */
    /* Private. */
    const struct trace_info *info;
    struct trace_task_id wanted;
    struct map members;                        /* task to index in tasks */
    struct trace_task_id stranger;             /* asked for last, and not a member */
    struct map linked_at;                      /* task to index in linked */
    struct map open;                           /* tasks open before the story: to index in parents */
    VECTOR(struct trace_task_id) open_parents; /* by that index: its parent */
    size_t free_parent;                        /* index plus one; the next stands in `birth` */
    struct map regions;                        /* of the story: to index in lines */
    uint32_t *open_regions;                    /* by thread */
    uint32_t thread_count;
    struct arena memory;
    uint64_t text_bytes;
};

/* The story of `task` (of which id and process count). False if memory ran out; free it in any case. */
bool analysis_story_init(struct analysis_story *story, const struct trace_info *info,
                         const struct trace_task_id *task);
void analysis_story_free(struct analysis_story *story);

/* Whether a task is of the story, as far as it has been read: what only its events need is not worked out for others. `story`
 * is a struct analysis_story. */
bool analysis_story_has(void *story, const struct trace_task_id *task);

/* What is known of a task that stands in a link; NULL if it does not. */
const struct analysis_story_linked *analysis_story_linked(const struct analysis_story *story,
                                                          const struct trace_task_id *task);

#endif
