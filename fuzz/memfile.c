/* See memfile.h. SPDX-License-Identifier: Apache-2.0 */
#include "memfile.h"

#include "cairn/cairn.h"
#include "format/layout.h"
#include "os/os.h"

#include <string.h>
#include <unistd.h>

enum { FIRST_FD = 1 << 30, FILES = 2 }; /* no descriptor of the system is as great */

struct memfile {
    const char *name;
    const uint8_t *bytes;
    size_t count;
};

static struct memfile files[FILES] = {{.name = MEMFILE_TRACE}, {.name = MEMFILE_LIVE}};
static size_t growth;
static bool is_alive;

void memfile_set(const char *name, const uint8_t *bytes, size_t count)
{
    struct memfile *file = &files[strcmp(name, files[0].name) != 0];
    file->bytes = bytes;
    file->count = count;
}

void memfile_set_growth(size_t bytes)
{
    growth = bytes;
}

void memfile_set_alive(bool alive)
{
    is_alive = alive;
}

/* ---- In the place of src/os ------------------------------------------------------------------------------ */

int __real_os_map_file(const char *path, struct os_mapping *mapping, struct cairn_error *error);
void __real_os_unmap_file(struct os_mapping *mapping);
off_t __real_lseek(int fd, off_t offset, int whence);
int __wrap_os_map_file(const char *path, struct os_mapping *mapping, struct cairn_error *error);
void __wrap_os_unmap_file(struct os_mapping *mapping);
bool __wrap_os_process_maps_file(uint32_t pid, const char *path);
off_t __wrap_lseek(int fd, off_t offset, int whence);

static int map_file(int i, struct os_mapping *mapping, struct cairn_error *error)
{
    *mapping = (struct os_mapping){.fd = -1};
    if (!files[i].bytes)
        return cairn__error_set(error, CAIRN_EIO, files[i].name, CAIRN_ERROR_NOWHERE, "is not there");
    size_t count = files[i].count;
    if (i == 0) {
        count -= growth < count ? growth : count;
        growth = 0;
    }
    uint8_t *copy = count ? malloc(count) : NULL;
    if (count && !copy)
        return cairn__error_set(error, CAIRN_ENOMEM, files[i].name, CAIRN_ERROR_NOWHERE, "memory ran out");
    if (count) memcpy(copy, files[i].bytes, count);
    *mapping = (struct os_mapping){.bytes = copy, .count = count, .fd = FIRST_FD + i};
    return 0;
}

int __wrap_os_map_file(const char *path, struct os_mapping *mapping, struct cairn_error *error)
{
    for (int i = 0; i < FILES; i++) {
        if (!strcmp(path, files[i].name)) return map_file(i, mapping, error);
    }
    return __real_os_map_file(path, mapping, error);
}

void __wrap_os_unmap_file(struct os_mapping *mapping)
{
    if (mapping->fd < FIRST_FD) {
        __real_os_unmap_file(mapping);
        return;
    }
    free((void *)(uintptr_t)mapping->bytes);
    *mapping = (struct os_mapping){.fd = -1};
}

bool __wrap_os_process_maps_file(uint32_t pid, const char *path)
{
    (void)pid, (void)path; /* the number is the input's: no process is asked */
    return is_alive;
}

/* Pages of zeros are holes, as they are in a file that nobody has written there. */
static bool is_hole(const struct memfile *file, size_t page)
{
    size_t end = page + CAIRN_PAGE_BYTES < file->count ? page + CAIRN_PAGE_BYTES : file->count;
    while (page < end && !file->bytes[page]) page++;
    return page == end;
}

off_t __wrap_lseek(int fd, off_t offset, int whence)
{
    if (fd < FIRST_FD) return __real_lseek(fd, offset, whence);
    const struct memfile *file = &files[fd - FIRST_FD];
    size_t at = (size_t)offset;
    bool wanted = whence == SEEK_HOLE;
    while (at < file->count && is_hole(file, at & ~(size_t)(CAIRN_PAGE_BYTES - 1)) != wanted) {
        at = (at & ~(size_t)(CAIRN_PAGE_BYTES - 1)) + CAIRN_PAGE_BYTES;
    }
    if (at < file->count) return (off_t)at;
    return wanted && offset >= 0 && (size_t)offset < file->count ? (off_t)file->count : -1;
}
