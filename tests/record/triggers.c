/* Snapshots that a flight recorder takes by itself: for tasks that are slow, hang or fail, and on a signal.
 * SPDX-License-Identifier: Apache-2.0 */
#include "readback.h"
#include "testing.h"

#include <cairn/cairn.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIPPED = 42 };
#define SECOND_NS UINT64_C(1000000000)

static char trace_path[512];

static cairn_options flight_options(void)
{
    snprintf(trace_path, sizeof trace_path, "%s/trigger.cairn", testing_folder());
    return (cairn_options){.size = sizeof(cairn_options), .path = trace_path, .window_bytes = 16 << 20};
}

/* The n-th that was taken. */
static const char *snapshot_path(unsigned number)
{
    return testing_path("trigger-%u.cairn", number);
}

static bool has_snapshot(unsigned number)
{
    return access(snapshot_path(number), F_OK) == 0;
}

/* Waits, bounded, until it is there. */
static bool await_snapshot(unsigned number)
{
    uint64_t deadline_ns = testing_now_ns() + 30 * SECOND_NS;
    while (!has_snapshot(number)) {
        if (testing_now_ns() > deadline_ns) return false;
        usleep(1000);
    }
    return true;
}

/* What the recorder has counted. */
struct tally {
    uint64_t taken, suppressed, failed;
};

static struct tally stop(void)
{
    CHECK_EQUAL(cairn_stop(), 0);
    struct cairn_file_head head = readback_head(trace_path);
    CHECK_EQUAL(readback(trace_path).damage, 0);
    return (struct tally){head.snapshots_taken, head.snapshots_suppressed, head.snapshots_failed};
}

/* ---- One slow request ------------------------------------------------------------------------------------------- */

enum { THREADS = 4, REQUESTS = 100000, FAST_PAUSE = 64 };

static struct {
    unsigned each;
    cairn_task request, lookup; /* the slow one, and the subtask that it waits for */
    uint32_t asked;             /* atomic */
} slow;

static void *serve_lookup(void *unused)
{
    while (!__atomic_load_n(&slow.asked, __ATOMIC_ACQUIRE)) usleep(1000);
    cairn_region backend = cairn_region_begin(slow.lookup, "backend");
    cairn_log(slow.lookup, "backend", "the disk is slow today");
    usleep(1500000);
    cairn_region_end(backend);
    cairn_task_end(slow.lookup);
    __atomic_store_n(&slow.asked, 0, __ATOMIC_RELEASE);
    return unused;
}

static void be_slow(void)
{
    slow.request = cairn_task_begin(CAIRN_BACKGROUND, "request");
    cairn_region parse = cairn_region_begin(slow.request, "parse");
    cairn_logf(slow.request, "request", "for %s", "something rare");
    cairn_region_end(parse);
    cairn_region wait = cairn_region_begin(slow.request, "wait for lookup");
    slow.lookup = cairn_task_begin(slow.request, "lookup");
    __atomic_store_n(&slow.asked, 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&slow.asked, __ATOMIC_ACQUIRE)) usleep(1000);
    cairn_region_end(wait);
    cairn_task_end(slow.request);
}

static void *serve(void *argument)
{
    for (unsigned i = 0; i < slow.each; i++) {
        if (argument && i == slow.each / 2) be_slow();
        cairn_task request = cairn_task_begin(CAIRN_BACKGROUND, "request");
        cairn_region parse = cairn_region_begin(request, "parse");
        cairn_logf(request, "request", "number %u", i);
        cairn_region_end(parse);
        cairn_task_end(request);
        if (i % FAST_PAUSE == 0) usleep(100);
    }
    return NULL;
}

struct story { /* of the slow request in its snapshot */
    unsigned begins, logs, parses, waits, lookups, lookup_logs, backends, fast;
    cairn_task request;
};

static void tell(void *data, const struct trace_info *info, const struct trace_event *event)
{
    struct story *story = data;
    const char *text = info->sites[event->site].text;
    bool is_request = event->task.id == slow.request.id, is_lookup = event->task.id == slow.lookup.id;
    bool is_begin = event->kind == TRACE_TASK_BEGIN, is_region = event->kind == TRACE_REGION_BEGIN;
    story->fast += is_begin && !is_request && !is_lookup;
    if (is_begin && is_request && event->task.birth == slow.request.birth) story->begins++;
    if (is_begin && is_lookup && event->other.id == slow.request.id) story->lookups++;
    if (event->kind == TRACE_LOG && is_request) story->logs++;
    if (event->kind == TRACE_LOG && is_lookup) story->lookup_logs++;
    if (is_region && is_request && strcmp(text, "parse") == 0) story->parses++;
    if (is_region && is_request && strcmp(text, "wait for lookup") == 0) story->waits++;
    if (is_region && is_lookup && strcmp(text, "backend") == 0) story->backends++;
}

