/* The parts of the validator. SPDX-License-Identifier: Apache-2.0
 *
 * checktrace.c has the head, the blocks and the records; checkevents.c has chunks and events. A finding is counted
 * under the name of the part whose rule is broken. */
#ifndef CAIRN_TRACE_CHECK_H
#define CAIRN_TRACE_CHECK_H

#include "trace/logtext.h"
#include "trace/namedtasks.h"
#include "trace/tracefile.h"

struct trace_check_state {
    struct trace_file *file;
    struct trace_site_table sites;
    struct trace_thread_table threads;
    struct trace_text text;
    /* within a chunk */
    const struct trace_chunk *chunk;
    uint32_t at; /* in words from the block head */
    uint64_t time;
    struct trace_named named;
    /* within a thread's main chunks: as the writer remembers them */
    struct cairn_open_region open[64];
    uint32_t open_count;
    uint64_t task_id, task_birth; /* the state */
    bool out_of_memory;
};

/* Counts a broken rule. `part` is "head", "block", "site", ...; `what` says which rule. */
void trace_check_find(struct trace_check_state *check, const char *part, uint64_t offset, const char *what);

/* Checks all chunks in the directory and their events. */
void trace_check_chunks(struct trace_check_state *check);

static inline bool trace_all_zero(const void *bytes, size_t count)
{
    const uint8_t *at = bytes;
    while (count && !*at) at++, count--;
    return !count;
}

#endif
