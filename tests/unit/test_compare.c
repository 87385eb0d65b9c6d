/* Comparing two sides: sparse histograms, batches, the test of many ratios, verdicts. SPDX-License-Identifier: Apache-2.0
 *
 * The false alarms are counted over made-up latencies of every kind that misleads tests: alike in time (AR(1)), with heavy
 * tails, with drift. The seeds are fixed, so that the counts are always the same. */
#include "handmade.h"

#include "../calibration/aapairs.h"
#include "analysis/compareside.h"
#include "analysis/ratiotest.h"
#include "analysis/sparsehist.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t random_state = 1;

static uint64_t next_random(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return random_state >> 33;
}

/* ---- Sparse histograms ------------------------------------------------------------------------------- */

static void above_is_exact_at_edges_and_near_within_buckets(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    struct sparse_histogram histogram = {0}, part = {0};
    static uint64_t values[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        values[i] = next_random() >> next_random() % 31;
        assert_true(sparse_histogram_add(i % 3 ? &histogram : &part, values[i], 1 + i % 2));
    }
    assert_true(sparse_histogram_merge(&histogram, &part));
    sparse_histogram_seal(&histogram);
    assert_int_equal(sparse_histogram_total(&histogram), COUNT + COUNT / 2);
    for (double limit = 0.5; limit < 4e9; limit *= 1.07) {
        double low = 0, high = 0; /* surely above; above or within a bucket of it */
        for (size_t i = 0; i < COUNT; i++) {
            low += (double)(1 + i % 2) * ((double)values[i] > limit * (1 + 1.0 / 256) + 1);
            high += (double)(1 + i % 2) * ((double)values[i] > limit * (1 - 1.0 / 256) - 1);
        }
        double above = sparse_histogram_above(&histogram, limit);
        assert_true(above >= low && above <= high);
    }
    assert_true(sparse_histogram_above(&histogram, -1) == COUNT + COUNT / 2);
    assert_true(sparse_histogram_above(&histogram, 1e30) == 0);
    sparse_histogram_free(&histogram);
    sparse_histogram_free(&part);
}

static void small_values_have_buckets_of_their_own(void **state)
{
    (void)state;
    struct sparse_histogram histogram = {0};
    for (uint64_t value = 0; value < 512; value++) assert_true(sparse_histogram_add(&histogram, value, 2));
    sparse_histogram_seal(&histogram);
    for (int value = 0; value < 512; value++) {
        assert_true(sparse_histogram_above(&histogram, value + 0.5) == 2 * (511 - value));
        assert_true(sparse_histogram_above(&histogram, value) == 2 * (511 - value) + 1);
    }
    sparse_histogram_free(&histogram);
}

/* ---- Batches ----------------------------------------------------------------------------------------- */

static const struct trace_info plain = {.clock = {.ns_per_tick = 1}};

static void add_items(struct analysis_batches *batches, uint64_t count, uint32_t types)
{
    for (uint64_t i = 1; i <= count; i++) {
        struct analysis_batch_item item = {.type = (uint32_t)(i % types),
                                           .begin_ticks = 1000 * i - 10 * (i % 7),
                                           .end_ticks = 1000 * i,
                                           .weight = 1,
                                           .is_root = i % 2,
                                           .failed = i % 10 == 0};
        assert_true(analysis_batches_add(batches, &item));
    }
}

