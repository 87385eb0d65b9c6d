/* The face inside src/record: the state of the recorder. SPDX-License-Identifier: Apache-2.0
 *
 *   emit.c, logs.c    the API calls that write an event: the hot path, a screen each
 *   stream.c          everything rare behind them: first use, new chunk, signal handlers, losses
 *   slots.c           the pool of chunk memory in the live file
 *   sites.c           call sites and their numbers;  choices.c: which types are recorded, sampled, watched
 *   threads.c         a thread's record: taken, named, given back
 *   drain.c           sealed chunks to the trace file;  blocks.c: the writing of blocks
 *   window.h          the flight recorder: window.c, tasktable.c, snapshot.c, overdue.c
 *   helper.c          the thread that does the above in time
 *   session.c         start, stop, fork;  files.c: the two files;  settings.c: options and environment
 *   requests.c        control from outside
 *
 * How an event is written, by the thread that emits it (invariants: doc/invariants.md):
 *
 *   1. enter:  busy = 1. If it was set, a signal handler has interrupted an event: a side stream is used.
 *   2. room:   position + words <= limit, else stream.c.
 *   3. time:   the counter is read; if its high bits changed, a TIME event goes first.
 *   4. task:   if the event belongs to another task than the last, a TASK event goes first.
 *   5. write:  payload, then head (release), then the position.
 *   6. leave:  busy = 0.
 *
 * Where nothing is out of the ordinary, the quick way (emit.h) does 1 to 4 without a call; else the same call is
 * gone through again step by step. No locked instruction, no shared cache line, no system call. Others take part only through `limit`,
 * which they may set to NULL, and `busy`, which they may read.
 */
#ifndef CAIRN_RECORD_RECORD_H
#define CAIRN_RECORD_RECORD_H

#include "base/atomic.h"
#include "cairn/cairn.h"
#include "format/control.h"
#include "format/layout.h"
#include "os/os.h"

#include <pthread.h>

#define CAIRN_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define CAIRN_UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define CAIRN_HOT __attribute__((hot))
#define CAIRN_COLD __attribute__((noinline, cold))

enum {
    CAIRN_OPEN_REGIONS = 64, /* remembered per thread; a power of two */
    CAIRN_SEEN_TASKS = 32,   /* remembered per chunk; a power of two */
    CAIRN_SIDE_STREAMS = 2,  /* signal handlers that interrupt each other's events */
    CAIRN_SERIAL_BLOCK = 1024,
    CAIRN_THREADS_MAX = 1 << 14,    /* at the same time */
    CAIRN_THREAD_RECORDS = 1 << 18, /* in one round */
    CAIRN_SITES_BYTES = 64 << 20,   /* of a live file; address space, not memory */
    CAIRN_PREFETCH_WORDS = 64,
    CAIRN_SLACK_WORDS = 5, /* a TIME and a TASK event may go before any event */
    CAIRN_PLACE_LOST = 1   /* of a region whose begin was dropped; its birth is the round */
};

/* A place to write to. Rules: all fields belong to the thread; `limit` may be set to NULL by others, `position`
 * and `chunk` may be read by them once the thread is not busy and the limit is NULL. */
struct cairn__stream {
    uint64_t *limit; /* less the slack; NULL: nothing goes without stream.c */
    uint64_t *position;
    uint64_t place_base;  /* a word's place is place_base + address / 8 */
    uint64_t task_id;     /* the state */
    uint32_t quick_epoch; /* `epoch`; NEVER, which bars the quick way, if the clock is no raw counter */
    uint32_t epoch;       /* time >> 38 of the last event */
    const uint8_t
        *filter;         /* by site number: CAIRN_CHOICE_...; NULL: all are recorded. Others may store it. */
    uint64_t task_birth; /* the state; up to here, main's fields share a cache line with `busy` */
    uint64_t serial, serial_end;
    uint64_t slow_ticks;             /* a task that took longer is looked at. Others may store it. */
    int64_t open_tasks;              /* begun less ended, in this chunk */
    uint64_t seen[CAIRN_SEEN_TASKS]; /* ids of tasks that the chunk has named */
    uint32_t level;                  /* busy outside of this stream's event: 0 for main */
    uint64_t *end;                   /* of the chunk; beyond the limit while only ends are taken */
    struct cairn_chunk_head *chunk;  /* NULL: none yet */
    uint64_t sequence;
    uint64_t interrupted; /* side: place of the main stream when last written to */
};

