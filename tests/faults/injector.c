/* Makes one system call of the recorder fail. SPDX-License-Identifier: Apache-2.0
 *
 * Preloaded before libcairn.so, it stands in front of every function by which that enters the system. Only calls whose
 * return address lies in libcairn.so count; the program's own pass unseen. What is to fail: faultpoint.h.
 *
 * Who calls is known per thread: within cairn_start, cairn_stop and cairn_snapshot, which are stood in front of as well,
 * on a thread of the recorder's own ("helper"), at loading, or else amid an annotation ("event"). Every stand-in has the name and the contract of
 * what it replaces. A call that is made to fail has no effect, but for close, which closes. */
#include "faultpoint.h"

#include "format/layout.h"

#include <cairn/cairn.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static uint8_t things[1024]; /* what a descriptor of the recorder's is. Atomic. */
static const struct cairn_file_head *live;
static char live_path[sizeof live->live_path];

#define BY_RECORDER fault_by_recorder(__builtin_return_address(0))
#define REAL(name) ((__typeof__(&name))(uintptr_t)fault_real(CALL_##name))

/* ---- What a call is applied to -------------------------------------------------------------------------------- */

static enum thing thing_of(int fd)
{
    return fd >= 0 && fd < (int)sizeof things ? __atomic_load_n(&things[fd], __ATOMIC_RELAXED) : THING_other;
}

static int note_thing(int fd, enum thing thing)
{
    if (fd >= 0 && fd < (int)sizeof things) __atomic_store_n(&things[fd], (uint8_t)thing, __ATOMIC_RELAXED);
    return fd;
}

static enum thing thing_at(const char *path, int flags)
{
    size_t length = strlen(path);
    bool is_live = length > 5 && strcmp(path + length - 5, ".live") == 0;
    if (strncmp(path, "/proc/", 6) == 0 || strncmp(path, "/sys/", 5) == 0) return THING_system;
    if (flags & O_CREAT && is_live) snprintf(live_path, sizeof live_path, "%s", path);
    if (is_live) return strcmp(path, live_path) == 0 ? THING_live : THING_older_live;
    return (flags & O_ACCMODE) == O_RDONLY ? THING_older : THING_trace;
}

static enum thing part_of_live(uint64_t offset)
{
    if (!offset) return THING_head;
    if (offset >= live->slots_offset) return THING_slots;
    if (offset >= live->threads_offset + live->threads_bytes) return THING_tasks;
    return offset >= live->threads_offset ? THING_threads : THING_sites;
}

static enum thing part_of_trace(int fd, off_t offset)
{
    if (thing_of(fd) != THING_trace) return thing_of(fd);
    return !offset ? THING_head : offset < CAIRN_FILE_HEAD_BYTES ? THING_anchor : THING_blocks;
}

/* ---- Control: who calls --------------------------------------------------------------------------------------- */

int cairn_start(const cairn_options *options)
{
    fault_is_loaded();
    fault_phase = PHASE_start;
    int code = REAL(cairn_start)(options);
    fault_phase = PHASE_event;
    return code;
}

int cairn_stop(void)
{
    fault_phase = PHASE_stop;
    int code = REAL(cairn_stop)();
    fault_phase = PHASE_event;
    fault_is_over(); /* the first recording is the one that is disturbed */
    return code;
}

int cairn_snapshot(const char *path)
{
    fault_phase = PHASE_snapshot;
    int code = REAL(cairn_snapshot)(path);
    fault_phase = PHASE_event;
    return code;
}

struct beginning { /* of a thread of the recorder's */
    void *(*run)(void *);
    void *argument;
};

static void *run_helper(void *data)
{
    struct beginning beginning = *(struct beginning *)data;
    free(data);
    fault_phase = PHASE_helper;
    return beginning.run(beginning.argument);
}

/* ---- Memory and threads --------------------------------------------------------------------------------------- */

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    if (!BY_RECORDER) return REAL(pthread_create)(thread, attributes, run, argument);
    struct beginning *beginning = malloc(sizeof *beginning);
    if (!beginning) abort();
    *beginning = (struct beginning){run, argument};
    int code = fault_code_if_due(CALL_pthread_create, THING_other);
    if (!code) code = REAL(pthread_create)(thread, attributes, run_helper, beginning);
    if (code) free(beginning);
    return code;
}

