/* Histograms: buckets, percentiles against exact ones, merging. SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/base.h"

static void every_value_has_the_bucket_whose_range_it_is_in(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 64; bits++) {
        for (int64_t step = -2; step <= 2; step++) {
            uint64_t value = ((uint64_t)1 << bits) + (uint64_t)step;
            unsigned bucket = histogram_bucket(value);
            assert_in_range(bucket, 0, HISTOGRAM_BUCKETS - 1);
            assert_true(histogram_bucket_low(bucket) <= value);
            if (bucket < HISTOGRAM_BUCKETS - 1) assert_true(histogram_bucket_low(bucket + 1) > value);
        }
    }
    assert_int_equal(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
    assert_int_equal(histogram_bucket_low(HISTOGRAM_BUCKETS - 1), (uint64_t)127 << 57);
}

static void buckets_are_at_most_a_64th_wide(void **state)
{
    (void)state;
    for (unsigned i = 0; i + 1 < HISTOGRAM_BUCKETS; i++) {
        uint64_t low = histogram_bucket_low(i), width = histogram_bucket_low(i + 1) - low;
        assert_true(width >= 1);
        if (width > 1) assert_true(width * 64 <= low);
    }
}

static uint64_t random_state = 42;
static uint64_t random_value(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    uint64_t mixed = random_state ^ random_state >> 29;
    return mixed >> (mixed % 50); /* of all magnitudes */
}

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

enum { VALUES = 9973 };

/* ---- Distributions that a histogram of buckets may get wrong ---------------------------------------------- */

static uint64_t of_all_magnitudes(unsigned i)
{
    (void)i;
    return random_value();
}

static uint64_t all_equal(unsigned i)
{
    (void)i;
    return 129 * 64 - 1; /* the greatest of a bucket: as far from its middle as can be */
}

static uint64_t least_of_buckets(unsigned i)
{
    return histogram_bucket_low(i % (HISTOGRAM_BUCKETS - 1));
}

static uint64_t greatest_of_buckets(unsigned i)
{
    return histogram_bucket_low(1 + i % (HISTOGRAM_BUCKETS - 1)) - 1;
}

static uint64_t around_powers_of_two(unsigned i)
{
    return (UINT64_C(1) << i % 64) + i / 64 % 3 - 1;
}

static uint64_t half_and_half_far_apart(unsigned i)
{
    return i % 2 ? UINT64_MAX - i : i;
}

static uint64_t one_outlier(unsigned i)
{
    return i == 77 ? UINT64_MAX : 1000;
}

static uint64_t heavy_tail(unsigned i)
{
    (void)i;
    double uniform = (double)(random_value() % 1000003 + 1) / 1000004;
    return (uint64_t)(1000 / (uniform * uniform)); /* Pareto with exponent 1/2: neither mean nor variance */
}

static uint64_t small_numbers(unsigned i)
{
    return i % 130;
}

static const struct {
    const char *name;
    uint64_t (*value)(unsigned i);
} distributions[] = {
    {"of all magnitudes", of_all_magnitudes},
    {"all equal", all_equal},
    {"least of buckets", least_of_buckets},
    {"greatest of buckets", greatest_of_buckets},
    {"around powers of two", around_powers_of_two},
    {"half and half, far apart", half_and_half_far_apart},
    {"one outlier", one_outlier},
    {"heavy tail", heavy_tail},
    {"small numbers", small_numbers},
};

static void check_percentiles(const struct histogram *histogram, const uint64_t *values, unsigned count)
{
    for (unsigned permyriad = 0; permyriad <= 10000; permyriad++) {
        uint64_t rank = ((uint64_t)permyriad * count + 9999) / 10000;
        uint64_t exact = values[rank ? rank - 1 : 0];
        uint64_t found = histogram_percentile(histogram, permyriad / 10000.0);
        uint64_t apart = found > exact ? found - exact : exact - found;
        if (apart > exact / 100)
            fail_msg("%u/10000 of %u: %" PRIu64 ", not %" PRIu64, permyriad, count, found, exact);
    }
}

