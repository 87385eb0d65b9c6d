/* See sqlrows.h. SPDX-License-Identifier: Apache-2.0 */
#include "sql/sqlrows.h"

#include <string.h>

void sql_rows_begin(struct sql_rows *rows, uint64_t wanted)
{
    rows->cells.count = rows->text.count = 0;
    rows->wanted = wanted;
    rows->width = wanted ? (unsigned)__builtin_popcountll(wanted) : 1;
    rows->count = 0;
}

void sql_rows_free(struct sql_rows *rows)
{
    vector_free(&rows->cells);
    vector_free(&rows->text);
}

size_t sql_rows_bytes(const struct sql_rows *rows)
{
    return rows->cells.capacity * sizeof *rows->cells.items + rows->text.capacity;
}

void sql_rows_add(struct sql_rows *rows)
{
    if (!vector_reserve(&rows->cells, rows->cells.count + rows->width)) {
        rows->is_broken = true;
        return;
    }
    memset(&rows->cells.items[rows->cells.count], 0, rows->width * sizeof *rows->cells.items);
    rows->cells.count += rows->width;
    rows->count++;
}

/* Cells stand in the order of their columns. */
static unsigned place_of(const struct sql_rows *rows, unsigned column)
{
    return (unsigned)__builtin_popcountll(rows->wanted & (((uint64_t)1 << column) - 1));
}

static void put(struct sql_rows *rows, unsigned column, struct sql_cell cell)
{
    if (!sql_rows_want(rows, column) || rows->is_broken) return;
    rows->cells.items[(rows->count - 1) * rows->width + place_of(rows, column)] = cell;
}

void sql_put_int(struct sql_rows *rows, unsigned column, int64_t value)
{
    put(rows, column, (struct sql_cell){.i = value, .type = SQL_CELL_INT});
}

void sql_put_uint(struct sql_rows *rows, unsigned column, uint64_t value)
{
    if (value > INT64_MAX)
        sql_put_float(rows, column, (double)value);
    else
        sql_put_int(rows, column, (int64_t)value);
}

void sql_put_float(struct sql_rows *rows, unsigned column, double value)
{
    put(rows, column, (struct sql_cell){.f = value, .type = SQL_CELL_FLOAT});
}

void sql_put_text(struct sql_rows *rows, unsigned column, const char *text)
{
    if (text) sql_put_bytes(rows, column, text, strlen(text));
}

void sql_put_bytes(struct sql_rows *rows, unsigned column, const char *text, size_t bytes)
{
    size_t at = rows->text.count;
    if (!sql_rows_want(rows, column) || rows->is_broken) return;
    if (bytes > UINT32_MAX || !vector_reserve(&rows->text, at + bytes)) {
        rows->is_broken = true;
        return;
    }
    if (bytes) memcpy(rows->text.items + at, text, bytes);
    rows->text.count += bytes;
    put(rows, column, (struct sql_cell){.at = at, .bytes = (uint32_t)bytes, .type = SQL_CELL_TEXT});
}

const struct sql_cell *sql_rows_cell(const struct sql_rows *rows, size_t row, unsigned column)
{
    if (!sql_rows_want(rows, column)) return NULL;
    return &rows->cells.items[row * rows->width + place_of(rows, column)];
}

void sql_rows_copy(struct sql_rows *rows, const struct sql_rows *from, size_t row)
{
    sql_rows_add(rows);
    for (unsigned column = 0; column < 64 && from->wanted >> column; column++) {
        const struct sql_cell *cell = sql_rows_cell(from, row, column);
        if (cell && cell->type == SQL_CELL_TEXT)
            sql_put_bytes(rows, column, from->text.items + cell->at, cell->bytes);
        else if (cell)
            put(rows, column, *cell);
    }
}
