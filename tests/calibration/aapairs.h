/* Pairs of sides in which nothing differs, made of one stretch of tasks: what the false alarms of a comparison are measured
 * on. SPDX-License-Identifier: Apache-2.0
 *
 * The tasks are cut into blocks of neighbours, and the blocks are dealt at random to two sides of equal size. Each side's
 * clock stands still while the other has its turn, so that rates are those of the blocks. */
#ifndef CAIRN_TESTS_AAPAIRS_H
#define CAIRN_TESTS_AAPAIRS_H

#include "analysis/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct aapairs {
    VECTOR(struct analysis_batch_item) items; /* in the order of their ends */
    const char *const *types;                 /* names, by the items' type */
    uint32_t type_count;
    uint64_t block;     /* items in a block */
    uint64_t random;    /* state */
    uint32_t slow_type; /* on side B its durations are multiplied by `slow` */
    double slow;        /* 1: none */
};

static inline uint64_t aapairs_random(struct aapairs *pairs)
{
    pairs->random = pairs->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    uint64_t x = pairs->random ^ pairs->random >> 29;
    return (x * UINT64_C(0xbf58476d1ce4e5b9)) >> 32;
}

/* 0 < u < 1, and the normal distribution. */
static inline double aapairs_uniform(struct aapairs *pairs)
{
    return ((double)aapairs_random(pairs) + 0.5) / 4294967296.0;
}

static inline double aapairs_normal(struct aapairs *pairs)
{
    double radius = sqrt(-2 * log(aapairs_uniform(pairs)));
    return radius * cos(6.283185307179586 * aapairs_uniform(pairs));
}

/* A block's items, `clock` being the side's time; it moves on by what the block took. */
static inline bool aapairs_feed(struct aapairs *pairs, struct analysis_batches *side, uint64_t block,
                                bool is_b, uint64_t *clock)
{
    uint64_t first = block * pairs->block, base = first ? pairs->items.items[first - 1].end_ticks : 0;
    uint64_t latest = base;
    for (uint64_t i = first; i < first + pairs->block; i++) {
        struct analysis_batch_item item = pairs->items.items[i];
        uint64_t duration = item.end_ticks - item.begin_ticks;
        if (is_b && item.type == pairs->slow_type)
            duration = (uint64_t)((double)duration * pairs->slow + 0.5);
        if (item.end_ticks > latest) latest = item.end_ticks;
        item.end_ticks = *clock + (item.end_ticks > base ? item.end_ticks - base : 0);
        item.begin_ticks = item.end_ticks - duration;
        if (!analysis_batches_add(side, &item)) return false;
    }
    *clock += latest - base;
    return true;
}

/* Deals the blocks out and compares. False if memory ran out; analysis_compare_free and both sides are due in any case. */
static inline bool aapairs_compare(struct aapairs *pairs, struct analysis_batches sides[2],
                                   struct analysis_compare *compare)
{
    static const struct trace_info info = {.clock = {.ns_per_tick = 1}};
    uint64_t half = pairs->items.count / pairs->block / 2, left[2] = {half, half};
    uint64_t clocks[2] = {UINT64_C(1) << 40, UINT64_C(1) << 40};
    bool done = true;
    *compare = (struct analysis_compare){0};
    for (unsigned i = 0; i < 2; i++) {
        analysis_batches_init(&sides[i], &info);
        for (uint32_t type = 0; type < pairs->type_count; type++)
            done &= analysis_batches_type(&sides[i], pairs->types[type]) == type;
    }
    for (uint64_t block = 0; done && block < 2 * half; block++) {
        bool is_b = aapairs_uniform(pairs) * (double)(left[0] + left[1]) < (double)left[1];
        left[is_b]--;
        done = aapairs_feed(pairs, &sides[is_b], block, is_b, &clocks[is_b]);
    }
    return done && analysis_compare_run(compare, &sides[0], &sides[1], 0.05, 0, true, NULL, NULL, NULL) == 0;
}

/* Whether any metric of a type is beyond chance, whatever its size; of all types if `type` is NULL. */
static inline bool aapairs_alarm(const struct analysis_compare *compare, const char *type)
{
    for (size_t i = 0; i < compare->types.count; i++)
        for (unsigned metric = 0; metric < ANALYSIS_METRICS; metric++)
            if ((!type || strcmp(type, compare->types.items[i].type) == 0) &&
                analysis_difference_is_sound(&compare->types.items[i].metrics[metric], compare->level))
                return true;
    return false;
}

/* The probability of at most `hits` of `count`, each of which is one with probability `p`. */
static inline double aapairs_binomial(unsigned count, double p, unsigned hits)
{
    double sum = 0;
    for (unsigned k = 0; k <= hits; k++)
        sum += exp(lgamma(count + 1.0) - lgamma(k + 1.0) - lgamma(count - k + 1.0) + k * log(p) +
                   (count - k) * log(1 - p));
    return sum;
}

/* The least count that is not in the lower `tail` of the distribution, and the greatest not in the upper. */
static inline void aapairs_band(unsigned count, double p, double tail, unsigned *low, unsigned *high)
{
    *low = *high = 0;
    while (aapairs_binomial(count, p, *low) <= tail) ++*low;
    while (aapairs_binomial(count, p, *high) < 1 - tail) ++*high;
}

#endif
