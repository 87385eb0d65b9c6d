/* See duckvalues.h. SPDX-License-Identifier: Apache-2.0 */
#include "sql/duckdb/duckvalues.h"

#include <math.h>
#include <string.h>

/* ---- Types --------------------------------------------------------------------------------------------------- */

static const int any_types[DUCK_ANY_MEMBERS] = {DUCK_BIGINT, DUCK_DOUBLE, DUCK_VARCHAR};

static duck_type any_type(void)
{
    const char *names[DUCK_ANY_MEMBERS] = {"integer", "real", "text"};
    duck_type members[DUCK_ANY_MEMBERS];
    for (unsigned i = 0; i < DUCK_ANY_MEMBERS; i++) members[i] = duck.create_logical_type(any_types[i]);
    duck_type type = duck.create_union_type(members, names, DUCK_ANY_MEMBERS);
    for (unsigned i = 0; i < DUCK_ANY_MEMBERS; i++) duck.destroy_logical_type(&members[i]);
    return type;
}

duck_type duck_type_of(enum sql_type type)
{
    switch (type) {
    case SQL_INTEGER: return duck.create_logical_type(DUCK_BIGINT);
    case SQL_NUMBER:
    case SQL_REAL: return duck.create_logical_type(DUCK_DOUBLE);
    case SQL_TEXT: return duck.create_logical_type(DUCK_VARCHAR);
    default: return any_type();
    }
}

bool duck_is_any(duck_type type)
{
    if (duck.get_type_id(type) != DUCK_UNION || duck.union_type_member_count(type) != DUCK_ANY_MEMBERS)
        return false;
    bool is_any = true;
    for (unsigned i = 0; i < DUCK_ANY_MEMBERS; i++) {
        duck_type member = duck.union_type_member_type(type, i);
        is_any &= duck.get_type_id(member) == any_types[i];
        duck.destroy_logical_type(&member);
    }
    return is_any;
}

const char *duck_conversion(int type, bool is_any)
{
    switch (type) {
    case DUCK_BOOLEAN:
    case DUCK_TINYINT:
    case DUCK_SMALLINT:
    case DUCK_INTEGER:
    case DUCK_BIGINT:
    case DUCK_UTINYINT:
    case DUCK_USMALLINT:
    case DUCK_UINTEGER:
    case DUCK_UBIGINT:
    case DUCK_HUGEINT:
    case DUCK_FLOAT:
    case DUCK_DOUBLE:
    case DUCK_VARCHAR:
    case DUCK_BLOB: return "";
    case DUCK_DECIMAL: return "::DOUBLE";
    default: return is_any ? "" : "::VARCHAR";
    }
}

/* ---- Reading ------------------------------------------------------------------------------------------------- */

void duck_column_take(struct duck_column *column, duck_vector vector)
{
    column->validity = duck.vector_get_validity(vector);
    column->data = duck.vector_get_data(column->is_any ? duck.struct_vector_get_child(vector, 0) : vector);
    for (unsigned i = 0; column->is_any && i < DUCK_ANY_MEMBERS; i++)
        column->members[i] = duck.vector_get_data(duck.struct_vector_get_child(vector, i + 1));
}

static struct sql_value int_value(int64_t i)
{
    return (struct sql_value){.type = SQL_VALUE_INT, .i = i};
}

static struct sql_value float_value(double f)
{
    return (struct sql_value){.type = SQL_VALUE_FLOAT, .f = f};
}

static struct sql_value bytes_value(const struct duck_string *string, enum sql_value_type type)
{
    const char *bytes = string->bytes <= DUCK_INLINE_BYTES ? string->begin : string->elsewhere;
    return (struct sql_value){.type = type, .bytes = bytes, .count = string->bytes};
}

/* Beyond 64 bits it becomes floating. */
static struct sql_value huge_value(const struct duck_hugeint *huge)
{
    if (huge->high == 0 && huge->low <= INT64_MAX) return int_value((int64_t)huge->low);
    if (huge->high == -1 && huge->low > INT64_MAX) return int_value((int64_t)huge->low);
    return float_value((double)huge->high * 0x1p64 + (double)huge->low);
}

