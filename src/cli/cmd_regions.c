/* cairn regions: time per type of region and per call site. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/draw.h"
#include "cli/print/grouprows.h"
#include "cli/print/nextstep.h"
#include "cli/query.h"
#include "cli/print/show.h"
#include "cli/print/typerows.h"

#include <inttypes.h>
#include <string.h>

struct regions_options {
    struct query query;
    bool sites, wide;
    const char *by;
};

extern const struct cli_command cmd_regions;

/* ---- For programs ---------------------------------------------------------------------------------- */

static void write_site_fields(struct records *records, const struct analysis_region_row *site)
{
    records_text(records, "file", site->file);
    records_uint(records, "line", site->line);
    records_text(records, "function", site->function);
}

static void write_json_type(struct records *records, const struct analysis_regions *regions, size_t row,
                            size_t *next_site)
{
    const struct trace_clock *clock = &regions->info->clock;
    records_row(records);
    records_text(records, "type", regions->rows.items[row].type);
    typerows_fields(records, &regions->rows.items[row].stats, clock);
    json_key(&records->json, "sites");
    json_array(&records->json);
    for (; *next_site < regions->sites.count && regions->sites.items[*next_site].type_row == row;
         ++*next_site) {
        records_row(records);
        write_site_fields(records, &regions->sites.items[*next_site]);
        typerows_fields(records, &regions->sites.items[*next_site].stats, clock);
        records_row_end(records);
    }
    json_end(&records->json);
    records_row_end(records);
}

static void write_json(const struct question *question, const struct analysis_regions *regions)
{
    struct records records;
    size_t next_site = 0;
    records_begin(&records, RECORDS_JSON, "types");
    for (size_t i = 0; i < regions->rows.count; i++) write_json_type(&records, regions, i, &next_site);
    records_end_array(&records);
    question_diagnostics(question, &records.json);
    records_end(&records);
}

static void write_csv_row(struct records *records, const struct analysis_region_row *row, bool has_site,
                          const struct trace_clock *clock)
{
    records_row(records);
    records_text(records, "type", row->type);
    if (has_site) write_site_fields(records, row);
    typerows_fields(records, &row->stats, clock);
    records_row_end(records);
}

static void write_csv(const struct analysis_regions *regions, bool sites)
{
    struct records records;
    const struct trace_clock *clock = &regions->info->clock;
    records_begin(&records, RECORDS_CSV, "types");
    if (records_head(&records)) write_csv_row(&records, &(struct analysis_region_row){0}, sites, clock);
    for (size_t i = 0; i < (sites ? regions->sites.count : regions->rows.count); i++)
        write_csv_row(&records, sites ? &regions->sites.items[i] : &regions->rows.items[i], sites, clock);
    records_end(&records);
}

/* ---- For people ------------------------------------------------------------------------------------ */

static void where_cell(struct table *table, const struct analysis_region_row *site)
{
    char text[300];
    if (*site->file)
        snprintf(text, sizeof text, "%s%s%s:%" PRIu32, site->function, *site->function ? " " : "",
                 analysis_base_name(site->file), site->line);
    else
        snprintf(text, sizeof text, "unknown place");
    table_text(table, text);
}

/* A type's place if it has one, else how many it has. */
static void type_cells(struct table *table, const struct analysis_regions *regions, size_t row,
                       const struct typerows_style *style, size_t first_site, size_t site_count)
{
    char text[SHOW_BYTES];
    table_text(table, regions->rows.items[row].type);
    if (site_count == 1) {
        where_cell(table, &regions->sites.items[first_site]);
    } else {
        snprintf(text, sizeof text, "%zu places", site_count);
        table_raw(table, text);
    }
    typerows_cells(table, style, &regions->rows.items[row].stats, &regions->info->clock);
}

static void print_table(const struct analysis_regions *regions, const struct regions_options *options)
{
    struct table table = {0};
    const struct typerows_style style = {
        .errors = "errors", .is_sampled = regions->sampling.any, .is_brief = !options->wide};
    table_column(&table, "type", TABLE_LEFT, 0);
    table_column(&table, "where", TABLE_LEFT, options->sites ? 0 : 8);
    typerows_columns(&table, &style);
    size_t next = 0;
    for (size_t row = 0; row < regions->rows.count; row++) {
        size_t first = next;
        while (next < regions->sites.count && regions->sites.items[next].type_row == row) next++;
        type_cells(&table, regions, row, &style, first, next - first);
        for (size_t i = first; options->sites && next - first > 1 && i < next; i++) {
            table_raw(&table, "");
            where_cell(&table, &regions->sites.items[i]);
            typerows_cells(&table, &style, &regions->sites.items[i].stats, &regions->info->clock);
        }
    }
    table_print(&table, stdout);
    table_free(&table);
}

/* What the columns do not say. */
static void print_begins(const struct analysis_regions *regions)
{
    uint64_t before = 0;
    char text[SHOW_BYTES];
    for (size_t i = 0; i < regions->rows.count; i++) before += regions->rows.items[i].stats.before_window;
    if (before)
        printf("\n%s began before the flight recorder's window; durations are the true ones.\n",
               show_count(text, before));
}

