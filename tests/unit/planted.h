/* Made-up tasks of which some are slow for a reason that is known. SPDX-License-Identifier: Apache-2.0
 *
 *     planted_make(&planted, seed, cause, tasks)      some thousand requests with all kinds of details at random
 *     planted_feed(&planted, &sink)                   their events in the order of time
 *
 * A few percent of the requests have the cause; nine in ten of these take ten times as long. So does one in 200 of the
 * others, for no reason. An attribute, "decoy", agrees with the cause in four of five. What a request spends on subtasks
 * and regions is a share of its latency that is drawn without regard to it. */
#ifndef CAIRN_TESTS_PLANTED_H
#define CAIRN_TESTS_PLANTED_H

#include "handmade.h"

#include "base/vector.h"

#include <math.h>
#include <stdlib.h>

enum planted_cause {
    CAUSE_NONE,
    CAUSE_TEXT,
    CAUSE_INT,
    CAUSE_BOOL,
    CAUSE_ABOVE,
    CAUSE_MISSING,
    CAUSE_THREAD,
    CAUSE_PARENT,
    CAUSE_SUBTASK,
    CAUSE_REGION,
    CAUSE_LOG,
    CAUSE_CONCURRENT,
    CAUSE_WINDOW,
    CAUSE_ALONGSIDE,
    CAUSES
};

enum {
    REQUEST = 1, /* sites */
    FETCH,
    AUDIT,
    BATCH,
    SYNC,
    REPORT,
    PARSE,
    LOCK,
    NET,
    CACHE,
    USER,
    RETRY,
    BYTES,
    TENANT,
    DECOY,
    RATIO,
    ENDED,
    PLANTED_SITES,
    ACCEPTOR = 0, /* threads; workers behind it */
    PLANTED_THREADS = 24
};

enum {
    GUILTY_USER = 7,
    GUILTY_THREAD = 11,
    GUILTY_CONCURRENT = 8,
    GUILTY_BYTES = 40000,
    BURST = 14,         /* requests that arrive together, now and then */
    REPORTS = 8,        /* jobs in the background, each as long as a 200th of the trace */
    WINDOW_BEGIN = 400, /* thousandths of the trace */
    WINDOW_END = 440
};

static const struct trace_site planted_sites[PLANTED_SITES] = {
    [0] = {.text = "", .file = "", .function = ""},
    [REQUEST] = {.text = "request", .role = CAIRN_I_ROLE_TASK, .type = 0},
    [FETCH] = {.text = "fetch", .role = CAIRN_I_ROLE_TASK, .type = 1},
    [AUDIT] = {.text = "audit", .role = CAIRN_I_ROLE_TASK, .type = 2},
    [BATCH] = {.text = "batch", .role = CAIRN_I_ROLE_TASK, .type = 3},
    [SYNC] = {.text = "sync", .role = CAIRN_I_ROLE_TASK, .type = 4},
    [REPORT] = {.text = "report", .role = CAIRN_I_ROLE_TASK, .type = 5},
    [PARSE] = {.text = "parse", .role = CAIRN_I_ROLE_REGION, .type = 0},
    [LOCK] = {.text = "lock", .role = CAIRN_I_ROLE_REGION, .type = 1},
    [NET] = {.text = "net", .role = CAIRN_I_ROLE_LOG, .type = 0},
    [CACHE] = {.text = "cache", .role = CAIRN_I_ROLE_ATTR, .type = 0},
    [USER] = {.text = "user", .role = CAIRN_I_ROLE_ATTR, .type = 1},
    [RETRY] = {.text = "retry", .role = CAIRN_I_ROLE_ATTR, .type = 2},
    [BYTES] = {.text = "bytes", .role = CAIRN_I_ROLE_ATTR, .type = 3},
    [TENANT] = {.text = "tenant", .role = CAIRN_I_ROLE_ATTR, .type = 4},
    [DECOY] = {.text = "decoy", .role = CAIRN_I_ROLE_ATTR, .type = 5},
    [RATIO] = {.text = "ratio", .role = CAIRN_I_ROLE_ATTR, .type = 6},
    [ENDED] = {.text = "", .role = CAIRN_I_ROLE_END, .type = 0},
};

