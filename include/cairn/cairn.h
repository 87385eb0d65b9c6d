/* cairn: tasks, regions and logs for C and C++. SPDX-License-Identifier: Apache-2.0
 *
 * A program marks what it does, and the `cairn` tool tells afterwards where the time went:
 *
 *   - A TASK is one logical operation: a request, a job, a query. It may cross threads and have
 *     subtasks. Its latency is the time from its creation to its first end.
 *   - A REGION is an interval of one thread that works for a task. Regions nest.
 *   - A LOG is one moment, with a category and a message.
 *
 *     cairn_task order = cairn_task_begin(CAIRN_BACKGROUND, "order");
 *     cairn_region milk = cairn_region_begin(order, "steam milk");
 *     steam_milk();
 *     cairn_region_end(milk);
 *     cairn_log(order, "barista", "extra foam");
 *     cairn_task_end(order);
 *
 * Run the program under `cairn record -- program`, or with CAIRN_TRACE=file in its environment,
 * or call cairn_start and cairn_stop. Then ask `cairn tasks file`.
 *
 * Types ("order", "steam milk") and categories classify: choose few distinct ones. They are string
 * literals, because each call site is described once, statically, and an event only carries the
 * number of its site. What comes as a string at run time goes through the function of the same name
 * that ends in _dyn: it is copied at the first use of its content (NULL is ""), cut at 4096 bytes, and costs
 * a hash of the string and of the place in the source at each call. What is individual belongs into
 * attributes and logs.
 *
 * While recording is off, every annotation costs one relaxed load and a predicted branch; no argument
 * but the handles is evaluated. The costs given below are those while it is on. With CAIRN_DISABLE defined, annotations compile to nothing.
 *
 * Costs below are in units of F, two time-stamp reads and two 8-byte stores (about 20 ns on the
 * machines measured; `make bench` prints yours). "Signal-safe" means async-signal-safe.
 * Annotations never block, never abort, never print, never allocate with malloc and never change
 * errno. What cannot be recorded is dropped and counted. All times are in nanoseconds of
 * CLOCK_MONOTONIC unless said otherwise.
 *
 * The macros use two GNU extensions (statement expressions, cleanup), as gcc and clang have them.
 * CAIRN_REGION and cairn_with_region do not see longjmp, and see cancellation and C++ exceptions
 * only in code compiled with -fexceptions (C++ is, C is not by default).
 * A signal handler must not leave an annotation that it interrupted by siglongjmp: that thread's later
 * events are dropped and counted, and no other round can be started.
 */
#ifndef CAIRN_CAIRN_H
#define CAIRN_CAIRN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CAIRN_VERSION_MAJOR 0
#define CAIRN_VERSION_MINOR 1
#define CAIRN_VERSION_PATCH 0

#define CAIRN_API __attribute__((visibility("default")))

/* ---- Handles ------------------------------------------------------------------------------- */

/* A task: at once the handle to end it and the context to pass on, by value, to whoever works for
 * it, on any thread. No clean-up is needed for a handle that is dropped. The fields are private.
 * Source: Go's trace.Task together with the context.Context that carries it. */
typedef struct cairn_task {
    uint64_t id;    /* round, sampling, type and serial number; 0 is the background task */
    uint64_t birth; /* raw clock ticks at creation */
} cairn_task;

/* A region between its begin and its end. By value; the fields are private.
 * Source: Go's *trace.Region, without its allocation. */
typedef struct cairn_region {
    uint64_t place; /* site, chunk and offset of the begin; 0: nothing to end */
    uint64_t birth; /* raw clock ticks at begin */
} cairn_region;

/* The background task: what works for no task in particular belongs to it. It has no begin and no
 * end; ending it does nothing. An explicit CAIRN_BACKGROUND never means the ambient task.
 * Source: Go's background task, id 0 (a context without a task). */
#ifdef __cplusplus
#define CAIRN_BACKGROUND (cairn_task())
#else
#define CAIRN_BACKGROUND ((cairn_task){0, 0})
#endif

/* ---- Control ------------------------------------------------------------------------------- */

/* Results of the control functions: 0 or one of these, negated. */
enum {
    CAIRN_EINVAL = 1, /* an argument or option is not valid */
    CAIRN_EBUSY,      /* recording is on already */
    CAIRN_ENOMEM,     /* address space or memory was refused */
    CAIRN_EIO,        /* the trace or its live buffer could not be created or written */
    CAIRN_ENOSPC,     /* the disk or the quota is full */
    CAIRN_EEXIST,     /* the path names something that is not a trace; it was left alone */
    CAIRN_EACCES,     /* not permitted there, or the path is a symbolic link */
    CAIRN_ENOTSUP,    /* not available in this version or on this system */
    CAIRN_EOFF        /* recording is off */
};

/* How to record. Set `size` to sizeof(cairn_options) and leave what you do not care for zero:
 *     cairn_options options = {.size = sizeof options, .path = "app-%p.cairn"};
 * Strings are only read during the call. */
