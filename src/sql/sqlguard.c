/* What a statement may do: read, and within limits. SPDX-License-Identifier: Apache-2.0 */
#include "sql/sqlsession.h"

#include <string.h>

enum { HEAP_BYTES_MIN = 32 << 20 }; /* for SQLite to be able to do anything */

/* PRAGMAs that tell of tables and change nothing. */
static bool is_harmless(const char *pragma)
{
    static const char *const harmless[] = {"table_info",  "table_xinfo", "table_list",     "function_list",
                                           "pragma_list", "module_list", "compile_options"};
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (sqlite3_stricmp(pragma, harmless[i]) == 0) return true;
    return false;
}

static int authorize(void *data, int action, const char *first, const char *second, const char *database,
                     const char *trigger)
{
    const struct sql_session *session = data;
    (void)database, (void)trigger;
    if (session->is_declaring) return SQLITE_OK;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE: return SQLITE_OK;
    case SQLITE_FUNCTION: return sqlite3_stricmp(second, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA: return is_harmless(first) ? SQLITE_OK : SQLITE_DENY;
    default: return SQLITE_DENY;
    }
}

void sql_guard(struct sql_session *session)
{
    static const struct {
        int id, value;
    } limits[] = {
        {SQLITE_LIMIT_LENGTH, 64 << 20},          {SQLITE_LIMIT_SQL_LENGTH, 1 << 20},
        {SQLITE_LIMIT_COLUMN, SQL_COLUMNS_MAX},   {SQLITE_LIMIT_EXPR_DEPTH, 200},
        {SQLITE_LIMIT_COMPOUND_SELECT, 100},      {SQLITE_LIMIT_VDBE_OP, 1 << 20},
        {SQLITE_LIMIT_FUNCTION_ARG, 100},         {SQLITE_LIMIT_ATTACHED, 0},
        {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000}, {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
        {SQLITE_LIMIT_WORKER_THREADS, 0},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        sqlite3_limit(session->database, limits[i].id, limits[i].value);
    sqlite3_db_config(session->database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(session->database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    uint64_t heap = session->options.memory_bytes;
    if (heap < HEAP_BYTES_MIN) heap = HEAP_BYTES_MIN;
    sqlite3_hard_heap_limit64(heap > INT64_MAX ? INT64_MAX : (sqlite3_int64)heap);
    sqlite3_set_authorizer(session->database, authorize, session);
}
