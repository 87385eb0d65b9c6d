/* The tables as SQLite sees them: one module for all. SPDX-License-Identifier: Apache-2.0
 *
 * They are eponymous: they need no CREATE, and what has ARGUMENT columns can be called like a function.
 *
 * Planning (best_index): a condition is taken if a table can spare something by it, or a store be indexed by it: equality on
 * INTEGER and TEXT columns, ranges on the TIME column, all arguments. What was taken, the columns that are used and
 * whether rows must be in order go to the cursor as a text, which is at once the name of the plan for its store:
 *
 *     "wanted,ordered;column op;column op;..."        as in "1f,0;1=;0<;"
 *
 * SQLite looks at each row again, arguments excepted.
 */
#include "sql/sqlsession.h"
#include "sql/sqlstore.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sql_virtual { /* one per table and session */
    sqlite3_vtab base;
    const struct sql_table *table;
    struct sql_session *session;
    struct sql_store *stores;
    struct sql_virtual *after; /* in session->tables */
};

struct cursor {
    sqlite3_vtab_cursor base;
    struct sql_plan plan;
    struct sql_reading reading; /* unless kept */
    struct sql_rows own;        /* the present row of a reading */
    struct sql_kept *kept;
    bool by_index, at_end;
    size_t row; /* of kept, or of own */
    sqlite3_int64 rowid;
};

/* ---- Connecting -------------------------------------------------------------------------------------------- */

static bool has_own_types(enum sql_type type)
{
    return type == SQL_NUMBER || type == SQL_ANY;
}

static char *declaration(const struct sql_table *table)
{
    sqlite3_str *text = sqlite3_str_new(NULL);
    sqlite3_str_appendf(text, "CREATE TABLE \"%w\" (", table->name);
    for (unsigned i = 0; i < table->column_count; i++) {
        const struct sql_column *column = &table->columns[i];
        const char *type = has_own_types(column->type) ? "" : sql_type_name(column->type); /* no affinity */
        sqlite3_str_appendf(text, "%s\"%w\" %s%s", i ? ", " : "", column->name, type,
                            sql_column_is_hidden(column) ? " HIDDEN" : "");
    }
    sqlite3_str_appendall(text, ")");
    return sqlite3_str_finish(text);
}

struct registration {
    const struct sql_table *table;
    struct sql_session *session;
};

static int connect(sqlite3 *database, void *data, int count, const char *const *arguments,
                   sqlite3_vtab **made, char **message)
{
    const struct registration *registration = data;
    (void)count, (void)arguments, (void)message;
    char *schema = declaration(registration->table);
    registration->session->is_declaring = true;
    int result = schema ? sqlite3_declare_vtab(database, schema) : SQLITE_NOMEM;
    registration->session->is_declaring = false;
    sqlite3_free(schema);
    if (result != SQLITE_OK) return result;
    struct sql_virtual *table = calloc(1, sizeof *table);
    if (!table) return SQLITE_NOMEM;
    table->table = registration->table;
    table->session = registration->session;
    table->after = table->session->tables;
    table->session->tables = table;
    *made = &table->base;
    return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *base)
{
    struct sql_virtual *table = (struct sql_virtual *)base, **link = &table->session->tables;
    while (*link != table) link = &(*link)->after;
    *link = table->after;
    sql_store_forget(&table->stores);
    free(table);
    return SQLITE_OK;
}

void sql_forget_stores(struct sql_session *session)
{
    for (struct sql_virtual *table = session->tables; table; table = table->after)
        sql_store_forget(&table->stores);
}

/* ---- Planning ---------------------------------------------------------------------------------------------- */

static uint8_t compare_of(unsigned char op)
{
    switch (op) {
    case SQLITE_INDEX_CONSTRAINT_EQ: return SQL_EQUAL;
    case SQLITE_INDEX_CONSTRAINT_LT: return SQL_LESS;
    case SQLITE_INDEX_CONSTRAINT_LE: return SQL_AT_MOST;
    case SQLITE_INDEX_CONSTRAINT_GT: return SQL_GREATER;
    case SQLITE_INDEX_CONSTRAINT_GE: return SQL_AT_LEAST;
    default: return 0;
    }
}

static bool is_argument(const struct sql_column *column)
{
    return column->role == SQL_ARGUMENT || column->role == SQL_NEEDED;
}

