/* How many are open at once, against counting it out. SPDX-License-Identifier: Apache-2.0 */
#include "handmade.h"

#include "analysis/concurrency.h"
#include "analysis/tasks.h"

#include <stdio.h>
#include <time.h>

/* ---- The peak, at random --------------------------------------------------------------------------------- */

enum { TASKS = 60, STEPS = 2 * TASKS };

struct life { /* steps at which a task begins and ends; -1 and STEPS: it does not */
    int begin, end;
    bool counts;
};

static unsigned next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(*seed >> 33);
}

/* Each step begins a task or ends an open one. */
static void make_lives(struct life *lives, uint64_t *seed)
{
    int begun = 0, open[TASKS], open_count = 0;
    for (int i = 0; i < TASKS; i++) lives[i] = (struct life){STEPS, STEPS, next_random(seed) % 3 != 0};
    for (int before = (int)(next_random(seed) % 5); begun < before; begun++) {
        lives[begun].begin = -1;
        open[open_count++] = begun;
    }
    for (int step = 0; step < STEPS; step++) {
        bool begins = begun < TASKS && (open_count == 0 || next_random(seed) % 2);
        if (begins) {
            lives[begun].begin = step;
            open[open_count++] = begun++;
        } else if (open_count) {
            int which = (int)(next_random(seed) % (unsigned)open_count);
            lives[open[which]].end = step;
            open[which] = open[--open_count];
        }
    }
}

static uint64_t count_out(const struct life *lives)
{
    uint64_t most = 0;
    for (int step = -1; step < STEPS; step++) {
        uint64_t now = 0;
        for (int i = 0; i < TASKS; i++)
            now += lives[i].counts && lives[i].begin <= step && lives[i].end > step && lives[i].begin < STEPS;
        if (now > most) most = now;
    }
    return most;
}

/* The first of them are known late though they were always open. */
static uint64_t peak_of(const struct life *lives, const struct trace_info *info, uint64_t *seed)
{
    struct analysis_peaks peaks = {0};
    struct trace_task_id task = task_id(ORDER, 1, 0);
    int late = (int)(next_random(seed) % STEPS);
    assert_true(analysis_peaks_init(&peaks, info->site_count));
    for (int step = 0; step <= STEPS; step++) {
        for (uint32_t i = 0; i < TASKS; i++) {
            bool was_open = lives[i].begin < 0;
            int known = was_open ? (late < lives[i].end ? late : lives[i].end) : lives[i].begin;
            if (known == step && lives[i].begin < STEPS)
                assert_true(analysis_peaks_open(&peaks, i, info, &task, was_open));
            if (lives[i].end == step && lives[i].begin < STEPS)
                analysis_peaks_close(&peaks, i, lives[i].counts);
        }
    }
    uint64_t peak = analysis_peaks_get(&peaks, 0);
    analysis_peaks_free(&peaks);
    return peak;
}

static void peaks_are_as_counted_out(void **state)
{
    (void)state;
    struct handmade made;
    struct life lives[TASKS];
    uint64_t seed = (uint64_t)time(NULL);
    printf("seed %llu\n", (unsigned long long)seed);
    handmade_begin(&made);
    for (int round = 0; round < 400; round++) {
        make_lives(lives, &seed);
        assert_int_equal(peak_of(lives, &made.info, &seed), count_out(lives));
    }
    handmade_end(&made);
}

/* ---- In the table of tasks -------------------------------------------------------------------------------- */

static void begin(struct handmade *made, struct analysis_tasks *tasks)
{
    handmade_begin(made);
    assert_true(analysis_tasks_init(tasks, &made->info, NULL, 0));
    tasks->wants_peak = true;
    made->sink = &tasks->sink;
}

static void a_type_has_its_own_load(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_tasks tasks;
    struct trace_task_id one = task_id(ORDER, 1, 100000), two = task_id(ORDER, 2, 200000),
                         three = task_id(ORDER, 3, 400000), pay = task_id(PAYMENT, 4, 150000);
    begin(&made, &tasks);
    feed_begin(&made, MAIN, one, background);
    feed_begin(&made, MAIN, pay, one);
    feed_begin(&made, MAIN, two, background);
    feed_end(&made, 300000, MAIN, one, HERE);
    feed_end(&made, 400000, MAIN, two,
             HERE); /* ends in the instant in which the next begins, but before it */
    feed_begin(&made, MAIN, three, background);
    feed_done(&made); /* at 1000000, with two of them open */
    for (size_t i = 0; i < tasks.rows.count; i++) {
        const struct analysis_task_row *row = &tasks.rows.items[i];
        bool is_order = strcmp(row->type, "order") == 0;
        assert_true(row->load.peak_known);
        assert_int_equal(row->load.peak, is_order ? 2 : 1);
        assert_int_equal((uint64_t)row->load.open_ticks, is_order ? 200000 + 200000 + 600000 : 850000);
        assert_true(analysis_load_mean(&tasks.window, &row->load) == (is_order ? 1.0 : 0.85));
        assert_true(analysis_load_rate(&tasks.window, row->stats.time.count, &made.info.clock) ==
                    (is_order ? 2000 : 0));
    }
    analysis_tasks_free(&tasks);
    handmade_end(&made);
}

static void what_began_before_counts_from_the_start(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_tasks tasks;
    struct trace_task_id early = task_of_round(1, ORDER, 1, 0), one = task_id(ORDER, 2, 100);
    begin(&made, &tasks);
    feed_begin(&made, MAIN, one, background);
    feed_end(&made, 200, MAIN, one, HERE);
    feed_end(&made, 300, MAIN, early, HERE); /* heard of only now */
    feed_done(&made);
    assert_int_equal(tasks.rows.items[0].load.peak, 2);
    analysis_tasks_free(&tasks);
    handmade_end(&made);
}

static void a_window_is_what_is_known_and_asked_for(void **state)
{
    (void)state;
    struct handmade made;
    const struct analysis_spec spec = {.from_ns = 100, .to_ns = 500};
    handmade_begin(&made);
    struct analysis_window window = analysis_window_of(&made.info, &spec);
    assert_int_equal(window.begin, 100);
    assert_int_equal(window.end, 500);
    made.info.window_begin_ticks = 300;
    window = analysis_window_of(&made.info, &spec);
    assert_int_equal(window.begin, 300);
    assert_int_equal(analysis_window_part(&window, 0, 1000), 200);
    assert_int_equal(analysis_window_part(&window, 400, 450), 50);
    assert_int_equal(analysis_window_part(&window, 0, 300), 0);
    made.info.window_begin_ticks = 600; /* nothing is left of it */
    window = analysis_window_of(&made.info, &spec);
    assert_int_equal(window.end - window.begin, 0);
    assert_true(analysis_load_mean(&window, &(struct analysis_load){.open_ticks = 7}) == 0);
    handmade_end(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peaks_are_as_counted_out),
        cmocka_unit_test(a_type_has_its_own_load),
        cmocka_unit_test(what_began_before_counts_from_the_start),
        cmocka_unit_test(a_window_is_what_is_known_and_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
