/* The smallest program that reads a trace: for the tests of what is installed. Compiles as C and as C++.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     summary TRACE       prints "TYPE COUNT" of each type of task, and then the version of the library */
#include <cairn/reader.h>

#include <stdio.h>

int main(int count, char **arguments)
{
    cairn_reader_error error;
    cairn_reader *reader = cairn_reader_open(count > 1 ? arguments[1] : "", &error);
    cairn_reader_table *table = reader ? cairn_reader_task_table(reader, NULL, &error) : NULL;
    cairn_reader_close(reader);
    if (!table) {
        fprintf(stderr, "%s: %s\n", error.path, error.text);
        return 1;
    }
    for (size_t i = 0; i < table->type_count; i++)
        printf("%s %lu\n", table->types[i]->type, (unsigned long)table->types[i]->count);
    cairn_reader_table_destroy(table);
    puts(cairn_reader_version());
    return 0;
}
