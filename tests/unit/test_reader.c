/* The reader: what traces made by hand say, damaged ones, files that are none. SPDX-License-Identifier: Apache-2.0
 *
 * tests/traces has traces as text, each with what the reader must make of it beside it. */
#include "tracetext.h"

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

static void a_flight_recorder_that_was_stopped(void **state)
{
    (void)state;
    golden("flight-stopped");
}

static void a_snapshot_with_and_without_damage(void **state)
{
    (void)state;
    golden("flight-snapshot");
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

static void blocks_know_the_session_if_the_head_does_not(void **state)
{
    (void)state;
    const char *path =
        assemble("head session=9,9\nblock sites session=1\nsite number=1 role=region text=work\n"
                 "block events session=1\nregion_begin site=1 time=5\n");
    char *made = read_back(path);
    assert_string_equal(made,
                        "5 t0 region_begin 'work' region=work@5\n"
                        "recovered 1 lost 0 processes 1 threads 1\n"
                        "damage damaged_head x1: at offset 16: the session is not that of the first block\n");
    unlink(path);
    free(made);
}

/* ---- Damage by force --------------------------------------------------------------------------------- */

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

/* Also when it is amid the regions that a chunk's head says were open: what is left of a write is not damage. */
static void a_truncation_is_told_as_one(void **state)
{
    (void)state;
    const char *path = assemble("head\nsite number=1 role=region text=outer\nthread index=1 tid=7\n"
                                "block events number=1 begin=5000\nregion_begin site=1 time=5100\n"
                                "block events number=2 sequence=1 begin=6000\n"
                                "open place=1:1:9 birth=5100\nopen place=1:1:10 birth=5200\n");
    const char *cut = own_path("cut");
    size_t count;
    char *bytes = read_file(path, &count);
    for (size_t length = 4096; length < count; length++) {
        const char *found;
        write_file(cut, bytes, length);
        survive(cut, &found);
        assert_string_equal(found, "truncated");
    }
    unlink(path), unlink(cut);
    free(bytes);
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
        cmocka_unit_test(a_flight_recorder_that_was_stopped),
        cmocka_unit_test(a_snapshot_with_and_without_damage),
        cmocka_unit_test(refuses_what_is_no_trace),
        cmocka_unit_test(blocks_know_the_session_if_the_head_does_not),
        cmocka_unit_test(every_truncation_is_noticed),
        cmocka_unit_test(a_truncation_is_told_as_one),
        cmocka_unit_test(every_flipped_byte_of_a_block_is_noticed),
        cmocka_unit_test(random_bytes_in_open_chunks_are_survived),
        cmocka_unit_test(equal_texts_of_a_role_are_one_type),
        cmocka_unit_test(text_of_logs_can_be_left_out),
        cmocka_unit_test(a_tasks_name_is_known_through_many),
        cmocka_unit_test(a_clock_saturates_and_goes_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
