/* Formatting deferred logs. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TRACE_LOGTEXT_H
#define CAIRN_TRACE_LOGTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TRACE_TEXT_BYTES_MAX = 131072, TRACE_LOG_WIDTH_MAX = 65536 };

/* Text in the making, of bounded length. `full` is the length that it would have without the bound and without
 * what the program's own strings were cut by. */
struct trace_text {
    char bytes[TRACE_TEXT_BYTES_MAX];
    size_t count;
    uint64_t full;
    char scratch[2 * TRACE_LOG_WIDTH_MAX + 1024]; /* one number: sign, digits, point, digits, grouping */
};

/* Renders `format` (terminated) with arguments as stored (format/logformat.h) into *text. Widths and precisions
 * are bounded. False if the arguments do not fit the format: the text then holds what could be rendered. A format
 * that cannot be stored is rendered as it is. */
bool trace_log_render(struct trace_text *text, const char *format, const uint8_t *arguments, size_t count);

#endif
