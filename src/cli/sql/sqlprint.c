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
    sqlite3_stmt *statement;
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
        const char *given = sqlite3_column_name(printing->statement, (int)i);
        if (!given) return false;
        snprintf(printing->names[i], NAME_BYTES, "%s", given);
        for (unsigned n = 2; is_taken(printing, i, printing->names[i]); n++)
            snprintf(printing->names[i], NAME_BYTES, "%.200s_%u", given, n);
    }
    return true;
}

/* ---- JSON and CSV ------------------------------------------------------------------------------------------- */

/* X'00ff', as SQL has it; NULL if memory ran out. */
static char *blob_text(sqlite3_stmt *statement, int column)
{
    const unsigned char *bytes = sqlite3_column_blob(statement, column);
    int count = sqlite3_column_bytes(statement, column);
    char *text = malloc((size_t)count * 2 + 4);
    if (!text) return cli_note_lack(), NULL;
    strcpy(text, "X'");
    for (int i = 0; i < count; i++) sprintf(text + 2 + 2 * (size_t)i, "%02x", bytes[i]);
    strcat(text, "'");
    return text;
}

static const char *column_text(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    if (!text) cli_note_lack();
    return text ? text : "";
}

static void write_cell(struct printing *printing, unsigned column)
{
    struct records *records = &printing->records;
    sqlite3_stmt *statement = printing->statement;
    const char *name = printing->names[column];
    int at = (int)column;
    char *blob;
    switch (records->is_head ? SQLITE_NULL : sqlite3_column_type(statement, at)) {
    case SQLITE_INTEGER: records_int(records, name, sqlite3_column_int64(statement, at)); break;
    case SQLITE_FLOAT: records_double(records, name, sqlite3_column_double(statement, at)); break;
    case SQLITE_TEXT: {
        const char *text = column_text(statement, at);
        records_text_bytes(records, name, text, (size_t)sqlite3_column_bytes(statement, at));
        break;
    }
    case SQLITE_BLOB:
        blob = blob_text(statement, at);
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

static bool is_number(int type)
{
    return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}

/* Numbers to the right: as the first row has it. */
static void begin_table(struct printing *printing)
{
    printing->table = (struct table){0};
    for (unsigned i = 0; i < printing->column_count; i++) {
        bool right = is_number(sqlite3_column_type(printing->statement, (int)i));
        table_column(&printing->table, printing->names[i], right ? TABLE_RIGHT : TABLE_LEFT, 0);
    }
}

static void end_table(struct printing *printing)
{
    if (printing->rows > ROWS_PER_BLOCK) printf("\n");
    table_print(&printing->table, stdout);
    table_free(&printing->table);
}

/* A NUL ends text for SQLite's own functions; here it is shown. */
static void text_cell(struct table *table, const char *text, size_t bytes)
{
    char cut[TEXT_COLUMNS_MAX * 8];
    table_raw(table, show_bytes_cut(cut, sizeof cut, text, bytes, TEXT_COLUMNS_MAX));
}

static void table_cell(struct printing *printing, int column)
{
    sqlite3_stmt *statement = printing->statement;
    char number[40], *blob;
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL: table_raw(&printing->table, "·"); break;
    case SQLITE_INTEGER:
        snprintf(number, sizeof number, "%lld", (long long)sqlite3_column_int64(statement, column));
        table_raw(&printing->table, number);
        break;
    case SQLITE_BLOB:
        blob = blob_text(statement, column);
        text_cell(&printing->table, blob ? blob : "", blob ? strlen(blob) : 0);
        free(blob);
        break;
    default: { /* of a floating number SQLite's text, with 15 digits */
        const char *text = column_text(statement, column);
        text_cell(&printing->table, text, (size_t)sqlite3_column_bytes(statement, column));
    }
    }
}

static void add_to_table(struct printing *printing)
{
    uint64_t before = printing->rows - 1;
    if (before && before % ROWS_PER_BLOCK == 0) end_table(printing);
    if (before % ROWS_PER_BLOCK == 0) begin_table(printing);
    for (unsigned i = 0; i < printing->column_count; i++) table_cell(printing, (int)i);
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

static void print_rows(struct printing *printing, int *result)
{
    begin(printing);
    for (; *result == SQLITE_ROW && !ferror(stdout); *result = sqlite3_step(printing->statement)) {
        printing->rows++;
        if (printing->form == SQLPRINT_TABLE)
            add_to_table(printing);
        else
            write_row(printing);
    }
    end(printing);
}

int sqlprint_run(sqlite3_stmt *statement, enum sqlprint_form form)
{
    struct printing printing = {
        .statement = statement, .form = form, .column_count = (unsigned)sqlite3_column_count(statement)};
    if (!name_columns(&printing)) return free(printing.names), SQLITE_NOMEM;
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW || result == SQLITE_DONE) print_rows(&printing, &result);
    free(printing.names);
    return result;
}
