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
#include "record/window.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((aligned(4096))) struct cairn_i_state cairn_i_state;
__attribute__((aligned(4096))) struct cairn__gate cairn__gate;
struct cairn__session cairn__session;

_Static_assert(sizeof cairn_i_state == 4096 && sizeof cairn__gate == 4096,
               "they have their pages to themselves");
_Static_assert((int)CAIRN_CLOCK_TSC == 1 && (int)CAIRN_CLOCK_CNTVCT == 2 && (int)CAIRN_CLOCK_MONOTONIC == 3,
               "os/clock.c has the same numbers, without seeing this folder");

/* Rules: taken by start, stop, snapshots, and for a try by the helper; by an annotation only to start the recording of a
 * forked child. */
static pthread_mutex_t control = PTHREAD_MUTEX_INITIALIZER;

enum { STILL_POLL_NS = 50000, STILL_POLLS = 10000, PASS_POLLS = 100, WITHOUT_BARRIER_NS = 10000000 };

/* ---- Fork --------------------------------------------------------------------------------------------------- */

/* No sanitizer of threads: it takes the parent's other threads, which do not exist here, for racing.
 * In the child: the only thread, with copies of the parent's memory but without its mappings. */
__attribute__((no_sanitize("thread"))) static void after_fork(void)
{
    struct cairn__session *session = &cairn__session;
    /* Who has yet to begin and forks passes on that it is to, and as whose child. */
    bool follow = session->awaits_start || (session->active && session->settings.follow_fork);
    cairn__control_after_fork(follow);
    if (!session->generation) return;            /* nothing was ever recorded: the rest is as at loading */
    atomic_store_relaxed(&cairn__gate.open, 0u); /* alone in the process: no order needed */
    pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
    control = fresh;
    if (session->active) {
        cairn__files_close();
        cairn__snapshot_signal_back();
    }
    if (!session->awaits_start) {
        session->parent_session = follow ? session->session[0] : 0;
        session->parent_pid = follow ? session->pid : 0;
    }
    session->awaits_start = follow;
    cairn__forget_those_before_start();
    /* A handler that forked may return into an event: what that writes to must be there, and goes nowhere. */
    if (cairn__threads_put_back() && session->head)
        cairn__os_map_nowhere(session->live, session->live_bytes);
    else
        session->head = NULL;
    session->active = false;
    session->has_helper = false;
    cairn__files_after_fork();
    cairn__window_after_fork();
    cairn__choices_after_fork();
    cairn__threads_after_fork();
}

static bool has_fork_handler; /* Rules: set at loading */

static int init_once(void)
{
    static bool done; /* Rules: under the control lock */
    if (done) return 0;
    const char *clock = cairn__os_is_privileged() ? NULL : getenv("CAIRN_CLOCK");
    cairn__os_clock_init(clock && strcmp(clock, "monotonic") == 0);
    int code = cairn__sites_init();
    if (!code) code = cairn__choices_init();
    if (!code) code = cairn__threads_init();
    if (code) return code;
    cairn__os_barrier_init();
    /* Either of the two suffices for fork(); only the first helps for a raw clone. */
    bool wiped = cairn__os_wipe_on_fork(&cairn__gate, sizeof cairn__gate) == 0;
    if (!has_fork_handler && !wiped) return CAIRN_ENOMEM;
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
    uint64_t limit = settings.window_bytes ? settings.window_bytes : settings.limit_bytes;
    session->tier_max = limit < (2 << 20) ? 0 : limit < (32 << 20) ? 1 : limit < (256 << 20) ? 2 : 3;
}

/* True when the thread is not within an event; false if it still is when there are no polls left. Polls are counted, not
 * time: a process that was stopped itself has not waited. */
static bool wait_until_still(const struct cairn__thread *thread, int *polls)
{
    while (atomic_load_acquire(&thread->busy)) { /* pairs with the release in cairn__leave */
        if (--*polls < 0) return false;
        cairn__os_sleep_ns(STILL_POLL_NS);
    }
    return true;
}

/* Whether a thread still is where the last stop left it: within an event of that session, whose state is about to be
 * forgotten. It may be in another by now, that finds the gate closed: that is waited for. */
static bool anyone_left_behind(void)
{
    struct cairn__thread *thread;
    int polls = PASS_POLLS;
    for (uint32_t i = 0; (thread = cairn__thread_at(i)); i++) {
        if (thread->left_behind && !wait_until_still(thread, &polls)) return true;
        thread->left_behind = false;
    }
    return false;
}

