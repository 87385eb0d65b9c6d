/* `cairn assemble`: a trace file from its text form. SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include "trace/trace.h"

struct assemble {
    const char *output;
};

static const struct cli_option assemble_options[] = {
    {"output", 'o', CLI_TEXT, "TRACE", offsetof(struct assemble, output), "the trace file to write"},
    {0},
};

extern const struct cli_command cmd_assemble;

static int run_assemble(const void *options, int count, char **arguments)
{
    const struct assemble *assemble = options;
    (void)count;
    if (!assemble->output) return cli_usage(&cmd_assemble, "where to write is missing: -o TRACE");
    struct cairn_error error = {0};
    if (trace_assemble(arguments[0], assemble->output, &error) != 0) return cli_report(&error);
    return CLI_OK;
}

const struct cli_command cmd_assemble = {
    .name = "assemble",
    .arguments = "TEXT",
    .summary = "makes a trace file from the text that dump prints",
    .details =
        "Meant for tests: every trace, and every kind of damage, can be written by hand. What the text "
        "leaves out, such as checksums, is filled in; what it states is taken as it stands, right or "
        "wrong. The text form is described in doc/format.md.",
    .examples = "cairn assemble case.txt -o case.cairn\n",
    .options = assemble_options,
    .arguments_min = 1,
    .arguments_max = 1,
    .options_bytes = sizeof(struct assemble),
    .run = run_assemble,
};