static void check_story(const char *path)
{
    struct story story = {0};
    struct cairn_file_head head = readback_head(path);
    CHECK_EQUAL(readback(path).damage, 0);
    readback_events(path, tell, &story);
    CHECK_EQUAL(story.begins, 1);
    CHECK_EQUAL(story.parses, 1);
    CHECK_EQUAL(story.logs, 1);
    CHECK_EQUAL(story.waits, 1);
    CHECK_EQUAL(story.lookups, 1);
    CHECK_EQUAL(story.backends, 1);
    CHECK_EQUAL(story.lookup_logs, 1);
    CHECK(story.fast > 0);
    CHECK_EQUAL(head.state, CAIRN_STATE_SNAPSHOT);
    CHECK_EQUAL(head.snapshot_reason, CAIRN_SNAPSHOT_SLOW);
    CHECK_EQUAL(head.snapshot_task_id, slow.request.id);
    CHECK_EQUAL(head.snapshot_task_birth, slow.request.birth);
    CHECK_EQUAL(head.snapshot_threshold_ns, SECOND_NS);
}

static void case_slow(void)
{
    pthread_t threads[THREADS], lookup;
    cairn_options options = flight_options();
    options.snapshot_slow = "nothing=1ns,request=1s,*=1h";
    options.snapshot_interval_ns = 60 * SECOND_NS;
    memset(&slow, 0, sizeof slow);
    slow.each = testing_scaled(REQUESTS) / THREADS;
    CHECK_EQUAL(cairn_start(&options), 0);
    CHECK(!pthread_create(&lookup, NULL, serve_lookup, NULL));
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, serve, (void *)(uintptr_t)(i == 2)));
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    pthread_join(lookup, NULL);
    CHECK(await_snapshot(1));
    struct tally tally = stop();
    bool is_told_twice = has_snapshot(2); /* on a machine so slow that it hung */
    CHECK_EQUAL(tally.taken, 1u + is_told_twice);
    CHECK_EQUAL(tally.failed, 0);
    CHECK_EQUAL(tally.suppressed, 0);
    check_story(snapshot_path(1 + is_told_twice));
}

/* ---- Hung, failed, too many --------------------------------------------------------------------------------------- */

/* A task that ends late is told of at its end, one that hangs once, while others of its kind come and go, and though many
 * that may take longer are open longer. */
static void case_hung(void)
{
    enum { SESSIONS = 1000 };
    static cairn_task sessions[SESSIONS];
    cairn_options options = flight_options();
    options.snapshot_slow = "job=100ms,session=1h";
    options.snapshot_interval_ns = 1;
    CHECK_EQUAL(cairn_start(&options), 0);
    for (int i = 0; i < SESSIONS; i++) sessions[i] = cairn_task_begin(CAIRN_BACKGROUND, "session");
    cairn_task hung = cairn_task_begin(sessions[0], "job");
    uint64_t deadline_ns = testing_now_ns() + 30 * SECOND_NS;
    while (!has_snapshot(1) && testing_now_ns() < deadline_ns) {
        cairn_task_end(cairn_task_begin(CAIRN_BACKGROUND, "job"));
        usleep(200);
    }
    usleep(500000); /* it would be told of again by now */
    struct tally tally = stop();
    struct cairn_file_head head = readback_head(snapshot_path(1));
    CHECK_EQUAL(tally.taken + tally.suppressed, 1);
    CHECK_EQUAL(head.snapshot_reason, CAIRN_SNAPSHOT_OVERDUE);
    CHECK_EQUAL(head.snapshot_task_id, hung.id);
    CHECK_EQUAL(head.snapshot_task_birth, hung.birth);
    CHECK_EQUAL(head.snapshot_threshold_ns, 100000000);
    CHECK_EQUAL(readback(snapshot_path(1)).damage, 0);
}

