/* The tree of subtasks, from events made by hand. SPDX-License-Identifier: Apache-2.0 */
#include "handmade.h"

#include "analysis/tasktree.h"

#include <stdio.h>

static void begin(struct handmade *made, struct analysis_tree *tree)
{
    handmade_begin(made);
    assert_true(analysis_tree_init(tree, &made->info, NULL));
    made->sink = &tree->sink;
}

static void end(struct handmade *made, struct analysis_tree *tree)
{
    analysis_tree_free(tree);
    handmade_end(made);
}

/* "order 2,-payment 1," */
static void expect(const struct analysis_tree *tree, const char *expected)
{
    char text[1000] = "";
    size_t used = 0;
    for (size_t i = 0; i < tree->nodes.count; i++) {
        const struct analysis_tree_node *node = &tree->nodes.items[i];
        for (uint32_t depth = 0; depth < node->at.depth; depth++) text[used++] = '-';
        used += (size_t)snprintf(text + used, sizeof text - used, "%s %u,", node->type,
                                 (unsigned)node->stats.count);
        if (node->at.parent != ANALYSIS_NO_NODE) {
            assert_true(node->at.parent < i);
            assert_int_equal(tree->nodes.items[node->at.parent].at.depth + 1, node->at.depth);
        }
    }
    assert_string_equal(text, expected);
}

static void subtasks_stand_below_their_parents_type(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_tree tree;
    struct trace_task_id one = task_id(ORDER, 1, 100), two = task_id(ORDER, 2, 100),
                         pay = task_id(PAYMENT, 3, 200), again = task_id(PAYMENT, 4, 300),
                         deep = task_id(ORDER, 5, 350), alone = task_id(PAYMENT, 6, 400);
    begin(&made, &tree);
    feed_begin(&made, MAIN, one, background);
    feed_begin(&made, MAIN, two, background);
    feed_begin(&made, MAIN, pay, one);
    feed_begin(&made, MAIN, again, two);
    feed_begin(&made, MAIN, deep, again);
    feed_begin(&made, MAIN, alone, background);
    feed_end(&made, 500, MAIN, pay, HERE);
    feed_fail(&made, 600, MAIN, again);
    feed_end(&made, 700, MAIN, one, HERE);
    feed_end(&made, 800, MAIN, two, HERE);
    feed_end(&made, 900, MAIN, deep, HERE); /* outlives those above it */
    feed_done(&made);
    expect(&tree, "order 2,-payment 2,--order 1,payment 1,");
    assert_int_equal((uint64_t)tree.nodes.items[1].stats.time.sum, 300 + 300);
    assert_int_equal(tree.nodes.items[1].stats.errors, 1);
    assert_int_equal((uint64_t)tree.nodes.items[2].stats.time.sum, 550);
    assert_int_equal(tree.nodes.items[3].stats.unfinished, 1);
    end(&made, &tree);
}

static void without_an_open_parent_a_task_is_a_root(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_tree tree;
    struct trace_task_id over = task_id(ORDER, 1, 100), late = task_id(PAYMENT, 2, 300),
                         lost = task_id(ORDER, 3, 350), child = task_id(PAYMENT, 4, 400);
    begin(&made, &tree);
    feed_begin(&made, MAIN, over, background);
    feed_end(&made, 200, MAIN, over, HERE);
    feed_begin(&made, MAIN, late, over);
    feed_end(&made, 400, MAIN, late, HERE);
    feed_begin(&made, MAIN, child, lost); /* of a parent whose begin is not there */
    feed_end(&made, 500, MAIN, child, HERE);
    feed_done(&made);
    expect(&tree, "order 2,-payment 1,payment 1,");
    end(&made, &tree);
}

static void what_does_not_count_stands_only_above_what_does(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_tree tree;
    struct analysis_filter filter;
    struct cairn_error error = {0};
    const struct analysis_spec spec = {.type = "payment"};
    struct trace_task_id one = task_id(ORDER, 1, 100), pay = task_id(PAYMENT, 2, 200),
                         below = task_id(ORDER, 3, 300);
    handmade_begin(&made);
    assert_int_equal(analysis_filter_init(&filter, ANALYSIS_TASKS, &spec, &made.info, &error), 0);
    assert_true(analysis_tree_init(&tree, &made.info, &filter));
    made.sink = &tree.sink;
    feed_begin(&made, MAIN, one, background);
    feed_begin(&made, MAIN, pay, one);
    feed_begin(&made, MAIN, below, pay);
    feed_done(&made);
    expect(&tree, "order 0,-payment 1,");
    analysis_filter_free(&filter);
    end(&made, &tree);
}

static void depth_has_a_bound(void **state)
{
    (void)state;
    enum { TASKS = ANALYSIS_TREE_DEPTH_MAX + 30 };
    struct handmade made;
    struct analysis_tree tree;
    struct trace_task_id parent = background;
    uint64_t count = 0;
    begin(&made, &tree);
    for (uint64_t i = 1; i <= TASKS; i++) {
        struct trace_task_id task = task_id(ORDER, i, 100 + i);
        feed_begin(&made, MAIN, task, parent);
        parent = task;
    }
    feed_done(&made);
    const struct analysis_tree_node *last = &tree.nodes.items[tree.nodes.count - 1];
    for (size_t i = 0; i < tree.nodes.count; i++) count += tree.nodes.items[i].stats.count;
    assert_int_equal(count, TASKS);
    assert_string_equal(last->type, "(other)");
    assert_int_equal(last->at.depth, ANALYSIS_TREE_DEPTH_MAX - 1);
    assert_int_equal(last->stats.count, TASKS - (ANALYSIS_TREE_DEPTH_MAX - 1));
    end(&made, &tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subtasks_stand_below_their_parents_type),
        cmocka_unit_test(without_an_open_parent_a_task_is_a_root),
        cmocka_unit_test(what_does_not_count_stands_only_above_what_does),
        cmocka_unit_test(depth_has_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
