/* Critical paths, from events made by hand, each with the steps it must have: of tasks, subtasks and regions on one thread, and
 * of what has no begin or end. For several threads and links: test_paththreads.c. SPDX-License-Identifier: Apache-2.0
 *
 * tests/independent/critical_path.py compares random ones with a second implementation. */
#include "pathtext.h"

/* ---- One thread ------------------------------------------------------------------------------------- */

static void nested_regions_are_named_by_what_they_stand_in(void **state)
{
    (void)state;
    struct fixture fixture;
    struct handmade *made = &fixture.made;
    struct trace_task_id root = task_id(ORDER, 1, 100);
    begin(&fixture, root);
    feed_begin(made, MAIN, root, background);
    struct trace_region_id outer = region_id(WAIT, 1, 110, MAIN, root);
    feed_region(made, outer);
    feed_whole(made, BREW, MAIN, 120, 130, root);
    feed_whole(made, BREW, MAIN, 130, 150, root);
    feed_region_end(made, 190, MAIN, outer, HERE);
    feed_end(made, 200, MAIN, root, HERE);
    expect(&fixture, "100-110 self main 1\n"
                     "110-120 region main 1 wait\n"
                     "120-130 region main 1 wait > brew\n"
                     "130-150 region main 1 wait > brew\n"
                     "150-190 region main 1 wait\n"
                     "190-200 self main 1\n");
}

static void of_regions_that_overlap_the_one_that_began_last_counts(void **state)
{
    (void)state;
    struct fixture fixture;
    struct handmade *made = &fixture.made;
    struct trace_task_id root = task_id(ORDER, 1, 100);
    struct trace_region_id first = region_id(WAIT, 1, 110, MAIN, root);
    struct trace_region_id second = region_id(BREW, 2, 120, MAIN, root);
    begin(&fixture, root);
    feed_begin(made, MAIN, root, background);
    feed_region(made, first);
    feed_region(made, second);
    feed_region_end(made, 140, MAIN, first, HERE);
    feed_region_end(made, 160, WORKER, second, HERE); /* and ends elsewhere: there the task goes on */
    feed_end(made, 170, WORKER, root, HERE);
    expect(&fixture, "100-110 self main 1\n"
                     "110-120 region main 1 wait\n"
                     "120-160 region main 1 wait > brew\n"
                     "160-170 self worker 1\n");
}

static void a_long_silence_is_a_gap(void **state)
{
    (void)state;
    struct fixture fixture;
    struct handmade *made = &fixture.made;
    struct trace_task_id root = task_id(ORDER, 1, 100);
    begin(&fixture, root);
    feed_begin(made, MAIN, root, background);
    feed_log(made, 200, MAIN, root, "soon");
    feed_log(made, 5000, MAIN, root, "late");
    feed_whole(made, WAIT, MAIN, 5010, 5020, root);
    feed_end(made, 9000, WORKER, root, HERE);
    expect(&fixture, "100-200 self main 1\n"
                     "200-5000 gap main 1\n"
                     "5000-5010 self main 1\n"
                     "5010-5020 region main 1 wait\n"
                     "5020-9000 handover main>worker 1\n");
}

/* ---- Subtasks --------------------------------------------------------------------------------------- */

static void of_parallel_children_the_last_one_counts(void **state)
{
    (void)state;
    struct fixture fixture;
    struct handmade *made = &fixture.made;
    struct trace_task_id root = task_id(ORDER, 1, 100), early = task_id(PAYMENT, 2, 120);
    struct trace_task_id late = task_id(PAYMENT, 3, 130), before = task_id(PAYMENT, 4, 105);
    struct trace_region_id all = region_id(WAIT, 1, 102, MAIN, root);
    begin(&fixture, root);
    feed_begin(made, MAIN, root, background);
    feed_region(made, all);
    feed_begin(made, MAIN, before, root);
    feed_end(made, 115, WORKER, before, HERE);
    feed_begin(made, MAIN, early, root);
    feed_begin(made, MAIN, late, root);
    feed_whole(made, BREW, HELPER, 140, 150, late);
    feed_end(made, 160, WORKER, early, HERE);
    feed_end(made, 180, HELPER, late, HERE);
    feed_region_end(made, 190, MAIN, all, HERE);
    feed_end(made, 200, MAIN, root, HERE);
    expect(&fixture, "100-102 self main 1\n"
                     "102-105 region main 1 wait\n"
                     "105-115 handover main>worker 4\n"
                     "115-130 region main 1 wait\n"
                     "130-140 handover main>helper 3\n"
                     "140-150 region helper 3 brew\n"
                     "150-180 self helper 3\n"
                     "180-190 region main 1 wait\n"
                     "190-200 self main 1\n");
}

