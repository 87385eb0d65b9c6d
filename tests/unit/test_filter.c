/* Filters by options: every condition, for each subject; patterns; sets of ids. Expressions: test_where.c.
 * SPDX-License-Identifier: Apache-2.0 */
#include "handmade.h"

#include "analysis/analysis.h"

#include <stdlib.h>

/* order 1: 100 to 600 on main and worker, ends well, logs "foam". payment 2: 300 to 1300 on worker, fails.
 * order 3: begins at 900 on main, never ends. */
static struct trace_task_id order, payment, open_order;
static void feed_all(struct handmade *made)
{
    feed_begin(made, MAIN, order, background);
    feed_log(made, 200, MAIN, order, "extra foam");
    feed_begin(made, WORKER, payment, order);
    feed_log(made, 350, WORKER, payment, "till is open");
    feed_log(made, 400, WORKER, order, "ready");
    feed_end(made, 600, WORKER, order, HERE);
    feed_fail(made, 700, WORKER, order); /* too late: it has ended well */
    feed_begin(made, MAIN, open_order, background);
    feed_log(made, 950, MAIN, open_order, "waiting");
    feed_fail(made, 1300, WORKER, payment);
    feed_end(made, 1400, WORKER, payment, HERE); /* too late as well */
    feed_done(made);
}

struct fixture {
    struct handmade made;
    struct analysis_filter filter;
    struct cairn_error error;
};

static struct fixture now;

static int set_up(void **state)
{
    (void)state;
    order = task_id(ORDER, 1, 100);
    payment = task_id(PAYMENT, 2, 300);
    open_order = task_id(ORDER, 3, 900);
    return 0;
}

static bool prepare(enum analysis_subject subject, const struct analysis_spec *spec)
{
    handmade_begin(&now.made);
    if (analysis_filter_init(&now.filter, subject, spec, &now.made.info, &now.error) != 0) return false;
    if (!analysis_filter_needs_selection(&now.filter)) return true;
    struct analysis_selection selection;
    assert_true(analysis_selection_init(&selection, &now.filter));
    now.made.sink = &selection.sink;
    feed_all(&now.made);
    analysis_selection_free(&selection);
    return true;
}

static void finish(void)
{
    analysis_filter_free(&now.filter);
    handmade_end(&now.made);
}

/* Which of the three tasks pass, as bits 1, 2 and 4. */
static unsigned tasks_that_pass(const struct analysis_spec *spec)
{
    const struct analysis_task tasks[] = {
        {.id = order, .status = ANALYSIS_FINISHED, .end_ticks = 600, .end_thread = WORKER},
        {.id = payment, .parent = order, .status = ANALYSIS_FAILED, .end_ticks = 1300, .end_thread = WORKER},
        {.id = open_order, .status = ANALYSIS_UNFINISHED, .end_ticks = 1000000, .end_thread = UINT32_MAX}};
    unsigned passed = 0;
    assert_true(prepare(ANALYSIS_TASKS, spec));
    for (unsigned i = 0; i < 3; i++) passed |= analysis_filter_task(&now.filter, &tasks[i]) ? 1u << i : 0;
    finish();
    return passed;
}

static unsigned logs_that_pass(const struct analysis_spec *spec)
{
    const struct trace_event logs[] = {
        log_event(200, MAIN, order, "extra foam"), log_event(350, WORKER, payment, "till is open"),
        log_event(400, WORKER, order, "ready"), log_event(950, MAIN, open_order, "waiting"),
        log_event(960, MAIN, background, "nobody's")};
    unsigned passed = 0;
    assert_true(prepare(ANALYSIS_LOGS, spec));
    for (unsigned i = 0; i < 5; i++) passed |= analysis_filter_log(&now.filter, &logs[i]) ? 1u << i : 0;
    finish();
    return passed;
}

