/* The reader: what traces made by hand say, damaged ones, live files, folders. SPDX-License-Identifier: Apache-2.0
 *
 * tests/traces has traces as text, each with what the reader must make of it beside it. */
#include "readback.h"

#include <sys/stat.h>

/* ---- Golden traces ---------------------------------------------------------------------------------- */

static void golden(const char *name)
{
    char file[128];
    snprintf(file, sizeof file, "%s.txt", name);
    char *text = read_file(source_path(file), NULL);
    snprintf(file, sizeof file, "%s.expected", name);
    char *expected = read_file(source_path(file), NULL);
    const char *trace = assemble(text);
    char *made = read_back(trace);
    assert_string_equal(made, expected);
    unlink(trace);
    free(text), free(expected), free(made);
}

static void one_of_every_event(void **state)
{
    (void)state;
    golden("everything");
}

static void regions_known_from_chunk_heads(void **state)
{
    (void)state;
    golden("open-region");
}

static void damage_of_every_kind(void **state)
{
    (void)state;
    golden("damage");
}

static void chunks_that_were_not_sealed(void **state)
{
    (void)state;
    golden("killed");
}

static void times_over_every_border(void **state)
{
    (void)state;
    golden("times");
}

/* ---- What is no trace -------------------------------------------------------------------------------- */

static void refuses(const char *bytes, size_t count, const char *why)
{
    const char *path = own_path("no-trace");
    struct cairn_error error = {0};
    write_file(path, bytes, count);
    assert_null(trace_open(path, &error));
    assert_string_equal(error.path, path);
    if (!strstr(error.text, why)) fail_msg("\"%s\" does not say \"%s\"", error.text, why);
    unlink(path);
}

static void refuses_what_is_no_trace(void **state)
{
    (void)state;
    static char head[4096] = "\x89"
                             "CAIRN\r\n";
    refuses("", 0, "is empty");
    refuses("#include <stdio.h>\n", 19, "is not a trace");
    refuses(head, 5, "is not a trace");
    refuses(head, 4095, "cut off within its head");
    head[8] = 2;
    refuses(head, sizeof head, "format version 2");
    head[8] = 1;
    head[36] = 1;
    refuses(head, sizeof head, "live file");
    struct cairn_error error = {0};
    assert_null(trace_open("/nonexistent/trace", &error));
    assert_int_equal(error.code, CAIRN_EIO);
    assert_null(trace_open("/dev/null", &error));
    assert_non_null(strstr(error.text, "not a regular file"));
}

/* ---- Damage by force --------------------------------------------------------------------------------- */

/* Reads all there is; says how many events that were. What the reader hands out must be in its tables. */
static uint64_t survive(const char *path, const char **found)
{
    struct cairn_error error = {0};
    struct trace_source *source = trace_open(path, &error);
    if (!source) {
        assert_true(error.text[0]);
        *found = "refused";
        return 0;
    }
    struct trace_event event;
    uint64_t count = 0;
    for (int result; (result = source->next(source, &event, &error)) != 0; count++) {
        assert_int_equal(result, 1);
        assert_true(event.thread < source->info->thread_count && event.site < source->info->site_count);
        assert_true(event.region.site < source->info->site_count &&
                    event.task.site < source->info->site_count);
    }
    *found = "";
    for (uint32_t i = 0; i < source->info->diagnostics->count; i++) {
        const struct trace_diagnostic *item = &source->info->diagnostics->items[i];
        if (item->severity == TRACE_DAMAGE) *found = item->name;
    }
    source->close(source);
    return count;
}

enum { EVENTS_OF_EVERYTHING = 25 };

static void every_truncation_is_noticed(void **state)
{
    (void)state;
    char *text = read_file(source_path("everything.txt"), NULL);
    const char *path = assemble(text), *cut = own_path("cut");
    size_t count;
    char *bytes = read_file(path, &count);
    uint64_t most = 0;
    for (size_t length = 0; length < count; length += length < 4000 ? 331 : 1) {
        const char *found;
        write_file(cut, bytes, length);
        uint64_t events = survive(cut, &found);
        assert_true(found[0]);
        assert_true(events >= most && events <= EVENTS_OF_EVERYTHING);
        most = events;
    }
    assert_int_equal(most, EVENTS_OF_EVERYTHING - 1); /* without its last byte the last one does not fit */
    unlink(path), unlink(cut);
    free(bytes), free(text);
}

