/* Reads a trace: the slowest hundredth of a type's tasks, what they were about and where their time went. Of several types
 * that match, that with the most time.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     build/slowest demo.cairn 'POST *'
 *
 * A first pass finds how slow the slowest are, the second tells of those: nothing has to be kept in between.
 */
#include <cairn/reader.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void print_attr(const cairn_reader_attr *attr)
{
    const cairn_reader_value *value = &attr->value;
    switch (value->type) {
    case CAIRN_READER_VALUE_TEXT: printf("    %s = %s\n", attr->key, value->text); break;
    case CAIRN_READER_VALUE_FLOAT: printf("    %s = %g\n", attr->key, value->number.f); break;
    case CAIRN_READER_VALUE_INT: printf("    %s = %" PRId64 "\n", attr->key, value->number.i); break;
    default: printf("    %s = %" PRIu64 "\n", attr->key, value->number.u);
    }
}

struct slowest {
    const cairn_reader *reader;
    const char *type;
    uint64_t least_ns; /* that count as slow */
};

static int print_if_slow(void *data, const cairn_reader_task *task)
{
    const struct slowest *slowest = data;
    char id[48];
    if (task->latency_ns < slowest->least_ns || strcmp(task->type, slowest->type) != 0) return 0;
    cairn_reader_id_text(slowest->reader, task->id, id, sizeof id);
    printf("%s %s: %.3f ms%s%s\n", task->type, id, (double)task->latency_ns / 1e6,
           task->status == CAIRN_READER_FAILED ? ", failed: " : "", task->reason);
    for (size_t i = 0; i < task->attr_count; i++) print_attr(task->attrs[i]);
    for (size_t i = 0; i < task->region_count; i++)
        printf("    %s: %.3f ms in %" PRIu64 "\n", task->regions[i]->type,
               (double)task->regions[i]->time_ns / 1e6, task->regions[i]->count);
    return 0;
}

static int print_slowest(cairn_reader *reader, const char *type, cairn_reader_error *error)
{
    cairn_reader_query query = {.size = sizeof query, .where = "finished", .type = type};
    struct slowest slowest = {.reader = reader};
    int result = 0;
    cairn_reader_table *table = cairn_reader_task_table(reader, &query, error);
    if (!table) return -1;
    if (table->type_count) {
        slowest.type = table->types[0]->type;
        slowest.least_ns = cairn_reader_percentile(table->types[0], 0.99);
        query.details = CAIRN_READER_DETAIL_ATTRS | CAIRN_READER_DETAIL_REGIONS;
        result = cairn_reader_tasks_each(reader, &query, error, print_if_slow, &slowest);
    }
    cairn_reader_table_destroy(table);
    return result;
}

int main(int count, char **arguments)
{
    if (count != 3) return fprintf(stderr, "usage: slowest TRACE TYPE\n"), 2;
    cairn_reader_error error;
    cairn_reader *reader = cairn_reader_open(arguments[1], &error);
    int result = reader ? print_slowest(reader, arguments[2], &error) : -1;
    if (result != 0) fprintf(stderr, "slowest: %s: %s\n", error.path, error.text);
    cairn_reader_close(reader);
    return result != 0;
}
