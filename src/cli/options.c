/* Parses the options of a sub-command by its table.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   --name value   --name=value   -n value   -nvalue   -ab (flags)   -- (ends the options)
 *
 * Options may stand before, between and after arguments, unless the command stops at the first
 * argument. Values are checked here, so that a command sees only valid ones.
 */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct parse {
    const struct cli_command *command;
    char *values; /* the command's struct */
    int count;    /* of what is to be parsed */
    char **input;
    int at;          /* next of input */
    int kept;        /* arguments found so far, moved to the front of input */
    bool wants_help; /* --help was given */
};

int cli_usage(const struct cli_command *command, const char *format, ...)
{
    fprintf(stderr, "cairn %s: ", command->name);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\nusage: cairn %s [options]%s%s\n`cairn help %s` tells more.\n", command->name,
            *command->arguments ? " " : "", command->arguments, command->name);
    return CLI_USAGE;
}

static const struct cli_option *find_in(const struct cli_option *option, const char *name, size_t length,
                                        char letter)
{
    for (; option && option->name; option++) {
        if (letter && option->letter == letter) return option;
        if (name && strlen(option->name) == length && strncmp(option->name, name, length) == 0) return option;
    }
    return NULL;
}

static const struct cli_option *find_option(const struct cli_command *command, const char *name,
                                            size_t length, char letter)
{
    const struct cli_option *found = find_in(command->options, name, length, letter);
    return found ? found : find_in(command->more_options, name, length, letter);
}

static int bad_value(const struct parse *parse, const struct cli_option *option, const char *value,
                     const char *wanted)
{
    return cli_usage(parse->command, "--%s: '%s' is not %s", option->name, value, wanted);
}

static int set_value(struct parse *parse, const struct cli_option *option, const char *value)
{
    void *at = parse->values + option->offset;
    switch (option->kind) {
    case CLI_FLAG: *(bool *)at = true; break;
    case CLI_TEXT: *(const char **)at = value; break;
    case CLI_COUNT:
        if (!cli_parse_count(value, at)) return bad_value(parse, option, value, "a whole number");
        break;
    case CLI_DURATION:
        if (!quantity_duration(value, at))
            return bad_value(parse, option, value, "a duration such as 10ms (units: ns us ms s m h)");
        break;
    case CLI_BYTES:
        if (!quantity_bytes(value, at)) return bad_value(parse, option, value, "a size such as 64M");
        break;
    }
    return CLI_OK;
}

/* `value` is what stands in the same word, or NULL: then the next word is taken. */
static int take_value(struct parse *parse, const struct cli_option *option, const char *value)
{
    if (option->kind == CLI_FLAG) {
        if (value) return cli_usage(parse->command, "--%s takes no value", option->name);
        return set_value(parse, option, NULL);
    }
    if (!value && parse->at < parse->count) value = parse->input[parse->at++];
    if (!value) return cli_usage(parse->command, "--%s needs %s", option->name, option->argument);
    return set_value(parse, option, value);
}

static int no_such_option(const struct cli_command *command, const char *word, size_t length)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)length, word);
    struct nearest nearest = nearest_to(name);
    for (const struct cli_option *option = command->options; option && option->name; option++)
        nearest_consider(&nearest, option->name);
    for (const struct cli_option *option = command->more_options; option && option->name; option++)
        nearest_consider(&nearest, option->name);
    if (!nearest.name) return cli_usage(command, "there is no option --%.*s", (int)length, word);
    return cli_usage(command, "there is no option --%s; did you mean --%s?", name, nearest.name);
}

static int parse_long(struct parse *parse, const char *word)
{
    size_t length = strcspn(word, "=");
    if (length == 4 && strncmp(word, "help", 4) == 0) return parse->wants_help = true, CLI_OK;
    const struct cli_option *option = find_option(parse->command, word, length, 0);
    if (!option) return no_such_option(parse->command, word, length);
    return take_value(parse, option, word[length] ? word + length + 1 : NULL);
}

static int parse_short(struct parse *parse, const char *letters)
{
    for (; *letters; letters++) {
        const struct cli_option *option = find_option(parse->command, NULL, 0, *letters);
        if (!option && *letters == 'h') return parse->wants_help = true, CLI_OK;
        if (!option) return cli_usage(parse->command, "there is no option -%c", *letters);
        if (option->kind != CLI_FLAG) return take_value(parse, option, letters[1] ? letters + 1 : NULL);
        set_value(parse, option, NULL);
    }
    return CLI_OK;
}

static void keep_rest(struct parse *parse)
{
    while (parse->at < parse->count) parse->input[parse->kept++] = parse->input[parse->at++];
}

static int parse_all(struct parse *parse)
{
    int code = CLI_OK;
    while (code == CLI_OK && !parse->wants_help && parse->at < parse->count) {
        char *word = parse->input[parse->at++];
        if (strcmp(word, "--") == 0) {
            keep_rest(parse);
        } else if (word[0] != '-' || word[1] == 0) {
            parse->input[parse->kept++] = word;
            if (parse->command->stops_at_first_argument) keep_rest(parse);
        } else if (word[1] == '-') {
            code = parse_long(parse, word + 2);
        } else {
            code = parse_short(parse, word + 1);
        }
    }
    return code;
}

/* The word of "TRACE ID" or "-- PROGRAM [ARGUMENT ...]" that nothing was given for. */
static int missing(const struct cli_command *command, int given)
{
    const char *word = command->arguments;
    if (strncmp(word, "-- ", 3) == 0) word += 3;
    for (; given > 0 && strchr(word, ' '); given--) word = strchr(word, ' ') + 1;
    return cli_usage(command, "%.*s is missing", (int)strcspn(word, " ."), word);
}

static int check_count(const struct parse *parse)
{
    const struct cli_command *command = parse->command;
    if ((size_t)parse->kept < command->arguments_min) return missing(command, parse->kept);
    if ((size_t)parse->kept > command->arguments_max)
        return cli_usage(command, "'%s' is one argument too many", parse->input[command->arguments_max]);
    return CLI_OK;
}

int cli_run(const struct cli_command *command, int count, char **arguments)
{
    size_t bytes = command->options_bytes ? command->options_bytes : 1;
    struct parse parse = {.command = command, .values = calloc(1, bytes), .count = count, .input = arguments};
    if (!parse.values) return cli_out_of_memory();
    int code = parse_all(&parse);
    if (code == CLI_OK && parse.wants_help) {
        cli_help_command(command, stdout);
    } else if (code == CLI_OK) {
        code = check_count(&parse);
        if (code == CLI_OK) code = command->run(parse.values, parse.kept, arguments);
    }
    free(parse.values);
    return code;
}
