/* Completion for bash, made from the tables of the commands. SPDX-License-Identifier: Apache-2.0
 *
 * The first word is a command; a word that begins with a hyphen is an option of that command; anything else is a
 * file. `record` completes the program and its arguments as if they stood alone.
 */
#include "cli/completion.h"
#include "cli/cli.h"

static void put_options(FILE *out, const struct cli_option *option)
{
    for (; option && option->name; option++) fprintf(out, "--%s ", option->name);
}

static void put_commands(FILE *out)
{
    for (const struct cli_command *const *command = cli_commands; *command; command++)
        fprintf(out, "%s ", (*command)->name);
}

static void put_cases(FILE *out)
{
    for (const struct cli_command *const *command = cli_commands; *command; command++) {
        fprintf(out, "    %s) options='", (*command)->name);
        put_options(out, (*command)->options);
        put_options(out, (*command)->more_options);
        fputs("--help' ;;\n", out);
    }
}

void completion_print_bash(FILE *out)
{
    fputs("_cairn()\n{\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} options= i\n"
          "    COMPREPLY=()\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
          "        COMPREPLY=($(compgen -W '",
          out);
    put_commands(out);
    fputs("--help --version' -- \"$word\"))\n"
          "        return\n"
          "    fi\n"
          "    for ((i = 2; i < COMP_CWORD; i++)); do\n"
          "        if [ \"$command\" = record ] && [ \"${COMP_WORDS[i]}\" = -- ] &&\n"
          "            declare -F _command_offset >/dev/null; then\n"
          "            _command_offset $((i + 1))\n"
          "            return\n"
          "        fi\n"
          "    done\n"
          "    case $command in\n"
          "    help) [[ $word == -* ]] || { COMPREPLY=($(compgen -W '",
          out);
    put_commands(out);
    for (const struct cli_topic *const *topic = cli_topics; *topic; topic++)
        fprintf(out, "%s ", (*topic)->name);
    fputs("' -- \"$word\")); return; } ;;\n"
          "    esac\n"
          "    case $command in\n",
          out);
    put_cases(out);
    fputs("    esac\n"
          "    if [[ $word == -* ]]; then\n"
          "        COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
          "    else\n"
          "        COMPREPLY=($(compgen -f -- \"$word\"))\n"
          "    fi\n"
          "}\n"
          "complete -o filenames -F _cairn cairn\n",
          out);
}