#define CAIRN_PLACE_CLOSED UINT64_MAX
#define CAIRN_EPOCH_NEVER 0xffffffffu /* time >> 38 has 26 bits */

#define CAIRN_THREAD_REAPED UINT32_MAX /* no thread's id: the helper gives a record back */

/* A thread. Lies in memory that is never unmapped, so that others may look at it at any time.
 * Open regions are a ring: `top` is where the next goes; the place of one that has ended is CLOSED; when there are too many, the
 * oldest is forgotten and its end takes the long form. */
struct cairn__thread {
    uint32_t busy; /* 0: not within an event; n: within n nested ones. Owner writes, others read. */
    uint32_t top;  /* offset in `open`, in bytes */
    struct cairn__stream main;
    struct cairn_open_region open[CAIRN_OPEN_REGIONS] __attribute__((aligned(64))); /* two to a cache line */
    uint32_t
        owner; /* id of the thread that has the record; 0: free. Taken by compare-and-swap, given back by the
                       owner, or by the helper when that is gone. */
    uint32_t generation;                /* session it last took part in */
    bool left_behind;                   /* within an event at the end of a stop. Of stop and start. */
    struct cairn_thread_record *record; /* in the live file */
    struct cairn__stream side[CAIRN_SIDE_STREAMS];
} __attribute__((aligned(64)));

/* The offset of the entry `steps` behind another, around the ring. */
static inline uint32_t cairn__open_offset(uint32_t offset, int steps)
{
    enum { ENTRY = sizeof(struct cairn_open_region) };
    return (offset + (uint32_t)steps * ENTRY) % (CAIRN_OPEN_REGIONS * ENTRY);
}

/* What a thread has in thread-local storage: little, because it comes from what the loader keeps for
 * libraries that are loaded late. */
struct cairn__local {
    struct cairn__thread *thread; /* cairn__nobody before first use and after the thread's exit */
    cairn_task ambient;
    char name[CAIRN_THREAD_NAME_BYTES];
};
_Static_assert(sizeof(struct cairn__local) <= 64, "static TLS is scarce");
extern struct cairn__thread cairn__nobody; /* always busy, so that nothing takes the quick way */
extern _Thread_local struct cairn__local cairn__local __attribute__((tls_model("initial-exec")));

/* ---- Session: one round of recording ------------------------------------------------------------------ */

enum { CAIRN_TIERS = 4 }; /* of slots: 4, 16, 64, 512 KiB */
enum { CAIRN_READY_MAX = 64 };

struct cairn__settings {
    char pattern[4096]; /* of the path, absolute, with %p */
    char path[4096];
    char live_dir[256];
    char types[1024], sample[1024], slow[1024], failed[1024];
    char snapshot_path[4096]; /* a pattern, absolute, with %p and %n; "": made from the path */
    uint64_t limit_bytes;
    uint64_t window_bytes, window_ns; /* window_bytes 0: no flight recorder */
    uint64_t snapshot_interval_ns;
    uint32_t snapshots_max;
    int snapshot_signal;
    bool helper;
    bool follow_fork;
    bool is_folder;
    bool is_child; /* of a fork, that goes on as its parent */
};

/* What counts when an event is to be written; the on word of cairn.h is a hint. Alone in a page that reads as zero in
 * any child that gets a copy of it. Rules: written under the control lock; read anywhere, with acquire. */
struct cairn__gate {
    uint32_t open;
    uint8_t rest_of_page[4092];
};
extern struct cairn__gate cairn__gate;

/* Rules: written by session.c under the control lock while the gate is closed; then read
 * anywhere, except where a field says otherwise. */
