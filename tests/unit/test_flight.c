/* Flight recorders as the reader sees them: what a killed one left, one that goes on, snapshots in folders.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Stopped windows and snapshots are golden traces: test_reader.c. */
#include "killedflight.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* ---- What a killed one left ------------------------------------------------------------------------------ */

static void reads(const struct killed *killed, const char *expected)
{
    char *made = read_back(make_killed(killed));
    assert_string_equal(made, expected);
    free(made);
    forget_files();
}

#define OPEN_TASKS                                                                                           \
    "4100 t0 TASK_OPEN 'job' task=job#3@1200 other=job#2@1100\n"                                             \
    "4100 t0 TASK_OPEN 'job' task=job#5@1500\n"
#define ALL_EVENTS                                                                                           \
    OPEN_TASKS                                                                                               \
    "4100 t11 ... log 'note' task=job#3@1200 \"four\"\n"                                                     \
    "6100 t11 log 'note' task=job#3@1200 \"five\"\n"

static void a_killed_one_has_its_window_and_its_open_tasks(void **state)
{
    (void)state;
    reads(&(struct killed){0}, ALL_EVENTS "recovered 2 lost 0 processes 1 threads 2\n"
                                          "overwritten 9 window from 5000\nnote ended_without_stop x1\n");
}

/* The record counts block 4 already, but its slot was not freed. */
static void the_journal_holds_while_the_block_is_there(void **state)
{
    (void)state;
    reads(&(struct killed){.retiring = "retiring_number=4 retiring_thread=1 "
                                       "retiring_before=log:6,task_begin:2 retiring_before_until=3500"},
          ALL_EVENTS "recovered 2 lost 0 processes 1 threads 2\n"
                     "overwritten 8 window from 3500\nnote ended_without_stop x1\n");
}

static void the_journal_is_void_once_the_slot_is_free(void **state)
{
    (void)state;
    reads(&(struct killed){.slot = "free",
                           .retiring = "retiring_number=4 retiring_thread=1 "
                                       "retiring_before=log:6 retiring_before_until=3500"},
          "6100 t0 TASK_OPEN 'job' task=job#3@1200 other=job#2@1100\n"
          "6100 t0 TASK_OPEN 'job' task=job#5@1500\n"
          "6100 t11 ... log 'note' task=job#3@1200 \"five\"\n"
          "recovered 1 lost 0 processes 1 threads 2\n"
          "overwritten 9 window from 5000\nnote ended_without_stop x1\n");
}

static void a_journal_that_cannot_be_is_told(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "retiring_number=4 retiring_thread=2",                       /* another thread's block */
        "retiring_number=4 retiring_thread=77",                      /* no such thread */
        "retiring_number=4 retiring_thread=1 retiring_before=log:8", /* more than was counted since */
        "retiring_number=4 retiring_thread=1 retiring_before_until=5001"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        reads(&(struct killed){.retiring = wrong[i]},
              ALL_EVENTS "recovered 2 lost 0 processes 1 threads 2\noverwritten 9 window from 5000\n"
                         "damage damaged_journal x1\nnote ended_without_stop x1\n");
}

static void entries_that_cannot_be_are_told_and_dropped(void **state)
{
    (void)state;
    reads(&(struct killed){.tasks = "area tasks\nopen_task id=1:2:5 birth=1500\n" /* the site of a log */
                                    "open_task id=1:1:6 birth=1500 parent=1:9:1\n"
                                    "open_task id=1 birth=7\n"
                                    "open_task id=1:1:7 birth=1600 parent_birth=5\n"
                                    "open_task id=0 birth=1700\n"},
          "4100 t11 ... log 'note' task=job#3@1200 \"four\"\n"
          "6100 t11 log 'note' task=job#3@1200 \"five\"\n"
          "recovered 2 lost 0 processes 1 threads 2\noverwritten 9 window from 5000\n"
          "note ended_without_stop x1\ndamage damaged_open_task x4: at offset 16464: an open task whose id "
          "cannot be\n");
}

