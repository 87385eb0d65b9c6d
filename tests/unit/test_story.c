/* The story of a task, from events made by hand. SPDX-License-Identifier: Apache-2.0 */
#include "handmade.h"

#include "analysis/story/story.h"

#include <stdlib.h>

static void begin(struct handmade *made, struct analysis_story *story, struct trace_task_id task)
{
    handmade_begin(made);
    assert_true(analysis_story_init(story, &made->info, &task));
    made->sink = &story->sink;
}

static void end(struct handmade *made, struct analysis_story *story)
{
    analysis_story_free(story);
    handmade_end(made);
}

static void expect_line(const struct analysis_story *story, size_t at, enum analysis_story_kind kind,
                        uint64_t time, uint32_t depth)
{
    assert_true(at < story->lines.count);
    assert_int_equal(story->lines.items[at].kind, kind);
    assert_int_equal(story->lines.items[at].time, time);
    assert_int_equal(story->lines.items[at].depth, depth);
}

static void feed_link(struct handmade *made, uint64_t time, struct trace_task_id from,
                      struct trace_task_id to)
{
    feed(made,
         (struct trace_event){.time = time, .kind = TRACE_LINK, .site = HERE, .task = from, .other = to});
}

static void it_holds_the_task_and_its_descendants_only(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_story story;
    struct trace_task_id root = task_id(ORDER, 1, 10000), child = task_id(PAYMENT, 2, 20000);
    struct trace_task_id grandchild = task_id(PAYMENT, 3, 30000), stranger = task_id(ORDER, 4, 15000);
    struct trace_region_id region = region_id(BREW, 1, 21000, WORKER, child);
    begin(&made, &story, root);
    feed_begin(&made, MAIN, root, background);
    feed_begin(&made, MAIN, stranger, background);
    feed_log(&made, 16000, MAIN, stranger, "not mine");
    feed_begin(&made, MAIN, child, root);
    feed_region(&made, region);
    feed_log(&made, 22000, WORKER, child, "in the region");
    feed_begin(&made, WORKER, grandchild, child);
    feed_region_end(&made, 31000, WORKER, region, HERE);
    feed_fail(&made, 32000, WORKER, grandchild);
    feed_end(&made, 33000, WORKER, child, HERE);
    feed_end(&made, 34000, MAIN, root, HERE);
    feed_end(&made, 35000, WORKER, root, THERE);
    feed_done(&made);
    assert_int_equal(story.tasks.count, 3);
    assert_int_equal(story.tasks.items[2].parent, 1);
    assert_int_equal(story.tasks.items[2].depth, 2);
    assert_int_equal(story.tasks.items[2].task.status, ANALYSIS_FAILED);
    assert_int_equal(story.tasks.items[0].task.end_ticks, 34000);
    expect_line(&story, 0, ANALYSIS_STORY_BEGIN, 10000, 0);
    expect_line(&story, 1, ANALYSIS_STORY_GAP, 10000, 0);
    expect_line(&story, 2, ANALYSIS_STORY_BEGIN, 20000, 0);
    expect_line(&story, 3, ANALYSIS_STORY_GAP, 20000, 0);
    expect_line(&story, 4, ANALYSIS_STORY_REGION, 21000, 0);
    assert_int_equal(story.lines.items[4].end, 31000);
    expect_line(&story, 5, ANALYSIS_STORY_LOG, 22000, 1);
    assert_memory_equal(story.lines.items[5].value.text, "in the region", 13);
    expect_line(&story, 6, ANALYSIS_STORY_BEGIN, 30000, 1);
    expect_line(&story, 7, ANALYSIS_STORY_GAP, 31000, 0);
    expect_line(&story, 8, ANALYSIS_STORY_END, 32000, 0);
    expect_line(&story, story.lines.count - 1, ANALYSIS_STORY_END_AGAIN, 35000, 0);
    end(&made, &story);
}

