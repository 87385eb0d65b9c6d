/* See pathrows.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/pathrows.h"

#include "cairn/cairn.h"
#include "cli/cli.h"
#include "cli/print/show.h"
#include "cli/print/table.h"

#include <inttypes.h>
#include <string.h>

enum { ROWS_SHOWN = 12, WHAT_BYTES = 512 };

/* Of the latency; 0 of an empty one. */
static double share_of(const struct path_steps *rows, uint64_t ticks)
{
    uint64_t begin = rows->story->begin_ticks, end = rows->story->end_ticks;
    return end > begin ? (double)ticks / (double)(end - begin) : 0;
}

/* NULL: the step has none. */
static const char *name_of(const struct path_steps *rows, const struct analysis_step *step)
{
    const char *name;
    if (path_step_name(rows, step, &name)) return name;
    cli_note_lack();
    return "(out of memory)";
}

/* ---- For people ------------------------------------------------------------------------------------- */

static const char *thread_text(char text[ANALYSIS_THREAD_BYTES], const struct path_steps *rows,
                               uint32_t thread)
{
    return thread == UINT32_MAX ? "" : analysis_thread_text(text, rows->info, thread);
}

/* The name of a region, or as much of its end as a cell has room for: what is innermost says most. */
static const char *region_text(char text[WHAT_BYTES], const char *name)
{
    static const char separator[] = " > ", cut[] = "… > ";
    const char *inner = name, *next;
    while (show_text_columns(inner, strlen(inner)) + sizeof separator > TABLE_TEXT_COLUMNS_MAX &&
           (next = strstr(inner, separator)))
        inner = next + strlen(separator);
    snprintf(text, WHAT_BYTES, "%s%s", inner == name ? "" : cut, inner);
    return text;
}

/* What the path is in, as the story says it. `is_one`: a single step, not all of its kind. */
static const char *what_text(char text[WHAT_BYTES], const struct path_steps *rows,
                             const struct analysis_step *step, bool is_one)
{
    char thread[ANALYSIS_THREAD_BYTES], id[ANALYSIS_ID_TEXT_BYTES];
    const char *name = name_of(rows, step);
    switch (step->kind) {
    case ANALYSIS_STEP_REGION: return region_text(text, name);
    case ANALYSIS_STEP_SELF: return "(in no region)";
    case ANALYSIS_STEP_GAP: return "(nothing recorded)";
    case ANALYSIS_STEP_UNSEEN: return "(before the window)";
    case ANALYSIS_STEP_HANDOVER:
        if (!is_one) return "(hand-over between threads)";
        snprintf(text, WHAT_BYTES, "(hand-over to %s)", thread_text(thread, rows, step->to_thread));
        return text;
    case ANALYSIS_STEP_LINK:
        snprintf(text, WHAT_BYTES, "(waiting for %s%s%s)", name, is_one ? " " : "",
                 is_one ? analysis_id_text(id, rows->info, &step->other) : "");
        return text;
    }
    return "";
}

static void add_share(struct table *table, const struct path_steps *rows, uint64_t ticks)
{
    char text[SHOW_BYTES];
    snprintf(text, sizeof text, "%.1f %%", 100 * share_of(rows, ticks));
    table_raw(table, text);
}

/* The subtask the path is in; of all steps of a kind only its type is known. */
static void add_subtask(struct table *table, const struct path_steps *rows, const struct analysis_step *step,
                        bool is_one)
{
    char text[WHAT_BYTES], id[ANALYSIS_ID_TEXT_BYTES] = "";
    const char *type = analysis_type_of_task(rows->info, path_step_task(rows, step));
    if (is_one) analysis_id_text(id, rows->info, path_step_task(rows, step));
    snprintf(text, sizeof text, "%s%s%s", type, is_one ? " " : "", id);
    table_text(table, step->task == 0 ? "" : text);
}

static bool has_subtasks(const struct path_steps *rows)
{
    for (size_t i = 0; i < rows->path->steps.count; i++)
        if (rows->path->steps.items[i].task != 0) return true;
    return false;
}

static void add_step(struct table *table, const struct path_steps *rows, const struct analysis_step *step,
                     bool with_subtasks)
{
    char text[WHAT_BYTES];
    table_duration(table, path_step_at_ns(rows, step));
    table_duration(table, path_step_ns(rows, step));
    add_share(table, rows, step->end - step->begin);
    table_text(table, thread_text(text, rows, step->thread));
    if (with_subtasks) add_subtask(table, rows, step, true);
    table_text(table, what_text(text, rows, step, true));
}

static void print_steps(const struct path_steps *rows)
{
    struct table table = {0};
    bool with_subtasks = has_subtasks(rows);
    table_column(&table, "since", TABLE_RIGHT, 2);
    table_column(&table, "time", TABLE_RIGHT, 0);
    table_column(&table, "share", TABLE_RIGHT, 3);
    table_column(&table, "thread", TABLE_LEFT, 1);
    if (with_subtasks) table_column(&table, "subtask", TABLE_LEFT, 1);
    table_column(&table, "what", TABLE_LEFT, 0);
    for (size_t i = 0; i < rows->path->steps.count; i++)
        add_step(&table, rows, &rows->path->steps.items[i], with_subtasks);
    table_print(&table, stdout);
    table_free(&table);
}

