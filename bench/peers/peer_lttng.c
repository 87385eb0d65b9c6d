/* LTTng-UST under the bench's own measure. SPDX-License-Identifier: Apache-2.0
 *
 * To be run while an LTTng session records cairn_bench:*; tools/bench-peers sees to it, and to what LTTng
 * says it discarded. LTTng has no formatted log with deferred formatting; two integer fields are nearest.
 */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "lttng_events.h"

#include "bench.h"

static void run_region(struct loop_context *context, uint64_t n)
{
    const uint64_t task = context->task.id;
    for (uint64_t i = 0; i < n; i++) {
        lttng_ust_tracepoint(cairn_bench, region_begin, task);
        lttng_ust_tracepoint(cairn_bench, region_end, task);
    }
}

static void run_log_integers(struct loop_context *context, uint64_t n)
{
    (void)context;
    for (uint64_t i = 0; i < n; i++) lttng_ust_tracepoint(cairn_bench, log_integers, (int)i, (int)(i >> 3));
}

static void run_log_text(struct loop_context *context, uint64_t n)
{
    (void)context;
    for (uint64_t i = 0; i < n; i++) lttng_ust_tracepoint(cairn_bench, log_text, "twenty bytes of text");
}

static const struct loop peer_loops[] = {
    {"region pair", run_region, FLOOR_PAIR, FLOOR_OFF_PAIR, {0}, 0, NAN},
    {"log, two integers", run_log_integers, FLOOR_STAMP, FLOOR_OFF, {0}, 0, NAN},
    {"log, 20-byte string", run_log_text, FLOOR_STAMP, FLOOR_OFF, {0}, 0, NAN},
};

/* Few enough iterations for the channel to be drained meanwhile: a discarded event would be a cheap one. */
enum { REPETITIONS = 61, ITERATIONS = 10000 };

int main(void)
{
    double item_ns[REPETITIONS], floor_ns[REPETITIONS];
    struct loop_context context = {.task = {42, 0}};
    (void)machine_pin(0);
    for (size_t i = 0; i < sizeof peer_loops / sizeof peer_loops[0]; i++) {
        peer_loops[i].run(&context, ITERATIONS);
        hot_repeat(&peer_loops[i], &context, peer_loops[i].floor, ITERATIONS, REPETITIONS, item_ns, floor_ns);
        report_add_ratio("on, LTTng-UST to disk", peer_loops[i].name, item_ns, floor_ns, REPETITIONS, NAN);
    }
    report_write_lines(stdout);
    return 0;
}
