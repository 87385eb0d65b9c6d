/* `cairn help filters`: the language of --where, with the fields from their own tables. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/filter/wherefields.h"
#include "cli/cli.h"

static const char language[] =
    "--where EXPR shows only what meets an expression, such as\n"
    "\n"
    "  type = checkout and (latency > 10ms or failed) and not log ~ \"retry\"\n"
    "\n"
    "It is made of conditions, `and`, `or` (which binds less), `not` and parentheses. A condition is one of\n"
    "\n"
    "  FIELD = VALUE  FIELD != VALUE      texts as a whole: * is any characters, ? any one\n"
    "  FIELD ~ TEXT                       contains the text, as it is written\n"
    "  FIELD < VALUE  <=  >  >=           of times and numbers\n"
    "  FIELD in (VALUE, VALUE)            is one of them\n"
    "  has FIELD                          it is there\n"
    "  failed                             some fields are conditions by themselves\n"
    "\n"
    "Durations have a unit (10ms, 1.5s; ns us ms s m h), and so have instants, which count from the start of "
    "the trace. Texts "
    "that are not one plain word stand in quotes, \" or '; in them \\ takes a quote or a \\ as it is. A "
    "value is a number, true "
    "or false if it looks like one; in quotes it is a text. Attributes are compared with what they are: "
    "numbers with numbers, "
    "texts with texts.\n"
    "\n"
    "A condition holds if there is a value for which it holds. Of several, such as the logs of a task, one "
    "suffices. What is not "
    "there has none, so that on a task without it `attr.user = 7` and `attr.user != 7` are both false, and "
    "`not attr.user = 7` "
    "is true.\n"
    "\n"
    "For regions and logs, `task.` and a field of tasks is about the task they belong to. What is known of a "
    "task only when all "
    "of it has been read takes a first pass over the trace: thread, log, logs, category, region, subtasks "
    "and attributes of "
    "tasks, and for regions and logs all of their task but its type, id and begin.\n"
    "\n"
    "The other filters are short forms, which can be combined with it: --type X is `type = X`, --min 10ms is "
    "`latency >= 10ms` for tasks and `duration >= 10ms` for regions, --log X is `log ~ X`. --from and --to "
    "also cut the "
    "time that rates and averages over time refer to.\n";

static const char examples[] =
    "\n"
    "examples:\n"
    "  cairn tasks --where 'attr.user = 7 and latency > 10ms' demo.cairn\n"
    "  cairn tasks --where 'not failed and (thread = \"worker-*\" or parent.type = batch)' demo.cairn\n"
    "  cairn regions --where 'task.type = checkout and duration > 1ms' demo.cairn\n"
    "  cairn logs --where 'category = db and message ~ slow' demo.cairn\n";

static void print_fields(FILE *out, enum analysis_subject subject)
{
    fprintf(out, "\nfields of %s:\n", where_subject_name(subject));
    for (const struct where_field *field = where_fields(subject); field->name; field++)
        cli_help_entry(out, field->name, field->help);
}

static void print(FILE *out)
{
    fputs("Which tasks, regions and logs are meant.\n\n", out);
    cli_help_details(out, language);
    print_fields(out, ANALYSIS_TASKS);
    print_fields(out, ANALYSIS_REGIONS);
    print_fields(out, ANALYSIS_LOGS);
    fputs(examples, out);
}

const struct cli_topic topic_filters = {.name = "filters", .print = print};
