/* The cairn tool: finds the sub-command and runs it. SPDX-License-Identifier: Apache-2.0
 *
 * What stands after the name of the sub-command belongs to it: options.c parses it by its table.
 */
#include "cli/cli.h"
#include "cli/print/nextstep.h"

#include "cairn/cairn.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int print_version(void)
{
    printf("cairn %d.%d.%d\n", CAIRN_VERSION_MAJOR, CAIRN_VERSION_MINOR, CAIRN_VERSION_PATCH);
    return CLI_OK;
}

static int unknown_command(const char *name)
{
    struct nearest nearest = cli_nearest(name);
    fprintf(stderr, "cairn: there is no command '%s'", name);
    if (nearest.name) fprintf(stderr, "; did you mean '%s'?", nearest.name);
    fprintf(stderr, "\n");
    fprintf(stderr, "`cairn help` lists the commands.\n");
    const struct next_step step = {.words = {"info", name}, .why = "what is in this trace"};
    if (access(name, R_OK) == 0) next_steps_print(stderr, 0, &step, 1);
    return CLI_USAGE;
}

static int run(int argc, char **argv)
{
    if (argc < 2) return cli_help(stderr), CLI_USAGE;
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) return print_version();
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) return cli_help(stdout), CLI_OK;
    const struct cli_command *command = cli_find(name);
    return command ? cli_run(command, argc - 2, argv + 2) : unknown_command(name);
}

/* A full disk shows only when the buffer is written: an answer cut short must not look like success. */
static int finish_output(int code)
{
    errno = 0;
    bool failed = ferror(stdout) != 0;
    if (fclose(stdout) != 0) failed = true;
    if (!failed) return code;
    fprintf(stderr, "cairn: the output could not be written%s%s\n", errno ? ": " : "",
            errno ? strerror(errno) : "");
    return code == CLI_OK ? CLI_TROUBLE : code;
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    int code = run(argc, argv);
    return finish_output(code == CLI_OK && cli_lacks_something() ? CLI_TROUBLE : code);
}
