/* Chrome's trace-event JSON, as Perfetto, speedscope and others open it. SPDX-License-Identifier: Apache-2.0
 *
 *   trace             JSON
 *   task              async slice (b, e) on a track of its own: category "task", id that of the task
 *   region            slice of its thread (X), or async (b, e; category "region") where it does not nest
 *   region_at         async, as its times need not nest
 *   log               instant of its thread (i), named by its category
 *   link              an instant (n) on the track of either task, with an arrow (bind_id) between
 *   counter           C
 *   attribute         an argument of its task or region; of what has ended or has no span: an instant
 *   loss              async slice over the time of the thread's losses
 *
 * A slice is written when its end comes, begin and end at once: only then are its attributes known. Viewers
 * sort by time. What never ends is written last: begun (b or B), without an end.
 *
 * Nesting: viewers demand that the slices of a thread nest. Each thread has a stack of its open regions; when
 * one ends, all that were begun after it and are still open can no longer be drawn inside it, leave the
 * stack, and become async. So a forgotten end costs the forgotten region its place, not its neighbours.
 * Two more rules keep slices nested: times on a thread never step back here (`last_ns`), and a region that
 * begins, when its begin is told only now, before that time is async.
 *
 * Of a flight recorder: a task that began before the window is drawn from its true begin; one that is not known to
 * have been open still, and has no end here, had ended before, so it is drawn up to the window's begin.
 *
 * Times before the recording are drawn at its start, with the true one as an argument: viewers drop
 * negative times.
 */
#include "export/chrome.h"

#include "analysis/stats.h"
#include "cairn/cairn.h"

#include <stdlib.h>
#include <string.h>

#define STRING2(text) #text
#define STRING(text) STRING2(text)
#define CREATOR                                                                                              \
    "cairn " STRING(CAIRN_VERSION_MAJOR) "." STRING(CAIRN_VERSION_MINOR) "." STRING(CAIRN_VERSION_PATCH)

/* ---- Logs, attributes, links, counters --------------------------------------------------------------- */

/* An instant of a thread, named by the text of its site, with its value under `key`. */
static void write_instant(struct chrome *chrome, const struct trace_event *event, const char *category,
                          const char *key)
{
    struct chrome_lines *lines = &chrome->lines;
    const char *name = chrome_site(chrome, event->site)->text;
    chrome_line(lines, 'i', category, chrome_place_of(chrome, event->thread, event->task.process),
                chrome_ns(chrome, event->time));
    chrome_scope(lines, 't');
    chrome_name(lines, *name ? name : category);
    struct json args = chrome_args(lines);
    chrome_put_value(&args, key, &event->value);
    chrome_put_task(&args, chrome, "task", &event->task);
    chrome_put_site(&args, chrome, "at", event->site);
    chrome_line_end(lines, &args);
}

static void set_attribute(struct chrome *chrome, const struct trace_event *event)
{
    struct attributes *attributes = NULL;
    if (event->region.place) {
        struct open_region *region = chrome_region_find(chrome, &event->region);
        if (region) attributes = &region->attributes;
    } else {
        struct open_task *task = chrome_task_touch(chrome, &event->task);
        if (task) attributes = &task->attributes;
    }
    chrome->export.counts.attributes++;
    if (attributes)
        attributes_set(attributes, &chrome->budget, chrome_site(chrome, event->site)->text, &event->value);
    else
        write_instant(chrome, event, "attribute", "value");
}

static void write_link_side(struct chrome *chrome, const struct trace_event *event, bool is_source)
{
    const struct trace_task_id *side = is_source ? &event->task : &event->other;
    const struct trace_task_id *other = is_source ? &event->other : &event->task;
    struct chrome_lines *lines = &chrome->lines;
    chrome_line(lines, 'n', "task", chrome_place_of(chrome, event->thread, side->process),
                chrome_ns(chrome, event->time));
    chrome_id(lines, side->id);
    chrome_flow(lines, chrome->flow_count, is_source);
    chrome_name(lines, is_source ? "link to" : "link from");
    struct json args = chrome_args(lines);
    chrome_put_task(&args, chrome, is_source ? "to" : "from", other);
    chrome_put_site(&args, chrome, "at", event->site);
    chrome_line_end(lines, &args);
}

static void write_link(struct chrome *chrome, const struct trace_event *event)
{
    chrome->flow_count++;
    chrome->export.counts.links++;
    if (chrome_is_task(&event->task)) write_link_side(chrome, event, true);
    if (chrome_is_task(&event->other)) write_link_side(chrome, event, false);
}

