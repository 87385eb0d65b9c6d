/* Logs and string attributes: events of variable length. SPDX-License-Identifier: Apache-2.0
 *
 * Text is copied into the chunk behind a 32-bit size; chunks are zeroed, so the padding is there already. The
 * arguments of a formatted log are copied raw, in the order of the format (format/logformat.h):
 *
 *   - A format is parsed once per call site into its signature, 3 bits an argument. Where all are plain numbers,
 *     at most 8, the signature alone drives the copy, straight into the chunk.
 *   - Anything else (strings, long double, %m, more arguments) is collected in a buffer on the stack first,
 *     because its length is only known afterwards; strings are only referred to there.
 */
#include "format/logformat.h"
#include "record/emit.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <wchar.h>

/* ---- Text --------------------------------------------------------------------------------------------- */

struct piece { /* text as it will be stored */
    const char *bytes;
    uint32_t count;
    uint64_t full; /* greater than count: it is cut */
};

static struct piece piece_of(const char *text, size_t limit)
{
    if (!text) text = "(null)";
    size_t full = strlen(text);
    return (struct piece){text, (uint32_t)(full <= limit ? full : cairn__utf8_cut(text, limit)), full};
}

/* Bytes behind the 32-bit size. */
static uint32_t piece_bytes(const struct piece *piece)
{
    return piece->count + (piece->full > piece->count ? 8 : 0);
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t count)
{
    memcpy(at, bytes, count);
    return at + count;
}

static uint8_t *put_text(uint8_t *at, const struct piece *piece)
{
    if (piece->full > piece->count) at = put(at, &piece->full, 8);
    return put(at, piece->bytes, piece->count);
}

static uint32_t size_field(uint32_t bytes, const struct piece *piece)
{
    return piece->full > piece->count ? bytes | CAIRN_SIZE_CUT : bytes;
}

static uint64_t variable_words(uint32_t bytes)
{
    return 1 + (4 + (uint64_t)bytes + 7) / 8;
}

static inline void write_piece(struct cairn__stream *stream, uint64_t *at, uint64_t head,
                               const struct piece *piece)
{
    uint32_t bytes = piece_bytes(piece);
    uint32_t size = size_field(bytes, piece);
    put_text(put((uint8_t *)(at + 1), &size, 4), piece);
    cairn__write(stream, at, head, variable_words(bytes));
}

/* Logs and string attributes of the state. */
static CAIRN_COLD void write_text(cairn_task task, cairn_i_site *site, const char *text,
                                  enum cairn_event_kind kind, enum cairn_tally tally)
{
    if (cairn__is_sampled_away(task.id, task.birth)) return;
    struct cairn__thread *thread;
    struct cairn__stream *stream = cairn__enter(&thread, tally);
    if (!stream) return;
    uint32_t number = cairn__site(site);
    if (number) {
        struct piece piece = piece_of(text, CAIRN_TEXT_BYTES_MAX);
        uint64_t *at = cairn__room(thread, stream, variable_words(piece_bytes(&piece)), tally);
        if (at) {
            uint64_t now = cairn__os_ticks();
            at = cairn__time_and_task(stream, at, now, task);
            write_piece(stream, at, cairn__head(kind, number, now), &piece);
        }
    }
    cairn__leave(thread, stream);
}

static inline void quick_text(cairn_task task, cairn_i_site *site, const char *text,
                              enum cairn_event_kind kind, enum cairn_tally tally)
{
    struct cairn__thread *thread = cairn__local.thread;
    uint32_t number = atomic_load_acquire(&site->number); /* as in cairn__site */
    struct piece piece = piece_of(text, CAIRN_TEXT_BYTES_MAX);
    uint64_t *at, now;
    if (CAIRN_UNLIKELY(!cairn__quick(thread, number, variable_words(piece_bytes(&piece)), &at, &now) ||
                       !cairn__quick_task(thread, &at, task))) {
        write_text(task, site, text, kind, tally);
        return;
    }
    write_piece(&thread->main, at, cairn__head(kind, number, now), &piece);
    cairn__quick_leave(thread);
}

