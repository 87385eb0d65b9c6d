/* See scan.h. SPDX-License-Identifier: Apache-2.0
 *
 * Workers take the next part, digest it, and leave the digest in the part's place. Who finds the part whose turn it is
 * digested settles it and all that follow and are digested; meanwhile the others go on. Nobody digests more than AHEAD
 * parts ahead of the turn.
 *
 *     parts   ─── settled ───┤ turn ├── digested or in work, at most AHEAD ──┤ next ├───────
 *
 * Rules: all of `struct pool` under its lock, but for what a part's own worker does with the part.
 */
#include "trace/scan.h"

#include "cairn/cairn.h"
#include "trace/blockwalk.h"
#include "trace/opentrace.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

enum { AHEAD_PER_WORKER = 16, WORKERS_MAX = 16, BYTES_PER_WORKER = 1 << 20 };

struct kinds { /* of one worker */
    _Alignas(LINES_BYTES) uint64_t counts[1 << CAIRN_KIND_BITS];
};

struct pool {
    struct trace_native *native;
    struct trace_scan *scan;
    struct trace_part *parts;
    void **digests;
    bool *is_digested;
    struct kinds kinds[WORKERS_MAX];
    bool *is_cut; /* by stream: its last part was skipped */
    size_t count, next, turn;
    unsigned workers, numbered;
    bool is_settling, has_failed, is_stopped; /* stopped: it has failed too */
    size_t unreleased;                        /* bytes settled; by who settles */
    trace_progress *progress;                 /* called by the thread that asked for the scan */
    void *progress_data;
    pthread_mutex_t lock;
    pthread_cond_t moved; /* `turn` has, or it has failed */
};

/* ---- Parts ---------------------------------------------------------------------------------------------- */

static int compare_parts(const void *left, const void *right)
{
    const struct trace_part *a = left, *b = right;
    if (a->begin_ticks != b->begin_ticks) return a->begin_ticks < b->begin_ticks ? -1 : 1;
    if (a->stream != b->stream) return a->stream < b->stream ? -1 : 1;
    return a->chunk < b->chunk ? -1 : a->chunk > b->chunk;
}

static bool is_stream_start(const struct trace_file *file, size_t i)
{
    const struct trace_chunk *chunk = &file->chunks.items[i], *before = i ? chunk - 1 : NULL;
    return !before || chunk->side || before->side || before->thread != chunk->thread;
}

static size_t add_parts(struct trace_native *native, uint32_t index, struct trace_part *parts,
                        uint32_t *stream)
{
    const struct trace_file *file = &native->files[index];
    uint64_t latest = 0; /* clocks may step back: parts of a thread keep their sequence */
    for (size_t i = 0; i < file->chunks.count; i++) {
        const struct trace_chunk *chunk = &file->chunks.items[i];
        bool is_first = is_stream_start(file, i);
        if (is_first) latest = 0;
        if (is_first) ++*stream;
        if (chunk->begin_ticks > latest) latest = chunk->begin_ticks;
        parts[i] = (struct trace_part){.head = chunk->head,
                                       .file = file,
                                       .sites = file->sites.items,
                                       .site_count = file->sites.count,
                                       .chunk = (uint32_t)i,
                                       .words = chunk->bytes / 8,
                                       .process = file->process,
                                       .round = file->head.round,
                                       .thread = chunk->thread,
                                       .stream = native->file_count + *stream - 1,
                                       .begin_ticks = latest,
                                       .is_side = chunk->side,
                                       .is_first = is_first};
    }
    return file->chunks.count;
}

static bool make_parts(struct pool *pool)
{
    struct trace_native *native = pool->native;
    size_t count = 0, at = 0;
    uint32_t stream = 0;
    for (uint32_t i = 0; i < native->file_count; i++) count += native->files[i].chunks.count;
    pool->parts = lines_alloc(count + 1, sizeof *pool->parts);
    pool->digests = calloc(count + 1, sizeof *pool->digests);
    pool->is_digested = calloc(count + 1, sizeof *pool->is_digested);
    if (!pool->parts || !pool->digests || !pool->is_digested) return false;
    for (uint32_t i = 0; i < native->file_count; i++) at += add_parts(native, i, pool->parts + at, &stream);
    pool->scan->stream_count = native->file_count + stream;
    pool->is_cut = calloc((size_t)pool->scan->stream_count + 1, sizeof *pool->is_cut);
    if (!pool->is_cut) return false;
    if (count) qsort(pool->parts, count, sizeof *pool->parts, compare_parts);
    pool->count = count;
    return true;
}

