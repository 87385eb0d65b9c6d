/* Statements from stdin: typed at a prompt, or from a pipe. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_SQLPROMPT_H
#define CAIRN_CLI_SQLPROMPT_H

#include "cli/sql/sqlrun.h"

/* A prompt with history ($XDG_STATE_HOME/cairn/sql_history) and completion of names. Errors are told and it goes on.
 * CLI_OK at its end. */
int sqlprompt_run(const struct sqlrun *run);
/* Statements up to the end of stdin; the first that fails ends it. CLI_OK or CLI_TROUBLE. */
int sqlprompt_run_pipe(const struct sqlrun *run);

/* Prints a CREATE TABLE with the documentation of each column, of one table, or of all if `name` is NULL. False: there is
 * none of that name. */
bool sqlprompt_schema(FILE *out, const char *name);

#endif
