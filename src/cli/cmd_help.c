/* `cairn help`: all that the tables of the commands tell, as help, man page or completion.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/completion.h"
#include "cli/manpage.h"

#include <string.h>

struct help {
    bool man;
    const char *completion;
};

static const struct cli_option help_options[] = {
    {"man", 'm', CLI_FLAG, NULL, offsetof(struct help, man), "print the man page, as roff: `| man -l -`"},
    {"completion", 0, CLI_TEXT, "SHELL", offsetof(struct help, completion),
     "print the completion of a shell: bash"},
    {0},
};

extern const struct cli_command cmd_help;

static int unknown(const char *name)
{
    struct nearest nearest = cli_nearest(name);
    for (const struct cli_topic *const *topic = cli_topics; *topic; topic++)
        nearest_consider(&nearest, (*topic)->name);
    if (!nearest.name) return cli_usage(&cmd_help, "there is no command '%s'", name);
    return cli_usage(&cmd_help, "there is no command '%s'; did you mean '%s'?", name, nearest.name);
}

static int run_help(const void *options, int count, char **arguments)
{
    const struct help *help = options;
    const struct cli_command *command = count ? cli_find(arguments[0]) : NULL;
    const struct cli_topic *topic = count && !command ? cli_find_topic(arguments[0]) : NULL;
    if (count && !command && !topic) return unknown(arguments[0]);
    if (topic && help->man)
        return cli_usage(&cmd_help, "there is no man page of '%s', only help", topic->name);
    if (help->completion && strcmp(help->completion, "bash") != 0)
        return cli_usage(&cmd_help, "there is no completion for '%s', only for bash", help->completion);
    if (help->completion)
        completion_print_bash(stdout);
    else if (help->man && command)
        manpage_print_command(command, stdout);
    else if (help->man)
        manpage_print_tool(stdout);
    else if (topic)
        topic->print(stdout);
    else if (command)
        cli_help_command(command, stdout);
    else
        cli_help(stdout);
    return CLI_OK;
}

const struct cli_command cmd_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "tells about the commands, or one of them",
    .details = "COMMAND may also be `filters`: the language of --where.\n"
               "\n"
               "With --man as a man page: of the tool, or of COMMAND. `make install` installs them all.\n"
               "\n"
               "Completion for the shell that is running:\n"
               "  source <(cairn help --completion bash)",
    .examples = "cairn help tasks\n"
                "cairn help filters\n"
                "cairn help --man tasks | man -l -\n",
    .options = help_options,
    .arguments_min = 0,
    .arguments_max = 1,
    .options_bytes = sizeof(struct help),
    .run = run_help,
};
