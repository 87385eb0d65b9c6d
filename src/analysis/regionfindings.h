/* What is odd about a region, as a finding with the places in the program. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_ANALYSIS_REGIONFINDINGS_H
#define CAIRN_ANALYSIS_REGIONFINDINGS_H

#include "analysis/regions.h"

/* Each is about the region of an event, which ends or is a whole one. */
void analysis_region_other_thread(struct analysis_regions *regions, const struct trace_event *event);
void analysis_region_not_innermost(struct analysis_regions *regions, const struct trace_event *event,
                                   const struct trace_region_id *inner);
void analysis_region_second_end(struct analysis_regions *regions, const struct trace_event *event);
void analysis_region_no_begin(struct analysis_regions *regions, const struct trace_event *event);
void analysis_region_backwards(struct analysis_regions *regions, const struct trace_event *event);

#endif
