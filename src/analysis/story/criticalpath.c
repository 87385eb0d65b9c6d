/* See criticalpath.h. SPDX-License-Identifier: Apache-2.0
 *
 * The path is walked backwards, from the end of the task to its begin. `time` is how far it has come; everything
 * after that is told. A stack of frames says where it is: in a task, or in a region of a task on another thread than
 * the one on which that task is followed.
 *
 * 1. In a task, on its home thread (the one that ended it): in the innermost region that is open there just before
 *    `time`, until that begins, a nested one ends, or something ended that may have been waited for: a subtask, or a
 *    region of the task on another thread. Into that the path goes (a new frame).
 * 2. Where no region is open there, the task is quiet since its last mark: the end of a region or a subtask, or
 *    something recorded. If the mark is of another thread than what came next, that was a hand-over; if what came
 *    next was let go on by a linked task, the task was waiting for that.
 * 3. At the begin of a frame, the path is where that was begun: in a region that is open on the thread which began it,
 *    else on the home thread of the frame below, else in whichever region of that task began last.
 * 4. Steps are put into order, and what of them lies in a gap of the story is named so.
 *
 * In a region on another thread (a frame of its own) only subtasks that began in it are waited for: all else that
 * goes on at the same time is a peer, and of peers only the one that finished last is on the path.
 *
 * Progress: every frame and every step lies before `time`, which never grows.
 */
#include "analysis/story/criticalpath.h"

#include "analysis/story/pathpieces.h"
#include "cairn/cairn.h"

#include <stdlib.h>

struct frame {
    uint32_t task;
    uint32_t home;  /* thread */
    uint64_t least; /* the frame is left here: at its begin, or at that of the frame below */
    uint64_t begin;
    bool is_region;  /* on `home`, of `task` */
    uint32_t origin; /* thread that began it */
};

struct walk {
    struct analysis_critical_path *path;
    const struct analysis_story *story;
    struct path_pieces pieces;
    VECTOR(struct frame) frames;
    uint64_t time;
    uint32_t thread;              /* where what comes next, in the order of time, was */
    const struct path_mark *link; /* that let go on what comes next; or NULL */
};

static const struct analysis_story_line *line_at(const struct walk *walk, uint32_t line)
{
    return &walk->story->lines.items[line];
}

static struct frame *top(struct walk *walk)
{
    return &walk->frames.items[walk->frames.count - 1];
}

static uint64_t later(uint64_t one, uint64_t other)
{
    return one > other ? one : other;
}

/* ---- Steps ------------------------------------------------------------------------------------------ */

static bool is_same(const struct analysis_step *one, const struct analysis_step *other)
{
    return one->kind == other->kind && one->task == other->task && one->thread == other->thread &&
           one->to_thread == other->to_thread && one->line == other->line;
}

/* The step from `begin` to where the walk is; then it is at `begin`. Merged with the one after if they are the same. */
static bool add_step(struct walk *walk, struct analysis_step step, uint64_t begin)
{
    struct analysis_critical_path *path = walk->path;
    if (begin >= walk->time) return true;
    step.begin = begin;
    step.end = walk->time;
    walk->time = begin;
    struct analysis_step *after = path->steps.count ? &path->steps.items[path->steps.count - 1] : NULL;
    if (after && is_same(after, &step)) return after->begin = begin, true;
    return vector_push(&path->steps, step);
}

static struct analysis_step step_of(enum analysis_step_kind kind, uint32_t task, uint32_t thread)
{
    return (struct analysis_step){.kind = kind,
                                  .task = task,
                                  .thread = thread,
                                  .to_thread = UINT32_MAX,
                                  .line = UINT32_MAX,
                                  .stack = UINT32_MAX};
}

/* ---- Frames ----------------------------------------------------------------------------------------- */

static bool push_region(struct walk *walk, uint32_t line)
{
    const struct analysis_story_line *region = line_at(walk, line);
    struct frame frame = {.task = region->task,
                          .home = path_thread_of(region),
                          .least = later(region->time, top(walk)->least),
                          .begin = region->time,
                          .is_region = true,
                          .origin = path_thread_of(region)};
    return vector_push(&walk->frames, frame);
}

