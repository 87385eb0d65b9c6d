/* cairn/reader.h as a program uses it. That its numbers are those of the tool, on any trace: cli/reader.bats.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tracetext.h"

#include "cairn/reader.h"

static const char *assembled(const char *name)
{
    struct cairn_error error = {0};
    if (trace_assemble(source_path(name), own_path(name), &error) != 0) fail_msg("%s", error.text);
    return own_path(name);
}

static cairn_reader *open_trace(const char *name)
{
    cairn_reader_error error = {0};
    cairn_reader *reader = cairn_reader_open(assembled(name), &error);
    if (!reader) fail_msg("%s: %s", error.path, error.text);
    unlink(own_path(name));
    return reader;
}

/* ---- The whole ------------------------------------------------------------------------------------------ */

static void what_cannot_be_opened_is_an_error(void **state)
{
    (void)state;
    cairn_reader_error error = {0};
    assert_null(cairn_reader_open("/nowhere/at-all.cairn", &error));
    assert_int_equal(error.code, CAIRN_EIO);
    assert_string_equal(error.path, "/nowhere/at-all.cairn");
    assert_true(error.text[0]);
    assert_null(cairn_reader_open("/nowhere/at-all.cairn", NULL));
    cairn_reader_close(NULL);
    cairn_reader_table_destroy(NULL);
}

static void the_whole_is_described(void **state)
{
    (void)state;
    cairn_reader *reader = open_trace("everything.txt");
    const cairn_reader_info *info = cairn_reader_info_get(reader);
    assert_int_equal(info->start_realtime_ns, 1700000000000001000);
    assert_int_equal(info->begin_ns, 0);
    assert_int_equal(info->duration_ns, 1000000);
    assert_int_equal(info->process_count, 1);
    assert_int_equal(info->thread_count, 2);
    assert_int_equal(info->lost + info->overwritten + info->recovered, 0);
    assert_true(info->first_lost_ns == CAIRN_READER_NO_TIME && info->window_begin_ns == CAIRN_READER_NO_TIME);
    const cairn_reader_process *process = cairn_reader_process_get(reader, 0);
    assert_int_equal(process->pid, 42);
    assert_string_equal(process->command, "app --fast");
    assert_int_equal(process->state, CAIRN_READER_STOPPED);
    assert_null(cairn_reader_process_get(reader, 1));
    const cairn_reader_thread *worker = cairn_reader_thread_get(reader, 1);
    assert_string_equal(worker->name, "worker");
    assert_int_equal(worker->begin_ns, 600);
    assert_int_equal(worker->end_ns, 899000);
    assert_true(cairn_reader_thread_get(reader, 0)->end_ns == CAIRN_READER_NO_TIME);
    assert_null(cairn_reader_thread_get(reader, CAIRN_READER_NO_INDEX));
    cairn_reader_close(reader);
}

static void the_version_is_that_of_the_header(void **state)
{
    (void)state;
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", CAIRN_VERSION_MAJOR, CAIRN_VERSION_MINOR,
             CAIRN_VERSION_PATCH);
    assert_string_equal(cairn_reader_version(), version);
}

/* ---- Events -------------------------------------------------------------------------------------------- */

static void print_id(FILE *out, const cairn_reader *reader, const char *name, cairn_reader_task_id id,
                     const char *type)
{
    char text[48];
    if (id.number != CAIRN_READER_TASK_NONE)
        fprintf(out, " %s=%s %s", name, type, cairn_reader_id_text(reader, id, text, sizeof text));
}

static void print_number(FILE *out, const cairn_reader_value *value)
{
    switch (value->type) {
    case CAIRN_READER_VALUE_NONE: break;
    case CAIRN_READER_VALUE_INT: fprintf(out, " %" PRId64, value->number.i); break;
    case CAIRN_READER_VALUE_FLOAT: fprintf(out, " %g", value->number.f); break;
    case CAIRN_READER_VALUE_TEXT: fprintf(out, " '%s' %zu", value->text, value->text_bytes); break;
    default: fprintf(out, " %" PRIu64, value->number.u); break;
    }
}

