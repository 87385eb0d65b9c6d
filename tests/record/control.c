/* Start, stop and the options: what is accepted, what is refused, what is left on the disk.
 * SPDX-License-Identifier: Apache-2.0 */
#include "readback.h"
#include "testing.h"

#include <cairn/cairn.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static int start_with(cairn_options options)
{
    options.size = sizeof options;
    return cairn_start(&options);
}

static int start_at(const char *path)
{
    return start_with((cairn_options){.path = path});
}

/* A round that is to be refused: nothing is recorded, and the next one works as if nothing had been. */
static void check_refused(cairn_options options, int error)
{
    CHECK_EQUAL(start_with(options), -error);
    CHECK(!cairn_enabled());
    cairn_log(CAIRN_BACKGROUND, "not", "recorded");
    CHECK_EQUAL(cairn_stop(), 0);
}

static void check_records(const char *path)
{
    CHECK(cairn_enabled());
    cairn_log(CAIRN_BACKGROUND, "one", "log");
    CHECK_EQUAL(cairn_stop(), 0);
    struct readback trace = readback(path);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_LOG], 1);
    CHECK_EQUAL(trace.lost_all, 0);
    CHECK_EQUAL(trace.state, CAIRN_STATE_STOPPED);
}

static bool exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

static unsigned count_in(const char *folder)
{
    unsigned count = 0;
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries && (entry = readdir(entries));) count += entry->d_name[0] != '.';
    if (entries) closedir(entries);
    return count;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static bool file_is(const char *path, const char *text)
{
    char found[256] = "";
    FILE *file = fopen(path, "r");
    size_t count = file ? fread(found, 1, sizeof found - 1, file) : 0;
    if (file) fclose(file);
    return count == strlen(text) && memcmp(found, text, count) == 0;
}

/* ---- Options ------------------------------------------------------------------------------------------------- */

struct longer_options { /* of a later version */
    cairn_options options;
    uint64_t later;
};

static void case_size(void)
{
    cairn_options options = {.size = 0, .path = testing_path("size.cairn")};
    CHECK_EQUAL(cairn_start(&options), -CAIRN_EINVAL);
    options.size = sizeof options.size - 1;
    CHECK_EQUAL(cairn_start(&options), -CAIRN_EINVAL);
    CHECK(!exists(testing_path("size.cairn")));
    options.size =
        offsetof(cairn_options, limit_bytes); /* of an earlier version: the rest is not looked at */
    options.window_ns = 1;
    CHECK_EQUAL(cairn_start(&options), 0);
    check_records(testing_path("size.cairn"));
    struct longer_options longer = {.options = {.size = sizeof longer, .path = testing_path("longer.cairn")}};
    CHECK_EQUAL(cairn_start(&longer.options), 0);
    check_records(testing_path("longer.cairn"));
}

static void case_refused_options(void)
{
    char long_path[5000];
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = 0;
    const char *path = testing_path("refused.cairn");
    check_refused((cairn_options){.path = path, .window_bytes = UINT64_MAX}, CAIRN_EINVAL);
    check_refused((cairn_options){.path = path, .helper = 2}, CAIRN_EINVAL);
    check_refused((cairn_options){.path = path, .fork = 2}, CAIRN_EINVAL);
    check_refused((cairn_options){.path = path, .sample = "a"}, CAIRN_EINVAL);
    check_refused((cairn_options){.path = path, .sample = "a=0"}, CAIRN_EINVAL);
    check_refused((cairn_options){.path = path, .sample = "a=2,=3"}, CAIRN_EINVAL);
    /* Triggers are a flight recorder's, and its helper's. */
    check_refused((cairn_options){.path = path, .snapshot_slow = "a=1s"}, CAIRN_EINVAL);
    check_refused((cairn_options){.path = path, .snapshot_signal = SIGUSR2}, CAIRN_EINVAL);
    check_refused(
        (cairn_options){.path = path, .window_ns = 1, .snapshot_failed = "a", .helper = CAIRN_HELPER_OFF},
        CAIRN_EINVAL);
    check_refused((cairn_options){.path = path, .window_ns = 1, .snapshot_slow = "a=1"}, CAIRN_EINVAL);
    check_refused((cairn_options){.path = path, .window_ns = 1, .snapshot_slow = "a=5m"}, CAIRN_EINVAL);
    check_refused((cairn_options){.path = path, .window_ns = 1, .snapshot_signal = 200}, CAIRN_EINVAL);
    check_refused((cairn_options){.path = path, .window_ns = 1, .snapshot_signal = SIGKILL}, CAIRN_EINVAL);
    check_refused((cairn_options){.path = path, .window_ns = 1, .snapshot_path = long_path}, CAIRN_EINVAL);
    check_refused((cairn_options){.path = path, .limit_bytes = UINT64_MAX}, CAIRN_EINVAL);
    check_refused((cairn_options){.path = ""}, CAIRN_EINVAL);
    check_refused((cairn_options){.path = long_path}, CAIRN_EINVAL);
    check_refused((cairn_options){.path = path, .types = long_path}, CAIRN_EINVAL);
    check_refused((cairn_options){.path = path, .live_dir = "/no/such/folder"}, CAIRN_EIO);
    check_refused((cairn_options){.path = path, .live_dir = long_path}, CAIRN_EINVAL);
    CHECK(!exists(path));
    CHECK_EQUAL(count_in(testing_folder()), 0);
    CHECK_EQUAL(start_at(path), 0);
    check_records(path);
}

