/* The trace files that a TRACE argument names. SPDX-License-Identifier: Apache-2.0 */
#include "cli/tracefiles.h"

#include "cairn/cairn.h"
#include "trace/tracefile.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static char *join_path(const char *folder, const char *name)
{
    size_t length = strlen(folder), bytes = length + strlen(name) + 2;
    char *path = malloc(bytes);
    if (path) snprintf(path, bytes, "%s%s%s", folder, length && folder[length - 1] != '/' ? "/" : "", name);
    return path;
}

static bool is_live_name(const char *name)
{
    size_t length = strlen(name);
    return length > 5 && strcmp(name + length - 5, ".live") == 0;
}

static bool add(struct trace_files *files, const char *folder, const char *name)
{
    char *path = join_path(folder, name);
    if (!path) return false;
    if (!trace_file_looks_like_one(path)) {
        free(path);
        files->others++;
        return true;
    }
    bool added =
        is_live_name(name) ? vector_push(&files->live_paths, path) : vector_push(&files->paths, path);
    if (!added) free(path);
    return added;
}

static int compare(const void *one, const void *other)
{
    return strcmp(*(char *const *)one, *(char *const *)other);
}

static int list_folder(struct trace_files *files, DIR *folder, const char *path, struct cairn_error *error)
{
    bool added = true;
    for (struct dirent *entry; added && (entry = readdir(folder));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            added = add(files, path, entry->d_name);
    if (!added) return cairn__error_set(error, CAIRN_ENOMEM, path, CAIRN_ERROR_NOWHERE, "out of memory");
    if (files->paths.count)
        qsort(files->paths.items, files->paths.count, sizeof *files->paths.items, compare);
    return 0;
}

int trace_files_list(struct trace_files *files, const char *path, struct cairn_error *error)
{
    *files = (struct trace_files){0};
    DIR *folder = opendir(path);
    if (folder) {
        int result = list_folder(files, folder, path, error);
        closedir(folder);
        return result;
    }
    char *copy = errno == ENOTDIR ? strdup(path) : NULL;
    if (copy && vector_push(&files->paths, copy)) return 0;
    free(copy);
    return cairn__error_set(error, CAIRN_EIO, path, CAIRN_ERROR_NOWHERE, "cannot be opened: %s",
                            strerror(errno));
}

void trace_files_free(struct trace_files *files)
{
    for (size_t i = 0; i < files->paths.count; i++) free(files->paths.items[i]);
    for (size_t i = 0; i < files->live_paths.count; i++) free(files->live_paths.items[i]);
    vector_free(&files->paths);
    vector_free(&files->live_paths);
}
