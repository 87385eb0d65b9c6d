/* Gigabytes without a pause. SPDX-License-Identifier: Apache-2.0
 *
 * A burst may be fast because its cost comes later, or falls on others. Here one thread emits until the
 * trace has the size asked for, as fast as it can, with 2 % of its time for the floor; so the recorder lives
 * on what its helper thread really gets done meanwhile. Told are the emitting thread's cost (median block, and
 * over the whole run with every page fault in it), the wall time, and the CPU time that the process spent
 * besides: from before the start until the trace is complete. Write-back by the kernel's own threads is
 * nobody's and in no figure.
 */
#include "bench.h"

#include <stdlib.h>

enum { BLOCK = 1000000, FLOOR_BLOCK = 20000, WORDS_PER_ITERATION = 2 };

struct toll {
    size_t blocks;
    double *item_ns, *floor_ns;    /* per iteration, by block */
    struct machine_usage emitting; /* of this thread, in items and floors */
    double items_ns, wall_ns;      /* per iteration: CPU over the whole run, wall */
    double user_ns, system_ns;     /* per iteration: of the process, besides */
};

static void run_blocks(const struct loop *loop, struct loop_context *context, struct toll *toll)
{
    const struct machine_usage before = machine_thread_usage();
    const double wall_begin = machine_wall_ns();
    double floors_ns = 0, items_ns = 0;
    for (size_t i = 0; i < toll->blocks; i++) {
        const double begin = machine_thread_cpu_ns();
        floor_run(loop->floor, FLOOR_BLOCK);
        const double between = machine_thread_cpu_ns();
        loop->run(context, BLOCK);
        const double end = machine_thread_cpu_ns();
        floors_ns += between - begin;
        items_ns += end - between;
        toll->floor_ns[i] = (between - begin) / FLOOR_BLOCK;
        toll->item_ns[i] = (end - between) / BLOCK;
    }
    const double iterations = (double)toll->blocks * BLOCK;
    toll->items_ns = items_ns / iterations;
    toll->wall_ns = (machine_wall_ns() - wall_begin - floors_ns) / iterations;
    const struct machine_usage after = machine_thread_usage();
    toll->emitting.user_ns = after.user_ns - before.user_ns;
    toll->emitting.system_ns = after.system_ns - before.system_ns;
}

/* What the process spends and the loops do not is the helper thread's, and that of start and stop. */
static void record_blocks(const struct bench_options *options, const struct loop *loop, bool is_flight,
                          struct toll *toll, struct session *session)
{
    struct loop_context context;
    const struct machine_usage before = machine_process_usage();
    if (is_flight)
        session_begin_flight(session, options);
    else
        session_begin(session, options, 2 * options->sustained_bytes + ((uint64_t)1 << 30));
    session_prepare(&context, loop);
    (void)machine_pin(0);
    run_blocks(loop, &context, toll);
    session_count(session, loop, (uint64_t)toll->blocks * BLOCK);
    session_unprepare(session, &context, loop);
    session_end(session);
    const struct machine_usage after = machine_process_usage();
    const double iterations = (double)toll->blocks * BLOCK;
    toll->user_ns = (after.user_ns - before.user_ns - toll->emitting.user_ns) / iterations;
    toll->system_ns = (after.system_ns - before.system_ns - toll->emitting.system_ns) / iterations;
}

static void add_value(const char *group, const char *loop, const char *what, double ns, double floor_ns,
                      double target)
{
    char name[64];
    snprintf(name, sizeof name, "%s: %s", loop, what);
    report_add(group, name, "x", ns, floor_ns, ns / floor_ns, ns / floor_ns, target);
}

static void report_toll(const struct bench_options *options, const struct loop *loop, struct toll *toll,
                        const struct session *session, double target)
{
    char group[64], name[64];
    snprintf(group, sizeof group, "sustained, %.3g GiB%s", (double)options->sustained_bytes / (1 << 30),
             session->is_flight ? ", flight recorder, 4 MiB" : "");
    snprintf(name, sizeof name, "%s: CPU, blocks", loop->name);
    report_add_ratio(group, name, toll->item_ns, toll->floor_ns, toll->blocks, target);
    const double floor = samples_median(toll->floor_ns, toll->blocks);
    add_value(group, loop->name, "CPU, whole run", toll->items_ns, floor, target);
    add_value(group, loop->name, "wall, whole run", toll->wall_ns, floor, NAN);
    add_value(group, loop->name, "rest of the process, CPU", toll->user_ns + toll->system_ns, floor,
              loop->floor == FLOOR_PAIR ? 0.35 : NAN);
    add_value(group, loop->name, "of this in user mode", toll->user_ns, floor, NAN);
    add_value(group, loop->name, "of this in the kernel", toll->system_ns, floor, NAN);
    if (session->is_flight) return; /* the file has the window alone */
    const double bytes = (double)session->file_bytes / (double)session_events(session);
    snprintf(name, sizeof name, "%s: bytes per event", loop->name);
    report_add(group, name, "B", NAN, NAN, bytes, bytes, loop->floor == FLOOR_PAIR ? 8.1 : NAN);
}

static void measure(const struct bench_options *options, const struct loop *loop, bool is_flight,
                    double target)
{
    struct toll toll = {.blocks = (size_t)(options->sustained_bytes / (8 * WORDS_PER_ITERATION) / BLOCK) + 1};
    struct session session;
    toll.item_ns = bench_allocate(toll.blocks, sizeof *toll.item_ns);
    toll.floor_ns = bench_allocate(toll.blocks, sizeof *toll.floor_ns);
    record_blocks(options, loop, is_flight, &toll, &session);
    report_toll(options, loop, &toll, &session, target);
    free(toll.item_ns);
    free(toll.floor_ns);
}

void sustained_measure(const struct bench_options *options)
{
    if (options->sustained_bytes == 0) return;
    measure(options, loop_find("log, two integers"), false, 1.3);
    measure(options, loop_find("region pair"), false, 1.05);
    measure(options, loop_find("region pair"), true, 1.05);
}
