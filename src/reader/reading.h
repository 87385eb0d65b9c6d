/* The inside of libcairn-reader: cairn/reader.h over trace and analysis. SPDX-License-Identifier: Apache-2.0
 *
 *     openreader.c    open, close, what is known of the whole
 *     question.c      queries: which tasks or regions are meant
 *     readids.c       ids, types, values                 ┐
 *     readevents.c    events                             │ each turns what it gets, in ticks and
 *     readtasks.c     tasks, each with details           │ indices, into the public structs;
 *     readregions.c   regions                            │ nothing is computed here
 *     readtables.c    tables by type                     ┘
 *
 * Everything that lives as long as the reader (sites, threads, processes) is turned once, when it is opened. A PASS begins
 * with what the source had counted and found at its opening, so that nothing is ever counted twice.
 */
#ifndef CAIRN_READER_READING_H
#define CAIRN_READER_READING_H

#include "analysis/analysis.h"
#include "cairn/reader.h"
#include "trace/scan.h"

struct cairn_reader {
    struct trace_source *source;
    const struct trace_info *info;
    struct trace_mark opened;
    bool is_stepping; /* cairn_reader_next is within its pass */
    cairn_reader_info face;
    cairn_reader_process *processes;
    cairn_reader_thread *threads;
    cairn_reader_site *sites;
    cairn_reader_finding finding; /* handed out last, as this event with its text */
    cairn_reader_event event;
    VECTOR(char) text;
};

/* ---- Errors ------------------------------------------------------------------------------------------ */

/* Hands an error out. -CAIRN_E..., to be returned. */
int reader_fail(cairn_reader_error *to, const struct cairn_error *error);
int reader_out_of_memory(cairn_reader_error *to);

/* ---- Passes ------------------------------------------------------------------------------------------ */

/* Takes the source back to its opening. */
void reader_start(struct cairn_reader *reader);

/* One question: what is meant by it. Zero-initialise. */
struct reader_question {
    cairn_reader_query query;
    struct analysis_spec spec;
    struct analysis_filter filter;
};

/* Checks the query, and makes the filter ready, by a pass of its own if it needs one; then the reader stands before the
 * pass that answers. 0 or -CAIRN_E... with *error filled; reader_question_end is due in any case. */
int reader_question_begin(struct reader_question *question, struct cairn_reader *reader,
                          enum analysis_subject subject, const cairn_reader_query *query,
                          cairn_reader_error *error);
void reader_question_end(struct reader_question *question);
/* NULL if everything is meant. */
struct analysis_filter *reader_question_filter(struct reader_question *question);

/* ---- Turning ------------------------------------------------------------------------------------------- */

static inline int64_t reader_instant(const struct cairn_reader *reader, uint64_t ticks)
{
    return trace_clock_since_start_ns(&reader->info->clock, ticks);
}

static inline uint64_t reader_duration(const struct cairn_reader *reader, uint64_t ticks)
{
    return trace_clock_ns(&reader->info->clock, ticks);
}

static inline uint32_t reader_thread(const struct cairn_reader *reader, uint32_t thread)
{
    return thread < reader->info->thread_count ? thread : CAIRN_READER_NO_INDEX;
}

static inline const cairn_reader_site *reader_site(const struct cairn_reader *reader, uint32_t site)
{
    return &reader->sites[site < reader->info->site_count ? site : 0];
}

cairn_reader_task_id reader_task_id(const struct trace_task_id *task);
/* `process`: of the thread that tells of it. */
cairn_reader_region_id reader_region_id(const struct trace_region_id *region, uint32_t process);
const char *reader_task_type(const struct cairn_reader *reader, const struct trace_task_id *task);
int64_t reader_task_begin(const struct cairn_reader *reader, const struct trace_task_id *task);
/* The process of a thread, CAIRN_READER_NO_INDEX if it is not known. */
uint32_t reader_process_of(const struct cairn_reader *reader, uint32_t thread);
/* All but the text, which has to be terminated: `text` is that copy. */
cairn_reader_value reader_value(const struct trace_value *value, const char *text);

#endif
