/* Comparing two sides: the test of many ratios, its level, verdicts. SPDX-License-Identifier: Apache-2.0
 *
 * The false alarms are counted over made-up latencies of every kind that misleads tests: alike in time (AR(1)), with heavy
 * tails, with drift. The seeds are fixed, so that the counts are always the same. */
#include "madeuptasks.h"

#include "analysis/compare/compareside.h"
#include "analysis/compare/ratiotest.h"

static const struct trace_info plain = {.clock = {.ns_per_tick = 1}};

/* ---- The test of ratios ------------------------------------------------------------------------------ */

/* The statistic by the textbook: the difference of ratios over the root of both squared errors of a ratio. */
static void the_statistic_is_that_of_the_textbook(void **state)
{
    (void)state;
    const double z[] = {3, 5, 4, 6, 9, 7, 8, 10, 9}, w[] = {1, 2, 1, 2, 3, 2, 2, 3, 2};
    double ratio_a = (3 + 5 + 4 + 6) / 6.0, ratio_b = (9 + 7 + 8 + 10 + 9) / 12.0, error = 0;
    for (size_t i = 0; i < 4; i++) error += pow((z[i] - ratio_a * w[i]) / 6, 2) * 4 / 3;
    for (size_t i = 4; i < 9; i++) error += pow((z[i] - ratio_b * w[i]) / 12, 2) * 5 / 4;
    assert_true(fabs(ratio_statistic(z, w, 4, 5, 1) - (ratio_b - ratio_a) / sqrt(error)) < 1e-9);
    const double same[] = {2, 4, 6, 8, 3, 5}, one[] = {1, 2, 3, 4, 1.5, 2.5};
    assert_true(ratio_statistic(same, one, 3, 3, 1) == 0);
    assert_true(ratio_statistic(same, one, 3, 3, 0.5) == RATIO_STATISTIC_MAX);
    assert_true(ratio_statistic(same, (double[]){0, 0, 0, 1, 1, 1}, 3, 3, 1) == 0);
}

/* With 4 and 4 batches there are 35 splits, two of which (the one seen, from either side) are the most extreme. */
static void p_is_the_share_of_splits(void **state)
{
    (void)state;
    struct ratio_test test;
    assert_true(ratio_test_init(&test, 4, 4, 2));
    for (uint32_t i = 0; i < 16; i++) test.w[i] = 1;
    for (uint32_t i = 0; i < 8; i++) {
        test.z[i] = (double)((i * 5) % 8) + (i < 4 ? 0 : 100); /* apart */
        test.z[8 + i] = (double)((i * 3) % 8);                 /* mixed */
    }
    assert_true(ratio_test_run(&test, 0.05, NULL, NULL));
    printf("p %.4f, 1/35 is %.4f; of the mixed one %.4f\n", test.p[0], 1 / 35.0, test.p[1]);
    assert_true(test.p[0] > 0.6 / 35 && test.p[0] < 1.5 / 35);
    assert_true(test.p[1] > 0.3);
    assert_true(test.statistics[0] > test.critical && fabs(test.statistics[1]) < test.critical);
    ratio_test_free(&test);
}

/* ---- Whole comparisons --------------------------------------------------------------------------------- */

static void free_pair(struct analysis_batches sides[2], struct analysis_compare *compare)
{
    analysis_compare_free(compare);
    analysis_batches_free(&sides[0]);
    analysis_batches_free(&sides[1]);
}

static void false_alarms_of_random_blocks_keep_to_the_level(void **state)
{
    (void)state;
    static struct aapairs pairs = {.random = 7};
    make_items(&pairs, 16128, 0.9, 0);
    pairs.block = 128; /* 126 blocks: 63 a side, which are those of the comparison */
    expect_band("alike in time, heavy tails", alarms_of_splits(&pairs), true);
    make_items(&pairs, 16128, 0.9, 0.3);
    pairs.block = 128;
    expect_band("with drift", alarms_of_splits(&pairs), false);
    pairs.block = 32;
    expect_band("with drift, short blocks", alarms_of_splits(&pairs), false);
    vector_free(&pairs.items);
}

/* Every pair is of two recordings; which is one of twice the length, cut in the middle. */
static bool compare_recordings(struct aapairs *pairs, struct analysis_batches sides[2],
                               struct analysis_compare *compare)
{
    uint64_t half = pairs->items.count / 2;
    for (unsigned i = 0; i < 2; i++) {
        analysis_batches_init(&sides[i], &plain);
        for (uint32_t type = 0; type < pairs->type_count; type++)
            analysis_batches_type(&sides[i], pairs->types[type]);
    }
    for (uint64_t i = 0; i < 2 * half; i++) {
        struct analysis_batch_item item = pairs->items.items[i];
        uint64_t duration = item.end_ticks - item.begin_ticks;
        if (i >= half && item.type == pairs->slow_type) duration = (uint64_t)((double)duration * pairs->slow);
        item.begin_ticks = item.end_ticks - duration;
        if (!analysis_batches_add(&sides[i >= half], &item)) return false;
    }
    return analysis_compare_run(compare, &sides[0], &sides[1], NULL, 0.05, 0.02, true, NULL, NULL, NULL) == 0;
}

