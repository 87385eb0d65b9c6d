/* Control from outside: the page, and who serves a request. SPDX-License-Identifier: Apache-2.0
 *
 * The page is format/control.h: memory of the process that others can map too, in the place of `cairn_i_state`, which every
 * annotation looks at.
 *
 *   1. The first annotation of a process, or its first start, makes the page: until then, and in a forked child
 *      again, `on` says NEW. So who never annotates pays nothing. A child of a raw clone shares its parent's page, finds
 *      by the pid that it is not its own, and cannot be reached.
 *   2. A request sets a bit of `on`: the next annotation finds the gate closed, and comes here (cairn__knock). While
 *      there is a helper, that is woken instead.
 *   3. Whoever comes makes a thread that copies the request, carries it out, answers and ends. So nothing that blocks is
 *      done in an annotation; there is no thread while nobody asks.
 *
 * To make a thread is not async-signal-safe, and an annotation may stand in a signal handler. So an annotation makes one
 * only where no handler can be running: none is installed whose signal is blocked here (cairn__os_maybe_in_handler).
 *
 * A forked child whose parent recorded starts in the same way, but there and then, so that its first event is recorded.
 */
#include "record/window.h"

#include "format/control.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

_Static_assert(sizeof(struct cairn_control) == sizeof(struct cairn_i_state), "the page is the state");

_Static_assert(CAIRN_I_WILL_RECORD == (CAIRN_ON_RECORDING | CAIRN_ON_FORKED), "cairn.h has the same numbers");

enum { PAUSE_NS = 10000000 };

/* Rules: set at loading and in a forked child; `mapped` by who makes the page. */
static struct {
    bool is_wanted;
    bool mapped;      /* the page has been made; else `cairn_i_state` is ordinary memory */
    uint32_t making;  /* Atomic. */
    uint64_t served;  /* number of the last request taken. Of who is serving. */
    uint32_t serving; /* Atomic. */
    uint64_t next_ns; /* an annotation that could not make a thread tries again then, */
    uint64_t blocked; /* or with other signals blocked. Both atomic. */
} outside;

static struct cairn_control *page(void)
{
    return (struct cairn_control *)(void *)&cairn_i_state;
}

/* ---- The page ------------------------------------------------------------------------------------------- */

void cairn__control_offer(void)
{
    outside.is_wanted =
        ((uintptr_t)&cairn_i_state & 4095) == 0; /* an executable may have a copy of it anywhere */
    if (outside.is_wanted) atomic_or_acq_rel(&cairn_i_state.on, (uint32_t)CAIRN_ON_NEW); /* a hint */
}

/* The content is there before the page is: whoever looks at `on` meanwhile sees the old or the new. */
void cairn__control_make(void)
{
    if (!outside.is_wanted || outside.mapped || atomic_exchange_acq_rel(&outside.making, 1u)) return;
    struct cairn_control content = {
        .on = atomic_load_relaxed(&cairn_i_state.on) & ~(uint32_t)CAIRN_ON_NEW, /* a hint */
        .magic = CAIRN_CONTROL_MAGIC,
        .version = CAIRN_CONTROL_VERSION,
        .pid = (uint32_t)getpid(),
        .library = CAIRN_VERSION_MAJOR << 16 | CAIRN_VERSION_MINOR << 8 | CAIRN_VERSION_PATCH,
        .start_of_process_ns = cairn__os_process_start_ns()};
    outside.mapped = cairn__os_map_memory_file(CAIRN_CONTROL_NAME, page(), sizeof content, &content) == 0;
    if (outside.mapped) return;
    outside.is_wanted = false; /* it cannot be reached; it can still be recorded */
    atomic_and_acq_rel(&cairn_i_state.on, ~(uint32_t)CAIRN_ON_NEW); /* a hint */
}

void cairn__control_after_fork(bool forked)
{
    /* A process that never annotated or recorded: not even its memory is touched. */
    if (!outside.mapped && !(atomic_load_relaxed(&cairn_i_state.on) & ~(uint32_t)CAIRN_ON_NEW)) return;
    bool is_wanted = outside.is_wanted;
    if (outside.mapped)
        cairn__os_map_nowhere(page(), sizeof *page()); /* zero, and not the parent's any more */
    memset(&outside, 0, sizeof outside);
    outside.is_wanted = is_wanted;
    uint32_t on = (is_wanted ? (uint32_t)CAIRN_ON_NEW : 0u) | (forked ? (uint32_t)CAIRN_ON_FORKED : 0u);
    atomic_store_relaxed(&cairn_i_state.on, on); /* alone in the process: no order needed */
}

bool cairn__control_is_own(void)
{
    return !outside.mapped || page()->pid == (uint32_t)getpid();
}

/* As much of it as there is room for. */
static void show_path(char *to, size_t bytes, const char *path)
{
    size_t count = strnlen(path, bytes - 1);
    memcpy(to, path, count);
    memset(to + count, 0, bytes - count);
}

void cairn__control_show(enum cairn_control_state state, const char *path, uint64_t session)
{
    atomic_store_relaxed(&page()->state, (uint32_t)state); /* for people to look at: no order needed */
    page()->session = session;
    show_path(page()->path, sizeof page()->path, path);
}

uint32_t *cairn__control_wake(void)
{
    return &page()->wake;
}

