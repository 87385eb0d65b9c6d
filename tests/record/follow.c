/* Forked children that record as their parent does: whose file is whose, whatever way they were made.
 * SPDX-License-Identifier: Apache-2.0 */
#include "livefolder.h"
#include "readback.h"
#include "testing.h"

#include <cairn/cairn.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOGS = 1000, MARK = 7 };

static const char *live;

static void log_many(unsigned count)
{
    for (unsigned i = 0; i < count; i++) cairn_logf(CAIRN_BACKGROUND, "many", "number %u", i);
}

static void start_with(cairn_options options)
{
    options.size = sizeof options;
    options.live_dir = live = live_folder_create();
    CHECK_EQUAL(cairn_start(&options), 0);
}

static void start(const char *path)
{
    start_with((cairn_options){.path = path});
}

/* After the recordings: none has left its live file. */
static void finish(void)
{
    CHECK_EQUAL(live_folder_clear(), 0);
    live_folder_destroy();
}

/* Runs in a child, which exits as programs do. Returns its pid once it is gone. */
static pid_t in_child(void (*function)(void))
{
    fflush(NULL);
    testing_folder();
    pid_t child = testing_fork();
    if (child == 0) {
        function();
        exit(MARK);
    }
    int status = -1;
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == MARK);
    return child;
}

/* In a child a failed check must reach the parent. */
#define EXPECT(condition) ((condition) ? (void)0 : _exit(1))

static void check_logs(const char *path, uint64_t count)
{
    struct readback trace = readback(path);
    CHECK_EQUAL(trace.recovered_all, count);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_LOG], count);
    CHECK_EQUAL(trace.lost_all, 0);
    CHECK_EQUAL(trace.damage, 0);
    CHECK_EQUAL(trace.state, CAIRN_STATE_STOPPED);
}

/* A file of process `pid`, forked by `parent` while that recorded the file at `parent_path`. */
static void check_child(const char *path, uint64_t count, pid_t pid, pid_t parent, const char *parent_path)
{
    check_logs(path, count);
    struct cairn_file_head head = readback_head(path);
    CHECK_EQUAL(head.pid, pid);
    CHECK_EQUAL(head.parent_pid, parent);
    CHECK(head.parent_session == readback_head(parent_path).session[0]);
}

static unsigned count_in(const char *folder)
{
    unsigned count = 0;
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries && (entry = readdir(entries));) count += entry->d_name[0] != '.';
    if (entries) closedir(entries);
    return count;
}

static bool is_skipped(void)
{
    if (testing_is_thread_sanitized()) testing_skip("ThreadSanitizer does not follow forks");
    return testing_is_thread_sanitized();
}

/* ---- Names ------------------------------------------------------------------------------------------------------ */

static void log_as_child(void)
{
    EXPECT(cairn_enabled());
    log_many(LOGS / 2);
}

static void case_names(void)
{
    static const char *const patterns[][2] = {{"plain.cairn", "plain.%d.cairn"},
                                              {"no-extension", "no-extension.%d"},
                                              {"of-%p.cairn", "of-%d.cairn"},
                                              {"folder/", "folder/%d.0.cairn"}};
    char pattern[64], own[64], childs[64];
    if (is_skipped()) return;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        snprintf(pattern, sizeof pattern, "%s", patterns[i][0]);
        start(testing_path("%s", pattern));
        log_many(LOGS);
        pid_t child = in_child(log_as_child);
        log_many(LOGS);
        CHECK_EQUAL(cairn_stop(), 0);
        bool by_pid = i >= 2;
        snprintf(own, sizeof own, by_pid ? patterns[i][1] : patterns[i][0], (int)getpid());
        snprintf(childs, sizeof childs, patterns[i][1], (int)child);
        check_logs(testing_path("%s", own), 2 * LOGS);
        check_child(testing_path("%s", childs), LOGS / 2, child, getpid(), testing_path("%s", own));
        CHECK_EQUAL(readback_head(testing_path("%s", own)).parent_pid, 0);
        finish();
    }
    CHECK_EQUAL(readback(testing_path("folder")).processes, 2);
    CHECK_EQUAL(count_in(testing_folder()), 7);
}

