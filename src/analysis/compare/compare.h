/* Two sides compared: what of each type has changed, by how much, and whether chance explains it.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     each side:  tasks ──each──► side (batches)
 *                                   │
 *     analysis_compare_run:  same batch size ─► figures ─► one test of all ratios ─► intervals, verdicts
 *
 * Sides of one recording are paired by time if they overlap: read side B once more as A's follower (batches.h).
 *
 * What is tested, under which assumptions, and what no such test can know: doc/comparing.md.
 */
#ifndef CAIRN_ANALYSIS_COMPARE_H
#define CAIRN_ANALYSIS_COMPARE_H

#include "analysis/compare/batches.h"

enum analysis_metric {
    ANALYSIS_MEAN, /* durations, ns */
    ANALYSIS_P50,
    ANALYSIS_P90,
    ANALYSIS_P99,
    ANALYSIS_P999,
    ANALYSIS_MAX,    /* not tested: an extreme grows with the number of tasks */
    ANALYSIS_TOTAL,  /* ns per root task; of regions: per second */
    ANALYSIS_COUNT,  /* finished ones per root task; of regions: per second */
    ANALYSIS_RATE,   /* finished ones per second */
    ANALYSIS_ERRORS, /* share of the finished ones, 0 to 1 */
    ANALYSIS_METRICS
};

enum analysis_change {
    ANALYSIS_UNTESTED, /* too few to tell */
    ANALYSIS_SAME,     /* no change found, or none that is large enough */
    ANALYSIS_LESS,
    ANALYSIS_MORE,
    ANALYSIS_MIXED, /* of a type: some of its durations are less, some more */
    ANALYSIS_ONLY_A,
    ANALYSIS_ONLY_B
};

struct analysis_difference {
    double a, b;  /* NAN: there is none */
    double ratio; /* b / a; tested and paired by time: that within the windows; NAN: there is none */
    double low,
        high; /* of b / a, all intervals together sure at the level; 0, INFINITY: no bound can be given */
    double p; /* adjusted for all types and metrics; NAN: too few to test */
    enum analysis_change change;
};

struct analysis_compared {
    const char *type;
    const struct analysis_batch_type *a, *b; /* NULL: no such type on that side */
    struct analysis_difference metrics[ANALYSIS_METRICS];
    enum analysis_change change; /* by its durations */
};

enum {
    ANALYSIS_COMPARE_BATCHES_DRIFTING = 16, /* or so many, where neighbouring batches are alike */
    ANALYSIS_COMPARE_BATCHES = 32,    /* at least so many on the side that has fewer, if there is enough */
    ANALYSIS_COMPARE_BATCHES_MIN = 8, /* fewer are too few to tell */
    ANALYSIS_COMPARE_BEYOND_MIN = 10  /* tasks beyond a percentile, on either side */
};

struct analysis_compare {
    /* Results. */
    VECTOR(struct analysis_compared) types; /* those that changed first, the greatest change first */
    uint64_t batch_size;                    /* in items; paired: A's */
    bool is_paired;                         /* by time: batch i of A and of B are of one window */
    uint32_t windows;                       /* paired: with enough of both */
    uint32_t window_first, window_last;     /* paired: those that have items of B */
    uint32_t tested;                        /* ratios */
    uint32_t deals;
    bool is_enough; /* batches to test anything */
    bool a_drifts,
        b_drifts;       /* neighbouring batches of the side are still alike: less is certain than is said */
    bool windows_drift; /* likewise the differences in neighbouring windows */
    /* What was asked for. */
    struct analysis_batches *a, *b;
    double level, effect_min;
    bool per_root;
};

/* If nothing else is asked for. */
#define ANALYSIS_COMPARE_LEVEL 0.05
#define ANALYSIS_COMPARE_EFFECT_MIN 0.02

/* Compares; `a` and `b` are complete and are sealed by this, and must outlive the result. `b_windows`: the same items as
 * b's, following a, or NULL if the sides are not of one recording; it is compared in b's stead if it overlaps with a.
 * `level`: how often any difference at all may be called where there is none, as 0.05. `effect_min`: what is smaller is
 * not called, as 0.02. `per_root`: tasks, not regions. 0, or -1 with *error set (memory ran out, or `progress` has
 * stopped it); free it in any case. */
int analysis_compare_run(struct analysis_compare *compare, struct analysis_batches *a,
                         struct analysis_batches *b, struct analysis_batches *b_windows, double level,
                         double effect_min, bool per_root, trace_progress *progress, void *data,
                         struct cairn_error *error);
void analysis_compare_free(struct analysis_compare *compare);

/* "mean", "p50", ..., "p999", "max", "total", "count", "rate", "errors". */
const char *analysis_metric_name(enum analysis_metric metric);
/* Whether it is a duration of tasks: MEAN to MAX. */
bool analysis_metric_is_duration(enum analysis_metric metric);
/* ratio - 1: 0.1 is 10 % more; INFINITY from nothing to something; NAN if a side has none. */
double analysis_difference_effect(const struct analysis_difference *difference);
/* The same in the metric's unit, more than `a`. */
double analysis_difference_amount(const struct analysis_difference *difference);
/* Whether chance alone does not explain it. */
bool analysis_difference_is_sound(const struct analysis_difference *difference, double level);

#endif