typedef struct cairn_options {
    size_t size;           /* sizeof(cairn_options), so that the struct can grow */
    const char *path;      /* the trace; %p is the process id; a name that ends in '/' is a folder that
                              gets one file per process image. NULL: $CAIRN_TRACE, else
                              "cairn-%p.cairn". An older trace there is replaced; any other file that is
                              not empty, any symbolic link, and a trace that is being recorded
                              are refused. Created with mode 0600. */
    uint64_t limit_bytes;  /* of the trace, and at the same time of the memory for what is not yet
                              written. When reached, the newest is dropped and counted.
                              0: $CAIRN_LIMIT (bytes, or with K, M, G), else 1 GiB. */
    uint64_t window_bytes; /* This or the next not 0: a flight recorder. It keeps the latest events in
                              fixed memory and drops the oldest; it writes snapshots and, at the stop,
                              what is left. window_bytes is that memory (at least 256 KiB; up to twice
                              as much with many threads; 0: 64 MiB); limit_bytes has no meaning then.
                              Both 0: $CAIRN_WINDOW ("16M", "10s", "16M,10s"), else all is kept. */
    uint64_t window_ns;    /* how far back the window reaches at most; 0: as far as the memory goes */
    const char *types;     /* comma-separated patterns with * and ?: only task and region types, log
                              categories and counters that match one are recorded.
                              NULL: $CAIRN_TYPES, else all. */
    const char *live_dir;  /* where the live buffer lies, best on tmpfs, which survives the death of
                              the process and never waits for a disk. NULL: $CAIRN_LIVE_DIR, else
                              /dev/shm, else the folder of the trace. */
    uint32_t helper;       /* CAIRN_HELPER_ON: a thread readies and writes buffers. CAIRN_HELPER_OFF,
                              $CAIRN_HELPER=off: no thread; the trace is written by cairn_stop, callers
                              pay for the first touch of fresh memory, nothing triggers snapshots. */
    uint32_t fork;         /* CAIRN_FORK_FOLLOW: a forked child that annotates records as its parent
                              does, to a file of its own: by the path's %p or folder, else name.PID.ext
                              for name.ext. CAIRN_FORK_OFF, $CAIRN_FORK=off: it starts off. */
    const char *sample;    /* comma-separated PATTERN=N: of the tasks without parent of a type that
                              matches, one in N is recorded, with its subtasks, regions and logs. The
                              first match counts. NULL: $CAIRN_SAMPLE, else all are. */

    /* A flight recorder's snapshots; all but the first need the helper. Durations are in ns, us, ms, s,
     * min or h. */
    const char *snapshot_path;     /* %p is the process id, %n a number that makes it new; also of
                                      cairn_snapshot(NULL). NULL: $CAIRN_SNAPSHOT, else the trace's path
                                      with "-%n" before its extension. */
    const char *snapshot_slow;     /* comma-separated PATTERN=DURATION ("order=200ms,*=1s"): when a task
                                      of such a type ends later, or has no end yet after as much again (a
                                      second at most). The first match counts. NULL: $CAIRN_SLOW. */
    const char *snapshot_failed;   /* patterns: when such a task ends with error status.
                                      NULL: $CAIRN_FAILED. */
    uint64_t snapshot_interval_ns; /* at least between two for tasks, but for the end of one that hung;
                                      0: $CAIRN_SNAPSHOT_INTERVAL, 1 s. What this and the next suppress is
                                      counted in the file. */
    uint32_t snapshots_max;        /* per recording for tasks; 0: $CAIRN_SNAPSHOTS_MAX, else 20 */
    int snapshot_signal;           /* on this signal, which the program must not handle itself.
                                      0: $CAIRN_SNAPSHOT_SIGNAL (a number, or a name like USR2). */
} cairn_options;

enum { CAIRN_HELPER_ON = 0, CAIRN_HELPER_OFF = 1 };
enum { CAIRN_FORK_FOLLOW = 0, CAIRN_FORK_OFF = 1 };

#ifndef CAIRN_DISABLE

/* Starts recording, a new round. NULL: defaults and environment. Returns 0 or -CAIRN_E...;
 * -CAIRN_EBUSY while on. On error nothing is recorded and the program runs on as before.
 * Cost: some system calls, about a millisecond. Any thread; may block. Not signal-safe.
 * Source: Go's trace.Start. */
CAIRN_API int cairn_start(const cairn_options *options);

/* Stops recording; the trace is complete when it returns. While off: 0, and nothing happens.
 * Otherwise 0, or the first error met in writing the trace; what could not be written is counted in
 * it. Handles of tasks stay usable in the next round; regions begun before write no end.
 * Runs by itself at exit(). Cost: writing what is not written yet, and up to a second of waiting for threads
 * that are held up within an annotation. Any thread; may block. Not signal-safe.
 * Source: Go's trace.Stop. */
CAIRN_API int cairn_stop(void);

/* Writes the flight recorder's window to `path` while recording goes on; a complete trace of its own, with the
 * true begin of all that was open before the window. %p and %n in the path as in the options; NULL: their
 * snapshot_path. It appears under its name when it is whole. Everything emitted before the call is in it, as far
 * as the window reaches back. 0, -CAIRN_EOFF while off, -CAIRN_ENOTSUP if this is no flight recorder, or an error in
 * writing. Cost: copying the window to the file; emitting threads are not held up.
 * Any thread; may block. Not signal-safe. Source: Go's FlightRecorder.WriteTo. */
CAIRN_API int cairn_snapshot(const char *path);

/* Switches types on and off while recording goes on: from now on only what matches is begun (as options.types; NULL
 * or "": all). What was begun is ended whatever its type. 0, -CAIRN_EOFF while off, -CAIRN_EINVAL if too long,
 * -CAIRN_EBUSY if a thread is held up, for a second, just where it looks at the types: then nothing has changed.
 * Cost: a look at every site and thread. Any thread; may block. Not signal-safe. Beyond Go. */
CAIRN_API int cairn_types(const char *patterns);

