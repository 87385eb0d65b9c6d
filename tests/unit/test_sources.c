/* More than one file: traces with their live files, and folders. SPDX-License-Identifier: Apache-2.0 */
#include "tracetext.h"

#include <sys/stat.h>

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
                                 "block events number=4 sequence=0 thread=2 flags=0 begin=4000\n"
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

/* A record that a death cut short is none; the live file has it whole. */
static void takes_what_is_whole_of_torn_lists(void **state)
{
    (void)state;
    static const char *const torn[] = {
        "block sites bytes=4096\nsite number=7 role=region text=\"whole\"\nwords 0x8000000a0 0 0 0 0 0\n",
        "block threads bytes=4096\nthread index=5 tid=15\nwords 6 0 0\n"};
    for (size_t i = 0; i < sizeof torn / sizeof *torn; i++) {
        const char *live = make_live("slot\nblock events number=1 flags=0 begin=2000\n"
                                     "region_begin site=1 time=2100\nregion_end site=2 time=2200\n");
        const char *trace = make_recording(live, torn[i]);
        char *made = read_back(trace);
        assert_null(strstr(made, "damaged"));
        assert_non_null(strstr(made, "recovered 2 "));
        unlink(live), unlink(trace);
        free(made);
    }
}

static void the_live_head_knows_the_last_anchor(void **state)
{
    (void)state;
    struct cairn_error error = {0};
    const char *live = make_live("");
    struct trace_source *source = trace_open(make_recording(live, ""), &error);
    assert_non_null(source);
    assert_int_equal(source->info->end_ticks, 9000);
    assert_int_equal(source->info->begin_ticks, 1000);
    source->close(source);
    unlink(live), unlink(own_path("trace"));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_what_is_only_in_the_live_file),
        cmocka_unit_test(prefers_the_live_chunk_to_a_torn_one),
        cmocka_unit_test(takes_what_is_whole_of_torn_lists),
        cmocka_unit_test(the_live_head_knows_the_last_anchor),
        cmocka_unit_test(says_when_the_live_file_is_missing_or_foreign),
        cmocka_unit_test(random_bytes_in_a_live_file_are_survived),
        cmocka_unit_test(an_empty_folder_is_an_error_that_says_so),
        cmocka_unit_test(processes_of_one_boot_share_the_clock),
        cmocka_unit_test(processes_of_two_machines_meet_on_the_wall_clock),
        cmocka_unit_test(a_damaged_file_in_a_folder_is_told_and_the_others_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
