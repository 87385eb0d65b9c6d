/* The face inside src/record: the state of the recorder. SPDX-License-Identifier: Apache-2.0
 *
 *   emit.c, logs.c    the API calls that write an event: the hot path, a screen each
 *   stream.c          everything rare behind them: first use, new chunk, signal handlers, losses
 *   slots.c           the pool of chunk memory in the live file
 *   sites.c           call sites and their numbers
 *   threads.c         a thread's record: taken, named, given back
 *   drain.c           sealed chunks to the trace file
 *   helper.c          the thread that does the above in time
 *   session.c         start, stop, fork;  files.c: the two files;  settings.c: options and environment
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
    uint64_t place_base;   /* a word's place is place_base + address / 8 */
    uint64_t task_id;      /* the state */
    uint32_t quick_epoch;  /* `epoch`; NEVER, which bars the quick way, if the clock is no raw counter */
    uint32_t epoch;        /* time >> 38 of the last event */
    const uint8_t *filter; /* by site number: 1 is switched off; NULL: nothing is */
    uint64_t task_birth;   /* the state; up to here, main's fields share a cache line with `busy` */
    uint64_t serial, serial_end;
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
    struct cairn_open_region open[CAIRN_OPEN_REGIONS];
    uint32_t
        owner; /* id of the thread that has the record; 0: free. Taken by compare-and-swap, given back by the
                       owner, or by the helper when that is gone. */
    uint32_t generation;                /* session it last took part in */
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
    char path[4096];
    char live_dir[256];
    char types[1024];
    uint64_t limit_bytes;
    bool helper;
    bool is_folder;
};

/* Rules: written by session.c under the control lock while the gate (cairn_i_state.gate) is closed; then read
 * anywhere, except where a field says otherwise. */
struct cairn__session {
    uint32_t generation;  /* counts sessions. Atomic, as are the next three: looked at before the gate is. */
    uint32_t round;       /* the same, modulo 255, from 1 */
    uint64_t first_block; /* number of the first chunk: places below are of earlier rounds */
    uint32_t pid;
    struct cairn__settings settings;
    /* files */
    int trace_fd, live_fd;
    struct cairn__os_file_id trace_id, live_id;
    uint8_t *live; /* the mapping */
    uint64_t live_bytes;
    struct cairn_file_head *head; /* first page of the live file; copied to the trace */
    char new_path[4096];          /* of the trace; until it has its head, one of its own */
    uint64_t session[2];          /* as in the heads */
    uint64_t trace_end;           /* next block goes there. Helper. */
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
    uint32_t late[CAIRN_TIERS]; /* a chunk was taken that was not ready, since the helper looked. Atomic. */
    uint64_t sealed;            /* offset + 1 of the last sealed slot; each names the one before. Atomic. */
    /* sites and threads */
    uint64_t sites_used;                         /* hint for where the next record goes. Atomic. */
    uint64_t sites_populated, threads_populated; /* bytes. Atomic. */
    uint64_t sites_drained;                      /* Helper. */
    uint32_t thread_count;                       /* of thread records. Atomic. */
    uint64_t serial;                             /* next block of task serials. Atomic. */
    /* helper */
    uint32_t wake; /* futex: the helper sleeps on it. Atomic. */
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
/* All sealed slots, oldest first, linked by reserved_words[0] (offset + 1). Helper. */
struct cairn_slot_head *cairn__slot_pop_sealed(void);
struct cairn_slot_head *cairn__slot_at(uint64_t offset_plus_one); /* NULL for 0 */
uint64_t cairn__slot_link(const struct cairn_slot_head *slot);    /* the reverse */
/* Zeroes a slot whose chunk is in the trace and makes it ready again. Helper. */
void cairn__slot_recycle(struct cairn_slot_head *slot);
/* Makes new slots ready ahead of need. Helper, or start. */
void cairn__slots_replenish(void);
void cairn__slots_reset(void);

/* ---- sites.c ------------------------------------------------------------------------------------------ */

int cairn__sites_init(void); /* once per process */
/* The number of a site, by content; defined in this session's live file when it returns. Never 0. */
uint32_t cairn__site_number(const cairn_i_site *site);
/* Defines all sites known so far in a new live file; brings up what a registration left out. */
void cairn__sites_define_all(void);
/* By number: 1 is switched off by the settings' patterns. NULL if there are none. */
void cairn__sites_set_filter(void);
const uint8_t *cairn__sites_filter(void);

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
/* In a forked child: forgets the parent's threads. */
void cairn__threads_after_fork(void);

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

int cairn__files_create(void); /* both; 0 or a CAIRN_E... */
/* Closes the trace, removes the live file; keeps its mapping for good if a thread was left behind. */
void cairn__files_finish(bool left_behind, bool complete);
/* Whether the trace's descriptor is the trace's, if need be after opening it again. */
bool cairn__files_hold_trace(void);
void cairn__files_close(void); /* of both, those that are ours */
void cairn__files_after_fork(void);
int cairn__error_of(int system_errno);

/* The lock of start and stop, if it is free: for the helper. */
bool cairn__control_try(void);
void cairn__control_leave(void);

int cairn__settings_read(struct cairn__settings *settings, const cairn_options *options);
bool cairn__pattern_matches(const char *list, const char *text,
                            size_t text_bytes); /* comma-separated, with * and ? */

#endif
