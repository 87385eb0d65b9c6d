/* `cairn dump`: the text form of a trace file. SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/record/outputfile.h"
#include "cli/tracefiles.h"

#include "cairn/cairn.h"
#include "trace/trace.h"

struct dump {
    const char *output;
};

static const struct cli_option dump_options[] = {
    {"output", 'o', CLI_TEXT, "FILE", offsetof(struct dump, output), "where to write; stdout if not given"},
    {0},
};

static int dump_all(const struct trace_files *files, const char *path, FILE *out, struct cairn_error *error)
{
    int result = 0;
    if (files->paths.count == 0)
        return cairn__error_set(error, CAIRN_EINVAL, path, CAIRN_ERROR_NOWHERE, "holds no traces");
    for (size_t i = 0; result == 0 && i < files->paths.count; i++) {
        if (files->paths.count > 1) fprintf(out, "%s# %s\n", i ? "\n" : "", files->paths.items[i]);
        result = trace_dump(files->paths.items[i], out, error);
    }
    return result;
}

static int run_dump(const void *options, int count, char **arguments)
{
    const struct dump *dump = options;
    (void)count;
    struct output_file file;
    struct trace_files files;
    struct cairn_error error = {0};
    int result = trace_files_list(&files, arguments[0], &error);
    if (result == 0) result = output_file_open(&file, dump->output ? dump->output : "-", &error);
    if (result == 0) {
        result = dump_all(&files, arguments[0], file.out, &error);
        if (result == 0) result = output_file_finish(&file, &error);
        output_file_abandon(&file);
    }
    trace_files_free(&files);
    return result == 0 ? CLI_OK : cli_report(&error);
}

const struct cli_command cmd_dump = {
    .name = "dump",
    .arguments = "TRACE",
    .summary = "prints a trace file as text, word for word",
    .details =
        "Every head, block, record and event as it is stored, one per line, damage included. Of a folder "
        "with several files each is printed, after a line with its name. `cairn assemble` is the reverse, "
        "for one file. The text form is described in doc/format.md.",
    .examples = "cairn dump demo.cairn/4711.0.cairn | less\n",
    .options = dump_options,
    .arguments_min = 1,
    .arguments_max = 1,
    .options_bytes = sizeof(struct dump),
    .run = run_dump,
};
