/* See logformat.h. SPDX-License-Identifier: Apache-2.0
 *
 * One conversion is  % flags width .precision length letter,  in that order. The scan never looks behind
 * `format_bytes`, because readers feed it from files.
 */
#include "logformat.h"

#include <string.h>

static bool one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

/* A width or precision: digits or *. Returns its value, -1 for none; sets *star. Digits that go on with $ are
 * a position; the letter check refuses them, as $ is no letter. */
static int number_or_star(const char *format, size_t bytes, size_t *at, bool *star)
{
    *star = *at < bytes && format[*at] == '*';
    if (*star) {
        ++*at;
        return -1;
    }
    int value = -1;
    for (; *at < bytes && format[*at] >= '0' && format[*at] <= '9'; ++*at) {
        value = (value < 0 ? 0 : value) * 10 + (format[*at] - '0');
        if (value > 1000000) value = 1000000;
    }
    return value;
}

static void length_modifier(const char *format, size_t bytes, size_t *at, char length[3])
{
    memset(length, 0, 3);
    for (size_t i = 0; i < 2 && *at < bytes && one_of(format[*at], "hlqjztL"); i++) {
        bool doubles = format[*at] == 'h' || format[*at] == 'l';
        if (i == 1 && (!doubles || format[*at] != length[0])) return;
        length[i] = format[*at] == 'q' ? 'j' : format[*at];
        ++*at;
        if (!doubles) return;
    }
}

int cairn__log_next(const char *format, size_t format_bytes, size_t *at,
                    struct cairn_log_conversion *conversion)
{
    const char *percent = *at < format_bytes ? memchr(format + *at, '%', format_bytes - *at) : NULL;
    if (!percent) return 0;
    size_t i = (size_t)(percent - format);
    conversion->begin = (uint32_t)i++;
    while (i < format_bytes && one_of(format[i], "-+ #0'I")) i++;
    number_or_star(format, format_bytes, &i, &conversion->star_width);
    conversion->star_precision = false;
    conversion->precision = -1;
    if (i < format_bytes && format[i] == '.') {
        i++;
        conversion->precision = number_or_star(format, format_bytes, &i, &conversion->star_precision);
        if (conversion->precision < 0 && !conversion->star_precision) conversion->precision = 0;
    }
    length_modifier(format, format_bytes, &i, conversion->length);
    if (i >= format_bytes || !one_of(format[i], "diouxXcCsSpfFeEgGaAm%")) return -1;
    conversion->letter = format[i++];
    conversion->end = (uint32_t)i;
    *at = i;
    return 1;
}

enum cairn_log_kind cairn__log_kind(const struct cairn_log_conversion *conversion)
{
    char length = conversion->length[0];
    switch (conversion->letter) {
    case '%': return (enum cairn_log_kind)0;
    case 'm': return CAIRN_LOG_ERRNO;
    case 'c':
    case 'C': return CAIRN_LOG_INT;
    case 's': return length == 'l' ? CAIRN_LOG_WIDE_TEXT : CAIRN_LOG_TEXT;
    case 'S': return CAIRN_LOG_WIDE_TEXT;
    case 'p': return CAIRN_LOG_LONG;
    case 'd':
    case 'i':
    case 'o':
    case 'u':
    case 'x':
    case 'X': return length && length != 'h' ? CAIRN_LOG_LONG : CAIRN_LOG_INT;
    default: return length == 'L' ? CAIRN_LOG_LONG_DOUBLE : CAIRN_LOG_DOUBLE;
    }
}

int cairn__log_kinds(const char *format, size_t format_bytes, uint8_t kinds[CAIRN_LOG_ARGUMENTS_MAX])
{
    int count = 0;
    size_t at = 0;
    struct cairn_log_conversion conversion;
    for (int found; (found = cairn__log_next(format, format_bytes, &at, &conversion)) != 0;) {
        if (found < 0) return -1;
        uint8_t taken[3];
        int taken_count = 0;
        if (conversion.star_width) taken[taken_count++] = CAIRN_LOG_INT;
        if (conversion.star_precision) taken[taken_count++] = CAIRN_LOG_INT;
        enum cairn_log_kind kind = cairn__log_kind(&conversion);
        if (kind) taken[taken_count++] = (uint8_t)kind;
        if (count + taken_count > CAIRN_LOG_ARGUMENTS_MAX) return -1;
        memcpy(kinds + count, taken, (size_t)taken_count);
        count += taken_count;
    }
    return count;
}
