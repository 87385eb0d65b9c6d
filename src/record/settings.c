/* Options, environment, and what a request from outside says. SPDX-License-Identifier: Apache-2.0
 * The environment is not looked at in a set-uid program. A request has the variables' names, and takes their place. */
#include "record/record.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIMIT_DEFAULT = 1 << 30, LIMIT_MIN = 65536, WINDOW_DEFAULT = 64 << 20, WINDOW_MIN = 256 << 10 };
enum { SNAPSHOTS_MAX_DEFAULT = 20, NS_PER_SECOND = 1000000000 };

static const char *variable(const struct cairn__request *request, const char *name)
{
    const char *value;
    if (request)
        value = cairn__request_get(request, name);
    else
        value = cairn__os_is_privileged() ? NULL : getenv(name);
    return value && value[0] ? value : NULL;
}

/* ---- Values --------------------------------------------------------------------------------------------- */

static bool parse_number(const char *text, const char **rest, uint64_t *value)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno || end == text || text[0] < '0' || text[0] > '9') return false;
    *rest = end;
    *value = number;
    return true;
}

/* "64M" and the like. False if it is no size. */
static bool parse_bytes(const char *text, size_t count, uint64_t *bytes)
{
    const char *end;
    uint64_t value;
    if (!parse_number(text, &end, &value)) return false;
    size_t left = count - (size_t)(end - text);
    const char *units = "KMGT", *unit = left ? strchr(units, *end & ~0x20) : NULL;
    if (left && (left > 1 || !unit)) return false;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    *bytes = value << shift;
    return *bytes >> shift == value;
}

/* "200ms" and the like. False if it is no duration. */
static bool parse_duration(const char *text, size_t count, uint64_t *ns)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {{"ns", 1},
                 {"us", 1000},
                 {"ms", 1000000},
                 {"s", NS_PER_SECOND},
                 {"min", (uint64_t)60 * NS_PER_SECOND},
                 {"h", (uint64_t)3600 * NS_PER_SECOND}};
    const char *end;
    uint64_t value;
    if (!parse_number(text, &end, &value)) return false;
    size_t left = count - (size_t)(end - text);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strlen(units[i].name) != left || memcmp(end, units[i].name, left) != 0) continue;
        *ns = value * units[i].ns;
        return value <= UINT64_MAX / units[i].ns;
    }
    return false;
}

/* Of a comma-separated list, the item at `list`: its length; *next is behind its comma, NULL at the end. */
static size_t item_bytes(const char *list, const char **next)
{
    size_t count = strcspn(list, ",");
    *next = list[count] ? list + count + 1 : NULL;
    return count;
}

static bool append_text(char *to, size_t to_bytes, const char *text, size_t count)
{
    size_t used = strlen(to);
    if (used + count >= to_bytes) return false;
    memcpy(to + used, text, count);
    to[used + count] = 0;
    return true;
}

static bool copy_setting(char *to, size_t to_bytes, const char *option, const char *from_outside)
{
    const char *value = option ? option : from_outside;
    to[0] = 0;
    return !value || append_text(to, to_bytes, value, strlen(value));
}

/* ---- Patterns --------------------------------------------------------------------------------------------- */

/* One pattern, up to `end`, with * and ?. Backtracks to the last * only, so the cost is bounded by the product of
 * the lengths. */
