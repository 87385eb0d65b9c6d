/* Forks in signal handlers, also amid an event of the thread that is interrupted, and children that annotate in the handler
 * first. SPDX-License-Identifier: Apache-2.0 */
#include "livefolder.h"
#include "readback.h"
#include "testing.h"

#include <cairn/cairn.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AFTERWARDS = 50, ON_THREADS = 20, HANDLER_FORKS = 64, LATE = 8 };

static volatile sig_atomic_t is_child, forks;
static pid_t forked[HANDLER_FORKS];

static void fork_and_annotate(int number)
{
    (void)number;
    if (is_child || forks == HANDLER_FORKS) return;
    pid_t child = fork();
    if (child) {
        forked[forks++] = child;
        return;
    }
    is_child = 1;
    cairn_log(CAIRN_BACKGROUND, "first", "in a handler");
}

static void *log_late(void *unused)
{
    for (int i = 0; i < ON_THREADS; i++) cairn_log(CAIRN_BACKGROUND, "late", "on a new thread");
    return unused;
}

/* What the main flow of such a child does. Some live until records of threads that are gone are given away again. */
static void go_on_as_child(void)
{
    for (int i = 0; i < AFTERWARDS; i++) cairn_log(CAIRN_BACKGROUND, "after", "the handler");
    if (forks % LATE == 0) {
        pthread_t thread;
        usleep(1300000);
        if (pthread_create(&thread, NULL, log_late, NULL)) _exit(1);
        pthread_join(thread, NULL);
    }
    _exit(cairn_stop() == 0 ? 0 : 1);
}

/* Also amid an event, which in the child is then no one's: there is one more or less of these. */
static void check_forked(int number)
{
    int status = -1;
    waitpid(forked[number], &status, 0);
    CHECK_EQUAL(status, 0);
    struct readback trace = readback(testing_path("parent.%d.cairn", (int)forked[number]));
    uint64_t least = 1 + AFTERWARDS + (number % LATE ? 0 : ON_THREADS);
    uint64_t told = trace.recovered_all + trace.lost_all;
    if (told != least && told != least + 1)
        testing_fail(__FILE__, __LINE__, "%" PRIu64 " recovered and %" PRIu64 " lost, of %" PRIu64,
                     trace.recovered_all, trace.lost_all, least);
    CHECK(trace.lost_all <= 2);
    CHECK_EQUAL(trace.damage, 0);
}

static void case_in_handler(void)
{
    if (testing_is_thread_sanitized()) {
        testing_skip("ThreadSanitizer does not follow forks");
        return;
    }
    struct sigaction action = {.sa_handler = fork_and_annotate, .sa_flags = SA_RESTART};
    struct itimerval timer = {.it_interval = {.tv_usec = 500}, .it_value = {.tv_usec = 500}};
    uint64_t count = 0;
    forks = is_child = 0;
    cairn_options options = {
        .size = sizeof options, .path = testing_path("parent.cairn"), .live_dir = live_folder_create()};
    CHECK_EQUAL(cairn_start(&options), 0);
    fflush(NULL);
    usleep(
        50000); /* the address sanitizer's allocator, which no fork unlocks, is busy while a thread begins */
    CHECK(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &timer, NULL) == 0);
    uint64_t deadline_ns = testing_now_ns() + 60000000000;
    while (forks < HANDLER_FORKS && testing_now_ns() < deadline_ns) {
        for (int i = 0; i < 100 && !is_child; i++, count++) cairn_log(CAIRN_BACKGROUND, "main", "flow");
        if (is_child) go_on_as_child();
        if (count > 1000000) usleep(10);
    }
    timer = (struct itimerval){0};
    setitimer(ITIMER_REAL, &timer, NULL);
    if (is_child) go_on_as_child();
    signal(SIGALRM, SIG_DFL);
    CHECK_EQUAL(forks, HANDLER_FORKS);
    CHECK_EQUAL(cairn_stop(), 0);
    struct readback parent = readback(testing_path("parent.cairn"));
    CHECK_EQUAL(parent.recovered_all, count);
    CHECK_EQUAL(parent.lost_all + parent.damage, 0);
    for (int i = 0; i < forks; i++) check_forked(i);
    CHECK_EQUAL(live_folder_clear(), 0);
    live_folder_destroy();
}

static const struct testing_case cases[] = {{"in a handler", case_in_handler}};

int main(int argc, char **argv)
{
    return testing_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
