/* Signal handlers that annotate on threads that are new. SPDX-License-Identifier: Apache-2.0
 *
 * What handlers do to a thread that is at work, and to each other, is in storms.c. */
#include "readback.h"
#include "testing.h"

#include <cairn/cairn.h>

#include <pthread.h>
#include <signal.h>

static void set_handler(int signal, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    CHECK(sigaction(signal, &action, NULL) == 0);
}

static void *first_event(void *argument)
{
    pthread_barrier_wait(argument);
    for (int i = 0; i < 5; i++) cairn_log(CAIRN_BACKGROUND, "first", "events of a thread");
    return NULL;
}

static volatile uint64_t handled;

static void handle_on_new_thread(int signal)
{
    (void)signal;
    cairn_log(CAIRN_BACKGROUND, "handler", "on a thread that is new");
    __atomic_add_fetch(&handled, 1, __ATOMIC_RELAXED);
}

/* The first event of a thread may be a handler's, or be interrupted by one: then the handler's may be lost, but
 * is counted. */
static void case_new_threads(void)
{
    const char *path = testing_path("new.cairn");
    unsigned count = testing_scaled(2000);
    pthread_barrier_t barrier;
    cairn_options options = {.size = sizeof options, .path = path};
    pthread_barrier_init(&barrier, NULL, 2);
    set_handler(SIGUSR2, handle_on_new_thread);
    handled = 0;
    CHECK_EQUAL(cairn_start(&options), 0);
    for (unsigned i = 0; i < count; i++) {
        pthread_t thread;
        CHECK(!pthread_create(&thread, NULL, first_event, &barrier));
        if (i % 2) pthread_kill(thread, SIGUSR2);
        pthread_barrier_wait(&barrier);
        pthread_kill(thread, SIGUSR2);
        pthread_join(thread, NULL);
    }
    CHECK_EQUAL(cairn_stop(), 0);
    struct readback trace = readback(path);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_LOG] + trace.lost[CAIRN_TALLY_LOG],
                5 * (uint64_t)count + handled);
    CHECK(trace.lost_all <= handled / 4);
    CHECK(handled > 0);
    CHECK_EQUAL(trace.damage, 0);
    pthread_barrier_destroy(&barrier);
}

static const struct testing_case cases[] = {
    {"new threads", case_new_threads},
};

int main(int argc, char **argv)
{
    return testing_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
