/* Batches of tasks, and the sparse histograms that they hold. SPDX-License-Identifier: Apache-2.0 */
#include "handmade.h"

#include "analysis/compare/batches.h"

#include <stdio.h>
#include <stdlib.h>

static const struct trace_info plain = {.clock = {.ns_per_tick = 1}};

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
    assert_int_equal(analysis_batches_type(&batches, "type 7"), 7);
    assert_string_equal(batches.types.items[ANALYSIS_BATCH_TYPES_MAX].name, ANALYSIS_TYPE_OTHER);
    analysis_batches_free(&batches);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(above_is_exact_at_edges_and_near_within_buckets),
        cmocka_unit_test(small_values_have_buckets_of_their_own),
        cmocka_unit_test(batches_have_equally_many_items),
        cmocka_unit_test(a_follower_has_the_stretches_of_its_leader),
        cmocka_unit_test(too_many_types_share_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
