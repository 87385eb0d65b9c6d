/* How a program ends, forks and starts others, and what is then in its trace. SPDX-License-Identifier: Apache-2.0 */
#include "readback.h"
#include "testing.h"

#include <cairn/cairn.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOGS = 1000, STATUS = 3 };

static void log_many(unsigned count)
{
    for (unsigned i = 0; i < count; i++) cairn_logf(CAIRN_BACKGROUND, "many", "number %u", i);
}

static void start(const char *path)
{
    cairn_options options = {.size = sizeof options, .path = path};
    CHECK_EQUAL(cairn_start(&options), 0);
}

static void check_logs(const char *path, uint64_t count, uint32_t state)
{
    struct readback trace = readback(path);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_LOG], count);
    CHECK_EQUAL(trace.lost_all, 0);
    CHECK_EQUAL(trace.state, state);
    CHECK_EQUAL(trace.damage, 0);
}

/* ---- Ways to end ---------------------------------------------------------------------------------------------- */

static void leave_by_exit(void)
{
    start(testing_path("exit.cairn"));
    log_many(LOGS);
    exit(STATUS);
}

static void case_exit(void)
{
    int status = testing_in_child(leave_by_exit);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == STATUS);
    check_logs(testing_path("exit.cairn"), LOGS, CAIRN_STATE_STOPPED);
}

static void *log_on_thread(void *argument)
{
    log_many(*(unsigned *)argument);
    cairn_region_begin(CAIRN_BACKGROUND, "never ended");
    return NULL;
}

/* With a second thread, and enough that the helper has written a part. */
static void leave_by_quick_exit(void)
{
    unsigned count = 100 * LOGS;
    pthread_t thread;
    start(testing_path("quick.cairn"));
    CHECK(!pthread_create(&thread, NULL, log_on_thread, &count));
    log_many(count);
    pthread_join(thread, NULL);
    usleep(20000);
    log_many(LOGS);
    _exit(STATUS);
}

static void join(const char *path, uint64_t count)
{
    struct cairn_error error = {0};
    check_logs(path, count, CAIRN_STATE_RECORDING);
    CHECK_EQUAL(trace_join(path, &error), 1);
    check_logs(path, count, CAIRN_STATE_JOINED);
    CHECK_EQUAL(trace_join(path, &error), 0);
    check_logs(path, count, CAIRN_STATE_JOINED);
}

static void case_quick_exit(void)
{
    int status = testing_in_child(leave_by_quick_exit);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == STATUS);
    join(testing_path("quick.cairn"), 201 * LOGS);
}

static char live_folder[512];

static void leave_with_live_file(void)
{
    cairn_options options = {
        .size = sizeof options, .path = testing_path("again.cairn"), .live_dir = live_folder};
    CHECK_EQUAL(cairn_start(&options), 0);
    log_many(LOGS);
    _exit(STATUS);
}

static unsigned live_files(void)
{
    unsigned count = 0;
    DIR *folder = opendir(live_folder);
    CHECK(folder != NULL);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        count += strstr(entry->d_name, ".live") != NULL;
    if (folder) closedir(folder);
    return count;
}

/* Whoever replaces a trace removes the live file that only it names. */
static void case_replaced(void)
{
    snprintf(live_folder, sizeof live_folder, "%s", testing_path("live"));
    CHECK_EQUAL(mkdir(live_folder, 0700), 0);
    for (int i = 0; i < 3; i++) {
        testing_in_child(leave_with_live_file);
        CHECK_EQUAL(live_files(), 1);
    }
    start(testing_path("again.cairn"));
    CHECK_EQUAL(cairn_stop(), 0);
    CHECK_EQUAL(live_files(), 0);
}

/* ---- Children ------------------------------------------------------------------------------------------------- */

/* In a forked child that stops before it annotates: it is off, and a start of its own works as in any process. What it
 * records if it does not: follow.c. */
static void child_of_recording(void)
{
    CHECK_EQUAL(cairn_stop(), 0);
    CHECK(!cairn_enabled());
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "in a child");
    CHECK_EQUAL(task.id, 1);
    log_many(LOGS);
    start(testing_path("child.cairn"));
    CHECK(cairn_enabled());
    log_many(10);
    cairn_task_end(task);
    CHECK_EQUAL(cairn_stop(), 0);
    start(testing_path("child-again.cairn"));
    log_many(20);
}

static void child_that_exits(void)
{
    exit(0);
}

