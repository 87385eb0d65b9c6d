/* The regions of a trace, chunk by chunk on several processors. SPDX-License-Identifier: Apache-2.0
 *
 * The sink of regions.c can take every trace, one event at a time in the order of time. Nearly all threads need less:
 * their regions nest, and each ends on its own thread. Of such a REGULAR thread a chunk can be digested alone:
 *
 *   1. Regions that begin and end in the chunk are added to the worker's rows. What a region that was open at the chunk's
 *      begin gets covered by them is summed up, and so is when it ends.
 *   2. In their turn, the regions that are open from chunk to chunk are carried on, and added where they end.
 *   3. In the end all rows become those of the sink; what is still carried is unfinished.
 *
 * A thread is irregular if anything else shows: an end that is not the innermost's or comes from another thread (both
 * threads are), a handler's region, a loss, more than CARRIED_MAX levels, time that steps back, a call site that is none of
 * regions. Then its regions, from the begin of the trace, belong to the sink: a second scan leaves these threads out, and the
 * sink takes them.
 */
#include "analysis/regionrows.h"

#include "cairn/cairn.h"
#include "trace/scan.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 256, CARRIED_MAX = 63, HISTOGRAMS_MAX = 4096 /* 30 KiB each */ };

struct region_level { /* an open region */
    uint64_t birth, covered;
    uint64_t place;
    struct trace_task_id task;
    uint32_t site;
};

/* What a chunk says. */
struct region_digest {
    bool is_irregular;
    uint32_t inherited;            /* of those open at its begin, these are still */
    uint64_t ended[CARRIED_MAX];   /* when the others ended */
    uint64_t covered[CARRIED_MAX]; /* by what ended in the chunk, directly within */
    VECTOR(uint64_t) owned;        /* places of regions, perhaps other threads', that ended here */
    uint64_t last_ticks;
    uint32_t depth;                        /* of those begun in it, these are open, */
    struct region_level levels[DEPTH_MAX]; /* the outermost first */
};

struct region_row {
    struct histogram time;
    histogram_sum self;
};

struct region_carry { /* of a thread */
    bool is_irregular;
    uint64_t last_ticks;
    VECTOR(struct region_level) open;
};

struct region_scan {
    struct trace_scan scan;
    struct analysis_regions *regions;
    struct region_row **rows; /* by worker and slot; the last are the settler's */
    uint32_t *slots;          /* by site, from 1; 0: no call site of regions */
    uint32_t *sites;          /* by slot */
    uint32_t slot_count;
    struct region_carry *threads;
    struct trace_state *states; /* by worker */
    bool any_irregular;
    bool is_second; /* irregular threads are left out */
};

/* ---- Rows ------------------------------------------------------------------------------------------------ */

static struct region_scan *scan_of(struct trace_scan *scan)
{
    return (struct region_scan *)scan;
}

static struct trace_region_id region_of(uint32_t thread, const struct region_level *level)
{
    return (struct trace_region_id){.place = level->place,
                                    .birth = level->birth,
                                    .thread = thread,
                                    .site = level->site,
                                    .task = level->task};
}

static bool add(const struct region_scan *scan, unsigned worker, uint32_t thread,
                const struct region_level *level, uint64_t end)
{
    struct analysis_filter *filter = scan->regions->filter;
    uint64_t duration = end - level->birth;
    if (filter) {
        const struct analysis_region ended = {.id = region_of(thread, level),
                                              .end_ticks = end,
                                              .self_ticks = duration - level->covered,
                                              .is_finished = true};
        if (!analysis_filter_region(filter, &ended)) return true;
    }
    struct region_row *row = &scan->rows[worker][scan->slots[level->site]];
    row->self += duration - level->covered;
    return histogram_add(&row->time, duration);
}

/* ---- Digest ---------------------------------------------------------------------------------------------- */

/* Where a worker is in its chunk. */
struct region_work {
    const struct region_scan *scan;
    unsigned worker;
    struct trace_part *part;
    struct trace_state *state;
    struct region_digest *digest;
    uint64_t time; /* of the event at hand */
};

static struct region_level level_here(const struct region_work *work, const uint64_t *words, uint64_t birth)
{
    uint32_t number = cairn__head_site(words[0]), site = trace_part_site(work->part, number);
    if (!work->scan->slots[site]) work->digest->is_irregular = true;
    return (struct region_level){
        .birth = birth,
        .place = cairn__place(number, work->part->head->block.number, trace_part_offset(work->part, words)),
        .task = work->state->task,
        .site = site};
}

