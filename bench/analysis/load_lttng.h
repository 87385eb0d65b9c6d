/* The annotations of analysis_load.c as LTTng-UST events, in place of <cairn/cairn.h>. SPDX-License-Identifier: Apache-2.0
 *
 * Only what that program uses. Recording is started and stopped from outside. */
#ifndef CAIRN_BENCH_LOAD_LTTNG_H
#define CAIRN_BENCH_LOAD_LTTNG_H

#define LTTNG_UST_TRACEPOINT_DEFINE
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_PROBE_DYNAMIC_LINKAGE_NONE
#include "load_events.h"

#include <stdatomic.h>
#include <stdint.h>

typedef struct cairn_task {
    uint64_t id;
} cairn_task;
typedef struct cairn_region {
    uint64_t task;
} cairn_region;
typedef struct cairn_options {
    uint64_t size, limit_bytes;
    const char *path;
} cairn_options;

#define CAIRN_BACKGROUND ((cairn_task){0})

static inline cairn_task cairn_task_begin(cairn_task parent, const char *type)
{
    static atomic_uint_fast64_t last;
    cairn_task task = {atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1};
    lttng_ust_tracepoint(cairn_load, task_begin, task.id, parent.id, type);
    return task;
}

static inline void cairn_task_end(cairn_task task)
{
    lttng_ust_tracepoint(cairn_load, task_end, task.id);
}

static inline cairn_region cairn_region_begin(cairn_task task, const char *type)
{
    lttng_ust_tracepoint(cairn_load, region_begin, task.id, type);
    return (cairn_region){task.id};
}

static inline void cairn_region_end(cairn_region region)
{
    lttng_ust_tracepoint(cairn_load, region_end, region.task);
}

static inline void cairn_attr(cairn_task task, const char *key, uint64_t value)
{
    lttng_ust_tracepoint(cairn_load, attr, task.id, key, value);
}

static inline void cairn_log(cairn_task task, const char *category, const char *text)
{
    lttng_ust_tracepoint(cairn_load, log, task.id, category, text);
}

static inline void cairn_logf(cairn_task task, const char *category, const char *format, int first,
                              int second)
{
    (void)format;
    lttng_ust_tracepoint(cairn_load, logf, task.id, category, first, second);
}

static inline void cairn_thread_name(const char *name)
{
    (void)name;
}

static inline int cairn_start(const cairn_options *options)
{
    (void)options;
    return 0;
}

static inline int cairn_stop(void)
{
    return 0;
}

#endif
