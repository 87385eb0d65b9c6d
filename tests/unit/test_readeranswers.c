/* cairn/reader.h as a program uses it: tasks and regions one by one, queries, tables.
 * SPDX-License-Identifier: Apache-2.0 */
#include "readertext.h"

/* ---- Tasks and regions ----------------------------------------------------------------------------------- */

struct listing {
    const cairn_reader *reader;
    FILE *out;
    int stop_after;
};

static void print_parts(FILE *out, const char *name, const cairn_reader_part *const *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fprintf(out, "  %s %s:%" PRIu32 " %" PRIu64 " x %" PRIu64 "\n", name, parts[i]->type,
                parts[i]->site->line, parts[i]->count, parts[i]->time_ns);
}

static int print_whole_task(void *data, const cairn_reader_task *task)
{
    struct listing *listing = data;
    FILE *out = listing->out;
    fprintf(out, "%s", task->type);
    print_id(out, listing->reader, "id", task->id, "");
    print_id(out, listing->reader, "parent", task->parent, task->parent_type);
    fprintf(out,
            " from %" PRId64 " for %" PRIu64 " self %" PRIu64 " status %d '%s' begin %d lines %" PRIu32
            " %" PRIu32,
            task->begin_ns, task->latency_ns, task->self_ns, task->status, task->reason, task->begin,
            task->begin_site->line, task->end_site->line);
    for (size_t i = 0; i < task->thread_count; i++) fprintf(out, " t%" PRIu32, task->threads[i]);
    putc('\n', out);
    for (size_t i = 0; i < task->attr_count; i++) {
        fprintf(out, "  attr %s:%" PRIu32, task->attrs[i]->key, task->attrs[i]->site->line);
        print_number(out, &task->attrs[i]->value);
        putc('\n', out);
    }
    for (size_t i = 0; i < task->log_count; i++)
        fprintf(out, "  log %s '%s' %zu x%" PRIu64 "\n", task->logs[i]->category, task->logs[i]->text,
                task->logs[i]->text_bytes, task->logs[i]->count);
    print_parts(out, "subtask", task->subtasks, task->subtask_count);
    print_parts(out, "region", task->regions, task->region_count);
    return --listing->stop_after == 0 ? 7 : 0;
}

static int print_whole_region(void *data, const cairn_reader_region *region)
{
    struct listing *listing = data;
    fprintf(listing->out, "%s", region->type);
    print_id(listing->out, listing->reader, "task", region->task, region->task_type);
    fprintf(listing->out,
            " from %" PRId64 " for %" PRIu64 " self %" PRIu64 "%s%s lines %" PRIu32 " %" PRIu32 "\n",
            region->begin_ns, region->duration_ns, region->self_ns, region->is_finished ? "" : " unfinished",
            region->is_wrong ? " wrong" : "", region->begin_site->line, region->end_site->line);
    return --listing->stop_after == 0 ? 7 : 0;
}

/* What tasks, or regions, there are; the function's result through *result. */
static char *list(cairn_reader *reader, bool regions, const cairn_reader_query *query, int stop_after,
                  int *result)
{
    char *text = NULL;
    size_t bytes = 0;
    struct listing listing = {reader, open_memstream(&text, &bytes), stop_after};
    cairn_reader_error error = {0};
    *result = regions ? cairn_reader_regions_each(reader, query, &error, print_whole_region, &listing)
                      : cairn_reader_tasks_each(reader, query, &error, print_whole_task, &listing);
    fclose(listing.out);
    return text;
}

static void expect(const char *trace, bool regions, const cairn_reader_query *query, const char *expected)
{
    int result;
    cairn_reader *reader = open_trace(trace);
    char *text = list(reader, regions, query, 0, &result);
    assert_int_equal(result, 0);
    assert_string_equal(text, expected);
    free(text);
    cairn_reader_close(reader);
}

enum {
    ALL_DETAILS = CAIRN_READER_DETAIL_ATTRS | CAIRN_READER_DETAIL_LOGS | CAIRN_READER_DETAIL_SUBTASKS |
                  CAIRN_READER_DETAIL_REGIONS | CAIRN_READER_DETAIL_THREADS
};

static void tasks_come_with_their_details(void **state)
{
    (void)state;
    cairn_reader_query query = {.size = sizeof query, .details = ALL_DETAILS};
    expect("everything.txt", false, &query,
           "payment id= 2 parent=order 1 from 1400 for 600 self 600 status 2 'no milk' begin 0 lines 20 98 "
           "t0 t1\n"
           "  log barista 'from a handler' 14 x1\n"
           "  region brew:30 1 x 350\n"
           "order id= 1 from 1000 for 7000 self 6400 status 1 '' begin 0 lines 10 99 t0\n"
           "  attr size:50 -3\n  attr name:51 'Zoë' 4\n  attr hot:53 1\n"
           "  log barista 'extra foam' 10 x1\n  log plain 'nothing to add' 14 x1\n  log one '99%' 3 x1\n"
           "  log two '-5 and 6' 8 x1\n  log till '2 of tea costs 3.50' 19 x1\n"
           "  subtask payment:20 1 x 600\n"
           "  region brew:30 1 x 200\n  region wait:40 2 x 6520\n");
}

