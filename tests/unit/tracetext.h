/* Reading traces back as lines of text, for tests: one for each event, then counts and findings.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_TRACETEXT_H
#define CAIRN_TESTS_TRACETEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cairn/cairn.h"
#include "trace/trace.h"

static inline const char *source_path(const char *name)
{
    static char path[4096];
    const char *source = getenv("CAIRN_SOURCE");
    snprintf(path, sizeof path, "%s/tests/traces/%s", source ? source : ".", name);
    return path;
}

/* The path of a file of this test's own. The same name, the same path; a test uses less than 16. */
static inline const char *own_path(const char *name)
{
    static char paths[16][256];
    char wanted[256];
    const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; /* thousands of small files */
    snprintf(wanted, sizeof wanted, "%s/cairn-test-%d-%s", folder, (int)getpid(), name);
    for (size_t i = 0; i < 16; i++) {
        if (!paths[i][0]) memcpy(paths[i], wanted, sizeof wanted);
        if (!strcmp(paths[i], wanted)) return paths[i];
    }
    fail_msg("too many names");
    return NULL;
}

static inline void write_file(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

/* The file's bytes, to be freed; a zero is added behind. */
static inline char *read_file(const char *path, size_t *count)
{
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("%s cannot be opened", path);
    char *bytes = NULL;
    size_t made = 0;
    FILE *copy = open_memstream(&bytes, &made);
    for (int c; (c = getc(file)) != EOF;) putc(c, copy);
    fclose(copy);
    fclose(file);
    if (count) *count = made;
    return bytes;
}

/* Makes a trace of text. */
static inline const char *assemble_as(const char *trace_path, const char *text)
{
    const char *text_path = own_path("text");
    struct cairn_error error = {0};
    write_file(text_path, text, strlen(text));
    if (trace_assemble(text_path, trace_path, &error) != 0) fail_msg("%s", error.text);
    unlink(text_path);
    return trace_path;
}

static inline const char *assemble(const char *text)
{
    return assemble_as(own_path("trace"), text);
}

static inline void print_task(FILE *out, const char *name, const struct trace_info *info,
                              const struct trace_task_id *task)
{
    if (task->birth == UINT64_MAX && !task->id) {
        fprintf(out, " %s=?", name);
    } else if (task->id) {
        fprintf(out, " %s=%s#%" PRIu64 "@%" PRId64, name, info->sites[task->site].text,
                task->id & 0xfffffffff, (int64_t)task->birth);
    }
}

static inline void print_value(FILE *out, const struct trace_value *value)
{
    switch (value->type) {
    case CAIRN_I_VALUE_TEXT:
        fprintf(out, " \"%.*s\"", (int)value->text_bytes, value->text);
        if (value->text_bytes_full != value->text_bytes) fprintf(out, " of %" PRIu64, value->text_bytes_full);
        break;
    case CAIRN_I_VALUE_INT: fprintf(out, " %" PRId64, value->i); break;
    case CAIRN_I_VALUE_UINT: fprintf(out, " %" PRIu64, value->u); break;
    case CAIRN_I_VALUE_FLOAT: fprintf(out, " %g", value->f); break;
    case CAIRN_I_VALUE_BOOL: fprintf(out, " %s", value->u ? "true" : "false"); break;
    default: break;
    }
}

static inline void print_event(FILE *out, const struct trace_info *info, const struct trace_event *event)
{
    static const char *const names[] = {"task_begin",   "TASK_OPEN",  "task_end",  "task_fail",
                                        "region_begin", "region_end", "region_at", "REGION_OPEN",
                                        "log",          "attr",       "link",      "counter"};
    bool known = event->thread < info->thread_count;
    fprintf(out, "%" PRIu64 " t%" PRIu32 "%s%s %s '%s'", event->time,
            known ? info->threads[event->thread].tid : 0, event->in_signal_handler ? "!" : "",
            event->after_gap ? " ..." : "", names[event->kind], info->sites[event->site].text);
    print_task(out, "task", info, &event->task);
    print_task(out, "other", info, &event->other);
    const struct trace_region_id *region = &event->region;
    if (region->place) {
        fprintf(out, " region=%s@%" PRId64, info->sites[region->site].text, (int64_t)region->birth);
        if (region->thread != UINT32_MAX && region->thread != event->thread) {
            fprintf(out, " of t%" PRIu32, info->threads[region->thread].tid);
        }
        print_task(out, "for", info, &region->task);
    }
    if (event->kind == TRACE_REGION_AT) fprintf(out, " end=%" PRIu64, event->end_ticks);
    print_value(out, &event->value);
    putc('\n', out);
}

static inline void print_info(FILE *out, const struct trace_info *info)
{
    uint64_t recovered = 0, lost = 0, overwritten = 0;
    for (int i = 0; i < CAIRN_TALLY_SLOTS; i++) {
        recovered += info->recovered[i];
        lost += info->lost[i];
        overwritten += info->overwritten[i];
    }
    fprintf(out, "recovered %" PRIu64 " lost %" PRIu64 " processes %u threads %u\n", recovered, lost,
            info->process_count, info->thread_count);
    if (overwritten || info->window_begin_ticks)
        fprintf(out, "overwritten %" PRIu64 " window from %" PRIu64 "\n", overwritten,
                info->window_begin_ticks);
    for (uint32_t i = 0; i < info->diagnostics->count; i++) {
        const struct trace_diagnostic *found = &info->diagnostics->items[i];
        const char *example = strstr(found->example, "at offset");
        fprintf(out, "%s %s x%" PRIu64 "%s%s\n",
                found->severity == TRACE_NOTE      ? "note"
                : found->severity == TRACE_WARNING ? "warning"
                                                   : "damage",
                found->name, found->count, example ? ": " : "", example ? example : "");
    }
}

/* Everything that a trace has, as text, to be freed; or "error: ..." */
static inline char *read_back(const char *path)
{
    char *text = NULL;
    size_t count = 0;
    FILE *out = open_memstream(&text, &count);
    struct cairn_error error = {0};
    struct trace_source *source = trace_open(path, &error);
    if (source) {
        struct trace_event event;
        int result;
        while ((result = source->next(source, &event, &error)) > 0) print_event(out, source->info, &event);
        assert_int_equal(result, 0);
        print_info(out, source->info);
        source->close(source);
    } else {
        fprintf(out, "error: %s\n", error.text);
    }
    fclose(out);
    return text;
}

/* Reads all there is; says how many events that were, and the last damage found ("" if none, or "refused"). What the reader hands out must be in its tables. */
static inline uint64_t survive(const char *path, const char **found)
{
    struct cairn_error error = {0};
    struct trace_source *source = trace_open(path, &error);
    if (!source) {
        assert_true(error.text[0]);
        *found = "refused";
        return 0;
    }
    struct trace_event event;
    uint64_t count = 0;
    for (int result; (result = source->next(source, &event, &error)) != 0; count++) {
        assert_int_equal(result, 1);
        assert_true(event.thread < source->info->thread_count || event.kind == TRACE_TASK_OPEN);
        assert_true(event.site < source->info->site_count && event.other.site < source->info->site_count);
        assert_true(event.region.site < source->info->site_count &&
                    event.task.site < source->info->site_count);
    }
    *found = "";
    for (uint32_t i = 0; i < source->info->diagnostics->count; i++) {
        const struct trace_diagnostic *item = &source->info->diagnostics->items[i];
        if (item->severity == TRACE_DAMAGE) *found = item->name;
    }
    source->close(source);
    return count;
}

#endif
