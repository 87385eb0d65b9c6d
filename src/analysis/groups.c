/* See groups.h. SPDX-License-Identifier: Apache-2.0
 *
 * A row is found by the hashes of its two texts and a probe number that tells equal hashes apart. The texts themselves
 * are kept for rows alone, so that memory stays bounded however many values there are.
 */
#include "analysis/groups.h"

#include "cairn/cairn.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- Rows ------------------------------------------------------------------------------------------------ */

static bool is_row(const struct analysis_group_row *row, const char *type, const char *value)
{
    if (!row->value != !value || strcmp(row->type, type) != 0) return false;
    return !value || strcmp(row->value, value) == 0;
}

/* The row, or NULL; *key is then where it belongs. */
static struct analysis_group_row *find_row(const struct analysis_groups *groups, const char *type,
                                           const char *value, struct map_key *key)
{
    *key = (struct map_key){.a = map_hash_bytes(type, strlen(type)),
                            .b = value ? map_hash_bytes(value, strlen(value)) : 0};
    for (;; key->c++) {
        const uint64_t *index = map_get(&groups->by_texts, *key);
        if (!index) return NULL;
        if (is_row(&groups->rows.items[*index], type, value)) return &groups->rows.items[*index];
    }
}

static struct analysis_group_row *add_row(struct analysis_groups *groups, const char *type, const char *value,
                                          struct map_key key)
{
    struct analysis_group_row row = {.type = arena_text(&groups->memory, type, strlen(type)),
                                     .value =
                                         value ? arena_text(&groups->memory, value, strlen(value)) : NULL};
    bool done = row.type && (row.value || !value) && vector_push(&groups->rows, row);
    uint64_t *index = done ? map_put(&groups->by_texts, key, NULL) : NULL;
    if (!index) return NULL;
    *index = groups->rows.count - 1;
    return &groups->rows.items[*index];
}

struct analysis_group_row *analysis_groups_get(struct analysis_groups *groups, const char *type,
                                               const char *value)
{
    struct map_key key;
    struct analysis_group_row *row = find_row(groups, type, value, &key);
    if (row || groups->rows.count < ANALYSIS_ROWS_MAX) return row ? row : add_row(groups, type, value, key);
    if (groups->rows.count >= 2 * ANALYSIS_ROWS_MAX) type = ANALYSIS_TYPE_OTHER; /* so many types */
    row = find_row(groups, type, ANALYSIS_TYPE_OTHER, &key);
    return row ? row : add_row(groups, type, ANALYSIS_TYPE_OTHER, key);
}

/* None before all others. */
static int compare_values(const char *one, const char *other)
{
    if (!one || !other) return (one != NULL) - (other != NULL);
    return strcmp(one, other);
}

static int compare_rows(const void *left, const void *right)
{
    const struct analysis_group_row *one = left, *other = right;
    if (one->type_total != other->type_total) return one->type_total > other->type_total ? -1 : 1;
    int order = strcmp(one->type, other->type);
    if (order == 0) order = analysis_stats_compare(&one->stats, &other->stats);
    return order ? order : compare_values(one->value, other->value);
}

static int compare_types(const void *left, const void *right)
{
    const struct analysis_group_row *one = left, *other = right;
    return strcmp(one->type, other->type);
}

void analysis_groups_sort(struct analysis_groups *groups)
{
    struct analysis_group_row *rows = groups->rows.items;
    size_t count = groups->rows.count;
    if (count == 0) return;
    qsort(rows, count, sizeof *rows, compare_types);
    for (size_t first = 0, next; first < count; first = next) {
        histogram_sum total = 0;
        for (next = first; next < count && strcmp(rows[next].type, rows[first].type) == 0; next++)
            total += rows[next].stats.estimated_total;
        for (size_t i = first; i < next; i++) rows[i].type_total = total;
    }
    qsort(rows, count, sizeof *rows, compare_rows);
}

void analysis_groups_free(struct analysis_groups *groups)
{
    for (size_t i = 0; i < groups->rows.count; i++) analysis_stats_free(&groups->rows.items[i].stats);
    vector_free(&groups->rows);
    map_free(&groups->by_texts);
    arena_free(&groups->memory);
}

