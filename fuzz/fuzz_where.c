/* Any text as a filter expression. SPDX-License-Identifier: Apache-2.0
 *
 * The first byte says of what; the rest, up to a zero, is the expression. Properties: what is refused is refused with a message
 * that points into it; what is accepted is asked, and the answers to E, "not (E)", "(E) and (E)" and "(E) or (E)" agree; a
 * name that is guessed is a field. */
#include "analysis/analysis.h"
#include "analysis/filter/wherefields.h"
#include "cairn/cairn.h"
#include "property.h"

#include <string.h>

/* ---- A trace ---------------------------------------------------------------------------------------------- */

enum { ORDER = 1, PAYMENT, BREW, TILL, SIZE, NAME, REASON, SITES, THREADS = 2 };

static const struct trace_site sites[SITES] = {
    [0] = {.text = "", .file = "", .function = ""},
    [ORDER] = {.text = "order", .file = "src/shop.c", .function = "serve", .line = 10},
    [PAYMENT] = {.text = "payment", .file = "src/shop.c", .function = "pay", .line = 20, .type = 1},
    [BREW] = {.text = "brew", .file = "bar.c", .function = "brew", .line = 30, .role = CAIRN_I_ROLE_REGION},
    [TILL] = {.text = "till", .file = "bar.c", .function = "", .line = 40, .role = CAIRN_I_ROLE_LOG},
    [SIZE] = {.text = "size", .file = "", .function = "", .role = CAIRN_I_ROLE_ATTR},
    [NAME] = {.text = "user id", .file = "", .function = "", .role = CAIRN_I_ROLE_ATTR, .type = 1},
    [REASON] = {.text = "no milk", .file = "bar.c", .function = "", .line = 50, .role = CAIRN_I_ROLE_END},
};
static const struct trace_thread threads[THREADS] = {{.tid = 42, .name = "main"},
                                                     {.tid = 43, .name = "worker-1"}};
static const struct trace_process processes[] = {{.pid = 42, .round = 1}};
static struct trace_diagnostics diagnostics;
static const struct trace_info info = {.clock = {.base_ticks = 1000, .ns_per_tick = 0.5},
                                       .begin_ticks = 1000,
                                       .end_ticks = 100000,
                                       .sites = sites,
                                       .site_count = SITES,
                                       .threads = threads,
                                       .thread_count = THREADS,
                                       .processes = processes,
                                       .process_count = 1,
                                       .diagnostics = &diagnostics};

#define ID(site, serial)                                                                                     \
    ((uint64_t)1 << CAIRN_ID_ROUND_SHIFT | (uint64_t)(site) << CAIRN_ID_SITE_SHIFT | (serial))
static const struct trace_task_id order = {.id = ID(ORDER, 1), .birth = 2000, .site = ORDER};
static const struct trace_task_id payment = {.id = ID(PAYMENT, 2), .birth = 3000, .site = PAYMENT};

static struct trace_region_id brewing(void)
{
    return (struct trace_region_id){.place = 1, .birth = 2100, .site = BREW, .task = order};
}

static struct trace_event event_of(enum trace_kind kind, uint64_t time, uint32_t thread, uint32_t site)
{
    return (struct trace_event){.time = time, .kind = kind, .thread = thread, .site = site, .task = order};
}

static void feed(struct trace_sink *sink, struct trace_event event)
{
    if (sink->event(sink, &event, NULL) != 0) abort();
}

static void feed_with(struct trace_sink *sink, struct trace_event event, struct trace_value value)
{
    event.value = value;
    feed(sink, event);
}

static struct trace_value text_value(const char *text)
{
    return (struct trace_value){.type = CAIRN_I_VALUE_TEXT, .text = text, .text_bytes = strlen(text)};
}

static void feed_all(struct trace_sink *sink)
{
    struct trace_event child = event_of(TRACE_TASK_BEGIN, 3000, 1, PAYMENT);
    struct trace_event region = event_of(TRACE_REGION_BEGIN, 2100, 0, BREW);
    child.task = payment;
    child.other = order;
    region.region = brewing();
    feed(sink, event_of(TRACE_TASK_BEGIN, 2000, 0, ORDER));
    feed(sink, region);
    feed_with(sink, event_of(TRACE_LOG, 2200, 0, TILL), text_value("extra foam"));
    feed_with(sink, event_of(TRACE_ATTR, 2300, 0, SIZE),
              (struct trace_value){.type = CAIRN_I_VALUE_INT, .i = -7});
    feed_with(sink, event_of(TRACE_ATTR, 2400, 0, NAME), text_value("Zoe"));
    feed(sink, child);
    feed(sink, event_of(TRACE_TASK_FAIL, 5000, 1, REASON));
    if (sink->end(sink, &info, NULL) != 0) abort();
}

