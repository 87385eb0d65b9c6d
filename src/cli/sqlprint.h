/* The rows of an SQL statement as table, JSON or CSV. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_SQLPRINT_H
#define CAIRN_CLI_SQLPRINT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

enum sqlprint_form { SQLPRINT_TABLE, SQLPRINT_JSON, SQLPRINT_CSV };

/* Steps a statement to its end and prints its rows. SQLITE_DONE, or what stopped it; *rows is how many were printed by then.
 * JSON is whole in any case but one: if the first step fails nothing is printed, so that it can be tried again. */
int sqlprint_run(sqlite3_stmt *statement, enum sqlprint_form form, uint64_t *rows);

#endif