CAIRN_HOT void cairn_i_log(uint64_t task_id, uint64_t task_birth, cairn_i_site *site, const char *message)
{
    const cairn_task task = {task_id, task_birth};
    quick_text(task, site, message, CAIRN_EVENT_LOG, CAIRN_TALLY_LOG);
}

void cairn_i_text_task(uint64_t id, uint64_t birth, cairn_i_site *site, const char *value)
{
    const cairn_task task = {id, birth};
    quick_text(task, site, value, CAIRN_EVENT_ATTR_TEXT, CAIRN_TALLY_ATTR);
}

void cairn_i_text_region(uint64_t place, uint64_t birth, cairn_i_site *site, const char *value)
{
    const cairn_region region = {place, birth};
    if (!region.place) return;
    struct cairn__thread *thread;
    struct cairn__stream *stream = cairn__enter(&thread, CAIRN_TALLY_ATTR);
    if (CAIRN_UNLIKELY(!stream)) return;
    uint32_t number = cairn__site(site);
    struct piece piece = piece_of(value, CAIRN_TEXT_BYTES_MAX);
    uint32_t bytes = 16 + piece_bytes(&piece);
    uint64_t words = variable_words(bytes);
    uint64_t *at = NULL;
    if (region.place == CAIRN_PLACE_LOST) {
        cairn__count_lost(thread, CAIRN_TALLY_ATTR, region.birth == cairn__generation());
    } else if (cairn__is_of_this_session(region)) {
        at = cairn__room(thread, stream, words, CAIRN_TALLY_ATTR);
    }
    if (CAIRN_LIKELY(at)) {
        uint64_t now = cairn__os_ticks();
        at = cairn__time(stream, at, now);
        uint32_t size = size_field(bytes, &piece);
        uint8_t *data = put((uint8_t *)(at + 1), &size, 4);
        put_text(put(put(data, &region.place, 8), &region.birth, 8), &piece);
        cairn__write(stream, at, cairn__head(CAIRN_EVENT_REGION_ATTR_TEXT, number, now), words);
    }
    cairn__leave(thread, stream);
}

/* ---- Signatures ----------------------------------------------------------------------------------------- */

/* Bits 0..23: kinds of up to 8 arguments; 24..27: how many; 28..29: words that they take (3: variable event);
 * 30: anything else, parse again; 31: set, so that 0 means not parsed yet. */
enum {
    SIGNATURE_COUNT_SHIFT = 24,
    SIGNATURE_WORDS_SHIFT = 28,
};
#define SIGNATURE_COMPLEX 0x40000000u
#define SIGNATURE_PARSED 0x80000000u
#define SIGNATURE_TWO_INTS                                                                                   \
    (SIGNATURE_PARSED | 2u << SIGNATURE_COUNT_SHIFT | 1u << SIGNATURE_WORDS_SHIFT | CAIRN_LOG_INT << 3 |     \
     CAIRN_LOG_INT)

static uint32_t parse_signature(const char *format)
{
    uint8_t kinds[CAIRN_LOG_ARGUMENTS_MAX];
    int count = cairn__log_kinds(format, strlen(format), kinds);
    if (count < 0 || count > 8) return SIGNATURE_PARSED | SIGNATURE_COMPLEX;
    uint32_t signature = SIGNATURE_PARSED | (uint32_t)count << SIGNATURE_COUNT_SHIFT;
    uint32_t bytes = 0;
    for (int i = 0; i < count; i++) {
        if (kinds[i] > CAIRN_LOG_DOUBLE) return SIGNATURE_PARSED | SIGNATURE_COMPLEX;
        signature |= (uint32_t)kinds[i] << 3 * i;
        bytes += kinds[i] == CAIRN_LOG_INT ? 4 : 8;
    }
    uint32_t words = (bytes + 7) / 8;
    return signature | (words < 3 ? words : 3) << SIGNATURE_WORDS_SHIFT;
}