/* An unfinished task is followed where it was seen last. */
static uint32_t home_of(struct walk *walk, uint32_t index)
{
    const struct analysis_task *task = &walk->story->tasks.items[index].task;
    if (task->status != ANALYSIS_UNFINISHED) return task->end_thread;
    uint32_t region = path_open_region(&walk->pieces, index, PATH_ANY_THREAD, walk->time);
    if (region != PATH_NONE) return path_thread_of(line_at(walk, region));
    const struct path_mark *mark = path_last_mark(&walk->pieces, index, walk->time);
    return mark ? mark->thread : task->begin_thread;
}

static bool push_task(struct walk *walk, uint32_t index, uint64_t least)
{
    const struct analysis_task *task = &walk->story->tasks.items[index].task;
    struct frame frame = {.task = index,
                          .home = home_of(walk, index),
                          .least = later(task->id.birth, least),
                          .begin = task->id.birth,
                          .origin = task->begin_thread};
    return vector_push(&walk->frames, frame);
}

static bool is_waited_for(const struct walk *walk, const struct frame *frame, const struct path_mark *mark)
{
    if (mark->kind == PATH_REGION)
        return !frame->is_region && path_thread_of(line_at(walk, mark->index)) != frame->home;
    if (mark->kind != PATH_SUBTASK) return false;
    bool is_of_region =
        walk->story->tasks.items[mark->index].task.begin_thread == frame->home && mark->begin >= frame->begin;
    return !frame->is_region || is_of_region;
}

static bool enter(struct walk *walk, const struct path_mark *mark)
{
    walk->thread = mark->thread;
    walk->link = NULL;
    path_pass_mark(&walk->pieces, mark->task);
    return mark->kind == PATH_REGION ? push_region(walk, mark->index)
                                     : push_task(walk, mark->index, top(walk)->least);
}

/* The frame's begin is reached: on in the one below, where this one was begun. */
static bool leave(struct walk *walk)
{
    walk->thread = top(walk)->origin;
    walk->frames.count--;
    walk->link = NULL;
    if (walk->frames.count == 0 || top(walk)->is_region || walk->time <= top(walk)->least) return true;
    uint32_t task = top(walk)->task, home = top(walk)->home, region = PATH_NONE;
    if (walk->thread != UINT32_MAX) region = path_open_region(&walk->pieces, task, walk->thread, walk->time);
    if (region == PATH_NONE) region = path_open_region(&walk->pieces, task, home, walk->time);
    if (region == PATH_NONE) region = path_open_region(&walk->pieces, task, PATH_ANY_THREAD, walk->time);
    if (region == PATH_NONE || path_thread_of(line_at(walk, region)) == home) return true;
    return push_region(walk, region);
}

/* ---- One step back ---------------------------------------------------------------------------------- */

static bool walk_region(struct walk *walk, uint32_t line)
{
    struct frame frame = *top(walk);
    const struct path_mark *mark;
    struct analysis_step step = step_of(ANALYSIS_STEP_REGION, frame.task, frame.home);
    step.line = line;
    step.stack = walk->path->stacks.of_line[line];
    uint64_t until = later(frame.least, line_at(walk, line)->time);
    until = later(until, path_next_end(&walk->pieces, frame.task, frame.home));
    while ((mark = path_last_mark(&walk->pieces, frame.task, walk->time)) && mark->time > until) {
        if (is_waited_for(walk, &frame, mark)) return add_step(walk, step, mark->time) && enter(walk, mark);
        path_pass_mark(&walk->pieces, frame.task);
    }
    walk->thread = frame.home;
    walk->link = NULL;
    return add_step(walk, step, until);
}

/* The last thing known of a task that is quiet at home. What was recorded in a region on another thread is part of
 * that region, which was not waited for. */
