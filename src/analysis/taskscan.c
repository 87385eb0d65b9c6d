/* The tasks of a trace, chunk by chunk on several processors. SPDX-License-Identifier: Apache-2.0
 *
 *   1. Digests (taskops.h) are made of all chunks, side by side.
 *   2. In their turn, their ops go into their streams' queues. Those that are earlier than the begin of the last chunk are
 *      merged by time, as no chunk to come can have an earlier one, and go to the sink.
 *
 * A WHOLE that nobody has heard of is added to its type's row at once. If another thread has mentioned the task, it is a
 * begin and an end after all: the sink takes mentions before the begin as they come. If another thread has ended it
 * before, all is read once more, event by event: a program that ends a task twice may wait.
 */
#include "analysis/taskops.h"
#include "analysis/tasks.h"

#include "cairn/cairn.h"
#include "trace/order.h"

#include <stdlib.h>
#include <string.h>

struct task_queue { /* of a stream; empty: NULL */
    struct task_digest *first, *last;
    uint64_t latest;       /* of the digests before the first */
    VECTOR(uint64_t) open; /* places, behind the last */
};

struct task_scan {
    struct trace_scan scan;
    struct analysis_tasks *tasks;
    struct task_worker *workers;
    struct task_queue *queues; /* by stream */
    struct trace_order order;  /* of those that are not empty */
    bool may_fuse;             /* neither filter nor peak, which take all in the order of time */
    bool needs_events;         /* a scan cannot tell */
};

static int out_of_memory(struct cairn_error *error)
{
    return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE,
                            "Out of memory: too many tasks are open at once.");
}

/* ---- Digest ---------------------------------------------------------------------------------------------- */

static void *digest_part(struct trace_scan *given, unsigned number, struct trace_part *part)
{
    struct task_scan *scan = (struct task_scan *)given;
    return analysis_task_digest(&scan->workers[number], part, scan->may_fuse);
}

static void drop(void *digest)
{
    analysis_task_digest_free(digest);
}

/* ---- Settle ---------------------------------------------------------------------------------------------- */

static struct trace_task_id task_of(const struct task_digest *digest, const struct task_op *op)
{
    return (struct trace_task_id){
        .id = op->id, .birth = op->birth, .process = digest->process, .site = op->task_site};
}

static bool give(struct task_scan *scan, const struct task_digest *digest, const struct task_op *op,
                 enum trace_kind kind, uint64_t time)
{
    struct trace_event event = {.time = time,
                                .kind = kind,
                                .thread = digest->thread,
                                .site = kind == TRACE_TASK_BEGIN ? op->task_site : op->end_site,
                                .task = task_of(digest, op)};
    if (op->kind == OP_BEGIN_CHILD) event.other = task_of(digest, op + 1);
    return scan->tasks->sink.event(&scan->tasks->sink, &event, NULL) == 0;
}

static bool give_whole(struct task_scan *scan, const struct task_digest *digest, const struct task_op *op)
{
    enum trace_kind end = op->kind == OP_WHOLE ? TRACE_TASK_END : TRACE_TASK_FAIL;
    struct analysis_task task = {.id = task_of(digest, op),
                                 .begin = ANALYSIS_BEGIN_SEEN,
                                 .status = op->kind == OP_WHOLE ? ANALYSIS_FINISHED : ANALYSIS_FAILED,
                                 .end_ticks = op->time,
                                 .begin_thread = digest->thread,
                                 .end_thread = digest->thread,
                                 .end_site = op->end_site};
    switch (analysis_tasks_add(scan->tasks, &task)) {
    case ANALYSIS_TASK_NEW: return true;
    case ANALYSIS_TASK_KNOWN:
        return give(scan, digest, op, TRACE_TASK_BEGIN, op->birth) && give(scan, digest, op, end, op->time);
    case ANALYSIS_TASK_UNCLEAR: return scan->needs_events = true;
    default: return false;
    }
}

