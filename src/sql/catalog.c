/* See catalog.h. SPDX-License-Identifier: Apache-2.0 */
#include "sql/catalog.h"

#include "sql/sqltable.h"

#define SQL_TABLE(table, rows, doc) static const struct sql_column table##_columns[] = {
#define SQL_COLUMN(table, name, type, role, doc) {#name, SQL_##type, SQL_##role, doc},
#define SQL_TABLE_END(table)                                                                                 \
    }                                                                                                        \
    ;
#include "sql/columns.def"

const struct sql_table sql_tables[] = {
#define SQL_TABLE(table, rows, doc)                                                                          \
    {#table, doc, rows, table##_columns, sizeof table##_columns / sizeof *table##_columns, &sql_kind_##table},
#include "sql/columns.def"
};

const unsigned sql_table_count = sizeof sql_tables / sizeof *sql_tables;

const struct sql_function sql_functions[] = {
    {"percentile", "(x, p)",
     "Aggregate: the value at fraction p, 0 to 1, by the nearest rank: the smallest x with at least p of all "
     "at or below "
     "it. Exact. NULLs do not count; NULL if nothing does."},
    {"hist", "(x)",
     "Aggregate: a histogram of x as JSON text: [{\"low\":..,\"high\":..,\"count\":..},...], of the buckets "
     "that are "
     "not empty. Log-linear: a bucket is at most 1/64 of its values wide. Negative x count as 0."},
    {"duration", "(ns)", "A duration in nanoseconds as people read it: 1.23 ms."},
    {0},
};

int sql_table_column(const struct sql_table *table, enum sql_role role)
{
    for (unsigned i = 0; i < table->column_count; i++)
        if (table->columns[i].role == role) return (int)i;
    return -1;
}

bool sql_table_is_function(const struct sql_table *table)
{
    return sql_table_column(table, SQL_ARGUMENT) >= 0 || sql_table_column(table, SQL_NEEDED) >= 0;
}

bool sql_column_is_hidden(const struct sql_column *column)
{
    return column->role == SQL_ARGUMENT || column->role == SQL_NEEDED || column->role == SQL_TRACE;
}

const char *sql_type_name(enum sql_type type)
{
    static const char *const names[] = {"INTEGER", "REAL", "NUMBER", "TEXT", "ANY"};
    return names[type];
}
