/* The reading side of flows.h. SPDX-License-Identifier: Apache-2.0
 *
 * For each event of the trace:
 *   1. Its thread, flow and step: by the thread's name, the kind, and the text of the site (of an end: of what ends).
 *   2. Its number: what it carries; if it carries none, the next one that has its step.
 *   3. That it is greater than the last, and at most the one that the flow was at when it ended.
 *   4. That message, task, parent and region are those of this number.
 * In the end, for each kind: completed = recovered + lost, where what the flows were at may be either, or neither.
 *
 * Behind a gap the number of an event that carries none is a guess, until the next one that does. */
#include "flows.h"

#include "readback.h"
#include "testing.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- What must be there ------------------------------------------------------------------------------------------- */

enum carried { NOTHING, UINT, INT, FLOAT, LONG_TEXT, SHORT_TEXT, NUMBERS, NUMBER, FORMATTED, TIMES };
enum who { NOBODY, TASK, CHILD, ROOT, OUTER, INNER, WHOS };

struct step {
    enum trace_kind kind;
    const char *name; /* behind the flow's */
    enum cairn_tally tally;
    enum who task, other, region; /* what the event must name */
    enum carried carries;
};

static const struct step cycle[] = {
    {TRACE_TASK_BEGIN, "task", CAIRN_TALLY_TASK_BEGIN, TASK, ROOT, NOBODY, NOTHING},
    {TRACE_ATTR, "task number", CAIRN_TALLY_ATTR, TASK, NOBODY, NOBODY, UINT},
    {TRACE_REGION_BEGIN, "outer", CAIRN_TALLY_REGION_BEGIN, TASK, NOBODY, OUTER, NOTHING},
    {TRACE_ATTR, "outer number", CAIRN_TALLY_ATTR, TASK, NOBODY, OUTER, INT},
    {TRACE_LOG, "numbers", CAIRN_TALLY_LOG, TASK, NOBODY, NOBODY, NUMBERS},
    {TRACE_REGION_BEGIN, "inner", CAIRN_TALLY_REGION_BEGIN, TASK, NOBODY, INNER, NOTHING},
    {TRACE_LOG, "text", CAIRN_TALLY_LOG, TASK, NOBODY, NOBODY, LONG_TEXT},
    {TRACE_ATTR, "outer text", CAIRN_TALLY_ATTR, TASK, NOBODY, OUTER, SHORT_TEXT},
    {TRACE_ATTR, "inner number", CAIRN_TALLY_ATTR, TASK, NOBODY, INNER, FLOAT},
    {TRACE_COUNTER, "counter", CAIRN_TALLY_COUNTER, NOBODY, NOBODY, NOBODY, UINT},
    {TRACE_REGION_END, "inner", CAIRN_TALLY_REGION_END, TASK, NOBODY, INNER, NOTHING},
    {TRACE_TASK_BEGIN, "child", CAIRN_TALLY_TASK_BEGIN, CHILD, TASK, NOBODY, NOTHING},
    {TRACE_LOG, "number", CAIRN_TALLY_LOG, CHILD, NOBODY, NOBODY, NUMBER},
    {TRACE_LINK, "child", CAIRN_TALLY_LINK, CHILD, TASK, NOBODY, NOTHING},
    {TRACE_LOG, "formatted", CAIRN_TALLY_LOG, TASK, NOBODY, NOBODY, FORMATTED},
    {TRACE_TASK_FAIL, "child", CAIRN_TALLY_TASK_FAIL, CHILD, NOBODY, NOBODY, NOTHING},
    {TRACE_REGION_AT, "at", CAIRN_TALLY_REGION_AT, TASK, NOBODY, NOBODY, TIMES},
    {TRACE_REGION_END, "outer", CAIRN_TALLY_REGION_END, TASK, NOBODY, OUTER, NOTHING},
    {TRACE_TASK_END, "task", CAIRN_TALLY_TASK_END, TASK, NOBODY, NOBODY, NOTHING},
};

_Static_assert(sizeof cycle / sizeof cycle[0] == FLOW_CYCLE_EVENTS, "as many as there are in flowscript.h");

