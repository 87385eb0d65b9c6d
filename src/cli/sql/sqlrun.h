/* Runs SQL statements of a session, one after the other, and tells what went wrong. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_SQLRUN_H
#define CAIRN_CLI_SQLRUN_H

#include "cli/sql/sqlprint.h"
#include "sql/sql.h"

struct sqlrun {
    struct sql_session *session;
    enum sqlprint_form form;
    uint64_t timeout_ns; /* for messages */
};

/* Runs all statements in `text`, up to the first that fails. CLI_OK, or CLI_TROUBLE, told already. */
int sqlrun_text(const struct sqlrun *run, const char *text);

/* From now on Ctrl-C stops the session's statement; a second one, before the next statement, ends the process. */
void sqlrun_catch_interrupts(struct sql_session *session);
/* Whether it was pressed since the last statement began. */
bool sqlrun_was_interrupted(void);
void sqlrun_forget_interrupt(void);

#endif
