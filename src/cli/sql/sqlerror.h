/* What is wrong with an SQL statement: where, and what may have been meant. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_SQLERROR_H
#define CAIRN_CLI_SQLERROR_H

#include "sql/sql.h"

/* Tells on stderr of the last error of the session's database: the message, the line of `text` at `offset` with a mark
 * (none if it is negative), and names that are near to one that is not known. */
void sqlerror_tell(struct sql_session *session, const char *text, int offset);

#endif