static struct sql_value number_at(int type, const void *data, uint64_t row)
{
    switch (type) {
    case DUCK_BOOLEAN:
    case DUCK_UTINYINT: return int_value(((const uint8_t *)data)[row]);
    case DUCK_TINYINT: return int_value(((const int8_t *)data)[row]);
    case DUCK_SMALLINT: return int_value(((const int16_t *)data)[row]);
    case DUCK_USMALLINT: return int_value(((const uint16_t *)data)[row]);
    case DUCK_INTEGER: return int_value(((const int32_t *)data)[row]);
    case DUCK_UINTEGER: return int_value(((const uint32_t *)data)[row]);
    case DUCK_BIGINT: return int_value(((const int64_t *)data)[row]);
    case DUCK_UBIGINT: return huge_value(&(struct duck_hugeint){.low = ((const uint64_t *)data)[row]});
    case DUCK_HUGEINT: return huge_value(&((const struct duck_hugeint *)data)[row]);
    case DUCK_FLOAT: return float_value(((const float *)data)[row]);
    default: return float_value(((const double *)data)[row]);
    }
}

static struct sql_value value_at(int type, const void *data, uint64_t row)
{
    if (type == DUCK_VARCHAR) return bytes_value(&((const struct duck_string *)data)[row], SQL_VALUE_TEXT);
    if (type == DUCK_BLOB) return bytes_value(&((const struct duck_string *)data)[row], SQL_VALUE_BLOB);
    return number_at(type, data, row);
}

struct sql_value duck_column_value(const struct duck_column *column, uint64_t row)
{
    if (column->validity && !(column->validity[row / 64] >> row % 64 & 1))
        return (struct sql_value){.type = SQL_VALUE_NULL};
    if (!column->is_any) return value_at(column->type, column->data, row);
    unsigned tag = ((const uint8_t *)column->data)[row];
    if (tag >= DUCK_ANY_MEMBERS) return (struct sql_value){.type = SQL_VALUE_NULL};
    return value_at(any_types[tag], column->members[tag], row);
}

/* ---- Writing ------------------------------------------------------------------------------------------------- */

/* A column of rows on its way into a vector. */
struct filling {
    const struct sql_rows *rows;
    size_t first, count;
    unsigned column;
    duck_text *room;
    bool is_broken;
};

static const struct sql_cell *cell_at(const struct filling *filling, size_t row)
{
    return sql_rows_cell(filling->rows, filling->first + row, filling->column);
}

static duck_validity *writable(duck_vector vector)
{
    duck.vector_ensure_validity_writable(vector);
    return duck.vector_get_validity(vector);
}

static void set_null(duck_validity *validity, size_t row)
{
    validity[row / 64] &= ~((duck_validity)1 << row % 64);
}

/* Every cell that is not one of `type`, nor, if it is to be a number, a number, is NULL. */
static void fill_nulls(struct filling *filling, duck_vector vector, enum sql_cell_type type)
{
    duck_validity *validity = NULL;
    for (size_t i = 0; i < filling->count; i++) {
        enum sql_cell_type is = cell_at(filling, i)->type;
        bool are_numbers = is != SQL_CELL_TEXT && type != SQL_CELL_TEXT;
        if (is != SQL_CELL_NULL && (is == type || are_numbers)) continue;
        if (!validity) validity = writable(vector);
        set_null(validity, i);
    }
}

/* A number beyond 63 bits, which is floating, becomes the greatest. */
static int64_t as_int(const struct sql_cell *cell)
{
    return cell->type != SQL_CELL_FLOAT ? cell->i : cell->f < 0x1p63 ? (int64_t)cell->f : INT64_MAX;
}

static void fill_ints(struct filling *filling, duck_vector vector)
{
    int64_t *data = duck.vector_get_data(vector);
    for (size_t i = 0; i < filling->count; i++) {
        const struct sql_cell *cell = cell_at(filling, i);
        data[i] = cell->type == SQL_CELL_TEXT ? 0 : as_int(cell);
    }
    fill_nulls(filling, vector, SQL_CELL_INT);
}

static void fill_floats(struct filling *filling, duck_vector vector)
{
    double *data = duck.vector_get_data(vector);
    for (size_t i = 0; i < filling->count; i++) {
        const struct sql_cell *cell = cell_at(filling, i);
        data[i] = cell->type == SQL_CELL_FLOAT ? cell->f : cell->type == SQL_CELL_INT ? (double)cell->i : 0;
    }
    fill_nulls(filling, vector, SQL_CELL_FLOAT);
}

static bool is_valid_utf8(const char *text, size_t bytes)
{
    for (size_t at = 0, length; at < bytes; at += length) {
        uint32_t code_point;
        length = (unsigned char)text[at] < 0x80 ? 1 : cairn__utf8_next(text + at, bytes - at, &code_point);
        if (!length) return false;
    }
    return true;
}

