/* Tables for terminals. SPDX-License-Identifier: Apache-2.0
 *
 *     struct table table = {0};
 *     table_column(&table, "type", TABLE_LEFT, 0);
 *     table_column(&table, "count", TABLE_RIGHT, 0);
 *     table_text(&table, "order"), table_count(&table, 7);
 *     table_print(&table, stdout);
 *     table_free(&table);
 *
 * Cells are kept until the table is printed, so that columns can be as wide as they need. On a terminal
 * that is too narrow the columns of the greatest `rank` go first, and a line says which; rank 0 stays.
 * Not on a terminal all stay. If memory runs out, the rows before that are printed, and stderr and the exit
 * code tell of it.
 */
#ifndef CAIRN_CLI_TABLE_H
#define CAIRN_CLI_TABLE_H

#include "base/base.h"

#include <stdio.h>

enum table_align { TABLE_LEFT, TABLE_RIGHT };

enum { TABLE_COLUMNS_MAX = 100, TABLE_TEXT_COLUMNS_MAX = 48 };

struct table {
    struct table_head {
        const char *name;
        enum table_align align;
        unsigned rank;
    } heads[TABLE_COLUMNS_MAX];
    unsigned column_count;
    VECTOR(const char *) cells; /* row by row */
    struct arena memory;
    bool is_broken; /* memory ran out */
};

void table_column(struct table *table, const char *name, enum table_align align, unsigned rank);
/* Each adds the next cell. Text from a trace is escaped and cut; `table_raw` takes it as it is. */
void table_text(struct table *table, const char *text);
void table_raw(struct table *table, const char *text);
void table_count(struct table *table, uint64_t count); /* 0 as "·" */
void table_duration(struct table *table, uint64_t ns);
void table_print(struct table *table, FILE *out);
void table_free(struct table *table);

#endif
