/* Less by choice: sampling of root tasks, and types that are switched off and on at run time.
 * SPDX-License-Identifier: Apache-2.0 */
#include "readback.h"
#include "testing.h"

#include <cairn/cairn.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4 };

static void start(cairn_options options)
{
    options.size = sizeof options;
    CHECK_EQUAL(cairn_start(&options), 0);
}

/* ---- Sampling: exactly one in N --------------------------------------------------------------------------------- */

/* What there is of one type. */
struct kept {
    const char *type;
    uint64_t begun, ended;
    uint64_t one_in, skipped;
};

static void count_kept(void *data, const struct trace_info *info, const struct trace_event *event)
{
    struct kept *kept = data;
    bool is_of_type = strcmp(info->sites[event->task.site].text, kept->type) == 0;
    if (event->kind == TRACE_TASK_BEGIN && is_of_type) {
        kept->begun++;
        kept->one_in = info->sites[event->site].one_in;
        kept->skipped = info->sites[event->site].skipped;
    }
    if (event->kind == TRACE_TASK_END && is_of_type) kept->ended++;
}

static struct kept kept_of(const char *path, const char *type)
{
    struct kept kept = {.type = type};
    readback_events(path, count_kept, &kept);
    return kept;
}

static void check_kept(const char *path, const char *type, uint64_t begun, uint64_t one_in, uint64_t skipped)
{
    struct kept kept = kept_of(path, type);
    CHECK_EQUAL(kept.begun, begun);
    CHECK_EQUAL(kept.ended, begun);
    CHECK_EQUAL(kept.one_in, one_in);
    CHECK_EQUAL(kept.skipped, skipped);
}

static void begin_roots(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        cairn_task_end(cairn_task_begin(CAIRN_BACKGROUND, "order"));
        cairn_task_end(cairn_task_begin(CAIRN_BACKGROUND, "order.new"));
        cairn_task_end(cairn_task_begin(CAIRN_BACKGROUND, "all"));
        cairn_task_end(cairn_task_begin(CAIRN_BACKGROUND, "unmatched"));
    }
}

/* In each round anew, whatever is known of the sites from the rounds before. */
static void case_one_in(void)
{
    const char *path = testing_path("one-in.cairn");
    for (int round = 0; round < 3; round++) {
        bool by_variable = round == 1;
        if (by_variable) setenv("CAIRN_SAMPLE", "order=7,or?er*=100,all=1", 1);
        start((cairn_options){.path = path, .sample = by_variable ? NULL : "order=7,or?er*=100,all=1"});
        begin_roots(7 * 100);
        CHECK_EQUAL(cairn_stop(), 0);
        unsetenv("CAIRN_SAMPLE");
        check_kept(path, "order", 100, 7, 600);
        check_kept(path, "order.new", 7, 100, 693);
        check_kept(path, "all", 700, 0, 0);
        check_kept(path, "unmatched", 700, 0, 0);
        CHECK_EQUAL(readback(path).skipped, 600 + 693);
        CHECK_EQUAL(readback(path).lost_all, 0);
    }
    start((cairn_options){.path = path});
    begin_roots(10);
    CHECK_EQUAL(cairn_stop(), 0);
    check_kept(path, "order", 10, 0, 0);
}

/* Which of each N is kept is drawn, so that nothing that repeats every N requests is always missed. */
static void case_drawn(void)
{
    enum { N = 10, ROUNDS = 200 };
    unsigned at[N] = {0};
    start((cairn_options){.path = testing_path("drawn.cairn"), .sample = "drawn=10"});
    for (unsigned i = 0; i < N * ROUNDS; i++) {
        cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "drawn");
        at[i % N] += task.birth != 0;
        cairn_task_end(task);
    }
    CHECK_EQUAL(cairn_stop(), 0);
    unsigned sum = 0;
    for (int i = 0; i < N; i++) {
        CHECK(at[i] > 0 && at[i] < ROUNDS / 4);
        sum += at[i];
    }
    CHECK_EQUAL(sum, ROUNDS);
}

/* ---- Sampling: what belongs to a root goes with it ---------------------------------------------------------------- */

