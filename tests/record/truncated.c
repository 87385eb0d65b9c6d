/* Somebody truncates the live file while it is mapped: the program goes on, and is told at the stop.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each case runs in a child, which dies if a SIGBUS gets through to it. */
#include "livefolder.h"
#include "readback.h"
#include "testing.h"

#include <cairn/cairn.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 3 };

static struct {
    uint64_t window_bytes;
    uint32_t helper;
    const char *live;
    char path[512];
    uint64_t counts[THREADS]; /* atomic */
    bool stop;                /* atomic */
} run;

static void annotate(unsigned i)
{
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "task");
    cairn_region region = cairn_region_begin(task, "region");
    cairn_logf(task, "category", "%u %s", i, "and text");
    cairn_attr(region, "key", i);
    cairn_region_end(region);
    cairn_task_end(task);
}

static void *emit(void *argument)
{
    uint64_t *count = argument;
    while (!__atomic_load_n(&run.stop, __ATOMIC_RELAXED)) {
        annotate((unsigned)*count);
        __atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static int start(void)
{
    snprintf(run.path, sizeof run.path, "%s/truncated.cairn", testing_folder());
    cairn_options options = {.size = sizeof options,
                             .path = run.path,
                             .live_dir = run.live,
                             .limit_bytes = 256 << 20,
                             .window_bytes = run.window_bytes,
                             .helper = run.helper};
    return cairn_start(&options);
}

static void truncate_live(void)
{
    struct cairn_file_head head = readback_head(run.path);
    CHECK(truncate(head.live_path, 0) == 0);
}

/* Each thread emits so much more. */
static void await(uint64_t more)
{
    uint64_t deadline_ns = testing_now_ns() + 30000000000;
    for (int i = 0; i < THREADS; i++) {
        uint64_t until = __atomic_load_n(&run.counts[i], __ATOMIC_RELAXED) + more;
        while (__atomic_load_n(&run.counts[i], __ATOMIC_RELAXED) < until && testing_now_ns() < deadline_ns)
            usleep(500);
    }
}

static uint64_t private_kib(void)
{
    char line[128];
    uint64_t kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status)) {
        if (strncmp(line, "RssAnon:", 8) == 0) kib = strtoull(line + 8, NULL, 10);
    }
    if (status) fclose(status);
    return kib;
}

