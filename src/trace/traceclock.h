/* From anchors to a clock. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TRACE_TRACECLOCK_H
#define CAIRN_TRACE_TRACECLOCK_H

#include "trace/trace.h"

/* The first and the last of the anchors seen. Zero-initialise. */
struct trace_anchors {
    struct cairn_anchor first, last;
    bool some;
};

/* Widens the span. Anchors of 0 ticks and 0 ns count as not there. */
void trace_anchors_add(struct trace_anchors *anchors, const struct cairn_anchor *anchor);

/* The clock that runs linearly from the first to the last anchor. Returns false if they do not span any time:
 * then a tick is taken for a nanosecond. */
bool trace_clock_fit(struct trace_clock *clock, const struct trace_anchors *anchors);

#endif
