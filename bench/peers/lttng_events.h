/* LTTng-UST's description of the events that correspond to cairn's. SPDX-License-Identifier: Apache-2.0
 *
 * Included several times by LTTng's own machinery, which fixes the form of this file.
 */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER cairn_bench
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "lttng_events.h"

#if !defined(CAIRN_BENCH_LTTNG_EVENTS_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define CAIRN_BENCH_LTTNG_EVENTS_H

#include <lttng/tracepoint.h>
#include <stdint.h>

/* A region: its task, so that it can be told whose it is. */
LTTNG_UST_TRACEPOINT_EVENT(cairn_bench, region_begin, LTTNG_UST_TP_ARGS(uint64_t, task),
                           LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(uint64_t, task, task)))
LTTNG_UST_TRACEPOINT_EVENT(cairn_bench, region_end, LTTNG_UST_TP_ARGS(uint64_t, task),
                           LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(uint64_t, task, task)))
LTTNG_UST_TRACEPOINT_EVENT(cairn_bench, log_integers, LTTNG_UST_TP_ARGS(int32_t, first, int32_t, second),
                           LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(int32_t, first, first)
                                                   lttng_ust_field_integer(int32_t, second, second)))
LTTNG_UST_TRACEPOINT_EVENT(cairn_bench, log_text, LTTNG_UST_TP_ARGS(const char *, text),
                           LTTNG_UST_TP_FIELDS(lttng_ust_field_string(text, text)))
#endif

#include <lttng/tracepoint-event.h>
