/* Start and stop; what a fork leaves. SPDX-License-Identifier: Apache-2.0
 *
 * A stop, with threads in the middle of events (I3, I4):
 *   1. Close the gate: nothing is begun any more.
 *   2. Set every stream's limit to NULL: the quick path ends.
 *   3. membarrier: every thread has either seen that, or its busy mark can be seen by us.
 *   4. Wait, bounded, until no thread is busy.
 *   5. Seal what they left, let the helper end, write all to the trace.
 *
 * A forked child sees the on word and the gate as zero, because their page is wiped, whichever way it was made; it
 * has no helper and no mapping. It records nothing until it starts a session of its own.
 */
#include "format/walk.h"
#include "record/record.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((aligned(4096))) struct cairn_i_state cairn_i_state;
struct cairn__session cairn__session;

_Static_assert(sizeof cairn_i_state == 4096, "it has its page to itself");
_Static_assert((int)CAIRN_CLOCK_TSC == 1 && (int)CAIRN_CLOCK_CNTVCT == 2 && (int)CAIRN_CLOCK_MONOTONIC == 3,
               "os/clock.c has the same numbers, without seeing this folder");

/* Rules: taken by start, stop, and for a try by the helper; never by an annotation. */
static pthread_mutex_t control = PTHREAD_MUTEX_INITIALIZER;

enum { STILL_WAIT_NS = 1000000000, STILL_POLL_NS = 50000, WITHOUT_BARRIER_NS = 10000000 };

/* ---- Fork --------------------------------------------------------------------------------------------------- */

/* No sanitizer of threads: it takes the parent's other threads, which do not exist here, for racing.
 * In the child: the only thread, with copies of the parent's memory but without its mappings. */
__attribute__((no_sanitize("thread"))) static void after_fork(void)
{
    struct cairn__session *session = &cairn__session;
    atomic_store_relaxed(&cairn_i_state.on, 0); /* alone in the process: no order needed, here and below */
    atomic_store_relaxed(&cairn_i_state.gate, 0);
    pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
    control = fresh;
    if (session->active) cairn__files_close();
    /* A handler that forked may return into an event: what that writes to must be there, and goes nowhere. */
    if (session->head && cairn__local.thread != &cairn__nobody && cairn__local.thread->busy)
        cairn__os_map_nowhere(session->live, session->live_bytes);
    else
        session->head = NULL;
    session->active = false;
    session->has_helper = false;
    cairn__files_after_fork();
    cairn__threads_after_fork();
}

static int init_once(void)
{
    static bool done; /* Rules: under the control lock */
    if (done) return 0;
    const char *clock = cairn__os_is_privileged() ? NULL : getenv("CAIRN_CLOCK");
    cairn__os_clock_init(clock && strcmp(clock, "monotonic") == 0);
    int code = cairn__sites_init();
    if (!code) code = cairn__threads_init();
    if (code) return code;
    cairn__os_barrier_init();
    /* Either of the two suffices for fork(); only the first helps for a raw clone. */
    bool own_page = ((uintptr_t)&cairn_i_state & 4095) == 0;
    bool wiped = own_page && cairn__os_wipe_on_fork(&cairn_i_state, sizeof cairn_i_state) == 0;
    if (pthread_atfork(NULL, NULL, after_fork) && !wiped) return CAIRN_ENOMEM;
    done = true;
    return 0;
}

/* ---- Start --------------------------------------------------------------------------------------------------- */

/* A child that was made by a raw clone has had no after_fork. */
static bool is_anothers(void)
{
    return cairn__session.active && cairn__session.pid != (uint32_t)getpid();
}

