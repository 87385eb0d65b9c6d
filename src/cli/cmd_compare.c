/* cairn compare: what has changed between two traces, or between two parts of one. SPDX-License-Identifier: Apache-2.0
 *
 * Each side is a question of its own, asked with the same filters and with that of --a or --b; its tasks or regions go into
 * a side of the comparison. Of one trace, side B's go into a second one, too, which follows A's, so that both can be paired by
 * time. Then both are compared, shown, and held against the rules of --fail-if. */
#include "analysis/compare/compare.h"
#include "analysis/compare/compareside.h"
#include "cli/print/comparerows.h"
#include "cli/failrules.h"
#include "cli/print/failoutcome.h"
#include "cli/query.h"
#include "cli/print/show.h"

#include <string.h>

enum { SHOWN_UNASKED = 3 };
#define LEVEL_MIN 0.001 /* RATIO_DEALS_MAX deals tell it apart */

struct compare_options {
    struct query query;
    const char *a, *b, *fail_if, *level, *effect_min;
    bool regions, details;
};

/* All that a run has. */
struct compare_run {
    const struct compare_options *options;
    struct compare_part {
        const char *letter, *option;
        const char *part; /* what --a or --b says, or NULL */
        char *both;       /* that, and --where */
        struct query query;
        struct question question;
        struct analysis_side side;
        struct analysis_side windows;       /* the same, following A's, */
        const struct analysis_side *leader; /* if that is another part of the trace; else NULL */
    } parts[2];
    struct fail_rules rules;
    double level, effect_min;
    bool is_one_trace;
    struct analysis_compare result;
};

extern const struct cli_command cmd_compare;

/* ---- Options ---------------------------------------------------------------------------------------- */

static int read_share(const char *name, const char *text, double otherwise, double least, double *share)
{
    *share = otherwise;
    if (!text) return CLI_OK;
    const char *end = quantity_number(text, share);
    if (end && strcmp(end, "%") == 0) *share /= 100, end++;
    if (end && !*end && *share >= least && *share < 1) return CLI_OK;
    return cli_usage(&cmd_compare, "--%s: '%s' is not a share from %g to 1, such as 0.05 or 5%%", name, text,
                     least);
}

static int read_rules(struct compare_run *run)
{
    const char *problem, *text = run->options->fail_if;
    size_t at;
    if (fail_rules_parse(&run->rules, text, &problem, &at)) return CLI_OK;
    if (!problem) return cli_out_of_memory();
    fprintf(stderr, "cairn compare: --fail-if: %s\n  %s\n  %*s^\n`cairn help compare` tells more.\n", problem,
            text, (int)show_text_columns(text, at), "");
    return CLI_USAGE;
}

static int read_options(struct compare_run *run)
{
    const struct compare_options *options = run->options;
    int code = read_share("level", options->level, ANALYSIS_COMPARE_LEVEL, LEVEL_MIN, &run->level);
    if (code == CLI_OK)
        code =
            read_share("min-effect", options->effect_min, ANALYSIS_COMPARE_EFFECT_MIN, 0, &run->effect_min);
    return code == CLI_OK ? read_rules(run) : code;
}

/* ---- Reading ---------------------------------------------------------------------------------------- */

static bool init_sides(struct compare_part *part)
{
    if (!analysis_side_init(&part->side, part->question.info)) return false;
    if (!part->leader) return true;
    bool ready = analysis_side_init(&part->windows, part->question.info);
    analysis_batches_follow(&part->windows.batches, &part->leader->batches);
    return ready;
}

static bool begin_anew(void *given)
{
    struct compare_part *part = given;
    analysis_side_free(&part->side);
    if (part->leader) analysis_side_free(&part->windows);
    return init_sides(part);
}

static bool take_task(void *given, const struct analysis_task *task)
{
    struct compare_part *part = given;
    return analysis_side_task(&part->side, task) &&
           (!part->leader || analysis_side_task(&part->windows, task));
}