static bool matches_one(const char *pattern, const char *end, const char *text, const char *text_end)
{
    const char *star = NULL, *retry = NULL;
    while (text < text_end) {
        if (pattern < end && *pattern == '*') {
            star = ++pattern;
            retry = text;
        } else if (pattern < end && (*pattern == '?' || *pattern == *text)) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (pattern < end && *pattern == '*') pattern++;
    return pattern == end;
}

bool cairn__pattern_matches(const char *list, const char *text, size_t text_bytes)
{
    for (const char *item = list, *next; item; item = next) {
        size_t count = item_bytes(item, &next);
        if (matches_one(item, item + count, text, text + text_bytes)) return true;
    }
    return false;
}

/* The last '=' of an item, so that a type may have one. */
static const char *value_of(const char *item, size_t count)
{
    while (count && item[count - 1] != '=') count--;
    return count > 1 ? item + count : NULL;
}

bool cairn__pattern_value(const char *list, const char *text, size_t text_bytes, uint64_t *value)
{
    for (const char *item = list, *next; item && *item; item = next) {
        size_t count = item_bytes(item, &next);
        const char *at = value_of(item, count); /* checked when the settings were read */
        if (!at || !matches_one(item, at - 1, text, text + text_bytes)) continue;
        size_t left = count - (size_t)(at - item);
        return parse_duration(at, left, value) || parse_bytes(at, left, value);
    }
    return false;
}

uint64_t cairn__pattern_least(const char *list)
{
    uint64_t least = 0, value;
    for (const char *item = list, *next; item && *item; item = next) {
        size_t count = item_bytes(item, &next);
        const char *at = value_of(item, count); /* checked when the settings were read */
        if (at && parse_duration(at, count - (size_t)(at - item), &value) && (!least || value < least))
            least = value;
    }
    return least;
}

static bool check_values(const char *list, bool (*parse)(const char *, size_t, uint64_t *))
{
    for (const char *item = list, *next; item && *item; item = next) {
        size_t count = item_bytes(item, &next);
        const char *at = value_of(item, count);
        uint64_t value;
        if (!at || !parse(at, count - (size_t)(at - item), &value) || !value) return false;
    }
    return true;
}

/* ---- Paths ------------------------------------------------------------------------------------------------ */

bool cairn__settings_expand(char *to, size_t room, const char *pattern, unsigned number)
{
    char text[16];
    to[0] = 0;
    for (const char *at = pattern; *at; at++) {
        bool is_pid = at[0] == '%' && at[1] == 'p', is_number = at[0] == '%' && at[1] == 'n';
        bool is_percent = at[0] == '%' && at[1] == '%';
        int length = snprintf(text, sizeof text, "%u", is_pid ? (unsigned)getpid() : number);
        bool fits =
            is_pid || is_number ? append_text(to, room, text, (size_t)length) : append_text(to, room, at, 1);
        if (!fits) return false;
        at += is_pid || is_number || is_percent;
    }
    return true;
}

bool cairn__settings_insert(char *path, size_t room, const char *text)
{
    char *name = strrchr(path, '/');
    char *dot = strrchr(name ? name : path, '.');
    size_t at = dot && dot > name + 1 ? (size_t)(dot - path) : strlen(path);
    size_t count = strlen(text), rest = strlen(path + at) + 1;
    if (at + count + rest > room) return false;
    memmove(path + at + count, path + at, rest);
    memcpy(path + at, text, count);
    return true;
}

/* Absolute, as the program may change its folder. */
bool cairn__settings_absolute(char *to, size_t room, const char *path)
{
    to[0] = 0;
    if (path[0] != '/' && (!getcwd(to, room) || !append_text(to, room, "/", 1))) return false;
    return append_text(to, room, path, strlen(path));
}

/* Where the present process writes. A child of a fork keeps its parent's pattern, and gets its pid into it. */
static int find_path(struct cairn__settings *settings)
{
    if (!cairn__settings_expand(settings->path, sizeof settings->path, settings->pattern, 0))
        return CAIRN_EINVAL;
    struct stat status;
    settings->is_folder = stat(settings->path, &status) == 0 && S_ISDIR(status.st_mode);
    size_t length = strlen(settings->path);
    if (settings->path[length - 1] == '/') {
        if (!settings->is_folder && mkdir(settings->path, 0700)) return cairn__error_of(errno);
        settings->is_folder = true;
    } else if (settings->is_folder && !append_text(settings->path, sizeof settings->path, "/", 1)) {
        return CAIRN_EINVAL;
    }
    char pid[16];
    snprintf(pid, sizeof pid, ".%u", (unsigned)getpid());
    bool needs_pid = settings->is_child && !settings->is_folder && !strstr(settings->pattern, "%p");
    return needs_pid && !cairn__settings_insert(settings->path, sizeof settings->path, pid) ? CAIRN_EINVAL
                                                                                            : 0;
}

static int read_path(struct cairn__settings *settings, const char *path)
{
    if (!path[0] || !cairn__settings_absolute(settings->pattern, sizeof settings->pattern, path))
        return CAIRN_EINVAL;
    settings->is_child = false;
    return find_path(settings);
}

int cairn__settings_for_child(struct cairn__settings *settings)
{
    settings->is_child = true;
    return find_path(settings);
}

/* ---- Groups of settings ----------------------------------------------------------------------------------- */

static int read_limit(struct cairn__settings *settings, uint64_t limit_bytes, const char *text)
{
    settings->limit_bytes = limit_bytes;
    if (!limit_bytes && text && !parse_bytes(text, strlen(text), &settings->limit_bytes)) return CAIRN_EINVAL;
    if (!settings->limit_bytes) settings->limit_bytes = LIMIT_DEFAULT;
    if (settings->limit_bytes < LIMIT_MIN) settings->limit_bytes = LIMIT_MIN;
    return settings->limit_bytes >> 46 ? CAIRN_EINVAL : 0; /* more than the address space holds */
}

/* "16M", "10s", or both. */
static int read_window(struct cairn__settings *settings, const cairn_options *options, const char *text)
{
    settings->window_bytes = options->window_bytes;
    settings->window_ns = options->window_ns;
    bool given = options->window_bytes || options->window_ns;
    for (const char *item = given ? NULL : text, *next; item; item = next) {
        size_t count = item_bytes(item, &next);
        if (!parse_duration(item, count, &settings->window_ns) &&
            !parse_bytes(item, count, &settings->window_bytes)) {
            return CAIRN_EINVAL;
        }
    }
    if (!settings->window_bytes && !settings->window_ns) return 0;
    if (!settings->window_bytes) settings->window_bytes = WINDOW_DEFAULT;
    if (settings->window_bytes < WINDOW_MIN) settings->window_bytes = WINDOW_MIN;
    return settings->window_bytes >> 44 ? CAIRN_EINVAL : 0;
}

static int parse_signal(const char *text)
{
    static const struct {
        const char *name;
        int number;
    } names[] = {{"USR1", SIGUSR1},   {"USR2", SIGUSR2}, {"HUP", SIGHUP},   {"QUIT", SIGQUIT},
                 {"WINCH", SIGWINCH}, {"URG", SIGURG},   {"PROF", SIGPROF}, {"IO", SIGIO}};
    uint64_t number;
    const char *rest;
    if (parse_number(text, &rest, &number)) return *rest || number > 64 ? -1 : (int)number;
    if (strncmp(text, "SIG", 3) == 0) text += 3;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i].name, text) == 0) return names[i].number;
    }
    return -1;
}

