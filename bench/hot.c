/* Annotations in tight loops. SPDX-License-Identifier: Apache-2.0
 *
 * One repetition is floor, item, floor, each about half a millisecond: the item is held against the mean of the
 * floors before and after it, so that a change of clock rate cancels. A repetition fills several buffers, so
 * that their turnover is part of every figure.
 *
 * With two threads, a repetition is floor and item by one thread alone, then by both at once; the second
 * thread meets the first at a barrier and then spins, so that they overlap but for nanoseconds.
 */
#include "bench.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { ON_ITERATIONS = 25000, OFF_ITERATIONS = 500000, WARM_ITERATIONS = 20000 };

static double time_floor(enum floor_kind kind, uint64_t n)
{
    const double begin = machine_thread_cpu_ns();
    floor_run(kind, n);
    return (machine_thread_cpu_ns() - begin) / (double)n;
}

static double time_loop(const struct loop *loop, struct loop_context *context, uint64_t n)
{
    const double begin = machine_thread_cpu_ns();
    loop->run(context, n);
    return (machine_thread_cpu_ns() - begin) / (double)n;
}

void hot_repeat(const struct loop *loop, struct loop_context *context, enum floor_kind floor, uint64_t n,
                size_t count, double *item_ns, double *floor_ns)
{
    double before = time_floor(floor, n / 2);
    for (size_t i = 0; i < count; i++) {
        item_ns[i] = time_loop(loop, context, n);
        const double after = time_floor(floor, n / 2);
        floor_ns[i] = (before + after) / 2;
        before = after;
    }
}

static double bytes_per_event(const struct session *session)
{
    return (double)session->file_bytes / (double)session_events(session);
}

static double record_repetitions(const struct bench_options *options, const struct loop *loop, bool is_flight,
                                 size_t count, double *item_ns, double *floor_ns)
{
    struct session session;
    struct loop_context context;
    if (is_flight)
        session_begin_flight(&session, options);
    else
        session_begin(&session, options, 0);
    session_prepare(&context, loop);
    loop->run(&context, WARM_ITERATIONS);
    (void)machine_pin(0);
    hot_repeat(loop, &context, loop->floor, ON_ITERATIONS, count, item_ns, floor_ns);
    session_count(&session, loop, WARM_ITERATIONS + count * ON_ITERATIONS);
    session_unprepare(&session, &context, loop);
    session_end(&session);
    return bytes_per_event(&session);
}

static void measure_on(const struct bench_options *options, const struct loop *loop, double *item_ns,
                       double *floor_ns)
{
    char group[48];
    snprintf(group, sizeof group, "on, %s library", options->variant);
    const double bytes = record_repetitions(options, loop, false, options->repetitions, item_ns, floor_ns);
    report_add_ratio(group, loop->name, item_ns, floor_ns, options->repetitions, loop->target);
    if (loop == &loop_control || strcmp(options->variant, "shared") != 0) return; /* the same for both */
    report_add("bytes per event", loop->name, "B", NAN, NAN, bytes, bytes,
               loop == loop_find("region pair") ? 8.1 : NAN);
}

static void measure_flight(const struct bench_options *options, const struct loop *loop, double *item_ns,
                           double *floor_ns)
{
    char group[64];
    snprintf(group, sizeof group, "flight recorder, 4 MiB, %s library", options->variant);
    (void)record_repetitions(options, loop, true, options->repetitions, item_ns, floor_ns);
    report_add_ratio(group, loop->name, item_ns, floor_ns, options->repetitions, loop->target);
}

static void measure_off(const struct bench_options *options, const struct loop *loop, double *item_ns,
                        double *floor_ns)
{
    char group[48];
    snprintf(group, sizeof group, "off, %s library", options->variant);
    struct loop_context context = {.alive = NULL};
    (void)machine_pin(0);
    loop->run(&context, WARM_ITERATIONS);
    hot_repeat(loop, &context, loop->floor_off, OFF_ITERATIONS, options->repetitions, item_ns, floor_ns);
    machine_unpin();
    report_add_ratio(group, loop->name, item_ns, floor_ns, options->repetitions,
                     loop->floor_off == FLOOR_OFF_PAIR && loop != &loop_control_off ? 1.2 : NAN);
}