struct cairn__session {
    uint32_t generation;  /* counts sessions. Atomic, as are the next three: looked at before the gate is. */
    uint32_t round;       /* the same, modulo 255, from 1 */
    uint64_t first_block; /* number of the first chunk: places below are of earlier rounds */
    uint32_t pid;
    /* of a forked child: what its parent recorded */
    uint64_t parent_session;
    uint32_t parent_pid;
    bool awaits_start; /* it has yet to begin. Rules: under the control lock */
    struct cairn__settings settings;
    /* files */
    int trace_fd, live_fd;
    struct cairn__os_file_id trace_id, live_id;
    uint8_t *live; /* the mapping */
    uint64_t live_bytes;
    struct cairn_file_head *head; /* first page of the live file; copied to the trace */
    char new_path[4096];          /* of the trace; until it has its head, one of its own */
    char live_path[256];
    uint64_t session[2];   /* as in the heads */
    uint32_t live_is_gone; /* somebody truncated the live file. Atomic. */
    uint64_t slow_ticks;   /* the least threshold, 0 until the clock's rate is known. Atomic. */
    /* slots */
    uint8_t *slots;
    uint64_t slots_bytes;
    uint64_t carved;     /* bytes of slots carved. Atomic. */
    uint64_t granted;    /* bytes of the trace spoken for. Atomic. */
    uint64_t open_bytes; /* of slots that threads hold. Atomic. */
    int64_t open_tasks;  /* as of the last sealed chunks. Atomic. */
    uint32_t full;       /* nothing but ends is taken any more. Atomic, sticky. */
    uint32_t tier_max;   /* largest slot tier for ordinary chunks */
    uint64_t ready[CAIRN_TIERS]
                  [CAIRN_READY_MAX];   /* offset + 1 of slots made ready; 0: none. Atomic exchange. */
    uint32_t ready_count[CAIRN_TIERS]; /* hint. Atomic. */
    uint32_t ready_low[CAIRN_TIERS];   /* so few left: the helper is woken */
    uint32_t late[CAIRN_TIERS]; /* a chunk was taken that was not ready, since the helper looked. Atomic. */
    uint64_t sealed;            /* offset + 1 of the last sealed slot; each names the one before. Atomic. */
    bool has_holes;             /* a slot could not be had, its place is not there to be looked at. Atomic. */
    uint64_t soft_bytes;        /* of slots, to be carved freely; beyond only if need be */
    /* sites and threads */
    uint64_t sites_used;                         /* hint for where the next record goes. Atomic. */
    uint64_t sites_populated, threads_populated; /* bytes. Atomic. */
    uint64_t sites_drained;                      /* Helper. */
    uint32_t thread_count;                       /* of thread records. Atomic. */
    uint64_t serial;                             /* next block of task serials. Atomic. */
    /* helper; it sleeps on a futex in the control page */
    uint32_t idle; /* the helper sleeps long. Atomic. */
    uint32_t quit; /* Atomic. */
    bool has_helper;
    bool active; /* between start and stop. Rules: under the control lock */
    pthread_t helper;
};

/* `head` and the mapping stay after a stop: a thread that was left behind may look at them. */
extern struct cairn__session cairn__session;

/* Relaxed: a number of its own; what it decides is decided again by the gate. */
static inline uint32_t cairn__generation(void)
{
    return atomic_load_relaxed(&cairn__session.generation);
}

/* Whether this session is a flight recorder. */
static inline bool cairn__is_window(void)
{
    return cairn__session.settings.window_bytes != 0; /* set while the gate is closed */
}

/* ---- stream.c ----------------------------------------------------------------------------------------- */

/* The stream to write to when the thread is new or interrupted, with busy set; NULL: drop, counted. */
struct cairn__stream *cairn__enter_rare(struct cairn__thread **thread, enum cairn_tally tally);
/* Room for `words` words where the quick check found none. NULL: drop, counted. */
uint64_t *cairn__room_rare(struct cairn__thread *thread, struct cairn__stream *stream, uint64_t words,
                           enum cairn_tally tally);
/* The number of a site not yet known, registered; 0: switched off. */
uint32_t cairn__site_rare(cairn_i_site *site);
uint64_t *cairn__time_event(struct cairn__stream *stream, uint64_t *at, uint64_t now);
/* The state changes to a task that may not have been named in this chunk. */
uint64_t *cairn__task_event(struct cairn__stream *stream, uint64_t *at, cairn_task task, uint64_t now);
void cairn__new_serials(struct cairn__stream *stream);
void cairn__count_lost(struct cairn__thread *thread, enum cairn_tally tally, uint64_t count);
/* The same where the recording of a forked child could not begin yet; counted when it does. */
void cairn__count_before_start(enum cairn_tally tally);
void cairn__count_those_before_start(void);
void cairn__forget_those_before_start(void);
/* Seals the chunk of a stream, if any, and hands it to the drain. Owner, or a stop when the owner is still. */
void cairn__seal(struct cairn__stream *stream);
/* A number for a chunk, never given twice in this process. */
uint64_t cairn__next_block(void);
/* Forgets all of the last session. */
void cairn__reset_thread(struct cairn__thread *thread);

