/* Snapshots: how far back they reach, what refuses them, and whatever goes on meanwhile.
 * SPDX-License-Identifier: Apache-2.0 */
#include "livefolder.h"
#include "readback.h"
#include "testing.h"

#include <cairn/cairn.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIPPED = 42 };

static cairn_options flight_options(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", testing_folder(), name);
    return (cairn_options){.size = sizeof(cairn_options), .path = path, .window_bytes = 1 << 20};
}

static void log_many(unsigned count)
{
    for (unsigned i = 0; i < count; i++) cairn_logf(CAIRN_BACKGROUND, "many", "number %u", i);
}

static unsigned count_in(const char *folder)
{
    unsigned count = 0;
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries && (entry = readdir(entries));) count += entry->d_name[0] != '.';
    if (entries) closedir(entries);
    return count;
}

/* ---- The bound by time ------------------------------------------------------------------------------------------ */

enum { WINDOW_NS = 200000000, NUMBERS_MAX = 1 << 16, CHUNK_EVENTS = 65536 / 16 };

static uint64_t emitted_ns[NUMBERS_MAX];
static unsigned emitted;

struct reach { /* of a snapshot; numbers of its counters */
    uint64_t first, last, count, too_old, oldest_ns;
};

static void reach_back(void *data, const struct trace_info *info, const struct trace_event *event)
{
    struct reach *reach = data;
    (void)info;
    if (event->kind != TRACE_COUNTER) return;
    reach->last = event->value.u;
    if (!reach->count++) reach->first = event->value.u;
    reach->too_old += emitted_ns[event->value.u] < reach->oldest_ns;
}

static void emit_until(uint64_t end_ns)
{
    while (testing_now_ns() < end_ns && emitted < NUMBERS_MAX) {
        emitted_ns[emitted] = testing_now_ns();
        cairn_counter("number", emitted++);
        if (emitted % 16 == 0) usleep(500);
    }
}

static uint64_t window_before(uint64_t ns)
{
    return ns > WINDOW_NS ? ns - WINDOW_NS : 0;
}

/* It was taken at some time since it was asked for. The number was emitted after the clock had been read, so what was read
 * within the window was emitted within it; a hundredth is for the clocks' rates. */
static void check_reach(const char *path, uint64_t asked_ns)
{
    uint64_t done_ns = testing_now_ns();
    struct reach reach = {.oldest_ns = window_before(asked_ns)};
    readback_events(path, reach_back, &reach);
    unsigned must = 0;
    while (must < emitted - 1 && emitted_ns[must] <= window_before(done_ns) + WINDOW_NS / 100) must++;
    CHECK_EQUAL(reach.last, emitted - 1);
    CHECK_EQUAL(reach.count, reach.last - reach.first + 1);
    CHECK(reach.first <= must);
    CHECK(reach.too_old <= CHUNK_EVENTS);
}

static void check_time_window(uint64_t window_bytes, uint32_t helper)
{
    cairn_options options = flight_options("time.cairn");
    options.window_bytes = window_bytes;
    options.window_ns = WINDOW_NS;
    options.helper = helper;
    emitted = 0;
    CHECK_EQUAL(cairn_start(&options), 0);
    for (int i = 0; i < 3; i++) {
        emit_until(testing_now_ns() + 2 * WINDOW_NS);
        uint64_t asked_ns = testing_now_ns();
        CHECK_EQUAL(cairn_snapshot(testing_path("snapshot-%d.cairn", i)), 0);
        check_reach(testing_path("snapshot-%d.cairn", i), asked_ns);
    }
    uint64_t asked_ns = testing_now_ns();
    CHECK_EQUAL(cairn_stop(), 0);
    check_reach(options.path, asked_ns);
    CHECK(readback(options.path).overwritten[CAIRN_TALLY_COUNTER] > 0);
    CHECK_EQUAL(readback(options.path).lost_all, 0);
}

static void case_time(void)
{
    check_time_window(8 << 20, CAIRN_HELPER_ON);
    check_time_window(0, CAIRN_HELPER_OFF);
}

