/* What a request from outside says: its lines, and the settings made of them. SPDX-License-Identifier: Apache-2.0
 *
 * The input is the text of a request, as in format/control.h, which a process writes that may be anything. Properties:
 * it is refused if it is too long or has a zero in it, and then only; a variable's value is that of its first line; settings
 * that are accepted are within their bounds, their strings end, and go together; patterns match as a plainer matcher has it
 * (on the line TEXT=), and expand into no more than there is room for.
 */
#include "property.h"
#include "record/record.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* ---- Lines ---------------------------------------------------------------------------------------------------------- */

static const char *const names[] = {"CAIRN_TRACE",
                                    "CAIRN_LIMIT",
                                    "CAIRN_WINDOW",
                                    "CAIRN_TYPES",
                                    "CAIRN_LIVE_DIR",
                                    "CAIRN_HELPER",
                                    "CAIRN_FORK",
                                    "CAIRN_SAMPLE",
                                    "CAIRN_SNAPSHOT",
                                    "CAIRN_SLOW",
                                    "CAIRN_FAILED",
                                    "CAIRN_SNAPSHOT_SIGNAL",
                                    "CAIRN_SNAPSHOTS_MAX",
                                    "CAIRN_SNAPSHOT_INTERVAL",
                                    "TEXT"};

/* The value by a search for a line break before the name and one behind the value; -1: there is none. */
static long find_plainly(const uint8_t *bytes, size_t count, const char *name, size_t *value_bytes)
{
    size_t length = strlen(name);
    for (size_t at = 0; at + length < count; at++) {
        bool is_line = (!at || bytes[at - 1] == '\n') && memcmp(bytes + at, name, length) == 0;
        if (!is_line || bytes[at + length] != '=') continue;
        const uint8_t *value = bytes + at + length + 1, *end = bytes + count;
        const uint8_t *last = value < end ? memchr(value, '\n', (size_t)(end - value)) : NULL;
        *value_bytes = (size_t)((last ? last : end) - value);
        return (long)(at + length + 1);
    }
    return -1;
}

static void check_lines(const struct cairn__request *request, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t value_bytes = 0;
        long at = find_plainly(bytes, count, names[i], &value_bytes);
        const char *value = cairn__request_get(request, names[i]);
        PROPERTY((value != NULL) == (at >= 0));
        if (!value) continue;
        PROPERTY(value == request->text + at && strlen(value) == value_bytes);
    }
}

/* ---- Settings -------------------------------------------------------------------------------------------------------- */

/* A path that ends in '/' is made; here nothing is. */
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode)
{
    (void)mode;
    errno = EACCES;
    return strlen(path) % 2 ? -1 : 0;
}

static bool ends(const char *text, size_t room)
{
    return memchr(text, 0, room) != NULL;
}

static void check_settings(const struct cairn__settings *s)
{
    PROPERTY(ends(s->pattern, sizeof s->pattern) && ends(s->path, sizeof s->path));
    PROPERTY(ends(s->live_dir, sizeof s->live_dir) && ends(s->types, sizeof s->types));
    PROPERTY(ends(s->sample, sizeof s->sample) && ends(s->slow, sizeof s->slow));
    PROPERTY(ends(s->failed, sizeof s->failed) && ends(s->snapshot_path, sizeof s->snapshot_path));
    PROPERTY(s->path[0] == '/' && (!s->snapshot_path[0] || s->snapshot_path[0] == '/'));
    PROPERTY(s->limit_bytes >= 65536 && s->limit_bytes < (uint64_t)1 << 46);
    PROPERTY(!s->window_bytes == !(s->window_bytes || s->window_ns));
    PROPERTY(!s->window_bytes || (s->window_bytes >= 256 << 10 && s->window_bytes < (uint64_t)1 << 44));
    PROPERTY(s->snapshot_signal >= 0 && s->snapshot_signal <= 64);
    PROPERTY(s->snapshots_max && s->snapshot_interval_ns);
    bool triggered = s->slow[0] || s->failed[0] || s->snapshot_signal;
    PROPERTY(!triggered || (s->window_bytes && s->helper));
    PROPERTY(!s->slow[0] == !cairn__pattern_least(s->slow));
}

