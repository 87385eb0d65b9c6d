/* Many of everything: tasks alive, threads that come and go, types, rounds, and starts and stops that race.
 * SPDX-License-Identifier: Apache-2.0 */
#include "readback.h"
#include "testing.h"

#include <cairn/cairn.h>

#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void start(const char *path, uint32_t helper)
{
    cairn_options options = {.size = sizeof options, .path = path, .helper = helper};
    CHECK_EQUAL(cairn_start(&options), 0);
}

/* ---- Tasks -------------------------------------------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
    uint64_t left = ((const cairn_task *)a)->id, right = ((const cairn_task *)b)->id;
    return left < right ? -1 : left > right;
}

/* A million distinct tasks, all alive at once, each mentioned again before they end in another order. */
static void case_million_tasks(void)
{
    unsigned count = testing_scaled(1000000);
    cairn_task *tasks = calloc(count, sizeof *tasks);
    if (!tasks) abort();
    start(testing_path("million.cairn"), CAIRN_HELPER_ON);
    for (unsigned i = 0; i < count; i++) tasks[i] = cairn_task_begin(CAIRN_BACKGROUND, "alive");
    for (unsigned i = 0; i < count; i += 7) cairn_attr(tasks[i], "number", i);
    for (unsigned i = count; i-- > 0;) cairn_task_end(tasks[i]);
    CHECK_EQUAL(cairn_stop(), 0);
    struct readback trace = readback(testing_path("million.cairn"));
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_TASK_BEGIN], count);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_TASK_END], count);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_ATTR], (count + 6) / 7);
    CHECK_EQUAL(trace.lost_all, 0);
    CHECK_EQUAL(trace.tasks, count);
    CHECK_EQUAL(trace.tasks_unfinished, 0);
    CHECK_EQUAL(trace.damage, 0);
    qsort(tasks, count, sizeof *tasks, compare_ids);
    for (unsigned i = 1; i < count; i++) CHECK(tasks[i].id != tasks[i - 1].id);
    free(tasks);
}

/* ---- Threads ------------------------------------------------------------------------------------------------ */

enum { AT_ONCE = 20 };

static void *short_life(void *argument)
{
    cairn_task task = cairn_task_begin(*(cairn_task *)argument, "short");
    cairn_region region = cairn_region_begin(task, "life");
    cairn_log(task, "of", "a thread");
    cairn_region_end(region);
    cairn_task_end(task);
    return NULL;
}

static void come_and_go(uint32_t helper)
{
    unsigned batches = testing_scaled(10000) / AT_ONCE;
    start(testing_path("threads.cairn"), helper);
    cairn_task parent = cairn_task_begin(CAIRN_BACKGROUND, "parent");
    for (unsigned batch = 0; batch < batches; batch++) {
        pthread_t threads[AT_ONCE];
        for (int i = 0; i < AT_ONCE; i++) CHECK(!pthread_create(&threads[i], NULL, short_life, &parent));
        for (int i = 0; i < AT_ONCE; i++) pthread_join(threads[i], NULL);
    }
    cairn_task_end(parent);
    CHECK_EQUAL(cairn_stop(), 0);
    struct readback trace = readback(testing_path("threads.cairn"));
    uint64_t count = (uint64_t)batches * AT_ONCE;
    CHECK_EQUAL(trace.lost_all, 0);
    CHECK_EQUAL(trace.threads, count + 1);
    CHECK_EQUAL(trace.tasks, count + 1);
    CHECK_EQUAL(trace.regions, count);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_LOG], count);
    CHECK_EQUAL(trace.tasks_unfinished + trace.regions_unfinished, 0);
    CHECK_EQUAL(trace.damage, 0);
}

static void case_threads(void)
{
    come_and_go(CAIRN_HELPER_ON);
}

static void case_threads_alone(void)
{
    come_and_go(CAIRN_HELPER_OFF);
}

