/* Groups of tasks and regions, from events made by hand. SPDX-License-Identifier: Apache-2.0 */
#include "handmade.h"

#include "analysis/groups.h"

#include <stdio.h>

static const struct analysis_group_row *row(const struct analysis_groups *groups, const char *type,
                                            const char *value)
{
    for (size_t i = 0; i < groups->rows.count; i++) {
        const struct analysis_group_row *at = &groups->rows.items[i];
        if (strcmp(at->type, type) == 0 && !at->value == !value && (!value || strcmp(at->value, value) == 0))
            return at;
    }
    fail_msg("no group %s of %s", value ? value : "(none)", type);
    return NULL;
}

/* Two orders, one of them with a payment that fails, and one that does not end. */
static void feed_shop(struct handmade *made)
{
    struct trace_task_id one = task_id(ORDER, 1, 100), two = task_id(ORDER, 2, 200),
                         pay = task_id(PAYMENT, 3, 300), left = task_id(ORDER, 4, 400);
    feed_begin(made, MAIN, one, background);
    feed_attr(made, 110, one, SIZE, (struct trace_value){.type = CAIRN_I_VALUE_INT, .i = -3});
    feed_attr(made, 120, one, SIZE, (struct trace_value){.type = CAIRN_I_VALUE_FLOAT, .f = 0.1});
    feed_begin(made, MAIN, two, background);
    feed_attr(made, 210, two, SIZE, (struct trace_value){.type = CAIRN_I_VALUE_BOOL, .u = 1});
    feed_begin(made, WORKER, pay, two);
    feed_attr(made, 310, pay, SIZE,
              (struct trace_value){.type = CAIRN_I_VALUE_TEXT, .text = "large, very", .text_bytes = 5});
    feed_begin(made, MAIN, left, background);
    feed_fail(made, 500, WORKER, pay);
    feed_end(made, 600, WORKER, one, HERE);
    feed_end(made, 700, MAIN, two, HERE);
}

static void group(struct handmade *made, struct analysis_task_groups *groups, const char *text)
{
    struct analysis_group_by by;
    handmade_begin(made);
    assert_true(analysis_group_by_parse(&by, text));
    assert_true(analysis_task_groups_init(groups, &made->info, NULL, &by));
    made->sink = &groups->details.sink;
    feed_shop(made);
    feed_done(made);
    analysis_groups_sort(&groups->groups);
}

static void end(struct handmade *made, struct analysis_task_groups *groups)
{
    analysis_task_groups_free(groups);
    handmade_end(made);
}

static void by_the_last_value_of_an_attribute(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_task_groups groups;
    group(&made, &groups, "attr.size");
    assert_int_equal(groups.groups.rows.count, 4);
    assert_int_equal((uint64_t)row(&groups.groups, "order", "0.1")->stats.time.sum, 500);
    assert_int_equal((uint64_t)row(&groups.groups, "order", "true")->stats.time.sum, 500);
    assert_int_equal((uint64_t)row(&groups.groups, "order", "true")->stats.self, 300);
    assert_int_equal(row(&groups.groups, "order", NULL)->stats.unfinished, 1);
    assert_int_equal(row(&groups.groups, "payment", "large")->stats.errors, 1);
    end(&made, &groups);
    group(&made, &groups, "attr.colour");
    assert_int_equal(groups.groups.rows.count, 2);
    assert_int_equal(row(&groups.groups, "order", NULL)->stats.count, 3);
    end(&made, &groups);
}

