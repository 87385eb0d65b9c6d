/* `cairn ps`: which processes can be traced, and which are. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/records.h"
#include "cli/remote/remote.h"
#include "cli/print/show.h"
#include "cli/print/table.h"

#include <inttypes.h>
#include <pwd.h>
#include <string.h>
#include <time.h>

enum { PATH_COLUMNS = 120, COMMAND_COLUMNS = 60 };

struct ps {
    bool json, csv;
};

static const struct cli_option ps_options[] = {
    {"json", 0, CLI_FLAG, NULL, offsetof(struct ps, json), "print JSON"},
    {"csv", 0, CLI_FLAG, NULL, offsetof(struct ps, csv), "print CSV"},
    {0},
};

static const char *state_word(const struct remote *remote)
{
    if (remote->version != CAIRN_CONTROL_VERSION) return "unknown";
    switch (remote->state) {
    case CAIRN_CONTROL_RECORDING: return "recording";
    case CAIRN_CONTROL_FLIGHT: return "flight";
    case CAIRN_CONTROL_IDLE: break;
    }
    return "idle";
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static uint64_t age_ns(const struct remote *remote)
{
    int64_t age = clock_ns(CLOCK_BOOTTIME) - (int64_t)remote->process.start_boot_ns;
    return age > 0 ? (uint64_t)age : 0;
}

static const char *user_name(char text[16], uint32_t user)
{
    const struct passwd *entry = getpwuid(user);
    if (entry) return entry->pw_name;
    snprintf(text, 16, "%" PRIu32, user);
    return text;
}

static const char *library_text(char text[32], const struct remote *remote)
{
    if (remote->version != CAIRN_CONTROL_VERSION) return "";
    snprintf(text, 32, "%" PRIu32 ".%" PRIu32 ".%" PRIu32, remote->library >> 16, remote->library >> 8 & 255,
             remote->library & 255);
    return text;
}

static void write_remote(struct records *records, const struct remote *remote)
{
    static const struct remote none;
    char path[REMOTE_PATH_BYTES + 32], user[16], library[32];
    if (!remote) remote = &none;
    bool is_recorded = remote->trace[0] != 0;
    records_row(records);
    records_uint(records, "pid", remote->process.pid);
    records_uint(records, "copy", remote->copy);
    records_text(records, "state", state_word(remote));
    records_text(records, "trace",
                 is_recorded ? remote_path(remote, remote->trace, path, sizeof path) : NULL);
    records_text(records, "user", user_name(user, remote->process.user));
    records_int(records, "start_realtime_ns", clock_ns(CLOCK_REALTIME) - (int64_t)age_ns(remote));
    records_text(records, "library", library_text(library, remote));
    records_text(records, "name", remote->process.name);
    records_text(records, "command", remote->process.command);
    records_row_end(records);
}

static void print_records(const struct ps *ps, const struct remotes *remotes)
{
    struct records records = {0};
    records_begin(&records, ps->json ? RECORDS_JSON : RECORDS_CSV, "processes");
    if (records_head(&records)) write_remote(&records, NULL);
    for (size_t i = 0; i < remotes->count; i++) write_remote(&records, &remotes->items[i]);
    records_end_array(&records);
    records_end(&records);
}

static void add_row(struct table *table, const struct remote *remote)
{
    char text[SHOW_BYTES], user[16], path[REMOTE_PATH_BYTES + 32], shown[PATH_COLUMNS * 4 + 8];
    if (remote->copies > 1)
        snprintf(text, sizeof text, "%" PRIu32 "/%" PRIu32, remote->process.pid, remote->copy);
    else
        snprintf(text, sizeof text, "%" PRIu32, remote->process.pid);
    table_raw(table, text);
    table_text(table, user_name(user, remote->process.user));
    table_raw(table, state_word(remote));
    table_duration(table, age_ns(remote));
    remote_path(remote, remote->trace, path, sizeof path);
    table_raw(table, remote->trace[0] ? show_text_cut(shown, sizeof shown, path, PATH_COLUMNS) : "-");
    table_raw(table, show_text_cut(shown, sizeof shown, remote->process.command, COMMAND_COLUMNS));
}

static void print_table(const struct remotes *remotes)
{
    struct table table = {0};
    table_column(&table, "pid", TABLE_RIGHT, 0);
    table_column(&table, "user", TABLE_LEFT, 2);
    table_column(&table, "state", TABLE_LEFT, 0);
    table_column(&table, "age", TABLE_RIGHT, 3);
    table_column(&table, "trace", TABLE_LEFT, 1);
    table_column(&table, "command", TABLE_LEFT, 0);
    for (size_t i = 0; i < remotes->count; i++) add_row(&table, &remotes->items[i]);
    table_print(&table, stdout);
    table_free(&table);
}

static int run_ps(const void *options, int count, char **arguments)
{
    const struct ps *ps = options;
    struct cairn_error error = {0};
    struct remotes remotes;
    (void)count, (void)arguments;
    int code = remotes_list(&remotes, &error) == 0 ? CLI_OK : cli_report(&error);
    if (code == CLI_OK && (ps->json || ps->csv))
        print_records(ps, &remotes);
    else if (code == CLI_OK && remotes.count)
        print_table(&remotes);
    else if (code == CLI_OK)
        printf(
            "No process can be traced: of those that this user may ask, none has come to an annotation.\n");
    remotes_free(&remotes);
    return code;
}

const struct cli_command cmd_ps = {
    .name = "ps",
    .arguments = "",
    .summary = "lists the processes that can be traced, and those that are",
    .details =
        "Every process with cairn linked in can be traced while it runs, by its own user and by root, from "
        "its first "
        "annotation on: `cairn start` begins, `cairn stop` ends. Until then it pays nothing for it: there is "
        "no thread "
        "and no signal, just a page of memory with a descriptor. With CAIRN_CONTROL=off in its environment "
        "there is "
        "not even that, and it cannot be asked.\n"
        "\n"
        "The state is idle; recording; flight, for a flight recorder; or unknown, for a library of a version "
        "that "
        "this tool cannot ask. A process that has several copies of the library, as plugins may bring along, "
        "is "
        "listed with each: 4711/1, 4711/2. The age is that of the process.\n"
        "\n"
        "--json: {\"processes\": [...]}, a process has: pid, copy (of the library, from 1), state, trace "
        "(null if "
        "it is not recorded), user, start_realtime_ns (since 1970), library (its version), name (of the "
        "executable), "
        "command. --csv has the same fields. Both are stable: fields may be added, none changes its meaning.",
    .examples = "cairn ps\n"
                "cairn ps --json | jq '.processes[] | select(.state == \"flight\").pid'\n",
    .options = ps_options,
    .options_bytes = sizeof(struct ps),
    .run = run_ps,
};
