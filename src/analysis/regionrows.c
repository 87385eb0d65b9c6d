/* See regionrows.h. SPDX-License-Identifier: Apache-2.0
 *
 * Types and texts have numbers, so that a call site is one key. A site of the trace is looked up once.
 */
#include "analysis/regionrows.h"

#include <stdlib.h>
#include <string.h>

bool analysis_region_rows_init(struct analysis_regions *regions)
{
    regions->row_of_site = calloc((size_t)regions->info->site_count + 1, sizeof *regions->row_of_site);
    return regions->row_of_site != NULL;
}

void analysis_region_rows_free(struct analysis_regions *regions)
{
    for (size_t i = 0; i < regions->rows.count; i++) analysis_stats_free(&regions->rows.items[i].stats);
    for (size_t i = 0; i < regions->sites.count; i++) analysis_stats_free(&regions->sites.items[i].stats);
    vector_free(&regions->rows);
    vector_free(&regions->sites);
    free(regions->row_of_site);
    map_free(&regions->site_rows);
    analysis_names_free(&regions->types);
    analysis_names_free(&regions->files);
    analysis_names_free(&regions->functions);
}

/* ---- Rows ---------------------------------------------------------------------------------------- */

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static uint32_t type_row(struct analysis_regions *regions, const char *type)
{
    uint32_t number =
        analysis_names_number_within(&regions->types, type, ANALYSIS_ROWS_MAX, ANALYSIS_TYPE_OTHER);
    if (number == regions->rows.count) {
        struct analysis_region_row row = {.type = regions->types.texts.items[number]};
        if (!vector_push(&regions->rows, row)) return UINT32_MAX;
    }
    return number;
}

/* The row of a call site: sites of equal content, as several processes have them, share one. */
static uint32_t add_site_row(struct analysis_regions *regions, uint32_t site)
{
    struct trace_site none = {0};
    const struct trace_site *at = site ? &regions->info->sites[site] : &none;
    bool full = regions->sites.count >= ANALYSIS_ROWS_MAX;
    struct analysis_region_row row = {.type_row =
                                          type_row(regions, analysis_type_of_site(regions->info, site)),
                                      .line = full ? 0 : at->line};
    uint32_t file = analysis_names_number(&regions->files, full ? "" : or_empty(at->file));
    uint32_t function = analysis_names_number(&regions->functions, full ? "" : or_empty(at->function));
    if (row.type_row == UINT32_MAX || file == UINT32_MAX || function == UINT32_MAX) return UINT32_MAX;
    struct map_key key = {row.type_row, (uint64_t)file << 32 | function, row.line};
    bool added;
    uint64_t *index = map_put(&regions->site_rows, key, &added);
    if (!index) return UINT32_MAX;
    if (!added) return (uint32_t)*index;
    row.file = regions->files.texts.items[file];
    row.function = regions->functions.texts.items[function];
    *index = regions->sites.count;
    return vector_push(&regions->sites, row) ? (uint32_t)*index : UINT32_MAX;
}

static struct analysis_region_row *site_row(struct analysis_regions *regions, uint32_t site)
{
    if (site >= regions->info->site_count) site = 0;
    if (!regions->row_of_site[site]) {
        uint32_t row = add_site_row(regions, site);
        if (row == UINT32_MAX) return NULL;
        regions->row_of_site[site] = row + 1;
    }
    return &regions->sites.items[regions->row_of_site[site] - 1];
}

/* ---- Counting ------------------------------------------------------------------------------------ */

static void count(struct analysis_stats *stats, const struct analysis_region *region)
{
    stats->errors += region->is_wrong;
    stats->before_window += region->begin_left;
    stats->begin_lost += region->begin_lost;
}

bool analysis_region_rows_finish(struct analysis_regions *regions, const struct analysis_region *region)
{
    struct analysis_region_row *site = site_row(regions, region->id.site);
    if (!site) return false;
    uint64_t duration = analysis_region_duration(region);
    struct analysis_stats *both[] = {&site->stats, &regions->rows.items[site->type_row].stats};
    for (size_t i = 0; i < 2; i++) {
        count(both[i], region);
        if (!analysis_stats_finish(both[i], duration, region->self_ticks, region->weight)) return false;
    }
    return true;
}

bool analysis_region_rows_leave(struct analysis_regions *regions, const struct analysis_region *region)
{
    struct analysis_region_row *site = site_row(regions, region->id.site);
    if (!site) return false;
    struct analysis_stats *both[] = {&site->stats, &regions->rows.items[site->type_row].stats};
    for (size_t i = 0; i < 2; i++) {
        count(both[i], region);
        analysis_stats_leave(both[i], region->weight);
    }
    return true;
}

bool analysis_region_rows_add(struct analysis_regions *regions, uint32_t site, const struct histogram *time,
                              histogram_sum self)
{
    struct analysis_region_row *row = site_row(regions, site);
    return row && analysis_stats_add(&row->stats, time, self) &&
           analysis_stats_add(&regions->rows.items[row->type_row].stats, time, self);
}

/* ---- Order --------------------------------------------------------------------------------------- */

static int compare_rows(const void *left, const void *right)
{
    const struct analysis_region_row *one = left, *other = right;
    int order = analysis_stats_compare(&one->stats, &other->stats);
    if (order == 0) order = strcmp(one->type, other->type);
    if (order == 0 && one->file) order = strcmp(one->file, other->file);
    return order ? order : (one->line > other->line) - (one->line < other->line);
}

static int compare_sites(const void *left, const void *right)
{
    const struct analysis_region_row *one = left, *other = right;
    if (one->type_row != other->type_row) return one->type_row < other->type_row ? -1 : 1;
    return compare_rows(left, right);
}

/* Rows go from the order of discovery to that of importance; call sites follow their types. */
bool analysis_region_rows_sort(struct analysis_regions *regions)
{
    size_t count = regions->rows.count;
    uint32_t *moved = calloc(count + 1, sizeof *moved);
    if (!moved) return false;
    for (size_t i = 0; i < regions->sites.count; i++)
        regions->sites.items[i].type = regions->rows.items[regions->sites.items[i].type_row].type;
    for (uint32_t i = 0; i < count; i++) regions->rows.items[i].type_row = i;
    if (count) qsort(regions->rows.items, count, sizeof *regions->rows.items, compare_rows);
    for (uint32_t i = 0; i < count; i++) moved[regions->rows.items[i].type_row] = i;
    for (uint32_t i = 0; i < count; i++) regions->rows.items[i].type_row = i;
    for (size_t i = 0; i < regions->sites.count; i++)
        regions->sites.items[i].type_row = moved[regions->sites.items[i].type_row];
    if (count) qsort(regions->sites.items, regions->sites.count, sizeof *regions->sites.items, compare_sites);
    free(moved);
    return true;
}
