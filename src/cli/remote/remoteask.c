/* Asking a process: the tool's side of format/control.h. SPDX-License-Identifier: Apache-2.0
 *
 *   1. Lock the file, so that one tool asks at a time.
 *   2. Write the text, then the kind, then a number that was never used: whoever reads a request under an older number
 *      finds kind 0 or all of it.
 *   3. Set REQUEST in `on`; wake the helper, again and again, as it may have been about to sleep.
 *   4. Look for the number in the answer until the time is over. Then withdraw: kind 0 under a new number, which
 *      whoever comes later answers, and which does nothing. So it is when a signal ends us.
 */
#include "cli/remote/remote.h"
#include "cli/print/show.h"

#include "cairn/cairn.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { POLL_NS_MIN = 200000, POLL_NS_MAX = 20000000 };

struct talk {
    const struct remote *remote;
    struct cairn_control *page;
    int fd, watch;
    uint64_t deadline_ns, timeout_ns, number;
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

__attribute__((format(printf, 3, 4))) static int fail(const struct remote *remote, struct cairn_error *error,
                                                      const char *format, ...)
{
    char name[REMOTE_NAME_BYTES], text[384];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return cairn__error_set(error, CAIRN_EIO, NULL, CAIRN_ERROR_NOWHERE, "%s %s", remote_name(name, remote),
                            text);
}

/* ---- Signals that would end us ----------------------------------------------------------------------- */

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
enum { ENDING = sizeof ending / sizeof *ending };

/* Rules: set by the handler, while a request is out. */
static volatile sig_atomic_t ended_by;

static void note_signal(int number)
{
    ended_by = number;
}

static void hold_signals(struct sigaction before[ENDING])
{
    struct sigaction action = {.sa_handler = note_signal}; /* no SA_RESTART: it is to end a sleep */
    sigemptyset(&action.sa_mask);
    ended_by = 0;
    for (int i = 0; i < ENDING; i++)
        if (sigaction(ending[i], NULL, &before[i]) == 0 && before[i].sa_handler != SIG_IGN)
            sigaction(ending[i], &action, NULL);
}

static void let_signals(const struct sigaction before[ENDING])
{
    for (int i = 0; i < ENDING; i++) sigaction(ending[i], &before[i], NULL);
    if (ended_by) raise(ended_by);
}

/* ---- The page ---------------------------------------------------------------------------------------- */

static bool is_over(const struct talk *talk)
{
    return ended_by || now_ns() >= talk->deadline_ns;
}

static int lock(const struct talk *talk, struct cairn_error *error)
{
    while (flock(talk->fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fail(talk->remote, error, "cannot be asked: %s", strerror(errno));
        if (is_over(talk)) return fail(talk->remote, error, "is being asked something else; try again");
        os_process_wait(-1, POLL_NS_MAX);
    }
    return 0;
}

static int open_page(struct talk *talk, struct cairn_error *error)
{
    const struct remote *remote = talk->remote;
    int code = os_process_open_memory(&remote->process, &remote->file, sizeof *talk->page, &talk->fd);
    if (code == EBADF) return fail(remote, error, "cannot be reached any more: its page is gone");
    if (code) return fail(remote, error, "cannot be reached: %s", strerror(code));
    if (lock(talk, error) != 0) return -1;
    talk->page = os_page_map(talk->fd, sizeof *talk->page);
    if (!talk->page) return fail(remote, error, "cannot be reached: %s", strerror(errno));
    if (talk->page->magic != CAIRN_CONTROL_MAGIC || talk->page->version != CAIRN_CONTROL_VERSION)
        return fail(remote, error, "has gone while it was being asked");
    return 0;
}

static void close_page(struct talk *talk)
{
    os_page_unmap(talk->page, sizeof *talk->page);
    if (talk->watch >= 0) close(talk->watch);
    if (talk->fd >= 0) close(talk->fd); /* and the lock with it */
}

/* A number that no request had: greater than all, unless the page lies. */
static uint64_t next_number(const struct cairn_control *page)
{
    uint64_t requested = page->request_number, answered = atomic_load_relaxed(&page->answer_number);
    return (requested > answered ? requested : answered) + 1;
}

static void post(struct talk *talk, const struct remote_request *request)
{
    struct cairn_control *page = talk->page;
    talk->number = next_number(page);
    memcpy(page->request_text, request->text, request->bytes);
    atomic_store_relaxed(&page->request_bytes, (uint32_t)request->bytes); /* ordered by the next two */
    atomic_store_release(&page->request_kind,
                         (uint32_t)request->kind); /* pairs with the recorder's look at the number */
    atomic_store_release(&page->request_number, talk->number); /* pairs with the recorder's acquire */
    atomic_or_acq_rel(&page->on,
                      (uint32_t)CAIRN_ON_REQUEST); /* after the number: who finds the bit finds the request */
    os_page_wake(&page->wake);
}

static void withdraw(struct talk *talk)
{
    atomic_store_release(&talk->page->request_kind, 0u); /* before the number, as in post */
    atomic_store_release(&talk->page->request_number, talk->number + 1);
}

static bool is_answered(const struct talk *talk)
{
    /* acquire: pairs with the release with which the recorder stores the number, last */
    return atomic_load_acquire(&talk->page->answer_number) == talk->number;
}

/* ---- Waiting ----------------------------------------------------------------------------------------- */

enum outcome { ANSWERED, ENDED, GIVEN_UP };

static enum outcome wait_for_answer(struct talk *talk)
{
    uint64_t pause_ns = POLL_NS_MIN;
    while (!is_answered(talk)) {
        if (is_over(talk)) return GIVEN_UP;
        if (os_process_wait(talk->watch, pause_ns)) return is_answered(talk) ? ANSWERED : ENDED;
        os_page_wake(&talk->page->wake);
        if (pause_ns < POLL_NS_MAX) pause_ns += pause_ns / 2;
    }
    return ANSWERED;
}

static bool is_still_mapped(const struct remote *remote)
{
    struct os_memory_files files;
    bool found = false;
    int code = os_process_memory_files(remote->process.pid, CAIRN_CONTROL_NAME, &files);
    for (size_t i = 0; i < files.count; i++)
        found = found ||
                (files.items[i].inode == remote->file.inode && files.items[i].device == remote->file.device);
    vector_free(&files);
    return code || found;
}

/* `was_begun`: somebody has taken the bit away, as one does who takes a request. A hint. */
static int explain_silence(const struct talk *talk, bool was_begun, struct cairn_error *error)
{
    const struct remote *remote = talk->remote;
    struct os_process now;
    char waited[SHOW_BYTES];
    show_duration(waited, talk->timeout_ns);
    if (ended_by) return fail(remote, error, "had not answered yet; the request was withdrawn");
    if (!os_process_read(remote->process.pid, &now) || !is_still_mapped(remote))
        return fail(remote, error, "has ended, or runs another program by now");
    if (now.is_stopped)
        return fail(remote, error,
                    "did not answer within %s, because it is stopped; the request was withdrawn", waited);
    if (was_begun)
        return fail(remote, error,
                    "took the request, but was not done within %s; `cairn ps` tells what came of it", waited);
    return fail(remote, error,
                "did not answer within %s, and the request was withdrawn. It answers at its next annotation "
                "that stands in no signal handler; --timeout waits longer",
                waited);
}

static int read_answer(const struct talk *talk, enum cairn_control_kind kind, char made[REMOTE_PATH_BYTES],
                       struct cairn_error *error)
{
    struct remote now = *talk->remote;
    int code = talk->page->answer_code;
    memcpy(made, talk->page->answer_path, REMOTE_PATH_BYTES);
    memcpy(now.trace, talk->page->path, REMOTE_PATH_BYTES); /* it may have been started a moment ago */
    made[REMOTE_PATH_BYTES - 1] = now.trace[REMOTE_PATH_BYTES - 1] = 0;
    return code ? remote_refusal(&now, kind, code, error) : 0;
}

static int talk_to(struct talk *talk, const struct remote_request *request, char made[REMOTE_PATH_BYTES],
                   struct cairn_error *error)
{
    post(talk, request);
    enum outcome outcome = wait_for_answer(talk);
    if (outcome == ANSWERED) return read_answer(talk, request->kind, made, error);
    if (outcome == ENDED) return fail(talk->remote, error, "ended before it answered");
    bool was_begun = !(atomic_load_relaxed(&talk->page->on) & CAIRN_ON_REQUEST); /* a hint */
    withdraw(talk);
    return explain_silence(talk, was_begun, error);
}

int remote_ask(const struct remote *remote, const struct remote_request *request, uint64_t timeout_ns,
               char made[REMOTE_PATH_BYTES], struct cairn_error *error)
{
    made[0] = 0;
    if (remote->version != CAIRN_CONTROL_VERSION)
        return fail(remote, error, "has a version of the library that this tool cannot ask (%" PRIu32 ")",
                    remote->version);
    if (!timeout_ns) timeout_ns = REMOTE_TIMEOUT_NS;
    struct talk talk = {.remote = remote, .fd = -1, .timeout_ns = timeout_ns};
    struct sigaction before[ENDING];
    talk.deadline_ns = now_ns() + timeout_ns;
    talk.watch = os_process_watch(remote->process.pid);
    hold_signals(before);
    int result = open_page(&talk, error);
    if (result == 0) result = talk_to(&talk, request, made, error);
    close_page(&talk);
    let_signals(before);
    return result;
}

bool remote_request_add(struct remote_request *request, const char *name, const char *value)
{
    size_t room = sizeof request->text - request->bytes;
    if (strchr(value, '\n')) return false;
    int count = snprintf(request->text + request->bytes, room, "%s=%s\n", name, value);
    if (count < 0 || (size_t)count >= room) return false;
    request->bytes += (size_t)count;
    return true;
}