/* Of a task that hung, the end is told of too, whatever the interval; of one that is only late it is not. */
static void case_hung_ends(void)
{
    cairn_options options = flight_options();
    options.snapshot_slow = "job=50ms,late=1ns";
    options.snapshot_interval_ns = 3600 * SECOND_NS;
    CHECK_EQUAL(cairn_start(&options), 0);
    cairn_task hung = cairn_task_begin(CAIRN_BACKGROUND, "job");
    CHECK(await_snapshot(1));
    cairn_task_end(cairn_task_begin(CAIRN_BACKGROUND, "late"));
    usleep(100000); /* the helper looks at it meanwhile; else it is suppressed by the next */
    CHECK(!has_snapshot(2));
    cairn_task_end(hung);
    CHECK(await_snapshot(2));
    struct tally tally = stop();
    CHECK_EQUAL(tally.taken, 2);
    CHECK_EQUAL(tally.suppressed, 1);
    struct cairn_file_head heads[] = {readback_head(snapshot_path(1)), readback_head(snapshot_path(2))};
    CHECK_EQUAL(heads[0].snapshot_reason, CAIRN_SNAPSHOT_OVERDUE);
    CHECK_EQUAL(heads[1].snapshot_reason, CAIRN_SNAPSHOT_SLOW);
    CHECK_EQUAL(heads[0].snapshot_task_id, hung.id);
    CHECK_EQUAL(heads[1].snapshot_task_id, hung.id);
}

static void fail(const char *type, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        cairn_task task = cairn_task_begin_dyn(CAIRN_BACKGROUND, type);
        cairn_log(task, "why", "because");
        cairn_task_fail(task, "reason");
    }
}

static void case_failed(void)
{
    cairn_options options = flight_options();
    options.snapshot_failed = "pay*,nothing";
    options.snapshot_interval_ns = 60 * SECOND_NS;
    CHECK_EQUAL(cairn_start(&options), 0);
    fail("other", 10);
    fail("payment", 1);
    CHECK(await_snapshot(1));
    fail("payment", 100);
    struct tally tally;
    usleep(100000); /* what was asked for last is looked at by then, or not: see below */
    tally = stop();
    CHECK_EQUAL(tally.taken, 1);
    CHECK(tally.suppressed == 100 ||
          tally.suppressed == 99); /* the last may be asked for and not looked at */
    struct cairn_file_head head = readback_head(snapshot_path(1));
    CHECK_EQUAL(head.snapshot_reason, CAIRN_SNAPSHOT_FAILED);
    CHECK_EQUAL(head.snapshots_taken, 1);
    CHECK(head.snapshot_task_id != 0 && head.snapshot_threshold_ns == 0);
    CHECK_EQUAL(readback(snapshot_path(1)).recovered[CAIRN_TALLY_TASK_FAIL] >= 11, 1);
}

/* At most so many, and none before the interval is over; that is as of the recorder's own clock. */
static void case_rate(void)
{
    enum { MOST = 4, INTERVAL_MS = 200 };
    cairn_options options = flight_options();
    options.snapshot_failed = "*";
    options.snapshot_interval_ns = INTERVAL_MS * UINT64_C(1000000);
    options.snapshots_max = MOST;
    CHECK_EQUAL(cairn_start(&options), 0);
    uint64_t deadline_ns = testing_now_ns() + 30 * SECOND_NS, count = 0;
    while (!has_snapshot(MOST) && testing_now_ns() < deadline_ns) {
        fail("any", 1);
        count++;
        usleep(2000);
    }
    usleep(INTERVAL_MS * 2000);
    fail("any", 1);
    usleep(100000);
    struct tally tally = stop();
    CHECK_EQUAL(tally.taken, MOST);
    CHECK_EQUAL(tally.failed, 0);
    CHECK(tally.suppressed + MOST == count + 1 || tally.suppressed + MOST == count);
    CHECK(!has_snapshot(MOST + 1));
    for (unsigned i = 1; i < MOST; i++) {
        uint64_t before = readback_head(snapshot_path(i)).start.monotonic_ns; /* of the recording */
        CHECK(readback_head(snapshot_path(i + 1)).start.monotonic_ns == before);
        uint64_t apart = readback_head(snapshot_path(i + 1)).last.monotonic_ns -
                         readback_head(snapshot_path(i)).last.monotonic_ns;
        CHECK(apart > INTERVAL_MS * UINT64_C(1000000) / 2); /* between their ends, which vary */
    }
}

/* A snapshot that cannot be written is counted; the next can be. */
static void case_unwritable(void)
{
    char path[600];
    cairn_options options = flight_options();
    snprintf(path, sizeof path, "%s/no/such/folder/%%n", testing_folder());
    options.snapshot_failed = "*";
    options.snapshot_path = path;
    CHECK_EQUAL(cairn_start(&options), 0);
    CHECK_EQUAL(cairn_snapshot(NULL), -CAIRN_EIO);
    fail("any", 1);
    usleep(200000);
    CHECK_EQUAL(cairn_snapshot(testing_path("good.cairn")), 0);
    struct tally tally = stop();
    CHECK_EQUAL(tally.taken, 1);
    CHECK_EQUAL(tally.failed, 2);
}