static void print_regions(const struct question *question, const struct analysis_regions *regions,
                          const struct regions_options *options)
{
    if (regions->rows.count == 0) {
        question_none(stdout, question, "regions", NULL);
        question_notes(question);
        return;
    }
    print_table(regions, options);
    print_begins(regions);
    if (regions->sampling.any) printf("\n%s\n", TYPEROWS_SAMPLING);
    for (size_t i = 0; question->query->spec.type && i < regions->rows.count; i++) {
        if (regions->rows.items[i].stats.time.count > 1) printf("\n");
        draw_distribution(stdout, regions->rows.items[i].type, "regions", &regions->rows.items[i].stats,
                          &question->info->clock);
    }
    question_notes(question);
    if (question->query->spec.type) return;
    char type[NEXT_STEP_BYTES];
    next_step_pattern(type, regions->rows.items[0].type);
    next_step_print(&(struct next_step){.words = {"regions", "--sites", question->path, type},
                                        .why = "its call sites and its distribution"});
}

/* ---- The command ----------------------------------------------------------------------------------- */

static int ask(struct question *question, const struct regions_options *options)
{
    struct analysis_regions regions = {0};
    bool ready = analysis_regions_init(&regions, question->info, question_filter(question));
    int code = ready ? question_run_regions(question, &regions) : cli_out_of_memory();
    if (code == CLI_OK && question->query->json)
        write_json(question, &regions);
    else if (code == CLI_OK && question->query->csv)
        write_csv(&regions, options->sites);
    else if (code == CLI_OK)
        print_regions(question, &regions, options);
    analysis_regions_free(&regions);
    return code;
}

static int ask_by(struct question *question, const struct regions_options *options,
                  const struct analysis_group_by *by)
{
    struct analysis_region_groups groups = {0};
    bool ready = analysis_region_groups_init(&groups, question->info, question_filter(question), by);
    int code = ready ? question_run_regions(question, &groups.regions) : cli_out_of_memory();
    if (code == CLI_OK) {
        const struct typerows_style style = {
            .errors = "errors", .is_sampled = groups.regions.sampling.any, .is_brief = !options->wide};
        analysis_groups_sort(&groups.groups);
        grouprows_show(question, &(struct grouprows){&groups.groups, options->by, NULL, style});
    }
    analysis_region_groups_free(&groups);
    return code;
}

static int check(const struct regions_options *options, struct analysis_group_by *by)
{
    if (!options->by) return CLI_OK;
    if (options->sites) return cli_usage(&cmd_regions, "--by does not go with --sites");
    if (analysis_group_by_parse(by, options->by) &&
        (by->kind == ANALYSIS_BY_TASK || by->kind == ANALYSIS_BY_THREAD))
        return CLI_OK;
    return cli_usage(&cmd_regions, "--by: '%s' is neither task nor thread", options->by);
}

static int run(const void *given, int count, char **arguments)
{
    struct regions_options options = *(const struct regions_options *)given;
    struct analysis_group_by by = {0};
    struct question question;
    if (check(&options, &by) != CLI_OK) return CLI_USAGE;
    if (count > 1) options.query.spec.type = arguments[1];
    int code = question_begin(&question, &cmd_regions, &options.query, ANALYSIS_REGIONS, arguments[0]);
    if (code == CLI_OK) {
        question.source->no_text = true; /* logs have been searched by now, if they had to be */
        code = options.by ? ask_by(&question, &options, &by) : ask(&question, &options);
    }
    return question_end(&question, code);
}

static const struct cli_option options_table[] = {
    {"sites", 's', CLI_FLAG, NULL, offsetof(struct regions_options, sites), "a row per call site as well"},
    {"by", 0, CLI_TEXT, "WHAT", offsetof(struct regions_options, by),
     "a row per type and task (the type of the task it works for) or thread (that began it)"},
    {"wide", 'w', CLI_FLAG, NULL, offsetof(struct regions_options, wide),
     "all columns: also min, mean, p99.9"},
    {0},
};

const struct cli_command cmd_regions = {
    .name = "regions",
    .arguments = "TRACE [TYPE]",
    .summary = "time per type of region and per call site",
    .details =
        "A region counts from its begin to its end. Self is its time without what directly nested regions of "
        "the same thread cover. Regions with explicit times take no part in nesting. Errors are regions that "
        "ended on another thread or inside one that began later; the notes below the table show both call "
        "sites. TYPE is a pattern, as in --type.\n\n"
        "--min and --max are about a region's own duration; --failed and --log are about its "
        "task.\n\n" QUERY_DETAILS
        "\n\n--json: {\"types\": [...], \"diagnostics\": [...]}, a type has: type, " TYPEROWS_FIELDS
        ", sites; each of its sites has file, line, function and the same numbers. --csv has a line per "
        "type, with --sites a line per call site. With --by there is \"groups\" instead of \"types\"; a "
        "group has type, group (null: none), and the same numbers; so has a line of --csv.",
    .examples = "cairn regions demo.cairn                 # all types\n"
                "cairn regions --sites demo.cairn         # with their call sites\n"
                "cairn regions --by task demo.cairn       # by type of the task they work for\n"
                "cairn regions demo.cairn 'sql*'          # some types, each drawn\n"
                "cairn regions --task 7f3 demo.cairn      # those of one task\n"
                "cairn regions --where 'task.failed and self > 1ms' demo.cairn\n",
    .options = options_table,
    .more_options = query_options,
    .arguments_min = 1,
    .arguments_max = 2,
    .options_bytes = sizeof(struct regions_options),
    .run = run,
};