struct planted {
    struct handmade made;
    struct trace_thread threads[PLANTED_THREADS];
    VECTOR(struct trace_event) events;
    VECTOR(uint64_t) ends; /* of requests */
    uint64_t random, serial, place, span;
    uint64_t reports[REPORTS]; /* their begins */
    enum planted_cause cause;
};

/* ---- Chance ---------------------------------------------------------------------------------------- */

static inline double planted_draw(struct planted *planted) /* 0 to 1 */
{
    uint64_t mixed = planted->random += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((mixed ^ mixed >> 31) >> 11) / 9007199254740992.0;
}

static inline bool planted_chance(struct planted *planted, double p)
{
    return planted_draw(planted) < p;
}

static inline uint64_t planted_below(struct planted *planted, uint64_t limit)
{
    return (uint64_t)(planted_draw(planted) * (double)limit);
}

static inline double planted_lognormal(struct planted *planted, double median, double sigma)
{
    double radius = sqrt(-2 * log(1 - planted_draw(planted)));
    return median * exp(sigma * radius * cos(6.283185307179586 * planted_draw(planted)));
}

/* Whether a detail that the cause may be is to be there: if it is the cause, only with it. */
static inline bool planted_trait(struct planted *planted, enum planted_cause cause, bool guilty, double p)
{
    bool by_chance = planted_chance(planted, p);
    return planted->cause == cause ? guilty : by_chance;
}

/* ---- Events ---------------------------------------------------------------------------------------- */

static inline void planted_add(struct planted *planted, struct trace_event event)
{
    if (!vector_push(&planted->events, event)) fail_msg("out of memory");
}

static inline void planted_attr(struct planted *planted, uint64_t time, struct trace_task_id task,
                                uint32_t key, struct trace_value value)
{
    planted_add(
        planted,
        (struct trace_event){
            .time = time, .kind = TRACE_ATTR, .thread = ACCEPTOR, .site = key, .task = task, .value = value});
}

static inline struct trace_value planted_int(uint64_t value)
{
    return (struct trace_value){.type = CAIRN_I_VALUE_INT, .i = (int64_t)value};
}

static inline struct trace_task_id planted_task(struct planted *planted, uint32_t site, uint32_t thread,
                                                uint64_t begin, struct trace_task_id parent)
{
    struct trace_task_id task = task_id(site, ++planted->serial, begin);
    planted_add(planted, (struct trace_event){.time = begin,
                                              .kind = TRACE_TASK_BEGIN,
                                              .thread = thread,
                                              .site = site,
                                              .task = task,
                                              .other = parent});
    return task;
}

static inline void planted_end(struct planted *planted, struct trace_task_id task, uint32_t thread,
                               uint64_t end)
{
    planted_add(planted,
                (struct trace_event){
                    .time = end, .kind = TRACE_TASK_END, .thread = thread, .site = ENDED, .task = task});
}

static inline void planted_region(struct planted *planted, uint32_t site, uint32_t thread,
                                  struct trace_task_id task, uint64_t begin, uint64_t end)
{
    struct trace_region_id region = region_id(site, ++planted->place, begin, thread, task);
    struct trace_event event = {.time = begin,
                                .kind = TRACE_REGION_BEGIN,
                                .thread = thread,
                                .site = site,
                                .task = task,
                                .region = region};
    planted_add(planted, event);
    event.time = end;
    event.kind = TRACE_REGION_END;
    event.site = ENDED;
    planted_add(planted, event);
}

/* ---- A request ------------------------------------------------------------------------------------- */

