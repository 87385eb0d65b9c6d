/* cairn explain: what the slow tasks of a type have in common that the others have not.
 * SPDX-License-Identifier: Apache-2.0
 *
 * 1. A first pass, by type: what type is meant, and from which latency on a task is slow.
 * 2. A second, of every event: analysis/explain/explain.h.
 */
#include "cli/print/findingtext.h"
#include "cli/print/nextstep.h"
#include "cli/query.h"
#include "cli/print/show.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { TOP_UNASKED = 10, COMPANIONS_SHOWN = 4, SLOW_ENOUGH = 10 };

struct explain_options {
    struct query query;
    const char *slowest; /* "1%", or a number of tasks */
    uint64_t top;
};

/* What has been made out of the options. */
struct target {
    const struct explain_options *options;
    struct analysis_slow slow;
};

extern const struct cli_command cmd_explain;

/* ---- Which are the slow ones ----------------------------------------------------------------------- */

static int parse_target(struct target *target, struct query *query)
{
    const char *text = target->options->slowest ? target->options->slowest : ANALYSIS_SLOW_UNASKED;
    target->slow.min_ns = query->spec.min_ns;
    target->slow.max_ns = query->spec.max_ns;
    query->spec.min_ns = query->spec.max_ns = 0; /* they say which are slow, not which are looked at */
    if (analysis_slow_has_range(&target->slow) && target->options->slowest)
        return cli_usage(&cmd_explain, "--slowest and a range of latency exclude each other");
    if (analysis_slow_parse(&target->slow, text)) return CLI_OK;
    return cli_usage(&cmd_explain, "--slowest takes a share or a number of tasks, as in 1%% or 20, not '%s'",
                     text);
}

static int find_slow(struct question *question, struct target *target)
{
    struct analysis_tasks tasks = {0};
    bool ready = analysis_tasks_init(&tasks, question->info, question_filter(question), 0);
    int code = ready ? question_run_tasks(question, &tasks) : cli_out_of_memory();
    if (code == CLI_OK &&
        !analysis_slow_choose(&target->slow, &tasks, &question->query->spec, question->info))
        code = cli_out_of_memory();
    analysis_tasks_free(&tasks);
    return code;
}

/* ---- For people ------------------------------------------------------------------------------------ */

/* "93 %": what is not all is not shown as all. */
static char *show_share(char text[SHOW_BYTES], uint64_t part, uint64_t whole)
{
    double percent = whole ? 100 * (double)part / (double)whole : 0;
    if (part < whole && percent > 99.9) percent = 99.9;
    snprintf(text, SHOW_BYTES, part && percent < 0.01 ? "< 0.01 %%" : "%.3g %%", percent);
    return text;
}

/* "p = 0.002" or "p < 1e-20". */
static char *show_p(char text[SHOW_BYTES], double log_p)
{
    double exponent = log_p / log(10);
    if (exponent > -4)
        snprintf(text, SHOW_BYTES, "p = %.1g", exp(log_p));
    else
        snprintf(text, SHOW_BYTES, "p < 1e%.0f", ceil(exponent));
    return text;
}

static void print_likelihood(double likelihood)
{
    char text[SHOW_BYTES];
    if (!isfinite(likelihood))
        printf("without it no task is slow");
    else if (likelihood >= 100)
        printf("with it a task is %s times as likely to be slow", show_count(text, (uint64_t)likelihood));
    else
        printf("with it a task is %.3g times as likely to be slow", likelihood);
}

static void print_type(const struct question *question, const struct target *target)
{
    const char *type = target->slow.type ? target->slow.type : question->query->spec.type;
    printf("%s", show_bold());
    show_text(stdout, type, strlen(type));
    printf("%s", show_plain());
    if (target->slow.type) printf(", the type with the most time");
}

