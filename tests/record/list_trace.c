/* Lists traces so that two runs of the same program give the same text. SPDX-License-Identifier: Apache-2.0
 *
 *     list_trace TRACE...          a section for each: "== NAME", then its lines
 *
 * What differs between runs is left out or replaced: threads, tasks and regions are numbered in the order in which
 * they are first seen, times are left out, long text is shown as its length, beginning and checksum. Lines that
 * go on counting up or down are put together: "level#1..#100". Four kinds of logs ask for a comparison:
 *
 *     category "birth"     the message is the birth of its task as the program knows it
 *     category "line"      the message is the line number of the event before it
 *     category "printf"    the message is what printf makes of the log before it, of category "format"; both are
 *                          left out and counted if it is
 *     category "many"      left out and counted
 *
 * Behind the events stand what the analysis makes of them: per type count, unfinished, errors; and all findings. */
#include "analysis/analysis.h"
#include "analysis/regions.h"
#include "analysis/tasks.h"
#include "base/crc32c.h"
#include "cairn/cairn.h"
#include "runlines.h"
#include "trace/trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_BYTES = 48 };

struct numbered { /* the n-th instance of a type */
    uint64_t key;
    const char *type;
    unsigned number;
};

static struct {
    const struct trace_info *info;
    VECTOR(struct numbered) tasks;
    VECTOR(struct numbered) regions;
    VECTOR(uint32_t) threads;
    uint32_t last_line; /* of the event before */
    char *last_text;
    size_t last_text_bytes;
    uint64_t many, as_printf;
} list;

static void die(const char *what, const struct cairn_error *error)
{
    fprintf(stderr, "list_trace: %s: %s\n", what, error ? error->text : "out of memory");
    exit(1);
}

/* ---- Names ---------------------------------------------------------------------------------------------- */

static const char *text_of(uint32_t site)
{
    return list.info->sites[site].text;
}

/* Bytes that are not plain are shown as \xNN. */
static void add_bytes(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned char byte = (unsigned char)text[i];
        add(byte >= 0x20 && byte < 0x7f ? "%c" : "\\x%02x", byte);
    }
}

static void add_text(const char *text, size_t count)
{
    size_t shown = count <= SHOWN_BYTES ? count : SHOWN_BYTES / 2;
    add("\"");
    add_bytes(text, shown);
    add("\"");
    if (shown < count) add("... %zu bytes, checksum %08" PRIx32, count, cairn__crc32c(0, text, count));
}

static unsigned thread_number(uint32_t thread)
{
    if (thread == UINT32_MAX) return 0;
    for (size_t i = 0; i < list.threads.count; i++) {
        if (list.threads.items[i] == thread) return (unsigned)i + 1;
    }
    if (!vector_push(&list.threads, thread)) die("threads", NULL);
    const char *name = list.info->threads[thread].name;
    add("thread T%zu ", list.threads.count);
    add_text(name, strlen(name));
    end_line();
    return (unsigned)list.threads.count;
}

static unsigned number_of(struct numbered *items, size_t count, uint64_t key, const char *type)
{
    unsigned same = 0;
    for (size_t i = 0; i < count; i++) {
        if (items[i].key == key) return items[i].number;
        same += strcmp(items[i].type, type) == 0;
    }
    return same + 1;
}

static bool is_known(const struct numbered *items, size_t count, uint64_t key)
{
    for (size_t i = count; i-- > 0;) {
        if (items[i].key == key) return true;
    }
    return false;
}

static void add_task(const struct trace_task_id *task)
{
    if (task->id <= CAIRN_ID_OFF) {
        add(task->id ? "(off)" : task->birth == UINT64_MAX ? "(unknown task)" : "-");
        return;
    }
    const char *type = text_of(task->site);
    unsigned number = number_of(list.tasks.items, list.tasks.count, task->id, type);
    if (!is_known(list.tasks.items, list.tasks.count, task->id) &&
        !vector_push(&list.tasks, ((struct numbered){task->id, type, number}))) {
        die("tasks", NULL);
    }
    add("%s", type);
    add_number(number);
    const struct trace_process *process = &list.info->processes[task->process];
    if (task->id >> CAIRN_ID_ROUND_SHIFT != process->round) {
        add(task->birth && task->birth < process->begin_ticks ? "(earlier round)" : "(WRONG ROUND OR BIRTH)");
    }
}

