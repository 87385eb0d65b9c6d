/* Address space and shared mappings. SPDX-License-Identifier: Apache-2.0 */
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

void *cairn__os_reserve(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? NULL : at;
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
    return posix_fallocate(fd, (off_t)offset, (off_t)bytes);
}

void cairn__os_release(void *at, size_t bytes)
{
    (void)madvise(at, bytes, MADV_REMOVE); /* where it is not to be had, memory is given back with the file */
}