static void do_nothing(void)
{
}

static void stop_before_annotating(void)
{
    EXPECT(cairn_stop() == 0);
    EXPECT(!cairn_enabled());
    log_many(LOGS);
}

/* Who does not annotate, or stops first, leaves no file. */
static void case_silent(void)
{
    if (is_skipped()) return;
    start(testing_path("parent.cairn"));
    in_child(do_nothing);
    in_child(stop_before_annotating);
    CHECK_EQUAL(cairn_stop(), 0);
    CHECK_EQUAL(count_in(testing_folder()), 1);
    check_logs(testing_path("parent.cairn"), 0);
    finish();
}

static void stay_off(void)
{
    EXPECT(!cairn_enabled());
    log_many(LOGS);
    EXPECT(cairn_snapshot(NULL) == -CAIRN_EOFF && cairn_types("x") == -CAIRN_EOFF);
}

static void case_off(void)
{
    if (is_skipped()) return;
    start_with((cairn_options){.path = testing_path("parent.cairn"), .fork = CAIRN_FORK_OFF});
    in_child(stay_off);
    CHECK_EQUAL(cairn_stop(), 0);
    finish();
    setenv("CAIRN_FORK", "off", 1);
    start(testing_path("parent.cairn"));
    in_child(stay_off);
    CHECK_EQUAL(cairn_stop(), 0);
    unsetenv("CAIRN_FORK");
    finish();
    in_child(stay_off); /* of a parent that has stopped */
    CHECK_EQUAL(count_in(testing_folder()), 1);
}

/* ---- What a child does ------------------------------------------------------------------------------------------- */

static void start_itself(void)
{
    cairn_options options = {.size = sizeof options, .path = testing_path("own.cairn"), .live_dir = live};
    EXPECT(cairn_start(&options) == 0);
    log_many(10);
    EXPECT(cairn_stop() == 0);
    log_many(LOGS);
    options.path = testing_path("no/such/folder/x");
    EXPECT(cairn_start(&options) == -CAIRN_EIO);
    log_many(LOGS);
}

static void fail_to_start(void)
{
    cairn_options options = {.size = sizeof options, .path = testing_path("no/such/folder/x")};
    EXPECT(cairn_start(&options) == -CAIRN_EIO);
    EXPECT(!cairn_enabled());
    log_many(LOGS);
}

static void case_own_start(void)
{
    if (is_skipped()) return;
    start(testing_path("parent.cairn"));
    log_many(LOGS);
    in_child(start_itself);
    in_child(fail_to_start);
    CHECK_EQUAL(cairn_stop(), 0);
    check_logs(testing_path("parent.cairn"), LOGS);
    check_logs(testing_path("own.cairn"), 10);
    CHECK_EQUAL(readback_head(testing_path("own.cairn")).parent_pid, 0);
    CHECK_EQUAL(count_in(testing_folder()), 2);
    finish();
}

static cairn_task inherited;
static cairn_region inherited_region;

/* Handles of the parent's are known by identity; its regions end nowhere; other rounds follow as ever. */
static void use_handles(void)
{
    cairn_log(inherited, "of", "the parent's task");
    cairn_region_end(inherited_region);
    cairn_task_end(cairn_task_begin(inherited, "child's"));
    EXPECT(cairn_stop() == 0);
    cairn_options options = {.size = sizeof options, .path = testing_path("second.cairn"), .live_dir = live};
    EXPECT(cairn_start(&options) == 0);
    log_many(10);
}