static void print_head(const struct question *question, const struct target *target,
                       const struct analysis_explain *explain)
{
    char slow[SHOW_BYTES], all[SHOW_BYTES], share[SHOW_BYTES], limit[SHOW_BYTES];
    const struct trace_clock *clock = &question->info->clock;
    print_type(question, target);
    printf(": %s of %s finished tasks are slow (%s): ", show_count(slow, explain->slow),
           show_count(all, explain->slow + explain->rest),
           show_share(share, explain->slow, explain->slow + explain->rest));
    if (target->slow.spec.min_ticks || !target->slow.max_ns)
        printf("at least %s", show_duration(limit, trace_clock_ns(clock, target->slow.spec.min_ticks)));
    if (target->slow.max_ns)
        printf("%sat most %s", target->slow.spec.min_ticks ? ", " : "",
               show_duration(limit, target->slow.max_ns));
    printf(".\n");
}

/* Others of the same topic say the same again. */
static bool is_companion(const struct analysis_findings *findings, uint32_t index, uint32_t headline)
{
    const struct analysis_finding *finding = &findings->items.items[index];
    return index != headline && finding->headline == headline &&
           finding->topic != findings->items.items[headline].topic;
}

static void print_companions(const struct analysis_explain *explain, uint32_t headline)
{
    size_t found = 0;
    for (uint32_t i = 0; i < explain->findings.items.count; i++) {
        if (!is_companion(&explain->findings, i, headline) || ++found > COMPANIONS_SHOWN) continue;
        printf("%s", found == 1 ? "       goes with: " : "; ");
        findingtext_print(stdout, explain, &explain->findings.items.items[i]);
    }
    if (found > COMPANIONS_SHOWN) printf("; and %zu more", found - COMPANIONS_SHOWN);
    if (found) printf("\n");
}

/* Of a share it matters how long it is; of all else, how much slower tasks are with it. */
static void print_times(const struct analysis_finding *finding, const struct trace_clock *clock)
{
    char with[SHOW_BYTES], without[SHOW_BYTES];
    if (finding->slow_ticks)
        printf("       %s there in the average slow task, %s in the others\n",
               show_duration(with, trace_clock_ns(clock, finding->slow_ticks)),
               show_duration(without, trace_clock_ns(clock, finding->rest_ticks)));
    else if (finding->median_with && finding->median_without)
        printf("       median latency %s with it, %s without\n",
               show_duration(with, trace_clock_ns(clock, finding->median_with)),
               show_duration(without, trace_clock_ns(clock, finding->median_without)));
}

static void print_effect(const struct analysis_finding *finding, const struct trace_clock *clock)
{
    char slow[SHOW_BYTES], rest[SHOW_BYTES], p[SHOW_BYTES];
    printf("       %s of the slow, %s of the rest; ",
           show_share(slow, finding->table.slow_with, finding->table.slow),
           show_share(rest, finding->table.rest_with, finding->table.rest));
    print_likelihood(finding->likelihood);
    printf(" (%s)\n", show_p(p, finding->log_p));
    print_times(finding, clock);
}

static void print_finding(const struct question *question, const struct analysis_explain *explain,
                          uint32_t index, unsigned rank)
{
    char id[ANALYSIS_ID_TEXT_BYTES], latency[SHOW_BYTES], why[SHOW_BYTES + 32];
    const struct analysis_finding *finding = &explain->findings.items.items[index];
    printf("\n  %2u.  %s", rank, show_bold());
    findingtext_print(stdout, explain, finding);
    printf("%s\n", show_plain());
    print_effect(finding, &question->info->clock);
    print_companions(explain, index);
    if (!finding->example_latency) return;
    analysis_id_text(id, question->info, &finding->example);
    show_duration(latency, trace_clock_ns(&question->info->clock, finding->example_latency));
    snprintf(why, sizeof why, "%s, the slowest of them", latency);
    next_steps_print(stdout, 7, &(struct next_step){.words = {"task", question->path, id}, .why = why}, 1);
}