static void begin_region(struct region_work *work, const uint64_t *words)
{
    struct region_digest *digest = work->digest;
    if (digest->depth == DEPTH_MAX || work->part->is_side) /* a handler's is on no list */
        digest->is_irregular = true;
    else
        digest->levels[digest->depth++] = level_here(work, words, work->time);
}

/* The innermost ends: one of this chunk, or else one that was open before. */
static bool end_region(struct region_work *work, const uint64_t *words)
{
    struct region_digest *digest = work->digest;
    uint64_t time = work->time;
    trace_part_site(work->part, cairn__head_site(words[0]));
    if (digest->depth) {
        const struct region_level *level = &digest->levels[--digest->depth];
        uint64_t duration = time - level->birth;
        if (digest->depth)
            digest->levels[digest->depth - 1].covered += duration;
        else if (digest->inherited)
            digest->covered[digest->inherited - 1] += duration;
        return add(work->scan, work->worker, work->part->thread, level, time);
    }
    if (digest->inherited)
        digest->ended[--digest->inherited] = time;
    else
        work->part->is_odd = digest->is_irregular = true;
    return true;
}

static bool whole_region(struct region_work *work, const uint64_t *words)
{
    uint64_t birth = trace_part_at_monotonic(work->part, (int64_t)words[1]);
    uint64_t end = trace_part_at_monotonic(work->part, (int64_t)words[2]);
    struct region_level level = level_here(work, words, birth);
    if (end >= birth) return add(work->scan, work->worker, work->part->thread, &level, end);
    work->digest->is_irregular = true; /* the sink says what is wrong */
    return true;
}

static bool take_word(struct region_work *work, uint32_t kind, const uint64_t *words)
{
    struct region_digest *digest = work->digest;
    switch (kind) {
    case CAIRN_EVENT_REGION_BEGIN: begin_region(work, words); return true;
    case CAIRN_EVENT_REGION_END: return end_region(work, words);
    case CAIRN_EVENT_REGION_END_LONG:
        digest->is_irregular = true;
        return vector_push(&digest->owned, words[1]);
    case CAIRN_EVENT_REGION_AT: return whole_region(work, words);
    case CAIRN_EVENT_TASK:
    case CAIRN_EVENT_TASK_AGAIN: return trace_state_switch(work->state, work->part, words);
    default: trace_part_check(work->part, kind, words, digest->depth + digest->inherited); return true;
    }
}

static const uint32_t region_kinds =
    1u << CAIRN_EVENT_REGION_BEGIN | 1u << CAIRN_EVENT_REGION_END | 1u << CAIRN_EVENT_REGION_END_LONG;

static bool walk(struct region_work *work)
{
    struct trace_cursor cursor = trace_part_cursor(work->part);
    uint64_t last = cursor.time;
    bool steps_back = false;
    uint32_t met = 0;
    if (!trace_state_begin(work->state, work->part)) return false;
    for (const uint64_t *words; (words = trace_cursor_next(&cursor)) != NULL;) {
        steps_back |= cursor.time < last;
        last = work->time = cursor.time;
        met |= 1u << cursor.kind;
        if (!take_word(work, cursor.kind, words)) return false;
    }
    work->part->is_odd |= cursor.at < cursor.end;
    work->digest->last_ticks = last;
    work->digest->is_irregular |= steps_back || (met & region_kinds && work->part->is_side);
    return true;
}

static void drop(void *digest)
{
    if (digest) vector_free(&((struct region_digest *)digest)->owned);
    free(digest);
}

static void *digest_part(struct trace_scan *given, unsigned worker, struct trace_part *part)
{
    struct region_scan *scan = scan_of(given);
    struct region_digest *digest = malloc(sizeof *digest); /* large, and mostly not touched */
    if (!digest) return NULL;
    struct region_work work = {
        .scan = scan, .worker = worker, .part = part, .state = &scan->states[worker], .digest = digest};
    uint32_t inherited = part->head->open_count;
    digest->is_irregular = inherited > (part->is_side ? 0 : CARRIED_MAX);
    digest->inherited = inherited > CARRIED_MAX ? CARRIED_MAX : inherited;
    memset(digest->covered, 0, digest->inherited * sizeof *digest->covered);
    memset(&digest->owned, 0, sizeof digest->owned);
    digest->depth = 0;
    bool left_out = scan->is_second && scan->threads[part->thread].is_irregular;
    if (left_out || walk(&work)) return digest;
    drop(digest);
    return NULL;
}

/* ---- Settle ---------------------------------------------------------------------------------------------- */

