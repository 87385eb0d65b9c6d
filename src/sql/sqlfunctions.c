/* Functions that SQLite lacks: percentile, hist, duration. SPDX-License-Identifier: Apache-2.0 */
#include "sql/sqlsession.h"

#include <stdlib.h>

/* ---- percentile(x, p) --------------------------------------------------------------------------------------- */

union number {
    sqlite3_int64 i;
    double f;
};

/* All values: integers, exactly, until the first that is not. In SQLite's own memory, which is limited. */
struct values {
    union number *items;
    size_t count, capacity;
    double p;
    bool is_float, failed;
};

static bool grow(struct values *values)
{
    if (values->count < values->capacity) return true;
    size_t capacity = values->capacity ? 2 * values->capacity : 64;
    union number *grown = sqlite3_realloc64(values->items, capacity * sizeof *grown);
    if (!grown) return false;
    values->items = grown;
    values->capacity = capacity;
    return true;
}

static void turn_to_float(struct values *values)
{
    for (size_t i = 0; i < values->count; i++) values->items[i].f = (double)values->items[i].i;
    values->is_float = true;
}

static bool is_number(int type)
{
    return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}

/* What is wrong with the arguments, or NULL. */
static const char *check(const struct values *values, sqlite3_value *x, sqlite3_value *p)
{
    double fraction = sqlite3_value_double(p);
    if (!is_number(sqlite3_value_numeric_type(p)) || !(fraction >= 0 && fraction <= 1))
        return "percentile(x, p): p must be a number from 0 to 1, as in 0.99";
    if (values->count && fraction != values->p) return "percentile(x, p): p must be the same for all rows";
    return is_number(sqlite3_value_numeric_type(x)) ? NULL : "percentile(x, p): x must be a number";
}

static void add_number(struct values *values, sqlite3_value *x)
{
    if (sqlite3_value_numeric_type(x) == SQLITE_FLOAT && !values->is_float) turn_to_float(values);
    union number *last = &values->items[values->count++];
    if (values->is_float)
        last->f = sqlite3_value_double(x);
    else
        last->i = sqlite3_value_int64(x);
}

static void percentile_step(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    struct values *values = sqlite3_aggregate_context(context, sizeof *values);
    (void)count;
    if (values && (values->failed || sqlite3_value_type(arguments[0]) == SQLITE_NULL)) return;
    const char *wrong = values ? check(values, arguments[0], arguments[1]) : NULL;
    if (wrong) {
        values->failed = true;
        sqlite3_result_error(context, wrong, -1);
    } else if (!values || !grow(values)) {
        sqlite3_result_error_nomem(context);
    } else {
        values->p = sqlite3_value_double(arguments[1]);
        add_number(values, arguments[0]);
    }
}

static int compare_integers(const void *left, const void *right)
{
    const union number *one = left, *other = right;
    return (one->i > other->i) - (one->i < other->i);
}

static int compare_floats(const void *left, const void *right)
{
    const union number *one = left, *other = right;
    return (one->f > other->f) - (one->f < other->f);
}

static void percentile_final(sqlite3_context *context)
{
    struct values *values = sqlite3_aggregate_context(context, 0);
    if (!values) return;
    if (values->count && !values->failed) {
        qsort(values->items, values->count, sizeof *values->items,
              values->is_float ? compare_floats : compare_integers);
        const union number *at = &values->items[histogram_rank(values->count, values->p) - 1];
        if (values->is_float)
            sqlite3_result_double(context, at->f);
        else
            sqlite3_result_int64(context, at->i);
    }
    sqlite3_free(values->items);
}

/* ---- hist(x) ------------------------------------------------------------------------------------------------ */

/* SQLite's memory for an aggregate is not aligned for a histogram: there is only a pointer in it. */
static void hist_step(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    struct histogram **histogram = sqlite3_aggregate_context(context, sizeof *histogram);
    (void)count;
    if (sqlite3_value_type(arguments[0]) == SQLITE_NULL) return;
    sqlite3_int64 value = sqlite3_value_int64(arguments[0]);
    if (histogram && !*histogram) *histogram = calloc(1, sizeof **histogram);
    if (!histogram || !*histogram || !histogram_add(*histogram, value > 0 ? (uint64_t)value : 0))
        sqlite3_result_error_nomem(context);
}

static void hist_final(sqlite3_context *context)
{
    struct histogram **made = sqlite3_aggregate_context(context, 0), *histogram = made ? *made : NULL;
    sqlite3_str *text = sqlite3_str_new(NULL);
    const char *comma = "";
    sqlite3_str_appendall(text, "[");
    for (unsigned i = 0; histogram && histogram->buckets && i < HISTOGRAM_BUCKETS; i++) {
        if (!histogram->buckets[i]) continue;
        sqlite3_str_appendf(text, "%s{\"low\":%llu,\"high\":%llu,\"count\":%llu}", comma,
                            (unsigned long long)histogram_bucket_low(i),
                            (unsigned long long)histogram_bucket_low(i + 1),
                            (unsigned long long)histogram->buckets[i]);
        comma = ",";
    }
    sqlite3_str_appendall(text, "]");
    char *json = sqlite3_str_finish(text);
    if (json)
        sqlite3_result_text(context, json, -1, sqlite3_free);
    else
        sqlite3_result_error_nomem(context);
    if (histogram) histogram_free(histogram);
    free(histogram);
}

/* ---- duration(ns) ------------------------------------------------------------------------------------------- */

static void duration(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    const struct sql_session *session = sqlite3_user_data(context);
    char text[64] = "-";
    (void)count;
    if (sqlite3_value_type(arguments[0]) == SQLITE_NULL) return;
    sqlite3_int64 ns = sqlite3_value_int64(arguments[0]);
    session->options.show_duration(text + (ns < 0), ns < 0 ? -(uint64_t)ns : (uint64_t)ns);
    sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

int sql_register_functions(struct sql_session *session)
{
    sqlite3 *database = session->database;
    int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    int result = sqlite3_create_function_v2(database, "percentile", 2, flags, session, NULL, percentile_step,
                                            percentile_final, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_create_function_v2(database, "hist", 1, flags, session, NULL, hist_step, hist_final,
                                            NULL);
    if (result == SQLITE_OK)
        result =
            sqlite3_create_function_v2(database, "duration", 1, flags, session, duration, NULL, NULL, NULL);
    return result;
}
