/* Values between DuckDB's vectors and ours. SPDX-License-Identifier: Apache-2.0
 *
 * Columns of type ANY are DuckDB's UNION("integer" BIGINT, "real" DOUBLE, "text" VARCHAR): a tag, and a vector for each.
 */
#ifndef CAIRN_SQL_DUCKDB_DUCKVALUES_H
#define CAIRN_SQL_DUCKDB_DUCKVALUES_H

#include "sql/duckdb/duckapi.h"
#include "sql/sqlreading.h"
#include "sql/sqlsession.h"

enum { DUCK_ANY_INTEGER, DUCK_ANY_REAL, DUCK_ANY_TEXT, DUCK_ANY_MEMBERS };

/* The type of a table's column. To be destroyed. */
duck_type duck_type_of(enum sql_type type);
bool duck_is_any(duck_type type);
/* How a column of a result is converted in SQL before it is read: "", "::VARCHAR" or "::DOUBLE". */
const char *duck_conversion(int type, bool is_any);

/* ---- Reading ------------------------------------------------------------------------------------------------- */

/* A column of a result, and where it stands in the present chunk. */
struct duck_column {
    int type; /* enum duck_type_id */
    bool is_any;
    char *name; /* owned; NULL until it is asked for */
    const void *data;
    const duck_validity *validity; /* NULL: no row is NULL */
    const void *members[DUCK_ANY_MEMBERS];
};

void duck_column_take(struct duck_column *column, duck_vector vector);
struct sql_value duck_column_value(const struct duck_column *column, uint64_t row);

/* ---- Writing ------------------------------------------------------------------------------------------------- */

typedef VECTOR(char) duck_text;

/* Fills a vector from a column of `count` rows. Text that is not UTF-8 gets U+FFFD for each wrong byte; `room` is for that.
 * False: memory ran out. */
bool duck_vector_fill(duck_vector vector, enum sql_type type, const struct sql_rows *rows, size_t first,
                      size_t count, unsigned column, duck_text *room);

#endif
