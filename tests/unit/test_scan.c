/* Reading a trace chunk by chunk on several processors. SPDX-License-Identifier: Apache-2.0 */
#include "tracetext.h"

#include "analysis/analysis.h"
#include "trace/scan.h"

enum { THREADS = 5, CHUNKS = 40, EVENTS = 3, WORKERS = 4 };

/* Threads take turns; each chunk has counters that tell its number. */
static const char *make_trace(const char *missing, unsigned bad_chunk)
{
    char *text = NULL;
    size_t count = 0;
    FILE *out = open_memstream(&text, &count);
    fprintf(out, "head\nsite number=1 role=counter value=uint text=number\n");
    for (unsigned thread = 1; thread <= THREADS; thread++)
        fprintf(out, "thread index=%u tid=%u\n", thread, 100 + thread);
    for (unsigned i = 0; i < CHUNKS * THREADS; i++) {
        unsigned thread = 1 + i % THREADS, sequence = i / THREADS;
        bool is_missing = missing && thread == 2 && sequence == 7;
        if (is_missing) continue;
        fprintf(out, "block events number=%u thread=%u sequence=%u begin=%u%s\n", i + 1, thread, sequence,
                1000 + 10 * i, i + 1 == bad_chunk ? " checksum=1" : "");
        for (unsigned event = 0; event < EVENTS; event++)
            fprintf(out, "counter site=1 time=%u value=%u\n", 1001 + 10 * i + event, i + 1);
    }
    fclose(out);
    const char *path = assemble(text);
    free(text);
    return path;
}

/* ---- A scan that takes notes -------------------------------------------------------------------------- */

struct noted {
    struct trace_scan scan;
    uint64_t last_begin, last_in_stream[THREADS + 2];
    unsigned settled, skipped, gaps, events, in_turn, fail_at;
    uint32_t alive; /* digests; atomic */
};

struct note {
    struct noted *noted;
    uint64_t number;
    unsigned events;
};

static void forget(void *digest)
{
    struct note *note = digest;
    if (note) __atomic_sub_fetch(&note->noted->alive, 1, __ATOMIC_RELAXED);
    free(note);
}

static void *note_part(struct trace_scan *scan, unsigned worker, struct trace_part *part)
{
    struct noted *noted = (struct noted *)scan;
    uint64_t number = part->head->block.number;
    if (number == noted->fail_at) return NULL;
    assert_true(worker < WORKERS);
    struct note *note = malloc(sizeof *note);
    *note = (struct note){.noted = noted, .number = number};
    __atomic_add_fetch(&noted->alive, 1, __ATOMIC_RELAXED);
    struct trace_cursor cursor = trace_part_cursor(part);
    for (const uint64_t *words; (words = trace_cursor_next(&cursor)) != NULL; note->events++)
        if (cursor.kind != CAIRN_EVENT_COUNTER || words[1] != number) note->events = 1000;
    return note;
}

static bool note_settled(struct trace_scan *scan, struct trace_part *part, void *digest)
{
    struct noted *noted = (struct noted *)scan;
    struct note *note = digest;
    noted->in_turn += part->begin_ticks >= noted->last_begin &&
                      part->head->sequence + 1 > noted->last_in_stream[part->stream];
    noted->last_begin = part->begin_ticks;
    noted->last_in_stream[part->stream] = part->head->sequence + 1;
    noted->settled++;
    noted->gaps += part->has_gap;
    noted->skipped += part->is_skipped;
    if (note) noted->events += note->events;
    forget(note);
    return true;
}

static int scan(const char *path, struct noted *noted, struct trace_source **source)
{
    struct cairn_error error = {0};
    noted->scan =
        (struct trace_scan){.digest = note_part, .settle = note_settled, .drop = forget, .workers = WORKERS};
    *source = trace_open(path, &error);
    assert_non_null(*source);
    assert_true(trace_scan_workers(*source) >= 1);
    return trace_scan_run(*source, &noted->scan, NULL, NULL, NULL);
}