static unsigned regions_that_pass(const struct analysis_spec *spec)
{
    const struct analysis_region regions[] = {
        {.id = region_id(BREW, 1, 150, MAIN, order), .end_ticks = 250, .is_finished = true},
        {.id = region_id(WAIT, 2, 400, WORKER, payment), .end_ticks = 900, .is_finished = true},
        {.id = region_id(BREW, 3, 950, MAIN, open_order), .end_ticks = 1000000}};
    unsigned passed = 0;
    assert_true(prepare(ANALYSIS_REGIONS, spec));
    for (unsigned i = 0; i < 3; i++) passed |= analysis_filter_region(&now.filter, &regions[i]) ? 1u << i : 0;
    finish();
    return passed;
}

#define SPEC(...) (&(struct analysis_spec){__VA_ARGS__})

static void tasks_by_each_condition(void **state)
{
    (void)state;
    assert_int_equal(tasks_that_pass(SPEC(0)), 7);
    assert_int_equal(tasks_that_pass(SPEC(.type = "order")), 5);
    assert_int_equal(tasks_that_pass(SPEC(.type = "pay*")), 2);
    assert_int_equal(tasks_that_pass(SPEC(.type = "nothing")), 0);
    assert_int_equal(tasks_that_pass(SPEC(.task = "2")), 2);
    assert_int_equal(tasks_that_pass(SPEC(.from_ns = 300)), 6);
    assert_int_equal(tasks_that_pass(SPEC(.to_ns = 300)), 1);
    assert_int_equal(tasks_that_pass(SPEC(.from_ns = 100, .to_ns = 301)), 3);
    assert_int_equal(tasks_that_pass(SPEC(.min_ns = 501)), 6);
    assert_int_equal(tasks_that_pass(SPEC(.min_ns = 500, .max_ns = 500)), 1);
    assert_int_equal(tasks_that_pass(SPEC(.complete = true)), 3);
    assert_int_equal(tasks_that_pass(SPEC(.unfinished = true)), 4);
    assert_int_equal(tasks_that_pass(SPEC(.failed = true)), 2);
    assert_int_equal(tasks_that_pass(SPEC(.thread = "worker")), 3);
    assert_int_equal(tasks_that_pass(SPEC(.thread = "100")), 5);
    assert_int_equal(tasks_that_pass(SPEC(.log = "foam")), 1);
    assert_int_equal(tasks_that_pass(SPEC(.log = "foam", .thread = "worker", .type = "o*")), 1);
    assert_int_equal(tasks_that_pass(SPEC(.log = "foam", .failed = true)), 0);
}

static void logs_by_each_condition(void **state)
{
    (void)state;
    assert_int_equal(logs_that_pass(SPEC(0)), 31);
    assert_int_equal(logs_that_pass(SPEC(.type = "order")), 13);
    assert_int_equal(logs_that_pass(SPEC(.task = "1")), 5);
    assert_int_equal(logs_that_pass(SPEC(.task = "background")), 16);
    assert_int_equal(logs_that_pass(SPEC(.thread = "worker")), 6);
    assert_int_equal(logs_that_pass(SPEC(.from_ns = 350, .to_ns = 950)), 6);
    assert_int_equal(logs_that_pass(SPEC(.log = "a")), 13);
    assert_int_equal(logs_that_pass(SPEC(.complete = true)), 7);
    assert_int_equal(logs_that_pass(SPEC(.unfinished = true)), 8);
    assert_int_equal(logs_that_pass(SPEC(.failed = true)), 2);
    assert_int_equal(logs_that_pass(SPEC(.max_ns = 500)), 5);
    assert_int_equal(logs_that_pass(SPEC(.min_ns = 501)), 10);
    assert_int_equal(logs_that_pass(SPEC(.min_ns = 501, .complete = true)), 2);
}