static void be_truncated(void)
{
    pthread_t threads[THREADS];
    uint64_t enough = testing_scaled(20000);
    memset(run.counts, 0, sizeof run.counts);
    run.stop = false;
    CHECK_EQUAL(start(), 0);
    for (int i = 0; i < THREADS; i++) CHECK(!pthread_create(&threads[i], NULL, emit, &run.counts[i]));
    await(enough);
    uint64_t before_kib = private_kib();
    truncate_live();
    await(8 * enough);
    CHECK_EQUAL(cairn_snapshot(testing_path("snapshot")), run.window_bytes ? -CAIRN_EIO : -CAIRN_ENOTSUP);
    CHECK(access(testing_path("snapshot"), F_OK) != 0);
    CHECK(cairn_types("task") <= 0);
    await(enough);
    /* What goes nowhere takes some memory, but not as much as is emitted. */
    if (testing_scaled(20) >= 20) CHECK(private_kib() - before_kib < 48 << 10);
    CHECK_EQUAL(cairn_stop(), -CAIRN_EIO);
    __atomic_store_n(&run.stop, true, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    CHECK_EQUAL(live_folder_clear(), 0);
    CHECK_EQUAL(start(), 0); /* the next round knows nothing of it */
    annotate(1);
    CHECK_EQUAL(cairn_stop(), 0);
    CHECK_EQUAL(readback(run.path).recovered_all, 6);
}

static void in_child(void (*function)(void))
{
    run.live = live_folder_create();
    CHECK_EQUAL(testing_in_child(function), 0);
    live_folder_destroy();
}

static bool is_skipped(void)
{
    if (testing_is_thread_sanitized())
        testing_skip("ThreadSanitizer takes the change of a mapping for writes without order");
    return testing_is_thread_sanitized();
}

static void case_streaming(void)
{
    if (is_skipped()) return;
    run.window_bytes = 0;
    for (run.helper = CAIRN_HELPER_ON; run.helper <= CAIRN_HELPER_OFF; run.helper++) in_child(be_truncated);
}

static void case_flight(void)
{
    if (is_skipped()) return;
    run.window_bytes = 4 << 20;
    for (run.helper = CAIRN_HELPER_ON; run.helper <= CAIRN_HELPER_OFF; run.helper++) in_child(be_truncated);
}

/* As it stands between the truncation and the stop, the trace can be read. */
static void read_between(void)
{
    CHECK_EQUAL(start(), 0);
    for (unsigned i = 0; i < testing_scaled(200000); i++) annotate(i);
    truncate_live();
    CHECK(readback(run.path).recovered_all <= 6 * (uint64_t)testing_scaled(200000));
    annotate(1);
    CHECK_EQUAL(cairn_stop(), -CAIRN_EIO);
    CHECK_EQUAL(readback(run.path).damage, 0);
}

static void case_reading(void)
{
    run.helper = CAIRN_HELPER_ON;
    run.window_bytes = 0;
    in_child(read_between);
    run.window_bytes = 1 << 20;
    in_child(read_between);
}

/* ---- Signals of the program's own ---------------------------------------------------------------------------------- */

static struct {
    uint8_t *at; /* a page of the program's, whose file is too short */
    volatile sig_atomic_t count;
} own;

static void mend(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (number != SIGBUS || info->si_addr != own.at) _exit(2);
    own.count++;
    if (mmap(own.at, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != own.at)
        _exit(3);
}

static bool is_mended_by_us(void)
{
    struct sigaction now;
    return sigaction(SIGBUS, NULL, &now) == 0 && now.sa_flags & SA_SIGINFO && now.sa_sigaction == mend;
}

static void touch_own(void)
{
    FILE *file = tmpfile();
    own.at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
    CHECK(own.at != MAP_FAILED);
    *(volatile uint8_t *)own.at = 1;
    fclose(file);
}

static void have_a_handler(void)
{
    struct sigaction action = {.sa_sigaction = mend, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGBUS, &action, NULL) == 0);
    own.count = 0;
    CHECK_EQUAL(start(), 0);
    annotate(1);
    touch_own();
    CHECK_EQUAL(own.count, 1);
    truncate_live();
    annotate(2); /* ours, not the program's */
    touch_own();
    CHECK_EQUAL(own.count, 2);
    CHECK_EQUAL(cairn_stop(), -CAIRN_EIO);
    CHECK(is_mended_by_us());
    touch_own();
    CHECK_EQUAL(own.count, 3);
}

static void ignore_it(void)
{
    signal(SIGBUS, SIG_IGN);
    CHECK_EQUAL(start(), 0);
    for (int i = 0; i < 3; i++) {
        kill(getpid(), SIGBUS);
        annotate(1);
    }
    CHECK_EQUAL(cairn_stop(), 0);
    kill(getpid(), SIGBUS);
    CHECK_EQUAL(readback(run.path).recovered_all, 18);
}

static void case_own_handler(void)
{
    for (run.helper = CAIRN_HELPER_ON; run.helper <= CAIRN_HELPER_OFF; run.helper++) {
        run.window_bytes = 0;
        in_child(have_a_handler);
        in_child(ignore_it);
        run.window_bytes = 1 << 20;
        in_child(have_a_handler);
    }
}

/* A program that would have died of it dies of it. */
static void die_of_own(void)
{
    signal(SIGBUS, SIG_DFL);
    if (start() == 0) touch_own();
}

static void die_of_a_sent_one(void)
{
    signal(SIGBUS, SIG_DFL);
    if (start() == 0) kill(getpid(), SIGBUS);
    usleep(100000);
}

static void case_default(void)
{
    void (*const deaths[])(void) = {die_of_own, die_of_a_sent_one};
    run.helper = CAIRN_HELPER_ON;
    for (int i = 0; i < 2; i++) {
        run.live = live_folder_create();
        int status = testing_in_child(deaths[i]);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
        live_folder_destroy();
    }
}

static const struct testing_case cases[] = {
    {"streaming", case_streaming}, {"flight", case_flight},
    {"reading", case_reading},     {"the program's own handler", case_own_handler},
    {"the default", case_default},
};

int main(int argc, char **argv)
{
    return testing_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
