/* Other programs of the same measure: the static build, the peers, the tool. SPDX-License-Identifier: Apache-2.0
 *
 * A child prints its rows as lines of fields between tabs (report_write_lines); whatever else it prints is
 * for people and goes to stderr. So a peer can be written in any language and stands in the same table.
 */
#include "bench.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

bool children_run(const char *command)
{
    fflush(NULL);
    FILE *const lines = popen(command, "r");
    if (lines == NULL) {
        fprintf(stderr, "bench: cannot run %s: %s\n", command, strerror(errno));
        return false;
    }
    char line[512];
    while (fgets(line, sizeof line, lines) != NULL)
        if (!report_read_line(line)) fputs(line, stderr);
    const int status = pclose(lines);
    if (status == 0) return true;
    fprintf(stderr, "bench: failed: %s\n", command);
    return false;
}

/* Reads to the end even if the text is full, so that the child never waits on a full pipe. */
static void read_all(int fd, char *text, size_t bytes)
{
    size_t used = 0;
    char rest[4096];
    for (;;) {
        const bool full = used + 1 >= bytes;
        const ssize_t got = read(fd, full ? rest : text + used, full ? sizeof rest : bytes - 1 - used);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        if (!full) used += (size_t)got;
    }
    text[used] = '\0';
}

bool children_capture(const char *const arguments[], char *text, size_t bytes)
{
    int ends[2];
    if (pipe(ends) != 0) return false;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    pid_t child;
    const int result =
        posix_spawn(&child, arguments[0], &actions, NULL, (char *const *)(uintptr_t)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    int status = -1;
    if (result == 0) {
        read_all(ends[0], text, bytes);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    }
    close(ends[0]);
    if (result != 0) fprintf(stderr, "bench: cannot run %s: %s\n", arguments[0], strerror(result));
    if (result == 0 && status != 0) fprintf(stderr, "bench: %s %s failed\n", arguments[0], arguments[1]);
    return result == 0 && status == 0;
}
