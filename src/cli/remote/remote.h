/* Processes that can be traced from outside, and what is asked of them. SPDX-License-Identifier: Apache-2.0
 *
 * The tool's side of format/control.h. A process may have several copies of the library, each with a page of its own.
 * Nothing in a page is trusted: all of it may be anything, and change at any time.
 */
#ifndef CAIRN_CLI_REMOTE_H
#define CAIRN_CLI_REMOTE_H

#include "cli/cli.h"
#include "format/control.h"
#include "os/peers.h"

enum { REMOTE_PATH_BYTES = 1024 };

struct remote {
    struct os_process process;
    struct os_memory_file file;
    uint32_t copy, copies;          /* 1..copies of the process's */
    uint32_t version;               /* of the page; if it is not ours, the rest is unknown */
    uint32_t library;               /* its version: major << 16 | minor << 8 | patch */
    enum cairn_control_state state; /* of recording */
    char trace[REMOTE_PATH_BYTES];  /* that is being recorded; "" if none */
};

struct remotes {
    struct remote *items; /* a vector */
    size_t count, capacity;
};

/* All that this user may ask, by pid. Returns 0, or -1 with *error set; to be freed in either case. */
int remotes_list(struct remotes *remotes, struct cairn_error *error);
void remotes_free(struct remotes *remotes);

/* The one that `name` means: "4711"; "4711/2", its second copy of the library; or the name of a program that only one
 * process runs. If it has several copies, the only one that records, if there is one and `must_record`.
 * Returns 0, or -1 with *error set: not there, not ours, without the library, or not the only one. */
int remote_find(struct remote *remote, const char *name, bool must_record, struct cairn_error *error);

enum { REMOTE_NAME_BYTES = 128 };
/* "server (4711)", "server (4711/2)": fit to be printed. */
char *remote_name(char text[REMOTE_NAME_BYTES], const struct remote *remote);
/* A path of the process, as we would open it: the same, or below /proc/PID/root. */
char *remote_path(const struct remote *remote, const char *path, char *text, size_t bytes);

struct remote_request {
    enum cairn_control_kind kind;
    size_t bytes;
    char text[CAIRN_CONTROL_TEXT_BYTES]; /* lines of NAME=VALUE */
};

/* Adds a line. False if there is no room, or the value has a line break. */
bool remote_request_add(struct remote_request *request, const char *name, const char *value);

/* Asks and waits for the answer. Returns 0 with the path of what was made ("" if nothing was); or -1 with *error set: the
 * process refused, cannot be reached, or did not answer in time; then the request is withdrawn. `timeout_ns` 0:
 * REMOTE_TIMEOUT_NS. */
int remote_ask(const struct remote *remote, const struct remote_request *request, uint64_t timeout_ns,
               char made[REMOTE_PATH_BYTES], struct cairn_error *error);

/* Why a process answers `code`, not 0, to a request. */
int remote_refusal(const struct remote *remote, enum cairn_control_kind kind, int code,
                   struct cairn_error *error);

/* ---- For the commands ------------------------------------------------------------------------------ */

/* Of a command's own table, whose struct has the member `timeout_ns`. */
#define REMOTE_TIMEOUT_OPTION(type)                                                                          \
    {                                                                                                        \
        "timeout", 0, CLI_DURATION, "TIME", offsetof(type, timeout_ns),                                      \
            "how long to wait for the answer; 5s by default"                                                 \
    }
#define REMOTE_TIMEOUT_NS 5000000000u

/* Paragraphs for the details of a command. */
#define REMOTE_DETAILS                                                                                       \
    "PROCESS is a process id as `cairn ps` lists it, or the name of a program if only one such process can " \
    "be traced. Processes of the same user can be asked; root can ask all.\n"                                \
    "\n"                                                                                                     \
    "The process answers at its next annotation, or, while it is recorded, by its helper thread. If no "     \
    "answer comes in time, the request is withdrawn and the exit code is 1."

/* Finds the process and asks; what went wrong is reported. CLI_OK or CLI_TROUBLE. */
int remote_run(const char *name, const struct remote_request *request, uint64_t timeout_ns,
               struct remote *remote, char made[REMOTE_PATH_BYTES]);
/* Prints the path of what a process made, as we would open it: as it is, but escaped on a terminal. */
void remote_print_path(const struct remote *remote, const char *path);

#endif
