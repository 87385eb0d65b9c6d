/* Memory in cache lines of its own. SPDX-License-Identifier: Apache-2.0
 *
 * Where two threads write to one line, each write waits for the other processor. What a thread writes often therefore begins
 * and ends at LINES_BYTES: a struct by _Alignas(LINES_BYTES) at its first member, memory for it by lines_alloc. */
#ifndef CAIRN_BASE_LINES_H
#define CAIRN_BASE_LINES_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_BYTES = 128 }; /* two lines: processors fetch them in pairs */

/* `count` zeroed items, to be freed by free. NULL if memory ran out. */
static inline void *lines_alloc(size_t count, size_t item_bytes)
{
    if (count > (SIZE_MAX - LINES_BYTES) / item_bytes) return NULL;
    size_t bytes = (count * item_bytes + LINES_BYTES - 1) / LINES_BYTES * LINES_BYTES;
    void *memory = aligned_alloc(LINES_BYTES, bytes ? bytes : LINES_BYTES);
    return memory ? memset(memory, 0, bytes) : NULL;
}

#endif
