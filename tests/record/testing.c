/* See testing.h. SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"
#include "../sanitizers.h"

#include <errno.h>
#include <ftw.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct {
    unsigned failures; /* atomic: checks are made on any thread */
    const char *skipped;
    char folder[128];
} present;

void testing_fail(const char *file, int line, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    __atomic_add_fetch(&present.failures, 1, __ATOMIC_RELAXED);
    fprintf(stderr, "# %s:%d: %s\n", file, line, text);
}

void testing_check_equal(const char *file, int line, const char *what, int64_t value, int64_t expected)
{
    if (value != expected) testing_fail(file, line, "%s is %" PRId64 ", not %" PRId64, what, value, expected);
}

bool testing_has_failed(void)
{
    return __atomic_load_n(&present.failures, __ATOMIC_RELAXED) != 0;
}

void testing_skip(const char *why)
{
    present.skipped = why;
}

const char *testing_folder(void)
{
    const char *parent = getenv("TMPDIR");
    if (present.folder[0]) return present.folder;
    snprintf(present.folder, sizeof present.folder, "%s/cairn-test-XXXXXX", parent ? parent : "/tmp");
    if (!mkdtemp(present.folder)) {
        perror(present.folder);
        exit(1);
    }
    return present.folder;
}

const char *testing_path(const char *format, ...)
{
    static char paths[8][512];
    static unsigned last;
    char *path = paths[last++ % 8];
    int used = snprintf(path, sizeof paths[0], "%s/", testing_folder());
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path + used, sizeof paths[0] - (size_t)used, format, arguments);
    va_end(arguments);
    return path;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

static void remove_folder(void)
{
    if (present.folder[0]) nftw(present.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    present.folder[0] = 0;
}

unsigned testing_scaled(unsigned count)
{
    if (IS_SANITIZED) return count / 20;
    return getenv("CAIRN_LONG") ? count * 8 : count;
}

uint64_t testing_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool testing_is_thread_sanitized(void)
{
    return IS_THREAD_SANITIZED;
}

/* The sanitizers' allocators are not held over a fork: who is amid one when another forks leaves it locked in the child.
 * That is whoever has just been made, such as the recorder's helper. */
pid_t testing_fork(void)
{
    if (IS_SANITIZED) usleep(20000);
    return fork();
}

enum { CHECK_FAILED = 99 };

int testing_in_child(void (*function)(void))
{
    testing_folder(); /* the parent's, so that it is removed */
    fflush(NULL);
    pid_t child = testing_fork();
    if (child == 0) {
        present.failures = 0;
        function();
        exit(present.failures ? CHECK_FAILED : 0);
    }
    int status = -1;
    if (child > 0) waitpid(child, &status, 0);
    if (child < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == CHECK_FAILED)) present.failures++;
    return status;
}

bool testing_may_mount(void)
{
    return geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static bool is_chosen(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0) return true;
    }
    return argc < 2;
}

static void tell(unsigned number, const char *name, double seconds)
{
    if (present.failures)
        printf("not ok %u %s\n", number, name);
    else if (present.skipped)
        printf("ok %u %s # skip %s\n", number, name, present.skipped);
    else
        printf("ok %u %s (%.2f s)\n", number, name, seconds);
    fflush(stdout);
}

int testing_main(const struct testing_case *cases, size_t count, int argc, char **argv)
{
    unsigned run = 0, failed = 0, skipped = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_chosen(cases[i].name, argc, argv)) continue;
        present.failures = 0;
        present.skipped = NULL;
        uint64_t begin_ns = testing_now_ns();
        cases[i].run();
        tell(++run, cases[i].name, (double)(testing_now_ns() - begin_ns) / 1e9);
        failed += present.failures != 0;
        skipped += !present.failures && present.skipped;
        remove_folder();
    }
    printf("1..%u\n", run);
    if (!run || failed) return 1;
    return skipped == run ? 77 : 0;
}
