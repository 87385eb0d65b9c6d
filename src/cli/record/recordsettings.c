/* How to record: options turned into what the library is told. SPDX-License-Identifier: Apache-2.0
 *
 * Everything is checked here, because the program that is told says nothing about it. Numbers are handed on in plain
 * units, so that the library need not know each that this tool knows.
 */
#include "cli/record/recordsettings.h"

#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define OPTION(member) offsetof(struct record_options, member)

const struct cli_option record_settings_options[] = {
    {"window", 'w', CLI_TEXT, "SIZE,TIME", OPTION(window),
     "keep only the latest, in memory, for snapshots: 16M, 10s, or 16M,10s"},
    {"limit", 'l', CLI_BYTES, "SIZE", OPTION(limit),
     "of each process's trace, as 64M; by default 1G. Without --window"},
    {"types", 't', CLI_TEXT, "LIST", OPTION(types),
     "record only types, categories and counters that match one of these patterns: 'GET *,db?'"},
    {"sample", 's', CLI_TEXT, "LIST", OPTION(sample),
     "record one in N of the tasks without parent, with all that belongs to them: 'GET *=100,*=10'"},
    {"slow", 0, CLI_TEXT, "LIST", OPTION(slow),
     "take a snapshot when a task runs longer than this: 'order=200ms,*=1s'"},
    {"failed", 0, CLI_TEXT, "LIST", OPTION(failed), "take a snapshot when a task of these types fails: '*'"},
    {"signal", 0, CLI_TEXT, "NAME", OPTION(signal),
     "take a snapshot on this signal, as USR2; the program must not use it itself"},
    {"snapshots", 0, CLI_TEXT, "PATH", OPTION(snapshots),
     "where snapshots go; by default beside the trace, with -%n before its extension"},
    {"interval", 0, CLI_DURATION, "TIME", OPTION(interval_ns),
     "between two snapshots of --slow and --failed at least; 1s by default"},
    {"max", 0, CLI_COUNT, "N", OPTION(snapshots_max),
     "snapshots of --slow and --failed at most, for each process; 20 by default"},
    {"no-fork", 0, CLI_FLAG, NULL, OPTION(no_fork), "do not record forked children"},
    {0},
};

/* ---- The list ---------------------------------------------------------------------------------------- */

bool record_settings_add(struct record_settings *settings, const char *name, const char *value)
{
    struct record_setting setting = {name, arena_text(&settings->memory, value, strlen(value))};
    return setting.value && vector_push(settings, setting);
}

static size_t append(char *to, size_t room, size_t used, const char *text, bool is_literal)
{
    for (; *text && used + 2 < room; text++) {
        if (*text == '%' && is_literal) to[used++] = '%';
        to[used++] = *text;
    }
    to[used] = 0;
    return used;
}

bool record_settings_add_path(struct record_settings *settings, const char *name, const char *path,
                              bool is_literal)
{
    char here[PATH_MAX], whole[4 * PATH_MAX];
    size_t used = 0;
    if (path[0] != '/') {
        if (!getcwd(here, sizeof here)) return false;
        used = append(whole, sizeof whole, used, here, true);
        if (strcmp(here, "/") != 0) used = append(whole, sizeof whole, used, "/", true);
        while (strncmp(path, "./", 2) == 0) path += 2;
    }
    append(whole, sizeof whole, used, path, is_literal);
    return record_settings_add(settings, name, whole);
}

void record_settings_free(struct record_settings *settings)
{
    vector_free(settings);
    arena_free(&settings->memory);
}

/* ---- Values ------------------------------------------------------------------------------------------ */

struct making {
    struct record_settings *settings;
    const struct cli_command *command;
};

static int add(const struct making *making, const char *name, const char *value)
{
    if (!value || record_settings_add(making->settings, name, value)) return CLI_OK;
    return cli_out_of_memory();
}

static int add_number(const struct making *making, const char *name, uint64_t value, const char *unit)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64 "%s", value, unit);
    return add(making, name, value ? text : NULL);
}

static int bad_item(const struct making *making, const char *option, const char *item, size_t bytes,
                    const char *wanted)
{
    return cli_usage(making->command, "--%s: '%.*s' is not %s", option, (int)bytes, item, wanted);
}

/* An item of --window: a size, or a duration, which have no unit in common. */
static bool put_window(const char *item, char *out, size_t bytes)
{
    uint64_t value;
    bool is_size = quantity_bytes(item, &value);
    if ((!is_size && !quantity_duration(item, &value)) || !value) return false;
    snprintf(out, bytes, "%" PRIu64 "%s", value, is_size ? "" : "ns");
    return true;
}

/* PATTERN=VALUE; the last '=' counts, so that a type may have one. */
static bool put_pair(const char *item, char *out, size_t bytes, bool is_duration)
{
    const char *equals = strrchr(item, '=');
    uint64_t value;
    if (!equals || equals == item) return false;
    bool is_value = is_duration ? quantity_duration(equals + 1, &value) : cli_parse_count(equals + 1, &value);
    if (!is_value || !value) return false;
    int count = snprintf(out, bytes, "%.*s=%" PRIu64 "%s", (int)(equals - item), item, value,
                         is_duration ? "ns" : "");
    return count >= 0 && (size_t)count < bytes;
}