/* In a sealed chunk the checksum finds any change; the other chunks are read nevertheless. */
static void every_flipped_byte_of_a_block_is_noticed(void **state)
{
    (void)state;
    char *text = read_file(source_path("everything.txt"), NULL);
    const char *path = assemble(text), *flipped = own_path("flipped");
    size_t count;
    char *bytes = read_file(path, &count);
    for (size_t at = 4096; at < count; at++) {
        const char *found;
        char former = bytes[at];
        bytes[at] = (char)(former ^ (1 << at % 8));
        write_file(flipped, bytes, count);
        uint64_t events = survive(flipped, &found);
        assert_true(found[0]);
        assert_true(events >= 1 && events <= EVENTS_OF_EVERYTHING);
        bytes[at] = former;
    }
    unlink(path), unlink(flipped);
    free(bytes), free(text);
}

/* The text of a trace, with every chunk left open. */
static char *unsealed(const char *path)
{
    char *text = read_file(path, NULL), *made = NULL;
    size_t count = 0;
    FILE *out = open_memstream(&made, &count);
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        bool chunk = !strncmp(line, "block events ", 13), side = strstr(line, "flags=sealed|side") != NULL;
        fprintf(out, "%s%s\n",
                chunk ? side ? "block events flags=side thread=2" : "block events flags=0 " : "",
                chunk ? side ? "" : line + 13 : line);
    }
    fclose(out);
    free(text);
    return made;
}

/* Without checksums nothing but sense can be checked: no crash, no hang, no event out of the tables. */
static void random_bytes_in_open_chunks_are_survived(void **state)
{
    (void)state;
    char *text = unsealed(source_path("everything.txt"));
    const char *path = assemble(text), *changed = own_path("changed");
    size_t count;
    char *bytes = read_file(path, &count);
    uint32_t random = 99;
    for (int round = 0; round < 3000; round++) {
        char *copy = malloc(count);
        const char *found;
        memcpy(copy, bytes, count);
        for (int i = 0; i <= round % 3; i++) {
            random = random * 1664525 + 1013904223;
            copy[(random >> 8) % count] = (char)random;
        }
        write_file(changed, copy, count);
        survive(changed, &found);
        free(copy);
    }
    unlink(path), unlink(changed);
    free(bytes), free(text);
}

/* ---- Live files ---------------------------------------------------------------------------------------- */

static const char sites[] = "site number=1 role=region text=\"work\"\nsite number=2 role=end\n";

/* The trace of a recording whose live file is at `live`. */
static const char *make_recording(const char *live, const char *blocks)
{
    char text[4096];
    snprintf(text, sizeof text,
             "head state=recording session=7,8 live_path=\"%s\" start=1000,1000,1000 pid=4194303\n%s", live,
             blocks);
    return assemble(text);
}

static const char *make_live(const char *areas)
{
    char text[8192];
    snprintf(text, sizeof text,
             "head state=recording session=7,8 flags=live last=9000,9000,9000 lost=log:4\n"
             "area sites bytes=8192\n%sarea threads\nthread index=1 tid=11 lost=log:1\nthread index=0\n"
             "thread index=2 tid=12\narea slots bytes=65536\n%s",
             sites, areas);
    return assemble_as(own_path("live"), text);
}

static void joins_what_is_only_in_the_live_file(void **state)
{
    (void)state;
    const char *live = make_live("slot slot_bytes=8192\n"
                                 "block events number=1 flags=0 begin=2000 bytes=88\n" /* in the trace too */
                                 "region_begin site=1 time=2100\n"
                                 "slot state=sealed\n"
                                 "block events number=2 sequence=1 flags=0 begin=3000 bytes=120\n"
                                 "open place=1:1:10 birth=2100\n"
                                 "region_end site=2 time=3100\n"
                                 "slot state=free\n"
                                 "block events number=3 thread=2 flags=0 begin=3000\n"
                                 "region_begin site=1 time=3200\n"
                                 "at 0x9000\n" /* a page that no slot was made in yet */
                                 "slot slot_bytes=16384\n"
                                 "block events number=4 thread=2 flags=0 begin=4000\n"
                                 "region_begin site=1 time=4100\n");
    const char *trace =
        make_recording(live, "block events number=1 begin=2000\nregion_begin site=1 time=2100\n");
    char *made = read_back(trace);
    assert_string_equal(made, "2100 t11 region_begin 'work' region=work@2100\n"
                              "3100 t11 region_end '' region=work@2100\n"
                              "4100 t12 region_begin 'work' region=work@4100\n"
                              "recovered 3 lost 5 processes 1 threads 2\n"
                              "note ended_without_stop x1\n");
    unlink(live), unlink(trace);
    free(made);
}