static const struct step prologue[] = {
    {TRACE_TASK_BEGIN, "main", CAIRN_TALLY_TASK_BEGIN, NOBODY, NOBODY, NOBODY, NOTHING},
    {TRACE_TASK_BEGIN, "usr1", CAIRN_TALLY_TASK_BEGIN, NOBODY, NOBODY, NOBODY, NOTHING},
    {TRACE_TASK_BEGIN, "usr2", CAIRN_TALLY_TASK_BEGIN, NOBODY, NOBODY, NOBODY, NOTHING},
    {TRACE_REGION_BEGIN, "whole", CAIRN_TALLY_REGION_BEGIN, NOBODY, NOBODY, OUTER, NOTHING},
    {TRACE_REGION_END, "whole", CAIRN_TALLY_REGION_END, NOBODY, NOBODY, OUTER, NOTHING},
    {TRACE_TASK_END, "main", CAIRN_TALLY_TASK_END, NOBODY, NOBODY, NOBODY, NOTHING},
    {TRACE_TASK_END, "usr1", CAIRN_TALLY_TASK_END, NOBODY, NOBODY, NOBODY, NOTHING},
    {TRACE_TASK_END, "usr2", CAIRN_TALLY_TASK_END, NOBODY, NOBODY, NOBODY, NOTHING},
};

static const struct flow {
    const char *name;
    const struct step *steps;
    uint32_t count;
} flows[FLOWS] = {
    [FLOW_PROLOGUE] = {"prologue ", prologue, sizeof prologue / sizeof prologue[0]},
    [FLOW_MAIN] = {"main ", cycle, sizeof cycle / sizeof cycle[0]},
    [FLOW_USR1] = {"usr1 ", cycle, sizeof cycle / sizeof cycle[0]},
    [FLOW_USR2] = {"usr2 ", cycle, sizeof cycle / sizeof cycle[0]},
};

/* ---- What is there ------------------------------------------------------------------------------------------------- */

struct identity {
    uint64_t id, birth; /* of a region: place and birth */
};

struct seen {
    uint64_t next; /* a lower bound of the numbers to come */
    bool guessed;  /* the last one carried no number and came behind a gap */
    uint64_t recovered[CAIRN_TALLIES];
    uint64_t in_flight;
    uint64_t cycle; /* that the identities are of */
    struct identity who[WHOS];
    bool in_window; /* it has had an event there, or there is none */
};

struct check {
    const char *path;
    const struct flow_board *board;
    unsigned threads;
    bool windowed, under_way, lossy;
    uint64_t overwritten[CAIRN_TALLIES]; /* what has left the window */
    struct seen seen[FLOW_THREADS_MAX][FLOWS];
    struct identity roots[FLOW_THREADS_MAX][FLOWS];
    int16_t *keys; /* by site: flow and name, from 1; -1: none of ours; 0: not looked at yet */
    uint32_t key_count;
    uint64_t wrong, gaps, seen_all, in_handler, open_tasks, open_regions;
};

enum { SHOWN = 5, STEPS_MAX = 64 };

/* The first step of a flow that has the name; equal names of different kinds share it. */
static uint32_t step_named(const struct flow *flow, const char *name)
{
    uint32_t step = 0;
    while (step < flow->count && strcmp(flow->steps[step].name, name) != 0) step++;
    return step;
}

static int16_t key_of_text(const char *text)
{
    for (int flow = 0; flow < FLOWS; flow++) {
        size_t length = strlen(flows[flow].name);
        if (strncmp(text, flows[flow].name, length) != 0) continue;
        uint32_t step = step_named(&flows[flow], text + length);
        return step < flows[flow].count ? (int16_t)(1 + flow * STEPS_MAX + (int)step) : -1;
    }
    return -1;
}

static int16_t key_of_site(struct check *check, const struct trace_info *info, uint32_t site)
{
    if (!check->keys) {
        check->keys = calloc(info->site_count, sizeof *check->keys);
        check->key_count = check->keys ? info->site_count : 0;
    }
    if (site >= check->key_count) return -1;
    if (!check->keys[site]) check->keys[site] = key_of_text(info->sites[site].text);
    return check->keys[site];
}

static uint32_t naming_site(const struct trace_event *event)
{
    switch (event->kind) {
    case TRACE_TASK_END:
    case TRACE_TASK_FAIL:
    case TRACE_LINK: return event->task.site;
    case TRACE_REGION_END: return event->region.site;
    default: return event->site;
    }
}

