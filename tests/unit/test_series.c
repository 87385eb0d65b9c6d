/* Tasks and counters over time, from events made by hand. SPDX-License-Identifier: Apache-2.0 */
#include "handmade.h"

#include "analysis/series.h"

static void begin(struct handmade *made, struct analysis_series *series, struct analysis_window window,
                  uint32_t buckets)
{
    handmade_begin(made);
    assert_true(analysis_series_init(series, &made->info, NULL, window, buckets));
    made->sink = &series->sink;
}

static void end(struct handmade *made, struct analysis_series *series)
{
    analysis_series_free(series);
    handmade_end(made);
}

static void feed_counter(struct handmade *made, uint64_t time, uint32_t site, struct trace_value value)
{
    feed(made, (struct trace_event){
                   .time = time, .kind = TRACE_COUNTER, .thread = MAIN, .site = site, .value = value});
}

static void feed_count(struct handmade *made, uint64_t time, uint64_t value)
{
    feed_counter(made, time, SIZE, (struct trace_value){.type = CAIRN_I_VALUE_UINT, .u = value});
}

static void a_task_counts_where_it_ends_and_is_open_all_along(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_series series;
    struct trace_task_id one = task_id(ORDER, 1, 50000), two = task_id(ORDER, 2, 350000),
                         pay = task_id(PAYMENT, 3, 360000);
    begin(&made, &series, (struct analysis_window){0, 1000000}, 10);
    feed_begin(&made, MAIN, one, background);
    feed_begin(&made, MAIN, two, background);
    feed_begin(&made, MAIN, pay, two);
    feed_fail(&made, 390000, MAIN, pay);
    feed_end(&made, 399000, MAIN, two, HERE);
    feed_end(&made, 399999, MAIN, one, HERE);
    feed_done(&made);
    assert_int_equal(series.rows.count, 2);
    assert_string_equal(series.rows.items[0].type, "order");
    const struct analysis_series_cell *orders = series.rows.items[0].cells,
                                      *pays = series.rows.items[1].cells;
    const uint64_t open[10] = {50000, 100000, 100000, 99999 + 49000};
    for (int i = 0; i < 10; i++) {
        assert_int_equal((uint64_t)orders[i].open_ticks, open[i]);
        assert_int_equal(orders[i].finished, i == 3 ? 2 : 0);
        assert_int_equal(pays[i].errors, i == 3);
    }
    assert_int_equal(orders[3].min, 49000);
    assert_int_equal(orders[3].max, 349999);
    assert_int_equal(orders[3].p50, 49000);
    assert_int_equal(orders[3].p99, 349999);
    assert_int_equal((uint64_t)orders[3].sum, 49000 + 349999);
    end(&made, &series);
}

static void buckets_fit_together(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_series series;
    begin(&made, &series, (struct analysis_window){1000, 1017}, 5); /* not a multiple */
    for (uint64_t i = 0; i < 17; i++) feed_begin(&made, MAIN, task_id(ORDER, i + 1, 1000 + i), background);
    for (uint64_t i = 0; i < 17; i++) feed_end(&made, 1000 + i, MAIN, task_id(ORDER, i + 1, 1000 + i), HERE);
    feed_done(&made);
    assert_int_equal(analysis_series_begin(&series, 0), 1000);
    assert_int_equal(analysis_series_begin(&series, 5), 1017);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < 5; i++) {
        uint64_t width = analysis_series_begin(&series, i + 1) - analysis_series_begin(&series, i);
        assert_int_equal(series.rows.items[0].cells[i].finished, width);
        sum += width;
    }
    assert_int_equal(sum, 17);
    end(&made, &series);
}

static void a_part_looks_as_in_the_whole(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_series series;
    struct trace_task_id one = task_id(ORDER, 1, 100), two = task_id(ORDER, 2, 450000);
    begin(&made, &series, (struct analysis_window){400000, 600000}, 2);
    feed_begin(&made, MAIN, one, background); /* before the window */
    feed_begin(&made, MAIN, two, background);
    feed_count(&made, 399999, 99);
    feed_count(&made, 500000, 7);
    feed_end(&made, 550000, MAIN, one, HERE);
    feed_end(&made, 700000, MAIN, two, HERE); /* behind it */
    feed_done(&made);
    const struct analysis_series_cell *cells = series.rows.items[0].cells;
    assert_int_equal((uint64_t)cells[0].open_ticks, 100000 + 50000);
    assert_int_equal((uint64_t)cells[1].open_ticks, 50000 + 100000);
    assert_int_equal(cells[1].finished, 1);
    assert_int_equal(cells[1].max, 549900);
    assert_int_equal(series.counters.items[0].values[0].count, 0);
    assert_true(series.counters.items[0].values[1].last == 7);
    end(&made, &series);
}

