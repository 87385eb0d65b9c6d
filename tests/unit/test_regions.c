/* Regions per type and call site, from events made by hand. SPDX-License-Identifier: Apache-2.0 */
#include "handmade.h"

#include "analysis/regions.h"

#include <stdlib.h>

static void begin(struct handmade *made, struct analysis_regions *regions)
{
    handmade_begin(made);
    assert_true(analysis_regions_init(regions, &made->info, NULL));
    made->sink = &regions->sink;
}

static void end(struct handmade *made, struct analysis_regions *regions)
{
    analysis_regions_free(regions);
    handmade_end(made);
}

static const struct analysis_stats *row(const struct analysis_regions *regions, const char *type)
{
    for (size_t i = 0; i < regions->rows.count; i++)
        if (strcmp(regions->rows.items[i].type, type) == 0) return &regions->rows.items[i].stats;
    fail_msg("no row of type %s", type);
    return NULL;
}

static void nested_regions_are_not_self_time(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_regions regions;
    struct trace_region_id outer = region_id(WAIT, 1, 100, MAIN, background);
    struct trace_region_id first = region_id(BREW, 2, 200, MAIN, background);
    struct trace_region_id inner = region_id(BREW, 3, 220, MAIN, background);
    struct trace_region_id elsewhere = region_id(BREW, 4, 300, WORKER, background);
    begin(&made, &regions);
    feed_region(&made, outer);
    feed_region(&made, first);
    feed_region(&made, inner);
    feed_region_end(&made, 230, MAIN, inner, HERE);
    feed_region_end(&made, 250, MAIN, first, HERE);
    feed_region(&made, elsewhere);
    feed_region_end(&made, 900, WORKER, elsewhere, HERE);
    feed_region_end(&made, 1100, MAIN, outer, HERE);
    feed_done(&made);
    assert_int_equal((uint64_t)row(&regions, "wait")->time.sum, 1000);
    assert_int_equal((uint64_t)row(&regions, "wait")->self, 1000 - 50);
    assert_int_equal((uint64_t)row(&regions, "brew")->time.sum, 10 + 50 + 600);
    assert_int_equal((uint64_t)row(&regions, "brew")->self, 10 + 40 + 600);
    assert_int_equal(made.diagnostics.count, 0);
    end(&made, &regions);
}

/* outer 100..1000, a 200..500, b 400..800: a and b overlap and cover 200..800 of outer. */
static void overlapping_regions_count_once(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_regions regions;
    struct trace_region_id outer = region_id(WAIT, 1, 100, MAIN, background);
    struct trace_region_id a = region_id(BREW, 2, 200, MAIN, background);
    struct trace_region_id b = region_id(BREW_ELSEWHERE, 3, 400, MAIN, background);
    const char *example = "";
    begin(&made, &regions);
    feed_region(&made, outer);
    feed_region(&made, a);
    feed_region(&made, b);
    feed_region_end(&made, 500, MAIN, a, THERE);
    feed_region_end(&made, 800, MAIN, b, HERE);
    feed_region_end(&made, 1000, MAIN, outer, HERE);
    feed_done(&made);
    assert_int_equal((uint64_t)row(&regions, "wait")->self, 900 - 600);
    assert_int_equal(row(&regions, "brew")->errors, 1);
    assert_int_equal(found(&made, "misnested", &example), 1);
    assert_non_null(
        strstr(example, "shop.c:30 (brew) ended at shop.c:92 (there) inside 'brew' of bar.c:5 (pour)"));
    end(&made, &regions);
}

/* As after a loss: of one that is found open above it, what was before the region began is not its own. */
static void what_reaches_back_covers_from_the_begin_alone(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_regions regions;
    struct trace_region_id outer = region_id(WAIT, 1, 300, MAIN, background);
    struct trace_region_id early = region_id(BREW, 2, 150, MAIN, background);
    begin(&made, &regions);
    feed_region(&made, outer);
    feed_region_open(&made, 310, early);
    feed_region_end(&made, 400, MAIN, early, HERE);
    feed_region_end(&made, 1000, MAIN, outer, HERE);
    feed_done(&made);
    assert_int_equal((uint64_t)row(&regions, "wait")->self, 700 - 100);
    assert_int_equal((uint64_t)row(&regions, "brew")->self, 250);
    end(&made, &regions);
}