/* 1. */
static bool place_event(struct check *check, const struct trace_info *info, const struct trace_event *event,
                        enum flow_number *flow, uint32_t *step)
{
    int16_t key = key_of_site(check, info, naming_site(event));
    if (key < 0) return false;
    *flow = (enum flow_number)((key - 1) / STEPS_MAX);
    const struct step *steps = flows[*flow].steps;
    const char *name = steps[(key - 1) % STEPS_MAX].name;
    for (*step = (uint32_t)(key - 1) % STEPS_MAX; *step < flows[*flow].count; ++*step) {
        if (steps[*step].kind == event->kind && strcmp(steps[*step].name, name) == 0) return true;
    }
    return false;
}

static bool thread_of(const struct check *check, const struct trace_info *info,
                      const struct trace_event *event, unsigned *thread)
{
    if (event->thread >= info->thread_count) return false;
    const char *name = info->threads[event->thread].name;
    if (strncmp(name, "busy ", 5) != 0 || name[5] < '0' || name[5] > '9' || name[6]) return false;
    *thread = (unsigned)(name[5] - '0');
    return *thread < check->threads;
}

/* ---- Numbers and messages --------------------------------------------------------------------------------------------- */

static bool number_in_text(const struct trace_value *value, enum carried carries, uint64_t *number)
{
    char text[FLOW_TEXT_BYTES + 64];
    if (value->type != CAIRN_I_VALUE_TEXT || value->text_bytes >= sizeof text) return false;
    memcpy(text, value->text, value->text_bytes);
    text[value->text_bytes] = 0;
    const char *space = strrchr(text, ' ');
    if (carries == LONG_TEXT || carries == SHORT_TEXT) {
        text[16] = 0;
        *number = strtoull(text, NULL, 16);
    } else {
        *number = strtoull(space ? space : text, NULL, 10);
    }
    return true;
}

static bool number_in_times(const struct trace_info *info, const struct trace_event *event, uint64_t *number)
{
    int64_t begin_ns = trace_clock_monotonic_ns(&info->clock, event->region.birth);
    int64_t end_ns = trace_clock_monotonic_ns(&info->clock, event->end_ticks);
    *number = ((uint64_t)begin_ns - FLOW_AT_NS + 500) / 1000;
    return llabs(end_ns - (int64_t)(FLOW_AT_NS + 2000 * *number)) <= 10; /* ticks are not nanoseconds */
}

/* 2. False if the value is not even of its type. */
static bool number_of(const struct trace_info *info, const struct trace_event *event, enum carried carries,
                      uint64_t *number)
{
    const struct trace_value *value = &event->value;
    switch (carries) {
    case UINT: *number = value->u; return value->type == CAIRN_I_VALUE_UINT;
    case INT: *number = (uint64_t)value->i; return value->type == CAIRN_I_VALUE_INT;
    case FLOAT: *number = (uint64_t)value->f; return value->type == CAIRN_I_VALUE_FLOAT;
    case TIMES: return number_in_times(info, event, number);
    default: return number_in_text(value, carries, number);
    }
}

static size_t message_of(char *message, enum carried carries, uint64_t number)
{
    char text[32];
    switch (carries) {
    case LONG_TEXT: flow_text(message, number, flow_text_bytes(number)); return strlen(message);
    case SHORT_TEXT: flow_text(message, number, 20); return strlen(message);
    case NUMBERS:
        return (size_t)snprintf(message, FLOW_TEXT_BYTES, "%d %" PRIu64, (int)(number % 1000), number);
    case NUMBER: return (size_t)snprintf(message, FLOW_TEXT_BYTES, "%" PRIu64, number);
    default:
        flow_text(text, number, 30);
        return (size_t)snprintf(message, FLOW_TEXT_BYTES, "%s at %" PRIu64, text, number);
    }
}

static bool message_fits(const struct trace_value *value, enum carried carries, uint64_t number)
{
    char message[FLOW_TEXT_BYTES];
    if (value->type != CAIRN_I_VALUE_TEXT) return true;
    size_t bytes = message_of(message, carries, number);
    return value->text_bytes == bytes && value->text_bytes_full == bytes &&
           memcmp(value->text, message, bytes) == 0;
}

/* ---- Identities ---------------------------------------------------------------------------------------------------------- */

