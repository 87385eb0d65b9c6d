/* Filter expressions: each field and comparison for each subject, through the analyses that ask them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "handmade.h"

#include "analysis/analysis.h"

#include <stdlib.h>
#include <time.h>

/* order 1: 100 to 600, begun on main, ended on worker, parent of payment 2, which fails on worker after 300 to 1300.
 * order 3: from 900 on main, unfinished, as is its region. The background logs, and so does a task begun while off. */
static struct trace_task_id order, payment, open_order, off;
static struct handmade made;

enum {
    FIRST = 1,
    SECOND = 2,
    THIRD = 4,
    FOURTH = 8,
    FIFTH = 16,
    ALL_TASKS = 7,
    ALL_REGIONS = 15,
    ALL_LOGS = 31
};

static int set_up(void **state)
{
    (void)state;
    order = task_id(ORDER, 1, 100);
    payment = task_id(PAYMENT, 2, 300);
    open_order = task_id(ORDER, 3, 900);
    off = (struct trace_task_id){.id = CAIRN_ID_OFF};
    return 0;
}

static void feed_all(void)
{
    const struct trace_region_id brew = region_id(BREW, 11, 150, MAIN, order);
    const struct trace_region_id nested = region_id(BREW_ELSEWHERE, 12, 160, MAIN, order);
    const struct trace_region_id wait = region_id(WAIT, 13, 400, WORKER, payment);
    const struct trace_region_id open = region_id(BREW, 14, 950, MAIN, open_order);
    feed_begin(&made, MAIN, order, background);
    feed_region(&made, brew);
    feed_region(&made, nested);
    feed_region_end(&made, 190, MAIN, nested, THERE);
    feed_log(&made, 200, MAIN, order, "extra foam");
    feed_attr(&made, 210, order, SIZE, (struct trace_value){.type = CAIRN_I_VALUE_INT, .i = 7});
    feed_region_end(&made, 250, MAIN, brew, THERE);
    feed_begin(&made, WORKER, payment, order);
    feed_log(&made, 350, WORKER, payment, "till is open");
    feed_attr(&made, 360, payment, SIZE, text_value("7 of 9"));
    feed_region(&made, wait);
    feed_log(&made, 450, WORKER, order, "ready");
    feed_end(&made, 600, WORKER, order, THERE);
    feed_log(&made, 650, MAIN, background, "nobody's");
    feed_region_end(&made, 900, WORKER, wait, THERE);
    feed_begin(&made, MAIN, open_order, background);
    feed_region(&made, open);
    feed_attr(&made, 960, open_order, SIZE, (struct trace_value){.type = CAIRN_I_VALUE_FLOAT, .f = 0.5});
    feed_attr(&made, 970, open_order, SIZE,
              (struct trace_value){.type = CAIRN_I_VALUE_FLOAT, .f = 0.1}); /* counts */
    feed_fail(&made, 1300, WORKER, payment);
    feed_log(&made, 1400, WORKER, off, "begun while off");
    feed_done(&made);
}

/* ---- Asking ----------------------------------------------------------------------------------------------- */

struct asked {
    struct trace_sink sink;
    struct analysis_filter *filter;
    unsigned passed, log_count;
};

static bool take_task(void *data, const struct analysis_task *task)
{
    struct asked *asked = data;
    if (task->id.id != CAIRN_ID_OFF) asked->passed |= 1u << (analysis_id_key(task->id.id) % 16 - 1);
    return true;
}

static bool take_region(void *data, const struct analysis_region *region)
{
    ((struct asked *)data)->passed |= 1u << (region->id.place - 11);
    return true;
}

static int take_event(struct trace_sink *sink, const struct trace_event *event, struct cairn_error *error)
{
    struct asked *asked = (struct asked *)sink;
    (void)error;
    if (event->kind != TRACE_LOG) return 0;
    if (analysis_filter_log(asked->filter, event)) asked->passed |= 1u << asked->log_count;
    asked->log_count++;
    return 0;
}

static int take_end(struct trace_sink *sink, const struct trace_info *info, struct cairn_error *error)
{
    (void)sink, (void)info, (void)error;
    return 0;
}

static void feed_to(struct trace_sink *sink)
{
    made.sink = sink;
    feed_all();
}