static void prefers_the_live_chunk_to_a_torn_one(void **state)
{
    (void)state;
    const char *live = make_live("slot\nblock events number=1 flags=0 begin=2000\n"
                                 "region_begin site=1 time=2100\nregion_end site=2 time=2200\n");
    const char *trace =
        make_recording(live, "block events number=1 begin=2000 bytes=96\nregion_begin site=1 time=2100\n");
    char *made = read_back(trace);
    assert_string_equal(made, "2100 t11 region_begin 'work' region=work@2100\n"
                              "2200 t11 region_end '' region=work@2100\n"
                              "recovered 2 lost 5 processes 1 threads 2\n"
                              "note ended_without_stop x1\n");
    unlink(live), unlink(trace);
    free(made);
}

static void says_when_the_live_file_is_missing_or_foreign(void **state)
{
    (void)state;
    char blocks[512];
    snprintf(blocks, sizeof blocks, "%sblock events begin=2000\nregion_begin site=1 time=2100\n", sites);
    const char *expected = "2100 t0 region_begin 'work' region=work@2100\n"
                           "recovered 1 lost 0 processes 1 threads 1\n"
                           "warning live_missing x1\nnote ended_without_stop x1\n";
    const char *trace = make_recording("/nonexistent/live", blocks);
    char *made = read_back(trace);
    assert_string_equal(made, expected);
    free(made);
    const char *live = assemble_as(own_path("live"), "head state=recording session=7,9 flags=live\n");
    trace = make_recording(live, blocks);
    made = read_back(trace);
    assert_string_equal(made, expected);
    unlink(live), unlink(trace);
    free(made);
}

static void random_bytes_in_a_live_file_are_survived(void **state)
{
    (void)state;
    const char *live =
        make_live("slot slot_bytes=8192\nblock events number=1 flags=0 begin=2000\n"
                  "region_begin site=1 time=2100\nslot\n"
                  "block events number=2 thread=2 flags=0 begin=2000\nregion_begin site=1 time=2200\n");
    const char *trace = make_recording(live, "");
    size_t count;
    char *bytes = read_file(live, &count);
    uint32_t random = 3;
    for (int round = 0; round < 2000; round++) {
        const char *found;
        size_t at[4];
        char former[4];
        for (int i = 0; i < 4; i++) {
            random = random * 1664525 + 1013904223;
            at[i] = (random >> 8) % (round % 2 ? count : 400);
            former[i] = bytes[at[i]];
            bytes[at[i]] = (char)random;
        }
        write_file(live, bytes, count);
        survive(trace, &found);
        for (int i = 3; i >= 0; i--) bytes[at[i]] = former[i];
    }
    unlink(live), unlink(trace);
    free(bytes);
}

/* ---- Folders -------------------------------------------------------------------------------------------- */

static char folder[256];

static const char *in_folder(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "%s", own_path("folder"));
    assert_int_equal(mkdir(folder, 0700), 0);
}

static void remove_folder(void)
{
    static const char *const names[] = {"a", "b", "c", "note.txt", "copy"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) unlink(in_folder(names[i]));
    assert_int_equal(rmdir(folder), 0);
}

static void an_empty_folder_is_an_error_that_says_so(void **state)
{
    (void)state;
    struct cairn_error error = {0};
    make_folder();
    assert_null(trace_open(folder, &error));
    assert_non_null(strstr(error.text, "without a trace"));
    write_file(in_folder("note.txt"), "hello", 5);
    assert_null(trace_open(folder, &error));
    assert_non_null(strstr(error.text, "without a trace"));
    remove_folder();
}

