/* The tasks that a chunk has named in full, for those it names again in one word. SPDX-License-Identifier: Apache-2.0
 *
 * A hash table from id to birth. Forgetting all costs nothing: entries carry the stamp of their chunk. */
#ifndef CAIRN_TRACE_NAMEDTASKS_H
#define CAIRN_TRACE_NAMEDTASKS_H

#include <stdbool.h>
#include <stdint.h>

struct trace_named_task {
    uint64_t id, birth, stamp;
};

struct trace_named { /* zero-initialise */
    struct trace_named_task *items;
    uint32_t count, capacity; /* capacity: a power of two, or 0 */
    uint64_t stamp;           /* from 1, once forgotten for the first time */
};

/* Begins a new chunk. Due before the first put. */
void trace_named_forget(struct trace_named *named);
/* Names a task. False if memory ran out. */
bool trace_named_put(struct trace_named *named, uint64_t id, uint64_t birth);
/* The birth of a named task, or NULL. Valid until the next put. */
const uint64_t *trace_named_get(const struct trace_named *named, uint64_t id);
void trace_named_free(struct trace_named *named);

#endif
