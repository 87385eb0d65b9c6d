/* See sqlstore.h. SPDX-License-Identifier: Apache-2.0 */
#include "sql/sqlstore.h"

#include "cairn/cairn.h"
#include "sql/sqlsession.h"

#include <stdlib.h>
#include <string.h>

/* ---- The index --------------------------------------------------------------------------------------------- */

/* Equal values, equal keys; different texts of one hash are told apart by SQLite. False: the value has no key. */
static bool key_of(uint8_t type, int64_t number, const char *text, size_t bytes, struct map_key *key)
{
    if (type == SQL_CELL_INT)
        *key = (struct map_key){(uint64_t)number, type, 0};
    else if (type == SQL_CELL_TEXT)
        *key = (struct map_key){map_hash_bytes(text, bytes), type, bytes};
    else
        return false;
    return true;
}

static bool key_of_row(const struct sql_kept *kept, size_t row, struct map_key *key)
{
    const struct sql_cell *cell = sql_rows_cell(&kept->rows, row, (unsigned)kept->indexed);
    const char *text = cell->type == SQL_CELL_TEXT ? kept->rows.text.items + cell->at : NULL;
    return key_of(cell->type, cell->i, text, cell->bytes, key);
}

/* From the last row to the first, so that each chain is in the order of rows. */
static bool make_index(struct sql_kept *kept)
{
    struct map_key key;
    if (kept->rows.count >= UINT32_MAX) return false;
    kept->next = calloc(kept->rows.count + 1, sizeof *kept->next);
    if (!kept->next) return false;
    for (size_t row = kept->rows.count; row-- > 0;) {
        if (!key_of_row(kept, row, &key)) continue;
        uint64_t *head = map_put(&kept->heads, key, NULL);
        if (!head) return false;
        kept->next[row] = (uint32_t)*head;
        *head = row + 1;
    }
    return true;
}

size_t sql_kept_first(const struct sql_kept *kept, const struct sql_plan *plan, bool *by_index)
{
    struct map_key key;
    *by_index = false;
    for (unsigned i = 0; i < plan->condition_count; i++) {
        const struct sql_condition *condition = &plan->conditions[i];
        if (condition->column != kept->indexed || condition->compare != SQL_EQUAL) continue;
        enum sql_type type = plan->table->columns[condition->column].type;
        bool is_own = condition->type == (type == SQL_INTEGER ? SQL_CELL_INT : SQL_CELL_TEXT);
        if (!is_own || !key_of(condition->type, condition->i, condition->text, condition->bytes, &key)) break;
        *by_index = true;
        const uint64_t *head = map_get(&kept->heads, key);
        return head ? (size_t)*head - 1 : SIZE_MAX;
    }
    return kept->rows.count ? 0 : SIZE_MAX;
}

size_t sql_kept_next(const struct sql_kept *kept, size_t row, bool by_index)
{
    if (by_index) return kept->next[row] ? kept->next[row] - 1 : SIZE_MAX;
    return row + 1 < kept->rows.count ? row + 1 : SIZE_MAX;
}

/* ---- Keeping ----------------------------------------------------------------------------------------------- */

static uint64_t bytes_of(const struct sql_kept *kept)
{
    return sql_rows_bytes(&kept->rows) + kept->heads.capacity * sizeof *kept->heads.entries +
           (kept->next ? kept->rows.count * sizeof *kept->next : 0);
}

static bool count_bytes(struct sql_kept *kept)
{
    uint64_t bytes = bytes_of(kept);
    kept->session->kept_bytes += bytes - kept->bytes;
    kept->bytes = bytes;
    return kept->session->kept_bytes <= kept->session->options.memory_bytes;
}

static int too_much(const struct sql_plan *plan, struct cairn_error *error)
{
    return cairn__error_set(
        error, CAIRN_ENOSPC, NULL, CAIRN_ERROR_NOWHERE,
        "To join '%s' more would have to be kept in memory than --memory allows. Ask for less "
        "of it with WHERE, as by task_key IN (SELECT ...), or allow more.",
        plan->table->name);
}

static int fill(struct sql_kept *kept, const struct sql_plan *plan, struct cairn_error *error)
{
    struct sql_reading reading;
    int result = sql_reading_begin(&reading, kept->session, plan, error);
    sql_rows_begin(&kept->rows, plan->wanted);
    while (result == 0 && (result = sql_reading_next(&reading, &kept->rows, 1, error)) > 0)
        result = count_bytes(kept) ? 0 : too_much(plan, error);
    sql_reading_end(&reading);
    if (result == 0 && kept->indexed >= 0 && !make_index(kept)) result = sql_out_of_memory(error);
    return result == 0 && !count_bytes(kept) ? too_much(plan, error) : result;
}