static void *work_for(void *argument)
{
    cairn_task root = *(cairn_task *)argument;
    CAIRN_REGION(root, "on another thread");
    cairn_task child = cairn_task_begin(root, "child");
    cairn_region region = cairn_region_begin(child, "work");
    cairn_attr(region, "key", 1);
    cairn_attr(region, "text", "of a region");
    cairn_region_end(region);
    cairn_log(child, "log", "message");
    cairn_logf(child, "log", "%d", 1);
    cairn_attr(child, "key", 0.5);
    cairn_attr(child, "text", "of a task");
    cairn_region_at(child, "at", 1, 2);
    cairn_link(child, root);
    cairn_task_end(cairn_task_begin(child, "grandchild"));
    cairn_task_fail(child, "reason");
    return NULL;
}

enum { OF_ROOT = 18 }; /* events, with begin and end of the root */

static void request(void)
{
    pthread_t thread;
    cairn_task root = cairn_task_begin(CAIRN_BACKGROUND, "root");
    CHECK(!pthread_create(&thread, NULL, work_for, &root));
    pthread_join(thread, NULL);
    cairn_task_end(root);
}

struct roots { /* every event must be of a root that has begun */
    uint64_t begun, strangers;
};

static void look_for_strangers(void *data, const struct trace_info *info, const struct trace_event *event)
{
    struct roots *roots = data;
    (void)info;
    roots->begun += event->kind == TRACE_TASK_BEGIN && !event->other.id;
    roots->strangers += !event->task.id || !event->task.birth || event->task.id == CAIRN_ID_OFF;
}

static void case_belongings(void)
{
    const char *path = testing_path("belongings.cairn");
    struct roots roots = {0};
    start((cairn_options){.path = path, .sample = "root=4,child=2"}); /* a child is not sampled by itself */
    for (int i = 0; i < 40; i++) request();
    cairn_task root = cairn_task_begin(CAIRN_BACKGROUND, "kept");
    cairn_task other = cairn_task_begin(CAIRN_BACKGROUND, "root");
    while (other.birth) other = cairn_task_begin(CAIRN_BACKGROUND, "root");
    cairn_link(root, other); /* of which there is nothing to tell */
    cairn_link(other, root);
    CHECK_EQUAL(cairn_stop(), 0);
    readback_events(path, look_for_strangers, &roots);
    struct readback trace = readback(path);
    CHECK_EQUAL(roots.strangers, 0);
    CHECK_EQUAL(trace.lost_all, 0);
    CHECK_EQUAL(trace.damage, 0);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_LINK], 10);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_LOG], 20);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_ATTR], 40);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_REGION_BEGIN], 20);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_TASK_FAIL], 10);
    CHECK(trace.recovered_all >= 10 * OF_ROOT + 1 && trace.recovered_all <= 10 * OF_ROOT + 3);
    CHECK_EQUAL(trace.regions_unfinished, 0);
}

/* ---- Sampling: counts of many threads, also of a killed process ---------------------------------------------------- */

static void *begin_many(void *argument)
{
    unsigned count = *(unsigned *)argument;
    for (unsigned i = 0; i < count; i++) {
        cairn_task root = cairn_task_begin(CAIRN_BACKGROUND, "many");
        cairn_region_end(cairn_region_begin(root, "work"));
        cairn_task_end(root);
    }
    return NULL;
}

static void sample_on_threads(const char *path, unsigned count, uint64_t window_bytes)
{
    pthread_t threads[THREADS];
    start((cairn_options){.path = path, .sample = "many=16", .window_bytes = window_bytes});
    for (int i = 0; i < THREADS; i++) CHECK(!pthread_create(&threads[i], NULL, begin_many, &count));
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
}

static void check_many(const char *path, uint64_t count)
{
    struct readback trace = readback(path);
    uint64_t begun = trace.recovered[CAIRN_TALLY_TASK_BEGIN] + trace.overwritten[CAIRN_TALLY_TASK_BEGIN];
    CHECK_EQUAL(begun, count / 16);
    CHECK_EQUAL(trace.skipped, count - count / 16);
    CHECK_EQUAL(trace.lost_all, 0);
    CHECK_EQUAL(trace.damage, 0);
}

