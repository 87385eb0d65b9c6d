/* Files of the recorder. SPDX-License-Identifier: Apache-2.0 */
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A program that has closed a standard stream may still read or write it: it must not be one of ours. */
static int above_standard(int *fd)
{
    int low = *fd;
    if (low > STDERR_FILENO) return 0;
    *fd = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int code = *fd < 0 ? errno : 0;
    close(low);
    return code;
}

int cairn__os_create(const char *path, int *fd)
{
    *fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (*fd < 0) return errno;
    int code = above_standard(fd);
    if (code) unlink(path);
    return code;
}

int cairn__os_reopen(const char *path, int *fd)
{
    *fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return *fd < 0 ? errno : above_standard(fd);
}

int cairn__os_rename_new(const char *from, const char *to)
{
    enum { NO_REPLACE = 1 }; /* RENAME_NOREPLACE; not every file system has it */
    if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, NO_REPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return errno;
    if (link(from, to)) return errno;
    unlink(from);
    return 0;
}

/* Behind RLIMIT_FSIZE the kernel also sends SIGXFSZ to the writing thread, whose default is death. It is held
 * back during the write and taken away if it came from it. */
static void hold_back_too_large(sigset_t *before)
{
    sigset_t too_large;
    sigemptyset(&too_large);
    sigaddset(&too_large, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &too_large, before);
}

static void let_too_large(const sigset_t *before, int code)
{
    sigset_t too_large;
    sigemptyset(&too_large);
    sigaddset(&too_large, SIGXFSZ);
    struct timespec none = {0};
    if (code == EFBIG && !sigismember(before, SIGXFSZ)) sigtimedwait(&too_large, NULL, &none);
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

int cairn__os_resize(int fd, uint64_t bytes)
{
    sigset_t before;
    hold_back_too_large(&before);
    int code = ftruncate(fd, (off_t)bytes) ? errno : 0;
    let_too_large(&before, code);
    return code;
}

int cairn__os_write_at(int fd, const void *bytes, size_t count, uint64_t offset)
{
    sigset_t before;
    hold_back_too_large(&before);
    const char *at = bytes;
    int code = 0;
    while (count && !code) {
        ssize_t written = pwrite(fd, at, count, (off_t)offset);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            code = written < 0 ? errno : EIO;
            break;
        }
        at += written;
        count -= (size_t)written;
        offset += (uint64_t)written;
    }
    let_too_large(&before, code);
    return code;
}

int cairn__os_file_id(int fd, struct cairn__os_file_id *id)
{
    struct stat status;
    if (fstat(fd, &status)) return errno;
    *id = (struct cairn__os_file_id){.device = status.st_dev, .inode = status.st_ino};
    return 0;
}

bool cairn__os_is_whole(int fd, uint64_t bytes)
{
    struct stat status;
    return fstat(fd, &status) || (status.st_nlink > 0 && (uint64_t)status.st_size >= bytes);
}

bool cairn__os_is_file(int fd, const struct cairn__os_file_id *id)
{
    struct cairn__os_file_id now = {0, 0};
    return cairn__os_file_id(fd, &now) == 0 && now.device == id->device && now.inode == id->inode;
}