static void write_counter(struct chrome *chrome, const struct trace_event *event)
{
    struct chrome_lines *lines = &chrome->lines;
    chrome->export.counts.counters++;
    chrome_line(lines, 'C', NULL, chrome_place_of(chrome, event->thread, event->task.process),
                chrome_ns(chrome, event->time));
    chrome_name(lines, chrome_site(chrome, event->site)->text);
    struct json args = chrome_args(lines);
    chrome_put_value(&args, "value", &event->value);
    chrome_line_end(lines, &args);
}

/* ---- The sink ------------------------------------------------------------------------------------------ */

static int check(const struct chrome *chrome, struct cairn_error *error)
{
    if (chrome->out_of_memory)
        return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE, "out of memory");
    if (ferror(chrome->lines.out))
        return cairn__error_set(error, CAIRN_EIO, NULL, CAIRN_ERROR_NOWHERE,
                                "the output could not be written");
    return 0;
}

static void write_log(struct chrome *chrome, const struct trace_event *event)
{
    chrome->export.counts.logs++;
    chrome_task_touch(chrome, &event->task);
    write_instant(chrome, event, "log", "message");
}

static int take_event(struct trace_sink *sink, const struct trace_event *event, struct cairn_error *error)
{
    struct chrome *chrome = (struct chrome *)sink;
    switch (event->kind) {
    case TRACE_TASK_BEGIN: chrome_task_begin(chrome, event); break;
    case TRACE_TASK_OPEN: chrome_task_open(chrome, event); break;
    case TRACE_TASK_END:
    case TRACE_TASK_FAIL: chrome_task_end(chrome, event); break;
    case TRACE_REGION_BEGIN:
    case TRACE_REGION_OPEN:
        chrome_task_touch(chrome, &event->region.task);
        chrome_region_begin(chrome, &event->region, event->kind == TRACE_REGION_OPEN);
        break;
    case TRACE_REGION_END: chrome_region_end(chrome, event); break;
    case TRACE_REGION_AT:
        chrome_task_touch(chrome, &event->task);
        chrome_region_at(chrome, event);
        break;
    case TRACE_LOG: write_log(chrome, event); break;
    case TRACE_ATTR: set_attribute(chrome, event); break;
    case TRACE_LINK: write_link(chrome, event); break;
    case TRACE_COUNTER: write_counter(chrome, event); break;
    }
    return check(chrome, error);
}

static const char *const tally_names[CAIRN_TALLY_SLOTS] = {
#define CAIRN_TALLY(number, NAME, name, doc) [number] = #name,
#include "format/event.def"
};

static void put_tallies(struct json *json, const char *key, const uint64_t counts[CAIRN_TALLY_SLOTS])
{
    json_key(json, key), json_object(json);
    for (int i = 0; i < CAIRN_TALLIES; i++)
        if (counts[i]) json_key(json, tally_names[i]), json_uint(json, counts[i]);
    json_end(json);
}

/* What a thread lost, over the time in which it did. */
static void write_losses(struct chrome *chrome)
{
    struct chrome_lines *lines = &chrome->lines;
    for (uint32_t i = 0; i < chrome->info->thread_count; i++) {
        const struct trace_thread *thread = &chrome->info->threads[i];
        if (!thread->first_lost_ticks) continue;
        int64_t begin_ns = chrome_ns(chrome, thread->first_lost_ticks);
        int64_t end_ns = chrome_ns(chrome, thread->last_lost_ticks);
        uint64_t id = ++chrome->async_count;
        chrome_line(lines, 'b', "loss", chrome->threads[i], begin_ns);
        chrome_id(lines, id);
        chrome_name(lines, "events lost");
        struct json args = chrome_args(lines);
        json_key(&args, "thread"), json_uint(&args, chrome->threads[i].tid);
        put_tallies(&args, "lost", thread->lost);
        chrome_line_end(lines, &args);
        chrome_line(lines, 'e', "loss", chrome->threads[i], end_ns < begin_ns ? begin_ns : end_ns);
        chrome_id(lines, id);
        chrome_name(lines, "events lost");
        chrome_line_end(lines, NULL);
    }
}

static void put_diagnostics(struct json *json, const struct trace_info *info)
{
    json_key(json, "diagnostics"), json_array(json);
    for (uint32_t i = 0; i < info->diagnostics->count; i++) {
        const struct trace_diagnostic *item = &info->diagnostics->items[i];
        json_object(json);
        json_key(json, "name"), json_text(json, item->name);
        json_key(json, "severity"), json_text(json, trace_severity_name(item->severity));
        json_key(json, "count"), json_uint(json, item->count);
        json_key(json, "advice"), json_text(json, item->advice);
        json_key(json, "example"), json_text(json, item->example);
        json_end(json);
    }
    json_end(json);
}