static bool give_op(struct task_scan *scan, const struct task_digest *digest, const struct task_op *op)
{
    switch (op->kind) {
    case OP_BEGIN:
    case OP_BEGIN_CHILD: return give(scan, digest, op, TRACE_TASK_BEGIN, op->time);
    case OP_END: return give(scan, digest, op, TRACE_TASK_END, op->time);
    case OP_FAIL: return give(scan, digest, op, TRACE_TASK_FAIL, op->time);
    case OP_LISTED:
    case OP_MENTION: return give(scan, digest, op, TRACE_ATTR, op->time);
    default: return give_whole(scan, digest, op);
    }
}

/* Passes over what is, or has become, part of another op. */
static inline bool has_op(struct task_digest *digest)
{
    while (digest->taken < digest->ops.count && digest->ops.items[digest->taken].kind <= OP_PARENT)
        digest->taken++;
    return digest->taken < digest->ops.count;
}

static void drop_used(struct task_queue *queue)
{
    while (queue->first && !has_op(queue->first)) {
        struct task_digest *used = queue->first;
        if (used->latest > queue->latest) queue->latest = used->latest;
        queue->first = used->next;
        drop(used);
    }
    if (!queue->first) queue->last = NULL;
}

/* Whether a stream has an op, and when it has its turn. Digests that are used up go. */
static inline bool next_turn(struct task_queue *queue, uint64_t *turn)
{
    if (!has_op(queue->first)) drop_used(queue);
    if (!queue->first) return false;
    *turn = queue->first->ops.items[queue->first->taken].order;
    if (queue->latest > *turn) *turn = queue->latest;
    return true;
}

/* Gives the sink what has its turn before the horizon, or `all`. */
static bool merge(struct task_scan *scan, uint64_t horizon, bool all)
{
    while (scan->order.count && !scan->needs_events && (all || scan->order.heap[0].time < horizon)) {
        struct task_queue *queue = &scan->queues[scan->order.heap[0].stream];
        struct task_digest *digest = queue->first;
        if (!give_op(scan, digest, &digest->ops.items[digest->taken])) return false;
        digest->taken++;
        uint64_t turn;
        if (next_turn(queue, &turn))
            trace_order_advance(&scan->order, turn);
        else
            trace_order_pop(&scan->order);
    }
    return true;
}

static bool has_queues(struct task_scan *scan)
{
    if (scan->queues) return true;
    scan->queues = calloc((size_t)scan->scan.stream_count + 1, sizeof *scan->queues);
    return scan->queues && trace_order_create(&scan->order, scan->scan.stream_count);
}

/* Only of regions that the thread has not been seen to begin does the list say anything. */
static void strike_known(struct task_queue *queue, struct task_digest *digest, const struct trace_part *part)
{
    const struct cairn_open_region *listed = trace_part_open(part);
    for (size_t i = 0; i < digest->listed_count; i++) {
        for (size_t at = 0; at < queue->open.count; at++)
            if (queue->open.items[at] == listed[i].place) digest->ops.items[i].kind = OP_NONE;
    }
    vector_free(&queue->open);
    memcpy(&queue->open, &digest->open, sizeof queue->open);
    memset(&digest->open, 0, sizeof digest->open);
}

static bool settle_part(struct trace_scan *given, struct trace_part *part, void *taken)
{
    struct task_scan *scan = (struct task_scan *)given;
    struct task_digest *digest = taken;
    if (scan->needs_events) return drop(digest), true;
    if (!has_queues(scan)) return drop(digest), false;
    if (!merge(scan, part->begin_ticks, false)) return drop(digest), false;
    if (!digest) return true;
    scan->needs_events |= digest->is_unordered;
    struct task_queue *queue = &scan->queues[part->stream];
    strike_known(queue, digest, part);
    bool was_empty = !queue->first;
    if (queue->last) queue->last->next = digest;
    queue->last = digest;
    if (was_empty) queue->first = digest;
    uint64_t turn;
    if (was_empty && next_turn(queue, &turn)) trace_order_push(&scan->order, turn, part->stream);
    return true;
}