void hot_measure(const struct bench_options *options)
{
    double *const item_ns = bench_allocate(options->repetitions, sizeof *item_ns);
    double *const floor_ns = bench_allocate(options->repetitions, sizeof *floor_ns);
    for (size_t i = 0; i < loop_count; i++) measure_on(options, &loops[i], item_ns, floor_ns);
    measure_on(options, &loop_control, item_ns, floor_ns);
    for (size_t i = 0; i < loop_count; i++)
        if ((loops[i].flags & LOOP_NEEDS_ALIVE) == 0) measure_flight(options, &loops[i], item_ns, floor_ns);
    for (size_t i = 0; i < loop_count; i++)
        if ((loops[i].flags & LOOP_ON_ONLY) == 0) measure_off(options, &loops[i], item_ns, floor_ns);
    measure_off(options, &loop_control_off, item_ns, floor_ns);
    free(item_ns);
    free(floor_ns);
}

void hot_sample(const struct bench_options *options, const struct loop *loop, double *item_ns,
                double *floor_ns)
{
    double items[9], floors[9];
    const size_t count = sizeof items / sizeof items[0];
    (void)record_repetitions(options, loop, false, count, items, floors);
    *item_ns = samples_median(items, count);
    *floor_ns = samples_median(floors, count);
}

/* ---- Two threads ---------------------------------------------------------------------------- */

enum phase { FLOOR_ALONE, FLOOR_BOTH, ITEM_ALONE, ITEM_BOTH, PHASES };

/* What one thread took in one phase of one repetition. */
struct lap {
    double cpu_ns, begin_ns, end_ns;
};

/* Rules: laps[i] is written by thread i; read by the main thread after it has joined both. */
struct duet {
    const struct loop *loop;
    size_t count;
    pthread_barrier_t barrier;
    unsigned arrived; /* atomic */
    struct lap (*laps[2])[PHASES];
    struct loop_context contexts[2];
};
struct voice {
    struct duet *duet;
    unsigned index;
};

/* The barrier lets both go, the spin lets them go at once: waking from a barrier takes microseconds. */
static void meet(struct duet *duet, unsigned round)
{
    pthread_barrier_wait(&duet->barrier);
    __atomic_add_fetch(&duet->arrived, 1, __ATOMIC_RELAXED); /* orders nothing: only the time matters */
    while (__atomic_load_n(&duet->arrived, __ATOMIC_RELAXED) < 2 * round) continue;
}

static void run_lap(struct voice *voice, enum phase phase, struct lap *lap)
{
    struct duet *const duet = voice->duet;
    lap->begin_ns = machine_wall_ns();
    lap->cpu_ns = phase == FLOOR_ALONE || phase == FLOOR_BOTH
                      ? time_floor(duet->loop->floor, ON_ITERATIONS)
                      : time_loop(duet->loop, &duet->contexts[voice->index], ON_ITERATIONS);
    lap->end_ns = machine_wall_ns();
}

static void *sing(void *argument)
{
    struct voice *const voice = argument;
    struct duet *const duet = voice->duet;
    struct loop_context *const context = &duet->contexts[voice->index];
    session_prepare(context, duet->loop);
    duet->loop->run(context, WARM_ITERATIONS);
    (void)machine_pin(voice->index);
    unsigned round = 0;
    for (size_t i = 0; i < duet->count; i++)
        for (int phase = 0; phase < PHASES; phase++) {
            meet(duet, ++round);
            const bool alone = phase == FLOOR_ALONE || phase == ITEM_ALONE;
            if (!alone || voice->index == 0)
                run_lap(voice, (enum phase)phase, &duet->laps[voice->index][i][phase]);
        }
    return NULL;
}

