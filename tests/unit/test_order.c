/* The merge by time: every stream in its own order, the least time first, ties by stream.
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "trace/order.h"

enum { STREAMS = 37, PER_STREAM = 400 };

static uint64_t times[STREAMS][PER_STREAM];

static void make_times(uint32_t range)
{
    uint32_t random = range;
    for (int s = 0; s < STREAMS; s++) {
        uint64_t time = 0;
        for (int i = 0; i < PER_STREAM; i++) {
            random = random * 1664525 + 1013904223;
            times[s][i] = time += (random >> 10) % range;
        }
    }
}

static void merge_all(void)
{
    struct trace_order order;
    uint32_t at[STREAMS] = {0};
    uint64_t last_time = 0, count = 0;
    uint32_t last_stream = 0;
    assert_true(trace_order_create(&order, STREAMS));
    for (uint32_t s = STREAMS; s-- > 0;) trace_order_push(&order, times[s][0], s);
    while (order.count) {
        struct trace_order_entry top = order.heap[0];
        assert_int_equal(top.time, times[top.stream][at[top.stream]]);
        assert_true(top.time >= last_time);
        if (count && top.time == last_time) assert_true(top.stream >= last_stream);
        last_time = top.time;
        last_stream = top.stream;
        count++;
        if (++at[top.stream] < PER_STREAM) {
            trace_order_advance(&order, times[top.stream][at[top.stream]]);
        } else {
            trace_order_pop(&order);
        }
    }
    assert_int_equal(count, STREAMS * PER_STREAM);
    trace_order_destroy(&order);
}

static void merges_distant_times(void **state)
{
    (void)state;
    make_times(1000000);
    merge_all();
}

static void breaks_ties_by_stream(void **state)
{
    (void)state;
    make_times(2);
    merge_all();
}

static void holds_none_and_one(void **state)
{
    (void)state;
    struct trace_order order;
    assert_true(trace_order_create(&order, 0));
    assert_int_equal(order.count, 0);
    trace_order_destroy(&order);
    assert_true(trace_order_create(&order, 1));
    trace_order_push(&order, 5, 0);
    trace_order_advance(&order, 4);
    assert_int_equal(order.heap[0].time, 4);
    trace_order_pop(&order);
    assert_int_equal(order.count, 0);
    trace_order_destroy(&order);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merges_distant_times),
        cmocka_unit_test(breaks_ties_by_stream),
        cmocka_unit_test(holds_none_and_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