static void an_end_on_another_thread_is_shown(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_regions regions;
    struct trace_region_id region = region_id(BREW, 1, 100, MAIN, background);
    const char *example = "";
    begin(&made, &regions);
    feed_region(&made, region);
    feed_region_end(&made, 300, WORKER, region, THERE);
    feed_done(&made);
    assert_int_equal(row(&regions, "brew")->time.count, 1);
    assert_int_equal(row(&regions, "brew")->unfinished, 0);
    assert_int_equal(found(&made, "cross_thread_end", &example), 1);
    assert_non_null(strstr(example, "at shop.c:30 (brew) on main and ended at shop.c:92 (there) on worker"));
    end(&made, &regions);
}

static void a_second_end_is_shown_and_has_no_effect(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_regions regions;
    struct trace_region_id region = region_id(BREW, 1, 100, MAIN, background);
    const char *example = "";
    begin(&made, &regions);
    feed_region(&made, region);
    feed_region_end(&made, 300, MAIN, region, HERE);
    feed_region_end(&made, 700, MAIN, region, THERE);
    feed_done(&made);
    assert_int_equal(row(&regions, "brew")->count, 1);
    assert_int_equal((uint64_t)row(&regions, "brew")->time.sum, 200);
    assert_int_equal(found(&made, "double_region_end", &example), 1);
    assert_non_null(strstr(example, "ended at shop.c:91 (here) and again at shop.c:92 (there)"));
    end(&made, &regions);
}

static void regions_without_begin_count_from_their_birth(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_regions regions;
    struct trace_region_id lost = region_id(BREW, 1, 100, UINT32_MAX, background);
    struct trace_region_id open = region_id(WAIT, 2, 150, MAIN, background);
    begin(&made, &regions);
    feed_region_end(&made, 400, MAIN, lost, HERE);
    feed_region_end(&made, 500, MAIN, lost, HERE);
    feed_region_open(&made, 200, open);
    feed_region_open(&made, 200, open); /* the next chunk says so again */
    feed_region_end(&made, 650, MAIN, open, HERE);
    feed_done(&made);
    assert_int_equal(row(&regions, "brew")->count, 1);
    assert_int_equal((uint64_t)row(&regions, "brew")->time.sum, 300);
    assert_int_equal(row(&regions, "brew")->begin_lost, 1);
    assert_int_equal(row(&regions, "wait")->count, 1);
    assert_int_equal((uint64_t)row(&regions, "wait")->time.sum, 500);
    assert_int_equal(row(&regions, "wait")->begin_lost, 1);
    assert_int_equal(found(&made, "region_begin_lost", NULL), 1);
    assert_int_equal(found(&made, "double_region_end", NULL), 1);
    end(&made, &regions);
}

/* Another thread's end names a region but not its thread, and the region's own thread does not know of that end. */
static void regions_without_begin_end_once_whoever_ends_them(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_regions regions;
    struct trace_region_id listed = region_id(WAIT, 1, 150, MAIN, background), named = listed;
    struct trace_region_id early = region_id(BREW, 2, 160, MAIN, background), early_named = early;
    named.thread = early_named.thread = UINT32_MAX;
    begin(&made, &regions);
    feed_region_open(&made, 200, listed);
    feed_region_end(&made, 250, WORKER, early_named, HERE); /* before its thread lists it */
    feed_region_open(&made, 300, early);
    feed_region_end(&made, 400, WORKER, named, HERE);
    feed_region_end(&made, 500, WORKER, named, HERE);
    feed_region_open(&made, 200, listed);
    feed_done(&made);
    for (int i = 0; i < 2; i++) {
        const struct analysis_stats *stats = row(&regions, i ? "brew" : "wait");
        assert_int_equal(stats->count, 1);
        assert_int_equal(stats->unfinished, 0);
        assert_int_equal((uint64_t)stats->time.sum, i ? 90 : 250);
    }
    assert_int_equal(found(&made, "double_region_end", NULL), 1);
    end(&made, &regions);
}

static void feed_at(struct handmade *made, uint64_t place, uint64_t from, uint64_t to)
{
    struct trace_region_id region = region_id(BREW, place, from, MAIN, background);
    feed(made, (struct trace_event){.time = 500,
                                    .kind = TRACE_REGION_AT,
                                    .thread = MAIN,
                                    .site = BREW,
                                    .region = region,
                                    .end_ticks = to});
}

