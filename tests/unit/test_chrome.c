/* The Chrome export, fed by hand. SPDX-License-Identifier: Apache-2.0
 *
 * A trace is an array of events over one fixed info: one process (or two), two threads, a clock of one tick per
 * nanosecond that starts at tick 1000. Expectations are pieces of the lines that come out. */
#include "export/export.h"

#include "cairn/cairn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    SITE_NONE,
    SITE_ORDER,
    SITE_BREW,
    SITE_POUR,
    SITE_END,
    SITE_LOG,
    SITE_KEY,
    SITE_COUNTER,
    SITE_WILD,
    SITES
};
enum { START = 1000, END = 9000 };

static const struct trace_site sites[SITES] = {
    [SITE_NONE] = {.text = "", .file = "", .function = ""},
    [SITE_ORDER] = {.text = "order", .file = "shop.c", .function = "serve", .line = 10},
    [SITE_BREW] = {.text = "brew", .file = "shop.c", .function = "brew", .line = 20},
    [SITE_POUR] = {.text = "pour", .file = "shop.c", .function = "pour", .line = 30},
    [SITE_END] = {.text = "out of milk", .file = "shop.c", .function = "serve", .line = 40},
    [SITE_LOG] = {.text = "barista", .file = "shop.c", .function = "serve", .line = 50},
    [SITE_KEY] = {.text = "size", .file = "shop.c", .function = "serve", .line = 60},
    [SITE_COUNTER] = {.text = "queue", .file = "shop.c", .function = "serve", .line = 70},
    [SITE_WILD] = {.text = "wi\"ld\\\n\xff\x01", .file = "", .function = ""},
};
static struct trace_thread threads[] = {{.process = 0, .tid = 71, .name = "main"},
                                        {.process = 0, .tid = 72, .name = "worker"}};
static struct trace_process processes[] = {
    {.pid = 7, .round = 1, .executable = "/usr/bin/shop", .command = "shop --fast", .host = "", .path = ""},
    {.pid = 7, .round = 1, .executable = "/usr/bin/shop", .command = "shop --slow", .host = "", .path = ""}};

struct run {
    struct trace_diagnostics diagnostics;
    struct trace_info info;
    char *text;
    size_t bytes;
    struct export_counts counts;
};

static void begin_run(struct run *run)
{
    *run = (struct run){0};
    run->info = (struct trace_info){
        .clock = {.base_ticks = START, .base_monotonic_ns = START, .ns_per_tick = 1},
        .begin_ticks = START,
        .end_ticks = END,
        .sites = sites,
        .site_count = SITES,
        .threads = threads,
        .thread_count = 2,
        .processes = processes,
        .process_count = 1,
        .diagnostics = &run->diagnostics,
    };
}

static void export_events(struct run *run, const struct trace_event *events, size_t count)
{
    struct cairn_error error = {0};
    FILE *out = open_memstream(&run->text, &run->bytes);
    struct export *export = export_find("chrome")->open(out, &run->info, &error);
    assert_non_null(export);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(0, export->sink.event(&export->sink, &events[i], &error));
    assert_int_equal(0, export->sink.end(&export->sink, &run->info, &error));
    run->counts = export->counts;
    export->close(export);
    fclose(out);
}

static void end_run(struct run *run)
{
    free(run->text);
    free(run->diagnostics.items);
}

static size_t count_of(const struct run *run, const char *piece)
{
    size_t count = 0;
    for (const char *at = run->text; (at = strstr(at, piece)); at += strlen(piece)) count++;
    return count;
}

#define assert_times(run, count, piece)                                                                      \
    do {                                                                                                     \
        if (count_of((run), (piece)) != (count)) print_error("%s\n", (run)->text);                           \
        assert_int_equal(count_of((run), (piece)), (count));                                                 \
    } while (0)

#define UNUSED __attribute__((unused))
#define RUN(run, ...)                                                                                        \
    struct run run;                                                                                          \
    begin_run(&run);                                                                                         \
    const struct trace_event events[] = {__VA_ARGS__};                                                       \
    export_events(&run, events, sizeof events / sizeof *events)

