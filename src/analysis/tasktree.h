/* The tree of subtasks by type: what a checkout consists of. SPDX-License-Identifier: Apache-2.0
 *
 *     checkout            100
 *     ├─ query            300   3 per checkout
 *     │  └─ connect         2
 *     └─ charge           100
 *
 * A node stands for all tasks that have the same path: their type below the path of their parent. A task whose parent is
 * not open when it begins, or not known, is a root.
 *
 * A sink. Memory grows with the tasks that are open at once and with the nodes, which are bounded: a type that finds no
 * room, or is too deep, goes into a node "(other)", and all below it.
 */
#ifndef CAIRN_ANALYSIS_TASKTREE_H
#define CAIRN_ANALYSIS_TASKTREE_H

#include "analysis/forest.h"
#include "analysis/tasks.h"

enum { ANALYSIS_TREE_DEPTH_MAX = 40, ANALYSIS_TREE_NODES_MAX = ANALYSIS_ROWS_MAX };

struct analysis_tree_node {
    struct analysis_forest_node at;
    const char *type;
    struct analysis_stats
        stats;     /* of the tasks that count; a node may have none, for the sake of those below it */
    bool is_other; /* private: what finds no room below it stays here; has tasks below it */
    bool is_used;
};

struct analysis_tree {
    struct trace_sink sink;
    /* Results, after the sink's end: each node is followed by those below it; siblings by total, the greatest first. */
    VECTOR(struct analysis_tree_node) nodes;
    /* Private. */
    const struct trace_info *info;
    struct analysis_tasks tasks;
    struct analysis_names types;
    struct map children; /* parent and type to index in nodes */
    struct map open;     /* open tasks to index in nodes */
};

/* `filter` as for analysis_tasks: it decides which tasks count, not where they stand. False if memory ran out; free it in
 * any case. Stays where it is. */
bool analysis_tree_init(struct analysis_tree *tree, const struct trace_info *info,
                        struct analysis_filter *filter);
void analysis_tree_free(struct analysis_tree *tree);

#endif
