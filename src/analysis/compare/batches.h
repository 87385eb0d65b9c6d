/* Batches: one side of a comparison, cut into stretches of consecutive tasks. SPDX-License-Identifier: Apache-2.0
 *
 * Tasks that are near in time are alike: they met the same caches, queues and neighbours. A test that takes each for an
 * independent witness finds differences where there are none. So they are cut, all types together and in the order of
 * their ends, into BATCHES of equally many, long enough that one tells little of the next; how much they scatter is then
 * the measure (the method of batch means: Conway 1963, Schmeiser 1982).
 *
 * How many tasks will come is not known, so the size starts at 1 and doubles, neighbours being merged, whenever there are
 * BATCHES_MAX. Memory: types * batches * buckets in use.
 *
 * Two sides of one recording met the same moments. So that those can be held against each other, a side can FOLLOW
 * another: its batches are then the stretches of time of the other's, however many items of its own they hold.
 *
 *     leader     |. .  . .|.. . .|  .. . .|        equally many items
 *     follower  x|  . .   |      | ...... |x       x: outside
 *
 * All of this goes for regions too; "item" below is either. Not for several threads at once.
 */
#ifndef CAIRN_ANALYSIS_BATCHES_H
#define CAIRN_ANALYSIS_BATCHES_H

#include "analysis/compare/sparsehist.h"
#include "analysis/stats.h"

enum {
    ANALYSIS_BATCHES_MAX = 512,
    ANALYSIS_BATCH_OUTSIDE = 512,   /* of a follower: what ended before or after its leader's items */
    ANALYSIS_BATCH_TYPES_MAX = 1024 /* others go into one row, "(other)" */
};

/* What one batch has of one type: finished items. A sampled one counts as often as it stands for. */
struct analysis_batch_cell {
    uint64_t recorded; /* each once */
    uint64_t count, errors;
    double ticks; /* all durations */
    struct sparse_histogram durations;
};

struct analysis_batch_type {
    const char *name;
    uint64_t unfinished; /* the caller's count */
    uint64_t max_ticks;
    histogram_sum total_ticks;         /* exact */
    struct analysis_batch_cell *cells; /* by batch, and that of ANALYSIS_BATCH_OUTSIDE */
    struct analysis_batch_cell all;    /* once sealed: all of them together, also what is outside */
};

struct analysis_batch_span {
    uint64_t ticks;     /* from the end of the last item of the batch before to that of its own last one */
    uint64_t end_ticks; /* of its last item. Both of a follower: the leader's */
    uint64_t roots;     /* finished items without parent */
    uint64_t recorded;  /* finished items, each once */
};

struct analysis_batches {
    double ns_per_tick;
    VECTOR(struct analysis_batch_type) types;
    struct analysis_batch_span spans[ANALYSIS_BATCHES_MAX + 1];
    uint32_t count; /* of batches, the last one perhaps in the making */
    /* Items in a batch; the last has from a half to one and a half times as many. Of a follower: the leader's. */
    uint64_t size;
    uint64_t recorded, roots; /* finished items in all; roots by weight */
    uint64_t begin_ticks,
        end_ticks; /* the first begin and the last end of a finished item; within the recording */
    /* Private. */
    struct analysis_names names; /* numbers are those of types */
    uint64_t filled;             /* items in the last batch; of a follower, the leader's */
    uint64_t first_end_ticks;    /* of an item; of a follower, the leader's */
    bool is_follower;
    uint64_t recording_begin_ticks;
};

/* A finished item. */
struct analysis_batch_item {
    uint32_t type; /* by analysis_batches_type */
    uint64_t begin_ticks, end_ticks;
    uint32_t weight;
    bool failed, is_root;
};

void analysis_batches_init(struct analysis_batches *batches, const struct trace_info *info);
void analysis_batches_free(struct analysis_batches *batches);

/* Before the first item: the batches are to be those of `leader`, which is complete, and neither coarsened nor sealed
 * since. As long as both are coarsened equally often, they stay the same stretches of time. The leader is not kept. */
void analysis_batches_follow(struct analysis_batches *batches, const struct analysis_batches *leader);

/* The number of a type, which is added if it is new; UINT32_MAX if memory ran out. */
uint32_t analysis_batches_type(struct analysis_batches *batches, const char *name);
/* The next finished item, in the order of ends. False if memory ran out. */
bool analysis_batches_add(struct analysis_batches *batches, const struct analysis_batch_item *item);

/* After the last item: batches of twice the size, half as many. False if memory ran out. */
bool analysis_batches_coarsen(struct analysis_batches *batches);
/* Then seals all histograms; nothing can be added or merged any more. False if memory ran out. */
bool analysis_batches_seal(struct analysis_batches *batches);

/* The type of a name, NULL if there is none. */
const struct analysis_batch_type *analysis_batches_find(const struct analysis_batches *batches,
                                                        const char *name);
/* From the first begin to the last end, in seconds. */
double analysis_batches_seconds(const struct analysis_batches *batches);

#endif
