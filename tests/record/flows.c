/* The writing side of flows.h. SPDX-License-Identifier: Apache-2.0 */
#include "flows.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Rules: of its thread and the handlers that run there. */
struct worker {
    struct flow_progress *flows; /* NULL until the prologue is done */
    cairn_task roots[FLOWS];
    cairn_region whole;
};

static _Thread_local struct worker self;

/* Tells that one more event of the flow is in the trace, or lost. Returns the number of the next one. Release: whoever
 * reads the board has the events that it counts. */
static inline uint64_t complete(struct flow_progress *flow)
{
    uint64_t completed = flow->completed + 1;
    __atomic_store_n(&flow->completed, completed, __ATOMIC_RELEASE);
    return completed;
}

#define FLOW "main"
#define FLOW_CYCLE cycle_of_main
#include "flowscript.h"

#define FLOW "usr1"
#define FLOW_CYCLE cycle_of_usr1
#include "flowscript.h"

#define FLOW "usr2"
#define FLOW_CYCLE cycle_of_usr2
#include "flowscript.h"

void flow_text(char *text, uint64_t number, size_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes; i++)
        text[i] = i % 17 == 16 ? ' ' : digits[number >> 4 * (15 - i % 17) & 15];
    text[bytes] = 0;
}

/* Mostly short, now and then much longer than a cycle's other events together. */
size_t flow_text_bytes(uint64_t number)
{
    return number % 31 == 7 ? FLOW_TEXT_BYTES - 1 - number % 512 : 16 + number % 101;
}

/* ---- Threads ------------------------------------------------------------------------------------------------------ */

void flow_begin(struct flow_board *board, unsigned thread)
{
    char name[32];
    struct flow_progress *flows = board->flows[thread];
    snprintf(name, sizeof name, "busy %u", thread);
    cairn_thread_name(name);
    self.roots[FLOW_MAIN] = cairn_task_begin(CAIRN_BACKGROUND, "prologue main");
    complete(&flows[FLOW_PROLOGUE]);
    self.roots[FLOW_USR1] = cairn_task_begin(CAIRN_BACKGROUND, "prologue usr1");
    complete(&flows[FLOW_PROLOGUE]);
    self.roots[FLOW_USR2] = cairn_task_begin(self.roots[FLOW_USR1], "prologue usr2");
    complete(&flows[FLOW_PROLOGUE]);
    self.whole = cairn_region_begin(self.roots[FLOW_MAIN], "prologue whole");
    complete(&flows[FLOW_PROLOGUE]);
    __atomic_signal_fence(__ATOMIC_SEQ_CST); /* handlers look at `flows` first */
    self.flows = flows;
}

void flow_end(void)
{
    struct flow_progress *prologue = &self.flows[FLOW_PROLOGUE];
    self.flows = NULL;
    __atomic_signal_fence(__ATOMIC_SEQ_CST); /* as above */
    cairn_region_end(self.whole);
    complete(prologue);
    for (unsigned flow = FLOW_MAIN; flow < FLOWS; flow++) {
        cairn_task_end(self.roots[flow]);
        complete(prologue);
    }
}

void flow_cycle(void)
{
    struct flow_progress *flow = &self.flows[FLOW_MAIN];
    cycle_of_main(flow, self.roots[FLOW_MAIN]);
    __atomic_store_n(&flow->cycles, flow->cycles + 1, __ATOMIC_RELAXED); /* as in flow_handle */
}

void flow_handle(int signal)
{
    enum { UNLIKELY_ERRNO = 4321 };
    struct flow_progress *flows = self.flows;
    int error = errno;
    if (!flows) return;
    errno = UNLIKELY_ERRNO;
    struct flow_progress *flow = &flows[signal == SIGUSR1 ? FLOW_USR1 : FLOW_USR2];
    if (signal == SIGUSR1)
        cycle_of_usr1(flow, self.roots[FLOW_USR1]);
    else
        cycle_of_usr2(flow, self.roots[FLOW_USR2]);
    __atomic_store_n(&flow->cycles, flow->cycles + 1, __ATOMIC_RELAXED); /* a count that others look at */
    flow->errno_changed += errno != UNLIKELY_ERRNO;
    errno = error;
}

/* ---- Signals ------------------------------------------------------------------------------------------------------- */

bool flow_set_handlers(void)
{
    struct sigaction action = {.sa_handler = flow_handle, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    return sigaction(SIGUSR1, &action, NULL) == 0 && sigaction(SIGUSR2, &action, NULL) == 0;
}

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid /* glibc has the field, but not its name */
#endif

bool flow_timer_start(int signal, unsigned hz, void **timer)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = signal};
    event.sigev_notify_thread_id = (int)syscall(SYS_gettid);
    struct timespec interval = {.tv_sec = hz == 1, .tv_nsec = hz == 1 ? 0 : 1000000000 / hz};
    struct itimerspec rate = {.it_interval = interval, .it_value = interval};
    timer_t created;
    if (timer_create(CLOCK_MONOTONIC, &event, &created)) return false;
    *timer = created;
    return timer_settime(created, 0, &rate, NULL) == 0;
}

void flow_timer_stop(void *timer)
{
    timer_delete(timer);
}

/* ---- The board ------------------------------------------------------------------------------------------------------ */

struct flow_board *flow_board_create(void)
{
    struct flow_board *board =
        mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED) return NULL;
    board->start_result = FLOW_NOT_STARTED;
    return board;
}

void flow_board_destroy(struct flow_board *board)
{
    if (board) munmap(board, sizeof *board);
}

void flow_board_read(struct flow_board *copy, const struct flow_board *board)
{
    *copy = (struct flow_board){.start_result = __atomic_load_n(&board->start_result, __ATOMIC_ACQUIRE)};
    for (unsigned thread = 0; thread < FLOW_THREADS_MAX; thread++) {
        for (unsigned flow = 0; flow < FLOWS; flow++) {
            /* acquire: pairs with complete */
            copy->flows[thread][flow].completed =
                __atomic_load_n(&board->flows[thread][flow].completed, __ATOMIC_ACQUIRE);
        }
    }
}
