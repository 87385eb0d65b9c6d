/* `cairn snapshot`: writes what a flight recorder holds. SPDX-License-Identifier: Apache-2.0 */
#include "cli/record/recordsettings.h"
#include "cli/remote/remote.h"

#include <string.h>

struct snapshot {
    const char *output;
    uint64_t timeout_ns;
};

static const struct cli_option snapshot_options[] = {
    {"output", 'o', CLI_TEXT, "PATH", offsetof(struct snapshot, output),
     "where to; by default as the recording says, beside its trace. %p: process id, %n: a new number"},
    REMOTE_TIMEOUT_OPTION(struct snapshot),
    {0},
};

extern const struct cli_command cmd_snapshot;

static int add_output(struct remote_request *request, const char *output)
{
    struct record_settings settings = {0};
    int code = CLI_OK;
    if (!record_settings_add_path(&settings, "CAIRN_SNAPSHOT", output, false))
        code = cli_out_of_memory();
    else if (!remote_request_add(request, settings.items[0].name, settings.items[0].value))
        code = cli_usage(&cmd_snapshot, "--output is too long, or has a line break in it");
    record_settings_free(&settings);
    return code;
}

static int run_snapshot(const void *options, int count, char **arguments)
{
    const struct snapshot *snapshot = options;
    struct remote_request request = {.kind = CAIRN_CONTROL_SNAPSHOT};
    struct remote remote;
    char made[REMOTE_PATH_BYTES];
    (void)count;
    int code = snapshot->output ? add_output(&request, snapshot->output) : CLI_OK;
    if (code == CLI_OK) code = remote_run(arguments[0], &request, snapshot->timeout_ns, &remote, made);
    if (code == CLI_OK) remote_print_path(&remote, made);
    return code;
}

const struct cli_command cmd_snapshot = {
    .name = "snapshot",
    .arguments = "PROCESS",
    .summary = "writes what the flight recorder of a process holds",
    .details = REMOTE_DETAILS "\n\n"
                              "The process must be recorded with a window (--window of `cairn start` and "
                              "`cairn record`, CAIRN_WINDOW, or "
                              "window_bytes of cairn_start). It writes the snapshot itself, while it goes "
                              "on, to a trace of its own, which "
                              "appears when it is whole; its path is printed.",
    .examples = "cairn snapshot 4711\n"
                "cairn tasks --slowest 5 $(cairn snapshot server -o /tmp/slow-%n.cairn)\n",
    .options = snapshot_options,
    .arguments_min = 1,
    .arguments_max = 1,
    .options_bytes = sizeof(struct snapshot),
    .run = run_snapshot,
};
