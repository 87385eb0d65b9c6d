/* A small annotated program for the tests of the tool. SPDX-License-Identifier: Apache-2.0
 *
 *     annotated [exit CODE | kill | abort | wait | exec PROGRAM ARGUMENT... | idle]
 *
 * It always records the same first, unless it is to be idle: 20 tasks "order", each with a region "brew" around
 * one "pour", an attribute, a log and a counter value, every fifth failing; a link; and, on a second thread, a
 * task "clean" that never ends, with an open region "sweep". Then it ends in the way asked for. */
#include <cairn/cairn.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ORDERS = 20 };

static void *clean(void *unused)
{
    cairn_thread_name("cleaner");
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "clean");
    cairn_region_begin(task, "sweep");
    return unused;
}

static void serve(int number)
{
    cairn_task order = cairn_task_begin(CAIRN_BACKGROUND, "order");
    cairn_region brew = cairn_region_begin(order, "brew");
    cairn_region pour = cairn_region_begin(order, "pour");
    cairn_attr(order, "number", number);
    cairn_attr(order, "size", "gr\"o\\ss \xff");
    cairn_region_end(pour);
    cairn_region_end(brew);
    cairn_logf(order, "barista", "order %d is ready", number);
    cairn_counter("orders", number + 1);
    if (number % 5 == 4)
        cairn_task_fail(order, "out of milk");
    else
        cairn_task_end(order);
}

static void work(void)
{
    pthread_t thread;
    for (int i = 0; i < ORDERS; i++) serve(i);
    cairn_task first = cairn_task_begin(CAIRN_BACKGROUND, "order"),
               second = cairn_task_begin(first, "refill");
    cairn_link(first, second);
    cairn_task_end(second);
    cairn_task_end(first);
    if (pthread_create(&thread, NULL, clean, NULL) == 0) pthread_join(thread, NULL);
}

static void stop(int number)
{
    printf("signal %d\n", number);
    exit(40 + number);
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "exit";
    if (strcmp(way, "idle") == 0) return 0;
    work();
    if (strcmp(way, "kill") == 0) raise(SIGKILL);
    if (strcmp(way, "abort") == 0) abort();
    if (strcmp(way, "exec") == 0 && argc > 2) execvp(argv[2], argv + 2);
    if (strcmp(way, "wait") == 0) {
        signal(SIGTERM, stop);
        signal(SIGINT, stop);
        puts("ready");
        fflush(stdout);
        for (;;) pause();
    }
    return argc > 2 ? atoi(argv[2]) : 0;
}
