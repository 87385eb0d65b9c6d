/* The face of src/trace: what a trace is to everything that reads one.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An input is a SOURCE: it hands out events, in the order of their times, with everything resolved
 * that can be resolved locally: strings, threads, the task an event belongs to, the identity of a
 * region that ends. An output is a SINK: it takes events. Analysis is a sink with a result, export is a
 * sink with a file; there is no third mechanism.
 *
 *     source ──next──► (filter) ──event──► sink
 *
 * Rules: one thread uses a source at a time. What an event points to lives until the next call of
 * `next`; what `info` points to lives as long as the source. Times are ticks of the trace's clock,
 * info->clock; only output converts them, so that sums and extremes are exact.
 */
#ifndef CAIRN_TRACE_TRACE_H
#define CAIRN_TRACE_TRACE_H

#include "base/base.h"
#include "format/layout.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* ---- What is known of a trace as a whole ------------------------------------------------------------ */

/* Ticks to time. Linear from the first to the last anchor of the trace. */
struct trace_clock {
    uint64_t base_ticks;
    uint64_t base_monotonic_ns;
    int64_t base_realtime_ns;
    double ns_per_tick; /* > 0 */
};

/* The length of an interval in nanoseconds, rounded to nearest. */
uint64_t trace_clock_ns(const struct trace_clock *clock, uint64_t ticks);
/* An instant in nanoseconds since the start of the trace (may be negative: begun before). */
int64_t trace_clock_since_start_ns(const struct trace_clock *clock, uint64_t at_ticks);
/* An instant in nanoseconds of CLOCK_MONOTONIC, and of the wall clock (since 1970). */
int64_t trace_clock_monotonic_ns(const struct trace_clock *clock, uint64_t at_ticks);
int64_t trace_clock_realtime_ns(const struct trace_clock *clock, uint64_t at_ticks);
/* The reverse: an interval, and an instant of CLOCK_MONOTONIC. */
uint64_t trace_clock_ticks(const struct trace_clock *clock, uint64_t ns);
uint64_t trace_clock_at_monotonic(const struct trace_clock *clock, int64_t monotonic_ns);

/* A call site. Two processes of one trace have sites of their own; compare types by text. */
struct trace_site {
    const char *text;     /* type, category, key, name or reason; "" if none; UTF-8 not guaranteed */
    const char *format;   /* of a formatted log; NULL otherwise */
    const char *file;     /* "" if unknown */
    const char *function; /* "" if unknown */
    uint32_t line;        /* 0 if unknown */
    uint8_t role;         /* CAIRN_I_ROLE_... of cairn.h */
    uint8_t value_type;   /* CAIRN_I_VALUE_... of cairn.h */
    uint32_t type;        /* number of the distinct text among sites of this role, dense from 0 */
    uint32_t one_in;      /* of a task type that was sampled: one root task in so many was kept; else 0 */
    uint64_t skipped;     /* root tasks begun here that were sampled away, with all that belongs to them */
};

struct trace_thread {
    uint32_t process; /* index */
    uint32_t tid;
    const char *name;                /* "" if unknown */
    uint64_t begin_ticks, end_ticks; /* 0: unknown */
    uint64_t lost[CAIRN_TALLY_SLOTS];
    uint64_t first_lost_ticks, last_lost_ticks; /* 0: nothing lost */
    uint64_t overwritten[CAIRN_TALLY_SLOTS];    /* what has left the flight recorder's window */
    uint64_t overwritten_until_ticks;           /* all later is there, or lost; 0: nothing has left */
};

struct trace_process {
    uint32_t pid;
    uint32_t round;
    uint32_t state;   /* CAIRN_STATE_... */
    int32_t error;    /* CAIRN_E... met while recording, 0 if none */
    const char *path; /* the file it was read from */
    const char *executable, *command, *host;
    uint64_t begin_ticks, end_ticks; /* of the recording */
    int64_t start_realtime_ns;
    uint64_t limit_bytes, file_bytes, live_bytes; /* live: read from the live file */
    uint64_t late_chunks, sites_overflow, formats_refused, threads_overflow;
    const char *types;            /* patterns of the types that were recorded; "": all */
    uint64_t types_changed_ticks; /* when they were switched last; 0: never */
    uint32_t parent;              /* index of the process it was forked from; UINT32_MAX: not in this trace */
    uint32_t parent_pid;          /* 0: not forked from a process that was recording */
    uint64_t window_bytes;        /* 0: no flight recorder */
    uint64_t window_ns;           /* 0: bounded by bytes alone */
    uint64_t window_begin_ticks;  /* from here on everything is there, or lost; 0: from the start */
    uint32_t snapshot_reason;     /* enum cairn_snapshot_reason; 0: no snapshot */
    uint64_t snapshot_ticks;      /* when it was asked for */
    struct trace_task_id *snapshot_task; /* that was slow or failed; NULL: none */
    uint64_t snapshot_threshold_ns;
    uint64_t snapshots_taken, snapshots_suppressed, snapshots_failed, tasks_overflow;
};

