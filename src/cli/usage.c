/* The help of the tool, printed from the tables of its commands. SPDX-License-Identifier: Apache-2.0
 *
 * Details are paragraphs that are filled to the width of the terminal; a line of theirs that begins with
 * a space is printed as it stands.
 */
#include "cli/cli.h"

#include <ctype.h>
#include <string.h>

enum { HELP_WIDTH_MAX = 96, HELP_INDENT = 2, HELP_OPTION_COLUMN = 26 };

static size_t help_width(void)
{
    unsigned width = cli_width();
    return width > HELP_WIDTH_MAX ? HELP_WIDTH_MAX : width < 40 ? 40 : width;
}

/* Prints words until the end of the paragraph, filled; `column` is where the first one goes. */
static const char *print_filled(FILE *out, const char *text, size_t indent, size_t column)
{
    size_t at = column;
    bool first = true;
    while (*text && *text != '\n') {
        size_t length = strcspn(text, " \n");
        if (!first && at + 1 + length > help_width()) {
            fprintf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (!first) {
            fputc(' ', out);
            at++;
        }
        fprintf(out, "%.*s", (int)length, text);
        at += length;
        first = false;
        text += length;
        while (*text == ' ') text++;
        if (text[0] == '\n' && text[1] && text[1] != '\n' && text[1] != ' ') text++;
    }
    fputc('\n', out);
    return *text ? text + 1 : text;
}

void cli_help_details(FILE *out, const char *text)
{
    while (*text) {
        if (*text == '\n') {
            fputc('\n', out);
            text++;
        } else if (*text == ' ') {
            size_t length = strcspn(text, "\n");
            fprintf(out, "%*s%.*s\n", HELP_INDENT, "", (int)length, text);
            text += length + (text[length] != 0);
        } else {
            fprintf(out, "%*s", HELP_INDENT, "");
            text = print_filled(out, text, HELP_INDENT, HELP_INDENT);
        }
    }
}

static void print_entry(FILE *out, const char *head, const char *help)
{
    if (strlen(head) < HELP_OPTION_COLUMN - 1)
        fprintf(out, "%-*s", HELP_OPTION_COLUMN, head);
    else
        fprintf(out, "%s\n%*s", head, HELP_OPTION_COLUMN, "");
    print_filled(out, help, HELP_OPTION_COLUMN, HELP_OPTION_COLUMN);
}

void cli_help_entry(FILE *out, const char *name, const char *help)
{
    char head[80];
    snprintf(head, sizeof head, "  %s", name);
    print_entry(out, head, help);
}

static void print_option(FILE *out, const struct cli_option *option)
{
    char head[80];
    char letter[] = {'-', option->letter, ',', ' ', 0};
    snprintf(head, sizeof head, "  %s--%s%s%s", option->letter ? letter : "    ", option->name,
             option->argument ? " " : "", option->argument ? option->argument : "");
    print_entry(out, head, option->help);
}

static void print_options(FILE *out, const char *title, const struct cli_option *option)
{
    if (!option || !option->name) return;
    fprintf(out, "\n%s:\n", title);
    for (; option->name; option++) print_option(out, option);
}

void cli_help_command(const struct cli_command *command, FILE *out)
{
    bool has_options = command->options || command->more_options;
    fprintf(out, "usage: cairn %s%s%s%s\n\n%c%s.\n", command->name, has_options ? " [options]" : "",
            *command->arguments ? " " : "", command->arguments, toupper((unsigned char)command->summary[0]),
            command->summary + 1);
    if (command->details) {
        fputc('\n', out);
        cli_help_details(out, command->details);
    }
    print_options(out, "options", command->options);
    print_options(out, command->options ? "more options" : "options", command->more_options);
    if (!command->examples) return;
    fprintf(out, "\nexamples:\n");
    for (const char *line = command->examples; *line;) {
        size_t length = strcspn(line, "\n");
        fprintf(out, "  %.*s\n", (int)length, line);
        line += length + (line[length] != 0);
    }
}

void cli_help(FILE *out)
{
    fprintf(out, "cairn tells where the time of a program goes: per type of task, and for each one.\n\n"
                 "usage: cairn COMMAND [options] ...\n\ncommands:\n");
    for (const struct cli_command *const *command = cli_commands; *command; command++)
        fprintf(out, "  %-10s  %s\n", (*command)->name, (*command)->summary);
    fprintf(out, "\nA TRACE is a file that a program recorded, or a folder of them.\n"
                 "`cairn help COMMAND` tells more, `cairn help filters` how to say what is meant.\n"
                 "`cairn --version` prints the version.\n"
                 "\nexamples:\n"
                 "  cairn record -o demo -- ./server    # record a program into demo.cairn\n"
                 "  cairn tasks demo.cairn              # where its time went, per type of task\n"
                 "  cairn tasks --slowest 5 demo.cairn  # its slowest tasks\n");
}
