/* See forest.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/forest.h"

#include <stdlib.h>

struct forest {
    const char *nodes;
    size_t node_bytes;
    int (*compare)(const void *one, const void *other);
};

struct entry {
    const struct forest *forest;
    uint32_t index;
};

static const struct analysis_forest_node *node_at(const struct forest *forest, uint32_t index)
{
    return (const void *)(forest->nodes + index * forest->node_bytes);
}

static uint32_t lift(const struct forest *forest, uint32_t index, uint32_t depth)
{
    while (node_at(forest, index)->depth > depth) index = node_at(forest, index)->parent;
    return index;
}

/* Both are lifted to where they are siblings; if one is above the other it comes first. */
static int compare_entries(const void *left, const void *right)
{
    const struct entry *first = left, *second = right;
    const struct forest *forest = first->forest;
    uint32_t deep = node_at(forest, first->index)->depth, deeper = node_at(forest, second->index)->depth;
    uint32_t one = lift(forest, first->index, deeper), other = lift(forest, second->index, deep);
    if (one == other) return (deep > deeper) - (deep < deeper);
    while (node_at(forest, one)->parent != node_at(forest, other)->parent) {
        one = node_at(forest, one)->parent;
        other = node_at(forest, other)->parent;
    }
    return forest->compare(node_at(forest, one), node_at(forest, other));
}

uint32_t *analysis_forest_order(const void *nodes, size_t node_bytes, size_t count,
                                int (*compare)(const void *one, const void *other))
{
    const struct forest forest = {nodes, node_bytes, compare};
    struct entry *entries = calloc(count + 1, sizeof *entries);
    uint32_t *order = calloc(count + 1, sizeof *order);
    for (uint32_t i = 0; entries && i < count; i++) entries[i] = (struct entry){&forest, i};
    if (entries) qsort(entries, count, sizeof *entries, compare_entries);
    for (uint32_t i = 0; entries && order && i < count; i++) order[i] = entries[i].index;
    if (!entries) free(order), order = NULL;
    free(entries);
    return order;
}
