/* cairn flame: folded stacks of regions, for flame graphs. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/foldedpath.h"
#include "cli/print/nextstep.h"
#include "cli/print/records.h"
#include "cli/query.h"

#include "cairn/cairn.h"

#include <inttypes.h>
#include <string.h>

struct flame_options {
    struct query query;
    bool with_gaps;
};

extern const struct cli_command cmd_flame;

/* ---- Output ---------------------------------------------------------------------------------------- */

/* The frames of a stack from number `first` on. NULL if memory ran out. */
static const char *path_text(struct folded_path *path, const struct analysis_flame *flame, uint32_t stack,
                             uint32_t first)
{
    uint32_t frames[ANALYSIS_STACK_DEPTH_MAX], count = flame->stacks.items[stack].at.depth + 1;
    for (uint32_t i = count; i-- > 0; stack = flame->stacks.items[stack].at.parent) frames[i] = stack;
    folded_path_clear(path);
    for (uint32_t i = first; i < count; i++)
        if (!folded_path_add(path, flame->stacks.items[frames[i]].frame)) return NULL;
    return folded_path_text(path);
}

/* Sums may pass 64 bits only in traces made to do so. */
static uint64_t self_ns(const struct analysis_flame *flame, const struct analysis_stack *stack)
{
    return trace_clock_ns(&flame->info->clock, stack->self > UINT64_MAX ? UINT64_MAX : (uint64_t)stack->self);
}

static bool print_folded(const struct analysis_flame *flame, const uint32_t *order, struct folded_path *path)
{
    for (size_t i = 0; i < flame->stacks.count; i++) {
        uint64_t us = (self_ns(flame, &flame->stacks.items[order[i]]) + 500) / 1000;
        const char *text = us ? path_text(path, flame, order[i], 0) : "";
        if (!text) return false;
        if (us) printf("%s %" PRIu64 "\n", text, us);
    }
    return true;
}

static bool write_stack(struct records *records, const struct analysis_flame *flame, uint32_t stack,
                        struct folded_path *path)
{
    const struct analysis_stack *at = &flame->stacks.items[stack];
    const char *text = path_text(path, flame, stack, 1);
    uint32_t task = stack;
    while (flame->stacks.items[task].at.parent != ANALYSIS_NO_NODE)
        task = flame->stacks.items[task].at.parent;
    if (!text) return false;
    records_row(records);
    records_text(records, "task", flame->stacks.items[task].frame);
    records_text(records, "stack", text);
    records_uint(records, "count", at->count);
    records_uint(records, "self_ns", self_ns(flame, at));
    records_row_end(records);
    return true;
}

static void write_head(struct records *records)
{
    records_row(records);
    records_text(records, "task", "");
    records_text(records, "stack", "");
    records_uint(records, "count", 0);
    records_uint(records, "self_ns", 0);
    records_row_end(records);
}

static bool write_stacks(const struct question *question, const struct analysis_flame *flame,
                         const uint32_t *order, struct folded_path *path)
{
    struct records records;
    bool done = true;
    records_begin(&records, question->query->json ? RECORDS_JSON : RECORDS_CSV, "stacks");
    if (records_head(&records)) write_head(&records);
    for (size_t i = 0; i < flame->stacks.count && done; i++)
        if (flame->stacks.items[order[i]].count) done = write_stack(&records, flame, order[i], path);
    records_end_array(&records);
    if (records.form == RECORDS_JSON) question_diagnostics(question, &records.json);
    records_end(&records);
    return done;
}

static bool is_empty(const struct analysis_flame *flame)
{
    for (size_t i = 0; i < flame->stacks.count; i++)
        if (flame->stacks.items[i].count) return false;
    return true; /* types of tasks may be there all the same, with none of their regions */
}

/* On stderr, as this goes to another program. TYPE is of tasks and --type of regions: who takes one for the other is told. */
static void tell_empty(const struct question *question, const struct analysis_flame *flame)
{
    struct analysis_missing missing;
    char type[NEXT_STEP_BYTES];
    const char *region_type = question->query->spec.type;
    const struct next_step of_regions = {.words = {"flame", "--type", type, question->path},
                                         .why = "with --type it is of regions"};
    const struct next_step of_tasks = {.words = {"flame", question->path, type},
                                       .why = "without --type it is of tasks"};
    fprintf(stderr, "cairn: %s: ", question->path);
    question_none(stderr, question, "regions", flame->task_type);
    bool is_missing =
        flame->task_type
            ? analysis_missing_name(&missing, question->info, CAIRN_I_ROLE_TASK, flame->task_type)
            : region_type &&
                  analysis_missing_name(&missing, question->info, CAIRN_I_ROLE_REGION, region_type);
    if (!is_missing || !missing.is_elsewhere) return;
    next_step_pattern(type, missing.name);
    next_steps_print(stderr, 0, flame->task_type ? &of_regions : &of_tasks, 1);
}