/* ---- slots.c ------------------------------------------------------------------------------------------ */

uint64_t cairn__slot_bytes(uint32_t tier);
/* A zeroed, empty slot of a tier, or NULL. Any thread; signal-safe; lock-free. */
struct cairn_slot_head *cairn__slot_take(uint32_t tier);
void cairn__slot_push_sealed(struct cairn_slot_head *slot);
/* Sealed slots, oldest first, linked by `next` (offset + 1). */
struct cairn__slot_list {
    struct cairn_slot_head *first, *last;
};
/* Appends all slots sealed since. Helper; in a window who holds the intake. */
void cairn__slots_take_sealed(struct cairn__slot_list *list);
struct cairn_slot_head *cairn__slot_at(uint64_t offset_plus_one); /* NULL for 0 */
uint64_t cairn__slot_link(const struct cairn_slot_head *slot);    /* the reverse */
/* Zeroes a slot whose chunk is not needed any more. Whoever has it. */
void cairn__slot_clear(struct cairn_slot_head *slot);
/* Zeroed slots beyond the ready ones. Helper; in a window who holds the store. */
void cairn__slot_put_aside(struct cairn_slot_head *slot);
struct cairn_slot_head *cairn__slot_take_aside(uint32_t tier); /* or NULL */
/* The next slot at or behind an offset, or NULL; *at goes behind it. At the stop. */
struct cairn_slot_head *cairn__slot_next(uint64_t *at);
/* Makes new slots ready ahead of need. Helper, or start. */
void cairn__slots_replenish(void);
void cairn__slots_reset(void);
static inline struct cairn_chunk_head *cairn__slot_chunk(struct cairn_slot_head *slot)
{
    return (struct cairn_chunk_head *)(slot + 1);
}

/* ---- sites.c ------------------------------------------------------------------------------------------ */

int cairn__sites_init(void); /* once per process */
/* The number of a site, by content; defined in this session's live file when it returns. Never 0. */
uint32_t cairn__site_number(const cairn_i_site *site);
/* Defines all sites known so far in a new live file; brings up what a registration left out. */
void cairn__sites_define_all(void);
/* Room for the first of them; false if the live file's file system has none. */
bool cairn__sites_reserve(void);
/* The text of a site's number, not terminated; role 0 if there is no such site. Any thread. */
struct cairn__site_text {
    const char *bytes;
    size_t count;
    uint8_t role;
};
struct cairn__site_text cairn__site_text(uint32_t number);
uint32_t cairn__site_last(void); /* number given last. Others may be given any time. */
/* The site's record in this session's live file, or NULL. */
struct cairn_site_record *cairn__site_record(uint32_t number);

/* ---- choices.c ---------------------------------------------------------------------------------------- */

/* What is not simply recorded, by site number. */
enum {
    CAIRN_CHOICE_OFF = 1,    /* nothing of this type is begun */
    CAIRN_CHOICE_SAMPLED = 2 /* a task type of which one root task in N is recorded */
};

int cairn__choices_init(void); /* once per process */
/* As the settings say. Start, while the gate is closed. */
void cairn__choices_set(void);
/* The same for a site that is new. */
void cairn__choices_for_site(uint32_t number);
/* What is to be kept in `filter` of streams: NULL as long as all is recorded. */
const uint8_t *cairn__choices_filter(void);
/* Gives the present choices to a thread that has joined. */
void cairn__choices_for_thread(struct cairn__thread *thread);
/* Whether the next root task of a sampled type is recorded. */
bool cairn__choices_sample(uint32_t number);
uint32_t cairn__choices_one_in(uint32_t number);
/* Other types from now on. Under the control lock. False: not now, a thread is held up within it. */
bool cairn__choices_switch(const char *patterns);
void cairn__choices_after_fork(void);
/* Looks at a task that has ended: was it slow, did it fail, as the settings' triggers have it? */
void cairn__choices_look(cairn_task task, uint64_t now, bool failed);
/* An interval in nanoseconds, at the clock's rate since the start. */
double cairn__choices_ns(uint64_t ticks, uint64_t now);
/* The threshold of a type in nanoseconds; 0: none. */
uint64_t cairn__choices_slow_ns(uint32_t number);
/* Now that the clock's rate is known: thresholds in ticks for all threads. Helper. */
void cairn__choices_measure(void);
static inline bool cairn__is_sampled_away(uint64_t id, uint64_t birth)
{
    return (id >> CAIRN_ID_UNSAMPLED_SHIFT & 1) && !birth;
}