/* The first mention settles it; behind a loss, or at the start of a window, that need not be the begin. */
static bool is_the(struct identity *expected, uint64_t id, uint64_t birth)
{
    struct identity found = {id, birth};
    if (!expected->id) *expected = found;
    return expected->id == found.id && expected->birth == found.birth;
}

/* What carries a region's identity alone, in a handler's chunks, does not tell its task. */
static bool is_task(const struct trace_event *event, struct identity *expected,
                    const struct trace_task_id *task)
{
    if (event->region.place && task->birth == UINT64_MAX) return true;
    return is_the(expected, task->id, task->birth);
}

static bool identities_fit(struct seen *seen, struct identity *root, const struct step *step,
                           const struct trace_event *event)
{
    struct identity *region = &seen->who[step->region];
    struct identity *other = step->other == ROOT ? root : &seen->who[step->other];
    return (step->task == NOBODY || is_task(event, &seen->who[step->task], &event->task)) &&
           (step->other == NOBODY || is_task(event, other, &event->other)) &&
           (step->region == NOBODY || is_the(region, event->region.place, event->region.birth));
}

static void forget(struct seen *seen)
{
    memset(seen->who, 0, sizeof seen->who);
}

/* In a window losses may be anywhere: an event that carries no number may be of any later cycle, and be alone there. */
static void guess_anew(struct seen *seen, const struct step *step, const struct trace_event *event)
{
    struct identity root = {0};
    forget(seen);
    identities_fit(seen, &root, step, event);
    seen->guessed = step->carries == NOTHING;
}

/* A task of the prologue is the root of the flow that it has its name from. */
static bool root_fits(struct check *check, unsigned thread, uint32_t step, const struct trace_event *event)
{
    if (event->kind != TRACE_TASK_BEGIN && event->kind != TRACE_TASK_END) return true;
    enum flow_number flow = FLOW_MAIN;
    while (strncmp(flows[flow].name, prologue[step].name, 4) != 0) flow++;
    return is_the(&check->roots[thread][flow], event->task.id, event->task.birth);
}

/* ---- An event --------------------------------------------------------------------------------------------------------------- */

/* 2. and 3. False: the number cannot be. Before a window there may be gaps anywhere, and nobody knows who is who. */
static bool settle_number(struct seen *seen, const struct flow *flow, uint32_t step, bool carried,
                          uint64_t *number)
{
    uint64_t guess = seen->next + (step + flow->count - seen->next % flow->count) % flow->count;
    if (!carried) *number = guess;
    if (*number % flow->count != step || *number < seen->next) return false;
    /* What came since the gap was of the same cycle as this. */
    if (carried && seen->guessed && *number > guess) seen->cycle = *number / flow->count;
    seen->guessed = !carried && (seen->guessed || guess != seen->next || !seen->in_window);
    if (*number / flow->count != seen->cycle || !seen->in_window) {
        forget(seen);
        seen->cycle = *number / flow->count;
    }
    seen->next = *number + 1;
    return true;
}

/* Events that carry a number and come behind a gap tell how long it is, at last. */
static void check_gap(struct check *check, struct seen *seen, const struct trace_event *event, uint64_t count,
                      bool guessed, uint64_t window_begin_ticks)
{
    bool within = seen->in_window;
    seen->in_window = within || event->time >= window_begin_ticks;
    if (!count || check->lossy || !within || (check->windowed && guessed)) return;
    check->gaps += count;
    if (check->gaps - count >= SHOWN) return;
    testing_fail(__FILE__, __LINE__,
                 "%s: offset %" PRIu64 ", kind %d: %" PRIu64 " events are missing before it", check->path,
                 event->offset, (int)event->kind, count);
}

static void count_event(struct check *check, struct seen *seen, const struct trace_event *event,
                        const struct step *step, bool completed)
{
    if (completed)
        seen->recovered[step->tally]++;
    else
        seen->in_flight++;
    check->in_handler += event->in_signal_handler;
    check->open_tasks += event->kind == TRACE_TASK_BEGIN;
    check->open_tasks -= event->kind == TRACE_TASK_END || event->kind == TRACE_TASK_FAIL;
    check->open_regions += event->kind == TRACE_REGION_BEGIN;
    check->open_regions -= event->kind == TRACE_REGION_END;
}