static void processes_of_one_boot_share_the_clock(void **state)
{
    (void)state;
    make_folder();
    assemble_as(in_folder("a"),
                "head session=1,1 pid=5 clock=tsc boot_id=x start=1000,500,0 last=3000,1500,0\n"
                "site number=1 role=region text=work\nthread index=1 tid=5\n"
                "block events begin=1500\nregion_begin site=1 time=1600\nregion_begin site=1 time=1800\n");
    assemble_as(in_folder("b"),
                "head session=1,2 pid=6 clock=tsc boot_id=x start=1400,700,0 last=2000,1000,0\n"
                "site number=9 role=region text=play\nthread index=1 tid=6\n"
                "block events begin=1500\nregion_begin site=9 time=1700\n");
    write_file(in_folder("note.txt"), "hello", 5);
    char *made = read_back(folder);
    assert_string_equal(made, "1600 t5 region_begin 'work' region=work@1600\n"
                              "1700 t6 region_begin 'play' region=play@1700\n"
                              "1800 t5 region_begin 'work' region=work@1800\n"
                              "recovered 3 lost 0 processes 2 threads 2\n");
    free(made);
    remove_folder();
}

/* Ticks of 2 ns and of 10 ns, on two machines whose clocks tell the same time of the day. */
static void processes_of_two_machines_meet_on_the_wall_clock(void **state)
{
    (void)state;
    make_folder();
    assemble_as(in_folder("a"),
                "head session=1,1 clock=tsc boot_id=x start=1000,500,1000000 last=2000,2500,1002000\n"
                "site number=1 role=region text=work\nthread index=1 tid=5\n"
                "block events begin=1100\nregion_begin site=1 time=1200\nregion_at site=1 time=1300 "
                "begin_ns=700 end_ns=900\n");
    assemble_as(in_folder("b"),
                "head session=1,2 clock=tsc boot_id=y start=50,90000,1000000 last=150,91000,1001000\n"
                "site number=1 role=region text=work\nthread index=1 tid=6\n"
                "block events begin=60\nregion_begin site=1 time=100\n");
    char *made = read_back(folder);
    assert_string_equal(made, "1000400 t5 region_begin 'work' region=work@1000400\n"
                              "1000500 t6 region_begin 'work' region=work@1000500\n"
                              "1000600 t5 region_at 'work' region=work@1000200 end=1000400\n"
                              "recovered 3 lost 0 processes 2 threads 2\n");
    free(made);
    remove_folder();
}

static void a_damaged_file_in_a_folder_is_told_and_the_others_read(void **state)
{
    (void)state;
    const char *text = "head session=1,1\nsite number=1 role=region text=work\nthread index=1 tid=5\n"
                       "block events begin=1\nregion_begin site=1 time=16\n";
    make_folder();
    assemble_as(in_folder("a"), text);
    assemble_as(in_folder("copy"), text);
    write_file(in_folder("b"), CAIRN_FILE_MAGIC "torn", 12);
    assemble_as(in_folder("c"), "head flags=live state=recording\n");
    char *made = read_back(folder);
    assert_string_equal(made, "16 t5 region_begin 'work' region=work@16\n"
                              "recovered 1 lost 0 processes 1 threads 1\n"
                              "damage damaged_file x1\nwarning duplicate_file x1\n");
    free(made);
    remove_folder();
}

/* ---- Tables and switches ---------------------------------------------------------------------------------- */

static void equal_texts_of_a_role_are_one_type(void **state)
{
    (void)state;
    const char *path = assemble("head\nsite number=4 role=task text=b\nsite number=2 role=task text=a\n"
                                "site number=3 role=region text=b\nsite number=7 role=task text=b line=9\n");
    struct cairn_error error = {0};
    struct trace_source *source = trace_open(path, &error);
    assert_non_null(source);
    assert_int_equal(source->info->site_count, 5);
    const struct trace_site *all = source->info->sites;
    assert_int_equal(all[1].type, all[4].type);
    assert_int_not_equal(all[1].type, all[2].type);
    assert_true(all[1].type < 2 && all[2].type < 2);
    assert_int_equal(all[3].type, 0);
    source->close(source);
    unlink(path);
}

