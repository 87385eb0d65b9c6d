/* Records the trace that `make bench-analysis` asks about. SPDX-License-Identifier: Apache-2.0
 *
 *     analysis-load TRACE EVENTS
 *
 * Sixteen threads, flat out, until there are about so many events. Each task has 1 attribute, 6 regions nested up to three
 * deep, and 2 logs, one of them formatted: 17 events with its own begin and end. One in ten has a subtask with as
 * many. One in three is handed to the next thread, which ends it. The types of task come in turn.
 *
 * Fixed: another mix makes other figures. */
#ifdef LOAD_LTTNG
#include "load_lttng.h"
#else
#include <cairn/cairn.h>
#endif

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 16, MAILBOX = 256, TASK_EVENTS = 17 };

struct mailbox { /* from one thread to the next */
    cairn_task tasks[MAILBOX];
    atomic_uint put, got;
};

static struct mailbox mailboxes[THREADS];
static unsigned long tasks_each;

static cairn_task begin(unsigned long number)
{
    switch (number % 8) {
    case 0: return cairn_task_begin(CAIRN_BACKGROUND, "GET /");
    case 1: return cairn_task_begin(CAIRN_BACKGROUND, "GET /cart");
    case 2: return cairn_task_begin(CAIRN_BACKGROUND, "GET /item");
    case 3: return cairn_task_begin(CAIRN_BACKGROUND, "POST /cart");
    case 4: return cairn_task_begin(CAIRN_BACKGROUND, "checkout");
    case 5: return cairn_task_begin(CAIRN_BACKGROUND, "search");
    case 6: return cairn_task_begin(CAIRN_BACKGROUND, "login");
    default: return cairn_task_begin(CAIRN_BACKGROUND, "logout");
    }
}

static void work(cairn_task task, unsigned long number)
{
    cairn_attr(task, "user", number % 1000);
    cairn_region handle = cairn_region_begin(task, "handle");
    cairn_region part = cairn_region_begin(task, "parse");
    cairn_region_end(part);
    part = cairn_region_begin(task, "query");
    cairn_region inner = cairn_region_begin(task, "lock");
    cairn_region_end(inner);
    cairn_logf(task, "query", "row %d of %d", (int)(number % 100), 100);
    cairn_region_end(part);
    part = cairn_region_begin(task, "render");
    inner = cairn_region_begin(task, "write");
    cairn_region_end(inner);
    cairn_region_end(part);
    cairn_log(task, "done", "the page was sent");
    cairn_region_end(handle);
}

/* Ends it here if the next thread does not keep up. */
static void hand_on(unsigned thread, cairn_task task)
{
    struct mailbox *mailbox = &mailboxes[(thread + 1) % THREADS];
    unsigned put = atomic_load_explicit(&mailbox->put, memory_order_relaxed); /* ours alone */
    if (put - atomic_load_explicit(&mailbox->got, memory_order_acquire) == MAILBOX) {
        cairn_task_end(task);
        return;
    }
    mailbox->tasks[put % MAILBOX] = task;
    atomic_store_explicit(&mailbox->put, put + 1, memory_order_release);
}

static void end_what_came(unsigned thread)
{
    struct mailbox *mailbox = &mailboxes[thread];
    unsigned got = atomic_load_explicit(&mailbox->got, memory_order_relaxed); /* ours alone */
    while (got != atomic_load_explicit(&mailbox->put, memory_order_acquire)) {
        cairn_task task = mailbox->tasks[got % MAILBOX];
        atomic_store_explicit(&mailbox->got, ++got, memory_order_release);
        cairn_task_end(task);
    }
}

static void *serve(void *argument)
{
    unsigned thread = (unsigned)(unsigned long)argument;
    char name[32];
    snprintf(name, sizeof name, "worker %u", thread);
    cairn_thread_name(name);
    for (unsigned long number = 0, done = 0; done < tasks_each; number++, done++) {
        cairn_task task = begin(number + thread);
        work(task, number);
        if (number % 10 == 0) {
            cairn_task subtask = cairn_task_begin(task, "fetch");
            work(subtask, number);
            cairn_task_end(subtask);
            done++;
        }
        if (number % 3 == 0)
            hand_on(thread, task);
        else
            cairn_task_end(task);
        end_what_came(thread);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 3) return fputs("usage: analysis-load TRACE EVENTS\n", stderr), 2;
    tasks_each = strtoul(argv[2], NULL, 10) / TASK_EVENTS / THREADS;
    cairn_options options = {.size = sizeof options, .path = argv[1], .limit_bytes = (uint64_t)1 << 36};
    int result = cairn_start(&options);
    if (result) return fprintf(stderr, "analysis-load: cannot record: %d\n", result), 1;
    pthread_t threads[THREADS];
    for (unsigned long i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, serve, (void *)i)) return perror("analysis-load"), 1;
    for (unsigned i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < THREADS; i++) end_what_came(i);
    return cairn_stop() ? 1 : 0;
}
