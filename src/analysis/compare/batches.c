/* See batches.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/compare/batches.h"

#include <assert.h>
#include <string.h>

static_assert(ANALYSIS_BATCH_OUTSIDE == ANALYSIS_BATCHES_MAX, "the place behind the last batch");
static_assert(ANALYSIS_BATCHES_MAX % 2 == 0, "a full row of batches merges into half as many");

void analysis_batches_init(struct analysis_batches *batches, const struct trace_info *info)
{
    *batches = (struct analysis_batches){.ns_per_tick = info->clock.ns_per_tick,
                                         .size = 1,
                                         .begin_ticks = UINT64_MAX,
                                         .recording_begin_ticks = info->begin_ticks};
}

void analysis_batches_follow(struct analysis_batches *batches, const struct analysis_batches *leader)
{
    batches->is_follower = true;
    batches->count = leader->count;
    batches->size = leader->size;
    batches->filled = leader->filled;
    batches->first_end_ticks = leader->first_end_ticks;
    for (uint32_t i = 0; i < leader->count; i++)
        batches->spans[i] = (struct analysis_batch_span){.ticks = leader->spans[i].ticks,
                                                         .end_ticks = leader->spans[i].end_ticks};
}

static void free_cells(struct analysis_batch_type *type)
{
    for (uint32_t i = 0; type->cells && i <= ANALYSIS_BATCH_OUTSIDE; i++)
        sparse_histogram_free(&type->cells[i].durations);
    sparse_histogram_free(&type->all.durations);
    free(type->cells);
}

void analysis_batches_free(struct analysis_batches *batches)
{
    for (size_t i = 0; i < batches->types.count; i++) free_cells(&batches->types.items[i]);
    vector_free(&batches->types);
    analysis_names_free(&batches->names);
}

static bool add_type(struct analysis_batches *batches, const char *name)
{
    struct analysis_batch_type type = {.name = name,
                                       .cells = calloc(ANALYSIS_BATCH_OUTSIDE + 1, sizeof *type.cells)};
    if (type.cells && vector_push(&batches->types, type)) return true;
    free(type.cells);
    return false;
}

uint32_t analysis_batches_type(struct analysis_batches *batches, const char *name)
{
    uint32_t number =
        analysis_names_number_within(&batches->names, name, ANALYSIS_BATCH_TYPES_MAX, ANALYSIS_TYPE_OTHER);
    if (number == batches->types.count && !add_type(batches, batches->names.texts.items[number]))
        return UINT32_MAX;
    return number;
}

/* ---- Merging ----------------------------------------------------------------------------------------- */

/* Moves all of a cell into another. */
static bool pour(struct analysis_batch_cell *into, struct analysis_batch_cell *from)
{
    if (from == into) return true;
    if (!sparse_histogram_merge(&into->durations, &from->durations)) return false;
    into->recorded += from->recorded;
    into->count += from->count;
    into->errors += from->errors;
    into->ticks += from->ticks;
    sparse_histogram_free(&from->durations);
    *from = (struct analysis_batch_cell){0};
    return true;
}

static bool pour_batch(struct analysis_batches *batches, uint32_t into, uint32_t from)
{
    for (size_t i = 0; i < batches->types.count; i++) {
        struct analysis_batch_cell *cells = batches->types.items[i].cells;
        if (!pour(&cells[into], &cells[from])) return false;
    }
    if (from == into) return true;
    struct analysis_batch_span *sum = &batches->spans[into], *later = &batches->spans[from];
    sum->ticks += later->ticks;
    sum->end_ticks = later->end_ticks;
    sum->roots += later->roots;
    sum->recorded += later->recorded;
    *later = (struct analysis_batch_span){0};
    return true;
}

/* Batch 2i and 2i + 1 become batch i. */
static bool merge_neighbours(struct analysis_batches *batches)
{
    for (uint32_t i = 0; i < batches->count; i++)
        if (!pour_batch(batches, i / 2, i)) return false;
    if (batches->count % 2 == 0)
        batches->filled += batches->size; /* else the last is but half of a new one */
    batches->count = (batches->count + 1) / 2;
    batches->size *= 2;
    return true;
}

/* A last batch that is less than half full goes into the one before. */
static bool settle_last(struct analysis_batches *batches)
{
    if (batches->count < 2 || batches->filled * 2 >= batches->size) return true;
    if (!pour_batch(batches, batches->count - 2, batches->count - 1)) return false;
    batches->filled += batches->size;
    batches->count--;
    return true;
}

bool analysis_batches_coarsen(struct analysis_batches *batches)
{
    return merge_neighbours(batches) && settle_last(batches);
}

/* ---- Items ------------------------------------------------------------------------------------------- */

