/* A flight recorder under steady load: each snapshot is whole by itself, and memory does not grow.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A child records requests on several threads into a window that holds a small part of them, and takes snapshots meanwhile.
 * The parent reads each. Of every task the trace must know the true birth and type: requests tell theirs in attributes;
 * those of tasks and regions that began at the very start, long before any window, lie in memory that both share. */
#include "readback.h"
#include "testing.h"

#include <cairn/cairn.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 3, WINDOW_BYTES = 4 << 20, BURST = 32 };

/* Of the start of the recording. Rules: written by the child before the first snapshot; `late_*` before the last. */
static struct facts {
    cairn_task of_thread[THREADS]; /* and regions that are open all along */
    cairn_region whole[THREADS];
    cairn_task forgotten;                        /* never mentioned again */
    cairn_task child;                            /* of the first thread's; neither */
    cairn_task late;                             /* ends before the last snapshot */
    uint64_t late_begun_ns[2], late_ended_ns[2]; /* before and behind the calls */
    uint64_t resident_first, resident_warm, resident_last, resident_most;
    uint64_t requests[THREADS];
} * facts;

static struct {
    unsigned snapshots;
    uint64_t period_ns;
    char trace_path[512];
    int told[2]; /* a pipe: numbers of snapshots */
} load;

/* ---- The child --------------------------------------------------------------------------------------------------- */

static pthread_barrier_t begun;
static bool stop; /* atomic */

/* Private and shared memory, in KiB; not the program's own text. */
static uint64_t resident_kib(void)
{
    char line[128];
    uint64_t sum = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status)) {
        if (strncmp(line, "RssAnon:", 8) == 0 || strncmp(line, "RssShmem:", 9) == 0)
            sum += strtoull(strchr(line, ':') + 1, NULL, 10);
    }
    if (status) fclose(status);
    return sum;
}

static void begin_long_tasks(void)
{
    facts->forgotten = cairn_task_begin(CAIRN_BACKGROUND, "forgotten");
    facts->child = cairn_task_begin(facts->of_thread[0], "child");
    facts->late_begun_ns[0] = testing_now_ns();
    facts->late = cairn_task_begin(CAIRN_BACKGROUND, "late");
    facts->late_begun_ns[1] = testing_now_ns();
}

static void serve(unsigned i)
{
    cairn_task request = cairn_task_begin(CAIRN_BACKGROUND, "request");
    cairn_region handle = cairn_region_begin(request, "handle");
    cairn_task step = cairn_task_begin(request, "step");
    cairn_attr(step, "parent", request.id);
    cairn_logf(step, "step", "number %u of %s", i, "many");
    cairn_attr(step, "birth", step.birth);
    cairn_task_end(step);
    cairn_region_end(handle);
    cairn_attr(request, "birth", request.birth);
    if (i % 16)
        cairn_task_end(request);
    else
        cairn_task_fail(request, "reason");
}

static void *serve_all_along(void *argument)
{
    uintptr_t number = (uintptr_t)argument;
    facts->of_thread[number] = cairn_task_begin(CAIRN_BACKGROUND, "thread");
    facts->whole[number] = cairn_region_begin(facts->of_thread[number], "whole run");
    if (!number) begin_long_tasks();
    pthread_barrier_wait(&begun);
    for (unsigned i = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++) {
        serve(i);
        facts->requests[number]++;
        if (i % BURST == 0) usleep(100);
    }
    cairn_region_end(facts->whole[number]);
    cairn_task_end(facts->of_thread[number]);
    return NULL;
}

static void take_snapshot(unsigned number)
{
    if (number + 1 == load.snapshots) {
        facts->late_ended_ns[0] = testing_now_ns();
        cairn_task_end(facts->late);
        facts->late_ended_ns[1] = testing_now_ns();
    }
    CHECK_EQUAL(cairn_snapshot(testing_path("snapshot-%u", number)), 0);
    CHECK(write(load.told[1], &number, sizeof number) == sizeof number);
    uint64_t resident = resident_kib();
    if (number == load.snapshots / 10) facts->resident_warm = resident;
    if (resident > facts->resident_most) facts->resident_most = resident;
    facts->resident_last = resident;
}

