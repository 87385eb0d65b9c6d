/* The analysis: tasks, regions, a story and the filter are asked about a trace.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Properties, besides those of eventproperties.h: the tables by type and by call site have the same sums; nothing is
 * finished and unfinished, or neither; the slowest are sorted; a story's lines are in the order of time; the steps of its
 * critical path, and their totals, sum up to its latency. Chunk by chunk on several processors the answers are the same as event by event.
 *
 * options.query of a case: 0 subject and expression; 1, 2 conditions of the filter, one per bit; 3 the story's task, as the number of
 * an event; 4..7 numbers for the conditions. */
#include "analysis/analysis.h"
#include "eventproperties.h"
#include "memfile.h"
#include "property.h"
#include "sameanswers.h"
#include "tracecase.h"

#include <string.h>

enum { SLOWEST = 3 };

/* ---- What is asked --------------------------------------------------------------------------------------- */

static struct analysis_spec spec_of(const uint8_t *query)
{
    static const char *const types[] = {"*", "order", "?r*", ""};
    static const char *const threads[] = {"main", "*", "42", "worker"};
    static const char *const tasks[] = {"1", "0x1001000000001", "2r1", "off"};
    static const char *const wheres[] = {
        NULL,
        "type ~ e and not (thread = main)",
        "log ~ e or subtasks > 1 or has attr.size",
        "root and latency >= 5ns or self < 3ns",
        "task.failed or task.log ~ e and duration > 2ns",
        "self > 1ns and not task.parent.type = order",
        "task.unfinished and message ~ e",
        "parent.type = order or status = unfinished and logs = 0",
    };
    unsigned bits = query[1] | (unsigned)query[2] << 8, number = query[4];
    return (struct analysis_spec){.type = bits & 1 ? types[number & 3] : NULL,
                                  .thread = bits & 2 ? threads[number >> 2 & 3] : NULL,
                                  .task = bits & 4 ? tasks[number >> 4 & 3] : NULL,
                                  .log = bits & 8 ? "e" : NULL,
                                  .from_ns = bits & 16 ? (uint64_t)query[5] << 7 : 0,
                                  .to_ns = bits & 32 ? (uint64_t)query[6] << 12 : 0,
                                  .min_ns = bits & 64 ? query[7] : 0,
                                  .max_ns = bits & 128 ? (uint64_t)query[7] << 9 : 0,
                                  .complete = bits & 256,
                                  .unfinished = bits & 512,
                                  .failed = bits & 1024,
                                  .where = wheres[query[0] / 3 % 8]};
}

struct questions {
    struct trace_sink sink; /* hands each event to all that follow */
    enum analysis_subject subject;
    struct analysis_spec spec;
    struct analysis_filter filter;
    struct analysis_tasks tasks;
    struct analysis_regions regions;
    struct analysis_story story;
    uint64_t logs;
};

/* It answers about its subject alone: all other things are asked for as they are. And as the tool does, what asks for nothing is
 * none, so that a scan may do more at once. */
static struct analysis_filter *filter_for(struct questions *ask, enum analysis_subject subject)
{
    return ask->subject == subject && analysis_spec_is_set(&ask->spec) ? &ask->filter : NULL;
}

static int ask_event(struct trace_sink *sink, const struct trace_event *event, struct cairn_error *error)
{
    struct questions *ask = (struct questions *)sink;
    if (ask->tasks.sink.event(&ask->tasks.sink, event, error) != 0) return -1;
    if (ask->regions.sink.event(&ask->regions.sink, event, error) != 0) return -1;
    if (event->kind == TRACE_LOG && ask->subject == ANALYSIS_LOGS)
        ask->logs += analysis_filter_log(&ask->filter, event);
    return ask->story.sink.event(&ask->story.sink, event, error);
}

static int ask_end(struct questions *ask, const struct trace_info *info)
{
    if (ask->tasks.sink.end(&ask->tasks.sink, info, NULL) != 0) return -1;
    if (ask->regions.sink.end(&ask->regions.sink, info, NULL) != 0) return -1;
    return ask->story.sink.end(&ask->story.sink, info, NULL);
}

/* ---- What is answered ------------------------------------------------------------------------------------ */

struct sums {
    uint64_t count, unfinished, errors, begin_lost, finished;
};