static void by_what_a_task_is(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_task_groups groups;
    const struct {
        const char *by, *type, *value;
        uint64_t count;
    } cases[] = {
        {"thread", "order", "main (100)", 2}, {"thread", "order", "worker (101)", 1},
        {"parent", "payment", "order", 1},    {"parent", "order", NULL, 3},
        {"outcome", "order", "ok", 2},        {"outcome", "order", "unfinished", 1},
        {"outcome", "payment", "failed", 1},  {"reason", "payment", "no milk", 1},
        {"reason", "order", NULL, 3},         {"process", "order", "100", 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        group(&made, &groups, cases[i].by);
        assert_int_equal(row(&groups.groups, cases[i].type, cases[i].value)->stats.count, cases[i].count);
        end(&made, &groups);
    }
}

static void types_come_by_total_and_their_groups_too(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_task_groups groups;
    group(&made, &groups, "outcome");
    const struct analysis_group_row *rows = groups.groups.rows.items;
    assert_string_equal(rows[0].type, "order");
    assert_string_equal(rows[0].value, "ok");
    assert_string_equal(rows[1].value, "unfinished");
    assert_string_equal(rows[2].type, "payment");
    assert_int_equal((uint64_t)rows[1].load.open_ticks, 1000000 - 400);
    end(&made, &groups);
}

static void there_is_a_bound(void **state)
{
    (void)state;
    struct analysis_groups groups = {0};
    char value[16];
    for (int i = 0; i < 2 * ANALYSIS_ROWS_MAX; i++) {
        snprintf(value, sizeof value, "%d", i);
        struct analysis_group_row *at = analysis_groups_get(&groups, "order", value);
        assert_non_null(at);
        at->stats.count++;
    }
    assert_int_equal(groups.rows.count, ANALYSIS_ROWS_MAX + 1);
    assert_int_equal(row(&groups, "order", "(other)")->stats.count, ANALYSIS_ROWS_MAX);
    assert_int_equal(row(&groups, "order", "7")->stats.count, 1);
    for (int i = 0; i < 2 * ANALYSIS_ROWS_MAX; i++) { /* so many types */
        snprintf(value, sizeof value, "type %d", i);
        assert_non_null(analysis_groups_get(&groups, value, NULL));
    }
    assert_in_range(groups.rows.count, 2 * ANALYSIS_ROWS_MAX, 2 * ANALYSIS_ROWS_MAX + 1);
    analysis_groups_free(&groups);
}

static void regions_by_task_and_thread(void **state)
{
    (void)state;
    struct handmade made;
    struct trace_task_id order = task_id(ORDER, 1, 100), pay = task_id(PAYMENT, 2, 100);
    const char *const by_text[] = {"task", "thread"};
    for (int i = 0; i < 2; i++) {
        struct analysis_group_by by;
        struct analysis_region_groups groups;
        struct trace_region_id outer = region_id(BREW, 1, 200, MAIN, order),
                               inner = region_id(BREW, 2, 300, MAIN, pay),
                               left = region_id(BREW, 3, 400, WORKER, background);
        handmade_begin(&made);
        assert_true(analysis_group_by_parse(&by, by_text[i]));
        assert_true(analysis_region_groups_init(&groups, &made.info, NULL, &by));
        made.sink = &groups.regions.sink;
        feed_region(&made, outer);
        feed_region(&made, inner);
        feed_region(&made, left);
        feed_region_end(&made, 500, MAIN, inner, HERE);
        feed_region_end(&made, 700, MAIN, outer, HERE);
        feed_done(&made);
        const struct analysis_stats *first = &row(&groups.groups, "brew", i ? "main (100)" : "order")->stats;
        assert_int_equal((uint64_t)first->self, i ? 500 : 300);
        assert_int_equal(first->count, i ? 2 : 1);
        assert_int_equal(row(&groups.groups, "brew", i ? "worker (101)" : "(background)")->stats.unfinished,
                         1);
        analysis_region_groups_free(&groups);
        handmade_end(&made);
    }
}

static void other_words_are_refused(void **state)
{
    (void)state;
    struct analysis_group_by by;
    assert_false(analysis_group_by_parse(&by, "attr."));
    assert_false(analysis_group_by_parse(&by, "size"));
    assert_false(analysis_group_by_parse(&by, ""));
    assert_true(analysis_group_by_parse(&by, "attr.a.b"));
    assert_string_equal(by.key, "a.b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_the_last_value_of_an_attribute),
        cmocka_unit_test(by_what_a_task_is),
        cmocka_unit_test(types_come_by_total_and_their_groups_too),
        cmocka_unit_test(there_is_a_bound),
        cmocka_unit_test(regions_by_task_and_thread),
        cmocka_unit_test(other_words_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
