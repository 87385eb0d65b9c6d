/* See slowesttasks.h. SPDX-License-Identifier: Apache-2.0
 *
 * A heap whose root is the fastest of the slowest: it makes room for a slower one. */
#include "analysis/slowesttasks.h"

#include <stdlib.h>

static int compare(const void *left, const void *right)
{
    const struct analysis_task *one = left, *other = right;
    uint64_t slow = analysis_task_latency(one), slower = analysis_task_latency(other);
    if (slow != slower) return slow > slower ? -1 : 1;
    if (one->id.birth != other->id.birth) return one->id.birth < other->id.birth ? -1 : 1;
    if (one->id.process != other->id.process) return one->id.process < other->id.process ? -1 : 1;
    return one->id.id < other->id.id ? -1 : one->id.id > other->id.id;
}

bool analysis_is_slower(const struct analysis_task *task, const struct analysis_task *other)
{
    return compare(task, other) < 0;
}

static void swap(struct analysis_task *one, struct analysis_task *other)
{
    struct analysis_task kept = *one;
    *one = *other;
    *other = kept;
}

static void sift_down(struct analysis_task *heap, size_t count)
{
    for (size_t at = 0;;) {
        size_t child = 2 * at + 1;
        if (child >= count) return;
        if (child + 1 < count && compare(&heap[child + 1], &heap[child]) > 0) child++;
        if (compare(&heap[child], &heap[at]) <= 0) return;
        swap(&heap[at], &heap[child]);
        at = child;
    }
}

static void sift_up(struct analysis_task *heap, size_t at)
{
    while (at > 0 && compare(&heap[at], &heap[(at - 1) / 2]) > 0) {
        swap(&heap[at], &heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

static bool reserve(struct analysis_slowest *slowest)
{
    size_t count = slowest->count;
    if (count & (count - 1) || count == 1) return true; /* has room up to the next power of two */
    struct analysis_task *grown = realloc(slowest->items, (count ? 2 * count : 2) * sizeof *grown);
    if (grown) slowest->items = grown;
    return grown != NULL;
}

bool analysis_slowest_offer(struct analysis_slowest *slowest, const struct analysis_task *task)
{
    if (slowest->max == 0) return true;
    if (slowest->count < slowest->max) {
        if (!reserve(slowest)) return false;
        slowest->items[slowest->count++] = *task;
        sift_up(slowest->items, slowest->count - 1);
    } else if (compare(task, &slowest->items[0]) < 0) {
        slowest->items[0] = *task;
        sift_down(slowest->items, slowest->count);
    }
    return true;
}

void analysis_slowest_sort(struct analysis_slowest *slowest)
{
    if (slowest->count) qsort(slowest->items, slowest->count, sizeof *slowest->items, compare);
}

void analysis_slowest_free(struct analysis_slowest *slowest)
{
    free(slowest->items);
    slowest->items = NULL;
}
