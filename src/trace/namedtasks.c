/* See namedtasks.h. SPDX-License-Identifier: Apache-2.0 */
#include "trace/namedtasks.h"

#include <stdlib.h>

/* The entry of an id, or a free one where it belongs. The table is at most half full. */
static struct trace_named_task *find(const struct trace_named *named, uint64_t id)
{
    uint32_t mask = named->capacity - 1;
    uint32_t at = (uint32_t)(id * 0x9e3779b97f4a7c15u >> 32) & mask;
    while (named->items[at].stamp == named->stamp && named->items[at].id != id) at = (at + 1) & mask;
    return &named->items[at];
}

static bool grow(struct trace_named *named)
{
    struct trace_named bigger = {
        .count = named->count, .capacity = named->capacity ? named->capacity * 2 : 16, .stamp = named->stamp};
    bigger.items = calloc(bigger.capacity, sizeof *bigger.items);
    if (!bigger.items) return false;
    for (uint32_t i = 0; i < named->capacity; i++) {
        if (named->items[i].stamp == named->stamp) *find(&bigger, named->items[i].id) = named->items[i];
    }
    free(named->items);
    *named = bigger;
    return true;
}

void trace_named_forget(struct trace_named *named)
{
    named->stamp++;
    named->count = 0;
}

bool trace_named_put(struct trace_named *named, uint64_t id, uint64_t birth)
{
    if (named->count >= named->capacity / 2 && !grow(named)) return false;
    struct trace_named_task *item = find(named, id);
    if (item->stamp != named->stamp) named->count++;
    *item = (struct trace_named_task){.id = id, .birth = birth, .stamp = named->stamp};
    return true;
}

const uint64_t *trace_named_get(const struct trace_named *named, uint64_t id)
{
    if (!named->capacity) return NULL;
    const struct trace_named_task *item = find(named, id);
    return item->stamp == named->stamp ? &item->birth : NULL;
}

void trace_named_free(struct trace_named *named)
{
    free(named->items);
    *named = (struct trace_named){.stamp = named->stamp};
}
