/* The answers of `cairn series`, drawn for people. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/nextstep.h"
#include "cli/print/seriesanswer.h"
#include "cli/print/show.h"
#include "cli/print/sparkline.h"

#include <math.h>
#include <string.h>

enum { DRAWN_UNASKED = 8, LABEL_COLUMNS = 10, RANGE_COLUMNS = 24, COLUMNS_MIN = 20, OCTAVES = 64 };

static struct analysis_window bucket_at(const struct analysis_series *series, uint32_t bucket)
{
    return (struct analysis_window){analysis_series_begin(series, bucket),
                                    analysis_series_begin(series, bucket + 1)};
}

double series_rate(const struct analysis_series *series, const struct analysis_series_cell *cell,
                   uint32_t bucket)
{
    const struct analysis_window window = bucket_at(series, bucket);
    return analysis_load_rate(&window, cell->finished, &series->info->clock);
}

double series_concurrency(const struct analysis_series *series, const struct analysis_series_cell *cell,
                          uint32_t bucket)
{
    const struct analysis_window window = bucket_at(series, bucket);
    return analysis_load_mean(&window, &(struct analysis_load){.open_ticks = cell->open_ticks});
}

static size_t drawing_columns(void)
{
    unsigned width = cli_width(), others = LABEL_COLUMNS + RANGE_COLUMNS;
    return width < others + COLUMNS_MIN ? COLUMNS_MIN : width - others;
}

/* ---- Lines ------------------------------------------------------------------------------------------- */

enum measure { RATE, AT_ONCE, ERRORS, P50, P90, P99 };

static double measured(const struct analysis_series *series, const struct analysis_series_cell *cell,
                       uint32_t bucket, enum measure measure)
{
    const struct trace_clock *clock = &series->info->clock;
    switch (measure) {
    case RATE: return series_rate(series, cell, bucket);
    case AT_ONCE: return series_concurrency(series, cell, bucket);
    case ERRORS: return (double)cell->errors;
    case P50: return cell->finished ? (double)trace_clock_ns(clock, cell->p50) : NAN;
    case P90: return cell->finished ? (double)trace_clock_ns(clock, cell->p90) : NAN;
    default: return cell->finished ? (double)trace_clock_ns(clock, cell->p99) : NAN;
    }
}

static char *measure_text(char text[SHOW_BYTES], double value, enum measure measure)
{
    if (measure == RATE) return show_rate(text, value);
    return measure >= P50 ? show_duration(text, (uint64_t)value) : show_number(text, value);
}

static double least(const double *values, size_t count)
{
    double low = NAN;
    for (size_t i = 0; i < count; i++) low = fmin(low, values[i]);
    return low;
}

static double most(const double *values, size_t count)
{
    double high = NAN;
    for (size_t i = 0; i < count; i++) high = fmax(high, values[i]);
    return high;
}

static void draw_measure(const struct analysis_series *series, const struct analysis_series_row *row,
                         enum measure measure, double *values)
{
    static const char *const names[] = {"rate", "at once", "failed", "p50", "p90", "p99"};
    char low[SHOW_BYTES], high[SHOW_BYTES];
    for (uint32_t i = 0; i < series->bucket_count; i++)
        values[i] = measured(series, &row->cells[i], i, measure);
    double greatest = most(values, series->bucket_count);
    if (isnan(greatest) || (measure == ERRORS && greatest == 0)) return;
    printf("  %-7s ", names[measure]);
    sparkline_draw(stdout, values, series->bucket_count, 0, greatest, drawing_columns());
    printf(" %s", measure_text(low, least(values, series->bucket_count), measure));
    printf(" to %s\n", measure_text(high, greatest, measure));
}

static void draw_type(const struct analysis_series *series, const struct analysis_series_row *row,
                      double *values)
{
    char text[SHOW_BYTES];
    printf("%s", show_bold());
    show_text(stdout, row->type, strlen(row->type));
    printf("%s: %s finished\n", show_plain(), show_count(text, row->count));
    for (int measure = RATE; measure <= P99; measure++)
        draw_measure(series, row, (enum measure)measure, values);
}

static void draw_counter(const struct analysis_series *series, const struct analysis_series_counter *counter,
                         double *values)
{
    char low[SHOW_BYTES], high[SHOW_BYTES];
    double bottom = NAN;
    for (uint32_t i = 0; i < series->bucket_count; i++) {
        const struct analysis_series_value *value = &counter->values[i];
        values[i] = value->count ? value->max : NAN;
        if (value->count) bottom = fmin(bottom, value->min);
    }
    double top = most(values, series->bucket_count);
    printf("%scounter ", show_bold());
    show_text(stdout, counter->name, strlen(counter->name));
    printf("%s\n  %-7s ", show_plain(), "max");
    sparkline_draw(stdout, values, series->bucket_count, fmin(bottom, 0), top, drawing_columns());
    snprintf(low, sizeof low, "%.6g", bottom);
    snprintf(high, sizeof high, "%.6g", top);
    printf(" %s to %s\n", low, high);
}

/* ---- Heat -------------------------------------------------------------------------------------------- */

/* Latencies by powers of two: the row in the drawing. */
static unsigned octave_of(uint32_t latency)
{
    uint64_t low = histogram_bucket_low(latency);
    return low ? 63u - (unsigned)__builtin_clzll(low) : 0;
}