static bool can_use(const struct sql_table *table, sqlite3_index_info *index, int i)
{
    int column = index->aConstraint[i].iColumn;
    uint8_t compare = compare_of(index->aConstraint[i].op);
    if (column < 0 || !compare) return false;
    const struct sql_column *at = &table->columns[column];
    if (is_argument(at)) return compare == SQL_EQUAL;
    if (compare != SQL_EQUAL) return at->role == SQL_TIME;
    if (at->type == SQL_TEXT) return strcmp(sqlite3_vtab_collation(index, i), "BINARY") == 0;
    return at->type == SQL_INTEGER;
}

/* How many rows are left, and what a question costs: a guess that puts joins into a sane order. Small tables and those
 * with few rows left go outside; a table that is asked by equality goes inside, as its store answers at once. */
static void estimate(sqlite3_index_info *index, enum sql_role role, uint8_t compare)
{
    bool is_task = role == SQL_KEY || role == SQL_ID, is_range = compare != SQL_EQUAL && compare != SQL_IN;
    index->estimatedRows /= is_range ? 4 : compare == SQL_IN ? 100 : is_task ? 10000 : 20;
    index->estimatedRows++;
}

/* Rows come in the order of time, if it is one trace. */
static bool comes_ordered(const struct sql_virtual *table, const sqlite3_index_info *index)
{
    if (index->nOrderBy != 1 || index->aOrderBy[0].desc || table->session->trace_count != 1) return false;
    int column = index->aOrderBy[0].iColumn; /* negative: the row's number */
    return column >= 0 && table->table->columns[column].role == SQL_TIME;
}

static uint64_t columns_used(const struct sql_table *table, const sqlite3_index_info *index)
{
    uint64_t all = ((uint64_t)1 << table->column_count) - 1;
    return index->colUsed & all;
}

/* `key IN (...)` is taken at once, for one reading, not value by value. */
static uint8_t choose_compare(const struct sql_table *table, sqlite3_index_info *index, int i)
{
    uint8_t compare = compare_of(index->aConstraint[i].op);
    bool is_key = table->columns[index->aConstraint[i].iColumn].role == SQL_KEY;
    return compare == SQL_EQUAL && is_key && sqlite3_vtab_in(index, i, 1) ? SQL_IN : compare;
}

/* Of the conditions: those that can be used go into the plan. Returns an SQLite result. */
static int take_conditions(const struct sql_virtual *table, sqlite3_index_info *index, sqlite3_str *plan)
{
    int taken = 0;
    uint64_t arguments = 0;
    for (int i = 0; i < index->nConstraint; i++) {
        if (!can_use(table->table, index, i)) continue;
        int column = index->aConstraint[i].iColumn;
        bool argument = is_argument(&table->table->columns[column]);
        if (argument && arguments >> column & 1) continue; /* given twice: SQLite compares them */
        /* An argument that is not known yet: another order of tables will have it. */
        if (argument && !index->aConstraint[i].usable) return SQLITE_CONSTRAINT;
        if (!index->aConstraint[i].usable || taken == SQL_CONDITIONS_MAX) continue;
        if (argument) arguments |= (uint64_t)1 << column;
        index->aConstraintUsage[i].argvIndex = ++taken;
        index->aConstraintUsage[i].omit = argument;
        uint8_t compare = choose_compare(table->table, index, i);
        estimate(index, table->table->columns[column].role, compare);
        sqlite3_str_appendf(plan, "%d%c;", column, compare);
    }
    return SQLITE_OK;
}

static int best_index(sqlite3_vtab *base, sqlite3_index_info *index)
{
    const struct sql_virtual *table = (struct sql_virtual *)base;
    bool ordered = comes_ordered(table, index);
    uint64_t wanted = columns_used(table->table, index);
    sqlite3_str *plan = sqlite3_str_new(NULL);
    if (ordered) wanted |= (uint64_t)1 << index->aOrderBy[0].iColumn;
    for (int i = 0; i < index->nConstraint; i++) /* to index a store by */
        if (can_use(table->table, index, i)) wanted |= (uint64_t)1 << index->aConstraint[i].iColumn;
    sqlite3_str_appendf(plan, "%llx,%d;", (unsigned long long)wanted, ordered);
    index->estimatedRows = (sqlite3_int64)table->table->rows;
    int result = take_conditions(table, index, plan);
    index->estimatedCost = (double)index->estimatedRows * 2 + 10;
    index->orderByConsumed = ordered;
    index->idxStr = sqlite3_str_finish(plan);
    index->needToFreeIdxStr = 1;
    return result != SQLITE_OK ? result : index->idxStr ? SQLITE_OK : SQLITE_NOMEM;
}

/* ---- Cursors ----------------------------------------------------------------------------------------------- */