int pthread_key_create(pthread_key_t *key, void (*destroy)(void *))
{
    int code = BY_RECORDER ? fault_code_if_due(CALL_pthread_key_create, THING_other) : 0;
    return code ? code : REAL(pthread_key_create)(key, destroy);
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
    int code = BY_RECORDER ? fault_code_if_due(CALL_pthread_setspecific, THING_other) : 0;
    return code ? code : REAL(pthread_setspecific)(key, value);
}

int __register_atfork(void (*before)(void), void (*parent)(void), void (*child)(void), void *library);
int __register_atfork(void (*before)(void), void (*parent)(void), void (*child)(void), void *library)
{
    int code = BY_RECORDER ? fault_code_if_due(CALL___register_atfork, THING_other) : 0;
    return code ? code : REAL(__register_atfork)(before, parent, child, library);
}

void *mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    if (!BY_RECORDER) return REAL(mmap)(at, bytes, protection, flags, fd, offset);
    if (fault_is_due(CALL_mmap, fd < 0 ? THING_memory : thing_of(fd))) return MAP_FAILED;
    void *mapped = REAL(mmap)(at, bytes, protection, flags, fd, offset);
    if (mapped != MAP_FAILED && thing_of(fd) == THING_live) live = mapped;
    return mapped;
}

int munmap(void *at, size_t bytes)
{
    if (BY_RECORDER && fault_is_due(CALL_munmap, at == live ? THING_live : THING_other)) return -1;
    return REAL(munmap)(at, bytes);
}

static enum thing thing_of_advice(const void *at, int advice)
{
    switch (advice) {
    case MADV_POPULATE_WRITE: return part_of_live((uint64_t)((const char *)at - (const char *)live));
    case MADV_DONTDUMP: return THING_dump;
    case MADV_DONTFORK: return THING_live;
    case MADV_WIPEONFORK: return THING_fork;
    case MADV_REMOVE: return THING_release;
    default: return THING_other;
    }
}

int madvise(void *at, size_t bytes, int advice)
{
    if (!BY_RECORDER) return REAL(madvise)(at, bytes, advice);
    bool is_new = advice == MADV_POPULATE_WRITE || advice == MADV_WIPEONFORK;
    if (is_new && fault_is_old_kernel(EINVAL)) return -1;
    if (fault_is_due(CALL_madvise, thing_of_advice(at, advice))) return -1;
    return REAL(madvise)(at, bytes, advice);
}

int posix_fallocate(int fd, off_t offset, off_t bytes)
{
    int code = BY_RECORDER ? fault_code_if_due(CALL_posix_fallocate, part_of_live((uint64_t)offset)) : 0;
    return code ? code : REAL(posix_fallocate)(fd, offset, bytes);
}

/* Only those of its uses that can fail are points. */
static bool syscall_fails(long number, long operation)
{
    switch (number) {
    case SYS_membarrier: return fault_is_old_kernel(ENOSYS) || fault_is_due(CALL_syscall, THING_barrier);
    case SYS_renameat2: return fault_is_old_kernel(ENOSYS) || fault_is_due(CALL_syscall, THING_name);
    case SYS_tgkill: return fault_is_due(CALL_syscall, THING_alive);
    case SYS_futex: return fault_is_due(CALL_syscall, operation == FUTEX_WAIT ? THING_wait : THING_wake);
    default: return false;
    }
}

long syscall(long number, ...)
{
    long argument[6];
    va_list arguments;
    va_start(arguments, number);
    for (int i = 0; i < 6; i++) argument[i] = va_arg(arguments, long);
    va_end(arguments);
    if (BY_RECORDER && syscall_fails(number, argument[1])) return -1;
    return REAL(syscall)(number, argument[0], argument[1], argument[2], argument[3], argument[4],
                         argument[5]);
}

int prctl(int option, ...)
{
    va_list arguments;
    unsigned long argument[4];
    va_start(arguments, option);
    for (int i = 0; i < 4; i++) argument[i] = va_arg(arguments, unsigned long);
    va_end(arguments);
    if (BY_RECORDER && fault_is_due(CALL_prctl, THING_name)) return -1;
    return REAL(prctl)(option, argument[0], argument[1], argument[2], argument[3]);
}

int nanosleep(const struct timespec *time, struct timespec *rest)
{
    if (BY_RECORDER && fault_is_due(CALL_nanosleep, THING_other)) return -1;
    return REAL(nanosleep)(time, rest);
}

ssize_t getrandom(void *bytes, size_t count, unsigned flags)
{
    if (!BY_RECORDER) return REAL(getrandom)(bytes, count, flags);
    if (fault_is_old_kernel(ENOSYS) || fault_is_due(CALL_getrandom, THING_other)) return -1;
    return REAL(getrandom)(bytes, count, flags);
}

