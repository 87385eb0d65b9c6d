/* Regions: what there is of each type and of each call site. SPDX-License-Identifier: Apache-2.0
 *
 * A sink. Memory grows with the regions that are open at once, not with all.
 */
#ifndef CAIRN_ANALYSIS_REGIONS_H
#define CAIRN_ANALYSIS_REGIONS_H

#include "analysis/filter/filter.h"
#include "analysis/oneregion.h"
#include "analysis/sampling.h"
#include "analysis/stats.h"

/* A type, or one call site of it. */
struct analysis_region_row {
    const char *type;
    const char *file, *function; /* of a call site: "" if unknown; of a type: NULL */
    uint32_t line;
    uint32_t type_row; /* of a call site: index of its type's row */
    struct analysis_stats stats;
};

struct analysis_regions {
    struct trace_sink sink;
    /* Results, complete after the sink's end. */
    VECTOR(struct analysis_region_row) rows;  /* types, by total, the greatest first */
    VECTOR(struct analysis_region_row) sites; /* in the order of their types, then by total */
    /* Set by who wants every region that is counted, one by one: at its end, unfinished ones after the last event.
     * False: memory ran out. Only by events, not by analysis_regions_run's scan, which is then not made. */
    bool (*each)(void *data, const struct analysis_region *region);
    void *each_data;
    /* May be set beside it: gives a region a label when it begins. `below` is the label of the innermost region of the
     * same task that is open on its thread; 0: there is none. *label is 0, and stays so for regions that take no part in
     * nesting. False: memory ran out. */
    bool (*label)(void *data, const struct trace_region_id *region, uint32_t below, uint32_t *label);
    void *label_data;
    /* Private. */
    const struct trace_info *info;
    struct analysis_filter *filter;
    struct analysis_names types; /* numbers are those of rows while events come */
    struct analysis_names files, functions;
    struct map site_rows;  /* type, file, function and line to index in sites */
    uint32_t *row_of_site; /* index in sites plus one; 0: not asked yet */
    struct analysis_region_thread **threads;
    uint32_t thread_count;
    struct map by_place; /* open regions outside of the arrays: place and process to index in slots */
    VECTOR(struct analysis_open_region) slots;
    uint32_t free_slot;    /* plus one */
    struct map lost_ended; /* ended regions whose begin is not in the trace */
    struct analysis_sampling sampling;
    struct analysis_recent *recent;
};

/* `filter` may be NULL; it must be ready (its selection done). Keeps info and filter. False if memory ran
 * out; free it in any case. */
bool analysis_regions_init(struct analysis_regions *regions, const struct trace_info *info,
                           struct analysis_filter *filter);
void analysis_regions_free(struct analysis_regions *regions);

/* Feeds it the whole of a source and ends it, on several processors if the source can be scanned: the same result as by
 * its events one by one. `progress` as in trace_run. 0, or -1 with *error set. */
int analysis_regions_run(struct analysis_regions *regions, struct trace_source *source,
                         trace_progress *progress, void *data, struct cairn_error *error);

/* For regionscan.c: an unfinished one with the ticks that nested ones cover. False if memory ran out. */
bool analysis_regions_leave(struct analysis_regions *regions, const struct trace_region_id *region,
                            uint64_t covered_ticks);

#endif