static int read_triggers(struct cairn__settings *settings, const cairn_options *options,
                         const struct cairn__request *request)
{
    const char *interval = variable(request, "CAIRN_SNAPSHOT_INTERVAL");
    const char *most = variable(request, "CAIRN_SNAPSHOTS_MAX"), *end = "";
    const char *signal_name = variable(request, "CAIRN_SNAPSHOT_SIGNAL");
    uint64_t count = options->snapshots_max;
    settings->snapshot_interval_ns = options->snapshot_interval_ns;
    if (!options->snapshot_interval_ns && interval &&
        !parse_duration(interval, strlen(interval), &settings->snapshot_interval_ns)) {
        return CAIRN_EINVAL;
    }
    if (!count && most && (!parse_number(most, &end, &count) || *end || count > UINT32_MAX))
        return CAIRN_EINVAL;
    if (!settings->snapshot_interval_ns) settings->snapshot_interval_ns = NS_PER_SECOND;
    settings->snapshots_max = count ? (uint32_t)count : SNAPSHOTS_MAX_DEFAULT;
    settings->snapshot_signal = options->snapshot_signal;
    if (!settings->snapshot_signal && signal_name) settings->snapshot_signal = parse_signal(signal_name);
    if (settings->snapshot_signal < 0 || settings->snapshot_signal > SIGRTMAX) return CAIRN_EINVAL;
    char given[sizeof settings->snapshot_path];
    settings->snapshot_path[0] = 0;
    if (!copy_setting(given, sizeof given, options->snapshot_path, variable(request, "CAIRN_SNAPSHOT")) ||
        (given[0] &&
         !cairn__settings_absolute(settings->snapshot_path, sizeof settings->snapshot_path, given)) ||
        !copy_setting(settings->slow, sizeof settings->slow, options->snapshot_slow,
                      variable(request, "CAIRN_SLOW")) ||
        !copy_setting(settings->failed, sizeof settings->failed, options->snapshot_failed,
                      variable(request, "CAIRN_FAILED"))) {
        return CAIRN_EINVAL;
    }
    bool triggered = settings->slow[0] || settings->failed[0] || settings->snapshot_signal;
    if (triggered && (!settings->window_bytes || !settings->helper)) return CAIRN_EINVAL;
    return check_values(settings->slow, parse_duration) ? 0 : CAIRN_EINVAL;
}

static int read_choices(struct cairn__settings *settings, const cairn_options *options,
                        const struct cairn__request *request)
{
    if (options->helper > CAIRN_HELPER_OFF || options->fork > CAIRN_FORK_OFF) return CAIRN_EINVAL;
    const char *helper = variable(request, "CAIRN_HELPER"), *follow = variable(request, "CAIRN_FORK");
    settings->helper = options->helper == CAIRN_HELPER_ON && !(helper && strcmp(helper, "off") == 0);
    settings->follow_fork = options->fork == CAIRN_FORK_FOLLOW && !(follow && strcmp(follow, "off") == 0);
    if (!copy_setting(settings->live_dir, sizeof settings->live_dir, options->live_dir,
                      variable(request, "CAIRN_LIVE_DIR")) ||
        !copy_setting(settings->types, sizeof settings->types, options->types,
                      variable(request, "CAIRN_TYPES")) ||
        !copy_setting(settings->sample, sizeof settings->sample, options->sample,
                      variable(request, "CAIRN_SAMPLE"))) {
        return CAIRN_EINVAL;
    }
    return check_values(settings->sample, parse_bytes) ? 0 : CAIRN_EINVAL;
}

int cairn__settings_read(struct cairn__settings *settings, const cairn_options *options,
                         const struct cairn__request *request)
{
    cairn_options given = {.size = sizeof given};
    if (options) {
        /* A program built against an older header has a shorter struct, one built against a newer a longer one. */
        if (options->size < sizeof options->size) return CAIRN_EINVAL;
        memcpy(&given, options, options->size < sizeof given ? options->size : sizeof given);
    }
    const char *path = given.path ? given.path : variable(request, "CAIRN_TRACE");
    int code = read_choices(settings, &given, request);
    if (!code) code = read_limit(settings, given.limit_bytes, variable(request, "CAIRN_LIMIT"));
    if (!code) code = read_window(settings, &given, variable(request, "CAIRN_WINDOW"));
    if (!code) code = read_triggers(settings, &given, request);
    return code ? code : read_path(settings, path ? path : "cairn-%p.cairn");
}
