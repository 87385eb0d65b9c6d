/* LTTng-UST's description of the events of analysis_load.c. SPDX-License-Identifier: Apache-2.0
 *
 * Included several times by LTTng's own machinery, which fixes the form of this file. What cairn knows by its call
 * site, here is a string in the event. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER cairn_load
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "load_events.h"

#if !defined(CAIRN_BENCH_LOAD_EVENTS_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define CAIRN_BENCH_LOAD_EVENTS_H

#include <lttng/tracepoint.h>
#include <stdint.h>

LTTNG_UST_TRACEPOINT_EVENT(cairn_load, task_begin,
                           LTTNG_UST_TP_ARGS(uint64_t, task, uint64_t, parent, const char *, type),
                           LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(uint64_t, task, task)
                                                   lttng_ust_field_integer(uint64_t, parent, parent)
                                                       lttng_ust_field_string(type, type)))
LTTNG_UST_TRACEPOINT_EVENT(cairn_load, task_end, LTTNG_UST_TP_ARGS(uint64_t, task),
                           LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(uint64_t, task, task)))
LTTNG_UST_TRACEPOINT_EVENT(cairn_load, region_begin, LTTNG_UST_TP_ARGS(uint64_t, task, const char *, type),
                           LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(uint64_t, task, task)
                                                   lttng_ust_field_string(type, type)))
LTTNG_UST_TRACEPOINT_EVENT(cairn_load, region_end, LTTNG_UST_TP_ARGS(uint64_t, task),
                           LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(uint64_t, task, task)))
LTTNG_UST_TRACEPOINT_EVENT(cairn_load, attr,
                           LTTNG_UST_TP_ARGS(uint64_t, task, const char *, key, uint64_t, value),
                           LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(uint64_t, task, task)
                                                   lttng_ust_field_string(key, key)
                                                       lttng_ust_field_integer(uint64_t, value, value)))
LTTNG_UST_TRACEPOINT_EVENT(cairn_load, log,
                           LTTNG_UST_TP_ARGS(uint64_t, task, const char *, category, const char *, text),
                           LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(uint64_t, task, task)
                                                   lttng_ust_field_string(category, category)
                                                       lttng_ust_field_string(text, text)))
LTTNG_UST_TRACEPOINT_EVENT(cairn_load, logf,
                           LTTNG_UST_TP_ARGS(uint64_t, task, const char *, category, int32_t, first, int32_t,
                                             second),
                           LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(uint64_t, task, task)
                                                   lttng_ust_field_string(category, category)
                                                       lttng_ust_field_integer(int32_t, first, first)
                                                           lttng_ust_field_integer(int32_t, second, second)))
#endif

#include <lttng/tracepoint-event.h>
