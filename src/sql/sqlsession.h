/* A session from the inside. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SQL_SQLSESSION_H
#define CAIRN_SQL_SQLSESSION_H

#include "base/atomic.h"
#include "sql/sql.h"

#include <pthread.h>
#include <sqlite3.h>

struct sql_trace {
    const char *path;
    struct trace_source
        *source;           /* opened at the start; readings open their own. Its diagnostics gather theirs. */
    int64_t first_process; /* see sql_task_key */
};

/* What runs statements. */
struct sql_engine {
    const char *name;
    int (*open)(struct sql_session *session, struct cairn_error *error); /* 0, or -1 with *error set */
    void (*close)(struct sql_session *session); /* also after an `open` that failed */
    bool (*is_complete)(const char *text);
    /* As in sql.h; what fails is told by sql_fail. */
    bool (*prepare)(struct sql_session *session, const char *text, struct sql_statement **statement,
                    const char **rest);
    enum sql_step (*step)(struct sql_statement *statement);
    unsigned (*column_count)(const struct sql_statement *statement);
    const char *(*column_name)(const struct sql_statement *statement, unsigned column);
    struct sql_value (*value)(const struct sql_statement *statement, unsigned column);
    void (*finish)(struct sql_session *session, struct sql_statement *statement); /* which may be NULL */
    void (*interrupt)(struct sql_session *session); /* async-signal-safe; NULL: it looks at sql_should_stop */
};

extern const struct sql_engine sql_engine_sqlite; /* sqliteengine.c */
extern const struct sql_engine sql_engine_duckdb; /* duckdb/duckengine.h */

/* Every engine's statement begins with this. */
struct sql_statement {
    struct sql_session *session;
};

struct sql_session {
    const struct sql_engine *engine;
    sqlite3 *database;         /* of the engine SQLite */
    struct duck_session *duck; /* of the engine DuckDB */
    struct sql_options options;
    struct sql_trace *traces;
    unsigned trace_count;
    struct sql_problem problem; /* of the last statement */
    int is_interrupted;         /* set by a signal handler; read by all threads */
    bool timed_out;             /* by any thread */
    /* Guards what readings of several threads share: progress, and what is gathered of each trace. */
    pthread_mutex_t lock;
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
