/* What the commands that ask a process share: why it refused, and how that is told.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/remote/remote.h"
#include "cli/print/show.h"

#include "cairn/cairn.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* ---- Refusals -------------------------------------------------------------------------------------- */

/* Whatever was asked. */
static const char *const refusals[] = {
    [CAIRN_EINVAL] = "found an option that is not valid",
    [CAIRN_EBUSY] = "is still at an earlier recording: a thread of it is held up within an annotation",
    [CAIRN_ENOMEM] = "could not get the memory for it",
    [CAIRN_EIO] =
        "could not create or write the file, which it does itself, in its own file system and folder rights",
    [CAIRN_ENOSPC] = "found the disk, the quota or /dev/shm full",
    [CAIRN_EEXIST] = "left the path alone: it names something that is not a trace",
    [CAIRN_EACCES] =
        "may not write there: the file is made by the process, as its user. Choose another place with -o",
    [CAIRN_ENOTSUP] = "has a library that cannot do that",
    [CAIRN_EOFF] = "is not being recorded",
};

static const char *not_flight_recorder =
    "keeps no window to take a snapshot of: it records everything, and its trace can be read at any time";

static const char *refusal(enum cairn_control_kind kind, unsigned code)
{
    if (kind == CAIRN_CONTROL_SNAPSHOT && code == CAIRN_ENOTSUP) return not_flight_recorder;
    bool is_known = code < sizeof refusals / sizeof *refusals && refusals[code];
    return is_known ? refusals[code] : "refused for a reason that this tool does not know";
}

int remote_refusal(const struct remote *remote, enum cairn_control_kind kind, int code,
                   struct cairn_error *error)
{
    char name[REMOTE_NAME_BYTES], path[REMOTE_PATH_BYTES + 32], shown[256];
    unsigned number = code < 0 ? 0u - (unsigned)code : (unsigned)code;
    remote_name(name, remote);
    show_text_cut(shown, sizeof shown, remote_path(remote, remote->trace, path, sizeof path), 200);
    bool is_recorded = kind == CAIRN_CONTROL_START && number == CAIRN_EBUSY && shown[0];
    if (is_recorded)
        return cairn__error_set(error, CAIRN_EBUSY, NULL, CAIRN_ERROR_NOWHERE,
                                "%s is being recorded already, to %s; `cairn stop` ends that", name, shown);
    return cairn__error_set(error, (int)number, NULL, CAIRN_ERROR_NOWHERE, "%s %s", name,
                            refusal(kind, number));
}

/* ---- For the commands ------------------------------------------------------------------------------ */

int remote_run(const char *name, const struct remote_request *request, uint64_t timeout_ns,
               struct remote *remote, char made[REMOTE_PATH_BYTES])
{
    struct cairn_error error = {0};
    bool must_record = request->kind != CAIRN_CONTROL_START;
    if (remote_find(remote, name, must_record, &error) != 0 ||
        remote_ask(remote, request, timeout_ns, made, &error) != 0)
        return cli_report(&error);
    return CLI_OK;
}

void remote_print_path(const struct remote *remote, const char *path)
{
    char text[REMOTE_PATH_BYTES + 32];
    remote_path(remote, path, text, sizeof text);
    if (isatty(STDOUT_FILENO))
        show_text(stdout, text, strlen(text));
    else
        fputs(text, stdout);
    putchar('\n');
}
