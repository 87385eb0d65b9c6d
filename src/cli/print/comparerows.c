/* See comparerows.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/comparerows.h"

#include "analysis/compare/comparewords.h"
#include "cli/print/nextstep.h"
#include "cli/print/show.h"
#include "cli/print/table.h"

#include <math.h>
#include <string.h>

static const struct metric_text {
    const char *field; /* of records */
    const char *title;
} metric_texts[ANALYSIS_METRICS] = {
    [ANALYSIS_MEAN] = {"mean", "mean"},
    [ANALYSIS_P50] = {"p50", "p50"},
    [ANALYSIS_P90] = {"p90", "p90"},
    [ANALYSIS_P99] = {"p99", "p99"},
    [ANALYSIS_P999] = {"p999", "p99.9"},
    [ANALYSIS_MAX] = {"max", "max"},
    [ANALYSIS_TOTAL] = {"total_per_unit", "total per"},
    [ANALYSIS_COUNT] = {"count_per_unit", "count per"},
    [ANALYSIS_RATE] = {"rate", "rate"},
    [ANALYSIS_ERRORS] = {"errors", "errors"},
};

/* ---- Texts ------------------------------------------------------------------------------------------ */

static const char *type_verdict(enum analysis_change change)
{
    switch (change) {
    case ANALYSIS_ONLY_A: return "only in A";
    case ANALYSIS_ONLY_B: return "only in B";
    case ANALYSIS_UNTESTED: return "too few";
    default: return analysis_verdict_word(change);
    }
}

char *comparerows_change(char text[COMPAREROWS_BYTES], double change)
{
    double percent = change * 100, size = fabs(percent);
    if (isnan(change))
        snprintf(text, COMPAREROWS_BYTES, "·");
    else if (!isfinite(change))
        snprintf(text, COMPAREROWS_BYTES, "new");
    else if (change >= 9)
        snprintf(text, COMPAREROWS_BYTES, "×%.3g", 1 + change);
    else
        snprintf(text, COMPAREROWS_BYTES, "%+.*f %%", size < 9.995 ? 2 : size < 99.95 ? 1 : 0, percent);
    return text;
}

char *comparerows_value(char text[COMPAREROWS_BYTES], enum analysis_metric metric, double value)
{
    char part[SHOW_BYTES];
    if (isnan(value))
        snprintf(text, COMPAREROWS_BYTES, "·");
    else if (analysis_metric_is_time(metric))
        snprintf(text, COMPAREROWS_BYTES, "%s", show_duration(part, (uint64_t)(value + 0.5)));
    else if (metric == ANALYSIS_ERRORS)
        snprintf(text, COMPAREROWS_BYTES, "%.3g %%", value * 100);
    else if (value >= 1000)
        snprintf(text, COMPAREROWS_BYTES, "%s", show_count(part, (uint64_t)(value + 0.5)));
    else
        snprintf(text, COMPAREROWS_BYTES, "%.3g", value);
    return text;
}

static bool is_called(const struct analysis_difference *difference)
{
    return difference->change == ANALYSIS_LESS || difference->change == ANALYSIS_MORE;
}

/* ---- Tables ----------------------------------------------------------------------------------------- */

static void value_cell(struct table *table, enum analysis_metric metric, double value)
{
    char text[COMPAREROWS_BYTES];
    table_raw(table, comparerows_value(text, metric, value));
}

/* With a star if it is called. */
static void change_cell(struct table *table, const struct analysis_difference *difference)
{
    char text[COMPAREROWS_BYTES], marked[COMPAREROWS_BYTES + 2];
    double effect = analysis_difference_effect(difference);
    if (difference->a == 0 && difference->b == 0) effect = NAN; /* nothing on both sides */
    snprintf(marked, sizeof marked, "%s%s", comparerows_change(text, effect),
             is_called(difference) ? " *" : "  ");
    table_raw(table, marked);
}

/* Of regions the count per second is their rate. */
static bool is_shown(const struct analysis_compare *compare, enum analysis_metric metric)
{
    return metric != ANALYSIS_COUNT || compare->per_root;
}

static void type_cells(struct table *table, const struct analysis_compare *compare,
                       const struct analysis_compared *type)
{
    static const enum analysis_metric changes[] = {ANALYSIS_MEAN,  ANALYSIS_P50,  ANALYSIS_P90,
                                                   ANALYSIS_P99,   ANALYSIS_P999, ANALYSIS_TOTAL,
                                                   ANALYSIS_COUNT, ANALYSIS_RATE, ANALYSIS_ERRORS};
    table_text(table, type->type);
    table_raw(table, type_verdict(type->change));
    table_count(table, analysis_batch_type_or_none(type->a)->all.recorded);
    table_count(table, analysis_batch_type_or_none(type->b)->all.recorded);
    value_cell(table, ANALYSIS_MEAN, type->metrics[ANALYSIS_MEAN].a);
    value_cell(table, ANALYSIS_MEAN, type->metrics[ANALYSIS_MEAN].b);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        if (is_shown(compare, changes[i])) change_cell(table, &type->metrics[changes[i]]);
}

