/* `cairn dump`: the text form of a trace file. SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/outputfile.h"

#include "trace/trace.h"

struct dump {
    const char *output;
};

static const struct cli_option dump_options[] = {
    {"output", 'o', CLI_TEXT, "FILE", offsetof(struct dump, output), "where to write; stdout if not given"},
    {0},
};

static int run_dump(const void *options, int count, char **arguments)
{
    const struct dump *dump = options;
    (void)count;
    struct output_file file;
    struct cairn_error error = {0};
    if (output_file_open(&file, dump->output ? dump->output : "-", &error) != 0) return cli_report(&error);
    int result = trace_dump(arguments[0], file.out, &error);
    if (result == 0) result = output_file_finish(&file, &error);
    output_file_abandon(&file);
    return result == 0 ? CLI_OK : cli_report(&error);
}

const struct cli_command cmd_dump = {
    .name = "dump",
    .arguments = "TRACE",
    .summary = "prints a trace file as text, word for word",
    .details = "Every head, block, record and event as it is stored, one per line, damage included. TRACE is "
               "one file, not a folder. `cairn assemble` is the reverse. The text form is described in "
               "doc/format.md.",
    .examples = "cairn dump demo.cairn/4711.0.cairn | less\n",
    .options = dump_options,
    .arguments_min = 1,
    .arguments_max = 1,
    .options_bytes = sizeof(struct dump),
    .run = run_dump,
};