/* All that lies in the two files, or tells of it. */
static int set_up(void)
{
    struct cairn__session *session = &cairn__session;
    int code = cairn__files_create();
    if (code) {
        session->head = NULL;
        return code;
    }
    cairn__slots_reset();
    cairn__drain_reset();
    code = cairn__window_reset();
    if (!code) code = cairn__opentasks_reset();
    if (!code) code = cairn__snapshot_reset();
    if (!code) code = cairn__files_publish();
    if (code) {
        cairn__snapshot_signal_back();
        cairn__files_abandon();
        session->head = NULL;
        return code;
    }
    cairn__choices_set();
    cairn__sites_define_all();
    cairn__threads_populate(
        1); /* before slots take what there is; if it fails, the first event notes the error */
    cairn__slots_replenish();
    return 0;
}

/* The recording of a forked child has begun, or is not to begin. */
static void await_no_more(void)
{
    cairn__session.awaits_start = false;
    cairn__forget_those_before_start();
    atomic_and_acq_rel(&cairn_i_state.on, ~(uint32_t)CAIRN_ON_FORKED); /* no pair: a hint */
}

static int start_session(void)
{
    struct cairn__session *session = &cairn__session;
    cairn__control_make();
    reset_session();
    int code = set_up();
    if (code) return code;
    /* Without a helper, for want of a thread or by choice, callers and the stop do its work. */
    if (session->settings.helper) cairn__helper_start();
    session->active = true;
    bool is_window = session->settings.window_bytes != 0;
    cairn__control_show(is_window ? CAIRN_CONTROL_FLIGHT : CAIRN_CONTROL_RECORDING, session->new_path,
                        session->session[0]);
    atomic_store_release(&cairn__gate.open, 1u); /* pairs with the acquires that look at it */
    cairn__count_those_before_start();           /* there are no more: the gate is open */
    await_no_more();
    atomic_or_acq_rel(&cairn_i_state.on, (uint32_t)CAIRN_ON_RECORDING); /* no pair: a hint */
    return 0;
}

static int start_locked(const cairn_options *options, const struct cairn__request *request)
{
    struct cairn__session *session = &cairn__session;
    if (is_anothers() || !cairn__control_is_own()) after_fork();
    if (session->active || anyone_left_behind()) return CAIRN_EBUSY;
    await_no_more();
    int code = init_once();
    if (!code) code = cairn__settings_read(&session->settings, options, request);
    session->parent_session = session->parent_pid = 0;
    return code ? code : start_session();
}

static int hold_control(void)
{
    int cancel;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_mutex_lock(&control);
    return cancel;
}

static void leave_control(int cancel)
{
    pthread_mutex_unlock(&control);
    pthread_setcancelstate(cancel, NULL);
}

int cairn_start(const cairn_options *options)
{
    int cancel = hold_control();
    int code = start_locked(options, NULL);
    leave_control(cancel);
    return -code;
}

bool cairn__session_start_forked(void)
{
    int cancel = hold_control();
    if (cairn__session.awaits_start) {
        int code = cairn__settings_for_child(&cairn__session.settings);
        if (!code) code = start_session();
        /* A failure has nobody to be told to; what it would have recorded is not there. */
        if (code) await_no_more();
    }
    bool is_open = atomic_load_relaxed(&cairn__gate.open); /* under the lock */
    leave_control(cancel);
    return is_open;
}

/* ---- Stop ---------------------------------------------------------------------------------------------------- */

static struct cairn__stream *stream_at(struct cairn__thread *thread, uint32_t i)
{
    return i ? &thread->side[i - 1] : &thread->main;
}

static void close_limits(void)
{
    struct cairn__thread *thread;
    atomic_fence_seq_cst(); /* the gate is closed before any limit is */
    for (uint32_t i = 0; (thread = cairn__thread_at(i)); i++) {
        for (uint32_t s = 0; s <= CAIRN_SIDE_STREAMS; s++) {
            atomic_store_relaxed(&stream_at(thread, s)->limit, (uint64_t *)NULL); /* ordered by the barrier */
        }
    }
    atomic_fence_seq_cst(); /* pairs with open_limit */
    if (!cairn__os_barrier()) cairn__os_sleep_ns(WITHOUT_BARRIER_NS);
}

/* A thread that stays in its event is left behind; its chunks are nobody's to seal. What they hold is found by the
 * drain; I4a. */
static bool seal_all(void)
{
    bool all_still = true;
    struct cairn__thread *thread;
    int polls = STILL_POLLS;
    for (uint32_t i = 0; (thread = cairn__thread_at(i)); i++) {
        thread->left_behind = !wait_until_still(thread, &polls);
        all_still = all_still && !thread->left_behind;
        if (thread->left_behind || thread->generation != cairn__generation()) continue;
        for (uint32_t s = 0; s <= CAIRN_SIDE_STREAMS; s++) cairn__seal(stream_at(thread, s));
    }
    return all_still;
}

