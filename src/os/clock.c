/* Clocks. SPDX-License-Identifier: Apache-2.0
 *
 * The raw counter costs a third of clock_gettime and neither fences nor enters the kernel, so it is what
 * events carry; anchors tie it to the system's clocks. A counter that is not invariant (stops or changes
 * its rate) is not used.
 */
#include "os/os.h"

#include <time.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

enum { CLOCK_TSC = 1, CLOCK_CNTVCT = 2, CLOCK_OF_SYSTEM = 3 };

uint32_t cairn__os_clock = CLOCK_OF_SYSTEM;

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t cairn__os_monotonic_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

static uint32_t best_clock(void)
{
#if defined(__x86_64__)
    unsigned a, b, c, d;
    if (__get_cpuid(0x80000007u, &a, &b, &c, &d) && (d & 1u << 8)) return CLOCK_TSC; /* invariant TSC */
#elif defined(__aarch64__)
    return CLOCK_CNTVCT; /* the architecture has it constant */
#endif
    return CLOCK_OF_SYSTEM;
}

void cairn__os_clock_init(bool force_monotonic)
{
    cairn__os_clock = force_monotonic ? CLOCK_OF_SYSTEM : best_clock();
}

void cairn__os_anchor(uint64_t *ticks, uint64_t *monotonic_ns, uint64_t *realtime_ns)
{
    uint64_t best = UINT64_MAX;
    for (int attempt = 0; attempt < 5; attempt++) {
        uint64_t before = cairn__os_ticks();
        uint64_t monotonic = clock_ns(CLOCK_MONOTONIC);
        uint64_t realtime = clock_ns(CLOCK_REALTIME);
        uint64_t after = cairn__os_ticks();
        if (after - before >= best) continue;
        best = after - before;
        *ticks = cairn__os_clock == CLOCK_OF_SYSTEM ? monotonic : before + best / 2;
        *monotonic_ns = monotonic;
        *realtime_ns = realtime;
    }
}