static const struct path_mark *last_sign(struct walk *walk, const struct frame *frame)
{
    const struct path_mark *mark;
    while ((mark = path_last_mark(&walk->pieces, frame->task, walk->time)) && mark->time > frame->least) {
        if (mark->kind != PATH_MOMENT ||
            path_open_region(&walk->pieces, frame->task, mark->thread, mark->time) == PATH_NONE)
            return mark;
        path_pass_mark(&walk->pieces, frame->task);
    }
    return NULL;
}

/* Whether what came next had waited for the link's task. A task that was there itself when it told of its cause was
 * not waiting: it kept its books. */
static bool ends_wait(const struct walk *walk, uint32_t from)
{
    const struct path_mark *link = walk->link;
    if (!link || link->begin >= walk->time) return false;
    return line_at(walk, link->index)->kind == ANALYSIS_STORY_LINK_TO || link->thread != from;
}

static bool add_wait(struct walk *walk, uint32_t task, uint64_t begin)
{
    const struct path_mark *link = walk->link;
    struct analysis_step step = step_of(ANALYSIS_STEP_LINK, task, walk->thread);
    step.line = link->index;
    step.other = line_at(walk, link->index)->other;
    walk->thread = UINT32_MAX;
    return add_step(walk, step, later(begin, link->begin));
}

/* Nothing is known from `begin`, when the task was on the thread `from`, to where the walk is. */
static bool add_quiet(struct walk *walk, uint32_t task, uint64_t begin, uint32_t from)
{
    if (begin >= walk->time) return true;
    if (ends_wait(walk, from) && !add_wait(walk, task, begin)) return false;
    bool is_handover = from != UINT32_MAX && walk->thread != UINT32_MAX && from != walk->thread;
    struct analysis_step step = step_of(ANALYSIS_STEP_SELF, task, from != UINT32_MAX ? from : walk->thread);
    if (is_handover) step.kind = ANALYSIS_STEP_HANDOVER, step.to_thread = walk->thread;
    return add_step(walk, step, begin);
}

static bool walk_quiet(struct walk *walk)
{
    struct frame frame = *top(walk);
    const struct path_mark *mark = last_sign(walk, &frame);
    uint32_t origin = frame.least == frame.begin ? frame.origin : UINT32_MAX;
    uint32_t from = mark ? mark->thread : origin;
    if (!add_quiet(walk, frame.task, mark ? mark->time : frame.least, from)) return false;
    walk->thread = from;
    walk->link = mark && mark->kind == PATH_LINK ? mark : NULL;
    if (!mark) return true;
    if (is_waited_for(walk, &frame, mark)) return enter(walk, mark);
    path_pass_mark(&walk->pieces, frame.task);
    return true;
}

static bool walk_back(struct walk *walk)
{
    while (walk->frames.count) {
        const struct frame *frame = top(walk);
        if (walk->time <= frame->least) {
            if (!leave(walk)) return false;
            continue;
        }
        uint32_t region = path_open_region(&walk->pieces, frame->task, frame->home, walk->time);
        if (!(region == PATH_NONE ? walk_quiet(walk) : walk_region(walk, region))) return false;
    }
    return true;
}

/* ---- The whole -------------------------------------------------------------------------------------- */

/* Before the flight recorder's window nothing is known. */
static uint64_t seen_from(const struct analysis_story *story)
{
    for (size_t i = 0; i < story->lines.count; i++)
        if (story->lines.items[i].kind == ANALYSIS_STORY_UNSEEN) return story->lines.items[i].end;
    return story->begin_ticks;
}

static void reverse(struct analysis_critical_path *path)
{
    for (size_t i = 0, j = path->steps.count; i + 1 < j; i++) {
        struct analysis_step step = path->steps.items[--j];
        path->steps.items[j] = path->steps.items[i];
        path->steps.items[i] = step;
    }
}

/* The steps as one that lies across a gap is cut at its borders. */
static bool cut_step(struct analysis_critical_path *cut, struct analysis_step step, uint64_t from,
                     uint64_t to)
{
    struct analysis_step gap = step;
    gap.kind = ANALYSIS_STEP_GAP;
    gap.begin = later(step.begin, from);
    gap.end = step.end < to ? step.end : to;
    struct analysis_step before = step;
    before.end = gap.begin;
    return (before.begin == before.end || vector_push(&cut->steps, before)) && vector_push(&cut->steps, gap);
}

