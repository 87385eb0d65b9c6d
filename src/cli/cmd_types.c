/* `cairn types`: switches types on and off in a process that is recorded. SPDX-License-Identifier: Apache-2.0 */
#include "cli/remote/remote.h"

struct types {
    uint64_t timeout_ns;
};

static const struct cli_option types_options[] = {
    REMOTE_TIMEOUT_OPTION(struct types),
    {0},
};

extern const struct cli_command cmd_types;

static int run_types(const void *options, int count, char **arguments)
{
    const struct types *types = options;
    struct remote_request request = {.kind = CAIRN_CONTROL_TYPES};
    struct remote remote;
    char made[REMOTE_PATH_BYTES];
    if (count > 1 && !remote_request_add(&request, "CAIRN_TYPES", arguments[1]))
        return cli_usage(&cmd_types, "LIST is too long, or has a line break in it");
    return remote_run(arguments[0], &request, types->timeout_ns, &remote, made);
}

const struct cli_command cmd_types = {
    .name = "types",
    .arguments = "PROCESS [LIST]",
    .summary = "switches types on and off in a process that is recorded",
    .details = REMOTE_DETAILS
    "\n\n"
    "From now on only task and region types, log categories and counters are recorded that match one of the "
    "comma-separated patterns of LIST, with * and ?; without LIST all. What was begun is ended whatever its "
    "type.",
    .examples = "cairn types server 'request,db *'   # only these\n"
                "cairn types server                  # all again\n",
    .options = types_options,
    .arguments_min = 1,
    .arguments_max = 2,
    .options_bytes = sizeof(struct types),
    .run = run_types,
};