void comparerows_print_types(const struct analysis_compare *compare)
{
    struct table table = {0};
    table_column(&table, "type", TABLE_LEFT, 0);
    table_column(&table, "verdict", TABLE_LEFT, 0);
    table_column(&table, "count A", TABLE_RIGHT, 2);
    table_column(&table, "count B", TABLE_RIGHT, 2);
    table_column(&table, "mean A", TABLE_RIGHT, 1);
    table_column(&table, "mean B", TABLE_RIGHT, 1);
    table_column(&table, "mean  ", TABLE_RIGHT, 0);
    table_column(&table, "p50  ", TABLE_RIGHT, 3);
    table_column(&table, "p90  ", TABLE_RIGHT, 4);
    table_column(&table, "p99  ", TABLE_RIGHT, 0);
    table_column(&table, "p99.9  ", TABLE_RIGHT, 5);
    table_column(&table, compare->per_root ? "total/root  " : "total/s  ", TABLE_RIGHT, 6);
    if (is_shown(compare, ANALYSIS_COUNT)) table_column(&table, "count/root  ", TABLE_RIGHT, 7);
    table_column(&table, "rate  ", TABLE_RIGHT, 8);
    table_column(&table, "errors  ", TABLE_RIGHT, 6);
    for (size_t i = 0; i < compare->types.count; i++) type_cells(&table, compare, &compare->types.items[i]);
    table_print(&table, stdout);
    table_free(&table);
}

static void interval_cell(struct table *table, const struct analysis_difference *difference)
{
    char text[2 * COMPAREROWS_BYTES + 8], low[COMPAREROWS_BYTES], high[COMPAREROWS_BYTES];
    bool is_open = difference->high == INFINITY;
    if (isnan(difference->p) || (is_open && difference->low == 0)) {
        table_raw(table, "·");
        return;
    }
    snprintf(text, sizeof text, "%s … %s", comparerows_change(low, difference->low - 1),
             is_open ? "∞" : comparerows_change(high, difference->high - 1));
    table_raw(table, text);
}

static void metric_cells(struct table *table, const struct analysis_compare *compare,
                         enum analysis_metric metric, const struct analysis_difference *difference)
{
    char text[COMPAREROWS_BYTES];
    const char *unit = compare->per_root ? "root task" : "second";
    bool has_unit = metric == ANALYSIS_TOTAL || metric == ANALYSIS_COUNT;
    snprintf(text, sizeof text, "%s%s%s", metric_texts[metric].title, has_unit ? " " : "",
             has_unit ? unit : "");
    table_raw(table, text);
    value_cell(table, metric, difference->a);
    value_cell(table, metric, difference->b);
    change_cell(table, difference);
    interval_cell(table, difference);
    if (isnan(difference->p))
        snprintf(text, sizeof text, "·");
    else
        snprintf(text, sizeof text, "%.4f", difference->p);
    table_raw(table, text);
}

void comparerows_print_type(const struct analysis_compare *compare, const struct analysis_compared *type)
{
    struct table table = {0};
    char interval[SHOW_BYTES];
    snprintf(interval, sizeof interval, "%g %% interval", 100 * (1 - compare->level));
    table_column(&table, "", TABLE_LEFT, 0);
    table_column(&table, "A", TABLE_RIGHT, 0);
    table_column(&table, "B", TABLE_RIGHT, 0);
    table_column(&table, "change  ", TABLE_RIGHT, 0);
    table_column(&table, interval, TABLE_RIGHT, 1);
    table_column(&table, "p", TABLE_RIGHT, 2);
    for (unsigned metric = 0; metric < ANALYSIS_METRICS; metric++)
        if (is_shown(compare, metric)) metric_cells(&table, compare, metric, &type->metrics[metric]);
    printf("\n%s", show_bold());
    show_text(stdout, type->type, strlen(type->type));
    printf("%s: %s\n", show_plain(), type_verdict(type->change));
    table_print(&table, stdout);
    table_free(&table);
}

/* ---- The next step ---------------------------------------------------------------------------------- */