/* The first scan finds all of them; in the second, digests ask who they are. */
static void mark(struct region_scan *scan, uint32_t thread)
{
    if (thread >= scan->regions->info->thread_count || scan->threads[thread].is_irregular) return;
    scan->threads[thread].is_irregular = true;
    scan->any_irregular = true;
}

/* Whether the chunk goes on where the thread's last one left off. */
static bool is_next(const struct region_carry *carry, const struct trace_part *part)
{
    const struct cairn_open_region *open = trace_part_open(part);
    if (part->is_side) return true; /* without regions */
    if (part->has_gap || part->head->begin_ticks < carry->last_ticks) return false;
    if (part->head->open_count != carry->open.count) return false;
    for (size_t i = 0; i < carry->open.count; i++)
        if (open[i].place != carry->open.items[i].place) return false;
    return true;
}

static bool end_carried(struct region_scan *scan, struct region_carry *carry, struct trace_part *part,
                        const struct region_digest *digest)
{
    while (carry->open.count > digest->inherited) {
        size_t i = --carry->open.count;
        struct region_level *level = &carry->open.items[i];
        level->covered += digest->covered[i];
        if (i) level[-1].covered += digest->ended[i] - level->birth;
        if (!add(scan, scan->scan.workers, part->thread, level, digest->ended[i])) return false;
    }
    for (size_t i = 0; i < carry->open.count; i++) carry->open.items[i].covered += digest->covered[i];
    return true;
}

static bool carry_on(struct region_scan *scan, struct region_carry *carry, struct trace_part *part,
                     const struct region_digest *digest)
{
    if (part->is_side) return true;
    carry->last_ticks = digest->last_ticks;
    if (!end_carried(scan, carry, part, digest)) return false;
    for (uint32_t i = 0; i < digest->depth; i++)
        if (!vector_push(&carry->open, digest->levels[i])) return false;
    return true;
}

static bool settle_part(struct trace_scan *given, struct trace_part *part, void *taken)
{
    struct region_scan *scan = scan_of(given);
    struct region_carry *carry = &scan->threads[part->thread];
    struct region_digest *digest = taken;
    bool good = true;
    for (size_t i = 0; digest && i < digest->owned.count; i++)
        mark(scan, trace_part_owner(part, digest->owned.items[i]));
    if (!digest || digest->is_irregular || !is_next(carry, part)) mark(scan, part->thread);
    if (!carry->is_irregular) good = carry_on(scan, carry, part, digest);
    drop(digest);
    return good;
}

/* ---- The whole ------------------------------------------------------------------------------------------- */

static bool find_slots(struct region_scan *scan)
{
    const struct trace_info *info = scan->regions->info;
    scan->slots = calloc((size_t)info->site_count + 1, sizeof *scan->slots);
    scan->sites = calloc((size_t)info->site_count + 1, sizeof *scan->sites);
    if (!scan->slots || !scan->sites) return false;
    scan->slot_count = 1;
    for (uint32_t site = 1; site < info->site_count; site++) {
        if (info->sites[site].role != CAIRN_I_ROLE_REGION) continue;
        scan->sites[scan->slot_count] = site;
        scan->slots[site] = scan->slot_count++;
    }
    return true;
}

/* Each worker has a histogram for each call site. */
static unsigned affordable(const struct region_scan *scan, unsigned workers)
{
    unsigned most = HISTOGRAMS_MAX / scan->slot_count;
    return workers + 1 <= most ? workers : most ? most - 1 : 0;
}

static bool make(struct region_scan *scan)
{
    const struct trace_info *info = scan->regions->info;
    scan->threads = calloc((size_t)info->thread_count + 1, sizeof *scan->threads);
    scan->states = lines_alloc(scan->scan.workers, sizeof *scan->states);
    scan->rows = calloc((size_t)scan->scan.workers + 1, sizeof *scan->rows);
    for (unsigned i = 0; scan->rows && i <= scan->scan.workers; i++) {
        scan->rows[i] = lines_alloc(scan->slot_count, sizeof **scan->rows);
        if (!scan->rows[i]) return false;
    }
    return scan->threads && scan->states && scan->rows;
}

static void forget_rows(struct region_scan *scan)
{
    for (unsigned i = 0; scan->rows && i <= scan->scan.workers; i++) {
        for (uint32_t slot = 0; scan->rows[i] && slot < scan->slot_count; slot++) {
            histogram_free(&scan->rows[i][slot].time);
            scan->rows[i][slot].self = 0;
        }
    }
}

