/* See regionfindings.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/regionfindings.h"

static uint32_t process_of(const struct analysis_regions *regions, uint32_t thread)
{
    return thread < regions->info->thread_count ? regions->info->threads[thread].process : 0;
}

static const char *type_of(const struct analysis_regions *regions, const struct trace_region_id *region)
{
    return analysis_type_of_site(regions->info, region->site);
}

void analysis_region_other_thread(struct analysis_regions *regions, const struct trace_event *event)
{
    const struct trace_info *info = regions->info;
    char begin[ANALYSIS_PLACE_BYTES], end[ANALYSIS_PLACE_BYTES];
    char began_on[ANALYSIS_THREAD_BYTES], ended_on[ANALYSIS_THREAD_BYTES];
    trace_diagnose(info->diagnostics, "cross_thread_end", TRACE_WARNING,
                   "A region was ended on another thread than it began on. It counts in full on the first; "
                   "what crosses threads is better a task.",
                   "'%s' began at %s on %s and ended at %s on %s", type_of(regions, &event->region),
                   analysis_place_text(begin, info, event->region.site),
                   analysis_thread_text(began_on, info, event->region.thread),
                   analysis_place_text(end, info, event->site),
                   analysis_thread_text(ended_on, info, event->thread));
}

void analysis_region_not_innermost(struct analysis_regions *regions, const struct trace_event *event,
                                   const struct trace_region_id *inner)
{
    const struct trace_info *info = regions->info;
    char begin[ANALYSIS_PLACE_BYTES], end[ANALYSIS_PLACE_BYTES], inside[ANALYSIS_PLACE_BYTES];
    trace_diagnose(info->diagnostics, "misnested", TRACE_WARNING,
                   "A region ended while one that began later on its thread was open: the two overlap. End "
                   "the innermost first.",
                   "'%s' of %s ended at %s inside '%s' of %s", type_of(regions, &event->region),
                   analysis_place_text(begin, info, event->region.site),
                   analysis_place_text(end, info, event->site), type_of(regions, inner),
                   analysis_place_text(inside, info, inner->site));
}

void analysis_region_second_end(struct analysis_regions *regions, const struct trace_event *event)
{
    const struct trace_info *info = regions->info;
    char first[ANALYSIS_PLACE_BYTES], again[ANALYSIS_PLACE_BYTES];
    const struct analysis_recent_end *before =
        analysis_recent_get(regions->recent, event->region.place, process_of(regions, event->thread));
    trace_diagnose(
        info->diagnostics, "double_region_end", TRACE_WARNING,
        "A region was ended more than once. The first end counts. (In a damaged trace it may instead be "
        "that its begin is missing.)",
        "'%s' ended at %s and again at %s", type_of(regions, &event->region),
        analysis_place_text(first, info, before ? before->site : 0),
        analysis_place_text(again, info, event->site));
}

void analysis_region_no_begin(struct analysis_regions *regions, const struct trace_event *event)
{
    char end[ANALYSIS_PLACE_BYTES];
    trace_diagnose(regions->info->diagnostics, "region_begin_lost", TRACE_NOTE,
                   "The begin of a region is not in the trace. Its end tells when it began, so that it "
                   "counts in full, but not what was nested in it.",
                   "'%s' ended at %s", type_of(regions, &event->region),
                   analysis_place_text(end, regions->info, event->site));
}

void analysis_region_backwards(struct analysis_regions *regions, const struct trace_event *event)
{
    char place[ANALYSIS_PLACE_BYTES];
    trace_diagnose(regions->info->diagnostics, "negative_region", TRACE_WARNING,
                   "A region with explicit times ends before it begins: are the arguments in order, and of "
                   "CLOCK_MONOTONIC? It is left out of the numbers.",
                   "'%s' at %s", type_of(regions, &event->region),
                   analysis_place_text(place, regions->info, event->site));
}
