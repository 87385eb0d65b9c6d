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
    struct sql_statement *statement;
    const char *begin = *text;
    sqlrun_forget_interrupt();
    bool is_prepared = sql_prepare(run->session, begin, &statement, text);
    enum sql_step result = !is_prepared ? SQL_FAILED
                           : statement  ? sqlprint_run(statement, run->form)
                                        : SQL_DONE;
    bool done = result == SQL_DONE || (result == SQL_ROW && ferror(stdout));
    cli_progress_done();
    fflush(stdout);
    if (result == SQL_STOPPED)
        tell_stop(run);
    else if (!done)
        sqlerror_tell(sql_problem_of(run->session), whole, begin);
    sql_finish(run->session, statement);
    return done ? CLI_OK : CLI_TROUBLE;
}

int sqlrun_text(const struct sqlrun *run, const char *text)
{
    int code = CLI_OK;
    for (const char *at = text; *at && code == CLI_OK;) code = run_one(run, text, &at);
    return code;
}
