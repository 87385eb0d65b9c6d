/* See logtext.h. SPDX-License-Identifier: Apache-2.0
 *
 * The format is cut into literal text and conversions by the same scanner that the writer uses. A conversion is
 * handed to snprintf one at a time, rebuilt as  %flags*.*letter  with width and precision as arguments, so that
 * both can be bounded. Strings and characters are padded here: they may hold any bytes.
 */
#include "trace/logtext.h"

#include "base/base.h"
#include "cairn/cairn.h"
#include "format/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WIDTH_MAX = TRACE_LOG_WIDTH_MAX,
    SCRATCH_BYTES = 2 * WIDTH_MAX + 1024 /* sign, digits, point, digits, grouping */
};

struct arguments {
    const uint8_t *at;
    size_t left;
    bool short_of; /* more was asked for than there is */
};

struct field { /* a conversion with its width and precision */
    const char *format;
    const struct cairn_log_conversion *conversion;
    int width;     /* negative: to the left */
    int precision; /* negative: none */
};

/* ---- Output ------------------------------------------------------------------------------------------ */

static void put(struct trace_text *text, const char *bytes, size_t count)
{
    size_t room = TRACE_TEXT_BYTES_MAX - text->count;
    size_t fits = count < room ? count : room;
    if (fits) memcpy(text->bytes + text->count, bytes, fits);
    text->count += fits;
    text->full += count;
}

static void pad(struct trace_text *text, size_t count)
{
    size_t room = TRACE_TEXT_BYTES_MAX - text->count;
    size_t fits = count < room ? count : room;
    memset(text->bytes + text->count, ' ', fits);
    text->count += fits;
    text->full += count;
}

static bool has_flag(const struct field *field, char flag)
{
    const char *at = field->format + field->conversion->begin + 1;
    for (; strchr("-+ #0'I", *at) && *at; at++) {
        if (*at == flag) return true;
    }
    return false;
}

static void put_padded(struct trace_text *text, const struct field *field, const char *bytes, size_t count)
{
    bool to_the_left = field->width < 0 || has_flag(field, '-');
    size_t width = (size_t)(field->width < 0 ? -field->width : field->width);
    size_t padding = width > count ? width - count : 0;
    if (!to_the_left) pad(text, padding);
    put(text, bytes, count);
    if (to_the_left) pad(text, padding);
}

/* ---- Arguments --------------------------------------------------------------------------------------- */

static bool take(struct arguments *arguments, void *value, size_t bytes)
{
    if (arguments->left < bytes) {
        arguments->short_of = true;
        return false;
    }
    memcpy(value, arguments->at, bytes);
    arguments->at += bytes;
    arguments->left -= bytes;
    return true;
}

static int take_bounded(struct arguments *arguments, int max)
{
    int32_t value = 0;
    take(arguments, &value, sizeof value);
    if (value > max) return max;
    return value < -max ? -max : value;
}

/* A stored text. False: NULL was given, or it does not fit. */
static bool take_text(struct arguments *arguments, struct trace_value *value)
{
    uint32_t size;
    uint64_t full = 0;
    if (!take(arguments, &size, sizeof size) || size & CAIRN_LOG_NULL) return false;
    size_t count = size & CAIRN_SIZE_MASK;
    if (size & CAIRN_SIZE_CUT) {
        if (count < sizeof full || !take(arguments, &full, sizeof full)) return !(arguments->short_of = true);
        count -= sizeof full;
    }
    if (count > arguments->left) return !(arguments->short_of = true);
    *value = (struct trace_value){.type = CAIRN_I_VALUE_TEXT,
                                  .text = (const char *)arguments->at,
                                  .text_bytes = count,
                                  .text_bytes_full = full > count ? full : count};
    arguments->at += count;
    arguments->left -= count;
    return true;
}

static void put_stored_text(struct trace_text *text, const struct field *field, struct arguments *arguments)
{
    struct trace_value value;
    if (take_text(arguments, &value)) {
        put_padded(text, field, value.text, value.text_bytes);
        text->full += value.text_bytes_full - value.text_bytes;
    } else if (!arguments->short_of) {
        put_padded(text, field, "(null)", 6);
    }
}

/* ---- Conversions ------------------------------------------------------------------------------------- */