/* The headlines that are causes or marks, or those that say where the time went. */
static unsigned print_findings(const struct question *question, const struct analysis_explain *explain,
                               uint64_t top, bool shares)
{
    unsigned rank = 0;
    for (uint32_t i = 0; i < explain->findings.items.count && rank < top; i++) {
        const struct analysis_finding *finding = &explain->findings.items.items[i];
        if (finding->headline != i || analysis_finding_is_share(explain, finding) != shares) continue;
        if (rank == 0)
            printf("\n%s%s%s\n", show_bold(),
                   shares ? "where their time goes, and that of the others does not"
                          : "what they have in common, and the others have not",
                   show_plain());
        print_finding(question, explain, i, ++rank);
    }
    return rank;
}

/* What was not looked at, and why. */
static void print_limits(const struct analysis_explain *explain)
{
    char text[SHOW_BYTES];
    const struct analysis_facts *facts = &explain->facts;
    for (size_t i = 0; i < facts->topics.count; i++) {
        const struct analysis_topic *topic = &facts->topics.items[i];
        if (!topic->is_cut_short || facts->facts.count == ANALYSIS_FACTS_MAX) continue;
        const char *name = analysis_site_text(explain->info, topic->name);
        printf("%s ", topic->kind == ANALYSIS_FACT_ATTR ? "Attribute" : "Logs of category");
        show_text(stdout, name, strlen(name));
        printf(" ha%s more than %d different values: of these the first were looked at.\n",
               topic->kind == ANALYSIS_FACT_ATTR ? "s" : "ve", ANALYSIS_FACT_VALUES);
    }
    if (facts->facts.count == ANALYSIS_FACTS_MAX)
        printf("There are more than %d different facts; what came later was not looked at.\n",
               ANALYSIS_FACTS_MAX);
    if (explain->details_left_out)
        printf("%s details of tasks with very many were not looked at.\n",
               show_count(text, explain->details_left_out));
}

static void print_nothing(const struct analysis_explain *explain)
{
    char looks[SHOW_BYTES];
    printf("\nNothing distinguishes them beyond chance: %s facts and limits were looked at.\n",
           show_count(looks, explain->findings.looks));
    if (explain->slow >= SLOW_ENOUGH) return;
    bool takes_more = (explain->slow + explain->rest) / 20 > explain->slow;
    printf("With so few slow tasks little can be told from chance%s.\n",
           takes_more ? "; --slowest 5% takes more" : "");
}

static void print_answer(const struct question *question, const struct target *target,
                         const struct analysis_explain *explain)
{
    char looks[SHOW_BYTES];
    uint64_t top = target->options->top ? target->options->top : TOP_UNASKED;
    if (explain->slow + explain->rest == 0) {
        question_none(stdout, question, "finished tasks", NULL);
        return;
    }
    print_head(question, target, explain);
    if (!explain->slow || !explain->rest) {
        printf("\nThere is nothing to compare: %s slow.\n", explain->slow ? "all are" : "none is");
        return;
    }
    unsigned shown = print_findings(question, explain, top, false);
    shown += print_findings(question, explain, top, true);
    if (shown)
        printf("\nLooked at %s facts and limits. p is the chance to find as much anywhere among them if the "
               "slow "
               "ones\nhad been drawn at random. What goes with being slow need not be its cause.\n",
               show_count(looks, explain->findings.looks));
    else
        print_nothing(explain);
    print_limits(explain);
}

/* ---- For programs ---------------------------------------------------------------------------------- */

static void write_ns(struct records *records, const char *name, bool is_set, const struct trace_info *info,
                     uint64_t ticks)
{
    if (is_set)
        records_uint(records, name, trace_clock_ns(&info->clock, ticks));
    else
        records_none(records, name);
}

static void write_effect(struct records *records, const struct analysis_finding *finding,
                         const struct trace_info *info, bool share)
{
    const struct analysis_contingency *table = &finding->table;
    records_uint(records, "slow_count", table->slow_with);
    records_double(records, "slow_share", analysis_finding_share(table->slow_with, table->slow));
    records_uint(records, "rest_count", table->rest_with);
    records_double(records, "rest_share", analysis_finding_share(table->rest_with, table->rest));
    records_double(records, "p", exp(finding->log_p));
    records_double(records, "log10_p", finding->log_p / log(10));
    if (isfinite(finding->likelihood))
        records_double(records, "likelihood", finding->likelihood);
    else
        records_none(records, "likelihood");
    write_ns(records, "median_with_ns", finding->median_with, info, finding->median_with);
    write_ns(records, "median_without_ns", finding->median_without, info, finding->median_without);
    write_ns(records, "slow_part_ns", share, info, finding->slow_ticks);
    write_ns(records, "rest_part_ns", share, info, finding->rest_ticks);
}

