/* See show.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/show.h"

#include "base/base.h"
#include "cli/cli.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

/* ---- Numbers --------------------------------------------------------------------------------------- */

/* Three digits. The unit was chosen so that the value is under 1000 even when rounded. */
static char *three_digits(char text[SHOW_BYTES], double value, const char *unit)
{
    int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    snprintf(text, SHOW_BYTES, "%.*f %s", decimals, value, unit);
    return text;
}

char *show_duration(char text[SHOW_BYTES], uint64_t ns)
{
    double value = (double)ns;
    if (ns < 1000) return snprintf(text, SHOW_BYTES, "%" PRIu64 " ns", ns), text;
    if (value < 999.5e3) return three_digits(text, value / 1e3, "µs");
    if (value < 999.5e6) return three_digits(text, value / 1e6, "ms");
    if (value < 999.5e9) return three_digits(text, value / 1e9, "s");
    uint64_t seconds = ns / 1000000000;
    if (seconds < 36000)
        snprintf(text, SHOW_BYTES, "%" PRIu64 " m %02" PRIu64 " s", seconds / 60, seconds % 60);
    else
        snprintf(text, SHOW_BYTES, "%" PRIu64 " h %02" PRIu64 " m", seconds / 3600, seconds / 60 % 60);
    return text;
}

char *show_count(char text[SHOW_BYTES], uint64_t count)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
    char *at = text;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0) *at++ = ',';
        *at++ = digits[i];
    }
    *at = 0;
    return text;
}

char *show_number(char text[SHOW_BYTES], double number)
{
    if (number >= 999.5 && number < 1e18) return show_count(text, (uint64_t)(number + 0.5));
    snprintf(text, SHOW_BYTES, number >= 0.01 || number == 0 ? "%.3g" : "%.2g", number);
    return text;
}

char *show_rate(char text[SHOW_BYTES], double per_second)
{
    show_number(text, per_second);
    strcat(text, "/s");
    return text;
}

char *show_size(char text[SHOW_BYTES], uint64_t bytes)
{
    double value = (double)bytes;
    if (bytes < 1024) return snprintf(text, SHOW_BYTES, "%" PRIu64 " bytes", bytes), text;
    if (value < 1023.5 * 1024) return three_digits(text, value / 1024, "KiB");
    if (value < 1023.5 * 1048576) return three_digits(text, value / 1048576, "MiB");
    return three_digits(text, value / 1073741824, "GiB");
}

char *show_instant(char text[SHOW_BYTES], int64_t ns)
{
    uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
    uint64_t micros = (size + 500) / 1000;
    snprintf(text, SHOW_BYTES, "%s%" PRIu64 ".%06" PRIu64, ns < 0 && micros ? "-" : "", micros / 1000000,
             micros % 1000000);
    return text;
}

char *show_wall_clock(char text[SHOW_BYTES], int64_t realtime_ns)
{
    int64_t ns_of_second = realtime_ns % 1000000000;
    time_t seconds = (time_t)(realtime_ns / 1000000000);
    if (ns_of_second < 0) ns_of_second += 1000000000, seconds--;
    struct tm parts;
    char day[32];
    if (!gmtime_r(&seconds, &parts) || !strftime(day, sizeof day, "%Y-%m-%d %H:%M:%S", &parts))
        return snprintf(text, SHOW_BYTES, "unknown"), text;
    snprintf(text, SHOW_BYTES, "%s.%03d UTC", day, (int)(ns_of_second / 1000000));
    return text;
}

/* ---- Text ------------------------------------------------------------------------------------------ */

enum { PIECE_BYTES = 16 };

/* Control characters, also those of 8 bits, and marks that turn the direction of writing around. */
static bool steers(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

static bool is_plain(const char *text, size_t bytes, size_t *taken, uint32_t *c)
{
    *taken = cairn__utf8_next(text, bytes, c);
    return *taken && !steers(*c);
}

bool show_is_plain(const char *text, size_t bytes, size_t *taken)
{
    uint32_t c;
    bool plain = is_plain(text, bytes, taken, &c);
    if (*taken == 0) *taken = 1;
    return plain;
}

/* The next character as it is shown: bytes taken, columns needed. */
static size_t show_piece(char piece[PIECE_BYTES], const char *text, size_t bytes, size_t *columns)
{
    uint32_t c;
    size_t taken;
    if (is_plain(text, bytes, &taken, &c)) {
        memcpy(piece, text, taken);
        piece[taken] = 0;
        int width = wcwidth((wchar_t)c);
        *columns = width < 0 ? 1 : (size_t)width;
        return taken;
    }
    if (taken == 0)
        snprintf(piece, PIECE_BYTES, "\\x%02x", (unsigned char)*text), taken = 1;
    else if (c == '\n' || c == '\t' || c == '\r')
        snprintf(piece, PIECE_BYTES, "\\%c", c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
    else
        snprintf(piece, PIECE_BYTES, c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)c);
    *columns = strlen(piece);
    return taken;
}

void show_text(FILE *out, const char *text, size_t bytes)
{
    char piece[PIECE_BYTES];
    size_t columns;
    while (bytes > 0) {
        size_t taken = show_piece(piece, text, bytes, &columns);
        fputs(piece, out);
        text += taken;
        bytes -= taken;
    }
}

size_t show_text_columns(const char *text, size_t bytes)
{
    char piece[PIECE_BYTES];
    size_t columns, sum = 0;
    while (bytes > 0) {
        size_t taken = show_piece(piece, text, bytes, &columns);
        sum += columns;
        text += taken;
        bytes -= taken;
    }
    return sum;
}

char *show_text_cut(char *buffer, size_t buffer_bytes, const char *text, size_t columns)
{
    return show_bytes_cut(buffer, buffer_bytes, text, strlen(text), columns);
}

char *show_bytes_cut(char *buffer, size_t buffer_bytes, const char *text, size_t bytes, size_t columns)
{
    static const char ellipsis[] = "…";
    size_t used = 0, at = 0, width;
    bool fits = show_text_columns(text, bytes) <= columns;
    size_t room = buffer_bytes - sizeof ellipsis, limit = fits ? columns : columns - 1;
    char piece[PIECE_BYTES];
    while (bytes > 0) {
        size_t taken = show_piece(piece, text, bytes, &width), length = strlen(piece);
        if (used + width > limit || at + length > room) break;
        memcpy(buffer + at, piece, length);
        at += length;
        used += width;
        text += taken;
        bytes -= taken;
    }
    strcpy(buffer + at, bytes > 0 ? ellipsis : "");
    return buffer;
}

/* ---- Colour ---------------------------------------------------------------------------------------- */

static const char *when_coloured(const char *sequence)
{
    return cli_colour() ? sequence : "";
}

const char *show_bold(void)
{
    return when_coloured("\033[1m");
}

const char *show_dim(void)
{
    return when_coloured("\033[2m");
}

const char *show_red(void)
{
    return when_coloured("\033[31m");
}

const char *show_yellow(void)
{
    return when_coloured("\033[33m");
}

const char *show_plain(void)
{
    return when_coloured("\033[0m");
}
