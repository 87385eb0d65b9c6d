/* A program with work of its own that is recorded, while its recorder is disturbed. SPDX-License-Identifier: Apache-2.0
 *
 *     faulthost TRACE [alone] [window] [low] [die]
 *
 *   alone    without the helper thread         window   as a flight recorder, with snapshots beside TRACE
 *   low      with the standard input closed    die      killed in the middle, to leave two files
 *
 * It annotates on several threads, on threads that come and go, in a signal handler, with many types; it does so twice,
 * the second time at TRACE.again. To the standard output it prints, one a line:
 *
 *   work N          a sum over what it computed; always the same
 *   harm N          what was done to it: errno changed, threads left, signals; always 0
 *   open N          descriptors that were left open
 *   start N, stop N, snapshot N, again N N     what the control functions returned
 *   emitted N...    calls made while the first recording was on, by kind; "before" the same up to the snapshot */
#include <cairn/cairn.h>

#include "format/layout.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 3, ROUNDS = 600, VISITORS = 260, TYPES = 1200, TICKLES = 64, PAUSE_NS = 6000000 };

static uint64_t emitted[CAIRN_TALLIES], work; /* atomic */
static unsigned harm;                         /* atomic */
static cairn_task shared;

static void count(enum cairn_tally tally, uint64_t calls)
{
    __atomic_add_fetch(&emitted[tally], calls, __ATOMIC_RELAXED);
}

static void do_harm(const char *what)
{
    fprintf(stderr, "harm: %s\n", what);
    __atomic_add_fetch(&harm, 1, __ATOMIC_RELAXED);
}

/* ---- What it annotates ---------------------------------------------------------------------------------------- */

static void handle_signal(int number)
{
    cairn_region region = cairn_region_begin(shared, "handler");
    cairn_logf(shared, "signal", "number %d", number);
    cairn_region_end(region);
    count(CAIRN_TALLY_REGION_BEGIN, 1);
    count(CAIRN_TALLY_LOG, 1);
    count(CAIRN_TALLY_REGION_END, 1);
}

static void annotate(unsigned i)
{
    cairn_task task = cairn_task_begin(i % 3 ? shared : CAIRN_BACKGROUND, "task");
    cairn_region outer = cairn_region_begin(task, "outer");
    cairn_region inner = cairn_region_begin(shared, "inner");
    cairn_log(task, "category", "a message of a few words");
    cairn_logf(task, "category", "%d of %s", (int)i, "many that take some room");
    cairn_attr(task, "integer", i);
    cairn_attr(outer, "text", "of a region that is not the innermost");
    cairn_region_at(task, "at", 1, 2);
    cairn_link(shared, task);
    cairn_counter("counter", i);
    cairn_region_end(i % 16 ? inner : outer);
    cairn_region_end(i % 16 ? outer : inner);
    if (i % 8)
        cairn_task_end(task);
    else
        cairn_task_fail(task, "every eighth");
    count(CAIRN_TALLY_TASK_BEGIN, 1);
    count(i % 8 ? CAIRN_TALLY_TASK_END : CAIRN_TALLY_TASK_FAIL, 1);
    count(CAIRN_TALLY_REGION_BEGIN, 2);
    count(CAIRN_TALLY_REGION_END, 2);
    count(CAIRN_TALLY_REGION_AT, 1);
    count(CAIRN_TALLY_LOG, 2);
    count(CAIRN_TALLY_ATTR, 2);
    count(CAIRN_TALLY_LINK, 1);
    count(CAIRN_TALLY_COUNTER, 1);
}

static void *work_for_long(void *argument)
{
    uint64_t state = (uintptr_t)argument;
    for (unsigned i = 0; i < ROUNDS; i++) {
        errno = (int)i;
        annotate(i);
        if (i % TICKLES == 0) raise(SIGUSR1);
        if (errno != (int)i) do_harm("errno changed");
        state = state * 6364136223846793005u + i;
    }
    __atomic_add_fetch(&work, state, __ATOMIC_RELAXED);
    return NULL;
}

static void *visit(void *argument)
{
    cairn_log(shared, "visitor", "comes and goes");
    count(CAIRN_TALLY_LOG, 1);
    __atomic_add_fetch(&work, 1, __ATOMIC_RELAXED);
    return argument;
}

static void run_one(pthread_t *thread, void *(*run)(void *), uintptr_t number)
{
    if (pthread_create(thread, NULL, run, (void *)number)) exit(3); /* ours is not to fail */
}

static void run_workers(void)
{
    pthread_t workers[WORKERS];
    for (uintptr_t i = 0; i < WORKERS; i++) run_one(&workers[i], work_for_long, i + 1);
    for (int i = 0; i < WORKERS; i++) pthread_join(workers[i], NULL);
}

