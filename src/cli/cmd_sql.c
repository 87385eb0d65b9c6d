/* cairn sql: SQL over traces. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/findingtext.h"
#include "cli/query.h"
#include "cli/print/show.h"
#include "cli/sql/sqlprompt.h"
#include "cli/sql/sqlreference.h"
#include "cli/sql/sqlrun.h"

#include <string.h>
#include <unistd.h>

#define MEMORY_BYTES_DEFAULT ((uint64_t)1 << 30)

struct sql_command {
    struct query query; /* only its forms are options */
    uint64_t timeout_ns, memory_bytes;
    bool reference;
    const char *engine;
};

extern const struct cli_command cmd_sql;

/* A statement has more than one word, and no file has its name. */
static bool is_statement(const char *argument)
{
    return strpbrk(argument, " \t\n(;") && access(argument, F_OK) != 0;
}

static int ask(const struct sqlrun *run, const char *statement)
{
    if (statement) return sqlrun_text(run, statement);
    return isatty(STDIN_FILENO) ? sqlprompt_run(run) : sqlprompt_run_pipe(run);
}

/* What is wrong with the traces, of all that was met. */
static int tell_findings(const struct sql_session *session, int code)
{
    fflush(stdout);
    for (unsigned i = 0; i < sql_trace_count(session); i++) {
        query_tell_losses(sql_trace_path(session, i), sql_trace_info(session, i));
        if (query_tell_damage(sql_trace_path(session, i), sql_trace_info(session, i))) code = CLI_TROUBLE;
    }
    return code;
}

static int run(const void *given, int count, char **arguments)
{
    const struct sql_command *command = given;
    const char *statement = count && is_statement(arguments[count - 1]) ? arguments[count - 1] : NULL;
    int traces = count - (statement != NULL);
    struct cairn_error error = {.offset = CAIRN_ERROR_NOWHERE};
    struct sql_options options = {
        .engine = command->engine ? sql_engine_find(command->engine) : NULL,
        .memory_bytes = command->memory_bytes ? command->memory_bytes : MEMORY_BYTES_DEFAULT,
        .timeout_ns = command->timeout_ns,
        .show_duration = show_duration,
        .print_finding = findingtext_print,
        .progress = cli_progress,
        .progress_data = "reading",
    };
    if (command->engine && !options.engine)
        return cli_usage(&cmd_sql, "--engine is sqlite or duckdb, not '%s'", command->engine);
    if (command->query.json && command->query.csv)
        return cli_usage(&cmd_sql, "--json and --csv exclude each other");
    if (command->reference) return sqlreference_print(stdout), CLI_OK;
    if (!traces) return cli_usage(&cmd_sql, "TRACE is missing");
    struct sql_session *session = sql_open(arguments, (unsigned)traces, &options, &error);
    if (!session) return cli_report(&error);
    struct sqlrun sqlrun = {.session = session,
                            .form = command->query.json  ? SQLPRINT_JSON
                                    : command->query.csv ? SQLPRINT_CSV
                                                         : SQLPRINT_TABLE,
                            .timeout_ns = command->timeout_ns};
    sqlrun_catch_interrupts(session);
    int code = tell_findings(session, ask(&sqlrun, statement));
    sql_close(session);
    return code;
}

static const struct cli_option options_table[] = {
    {"engine", 0, CLI_TEXT, "NAME", offsetof(struct sql_command, engine),
     "sqlite, or duckdb where its library is; sqlite if not given"},
    {"timeout", 0, CLI_DURATION, "DURATION", offsetof(struct sql_command, timeout_ns),
     "stop a statement after this time, as in 10s"},
    {"memory", 0, CLI_BYTES, "SIZE", offsetof(struct sql_command, memory_bytes),
     "what joins may keep, and the engine may use; 1G if not given"},
    {"reference", 0, CLI_FLAG, NULL, offsetof(struct sql_command, reference),
     "print all tables, columns and functions"},
    {0},
};

const struct cli_command cmd_sql = {
    .name = "sql",
    .arguments = "TRACE... [STATEMENT]",
    .summary = "SQL over traces, without import",
    .details =
        "The traces are tables: tasks, regions, logs (with the arguments of formatted ones as they were "
        "given), "
        "attributes, counters, links, threads, processes, sites, losses, diagnostics; and what the other "
        "commands "
        "compute: task_stats, region_stats, region_sites, histogram('TYPE'), region_histogram('TYPE'), "
        "slowest('TYPE', N), explain('TYPE', '1%'), compare(1, 2) of two traces, compare('EXPR', 'EXPR') of "
        "two parts of "
        "one; these take a filter as of --where too; and critical_path('ID'). --reference tells every "
        "column. The "
        "language is that of SQLite, and percentile(x, p), hist(x) and duration(ns). Times are "
        "whole nanoseconds since the start of the trace.\n\n"
        "Without a STATEMENT, statements are read from stdin: at a prompt with history and completion, or "
        "from a pipe. "
        "Of several traces all rows are there; the hidden column trace tells of which. Nothing can be "
        "written.\n\n"
        "Rows come while the trace is read, unless they have to be sorted or grouped. What is joined is kept "
        "in "
        "memory. Ctrl-C stops a query.\n\n"
        "--engine duckdb asks the same tables with DuckDB, in its language: often twice as fast where much "
        "of a "
        "large trace is grouped, sorted or joined. Its library, libduckdb.so, is taken from where the system "
        "has "
        "its own, or from CAIRN_DUCKDB; doc/sql.md tells what differs.\n\n"
        "--json: an array of objects. --csv: with names in the first line. Text may hold any bytes.",
    .examples = "cairn sql demo.cairn 'SELECT type, count(*) FROM tasks GROUP BY type'    # plain SQL\n"
                "cairn sql demo.cairn 'SELECT * FROM slowest(NULL, 5)'    # what the engine computes\n"
                "cairn sql --json demo.cairn 'SELECT message, arg1 FROM logs LIMIT 9'    # for programs\n"
                "cairn sql demo.cairn    # a prompt\n",
    .options = options_table,
    .more_options = query_form_options,
    .arguments_min = 0,
    .arguments_max = 1000,
    .options_bytes = sizeof(struct sql_command),
    .run = run,
};
