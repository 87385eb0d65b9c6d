/* Windows: the stretches of time in which two sides of one recording are compared. SPDX-License-Identifier: Apache-2.0
 *
 * A follows nobody, B follows A (batches.h), so that batch i of both is the same stretch: a window. It is COMMON if it has
 * some items of both sides. Only common ones can tell of a difference.
 */
#ifndef CAIRN_ANALYSIS_COMPAREWINDOWS_H
#define CAIRN_ANALYSIS_COMPAREWINDOWS_H

#include "analysis/compare/batches.h"

enum { ANALYSIS_WINDOW_ITEMS_MIN = 4 /* of either side, in a common window */ };

/* Whether enough is common to compare the sides within windows: at least ANALYSIS_COMPARE_BATCHES_DRIFTING windows, with at
 * least half of one side's items, and several stretches of either side in each. Both as they were read, neither coarsened
 * nor sealed. */
bool analysis_windows_overlap(const struct analysis_batches *a, const struct analysis_batches *b);

/* Of sides that overlap: makes the windows as long as leaves enough common ones, and longer while their differences are like
 * those of their neighbours. False if memory ran out. */
bool analysis_windows_align(struct analysis_batches *a, struct analysis_batches *b);

/* How many of the windows are common. */
uint32_t analysis_windows_common(const struct analysis_batches *a, const struct analysis_batches *b);

#endif