/* Copies plain numbers as the signature says; returns where they end. */
static inline uint8_t *put_numbers(uint8_t *at, uint32_t signature, va_list *arguments)
{
    uint32_t count = signature >> SIGNATURE_COUNT_SHIFT & 15;
    for (uint32_t i = 0; i < count; i++, signature >>= 3) {
        if ((signature & 7) == CAIRN_LOG_INT) {
            int value = va_arg(*arguments, int);
            at = put(at, &value, 4);
        } else if ((signature & 7) == CAIRN_LOG_LONG) {
            long long value = va_arg(*arguments, long long);
            at = put(at, &value, 8);
        } else {
            double value = va_arg(*arguments, double);
            at = put(at, &value, 8);
        }
    }
    return at;
}

/* Words to ask for: an upper bound for the variable form. */
static inline uint64_t numbers_words(uint32_t signature)
{
    uint32_t words = signature >> SIGNATURE_WORDS_SHIFT & 3;
    return words < 3 ? 1 + words : 10;
}

static inline void write_numbers(struct cairn__stream *stream, uint64_t *at, uint32_t number, uint64_t now,
                                 uint32_t signature, va_list *arguments)
{
    static const uint8_t kinds[] = {CAIRN_EVENT_LOGF_0, CAIRN_EVENT_LOGF_1, CAIRN_EVENT_LOGF_2};
    uint32_t words = signature >> SIGNATURE_WORDS_SHIFT & 3;
    if (CAIRN_LIKELY(signature == SIGNATURE_TWO_INTS)) { /* the most frequent one, without a loop */
        uint64_t low = va_arg(*arguments, unsigned), high = va_arg(*arguments, unsigned);
        at[1] = high << 32 | low;
        cairn__write(stream, at, cairn__head(CAIRN_EVENT_LOGF_1, number, now), 2);
        return;
    }
    if (CAIRN_LIKELY(words < 3)) {
        put_numbers((uint8_t *)(at + 1), signature, arguments);
        cairn__write(stream, at, cairn__head((enum cairn_event_kind)kinds[words], number, now), 1 + words);
        return;
    }
    uint8_t *data = (uint8_t *)(at + 1) + 4;
    uint32_t bytes = (uint32_t)(put_numbers(data, signature, arguments) - data);
    put(data - 4, &bytes, 4);
    cairn__write(stream, at, cairn__head(CAIRN_EVENT_LOGF, number, now), variable_words(bytes));
}

/* ---- Other arguments -------------------------------------------------------------------------------------- */

struct argument {
    enum cairn_log_kind kind; /* as stored: INT, LONG, DOUBLE, TEXT */
    uint64_t bits;
    struct piece text;
    bool is_null;
};

struct arguments {
    struct argument items[CAIRN_LOG_ARGUMENTS_MAX];
    uint32_t count;
    uint32_t bytes;     /* stored */
    uint32_t text_left; /* of the limit for all strings together */
    char wide[1024];    /* wide strings, converted */
    uint32_t wide_bytes;
};

static struct piece bounded_piece(const char *text, int precision, uint32_t limit)
{
    if (precision < 0) return piece_of(text, limit);
    size_t full = strnlen(text, (size_t)precision); /* need not be terminated */
    size_t count = full <= limit ? full : cairn__utf8_cut(text, limit);
    return (struct piece){text, (uint32_t)count, full};
}

/* Wide text as UTF-8, as much as there is room for in the buffer. The precision is in bytes, of which whole
 * characters are taken; text behind it is not looked at. */
