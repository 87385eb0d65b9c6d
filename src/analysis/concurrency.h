/* How many are open at once: on average, and at most. SPDX-License-Identifier: Apache-2.0
 *
 * The average over a window is the time that all of them together were open in it, divided by its length.
 *
 * The peak is exact, though which of the open ones count (a filter may ask for their latency) is known only when each
 * ends, and though nothing is kept of those that have ended. For each type there is a list of its open ones in the order
 * of their begins, which cut the past into stretches:
 *
 *        front      first          second              last
 *     ──────────┼──────────────┼───────────────────┼──────────────► now
 *
 * What is still open covers whole stretches only, from its begin up to now, so of each stretch the most that were open
 * at once in it is all that matters. One that ends and counts adds 1 to all stretches from its begin on; then its
 * stretch is joined to the one before it, and the greater of the two remains. The 1 is added in constant time because
 * each entry has only what is to be added from there on (`more`).
 */
#ifndef CAIRN_ANALYSIS_CONCURRENCY_H
#define CAIRN_ANALYSIS_CONCURRENCY_H

#include "analysis/filter/filter.h"
#include "analysis/stats.h"

/* ---- The window ------------------------------------------------------------------------------------------ */

/* What rates and averages refer to; ticks, end exclusive. */
struct analysis_window {
    uint64_t begin, end;
};

/* The recording, from where a flight recorder's window begins, narrowed by what the spec says of `from` and `to`, which may
 * leave nothing. `spec` may be NULL. */
struct analysis_window analysis_window_of(const struct trace_info *info, const struct analysis_spec *spec);

/* The part of an interval that lies in the window. */
static inline uint64_t analysis_window_part(const struct analysis_window *window, uint64_t begin,
                                            uint64_t end)
{
    if (begin < window->begin) begin = window->begin;
    if (end > window->end) end = window->end;
    return end > begin ? end - begin : 0;
}

/* Beside the statistics of tasks. */
struct analysis_load {
    histogram_sum open_ticks; /* in the window, of all that count, finished or not */
    uint64_t peak;            /* the most that were open at once */
    bool peak_known;
};

/* Finished ones per second of the window, and how many were open at once on average; 0 of an empty window. */
double analysis_load_rate(const struct analysis_window *window, uint64_t finished,
                          const struct trace_clock *clock);
double analysis_load_mean(const struct analysis_window *window, const struct analysis_load *load);

/* ---- The peak -------------------------------------------------------------------------------------------- */

struct analysis_peaks {
    struct analysis_names types; /* numbers are indices in lists */
    uint32_t *list_of_site;      /* plus one; 0: not asked yet */
    uint32_t site_count;
    VECTOR(struct analysis_peak_list) lists;
    VECTOR(struct analysis_peak_entry) entries; /* by the slot of the open one */
};

/* Zero-initialised before. False if memory ran out; free it in any case. */
bool analysis_peaks_init(struct analysis_peaks *peaks, uint32_t site_count);
void analysis_peaks_free(struct analysis_peaks *peaks);

/* Opens a task, which is known by `slot` until it is closed. To be called in the order of time. `was_open`: it has been
 * open since before everything. False if memory ran out. Constant time, as the next. */
bool analysis_peaks_open(struct analysis_peaks *peaks, uint32_t slot, const struct trace_info *info,
                         const struct trace_task_id *task, bool was_open);
void analysis_peaks_close(struct analysis_peaks *peaks, uint32_t slot, bool counts);

/* When all are closed: the peak of the type of that number in `types`. */
uint64_t analysis_peaks_get(const struct analysis_peaks *peaks, uint32_t type);

#endif