static void record(void)
{
    pthread_t threads[THREADS];
    cairn_options options = {.size = sizeof options, .path = load.trace_path, .window_bytes = WINDOW_BYTES};
    close(load.told[0]);
    facts->resident_first = resident_kib();
    CHECK_EQUAL(cairn_start(&options), 0);
    pthread_barrier_init(&begun, NULL, THREADS + 1);
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, serve_all_along, (void *)i));
    pthread_barrier_wait(&begun);
    uint64_t next_ns = testing_now_ns();
    for (unsigned i = 0; i < load.snapshots; i++) {
        next_ns += load.period_ns;
        while (testing_now_ns() < next_ns) usleep(1000);
        take_snapshot(i);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    CHECK_EQUAL(cairn_stop(), 0);
}

/* ---- The parent -------------------------------------------------------------------------------------------------- */

struct seen { /* in one snapshot */
    uint64_t births, ends, open_regions, wrong;
    bool threads[THREADS], whole[THREADS], forgotten, child, late_open, late_ended;
    uint64_t late_ns;
    struct trace_task_id told[THREADS + 2]; /* by thread: the task that told its birth last, */
    struct trace_task_id step[THREADS + 2]; /* and the last step begun: parent */
};

static bool is_task(const struct trace_task_id *id, cairn_task task)
{
    return id->id == task.id && id->birth == task.birth;
}

static bool is_type(const struct trace_info *info, const struct trace_task_id *id, const char *type)
{
    return strcmp(info->sites[id->site].text, type) == 0;
}

static void see_known(struct seen *seen, const struct trace_info *info, const struct trace_event *event)
{
    const struct trace_task_id *task = &event->task;
    for (int i = 0; i < THREADS; i++) {
        if (is_task(task, facts->of_thread[i]) && is_type(info, task, "thread")) seen->threads[i] = true;
    }
    if (is_task(task, facts->forgotten) && is_type(info, task, "forgotten"))
        seen->forgotten = !event->other.id;
    if (is_task(task, facts->child) && is_type(info, task, "child"))
        seen->child = is_task(&event->other, facts->of_thread[0]) && is_type(info, &event->other, "thread");
    if (is_task(task, facts->late) && is_type(info, task, "late")) seen->late_open = true;
}

static void see_region(struct seen *seen, const struct trace_info *info, const struct trace_event *event)
{
    seen->open_regions += event->kind == TRACE_REGION_OPEN;
    for (int i = 0; i < THREADS; i++) {
        if (event->region.place != facts->whole[i].place) continue;
        seen->whole[i] = event->region.birth == facts->whole[i].birth &&
                         is_task(&event->region.task, facts->of_thread[i]) &&
                         strcmp(info->sites[event->region.site].text, "whole run") == 0;
        seen->wrong += !seen->whole[i];
    }
}

static void see_attribute(struct seen *seen, const struct trace_info *info, const struct trace_event *event)
{
    const char *key = info->sites[event->site].text;
    bool is_request = is_type(info, &event->task, "request"), is_step = is_type(info, &event->task, "step");
    if (strcmp(key, "birth") == 0) {
        seen->births++;
        seen->told[event->thread] = event->task;
        seen->wrong += event->value.u != event->task.birth || !(is_request || is_step);
    } else if (seen->step[event->thread].id) {
        seen->wrong += event->value.u != seen->step[event->thread].id || !is_step;
    }
}

/* The end follows the telling of the birth on the same thread at once. */
static void see_end(struct seen *seen, const struct trace_info *info, const struct trace_event *event)
{
    const struct trace_task_id *told = &seen->told[event->thread];
    if (is_task(&event->task, facts->late)) {
        seen->late_ended = is_type(info, &event->task, "late");
        seen->late_ns = trace_clock_ns(&info->clock, event->time - event->task.birth);
        return;
    }
    seen->ends++;
    bool is_known = is_type(info, &event->task, "request") || is_type(info, &event->task, "step");
    seen->wrong += !is_known || event->task.birth > event->time;
    if (told->id) seen->wrong += told->id != event->task.id || told->birth != event->task.birth;
}