/* ---- Workers --------------------------------------------------------------------------------------------- */

static bool is_intact(const struct trace_part *part)
{
    const struct trace_chunk *chunk = &part->file->chunks.items[part->chunk];
    return !chunk->sealed || trace_block_intact(&chunk->head->block, chunk->bytes);
}

static uint64_t expected_sequence(const struct trace_part *part)
{
    const struct trace_chunk *chunk = &part->file->chunks.items[part->chunk];
    return part->is_first ? 0 : chunk[-1].sequence + 1;
}

/* What is odd about it is found by the decoder that looks for that. */
static bool tell_odd(const struct pool *pool, const struct trace_part *part)
{
    struct trace_native *native = pool->native;
    struct trace_stream stream;
    struct trace_event event;
    trace_stream_open(&stream, part->file, part->chunk, part->chunk + 1);
    stream.sites = native->info.sites;
    stream.text = &native->text; /* wanted or not: their arguments may be what is wrong */
    stream.overwritten_until = native->threads.items.items[part->thread].overwritten_until_ticks;
    stream.expected_sequence = expected_sequence(part);
    stream.started = !part->is_first;
    while (!stream.out_of_memory && trace_stream_ready(&stream)) trace_stream_take(&stream, &event);
    trace_stream_close(&stream);
    return !stream.out_of_memory;
}

static bool digest(struct pool *pool, unsigned worker, size_t i)
{
    struct trace_part *part = &pool->parts[i];
    const struct trace_chunk *chunk = &part->file->chunks.items[part->chunk];
    part->kinds = pool->kinds[worker].counts;
    part->is_skipped = !is_intact(part);
    part->is_odd = part->is_skipped || (!part->is_side && chunk->sequence != expected_sequence(part));
    if (!part->is_skipped) pool->digests[i] = pool->scan->digest(pool->scan, worker, part);
    return part->is_skipped || pool->digests[i];
}

static bool settle(struct pool *pool, size_t i)
{
    struct trace_part *part = &pool->parts[i];
    const struct trace_chunk *chunk = &part->file->chunks.items[part->chunk];
    if (part->is_odd && !pool->scan->is_quiet && !tell_odd(pool, part)) return false;
    part->has_gap = !part->is_side && chunk->sequence != expected_sequence(part);
    if (pool->is_cut[part->stream]) part->has_gap = true;
    pool->is_cut[part->stream] = part->is_skipped;
    void *taken = pool->digests[i];
    pool->digests[i] = NULL;
    bool good = pool->scan->settle(pool->scan, part, taken);
    trace_native_release(pool->native, chunk->bytes);
    return good;
}

/* Settles what is digested and has its turn. With the lock, which is let go of meanwhile. */
static void settle_ready(struct pool *pool)
{
    pool->is_settling = true;
    while (!pool->has_failed && pool->turn < pool->count && pool->is_digested[pool->turn]) {
        size_t i = pool->turn;
        pthread_mutex_unlock(&pool->lock);
        bool good = settle(pool, i);
        pthread_mutex_lock(&pool->lock);
        pool->turn = i + 1;
        pool->has_failed |= !good;
        pthread_cond_broadcast(&pool->moved);
    }
    pool->is_settling = false;
}

/* False: there is none any more. With the lock. */
static bool take_part(struct pool *pool, size_t *i)
{
    size_t ahead = (size_t)AHEAD_PER_WORKER * pool->workers;
    while (!pool->has_failed && pool->next < pool->count && pool->next - pool->turn >= ahead)
        pthread_cond_wait(&pool->moved, &pool->lock);
    if (pool->has_failed || pool->next == pool->count) return false;
    *i = pool->next++;
    return true;
}