static bool take_region(void *given, const struct analysis_region *region)
{
    struct compare_part *part = given;
    return analysis_side_region(&part->side, region) &&
           (!part->leader || analysis_side_region(&part->windows, region));
}

static int read_tasks(struct compare_part *part)
{
    struct analysis_tasks tasks = {0};
    bool ready = analysis_tasks_init(&tasks, part->question.info, question_filter(&part->question), 0);
    tasks.each = take_task;
    tasks.anew = begin_anew;
    tasks.each_data = part;
    int code = ready ? question_run_tasks(&part->question, &tasks) : cli_out_of_memory();
    analysis_tasks_free(&tasks);
    return code;
}

static int read_regions(struct compare_part *part)
{
    struct analysis_regions regions = {0};
    bool ready = analysis_regions_init(&regions, part->question.info, question_filter(&part->question));
    regions.each = take_region;
    regions.each_data = part;
    int code = ready ? question_run_regions(&part->question, &regions) : cli_out_of_memory();
    analysis_regions_free(&regions);
    return code;
}

/* --where is for both sides, --a and --b for one each. */
static bool set_filter(struct compare_run *run, struct compare_part *part)
{
    struct analysis_spec *spec = &part->query.spec;
    part->query = run->options->query;
    if (!part->part) return true;
    spec->where_name = part->option;
    if (!spec->where) return spec->where = part->part, true;
    spec->where = part->both = analysis_filter_both(spec->where, part->part);
    return part->both;
}

static int read_part(struct compare_run *run, struct compare_part *part, const char *path)
{
    bool regions = run->options->regions;
    if (!set_filter(run, part)) return cli_out_of_memory();
    int code = question_begin(&part->question, &cmd_compare, &part->query,
                              regions ? ANALYSIS_REGIONS : ANALYSIS_TASKS, path);
    if (code != CLI_OK) return code;
    part->question.source->no_text = true; /* logs have been searched by now, if they had to be */
    part->leader = run->is_one_trace && part == &run->parts[1] ? &run->parts[0].side : NULL;
    if (!init_sides(part)) return cli_out_of_memory();
    return regions ? read_regions(part) : read_tasks(part);
}

static int compare_parts(struct compare_run *run)
{
    struct cairn_error error = {.offset = CAIRN_ERROR_NOWHERE};
    struct compare_part *b = &run->parts[1];
    int result = analysis_compare_run(&run->result, &run->parts[0].side.batches, &b->side.batches,
                                      b->leader ? &b->windows.batches : NULL, run->level, run->effect_min,
                                      !run->options->regions, cli_progress, "comparing", &error);
    cli_progress_done();
    return result == 0 ? CLI_OK : cli_report(&error);
}

/* ---- For people ------------------------------------------------------------------------------------- */

static const char *item_word(const struct compare_run *run)
{
    return run->options->regions ? "regions" : "tasks";
}

static void print_part(const struct compare_run *run, const struct compare_part *part)
{
    char count[SHOW_BYTES];
    double seconds = analysis_batches_seconds(&part->side.batches);
    printf("%s%s%s  %s", show_bold(), part->letter, show_plain(), part->question.path);
    if (part->part) printf(", %s", part->part);
    printf(": %s %s in %.3g s\n", show_count(count, part->side.batches.recorded), item_word(run), seconds);
    if (part->side.batches.recorded) return;
    printf("   ");
    question_none(stdout, &part->question, run->options->regions ? "finished regions" : "finished tasks",
                  NULL);
}

