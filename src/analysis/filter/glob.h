/* Patterns of text. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_ANALYSIS_GLOB_H
#define CAIRN_ANALYSIS_GLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Whether text matches a pattern of characters, * (any number of bytes) and ? (any one byte). Pure. At worst the product of
 * both lengths; linear in the text while the pattern has one *. */
bool analysis_glob_bytes(const char *pattern, const char *text, size_t bytes);

/* The same of a terminated text. */
static inline bool analysis_glob(const char *pattern, const char *text)
{
    return analysis_glob_bytes(pattern, text, strlen(text));
}

#endif