/* The text for a result of a control function, with or without sign. Static storage, never NULL.
 * Cost: a call. Any thread; signal-safe; lock-free. Beyond Go. */
CAIRN_API const char *cairn_strerror(int error);

/* The version of the library in use, "major.minor.patch". Static storage.
 * Cost: a call. Any thread; signal-safe; lock-free. Beyond Go. */
CAIRN_API const char *cairn_version(void);

#else /* compiled out, control succeeds and does nothing, so that a program needs no second way */
static inline int cairn_start(const cairn_options *options)
{
    (void)options;
    return 0;
}
static inline int cairn_stop(void)
{
    return 0;
}
static inline int cairn_snapshot(const char *path)
{
    (void)path;
    return 0;
}
static inline int cairn_types(const char *patterns)
{
    (void)patterns;
    return 0;
}
static inline const char *cairn_strerror(int error)
{
    return error ? "cairn is compiled out" : "no error";
}
#define CAIRN_I_TEXT2(number) #number
#define CAIRN_I_TEXT(number) CAIRN_I_TEXT2(number)
static inline const char *cairn_version(void)
{
    return CAIRN_I_TEXT(CAIRN_VERSION_MAJOR) "." CAIRN_I_TEXT(CAIRN_VERSION_MINOR) "." CAIRN_I_TEXT(
        CAIRN_VERSION_PATCH);
}
#endif

/* ---- Private to the macros below; not for use in programs ------------------------------------ */

/* One call site. Statically allocated by the macros; `number` and `signature` belong to the library,
 * which sets them atomically on first use. */
typedef struct cairn_i_site {
    const char *text;   /* type, category, key, name or reason; NULL for ends and run-time strings */
    const char *format; /* of cairn_logf */
    const char *file;
    const char *function;
    uint32_t line;
    uint8_t role;       /* CAIRN_I_ROLE_... */
    uint8_t value_type; /* CAIRN_I_VALUE_... */
    uint16_t reserved;
    uint32_t number;    /* 0 until registered */
    uint32_t signature; /* of the format's arguments; 0 until parsed */
} cairn_i_site;

enum { /* stored in traces: never renumber */
       CAIRN_I_ROLE_TASK = 1,
       CAIRN_I_ROLE_REGION = 2,
       CAIRN_I_ROLE_LOG = 3,
       CAIRN_I_ROLE_ATTR = 4,
       CAIRN_I_ROLE_COUNTER = 5,
       CAIRN_I_ROLE_END = 6, /* an end, a link or a failure: a place, and for failures the reason */
       CAIRN_I_VALUE_NONE = 0,
       CAIRN_I_VALUE_INT = 1,
       CAIRN_I_VALUE_UINT = 2,
       CAIRN_I_VALUE_FLOAT = 3,
       CAIRN_I_VALUE_BOOL = 4,
       CAIRN_I_VALUE_TEXT = 5
};

/* Alone in a page, by which the `cairn` tool can reach the process: see doc/shape.md, "Control from outside".
 * Rules: bits of `on` are set and cleared by the library, and set by the tool; read anywhere. */
struct cairn_i_state {
    uint32_t on; /* annotations go to the library; a hint: what counts is known there */
    uint8_t rest_of_page[4092];
};
extern CAIRN_API struct cairn_i_state cairn_i_state;
/* Bits of `on`: recording, or a forked child that will from its next annotation on. */
#define CAIRN_I_WILL_RECORD 5u

/* Each is called by the macro of its name below, which has the contract. Handles come field by field, because
 * gcc passes a struct of two words through memory, in a way that stalls. A site that is not static
 * (the _dyn forms) is looked up by its content at every call. */
CAIRN_API cairn_task cairn_i_task_begin(uint64_t parent_id, uint64_t parent_birth, cairn_i_site *site);
CAIRN_API void cairn_i_task_end(uint64_t id, uint64_t birth, cairn_i_site *site);
CAIRN_API void cairn_i_task_fail(uint64_t id, uint64_t birth, cairn_i_site *site);
CAIRN_API cairn_region cairn_i_region_begin(uint64_t task_id, uint64_t task_birth, cairn_i_site *site);
CAIRN_API void cairn_i_region_end(uint64_t place, uint64_t birth, cairn_i_site *site);
CAIRN_API void cairn_i_region_at(uint64_t task_id, uint64_t task_birth, cairn_i_site *site, uint64_t begin_ns,
                                 uint64_t end_ns);
CAIRN_API void cairn_i_with_region(cairn_region region, cairn_i_site *site, void (*function)(void *),
                                   void *argument);
CAIRN_API void cairn_i_log(uint64_t task_id, uint64_t task_birth, cairn_i_site *site, const char *message);
CAIRN_API void cairn_i_logf(uint64_t task_id, uint64_t task_birth, cairn_i_site *site, const char *format,
                            ...) __attribute__((format(printf, 4, 5)));
CAIRN_API void cairn_i_attr_task(uint64_t id, uint64_t birth, cairn_i_site *site, uint64_t bits);
CAIRN_API void cairn_i_attr_region(uint64_t place, uint64_t birth, cairn_i_site *site, uint64_t bits);
CAIRN_API void cairn_i_text_task(uint64_t id, uint64_t birth, cairn_i_site *site, const char *value);
CAIRN_API void cairn_i_text_region(uint64_t place, uint64_t birth, cairn_i_site *site, const char *value);
CAIRN_API void cairn_i_link(uint64_t from_id, uint64_t from_birth, cairn_task to, cairn_i_site *site);
CAIRN_API void cairn_i_counter(cairn_i_site *site, uint64_t bits);

