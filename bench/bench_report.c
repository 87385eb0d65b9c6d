/* Rows as a table for people, as JSON for programs, as lines for a parent. SPDX-License-Identifier: Apache-2.0
 *
 * The figure of a row is judged by its median against the target; the minimum stands beside it to show what
 * the machine would give if left alone. The verdict is words only: machines differ, so speed never decides
 * an exit status.
 */
#include "bench.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 256, WARNINGS_MAX = 8 };

static struct report_row rows[ROWS_MAX];
static size_t row_count;
static char warnings[WARNINGS_MAX][160];
static size_t warning_count;

/* Rows of a group stand together in order of arrival, whichever child they come from. */
static struct report_row *insert_row(const char *group)
{
    if (row_count == ROWS_MAX) {
        fprintf(stderr, "bench: more than %d rows\n", ROWS_MAX);
        exit(1);
    }
    size_t at = row_count;
    for (size_t i = 0; i < row_count; i++)
        if (strcmp(rows[i].group, group) == 0) at = i + 1;
    memmove(&rows[at + 1], &rows[at], (row_count - at) * sizeof rows[0]);
    row_count++;
    return &rows[at];
}

void report_add(const char *group, const char *name, const char *unit, double value_ns, double floor_ns,
                double min, double median, double target)
{
    struct report_row row = {
        .value_ns = value_ns, .floor_ns = floor_ns, .min = min, .median = median, .target = target};
    snprintf(row.group, sizeof row.group, "%s", group);
    snprintf(row.name, sizeof row.name, "%s", name);
    snprintf(row.unit, sizeof row.unit, "%s", unit);
    *insert_row(row.group) = row;
}

void report_add_ratio(const char *group, const char *name, const double *item_ns, const double *floor_ns,
                      size_t count, double target)
{
    double *const ratios = bench_allocate(count, sizeof *ratios);
    double *const sorted = bench_allocate(count, sizeof *sorted);
    for (size_t i = 0; i < count; i++) ratios[i] = item_ns[i] / floor_ns[i];
    memcpy(sorted, item_ns, count * sizeof *sorted);
    const double item = samples_median(sorted, count);
    memcpy(sorted, floor_ns, count * sizeof *sorted);
    const double floor = samples_median(sorted, count);
    report_add(group, name, "x", item, floor, samples_min(ratios, count), samples_median(ratios, count),
               target);
    free(ratios);
    free(sorted);
}

const struct report_row *report_find(const char *group, const char *name)
{
    for (size_t i = 0; i < row_count; i++)
        if (strcmp(rows[i].group, group) == 0 && strcmp(rows[i].name, name) == 0) return &rows[i];
    return NULL;
}

void report_warn(const char *format, ...)
{
    if (warning_count == WARNINGS_MAX) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(warnings[warning_count], sizeof warnings[0], format, arguments);
    va_end(arguments);
    fprintf(stderr, "bench: %s\n", warnings[warning_count++]);
}

/* ---- Lines ---------------------------------------------------------------------------------- */

void report_write_lines(FILE *out)
{
    for (size_t i = 0; i < row_count; i++) {
        const struct report_row *const row = &rows[i];
        fprintf(out, "row\t%s\t%s\t%s\t%.9g\t%.9g\t%.9g\t%.9g\t%.9g\n", row->group, row->name, row->unit,
                row->value_ns, row->floor_ns, row->min, row->median, row->target);
    }
    for (size_t i = 0; i < warning_count; i++) fprintf(out, "warning\t%s\n", warnings[i]);
    fprintf(out, "checked\t%llu\n", (unsigned long long)session_checked_events());
}

static bool read_row(const char *line)
{
    char group[64], name[64], unit[8];
    double v[5];
    const int fields = sscanf(line, "row\t%63[^\t]\t%63[^\t]\t%7[^\t]\t%lf\t%lf\t%lf\t%lf\t%lf", group, name,
                              unit, &v[0], &v[1], &v[2], &v[3], &v[4]);
    if (fields == 8) report_add(group, name, unit, v[0], v[1], v[2], v[3], v[4]);
    return fields == 8;
}

bool report_read_line(const char *line)
{
    if (strncmp(line, "row\t", 4) == 0) return read_row(line);
    if (strncmp(line, "warning\t", 8) == 0) {
        report_warn("%.*s", (int)strcspn(line + 8, "\n"), line + 8);
        return true;
    }
    if (strncmp(line, "checked\t", 8) != 0) return false;
    session_add_checked(strtoull(line + 8, NULL, 10));
    return true;
}

/* ---- Table ---------------------------------------------------------------------------------- */