static void check_distribution(uint64_t (*value)(unsigned i), unsigned count)
{
    static uint64_t values[VALUES];
    struct histogram histogram = {0};
    histogram_sum sum = 0;
    for (unsigned i = 0; i < count; i++) {
        values[i] = value(i);
        sum += values[i];
        assert_true(histogram_add(&histogram, values[i]));
    }
    qsort(values, count, sizeof *values, compare);
    check_percentiles(&histogram, values, count);
    assert_true(histogram.sum == sum);
    assert_int_equal(histogram_percentile(&histogram, 0), values[0]);
    assert_int_equal(histogram_percentile(&histogram, 1), values[count - 1]);
    histogram_free(&histogram);
}

static void percentiles_are_within_one_percent_of_exact_ones(void **state)
{
    static const unsigned counts[] = {1, 2, 3, 100, VALUES};
    (void)state;
    for (size_t i = 0; i < sizeof distributions / sizeof *distributions; i++) {
        print_message("%s\n", distributions[i].name);
        for (size_t j = 0; j < sizeof counts / sizeof *counts; j++)
            check_distribution(distributions[i].value, counts[j]);
    }
}

static void nearest_rank_is_not_off_by_rounding(void **state)
{
    (void)state;
    struct histogram histogram = {0};
    for (uint64_t i = 1; i <= 100; i++) assert_true(histogram_add(&histogram, i));
    for (uint64_t i = 1; i <= 100; i++) {
        assert_int_equal(histogram_percentile(&histogram, (double)i / 100), i);
        assert_int_equal(histogram_percentile(&histogram, (double)i / 100 - 0.001), i);
    }
    histogram_free(&histogram);
}

static void sums_and_extremes_are_exact(void **state)
{
    (void)state;
    struct histogram histogram = {0};
    assert_true(histogram_add(&histogram, UINT64_MAX));
    assert_true(histogram_add(&histogram, UINT64_MAX));
    assert_true(histogram_add(&histogram, 3));
    assert_int_equal((uint64_t)(histogram.sum >> 64), 2);
    assert_int_equal((uint64_t)histogram.sum, 1);
    assert_int_equal(histogram.min, 3);
    assert_int_equal(histogram.max, UINT64_MAX);
    assert_int_equal(histogram.count, 3);
    histogram_free(&histogram);
}

static void merging_equals_adding(void **state)
{
    (void)state;
    struct histogram whole = {0}, parts[2] = {{0}, {0}}, none = {0};
    for (int i = 0; i < 1000; i++) {
        uint64_t value = random_value();
        assert_true(histogram_add(&whole, value));
        assert_true(histogram_add(&parts[i % 3 == 0], value));
    }
    assert_true(histogram_merge(&parts[0], &parts[1]));
    assert_true(histogram_merge(&parts[0], &none));
    assert_int_equal(parts[0].count, whole.count);
    assert_int_equal(parts[0].min, whole.min);
    assert_int_equal(parts[0].max, whole.max);
    assert_true(parts[0].sum == whole.sum);
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) assert_int_equal(parts[0].buckets[i], whole.buckets[i]);
    assert_true(histogram_merge(&none, &whole));
    assert_int_equal(none.min, whole.min);
    histogram_free(&whole);
    histogram_free(&none);
    histogram_free(&parts[0]);
    histogram_free(&parts[1]);
}

static void counts_between(void **state)
{
    (void)state;
    struct histogram histogram = {0};
    assert_int_equal(histogram_count_between(&histogram, 0, 100), 0);
    assert_int_equal(histogram_percentile(&histogram, 0.5), 0);
    for (uint64_t i = 0; i < 128; i++) assert_true(histogram_add(&histogram, i));
    assert_int_equal(histogram_count_between(&histogram, 10, 20), 10);
    assert_int_equal(histogram_count_between(&histogram, 20, 20), 0);
    assert_int_equal(histogram_count_between(&histogram, 0, UINT64_MAX), 128);
    histogram_free(&histogram);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_has_the_bucket_whose_range_it_is_in),
        cmocka_unit_test(buckets_are_at_most_a_64th_wide),
        cmocka_unit_test(percentiles_are_within_one_percent_of_exact_ones),
        cmocka_unit_test(nearest_rank_is_not_off_by_rounding),
        cmocka_unit_test(sums_and_extremes_are_exact),
        cmocka_unit_test(merging_equals_adding),
        cmocka_unit_test(counts_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