/* The stretch of the leader's in which an item ends. */
static struct analysis_batch_span *leaders_batch(struct analysis_batches *batches, uint64_t end_ticks)
{
    uint32_t low = 0, high = batches->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (batches->spans[middle].end_ticks < end_ticks)
            low = middle + 1;
        else
            high = middle;
    }
    bool is_inside = low < batches->count && end_ticks >= batches->first_end_ticks;
    return &batches->spans[is_inside ? low : ANALYSIS_BATCH_OUTSIDE];
}

/* The batch of the next item, which ends then; NULL if memory ran out. */
static struct analysis_batch_span *next_batch(struct analysis_batches *batches, uint64_t end_ticks)
{
    if (batches->is_follower) return leaders_batch(batches, end_ticks);
    if (batches->count && batches->filled < batches->size) return &batches->spans[batches->count - 1];
    if (batches->count == ANALYSIS_BATCHES_MAX && !merge_neighbours(batches)) return NULL;
    batches->filled = 0;
    return &batches->spans[batches->count++];
}

/* What lies between the ends of the item before and of this one. Ends of several processors may be out of order. */
static void pass_time(struct analysis_batches *batches, struct analysis_batch_span *span,
                      const struct analysis_batch_item *item)
{
    uint64_t begin = item->begin_ticks;
    if (begin < batches->recording_begin_ticks) begin = batches->recording_begin_ticks;
    if (begin < batches->begin_ticks) batches->begin_ticks = begin;
    uint64_t before = batches->end_ticks;
    if (item->end_ticks > before) batches->end_ticks = item->end_ticks;
    if (batches->is_follower) return;
    if (before)
        span->ticks += batches->end_ticks - before;
    else
        batches->first_end_ticks = item->end_ticks;
    span->end_ticks = batches->end_ticks;
}

static bool fill_cell(struct analysis_batch_type *type, struct analysis_batch_cell *cell,
                      const struct analysis_batch_item *item)
{
    uint64_t duration = item->end_ticks > item->begin_ticks ? item->end_ticks - item->begin_ticks : 0;
    if (!sparse_histogram_add(&cell->durations, duration, item->weight)) return false;
    cell->recorded++;
    cell->count += item->weight;
    cell->errors += item->failed ? item->weight : 0;
    cell->ticks += (double)duration * item->weight;
    type->total_ticks += (histogram_sum)duration * item->weight;
    if (duration > type->max_ticks) type->max_ticks = duration;
    return true;
}

bool analysis_batches_add(struct analysis_batches *batches, const struct analysis_batch_item *item)
{
    struct analysis_batch_type *type = &batches->types.items[item->type];
    struct analysis_batch_span *span = next_batch(batches, item->end_ticks);
    if (!span || !fill_cell(type, &type->cells[span - batches->spans], item)) return false;
    pass_time(batches, span, item);
    span->roots += item->is_root ? item->weight : 0;
    batches->roots += item->is_root ? item->weight : 0;
    span->recorded++;
    batches->recorded++;
    if (!batches->is_follower) batches->filled++;
    return true;
}

/* ---- Answers ----------------------------------------------------------------------------------------- */

static bool seal_cell(struct analysis_batch_type *type, struct analysis_batch_cell *cell)
{
    if (!sparse_histogram_merge(&type->all.durations, &cell->durations)) return false;
    type->all.recorded += cell->recorded;
    type->all.count += cell->count;
    type->all.errors += cell->errors;
    type->all.ticks += cell->ticks;
    sparse_histogram_seal(&cell->durations);
    return true;
}

static bool seal_type(struct analysis_batch_type *type, uint32_t batch_count)
{
    for (uint32_t i = 0; i < batch_count; i++)
        if (!seal_cell(type, &type->cells[i])) return false;
    if (!seal_cell(type, &type->cells[ANALYSIS_BATCH_OUTSIDE])) return false;
    sparse_histogram_seal(&type->all.durations);
    return true;
}

bool analysis_batches_seal(struct analysis_batches *batches)
{
    if (!settle_last(batches)) return false;
    bool has_time = batches->recorded && batches->end_ticks > batches->begin_ticks;
    if (has_time && !batches->is_follower) { /* the time before the first end */
        uint64_t known = 0;
        for (uint32_t i = 0; i < batches->count; i++) known += batches->spans[i].ticks;
        batches->spans[0].ticks += batches->end_ticks - batches->begin_ticks - known;
    }
    for (size_t i = 0; i < batches->types.count; i++)
        if (!seal_type(&batches->types.items[i], batches->count)) return false;
    return true;
}

const struct analysis_batch_type *analysis_batches_find(const struct analysis_batches *batches,
                                                        const char *name)
{
    for (size_t i = 0; i < batches->types.count; i++)
        if (strcmp(batches->types.items[i].name, name) == 0) return &batches->types.items[i];
    return NULL;
}

double analysis_batches_seconds(const struct analysis_batches *batches)
{
    if (batches->end_ticks <= batches->begin_ticks) return 0;
    return (double)(batches->end_ticks - batches->begin_ticks) * batches->ns_per_tick * 1e-9;
}
