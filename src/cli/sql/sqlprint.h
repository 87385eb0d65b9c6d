/* The rows of an SQL statement as table, JSON or CSV. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_SQLPRINT_H
#define CAIRN_CLI_SQLPRINT_H

#include "sql/sql.h"

enum sqlprint_form { SQLPRINT_TABLE, SQLPRINT_JSON, SQLPRINT_CSV };

/* Steps a statement to its end and prints its rows. SQL_DONE, or what stopped it: SQL_ROW if stdout cannot be
 * written. What was printed by then is whole; if the first step fails nothing is. */
enum sql_step sqlprint_run(struct sql_statement *statement, enum sqlprint_form form);

#endif