static void run_visitors(void)
{
    pthread_t visitor;
    for (uintptr_t i = 0; i < VISITORS; i++) {
        run_one(&visitor, visit, i);
        pthread_join(visitor, NULL);
    }
}

static void use_many_types(void)
{
    char name[64];
    for (unsigned i = 0; i < TYPES; i++) {
        snprintf(name, sizeof name, "a counter that was named at run time, %u", i);
        cairn_counter_dyn(name, i);
    }
    count(CAIRN_TALLY_COUNTER, TYPES);
}

/* ---- The recording -------------------------------------------------------------------------------------------- */

static bool is_asked(char **words, const char *word)
{
    for (; *words; words++) {
        if (strcmp(*words, word) == 0) return true;
    }
    return false;
}

/* Lets the recorder's thread have its rounds. */
static void pause_shortly(void)
{
    nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
}

static void print_emitted(const char *what)
{
    printf("%s", what);
    for (int i = 0; i < CAIRN_TALLIES; i++) printf(" %llu", (unsigned long long)emitted[i]);
    printf("\n");
}

/* A path beside that of the trace, which may be a folder. */
static void path_beside(char *path, size_t bytes, const char *trace, const char *ending)
{
    int length = (int)strlen(trace);
    if (trace[length - 1] == '/') length--;
    snprintf(path, bytes, "%.*s%s", length, trace, ending);
}

static void take_snapshot(const char *trace)
{
    char path[4200];
    path_beside(path, sizeof path, trace, ".snapshot");
    print_emitted("before");
    printf("snapshot %d\n", cairn_snapshot(path));
}

static void run_all(const cairn_options *options, bool die)
{
    shared = cairn_task_begin(CAIRN_BACKGROUND, "shared");
    count(CAIRN_TALLY_TASK_BEGIN, 1);
    run_workers();
    pause_shortly();
    use_many_types();
    if (die) raise(SIGKILL);
    if (options->window_bytes) take_snapshot(options->path);
    run_visitors();
    pause_shortly();
    run_workers();
    cairn_task_end(shared);
    count(CAIRN_TALLY_TASK_END, 1);
}

static void record(const cairn_options *options, bool die)
{
    int started = cairn_start(options);
    printf("start %d\n", started);
    run_all(options, die);
    if (cairn_enabled() != (started == 0))
        do_harm("recording is on though it was refused, or off though not");
    printf("stop %d\n", cairn_stop());
    print_emitted("emitted");
}

/* Nothing of what went wrong before may be left. */
static void record_again(cairn_options options)
{
    char path[4200];
    path_beside(path, sizeof path, options.path, ".again");
    options.path = path;
    options.window_bytes = 0;
    int started = cairn_start(&options);
    cairn_log(CAIRN_BACKGROUND, "again", "all is well");
    printf("again %d %d\n", started, cairn_stop());
}

/* ---- What must be as it was ----------------------------------------------------------------------------------- */

static unsigned entries_of(const char *folder)
{
    unsigned entries = 0;
    DIR *directory = opendir(folder);
    while (directory && readdir(directory)) entries++;
    if (directory) closedir(directory);
    return entries;
}

/* But for one: by what is mapped from it others can reach the process, for as long as it lives. */
static int count_descriptors(void)
{
    char path[64], target[64];
    int count = 0;
    for (int fd = 0; fd < 1024; fd++) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(path, target, sizeof target - 1);
        if (length < 0) continue;
        target[length] = 0;
        count += strncmp(target, "/memfd:", 7) != 0;
    }
    return count;
}

static bool signals_are(const struct sigaction *own)
{
    struct sigaction now;
    sigset_t mask;
    sigaction(SIGUSR1, NULL, &now);
    sigprocmask(SIG_SETMASK, NULL, &mask);
    for (int number = 1; number < SIGRTMAX; number++) {
        if (sigismember(&mask, number) == 1) return false;
    }
    return now.sa_handler == own->sa_handler;
}

int main(int argc, char **argv)
{
    if (argc < 2) return 2;
    struct sigaction action = {.sa_handler = handle_signal};
    cairn_options options = {.size = sizeof options, .path = argv[1], .limit_bytes = 16 << 20};
    if (is_asked(argv + 2, "alone")) options.helper = CAIRN_HELPER_OFF;
    if (is_asked(argv + 2, "window")) options.window_bytes = 1 << 20;
    if (is_asked(argv + 2, "low")) close(STDIN_FILENO);
    sigaction(SIGUSR1, &action, NULL);
    int descriptors = count_descriptors();
    record(&options, is_asked(argv + 2, "die"));
    printf("open %d\n", count_descriptors() - descriptors);
    if (entries_of("/proc/self/task") != 3) do_harm("threads were left"); /* one, and two dots */
    if (!signals_are(&action)) do_harm("signals are blocked, or the handler is gone");
    record_again(options);
    printf("work %llu\nharm %u\n", (unsigned long long)work, harm);
    return 0;
}
