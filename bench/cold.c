/* Annotations between other work. SPDX-License-Identifier: Apache-2.0
 *
 * A tight loop keeps the tracer's code and buffers in the nearest cache, which no real program does. Here about
 * 2 us of other work over 64 KiB stand before each annotation: more than the first-level data cache holds.
 *
 * Marginal cost: blocks of 20 in the order work, work+floor, work, work+item, work. What the floor and the
 * item add is the difference to the mean of the work blocks on either side; the row tells the item's less
 * the floor's. Wall time by the counter, for a block is too short for a system call on either side; a block
 * that was interrupted is an outlier that the median drops. Medians of groups, then the least and the
 * median of these.
 *
 * Single calls: each is timed on its own between two fenced time stamps, floor and item in turn, with work
 * before each. The quantiles hold the cost of the timing, the same on both sides. A pair counts as one
 * call, which is more than the worst of its halves.
 */
#include "bench.h"

#include <stdlib.h>

enum {
    WORK_WORDS = 65536 / 8,
    WORK_LINE_WORDS = 8,
    WORK_STEPS_MIN = WORK_WORDS / WORK_LINE_WORDS, /* all of it, once */
    WORK_NS = 2000,
    BLOCK = 20,
    BLOCKS_PER_GROUP = 201,
    GROUPS = 41,
    SINGLES_PER_BATCH = 50000, /* enough for a 99.99th percentile */
    BATCHES = 8
};

static uint64_t work_area[WORK_WORDS];
static uint64_t work_value = 1;
static size_t work_position, work_steps = WORK_STEPS_MIN;

/* Dependent steps, so that it is bound by latency as most code is, and each leaves a dirty line. */
static void work(void)
{
    uint64_t value = work_value;
    size_t at = work_position;
    for (size_t i = 0; i < work_steps; i++) {
        value = (value ^ work_area[at]) * 0x9e3779b97f4a7c15u + i;
        work_area[at] = value;
        at = (at + WORK_LINE_WORDS) % WORK_WORDS;
    }
    work_value = value;
    work_position = at;
}

static void work_calibrate(double ns_per_tick)
{
    double ns[101];
    work_steps = WORK_STEPS_MIN;
    for (int i = 0; i < 101; i++) {
        const uint64_t begin = floor_stamp_fenced();
        work();
        ns[i] = (double)(floor_stamp_fenced() - begin) * ns_per_tick;
    }
    const double stretch = WORK_NS / samples_median(ns, 101);
    if (stretch > 1) work_steps = (size_t)(WORK_STEPS_MIN * stretch);
}

/* A floor as a loop of the item's kind, so that both are called alike. */
static void run_floor_pair(struct loop_context *context, uint64_t n)
{
    (void)context;
    floor_run(FLOOR_PAIR, n);
}
static void run_floor_stamp(struct loop_context *context, uint64_t n)
{
    (void)context;
    floor_run(FLOOR_STAMP, n);
}
static void run_nothing(struct loop_context *context, uint64_t n)
{
    (void)context;
    floor_run(FLOOR_NOTHING, n);
}

typedef void run_function(struct loop_context *context, uint64_t n);

static double time_block(run_function *run, struct loop_context *context)
{
    const uint64_t begin = floor_stamp_fenced();
    for (int i = 0; i < BLOCK; i++) {
        work();
        run(context, 1);
    }
    return (double)(floor_stamp_fenced() - begin) / BLOCK;
}

/* In ticks per call: medians over one group of blocks. */
struct marginal {
    double work, floor, item;
};

static struct marginal time_group(run_function *floor, const struct loop *loop, struct loop_context *context)
{
    double works[BLOCKS_PER_GROUP], floors[BLOCKS_PER_GROUP], items[BLOCKS_PER_GROUP];
    double work_before = time_block(run_nothing, context);
    for (int i = 0; i < BLOCKS_PER_GROUP; i++) {
        const double with_floor = time_block(floor, context);
        const double work_between = time_block(run_nothing, context);
        const double with_item = time_block(loop->run, context);
        const double work_after = time_block(run_nothing, context);
        works[i] = work_between;
        floors[i] = with_floor - (work_before + work_between) / 2;
        items[i] = with_item - (work_between + work_after) / 2;
        work_before = work_after;
    }
    return (struct marginal){samples_median(works, BLOCKS_PER_GROUP),
                             samples_median(floors, BLOCKS_PER_GROUP),
                             samples_median(items, BLOCKS_PER_GROUP)};
}

/* The region pair stands for all here: only it has targets for what it adds. */
static bool judged(const struct loop *loop)
{
    return loop == loop_find("region pair");
}