static int open_cursor(sqlite3_vtab *base, sqlite3_vtab_cursor **made)
{
    struct cursor *cursor = calloc(1, sizeof *cursor);
    (void)base;
    if (!cursor) return SQLITE_NOMEM;
    *made = &cursor->base;
    return SQLITE_OK;
}

/* What a cursor reads; its own rows keep their room. */
static void stop_reading(struct cursor *cursor)
{
    sql_reading_end(&cursor->reading);
    sql_kept_release(cursor->kept);
    cursor->kept = NULL;
    sql_plan_free(&cursor->plan);
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
    struct cursor *cursor = (struct cursor *)base;
    stop_reading(cursor);
    sql_rows_free(&cursor->own);
    free(cursor);
    return SQLITE_OK;
}

static int fail(struct cursor *cursor, const struct cairn_error *error)
{
    struct sql_virtual *table = (struct sql_virtual *)cursor->base.pVtab;
    if (error->code == TRACE_STOPPED) return SQLITE_INTERRUPT;
    sqlite3_free(table->base.zErrMsg);
    table->base.zErrMsg = *error->path ? sqlite3_mprintf("%s: %s", error->path, error->text)
                                       : sqlite3_mprintf("%s", error->text);
    return SQLITE_ERROR;
}

/* A value of SQLite's, copied. False: memory ran out. */
static bool take_value(struct sql_condition *condition, sqlite3_value *value, bool as_text)
{
    int type = sqlite3_value_type(value);
    if (type != SQLITE_NULL && as_text) type = SQLITE_TEXT;
    if (type == SQLITE_INTEGER) {
        condition->type = SQL_CELL_INT;
        condition->i = sqlite3_value_int64(value);
    } else if (type == SQLITE_FLOAT) {
        condition->type = SQL_CELL_FLOAT;
        condition->f = sqlite3_value_double(value);
    } else if (type != SQLITE_NULL) {
        const void *text =
            type == SQLITE_TEXT ? (const void *)sqlite3_value_text(value) : sqlite3_value_blob(value);
        condition->bytes = (size_t)sqlite3_value_bytes(value);
        condition->text = calloc(condition->bytes + 1, 1);
        if (!condition->text || (!text && condition->bytes)) return false;
        if (condition->bytes) memcpy(condition->text, text, condition->bytes);
        condition->type = SQL_CELL_TEXT;
    }
    return true;
}

static int compare_numbers(const void *left, const void *right)
{
    int64_t one = *(const int64_t *)left, other = *(const int64_t *)right;
    return (one > other) - (one < other);
}

/* The values of an IN. If one is not a whole number nothing is spared: SQLite knows what it may be equal to. */
static int take_set(struct sql_condition *condition, sqlite3_value *values)
{
    VECTOR(int64_t) set = {0};
    sqlite3_value *value;
    int result = vector_reserve(&set, 1) ? sqlite3_vtab_in_first(values, &value) : SQLITE_NOMEM;
    bool is_whole = true;
    for (; result == SQLITE_OK && value; result = sqlite3_vtab_in_next(values, &value)) {
        int type = sqlite3_value_type(value);
        if (type == SQLITE_INTEGER && !vector_push(&set, sqlite3_value_int64(value))) result = SQLITE_NOMEM;
        is_whole &= type == SQLITE_INTEGER || type == SQLITE_NULL;
        if (result != SQLITE_OK) break;
    }
    if (set.count) qsort(set.items, set.count, sizeof *set.items, compare_numbers);
    condition->type = is_whole ? SQL_CELL_TEXT : SQL_CELL_FLOAT;
    condition->text = (char *)set.items;
    condition->bytes = set.count * sizeof *set.items;
    return result == SQLITE_DONE ? SQLITE_OK : result;
}

/* The plan that best_index wrote down, with its values. */
static int read_plan(struct cursor *cursor, const char *text, int count, sqlite3_value **values)
{
    struct sql_plan *plan = &cursor->plan;
    *plan = (struct sql_plan){.table = ((struct sql_virtual *)cursor->base.pVtab)->table};
    char *at;
    plan->wanted = strtoull(text, &at, 16);
    plan->is_ordered = strtoul(at + 1, &at, 10);
    for (int i = 0; i < count; i++) {
        struct sql_condition *condition = &plan->conditions[plan->condition_count++];
        *condition = (struct sql_condition){.column = (uint8_t)strtoul(at + 1, &at, 10)};
        condition->compare = (uint8_t)*at++;
        if (condition->compare == SQL_IN) {
            int result = take_set(condition, values[i]);
            if (result != SQLITE_OK) return result;
            continue;
        }
        if (!take_value(condition, values[i], is_argument(&plan->table->columns[condition->column])))
            return SQLITE_NOMEM;
    }
    return SQLITE_OK;
}