static inline void planted_attrs(struct planted *planted, uint64_t time, struct trace_task_id task,
                                 bool guilty)
{
    static const char *const others[] = {"hit", "hit", "hit", "stale"};
    bool is_miss = planted_trait(planted, CAUSE_TEXT, guilty, 0.03);
    planted_attr(planted, time, task, CACHE,
                 text_value(is_miss ? "miss" : others[planted_below(planted, 4)]));
    uint64_t user = planted_below(planted, 60);
    if (planted->cause == CAUSE_INT) user = guilty ? GUILTY_USER : user == GUILTY_USER ? 8 : user;
    planted_attr(planted, time, task, USER, planted_int(user));
    struct trace_value retry = {.type = CAIRN_I_VALUE_BOOL,
                                .u = planted_trait(planted, CAUSE_BOOL, guilty, 0.04)};
    planted_attr(planted, time, task, RETRY, retry);
    double bytes = planted_lognormal(planted, 5000, 0.8);
    if (planted->cause == CAUSE_ABOVE)
        bytes = guilty ? GUILTY_BYTES + bytes : fmin(bytes, GUILTY_BYTES - 1 - planted_draw(planted) * 9000);
    planted_attr(planted, time, task, BYTES, planted_int((uint64_t)bytes));
    if (!planted_trait(planted, CAUSE_MISSING, guilty, 0.04))
        planted_attr(planted, time, task, TENANT, planted_int(planted_below(planted, 5000)));
    bool decoy = planted_chance(planted, 0.8) == guilty;
    planted_attr(planted, time, task, DECOY, text_value(decoy ? "on" : "off"));
    struct trace_value ratio = {.type = CAIRN_I_VALUE_FLOAT, .f = planted_draw(planted) - 0.3};
    planted_attr(planted, time, task, RATIO, ratio);
}

static inline void planted_logs(struct planted *planted, uint64_t time, uint32_t thread,
                                struct trace_task_id task, bool guilty)
{
    static const char *const messages[] = {"connected", "reused", "connected anew"};
    struct trace_event log = {.time = time, .kind = TRACE_LOG, .thread = thread, .site = NET, .task = task};
    log.value = text_value(messages[planted_below(planted, 3)]);
    planted_add(planted, log);
    log.value = text_value("timed out");
    if (planted_trait(planted, CAUSE_LOG, guilty, 0.04)) planted_add(planted, log);
}

/* Parts of the latency: a subtask from 0.2 on, regions from 0.6 on. */
static inline void planted_parts(struct planted *planted, uint32_t thread, struct trace_task_id task,
                                 double latency, bool guilty)
{
    uint64_t begin = task.birth;
    bool is_fetch = planted_trait(planted, CAUSE_SUBTASK, guilty, 0.05);
    uint64_t until = begin + (uint64_t)(latency * (0.3 + 0.2 * planted_draw(planted)));
    struct trace_task_id sub =
        planted_task(planted, is_fetch ? FETCH : AUDIT, thread, begin + (uint64_t)(0.2 * latency), task);
    planted_end(planted, sub, thread, until);
    bool is_lock = planted_trait(planted, CAUSE_REGION, guilty, 0.05);
    until = begin + (uint64_t)(latency * (0.7 + 0.2 * planted_draw(planted)));
    planted_region(planted, PARSE, thread, task, begin + (uint64_t)(0.6 * latency), until);
    if (is_lock) planted_region(planted, LOCK, thread, task, until, until + (uint64_t)(0.05 * latency));
}

static inline struct trace_task_id planted_parent(struct planted *planted, uint64_t begin, double latency,
                                                  bool guilty)
{
    bool is_sync = planted_trait(planted, CAUSE_PARENT, guilty, 0.04);
    if (!is_sync && planted_chance(planted, 0.5)) return background;
    struct trace_task_id parent = planted_task(planted, is_sync ? SYNC : BATCH, ACCEPTOR, begin, background);
    planted_end(planted, parent, ACCEPTOR, begin + (uint64_t)latency + 5);
    return parent;
}

static inline unsigned planted_open_at(const struct planted *planted, uint64_t time)
{
    unsigned open = 0;
    for (size_t i = planted->ends.count; i-- > 0;) open += planted->ends.items[i] >= time;
    return open;
}

static inline bool planted_during_report(const struct planted *planted, uint64_t time)
{
    for (int i = 0; i < REPORTS; i++)
        if (time >= planted->reports[i] && time < planted->reports[i] + planted->span / 200) return true;
    return false;
}

static inline bool planted_is_guilty(struct planted *planted, uint64_t begin)
{
    bool by_chance = planted_chance(planted, 0.03);
    switch (planted->cause) {
    case CAUSE_NONE: return false;
    case CAUSE_CONCURRENT: return planted_open_at(planted, begin) >= GUILTY_CONCURRENT;
    case CAUSE_ALONGSIDE: return planted_during_report(planted, begin);
    case CAUSE_WINDOW:
        return begin >= planted->span / 1000 * WINDOW_BEGIN && begin < planted->span / 1000 * WINDOW_END;
    default: return by_chance;
    }
}

