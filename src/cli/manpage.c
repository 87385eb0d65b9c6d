/* Man pages made from the tables of the commands. SPDX-License-Identifier: Apache-2.0
 *
 * Text is escaped as roff wants it: backslashes, hyphens that are to stay hyphens, and a dot or quote at the
 * start of a line, which would be a request. Lines of details that begin with a space are kept as they are.
 */
#include "cli/manpage.h"

#include "cairn/cairn.h"

#include <ctype.h>
#include <string.h>

enum { LINE_COLUMNS = 66 }; /* before escaping */

#define PAGES_DATE "2026-11-23" /* of the last change to what the pages say */

static void put_bytes(FILE *out, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (i == 0 && (text[i] == '.' || text[i] == '\'')) fputs("\\&", out);
        if (text[i] == '\\')
            fputs("\\e", out);
        else if (text[i] == '-')
            fputs("\\-", out);
        else if (text[i] == '"')
            fputs("\\(dq", out);
        else
            fputc(text[i], out);
    }
}

static void put(FILE *out, const char *text)
{
    put_bytes(out, text, strlen(text));
}

/* A paragraph, broken at spaces into lines that are not too long, and ended. */
static void put_filled(FILE *out, const char *text, size_t bytes)
{
    size_t column = 0;
    for (size_t i = 0; i < bytes;) {
        size_t word = 0;
        while (i + word < bytes && text[i + word] != ' ') word++;
        if (column && column + 1 + word > LINE_COLUMNS) {
            fputc('\n', out);
            column = 0;
        } else if (column) {
            fputc(' ', out);
            column++;
        }
        put_bytes(out, text + i, word);
        column += word;
        for (i += word; i < bytes && text[i] == ' ';) i++;
    }
    fputc('\n', out);
}

static void put_head(FILE *out, const char *command)
{
    fputs(".TH CAIRN", out);
    if (command) {
        fputs("\\-", out);
        for (; *command; command++) fputc(toupper((unsigned char)*command), out);
    }
    fprintf(out, " 1 " PAGES_DATE " \"cairn %d.%d.%d\"\n", CAIRN_VERSION_MAJOR, CAIRN_VERSION_MINOR,
            CAIRN_VERSION_PATCH);
}

static const char *line_end(const char *text)
{
    const char *end = strchr(text, '\n');
    return end ? end : text + strlen(text);
}

/* Lines that stand as they are, from one that begins with a space on. Returns what follows them. */
static const char *put_kept_lines(FILE *out, const char *text)
{
    fputs(".PP\n.nf\n.RS\n", out);
    while (*text == ' ') {
        const char *end = line_end(text);
        text += strspn(text, " ");
        put_bytes(out, text, (size_t)(end - text));
        fputc('\n', out);
        text = *end ? end + 1 : end;
    }
    fputs(".RE\n.fi\n", out);
    return text;
}

static void put_details(FILE *out, const char *text)
{
    bool is_new = false;
    while (*text) {
        if (*text == ' ') {
            text = put_kept_lines(out, text);
            is_new = true;
            continue;
        }
        const char *end = line_end(text);
        if (end == text) {
            is_new = true;
        } else {
            if (is_new) fputs(".PP\n", out);
            is_new = false;
            put_filled(out, text, (size_t)(end - text));
        }
        text = *end ? end + 1 : end;
    }
}

static void put_option(FILE *out, const struct cli_option *option)
{
    fputs(".TP\n", out);
    if (option->letter) fprintf(out, "\\fB\\-%c\\fR, ", option->letter);
    fputs("\\fB\\-\\-", out);
    put(out, option->name);
    fputs("\\fR", out);
    if (option->argument) {
        fputs(" \\fI", out);
        put(out, option->argument);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    put_filled(out, option->help, strlen(option->help));
}

static void put_options(FILE *out, const struct cli_command *command)
{
    const struct cli_option *option = command->options;
    if (!option && !command->more_options) return;
    fputs(".SH OPTIONS\n", out);
    for (; option && option->name; option++) put_option(out, option);
    for (option = command->more_options; option && option->name; option++) put_option(out, option);
}

static void put_examples(FILE *out, const char *text)
{
    if (!text) return;
    fputs(".SH EXAMPLES\n.nf\n", out);
    while (*text) {
        const char *end = line_end(text);
        put_bytes(out, text, (size_t)(end - text));
        fputc('\n', out);
        text = *end ? end + 1 : end;
    }
    fputs(".fi\n", out);
}

static void put_exit_codes(FILE *out)
{
    fputs(".SH EXIT STATUS\n"
          "0 if all went well, 1 if there was trouble or a finding, 2 if the command\nwas not understood.\n",
          out);
}

static void put_arguments(FILE *out, const struct cli_command *command)
{
    if (*command->arguments) fputc(' ', out);
    put(out, command->arguments);
}

void manpage_print_command(const struct cli_command *command, FILE *out)
{
    put_head(out, command->name);
    fprintf(out, ".SH NAME\ncairn\\-%s \\-\n", command->name);
    put_filled(out, command->summary, strlen(command->summary));
    fprintf(out, ".SH SYNOPSIS\n\\fBcairn %s\\fR", command->name);
    if (command->options || command->more_options) fputs(" [options]", out);
    put_arguments(out, command);
    fputs("\n.SH DESCRIPTION\n", out);
    if (command->details)
        put_details(out, command->details);
    else
        put(out, command->summary), fputs(".\n", out);
    put_options(out, command);
    if (!command->stops_at_first_argument) put_exit_codes(out);
    put_examples(out, command->examples);
    fputs(".SH SEE ALSO\n.BR cairn (1)\n", out);
}

static void put_command_list(FILE *out)
{
    for (const struct cli_command *const *command = cli_commands; *command; command++) {
        fprintf(out, ".TP\n\\fB%s\\fR", (*command)->name);
        put_arguments(out, *command);
        fputc('\n', out);
        put_filled(out, (*command)->summary, strlen((*command)->summary));
    }
}

static void put_see_also(FILE *out)
{
    fputs(".SH SEE ALSO\n", out);
    for (const struct cli_command *const *command = cli_commands; *command; command++)
        fprintf(out, ".BR cairn\\-%s (1),\n", (*command)->name);
    fputs(".BR cairn (3)\n", out);
}

void manpage_print_tool(FILE *out)
{
    put_head(out, NULL);
    fputs(".SH NAME\ncairn \\- tells where the time of a program goes\n"
          ".SH SYNOPSIS\n\\fBcairn\\fR COMMAND [options] ...\n"
          ".SH DESCRIPTION\n"
          "Programs that are annotated with the functions of\n.BR cairn (3)\n"
          "leave a trace of their tasks, regions and logs.\n"
          ".B cairn\n"
          "records such programs and answers from their traces where the time went,\n"
          "for a type of task and for each single one.\n"
          "A TRACE is a file that a program recorded, or a folder of them.\n"
          ".PP\nData goes to the standard output, everything else to the standard error.\n"
          "Colour is used only on a terminal, and not if NO_COLOR is set.\n"
          ".SH COMMANDS\n",
          out);
    put_command_list(out);
    put_exit_codes(out);
    put_see_also(out);
}