static void ancestors_are_told_as_far_as_they_were_open(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_story story;
    struct trace_task_id top = task_id(ORDER, 1, 100), middle = task_id(ORDER, 2, 200);
    struct trace_task_id wanted = task_id(PAYMENT, 3, 300), done = task_id(ORDER, 4, 50);
    begin(&made, &story, wanted);
    for (uint64_t i = 0; i < 1000; i++) {
        done.id++;
        feed_begin(&made, MAIN, done, background);
        feed_end(&made, 60, MAIN, done, HERE);
    }
    feed_begin(&made, MAIN, top, background);
    feed_begin(&made, MAIN, middle, top);
    feed_begin(&made, MAIN, wanted, middle);
    feed_done(&made);
    assert_int_equal(story.open_parents.count, 2); /* not one per task that ended */
    assert_int_equal(story.ancestors.count, 2);
    assert_true(analysis_id_equal(&story.ancestors.items[0], &middle));
    assert_true(analysis_id_equal(&story.ancestors.items[1], &top));
    assert_int_equal(story.tasks.items[0].task.status, ANALYSIS_UNFINISHED);
    end(&made, &story);
}

static void gaps_are_where_nothing_is_open(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_story story;
    struct trace_task_id root = task_id(ORDER, 1, 100000);
    struct trace_region_id first = region_id(BREW, 1, 100000, MAIN, root);
    struct trace_region_id second = region_id(WAIT, 2, 150000, WORKER, root);
    begin(&made, &story, root);
    feed_begin(&made, MAIN, root, background);
    feed_region(&made, first);
    feed_region(&made, second);
    feed_region_end(&made, 160000, MAIN, first, HERE);
    feed_region_end(&made, 200000, WORKER, second, HERE);
    feed_log(&made, 200500, MAIN, root, "a gap of 500 ns is none");
    feed_log(&made, 300000, MAIN, root, "one of 99 500 ns is");
    feed_end(&made, 301000, MAIN, root, HERE);
    feed_done(&made);
    unsigned gaps = 0;
    for (size_t i = 0; i < story.lines.count; i++) {
        const struct analysis_story_line *line = &story.lines.items[i];
        if (line->kind != ANALYSIS_STORY_GAP) continue;
        gaps++;
        assert_int_equal(line->time, 200500);
        assert_int_equal(line->end, 300000);
    }
    assert_int_equal(gaps, 1);
    end(&made, &story);
}

static void odd_regions_are_shown_for_what_they_are(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_story story;
    struct trace_task_id root = task_id(ORDER, 1, 1000);
    struct trace_region_id crossing = region_id(BREW, 1, 1100, MAIN, root);
    struct trace_region_id lost = region_id(BREW, 2, 1050, UINT32_MAX, root);
    struct trace_region_id measured = region_id(WAIT, 3, 1010, MAIN, root);
    struct trace_region_id unknown = region_id(WAIT, 4, 1000, UINT32_MAX, background);
    unknown.task.birth = UINT64_MAX;
    begin(&made, &story, root);
    feed_begin(&made, MAIN, root, background);
    feed_region(&made, crossing);
    feed_region_end(&made, 1200, WORKER, crossing, THERE);
    feed_region_end(&made, 1300, WORKER, crossing, HERE);
    feed_region_end(&made, 1250, MAIN, lost, HERE);
    feed_region_end(&made, 1260, MAIN, unknown, HERE);
    feed(&made, (struct trace_event){.time = 1270,
                                     .kind = TRACE_REGION_AT,
                                     .site = WAIT,
                                     .task = root,
                                     .region = measured,
                                     .end_ticks = 1020});
    feed_region(&made, region_id(WAIT, 5, 1280, MAIN, root));
    feed_done(&made);
    assert_int_equal(story.lines.count, 5);
    expect_line(&story, 1, ANALYSIS_STORY_REGION, 1010, 0);
    assert_true(story.lines.items[1].is_explicit);
    assert_int_equal(story.lines.items[1].end, 1020);
    expect_line(&story, 2, ANALYSIS_STORY_REGION, 1050, 0);
    assert_true(story.lines.items[2].begin_lost);
    assert_int_equal(story.lines.items[2].end, 1250);
    expect_line(&story, 3, ANALYSIS_STORY_REGION, 1100, 0);
    assert_int_equal(story.lines.items[3].end, 1200);
    assert_int_equal(story.lines.items[3].end_thread, WORKER);
    assert_int_equal(story.lines.items[3].end_site, THERE);
    expect_line(&story, 4, ANALYSIS_STORY_REGION, 1280, 0);
    assert_true(story.lines.items[4].is_unfinished);
    end(&made, &story);
}

