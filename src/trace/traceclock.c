/* Ticks and time. SPDX-License-Identifier: Apache-2.0
 *
 * A clock is a straight line. Instants are differences from its base in double precision: exact to a
 * nanosecond for spans of up to 104 days, and what is beyond saturates instead of wrapping.
 */
#include "trace/traceclock.h"

#include <math.h>

static bool is_set(const struct cairn_anchor *anchor)
{
    return anchor->ticks || anchor->monotonic_ns;
}

void trace_anchors_add(struct trace_anchors *anchors, const struct cairn_anchor *anchor)
{
    if (!is_set(anchor)) return;
    if (!anchors->some || anchor->ticks < anchors->first.ticks) anchors->first = *anchor;
    if (!anchors->some || anchor->ticks > anchors->last.ticks) anchors->last = *anchor;
    anchors->some = true;
}

bool trace_clock_fit(struct trace_clock *clock, const struct trace_anchors *anchors)
{
    const struct cairn_anchor *first = &anchors->first, *last = &anchors->last;
    *clock = (struct trace_clock){.base_ticks = first->ticks,
                                  .base_monotonic_ns = first->monotonic_ns,
                                  .base_realtime_ns = (int64_t)first->realtime_ns,
                                  .ns_per_tick = 1};
    if (last->ticks <= first->ticks || last->monotonic_ns <= first->monotonic_ns) return false;
    clock->ns_per_tick =
        (double)(last->monotonic_ns - first->monotonic_ns) / (double)(last->ticks - first->ticks);
    return true;
}

static uint64_t saturate(double value)
{
    if (!(value > 0)) return 0;
    return value >= 0x1p64 ? UINT64_MAX : (uint64_t)nearbyint(value);
}

static int64_t signed_offset_ns(const struct trace_clock *clock, uint64_t at_ticks)
{
    bool before = at_ticks < clock->base_ticks;
    uint64_t ticks = before ? clock->base_ticks - at_ticks : at_ticks - clock->base_ticks;
    uint64_t ns = trace_clock_ns(clock, ticks);
    if (ns > INT64_MAX) ns = INT64_MAX;
    return before ? -(int64_t)ns : (int64_t)ns;
}

static int64_t add_saturated(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) return b < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}

uint64_t trace_clock_ns(const struct trace_clock *clock, uint64_t ticks)
{
    /* Exact also beyond 2^53, where a double is not. */
    if (clock->ns_per_tick == 1) return ticks;
    return saturate((double)ticks * clock->ns_per_tick);
}

int64_t trace_clock_since_start_ns(const struct trace_clock *clock, uint64_t at_ticks)
{
    return signed_offset_ns(clock, at_ticks);
}

int64_t trace_clock_monotonic_ns(const struct trace_clock *clock, uint64_t at_ticks)
{
    return add_saturated((int64_t)clock->base_monotonic_ns, signed_offset_ns(clock, at_ticks));
}

int64_t trace_clock_realtime_ns(const struct trace_clock *clock, uint64_t at_ticks)
{
    return add_saturated(clock->base_realtime_ns, signed_offset_ns(clock, at_ticks));
}

uint64_t trace_clock_ticks(const struct trace_clock *clock, uint64_t ns)
{
    if (clock->ns_per_tick == 1) return ns;
    return saturate((double)ns / clock->ns_per_tick);
}

uint64_t trace_clock_at_monotonic(const struct trace_clock *clock, int64_t monotonic_ns)
{
    int64_t offset;
    if (__builtin_sub_overflow(monotonic_ns, (int64_t)clock->base_monotonic_ns, &offset)) {
        offset = monotonic_ns < 0 ? INT64_MIN + 1 : INT64_MAX;
    }
    uint64_t ticks = trace_clock_ticks(clock, offset < 0 ? 0 - (uint64_t)offset : (uint64_t)offset);
    uint64_t base = clock->base_ticks;
    if (offset < 0) return base > ticks ? base - ticks : 0;
    return ticks > UINT64_MAX - base ? UINT64_MAX : base + ticks;
}