/* ---- Events ------------------------------------------------------------------------------------------ */

#define TASK(serial, begun)                                                                                  \
    {                                                                                                        \
        .id = ((uint64_t)1 << CAIRN_ID_ROUND_SHIFT) + (serial), .birth = (begun), .site = SITE_ORDER         \
    }
#define PLACE(number, begun, of_site)                                                                        \
    {                                                                                                        \
        .place = (number), .birth = (begun), .thread = 0, .site = (of_site), .task = TASK(1, 1500)           \
    }

static struct trace_event task_event(enum trace_kind kind, uint64_t serial, uint64_t birth, uint64_t time)
{
    return (struct trace_event){.kind = kind,
                                .time = time,
                                .site = kind == TRACE_TASK_BEGIN ? SITE_ORDER : SITE_END,
                                .task = TASK(serial, birth)};
}

static struct trace_event region_event(enum trace_kind kind, uint64_t place, uint32_t site, uint64_t birth,
                                       uint64_t time)
{
    bool is_begin = kind == TRACE_REGION_BEGIN;
    return (struct trace_event){.kind = kind,
                                .time = time,
                                .site = is_begin ? site : (uint32_t)SITE_END,
                                .task = TASK(1, 1500),
                                .region = PLACE(place, birth, site)};
}

static struct trace_event attribute(uint64_t serial, int64_t value)
{
    return (struct trace_event){.kind = TRACE_ATTR,
                                .time = 2500,
                                .site = SITE_KEY,
                                .task = TASK(serial, 1500),
                                .value = {.type = CAIRN_I_VALUE_INT, .i = value}};
}

#define BEGIN_TASK(serial, birth) task_event(TRACE_TASK_BEGIN, serial, birth, birth)
#define END_TASK(serial, birth, time) task_event(TRACE_TASK_END, serial, birth, time)
#define BEGIN_REGION(place, site, birth) region_event(TRACE_REGION_BEGIN, place, site, birth, birth)
#define END_REGION(place, site, birth, time) region_event(TRACE_REGION_END, place, site, birth, time)

/* ---- Tasks ------------------------------------------------------------------------------------------- */

static void task_is_an_async_slice(UNUSED void **state)
{
    RUN(run, BEGIN_TASK(1, 1500), END_TASK(1, 1500, 1002503));
    assert_times(&run, 1, "\"ph\":\"b\",\"pid\":7,\"tid\":71,\"cat\":\"task\",\"ts\":0.500,");
    assert_times(&run, 1, "\"ph\":\"e\",\"pid\":7,\"tid\":71,\"cat\":\"task\",\"ts\":1001.503,");
    assert_times(&run, 2, "\"id2\":{\"local\":\"0x100000000000001\"},\"name\":\"order\"");
    assert_int_equal(run.counts.tasks, 1);
    assert_int_equal(run.counts.unfinished_tasks, 0);
    end_run(&run);
}

static void first_end_counts(UNUSED void **state)
{
    RUN(run, BEGIN_TASK(1, 1500), END_TASK(1, 1500, 2500), END_TASK(1, 1500, 3500));
    assert_times(&run, 1, "\"ph\":\"b\"");
    assert_times(&run, 1, "\"ph\":\"e\"");
    assert_times(&run, 1, "\"ts\":1.500,\"id2\":{\"local\":\"0x100000000000001\"},\"name\":\"order\"");
    assert_times(&run, 1, "\"name\":\"ended again\"");
    assert_int_equal(run.counts.late_ends, 1);
    end_run(&run);
}

static void unfinished_task_has_no_end(UNUSED void **state)
{
    RUN(run, BEGIN_TASK(1, 1500));
    assert_times(&run, 1, "\"ph\":\"b\"");
    assert_times(&run, 0, "\"ph\":\"e\"");
    assert_times(&run, 1, "\"unfinished\":true");
    assert_int_equal(run.counts.unfinished_tasks, 1);
    end_run(&run);
}