/* ---- By what --------------------------------------------------------------------------------------------- */

bool analysis_group_by_parse(struct analysis_group_by *by, const char *text)
{
    static const char *const words[] = {
        [ANALYSIS_BY_THREAD] = "thread", [ANALYSIS_BY_PARENT] = "parent",   [ANALYSIS_BY_OUTCOME] = "outcome",
        [ANALYSIS_BY_REASON] = "reason", [ANALYSIS_BY_PROCESS] = "process", [ANALYSIS_BY_TASK] = "task"};
    *by = (struct analysis_group_by){0};
    if (strncmp(text, "attr.", 5) == 0 && text[5]) {
        *by = (struct analysis_group_by){ANALYSIS_BY_ATTR, text + 5};
        return true;
    }
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i] && strcmp(words[i], text) == 0) by->kind = (enum analysis_group_kind)i;
    return by->kind != ANALYSIS_BY_NOTHING;
}

/* Numbers of one name are told apart by the system's. */
static const char *thread_value(char text[ANALYSIS_GROUP_BYTES], const struct trace_info *info,
                                uint32_t thread)
{
    char name[ANALYSIS_THREAD_BYTES];
    analysis_thread_text(name, info, thread);
    bool is_named = thread < info->thread_count && info->threads[thread].name && *info->threads[thread].name;
    if (is_named)
        snprintf(text, ANALYSIS_GROUP_BYTES, "%s (%" PRIu32 ")", name, info->threads[thread].tid);
    else
        snprintf(text, ANALYSIS_GROUP_BYTES, "%s", name);
    return text;
}

static const char *process_value(char text[ANALYSIS_GROUP_BYTES], const struct trace_info *info,
                                 uint32_t process)
{
    if (process >= info->process_count) return NULL;
    const struct trace_process *at = &info->processes[process];
    snprintf(text, ANALYSIS_GROUP_BYTES, "%s%s%" PRIu32,
             at->executable ? analysis_base_name(at->executable) : "",
             at->executable && *at->executable ? " " : "", at->pid);
    return text;
}

/* The shortest that reads back as the same number. */
static void float_value(char text[ANALYSIS_GROUP_BYTES], double value)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, ANALYSIS_GROUP_BYTES, "%.*g", digits, value);
        if (strtod(text, NULL) == value) return;
    }
}

static const char *attr_value(char text[ANALYSIS_GROUP_BYTES], const struct trace_value *value)
{
    size_t bytes = value->text_bytes;
    switch (value->type) {
    case CAIRN_I_VALUE_INT: snprintf(text, ANALYSIS_GROUP_BYTES, "%" PRId64, value->i); break;
    case CAIRN_I_VALUE_UINT: snprintf(text, ANALYSIS_GROUP_BYTES, "%" PRIu64, value->u); break;
    case CAIRN_I_VALUE_FLOAT: float_value(text, value->f); break;
    case CAIRN_I_VALUE_BOOL: snprintf(text, ANALYSIS_GROUP_BYTES, "%s", value->u ? "true" : "false"); break;
    default:
        if (bytes > ANALYSIS_GROUP_BYTES - 1) bytes = ANALYSIS_GROUP_BYTES - 1;
        if (bytes) memcpy(text, value->text, bytes);
        text[bytes] = 0;
    }
    return text;
}

/* ---- Tasks ------------------------------------------------------------------------------------------------ */

static const char *value_of_key(char text[ANALYSIS_GROUP_BYTES], const struct trace_info *info,
                                const struct analysis_detail *detail, const char *key)
{
    for (size_t i = 0; i < detail->attr_count; i++)
        if (strcmp(analysis_site_text(info, detail->attrs[i].site), key) == 0)
            return attr_value(text, &detail->attrs[i].value);
    return NULL;
}