/* The counts of one type in one octave; returns their greatest. */
static double take_octave(const struct analysis_series *series, uint32_t row, unsigned octave, double *counts)
{
    double greatest = 0;
    memset(counts, 0, series->bucket_count * sizeof *counts);
    for (size_t i = 0; i < series->heat.count; i++) {
        const struct analysis_heat *heat = &series->heat.items[i];
        if (heat->row != row || octave_of(heat->latency) != octave) continue;
        counts[heat->bucket] += (double)heat->count;
        greatest = fmax(greatest, counts[heat->bucket]);
    }
    return greatest;
}

static void draw_heat(const struct analysis_series *series, uint32_t row, double *counts)
{
    char text[SHOW_BYTES];
    double greatest = 0;
    bool is_used[OCTAVES] = {false};
    for (unsigned octave = 0; octave < OCTAVES; octave++) {
        double here = take_octave(series, row, octave, counts);
        is_used[octave] = here > 0;
        greatest = fmax(greatest, here);
    }
    printf("%s", show_bold());
    show_text(stdout, series->rows.items[row].type, strlen(series->rows.items[row].type));
    printf("%s: latency, from\n", show_plain());
    for (unsigned octave = OCTAVES; octave-- > 0;) {
        if (!is_used[octave]) continue;
        take_octave(series, row, octave, counts);
        show_duration(text, trace_clock_ns(&series->info->clock, UINT64_C(1) << octave));
        printf("  %*s%s ", (int)(8 - show_text_columns(text, strlen(text))), "", text);
        sparkline_shades(stdout, counts, series->bucket_count, greatest, drawing_columns());
        printf("\n");
    }
}

/* ---- All --------------------------------------------------------------------------------------------- */

static void print_axis(const struct analysis_series *series)
{
    char begin[SHOW_BYTES], end[SHOW_BYTES], each[SHOW_BYTES];
    const struct trace_clock *clock = &series->info->clock;
    uint64_t length = (series->window.end - series->window.begin) / series->bucket_count;
    printf("%s to %s s, %u buckets of %s\n\n",
           show_instant(begin, trace_clock_since_start_ns(clock, series->window.begin)),
           show_instant(end, trace_clock_since_start_ns(clock, series->window.end)),
           (unsigned)series->bucket_count, show_duration(each, trace_clock_ns(clock, length)));
}

/* Returns how many. */
static size_t draw_types(const struct question *question, const struct analysis_series *series,
                         enum series_form form, double *values)
{
    size_t count = series->rows.count, drawn = 0;
    if (!question->query->spec.type && count > DRAWN_UNASKED) count = DRAWN_UNASKED;
    for (uint32_t i = 0; i < count && form != SERIES_COUNTERS; i++) {
        if (drawn++) printf("\n");
        if (form == SERIES_HEAT)
            draw_heat(series, i, values);
        else
            draw_type(series, &series->rows.items[i], values);
    }
    if (count < series->rows.count)
        printf("\n%zu more type%s: `cairn series %s TYPE` draws one.\n", series->rows.count - count,
               series->rows.count - count == 1 ? "" : "s", question->path);
    return drawn;
}

/* Of the type that is drawn first: the slowest of the bucket in which its p99 is highest, which is where they ended. */
static bool print_next(const struct question *question, const struct analysis_series *series)
{
    const struct analysis_series_row *row = &series->rows.items[0];
    const struct trace_clock *clock = &series->info->clock;
    char type[NEXT_STEP_BYTES], part[2 * SHOW_BYTES];
    struct query filters = *question->query;
    uint32_t worst = 0;
    for (uint32_t i = 0; i < series->bucket_count; i++)
        if (row->cells[i].p99 > row->cells[worst].p99) worst = i;
    if (!row->cells[worst].finished) return true;
    snprintf(part, sizeof part, "end >= %.12gs and end <= %.12gs",
             (double)trace_clock_since_start_ns(clock, analysis_series_begin(series, worst)) / 1e9,
             (double)trace_clock_since_start_ns(clock, analysis_series_begin(series, worst + 1)) / 1e9);
    char *both = filters.spec.where ? analysis_filter_both(filters.spec.where, part) : strdup(part);
    if (!both) return false;
    filters.spec.where = both;
    filters.spec.type = NULL;
    next_step_pattern(type, row->type);
    next_step_print(&(struct next_step){.words = {"tasks", "--slowest", "5", question->path, type},
                                        .why = "when the p99 was highest of",
                                        .whose = row->type,
                                        .filters = &filters});
    free(both);
    return true;
}

bool series_draw(const struct question *question, const struct analysis_series *series, enum series_form form)
{
    double *values = calloc(series->bucket_count, sizeof *values);
    if (!values) return false;
    print_axis(series);
    bool is_empty = !series->rows.count && form != SERIES_COUNTERS;
    if (is_empty) question_none(stdout, question, "tasks", NULL);
    size_t drawn = draw_types(question, series, form, values) + is_empty;
    for (size_t i = 0; i < series->counters.count && form != SERIES_HEAT; i++) {
        if (drawn++) printf("\n");
        draw_counter(series, &series->counters.items[i], values);
    }
    if (series->left_out) printf("\nThere are more counters than are kept: use fewer buckets.\n");
    free(values);
    question_notes(question);
    return !series->rows.count || form == SERIES_COUNTERS || print_next(question, series);
}