static void a_task_begun_while_off_has_no_times(void **state)
{
    (void)state;
    int result;
    cairn_reader *reader = cairn_reader_open(assemble("head start=1000,1000,1000 last=9000,9000,9000\n"
                                                      "block events number=1 begin=1000 task=1\n"
                                                      "  log site=1 time=1200 text=\"while off\"\n"),
                                             NULL);
    unlink(own_path("trace"));
    char *text = list(reader, false, NULL, 0, &result);
    char expected[200];
    snprintf(expected, sizeof expected,
             "(begun while off) id= off from %" PRId64 " for 0 self 0 status 0 '' begin 3 lines 0 0\n",
             CAIRN_READER_NO_TIME);
    assert_string_equal(text, expected);
    free(text);
    cairn_reader_close(reader);
}

static void what_is_not_asked_for_is_not_there(void **state)
{
    (void)state;
    expect("everything.txt", false, NULL,
           "payment id= 2 parent=order 1 from 1400 for 600 self 600 status 2 'no milk' begin 0 lines 20 98\n"
           "order id= 1 from 1000 for 7000 self 6400 status 1 '' begin 0 lines 10 99\n");
    cairn_reader_query query = {
        .size = sizeof query, .where = "latency = 7us", .details = CAIRN_READER_DETAIL_THREADS};
    expect("everything.txt", false, &query,
           "order id= 1 from 1000 for 7000 self 6400 status 1 '' begin 0 lines 10 99 t0\n");
    query.type = "p*";
    expect("everything.txt", false, &query, "");
}

static void regions_come_one_by_one(void **state)
{
    (void)state;
    expect("everything.txt", true, NULL,
           "brew task=order 1 from 1100 for 200 self 200 lines 30 99\n"
           "wait task=order 1 from 1050 for 20 self 20 lines 40 40\n"
           "wait task=order 1 from 1500 for 200 self 200 wrong lines 40 99\n"
           "brew task=payment 2 from 1450 for 350 self 350 lines 30 99\n");
    cairn_reader_query query = {.size = sizeof query, .type = "wait", .where = "duration < 100ns"};
    expect("everything.txt", true, &query, "wait task=order 1 from 1050 for 20 self 20 lines 40 40\n");
}

static void a_callback_can_stop(void **state)
{
    (void)state;
    int result;
    cairn_reader *reader = open_trace("everything.txt");
    char *text = list(reader, false, NULL, 1, &result);
    assert_int_equal(result, 7);
    assert_null(strchr(strchr(text, '\n') + 1, '\n'));
    free(text);
    text = list(reader, true, NULL, 1, &result);
    assert_int_equal(result, 7);
    assert_null(strchr(strchr(text, '\n') + 1, '\n'));
    free(text);
    text = print_events(reader, SIZE_MAX); /* nothing of it is left */
    assert_int_equal(cairn_reader_info_get(reader)->recovered, 25);
    free(text);
    cairn_reader_close(reader);
}

/* ---- Queries ------------------------------------------------------------------------------------------- */

static int ask(cairn_reader *reader, const cairn_reader_query *query)
{
    int result;
    free(list(reader, false, query, 0, &result));
    return result;
}

/* A query of a header that has one member more. */
struct newer_query {
    cairn_reader_query query;
    uint64_t condition;
};

static void queries_of_other_versions_are_understood_or_refused(void **state)
{
    (void)state;
    cairn_reader *reader = open_trace("everything.txt");
    struct newer_query newer = {.query = {.size = sizeof newer}};
    assert_int_equal(ask(reader, &newer.query), 0);
    newer.condition = 1;
    assert_int_equal(ask(reader, &newer.query), -CAIRN_EINVAL);
    cairn_reader_query older = {.size = offsetof(cairn_reader_query, type), .type = "none"};
    int result;
    char *text = list(reader, false, &older, 0, &result); /* its type lies beyond its size */
    assert_true(strstr(text, "order"));
    free(text);
    cairn_reader_query wanting = {.size = sizeof wanting, .details = 1u << 31};
    assert_int_equal(ask(reader, &wanting), -CAIRN_EINVAL);
    older.size = 0;
    assert_int_equal(ask(reader, &older), -CAIRN_EINVAL);
    cairn_reader_close(reader);
}