static void case_threads(void)
{
    const char *path = testing_path("threads.cairn"), *snapshot = testing_path("snapshot.cairn");
    unsigned count = testing_scaled(160000);
    sample_on_threads(path, count, 0);
    CHECK_EQUAL(cairn_stop(), 0);
    check_many(path, (uint64_t)count * THREADS);
    sample_on_threads(path, count, 256 << 10);
    CHECK_EQUAL(cairn_snapshot(snapshot), 0);
    CHECK_EQUAL(cairn_stop(), 0);
    check_many(path, (uint64_t)count * THREADS);
    check_many(snapshot, (uint64_t)count * THREADS);
}

static void case_killed(void)
{
    struct cairn_error error = {0};
    const char *path = testing_path("killed.cairn");
    unsigned count = testing_scaled(16000);
    for (int i = 0; i < 2; i++) {
        fflush(NULL);
        pid_t child = testing_fork();
        if (child == 0) {
            sample_on_threads(path, count, i ? 256 << 10 : 0);
            kill(getpid(), SIGKILL);
        }
        waitpid(child, NULL, 0);
        check_many(path, (uint64_t)count * THREADS);
        CHECK_EQUAL(trace_join(path, &error), 1);
        check_many(path, (uint64_t)count * THREADS);
    }
}

/* ---- Types that are switched while threads emit ------------------------------------------------------------------- */

/* Rules: `phase` is raised by the main thread; each thread tells the last one that it has seen. Types are switched while all
 * threads are in an odd phase, so that an even one has one list of types throughout. */
static struct {
    unsigned phase, seen[THREADS]; /* atomic */
    bool stop;                     /* atomic */
} switching;

/* Numbers each round of annotations with the phase that was seen before it. */
static void annotate_phase(unsigned phase, unsigned i)
{
    char type[32];
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "task");
    cairn_region outer = cairn_region_begin(task, "outer");
    cairn_region inner = cairn_region_begin(task, "inner");
    cairn_logf(task, "off and on", "%u", phase);
    cairn_counter("counted", phase);
    if (i % 64 == 0) { /* new sites, also during a switch */
        snprintf(type, sizeof type, "new %u", i / 64 % 2000);
        cairn_region_end(cairn_region_begin_dyn(task, type));
    }
    cairn_region_end(inner);
    cairn_region_end(outer);
    cairn_task_end(task);
}

static void *annotate_phases(void *argument)
{
    unsigned *seen = argument, i = 0;
    while (!__atomic_load_n(&switching.stop, __ATOMIC_RELAXED)) {
        unsigned phase = __atomic_load_n(&switching.phase, __ATOMIC_ACQUIRE);
        annotate_phase(phase, i++);
        if (i % 64 == 0) usleep(100); /* enough is enough */
        __atomic_store_n(seen, phase, __ATOMIC_RELEASE);
    }
    return NULL;
}

/* Of even phases, in turn. All are recorded in every third. */
static const char *const types_of[] = {"", "task,outer", "task"};

static bool is_off_in(unsigned phase)
{
    return phase % 2 == 0 && phase / 2 % 3 != 0;
}

static bool await_phase(unsigned phase)
{
    uint64_t deadline_ns = testing_now_ns() + 60000000000;
    for (int i = 0; i < THREADS; i++) {
        while (__atomic_load_n(&switching.seen[i], __ATOMIC_ACQUIRE) < phase) {
            if (testing_now_ns() > deadline_ns) return false;
            usleep(50);
        }
    }
    return true;
}

struct wrongs {
    uint64_t logs, counters, in_off_phase;
};

static void look_for_wrongs(void *data, const struct trace_info *info, const struct trace_event *event)
{
    struct wrongs *wrongs = data;
    unsigned phase = 0;
    (void)info;
    if (event->kind == TRACE_COUNTER) {
        phase = (unsigned)event->value.u;
        wrongs->counters++;
    } else if (event->kind == TRACE_LOG && event->value.text_bytes < 16) {
        char text[16] = "";
        memcpy(text, event->value.text, event->value.text_bytes);
        phase = (unsigned)strtoul(text, NULL, 10);
        wrongs->logs++;
    }
    wrongs->in_off_phase += is_off_in(phase);
}

