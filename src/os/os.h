/* The face of src/os: what the recorder and the tool need of the system beyond plain libc, and the only
 * place with #ifdef of an OS or a CPU. SPDX-License-Identifier: Apache-2.0
 *
 * Functions named cairn__os_* are linked into the recorder: they allocate nothing, leave no descriptor
 * behind, and return 0 or a positive errno. Those named os_* are for the tool.
 */
#ifndef CAIRN_OS_OS_H
#define CAIRN_OS_OS_H

#include "base/base.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#else
#include <time.h>
#endif

/* ---- Clock ---------------------------------------------------------------------------------------- */

/* Which counter cairn__os_ticks reads: CAIRN_CLOCK_... of format/layout.h. Decided once.
 * Rules: written by cairn__os_clock_init before recording starts for the first time; read anywhere. */
extern uint32_t cairn__os_clock;

/* Chooses the raw counter if it is invariant, else CLOCK_MONOTONIC; the latter also if `force_monotonic`. */
void cairn__os_clock_init(bool force_monotonic);

uint64_t cairn__os_monotonic_ns(void); /* CLOCK_MONOTONIC. Signal-safe. */

/* The raw counter, if the machine has one; anything if not, and meaningless if cairn__os_clock says that another
 * clock is in use. */
static inline uint64_t cairn__os_counter(void)
{
#if defined(__x86_64__)
    return __rdtsc();
#elif defined(__aarch64__)
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#else
    return 0;
#endif
}

/* The present time in ticks. Neither fences nor enters the kernel where there is a counter. Signal-safe. */
static inline uint64_t cairn__os_ticks(void)
{
    if (__builtin_expect(cairn__os_clock != 3, 1)) return cairn__os_counter();
    return cairn__os_monotonic_ns();
}

/* The same instant on three clocks, as close together as a few attempts allow. */
void cairn__os_anchor(uint64_t *ticks, uint64_t *monotonic_ns, uint64_t *realtime_ns);

/* ---- Processes and threads ------------------------------------------------------------------------ */

uint32_t cairn__os_thread_id(void);                   /* a system call */
void cairn__os_thread_name(char *name, size_t bytes); /* as the system knows the calling thread */
bool cairn__os_thread_alive(uint32_t thread_id);      /* of this process */
uint64_t cairn__os_process_start_ns(void);            /* CLOCK_BOOTTIME; 0 if unknown */
bool cairn__os_is_privileged(void); /* set-uid or alike: the environment is not to be trusted */

/* Makes every running thread of the process pass a full memory barrier. False if the system has none:
 * then the caller waits instead. The first function must have been called once before the second. */
void cairn__os_barrier_init(void);
bool cairn__os_barrier(void);

/* Whether a signal handler may be running in this thread, as far as that can be known. False: there is none, but for one
 * that took itself away or changed its own mask. Costs up to some hundred system calls. Signal-safe. */
bool cairn__os_maybe_in_handler(void);
uint64_t cairn__os_blocked_signals(void); /* in this thread: a bit for each, from 1. Signal-safe. */
/* A thread that blocks all signals but SIGBUS. Not signal-safe. */
int cairn__os_thread_create(pthread_t *thread, void *(*run)(void *), bool is_detached);

/* Waits until *word is not `expected`, is woken, or the time is over. May return early. */
void cairn__os_wait(const uint32_t *word, uint32_t expected, uint64_t timeout_ns);
void cairn__os_wake(uint32_t *word);
void cairn__os_sleep_ns(uint64_t ns);

void cairn__os_read_text(const char *path, char *text, size_t bytes); /* first line of a small file, or "" */

/* ---- Memory --------------------------------------------------------------------------------------- */

/* Address space that is zero and takes memory only where touched. NULL if refused. */
void *cairn__os_reserve(size_t bytes);
void cairn__os_unreserve(void *at, size_t bytes); /* NULL is nothing */
/* Puts private memory at an address where there is none. Signal-safe. */
void cairn__os_map_nowhere(void *at, size_t bytes);
/* Has a page of this process's own data read as zero in any child that gets a copy of it. */
int cairn__os_wipe_on_fork(void *page, size_t bytes);
/* Makes a part of a shared mapping present and writable, so that touching it cannot fail or fault.
 * `fd` and `offset` name the same part of the file. ENOSPC and the like instead of a signal. Signal-safe. */
