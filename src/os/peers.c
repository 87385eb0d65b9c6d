/* Other processes, by /proc. SPDX-License-Identifier: Apache-2.0 */
#include "os/peers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

enum { PROC_PATH_BYTES = 64 };

static char *proc_path(char path[PROC_PATH_BYTES], uint32_t pid, const char *name)
{
    snprintf(path, PROC_PATH_BYTES, "/proc/%u/%s", pid, name);
    return path;
}

/* ---- Processes ------------------------------------------------------------------------------------- */

static int compare_pids(const void *one, const void *other)
{
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return (a > b) - (a < b);
}

int os_process_list(struct os_pids *pids)
{
    *pids = (struct os_pids){0};
    DIR *folder = opendir("/proc");
    if (!folder) return errno;
    bool added = true;
    for (struct dirent *entry; added && (entry = readdir(folder)) != NULL;) {
        char *end;
        unsigned long pid = strtoul(entry->d_name, &end, 10);
        if (!*end && pid > 0 && pid <= INT32_MAX) added = vector_push(pids, (uint32_t)pid);
    }
    closedir(folder);
    if (pids->count) qsort(pids->items, pids->count, sizeof *pids->items, compare_pids);
    return added ? 0 : ENOMEM;
}

/* As much as fits, with a zero behind it. The count, or -1. */
static ssize_t read_proc(uint32_t pid, const char *name, char *text, size_t bytes)
{
    char path[PROC_PATH_BYTES];
    int fd = open(proc_path(path, pid, name), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t count = read(fd, text, bytes - 1);
    close(fd);
    text[count > 0 ? count : 0] = 0;
    return count;
}

/* Field 3 and field 22 of stat; fields are counted behind the last ')', because the program's name stands in front of it
 * and may hold anything. */
static bool read_stat(struct os_process *process)
{
    char text[1024];
    if (read_proc(process->pid, "stat", text, sizeof text) <= 0) return false;
    const char *at = strrchr(text, ')');
    if (!at) return false;
    char state = at[1] ? at[2] : 0;
    process->is_stopped = state == 'T' || state == 't';
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    if (!at) return false;
    process->start_boot_ns = strtoull(at, NULL, 10) * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
    return true;
}

/* Line breaks in a name are escaped there, so that what begins a line is the system's. */
static bool read_status(struct os_process *process)
{
    char text[4096];
    if (read_proc(process->pid, "status", text, sizeof text) <= 0) return false;
    unsigned effective;
    const char *uids = strstr(text, "\nUid:"), *pids = strstr(text, "\nNSpid:");
    if (!uids || sscanf(uids + 5, "%*u %u", &effective) != 1) return false;
    process->user = effective;
    process->own_pid = process->pid;
    for (char *at = pids ? (char *)(uintptr_t)pids + 7 : NULL, *end; at; at = end) {
        unsigned long pid = strtoul(at, &end, 10); /* strtoul passes over line breaks too */
        if (end == at || memchr(at, '\n', (size_t)(end - at))) break;
        process->own_pid = (uint32_t)pid;
    }
    return true;
}

static void read_name(struct os_process *process)
{
    static const char deleted[] = " (deleted)";
    char path[PROC_PATH_BYTES], target[4096];
    ssize_t count = readlink(proc_path(path, process->pid, "exe"), target, sizeof target - 1);
    if (count <= 0) {
        count = read_proc(process->pid, "comm", target, sizeof target);
        if (count > 0) count--; /* the line break */
    }
    target[count > 0 ? count : 0] = 0;
    size_t length = strlen(target), tail = sizeof deleted - 1;
    if (length > tail && strcmp(target + length - tail, deleted) == 0) target[length - tail] = 0;
    const char *slash = strrchr(target, '/');
    snprintf(process->name, sizeof process->name, "%.*s", (int)sizeof process->name - 1,
             slash ? slash + 1 : target);
}

static void read_command(struct os_process *process)
{
    char *text = process->command;
    ssize_t count = read_proc(process->pid, "cmdline", text, sizeof process->command);
    while (count > 0 && text[count - 1] == 0) count--;
    for (ssize_t i = 0; i < count; i++)
        if (!text[i]) text[i] = ' ';
    if (count <= 0) snprintf(text, sizeof process->command, "%s", process->name);
}

bool os_process_read(uint32_t pid, struct os_process *process)
{
    *process = (struct os_process){.pid = pid};
    if (!read_stat(process) || !read_status(process)) return false;
    read_name(process);
    read_command(process);
    return true;
}

static bool same_file(uint32_t pid, const char *its, const char *ours)
{
    char path[PROC_PATH_BYTES];
    struct stat one, other;
    return stat(proc_path(path, pid, its), &one) == 0 && stat(ours, &other) == 0 &&
           one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

bool os_process_shares_files(uint32_t pid)
{
    return same_file(pid, "ns/mnt", "/proc/self/ns/mnt") && same_file(pid, "root", "/proc/self/root");
}

int os_process_watch(uint32_t pid)
{
#ifdef SYS_pidfd_open
    return (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
#else
    (void)pid;
    return -1;
#endif
}

bool os_process_wait(int watch, uint64_t ns)
{
    struct pollfd poll_fd = {.fd = watch, .events = POLLIN};
    struct timespec time = {.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};
    return ppoll(&poll_fd, 1, &time, NULL) > 0;
}

/* ---- Memory files it has mapped ---------------------------------------------------------------------- */

/* "7f00a000-7f00b000 rw-s 00000000 00:01 1234    /memfd:name (deleted)\n"; false if it is of no such file. */
static bool parse_line(char *line, const char *name, struct os_memory_file *file)
{
    unsigned major_number, minor_number;
    unsigned long long begin, end, offset, inode;
    char flags[5], wanted[64];
    int at = 0;
    line[strcspn(line, "\n")] = 0;
    int fields = sscanf(line, "%llx-%llx %4s %llx %x:%x %llu %n", &begin, &end, flags, &offset, &major_number,
                        &minor_number, &inode, &at);
    snprintf(wanted, sizeof wanted, "/memfd:%s (deleted)", name);
    if (fields != 7 || !at || strlen(flags) != 4 || flags[3] != 's' || offset != 0) return false;
    *file = (struct os_memory_file){makedev(major_number, minor_number), inode, begin, end};
    return strcmp(line + at, wanted) == 0;
}

static bool add_once(struct os_memory_files *files, const struct os_memory_file *file)
{
    for (size_t i = 0; i < files->count; i++)
        if (files->items[i].device == file->device && files->items[i].inode == file->inode) return true;
    return vector_push(files, *file);
}

int os_process_memory_files(uint32_t pid, const char *name, struct os_memory_files *files)
{
    char path[PROC_PATH_BYTES], line[1024];
    *files = (struct os_memory_files){0};
    FILE *maps = fopen(proc_path(path, pid, "maps"), "re");
    if (!maps) return errno;
    bool whole = true, added = true;
    errno = 0;
    while (added && fgets(line, sizeof line, maps)) {
        struct os_memory_file file;
        bool starts_one = whole; /* and is not the rest of a line that was too long */
        whole = strchr(line, '\n') != NULL;
        if (starts_one && whole && parse_line(line, name, &file)) added = add_once(files, &file);
    }
    int code = !added ? ENOMEM : ferror(maps) ? errno : 0;
    fclose(maps);
    return code;
}

/* By O_PATH, which has no effect on whatever it may be. -1 if it is not the file. */
static int find_at(const char *path, const struct os_memory_file *file, struct stat *status)
{
    int found = open(path, O_PATH | O_CLOEXEC);
    if (found < 0) return -1;
    if (fstat(found, status) == 0 && status->st_dev == file->device && status->st_ino == file->inode)
        return found;
    close(found);
    return -1;
}

/* Among its descriptors. -1 if it is not there; links are read first because most are something else. */
static int find_descriptor(uint32_t pid, const struct os_memory_file *file, struct stat *status)
{
    char path[PROC_PATH_BYTES + 32], target[16];
    DIR *folder = opendir(proc_path(path, pid, "fd"));
    int found = -1;
    if (!folder) return -1;
    for (struct dirent *entry; found < 0 && (entry = readdir(folder)) != NULL;) {
        snprintf(path, sizeof path, "/proc/%u/fd/%.16s", pid, entry->d_name);
        ssize_t count = readlink(path, target, sizeof target);
        if (count >= 7 && memcmp(target, "/memfd:", 7) == 0) found = find_at(path, file, status);
    }
    closedir(folder);
    return found;
}

static int find_mapping(uint32_t pid, const struct os_memory_file *file, struct stat *status)
{
    char path[PROC_PATH_BYTES + 64];
    snprintf(path, sizeof path, "/proc/%u/map_files/%llx-%llx", pid, (unsigned long long)file->begin,
             (unsigned long long)file->end);
    return find_at(path, file, status);
}

/* Opens anew what was found. */
static int open_found(int found, const struct stat *status, size_t bytes, int *fd)
{
    char path[PROC_PATH_BYTES];
    if (!S_ISREG(status->st_mode) || status->st_size != (off_t)bytes) return ENOENT;
    snprintf(path, sizeof path, "/proc/self/fd/%d", found);
    *fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (*fd < 0) return errno;
    int seals = fcntl(*fd, F_GET_SEALS);
    if (seals >= 0 && seals & F_SEAL_SHRINK) return 0;
    close(*fd);
    return ENOENT;
}

int os_process_open_memory(const struct os_process *process, const struct os_memory_file *file, size_t bytes,
                           int *fd)
{
    struct stat status;
    int found = find_descriptor(process->pid, file, &status);
    if (found < 0) found = find_mapping(process->pid, file, &status);
    if (found < 0) return EBADF;
    bool is_its = status.st_uid == process->user || status.st_uid == 0;
    int code = is_its ? open_found(found, &status, bytes, fd) : EPERM;
    close(found);
    return code;
}

/* ---- Memory shared with it ------------------------------------------------------------------------- */

void *os_page_map(int fd, size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return at == MAP_FAILED ? NULL : at;
}

void os_page_unmap(void *page, size_t bytes)
{
    if (page) munmap(page, bytes);
}

void os_page_wake(uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