static void print_line(FILE *out, const cairn_reader *reader, const cairn_reader_event *event)
{
    static const char *const names[] = {"?",     "task begin", "task open", "task end",    "task fail",
                                        "begin", "end",        "at",        "region open", "log",
                                        "attr",  "link",       "counter"};
    const cairn_reader_thread *thread = cairn_reader_thread_get(reader, event->thread);
    fprintf(out, "%" PRId64 " %s%s: %s '%s' %" PRIu32, event->time_ns, thread ? thread->name : "",
            event->in_signal_handler ? " (handler)" : "", names[event->kind], event->site->text,
            event->site->line);
    print_id(out, reader, "task", event->task, event->task_type);
    print_id(out, reader, "other", event->other, event->other_type);
    if (event->region.place) fprintf(out, " %s %" PRId64, event->region_type, event->region_begin_ns);
    if (event->region_end_ns != CAIRN_READER_NO_TIME) fprintf(out, " to %" PRId64, event->region_end_ns);
    print_number(out, &event->value);
    putc('\n', out);
}

static char *print_events(cairn_reader *reader, size_t count_max)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    const cairn_reader_event *event;
    cairn_reader_error error = {0};
    int result = 1;
    for (size_t i = 0; i < count_max && (result = cairn_reader_next(reader, &event, &error)) > 0; i++)
        print_line(out, reader, event);
    assert_true(result >= 0);
    fclose(out);
    return text;
}

static const char all_events[] =
    "1000 main: task begin 'order' 10 task=order 1\n"
    "1100 main: begin 'brew' 30 task=order 1 brew 1100\n"
    "1150 main: attr 'size' 50 task=order 1 -3\n"
    "1160 main: attr 'price' 52 task=order 1 brew 1100 1.5\n"
    "1200 main: log 'barista' 31 task=order 1 'extra foam' 10\n"
    "1300 main: end '' 99 task=order 1 brew 1100\n"
    "1400 main: task begin 'payment' 20 task=payment 2 other=order 1\n"
    "1410 main: link '' 99 task=order 1 other=payment 2\n"
    "1420 main: counter 'queue' 54 7\n"
    "1430 main: log 'plain' 55 task=order 1 'nothing to add' 14\n"
    "1440 main: log 'one' 57 task=order 1 '99%' 3\n"
    "1450 main: log 'two' 56 task=order 1 '-5 and 6' 8\n"
    "1450 worker: begin 'brew' 30 task=payment 2 brew 1450\n"
    "1460 main: log 'till' 21 task=order 1 '2 of tea costs 3.50' 19\n"
    "1470 main: attr 'name' 51 task=order 1 'Zoë' 4\n"
    "1480 main: attr 'hot' 53 task=order 1 1\n"
    "1490 main: at 'wait' 40 task=order 1 wait 1050 to 1070\n"
    "1500 main: begin 'wait' 40 task=order 1 wait 1500\n"
    "1700 worker: end '' 99 task=(unknown) unknown wait 1500\n"
    "1710 worker: attr 'size' 50 task=payment 2 brew 1450 12\n"
    "1720 worker: attr 'name' 51 task=payment 2 brew 1450 'mild' 4\n"
    "1760 worker (handler): log 'barista' 31 task=payment 2 'from a handler' 14\n"
    "1800 worker: end '' 99 task=payment 2 brew 1450\n"
    "2000 worker: task fail 'no milk' 98 task=payment 2\n"
    "8000 main: task end '' 99 task=order 1\n";

static void events_come_in_order_and_resolved(void **state)
{
    (void)state;
    cairn_reader *reader = open_trace("everything.txt");
    char *text = print_events(reader, SIZE_MAX);
    assert_string_equal(text, all_events);
    assert_int_equal(cairn_reader_info_get(reader)->recovered, 25);
    free(text);
    const cairn_reader_event *event;
    assert_int_equal(cairn_reader_next(reader, &event, NULL), 0); /* the end stays the end */
    assert_null(event);
    cairn_reader_close(reader);
}

