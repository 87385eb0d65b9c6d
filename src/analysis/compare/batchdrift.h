/* Whether batches tell something of the next one, which a test of batches takes for granted they do not.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Of each type: the autocorrelation, of lag 1, of what the durations of its batches are off. Pure questions; cost: types *
 * batches.
 */
#ifndef CAIRN_ANALYSIS_BATCHDRIFT_H
#define CAIRN_ANALYSIS_BATCHDRIFT_H

#include "analysis/compare/batches.h"

/* Whether any type's batches are more alike than one side in a hundred would show by chance: off is what they are off the
 * type's mean. */
bool analysis_batches_drift(const struct analysis_batches *side);

/* The same of the differences within the windows that a leader and its follower share: off is what they are off the
 * type's difference in all of them. What both sides have in common does not count. */
bool analysis_windows_drift(const struct analysis_batches *leader, const struct analysis_batches *follower);

#endif