/* All but what outlives a session. */
static void reset_session(void)
{
    struct cairn__session *session = &cairn__session;
    uint32_t generation = session->generation + 1;
    struct cairn__settings settings = session->settings;
    /* The gate is closed and nobody is within an event; its opening publishes all this. */
    memset(&session->settings, 0, sizeof *session - offsetof(struct cairn__session, settings));
    session->settings = settings;
    atomic_store_relaxed(&session->pid, (uint32_t)getpid());
    atomic_store_relaxed(&session->generation, generation); /* numbers of their own: no order needed */
    atomic_store_relaxed(&session->round, (generation - 1) % 255 + 1);
    atomic_store_relaxed(&session->first_block, cairn__next_block());
    uint64_t limit = settings.limit_bytes;
    session->tier_max = limit < (2 << 20) ? 0 : limit < (32 << 20) ? 1 : limit < (256 << 20) ? 2 : 3;
}

/* Whether a thread still is where the last stop left it: within an event of that session, whose state is about to
 * be forgotten. */
static bool anyone_left_behind(void)
{
    struct cairn__thread *thread;
    for (uint32_t i = 0; (thread = cairn__thread_at(i)); i++) {
        /* acquire: pairs with the release in cairn__leave */
        if (thread->generation == cairn__generation() && atomic_load_acquire(&thread->busy)) return true;
    }
    return false;
}

static int start_session(const cairn_options *options)
{
    struct cairn__session *session = &cairn__session;
    if (is_anothers()) after_fork();
    if (session->active || anyone_left_behind()) return CAIRN_EBUSY;
    int code = init_once();
    if (!code) code = cairn__settings_read(&session->settings, options);
    if (code) return code;
    reset_session();
    code = cairn__files_create();
    if (code) {
        session->head = NULL;
        return code;
    }
    cairn__slots_reset();
    cairn__drain_reset();
    cairn__sites_set_filter();
    cairn__sites_define_all();
    cairn__threads_populate(
        1); /* before slots take what there is; if it fails, the first event notes the error */
    cairn__slots_replenish();
    /* Without a helper, for want of a thread or by choice, callers and the stop do its work. */
    if (session->settings.helper) cairn__helper_start();
    session->active = true;
    atomic_store_release(&cairn_i_state.gate, 1); /* pairs with the acquires that look at it */
    atomic_store_release(&cairn_i_state.on, 1);   /* no pair: a hint */
    return 0;
}

/* Not cairn_start itself, where it is called from within: a copy of this library in a plugin that finds the host's
 * symbols first would start and stop the host's. */
static int start_locked(const cairn_options *options)
{
    int cancel;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_mutex_lock(&control);
    int code = start_session(options);
    pthread_mutex_unlock(&control);
    pthread_setcancelstate(cancel, NULL);
    return -code;
}

int cairn_start(const cairn_options *options)
{
    return start_locked(options);
}

/* ---- Stop ---------------------------------------------------------------------------------------------------- */

static struct cairn__stream *stream_at(struct cairn__thread *thread, uint32_t i)
{
    return i ? &thread->side[i - 1] : &thread->main;
}

static void close_limits(void)
{
    struct cairn__thread *thread;
    for (uint32_t i = 0; (thread = cairn__thread_at(i)); i++) {
        for (uint32_t s = 0; s <= CAIRN_SIDE_STREAMS; s++) {
            atomic_store_relaxed(&stream_at(thread, s)->limit, (uint64_t *)NULL); /* ordered by the barrier */
        }
    }
    atomic_fence_seq_cst(); /* pairs with open_limit */
    if (!cairn__os_barrier()) cairn__os_sleep_ns(WITHOUT_BARRIER_NS);
}

/* True when the thread is not within an event; false if it still is after the deadline. */
static bool wait_until_still(const struct cairn__thread *thread, uint64_t deadline_ns)
{
    while (atomic_load_acquire(&thread->busy)) { /* pairs with the release in cairn__leave */
        if (cairn__os_monotonic_ns() > deadline_ns) return false;
        cairn__os_sleep_ns(STILL_POLL_NS);
    }
    return true;
}

