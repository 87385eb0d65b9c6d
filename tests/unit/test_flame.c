/* Stacks of regions and the time in none, from events made by hand. SPDX-License-Identifier: Apache-2.0 */
#include "handmade.h"

#include "analysis/flame.h"

#include <stdio.h>

static void begin(struct handmade *made, struct analysis_flame *flame, const char *task_type, bool with_gaps)
{
    handmade_begin(made);
    assert_true(analysis_flame_init(flame, &made->info, NULL, task_type, with_gaps));
    made->sink = &flame->sink;
}

static void end(struct handmade *made, struct analysis_flame *flame)
{
    analysis_flame_free(flame);
    handmade_end(made);
}

/* All stacks that have something, in their order: "order;brew 3,". */
static void expect(const struct analysis_flame *flame, const char *expected)
{
    char text[1000] = "";
    size_t used = 0;
    uint32_t *order = analysis_flame_order(flame);
    assert_non_null(order);
    for (size_t i = 0; i < flame->stacks.count; i++) {
        const struct analysis_stack *stacks = flame->stacks.items, *stack = &stacks[order[i]];
        const char *frames[ANALYSIS_STACK_DEPTH_MAX];
        uint32_t depth = stack->at.depth;
        if (!stack->count) continue;
        for (uint32_t at = order[i], left = depth + 1; left-- > 0; at = stacks[at].at.parent)
            frames[left] = stacks[at].frame;
        for (uint32_t j = 0; j <= depth; j++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", j ? ";" : "", frames[j]);
        used += (size_t)snprintf(text + used, sizeof text - used, " %u,", (unsigned)stack->self);
    }
    free(order);
    assert_string_equal(text, expected);
}

static void nested_regions_are_stacks(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_flame flame;
    struct trace_task_id order = task_id(ORDER, 1, 100);
    struct trace_region_id brew = region_id(BREW, 1, 200, MAIN, order),
                           wait = region_id(WAIT, 2, 300, MAIN, order),
                           again = region_id(WAIT, 3, 500, MAIN, order);
    begin(&made, &flame, NULL, false);
    feed_begin(&made, MAIN, order, background);
    feed_region(&made, brew);
    feed_region(&made, wait);
    feed_region_end(&made, 400, MAIN, wait, HERE);
    feed_region(&made, again);
    feed_region_end(&made, 520, MAIN, again, HERE);
    feed_region_end(&made, 700, MAIN, brew, HERE);
    feed_end(&made, 1000, MAIN, order, HERE);
    feed_done(&made);
    expect(&flame, "order;brew 380,order;brew;wait 120,");
    end(&made, &flame);
}

static void regions_of_other_tasks_are_no_frames(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_flame flame;
    struct trace_task_id order = task_id(ORDER, 1, 100), pay = task_id(PAYMENT, 2, 100);
    struct trace_region_id outer = region_id(BREW, 1, 200, MAIN, order),
                           other = region_id(WAIT, 2, 300, MAIN, pay),
                           inner = region_id(WAIT, 3, 400, MAIN, order);
    begin(&made, &flame, NULL, false);
    feed_region(&made, outer);
    feed_region(&made, other);
    feed_region(&made, inner);
    feed_region_end(&made, 500, MAIN, inner, HERE);
    feed_region_end(&made, 600, MAIN, other, HERE);
    feed_region_end(&made, 700, MAIN, outer, HERE);
    feed_done(&made);
    expect(&flame, "order;brew 200,order;brew;wait 100,payment;wait 200,");
    end(&made, &flame);
}

/* Each keeps its own self time, under what it began in. */
static void overlapping_regions_and_ends_elsewhere(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_flame flame;
    struct trace_task_id order = task_id(ORDER, 1, 100);
    struct trace_region_id brew = region_id(BREW, 1, 200, MAIN, order),
                           wait = region_id(WAIT, 2, 300, MAIN, order),
                           far = region_id(BREW, 3, 300, WORKER, order);
    begin(&made, &flame, NULL, false);
    feed_region(&made, brew);
    feed_region(&made, wait);
    feed_region(&made, far);
    feed_region_end(&made, 500, MAIN, brew, HERE); /* before what it contains */
    feed_region_end(&made, 600, MAIN, far, HERE);  /* by another thread */
    feed_region_end(&made, 700, MAIN, wait, HERE);
    feed_done(&made);
    expect(&flame, "order;brew 600,order;brew;wait 400,");
    end(&made, &flame);
}

static void gaps_are_what_no_region_covers_on_any_thread(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_flame flame;
    struct trace_task_id order = task_id(ORDER, 1, 100), left = task_id(ORDER, 2, 999000);
    struct trace_region_id brew = region_id(BREW, 1, 200, MAIN, order),
                           wait = region_id(WAIT, 2, 300, WORKER, order),
                           late = region_id(WAIT, 3, 900, MAIN, order),
                           open = region_id(WAIT, 4, 999400, MAIN, left);
    begin(&made, &flame, NULL, true);
    feed_begin(&made, MAIN, order, background);
    feed_region(&made, brew);
    feed_region(&made, wait);
    feed_region_end(&made, 400, MAIN, brew, HERE);
    feed_region_end(&made, 500, WORKER, wait, HERE); /* 200 to 500 */
    feed_region(&made, late);                        /* 900 to the end of the task */
    feed_end(&made, 1000, MAIN, order, HERE);
    feed_region_end(&made, 1300, MAIN, late, HERE);
    feed_begin(&made, MAIN, left, background);
    feed_region(&made, open); /* 600 until the trace ends */
    feed_done(&made);
    expect(&flame, "order;(no region) 900,order;brew 200,order;wait 1200,");
    end(&made, &flame);
}

static void only_tasks_of_a_type(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_flame flame;
    struct trace_task_id order = task_id(ORDER, 1, 100), pay = task_id(PAYMENT, 2, 100);
    struct trace_region_id outer = region_id(BREW, 1, 200, MAIN, order),
                           inner = region_id(WAIT, 2, 300, MAIN, pay);
    begin(&made, &flame, "pay*", true);
    feed_begin(&made, MAIN, order, background);
    feed_begin(&made, MAIN, pay, order);
    feed_region(&made, outer);
    feed_region(&made, inner);
    feed_region_end(&made, 500, MAIN, inner, HERE);
    feed_region_end(&made, 600, MAIN, outer, HERE);
    feed_end(&made, 700, MAIN, pay, HERE);
    feed_end(&made, 800, MAIN, order, HERE);
    feed_done(&made);
    expect(&flame, "payment;(no region) 400,payment;wait 200,");
    end(&made, &flame);
}

/* What is deeper counts for the innermost frame there is: nothing is lost. */
static void stacks_are_cut(void **state)
{
    (void)state;
    enum { DEPTH = ANALYSIS_STACK_DEPTH_MAX + 20 };
    struct handmade made;
    struct analysis_flame flame;
    struct trace_task_id order = task_id(ORDER, 1, 100);
    uint64_t sum = 0;
    begin(&made, &flame, NULL, false);
    for (uint64_t i = 1; i <= DEPTH; i++) feed_region(&made, region_id(BREW, i, 1000 + i, MAIN, order));
    for (uint64_t i = DEPTH; i > 0; i--)
        feed_region_end(&made, 3000 - i, MAIN, region_id(BREW, i, 1000 + i, MAIN, order), HERE);
    feed_done(&made);
    for (size_t i = 0; i < flame.stacks.count; i++) sum += (uint64_t)flame.stacks.items[i].self;
    assert_int_equal(flame.stacks.count, ANALYSIS_STACK_DEPTH_MAX);
    assert_int_equal(sum, 3000 - 1 - 1001);
    end(&made, &flame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nested_regions_are_stacks),
        cmocka_unit_test(regions_of_other_tasks_are_no_frames),
        cmocka_unit_test(overlapping_regions_and_ends_elsewhere),
        cmocka_unit_test(gaps_are_what_no_region_covers_on_any_thread),
        cmocka_unit_test(only_tasks_of_a_type),
        cmocka_unit_test(stacks_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
