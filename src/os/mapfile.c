/* What the tool alone asks of the system: files to read, who maps a file. SPDX-License-Identifier: Apache-2.0 */
#include "os.h"

#include "cairn/cairn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int os_map_file(const char *path, struct os_mapping *mapping, struct cairn_error *error)
{
    *mapping = (struct os_mapping){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
    struct stat status;
    if (mapping->fd < 0 || fstat(mapping->fd, &status) < 0) {
        int code = errno == EACCES ? CAIRN_EACCES : CAIRN_EIO;
        cairn__error_set(error, code, path, CAIRN_ERROR_NOWHERE, "cannot be opened: %s", strerror(errno));
        goto fail;
    }
    if (!S_ISREG(status.st_mode)) {
        cairn__error_set(error, CAIRN_EINVAL, path, CAIRN_ERROR_NOWHERE, "is not a regular file");
        goto fail;
    }
    mapping->count = (size_t)status.st_size;
    if (!mapping->count) return 0;
    void *bytes = mmap(NULL, mapping->count, PROT_READ, MAP_SHARED, mapping->fd, 0);
    if (bytes == MAP_FAILED) {
        cairn__error_set(error, CAIRN_ENOMEM, path, CAIRN_ERROR_NOWHERE, "cannot be mapped: %s",
                         strerror(errno));
        goto fail;
    }
    mapping->bytes = bytes;
    return 0;
fail:
    if (mapping->fd >= 0) close(mapping->fd);
    mapping->fd = -1;
    return -1;
}

void os_unmap_file(struct os_mapping *mapping)
{
    if (mapping->bytes) munmap((void *)(uintptr_t)mapping->bytes, mapping->count);
    if (mapping->fd >= 0) close(mapping->fd);
    *mapping = (struct os_mapping){.fd = -1};
}

void os_forget_pages(const struct os_mapping *mapping, size_t offset, size_t count)
{
    const size_t page = 4096;
    size_t begin = offset & ~(page - 1), end = offset + count;
    madvise((void *)(uintptr_t)(mapping->bytes + begin), end - begin, MADV_DONTNEED); /* a hint */
}

unsigned os_processor_count(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count > 0 ? (unsigned)count : 1;
}

bool os_process_maps_file(uint32_t pid, const char *path)
{
    char name[64];
    snprintf(name, sizeof name, "/proc/%u/maps", pid);
    FILE *maps = fopen(name, "re");
    if (!maps) return errno != ENOENT && errno != ESRCH;
    char line[1024];
    bool found = false;
    while (!found && fgets(line, sizeof line, maps)) {
        const char *mapped = strchr(line, '/');
        found = mapped && strncmp(mapped, path, strlen(path)) == 0;
    }
    fclose(maps);
    return found;
}
