/* What analyses make of traces that hold only a part, by window or by sampling. SPDX-License-Identifier: Apache-2.0 */
#include "handmade.h"

#include "analysis/analysis.h"

#include <stdlib.h>

enum { WINDOW = 1000 };

struct test {
    struct handmade made;
    struct trace_process process;
    struct trace_site sites[SITES];
    struct analysis_spec spec;
    struct analysis_filter filter;
    struct analysis_tasks tasks;
    struct analysis_regions regions;
    struct analysis_story story;
};

/* A window from tick `window` on; 0: none. */
static void begin(struct test *test, uint64_t window)
{
    *test = (struct test){.process = {.round = 2, .window_begin_ticks = window}};
    handmade_begin(&test->made);
    memcpy(test->sites, handmade_sites, sizeof test->sites);
    test->made.info.processes = &test->process;
    test->made.info.sites = test->sites;
    test->made.info.window_begin_ticks = window;
}

static void take_tasks(struct test *test, bool filtered)
{
    struct cairn_error error;
    const struct trace_info *info = &test->made.info;
    assert_int_equal(analysis_filter_init(&test->filter, ANALYSIS_TASKS, &test->spec, info, &error), 0);
    assert_true(analysis_tasks_init(&test->tasks, info, filtered ? &test->filter : NULL, 3));
    test->made.sink = &test->tasks.sink;
}

static void take_regions(struct test *test)
{
    assert_true(analysis_regions_init(&test->regions, &test->made.info, NULL));
    test->made.sink = &test->regions.sink;
}

static void take_story(struct test *test, struct trace_task_id task)
{
    assert_true(analysis_story_init(&test->story, &test->made.info, &task));
    test->made.sink = &test->story.sink;
}

static void end(struct test *test)
{
    if (test->tasks.info) analysis_tasks_free(&test->tasks);
    if (test->regions.info) analysis_regions_free(&test->regions);
    if (test->story.info) analysis_story_free(&test->story);
    analysis_filter_free(&test->filter);
    handmade_end(&test->made);
}

static void feed_open(struct test *test, struct trace_task_id task, struct trace_task_id parent)
{
    feed(&test->made, (struct trace_event){.time = WINDOW,
                                           .kind = TRACE_TASK_OPEN,
                                           .thread = UINT32_MAX,
                                           .site = task.site,
                                           .task = task,
                                           .other = parent});
}

static const struct analysis_task_row *row(const struct test *test, const char *type)
{
    for (size_t i = 0; i < test->tasks.rows.count; i++)
        if (strcmp(test->tasks.rows.items[i].type, type) == 0) return &test->tasks.rows.items[i];
    fail_msg("no row of type %s", type);
    return NULL;
}

static const struct analysis_stats *stats_of(const struct test *test, const char *type)
{
    for (size_t i = 0; i < test->regions.rows.count; i++)
        if (strcmp(test->regions.rows.items[i].type, type) == 0) return &test->regions.rows.items[i].stats;
    fail_msg("no region of type %s", type);
    return NULL;
}

/* ---- Windows --------------------------------------------------------------------------------------------- */

static void listed_tasks_have_their_true_begin_and_parent(void **state)
{
    (void)state;
    struct test test;
    struct trace_task_id root = task_id(ORDER, 1, 100), child = task_id(PAYMENT, 2, 200);
    begin(&test, WINDOW);
    take_tasks(&test, false);
    feed_open(&test, root, background);
    feed_open(&test, child, root);
    feed_end(&test.made, 1600, MAIN, child, HERE);
    feed_done(&test.made);
    assert_int_equal(row(&test, "order")->stats.unfinished, 1);
    assert_int_equal(row(&test, "order")->stats.before_window, 1);
    assert_int_equal(row(&test, "payment")->stats.time.max, 1400);
    assert_int_equal(row(&test, "payment")->stats.before_window, 1);
    assert_int_equal(row(&test, "payment")->stats.begin_lost, 0);
    assert_int_equal(test.tasks.slowest.items[0].parent.id, root.id);
    assert_int_equal(test.tasks.slowest.items[0].begin, ANALYSIS_BEGIN_LISTED);
    assert_int_equal(test.made.diagnostics.count, 0);
    end(&test);
}