static void links_are_shown_on_both_sides(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_story story;
    struct trace_task_id root = task_id(ORDER, 1, 1000), other = task_id(PAYMENT, 2, 500);
    begin(&made, &story, root);
    feed_begin(&made, MAIN, root, background);
    feed_link(&made, 1100, root, other);
    feed_link(&made, 1200, other, root);
    feed_link(&made, 1300, other, task_id(PAYMENT, 3, 1));
    feed_done(&made);
    assert_int_equal(story.tasks.count, 1);
    expect_line(&story, 1, ANALYSIS_STORY_LINK_TO, 1100, 0);
    assert_true(analysis_id_equal(&story.lines.items[1].other, &other));
    bool caused_by = false;
    for (size_t i = 2; i < story.lines.count; i++) {
        assert_int_not_equal(story.lines.items[i].time, 1300);
        caused_by |=
            story.lines.items[i].kind == ANALYSIS_STORY_LINK_FROM && story.lines.items[i].time == 1200;
    }
    assert_true(caused_by);
    end(&made, &story);
}

static void tasks_without_begin_have_a_story_too(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_story story;
    struct trace_task_id before = task_of_round(1, ORDER, 1, 10), off = {.id = CAIRN_ID_OFF};
    begin(&made, &story, before);
    feed_log(&made, 500, MAIN, before, "still here");
    feed_end(&made, 700, MAIN, before, HERE);
    feed_done(&made);
    assert_int_equal(story.tasks.items[0].task.begin, ANALYSIS_BEGIN_BEFORE);
    assert_int_equal(story.begin_ticks, 10);
    assert_int_equal(story.lines.count, 2);
    end(&made, &story);
    begin(&made, &story, off);
    feed_log(&made, 500, MAIN, off, "who");
    feed_log(&made, 900000, MAIN, off, "am I");
    feed_done(&made);
    assert_int_equal(story.lines.count, 2); /* and no gap: it is no task */
    end(&made, &story);
}

static void a_region_of_an_unknown_task_is_nobodys(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_story story;
    struct trace_region_id unknown = region_id(WAIT, 4, 1000, UINT32_MAX, background);
    unknown.task.birth = UINT64_MAX;
    begin(&made, &story, background);
    feed_log(&made, 500, MAIN, background, "nobody's");
    feed_region_end(&made, 1260, MAIN, unknown, HERE);
    feed_done(&made);
    assert_int_equal(story.lines.count, 1);
    end(&made, &story);
}

static void what_is_not_there_has_no_story(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_story story;
    begin(&made, &story, task_id(ORDER, 99, 0));
    feed_begin(&made, MAIN, task_id(ORDER, 1, 100), background);
    feed_end(&made, 200, MAIN, task_id(ORDER, 1, 100), HERE);
    feed_done(&made);
    assert_int_equal(story.tasks.count, 0);
    assert_int_equal(story.lines.count, 0);
    end(&made, &story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_holds_the_task_and_its_descendants_only),
        cmocka_unit_test(ancestors_are_told_as_far_as_they_were_open),
        cmocka_unit_test(gaps_are_where_nothing_is_open),
        cmocka_unit_test(odd_regions_are_shown_for_what_they_are),
        cmocka_unit_test(links_are_shown_on_both_sides),
        cmocka_unit_test(tasks_without_begin_have_a_story_too),
        cmocka_unit_test(a_region_of_an_unknown_task_is_nobodys),
        cmocka_unit_test(what_is_not_there_has_no_story),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
