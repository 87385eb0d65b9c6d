/* cairn tree: what tasks consist of, their subtasks summed up by type path. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/foldedpath.h"
#include "cli/print/nextstep.h"
#include "cli/query.h"
#include "cli/print/show.h"
#include "cli/print/typerows.h"

struct tree_options {
    struct query query;
    bool wide;
};

extern const struct cli_command cmd_tree;

/* ---- What a node is to those above it ---------------------------------------------------------------- */

static const struct analysis_tree_node *root_of(const struct analysis_tree *tree, uint32_t node)
{
    while (tree->nodes.items[node].at.parent != ANALYSIS_NO_NODE) node = tree->nodes.items[node].at.parent;
    return &tree->nodes.items[node];
}

static bool is_asked(const struct analysis_tree *tree, uint32_t node, const char *root_type)
{
    return !root_type || analysis_glob(root_type, root_of(tree, node)->type);
}

/* Tasks for each of the parent's; 0 of a root, or if no parent counts. */
static double per_parent(const struct analysis_tree *tree, uint32_t node)
{
    uint32_t parent = tree->nodes.items[node].at.parent;
    uint64_t parents = parent == ANALYSIS_NO_NODE ? 0 : tree->nodes.items[parent].stats.count;
    return parents ? (double)tree->nodes.items[node].stats.count / (double)parents : 0;
}

/* Of the root's total time; 0 if that is 0. More than 1 where subtasks run beside each other. */
static double share_of_root(const struct analysis_tree *tree, uint32_t node)
{
    double all = (double)root_of(tree, node)->stats.time.sum;
    return all > 0 ? (double)tree->nodes.items[node].stats.time.sum / all : 0;
}

/* From the root on, joined. NULL if memory ran out. */
static const char *path_text(struct folded_path *path, const struct analysis_tree *tree, uint32_t node)
{
    uint32_t nodes[ANALYSIS_TREE_DEPTH_MAX], count = tree->nodes.items[node].at.depth + 1;
    for (uint32_t i = count; i-- > 0; node = tree->nodes.items[node].at.parent) nodes[i] = node;
    folded_path_clear(path);
    for (uint32_t i = 0; i < count; i++)
        if (!folded_path_add(path, tree->nodes.items[nodes[i]].type)) return NULL;
    return folded_path_text(path);
}

/* ---- For programs ------------------------------------------------------------------------------------ */

static bool write_node(struct records *records, const struct analysis_tree *tree, uint32_t node,
                       struct folded_path *path)
{
    const struct analysis_tree_node *at = &tree->nodes.items[node];
    const char *text = path_text(path, tree, node);
    if (!text) return false;
    records_row(records);
    records_text(records, "path", text);
    records_text(records, "type", at->type);
    records_uint(records, "depth", at->at.depth);
    records_double(records, "per_parent", per_parent(tree, node));
    records_double(records, "share_of_root", share_of_root(tree, node));
    typerows_fields(records, &at->stats, &tree->info->clock);
    records_row_end(records);
    return true;
}

/* CSV's head takes the names alone from this. */
static bool write_head(struct records *records, const struct analysis_tree *tree, struct folded_path *path)
{
    struct analysis_tree_node none = {.at = {.parent = ANALYSIS_NO_NODE}, .type = ""};
    struct analysis_tree empty = {.info = tree->info};
    empty.nodes.items = &none;
    return write_node(records, &empty, 0, path);
}

static bool write_tree(const struct question *question, const struct analysis_tree *tree,
                       const char *root_type)
{
    struct records records;
    struct folded_path path = {0};
    records_begin(&records, question->query->json ? RECORDS_JSON : RECORDS_CSV, "nodes");
    bool done = !records_head(&records) || write_head(&records, tree, &path);
    for (uint32_t i = 0; done && i < tree->nodes.count; i++)
        if (is_asked(tree, i, root_type)) done = write_node(&records, tree, i, &path);
    records_end_array(&records);
    if (records.form == RECORDS_JSON) question_diagnostics(question, &records.json);
    records_end(&records);
    vector_free(&path.text);
    return done;
}

/* ---- For people -------------------------------------------------------------------------------------- */

/* Which nodes have a sibling below them in the drawing. NULL if memory ran out. */
static bool *find_followed(const struct analysis_tree *tree)
{
    size_t count = tree->nodes.count;
    bool *has_child = calloc(count + 1, sizeof *has_child), *followed = calloc(count + 1, sizeof *followed);
    for (size_t i = count; has_child && followed && i-- > 0;) {
        uint32_t parent = tree->nodes.items[i].at.parent;
        if (parent == ANALYSIS_NO_NODE) continue;
        followed[i] = has_child[parent];
        has_child[parent] = true;
    }
    if (!has_child) free(followed), followed = NULL;
    free(has_child);
    return followed;
}