static void measure_marginal(const struct loop *loop, struct loop_context *context, struct session *session,
                             double ns_per_tick)
{
    run_function *const floor = loop->floor == FLOOR_PAIR ? run_floor_pair : run_floor_stamp;
    double works[GROUPS], floors[GROUPS], items[GROUPS], more[GROUPS];
    for (int i = 0; i < GROUPS; i++) {
        const struct marginal group = time_group(floor, loop, context);
        works[i] = group.work * ns_per_tick;
        floors[i] = group.floor * ns_per_tick;
        items[i] = group.item * ns_per_tick;
        more[i] = items[i] - floors[i];
    }
    session_count(session, loop, (uint64_t)GROUPS * BLOCKS_PER_GROUP * BLOCK);
    char name[64];
    snprintf(name, sizeof name, "%s: added, over the floor's", loop->name);
    report_add("between other work", name, "ns", samples_median(items, GROUPS),
               samples_median(floors, GROUPS), samples_min(more, GROUPS), samples_median(more, GROUPS),
               judged(loop) ? 3 : NAN);
    if (report_find("between other work", "the work alone") == NULL)
        report_add("between other work", "the work alone", "ns", samples_median(works, GROUPS), NAN,
                   samples_min(works, GROUPS), samples_median(works, GROUPS), NAN);
}

static double time_single(run_function *run, struct loop_context *context)
{
    work();
    const uint64_t begin = floor_stamp_fenced();
    run(context, 1);
    return (double)(floor_stamp_fenced() - begin);
}

/* One quantile of floor and item, over the batches. */
struct tail {
    double floor[BATCHES], item[BATCHES], more[BATCHES];
};

static void add_tail(struct tail *tail, int batch, double *floors, double *items, double q,
                     double ns_per_tick)
{
    tail->floor[batch] = samples_quantile(floors, SINGLES_PER_BATCH, q) * ns_per_tick;
    tail->item[batch] = samples_quantile(items, SINGLES_PER_BATCH, q) * ns_per_tick;
    tail->more[batch] = tail->item[batch] - tail->floor[batch];
}

static void report_tail(struct tail *tail, const char *loop, const char *what, double target_ns)
{
    char name[64];
    snprintf(name, sizeof name, "%s: single call, %s", loop, what);
    report_add("between other work", name, "ns", samples_median(tail->item, BATCHES),
               samples_median(tail->floor, BATCHES), samples_min(tail->more, BATCHES),
               samples_median(tail->more, BATCHES), target_ns);
}

static void report_worst(const struct tail *tail, const char *loop)
{
    char name[64];
    snprintf(name, sizeof name, "%s: single call, worst of %d", loop, BATCHES * SINGLES_PER_BATCH);
    const double floor = samples_max(tail->floor, BATCHES), item = samples_max(tail->item, BATCHES);
    report_add("between other work", name, "ns", item, floor, NAN, NAN, NAN);
}

static void measure_singles(const struct loop *loop, struct loop_context *context, struct session *session,
                            const struct floor_clock *clock)
{
    run_function *const floor = loop->floor == FLOOR_PAIR ? run_floor_pair : run_floor_stamp;
    static const double quantiles[4] = {0.5, 0.99, 0.9999, 1};
    struct tail tails[4];
    double *const floors = bench_allocate(SINGLES_PER_BATCH, sizeof *floors);
    double *const items = bench_allocate(SINGLES_PER_BATCH, sizeof *items);
    for (int batch = 0; batch < BATCHES; batch++) {
        for (int i = 0; i < SINGLES_PER_BATCH; i++) {
            floors[i] = time_single(floor, context);
            items[i] = time_single(loop->run, context);
        }
        for (int q = 0; q < 4; q++)
            add_tail(&tails[q], batch, floors, items, quantiles[q], clock->ns_per_tick);
    }
    free(floors);
    free(items);
    session_count(session, loop, (uint64_t)BATCHES * SINGLES_PER_BATCH);
    report_tail(&tails[0], loop->name, "median", NAN);
    report_tail(&tails[1], loop->name, "99 %",
                judged(loop) ? 2 * (double)clock->step_ticks * clock->ns_per_tick : NAN);
    report_tail(&tails[2], loop->name, "99.99 %", loop == &loop_control ? NAN : 1000);
    report_worst(&tails[3], loop->name);
}

static void measure(const struct bench_options *options, const struct loop *loop,
                    const struct floor_clock *clock)
{
    struct session session;
    struct loop_context context;
    session_begin(&session, options, 0);
    session_prepare(&context, loop);
    loop->run(&context, BLOCK);
    session_count(&session, loop, BLOCK);
    (void)machine_pin(0);
    measure_marginal(loop, &context, &session, clock->ns_per_tick);
    measure_singles(loop, &context, &session, clock);
    session_unprepare(&session, &context, loop);
    session_end(&session);
}

void cold_measure(const struct bench_options *options, const struct floor_clock *clock)
{
    work_calibrate(clock->ns_per_tick);
    measure(options, loop_find("region pair"), clock);
    measure(options, loop_find("task pair"), clock);
    measure(options, loop_find("log, two integers"), clock);
    measure(options, &loop_control, clock);
}