static void open_tasks_alone_come_when_the_window_begins(void **state)
{
    (void)state;
    reads(
        &(struct killed){.slots = "area slots\n"},
        "5000 t0 TASK_OPEN 'job' task=job#3@1200 other=job#2@1100\n5000 t0 TASK_OPEN 'job' task=job#5@1500\n"
        "recovered 0 lost 0 processes 1 threads 2\noverwritten 9 window from 5000\nnote ended_without_stop "
        "x1\n");
}

/* ---- Joining ----------------------------------------------------------------------------------------------- */

static void joins(const struct killed *killed, const char *expected)
{
    struct cairn_error error = {0};
    struct trace_diagnostics found = {0};
    const char *trace = make_killed(killed);
    if (trace_join(trace, &error) != 1) fail_msg("%s", error.text);
    assert_int_not_equal(access(own_path("live"), F_OK), 0);
    char *made = read_back(trace);
    assert_string_equal(made, expected);
    assert_int_equal(trace_check(trace, &found, &error), 0);
    if (found.count) fail_msg("%s: %s", found.items[0].name, found.items[0].example);
    free(made), free(found.items);
    forget_files();
}

static void joining_keeps_the_window_the_tasks_and_the_journal(void **state)
{
    (void)state;
    joins(&(struct killed){0},
          ALL_EVENTS "recovered 2 lost 0 processes 1 threads 2\noverwritten 9 window from 5000\n");
    joins(&(struct killed){.retiring = "retiring_number=4 retiring_thread=1 "
                                       "retiring_before=log:6,task_begin:2 retiring_before_until=3500"},
          ALL_EVENTS "recovered 2 lost 0 processes 1 threads 2\noverwritten 8 window from 3500\n");
    joins(&(struct killed){.tasks = "area tasks\n"},
          "4100 t11 ... log 'note' task=job#3@1200 \"four\"\n6100 t11 log 'note' task=job#3@1200 \"five\"\n"
          "recovered 2 lost 0 processes 1 threads 2\noverwritten 9 window from 5000\n");
}

/* ---- One that goes on ---------------------------------------------------------------------------------------- */

/* The reader knows by the mapping that the process lives: this one maps the file. */
static char *read_alive(const struct killed *killed)
{
    struct killed alive = *killed;
    alive.pid = (unsigned)getpid();
    const char *trace = make_killed(&alive);
    int fd = open(own_path("live"), O_RDWR);
    void *mapped = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(mapped, MAP_FAILED);
    char *made = read_back(trace);
    munmap(mapped, 4096);
    close(fd);
    forget_files();
    return made;
}

static void one_that_goes_on_is_read_as_it_is(void **state)
{
    (void)state;
    char *made = read_alive(&(struct killed){0});
    assert_string_equal(made, ALL_EVENTS "recovered 2 lost 0 processes 1 threads 2\n"
                                         "overwritten 9 window from 5000\nnote recording x1\n");
    free(made);
}

/* Block 6 of thread 1 follows block 5, or there was one between them; thread 2 has nothing to do with it. */
#define TWO_SLOTS(bytes, sequence)                                                                           \
    "area slots bytes=65536\nslot state=open\n"                                                              \
    "block events number=5 sequence=4 flags=0 begin=6000 " bytes "\nlog site=2 time=6100 text=five\n"        \
    "slot state=open\n"                                                                                      \
    "block events number=6 sequence=" sequence " flags=0 begin=7000\nlog site=2 time=7100 text=six\n"        \
    "slot state=open\n"                                                                                      \
    "block events number=7 thread=2 sequence=0 flags=0 begin=7000\nlog site=2 time=7200 text=other\n"

#define FIRST_OF_TWO OPEN_TASKS_AT_6100 "6100 t11 ... log 'note' \"five\"\n"
#define OPEN_TASKS_AT_6100                                                                                   \
    "6100 t0 TASK_OPEN 'job' task=job#3@1200 other=job#2@1100\n"                                             \
    "6100 t0 TASK_OPEN 'job' task=job#5@1500\n"

/* Chunks are found in the order in which they lie. A thread may have gone on behind a chunk that was being filled when
 * it was copied, or have used a slot that was passed already. */
