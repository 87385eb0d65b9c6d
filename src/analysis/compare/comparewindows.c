/* See comparewindows.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/compare/comparewindows.h"

#include "analysis/compare/batchdrift.h"
#include "analysis/compare/compare.h"

/* Of how unlike the numbers of B's items in neighbouring windows are, the most that goes: 1 is not alike at all; about
 * 2 / 3 if there is one stretch of each side in a window, 1 / 3 if there are four. */
#define UNEVEN_MAX 0.4

/* What is common if so many neighbouring batches make a window. */
struct overlap {
    uint32_t windows;
    uint64_t a, b; /* items in them */
    double squares,
        steps; /* of B's numbers of items in all windows, and of their differences from one to the next */
};

static struct overlap overlap_of(const struct analysis_batches *a, const struct analysis_batches *b,
                                 uint32_t batches_each)
{
    struct overlap overlap = {0};
    double before = 0;
    for (uint32_t first = 0; first < a->count; first += batches_each) {
        uint64_t ours = 0, theirs = 0;
        for (uint32_t i = first; i < first + batches_each && i < a->count; i++) {
            ours += a->spans[i].recorded;
            theirs += b->spans[i].recorded;
        }
        double step = (double)theirs - before;
        if (first) overlap.steps += step * step;
        before = (double)theirs;
        overlap.squares += before * before;
        if (ours < ANALYSIS_WINDOW_ITEMS_MIN || theirs < ANALYSIS_WINDOW_ITEMS_MIN) continue;
        overlap.windows++;
        overlap.a += ours;
        overlap.b += theirs;
    }
    return overlap;
}

uint32_t analysis_windows_common(const struct analysis_batches *a, const struct analysis_batches *b)
{
    return overlap_of(a, b, 1).windows;
}

/* Whether windows hold several stretches of either side: with only one, those of neighbouring windows are parts of the same. */
static bool is_mixed(const struct overlap *overlap)
{
    return overlap->steps <= 2 * UNEVEN_MAX * overlap->squares;
}

/* How many batches make a window: as many as leave ANALYSIS_COMPARE_BATCHES common ones, or as few as do with fewer. 0: the
 * sides cannot be paired. */
static uint32_t batches_of_window(const struct analysis_batches *a, const struct analysis_batches *b)
{
    uint32_t best = 0;
    for (uint32_t each = 1; each <= a->count; each *= 2) {
        struct overlap overlap = overlap_of(a, b, each);
        if (overlap.windows < ANALYSIS_COMPARE_BATCHES_DRIFTING || !is_mixed(&overlap)) continue;
        if (overlap.windows >= ANALYSIS_COMPARE_BATCHES || !best) best = each;
    }
    return best;
}

bool analysis_windows_overlap(const struct analysis_batches *a, const struct analysis_batches *b)
{
    uint32_t each = batches_of_window(a, b);
    struct overlap overlap = overlap_of(a, b, each ? each : 1);
    return each && (2 * overlap.a >= a->recorded || 2 * overlap.b >= b->recorded);
}

static bool coarsen(struct analysis_batches *a, struct analysis_batches *b)
{
    return analysis_batches_coarsen(a) && analysis_batches_coarsen(b);
}

bool analysis_windows_align(struct analysis_batches *a, struct analysis_batches *b)
{
    for (uint32_t each = batches_of_window(a, b); each > 1; each /= 2)
        if (!coarsen(a, b)) return false;
    while (overlap_of(a, b, 2).windows >= ANALYSIS_COMPARE_BATCHES_DRIFTING && analysis_windows_drift(a, b))
        if (!coarsen(a, b)) return false;
    return true;
}
