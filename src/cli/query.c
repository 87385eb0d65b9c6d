/* See query.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/query.h"

#include "cairn/cairn.h"
#include "cli/print/show.h"

#include <string.h>

#define FILTER(name, kind, argument, member, help)                                                           \
    {                                                                                                        \
        name, 0, kind, argument, offsetof(struct query, spec.member), help                                   \
    }

const struct cli_option query_options[] = {
    FILTER("where", CLI_TEXT, "EXPR", where, "only what meets this expression: `cairn help filters`"),
    FILTER("type", CLI_TEXT, "PATTERN", type, "only types that match"),
    FILTER("task", CLI_TEXT, "ID", task, "only this task and what belongs to it"),
    FILTER("thread", CLI_TEXT, "NAME", thread, "only threads of that name (a pattern) or number"),
    FILTER("from", CLI_DURATION, "TIME", from_ns, "only what began at or after this time, as in 1.5s"),
    FILTER("to", CLI_DURATION, "TIME", to_ns, "only what began before this time"),
    FILTER("min", CLI_DURATION, "DURATION", min_ns, "only what took at least as long, as in 10ms"),
    FILTER("max", CLI_DURATION, "DURATION", max_ns, "only what took at most as long"),
    FILTER("log", CLI_TEXT, "TEXT", log, "only what has a log with this text in its message"),
    FILTER("complete", CLI_FLAG, NULL, complete, "only what has ended"),
    FILTER("unfinished", CLI_FLAG, NULL, unfinished, "only what has not ended"),
    FILTER("failed", CLI_FLAG, NULL, failed, "only tasks that ended by failure, or what belongs to them"),
    {"json", 0, CLI_FLAG, NULL, offsetof(struct query, json), "print JSON"},
    {"csv", 0, CLI_FLAG, NULL, offsetof(struct query, csv), "print CSV, with names in the first line"},
    {0},
};

const struct cli_option query_form_options[] = {
    {"json", 0, CLI_FLAG, NULL, offsetof(struct query, json), "print JSON"},
    {"csv", 0, CLI_FLAG, NULL, offsetof(struct query, csv), "print CSV, with names in the first line"},
    {0},
};

/* ---- Opening and running --------------------------------------------------------------------------- */

static int open_source(struct question *question)
{
    struct cairn_error error = {.offset = CAIRN_ERROR_NOWHERE};
    question->source = trace_open(question->path, &error);
    if (!question->source) return cli_report(&error);
    question->info = question->source->info;
    return CLI_OK;
}

static void close_source(struct question *question)
{
    if (question->source) question->source->close(question->source);
    question->source = NULL;
    question->info = NULL;
}

static int ran(int result, const struct cairn_error *error)
{
    cli_progress_done();
    return result == 0 ? CLI_OK : cli_report(error);
}

int question_run(struct question *question, struct trace_sink *sink)
{
    struct cairn_error error = {.offset = CAIRN_ERROR_NOWHERE};
    return ran(trace_run(question->source, sink, cli_progress, "reading", &error), &error);
}

int question_run_tasks(struct question *question, struct analysis_tasks *tasks)
{
    struct cairn_error error = {.offset = CAIRN_ERROR_NOWHERE};
    return ran(analysis_tasks_run(tasks, question->source, cli_progress, "reading", &error), &error);
}

int question_run_regions(struct question *question, struct analysis_regions *regions)
{
    struct cairn_error error = {.offset = CAIRN_ERROR_NOWHERE};
    return ran(analysis_regions_run(regions, question->source, cli_progress, "reading", &error), &error);
}

struct analysis_filter *question_filter(struct question *question)
{
    return query_is_filtered(question->query) ? &question->filter : NULL;
}

/* The first pass. The second finds the source as it is, but that all has been told of it. */
static int select_tasks(struct question *question)
{
    struct cairn_error error = {.offset = CAIRN_ERROR_NOWHERE};
    int result = analysis_selection_run(&question->filter, question->source, cli_progress, "reading", &error);
    question->source->is_quiet = true;
    return ran(result, &error);
}

/* What the user asked for cannot be. */
static int refuse(const struct cli_command *command, const struct cairn_error *error)
{
    if (error->code != CAIRN_EINVAL) return cli_report(error);
    fprintf(stderr, "cairn %s: %s\n", command->name, error->text);
    return CLI_USAGE;
}

int question_begin(struct question *question, const struct cli_command *command, const struct query *query,
                   enum analysis_subject subject, const char *path)
{
    struct cairn_error error = {.offset = CAIRN_ERROR_NOWHERE};
    *question = (struct question){.query = query, .path = path};
    if (query->json && query->csv) return cli_usage(command, "--json and --csv exclude each other");
    int code = open_source(question);
    if (code != CLI_OK) return code;
    if (analysis_filter_init(&question->filter, subject, &query->spec, question->info, &error) != 0)
        return refuse(command, &error);
    question->source->no_text = subject != ANALYSIS_LOGS && !analysis_filter_needs_text(&question->filter);
    return analysis_filter_needs_selection(&question->filter) ? select_tasks(question) : CLI_OK;
}

bool query_is_filtered(const struct query *query)
{
    return analysis_spec_is_set(&query->spec);
}

/* ---- Nothing ---------------------------------------------------------------------------------------- */