static void check_expanding(const char *pattern)
{
    char to[64], whole[8192];
    if (strlen(pattern) > 256) return; /* longer ones only take longer */
    bool fits = cairn__settings_expand(to, sizeof to, pattern, 12345);
    PROPERTY(ends(to, sizeof to));
    if (!cairn__settings_expand(whole, sizeof whole, pattern, 12345)) return;
    PROPERTY(fits == (strlen(whole) < sizeof to));
    PROPERTY(!fits || strcmp(to, whole) == 0);
    size_t before = strlen(whole);
    if (whole[0] == '/' && cairn__settings_insert(whole, sizeof whole, ".77"))
        PROPERTY(strlen(whole) == before + 3);
}

/* ---- Patterns -------------------------------------------------------------------------------------------------------- */

enum { LONGEST = 64 };

/* By a table: whether the first i of the pattern match the first j of the text. */
static bool matches_plainly(const char *pattern, size_t m, const char *text, size_t n)
{
    static bool reached[LONGEST + 1][LONGEST + 1];
    for (size_t i = 0; i <= m; i++) {
        for (size_t j = 0; j <= n; j++) {
            bool is_star = i && pattern[i - 1] == '*';
            bool fits = i && j && (pattern[i - 1] == '?' || pattern[i - 1] == text[j - 1]);
            reached[i][j] = (!i && !j) || (is_star && (reached[i - 1][j] || (j && reached[i][j - 1]))) ||
                            (!is_star && fits && reached[i - 1][j - 1]);
        }
    }
    return reached[m][n];
}

static void check_matching(const char *list, const char *text)
{
    size_t n = strlen(text);
    bool expected = false;
    if (n > LONGEST) return;
    for (const char *item = list; item; item = *item ? item + 1 : NULL) {
        size_t m = strcspn(item, ",");
        if (m > LONGEST) return;
        expected = expected || matches_plainly(item, m, text, n);
        item += m;
    }
    PROPERTY(cairn__pattern_matches(list, text, n) == expected);
}

/* "*=1s": the last '=' of an item parts it. */
static bool matches_all(const char *list)
{
    size_t count = strcspn(list, ",");
    return strncmp(list, "*=", 2) == 0 && !memchr(list + 2, '=', count - 2);
}

/* A list that was accepted has a value in every item, so one that matches all texts is never without. */
static void check_value(const char *list, const char *text, uint64_t least)
{
    uint64_t value = 0;
    bool has_value = cairn__pattern_value(list, text, strlen(text), &value);
    PROPERTY(!has_value || value >= least);
    PROPERTY(has_value || !matches_all(list));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static struct cairn_control page;
    static struct cairn__request request;
    static struct cairn__settings settings;
    memset(&page, 0, sizeof page);
    page.request_bytes = (uint32_t)count;
    memcpy(page.request_text, bytes, count < sizeof page.request_text ? count : sizeof page.request_text);
    bool is_read = cairn__request_read(&page, &request);
    PROPERTY(is_read == (count <= CAIRN_CONTROL_TEXT_BYTES && !memchr(bytes, 0, count)));
    if (!is_read) return -1;
    check_lines(&request, bytes, count);
    const char *text = cairn__request_get(&request, "TEXT"),
               *types = cairn__request_get(&request, "CAIRN_TYPES");
    if (text && types) check_matching(types, text);
    memset(&settings, 0x5a, sizeof settings); /* nothing may be left as it was */
    if (cairn__settings_read(&settings, NULL, &request) == 0) {
        check_settings(&settings);
        check_value(settings.slow, text ? text : "order", cairn__pattern_least(settings.slow));
        check_value(settings.sample, text ? text : "order", 1);
    }
    const char *trace = cairn__request_get(&request, "CAIRN_TRACE");
    if (trace) check_expanding(trace);
    return 0;
}
