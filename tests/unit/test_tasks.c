/* Tasks per type, from events made by hand. SPDX-License-Identifier: Apache-2.0 */
#include "handmade.h"

#include "analysis/tasks.h"

#include <stdlib.h>

static void begin(struct handmade *made, struct analysis_tasks *tasks, size_t slowest)
{
    handmade_begin(made);
    assert_true(analysis_tasks_init(tasks, &made->info, NULL, slowest));
    made->sink = &tasks->sink;
}

static void end(struct handmade *made, struct analysis_tasks *tasks)
{
    analysis_tasks_free(tasks);
    handmade_end(made);
}

static const struct analysis_stats *row(const struct analysis_tasks *tasks, const char *type)
{
    for (size_t i = 0; i < tasks->rows.count; i++)
        if (strcmp(tasks->rows.items[i].type, type) == 0) return &tasks->rows.items[i].stats;
    fail_msg("no row of type %s", type);
    return NULL;
}

static void latency_is_from_birth_to_first_end(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_tasks tasks;
    struct trace_task_id one = task_id(ORDER, 1, 100), two = task_id(ORDER, 2, 150);
    begin(&made, &tasks, 0);
    feed_begin(&made, MAIN, one, background);
    feed_begin(&made, MAIN, two, background);
    feed_end(&made, 400, WORKER, one, HERE);
    feed_fail(&made, 500, MAIN, two);
    feed_done(&made);
    const struct analysis_stats *orders = row(&tasks, "order");
    assert_int_equal(orders->count, 2);
    assert_int_equal(orders->unfinished, 0);
    assert_int_equal(orders->errors, 1);
    assert_int_equal((uint64_t)orders->time.sum, 300 + 350);
    assert_int_equal(orders->time.min, 300);
    assert_int_equal(orders->time.max, 350);
    assert_int_equal(made.diagnostics.count, 0);
    end(&made, &tasks);
}

static void first_end_counts_and_later_ones_are_shown(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_tasks tasks;
    struct trace_task_id one = task_id(ORDER, 1, 100);
    const char *example = "";
    begin(&made, &tasks, 0);
    feed_begin(&made, MAIN, one, background);
    feed_end(&made, 400, MAIN, one, HERE);
    feed_fail(&made, 900, WORKER, one);
    feed_end(&made, 950, WORKER, one, THERE);
    feed_log(&made, 960, WORKER, one, "late");
    feed_done(&made);
    assert_int_equal(row(&tasks, "order")->count, 1);
    assert_int_equal(row(&tasks, "order")->errors, 0);
    assert_int_equal((uint64_t)row(&tasks, "order")->time.sum, 300);
    assert_int_equal(found(&made, "double_end", &example), 2);
    assert_non_null(strstr(example, "ended at shop.c:91 (here) and again at shop.c:91 (here)"));
    end(&made, &tasks);
}

/* While it is open, and when it is over. */
static void first_begin_counts_and_later_ones_are_shown(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_tasks tasks;
    struct trace_task_id one = task_id(ORDER, 1, 100), again = task_id(ORDER, 1, 200),
                         late = task_id(ORDER, 1, 500);
    const char *example = "";
    begin(&made, &tasks, 0);
    feed_begin(&made, MAIN, one, background);
    feed_begin(&made, WORKER, again, background);
    feed_end(&made, 400, MAIN, one, HERE);
    feed_begin(&made, MAIN, late, background);
    feed_done(&made);
    assert_int_equal(row(&tasks, "order")->count, 1);
    assert_int_equal((uint64_t)row(&tasks, "order")->time.sum, 300);
    assert_int_equal(found(&made, "double_begin", &example), 2);
    assert_string_equal(example, "task 1 'order'");
    end(&made, &tasks);
}

static void tasks_without_begin_are_told_apart(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_tasks tasks;
    struct trace_task_id before = task_of_round(1, ORDER, 7, 20), lost = task_id(ORDER, 7, 50);
    struct trace_task_id off = {.id = CAIRN_ID_OFF};
    begin(&made, &tasks, 0);
    feed_log(&made, 100, MAIN, before, "goes on");
    feed_end(&made, 120, MAIN, before, HERE);
    feed_end(&made, 130, MAIN, lost, HERE);
    feed_log(&made, 140, MAIN, off, "who am I");
    feed_log(&made, 141, MAIN, off, "still");
    feed_log(&made, 142, MAIN, background, "nobody's");
    feed_done(&made);
    assert_int_equal(row(&tasks, "order")->count, 2);
    assert_int_equal(row(&tasks, "order")->begun_before, 1);
    assert_int_equal(row(&tasks, "order")->begin_lost, 1);
    assert_int_equal((uint64_t)row(&tasks, "order")->time.sum, 100 + 80);
    assert_int_equal(row(&tasks, "(begun while off)")->count, 1);
    assert_int_equal(tasks.rows.count, 2);
    end(&made, &tasks);
}

