/* The lists of sub-commands, in the order of the help, and of topics. SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

extern const struct cli_command cmd_record, cmd_ps, cmd_start, cmd_stop, cmd_snapshot, cmd_types;
extern const struct cli_command cmd_info, cmd_tasks, cmd_task, cmd_tree, cmd_regions, cmd_flame, cmd_logs,
    cmd_series, cmd_explain, cmd_compare, cmd_sql;
extern const struct cli_command cmd_convert, cmd_check, cmd_join, cmd_dump, cmd_assemble, cmd_help;
extern const struct cli_topic topic_filters;

const struct cli_command *const cli_commands[] = {
    &cmd_record, &cmd_ps,     &cmd_start,   &cmd_stop,     &cmd_snapshot, &cmd_types,
    &cmd_info,   &cmd_tasks,  &cmd_task,    &cmd_tree,     &cmd_regions,  &cmd_flame,
    &cmd_logs,   &cmd_series, &cmd_explain, &cmd_compare,  &cmd_sql,      &cmd_convert,
    &cmd_check,  &cmd_join,   &cmd_dump,    &cmd_assemble, &cmd_help,     NULL,
};

const struct cli_topic *const cli_topics[] = {&topic_filters, NULL};

const struct cli_topic *cli_find_topic(const char *name)
{
    for (const struct cli_topic *const *topic = cli_topics; *topic; topic++)
        if (strcmp((*topic)->name, name) == 0) return *topic;
    return NULL;
}

const struct cli_command *cli_find(const char *name)
{
    for (const struct cli_command *const *command = cli_commands; *command; command++)
        if (strcmp((*command)->name, name) == 0) return *command;
    return NULL;
}

struct nearest cli_nearest(const char *name)
{
    struct nearest nearest = nearest_to(name);
    for (const struct cli_command *const *command = cli_commands; *command; command++)
        nearest_consider(&nearest, (*command)->name);
    return nearest;
}
