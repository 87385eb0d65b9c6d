/* Other processes, and memory shared with them, for the tool. SPDX-License-Identifier: Apache-2.0
 *
 * Processes of any user are looked at, perhaps by root: whatever comes from them (names, paths, files) is bounded
 * and checked, and no file is opened but what was proved to be the one that the process has mapped.
 */
#ifndef CAIRN_OS_PEERS_H
#define CAIRN_OS_PEERS_H

#include "base/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Processes ------------------------------------------------------------------------------------- */

struct os_pids {
    uint32_t *items; /* a vector; to be freed with vector_free */
    size_t count, capacity;
};

/* The pids of all processes that can be seen, ascending. Returns 0 or a positive errno. */
int os_process_list(struct os_pids *pids);

struct os_process {
    uint32_t pid;           /* as we see it */
    uint32_t own_pid;       /* as it sees itself, in its own pid namespace */
    uint32_t user;          /* effective */
    bool is_stopped;        /* by a signal or a debugger */
    uint64_t start_boot_ns; /* CLOCK_BOOTTIME */
    char name[64];          /* of its executable; if that may not be known, what the system calls it */
    char command[256];      /* its arguments, joined by spaces, perhaps cut */
};

/* False if there is no such process (any more). */
bool os_process_read(uint32_t pid, struct os_process *process);
/* Whether a path means the same to it as to us: one mount namespace, one root. False if that cannot be found out. */
bool os_process_shares_files(uint32_t pid);

/* Sleeps for `ns`, less if the process ends or a signal comes; true if it has ended. `watch` is what os_process_watch
 * returned; -1, which it returns if the system cannot watch, just sleeps. */
int os_process_watch(uint32_t pid);
bool os_process_wait(int watch, uint64_t ns);

/* ---- Memory files it has mapped ---------------------------------------------------------------------- */

struct os_memory_file {
    uint64_t device, inode;
    uint64_t begin, end; /* where the process has it mapped */
};

struct os_memory_files {
    struct os_memory_file *items; /* a vector; to be freed with vector_free */
    size_t count, capacity;
};

/* The memory files (memfd) called `name` that the process has mapped shared from their beginning, each once. Returns 0 or
 * a positive errno: EACCES if the process is not ours to look at. */
int os_process_memory_files(uint32_t pid, const char *name, struct os_memory_files *files);

/* Opens one of them to read and write, if it belongs to the user of the process or to root, has `bytes`, and is sealed
 * against shrinking, so that touching a mapping of it cannot fail. Returns 0 or a positive errno: EBADF if it is not
 * there any more, or the process has closed its descriptor, without which only root gets at it; ENOENT if it is none
 * of these files. */
int os_process_open_memory(const struct os_process *process, const struct os_memory_file *file, size_t bytes,
                           int *fd);

/* ---- Memory shared with it ------------------------------------------------------------------------- */

/* Maps the beginning of a file. NULL with errno. */
void *os_page_map(int fd, size_t bytes);
void os_page_unmap(void *page, size_t bytes);
/* Wakes all who wait for a word of it, in whatever process. */
void os_page_wake(uint32_t *word);

#endif
