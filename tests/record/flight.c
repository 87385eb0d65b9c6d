/* The flight recorder: exact counts, both bounds of the window, and snapshots that cannot be written.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Threads emit known numbers of every kind. Of each kind, what a file has recovered, what it says was lost and what it
 * says was overwritten must be what was emitted: in a snapshot taken while the threads stand still, at the stop, and in
 * what a killed process left. The counts lie in memory that outlives the process. */
#include "livefolder.h"
#include "readback.h"
#include "testing.h"

#include <cairn/cairn.h>

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS_MAX = 8, ROWS = 2 * THREADS_MAX + 1, BIG_BYTES = 65536 };

struct load {
    uint64_t window_bytes;
    uint32_t threads, rounds, helper;
    bool big;     /* with texts of 64 KiB */
    bool signals; /* with handlers that interrupt */
};

/* Rules: a row of counts belongs to one flow: a thread, its signal handler, or the main thread. */
static struct shared {
    uint64_t counts[ROWS][CAIRN_TALLY_SLOTS]; /* calls that have returned. Atomic. */
    uint32_t still;                           /* all threads wait. Atomic. */
} * shared;

static struct {
    struct load load;
    pthread_barrier_t half;
    char path[512];
    const char *live;  /* folder */
    bool stop_signals; /* atomic */
} run;

static cairn_task common; /* begun by the main thread, used by all */
static char big_text[BIG_BYTES + 1];
static _Thread_local uint64_t *handler_row;

static void count(uint64_t *row, enum cairn_tally tally)
{
    __atomic_fetch_add(&row[tally], 1, __ATOMIC_RELEASE);
}

/* ---- Emitting --------------------------------------------------------------------------------------------------- */

static void annotate_regions(uint64_t *row, cairn_task task, unsigned i)
{
    cairn_region outer = cairn_region_begin(task, "outer");
    count(row, CAIRN_TALLY_REGION_BEGIN);
    cairn_region inner = cairn_region_begin(common, "inner");
    count(row, CAIRN_TALLY_REGION_BEGIN);
    cairn_attr(outer, "text", "of a region that is not the innermost");
    count(row, CAIRN_TALLY_ATTR);
    cairn_region_at(task, "at", 1, 2);
    count(row, CAIRN_TALLY_REGION_AT);
    cairn_region_end(i % 4 ? inner : outer);
    count(row, CAIRN_TALLY_REGION_END);
    cairn_region_end(i % 4 ? outer : inner);
    count(row, CAIRN_TALLY_REGION_END);
}

static void annotate(uint64_t *row, unsigned i)
{
    cairn_task task = cairn_task_begin(i % 2 ? common : CAIRN_BACKGROUND, "task");
    count(row, CAIRN_TALLY_TASK_BEGIN);
    annotate_regions(row, task, i);
    cairn_logf(task, "category", "%u %s", i, "and text");
    count(row, CAIRN_TALLY_LOG);
    if (run.load.big && i % 8 == 0) {
        cairn_log(task, "big", big_text);
        count(row, CAIRN_TALLY_LOG);
    }
    cairn_counter("counter", i);
    count(row, CAIRN_TALLY_COUNTER);
    cairn_link(common, task);
    count(row, CAIRN_TALLY_LINK);
    if (i % 8)
        cairn_task_end(task);
    else
        cairn_task_fail(task, "every eighth");
    count(row, i % 8 ? CAIRN_TALLY_TASK_END : CAIRN_TALLY_TASK_FAIL);
}

static void handle(int number)
{
    if (handler_row) annotate(handler_row, (unsigned)number);
}

static void *emit(void *argument)
{
    uintptr_t number = (uintptr_t)argument;
    handler_row = shared->counts[THREADS_MAX + number];
    for (unsigned i = 0; i < run.load.rounds; i++) {
        if (i == run.load.rounds / 2) { /* nobody emits between the two */
            sigset_t all;
            sigfillset(&all);
            pthread_sigmask(SIG_BLOCK, &all, NULL);
            pthread_barrier_wait(&run.half);
            pthread_barrier_wait(&run.half);
            pthread_sigmask(SIG_UNBLOCK, &all, NULL);
        }
        annotate(shared->counts[number], i);
    }
    handler_row = NULL;
    return NULL;
}

static void *interrupt(void *argument)
{
    pthread_t *threads = argument;
    while (!__atomic_load_n(&run.stop_signals, __ATOMIC_RELAXED)) {
        for (uint32_t i = 0; i < run.load.threads; i++) pthread_kill(threads[i], SIGUSR1);
        usleep(20);
    }
    return NULL;
}

/* Tells the tally by which a file differs from what was emitted. Of a thread that was killed one event more than it has
 * counted may be there. */
