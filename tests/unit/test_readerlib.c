/* cairn/reader.h as a program uses it: opening, events, ids, findings. That its numbers are those of the tool, on any trace: cli/reader.bats.
 * SPDX-License-Identifier: Apache-2.0 */
#include "readertext.h"

#include <sys/stat.h>

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
        assert_true(!event->other.number == !event->other_type[0]); /* no parent has no type */
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

static void what_belongs_to_no_task_is_told_apart(void **state)
{
    (void)state;
    cairn_reader *reader = cairn_reader_open(assemble("head start=1000,1000,1000 last=9000,9000,9000\n"
                                                      "site number=1 role=log text=\"note\"\n"
                                                      "block events number=1 begin=1000\n"
                                                      "  log site=1 time=1100 text=\"nobody's\"\n"
                                                      "  task id=1 birth=0\n"
                                                      "  log site=1 time=1200 text=\"while off\"\n"),
                                             NULL);
    unlink(own_path("trace"));
    assert_non_null(reader);
    const cairn_reader_event *event;
    assert_int_equal(cairn_reader_next(reader, &event, NULL), 1);
    assert_true(event->task.number == CAIRN_READER_TASK_NONE && event->task_begin_ns == CAIRN_READER_NO_TIME);
    assert_string_equal(event->task_type, "(background)");
    assert_int_equal(cairn_reader_next(reader, &event, NULL), 1);
    assert_true(event->task.number == CAIRN_READER_TASK_OFF && event->task_begin_ns == CAIRN_READER_NO_TIME);
    assert_string_equal(event->task_type, "(begun while off)");
    assert_true(event->region.place == 0 && event->region_begin_ns == CAIRN_READER_NO_TIME);
    cairn_reader_close(reader);
}

static void processes_of_a_folder_are_told_apart(void **state)
{
    (void)state;
    static const char *const events =
        "site number=1 role=task text=\"order\"\nblock events number=1 begin=1000\n"
        "  task_begin site=1 time=%d id=1:1:1\n";
    const char *folder = own_path("folder");
    char path[2][4200], text[600];
    assert_int_equal(mkdir(folder, 0700), 0);
    for (int i = 0; i < 2; i++) {
        int bytes = snprintf(text, sizeof text,
                             "head pid=%d session=%d,1 boot_id=\"b\" start=1000,1000,1000\n", 10 + i, i);
        snprintf(text + bytes, sizeof text - (size_t)bytes, events, 2000 + i);
        snprintf(path[i], sizeof path[i], "%s/%d.cairn", folder, i);
        assemble_as(path[i], text);
    }
    cairn_reader *reader = cairn_reader_open(folder, NULL);
    assert_non_null(reader);
    assert_int_equal(cairn_reader_info_get(reader)->process_count, 2);
    assert_int_equal(cairn_reader_process_get(reader, 1)->pid, 11);
    char *lines = print_events(reader, SIZE_MAX);
    assert_string_equal(
        lines, "1000 : task begin 'order' 0 task=order 1:1\n1001 : task begin 'order' 0 task=order 2:1\n");
    free(lines);
    cairn_reader_close(reader);
    unlink(path[0]), unlink(path[1]), rmdir(folder);
}

static void damage_is_a_finding(void **state)
{
    (void)state;
    cairn_reader *reader = open_trace("damage.txt");
    free(print_events(reader, SIZE_MAX));
    bool any = false;
    const cairn_reader_finding *finding;
    for (uint32_t i = 0; (finding = cairn_reader_finding_get(reader, i)); i++)
        any |= finding->severity == CAIRN_READER_DAMAGE;
    assert_true(any);
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
        cmocka_unit_test(what_belongs_to_no_task_is_told_apart),
        cmocka_unit_test(processes_of_a_folder_are_told_apart),
        cmocka_unit_test(damage_is_a_finding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
