/* See series.h. SPDX-License-Identifier: Apache-2.0
 *
 * A task that is open through many buckets is noted in constant time: what it is open in the first and the last of them,
 * and that from the one to the other there is one more throughout (`whole`), which is summed up at the end.
 */
#include "analysis/series.h"

#include "cairn/cairn.h"

#include <stdlib.h>
#include <string.h>

static int out_of_memory(struct cairn_error *error)
{
    return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE,
                            "Out of memory: too many tasks are open at once, or too many buckets.");
}

/* ---- Buckets ------------------------------------------------------------------------------------------------ */

/* Rounded up, so that a time is in the bucket that `bucket_of` says. */
uint64_t analysis_series_begin(const struct analysis_series *series, uint32_t bucket)
{
    histogram_sum length = series->window.end - series->window.begin, count = series->bucket_count;
    return series->window.begin + (uint64_t)((length * bucket + count - 1) / count);
}

/* Of a time in the window. */
static uint32_t bucket_of(const struct analysis_series *series, uint64_t time)
{
    uint64_t length = series->window.end - series->window.begin;
    return (uint32_t)((histogram_sum)(time - series->window.begin) * series->bucket_count / length);
}

/* Of any time; false if it belongs to none. */
static bool find_bucket(const struct analysis_series *series, uint64_t time, uint32_t *bucket)
{
    const struct analysis_window *window = &series->window;
    if (window->begin == window->end) return false;
    if (time < window->begin && series->clamps_begin) time = window->begin;
    if (time >= window->end && series->clamps_end) time = window->end - 1;
    if (time < window->begin || time >= window->end) return false;
    *bucket = bucket_of(series, time);
    return true;
}

/* ---- Tasks -------------------------------------------------------------------------------------------------- */

static struct analysis_series_row *row_of(struct analysis_series *series, const char *type)
{
    if (series->rows.count >= series->rows_max - 1) {
        size_t at = 0;
        while (at < series->rows.count && strcmp(series->rows.items[at].type, type) != 0) at++;
        if (at == series->rows.count) type = ANALYSIS_TYPE_OTHER;
    }
    uint32_t number = analysis_names_number(&series->types, type);
    if (number == UINT32_MAX) return NULL;
    if (number == series->rows.count) {
        struct analysis_series_row row = {.type = series->types.texts.items[number]};
        row.cells = arena_alloc(&series->memory, series->bucket_count * sizeof *row.cells);
        if (!row.cells || !vector_push(&series->rows, row)) return NULL;
    }
    return &series->rows.items[number];
}

static void add_open(const struct analysis_series *series, struct analysis_series_cell *cells, uint64_t begin,
                     uint64_t end)
{
    if (begin < series->window.begin) begin = series->window.begin;
    if (end > series->window.end) end = series->window.end;
    if (begin >= end) return;
    uint32_t first = bucket_of(series, begin), last = bucket_of(series, end - 1);
    if (first == last) {
        cells[first].open_ticks += end - begin;
        return;
    }
    cells[first].open_ticks += analysis_series_begin(series, first + 1) - begin;
    cells[last].open_ticks += end - analysis_series_begin(series, last);
    cells[first + 1].whole++;
    cells[last].whole--;
}

static bool add_latency(struct analysis_series *series, uint32_t row, uint32_t bucket, uint64_t latency)
{
    struct map_key key = {row, bucket, histogram_bucket(latency)};
    uint64_t *count = map_put(&series->heat_map, key, NULL);
    if (!count) return false;
    ++*count;
    struct analysis_series_cell *cell = &series->rows.items[row].cells[bucket];
    if (!cell->finished || latency < cell->min) cell->min = latency;
    if (!cell->finished || latency > cell->max) cell->max = latency;
    cell->finished++;
    cell->sum += latency;
    series->rows.items[row].count++;
    return true;
}

static bool add_task(void *data, const struct analysis_task *task)
{
    struct analysis_series *series = data;
    struct analysis_series_row *row = row_of(series, analysis_type_of_task(series->info, &task->id));
    uint32_t bucket;
    if (!row) return false;
    add_open(series, row->cells, task->id.birth, task->end_ticks);
    if (task->status == ANALYSIS_UNFINISHED || !find_bucket(series, task->end_ticks, &bucket)) return true;
    row->cells[bucket].errors += task->status == ANALYSIS_FAILED;
    return add_latency(series, (uint32_t)(row - series->rows.items), bucket, analysis_task_latency(task));
}