/* A thread that is gone leaves its memory to others: live memory does not grow with threads that have been. */
static void case_thread_memory(void)
{
    cairn_options options = {
        .size = sizeof options, .path = testing_path("memory.cairn"), .limit_bytes = 4 << 20};
    CHECK_EQUAL(cairn_start(&options), 0);
    cairn_task none = CAIRN_BACKGROUND;
    for (unsigned i = 0; i < testing_scaled(3000); i++) {
        pthread_t thread;
        CHECK(!pthread_create(&thread, NULL, short_life, &none));
        pthread_join(thread, NULL);
    }
    CHECK_EQUAL(cairn_stop(), 0);
    struct readback trace = readback(testing_path("memory.cairn"));
    CHECK_EQUAL(trace.lost_all, 0);
    CHECK_EQUAL(trace.tasks, testing_scaled(3000));
}

/* ---- Types -------------------------------------------------------------------------------------------------- */

static void *use_types(void *argument)
{
    unsigned count = *(unsigned *)argument;
    char type[64];
    for (unsigned i = 0; i < count; i++) {
        snprintf(type, sizeof type, "type %u, made at run time", i);
        cairn_task_end(cairn_task_begin_dyn(CAIRN_BACKGROUND, type));
    }
    return NULL;
}

/* Distinct strings, each from four threads and then once more: equal content is one type. Of threads that come with new
 * content at once, each may use up a number. */
static void case_types(void)
{
    unsigned count = testing_scaled(5000);
    pthread_t threads[4];
    start(testing_path("types.cairn"), CAIRN_HELPER_ON);
    for (int i = 0; i < 4; i++) CHECK(!pthread_create(&threads[i], NULL, use_types, &count));
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    use_types(&count);
    CHECK_EQUAL(cairn_stop(), 0);
    struct readback trace = readback(testing_path("types.cairn"));
    CHECK_EQUAL(trace.types, count);
    CHECK(trace.sites < 4 * count + 100); /* with those of the cases before */
    CHECK_EQUAL(trace.tasks, 5 * count);
    CHECK_EQUAL(trace.sites_overflow, 0);
    CHECK_EQUAL(trace.lost_all, 0);
    CHECK_EQUAL(trace.damage, 0);
}

/* ---- Rounds ------------------------------------------------------------------------------------------------- */

static unsigned entries_of(const char *path)
{
    unsigned count = 0;
    DIR *folder = opendir(path);
    while (folder && readdir(folder)) count++;
    if (folder) closedir(folder);
    return count;
}

/* Mappings of live files. */
static unsigned live_mappings(void)
{
    char line[1024];
    unsigned count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps)) count += strstr(line, ".live") != NULL;
    if (maps) fclose(maps);
    return count;
}

static struct {
    pthread_barrier_t begun, done;
    unsigned rounds;
} company;

/* A thread that lives through all rounds. */
static void *accompany(void *argument)
{
    for (unsigned i = 0; i < company.rounds; i++) {
        pthread_barrier_wait(&company.begun);
        cairn_region region = cairn_region_begin(CAIRN_BACKGROUND, "company");
        cairn_region_end(region);
        pthread_barrier_wait(&company.done);
    }
    return argument;
}

/* More rounds than the 255 that an id can tell apart; nothing is left behind by any of them. */
static void case_rounds(void)
{
    unsigned descriptors = 0;
    pthread_t thread;
    cairn_task kept = CAIRN_BACKGROUND;
    company.rounds = 300;
    pthread_barrier_init(&company.begun, NULL, 2);
    pthread_barrier_init(&company.done, NULL, 2);
    CHECK(!pthread_create(&thread, NULL, accompany, NULL));
    for (unsigned i = 0; i < company.rounds; i++) {
        start(testing_path("round.cairn"), i % 2 ? CAIRN_HELPER_OFF : CAIRN_HELPER_ON);
        pthread_barrier_wait(&company.begun);
        cairn_log(kept, "kept", "from the round before");
        kept = cairn_task_begin(CAIRN_BACKGROUND, "kept");
        pthread_barrier_wait(&company.done);
        CHECK_EQUAL(cairn_stop(), 0);
        struct readback trace = readback(testing_path("round.cairn"));
        CHECK_EQUAL(trace.recovered[CAIRN_TALLY_LOG], 1);
        CHECK_EQUAL(trace.recovered[CAIRN_TALLY_REGION_END], 1);
        CHECK_EQUAL(trace.tasks, i ? 2 : 1);
        CHECK_EQUAL(trace.lost_all, 0);
        CHECK(live_mappings() <= 1); /* the last one stays until the next is done */
        if (i == 2) descriptors = entries_of("/proc/self/fd");
    }
    pthread_join(thread, NULL);
    CHECK(entries_of("/proc/self/fd") <= descriptors);
    pthread_barrier_destroy(&company.begun);
    pthread_barrier_destroy(&company.done);
}