static void what_never_ends_is_unfinished(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_tasks tasks;
    begin(&made, &tasks, 5);
    feed_begin(&made, MAIN, task_id(ORDER, 1, 100), background);
    feed_log(&made, 200, MAIN, task_id(PAYMENT, 2, 50), "mentioned only");
    feed_done(&made);
    assert_int_equal(row(&tasks, "order")->unfinished, 1);
    assert_int_equal(row(&tasks, "order")->time.count, 0);
    assert_int_equal(row(&tasks, "payment")->unfinished, 1);
    assert_int_equal(row(&tasks, "payment")->begin_lost, 1);
    assert_int_equal(tasks.slowest.count, 0);
    end(&made, &tasks);
}

static void self_time_is_without_the_union_of_subtasks(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_tasks tasks;
    struct trace_task_id order = task_id(ORDER, 1, 100);
    struct trace_task_id a = task_id(PAYMENT, 2, 200), b = task_id(PAYMENT, 3, 250),
                         c = task_id(PAYMENT, 4, 600);
    begin(&made, &tasks, 0);
    feed_begin(&made, MAIN, order, background);
    feed_begin(&made, MAIN, a, order);
    feed_begin(&made, WORKER, b, order);
    feed_end(&made, 300, MAIN, a, HERE);
    feed_end(&made, 400, WORKER, b, HERE); /* 200 to 400 covered */
    feed_begin(&made, WORKER, c, order);   /* 600 to the end covered */
    feed_end(&made, 1100, MAIN, order, HERE);
    feed_end(&made, 2000, WORKER, c, HERE);
    feed_done(&made);
    assert_int_equal((uint64_t)row(&tasks, "order")->self, 1000 - 200 - 500);
    assert_int_equal((uint64_t)row(&tasks, "payment")->self, 100 + 150 + 1400);
    assert_int_equal(found(&made, "parent_ended_first", NULL), 1);
    end(&made, &tasks);
}

static void the_slowest_come_first(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_tasks tasks;
    begin(&made, &tasks, 3);
    for (uint64_t i = 1; i <= 100; i++) feed_begin(&made, MAIN, task_id(ORDER, i, i), background);
    for (uint64_t i = 1; i <= 100; i++)
        feed_end(&made, 1000 + i + i * 37 % 101, MAIN, task_id(ORDER, i, i), HERE);
    feed_done(&made);
    assert_int_equal(tasks.slowest.count, 3);
    for (size_t i = 0; i < 3; i++) {
        const struct analysis_task *task = &tasks.slowest.items[i];
        assert_int_equal(task->end_ticks - task->id.birth, 1100 - i);
    }
    end(&made, &tasks);
}

static void equally_slow_ones_come_in_the_order_of_their_begins(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_tasks tasks;
    static const uint64_t births[] = {300, 100, 200, 200}; /* by serial, less one; the last two at once */
    static const uint64_t expected[] = {2, 3, 4, 1};
    begin(&made, &tasks, 9);
    for (uint64_t i = 4; i-- > 0;) feed_begin(&made, MAIN, task_id(ORDER, i + 1, births[i]), background);
    for (uint64_t i = 4; i-- > 0;)
        feed_end(&made, births[i] + 50, MAIN, task_id(ORDER, i + 1, births[i]), HERE);
    feed_done(&made);
    analysis_slowest_sort(&tasks.slowest);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(analysis_id_key(tasks.slowest.items[i].id.id) % 16, expected[i]);
    end(&made, &tasks);
}

