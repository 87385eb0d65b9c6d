/* Details of tasks: what is known of each at its end, and what no longer counts. SPDX-License-Identifier: Apache-2.0 */
#include "handmade.h"

#include "analysis/details.h"

#include <stdlib.h>

static struct trace_task_id order, payment, other_order;
static struct handmade made;
static struct analysis_details details;

enum { ALL = 31, SEEN_MAX = 8 };

/* What was handed out, with texts made to last. */
static struct seen {
    struct analysis_task task;
    struct analysis_detail detail;
    struct analysis_detail_attr attrs[4];
    struct analysis_detail_log logs[4];
    struct analysis_detail_part subtasks[4], regions[4];
    uint32_t threads[4];
    char attr_text[64], log_text[ANALYSIS_DETAIL_LOG_BYTES + 1];
} seen[SEEN_MAX];
static size_t seen_count;

#define KEEP(list, from, count) memcpy((list), (from), ((count) < 4 ? (count) : 4) * sizeof *(from))

static bool take(void *data, const struct analysis_detail *detail)
{
    (void)data;
    struct seen *now = &seen[seen_count++ % SEEN_MAX];
    memset(now, 0, sizeof *now);
    now->task = *detail->task;
    now->detail = *detail;
    if (detail->attr_count) KEEP(now->attrs, detail->attrs, detail->attr_count);
    if (detail->log_count) KEEP(now->logs, detail->logs, detail->log_count);
    if (detail->subtask_count) KEEP(now->subtasks, detail->subtasks, detail->subtask_count);
    if (detail->region_count) KEEP(now->regions, detail->regions, detail->region_count);
    if (detail->thread_count) KEEP(now->threads, detail->threads, detail->thread_count);
    if (detail->attr_count && detail->attrs->value.type == CAIRN_I_VALUE_TEXT)
        snprintf(now->attr_text, sizeof now->attr_text, "%.*s", (int)detail->attrs->value.text_bytes,
                 detail->attrs->value.text);
    if (detail->log_count)
        snprintf(now->log_text, sizeof now->log_text, "%.*s", (int)detail->logs->text_bytes,
                 detail->logs->text);
    return true;
}

/* The sites, with equal numbers for equal texts, as a source gives them. */
static struct trace_site sites[SITES];

static void begin_trace(void)
{
    handmade_begin(&made);
    memcpy(sites, handmade_sites, sizeof sites);
    sites[PAYMENT].type = sites[WAIT].type = sites[HERE].type = 1;
    made.info.sites = sites;
}

static void begin_with(unsigned wanted)
{
    begin_trace();
    assert_true(analysis_details_init(&details, &made.info, NULL, wanted));
    details.each = take;
    made.sink = &details.sink;
    seen_count = 0;
}

static void finish(void)
{
    feed_done(&made);
    analysis_details_free(&details);
    handmade_end(&made);
}

static const struct seen *of(struct trace_task_id task)
{
    for (size_t i = 0; i < seen_count && i < SEEN_MAX; i++)
        if (seen[i].task.id.id == task.id) return &seen[i];
    fail_msg("the task was not handed out");
    return NULL;
}

static int set_up(void **state)
{
    (void)state;
    order = task_id(ORDER, 1, 100);
    payment = task_id(PAYMENT, 2, 300);
    other_order = task_id(ORDER, 3, 350);
    return 0;
}

/* ---- What is collected ------------------------------------------------------------------------------------------- */

static void the_last_value_of_an_attribute_counts(void **state)
{
    (void)state;
    begin_with(ANALYSIS_DETAIL_ATTRS);
    feed_begin(&made, MAIN, order, background);
    feed_attr(&made, 110, order, SIZE, text_value("a"));
    feed_attr(&made, 120, order, HERE, text_value("of another key"));
    feed_attr(&made, 130, order, SIZE, text_value("longer than before"));
    feed_attr(&made, 140, order, SIZE, text_value("short"));
    feed(&made, (struct trace_event){.time = 150,
                                     .kind = TRACE_ATTR,
                                     .site = SIZE,
                                     .task = order,
                                     .region = region_id(BREW, 1, 145, MAIN, order), /* not of the task */
                                     .value = {.type = CAIRN_I_VALUE_INT, .i = 3}});
    feed_end(&made, 600, MAIN, order, THERE);
    finish();
    assert_int_equal(of(order)->detail.attr_count, 2);
    assert_int_equal(of(order)->attrs[0].site, SIZE);
    assert_string_equal(of(order)->attr_text, "short");
}

