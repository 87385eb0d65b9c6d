/* Tables by type and by call site. SPDX-License-Identifier: Apache-2.0
 *
 * A table takes the sums and histograms out of the analysis, and copies the texts, so that it needs neither the analysis
 * nor the reader any more. */
#include "reader/reading.h"

#include <stdlib.h>
#include <string.h>

struct table_row {
    cairn_reader_row face; /* first: what is handed out is a pointer to it */
    cairn_reader_site site;
    struct analysis_stats stats;
    struct trace_clock clock;
};

struct table {
    cairn_reader_table face; /* first: likewise */
    struct arena memory;     /* of all but the histograms */
};

/* ---- Rows ---------------------------------------------------------------------------------------------- */

static cairn_reader_row turn_row(const struct table_row *row, const char *type)
{
    struct analysis_summary summary;
    analysis_summarize(&summary, &row->stats, &row->clock);
    return (cairn_reader_row){.type = type,
                              .count = summary.count,
                              .finished = summary.finished,
                              .unfinished = summary.unfinished,
                              .errors = summary.errors,
                              .begun_before = summary.begun_before,
                              .before_window = summary.before_window,
                              .begin_lost = summary.begin_lost,
                              .total_ns = summary.total_ns,
                              .self_ns = summary.self_ns,
                              .min_ns = summary.min_ns,
                              .mean_ns = summary.mean_ns,
                              .max_ns = summary.max_ns,
                              .estimated_count = summary.estimated_count,
                              .estimated_total_ns = summary.estimated_total_ns,
                              .estimated_self_ns = summary.estimated_self_ns};
}

static const char *copy_text(struct table *table, const char *text)
{
    return arena_text(&table->memory, text, strlen(text));
}

/* Takes the stats, which are empty afterwards. NULL if memory ran out; then nothing was taken. */
static struct table_row *take_row(struct table *table, const struct cairn_reader *reader, const char *type,
                                  struct analysis_stats *stats)
{
    struct table_row *row = arena_alloc(&table->memory, sizeof *row);
    const char *copy = copy_text(table, type);
    if (!row || !copy) return NULL;
    row->stats = *stats;
    *stats = (struct analysis_stats){0};
    row->clock = reader->info->clock;
    row->face = turn_row(row, copy);
    return row;
}

static bool set_site(struct table *table, struct table_row *row, const struct analysis_region_row *from)
{
    row->site = (cairn_reader_site){.text = row->face.type,
                                    .format = "",
                                    .file = copy_text(table, from->file),
                                    .function = copy_text(table, from->function),
                                    .line = from->line};
    row->face.site = &row->site;
    return row->site.file && row->site.function;
}

static const cairn_reader_row **make_rows(struct table *table, size_t count)
{
    return arena_alloc(&table->memory, count * sizeof(cairn_reader_row *));
}

/* ---- Tables -------------------------------------------------------------------------------------------- */

static bool take_tasks(struct table *table, const struct cairn_reader *reader, struct analysis_tasks *tasks)
{
    const cairn_reader_row **types = make_rows(table, tasks->rows.count);
    table->face.types = types;
    for (size_t i = 0; types && i < tasks->rows.count; i++) {
        struct analysis_task_row *from = &tasks->rows.items[i];
        struct table_row *row = take_row(table, reader, from->type, &from->stats);
        if (!row) return false;
        types[table->face.type_count++] = &row->face;
    }
    return types;
}

static bool take_regions(struct table *table, const struct cairn_reader *reader,
                         struct analysis_regions *regions)
{
    const cairn_reader_row **types = make_rows(table, regions->rows.count);
    const cairn_reader_row **sites = make_rows(table, regions->sites.count);
    table->face.types = types;
    table->face.sites = sites;
    if (!types || !sites) return false;
    for (size_t i = 0; i < regions->rows.count; i++) {
        struct analysis_region_row *from = &regions->rows.items[i];
        struct table_row *row = take_row(table, reader, from->type, &from->stats);
        if (!row) return false;
        types[table->face.type_count++] = &row->face;
    }
    for (size_t i = 0; i < regions->sites.count; i++) {
        struct analysis_region_row *from = &regions->sites.items[i];
        struct table_row *row = take_row(table, reader, from->type, &from->stats);
        if (!row) return false;
        sites[table->face.site_count++] = &row->face;
        if (!set_site(table, row, from)) return false;
    }
    return true;
}

