/* What a command costs: time or memory of a child. SPDX-License-Identifier: Apache-2.0
 *
 *     analysis-measure [--memory] [--until TEXT] COMMAND [ARGUMENT]...     its output goes nowhere
 *     analysis-measure [--memory] --read FILE                             the yardstick: the file, mapped, is read once
 *
 * Prints one line: wall and CPU seconds; with --memory instead the most it had at once of anonymous and of all resident memory,
 * in KiB. Memory is looked at every millisecond, which takes time from the command where processors are few: therefore a run of
 * its own. With --until the command is ready, and killed, when it has written TEXT to stderr. Exit status: that of the command. */
#include <fcntl.h>
#include <poll.h>
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

/* Whether the child has said that it is ready; waits for a word of it, but no longer than this. */
static bool is_ready(int said, const char *text, int wait_ms)
{
    static char heard[65536];
    static size_t count;
    struct pollfd ear = {.fd = said, .events = POLLIN};
    if (poll(&ear, 1, wait_ms) <= 0) return false;
    if (count == sizeof heard - 1) count = 0;
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

struct asked {
    char **command;
    const char *until;
    bool memory;
};

static bool parse(struct asked *asked, int argc, char **argv)
{
    int at = 1;
    if (at < argc && strcmp(argv[at], "--memory") == 0) asked->memory = true, at++;
    if (at + 1 < argc && strcmp(argv[at], "--until") == 0) asked->until = argv[at + 1], at += 2;
    asked->command = argv + at;
    return at < argc && (strcmp(argv[at], "--read") != 0 || argc == at + 2);
}

/* Until the child is ready or has ended. Without a text to wait for, nothing is done meanwhile but looking. */
static bool watch(const struct asked *asked, pid_t child, int said, long *anonymous, long *resident)
{
    siginfo_t ended = {0};
    while (ended.si_pid == 0) {
        bool is_blocking = !asked->memory && !asked->until;
        if (waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT | (is_blocking ? 0 : WNOHANG)) != 0)
            return false;
        if (ended.si_pid != 0) break;
        if (asked->memory) look(child, anonymous, resident);
        if (asked->until && is_ready(said, asked->until, asked->memory ? 1 : 10))
            return kill(child, SIGKILL) == 0;
        if (asked->memory && !asked->until) nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
    }
    return false;
}

int main(int argc, char **argv)
{
    struct asked asked = {0};
    int pipe_ends[2] = {-1, -1}, status;
    if (!parse(&asked, argc, argv)) {
        fputs("usage: analysis-measure [--memory] [--until TEXT] COMMAND [ARGUMENT]... | [--memory] --read "
              "FILE\n",
              stderr);
        return 2;
    }
    if (asked.until && pipe2(pipe_ends, O_CLOEXEC) != 0) return perror("pipe"), 1;
    double begin = now();
    pid_t child = fork();
    if (child == 0) be_child(asked.command, pipe_ends[1]);
    if (child < 0) return perror("fork"), 1;
    long anonymous = 0, resident = 0;
    struct rusage usage;
    bool was_ready = watch(&asked, child, pipe_ends[0], &anonymous, &resident);
    double wall = now() - begin;
    if (wait4(child, &status, 0, &usage) != child) return perror("wait4"), 1;
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
    if (asked.memory)
        printf("%ld %ld\n", anonymous, resident);
    else
        printf("%.4f %.4f\n", wall, cpu);
    return was_ready ? 0 : WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