/* What a task is that was begun while recording was off: one entry, "(begun while off)", for all. */
#define CAIRN_I_TASK_OFF 1u

#ifdef CAIRN_DISABLE
#define CAIRN_I_ON() 0
#else
#define CAIRN_I_ON() __builtin_expect(__atomic_load_n(&cairn_i_state.on, __ATOMIC_RELAXED) != 0, 0)
#endif

/* Every annotation below has one form: the handle is evaluated once, then one branch, then one call.
 * Its site is static for a literal and on the stack (CAIRN_I_AUTO) for a run-time string. Its names
 * are made fresh from `n`, a __COUNTER__, so that one annotation may stand in an argument of another. */
#define CAIRN_I_AUTO
#define CAIRN_I_PASTE2(a, b) a##b
#define CAIRN_I_PASTE(a, b) CAIRN_I_PASTE2(a, b)
#define CAIRN_I_HANDLE(n) CAIRN_I_PASTE(cairn_i_handle_, n)
#define CAIRN_I_TASK_WORDS(n) CAIRN_I_HANDLE(n).id, CAIRN_I_HANDLE(n).birth
#define CAIRN_I_REGION_WORDS(n) CAIRN_I_HANDLE(n).place, CAIRN_I_HANDLE(n).birth
#define CAIRN_I_SITE(n) CAIRN_I_PASTE(cairn_i_site_, n)
#define CAIRN_I_RESULT(n) CAIRN_I_PASTE(cairn_i_result_, n)
#define CAIRN_I_SITE_INIT(text, format, role, value_type)                                                    \
    {                                                                                                        \
        (text), (format), __FILE__, __func__, __LINE__, (role), (value_type), 0, 0, 0                        \
    }

#define CAIRN_I_EMIT(n, storage, handle_type, handle, text, format, role, value_type, call)                  \
    __extension__({                                                                                          \
        const handle_type CAIRN_I_HANDLE(n) = (handle);                                                      \
        if (CAIRN_I_ON()) {                                                                                  \
            storage cairn_i_site CAIRN_I_SITE(n) = CAIRN_I_SITE_INIT(text, format, role, value_type);        \
            call;                                                                                            \
        }                                                                                                    \
        (void)CAIRN_I_HANDLE(n);                                                                             \
    })
#define CAIRN_I_BEGIN(n, storage, handle, result_type, off, text, role, call)                                \
    __extension__({                                                                                          \
        const cairn_task CAIRN_I_HANDLE(n) = (handle);                                                       \
        result_type CAIRN_I_RESULT(n) = {(off), 0};                                                          \
        if (CAIRN_I_ON()) {                                                                                  \
            storage cairn_i_site CAIRN_I_SITE(n) = CAIRN_I_SITE_INIT(text, NULL, role, CAIRN_I_VALUE_NONE);  \
            CAIRN_I_RESULT(n) = call(CAIRN_I_TASK_WORDS(n), &CAIRN_I_SITE(n));                               \
        }                                                                                                    \
        (void)CAIRN_I_HANDLE(n);                                                                             \
        CAIRN_I_RESULT(n);                                                                                   \
    })

/* ---- Tasks --------------------------------------------------------------------------------- */

/* cairn_task cairn_task_begin(cairn_task parent, "type")
 *
 * Begins a task of a type and returns its handle. If `parent` is a task, ended or not, the new one is
 * its subtask; with CAIRN_BACKGROUND it is a root. While recording is off it returns a handle under
 * which later annotations appear as "(begun while off)". A handle never becomes invalid: it may be
 * used after the task's end, after cairn_stop and in a later round, and is then shown as what it is.
 *
 * Cost: 0.7 F. Any thread; signal-safe; wait-free but for
 * the first use of a site, which is lock-free. Source: Go's trace.NewTask. */
#define cairn_task_begin(parent, type) CAIRN_I_TASK_BEGIN(__COUNTER__, static, parent, "" type "")
/* The same with a `const char *` type made at run time. */
#define cairn_task_begin_dyn(parent, type) CAIRN_I_TASK_BEGIN(__COUNTER__, CAIRN_I_AUTO, parent, type)
#define CAIRN_I_TASK_BEGIN(n, storage, parent, text)                                                         \
    CAIRN_I_BEGIN(n, storage, parent, cairn_task, CAIRN_I_TASK_OFF, text, CAIRN_I_ROLE_TASK,                 \
                  cairn_i_task_begin)

/* void cairn_task_end(cairn_task task)
 *
 * Ends a task; any thread may. The first end counts, later ones are shown as diagnostics with their
 * call sites. Ending the background task, or one begun while off, does nothing. Its subtasks and
 * regions are not touched.
 * Cost: 0.7 F. Any thread; signal-safe; wait-free as above.
 * Source: Go's Task.End. */
#define cairn_task_end(task) CAIRN_I_TASK_END(__COUNTER__, task)
#define CAIRN_I_TASK_END(n, task)                                                                            \
    CAIRN_I_EMIT(n, static, cairn_task, task, NULL, NULL, CAIRN_I_ROLE_END, CAIRN_I_VALUE_NONE,              \
                 cairn_i_task_end(CAIRN_I_TASK_WORDS(n), &CAIRN_I_SITE(n)))

/* void cairn_task_fail(cairn_task task, "reason")
 *
 * Ends a task as cairn_task_end does, with error status and the reason for it.
 * Cost and class as cairn_task_end. Beyond Go. */
