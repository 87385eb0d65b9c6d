/* Full disks, full memory, limits on files: the program runs on, and the counts add up.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each case runs in a child of its own, because mounts and limits are for the whole process. The full disk is a
 * tmpfs of a megabyte, in a mount namespace that vanishes with the child; where mounting is not permitted, the case is
 * skipped. */
#include "readback.h"
#include "testing.h"

#include <cairn/cairn.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIPPED = 42, THREADS = 3 };

static void in_child(void (*function)(void))
{
    int status = testing_in_child(function);
    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
        testing_skip("mounting is not permitted here");
    else
        CHECK_EQUAL(status, 0);
}

/* A tmpfs at a folder of the present case. */
static const char *small_disk(const char *options)
{
    const char *path = testing_path("disk");
    if (!testing_may_mount() || mkdir(path, 0700) || mount("none", path, "tmpfs", 0, options)) exit(SKIPPED);
    return path;
}

static unsigned rounds, errors_changed;

static void *annotate(void *argument)
{
    for (unsigned i = 0; i < rounds; i++) {
        errno = 1234;
        cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "task");
        cairn_region region = cairn_region_begin(task, "region");
        cairn_logf(task, "log", "%u %s", i, "with some text that takes room");
        cairn_region_end(region);
        cairn_task_end(task);
        if (errno != 1234) __atomic_add_fetch(&errors_changed, 1, __ATOMIC_RELAXED);
    }
    return argument;
}

static void run(void)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) CHECK(!pthread_create(&threads[i], NULL, annotate, NULL));
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    CHECK_EQUAL(errors_changed, 0);
}

/* `result` is what cairn_stop returned. */
static void check_counts(const char *path, int result)
{
    struct readback trace = readback(path);
    uint64_t each = (uint64_t)rounds * THREADS;
    const int tallies[] = {CAIRN_TALLY_TASK_BEGIN, CAIRN_TALLY_TASK_END, CAIRN_TALLY_REGION_BEGIN,
                           CAIRN_TALLY_REGION_END, CAIRN_TALLY_LOG};
    for (size_t i = 0; i < sizeof tallies / sizeof tallies[0]; i++) {
        CHECK_EQUAL(trace.recovered[tallies[i]] + trace.lost[tallies[i]], each);
    }
    CHECK(trace.recovered[CAIRN_TALLY_LOG] > 0);
    CHECK_EQUAL(trace.lost[CAIRN_TALLY_LOG] > 0, result != 0);
    CHECK(!result || trace.first_lost_ticks >= trace.begin_ticks);
    CHECK(!result || trace.first_lost_ticks <= trace.last_lost_ticks);
    CHECK_EQUAL(trace.damage, 0);
    CHECK_EQUAL(trace.error, -result);
}

/* A helper that is quick enough keeps the live file from becoming full. */
static void record_until_full(cairn_options options, bool may_suffice)
{
    options.size = sizeof options;
    CHECK_EQUAL(cairn_start(&options), 0);
    run();
    CHECK(cairn_enabled());
    int result = cairn_stop();
    if (!may_suffice || result) CHECK_EQUAL(result, -CAIRN_ENOSPC);
    check_counts(options.path, result);
    CHECK_EQUAL(cairn_start(&(cairn_options){.size = sizeof options, .path = testing_path("after.cairn")}),
                0);
    cairn_log(CAIRN_BACKGROUND, "after", "all is well");
    CHECK_EQUAL(cairn_stop(), 0);
    CHECK_EQUAL(readback(testing_path("after.cairn")).recovered_all, 1);
}

static void fill_disk_of_trace(void)
{
    small_disk("size=1m");
    record_until_full((cairn_options){.path = testing_path("disk/full.cairn")}, false);
}

static void fill_disk_of_trace_alone(void)
{
    small_disk("size=1m");
    record_until_full((cairn_options){.path = testing_path("disk/full.cairn"), .helper = CAIRN_HELPER_OFF},
                      false);
}

static void fill_disk_of_live_file(void)
{
    const char *disk = small_disk("size=1m");
    record_until_full((cairn_options){.path = testing_path("a.cairn"), .live_dir = disk}, true);
}

static void fill_disk_of_live_file_alone(void)
{
    const char *disk = small_disk("size=1m");
    record_until_full(
        (cairn_options){.path = testing_path("a.cairn"), .live_dir = disk, .helper = CAIRN_HELPER_OFF},
        false);
}

/* No room for either file to begin with. */
static void start_on_full_disk(void)
{
    const char *disk = small_disk("size=8k");
    cairn_options options = {.size = sizeof options, .path = testing_path("a.cairn"), .live_dir = disk};
    int fill = open(testing_path("disk/fill"), O_WRONLY | O_CREAT, 0600);
    char bytes[8192] = {0};
    CHECK(write(fill, bytes, sizeof bytes) > 0);
    CHECK_EQUAL(cairn_start(&options), -CAIRN_ENOSPC);
    options.live_dir = NULL;
    options.path = testing_path("disk/b.cairn");
    CHECK_EQUAL(cairn_start(&options), -CAIRN_ENOSPC);
    CHECK(!cairn_enabled());
    CHECK(access(testing_path("a.cairn"), F_OK) != 0 && access(testing_path("disk/b.cairn"), F_OK) != 0);
    close(fill);
}

/* The signal that the system sends with it must not reach the program, whose default is to die. */
static void limit_file_size(void)
{
    struct rlimit limit = {.rlim_cur = 1 << 20, .rlim_max = 1 << 20};
    cairn_options options = {
        .size = sizeof options, .path = testing_path("limited.cairn"), .limit_bytes = 64 << 20};
    options.helper = rounds % 2 ? CAIRN_HELPER_OFF : CAIRN_HELPER_ON;
    CHECK_EQUAL(cairn_start(&options), 0); /* the live file is larger than the limit; it is made before */
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    run();
    CHECK_EQUAL(cairn_stop(), -CAIRN_ENOSPC);
    check_counts(options.path, -CAIRN_ENOSPC);
}

static void case_trace(void)
{
    rounds = 40000;
    in_child(fill_disk_of_trace);
}

static void case_trace_alone(void)
{
    rounds = 40000;
    in_child(fill_disk_of_trace_alone);
}

static void case_live_file(void)
{
    rounds = 40000;
    in_child(fill_disk_of_live_file);
}

static void case_live_file_alone(void)
{
    rounds = 40000;
    in_child(fill_disk_of_live_file_alone);
}

static void case_start(void)
{
    in_child(start_on_full_disk);
}

static void case_file_size(void)
{
    rounds = 40000;
    in_child(limit_file_size);
    rounds = 40001;
    in_child(limit_file_size);
}

static const struct testing_case cases[] = {
    {"disk of the trace full", case_trace},
    {"disk of the trace full, without a helper", case_trace_alone},
    {"live file cannot grow", case_live_file},
    {"live file cannot grow, without a helper", case_live_file_alone},
    {"disk full at the start", case_start},
    {"limit on the size of files", case_file_size},
};

int main(int argc, char **argv)
{
    return testing_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