static void print_method(const struct compare_run *run)
{
    const struct analysis_compare *result = &run->result;
    char size[SHOW_BYTES];
    show_count(size, result->batch_size);
    if (!result->is_enough) {
        printf("\nToo few to tell: there are %u and %u blocks to compare, %d of each are needed.\n",
               result->a->count, result->b->count, ANALYSIS_COMPARE_BATCHES_MIN);
        return;
    }
    printf("\n* is beyond chance: %u ratios tested together", result->tested);
    if (result->is_paired)
        printf(", paired by time, over %u windows of %s %s of A;\n", result->windows, size, item_word(run));
    else
        printf(" over %u and %u blocks of %s %s;\n", result->a->count, result->b->count, size,
               item_word(run));
    printf("where nothing differs, %g %% of comparisons show any. What differs by less than %g %% is not "
           "called.\n",
           100 * run->level, 100 * run->effect_min);
    if (result->is_paired)
        printf("A change is that within the windows: both sides met the same moments there.\n");
}

static void print_cautions(const struct compare_run *run)
{
    const struct analysis_compare *result = &run->result;
    for (unsigned i = 0; i < 2; i++)
        if (i ? result->b_drifts : result->a_drifts)
            printf("%s drifts: its blocks are like their neighbours. Differences are less certain than is "
                   "said.\n",
                   run->parts[i].letter);
    if (result->windows_drift)
        printf("Neighbouring windows differ alike: differences are less certain than is said.\n");
    if (result->is_paired) return;
    printf(
        "%s\n",
        run->is_one_trace
            ? "Parts of one recording also differ by what the machine did meanwhile, where they are of "
              "different times."
            : "Also between two runs of the same program there are true differences (memory layout, heat, "
              "neighbours), which\nno test inside them can tell from a change of the program: record again "
              "before you trust a small one.");
}

static void print_details(const struct compare_run *run)
{
    size_t shown = 0, left = 0;
    for (size_t i = 0; i < run->result.types.count; i++) {
        const struct analysis_compared *type = &run->result.types.items[i];
        bool is_changed =
            type->change == ANALYSIS_LESS || type->change == ANALYSIS_MORE || type->change == ANALYSIS_MIXED;
        if (!run->options->details && !is_changed) continue;
        if (run->options->details || shown < SHOWN_UNASKED)
            comparerows_print_type(&run->result, type), shown++;
        else
            left++;
    }
    if (left) printf("\n%zu more changed: --details shows all.\n", left);
}

static void print_all(const struct compare_run *run)
{
    for (unsigned i = 0; i < 2; i++) print_part(run, &run->parts[i]);
    printf("\n");
    if (run->result.types.count == 0) {
        printf("No %s on either side.\n", item_word(run));
        return;
    }
    comparerows_print_types(&run->result);
    print_details(run);
    print_method(run);
    print_cautions(run);
    for (unsigned i = 0; i < (run->is_one_trace ? 1 : 2); i++) question_notes(&run->parts[i].question);
    comparerows_print_next(&run->result,
                           (const char *const[]){run->parts[0].question.path, run->parts[1].question.path},
                           (const struct query *const[]){&run->parts[0].query, &run->parts[1].query});
}

/* ---- For programs ----------------------------------------------------------------------------------- */

static void write_part(const struct compare_part *part, const struct analysis_batches *batches,
                       struct json *json)
{
    json_object(json);
    json_key(json, "path"), json_text(json, part->question.path);
    json_key(json, "part"), json_text(json, part->part);
    json_key(json, "finished"), json_uint(json, batches->recorded);
    json_key(json, "roots"), json_uint(json, batches->roots);
    json_key(json, "seconds"), json_double(json, analysis_batches_seconds(batches));
    json_key(json, "blocks"), json_uint(json, batches->count);
    question_diagnostics(&part->question, json);
    json_end(json);
}