static void ask_tasks(struct asked *asked)
{
    struct analysis_tasks tasks;
    assert_true(analysis_tasks_init(&tasks, &made.info, asked->filter, 0));
    tasks.each = take_task;
    tasks.each_data = asked;
    feed_to(&tasks.sink);
    analysis_tasks_free(&tasks);
}

static void ask_regions(struct asked *asked)
{
    struct analysis_regions regions;
    assert_true(analysis_regions_init(&regions, &made.info, asked->filter));
    regions.each = take_region;
    regions.each_data = asked;
    feed_to(&regions.sink);
    analysis_regions_free(&regions);
}

static void select_tasks(struct analysis_filter *filter)
{
    struct analysis_selection selection;
    assert_true(analysis_selection_init(&selection, filter));
    feed_to(&selection.sink);
    analysis_selection_free(&selection);
}

/* Which pass, one bit each: tasks and regions by their numbers, logs in their order. */
static unsigned that_pass(enum analysis_subject subject, const char *expression)
{
    struct cairn_error error;
    struct analysis_filter filter;
    const struct analysis_spec spec = {.where = expression};
    struct asked asked = {.sink = {take_event, take_end}, .filter = &filter};
    handmade_begin(&made);
    if (analysis_filter_init(&filter, subject, &spec, &made.info, &error) != 0) fail_msg("%s", error.text);
    if (analysis_filter_needs_selection(&filter)) select_tasks(&filter);
    assert_int_equal(made.diagnostics.count, 0); /* the first pass tells nothing */
    if (subject == ANALYSIS_TASKS) ask_tasks(&asked);
    if (subject == ANALYSIS_REGIONS) ask_regions(&asked);
    if (subject == ANALYSIS_LOGS) feed_to(&asked.sink);
    analysis_filter_free(&filter);
    handmade_end(&made);
    return asked.passed;
}

struct expected {
    const char *expression;
    unsigned passed;
};

static void check(enum analysis_subject subject, const struct expected *expected, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned passed = that_pass(subject, expected[i].expression);
        if (passed != expected[i].passed)
            fail_msg("%s: 0x%x instead of 0x%x", expected[i].expression, passed, expected[i].passed);
    }
}

#define CHECK(subject, expected) check((subject), (expected), sizeof(expected) / sizeof *(expected))

/* ---- What is meant ------------------------------------------------------------------------------------------ */

static void each_field_of_tasks(void **state)
{
    (void)state;
    const struct expected expected[] = {
        {"type = order", FIRST | THIRD},
        {"type = \"pay*\"", SECOND},
        {"type ~ e", ALL_TASKS},
        {"type ~ 'p*'", 0}, /* by part is as it is written */
        {"type != order", SECOND},
        {"type in (payment, nothing)", SECOND},
        {"id = 2", SECOND},
        {"id in (1, 2)", FIRST | SECOND},
        {"id != 1", SECOND | THIRD},
        {"latency = 500ns", FIRST},
        {"latency > 500ns", SECOND | THIRD},
        {"latency >= 0.5us", ALL_TASKS},
        {"latency < 1us", FIRST},
        {"latency <= 1us", FIRST | SECOND},
        {"latency != 1us", FIRST | THIRD},
        {"latency in (500ns, 1us)", FIRST | SECOND},
        {"latency > 0", ALL_TASKS},
        {"self = 200ns", FIRST},
        {"begin < 300ns", FIRST},
        {"begin >= 300ns and begin < 900ns", SECOND},
        {"end > 600ns", SECOND},
        {"has end", FIRST | SECOND},
        {"status = ok", FIRST},
        {"status != unfinished", FIRST | SECOND},
        {"failed", SECOND},
        {"failed = false", FIRST | THIRD},
        {"failed != true", FIRST | THIRD},
        {"finished", FIRST | SECOND},
        {"unfinished", THIRD},
        {"reason = 'no milk'", SECOND},
        {"reason != milk", SECOND},
        {"has reason", SECOND},
        {"root", FIRST | THIRD},
        {"parent = 1", SECOND},
        {"has parent", SECOND},
        {"parent.type = order", SECOND},
        {"parent.type != order", 0},
        {"thread = worker", FIRST | SECOND},
        {"thread = 100", FIRST | SECOND | THIRD},
        {"thread ~ ork", FIRST | SECOND},
        {"begin_thread = main", FIRST | THIRD},
        {"end_thread = worker", FIRST | SECOND},
        {"end_thread != worker", 0},
        {"log ~ foam", FIRST},
        {"log = 'till*'", SECOND},
        {"has log", ALL_TASKS & ~THIRD},
        {"category = till", FIRST | SECOND},
        {"region = brew", FIRST | THIRD},
        {"has region", ALL_TASKS},
        {"logs = 2", FIRST},
        {"logs < 1", THIRD},
        {"logs >= 0.5", FIRST | SECOND},
        {"subtasks = 1", FIRST},
        {"subtasks in (0, 2)", SECOND | THIRD},
        {"attr.size = 7", FIRST},
        {"attr.size = \"7*\"", SECOND},
        {"attr.size ~ 'of'", SECOND},
        {"attr.\"size\" > 2", FIRST},
        {"attr.size = 0.1", THIRD},
        {"attr.size != 7", SECOND | THIRD},
        {"has attr.size", ALL_TASKS},
        {"has attr.\"no such key\"", 0},
        {"attr.none = 1 or attr.none != 1", 0},
        {"not attr.none = 1", ALL_TASKS},
    };
    CHECK(ANALYSIS_TASKS, expected);
}

