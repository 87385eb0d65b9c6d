/* See storylines.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/storylines.h"

#include "cairn/cairn.h"
#include "cli/print/show.h"

#include <inttypes.h>
#include <string.h>

enum { THREAD_COLUMNS = 14, TIME_COLUMNS = 11, INDENT_MAX = 20 };
/* Of text about a gap; types that are longer are cut. */
enum { EVENT_BYTES = 200, AROUND_BYTES = 3 * EVENT_BYTES + 100 };

static void print_text(const char *text)
{
    show_text(stdout, text, strlen(text));
}

/* ---- Values ---------------------------------------------------------------------------------------- */

void storylines_print_value(FILE *out, const struct trace_value *value)
{
    switch (value->type) {
    case CAIRN_I_VALUE_INT: fprintf(out, "%" PRId64, value->i); break;
    case CAIRN_I_VALUE_UINT: fprintf(out, "%" PRIu64, value->u); break;
    case CAIRN_I_VALUE_FLOAT: fprintf(out, "%.10g", value->f); break;
    case CAIRN_I_VALUE_BOOL: fprintf(out, "%s", value->u ? "true" : "false"); break;
    case CAIRN_I_VALUE_TEXT:
        if (value->text) show_text(out, value->text, value->text_bytes);
        break;
    default: break;
    }
    if (value->text_bytes_full > value->text_bytes)
        fprintf(out, " %s[cut: %" PRIu64 " bytes in all]%s", show_yellow(), value->text_bytes_full,
                show_plain());
}

void storylines_record_value(struct records *records, const char *name, const struct trace_value *value)
{
    switch (value->type) {
    case CAIRN_I_VALUE_INT: records_int(records, name, value->i); break;
    case CAIRN_I_VALUE_UINT: records_uint(records, name, value->u); break;
    case CAIRN_I_VALUE_FLOAT: records_double(records, name, value->f); break;
    case CAIRN_I_VALUE_BOOL: records_bool(records, name, value->u != 0); break;
    default:
        if (value->text)
            records_text_bytes(records, name, value->text, value->text_bytes);
        else
            records_none(records, name);
    }
}

/* ---- For people ------------------------------------------------------------------------------------ */

/* Saturates: what a damaged trace says can be any number of years apart. */
static int64_t since_begin_ns(const struct analysis_story *story, const struct trace_info *info,
                              uint64_t ticks)
{
    int64_t begin = trace_clock_since_start_ns(&info->clock, story->begin_ticks);
    int64_t at = trace_clock_since_start_ns(&info->clock, ticks), since;
    if (__builtin_sub_overflow(at, begin, &since)) return at < begin ? INT64_MIN : INT64_MAX;
    return since;
}

/* Thousandths of the unit that suits the whole story, so that the column reads as one scale. */
struct scale {
    double ns_per_unit;
    const char *unit;
};

static struct scale scale_of(const struct analysis_story *story, const struct trace_info *info)
{
    uint64_t begin = story->begin_ticks, end = story->end_ticks;
    uint64_t ns = trace_clock_ns(&info->clock, end > begin ? end - begin : 0);
    if (ns < 10000000) return (struct scale){1e3, "µs"};
    return ns < UINT64_C(100000000000) ? (struct scale){1e6, "ms"} : (struct scale){1e9, "s"};
}

/* Nothing that happened, but a time of which nothing is told. */
static bool is_stretch(const struct analysis_story_line *line)
{
    return line->kind == ANALYSIS_STORY_GAP || line->kind == ANALYSIS_STORY_UNSEEN;
}

/* ---- Gaps ------------------------------------------------------------------------------------------ */

/* What happened there, or with `is_over` what was over there: "brew ended". */
static const char *event_text(char text[EVENT_BYTES], const struct analysis_story *story,
                              const struct trace_info *info, const struct analysis_story_line *line,
                              bool is_over)
{
    char id[ANALYSIS_ID_TEXT_BYTES];
    const struct analysis_task *task = &story->tasks.items[line->task].task;
    const char *type = analysis_type_of_task(info, &task->id), *name = analysis_site_text(info, line->site);
    analysis_id_text(id, info, &task->id);
    switch (line->kind) {
    case ANALYSIS_STORY_BEGIN: snprintf(text, EVENT_BYTES, "%s %s began", type, id); break;
    case ANALYSIS_STORY_END:
        snprintf(text, EVENT_BYTES, "%s %s %s", type, id,
                 task->status == ANALYSIS_FAILED ? "failed" : "ended");
        break;
    case ANALYSIS_STORY_END_AGAIN: snprintf(text, EVENT_BYTES, "%s %s ended again", type, id); break;
    case ANALYSIS_STORY_REGION:
        snprintf(text, EVENT_BYTES, "%s %s", analysis_type_of_site(info, line->region.site),
                 is_over ? "ended" : "began");
        break;
    case ANALYSIS_STORY_LOG: snprintf(text, EVENT_BYTES, *name ? "log %s" : "a log", name); break;
    case ANALYSIS_STORY_ATTR: snprintf(text, EVENT_BYTES, "attribute %s", name); break;
    default: snprintf(text, EVENT_BYTES, "a link"); break;
    }
    return text;
}

