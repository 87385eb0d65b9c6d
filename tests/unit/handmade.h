/* A trace made by hand, for the tests of analyses: sites and threads that are always there, and events fed
 * to a sink one by one. SPDX-License-Identifier: Apache-2.0
 *
 * One tick is one nanosecond; the trace spans 0 to 1 000 000; the round is 2. */
#ifndef CAIRN_TESTS_HANDMADE_H
#define CAIRN_TESTS_HANDMADE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cairn/cairn.h"
#include "trace/trace.h"

enum {
    ORDER = 1, /* sites: types of tasks */
    PAYMENT,
    BREW, /* types of regions */
    WAIT,
    BREW_ELSEWHERE,
    TILL, /* a category */
    SIZE, /* a key */
    HERE, /* places of ends */
    THERE,
    SITES,
    MAIN = 0, /* threads */
    WORKER = 1
};

static const struct trace_site handmade_sites[SITES] = {
    [0] = {.text = "", .file = "", .function = ""},
    [ORDER] =
        {.text = "order", .file = "src/shop.c", .function = "serve", .line = 10, .role = CAIRN_I_ROLE_TASK},
    [PAYMENT] =
        {.text = "payment", .file = "src/shop.c", .function = "pay", .line = 20, .role = CAIRN_I_ROLE_TASK},
    [BREW] =
        {.text = "brew", .file = "src/shop.c", .function = "brew", .line = 30, .role = CAIRN_I_ROLE_REGION},
    [WAIT] =
        {.text = "wait", .file = "src/shop.c", .function = "wait", .line = 40, .role = CAIRN_I_ROLE_REGION},
    [BREW_ELSEWHERE] =
        {.text = "brew", .file = "src/bar.c", .function = "pour", .line = 5, .role = CAIRN_I_ROLE_REGION},
    [TILL] = {.text = "till", .file = "src/shop.c", .function = "pay", .line = 21, .role = CAIRN_I_ROLE_LOG},
    [SIZE] = {.text = "size", .file = "src/shop.c", .function = "pay", .line = 22, .role = CAIRN_I_ROLE_ATTR},
    [HERE] =
        {.text = "no milk", .file = "src/shop.c", .function = "here", .line = 91, .role = CAIRN_I_ROLE_END},
    [THERE] = {.text = "", .file = "src/shop.c", .function = "there", .line = 92, .role = CAIRN_I_ROLE_END},
};

static const struct trace_thread handmade_threads[] = {{.tid = 100, .name = "main"},
                                                       {.tid = 101, .name = "worker"}};
static const struct trace_process handmade_processes[] = {
    {.pid = 100, .round = 2, .state = CAIRN_STATE_STOPPED},
    {.pid = 200, .round = 1, .state = CAIRN_STATE_STOPPED}, /* counted only where a test says so */
};

static const struct trace_task_id background; /* no task */

struct handmade {
    struct trace_diagnostics diagnostics;
    struct trace_info info;
    struct trace_sink *sink;
    uint64_t now;
};

static inline void handmade_begin(struct handmade *made)
{
    *made = (struct handmade){0};
    made->info = (struct trace_info){.clock = {.ns_per_tick = 1},
                                     .end_ticks = 1000000,
                                     .sites = handmade_sites,
                                     .site_count = SITES,
                                     .threads = handmade_threads,
                                     .thread_count = 2,
                                     .processes = handmade_processes,
                                     .process_count = 1,
                                     .diagnostics = &made->diagnostics};
}

static inline void handmade_end(struct handmade *made)
{
    free(made->diagnostics.items);
}

/* A task of this trace's round. */
static inline struct trace_task_id task_id(uint32_t site, uint64_t serial, uint64_t birth)
{
    return (struct trace_task_id){.id = UINT64_C(2) << CAIRN_ID_ROUND_SHIFT |
                                        (uint64_t)site << CAIRN_ID_SITE_SHIFT | serial,
                                  .birth = birth,
                                  .site = site};
}

static inline struct trace_task_id task_of_round(uint64_t round, uint32_t site, uint64_t serial,
                                                 uint64_t birth)
{
    struct trace_task_id task = task_id(site, serial, birth);
    task.id = (task.id & ~(UINT64_C(255) << CAIRN_ID_ROUND_SHIFT)) | round << CAIRN_ID_ROUND_SHIFT;
    return task;
}