#define cairn_task_fail(task, reason) CAIRN_I_TASK_FAIL(__COUNTER__, static, task, "" reason "")
/* The same with a reason made at run time. */
#define cairn_task_fail_dyn(task, reason) CAIRN_I_TASK_FAIL(__COUNTER__, CAIRN_I_AUTO, task, reason)
#define CAIRN_I_TASK_FAIL(n, storage, task, text)                                                            \
    CAIRN_I_EMIT(n, storage, cairn_task, task, text, NULL, CAIRN_I_ROLE_END, CAIRN_I_VALUE_NONE,             \
                 cairn_i_task_fail(CAIRN_I_TASK_WORDS(n), &CAIRN_I_SITE(n)))

/* void cairn_link(cairn_task from, cairn_task to)
 *
 * Says that `from` caused `to`, beyond parentage: a batch that serves many requests, a job that a
 * finished one set off. The tool shows it on both.
 * Cost: 0.8 F. Any thread; signal-safe; wait-free as above. Beyond Go. */
#define cairn_link(from, to) CAIRN_I_LINK(__COUNTER__, from, to)
#define CAIRN_I_LINK(n, from, to)                                                                            \
    __extension__({                                                                                          \
        const cairn_task CAIRN_I_RESULT(n) = (to);                                                           \
        CAIRN_I_EMIT(n, static, cairn_task, from, NULL, NULL, CAIRN_I_ROLE_END, CAIRN_I_VALUE_NONE,          \
                     cairn_i_link(CAIRN_I_TASK_WORDS(n), CAIRN_I_RESULT(n), &CAIRN_I_SITE(n)));              \
        (void)CAIRN_I_RESULT(n);                                                                             \
    })

/* ---- Regions ------------------------------------------------------------------------------- */

/* cairn_region cairn_region_begin(cairn_task task, "type")
 *
 * Begins a region of the calling thread that works for `task`. To be ended on the same thread,
 * innermost first; where that fails (wrong order, wrong thread, twice, never) the trace shows what
 * happened with both call sites, and nothing else suffers. Whether a pair is recorded is decided
 * here: a region begun while off, or ended in another round, writes no end.
 * Cost: 0.7 F. Any thread; signal-safe; wait-free as above.
 * Source: Go's trace.StartRegion, without its allocation. */
#define cairn_region_begin(task, type) CAIRN_I_REGION_BEGIN(__COUNTER__, static, task, "" type "")
/* The same with a type made at run time. */
#define cairn_region_begin_dyn(task, type) CAIRN_I_REGION_BEGIN(__COUNTER__, CAIRN_I_AUTO, task, type)
#define CAIRN_I_REGION_BEGIN(n, storage, task, text)                                                         \
    CAIRN_I_BEGIN(n, storage, task, cairn_region, 0, text, CAIRN_I_ROLE_REGION, cairn_i_region_begin)

/* void cairn_region_end(cairn_region region)
 *
 * Ends a region. Cost: 0.7 F. Any thread, though a region belongs to
 * the one that began it; signal-safe; wait-free as above. Source: Go's Region.End. */
#define cairn_region_end(region) CAIRN_I_REGION_END(__COUNTER__, region)
#define CAIRN_I_REGION_END(n, region)                                                                        \
    CAIRN_I_EMIT(n, static, cairn_region, region, NULL, NULL, CAIRN_I_ROLE_END, CAIRN_I_VALUE_NONE,          \
                 cairn_i_region_end(CAIRN_I_REGION_WORDS(n), &CAIRN_I_SITE(n)))

/* CAIRN_REGION(cairn_task task, "type");
 *
 * A declaration: a region from here to the end of the enclosing scope, also when it is left by return,
 * goto, a C++ exception, pthread_exit or cancellation (see the note on -fexceptions on top).
 * Cost and class as the pair. Source: Go's `defer trace.StartRegion(ctx, type).End()`. */
#define CAIRN_REGION(task, type) CAIRN_I_SCOPE(__COUNTER__, task, "" type "")
#define CAIRN_I_SCOPE(n, task, text)                                                                         \
    static cairn_i_site CAIRN_I_PASTE(cairn_i_end_, n) =                                                     \
        CAIRN_I_SITE_INIT(NULL, NULL, CAIRN_I_ROLE_END, CAIRN_I_VALUE_NONE);                                 \
    __attribute__((cleanup(cairn_i_scope_leave), unused)) const cairn_i_scope CAIRN_I_PASTE(                 \
        cairn_i_scope_, n) = {CAIRN_I_REGION_BEGIN(n, static, task, text), &CAIRN_I_PASTE(cairn_i_end_, n)}
typedef struct cairn_i_scope {
    cairn_region region;
    cairn_i_site *end;
} cairn_i_scope;
static inline void cairn_i_scope_leave(const cairn_i_scope *scope)
{
    if (CAIRN_I_ON()) cairn_i_region_end(scope->region.place, scope->region.birth, scope->end);
}

/* void cairn_with_region(cairn_task task, "type", void (*function)(void *), void *argument)
 *
 * Calls function(argument) within a region whose place is the caller's. The region ends also when the
 * function leaves by a C++ exception, pthread_exit or cancellation.
 * Cost: the pair and a call. Class as the pair. Source: Go's trace.WithRegion. */
#define cairn_with_region(task, type, function, argument)                                                    \
    CAIRN_I_WITH_REGION(__COUNTER__, static, task, "" type "", function, argument)
/* The same with a type made at run time. */
#define cairn_with_region_dyn(task, type, function, argument)                                                \
    CAIRN_I_WITH_REGION(__COUNTER__, CAIRN_I_AUTO, task, type, function, argument)
