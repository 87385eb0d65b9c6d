/* `cairn start`: starts recording in a process that runs. SPDX-License-Identifier: Apache-2.0 */
#include "cli/record/recordsettings.h"
#include "cli/remote/remote.h"

#include <inttypes.h>
#include <string.h>

struct start {
    struct record_options how;
    const char *output;
    uint64_t timeout_ns;
};

static const struct cli_option start_options[] = {
    {"output", 'o', CLI_TEXT, "PATH", offsetof(struct start, output),
     "the trace; cairn-PID.cairn by default. A trailing /: a folder that is there"},
    REMOTE_TIMEOUT_OPTION(struct start),
    {0},
};

extern const struct cli_command cmd_start;

/* The pid as it is known here, not as the process may see it. */
static bool add_trace(struct record_settings *settings, const struct start *start,
                      const struct remote *remote)
{
    char name[64];
    if (start->output) return record_settings_add_path(settings, "CAIRN_TRACE", start->output, false);
    snprintf(name, sizeof name, "cairn-%" PRIu32 ".cairn", remote->process.pid);
    return record_settings_add_path(settings, "CAIRN_TRACE", name, false);
}

static int make_request(struct remote_request *request, const struct record_settings *settings)
{
    *request = (struct remote_request){.kind = CAIRN_CONTROL_START};
    for (size_t i = 0; i < settings->count; i++)
        if (!remote_request_add(request, settings->items[i].name, settings->items[i].value))
            return cli_usage(&cmd_start, "%s",
                             strchr(settings->items[i].value, '\n') ? "an option has a line break in it"
                                                                    : "the options are too long in all");
    return CLI_OK;
}

static int ask(const struct start *start, struct record_settings *settings, const struct remote *remote)
{
    struct remote_request request;
    struct cairn_error error = {0};
    char made[REMOTE_PATH_BYTES], name[REMOTE_NAME_BYTES];
    if (!add_trace(settings, start, remote)) return cli_out_of_memory();
    int code = make_request(&request, settings);
    if (code) return code;
    if (remote_ask(remote, &request, start->timeout_ns, made, &error) != 0) return cli_report(&error);
    remote_print_path(remote, made);
    fprintf(stderr, "cairn: %s is being recorded; `cairn stop %" PRIu32 "` ends it\n",
            remote_name(name, remote), remote->process.pid);
    return CLI_OK;
}

static int run_start(const void *options, int count, char **arguments)
{
    const struct start *start = options;
    struct record_settings settings;
    struct cairn_error error = {0};
    struct remote remote;
    (void)count;
    int code = record_settings_make(&settings, &cmd_start, &start->how, false);
    if (code == CLI_OK)
        code = remote_find(&remote, arguments[0], false, &error) == 0 ? ask(start, &settings, &remote)
                                                                      : cli_report(&error);
    record_settings_free(&settings);
    return code;
}

const struct cli_command cmd_start = {
    .name = "start",
    .arguments = "PROCESS",
    .summary = "starts recording in a process that runs",
    .details = REMOTE_DETAILS "\n\n"
                              "The path of the trace is printed. The process makes it itself, with its own "
                              "rights. Tasks that had begun "
                              "before keep their handles: what belongs to them is recorded as of a task that "
                              "was begun while recording was "
                              "off.\n"
                              "\n" RECORD_SETTINGS_DETAILS,
    .examples = "cairn start 4711                              # into cairn-4711.cairn here\n"
                "cairn start server -o /tmp/server.cairn -l 64M\n"
                "cairn start server -w 16M,10s --slow 'request=200ms'   # a flight recorder\n",
    .options = start_options,
    .more_options = record_settings_options,
    .arguments_min = 1,
    .arguments_max = 1,
    .options_bytes = sizeof(struct start),
    .run = run_start,
};
