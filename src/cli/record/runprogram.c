/* Running a program in the foreground and outliving it. SPDX-License-Identifier: Apache-2.0
 *
 * 1. Block the signals that are passed on, so that none comes between fork and the handlers.
 * 2. Fork. The child restores the mask and executes; if it cannot, it sends errno through a pipe that an exec
 *    closes.
 * 3. Handle and unblock the signals, wait for the child, put everything back.
 */
#include "cli/record/runprogram.h"

#include "cairn/cairn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const int passed_on[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};
enum { PASSED_ON = sizeof passed_on / sizeof *passed_on };

/* The program. Rules: written while the signals are blocked; read by the handler. */
static volatile pid_t child;

static int cannot_run(struct run_result *result, const char *program, int code, struct cairn_error *error)
{
    result->exit_code = code == ENOENT ? RUN_NOT_FOUND : RUN_NOT_EXECUTABLE;
    return cairn__error_set(error, CAIRN_EIO, program, CAIRN_ERROR_NOWHERE, "cannot be run: %s",
                            strerror(code));
}

static int access_error(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0 || access(path, X_OK) != 0) return errno;
    return S_ISREG(status.st_mode) ? 0 : EACCES;
}

/* As execvp looks for it: the errno of the best try. */
static int search_error(const char *name)
{
    const char *path = getenv("PATH");
    int best = ENOENT;
    for (path = path ? path : "/bin:/usr/bin"; best; path++) {
        char whole[PATH_MAX];
        int length = (int)strcspn(path, ":");
        snprintf(whole, sizeof whole, "%.*s/%s", length ? length : 1, length ? path : ".", name);
        int code = access_error(whole);
        if (code == 0 || code == EACCES) best = code;
        path += length;
        if (!*path) break;
    }
    return best;
}

int run_program_check(const char *program, struct run_result *result, struct cairn_error *error)
{
    *result = (struct run_result){0};
    int code = strchr(program, '/') ? access_error(program) : search_error(program);
    return code ? cannot_run(result, program, code, error) : 0;
}

/* A terminal signals the whole foreground group, the program with us; what it sends comes from the kernel. */
static void pass_on(int number, siginfo_t *info, void *context)
{
    (void)context;
    int saved = errno;
    if (info->si_code <= 0 && child > 0) kill(child, number);
    errno = saved;
}

/* Signals that are ignored (nohup) stay so, for us and the program. */
static void handle_signals(struct sigaction before[PASSED_ON])
{
    struct sigaction action = {.sa_sigaction = pass_on, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < PASSED_ON; i++)
        if (sigaction(passed_on[i], NULL, &before[i]) == 0 && before[i].sa_handler != SIG_IGN)
            sigaction(passed_on[i], &action, NULL);
}

static void restore_signals(const struct sigaction before[PASSED_ON])
{
    for (int i = 0; i < PASSED_ON; i++) sigaction(passed_on[i], &before[i], NULL);
}

static void execute(char **arguments, int report, const sigset_t *mask)
{
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvp(arguments[0], arguments);
    int code = errno;
    while (write(report, &code, sizeof code) < 0 && errno == EINTR) continue;
    _exit(RUN_NOT_EXECUTABLE);
}

/* errno of the exec, or 0 if it went well: then the pipe closes. */
static int exec_error(int report)
{
    int code = 0;
    ssize_t count;
    do count = read(report, &code, sizeof code);
    while (count < 0 && errno == EINTR);
    return count == sizeof code ? code : 0;
}

static void wait_for(pid_t pid, struct run_result *result)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    result->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    result->exit_code = result->signal ? RUN_SIGNAL + result->signal : WEXITSTATUS(status);
}

/* Parent's side, signals still blocked. */
static int supervise(char **arguments, const int report[2], const sigset_t *mask, struct run_result *result,
                     struct cairn_error *error)
{
    struct sigaction before[PASSED_ON];
    child = result->pid;
    close(report[1]);
    handle_signals(before);
    sigprocmask(SIG_SETMASK, mask, NULL);
    int code = exec_error(report[0]);
    wait_for(result->pid, result);
    restore_signals(before);
    child = 0;
    return code ? cannot_run(result, arguments[0], code, error) : 0;
}

int run_program(char **arguments, struct run_result *result, struct cairn_error *error)
{
    int report[2];
    sigset_t blocked, mask;
    *result = (struct run_result){0};
    if (pipe2(report, O_CLOEXEC) != 0) return cannot_run(result, arguments[0], errno, error);
    sigemptyset(&blocked);
    for (int i = 0; i < PASSED_ON; i++) sigaddset(&blocked, passed_on[i]);
    sigprocmask(SIG_BLOCK, &blocked, &mask);
    result->pid = fork();
    if (result->pid == 0) execute(arguments, report[1], &mask);
    int outcome;
    if (result->pid > 0) {
        outcome = supervise(arguments, report, &mask, result, error);
    } else {
        outcome = cannot_run(result, arguments[0], errno, error);
        close(report[1]);
        sigprocmask(SIG_SETMASK, &mask, NULL);
    }
    close(report[0]);
    return outcome;
}