static void case_fork(void)
{
    if (testing_is_thread_sanitized()) {
        testing_skip("ThreadSanitizer does not follow forks");
        return;
    }
    start(testing_path("parent.cairn"));
    log_many(LOGS);
    CHECK_EQUAL(testing_in_child(child_of_recording), 0);
    log_many(LOGS);
    CHECK_EQUAL(testing_in_child(child_that_exits), 0);
    CHECK(cairn_enabled());
    log_many(LOGS);
    CHECK_EQUAL(cairn_stop(), 0);
    check_logs(testing_path("parent.cairn"), 3 * LOGS, CAIRN_STATE_STOPPED);
    check_logs(testing_path("child.cairn"), 10, CAIRN_STATE_STOPPED);
    check_logs(testing_path("child-again.cairn"), 20, CAIRN_STATE_STOPPED);
}

/* Without the C library's fork, so without its handlers. */
static void case_raw_clone(void)
{
    if (testing_is_thread_sanitized()) {
        testing_skip("ThreadSanitizer does not follow forks");
        return;
    }
    start(testing_path("parent.cairn"));
    log_many(LOGS);
    fflush(NULL);
    const char *path = testing_path("clone.cairn");
    long child = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0) {
        log_many(LOGS); /* of nobody: its on word may be its parent's, its gate is closed */
        cairn_options options = {.size = sizeof options, .path = path, .helper = CAIRN_HELPER_OFF};
        bool started = cairn_start(&options) == 0;
        log_many(10);
        _exit(started && cairn_stop() == 0 ? 0 : 1);
    }
    int status = -1;
    if (child > 0) waitpid((pid_t)child, &status, 0);
    CHECK_EQUAL(status, 0);
    CHECK_EQUAL(cairn_stop(), 0);
    check_logs(testing_path("parent.cairn"), LOGS, CAIRN_STATE_STOPPED);
    check_logs(path, 10, CAIRN_STATE_STOPPED);
}

static bool stop_forking;

static void *log_while_forking(void *argument)
{
    uint64_t *count = argument;
    for (; !__atomic_load_n(&stop_forking, __ATOMIC_RELAXED); ++*count) log_many(1);
    return NULL;
}

/* Forks at any moment of other threads' events; the children are to stay off. */
static void case_forks_under_load(void)
{
    uint64_t counts[2] = {0, 0};
    pthread_t threads[2];
    cairn_options options = {
        .size = sizeof options, .path = testing_path("parent.cairn"), .fork = CAIRN_FORK_OFF};
    CHECK_EQUAL(cairn_start(&options), 0);
    stop_forking = false;
    for (int i = 0; i < 2; i++) CHECK(!pthread_create(&threads[i], NULL, log_while_forking, &counts[i]));
    for (int i = 0; i < 40; i++) {
        pid_t child = testing_fork();
        if (child == 0) {
            log_many(LOGS);
            _exit(cairn_enabled());
        }
        int status = -1;
        waitpid(child, &status, 0);
        CHECK_EQUAL(status, 0);
    }
    __atomic_store_n(&stop_forking, true, __ATOMIC_RELAXED);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    CHECK_EQUAL(cairn_stop(), 0);
    check_logs(testing_path("parent.cairn"), counts[0] + counts[1], CAIRN_STATE_STOPPED);
}

/* ---- Programs ------------------------------------------------------------------------------------------------- */

static const char self[] = "/proc/self/exe";

/* What a program started as `processes --child` does. */
static int be_program(void)
{
    if (cairn_enabled() == (getenv("EXPECT_OFF") != NULL)) return 1;
    log_many(LOGS);
    cairn_task_end(cairn_task_begin(CAIRN_BACKGROUND, "chosen"));
    cairn_task_end(cairn_task_begin(CAIRN_BACKGROUND, "other"));
    return 0;
}

static int run_program(const char *path, char *const environment[])
{
    fflush(NULL);
    pid_t child = testing_fork();
    if (child == 0) {
        char *arguments[] = {(char *)"processes", (char *)"--child", NULL};
        execve(path, arguments, environment);
        _exit(127);
    }
    int status = -1;
    if (child > 0) waitpid(child, &status, 0);
    return status;
}

static char *variable(const char *name, const char *value)
{
    static char texts[8][600];
    static unsigned last;
    char *text = texts[last++ % 8];
    snprintf(text, sizeof texts[0], "%s=%s", name, value);
    return text;
}

