/* DuckDB as the engine of a session, from the inside. SPDX-License-Identifier: Apache-2.0
 *
 *     statement ─► ducktext: which are allowed, where one ends
 *         └─► DuckDB, on threads of its own ─► ducktables ─► reading ─► rows, into DuckDB's vectors
 *                      └─► values of the statement's rows, chunk by chunk
 *
 * Nothing is imported: a table is a function that reads its traces while the statement runs, and a view of that. The library
 * is loaded at run time (duckapi.h). The face of this folder is sql_engine_duckdb (sqlsession.h).
 *
 * Threads: DuckDB calls table functions on any of its threads, several of them at once, but each scan on one at a time.
 * Scans share nothing but the session's `lock`. One more thread per statement looks whether it is to stop.
 */
#ifndef CAIRN_SQL_DUCKDB_DUCKENGINE_H
#define CAIRN_SQL_DUCKDB_DUCKENGINE_H

#include "sql/duckdb/duckapi.h"
#include "sql/sqlsession.h"
#include "sql/sqltable.h"

#include <pthread.h>

/* What the functions of a table are told. */
struct duck_table {
    struct sql_session *session;
    const struct sql_table *table;
};

struct duck_session {
    duck_database database;
    duck_connection connection;
    struct duck_table *tables; /* one for each of the catalogue's */
    char problem[2048];        /* of the last statement */
    /* Of the running statement: */
    pthread_t watch;
    pthread_mutex_t watch_lock;
    pthread_cond_t watch_end;
    bool is_watched; /* under watch_lock; the thread ends when it is false */
};

/* Makes the tables and their functions (ducktables.c), and duration, percentile, hist (duckfunctions.c). 0, or -1 with
 * *error set. */
int duck_register_tables(struct sql_session *session, struct cairn_error *error);
int duck_register_functions(struct sql_session *session, struct cairn_error *error);
/* Runs a statement of our own. */
int duck_do(struct sql_session *session, const char *text, struct cairn_error *error);

/* ---- ducktext.c: the text of statements --------------------------------------------------------------------- */

/* The length of the first statement, with its semicolon. *is_ended: it has one. */
size_t duck_text_bytes(const char *text, bool *is_ended);
/* What is left without blanks, comments and semicolons before it. */
const char *duck_text_skip(const char *text);
/* Whether it begins with a word by which nothing is changed: SELECT, FROM, WITH and so on. */
bool duck_text_may_run(const char *text);

#endif
