/* Lines and values of the text form: see textform.h. SPDX-License-Identifier: Apache-2.0
 *
 * A value may be quoted; in quotes \n, \t, \", \\ and \xHH stand for bytes. Cutting works in place: what is
 * unescaped is never longer than what it was. */
#include "trace/textform.h"

#include "base/base.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- Cutting ----------------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte for the escape at `from` (behind the backslash), and how long that is; 0 if it is none. */
static size_t unescape(const char *from, char *byte)
{
    switch (*from) {
    case 'n': *byte = '\n'; return 1;
    case 't': *byte = '\t'; return 1;
    case '"':
    case '\\': *byte = *from; return 1;
    case 'x':
        if (hex_digit(from[1]) < 0 || hex_digit(from[2]) < 0) return 0;
        *byte = (char)(hex_digit(from[1]) << 4 | hex_digit(from[2]));
        return 3;
    default: return 0;
    }
}

/* Unquotes in place; *at stands on the quote and is moved behind the closing one. */
static const char *quoted(char **at, struct text_pair *pair)
{
    char *from = *at + 1, *to = *at;
    pair->value = to;
    while (*from && *from != '"') {
        if (*from != '\\') {
            *to++ = *from++;
            continue;
        }
        size_t length = unescape(from + 1, to);
        if (!length) return "an escape that is none in quotes";
        to++;
        from += 1 + length;
    }
    if (*from != '"') return "quotes that are not closed";
    *at = from + 1;
    pair->bytes = (size_t)(to - pair->value);
    *to = 0;
    return NULL;
}

static bool ends_word(char c)
{
    return !c || isspace((unsigned char)c) || c == '#';
}

/* One value or pair. */
static const char *one_pair(char **at, struct text_pair *pair)
{
    char *begin = *at;
    *pair = (struct text_pair){.key = ""};
    while (!ends_word(**at) && **at != '=' && **at != '"') ++*at;
    if (**at == '=') {
        *(*at)++ = 0;
        pair->key = begin;
        begin = *at;
        while (!ends_word(**at) && **at != '"') ++*at;
    }
    if (**at == '"') return quoted(at, pair);
    pair->value = begin;
    pair->bytes = (size_t)(*at - begin);
    return NULL;
}

const char *text_line_split(struct text_line *line, char *text)
{
    line->keyword = "";
    line->count = 0;
    for (char *at = text; *at && *at != '#';) {
        if (isspace((unsigned char)*at)) {
            *at++ = 0;
            continue;
        }
        if (line->count == TEXT_PAIRS_MAX) return "too many values";
        const char *wrong = one_pair(&at, &line->pairs[line->count]);
        if (wrong) return wrong;
        if (!ends_word(*at)) return "a value that goes on behind its quotes";
        line->count++;
        if (*at == '#') *at = 0;
    }
    if (!line->count) return NULL;
    if (*line->pairs[0].key) return "a line that does not begin with a keyword";
    line->keyword = line->pairs[0].value;
    line->pairs[0].used = true;
    return NULL;
}

struct text_pair *text_line_take(struct text_line *line, const char *key)
{
    for (uint32_t i = 0; i < line->count; i++) {
        if (line->pairs[i].used || strcmp(line->pairs[i].key, key)) continue;
        line->pairs[i].used = true;
        return &line->pairs[i];
    }
    return NULL;
}

const char *text_line_unused(const struct text_line *line)
{
    for (uint32_t i = 0; i < line->count; i++) {
        if (!line->pairs[i].used) return *line->pairs[i].key ? line->pairs[i].key : line->pairs[i].value;
    }
    return NULL;
}

/* ---- Numbers ------------------------------------------------------------------------------------------- */

bool text_number(const char *text, uint64_t *value)
{
    char *end;
    errno = 0;
    if (strncmp(text, "0x", 2) && strpbrk(text, ".eni")) {
        double number = strtod(text, &end);
        memcpy(value, &number, sizeof *value);
    } else {
        *value = *text == '-' ? (uint64_t)strtoll(text, &end, 0) : strtoull(text, &end, 0);
    }
    return *text && !*end && !errno;
}

/* Three numbers joined by colons, or one. Returns how many. */
static int colons(const char *text, uint64_t parts[3])
{
    char copy[80];
    if (strlen(text) >= sizeof copy) return 0;
    strcpy(copy, text);
    int count = 0;
    for (char *at = copy, *next; at && count < 3; at = next) {
        next = strchr(at, ':');
        if (next) *next++ = 0;
        if (!text_number(at, &parts[count++])) return 0;
        if (next && count == 3) return 0;
    }
    return count;
}

bool text_id(const char *text, uint64_t *value)
{
    uint64_t parts[3];
    int count = colons(text, parts);
    if (count == 3) {
        *value = parts[0] << CAIRN_ID_ROUND_SHIFT | parts[1] << CAIRN_ID_SITE_SHIFT | parts[2];
    } else {
        *value = parts[0];
    }
    return count == 1 || count == 3;
}

bool text_place(const char *text, uint64_t *value)
{
    uint64_t parts[3];
    int count = colons(text, parts);
    *value = count == 3 ? cairn__place((uint32_t)parts[0], parts[1], (uint32_t)parts[2]) : parts[0];
    return count == 1 || count == 3;
}

/* ---- Writing ------------------------------------------------------------------------------------------- */

void text_write_quoted(FILE *out, const char *bytes, size_t count)
{
    putc('"', out);
    for (size_t i = 0; i < count;) {
        size_t length = cairn__utf8_next(bytes + i, count - i, NULL);
        unsigned char byte = (unsigned char)bytes[i];
        if (byte == '"' || byte == '\\') {
            fprintf(out, "\\%c", byte);
        } else if (byte == '\n') {
            fputs("\\n", out);
        } else if (!length || byte < 0x20 || byte == 0x7f) {
            fprintf(out, "\\x%02x", byte);
        } else {
            fwrite(bytes + i, 1, length, out);
        }
        i += length ? length : 1;
    }
    putc('"', out);
}

void text_write_id(FILE *out, uint64_t id)
{
    if (id <= CAIRN_ID_OFF || id >> CAIRN_ID_UNSAMPLED_SHIFT & 1) {
        fprintf(out, id > CAIRN_ID_OFF ? "0x%" PRIx64 : "%" PRIu64, id);
        return;
    }
    fprintf(out, "%" PRIu64 ":%" PRIu32 ":%" PRIu64, id >> CAIRN_ID_ROUND_SHIFT, cairn__id_site(id),
            id & (((uint64_t)1 << CAIRN_ID_SERIAL_BITS) - 1));
}

void text_write_place(FILE *out, uint64_t place)
{
    fprintf(out, "%" PRIu32 ":%" PRIu32 ":%" PRIu32, cairn__place_site(place), cairn__place_block(place),
            cairn__place_offset(place));
}