/* ---- Races -------------------------------------------------------------------------------------------------- */

static struct {
    uint64_t until_ns;
    const char *folder;
    unsigned started, busy; /* atomic */
} race;

static void *start_and_stop(void *argument)
{
    cairn_options options = {.size = sizeof options, .path = race.folder, .limit_bytes = 1 << 20};
    unsigned number = (unsigned)(uintptr_t)argument;
    options.helper = number % 2 ? CAIRN_HELPER_ON : CAIRN_HELPER_OFF;
    while (testing_now_ns() < race.until_ns) {
        int result = cairn_start(&options);
        if (result == 0) __atomic_add_fetch(&race.started, 1, __ATOMIC_RELAXED);
        if (result == -CAIRN_EBUSY) __atomic_add_fetch(&race.busy, 1, __ATOMIC_RELAXED);
        CHECK(result == 0 || result == -CAIRN_EBUSY);
        if (number < 2) usleep(2000);
        CHECK_EQUAL(cairn_stop(), 0);
    }
    return NULL;
}

static void *annotate_all_along(void *argument)
{
    cairn_task task = CAIRN_BACKGROUND;
    unsigned i = 0;
    while (testing_now_ns() < race.until_ns) {
        cairn_region region = cairn_region_begin(task, "region");
        cairn_log(task, "category", "message");
        cairn_logf(task, "category", "%u %s", i, "and text");
        if (i % 3 == 0) task = cairn_task_begin(task, "task");
        cairn_attr(region, "key", i);
        cairn_region_end(region);
        if (i++ % 3 == 2) cairn_task_end(task);
    }
    return argument;
}

static void check_traces(const char *folder, unsigned expected)
{
    unsigned found = 0;
    DIR *entries = opendir(folder);
    CHECK(entries != NULL);
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        if (entry->d_name[0] == '.') continue;
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        struct readback trace = readback(path);
        CHECK_EQUAL(trace.state, CAIRN_STATE_STOPPED);
        CHECK_EQUAL(trace.damage, 0);
        found++;
    }
    if (entries) closedir(entries);
    CHECK_EQUAL(found, expected);
}

static void case_race(void)
{
    pthread_t threads[8];
    memset(&race, 0, sizeof race);
    race.folder = testing_path("race");
    CHECK(mkdir(race.folder, 0700) == 0);
    race.until_ns = testing_now_ns() + 1500000000;
    for (uintptr_t i = 0; i < 8; i++) {
        CHECK(!pthread_create(&threads[i], NULL, i < 4 ? start_and_stop : annotate_all_along, (void *)i));
    }
    for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
    CHECK(race.started > 0);
    CHECK(race.busy > 0);
    check_traces(race.folder, race.started);
}

static const struct testing_case cases[] = {
    {"a million tasks", case_million_tasks},
    {"10 000 threads", case_threads},
    {"10 000 threads, without a helper", case_threads_alone},
    {"memory of threads", case_thread_memory},
    {"5000 types", case_types},
    {"300 rounds", case_rounds},
    {"race of starts and stops", case_race},
};

int main(int argc, char **argv)
{
    return testing_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