/* ---- Counters ------------------------------------------------------------------------------------------------ */

static double number_of(const struct trace_value *value)
{
    switch (value->type) {
    case CAIRN_I_VALUE_INT: return (double)value->i;
    case CAIRN_I_VALUE_FLOAT: return value->f;
    default: return (double)value->u;
    }
}

static bool add_counter(struct analysis_series *series, const char *name, uint32_t process)
{
    struct analysis_series_counter counter = {.name = name, .process = process};
    counter.values = arena_alloc(&series->memory, series->bucket_count * sizeof *counter.values);
    return counter.values && vector_push(&series->counters, counter);
}

/* *counter is NULL if there is no room for it. False if memory ran out. */
static bool find_counter(struct analysis_series *series, const struct trace_event *event,
                         struct analysis_series_counter **counter)
{
    const struct trace_info *info = series->info;
    uint32_t process = event->thread < info->thread_count ? info->threads[event->thread].process : 0;
    uint32_t name = analysis_names_number(&series->names, analysis_site_text(info, event->site));
    if (name == UINT32_MAX) return false;
    const struct map_key key = {name, process, 0};
    const uint64_t *known = map_get(&series->counter_of_name, key);
    *counter = known ? &series->counters.items[*known] : NULL;
    if (known || series->counters.count >= series->rows_max) return true;
    if (!add_counter(series, series->names.texts.items[name], process)) return false;
    uint64_t *index = map_put(&series->counter_of_name, key, NULL);
    if (!index) return false;
    *index = series->counters.count - 1;
    *counter = &series->counters.items[*index];
    return true;
}

static bool count_value(struct analysis_series *series, const struct trace_event *event)
{
    uint32_t bucket;
    struct analysis_series_counter *counter;
    if (!find_bucket(series, event->time, &bucket)) return true;
    if (!find_counter(series, event, &counter)) return false;
    if (!counter) return series->left_out++, true;
    struct analysis_series_value *value = &counter->values[bucket];
    double number = number_of(&event->value);
    if (!value->count || number < value->min) value->min = number;
    if (!value->count || number > value->max) value->max = number;
    value->count++;
    value->sum += number;
    value->last = number;
    return true;
}

static int take_event(struct trace_sink *sink, const struct trace_event *event, struct cairn_error *error)
{
    struct analysis_series *series = (struct analysis_series *)sink;
    if (event->kind == TRACE_COUNTER) return count_value(series, event) ? 0 : out_of_memory(error);
    return series->tasks.sink.event(&series->tasks.sink, event, error);
}

/* ---- The end ------------------------------------------------------------------------------------------------- */

static void sum_up_open(struct analysis_series *series)
{
    for (size_t i = 0; i < series->rows.count; i++) {
        int64_t whole = 0;
        for (uint32_t bucket = 0; bucket < series->bucket_count; bucket++) {
            struct analysis_series_cell *cell = &series->rows.items[i].cells[bucket];
            uint64_t length =
                analysis_series_begin(series, bucket + 1) - analysis_series_begin(series, bucket);
            whole += cell->whole;
            cell->open_ticks += (histogram_sum)whole * length;
        }
    }
}

static int compare_heat(const void *left, const void *right)
{
    const struct analysis_heat *one = left, *other = right;
    if (one->row != other->row) return one->row < other->row ? -1 : 1;
    if (one->bucket != other->bucket) return one->bucket < other->bucket ? -1 : 1;
    return (one->latency > other->latency) - (one->latency < other->latency);
}

static int compare_rows(const void *left, const void *right)
{
    const struct analysis_series_row *one = left, *other = right;
    if (one->count != other->count) return one->count > other->count ? -1 : 1;
    return strcmp(one->type, other->type);
}

static int compare_counters(const void *left, const void *right)
{
    const struct analysis_series_counter *one = left, *other = right;
    int order = strcmp(one->name, other->name);
    return order ? order : (one->process > other->process) - (one->process < other->process);
}

