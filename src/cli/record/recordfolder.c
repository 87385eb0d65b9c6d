/* The folder that `cairn record` fills. SPDX-License-Identifier: Apache-2.0
 *
 * What is replaced must be an older recording beyond doubt: a folder of one's own, no link, that holds nothing
 * but traces that no process is recording into.
 */
#include "cli/record/recordfolder.h"
#include "cli/tracefiles.h"

#include "cairn/cairn.h"
#include "trace/trace.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".cairn"

static int fail(struct cairn_error *error, const char *path, const char *what)
{
    return cairn__error_set(error, CAIRN_EIO, path, CAIRN_ERROR_NOWHERE, "%s: %s", what, strerror(errno));
}

static const char *own_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static bool has_suffix(const char *name)
{
    size_t length = strlen(name);
    return length > strlen(SUFFIX) && strcmp(name + length - strlen(SUFFIX), SUFFIX) == 0;
}

/* The parent as the system sees it, so that no link on the way is in the program's path later. */
static char *absolute(const char *path, struct cairn_error *error)
{
    char parent[PATH_MAX], resolved[PATH_MAX], whole[2 * PATH_MAX];
    const char *slash = strrchr(path, '/');
    int length = slash ? (int)(slash - path) + 1 : 1;
    snprintf(parent, sizeof parent, "%.*s", length, slash ? path : ".");
    if (!realpath(parent, resolved)) return fail(error, parent, "cannot be opened"), NULL;
    snprintf(whole, sizeof whole, "%s%s%s", resolved, strcmp(resolved, "/") == 0 ? "" : "/",
             slash ? slash + 1 : path);
    char *copy = strdup(whole);
    if (!copy) fail(error, path, "cannot be used");
    return copy;
}

char *record_folder_path(const char *name, const char *program, struct cairn_error *error)
{
    char path[PATH_MAX];
    const char *base = name ? name : own_name(program);
    size_t length = strlen(base);
    while (length > 1 && base[length - 1] == '/') length--;
    int written = snprintf(path, sizeof path, "%.*s", (int)length, base);
    if (length == 0 || written + (int)strlen(SUFFIX) >= (int)sizeof path) {
        cairn__error_set(error, CAIRN_EINVAL, NULL, CAIRN_ERROR_NOWHERE,
                         "'%.100s' cannot be the name of a recording", base);
        return NULL;
    }
    if (!has_suffix(path)) strcat(path, SUFFIX);
    return absolute(path, error);
}

static int keep(struct cairn_error *error, const char *path, const char *why)
{
    return cairn__error_set(error, CAIRN_EEXIST, path, CAIRN_ERROR_NOWHERE,
                            "%s, and was left alone. Choose another name with -o.", why);
}

/* Puts live files into their traces first, so that none remains in memory without its trace. */
static int check_over(const struct trace_files *files, struct cairn_error *error)
{
    for (size_t i = 0; i < files->paths.count; i++) {
        struct cairn_error why = {0};
        if (trace_join(files->paths.items[i], &why) < 0 && why.code == CAIRN_EBUSY)
            return keep(error, files->paths.items[i], "is being recorded into");
    }
    return 0;
}

static int remove_file(const char *path, struct cairn_error *error)
{
    if (unlink(path) == 0 || errno == ENOENT) return 0;
    return fail(error, path, "cannot be removed");
}

static int empty(const char *path, struct cairn_error *error)
{
    struct trace_files files;
    int result = trace_files_list(&files, path, error);
    if (result == 0 && files.others) result = keep(error, path, "holds other things than traces");
    if (result == 0) result = check_over(&files, error);
    for (size_t i = 0; result == 0 && i < files.paths.count; i++)
        result = remove_file(files.paths.items[i], error);
    for (size_t i = 0; result == 0 && i < files.live_paths.count; i++)
        result = remove_file(files.live_paths.items[i], error);
    trace_files_free(&files);
    return result;
}

int record_folder_make(const char *path, struct cairn_error *error)
{
    struct stat status;
    if (mkdir(path, 0700) == 0) return 0;
    if (errno != EEXIST || lstat(path, &status) != 0) return fail(error, path, "cannot be created");
    if (S_ISLNK(status.st_mode)) return keep(error, path, "is a symbolic link");
    if (!S_ISDIR(status.st_mode)) return keep(error, path, "is no folder");
    if (status.st_uid != geteuid()) return keep(error, path, "belongs to another user");
    if (empty(path, error) != 0) return -1;
    return chmod(path, 0700) == 0 ? 0 : fail(error, path, "cannot be made private");
}