int gethostname(char *name, size_t bytes)
{
    if (BY_RECORDER && fault_is_due(CALL_gethostname, THING_other)) return -1;
    return REAL(gethostname)(name, bytes);
}

/* ---- Files ---------------------------------------------------------------------------------------------------- */

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (!BY_RECORDER) return REAL(open)(path, flags, mode);
    enum thing thing = thing_at(path, flags);
    if (fault_is_due(CALL_open, thing)) return -1;
    return note_thing(REAL(open)(path, flags, mode), thing);
}

int close(int fd)
{
    if (!BY_RECORDER) return REAL(close)(fd);
    bool failed = fault_is_due(CALL_close, thing_of(fd));
    note_thing(fd, THING_other);
    int result = REAL(close)(fd);
    if (failed) errno = fault_code();
    return failed ? -1 : result;
}

int fchmod(int fd, mode_t mode)
{
    if (BY_RECORDER && fault_is_due(CALL_fchmod, thing_of(fd))) return -1;
    return REAL(fchmod)(fd, mode);
}

int memfd_create(const char *name, unsigned flags)
{
    if (!BY_RECORDER) return REAL(memfd_create)(name, flags);
    if (fault_is_old_kernel(ENOSYS) || fault_is_due(CALL_memfd_create, THING_page)) return -1;
    return note_thing(REAL(memfd_create)(name, flags), THING_page);
}

int fcntl(int fd, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (!BY_RECORDER) return REAL(fcntl)(fd, command, argument);
    if (fault_is_due(CALL_fcntl, thing_of(fd))) return -1;
    int result = REAL(fcntl)(fd, command, argument);
    return command == F_DUPFD_CLOEXEC ? note_thing(result, thing_of(fd)) : result;
}

int flock(int fd, int operation)
{
    if (BY_RECORDER && fault_is_due(CALL_flock, thing_of(fd))) return -1;
    return REAL(flock)(fd, operation);
}

int fstat(int fd, struct stat *status)
{
    if (BY_RECORDER && fault_is_due(CALL_fstat, thing_of(fd))) return -1;
    return REAL(fstat)(fd, status);
}

int ftruncate(int fd, off_t bytes)
{
    if (BY_RECORDER && fault_is_due(CALL_ftruncate, thing_of(fd))) return -1;
    return REAL(ftruncate)(fd, bytes);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset)
{
    if (BY_RECORDER && fault_is_due_in_full(CALL_pwrite, part_of_trace(fd, offset), &count)) return -1;
    return REAL(pwrite)(fd, bytes, count, offset);
}

ssize_t pread(int fd, void *bytes, size_t count, off_t offset)
{
    if (BY_RECORDER && fault_is_due_in_full(CALL_pread, thing_of(fd), &count)) return -1;
    return REAL(pread)(fd, bytes, count, offset);
}

ssize_t read(int fd, void *bytes, size_t count)
{
    if (BY_RECORDER && fault_is_due_in_full(CALL_read, thing_of(fd), &count)) return -1;
    return REAL(read)(fd, bytes, count);
}

int link(const char *from, const char *to)
{
    if (BY_RECORDER && fault_is_due(CALL_link, THING_trace)) return -1;
    return REAL(link)(from, to);
}

int rename(const char *from, const char *to)
{
    if (BY_RECORDER && fault_is_due(CALL_rename, THING_trace)) return -1;
    return REAL(rename)(from, to);
}

int unlink(const char *path)
{
    if (BY_RECORDER && fault_is_due(CALL_unlink, thing_at(path, O_RDWR))) return -1;
    return REAL(unlink)(path);
}

int mkdir(const char *path, mode_t mode)
{
    if (BY_RECORDER && fault_is_due(CALL_mkdir, THING_other)) return -1;
    return REAL(mkdir)(path, mode);
}

int stat(const char *path, struct stat *status)
{
    if (BY_RECORDER && fault_is_due(CALL_stat, THING_trace)) return -1;
    return REAL(stat)(path, status);
}

ssize_t readlink(const char *path, char *bytes, size_t count)
{
    if (BY_RECORDER && fault_is_due(CALL_readlink, THING_system)) return -1;
    return REAL(readlink)(path, bytes, count);
}

char *getcwd(char *path, size_t bytes)
{
    if (BY_RECORDER && fault_is_due(CALL_getcwd, THING_other)) return NULL;
    return REAL(getcwd)(path, bytes);
}