static void expressions_are_those_of_the_tool(void **state)
{
    (void)state;
    cairn_reader_query query = {.size = sizeof query, .where = "attr.hot = true and log ~ foam"};
    expect("everything.txt", false, &query,
           "order id= 1 from 1000 for 7000 self 6400 status 1 '' begin 0 lines 10 99\n");
    query = (cairn_reader_query){.size = sizeof query, .where = "task.failed"};
    expect("everything.txt", true, &query, "brew task=payment 2 from 1450 for 350 self 350 lines 30 99\n");
    cairn_reader *reader = open_trace("everything.txt");
    cairn_reader_table *table = cairn_reader_region_table(reader, &query, NULL);
    assert_int_equal(table->types[0]->count, 1);
    cairn_reader_table_destroy(table);
    assert_int_equal(cairn_reader_info_get(reader)->recovered, 25); /* though there were two passes */
    cairn_reader_close(reader);
}

static void wrong_expressions_are_refused(void **state)
{
    (void)state;
    cairn_reader *reader = open_trace("everything.txt");
    cairn_reader_query query = {.size = sizeof query, .where = "latncy > 1ms"};
    cairn_reader_error error = {0};
    assert_null(cairn_reader_task_table(reader, &query, &error));
    assert_int_equal(error.code, CAIRN_EINVAL);
    assert_int_equal(error.offset, -1);
    assert_true(strncmp(error.text, "where: ", 7) == 0 && strstr(error.text, "latncy"));
    assert_null(cairn_reader_region_table(reader, &query, NULL));
    assert_int_equal(ask(reader, &query), -CAIRN_EINVAL);
    cairn_reader_close(reader);
}

/* ---- Tables -------------------------------------------------------------------------------------------- */

static void tables_outlive_their_reader(void **state)
{
    (void)state;
    cairn_reader *reader = open_trace("sampling.txt");
    cairn_reader_table *tasks = cairn_reader_task_table(reader, NULL, NULL);
    cairn_reader_table *regions = cairn_reader_region_table(reader, NULL, NULL);
    cairn_reader_close(reader);
    assert_int_equal(tasks->type_count, 3);
    assert_int_equal(tasks->site_count, 0);
    const cairn_reader_row *orders = tasks->types[0];
    assert_string_equal(orders->type, "order");
    assert_null(orders->site);
    assert_int_equal(orders->count, 5);
    assert_int_equal(orders->estimated_count, 14); /* 12 and 2: sampling.txt tells them all */
    assert_int_equal(orders->total_ns, 11600);
    assert_int_equal(orders->estimated_total_ns, 4 * 600 + 11000);
    assert_int_equal(cairn_reader_percentile(orders, 0), 100);
    assert_int_equal(cairn_reader_percentile(orders, 4.0 / 14), 100); /* stands for 4 */
    assert_in_range(cairn_reader_percentile(orders, 5.0 / 14), 198, 202);
    assert_int_equal(cairn_reader_percentile(orders, 1), 6000);
    assert_int_equal(regions->type_count, 1);
    assert_int_equal(regions->site_count, 1);
    assert_string_equal(regions->sites[0]->type, "till");
    assert_string_equal(regions->sites[0]->site->file, "");
    assert_int_equal(regions->sites[0]->total_ns, regions->types[0]->total_ns);
    cairn_reader_table_destroy(tasks);
    cairn_reader_table_destroy(regions);
}

/* Regions that do not nest are read twice for their table, the second time without telling. */
static void passes_behind_a_table_tell_as_those_before_it(void **state)
{
    (void)state;
    cairn_reader *reader = open_trace("misnested.txt");
    free(print_events(reader, SIZE_MAX));
    uint64_t recovered = cairn_reader_info_get(reader)->recovered;
    assert_true(recovered > 0);
    cairn_reader_table_destroy(cairn_reader_region_table(reader, NULL, NULL));
    assert_int_equal(cairn_reader_info_get(reader)->recovered, recovered);
    free(print_events(reader, SIZE_MAX));
    assert_int_equal(cairn_reader_info_get(reader)->recovered, recovered);
    cairn_reader_close(reader);
}

static void a_table_may_be_empty(void **state)
{
    (void)state;
    cairn_reader *reader = open_trace("everything.txt");
    cairn_reader_query query = {.size = sizeof query, .type = "tea"};
    cairn_reader_table *table = cairn_reader_region_table(reader, &query, NULL);
    assert_non_null(table);
    assert_int_equal(table->type_count + table->site_count, 0);
    cairn_reader_table_destroy(table);
    cairn_reader_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_come_with_their_details),
        cmocka_unit_test(a_task_begun_while_off_has_no_times),
        cmocka_unit_test(what_is_not_asked_for_is_not_there),
        cmocka_unit_test(regions_come_one_by_one),
        cmocka_unit_test(a_callback_can_stop),
        cmocka_unit_test(queries_of_other_versions_are_understood_or_refused),
        cmocka_unit_test(expressions_are_those_of_the_tool),
        cmocka_unit_test(wrong_expressions_are_refused),
        cmocka_unit_test(tables_outlive_their_reader),
        cmocka_unit_test(passes_behind_a_table_tell_as_those_before_it),
        cmocka_unit_test(a_table_may_be_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
