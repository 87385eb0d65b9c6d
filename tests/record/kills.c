/* Programs that die at any instant, and what their traces then have. SPDX-License-Identifier: Apache-2.0
 *
 *   1. A child starts a recording and annotates on four threads and in their signal handlers (flows.h).
 *   2. At a random instant, from before its start to some seconds after, it dies in one of several ways. One in four
 *      may die before it has a trace, however slow the machine is; the others are at work.
 *   3. The trace as it stands, with its live file, has everything that the child had completed or says that it was
 *      lost, nothing else, and shows as open what was open.
 *   4. So has the one file that `trace_join` makes of the two; the live file is gone.
 *
 * Limits vary, so that chunks are small and used again often, and are in part too small for everything. */
#include "flows.h"
#include "livefolder.h"
#include "readback.h"
#include "testing.h"
#include "torntrace.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 4, EXIT_STATUS = 3, TROUBLE = 43, SECONDS_MAX = 120, TEARS = 11, SITES_MAX = 200000 };

struct death {
    const char *name;
    void (*die)(void); /* NULL: killed from outside */
    unsigned thread;   /* that dies */
    int status;        /* as of waitpid */
};

struct run {
    const struct death *death;
    struct flow_board *board;
    const char *path;
    cairn_options options;
    uint64_t die_after_ns; /* of its start; and after so many events of the thread that dies */
    uint64_t die_after_events;
    bool is_killed_at_work; /* the instant is one of its work: counted from its first thread's first event */
    unsigned pause_us;      /* after each `burst` cycles; 0: none */
    unsigned burst, timer_hz;
    bool is_read_meanwhile;
    size_t torn_bytes; /* of a write that the death cut short; 0: none */
};

struct totals {
    uint64_t runs, unstarted, readings, completed, recovered, in_flight, lost, overwritten, missing, wrong,
        in_handler;
};

/* ---- The child --------------------------------------------------------------------------------------------------- */

static const struct run *run; /* Rules: set before the threads are */
static uint64_t die_at_ns;
static int exec_pipe[2]; /* its other end is closed by the program that takes the child's place */

static void maybe_die(unsigned thread)
{
    bool ripe = testing_now_ns() >= die_at_ns &&
                run->board->flows[thread][FLOW_MAIN].completed >= run->die_after_events;
    if (run->death->die && run->death->thread == thread && ripe) run->death->die();
}

static void *annotate(void *argument)
{
    unsigned thread = (unsigned)(uintptr_t)argument;
    void *timers[2];
    flow_begin(run->board, thread);
    if (!flow_timer_start(SIGUSR1, run->timer_hz, &timers[0]) ||
        !flow_timer_start(SIGUSR2, run->timer_hz / 2 + 1, &timers[1])) {
        _exit(TROUBLE);
    }
    for (;;) {
        for (unsigned i = 0; i < run->burst; i++) flow_cycle();
        maybe_die(thread);
        if (run->pause_us) usleep(run->pause_us);
    }
    return NULL;
}

static _Noreturn void be_child(void)
{
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    signal(SIGSEGV, SIG_DFL); /* a sanitizer's handler would make another end of it */
    signal(SIGABRT, SIG_DFL);
    alarm(SECONDS_MAX);
    close(exec_pipe[0]);
    die_at_ns = testing_now_ns() + run->die_after_ns;
    int result = cairn_start(&run->options);
    __atomic_store_n(&run->board->start_result, result, __ATOMIC_RELEASE);
    if (result || !flow_set_handlers()) _exit(TROUBLE);
    for (uintptr_t thread = 1; thread < THREADS; thread++) {
        pthread_t created;
        if (pthread_create(&created, NULL, annotate, (void *)thread)) _exit(TROUBLE);
    }
    annotate(NULL);
    _exit(TROUBLE);
}

__attribute__((no_sanitize("undefined"))) static void store_to_nowhere(void)
{
    static volatile uintptr_t nowhere; /* not a constant: compilers would know better */
    *(volatile int *)nowhere = 1;
}

