/* cairn: traces read by a program. SPDX-License-Identifier: Apache-2.0
 *
 * What the `cairn` tool knows of a trace, as a library of its own (libcairn-reader), for programs that watch,
 * test or plot. It needs nothing of the recorder, and a program that records may link both.
 *
 *     cairn_reader_error error;
 *     cairn_reader *reader = cairn_reader_open("app.cairn", &error);
 *     if (!reader) return complain(error.path, error.text);
 *     cairn_reader_query slow = {.size = sizeof slow, .type = "order", .details = CAIRN_READER_DETAIL_ATTRS};
 *     int result = cairn_reader_tasks_each(reader, &slow, &error, print_task, NULL);
 *     cairn_reader_close(reader);
 *
 * There are three ways to read, each a PASS over the whole trace:
 *
 *   - events, one by one in the order of time: cairn_reader_next;
 *   - tasks and regions, each at its end with what is known of it: cairn_reader_tasks_each and
 *     cairn_reader_regions_each;
 *   - what there is of each type, with percentiles: cairn_reader_task_table, cairn_reader_region_table.
 *
 * Passes may follow each other in any order. They mean what the tool means, and give the same numbers.
 *
 * Times: an instant is nanoseconds since the start of the trace, signed, because what was begun before the
 * recording is negative; cairn_reader_info has the wall clock of that start. A duration is nanoseconds,
 * unsigned.
 *
 * Texts are never NULL, are terminated, and live as long as what they are found in. They are the bytes that
 * the program gave: UTF-8 is not guaranteed, and a message or value may have zeros within its text_bytes.
 *
 * Structs that are handed out may get new members at their end, and enumerations new values; so expect values
 * that you do not know, and no size. What is passed by value (ids, cairn_reader_value) and cairn_reader_error
 * stay as they are.
 *
 * Threads: one at a time for a reader and all it handed out; different readers do not know each other. A table
 * belongs to itself. Nothing here is signal-safe; what reads the trace may block. Callbacks come on the calling
 * thread and must not leave by longjmp or an exception, nor call anything for their reader but
 * cairn_reader_..._get and cairn_reader_id_text.
 *
 * Memory goes with what is open at once and with the number of types, not with the length of the trace. A
 * trace that another process truncates while it is read raises SIGBUS, as for any program that maps a file.
 */
#ifndef CAIRN_READER_H
#define CAIRN_READER_H

#include <cairn/cairn.h> /* the codes of errors, CAIRN_E...; CAIRN_API */

