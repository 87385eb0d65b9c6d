/* The face of src/cli: what a sub-command is. SPDX-License-Identifier: Apache-2.0
 *
 * A sub-command is a small object. Help, man page (`cairn help --man`), completion and the parsing of
 * options come from its table; main.c knows no command but through the list in commands.c.
 *
 * Rules for all: data to stdout, everything else to stderr; exit 0 ok, 1 finding or trouble, 2 usage;
 * colour only on a terminal and without NO_COLOR; progress on stderr, only on a terminal, for work of
 * over a second.
 */
#ifndef CAIRN_CLI_CLI_H
#define CAIRN_CLI_CLI_H

#include "base/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { CLI_OK = 0, CLI_TROUBLE = 1, CLI_USAGE = 2 };

enum cli_option_kind { CLI_FLAG, CLI_TEXT, CLI_COUNT, CLI_DURATION, CLI_BYTES };

/* One option. `offset` is of the member in the command's own struct: bool, const char *, uint64_t
 * (COUNT; DURATION in nanoseconds, from "10ms", "1.5s"; BYTES from "64M"). A TEXT option that is given
 * again replaces the former value. */
struct cli_option {
    const char *name; /* "slowest": --slowest */
    char letter;      /* 0: none */
    enum cli_option_kind kind;
    const char *argument; /* "N"; NULL for flags */
    size_t offset;
    const char *help; /* one line */
};

struct cli_command {
    const char *name;
    const char *arguments;                 /* "TRACE [TYPE]" */
    const char *summary;                   /* one line */
    const char *details;                   /* paragraphs, a blank line between; may be NULL. A line
                                              that begins with a space is kept as it is. */
    const char *examples;                  /* lines "command    # what it does" */
    const struct cli_option *options;      /* ends with a NULL name; may be NULL */
    const struct cli_option *more_options; /* shared ones (filters, output); may be NULL */
    size_t arguments_min, arguments_max;
    bool stops_at_first_argument; /* for `record -- program args` */
    size_t options_bytes;         /* size of the command's struct, zeroed before parsing */
    int (*run)(const void *options, int count, char **arguments);
};

/* All commands, ending with NULL, in the order of the help. */
extern const struct cli_command *const cli_commands[];

/* The command of a name, or NULL; the one that was probably meant. */
const struct cli_command *cli_find(const char *name);
struct nearest cli_nearest(const char *name);

/* What `cairn help` tells of besides commands. */
struct cli_topic {
    const char *name;
    void (*print)(FILE *out);
};
/* All topics, ending with NULL; the one of a name, or NULL. */
extern const struct cli_topic *const cli_topics[];
const struct cli_topic *cli_find_topic(const char *name);

/* Parses what follows the command's name and runs it; `--help` prints its help instead. The exit code. */
int cli_run(const struct cli_command *command, int count, char **arguments);
/* The overview that `cairn help` prints, and the help of one command. */
void cli_help(FILE *out);
void cli_help_command(const struct cli_command *command, FILE *out);
/* Their parts: paragraphs as in cli_command.details, and a line of a list. */
void cli_help_details(FILE *out, const char *text);
void cli_help_entry(FILE *out, const char *name, const char *help);
/* Prints "cairn NAME: text" and where to read on to stderr and returns CLI_USAGE. */
int cli_usage(const struct cli_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* "12": false if the text is no whole number or too large. */
bool cli_parse_count(const char *text, uint64_t *count);

/* Prints a space and the word, quoted for a shell if need be. */
void cli_print_word(FILE *out, const char *word);
/* Prints those options of a table that are set in a command's struct, likewise. */
void cli_print_options(FILE *out, const struct cli_option *option, const void *values);
/* Prints the command with these options and arguments, quoted for a shell: one that can be pasted. */
void cli_print_command(FILE *out, const struct cli_command *command, const void *options, int count,
                       char *const *arguments);

/* Prints "cairn: path: at offset N: text" to stderr and returns CLI_TROUBLE. */
int cli_report(const struct cairn_error *error);
/* Says that memory ran out and returns CLI_TROUBLE. */
int cli_out_of_memory(void);
/* For what cannot return that: says, once, that the answer lacks something for want of memory. The command
 * goes on, and exits with CLI_TROUBLE instead of CLI_OK. */
void cli_note_lack(void);
bool cli_lacks_something(void);

/* Whether to colour stdout, how wide the terminal is (80 if unknown), and whether stderr is one. */
bool cli_colour(void);
unsigned cli_width(void);

/* A trace_progress function for stderr: rate and time left; silent under a second or without a terminal.
 * Call cli_progress_done before other output. */
bool cli_progress(void *label, double fraction);
void cli_progress_done(void);

#endif
