/* The tasks of a trace, chunk by chunk on several processors. SPDX-License-Identifier: Apache-2.0
 *
 * The sink of tasks.c needs the order of time, but of few events: begins and ends of tasks, and one mention of each task in
 * each chunk.
 *
 *   1. A digest has these of its chunk, as OPS. A task without parent that begins and ends in the chunk, and has no
 *      subtask there, is one op, WHOLE, at its end.
 *   2. In their turn, the ops go into their streams' queues. Those that are earlier than the begin of the last chunk are
 *      merged by time, as no chunk to come can have an earlier one, and go to the sink.
 *
 * A WHOLE that nobody has heard of is added to its type's row at once. If another thread has mentioned the task, it is a
 * begin and an end after all: the sink takes mentions before the begin as they come. If another thread has ended it
 * before, the row is set right: the begin was not lost.
 */
#include "analysis/tasks.h"

#include "cairn/cairn.h"
#include "trace/order.h"
#include "trace/scan.h"

#include <stdlib.h>
#include <string.h>

enum task_op_kind { OP_NONE, OP_LISTED, OP_BEGIN, OP_END, OP_FAIL, OP_MENTION, OP_WHOLE, OP_WHOLE_FAILED };

struct task_op {
    uint64_t time;
    uint64_t order; /* the latest time in the chunk up to here */
    struct trace_task_id task;
    struct trace_task_id parent; /* of a begin */
    uint64_t place;              /* LISTED: of an open region of the chunk's head */
    uint32_t site;               /* of an end */
    enum task_op_kind kind;
};

/* An open region: it mentions its task when it ends, or gets an attribute. */
struct task_open {
    uint64_t place;
    uint32_t
        listed; /* where the chunk's head has it; UINT32_MAX: begun in the chunk, so that its task is mentioned */
};

struct task_digest {
    struct task_digest *next;      /* of the same stream */
    VECTOR(struct task_open) open; /* at the chunk's end, innermost last */
    uint32_t thread;
    bool is_unordered; /* something is earlier than the chunk's begin */
    uint64_t latest;
    uint32_t listed_count; /* the first ops */
    size_t taken;
    VECTOR(struct task_op) ops;
};

/* What a chunk has said of a task so far. */
enum { MENTIONED = 1, BEGUN = 2, HAS_CHILD = 4 };

struct task_local {
    uint64_t id;
    uint32_t stamp; /* of the chunk */
    uint32_t flags;
    uint32_t begin; /* BEGUN: index of its op */
};

struct task_worker {
    struct trace_state state;
    struct task_local *locals; /* a hash table */
    uint32_t count, capacity, stamp;
};

struct task_queue { /* of a stream; empty: NULL */
    struct task_digest *first, *last;
    uint64_t latest;               /* of the digests before the first */
    VECTOR(struct task_open) open; /* behind the last */
};

struct task_scan {
    struct trace_scan scan;
    struct analysis_tasks *tasks;
    struct task_worker *workers;
    struct task_queue *queues; /* by stream */
    struct trace_order order;  /* of those that are not empty */
    bool may_fuse;             /* filters are asked in the order of time */
    bool is_unordered;
};

static int out_of_memory(struct cairn_error *error)
{
    return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE,
                            "Out of memory: too many tasks are open at once.");
}

/* ---- What a chunk has said of a task ------------------------------------------------------------------------ */