#ifndef CAIRN_DISABLE
#define CAIRN_I_WITH_REGION(n, storage, task, text, function, argument)                                      \
    __extension__({                                                                                          \
        static cairn_i_site CAIRN_I_PASTE(cairn_i_end_, n) =                                                 \
            CAIRN_I_SITE_INIT(NULL, NULL, CAIRN_I_ROLE_END, CAIRN_I_VALUE_NONE);                             \
        cairn_i_with_region(CAIRN_I_REGION_BEGIN(n, storage, task, text), &CAIRN_I_PASTE(cairn_i_end_, n),   \
                            function, argument);                                                             \
    })
#else
#define CAIRN_I_WITH_REGION(n, storage, task, text, function, argument)                                      \
    ((void)(task), (void)(0 ? (text) : (const char *)0), (function)(argument))
#endif

/* void cairn_region_at(cairn_task task, "type", uint64_t begin_ns, uint64_t end_ns)
 *
 * Records a whole region with explicit times, CLOCK_MONOTONIC in nanoseconds: for what another clock
 * measured, a device or a queue. It belongs to the calling thread but takes no part in its nesting. If
 * `end_ns` is before `begin_ns` it is recorded and shown as a diagnostic.
 * Cost: 0.8 F. Any thread; signal-safe; wait-free as above. Beyond Go. */
#define cairn_region_at(task, type, begin_ns, end_ns)                                                        \
    CAIRN_I_REGION_AT(__COUNTER__, static, task, "" type "", begin_ns, end_ns)
/* The same with a type made at run time. */
#define cairn_region_at_dyn(task, type, begin_ns, end_ns)                                                    \
    CAIRN_I_REGION_AT(__COUNTER__, CAIRN_I_AUTO, task, type, begin_ns, end_ns)
#define CAIRN_I_REGION_AT(n, storage, task, text, begin_ns, end_ns)                                          \
    CAIRN_I_EMIT(n, storage, cairn_task, task, text, NULL, CAIRN_I_ROLE_REGION, CAIRN_I_VALUE_NONE,          \
                 cairn_i_region_at(CAIRN_I_TASK_WORDS(n), &CAIRN_I_SITE(n), begin_ns, end_ns))

/* ---- Logs ---------------------------------------------------------------------------------- */

/* void cairn_log(cairn_task task, "category", const char *message)
 *
 * Records a message, copied. The category may be "". Up to 65 536 bytes are kept whole; a longer one
 * is cut at a character boundary and marked with its full length. Bytes that are not UTF-8 are kept
 * and shown escaped. NULL is shown as "(null)".
 * Cost: 0.8 F and the copy. Any thread; signal-safe; wait-free as above. Source: Go's trace.Log. */
#define cairn_log(task, category, message) CAIRN_I_LOG(__COUNTER__, static, task, "" category "", message)
/* The same with a category made at run time. */
#define cairn_log_dyn(task, category, message) CAIRN_I_LOG(__COUNTER__, CAIRN_I_AUTO, task, category, message)
#define CAIRN_I_LOG(n, storage, task, text, message)                                                         \
    CAIRN_I_EMIT(n, storage, cairn_task, task, text, NULL, CAIRN_I_ROLE_LOG, CAIRN_I_VALUE_NONE,             \
                 cairn_i_log(CAIRN_I_TASK_WORDS(n), &CAIRN_I_SITE(n), message))

/* void cairn_logf(cairn_task task, "category", "format", ...)
 *
 * As cairn_log, with a printf format that the compiler checks. The arguments are stored raw and
 * formatted when the trace is read; with tracing off nothing is evaluated. Strings are copied under
 * the limit of cairn_log, all together. Kept: d i u x X o c s p f F e E g G a A and %%, all flags,
 * width and precision, also as *, and all length modifiers; long double is stored as double, wide
 * characters and strings as UTF-8, of which 1024 bytes a call are kept. %m stores errno's value. %n and
 * positional arguments (%1$d) are refused: the format is recorded as it is, without arguments, and counted
 * as a diagnostic. At most 16 arguments; the same is done to a format with more.
 * Cost: 0.8 F for a few numbers. Any thread; signal-safe; wait-free as above.
 * Source: Go's trace.Logf, which formats at once. */
#define cairn_logf(task, category, ...) CAIRN_I_LOGF(__COUNTER__, static, task, "" category "", __VA_ARGS__)
/* The same with a category made at run time; the format stays a literal. */
#define cairn_logf_dyn(task, category, ...)                                                                  \
    CAIRN_I_LOGF(__COUNTER__, CAIRN_I_AUTO, task, category, __VA_ARGS__)
#define CAIRN_I_FIRST(...) CAIRN_I_FIRST2(__VA_ARGS__, 0)
#define CAIRN_I_FIRST2(first, ...) "" first ""
#define CAIRN_I_LOGF(n, storage, task, text, ...)                                                            \
    CAIRN_I_EMIT(n, storage, cairn_task, task, text, CAIRN_I_FIRST(__VA_ARGS__), CAIRN_I_ROLE_LOG,           \
                 CAIRN_I_VALUE_NONE, cairn_i_logf(CAIRN_I_TASK_WORDS(n), &CAIRN_I_SITE(n), __VA_ARGS__))

/* ---- Attributes and counters --------------------------------------------------------------- */

