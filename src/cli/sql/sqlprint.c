/* See sqlprint.h. SPDX-License-Identifier: Apache-2.0
 *
 * JSON and CSV are written as rows come. A table needs the widths of its columns first: it is printed in blocks, so that
 * memory is bounded, each with a head of its own. */
#include "cli/sql/sqlprint.h"

#include "cli/cli.h"
#include "cli/print/records.h"
#include "cli/print/show.h"
#include "cli/print/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_PER_BLOCK = 5000, TEXT_COLUMNS_MAX = 100, NAME_BYTES = 256 };

struct printing {
    struct sql_statement *statement;
    enum sqlprint_form form;
    unsigned column_count;
    char (*names)[NAME_BYTES]; /* unique, as JSON's keys are */
    struct records records;
    struct table table;
    uint64_t rows;
};

/* ---- Names -------------------------------------------------------------------------------------------------- */

static bool is_taken(const struct printing *printing, unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(printing->names[i], name) == 0) return true;
    return false;
}

/* `SELECT a.id, b.id` has two columns of one name: the second becomes id_2. */
static bool name_columns(struct printing *printing)
{
    printing->names = calloc(printing->column_count + 1, sizeof *printing->names);
    if (!printing->names) return false;
    for (unsigned i = 0; i < printing->column_count; i++) {
        const char *given = sql_column_name(printing->statement, i);
        if (!given) return false;
        snprintf(printing->names[i], NAME_BYTES, "%s", given);
        for (unsigned n = 2; is_taken(printing, i, printing->names[i]); n++)
            snprintf(printing->names[i], NAME_BYTES, "%.200s_%u", given, n);
    }
    return true;
}

/* ---- JSON and CSV ------------------------------------------------------------------------------------------- */

/* X'00ff', as SQL has it; NULL if memory ran out. */
static char *blob_text(struct sql_value blob)
{
    char *text = malloc(blob.count * 2 + 4);
    if (!text) return cli_note_lack(), NULL;
    strcpy(text, "X'");
    for (size_t i = 0; i < blob.count; i++) sprintf(text + 2 + 2 * i, "%02x", (unsigned char)blob.bytes[i]);
    strcat(text, "'");
    return text;
}

/* What text there is: none if memory ran out. */
static struct sql_value value_text(struct sql_value value)
{
    if (value.bytes) return value;
    cli_note_lack();
    return (struct sql_value){.type = SQL_VALUE_TEXT, .bytes = ""};
}

static void write_cell(struct printing *printing, unsigned column)
{
    struct records *records = &printing->records;
    const char *name = printing->names[column];
    struct sql_value value = {.type = SQL_VALUE_NULL};
    char *blob;
    if (!records->is_head) value = sql_value(printing->statement, column);
    switch (value.type) {
    case SQL_VALUE_INT: records_int(records, name, value.i); break;
    case SQL_VALUE_FLOAT: records_double(records, name, value.f); break;
    case SQL_VALUE_TEXT:
        value = value_text(value);
        records_text_bytes(records, name, value.bytes, value.count);
        break;
    case SQL_VALUE_BLOB:
        blob = blob_text(value);
        records_text(records, name, blob);
        free(blob);
        break;
    default: records_none(records, name);
    }
}

static void write_row(struct printing *printing)
{
    records_row(&printing->records);
    for (unsigned i = 0; i < printing->column_count; i++) write_cell(printing, i);
    records_row_end(&printing->records);
}

/* ---- Tables ------------------------------------------------------------------------------------------------- */

static bool is_number(enum sql_value_type type)
{
    return type == SQL_VALUE_INT || type == SQL_VALUE_FLOAT;
}

/* Numbers to the right: as the first row has it. */
static void begin_table(struct printing *printing)
{
    printing->table = (struct table){0};
    for (unsigned i = 0; i < printing->column_count; i++) {
        bool right = is_number(sql_value(printing->statement, i).type);
        table_column(&printing->table, printing->names[i], right ? TABLE_RIGHT : TABLE_LEFT, 0);
    }
}

static void end_table(struct printing *printing)
{
    if (printing->rows > ROWS_PER_BLOCK) printf("\n");
    table_print(&printing->table, stdout);
    table_free(&printing->table);
}

static void text_cell(struct table *table, const char *text, size_t bytes)
{
    char cut[TEXT_COLUMNS_MAX * 8];
    table_raw(table, show_bytes_cut(cut, sizeof cut, text, bytes, TEXT_COLUMNS_MAX));
}

static void table_cell(struct printing *printing, unsigned column)
{
    struct sql_value value = sql_value(printing->statement, column);
    char number[SQL_FLOAT_BYTES], *blob;
    switch (value.type) {
    case SQL_VALUE_NULL: table_raw(&printing->table, "·"); break;
    case SQL_VALUE_INT:
        snprintf(number, sizeof number, "%" PRId64, value.i);
        table_raw(&printing->table, number);
        break;
    case SQL_VALUE_FLOAT: table_raw(&printing->table, sql_float_text(number, value.f)); break;
    case SQL_VALUE_BLOB:
        blob = blob_text(value);
        text_cell(&printing->table, blob ? blob : "", blob ? strlen(blob) : 0);
        free(blob);
        break;
    default: value = value_text(value); text_cell(&printing->table, value.bytes, value.count);
    }
}

static void add_to_table(struct printing *printing)
{
    uint64_t before = printing->rows - 1;
    if (before && before % ROWS_PER_BLOCK == 0) end_table(printing);
    if (before % ROWS_PER_BLOCK == 0) begin_table(printing);
    for (unsigned i = 0; i < printing->column_count; i++) table_cell(printing, i);
}

/* ---- Together ----------------------------------------------------------------------------------------------- */

static void begin(struct printing *printing)
{
    if (printing->form == SQLPRINT_TABLE) return;
    records_begin(&printing->records, printing->form == SQLPRINT_JSON ? RECORDS_JSON : RECORDS_CSV, NULL);
    if (records_head(&printing->records)) write_row(printing);
}

static void end(struct printing *printing)
{
    if (printing->form == SQLPRINT_TABLE && printing->rows)
        end_table(printing);
    else if (printing->form == SQLPRINT_TABLE)
        printf("No rows.\n");
    else
        records_end(&printing->records);
}

static void print_rows(struct printing *printing, enum sql_step *result)
{
    begin(printing);
    for (; *result == SQL_ROW && !ferror(stdout); *result = sql_step(printing->statement)) {
        printing->rows++;
        if (printing->form == SQLPRINT_TABLE)
            add_to_table(printing);
        else
            write_row(printing);
    }
    end(printing);
}

enum sql_step sqlprint_run(struct sql_statement *statement, enum sqlprint_form form)
{
    struct printing printing = {
        .statement = statement, .form = form, .column_count = sql_column_count(statement)};
    if (!name_columns(&printing)) return cli_note_lack(), free(printing.names), SQL_DONE;
    enum sql_step result = sql_step(statement);
    if (result == SQL_ROW || result == SQL_DONE) print_rows(&printing, &result);
    free(printing.names);
    return result;
}
