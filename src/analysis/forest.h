/* The order in which trees are drawn: each node is followed by those below it. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_ANALYSIS_FOREST_H
#define CAIRN_ANALYSIS_FOREST_H

#include <stddef.h>
#include <stdint.h>

#define ANALYSIS_NO_NODE UINT32_MAX

/* What a node begins with. */
struct analysis_forest_node {
    uint32_t parent; /* index of an earlier node; ANALYSIS_NO_NODE of a root */
    uint32_t depth;  /* 0 of a root */
};

/* The indices of `count` nodes of `node_bytes` each, siblings by `compare`, which gets two nodes, as for qsort, and is not 0
 * for siblings. NULL if memory ran out; the caller frees it. Time goes with count * log count * depth. */
uint32_t *analysis_forest_order(const void *nodes, size_t node_bytes, size_t count,
                                int (*compare)(const void *one, const void *other));

#endif