/* Of a subtask that was open during a gap, else of a linked task. */
static const struct trace_task_id *meanwhile(const struct analysis_story *story,
                                             const struct analysis_story_gap *gap)
{
    if (gap->subtask != UINT32_MAX) return &story->tasks.items[gap->subtask].task.id;
    return gap->linked ? &gap->linked->id : NULL;
}

/* ", after brew ended, before order 7 ended; payment 3 and 2 more were open". */
static const char *around_text(char text[AROUND_BYTES], const struct analysis_story *story,
                               const struct trace_info *info, size_t index)
{
    struct analysis_story_gap gap = analysis_story_gap_at(story, index);
    char event[EVENT_BYTES], id[ANALYSIS_ID_TEXT_BYTES], more[32] = "";
    const struct trace_task_id *open = meanwhile(story, &gap);
    size_t at = 0;
    text[0] = 0;
    if (gap.after)
        at += (size_t)snprintf(text + at, AROUND_BYTES - at, ", after %s",
                               event_text(event, story, info, gap.after, true));
    if (gap.before)
        at += (size_t)snprintf(text + at, AROUND_BYTES - at, ", before %s",
                               event_text(event, story, info, gap.before, false));
    if (!open) return text;
    if (gap.subtask_count > 1) snprintf(more, sizeof more, " and %" PRIu32 " more", gap.subtask_count - 1);
    snprintf(event, sizeof event, "%s %s", analysis_type_of_task(info, open),
             analysis_id_text(id, info, open));
    snprintf(text + at, AROUND_BYTES - at, "; %s%s%s %s open", event, more,
             gap.subtask_count ? "" : " (linked)", gap.subtask_count > 1 ? "were" : "was");
    return text;
}

static void print_times(const struct analysis_story *story, const struct trace_info *info, struct scale scale,
                        const struct analysis_story_line *line, uint64_t previous)
{
    int64_t since = since_begin_ns(story, info, line->time);
    uint64_t elapsed = line->time > previous ? trace_clock_ns(&info->clock, line->time - previous) : 0;
    printf("%*.3f ", TIME_COLUMNS, (double)since / scale.ns_per_unit);
    if (is_stretch(line))
        printf("%*s  ", TIME_COLUMNS, "");
    else
        printf("%*.3f  ", TIME_COLUMNS, (double)elapsed / scale.ns_per_unit);
}

static void print_thread(const struct trace_info *info, uint32_t thread)
{
    char name[ANALYSIS_THREAD_BYTES], cut[THREAD_COLUMNS * 8] = "";
    if (thread != UINT32_MAX)
        show_text_cut(cut, sizeof cut, analysis_thread_text(name, info, thread), THREAD_COLUMNS);
    printf("%s%*s  ", cut, (int)(THREAD_COLUMNS - show_text_columns(cut, strlen(cut))), "");
}

static void print_task_name(const struct trace_info *info, const struct trace_task_id *task)
{
    char id[ANALYSIS_ID_TEXT_BYTES];
    print_text(analysis_type_of_task(info, task));
    if (task->id > CAIRN_ID_OFF) printf(" %s", analysis_id_text(id, info, task));
}

static void print_region(const struct trace_info *info, const struct analysis_story_line *line)
{
    char text[ANALYSIS_PLACE_BYTES + ANALYSIS_THREAD_BYTES];
    uint64_t ticks = line->end > line->time ? line->end - line->time : 0;
    print_text(analysis_type_of_site(info, line->region.site));
    if (line->is_unfinished)
        printf("  %snever ended%s", show_yellow(), show_plain());
    else if (line->end < line->time)
        printf("  %sends before it begins%s", show_yellow(), show_plain());
    else
        printf("  %s%s%s", show_bold(), show_duration(text, trace_clock_ns(&info->clock, ticks)),
               show_plain());
    if (line->is_explicit) printf("  (explicit times)");
    if (line->begin_lost)
        printf(analysis_is_before_window(info, line->region.task.process, line->time)
                   ? "  (began before the window)"
                   : "  (its begin is not in the trace)");
    if (line->is_unfinished || line->is_explicit || line->end_thread == line->thread) return;
    printf("  %sended on ", show_yellow());
    print_text(analysis_thread_text(text, info, line->end_thread));
    printf(" at ");
    print_text(analysis_place_text(text, info, line->end_site));
    printf("%s", show_plain());
}