static void write_tail(struct chrome *chrome, const struct trace_info *info)
{
    fputs("\n],\n\"displayTimeUnit\":\"ns\",\n\"otherData\":", chrome->lines.out);
    struct json json = {.out = chrome->lines.out, .compact = true};
    json_object(&json);
    json_key(&json, "version"), json_text(&json, CREATOR);
    int64_t start = trace_clock_realtime_ns(&info->clock, info->begin_ticks);
    json_key(&json, "start_unix_ns"), json_int(&json, start);
    json_key(&json, "duration_ns"), json_int(&json, chrome_ns(chrome, info->end_ticks));
    put_tallies(&json, "recovered", info->recovered);
    put_tallies(&json, "lost", info->lost);
    put_tallies(&json, "overwritten", info->overwritten);
    if (info->window_begin_ticks)
        json_key(&json, "window_begin_ns"), json_int(&json, chrome_ns(chrome, info->window_begin_ticks));
    put_diagnostics(&json, info);
    json_end(&json);
    fputs("}\n", chrome->lines.out);
}

static int take_end(struct trace_sink *sink, const struct trace_info *info, struct cairn_error *error)
{
    struct chrome *chrome = (struct chrome *)sink;
    int64_t end_ns = chrome_ns(chrome, info->end_ticks);
    chrome_regions_finish(chrome, end_ns);
    chrome_tasks_finish(chrome, end_ns);
    write_losses(chrome);
    write_tail(chrome, info);
    chrome->export.counts.attributes_missed = chrome->budget.missed;
    return check(chrome, error);
}

/* ---- Open and close ------------------------------------------------------------------------------------ */

static void write_names(struct chrome *chrome)
{
    const struct trace_info *info = chrome->info;
    for (uint32_t i = 0; i < info->process_count; i++) {
        chrome_line_metadata(&chrome->lines, "process_name", chrome->processes[i]);
        struct json args = chrome_args(&chrome->lines);
        json_key(&args, "name"), json_text(&args, analysis_base_name(info->processes[i].executable));
        chrome_line_end(&chrome->lines, &args);
        chrome_line_metadata(&chrome->lines, "process_labels", chrome->processes[i]);
        args = chrome_args(&chrome->lines);
        json_key(&args, "labels"), json_text(&args, info->processes[i].command);
        chrome_line_end(&chrome->lines, &args);
    }
    for (uint32_t i = 0; i < info->thread_count; i++) {
        if (!*info->threads[i].name) continue;
        chrome_line_metadata(&chrome->lines, "thread_name", chrome->threads[i]);
        struct json args = chrome_args(&chrome->lines);
        json_key(&args, "name"), json_text(&args, info->threads[i].name);
        chrome_line_end(&chrome->lines, &args);
    }
}

static void free_open(struct chrome *chrome)
{
    for (size_t i = 0; i < chrome->tasks.count; i++)
        attributes_free(&chrome->tasks.items[i].attributes, &chrome->budget);
    for (size_t i = 0; i < chrome->regions.count; i++)
        attributes_free(&chrome->regions.items[i].attributes, &chrome->budget);
    for (uint32_t i = 0; chrome->states && i < chrome->info->thread_count; i++)
        vector_free(&chrome->states[i].stack);
}

static void close_chrome(struct export *export)
{
    if (!export) return;
    struct chrome *chrome = (struct chrome *)export;
    free_open(chrome);
    vector_free(&chrome->tasks);
    vector_free(&chrome->regions);
    vector_free(&chrome->free_tasks);
    vector_free(&chrome->free_regions);
    map_free(&chrome->task_index);
    map_free(&chrome->region_index);
    analysis_ids_free(&chrome->ended_tasks);
    idset_free(&chrome->ended_regions);
    free(chrome->processes);
    free(chrome->threads);
    free(chrome->states);
    free(chrome);
}

static struct export *open_chrome(FILE *out, const struct trace_info *info, struct cairn_error *error)
{
    struct chrome *chrome = calloc(1, sizeof *chrome);
    if (chrome) {
        chrome->export = (struct export){.sink = {take_event, take_end}, .close = close_chrome};
        chrome->info = info;
        chrome->lines.out = out;
        chrome->states = calloc((size_t)info->thread_count + 1, sizeof *chrome->states);
    }
    if (!chrome || !chrome->states || !chrome_places_make(info, &chrome->processes, &chrome->threads)) {
        cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE, "out of memory");
        if (chrome) close_chrome(&chrome->export);
        return NULL;
    }
    fputs("{\"traceEvents\":[", out);
    write_names(chrome);
    return &chrome->export;
}

const struct export_format export_chrome = {
    .name = "chrome",
    .suffix = ".json",
    .summary = "Chrome's trace-event JSON, for Perfetto (https://ui.perfetto.dev), speedscope and others",
    .open = open_chrome,
};