static void failure_has_its_reason(UNUSED void **state)
{
    RUN(run, BEGIN_TASK(1, 1500), task_event(TRACE_TASK_FAIL, 1, 1500, 2500));
    assert_times(&run, 1, "\"failed\":\"out of milk\"");
    end_run(&run);
}

static void begun_before_is_drawn_at_the_start(UNUSED void **state)
{
    RUN(run, END_TASK(1, 400, 2500));
    assert_times(&run, 1, "\"ph\":\"b\",\"pid\":7,\"tid\":7,\"cat\":\"task\",\"ts\":0.000,");
    assert_times(&run, 1, "\"begun_before_recording_ns\":600");
    assert_times(&run, 1, "\"begin_missing\":true");
    assert_times(&run, 0, "\"ts\":-");
    end_run(&run);
}

static void subtask_names_its_parent(UNUSED void **state)
{
    struct trace_event child = BEGIN_TASK(2, 1600);
    child.other = (struct trace_task_id)TASK(1, 1500);
    RUN(run, BEGIN_TASK(1, 1500), child, END_TASK(2, 1600, 1700), END_TASK(1, 1500, 1800));
    assert_times(&run, 1, "\"parent\":\"order 1\"");
    end_run(&run);
}

/* ---- Regions ----------------------------------------------------------------------------------------- */

static void regions_nest(UNUSED void **state)
{
    RUN(run, BEGIN_REGION(11, SITE_BREW, 2000), BEGIN_REGION(12, SITE_POUR, 2100),
        END_REGION(12, SITE_POUR, 2100, 2200), END_REGION(11, SITE_BREW, 2000, 2300));
    assert_times(&run, 1, "\"ts\":1.100,\"dur\":0.100,\"name\":\"pour\"");
    assert_times(&run, 1, "\"ts\":1.000,\"dur\":0.300,\"name\":\"brew\"");
    assert_times(&run, 2, "\"ph\":\"X\"");
    assert_times(&run, 2, "\"args\":{\"task\":\"order 1\",\"at\":\"shop.c:");
    end_run(&run);
}

static void overlap_goes_to_a_track_of_its_own(UNUSED void **state)
{
    RUN(run, BEGIN_REGION(11, SITE_BREW, 2000), BEGIN_REGION(12, SITE_POUR, 2100),
        END_REGION(11, SITE_BREW, 2000, 2200), END_REGION(12, SITE_POUR, 2100, 2300));
    assert_times(&run, 1, "\"ts\":1.000,\"dur\":0.200,\"name\":\"brew\"");
    assert_times(&run, 1, "\"ph\":\"X\"");
    assert_times(&run, 1, "\"ph\":\"b\",\"pid\":7,\"tid\":71,\"cat\":\"region\",\"ts\":1.100,");
    assert_times(&run, 1, "\"ph\":\"e\",\"pid\":7,\"tid\":71,\"cat\":\"region\",\"ts\":1.300,");
    end_run(&run);
}

/* A forgotten end must not push its neighbours off the thread. */
static void forgotten_region_stands_alone(UNUSED void **state)
{
    RUN(run, BEGIN_TASK(1, 1500), BEGIN_REGION(11, SITE_BREW, 2000), BEGIN_REGION(12, SITE_POUR, 2100),
        END_TASK(1, 1500, 2150), END_REGION(11, SITE_BREW, 2000, 2200), BEGIN_REGION(13, SITE_BREW, 2300),
        END_REGION(13, SITE_BREW, 2300, 2400));
    assert_times(&run, 2, "\"ph\":\"X\"");
    assert_times(&run, 1, "\"cat\":\"region\",\"ts\":1.100,\"id2\"");
    assert_times(&run, 1, "\"unfinished\":true");
    assert_int_equal(run.counts.unfinished_regions, 1);
    end_run(&run);
}

