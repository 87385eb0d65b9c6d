/* A file that appears whole or not at all. SPDX-License-Identifier: Apache-2.0 */
#include "cli/record/outputfile.h"

#include "cairn/cairn.h"
#include "trace/tracefile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The unfinished file, for the signal handler.
 * Rules: written while the signals below are not handled; then read by the handler. */
static char unfinished[PATH_MAX];

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

static void remove_and_die(int number)
{
    unlink(unfinished);
    signal(number, SIG_DFL);
    raise(number);
}

/* What is ignored (nohup) stays ignored. */
static void handle(int number, void (*handler)(int))
{
    struct sigaction action;
    if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_IGN) signal(number, handler);
}

static void guard(const char *path)
{
    snprintf(unfinished, sizeof unfinished, "%s", path);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) handle(signals[i], remove_and_die);
    signal(SIGXFSZ, SIG_IGN); /* a file-size limit is to be an error of the write */
}

static void unguard(void)
{
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) handle(signals[i], SIG_DFL);
}

static int fail(struct cairn_error *error, const char *path, const char *what)
{
    return cairn__error_set(error, CAIRN_EIO, path, CAIRN_ERROR_NOWHERE, "%s: %s", what, strerror(errno));
}

static int open_part(struct output_file *file, struct cairn_error *error)
{
    size_t bytes = strlen(file->path) + sizeof ".XXXXXX";
    file->part_path = malloc(bytes);
    if (!file->part_path) return fail(error, file->path, "cannot be created");
    snprintf(file->part_path, bytes, "%s.XXXXXX", file->path);
    int fd = mkostemp(file->part_path, O_CLOEXEC);
    if (fd < 0) return fail(error, file->path, "cannot be created");
    guard(file->part_path);
    mode_t mask = umask(0);
    umask(mask);
    fchmod(fd, 0666 & ~mask); /* as fopen would; failing only leaves it private */
    file->out = fdopen(fd, "w");
    if (file->out) return 0;
    close(fd);
    return fail(error, file->path, "cannot be created");
}

static int open_directly(struct output_file *file, const char *path, struct cairn_error *error)
{
    file->out = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
    return file->out ? 0 : fail(error, path, "cannot be opened for writing");
}

int output_file_open(struct output_file *file, const char *path, struct cairn_error *error)
{
    struct stat stat_of;
    *file = (struct output_file){0};
    bool exists = stat(path, &stat_of) == 0;
    if (strcmp(path, "-") == 0 || (exists && !S_ISREG(stat_of.st_mode) && !S_ISDIR(stat_of.st_mode)))
        return open_directly(file, path, error);
    if (exists && S_ISDIR(stat_of.st_mode))
        return cairn__error_set(error, CAIRN_EEXIST, path, CAIRN_ERROR_NOWHERE,
                                "is a folder. Name a file with -o.");
    if (exists && trace_file_looks_like_one(path))
        return cairn__error_set(error, CAIRN_EEXIST, path, CAIRN_ERROR_NOWHERE,
                                "is a trace and was left alone. Name another file with -o.");
    file->path = exists ? realpath(path, NULL) : strdup(path);
    if (!file->path) return fail(error, path, "cannot be created");
    if (open_part(file, error) == 0) return 0;
    output_file_abandon(file);
    return -1;
}

int output_file_finish(struct output_file *file, struct cairn_error *error)
{
    bool failed = ferror(file->out) || fflush(file->out) != 0;
    if (file->out != stdout) failed |= fclose(file->out) != 0;
    file->out = NULL;
    int result = failed ? fail(error, file->path, "could not be written") : 0;
    if (!failed && file->path && rename(file->part_path, file->path) != 0)
        result = fail(error, file->path, "could not be given its name");
    if (result == 0 && file->part_path) {
        unguard();
        free(file->part_path);
        file->part_path = NULL;
    }
    output_file_abandon(file);
    return result;
}

void output_file_abandon(struct output_file *file)
{
    if (file->out && file->out != stdout) fclose(file->out);
    if (file->part_path) {
        unlink(file->part_path);
        unguard();
    }
    free(file->part_path);
    free(file->path);
    *file = (struct output_file){0};
}
