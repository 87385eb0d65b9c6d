/* The rows of the table of regions: one for each type, one for each call site. SPDX-License-Identifier: Apache-2.0
 *
 * They stand in struct analysis_regions, with what finds them; nothing else there is touched.
 */
#ifndef CAIRN_ANALYSIS_REGIONROWS_H
#define CAIRN_ANALYSIS_REGIONROWS_H

#include "analysis/regions.h"

/* By regions->info. False if memory ran out; free it in any case. */
bool analysis_region_rows_init(struct analysis_regions *regions);
void analysis_region_rows_free(struct analysis_regions *regions);

/* Each counts in the rows of its call site and its type: a finished region, an unfinished one, and finished ones of a call
 * site whose weight is 1 and which were in order. False if memory ran out. Constant time. */
bool analysis_region_rows_finish(struct analysis_regions *regions, const struct analysis_region *region);
bool analysis_region_rows_leave(struct analysis_regions *regions, const struct analysis_region *region);
bool analysis_region_rows_add(struct analysis_regions *regions, uint32_t site, const struct histogram *time,
                              histogram_sum self);

/* After the last: from the order of discovery to that of importance. False if memory ran out. */
bool analysis_region_rows_sort(struct analysis_regions *regions);

#endif
