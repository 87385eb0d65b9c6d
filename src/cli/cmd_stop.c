/* `cairn stop`: ends recording in a process that runs. SPDX-License-Identifier: Apache-2.0 */
#include "cli/record/recordsummary.h"
#include "cli/remote/remote.h"

#include <sys/stat.h>

struct stop {
    uint64_t timeout_ns;
    bool quiet;
};

static const struct cli_option stop_options[] = {
    {"quiet", 'q', CLI_FLAG, NULL, offsetof(struct stop, quiet), "print no summary"},
    REMOTE_TIMEOUT_OPTION(struct stop),
    {0},
};

/* The process may have named anything: only a file of its user's is opened. */
static bool is_its_file(const struct remote *remote, const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == remote->process.user;
}

static void summarize(const struct remote *remote, const char *made)
{
    char path[REMOTE_PATH_BYTES + 32];
    struct cairn_error error = {0};
    remote_path(remote, made, path, sizeof path);
    fflush(stdout); /* the path first, wherever both go */
    if (is_its_file(remote, path) && record_summary(path, &error) != 0) cli_report(&error);
}

static int run_stop(const void *options, int count, char **arguments)
{
    const struct stop *stop = options;
    const struct remote_request request = {.kind = CAIRN_CONTROL_STOP};
    struct remote remote;
    char made[REMOTE_PATH_BYTES];
    (void)count;
    int code = remote_run(arguments[0], &request, stop->timeout_ns, &remote, made);
    if (code != CLI_OK) return code;
    remote_print_path(&remote, made);
    if (!stop->quiet) summarize(&remote, made);
    return CLI_OK;
}

const struct cli_command cmd_stop = {
    .name = "stop",
    .arguments = "PROCESS",
    .summary = "ends recording in a process that runs",
    .details = REMOTE_DETAILS
    "\n\n"
    "It ends a recording however it was started: by `cairn start`, by `cairn record`, or by the program. The "
    "path of the "
    "trace is printed, and a summary of it to stderr. Of a flight recorder it is what the window held.",
    .examples = "cairn stop 4711\n"
                "cairn tasks $(cairn stop -q server)\n",
    .options = stop_options,
    .arguments_min = 1,
    .arguments_max = 1,
    .options_bytes = sizeof(struct stop),
    .run = run_stop,
};
