/* A thread's connection to the shop's database. SPDX-License-Identifier: Apache-2.0
 *
 * Most functions here take the task they work for as a parameter. The two that SQLite calls back cannot:
 * they ask cairn_current(), the task that the thread's loop has attached.
 */
#include "database.h"

#include <stdio.h>
#include <time.h>

enum {
    LOCK_ATTEMPTS_MAX = 3000,
    LOCK_POLL_NS = 1000000,
    SLOW_STATEMENT_NS = 20000000 /* SQLite's own clock has milliseconds */
};

/* Called by SQLite when another connection holds the write lock. It has no queue to wait in: one tries
 * again, as its own sqlite3_busy_timeout does; but here every wait is known to the request. */
static int on_locked(void *data, int attempts)
{
    struct database *database = data;
    if (attempts == 0) cairn_log(cairn_current(), "sqlite", "database is locked: another writer is at work");
    if (attempts >= LOCK_ATTEMPTS_MAX) return 0;
    database->lock_attempts++;
    nanosleep(&(struct timespec){.tv_nsec = LOCK_POLL_NS}, NULL);
    return 1;
}

/* Called by SQLite at the end of every statement: the slow ones are logged. */
static int on_statement_done(unsigned event, void *data, void *statement, void *elapsed)
{
    (void)event, (void)data;
    sqlite3_int64 ns = *(sqlite3_int64 *)elapsed;
    if (ns >= SLOW_STATEMENT_NS)
        cairn_logf(cairn_current(), "slow sql", "%lld ms: %s", ns / 1000000, sqlite3_sql(statement));
    return 0;
}

bool database_open(struct database *database, const char *path)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    database->lock_attempts = 0;
    if (sqlite3_open_v2(path, &database->handle, flags, NULL)) {
        fprintf(stderr, "shop: %s: %s\n", path, sqlite3_errmsg(database->handle));
        return false;
    }
    sqlite3_busy_handler(database->handle, on_locked, database);
    sqlite3_trace_v2(database->handle, SQLITE_TRACE_PROFILE, on_statement_done, NULL);
    /* An order that is confirmed is on the disk: a commit waits for it. Checkpoints are left to the
     * reporter, or every so many commits an order would pay for one. */
    return database_run(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                  "PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -8000");
}

void database_close(struct database *database)
{
    sqlite3_stmt *statement;
    if (!database->handle) return;
    while ((statement = sqlite3_next_stmt(database->handle, NULL))) sqlite3_finalize(statement);
    sqlite3_close(database->handle);
    database->handle = NULL;
}

bool database_run(struct database *database, const char *sql)
{
    char *message = NULL;
    int result = sqlite3_exec(database->handle, sql, NULL, NULL, &message);
    if (result) fprintf(stderr, "shop: %s: %s\n", sql, message ? message : sqlite3_errstr(result));
    sqlite3_free(message);
    return result == SQLITE_OK;
}

sqlite3_stmt *database_prepare(struct database *database, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v3(database->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL))
        fprintf(stderr, "shop: %s: %s\n", sql, sqlite3_errmsg(database->handle));
    return statement;
}

bool database_finish(sqlite3_stmt *statement)
{
    bool done = sqlite3_step(statement) == SQLITE_DONE;
    sqlite3_reset(statement);
    return done;
}

bool database_begin_write(struct database *database, cairn_task task)
{
    /* Begin and end apart instead of CAIRN_REGION, because the attribute needs the handle. */
    cairn_region lock = cairn_region_begin(task, "take write lock");
    database->lock_attempts = 0;
    bool taken = database_run(database, "BEGIN IMMEDIATE");
    cairn_attr(lock, "attempts", database->lock_attempts + 1);
    cairn_region_end(lock);
    return taken;
}

bool database_commit(struct database *database, cairn_task task)
{
    CAIRN_REGION(task, "commit");
    if (database_run(database, "COMMIT")) return true;
    database_roll_back(database);
    return false;
}

void database_roll_back(struct database *database)
{
    /* Fails when SQLite has already rolled back by itself, which is as good. */
    sqlite3_exec(database->handle, "ROLLBACK", NULL, NULL, NULL);
}