static void what_came_behind_the_readers_back_is_left_out(void **state)
{
    (void)state;
    static const char *const cut[] = {TWO_SLOTS("", "5"), TWO_SLOTS("bytes=96", "6")};
    for (size_t i = 0; i < 2; i++) {
        char *made = read_alive(&(struct killed){.slots = cut[i]});
        assert_string_equal(made, FIRST_OF_TWO "7200 t12 log 'note' \"other\"\n"
                                               "recovered 2 lost 0 processes 1 threads 2\n"
                                               "overwritten 9 window from 5000\nnote recording x1\n");
        free(made);
    }
    char *made = read_alive(&(struct killed){.slots = TWO_SLOTS("bytes=96", "5")});
    assert_non_null(strstr(made, "recovered 3 "));
    free(made);
}

static void a_gap_in_what_a_killed_one_left_is_damage(void **state)
{
    (void)state;
    reads(&(struct killed){.slots = TWO_SLOTS("bytes=96", "6")}, FIRST_OF_TWO
          "7100 t11 ... log 'note' \"six\"\n7200 t12 log 'note' \"other\"\n"
          "recovered 3 lost 0 processes 1 threads 2\noverwritten 9 window from 5000\n"
          "note ended_without_stop x1\n"
          "damage missing_chunk x1: at offset 28704: chunk 6 of its thread, where 5 was expected\n");
}

/* ---- Folders ----------------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/cairn-test-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void add_snapshot(const char *name, const char *keys)
{
    char text[1024];
    snprintf(text, sizeof text,
             "head state=snapshot window_bytes=262144 snapshot_reason=call snapshot_ticks=50 %s\n"
             "site number=1 role=log text=c\nthread index=1 tid=5\nblock events begin=1\n"
             "log site=1 time=16 text=%s\n",
             keys, name);
    assemble_as(in_folder(name), text);
}

static void remove_folder(const char *const *names)
{
    for (; *names; names++) unlink(in_folder(*names));
    assert_int_equal(rmdir(folder), 0);
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
}

static void folder_reads(const char *expected)
{
    char *made = read_back(folder);
    if (!strstr(made, expected)) fail_msg("\"%s\" is not in: %s", expected, made);
    free(made);
}

static void snapshots_beside_their_trace_are_left_out(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    add_snapshot("app-1.cairn", "session=7,8");
    add_snapshot("app-2.cairn", "session=7,8");
    add_snapshot("other.cairn", "session=9,9");
    assemble_as(in_folder("zapp.cairn"),
                "head session=7,8 window_bytes=262144\nsite number=1 role=log text=c\n"
                "thread index=1 tid=5\nblock events begin=1\nlog site=1 time=20 text=whole\n");
    folder_reads("16 t5 log 'c' \"other.cairn\"\n20 t5 log 'c' \"whole\"\n"
                 "recovered 2 lost 0 processes 2 threads 2\nnote snapshots_skipped x2\n");
    remove_folder((const char *const[]){"app-1.cairn", "app-2.cairn", "other.cairn", "zapp.cairn", NULL});
}

static void snapshots_without_their_trace_are_opened_singly(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    add_snapshot("app-1.cairn", "session=7,8");
    folder_reads("16 t5 log 'c' \"app-1.cairn\"\nrecovered 1 lost 0 processes 1 threads 1\n");
    add_snapshot("app-2.cairn", "session=7,8");
    folder_reads(
        "error: has 2 snapshots of one recording, which tell the same events again, and not its trace: "
        "open them one by one (app-1.cairn, app-2.cairn)");
    remove_folder((const char *const[]){"app-1.cairn", "app-2.cairn", NULL});
}

static void a_forked_child_knows_its_parent(void **state)
{
    (void)state;
    struct cairn_error error = {0};
    assert_non_null(mkdtemp(folder));
    assemble_as(in_folder("a"), "head session=1,1 pid=10 parent_session=2 parent_pid=20\n");
    assemble_as(in_folder("b"), "head session=2,1 pid=20\n");
    assemble_as(in_folder("c"), "head session=3,1 pid=30 parent_session=77 parent_pid=20 types=\"a,b*\"\n");
    assemble_as(in_folder("d"), "head session=4,1 pid=40 parent_session=2 parent_pid=21\n");
    struct trace_source *source = trace_open(folder, &error);
    assert_non_null(source);
    const struct trace_process *processes = source->info->processes;
    assert_int_equal(processes[0].parent, 1);
    assert_int_equal(processes[0].parent_pid, 20);
    assert_int_equal(processes[1].parent, UINT32_MAX);
    assert_int_equal(processes[1].parent_pid, 0);
    assert_int_equal(processes[2].parent, UINT32_MAX);
    assert_int_equal(processes[2].parent_pid, 20);
    assert_string_equal(processes[2].types, "a,b*");
    assert_int_equal(processes[3].parent, UINT32_MAX);
    source->close(source);
    remove_folder((const char *const[]){"a", "b", "c", "d", NULL});
}

/* ---- What is known of the whole ------------------------------------------------------------------------------ */

