/* cairn/reader.h when memory runs out, at each allocation in turn: an error that says so or the whole answer, never a
 * crash or a leak. SPDX-License-Identifier: Apache-2.0
 *
 * Linked so that malloc, calloc and realloc of everything but libc come here first. */
#include "readertext.h"

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);

/* Atomic, because a scan allocates on several threads. */
static _Atomic long left = -1; /* allocations before one fails; -1: none fails */
static bool stays_out;         /* all later ones fail as well */
static _Atomic bool has_failed;

static bool fails(void)
{
    if (left < 0) return false;
    if (left-- > 0) return false;
    left = stays_out ? 0 : -1;
    has_failed = true;
    return true;
}

void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *old, size_t bytes)
{
    return fails() ? NULL : __real_realloc(old, bytes);
}

/* ---- Everything that can be asked -------------------------------------------------------------------------- */

/* A failure must be that of memory. True if there was one. */
static bool failed_rightly(bool failed, const cairn_reader_error *error)
{
    if (failed) {
        assert_true(has_failed);
        assert_int_equal(error->code, CAIRN_ENOMEM);
        assert_true(error->text[0]);
    }
    return failed;
}

static int count_task(void *data, const cairn_reader_task *task)
{
    *(uint64_t *)data += 1 + task->attr_count + task->log_count + task->region_count + task->subtask_count;
    return 0;
}

static int count_region(void *data, const cairn_reader_region *region)
{
    *(uint64_t *)data += 1 + region->is_finished;
    return 0;
}

static void ask_one_by_one(cairn_reader *reader, uint64_t *sum)
{
    cairn_reader_error error = {0};
    const cairn_reader_event *event;
    int result;
    while ((result = cairn_reader_next(reader, &event, &error)) > 0) *sum += event->value.text_bytes;
    failed_rightly(result < 0, &error);
    cairn_reader_query query = {.size = sizeof query,
                                .where = "not log ~ nothing and type != none",
                                .details = CAIRN_READER_DETAIL_ATTRS | CAIRN_READER_DETAIL_LOGS |
                                           CAIRN_READER_DETAIL_SUBTASKS | CAIRN_READER_DETAIL_REGIONS |
                                           CAIRN_READER_DETAIL_THREADS};
    result = cairn_reader_tasks_each(reader, &query, &error, count_task, sum);
    failed_rightly(result < 0, &error);
    result = cairn_reader_regions_each(reader, NULL, &error, count_region, sum);
    failed_rightly(result < 0, &error);
}

static void ask_tables(cairn_reader *reader, uint64_t *sum)
{
    cairn_reader_error error = {0};
    cairn_reader_query query = {.size = sizeof query, .where = "task.unfinished or finished"};
    cairn_reader_table *tasks = cairn_reader_task_table(reader, NULL, &error);
    if (!failed_rightly(!tasks, &error)) *sum += tasks->type_count;
    cairn_reader_table *regions = cairn_reader_region_table(reader, &query, &error);
    if (!failed_rightly(!regions, &error)) *sum += regions->type_count + regions->site_count;
    cairn_reader_table_destroy(tasks);
    cairn_reader_table_destroy(regions);
}

/* A number that depends on all answers. */
static uint64_t ask_all(const char *path)
{
    uint64_t sum = 0;
    cairn_reader_error error = {0};
    cairn_reader *reader = cairn_reader_open(path, &error);
    if (failed_rightly(!reader, &error)) return 0;
    ask_one_by_one(reader, &sum);
    ask_tables(reader, &sum);
    cairn_reader_close(reader);
    return sum;
}

static void starve(const char *name, bool for_good)
{
    const char *path = assembled(name);
    uint64_t whole = ask_all(path);
    long count = 0;
    stays_out = for_good;
    do {
        has_failed = false;
        left = count++;
        uint64_t sum = ask_all(path);
        left = -1;
        if (!has_failed) assert_int_equal(sum, whole);
        assert_true(count < 100000);
    } while (has_failed);
    assert_true(count > 100); /* it was tried at all */
    unlink(path);
}

static void memory_runs_out_for_good(void **state)
{
    (void)state;
    starve("everything.txt", true);
    starve("sampling.txt", true);
    starve("flight-snapshot.txt", true);
}

static void memory_runs_out_once(void **state)
{
    (void)state;
    starve("everything.txt", false);
    starve("sampling.txt", false);
    starve("damage.txt", false);
}

/* Of findings that find no room it is told that there are such, and how bad they are. */
static void findings_without_room_are_told(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i",
                                        "j", "k", "l", "m", "n", "o", "p", "q", "r"};
    enum { NAMES = sizeof names / sizeof *names };
    struct trace_diagnostics found = {0};
    assert_true(trace_diagnostics_ready(&found));
    stays_out = true;
    left = 0;
    for (unsigned i = 0; i < NAMES; i++)
        trace_diagnose(&found, names[i], i == NAMES - 1 ? TRACE_DAMAGE : TRACE_NOTE, "none", "the first");
    left = -1;
    const struct trace_diagnostic *last = &found.items[found.count - 1];
    assert_string_equal(last->name, "findings_left_out");
    assert_int_equal(last->severity, TRACE_DAMAGE);
    assert_int_equal(last->count, NAMES - (found.count - 1));
    uint32_t before = found.count;
    trace_diagnose(&found, names[NAMES - 1], TRACE_DAMAGE, "none", "the second");
    assert_int_equal(found.count, before + 1);
    free(found.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_runs_out_for_good),
        cmocka_unit_test(memory_runs_out_once),
        cmocka_unit_test(findings_without_room_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