/* `finding` NULL: CSV's head. */
static void write_finding(struct records *records, const struct analysis_explain *explain,
                          const struct analysis_finding *finding)
{
    static const struct analysis_finding none;
    const struct analysis_finding *shown = finding ? finding : &none;
    const struct analysis_finding *items = explain->findings.items.items;
    char id[ANALYSIS_ID_TEXT_BYTES];
    records_row(records);
    records_uint(records, "number", finding ? (uint64_t)(finding - items) + 1 : 0);
    records_text(records, "aspect",
                 finding && analysis_finding_is_share(explain, finding) ? "time" : "common");
    if (finding && &items[finding->headline] != finding)
        records_uint(records, "goes_with", finding->headline + 1);
    else
        records_none(records, "goes_with");
    findingtext_record(records, explain, finding);
    write_effect(records, shown, explain->info, finding && analysis_finding_is_share(explain, finding));
    records_text(records, "example",
                 shown->example_latency ? analysis_id_text(id, explain->info, &shown->example) : NULL);
    write_ns(records, "example_latency_ns", shown->example_latency, explain->info, shown->example_latency);
    records_row_end(records);
}

static void write_summary(struct json *json, const struct question *question, const struct target *target,
                          const struct analysis_explain *explain)
{
    const struct trace_clock *clock = &question->info->clock;
    json_key(json, "type"),
        json_text(json, target->slow.type ? target->slow.type : question->query->spec.type);
    json_key(json, "slow"), json_uint(json, explain->slow);
    json_key(json, "rest"), json_uint(json, explain->rest);
    json_key(json, "min_ns"), json_uint(json, trace_clock_ns(clock, target->slow.spec.min_ticks));
    json_key(json, "max_ns");
    if (target->slow.max_ns)
        json_uint(json, target->slow.max_ns);
    else
        json_null(json);
    json_key(json, "looks"), json_uint(json, explain->findings.looks);
    json_key(json, "correction"), json_double(json, explain->findings.factor);
    json_key(json, "significant"), json_uint(json, explain->findings.significant);
    json_key(json, "left_out"), json_uint(json, explain->facts.left_out + explain->details_left_out);
}

/* How many of the first findings are among the top headlines of their aspect, and what goes with those. */
static bool is_wanted(const struct analysis_explain *explain, uint32_t index, uint64_t top)
{
    const struct analysis_finding *items = explain->findings.items.items;
    uint32_t headline = items[index].headline;
    uint64_t before = 0;
    for (uint32_t i = 0; i < headline; i++)
        before += items[i].headline == i && analysis_finding_is_share(explain, &items[i]) ==
                                                analysis_finding_is_share(explain, &items[index]);
    return before < top;
}

static void write_answer(const struct question *question, const struct target *target,
                         const struct analysis_explain *explain)
{
    struct records records;
    uint64_t top = target->options->top ? target->options->top : TOP_UNASKED;
    records_begin(&records, question->query->json ? RECORDS_JSON : RECORDS_CSV, "findings");
    if (records_head(&records)) write_finding(&records, explain, NULL);
    for (uint32_t i = 0; i < explain->findings.items.count; i++)
        if (is_wanted(explain, i, top)) write_finding(&records, explain, &explain->findings.items.items[i]);
    records_end_array(&records);
    if (records.form == RECORDS_JSON) {
        write_summary(&records.json, question, target, explain);
        question_diagnostics(question, &records.json);
    }
    records_end(&records);
}

/* ---- The command ----------------------------------------------------------------------------------- */

