/* How to record: the options that `cairn record` and `cairn start` share. SPDX-License-Identifier: Apache-2.0
 *
 * The library is told the same in both cases, by names and values: those of its environment variables.
 */
#ifndef CAIRN_CLI_RECORDSETTINGS_H
#define CAIRN_CLI_RECORDSETTINGS_H

#include "cli/cli.h"

/* The first member of a command's struct. */
struct record_options {
    const char *window, *types, *sample, *slow, *failed, *signal, *snapshots;
    uint64_t limit, interval_ns, snapshots_max;
    bool no_helper; /* not in the table: without helper nobody could be asked to stop while recording */
    bool no_fork;
};

/* For cli_command.more_options; and what goes with it in the details. */
extern const struct cli_option record_settings_options[];
#define RECORD_SETTINGS_DETAILS                                                                              \
    "With --window the program keeps a flight recorder: the latest events, in a fixed amount of memory "     \
    "(16M), or of so much time (10s), or both (16M,10s). They are written when it ends, and to a snapshot "  \
    "when one is asked for: by `cairn snapshot`, by cairn_snapshot in the program, on a signal, or when a "  \
    "task is slow or fails. Without --window everything is recorded, up to --limit, and then the newest "    \
    "is dropped.\n"                                                                                          \
    "\n"                                                                                                     \
    "LIST is comma-separated. Patterns are of types, and may hold * and ?; the first that matches counts. "  \
    "In PATH, %p becomes the process id and %n a number that makes the name new; a % itself is %%."

struct record_settings {
    struct record_setting {
        const char *name, *value;
    } * items; /* a vector */
    size_t count, capacity;
    struct arena memory;
};

/* Makes settings of options. `has_window`: there is a window, whatever the options say. CLI_OK; or CLI_USAGE or
 * CLI_TROUBLE, said already. To be freed in any case. */
int record_settings_make(struct record_settings *settings, const struct cli_command *command,
                         const struct record_options *options, bool has_window);
void record_settings_free(struct record_settings *settings);
/* Adds one. False if memory ran out. */
bool record_settings_add(struct record_settings *settings, const char *name, const char *value);
/* Adds a path as the library takes it: absolute, where %p and %n in `path` are patterns, but nothing is in the name of
 * the current folder, unless `is_literal`: then nowhere. False if memory ran out or there is no current folder. */
bool record_settings_add_path(struct record_settings *settings, const char *name, const char *path,
                              bool is_literal);

#endif
