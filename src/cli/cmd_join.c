/* `cairn join`: makes one file of what a killed program left. SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/tracefiles.h"

#include "trace/trace.h"

static int join_file(const char *path)
{
    struct cairn_error error = {0};
    int result = trace_join(path, &error);
    if (result < 0) return cli_report(&error);
    printf("%s: %s\n", path, result > 0 ? "joined" : "complete already");
    return CLI_OK;
}

static int run_join(const void *options, int count, char **arguments)
{
    (void)options, (void)count;
    struct cairn_error error = {0};
    struct trace_files files;
    int code = CLI_OK;
    if (trace_files_list(&files, arguments[0], &error) != 0) code = cli_report(&error);
    for (size_t i = 0; i < files.paths.count; i++)
        if (join_file(files.paths.items[i]) != CLI_OK) code = CLI_TROUBLE;
    if (code == CLI_OK && files.paths.count == 0) {
        cairn__error_set(&error, 0, arguments[0], CAIRN_ERROR_NOWHERE, "holds no traces");
        code = cli_report(&error);
    }
    trace_files_free(&files);
    return code;
}

const struct cli_command cmd_join = {
    .name = "join",
    .arguments = "TRACE",
    .summary = "joins what a killed program left into its trace",
    .details =
        "While a program records, its latest events lie in a live file in memory (/dev/shm, or "
        "CAIRN_LIVE_DIR). When it stops or exits they go into the trace. When it is killed, the live file "
        "remains: every command reads both, but memory does not outlast a restart of the machine, and "
        "the trace alone cannot be copied elsewhere. This puts all into the trace and removes the live "
        "file. `cairn record` does it by itself. A program that is still recording is left alone.",
    .examples = "cairn join server-4711.cairn\n",
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_join,
};