static void false_alarms_between_recordings_alike_in_time_keep_to_the_level(void **state)
{
    (void)state;
    static struct aapairs pairs = {.random = 11};
    static struct analysis_batches sides[2];
    struct analysis_compare compare;
    unsigned alarms = 0, count = pair_count();
    for (unsigned i = 0; i < count; i++) {
        make_items(&pairs, 16000, 0.95, 0);
        assert_true(compare_recordings(&pairs, sides, &compare));
        alarms += aapairs_alarm(&compare, NULL);
        free_pair(sides, &compare);
    }
    expect_band("recordings alike in time", alarms, false);
    vector_free(&pairs.items);
}

static void a_planted_slowdown_is_found_and_no_other(void **state)
{
    (void)state;
    static struct aapairs pairs = {.random = 5, .slow_type = 1};
    static struct analysis_batches sides[2];
    struct analysis_compare compare;
    unsigned found = 0, others = 0, covered = 0;
    for (unsigned i = 0; i < RECORDINGS; i++) {
        make_items(&pairs, 200000, 0.9, 0);
        pairs.slow = 1.05;
        assert_true(compare_recordings(&pairs, sides, &compare));
        const struct analysis_compared *slow = type_of(&compare, "search");
        found += slow->change == ANALYSIS_MORE;
        covered += slow->metrics[ANALYSIS_P50].low < 1.05 && slow->metrics[ANALYSIS_P50].high > 1.05;
        for (size_t k = 0; k < compare.types.count; k++)
            if (&compare.types.items[k] != slow) others += compare.types.items[k].change != ANALYSIS_SAME;
        free_pair(sides, &compare);
    }
    printf("5 %% slower: found in %u of %u, others called in %u, the interval of p50 holds it in %u\n", found,
           (unsigned)RECORDINGS, others, covered);
    assert_true(found == RECORDINGS && others <= 3 && covered >= RECORDINGS - 1);
    vector_free(&pairs.items);
}

static void drift_is_told(void **state)
{
    (void)state;
    static struct aapairs pairs = {.random = 9};
    static struct analysis_batches sides[2];
    struct analysis_compare compare;
    unsigned drifting = 0;
    for (unsigned i = 0; i < 2 * RECORDINGS; i++) {
        bool is_made = i >= RECORDINGS;
        make_items(&pairs, 8000, 0.5, is_made ? 0.5 : 0);
        assert_true(compare_recordings(&pairs, sides, &compare));
        if (is_made) assert_true(compare.a_drifts && compare.b_drifts);
        if (is_made) assert_true(sides[0].count >= 16 && sides[0].count < 32);
        if (!is_made) drifting += compare.a_drifts || compare.b_drifts;
        free_pair(sides, &compare);
    }
    assert_true(drifting <= 2);
    vector_free(&pairs.items);
}

/* They speak of the same test. */
static void intervals_and_verdicts_agree(void **state)
{
    (void)state;
    static struct aapairs pairs = {.random = 3, .slow_type = 0};
    static struct analysis_batches sides[2];
    struct analysis_compare compare;
    unsigned disagree = 0, asked = 0;
    for (unsigned i = 0; i < RECORDINGS; i++) {
        make_items(&pairs, 20000, 0.5, 0);
        pairs.slow = 0.9 + 0.2 / RECORDINGS * i;
        assert_true(compare_recordings(&pairs, sides, &compare));
        count_agreement(&compare, &asked, &disagree);
        free_pair(sides, &compare);
    }
    printf("%u of %u intervals disagree with their p\n", disagree, asked);
    assert_true(asked > 20 * RECORDINGS && disagree * 100 <= asked);
    vector_free(&pairs.items);
}

static void feed_side(struct analysis_batches *side, const char *name, uint64_t count, uint64_t duration)
{
    uint32_t type = analysis_batches_type(side, name);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t end = side->end_ticks + 1000;
        struct analysis_batch_item item = {.type = type,
                                           .begin_ticks = end - duration - i % 5,
                                           .end_ticks = end,
                                           .weight = 1,
                                           .is_root = true};
        assert_true(analysis_batches_add(side, &item));
    }
}

static void few_tasks_and_missing_types_are_told_as_such(void **state)
{
    (void)state;
    static struct analysis_batches a, b;
    struct analysis_compare compare;
    analysis_batches_init(&a, &plain);
    analysis_batches_init(&b, &plain);
    feed_side(&a, "rare", 5, 100);
    feed_side(&b, "rare", 5, 900);
    feed_side(&a, "old", 3000, 100);
    feed_side(&b, "new", 3000, 100);
    assert_int_equal(analysis_compare_run(&compare, &a, &b, NULL, 0.05, 0.02, true, NULL, NULL, NULL), 0);
    assert_int_equal(type_of(&compare, "rare")->change, ANALYSIS_UNTESTED);
    assert_int_equal(type_of(&compare, "old")->change, ANALYSIS_ONLY_A);
    assert_int_equal(type_of(&compare, "new")->change, ANALYSIS_ONLY_B);
    assert_true(isnan(type_of(&compare, "new")->metrics[ANALYSIS_P50].a));
    assert_int_equal(type_of(&compare, "new")->metrics[ANALYSIS_RATE].change, ANALYSIS_MORE);
    analysis_compare_free(&compare);
    analysis_batches_free(&a);
    analysis_batches_free(&b);
}