static void add(struct sums *sums, const struct analysis_stats *stats, const struct trace_info *info)
{
    struct analysis_summary summary;
    analysis_summarize(&summary, stats, &info->clock);
    PROPERTY(stats->count == stats->unfinished + stats->time.count);
    PROPERTY(summary.finished == stats->time.count);
    PROPERTY(summary.p50_ns <= summary.p90_ns && summary.p90_ns <= summary.p99_ns);
    PROPERTY(!summary.finished || (summary.min_ns <= summary.p50_ns && summary.p999_ns <= summary.max_ns));
    sums->count += stats->count;
    sums->unfinished += stats->unfinished;
    sums->errors += stats->errors;
    sums->begin_lost += stats->begin_lost;
    sums->finished += stats->time.count;
}

static void check_regions(const struct analysis_regions *regions, const struct trace_info *info)
{
    struct sums types = {0}, sites = {0};
    for (size_t i = 0; i < regions->rows.count; i++) add(&types, &regions->rows.items[i].stats, info);
    for (size_t i = 0; i < regions->sites.count; i++) {
        const struct analysis_region_row *row = &regions->sites.items[i];
        PROPERTY(row->type_row < regions->rows.count);
        PROPERTY(!strcmp(row->type, regions->rows.items[row->type_row].type));
        add(&sites, &row->stats, info);
    }
    PROPERTY(!memcmp(&types, &sites, sizeof types));
}

static uint64_t latency(const struct analysis_task *task)
{
    return task->end_ticks > task->id.birth ? task->end_ticks - task->id.birth : 0;
}

static void check_tasks(const struct analysis_tasks *tasks, const struct trace_info *info)
{
    struct sums sums = {0};
    for (size_t i = 0; i < tasks->rows.count; i++) add(&sums, &tasks->rows.items[i].stats, info);
    PROPERTY(tasks->slowest.count == (sums.finished < SLOWEST ? sums.finished : SLOWEST));
    for (size_t i = 1; i < tasks->slowest.count; i++)
        PROPERTY(latency(&tasks->slowest.items[i - 1]) >= latency(&tasks->slowest.items[i]));
}

static void check_story(const struct analysis_story *story, const struct trace_info *info)
{
    for (size_t i = 0; i < story->lines.count; i++) {
        const struct analysis_story_line *line = &story->lines.items[i];
        PROPERTY(line->task < story->tasks.count);
        PROPERTY(line->site < info->site_count && line->end_site < info->site_count);
        PROPERTY(line->thread < info->thread_count || line->thread == UINT32_MAX);
        PROPERTY(!i || line[-1].time <= line->time);
    }
    for (size_t i = 1; i < story->tasks.count; i++) PROPERTY(story->tasks.items[i].parent < i);
}

static void check_path(const struct analysis_story *story, const struct trace_info *info)
{
    struct analysis_critical_path path;
    uint64_t at = story->begin_ticks, total = 0;
    bool good = analysis_critical_path_find(&path, story);
    for (size_t i = 0; good && i < path.steps.count; i++) {
        const struct analysis_step *step = &path.steps.items[i];
        PROPERTY(step->begin == at && step->end > at && step->end <= story->end_ticks);
        PROPERTY(step->task < story->tasks.count);
        PROPERTY(step->thread < info->thread_count || step->thread == UINT32_MAX);
        PROPERTY(step->stack == UINT32_MAX || path_stack_name(&path.stacks, info, step->stack));
        at = step->end;
    }
    for (size_t i = 0; good && i < path.totals.count; i++) total += path.totals.items[i].ticks;
    if (good && path.steps.count) PROPERTY(at == story->end_ticks && total == at - story->begin_ticks);
    analysis_critical_path_free(&path);
}

static void check_gaps(const struct analysis_story *story)
{
    for (size_t i = 0; i < story->lines.count; i++) {
        if (story->lines.items[i].kind != ANALYSIS_STORY_GAP) continue;
        struct analysis_story_gap gap = analysis_story_gap_at(story, i);
        PROPERTY(!gap.after || gap.after->time <= story->lines.items[i].time);
        PROPERTY(!gap.before || gap.before->time >= story->lines.items[i].end);
        PROPERTY(gap.subtask_count < story->tasks.count);
    }
}

