/* What tables and columns there are: columns.def as data. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SQL_CATALOG_H
#define CAIRN_SQL_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* NUMBER: each value is INTEGER or REAL; ANY: or TEXT. */
enum sql_type { SQL_INTEGER, SQL_REAL, SQL_NUMBER, SQL_TEXT, SQL_ANY };

/* See columns.def. */
enum sql_role { SQL_PLAIN, SQL_TIME, SQL_KEY, SQL_ID, SQL_TYPE, SQL_ARGUMENT, SQL_NEEDED, SQL_TRACE };

struct sql_column {
    const char *name;
    enum sql_type type;
    enum sql_role role;
    const char *doc;
};

struct sql_table {
    const char *name;
    const char *doc;
    double rows; /* how many to expect */
    const struct sql_column *columns;
    unsigned column_count;
    const struct sql_table_kind *kind; /* sqltable.h */
};

/* All tables, in the order of columns.def. */
extern const struct sql_table sql_tables[];
extern const unsigned sql_table_count;

/* The column of a role, or -1. */
int sql_table_column(const struct sql_table *table, enum sql_role role);
/* Whether it is asked by arguments in parentheses. */
bool sql_table_is_function(const struct sql_table *table);
/* Whether `SELECT *` leaves it out. */
bool sql_column_is_hidden(const struct sql_column *column);
const char *sql_type_name(enum sql_type type);

/* Functions, for completion and the reference: name with arguments, and a sentence. Ends with a NULL name. */
struct sql_function {
    const char *name, *arguments, *doc;
};
extern const struct sql_function sql_functions[];

#endif