static void each_field_of_regions(void **state)
{
    (void)state;
    const struct expected expected[] = {
        {"type = brew", FIRST | SECOND | FOURTH},
        {"duration = 100ns", FIRST},
        {"duration > 500ns", FOURTH},
        {"self = 70ns", FIRST},
        {"begin < 160ns", FIRST},
        {"end <= 190ns", SECOND},
        {"finished", FIRST | SECOND | THIRD},
        {"unfinished", FOURTH},
        {"not finished", FOURTH},
        {"thread = worker", THIRD},
        {"file = bar.c", SECOND},
        {"file = 'src/bar.c'", SECOND},
        {"file != bar.c", FIRST | THIRD | FOURTH},
        {"function = wait", THIRD},
        {"line = 30", FIRST | FOURTH},
        {"line > 30", THIRD},
        {"task = 1", FIRST | SECOND},
        {"task.id = 2", THIRD},
        {"task.type = order", FIRST | SECOND | FOURTH},
        {"task.begin >= 300ns", THIRD | FOURTH},
        {"task.failed", THIRD},
        {"not task.failed", FIRST | SECOND | FOURTH},
        {"task.latency = 1us", THIRD},
        {"task.parent.type = order and duration > 1ns", THIRD},
        {"task.log ~ foam and not file = bar.c", FIRST},
        {"task.attr.size > 2", FIRST | SECOND},
        {"task.unfinished or duration = 30ns", SECOND | FOURTH},
    };
    CHECK(ANALYSIS_REGIONS, expected);
}

static void each_field_of_logs(void **state)
{
    (void)state;
    const struct expected expected[] = {
        {"message ~ 'e'", FIRST | SECOND | THIRD | FIFTH},
        {"message = ready", THIRD},
        {"message = '*open'", SECOND},
        {"message != ready", ALL_LOGS & ~THIRD},
        {"message in (ready, \"nobody's\")", THIRD | FOURTH},
        {"category = till", ALL_LOGS},
        {"category != till", 0},
        {"time >= 350ns and time < 450ns", SECOND},
        {"thread = main", FIRST | FOURTH},
        {"file = shop.c", ALL_LOGS},
        {"function = pay", ALL_LOGS},
        {"line != 21", 0},
        {"type = order", FIRST | THIRD},
        {"type = '(background)'", FOURTH},
        {"type ~ off", FIFTH},
        {"task = background", FOURTH},
        {"task = off", FIFTH},
        {"task.failed", SECOND},
        {"not task.failed", ALL_LOGS & ~SECOND},
        {"task.finished = true", FIRST | SECOND | THIRD},
        {"task.latency > 500ns", SECOND}, /* what began while off has no latency */
        {"task.begin < 1s", FIRST | SECOND | THIRD},
        {"task.type = order and message ~ foam", FIRST},
        {"task.logs = 2", FIRST | THIRD},
    };
    CHECK(ANALYSIS_LOGS, expected);
}