static void case_handles(void)
{
    if (is_skipped()) return;
    start(testing_path("parent.cairn"));
    inherited = cairn_task_begin(CAIRN_BACKGROUND, "parent's");
    inherited_region = cairn_region_begin(inherited, "parent's");
    pid_t child = in_child(use_handles);
    cairn_region_end(inherited_region);
    cairn_task_end(inherited);
    CHECK_EQUAL(cairn_stop(), 0);
    CHECK_EQUAL(readback(testing_path("parent.cairn")).recovered_all, 4);
    struct readback trace = readback(testing_path("parent.%d.cairn", (int)child));
    CHECK_EQUAL(trace.recovered_all, 3);
    CHECK_EQUAL(trace.damage, 0);
    CHECK_EQUAL(trace.tasks, 2);
    check_logs(testing_path("second.cairn"), 10);
    finish();
}

static void use_types(void)
{
    cairn_task_end(cairn_task_begin(CAIRN_BACKGROUND, "on"));
    cairn_task_end(cairn_task_begin(CAIRN_BACKGROUND, "off"));
}

/* It records what its parent records at the moment. */
static void case_types(void)
{
    if (is_skipped()) return;
    start(testing_path("parent.cairn"));
    use_types();
    CHECK_EQUAL(cairn_types("on*"), 0);
    pid_t child = in_child(use_types);
    use_types();
    CHECK_EQUAL(cairn_stop(), 0);
    CHECK_EQUAL(readback(testing_path("parent.cairn")).recovered[CAIRN_TALLY_TASK_BEGIN], 3);
    struct readback trace = readback(testing_path("parent.%d.cairn", (int)child));
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_TASK_BEGIN], 1);
    finish();
}

static void *log_on_thread(void *unused)
{
    log_many(LOGS);
    return unused;
}

static void log_and_die(void)
{
    pthread_t thread;
    EXPECT(!pthread_create(&thread, NULL, log_on_thread, NULL));
    log_many(LOGS);
    pthread_join(thread, NULL);
    _exit(MARK);
}

/* What a child leaves that did not stop can be joined. */
static void case_quick_exit(void)
{
    struct cairn_error error = {0};
    if (is_skipped()) return;
    start(testing_path("parent.cairn"));
    pid_t child = in_child(log_and_die);
    CHECK_EQUAL(cairn_stop(), 0);
    const char *path = testing_path("parent.%d.cairn", (int)child);
    CHECK_EQUAL(readback(path).recovered_all, 2 * LOGS);
    CHECK_EQUAL(trace_join(path, &error), 1);
    CHECK_EQUAL(readback(path).recovered_all, 2 * LOGS);
    finish();
}

/* ---- Descendants ------------------------------------------------------------------------------------------------- */

static pid_t *pids; /* shared: of a child, and of its child */

static void have_a_child(bool annotate)
{
    pids[0] = getpid();
    if (annotate) log_many(LOGS);
    pid_t child = testing_fork();
    if (child == 0) {
        EXPECT(cairn_enabled());
        log_many(10);
        exit(0);
    }
    pids[1] = child;
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT(status == 0);
}

static void have_a_child_loudly(void)
{
    have_a_child(true);
}

static void have_a_child_silently(void)
{
    have_a_child(false);
}

static void case_grandchildren(void)
{
    char childs[64];
    if (is_skipped()) return;
    start(testing_path("loud.cairn"));
    in_child(have_a_child_loudly);
    CHECK_EQUAL(cairn_stop(), 0);
    snprintf(childs, sizeof childs, "loud.%d.cairn", (int)pids[0]);
    check_child(testing_path("%s", childs), LOGS, pids[0], getpid(), testing_path("loud.cairn"));
    check_child(testing_path("loud.%d.cairn", (int)pids[1]), 10, pids[1], pids[0],
                testing_path("%s", childs));
    finish();
    start(testing_path("silent.cairn")); /* the nearest that recorded counts as the parent */
    in_child(have_a_child_silently);
    CHECK_EQUAL(cairn_stop(), 0);
    check_child(testing_path("silent.%d.cairn", (int)pids[1]), 10, pids[1], getpid(),
                testing_path("silent.cairn"));
    CHECK_EQUAL(count_in(testing_folder()), 5);
    finish();
}