static void write_rest(const struct compare_run *run, struct json *json)
{
    json_key(json, "sides");
    json_array(json);
    write_part(&run->parts[0], run->result.a, json);
    write_part(&run->parts[1], run->result.b, json);
    json_end(json);
    json_key(json, "unit"), json_text(json, run->result.per_root ? "root task" : "second");
    json_key(json, "level"), json_double(json, run->level);
    json_key(json, "min_effect"), json_double(json, run->effect_min);
    json_key(json, "tested"), json_uint(json, run->result.tested);
    json_key(json, "test"), json_text(json, run->result.is_paired ? "paired_by_time" : "blocks");
    json_key(json, "windows");
    if (run->result.is_paired)
        json_uint(json, run->result.windows);
    else
        json_null(json);
    json_key(json, "block_size"), json_uint(json, run->result.batch_size);
    json_key(json, "a_drifts"), json_bool(json, run->result.a_drifts);
    json_key(json, "b_drifts"), json_bool(json, run->result.b_drifts);
    json_key(json, "windows_drift"), json_bool(json, run->result.windows_drift);
    failoutcome_write(json, &run->rules, &run->result, run->level);
}

static void write_all(const struct compare_run *run)
{
    struct records records;
    records_begin(&records, run->options->query.json ? RECORDS_JSON : RECORDS_CSV, "types");
    if (records_head(&records)) comparerows_write(&records, &run->result, NULL);
    for (size_t i = 0; i < run->result.types.count; i++)
        comparerows_write(&records, &run->result, &run->result.types.items[i]);
    records_end_array(&records);
    if (records.form == RECORDS_JSON) write_rest(run, &records.json);
    records_end(&records);
}

/* ---- The command ------------------------------------------------------------------------------------ */

static int answer(struct compare_run *run, char **paths)
{
    int code = read_options(run);
    for (unsigned i = 0; code == CLI_OK && i < 2; i++)
        code = read_part(run, &run->parts[i], paths[run->is_one_trace ? 0 : i]);
    if (code == CLI_OK) code = compare_parts(run);
    if (code != CLI_OK) return code;
    if (run->options->query.json || run->options->query.csv)
        write_all(run);
    else
        print_all(run);
    return failoutcome_tell(&run->rules, &run->result, run->level);
}

static int run_compare(const void *given, int count, char **arguments)
{
    const struct compare_options *options = given;
    struct compare_run run = {.options = options,
                              .is_one_trace = count < 2,
                              .parts = {{.letter = "A", .option = "--a", .part = options->a},
                                        {.letter = "B", .option = "--b", .part = options->b}}};
    if (count < 2 && (!options->a || !options->b))
        return cli_usage(&cmd_compare,
                         "a second trace is missing, or --a and --b, which tell two parts of one");
    int code = answer(&run, arguments);
    analysis_compare_free(&run.result);
    fail_rules_free(&run.rules);
    for (unsigned i = 0; i < 2; i++) {
        analysis_side_free(&run.parts[i].side);
        analysis_side_free(&run.parts[i].windows);
        code = question_end(&run.parts[i].question, code);
        free(run.parts[i].both);
    }
    return code;
}

static const struct cli_option options_table[] = {
    {"a", 0, CLI_TEXT, "EXPR", offsetof(struct compare_options, a),
     "side A is only what meets this expression"},
    {"b", 0, CLI_TEXT, "EXPR", offsetof(struct compare_options, b), "likewise side B"},
    {"regions", 'r', CLI_FLAG, NULL, offsetof(struct compare_options, regions),
     "compare regions instead of tasks"},
    {"details", 0, CLI_FLAG, NULL, offsetof(struct compare_options, details), "all metrics of every type"},
    {"fail-if", 0, CLI_TEXT, "RULES", offsetof(struct compare_options, fail_if),
     "exit with 1 if a change is this large and sound, as 'p99(checkout) > +10%'"},
    {"level", 0, CLI_TEXT, "SHARE", offsetof(struct compare_options, level),
     "how often anything may be called where nothing differs (0.05)"},
    {"min-effect", 0, CLI_TEXT, "SHARE", offsetof(struct compare_options, effect_min),
     "the smallest change that is called (0.02)"},
    {0},
};

