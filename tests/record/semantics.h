/* What the parts of semantics.c share. Each part is a subject; each of its functions named case_... records one
 * trace, whose text form (list_trace) stands in expected/. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_SEMANTICS_H
#define CAIRN_TESTS_SEMANTICS_H

#ifndef CAIRN_HEADER /* the two-file form has its own */
#define CAIRN_HEADER <cairn/cairn.h>
#endif
#include CAIRN_HEADER

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef CAIRN_DISABLE
enum { IS_DISABLED = 1 };
#else
enum { IS_DISABLED = 0 };
#endif

static int failures;

#define CHECK(condition)                                                                                     \
    ((condition) ? (void)0                                                                                   \
                 : (void)(failures++, fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition)))

static char folder[1024]; /* for the traces */

static void start(const char *name)
{
    char path[2048];
    cairn_options options;
    memset(&options, 0, sizeof options);
    snprintf(path, sizeof path, "%s/%s.cairn", folder, name);
    options.size = sizeof options;
    options.path = path;
    options.limit_bytes = 64 << 20;
    int result = cairn_start(&options);
    if (result) {
        fprintf(stderr, "cairn_start(%s): %s\n", path, cairn_strerror(result));
        exit(1);
    }
}

static void stop(void)
{
    int result = cairn_stop();
    CHECK(result == 0);
}

struct work {
    void *(*function)(void *);
    void *argument;
};

/* The name that the system knows would be that of the program, which differs. */
static void *run_work(void *argument)
{
    struct work *work = (struct work *)argument;
    pthread_setname_np(pthread_self(), "thread");
    return work->function(work->argument);
}

/* Runs a function on a thread of its own, to its end; true if it was cancelled. */
static bool on_thread(void *(*function)(void *), void *argument)
{
    struct work work = {function, argument};
    pthread_t thread;
    void *result = NULL;
    int code = pthread_create(&thread, NULL, run_work, &work);
    CHECK(code == 0);
    if (code) return false;
    pthread_join(thread, &result);
    return result == PTHREAD_CANCELED;
}

#endif