static void a_child_that_outlives_its_parent_was_not_waited_for(void **state)
{
    (void)state;
    struct fixture fixture;
    struct handmade *made = &fixture.made;
    struct trace_task_id root = task_id(ORDER, 1, 100), child = task_id(PAYMENT, 2, 120);
    struct trace_task_id grandchild = task_id(PAYMENT, 3, 130), open = task_id(PAYMENT, 4, 140);
    begin(&fixture, root);
    feed_begin(made, MAIN, root, background);
    feed_begin(made, MAIN, child, root);
    feed_begin(made, WORKER, grandchild, child);
    feed_begin(made, MAIN, open, root);
    feed_end(made, 150, WORKER, grandchild, HERE); /* nobody's business but the child's */
    feed_end(made, 200, MAIN, root, HERE);
    feed_end(made, 201, WORKER, child, HERE);
    expect(&fixture, "100-200 self main 1\n");
}

static void the_path_goes_down_and_up_again(void **state)
{
    (void)state;
    struct fixture fixture;
    struct handmade *made = &fixture.made;
    struct trace_task_id root = task_id(ORDER, 1, 100), child = task_id(PAYMENT, 2, 120);
    struct trace_task_id grandchild = task_id(ORDER, 3, 130);
    begin(&fixture, root);
    feed_begin(made, MAIN, root, background);
    feed_begin(made, MAIN, child, root);
    feed_begin(made, MAIN, grandchild, child);
    feed_end(made, 150, MAIN, grandchild, HERE);
    feed_end(made, 170, MAIN, child, HERE);
    feed_end(made, 200, MAIN, root, HERE);
    expect(&fixture, "100-120 self main 1\n"
                     "120-130 self main 2\n"
                     "130-150 self main 3\n"
                     "150-170 self main 2\n"
                     "170-200 self main 1\n");
}

/* A child is begun in a region that ends before it does: that region was the cause, and is on the path until then. */
static void a_subtask_goes_on_from_where_it_was_begun(void **state)
{
    (void)state;
    struct fixture fixture;
    struct handmade *made = &fixture.made;
    struct trace_task_id root = task_id(ORDER, 1, 100), child = task_id(PAYMENT, 2, 130);
    struct trace_region_id handle = region_id(BREW, 1, 120, WORKER, root);
    begin(&fixture, root);
    feed_begin(made, MAIN, root, background);
    feed_region(made, handle);
    feed_begin(made, WORKER, child, root);
    feed_region_end(made, 140, WORKER, handle, HERE);
    feed_end(made, 180, HELPER, child, HERE);
    feed_end(made, 200, MAIN, root, HERE);
    expect(&fixture, "100-120 handover main>worker 1\n"
                     "120-130 region worker 1 brew\n"
                     "130-180 handover worker>helper 2\n"
                     "180-200 handover helper>main 1\n");
}

static void it_goes_on_there_even_if_the_parent_is_busy_elsewhere(void **state)
{
    (void)state;
    struct fixture fixture;
    struct handmade *made = &fixture.made;
    struct trace_task_id root = task_id(ORDER, 1, 100), child = task_id(PAYMENT, 2, 130);
    struct trace_region_id all = region_id(WAIT, 1, 100, MAIN, root);
    struct trace_region_id handle = region_id(BREW, 2, 120, WORKER, root);
    struct trace_region_id later = region_id(BREW, 3, 125, HELPER, root);
    begin(&fixture, root);
    feed_begin(made, MAIN, root, background);
    feed_region(made, all);
    feed_region(made, handle);
    feed_region(made, later);
    feed_begin(made, WORKER, child, root);
    feed_region_end(made, 140, WORKER, handle, HERE);
    feed_region_end(made, 145, HELPER, later, HERE);
    feed_end(made, 180, WORKER, child, HERE);
    feed_region_end(made, 200, MAIN, all, HERE);
    feed_end(made, 200, MAIN, root, HERE);
    expect(&fixture, "100-120 region main 1 wait\n"
                     "120-130 region worker 1 brew\n"
                     "130-180 self worker 2\n"
                     "180-200 region main 1 wait\n");
}

/* ---- Begins and ends that are not there --------------------------------------------------------------- */

static void an_unfinished_task_waits_for_what_is_open(void **state)
{
    (void)state;
    struct fixture fixture;
    struct handmade *made = &fixture.made;
    struct trace_task_id root = task_id(ORDER, 1, 999000), child = task_id(PAYMENT, 2, 999100);
    begin(&fixture, root);
    feed_begin(made, MAIN, root, background);
    feed_region(made, region_id(WAIT, 1, 999050, MAIN, root));
    feed_begin(made, MAIN, child, root);
    feed_region(made, region_id(BREW, 2, 999200, WORKER, child));
    expect(&fixture, "999000-999050 self main 1\n"
                     "999050-999100 region main 1 wait\n"
                     "999100-999200 handover main>worker 2\n"
                     "999200-1000000 region worker 2 brew\n");
}