/* ---- Requests --------------------------------------------------------------------------------------------- */

bool cairn__request_read(const struct cairn_control *from, struct cairn__request *request)
{
    uint32_t count = atomic_load_relaxed(&from->request_bytes); /* once: it may change under our eyes */
    request->kind = atomic_load_relaxed(&from->request_kind);
    if (count > CAIRN_CONTROL_TEXT_BYTES) return false;
    request->bytes = count;
    memcpy(request->text, from->request_text, count);
    memset(request->text + count, 0, sizeof request->text - count);
    if (memchr(request->text, 0, count)) return false;
    for (uint32_t i = 0; i < count; i++) {
        if (request->text[i] == '\n') request->text[i] = 0;
    }
    return true;
}

const char *cairn__request_get(const struct cairn__request *request, const char *name)
{
    size_t length = strlen(name);
    const char *end = request->text + request->bytes; /* behind it are zeros */
    for (const char *line = request->text; line < end; line += strlen(line) + 1) {
        if (strncmp(line, name, length) == 0 && line[length] == '=') return line + length + 1;
    }
    return NULL;
}

static void answer(uint64_t number, int code, const char *path)
{
    page()->answer_code = code;
    show_path(page()->answer_path, sizeof page()->answer_path, path);
    atomic_store_release(&page()->answer_number, number); /* pairs with the tool's acquire */
}

/* The number of the last request, which is copied whole, or not at all: again if there was another meanwhile. */
static uint64_t copy_request(struct cairn__request *request, bool *is_good)
{
    uint64_t number, after = atomic_load_acquire(&page()->request_number); /* pairs with the tool's release */
    for (int tries = 0; tries < 100; tries++) {
        number = after;
        *is_good = cairn__request_read(page(), request);
        atomic_fence_seq_cst(); /* all is read before the number is read again */
        after = atomic_load_acquire(&page()->request_number); /* as above */
        if (after == number) return number;
    }
    *is_good = false; /* somebody plays with the page */
    return after;
}

static void serve_request(void)
{
    static struct cairn__request request; /* Rules: of who is serving */
    char path[4096] = "";
    bool is_good;
    /* The bit first: a request that comes now sets it again; I20. */
    atomic_and_acq_rel(&cairn_i_state.on, ~(uint32_t)CAIRN_ON_REQUEST);
    uint64_t number = copy_request(&request, &is_good);
    atomic_store_relaxed(&outside.served, number); /* looked at as a hint */
    int code = is_good ? cairn__session_request(&request, path, sizeof path) : CAIRN_EINVAL;
    answer(number, code, path);
}

static bool is_asked(void)
{
    /* relaxed: a hint; who serves looks again */
    return outside.mapped &&
           atomic_load_relaxed(&page()->request_number) != atomic_load_relaxed(&outside.served);
}

static void *serve(void *unused)
{
    do {
        if (is_asked()) serve_request();
        cairn__snapshot_triggered();
        atomic_store_release(&outside.serving, 0u); /* pairs with the exchange below */
        /* What came before the store has found somebody serving. */
    } while ((is_asked() || cairn__snapshot_is_triggered()) &&
             !atomic_exchange_acq_rel(&outside.serving, 1u));
    return unused;
}

/* One at a time. False: there is one already, or no thread is to be had. */
static bool make_server(void)
{
    pthread_t thread;
    if (atomic_exchange_acq_rel(&outside.serving, 1u)) return false; /* pairs with the release in serve */
    if (cairn__os_thread_create(&thread, serve, true) == 0) return true;
    atomic_store_release(&outside.serving, 0u); /* as in serve */
    return false;
}

void cairn__control_serve(void)
{
    if (is_asked() || cairn__snapshot_is_triggered()) make_server();
}

/* ---- From annotations ------------------------------------------------------------------------------------- */

/* Not often: to look whether a handler may be running costs some microseconds. But whoever interrupts, or was interrupted by,
 * the one that looked has other signals blocked. */
static bool may_make_threads(void)
{
    uint64_t now = cairn__os_monotonic_ns(), blocked = cairn__os_blocked_signals();
    if (now < atomic_load_relaxed(&outside.next_ns) && blocked == atomic_load_relaxed(&outside.blocked))
        return false; /* hints */
    if (!cairn__os_maybe_in_handler()) return true;
    atomic_store_relaxed(&outside.blocked, blocked);
    atomic_store_relaxed(&outside.next_ns, now + PAUSE_NS);
    return false;
}

CAIRN_COLD bool cairn__knock(enum cairn_tally tally)
{
    uint32_t on = atomic_load_relaxed(&cairn_i_state.on); /* a hint */
    if (!(on & (CAIRN_ON_NEW | CAIRN_ON_REQUEST | CAIRN_ON_FORKED)) || !cairn__control_is_own()) return false;
    int error = errno;
    bool started = false;
    if (on & CAIRN_ON_NEW) cairn__control_make();
    if (on & CAIRN_ON_FORKED) {
        if (may_make_threads())
            started = cairn__session_start_forked();
        else
            cairn__count_before_start(tally);
    } else if (on & CAIRN_ON_REQUEST && is_asked() && may_make_threads()) {
        make_server();
    }
    errno = error;
    return started;
}
