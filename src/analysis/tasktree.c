/* See tasktree.h. SPDX-License-Identifier: Apache-2.0
 *
 * 1. At the begin of a task its node is the child of its parent's node; it is kept while the task is open.
 * 2. The sink of tasks decides which tasks count and hands them out when they are over; they go into their node.
 * 3. At the end the nodes are put in order, and those that have no task in or below them go.
 */
#include "analysis/tasktree.h"

#include "cairn/cairn.h"

#include <stdlib.h>
#include <string.h>

static int out_of_memory(struct cairn_error *error)
{
    return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE,
                            "Out of memory: too many tasks are open at once.");
}

/* ---- Nodes: their index, ANALYSIS_NO_NODE if memory ran out --------------------------------------------------- */

static uint32_t add_child(struct analysis_tree *tree, uint32_t parent, uint32_t type)
{
    uint32_t depth = parent == ANALYSIS_NO_NODE ? 0 : tree->nodes.items[parent].at.depth + 1;
    struct analysis_tree_node node = {.at = {parent, depth}, .type = tree->types.texts.items[type]};
    uint64_t *index = map_put(&tree->children, (struct map_key){parent, type, 0}, NULL);
    if (!index) return ANALYSIS_NO_NODE;
    *index = tree->nodes.count;
    return vector_push(&tree->nodes, node) ? (uint32_t)tree->nodes.count - 1 : ANALYSIS_NO_NODE;
}

static uint32_t find_or_add(struct analysis_tree *tree, uint32_t parent, const char *type, bool may_add)
{
    uint32_t number = analysis_names_number(&tree->types, type);
    if (number == UINT32_MAX) return ANALYSIS_NO_NODE;
    const uint64_t *known = map_get(&tree->children, (struct map_key){parent, number, 0});
    if (known) return (uint32_t)*known;
    if (may_add) return add_child(tree, parent, number);
    uint32_t other = find_or_add(tree, parent, ANALYSIS_TYPE_OTHER, true);
    if (other != ANALYSIS_NO_NODE) tree->nodes.items[other].is_other = true;
    return other;
}

static uint32_t child_of(struct analysis_tree *tree, uint32_t parent, const char *type)
{
    bool is_deep = false;
    if (parent != ANALYSIS_NO_NODE) {
        if (tree->nodes.items[parent].is_other) return parent;
        is_deep = tree->nodes.items[parent].at.depth + 2 >= ANALYSIS_TREE_DEPTH_MAX;
    }
    return find_or_add(tree, parent, type, !is_deep && tree->nodes.count < ANALYSIS_TREE_NODES_MAX);
}

/* ---- Tasks -------------------------------------------------------------------------------------------------- */

static uint32_t root_of(struct analysis_tree *tree, const struct trace_task_id *task)
{
    return child_of(tree, ANALYSIS_NO_NODE, analysis_type_of_task(tree->info, task));
}

/* Of an open task; one that is mentioned for the first time is a root. */
static uint32_t node_of_open(struct analysis_tree *tree, const struct trace_task_id *task)
{
    bool is_new;
    uint64_t *node = map_put(&tree->open, analysis_id_map_key(task), &is_new);
    if (!node) return ANALYSIS_NO_NODE;
    if (is_new) *node = root_of(tree, task);
    return (uint32_t)*node;
}

static bool begin_task(struct analysis_tree *tree, const struct trace_event *event)
{
    const struct trace_task_id *task = &event->task, *parent = &event->other;
    if (task->id <= CAIRN_ID_OFF || analysis_tasks_has_ended(&tree->tasks, task)) return true;
    bool has_parent = parent->id > CAIRN_ID_OFF && !analysis_tasks_has_ended(&tree->tasks, parent);
    if (has_parent && event->kind == TRACE_TASK_OPEN)
        has_parent = map_get(&tree->open, analysis_id_map_key(parent));
    uint32_t above = has_parent ? node_of_open(tree, parent) : ANALYSIS_NO_NODE;
    if (has_parent && above == ANALYSIS_NO_NODE) return false;
    uint32_t node = child_of(tree, above, analysis_type_of_task(tree->info, task));
    uint64_t *kept = node == ANALYSIS_NO_NODE ? NULL : map_put(&tree->open, analysis_id_map_key(task), NULL);
    if (kept) *kept = node;
    return kept;
}