static int answer(const struct question *question, const struct analysis_flame *flame)
{
    struct folded_path path = {0};
    uint32_t *order = analysis_flame_order(flame);
    bool done = order != NULL;
    if (done && (question->query->json || question->query->csv))
        done = write_stacks(question, flame, order, &path);
    else if (done)
        done = print_folded(flame, order, &path);
    if (done && is_empty(flame)) tell_empty(question, flame);
    free(order);
    vector_free(&path.text);
    return done ? CLI_OK : cli_out_of_memory();
}

/* ---- The command ----------------------------------------------------------------------------------- */

static int check(const struct flame_options *options)
{
    if (!options->with_gaps || !analysis_spec_is_set(&options->query.spec)) return CLI_OK;
    return cli_usage(&cmd_flame, "--with-gaps is about whole tasks: it goes with TYPE, but with no filter");
}

static int run(const void *given, int count, char **arguments)
{
    const struct flame_options *options = given;
    struct analysis_flame flame = {0};
    struct question question;
    if (check(options) != CLI_OK) return CLI_USAGE;
    int code = question_begin(&question, &cmd_flame, &options->query, ANALYSIS_REGIONS, arguments[0]);
    if (code == CLI_OK) {
        question.source->no_text = true; /* logs have been searched by now, if they had to be */
        bool ready = analysis_flame_init(&flame, question.info, question_filter(&question),
                                         count > 1 ? arguments[1] : NULL, options->with_gaps);
        code = ready ? question_run(&question, &flame.sink) : cli_out_of_memory();
        if (code == CLI_OK) code = answer(&question, &flame);
    }
    analysis_flame_free(&flame);
    return question_end(&question, code);
}

static const struct cli_option options_table[] = {
    {"with-gaps", 'g', CLI_FLAG, NULL, offsetof(struct flame_options, with_gaps),
     "also the time of tasks in which no region was open for them"},
    {0},
};

const struct cli_command cmd_flame = {
    .name = "flame",
    .arguments = "TRACE [TYPE]",
    .summary = "self time by stack of regions, folded: for flame graphs",
    .details =
        "Prints a line \"task;region;region MICROSECONDS\" for each type of task and stack of regions: what "
        "flamegraph.pl, inferno and speedscope take. TYPE is a pattern of task types. A stack is what was "
        "open when its innermost region began: the regions of the same task on the same thread. Regions of "
        "other tasks between them are left out. The time is the self time of the innermost one: its time "
        "without what regions nested in it on that thread cover. Regions that overlap, or that another "
        "thread ends, each count with their own self time under what they began in; so the lines of a task "
        "type add up to what `cairn regions --by task` says, but that here unfinished regions count until "
        "the end of the trace: --complete leaves them out.\n\n"
        "--with-gaps adds a line \"task;(no region)\": the time of the tasks in which no region was open for "
        "them on any thread. Regions with explicit times do not count there. It goes with TYPE, but with no "
        "filter.\n\n"
        "Lines of less than half a microsecond are left out; --json and --csv have all. In names ; becomes : "
        "and control characters become spaces. Stacks are cut at 100 frames, and there are up to 65536; what "
        "is beyond counts for the innermost frame that is left. --type is about regions, as in `cairn "
        "regions`.\n\n" QUERY_DETAILS
        "\n\n--json: {\"stacks\": [...], \"diagnostics\": [...]}, a stack has: task, stack (regions, "
        "outermost first, joined by ;), count, self_ns. --csv has the same fields.",
    .examples = "cairn flame demo.cairn | flamegraph.pl >demo.svg     # all tasks\n"
                "cairn flame demo.cairn 'GET *' >get.folded           # of some types; speedscope opens it\n"
                "cairn flame --with-gaps demo.cairn checkout          # also where no region was open\n"
                "cairn flame --task 7f3 demo.cairn                    # one task\n"
                "cairn flame --from 2s --to 3s demo.cairn             # what began in this second\n",
    .options = options_table,
    .more_options = query_options,
    .arguments_min = 1,
    .arguments_max = 2,
    .options_bytes = sizeof(struct flame_options),
    .run = run,
};
