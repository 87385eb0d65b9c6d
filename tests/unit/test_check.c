/* The validator: a sound trace has no finding; each broken rule has the one it should.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tracetext.h"

static struct trace_diagnostics found;

static void check(const char *path)
{
    struct cairn_error error = {0};
    found.count = 0;
    if (trace_check(path, &found, &error) != 0) fail_msg("%s", error.text);
}

static void a_sound_trace_has_no_finding(void **state)
{
    (void)state;
    static const char *const names[] = {"everything.txt", "times.txt", "flight-stopped.txt", "sampling.txt"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *text = read_file(source_path(names[i]), NULL);
        const char *path = assemble(text);
        check(path);
        if (found.count) fail_msg("%s: %s", found.items[0].name, found.items[0].example);
        unlink(path);
        free(text);
    }
}

/* In front of every case: a head, sites of each role, a thread. */
static const char before[] =
    "site number=1 role=task text=job\nsite number=2 role=region text=work\n"
    "site number=3 role=end\nsite number=4 role=log text=c format=\"%d\"\n"
    "site number=5 role=attr value=bool text=k\nsite number=6 role=attr value=text text=k\n"
    "site number=7 role=log text=c\nthread index=1\n";

/* Each: the head's keys, the rest, the name of the finding, a part of what it says. */
static const struct {
    const char *head, *rest, *name, *says;
} broken[] = {
    {"checksum=5", "", "damaged_head", "checksum of the head"},
    {"data_bytes=1000000", "", "truncated", "should follow"},
    {"data_bytes=64", "", "trailing_bytes", "behind the end"},
    {"flags=4", "", "head", "unknown flags"},
    {"round=300", "", "head", "round"},
    {"round=0", "", "head", "round"},
    {"clock=9", "", "head", "clock"},
    {"state=7", "", "damaged_head", "state"},
    {"session=0,0", "", "head", "session"},
    {"start=5,5,5 last=4,6,6", "", "head", "before the first"},
    {"sites_bytes=8", "", "head", "areas of a live file"},
    {"lost=12:3", "", "head", "unknown tally"},
    {"first_lost_ticks=5", "", "head", "last loss"},
    {"\npatch 3000 7", "", "head", "reserved"},
    {"\npatch 4000 0x4100000041", "", "head", "host is not terminated"},
    {"\npatch 1648 0x4100000000000000", "", "head", "types is not terminated"},
    {"state=snapshot window_bytes=9 snapshot_ticks=5", "", "head", "without a reason"},
    {"window_bytes=9 snapshot_reason=call", "", "head", "without a snapshot"},
    {"state=snapshot window_bytes=9 snapshot_reason=9 snapshot_ticks=5", "", "head", "without a reason"},
    {"state=snapshot window_bytes=9 snapshot_reason=signal", "", "head", "without its time"},
    {"window_bytes=9 snapshot_ticks=5", "", "head", "a time without"},
    {"state=snapshot window_bytes=9 snapshot_reason=slow snapshot_ticks=5", "", "head", "is missing"},
    {"state=snapshot window_bytes=9 snapshot_reason=call snapshot_ticks=5 snapshot_task=1:1:7", "", "head",
     "needless"},
    {"snapshot_task_birth=5", "", "head", "birth of what is no task"},
    {"state=snapshot window_bytes=9 snapshot_reason=failed snapshot_ticks=5 snapshot_task=1:1:7 "
     "snapshot_threshold_ns=5",
     "", "head", "threshold"},
    {"state=snapshot snapshot_reason=call snapshot_ticks=5", "", "head", "without a window"},
    {"window_ns=5", "", "head", "without a window"},
    {"tasks_overflow=5", "", "head", "without a window"},
    {"snapshots_taken=5", "", "head", "no flight recorder"},
    {"tasks_bytes=40", "", "head", "areas of a live file"},
    {"retiring_number=5", "", "head", "journal"},
    {"parent_pid=5", "", "head", "parent without"},
    {"parent_session=5", "", "head", "session without"},
    {"", "block sites flags=0\n", "block", "not sealed"},
    {"", "block sites flags=sealed|8\n", "block", "unknown flags"},
    {"", "block threads number=8\n", "block", "number"},
    {"", "block 55\n", "block", "unknown kind"},
    {"", "block events checksum=5\n", "checksum", "checksum"},
    {"", "site number=9 role=task bytes=56\nwords 0 0\n", "site", "larger"},
    {"", "site number=9 role=task text=abc\npatch 72 0x1000000000636261\n", "site", "padding"},
    {"", "site number=9 role=9\n", "site", "role"},
    {"", "site number=9 role=attr\n", "site", "type of value"},
    {"", "site number=9 role=log value=int\n", "site", "type of value"},
    {"", "site number=9 role=task flags=0\n", "site", "flags"},
    {"", "site number=9 role=task format=a\n", "site", "format"},
    {"", "site number=1 role=task text=other\n", "site", "two definitions"},
    {"", "site number=9 role=region one_in=5\n", "site", "no task"},
    {"", "site number=9 role=task skipped=5\n", "site", "without sampling"},
    {"", "site number=9 role=task one_in=1\n", "site", "without sampling"},
    {"", "site number=9 role=task\npatch 60 5\n", "site", "reserved"},
    {"", "site number=9 role=task one_in=5\nsite number=9 role=task one_in=6\n", "site", "two definitions"},
    {"", "site number=0 role=task\n", "damaged_record", "no site record"},
    {"", "thread index=1 begin=7 end=5\n", "thread", "before it begins"},
    {"", "thread index=1 first_lost_ticks=5\n", "thread", "last loss"},
    {"", "thread index=1\npatch 752 5\n", "thread", "reserved"},
    {"window_bytes=9", "thread index=1 overwritten=12:5 overwritten_until=5\n", "thread", "unknown tally"},
    {"window_bytes=9", "thread index=1 overwritten=log:5\n", "thread", "without their time"},
    {"", "thread index=1 overwritten_until=5\n", "thread", "without a window"},
    {"", "open_task id=1:1:5\n", "open_task", "without a window"},
    {"window_bytes=9", "open_task id=1:1:5\nopen_task id=1:1:5 birth=7\n", "open_task", "twice"},
    {"window_bytes=9", "open_task id=0x180001000000005\n", "open_task", "not recorded"},
    {"window_bytes=9", "open_task id=1:1:5 flags=1\n", "open_task", "has ended"},
    {"window_bytes=9", "open_task id=1:2:5\n", "damaged_open_task", "id cannot be"},
    {"window_bytes=9", "block tasks\nwords 1 2 3\n", "damaged_record", "no open task"},
    {"window_bytes=9",
     "thread index=1 overwritten_until=5\nblock events begin=9 end=10\n"
     "block events sequence=3 begin=20\n",
     "chunk", "missing"},
    {"", "block anchors\nanchor ticks=9 monotonic=9\nanchor ticks=8 monotonic=10\n", "anchor", "backwards"},
    {"", "block events sequence=3\n", "chunk", "missing"},
    {"", "block events number=1 sequence=0 begin=10\nblock events number=2 sequence=0 begin=20\n", "chunk",
     "not greater"},
    {"", "block events number=0\n", "chunk", "number is zero"},
    {"", "block events\nblock events number=1\n", "duplicate_chunk", "already"},
    {"", "block events begin=9 end=5\n", "chunk", "ends before"},
    {"", "block events begin=9999999\nblock events begin=5\n", "chunk", "begins before"},
    {"", "block events task=1:1:5 task_birth=0\nblock events\n", "chunk", "state is not"},
    {"", "block events\nregion_begin site=2 time=5\nblock events\n", "chunk", "open regions are not"},
    {"", "block events flags=sealed|side\nopen place=2:9:9\n", "chunk", "side chunk"},
    {"", "block events open_count=65\n", "damaged_block", "implausible"},
    {"", "block events\nwords 5\n", "event", "unknown kind"},
    {"", "block events\nwords 0 0\n", "event", "zero word"},
    {"", "block events\nlog site=7 text=abc size=99\n", "event", "does not fit"},
    {"", "block events\nregion_begin site=1\n", "event", "another role"},
    {"", "block events\nregion_begin site=8\n", "event", "not defined"},
    {"", "block events\ntask site=1 id=0\n", "event", "none is due"},
    {"", "block events\nlog site=7 text=ab\npatch 88 0x100626100000002\n", "event", "padding"},
    {"", "block events\nlog site=7 text=ab full=2\n", "event", "marked as cut"},
    {"", "block events\nlogf_0 site=4\n", "log", "arguments"},
    {"", "block events\nattr site=5 value=2\n", "event", "bool"},
    {"", "block events\nattr site=6 value=2\n", "event", "site's type"},
    {"", "block events\nattr_text site=5 text=a\n", "event", "site's type"},
    {"", "block events\ninterrupt place=0\n", "event", "main chunk"},
    {"", "block events\nloss counts=0\n", "event", "no pairs"},
    {"", "block events\nloss counts=12:1\n", "event", "unknown tally"},
    {"", "block events\nregion_begin site=2 time=0x4000000000\n", "time", "without a TIME"},
    {"", "block events\ntime time=77\npatch 80 0x0000000005000006\n", "time", "another time"},
    {"", "block events end=5\nregion_begin site=2 time=9999999\n", "time", "later than its chunk"},
    {"", "block events\ntask_again id=1:1:5\n", "task", "not named"},
    {"", "block events\ntask_begin site=1 id=1:2:5\n", "task", "another site"},
    {"", "block events\ntask_begin site=1 id=2:1:5\n", "task", "another site or round"},
    {"", "block events\ntask id=1:2:5\n", "task", "site of a task"},
    {"", "block events\ntask id=0 birth=5\n", "task", "no task"},
    {"", "block events\ntask_end site=3 id=1\n", "task", "end of what"},
    {"", "block events\ntask id=1:1:5 birth=99999999\n", "task", "born later"},
    {"", "block events\ntask_child site=1 id=1:1:5\n", "task", "background"},
    {"", "block events\nregion_end site=3\n", "region", "no region is open"},
    {"", "block events\nregion_attr site=5\n", "region", "no region is open"},
    {"", "block events flags=sealed|side\nregion_end site=3\n", "region", "short form"},
    {"", "block events\nregion_end_long site=3 place=2:1:10\n", "region", "does not begin"},
    {"", "block events\nregion_end_long site=3 place=2:1:999\n", "region", "outside"},
    {"", "block events\nregion_end_long site=3 place=1:1:10\n", "region", "site of a region"},
    {"", "raw\nwords 1 2 3 4\n", "damaged_block", "no valid block"},
};

