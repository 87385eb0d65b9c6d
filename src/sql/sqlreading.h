/* One reading of a table: over all traces, one after the other. SPDX-License-Identifier: Apache-2.0
 *
 *     trace 1 ─► scan ─► rows       then trace 2, and so on
 *                  └──► waiting ─► rows in order of time
 *
 * A reading has sources of its own, so that there may be several at once, as in joins.
 */
#ifndef CAIRN_SQL_SQLREADING_H
#define CAIRN_SQL_SQLREADING_H

#include "sql/sqltable.h"

enum { SQL_CONDITIONS_MAX = 24 };

enum sql_compare {
    SQL_EQUAL = '=',
    SQL_LESS = '<',
    SQL_AT_MOST = 'l',
    SQL_GREATER = '>',
    SQL_AT_LEAST = 'g',
    SQL_IN = 'i' /* of a KEY: the value is a set of whole numbers, in ascending order, as bytes of a text */
};

/* column OP value. Values are kept by whoever has the plan. */
struct sql_condition {
    uint8_t column;
    uint8_t compare; /* enum sql_compare */
    uint8_t type;    /* enum sql_cell_type of the value */
    int64_t i;
    double f;
    char *text; /* owned, terminated; `bytes` long */
    size_t bytes;
};

/* What SQLite wants of a table. */
struct sql_plan {
    const struct sql_table *table;
    uint64_t wanted; /* columns */
    bool is_ordered; /* rows must come in the order of the TIME column: SQLite does not sort them */
    unsigned condition_count;
    struct sql_condition conditions[SQL_CONDITIONS_MAX];
};

void sql_plan_free(struct sql_plan *plan);
/* Deep copy. False if memory ran out; free it in any case. */
bool sql_plan_copy(struct sql_plan *copy, const struct sql_plan *plan);
bool sql_condition_equal(const struct sql_condition *one, const struct sql_condition *other);

struct sql_session;

struct sql_reading {
    struct sql_session *session;
    const struct sql_plan *plan; /* of the caller, as long as the reading lasts */
    unsigned trace, last_trace;  /* the present one, and behind the last */
    struct sql_scan scan;
    bool is_open;    /* the scan */
    bool is_nothing; /* the conditions exclude each other */
    uint64_t events;
    /* If rows must be ordered: */
    struct sql_rows waiting; /* rows that an earlier one may still come for */
    int64_t last_time;       /* of the rows handed out */
};

/* Begins. Opens nothing yet. 0, or -1 with *error set. */
int sql_reading_begin(struct sql_reading *reading, struct sql_session *session, const struct sql_plan *plan,
                      struct cairn_error *error);
/* Adds rows to `rows`, which keep what they have: at least one, and as many as `enough` if they come without another trace being
 * opened. 1; 0: there are no more; -1 with *error set. */
int sql_reading_next(struct sql_reading *reading, struct sql_rows *rows, size_t enough,
                     struct cairn_error *error);
void sql_reading_end(struct sql_reading *reading);

#endif
