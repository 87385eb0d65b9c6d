/* The tasks that a chunk has named in full, for those it names again in one word. SPDX-License-Identifier: Apache-2.0
 *
 * A list, as most are not asked for; at the first question it goes into a hash table from id to birth. Forgetting all costs
 * nothing: entries of the table carry the stamp of their chunk. */
#ifndef CAIRN_TRACE_NAMEDTASKS_H
#define CAIRN_TRACE_NAMEDTASKS_H

#include "base/vector.h"

struct trace_named_task {
    uint64_t id, birth;
};

struct trace_named { /* zero-initialise */
    VECTOR(struct trace_named_task) list;
    struct trace_named_entry *entries;
    uint32_t entry_count, capacity; /* capacity: a power of two, or 0 */
    uint32_t entered;               /* of the list, the first ones are in the table */
    uint64_t stamp;                 /* from 1, once forgotten for the first time */
};

/* Begins a new chunk. Due before the first put. */
void trace_named_forget(struct trace_named *named);
/* Names a task. False if memory ran out. */
bool trace_named_put(struct trace_named *named, uint64_t id, uint64_t birth);
/* *birth: that of a task, as it was named last; UINT64_MAX if it was not. False if memory ran out. */
bool trace_named_get(struct trace_named *named, uint64_t id, uint64_t *birth);
void trace_named_free(struct trace_named *named);

#endif
