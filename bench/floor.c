/* The yardstick. SPDX-License-Identifier: Apache-2.0
 *
 * A tracer that tells when a region began and ended has to read the clock twice and to store twice;
 * one that is off has to look twice whether it is. The loops here do that and nothing else, so that a ratio
 * of 1.00 cannot be beaten without giving something up. They are kept as favourable to the floor as can
 * be: the ring fits the first-level cache, its index is the loop's own counter, nothing is checked.
 *
 * A single event is held against one bare time-stamp read without any store, which is stricter still.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

const char *const floor_names[FLOOR_KINDS] = {
    [FLOOR_PAIR] = "2 time stamps, 2 stores",
    [FLOOR_STAMP] = "1 time stamp",
    [FLOOR_OFF_PAIR] = "2 relaxed loads, 2 branches",
    [FLOOR_OFF] = "1 relaxed load, 1 branch",
    [FLOOR_NOTHING] = "nothing",
};

enum { RING_WORDS = 2048, RING_MASK = RING_WORDS - 1, RING_KIND_BITS = 24 };

static _Thread_local uint64_t ring[RING_WORDS];

/* Never written: what is measured is the look at it. Not const, or the look would be folded. */
uint32_t floor_switch;

static void run_pair(uint64_t n)
{
    uint64_t *const words = ring;
    for (uint64_t i = 0; i < 2 * n; i += 2) {
        words[i & RING_MASK] = floor_stamp() << RING_KIND_BITS;
        words[(i + 1) & RING_MASK] = floor_stamp() << RING_KIND_BITS;
    }
}

static void run_stamp(uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        const uint64_t ticks = floor_stamp();
        __asm__ volatile("" : : "r"(ticks)); /* used: else only half of a two-register read is measured */
    }
}

__attribute__((cold, noinline)) static void never_taken(void)
{
    memset(ring, 0, sizeof ring);
}

static inline void look(void)
{
    if (__builtin_expect(__atomic_load_n(&floor_switch, __ATOMIC_RELAXED) != 0, 0)) never_taken();
}

static void run_off_pair(uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        look();
        look();
    }
}

static void run_off(uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) look();
}

static void run_nothing(uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) __asm__ volatile("");
}

void floor_run(enum floor_kind kind, uint64_t n)
{
    static void (*const runs[FLOOR_KINDS])(uint64_t) = {
        [FLOOR_PAIR] = run_pair, [FLOOR_STAMP] = run_stamp,     [FLOOR_OFF_PAIR] = run_off_pair,
        [FLOOR_OFF] = run_off,   [FLOOR_NOTHING] = run_nothing,
    };
    runs[kind](n);
}

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static uint64_t measure_step(void)
{
    uint64_t step = 0;
    uint64_t before = floor_stamp();
    for (int i = 0; i < 200000; i++) {
        const uint64_t now = floor_stamp();
        step = greatest_common_divisor(step, now - before);
        before = now;
    }
    return step;
}

static bool clock_is_invariant(void)
{
#if defined(__x86_64__)
    FILE *const info = fopen("/proc/cpuinfo", "re");
    if (info == NULL) return false;
    char line[8192];
    bool found = false;
    while (!found && fgets(line, sizeof line, info) != NULL)
        found = strncmp(line, "flags", 5) == 0 && strstr(line, "nonstop_tsc") != NULL;
    fclose(info);
    return found;
#else
    return true; /* the generic timer of aarch64 is, by architecture */
#endif
}

struct floor_clock floor_clock_measure(void)
{
    struct floor_clock clock = {.step_ticks = measure_step(), .invariant = clock_is_invariant()};
    const double begin_ns = machine_wall_ns();
    const uint64_t begin = floor_stamp();
    while (machine_wall_ns() - begin_ns < 100e6) continue;
    const double ns = machine_wall_ns() - begin_ns;
    clock.ns_per_tick = ns / (double)(floor_stamp() - begin);
    return clock;
}

enum { FLOOR_ON_ITERATIONS = 50000, FLOOR_OFF_ITERATIONS = 1000000 };

/* The floor's own rows: what the ratios stand on, and how quiet the machine is. */
void floor_measure(const struct bench_options *options)
{
    const size_t count = options->repetitions;
    double *const ns = bench_allocate(count, sizeof *ns);
    for (int kind = 0; kind < FLOOR_NOTHING; kind++) {
        const uint64_t n =
            kind == FLOOR_PAIR || kind == FLOOR_STAMP ? FLOOR_ON_ITERATIONS : FLOOR_OFF_ITERATIONS;
        for (size_t i = 0; i < count; i++) {
            const double begin = machine_thread_cpu_ns();
            floor_run((enum floor_kind)kind, n);
            ns[i] = (machine_thread_cpu_ns() - begin) / (double)n;
        }
        const double median = samples_median(ns, count);
        report_add("floor", floor_names[kind], "ns", median, NAN, samples_min(ns, count), median, NAN);
        const double spread = samples_quantile(ns, count, 0.75) / samples_quantile(ns, count, 0.25);
        if (kind == FLOOR_PAIR && spread > 1.05)
            report_warn("the floor itself varies by %.0f %% between quartiles: read medians with care",
                        (spread - 1) * 100);
    }
    free(ns);
}