/* Time passes while nobody emits: what was there is too old, and goes. */
static void case_idle(void)
{
    cairn_options options = flight_options("idle.cairn");
    options.window_bytes = 0;
    options.window_ns = WINDOW_NS / 10;
    CHECK_EQUAL(cairn_start(&options), 0);
    log_many(100000);
    usleep(WINDOW_NS / 1000);
    CHECK_EQUAL(cairn_snapshot(testing_path("idle-1.cairn")), 0);
    struct readback trace = readback(testing_path("idle-1.cairn"));
    CHECK(trace.recovered_all <= CHUNK_EVENTS); /* the chunk that the thread has open stays */
    CHECK_EQUAL(trace.recovered_all + trace.overwritten_all, 100000);
    CHECK_EQUAL(cairn_stop(), 0);
}

/* ---- What cannot be written ------------------------------------------------------------------------------------- */

/* Refused with an error, no file is left, and recording goes on. */
static void check_refused(const char *path, int error)
{
    unsigned before = count_in(testing_folder());
    CHECK_EQUAL(cairn_snapshot(path), -error);
    CHECK_EQUAL(count_in(testing_folder()), before);
    log_many(10);
}

static void case_refused(void)
{
    char long_path[5000];
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = 0;
    CHECK_EQUAL(cairn_snapshot(testing_path("off.cairn")), -CAIRN_EOFF);
    cairn_options options = flight_options("refused.cairn");
    CHECK_EQUAL(cairn_start(&options), 0);
    log_many(10);
    FILE *file = fopen(testing_path("text"), "w");
    CHECK(file && fputs("precious", file) >= 0 && fclose(file) == 0);
    CHECK(symlink(testing_path("elsewhere"), testing_path("link")) == 0);
    CHECK(mkdir(testing_path("folder"), 0700) == 0);
    check_refused(testing_path("no/such/folder"), CAIRN_EIO);
    check_refused(testing_path("text"), CAIRN_EEXIST);
    check_refused(testing_path("link"), CAIRN_EACCES);
    check_refused(testing_path("folder"), CAIRN_EEXIST);
    check_refused("/dev/null", CAIRN_EEXIST);
    check_refused("/proc/self/x", CAIRN_EIO);
    check_refused(long_path, CAIRN_EINVAL);
    check_refused(options.path, CAIRN_EBUSY); /* itself */
    struct stat status;
    CHECK(stat(testing_path("text"), &status) == 0 && status.st_size == 8);
    CHECK_EQUAL(count_in(testing_path("folder")), 0);
    CHECK_EQUAL(cairn_snapshot(testing_path("good.cairn")), 0);
    CHECK_EQUAL(cairn_snapshot(testing_path("good.cairn")), 0); /* an older one is replaced */
    CHECK_EQUAL(cairn_stop(), 0);
    CHECK_EQUAL(readback(testing_path("good.cairn")).recovered_all, 90);
    CHECK_EQUAL(readback(options.path).recovered_all, 90);
    CHECK_EQUAL(readback_head(options.path).snapshots_failed, 7);
    CHECK_EQUAL(readback_head(options.path).snapshots_taken, 2);
    options.window_bytes = 0;
    CHECK_EQUAL(cairn_start(&options), 0);
    CHECK_EQUAL(cairn_snapshot(testing_path("streaming.cairn")), -CAIRN_ENOTSUP);
    CHECK_EQUAL(cairn_stop(), 0);
}

static void fill_disk(void)
{
    if (!testing_may_mount() || mkdir(testing_path("disk"), 0700) ||
        mount("none", testing_path("disk"), "tmpfs", 0, "size=256k"))
        exit(SKIPPED);
    cairn_options options = flight_options("full.cairn");
    CHECK_EQUAL(cairn_start(&options), 0);
    log_many(50000); /* several times the disk, less than the window */
    CHECK_EQUAL(cairn_snapshot(testing_path("disk/full.cairn")), -CAIRN_ENOSPC);
    CHECK_EQUAL(count_in(testing_path("disk")), 0);
    log_many(1000);
    CHECK_EQUAL(cairn_snapshot(testing_path("room.cairn")), 0);
    CHECK_EQUAL(cairn_stop(), 0);
    struct readback trace = readback(testing_path("room.cairn"));
    CHECK_EQUAL(trace.recovered_all + trace.overwritten_all, 51000);
    CHECK_EQUAL(readback_head(options.path).snapshots_failed, 1);
    CHECK_EQUAL(readback_head(options.path).error, 0);
}

static void case_full_disk(void)
{
    int status = testing_in_child(fill_disk);
    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
        testing_skip("mounting is not permitted here");
    else
        CHECK_EQUAL(status, 0);
}