static void regions_by_each_condition(void **state)
{
    (void)state;
    assert_int_equal(regions_that_pass(SPEC(0)), 7);
    assert_int_equal(regions_that_pass(SPEC(.type = "b?ew")), 5);
    assert_int_equal(regions_that_pass(SPEC(.task = "2")), 2);
    assert_int_equal(regions_that_pass(SPEC(.thread = "w*")), 2);
    assert_int_equal(regions_that_pass(SPEC(.from_ns = 400)), 6);
    assert_int_equal(regions_that_pass(SPEC(.min_ns = 101)), 6);
    assert_int_equal(regions_that_pass(SPEC(.max_ns = 100)), 1);
    assert_int_equal(regions_that_pass(SPEC(.complete = true)), 3);
    assert_int_equal(regions_that_pass(SPEC(.unfinished = true)), 4);
    assert_int_equal(regions_that_pass(SPEC(.failed = true)), 2);
    assert_int_equal(regions_that_pass(SPEC(.log = "open")), 2);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    const struct analysis_spec wrong[] = {
        {.unfinished = true, .complete = true},
        {.unfinished = true, .failed = true},
        {.from_ns = 5, .to_ns = 5},
        {.min_ns = 5, .max_ns = 4},
        {.task = "no id"},
        {.thread = "nobody"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(prepare(ANALYSIS_TASKS, &wrong[i]));
        assert_int_equal(now.error.code, CAIRN_EINVAL);
        finish();
    }
}

static void patterns_match_as_documented(void **state)
{
    (void)state;
    const struct {
        const char *pattern, *text;
        bool matches;
    } cases[] = {
        {"", "", true},           {"", "a", false},     {"*", "", true},     {"a", "a", true},
        {"a", "ab", false},       {"a*", "ab", true},   {"*b", "aab", true}, {"a*b*c", "aXbYbZc", true},
        {"a*b*c", "aXbY", false}, {"?", "", false},     {"??", "ab", true},  {"*a?", "banana", false},
        {"*a*", "banana", true},  {"[a]", "[a]", true}, {"[a]", "a", false}, {"**", "x", true},
        {"GET *", "GET /", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (analysis_glob(cases[i].pattern, cases[i].text) != cases[i].matches)
            fail_msg("'%s' on '%s'", cases[i].pattern, cases[i].text);
}

static void flags_of_a_set_stay_apart(void **state)
{
    (void)state;
    struct analysis_ids ids = {0};
    for (uint64_t serial = 0; serial < 5000; serial += 7) {
        struct trace_task_id task = task_id(ORDER, serial, 0);
        assert_true(analysis_ids_add(&ids, &task, (unsigned)(serial % 15 + 1)));
    }
    for (uint64_t serial = 0; serial < 5000; serial++) {
        struct trace_task_id task = task_id(PAYMENT, serial, 99), other = task_of_round(3, ORDER, serial, 0);
        assert_int_equal(analysis_ids_get(&ids, &task), serial % 7 ? 0 : serial % 15 + 1);
        assert_int_equal(analysis_ids_get(&ids, &other), 0);
        other = task, other.process = 1;
        assert_int_equal(analysis_ids_get(&ids, &other), 0);
    }
    analysis_ids_free(&ids);
}

/* One after the other has a number: the memory of one page of numbers serves them all. */
static void numbers_of_a_set_are_given_and_taken_away(void **state)
{
    (void)state;
    struct analysis_ids ids = {0};
    for (uint64_t serial = 1; serial < 5000; serial++) {
        struct trace_task_id task = task_id(ORDER, serial, 0), next = task_id(ORDER, serial + 1, 0);
        assert_true(analysis_ids_add(&ids, &task, 5));
        assert_true(analysis_ids_number(&ids, &task, (uint32_t)serial));
        assert_true(analysis_ids_number(&ids, &task, (uint32_t)serial * 3));
        assert_int_equal(analysis_ids_number_of(&ids, &task), serial * 3);
        assert_int_equal(analysis_ids_number_of(&ids, &next), 0);
        assert_true(analysis_ids_number(&ids, &task, 0));
        assert_int_equal(analysis_ids_number_of(&ids, &task), 0);
        assert_int_equal(analysis_ids_get(&ids, &task), 5);
    }
    struct trace_task_id task = task_id(ORDER, 1, 0);
    assert_non_null(ids.free_numbers);
    assert_true(analysis_ids_number(&ids, &task, 1));
    assert_null(ids.free_numbers);
    analysis_ids_free(&ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_by_each_condition),
        cmocka_unit_test(logs_by_each_condition),
        cmocka_unit_test(regions_by_each_condition),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(patterns_match_as_documented),
        cmocka_unit_test(flags_of_a_set_stay_apart),
        cmocka_unit_test(numbers_of_a_set_are_given_and_taken_away),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
