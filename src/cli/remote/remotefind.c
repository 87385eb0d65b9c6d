/* Finding the processes that can be traced. SPDX-License-Identifier: Apache-2.0
 *
 * 1. A process that has come to an annotation has a memory file mapped whose name says so.
 * 2. That file is opened through the process's descriptor of it, or, by root, through the mapping, and must be the user's.
 * 3. Its page must say what it is, and have the process's own pid: a child has its parent's page for a moment.
 */
#include "cli/remote/remote.h"
#include "cli/print/show.h"

#include "cairn/cairn.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* ---- All that there are ---------------------------------------------------------------------------- */

/* A copy of the page, so that it holds still. */
static int read_page(const struct os_process *process, const struct os_memory_file *file,
                     struct cairn_control *page)
{
    int fd;
    int code = os_process_open_memory(process, file, sizeof *page, &fd);
    if (code) return code;
    ssize_t count = pread(fd, page, sizeof *page, 0);
    close(fd);
    return count == (ssize_t)sizeof *page ? 0 : EIO;
}

static void read_remote(struct remote *remote, const struct cairn_control *page)
{
    remote->version = page->version;
    if (page->version != CAIRN_CONTROL_VERSION) return;
    remote->library = page->library;
    bool is_known = page->state == CAIRN_CONTROL_RECORDING || page->state == CAIRN_CONTROL_FLIGHT;
    remote->state = is_known ? (enum cairn_control_state)page->state : CAIRN_CONTROL_IDLE;
    size_t length = strnlen(page->path, sizeof page->path - 1);
    if (is_known) memcpy(remote->trace, page->path, length);
}

static int add_copy(struct remotes *remotes, const struct os_process *process,
                    const struct os_memory_file *file)
{
    struct cairn_control page;
    int code = read_page(process, file, &page);
    if (code) return code;
    if (page.magic != CAIRN_CONTROL_MAGIC || page.pid != process->own_pid) return ENOENT;
    struct remote remote = {.process = *process, .file = *file};
    read_remote(&remote, &page);
    return vector_push(remotes, remote) ? 0 : ENOMEM;
}

static void number_copies(struct remotes *remotes, size_t first)
{
    for (size_t i = first; i < remotes->count; i++) {
        remotes->items[i].copy = (uint32_t)(i - first + 1);
        remotes->items[i].copies = (uint32_t)(remotes->count - first);
    }
}

/* Adds the copies of one process. 0, or why there are none. */
static int add_process(struct remotes *remotes, uint32_t pid)
{
    struct os_process process;
    struct os_memory_files files;
    size_t first = remotes->count;
    int code = os_process_memory_files(pid, CAIRN_CONTROL_NAME, &files);
    if (!code && !files.count) code = ENOENT;
    if (!code && !os_process_read(pid, &process)) code = ESRCH;
    int outcome = code;
    for (size_t i = 0; !code && outcome != ENOMEM && i < files.count; i++)
        outcome = add_copy(remotes, &process, &files.items[i]);
    vector_free(&files);
    number_copies(remotes, first);
    return remotes->count > first ? 0 : outcome;
}

static int out_of_memory(struct cairn_error *error)
{
    return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE, "out of memory");
}

int remotes_list(struct remotes *remotes, struct cairn_error *error)
{
    struct os_pids pids;
    *remotes = (struct remotes){0};
    int code = os_process_list(&pids);
    if (code && code != ENOMEM)
        return cairn__error_set(error, CAIRN_EIO, "/proc", CAIRN_ERROR_NOWHERE, "cannot be read: %s",
                                strerror(code));
    for (size_t i = 0; code != ENOMEM && i < pids.count; i++)
        if (add_process(remotes, pids.items[i]) == ENOMEM) code = ENOMEM;
    vector_free(&pids);
    return code ? out_of_memory(error) : 0;
}

void remotes_free(struct remotes *remotes)
{
    vector_free(remotes);
}

/* ---- One of them ----------------------------------------------------------------------------------- */

struct wanted {
    bool is_pid;
    uint32_t pid, copy; /* copy 0: any */
    char name[64];
};

static int refuse(struct cairn_error *error, const char *what, const char *why)
{
    char shown[REMOTE_NAME_BYTES];
    show_text_cut(shown, sizeof shown, what, 60);
    return cairn__error_set(error, CAIRN_EINVAL, NULL, CAIRN_ERROR_NOWHERE, "%s: %s", shown, why);
}

static const char no_such_name[] = "no process that can be traced has this name; `cairn ps` lists them";

static int parse_wanted(struct wanted *wanted, const char *text, struct cairn_error *error)
{
    uint64_t pid, copy = 0;
    char number[24];
    *wanted = (struct wanted){0};
    size_t length = strcspn(text, "/");
    snprintf(number, sizeof number, "%.*s", (int)(length < sizeof number ? length : 0), text);
    wanted->is_pid = cli_parse_count(number, &pid);
    if (!wanted->is_pid) {
        if (snprintf(wanted->name, sizeof wanted->name, "%s", text) < (int)sizeof wanted->name) return 0;
        return refuse(error, text, no_such_name);
    }
    bool is_copy = !text[length] || (cli_parse_count(text + length + 1, &copy) && copy && copy <= UINT32_MAX);
    if (!is_copy || pid == 0 || pid > INT32_MAX) return refuse(error, text, "is no process id");
    wanted->pid = (uint32_t)pid;
    wanted->copy = (uint32_t)copy;
    return 0;
}