int cairn__os_populate(void *at, size_t bytes, int fd, uint64_t offset);

/* Puts a new memory file, which holds `content`, in the place of memory of our own, shared, so that others who may look
 * into the process can map it too: it has one descriptor, high, closed by exec. Nobody can change its size. In a
 * forked child it replaces the parent's. Signal-safe. */
int cairn__os_map_memory_file(const char *name, void *at, size_t bytes, const void *content);

/* From now on a SIGBUS in this shared mapping (its file was truncated) puts private memory there and sets *gone; any
 * other goes where it went before. Until cairn__os_unguard, or until the program sets a handler of its own. */
void cairn__os_guard(void *at, size_t bytes, uint32_t *gone);
void cairn__os_unguard(void);

/* Gives the memory of a part of a shared mapping back; it stays mapped and is zero when touched again. */
void cairn__os_release(void *at, size_t bytes);
/* Asks for the cache line at `at` to be made ours before we write to it. Any address will do. */
static inline void cairn__os_prefetch_write(const void *at)
{
#if defined(__x86_64__)
    __asm__ volatile("prefetchw %0"
                     :
                     : "m"(*(const char *)at)); /* processors without it take it for a no-op */
#else
    __builtin_prefetch(at, 1);
#endif
}

/* ---- Files ---------------------------------------------------------------------------------------- */

/* Creates `path` anew with mode 0600, never through a symbolic link. EEXIST if there is anything. */
int cairn__os_create(const char *path, int *fd);
/* Opens a file of ours again. */
int cairn__os_reopen(const char *path, int *fd);
/* Sizes a new file and maps it shared, not inherited by children. */
int cairn__os_map_shared(int fd, size_t bytes, void **at);
/* Sets the size of a file; beyond the file-size limit is EFBIG and no signal. */
int cairn__os_resize(int fd, uint64_t bytes);
/* Gives a file another name, where nothing may stand. EEXIST if something does. */
int cairn__os_rename_new(const char *from, const char *to);
/* Writes all, at an offset; a file-size limit is EFBIG and no signal. On failure a part may be written. */
int cairn__os_write_at(int fd, const void *bytes, size_t count, uint64_t offset);
/* Whether `fd` still is the file it was (a program may close descriptors that are not its own). */
struct cairn__os_file_id {
    uint64_t device, inode;
};
int cairn__os_file_id(int fd, struct cairn__os_file_id *id);
/* Whether a file has a name, and that many bytes. */
bool cairn__os_is_whole(int fd, uint64_t bytes);
bool cairn__os_is_file(int fd, const struct cairn__os_file_id *id);

/* CRC-32C with the processor's instruction where it has one; else base/crc32c.h. */
uint32_t cairn__os_crc32c(uint32_t crc, const void *bytes, size_t count);

/* ---- For the tool --------------------------------------------------------------------------------- */

struct os_mapping {
    const uint8_t *bytes; /* NULL if the file is empty */
    size_t count;
    int fd;
};

/* Maps a regular file read-only. The file may still grow or be written. Returns 0, or -1 with *error set.
 * Reading a mapping of a file that somebody truncates meanwhile raises SIGBUS, as for any tool. */
int os_map_file(const char *path, struct os_mapping *mapping, struct cairn_error *error);
void os_unmap_file(struct os_mapping *mapping);
/* That part will not be read again soon: its pages leave the process, not the system's cache. */
void os_forget_pages(const struct os_mapping *mapping, size_t offset, size_t count);

/* How many processors this process may use, at least 1. */
unsigned os_processor_count(void);

/* Whether process `pid` has the file at `path` mapped: the surest sign that the program image that made it
 * is alive, as neither exec nor fork passes the mapping on. True also if that cannot be found out. */
bool os_process_maps_file(uint32_t pid, const char *path);

#endif