static void perform(struct duet *duet)
{
    struct voice voices[2] = {{duet, 0}, {duet, 1}};
    pthread_t threads[2];
    pthread_barrier_init(&duet->barrier, NULL, 2);
    for (unsigned i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, sing, &voices[i]) != 0) {
            fprintf(stderr, "bench: cannot make a thread\n");
            exit(1);
        }
    for (unsigned i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&duet->barrier);
}

static double both_cpu(const struct duet *duet, size_t i, enum phase phase)
{
    return (duet->laps[0][i][phase].cpu_ns + duet->laps[1][i][phase].cpu_ns) / 2;
}

static double both_wall(const struct duet *duet, size_t i)
{
    const struct lap *const a = &duet->laps[0][i][ITEM_BOTH], *const b = &duet->laps[1][i][ITEM_BOTH];
    return (fmax(a->end_ns, b->end_ns) - fmin(a->begin_ns, b->begin_ns)) / ON_ITERATIONS;
}

static void report_duet(const struct duet *duet)
{
    static const char group[] = "on, 2 threads, shared library";
    double *const v[6] = {
        bench_allocate(duet->count, sizeof(double)), bench_allocate(duet->count, sizeof(double)),
        bench_allocate(duet->count, sizeof(double)), bench_allocate(duet->count, sizeof(double)),
        bench_allocate(duet->count, sizeof(double)), bench_allocate(duet->count, sizeof(double)),
    };
    for (size_t i = 0; i < duet->count; i++) {
        const struct lap *const alone = duet->laps[0][i];
        v[0][i] = alone[FLOOR_ALONE].cpu_ns;
        v[1][i] = both_cpu(duet, i, FLOOR_BOTH);
        v[2][i] = alone[ITEM_ALONE].cpu_ns;
        v[3][i] = both_cpu(duet, i, ITEM_BOTH);
        v[4][i] = (alone[ITEM_ALONE].end_ns - alone[ITEM_ALONE].begin_ns) / ON_ITERATIONS;
        v[5][i] = both_wall(duet, i);
    }
    char name[64];
    report_add_ratio(group, duet->loop->name, v[3], v[1], duet->count, duet->loop->target);
    snprintf(name, sizeof name, "%s: CPU, to 1 thread", duet->loop->name);
    report_add_ratio(group, name, v[3], v[2], duet->count, 1.02);
    snprintf(name, sizeof name, "%s: wall, to 1 thread", duet->loop->name);
    report_add_ratio(group, name, v[5], v[4], duet->count, NAN);
    snprintf(name, sizeof name, "floor of it: CPU, to 1 thread");
    report_add_ratio(group, name, v[1], v[0], duet->count, NAN);
    for (size_t i = 0; i < 6; i++) free(v[i]);
}

static void measure_duet(const struct bench_options *options, const struct loop *loop)
{
    struct duet duet = {.loop = loop, .count = options->repetitions};
    struct session session;
    for (unsigned i = 0; i < 2; i++) duet.laps[i] = bench_allocate(duet.count, sizeof duet.laps[i][0]);
    session_begin(&session, options, 0);
    perform(&duet);
    for (unsigned i = 0; i < 2; i++) {
        session_unprepare(&session, &duet.contexts[i], loop);
        session_count(&session, loop, WARM_ITERATIONS);
    }
    session_count(&session, loop, 3 * duet.count * ON_ITERATIONS); /* once alone, twice together */
    session_end(&session);
    report_duet(&duet);
    for (unsigned i = 0; i < 2; i++) free(duet.laps[i]);
}

void hot_measure_two_threads(const struct bench_options *options)
{
    if (machine_cpu_count() < 2) {
        report_warn("one CPU: two threads are not measured");
        return;
    }
    measure_duet(options, loop_find("region pair"));
    measure_duet(options, loop_find("task pair"));
    measure_duet(options, loop_find("log, two integers"));
}
