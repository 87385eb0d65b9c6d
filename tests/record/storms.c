/* Storms of signals and of children. SPDX-License-Identifier: Apache-2.0
 *
 * Signals: four threads annotate while timers interrupt each of them ten thousand times a second, and handlers
 * annotate, also within each other. With room for everything, everything is there, in its order.
 *
 * Children: four threads annotate while the main thread makes children, by fork, clone, vfork and spawn, that annotate
 * and exit or become other programs. The trace of the parent has the parent's events alone. Each child that annotates
 * has a trace of its own, with its events alone. A vfork child is the thread that made it, and so are its events. */
#include "flows.h"
#include "livefolder.h"
#include "readback.h"
#include "testing.h"

#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, MS = 1000000 };

static struct flow_board *board; /* the parent's */
static bool stop_annotating;     /* Atomic. */

static bool is_to_stop(void)
{
    return __atomic_load_n(&stop_annotating, __ATOMIC_RELAXED);
}

static void set_stop(bool stop)
{
    __atomic_store_n(&stop_annotating, stop, __ATOMIC_RELAXED);
}

/* ---- Signals ------------------------------------------------------------------------------------------------------ */

enum { TIMER_HZ = 10000, NESTED_HZ = 3000, CYCLES_A_MS = 15 };

/* As fast as it goes for a part of each millisecond, so that the trace stays within a few hundred megabytes. */
static void *annotate_under_signals(void *argument)
{
    void *timers[2];
    flow_begin(board, (unsigned)(uintptr_t)argument);
    CHECK(flow_timer_start(SIGUSR1, TIMER_HZ, &timers[0]));
    CHECK(flow_timer_start(SIGUSR2, NESTED_HZ, &timers[1]));
    uint64_t begin_ns = testing_now_ns();
    for (uint64_t cycles = 0; !is_to_stop(); cycles++) {
        flow_cycle();
        while (cycles / CYCLES_A_MS > (testing_now_ns() - begin_ns) / MS && !is_to_stop()) continue;
    }
    flow_timer_stop(timers[0]);
    flow_timer_stop(timers[1]);
    flow_end();
    return NULL;
}

static void start(const char *path, const char *live_folder)
{
    cairn_options options = {
        .size = sizeof options, .path = path, .live_dir = live_folder, .limit_bytes = UINT64_C(2) << 30};
    board = flow_board_create();
    CHECK(board != NULL && live_folder != NULL);
    CHECK_EQUAL(cairn_start(&options), 0);
    set_stop(false);
}

/* Stopped, everything is there, to the last. */
static struct flow_result check_complete(const char *path, unsigned threads)
{
    struct flow_result result = flow_check(path, board, threads, FLOW_AT_REST);
    CHECK_EQUAL(result.state, CAIRN_STATE_STOPPED);
    CHECK_EQUAL(result.recovered, result.completed);
    CHECK_EQUAL(result.in_flight, 0);
    CHECK_EQUAL(result.lost, 0);
    return result;
}

static uint64_t handler_runs(void)
{
    uint64_t runs = 0;
    for (unsigned thread = 0; thread < THREADS; thread++) {
        for (unsigned flow = FLOW_USR1; flow <= FLOW_USR2; flow++) {
            /* relaxed: a count that grows; exact once the threads are gone */
            runs += __atomic_load_n(&board->flows[thread][flow].cycles, __ATOMIC_RELAXED);
        }
    }
    return runs;
}

static void check_handlers(void)
{
    for (unsigned thread = 0; thread < THREADS; thread++) {
        for (unsigned flow = FLOW_USR1; flow <= FLOW_USR2; flow++) {
            const struct flow_progress *progress = &board->flows[thread][flow];
            CHECK_EQUAL(progress->completed, progress->cycles * FLOW_CYCLE_EVENTS);
            CHECK_EQUAL(progress->errno_changed, 0);
        }
    }
}

/* For so long, and on until there was enough of a storm, for a machine may be busy with other things. */
static void await_signals(void)
{
    uint64_t begin_ns = testing_now_ns(), ms = getenv("CAIRN_LONG") ? 10000 : 1500, patience_ms = 60000;
    while (testing_now_ns() - begin_ns < ms * MS ||
           (handler_runs() < testing_scaled(3000) && testing_now_ns() - begin_ns < patience_ms * MS)) {
        usleep(10000);
    }
    CHECK(handler_runs() >= testing_scaled(3000));
}