/* ---- threads.c ---------------------------------------------------------------------------------------- */

int cairn__threads_init(void); /* once per process */
/* A free record for the calling thread, in use, or NULL if all are taken. Signal-safe; lock-free. */
struct cairn__thread *cairn__thread_take(void);
/* Has `bytes` of the live file's thread records present. Any thread; signal-safe; lock-free. */
bool cairn__threads_populate(uint64_t bytes);
/* Gives a thread a record in this session's live file. */
void cairn__thread_join_session(struct cairn__thread *thread);
/* The i-th record ever taken, or NULL behind the last. */
struct cairn__thread *cairn__thread_at(uint32_t i);
/* Seals and frees what threads left that are gone without saying so. Helper. */
void cairn__threads_reap(void);
/* At unloading: no thread's exit may call into code that is gone. */
void cairn__threads_forget(void);
/* Around a fork, in this order; the second in the parent. What a thread has is zero in any child, however it was made, so
 * that a copy of the parent's memory is never written by; if it was forked amid an event, which will go on, it is put
 * back. Signal-safe. */
void cairn__threads_before_fork(void);
void cairn__threads_forked(void);
/* In the child: whether it is amid an event; forgets the parent's threads. */
bool cairn__threads_put_back(void);
void cairn__threads_after_fork(void);

/* ---- blocks.c ------------------------------------------------------------------------------------------ */

enum { CAIRN_BUFFER_BYTES = 131072 };

/* A file that blocks are appended to. Rules: of one thread at a time. */
struct cairn__writer {
    int fd;
    bool is_trace;   /* the session's: its descriptor is checked before each use */
    int code;        /* the first CAIRN_E... */
    uint64_t end;    /* where the next block goes */
    uint8_t *buffer; /* of CAIRN_BUFFER_BYTES: a block being put together */
    uint32_t used;
};

bool cairn__write_at(struct cairn__writer *writer, const void *bytes, size_t count, uint64_t offset);
/* A whole chunk, as it is in memory; sealed on the way. */
bool cairn__write_chunk(struct cairn__writer *writer, struct cairn_chunk_head *chunk);
/* Copies what there is of a chunk that its thread may be filling or sealing: whole events, up to the first that is not
 * there. `to` has room for the largest chunk. */
void cairn__copy_chunk(struct cairn_chunk_head *to, struct cairn_slot_head *slot);
/* Site records from *from on; *from is then where to go on. One that is still being filled is written by a later
 * call, and with it again all behind it: readers take the first of equal ones. */
bool cairn__write_sites(struct cairn__writer *writer, uint64_t *from);
/* Any records: of one size, those that `is_there` if that is not NULL. */
bool cairn__write_records(struct cairn__writer *writer, enum cairn_block_kind kind, const void *records,
                          size_t record_bytes, size_t count, bool (*is_there)(const void *record));
bool cairn__is_thread_there(const void *record);
bool cairn__is_task_there(const void *record);
/* The head of a complete trace made of the live file's: state and checksum set. */
bool cairn__write_final_head(struct cairn__writer *writer, struct cairn_file_head *head, uint32_t state);
/* How many thread records of the live file may be looked at. */
uint32_t cairn__thread_records(const struct cairn_thread_record **records);

/* ---- drain.c, helper.c, files.c, settings.c, session.c ------------------------------------------------- */

void cairn__drain_reset(void);
/* Writes all sealed chunks to the trace. True if there were any. Helper, or a stop without one. */
bool cairn__drain(void);
/* Writes what is left, thread records, anchors, the final head. False: the trace is not complete without the live
 * file. */
