/* The face of src/sql: SQL over traces, without import. SPDX-License-Identifier: Apache-2.0
 *
 *     columns.def ─► catalog (schema, reference, completion)
 *
 *     SQLite ─► virtualtable ─► reading (scan of each trace) ─► table (sqltasks, sqlevents, ...) ─► rows
 *                     └──────► store (what joins ask for again and again)
 *
 * 1. SQLite asks each virtual table how it would answer a set of conditions; it says which it can use, at what cost.
 * 2. The first time it is asked, a table reads its traces and hands out rows as they come: nothing is kept.
 * 3. Asked again within a statement, as the inner table of a join is for each outer row, it reads once more into a store, a
 *    table in memory with an index by the column that is compared, and answers from that.
 *
 * Read only: an authorizer denies all but SELECT. One thread uses a session at a time, but sql_interrupt.
 */
#ifndef CAIRN_SQL_SQL_H
#define CAIRN_SQL_SQL_H

#include "base/base.h"
#include "sql/catalog.h"
#include "trace/trace.h"

#include <sqlite3.h>

struct analysis_explain;
struct analysis_finding;

struct sql_options {
    uint64_t memory_bytes; /* for joins, and as much for SQLite itself */
    uint64_t timeout_ns;   /* for one statement; 0: none */
    /* What the SQL function duration() prints. */
    char *(*show_duration)(char *text, uint64_t ns);
    /* The column explain.text: a finding in words. May be NULL. */
    void (*print_finding)(FILE *out, const struct analysis_explain *explain,
                          const struct analysis_finding *finding);
    trace_progress *progress; /* may be NULL */
    void *progress_data;
};

struct sql_session;

/* Opens all traces. NULL with *error set. The paths live as long as the session. */
struct sql_session *sql_open(char *const *paths, unsigned count, const struct sql_options *options,
                             struct cairn_error *error);
void sql_close(struct sql_session *session);

/* To prepare and step statements, with sqlite3_prepare_v2 and so on. */
sqlite3 *sql_database(struct sql_session *session);
/* Before the first step of a statement: its time begins; and after its end: what was kept for it is freed. */
void sql_statement_begin(struct sql_session *session);
void sql_statement_end(struct sql_session *session);
/* Stops the running statement soon; it fails with SQLITE_INTERRUPT. Async-signal-safe. */
void sql_interrupt(struct sql_session *session);
/* Whether it was stopped because its time was up. */
bool sql_timed_out(const struct sql_session *session);

/* What was found out about a trace until now: its info has all damage that was met by any statement. */
unsigned sql_trace_count(const struct sql_session *session);
const char *sql_trace_path(const struct sql_session *session, unsigned index);
const struct trace_info *sql_trace_info(const struct sql_session *session, unsigned index);

#endif