static void case_signals(void)
{
    const char *path = testing_path("signals.cairn");
    pthread_t threads[THREADS];
    start(path, live_folder_create());
    CHECK(flow_set_handlers());
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, annotate_under_signals, (void *)i));
    await_signals();
    set_stop(true);
    for (unsigned i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    CHECK_EQUAL(cairn_stop(), 0);
    struct flow_result result = check_complete(path, THREADS);
    check_handlers();
    CHECK(result.in_handler > 0);
    printf("# total: %" PRIu64 " runs of handlers, %" PRIu64 " events, %" PRIu64
           " of them by handlers amid events, %" PRIu64 " missing, %" PRIu64 " wrong\n",
           handler_runs(), result.completed, result.in_handler, result.missing, result.wrong);
    flow_board_destroy(board);
    live_folder_destroy();
}

/* ---- Children: what they do --------------------------------------------------------------------------------------- */

enum way { FORK_AND_LEAVE, FORK_AND_EXIT, FORK_AND_EXEC, CLONE, VFORK, SPAWN, WAYS };

struct child {
    pid_t pid; /* 0: none */
    enum way way;
    struct flow_board *board; /* of those that have events of their own; thread 0 */
};

static const char self[] = "/proc/self/exe";
static char *const arguments[] = {(char *)"storms", (char *)"--nothing", NULL};
static char *const environment[] = {NULL};

static bool is_child;

/* Asked by the sanitizers' leak checker, which would look for the parent's threads in a child. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return is_child;
}

static void annotate_in_child(const struct child *child)
{
    flow_begin(child->board, 0);
    for (unsigned i = 0; i < 50; i++) flow_cycle();
}

static _Noreturn void be_child(const struct child *child)
{
    is_child = true;
    annotate_in_child(child);
    if (child->way == FORK_AND_EXIT) exit(0);
    if (child->way == FORK_AND_EXEC) execve(self, arguments, environment);
    _exit(child->way == FORK_AND_EXEC);
}

static pid_t fork_raw(void)
{
    return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

/* The main thread has a flow too, which goes on in the child until that is another program. */
static pid_t make_by_vfork(void)
{
    pid_t pid = vfork();
    if (pid) return pid;
    flow_cycle();
    execve(self, arguments, environment);
    _exit(1);
}

static pid_t make_child(const struct child *child)
{
    pid_t pid = -1;
    switch (child->way) {
    case VFORK: return make_by_vfork();
    case SPAWN: return posix_spawn(&pid, self, NULL, NULL, arguments, environment) ? -1 : pid;
    case CLONE: pid = fork_raw(); break;
    default: pid = testing_fork();
    }
    if (pid == 0) be_child(child);
    return pid;
}

/* ---- Children: what their parent finds ------------------------------------------------------------------------------ */

struct storm {
    bool in_folder;
    char path[512]; /* the parent's trace, or the folder */
    struct child children[4];
    uint64_t made, with_trace, completed;
    uint64_t without_trace; /* of those that must have one */
};

/* The trace that a process has, beside the parent's; false if there is none. */
static bool find_trace(const struct storm *storm, pid_t pid, char *path, size_t path_bytes)
{
    if (storm->in_folder)
        snprintf(path, path_bytes, "%s%d.0.cairn", storm->path, (int)pid);
    else
        snprintf(path, path_bytes, "%.*s.%d.cairn", (int)(strlen(storm->path) - strlen(".cairn")),
                 storm->path, (int)pid);
    return access(path, F_OK) == 0;
}

struct identity {
    uint32_t pid, tid, processes, threads;
};

static void see_identity(void *data, const struct trace_info *info, const struct trace_event *event)
{
    struct identity *identity = data;
    *identity = (struct identity){info->processes[0].pid, info->threads[event->thread].tid,
                                  info->process_count, info->thread_count};
}

static void check_identity(const char *path, pid_t pid)
{
    struct identity identity = {0};
    readback_events(path, see_identity, &identity);
    CHECK_EQUAL(identity.pid, pid);
    CHECK_EQUAL(identity.tid, pid);
    CHECK_EQUAL(identity.processes, 1);
    CHECK_EQUAL(identity.threads, 1);
}

