/* Comparisons paired by time: the test of pairs, what it finds, and which sides are paired. SPDX-License-Identifier: Apache-2.0
 *
 * The seeds are fixed, so that the counts are always the same. */
#include "madeuptasks.h"

#include "analysis/compare/ratiotest.h"

#include <stdlib.h>

/* Weights of half the harmonic mean, and the one-sample t of the weighted differences. */
static void the_statistic_of_pairs_is_that_of_the_textbook(void **state)
{
    (void)state;
    const double z[] = {3, 8, 5, 7, 9, 9, 7, 1}, w[] = {1, 2, 2, 0, 2, 3, 2, 4};
    double sum = 0, squares = 0;
    for (unsigned i = 0; i < 3; i++) {
        double weight = w[i] * w[4 + i] / (w[i] + w[4 + i]);
        double difference = weight * (z[4 + i] / w[4 + i] - z[i] / w[i]);
        sum += difference, squares += difference * difference;
    }
    double t = sum / sqrt((squares - sum * sum / 3) * 3 / 2);
    assert_true(fabs(ratio_paired_statistic(z, w, 4) - t) < 1e-9);
    const double same[] = {2, 4, 6, 3, 6, 9}, one[] = {1, 2, 3, 1, 2, 3};
    assert_true(ratio_paired_statistic(one, one, 3) == 0);
    assert_true(ratio_paired_statistic(same, one, 3) > 0);
}

/* With 6 windows there are 64 ways to sign them, two of which are the most extreme. */
static void p_of_pairs_is_the_share_of_signs(void **state)
{
    (void)state;
    struct ratio_test test;
    assert_true(ratio_test_init(&test, 6, 6, 2));
    test.is_paired = true;
    for (uint32_t i = 0; i < 24; i++) test.w[i] = 1;
    for (uint32_t i = 0; i < 6; i++) {
        test.z[i] = 1000 * i; /* ups and downs that both have */
        test.z[6 + i] = 1000 * i + 5 + i;
        test.z[18 + i] = i % 2 ? i : -1.0 * i;
    }
    assert_true(ratio_test_run(&test, 0.05, NULL, NULL));
    printf("p %.4f, 2/64 is %.4f; of the mixed one %.4f\n", test.p[0], 2 / 64.0, test.p[1]);
    assert_true(test.p[0] > 0.6 * 2 / 64 && test.p[0] < 2.5 * 2 / 64);
    assert_true(test.p[1] > 0.9);
    ratio_test_free(&test);
}

/* ---- Random sides ------------------------------------------------------------------------------------ */

static void false_alarms_of_pairs_by_time_keep_to_the_level(void **state)
{
    (void)state;
    static struct aapairs pairs = {.random = 13, .is_paired = true};
    make_items(&pairs, 16128, 0.9, 0.3);
    pairs.block = 1;
    expect_band("by time, single tasks", alarms_of_splits(&pairs), true);
    make_items(&pairs, 16128, 0.99, 0.3);
    pairs.block = 32;
    expect_band("by time, short blocks", alarms_of_splits(&pairs), false);
    vector_free(&pairs.items);
}

/* Ups and downs of a third, which all types share: half of the tasks, each drawn at random, are 5 % slower. By time, and the
 * same by blocks. */
static void pairs_by_time_find_what_shared_ups_and_downs_hide(void **state)
{
    (void)state;
    static struct aapairs pairs = {.random = 17, .slow_type = 1, .block = 1};
    static struct aapairs_side sides[2];
    struct analysis_compare compare;
    unsigned found[2] = {0}, others = 0, covered = 0;
    for (unsigned i = 0; i < RECORDINGS; i++) {
        pairs.is_paired = i % 2 == 0;
        if (pairs.is_paired) make_items(&pairs, 60000, 0.999, 0.5);
        pairs.slow = 1.05;
        assert_true(aapairs_compare(&pairs, sides, &compare));
        found[i % 2] += aapairs_alarm(&compare, "search");
        for (uint32_t type = 0; pairs.is_paired && type < 4; type++)
            others += type != 1 && aapairs_alarm(&compare, type_names[type]);
        const struct analysis_difference *p50 = &type_of(&compare, "search")->metrics[ANALYSIS_P50];
        covered += pairs.is_paired && p50->low < 1.05 && p50->high > 1.05;
        aapairs_free(sides, &compare);
    }
    vector_free(&pairs.items);
    printf("5 %% slower: found in %u of %u by time, others in %u, covered in %u; in %u by blocks\n", found[0],
           RECORDINGS / 2u, others, covered, found[1]);
    assert_true(found[0] == RECORDINGS / 2 && others <= 2 && covered + 1 >= RECORDINGS / 2);
    if (!IS_SANITIZED) assert_true(found[1] < found[0]);
}

static void intervals_of_pairs_agree_with_p(void **state)
{
    (void)state;
    static struct aapairs pairs = {.random = 3, .slow_type = 0, .block = 1, .is_paired = true};
    static struct aapairs_side sides[2];
    struct analysis_compare compare;
    unsigned disagree = 0, asked = 0;
    for (unsigned i = 0; i < RECORDINGS; i++) {
        make_items(&pairs, 20000, 0.5, 0);
        pairs.slow = 0.9 + 0.2 / RECORDINGS * i;
        assert_true(aapairs_compare(&pairs, sides, &compare) && compare.is_paired);
        count_agreement(&compare, &asked, &disagree);
        aapairs_free(sides, &compare);
    }
    printf("%u of %u intervals disagree with their p\n", disagree, asked);
    assert_true(asked > 20 * RECORDINGS && disagree * 100 <= asked);
    vector_free(&pairs.items);
}

/* ---- Other sides ------------------------------------------------------------------------------------- */