static inline void planted_request(struct planted *planted, uint64_t begin)
{
    bool guilty = planted_is_guilty(planted, begin);
    bool is_slow = planted_chance(planted, guilty ? 0.9 : 0.005);
    double latency = planted_lognormal(planted, is_slow ? 1000000 : 100000, 0.3);
    uint32_t worker = 1 + (uint32_t)planted_below(planted, PLANTED_THREADS - 1);
    if (planted->cause == CAUSE_THREAD)
        worker = guilty ? GUILTY_THREAD : worker == GUILTY_THREAD ? 1 : worker;
    uint32_t ender = 1 + (uint32_t)planted_below(planted, PLANTED_THREADS - 1);
    if (ender == GUILTY_THREAD) ender = worker; /* so that it does nothing but what it works on */
    struct trace_task_id parent = planted_parent(planted, begin, latency, guilty);
    struct trace_task_id task = planted_task(planted, REQUEST, ACCEPTOR, begin + 1, parent);
    planted_attrs(planted, begin + 2, task, guilty);
    planted_logs(planted, begin + 3, worker, task, guilty);
    planted_parts(planted, worker, task, latency, guilty);
    uint64_t end = begin + 1 + (uint64_t)latency;
    planted_end(planted, task, ender, end);
    if (!vector_push(&planted->ends, end)) fail_msg("out of memory");
}

/* ---- All of them ----------------------------------------------------------------------------------- */

static inline int planted_by_time(const void *one, const void *other)
{
    const struct trace_event *a = one, *b = other;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

static inline void planted_begin(struct planted *planted, uint64_t seed, enum planted_cause cause,
                                 unsigned requests)
{
    *planted = (struct planted){.random = seed, .cause = cause, .span = requests * UINT64_C(400000)};
    handmade_begin(&planted->made);
    for (uint32_t i = 0; i < PLANTED_THREADS; i++)
        planted->threads[i] = (struct trace_thread){.tid = 100 + i, .name = i ? "worker" : "acceptor"};
    planted->made.info.sites = planted_sites;
    planted->made.info.site_count = PLANTED_SITES;
    planted->made.info.threads = planted->threads;
    planted->made.info.thread_count = PLANTED_THREADS;
    planted->made.info.end_ticks = planted->span;
}

static inline void planted_reports(struct planted *planted)
{
    for (int i = 0; i < REPORTS; i++) {
        planted->reports[i] = planted_below(planted, planted->span);
        struct trace_task_id report =
            planted_task(planted, REPORT, ACCEPTOR, planted->reports[i], background);
        planted_end(planted, report, ACCEPTOR, planted->reports[i] + planted->span / 200);
    }
}

/* Requests come at random, and sometimes many at once. */
static inline void planted_make(struct planted *planted, uint64_t seed, enum planted_cause cause,
                                unsigned requests)
{
    uint64_t now = 10;
    planted_begin(planted, seed, cause, requests);
    planted_reports(planted);
    for (unsigned i = 0; i < requests;) {
        unsigned burst = planted_chance(planted, 0.01) ? BURST : 1;
        for (unsigned j = 0; j < burst && i < requests; j++, i++) planted_request(planted, now += 10);
        now += (uint64_t)(-log(1 - planted_draw(planted)) * 400000 * burst);
    }
    for (size_t i = 0; i < planted->events.count; i++) planted->events.items[i].offset = i;
    qsort(planted->events.items, planted->events.count, sizeof *planted->events.items, planted_by_time);
}

static inline void planted_feed(struct planted *planted, struct trace_sink *sink)
{
    planted->made.sink = sink;
    for (size_t i = 0; i < planted->events.count; i++) feed(&planted->made, planted->events.items[i]);
    feed_done(&planted->made);
}

static inline void planted_free(struct planted *planted)
{
    handmade_end(&planted->made);
    vector_free(&planted->events);
    vector_free(&planted->ends);
}

#endif
