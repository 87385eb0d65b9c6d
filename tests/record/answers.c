/* The tables of a recording of several megabytes are the same event by event and chunk by chunk on several processors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Threads do what annotations allow, at random: tasks with subtasks and without, ended here, there, twice and never;
 * regions that nest, and in one recording also ones that do not, or that another thread ends. */
#include "sameanswers.h"
#include "testing.h"

#include <cairn/cairn.h>

#include <pthread.h>

enum { THREADS = 4, HANDLES = 64, DEPTH = 6, TASKS_MIN = 500 };

static struct {
    pthread_mutex_t lock;
    cairn_task tasks[HANDLES]; /* that anybody may use */
    cairn_region regions[HANDLES];
    bool is_wild; /* regions are not kept in order */
} shared = {.lock = PTHREAD_MUTEX_INITIALIZER};

static unsigned draw(uint64_t *state, unsigned below)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (unsigned)(*state >> 33) % below;
}

static cairn_task exchange_task(unsigned place, cairn_task task)
{
    pthread_mutex_lock(&shared.lock);
    cairn_task former = shared.tasks[place];
    shared.tasks[place] = task;
    pthread_mutex_unlock(&shared.lock);
    return former;
}

static cairn_region exchange_region(unsigned place, cairn_region region)
{
    pthread_mutex_lock(&shared.lock);
    cairn_region former = shared.regions[place];
    shared.regions[place] = region;
    pthread_mutex_unlock(&shared.lock);
    return former;
}

static void nest(cairn_task task, uint64_t *random, unsigned depth)
{
    cairn_region region =
        draw(random, 2) ? cairn_region_begin(task, "even") : cairn_region_begin(task, "odd");
    while (depth && draw(random, 3)) nest(task, random, depth - 1);
    if (draw(random, 4) == 0) cairn_logf(task, "nest", "depth %u", depth);
    cairn_region_end(region);
}

/* Ends one that somebody else may have begun, if it is there. */
static void cross(cairn_task task, uint64_t *random)
{
    cairn_region region = cairn_region_begin(task, "crossing");
    cairn_region_end(exchange_region(draw(random, HANDLES), region));
}

static void do_task(uint64_t *random)
{
    unsigned place = draw(random, HANDLES);
    cairn_task task = draw(random, 3) ? cairn_task_begin(CAIRN_BACKGROUND, "root")
                                      : cairn_task_begin(exchange_task(place, CAIRN_BACKGROUND), "child");
    nest(task, random, DEPTH);
    if (shared.is_wild && draw(random, 50) == 0) cross(task, random);
    cairn_attr(task, "size", draw(random, 100));
    if (draw(random, 3) == 0) task = exchange_task(place, task);
    if (draw(random, 20) == 0) nest(task, random, 1);
    if (draw(random, 40) == 0) cairn_task_fail(task, "chance");
    if (draw(random, 100)) cairn_task_end(task);
}

static void *annotate(void *argument)
{
    uint64_t random = (uintptr_t)argument;
    unsigned count = testing_scaled(2500);
    for (unsigned i = count < TASKS_MIN ? TASKS_MIN : count; i > 0; i--) do_task(&random);
    return NULL;
}

static void record(const char *path, bool is_wild)
{
    cairn_options options = {.size = sizeof options, .path = path};
    pthread_t threads[THREADS];
    memset(shared.tasks, 0, sizeof shared.tasks);
    memset(shared.regions, 0, sizeof shared.regions);
    shared.is_wild = is_wild;
    CHECK_EQUAL(cairn_start(&options), 0);
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, annotate, (void *)(i + 1)));
    for (unsigned i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    CHECK_EQUAL(cairn_stop(), 0);
}

/* ---- Both ways ---------------------------------------------------------------------------------------------------- */

struct answers {
    struct analysis_tasks tasks;
    struct analysis_regions regions;
};

static void ask(const char *path, struct answers *answers, struct trace_source **source, bool by_events)
{
    struct cairn_error error = {0};
    *source = trace_open(path, &error);
    if (!*source) testing_fail(__FILE__, __LINE__, "%s", error.text);
    if (!*source) return;
    const struct trace_info *info = (*source)->info;
    CHECK(analysis_tasks_init(&answers->tasks, info, NULL, 20));
    CHECK(analysis_regions_init(&answers->regions, info, NULL));
    CHECK_EQUAL(by_events ? trace_run(*source, &answers->tasks.sink, NULL, NULL, &error)
                          : analysis_tasks_run(&answers->tasks, *source, NULL, NULL, &error),
                0);
    (*source)->is_quiet = true;
    CHECK_EQUAL(by_events ? trace_run(*source, &answers->regions.sink, NULL, NULL, &error)
                          : analysis_regions_run(&answers->regions, *source, NULL, NULL, &error),
                0);
}

static void check_findings(const struct trace_diagnostics *one, const struct trace_diagnostics *other)
{
    CHECK_EQUAL(one->count, other->count);
    for (uint32_t i = 0; i < one->count; i++) {
        uint64_t count = 0;
        for (uint32_t k = 0; k < other->count; k++)
            if (strcmp(one->items[i].name, other->items[k].name) == 0) count = other->items[k].count;
        if (count != one->items[i].count)
            testing_fail(__FILE__, __LINE__, "%s: %" PRIu64 ", not %" PRIu64, one->items[i].name, count,
                         one->items[i].count);
    }
}

static void compare(const char *path)
{
    struct answers by_events = {0}, by_scan = {0};
    struct trace_source *one = NULL, *other = NULL;
    ask(path, &by_events, &one, true);
    ask(path, &by_scan, &other, false);
    if (one && other) {
        const char *tasks = same_tasks(&by_events.tasks, &by_scan.tasks);
        const char *regions = same_regions(&by_events.regions, &by_scan.regions);
        if (tasks) testing_fail(__FILE__, __LINE__, "tasks differ: %s", tasks);
        if (regions) testing_fail(__FILE__, __LINE__, "regions differ: %s", regions);
        check_findings(one->info->diagnostics, other->info->diagnostics);
        CHECK(memcmp(one->info->recovered, other->info->recovered, sizeof one->info->recovered) == 0);
        CHECK(by_events.tasks.rows.count == 2 && by_events.tasks.slowest.count == 20);
        CHECK(one->info->processes[0].file_bytes > 1 << 20); /* for more than one processor */
    }
    analysis_tasks_free(&by_events.tasks);
    analysis_tasks_free(&by_scan.tasks);
    analysis_regions_free(&by_events.regions);
    analysis_regions_free(&by_scan.regions);
    if (one) one->close(one);
    if (other) other->close(other);
}

static void case_tame(void)
{
    record(testing_path("tame.cairn"), false);
    compare(testing_path("tame.cairn"));
}

static void case_wild(void)
{
    record(testing_path("wild.cairn"), true);
    compare(testing_path("wild.cairn"));
}

static const struct testing_case cases[] = {
    {"regions that nest", case_tame},
    {"regions that do not", case_wild},
};

int main(int argc, char **argv)
{
    return testing_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