static void check_exact(const char *path, uint64_t uncertain)
{
    struct readback trace = readback(path);
    for (unsigned tally = 0; tally < CAIRN_TALLIES; tally++) {
        uint64_t emitted = 0, told = trace.recovered[tally] + trace.lost[tally] + trace.overwritten[tally];
        for (int i = 0; i < ROWS; i++)
            emitted += __atomic_load_n(&shared->counts[i][tally], __ATOMIC_ACQUIRE);
        if (told >= emitted && told <= emitted + uncertain) continue;
        testing_fail(__FILE__, __LINE__,
                     "%s: tally %u: %" PRIu64 " recovered, %" PRIu64 " lost, %" PRIu64
                     " overwritten are not %" PRIu64 " emitted",
                     path, tally, trace.recovered[tally], trace.lost[tally], trace.overwritten[tally],
                     emitted);
    }
    CHECK_EQUAL(trace.damage, 0);
    CHECK(trace.recovered_all > 0);
}

static void begin(const struct load *load, const char *name)
{
    run.load = *load;
    run.load.rounds = testing_scaled(load->rounds);
    run.stop_signals = false;
    memset(shared, 0, sizeof *shared);
    snprintf(run.path, sizeof run.path, "%s/%s", testing_folder(), name);
    cairn_options options = {.size = sizeof options,
                             .path = run.path,
                             .live_dir = run.live,
                             .window_bytes = load->window_bytes,
                             .helper = load->helper};
    CHECK_EQUAL(cairn_start(&options), 0);
    common = cairn_task_begin(CAIRN_BACKGROUND, "common");
    count(shared->counts[ROWS - 1], CAIRN_TALLY_TASK_BEGIN);
}

/* Runs the threads; `between` is called in the middle, while they all wait. */
static void emit_all(void (*between)(void))
{
    pthread_t threads[THREADS_MAX], interrupter;
    pthread_barrier_init(&run.half, NULL, run.load.threads + 1);
    for (uintptr_t i = 0; i < run.load.threads; i++)
        CHECK(!pthread_create(&threads[i], NULL, emit, (void *)i));
    if (run.load.signals) CHECK(!pthread_create(&interrupter, NULL, interrupt, threads));
    pthread_barrier_wait(&run.half);
    between();
    pthread_barrier_wait(&run.half);
    if (run.load.signals) {
        usleep(2000);
        __atomic_store_n(&run.stop_signals, true, __ATOMIC_RELAXED);
        pthread_join(interrupter, NULL);
    }
    for (uint32_t i = 0; i < run.load.threads; i++) pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&run.half);
}

/* ---- Exactness -------------------------------------------------------------------------------------------------- */

static void take_exact_snapshot(void)
{
    const char *path = testing_path("still.cairn");
    CHECK_EQUAL(cairn_snapshot(path), 0);
    check_exact(path, 0);
}

static uint64_t live_bytes(void)
{
    struct stat status = {0};
    CHECK(stat(readback_head(run.path).live_path, &status) == 0);
    return (uint64_t)status.st_blocks * 512;
}

/* Beside the window's slots the live file has its head, sites, thread records and the table of open tasks. */
static uint64_t live_bytes_beside(uint64_t window_bytes)
{
    uint64_t table = window_bytes / 8 > 163840 ? window_bytes / 8 : 163840;
    return 4096 + 2 * 65536 + table;
}

static void check_load(struct load load)
{
    run.live = live_folder_create();
    begin(&load, "exact.cairn");
    emit_all(take_exact_snapshot);
    uint64_t bytes = live_bytes(), beside = live_bytes_beside(load.window_bytes);
    CHECK(bytes <= 2 * load.window_bytes + (1 << 20) + beside);
    bool alone = load.threads == 1 && load.helper == CAIRN_HELPER_OFF; /* nobody else holds a lock */
    if (alone) CHECK(bytes <= load.window_bytes + beside);
    cairn_task_end(common);
    count(shared->counts[ROWS - 1], CAIRN_TALLY_TASK_END);
    CHECK_EQUAL(cairn_stop(), 0);
    check_exact(run.path, 0);
    live_folder_destroy();
}

static void check_window(uint64_t window_bytes, uint32_t rounds)
{
    for (uint32_t threads = 1; threads <= THREADS_MAX; threads *= 2) {
        struct load load = {.window_bytes = window_bytes, .threads = threads, .rounds = rounds / threads};
        load.helper = CAIRN_HELPER_ON;
        check_load(load);
        load.helper = CAIRN_HELPER_OFF;
        check_load(load);
    }
}

static void case_256_kib(void)
{
    check_window(256 << 10, 8000);
}

static void case_1_mib(void)
{
    check_window(1 << 20, 20000);
}

