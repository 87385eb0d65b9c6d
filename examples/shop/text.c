/* Text that grows, up to a limit. SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static bool reserve(struct text *text, size_t more)
{
    if (text->failed || more > TEXT_BYTES_MAX - text->count) return !(text->failed = true);
    size_t capacity = text->capacity ? text->capacity : 4096;
    while (capacity < text->count + more) capacity *= 2;
    if (capacity == text->capacity) return true;
    char *bytes = realloc(text->bytes, capacity);
    if (!bytes) return !(text->failed = true);
    text->bytes = bytes;
    text->capacity = capacity;
    return true;
}

void text_clear(struct text *text)
{
    text->count = 0;
    text->failed = false;
}

void text_destroy(struct text *text)
{
    free(text->bytes);
    *text = (struct text){0};
}

void text_append(struct text *text, const char *bytes, size_t count)
{
    if (!reserve(text, count)) return;
    memcpy(text->bytes + text->count, bytes, count);
    text->count += count;
}

void text_format(struct text *text, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    int count = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (count < 0 || (size_t)count >= sizeof line) {
        text->failed = true;
        return;
    }
    text_append(text, line, (size_t)count);
}

void text_json(struct text *text, const char *string)
{
    text_append(text, "\"", 1);
    for (const char *c = string; *c; c++) {
        if (*c == '"' || *c == '\\') {
            text_append(text, "\\", 1);
            text_append(text, c, 1);
        } else if ((unsigned char)*c < 0x20) {
            text_format(text, "\\u%04x", *c);
        } else {
            text_append(text, c, 1);
        }
    }
    text_append(text, "\"", 1);
}

bool text_gzip(const struct text *plain, struct text *packed)
{
    enum { GZIP = 16 };
    z_stream stream = {0};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP + MAX_WBITS, 8, Z_DEFAULT_STRATEGY))
        return false;
    text_clear(packed);
    bool done = reserve(packed, deflateBound(&stream, plain->count));
    if (done) {
        stream.next_in = (Bytef *)plain->bytes;
        stream.avail_in = (uInt)plain->count;
        stream.next_out = (Bytef *)packed->bytes;
        stream.avail_out = (uInt)packed->capacity;
        done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
        packed->count = stream.total_out;
    }
    deflateEnd(&stream);
    return done;
}