static void check_child_trace(struct storm *storm, const struct child *child, const char *path)
{
    struct cairn_error error = {0};
    bool stopped = child->way == FORK_AND_EXIT;
    struct flow_result result = flow_check(path, child->board, 1, FLOW_AT_REST);
    CHECK_EQUAL(result.state, stopped ? CAIRN_STATE_STOPPED : CAIRN_STATE_RECORDING);
    CHECK_EQUAL(result.recovered, result.completed);
    CHECK_EQUAL(result.in_flight + result.lost, 0);
    check_identity(path, child->pid);
    if (!stopped) {
        CHECK_EQUAL(trace_join(path, &error), 1);
        result = flow_check(path, child->board, 1, FLOW_AT_REST);
        CHECK_EQUAL(result.recovered, result.completed);
    }
    storm->completed += result.completed;
}

static void reap(struct storm *storm, struct child *child)
{
    char path[600];
    int status = -1;
    if (child->pid <= 0) return;
    waitpid(child->pid, &status, 0);
    CHECK_EQUAL(status, 0);
    /* A raw clone passes the C library by: its child is off, or records like any other. */
    bool may = child->way != VFORK && child->way != SPAWN, must = may && child->way != CLONE;
    bool has = find_trace(storm, child->pid, path, sizeof path);
    CHECK(may || !has);
    if (has) check_child_trace(storm, child, path);
    if (has) unlink(path);
    storm->with_trace += has;
    storm->without_trace += must && !has;
    flow_board_destroy(child->board);
    child->pid = 0;
}

static void make_children(struct storm *storm, unsigned count)
{
    enum { AT_A_TIME = sizeof storm->children / sizeof storm->children[0] };
    for (unsigned i = 0; i < count; i++) {
        struct child *child = &storm->children[i % AT_A_TIME];
        reap(storm, child);
        *child = (struct child){.way = (enum way)(i % WAYS), .board = flow_board_create()};
        CHECK(child->board != NULL);
        fflush(NULL);
        child->pid = make_child(child);
        CHECK(child->pid > 0);
        storm->made++;
        flow_cycle();
    }
    for (unsigned i = 0; i < AT_A_TIME; i++) reap(storm, &storm->children[i]);
}

static void *annotate_beside(void *argument)
{
    flow_begin(board, (unsigned)(uintptr_t)argument);
    while (!is_to_stop()) {
        for (unsigned i = 0; i < 20; i++) flow_cycle();
        usleep(500); /* the trace is to stay small, and children are to run */
    }
    flow_end();
    return NULL;
}

static void tell(const struct storm *storm, const struct flow_result *result)
{
    printf("# total: %" PRIu64 " children, %" PRIu64 " of them with traces of their own, with %" PRIu64
           " events; %" PRIu64 " events of the parent, %" PRIu64 " missing, %" PRIu64 " wrong\n",
           storm->made, storm->with_trace, storm->completed, result->completed, result->missing,
           result->wrong);
}

/* What the parent recorded, as a file. */
static void find_own_trace(const struct storm *storm, char *path, size_t path_bytes)
{
    if (storm->in_folder)
        snprintf(path, path_bytes, "%s%d.0.cairn", storm->path, (int)getpid());
    else
        snprintf(path, path_bytes, "%s", storm->path);
}

static void make_storm(struct storm *storm, unsigned count)
{
    char path[600];
    pthread_t threads[THREADS];
    start(storm->path, live_folder_create());
    flow_begin(board, THREADS);
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, annotate_beside, (void *)i));
    make_children(storm, count);
    set_stop(true);
    for (unsigned i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    flow_end();
    CHECK_EQUAL(cairn_stop(), 0);
    find_own_trace(storm, path, sizeof path);
    struct flow_result result = check_complete(path, THREADS + 1);
    CHECK_EQUAL(live_folder_clear(), 0);
    tell(storm, &result);
    CHECK_EQUAL(storm->without_trace, 0);
    CHECK(storm->with_trace > 0);
    flow_board_destroy(board);
    live_folder_destroy();
}

static void storm_of_children(bool in_folder)
{
    struct storm storm = {.in_folder = in_folder};
    unsigned count = testing_scaled(getenv("CAIRN_LONG") ? 125 : 100);
    if (testing_is_thread_sanitized()) {
        testing_skip("ThreadSanitizer does not follow forks");
        return;
    }
    snprintf(storm.path, sizeof storm.path, "%s%s", testing_path("storm"), in_folder ? "/" : ".cairn");
    make_storm(&storm, count < 2 * WAYS ? 2 * WAYS : count);
}

static void case_children(void)
{
    storm_of_children(false);
}

static void case_children_in_folder(void)
{
    storm_of_children(true);
}

static const struct testing_case cases[] = {
    {"signals", case_signals},
    {"children", case_children},
    {"children, in a folder", case_children_in_folder},
};

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--nothing") == 0) return 0;
    return testing_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