/* void cairn_attr(cairn_task or cairn_region target, "key", value)
 *
 * Sets an attribute: an integer, a floating-point number, a bool or a string (copied, limits as
 * cairn_log; NULL is shown as "(null)"). May be set until the end of the target; the last value of a key
 * counts. In C, true and false are integers: cast them. A region that was not recorded takes none.
 * Cost: 0.7 F. Any thread, for tasks and regions; signal-safe; wait-free as above. Beyond Go. */
#define cairn_attr(target, key, value) CAIRN_I_ATTR(__COUNTER__, static, target, "" key "", value)
/* The same with a key made at run time. */
#define cairn_attr_dyn(target, key, value) CAIRN_I_ATTR(__COUNTER__, CAIRN_I_AUTO, target, key, value)
#define CAIRN_I_ATTR(n, storage, target, text, value)                                                        \
    CAIRN_I_EMIT(n, storage, __typeof__(target), target, text, NULL, CAIRN_I_ROLE_ATTR,                      \
                 CAIRN_I_VALUE_TYPE(value), CAIRN_I_ATTR_CALL(CAIRN_I_HANDLE(n), &CAIRN_I_SITE(n), value))

/* void cairn_counter("name", value)
 *
 * Records the present value of something counted or gauged, process-wide: an integer or a
 * floating-point number. Cost: 0.8 F. Any thread; signal-safe; wait-free as above. Beyond Go. */
#define cairn_counter(name, value) CAIRN_I_COUNTER(__COUNTER__, static, "" name "", value)
/* The same with a name made at run time. */
#define cairn_counter_dyn(name, value) CAIRN_I_COUNTER(__COUNTER__, CAIRN_I_AUTO, name, value)
#define CAIRN_I_COUNTER(n, storage, text, value)                                                             \
    CAIRN_I_EMIT(n, storage, cairn_task, CAIRN_BACKGROUND, text, NULL, CAIRN_I_ROLE_COUNTER,                 \
                 CAIRN_I_VALUE_TYPE(value), cairn_i_counter(&CAIRN_I_SITE(n), CAIRN_I_BITS(value)))

static inline uint64_t cairn_i_bits_int(int64_t value)
{
    return (uint64_t)value;
}
static inline uint64_t cairn_i_bits_uint(uint64_t value)
{
    return value;
}
static inline uint64_t cairn_i_bits_bool(bool value)
{
    return value ? 1 : 0;
}
static inline uint64_t cairn_i_bits_float(double value)
{
    uint64_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}

#ifndef __cplusplus
#define CAIRN_I_VALUE_TYPE(value)                                                                            \
    _Generic((value),                                                                                  \
        bool: CAIRN_I_VALUE_BOOL,                                                                      \
        float: CAIRN_I_VALUE_FLOAT,                                                                    \
        double: CAIRN_I_VALUE_FLOAT,                                                                         \
        long double: CAIRN_I_VALUE_FLOAT,                                                                    \
        unsigned char: CAIRN_I_VALUE_UINT,                                                             \
        unsigned short: CAIRN_I_VALUE_UINT,                                                            \
        unsigned: CAIRN_I_VALUE_UINT,                                                                  \
        unsigned long: CAIRN_I_VALUE_UINT,                                                             \
        unsigned long long: CAIRN_I_VALUE_UINT,                                                        \
        char *: CAIRN_I_VALUE_TEXT,                                                                    \
        const char *: CAIRN_I_VALUE_TEXT,                                                              \
        default: CAIRN_I_VALUE_INT)
#define CAIRN_I_BITS(value)                                                                                  \
    _Generic((value), bool                                                                                   \
             : cairn_i_bits_bool, float                                                                      \
             : cairn_i_bits_float, double                                                                    \
             : cairn_i_bits_float, unsigned char                                                             \
             : cairn_i_bits_uint, unsigned short                                                             \
             : cairn_i_bits_uint, unsigned                                                                   \
             : cairn_i_bits_uint, unsigned long                                                              \
             : cairn_i_bits_uint, unsigned long long                                                         \
             : cairn_i_bits_uint, default                                                                    \
             : cairn_i_bits_int)(value)
#define CAIRN_I_ATTR_BY(target, value)                                                                       \
    _Generic((value),                                                                                  \
        bool: cairn_i_attr_##target##_bool,                                                            \
        float: cairn_i_attr_##target##_float,                                                          \
        double: cairn_i_attr_##target##_float,                                                               \
        long double: cairn_i_attr_##target##_float,                                                          \
        unsigned char: cairn_i_attr_##target##_uint,                                                   \
        unsigned short: cairn_i_attr_##target##_uint,                                                  \
        unsigned: cairn_i_attr_##target##_uint,                                                        \
        unsigned long: cairn_i_attr_##target##_uint,                                                   \
        unsigned long long: cairn_i_attr_##target##_uint,                                              \
        char *: cairn_i_attr_##target##_text,                                                          \
        const char *: cairn_i_attr_##target##_text,                                                    \
        default: cairn_i_attr_##target##_int)
#define CAIRN_I_ATTR_CALL(target, site, value)                                                               \
    _Generic((target), cairn_task                                                                            \
             : CAIRN_I_ATTR_BY(task, value), const cairn_task                                                \
             : CAIRN_I_ATTR_BY(task, value), cairn_region                                                    \
             : CAIRN_I_ATTR_BY(region, value), const cairn_region                                            \
             : CAIRN_I_ATTR_BY(region, value))(target, site, value)
#define CAIRN_I_ATTR_INLINE(target, word, kind, type)                                                        \
    static inline void cairn_i_attr_##target##_##kind(cairn_##target on, cairn_i_site *site, type v)         \
    {                                                                                                        \
        cairn_i_attr_##target(on.word, on.birth, site, cairn_i_bits_##kind(v));                              \
    }
CAIRN_I_ATTR_INLINE(task, id, int, int64_t)
CAIRN_I_ATTR_INLINE(task, id, uint, uint64_t)
CAIRN_I_ATTR_INLINE(task, id, float, double)
CAIRN_I_ATTR_INLINE(task, id, bool, bool)
CAIRN_I_ATTR_INLINE(region, place, int, int64_t)
CAIRN_I_ATTR_INLINE(region, place, uint, uint64_t)
CAIRN_I_ATTR_INLINE(region, place, float, double)
CAIRN_I_ATTR_INLINE(region, place, bool, bool)
static inline void cairn_i_attr_task_text(cairn_task on, cairn_i_site *site, const char *v)
{
    cairn_i_text_task(on.id, on.birth, site, v);
}
static inline void cairn_i_attr_region_text(cairn_region on, cairn_i_site *site, const char *v)
{
    cairn_i_text_region(on.place, on.birth, site, v);
}
#endif

/* ---- Threads and the ambient task ------------------------------------------------------------ */

#ifdef __cplusplus
} /* extern "C": C++ picks attribute calls by overload where C uses _Generic */

