/* The face of src/sql: SQL over traces, without import. SPDX-License-Identifier: Apache-2.0
 *
 *     columns.def ─► catalog (schema, reference, completion)
 *
 *     SQLite ─► virtualtable ─► reading (scan of each trace) ─► table (sqltasks, sqlevents, ...) ─► rows
 *                     └──────► store (what joins ask for again and again)
 *
 *     DuckDB ─► duckdb/ducktables ─► reading, and so on: see duckdb/duckengine.h
 *
 * 1. SQLite asks each virtual table how it would answer a set of conditions; it says which it can use, at what cost.
 * 2. The first time it is asked, a table reads its traces and hands out rows as they come: nothing is kept.
 * 3. Asked again within a statement, as the inner table of a join is for each outer row, it reads once more into a store, a
 *    table in memory with an index by the column that is compared, and answers from that.
 *
 * Read only: all but SELECT is denied. One thread uses a session at a time, but sql_interrupt.
 * Whoever asks sees statements and the values of their rows (below), and nothing of the engine that runs them.
 */
#ifndef CAIRN_SQL_SQL_H
#define CAIRN_SQL_SQL_H

#include "base/base.h"
#include "sql/catalog.h"
#include "trace/trace.h"

struct analysis_explain;
struct analysis_finding;

struct sql_engine;

struct sql_options {
    const struct sql_engine *engine; /* NULL: SQLite */
    uint64_t memory_bytes;           /* of SQLite: for joins, and as much for itself; of DuckDB: for all */
    uint64_t timeout_ns;             /* for one statement; 0: none */
    /* What the SQL function duration() prints. */
    char *(*show_duration)(char *text, uint64_t ns);
    /* The column explain.text: a finding in words. May be NULL. */
    void (*print_finding)(FILE *out, const struct analysis_explain *explain,
                          const struct analysis_finding *finding);
    trace_progress *progress; /* may be NULL */
    void *progress_data;
};

struct sql_session;

/* "sqlite" or "duckdb", else NULL. */
const struct sql_engine *sql_engine_find(const char *name);

/* Opens all traces. NULL with *error set. The paths live as long as the session. */
struct sql_session *sql_open(char *const *paths, unsigned count, const struct sql_options *options,
                             struct cairn_error *error);
void sql_close(struct sql_session *session);

/* ---- Statements ------------------------------------------------------------------------------------------------ */

enum sql_step {
    SQL_ROW,     /* there is a row: its values can be asked for */
    SQL_DONE,    /* there are no more */
    SQL_STOPPED, /* by sql_interrupt, or because its time was up */
    SQL_FAILED   /* sql_problem_of tells why */
};

enum sql_value_type { SQL_VALUE_NULL, SQL_VALUE_INT, SQL_VALUE_FLOAT, SQL_VALUE_TEXT, SQL_VALUE_BLOB };

struct sql_value {
    enum sql_value_type type;
    int64_t i;
    double f;
    const char *bytes; /* of text and blobs, `count` of them, any; NULL: memory ran out */
    size_t count;
};

struct sql_problem {
    const char *message;
    long offset;     /* in the text that was given to sql_prepare; negative: unknown */
    bool is_refused; /* it is no SELECT */
};

/* More columns are refused: it is what a table for people has room for. */
enum { SQL_COLUMNS_MAX = 100 };

struct sql_statement;

/* Takes the first statement of `text`, and begins its time; *rest is what follows it. *statement is NULL if there is only
 * blank or a comment. False: it cannot be run. sql_finish in any case. */
bool sql_prepare(struct sql_session *session, const char *text, struct sql_statement **statement,
                 const char **rest);
/* Runs it up to its next row. */
enum sql_step sql_step(struct sql_statement *statement);
unsigned sql_column_count(const struct sql_statement *statement);
/* As it is in the statement; not unique. NULL if memory ran out. */
const char *sql_column_name(const struct sql_statement *statement, unsigned column);
/* A value of the present row, which lives until the next step. */
struct sql_value sql_value(const struct sql_statement *statement, unsigned column);
/* Frees the statement, which may be NULL, and what was kept for it. */
void sql_finish(struct sql_session *session, struct sql_statement *statement);

/* Why the last statement failed; lives until sql_finish. */
struct sql_problem sql_problem_of(const struct sql_session *session);
/* Stops the running statement soon. Async-signal-safe. */
void sql_interrupt(struct sql_session *session);
/* Whether it was stopped because its time was up. */
bool sql_timed_out(const struct sql_session *session);

/* Whether the text is a whole statement: it ends with a semicolon that is in no string or comment. */
bool sql_is_complete(const struct sql_session *session, const char *text);
enum { SQL_WORD_BYTES = 32 };
/* The keywords of the language, by number from 0, in capitals. False: there are no more. */
bool sql_keyword(unsigned number, char word[SQL_WORD_BYTES]);
enum { SQL_FLOAT_BYTES = 40 };
/* A floating number with 15 digits, always recognisable as one: 1.0. */
char *sql_float_text(char text[SQL_FLOAT_BYTES], double value);

/* ---- Traces ---------------------------------------------------------------------------------------------------- */

/* What was found out about a trace until now: its info has all damage that was met by any statement. */
unsigned sql_trace_count(const struct sql_session *session);
const char *sql_trace_path(const struct sql_session *session, unsigned index);
const struct trace_info *sql_trace_info(const struct sql_session *session, unsigned index);

#endif