/* ---- The whole ------------------------------------------------------------------------------------------- */

/* What is known to have been open before the trace: the events of no thread. */
static int take_listed(struct task_scan *scan, struct trace_source *source, struct cairn_error *error)
{
    struct trace_event event;
    int more;
    bool *none = calloc((size_t)source->info->thread_count + 1, sizeof *none);
    if (!none) return out_of_memory(error);
    source->threads = none;
    source->rewind(source);
    while ((more = source->next(source, &event, error)) > 0)
        if (scan->tasks->sink.event(&scan->tasks->sink, &event, error)) more = -1;
    source->threads = NULL;
    free(none);
    return more;
}

static void destroy(struct task_scan *scan)
{
    for (uint32_t i = 0; scan->queues && i < scan->scan.stream_count; i++) {
        for (struct task_digest *digest = scan->queues[i].first, *next; digest; digest = next) {
            next = digest->next;
            drop(digest);
        }
        vector_free(&scan->queues[i].open);
    }
    for (unsigned i = 0; scan->workers && i < scan->scan.workers; i++) {
        analysis_task_worker_free(&scan->workers[i]);
    }
    trace_order_destroy(&scan->order);
    free(scan->queues);
    free(scan->workers);
}

static int scan_all(struct task_scan *scan, struct trace_source *source, trace_progress *progress, void *data,
                    struct cairn_error *error)
{
    scan->workers = lines_alloc(scan->scan.workers, sizeof *scan->workers);
    int result = scan->workers ? take_listed(scan, source, error) : out_of_memory(error);
    if (result == 0) result = trace_scan_run(source, &scan->scan, progress, data, error);
    if (result == 0 && scan->queues && !merge(scan, 0, true)) result = out_of_memory(error);
    destroy(scan);
    return result;
}

/* With what was asked for, and no result. False if memory ran out. */
static bool begin_anew(struct analysis_tasks *tasks, const struct trace_info *info)
{
    struct analysis_tasks asked = *tasks;
    analysis_tasks_free(tasks);
    bool done = analysis_tasks_init(tasks, info, asked.filter, asked.slowest.max);
    tasks->each = asked.each;
    tasks->anew = asked.anew;
    tasks->each_data = asked.each_data;
    tasks->window = asked.window;
    tasks->wants_unfinished = asked.wants_unfinished;
    tasks->wants_peak = asked.wants_peak;
    return done && (!tasks->each || tasks->anew(tasks->each_data));
}

int analysis_tasks_run(struct analysis_tasks *tasks, struct trace_source *source, trace_progress *progress,
                       void *data, struct cairn_error *error)
{
    struct trace_mark before;
    struct task_scan scan = {.scan = {.digest = digest_part, .settle = settle_part, .drop = drop},
                             .tasks = tasks,
                             .may_fuse = !tasks->filter && !tasks->wants_peak};
    bool may_scan = !tasks->each || tasks->anew;
    scan.scan.workers = may_scan ? trace_scan_workers(source) : 0;
    scan.scan.is_quiet = source->is_quiet;
    if (!scan.scan.workers) return trace_run(source, &tasks->sink, progress, data, error);
    int result = trace_mark_set(&before, source) ? scan_all(&scan, source, progress, data, error)
                                                 : out_of_memory(error);
    if (result == 0 && scan.needs_events) { /* once more, by events */
        trace_mark_return(&before, source);
        result = begin_anew(tasks, source->info) ? trace_run(source, &tasks->sink, progress, data, error)
                                                 : out_of_memory(error);
    } else if (result == 0) {
        result = tasks->sink.end(&tasks->sink, source->info, error);
    }
    trace_mark_free(&before);
    return result;
}
