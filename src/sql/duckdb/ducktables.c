/* The tables as DuckDB sees them: a function of each, a macro and a view. SPDX-License-Identifier: Apache-2.0
 *
 *     cairn_slowest(pattern := .., n := ..)       the function: bind, init, run
 *     slowest('checkout', 5)                      the macro: arguments by place as well
 *     slowest                                     the view
 *
 * 1. bind: the columns, and the arguments as the conditions of a plan. 2. init: a reading of the columns that are used. 3. run: a
 * vector's rows of it, as often as DuckDB asks. There are no other conditions: DuckDB hands none on.
 *
 * Threads: a scan belongs to one thread at a time, as DuckDB is told that it is not to be divided.
 */
#include "sql/duckdb/duckengine.h"
#include "sql/duckdb/duckvalues.h"

#include "cairn/cairn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct duck_scan {
    struct sql_plan plan; /* its texts are those of the bind's */
    struct sql_reading reading;
    struct sql_rows rows;
    size_t row; /* the first that was not handed out */
    duck_text room;
    unsigned column_count;
    uint8_t columns[64]; /* of the table, in the order that is asked for */
};

static bool is_argument(const struct sql_column *column)
{
    return column->role == SQL_ARGUMENT || column->role == SQL_NEEDED;
}

/* ---- Binding ----------------------------------------------------------------------------------------------- */

static void free_plan(void *data)
{
    sql_plan_free(data);
    free(data);
}

/* An argument that was given becomes a condition. False: memory ran out. */
static bool take_argument(const struct duck_table *table, duck_bind bind, unsigned column,
                          struct sql_plan *plan)
{
    duck_value value = duck.bind_get_named_parameter(bind, table->table->columns[column].name);
    bool done = true;
    if (value && !duck.is_null_value(value)) {
        char *text = duck.get_varchar(value);
        struct sql_condition condition = {
            .column = (uint8_t)column, .compare = SQL_EQUAL, .type = SQL_CELL_TEXT};
        condition.text = text ? strdup(text) : NULL;
        condition.bytes = condition.text ? strlen(condition.text) : 0;
        done = condition.text != NULL;
        if (done) plan->conditions[plan->condition_count++] = condition;
        duck.free(text);
    }
    if (value) duck.destroy_value(&value);
    return done;
}

static void bind_table(duck_bind bind)
{
    const struct duck_table *table = duck.bind_get_extra_info(bind);
    struct sql_plan *plan = calloc(1, sizeof *plan);
    bool done = plan != NULL;
    if (plan) plan->table = table->table;
    for (unsigned i = 0; i < table->table->column_count && done; i++) {
        const struct sql_column *column = &table->table->columns[i];
        if (is_argument(column)) {
            done = take_argument(table, bind, i, plan);
            continue;
        }
        duck_type type = duck_type_of(column->type);
        duck.bind_add_result_column(bind, column->name, type);
        duck.destroy_logical_type(&type);
    }
    if (!done) duck.bind_set_error(bind, "Out of memory.");
    duck.bind_set_cardinality(bind, (uint64_t)table->table->rows, false);
    if (plan) duck.bind_set_bind_data(bind, plan, free_plan);
}

/* ---- Scanning ---------------------------------------------------------------------------------------------- */

static void free_scan(void *data)
{
    struct duck_scan *scan = data;
    sql_reading_end(&scan->reading);
    sql_rows_free(&scan->rows);
    vector_free(&scan->room);
    free(scan);
}

/* The table's number of a column of the result, which has no arguments. */
static unsigned column_of(const struct sql_table *table, uint64_t number)
{
    unsigned column = 0;
    while (is_argument(&table->columns[column]) || number--) column++;
    return column;
}

static void scan_begin(duck_init init)
{
    const struct sql_plan *plan = duck.init_get_bind_data(init);
    struct duck_scan *scan = calloc(1, sizeof *scan);
    if (!scan) {
        duck.init_set_error(init, "Out of memory.");
        return;
    }
    duck.init_set_init_data(init, scan, free_scan);
    duck.init_set_max_threads(init, 1);
    scan->plan = *plan;
    scan->column_count = (unsigned)duck.init_get_column_count(init);
    for (unsigned i = 0; i < scan->column_count; i++) {
        scan->columns[i] = (uint8_t)column_of(plan->table, duck.init_get_column_index(init, i));
        scan->plan.wanted |= (uint64_t)1 << scan->columns[i];
    }
}

/* As the last word of `error`, with the file it is about. */
static void tell(duck_call call, const struct cairn_error *error)
{
    char text[sizeof error->path + sizeof error->text + 2];
    snprintf(text, sizeof text, "%s%s%s", error->path, *error->path ? ": " : "", error->text);
    duck.function_set_error(call, text);
}