static void add_region(const struct trace_region_id *region)
{
    const char *type = text_of(region->site);
    unsigned number = number_of(list.regions.items, list.regions.count, region->place, type);
    if (!is_known(list.regions.items, list.regions.count, region->place) &&
        !vector_push(&list.regions, ((struct numbered){region->place, type, number}))) {
        die("regions", NULL);
    }
    add("%s", type);
    add_number(number);
}

static void add_place(uint32_t number)
{
    const struct trace_site *site = &list.info->sites[number];
    add("  @%s", site->function);
    list.last_line = site->line;
}

/* ---- Events --------------------------------------------------------------------------------------------- */

static void add_value(const struct trace_value *value)
{
    switch (value->type) {
    case CAIRN_I_VALUE_INT: add("int %" PRId64, value->i); break;
    case CAIRN_I_VALUE_UINT: add("uint %" PRIu64, value->u); break;
    case CAIRN_I_VALUE_FLOAT: add("float %.17g", value->f); break;
    case CAIRN_I_VALUE_BOOL: add("bool %s", value->u ? "true" : "false"); break;
    case CAIRN_I_VALUE_TEXT:
        add_text(value->text, value->text_bytes);
        if (value->text_bytes_full > value->text_bytes) add(" cut from %" PRIu64, value->text_bytes_full);
        break;
    default: add("(value of type %u)", value->type);
    }
}

static uint64_t number_in(const struct trace_value *value)
{
    char digits[32] = "";
    if (value->text_bytes < sizeof digits) memcpy(digits, value->text, value->text_bytes);
    return strtoull(digits, NULL, 10);
}

/* What a log asks for, as on top; false if it is an ordinary one. */
static bool add_comparison(const struct trace_event *event, const char *category)
{
    if (strcmp(category, "birth") == 0) {
        add(number_in(&event->value) == event->task.birth ? "birth is true" : "BIRTH IS WRONG");
    } else if (strcmp(category, "line") == 0) {
        add(number_in(&event->value) == list.last_line ? "line is true" : "LINE IS WRONG");
    } else {
        return false;
    }
    return true;
}

static void keep_text(const struct trace_value *value)
{
    free(list.last_text);
    list.last_text = malloc(value->text_bytes + 1);
    if (!list.last_text) die("text", NULL);
    memcpy(list.last_text, value->text, value->text_bytes);
    list.last_text_bytes = value->text_bytes;
}

static void add_log(const struct trace_event *event)
{
    const char *category = text_of(event->site);
    add("log ");
    if (add_comparison(event, category)) return;
    add_task(&event->task);
    add(" ");
    add_bytes(category, strlen(category));
    add(": ");
    add_value(&event->value);
}

static void add_attr(const struct trace_event *event)
{
    add("attr ");
    if (event->region.place) {
        add("region ");
        add_region(&event->region);
    } else {
        add_task(&event->task);
    }
    add(" %s = ", text_of(event->site));
    add_value(&event->value);
}

/* Times of the program's choosing: how long ago it began in whole seconds, and how long it took. */
static void add_region_at(const struct trace_event *event)
{
    const struct trace_clock *clock = &list.info->clock;
    const struct trace_region_id *region = &event->region;
    bool backwards = event->end_ticks < region->birth;
    uint64_t from = backwards ? event->end_ticks : region->birth;
    uint64_t length = trace_clock_ns(clock, (backwards ? region->birth : event->end_ticks) - from);
    uint64_t ago = trace_clock_ns(clock, event->time - from);
    add("region_at ");
    add_region(region);
    add(" of ");
    add_task(&event->task);
    add(" %" PRIu64 " s ago, %s%" PRIu64 " us", (ago + 500000000) / 1000000000, backwards ? "-" : "",
        (length + 500) / 1000);
}

