/* See sparkline.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/sparkline.h"

#include <math.h>

/* The first value of a column. */
static size_t first_of(size_t column, size_t columns, size_t count)
{
    return column * count / columns;
}

static double greatest(const double *values, size_t from, size_t to)
{
    double most = NAN;
    for (size_t i = from; i < to; i++) most = fmax(most, values[i]); /* NAN only if all are */
    return most;
}

void sparkline_draw(FILE *out, const double *values, size_t count, double low, double high, size_t columns)
{
    static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    if (columns > count) columns = count;
    for (size_t column = 0; column < columns; column++) {
        double value =
            greatest(values, first_of(column, columns, count), first_of(column + 1, columns, count));
        double share = high > low ? (value - low) / (high - low) : 0;
        if (isnan(value))
            fputc(' ', out);
        else
            fputs(bars[share >= 1 ? 7 : share <= 0 ? 0 : (int)(share * 8)], out);
    }
}

void sparkline_shades(FILE *out, const double *counts, size_t count, double most, size_t columns)
{
    static const char *const shades[] = {"░", "▒", "▓", "█"};
    if (columns > count) columns = count;
    for (size_t column = 0; column < columns; column++) {
        double sum = 0;
        for (size_t i = first_of(column, columns, count); i < first_of(column + 1, columns, count); i++)
            sum += counts[i];
        double share = most > 1 ? log(sum) / log(most) : 1;
        if (sum <= 0)
            fputc(' ', out);
        else
            fputs(shades[share >= 1 ? 3 : share <= 0 ? 0 : (int)(share * 4)], out);
    }
}
