/* See readback.h. SPDX-License-Identifier: Apache-2.0 */
#include "readback.h"

#include "analysis/analysis.h"
#include "testing.h"

#include <stdlib.h>
#include <string.h>

static struct trace_source *open_trace(const char *path)
{
    struct cairn_error error = {0};
    struct trace_source *source = trace_open(path, &error);
    if (!source) testing_fail(__FILE__, __LINE__, "%s: %s", path, error.text);
    return source;
}

static void take_info(struct readback *result, const struct trace_info *info)
{
    memcpy(result->recovered, info->recovered, sizeof result->recovered);
    memcpy(result->lost, info->lost, sizeof result->lost);
    memcpy(result->overwritten, info->overwritten, sizeof result->overwritten);
    for (uint32_t i = 0; i < info->site_count; i++) result->skipped += info->sites[i].skipped;
    for (uint32_t i = 0; i < CAIRN_TALLY_SLOTS; i++) {
        result->recovered_all += info->recovered[i];
        result->lost_all += info->lost[i];
        result->overwritten_all += info->overwritten[i];
    }
    result->first_lost_ticks = info->first_lost_ticks;
    result->last_lost_ticks = info->last_lost_ticks;
    result->begin_ticks = info->begin_ticks;
    result->end_ticks = info->end_ticks;
    result->processes = info->process_count;
    result->threads = info->thread_count;
    result->sites = info->site_count;
    for (uint32_t i = 0; i < info->process_count; i++) {
        const struct trace_process *process = &info->processes[i];
        result->state = process->state;
        if (process->error) result->error = process->error;
        result->formats_refused += process->formats_refused;
        result->sites_overflow += process->sites_overflow;
        result->late_chunks += process->late_chunks;
        result->limit_bytes = process->limit_bytes;
        result->file_bytes += process->file_bytes;
    }
    for (uint32_t i = 0; i < info->diagnostics->count; i++) {
        const struct trace_diagnostic *found = &info->diagnostics->items[i];
        if (found->severity != TRACE_DAMAGE) continue;
        result->damage += found->count;
        fprintf(stderr, "# %s: %s\n", found->name, found->example);
    }
}

static void take_analysis(struct readback *result, const struct analysis_tasks *tasks,
                          const struct analysis_regions *regions)
{
    for (size_t i = 0; i < tasks->rows.count; i++) {
        const struct analysis_stats *stats = &tasks->rows.items[i].stats;
        result->tasks += stats->count;
        result->tasks_unfinished += stats->unfinished;
        result->tasks_begin_lost += stats->begin_lost;
    }
    for (size_t i = 0; i < regions->rows.count; i++) {
        result->regions += regions->rows.items[i].stats.count;
        result->regions_unfinished += regions->rows.items[i].stats.unfinished;
    }
}

struct types { /* by the number of the distinct text */
    bool *begun;
    uint32_t count, capacity;
};

static void count_type(struct types *types, uint32_t type)
{
    if (type >= types->capacity) {
        uint32_t capacity = 2 * type + 64;
        types->begun = realloc(types->begun, capacity);
        if (!types->begun) abort();
        memset(types->begun + types->capacity, 0, capacity - types->capacity);
        types->capacity = capacity;
    }
    types->count += !types->begun[type];
    types->begun[type] = true;
}

static int feed(struct trace_source *source, struct trace_sink *tasks, struct trace_sink *regions,
                struct types *types, struct cairn_error *error)
{
    struct trace_event event;
    int more;
    while ((more = source->next(source, &event, error)) > 0) {
        if (event.kind == TRACE_TASK_BEGIN) count_type(types, source->info->sites[event.site].type);
        if (tasks->event(tasks, &event, error) || regions->event(regions, &event, error)) return -1;
    }
    return more || tasks->end(tasks, source->info, error) || regions->end(regions, source->info, error);
}

/* The validator is stricter than the reader. It is for complete files: one that is still written, or was when its
 * program died, has loose ends. */
static void validate(const char *path)
{
    struct trace_diagnostics findings = {0};
    struct cairn_error error = {0};
    if (trace_check(path, &findings, &error)) testing_fail(__FILE__, __LINE__, "%s: %s", path, error.text);
    for (uint32_t i = 0; i < findings.count; i++) {
        if (findings.items[i].severity == TRACE_DAMAGE) {
            testing_fail(__FILE__, __LINE__, "%s: %s: %s", path, findings.items[i].name,
                         findings.items[i].example);
        }
    }
    free(findings.items);
}

struct readback readback(const char *path)
{
    struct readback result = {0};
    struct cairn_error error = {0};
    struct trace_source *source = open_trace(path);
    if (!source) return result;
    source->no_text = true;
    struct analysis_tasks tasks;
    struct analysis_regions regions;
    struct types types = {0};
    bool ready = analysis_tasks_init(&tasks, source->info, NULL, 0) &&
                 analysis_regions_init(&regions, source->info, NULL);
    if (!ready || feed(source, &tasks.sink, &regions.sink, &types, &error)) {
        testing_fail(__FILE__, __LINE__, "%s: %s", path, error.text);
    } else {
        take_info(&result, source->info);
        take_analysis(&result, &tasks, &regions);
        result.types = types.count;
    }
    free(types.begun);
    bool complete = source->info->process_count == 1 &&
                    (result.state == CAIRN_STATE_STOPPED || result.state == CAIRN_STATE_SNAPSHOT);
    analysis_tasks_free(&tasks);
    analysis_regions_free(&regions);
    source->close(source);
    if (complete) validate(path);
    return result;
}

struct cairn_file_head readback_head(const char *path)
{
    struct cairn_file_head head = {0};
    FILE *file = fopen(path, "r");
    CHECK(file && fread(&head, sizeof head, 1, file) == 1);
    if (file) fclose(file);
    return head;
}

void readback_events(const char *path, readback_event *visit, void *data)
{
    struct cairn_error error = {0};
    struct trace_event event;
    struct trace_source *source = open_trace(path);
    if (!source) return;
    int more;
    while ((more = source->next(source, &event, &error)) > 0) visit(data, source->info, &event);
    if (more < 0) testing_fail(__FILE__, __LINE__, "%s: %s", path, error.text);
    source->close(source);
}
