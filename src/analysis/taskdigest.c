/* Digests: what one chunk says of tasks. SPDX-License-Identifier: Apache-2.0
 *
 * See taskops.h. Of each task that the chunk names, a hash table knows what has been said: its first mention makes an op, its
 * begin and end do. The table serves for all chunks of a worker: a stamp tells old entries from new ones.
 */
#include "analysis/taskops.h"

#include "analysis/ids.h"
#include "cairn/cairn.h"

#include <stdlib.h>
#include <string.h>

/* What a chunk has said of a task so far. */
enum { MENTIONED = 1, BEGUN = 2, HAS_CHILD = 4 };

struct task_local {
    uint64_t key;
    uint32_t stamp; /* of the chunk */
    uint32_t flags;
    uint32_t begin; /* BEGUN: index of its op */
};

/* ---- What a chunk has said of a task ------------------------------------------------------------------------ */

static struct task_local *find_local(const struct task_worker *worker, uint64_t key)
{
    uint32_t at = (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (worker->capacity - 1);
    while (worker->locals[at].stamp == worker->stamp && worker->locals[at].key != key)
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
            *find_local(&bigger, worker->locals[i].key) = worker->locals[i];
    free(worker->locals);
    worker->locals = bigger.locals;
    worker->capacity = bigger.capacity;
    return true;
}

/* Its entry, which may be new; NULL if memory ran out. Valid until the next. */
static struct task_local *local_of(struct task_worker *worker, uint64_t id)
{
    uint64_t key = analysis_id_key(id);
    if (worker->count >= worker->capacity / 2 && !grow_locals(worker)) return NULL;
    struct task_local *local = find_local(worker, key);
    if (local->stamp == worker->stamp) return local;
    worker->count++;
    *local = (struct task_local){.key = key, .stamp = worker->stamp};
    return local;
}

/* ---- Digest ---------------------------------------------------------------------------------------------- */

struct task_work {
    struct task_worker *worker;
    struct trace_part *part;
    struct task_digest *digest;
    struct trace_step now;
    uint64_t latest; /* time so far */
    bool is_used;    /* the state has been mentioned since it was last changed */
    bool may_fuse;
};

static struct task_op *add_op(struct task_work *work, enum task_op_kind kind, struct trace_task_id task)
{
    if (!vector_reserve(&work->digest->ops, work->digest->ops.count + 1)) return NULL;
    struct task_op *op = &work->digest->ops.items[work->digest->ops.count++];
    *op = (struct task_op){.time = work->now.time, .order = work->latest, .task = task, .kind = kind};
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
    uint64_t place = cairn__place(number, work->part->head->block.number, work->now.place);
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
    trace_part_check(work->part, work->now.kind, words, 1);
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
    trace_part_check(work->part, work->now.kind, words, count > 0);
    if (work->now.kind == CAIRN_EVENT_REGION_ATTR_LONG) region = find_region(work, words[1]);
    if (work->now.kind == CAIRN_EVENT_REGION_ATTR_TEXT) {
        struct cairn_event_data data = cairn__event_data(words);
        uint64_t place = 0;
        if (data.count >= 16) memcpy(&place, data.bytes, sizeof place);
        region = find_region(work, place);
    }
    return mention_by(work, region);
}

static bool begin_task(struct task_work *work, const uint64_t *words)
{
    struct trace_task_id task = trace_part_task(work->part, words[1], work->now.time), parent = {0};
    bool is_child = work->now.kind == CAIRN_EVENT_TASK_CHILD;
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
    bool failed = work->now.kind == CAIRN_EVENT_TASK_FAIL;
    struct task_local *local = local_of(work->worker, task.id);
    struct task_op *op = local ? add_op(work, failed ? OP_FAIL : OP_END, task) : NULL;
    if (!op) return false;
    op->site = trace_part_site(work->part, cairn__head_site(words[0]));
    bool is_whole = work->may_fuse && (local->flags & (BEGUN | HAS_CHILD)) == BEGUN;
    local->flags = (local->flags & ~(uint32_t)BEGUN) | MENTIONED;
    if (!is_whole) return true;
    struct task_op *begin = &work->digest->ops.items[local->begin];
    if (begin->task.birth != task.birth || begin->task.id != task.id) return true; /* one of them is wrong */
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
    switch (work->now.kind) {
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
    default: trace_part_check(work->part, work->now.kind, words, 1); return true;
    }
}

static bool take_open(struct task_work *work)
{
    struct trace_part *part = work->part;
    const struct cairn_open_region *open = trace_part_open(part);
    work->digest->listed_count = part->head->open_count;
    for (uint32_t i = 0; i < part->head->open_count; i++) {
        struct trace_task_id task = trace_part_task(part, open[i].task_id, open[i].task_birth);
        struct task_op *op = add_op(work, task.id ? OP_LISTED : OP_NONE, task);
        if (!op || !vector_push(&work->digest->open, ((struct task_open){open[i].place, i}))) return false;
        op->place = open[i].place;
    }
    return true;
}

/* The order of time over all threads is that of the latest time of each: where a clock steps back, what follows has its
 * turn at once. What is earlier than the chunk's begin would have had its turn before the chunk was known. */
static bool walk(struct task_work *work)
{
    struct trace_part *part = work->part;
    struct trace_cursor cursor = trace_part_cursor(part);
    uint64_t begin = part->begin_ticks;
    bool is_unordered = false;
    work->now = cursor.now;
    work->latest = begin;
    if (!trace_state_begin(&work->worker->state, part) || !take_open(work)) return false;
    for (const uint64_t *words; (words = trace_cursor_next(&cursor)) != NULL;) {
        bool is_event = trace_event_kinds >> cursor.now.kind & 1;
        if (is_event && cursor.now.time > work->latest) work->latest = cursor.now.time;
        is_unordered |= is_event && cursor.now.time < begin;
        work->now = cursor.now;
        if (!take_word(work, words)) return false;
    }
    part->is_odd |= cursor.at < cursor.end;
    work->digest->is_unordered = is_unordered;
    work->digest->latest = work->latest;
    return true;
}

void analysis_task_digest_free(struct task_digest *digest)
{
    if (!digest) return;
    vector_free(&digest->ops);
    vector_free(&digest->open);
    free(digest);
}

struct task_digest *analysis_task_digest(struct task_worker *worker, struct trace_part *part, bool may_fuse)
{
    struct task_digest *digest = calloc(1, sizeof *digest);
    if (!digest) return NULL;
    worker->stamp++;
    worker->count = 0;
    digest->thread = part->thread;
    struct task_work work = {.worker = worker, .part = part, .digest = digest, .may_fuse = may_fuse};
    if (vector_reserve(&digest->ops, worker->usual_ops) && walk(&work)) {
        worker->usual_ops = digest->ops.count;
        return digest;
    }
    analysis_task_digest_free(digest);
    return NULL;
}

void analysis_task_worker_free(struct task_worker *worker)
{
    trace_state_free(&worker->state);
    free(worker->locals);
}