static void open_regions_begin_without_end(UNUSED void **state)
{
    RUN(run, BEGIN_REGION(11, SITE_BREW, 2000), BEGIN_REGION(12, SITE_POUR, 2100));
    assert_times(&run, 1, "\"ph\":\"B\",\"pid\":7,\"tid\":71,\"cat\":\"region\",\"ts\":1.000,");
    assert_times(&run, 1, "\"ph\":\"B\",\"pid\":7,\"tid\":71,\"cat\":\"region\",\"ts\":1.100,");
    assert_times(&run, 0, "\"ph\":\"E\"");
    assert_int_equal(run.counts.unfinished_regions, 2);
    end_run(&run);
}

/* Viewers sort a B behind an X of the same time, and would cut it to that. */
static void open_region_with_equal_begin_is_whole(UNUSED void **state)
{
    RUN(run, BEGIN_REGION(11, SITE_BREW, 2000), BEGIN_REGION(12, SITE_POUR, 2000),
        END_REGION(12, SITE_POUR, 2000, 2200));
    assert_times(&run, 0, "\"ph\":\"B\"");
    assert_times(&run, 1, "\"ts\":1.000,\"dur\":7.000,\"name\":\"brew\"");
    end_run(&run);
}

static void end_on_another_thread_is_told(UNUSED void **state)
{
    struct trace_event end = END_REGION(11, SITE_BREW, 2000, 2300);
    end.thread = 1;
    RUN(run, BEGIN_REGION(11, SITE_BREW, 2000), end);
    assert_times(&run, 1, "\"ph\":\"X\",\"pid\":7,\"tid\":71,");
    assert_times(&run, 1, "\"ended_by_thread\":72");
    end_run(&run);
}

static void second_end_of_a_region_is_left_out(UNUSED void **state)
{
    RUN(run, BEGIN_REGION(11, SITE_BREW, 2000), END_REGION(11, SITE_BREW, 2000, 2300),
        END_REGION(11, SITE_BREW, 2000, 2400));
    assert_int_equal(run.counts.regions, 1);
    assert_int_equal(run.counts.late_ends, 1);
    end_run(&run);
}

/* Clocks of two processors may differ a little; slices must nest all the same. */
static void time_never_steps_back_on_a_thread(UNUSED void **state)
{
    RUN(run, BEGIN_REGION(11, SITE_BREW, 2000), BEGIN_REGION(12, SITE_POUR, 1990),
        END_REGION(12, SITE_POUR, 1990, 2200), END_REGION(11, SITE_BREW, 2000, 2190));
    assert_times(&run, 1, "\"ts\":1.000,\"dur\":0.200,\"name\":\"pour\"");
    assert_times(&run, 1, "\"ts\":1.000,\"dur\":0.200,\"name\":\"brew\"");
    end_run(&run);
}

static void explicit_times_are_async(UNUSED void **state)
{
    struct trace_event at = region_event(TRACE_REGION_AT, 0, SITE_BREW, 3000, 8000);
    at.site = SITE_BREW;
    at.end_ticks = 4000;
    struct trace_event negative = at;
    negative.end_ticks = 2000;
    RUN(run, BEGIN_TASK(1, 1500), END_TASK(1, 1500, 1600), at, negative);
    assert_times(&run, 2, "\"ph\":\"b\",\"pid\":7,\"tid\":71,\"cat\":\"region\",\"ts\":2.000,");
    assert_times(&run, 1, "\"ph\":\"e\",\"pid\":7,\"tid\":71,\"cat\":\"region\",\"ts\":3.000,");
    assert_times(&run, 1, "\"ph\":\"e\",\"pid\":7,\"tid\":71,\"cat\":\"region\",\"ts\":2.000,");
    assert_times(&run, 0, "\"unfinished\"");
    assert_times(&run, 1, "\"ended_before_begin_ns\":1000");
    end_run(&run);
}

/* ---- The rest ---------------------------------------------------------------------------------------- */