static void a_begin_may_follow_its_listing(void **state)
{
    (void)state;
    struct test test;
    struct trace_task_id root = task_id(ORDER, 1, 1500), child = task_id(PAYMENT, 2, 1600);
    begin(&test, WINDOW);
    take_tasks(&test, false);
    feed_open(&test, root, background);
    feed_open(&test, child, root);
    feed_begin(&test.made, MAIN, root, background);
    feed_begin(&test.made, MAIN, child, root);
    feed_end(&test.made, 1700, MAIN, child, HERE);
    feed_end(&test.made, 1900, WORKER, root, HERE);
    feed_done(&test.made);
    assert_int_equal(row(&test, "order")->stats.count, 1);
    assert_int_equal(row(&test, "order")->stats.before_window, 0);
    assert_int_equal((uint64_t)row(&test, "order")->stats.self, 300); /* one child, counted once */
    assert_int_equal(row(&test, "order")->slowest.begin, ANALYSIS_BEGIN_SEEN);
    assert_int_equal(row(&test, "order")->slowest.begin_thread, MAIN);
    assert_int_equal(test.made.diagnostics.count, 0);
    end(&test);
}

static void subtasks_cover_from_their_true_begin_on(void **state)
{
    (void)state;
    struct test test;
    struct trace_task_id root = task_id(ORDER, 1, 100), child = task_id(PAYMENT, 2, 200);
    begin(&test, WINDOW);
    take_tasks(&test, false);
    feed_open(&test, root, background);
    feed_open(&test, child, root);
    feed_open(&test, task_id(PAYMENT, 3, 700), root);
    feed_end(&test.made, 1100, MAIN, child, HERE);
    feed_end(&test.made, 1200, MAIN, task_id(PAYMENT, 3, 700), HERE);
    feed_end(&test.made, 2100, MAIN, root, HERE);
    feed_done(&test.made);
    assert_int_equal((uint64_t)row(&test, "order")->stats.self, 2000 - 1000);
    end(&test);
}

/* Not listed, no end: it had ended. But a table that was full tells nothing. */
static void what_is_not_listed_has_ended_before_the_window(void **state)
{
    (void)state;
    for (uint64_t overflow = 0; overflow < 2; overflow++) {
        struct test test;
        struct trace_task_id over = task_id(ORDER, 1, 100), ends = task_id(ORDER, 2, 1000);
        struct trace_task_id lost = task_id(ORDER, 3, 1001);
        begin(&test, WINDOW);
        test.process.tasks_overflow = overflow;
        take_tasks(&test, false);
        feed_log(&test.made, 1100, MAIN, over, "late");
        feed_end(&test.made, 1200, MAIN, ends, HERE);
        feed_log(&test.made, 1300, MAIN, lost, "its begin should be there");
        feed_done(&test.made);
        assert_int_equal(row(&test, "order")->stats.count, 2 + overflow);
        assert_int_equal(row(&test, "order")->stats.unfinished, 1 + overflow);
        assert_int_equal(row(&test, "order")->stats.before_window, 1 + overflow);
        assert_int_equal(row(&test, "order")->stats.begin_lost, 1);
        end(&test);
    }
}

/* That a child is listed says nothing of its parent, which may have ended long ago. */
static void a_listed_childs_parent_need_not_be_open(void **state)
{
    (void)state;
    struct test test;
    begin(&test, WINDOW);
    take_tasks(&test, false);
    feed_open(&test, task_id(PAYMENT, 2, 200), task_id(ORDER, 1, 100));
    feed_open(&test, task_id(PAYMENT, 3, 200), task_of_round(1, ORDER, 4, 50));
    feed_done(&test.made);
    assert_int_equal(test.tasks.rows.count, 1);
    assert_int_equal(row(&test, "payment")->stats.unfinished, 2);
    end(&test);
}

/* Its time was not counted against a parent that was not known yet, and its end must not be either. */
static void a_parent_that_turns_up_late_has_its_own_children(void **state)
{
    (void)state;
    struct test test;
    struct trace_task_id parent = task_id(ORDER, 1, 100), early = task_id(PAYMENT, 2, 200);
    struct trace_task_id late = task_id(PAYMENT, 3, 1500);
    begin(&test, WINDOW);
    take_tasks(&test, false);
    feed_open(&test, early, parent);
    feed_begin(&test.made, MAIN, late, parent);
    feed_end(&test.made, 1600, MAIN, early, HERE);
    feed_end(&test.made, 1700, MAIN, late, HERE);
    feed_end(&test.made, 2100, MAIN, parent, HERE);
    feed_done(&test.made);
    assert_int_equal((uint64_t)row(&test, "order")->stats.self, 2000 - 200);
    end(&test);
}