static void destroy(struct region_scan *scan)
{
    forget_rows(scan);
    for (unsigned i = 0; scan->rows && i <= scan->scan.workers; i++) free(scan->rows[i]);
    for (unsigned i = 0; scan->states && i < scan->scan.workers; i++) trace_state_free(&scan->states[i]);
    for (uint32_t i = 0; scan->threads && i < scan->regions->info->thread_count; i++)
        vector_free(&scan->threads[i].open);
    free(scan->rows);
    free(scan->slots);
    free(scan->sites);
    free(scan->states);
    free(scan->threads);
}

static bool hand_over_thread(struct region_scan *scan, uint32_t thread)
{
    const struct region_carry *carry = &scan->threads[thread];
    for (size_t i = 0; !carry->is_irregular && i < carry->open.count; i++) {
        struct trace_region_id id = region_of(thread, &carry->open.items[i]);
        if (!analysis_regions_leave(scan->regions, &id, carry->open.items[i].covered)) return false;
    }
    return true;
}

static bool hand_over(struct region_scan *scan)
{
    for (unsigned i = 0; i <= scan->scan.workers; i++) {
        for (uint32_t slot = 0; slot < scan->slot_count; slot++) {
            struct region_row *row = &scan->rows[i][slot];
            if (row->time.count &&
                !analysis_region_rows_add(scan->regions, scan->sites[slot], &row->time, row->self))
                return false;
            histogram_free(&row->time);
        }
    }
    for (uint32_t thread = 0; thread < scan->regions->info->thread_count; thread++)
        if (!hand_over_thread(scan, thread)) return false;
    return true;
}

/* A scan of the regular threads alone. */
static int scan_again(struct region_scan *scan, struct trace_source *source, trace_progress *progress,
                      void *data, struct cairn_error *error)
{
    forget_rows(scan);
    for (uint32_t i = 0; i < scan->regions->info->thread_count; i++) {
        scan->threads[i].open.count = 0;
        scan->threads[i].last_ticks = 0;
    }
    scan->is_second = scan->scan.is_quiet = true;
    return trace_scan_run(source, &scan->scan, progress, data, error);
}

static int out_of_memory(struct cairn_error *error)
{
    return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE, "Out of memory.");
}

/* The irregular threads' events go the other way, one by one. */
static int run_rest(struct region_scan *scan, struct trace_source *source, trace_progress *progress,
                    void *data, struct cairn_error *error)
{
    uint32_t count = scan->regions->info->thread_count;
    bool *threads = calloc((size_t)count + 1, sizeof *threads), was_quiet = source->is_quiet;
    if (!threads) return out_of_memory(error);
    for (uint32_t i = 0; i < count; i++) threads[i] = scan->threads[i].is_irregular;
    source->threads = threads;
    source->is_quiet = true;
    int result = trace_run(source, &scan->regions->sink, progress, data, error);
    free(threads);
    source->threads = NULL;
    source->is_quiet = was_quiet;
    return result;
}

static int scan_and_rest(struct region_scan *scan, struct trace_source *source, trace_progress *progress,
                         void *data, struct cairn_error *error)
{
    int result =
        make(scan) ? trace_scan_run(source, &scan->scan, progress, data, error) : out_of_memory(error);
    if (result == 0 && scan->any_irregular) result = scan_again(scan, source, progress, data, error);
    if (result == 0 && !hand_over(scan)) result = out_of_memory(error);
    if (result != 0) return result;
    return scan->any_irregular ? run_rest(scan, source, progress, data, error)
                               : scan->regions->sink.end(&scan->regions->sink, source->info, error);
}

int analysis_regions_run(struct analysis_regions *regions, struct trace_source *source,
                         trace_progress *progress, void *data, struct cairn_error *error)
{
    struct analysis_filter *filter = regions->filter;
    struct region_scan scan = {.scan = {.digest = digest_part, .settle = settle_part, .drop = drop},
                               .regions = regions};
    bool may_scan =
        !regions->each && !regions->sampling.any && (!filter || analysis_filter_is_concurrent(filter));
    int result = 0;
    if (may_scan && !find_slots(&scan)) result = out_of_memory(error);
    if (may_scan && result == 0) scan.scan.workers = affordable(&scan, trace_scan_workers(source));
    scan.scan.is_quiet = source->is_quiet;
    if (result == 0)
        result = scan.scan.workers ? scan_and_rest(&scan, source, progress, data, error)
                                   : trace_run(source, &regions->sink, progress, data, error);
    destroy(&scan);
    return result;
}
