/* What a statement asks for again and again: a table in memory. SPDX-License-Identifier: Apache-2.0
 *
 * The inner table of a join is asked once per row of the outer one, and a correlated subquery too. To read the trace each
 * time would never end. So each plan of a table has a store:
 *
 *     1st question    none: the trace is read, rows go by
 *     2nd question    the trace is read into the store, but only what meets the conditions whose values were the same both
 *                     times (a constant, most likely), with an index by the first column that is compared for equality to a
 *                     value that was not
 *     from then on    answers come from memory; should one of the constants change after all, it is read once more without
 *                     that condition
 *
 * So a trace is read at most once per condition and twice more. Rows keep the order of the trace. Memory is bounded by the
 * session's limit, over all stores. Who reads a store holds it, so that it can be replaced meanwhile.
 */
#ifndef CAIRN_SQL_SQLSTORE_H
#define CAIRN_SQL_SQLSTORE_H

#include "sql/sqlreading.h"

/* Rows in memory, with an index. */
struct sql_kept {
    struct sql_session *session;
    struct sql_rows rows;
    int indexed;      /* column; -1: none */
    struct map heads; /* value of that column to the first of its rows, plus one */
    uint32_t *next;   /* by row: the next of equal value (of equal hash), plus one */
    unsigned holders;
    uint64_t bytes; /* counted in session->kept_bytes */
};

/* One plan of one table: private to sqlstore.c. */
struct sql_store {
    struct sql_store *after;
    char *name;            /* of the plan */
    struct sql_plan last;  /* the last question */
    uint32_t fixed;        /* conditions, a bit each, that have been the same in all questions */
    struct sql_kept *kept; /* NULL: not yet */
};

/* Asks. *kept is NULL if the trace is to be read, else the caller holds it. 0, or -1 with *error set. */
int sql_store_ask(struct sql_store **stores, struct sql_session *session, const char *name,
                  const struct sql_plan *plan, struct sql_kept **kept, struct cairn_error *error);
void sql_kept_release(struct sql_kept *kept);
/* Frees all stores of a list; what is held lives on. */
void sql_store_forget(struct sql_store **stores);

/* The first row that may answer, and the next one after `row`; SIZE_MAX: there are no more. */
size_t sql_kept_first(const struct sql_kept *kept, const struct sql_plan *plan, bool *by_index);
size_t sql_kept_next(const struct sql_kept *kept, size_t row, bool by_index);

#endif