static void regions_from_before_the_window_are_no_finding(void **state)
{
    (void)state;
    struct test test;
    struct trace_region_id named = region_id(BREW, 1, 500, UINT32_MAX, background);
    struct trace_region_id listed = region_id(WAIT, 2, 600, MAIN, background);
    struct trace_region_id lost = region_id(BREW, 3, 1001, UINT32_MAX, background);
    begin(&test, WINDOW);
    take_regions(&test);
    feed_region_open(&test.made, 1100, listed);
    feed_region_end(&test.made, 1200, WORKER, named, HERE);
    feed_region_end(&test.made, 1300, MAIN, listed, HERE);
    assert_int_equal(test.made.diagnostics.count, 0);
    feed_region_end(&test.made, 1400, WORKER, lost, HERE);
    feed_done(&test.made);
    assert_int_equal(stats_of(&test, "brew")->before_window, 1);
    assert_int_equal(stats_of(&test, "brew")->begin_lost, 1);
    assert_int_equal(stats_of(&test, "wait")->before_window, 1);
    assert_int_equal(stats_of(&test, "wait")->time.max, 700);
    assert_int_equal(found(&test.made, "region_begin_lost", NULL), 1);
    end(&test);
}

/* The inner region may have ended where the thread's events are missing. */
static void an_end_behind_a_gap_is_not_misnested(void **state)
{
    (void)state;
    for (int gap = 0; gap < 2; gap++) {
        struct test test;
        struct trace_region_id outer = region_id(WAIT, 1, 100, MAIN, background);
        struct trace_region_id inner = region_id(BREW, 2, 200, MAIN, background);
        begin(&test, 0);
        take_regions(&test);
        feed_region(&test.made, outer);
        feed_region(&test.made, inner);
        feed(&test.made,
             (struct trace_event){.time = 300, .kind = TRACE_LOG, .thread = MAIN, .after_gap = gap});
        feed_region_end(&test.made, 400, MAIN, outer, HERE);
        feed_done(&test.made);
        assert_int_equal(found(&test.made, "misnested", NULL), 1 - gap);
        assert_int_equal(stats_of(&test, "wait")->errors, 1 - gap);
        end(&test);
    }
}

static void the_story_begins_where_the_task_did(void **state)
{
    (void)state;
    struct test test;
    struct trace_task_id root = task_id(ORDER, 1, 100), task = task_id(PAYMENT, 2, 200);
    struct trace_task_id child = task_id(PAYMENT, 3, 300);
    begin(&test, WINDOW * 10);
    take_story(&test, task);
    feed_open(&test, root, background);
    feed_open(&test, task, root);
    feed_open(&test, child, task);
    feed_log(&test.made, 12000, MAIN, child, "of the child");
    feed_begin(&test.made, WORKER, task, root); /* from a chunk that is older than the window */
    feed_end(&test.made, 30000, MAIN, task, HERE);
    feed_done(&test.made);
    assert_int_equal(test.story.tasks.count, 2);
    assert_int_equal(test.story.tasks.items[0].task.begin, ANALYSIS_BEGIN_SEEN);
    assert_int_equal(test.story.tasks.items[1].task.begin, ANALYSIS_BEGIN_LISTED);
    assert_int_equal(test.story.tasks.items[1].parent, 0);
    assert_int_equal(test.story.ancestors.count, 1);
    assert_int_equal(test.story.ancestors.items[0].id, root.id);
    assert_int_equal(test.story.begin_ticks, 200);
    const struct analysis_story_line *lines = test.story.lines.items;
    assert_int_equal(lines[1].kind, ANALYSIS_STORY_UNSEEN);
    assert_int_equal(lines[1].time, 200);
    assert_int_equal(lines[1].end, 10000);
    assert_int_equal(lines[2].kind, ANALYSIS_STORY_GAP);
    assert_int_equal(lines[2].time, 10000);
    end(&test);
}