/* Gaps do not overlap and stand in order, as steps do. */
static bool name_gaps(struct analysis_critical_path *path, const struct analysis_story *story)
{
    struct analysis_critical_path cut = {0};
    size_t line = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < path->steps.count; i++) {
        struct analysis_step step = path->steps.items[i];
        for (; ok && line < story->lines.count && story->lines.items[line].time < step.end; line++) {
            const struct analysis_story_line *gap = &story->lines.items[line];
            if (gap->kind != ANALYSIS_STORY_GAP || gap->end <= step.begin) continue;
            if (step.kind == ANALYSIS_STEP_SELF) {
                ok = cut_step(&cut, step, gap->time, gap->end);
                step.begin = gap->end < step.end ? gap->end : step.end;
            }
            if (gap->end > step.end) break; /* it goes on in the next step */
        }
        ok = ok && (step.begin == step.end || vector_push(&cut.steps, step));
    }
    vector_free(&path->steps);
    path->steps.items = cut.steps.items;
    path->steps.count = cut.steps.count;
    path->steps.capacity = cut.steps.capacity;
    return ok;
}

/* ---- Totals ----------------------------------------------------------------------------------------- */

static uint32_t type_of(const struct trace_info *info, const struct trace_task_id *task)
{
    return task->site && task->site < info->site_count ? info->sites[task->site].type : UINT32_MAX;
}

static int compare_totals(const void *left, const void *right)
{
    const struct analysis_path_total *one = left, *other = right;
    if (one->ticks != other->ticks) return one->ticks > other->ticks ? -1 : 1;
    return one->first < other->first ? -1 : one->first > other->first;
}

static bool sum_up(struct analysis_critical_path *path, const struct analysis_story *story)
{
    struct map totals = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < path->steps.count; i++) {
        const struct analysis_step *step = &path->steps.items[i];
        bool is_link = step->kind == ANALYSIS_STEP_LINK, added = false;
        uint32_t what = is_link ? type_of(story->info, &step->other) : step->stack;
        uint32_t task = type_of(story->info, &story->tasks.items[step->task].task.id);
        uint64_t *at = map_put(&totals, (struct map_key){step->kind, task, what}, &added);
        if (at && added) *at = path->totals.count;
        ok = at && (!added || vector_push(&path->totals, ((struct analysis_path_total){.first = i})));
        if (!ok) break;
        path->totals.items[*at].ticks += step->end - step->begin;
        path->totals.items[*at].count++;
    }
    if (path->totals.count)
        qsort(path->totals.items, path->totals.count, sizeof *path->totals.items, compare_totals);
    map_free(&totals);
    return ok;
}

static bool find(struct walk *walk)
{
    const struct analysis_story *story = walk->story;
    uint64_t seen = seen_from(story);
    bool ok = path_stacks_make(&walk->path->stacks, story) && path_pieces_make(&walk->pieces, story) &&
              push_task(walk, 0, seen);
    if (!ok) return false;
    walk->thread = story->tasks.items[0].task.end_thread;
    ok = walk_back(walk) && add_step(walk, step_of(ANALYSIS_STEP_UNSEEN, 0, UINT32_MAX), story->begin_ticks);
    reverse(walk->path);
    return ok && name_gaps(walk->path, story) && sum_up(walk->path, story);
}

bool analysis_critical_path_find(struct analysis_critical_path *path, const struct analysis_story *story)
{
    *path = (struct analysis_critical_path){0};
    bool is_real = story->tasks.count && story->tasks.items[0].task.id.id > CAIRN_ID_OFF;
    if (!is_real || story->end_ticks <= story->begin_ticks) return true;
    struct walk walk = {.path = path, .story = story, .time = story->end_ticks};
    bool ok = find(&walk);
    path_pieces_free(&walk.pieces);
    vector_free(&walk.frames);
    return ok;
}

void analysis_critical_path_free(struct analysis_critical_path *path)
{
    vector_free(&path->steps);
    vector_free(&path->totals);
    path_stacks_free(&path->stacks);
}