/* The text with U+FFFD for what is not valid. False: memory ran out. */
static bool mend(duck_text *room, const char *text, size_t bytes)
{
    room->count = 0;
    if (!vector_reserve(room, bytes * 3 + 1)) return false;
    for (size_t at = 0; at < bytes;) {
        uint32_t code_point;
        size_t length = cairn__utf8_next(text + at, bytes - at, &code_point);
        if (!length) code_point = 0xfffd;
        room->count += cairn__utf8_put(room->items + room->count, code_point);
        at += length ? length : 1;
    }
    return true;
}

static void put_text(struct filling *filling, duck_vector vector, size_t row, const struct sql_cell *cell)
{
    const char *text = cell->bytes ? filling->rows->text.items + cell->at : "";
    size_t bytes = cell->bytes;
    if (!is_valid_utf8(text, bytes)) { /* DuckDB would make it NULL, or take it for valid */
        filling->is_broken |= !mend(filling->room, text, bytes);
        if (filling->is_broken) return;
        text = filling->room->items;
        bytes = filling->room->count;
    }
    duck.vector_assign_string_element_len(vector, row, text, bytes);
}

static bool is_same_text(const struct filling *filling, const struct sql_cell *one,
                         const struct sql_cell *other)
{
    const char *text = filling->rows->text.items;
    return other->type == SQL_CELL_TEXT && one->bytes == other->bytes && one->bytes &&
           memcmp(text + one->at, text + other->at, one->bytes) == 0;
}

/* Names come in runs: a text that is that of the row before is not stored again. */
static void fill_texts(struct filling *filling, duck_vector vector)
{
    struct duck_string *data = duck.vector_get_data(vector);
    for (size_t i = 0; i < filling->count; i++) {
        const struct sql_cell *cell = cell_at(filling, i);
        if (cell->type != SQL_CELL_TEXT) continue;
        if (i && is_same_text(filling, cell, cell_at(filling, i - 1)))
            data[i] = data[i - 1];
        else
            put_text(filling, vector, i, cell);
    }
    fill_nulls(filling, vector, SQL_CELL_TEXT);
}

/* Each row has a tag, and a value in the vector of that tag; in the others it is NULL. */
static void fill_any(struct filling *filling, duck_vector vector)
{
    duck_vector tag_vector = duck.struct_vector_get_child(vector, 0), text_vector = NULL;
    uint8_t *tags = duck.vector_get_data(tag_vector);
    duck_validity *null = writable(vector), *no_tag = writable(tag_vector);
    duck_validity *no_member[DUCK_ANY_MEMBERS];
    void *data[DUCK_ANY_MEMBERS];
    for (unsigned m = 0; m < DUCK_ANY_MEMBERS; m++) {
        duck_vector member = duck.struct_vector_get_child(vector, m + 1);
        no_member[m] = writable(member);
        data[m] = duck.vector_get_data(member);
        if (m == DUCK_ANY_TEXT) text_vector = member;
    }
    for (size_t i = 0; i < filling->count; i++) {
        const struct sql_cell *cell = cell_at(filling, i);
        unsigned tag = cell->type == SQL_CELL_INT     ? DUCK_ANY_INTEGER
                       : cell->type == SQL_CELL_FLOAT ? DUCK_ANY_REAL
                                                      : DUCK_ANY_TEXT;
        for (unsigned m = 0; m < DUCK_ANY_MEMBERS; m++)
            if (m != tag || cell->type == SQL_CELL_NULL) set_null(no_member[m], i);
        tags[i] = (uint8_t)tag;
        if (cell->type == SQL_CELL_NULL)
            set_null(null, i), set_null(no_tag, i);
        else if (tag == DUCK_ANY_INTEGER)
            ((int64_t *)data[tag])[i] = cell->i;
        else if (tag == DUCK_ANY_REAL)
            ((double *)data[tag])[i] = cell->f;
        else
            put_text(filling, text_vector, i, cell);
    }
}

bool duck_vector_fill(duck_vector vector, enum sql_type type, const struct sql_rows *rows, size_t first,
                      size_t count, unsigned column, duck_text *room)
{
    struct filling filling = {.rows = rows, .first = first, .count = count, .column = column, .room = room};
    switch (type) {
    case SQL_INTEGER: fill_ints(&filling, vector); break;
    case SQL_NUMBER:
    case SQL_REAL: fill_floats(&filling, vector); break;
    case SQL_TEXT: fill_texts(&filling, vector); break;
    default: fill_any(&filling, vector);
    }
    return !filling.is_broken;
}