/* In both halves, but every tenth task of A in the first one and of B in the second: those are of a type of their own. */
static bool apart(struct aapairs *pairs, uint64_t i)
{
    return i % 10 == 0 ? i >= 10000 : aapairs_random(pairs) % 2;
}

/* Tasks of one kind, or of two that are `apart`, twice as slow in the second half; on side B by `is_b`. */
static void split_by(bool (*is_b)(struct aapairs *, uint64_t), struct analysis_compare *compare,
                     struct aapairs_side sides[2])
{
    static struct aapairs pairs = {.random = 23, .types = type_names, .type_count = 2};
    bool *on_b = calloc(20000, sizeof *on_b);
    assert_non_null(on_b);
    for (uint64_t i = 0; i < 20000; i++) on_b[i] = is_b(&pairs, i);
    for (unsigned side = 0; side < 2; side++) {
        assert_true(aapairs_begin_side(&pairs, &sides[side]));
        if (side) analysis_batches_follow(&sides[1].windows, &sides[0].batches);
        for (uint64_t i = 0; i < 20000; i++) {
            uint64_t end = 1000000 + 1000 * i;
            uint64_t duration = (i < 10000 ? 500 : 1000) + aapairs_random(&pairs) % 100;
            struct analysis_batch_item item = {.type = is_b == apart && i % 10 == 0,
                                               .begin_ticks = end - duration,
                                               .end_ticks = end,
                                               .weight = 1,
                                               .is_root = true};
            if (on_b[i] != side) continue;
            assert_true(analysis_batches_add(&sides[side].batches, &item));
            if (side) assert_true(analysis_batches_add(&sides[side].windows, &item));
        }
    }
    free(on_b);
    assert_int_equal(analysis_compare_run(compare, &sides[0].batches, &sides[1].batches, &sides[1].windows,
                                          0.05, 0.02, true, NULL, NULL, NULL),
                     0);
}

static bool more_and_more(struct aapairs *pairs, uint64_t i)
{
    return aapairs_random(pairs) % 10 < (i < 10000 ? 3 : 7);
}

static bool late(struct aapairs *pairs, uint64_t i)
{
    return i >= 18000 && aapairs_random(pairs) % 2;
}

static bool second_half(struct aapairs *pairs, uint64_t i)
{
    (void)pairs;
    return i >= 10000;
}

static bool long_turns(struct aapairs *pairs, uint64_t i)
{
    static bool is_b;
    if (i % 300 == 0) is_b = aapairs_random(pairs) % 2;
    return is_b;
}

/* B has most of its tasks where all are slow (Simpson's paradox): no change within windows, whatever the sides' means. */
static void a_side_that_was_busy_at_slow_times_is_not_slower(void **state)
{
    (void)state;
    static struct aapairs_side sides[2];
    struct analysis_compare compare;
    split_by(more_and_more, &compare, sides);
    const struct analysis_difference *mean = &type_of(&compare, "page")->metrics[ANALYSIS_MEAN];
    assert_true(compare.is_paired && mean->b > 1.2 * mean->a);
    assert_int_equal(type_of(&compare, "page")->change, ANALYSIS_SAME);
    printf("B is %+.1f %% off A, within windows %+.1f %%\n", 100 * (mean->b / mean->a - 1),
           100 * analysis_difference_effect(mean));
    assert_true(fabs(analysis_difference_effect(mean)) < 0.02 && mean->low < 1 && mean->high > 1);
    assert_true(fabs(analysis_difference_amount(mean)) < 0.02 * mean->a);
    aapairs_free(sides, &compare);
}

static void only_sides_of_the_same_times_are_paired(void **state)
{
    (void)state;
    static struct aapairs_side sides[2];
    struct analysis_compare compare;
    split_by(late, &compare, sides);
    assert_true(compare.is_paired && compare.windows >= 16 && compare.windows < sides[0].batches.count / 2);
    assert_int_equal(type_of(&compare, "page")->change, ANALYSIS_SAME);
    assert_int_equal(type_of(&compare, "page")->metrics[ANALYSIS_RATE].change, ANALYSIS_SAME);
    aapairs_free(sides, &compare);
    split_by(second_half, &compare, sides);
    assert_false(compare.is_paired);
    assert_int_equal(type_of(&compare, "page")->change, ANALYSIS_MORE);
    aapairs_free(sides, &compare);
    split_by(long_turns, &compare, sides);
    assert_false(compare.is_paired);
    aapairs_free(sides, &compare);
}

static void what_no_window_has_on_both_sides_cannot_be_tested(void **state)
{
    (void)state;
    static struct aapairs_side sides[2];
    struct analysis_compare compare;
    split_by(apart, &compare, sides);
    assert_true(compare.is_paired);
    assert_int_equal(type_of(&compare, "page")->change, ANALYSIS_SAME);
    assert_int_equal(type_of(&compare, "search")->change, ANALYSIS_UNTESTED);
    assert_true(isnan(type_of(&compare, "search")->metrics[ANALYSIS_MEAN].p));
    aapairs_free(sides, &compare);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_statistic_of_pairs_is_that_of_the_textbook),
        cmocka_unit_test(p_of_pairs_is_the_share_of_signs),
        cmocka_unit_test(false_alarms_of_pairs_by_time_keep_to_the_level),
        cmocka_unit_test(pairs_by_time_find_what_shared_ups_and_downs_hide),
        cmocka_unit_test(intervals_of_pairs_agree_with_p),
        cmocka_unit_test(a_side_that_was_busy_at_slow_times_is_not_slower),
        cmocka_unit_test(only_sides_of_the_same_times_are_paired),
        cmocka_unit_test(what_no_window_has_on_both_sides_cannot_be_tested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