static bool add_task(void *data, const struct analysis_task *task)
{
    struct analysis_tree *tree = data;
    const uint64_t *open = map_get(&tree->open, analysis_id_map_key(&task->id));
    uint32_t node = open ? (uint32_t)*open : root_of(tree, &task->id);
    if (node == ANALYSIS_NO_NODE) return false;
    struct analysis_stats *stats = &tree->nodes.items[node].stats;
    stats->errors += task->status == ANALYSIS_FAILED;
    analysis_count_begin(stats, task->begin);
    if (task->status == ANALYSIS_UNFINISHED) return analysis_stats_leave(stats, task->weight), true;
    return analysis_stats_finish(stats, analysis_task_latency(task), task->self_ticks, task->weight);
}

static int take_event(struct trace_sink *sink, const struct trace_event *event, struct cairn_error *error)
{
    struct analysis_tree *tree = (struct analysis_tree *)sink;
    bool begins = event->kind == TRACE_TASK_BEGIN || event->kind == TRACE_TASK_OPEN;
    if (begins && !begin_task(tree, event)) return out_of_memory(error);
    if (tree->tasks.sink.event(&tree->tasks.sink, event, error) != 0) return -1;
    if (event->kind == TRACE_TASK_END || event->kind == TRACE_TASK_FAIL)
        map_remove(&tree->open, analysis_id_map_key(&event->task));
    return 0;
}

/* ---- The end ------------------------------------------------------------------------------------------------ */

static int compare_siblings(const void *left, const void *right)
{
    const struct analysis_tree_node *one = left, *other = right;
    int order = analysis_stats_compare(&one->stats, &other->stats);
    return order ? order : strcmp(one->type, other->type);
}

/* Those above one with tasks are used too. */
static void find_used(struct analysis_tree *tree)
{
    for (size_t i = tree->nodes.count; i-- > 0;) {
        struct analysis_tree_node *node = &tree->nodes.items[i];
        node->is_used |= node->stats.count > 0;
        if (node->is_used && node->at.parent != ANALYSIS_NO_NODE)
            tree->nodes.items[node->at.parent].is_used = true;
    }
}

static bool sort_nodes(struct analysis_tree *tree)
{
    size_t count = tree->nodes.count, used = 0;
    uint32_t *order =
        analysis_forest_order(tree->nodes.items, sizeof *tree->nodes.items, count, compare_siblings);
    uint32_t *moved = calloc(count + 1, sizeof *moved);
    struct analysis_tree_node *sorted = calloc(count + 1, sizeof *sorted);
    bool done = order && moved && sorted;
    find_used(tree);
    for (size_t i = 0; done && i < count; i++) {
        struct analysis_tree_node node = tree->nodes.items[order[i]];
        if (!node.is_used) continue;
        if (node.at.parent != ANALYSIS_NO_NODE) node.at.parent = moved[node.at.parent];
        moved[order[i]] = (uint32_t)used;
        sorted[used++] = node;
    }
    if (done && count) memcpy(tree->nodes.items, sorted, used * sizeof *sorted);
    if (done) tree->nodes.count = used;
    free(order);
    free(moved);
    free(sorted);
    return done;
}

static int take_end(struct trace_sink *sink, const struct trace_info *info, struct cairn_error *error)
{
    struct analysis_tree *tree = (struct analysis_tree *)sink;
    tree->info = info;
    if (tree->tasks.sink.end(&tree->tasks.sink, info, error) != 0) return -1;
    return sort_nodes(tree) ? 0 : out_of_memory(error);
}

bool analysis_tree_init(struct analysis_tree *tree, const struct trace_info *info,
                        struct analysis_filter *filter)
{
    *tree = (struct analysis_tree){.sink = {.event = take_event, .end = take_end}, .info = info};
    bool done = analysis_tasks_init(&tree->tasks, info, filter, 0);
    tree->tasks.each = add_task;
    tree->tasks.each_data = tree;
    return done;
}

void analysis_tree_free(struct analysis_tree *tree)
{
    for (size_t i = 0; i < tree->nodes.count; i++) analysis_stats_free(&tree->nodes.items[i].stats);
    vector_free(&tree->nodes);
    map_free(&tree->children);
    map_free(&tree->open);
    analysis_names_free(&tree->types);
    analysis_tasks_free(&tree->tasks);
}