/* Whatever the number of items: batches of equally many, the last from a half to one and a half, and nothing is lost. */
static void batches_have_equally_many_items(void **state)
{
    (void)state;
    static const uint64_t counts[] = {0, 1, 2, 7, 511, 512, 513, 1023, 1024, 1025, 1535, 3000, 20001, 65537};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        static struct analysis_batches batches;
        analysis_batches_init(&batches, &plain);
        for (uint32_t type = 0; type < 3; type++)
            assert_int_equal(analysis_batches_type(&batches, (const char *[]){"a", "b", "c"}[type]), type);
        add_items(&batches, counts[i], 3);
        if (i % 2) assert_true(analysis_batches_coarsen(&batches));
        assert_true(analysis_batches_seal(&batches));
        uint64_t items = 0, roots = 0, ticks = 0, failed = 0;
        for (uint32_t batch = 0; batch < batches.count; batch++) {
            uint64_t here = 0;
            for (uint32_t type = 0; type < 3; type++) here += batches.types.items[type].cells[batch].count;
            if (batch + 1 < batches.count) assert_int_equal(here, batches.size);
            if (batches.count > 1) assert_true(2 * here >= batches.size && 2 * here <= 3 * batches.size);
            items += here;
            roots += batches.spans[batch].roots;
            ticks += batches.spans[batch].ticks;
        }
        for (uint32_t type = 0; type < 3; type++) failed += batches.types.items[type].all.errors;
        assert_int_equal(items, counts[i]);
        assert_int_equal(roots, (counts[i] + 1) / 2);
        assert_int_equal(failed, counts[i] / 10);
        if (counts[i]) assert_int_equal(ticks, 1000 * counts[i] - 990);
        analysis_batches_free(&batches);
    }
}

/* A leader with an item every 10 ticks from 1000 on, and a follower with every third and four outside. */
static void a_follower_has_the_stretches_of_its_leader(void **state)
{
    (void)state;
    static struct analysis_batches leader, follower;
    analysis_batches_init(&leader, &plain);
    analysis_batches_init(&follower, &plain);
    analysis_batches_type(&leader, "one");
    analysis_batches_type(&follower, "one");
    struct analysis_batch_item item = {.weight = 1, .is_root = true};
    for (item.end_ticks = 1000; item.end_ticks < 1000 + 10 * 1200; item.end_ticks += 10)
        assert_true(analysis_batches_add(&leader, &item));
    analysis_batches_follow(&follower, &leader);
    for (item.end_ticks = 985; item.end_ticks < 1000 + 10 * 1200 + 90; item.end_ticks += 30)
        assert_true(analysis_batches_add(&follower, &item));
    assert_true(analysis_batches_coarsen(&leader) && analysis_batches_coarsen(&follower));
    assert_int_equal(leader.count, follower.count);
    assert_true(analysis_batches_seal(&leader) && analysis_batches_seal(&follower));
    assert_int_equal(leader.count, follower.count);
    uint64_t inside = 0, end = 1000;
    for (uint32_t i = 0; i < follower.count; i++) {
        const struct analysis_batch_span *ours = &leader.spans[i], *theirs = &follower.spans[i];
        assert_true(ours->end_ticks == theirs->end_ticks && theirs->end_ticks == end + theirs->ticks);
        assert_int_equal(ours->recorded, leader.types.items[0].cells[i].count);
        assert_true(theirs->recorded + 1 >= ours->recorded / 3 && theirs->recorded <= ours->recorded / 3 + 1);
        inside += theirs->recorded;
        end = theirs->end_ticks;
    }
    assert_true(end == 1000 + 10 * 1199 && inside == 400);
    assert_int_equal(follower.types.items[0].all.count, follower.recorded);
    assert_int_equal(follower.types.items[0].cells[ANALYSIS_BATCH_OUTSIDE].count, follower.recorded - inside);
    analysis_batches_free(&leader);
    analysis_batches_free(&follower);
}

static void too_many_types_share_a_row(void **state)
{
    (void)state;
    static struct analysis_batches batches;
    char name[16];
    analysis_batches_init(&batches, &plain);
    for (unsigned i = 0; i < ANALYSIS_BATCH_TYPES_MAX; i++) {
        snprintf(name, sizeof name, "type %u", i);
        assert_int_equal(analysis_batches_type(&batches, name), i);
    }
    assert_int_equal(analysis_batches_type(&batches, "one more"), ANALYSIS_BATCH_TYPES_MAX);
    assert_int_equal(analysis_batches_type(&batches, "and another"), ANALYSIS_BATCH_TYPES_MAX);
    assert_string_equal(batches.types.items[ANALYSIS_BATCH_TYPES_MAX].name, ANALYSIS_TYPE_OTHER);
    analysis_batches_free(&batches);
}

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