static void a_snapshot_says_why_it_was_taken(void **state)
{
    (void)state;
    struct cairn_error error = {0};
    char *text = read_file(source_path("flight-snapshot.txt"), NULL);
    struct trace_source *source = trace_open(assemble(text), &error);
    assert_non_null(source);
    const struct trace_process *process = source->info->processes;
    assert_int_equal(process->state, CAIRN_STATE_SNAPSHOT);
    assert_int_equal(process->snapshot_reason, CAIRN_SNAPSHOT_SLOW);
    assert_int_equal(process->snapshot_ticks, 80000);
    assert_int_equal(process->snapshot_threshold_ns, 50000);
    assert_int_equal(process->snapshot_task->birth, 10000);
    assert_string_equal(source->info->sites[process->snapshot_task->site].text, "request");
    assert_int_equal(process->window_bytes, 262144);
    assert_int_equal(process->window_begin_ticks, 14000);
    assert_int_equal(process->snapshots_taken, 1);
    source->close(source);
    unlink(own_path("trace"));
    free(text);
}

/* Records of different age, in any order. */
static void the_latest_count_of_sampling_holds(void **state)
{
    (void)state;
    struct cairn_error error = {0};
    struct trace_source *source =
        trace_open(assemble("head\nsite number=1 role=task text=a one_in=10 skipped=30\n"
                            "site number=1 role=task text=a\nsite number=2 role=task text=b\n"
                            "site number=2 role=task text=b one_in=5 skipped=7\n"
                            "site number=1 role=task text=a one_in=10 skipped=20\n"
                            "site number=1 role=task text=a\n"),
                   &error);
    assert_non_null(source);
    assert_int_equal(source->info->sites[1].one_in, 10);
    assert_int_equal(source->info->sites[1].skipped, 30);
    assert_int_equal(source->info->sites[2].one_in, 5);
    assert_int_equal(source->info->sites[2].skipped, 7);
    source->close(source);
    unlink(own_path("trace"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_one_has_its_window_and_its_open_tasks),
        cmocka_unit_test(the_journal_holds_while_the_block_is_there),
        cmocka_unit_test(the_journal_is_void_once_the_slot_is_free),
        cmocka_unit_test(a_journal_that_cannot_be_is_told),
        cmocka_unit_test(entries_that_cannot_be_are_told_and_dropped),
        cmocka_unit_test(open_tasks_alone_come_when_the_window_begins),
        cmocka_unit_test(joining_keeps_the_window_the_tasks_and_the_journal),
        cmocka_unit_test(one_that_goes_on_is_read_as_it_is),
        cmocka_unit_test(what_came_behind_the_readers_back_is_left_out),
        cmocka_unit_test(a_gap_in_what_a_killed_one_left_is_damage),
        cmocka_unit_test(snapshots_beside_their_trace_are_left_out),
        cmocka_unit_test(snapshots_without_their_trace_are_opened_singly),
        cmocka_unit_test(a_forked_child_knows_its_parent),
        cmocka_unit_test(a_snapshot_says_why_it_was_taken),
        cmocka_unit_test(the_latest_count_of_sampling_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