/* What a thread has written that will not leave its event: up to the first word that is not there. */
static void find_position(struct cairn__stream *stream)
{
    struct cairn_chunk_head *chunk = stream->chunk;
    if (!chunk) return;
    uint32_t capacity = (uint32_t)((stream->end - (uint64_t *)chunk));
    uint32_t end = cairn__chunk_end((uint64_t *)chunk, cairn__chunk_first(chunk->open_count), capacity);
    stream->position = (uint64_t *)chunk + end;
}

static bool seal_all(void)
{
    bool all_still = true;
    struct cairn__thread *thread;
    uint64_t deadline_ns = cairn__os_monotonic_ns() + STILL_WAIT_NS;
    for (uint32_t i = 0; (thread = cairn__thread_at(i)); i++) {
        bool still = wait_until_still(thread, deadline_ns);
        all_still = all_still && still;
        if (thread->generation != cairn__generation()) continue;
        for (uint32_t s = 0; s <= CAIRN_SIDE_STREAMS; s++) {
            struct cairn__stream *stream = stream_at(thread, s);
            if (!still) find_position(stream);
            cairn__seal(stream);
        }
    }
    return all_still;
}

static int stop_session(void)
{
    if (!cairn__session.active || is_anothers()) return 0;
    atomic_store_relaxed(&cairn_i_state.on, 0);   /* a hint */
    atomic_store_release(&cairn_i_state.gate, 0); /* ordered by the fence in close_limits */
    close_limits();
    bool all_still = seal_all();
    cairn__helper_stop();
    bool complete = cairn__drain_finish();
    int error = cairn__session.head->error;
    cairn__files_finish(!all_still, complete);
    cairn__session.active = false;
    return error;
}

static int stop_locked(void)
{
    int cancel;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_mutex_lock(&control);
    int code = stop_session();
    pthread_mutex_unlock(&control);
    pthread_setcancelstate(cancel, NULL);
    return -code;
}

int cairn_stop(void)
{
    return stop_locked();
}

bool cairn__control_try(void)
{
    return pthread_mutex_trylock(&control) == 0;
}

void cairn__control_leave(void)
{
    pthread_mutex_unlock(&control);
}

int cairn_snapshot(const char *path)
{
    (void)path;
    return -CAIRN_ENOTSUP;
}

/* ---- The process --------------------------------------------------------------------------------------------- */

__attribute__((constructor)) static void start_from_environment(void)
{
    const char *path = cairn__os_is_privileged() ? NULL : getenv("CAIRN_TRACE");
    if (path && path[0])
        cairn_start(NULL); /* the program is not to be told of a failure; `cairn record` tells */
}

__attribute__((destructor)) static void stop_at_exit(void)
{
    stop_locked();
    cairn__threads_forget();
}

const char *cairn_strerror(int error)
{
    static const char *const texts[] = {
        [0] = "no error",
        [CAIRN_EINVAL] = "an argument or option is not valid",
        [CAIRN_EBUSY] = "recording is on already",
        [CAIRN_ENOMEM] = "memory or address space was refused",
        [CAIRN_EIO] = "a file could not be created or written",
        [CAIRN_ENOSPC] = "the disk, the quota or the live buffer's file system is full",
        [CAIRN_EEXIST] = "the path names something that is not a trace",
        [CAIRN_EACCES] = "not permitted there, or a symbolic link",
        [CAIRN_ENOTSUP] = "not available in this version or on this system",
        [CAIRN_EOFF] = "recording is off",
    };
    unsigned index = error < 0 ? 0u - (unsigned)error : (unsigned)error;
    return index < sizeof texts / sizeof texts[0] ? texts[index] : "unknown error";
}

const char *cairn_version(void)
{
#define TEXT_OF(x) #x
#define VERSION_TEXT(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)
    return VERSION_TEXT(CAIRN_VERSION_MAJOR, CAIRN_VERSION_MINOR, CAIRN_VERSION_PATCH);
}