static void see(void *data, const struct trace_info *info, const struct trace_event *event)
{
    struct seen *seen = data;
    switch (event->kind) {
    case TRACE_TASK_BEGIN:
        if (is_type(info, &event->task, "step")) seen->step[event->thread] = event->other;
        see_known(seen, info, event);
        break;
    case TRACE_TASK_OPEN: see_known(seen, info, event); break;
    case TRACE_REGION_BEGIN:
    case TRACE_REGION_OPEN: see_region(seen, info, event); break;
    case TRACE_ATTR: see_attribute(seen, info, event); break;
    case TRACE_TASK_END:
    case TRACE_TASK_FAIL: see_end(seen, info, event); break;
    default: break;
    }
}

static void check_late(const struct seen *seen)
{
    uint64_t least_ns = facts->late_ended_ns[0] - facts->late_begun_ns[1];
    uint64_t most_ns = facts->late_ended_ns[1] - facts->late_begun_ns[0];
    CHECK(seen->late_ended);
    /* A hundredth is for the rates of the clocks. */
    CHECK(seen->late_ns >= least_ns - least_ns / 100 && seen->late_ns <= most_ns + most_ns / 100);
}

static uint64_t check_snapshot(unsigned number)
{
    const char *path = testing_path("snapshot-%u", number);
    struct seen seen = {0};
    struct readback trace = readback(path); /* with the validator */
    readback_events(path, see, &seen);
    CHECK_EQUAL(trace.state, CAIRN_STATE_SNAPSHOT);
    CHECK_EQUAL(trace.damage, 0);
    CHECK(trace.threads <= THREADS + 1);
    CHECK_EQUAL(seen.wrong, 0);
    CHECK(seen.births > 0 && seen.ends > 0);
    CHECK(seen.forgotten && seen.child);
    for (int i = 0; i < THREADS; i++) CHECK(seen.threads[i] && seen.whole[i]);
    if (number + 1 == load.snapshots)
        check_late(&seen);
    else
        CHECK(seen.late_open && !seen.late_ended);
    unlink(path);
    return seen.ends;
}

static void check_memory(void)
{
    uint64_t beside = 4096 + 2 * 65536 + WINDOW_BYTES / 8, snapshots = 2 << 20, others = 2 << 20;
    uint64_t most = (2 * WINDOW_BYTES + (1 << 20) + beside + snapshots + others) / 1024;
    printf("# total: resident %" PRIu64 " KiB before, %" PRIu64 " KiB warm, %" PRIu64
           " KiB at the end, %" PRIu64 " KiB at most\n",
           facts->resident_first, facts->resident_warm, facts->resident_last, facts->resident_most);
    if (testing_scaled(20) < 20) return; /* a sanitizer has memory of its own */
    CHECK(facts->resident_most - facts->resident_first <= most);
}

static void case_steady(void)
{
    bool is_long = getenv("CAIRN_LONG") != NULL;
    uint64_t requests = 0, ends = 0;
    unsigned number, checked = 0;
    load.snapshots = is_long ? 200 : 20;
    load.period_ns = is_long ? 300000000 : 150000000;
    snprintf(load.trace_path, sizeof load.trace_path, "%s/steady.cairn", testing_folder());
    CHECK(pipe(load.told) == 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        record();
        exit(testing_has_failed());
    }
    close(load.told[1]);
    for (; read(load.told[0], &number, sizeof number) == sizeof number; checked++)
        ends += check_snapshot(number);
    int status = -1;
    waitpid(child, &status, 0);
    close(load.told[0]);
    CHECK_EQUAL(status, 0);
    CHECK_EQUAL(checked, load.snapshots);
    CHECK_EQUAL(readback(load.trace_path).damage, 0);
    for (int i = 0; i < THREADS; i++) requests += facts->requests[i];
    printf("# total: %" PRIu64 " requests, %u snapshots with %" PRIu64 " ends of tasks\n", requests, checked,
           ends);
    check_memory();
}

static const struct testing_case cases[] = {{"steady", case_steady}};

int main(int argc, char **argv)
{
    facts = mmap(NULL, sizeof *facts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (facts == MAP_FAILED) return 1;
    return testing_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
