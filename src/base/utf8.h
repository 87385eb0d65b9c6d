/* UTF-8: where to cut, what is valid, how to show what is not. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_BASE_UTF8_H
#define CAIRN_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest length <= `limit` at which `text`, longer than that, may be cut without splitting a
 * character. Bytes that are no UTF-8 may be cut anywhere. Pure; constant cost; signal-safe. */
size_t cairn__utf8_cut(const char *text, size_t limit);

/* The length of the valid character at `text` (1..4), or 0 if it is not valid. */
size_t cairn__utf8_next(const char *text, size_t bytes, uint32_t *code_point);

/* Writes a code point to `out` (4 bytes) and returns its length; U+FFFD for what is no code point. */
size_t cairn__utf8_put(char *out, uint32_t code_point);

#endif