static const char *why_missing(int code)
{
    switch (code) {
    case EACCES:
    case EPERM: return "may not be looked at by this user: it belongs to another, or has more rights";
    case EBADF:
        return "has closed the descriptor by which it is asked, as daemons do; root can ask it, on most "
               "systems";
    default:
        return "cannot be reached: it has come to no annotation yet, has no cairn linked in or an older one, "
               "runs with "
               "more rights than its user, or was started with CAIRN_CONTROL=off";
    }
}

static int explain_missing(uint32_t pid, int code, struct cairn_error *error)
{
    struct os_process process;
    char name[REMOTE_NAME_BYTES];
    if (!os_process_read(pid, &process))
        return cairn__error_set(error, CAIRN_EINVAL, NULL, CAIRN_ERROR_NOWHERE,
                                "there is no process %" PRIu32, pid);
    show_text_cut(name, sizeof name, process.name, 60);
    return cairn__error_set(error, CAIRN_EACCES, NULL, CAIRN_ERROR_NOWHERE, "%s (%" PRIu32 ") %s", name, pid,
                            why_missing(code));
}

static bool fits(const struct remote *remote, const struct wanted *wanted, bool must_record)
{
    if (!wanted->is_pid && strcmp(remote->process.name, wanted->name) != 0) return false;
    if (wanted->copy && remote->copy != wanted->copy) return false;
    return !must_record || remote->state != CAIRN_CONTROL_IDLE;
}

/* How many fit; *last is the last one. */
static size_t choose(const struct remotes *remotes, const struct wanted *wanted, bool must_record,
                     const struct remote **last)
{
    size_t count = 0;
    for (size_t i = 0; i < remotes->count; i++)
        if (fits(&remotes->items[i], wanted, must_record)) *last = &remotes->items[i], count++;
    return count;
}

static int explain_several(const struct remotes *remotes, const struct wanted *wanted,
                           struct cairn_error *error)
{
    char list[256] = "", one[32];
    for (size_t i = 0; i < remotes->count; i++) {
        const struct remote *remote = &remotes->items[i];
        if (!fits(remote, wanted, false)) continue;
        if (remote->copies > 1)
            snprintf(one, sizeof one, " %" PRIu32 "/%" PRIu32, remote->process.pid, remote->copy);
        else
            snprintf(one, sizeof one, " %" PRIu32, remote->process.pid);
        if (strlen(list) + strlen(one) < sizeof list) strcat(list, one);
    }
    return cairn__error_set(error, CAIRN_EINVAL, NULL, CAIRN_ERROR_NOWHERE, "which one? %s:%s",
                            wanted->is_pid ? "There are several copies of the library in that process"
                                           : "Several processes have that name",
                            list);
}

static int choose_one(struct remote *remote, const struct remotes *remotes, const char *name,
                      const struct wanted *wanted, bool must_record, struct cairn_error *error)
{
    const struct remote *found = NULL;
    size_t count = choose(remotes, wanted, false, &found);
    if (count > 1 && must_record) {
        const struct remote *recording = NULL;
        if (choose(remotes, wanted, true, &recording) == 1) found = recording, count = 1;
    }
    if (count > 1) return explain_several(remotes, wanted, error);
    if (count == 0 && wanted->is_pid)
        return refuse(error, name, "the process has no such copy of the library");
    if (count == 0) return refuse(error, name, no_such_name);
    *remote = *found;
    return 0;
}

int remote_find(struct remote *remote, const char *name, bool must_record, struct cairn_error *error)
{
    struct wanted wanted;
    struct remotes remotes = {0};
    if (parse_wanted(&wanted, name, error) != 0) return -1;
    int result = 0, code = 0;
    if (wanted.is_pid)
        code = add_process(&remotes, wanted.pid);
    else
        result = remotes_list(&remotes, error);
    if (code) result = explain_missing(wanted.pid, code, error);
    if (result == 0) result = choose_one(remote, &remotes, name, &wanted, must_record, error);
    remotes_free(&remotes);
    return result;
}

/* ---- How it is called ------------------------------------------------------------------------------ */

char *remote_name(char text[REMOTE_NAME_BYTES], const struct remote *remote)
{
    char name[REMOTE_NAME_BYTES - 32];
    show_text_cut(name, sizeof name, remote->process.name, 30);
    if (remote->copies > 1)
        snprintf(text, REMOTE_NAME_BYTES, "%s (%" PRIu32 "/%" PRIu32 ")", name, remote->process.pid,
                 remote->copy);
    else
        snprintf(text, REMOTE_NAME_BYTES, "%s (%" PRIu32 ")", name, remote->process.pid);
    return text;
}

char *remote_path(const struct remote *remote, const char *path, char *text, size_t bytes)
{
    bool is_elsewhere = path[0] == '/' && !os_process_shares_files(remote->process.pid);
    if (is_elsewhere)
        snprintf(text, bytes, "/proc/%" PRIu32 "/root%s", remote->process.pid, path);
    else
        snprintf(text, bytes, "%s", path);
    return text;
}
