/* See namedtasks.h. SPDX-License-Identifier: Apache-2.0 */
#include "trace/namedtasks.h"

struct trace_named_entry {
    uint64_t id, birth, stamp;
};

/* The entry of an id, or a free one where it belongs. The table is at most half full. */
static struct trace_named_entry *find(const struct trace_named *named, uint64_t id)
{
    uint32_t mask = named->capacity - 1;
    uint32_t at = (uint32_t)(id * 0x9e3779b97f4a7c15u >> 32) & mask;
    while (named->entries[at].stamp == named->stamp && named->entries[at].id != id) at = (at + 1) & mask;
    return &named->entries[at];
}

static bool grow(struct trace_named *named)
{
    struct trace_named bigger = {.capacity = named->capacity ? named->capacity * 2 : 16,
                                 .stamp = named->stamp};
    bigger.entries = calloc(bigger.capacity, sizeof *bigger.entries);
    if (!bigger.entries) return false;
    for (uint32_t i = 0; i < named->capacity; i++) {
        if (named->entries[i].stamp == named->stamp) *find(&bigger, named->entries[i].id) = named->entries[i];
    }
    free(named->entries);
    named->entries = bigger.entries;
    named->capacity = bigger.capacity;
    return true;
}

static bool enter(struct trace_named *named, const struct trace_named_task *task)
{
    if (named->entry_count >= named->capacity / 2 && !grow(named)) return false;
    struct trace_named_entry *entry = find(named, task->id);
    if (entry->stamp != named->stamp) named->entry_count++;
    *entry = (struct trace_named_entry){.id = task->id, .birth = task->birth, .stamp = named->stamp};
    return true;
}

void trace_named_forget(struct trace_named *named)
{
    named->stamp++;
    named->list.count = 0;
    named->entered = named->entry_count = 0;
}

bool trace_named_put(struct trace_named *named, uint64_t id, uint64_t birth)
{
    return vector_push(&named->list, ((struct trace_named_task){id, birth}));
}

bool trace_named_get(struct trace_named *named, uint64_t id, uint64_t *birth)
{
    *birth = UINT64_MAX;
    for (; named->entered < named->list.count; named->entered++)
        if (!enter(named, &named->list.items[named->entered])) return false;
    if (!named->capacity) return true;
    const struct trace_named_entry *entry = find(named, id);
    if (entry->stamp == named->stamp) *birth = entry->birth;
    return true;
}

void trace_named_free(struct trace_named *named)
{
    vector_free(&named->list);
    free(named->entries);
    *named = (struct trace_named){.stamp = named->stamp};
}