static void a_pass_begins_anew_and_counts_once(void **state)
{
    (void)state;
    cairn_reader *reader = open_trace("everything.txt");
    free(print_events(reader, 7));
    cairn_reader_rewind(reader);
    char *text = print_events(reader, SIZE_MAX);
    assert_string_equal(text, all_events);
    free(text);
    assert_int_equal(cairn_reader_info_get(reader)->recovered, 25);
    assert_int_equal(cairn_reader_finding_get(reader, 0)->count, 1);
    cairn_reader_table *table = cairn_reader_task_table(reader, NULL, NULL);
    assert_non_null(table);
    cairn_reader_table_destroy(table);
    assert_int_equal(cairn_reader_info_get(reader)->recovered, 25);
    assert_int_equal(cairn_reader_finding_get(reader, 0)->count, 1);
    text = print_events(reader, 1); /* another pass has come in between */
    assert_int_equal(strncmp(all_events, text, strlen(text)), 0);
    free(text);
    cairn_reader_close(reader);
}

static void findings_are_told(void **state)
{
    (void)state;
    cairn_reader *reader = open_trace("everything.txt");
    assert_null(cairn_reader_finding_get(reader, 0));
    free(print_events(reader, SIZE_MAX));
    const cairn_reader_finding *finding = cairn_reader_finding_get(reader, 0);
    assert_string_equal(finding->name, "loss");
    assert_int_equal(finding->severity, CAIRN_READER_NOTE);
    assert_int_equal(finding->count, 1);
    assert_true(finding->advice[0] && finding->example[0]);
    assert_null(cairn_reader_finding_get(reader, 1));
    cairn_reader_close(reader);
}

static void equal_ids_are_equal_structs(void **state)
{
    (void)state;
    cairn_reader *reader = open_trace("everything.txt");
    cairn_reader_task_id begun[2], ended[2];
    cairn_reader_region_id brew[2];
    size_t begins = 0, ends = 0, brews = 0;
    const cairn_reader_event *event;
    while (cairn_reader_next(reader, &event, NULL) > 0) {
        if (event->kind == CAIRN_READER_TASK_BEGIN) begun[begins++] = event->task;
        if (event->kind == CAIRN_READER_TASK_END || event->kind == CAIRN_READER_TASK_FAIL)
            ended[ends++] = event->task;
        bool is_rim = event->kind == CAIRN_READER_REGION_BEGIN || event->kind == CAIRN_READER_REGION_END;
        if (is_rim && event->region_begin_ns == 1450) brew[brews++] = event->region;
    }
    assert_int_equal(begins + ends + brews, 6);
    assert_memory_equal(&begun[0], &ended[1], sizeof begun[0]);
    assert_memory_equal(&begun[1], &ended[0], sizeof begun[0]);
    assert_memory_not_equal(&begun[0], &begun[1], sizeof begun[0]);
    assert_memory_equal(&brew[0], &brew[1], sizeof brew[0]);
    char cut[2];
    assert_string_equal(cairn_reader_id_text(reader, begun[1], cut, 1), "");
    assert_string_equal(cairn_reader_id_text(reader, begun[1], cut, 2), "2");
    cairn_reader_close(reader);
}

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
    assert_string_equal(text, all_events);
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
        cmocka_unit_test(what_cannot_be_opened_is_an_error),
        cmocka_unit_test(the_whole_is_described),
        cmocka_unit_test(the_version_is_that_of_the_header),
        cmocka_unit_test(events_come_in_order_and_resolved),
        cmocka_unit_test(a_pass_begins_anew_and_counts_once),
        cmocka_unit_test(findings_are_told),
        cmocka_unit_test(equal_ids_are_equal_structs),
        cmocka_unit_test(tasks_come_with_their_details),
        cmocka_unit_test(what_is_not_asked_for_is_not_there),
        cmocka_unit_test(regions_come_one_by_one),
        cmocka_unit_test(a_callback_can_stop),
        cmocka_unit_test(queries_of_other_versions_are_understood_or_refused),
        cmocka_unit_test(expressions_are_those_of_the_tool),
        cmocka_unit_test(wrong_expressions_are_refused),
        cmocka_unit_test(tables_outlive_their_reader),
        cmocka_unit_test(a_table_may_be_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