static void leave(void)
{
    _exit(EXIT_STATUS);
}

/* The program that takes our place waits until it is killed, so that its pid is in use while the trace is read. */
static void become_another(void)
{
    char number[16];
    snprintf(number, sizeof number, "%d", exec_pipe[1]);
    char *arguments[] = {(char *)"kills", (char *)"--wait", number, NULL};
    char *environment[] = {NULL};
    execve("/proc/self/exe", arguments, environment);
    _exit(TROUBLE);
}

static const struct death killed = {"killed", NULL, 0, SIGKILL};
static const struct death aborted = {"aborted", abort, 0, SIGABRT};
static const struct death faulted = {"faulted", store_to_nowhere, 2, SIGSEGV};
static const struct death left = {"left", leave, 1, EXIT_STATUS << 8};
static const struct death replaced = {"replaced", become_another, 3, SIGKILL};

/* ---- Instants and limits ------------------------------------------------------------------------------------------- */

static uint64_t random_state;

static uint64_t random_below(uint64_t bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % bound;
}

/* Many during the start and shortly after it, few after seconds, with pauses then: files are to stay small. */
static void choose_instant(struct run *chosen)
{
    enum { MS = 1000000 };
    uint64_t choice = random_below(100);
    chosen->is_killed_at_work = random_below(4) > 0;
    chosen->burst = 1 + (unsigned)random_below(20);
    chosen->timer_hz = 500u << random_below(5);
    if (choice < 10) {
        chosen->die_after_ns = random_below(MS);
    } else if (choice < 75) {
        chosen->die_after_ns = random_below(40 * MS);
    } else if (choice < 97) {
        chosen->die_after_ns = random_below(250 * MS);
        chosen->pause_us = 300;
    } else {
        chosen->die_after_ns = random_below(3000) * MS;
        chosen->pause_us = 2000;
    }
}

static void choose_options(struct run *chosen, bool windowed)
{
    static const uint64_t limits[] = {0, 1 << 16, 1 << 20, 3 << 20, 1 << 24, 1 << 24, 1 << 26, 1 << 26};
    cairn_options *options = &chosen->options;
    *options = (cairn_options){.size = sizeof *options};
    options->limit_bytes = limits[random_below(sizeof limits / sizeof limits[0])];
    options->helper = random_below(8) ? CAIRN_HELPER_ON : CAIRN_HELPER_OFF;
    if (!windowed) return;
    options->limit_bytes = 0;
    options->window_bytes = UINT64_C(1) << (17 + random_below(6));
}

/* Small chunks, and room for all of them. */
static void choose_reading(struct run *chosen)
{
    chosen->is_read_meanwhile = true;
    chosen->die_after_ns = 1 + random_below(200000000);
    chosen->pause_us = 1000;
    chosen->burst = testing_scaled(20) < 20 ? 1 : 5; /* with sanitizers reading is slow */
    chosen->timer_hz = 500;
    chosen->options.limit_bytes = 31 << 20;
}

/* Nothing is written before the death, so that the next write is known. */
static void choose_tear(struct run *chosen, unsigned number)
{
    static const size_t bytes[TEARS] = {1, 8, 24, 31, 32, 56, 79, 80, 81, 200, 1000};
    chosen->torn_bytes = bytes[number % TEARS];
    chosen->die_after_events = 3000; /* so that there is a chunk to be written */
    chosen->options.limit_bytes = 0;
    chosen->options.helper = CAIRN_HELPER_OFF;
}

/* ---- The parent ------------------------------------------------------------------------------------------------------ */

static void sleep_ns(uint64_t ns)
{
    struct timespec rest = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
    while (nanosleep(&rest, &rest) && errno == EINTR) continue;
}

static pid_t start_child(void)
{
    fflush(NULL);
    if (pipe(exec_pipe)) return -1;
    pid_t child = fork();
    if (child == 0) be_child();
    close(exec_pipe[1]);
    return child;
}

static bool is_replaced(void)
{
    return run->death == &replaced;
}