/* A name with %n is always new; without a path it is made from the trace's. */
static void case_names(void)
{
    char expected[64];
    cairn_options options = flight_options("names.x.cairn");
    CHECK_EQUAL(cairn_start(&options), 0);
    log_many(1);
    CHECK_EQUAL(cairn_snapshot(testing_path("%%p-%%n-%%%%.cairn")), 0);
    snprintf(expected, sizeof expected, "%u-1-%%.cairn", (unsigned)getpid());
    CHECK_EQUAL(readback(testing_path("%s", expected)).recovered_all, 1);
    for (int i = 2; i < 4; i++) {
        CHECK_EQUAL(cairn_snapshot(NULL), 0);
        CHECK_EQUAL(readback(testing_path("names.x-%d.cairn", i)).recovered_all, 1);
    }
    CHECK(chdir(testing_folder()) == 0);
    CHECK_EQUAL(cairn_snapshot("relative.cairn"), 0);
    CHECK(chdir("/") == 0);
    CHECK_EQUAL(readback(testing_path("relative.cairn")).recovered_all, 1);
    CHECK_EQUAL(cairn_stop(), 0);
    CHECK_EQUAL(count_in(testing_folder()), 5);
    options.snapshot_path = testing_path("chosen-%%n.cairn");
    CHECK_EQUAL(cairn_start(&options), 0);
    CHECK_EQUAL(cairn_snapshot(NULL), 0);
    CHECK_EQUAL(cairn_stop(), 0);
    CHECK_EQUAL(readback(testing_path("chosen-1.cairn")).recovered_all, 0);
}

/* ---- Open tasks ------------------------------------------------------------------------------------------------- */

struct opens {
    cairn_task wanted, parent;
    unsigned found, all;
};

static void look_for_open(void *data, const struct trace_info *info, const struct trace_event *event)
{
    struct opens *opens = data;
    (void)info;
    opens->all += event->kind == TRACE_TASK_OPEN;
    opens->found += event->kind == TRACE_TASK_OPEN && event->task.id == opens->wanted.id &&
                    event->task.birth == opens->wanted.birth && event->other.id == opens->parent.id;
}

/* More than the recorder keeps track of, and some ended twice: afterwards it keeps track as before. */
static void case_open_tasks(void)
{
    enum { MANY = 20000 };
    static cairn_task tasks[MANY];
    cairn_options options = flight_options("open.cairn");
    options.window_bytes = 256 << 10;
    CHECK_EQUAL(cairn_start(&options), 0);
    for (int i = 0; i < MANY; i++) tasks[i] = cairn_task_begin(CAIRN_BACKGROUND, "one of many");
    log_many(50000);
    for (int i = 0; i < MANY; i++) cairn_task_end(tasks[i]);
    for (int i = 0; i < MANY; i++) cairn_task_end(tasks[i]);
    struct opens opens = {.parent = cairn_task_begin(CAIRN_BACKGROUND, "parent")};
    opens.wanted = cairn_task_begin(opens.parent, "kept");
    log_many(50000);
    CHECK_EQUAL(cairn_snapshot(testing_path("open-1.cairn")), 0);
    CHECK_EQUAL(cairn_stop(), 0);
    readback_events(testing_path("open-1.cairn"), look_for_open, &opens);
    CHECK_EQUAL(opens.found, 1);
    CHECK_EQUAL(opens.all, 2);
    CHECK(readback_head(options.path).tasks_overflow >= MANY / 2);
}

/* ---- Races ------------------------------------------------------------------------------------------------------ */

static struct {
    uint64_t until_ns;
    unsigned started, snapshots, switched; /* atomic */
    char folder[512], pattern[600];
} race;

static bool is_on_time(void)
{
    return testing_now_ns() < race.until_ns;
}

static void *start_and_stop(void *argument)
{
    unsigned number = (unsigned)(uintptr_t)argument;
    for (unsigned i = 0; is_on_time(); i++) {
        cairn_options options = {.size = sizeof options,
                                 .path = race.folder,
                                 .window_bytes = i % 4 ? 256 << 10 : 0,
                                 .limit_bytes = 1 << 20,
                                 .helper = (i + number) % 2 ? CAIRN_HELPER_ON : CAIRN_HELPER_OFF,
                                 .sample = i % 3 ? NULL : "task=2"};
        if (options.helper == CAIRN_HELPER_ON && options.window_bytes) options.snapshot_slow = "task=1us";
        int result = cairn_start(&options);
        CHECK(result == 0 || result == -CAIRN_EBUSY);
        if (result == 0) __atomic_add_fetch(&race.started, 1, __ATOMIC_RELAXED);
        usleep(3000);
        CHECK_EQUAL(cairn_stop(), 0);
    }
    return NULL;
}