static uint64_t found(const struct trace_source *source, const char *name)
{
    const struct trace_diagnostics *diagnostics = source->info->diagnostics;
    for (uint32_t i = 0; i < diagnostics->count; i++)
        if (!strcmp(diagnostics->items[i].name, name)) return diagnostics->items[i].count;
    return 0;
}

/* ---- Cases -------------------------------------------------------------------------------------------- */

static void every_chunk_is_settled_in_its_turn(void **state)
{
    (void)state;
    struct noted noted = {0};
    struct trace_source *source;
    assert_int_equal(scan(make_trace(NULL, 0), &noted, &source), 0);
    assert_int_equal(noted.settled, CHUNKS * THREADS);
    assert_int_equal(noted.in_turn, CHUNKS * THREADS);
    assert_int_equal(noted.events, CHUNKS * THREADS * EVENTS);
    assert_int_equal(noted.gaps + noted.skipped + noted.alive, 0);
    assert_int_equal(source->info->recovered[CAIRN_TALLY_COUNTER], CHUNKS * THREADS * EVENTS);
    assert_int_equal(source->info->diagnostics->count, 0);
    source->close(source);
    unlink(own_path("trace"));
}

static void what_is_damaged_or_missing_is_told_once(void **state)
{
    (void)state;
    struct noted noted = {0};
    struct trace_source *source;
    assert_int_equal(scan(make_trace("one", 23), &noted, &source), 0);
    assert_int_equal(noted.settled, CHUNKS * THREADS - 1);
    assert_int_equal(noted.skipped, 1);
    assert_int_equal(noted.gaps, 2); /* behind each of the two */
    assert_int_equal(found(source, "checksum"), 1);
    assert_int_equal(found(source, "missing_chunk"), 1);
    assert_int_equal(source->info->recovered[CAIRN_TALLY_COUNTER], (CHUNKS * THREADS - 2) * EVENTS);
    noted.scan.is_quiet = true;
    assert_int_equal(trace_scan_run(source, &noted.scan, NULL, NULL, NULL), 0);
    assert_int_equal(found(source, "checksum"), 1);
    assert_int_equal(source->info->recovered[CAIRN_TALLY_COUNTER], (CHUNKS * THREADS - 2) * EVENTS);
    source->close(source);
    unlink(own_path("trace"));
}

static void without_memory_it_ends_and_leaves_nothing(void **state)
{
    (void)state;
    for (unsigned fail_at = 1; fail_at <= CHUNKS * THREADS; fail_at += 13) {
        struct noted noted = {.fail_at = fail_at};
        struct trace_source *source;
        assert_int_equal(scan(make_trace(NULL, 0), &noted, &source), -1);
        assert_int_equal(noted.alive, 0);
        assert_true(noted.settled < fail_at);
        source->close(source);
    }
    unlink(own_path("trace"));
}

struct stop {
    unsigned reports, at;
};

static bool stop_at(void *data, double fraction)
{
    struct stop *stop = data;
    assert_true(fraction >= 0 && fraction <= 1);
    return ++stop->reports != stop->at;
}

static void it_can_be_stopped_and_leaves_nothing(void **state)
{
    (void)state;
    for (unsigned at = 1; at <= CHUNKS * THREADS; at += 13) {
        struct noted noted = {0};
        struct stop stop = {.at = at};
        struct cairn_error error = {0};
        struct trace_source *source = trace_open(make_trace(NULL, 0), &error);
        assert_non_null(source);
        noted.scan =
            (struct trace_scan){.digest = note_part, .settle = note_settled, .drop = forget, .workers = 1};
        assert_int_equal(trace_scan_run(source, &noted.scan, stop_at, &stop, &error), -1);
        assert_int_equal(error.code, TRACE_STOPPED);
        assert_int_equal(stop.reports, at);
        assert_int_equal(noted.alive, 0);
        noted.scan.workers = WORKERS; /* who asked may get few of the parts, or none */
        stop = (struct stop){.at = 1};
        int result = trace_scan_run(source, &noted.scan, stop_at, &stop, &error);
        assert_int_equal(result, stop.reports ? -1 : 0);
        assert_int_equal(noted.alive, 0);
        source->close(source);
    }
    unlink(own_path("trace"));
}

