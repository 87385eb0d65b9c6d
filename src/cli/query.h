/* What all questions to a trace share: filters and forms of output, opening, running, and what has to be
 * said afterwards. SPDX-License-Identifier: Apache-2.0
 *
 *     struct question question;
 *     int code = question_begin(&question, &cmd_x, &options->query, ANALYSIS_TASKS, path);
 *     if (code == CLI_OK) code = question_run(&question, &sink);
 *     ... print the result ...
 *     question_notes(&question); or question_diagnostics(&question, &json);
 *     return question_end(&question, code);
 */
#ifndef CAIRN_CLI_QUERY_H
#define CAIRN_CLI_QUERY_H

#include "analysis/analysis.h"
#include "cli/cli.h"
#include "codec/json.h"

/* The first member of a command's struct. */
struct query {
    struct analysis_spec spec;
    bool json, csv;
};

/* For cli_command.more_options: all filters and forms; and the forms alone. */
extern const struct cli_option query_options[];
extern const struct cli_option query_form_options[];

/* What filters and forms mean, for the details of a command. */
#define QUERY_DETAILS                                                                                        \
    "Filters combine: what is shown meets all of them. Patterns may hold * and ?. Times of --from and --to " \
    "are durations since the start of the trace. --where takes any condition: `cairn help filters`.\n\n"     \
    "--json and --csv are stable: fields may be added, none changes its meaning. Fields that end in _ns "    \
    "are whole nanoseconds. Text that is not UTF-8 has U+FFFD for each such byte in JSON; CSV has all "      \
    "bytes as they are."

struct question {
    const struct query *query;
    const char *path;
    struct trace_source *source;
    const struct trace_info *info;
    struct analysis_filter filter;
};

/* Opens the trace and prepares the filter, with its first pass if it needs one. Formatted logs have their text if the subject is
 * logs, or if the filter needs it; who shows it otherwise sets source->no_text to false. CLI_OK, or what to exit with: reported
 * already. question_end is due in any case. */
int question_begin(struct question *question, const struct cli_command *command, const struct query *query,
                   enum analysis_subject subject, const char *path);
/* Feeds the trace to a sink. CLI_OK or CLI_TROUBLE, reported already. */
int question_run(struct question *question, struct trace_sink *sink);
/* The same for these, on several processors if that can be. */
int question_run_tasks(struct question *question, struct analysis_tasks *tasks);
int question_run_regions(struct question *question, struct analysis_regions *regions);
/* The filter, or NULL if everything is meant. */
struct analysis_filter *question_filter(struct question *question);
/* Says that there is nothing to show, in a line: "No tasks match.", or "No tasks in this trace.", and which name that was asked
 * for is not in the trace. `task_type`: a pattern that was asked for besides the filters, or NULL. */
void question_none(FILE *out, const struct question *question, const char *what, const char *task_type);
/* The same of one name: a sentence. */
void query_tell_missing(FILE *out, const struct analysis_missing *missing);
/* The findings that matter, for people, below a table. */
void question_notes(const struct question *question);
/* All findings, as the member "diagnostics" of the innermost JSON object. */
void question_diagnostics(const struct question *question, struct json *json);
/* Tells on stderr of damage and losses, and closes. Returns `code`, or CLI_TROUBLE if there is damage. */
int question_end(struct question *question, int code);

/* The array of findings, as a member of the innermost object. */
void query_write_findings(struct json *json, const char *key, const struct trace_diagnostics *findings);

/* The parts of that, for commands that ask no question: what was lost while recording, and the first damage.
 * True if there is damage. */
void query_tell_losses(const char *path, const struct trace_info *info);
bool query_tell_damage(const char *path, const struct trace_info *info);

/* Whether any filter is set: an empty answer then means that nothing matches. */
bool query_is_filtered(const struct query *query);

#endif