static void print_end(const struct analysis_story *story, const struct trace_info *info,
                      const struct analysis_story_line *line)
{
    const struct analysis_task *task = &story->tasks.items[line->task].task;
    char place[ANALYSIS_PLACE_BYTES];
    if (line->kind == ANALYSIS_STORY_END_AGAIN)
        printf("%sends again%s, without effect: ", show_yellow(), show_plain());
    else if (task->status == ANALYSIS_FAILED)
        printf("%sfails%s: ", show_red(), show_plain());
    else
        printf("ends: ");
    print_task_name(info, &task->id);
    if (task->status == ANALYSIS_FAILED && *analysis_site_text(info, line->site)) {
        printf(", ");
        print_text(analysis_site_text(info, line->site));
    }
    printf("  %s", show_dim());
    print_text(analysis_place_text(place, info, line->site));
    printf("%s", show_plain());
}

static void print_moment(const struct trace_info *info, const struct analysis_story_line *line)
{
    const char *name = analysis_site_text(info, line->site);
    if (line->kind == ANALYSIS_STORY_ATTR) {
        print_text(name);
        printf(" = ");
        storylines_print_value(stdout, &line->value);
        if (line->region.place == 0) return;
        printf("  (of ");
        print_text(analysis_type_of_site(info, line->region.site));
        printf(")");
    } else if (line->kind == ANALYSIS_STORY_LOG) {
        if (*name) {
            fputs(show_bold(), stdout);
            print_text(name);
            printf(":%s ", show_plain());
        }
        storylines_print_value(stdout, &line->value);
    } else {
        printf("%s ", line->kind == ANALYSIS_STORY_LINK_TO ? "causes" : "caused by");
        print_task_name(info, &line->other);
    }
}

static void print_stretch(const struct analysis_story *story, const struct trace_info *info, size_t index)
{
    const struct analysis_story_line *line = &story->lines.items[index];
    char text[SHOW_BYTES], around[AROUND_BYTES];
    bool is_gap = line->kind == ANALYSIS_STORY_GAP;
    printf("%s… %s %s", show_dim(), show_duration(text, trace_clock_ns(&info->clock, line->end - line->time)),
           is_gap ? "nothing recorded" : "before the window");
    if (is_gap) print_text(around_text(around, story, info, index));
    printf("%s", show_plain());
}

static void print_what(const struct analysis_story *story, const struct trace_info *info, size_t index)
{
    const struct analysis_story_line *line = &story->lines.items[index];
    const struct trace_task_id *task = &story->tasks.items[line->task].task.id;
    uint32_t indent = line->depth < INDENT_MAX ? line->depth : INDENT_MAX;
    printf("%*s", (int)(2 * indent), "");
    switch (line->kind) {
    case ANALYSIS_STORY_GAP:
    case ANALYSIS_STORY_UNSEEN: print_stretch(story, info, index); return;
    case ANALYSIS_STORY_BEGIN:
        printf("begins: ");
        print_task_name(info, task);
        return;
    case ANALYSIS_STORY_END:
    case ANALYSIS_STORY_END_AGAIN: print_end(story, info, line); return;
    case ANALYSIS_STORY_REGION: print_region(info, line); break;
    default: print_moment(info, line);
    }
    if (line->task == 0) return;
    printf("  %s[", show_dim());
    print_task_name(info, task);
    printf("]%s", show_plain());
}

void storylines_print(const struct analysis_story *story, const struct trace_info *info)
{
    struct scale scale = scale_of(story, info);
    uint64_t previous = story->begin_ticks;
    char title[2][24];
    snprintf(title[0], sizeof title[0], "since (%s)", scale.unit);
    snprintf(title[1], sizeof title[1], "elapsed");
    /* µ is two bytes: padded by columns, not by printf. */
    printf("%s%*s%s %*s  %-*s  what%s\n", show_bold(),
           (int)(TIME_COLUMNS - show_text_columns(title[0], strlen(title[0]))), "", title[0], TIME_COLUMNS,
           title[1], THREAD_COLUMNS, "thread", show_plain());
    for (size_t i = 0; i < story->lines.count; i++) {
        const struct analysis_story_line *line = &story->lines.items[i];
        print_times(story, info, scale, line, previous);
        print_thread(info, line->thread);
        print_what(story, info, i);
        printf("\n");
        if (!is_stretch(line)) previous = line->time;
    }
}

