/* A sample of slow tasks and one of the rest, each with its facts. SPDX-License-Identifier: Apache-2.0
 *
 * Which facts go together, and how slow tasks are with and without them, is asked when all has been counted, of whatever
 * facts turn out to matter. That needs tasks, not counts; so some are kept, drawn at random (reservoir sampling): of both
 * groups up to ANALYSIS_SAMPLE_MAX, hence all of them in most traces. The draw is the same each time.
 */
#ifndef CAIRN_ANALYSIS_TASKSAMPLE_H
#define CAIRN_ANALYSIS_TASKSAMPLE_H

#include "base/base.h"
#include "trace/trace.h"

enum {
    ANALYSIS_SAMPLE_MAX = 8192,      /* tasks of each group */
    ANALYSIS_SAMPLE_FACTS_MAX = 1024 /* of one task; more are left out */
};

struct analysis_sampled_task {
    struct trace_task_id id;
    uint64_t latency; /* ticks */
    bool is_slow;
    VECTOR(uint32_t) facts; /* indices */
};

struct analysis_task_sample {
    VECTOR(struct analysis_sampled_task) tasks;
    uint64_t seen[2];    /* the rest, the slow */
    uint32_t sampled[2]; /* of these in `tasks` */
    /* Private. */
    uint64_t random;
    VECTOR(uint32_t) members[2];
};

/* Zero-initialise. False if memory ran out. */
bool analysis_task_sample_add(struct analysis_task_sample *sample, const struct analysis_sampled_task *task);
/* The slowest first. No more can be added then. */
void analysis_task_sample_sort(struct analysis_task_sample *sample);
/* How many tasks one of this group stands for. */
double analysis_task_sample_weight(const struct analysis_task_sample *sample, bool is_slow);
void analysis_task_sample_free(struct analysis_task_sample *sample);

#endif