static int take_nothing(struct trace_sink *sink, const struct trace_event *event, struct cairn_error *error)
{
    return (void)sink, (void)event, (void)error, 0;
}

static int must_not_end(struct trace_sink *sink, const struct trace_info *info, struct cairn_error *error)
{
    (void)sink, (void)info, (void)error;
    fail_msg("what was stopped has no end");
    return 0;
}

/* Progress is told every 65536 events. */
static void events_one_by_one_can_be_stopped_too(void **state)
{
    (void)state;
    struct trace_sink sink = {.event = take_nothing, .end = must_not_end};
    struct stop stop = {.at = 1};
    struct cairn_error error = {0};
    char *text = NULL;
    size_t count = 0;
    FILE *out = open_memstream(&text, &count);
    fprintf(out, "head\nsite number=1 role=counter value=uint text=number\nthread index=1 tid=101\n");
    for (unsigned i = 0; i < 1 << 16; i++) {
        if (i % 4096 == 0)
            fprintf(out, "block events number=%u thread=1 sequence=%u begin=%u\n", i / 4096 + 1, i / 4096,
                    1001 + i);
        fprintf(out, "counter site=1 time=%u value=1\n", 1001 + i);
    }
    fclose(out);
    struct trace_source *source = trace_open(assemble(text), &error);
    free(text);
    assert_non_null(source);
    assert_int_equal(trace_run(source, &sink, stop_at, &stop, &error), -1);
    assert_int_equal(error.code, TRACE_STOPPED);
    source->close(source);
    unlink(own_path("trace"));
}

static void one_can_go_back_to_what_was_told_before(void **state)
{
    (void)state;
    struct trace_mark mark;
    struct noted noted = {0};
    struct trace_source *source = trace_open(make_trace("one", 23), NULL);
    assert_non_null(source);
    noted.scan =
        (struct trace_scan){.digest = note_part, .settle = note_settled, .drop = forget, .workers = WORKERS};
    assert_true(trace_mark_set(&mark, source));
    assert_int_equal(trace_scan_run(source, &noted.scan, NULL, NULL, NULL), 0);
    assert_true(source->info->diagnostics->count > 0);
    trace_mark_return(&mark, source);
    assert_int_equal(source->info->diagnostics->count, 0);
    assert_int_equal(source->info->recovered[CAIRN_TALLY_COUNTER], 0);
    trace_mark_free(&mark);
    source->close(source);
    unlink(own_path("trace"));
}

/* A source begins anew as often as one likes, of all threads or of some. */
static void a_source_can_be_rewound(void **state)
{
    (void)state;
    struct trace_source *source = trace_open(make_trace(NULL, 0), NULL);
    assert_non_null(source);
    struct trace_event event;
    for (unsigned round = 0; round < 4; round++) {
        bool threads[THREADS] = {[1] = true, [3] = true};
        unsigned count = 0;
        source->rewind(source);
        source->is_quiet = round > 0;
        source->threads = round == 2 ? threads : NULL;
        while (source->next(source, &event, NULL) > 0 && (round != 1 || count < 7)) count++;
        assert_int_equal(count, round == 1 ? 7 : CHUNKS * EVENTS * (round == 2 ? 2 : THREADS));
    }
    assert_int_equal(source->info->recovered[CAIRN_TALLY_COUNTER], CHUNKS * THREADS * EVENTS);
    source->close(source);
    unlink(own_path("trace"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_chunk_is_settled_in_its_turn),
        cmocka_unit_test(what_is_damaged_or_missing_is_told_once),
        cmocka_unit_test(without_memory_it_ends_and_leaves_nothing),
        cmocka_unit_test(it_can_be_stopped_and_leaves_nothing),
        cmocka_unit_test(events_one_by_one_can_be_stopped_too),
        cmocka_unit_test(one_can_go_back_to_what_was_told_before),
        cmocka_unit_test(a_source_can_be_rewound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
