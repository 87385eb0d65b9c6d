/* One trace file, and its live file if there is one: what is known before any event is decoded.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     trace_file_open      maps the trace, reads its head; joins the live file; walks all blocks
 *       livejoin.c         the live file
 *       sitetable.c        site records, to the table of sites
 *       threadtable.c      thread records, to the table of threads
 *       opentasks.c        the list of open tasks of a flight recorder
 *       openchunk.c        where the data of a chunk ends that was not sealed
 *
 * Rules: filled by trace_file_open, then read only. `bytes` of chunks lie in one of the mappings or in `arena`.
 */
#ifndef CAIRN_TRACE_TRACEFILE_H
#define CAIRN_TRACE_TRACEFILE_H

#include "format/format.h"
#include "os/os.h"
#include "trace/trace.h"
#include "trace/traceclock.h"

/* A chunk in the directory. */
struct trace_chunk {
    const struct cairn_chunk_head *head; /* valid up to the first event */
    uint64_t offset;                     /* in its file */
    uint64_t number, sequence, begin_ticks;
    uint64_t end_ticks; /* of the last event, or of what was plausible; at least begin_ticks */
    uint32_t bytes;     /* up to the end of data */
    uint32_t thread;    /* while loading: index of the record; then: in trace_info */
    bool side;
    bool sealed;  /* the checksum is still to be verified */
    bool live;    /* from the live file */
    bool growing; /* was being filled when it was copied from a live file */
    bool torn;    /* cut off by the end of the file */
};

/* Sites of a process by number: indices into the table of all sites; 0 where none is defined. */
struct trace_site_numbers {
    uint32_t *items;
    uint32_t count;
};

struct trace_site_source { /* a record as found */
    const struct cairn_site_record *record;
    uint32_t site; /* index in the table, once there */
};

struct trace_thread_source {
    const struct cairn_thread_record *record; /* NULL: only known from chunks */
    uint32_t index;
    uint32_t order; /* of appearance, those of a live file behind; the last of an index counts */
};

struct trace_open_source { /* an entry as found, copied: a live table changes */
    struct cairn_open_task task;
    const char *path; /* and where in that file */
    uint64_t offset;
    uint32_t order; /* of appearance, those of a live file first; the first of an id counts */
};

struct trace_file {
    const char *path;         /* given */
    const char *live_path;    /* "" if none was joined */
    const char *live_missing; /* why it could not be joined, or NULL */
    struct arena *arena;
    struct trace_diagnostics *diagnostics;
    struct os_mapping mapping, live;
    struct cairn_file_head head;       /* of the trace; what the live head knows better is taken over */
    uint64_t session;                  /* that blocks carry */
    bool alive;                        /* the process is recording while we read */
    VECTOR(struct trace_chunk) chunks; /* sorted: by thread, side before main, sequence */
    VECTOR(struct trace_site_source) site_sources;
    VECTOR(struct trace_thread_source) thread_sources;
    VECTOR(struct trace_open_source) open_tasks; /* once resolved: those that can be, each once, by birth */
    const struct cairn_retiring *retiring; /* the counts that hold instead of a thread record's, or NULL */
    struct map numbers;                    /* of chunks: {number} to index in `chunks` + 1 */
    struct trace_anchors anchors;
    uint64_t end_ticks;          /* latest instant known */
    uint64_t window_begin_ticks; /* native; 0: nothing has left the window. Resolved with the threads. */
    uint64_t live_bytes;
    /* resolved by trace_open */
    uint32_t process;
    struct trace_site_numbers sites;
    uint32_t first_thread; /* threads of this process in trace_info: [first, first + count) */
    uint32_t thread_count;
    struct trace_clock clock; /* of this process */
    bool own_clock;           /* times are not those of the trace's clock: see trace_file_ticks */
    bool by_realtime;         /* then: the common axis is the wall clock, else CLOCK_MONOTONIC */
};

/* Everything that can be known without decoding events. -1 with *error set if the head cannot be read.
 * `path` and `arena` must outlive the file. trace_file_close is due in either case. */
int trace_file_open(struct trace_file *file, const char *path, struct cairn_error *error);
void trace_file_close(struct trace_file *file);

/* Reads the head of a file that begins like a trace, zeros where it is cut off. False if it does not, or cannot be
 * read. */