static bool is_started(void)
{
    return __atomic_load_n(&run->board->start_result, __ATOMIC_ACQUIRE) != FLOW_NOT_STARTED;
}

static bool is_at_work(void)
{
    return __atomic_load_n(&run->board->flows[0][FLOW_PROLOGUE].completed, __ATOMIC_ACQUIRE) > 0;
}

static bool await(bool (*is_so)(void))
{
    uint64_t deadline_ns = testing_now_ns() + SECONDS_MAX * UINT64_C(1000000000);
    while (!is_so()) {
        if (testing_now_ns() > deadline_ns) return false;
        usleep(100);
    }
    return true;
}

/* Returns when the child's recording is over: it is dead, and its status is returned, or it is another program. */
static int await_end(pid_t child)
{
    int status = 0;
    char nothing;
    if (!run->death->die) {
        if (run->is_killed_at_work) CHECK(await(is_at_work));
        sleep_ns(run->die_after_ns);
        kill(child, SIGKILL);
    }
    if (is_replaced())
        while (read(exec_pipe[0], &nothing, 1) < 0 && errno == EINTR) continue;
    else
        waitpid(child, &status, 0);
    close(exec_pipe[0]);
    return status;
}

static void add_result(struct totals *totals, const struct flow_result *result)
{
    totals->completed += result->completed;
    totals->recovered += result->recovered;
    totals->in_flight += result->in_flight;
    totals->lost += result->lost;
    totals->overwritten += result->overwritten;
    totals->in_handler += result->in_handler;
}

/* As it stands, then joined. */
static void check_trace(struct totals *totals, bool windowed)
{
    unsigned reading = windowed ? FLOW_WINDOWED : FLOW_AT_REST;
    struct cairn_error error = {0};
    struct flow_result result = flow_check(run->path, run->board, THREADS, reading);
    CHECK_EQUAL(result.state, CAIRN_STATE_RECORDING);
    add_result(totals, &result);
    int joined = trace_join(run->path, &error);
    if (joined != 1) testing_fail(__FILE__, __LINE__, "%s: join: %d %s", run->path, joined, error.text);
    struct flow_result again = flow_check(run->path, run->board, THREADS, reading);
    CHECK_EQUAL(again.state, CAIRN_STATE_JOINED);
    CHECK_EQUAL(again.recovered, result.recovered);
    CHECK_EQUAL(again.in_flight, result.in_flight);
    CHECK_EQUAL(again.lost, result.lost);
    CHECK_EQUAL(again.overwritten, result.overwritten);
    CHECK_EQUAL(live_folder_clear(), 0);
    totals->missing += result.missing + again.missing;
    totals->wrong += result.wrong + again.wrong;
}

/* Reads the trace again and again while the child records: everything that was completed before is there. */
static void read_meanwhile(struct totals *totals)
{
    static struct flow_board before;
    uint64_t until_ns = testing_now_ns() + run->die_after_ns;
    CHECK(await(is_started));
    for (unsigned i = 0; i < 3 || testing_now_ns() < until_ns; i++) {
        flow_board_read(&before, run->board);
        struct flow_result result = flow_check(run->path, &before, THREADS, FLOW_UNDER_WAY);
        CHECK_EQUAL(result.state, CAIRN_STATE_RECORDING);
        totals->readings++;
        totals->missing += result.missing;
        totals->wrong += result.wrong;
    }
}

static void run_once(struct totals *totals, bool windowed)
{
    pid_t child = start_child();
    CHECK(child > 0);
    if (child <= 0) return; /* a kill of -1 would be one of everybody */
    if (run->is_read_meanwhile) read_meanwhile(totals);
    int status = await_end(child);
    int result = __atomic_load_n(&run->board->start_result, __ATOMIC_ACQUIRE);
    totals->runs++;
    if (run->torn_bytes) CHECK(torn_trace_make(run->path, run->torn_bytes));
    if (access(run->path, F_OK) == 0) {
        check_trace(totals, windowed);
    } else { /* it died before there was a trace */
        CHECK_EQUAL(result, FLOW_NOT_STARTED);
        totals->unstarted++;
        live_folder_clear();
    }
    if (is_replaced()) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
    }
    CHECK_EQUAL(status & ~0x80, run->death->status); /* less the mark of a core file */
}

