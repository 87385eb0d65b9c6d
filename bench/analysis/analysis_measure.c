/* What a command costs: time and memory of a child. SPDX-License-Identifier: Apache-2.0
 *
 *     analysis-measure COMMAND [ARGUMENT]...     its output goes nowhere
 *     analysis-measure --until TEXT COMMAND...   it is ready, and killed, when it has written TEXT to stderr
 *     analysis-measure --read FILE               the yardstick: the file, mapped, is read once from its begin to its end
 *
 * Prints one line: wall seconds, CPU seconds, and the most it had at once of anonymous and of all resident memory, in KiB.
 * Memory is looked at every millisecond. Exit status: that of the command. */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_NS = 1000000 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int read_file(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &status) < 0) return perror(path), 1;
    size_t count = (size_t)status.st_size / 8;
    const uint64_t *words = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (words == MAP_FAILED) return perror(path), 1;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) sum += words[i];
    printf("%llu\n", (unsigned long long)sum);
    return 0;
}

/* "Name:   number kB" */
static long status_of(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at ? strtol(at + strlen(name), NULL, 10) : 0;
}

static void look(pid_t child, long *anonymous_max, long *resident_max)
{
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%ld/status", (long)child);
    int fd = open(path, O_RDONLY);
    ssize_t count = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    if (count <= 0) return;
    text[count] = 0;
    long anonymous = status_of(text, "RssAnon:"), resident = status_of(text, "VmRSS:");
    if (anonymous > *anonymous_max) *anonymous_max = anonymous;
    if (resident > *resident_max) *resident_max = resident;
}

/* Whether the child has said that it is ready; what it says is read from a pipe that does not block. */
static bool is_ready(int said, const char *text)
{
    static char heard[65536];
    static size_t count;
    if (!text) return false;
    ssize_t more = read(said, heard + count, sizeof heard - 1 - count);
    if (more > 0) count += (size_t)more;
    return strstr(heard, text) != NULL;
}

static void be_child(char **arguments, int says)
{
    int nowhere = open("/dev/null", O_WRONLY);
    if (says >= 0) dup2(says, STDERR_FILENO);
    if (nowhere >= 0) dup2(nowhere, STDOUT_FILENO);
    if (strcmp(arguments[0], "--read") == 0) exit(read_file(arguments[1]));
    execvp(arguments[0], arguments);
    perror(arguments[0]);
    _exit(127);
}

int main(int argc, char **argv)
{
    const char *until = argc > 3 && strcmp(argv[1], "--until") == 0 ? argv[2] : NULL;
    char **command = argv + (until ? 3 : 1);
    int pipe_ends[2] = {-1, -1}, status;
    if (argc < 2 || (strcmp(argv[1], "--read") == 0 && argc != 3)) {
        fputs("usage: analysis-measure [--until TEXT] COMMAND [ARGUMENT]... | --read FILE\n", stderr);
        return 2;
    }
    if (until && pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0) return perror("pipe"), 1;
    double begin = now();
    pid_t child = fork();
    if (child == 0) be_child(command, pipe_ends[1]);
    if (child < 0) return perror("fork"), 1;
    long anonymous = 0, resident = 0;
    bool was_ready = false;
    struct rusage usage;
    while (wait4(child, &status, WNOHANG, &usage) == 0) {
        look(child, &anonymous, &resident);
        if (!was_ready && is_ready(pipe_ends[0], until)) was_ready = kill(child, SIGKILL) == 0;
        nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
    }
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
    printf("%.3f %.3f %ld %ld\n", now() - begin, cpu, anonymous, resident);
    return was_ready ? 0 : WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