static struct piece wide_piece(struct arguments *all, const wchar_t *text, int precision)
{
    uint32_t room = all->wide_bytes + all->text_left; /* of the limit for all strings together */
    if (room > sizeof all->wide) room = sizeof all->wide;
    char *begin = all->wide + all->wide_bytes;
    uint64_t full = 0;
    for (size_t i = 0; (precision < 0 || full < (uint64_t)precision) && text[i]; i++) {
        char bytes[4];
        size_t count = cairn__utf8_put(bytes, (uint32_t)text[i]);
        if (precision >= 0 && full + count > (uint64_t)precision) break;
        bool fits =
            all->wide_bytes + count <= room && (uint64_t)(all->wide + all->wide_bytes - begin) == full;
        if (fits) memcpy(all->wide + all->wide_bytes, bytes, count), all->wide_bytes += (uint32_t)count;
        full += count;
    }
    return (struct piece){begin, (uint32_t)(all->wide + all->wide_bytes - begin), full};
}

static void add_number(struct arguments *all, enum cairn_log_kind kind, uint64_t bits)
{
    all->items[all->count++] = (struct argument){.kind = kind, .bits = bits};
    all->bytes += kind == CAIRN_LOG_INT ? 4 : 8;
}

static void add_text(struct arguments *all, struct piece piece, bool is_null)
{
    all->items[all->count++] = (struct argument){.kind = CAIRN_LOG_TEXT, .text = piece, .is_null = is_null};
    all->bytes += 4 + (is_null ? 0 : piece_bytes(&piece));
    all->text_left -= is_null ? 0 : piece.count;
}

static uint64_t double_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, 8);
    return bits;
}

static void add_argument(struct arguments *all, enum cairn_log_kind kind, int precision, int error,
                         va_list *arguments)
{
    if (kind == CAIRN_LOG_INT) {
        add_number(all, kind, (uint32_t)va_arg(*arguments, int));
    } else if (kind == CAIRN_LOG_ERRNO) {
        add_number(all, CAIRN_LOG_INT, (uint32_t)error);
    } else if (kind == CAIRN_LOG_LONG) {
        add_number(all, kind, (uint64_t)va_arg(*arguments, long long));
    } else if (kind == CAIRN_LOG_DOUBLE) {
        add_number(all, kind, double_bits(va_arg(*arguments, double)));
    } else if (kind == CAIRN_LOG_LONG_DOUBLE) {
        add_number(all, CAIRN_LOG_DOUBLE, double_bits((double)va_arg(*arguments, long double)));
    } else if (kind == CAIRN_LOG_TEXT) {
        const char *text = va_arg(*arguments, const char *);
        struct piece none = {"", 0, 0};
        add_text(all, text ? bounded_piece(text, precision, all->text_left) : none, !text);
    } else {
        const wchar_t *text = va_arg(*arguments, const wchar_t *);
        struct piece none = {"", 0, 0};
        add_text(all, text ? wide_piece(all, text, precision) : none, !text);
    }
}

/* Collects what the format asks for. False if it cannot be stored; the arguments are then left alone. */
static bool collect(struct arguments *all, const char *format, int error, va_list *arguments)
{
    uint8_t kinds[CAIRN_LOG_ARGUMENTS_MAX];
    size_t format_bytes = strlen(format);
    all->count = all->bytes = all->wide_bytes = 0;
    all->text_left = CAIRN_TEXT_BYTES_MAX;
    if (cairn__log_kinds(format, format_bytes, kinds) < 0) return false;
    size_t at = 0;
    struct cairn_log_conversion conversion;
    while (cairn__log_next(format, format_bytes, &at, &conversion) > 0) {
        int precision = conversion.precision;
        if (conversion.star_width) add_argument(all, CAIRN_LOG_INT, -1, error, arguments);
        if (conversion.star_precision) {
            add_argument(all, CAIRN_LOG_INT, -1, error, arguments);
            precision = (int)(uint32_t)all->items[all->count - 1].bits;
        }
        enum cairn_log_kind kind = cairn__log_kind(&conversion);
        if (kind) add_argument(all, kind, precision, error, arguments);
    }
    return true;
}