/* As daemons begin: twice forked, in a session of its own, no descriptor left, another folder. */
static void become_a_daemon(void)
{
    if (testing_fork()) _exit(MARK);
    EXPECT(setsid() >= 0);
    if (testing_fork()) _exit(0);
    for (int fd = 0; fd < 1024; fd++) close(fd);
    EXPECT(chdir("/") == 0 && open("/dev/null", O_RDWR) == 0);
    log_many(LOGS);
    pids[0] = getpid();
    EXPECT(cairn_stop() == 0);
    __atomic_store_n(&pids[1], 1, __ATOMIC_RELEASE);
    _exit(0);
}

static void case_daemon(void)
{
    if (is_skipped()) return;
    pids[1] = 0;
    start(testing_path("parent.cairn"));
    log_many(LOGS);
    in_child(become_a_daemon);
    uint64_t deadline_ns = testing_now_ns() + 30000000000;
    while (!__atomic_load_n(&pids[1], __ATOMIC_ACQUIRE) && testing_now_ns() < deadline_ns) usleep(1000);
    CHECK_EQUAL(cairn_stop(), 0);
    check_logs(testing_path("parent.cairn"), LOGS);
    check_child(testing_path("parent.%d.cairn", (int)pids[0]), LOGS, pids[0], getpid(),
                testing_path("parent.cairn"));
    finish();
}

/* ---- A flight recorder, forked at any moment ---------------------------------------------------------------------- */

static void record_flight(void)
{
    log_many(LOGS);
    EXPECT(cairn_snapshot(NULL) == 0);
}

static bool stop_emitting; /* atomic */

static void *emit(void *argument)
{
    uint64_t *count = argument;
    for (; !__atomic_load_n(&stop_emitting, __ATOMIC_RELAXED); ++*count) log_many(1);
    return NULL;
}

static void case_flight(void)
{
    enum { THREADS = 4, CHILDREN = 40 };
    uint64_t counts[THREADS] = {0}, sum = 0;
    pthread_t threads[THREADS];
    pid_t children[CHILDREN];
    if (is_skipped()) return;
    start_with((cairn_options){.path = testing_path("parent.cairn"), .window_bytes = 256 << 10});
    __atomic_store_n(&stop_emitting, false, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++) CHECK(!pthread_create(&threads[i], NULL, emit, &counts[i]));
    for (int i = 0; i < CHILDREN; i++) children[i] = in_child(record_flight);
    __atomic_store_n(&stop_emitting, true, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    CHECK_EQUAL(cairn_stop(), 0);
    for (int i = 0; i < THREADS; i++) sum += counts[i];
    struct readback parent = readback(testing_path("parent.cairn"));
    CHECK_EQUAL(parent.recovered_all + parent.lost_all + parent.overwritten_all, sum);
    for (int i = 0; i < CHILDREN; i++) {
        const char *path = testing_path("parent.%d.cairn", (int)children[i]);
        const char *snapshot = testing_path("parent.%d-1.cairn", (int)children[i]);
        check_child(path, LOGS, children[i], getpid(), testing_path("parent.cairn"));
        CHECK_EQUAL(readback_head(path).window_bytes, 256 << 10);
        CHECK_EQUAL(readback(snapshot).recovered_all, LOGS);
        CHECK_EQUAL(readback_head(snapshot).parent_pid, getpid());
    }
    finish();
}

static const struct testing_case cases[] = {
    {"names", case_names},      {"silent", case_silent},
    {"off", case_off},          {"own start", case_own_start},
    {"handles", case_handles},  {"types", case_types},
    {"_exit", case_quick_exit}, {"grandchildren", case_grandchildren},
    {"daemon", case_daemon},    {"flight", case_flight},
};

int main(int argc, char **argv)
{
    pids = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (pids == MAP_FAILED) return 1;
    return testing_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
