/* A command written out again, to be pasted: with its options and arguments, quoted for the shell.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <inttypes.h>
#include <string.h>

void cli_print_word(FILE *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:,=+@%-";
    fputc(' ', out);
    if (*word && strspn(word, plain) == strlen(word)) {
        fputs(word, out);
        return;
    }
    fputc('\'', out);
    for (; *word; word++) {
        if (*word == '\'')
            fputs("'\\''", out);
        else
            fputc(*word, out);
    }
    fputc('\'', out);
}

static void print_number(FILE *out, const struct cli_option *option, uint64_t value)
{
    if (value)
        fprintf(out, " --%s %" PRIu64 "%s", option->name, value, option->kind == CLI_DURATION ? "ns" : "");
}

void cli_print_options(FILE *out, const struct cli_option *option, const void *values)
{
    for (; option && option->name; option++) {
        const void *at = (const char *)values + option->offset;
        switch (option->kind) {
        case CLI_FLAG:
            if (*(const bool *)at) fprintf(out, " --%s", option->name);
            break;
        case CLI_TEXT:
            if (!*(const char *const *)at) break;
            fprintf(out, " --%s", option->name);
            cli_print_word(out, *(const char *const *)at);
            break;
        default: print_number(out, option, *(const uint64_t *)at);
        }
    }
}

void cli_print_command(FILE *out, const struct cli_command *command, const void *options, int count,
                       char *const *arguments)
{
    fprintf(out, "cairn %s", command->name);
    cli_print_options(out, command->options, options);
    cli_print_options(out, command->more_options, options);
    for (int i = 0; i < count; i++) cli_print_word(out, arguments[i]);
}