static struct task_local *find_local(const struct task_worker *worker, uint64_t id)
{
    uint32_t at = (uint32_t)(id * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (worker->capacity - 1);
    while (worker->locals[at].stamp == worker->stamp && worker->locals[at].id != id)
        at = (at + 1) & (worker->capacity - 1);
    return &worker->locals[at];
}

static bool grow_locals(struct task_worker *worker)
{
    struct task_worker bigger = {.capacity = worker->capacity ? 2 * worker->capacity : 1024,
                                 .stamp = worker->stamp};
    bigger.locals = calloc(bigger.capacity, sizeof *bigger.locals);
    if (!bigger.locals) return false;
    for (uint32_t i = 0; i < worker->capacity; i++)
        if (worker->locals[i].stamp == worker->stamp)
            *find_local(&bigger, worker->locals[i].id) = worker->locals[i];
    free(worker->locals);
    worker->locals = bigger.locals;
    worker->capacity = bigger.capacity;
    return true;
}

/* Its entry, which may be new; NULL if memory ran out. Valid until the next. */
static struct task_local *local_of(struct task_worker *worker, uint64_t id)
{
    if (worker->count >= worker->capacity / 2 && !grow_locals(worker)) return NULL;
    struct task_local *local = find_local(worker, id);
    if (local->stamp == worker->stamp) return local;
    worker->count++;
    *local = (struct task_local){.id = id, .stamp = worker->stamp};
    return local;
}

/* ---- Digest ---------------------------------------------------------------------------------------------- */

struct task_work {
    struct task_worker *worker;
    struct trace_part *part;
    struct task_digest *digest;
    struct trace_cursor cursor;
    bool is_used; /* the state has been mentioned since it was last changed */
    bool may_fuse;
};

static struct task_op *add_op(struct task_work *work, enum task_op_kind kind, struct trace_task_id task)
{
    if (!vector_reserve(&work->digest->ops, work->digest->ops.count + 1)) return NULL;
    struct task_op *op = &work->digest->ops.items[work->digest->ops.count++];
    *op = (struct task_op){
        .time = work->cursor.time, .order = work->digest->latest, .task = task, .kind = kind};
    return op;
}

static bool mention(struct task_work *work, const struct trace_task_id *task)
{
    if (task->id == 0) return true;
    struct task_local *local = local_of(work->worker, task->id);
    if (!local) return false;
    if (local->flags & MENTIONED) return true;
    local->flags |= MENTIONED;
    return add_op(work, OP_MENTION, *task) != NULL;
}

static bool use_state(struct task_work *work)
{
    if (work->is_used) return true;
    work->is_used = true;
    return mention(work, &work->worker->state.task);
}

/* The innermost open region of a place; NULL if there is none. */
static struct task_open *find_region(struct task_work *work, uint64_t place)
{
    struct task_digest *digest = work->digest;
    for (size_t i = digest->open.count; i-- > 0;)
        if (digest->open.items[i].place == place) return &digest->open.items[i];
    return NULL;
}

static bool mention_by(struct task_work *work, const struct task_open *region)
{
    if (!region || region->listed == UINT32_MAX) return true;
    const struct cairn_open_region *listed = &trace_part_open(work->part)[region->listed];
    struct trace_task_id task = trace_part_task(work->part, listed->task_id, listed->task_birth);
    return mention(work, &task);
}

static bool begin_region(struct task_work *work, uint64_t head)
{
    uint32_t number = cairn__head_site(head);
    uint64_t place = cairn__place(number, work->part->head->block.number, work->cursor.place);
    trace_part_site(work->part, number);
    if (!work->part->is_side && /* a handler's is on no list */
        !vector_push(&work->digest->open, ((struct task_open){place, UINT32_MAX})))
        return false;
    return use_state(work);
}

static bool end_region(struct task_work *work, uint64_t head)
{
    struct task_digest *digest = work->digest;
    trace_part_site(work->part, cairn__head_site(head));
    if (digest->open.count) return mention_by(work, &digest->open.items[--digest->open.count]);
    work->part->is_odd = true;
    return true;
}

static bool end_region_of(struct task_work *work, const uint64_t *words)
{
    struct task_digest *digest = work->digest;
    struct task_open *region = find_region(work, words[1]);
    trace_part_check(work->part, work->cursor.kind, words, 1);
    if (!region) trace_part_site(work->part, cairn__place_site(words[1]));
    if (!mention_by(work, region)) return false;
    if (!region || work->part->is_side) return true;
    size_t behind = (size_t)(&digest->open.items[--digest->open.count] - region);
    memmove(region, region + 1, behind * sizeof *region);
    return true;
}

/* Of the innermost region, or of that of a place. */
static bool attr_of_region(struct task_work *work, const uint64_t *words)
{
    struct task_digest *digest = work->digest;
    size_t count = digest->open.count;
    const struct task_open *region = count ? &digest->open.items[count - 1] : NULL;
    trace_part_check(work->part, work->cursor.kind, words, count > 0);
    if (work->cursor.kind == CAIRN_EVENT_REGION_ATTR_LONG) region = find_region(work, words[1]);
    if (work->cursor.kind == CAIRN_EVENT_REGION_ATTR_TEXT) {
        struct cairn_event_data data = cairn__event_data(words);
        uint64_t place = 0;
        if (data.count >= 16) memcpy(&place, data.bytes, sizeof place);
        region = find_region(work, place);
    }
    return mention_by(work, region);
}

static bool begin_task(struct task_work *work, const uint64_t *words)
{
    struct trace_task_id task = trace_part_task(work->part, words[1], work->cursor.time), parent = {0};
    bool is_child = work->cursor.kind == CAIRN_EVENT_TASK_CHILD;
    if (is_child) {
        parent = trace_part_task(work->part, words[2], words[3]);
        struct task_local *local = local_of(work->worker, parent.id);
        if (!local) return false;
        local->flags |= HAS_CHILD;
    }
    struct task_local *local = local_of(work->worker, task.id);
    struct task_op *op = local ? add_op(work, OP_BEGIN, task) : NULL;
    if (!op) return false;
    op->parent = parent;
    bool is_first = !(local->flags & MENTIONED) && !is_child;
    local->flags |= is_first ? MENTIONED | BEGUN : MENTIONED;
    local->begin = (uint32_t)work->digest->ops.count - 1;
    return true;
}

static bool end_task(struct task_work *work, const uint64_t *words)
{
    struct trace_task_id task = trace_part_task(work->part, words[1], words[2]);
    bool failed = work->cursor.kind == CAIRN_EVENT_TASK_FAIL;
    struct task_local *local = local_of(work->worker, task.id);
    struct task_op *op = local ? add_op(work, failed ? OP_FAIL : OP_END, task) : NULL;
    if (!op) return false;
    op->site = trace_part_site(work->part, cairn__head_site(words[0]));
    bool is_whole = work->may_fuse && (local->flags & (BEGUN | HAS_CHILD)) == BEGUN;
    local->flags = (local->flags & ~(uint32_t)BEGUN) | MENTIONED;
    if (!is_whole) return true;
    struct task_op *begin = &work->digest->ops.items[local->begin];
    if (begin->task.birth != task.birth) return true; /* of another task, then */
    begin->kind = OP_NONE;
    op->kind = failed ? OP_WHOLE_FAILED : OP_WHOLE;
    return true;
}

static bool link_tasks(struct task_work *work, const uint64_t *words)
{
    struct trace_task_id to = trace_part_task(work->part, words[1], words[2]);
    trace_part_site(work->part, cairn__head_site(words[0]));
    return mention(work, &to) && use_state(work);
}

static bool take_word(struct task_work *work, const uint64_t *words)
{
    switch (work->cursor.kind) {
    case CAIRN_EVENT_REGION_BEGIN: return begin_region(work, words[0]);
    case CAIRN_EVENT_REGION_END: return end_region(work, words[0]);
    case CAIRN_EVENT_REGION_END_LONG: return end_region_of(work, words);
    case CAIRN_EVENT_REGION_ATTR:
    case CAIRN_EVENT_REGION_ATTR_LONG:
    case CAIRN_EVENT_REGION_ATTR_TEXT: return attr_of_region(work, words);
    case CAIRN_EVENT_TASK:
    case CAIRN_EVENT_TASK_AGAIN:
        work->is_used = false;
        return trace_state_switch(&work->worker->state, work->part, words);
    case CAIRN_EVENT_TASK_BEGIN:
    case CAIRN_EVENT_TASK_CHILD:
        trace_part_site(work->part, cairn__head_site(words[0]));
        return begin_task(work, words);
    case CAIRN_EVENT_TASK_END:
    case CAIRN_EVENT_TASK_FAIL: return end_task(work, words);
    case CAIRN_EVENT_LINK: return link_tasks(work, words);
    case CAIRN_EVENT_LOG:
    case CAIRN_EVENT_LOGF:
    case CAIRN_EVENT_LOGF_0:
    case CAIRN_EVENT_LOGF_1:
    case CAIRN_EVENT_LOGF_2:
    case CAIRN_EVENT_ATTR:
    case CAIRN_EVENT_ATTR_TEXT:
    case CAIRN_EVENT_REGION_AT:
        trace_part_site(work->part, cairn__head_site(words[0]));
        return use_state(work);
    default: trace_part_check(work->part, work->cursor.kind, words, 1); return true;
    }
}

/* The order of time over all threads is that of the latest time of each: where a clock steps back, what follows has its
 * turn at once. What is earlier than the chunk's begin would have had its turn before the chunk was known. */
static void note_time(struct task_work *work)
{
    struct task_digest *digest = work->digest;
    if (work->cursor.time > digest->latest) digest->latest = work->cursor.time;
    digest->is_unordered |= work->cursor.time < work->part->begin_ticks;
}

static bool walk(struct task_work *work)
{
    struct trace_part *part = work->part;
    const struct cairn_open_region *open = trace_part_open(part);
    if (!trace_state_begin(&work->worker->state, part)) return false;
    work->digest->listed_count = part->head->open_count;
    for (uint32_t i = 0; i < part->head->open_count; i++) {
        struct trace_task_id task = trace_part_task(part, open[i].task_id, open[i].task_birth);
        struct task_op *op = add_op(work, task.id ? OP_LISTED : OP_NONE, task);
        if (!op || !vector_push(&work->digest->open, ((struct task_open){open[i].place, i}))) return false;
        op->place = open[i].place;
    }
    for (const uint64_t *words; (words = trace_cursor_next(&work->cursor)) != NULL;) {
        if (trace_event_kinds >> work->cursor.kind & 1) note_time(work);
        if (!take_word(work, words)) return false;
    }
    part->is_odd |= work->cursor.at < work->cursor.end;
    return true;
}

static void drop(void *taken)
{
    struct task_digest *digest = taken;
    if (!digest) return;
    vector_free(&digest->ops);
    vector_free(&digest->open);
    free(digest);
}

static void *digest_part(struct trace_scan *given, unsigned number, struct trace_part *part)
{
    struct task_scan *scan = (struct task_scan *)given;
    struct task_worker *worker = &scan->workers[number];
    struct task_digest *digest = calloc(1, sizeof *digest);
    if (!digest) return NULL;
    worker->stamp++;
    worker->count = 0;
    digest->thread = part->thread;
    digest->latest = part->begin_ticks;
    struct task_work work = {.worker = worker,
                             .part = part,
                             .digest = digest,
                             .cursor = trace_part_cursor(part),
                             .may_fuse = scan->may_fuse};
    if (walk(&work)) return digest;
    drop(digest);
    return NULL;
}

/* ---- Settle ---------------------------------------------------------------------------------------------- */

static bool give(struct task_scan *scan, const struct task_op *op, enum trace_kind kind, uint64_t time,
                 uint32_t thread)
{
    struct trace_event event = {.time = time,
                                .kind = kind,
                                .thread = thread,
                                .site = kind == TRACE_TASK_BEGIN ? op->task.site : op->site,
                                .task = op->task,
                                .other = kind == TRACE_TASK_BEGIN ? op->parent : (struct trace_task_id){0}};
    return scan->tasks->sink.event(&scan->tasks->sink, &event, NULL) == 0;
}

static bool give_whole(struct task_scan *scan, const struct task_op *op, uint32_t thread)
{
    enum trace_kind end = op->kind == OP_WHOLE ? TRACE_TASK_END : TRACE_TASK_FAIL;
    struct analysis_task task = {.id = op->task,
                                 .begin = ANALYSIS_BEGIN_SEEN,
                                 .status = op->kind == OP_WHOLE ? ANALYSIS_FINISHED : ANALYSIS_FAILED,
                                 .end_ticks = op->time,
                                 .begin_thread = thread,
                                 .end_thread = thread,
                                 .end_site = op->site};
    switch (analysis_tasks_add(scan->tasks, &task)) {
    case ANALYSIS_TASK_NEW: return true;
    case ANALYSIS_TASK_OPEN:
        return give(scan, op, TRACE_TASK_BEGIN, op->task.birth, thread) &&
               give(scan, op, end, op->time, thread);
    case ANALYSIS_TASK_ENDED: return give(scan, op, end, op->time, thread);
    default: return false;
    }
}

static bool give_op(struct task_scan *scan, const struct task_op *op, uint32_t thread)
{
    switch (op->kind) {
    case OP_NONE: return true;
    case OP_BEGIN: return give(scan, op, TRACE_TASK_BEGIN, op->time, thread);
    case OP_END: return give(scan, op, TRACE_TASK_END, op->time, thread);
    case OP_FAIL: return give(scan, op, TRACE_TASK_FAIL, op->time, thread);
    case OP_LISTED:
    case OP_MENTION: return give(scan, op, TRACE_ATTR, op->time, thread);
    default: return give_whole(scan, op, thread);
    }
}

/* Whether a stream has an op, and when it has its turn. Digests that are used up go. */
static bool next_turn(struct task_queue *queue, uint64_t *turn)
{
    while (queue->first && queue->first->taken == queue->first->ops.count) {
        struct task_digest *used = queue->first;
        if (used->latest > queue->latest) queue->latest = used->latest;
        queue->first = used->next;
        drop(used);
    }
    if (!queue->first) return queue->last = NULL, false;
    *turn = queue->first->ops.items[queue->first->taken].order;
    if (queue->latest > *turn) *turn = queue->latest;
    return true;
}

/* Gives the sink what has its turn before the horizon, or `all`. */
static bool merge(struct task_scan *scan, uint64_t horizon, bool all)
{
    while (scan->order.count && (all || scan->order.heap[0].time < horizon)) {
        struct task_queue *queue = &scan->queues[scan->order.heap[0].stream];
        struct task_digest *digest = queue->first;
        if (!give_op(scan, &digest->ops.items[digest->taken], digest->thread)) return false;
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
static void strike_known(struct task_queue *queue, struct task_digest *digest)
{
    for (size_t i = 0; i < digest->listed_count; i++) {
        for (size_t at = 0; at < queue->open.count; at++)
            if (queue->open.items[at].place == digest->ops.items[i].place)
                digest->ops.items[i].kind = OP_NONE;
    }
    vector_free(&queue->open);
    memcpy(&queue->open, &digest->open, sizeof queue->open);
    memset(&digest->open, 0, sizeof digest->open);
}

static bool settle_part(struct trace_scan *given, struct trace_part *part, void *taken)
{
    struct task_scan *scan = (struct task_scan *)given;
    struct task_digest *digest = taken;
    if (!has_queues(scan)) return drop(digest), false;
    if (!merge(scan, part->begin_ticks, false)) return drop(digest), false;
    if (!digest) return true;
    scan->is_unordered |= digest->is_unordered;
    struct task_queue *queue = &scan->queues[part->stream];
    strike_known(queue, digest);
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
        trace_state_free(&scan->workers[i].state);
        free(scan->workers[i].locals);
    }
    trace_order_destroy(&scan->order);
    free(scan->queues);
    free(scan->workers);
}

static int scan_all(struct task_scan *scan, struct trace_source *source, trace_progress *progress, void *data,
                    struct cairn_error *error)
{
    scan->workers = calloc(scan->scan.workers, sizeof *scan->workers);
    int result = scan->workers ? take_listed(scan, source, error) : out_of_memory(error);
    if (result == 0) result = trace_scan_run(source, &scan->scan, progress, data, error);
    if (result == 0 && scan->queues && !merge(scan, 0, true)) result = out_of_memory(error);
    destroy(scan);
    return result;
}

int analysis_tasks_run(struct analysis_tasks *tasks, struct trace_source *source, trace_progress *progress,
                       void *data, struct cairn_error *error)
{
    struct trace_mark before;
    struct task_scan scan = {.scan = {.digest = digest_part, .settle = settle_part, .drop = drop},
                             .tasks = tasks,
                             .may_fuse = !tasks->filter};
    scan.scan.workers = trace_scan_workers(source);
    scan.scan.is_quiet = source->is_quiet;
    if (!scan.scan.workers) return trace_run(source, &tasks->sink, progress, data, error);
    int result = trace_mark_set(&before, source) ? scan_all(&scan, source, progress, data, error)
                                                 : out_of_memory(error);
    if (result == 0 && scan.is_unordered) { /* once more, by events */
        struct analysis_filter *filter = tasks->filter;
        size_t slowest_max = tasks->slowest_max;
        analysis_tasks_free(tasks);
        trace_mark_return(&before, source);
        result = analysis_tasks_init(tasks, source->info, filter, slowest_max)
                     ? trace_run(source, &tasks->sink, progress, data, error)
                     : out_of_memory(error);
    } else if (result == 0) {
        result = tasks->sink.end(&tasks->sink, source->info, error);
    }
    trace_mark_free(&before);
    return result;
}
