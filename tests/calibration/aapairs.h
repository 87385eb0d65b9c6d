/* Pairs of sides in which nothing differs, made of one stretch of tasks: what the false alarms of a comparison are measured
 * on. SPDX-License-Identifier: Apache-2.0
 *
 * The tasks are cut into blocks of neighbours, and the blocks are dealt at random to two sides of equal size. To be compared by
 * time, they stay where they are; else each side's clock stands still while the other has its turn, so that rates are
 * those of the blocks. */
#ifndef CAIRN_TESTS_AAPAIRS_H
#define CAIRN_TESTS_AAPAIRS_H

#include "analysis/compare/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct aapairs {
    VECTOR(struct analysis_batch_item) items; /* in the order of their ends */
    const char *const *types;                 /* names, by the items' type */
    uint32_t type_count;
    uint64_t block;     /* items in a block */
    bool is_paired;     /* compared by time */
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

/* A side; and for side B, the one that follows A. */
struct aapairs_side {
    struct analysis_batches batches, windows;
    bool is_b;
    uint64_t clock; /* its time */
};

/* A block's items; the side's clock moves on by what the block took. */
static inline bool aapairs_feed(struct aapairs *pairs, struct aapairs_side *side, uint64_t block)
{
    uint64_t first = block * pairs->block, base = first ? pairs->items.items[first - 1].end_ticks : 0;
    uint64_t latest = base, start = pairs->is_paired ? base + (UINT64_C(1) << 40) : side->clock;
    for (uint64_t i = first; i < first + pairs->block; i++) {
        struct analysis_batch_item item = pairs->items.items[i];
        uint64_t duration = item.end_ticks - item.begin_ticks;
        if (side->is_b && item.type == pairs->slow_type)
            duration = (uint64_t)((double)duration * pairs->slow + 0.5);
        if (item.end_ticks > latest) latest = item.end_ticks;
        item.end_ticks = start + (item.end_ticks > base ? item.end_ticks - base : 0);
        item.begin_ticks = item.end_ticks - duration;
        if (!analysis_batches_add(&side->batches, &item)) return false;
        if (side->is_b && pairs->is_paired && !analysis_batches_add(&side->windows, &item)) return false;
    }
    side->clock += latest - base;
    return true;
}

static inline bool aapairs_begin_side(const struct aapairs *pairs, struct aapairs_side *side)
{
    static const struct trace_info info = {.clock = {.ns_per_tick = 1}};
    bool done = true;
    side->clock = UINT64_C(1) << 40;
    analysis_batches_init(&side->batches, &info);
    analysis_batches_init(&side->windows, &info);
    for (uint32_t type = 0; type < pairs->type_count; type++) {
        done &= analysis_batches_type(&side->batches, pairs->types[type]) == type;
        done &= analysis_batches_type(&side->windows, pairs->types[type]) == type;
    }
    return done;
}

/* Which blocks are B's: half of all. NULL if memory ran out. */
static inline bool *aapairs_deal(struct aapairs *pairs, uint64_t half)
{
    bool *is_b = calloc(2 * half + 1, sizeof *is_b);
    uint64_t left[2] = {half, half};
    for (uint64_t block = 0; is_b && block < 2 * half; block++) {
        is_b[block] = aapairs_uniform(pairs) * (double)(left[0] + left[1]) < (double)left[1];
        left[is_b[block]]--;
    }
    return is_b;
}

/* Deals the blocks out and compares. False if memory ran out; aapairs_free is due in any case. */
static inline bool aapairs_compare(struct aapairs *pairs, struct aapairs_side sides[2],
                                   struct analysis_compare *compare)
{
    uint64_t half = pairs->items.count / pairs->block / 2;
    bool *is_b = aapairs_deal(pairs, half), done = is_b != NULL;
    *compare = (struct analysis_compare){0};
    for (unsigned i = 0; i < 2; i++) done &= aapairs_begin_side(pairs, &sides[i]);
    for (unsigned i = 0; i < 2; i++) {
        sides[i].is_b = i == 1;
        if (sides[i].is_b) analysis_batches_follow(&sides[1].windows, &sides[0].batches);
        for (uint64_t block = 0; done && block < 2 * half; block++)
            if (is_b[block] == sides[i].is_b) done = aapairs_feed(pairs, &sides[i], block);
    }
    free(is_b);
    return done && analysis_compare_run(compare, &sides[0].batches, &sides[1].batches,
                                        pairs->is_paired ? &sides[1].windows : NULL, 0.05, 0, true, NULL,
                                        NULL, NULL) == 0;
}

static inline void aapairs_free(struct aapairs_side sides[2], struct analysis_compare *compare)
{
    analysis_compare_free(compare);
    for (unsigned i = 0; i < 2; i++) {
        analysis_batches_free(&sides[i].batches);
        analysis_batches_free(&sides[i].windows);
    }
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