static const char *value_of_task(char text[ANALYSIS_GROUP_BYTES], const struct trace_info *info,
                                 const struct analysis_detail *detail, const struct analysis_group_by *by)
{
    const struct analysis_task *task = detail->task;
    switch (by->kind) {
    case ANALYSIS_BY_ATTR: return value_of_key(text, info, detail, by->key);
    case ANALYSIS_BY_THREAD:
        return thread_value(text, info,
                            task->status == ANALYSIS_UNFINISHED ? task->begin_thread : task->end_thread);
    case ANALYSIS_BY_PARENT: return task->parent.id ? analysis_type_of_task(info, &task->parent) : NULL;
    case ANALYSIS_BY_OUTCOME: return analysis_status_name(task->status);
    case ANALYSIS_BY_REASON:
        return task->status == ANALYSIS_FAILED ? analysis_site_text(info, task->end_site) : NULL;
    case ANALYSIS_BY_PROCESS: return process_value(text, info, task->id.process);
    default: return analysis_type_of_task(info, &task->id);
    }
}

static bool add_task(void *data, const struct analysis_detail *detail)
{
    struct analysis_task_groups *groups = data;
    const struct analysis_task *task = detail->task;
    const struct trace_info *info = groups->details.info;
    char text[ANALYSIS_GROUP_BYTES];
    struct analysis_group_row *row =
        analysis_groups_get(&groups->groups, analysis_type_of_task(info, &task->id),
                            value_of_task(text, info, detail, &groups->by));
    if (!row) return false;
    row->stats.errors += task->status == ANALYSIS_FAILED;
    row->load.open_ticks +=
        analysis_window_part(&groups->details.tasks.window, task->id.birth, task->end_ticks);
    analysis_count_begin(&row->stats, task->begin);
    if (task->status == ANALYSIS_UNFINISHED) return analysis_stats_leave(&row->stats, task->weight), true;
    return analysis_stats_finish(&row->stats, analysis_task_latency(task), task->self_ticks, task->weight);
}

bool analysis_task_groups_init(struct analysis_task_groups *groups, const struct trace_info *info,
                               struct analysis_filter *filter, const struct analysis_group_by *by)
{
    *groups = (struct analysis_task_groups){.by = *by};
    unsigned wanted = by->kind == ANALYSIS_BY_ATTR ? ANALYSIS_DETAIL_ATTRS : 0;
    bool done = analysis_details_init(&groups->details, info, filter, wanted);
    groups->details.each = add_task;
    groups->details.each_data = groups;
    return done;
}

void analysis_task_groups_free(struct analysis_task_groups *groups)
{
    analysis_details_free(&groups->details);
    analysis_groups_free(&groups->groups);
}

/* ---- Regions ---------------------------------------------------------------------------------------------- */

static const char *value_of_region(char text[ANALYSIS_GROUP_BYTES], const struct trace_info *info,
                                   const struct trace_region_id *region, enum analysis_group_kind kind)
{
    if (kind == ANALYSIS_BY_THREAD) return thread_value(text, info, region->thread);
    return trace_task_is_known(&region->task) ? analysis_type_of_task(info, &region->task)
                                              : ANALYSIS_TYPE_UNKNOWN;
}

static bool add_region(void *data, const struct analysis_region *region)
{
    struct analysis_region_groups *groups = data;
    const struct trace_info *info = groups->regions.info;
    char text[ANALYSIS_GROUP_BYTES];
    struct analysis_group_row *row =
        analysis_groups_get(&groups->groups, analysis_type_of_site(info, region->id.site),
                            value_of_region(text, info, &region->id, groups->by.kind));
    if (!row) return false;
    row->stats.errors += region->is_wrong;
    row->stats.before_window += region->begin_left;
    row->stats.begin_lost += region->begin_lost;
    if (!region->is_finished) return analysis_stats_leave(&row->stats, region->weight), true;
    return analysis_stats_finish(&row->stats, analysis_region_duration(region), region->self_ticks,
                                 region->weight);
}

bool analysis_region_groups_init(struct analysis_region_groups *groups, const struct trace_info *info,
                                 struct analysis_filter *filter, const struct analysis_group_by *by)
{
    *groups = (struct analysis_region_groups){.by = *by};
    bool done = analysis_regions_init(&groups->regions, info, filter);
    groups->regions.each = add_region;
    groups->regions.each_data = groups;
    return done;
}

void analysis_region_groups_free(struct analysis_region_groups *groups)
{
    analysis_regions_free(&groups->regions);
    analysis_groups_free(&groups->groups);
}
