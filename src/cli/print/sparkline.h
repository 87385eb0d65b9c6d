/* Small drawings of what changes over time, a column per stretch. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_SPARKLINE_H
#define CAIRN_CLI_SPARKLINE_H

#include <stddef.h>
#include <stdio.h>

/* Draws `count` values as bars ▁ to █ from `low` to `high`; NAN is a blank. In at most `columns` columns: where there are
 * more values each column shows the greatest of its own. */
void sparkline_draw(FILE *out, const double *values, size_t count, double low, double high, size_t columns);

/* Draws `count` counts as shades, by their logarithm up to that of `most`; 0 is a blank. Columns likewise have the sum. */
void sparkline_shades(FILE *out, const double *counts, size_t count, double most, size_t columns);

#endif
