/* Formatting deferred logs. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TRACE_LOGTEXT_H
#define CAIRN_TRACE_LOGTEXT_H

#include "format/logformat.h"
#include "trace/trace.h"

enum { TRACE_TEXT_BYTES_MAX = 131072, TRACE_LOG_WIDTH_MAX = 65536 };

/* Text in the making, of bounded length. `full` is the length that it would have without the bound and without
 * what the program's own strings were cut by. */
struct trace_text { /* zero-initialise */
    char *bytes;    /* room for TRACE_TEXT_BYTES_MAX */
    size_t count;
    uint64_t full;
    char *scratch; /* one number */
};

/* Gives it its room, which is large and not needed for every trace. False if memory ran out. */
bool trace_text_ready(struct trace_text *text);
void trace_text_free(struct trace_text *text);

/* Renders `format` (terminated) with arguments as stored (format/logformat.h) into *text, which is ready. Widths and precisions
 * are bounded. False if the arguments do not fit the format: the text then holds what could be rendered. A format
 * that cannot be stored is rendered as it is. */
bool trace_log_render(struct trace_text *text, const char *format, const uint8_t *arguments, size_t count);

/* The same arguments one by one, each with the type that its conversion gives it: INT, UINT, FLOAT or TEXT; NONE is a NULL
 * pointer. Widths and precisions given as * are arguments too; a character is INT. Text points into `bytes`. Returns how
 * many there are: those before the first that does not fit, 0 of a format that cannot be stored. */
unsigned trace_log_arguments(struct trace_value values[CAIRN_LOG_ARGUMENTS_MAX], const char *format,
                             const uint8_t *bytes, size_t count);

#endif