/* "%flags*.*length letter" for snprintf. */
static void rebuild(const struct field *field, const char *length, char out[32])
{
    size_t at = 0;
    out[at++] = '%';
    for (const char *flag = "-+ #0'"; *flag; flag++) {
        if (has_flag(field, *flag)) out[at++] = *flag;
    }
    at += (size_t)snprintf(out + at, 32 - at, "*.*%s%c", length, field->conversion->letter);
    out[at] = 0;
}

/* What snprintf has written to the scratch, which holds any number with bounded width and precision. */
static void put_number(struct trace_text *text, int length)
{
    if (length > 0 && (size_t)length < SCRATCH_BYTES) put(text, text->scratch, (size_t)length);
}

static void put_int(struct trace_text *text, const struct field *field, struct arguments *arguments)
{
    char spec[32];
    int32_t value;
    if (!take(arguments, &value, sizeof value)) return;
    rebuild(field, field->conversion->length[0] == 'h' ? field->conversion->length : "", spec);
    put_number(text,
               snprintf(text->scratch, SCRATCH_BYTES, spec, field->width, field->precision, (int)value));
}

static void put_long(struct trace_text *text, const struct field *field, struct arguments *arguments)
{
    char spec[32];
    int64_t value;
    if (!take(arguments, &value, sizeof value)) return;
    bool pointer = field->conversion->letter == 'p';
    rebuild(field, pointer ? "" : "ll", spec);
    int length = pointer ? snprintf(text->scratch, SCRATCH_BYTES, spec, field->width, field->precision,
                                    (void *)(uintptr_t)value)
                         : snprintf(text->scratch, SCRATCH_BYTES, spec, field->width, field->precision,
                                    (long long)value);
    put_number(text, length);
}

static void put_double(struct trace_text *text, const struct field *field, struct arguments *arguments)
{
    char spec[32];
    double value;
    if (!take(arguments, &value, sizeof value)) return;
    rebuild(field, "", spec);
    put_number(text, snprintf(text->scratch, SCRATCH_BYTES, spec, field->width, field->precision, value));
}

static void put_character(struct trace_text *text, const struct field *field, struct arguments *arguments)
{
    int32_t value;
    if (!take(arguments, &value, sizeof value)) return;
    char bytes[4] = {(char)value};
    bool wide = field->conversion->letter == 'C' || field->conversion->length[0] == 'l';
    put_padded(text, field, bytes, wide ? cairn__utf8_put(bytes, (uint32_t)value) : 1);
}

static void put_errno(struct trace_text *text, const struct field *field, struct arguments *arguments)
{
    int32_t value;
    if (!take(arguments, &value, sizeof value)) return;
    char buffer[128];
    const char *message = strerror_r(value, buffer, sizeof buffer);
    size_t count = strlen(message);
    if (field->precision >= 0 && count > (size_t)field->precision) count = (size_t)field->precision;
    put_padded(text, field, message, count);
}

static void put_conversion(struct trace_text *text, struct field *field, struct arguments *arguments)
{
    const struct cairn_log_conversion *conversion = field->conversion;
    if (conversion->star_width) field->width = take_bounded(arguments, WIDTH_MAX);
    if (conversion->star_precision) field->precision = take_bounded(arguments, WIDTH_MAX);
    if (arguments->short_of) return;
    char letter = conversion->letter;
    switch (cairn__log_kind(conversion)) {
    case CAIRN_LOG_INT:
        if (letter == 'c' || letter == 'C') {
            put_character(text, field, arguments);
        } else {
            put_int(text, field, arguments);
        }
        break;
    case CAIRN_LOG_LONG: put_long(text, field, arguments); break;
    case CAIRN_LOG_DOUBLE:
    case CAIRN_LOG_LONG_DOUBLE: put_double(text, field, arguments); break;
    case CAIRN_LOG_TEXT:
    case CAIRN_LOG_WIDE_TEXT: put_stored_text(text, field, arguments); break;
    case CAIRN_LOG_ERRNO: put_errno(text, field, arguments); break;
    default: put(text, "%", 1);
    }
}

/* The width that stands in the format, 0 if none: the digits behind the flags. */
static int literal_width(const char *format, const struct cairn_log_conversion *conversion)
{
    const char *at = format + conversion->begin + 1;
    at += strspn(at, "-+ #0'I");
    int width = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        width = width * 10 + (*at - '0');
        if (width > WIDTH_MAX) width = WIDTH_MAX;
    }
    return width;
}

