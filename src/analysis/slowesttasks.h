/* The slowest tasks: of all that are offered, so many. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_ANALYSIS_SLOWESTTASKS_H
#define CAIRN_ANALYSIS_SLOWESTTASKS_H

#include "analysis/onetask.h"

/* Grows with what is found, so that a huge wish costs nothing. Zero-initialise, but for `max`. */
struct analysis_slowest {
    struct analysis_task *items; /* once sorted: the slowest first, equal ones in the order of their begins */
    size_t count, max;
};

/* False if memory ran out. Costs the logarithm of `max` if it is one of them, else one comparison. */
bool analysis_slowest_offer(struct analysis_slowest *slowest, const struct analysis_task *task);
/* After the last offer. */
void analysis_slowest_sort(struct analysis_slowest *slowest);
void analysis_slowest_free(struct analysis_slowest *slowest);

/* Whether it comes before the other. */
bool analysis_is_slower(const struct analysis_task *task, const struct analysis_task *other);

#endif