static void the_story_of_what_is_over_ends_with_the_window(void **state)
{
    (void)state;
    struct test test;
    struct trace_task_id task = task_id(PAYMENT, 2, 200);
    begin(&test, WINDOW);
    take_story(&test, task);
    feed_log(&test.made, 1200, MAIN, task, "late");
    feed_done(&test.made);
    assert_int_equal(test.story.tasks.items[0].task.begin, ANALYSIS_BEGIN_LEFT);
    assert_int_equal(test.story.end_ticks, WINDOW);
    assert_int_equal(test.story.lines.count, 2); /* the unseen time, and the log */
    end(&test);
}

/* ---- Sampling ---------------------------------------------------------------------------------------------- */

static void feed_whole(struct test *test, struct trace_task_id task, struct trace_task_id parent,
                       uint64_t ticks)
{
    feed_begin(&test->made, MAIN, task, parent);
    feed_end(&test->made, task.birth + ticks, MAIN, task, HERE);
}

/* Two of twenty orders, each with a payment; one payment without an order. */
static void feed_sampled(struct test *test)
{
    struct trace_task_id first = task_id(ORDER, 1, 100), second = task_id(ORDER, 2, 1000);
    feed_begin(&test->made, MAIN, first, background);
    feed_whole(test, task_id(PAYMENT, 3, 200), first, 10);
    feed_end(&test->made, 300, MAIN, first, HERE);
    feed_begin(&test->made, MAIN, second, background);
    feed_whole(test, task_id(PAYMENT, 4, 1100), second, 30);
    feed_end(&test->made, 1300, MAIN, second, HERE);
    feed_whole(test, task_id(PAYMENT, 5, 2000), background, 1000);
    feed_done(&test->made);
}

static void begin_sampled(struct test *test, uint64_t window)
{
    begin(test, window);
    test->sites[ORDER].one_in = 8;
    test->sites[ORDER].skipped = 18;
}

static void a_recorded_task_stands_for_those_that_were_not(void **state)
{
    (void)state;
    struct test test;
    struct analysis_summary summary;
    begin_sampled(&test, 0);
    take_tasks(&test, false);
    feed_sampled(&test);
    const struct analysis_task_row *orders = row(&test, "order"), *payments = row(&test, "payment");
    assert_int_equal(orders->stats.count, 2);
    assert_int_equal(orders->stats.estimated, 20); /* exact: counted, not 2 * 8 */
    assert_int_equal(orders->one_in_min, 8);
    assert_int_equal(orders->one_in_max, 8);
    assert_int_equal(orders->skipped, 18);
    assert_int_equal((uint64_t)orders->stats.estimated_total, 8 * (200 + 300));
    assert_int_equal(payments->stats.count, 3);
    assert_int_equal(payments->stats.estimated, 8 + 8 + 1);
    assert_int_equal((uint64_t)payments->stats.time.sum, 1040);
    assert_int_equal((uint64_t)payments->stats.estimated_total, 8 * 10 + 8 * 30 + 1000);
    analysis_summarize(&summary, &payments->stats, &test.made.info.clock);
    assert_int_equal(summary.p50_ns, 30); /* the ninth of 17; without weights it is the same */
    assert_int_equal(summary.p90_ns, 30); /* the 16th; without weights 1000 */
    assert_int_equal(summary.mean_ns, (8 * 10 + 8 * 30 + 1000 + 8) / 17);
    assert_int_equal(summary.max_ns, 1000);
    end(&test);
}

static void weights_may_come_in_any_order(void **state)
{
    (void)state;
    struct test test;
    struct analysis_summary summary;
    struct trace_task_id order = task_id(ORDER, 1, 2000);
    begin_sampled(&test, 0);
    take_tasks(&test, false);
    feed_whole(&test, task_id(PAYMENT, 2, 100), background, 10);
    feed_begin(&test.made, MAIN, order, background);
    feed_whole(&test, task_id(PAYMENT, 3, 2100), order, 90);
    feed_whole(&test, task_id(PAYMENT, 4, 3000), background, 5000);
    feed_done(&test.made);
    analysis_summarize(&summary, &row(&test, "payment")->stats, &test.made.info.clock);
    assert_int_equal(summary.estimated_count, 10);
    assert_int_equal(summary.p50_ns, 90);
    assert_int_equal(summary.mean_ns, (10 + 8 * 90 + 5000) / 10);
    end(&test);
}

