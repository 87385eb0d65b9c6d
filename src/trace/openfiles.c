/* Which files make a trace: one, or those of a folder. SPDX-License-Identifier: Apache-2.0
 *
 * Of a folder, every file that begins like a trace is looked at, by name:
 *   - live files are read through their traces;
 *   - a snapshot repeats what is in the trace of its recording: it is left out if that is there. Without that, one
 *     snapshot of a recording is read; several would tell the same events again, so they must be opened singly;
 *   - of two copies of one recording the first counts; what cannot be read is told, and the rest is read.
 */
#include "trace/opentrace.h"

#include "cairn/cairn.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { SNAPSHOTS_NAMED = 3 };

static int out_of_memory(struct cairn_error *error)
{
    return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE, "memory ran out");
}

/* ---- Folders ------------------------------------------------------------------------------------------- */

/* A file of the folder that begins like a trace. */
struct candidate {
    const char *path;
    uint64_t session[2];
    bool is_snapshot;
};

struct candidates {
    VECTOR(struct candidate) files; /* by name */
    bool any_live;
};

static bool add_candidate(struct trace_native *native, struct candidates *found, const char *folder,
                          const char *name)
{
    char path[4096];
    struct cairn_file_head head;
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof path || !trace_file_peek(path, &head)) return true;
    if (head.flags & CAIRN_HEAD_LIVE) return found->any_live = true;
    struct candidate candidate = {.path = arena_text(&native->arena, path, (size_t)length),
                                  .session = {head.session[0], head.session[1]},
                                  .is_snapshot = head.state == CAIRN_STATE_SNAPSHOT};
    return candidate.path && vector_push(&found->files, candidate);
}

static int compare_candidates(const void *left, const void *right)
{
    return strcmp(((const struct candidate *)left)->path, ((const struct candidate *)right)->path);
}

static int list_folder(struct trace_native *native, struct candidates *found, const char *folder,
                       struct cairn_error *error)
{
    DIR *directory = opendir(folder);
    if (!directory) {
        return cairn__error_set(error, errno == EACCES ? CAIRN_EACCES : CAIRN_EIO, folder,
                                CAIRN_ERROR_NOWHERE, "cannot be opened: %s", strerror(errno));
    }
    bool good = true;
    for (struct dirent *entry; good && (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] != '.') good = add_candidate(native, found, folder, entry->d_name);
    }
    closedir(directory);
    if (!good) return out_of_memory(error);
    if (!found->files.count) {
        return cairn__error_set(error, CAIRN_EINVAL, folder, CAIRN_ERROR_NOWHERE, "%s",
                                found->any_live ? "has no trace in it that can be read: only live files"
                                                : "is a folder without a trace in it");
    }
    qsort(found->files.items, found->files.count, sizeof *found->files.items, compare_candidates);
    return 0;
}

static bool same_session(const struct candidate *one, const struct candidate *other)
{
    return !memcmp(one->session, other->session, sizeof one->session);
}

static const struct candidate *find_trace_of(const struct candidates *found, const struct candidate *snapshot)
{
    for (size_t i = 0; i < found->files.count; i++) {
        const struct candidate *other = &found->files.items[i];
        if (!other->is_snapshot && same_session(other, snapshot)) return other;
    }
    return NULL;
}

/* -1 with *error set if there are other snapshots of the recording. */
static int refuse_repetition(const struct candidates *found, const struct candidate *snapshot,
                             const char *folder, struct cairn_error *error)
{
    char names[320] = "";
    size_t count = 0, length = 0;
    for (size_t i = 0; i < found->files.count; i++) {
        const struct candidate *other = &found->files.items[i];
        if (!same_session(other, snapshot)) continue;
        if (count++ < SNAPSHOTS_NAMED && length < sizeof names - 1)
            length += (size_t)snprintf(names + length, sizeof names - length, "%s%s", length ? ", " : "",
                                       strrchr(other->path, '/') + 1);
    }
    if (count < 2) return 0;
    return cairn__error_set(
        error, CAIRN_EINVAL, folder, CAIRN_ERROR_NOWHERE,
        "has %zu snapshots of one recording, which tell the same events again, and not its "
        "trace: open them one by one (%s%s)",
        count, names, count > SNAPSHOTS_NAMED ? ", ..." : "");
}

static int choose_files(struct trace_native *native, const struct candidates *found, const char *folder,
                        struct cairn_error *error)
{
    for (size_t i = 0; i < found->files.count; i++) {
        const struct candidate *file = &found->files.items[i];
        if (file->is_snapshot && find_trace_of(found, file)) {
            trace_diagnose(&native->diagnostics, "snapshots_skipped", TRACE_NOTE,
                           "The folder has snapshots of recordings whose traces are in it too: they are left "
                           "out. Open them singly.",
                           "%s", file->path);
            continue;
        }
        if (file->is_snapshot && refuse_repetition(found, file, folder, error) < 0) return -1;
        if (!vector_push(&native->paths, file->path)) return out_of_memory(error);
    }
    return 0;
}

static int find_files(struct trace_native *native, const char *folder, struct cairn_error *error)
{
    struct candidates found = {0};
    int result = list_folder(native, &found, folder, error);
    if (result == 0) result = choose_files(native, &found, folder, error);
    vector_free(&found.files);
    return result;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* ---- Opening ------------------------------------------------------------------------------------------- */

static bool is_known_session(const struct trace_native *native, const struct trace_file *file)
{
    for (uint32_t i = 0; i < native->file_count; i++) {
        if (!memcmp(native->files[i].head.session, file->head.session, sizeof file->head.session))
            return true;
    }
    return false;
}

static int open_one(struct trace_native *native, const char *path, bool in_folder, struct cairn_error *error)
{
    struct trace_file *file = &native->files[native->file_count];
    *file = (struct trace_file){.arena = &native->arena, .diagnostics = &native->diagnostics};
    struct cairn_error why = {0};
    int result = trace_file_open(file, path, &why);
    if (result == 0 && !is_known_session(native, file)) {
        file->process = native->file_count++;
        return 0;
    }
    if (result == 0) {
        trace_diagnose(&native->diagnostics, "duplicate_file", TRACE_WARNING,
                       "The folder has two copies of one recording; only the first is read.", "%s", path);
    } else if (in_folder && why.code != CAIRN_ENOMEM) {
        trace_diagnose(&native->diagnostics, "damaged_file", TRACE_DAMAGE,
                       "A trace in the folder cannot be read; the others are shown without it.", "%s: %s",
                       path, why.text);
    }
    bool goes_on = in_folder && why.code != CAIRN_ENOMEM;
    trace_file_close(file);
    if (!goes_on && error) *error = why;
    return goes_on ? 0 : -1;
}

int trace_native_open_files(struct trace_native *native, const char *path, struct cairn_error *error)
{
    bool folder = is_folder(path);
    if (folder) {
        if (find_files(native, path, error) < 0) return -1;
    } else {
        const char *copy = arena_text(&native->arena, path, strlen(path));
        if (!copy || !vector_push(&native->paths, copy)) return out_of_memory(error);
    }
    native->files = calloc(native->paths.count, sizeof *native->files);
    native->processes = calloc(native->paths.count, sizeof *native->processes);
    if (!native->files || !native->processes) return out_of_memory(error);
    for (size_t i = 0; i < native->paths.count; i++) {
        if (open_one(native, native->paths.items[i], folder, error) < 0) return -1;
    }
    if (native->file_count) return 0;
    return cairn__error_set(error, CAIRN_EINVAL, path, CAIRN_ERROR_NOWHERE,
                            "has no trace in it that can be read: %s", native->diagnostics.items[0].example);
}
