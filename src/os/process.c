/* Processes, threads, and waiting. SPDX-License-Identifier: Apache-2.0 */
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

uint32_t cairn__os_thread_id(void)
{
    return (uint32_t)syscall(SYS_gettid);
}

void cairn__os_thread_name(char *name, size_t bytes)
{
    char system_name[16] = "";
    prctl(PR_GET_NAME, system_name);
    snprintf(name, bytes, "%s", system_name);
}

bool cairn__os_thread_alive(uint32_t thread_id)
{
    return syscall(SYS_tgkill, getpid(), (pid_t)thread_id, 0) == 0 || errno != ESRCH;
}

bool cairn__os_is_privileged(void)
{
    return getauxval(AT_SECURE) != 0;
}

void cairn__os_read_text(const char *path, char *text, size_t bytes)
{
    text[0] = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    ssize_t count = read(fd, text, bytes - 1);
    close(fd);
    text[count > 0 ? count : 0] = 0;
    text[strcspn(text, "\n")] = 0;
}

/* Field 22 of /proc/self/stat, in clock ticks since boot; fields are counted behind the last ')', because the
 * program's name stands in front of it and may hold anything. */
uint64_t cairn__os_process_start_ns(void)
{
    char text[1024];
    cairn__os_read_text("/proc/self/stat", text, sizeof text);
    const char *at = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    return at ? strtoull(at, NULL, 10) * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK)) : 0;
}

uint64_t cairn__os_blocked_signals(void)
{
    sigset_t blocked;
    uint64_t bits = 0;
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    for (int i = 1; i <= 64; i++) bits |= (uint64_t)(sigismember(&blocked, i) == 1) << (i - 1);
    return bits;
}

int cairn__os_thread_create(pthread_t *thread, void *(*run)(void *), bool is_detached)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    int code = pthread_attr_init(&attributes);
    if (code) return code;
    if (is_detached) pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    sigdelset(&all, SIGBUS); /* met in a mapping: blocked, it would be the program's death; guard.c */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    code = pthread_create(thread, &attributes, run, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return code;
}

void cairn__os_barrier_init(void)
{
    syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
}

bool cairn__os_barrier(void)
{
    return syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
}

void cairn__os_wait(const uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
    struct timespec timeout = {.tv_sec = (time_t)(timeout_ns / 1000000000u),
                               .tv_nsec = (long)(timeout_ns % 1000000000u)};
    syscall(SYS_futex, word, FUTEX_WAIT, expected, &timeout, NULL, 0);
}

void cairn__os_wake(uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void cairn__os_sleep_ns(uint64_t ns)
{
    struct timespec time = {.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};
    while (nanosleep(&time, &time) && errno == EINTR) {
    }
}
