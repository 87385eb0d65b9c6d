/* Critical paths of tasks that move between threads, and of tasks that wait for linked ones; from events made by hand, each with
 * the steps it must have. SPDX-License-Identifier: Apache-2.0 */
#include "pathtext.h"

/* ---- Threads ---------------------------------------------------------------------------------------- */

static void a_task_is_handed_from_thread_to_thread(void **state)
{
    (void)state;
    struct fixture fixture;
    struct handmade *made = &fixture.made;
    struct trace_task_id root = task_id(ORDER, 1, 100);
    begin(&fixture, root);
    feed_begin(made, MAIN, root, background);
    feed_whole(made, WAIT, MAIN, 100, 120, root);
    feed_log(made, 125, MAIN, root, "queued");
    feed_log(made, 150, WORKER, root, "picked up");
    feed_whole(made, BREW, WORKER, 160, 180, root);
    feed_end(made, 200, MAIN, root, HERE);
    expect(&fixture, "100-120 region main 1 wait\n"
                     "120-125 self main 1\n"
                     "125-150 handover main>worker 1\n"
                     "150-160 self worker 1\n"
                     "160-180 region worker 1 brew\n"
                     "180-200 handover worker>main 1\n");
}

static void of_regions_on_other_threads_the_last_one_counts(void **state)
{
    (void)state;
    struct fixture fixture;
    struct handmade *made = &fixture.made;
    struct trace_task_id root = task_id(ORDER, 1, 100);
    struct trace_region_id all = region_id(WAIT, 1, 110, MAIN, root);
    struct trace_region_id early = region_id(BREW, 2, 120, WORKER, root);
    struct trace_region_id late = region_id(BREW, 3, 125, HELPER, root);
    begin(&fixture, root);
    feed_begin(made, MAIN, root, background);
    feed_region(made, all);
    feed_region(made, early);
    feed_region(made, late);
    feed_region_end(made, 160, WORKER, early, HERE); /* a peer of the one that ends later */
    feed_region_end(made, 180, HELPER, late, HERE);
    feed_region_end(made, 195, MAIN, all, HERE);
    feed_end(made, 200, MAIN, root, HERE);
    expect(&fixture, "100-110 self main 1\n"
                     "110-125 region main 1 wait\n"
                     "125-180 region helper 1 brew\n"
                     "180-195 region main 1 wait\n"
                     "195-200 self main 1\n");
}

static void a_region_elsewhere_that_outlives_the_task_was_not_waited_for(void **state)
{
    (void)state;
    struct fixture fixture;
    struct handmade *made = &fixture.made;
    struct trace_task_id root = task_id(ORDER, 1, 100);
    struct trace_region_id region = region_id(BREW, 1, 120, WORKER, root);
    begin(&fixture, root);
    feed_begin(made, MAIN, root, background);
    feed_region(made, region);
    feed_log(made, 150, WORKER, root, "part of the region");
    feed_end(made, 200, MAIN, root, HERE);
    feed_region_end(made, 300, WORKER, region, HERE);
    expect(&fixture, "100-200 self main 1\n");
}

static void a_subtask_of_a_region_elsewhere_is_on_the_path_its_peers_are_not(void **state)
{
    (void)state;
    struct fixture fixture;
    struct handmade *made = &fixture.made;
    struct trace_task_id root = task_id(ORDER, 1, 100), peer = task_id(PAYMENT, 2, 105);
    struct trace_task_id own = task_id(PAYMENT, 3, 130);
    struct trace_region_id handle = region_id(BREW, 1, 120, WORKER, root);
    begin(&fixture, root);
    feed_begin(made, MAIN, root, background);
    feed_begin(made, MAIN, peer, root);
    feed_region(made, handle);
    feed_begin(made, WORKER, own, root);
    feed_end(made, 150, WORKER, own, HERE);
    feed_end(made, 160, HELPER, peer, HERE);
    feed_region_end(made, 180, WORKER, handle, HERE);
    feed_end(made, 200, MAIN, root, HERE);
    expect(&fixture, "100-105 self main 1\n"
                     "105-120 handover main>worker 1\n"
                     "120-130 region worker 1 brew\n"
                     "130-150 self worker 3\n"
                     "150-180 region worker 1 brew\n"
                     "180-200 handover worker>main 1\n");
}