static void text_of_logs_can_be_left_out(void **state)
{
    (void)state;
    const char *path = assemble("head\nsite number=1 role=log text=c format=\"%d\"\nblock events\n"
                                "logf_1 site=1 time=5 int=7\nlog site=1 time=6 text=whole\n");
    struct cairn_error error = {0};
    struct trace_event event;
    struct trace_source *source = trace_open(path, &error);
    source->no_text = true;
    assert_int_equal(source->next(source, &event, &error), 1);
    assert_int_equal(event.value.text_bytes, 0);
    assert_int_equal(source->next(source, &event, &error), 1);
    assert_int_equal(event.value.text_bytes, 5);
    source->close(source);
    unlink(path);
}

static void a_tasks_name_is_known_through_many(void **state)
{
    (void)state;
    char *text = NULL;
    size_t count = 0;
    FILE *out = open_memstream(&text, &count);
    fputs("head\nsite number=1 role=task text=job\nsite number=2 role=log text=c\nblock events\n", out);
    for (int i = 1; i <= 300; i++) fprintf(out, "task id=1:1:%d birth=%d time=1000\n", i, i);
    for (int i = 300; i >= 1; i--) fprintf(out, "task_again id=1:1:%d\nlog site=2 time=2000\n", i);
    fclose(out);
    const char *path = assemble(text);
    struct cairn_error error = {0};
    struct trace_event event;
    struct trace_source *source = trace_open(path, &error);
    for (uint64_t i = 300; i >= 1; i--) {
        assert_int_equal(source->next(source, &event, &error), 1);
        assert_int_equal(event.task.birth, i);
    }
    assert_int_equal(source->info->diagnostics->count, 0);
    source->close(source);
    unlink(path);
    free(text);
}

static void a_clock_saturates_and_goes_both_ways(void **state)
{
    (void)state;
    struct trace_clock clock = {
        .base_ticks = 1000, .base_monotonic_ns = 5000, .base_realtime_ns = 70000, .ns_per_tick = 0.5};
    assert_int_equal(trace_clock_ns(&clock, 11), 6);
    assert_int_equal(trace_clock_since_start_ns(&clock, 1010), 5);
    assert_int_equal(trace_clock_since_start_ns(&clock, 990), -5);
    assert_int_equal(trace_clock_monotonic_ns(&clock, 1010), 5005);
    assert_int_equal(trace_clock_realtime_ns(&clock, 990), 69995);
    assert_int_equal(trace_clock_at_monotonic(&clock, 5005), 1010);
    assert_int_equal(trace_clock_at_monotonic(&clock, 4995), 990);
    assert_int_equal(trace_clock_at_monotonic(&clock, INT64_MIN), 0);
    assert_int_equal(trace_clock_ticks(&clock, 5), 10);
    clock.ns_per_tick = 4;
    assert_int_equal(trace_clock_ns(&clock, UINT64_MAX), UINT64_MAX);
    assert_int_equal(trace_clock_monotonic_ns(&clock, UINT64_MAX), INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_every_event),
        cmocka_unit_test(regions_known_from_chunk_heads),
        cmocka_unit_test(damage_of_every_kind),
        cmocka_unit_test(chunks_that_were_not_sealed),
        cmocka_unit_test(times_over_every_border),
        cmocka_unit_test(refuses_what_is_no_trace),
        cmocka_unit_test(every_truncation_is_noticed),
        cmocka_unit_test(every_flipped_byte_of_a_block_is_noticed),
        cmocka_unit_test(random_bytes_in_open_chunks_are_survived),
        cmocka_unit_test(joins_what_is_only_in_the_live_file),
        cmocka_unit_test(prefers_the_live_chunk_to_a_torn_one),
        cmocka_unit_test(says_when_the_live_file_is_missing_or_foreign),
        cmocka_unit_test(random_bytes_in_a_live_file_are_survived),
        cmocka_unit_test(an_empty_folder_is_an_error_that_says_so),
        cmocka_unit_test(processes_of_one_boot_share_the_clock),
        cmocka_unit_test(processes_of_two_machines_meet_on_the_wall_clock),
        cmocka_unit_test(a_damaged_file_in_a_folder_is_told_and_the_others_read),
        cmocka_unit_test(equal_texts_of_a_role_are_one_type),
        cmocka_unit_test(text_of_logs_can_be_left_out),
        cmocka_unit_test(a_tasks_name_is_known_through_many),
        cmocka_unit_test(a_clock_saturates_and_goes_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
