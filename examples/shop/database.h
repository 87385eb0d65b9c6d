/* A thread's connection to the shop's database. SPDX-License-Identifier: Apache-2.0
 *
 * SQLite in WAL mode: readers see the last commit and wait for nobody; there is one writer at a time,
 * and the next one waits. Each thread has a connection of its own.
 */
#ifndef SHOP_DATABASE_H
#define SHOP_DATABASE_H

#include <cairn/cairn.h>
#include <sqlite3.h>

enum { PRODUCT_COUNT = 2000, CATEGORY_COUNT = 40, CUSTOMER_COUNT = 500 };

struct database {
    sqlite3 *handle;
    uint64_t lock_attempts; /* of the present statement to get a lock that another connection has */
};

/* False, with a message on stderr, if it cannot be opened. Close it in either case. */
bool database_open(struct database *database, const char *path);
void database_close(struct database *database);

/* Makes tables and fills them with products, `stock` pieces of each, and old orders. */
bool database_fill(struct database *database, unsigned stock);

/* Runs statements without parameters and results. */
bool database_run(struct database *database, const char *sql);

/* NULL, with a message, if the statement is wrong. Closing the database frees it. */
sqlite3_stmt *database_prepare(struct database *database, const char *sql);

/* Steps a statement that has no results to its end and resets it. */
bool database_finish(sqlite3_stmt *statement);

/* Begins a transaction as the one writer, for `task`. False if another keeps the lock for too long. */
bool database_begin_write(struct database *database, cairn_task task);

/* Commits it, or takes everything back. */
bool database_commit(struct database *database, cairn_task task);
void database_roll_back(struct database *database);

#endif