/* A site that the file does not define, a task that nothing but its end tells of. */
static void what_is_not_known_is_not_there(void **state)
{
    (void)state;
    const struct trace_event log = {.kind = TRACE_LOG, .thread = UINT32_MAX, .site = 0};
    const struct analysis_task task = {.id = order, .begin = ANALYSIS_BEGIN_LOST, .begin_thread = UINT32_MAX};
    const struct {
        enum analysis_subject subject;
        const char *expression;
        bool holds;
    } cases[] = {
        {ANALYSIS_LOGS, "has line or line = 0", false},      {ANALYSIS_LOGS, "has thread", false},
        {ANALYSIS_LOGS, "file = '' and message = ''", true}, {ANALYSIS_TASKS, "root or root = false", false},
        {ANALYSIS_TASKS, "has parent or has root", false},   {ANALYSIS_TASKS, "has begin_thread", false},
        {ANALYSIS_TASKS, "has latency and not root", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct analysis_filter filter;
        const struct analysis_spec spec = {.where = cases[i].expression};
        handmade_begin(&made);
        assert_int_equal(analysis_filter_init(&filter, cases[i].subject, &spec, &made.info, NULL), 0);
        bool holds = cases[i].subject == ANALYSIS_LOGS ? analysis_filter_log(&filter, &log)
                                                       : analysis_filter_task(&filter, &task);
        if (holds != cases[i].holds) fail_msg("%s", cases[i].expression);
        analysis_filter_free(&filter);
        handmade_end(&made);
    }
}

static void operators_bind_as_documented(void **state)
{
    (void)state;
    const struct expected expected[] = {
        {"id=1 or id=2 and id=3", FIRST},
        {"(id=1 or id=2) and id=3", 0},
        {"id=2 and id=3 or id=1", FIRST},
        {"id=1 and id=1 or id=2 and id=2", FIRST | SECOND},
        {"not id=1 and not id=2", THIRD},
        {"not (id=1 or id=2)", THIRD},
        {"not not id=1", FIRST},
        {"!(id=1) and !(not (id=3))", THIRD},
        {"not id=1 or id=1", ALL_TASKS},
        {"id=1 or not (id=2 and (id=3 or id=2))", FIRST | THIRD},
        {"((((id == 3))))", THIRD},
        {"id=1 or id=2 or id=3", ALL_TASKS},
        {"  id=1\n\tor\r\nid=2 ", FIRST | SECOND},
        {"failed or log ~ foam and not attr.size = 'x'", FIRST | SECOND},
    };
    CHECK(ANALYSIS_TASKS, expected);
}

/* Any expression of and, or, not and three conditions is what C makes of it. */
static void random_expressions_hold_as_in_c(void **state)
{
    (void)state;
    unsigned seed = (unsigned)time(NULL);
    print_message("seed %u\n", seed);
    srand(seed);
    for (int round = 0; round < 300; round++) {
        static const char *const names[] = {"id=1", "id=2", "id=3", "logs>=1"};
        static const unsigned truths[] = {FIRST, SECOND, THIRD, FIRST | SECOND};
        char text[2000] = "";
        size_t at = 0;
        unsigned whole = 0, term = ALL_TASKS;
        for (int i = 0, count = 1 + rand() % 8; i < count; i++) {
            bool is_or = i && rand() % 2, is_not = rand() % 3 == 0;
            int leaf = rand() % 4;
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%s%s",
                                   !i      ? ""
                                   : is_or ? " or "
                                           : " and ",
                                   is_not ? "not " : "", names[leaf]);
            unsigned truth = is_not ? ALL_TASKS & ~truths[leaf] : truths[leaf];
            if (is_or) whole |= term;
            term = !i || is_or ? truth : term & truth;
        }
        if (that_pass(ANALYSIS_TASKS, text) != (whole | term)) fail_msg("%s", text);
    }
}

/* ---- What it costs ---------------------------------------------------------------------------------------------- */