/* "No task here has the attribute" and the like, by role. */
static const char *missing_words(uint8_t role)
{
    switch (role) {
    case CAIRN_I_ROLE_TASK: return "No task here is of type";
    case CAIRN_I_ROLE_REGION: return "No region here is of type";
    case CAIRN_I_ROLE_LOG: return "No log here is of category";
    case CAIRN_I_ROLE_ATTR: return "Nothing here has an attribute";
    default: return "Nothing here failed with";
    }
}

static void print_quoted(FILE *out, const char *text)
{
    fputc('\'', out);
    show_text(out, text, strlen(text));
    fputc('\'', out);
}

static const char *kind_words(uint8_t value_type)
{
    switch (value_type) {
    case CAIRN_I_VALUE_TEXT: return "is text here: its value stands in quotes, or is a word.";
    case CAIRN_I_VALUE_BOOL: return "is true or false here.";
    default: return "is a number here: its value stands without quotes.";
    }
}

void query_tell_missing(FILE *out, const struct analysis_missing *missing)
{
    if (missing->value_type) {
        fputs("Attribute ", out);
        print_quoted(out, missing->name);
        fprintf(out, " %s", kind_words(missing->value_type));
        return;
    }
    fprintf(out, "%s ", missing_words(missing->role));
    print_quoted(out, missing->name);
    if (missing->is_elsewhere) {
        fprintf(out, ", but %s are.", missing->role == CAIRN_I_ROLE_TASK ? "regions" : "tasks");
    } else if (missing->like) {
        fputs("; did you mean ", out);
        print_quoted(out, missing->like);
        fputc('?', out);
    } else {
        fputc('.', out);
    }
}

void question_none(FILE *out, const struct question *question, const char *what, const char *task_type)
{
    struct analysis_missing missing;
    bool is_asked = task_type || query_is_filtered(question->query);
    fprintf(out, "No %s%s.", what, is_asked ? " match" : " in this trace");
    if ((task_type && analysis_missing_name(&missing, question->info, CAIRN_I_ROLE_TASK, task_type)) ||
        analysis_missing_of(&missing, &question->filter.where)) {
        fputc(' ', out);
        query_tell_missing(out, &missing);
    }
    fputc('\n', out);
}

/* ---- What was found -------------------------------------------------------------------------------- */

static void print_note(const struct trace_diagnostic *diagnostic)
{
    char count[SHOW_BYTES];
    printf("%s%s%s (%s×): %s\n    e.g. ", diagnostic->severity == TRACE_DAMAGE ? show_red() : show_yellow(),
           diagnostic->name, show_plain(), show_count(count, diagnostic->count), diagnostic->advice);
    show_text(stdout, diagnostic->example, strlen(diagnostic->example));
    printf("\n");
}

void question_notes(const struct question *question)
{
    const struct trace_diagnostics *diagnostics = question->info->diagnostics;
    bool any = false;
    for (uint32_t i = 0; i < diagnostics->count; i++) {
        if (diagnostics->items[i].severity == TRACE_NOTE) continue;
        if (!any) printf("\n");
        any = true;
        print_note(&diagnostics->items[i]);
    }
}

void query_write_findings(struct json *json, const char *key, const struct trace_diagnostics *findings)
{
    json_key(json, key);
    json_array(json);
    for (uint32_t i = 0; i < findings->count; i++) {
        const struct trace_diagnostic *diagnostic = &findings->items[i];
        json_object(json);
        json_key(json, "name"), json_text(json, diagnostic->name);
        json_key(json, "severity"), json_text(json, trace_severity_name(diagnostic->severity));
        json_key(json, "count"), json_uint(json, diagnostic->count);
        json_key(json, "advice"), json_text(json, diagnostic->advice);
        json_key(json, "example"), json_text(json, diagnostic->example);
        json_end(json);
    }
    json_end(json);
}

void question_diagnostics(const struct question *question, struct json *json)
{
    query_write_findings(json, "diagnostics", question->info->diagnostics);
}

void query_tell_losses(const char *path, const struct trace_info *info)
{
    uint64_t lost = trace_tally_sum(info->lost);
    char text[SHOW_BYTES];
    if (!lost) return;
    fprintf(stderr, "cairn: %s: %s events were lost while recording; `cairn info %s` tells which and when.\n",
            path, show_count(text, lost), path);
}

bool query_tell_damage(const char *path, const struct trace_info *info)
{
    const struct trace_diagnostics *diagnostics = info->diagnostics;
    for (uint32_t i = 0; i < diagnostics->count; i++) {
        if (diagnostics->items[i].severity != TRACE_DAMAGE) continue;
        fprintf(stderr, "cairn: %s: the trace is damaged (%s): ", path, diagnostics->items[i].name);
        show_text(stderr, diagnostics->items[i].example, strlen(diagnostics->items[i].example));
        fprintf(stderr, "\nWhat is valid was reported; `cairn check %s` tells all that is wrong.\n", path);
        return true;
    }
    return false;
}

int question_end(struct question *question, int code)
{
    if (question->info && code == CLI_OK) {
        fflush(stdout);
        query_tell_losses(question->path, question->info);
        if (query_tell_damage(question->path, question->info)) code = CLI_TROUBLE;
    }
    analysis_filter_free(&question->filter);
    close_source(question);
    return code;
}
