/* SQLite as the engine of a session. SPDX-License-Identifier: Apache-2.0 */
#include "sql/sqlsession.h"

#include "cairn/cairn.h"

#include <stdlib.h>
#include <string.h>

enum { OPS_PER_CHECK = 10000 };

struct sqlite_statement {
    struct sql_statement base;
    sqlite3_stmt *of;
};

static sqlite3_stmt *of(const struct sql_statement *statement)
{
    return ((const struct sqlite_statement *)statement)->of;
}

/* ---- Opening --------------------------------------------------------------------------------------------- */

static int check_progress(void *data)
{
    return sql_should_stop(data);
}

static int open_database(struct sql_session *session, struct cairn_error *error)
{
    int result =
        sqlite3_open_v2(":memory:", &session->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, NULL);
    if (result == SQLITE_OK) result = sql_register_tables(session);
    if (result == SQLITE_OK) result = sql_register_functions(session);
    if (result != SQLITE_OK)
        return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE,
                                "SQLite could not be started: %s", sqlite3_errstr(result));
    sqlite3_progress_handler(session->database, OPS_PER_CHECK, check_progress, session);
    sql_guard(session);
    return 0;
}

static void close_database(struct sql_session *session)
{
    if (session->database) sql_forget_stores(session);
    sqlite3_close(session->database);
}

static void interrupt(struct sql_session *session)
{
    sqlite3_interrupt(session->database);
}

/* ---- Statements ------------------------------------------------------------------------------------------ */

static void fail(struct sql_session *session, long offset)
{
    const char *message = sqlite3_errmsg(session->database);
    session->problem = (struct sql_problem){.message = message,
                                            .offset = offset,
                                            .is_refused = strcmp(message, "not authorized") == 0 ||
                                                          strcmp(message, "authorization denied") == 0};
}

static bool prepare(struct sql_session *session, const char *text, struct sql_statement **made,
                    const char **rest)
{
    struct sqlite_statement *statement = calloc(1, sizeof *statement);
    sqlite3_stmt *prepared = NULL;
    int result = statement ? sqlite3_prepare_v2(session->database, text, -1, &prepared, rest) : SQLITE_NOMEM;
    if (result != SQLITE_OK) {
        fail(session, sqlite3_error_offset(session->database));
        if (!statement) session->problem = (struct sql_problem){.message = "out of memory", .offset = -1};
    }
    if (prepared) {
        *statement = (struct sqlite_statement){{session}, prepared};
        *made = &statement->base;
    } else {
        free(statement);
    }
    return result == SQLITE_OK;
}

static enum sql_step step(struct sql_statement *statement)
{
    switch (sqlite3_step(of(statement))) {
    case SQLITE_ROW: return SQL_ROW;
    case SQLITE_DONE: return SQL_DONE;
    case SQLITE_INTERRUPT: return SQL_STOPPED;
    default: fail(statement->session, -1); return SQL_FAILED;
    }
}

static unsigned column_count(const struct sql_statement *statement)
{
    return (unsigned)sqlite3_column_count(of(statement));
}

static const char *column_name(const struct sql_statement *statement, unsigned column)
{
    return sqlite3_column_name(of(statement), (int)column);
}

static struct sql_value value(const struct sql_statement *statement, unsigned number)
{
    sqlite3_stmt *row = of(statement);
    int column = (int)number;
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
        return (struct sql_value){.type = SQL_VALUE_INT, .i = sqlite3_column_int64(row, column)};
    case SQLITE_FLOAT:
        return (struct sql_value){.type = SQL_VALUE_FLOAT, .f = sqlite3_column_double(row, column)};
    case SQLITE_TEXT: {
        const char *text = (const char *)sqlite3_column_text(row, column);
        size_t count = (size_t)sqlite3_column_bytes(row, column);
        return (struct sql_value){.type = SQL_VALUE_TEXT, .bytes = text, .count = count};
    }
    case SQLITE_BLOB: {
        const char *bytes = sqlite3_column_blob(row, column); /* NULL if it is empty */
        size_t count = (size_t)sqlite3_column_bytes(row, column);
        return (struct sql_value){.type = SQL_VALUE_BLOB, .bytes = bytes ? bytes : "", .count = count};
    }
    default: return (struct sql_value){.type = SQL_VALUE_NULL};
    }
}

static void finish(struct sql_session *session, struct sql_statement *statement)
{
    if (statement) sqlite3_finalize(of(statement));
    free(statement);
    sql_forget_stores(session);
}

/* ---- The language ------------------------------------------------------------------------------------------ */

static bool is_complete(const char *text)
{
    return sqlite3_complete(text) == 1;
}

bool sql_keyword(unsigned number, char word[SQL_WORD_BYTES])
{
    const char *at; /* not terminated */
    int bytes;
    if (sqlite3_keyword_name((int)number, &at, &bytes) != SQLITE_OK) return false;
    sqlite3_snprintf(SQL_WORD_BYTES, word, "%.*s", bytes, at);
    return true;
}

char *sql_float_text(char text[SQL_FLOAT_BYTES], double value)
{
    return sqlite3_snprintf(SQL_FLOAT_BYTES, text, "%!.15g", value);
}

const struct sql_engine sql_engine_sqlite = {
    .name = "sqlite",
    .open = open_database,
    .close = close_database,
    .is_complete = is_complete,
    .prepare = prepare,
    .step = step,
    .column_count = column_count,
    .column_name = column_name,
    .value = value,
    .finish = finish,
    .interrupt = interrupt,
};
