/* The answers of `cairn series`, for programs. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/records.h"
#include "cli/print/seriesanswer.h"

static void write_bucket(struct records *records, const struct analysis_series *series, uint32_t bucket)
{
    const struct trace_clock *clock = &series->info->clock;
    records_uint(records, "bucket", bucket);
    records_int(records, "begin_ns",
                trace_clock_since_start_ns(clock, analysis_series_begin(series, bucket)));
    records_int(records, "end_ns",
                trace_clock_since_start_ns(clock, analysis_series_begin(series, bucket + 1)));
}

/* ---- Tasks ------------------------------------------------------------------------------------------- */

static void write_times(struct records *records, const struct analysis_series_cell *cell,
                        const struct trace_clock *clock)
{
    const struct {
        const char *name;
        uint64_t ticks;
    } times[] = {
        {"min_ns", cell->min},
        {"mean_ns", cell->finished ? (uint64_t)((cell->sum + cell->finished / 2) / cell->finished) : 0},
        {"p50_ns", cell->p50},
        {"p90_ns", cell->p90},
        {"p99_ns", cell->p99},
        {"max_ns", cell->max}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        if (cell->finished)
            records_uint(records, times[i].name, trace_clock_ns(clock, times[i].ticks));
        else
            records_none(records, times[i].name);
    }
}

static void write_cell(struct records *records, const struct analysis_series *series, const char *type,
                       const struct analysis_series_cell *cell, uint32_t bucket)
{
    records_row(records);
    records_text(records, "type", type);
    write_bucket(records, series, bucket);
    records_uint(records, "finished", cell->finished);
    records_uint(records, "errors", cell->errors);
    records_double(records, "rate_per_s", series_rate(series, cell, bucket));
    records_double(records, "concurrency_mean", series_concurrency(series, cell, bucket));
    write_times(records, cell, &series->info->clock);
    records_row_end(records);
}

static void write_cells(struct records *records, const struct analysis_series *series)
{
    if (records_head(records)) write_cell(records, series, "", &(struct analysis_series_cell){0}, 0);
    for (size_t i = 0; i < series->rows.count; i++)
        for (uint32_t bucket = 0; bucket < series->bucket_count; bucket++)
            write_cell(records, series, series->rows.items[i].type, &series->rows.items[i].cells[bucket],
                       bucket);
}

/* ---- Counters ---------------------------------------------------------------------------------------- */

static void write_number(struct records *records, const char *name, uint64_t count, double number)
{
    if (count)
        records_double(records, name, number);
    else
        records_none(records, name);
}

static void write_value(struct records *records, const struct analysis_series *series,
                        const struct analysis_series_counter *counter, uint32_t bucket)
{
    const struct analysis_series_value *value = &counter->values[bucket];
    bool known = counter->process < series->info->process_count;
    records_row(records);
    records_text(records, "counter", counter->name);
    records_uint(records, "pid", known ? series->info->processes[counter->process].pid : 0);
    write_bucket(records, series, bucket);
    records_uint(records, "count", value->count);
    write_number(records, "min", value->count, value->min);
    write_number(records, "mean", value->count, value->sum / (double)value->count);
    write_number(records, "max", value->count, value->max);
    write_number(records, "last", value->count, value->last);
    records_row_end(records);
}

static void write_counters(struct records *records, const struct analysis_series *series)
{
    struct analysis_series_value none = {0};
    if (records_head(records))
        write_value(records, series, &(struct analysis_series_counter){.name = "", .values = &none}, 0);
    for (size_t i = 0; i < series->counters.count; i++)
        for (uint32_t bucket = 0; bucket < series->bucket_count; bucket++)
            write_value(records, series, &series->counters.items[i], bucket);
}

/* ---- Heat -------------------------------------------------------------------------------------------- */

static void write_place(struct records *records, const struct analysis_series *series, const char *type,
                        const struct analysis_heat *heat)
{
    const struct trace_clock *clock = &series->info->clock;
    records_row(records);
    records_text(records, "type", type);
    write_bucket(records, series, heat->bucket);
    records_uint(records, "latency_from_ns", trace_clock_ns(clock, histogram_bucket_low(heat->latency)));
    records_uint(records, "latency_to_ns", trace_clock_ns(clock, histogram_bucket_low(heat->latency + 1)));
    records_uint(records, "count", heat->count);
    records_row_end(records);
}

static void write_heat(struct records *records, const struct analysis_series *series)
{
    if (records_head(records)) write_place(records, series, "", &(struct analysis_heat){0});
    for (size_t i = 0; i < series->heat.count; i++)
        write_place(records, series, series->rows.items[series->heat.items[i].row].type,
                    &series->heat.items[i]);
}

/* ---- All --------------------------------------------------------------------------------------------- */

static void end_json(const struct question *question, struct records *records,
                     const struct analysis_series *series, enum series_form form)
{
    if (form == SERIES_TASKS) {
        json_key(&records->json, "counters");
        json_array(&records->json);
        write_counters(records, series);
        json_end(&records->json);
    }
    json_key(&records->json, "counter_values_left_out"), json_uint(&records->json, series->left_out);
    question_diagnostics(question, &records->json);
}

void series_write(const struct question *question, const struct analysis_series *series,
                  enum series_form form)
{
    static const char *const names[] = {
        [SERIES_TASKS] = "buckets", [SERIES_COUNTERS] = "counters", [SERIES_HEAT] = "heat"};
    struct records records;
    records_begin(&records, question->query->json ? RECORDS_JSON : RECORDS_CSV, names[form]);
    if (form == SERIES_TASKS) write_cells(&records, series);
    if (form == SERIES_COUNTERS) write_counters(&records, series);
    if (form == SERIES_HEAT) write_heat(&records, series);
    records_end_array(&records);
    if (records.form == RECORDS_JSON) end_json(question, &records, series, form);
    records_end(&records);
}
