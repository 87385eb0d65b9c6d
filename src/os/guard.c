/* A SIGBUS in a shared mapping of ours must not reach the program. SPDX-License-Identifier: Apache-2.0
 *
 * It comes when somebody truncates the file. The handler puts private memory where the mapping was, all of it, so
 * that whoever writes there goes on, to nowhere. Any other SIGBUS goes to whom it would have gone to without us.
 */
#include "os/os.h"

#include "base/atomic.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>

/* Rules: under the control lock, but read in the handler, which is not there while it changes. */
static struct {
    uint8_t *at;
    size_t bytes;
    uint32_t *gone;
    struct sigaction former;
    bool is_set;
} guard;

/* As the kernel would have it, had we not been asked. */
static void pass_on(int number, siginfo_t *info, void *context)
{
    if (guard.former.sa_flags & SA_SIGINFO) {
        guard.former.sa_sigaction(number, info, context);
    } else if (guard.former.sa_handler == SIG_IGN && info->si_code <= 0) {
        return; /* sent, not met */
    } else if (guard.former.sa_handler == SIG_DFL || guard.former.sa_handler == SIG_IGN) {
        signal(number,
               SIG_DFL); /* on return the access is tried again, or the one who sent it did so for this */
        if (info->si_code <= 0) raise(number);
    } else {
        guard.former.sa_handler(number);
    }
}

static void at_bus_error(int number, siginfo_t *info, void *context)
{
    const uint8_t *at = info->si_addr;
    bool is_ours = info->si_code > 0 && at >= guard.at && at < guard.at + guard.bytes;
    if (!is_ours) {
        pass_on(number, info, context);
        return;
    }
    atomic_store_relaxed(guard.gone, 1u); /* looked at before anything is made of what lies there */
    cairn__os_map_nowhere(guard.at, guard.bytes);
}

void cairn__os_guard(void *at, size_t bytes, uint32_t *gone)
{
    struct sigaction action = {.sa_sigaction = at_bus_error,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigemptyset(&action.sa_mask);
    guard.at = at;
    guard.bytes = bytes;
    guard.gone = gone;
    guard.is_set = sigaction(SIGBUS, &action, &guard.former) == 0;
}

void cairn__os_unguard(void)
{
    struct sigaction now;
    if (!guard.is_set || sigaction(SIGBUS, NULL, &now)) return;
    bool is_ours = now.sa_flags & SA_SIGINFO && now.sa_sigaction == at_bus_error;
    if (is_ours) sigaction(SIGBUS, &guard.former, NULL);
    guard.bytes = 0; /* who replaced the handler may still call it */
    guard.is_set = false;
}