static void *take_snapshots(void *argument)
{
    while (is_on_time()) {
        int result = cairn_snapshot(race.pattern);
        CHECK(result == 0 || result == -CAIRN_EOFF || result == -CAIRN_ENOTSUP);
        if (result == 0) __atomic_add_fetch(&race.snapshots, 1, __ATOMIC_RELAXED);
        usleep(1000);
    }
    return argument;
}

static void *switch_types(void *argument)
{
    static const char *const patterns[] = {"task", "region*,new*", "", "nothing", NULL};
    for (unsigned i = 0; is_on_time(); i++) {
        int result = cairn_types(patterns[i % 5]);
        CHECK(result == 0 || result == -CAIRN_EOFF);
        if (result == 0) __atomic_add_fetch(&race.switched, 1, __ATOMIC_RELAXED);
        usleep(300);
    }
    return argument;
}

static void *annotate(void *argument)
{
    char type[32];
    for (unsigned i = 0; is_on_time(); i++) {
        cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "task");
        cairn_region region = cairn_region_begin(task, "region");
        cairn_logf(task, "category", "%u %s", i, "and text");
        cairn_task child = cairn_task_begin(task, "child");
        if (i % 512 == 0) { /* new sites all the time */
            snprintf(type, sizeof type, "new %u", (unsigned)(uintptr_t)argument * 1000 + i / 512 % 300);
            cairn_region_end(cairn_region_begin_dyn(child, type));
        }
        cairn_task_end(child);
        cairn_region_end(region);
        cairn_task_fail(task, "reason");
    }
    return NULL;
}

static unsigned check_all(const char *folder, const char *suffix)
{
    unsigned count = 0;
    DIR *entries = opendir(folder);
    CHECK(entries != NULL);
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        char path[1024];
        size_t length = strlen(entry->d_name), tail = strlen(suffix);
        if (entry->d_name[0] == '.' || length < tail || strcmp(entry->d_name + length - tail, suffix))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        struct readback trace = readback(path);
        CHECK(trace.state == CAIRN_STATE_STOPPED || trace.state == CAIRN_STATE_SNAPSHOT);
        CHECK_EQUAL(trace.damage, 0);
        count++;
    }
    if (entries) closedir(entries);
    return count;
}

/* Starts, stops, snapshots, triggers and switches of types from many threads, while others emit. */
static void case_race(void)
{
    void *(*const roles[])(void *) = {start_and_stop, start_and_stop, take_snapshots, take_snapshots,
                                      switch_types,   annotate,       annotate,       annotate};
    enum { ROLES = sizeof roles / sizeof roles[0] };
    pthread_t threads[ROLES];
    memset(&race, 0, sizeof race);
    snprintf(race.folder, sizeof race.folder, "%s", testing_path("race"));
    snprintf(race.pattern, sizeof race.pattern, "%s/race-%%n.snapshot", testing_folder());
    CHECK(mkdir(race.folder, 0700) == 0);
    race.until_ns = testing_now_ns() + (getenv("CAIRN_LONG") ? 20 : 2) * UINT64_C(1000000000);
    for (uintptr_t i = 0; i < ROLES; i++) CHECK(!pthread_create(&threads[i], NULL, roles[i], (void *)i));
    for (int i = 0; i < ROLES; i++) pthread_join(threads[i], NULL);
    CHECK(race.started > 0 && race.snapshots > 0 && race.switched > 0);
    CHECK(check_all(race.folder, ".cairn") >= race.started); /* and those that were triggered */
    CHECK_EQUAL(check_all(testing_folder(), ".snapshot"), race.snapshots);
    printf("# total: %u recordings, %u snapshots, %u switches of types raced\n", race.started, race.snapshots,
           race.switched);
}

static const struct testing_case cases[] = {
    {"window by time", case_time}, {"idle", case_idle},
    {"refused", case_refused},     {"on a full disk", case_full_disk},
    {"names", case_names},         {"open tasks", case_open_tasks},
    {"race", case_race},
};

int main(int argc, char **argv)
{
    return testing_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