enum mode { STREAMING, IN_FLIGHT, READ_MEANWHILE, TORN };

static void tell(const struct totals *totals, const struct death *death, enum mode mode)
{
    static const char *const modes[] = {"", " in flight mode", " and read meanwhile", " amid a write"};
    printf("# total: %" PRIu64 " times %s%s: %" PRIu64 " events completed, %" PRIu64 " missing, %" PRIu64
           " wrong (%" PRIu64 " recovered, %" PRIu64 " of them by handlers amid events; %" PRIu64
           " reported lost, %" PRIu64 " overwritten; %" PRIu64 " more that were under way; %" PRIu64
           " died before their trace was; %" PRIu64 " readings before the end)\n",
           totals->runs, death->name, modes[mode], totals->completed, totals->missing, totals->wrong,
           totals->recovered, totals->in_handler, totals->lost, totals->overwritten, totals->in_flight,
           totals->unstarted, totals->readings);
    fflush(stdout);
}

static void die_often(const struct death *death, enum mode mode, unsigned count)
{
    struct totals totals = {0};
    struct run chosen = {.death = death, .board = NULL};
    run = &chosen;
    const char *live_folder = live_folder_create();
    CHECK(live_folder != NULL);
    random_state = 0x9e3779b97f4a7c15 + (uint64_t)death->status;
    for (unsigned i = 0; i < count; i++) {
        chosen = (struct run){.death = death, .path = testing_path("%s.cairn", death->name)};
        choose_options(&chosen, mode == IN_FLIGHT);
        choose_instant(&chosen);
        if (mode == READ_MEANWHILE) choose_reading(&chosen);
        if (mode == TORN) choose_tear(&chosen, i);
        chosen.options.path = chosen.path;
        chosen.options.live_dir = live_folder;
        chosen.board = flow_board_create();
        CHECK(chosen.board != NULL);
        run_once(&totals, mode == IN_FLIGHT);
        unlink(chosen.path);
        flow_board_destroy(chosen.board);
    }
    live_folder_destroy();
    tell(&totals, death, mode);
    CHECK(totals.completed > 0);
}

/* ---- Cases ------------------------------------------------------------------------------------------------------------- */

/* A thousand in the long form. */
static unsigned kill_count(void)
{
    unsigned count = testing_scaled(getenv("CAIRN_LONG") ? 125 : 50);
    return count < 5 ? 5 : count;
}

static unsigned other_count(void)
{
    unsigned count = testing_scaled(10);
    return count < 3 ? 3 : count;
}

static void case_killed(void)
{
    die_often(&killed, STREAMING, kill_count());
}

static void case_aborted(void)
{
    die_often(&aborted, STREAMING, other_count());
}

static void case_faulted(void)
{
    die_often(&faulted, STREAMING, other_count());
}

static void case_left(void)
{
    die_often(&left, STREAMING, other_count());
}

static void case_replaced(void)
{
    die_often(&replaced, STREAMING, other_count());
}

static void case_read_meanwhile(void)
{
    die_often(&killed, READ_MEANWHILE, other_count());
}

/* New call sites without end, each used once. */
static _Noreturn void make_sites(const char *path)
{
    cairn_options options = {.size = sizeof options, .path = path};
    int result = cairn_start(&options);
    __atomic_store_n(&run->board->start_result, result, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < SITES_MAX; i++) {
        char name[32];
        snprintf(name, sizeof name, "counter %u", i);
        cairn_counter_dyn(name, i);
        if (i % 8 == 0) usleep(100);
    }
    for (;;) pause();
}