static void name_cell(struct table *table, const struct analysis_tree *tree, uint32_t node,
                      const bool *followed)
{
    char text[TABLE_TEXT_COLUMNS_MAX * 8];
    const char *lines[ANALYSIS_TREE_DEPTH_MAX];
    uint32_t depth = tree->nodes.items[node].at.depth, above = node;
    for (uint32_t i = depth; i-- > 0; above = tree->nodes.items[above].at.parent)
        lines[i] = above == node ? (followed[node] ? "├─ " : "└─ ") : followed[above] ? "│  " : "   ";
    size_t used = 0;
    for (uint32_t i = 0; i < depth; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s", lines[i]);
    show_text_cut(text + used, sizeof text - used, tree->nodes.items[node].type, TABLE_TEXT_COLUMNS_MAX - 2);
    table_raw(table, text);
}

static void ratio_cells(struct table *table, const struct analysis_tree *tree, uint32_t node)
{
    char text[SHOW_BYTES];
    double count = per_parent(tree, node);
    table_raw(table, count > 0 ? show_number(text, count) : "·");
    snprintf(text, sizeof text, "%.1f %%", 100 * share_of_root(tree, node));
    table_raw(table, text);
}

/* Of the first line of which there is a finished task. */
static void print_next(const struct question *question, const struct analysis_tree *tree,
                       const char *root_type)
{
    char type[NEXT_STEP_BYTES];
    struct query filters = *question->query;
    uint32_t node = 0;
    while (node < tree->nodes.count &&
           (!is_asked(tree, node, root_type) || !tree->nodes.items[node].stats.time.count))
        node++;
    if (node == tree->nodes.count) return;
    filters.spec.type = NULL;
    next_step_pattern(type, tree->nodes.items[node].type);
    next_step_print(&(struct next_step){.words = {"tasks", "--slowest", "5", question->path, type},
                                        .why = "the slowest",
                                        .whose = tree->nodes.items[node].type,
                                        .filters = &filters});
}

static bool print_tree(const struct question *question, const struct analysis_tree *tree,
                       const char *root_type, bool wide)
{
    struct table table = {0};
    bool *followed = find_followed(tree);
    const struct typerows_style style = {
        .errors = "failed", .is_sampled = tree->tasks.sampling.any, .is_brief = !wide};
    if (!followed) return false;
    table_column(&table, "task", TABLE_LEFT, 0);
    table_column(&table, "per parent", TABLE_RIGHT, 0);
    table_column(&table, "of root", TABLE_RIGHT, 0);
    typerows_columns(&table, &style);
    for (uint32_t i = 0; i < tree->nodes.count; i++) {
        if (!is_asked(tree, i, root_type)) continue;
        name_cell(&table, tree, i, followed);
        ratio_cells(&table, tree, i);
        typerows_cells(&table, &style, &tree->nodes.items[i].stats, &question->info->clock);
    }
    if (table.cells.count || table.is_broken)
        table_print(&table, stdout);
    else
        question_none(stdout, question, "tasks", root_type);
    table_free(&table);
    free(followed);
    question_notes(question);
    print_next(question, tree, root_type);
    return true;
}

/* ---- The command ----------------------------------------------------------------------------------- */

static int run(const void *given, int count, char **arguments)
{
    const struct tree_options *options = given;
    const char *root_type = count > 1 ? arguments[1] : NULL;
    struct analysis_tree tree = {0};
    struct question question;
    int code = question_begin(&question, &cmd_tree, &options->query, ANALYSIS_TASKS, arguments[0]);
    if (code == CLI_OK) {
        question.source->no_text = true; /* logs have been searched by now, if they had to be */
        bool done = analysis_tree_init(&tree, question.info, question_filter(&question));
        code = done ? question_run(&question, &tree.sink) : CLI_OK;
        if (done && code == CLI_OK)
            done = options->query.json || options->query.csv
                       ? write_tree(&question, &tree, root_type)
                       : print_tree(&question, &tree, root_type, options->wide);
        if (!done) code = cli_out_of_memory();
    }
    analysis_tree_free(&tree);
    return question_end(&question, code);
}

static const struct cli_option options_table[] = {
    {"wide", 'w', CLI_FLAG, NULL, offsetof(struct tree_options, wide), "all columns: also min, mean, p99.9"},
    {0},
};

const struct cli_command cmd_tree = {
    .name = "tree",
    .arguments = "TRACE [TYPE]",
    .summary = "what tasks consist of: subtasks summed up by the path of their types",
    .details =
        "A line stands for all tasks of one path: their type below that of their parent, below that of its "
        "parent, and so on. Per parent is how many there are for each task of the line above them; of root, "
        "what share of the total time of the root line they take, more than 100 % where subtasks run beside "
        "each other. The other columns are those of `cairn tasks`. TYPE is a pattern of the types of roots: "
        "it picks trees, while --type and the other filters choose which tasks are counted in them.\n\n"
        "A task is a root if it has no parent, or if the parent has ended before it begins. Up to 4096 paths "
        "and 40 levels are kept; what is beyond goes into (other).\n\n" QUERY_DETAILS
        "\n\n--json: {\"nodes\": [...], \"diagnostics\": [...]}, a node has: path (types from the root on, "
        "joined by ;, which becomes : in a type), type, depth (0: root), per_parent, share_of_root (1: "
        "all), " TYPEROWS_FIELDS ". --csv has the same fields.",
    .examples = "cairn tree demo.cairn               # all tasks\n"
                "cairn tree demo.cairn 'GET *'       # what these consist of\n"
                "cairn tree --failed demo.cairn      # where the failed ones stand\n",
    .options = options_table,
    .more_options = query_options,
    .arguments_min = 1,
    .arguments_max = 2,
    .options_bytes = sizeof(struct tree_options),
    .run = run,
};