bool cairn__drain_finish(void);
/* Notes the time on all clocks in both heads. */
void cairn__note_anchor(void);
/* Notes the first error; from then on nothing new is taken. */
void cairn__note_error(int code);

int cairn__helper_start(void);
void cairn__helper_stop(void);
bool cairn__helper_wake(void); /* true if it slept long and was woken */
void cairn__helper_call(void); /* wakes it in any case. Signal-safe. */

int cairn__files_create(void);   /* both; 0 or a CAIRN_E... */
int cairn__files_publish(void);  /* the trace gets its name; the same */
void cairn__files_abandon(void); /* removes both: the start has failed */
/* Closes the trace, removes the live file; keeps its mapping for good if a thread was left behind. */
void cairn__files_finish(bool left_behind, bool complete);
/* Whether the trace's descriptor is the trace's, if need be after opening it again. */
bool cairn__files_hold_trace(void);
void cairn__files_close(void); /* of both, those that are ours */
void cairn__files_after_fork(void);
/* A new file beside `path`, or in it if it ends in '/', under a name of its own. */
int cairn__file_create_beside(const char *path, char *new_path, size_t bytes, int *fd);
/* Gives it its name: an older trace there is replaced (cairn__file_may_replace has been asked), or nothing is. */
int cairn__file_name(const char *new_path, const char *path, bool replace);
/* 0 if nothing or an older trace stands at the path, else why it must be left alone. */
int cairn__file_may_replace(const char *path);
int cairn__error_of(int system_errno);

/* The lock of start, stop and snapshots, if it is free: for the helper. */
bool cairn__control_try(void);
void cairn__control_hold(void);
void cairn__control_leave(void);
/* Starts the recording of a forked child. True if the gate is open. */
bool cairn__session_start_forked(void);
/* Carries out a request; the name of what was made goes to `path`. A CAIRN_E... */
struct cairn__request;
int cairn__session_request(const struct cairn__request *request, char *path, size_t path_bytes);

/* Of a request if there is one, else of options and environment. */
int cairn__settings_read(struct cairn__settings *settings, const cairn_options *options,
                         const struct cairn__request *request);
int cairn__settings_for_child(struct cairn__settings *settings);
bool cairn__settings_absolute(char *to, size_t room, const char *path);
/* Fills in %p and %n. */
bool cairn__settings_expand(char *to, size_t room, const char *pattern, unsigned number);
/* Inserts a text before the extension of a path. */
bool cairn__settings_insert(char *path, size_t room, const char *text);
/* A comma-separated list, with * and ?; the second of PATTERN=VALUE: bytes, or a duration in nanoseconds. */
bool cairn__pattern_matches(const char *list, const char *text, size_t text_bytes);
bool cairn__pattern_value(const char *list, const char *text, size_t text_bytes, uint64_t *value);
uint64_t cairn__pattern_least(const char *list); /* the least value; 0: there is none */

/* ---- requests.c ----------------------------------------------------------------------------------------- */

/* A request from outside, copied; its lines end in zeros. */
struct cairn__request {
    uint32_t kind;  /* enum cairn_control_kind, unchecked */
    uint32_t bytes; /* of the text */
    char text[CAIRN_CONTROL_TEXT_BYTES + 1];
};
/* False if it is malformed. */
bool cairn__request_read(const struct cairn_control *from, struct cairn__request *request);
const char *cairn__request_get(const struct cairn__request *request, const char *name); /* NULL: not given */

void cairn__control_offer(void); /* at loading: the first annotation, or start, makes the page */
void cairn__control_make(void);  /* makes it, if it is wanted and not there. Signal-safe. */
/* In a child that is alone in its process; `forked`: its first annotation starts its recording. */
void cairn__control_after_fork(bool forked);
bool cairn__control_is_own(void); /* false in a child of a raw clone */
void cairn__control_show(enum cairn_control_state state, const char *path, uint64_t session);
uint32_t *cairn__control_wake(void); /* the helper's futex */
/* Has a thread serve what was asked from outside or triggered. Helper. */
void cairn__control_serve(void);
/* The gate is closed although the on word is set. True: it is open now. Any thread; signal-safe. */
bool cairn__knock(enum cairn_tally tally);

#endif
