/* Whether a signal handler may be running. SPDX-License-Identifier: Apache-2.0
 *
 * A handler runs with its own signal blocked, unless it was installed with SA_NODEFER. So where no signal with a handler is
 * blocked, and none may interrupt itself, there is none. But threads block signals for other reasons, too. Then, on
 * x86-64, the stack tells: the kernel leaves on it, where a handler returns to, the address of the restorer that the
 * handler was installed with, and the registers as they were. If there is no such frame between here and the end of the
 * stack, there is no handler. A frame may also be left over from an earlier one: then the answer is "maybe" for no
 * reason, which does no harm. Memory is read through the kernel, which says where the stack ends.
 */
#include "os/os.h"

#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

enum { RESTORERS_MAX = 8 };

struct restorers {
    uintptr_t items[RESTORERS_MAX]; /* inverted, so that we do not find our own copies on the stack */
    uint32_t count;
    bool too_many, unknown;
};

#if defined(__x86_64__)

/* The kernel's own view of a handler; the C library's does not tell of the restorer. */
struct kernel_action {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

static void add_restorer(struct restorers *restorers, int number)
{
    struct kernel_action action;
    if (syscall(SYS_rt_sigaction, number, NULL, &action, sizeof action.mask)) {
        restorers->unknown = true;
        return;
    }
    uintptr_t restorer = ~(uintptr_t)action.restorer;
    memset(&action, 0, sizeof action);
    __asm__ volatile("" : : "r"(&action) : "memory"); /* it is really wiped */
    for (uint32_t i = 0; i < restorers->count; i++) {
        if (restorers->items[i] == restorer) return;
    }
    restorers->too_many |= restorers->count == RESTORERS_MAX;
    if (!restorers->too_many) restorers->items[restorers->count++] = restorer;
}

static bool read_memory(uintptr_t at, void *to, size_t bytes)
{
    struct iovec local = {to, bytes}, remote = {(void *)at, bytes};
    return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)bytes;
}

/* What the kernel puts behind the address: the registers as they were, with a stack pointer a little above. Such an
 * address alone may be left over, as from a call of sigaction. */
static bool is_frame(uintptr_t at)
{
    enum { USER_CODE = 0x33, FRAME_MAX = 65536 };
    ucontext_t context;
    if (!read_memory(at + sizeof at, &context, sizeof context)) return false;
    uintptr_t stack = (uintptr_t)context.uc_mcontext.gregs[REG_RSP];
    return stack > at && stack - at < FRAME_MAX &&
           (context.uc_mcontext.gregs[REG_CSGSFS] & 0xffff) == USER_CODE;
}

static bool has_frame(uintptr_t at, const uintptr_t *words, size_t count, const struct restorers *restorers)
{
    for (size_t i = 0; i < count; i++) {
        for (uint32_t r = 0; r < restorers->count; r++) {
            if (words[i] == ~restorers->items[r] && is_frame(at + i * sizeof *words)) return true;
        }
    }
    return false;
}

static bool stack_has(const struct restorers *restorers, uintptr_t at)
{
    enum { PAGE_WORDS = 512, PAGES_MAX = 4096 };
    uintptr_t words[PAGE_WORDS];
    stack_t alternate;
    if (restorers->too_many || restorers->unknown || sigaltstack(NULL, &alternate) ||
        alternate.ss_flags & SS_ONSTACK)
        return true;
    for (int page = 0; page < PAGES_MAX; page++) {
        size_t bytes = 4096 - (at & 4095);
        if (!read_memory(at, words, bytes))
            return page == 0; /* the end of the stack; or it is not to be had */
        if (has_frame(at, words, bytes / sizeof *words, restorers)) return true;
        at += bytes;
    }
    return true;
}

#else /* where the restorer is the kernel's own, its address is not known */

static void add_restorer(struct restorers *restorers, int number)
{
    (void)number;
    restorers->unknown = true;
}

static bool stack_has(const struct restorers *restorers, uintptr_t at)
{
    (void)at;
    return restorers->unknown;
}

#endif

bool cairn__os_maybe_in_handler(void)
{
    struct restorers restorers = {.count = 0};
    sigset_t blocked;
    bool may = false;
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    for (int i = 1; i <= SIGRTMAX; i++) {
        struct sigaction action;
        if (sigaction(i, NULL, &action)) continue; /* the C library's own */
        bool has_handler = action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
        if (!has_handler || (sigismember(&blocked, i) != 1 && !(action.sa_flags & SA_NODEFER))) continue;
        may = true;
        add_restorer(&restorers, i);
    }
    return may && stack_has(&restorers, (uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)7);
}