/* ---- Whole comparisons --------------------------------------------------------------------------------- */

static const char *const type_names[] = {"page", "search", "order", "report"};

/* A log latency that remembers, in part of every task; the rarer the type the slower; one task in fifty is an outlier; all
 * of it drifts by 30 % to and fro. */
static void make_items(struct aapairs *pairs, size_t count, double memory, double drift)
{
    double level = 0;
    uint64_t now = 1 << 20;
    pairs->items.count = 0;
    pairs->types = type_names;
    pairs->type_count = 4;
    pairs->slow = 1;
    for (size_t i = 0; i < count; i++) {
        level = memory * level + sqrt(1 - memory * memory) * aapairs_normal(pairs);
        uint64_t kind = aapairs_random(pairs) % 16;
        uint32_t type = kind < 9 ? 0 : kind < 13 ? 1 : kind < 15 ? 2 : 3;
        double log_ns = 10 + type + 0.3 * level + 0.4 * aapairs_normal(pairs);
        log_ns += drift * sin(6.283 * 3 * (double)i / (double)count);
        if (aapairs_random(pairs) % 50 == 0) log_ns -= log(aapairs_uniform(pairs)) / 1.5;
        uint64_t duration = (uint64_t)exp(log_ns);
        now += (uint64_t)(-5000 * log(aapairs_uniform(pairs)));
        struct analysis_batch_item item = {.type = type,
                                           .begin_ticks = now > duration ? now - duration : 0,
                                           .end_ticks = now,
                                           .weight = 1,
                                           .is_root = type != 2,
                                           .failed = aapairs_random(pairs) % 20 == 0};
        assert_true(vector_push(&pairs->items, item));
    }
}

static const struct analysis_compared *type_of(const struct analysis_compare *compare, const char *name)
{
    for (size_t i = 0; i < compare->types.count; i++)
        if (strcmp(compare->types.items[i].type, name) == 0) return &compare->types.items[i];
    fail_msg("no type %s", name);
    return NULL;
}

static void free_pair(struct analysis_batches sides[2], struct analysis_compare *compare)
{
    analysis_compare_free(compare);
    analysis_batches_free(&sides[0]);
    analysis_batches_free(&sides[1]);
}

static unsigned alarms_of_splits(struct aapairs *pairs, unsigned count)
{
    static struct aapairs_side sides[2];
    struct analysis_compare compare;
    unsigned alarms = 0;
    for (unsigned i = 0; i < count; i++) {
        assert_true(aapairs_compare(pairs, sides, &compare));
        assert_true(compare.is_enough && compare.tested >= 20 && compare.is_paired == pairs->is_paired);
        alarms += aapairs_alarm(&compare, NULL);
        aapairs_free(sides, &compare);
    }
    return alarms;
}

static void expect_band(const char *what, unsigned alarms, unsigned count, bool at_least)
{
    unsigned low, high;
    aapairs_band(count, 0.05, 0.025, &low, &high);
    printf("%s: %u of %u pairs called (%.1f %%); 95 %% band of 5 %%: %u to %u\n", what, alarms, count,
           100.0 * alarms / count, low, high);
    assert_true(alarms <= high && (!at_least || alarms >= low));
}

static void false_alarms_of_random_blocks_keep_to_the_level(void **state)
{
    (void)state;
    static struct aapairs pairs = {.random = 7};
    make_items(&pairs, 16128, 0.9, 0);
    pairs.block = 128; /* 126 blocks: 63 a side, which are those of the comparison */
    expect_band("alike in time, heavy tails", alarms_of_splits(&pairs, 200), 200, true);
    make_items(&pairs, 16128, 0.9, 0.3);
    pairs.block = 128;
    expect_band("with drift", alarms_of_splits(&pairs, 200), 200, false);
    pairs.block = 32;
    expect_band("with drift, short blocks", alarms_of_splits(&pairs, 200), 200, false);
    vector_free(&pairs.items);
}