static void case_environment(void)
{
    char *plain[] = {variable("CAIRN_TRACE", testing_path("plain.cairn")), NULL};
    CHECK_EQUAL(run_program(self, plain), 0);
    check_logs(testing_path("plain.cairn"), LOGS, CAIRN_STATE_STOPPED);

    char *types[] = {variable("CAIRN_TRACE", testing_path("types.cairn")),
                     variable("CAIRN_TYPES", "x*,ch?sen"), NULL};
    CHECK_EQUAL(run_program(self, types), 0);
    struct readback trace = readback(testing_path("types.cairn"));
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_LOG], 0);
    CHECK_EQUAL(trace.tasks, 1);
    CHECK_EQUAL(trace.lost_all, 0);

    char *more[] = {variable("CAIRN_TRACE", testing_path("more.cairn")),
                    variable("CAIRN_LIMIT", "64k"),
                    variable("CAIRN_HELPER", "off"),
                    variable("CAIRN_CLOCK", "monotonic"),
                    variable("CAIRN_LIVE_DIR", testing_folder()),
                    NULL};
    CHECK_EQUAL(run_program(self, more), 0);
    trace = readback(testing_path("more.cairn"));
    CHECK_EQUAL(trace.limit_bytes, 65536);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_LOG] + trace.lost[CAIRN_TALLY_LOG], LOGS);

    char *empty[] = {variable("CAIRN_TRACE", ""), variable("EXPECT_OFF", "1"), NULL};
    CHECK_EQUAL(run_program(self, empty), 0);
    char *wrong[] = {variable("CAIRN_TRACE", testing_path("no/such/folder/x")), variable("EXPECT_OFF", "1"),
                     NULL};
    CHECK_EQUAL(run_program(self, wrong), 0);
}

static unsigned count_in(const char *folder)
{
    unsigned count = 0;
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries && (entry = readdir(entries));) count += entry->d_name[0] != '.';
    if (entries) closedir(entries);
    return count;
}

/* A folder gets one file per process image; exec keeps the pid. */
static void case_exec(void)
{
    const char *folder = testing_path("folder/");
    fflush(NULL);
    pid_t child = testing_fork();
    if (child == 0) {
        setenv("CAIRN_LIVE_DIR", testing_folder(), 1); /* exec leaves the live file */
        start(folder);
        log_many(LOGS);
        char *environment[] = {variable("CAIRN_TRACE", folder), NULL};
        char *arguments[] = {(char *)"processes", (char *)"--child", NULL};
        execve(self, arguments, environment);
        _exit(127);
    }
    int status = -1;
    waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
    CHECK_EQUAL(count_in(folder), 2);
    struct readback trace = readback(folder);
    CHECK_EQUAL(trace.processes, 2);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_LOG], 2 * LOGS);
    CHECK_EQUAL(trace.lost_all, 0);
}

static bool copy_self(const char *path)
{
    char bytes[65536];
    int from = open(self, O_RDONLY), to = open(path, O_WRONLY | O_CREAT | O_EXCL, 0755);
    bool good = from >= 0 && to >= 0;
    for (ssize_t count; good && (count = read(from, bytes, sizeof bytes)) != 0;) {
        good = count > 0 && write(to, bytes, (size_t)count) == count;
    }
    close(from);
    close(to);
    return good;
}

static const char *privileged_program;
enum { NOBODY = 65534 };

static void run_as_nobody(void)
{
    char *environment[] = {variable("CAIRN_TRACE", testing_path("open/privileged.cairn")),
                           variable("EXPECT_OFF", "1"), NULL};
    if (setgid(NOBODY) || setuid(NOBODY)) exit(1);
    exit(run_program(privileged_program, environment) != 0);
}

/* The environment is not for a program that runs with more rights than its caller. */
static void case_set_uid(void)
{
    if (geteuid() != 0) {
        testing_skip("needs root");
        return;
    }
    privileged_program = testing_path("privileged");
    CHECK(copy_self(privileged_program));
    CHECK(chmod(testing_folder(), 0755) == 0);
    CHECK(mkdir(testing_path("open"), 0777) == 0 && chmod(testing_path("open"), 0777) == 0);
    CHECK(chmod(privileged_program, 04755) == 0);
    CHECK_EQUAL(testing_in_child(run_as_nobody), 0);
    CHECK_EQUAL(count_in(testing_path("open")), 0);
}

static const struct testing_case cases[] = {
    {"exit", case_exit},
    {"_exit", case_quick_exit},
    {"a killed one is replaced", case_replaced},
    {"fork", case_fork},
    {"raw clone", case_raw_clone},
    {"forks under load", case_forks_under_load},
    {"environment", case_environment},
    {"exec", case_exec},
    {"set-uid", case_set_uid},
};

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--child") == 0) return be_program();
    return testing_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