/* False: the scan is to stop. Without the lock. */
static bool tell_progress(const struct pool *pool, size_t i)
{
    return !pool->progress || pool->progress(pool->progress_data, (double)i / (double)pool->count);
}

static void work(struct pool *pool, bool tells_progress)
{
    size_t i;
    pthread_mutex_lock(&pool->lock);
    unsigned worker = pool->numbered++;
    while (take_part(pool, &i)) {
        pthread_mutex_unlock(&pool->lock);
        bool good = digest(pool, worker, i);
        bool goes_on = !tells_progress || tell_progress(pool, i);
        pthread_mutex_lock(&pool->lock);
        pool->is_digested[i] = true;
        pool->is_stopped |= !goes_on;
        pool->has_failed |= !good || !goes_on;
        if (!pool->is_settling) settle_ready(pool);
        if (pool->has_failed) pthread_cond_broadcast(&pool->moved);
    }
    pthread_mutex_unlock(&pool->lock);
}

static void *help(void *pool)
{
    work(pool, false);
    return NULL;
}

/* The caller is the first worker. Fewer helpers than wished for are as good. */
static void work_together(struct pool *pool)
{
    pthread_t helpers[WORKERS_MAX];
    unsigned count = 0;
    while (count + 1 < pool->workers && pthread_create(&helpers[count], NULL, help, pool) == 0) count++;
    work(pool, true);
    while (count) pthread_join(helpers[--count], NULL);
}

/* ---- The face -------------------------------------------------------------------------------------------- */

unsigned trace_scan_workers(struct trace_source *source)
{
    const struct trace_native *native = trace_native_of(source);
    if (!native) return 0;
    for (uint32_t i = 0; i < native->file_count; i++)
        if (native->files[i].own_clock) return 0;
    size_t bytes = 0;
    for (uint32_t i = 0; i < native->file_count; i++) bytes += native->files[i].mapping.count;
    unsigned useful =
        1 + (unsigned)(bytes / BYTES_PER_WORKER < WORKERS_MAX ? bytes / BYTES_PER_WORKER : WORKERS_MAX - 1);
    unsigned processors = os_processor_count();
    return processors < useful ? processors : useful;
}

static void count_recovered(struct pool *pool)
{
    for (unsigned worker = 0; worker < WORKERS_MAX; worker++) {
        for (uint32_t kind = 0; kind < 1 << CAIRN_KIND_BITS; kind++) {
            uint32_t tally = cairn__event_tally(kind);
            if (tally != CAIRN_TALLY_NONE)
                pool->native->info.recovered[tally] += pool->kinds[worker].counts[kind];
        }
    }
}

static void destroy(struct pool *pool)
{
    for (size_t i = 0; pool->digests && i < pool->count; i++)
        if (pool->digests[i]) pool->scan->drop(pool->digests[i]);
    free(pool->parts);
    free(pool->digests);
    free(pool->is_digested);
    free(pool->is_cut);
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->moved);
}

int trace_scan_run(struct trace_source *source, struct trace_scan *scan, trace_progress *progress, void *data,
                   struct cairn_error *error)
{
    struct pool pool = {.native = trace_native_of(source),
                        .scan = scan,
                        .workers = scan->workers,
                        .progress = progress,
                        .progress_data = data,
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .moved = PTHREAD_COND_INITIALIZER};
    pool.has_failed = !make_parts(&pool);
    if (!pool.has_failed) work_together(&pool);
    bool good = !pool.has_failed;
    if (good && !scan->is_quiet) count_recovered(&pool);
    destroy(&pool);
    if (good) return 0;
    if (pool.is_stopped) return trace_stopped(error);
    return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE, "memory ran out");
}

/* ---- Marks ----------------------------------------------------------------------------------------------- */

