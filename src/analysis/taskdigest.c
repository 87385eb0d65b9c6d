/* Digests: what one chunk says of tasks. SPDX-License-Identifier: Apache-2.0
 *
 * See taskops.h. Of each task that the chunk names, a table knows what has been said: its first mention makes an op, its
 * begin and end do. The table, hashed by pages, serves for all chunks of a worker: a stamp tells old pages from new ones.
 */
#include "analysis/taskops.h"

#include "analysis/ids.h"
#include "cairn/cairn.h"

#include <stdlib.h>
#include <string.h>

/* ---- What a chunk has said of a task ------------------------------------------------------------------------ */

enum { MENTIONED = 1, BEGUN = 2, HAS_CHILD = 4 };
enum { PAGE_TASKS = 32 };

struct task_local {
    uint32_t flags : 3;
    uint32_t begin : 29; /* BEGUN: index of its op */
};

struct task_page { /* of tasks that are neighbours in number */
    uint64_t key;
    uint32_t stamp; /* of the chunk */
    struct task_local tasks[PAGE_TASKS];
};

static struct task_page *find_page(const struct task_worker *worker, uint64_t key)
{
    uint32_t at = (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (worker->page_capacity - 1);
    while (worker->pages[at].stamp == worker->stamp && worker->pages[at].key != key)
        at = (at + 1) & (worker->page_capacity - 1);
    return &worker->pages[at];
}

static bool grow_pages(struct task_worker *worker)
{
    struct task_worker bigger = {.page_capacity = worker->page_capacity ? 2 * worker->page_capacity : 256,
                                 .stamp = worker->stamp};
    bigger.pages = calloc(bigger.page_capacity, sizeof *bigger.pages);
    if (!bigger.pages) return false;
    for (uint32_t i = 0; i < worker->page_capacity; i++)
        if (worker->pages[i].stamp == worker->stamp)
            *find_page(&bigger, worker->pages[i].key) = worker->pages[i];
    free(worker->pages);
    worker->pages = bigger.pages;
    worker->page_capacity = bigger.page_capacity;
    return true;
}

static struct task_page *look_up_page(struct task_worker *worker, uint64_t key)
{
    if (worker->page_count >= worker->page_capacity / 2 && !grow_pages(worker)) return NULL;
    struct task_page *page = find_page(worker, key);
    worker->recent = page;
    if (page->stamp == worker->stamp) return page;
    worker->page_count++;
    *page = (struct task_page){.key = key, .stamp = worker->stamp};
    return page;
}

/* What the chunk has said of it; NULL if memory ran out. Valid until the next. */
static inline struct task_local *local_of(struct task_worker *worker, uint64_t id)
{
    uint64_t key = analysis_id_key(id) / PAGE_TASKS;
    struct task_page *page = worker->recent;
    if (!page || page->key != key) page = look_up_page(worker, key);
    return page ? &page->tasks[id % PAGE_TASKS] : NULL;
}

/* An open region: where the chunk has its begin, in words, or the index in the list of its head. */
#define IS_LISTED (UINT32_C(1) << 31)

/* ---- Digest ---------------------------------------------------------------------------------------------- */

struct task_work {
    struct task_worker *worker;
    struct trace_part *part;
    struct task_digest *digest;
    uint64_t time;   /* of the event at hand */
    uint64_t latest; /* time so far */
    bool is_used;    /* the state has been mentioned since it was last changed */
    bool may_fuse;
};

/* The order of time over all threads is that of the latest time of each: where a clock steps back, what follows has its
 * turn at once. What is earlier than the chunk's begin would have had its turn before the chunk was known. */
static inline void see_time(struct task_work *work)
{
    if (work->time > work->latest)
        work->latest = work->time;
    else if (work->time < work->part->begin_ticks)
        work->digest->is_unordered = true;
}

static inline struct task_op *add_op(struct task_work *work, enum task_op_kind kind,
                                     const struct trace_task_id *task)
{
    if (!vector_reserve(&work->digest->ops, work->digest->ops.count + 1)) return NULL;
    struct task_op *op = &work->digest->ops.items[work->digest->ops.count++];
    *op = (struct task_op){.time = work->time,
                           .order = work->latest,
                           .id = task->id,
                           .birth = task->birth,
                           .task_site = task->site,
                           .kind = kind};
    return op;
}

static bool mention(struct task_work *work, const struct trace_task_id *task)
{
    if (task->id == 0) return true;
    struct task_local *local = local_of(work->worker, task->id);
    if (!local) return false;
    if (local->flags & MENTIONED) return true;
    local->flags |= MENTIONED;
    return add_op(work, OP_MENTION, task);
}

static inline bool use_state(struct task_work *work)
{
    if (work->is_used) return true;
    work->is_used = true;
    return mention(work, &work->worker->state.task);
}

static uint64_t place_of(const struct task_work *work, uint32_t open)
{
    const struct trace_part *part = work->part;
    if (open & IS_LISTED) return trace_part_open(part)[open & ~IS_LISTED].place;
    uint64_t head = ((const uint64_t *)part->head)[open];
    return cairn__place(cairn__head_site(head), part->head->block.number, open);
}

/* The innermost open region of a place; NULL if there is none. */
static uint32_t *find_region(struct task_work *work, uint64_t place)
{
    struct task_worker *worker = work->worker;
    for (size_t i = worker->open.count; i-- > 0;)
        if (place_of(work, worker->open.items[i]) == place) return &worker->open.items[i];
    return NULL;
}

static bool mention_listed(struct task_work *work, uint32_t open)
{
    const struct cairn_open_region *listed = &trace_part_open(work->part)[open & ~IS_LISTED];
    struct trace_task_id task = trace_part_task(work->part, listed->task_id, listed->task_birth);
    return mention(work, &task);
}

/* What was begun in the chunk has mentioned its task there. */
static inline bool mention_by(struct task_work *work, uint32_t open)
{
    return !(open & IS_LISTED) || mention_listed(work, open);
}

static inline bool begin_region(struct task_work *work, const uint64_t *words)
{
    uint32_t offset = trace_part_offset(work->part, words);
    trace_part_site(work->part, cairn__head_site(words[0]));
    if (!work->part->is_side && !vector_push(&work->worker->open, offset)) /* a handler's is on no list */
        return false;
    return use_state(work);
}

static inline bool end_region(struct task_work *work, const uint64_t *words)
{
    struct task_worker *worker = work->worker;
    trace_part_site(work->part, cairn__head_site(words[0]));
    if (worker->open.count) return mention_by(work, worker->open.items[--worker->open.count]);
    work->part->is_odd = true;
    return true;
}

static bool end_region_of(struct task_work *work, const uint64_t *words)
{
    struct task_worker *worker = work->worker;
    uint32_t *region = find_region(work, words[1]);
    trace_part_check(work->part, CAIRN_EVENT_REGION_END_LONG, words, 1);
    if (!region) trace_part_site(work->part, cairn__place_site(words[1]));
    if (region && !mention_by(work, *region)) return false;
    if (!region || work->part->is_side) return true;
    size_t behind = (size_t)(&worker->open.items[--worker->open.count] - region);
    memmove(region, region + 1, behind * sizeof *region);
    return true;
}

/* Of the innermost region, or of that of a place. */
static bool attr_of_region(struct task_work *work, const uint64_t *words)
{
    struct task_worker *worker = work->worker;
    size_t count = worker->open.count;
    const uint32_t *region = count ? &worker->open.items[count - 1] : NULL;
    uint32_t kind = cairn__head_kind(words[0]);
    trace_part_check(work->part, kind, words, count > 0);
    if (kind == CAIRN_EVENT_REGION_ATTR_LONG) region = find_region(work, words[1]);
    if (kind == CAIRN_EVENT_REGION_ATTR_TEXT) {
        struct cairn_event_data data = cairn__event_data(words);
        uint64_t place = 0;
        if (data.count >= 16) memcpy(&place, data.bytes, sizeof place);
        region = find_region(work, place);
    }
    return !region || mention_by(work, *region);
}

static bool begin_task(struct task_work *work, const uint64_t *words)
{
    trace_part_site(work->part, cairn__head_site(words[0]));
    struct trace_task_id task = trace_part_task(work->part, words[1], work->time), parent;
    bool is_child = cairn__head_kind(words[0]) == CAIRN_EVENT_TASK_CHILD;
    if (is_child) {
        parent = trace_part_task(work->part, words[2], words[3]);
        struct task_local *local = local_of(work->worker, parent.id);
        if (!local) return false;
        local->flags |= HAS_CHILD;
    }
    struct task_local *local = local_of(work->worker, task.id);
    if (!local || !add_op(work, is_child ? OP_BEGIN_CHILD : OP_BEGIN, &task)) return false;
    if (is_child && !add_op(work, OP_PARENT, &parent)) return false;
    if (task.id <= CAIRN_ID_OFF) return true; /* is no task, says the sink too */
    bool is_first = !(local->flags & MENTIONED) && !is_child;
    local->flags |= is_first ? MENTIONED | BEGUN : MENTIONED;
    if (is_first) local->begin = (uint32_t)work->digest->ops.count - 1;
    return true;
}

static bool end_task(struct task_work *work, const uint64_t *words)
{
    struct trace_task_id task = trace_part_task(work->part, words[1], words[2]);
    bool failed = cairn__head_kind(words[0]) == CAIRN_EVENT_TASK_FAIL;
    struct task_local *local = local_of(work->worker, task.id);
    struct task_op *op = local ? add_op(work, failed ? OP_FAIL : OP_END, &task) : NULL;
    if (!op) return false;
    op->end_site = trace_part_site(work->part, cairn__head_site(words[0]));
    if (task.id <= CAIRN_ID_OFF) return true;
    bool is_whole = work->may_fuse && (local->flags & (BEGUN | HAS_CHILD)) == BEGUN;
    local->flags = (local->flags & ~BEGUN) | MENTIONED;
    if (!is_whole) return true;
    struct task_op *begin = &work->digest->ops.items[local->begin];
    if (begin->birth != task.birth || begin->id != task.id) return true; /* one of them is wrong */
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

static inline bool take_word(struct task_work *work, uint32_t kind, const uint64_t *words)
{
    switch (kind) {
    case CAIRN_EVENT_REGION_BEGIN: see_time(work); return begin_region(work, words);
    case CAIRN_EVENT_REGION_END: see_time(work); return end_region(work, words);
    case CAIRN_EVENT_REGION_END_LONG: see_time(work); return end_region_of(work, words);
    case CAIRN_EVENT_REGION_ATTR:
    case CAIRN_EVENT_REGION_ATTR_LONG:
    case CAIRN_EVENT_REGION_ATTR_TEXT: see_time(work); return attr_of_region(work, words);
    case CAIRN_EVENT_TASK:
    case CAIRN_EVENT_TASK_AGAIN:
        work->is_used = false;
        return trace_state_switch(&work->worker->state, work->part, words);
    case CAIRN_EVENT_TASK_BEGIN:
    case CAIRN_EVENT_TASK_CHILD: see_time(work); return begin_task(work, words);
    case CAIRN_EVENT_TASK_END:
    case CAIRN_EVENT_TASK_FAIL: see_time(work); return end_task(work, words);
    case CAIRN_EVENT_LINK: see_time(work); return link_tasks(work, words);
    case CAIRN_EVENT_LOG:
    case CAIRN_EVENT_LOGF:
    case CAIRN_EVENT_LOGF_0:
    case CAIRN_EVENT_LOGF_1:
    case CAIRN_EVENT_LOGF_2:
    case CAIRN_EVENT_ATTR:
    case CAIRN_EVENT_ATTR_TEXT:
    case CAIRN_EVENT_REGION_AT:
        see_time(work);
        trace_part_site(work->part, cairn__head_site(words[0]));
        return use_state(work);
    default:
        if (trace_event_kinds >> kind & 1) see_time(work);
        trace_part_check(work->part, kind, words, 1);
        return true;
    }
}

static bool take_open(struct task_work *work)
{
    struct trace_part *part = work->part;
    const struct cairn_open_region *open = trace_part_open(part);
    work->digest->listed_count = part->head->open_count;
    for (uint32_t i = 0; i < part->head->open_count; i++) {
        struct trace_task_id task = trace_part_task(part, open[i].task_id, open[i].task_birth);
        if (!add_op(work, task.id ? OP_LISTED : OP_NONE, &task)) return false;
        if (!vector_push(&work->worker->open, IS_LISTED | i)) return false;
    }
    return true;
}

static bool walk(struct task_work *work)
{
    struct trace_part *part = work->part;
    struct trace_cursor cursor = trace_part_cursor(part);
    work->time = cursor.time;
    work->latest = part->begin_ticks;
    if (!trace_state_begin(&work->worker->state, part) || !take_open(work)) return false;
    for (const uint64_t *words; (words = trace_cursor_next(&cursor)) != NULL;) {
        work->time = cursor.time;
        if (!take_word(work, cursor.kind, words)) return false;
    }
    part->is_odd |= cursor.at < cursor.end;
    work->digest->latest = work->latest;
    return true;
}

/* The regions that are still open. */
static bool keep_open(struct task_work *work)
{
    for (size_t i = 0; i < work->worker->open.count; i++)
        if (!vector_push(&work->digest->open, place_of(work, work->worker->open.items[i]))) return false;
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
    worker->page_count = 0;
    worker->recent = NULL;
    worker->open.count = 0;
    digest->process = part->process;
    digest->thread = part->thread;
    struct task_work work = {.worker = worker, .part = part, .digest = digest, .may_fuse = may_fuse};
    if (vector_reserve(&digest->ops, worker->usual_ops) && walk(&work) && keep_open(&work)) {
        worker->usual_ops = digest->ops.count;
        return digest;
    }
    analysis_task_digest_free(digest);
    return NULL;
}

void analysis_task_worker_free(struct task_worker *worker)
{
    trace_state_free(&worker->state);
    free(worker->pages);
    vector_free(&worker->open);
}