/* Those that changed come first. */
static const struct analysis_compared *first_changed(const struct analysis_compare *compare)
{
    const struct analysis_compared *first = compare->types.items;
    bool is_changed =
        compare->types.count &&
        (first->change == ANALYSIS_LESS || first->change == ANALYSIS_MORE || first->change == ANALYSIS_MIXED);
    return is_changed ? first : NULL;
}

/* Whether a side is all of its trace, but for types. */
static bool is_whole(const struct query *filters)
{
    struct analysis_spec spec = filters->spec;
    spec.type = NULL;
    return !analysis_spec_is_set(&spec);
}

/* Of tasks of two whole traces the regions tell where the change is. Filters mean other things to regions, and parts too; so
 * else it is a look at the instances of the slower side. */
void comparerows_print_next(const struct analysis_compare *compare, const char *const paths[2],
                            const struct query *const filters[2])
{
    char type[NEXT_STEP_BYTES], of_type[NEXT_STEP_BYTES + 16];
    const struct analysis_compared *changed = first_changed(compare);
    if (!changed) return;
    unsigned slower = changed->change == ANALYSIS_LESS ? 0 : 1;
    bool into_regions = compare->per_root && is_whole(filters[0]) && is_whole(filters[1]);
    struct query slow_side = *filters[slower];
    slow_side.spec.type = NULL;
    next_step_pattern(type, changed->type);
    snprintf(of_type, sizeof of_type, "task.type = \"%s\"", type);
    const struct next_step steps[] = {
        {.words = {"compare", "--regions", "--where", of_type, paths[0], paths[1]},
         .why = "in which of its regions"},
        {.words = {"tasks", "--slowest", "5", paths[slower], type},
         .why = slower ? "the slowest in B" : "the slowest in A",
         .filters = &slow_side},
        {.words = {"regions", "--sites", paths[slower], type},
         .why = slower ? "its call sites in B" : "its call sites in A",
         .filters = &slow_side}};
    next_step_print(&steps[into_regions ? 0 : compare->per_root ? 1 : 2]);
}

/* ---- Records ---------------------------------------------------------------------------------------- */

static const char *name_of(char name[COMPAREROWS_BYTES], const char *stem, const char *rest)
{
    snprintf(name, COMPAREROWS_BYTES, "%s_%s", stem, rest);
    return name;
}

static void write_number(struct records *records, const char *name, double value)
{
    if (isfinite(value))
        records_double(records, name, value);
    else
        records_none(records, name);
}

static void write_value(struct records *records, enum analysis_metric metric, const char *side, double value)
{
    char name[COMPAREROWS_BYTES];
    snprintf(name, sizeof name, "%s_%s%s", metric_texts[metric].field, side,
             analysis_metric_is_time(metric) ? "_ns" : "");
    if (analysis_metric_is_time(metric) && isfinite(value))
        records_uint(records, name, (uint64_t)(value + 0.5));
    else
        write_number(records, name, value);
}

static void write_metric(struct records *records, enum analysis_metric metric,
                         const struct analysis_difference *difference)
{
    char name[COMPAREROWS_BYTES];
    const char *field = metric_texts[metric].field;
    write_value(records, metric, "a", difference->a);
    write_value(records, metric, "b", difference->b);
    write_number(records, name_of(name, field, "change"), analysis_difference_effect(difference));
    write_number(records, name_of(name, field, "low"), analysis_difference_low(difference));
    write_number(records, name_of(name, field, "high"), analysis_difference_high(difference));
    write_number(records, name_of(name, field, "p"), difference->p);
    records_text(records, name_of(name, field, "verdict"), analysis_change_word(difference->change));
}

static void write_side(struct records *records, const char *side, const struct analysis_batches *batches,
                       const struct analysis_batch_type *type)
{
    char name[COMPAREROWS_BYTES];
    const struct analysis_batch_type *shown = analysis_batch_type_or_none(type);
    records_uint(records, name_of(name, "finished", side), shown->all.recorded);
    records_uint(records, name_of(name, "unfinished", side), shown->unfinished);
    snprintf(name, sizeof name, "total_%s_ns", side);
    records_uint(records, name, analysis_batch_total_ns(batches, shown));
}

void comparerows_write(struct records *records, const struct analysis_compare *compare,
                       const struct analysis_compared *type)
{
    static const struct analysis_compared nothing;
    const struct analysis_compared *row = type ? type : &nothing;
    records_row(records);
    records_text(records, "type", row->type);
    records_text(records, "verdict", analysis_verdict_word(row->change));
    write_side(records, "a", compare->a, row->a);
    write_side(records, "b", compare->b, row->b);
    for (unsigned metric = 0; metric < ANALYSIS_METRICS; metric++)
        write_metric(records, metric, &row->metrics[metric]);
    records_row_end(records);
}