static void counters_have_extremes_mean_and_last(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_series series;
    begin(&made, &series, (struct analysis_window){0, 1000000}, 2);
    feed_count(&made, 100, 5);
    feed_count(&made, 200, 9);
    feed_count(&made, 300, 1);
    feed_count(&made, 1000000, 4); /* at the end of the recording */
    feed_done(&made);
    assert_int_equal(series.counters.count, 1);
    assert_string_equal(series.counters.items[0].name, "size");
    const struct analysis_series_value *values = series.counters.items[0].values;
    assert_int_equal(values[0].count, 3);
    assert_true(values[0].min == 1 && values[0].max == 9 && values[0].sum == 15 && values[0].last == 1);
    assert_true(values[1].count == 1 && values[1].last == 4);
    end(&made, &series);
}

static void counters_come_by_name_whatever_their_numbers_are(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_series series;
    begin(&made, &series, (struct analysis_window){0, 1000000}, 1);
    feed_counter(&made, 100, TILL, (struct trace_value){.type = CAIRN_I_VALUE_INT, .i = -5});
    feed_count(&made, 200, 9);
    feed_counter(&made, 300, BREW, (struct trace_value){.type = CAIRN_I_VALUE_FLOAT, .f = 0.5});
    feed_counter(&made, 400, TILL, (struct trace_value){.type = CAIRN_I_VALUE_INT, .i = 2});
    feed_done(&made);
    static const char *const names[] = {"brew", "size", "till"};
    static const double sums[] = {0.5, 9, -3};
    assert_int_equal(series.counters.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(series.counters.items[i].name, names[i]);
        assert_true(series.counters.items[i].values[0].sum == sums[i]);
    }
    assert_true(series.counters.items[2].values[0].min == -5);
    end(&made, &series);
}

static void the_heat_map_is_in_order_and_adds_up(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_series series;
    begin(&made, &series, (struct analysis_window){0, 1000000}, 4);
    for (uint64_t i = 1; i <= 100; i++) {
        struct trace_task_id task = task_id(i % 3 ? ORDER : PAYMENT, i, 1000 * i);
        feed_begin(&made, MAIN, task, background);
        feed_end(&made, 1000 * i + i * i, MAIN, task, HERE);
    }
    feed_done(&made);
    uint64_t sums[2] = {0};
    for (size_t i = 0; i < series.heat.count; i++) {
        const struct analysis_heat *heat = &series.heat.items[i];
        sums[heat->row] += heat->count;
        if (i == 0) continue;
        const uint64_t before = heat[-1].row << 20 | heat[-1].bucket << 16 | heat[-1].latency;
        assert_true(before < (heat->row << 20 | heat->bucket << 16 | heat->latency));
    }
    assert_int_equal(sums[0], 67);
    assert_int_equal(sums[1], 33);
    assert_string_equal(series.rows.items[0].type, "order");
    end(&made, &series);
}

static void a_short_window_has_fewer_buckets_and_none_has_nothing(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_series series;
    begin(&made, &series, (struct analysis_window){100, 103}, 60);
    assert_int_equal(series.bucket_count, 3);
    feed_done(&made);
    end(&made, &series);
    begin(&made, &series, (struct analysis_window){100, 100}, 60);
    feed_begin(&made, MAIN, task_id(ORDER, 1, 50), background);
    feed_count(&made, 100, 1);
    feed_end(&made, 100, MAIN, task_id(ORDER, 1, 50), HERE);
    feed_done(&made);
    assert_int_equal(series.heat.count + series.counters.count, 0);
    end(&made, &series);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_counts_where_it_ends_and_is_open_all_along),
        cmocka_unit_test(buckets_fit_together),
        cmocka_unit_test(a_part_looks_as_in_the_whole),
        cmocka_unit_test(counters_have_extremes_mean_and_last),
        cmocka_unit_test(counters_come_by_name_whatever_their_numbers_are),
        cmocka_unit_test(the_heat_map_is_in_order_and_adds_up),
        cmocka_unit_test(a_short_window_has_fewer_buckets_and_none_has_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
