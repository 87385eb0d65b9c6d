/* See grouprows.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/grouprows.h"

#include "cli/print/nextstep.h"
#include "cli/print/records.h"
#include "cli/print/table.h"

#include "cairn/cairn.h"

#include <string.h>

static void write_row(struct records *records, const struct grouprows *rows,
                      const struct analysis_group_row *row, const struct trace_clock *clock)
{
    records_row(records);
    records_text(records, "type", row->type);
    records_text(records, "group", row->value);
    typerows_fields(records, &row->stats, clock);
    if (rows->window) typerows_load_fields(records, &row->stats, &row->load, rows->window, clock);
    records_row_end(records);
}

static void write_rows(const struct question *question, const struct grouprows *rows)
{
    struct records records;
    const struct trace_clock *clock = &question->info->clock;
    records_begin(&records, question->query->json ? RECORDS_JSON : RECORDS_CSV, "groups");
    if (records_head(&records)) write_row(&records, rows, &(struct analysis_group_row){0}, clock);
    for (size_t i = 0; i < rows->groups->rows.count; i++)
        write_row(&records, rows, &rows->groups->rows.items[i], clock);
    records_end_array(&records);
    if (records.form == RECORDS_JSON) {
        json_key(&records.json, "by"), json_text(&records.json, rows->by);
        question_diagnostics(question, &records.json);
    }
    records_end(&records);
}

/* A key that no task has makes one group of each type. */
static void print_missing_key(const struct question *question, const struct grouprows *rows)
{
    struct analysis_group_by by;
    struct analysis_missing missing;
    if (!analysis_group_by_parse(&by, rows->by) || by.kind != ANALYSIS_BY_ATTR ||
        !analysis_missing_name(&missing, question->info, CAIRN_I_ROLE_ATTR, by.key))
        return;
    printf("\n");
    query_tell_missing(stdout, &missing);
    printf("\n");
}

static void print_rows(const struct question *question, const struct grouprows *rows)
{
    struct table table = {0};
    const struct trace_clock *clock = &question->info->clock;
    table_column(&table, "type", TABLE_LEFT, 0);
    table_column(&table, rows->by, TABLE_LEFT, 0);
    typerows_columns(&table, &rows->style);
    if (rows->window) typerows_load_columns(&table, &rows->style);
    for (size_t i = 0; i < rows->groups->rows.count; i++) {
        const struct analysis_group_row *row = &rows->groups->rows.items[i];
        table_text(&table, row->type);
        table_text(&table, row->value ? row->value : "(none)");
        typerows_cells(&table, &rows->style, &row->stats, clock);
        if (rows->window)
            typerows_load_cells(&table, &rows->style, &row->stats, &row->load, rows->window, clock);
    }
    table_print(&table, stdout);
    table_free(&table);
    print_missing_key(question, rows);
    if (rows->style.is_sampled) printf("\n%s\n", TYPEROWS_SAMPLING);
}

static uint64_t finished_of(const struct analysis_groups *groups, const char *type)
{
    uint64_t count = 0;
    for (size_t i = 0; i < groups->rows.count; i++)
        if (strcmp(groups->rows.items[i].type, type) == 0) count += groups->rows.items[i].stats.time.count;
    return count;
}

/* Of the type with the most time: what of all sets its slow ones apart, or where in the source it is. */
static void print_next(const struct question *question, const struct grouprows *rows)
{
    char type[NEXT_STEP_BYTES];
    struct query filters = *question->query;
    const char *first = rows->groups->rows.items[0].type;
    uint64_t finished = finished_of(rows->groups, first);
    bool is_ranged = filters.spec.min_ns || filters.spec.max_ns; /* which says to explain who is slow */
    const struct next_step steps[] = {{.words = {"regions", "--sites", question->path, type},
                                       .why = "its call sites and its distribution",
                                       .filters = &filters},
                                      {.words = {"tasks", "--slowest", "5", question->path, type},
                                       .why = "the slowest",
                                       .whose = first,
                                       .filters = &filters},
                                      {.words = {"explain", question->path, type},
                                       .why = "what goes with being a slow",
                                       .whose = first,
                                       .filters = &filters}};
    if (!finished) return;
    filters.spec.type = NULL;
    next_step_pattern(type, first);
    next_step_print(&steps[!rows->window ? 0 : is_ranged || finished < NEXT_STEP_EXPLAINED_MIN ? 1 : 2]);
}

void grouprows_show(const struct question *question, const struct grouprows *rows)
{
    if (question->query->json || question->query->csv) {
        write_rows(question, rows);
        return;
    }
    if (rows->groups->rows.count)
        print_rows(question, rows);
    else
        question_none(stdout, question, rows->window ? "tasks" : "regions", NULL);
    question_notes(question);
    if (rows->groups->rows.count) print_next(question, rows);
}