static void last_value_of_a_key_counts(UNUSED void **state)
{
    RUN(run, BEGIN_TASK(1, 1500), attribute(1, 3), attribute(1, -4), END_TASK(1, 1500, 2500),
        attribute(1, 5));
    assert_times(&run, 1, "\"attributes\":{\"size\":-4}");
    assert_times(&run, 1, "\"ph\":\"i\",\"pid\":7,\"tid\":71,\"cat\":\"attribute\"");
    assert_times(&run, 1, "\"value\":5");
    assert_int_equal(run.counts.attributes, 3);
    end_run(&run);
}

static void attributes_are_bounded(UNUSED void **state)
{
    enum { KEYS = 300, KEPT = 256 };
    static struct trace_site many[SITES + KEYS];
    static char names[KEYS][8];
    memcpy(many, sites, sizeof sites);
    struct run run;
    begin_run(&run);
    struct trace_event events[KEYS + 1];
    events[0] = BEGIN_TASK(1, 1500);
    for (uint32_t i = 0; i < KEYS; i++) {
        snprintf(names[i], sizeof names[i], "k%u", i);
        many[SITES + i] = (struct trace_site){.text = names[i], .file = "", .function = ""};
        events[i + 1] = attribute(1, i);
        events[i + 1].site = SITES + i;
    }
    run.info.sites = many;
    run.info.site_count = SITES + KEYS;
    export_events(&run, events, KEYS + 1);
    assert_int_equal(run.counts.attributes_missed, KEYS - KEPT);
    assert_times(&run, 1, "\"k255\":255");
    assert_times(&run, 0, "\"k256\"");
    end_run(&run);
}

static void link_is_an_arrow(UNUSED void **state)
{
    struct trace_event link = {
        .kind = TRACE_LINK, .time = 1700, .site = SITE_END, .task = TASK(1, 1500), .other = TASK(2, 1600)};
    RUN(run, BEGIN_TASK(1, 1500), BEGIN_TASK(2, 1600), link);
    assert_times(&run, 1, "\"id2\":{\"local\":\"0x100000000000001\"},\"bind_id\":\"0x1\",\"flow_out\":true");
    assert_times(&run, 1, "\"id2\":{\"local\":\"0x100000000000002\"},\"bind_id\":\"0x1\",\"flow_in\":true");
    end_run(&run);
}

static void log_and_counter(UNUSED void **state)
{
    struct trace_event log = {
        .kind = TRACE_LOG,
        .time = 1700,
        .site = SITE_LOG,
        .value = {.type = CAIRN_I_VALUE_TEXT, .text = "hot", .text_bytes = 2, .text_bytes_full = 9}};
    struct trace_event counter = {.kind = TRACE_COUNTER,
                                  .time = 1800,
                                  .site = SITE_COUNTER,
                                  .value = {.type = CAIRN_I_VALUE_FLOAT, .f = 2.5}};
    RUN(run, log, counter);
    assert_times(&run, 1, "\"ts\":0.700,\"s\":\"t\",\"name\":\"barista\",\"args\":{\"message\":\"ho\",");
    assert_times(&run, 1, "\"message (bytes before cut)\":9");
    assert_times(
        &run, 1,
        "\"ph\":\"C\",\"pid\":7,\"tid\":71,\"ts\":0.800,\"name\":\"queue\",\"args\":{\"value\":2.5}");
    end_run(&run);
}

static void strings_are_escaped(UNUSED void **state)
{
    struct trace_event log = {
        .kind = TRACE_LOG, .time = 1700, .site = SITE_WILD, .value = {.type = CAIRN_I_VALUE_TEXT}};
    RUN(run, log);
    assert_times(&run, 1, "\"name\":\"wi\\\"ld\\\\\\n\\ufffd\\u0001\"");
    end_run(&run);
}