static void add_region_end(const struct trace_event *event)
{
    bool elsewhere = event->region.thread != event->thread;
    add("region_end ");
    add_region(&event->region);
    if (elsewhere) add(" of T%u", thread_number(event->region.thread));
}

static void add_event(const struct trace_event *event)
{
    switch (event->kind) {
    case TRACE_TASK_BEGIN:
        add("task_begin ");
        add_task(&event->task);
        if (event->other.id) {
            add(" < ");
            add_task(&event->other);
        }
        break;
    case TRACE_TASK_OPEN: break; /* of flight recorders, which are not listed here */
    case TRACE_TASK_END:
    case TRACE_TASK_FAIL:
        add(event->kind == TRACE_TASK_END ? "task_end " : "task_fail ");
        add_task(&event->task);
        if (event->kind == TRACE_TASK_FAIL) add(" \"%s\"", text_of(event->site));
        break;
    case TRACE_REGION_BEGIN:
    case TRACE_REGION_OPEN:
        add(event->kind == TRACE_REGION_BEGIN ? "region_begin " : "region_open ");
        add_region(&event->region);
        add(" of ");
        add_task(&event->task);
        break;
    case TRACE_REGION_END: add_region_end(event); break;
    case TRACE_REGION_AT: add_region_at(event); break;
    case TRACE_LOG: add_log(event); break;
    case TRACE_ATTR: add_attr(event); break;
    case TRACE_LINK:
        add("link ");
        add_task(&event->task);
        add(" -> ");
        add_task(&event->other);
        break;
    case TRACE_COUNTER:
        add("counter %s = ", text_of(event->site));
        add_value(&event->value);
        break;
    }
}

static bool is_log_of(const struct trace_event *event, const char *category)
{
    return event->kind == TRACE_LOG && strcmp(text_of(event->site), category) == 0;
}

/* Logs that are only counted. A formatted log waits for printf's word on it. */
static bool is_counted(const struct trace_event *event)
{
    const struct trace_value *value = &event->value;
    if (is_log_of(event, "many")) {
        list.many++;
        return true;
    }
    if (is_log_of(event, "format")) {
        keep_text(value);
        return true;
    }
    if (!is_log_of(event, "printf")) return false;
    bool same = list.last_text_bytes == value->text_bytes &&
                memcmp(list.last_text, value->text, value->text_bytes) == 0;
    list.as_printf += same;
    if (same) return true;
    add("NOT AS PRINTF HAS IT: ");
    add_text(list.last_text, list.last_text_bytes);
    end_line();
    return false;
}

static void list_event(const struct trace_event *event)
{
    if (is_counted(event)) return;
    if (event->region.place) thread_number(event->region.thread); /* has a line of its own, if it is new */
    add("T%u ", thread_number(event->thread));
    add_event(event);
    if (event->in_signal_handler) add(" (in a handler)");
    if (!is_log_of(event, "line")) add_place(event->site);
    end_line();
}

/* ---- What the analysis says --------------------------------------------------------------------------------- */

static void list_row(const char *what, const char *type, const struct analysis_stats *stats)
{
    add("%s %s: count %" PRIu64 " unfinished %" PRIu64 " errors %" PRIu64, what, type, stats->count,
        stats->unfinished, stats->errors);
    if (stats->begun_before) add(" begun before %" PRIu64, stats->begun_before);
    if (stats->begin_lost) add(" begin lost %" PRIu64, stats->begin_lost);
    end_line();
}

/* Rows are sorted by total time, which differs from run to run. */
static int compare_task_rows(const void *a, const void *b)
{
    return strcmp(((const struct analysis_task_row *)a)->type, ((const struct analysis_task_row *)b)->type);
}