/* Rows that wait to be handed out, if any are left. False: it failed, and has been told. */
static bool fetch(duck_call call, struct duck_scan *scan)
{
    const struct duck_table *table = duck.function_get_extra_info(call);
    struct cairn_error error = {.offset = CAIRN_ERROR_NOWHERE};
    if (scan->row < scan->rows.count) return true;
    scan->row = 0;
    sql_rows_begin(&scan->rows, scan->plan.wanted);
    int result =
        scan->reading.plan ? 0 : sql_reading_begin(&scan->reading, table->session, &scan->plan, &error);
    if (result == 0)
        result = sql_reading_next(&scan->reading, &scan->rows, (size_t)duck.vector_size(), &error);
    if (result < 0) tell(call, &error);
    return result >= 0;
}

static void scan_run(duck_call call, duck_chunk chunk)
{
    struct duck_scan *scan = duck.function_get_init_data(call);
    size_t count = 0;
    if (fetch(call, scan)) {
        size_t room = (size_t)duck.vector_size(), left = scan->rows.count - scan->row;
        count = left < room ? left : room;
    }
    for (unsigned i = 0; i < scan->column_count && count; i++) {
        unsigned column = scan->columns[i];
        if (!duck_vector_fill(duck.data_chunk_get_vector(chunk, i), scan->plan.table->columns[column].type,
                              &scan->rows, scan->row, count, column, &scan->room))
            duck.function_set_error(call, "Out of memory.");
    }
    duck.data_chunk_set_size(chunk, count);
    scan->row += count;
}

/* ---- Registering ------------------------------------------------------------------------------------------- */

static int register_function(struct duck_table *table, struct cairn_error *error)
{
    char name[64];
    duck_table_function function = duck.create_table_function();
    snprintf(name, sizeof name, "cairn_%s", table->table->name);
    duck.table_function_set_name(function, name);
    duck_type any = duck.create_logical_type(DUCK_ANY);
    for (unsigned i = 0; i < table->table->column_count; i++)
        if (is_argument(&table->table->columns[i]))
            duck.table_function_add_named_parameter(function, table->table->columns[i].name, any);
    duck.destroy_logical_type(&any);
    duck.table_function_set_extra_info(function, table, NULL);
    duck.table_function_set_bind(function, bind_table);
    duck.table_function_set_init(function, scan_begin);
    duck.table_function_set_function(function, scan_run);
    duck.table_function_supports_projection_pushdown(function, true);
    int state = duck.register_table_function(table->session->duck->connection, function);
    duck.destroy_table_function(&function);
    if (state == 0) return 0;
    return cairn__error_set(error, CAIRN_ENOTSUP, NULL, CAIRN_ERROR_NOWHERE, "DuckDB takes no function %s.",
                            name);
}

/* "name" := value, for each argument; `format` prints the value from the name. */
static void put_arguments(FILE *out, const struct sql_table *table, const char *format)
{
    const char *comma = "";
    for (unsigned i = 0; i < table->column_count; i++) {
        const char *name = table->columns[i].name;
        if (!is_argument(&table->columns[i])) continue;
        fprintf(out, "%s\"%s\" := ", comma, name);
        fprintf(out, format, name);
        comma = ", ";
    }
}

/* Names are quoted, as `explain` and `filter` are words of SQL. */
static int make_view(const struct duck_table *table, struct cairn_error *error)
{
    const char *name = table->table->name;
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    if (!out) return sql_out_of_memory(error);
    fprintf(out, "CREATE VIEW \"%s\" AS SELECT * FROM cairn_%s(); CREATE MACRO \"%s\"(", name, name, name);
    put_arguments(out, table->table, "NULL");
    fprintf(out, ") AS TABLE SELECT * FROM cairn_%s(", name);
    put_arguments(out, table->table, "\"%s\"");
    fprintf(out, ")");
    int result = fclose(out) == 0 ? duck_do(table->session, text, error) : sql_out_of_memory(error);
    free(text);
    return result;
}

int duck_register_tables(struct sql_session *session, struct cairn_error *error)
{
    int result = 0;
    struct duck_table *tables = session->duck->tables = calloc(sql_table_count, sizeof *tables);
    if (!tables) return sql_out_of_memory(error);
    for (unsigned i = 0; i < sql_table_count && result == 0; i++) {
        tables[i] = (struct duck_table){session, &sql_tables[i]};
        result = register_function(&tables[i], error);
        if (result == 0) result = make_view(&tables[i], error);
    }
    return result;
}
