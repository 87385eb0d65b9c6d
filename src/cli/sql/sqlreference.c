/* See sqlreference.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/sql/sqlreference.h"

#include "sql/catalog.h"

static void print_arguments(FILE *out, const struct sql_table *table)
{
    const char *comma = "";
    fprintf(out, "(");
    for (unsigned i = 0; i < table->column_count; i++) {
        enum sql_role role = table->columns[i].role;
        if (role != SQL_ARGUMENT && role != SQL_NEEDED) continue;
        fprintf(out, "%s%s", comma, table->columns[i].name);
        comma = ", ";
    }
    fprintf(out, ")");
}

static void print_table(FILE *out, const struct sql_table *table)
{
    fprintf(out, "\n### %s", table->name);
    if (sql_table_is_function(table)) print_arguments(out, table);
    fprintf(out, "\n\n%s\n\n| column | type | |\n|---|---|---|\n", table->doc);
    for (unsigned i = 0; i < table->column_count; i++) {
        const struct sql_column *column = &table->columns[i];
        if (column->role != SQL_TRACE)
            fprintf(out, "| %s | %s | %s%s |\n", column->name, sql_type_name(column->type),
                    sql_column_is_hidden(column) ? "Argument: " : "", column->doc);
    }
}

void sqlreference_print(FILE *out)
{
    fprintf(out, "## Tables\n\nEach has one more column, `trace` (INTEGER): which of the traces given, from "
                 "1. It is hidden: "
                 "`SELECT *` leaves it\nout, `SELECT trace, *` has it. Of a type of NUMBER, each value "
                 "is INTEGER or REAL;\nof ANY, it may be TEXT as well.\n");
    for (unsigned i = 0; i < sql_table_count; i++) print_table(out, &sql_tables[i]);
    fprintf(out, "\n## Functions\n\nBesides those of SQLite:\n\n| function | |\n|---|---|\n");
    for (unsigned i = 0; sql_functions[i].name; i++)
        fprintf(out, "| %s%s | %s |\n", sql_functions[i].name, sql_functions[i].arguments,
                sql_functions[i].doc);
}