static void print_totals(const struct path_steps *rows)
{
    struct table table = {0};
    char text[WHAT_BYTES];
    bool with_subtasks = has_subtasks(rows);
    uint64_t ticks = 0;
    table_column(&table, "time", TABLE_RIGHT, 0);
    table_column(&table, "share", TABLE_RIGHT, 2);
    table_column(&table, "steps", TABLE_RIGHT, 3);
    if (with_subtasks) table_column(&table, "subtask", TABLE_LEFT, 1);
    table_column(&table, "what", TABLE_LEFT, 0);
    for (size_t i = 0; i < rows->path->totals.count && i < ROWS_SHOWN; i++) {
        const struct analysis_path_total *total = &rows->path->totals.items[i];
        const struct analysis_step *first = &rows->path->steps.items[total->first];
        table_duration(&table, path_stretch_ns(rows, ticks, ticks + total->ticks));
        ticks += total->ticks;
        add_share(&table, rows, total->ticks);
        table_count(&table, total->count);
        if (with_subtasks) add_subtask(&table, rows, first, false);
        table_text(&table, what_text(text, rows, first, false));
    }
    table_print(&table, stdout);
    table_free(&table);
}

static void print_left_out(const struct path_steps *rows)
{
    char text[2][SHOW_BYTES];
    size_t count = rows->path->totals.count;
    printf("%s", show_dim());
    if (count > ROWS_SHOWN) printf("… and %s smaller; ", show_count(text[0], count - ROWS_SHOWN));
    printf("%s steps, which --path lists%s\n", show_count(text[1], rows->path->steps.count), show_plain());
}

void pathrows_print(const struct path_steps *rows, bool all)
{
    size_t count = rows->path->steps.count;
    bool is_short = count <= ROWS_SHOWN;
    if (count == 0) return;
    printf("\n%scritical path%s%s\n", show_bold(), show_plain(), all || is_short ? "" : ", by name");
    if (all || is_short) {
        print_steps(rows);
        return;
    }
    print_totals(rows);
    print_left_out(rows);
}

/* ---- For programs ----------------------------------------------------------------------------------- */

static void record_place(struct records *records, const struct path_steps *rows,
                         const struct analysis_step *step)
{
    const struct trace_site *site = path_step_site(rows, step);
    records_text(records, "file", site ? site->file : NULL);
    if (site && site->line)
        records_uint(records, "line", site->line);
    else
        records_none(records, "line");
}

static void record_thread(struct records *records, const struct path_steps *rows, const char *name,
                          uint32_t thread)
{
    char text[ANALYSIS_THREAD_BYTES];
    records_text(records, name, thread == UINT32_MAX ? NULL : thread_text(text, rows, thread));
}

static void record_step(struct records *records, const struct path_steps *rows,
                        const struct analysis_step *step)
{
    char id[ANALYSIS_ID_TEXT_BYTES];
    bool is_link = step->kind == ANALYSIS_STEP_LINK;
    records_row(records);
    records_text(records, "kind", path_step_kind(step));
    records_uint(records, "at_ns", path_step_at_ns(rows, step));
    records_uint(records, "duration_ns", path_step_ns(rows, step));
    records_double(records, "share", share_of(rows, step->end - step->begin));
    record_thread(records, rows, "thread", step->thread);
    record_thread(records, rows, "to_thread", step->to_thread);
    records_text(records, "task", analysis_id_text(id, rows->info, path_step_task(rows, step)));
    records_text(records, "type", analysis_type_of_task(rows->info, path_step_task(rows, step)));
    records_text(records, "name", name_of(rows, step));
    records_text(records, "other", is_link ? analysis_id_text(id, rows->info, &step->other) : NULL);
    record_place(records, rows, step);
    records_row_end(records);
}

void pathrows_record_steps(struct records *records, const struct path_steps *rows, bool is_head)
{
    if (is_head) {
        uint64_t begin = rows->story->begin_ticks;
        record_step(records, rows,
                    &(struct analysis_step){.begin = begin, .end = begin, .stack = UINT32_MAX});
        return;
    }
    for (size_t i = 0; i < rows->path->steps.count; i++)
        record_step(records, rows, &rows->path->steps.items[i]);
}

void pathrows_record_totals(struct records *records, const struct path_steps *rows)
{
    uint64_t ticks = 0;
    for (size_t i = 0; i < rows->path->totals.count; i++) {
        const struct analysis_path_total *total = &rows->path->totals.items[i];
        const struct analysis_step *first = &rows->path->steps.items[total->first];
        records_row(records);
        records_text(records, "kind", path_step_kind(first));
        records_text(records, "type", analysis_type_of_task(rows->info, path_step_task(rows, first)));
        records_text(records, "name", name_of(rows, first));
        records_uint(records, "count", total->count);
        records_uint(records, "duration_ns", path_stretch_ns(rows, ticks, ticks + total->ticks));
        records_double(records, "share", share_of(rows, total->ticks));
        records_row_end(records);
        ticks += total->ticks;
    }
}