/* ---- The same on several processors ---------------------------------------------------------------------- */

/* The source has been read to its end, and begins anew. */
static void check_scans(struct questions *ask, struct trace_source *source)
{
    struct analysis_tasks tasks;
    struct analysis_regions regions;
    struct analysis_filter *tasks_filter = filter_for(ask, ANALYSIS_TASKS);
    struct analysis_filter *regions_filter = filter_for(ask, ANALYSIS_REGIONS);
    source->is_quiet = true;
    bool good = analysis_tasks_init(&tasks, source->info, tasks_filter, SLOWEST);
    if (good && analysis_tasks_run(&tasks, source, NULL, NULL, NULL) == 0)
        PROPERTY(!same_tasks(&ask->tasks, &tasks));
    good = analysis_regions_init(&regions, source->info, regions_filter);
    if (good && analysis_regions_run(&regions, source, NULL, NULL, NULL) == 0)
        PROPERTY(!same_regions(&ask->regions, &regions));
    analysis_tasks_free(&tasks);
    analysis_regions_free(&regions);
}

static void answer(struct questions *ask, struct trace_source *source, const struct trace_task_id *task)
{
    const struct trace_info *info = source->info;
    struct events_read read;
    /* All of them, as all are freed. */
    bool good = analysis_tasks_init(&ask->tasks, info, filter_for(ask, ANALYSIS_TASKS), SLOWEST);
    good = analysis_regions_init(&ask->regions, info, filter_for(ask, ANALYSIS_REGIONS)) && good;
    good = analysis_story_init(&ask->story, info, task) && good;
    if (good && events_read(source, &ask->sink, &read) && ask_end(ask, info) == 0) {
        check_tasks(&ask->tasks, info);
        check_regions(&ask->regions, info);
        check_story(&ask->story, info);
        check_path(&ask->story, info);
        check_gaps(&ask->story);
        check_scans(ask, source);
    }
    analysis_tasks_free(&ask->tasks);
    analysis_regions_free(&ask->regions);
    analysis_story_free(&ask->story);
}

/* ---- The readings ---------------------------------------------------------------------------------------- */

/* The first: counts, and takes note of the story's task. It goes on to the filter's selection. The source begins anew for the
 * second, which finds nothing odd that is not known. */
struct first_reading {
    struct trace_sink sink;
    struct analysis_selection selection;
    bool selects;
    struct trace_task_id task;
    unsigned until;
};

static int note_event(struct trace_sink *sink, const struct trace_event *event, struct cairn_error *error)
{
    struct first_reading *first = (struct first_reading *)sink;
    if (first->until) first->until--, first->task = event->task;
    return first->selects ? first->selection.sink.event(&first->selection.sink, event, error) : 0;
}

static bool read_first(struct questions *ask, struct trace_source *source, const uint8_t *query,
                       struct first_reading *first, struct events_read *read)
{
    *first = (struct first_reading){.sink = {.event = note_event}, .until = query[3] + 1u};
    ask->spec = spec_of(query);
    ask->subject = query[0] % 3;
    bool good = analysis_filter_init(&ask->filter, ask->subject, &ask->spec, source->info, NULL) == 0;
    first->selects = good && analysis_filter_needs_selection(&ask->filter);
    if (first->selects) good = analysis_selection_init(&first->selection, &ask->filter);
    good = events_read(source, &first->sink, read) && good;
    if (good && first->selects)
        good = first->selection.sink.end(&first->selection.sink, source->info, NULL) == 0;
    if (first->selects) analysis_selection_free(&first->selection);
    source->is_quiet = true;
    source->rewind(source);
    return good;
}

static void ask_all(const struct trace_case *made)
{
    static struct questions ask;
    struct first_reading first;
    struct events_read read;
    ask = (struct questions){.sink = {.event = ask_event}};
    struct trace_source *source = trace_open(MEMFILE_TRACE, NULL);
    if (!source) return;
    if (read_first(&ask, source, made->options.query, &first, &read)) answer(&ask, source, &first.task);
    analysis_filter_free(&ask.filter);
    source->close(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct trace_case made;
    if (!case_expand(&made, bytes, count, MEMFILE_LIVE)) return -1;
    case_to_memory(&made);
    ask_all(&made);
    return 0;
}