bool trace_mark_set(struct trace_mark *mark, struct trace_source *source)
{
    const struct trace_native *native = trace_native_of(source);
    uint32_t count = native->diagnostics.count;
    mark->diagnostics = (struct trace_diagnostics){.count = count, .capacity = count};
    mark->diagnostics.items = calloc((size_t)count + 1, sizeof *mark->diagnostics.items);
    if (!mark->diagnostics.items) return false;
    if (count)
        memcpy(mark->diagnostics.items, native->diagnostics.items, count * sizeof *mark->diagnostics.items);
    memcpy(mark->recovered, native->info.recovered, sizeof mark->recovered);
    return true;
}

/* Findings only become more, so there is room. */
void trace_mark_return(const struct trace_mark *mark, struct trace_source *source)
{
    struct trace_native *native = trace_native_of(source);
    uint32_t count = mark->diagnostics.count;
    if (count)
        memcpy(native->diagnostics.items, mark->diagnostics.items, count * sizeof *mark->diagnostics.items);
    native->diagnostics.count = count;
    memcpy(native->info.recovered, mark->recovered, sizeof mark->recovered);
}

void trace_mark_free(struct trace_mark *mark)
{
    free(mark->diagnostics.items);
}

/* ---- For digests ----------------------------------------------------------------------------------------- */

uint64_t trace_part_at_monotonic(const struct trace_part *part, int64_t monotonic_ns)
{
    return trace_clock_at_monotonic(&part->file->clock, monotonic_ns);
}

uint32_t trace_part_owner(const struct trace_part *part, uint64_t place)
{
    const struct trace_file *file = part->file;
    const uint64_t *index = map_get(&file->numbers, (struct map_key){cairn__place_block(place), 0, 0});
    return index ? file->chunks.items[*index - 1].thread : UINT32_MAX;
}

bool trace_state_begin(struct trace_state *state, struct trace_part *part)
{
    const struct cairn_chunk_head *head = part->head;
    const struct cairn_open_region *open = trace_part_open(part);
    state->task = trace_part_task(part, head->task_id, head->task_birth);
    for (uint32_t i = 0; i < head->open_count; i++) {
        trace_part_site(part, cairn__place_site(open[i].place));
        trace_part_task(part, open[i].task_id, open[i].task_birth);
    }
    trace_named_forget(&state->named);
    return trace_named_put(&state->named, head->task_id, head->task_birth);
}

bool trace_state_switch(struct trace_state *state, struct trace_part *part, const uint64_t *words)
{
    if (cairn__head_kind(words[0]) == CAIRN_EVENT_TASK) {
        state->task = trace_part_task(part, words[1], words[2]);
        return trace_named_put(&state->named, words[1], words[2]);
    }
    uint64_t id = cairn__again_id(words[0], part->round);
    uint64_t birth;
    bool good = trace_named_get(&state->named, id, &birth);
    part->is_odd |= birth == UINT64_MAX;
    state->task = trace_part_task(part, id, birth);
    return good;
}

void trace_state_free(struct trace_state *state)
{
    trace_named_free(&state->named);
}

void trace_part_check(struct trace_part *part, uint32_t kind, const uint64_t *words, uint32_t open)
{
    if (kind == CAIRN_EVENT_TIME || kind == CAIRN_EVENT_INTERRUPT) return;
    if (!(trace_event_kinds >> kind & 1)) { /* a loss, or unknown */
        part->is_odd = true;
        return;
    }
    trace_part_site(part, cairn__head_site(words[0]));
    switch (kind) {
    case CAIRN_EVENT_TASK_CHILD: trace_part_task(part, words[2], words[3]); /* fall through */
    case CAIRN_EVENT_TASK_BEGIN:
    case CAIRN_EVENT_TASK_END:
    case CAIRN_EVENT_TASK_FAIL:
    case CAIRN_EVENT_LINK: trace_part_task(part, words[1], 0); return;
    case CAIRN_EVENT_REGION_ATTR: part->is_odd |= open == 0; return;
    case CAIRN_EVENT_REGION_ATTR_LONG: trace_part_site(part, cairn__place_site(words[1])); return;
    case CAIRN_EVENT_REGION_ATTR_TEXT: part->is_odd = true; return; /* rare, and long to look at */
    }
}
