/* Joining: what a killed process left in its live file is put into its trace. SPDX-License-Identifier: Apache-2.0
 *
 * Works on real files, in a folder of its own in $TMPDIR, because joining reads the trace through a mapping while it
 * writes to it. Properties:
 *   - joined: the same events are read as before, and no damage that was not there; the live file is gone; joining
 *     again does nothing. Where records or the head are damaged, more may be read than before: what was torn is cut
 *     off, and what stands before may make sense then. Where bytes are no block, those that follow may make them one
 *   - not joined: neither file has changed */
#include "eventproperties.h"
#include "memfile.h"
#include "property.h"
#include "tracecase.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 200 };

static char folder[PATH_BYTES], trace_path[PATH_BYTES + 8], live_path[PATH_BYTES + 8];

/* ---- Files ------------------------------------------------------------------------------------------------- */

static void remove_folder(void)
{
    unlink(trace_path);
    unlink(live_path);
    rmdir(folder);
}

static void make_folder(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/cairn-fuzz-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(folder)) {
        perror(folder);
        exit(1);
    }
    snprintf(trace_path, sizeof trace_path, "%s/trace", folder);
    snprintf(live_path, sizeof live_path, "%s/live", folder);
    atexit(remove_folder);
}

static void write_file(const char *path, const uint8_t *bytes, size_t count)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, bytes, count) != (ssize_t)count || close(fd) != 0) {
        perror(path);
        exit(1);
    }
}

static bool exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

static bool is_unchanged(const char *path, const uint8_t *bytes, size_t count)
{
    static uint8_t now[CASE_INPUT_MAX * 2];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, now, sizeof now);
    if (fd >= 0) close(fd);
    return got == (ssize_t)count && !memcmp(now, bytes, count);
}

/* ---- Properties -------------------------------------------------------------------------------------------- */

static bool read_trace(struct events_read *read)
{
    struct trace_source *source = trace_open(trace_path, NULL);
    if (!source) return false;
    bool good = events_read(source, NULL, read);
    source->close(source);
    return good;
}

static void write_files(const struct trace_case *made)
{
    write_file(trace_path, made->trace, made->trace_bytes);
    unlink(live_path);
    if (made->live) write_file(live_path, made->live, made->live_bytes);
}

/* What no recorder leaves, and the validator tells: of two definitions of one site, that of the live file counts
 * before it is joined, that of the trace afterwards; and so it is with two copies of a chunk, neither of them sealed. */
static bool is_contradictory(const struct trace_case *made)
{
    struct trace_diagnostics findings = {0};
    bool found = false;
    write_files(made);
    trace_check(trace_path, &findings, NULL);
    for (uint32_t i = 0; i < findings.count; i++)
        found |= !strcmp(findings.items[i].name, "site") || !strcmp(findings.items[i].name, "block");
    free(findings.items);
    return found;
}

static void check_joined(const struct trace_case *made, const struct events_read *before)
{
    struct events_read after;
    PROPERTY(!exists(live_path));
    PROPERTY(read_trace(&after));
    bool same = !memcmp(after.tallies, before->tallies, sizeof after.tallies) && after.hash == before->hash;
    if (before->file_damage) same = before->has_no_blocks || after.count >= before->count;
    same = same && (before->damage || !after.damage);
    PROPERTY(trace_join(trace_path, NULL) == 0);
    PROPERTY(same || is_contradictory(made));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct trace_case made;
    struct events_read before;
    if (!*folder) make_folder();
    if (!case_expand(&made, bytes, count, live_path)) return -1;
    memfile_set_alive(made.options.flags & CASE_ALIVE);
    write_files(&made);
    bool readable = read_trace(&before);
    int result = trace_join(trace_path, NULL);
    PROPERTY(readable || result < 0);
    if (result > 0) {
        check_joined(&made, &before);
        return 0;
    }
    PROPERTY(is_unchanged(trace_path, made.trace, made.trace_bytes));
    PROPERTY(result == 0 || !made.live || is_unchanged(live_path, made.live, made.live_bytes));
    return made.live ? 0 : -1;
}