static int compare_region_rows(const void *a, const void *b)
{
    return strcmp(((const struct analysis_region_row *)a)->type,
                  ((const struct analysis_region_row *)b)->type);
}

static void list_rows(struct analysis_tasks *tasks, struct analysis_regions *regions)
{
    if (tasks->rows.count)
        qsort(tasks->rows.items, tasks->rows.count, sizeof *tasks->rows.items, compare_task_rows);
    for (size_t i = 0; i < tasks->rows.count; i++) {
        list_row("tasks", tasks->rows.items[i].type, &tasks->rows.items[i].stats);
    }
    if (regions->rows.count)
        qsort(regions->rows.items, regions->rows.count, sizeof *regions->rows.items, compare_region_rows);
    for (size_t i = 0; i < regions->rows.count; i++) {
        list_row("regions", regions->rows.items[i].type, &regions->rows.items[i].stats);
    }
}

static int compare_findings(const void *a, const void *b)
{
    return strcmp(((const struct trace_diagnostic *)a)->name, ((const struct trace_diagnostic *)b)->name);
}

static void list_findings(void)
{
    struct trace_diagnostics *findings = list.info->diagnostics;
    if (findings->count) qsort(findings->items, findings->count, sizeof *findings->items, compare_findings);
    for (uint32_t i = 0; i < findings->count; i++) {
        add("finding %s: %" PRIu64, findings->items[i].name, findings->items[i].count);
        end_line();
    }
    for (uint32_t i = 0; i < list.info->process_count; i++) {
        const struct trace_process *process = &list.info->processes[i];
        if (process->formats_refused) add("formats refused: %" PRIu64, process->formats_refused), end_line();
        if (process->error) add("error: %" PRId32, process->error), end_line();
    }
    for (uint32_t i = 0; i < CAIRN_TALLIES; i++) {
        if (list.info->lost[i]) add("lost of tally %u: %" PRIu64, i, list.info->lost[i]), end_line();
    }
    if (list.as_printf) add("as printf has it: %" PRIu64, list.as_printf), end_line();
    if (list.many) add("many: %" PRIu64, list.many), end_line();
}

/* ---- A trace ---------------------------------------------------------------------------------------------- */

static void feed(struct trace_source *source, struct analysis_tasks *tasks, struct analysis_regions *regions)
{
    struct trace_event event;
    struct cairn_error error = {0};
    int more;
    while ((more = source->next(source, &event, &error)) > 0) {
        list_event(&event);
        if (tasks->sink.event(&tasks->sink, &event, &error) ||
            regions->sink.event(&regions->sink, &event, &error)) {
            die("analysis", &error);
        }
    }
    if (more < 0) die("reading", &error);
    if (tasks->sink.end(&tasks->sink, source->info, &error) ||
        regions->sink.end(&regions->sink, source->info, &error)) {
        die("analysis", &error);
    }
}

static void reset(const struct trace_info *info)
{
    list.info = info;
    list.tasks.count = list.regions.count = list.threads.count = 0;
    list.many = list.as_printf = 0;
}

static void list_trace(const char *path)
{
    struct cairn_error error = {0};
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    printf("== %.*s\n", (int)strcspn(name, "."), name);
    struct trace_source *source = trace_open(path, &error);
    if (!source) die(path, &error);
    reset(source->info);
    struct analysis_tasks tasks;
    struct analysis_regions regions;
    if (!analysis_tasks_init(&tasks, source->info, NULL, 0) ||
        !analysis_regions_init(&regions, source->info, NULL)) {
        die("analysis", NULL);
    }
    feed(source, &tasks, &regions);
    list_rows(&tasks, &regions);
    list_findings();
    end_lines();
    analysis_tasks_free(&tasks);
    analysis_regions_free(&regions);
    source->close(source);
}

int main(int count, char **paths)
{
    for (int i = 1; i < count; i++) list_trace(paths[i]);
    vector_free(&list.tasks);
    vector_free(&list.regions);
    vector_free(&list.threads);
    free(list.last_text);
    return 0;
}
