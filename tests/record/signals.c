/* Signal handlers that annotate, whatever they interrupt. SPDX-License-Identifier: Apache-2.0
 *
 * All counts must be exact and no event torn: every flow (the main flow, each handler) numbers its messages, and the
 * reader must find each flow's numbers complete and in order, each with the task that it was written for. */
#include "readback.h"
#include "testing.h"

#include <cairn/cairn.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { FLOWS = 3, MAIN = 0, ALARM = 1, USER = 2 };

static volatile uint64_t written[FLOWS]; /* messages */
static cairn_task tasks[FLOWS];
static volatile uint64_t errors_changed;

static void annotate(int flow)
{
    char text[64];
    int number = (int)written[flow]++;
    /* No printf here: it is not for signal handlers. */
    int at = 0;
    text[at++] = (char)('0' + flow);
    text[at++] = ' ';
    for (int digit = 10000000; digit; digit /= 10) text[at++] = (char)('0' + number / digit % 10);
    text[at] = 0;
    cairn_region region = cairn_region_begin(tasks[flow], "region");
    cairn_log(tasks[flow], "text", text);
    cairn_logf(tasks[flow], "number", "%d %d %s", flow, number, text);
    cairn_attr(region, "number", number);
    cairn_task_end(cairn_task_begin(tasks[flow], "child"));
    cairn_region_end(region);
    cairn_counter("count", number);
}

static void handle(int signal)
{
    int error = errno;
    errno = 4321;
    annotate(signal == SIGALRM ? ALARM : USER);
    if (errno != 4321) errors_changed++;
    errno = error;
}

static void begin(const char *path)
{
    cairn_options options = {.size = sizeof options, .path = path};
    memset((void *)written, 0, sizeof written);
    errors_changed = 0;
    CHECK_EQUAL(cairn_start(&options), 0);
    tasks[MAIN] = cairn_task_begin(CAIRN_BACKGROUND, "main");
    tasks[ALARM] = cairn_task_begin(CAIRN_BACKGROUND, "alarm");
    tasks[USER] = cairn_task_begin(CAIRN_BACKGROUND, "user");
}

static void end(void)
{
    for (int i = 0; i < FLOWS; i++) cairn_task_end(tasks[i]);
    CHECK_EQUAL(cairn_stop(), 0);
    CHECK_EQUAL(errors_changed, 0);
}

struct seen {
    uint64_t next[FLOWS], formatted[FLOWS];
    uint64_t in_handler, wrong;
};

static void check_message(struct seen *seen, const struct trace_info *info, const struct trace_event *event)
{
    char text[128] = "", expected[128];
    memcpy(text, event->value.text, event->value.text_bytes < 127 ? event->value.text_bytes : 127);
    int flow = text[0] - '0';
    if (flow < 0 || flow >= FLOWS) {
        seen->wrong++;
        return;
    }
    bool formatted = strcmp(info->sites[event->site].text, "number") == 0;
    uint64_t number = formatted ? seen->formatted[flow]++ : seen->next[flow]++;
    int used = formatted ? snprintf(expected, sizeof expected, "%d %d ", flow, (int)number) : 0;
    snprintf(expected + used, sizeof expected - (size_t)used, "%d %08d", flow, (int)number);
    if (strcmp(text, expected) == 0 && event->task.id == tasks[flow].id) return;
    if (!seen->wrong++) testing_fail(__FILE__, __LINE__, "\"%s\" where \"%s\" was expected", text, expected);
}

static void see(void *data, const struct trace_info *info, const struct trace_event *event)
{
    struct seen *seen = data;
    seen->in_handler += event->in_signal_handler;
    if (event->kind == TRACE_LOG) check_message(seen, info, event);
}

static void check(const char *path)
{
    struct seen seen = {0};
    struct readback trace = readback(path);
    uint64_t all = written[MAIN] + written[ALARM] + written[USER];
    readback_events(path, see, &seen);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_LOG], 2 * all);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_REGION_BEGIN], all);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_REGION_END], all);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_ATTR], all);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_COUNTER], all);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_TASK_BEGIN], all + FLOWS);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_TASK_END], all + FLOWS);
    CHECK_EQUAL(trace.lost_all, 0);
    CHECK_EQUAL(trace.tasks_unfinished + trace.regions_unfinished, 0);
    CHECK_EQUAL(trace.damage, 0);
    for (int i = 0; i < FLOWS; i++) CHECK_EQUAL(seen.next[i], written[i]);
    CHECK(seen.in_handler > 0);
}

static void set_handler(int signal, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    CHECK(sigaction(signal, &action, NULL) == 0);
}

/* Ten thousand times a second, or as often as the system lets us. */
static void set_timer(int microseconds)
{
    struct itimerval timer = {.it_interval = {.tv_usec = microseconds},
                              .it_value = {.tv_usec = microseconds}};
    CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

/* The main flow, until the others have come to so many messages. */
static void annotate_until(uint64_t alarms, uint64_t users)
{
    uint64_t deadline_ns = testing_now_ns() + 60000000000;
    while ((written[ALARM] < alarms || written[USER] < users) && testing_now_ns() < deadline_ns) {
        for (int i = 0; i < 20; i++) annotate(MAIN);
        if (written[MAIN] > 100000) usleep(100); /* enough: only to be interrupted */
    }
    CHECK(written[ALARM] >= alarms && written[USER] >= users);
}

static void case_timer(void)
{
    const char *path = testing_path("timer.cairn");
    begin(path);
    set_handler(SIGALRM, handle);
    set_timer(100);
    annotate_until(testing_scaled(3000), 0);
    set_timer(0);
    end();
    check(path);
}

struct bombardment {
    pthread_t target;
    bool stop; /* atomic */
};

static void *bombard(void *argument)
{
    struct bombardment *bombardment = argument;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL); /* the timer's signals are for the main flow */
    while (!__atomic_load_n(&bombardment->stop, __ATOMIC_RELAXED)) {
        pthread_kill(bombardment->target, SIGUSR1);
        usleep(30);
    }
    return NULL;
}

/* A second kind of signal interrupts the first one's handler too. */
static void case_nested(void)
{
    const char *path = testing_path("nested.cairn");
    struct bombardment bombardment = {.target = pthread_self()};
    pthread_t thread;
    begin(path);
    set_handler(SIGALRM, handle);
    set_handler(SIGUSR1, handle);
    CHECK(!pthread_create(&thread, NULL, bombard, &bombardment));
    set_timer(100);
    annotate_until(testing_scaled(2000), testing_scaled(2000));
    set_timer(0);
    __atomic_store_n(&bombardment.stop, true, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    end();
    check(path);
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
    {"10 kHz", case_timer},
    {"nested", case_nested},
    {"new threads", case_new_threads},
};

int main(int argc, char **argv)
{
    return testing_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