/* Rows change places; the heat map follows. */
static bool sort_rows(struct analysis_series *series)
{
    size_t count = series->rows.count;
    uint32_t *moved = calloc(count + 1, sizeof *moved);
    if (!moved) return false;
    if (count) qsort(series->rows.items, count, sizeof *series->rows.items, compare_rows);
    for (uint32_t i = 0; i < count; i++)
        moved[analysis_names_number(&series->types, series->rows.items[i].type)] = i;
    for (size_t i = 0; i < series->heat.count; i++)
        series->heat.items[i].row = moved[series->heat.items[i].row];
    free(moved);
    return true;
}

static bool list_heat(struct analysis_series *series)
{
    if (!vector_reserve(&series->heat, series->heat_map.count + 1)) return false;
    for (size_t i = 0; i < series->heat_map.capacity; i++) {
        const struct map_entry *entry = &series->heat_map.entries[i];
        struct analysis_heat heat = {(uint32_t)entry->key.a, (uint32_t)entry->key.b, (uint32_t)entry->key.c,
                                     entry->value};
        if (entry->used) series->heat.items[series->heat.count++] = heat;
    }
    map_free(&series->heat_map);
    return true;
}

/* Of one cell, whose places in the heat map stand in sequence from `heat` on; returns what follows them. */
static size_t find_percentiles(struct analysis_series *series, size_t at, struct histogram *times)
{
    const struct analysis_heat *heat = series->heat.items;
    size_t end = at;
    struct analysis_series_cell *cell = &series->rows.items[heat[at].row].cells[heat[at].bucket];
    for (; end < series->heat.count && heat[end].row == heat[at].row && heat[end].bucket == heat[at].bucket;
         end++)
        times->buckets[heat[end].latency] = heat[end].count;
    times->count = cell->finished;
    times->min = cell->min;
    times->max = cell->max;
    cell->p50 = histogram_percentile(times, 0.5);
    cell->p90 = histogram_percentile(times, 0.9);
    cell->p99 = histogram_percentile(times, 0.99);
    for (size_t i = at; i < end; i++) times->buckets[heat[i].latency] = 0;
    return end;
}

static bool make_heat(struct analysis_series *series)
{
    struct histogram times = {0};
    bool done = list_heat(series) && sort_rows(series) && histogram_ready(&times);
    if (done && series->heat.count)
        qsort(series->heat.items, series->heat.count, sizeof *series->heat.items, compare_heat);
    for (size_t at = 0; done && at < series->heat.count;) at = find_percentiles(series, at, &times);
    histogram_free(&times);
    return done;
}

static int take_end(struct trace_sink *sink, const struct trace_info *info, struct cairn_error *error)
{
    struct analysis_series *series = (struct analysis_series *)sink;
    series->info = info;
    if (series->tasks.sink.end(&series->tasks.sink, info, error) != 0) return -1;
    sum_up_open(series);
    if (series->counters.count)
        qsort(series->counters.items, series->counters.count, sizeof *series->counters.items,
              compare_counters);
    return make_heat(series) ? 0 : out_of_memory(error);
}

bool analysis_series_init(struct analysis_series *series, const struct trace_info *info,
                          struct analysis_filter *filter, struct analysis_window window, uint32_t buckets)
{
    const struct analysis_window all = analysis_window_of(info, NULL);
    uint64_t length = window.end - window.begin;
    if (buckets > length) buckets = length ? (uint32_t)length : 1;
    *series = (struct analysis_series){.sink = {.event = take_event, .end = take_end},
                                       .window = window,
                                       .bucket_count = buckets,
                                       .info = info,
                                       .clamps_begin = window.begin == all.begin,
                                       .clamps_end = window.end == all.end,
                                       .rows_max = ANALYSIS_SERIES_CELLS_MAX / buckets};
    bool done = analysis_tasks_init(&series->tasks, info, filter, 0);
    series->tasks.each = add_task;
    series->tasks.each_data = series;
    return done;
}

void analysis_series_free(struct analysis_series *series)
{
    vector_free(&series->rows);
    vector_free(&series->counters);
    vector_free(&series->heat);
    map_free(&series->counter_of_name);
    map_free(&series->heat_map);
    arena_free(&series->memory);
    analysis_names_free(&series->types);
    analysis_names_free(&series->names);
    analysis_tasks_free(&series->tasks);
}
