/* Annotations that are numbered: whoever reads the trace knows what must be in it, up to the event at which the program
 * was killed. SPDX-License-Identifier: Apache-2.0
 *
 * A FLOW is a sequence of annotations made one after the other: what a thread does (MAIN), what its handlers do for
 * two signals (USR1, USR2), and before them the thread's PROLOGUE. Event i of a flow is a certain call: the prologue
 * is four calls, of the others flowscript.h has one cycle, which is repeated. Values, messages and texts tell the
 * number i; begins and ends tell their place in the cycle by their sites, and what they belong to by identity. After each
 * call the flow stores how many it has completed, in memory that outlives the process.
 *
 * In the trace, then, each flow has a begin without a gap, as long as the recorder says that nothing was lost: all
 * that was completed and at most one event more. With losses, the gaps are as many events as were lost, of each kind. */
#ifndef CAIRN_TESTS_FLOWS_H
#define CAIRN_TESTS_FLOWS_H

#include <cairn/cairn.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum flow_number { FLOW_PROLOGUE, FLOW_MAIN, FLOW_USR1, FLOW_USR2, FLOWS };
enum { FLOW_THREADS_MAX = 8, FLOW_TEXT_BYTES = 3072, FLOW_CYCLE_EVENTS = 19 };
#define FLOW_AT_NS UINT64_C(1000000000000) /* explicit times count from here, a microsecond each */

/* ---- What is written (flows.c) ----------------------------------------------------------------------------------- */

/* Of one flow; a cache line, so that flows do not wait for each other. Rules: written by the flow. */
struct flow_progress {
    uint64_t completed;     /* events. Atomic. */
    uint64_t cycles;        /* completed: of a handler, the times that it ran. Atomic. */
    uint64_t errno_changed; /* by annotations, which must not */
    uint64_t reserved[5];
};

/* Of all flows; shared by the process that annotates and the one that reads. */
struct flow_board {
    struct flow_progress flows[FLOW_THREADS_MAX][FLOWS];
    int32_t start_result; /* of cairn_start; before: FLOW_NOT_STARTED. Atomic. */
};

enum { FLOW_NOT_STARTED = 1 };

/* An empty board in memory that forked children share; NULL if there is none to be had. */
struct flow_board *flow_board_create(void);
void flow_board_destroy(struct flow_board *board);
/* What the board says now. */
void flow_board_read(struct flow_board *copy, const struct flow_board *board);

/* Names the calling thread and makes it number `thread` of the board: the prologue. Once for each thread. */
void flow_begin(struct flow_board *board, unsigned thread);
/* One cycle of the thread's main flow. */
void flow_cycle(void);
/* A signal handler, for SIGUSR1 and SIGUSR2: one cycle of their flows. Before flow_begin it does nothing. */
void flow_handle(int signal);
/* Ends what the prologue began. */
void flow_end(void);

/* Makes flow_handle the handler; the two signals may interrupt each other's. */
bool flow_set_handlers(void);
/* Has the calling thread get a signal so many times a second. The timer ends with the process, or by flow_timer_stop. */
bool flow_timer_start(int signal, unsigned hz, void **timer);
void flow_timer_stop(void *timer);

/* The text that event `number` carries: `bytes` of it, terminated. Signal-safe. */
void flow_text(char *text, uint64_t number, size_t bytes);
size_t flow_text_bytes(uint64_t number);

/* ---- What is read (flowcheck.c) ------------------------------------------------------------------------------------ */

struct flow_result {
    uint64_t completed;   /* events, as the board says */
    uint64_t recovered;   /* of these */
    uint64_t in_flight;   /* recovered besides: the one that each flow was at */
    uint64_t lost;        /* so the trace says */
    uint64_t overwritten; /* so it says: they have left the window */
    uint64_t missing;     /* neither of these */
    uint64_t wrong;       /* not what was emitted, or never emitted */
    uint64_t in_handler;
    uint32_t state; /* CAIRN_STATE_... */
};

enum flow_reading {
    FLOW_AT_REST = 0,
    FLOW_WINDOWED = 1, /* the trace has a window: what must be there is what is within it */
    FLOW_UNDER_WAY = 2 /* events come in meanwhile, which the board does not know */
};

/* Compares a trace with the board of `threads` threads, as it was before; `reading` is a sum of the above. Fails the
 * test, with the first few findings, if something is missing or wrong, if the file has damage, or if open tasks and
 * regions are not shown as open. */
struct flow_result flow_check(const char *path, const struct flow_board *board, unsigned threads,
                              unsigned reading);

#endif