bool trace_file_peek(const char *path, struct cairn_file_head *head);
bool trace_file_looks_like_one(const char *path);

/* A native instant on the trace's clock. */
uint64_t trace_file_ticks(const struct trace_file *file, uint64_t ticks);

/* The site of a number; 0 if it is not defined. */
static inline uint32_t trace_file_site(const struct trace_file *file, uint32_t number)
{
    return number < file->sites.count ? file->sites.items[number] : 0;
}

/* A task's identity on the trace's clock. */
static inline struct trace_task_id trace_file_task(const struct trace_file *file, uint64_t id, uint64_t birth)
{
    return (struct trace_task_id){.id = id,
                                  .birth = trace_file_ticks(file, birth),
                                  .process = file->process,
                                  .site = id > CAIRN_ID_OFF ? trace_file_site(file, cairn__id_site(id)) : 0};
}

/* Whether nothing is wrong about a sequence number that does not follow: chunks leave a flight recorder's window
 * oldest first, also while it is copied. `before` is the thread's chunk before this one, NULL at the start;
 * `overwritten_until` is on the trace's clock. */
static inline bool trace_gap_is_expected(const struct trace_file *file, const struct trace_chunk *before,
                                         uint64_t overwritten_until)
{
    return before ? trace_file_ticks(file, before->end_ticks) <= overwritten_until : overwritten_until != 0;
}

/* ---- The steps, each in its own file ---------------------------------------------------------------- */

struct trace_site_table;

/* Takes in what the live file has. -1 with *error set: memory. */
int trace_live_join(struct trace_file *file, struct cairn_error *error);
/* Tells what was found of it. */
void trace_live_tell(struct trace_file *file);
/* Takes it back: the recording was stopped meanwhile, and the trace has everything. */
void trace_live_forget(struct trace_file *file);

/* Adds an EVENTS block to the directory unless its number is there or its head is implausible. False: memory. */
bool trace_file_add_chunk(struct trace_file *file, const struct trace_chunk *chunk);

/* Takes in the records in [bytes, bytes + count). `is_live`: zeros and unpublished records are skipped. */
bool trace_sites_collect(struct trace_file *file, const uint8_t *bytes, size_t count, uint64_t offset,
                         bool is_live, bool may_end_amid);
bool trace_threads_collect(struct trace_file *file, const uint8_t *bytes, size_t count, uint64_t offset,
                           bool is_live, bool may_end_amid);

/* Takes in the entries in [bytes, bytes + count). Of a live file only one at a time, as most of it may be holes. */
bool trace_open_tasks_collect(struct trace_file *file, const uint8_t *bytes, size_t count, uint64_t offset);
bool trace_open_task_collect_live(struct trace_file *file, const struct cairn_open_task *entry,
                                  uint64_t offset);
/* Drops what cannot be and what is there twice, and sorts by birth. Sites must be resolved. */
void trace_open_tasks_resolve(struct trace_file *file, const struct trace_site_table *sites);
/* Why an entry cannot be, or NULL. */
const char *trace_open_task_wrong(const struct trace_file *file, const struct trace_site_table *sites,
                                  const struct cairn_open_task *task);

struct trace_site_table {
    VECTOR(struct trace_site) items;
};
struct trace_thread_table {
    VECTOR(struct trace_thread) items;
};
/* Appends what was collected and fills file->sites; numbers the types when all files are in. */
bool trace_sites_resolve(struct trace_site_table *table, struct trace_file *file);
bool trace_sites_number_types(struct trace_site_table *table);
/* Appends the threads, in the order of their index, and turns the chunks' thread numbers into indices. */
bool trace_threads_resolve(struct trace_thread_table *table, struct trace_file *file);

/* Of a recording that goes on: drops chunks whose thread had others meanwhile that were not seen. Threads must be
 * resolved. */
void trace_file_cut(struct trace_file *file, const struct trace_thread_table *threads);

/* Finds where the data of an unsealed chunk ends, and reports what is implausible. Sites must be resolved. */
void trace_chunk_measure(struct trace_file *file, const struct trace_site_table *sites,
                         struct trace_chunk *chunk);

/* The role that the site of an event of this kind has to have; 0: it needs none. */
uint32_t trace_role_of_kind(uint32_t kind);

#endif