/* What comes out of the analysis of tasks. */
static void a_side_takes_tasks_as_they_are_counted(void **state)
{
    (void)state;
    static struct analysis_side side;
    struct handmade made;
    struct analysis_tasks tasks;
    struct trace_task_id order = task_id(ORDER, 1, 100), payment = task_id(PAYMENT, 2, 200);
    handmade_begin(&made);
    assert_true(analysis_side_init(&side, &made.info));
    assert_true(analysis_tasks_init(&tasks, &made.info, NULL, 0));
    tasks.each = analysis_side_task;
    tasks.each_data = &side;
    made.sink = &tasks.sink;
    feed_begin(&made, MAIN, order, background);
    feed_begin(&made, MAIN, payment, order);
    feed_fail(&made, 700, MAIN, payment);
    feed_end(&made, 1000, MAIN, order, HERE);
    feed_begin(&made, MAIN, task_id(ORDER, 3, 2000), background);
    feed_log(&made, 2100, MAIN, (struct trace_task_id){.id = CAIRN_ID_OFF}, "while off");
    feed_done(&made);
    assert_true(analysis_batches_seal(&side.batches));
    const struct analysis_batch_type *orders = analysis_batches_find(&side.batches, "order");
    const struct analysis_batch_type *payments = analysis_batches_find(&side.batches, "payment");
    const struct analysis_batch_type *off = analysis_batches_find(&side.batches, ANALYSIS_TYPE_OFF);
    assert_true(orders->all.count == 1 && orders->unfinished == 1 && orders->max_ticks == 900);
    assert_true(payments->all.count == 1 && payments->all.errors == 1 &&
                (uint64_t)payments->total_ticks == 500);
    assert_true(off->all.count == 0 && off->unfinished == 1);
    assert_int_equal(side.batches.recorded, 2);
    assert_int_equal(side.batches.roots, 1);
    assert_true(side.batches.begin_ticks == 100 && side.batches.end_ticks == 1000);
    analysis_side_free(&side);
    analysis_tasks_free(&tasks);
    handmade_end(&made);
}

static void nothing_at_all_can_be_compared(void **state)
{
    (void)state;
    static struct analysis_batches a, b;
    struct analysis_compare compare;
    analysis_batches_init(&a, &plain);
    analysis_batches_init(&b, &plain);
    assert_int_equal(analysis_compare_run(&compare, &a, &b, NULL, 0.05, 0.02, true, NULL, NULL, NULL), 0);
    assert_int_equal(compare.types.count, 0);
    assert_false(compare.is_enough);
    analysis_compare_free(&compare);
    analysis_batches_free(&a);
    analysis_batches_free(&b);
}

/* Clocks that tick differently: the same durations in time are no difference, and the same numbers of ticks are one. */
static void sides_may_have_clocks_of_their_own(void **state)
{
    (void)state;
    static struct analysis_batches a, b;
    struct analysis_compare compare;
    struct trace_info faster = {.clock = {.ns_per_tick = 0.25}};
    analysis_batches_init(&a, &plain);
    analysis_batches_init(&b, &faster);
    feed_side(&a, "one", 4000, 500);
    feed_side(&b, "one", 4000, 2000);
    assert_int_equal(analysis_compare_run(&compare, &a, &b, NULL, 0.05, 0.02, true, NULL, NULL, NULL), 0);
    const struct analysis_difference *p50 = &type_of(&compare, "one")->metrics[ANALYSIS_P50];
    assert_true(fabs(p50->a - 502) < 2 && fabs(p50->b - 500.5) < 2);
    assert_int_equal(type_of(&compare, "one")->change, ANALYSIS_SAME);
    analysis_compare_free(&compare);
    analysis_batches_free(&a);
    analysis_batches_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_statistic_is_that_of_the_textbook),
        cmocka_unit_test(p_is_the_share_of_splits),
        cmocka_unit_test(false_alarms_of_random_blocks_keep_to_the_level),
        cmocka_unit_test(false_alarms_between_recordings_alike_in_time_keep_to_the_level),
        cmocka_unit_test(a_planted_slowdown_is_found_and_no_other),
        cmocka_unit_test(drift_is_told),
        cmocka_unit_test(intervals_and_verdicts_agree),
        cmocka_unit_test(a_side_takes_tasks_as_they_are_counted),
        cmocka_unit_test(few_tasks_and_missing_types_are_told_as_such),
        cmocka_unit_test(nothing_at_all_can_be_compared),
        cmocka_unit_test(sides_may_have_clocks_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