static int answer(struct question *question, const struct target *target)
{
    struct analysis_explain explain;
    question->source->no_text = true; /* formatted logs are told apart by their format */
    question->source->is_quiet = true;
    bool ready =
        analysis_explain_init(&explain, question->info, question_filter(question), &target->slow.spec);
    int code = ready ? question_run(question, &explain.details.sink) : cli_out_of_memory();
    if (code == CLI_OK && !analysis_explain_rank(&explain)) code = cli_out_of_memory();
    if (code == CLI_OK && (question->query->json || question->query->csv)) {
        write_answer(question, target, &explain);
    } else if (code == CLI_OK) {
        print_answer(question, target, &explain);
        question_notes(question);
    }
    analysis_explain_free(&explain);
    return code;
}

static int run(const void *given, int count, char **arguments)
{
    struct explain_options options = *(const struct explain_options *)given;
    struct target target = {.options = &options};
    struct question question;
    if (count > 1) options.query.spec.type = arguments[1];
    int code = parse_target(&target, &options.query);
    if (code != CLI_OK) return code;
    code = question_begin(&question, &cmd_explain, &options.query, ANALYSIS_TASKS, arguments[0]);
    if (code == CLI_OK) code = find_slow(&question, &target);
    if (code == CLI_OK) code = answer(&question, &target);
    analysis_slow_free(&target.slow);
    return question_end(&question, code);
}

static const struct cli_option options_table[] = {
    {"slowest", 'n', CLI_TEXT, "SHARE", offsetof(struct explain_options, slowest),
     "which are the slow ones: a share as in 0.5%, or a number of tasks (1%)"},
    {"top", 0, CLI_COUNT, "N", offsetof(struct explain_options, top),
     "show the N strongest findings, with what goes with them (10)"},
    {0},
};

const struct cli_command cmd_explain = {
    .name = "explain",
    .arguments = "TRACE [TYPE]",
    .summary = "what the slow tasks of a type have in common that the others have not",
    .details =
        "Compares the slow finished tasks of a type with all its other finished ones, in everything that is "
        "known of a task: attributes and their values, the threads that worked for it, logs, subtasks and "
        "regions with their number and their share of the time, the parent's type, the outcome, when in the "
        "trace it began, how many of its type were open then and what other types were. The slow ones are "
        "the slowest 1 %, or what --slowest or --min and --max say: here these two do not filter. TYPE is a "
        "pattern, as in --type; of several types the tasks are taken together. Without it the type with the "
        "most time is taken.\n\n"
        "What is shown is more frequent among the slow than chance explains: by Fisher's exact test, for all "
        "that was looked at together, so that where slowness has no cause, in 99 of 100 traces nothing is "
        "shown. A finding that says nothing more once a stronger one is known is named below that one, after "
        "'goes with'. Shares of the time are a list of their own, since being slow is made of them. "
        "doc/analysis.md tells what is assumed.\n\n" QUERY_DETAILS
        "\n\n--json: {\"findings\": [...], \"type\", \"slow\", \"rest\", \"min_ns\", \"max_ns\", \"looks\", "
        "\"correction\", \"significant\", \"left_out\", \"diagnostics\"}. A finding has: number, aspect "
        "(time: "
        "a share of it; else common), goes_with (the number of another finding, or null), " FINDINGTEXT_FIELDS
        ", slow_count, slow_share, rest_count, rest_share, p, log10_p, likelihood (null: no task without it "
        "is slow), median_with_ns, median_without_ns, slow_part_ns and rest_part_ns (of shares: the time "
        "there of an average task), example (id of the slowest that has it), example_latency_ns. --csv has "
        "the same fields.",
    .examples = "cairn explain demo.cairn                          # the type with the most time\n"
                "cairn explain demo.cairn 'POST /order'            # its slowest 1 %\n"
                "cairn explain --min 10ms demo.cairn checkout      # those of 10 ms and more\n"
                "cairn explain --slowest 5% --json demo.cairn      # for programs\n",
    .options = options_table,
    .more_options = query_options,
    .arguments_min = 1,
    .arguments_max = 2,
    .options_bytes = sizeof(struct explain_options),
    .run = run,
};
