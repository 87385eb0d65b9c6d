/* `cairn record`: runs a program, records it, and sums up. SPDX-License-Identifier: Apache-2.0
 *
 * 1. Make the folder; tell the library by its environment to record into it.
 * 2. Run the program and wait for its end.
 * 3. Join what processes left that were killed. Print a summary.
 * 4. Exit as the program did, whatever 3 met: a script must not notice the recording.
 */
#include "cli/cli.h"
#include "cli/record/recordfolder.h"
#include "cli/record/recordsettings.h"
#include "cli/record/recordsummary.h"
#include "cli/record/runprogram.h"
#include "cli/tracefiles.h"

#include "cairn/cairn.h"
#include "trace/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct record {
    struct record_options how;
    const char *output;
    bool quiet;
};

static const struct cli_option record_options[] = {
    {"output", 'o', CLI_TEXT, "NAME", offsetof(struct record, output),
     "the folder NAME.cairn; by default the program's name"},
    {"no-helper", 0, CLI_FLAG, NULL, offsetof(struct record, how.no_helper),
     "make no thread in the program: all is written when recording stops"},
    {"quiet", 'q', CLI_FLAG, NULL, offsetof(struct record, quiet), "print no summary"},
    {0},
};

extern const struct cli_command cmd_record;

/* The slash makes it a folder to the library. */
static bool add_folder(struct record_settings *settings, const char *folder)
{
    char *trace = malloc(strlen(folder) + 2);
    if (trace) sprintf(trace, "%s/", folder);
    bool done = trace && record_settings_add_path(settings, "CAIRN_TRACE", trace, true);
    free(trace);
    return done;
}

static int set_environment(struct record_settings *settings, const char *folder, struct cairn_error *error)
{
    bool done = add_folder(settings, folder);
    for (size_t i = 0; done && i < settings->count; i++)
        done = setenv(settings->items[i].name, settings->items[i].value, 1) == 0;
    if (done) return 0;
    return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE, "out of memory");
}

/* A process that is still recording is no trouble: it was not waited for, and the summary tells of it. */
static void join_all(const struct trace_files *files)
{
    for (size_t i = 0; i < files->paths.count; i++) {
        struct cairn_error error = {0};
        if (trace_join(files->paths.items[i], &error) < 0 && error.code != CAIRN_EBUSY) cli_report(&error);
    }
}

static void report_nothing(const char *folder, const char *program)
{
    fprintf(
        stderr,
        "cairn: %s recorded nothing. Is it linked with libcairn, and built without CAIRN_DISABLE? Programs "
        "that\nare set-uid, and those that empty their environment, are not recorded.\n",
        program);
    rmdir(folder);
}

static void finish(const struct record *record, const char *folder, const char *program)
{
    struct cairn_error error = {0};
    struct trace_files files;
    if (trace_files_list(&files, folder, &error) != 0) {
        cli_report(&error);
    } else if (files.paths.count == 0) {
        report_nothing(folder, program);
    } else {
        join_all(&files);
        if (!record->quiet && record_summary(folder, &error) != 0) cli_report(&error);
    }
    trace_files_free(&files);
}

static int run_recorded(const struct record *record, const char *folder, char **arguments)
{
    struct cairn_error error = {0};
    struct run_result result;
    if (run_program(arguments, &result, &error) != 0) {
        cli_report(&error);
        rmdir(folder);
        return result.exit_code;
    }
    if (result.signal)
        fprintf(stderr, "cairn: %s was ended by signal %d (%s)\n", arguments[0], result.signal,
                strsignal(result.signal));
    finish(record, folder, arguments[0]);
    return result.exit_code;
}

static int prepare_and_run(const struct record *record, struct record_settings *settings, char **arguments)
{
    struct cairn_error error = {0};
    char *folder = record_folder_path(record->output, arguments[0], &error);
    int code;
    if (!folder || record_folder_make(folder, &error) != 0 || set_environment(settings, folder, &error) != 0)
        code = cli_report(&error);
    else
        code = run_recorded(record, folder, arguments);
    free(folder);
    return code;
}

static int run_record(const void *options, int count, char **arguments)
{
    const struct record *record = options;
    struct cairn_error error = {0};
    struct run_result result;
    struct record_settings settings;
    const char *window = getenv("CAIRN_WINDOW");
    arguments[count] = NULL; /* as execvp wants it: options stood behind */
    int code = record_settings_make(&settings, &cmd_record, &record->how, window && *window);
    /* A misspelt name must not cost an older recording. */
    if (code == CLI_OK && run_program_check(arguments[0], &result, &error) != 0)
        cli_report(&error), code = result.exit_code;
    else if (code == CLI_OK)
        code = prepare_and_run(record, &settings, arguments);
    record_settings_free(&settings);
    return code;
}

const struct cli_command cmd_record = {
    .name = "record",
    .arguments = "-- PROGRAM [ARGUMENT ...]",
    .summary = "runs a program and records its tasks, regions and logs",
    .details =
        "The program must be linked with libcairn; it need not call cairn_start. The folder NAME.cairn gets "
        "one file per process: the program, and those of its children that are linked with libcairn too. "
        "An older recording of that name is replaced, anything else is left alone. Every command takes "
        "the folder, or one file of it.\n"
        "\n"
        "The program runs in the foreground, with the terminal. When it ends, a summary goes to stderr, "
        "and its exit code is that of the command: 128 + n if signal n killed it, 127 if it was not found, "
        "126 if it could not be run. What it had recorded is kept however it ended. Ctrl-C goes to the "
        "program; SIGINT, SIGQUIT, SIGTERM and SIGHUP that are sent to the command are passed on.\n"
        "\n" RECORD_SETTINGS_DETAILS " Snapshots lie in the folder too, and each is a trace of its own.\n"
        "\n"
        "The library is told by its environment, which works without this command too:\n"
        "  CAIRN_TRACE=PATH      where to record (%p: the process id; a trailing /: a folder)\n"
        "  CAIRN_LIMIT=SIZE, CAIRN_WINDOW=SIZE,TIME, CAIRN_TYPES=LIST, CAIRN_SAMPLE=LIST\n"
        "                        as --limit, --window, --types, --sample\n"
        "  CAIRN_SLOW=LIST, CAIRN_FAILED=LIST, CAIRN_SNAPSHOT_SIGNAL=NAME\n"
        "                        as --slow, --failed, --signal\n"
        "  CAIRN_SNAPSHOT=PATH, CAIRN_SNAPSHOT_INTERVAL=TIME, CAIRN_SNAPSHOTS_MAX=N\n"
        "                        as --snapshots, --interval, --max\n"
        "  CAIRN_HELPER=off, CAIRN_FORK=off\n"
        "                        as --no-helper, --no-fork\n"
        "  CAIRN_CONTROL=off     not to be reached by `cairn ps`, `cairn start` and the like\n"
        "  CAIRN_LIVE_DIR=PATH   where events lie until they are written; /dev/shm by default",
    .examples = "cairn record -- ./server --port 8080         # into server.cairn\n"
                "cairn record -o demo -l 64M -- ./server      # into demo.cairn, at most 64 MiB per process\n"
                "cairn record -t 'request,db *' -- ./server   # only what these patterns match\n"
                "cairn record -s '*=100' -- ./server          # one in a hundred requests, whole\n"
                "cairn record -w 16M --slow 'request=200ms' -- ./server   # what led up to the slow ones\n",
    .options = record_options,
    .more_options = record_settings_options,
    .arguments_min = 1,
    .arguments_max = SIZE_MAX,
    .stops_at_first_argument = true,
    .options_bytes = sizeof(struct record),
    .run = run_record,
};