static void case_busy(void)
{
    CHECK_EQUAL(cairn_stop(), 0);
    CHECK_EQUAL(start_at(testing_path("busy.cairn")), 0);
    CHECK_EQUAL(start_at(testing_path("other.cairn")), -CAIRN_EBUSY);
    CHECK_EQUAL(cairn_start(NULL), -CAIRN_EBUSY);
    CHECK_EQUAL(cairn_snapshot(testing_path("snapshot.cairn")), -CAIRN_ENOTSUP);
    check_records(testing_path("busy.cairn"));
    CHECK_EQUAL(count_in(testing_folder()), 1);
    CHECK_EQUAL(cairn_stop(), 0);
}

static void case_limit(void)
{
    const char *path = testing_path("limit.cairn");
    CHECK_EQUAL(start_with((cairn_options){.path = path, .limit_bytes = 1}), 0);
    for (int i = 0; i < 100000; i++) cairn_log(CAIRN_BACKGROUND, "fills", "the smallest limit");
    CHECK_EQUAL(cairn_stop(), 0);
    struct readback trace = readback(path);
    CHECK_EQUAL(trace.limit_bytes, 65536);
    CHECK(trace.lost[CAIRN_TALLY_LOG] > 0);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_LOG] + trace.lost[CAIRN_TALLY_LOG], 100000);
    CHECK_EQUAL(trace.lost_all, trace.lost[CAIRN_TALLY_LOG]);
    CHECK_EQUAL(start_at(path), 0);
    check_records(path);
    CHECK_EQUAL(readback(path).limit_bytes, 1 << 30);
}

/* ---- Types ------------------------------------------------------------------------------------------------------ */

static struct readback annotate_types(const char *path, const char *types)
{
    char made[] = "order made at run time";
    CHECK_EQUAL(start_with((cairn_options){.path = path, .types = types}), 0);
    for (int i = 0; i < 10; i++) {
        cairn_task order = cairn_task_begin(CAIRN_BACKGROUND, "order");
        cairn_task milk = cairn_task_begin(order, "milk");
        cairn_task_end(cairn_task_begin_dyn(order, made));
        cairn_region_end(cairn_region_begin(order, "order"));
        cairn_region steam = cairn_region_begin(milk, "steam");
        cairn_attr(steam, "key", 1);
        cairn_region_end(steam);
        cairn_region_at(order, "order", 1, 2);
        cairn_log(order, "order", "message");
        cairn_logf(order, "barista", "%d", 1);
        cairn_counter("order", 1);
        cairn_counter("cups", 1);
        cairn_attr(order, "key", 1);
        cairn_task_fail(milk, "reason");
        cairn_task_end(order);
    }
    CHECK_EQUAL(cairn_stop(), 0);
    struct readback trace = readback(path);
    CHECK_EQUAL(trace.lost_all, 0);
    CHECK_EQUAL(trace.damage, 0);
    CHECK_EQUAL(trace.regions_unfinished, 0);
    return trace;
}

static void check_types(const char *types, unsigned tasks, unsigned regions, unsigned logs, unsigned counters)
{
    struct readback trace = annotate_types(testing_path("types.cairn"), types);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_TASK_BEGIN], 10 * tasks);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_TASK_END] + trace.recovered[CAIRN_TALLY_TASK_FAIL], 10 * tasks);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_REGION_BEGIN] + trace.recovered[CAIRN_TALLY_REGION_AT],
                10 * regions);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_LOG], 10 * logs);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_COUNTER], 10 * counters);
}

/* Tasks: order, milk, one at run time. Regions: order, steam, and one with explicit times. Each round finds the sites
 * known, or not, from another one with other patterns. */
