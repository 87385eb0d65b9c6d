/* See draw.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/draw.h"

#include "cli/cli.h"
#include "cli/print/show.h"

#include <math.h>
#include <string.h>

enum { ROWS_WANTED = 14, ROWS_MAX = 24, MARKS_COLUMNS = 28, BAR_COLUMNS_MIN = 10, BAR_COLUMNS_MAX = 60 };

/* Preferred numbers: how a decade is cut, the finest first. */
static const double cuts_24[] = {1.0, 1.1, 1.2, 1.3, 1.5, 1.6, 1.8, 2.0, 2.2, 2.4, 2.7, 3.0,
                                 3.3, 3.6, 3.9, 4.3, 4.7, 5.1, 5.6, 6.2, 6.8, 7.5, 8.2, 9.1};
static const double cuts_12[] = {1.0, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2};
static const double cuts_6[] = {1.0, 1.5, 2.2, 3.3, 4.7, 6.8};
static const double cuts_3[] = {1.0, 2.0, 5.0};
static const double cuts_1[] = {1.0};

static const struct cuts {
    const double *values;
    unsigned count;
} all_cuts[] = {{cuts_24, 24}, {cuts_12, 12}, {cuts_6, 6}, {cuts_3, 3}, {cuts_1, 1}};

/* The lower bounds of the ranges, in nanoseconds, and the end of the last. */
struct bounds {
    uint64_t ns[ROWS_MAX + 2];
    unsigned rows;
};

/* False if there would be more than `rows_max` rows. Bounds below 10 ns that fall together are one. */
static bool make_bounds(struct bounds *bounds, const struct cuts *cuts, uint64_t min_ns, uint64_t max_ns,
                        unsigned rows_max)
{
    bounds->ns[0] = 0;
    unsigned count = 1;
    for (int decade = 0; decade < 20; decade++) {
        for (unsigned i = 0; i < cuts->count; i++) {
            double exact = cuts->values[i] * pow(10, decade);
            uint64_t bound = exact < 1.8e19 ? (uint64_t)(exact + 0.5) : UINT64_MAX;
            if (bound <= min_ns) {
                bounds->ns[0] = bound;
            } else if (bound > bounds->ns[count - 1]) {
                if (count > rows_max) return false;
                bounds->ns[count++] = bound;
                if (bound > max_ns) return bounds->rows = count - 1, true;
            }
        }
    }
    return bounds->rows = count - 1, count > 1;
}

static bool choose_bounds(struct bounds *bounds, uint64_t min_ns, uint64_t max_ns)
{
    for (size_t i = 0; i < sizeof all_cuts / sizeof *all_cuts; i++) {
        bool is_last = i + 1 == sizeof all_cuts / sizeof *all_cuts;
        if (make_bounds(bounds, &all_cuts[i], min_ns, max_ns, is_last ? ROWS_MAX : ROWS_WANTED)) return true;
    }
    return false;
}

/* In eighths of a column; what is there at all shows. */
static void draw_bar(FILE *out, uint64_t count, uint64_t greatest, unsigned columns)
{
    static const char *const part[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    double eighths = (double)count / (double)greatest * columns * 8;
    unsigned filled = count && eighths < 1 ? 1 : (unsigned)(eighths + 0.5);
    for (unsigned i = 0; i < filled / 8; i++) fputs("█", out);
    fputs(part[filled % 8], out);
    fprintf(out, "%*s", (int)(columns - filled / 8 - (filled % 8 != 0)), "");
}

/* The marks of a row: the percentiles whose rank lies in it. By rank and not by value, because a value at
 * the rim of a range may be counted in the one beside it. */
static void draw_marks(FILE *out, uint64_t before, uint64_t count, uint64_t total)
{
    static const struct {
        const char *name;
        double p;
    } marks[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}};
    bool any = false;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        uint64_t rank = (uint64_t)ceil(marks[i].p * (double)total);
        if (rank <= before || rank > before + count) continue;
        fprintf(out, "%s%s%s", any ? " " : show_yellow(), any ? "" : " ◂ ", marks[i].name);
        any = true;
    }
    if (any) fputs(show_plain(), out);
}

static unsigned bar_columns(void)
{
    unsigned others = 2 + 8 + 2 + MARKS_COLUMNS + 10, width = cli_width();
    if (width < others + BAR_COLUMNS_MIN) return BAR_COLUMNS_MIN;
    return width - others > BAR_COLUMNS_MAX ? BAR_COLUMNS_MAX : width - others;
}

static uint64_t count_row(const struct histogram *all, const struct trace_clock *clock,
                          const struct bounds *bounds, unsigned row)
{
    uint64_t low = row ? trace_clock_ticks(clock, bounds->ns[row]) : 0;
    bool is_last = row + 1 == bounds->rows;
    uint64_t high = is_last ? UINT64_MAX : trace_clock_ticks(clock, bounds->ns[row + 1]);
    return histogram_count_between(all, low, high);
}

static void draw_row(FILE *out, uint64_t low_ns, uint64_t count, uint64_t greatest)
{
    char text[SHOW_BYTES];
    show_duration(text, low_ns);
    fprintf(out, "  %*s%s  ", (int)(8 - show_text_columns(text, strlen(text))), "", text);
    draw_bar(out, count, greatest, bar_columns());
    fprintf(out, " %9s", show_count(text, count));
}

void draw_distribution(FILE *out, const char *title, const char *what, const struct analysis_stats *stats,
                       const struct trace_clock *clock)
{
    struct analysis_summary summary;
    struct bounds bounds;
    uint64_t counts[ROWS_MAX + 1], greatest = 1, before = 0;
    char text[SHOW_BYTES];
    bool is_mixed = stats->weighted.count != 0; /* sampled at different rates: only estimates compare */
    const struct histogram *all = is_mixed ? &stats->weighted : &stats->time;
    analysis_summarize(&summary, stats, clock);
    if (summary.finished < 2 || !choose_bounds(&bounds, summary.min_ns, summary.max_ns)) return;
    for (unsigned i = 0; i < bounds.rows; i++) {
        counts[i] = count_row(all, clock, &bounds, i);
        if (counts[i] > greatest) greatest = counts[i];
    }
    fprintf(out, "%s", show_bold());
    show_text(out, title, strlen(title));
    fprintf(out, "%s: %s%s finished %s by duration\n", show_plain(), is_mixed ? "about " : "",
            show_count(text, all->count), what);
    for (unsigned i = 0; i < bounds.rows && before < all->count; i++) {
        if (before == 0 && counts[i] == 0) continue;
        draw_row(out, bounds.ns[i], counts[i], greatest);
        draw_marks(out, before, counts[i], all->count);
        fputc('\n', out);
        before += counts[i];
    }
}