bool trace_text_ready(struct trace_text *text)
{
    if (!text->bytes) text->bytes = malloc(TRACE_TEXT_BYTES_MAX + SCRATCH_BYTES);
    if (text->bytes) text->scratch = text->bytes + TRACE_TEXT_BYTES_MAX;
    return text->bytes;
}

void trace_text_free(struct trace_text *text)
{
    free(text->bytes);
    *text = (struct trace_text){0};
}

bool trace_log_render(struct trace_text *text, const char *format, const uint8_t *bytes, size_t count)
{
    text->count = 0;
    text->full = 0;
    size_t format_bytes = strlen(format), at = 0;
    uint8_t kinds[CAIRN_LOG_ARGUMENTS_MAX];
    if (cairn__log_kinds(format, format_bytes, kinds) < 0) {
        put(text, format, format_bytes);
        return true;
    }
    struct arguments arguments = {.at = bytes, .left = count};
    struct cairn_log_conversion conversion;
    size_t literal = 0;
    while (!arguments.short_of && cairn__log_next(format, format_bytes, &at, &conversion) > 0) {
        put(text, format + literal, conversion.begin - literal);
        literal = conversion.end;
        struct field field = {.format = format,
                              .conversion = &conversion,
                              .width = literal_width(format, &conversion),
                              .precision =
                                  conversion.precision > WIDTH_MAX ? WIDTH_MAX : conversion.precision};
        put_conversion(text, &field, &arguments);
    }
    if (!arguments.short_of) put(text, format + literal, format_bytes - literal);
    return !arguments.short_of;
}

/* ---- Arguments as values ------------------------------------------------------------------------------- */

static struct trace_value int_value(struct arguments *arguments)
{
    int32_t value = 0;
    take(arguments, &value, sizeof value);
    return (struct trace_value){.type = CAIRN_I_VALUE_INT, .i = value};
}

/* As snprintf would show it: what a shorter type cuts off was never meant. */
static struct trace_value shortened(struct trace_value value, const struct cairn_log_conversion *conversion)
{
    bool is_signed = strchr("dic", conversion->letter) || conversion->letter == 'C';
    if (conversion->letter == 'c' && !conversion->length[0]) value.i = (unsigned char)value.i;
    if (strcmp(conversion->length, "hh") == 0) value.i = is_signed ? (signed char)value.i : (uint8_t)value.i;
    if (strcmp(conversion->length, "h") == 0) value.i = is_signed ? (int16_t)value.i : (uint16_t)value.i;
    if (!is_signed) value.i = (int64_t)(uint32_t)value.i;
    return value;
}

static struct trace_value conversion_value(const struct cairn_log_conversion *conversion,
                                           struct arguments *arguments)
{
    struct trace_value value = {0};
    switch (cairn__log_kind(conversion)) {
    case CAIRN_LOG_INT: return shortened(int_value(arguments), conversion);
    case CAIRN_LOG_ERRNO: return int_value(arguments);
    case CAIRN_LOG_LONG:
        value.type = strchr("di", conversion->letter) ? CAIRN_I_VALUE_INT : CAIRN_I_VALUE_UINT;
        take(arguments, &value.i, sizeof value.i);
        return value;
    case CAIRN_LOG_DOUBLE:
    case CAIRN_LOG_LONG_DOUBLE:
        value.type = CAIRN_I_VALUE_FLOAT;
        take(arguments, &value.f, sizeof value.f);
        return value;
    default: take_text(arguments, &value); return value;
    }
}

unsigned trace_log_arguments(struct trace_value values[CAIRN_LOG_ARGUMENTS_MAX], const char *format,
                             const uint8_t *bytes, size_t count)
{
    uint8_t kinds[CAIRN_LOG_ARGUMENTS_MAX];
    size_t format_bytes = strlen(format), at = 0;
    struct arguments arguments = {.at = bytes, .left = count};
    struct cairn_log_conversion conversion;
    unsigned found = 0;
    if (cairn__log_kinds(format, format_bytes, kinds) < 0) return 0; /* else all fit into `values` */
    while (cairn__log_next(format, format_bytes, &at, &conversion) > 0) {
        if (!cairn__log_kind(&conversion)) continue;
        unsigned stars = conversion.star_width + conversion.star_precision;
        for (unsigned i = 0; i < stars; i++) values[found + i] = int_value(&arguments);
        values[found + stars] = conversion_value(&conversion, &arguments);
        if (arguments.short_of) break;
        found += stars + 1;
    }
    return found;
}