static void false_alarms_of_pairs_by_time_keep_to_the_level(void **state)
{
    (void)state;
    static struct aapairs pairs = {.random = 13, .is_paired = true};
    make_items(&pairs, 16128, 0.9, 0.3);
    pairs.block = 1;
    expect_band("by time, single tasks", alarms_of_splits(&pairs, 200), 200, true);
    make_items(&pairs, 16128, 0.99, 0.3);
    pairs.block = 32;
    expect_band("by time, short blocks", alarms_of_splits(&pairs, 200), 200, false);
    vector_free(&pairs.items);
}

/* Ups and downs of a third, which all types share: half of the tasks, each drawn at random, are 5 % slower. */
static void pairs_by_time_find_what_shared_ups_and_downs_hide(void **state)
{
    (void)state;
    static struct aapairs_side sides[2];
    struct analysis_compare compare;
    unsigned found[2] = {0}, others = 0, covered = 0;
    for (unsigned i = 0; i < 20; i++) {
        static struct aapairs pairs = {.random = 17, .slow_type = 1, .block = 1};
        if (i % 2 == 0) make_items(&pairs, 60000, 0.999, 0.5);
        pairs.slow = 1.05;
        pairs.is_paired = i % 2 == 0;
        assert_true(aapairs_compare(&pairs, sides, &compare));
        found[i % 2] += aapairs_alarm(&compare, "search");
        for (uint32_t type = 0; pairs.is_paired && type < 4; type++)
            others += type != 1 && aapairs_alarm(&compare, type_names[type]);
        const struct analysis_difference *p50 = &type_of(&compare, "search")->metrics[ANALYSIS_P50];
        covered += pairs.is_paired && p50->low < 1.05 && p50->high > 1.05;
        aapairs_free(sides, &compare);
        if (i == 19) vector_free(&pairs.items);
    }
    printf("5 %% slower: found in %u of 10 by time, others in %u, covered in %u; in %u by blocks\n", found[0],
           others, covered, found[1]);
    assert_true(found[0] == 10 && others <= 2 && covered >= 9 && found[1] < found[0]);
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
    unsigned alarms = 0;
    for (unsigned i = 0; i < 200; i++) {
        make_items(&pairs, 16000, 0.95, 0);
        assert_true(compare_recordings(&pairs, sides, &compare));
        alarms += aapairs_alarm(&compare, NULL);
        free_pair(sides, &compare);
    }
    expect_band("recordings alike in time", alarms, 200, false);
    vector_free(&pairs.items);
}

