/* What is called of DuckDB: its C API, found at run time. SPDX-License-Identifier: Apache-2.0
 *
 * Declared here from DuckDB's documentation (https://duckdb.org/docs/stable/clients/c/api), so that neither its header nor
 * its library is needed to build the tool. DUCK_FUNCTIONS is the one list: name without duckdb_, result, parameters.
 *
 * Handles are owned by whoever made them, and destroyed by a pointer to them, which becomes NULL. A state is 0 for success.
 */
#ifndef CAIRN_SQL_DUCKDB_DUCKAPI_H
#define CAIRN_SQL_DUCKDB_DUCKAPI_H

#include "base/base.h"

#include <assert.h>

typedef struct duck_of_database *duck_database;
typedef struct duck_of_connection *duck_connection;
typedef struct duck_of_config *duck_config;
typedef struct duck_of_extracted *duck_extracted;
typedef struct duck_of_prepared *duck_prepared;
typedef struct duck_of_pending *duck_pending;
typedef struct duck_of_chunk *duck_chunk;
typedef struct duck_of_vector *duck_vector;
typedef struct duck_of_type *duck_type;
typedef struct duck_of_value *duck_value;
typedef struct duck_of_table *duck_table_function;
typedef struct duck_of_scalar *duck_scalar_function;
typedef struct duck_of_aggregate *duck_aggregate_function;
typedef struct duck_of_bind *duck_bind;
typedef struct duck_of_init *duck_init;
typedef struct duck_of_call *duck_call; /* of a function that is running */
typedef struct duck_of_state *duck_state;

/* Passed by value; the members are DuckDB's own. */
struct duck_result {
    uint64_t unused[3];
    void *columns;
    char *error;
    void *data;
};
static_assert(sizeof(struct duck_result) == 48, "duckdb_result");

/* A text or blob in a vector: up to 12 bytes stand in it, longer ones elsewhere. */
struct duck_string {
    uint32_t bytes;
    char begin[4];
    const char *elsewhere;
};
static_assert(sizeof(struct duck_string) == 16, "duckdb_string_t");
enum { DUCK_INLINE_BYTES = 12 };

struct duck_hugeint {
    uint64_t low;
    int64_t high;
};

/* Of a struct: a bit per row, 64 to a word; a vector without NULLs may have none. */
typedef uint64_t duck_validity;

enum duck_type_id {
    DUCK_BOOLEAN = 1,
    DUCK_TINYINT = 2,
    DUCK_SMALLINT = 3,
    DUCK_INTEGER = 4,
    DUCK_BIGINT = 5,
    DUCK_UTINYINT = 6,
    DUCK_USMALLINT = 7,
    DUCK_UINTEGER = 8,
    DUCK_UBIGINT = 9,
    DUCK_FLOAT = 10,
    DUCK_DOUBLE = 11,
    DUCK_HUGEINT = 16,
    DUCK_VARCHAR = 17,
    DUCK_BLOB = 18,
    DUCK_DECIMAL = 19,
    DUCK_UNION = 28,
    DUCK_ANY = 34
};

enum duck_statement_type { DUCK_SELECT = 1, DUCK_EXPLAIN = 4 };
/* Of pending_execute_task. */
enum duck_progress { DUCK_READY = 0, DUCK_NOT_READY = 1, DUCK_FAILED = 2, DUCK_NO_TASK = 3 };

typedef void duck_free_data(void *data);
typedef void duck_bind_function(duck_bind bind);
typedef void duck_init_function(duck_init init);
typedef void duck_run_function(duck_call call, duck_chunk rows);
typedef void duck_scalar_run(duck_call call, duck_chunk arguments, duck_vector results);
typedef uint64_t duck_state_bytes(duck_call call);
typedef void duck_state_begin(duck_call call, duck_state state);
typedef void duck_state_update(duck_call call, duck_chunk arguments, duck_state *states);
typedef void duck_state_combine(duck_call call, duck_state *from, duck_state *into, uint64_t count);
typedef void duck_state_finish(duck_call call, duck_state *states, duck_vector results, uint64_t count,
                               uint64_t first);