#ifdef __cplusplus
extern "C" {
#endif

/* Between opening and closing. Opaque. */
typedef struct cairn_reader cairn_reader;

/* What went wrong, and where. Functions that take one fill it when they fail; NULL: the caller does not
 * care. */
typedef struct cairn_reader_error {
    int code;       /* CAIRN_E... of cairn.h, positive */
    int64_t offset; /* in the file; -1: it has to do with no place in it */
    char path[512]; /* "" if no file is concerned */
    char text[512]; /* what is wrong, and what to do: one or two sentences */
} cairn_reader_error;

#define CAIRN_READER_NO_INDEX UINT32_MAX /* of a thread or process that is not known */
#define CAIRN_READER_NO_TIME INT64_MIN   /* an instant that is not known */

/* ---- A trace as a whole ---------------------------------------------------------------------- */

/* Opens a trace: a file, or a folder with one file for each process, which are then read as one. NULL with
 * *error filled if it cannot be read at all. Of a damaged, killed or still growing trace, what is valid now
 * is read; what is wrong is a finding. To be closed.
 * Cost: a few milliseconds, and 64 bytes for each 512 KiB of trace; the file is mapped, not read. */
CAIRN_API cairn_reader *cairn_reader_open(const char *path, cairn_reader_error *error);

/* Closes it; all that it handed out is gone then, but for tables. NULL: nothing happens. */
CAIRN_API void cairn_reader_close(cairn_reader *reader);

typedef struct cairn_reader_info {
    int64_t start_realtime_ns; /* wall clock at the instant 0, since 1970 */
    int64_t begin_ns;          /* of the recording, of all processes: an instant near 0 */
    uint64_t duration_ns;      /* from there to the last that is known */
    uint32_t process_count, thread_count;
    uint64_t recovered;   /* events that the last pass has read */
    uint64_t lost;        /* events that the recorder dropped, at its limit or on a full disk */
    uint64_t overwritten; /* events that have left the flight recorder's window */
    int64_t first_lost_ns, last_lost_ns; /* CAIRN_READER_NO_TIME: none, or not known */
    int64_t window_begin_ns; /* later, all is there or lost; CAIRN_READER_NO_TIME: nothing has left */
} cairn_reader_info;

/* What is known of the whole. Never NULL; lives until the next call for this reader. Cost: a call. */
CAIRN_API const cairn_reader_info *cairn_reader_info_get(cairn_reader *reader);

/* How a recording ended. */
typedef enum cairn_reader_state {
    CAIRN_READER_RECORDING = 1, /* not yet, or the process was killed */
    CAIRN_READER_STOPPED = 2,   /* by a stop: all is there */
    CAIRN_READER_JOINED = 3,    /* the process was killed; what it left has been put into the file */
    CAIRN_READER_SNAPSHOT = 4   /* a flight recorder's window, taken while recording went on */
} cairn_reader_state;

typedef struct cairn_reader_process {
    uint32_t pid;
    uint32_t parent_pid; /* that forked it and was recorded too; else 0 */
    const char *path;    /* the file it was read from */
    const char *executable, *command, *host;
    int64_t begin_ns, end_ns; /* of its recording */
    cairn_reader_state state;
} cairn_reader_process;

typedef struct cairn_reader_thread {
    uint32_t process; /* index */
    uint32_t tid;
    const char *name;         /* "" if not known */
    int64_t begin_ns, end_ns; /* CAIRN_READER_NO_TIME if not known */
    uint64_t lost, overwritten;
} cairn_reader_thread;

/* The process, or thread, of an index; NULL: there are not so many. Live as long as the reader.
 * Cost: a call. */
CAIRN_API const cairn_reader_process *cairn_reader_process_get(const cairn_reader *reader, uint32_t index);
CAIRN_API const cairn_reader_thread *cairn_reader_thread_get(const cairn_reader *reader, uint32_t index);

/* Something that is wrong or odd about the trace or the program, counted by name. */
typedef enum cairn_reader_severity {
    CAIRN_READER_NOTE = 0,
    CAIRN_READER_WARNING = 1,
    CAIRN_READER_DAMAGE = 2 /* of the file: some of it could not be read */
} cairn_reader_severity;

typedef struct cairn_reader_finding {
    const char *name; /* stable: "double_end" */
    cairn_reader_severity severity;
    uint64_t count;
    const char *advice;  /* one sentence: what it means, what to do */
    const char *example; /* the first one: where, in words */
} cairn_reader_finding;

/* The findings, by index from 0 up; NULL: there are no more. They are those of opening and of the last pass:
 * each pass finds what is wrong with the file, one over tasks also what is odd about tasks, one over regions
 * about regions. Lives until the next call for this reader. Cost: a call. */
CAIRN_API const cairn_reader_finding *cairn_reader_finding_get(cairn_reader *reader, uint32_t index);

/* The version of the library in use, "major.minor.patch". Static storage. Any thread. */
CAIRN_API const char *cairn_reader_version(void);

/* ---- What events, tasks and regions are made of ------------------------------------------------ */

/* A call site in the program. Lives as long as the reader, or table. */
typedef struct cairn_reader_site {
    const char *text;     /* type, category, key, name or reason; "" of a plain end or link */
    const char *format;   /* of a formatted log; else "" */
    const char *file;     /* "" if not known */
    const char *function; /* "" if not known */
    uint32_t line;        /* 0 if not known */
} cairn_reader_site;

/* Which task it is. Equal members, equal task, within a trace. */
typedef struct cairn_reader_task_id {
    uint64_t number;
    uint32_t process;  /* index; also of the three below */
    uint32_t reserved; /* 0 */
} cairn_reader_task_id;

#define CAIRN_READER_TASK_NONE UINT64_C(0)       /* number of no task: the background, or no parent */
#define CAIRN_READER_TASK_OFF UINT64_C(1)        /* of all that were begun while recording was off */
#define CAIRN_READER_TASK_UNKNOWN (~UINT64_C(0)) /* of one that must be, but the trace does not say which */

/* Which region it is. Equal members, equal region, within a trace. */
typedef struct cairn_reader_region_id {
    uint64_t place;    /* 0: none */
    uint32_t process;  /* index */
    uint32_t reserved; /* 0 */
} cairn_reader_region_id;

/* Writes a task's short id ("7f3"; "2:7f3" of the second process), which the tool and its filters understand,
 * into `text` of `text_bytes`: 48 are enough, with less it is cut. Returns `text`. Cost: formatting. */
CAIRN_API char *cairn_reader_id_text(const cairn_reader *reader, cairn_reader_task_id task, char *text,
                                     size_t text_bytes);

typedef enum cairn_reader_value_type {
    CAIRN_READER_VALUE_NONE = 0,
    CAIRN_READER_VALUE_INT = 1,
    CAIRN_READER_VALUE_UINT = 2,
    CAIRN_READER_VALUE_FLOAT = 3,
    CAIRN_READER_VALUE_BOOL = 4,
    CAIRN_READER_VALUE_TEXT = 5
} cairn_reader_value_type;

/* A message, or the value of an attribute or counter. */
typedef struct cairn_reader_value {
    cairn_reader_value_type type;
    union {
        int64_t i;
        uint64_t u; /* of a BOOL: 0 or 1 */
        double f;
    } number;
    const char *text; /* of TEXT, a zero behind it; else "" */
    size_t text_bytes;
    uint64_t text_bytes_full; /* as the program gave it: more than text_bytes if it was cut */
} cairn_reader_value;

/* ---- Events ------------------------------------------------------------------------------------- */

/* What happened; beside it, the members of the event that matter. TASK_OPEN stands before all else of its
 * process. A REGION_OPEN comes after a loss, or where a window begins. */
typedef enum cairn_reader_kind {
    CAIRN_READER_TASK_BEGIN = 1,   /* task is the new one, other its parent */
    CAIRN_READER_TASK_OPEN = 2,    /* task was open where a window begins; its TASK_BEGIN may still come */
    CAIRN_READER_TASK_END = 3,     /* only the first end of a task counts; later ones are events too */
    CAIRN_READER_TASK_FAIL = 4,    /* likewise; the site's text is the reason */
    CAIRN_READER_REGION_BEGIN = 5, /* region is the new one */
    CAIRN_READER_REGION_END = 6,   /* region is the one that ends */
    CAIRN_READER_REGION_AT = 7,    /* region is a whole one, with explicit times */
    CAIRN_READER_REGION_OPEN = 8,  /* region is open, but its begin is not in the trace */
    CAIRN_READER_LOG = 9,          /* value is the message, formatted; the site's text the category */
    CAIRN_READER_ATTR = 10,   /* value; key in the site's text. Of region if it has a place, else of task */
    CAIRN_READER_LINK = 11,   /* task caused other */
    CAIRN_READER_COUNTER = 12 /* value; name in the site's text */
} cairn_reader_kind;

typedef struct cairn_reader_event {
    cairn_reader_kind kind;
    uint32_t thread; /* index, or CAIRN_READER_NO_INDEX */
    int64_t time_ns;
    const cairn_reader_site *site; /* of this event. Never NULL */
    cairn_reader_task_id task;     /* that it belongs to; of a region's event, that the region works for */
    const char *task_type;
    int64_t task_begin_ns; /* true, in the trace or not; CAIRN_READER_NO_TIME of no task */
    cairn_reader_task_id other;
    const char *other_type; /* "" if there is no other */
    cairn_reader_region_id region;
    const char *region_type; /* "" if there is no region */
    int64_t region_begin_ns; /* CAIRN_READER_NO_TIME if there is no region */
    int64_t region_end_ns;   /* of REGION_AT; else CAIRN_READER_NO_TIME */
    cairn_reader_value value;
    bool in_signal_handler; /* of a handler that interrupted another event */
    bool after_gap;         /* events of its thread are missing before this one */
} cairn_reader_event;

/* The next event, in the order of time; those of one thread in the order in which it made them, even if its
 * clock steps back. The first call after opening, rewinding or another pass begins with the first. 1: *event
 * lives until the next call for this reader; 0: there are no more, *event is NULL; else -CAIRN_E... with *error
 * filled. Cost: some 100 ns, and formatting of a formatted log. */
CAIRN_API int cairn_reader_next(cairn_reader *reader, const cairn_reader_event **event,
                                cairn_reader_error *error);

/* The next cairn_reader_next begins with the first event. Cost: little. */
CAIRN_API void cairn_reader_rewind(cairn_reader *reader);

/* ---- Tasks and regions, one by one ---------------------------------------------------------------- */

/* What is collected of each task, or-ed; the task itself always is. Each costs time and memory for every open
 * task. */
enum {
    CAIRN_READER_DETAIL_ATTRS = 1,
    CAIRN_READER_DETAIL_LOGS = 2,
    CAIRN_READER_DETAIL_SUBTASKS = 4,
    CAIRN_READER_DETAIL_REGIONS = 8,
    CAIRN_READER_DETAIL_THREADS = 16
};

/* What is asked for: all that is set must hold, 0 and NULL mean any. Set `size`:
 *     cairn_reader_query query = {.size = sizeof query, .where = "attr.user = 7 and not failed"};
 * What a newer header has set and the library does not know is refused. Strings are only read during the
 * call. */
typedef struct cairn_reader_query {
    size_t size;       /* sizeof(cairn_reader_query), so that the struct can grow */
    const char *where; /* an expression, as for the tool: `cairn help filters` */
    const char *type;  /* of the task or region: a pattern with * and ?, without the quoting of expressions */
    unsigned details;  /* for cairn_reader_tasks_each: CAIRN_READER_DETAIL_ATTRS, ... */
} cairn_reader_query;

typedef enum cairn_reader_status {
    CAIRN_READER_UNFINISHED = 0, /* no end in the trace */
    CAIRN_READER_FINISHED = 1,
    CAIRN_READER_FAILED = 2 /* ended by cairn_task_fail */
} cairn_reader_status;

/* Where the begin of a task is. Its begin_ns is true in any case but OFF. */
typedef enum cairn_reader_begin {
    CAIRN_READER_BEGIN_SEEN = 0,  /* in the trace */
    CAIRN_READER_BEGIN_ROUND = 1, /* in an earlier round of recording */
    CAIRN_READER_BEGIN_LOST = 2,  /* it was recorded, but is not in the trace */
    CAIRN_READER_BEGIN_OFF = 3,   /* while recording was off */
    CAIRN_READER_BEGIN_LEFT = 4   /* before the flight recorder's window */
} cairn_reader_begin;

/* An attribute, with the value it was given last. */
typedef struct cairn_reader_attr {
    const char *key;
    cairn_reader_value value;
    const cairn_reader_site *site;
} cairn_reader_attr;

/* Logs of one task that are alike: of equal category, and of equal format or, without one, equal text. */
typedef struct cairn_reader_log {
    const char *category;
    const char *text; /* of the first; cut at 200 bytes, at any place */
    size_t text_bytes;
    uint64_t count;
    const cairn_reader_site *site; /* of the first */
} cairn_reader_log;

/* Subtasks, or regions, of one type. */
typedef struct cairn_reader_part {
    const char *type;
    uint64_t count;
    uint64_t time_ns; /* of all together, up to the task's end; more than its latency if they overlap */
    const cairn_reader_site *site; /* of the begin of the first */
} cairn_reader_part;

/* A task. Lists are arrays of pointers, so that what they point to can grow. */
typedef struct cairn_reader_task {
    cairn_reader_task_id id;
    const char *type;
    cairn_reader_task_id parent; /* NONE also where that is not known, as the begin was not seen */
    const char *parent_type;     /* "" without a parent */
    const cairn_reader_site *begin_site, *end_site;
    uint32_t begin_thread, end_thread; /* index, or CAIRN_READER_NO_INDEX */
    cairn_reader_begin begin;
    cairn_reader_status status;
    const char *reason;  /* of FAILED; else "" */
    int64_t begin_ns;    /* CAIRN_READER_NO_TIME of OFF, which has no times */
    uint64_t latency_ns; /* from begin to first end; of an unfinished one, to the end of the trace */
    uint64_t self_ns;    /* in which no subtask was open */
    uint32_t weight;     /* how many tasks it stands for, if its type was sampled; else 1 */
    /* As asked for by details; at most 256 of each. What happened for the task after its end is not in it. */
    const cairn_reader_attr *const *attrs;
    const cairn_reader_log *const *logs;
    const cairn_reader_part *const *subtasks, *const *regions;
    const uint32_t *threads; /* indices: where anything was done for it, in order of first appearance */
    size_t attr_count, log_count, subtask_count, region_count, thread_count;
    uint64_t log_total; /* messages */
    uint64_t left_out;  /* what was beyond the 256 */
} cairn_reader_task;

/* Called with each; *task lives during the call. 0: go on; a positive number: that is enough. */
typedef int cairn_reader_task_callback(void *data, const cairn_reader_task *task);

/* Calls `each` for every task that is meant (query NULL: for all), at its first end, in the order of time;
 * for unfinished ones after the last event. 0: all were told; a positive number: what `each` returned; else
 * -CAIRN_E... with *error filled. Cost: a pass over all events, some 100 ns each; another before it if the
 * query's expression asks for what is known of a task only afterwards. */
CAIRN_API int cairn_reader_tasks_each(cairn_reader *reader, const cairn_reader_query *query,
                                      cairn_reader_error *error, cairn_reader_task_callback *each,
                                      void *data);

/* A region. */
typedef struct cairn_reader_region {
    cairn_reader_region_id id;
    const char *type;
    cairn_reader_task_id task; /* it works for */
    const char *task_type;
    const cairn_reader_site *begin_site, *end_site;
    uint32_t begin_thread, end_thread; /* index, or CAIRN_READER_NO_INDEX */
    int64_t begin_ns;
    uint64_t duration_ns; /* of an unfinished one, to the end of the trace */
    uint64_t self_ns;     /* that no region nested in it covers */
    uint32_t weight;      /* as of a task */
    bool is_finished;
    bool is_wrong; /* ended in another order than that of nesting, or by another thread */
} cairn_reader_region;

/* Called with each; *region lives during the call. 0: go on; a positive number: that is enough. */
typedef int cairn_reader_region_callback(void *data, const cairn_reader_region *region);

/* As cairn_reader_tasks_each, for regions; the expression is about them, details mean nothing. */
CAIRN_API int cairn_reader_regions_each(cairn_reader *reader, const cairn_reader_query *query,
                                        cairn_reader_error *error, cairn_reader_region_callback *each,
                                        void *data);

/* ---- Tables by type -------------------------------------------------------------------------------- */

/* What there is of a type, or of one call site of it. Times are those of the finished ones, all 0 if there
 * are none. Where types were sampled, what was recorded stands for more: the estimates, the mean and the
 * percentiles are of what there was, and there are rows of types of which nothing was recorded. */
typedef struct cairn_reader_row {
    const char *type;
    const cairn_reader_site *site; /* of a call site's row; else NULL */
    uint64_t count, finished, unfinished;
    uint64_t errors; /* tasks: failed; regions: ended wrongly */
    /* Of the count, whose begin is not in the trace: in an earlier round, before the window, lost. */
    uint64_t begun_before, before_window, begin_lost;
    uint64_t total_ns, self_ns;
    uint64_t min_ns, mean_ns, max_ns;
    uint64_t estimated_count;
    uint64_t estimated_total_ns, estimated_self_ns; /* as the others where nothing was sampled */
} cairn_reader_row;

/* A table; rows by total time, the greatest first. Independent of the reader it came from. */
typedef struct cairn_reader_table {
    const cairn_reader_row *const *types;
    size_t type_count;
    const cairn_reader_row *const *sites; /* of regions: call sites, by type; of tasks: none */
    size_t site_count;
} cairn_reader_table;

/* The table of the tasks, or regions, that are meant (query NULL: all). NULL with *error filled on failure.
 * To be destroyed. Beyond 4096 types, the rest is one row, "(other)".
 * Cost: a pass on all processors, on two of them some 7 ns an event for tasks and 8 for regions; 30 KiB a
 * row. */
CAIRN_API cairn_reader_table *cairn_reader_task_table(cairn_reader *reader, const cairn_reader_query *query,
                                                      cairn_reader_error *error);
CAIRN_API cairn_reader_table *cairn_reader_region_table(cairn_reader *reader, const cairn_reader_query *query,
                                                        cairn_reader_error *error);

/* The latency or duration, in nanoseconds, that the fraction (0 to 1) of the finished ones of a table's row
 * do not exceed: nearest rank; within 1 %, and exact for 0 and 1. 0 if none finished. Cost: a microsecond. */
CAIRN_API uint64_t cairn_reader_percentile(const cairn_reader_row *row, double fraction);

/* NULL: nothing happens. */
CAIRN_API void cairn_reader_table_destroy(cairn_reader_table *table);

#ifdef __cplusplus
}
#endif

#endif