static void case_16_mib(void)
{
    check_load((struct load){.window_bytes = 16 << 20, .threads = 4, .rounds = 60000});
}

static void case_large_texts(void)
{
    struct load load = {.window_bytes = 256 << 10, .threads = 4, .rounds = 800, .big = true};
    check_load(load);
    load.window_bytes = 4 << 20;
    check_load(load);
    load.helper = CAIRN_HELPER_OFF;
    check_load(load);
}

static void case_signals(void)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART}, former;
    sigaction(SIGUSR1, &action, &former);
    struct load load = {.window_bytes = 512 << 10, .threads = 4, .rounds = 20000, .signals = true};
    check_load(load);
    load.helper = CAIRN_HELPER_OFF;
    check_load(load);
    sigaction(SIGUSR1, &former, NULL);
}

static void *live_shortly(void *argument)
{
    for (unsigned i = 0; i < 3; i++) annotate(shared->counts[(uintptr_t)argument], i);
    return NULL;
}

static void nothing(void)
{
}

static void case_short_threads(void)
{
    enum { AT_ONCE = 20, BATCHES = 25 };
    struct load load = {.window_bytes = 256 << 10, .threads = 1, .rounds = 2000};
    run.live = live_folder_create();
    begin(&load, "short.cairn");
    for (unsigned batch = 0; batch < BATCHES; batch++) {
        pthread_t threads[AT_ONCE];
        for (uintptr_t i = 0; i < AT_ONCE; i++)
            CHECK(!pthread_create(&threads[i], NULL, live_shortly, (void *)(i % THREADS_MAX)));
        for (int i = 0; i < AT_ONCE; i++) pthread_join(threads[i], NULL);
    }
    take_exact_snapshot();
    emit_all(nothing);
    CHECK_EQUAL(cairn_stop(), 0);
    check_exact(run.path, 0);
    CHECK_EQUAL(readback(run.path).threads, BATCHES * AT_ONCE + 2);
    live_folder_destroy();
}

/* ---- After a kill ------------------------------------------------------------------------------------------------ */

static void stand_still(void)
{
    __atomic_store_n(&shared->still, 1, __ATOMIC_RELEASE);
    for (;;) pause();
}

static uint64_t counted(void)
{
    uint64_t sum = 0;
    for (int i = 0; i < ROWS; i++)
        sum += __atomic_load_n(&shared->counts[i][CAIRN_TALLY_LOG], __ATOMIC_RELAXED);
    return sum;
}

/* `at_rest`: when all threads wait; else amid their events. */
static void kill_recorder(struct load load, bool at_rest)
{
    struct cairn_error error = {0};
    uint64_t enough = testing_scaled(load.rounds), deadline_ns = testing_now_ns() + 60000000000;
    memset(shared, 0, sizeof *shared);
    snprintf(run.path, sizeof run.path, "%s", testing_path("killed.cairn"));
    run.live = live_folder_create();
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        begin(&load, "killed.cairn");
        if (!at_rest) run.load.rounds = UINT32_MAX; /* never at the half */
        emit_all(stand_still);
    }
    while (at_rest ? !__atomic_load_n(&shared->still, __ATOMIC_ACQUIRE) : counted() < enough) {
        if (testing_now_ns() > deadline_ns) break;
        usleep(500);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    check_exact(run.path, at_rest ? 0 : load.threads);
    CHECK_EQUAL(trace_join(run.path, &error), 1);
    check_exact(run.path, at_rest ? 0 : load.threads);
    CHECK_EQUAL(readback_head(run.path).state, CAIRN_STATE_JOINED);
    CHECK_EQUAL(live_folder_clear(), 0);
    live_folder_destroy();
}

static void case_killed(void)
{
    const struct load loads[] = {
        {.window_bytes = 256 << 10, .threads = 4, .rounds = 4000},
        {.window_bytes = 256 << 10, .threads = 4, .rounds = 4000, .helper = CAIRN_HELPER_OFF},
        {.window_bytes = 1 << 20, .threads = 2, .rounds = 800, .big = true},
        {.window_bytes = 16 << 20, .threads = 8, .rounds = 10000}};
    for (size_t i = 0; i < sizeof loads / sizeof loads[0]; i++) kill_recorder(loads[i], true);
    for (unsigned i = 0; i < testing_scaled(20); i++) kill_recorder(loads[i % 4], false);
}

static const struct testing_case cases[] = {
    {"256 KiB", case_256_kib},         {"1 MiB", case_1_mib},     {"16 MiB", case_16_mib},
    {"large texts", case_large_texts}, {"signals", case_signals}, {"500 threads", case_short_threads},
    {"killed", case_killed},
};

int main(int argc, char **argv)
{
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return 1;
    memset(big_text, 'x', BIG_BYTES);
    return testing_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
