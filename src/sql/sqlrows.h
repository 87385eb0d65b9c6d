/* Rows of a table as they wait to be taken, or are kept for joins. SPDX-License-Identifier: Apache-2.0
 *
 *     rows:  | cell cell cell | cell cell cell | ...        only of the columns that are wanted
 *     text:  bytes of all texts, one after the other
 *
 * A put into a column that is not wanted does nothing, so that who makes rows need not ask, unless the value is costly.
 * Not for several threads at once.
 */
#ifndef CAIRN_SQL_SQLROWS_H
#define CAIRN_SQL_SQLROWS_H

#include "base/base.h"

enum sql_cell_type { SQL_CELL_NULL, SQL_CELL_INT, SQL_CELL_FLOAT, SQL_CELL_TEXT };

struct sql_cell {
    union {
        int64_t i;
        double f;
        size_t at; /* of a text: in `text` of its rows */
    };
    uint32_t bytes;
    uint8_t type; /* enum sql_cell_type */
};

struct sql_rows { /* zero-initialise, then sql_rows_begin */
    VECTOR(struct sql_cell) cells;
    VECTOR(char) text;
    uint64_t wanted; /* a bit per column */
    unsigned width;  /* cells of a row, at least 1 */
    size_t count;
    bool is_broken; /* memory ran out: a row or a text is missing */
};

/* Empties them, for rows of these columns. */
void sql_rows_begin(struct sql_rows *rows, uint64_t wanted);
void sql_rows_free(struct sql_rows *rows);
/* Memory in use. */
size_t sql_rows_bytes(const struct sql_rows *rows);

static inline bool sql_rows_want(const struct sql_rows *rows, unsigned column)
{
    return rows->wanted >> column & 1;
}

/* Begins a row in which everything is NULL. */
void sql_rows_add(struct sql_rows *rows);
/* Each sets a cell of the last row. Unsigned values beyond 63 bits become floating. */
void sql_put_int(struct sql_rows *rows, unsigned column, int64_t value);
void sql_put_uint(struct sql_rows *rows, unsigned column, uint64_t value);
void sql_put_float(struct sql_rows *rows, unsigned column, double value);
void sql_put_text(struct sql_rows *rows, unsigned column, const char *text); /* NULL: NULL */
void sql_put_bytes(struct sql_rows *rows, unsigned column, const char *text, size_t bytes);

/* Adds a row of other rows of the same columns. */
void sql_rows_copy(struct sql_rows *rows, const struct sql_rows *from, size_t row);

/* The cell of a row; NULL if the column was not wanted. */
const struct sql_cell *sql_rows_cell(const struct sql_rows *rows, size_t row, unsigned column);

#endif