typedef void duck_state_free(duck_state *states, uint64_t count);

/* clang-format off */
#define DUCK_FUNCTIONS(F) \
    F(library_version, const char *, (void)) \
    F(free, void, (void *memory)) \
    /* Opening. */ \
    F(create_config, int, (duck_config *config)) \
    F(set_config, int, (duck_config config, const char *name, const char *value)) \
    F(destroy_config, void, (duck_config *config)) \
    F(open_ext, int, (const char *path, duck_database *database, duck_config config, char **error)) \
    F(close, void, (duck_database *database)) \
    F(connect, int, (duck_database database, duck_connection *connection)) \
    F(disconnect, void, (duck_connection *connection)) \
    F(interrupt, void, (duck_connection connection)) \
    /* Statements. */ \
    F(query, int, (duck_connection connection, const char *text, struct duck_result *result)) \
    F(extract_statements, uint64_t, (duck_connection connection, const char *text, duck_extracted *extracted)) \
    F(extract_statements_error, const char *, (duck_extracted extracted)) \
    F(destroy_extracted, void, (duck_extracted *extracted)) \
    F(prepare_extracted_statement, int, (duck_connection connection, duck_extracted extracted, uint64_t index, duck_prepared *prepared)) \
    F(prepare_error, const char *, (duck_prepared prepared)) \
    F(destroy_prepare, void, (duck_prepared *prepared)) \
    F(prepared_statement_type, int, (duck_prepared prepared)) \
    F(prepared_statement_column_count, uint64_t, (duck_prepared prepared)) \
    F(prepared_statement_column_name, char *, (duck_prepared prepared, uint64_t column)) \
    F(prepared_statement_column_logical_type, duck_type, (duck_prepared prepared, uint64_t column)) \
    F(pending_prepared_streaming, int, (duck_prepared prepared, duck_pending *pending)) \
    F(pending_execute_task, int, (duck_pending pending)) \
    F(pending_error, const char *, (duck_pending pending)) \
    F(execute_pending, int, (duck_pending pending, struct duck_result *result)) \
    F(destroy_pending, void, (duck_pending *pending)) \
    F(result_error, const char *, (struct duck_result *result)) \
    F(fetch_chunk, duck_chunk, (struct duck_result result)) \
    F(destroy_result, void, (struct duck_result *result)) \
    /* Chunks, vectors, types and values. */ \
    F(vector_size, uint64_t, (void)) \
    F(data_chunk_get_size, uint64_t, (duck_chunk chunk)) \
    F(data_chunk_set_size, void, (duck_chunk chunk, uint64_t rows)) \
    F(data_chunk_get_vector, duck_vector, (duck_chunk chunk, uint64_t column)) \
    F(destroy_data_chunk, void, (duck_chunk *chunk)) \
    F(vector_get_data, void *, (duck_vector vector)) \
    F(vector_get_validity, duck_validity *, (duck_vector vector)) \
    F(vector_ensure_validity_writable, void, (duck_vector vector)) \
    F(vector_assign_string_element_len, void, (duck_vector vector, uint64_t row, const char *text, uint64_t bytes)) \
    F(struct_vector_get_child, duck_vector, (duck_vector vector, uint64_t index)) \
    F(create_logical_type, duck_type, (int id)) \
    F(create_union_type, duck_type, (duck_type *members, const char **names, uint64_t count)) \
    F(union_type_member_count, uint64_t, (duck_type type)) \
    F(union_type_member_type, duck_type, (duck_type type, uint64_t member)) \
    F(get_type_id, int, (duck_type type)) \
    F(destroy_logical_type, void, (duck_type *type)) \
    F(is_null_value, bool, (duck_value value)) \
    F(get_varchar, char *, (duck_value value)) \
    F(destroy_value, void, (duck_value *value)) \
    /* Table functions. */ \
    F(create_table_function, duck_table_function, (void)) \
    F(destroy_table_function, void, (duck_table_function *function)) \
    F(table_function_set_name, void, (duck_table_function function, const char *name)) \
    F(table_function_add_named_parameter, void, (duck_table_function function, const char *name, duck_type type)) \
    F(table_function_set_extra_info, void, (duck_table_function function, void *data, duck_free_data *destroy)) \
    F(table_function_set_bind, void, (duck_table_function function, duck_bind_function *bind)) \
    F(table_function_set_init, void, (duck_table_function function, duck_init_function *init)) \
    F(table_function_set_function, void, (duck_table_function function, duck_run_function *run)) \
    F(table_function_supports_projection_pushdown, void, (duck_table_function function, bool does)) \
    F(register_table_function, int, (duck_connection connection, duck_table_function function)) \
    F(bind_get_extra_info, void *, (duck_bind bind)) \
    F(bind_add_result_column, void, (duck_bind bind, const char *name, duck_type type)) \
    F(bind_get_named_parameter, duck_value, (duck_bind bind, const char *name)) \
    F(bind_set_bind_data, void, (duck_bind bind, void *data, duck_free_data *destroy)) \
    F(bind_set_cardinality, void, (duck_bind bind, uint64_t rows, bool is_exact)) \
    F(bind_set_error, void, (duck_bind bind, const char *error)) \
    F(init_get_bind_data, void *, (duck_init init)) \
    F(function_get_extra_info, void *, (duck_call call)) \
    F(init_get_column_count, uint64_t, (duck_init init)) \
    F(init_get_column_index, uint64_t, (duck_init init, uint64_t number)) \
    F(init_set_init_data, void, (duck_init init, void *data, duck_free_data *destroy)) \
    F(init_set_max_threads, void, (duck_init init, uint64_t threads)) \
    F(init_set_error, void, (duck_init init, const char *error)) \
    F(function_get_init_data, void *, (duck_call call)) \
    F(function_set_error, void, (duck_call call, const char *error)) \
    /* Functions of values. */ \
    F(create_scalar_function, duck_scalar_function, (void)) \
    F(destroy_scalar_function, void, (duck_scalar_function *function)) \
    F(scalar_function_set_name, void, (duck_scalar_function function, const char *name)) \
    F(scalar_function_add_parameter, void, (duck_scalar_function function, duck_type type)) \
    F(scalar_function_set_return_type, void, (duck_scalar_function function, duck_type type)) \
    F(scalar_function_set_extra_info, void, (duck_scalar_function function, void *data, duck_free_data *destroy)) \
    F(scalar_function_set_function, void, (duck_scalar_function function, duck_scalar_run *run)) \
    F(scalar_function_get_extra_info, void *, (duck_call call)) \
    F(register_scalar_function, int, (duck_connection connection, duck_scalar_function function)) \
    F(create_aggregate_function, duck_aggregate_function, (void)) \
    F(destroy_aggregate_function, void, (duck_aggregate_function *function)) \
    F(aggregate_function_set_name, void, (duck_aggregate_function function, const char *name)) \
    F(aggregate_function_add_parameter, void, (duck_aggregate_function function, duck_type type)) \
    F(aggregate_function_set_return_type, void, (duck_aggregate_function function, duck_type type)) \
    F(aggregate_function_set_functions, void, (duck_aggregate_function function, duck_state_bytes *bytes, duck_state_begin *begin, duck_state_update *update, duck_state_combine *combine, duck_state_finish *finish)) \
    F(aggregate_function_set_destructor, void, (duck_aggregate_function function, duck_state_free *free)) \
    F(aggregate_function_set_error, void, (duck_call call, const char *error)) \
    F(register_aggregate_function, int, (duck_connection connection, duck_aggregate_function function))
/* clang-format on */

struct duck_api {
#define DUCK_MEMBER(name, result, parameters) result(*name) parameters;
    DUCK_FUNCTIONS(DUCK_MEMBER)
#undef DUCK_MEMBER
};

/* Rules: written by duck_api_load, before anything calls it; only read from then on, by any thread. */
extern struct duck_api duck;

/* Loads the library that $CAIRN_DUCKDB names, else libduckdb.so where the system looks for libraries. It stays loaded, as
 * it has threads of its own. 0, or -1 with *error set: what was tried, and what to do. */
int duck_api_load(struct cairn_error *error);

#endif