/* Something found wrong or odd. Counted by name; the first of each is kept as example. */
enum trace_severity { TRACE_NOTE, TRACE_WARNING, TRACE_DAMAGE };

/* "note", "warning" or "damage". */
const char *trace_severity_name(enum trace_severity severity);

struct trace_diagnostic {
    const char *name; /* stable, for --json: "double_end" */
    enum trace_severity severity;
    const char *advice; /* one sentence: what it means and what to do */
    uint64_t count;
    char example[256]; /* the first: where, in words */
};

struct trace_diagnostics {
    struct trace_diagnostic *items;
    uint32_t count, capacity;
};

/* Makes room for the first finding, zero-initialised before; opening a trace and trace_check do. False if memory ran out. */
bool trace_diagnostics_ready(struct trace_diagnostics *diagnostics);

/* Counts a finding by name and keeps the first as example. For sources, and for sinks that find what a
 * source cannot (a double end). Allocates only for a new name. If memory runs out it is counted as a finding
 * "findings_left_out", of the severity of the worst of these, for which there is room since trace_diagnostics_ready. */
void trace_diagnose(struct trace_diagnostics *diagnostics, const char *name, enum trace_severity severity,
                    const char *advice, const char *example_format, ...)
    __attribute__((format(printf, 5, 6)));

/* Static parts are complete once the source is open; counts and diagnostics grow while it is read and
 * are final after `next` has returned 0. */
struct trace_info {
    struct trace_clock clock;
    uint64_t begin_ticks, end_ticks; /* of the recording, all processes */
    const struct trace_site *sites;
    uint32_t site_count; /* site 0 stands for "unknown" */
    const struct trace_thread *threads;
    uint32_t thread_count;
    const struct trace_process *processes;
    uint32_t process_count;
    uint64_t recovered[CAIRN_TALLY_SLOTS]; /* events handed out */
    uint64_t lost[CAIRN_TALLY_SLOTS];      /* events the recorder says it dropped */
    uint64_t first_lost_ticks, last_lost_ticks;
    uint64_t overwritten[CAIRN_TALLY_SLOTS]; /* events that left a flight recorder's window */
    uint64_t window_begin_ticks;             /* the latest of all processes; 0: nothing has left */
    struct trace_diagnostics *diagnostics;   /* sinks add to it as well: trace_diagnose */
};

/* All tallies together. */
uint64_t trace_tally_sum(const uint64_t counts[CAIRN_TALLY_SLOTS]);

/* ---- Events ---------------------------------------------------------------------------------------- */

enum trace_kind {
    TRACE_TASK_BEGIN, /* task is the new one; other is its parent */
    TRACE_TASK_OPEN, /* task is known to have begun, at its birth, before the window: other is its parent, the thread
                         is unknown. At the start of the process's events; its TASK_BEGIN may still come. */
    TRACE_TASK_END,     /* task is the one that ends; site that of the end */
    TRACE_TASK_FAIL,    /* as TASK_END, with the reason in the site's text */
    TRACE_REGION_BEGIN, /* region is the new one */
    TRACE_REGION_END,   /* region is the one that ends; site that of the end */
    TRACE_REGION_AT,    /* a whole region; region.birth and end_ticks */
    TRACE_REGION_OPEN,  /* a region known to be open though its begin is not in the trace: found in a
                           chunk head, after a loss or at the start of a window; region has its begin */
    TRACE_LOG,          /* text is the message, formatted */
    TRACE_ATTR,         /* of region if region.place is not 0, else of task; key in the site */
    TRACE_LINK,         /* task caused other */
    TRACE_COUNTER       /* value; name in the site */
};

/* A task's identity. Equal keys, equal task. id 0 (birth 0): the background; id CAIRN_ID_OFF: begun
 * while off. Ids of different processes may be equal, so the process belongs to the key. */
struct trace_task_id {
    uint64_t id;
    uint64_t birth; /* ticks: the true begin, whether the begin event is in the trace or not */
    uint32_t process;
    uint32_t site; /* of the begin, 0 if unknown; its text is the type */
};

/* A region's identity: equal place and process, equal region. */
struct trace_region_id {
    uint64_t place;            /* 0: none */
    uint64_t birth;            /* ticks */
    uint32_t thread;           /* that began it; UINT32_MAX if unknown */
    uint32_t site;             /* of the begin */
    struct trace_task_id task; /* it works for; site and id 0 with birth UINT64_MAX if unknown */
};

