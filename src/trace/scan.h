/* Reading all of a trace on several processors, chunk by chunk. SPDX-License-Identifier: Apache-2.0
 *
 * A chunk decodes alone: its head has the state. So a scan has two steps:
 *
 *     digest   what a chunk says by itself; on any thread, several at once, in no order
 *     settle   what only the order of chunks can tell; one at a time, in the order of the chunks' begins, so
 *              that those of one thread come in sequence
 *
 * Of the digests that wait for their turn there are a bounded number. The mapping is given back behind the scan, so that
 * resident memory does not grow with the trace.
 *
 * A digest that meets anything odd (what is not defined, words that cannot be, a loss) marks its part: the part is then
 * read once more by the careful decoder, in its turn, which finds and words what is wrong.
 */
#ifndef CAIRN_TRACE_SCAN_H
#define CAIRN_TRACE_SCAN_H

#include "trace/cursor.h"
#include "trace/namedtasks.h"
#include "trace/trace.h"

/* One chunk. Rules: read only, but `is_odd`, which its digest sets. */
struct trace_part {
    _Alignas(LINES_BYTES) const struct cairn_chunk_head *head; /* behind it: the regions that were open */
    const struct trace_file *file;                             /* private */
    const uint32_t *sites; /* by number: index in info->sites, 0 if not defined */
    uint32_t site_count;
    uint32_t chunk; /* private: index in the file's directory */
    uint32_t words; /* up to the end of data, from the block head */
    uint32_t process, round, thread;
    uint32_t stream;      /* of two events of one time the one of the lower stream comes first */
    uint64_t begin_ticks; /* no earlier than that of the part before it in its stream */
    bool is_side;         /* of a signal handler that interrupted another event */
    bool is_first;        /* of its stream */
    bool has_gap;         /* settle: events of its thread are missing before it */
    bool is_odd;
    bool is_skipped; /* damaged: there is no digest */
    uint64_t *kinds; /* private: counts of its worker */
};

struct trace_scan {
    /* NULL: memory ran out. `worker` is less than `workers`. */
    void *(*digest)(struct trace_scan *scan, unsigned worker, struct trace_part *part);
    /* Takes the digest, and frees it; NULL: the part was skipped. False: memory ran out. */
    bool (*settle)(struct trace_scan *scan, struct trace_part *part, void *digest);
    /* Frees a digest that is not settled, after an error. */
    void (*drop)(void *digest);
    bool is_quiet;         /* what is odd has been told before */
    uint32_t stream_count; /* set by trace_scan_run: one more than the greatest number */
    unsigned workers;      /* as trace_scan_workers says, or fewer; at least 1 */
};

/* How many workers there will be; 0: this source cannot be scanned, only run. */
unsigned trace_scan_workers(struct trace_source *source);

/* Scans, by cursors over all parts (trace_part_cursor), which count info->recovered unless the scan is quiet. 0, or -1 with
 * *error set. */
int trace_scan_run(struct trace_source *source, struct trace_scan *scan, trace_progress *progress, void *data,
                   struct cairn_error *error);

/* What has been told and counted so far, to go back to when all is to be read anew in another way. */
struct trace_mark {
    struct trace_diagnostics diagnostics;
    uint64_t recovered[CAIRN_TALLY_SLOTS];
};
/* False if memory ran out; trace_mark_free is due in any case. The source can be scanned. */
bool trace_mark_set(struct trace_mark *mark, struct trace_source *source);
void trace_mark_return(const struct trace_mark *mark, struct trace_source *source);
void trace_mark_free(struct trace_mark *mark);

/* ---- For digests ------------------------------------------------------------------------------------------- */

static inline struct trace_cursor trace_part_cursor(const struct trace_part *part)
{
    const uint64_t *words = (const uint64_t *)part->head;
    return (struct trace_cursor){.at = words + cairn__chunk_first(part->head->open_count),
                                 .end = words + part->words,
                                 .time = part->head->begin_ticks,
                                 .kinds = part->kinds};
}

/* The regions that were open at its begin, innermost last: head->open_count of them. */
static inline const struct cairn_open_region *trace_part_open(const struct trace_part *part)
{
    return (const void *)(part->head + 1);
}

/* An instant of CLOCK_MONOTONIC, on the trace's clock. */
uint64_t trace_part_at_monotonic(const struct trace_part *part, int64_t monotonic_ns);
/* The thread that began the region of a place, UINT32_MAX if it is not known. */
uint32_t trace_part_owner(const struct trace_part *part, uint64_t place);

/* Index of a site by its number. What is not defined is odd. */
static inline uint32_t trace_part_site(struct trace_part *part, uint32_t number)
{
    if (__builtin_expect(number < part->site_count && part->sites[number], 1)) return part->sites[number];
    part->is_odd |= number != 0;
    return 0;
}

/* Where an event stands in its chunk, in words, as in places. */
static inline uint32_t trace_part_offset(const struct trace_part *part, const uint64_t *words)
{
    return (uint32_t)(words - (const uint64_t *)part->head);
}

/* The same of a task. */
static inline struct trace_task_id trace_part_task(struct trace_part *part, uint64_t id, uint64_t birth)
{
    uint32_t number = id > 1 ? cairn__id_site(id) : 0; /* the background, and what was begun while off */
    return (struct trace_task_id){
        .id = id, .birth = birth, .process = part->process, .site = trace_part_site(part, number)};
}

/* The state: for which task the thread works. */
struct trace_state {
    _Alignas(LINES_BYTES) struct trace_task_id task;
    struct trace_named named; /* tasks that this chunk has named */
};

/* Takes the state from the chunk's head, and looks whether all that the head names is defined. False: memory ran out. */
bool trace_state_begin(struct trace_state *state, struct trace_part *part);
/* At a word TASK or TASK_AGAIN. False: memory ran out. */
bool trace_state_switch(struct trace_state *state, struct trace_part *part, const uint64_t *words);
void trace_state_free(struct trace_state *state);

/* For words that a digest has no use for: whether they are odd. `open` regions there are, at least. */
void trace_part_check(struct trace_part *part, uint32_t kind, const uint64_t *words, uint32_t open);

#endif
