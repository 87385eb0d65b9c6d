/* Address space and shared mappings. SPDX-License-Identifier: Apache-2.0 */
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

void *cairn__os_reserve(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

void cairn__os_unreserve(void *at, size_t bytes)
{
    if (at) munmap(at, bytes);
}

void cairn__os_map_nowhere(void *at, size_t bytes)
{
    mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

int cairn__os_wipe_on_fork(void *page, size_t bytes)
{
    return madvise(page, bytes, MADV_WIPEONFORK) ? errno : 0;
}

int cairn__os_map_shared(int fd, size_t bytes, void **at)
{
    int code = cairn__os_resize(fd, bytes);
    if (code) return code;
    void *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (mapped == MAP_FAILED) return errno;
    madvise(mapped, bytes,
            MADV_DONTDUMP); /* once it has no name any more, a core file would hold all of it */
    if (madvise(mapped, bytes, MADV_DONTFORK)) {
        code = errno;
        munmap(mapped, bytes);
        return code;
    }
    *at = mapped;
    return 0;
}

/* MADV_POPULATE_WRITE (Linux 5.14) both reserves and maps. Older kernels reserve with fallocate and fault on
 * first touch. */
int cairn__os_populate(void *at, size_t bytes, int fd, uint64_t offset)
{
    if (madvise(at, bytes, MADV_POPULATE_WRITE) == 0) return 0;
    if (errno != EINVAL) return errno == EFAULT || errno == ENOMEM ? ENOSPC : errno;
    int code;
    do code = posix_fallocate(fd, (off_t)offset, (off_t)bytes);
    while (code == EINTR); /* tmpfs gives up at any signal */
    return code;
}

/* Rules: of cairn__os_map_memory_file, which is called by one thread at a time. */
static struct {
    int fd;
    bool is_open;
    struct cairn__os_file_id id;
} memory_file;

/* Out of the way of programs that count on small numbers. */
static int move_up(int fd)
{
    enum { HIGH = 200 };
    int high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH);
    if (high < 0) high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(fd);
    return high;
}

int cairn__os_map_memory_file(const char *name, void *at, size_t bytes, const void *content)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) return errno;
    bool made = fchmod(fd, 0600) == 0 && cairn__os_write_at(fd, content, bytes, 0) == 0 &&
                fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0;
    fd = move_up(fd);
    struct cairn__os_file_id id;
    if (!made || fd < 0 || cairn__os_file_id(fd, &id) ||
        mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) != at) {
        if (fd >= 0) close(fd);
        return EIO;
    }
    if (memory_file.is_open && cairn__os_is_file(memory_file.fd, &memory_file.id)) close(memory_file.fd);
    memory_file.fd = fd;
    memory_file.id = id;
    memory_file.is_open = true;
    return 0;
}

void cairn__os_release(void *at, size_t bytes)
{
    (void)madvise(at, bytes, MADV_REMOVE); /* where it is not to be had, memory is given back with the file */
}