/* The size of the result tells the value's type, as a constant: see CAIRN_I_VALUE_TYPE. */
#define CAIRN_I_CXX_VALUE(type, kind, KIND)                                                                  \
    char(&cairn_i_value_type(type))[CAIRN_I_VALUE_##KIND];                                                   \
    static inline uint64_t cairn_i_bits(type v)                                                              \
    {                                                                                                        \
        return cairn_i_bits_##kind(v);                                                                       \
    }                                                                                                        \
    static inline void cairn_i_attr(cairn_task on, cairn_i_site *site, type v)                               \
    {                                                                                                        \
        cairn_i_attr_task(on.id, on.birth, site, cairn_i_bits_##kind(v));                                    \
    }                                                                                                        \
    static inline void cairn_i_attr(cairn_region on, cairn_i_site *site, type v)                             \
    {                                                                                                        \
        cairn_i_attr_region(on.place, on.birth, site, cairn_i_bits_##kind(v));                               \
    }
CAIRN_I_CXX_VALUE(int, int, INT)
CAIRN_I_CXX_VALUE(long, int, INT)
CAIRN_I_CXX_VALUE(long long, int, INT)
CAIRN_I_CXX_VALUE(unsigned char, uint, UINT) /* as in C, where they are not promoted first */
CAIRN_I_CXX_VALUE(unsigned short, uint, UINT)
CAIRN_I_CXX_VALUE(unsigned, uint, UINT)
CAIRN_I_CXX_VALUE(unsigned long, uint, UINT)
CAIRN_I_CXX_VALUE(unsigned long long, uint, UINT)
CAIRN_I_CXX_VALUE(double, float, FLOAT)
CAIRN_I_CXX_VALUE(long double, float, FLOAT) /* narrowed, as in C */
CAIRN_I_CXX_VALUE(bool, bool, BOOL)
char (&cairn_i_value_type(const char *))[CAIRN_I_VALUE_TEXT];
static inline void cairn_i_attr(cairn_task on, cairn_i_site *site, const char *v)
{
    cairn_i_text_task(on.id, on.birth, site, v);
}
static inline void cairn_i_attr(cairn_region on, cairn_i_site *site, const char *v)
{
    cairn_i_text_region(on.place, on.birth, site, v);
}
#define CAIRN_I_VALUE_TYPE(value) sizeof(cairn_i_value_type(value))
#define CAIRN_I_BITS(value) cairn_i_bits(value)
#define CAIRN_I_ATTR_CALL(target, site, value) cairn_i_attr(target, site, value)

extern "C" {
#endif

#ifndef CAIRN_DISABLE

/* Whether recording is on. Advisory: it may change before the caller acts on it.
 * Cost: one relaxed load. Any thread; signal-safe; wait-free. Source: Go's trace.IsEnabled. */
static inline bool cairn_enabled(void)
{
    return (__atomic_load_n(&cairn_i_state.on, __ATOMIC_RELAXED) & CAIRN_I_WILL_RECORD) != 0;
}

/* Names the calling thread for the trace; up to 31 bytes are kept, copied. It holds for this and all
 * later rounds. Without it a thread goes by the name that the system knows.
 * NULL is "". Cost: some nanoseconds. Owner thread; signal-safe; wait-free. Beyond Go. */
CAIRN_API void cairn_thread_name(const char *name);

/* The ambient task of the calling thread, for code that cannot pass one on as a parameter. A new
 * thread starts with CAIRN_BACKGROUND. Works while recording is off.
 * Cost: a call. Owner thread; signal-safe; wait-free. Beyond Go. */
CAIRN_API cairn_task cairn_current(void);

/* Makes `task` the ambient task of the calling thread and returns the former one, to be put back.
 * Cost: a call. Owner thread; signal-safe; wait-free. Beyond Go. */
CAIRN_API cairn_task cairn_attach(cairn_task task);

#else
static inline bool cairn_enabled(void)
{
    return false;
}
static inline void cairn_thread_name(const char *name)
{
    (void)name;
}
static inline cairn_task cairn_current(void)
{
    return CAIRN_BACKGROUND;
}
static inline cairn_task cairn_attach(cairn_task task)
{
    (void)task;
    return CAIRN_BACKGROUND;
}
#endif

#ifdef __cplusplus
}
#endif

#endif