/* ---- For programs ---------------------------------------------------------------------------------- */

static const char *const kind_names[] = {
    [ANALYSIS_STORY_BEGIN] = "begin",
    [ANALYSIS_STORY_END] = "end",
    [ANALYSIS_STORY_END_AGAIN] = "end_again",
    [ANALYSIS_STORY_REGION] = "region",
    [ANALYSIS_STORY_LOG] = "log",
    [ANALYSIS_STORY_ATTR] = "attribute",
    [ANALYSIS_STORY_LINK_TO] = "causes",
    [ANALYSIS_STORY_LINK_FROM] = "caused_by",
    [ANALYSIS_STORY_GAP] = "gap",
    [ANALYSIS_STORY_UNSEEN] = "before_window",
};

static uint32_t naming_site(const struct analysis_story_line *line)
{
    return line->kind == ANALYSIS_STORY_REGION ? line->region.site : line->site;
}

static void record_duration(struct records *records, const struct analysis_story_line *line,
                            const struct trace_info *info)
{
    bool has = is_stretch(line) || (line->kind == ANALYSIS_STORY_REGION && !line->is_unfinished);
    if (has && line->end >= line->time)
        records_uint(records, "duration_ns", trace_clock_ns(&info->clock, line->end - line->time));
    else
        records_none(records, "duration_ns");
}

static void record_who(struct records *records, const struct analysis_story *story,
                       const struct analysis_story_line *line, const struct trace_info *info)
{
    char text[ANALYSIS_THREAD_BYTES];
    bool has_thread = line->thread != UINT32_MAX, is_gap = is_stretch(line);
    bool has_end = line->end_thread != UINT32_MAX;
    const struct trace_task_id *task = &story->tasks.items[line->task].task.id;
    records_text(records, "thread", has_thread ? analysis_thread_text(text, info, line->thread) : NULL);
    records_text(records, "end_thread", has_end ? analysis_thread_text(text, info, line->end_thread) : NULL);
    records_text(records, "task", is_gap ? NULL : analysis_id_text(text, info, task));
}

static void record_around(struct records *records, const struct analysis_story *story,
                          const struct trace_info *info, size_t index)
{
    bool is_gap = index < story->lines.count && story->lines.items[index].kind == ANALYSIS_STORY_GAP;
    struct analysis_story_gap gap = {.subtask = UINT32_MAX};
    if (is_gap) gap = analysis_story_gap_at(story, index);
    const struct trace_task_id *open = meanwhile(story, &gap);
    char text[EVENT_BYTES];
    records_text(records, "after", gap.after ? event_text(text, story, info, gap.after, true) : NULL);
    records_text(records, "before", gap.before ? event_text(text, story, info, gap.before, false) : NULL);
    records_text(records, "meanwhile", open ? analysis_id_text(text, info, open) : NULL);
}

void storylines_record(struct records *records, const struct analysis_story *story, size_t index,
                       const struct trace_info *info)
{
    static const struct analysis_story_line none = {.thread = UINT32_MAX, .end_thread = UINT32_MAX};
    char id[ANALYSIS_ID_TEXT_BYTES];
    const struct analysis_story_line *line = index < story->lines.count ? &story->lines.items[index] : &none;
    uint32_t at = naming_site(line);
    const struct trace_site *site = at && at < info->site_count ? &info->sites[at] : NULL;
    bool is_link = line->kind == ANALYSIS_STORY_LINK_TO || line->kind == ANALYSIS_STORY_LINK_FROM;
    records_row(records);
    records_text(records, "kind", kind_names[line->kind]);
    records_int(records, "at_ns", since_begin_ns(story, info, line->time));
    record_duration(records, line, info);
    record_who(records, story, line, info);
    records_uint(records, "depth", line->depth);
    records_text(records, "name", site ? site->text : NULL);
    storylines_record_value(records, "value", &line->value);
    records_text(records, "region",
                 line->kind == ANALYSIS_STORY_ATTR && line->region.place
                     ? analysis_type_of_site(info, line->region.site)
                     : NULL);
    records_text(records, "other", is_link ? analysis_id_text(id, info, &line->other) : NULL);
    records_text(records, "file", site ? site->file : NULL);
    if (site && site->line)
        records_uint(records, "line", site->line);
    else
        records_none(records, "line");
    record_around(records, story, info, index);
    records_row_end(records);
}