static bool put_sample(const char *item, char *out, size_t bytes)
{
    return put_pair(item, out, bytes, false);
}

static bool put_slow(const char *item, char *out, size_t bytes)
{
    return put_pair(item, out, bytes, true);
}

struct list_option {
    const char *option, *name, *wanted;
    bool (*put)(const char *item, char *out, size_t bytes);
};

/* Turns a comma-separated list into one, item by item. */
static int add_list(const struct making *making, const struct list_option *option, const char *list)
{
    char item[512], made[1024] = "";
    for (const char *at = list; at; at = *at ? at + 1 : NULL) {
        size_t used = strlen(made), length = strcspn(at, ",");
        if (used) strcpy(made + used++, ",");
        snprintf(item, sizeof item, "%.*s", (int)length, at);
        if (length >= sizeof item || used + 32 >= sizeof made ||
            !option->put(item, made + used, sizeof made - used - 1))
            return bad_item(making, option->option, at, length, option->wanted);
        at += length;
    }
    return list ? add(making, option->name, made) : CLI_OK;
}

static int signal_number(const char *text)
{
    static const struct {
        const char *name;
        int number;
    } names[] = {{"USR1", SIGUSR1}, {"USR2", SIGUSR2},   {"HUP", SIGHUP}, {"QUIT", SIGQUIT},
                 {"PROF", SIGPROF}, {"WINCH", SIGWINCH}, {"URG", SIGURG}, {"IO", SIGIO}};
    uint64_t number;
    if (cli_parse_count(text, &number)) return number > 0 && number < (uint64_t)NSIG ? (int)number : 0;
    if (strncmp(text, "SIG", 3) == 0) text += 3;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, text) == 0) return names[i].number;
    return 0;
}

static int add_signal(const struct making *making, const char *text)
{
    int number = text ? signal_number(text) : 0;
    if (text && (!number || number == SIGKILL || number == SIGSTOP))
        return bad_item(
            making, "signal", text, strlen(text),
            "a signal that can be used: USR1, USR2, HUP, QUIT, PROF, WINCH, URG, IO, or a number");
    return add_number(making, "CAIRN_SNAPSHOT_SIGNAL", (uint64_t)number, "");
}

/* ---- All of them ------------------------------------------------------------------------------------- */

static const struct list_option list_window = {"window", "CAIRN_WINDOW",
                                               "a size such as 16M, or a duration such as 10s", put_window};
static const struct list_option list_sample = {"sample", "CAIRN_SAMPLE", "PATTERN=N, as in 'GET *=100'",
                                               put_sample};
static const struct list_option list_slow = {"slow", "CAIRN_SLOW", "PATTERN=TIME, as in 'order=200ms'",
                                             put_slow};

static int check_together(const struct making *making, const struct record_options *options, bool has_window)
{
    bool is_triggered = options->slow || options->failed || options->signal;
    if (is_triggered && !options->window && !has_window)
        return cli_usage(making->command,
                         "--slow, --failed and --signal take snapshots, which need --window");
    if (is_triggered && options->no_helper)
        return cli_usage(making->command, "--slow, --failed and --signal need the helper thread");
    if (options->window && options->limit)
        return cli_usage(making->command, "--limit has no meaning with --window, which is the limit");
    if (options->snapshots_max > UINT32_MAX) return cli_usage(making->command, "--max is too large");
    return CLI_OK;
}

static int add_all(const struct making *making, const struct record_options *options)
{
    int code = add_list(making, &list_window, options->window);
    if (!code) code = add_list(making, &list_sample, options->sample);
    if (!code) code = add_list(making, &list_slow, options->slow);
    if (!code) code = add_signal(making, options->signal);
    if (!code) code = add(making, "CAIRN_TYPES", options->types);
    if (!code) code = add(making, "CAIRN_FAILED", options->failed);
    if (!code) code = add_number(making, "CAIRN_LIMIT", options->limit, "");
    if (!code) code = add_number(making, "CAIRN_SNAPSHOT_INTERVAL", options->interval_ns, "ns");
    if (!code) code = add_number(making, "CAIRN_SNAPSHOTS_MAX", options->snapshots_max, "");
    if (!code) code = add(making, "CAIRN_HELPER", options->no_helper ? "off" : NULL);
    if (!code) code = add(making, "CAIRN_FORK", options->no_fork ? "off" : NULL);
    if (code) return code;
    bool is_added = !options->snapshots ||
                    record_settings_add_path(making->settings, "CAIRN_SNAPSHOT", options->snapshots, false);
    return is_added ? CLI_OK : cli_out_of_memory();
}

int record_settings_make(struct record_settings *settings, const struct cli_command *command,
                         const struct record_options *options, bool has_window)
{
    struct making making = {settings, command};
    *settings = (struct record_settings){0};
    int code = check_together(&making, options, has_window);
    return code ? code : add_all(&making, options);
}