static void case_types(void)
{
    check_types("milk", 1, 0, 0, 0);
    check_types("order", 1, 2, 1, 1);
    check_types(NULL, 3, 3, 2, 2);
    check_types("order*", 2, 2, 1, 1);
    check_types("m?lk,st*", 1, 1, 0, 0);
    check_types("*", 3, 3, 2, 2);
    check_types("*r*e*,nothing", 2, 2, 1, 1);
    check_types("nothing", 0, 0, 0, 0);
    check_types("", 3, 3, 2, 2);
    setenv("CAIRN_TYPES", "milk", 1);
    check_types(NULL, 1, 0, 0, 0);
    check_types("order", 1, 2, 1, 1);
    unsetenv("CAIRN_TYPES");
}

/* ---- Paths ------------------------------------------------------------------------------------------------------ */

static void case_names(void)
{
    char expected[64];
    CHECK_EQUAL(start_at(testing_path("a-%%p-%%%%.cairn")), 0);
    snprintf(expected, sizeof expected, "a-%u-%%.cairn", (unsigned)getpid());
    check_records(testing_path("%s", expected));

    CHECK(chdir(testing_folder()) == 0);
    CHECK_EQUAL(start_at("relative.cairn"), 0);
    CHECK(chdir("/") == 0);
    check_records(testing_path("relative.cairn"));

    CHECK(chdir(testing_folder()) == 0);
    CHECK_EQUAL(cairn_start(NULL), 0);
    snprintf(expected, sizeof expected, "cairn-%u.cairn", (unsigned)getpid());
    check_records(testing_path("%s", expected));

    setenv("CAIRN_TRACE", testing_path("environment.cairn"), 1);
    CHECK_EQUAL(cairn_start(NULL), 0);
    check_records(testing_path("environment.cairn"));
    CHECK_EQUAL(start_at(testing_path("option.cairn")), 0);
    check_records(testing_path("option.cairn"));
    unsetenv("CAIRN_TRACE");
    CHECK_EQUAL(count_in(testing_folder()), 5);
    CHECK(chdir("/") == 0);
}

static void case_bad_environment(void)
{
    const char *path = testing_path("bad.cairn");
    const char *const wrong[] = {"x", "-1", "1x", "1KK", "99999999999999999999", "16777216T"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        setenv("CAIRN_LIMIT", wrong[i], 1);
        check_refused((cairn_options){.path = path}, CAIRN_EINVAL);
    }
    setenv("CAIRN_LIMIT", "1m", 1);
    CHECK_EQUAL(start_at(path), 0);
    check_records(path);
    CHECK_EQUAL(readback(path).limit_bytes, 1 << 20);
    unsetenv("CAIRN_LIMIT");
}

static void case_folders(void)
{
    struct stat status;
    CHECK_EQUAL(start_at(testing_path("new/")), 0);
    check_records(testing_path("new/%u.0.cairn", (unsigned)getpid()));
    CHECK(stat(testing_path("new"), &status) == 0 && (status.st_mode & 0777) == 0700);
    CHECK_EQUAL(start_at(testing_path("new")), 0);
    check_records(testing_path("new/%u.1.cairn", (unsigned)getpid()));
    CHECK_EQUAL(count_in(testing_path("new")), 2);
    check_refused((cairn_options){.path = testing_path("no/such/")}, CAIRN_EIO);
    write_file(testing_path("file"), "text");
    check_refused((cairn_options){.path = testing_path("file/")}, CAIRN_EEXIST);
}

static void case_replaced(void)
{
    struct stat status;
    const char *path = testing_path("replaced.cairn");
    mode_t mask = umask(0);
    CHECK_EQUAL(start_at(path), 0);
    for (int i = 0; i < 1000; i++) cairn_log(CAIRN_BACKGROUND, "older", "message");
    CHECK_EQUAL(cairn_stop(), 0);
    CHECK(stat(path, &status) == 0 && (status.st_mode & 07777) == 0600);
    CHECK(chmod(path, 0644) == 0);
    CHECK_EQUAL(start_at(path), 0);
    check_records(path);
    CHECK(stat(path, &status) == 0 && (status.st_mode & 07777) == 0600);
    umask(mask);
    write_file(testing_path("empty"), "");
    CHECK_EQUAL(start_at(testing_path("empty")), 0);
    check_records(testing_path("empty"));
    CHECK_EQUAL(count_in(testing_folder()), 2);
}

