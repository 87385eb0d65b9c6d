/* See sqlrun.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/sql/sqlrun.h"

#include "cli/cli.h"
#include "cli/print/show.h"
#include "cli/sql/sqlerror.h"

#include <signal.h>
#include <string.h>

/* Rules: written by the main thread before the handler is installed; read by the handler. */
static struct sql_session *interruptible;
static volatile sig_atomic_t was_interrupted;

static void on_interrupt(int signal_number)
{
    if (was_interrupted) { /* it does not stop soon enough: the default */
        signal(signal_number, SIG_DFL);
        raise(signal_number);
    }
    was_interrupted = 1;
    sql_interrupt(interruptible);
}

void sqlrun_catch_interrupts(struct sql_session *session)
{
    struct sigaction action = {.sa_handler =
                                   on_interrupt}; /* no SA_RESTART: the prompt's read is to return */
    interruptible = session;
    sigaction(SIGINT, &action, NULL);
}

bool sqlrun_was_interrupted(void)
{
    return was_interrupted;
}

void sqlrun_forget_interrupt(void)
{
    was_interrupted = 0;
}

static void tell_stop(const struct sqlrun *run)
{
    char text[SHOW_BYTES];
    if (sql_timed_out(run->session))
        fprintf(stderr, "cairn sql: stopped after %s; --timeout allows more\n",
                show_duration(text, run->timeout_ns));
    else
        fprintf(stderr, "cairn sql: interrupted\n");
}

/* *text moves behind the statement. */
static int run_one(const struct sqlrun *run, const char *whole, const char **text)
{
    sqlite3 *database = sql_database(run->session);
    sqlite3_stmt *statement = NULL;
    const char *begin = *text;
    sqlrun_forget_interrupt();
    sql_statement_begin(run->session);
    int result = sqlite3_prepare_v2(database, begin, -1, &statement, text);
    int offset = result == SQLITE_OK ? -1 : sqlite3_error_offset(database);
    if (result == SQLITE_OK && statement) result = sqlprint_run(statement, run->form);
    bool done = result == SQLITE_OK || result == SQLITE_DONE || (result == SQLITE_ROW && ferror(stdout));
    cli_progress_done();
    fflush(stdout);
    if (result == SQLITE_INTERRUPT)
        tell_stop(run);
    else if (!done)
        sqlerror_tell(run->session, whole, offset < 0 ? -1 : offset + (int)(begin - whole));
    sqlite3_finalize(statement);
    sql_statement_end(run->session);
    return done ? CLI_OK : CLI_TROUBLE;
}

int sqlrun_text(const struct sqlrun *run, const char *text)
{
    int code = CLI_OK;
    for (const char *at = text; *at && code == CLI_OK;) code = run_one(run, text, &at);
    return code;
}