/* ---- Links ------------------------------------------------------------------------------------------ */

static void a_task_waits_for_one_that_it_caused(void **state)
{
    (void)state;
    struct fixture fixture;
    struct handmade *made = &fixture.made;
    struct trace_task_id root = task_id(ORDER, 1, 100), batch = task_id(PAYMENT, 2, 130);
    begin(&fixture, root);
    feed_begin(made, MAIN, root, background);
    feed_begin(made, WORKER, batch, background);
    feed_link(made, 140, WORKER, root, batch);
    feed_end(made, 180, WORKER, batch, HERE);
    feed_end(made, 190, WORKER, batch, HERE); /* again: without effect */
    feed_end(made, 200, MAIN, root, HERE);
    expect(&fixture, "100-140 handover main>worker 1\n"
                     "140-180 link worker 1 2\n"
                     "180-200 handover worker>main 1\n");
}

static void a_task_waits_until_another_lets_it_go_on(void **state)
{
    (void)state;
    struct fixture fixture;
    struct handmade *made = &fixture.made;
    struct trace_task_id root = task_id(ORDER, 1, 100), other = task_id(PAYMENT, 2, 120);
    begin(&fixture, root);
    feed_begin(made, MAIN, root, background);
    feed_begin(made, WORKER, other, background);
    feed_link(made, 150, WORKER, other, root);
    feed_link(made, 180, WORKER, background, root); /* nobody to wait for */
    feed_end(made, 200, WORKER, root, HERE);
    expect(&fixture, "100-120 self main 1\n"
                     "120-150 link worker 1 2\n"
                     "150-200 self worker 1\n");
}

static void a_task_that_tells_of_its_cause_itself_did_not_wait(void **state)
{
    (void)state;
    struct fixture fixture;
    struct handmade *made = &fixture.made;
    struct trace_task_id root = task_id(ORDER, 1, 100), cause = task_id(PAYMENT, 2, 50);
    begin(&fixture, root);
    feed_begin(made, WORKER, cause, background);
    feed_begin(made, MAIN, root, background);
    feed_link(made, 150, MAIN, cause, root);
    feed_end(made, 200, MAIN, root, HERE);
    expect(&fixture, "100-200 self main 1\n");
}

/* A cause that had not begun, and a consequence that was over: neither can have been waited for. */
static void links_at_the_wrong_time_explain_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    struct handmade *made = &fixture.made;
    struct trace_task_id root = task_id(ORDER, 1, 100), child = task_id(ORDER, 2, 105);
    struct trace_task_id over = task_id(PAYMENT, 3, 50), unborn = task_id(PAYMENT, 4, 180);
    begin(&fixture, root);
    feed_begin(made, MAIN, root, background);
    feed_begin(made, MAIN, child, root); /* never ends */
    feed_link(made, 110, MAIN, child, over);
    feed_end(made, 130, HELPER, over, HERE);
    feed_link(made, 150, MAIN, root, over);
    feed_link(made, 170, WORKER, unborn, root);
    feed_end(made, 200, WORKER, root, HERE);
    expect(&fixture, "100-150 self main 1\n"
                     "150-170 handover main>worker 1\n"
                     "170-200 self worker 1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_is_handed_from_thread_to_thread),
        cmocka_unit_test(of_regions_on_other_threads_the_last_one_counts),
        cmocka_unit_test(a_region_elsewhere_that_outlives_the_task_was_not_waited_for),
        cmocka_unit_test(a_subtask_of_a_region_elsewhere_is_on_the_path_its_peers_are_not),
        cmocka_unit_test(a_task_waits_for_one_that_it_caused),
        cmocka_unit_test(a_task_waits_until_another_lets_it_go_on),
        cmocka_unit_test(a_task_that_tells_of_its_cause_itself_did_not_wait),
        cmocka_unit_test(links_at_the_wrong_time_explain_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