/* The table, or NULL with *error filled if memory ran out on the way. */
static cairn_reader_table *hand_out(struct table *table, bool is_whole, cairn_reader_error *error)
{
    if (table && is_whole) return &table->face;
    reader_out_of_memory(error);
    if (table) cairn_reader_table_destroy(&table->face);
    return NULL;
}

static cairn_reader_table *run_tasks(struct cairn_reader *reader, struct analysis_filter *filter,
                                     struct analysis_tasks *tasks, cairn_reader_error *error)
{
    struct cairn_error trouble = {.offset = CAIRN_ERROR_NOWHERE};
    reader->source->no_text = true;
    if (!analysis_tasks_init(tasks, reader->info, filter, 0)) return reader_out_of_memory(error), NULL;
    if (analysis_tasks_run(tasks, reader->source, NULL, NULL, &trouble) != 0)
        return reader_fail(error, &trouble), NULL;
    struct table *table = calloc(1, sizeof *table);
    return hand_out(table, table && take_tasks(table, reader, tasks), error);
}

static cairn_reader_table *run_regions(struct cairn_reader *reader, struct analysis_filter *filter,
                                       struct analysis_regions *regions, cairn_reader_error *error)
{
    struct cairn_error trouble = {.offset = CAIRN_ERROR_NOWHERE};
    reader->source->no_text = true;
    if (!analysis_regions_init(regions, reader->info, filter)) return reader_out_of_memory(error), NULL;
    if (analysis_regions_run(regions, reader->source, NULL, NULL, &trouble) != 0)
        return reader_fail(error, &trouble), NULL;
    struct table *table = calloc(1, sizeof *table);
    return hand_out(table, table && take_regions(table, reader, regions), error);
}

cairn_reader_table *cairn_reader_task_table(cairn_reader *reader, const cairn_reader_query *query,
                                            cairn_reader_error *error)
{
    struct reader_question question = {0};
    struct analysis_tasks tasks = {0};
    cairn_reader_table *table = NULL;
    if (reader_question_begin(&question, reader, ANALYSIS_TASKS, query, error) == 0)
        table = run_tasks(reader, reader_question_filter(&question), &tasks, error);
    analysis_tasks_free(&tasks);
    reader_question_end(&question);
    return table;
}

cairn_reader_table *cairn_reader_region_table(cairn_reader *reader, const cairn_reader_query *query,
                                              cairn_reader_error *error)
{
    struct reader_question question = {0};
    struct analysis_regions regions = {0};
    cairn_reader_table *table = NULL;
    if (reader_question_begin(&question, reader, ANALYSIS_REGIONS, query, error) == 0)
        table = run_regions(reader, reader_question_filter(&question), &regions, error);
    analysis_regions_free(&regions);
    reader_question_end(&question);
    return table;
}

uint64_t cairn_reader_percentile(const cairn_reader_row *row, double fraction)
{
    const struct table_row *whole = (const struct table_row *)row;
    return analysis_percentile_ns(&whole->stats, &whole->clock, fraction);
}

static void free_rows(const cairn_reader_row *const *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) analysis_stats_free(&((struct table_row *)(uintptr_t)rows[i])->stats);
}

void cairn_reader_table_destroy(cairn_reader_table *face)
{
    struct table *table = (struct table *)face;
    if (!table) return;
    free_rows(face->types, face->type_count);
    free_rows(face->sites, face->site_count);
    arena_free(&table->memory);
    free(table);
}
