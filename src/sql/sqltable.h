/* What a table is: how its rows are made from one trace. SPDX-License-Identifier: Apache-2.0
 *
 *     begin ─► event, event, ... ─► end        a table of what happened: rows come as events do
 *     whole                                    a table that is made at once: what is known, what is computed
 *
 * Rows are put into scan->rows. A table may hand out more rows than the conditions ask for: SQLite looks at each
 * again. (Not at arguments, which are the table's own.)
 */
#ifndef CAIRN_SQL_SQLTABLE_H
#define CAIRN_SQL_SQLTABLE_H

#include "analysis/analysis.h"
#include "sql/catalog.h"
#include "sql/sqlrows.h"

/* The number of each column: SQL_<table>_<column>, in the table's own case so that it can be searched for. */
#define SQL_TABLE(table, rows, doc)                                                                          \
    enum sql_columns_of_##table                                                                              \
    {
#define SQL_COLUMN(table, name, type, role, doc) SQL_##table##_##name,
#define SQL_TABLE_END(table)                                                                                 \
    SQL_##table##_columns                                                                                    \
    }                                                                                                        \
    ;
#include "sql/columns.def"

enum { SQL_ARGUMENTS_MAX = 6 };

struct sql_session;

/* One reading of one trace. Rules: set by the reading; tables set is_done, no_match and no_text. */
struct sql_scan {
    struct sql_session *session;
    unsigned trace; /* index in the session */
    struct trace_source *source;
    const struct trace_info *info;
    struct sql_rows *rows;
    int64_t first_process; /* number of the trace's first among those of all traces, for keys */
    /* What is asked for. */
    int64_t from_ns, to_ns; /* in the TIME column, inclusive */
    bool has_key;           /* only what belongs to this task: */
    int64_t key;
    const int64_t *keys; /* only what belongs to one of these, in ascending order; NULL: all */
    size_t key_count;
    const char *type;                         /* only this TYPE; NULL: all */
    const char *arguments[SQL_ARGUMENTS_MAX]; /* in the order of their columns; NULL: not given */
    /* What the table says. */
    bool is_done; /* no more rows will come */
    void *state;  /* of the table */
    /* The result of asking about each site's type, so that texts are not compared per event: 0 not asked, 1, -1. */
    signed char *types;
};

struct sql_table_kind {
    size_t state_bytes; /* zeroed before `begin` */
    /* Each: 0, or -1 with *error set. `free` comes in any case after `begin` has been called. */
    int (*begin)(struct sql_scan *scan, struct cairn_error *error);
    int (*event)(struct sql_scan *scan, const struct trace_event *event, struct cairn_error *error);
    int (*end)(struct sql_scan *scan, struct cairn_error *error); /* may be NULL */
    void (*free)(struct sql_scan *scan);                          /* may be NULL */
    /* Instead of all that. */
    int (*whole)(struct sql_scan *scan, struct cairn_error *error);
};

#define SQL_TABLE(table, rows, doc) extern const struct sql_table_kind sql_kind_##table;
#include "sql/columns.def"

/* ---- For tables --------------------------------------------------------------------------------------- */

/* Numbers that tell tasks, and regions, of all traces apart. */
int64_t sql_task_key(const struct sql_scan *scan, const struct trace_task_id *task);
int64_t sql_region_key(const struct sql_scan *scan, uint64_t place, uint32_t process);

/* Whether a row of this task, of a site's type, or of this time is asked for at all. */
bool sql_wants_task(const struct sql_scan *scan, const struct trace_task_id *task);
bool sql_wants_type(struct sql_scan *scan, uint32_t site);
bool sql_wants_time(const struct sql_scan *scan, int64_t ns);

/* Cells that many tables have. `column` is the first of SQL_TASK_COLUMNS, SQL_THREAD_COLUMNS, SQL_PLACE_COLUMNS. */
void sql_put_task(struct sql_scan *scan, unsigned column, const struct trace_task_id *task);
void sql_put_thread(struct sql_scan *scan, unsigned column, uint32_t thread);
void sql_put_place(struct sql_scan *scan, unsigned column, uint32_t site);
/* The id of a task; the name of a thread. NULL for UINT32_MAX. */
void sql_put_id(struct sql_scan *scan, unsigned column, const struct trace_task_id *task);
void sql_put_thread_name(struct sql_scan *scan, unsigned column, uint32_t thread);
/* An instant since the start of the trace; an interval. */
void sql_put_instant(struct sql_scan *scan, unsigned column, uint64_t ticks);
void sql_put_known_instant(struct sql_scan *scan, unsigned column, uint64_t ticks); /* 0: NULL */
void sql_put_interval(struct sql_scan *scan, unsigned column, uint64_t ticks);
void sql_put_value(struct sql_scan *scan, unsigned column, const struct trace_value *value);

/* Makes a filter, and feeds the first pass, if it needs one; the source is then as it was, but that all has been told of it.
 * Formatted logs get no text from then on. `source` is the scan's, or another one. 0, or -1 with *error set; freed with
 * analysis_filter_free in any case. */
int sql_filter_begin(struct sql_scan *scan, struct trace_source *source, struct analysis_filter *filter,
                     enum analysis_subject subject, const struct analysis_spec *spec,
                     struct cairn_error *error);

int sql_out_of_memory(struct cairn_error *error);
/* For analyses that a `whole` runs; `scan` is a struct sql_scan: shows progress, and stops what takes too long. */
bool sql_progress(void *scan, double fraction);

#endif