static void a_planted_slowdown_is_found_and_no_other(void **state)
{
    (void)state;
    static struct aapairs pairs = {.random = 5, .slow_type = 1};
    static struct analysis_batches sides[2];
    struct analysis_compare compare;
    unsigned found = 0, others = 0, covered = 0;
    for (unsigned i = 0; i < 20; i++) {
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
    printf("5 %% slower: found in %u of 20, others called in %u, the interval of p50 holds it in %u\n", found,
           others, covered);
    assert_true(found == 20 && others <= 3 && covered >= 19);
    vector_free(&pairs.items);
}

static void drift_is_told(void **state)
{
    (void)state;
    static struct aapairs pairs = {.random = 9};
    static struct analysis_batches sides[2];
    struct analysis_compare compare;
    unsigned drifting = 0;
    for (unsigned i = 0; i < 40; i++) {
        make_items(&pairs, 8000, 0.5, i < 20 ? 0 : 0.5);
        assert_true(compare_recordings(&pairs, sides, &compare));
        if (i >= 20) assert_true(compare.a_drifts && compare.b_drifts);
        if (i >= 20) assert_true(sides[0].count >= 16 && sides[0].count < 32);
        if (i < 20) drifting += compare.a_drifts || compare.b_drifts;
        free_pair(sides, &compare);
    }
    assert_true(drifting <= 2);
    vector_free(&pairs.items);
}

/* They speak of the same test. */
static void count_agreement(const struct analysis_compare *compare, unsigned *asked, unsigned *disagree)
{
    for (size_t k = 0; k < compare->types.count; k++)
        for (unsigned metric = 0; metric < ANALYSIS_METRICS; metric++) {
            const struct analysis_difference *difference = &compare->types.items[k].metrics[metric];
            if (isnan(difference->p) || !(difference->a > 0) || !(difference->b > 0)) continue;
            bool excludes = difference->low > 1 || difference->high < 1;
            *disagree += excludes != analysis_difference_is_sound(difference, 0.05);
            ++*asked;
            assert_true(difference->low <= difference->ratio && difference->ratio <= difference->high);
            if (!compare->is_paired) assert_true(difference->ratio == difference->b / difference->a);
        }
}

static void intervals_and_verdicts_agree(void **state)
{
    (void)state;
    static struct aapairs pairs = {.random = 3, .slow_type = 0, .block = 1, .is_paired = true};
    static struct analysis_batches sides[2];
    static struct aapairs_side paired[2];
    struct analysis_compare compare;
    unsigned disagree = 0, asked = 0;
    for (unsigned i = 0; i < 20; i++) {
        make_items(&pairs, 20000, 0.5, 0);
        pairs.slow = 0.9 + 0.01 * i;
        assert_true(compare_recordings(&pairs, sides, &compare));
        count_agreement(&compare, &asked, &disagree);
        free_pair(sides, &compare);
        assert_true(aapairs_compare(&pairs, paired, &compare) && compare.is_paired);
        count_agreement(&compare, &asked, &disagree);
        aapairs_free(paired, &compare);
    }
    printf("%u of %u intervals disagree with their p\n", disagree, asked);
    assert_true(asked > 800 && disagree * 100 <= asked);
    vector_free(&pairs.items);
}

/* Tasks of one kind, twice as slow in the second half, on side B by `is_b`. */
static void split_by(bool (*is_b)(struct aapairs *, uint64_t), struct analysis_compare *compare,
                     struct aapairs_side sides[2])
{
    static struct aapairs pairs = {.random = 23, .types = type_names, .type_count = 1};
    bool *on_b = calloc(20000, sizeof *on_b);
    assert_non_null(on_b);
    for (uint64_t i = 0; i < 20000; i++) on_b[i] = is_b(&pairs, i);
    for (unsigned side = 0; side < 2; side++) {
        assert_true(aapairs_begin_side(&pairs, &sides[side]));
        if (side) analysis_batches_follow(&sides[1].windows, &sides[0].batches);
        for (uint64_t i = 0; i < 20000; i++) {
            uint64_t end = 1000000 + 1000 * i;
            uint64_t duration = (i < 10000 ? 500 : 1000) + aapairs_random(&pairs) % 100;
            struct analysis_batch_item item = {
                .begin_ticks = end - duration, .end_ticks = end, .weight = 1, .is_root = true};
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
    (void)pairs;
    return i / 2000 % 2;
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
    struct trace_task_id order = task_id(ORDER, 1, 100), payment = task_id(PAYMENT, 2, 200), background = {0};
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
        cmocka_unit_test(above_is_exact_at_edges_and_near_within_buckets),
        cmocka_unit_test(small_values_have_buckets_of_their_own),
        cmocka_unit_test(batches_have_equally_many_items),
        cmocka_unit_test(a_follower_has_the_stretches_of_its_leader),
        cmocka_unit_test(too_many_types_share_a_row),
        cmocka_unit_test(the_statistic_is_that_of_the_textbook),
        cmocka_unit_test(p_is_the_share_of_splits),
        cmocka_unit_test(the_statistic_of_pairs_is_that_of_the_textbook),
        cmocka_unit_test(p_of_pairs_is_the_share_of_signs),
        cmocka_unit_test(false_alarms_of_random_blocks_keep_to_the_level),
        cmocka_unit_test(false_alarms_between_recordings_alike_in_time_keep_to_the_level),
        cmocka_unit_test(false_alarms_of_pairs_by_time_keep_to_the_level),
        cmocka_unit_test(pairs_by_time_find_what_shared_ups_and_downs_hide),
        cmocka_unit_test(a_side_that_was_busy_at_slow_times_is_not_slower),
        cmocka_unit_test(only_sides_of_the_same_times_are_paired),
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