/* The next row of a reading. */
static int read_row(struct cursor *cursor)
{
    struct cairn_error error = {.offset = CAIRN_ERROR_NOWHERE};
    if (++cursor->row < cursor->own.count) return SQLITE_OK;
    sql_rows_begin(&cursor->own, cursor->plan.wanted);
    int result = sql_reading_next(&cursor->reading, &cursor->own, 1, &error);
    cursor->row = 0;
    cursor->at_end = result == 0;
    return result < 0 ? fail(cursor, &error) : SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *text, int count, sqlite3_value **values)
{
    struct cursor *cursor = (struct cursor *)base;
    struct sql_virtual *table = (struct sql_virtual *)base->pVtab;
    struct cairn_error error = {.offset = CAIRN_ERROR_NOWHERE};
    (void)number;
    stop_reading(cursor);
    cursor->rowid = 0;
    cursor->at_end = false;
    int result = read_plan(cursor, text, count, values);
    if (result != SQLITE_OK) return result;
    if (sql_store_ask(&table->stores, table->session, text, &cursor->plan, &cursor->kept, &error) != 0)
        return fail(cursor, &error);
    if (cursor->kept) {
        cursor->row = sql_kept_first(cursor->kept, &cursor->plan, &cursor->by_index);
        cursor->at_end = cursor->row == SIZE_MAX;
        return SQLITE_OK;
    }
    if (sql_reading_begin(&cursor->reading, table->session, &cursor->plan, &error) != 0)
        return fail(cursor, &error);
    sql_rows_begin(&cursor->own, cursor->plan.wanted);
    return read_row(cursor);
}

static int next(sqlite3_vtab_cursor *base)
{
    struct cursor *cursor = (struct cursor *)base;
    cursor->rowid++;
    if (!cursor->kept) return read_row(cursor);
    cursor->row = sql_kept_next(cursor->kept, cursor->row, cursor->by_index);
    cursor->at_end = cursor->row == SIZE_MAX;
    return SQLITE_OK;
}

static int at_end(sqlite3_vtab_cursor *base)
{
    return ((struct cursor *)base)->at_end;
}

/* What was given for an argument; *bytes of it. NULL: nothing. */
static const char *argument_given(const struct cursor *cursor, int number, size_t *bytes)
{
    for (unsigned i = 0; i < cursor->plan.condition_count; i++) {
        const struct sql_condition *condition = &cursor->plan.conditions[i];
        if (condition->column != number || !is_argument(&cursor->plan.table->columns[number])) continue;
        *bytes = condition->bytes;
        return condition->text;
    }
    return NULL;
}

static void give_text(sqlite3_context *context, const char *text, size_t bytes)
{
    sqlite3_result_text64(context, text, bytes, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *context, int number)
{
    const struct cursor *cursor = (struct cursor *)base;
    const struct sql_rows *rows = cursor->kept ? &cursor->kept->rows : &cursor->own;
    const struct sql_cell *cell = sql_rows_cell(rows, cursor->row, (unsigned)number);
    size_t bytes;
    const char *argument = argument_given(cursor, number, &bytes);
    if (argument)
        give_text(context, argument, bytes);
    else if (cell && cell->type == SQL_CELL_INT)
        sqlite3_result_int64(context, cell->i);
    else if (cell && cell->type == SQL_CELL_FLOAT)
        sqlite3_result_double(context, cell->f);
    else if (cell && cell->type == SQL_CELL_TEXT)
        give_text(context, rows->text.items ? rows->text.items + cell->at : "", cell->bytes);
    return SQLITE_OK; /* else NULL */
}

static int rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *id)
{
    *id = ((struct cursor *)base)->rowid;
    return SQLITE_OK;
}

static const sqlite3_module module = {
    .xConnect = connect,
    .xBestIndex = best_index,
    .xDisconnect = disconnect,
    .xOpen = open_cursor,
    .xClose = close_cursor,
    .xFilter = filter,
    .xNext = next,
    .xEof = at_end,
    .xColumn = column,
    .xRowid = rowid,
};

int sql_register_tables(struct sql_session *session)
{
    for (unsigned i = 0; i < sql_table_count; i++) {
        struct registration *registration = malloc(sizeof *registration);
        if (!registration) return SQLITE_NOMEM;
        *registration = (struct registration){&sql_tables[i], session};
        int result =
            sqlite3_create_module_v2(session->database, sql_tables[i].name, &module, registration, free);
        if (result != SQLITE_OK) return result;
    }
    return SQLITE_OK;
}