static int stop_locked(void)
{
    if (is_anothers() || !cairn__control_is_own()) return 0; /* the on word is its parent's too */
    atomic_and_acq_rel(&cairn_i_state.on, ~(uint32_t)CAIRN_ON_RECORDING); /* a hint */
    await_no_more();
    if (!cairn__session.active) return 0;
    atomic_store_release(&cairn__gate.open, 0u); /* ordered by the fence in close_limits */
    close_limits();
    bool all_still = seal_all();
    cairn__helper_stop();
    cairn__snapshot_finish();
    bool complete = cairn__drain_finish();
    /* The head may have gone with the live file, or what is in it have come from that. */
    bool is_gone = atomic_load_relaxed(&cairn__session.live_is_gone); /* nobody else is there */
    int error = is_gone ? CAIRN_EIO : cairn__session.head->error;
    cairn__files_finish(!all_still, complete);
    cairn__session.active = false;
    cairn__control_show(CAIRN_CONTROL_IDLE, "", 0);
    return error;
}

/* Not cairn_stop itself, where it is called from within: a copy of this library in a plugin that finds the host's
 * symbols first would stop the host's. */
static int stop(void)
{
    int cancel = hold_control();
    int code = stop_locked();
    leave_control(cancel);
    return -code;
}

int cairn_stop(void)
{
    return stop();
}

bool cairn__control_try(void)
{
    return pthread_mutex_trylock(&control) == 0;
}

void cairn__control_hold(void)
{
    pthread_mutex_lock(&control);
}

void cairn__control_leave(void)
{
    pthread_mutex_unlock(&control);
}

/* ---- While recording ------------------------------------------------------------------------------------------ */

int cairn_snapshot(const char *path)
{
    int cancel = hold_control();
    int code = is_anothers() ? CAIRN_EOFF : cairn__snapshot_take(path, CAIRN_SNAPSHOT_CALL, NULL, 0);
    leave_control(cancel);
    return -code;
}

static int switch_types(const char *patterns)
{
    struct cairn__session *session = &cairn__session;
    if (!patterns) patterns = "";
    if (!session->active || is_anothers()) return CAIRN_EOFF;
    if (strlen(patterns) >= sizeof session->settings.types) return CAIRN_EINVAL;
    if (!cairn__choices_switch(patterns)) return CAIRN_EBUSY;
    /* Of the settings too, for forked children. Zeros behind it: what stood there is no part of the trace. */
    snprintf(session->settings.types, sizeof session->settings.types, "%s", patterns);
    strncpy(session->head->types, patterns, sizeof session->head->types - 1);
    session->head->types_changed_ticks = cairn__os_ticks();
    return 0;
}

int cairn_types(const char *patterns)
{
    int cancel = hold_control();
    int code = switch_types(patterns);
    leave_control(cancel);
    return -code;
}

static int carry_out(const struct cairn__request *request, char *path, size_t path_bytes)
{
    const char *trace = cairn__request_get(request, "CAIRN_TRACE");
    const char *snapshot = cairn__request_get(request, "CAIRN_SNAPSHOT");
    int code = CAIRN_EINVAL;
    switch (request->kind) {
    case CAIRN_CONTROL_START:
        if (trace && trace[0] == '/') code = start_locked(NULL, request);
        if (!code || code == CAIRN_EBUSY) snprintf(path, path_bytes, "%s", cairn__session.new_path);
        return code;
    case CAIRN_CONTROL_STOP:
        if (!cairn__session.active) return CAIRN_EOFF;
        code = stop_locked();
        snprintf(path, path_bytes, "%s", cairn__session.new_path);
        return code;
    case CAIRN_CONTROL_SNAPSHOT:
        if (snapshot && snapshot[0] != '/') return CAIRN_EINVAL;
        return cairn__snapshot_take(snapshot, CAIRN_SNAPSHOT_OUTSIDE, path, path_bytes);
    case CAIRN_CONTROL_TYPES: return switch_types(cairn__request_get(request, "CAIRN_TYPES"));
    default: return CAIRN_EINVAL;
    }
}

int cairn__session_request(const struct cairn__request *request, char *path, size_t path_bytes)
{
    int cancel = hold_control();
    int code = carry_out(request, path, path_bytes);
    leave_control(cancel);
    return code;
}

/* ---- The process --------------------------------------------------------------------------------------------- */

__attribute__((constructor)) static void at_loading(void)
{
    has_fork_handler = pthread_atfork(cairn__threads_before_fork, cairn__threads_forked, after_fork) == 0;
    const char *wanted = cairn__os_is_privileged() ? "off" : getenv("CAIRN_CONTROL");
    if (!wanted || strcmp(wanted, "off") != 0) cairn__control_offer();
    const char *path = cairn__os_is_privileged() ? NULL : getenv("CAIRN_TRACE");
    if (path && path[0])
        cairn_start(NULL); /* the program is not to be told of a failure; `cairn record` tells */
}

__attribute__((destructor)) static void stop_at_exit(void)
{
    stop();
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