static void put_arguments(uint8_t *at, const struct arguments *all)
{
    for (uint32_t i = 0; i < all->count; i++) {
        const struct argument *argument = &all->items[i];
        if (argument->kind == CAIRN_LOG_TEXT) {
            uint32_t size = argument->is_null ? CAIRN_LOG_NULL
                                              : size_field(piece_bytes(&argument->text), &argument->text);
            at = put(at, &size, 4);
            if (!argument->is_null) at = put_text(at, &argument->text);
        } else {
            at = put(at, &argument->bits, argument->kind == CAIRN_LOG_INT ? 4 : 8);
        }
    }
}

static void log_numbers(struct cairn__thread *thread, struct cairn__stream *stream, cairn_task task,
                        uint32_t number, uint32_t signature, va_list *arguments)
{
    uint64_t *at = cairn__room(thread, stream, numbers_words(signature), CAIRN_TALLY_LOG);
    if (!at) return;
    uint64_t now = cairn__os_ticks();
    at = cairn__time_and_task(stream, at, now, task);
    write_numbers(stream, at, number, now, signature, arguments);
}

static void log_arguments(struct cairn__thread *thread, struct cairn__stream *stream, cairn_task task,
                          uint32_t number, const char *format, int error, va_list *arguments)
{
    struct arguments all;
    bool can_be_stored = collect(&all, format, error, arguments);
    if (!can_be_stored) all.count = all.bytes = 0;
    uint64_t words = all.count ? variable_words(all.bytes) : 1;
    uint64_t *at = cairn__room(thread, stream, words, CAIRN_TALLY_LOG);
    if (!at) return;
    /* relaxed: a count */
    if (!can_be_stored) atomic_add_relaxed(&cairn__session.head->formats_refused, 1);
    uint64_t now = cairn__os_ticks();
    at = cairn__time_and_task(stream, at, now, task);
    if (all.count) put_arguments(put((uint8_t *)(at + 1), &all.bytes, 4), &all);
    cairn__write(stream, at, cairn__head(all.count ? CAIRN_EVENT_LOGF : CAIRN_EVENT_LOGF_0, number, now),
                 words);
}

static CAIRN_COLD void log_formatted(cairn_task task, cairn_i_site *site, const char *format, int error,
                                     va_list *arguments)
{
    if (cairn__is_sampled_away(task.id, task.birth)) return;
    struct cairn__thread *thread;
    struct cairn__stream *stream = cairn__enter(&thread, CAIRN_TALLY_LOG);
    if (!stream) return;
    uint32_t number = cairn__site(site);
    uint32_t signature = atomic_load_relaxed(&site->signature); /* a value of its own: no order needed */
    if (!signature) {
        signature = parse_signature(format);
        atomic_store_relaxed(&site->signature, signature); /* the same from whoever parses it */
    }
    if (number && !(signature & SIGNATURE_COMPLEX)) {
        log_numbers(thread, stream, task, number, signature, arguments);
    } else if (number) {
        log_arguments(thread, stream, task, number, format, error, arguments);
    }
    cairn__leave(thread, stream);
}

CAIRN_HOT void cairn_i_logf(uint64_t task_id, uint64_t task_birth, cairn_i_site *site, const char *format,
                            ...)
{
    const cairn_task task = {task_id, task_birth};
    struct cairn__thread *thread = cairn__local.thread;
    uint32_t number = atomic_load_acquire(&site->number);       /* as in cairn__site */
    uint32_t signature = atomic_load_relaxed(&site->signature); /* as in log_formatted */
    bool quick = (signature & (SIGNATURE_PARSED | SIGNATURE_COMPLEX)) == SIGNATURE_PARSED;
    uint64_t *at, now;
    va_list arguments;
    va_start(arguments, format);
    if (CAIRN_UNLIKELY(!quick || !cairn__quick(thread, number, numbers_words(signature), &at, &now) ||
                       !cairn__quick_task(thread, &at, task))) {
        log_formatted(task, site, format, errno, &arguments);
    } else {
        write_numbers(&thread->main, at, number, now, signature, &arguments);
        cairn__quick_leave(thread);
    }
    va_end(arguments);
}