static void switch_while_emitting(uint64_t window_bytes)
{
    const char *path = testing_path("switched.cairn");
    pthread_t threads[THREADS];
    struct wrongs wrongs = {0};
    memset(&switching, 0, sizeof switching);
    start((cairn_options){.path = path, .window_bytes = window_bytes});
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, annotate_phases, &switching.seen[i]));
    unsigned last = 6 * (testing_scaled(40) / 2 + 1);
    for (unsigned phase = 2; phase <= last; phase += 2) {
        __atomic_store_n(&switching.phase, phase - 1, __ATOMIC_RELEASE);
        CHECK(await_phase(phase - 1));
        CHECK_EQUAL(cairn_types(types_of[phase / 2 % 3]), 0);
        __atomic_store_n(&switching.phase, phase, __ATOMIC_RELEASE);
        usleep(1000);
    }
    CHECK(await_phase(last));
    __atomic_store_n(&switching.stop, true, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    CHECK_EQUAL(cairn_stop(), 0);
    struct readback trace = readback(path);
    readback_events(path, look_for_wrongs, &wrongs);
    CHECK(wrongs.logs > 0 && wrongs.counters > 0);
    CHECK_EQUAL(wrongs.in_off_phase, 0);
    CHECK_EQUAL(trace.damage, 0);
    if (window_bytes) return; /* if it had no memory for a moment, an end is lost, and counted */
    CHECK_EQUAL(trace.regions_unfinished, 0);
    CHECK_EQUAL(trace.tasks_unfinished, 0);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_REGION_BEGIN], trace.recovered[CAIRN_TALLY_REGION_END]);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_TASK_BEGIN], trace.recovered[CAIRN_TALLY_TASK_END]);
    CHECK_EQUAL(trace.lost_all, 0);
}

static void case_switched(void)
{
    switch_while_emitting(0);
    switch_while_emitting(1 << 20);
}

/* Without threads, step by step. */
static void case_ends(void)
{
    char long_list[2000];
    memset(long_list, 'x', sizeof long_list - 1);
    long_list[sizeof long_list - 1] = 0;
    const char *path = testing_path("ends.cairn");
    CHECK_EQUAL(cairn_types("x"), -CAIRN_EOFF);
    start((cairn_options){.path = path, .types = "a long list of patterns,task,region"});
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "task");
    cairn_region region = cairn_region_begin(task, "region");
    CHECK_EQUAL(cairn_types("other"), 0);
    CHECK_EQUAL(cairn_types(long_list), -CAIRN_EINVAL); /* and the former hold */
    cairn_task off = cairn_task_begin(task, "task");
    cairn_region_end(cairn_region_begin(task, "region"));
    cairn_attr(region, "key", 1);
    cairn_task_end(off);
    cairn_region_end(region);
    cairn_task_end(task);
    cairn_task_end(cairn_task_begin(CAIRN_BACKGROUND, "other"));
    CHECK_EQUAL(cairn_types(NULL), 0);
    cairn_task_end(cairn_task_begin(CAIRN_BACKGROUND, "task"));
    CHECK_EQUAL(cairn_types("last"), 0);
    CHECK_EQUAL(cairn_stop(), 0);
    struct readback trace = readback(path);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_TASK_BEGIN], 3);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_TASK_END], 3);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_REGION_BEGIN], 1);
    CHECK_EQUAL(trace.recovered[CAIRN_TALLY_REGION_END], 1);
    CHECK_EQUAL(trace.recovered_all, 9);
    CHECK_EQUAL(trace.lost_all, 0);
    struct cairn_file_head head = readback_head(path);
    CHECK(strcmp(head.types, "last") == 0);
    CHECK(head.types_changed_ticks >= head.start.ticks);
    for (size_t i = strlen(head.types); i < sizeof head.types; i++) CHECK_EQUAL(head.types[i], 0);
}

static const struct testing_case cases[] = {
    {"one in N", case_one_in},
    {"drawn", case_drawn},
    {"belongings", case_belongings},
    {"many threads", case_threads},
    {"killed", case_killed},
    {"switched", case_switched},
    {"what was begun is ended", case_ends},
};

int main(int argc, char **argv)
{
    return testing_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
