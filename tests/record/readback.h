/* What a trace says, for programs that compare it with what they did. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_READBACK_H
#define CAIRN_TESTS_READBACK_H

#include "trace/trace.h"

struct readback {
    uint64_t recovered[CAIRN_TALLY_SLOTS], lost[CAIRN_TALLY_SLOTS], overwritten[CAIRN_TALLY_SLOTS];
    uint64_t recovered_all, lost_all, overwritten_all;
    uint64_t skipped; /* root tasks sampled away */
    uint64_t tasks, tasks_unfinished, tasks_begin_lost, regions, regions_unfinished;
    uint64_t damage; /* findings of that severity */
    uint64_t formats_refused, sites_overflow, late_chunks, limit_bytes, file_bytes;
    uint64_t first_lost_ticks, last_lost_ticks, begin_ticks, end_ticks;
    uint32_t state, processes, threads, sites;
    uint32_t types; /* distinct ones of tasks begun in it */
    int32_t error;
};

/* Reads a trace to its end, with the analysis. A trace that cannot be read fails the test, as does one that
 * `trace_check` finds damage in if it is complete; the result is then zero. */
struct readback readback(const char *path);

/* The head as it lies in the file; a failed check, and zero, if there is none. */
struct cairn_file_head readback_head(const char *path);

/* Every event of a trace, in order. */
typedef void readback_event(void *data, const struct trace_info *info, const struct trace_event *event);
void readback_events(const char *path, readback_event *event, void *data);

#endif