/* ---- Asking ----------------------------------------------------------------------------------------------- */

static void select_tasks(struct analysis_filter *filter)
{
    struct analysis_selection selection;
    if (!analysis_selection_init(&selection, filter)) abort();
    feed_all(&selection.sink);
    analysis_selection_free(&selection);
}

/* The answers about all there is of the subject, as bits; -1: the expression is refused. */
static int ask(enum analysis_subject subject, const char *expression, struct cairn_error *error)
{
    struct analysis_filter filter;
    const struct analysis_spec spec = {.where = expression};
    const struct analysis_task tasks[] = {{.id = order,
                                           .status = ANALYSIS_FAILED,
                                           .end_ticks = 5000,
                                           .self_ticks = 1000,
                                           .end_thread = 1,
                                           .end_site = REASON},
                                          {.id = payment,
                                           .parent = order,
                                           .status = ANALYSIS_UNFINISHED,
                                           .end_ticks = 100000,
                                           .begin_thread = 1,
                                           .end_thread = UINT32_MAX}};
    const struct analysis_region region = {.id = brewing(), .end_ticks = 100000, .end_thread = UINT32_MAX};
    struct trace_event log = event_of(TRACE_LOG, 2200, 0, TILL);
    log.value = text_value("extra foam");
    int answers = -1;
    if (analysis_filter_init(&filter, subject, &spec, &info, error) == 0) {
        if (analysis_filter_needs_selection(&filter)) select_tasks(&filter);
        if (subject == ANALYSIS_TASKS)
            answers = analysis_filter_task(&filter, &tasks[0]) | analysis_filter_task(&filter, &tasks[1])
                                                                     << 1;
        else
            answers = subject == ANALYSIS_REGIONS ? analysis_filter_region(&filter, &region)
                                                  : analysis_filter_log(&filter, &log);
        PROPERTY(subject != ANALYSIS_TASKS || !analysis_filter_by_type(&filter, ORDER) || answers & 1);
    }
    analysis_filter_free(&filter);
    return answers;
}

static void check_refusal(const struct cairn_error *error)
{
    PROPERTY(error->code == CAIRN_EINVAL);
    PROPERTY(!strncmp(error->text, "--where: ", 9));
    const char *excerpt = strchr(error->text, '\n'), *sign = excerpt ? strchr(excerpt + 1, '\n') : NULL;
    PROPERTY(sign && sign[strlen(sign) - 1] == '^' && strspn(sign + 1, " ") == strlen(sign) - 2);
    PROPERTY(strlen(sign) <= (size_t)(sign - excerpt) + 1); /* in the excerpt, or just behind it */
    for (const char *c = error->text; *c; c++) PROPERTY(*c == '\n' || (unsigned char)*c >= ' ');
}

/* The same expression in another; -1 also if that is too long or too deep. */
static int ask_around(enum analysis_subject subject, const char *before, const char *expression,
                      const char *between, const char *after)
{
    static char text[4 * ANALYSIS_WHERE_BYTES_MAX];
    struct cairn_error error;
    snprintf(text, sizeof text, "%s%s%s%s%s", before, expression, between, *between ? expression : "", after);
    return ask(subject, text, &error);
}

static void check_agreement(enum analysis_subject subject, const char *expression, int answers)
{
    int all = subject == ANALYSIS_TASKS ? 3 : 1;
    int opposite = ask_around(subject, "not (", expression, "", ")");
    int both = ask_around(subject, "(", expression, ") and (", ")");
    int either = ask_around(subject, "(", expression, ") or (", ")");
    PROPERTY(opposite < 0 || opposite == (all & ~answers));
    PROPERTY(both < 0 || both == answers);
    PROPERTY(either < 0 || either == answers);
}

static void check_guess(enum analysis_subject subject, const char *expression)
{
    char name[WHERE_NAME_BYTES];
    const char *key, *guess = where_field_suggest(subject, expression, name);
    PROPERTY(!guess || where_field_find(subject, guess, &key));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    char text[ANALYSIS_WHERE_BYTES_MAX + 100];
    struct cairn_error error;
    if (count < 1 || count > sizeof text) return -1;
    enum analysis_subject subject = bytes[0] % 3;
    memcpy(text, bytes + 1, count - 1);
    text[count - 1] = 0;
    int answers = ask(subject, text, &error);
    check_guess(subject, text);
    if (answers < 0)
        check_refusal(&error);
    else
        check_agreement(subject, text, answers);
    free(diagnostics.items);
    diagnostics = (struct trace_diagnostics){0};
    return 0;
}