/* Whether the trace says which task it is that a region works for. */
static inline bool trace_task_is_known(const struct trace_task_id *task)
{
    return task->id || task->birth != UINT64_MAX;
}

struct trace_value {
    uint8_t type; /* CAIRN_I_VALUE_... */
    union {
        int64_t i;
        uint64_t u; /* also bool */
        double f;
    };
    const char *text; /* of a TEXT value, not terminated; may hold any bytes */
    size_t text_bytes;
    uint64_t text_bytes_full; /* as given by the program; greater than text_bytes if it was cut */
};

struct trace_event {
    uint64_t time; /* ticks */
    enum trace_kind kind;
    uint32_t thread;
    uint32_t site;
    struct trace_task_id task;  /* the task it belongs to */
    struct trace_task_id other; /* parent, or target of a link */
    struct trace_region_id region;
    uint64_t end_ticks;       /* of REGION_AT */
    bool in_signal_handler;   /* emitted by a handler that interrupted another event */
    bool after_gap;           /* events of its thread are missing before this one */
    struct trace_value value; /* message of a log, value of an attribute or counter */
    const uint8_t *arguments; /* of a formatted log, as stored: trace_log_arguments (logtext.h); else NULL */
    size_t argument_bytes;
    uint64_t offset; /* in the file it was read from, for messages */
};

/* ---- Source and sink ---------------------------------------------------------------------------------- */

struct trace_source {
    const struct trace_info *info;
    /* Set by who reads, before the first `next`: */
    bool no_text; /* the text of formatted logs is not needed: it is then empty, and they cost less */
    /* If set, only logs of tasks for which it is true need their text. */
    bool (*needs_text)(void *data, const struct trace_task_id *task);
    void *needs_text_data;
    bool is_quiet; /* all has been read before: what is odd about it has been told, and events were counted */
    const bool *threads; /* by index: only events of these are wanted, and those of none; NULL: all */
    /* 1: *event is the next; 0: the end; -1: cannot go on, *error says why. */
    int (*next)(struct trace_source *source, struct trace_event *event, struct cairn_error *error);
    /* The next `next` begins anew; what is set above may be changed before. */
    void (*rewind)(struct trace_source *source);
    void (*close)(struct trace_source *source);
};

struct trace_sink {
    /* Each returns 0, or -1 with *error set. `end` comes once, after the last event; info is final. */
    int (*event)(struct trace_sink *sink, const struct trace_event *event, struct cairn_error *error);
    int (*end)(struct trace_sink *sink, const struct trace_info *info, struct cairn_error *error);
};

/* Opens a trace: a file, or a folder with one file per process image (merged into one time order).
 * Recognised by content. NULL with *error set on failure: code, file and offset. A damaged file opens
 * as long as its head can be read; what is valid in it is handed out, the rest is a diagnostic.
 * The caller closes it. */
struct trace_source *trace_open(const char *path, struct cairn_error *error);

/* Puts what a killed process left in its live file into its trace, and removes the live file; afterwards the
 * trace is one complete file. Not while the process is alive. Returns 1; 0 if there was nothing to join; -1
 * with *error set, and then nothing is lost and it can be tried again. */
int trace_join(const char *path, struct cairn_error *error);

/* Writes the text form of one trace file (doc/format.md): every head, block, record and event as it is
 * stored, damage included. Returns 0 or -1. */
int trace_dump(const char *path, FILE *out, struct cairn_error *error);

/* The reverse: makes a trace file from the text form; checksums that the text leaves out are computed.
 * For tests, which can so make every irregularity by hand. Returns 0 or -1. */
int trace_assemble(const char *text_path, const char *trace_path, struct cairn_error *error);

/* Checks one trace file against every rule of doc/format.md, far more strictly than trace_open, and adds
 * what it finds to `findings`. Returns 0 if it could be read at all, else -1. */
int trace_check(const char *path, struct trace_diagnostics *findings, struct cairn_error *error);

/* What long work calls now and then, on the thread that asked for it, with the fraction done, 0 to 1. False: it is to stop;
 * it then fails soon with the code TRACE_STOPPED, and what it was to make is incomplete. */
typedef bool trace_progress(void *data, double fraction);
enum { TRACE_STOPPED = 1000 }; /* an error's code, beyond those of cairn.h */
/* Sets *error so, and returns -1. */
int trace_stopped(struct cairn_error *error);

/* Rewinds a source, feeds every event to a sink and ends it. `progress` may be NULL. 0, or -1 with *error set. */
int trace_run(struct trace_source *source, struct trace_sink *sink, trace_progress *progress, void *data,
              struct cairn_error *error);

#endif
