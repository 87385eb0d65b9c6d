/* Tasks with made-up latencies, and what is asked of comparisons of them. SPDX-License-Identifier: Apache-2.0
 *
 * The latencies are of every kind that misleads tests: alike in time (AR(1)), with heavy tails, with drift. */
#ifndef CAIRN_TESTS_MADEUPTASKS_H
#define CAIRN_TESTS_MADEUPTASKS_H

#include "handmade.h"

#include "../calibration/aapairs.h"
#include "../sanitizers.h"

#include <math.h>
#include <stdio.h>

enum { RECORDINGS = IS_SANITIZED ? 2 : 20 }; /* it is about figures, which a sanitizer does not change */

/* How many pairs false alarms are counted over. */
static inline unsigned pair_count(void)
{
    if (IS_SANITIZED) return 5;
    return getenv("CAIRN_LONG") ? 400 : 100;
}

static const char *const type_names[] = {"page", "search", "order", "report"};

/* A log latency that remembers, in part of every task; the rarer the type the slower; one task in fifty is an outlier; all
 * of it drifts by 30 % to and fro. */
static inline void make_items(struct aapairs *pairs, size_t count, double memory, double drift)
{
    double level = 0;
    uint64_t now = 1 << 20;
    pairs->items.count = 0;
    pairs->types = type_names;
    pairs->type_count = 4;
    pairs->slow = 1;
    for (size_t i = 0; i < count; i++) {
        level = memory * level + sqrt(1 - memory * memory) * aapairs_normal(pairs);
        uint64_t kind = aapairs_random(pairs) % 16;
        uint32_t type = kind < 9 ? 0 : kind < 13 ? 1 : kind < 15 ? 2 : 3;
        double log_ns = 10 + type + 0.3 * level + 0.4 * aapairs_normal(pairs);
        log_ns += drift * sin(6.283 * 3 * (double)i / (double)count);
        if (aapairs_random(pairs) % 50 == 0) log_ns -= log(aapairs_uniform(pairs)) / 1.5;
        uint64_t duration = (uint64_t)exp(log_ns);
        now += (uint64_t)(-5000 * log(aapairs_uniform(pairs)));
        struct analysis_batch_item item = {.type = type,
                                           .begin_ticks = now > duration ? now - duration : 0,
                                           .end_ticks = now,
                                           .weight = 1,
                                           .is_root = type != 2,
                                           .failed = aapairs_random(pairs) % 20 == 0};
        assert_true(vector_push(&pairs->items, item));
    }
}

static inline const struct analysis_compared *type_of(const struct analysis_compare *compare,
                                                      const char *name)
{
    for (size_t i = 0; i < compare->types.count; i++)
        if (strcmp(compare->types.items[i].type, name) == 0) return &compare->types.items[i];
    fail_msg("no type %s", name);
    return NULL;
}

static inline unsigned alarms_of_splits(struct aapairs *pairs)
{
    static struct aapairs_side sides[2];
    struct analysis_compare compare;
    unsigned alarms = 0, count = pair_count();
    for (unsigned i = 0; i < count; i++) {
        assert_true(aapairs_compare(pairs, sides, &compare));
        assert_true(compare.is_enough && compare.tested >= 20 && compare.is_paired == pairs->is_paired);
        alarms += aapairs_alarm(&compare, NULL);
        aapairs_free(sides, &compare);
    }
    return alarms;
}

static inline void expect_band(const char *what, unsigned alarms, bool at_least)
{
    unsigned low, high, count = pair_count();
    aapairs_band(count, 0.05, 0.025, &low, &high);
    printf("%s: %u of %u pairs called (%.1f %%); 95 %% band of 5 %%: %u to %u\n", what, alarms, count,
           100.0 * alarms / count, low, high);
    assert_true(alarms <= high && (!at_least || alarms >= low));
}

static inline void count_agreement(const struct analysis_compare *compare, unsigned *asked,
                                   unsigned *disagree)
{
    for (size_t k = 0; k < compare->types.count; k++)
        for (unsigned metric = 0; metric < ANALYSIS_METRICS; metric++) {
            const struct analysis_difference *difference = &compare->types.items[k].metrics[metric];
            if (isnan(difference->p) || !(difference->a > 0) || !(difference->b > 0)) continue;
            bool excludes = difference->low > 1 || difference->high < 1;
            *disagree += excludes != analysis_difference_is_sound(difference, 0.05);
            ++*asked;
            assert_true(difference->low <= difference->ratio && difference->ratio <= difference->high);
            if (!compare->is_paired) assert_true(difference->ratio == difference->b / difference->a);
        }
}

#endif
