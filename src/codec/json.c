/* Writing JSON. SPDX-License-Identifier: Apache-2.0
 *
 * A bit per level tells whether it is an object and whether it has items, so that no memory is needed.
 * What opens beyond JSON_DEPTH_MAX is a fault of the caller: asserted, as is an end without a begin.
 */
#include "codec/json.h"

#include "base/utf8.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void new_line(struct json *json)
{
    if (json->compact) return;
    fprintf(json->out, "\n%*s", (int)(2 * json->depth), "");
}

/* What stands before a key, or before a value that follows no key. */
static void separate(struct json *json)
{
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    if (json->depth == 0) return;
    uint64_t level = UINT64_C(1) << json->depth;
    if (json->has_items & level) fputc(',', json->out);
    json->has_items |= level;
    new_line(json);
}

static void open_level(struct json *json, bool is_object)
{
    assert(json->depth < JSON_DEPTH_MAX);
    separate(json);
    fputc(is_object ? '{' : '[', json->out);
    uint64_t level = UINT64_C(1) << ++json->depth;
    json->is_object = is_object ? json->is_object | level : json->is_object & ~level;
    json->has_items &= ~level;
}

void json_object(struct json *json)
{
    open_level(json, true);
}

void json_array(struct json *json)
{
    open_level(json, false);
}

void json_end(struct json *json)
{
    assert(json->depth > 0);
    uint64_t level = UINT64_C(1) << json->depth--;
    if (json->has_items & level) new_line(json);
    fputc(json->is_object & level ? '}' : ']', json->out);
    if (json->depth == 0 && !json->compact) fputc('\n', json->out);
}

/* How many bytes of `text`, from its begin, stand in JSON as they are. */
static size_t plain_bytes(const char *text, size_t bytes)
{
    size_t at = 0;
    while (at < bytes) {
        unsigned char c = (unsigned char)text[at];
        uint32_t code_point;
        size_t length = c < 0x80 ? 1 : cairn__utf8_next(text + at, bytes - at, &code_point);
        if (length == 0 || c < 0x20 || c == 0x7f || c == '"' || c == '\\') break;
        at += length;
    }
    return at;
}

static void write_escaped(FILE *out, unsigned char c)
{
    if (c == '"' || c == '\\')
        fprintf(out, "\\%c", c);
    else if (c == '\n')
        fputs("\\n", out);
    else if (c == '\t')
        fputs("\\t", out);
    else
        fprintf(out, "\\u%04x", c < 0x80 ? c : 0xfffdu);
}

static void write_string(FILE *out, const char *text, size_t bytes)
{
    fputc('"', out);
    for (;;) {
        size_t plain = plain_bytes(text, bytes);
        if (plain) fwrite(text, 1, plain, out);
        if (plain == bytes) break;
        write_escaped(out, (unsigned char)text[plain]);
        text += plain + 1;
        bytes -= plain + 1;
    }
    fputc('"', out);
}

void json_key(struct json *json, const char *key)
{
    separate(json);
    write_string(json->out, key, strlen(key));
    fputs(json->compact ? ":" : ": ", json->out);
    json->after_key = true;
}

void json_uint(struct json *json, uint64_t value)
{
    separate(json);
    fprintf(json->out, "%" PRIu64, value);
}

void json_int(struct json *json, int64_t value)
{
    separate(json);
    fprintf(json->out, "%" PRId64, value);
}

void json_double(struct json *json, double value)
{
    char text[40];
    if (!isfinite(value)) {
        json_null(json);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    separate(json);
    fputs(text, json->out);
}

void json_bool(struct json *json, bool value)
{
    separate(json);
    fputs(value ? "true" : "false", json->out);
}

void json_null(struct json *json)
{
    separate(json);
    fputs("null", json->out);
}

void json_text(struct json *json, const char *text)
{
    if (text)
        json_text_bytes(json, text, strlen(text));
    else
        json_null(json);
}

void json_text_bytes(struct json *json, const char *text, size_t bytes)
{
    separate(json);
    write_string(json->out, text, bytes);
}
