/* Tells of a trace what it learns from cairn/reader.h, in the form in which the tool does: for reader.bats, which has it
 * compared with an independent decoder. SPDX-License-Identifier: Apache-2.0
 *
 *     retold info|tasks|regions TRACE
 *
 * Exit code 1 if the ways to read the trace do not agree: what comes one by one has to add up to the table.
 */
#include <cairn/reader.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *what, const char *text)
{
    fprintf(stderr, "retold: %s: %s\n", what, text);
    exit(1);
}

static void print_text(const char *name, const char *text)
{
    printf("\"%s\": \"", name);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            printf("\\%c", *text);
        else if ((unsigned char)*text < ' ')
            printf("\\u%04x", (unsigned)*text);
        else
            putchar(*text);
    }
    printf("\", ");
}

/* ---- Events -------------------------------------------------------------------------------------------- */

static const char *const kinds[] = {
    [CAIRN_READER_TASK_BEGIN] = "task_begin",
    [CAIRN_READER_TASK_END] = "task_end",
    [CAIRN_READER_TASK_FAIL] = "task_fail",
    [CAIRN_READER_REGION_BEGIN] = "region_begin",
    [CAIRN_READER_REGION_END] = "region_end",
    [CAIRN_READER_REGION_AT] = "region_at",
    [CAIRN_READER_LOG] = "log",
    [CAIRN_READER_ATTR] = "attr",
    [CAIRN_READER_LINK] = "link",
    [CAIRN_READER_COUNTER] = "counter",
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void retell_info(cairn_reader *reader, cairn_reader_error *error)
{
    uint64_t counts[KINDS] = {0}, all = 0;
    const cairn_reader_event *event;
    int result;
    while ((result = cairn_reader_next(reader, &event, error)) > 0) {
        counts[event->kind]++;
        all += kinds[event->kind] != NULL;
    }
    if (result < 0) die("next", error->text);
    const cairn_reader_info *info = cairn_reader_info_get(reader);
    if (info->recovered != all) die("next", "events are not as many as the info says");
    printf("{\"duration_ns\": %" PRIu64 ", \"recovered\": {", info->duration_ns);
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i]) printf("\"%s\": %" PRIu64 ", ", kinds[i], counts[i]);
    printf("\"total\": %" PRIu64 "}}\n", all);
}

/* ---- Tables -------------------------------------------------------------------------------------------- */

static void print_row(const cairn_reader_row *row)
{
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {{"count", row->count},
                  {"finished", row->finished},
                  {"unfinished", row->unfinished},
                  {"errors", row->errors},
                  {"begun_before", row->begun_before},
                  {"before_window", row->before_window},
                  {"begin_lost", row->begin_lost},
                  {"estimated_count", row->estimated_count}},
      times[] = {{"total_ns", row->total_ns},
                 {"self_ns", row->self_ns},
                 {"estimated_total_ns", row->estimated_total_ns},
                 {"estimated_self_ns", row->estimated_self_ns},
                 {"min_ns", row->min_ns},
                 {"mean_ns", row->mean_ns},
                 {"p50_ns", cairn_reader_percentile(row, 0.5)},
                 {"p90_ns", cairn_reader_percentile(row, 0.9)},
                 {"p99_ns", cairn_reader_percentile(row, 0.99)},
                 {"p999_ns", cairn_reader_percentile(row, 0.999)},
                 {"max_ns", row->max_ns}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        printf("\"%s\": %" PRIu64 ", ", counts[i].name, counts[i].value);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (row->finished)
            printf("\"%s\": %" PRIu64 ", ", times[i].name, times[i].value);
        else
            printf("\"%s\": null, ", times[i].name);
    print_text("type", row->type);
}

static void print_sites(const cairn_reader_table *table, const char *type)
{
    const char *comma = "";
    printf("\"sites\": [");
    for (size_t i = 0; i < table->site_count; i++) {
        const cairn_reader_row *row = table->sites[i];
        if (strcmp(row->type, type) != 0) continue;
        printf("%s{", comma);
        print_row(row);
        print_text("file", row->site->file);
        print_text("function", row->site->function);
        printf("\"line\": %" PRIu32 "}", row->site->line);
        comma = ", ";
    }
    printf("]");
}

static void print_table(const cairn_reader_table *table)
{
    printf("{\"types\": [");
    for (size_t i = 0; i < table->type_count; i++) {
        printf("%s{", i ? ", " : "");
        print_row(table->types[i]);
        print_sites(table, table->types[i]->type);
        printf("}");
    }
    printf("]}\n");
}

/* ---- One by one ---------------------------------------------------------------------------------------- */

struct sums {
    const char *type;
    uint64_t count, finished, total_ns, self_ns;
};

static void add(struct sums *sums, bool finished, uint64_t time_ns, uint64_t self_ns)
{
    sums->count++;
    if (!finished) return;
    sums->finished++;
    sums->total_ns += time_ns;
    sums->self_ns += self_ns;
}

static int add_task(void *data, const cairn_reader_task *task)
{
    struct sums *sums = data;
    bool finished = task->status != CAIRN_READER_UNFINISHED;
    if (strcmp(task->type, sums->type) == 0) add(sums, finished, task->latency_ns, task->self_ns);
    return 0;
}

static int add_region(void *data, const cairn_reader_region *region)
{
    struct sums *sums = data;
    if (strcmp(region->type, sums->type) == 0)
        add(sums, region->is_finished, region->duration_ns, region->self_ns);
    return 0;
}

/* Each is rounded by itself here, and their sum there. */
static bool is_near(uint64_t one, uint64_t other, uint64_t count)
{
    return (one > other ? one - other : other - one) <= count;
}

static void check_row(cairn_reader *reader, bool tasks, const cairn_reader_row *row,
                      cairn_reader_error *error)
{
    struct sums sums = {.type = row->type};
    int result = tasks ? cairn_reader_tasks_each(reader, NULL, error, add_task, &sums)
                       : cairn_reader_regions_each(reader, NULL, error, add_region, &sums);
    if (result != 0) die(row->type, error->text);
    if (sums.count != row->count || sums.finished != row->finished)
        die(row->type, "another count one by one");
    if (!is_near(sums.total_ns, row->total_ns, row->count) ||
        !is_near(sums.self_ns, row->self_ns, row->count))
        die(row->type, "another time one by one");
}

static void retell_table(cairn_reader *reader, bool tasks, cairn_reader_error *error)
{
    cairn_reader_table *table =
        tasks ? cairn_reader_task_table(reader, NULL, error) : cairn_reader_region_table(reader, NULL, error);
    if (!table) die("table", error->text);
    for (size_t i = 0; i < table->type_count; i++) check_row(reader, tasks, table->types[i], error);
    print_table(table);
    cairn_reader_table_destroy(table);
}

int main(int count, char **arguments)
{
    cairn_reader_error error;
    if (count != 3) die("usage", "retold info|tasks|regions TRACE");
    cairn_reader *reader = cairn_reader_open(arguments[2], &error);
    if (!reader) die(error.path, error.text);
    if (strcmp(arguments[1], "info") == 0)
        retell_info(reader, &error);
    else
        retell_table(reader, strcmp(arguments[1], "tasks") == 0, &error);
    cairn_reader_close(reader);
    return 0;
}
