/* Memory that is freed all at once, for the tool: strings and records that live as long as a trace.
 * SPDX-License-Identifier: Apache-2.0
 * Addresses stay. Zero-initialise. Not for several threads at once. */
#ifndef CAIRN_BASE_ARENA_H
#define CAIRN_BASE_ARENA_H

#include <stddef.h>

struct arena {
    struct arena_block *blocks;
};

/* `bytes` zeroed bytes, aligned for any type, or NULL if memory ran out. */
void *arena_alloc(struct arena *arena, size_t bytes);
/* A terminated copy of `bytes` bytes of text, or NULL. */
char *arena_text(struct arena *arena, const char *text, size_t bytes);
void arena_free(struct arena *arena);

#endif
