/* The points at which a fault can be put, and what is asked for. See injector.c. SPDX-License-Identifier: Apache-2.0
 *
 * A POINT is a function, what it is applied to, and who calls: "pwrite/blocks/helper". Environment:
 *
 *   FAULT_POINT=pwrite/blocks/helper   which; "pwrite/blocks" and "pwrite" are all that begin so;
 *   FAULT_AT=3                         its third call, from 1
 *   FAULT_ERRNO=28                     fails so, and 0 does half of what is asked (reads and writes)
 *   FAULT_ONWARDS=1                    and so do all behind it
 *   FAULT_OLD_KERNEL=1                 besides, what came with Linux 3.17 or later is refused, always
 *   FAULT_REPORT=file                  at exit: "1 fired", then a line for each point met: "12 pwrite/blocks/helper"
 */
#ifndef CAIRN_TESTS_FAULTPOINT_H
#define CAIRN_TESTS_FAULTPOINT_H

#include <stdbool.h>
#include <stddef.h>

#define CALLS(X)                                                                                             \
    X(__register_atfork)                                                                                     \
    X(close)                                                                                                 \
    X(fchmod)                                                                                                \
    X(fcntl)                                                                                                 \
    X(flock)                                                                                                 \
    X(fstat)                                                                                                 \
    X(ftruncate)                                                                                             \
    X(getcwd)                                                                                                \
    X(gethostname)                                                                                           \
    X(getrandom)                                                                                             \
    X(link)                                                                                                  \
    X(madvise)                                                                                               \
    X(memfd_create)                                                                                          \
    X(mkdir)                                                                                                 \
    X(mmap)                                                                                                  \
    X(munmap)                                                                                                \
    X(nanosleep)                                                                                             \
    X(open)                                                                                                  \
    X(posix_fallocate)                                                                                       \
    X(prctl)                                                                                                 \
    X(pread)                                                                                                 \
    X(pthread_create)                                                                                        \
    X(pthread_key_create)                                                                                    \
    X(pthread_setspecific)                                                                                   \
    X(pwrite)                                                                                                \
    X(read)                                                                                                  \
    X(readlink)                                                                                              \
    X(rename)                                                                                                \
    X(stat)                                                                                                  \
    X(syscall)                                                                                               \
    X(unlink)                                                                                                \
    X(cairn_start)                                                                                           \
    X(cairn_stop)                                                                                            \
    X(cairn_snapshot)
#define THINGS(X)                                                                                            \
    X(other)                                                                                                 \
    X(trace)      /* being recorded, under either of its names */                                            \
    X(live)       /* its live file */                                                                        \
    X(older)      /* what stands at the path of the trace */                                                 \
    X(older_live) /* what that names */                                                                      \
    X(page)       /* by which others reach the process */                                                    \
    X(system)     /* /proc and the like */                                                                   \
    X(head)       /* parts of the two files */                                                               \
    X(anchor)                                                                                                \
    X(blocks)                                                                                                \
    X(sites)                                                                                                 \
    X(threads)                                                                                               \
    X(tasks)                                                                                                 \
    X(slots)                                                                                                 \
    X(memory) /* advice, and what is told by number */                                                       \
    X(dump)                                                                                                  \
    X(fork)                                                                                                  \
    X(release)                                                                                               \
    X(name)                                                                                                  \
    X(barrier)                                                                                               \
    X(wait)                                                                                                  \
    X(wake)                                                                                                  \
    X(alive)
#define PHASES(X) X(event) X(load) X(start) X(stop) X(snapshot) X(helper)

#define CALL_ID(name) CALL_##name,
#define THING_ID(name) THING_##name,
#define PHASE_ID(name) PHASE_##name,
enum call { CALLS(CALL_ID) CALL_COUNT };
enum thing { THINGS(THING_ID) THING_COUNT };
enum phase { PHASES(PHASE_ID) PHASE_COUNT };

extern _Thread_local enum phase fault_phase; /* who calls; `event` stands for `load` at first */

/* Whether the code at an address is the recorder's. */
bool fault_by_recorder(const void *caller);
/* Counts a call of the recorder's, and tells whether it is to fail; errno then says why. */
bool fault_is_due(enum call call, enum thing thing);
/* The same where half may be done: that is put into *count, and it does not fail. */
bool fault_is_due_in_full(enum call call, enum thing thing, size_t *count);
/* Whether a new function is to be refused, with errno set. */
bool fault_is_old_kernel(int code);
/* The same for functions that return what went wrong and leave errno alone; 0: nothing. */
int fault_code_if_due(enum call call, enum thing thing);
/* The program is loaded. */
void fault_is_loaded(void);
/* From here on nothing fails any more, but what an old kernel lacks. */
void fault_is_over(void);
int fault_code(void);
/* What is stood in front of. */
void *fault_real(enum call call);

#endif
