/* The helper thread: does in time what callers must not wait for. SPDX-License-Identifier: Apache-2.0
 *
 * Each round: drain what is sealed, or take it into the window; make slots ready; have requests and triggers served; note the
 * time once a second, look for threads that are gone.
 * It sleeps a millisecond after a round that had work, twice as long after each that had none, up to a tenth of
 * a second; while it sleeps long, who takes one of the last ready slots wakes it.
 *
 * It blocks all signals, so that none meant for the program is delivered here, and ends with the recording or the
 * process: it holds no resource that outlives it.
 */
#include "record/window.h"

enum { SLEEP_MIN_NS = 1000000, SLEEP_MAX_NS = 100000000, SECOND_NS = 1000000000 };

static void once_a_second(uint64_t *next_ns)
{
    uint64_t now = cairn__os_monotonic_ns();
    if (now < *next_ns) return;
    *next_ns = now + SECOND_NS;
    cairn__note_anchor();
    cairn__threads_reap();
    cairn__choices_measure();
}

static bool work(void)
{
    if (cairn__is_window()) return cairn__window_round();
    bool worked = cairn__drain();
    cairn__slots_replenish();
    return worked;
}

static void *helper_main(void *unused)
{
    struct cairn__session *session = &cairn__session;
    uint32_t *wake = cairn__control_wake();
    uint64_t sleep_ns = SLEEP_MIN_NS;
    uint64_t next_second_ns = 0;
    while (!atomic_load_acquire(&session->quit)) { /* pairs with cairn__helper_stop */
        bool worked = work();
        once_a_second(&next_second_ns);
        if (!atomic_load_relaxed(&session->slow_ticks)) cairn__choices_measure(); /* set by ourselves */
        sleep_ns = worked ? SLEEP_MIN_NS : sleep_ns * 2;
        if (sleep_ns > SLEEP_MAX_NS) sleep_ns = SLEEP_MAX_NS;
        atomic_store_relaxed(wake, 0u);
        /* In a window always, as few slots are kept ready. Missed: a chunk is late, no more. */
        atomic_store_relaxed(&session->idle, sleep_ns > SLEEP_MIN_NS || cairn__is_window());
        atomic_fence_seq_cst(); /* pairs with who asks and then wakes: either we see it, or we do not sleep */
        cairn__control_serve();
        if (!atomic_load_acquire(&session->quit)) cairn__os_wait(wake, 0, sleep_ns); /* as above */
        atomic_store_relaxed(&session->idle, 0);
    }
    return unused;
}

void cairn__helper_call(void)
{
    uint32_t *wake = cairn__control_wake();
    atomic_exchange_acq_rel(wake,
                            1u); /* pairs with the fence in helper_main, and the kernel's check of the word */
    cairn__os_wake(wake);
}

bool cairn__helper_wake(void)
{
    struct cairn__session *session = &cairn__session;
    /* relaxed: a hint; whoever swaps it pays for the one system call */
    if (!atomic_load_relaxed(&session->idle) || !atomic_exchange_acq_rel(&session->idle, 0u)) return false;
    cairn__helper_call();
    return true;
}

int cairn__helper_start(void)
{
    int code = cairn__os_thread_create(&cairn__session.helper, helper_main, false);
    cairn__session.has_helper = code == 0;
    return code;
}

void cairn__helper_stop(void)
{
    struct cairn__session *session = &cairn__session;
    if (!session->has_helper) return;
    atomic_store_release(&session->quit, 1); /* pairs with helper_main */
    cairn__helper_call();
    pthread_join(session->helper, NULL);
    session->has_helper = false;
}
