/* A session from the inside. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SQL_SQLSESSION_H
#define CAIRN_SQL_SQLSESSION_H

#include "sql/sql.h"

#include <signal.h>

struct sql_trace {
    const char *path;
    struct trace_source
        *source;           /* opened at the start; readings open their own. Its diagnostics gather theirs. */
    int64_t first_process; /* see sql_task_key */
};

struct sql_session {
    sqlite3 *database;
    struct sql_options options;
    struct sql_trace *traces;
    unsigned trace_count;
    volatile sig_atomic_t is_interrupted; /* set by a signal handler */
    bool timed_out;
    bool is_declaring;          /* a table tells SQLite its columns: it asks the authorizer about that too */
    uint64_t deadline_ns;       /* of CLOCK_MONOTONIC; 0: none */
    uint64_t kept_bytes;        /* in stores */
    struct sql_virtual *tables; /* list of virtualtable.c */
};

/* Whether the statement is to stop; looks at the clock. */
bool sql_should_stop(struct sql_session *session);
/* Adds what a reading has found wrong with its trace to what is known of that trace. */
void sql_gather(struct sql_session *session, unsigned trace, const struct trace_info *info);

/* Registers all tables (virtualtable.c) and functions (sqlfunctions.c). An SQLite result. */
int sql_register_tables(struct sql_session *session);
int sql_register_functions(struct sql_session *session);
/* Frees what the tables keep for joins. */
void sql_forget_stores(struct sql_session *session);
/* Nothing but SELECT, and limits (sqlguard.c). */
void sql_guard(struct sql_session *session);

#endif