static void a_text_that_changes_again_and_again_takes_no_more_room(void **state)
{
    (void)state;
    char text[100] = "";
    begin_with(ANALYSIS_DETAIL_ATTRS);
    feed_begin(&made, MAIN, order, background);
    for (unsigned i = 0; i < 100000; i++) {
        memset(text, 'x', i % 99);
        text[i % 99] = 0;
        feed_attr(&made, 110, order, SIZE, text_value(text));
    }
    feed_end(&made, 600, MAIN, order, THERE);
    finish();
    assert_true(of(order)->attrs[0].text_room < 200 && of(order)->attrs[0].text_at < 400);
}

static void logs_that_are_alike_are_one(void **state)
{
    (void)state;
    char longer[300];
    memset(longer, 'y', sizeof longer);
    longer[sizeof longer - 1] = 0;
    begin_with(ANALYSIS_DETAIL_LOGS);
    feed_begin(&made, MAIN, order, background);
    for (unsigned i = 0; i < 5; i++) feed_log(&made, 200, MAIN, order, i % 2 ? "ready" : longer);
    feed_log(&made, 300, MAIN, background, "nobody's");
    feed_end(&made, 600, MAIN, order, THERE);
    finish();
    const struct seen *found = of(order);
    assert_int_equal(found->detail.log_count, 2);
    assert_int_equal(found->detail.log_total, 5);
    assert_int_equal(found->logs[0].count, 3);
    assert_int_equal(found->logs[1].count, 2);
    assert_int_equal(found->logs[0].text_bytes, ANALYSIS_DETAIL_LOG_BYTES);
    assert_int_equal(strspn(found->log_text, "y"), ANALYSIS_DETAIL_LOG_BYTES);
}

static void logs_are_counted_though_not_collected(void **state)
{
    (void)state;
    begin_with(0);
    feed_begin(&made, MAIN, order, background);
    feed_log(&made, 200, MAIN, order, "one");
    feed_log(&made, 210, MAIN, order, "two");
    feed_end(&made, 600, MAIN, order, THERE);
    finish();
    assert_int_equal(of(order)->detail.log_count, 0);
    assert_int_equal(of(order)->detail.log_total, 2);
}

static void parts_that_are_open_at_the_end_count_until_then(void **state)
{
    (void)state;
    const struct trace_region_id closed = region_id(BREW, 1, 150, MAIN, order);
    const struct trace_region_id open = region_id(BREW_ELSEWHERE, 2, 400, MAIN, order);
    const struct trace_region_id wait = region_id(WAIT, 3, 500, WORKER, order);
    begin_with(ALL);
    feed_begin(&made, MAIN, order, background);
    feed_region(&made, closed);
    feed_region_end(&made, 200, MAIN, closed, THERE);
    feed_begin(&made, WORKER, payment, order);
    feed_region(&made, open);
    feed_region(&made, wait);
    feed_region_end(&made, 550, MAIN, wait, THERE); /* by another thread */
    feed_end(&made, 600, MAIN, order, THERE);
    feed_region_end(&made, 700, MAIN, open, THERE);
    feed_end(&made, 900, WORKER, payment, THERE);
    finish();
    const struct seen *found = of(order);
    assert_int_equal(found->detail.region_count, 2); /* types, not call sites */
    assert_int_equal(found->regions[0].count, 2);
    assert_int_equal(found->regions[0].ticks, 50 + 200);
    assert_int_equal(found->regions[1].ticks, 50);
    assert_int_equal(found->detail.subtask_count, 1);
    assert_int_equal(found->detail.subtask_total, 1);
    assert_int_equal(found->subtasks[0].ticks, 300);
    assert_int_equal(of(payment)->detail.parent_site, ORDER);
    assert_int_equal(of(payment)->detail.region_count, 0);
}

static void what_is_never_ended_counts_until_the_trace_ends(void **state)
{
    (void)state;
    begin_with(ALL);
    feed_begin(&made, MAIN, order, background);
    feed_begin(&made, MAIN, payment, order);
    feed_region(&made, region_id(BREW, 1, 400, MAIN, payment));
    finish();
    assert_int_equal(of(order)->task.status, ANALYSIS_UNFINISHED);
    assert_int_equal(of(order)->subtasks[0].ticks, 1000000 - 300);
    assert_int_equal(of(payment)->regions[0].ticks, 1000000 - 400);
}