const struct cli_command cmd_compare = {
    .name = "compare",
    .arguments = "TRACE_A [TRACE_B]",
    .summary = "what has changed between two traces, or two parts of one, and whether chance explains it",
    .details =
        "A is what was, B what is. For each type: how many, the mean, percentiles, the total and the "
        "number of its tasks for "
        "each root task (one without parent), the rate per second and the share that failed, on "
        "either side, and by how much B "
        "differs, in per cent of A. Percentiles are right within 0.4 %, all else is exact. Types that "
        "changed come first; "
        "--details shows all metrics of each, with intervals.\n\n"
        "A star marks what is beyond chance. All ratios are tested together, over blocks of "
        "consecutive tasks, because tasks "
        "that are near in time are alike: where nothing differs, a share of --level of all "
        "comparisons shows any star at all. "
        "Slower and faster go by durations, and what differs by less than --min-effect is not called. "
        "What no test can know is "
        "whether two runs of the same program would have been alike: machines drift. doc/comparing.md "
        "tells more.\n\n"
        "--a and --b take an expression each (`cairn help filters`). They tell two parts of one "
        "trace, which should have no "
        "task in common; of two traces, which part of each is meant. All other filters are for both "
        "sides.\n\n"
        "Parts of one trace that overlap in time, such as a canary and the rest, are paired by time: within "
        "each of 16 windows or more B's tasks are held against A's, which met the same moments, so that what "
        "the machine did meanwhile does not count. The changes are then those within the windows: if the "
        "shares of the sides vary with the load, they can differ from those of the figures shown.\n\n"
        "--fail-if is for builds: rules, separated by commas or 'or', of the form METRIC(TYPE) > "
        "+AMOUNT or METRIC(TYPE) < "
        "-AMOUNT. Metrics are mean p50 p90 p99 p999 max total count rate errors (total and count for "
        "each root task, of regions "
        "per second; rate per second; errors as a share). TYPE is a pattern, * for all. AMOUNT is "
        "that of the change: 10% of A, "
        "or 5ms, or a plain number of count, rate and errors. If a change exceeds it and is beyond "
        "chance, the exit code is 1. "
        "A max is not tested: its numbers alone decide. What exceeds its amount but not chance, and "
        "what is too few to tell, is "
        "told and passes; a rule that matches no type at all fails.\n\n" QUERY_DETAILS
        "\n\n--json: {\"types\": [...], \"sides\": [A, B], \"unit\": ..., \"level\": ..., "
        "\"min_effect\": ..., \"tested\": "
        "ratios, \"test\": \"blocks\" or \"paired_by_time\", \"windows\": ..., \"block_size\": tasks, "
        "\"a_drifts\": ..., \"b_drifts\": ..., \"windows_drift\": ..., \"fail_if\": [...]}. A "
        "side has: path, part (what "
        "--a or --b says), finished, roots, seconds, blocks, diagnostics; of fail_if each has: rule, "
        "type, outcome (kept, "
        "broken, not_sound, too_few). A type has: " COMPAREROWS_FIELDS ". --csv has a line per type.",
    .examples = "cairn compare before.cairn after.cairn              # those that changed first\n"
                "cairn compare --details --type 'GET *' a.cairn b.cairn\n"
                "cairn compare --regions a.cairn b.cairn             # regions instead of tasks\n"
                "cairn compare demo.cairn --a 'begin < 5s' --b 'begin >= 5s'\n"
                "cairn compare demo.cairn --a 'attr.version = 1' --b 'attr.version = 2'   # a canary\n"
                "cairn compare demo.cairn --a 'attr.hit = true' --b 'attr.hit = false'\n"
                "cairn compare --fail-if 'p99(checkout) > +10%, errors(*) > +0.01' a.cairn b.cairn\n",
    .options = options_table,
    .more_options = query_options,
    .arguments_min = 1,
    .arguments_max = 2,
    .options_bytes = sizeof(struct compare_options),
    .run = run_compare,
};