/* 2. to 4.; a text if it is wrong. */
static const char *wrong_event(struct check *check, const struct trace_info *info,
                               const struct trace_event *event, unsigned thread, enum flow_number flow,
                               uint32_t at)
{
    struct seen *seen = &check->seen[thread][flow];
    const struct step *step = &flows[flow].steps[at];
    uint64_t number = 0, expected = seen->next, completed = check->board->flows[thread][flow].completed;
    bool carried = step->carries != NOTHING, guessed = seen->guessed;
    if (check->under_way && seen->next >= completed) return NULL; /* nobody has promised anything of these */
    if (carried && !number_of(info, event, step->carries, &number))
        return "does not have a value of its type";
    if (!settle_number(seen, &flows[flow], at, carried, &number)) return "has a number that cannot be";
    if (number > completed && !check->under_way) return "was never emitted";
    uint64_t last = check->under_way && number > completed ? completed : number;
    check_gap(check, seen, event, last - expected, guessed, info->window_begin_ticks);
    count_event(check, seen, event, step, number < completed);
    if (!message_fits(&event->value, step->carries, number)) return "has another message";
    if (!identities_fit(seen, &check->roots[thread][flow], step, event)) {
        bool sure = carried && !guessed;
        if (sure || !check->lossy || !check->windowed) return "is of something else";
        guess_anew(seen, step, event);
    }
    return flow == FLOW_PROLOGUE && !root_fits(check, thread, at, event) ? "is another task" : NULL;
}

static void see(void *data, const struct trace_info *info, const struct trace_event *event)
{
    struct check *check = data;
    enum flow_number flow;
    uint32_t at;
    unsigned thread;
    memcpy(check->overwritten, info->overwritten, sizeof check->overwritten);
    if (event->kind == TRACE_REGION_OPEN || event->kind == TRACE_TASK_OPEN) return;
    check->seen_all++;
    const char *wrong = "is nothing that was emitted";
    if (place_event(check, info, event, &flow, &at) && thread_of(check, info, event, &thread))
        wrong = wrong_event(check, info, event, thread, flow, at);
    if (wrong && check->wrong++ < SHOWN) {
        testing_fail(__FILE__, __LINE__, "%s: offset %" PRIu64 ", kind %d: %s", check->path, event->offset,
                     (int)event->kind, wrong);
    }
}

/* ---- The whole ----------------------------------------------------------------------------------------------------------- */

struct sums { /* over all flows */
    uint64_t completed[CAIRN_TALLIES], recovered[CAIRN_TALLIES];
    uint64_t at[CAIRN_TALLIES]; /* flows that may have been at an event of the kind */
};

static void add_flow(struct sums *sums, const struct flow *flow, const struct seen *seen, uint64_t completed)
{
    for (uint32_t step = 0; step < flow->count; step++) {
        sums->completed[flow->steps[step].tally] +=
            completed / flow->count + (step < completed % flow->count);
    }
    for (uint32_t tally = 0; tally < CAIRN_TALLIES; tally++) sums->recovered[tally] += seen->recovered[tally];
    sums->at[flow->steps[completed % flow->count].tally]++;
}

/* What was at work may be in the trace, or counted as lost, or neither. */
static void check_sums(const struct check *check, const struct sums *sums, const struct readback *trace,
                       struct flow_result *result)
{
    for (uint32_t tally = 0; tally < CAIRN_TALLIES; tally++) {
        uint64_t known = sums->recovered[tally] + trace->lost[tally] + check->overwritten[tally];
        result->completed += sums->completed[tally];
        result->recovered += sums->recovered[tally];
        result->overwritten += check->overwritten[tally];
        if (known < sums->completed[tally]) result->missing += sums->completed[tally] - known;
        if (known > sums->completed[tally] + sums->at[tally] && !check->under_way) {
            testing_fail(__FILE__, __LINE__,
                         "%s: tally %" PRIu32 ": %" PRIu64 " recovered, lost or overwritten of %" PRIu64,
                         check->path, tally, known, sums->completed[tally]);
        }
    }
}

/* Before which event the flow stands. In a window, of a flow that was seen there by events alone that carry no number,
 * the step of the last is known: as nothing is missing behind it, it is the last one of that step. */
static uint64_t next_of(const struct check *check, const struct seen *seen, const struct flow *flow,
                        uint64_t completed)
{
    uint64_t step = seen->next ? (seen->next - 1) % flow->count : 0;
    if (!check->windowed || !seen->guessed || step > completed) return seen->next;
    return completed - (completed - step) % flow->count + 1;
}