void sql_kept_release(struct sql_kept *kept)
{
    if (!kept || --kept->holders) return;
    kept->session->kept_bytes -= kept->bytes;
    sql_rows_free(&kept->rows);
    map_free(&kept->heads);
    free(kept->next);
    free(kept);
}

/* The column that is compared for equality with a value that varies. */
static int column_to_index(const struct sql_plan *plan, uint32_t fixed)
{
    for (unsigned i = 0; i < plan->condition_count; i++) {
        unsigned column = plan->conditions[i].column;
        if (plan->conditions[i].compare == SQL_EQUAL && !(fixed >> i & 1) && plan->wanted >> column & 1)
            return (int)column;
    }
    return -1;
}

static int keep(struct sql_store *store, struct sql_session *session, struct cairn_error *error)
{
    struct sql_plan fixed =
        store->last; /* with the conditions that are fixed only: their texts stay the store's */
    fixed.condition_count = 0;
    for (unsigned i = 0; i < store->last.condition_count; i++)
        if (store->fixed >> i & 1) fixed.conditions[fixed.condition_count++] = store->last.conditions[i];
    struct sql_kept *kept = calloc(1, sizeof *kept);
    if (!kept) return sql_out_of_memory(error);
    kept->session = session;
    kept->holders = 1;
    kept->indexed = column_to_index(&store->last, store->fixed);
    if (fill(kept, &fixed, error) != 0) return sql_kept_release(kept), -1;
    store->kept = kept;
    return 0;
}

/* ---- Stores ------------------------------------------------------------------------------------------------ */

static struct sql_store *find(struct sql_store *store, const char *name)
{
    while (store && strcmp(store->name, name) != 0) store = store->after;
    return store;
}

static bool add(struct sql_store **stores, const char *name, const struct sql_plan *plan)
{
    struct sql_store *store = calloc(1, sizeof *store);
    if (!store) return false;
    store->after = *stores;
    *stores = store;
    store->fixed = UINT32_MAX;
    store->name = strdup(name);
    return sql_plan_copy(&store->last, plan) && store->name;
}

/* Conditions that have changed are not fixed. True if any was. */
static bool compare(struct sql_store *store, const struct sql_plan *plan)
{
    uint32_t changed = 0;
    for (unsigned i = 0; i < plan->condition_count; i++)
        if (!sql_condition_equal(&store->last.conditions[i], &plan->conditions[i]))
            changed |= (uint32_t)1 << i;
    changed &= store->fixed;
    store->fixed &= ~changed;
    return changed;
}

static bool replace_last(struct sql_store *store, const struct sql_plan *plan)
{
    sql_plan_free(&store->last);
    return sql_plan_copy(&store->last, plan);
}

/* An argument is the table's own matter: no row can be looked at again. */
static bool has_varying_argument(const struct sql_store *store)
{
    for (unsigned i = 0; i < store->last.condition_count; i++) {
        enum sql_role role = store->last.table->columns[store->last.conditions[i].column].role;
        if ((role == SQL_ARGUMENT || role == SQL_NEEDED) && !(store->fixed >> i & 1)) return true;
    }
    return false;
}

int sql_store_ask(struct sql_store **stores, struct sql_session *session, const char *name,
                  const struct sql_plan *plan, struct sql_kept **kept, struct cairn_error *error)
{
    struct sql_store *store = find(*stores, name);
    *kept = NULL;
    if (!store) return add(stores, name, plan) ? 0 : sql_out_of_memory(error);
    if (compare(store, plan)) {
        sql_kept_release(store->kept);
        store->kept = NULL;
        if (!replace_last(store, plan)) return sql_out_of_memory(error);
    }
    if (has_varying_argument(store)) return 0;
    if (!store->kept && keep(store, session, error) != 0) return -1;
    *kept = store->kept;
    store->kept->holders++;
    return 0;
}

void sql_store_forget(struct sql_store **stores)
{
    while (*stores) {
        struct sql_store *store = *stores;
        *stores = store->after;
        sql_plan_free(&store->last);
        sql_kept_release(store->kept);
        free(store->name);
        free(store);
    }
}