static void a_task_that_ends_before_it_begins_has_no_path(void **state)
{
    (void)state;
    struct fixture fixture;
    struct trace_task_id root = task_id(ORDER, 1, 100);
    begin(&fixture, root);
    feed_begin(&fixture.made, MAIN, root, background);
    feed_end(&fixture.made, 90, WORKER, root, HERE);
    expect(&fixture, "");
    begin(&fixture, task_id(ORDER, 99, 0));
    expect(&fixture, "");
    begin(&fixture, background);
    feed_log(&fixture.made, 500, MAIN, background, "no task");
    expect(&fixture, "");
}

static void before_the_window_nothing_is_known(void **state)
{
    (void)state;
    struct fixture fixture;
    struct handmade *made = &fixture.made;
    struct trace_task_id root = task_id(ORDER, 1, 100);
    begin(&fixture, root);
    fixture.process.window_begin_ticks = 150;
    feed(made, (struct trace_event){
                   .time = 100, .kind = TRACE_TASK_OPEN, .thread = UINT32_MAX, .site = ORDER, .task = root});
    struct trace_region_id region = region_id(BREW, 1, 120, WORKER, root);
    feed_region_open(made, 160, region);
    feed_region_end(made, 170, WORKER, region, HERE);
    feed_end(made, 200, WORKER, root, HERE);
    expect(&fixture, "100-150 unseen ? 1\n"
                     "150-170 region worker 1 brew\n"
                     "170-200 self worker 1\n");
    begin(&fixture, root); /* of where it was when the window began, its begin says nothing */
    fixture.process.window_begin_ticks = 150;
    feed_begin(made, MAIN, root, background);
    feed_end(made, 200, WORKER, root, HERE);
    expect(&fixture, "100-150 unseen ? 1\n"
                     "150-200 self worker 1\n");
}

/* ---- Size ------------------------------------------------------------------------------------------- */

/* Deep nesting of tasks and regions, each of which would be a level of recursion, and a wide fan. */
static void depth_and_width_are_no_matter(void **state)
{
    (void)state;
    enum { DEPTH = 50000 };
    struct fixture fixture;
    struct handmade *made = &fixture.made;
    struct trace_task_id root = task_id(ORDER, 1, 10), parent = root;
    begin(&fixture, root);
    feed_begin(made, MAIN, root, background);
    for (uint32_t i = 0; i < DEPTH; i++) {
        struct trace_task_id child = task_id(PAYMENT, 2 + i, 11 + i);
        feed_begin(made, MAIN, child, parent);
        feed_region(made, region_id(WAIT, 1 + i, 11 + i, MAIN, root));
        parent = child;
    }
    for (uint32_t i = DEPTH; i-- > 0;)
        feed_end(made, 200000 - i, i % 3, task_id(PAYMENT, 2 + i, 11 + i), HERE);
    feed_end(made, 300000, MAIN, root, HERE);
    feed_done(made);
    assert_true(analysis_critical_path_find(&fixture.path, &fixture.story));
    check_sums(&fixture);
    assert_true(fixture.path.steps.count > DEPTH);
    const struct analysis_step *last = &fixture.path.steps.items[fixture.path.steps.count - 1];
    const char *name = path_stack_name(&fixture.path.stacks, &fixture.made.info, last->stack);
    assert_memory_equal(name, "… > wait > wait", 13);
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nested_regions_are_named_by_what_they_stand_in),
        cmocka_unit_test(of_regions_that_overlap_the_one_that_began_last_counts),
        cmocka_unit_test(a_long_silence_is_a_gap),
        cmocka_unit_test(of_parallel_children_the_last_one_counts),
        cmocka_unit_test(a_child_that_outlives_its_parent_was_not_waited_for),
        cmocka_unit_test(the_path_goes_down_and_up_again),
        cmocka_unit_test(a_subtask_goes_on_from_where_it_was_begun),
        cmocka_unit_test(it_goes_on_there_even_if_the_parent_is_busy_elsewhere),
        cmocka_unit_test(an_unfinished_task_waits_for_what_is_open),
        cmocka_unit_test(a_task_that_ends_before_it_begins_has_no_path),
        cmocka_unit_test(before_the_window_nothing_is_known),
        cmocka_unit_test(depth_and_width_are_no_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