/* By the total of all there was, not of what was recorded: payments 1040 of 500, but 1320 of 4000. */
static void rows_stand_in_the_order_of_estimates(void **state)
{
    (void)state;
    struct test test;
    begin_sampled(&test, 0);
    take_tasks(&test, false);
    feed_sampled(&test);
    assert_string_equal(test.tasks.rows.items[0].type, "order");
    end(&test);
}

static void what_cannot_be_counted_is_estimated_by_weight(void **state)
{
    (void)state;
    struct test test;
    begin_sampled(&test, 0);
    test.spec.min_ns = 250; /* how many of the skipped would meet that is not known */
    take_tasks(&test, true);
    feed_sampled(&test);
    assert_int_equal(row(&test, "order")->stats.count, 1);
    assert_int_equal(row(&test, "order")->stats.estimated, 8);
    assert_false(row(&test, "order")->skipped_known);
    end(&test);
    begin_sampled(&test, 50); /* skipped is of the whole recording, the recorded ones of the window */
    take_tasks(&test, false);
    feed_sampled(&test);
    assert_int_equal(row(&test, "order")->stats.estimated, 16);
    end(&test);
    begin_sampled(&test, 0);
    test.spec.type = "ord*";
    take_tasks(&test, true);
    feed_sampled(&test);
    assert_int_equal(row(&test, "order")->stats.estimated, 20);
    end(&test);
}

static void types_of_which_nothing_was_recorded_have_a_row(void **state)
{
    (void)state;
    struct test test;
    begin_sampled(&test, 0);
    take_tasks(&test, false);
    feed_done(&test.made);
    assert_int_equal(test.tasks.rows.count, 1);
    assert_int_equal(row(&test, "order")->stats.count, 0);
    assert_int_equal(row(&test, "order")->stats.estimated, 18);
    end(&test);
    begin_sampled(&test, 0);
    test.spec.type = "pay*";
    take_tasks(&test, true);
    feed_done(&test.made);
    assert_int_equal(test.tasks.rows.count, 0);
    end(&test);
}

static void regions_weigh_what_their_task_does(void **state)
{
    (void)state;
    struct test test;
    struct trace_task_id order = task_id(ORDER, 1, 100), payment = task_id(PAYMENT, 2, 150);
    begin_sampled(&test, 0);
    take_regions(&test);
    struct trace_region_id regions[] = {region_id(BREW, 1, 200, MAIN, order),
                                        region_id(BREW, 2, 300, MAIN, payment),
                                        region_id(BREW, 3, 400, MAIN, background)};
    feed_begin(&test.made, MAIN, order, background);
    feed_begin(&test.made, MAIN, payment, order);
    for (int i = 0; i < 3; i++) {
        feed_region(&test.made, regions[i]);
        feed_region_end(&test.made, regions[i].birth + 10, MAIN, regions[i], HERE);
    }
    feed_done(&test.made);
    assert_int_equal(stats_of(&test, "brew")->count, 3);
    assert_int_equal(stats_of(&test, "brew")->estimated, 8 + 8 + 1);
    assert_int_equal((uint64_t)stats_of(&test, "brew")->estimated_self, 170);
    end(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listed_tasks_have_their_true_begin_and_parent),
        cmocka_unit_test(a_begin_may_follow_its_listing),
        cmocka_unit_test(subtasks_cover_from_their_true_begin_on),
        cmocka_unit_test(what_is_not_listed_has_ended_before_the_window),
        cmocka_unit_test(a_listed_childs_parent_need_not_be_open),
        cmocka_unit_test(a_parent_that_turns_up_late_has_its_own_children),
        cmocka_unit_test(regions_from_before_the_window_are_no_finding),
        cmocka_unit_test(an_end_behind_a_gap_is_not_misnested),
        cmocka_unit_test(the_story_begins_where_the_task_did),
        cmocka_unit_test(the_story_of_what_is_over_ends_with_the_window),
        cmocka_unit_test(a_recorded_task_stands_for_those_that_were_not),
        cmocka_unit_test(weights_may_come_in_any_order),
        cmocka_unit_test(rows_stand_in_the_order_of_estimates),
        cmocka_unit_test(what_cannot_be_counted_is_estimated_by_weight),
        cmocka_unit_test(types_of_which_nothing_was_recorded_have_a_row),
        cmocka_unit_test(regions_weigh_what_their_task_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
