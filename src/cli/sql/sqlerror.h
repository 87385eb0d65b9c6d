/* What is wrong with an SQL statement: where, and what may have been meant. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_SQLERROR_H
#define CAIRN_CLI_SQLERROR_H

#include "sql/sql.h"

/* Tells on stderr of a problem of the statement that begins at `begin` in `text`: the message, the line with a mark, if the
 * place is known, and names that are near to one that is not known. */
void sqlerror_tell(struct sql_problem problem, const char *text, const char *begin);

#endif
