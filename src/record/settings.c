/* Options and environment. SPDX-License-Identifier: Apache-2.0
 * The environment is not looked at in a set-uid program. */
#include "record/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIMIT_DEFAULT = 1 << 30, LIMIT_MIN = 65536 };

static const char *environment(const char *name)
{
    const char *value = cairn__os_is_privileged() ? NULL : getenv(name);
    return value && value[0] ? value : NULL;
}

/* "64M" and the like. False if it is no size. */
static bool parse_bytes(const char *text, uint64_t *bytes)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || end == text || text[0] == '-') return false;
    const char *units = "KMGT", *unit = *end ? strchr(units, *end & ~0x20) : NULL;
    if (*end && (!unit || end[1])) return false;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    *bytes = (uint64_t)value << shift;
    return *bytes >> shift == value;
}

static bool append_text(char *to, size_t to_bytes, const char *text, size_t count)
{
    size_t used = strlen(to);
    if (used + count >= to_bytes) return false;
    memcpy(to + used, text, count);
    to[used + count] = 0;
    return true;
}

/* Makes the path absolute, as the program may change its folder, and fills in %p (the pid) and %%. */
static bool expand_path(struct cairn__settings *settings, const char *path)
{
    char *to = settings->path;
    size_t room = sizeof settings->path;
    if (path[0] != '/' && (!getcwd(to, room) || !append_text(to, room, "/", 1))) return false;
    char pid[16];
    snprintf(pid, sizeof pid, "%u", (unsigned)getpid());
    for (const char *at = path; *at; at++) {
        bool is_pid = at[0] == '%' && at[1] == 'p', is_percent = at[0] == '%' && at[1] == '%';
        if (is_pid && !append_text(to, room, pid, strlen(pid))) return false;
        if (!is_pid && !append_text(to, room, at, 1)) return false;
        at += is_pid || is_percent;
    }
    return true;
}

static int read_path(struct cairn__settings *settings, const char *path)
{
    if (!path) path = environment("CAIRN_TRACE");
    if (!path) path = "cairn-%p.cairn";
    settings->path[0] = 0;
    if (!path[0] || !expand_path(settings, path)) return CAIRN_EINVAL;
    struct stat status;
    settings->is_folder = stat(settings->path, &status) == 0 && S_ISDIR(status.st_mode);
    size_t length = strlen(settings->path);
    if (settings->path[length - 1] == '/') {
        if (!settings->is_folder && mkdir(settings->path, 0700)) return cairn__error_of(errno);
        settings->is_folder = true;
    } else if (settings->is_folder && !append_text(settings->path, sizeof settings->path, "/", 1)) {
        return CAIRN_EINVAL;
    }
    return 0;
}

static bool copy_setting(char *to, size_t to_bytes, const char *option, const char *variable)
{
    const char *value = option ? option : environment(variable);
    to[0] = 0;
    return !value || append_text(to, to_bytes, value, strlen(value));
}

static int read_limit(struct cairn__settings *settings, uint64_t limit_bytes)
{
    const char *text = environment("CAIRN_LIMIT");
    settings->limit_bytes = limit_bytes;
    if (!limit_bytes && text && !parse_bytes(text, &settings->limit_bytes)) return CAIRN_EINVAL;
    if (!settings->limit_bytes) settings->limit_bytes = LIMIT_DEFAULT;
    if (settings->limit_bytes < LIMIT_MIN) settings->limit_bytes = LIMIT_MIN;
    return settings->limit_bytes >> 46 ? CAIRN_EINVAL : 0; /* more than the address space holds */
}

int cairn__settings_read(struct cairn__settings *settings, const cairn_options *options)
{
    cairn_options defaults = {.size = sizeof defaults};
    if (options) {
        /* A program built against an older header has a shorter struct, one built against a newer a longer one. */
        if (options->size < sizeof options->size) return CAIRN_EINVAL;
        memcpy(&defaults, options, options->size < sizeof defaults ? options->size : sizeof defaults);
    }
    if (defaults.window_bytes || defaults.window_ns) return CAIRN_ENOTSUP;
    if (defaults.helper > CAIRN_HELPER_OFF) return CAIRN_EINVAL;
    const char *helper = environment("CAIRN_HELPER");
    settings->helper = defaults.helper == CAIRN_HELPER_ON && !(helper && strcmp(helper, "off") == 0);
    if (!copy_setting(settings->live_dir, sizeof settings->live_dir, defaults.live_dir, "CAIRN_LIVE_DIR") ||
        !copy_setting(settings->types, sizeof settings->types, defaults.types, "CAIRN_TYPES")) {
        return CAIRN_EINVAL;
    }
    int code = read_limit(settings, defaults.limit_bytes);
    return code ? code : read_path(settings, defaults.path);
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
    for (;;) {
        const char *end = list + strcspn(list, ",");
        if (matches_one(list, end, text, text + text_bytes)) return true;
        if (!*end) return false;
        list = end + 1;
    }
}