/* Clocks of processors disagree: what seems to begin after the end has lasted for no time. */
static void time_of_parts_never_wraps(void **state)
{
    (void)state;
    begin_with(ALL);
    feed_begin(&made, MAIN, order, background);
    feed_region(&made, region_id(BREW, 1, 605, WORKER, order));
    feed_end(&made, 600, MAIN, order, THERE);
    finish();
    assert_int_equal(of(order)->regions[0].count, 1);
    assert_int_equal(of(order)->regions[0].ticks, 0);
}

/* A damaged chunk goes on with a task that it has not named: its id is known, not its begin. */
static void regions_end_for_a_task_of_unknown_begin(void **state)
{
    (void)state;
    struct trace_task_id unborn = order;
    unborn.birth = UINT64_MAX;
    const struct trace_region_id region = region_id(BREW, 1, 200, WORKER, unborn);
    begin_with(ALL);
    feed_begin(&made, MAIN, order, background);
    feed_region(&made, region);
    feed_region_end(&made, 230, WORKER, region, HERE);
    feed_end(&made, 600, MAIN, order, THERE);
    finish();
    assert_int_equal(of(order)->regions[0].ticks, 30);
}

static void whole_and_listed_regions_count_once(void **state)
{
    (void)state;
    const struct trace_region_id listed = region_id(WAIT, 5, 50, MAIN, order);
    begin_with(ANALYSIS_DETAIL_REGIONS);
    feed_begin(&made, MAIN, order, background);
    for (unsigned i = 0; i < 2; i++) feed_region_open(&made, 110 + i, listed);
    feed(&made, (struct trace_event){.time = 120,
                                     .kind = TRACE_REGION_AT,
                                     .thread = MAIN,
                                     .site = BREW,
                                     .task = order,
                                     .region = region_id(BREW, 6, 60, MAIN, order),
                                     .end_ticks = 75});
    feed(&made, (struct trace_event){.time = 121,
                                     .kind = TRACE_REGION_AT,
                                     .thread = MAIN,
                                     .site = BREW,
                                     .task = order,
                                     .region = region_id(BREW, 7, 60, MAIN, order),
                                     .end_ticks = 59}); /* backwards: none */
    feed_region_end(&made, 150, MAIN, listed, THERE);
    feed_end(&made, 600, MAIN, order, THERE);
    finish();
    assert_int_equal(of(order)->detail.region_count, 2);
    assert_int_equal(of(order)->regions[0].count, 1);
    assert_int_equal(of(order)->regions[0].ticks, 100);
    assert_int_equal(of(order)->regions[1].count, 1);
    assert_int_equal(of(order)->regions[1].ticks, 15);
}

static void threads_and_open_tasks_of_the_type_are_known(void **state)
{
    (void)state;
    begin_with(ANALYSIS_DETAIL_THREADS);
    feed_begin(&made, MAIN, order, background);
    feed_begin(&made, MAIN, payment, order);
    feed_begin(&made, WORKER, other_order, background);
    feed_log(&made, 400, WORKER, order, "here");
    feed_log(&made, 410, MAIN, order, "and there");
    feed_end(&made, 600, MAIN, order, THERE);
    const struct trace_task_id next = task_id(ORDER, 4, 700);
    feed_begin(&made, MAIN, next, background);
    finish();
    assert_int_equal(of(order)->detail.thread_count, 2);
    assert_int_equal(of(order)->threads[0], MAIN);
    assert_int_equal(of(order)->threads[1], WORKER);
    assert_int_equal(of(order)->detail.concurrent, 0);
    assert_int_equal(of(payment)->detail.concurrent, 0);
    assert_int_equal(of(other_order)->detail.concurrent, 1);
    assert_int_equal(of(next)->detail.concurrent, 1);
}

/* ---- What is not ---------------------------------------------------------------------------------------------------- */

static void what_comes_late_is_dropped_and_a_slot_begins_empty(void **state)
{
    (void)state;
    begin_with(ALL);
    feed_begin(&made, MAIN, order, background);
    feed_attr(&made, 110, order, SIZE, text_value("a"));
    feed_log(&made, 120, MAIN, order, "in time");
    feed_region(&made, region_id(BREW, 1, 150, MAIN, order));
    feed_end(&made, 200, MAIN, order, THERE);
    feed_log(&made, 210, MAIN, order, "late");
    feed_attr(&made, 220, order, SIZE, text_value("late"));
    feed_fail(&made, 230, MAIN, order);
    feed_begin(&made, WORKER, payment, order); /* its parent has ended */
    feed_end(&made, 400, WORKER, payment, THERE);
    finish();
    assert_int_equal(seen_count, 2);
    assert_int_equal(of(order)->detail.log_total, 1);
    assert_string_equal(of(order)->attr_text, "a");
    assert_int_equal(of(order)->detail.subtask_total, 0);
    const struct analysis_detail *detail = &of(payment)->detail;
    assert_int_equal(detail->attr_count + detail->log_count + detail->region_count + detail->log_total, 0);
    assert_int_equal(detail->parent_site, ORDER);
}