/* How many of such are open when a flow stands before event `next`. */
static uint64_t open_at(const struct flow *flow, uint64_t next, enum trace_kind begin, enum trace_kind end,
                        enum trace_kind other_end)
{
    uint64_t open = 0;
    for (uint32_t step = 0; step < next % flow->count; step++) {
        enum trace_kind kind = flow->steps[step].kind;
        open += kind == begin;
        open -= kind == end || kind == other_end;
    }
    return open;
}

/* Behind losses it is what was seen to begin and not to end: of the rest even the begin may be lost. With a window,
 * too, nobody can tell. What a handler began amid an event is on no list of open regions: if it was held up while the
 * window passed its begin, only its end tells of it. */
static void check_open(const struct check *check, const struct readback *trace)
{
    uint64_t tasks = 0, regions = 0, regions_of_handlers = 0;
    for (unsigned thread = 0; thread < check->threads; thread++) {
        for (unsigned i = 0; i < FLOWS; i++) {
            uint64_t next = check->board->flows[thread][i].completed;
            uint64_t seen_next = next_of(check, &check->seen[thread][i], &flows[i], next);
            if (next < seen_next) next = seen_next;
            tasks += open_at(&flows[i], next, TRACE_TASK_BEGIN, TRACE_TASK_END, TRACE_TASK_FAIL);
            uint64_t open = open_at(&flows[i], next, TRACE_REGION_BEGIN, TRACE_REGION_END, TRACE_REGION_END);
            regions += open;
            if (i == FLOW_USR1 || i == FLOW_USR2) regions_of_handlers += open;
        }
    }
    if (check->lossy && check->windowed) return;
    CHECK_EQUAL(trace->tasks_unfinished, check->lossy ? check->open_tasks : tasks);
    uint64_t expected = check->lossy ? check->open_regions : regions;
    uint64_t least = check->windowed ? expected - regions_of_handlers : expected;
    if (trace->regions_unfinished < least) CHECK_EQUAL(trace->regions_unfinished, expected);
    CHECK(trace->regions_unfinished <= expected);
}

static struct flow_result sum_up(const struct check *check, const struct readback *trace)
{
    struct flow_result result = {.lost = trace->lost_all,
                                 .wrong = check->wrong,
                                 .in_handler = check->in_handler,
                                 .state = trace->state};
    struct sums sums = {0};
    uint64_t behind = 0; /* of flows that are in the window, but not to their end */
    for (unsigned thread = 0; thread < check->threads; thread++) {
        for (unsigned flow = 0; flow < FLOWS; flow++) {
            const struct seen *seen = &check->seen[thread][flow];
            uint64_t completed = check->board->flows[thread][flow].completed;
            add_flow(&sums, &flows[flow], seen, completed);
            result.in_flight += seen->in_flight;
            uint64_t next = next_of(check, seen, &flows[flow], completed);
            if (seen->in_window && next < completed) behind += completed - next;
        }
    }
    check_sums(check, &sums, trace, &result);
    if (!check->lossy && result.missing < check->gaps + behind) result.missing = check->gaps + behind;
    return result;
}

struct flow_result flow_check(const char *path, const struct flow_board *board, unsigned threads,
                              unsigned reading)
{
    struct readback trace = readback(path);
    struct check check = {.path = path,
                          .board = board,
                          .threads = threads,
                          .windowed = reading & FLOW_WINDOWED,
                          .under_way = reading & FLOW_UNDER_WAY,
                          .lossy = trace.lost_all > 0};
    for (unsigned thread = 0; thread < threads; thread++) {
        for (unsigned flow = 0; flow < FLOWS; flow++) {
            check.seen[thread][flow].cycle = UINT64_MAX;
            check.seen[thread][flow].in_window = !check.windowed;
        }
    }
    readback_events(path, see, &check);
    struct flow_result result = sum_up(&check, &trace);
    CHECK_EQUAL(result.missing, 0);
    CHECK_EQUAL(result.wrong, 0);
    CHECK_EQUAL(trace.damage, 0);
    if (!check.under_way) {
        CHECK_EQUAL(trace.recovered_all, check.seen_all);
        check_open(&check, &trace);
    }
    free(check.keys);
    return result;
}
