/* What is measured: one loop per annotation. SPDX-License-Identifier: Apache-2.0
 *
 * Each loop is what a program would write: the public macros, nothing private. The same loops run with
 * recording on and off. They are not inlined anywhere, so that hot, cold and single calls measure the
 * same machine code.
 */
#include "bench.h"

#include <string.h>

const char *const loop_tally_names[LOOP_TALLIES] = {
    [LOOP_TASK_BEGIN] = "task_begin", [LOOP_TASK_END] = "task_end", [LOOP_REGION_BEGIN] = "region_begin",
    [LOOP_REGION_END] = "region_end", [LOOP_LOG] = "log",           [LOOP_ATTR] = "attr",
};

static void run_region(struct loop_context *context, uint64_t n)
{
    const cairn_task task = context->task;
    for (uint64_t i = 0; i < n; i++) {
        const cairn_region region = cairn_region_begin(task, "bench region");
        cairn_region_end(region);
    }
}

static void run_region_switching(struct loop_context *context, uint64_t n)
{
    cairn_task now = context->task, next = context->other;
    for (uint64_t i = 0; i < n; i++) {
        const cairn_region region = cairn_region_begin(now, "bench switching");
        cairn_region_end(region);
        const cairn_task former = now;
        now = next;
        next = former;
    }
}

static void run_task(struct loop_context *context, uint64_t n)
{
    (void)context;
    for (uint64_t i = 0; i < n; i++) {
        const cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "bench task");
        cairn_task_end(task);
    }
}

/* A million stay alive: each iteration begins one and ends the oldest. */
static void run_task_alive(struct loop_context *context, uint64_t n)
{
    cairn_task *const alive = context->alive;
    uint64_t oldest = context->oldest;
    for (uint64_t i = 0; i < n; i++) {
        cairn_task_end(alive[oldest]);
        alive[oldest] = cairn_task_begin(CAIRN_BACKGROUND, "bench alive");
        if (++oldest == LOOP_ALIVE) oldest = 0;
    }
    context->oldest = oldest;
}

static void run_log_empty(struct loop_context *context, uint64_t n)
{
    const cairn_task task = context->task;
    for (uint64_t i = 0; i < n; i++) cairn_log(task, "bench", "");
}

/* Not literals where they are used, so that no length is known to the compiler. */
static char messages[4][24] = {"twenty bytes of text", "which is about what ", "a log line in a real",
                               "program has to say.."};

static void run_log_text(struct loop_context *context, uint64_t n)
{
    const cairn_task task = context->task;
    for (uint64_t i = 0; i < n; i++) cairn_log(task, "bench", messages[i % 4]);
}

static void run_logf(struct loop_context *context, uint64_t n)
{
    const cairn_task task = context->task;
    for (uint64_t i = 0; i < n; i++) cairn_logf(task, "bench", "req %d took %d us", (int)i, (int)(i >> 3));
}

static void run_attr(struct loop_context *context, uint64_t n)
{
    const cairn_task task = context->task;
    for (uint64_t i = 0; i < n; i++) cairn_attr(task, "bytes", i);
}

/* Not an annotation: the floor as an item, so that a table shows what its own method makes of nothing. */
static void run_control_pair(struct loop_context *context, uint64_t n)
{
    (void)context;
    floor_run(FLOOR_PAIR, n);
}

static void run_control_off_pair(struct loop_context *context, uint64_t n)
{
    (void)context;
    floor_run(FLOOR_OFF_PAIR, n);
}

#define REGION_PAIR                                                                                          \
    {                                                                                                        \
        [LOOP_REGION_BEGIN] = 1, [LOOP_REGION_END] = 1                                                       \
    }
#define TASK_PAIR                                                                                            \
    {                                                                                                        \
        [LOOP_TASK_BEGIN] = 1, [LOOP_TASK_END] = 1                                                           \
    }

const struct loop loops[] = {
    {"region pair", run_region, FLOOR_PAIR, FLOOR_OFF_PAIR, REGION_PAIR, 0, 1.05},
    {"region pair, task changing", run_region_switching, FLOOR_PAIR, FLOOR_OFF_PAIR, REGION_PAIR,
     LOOP_ON_ONLY, 1.25},
    {"task pair", run_task, FLOOR_PAIR, FLOOR_OFF_PAIR, TASK_PAIR, 0, 1.2},
    {"task pair, a million alive", run_task_alive, FLOOR_PAIR, FLOOR_OFF_PAIR, TASK_PAIR,
     LOOP_ON_ONLY | LOOP_NEEDS_ALIVE, 1.2},
    {"log, empty message", run_log_empty, FLOOR_STAMP, FLOOR_OFF, {[LOOP_LOG] = 1}, 0, NAN},
    {"log, two integers", run_logf, FLOOR_STAMP, FLOOR_OFF, {[LOOP_LOG] = 1}, 0, 1.1},
    {"log, 20-byte string", run_log_text, FLOOR_STAMP, FLOOR_OFF, {[LOOP_LOG] = 1}, 0, 1.3},
    {"attribute", run_attr, FLOOR_STAMP, FLOOR_OFF, {[LOOP_ATTR] = 1}, 0, NAN},
};
const size_t loop_count = sizeof loops / sizeof loops[0];

const struct loop loop_control = {
    "(control: floor)", run_control_pair, FLOOR_PAIR, FLOOR_OFF_PAIR, {0}, 0, NAN};
const struct loop loop_control_off = {
    "(control: floor)", run_control_off_pair, FLOOR_PAIR, FLOOR_OFF_PAIR, {0}, 0, NAN};

const struct loop *loop_find(const char *name)
{
    for (size_t i = 0; i < loop_count; i++)
        if (strcmp(loops[i].name, name) == 0) return &loops[i];
    return NULL;
}