/* ---- Signals ------------------------------------------------------------------------------------------------------ */

static volatile sig_atomic_t handled;

static void handle(int number)
{
    handled = number;
}

static void set_handler(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    CHECK(sigaction(SIGUSR2, &action, NULL) == 0);
}

static bool handler_is(void (*handler)(int))
{
    struct sigaction now;
    return sigaction(SIGUSR2, NULL, &now) == 0 && now.sa_handler == handler;
}

static void case_signal(void)
{
    cairn_options options = flight_options();
    options.snapshot_signal = SIGUSR2;
    void (*const former[])(int) = {SIG_IGN, SIG_DFL};
    for (int i = 0; i < 2; i++) {
        set_handler(former[i]);
        CHECK_EQUAL(cairn_start(&options), 0);
        cairn_log(CAIRN_BACKGROUND, "before", "the signal");
        kill(getpid(), SIGUSR2);
        CHECK(await_snapshot(1));
        struct tally tally = stop();
        CHECK_EQUAL(tally.taken, 1);
        CHECK_EQUAL(readback_head(snapshot_path(1)).snapshot_reason, CAIRN_SNAPSHOT_SIGNAL);
        CHECK_EQUAL(readback(snapshot_path(1)).recovered_all, 1);
        CHECK(handler_is(former[i]));
        unlink(snapshot_path(1));
    }
    set_handler(handle);
    CHECK_EQUAL(cairn_start(&options), -CAIRN_EINVAL);
    CHECK(handler_is(handle));
    set_handler(SIG_DFL);
    setenv("CAIRN_SNAPSHOT_SIGNAL", "SIGUSR2", 1);
    options.snapshot_signal = 0;
    CHECK_EQUAL(cairn_start(&options), 0);
    set_handler(handle); /* the program takes it after all: then it stays the program's */
    kill(getpid(), SIGUSR2);
    CHECK_EQUAL(stop().taken, 0);
    CHECK(handler_is(handle) && handled == SIGUSR2);
    set_handler(SIG_DFL);
    unsetenv("CAIRN_SNAPSHOT_SIGNAL");
}

/* A start that fails late leaves the signal as it was. */
static void fail_to_start(void)
{
    cairn_options options = flight_options();
    CHECK_EQUAL(cairn_start(&options), 0);
    CHECK_EQUAL(cairn_stop(), 0);
    if (!testing_may_mount() || mount(trace_path, trace_path, NULL, MS_BIND, NULL)) exit(SKIPPED);
    options.snapshot_signal = SIGUSR2;
    CHECK(cairn_start(&options) < 0); /* no file takes the place of a mount */
    CHECK(handler_is(SIG_DFL));
    CHECK(umount(trace_path) == 0);
    CHECK_EQUAL(cairn_start(&options), 0);
    CHECK_EQUAL(stop().taken, 0);
}

static void case_signal_and_failure(void)
{
    if (testing_is_thread_sanitized()) {
        testing_skip("ThreadSanitizer takes threads of the parent for the child's");
        return;
    }
    int status = testing_in_child(fail_to_start);
    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
        testing_skip("mounting is not permitted here");
    else
        CHECK_EQUAL(status, 0);
}

static void check_refused(cairn_options options)
{
    CHECK_EQUAL(cairn_start(&options), -CAIRN_EINVAL);
}

static void case_refused(void)
{
    cairn_options options = flight_options(), wrong;
    const char *const lists[] = {"request",    "request=",   "=1s",       "request=1",
                                 "request=1x", "request=0s", "a=1s,,b=1s"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        wrong = options;
        wrong.snapshot_slow = lists[i];
        check_refused(wrong);
    }
    wrong = options;
    wrong.snapshot_slow = "request=1s";
    wrong.helper = CAIRN_HELPER_OFF;
    check_refused(wrong);
    wrong.helper = CAIRN_HELPER_ON;
    wrong.window_bytes = 0;
    check_refused(wrong);
    wrong = options;
    wrong.snapshot_signal = SIGKILL;
    check_refused(wrong);
    wrong.snapshot_signal = 65536;
    check_refused(wrong);
    CHECK(access(trace_path, F_OK) != 0);
}

static const struct testing_case cases[] = {
    {"one slow request", case_slow},
    {"hung", case_hung},
    {"hung, then ended", case_hung_ends},
    {"failed", case_failed},
    {"rate", case_rate},
    {"unwritable", case_unwritable},
    {"signal", case_signal},
    {"signal, and the start fails", case_signal_and_failure},
    {"refused", case_refused},
};

int main(int argc, char **argv)
{
    return testing_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