static void explicit_times_take_no_part_in_nesting(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_regions regions;
    struct trace_region_id outer = region_id(WAIT, 1, 100, MAIN, background);
    begin(&made, &regions);
    feed_region(&made, outer);
    feed_at(&made, 2, 200, 260);
    feed_at(&made, 3, 300, 299);
    feed_region_end(&made, 600, MAIN, outer, HERE);
    feed_done(&made);
    assert_int_equal((uint64_t)row(&regions, "wait")->self, 500);
    assert_int_equal(row(&regions, "brew")->count, 1);
    assert_int_equal((uint64_t)row(&regions, "brew")->time.sum, 60);
    assert_int_equal(found(&made, "negative_region", NULL), 1);
    end(&made, &regions);
}

static void what_never_ends_is_unfinished(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_regions regions;
    begin(&made, &regions);
    feed_region(&made, region_id(BREW, 1, 100, MAIN, background));
    feed_region(&made, region_id(BREW, 2, 100, WORKER, background));
    feed_done(&made);
    assert_int_equal(row(&regions, "brew")->unfinished, 2);
    assert_int_equal(row(&regions, "brew")->time.count, 0);
    end(&made, &regions);
}

/* Ten thousand deep, ended in the wrong order: found at once each, and none is lost. */
static void depth_has_no_limit(void **state)
{
    (void)state;
    enum { DEPTH = 10000 };
    struct handmade made;
    struct analysis_regions regions;
    begin(&made, &regions);
    for (uint64_t i = 1; i <= DEPTH; i++) feed_region(&made, region_id(BREW, i, i, MAIN, background));
    for (uint64_t i = 1; i <= DEPTH; i++)
        feed_region_end(&made, 20000 + i, MAIN, region_id(BREW, i, i, MAIN, background), HERE);
    feed_done(&made);
    assert_int_equal(row(&regions, "brew")->time.count, DEPTH);
    assert_int_equal(row(&regions, "brew")->unfinished, 0);
    assert_int_equal((uint64_t)row(&regions, "brew")->time.sum, 20000ull * DEPTH);
    assert_int_equal(found(&made, "misnested", NULL), DEPTH - 1);
    assert_int_equal(regions.by_place.count, 0);
    end(&made, &regions);
}

static void call_sites_follow_their_type(void **state)
{
    (void)state;
    struct handmade made;
    struct analysis_regions regions;
    begin(&made, &regions);
    const struct {
        uint32_t site;
        uint64_t ticks;
    } each[] = {{WAIT, 10}, {BREW, 100}, {BREW_ELSEWHERE, 300}, {BREW, 50}};
    for (uint64_t i = 0; i < 4; i++) {
        struct trace_region_id region = region_id(each[i].site, i + 1, 1000 * i, MAIN, background);
        feed_region(&made, region);
        feed_region_end(&made, region.birth + each[i].ticks, MAIN, region, HERE);
    }
    feed_done(&made);
    assert_int_equal(regions.rows.count, 2);
    assert_string_equal(regions.rows.items[0].type, "brew");
    assert_int_equal(regions.sites.count, 3);
    assert_string_equal(regions.sites.items[0].file, "src/bar.c");
    assert_int_equal((uint64_t)regions.sites.items[0].stats.time.sum, 300);
    assert_string_equal(regions.sites.items[1].function, "brew");
    assert_int_equal((uint64_t)regions.sites.items[1].stats.time.sum, 150);
    assert_int_equal(regions.sites.items[2].type_row, 1);
    end(&made, &regions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nested_regions_are_not_self_time),
        cmocka_unit_test(overlapping_regions_count_once),
        cmocka_unit_test(what_reaches_back_covers_from_the_begin_alone),
        cmocka_unit_test(an_end_on_another_thread_is_shown),
        cmocka_unit_test(a_second_end_is_shown_and_has_no_effect),
        cmocka_unit_test(regions_without_begin_count_from_their_birth),
        cmocka_unit_test(regions_without_begin_end_once_whoever_ends_them),
        cmocka_unit_test(explicit_times_take_no_part_in_nesting),
        cmocka_unit_test(what_never_ends_is_unfinished),
        cmocka_unit_test(depth_has_no_limit),
        cmocka_unit_test(call_sites_follow_their_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