static void tasks_of_which_nothing_came_are_handed_out_empty(void **state)
{
    (void)state;
    begin_with(ALL);
    feed_begin(&made, WORKER, payment, order); /* names its parent, of which nothing else is in the trace */
    feed_end(&made, 400, WORKER, payment, THERE);
    finish();
    assert_int_equal(seen_count, 2);
    assert_int_equal(of(order)->detail.thread_count, 0);
    assert_int_equal(of(order)->detail.subtask_total, 0);
}

static void details_of_one_task_are_bounded_and_the_rest_counted(void **state)
{
    (void)state;
    char text[32];
    begin_with(ALL);
    feed_begin(&made, MAIN, order, background);
    for (unsigned i = 0; i < ANALYSIS_DETAIL_MAX + 10; i++) {
        snprintf(text, sizeof text, "message %u", i);
        feed_log(&made, 200 + i, MAIN, order, text);
    }
    feed_end(&made, 600, MAIN, order, THERE);
    finish();
    assert_int_equal(of(order)->detail.log_count, ANALYSIS_DETAIL_MAX);
    assert_int_equal(of(order)->detail.log_total, ANALYSIS_DETAIL_MAX + 10);
    assert_int_equal(of(order)->detail.left_out, 10);
}

static uint64_t mark_kinds(void *data, const struct trace_event *event)
{
    (void)data;
    return UINT64_C(1) << event->kind;
}

static void marks_are_those_of_its_events_together(void **state)
{
    (void)state;
    begin_with(0);
    details.mark = mark_kinds;
    feed_begin(&made, MAIN, order, background);
    feed_begin(&made, MAIN, payment, order);
    feed_log(&made, 400, MAIN, order, "x");
    feed_log(&made, 410, MAIN, background, "x");
    feed_end(&made, 600, MAIN, order, THERE);
    feed_fail(&made, 700, MAIN, payment);
    feed_region(&made, region_id(BREW, 1, 800, MAIN, payment)); /* late */
    finish();
    assert_int_equal(of(order)->detail.marks,
                     1u << TRACE_TASK_BEGIN | 1u << TRACE_LOG | 1u << TRACE_TASK_END);
    assert_int_equal(of(payment)->detail.marks, 1u << TRACE_TASK_BEGIN | 1u << TRACE_TASK_FAIL);
}

static void a_filter_decides_which_are_handed_out(void **state)
{
    (void)state;
    struct analysis_filter filter;
    const struct analysis_spec spec = {.where = "not root"};
    begin_trace();
    assert_int_equal(analysis_filter_init(&filter, ANALYSIS_TASKS, &spec, &made.info, NULL), 0);
    assert_true(analysis_details_init(&details, &made.info, &filter, ALL));
    details.each = take;
    made.sink = &details.sink;
    seen_count = 0;
    feed_begin(&made, MAIN, order, background);
    feed_begin(&made, MAIN, payment, order);
    feed_end(&made, 600, MAIN, payment, THERE);
    feed_end(&made, 700, MAIN, order, THERE);
    finish();
    analysis_filter_free(&filter);
    assert_int_equal(seen_count, 1);
    assert_int_equal(of(payment)->detail.thread_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_value_of_an_attribute_counts),
        cmocka_unit_test(a_text_that_changes_again_and_again_takes_no_more_room),
        cmocka_unit_test(logs_that_are_alike_are_one),
        cmocka_unit_test(logs_are_counted_though_not_collected),
        cmocka_unit_test(parts_that_are_open_at_the_end_count_until_then),
        cmocka_unit_test(what_is_never_ended_counts_until_the_trace_ends),
        cmocka_unit_test(time_of_parts_never_wraps),
        cmocka_unit_test(regions_end_for_a_task_of_unknown_begin),
        cmocka_unit_test(whole_and_listed_regions_count_once),
        cmocka_unit_test(threads_and_open_tasks_of_the_type_are_known),
        cmocka_unit_test(what_comes_late_is_dropped_and_a_slot_begins_empty),
        cmocka_unit_test(tasks_of_which_nothing_came_are_handed_out_empty),
        cmocka_unit_test(details_of_one_task_are_bounded_and_the_rest_counted),
        cmocka_unit_test(marks_are_those_of_its_events_together),
        cmocka_unit_test(a_filter_decides_which_are_handed_out),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