static void numbers_of_processes_and_threads_are_unique(UNUSED void **state)
{
    struct run run;
    begin_run(&run);
    run.info.process_count = 2;
    struct trace_thread same[] = {{.process = 0, .tid = 71, .name = "first"},
                                  {.process = 0, .tid = 71, .name = "second"},
                                  {.process = 1, .tid = 71, .name = "third"},
                                  {.process = 1, .tid = 0, .name = "fourth"}};
    run.info.threads = same;
    run.info.thread_count = 4;
    export_events(&run, NULL, 0);
    assert_times(&run, 1, "\"pid\":7,\"tid\":71,\"name\":\"thread_name\",\"args\":{\"name\":\"first\"}");
    assert_times(&run, 1,
                 "\"pid\":7,\"tid\":4194375,\"name\":\"thread_name\",\"args\":{\"name\":\"second\"}");
    assert_times(&run, 1,
                 "\"pid\":4194311,\"tid\":71,\"name\":\"thread_name\",\"args\":{\"name\":\"third\"}");
    assert_times(&run, 1,
                 "\"pid\":4194311,\"tid\":4194304,\"name\":\"thread_name\",\"args\":{\"name\":\"fourth\"}");
    end_run(&run);
}

static void losses_and_findings_are_told(UNUSED void **state)
{
    struct run run;
    begin_run(&run);
    struct trace_thread lossy[] = {{.tid = 71,
                                    .name = "",
                                    .lost = {[CAIRN_TALLY_LOG] = 9},
                                    .first_lost_ticks = 2000,
                                    .last_lost_ticks = 3000}};
    run.info.threads = lossy;
    run.info.thread_count = 1;
    run.info.lost[CAIRN_TALLY_LOG] = 9;
    trace_diagnose(&run.diagnostics, "odd", TRACE_WARNING, "Do this.", "at %d", 5);
    export_events(&run, NULL, 0);
    assert_times(&run, 1, "\"cat\":\"loss\",\"ts\":1.000,");
    assert_times(&run, 1, "\"cat\":\"loss\",\"ts\":2.000,");
    assert_times(&run, 2, "\"lost\":{\"log\":9}");
    assert_times(&run, 1, "{\"name\":\"odd\",\"severity\":\"warning\",\"count\":1,");
    end_run(&run);
}

/* Hostile input: kinds, threads, sites and processes that do not exist. */
static void indices_out_of_range_do_no_harm(UNUSED void **state)
{
    struct run run;
    begin_run(&run);
    struct trace_event events[TRACE_COUNTER + 1];
    for (int kind = 0; kind <= TRACE_COUNTER; kind++) {
        struct trace_task_id task = {.id = 77, .birth = UINT64_MAX, .process = 99, .site = 99};
        events[kind] = (struct trace_event){.kind = (enum trace_kind)kind,
                                            .time = UINT64_MAX,
                                            .thread = UINT32_MAX,
                                            .site = 99,
                                            .task = task,
                                            .other = task,
                                            .end_ticks = 1,
                                            .region = {.place = 5, .thread = 99, .site = 99, .task = task}};
    }
    export_events(&run, events, TRACE_COUNTER + 1);
    assert_true(run.bytes > 0);
    end_run(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(task_is_an_async_slice),
        cmocka_unit_test(first_end_counts),
        cmocka_unit_test(unfinished_task_has_no_end),
        cmocka_unit_test(failure_has_its_reason),
        cmocka_unit_test(begun_before_is_drawn_at_the_start),
        cmocka_unit_test(subtask_names_its_parent),
        cmocka_unit_test(regions_nest),
        cmocka_unit_test(overlap_goes_to_a_track_of_its_own),
        cmocka_unit_test(forgotten_region_stands_alone),
        cmocka_unit_test(open_regions_begin_without_end),
        cmocka_unit_test(open_region_with_equal_begin_is_whole),
        cmocka_unit_test(end_on_another_thread_is_told),
        cmocka_unit_test(second_end_of_a_region_is_left_out),
        cmocka_unit_test(time_never_steps_back_on_a_thread),
        cmocka_unit_test(explicit_times_are_async),
        cmocka_unit_test(last_value_of_a_key_counts),
        cmocka_unit_test(attributes_are_bounded),
        cmocka_unit_test(link_is_an_arrow),
        cmocka_unit_test(log_and_counter),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(numbers_of_processes_and_threads_are_unique),
        cmocka_unit_test(losses_and_findings_are_told),
        cmocka_unit_test(indices_out_of_range_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
