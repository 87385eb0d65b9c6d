/* Limits of the process, and a file system that takes nothing: the program runs on, and cairn_start tells.
 * SPDX-License-Identifier: Apache-2.0 */
#include "trouble.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static unsigned signals_handled;

static void count_signal(int number)
{
    (void)number;
    signals_handled++;
}

/* The system sends a signal with it, which is neither to end the program nor to reach its handler. */
static void file_size_before_start(void)
{
    struct rlimit limit = {.rlim_cur = 1 << 20, .rlim_max = RLIM_INFINITY}, none;
    getrlimit(RLIMIT_FSIZE, &none);
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    CHECK_EQUAL(start(testing_path("a.cairn"), live_folder()), -CAIRN_ENOSPC);
    signal(SIGXFSZ, count_signal);
    CHECK_EQUAL(start(testing_path("a.cairn"), live_folder()), -CAIRN_ENOSPC);
    CHECK_EQUAL(signals_handled, 0);
    CHECK_EQUAL(count_in(testing_folder()), 1);
    CHECK_EQUAL(count_in(live_folder()), 0);
    CHECK(setrlimit(RLIMIT_FSIZE, &none) == 0);
    record_undisturbed();
}

static void case_file_size(void)
{
    in_child(file_size_before_start, NULL);
}

static uint64_t address_space_used(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%llu", &pages) != 1) exit(SKIPPED);
    fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void limit_address_space(uint64_t more)
{
    struct rlimit limit = {.rlim_cur = address_space_used() + more, .rlim_max = RLIM_INFINITY};
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
}

static void address_space(void)
{
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    for (uint64_t more = 0; more <= 256 << 20; more += 32 << 20) { /* not enough for one mapping or another */
        limit_address_space(more);
        int started = start(testing_path("a.cairn"), live_folder());
        if (more == 0) CHECK_EQUAL(started, -CAIRN_ENOMEM);
        if (started) CHECK_EQUAL(started, -CAIRN_ENOMEM);
        annotate();
        CHECK_EQUAL(cairn_stop(), 0);
        CHECK_EQUAL(count_in(live_folder()), 0);
        CHECK_EQUAL(unlink(testing_path("a.cairn")), started ? -1 : 0);
    }
    CHECK(setrlimit(RLIMIT_AS, &none) == 0);
    CHECK_EQUAL(start(testing_path("b.cairn"), live_folder()), 0);
    limit_address_space(0);
    annotate();
    CHECK_EQUAL(cairn_stop(), 0);
    CHECK(setrlimit(RLIMIT_AS, &none) == 0);
    check_complete(testing_path("b.cairn"));
    record_undisturbed();
}

static void case_address_space(void)
{
    if (testing_scaled(20) == 1) {
        testing_skip("a sanitizer takes all of the address space");
        return;
    }
    in_child(address_space, "the size of the address space is not known here");
}

static void *do_nothing(void *argument)
{
    return argument;
}

static void no_threads(void)
{
    pthread_t thread;
    struct rlimit limit = {.rlim_cur = 1}, before;
    CHECK(chmod(testing_folder(), 0777) == 0);
    if (geteuid() == 0 && (setgid(NOBODY) || setuid(NOBODY))) exit(SKIPPED); /* for root there is no limit */
    if (getrlimit(RLIMIT_NPROC, &before)) exit(SKIPPED);
    limit.rlim_max = before.rlim_max;
    if (setrlimit(RLIMIT_NPROC, &limit) || pthread_create(&thread, NULL, do_nothing, NULL) == 0)
        exit(SKIPPED);
    CHECK_EQUAL(start(testing_path("a.cairn"), NULL), 0);
    annotate();
    CHECK_EQUAL(cairn_stop(), 0);
    check_complete(testing_path("a.cairn"));
    CHECK(setrlimit(RLIMIT_NPROC, &before) == 0); /* a sanitizer makes a thread at the end */
}

static void case_no_threads(void)
{
    in_child(no_threads, "the number of threads cannot be limited here");
}

/* Opens descriptors until `spare` are left. Returns the lowest of those opened, which are without a gap. */
static int take_descriptors(int spare)
{
    int first = -1, last = -1;
    for (int fd; (fd = open("/dev/null", O_RDONLY)) >= 0; last = fd) {
        if (first < 0) first = fd;
    }
    CHECK_EQUAL(errno, EMFILE);
    while (spare--) close(last--);
    return first;
}

static void give_back_descriptors(int first)
{
    for (int fd = first; close(fd) == 0; fd++) {
    }
}

static void few_descriptors(void)
{
    struct rlimit limit = {.rlim_cur = 40, .rlim_max = 40};
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    unsigned refused = 0;
    for (int spare = 0; spare < 6; spare++) {
        int first = take_descriptors(spare);
        int started = start(testing_path("a.cairn"), live_folder());
        annotate();
        CHECK_EQUAL(cairn_stop(), 0);
        for (int i = 0; i < spare; i++) CHECK(open("/dev/null", O_RDONLY) >= 0); /* none was left open */
        give_back_descriptors(first);
        CHECK_EQUAL(count_in(live_folder()), 0);
        if (started) CHECK_EQUAL(started, -CAIRN_EIO);
        if (started) CHECK_EQUAL(count_in(testing_folder()), 1);
        if (!started) check_complete(testing_path("a.cairn"));
        refused += started != 0;
    }
    CHECK(refused >= 2 && refused < 6);
}

static void no_descriptors_left(void)
{
    struct rlimit limit = {.rlim_cur = 40, .rlim_max = 40};
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK_EQUAL(start(testing_path("a.cairn"), NULL), 0);
    int first = take_descriptors(0);
    annotate();
    CHECK_EQUAL(cairn_stop(), 0);
    give_back_descriptors(first);
    check_complete(testing_path("a.cairn"));
}

static void case_descriptors(void)
{
    in_child(few_descriptors, NULL);
    in_child(no_descriptors_left, NULL);
}

static void read_only(void)
{
    const char *disk = testing_path("disk");
    if (!testing_may_mount() || mkdir(disk, 0700) || mount("none", disk, "tmpfs", MS_RDONLY, "size=1m"))
        exit(SKIPPED);
    CHECK_EQUAL(start(testing_path("disk/a.cairn"), live_folder()), -CAIRN_EACCES);
    CHECK_EQUAL(start(testing_path("disk/folder/"), live_folder()), -CAIRN_EACCES);
    CHECK_EQUAL(start(disk, live_folder()), -CAIRN_EACCES);
    CHECK_EQUAL(start(testing_path("a.cairn"), disk), -CAIRN_EACCES);
    CHECK_EQUAL(count_in(live_folder()), 0);
    record_undisturbed();
}

static void case_read_only(void)
{
    in_child(read_only, "mounting is not permitted here");
}

static const struct testing_case cases[] = {
    {"limit on the size of files, before the start", case_file_size},
    {"limit on the address space", case_address_space},
    {"no thread to be had", case_no_threads},
    {"no descriptor to be had", case_descriptors},
    {"read-only file system", case_read_only},
};

int main(int argc, char **argv)
{
    return testing_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