static void only_what_needs_it_takes_a_first_pass(void **state)
{
    (void)state;
    const struct {
        enum analysis_subject subject;
        const char *expression;
        bool needs, text;
    } cases[] = {
        {ANALYSIS_TASKS, "type=a and latency>1s and self>1s and failed and reason=a and root and parent=1",
         false, false},
        {ANALYSIS_TASKS, "parent.type=a or begin_thread=a or end_thread=a or end>1s or status=ok", false,
         false},
        {ANALYSIS_TASKS, "thread=main", true, false},
        {ANALYSIS_TASKS, "has log", true, false},
        {ANALYSIS_TASKS, "log ~ a", true, true},
        {ANALYSIS_TASKS, "category=a or region=a or subtasks=1 or logs=1 or attr.a=1", true, false},
        {ANALYSIS_REGIONS, "type=a and task.type=a and task=1 and task.begin>1s and self>1s", false, false},
        {ANALYSIS_REGIONS, "task.failed", true, false},
        {ANALYSIS_LOGS, "message~a and type=a and time>1s", false, false},
        {ANALYSIS_LOGS, "task.log~a", true, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct analysis_filter filter;
        const struct analysis_spec spec = {.where = cases[i].expression};
        handmade_begin(&made);
        assert_int_equal(analysis_filter_init(&filter, cases[i].subject, &spec, &made.info, NULL), 0);
        assert_int_equal(analysis_filter_needs_selection(&filter), cases[i].needs);
        assert_int_equal(analysis_filter_needs_text(&filter), cases[i].text);
        assert_int_equal(analysis_filter_is_concurrent(&filter), !cases[i].needs);
        analysis_filter_free(&filter);
        handmade_end(&made);
    }
}

static void what_was_sampled_away_is_judged_by_its_type_alone(void **state)
{
    (void)state;
    const struct {
        const char *expression;
        bool order, payment;
    } cases[] = {{"type = order", true, false},
                 {"not type = order", false, true},
                 {"type = order or type = payment", true, true},
                 {"type = order or failed", false, false},
                 {"type = order and latency >= 0", false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct analysis_filter filter;
        const struct analysis_spec spec = {.where = cases[i].expression};
        handmade_begin(&made);
        assert_int_equal(analysis_filter_init(&filter, ANALYSIS_TASKS, &spec, &made.info, NULL), 0);
        assert_int_equal(analysis_filter_by_type(&filter, ORDER), cases[i].order);
        assert_int_equal(analysis_filter_by_type(&filter, PAYMENT), cases[i].payment);
        analysis_filter_free(&filter);
        handmade_end(&made);
    }
}

/* Ticks that are not nanoseconds, and instants that do not fit. */
static void times_are_compared_in_ticks(void **state)
{
    (void)state;
    const struct trace_task_id late = task_id(ORDER, 1, 5000);
    const struct analysis_task task = {.id = late, .status = ANALYSIS_FINISHED, .end_ticks = 5030};
    const struct expected expected[] = {
        {"latency = 10ns", 1}, {"latency >= 10ns", 1}, {"latency > 10ns", 0},   {"latency < 10.4ns", 0},
        {"begin = 1us", 1},    {"begin < 1001ns", 1},  {"begin < 5000000h", 1}, {"end > 1010ns", 0},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        struct analysis_filter filter;
        const struct analysis_spec spec = {.where = expected[i].expression};
        handmade_begin(&made);
        made.info.clock = (struct trace_clock){.base_ticks = 2000, .ns_per_tick = 1.0 / 3};
        assert_int_equal(analysis_filter_init(&filter, ANALYSIS_TASKS, &spec, &made.info, NULL), 0);
        if (analysis_filter_task(&filter, &task) != expected[i].passed)
            fail_msg("%s", expected[i].expression);
        analysis_filter_free(&filter);
        handmade_end(&made);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field_of_tasks),
        cmocka_unit_test(each_field_of_regions),
        cmocka_unit_test(each_field_of_logs),
        cmocka_unit_test(what_is_not_known_is_not_there),
        cmocka_unit_test(operators_bind_as_documented),
        cmocka_unit_test(random_expressions_hold_as_in_c),
        cmocka_unit_test(only_what_needs_it_takes_a_first_pass),
        cmocka_unit_test(what_was_sampled_away_is_judged_by_its_type_alone),
        cmocka_unit_test(times_are_compared_in_ticks),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