static void finds(const char *head, const char *rest, const char *name, const char *says)
{
    char text[4096];
    const char *anchors = strstr(head, "start=") ? "" : "start=1,1,1 last=9000,9000,9000";
    snprintf(text, sizeof text, "head %s %s\n%s%s", anchors, head, before, rest);
    const char *path = assemble(text);
    check(path);
    bool there = false;
    for (uint32_t i = 0; i < found.count; i++) {
        there = there || (!strcmp(found.items[i].name, name) && strstr(found.items[i].example, says));
    }
    if (!there) {
        for (uint32_t i = 0; i < found.count; i++)
            print_error("%s: %s\n", found.items[i].name, found.items[i].example);
        fail_msg("%s%s: no finding \"%s\" that says \"%s\"", head, rest, name, says);
    }
    unlink(path);
}

static void every_broken_rule_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        finds(broken[i].head, broken[i].rest, broken[i].name, broken[i].says);
    }
}

static void what_the_cases_start_from_is_sound(void **state)
{
    (void)state;
    char text[4096];
    snprintf(text, sizeof text, "head start=1,1,1 last=9000,9000,9000\n%s", before);
    const char *path = assemble(text);
    check(path);
    assert_int_equal(found.count, 0);
    unlink(path);
}

/* The writer remembers 64 open regions; more are forgotten, oldest first. */
static void more_open_regions_than_are_listed_are_sound(void **state)
{
    (void)state;
    char *text = NULL;
    size_t count;
    FILE *out = open_memstream(&text, &count);
    fprintf(out, "head\n%sblock events number=1\n", before);
    for (int i = 0; i < 70; i++) fprintf(out, "region_begin site=2 time=%d\n", 100 + i);
    fprintf(out, "block events number=2 begin=200\n");
    for (int i = 6; i < 70; i++) fprintf(out, "open place=2:1:%d birth=%d\n", 10 + i, 100 + i);
    for (int i = 69; i >= 6; i--) fprintf(out, "region_end site=3 time=300\n");
    for (int i = 5; i >= 0; i--)
        fprintf(out, "region_end_long site=3 time=301 place=2:1:%d birth=%d\n", 10 + i, 100 + i);
    fclose(out);
    const char *path = assemble(text);
    check(path);
    if (found.count) fail_msg("%s: %s", found.items[0].name, found.items[0].example);
    char *made = read_back(path);
    assert_null(strstr(made, "OPEN"));
    assert_non_null(strstr(made, "301 t0 region_end '' task=? region=work@100"));
    unlink(path);
    free(text), free(made);
}

static void what_is_no_trace_cannot_be_checked(void **state)
{
    (void)state;
    const char *path = own_path("no-trace");
    struct cairn_error error = {0};
    write_file(path, "hello", 5);
    assert_int_equal(trace_check(path, &found, &error), -1);
    assert_non_null(strstr(error.text, "not a trace"));
    unlink(path);
}

static int forget(void **state)
{
    (void)state;
    free(found.items);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_trace_has_no_finding),
        cmocka_unit_test(what_the_cases_start_from_is_sound),
        cmocka_unit_test(every_broken_rule_is_found),
        cmocka_unit_test(more_open_regions_than_are_listed_are_sound),
        cmocka_unit_test(what_is_no_trace_cannot_be_checked),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