static inline struct trace_region_id region_id(uint32_t site, uint64_t place, uint64_t birth, uint32_t thread,
                                               struct trace_task_id task)
{
    return (struct trace_region_id){
        .place = place, .birth = birth, .thread = thread, .site = site, .task = task};
}

static inline void feed(struct handmade *made, struct trace_event event)
{
    struct cairn_error error = {0};
    if (made->sink->event(made->sink, &event, &error) != 0) fail_msg("%s", error.text);
}

static inline void feed_begin(struct handmade *made, uint32_t thread, struct trace_task_id task,
                              struct trace_task_id parent)
{
    feed(made, (struct trace_event){.time = task.birth,
                                    .kind = TRACE_TASK_BEGIN,
                                    .thread = thread,
                                    .site = task.site,
                                    .task = task,
                                    .other = parent});
}

static inline void feed_end(struct handmade *made, uint64_t time, uint32_t thread, struct trace_task_id task,
                            uint32_t site)
{
    feed(made, (struct trace_event){
                   .time = time, .kind = TRACE_TASK_END, .thread = thread, .site = site, .task = task});
}

static inline void feed_fail(struct handmade *made, uint64_t time, uint32_t thread, struct trace_task_id task)
{
    feed(made, (struct trace_event){
                   .time = time, .kind = TRACE_TASK_FAIL, .thread = thread, .site = HERE, .task = task});
}

static inline void feed_region(struct handmade *made, struct trace_region_id region)
{
    feed(made, (struct trace_event){.time = region.birth,
                                    .kind = TRACE_REGION_BEGIN,
                                    .thread = region.thread,
                                    .site = region.site,
                                    .task = region.task,
                                    .region = region});
}

static inline void feed_region_end(struct handmade *made, uint64_t time, uint32_t thread,
                                   struct trace_region_id region, uint32_t site)
{
    feed(made, (struct trace_event){.time = time,
                                    .kind = TRACE_REGION_END,
                                    .thread = thread,
                                    .site = site,
                                    .task = region.task,
                                    .region = region});
}

/* One that a chunk lists, or a loss has left open, without its begin. */
static inline void feed_region_open(struct handmade *made, uint64_t time, struct trace_region_id region)
{
    feed(made, (struct trace_event){.time = time,
                                    .kind = TRACE_REGION_OPEN,
                                    .thread = region.thread,
                                    .site = region.site,
                                    .task = region.task,
                                    .region = region});
}

static inline struct trace_value text_value(const char *text)
{
    size_t bytes = strlen(text);
    return (struct trace_value){
        .type = CAIRN_I_VALUE_TEXT, .text = text, .text_bytes = bytes, .text_bytes_full = bytes};
}

static inline struct trace_event log_event(uint64_t time, uint32_t thread, struct trace_task_id task,
                                           const char *message)
{
    return (struct trace_event){.time = time,
                                .kind = TRACE_LOG,
                                .thread = thread,
                                .site = TILL,
                                .task = task,
                                .value = text_value(message)};
}

static inline void feed_log(struct handmade *made, uint64_t time, uint32_t thread, struct trace_task_id task,
                            const char *message)
{
    feed(made, log_event(time, thread, task, message));
}

/* Of the main thread; `key` is a site. */
static inline void feed_attr(struct handmade *made, uint64_t time, struct trace_task_id task, uint32_t key,
                             struct trace_value value)
{
    feed(made,
         (struct trace_event){
             .time = time, .kind = TRACE_ATTR, .thread = MAIN, .site = key, .task = task, .value = value});
}

static inline void feed_done(struct handmade *made)
{
    struct cairn_error error = {0};
    if (made->sink->end(made->sink, &made->info, &error) != 0) fail_msg("%s", error.text);
}

/* How often something was found; its example through `example` if that is not NULL. */
static inline uint64_t found(const struct handmade *made, const char *name, const char **example)
{
    for (uint32_t i = 0; i < made->diagnostics.count; i++) {
        if (strcmp(made->diagnostics.items[i].name, name) != 0) continue;
        if (example) *example = made->diagnostics.items[i].example;
        return made->diagnostics.items[i].count;
    }
    return 0;
}

#endif
