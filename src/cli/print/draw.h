/* A distribution, drawn in the terminal. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_DRAW_H
#define CAIRN_CLI_DRAW_H

#include "analysis/stats.h"

#include <stdio.h>

/* Draws one bar per range of durations, ranges on a logarithmic scale of round numbers, with marks where
 * the percentiles lie. Fits the terminal. `what` names what is counted: "tasks". Draws nothing of fewer than
 * two. */
void draw_distribution(FILE *out, const char *title, const char *what, const struct analysis_stats *stats,
                       const struct trace_clock *clock);

#endif