/* Their definitions are read while they are written. */
static void case_sites_meanwhile(void)
{
    struct run chosen = {.board = flow_board_create(), .path = testing_path("sites.cairn")};
    run = &chosen;
    CHECK(chosen.board != NULL);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) make_sites(chosen.path);
    CHECK(child > 0);
    if (child <= 0) return; /* as in run_once */
    CHECK(await(is_started));
    uint64_t last = 0;
    for (unsigned i = 0; i < 5 + testing_scaled(200); i++) {
        struct readback trace = readback(chosen.path);
        CHECK_EQUAL(trace.damage, 0);
        CHECK(trace.recovered_all >= last);
        last = trace.recovered_all;
    }
    CHECK(last > 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    struct cairn_error error = {0};
    CHECK_EQUAL(trace_join(chosen.path, &error), 1);
    flow_board_destroy(chosen.board);
}

enum { ROUND_EVENTS = 20000 };

/* Recordings without end, each to the same path, and each with so many events. */
static _Noreturn void make_rounds(const char *path, const char *live_folder)
{
    cairn_options options = {.size = sizeof options, .path = path, .live_dir = live_folder};
    for (;;) {
        int result = cairn_start(&options);
        __atomic_store_n(&run->board->start_result, result, __ATOMIC_RELEASE);
        for (unsigned i = 0; i < ROUND_EVENTS; i++) cairn_counter("number", i);
        if (result || cairn_stop()) _exit(TROUBLE);
    }
}

/* False if it tells of a death: the process is alive. */
static bool tells_no_death(const struct trace_info *info)
{
    for (uint32_t i = 0; i < info->diagnostics->count; i++) {
        const char *name = info->diagnostics->items[i].name;
        if (strcmp(name, "live_missing") == 0 || strcmp(name, "ended_without_stop") == 0) return false;
    }
    return true;
}

/* A recording that ends while it is read is read as one that has ended. */
static void case_rounds_meanwhile(void)
{
    struct run chosen = {.board = flow_board_create(), .path = testing_path("rounds.cairn")};
    const char *live_folder = live_folder_create();
    run = &chosen;
    CHECK(chosen.board && live_folder);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) make_rounds(chosen.path, live_folder);
    CHECK(child > 0);
    if (child <= 0) return; /* as in run_once */
    CHECK(await(is_started));
    unsigned stopped = 0;
    for (unsigned i = 0; i < 20 + testing_scaled(1000); i++) {
        struct cairn_error error = {0};
        struct trace_source *trace = trace_open(chosen.path, &error);
        if (!trace) testing_fail(__FILE__, __LINE__, "%s", error.text);
        if (!trace) break;
        struct trace_event event;
        uint64_t events = 0;
        while (trace->next(trace, &event, &error) > 0) events += event.kind == TRACE_COUNTER;
        CHECK(tells_no_death(trace->info));
        CHECK(events <= ROUND_EVENTS);
        if (trace->info->processes[0].state == CAIRN_STATE_STOPPED) {
            CHECK_EQUAL(events, ROUND_EVENTS);
            stopped++;
        }
        trace->close(trace);
    }
    CHECK(stopped > 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    live_folder_destroy();
    flow_board_destroy(chosen.board);
}

static void case_torn(void)
{
    die_often(&left, TORN, TEARS);
}

static void case_killed_in_flight(void)
{
    die_often(&killed, IN_FLIGHT, kill_count());
}

static void case_aborted_in_flight(void)
{
    die_often(&aborted, IN_FLIGHT, other_count());
}

static void case_faulted_in_flight(void)
{
    die_often(&faulted, IN_FLIGHT, other_count());
}

static const struct testing_case cases[] = {
    {"kill -9", case_killed},
    {"abort", case_aborted},
    {"SIGSEGV", case_faulted},
    {"_exit", case_left},
    {"exec", case_replaced},
    {"read meanwhile", case_read_meanwhile},
    {"sites read meanwhile", case_sites_meanwhile},
    {"rounds read meanwhile", case_rounds_meanwhile},
    {"amid a write", case_torn},
    {"kill -9 in flight mode", case_killed_in_flight},
    {"abort in flight mode", case_aborted_in_flight},
    {"SIGSEGV in flight mode", case_faulted_in_flight},
};

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--wait") == 0) {
        close(atoi(argv[2]));
        for (;;) pause();
    }
    return testing_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
