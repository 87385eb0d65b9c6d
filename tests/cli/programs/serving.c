/* A program that can be traced from outside, for the tests of the tool. SPDX-License-Identifier: Apache-2.0
 *
 *     serving busy | idle | slow | fork
 *
 * It says "ready", and then serves a request each millisecond, until SIGTERM ends it: a task "request" with a region
 * "parse", and a task "job" besides. idle: it serves one before, and then none until SIGUSR1, and one. slow: every 50th takes 60 ms, and the
 * 20th fails. fork: a forked child serves too, and says "child PID". */
#include <cairn/cairn.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t is_over, is_asked;

static void take_signal(int number)
{
    if (number == SIGTERM) is_over = 1;
    if (number == SIGUSR1) is_asked = 1;
}

static void serve(int number, bool is_slow)
{
    cairn_task request = cairn_task_begin(CAIRN_BACKGROUND, "request");
    cairn_region parse = cairn_region_begin(request, "parse");
    cairn_task job = cairn_task_begin(CAIRN_BACKGROUND, "job");
    cairn_attr(request, "number", number);
    if (is_slow && number % 50 == 49) usleep(60000);
    cairn_task_end(job);
    cairn_region_end(parse);
    if (is_slow && number == 20)
        cairn_task_fail(request, "out of luck");
    else
        cairn_task_end(request);
}

/* Not at once: AddressSanitizer's runtime holds a lock of its own while the helper's thread starts, and a child forked
 * at that moment would find it held for ever. */
static pid_t start_child(void)
{
    usleep(50000);
    pid_t parent = getpid(), child = fork();
    if (child != 0) return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    printf("child %d\n", (int)getpid());
    fflush(stdout);
    return 0;
}

static void serve_on(const char *mode)
{
    bool is_idle = strcmp(mode, "idle") == 0, is_slow = strcmp(mode, "slow") == 0;
    for (int number = 1; !is_over; number++) {
        if (!is_idle || is_asked) serve(number, is_slow);
        is_asked = 0;
        usleep(1000);
    }
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "busy";
    signal(SIGTERM, take_signal);
    signal(SIGUSR1, take_signal);
    pid_t child = strcmp(mode, "fork") == 0 ? start_child() : -1;
    serve(0, false); /* a process can be reached from its first annotation on */
    if (child != 0) puts("ready");
    fflush(stdout);
    serve_on(mode);
    if (child > 0) {
        kill(child, SIGTERM);
        waitpid(child, NULL, 0);
    }
    return 0;
}
