/* Exact counts: threads that emit known numbers of every kind. SPDX-License-Identifier: Apache-2.0
 *
 * What the trace has recovered plus what it says was lost must be what was emitted, for every kind, at a limit that
 * all fits under and at limits that hardly anything fits under, with the helper thread and without. */
#include "readback.h"
#include "testing.h"

#include <cairn/cairn.h>

#include <pthread.h>
#include <string.h>

enum { THREADS = 8 };

static uint64_t emitted[THREADS][CAIRN_TALLIES]; /* each thread its own */
static unsigned rounds;
static cairn_task shared; /* begun by one thread, used by all */

struct made { /* by one thread */
    uint64_t *counts;
    unsigned number;
};

static void annotate(struct made *made, unsigned i)
{
    uint64_t *counts = made->counts;
    cairn_task task = cairn_task_begin(i % 3 ? shared : CAIRN_BACKGROUND, "task");
    cairn_region outer = cairn_region_begin(task, "outer");
    cairn_region inner = cairn_region_begin(i % 2 ? shared : task, "inner");
    cairn_log(task, "category", "a message of a few words");
    cairn_logf(task, "category", "%d of %u", (int)i, made->number);
    cairn_logf(task, "category", "%s: %d %d %d %d %d", "more", 1, 2, 3, 4, 5);
    cairn_attr(task, "integer", i);
    cairn_attr(outer, "text", "of a region that is not the innermost");
    cairn_attr(inner, "float", 0.5);
    cairn_region_at(task, "at", 1, 2);
    cairn_link(shared, task);
    cairn_counter("counter", i);
    cairn_region_end(i % 16 ? inner : outer);
    cairn_region_end(i % 16 ? outer : inner);
    if (i % 8)
        cairn_task_end(task);
    else
        cairn_task_fail(task, "every eighth");
    counts[CAIRN_TALLY_TASK_BEGIN]++;
    counts[i % 8 ? CAIRN_TALLY_TASK_END : CAIRN_TALLY_TASK_FAIL]++;
    counts[CAIRN_TALLY_REGION_BEGIN] += 2;
    counts[CAIRN_TALLY_REGION_END] += 2;
    counts[CAIRN_TALLY_REGION_AT]++;
    counts[CAIRN_TALLY_LOG] += 3;
    counts[CAIRN_TALLY_ATTR] += 3;
    counts[CAIRN_TALLY_LINK]++;
    counts[CAIRN_TALLY_COUNTER]++;
}

static void *run(void *argument)
{
    struct made made = {(uint64_t *)argument, (unsigned)((uint64_t(*)[CAIRN_TALLIES])argument - emitted)};
    for (unsigned i = 0; i < rounds; i++) annotate(&made, i);
    return NULL;
}

static void run_threads(void)
{
    pthread_t threads[THREADS];
    memset(emitted, 0, sizeof emitted);
    shared = cairn_task_begin(CAIRN_BACKGROUND, "shared");
    for (unsigned i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, run, emitted[i]) == 0);
    for (unsigned i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    cairn_task_end(shared);
    emitted[0][CAIRN_TALLY_TASK_BEGIN]++;
    emitted[0][CAIRN_TALLY_TASK_END]++;
}

static struct readback record(const char *path, uint64_t limit_bytes, uint32_t helper)
{
    cairn_options options = {
        .size = sizeof options, .path = path, .limit_bytes = limit_bytes, .helper = helper};
    CHECK_EQUAL(cairn_start(&options), 0);
    run_threads();
    CHECK_EQUAL(cairn_stop(), 0);
    struct readback trace = readback(path);
    for (unsigned tally = 0; tally < CAIRN_TALLIES; tally++) {
        uint64_t expected = 0;
        for (unsigned i = 0; i < THREADS; i++) expected += emitted[i][tally];
        if (trace.recovered[tally] + trace.lost[tally] != expected) {
            testing_fail(__FILE__, __LINE__,
                         "tally %u: %" PRIu64 " recovered and %" PRIu64 " lost are not %" PRIu64 " emitted",
                         tally, trace.recovered[tally], trace.lost[tally], expected);
        }
    }
    CHECK_EQUAL(trace.damage, 0);
    CHECK_EQUAL(trace.error, 0);
    return trace;
}

static void ample(uint32_t helper)
{
    rounds = testing_scaled(20000);
    struct readback trace = record(testing_path("ample.cairn"), 1 << 30, helper);
    CHECK_EQUAL(trace.lost_all, 0);
    CHECK_EQUAL(trace.tasks_unfinished, 0);
    CHECK_EQUAL(trace.regions_unfinished, 0);
    CHECK_EQUAL(trace.tasks, trace.recovered[CAIRN_TALLY_TASK_BEGIN]);
    CHECK_EQUAL(trace.threads, THREADS + 1);
}

/* At the limit begins are dropped, and ends of what was begun are not: nothing that has ended looks unfinished. */
static void starved(uint64_t limit_bytes, uint32_t helper)
{
    rounds = testing_scaled(20000);
    struct readback trace = record(testing_path("starved.cairn"), limit_bytes, helper);
    CHECK(trace.lost[CAIRN_TALLY_LOG] > 0);
    CHECK(trace.lost[CAIRN_TALLY_TASK_BEGIN] > 0);
    CHECK(trace.recovered[CAIRN_TALLY_TASK_BEGIN] > 0);
    CHECK_EQUAL(trace.tasks_unfinished, 0);
    CHECK_EQUAL(trace.regions_unfinished, 0);
    CHECK_EQUAL(trace.tasks_begin_lost, 0);
    CHECK(trace.file_bytes <= limit_bytes + limit_bytes / 4 + (128 << 10));
    CHECK(trace.first_lost_ticks >= trace.begin_ticks && trace.first_lost_ticks <= trace.last_lost_ticks);
    CHECK(trace.last_lost_ticks <= trace.end_ticks);
}

static void case_ample(void)
{
    ample(CAIRN_HELPER_ON);
}

static void case_ample_alone(void)
{
    ample(CAIRN_HELPER_OFF);
}

static void case_64_kib(void)
{
    starved(64 << 10, CAIRN_HELPER_ON);
}

static void case_64_kib_alone(void)
{
    starved(64 << 10, CAIRN_HELPER_OFF);
}

static void case_1_mib(void)
{
    starved(1 << 20, CAIRN_HELPER_ON);
}

static void case_1_mib_alone(void)
{
    starved(1 << 20, CAIRN_HELPER_OFF);
}

static const struct testing_case cases[] = {
    {"ample", case_ample},   {"ample, without a helper", case_ample_alone},
    {"64 KiB", case_64_kib}, {"64 KiB, without a helper", case_64_kib_alone},
    {"1 MiB", case_1_mib},   {"1 MiB, without a helper", case_1_mib_alone},
};

int main(int argc, char **argv)
{
    return testing_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