/* What is no trace is left alone, and links are not followed. */
static void case_refused_paths(void)
{
    write_file(testing_path("text"), "precious");
    check_refused((cairn_options){.path = testing_path("text")}, CAIRN_EEXIST);
    CHECK(file_is(testing_path("text"), "precious"));

    CHECK_EQUAL(start_at(testing_path("trace")), 0);
    check_records(testing_path("trace"));
    CHECK(symlink(testing_path("trace"), testing_path("link")) == 0);
    check_refused((cairn_options){.path = testing_path("link")}, CAIRN_EACCES);
    CHECK_EQUAL(readback(testing_path("trace")).recovered_all, 1);

    CHECK(symlink(testing_path("nothing"), testing_path("dangling")) == 0);
    check_refused((cairn_options){.path = testing_path("dangling")}, CAIRN_EACCES);
    CHECK(!exists(testing_path("nothing")));

    CHECK(mkfifo(testing_path("pipe"), 0600) == 0);
    check_refused((cairn_options){.path = testing_path("pipe")}, CAIRN_EEXIST);
    check_refused((cairn_options){.path = "/dev/null"}, CAIRN_EEXIST);
    check_refused((cairn_options){.path = testing_path("no/such/folder")}, CAIRN_EIO);
}

static void start_where_not_permitted(void)
{
    if (setgid(NOBODY) || setuid(NOBODY)) exit(1);
    check_refused((cairn_options){.path = testing_path("closed/trace")}, CAIRN_EACCES);
    check_refused((cairn_options){.path = testing_path("closed/folder/")}, CAIRN_EACCES);
    check_refused((cairn_options){.path = testing_path("open/secret")}, CAIRN_EACCES);
    CHECK_EQUAL(start_at(testing_path("open/trace")), 0);
    check_records(testing_path("open/trace"));
}

static void case_not_permitted(void)
{
    if (geteuid() != 0) {
        testing_skip("needs root");
        return;
    }
    CHECK(chmod(testing_folder(), 0755) == 0);
    CHECK(mkdir(testing_path("closed"), 0755) == 0 && mkdir(testing_path("open"), 0777) == 0);
    CHECK(chmod(testing_path("open"), 0777) == 0);
    write_file(testing_path("open/secret"), "precious");
    CHECK(chmod(testing_path("open/secret"), 0600) == 0);
    CHECK_EQUAL(testing_in_child(start_where_not_permitted), 0);
    CHECK_EQUAL(count_in(testing_path("closed")), 0);
}

/* ---- The live file ---------------------------------------------------------------------------------------------- */

static void case_live_file(void)
{
    struct stat status;
    CHECK(mkdir(testing_path("live"), 0700) == 0);
    CHECK_EQUAL(
        start_with((cairn_options){.path = testing_path("a.cairn"), .live_dir = testing_path("live")}), 0);
    CHECK_EQUAL(count_in(testing_path("live")), 1);
    DIR *entries = opendir(testing_path("live"));
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        if (entry->d_name[0] == '.') continue;
        CHECK(stat(testing_path("live/%s", entry->d_name), &status) == 0);
        CHECK_EQUAL(status.st_mode & 07777, 0600);
    }
    if (entries) closedir(entries);
    check_records(testing_path("a.cairn"));
    CHECK_EQUAL(count_in(testing_path("live")), 0);
}

/* Closing descriptors at large, as some programs do, harms neither the trace nor what is opened next. */
static void close_everything(void)
{
    CHECK_EQUAL(start_at(testing_path("closed.cairn")), 0);
    for (int i = 0; i < 1000; i++) cairn_log(CAIRN_BACKGROUND, "before", "the descriptors are closed");
    for (int fd = 3; fd < 64; fd++) close(fd);
    for (int i = 0; i < 10; i++) {
        int fd = open(testing_path("own-%d", i), O_RDWR | O_CREAT, 0600);
        CHECK(fd >= 0 && write(fd, "own", 3) == 3);
    }
    for (int i = 0; i < 100000; i++) cairn_log(CAIRN_BACKGROUND, "after", "the descriptors are closed");
    CHECK(cairn_stop() <= 0);
}

static void case_closed_descriptors(void)
{
    if (testing_is_thread_sanitized()) {
        testing_skip("ThreadSanitizer takes the closing of others' descriptors for a race");
        return;
    }
    CHECK_EQUAL(testing_in_child(close_everything), 0);
    for (int i = 0; i < 10; i++) CHECK(file_is(testing_path("own-%d", i), "own"));
}

static const struct testing_case cases[] = {
    {"size", case_size},
    {"refused options", case_refused_options},
    {"busy", case_busy},
    {"limit", case_limit},
    {"types", case_types},
    {"names", case_names},
    {"bad environment", case_bad_environment},
    {"folders", case_folders},
    {"replaced", case_replaced},
    {"refused paths", case_refused_paths},
    {"not permitted", case_not_permitted},
    {"live file", case_live_file},
    {"closed descriptors", case_closed_descriptors},
};

int main(int argc, char **argv)
{
    return testing_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