static void types_are_sorted_by_total(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_tasks tasks;
    begin(&made, &tasks, 0);
    feed_begin(&made, MAIN, task_id(ORDER, 1, 100), background);
    feed_end(&made, 110, MAIN, task_id(ORDER, 1, 100), HERE);
    feed_begin(&made, MAIN, task_id(PAYMENT, 2, 200), background);
    feed_end(&made, 900, MAIN, task_id(PAYMENT, 2, 200), HERE);
    feed_done(&made);
    assert_string_equal(tasks.rows.items[0].type, "payment");
    assert_string_equal(tasks.rows.items[1].type, "order");
    end(&made, &tasks);
}

/* A million tasks that end leave bits, not entries. */
static void memory_is_bounded_by_what_is_open(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_tasks tasks;
    begin(&made, &tasks, 0);
    for (uint64_t i = 1; i <= 1000000; i++) {
        struct trace_task_id task = task_id(ORDER, i, i);
        feed_begin(&made, MAIN, task, background);
        feed_end(&made, i + 5, MAIN, task, HERE);
    }
    feed_end(&made, 2000000, MAIN, task_id(ORDER, 1, 1), THERE);
    feed_done(&made);
    assert_int_equal(row(&tasks, "order")->time.count, 1000000);
    assert_int_equal(found(&made, "double_end", NULL), 1);
    assert_int_equal(tasks.slots.count, 1);
    assert_true(tasks.seen.pages.count <= 1000000 / 128 + 1);
    end(&made, &tasks);
}

static void an_end_before_the_birth_counts_as_zero(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_tasks tasks;
    begin(&made, &tasks, 0);
    feed_end(&made, 50, MAIN, task_id(ORDER, 1, 900), HERE);
    feed_done(&made);
    assert_int_equal(row(&tasks, "order")->time.max, 0);
    assert_int_equal(found(&made, "end_before_begin", NULL), 1);
    end(&made, &tasks);
}

static void ids_as_text_are_accepted_back(void **state)
{
    (void)state;
    struct handmade made;
    struct cairn_error error;
    char text[ANALYSIS_ID_TEXT_BYTES];
    handmade_begin(&made);
    const struct trace_task_id tasks[] = {
        task_id(ORDER, 0x7f3, 1), task_of_round(1, ORDER, 0x7f3, 1), {.id = CAIRN_ID_OFF}, {0}};
    const char *const texts[] = {"7f3", "7f3r1", "off", "background"};
    for (size_t i = 0; i < 4; i++) {
        struct trace_task_id back;
        assert_string_equal(analysis_id_text(text, &made.info, &tasks[i]), texts[i]);
        assert_int_equal(analysis_id_parse(texts[i], &made.info, &back, &error), 0);
        assert_true(analysis_id_equal(&back, &tasks[i]));
    }
    handmade_end(&made);
}

static void what_is_no_id_is_refused(void **state)
{
    (void)state;
    struct handmade made;
    struct cairn_error error;
    struct trace_task_id task;
    const char *const wrong[] = {"",   "xyz",        "7f3r",  "7f3r256", "-1", " 7f3",
                                 "0x", "1000000000", "9:7f3", ":7",      "1:"};
    handmade_begin(&made);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        error = (struct cairn_error){0};
        if (analysis_id_parse(wrong[i], &made.info, &task, &error) != -1)
            fail_msg("'%s' was taken", wrong[i]);
        assert_int_not_equal(error.text[0], 0);
    }
    made.info.process_count = 2;
    assert_int_equal(analysis_id_parse("7f3", &made.info, &task, &error), -1);
    assert_int_equal(analysis_id_parse("2:7f3", &made.info, &task, &error), 0);
    assert_int_equal(task.process, 1);
    handmade_end(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latency_is_from_birth_to_first_end),
        cmocka_unit_test(first_end_counts_and_later_ones_are_shown),
        cmocka_unit_test(first_begin_counts_and_later_ones_are_shown),
        cmocka_unit_test(tasks_without_begin_are_told_apart),
        cmocka_unit_test(what_never_ends_is_unfinished),
        cmocka_unit_test(self_time_is_without_the_union_of_subtasks),
        cmocka_unit_test(the_slowest_come_first),
        cmocka_unit_test(equally_slow_ones_come_in_the_order_of_their_begins),
        cmocka_unit_test(types_are_sorted_by_total),
        cmocka_unit_test(memory_is_bounded_by_what_is_open),
        cmocka_unit_test(an_end_before_the_birth_counts_as_zero),
        cmocka_unit_test(ids_as_text_are_accepted_back),
        cmocka_unit_test(what_is_no_id_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
