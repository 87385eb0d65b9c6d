/* printf formats of deferred logs: what arguments a format takes and how they are stored. Shared by the
 * writer, which copies arguments, and the reader, which formats them. SPDX-License-Identifier: Apache-2.0
 *
 * Arguments are stored in order, packed, without alignment:
 *   INT      4 bytes: int and what promotes to it (d i u x X o c, with hh or h too), a width or precision
 *            given as *, a wide character (lc), and the errno that %m found
 *   LONG     8 bytes: with l, ll, j, z, t or q; pointers (p)
 *   DOUBLE   8 bytes: all of f F e E g G a A; long double is converted
 *   TEXT     4 bytes of size as in layout.h (CAIRN_SIZE_CUT: 8 bytes of full length precede the text;
 *            CAIRN_LOG_NULL: the pointer was NULL), then the bytes; a precision has been applied already;
 *            wide strings as UTF-8
 */
#ifndef CAIRN_FORMAT_LOGFORMAT_H
#define CAIRN_FORMAT_LOGFORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAIRN_LOG_NULL 0x40000000u

enum { CAIRN_LOG_ARGUMENTS_MAX = 16 };

enum cairn_log_kind {
    CAIRN_LOG_INT = 1,
    CAIRN_LOG_LONG = 2,
    CAIRN_LOG_DOUBLE = 3,
    CAIRN_LOG_TEXT = 4,
    CAIRN_LOG_LONG_DOUBLE = 5, /* stored as DOUBLE */
    CAIRN_LOG_WIDE_TEXT = 6,   /* stored as TEXT */
    CAIRN_LOG_ERRNO = 7        /* stored as INT; not taken from the arguments */
};

/* One conversion of a format: the text from `begin` to `end` (offsets) and what it takes. */
struct cairn_log_conversion {
    uint32_t begin, end;
    char letter;                     /* '%' for a literal percent sign, takes nothing */
    char length[3];                  /* "", "h", "hh", "l", "ll", "j", "z", "t", "L" */
    bool star_width, star_precision; /* INT arguments before the value */
    int precision;                   /* -1: none */
};

/* Finds the next conversion from offset *at on and moves *at behind it. 1: found; 0: no more; -1: the
 * format cannot be stored (%n, a position, an unknown conversion). */
int cairn__log_next(const char *format, size_t format_bytes, size_t *at,
                    struct cairn_log_conversion *conversion);

/* The kinds of all arguments of a format, in order. Returns how many, or -1 if the format cannot be stored
 * or takes more than CAIRN_LOG_ARGUMENTS_MAX. */
int cairn__log_kinds(const char *format, size_t format_bytes, uint8_t kinds[CAIRN_LOG_ARGUMENTS_MAX]);

/* The kind of a conversion's value, 0 for "%%". */
enum cairn_log_kind cairn__log_kind(const struct cairn_log_conversion *conversion);

#endif