static void print_machine(FILE *out, const struct floor_clock *clock)
{
    char model[128];
    machine_model(model, sizeof model);
    fprintf(out, "cairn %s on %s, %u CPUs, load average %.2f before\n", cairn_version(), model,
            machine_cpu_count(), machine_load_at_start());
    fprintf(out, "time stamps: %.4f ns per tick, in steps of %llu ticks = %.2f ns%s\n", clock->ns_per_tick,
            (unsigned long long)clock->step_ticks, (double)clock->step_ticks * clock->ns_per_tick,
            clock->invariant ? "" : "; NOT INVARIANT, so cairn reads clock_gettime instead");
}

static void format_figure(char *text, size_t bytes, double value, const char *unit)
{
    if (isnan(value))
        snprintf(text, bytes, "-");
    else
        snprintf(text, bytes, "%.*f", strcmp(unit, "x") == 0 || fabs(value) < 10 ? 2 : 1, value);
}

static const char *verdict(const struct report_row *row)
{
    if (isnan(row->target)) return "";
    return row->median <= row->target ? "met" : "missed";
}

static void print_row(FILE *out, const struct report_row *row)
{
    char value[24], floor[24], least[24], median[24], target[24];
    format_figure(value, sizeof value, row->value_ns, "ns");
    format_figure(floor, sizeof floor, row->floor_ns, "ns");
    format_figure(least, sizeof least, row->min, row->unit);
    format_figure(median, sizeof median, row->median, row->unit);
    format_figure(target, sizeof target, row->target, row->unit);
    fprintf(out, "  %-47s %9s %9s %9s %9s %-2s %7s  %s\n", row->name, value, floor, least, median, row->unit,
            target, verdict(row));
}

void report_table(FILE *out, const struct floor_clock *clock)
{
    print_machine(out, clock);
    for (size_t i = 0; i < row_count; i++) {
        if (i == 0 || strcmp(rows[i].group, rows[i - 1].group) != 0)
            fprintf(out, "\n%-49s %9s %9s %9s %9s    %7s\n", rows[i].group, "ns", "floor ns", "min", "median",
                    "target");
        print_row(out, &rows[i]);
    }
    fprintf(out,
            "\nx: ratio to the floor of the same repetition; ns: difference to the floor; all by median\n");
    for (size_t i = 0; i < warning_count; i++) fprintf(out, "warning: %s\n", warnings[i]);
    fprintf(out, "%llu events counted in the traces, %s\n", (unsigned long long)session_checked_events(),
            session_failures() == 0 ? "none lost" : "NOT ALL THAT WERE EMITTED: SEE ABOVE");
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void print_text(FILE *out, const char *name, const char *text)
{
    fprintf(out, "\"%s\": \"", name);
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\') fputc('\\', out);
        if ((unsigned char)*at >= 0x20) fputc(*at, out);
    }
    fputc('"', out);
}

static void print_number(FILE *out, const char *name, double value)
{
    if (isfinite(value))
        fprintf(out, ", \"%s\": %.9g", name, value);
    else
        fprintf(out, ", \"%s\": null", name);
}

static void print_json_row(FILE *out, const struct report_row *row)
{
    fputs("    {", out);
    print_text(out, "group", row->group);
    fputs(", ", out);
    print_text(out, "name", row->name);
    fputs(", ", out);
    print_text(out, "unit", row->unit);
    print_number(out, "value_ns", row->value_ns);
    print_number(out, "floor_ns", row->floor_ns);
    print_number(out, "min", row->min);
    print_number(out, "median", row->median);
    print_number(out, "target", row->target);
    if (isnan(row->target))
        fputs(", \"met\": null}", out);
    else
        fprintf(out, ", \"met\": %s}", row->median <= row->target ? "true" : "false");
}

void report_json(FILE *out, const struct floor_clock *clock)
{
    char model[128];
    machine_model(model, sizeof model);
    fprintf(out, "{\n  \"version\": \"%s\",\n  \"machine\": {", cairn_version());
    print_text(out, "cpu", model);
    print_number(out, "cpus", machine_cpu_count());
    print_number(out, "load", machine_load_at_start());
    print_number(out, "ns_per_tick", clock->ns_per_tick);
    print_number(out, "step_ticks", (double)clock->step_ticks);
    fprintf(out, ", \"invariant\": %s},\n  \"rows\": [\n", clock->invariant ? "true" : "false");
    for (size_t i = 0; i < row_count; i++) {
        print_json_row(out, &rows[i]);
        fputs(i + 1 < row_count ? ",\n" : "\n", out);
    }
    fputs("  ],\n  \"warnings\": [", out);
    for (size_t i = 0; i < warning_count; i++) {
        fputs(i == 0 ? "{" : ", {", out);
        print_text(out, "text", warnings[i]);
        fputs("}", out);
    }
    fprintf(out, "],\n  \"events_checked\": %llu,\n  \"failures\": %u\n}\n",
            (unsigned long long)session_checked_events(), session_failures());
}
