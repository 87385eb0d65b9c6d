/* See tasksample.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/explain/tasksample.h"

#include <stdlib.h>
#include <string.h>

/* The place of one that takes part, or NULL: it does not. *failed: memory ran out. */
static struct analysis_sampled_task *place_for(struct analysis_task_sample *sample, bool is_slow,
                                               bool *failed)
{
    uint64_t seen = ++sample->seen[is_slow];
    *failed = false;
    if (seen > ANALYSIS_SAMPLE_MAX) {
        uint64_t draw = splitmix_next(&sample->random) % seen;
        return draw < ANALYSIS_SAMPLE_MAX ? &sample->tasks.items[sample->members[is_slow].items[draw]] : NULL;
    }
    *failed = !vector_push(&sample->members[is_slow], (uint32_t)sample->tasks.count) ||
              !vector_push(&sample->tasks, (struct analysis_sampled_task){0});
    if (*failed) return NULL;
    sample->sampled[is_slow]++;
    return &sample->tasks.items[sample->tasks.count - 1];
}

bool analysis_task_sample_add(struct analysis_task_sample *sample, const struct analysis_sampled_task *task)
{
    bool failed;
    struct analysis_sampled_task *place = place_for(sample, task->is_slow, &failed);
    if (!place) return !failed;
    size_t count =
        task->facts.count < ANALYSIS_SAMPLE_FACTS_MAX ? task->facts.count : ANALYSIS_SAMPLE_FACTS_MAX;
    if (!vector_reserve(&place->facts, count)) return false;
    if (count) memcpy(place->facts.items, task->facts.items, count * sizeof *place->facts.items);
    place->facts.count = count;
    place->id = task->id;
    place->latency = task->latency;
    place->is_slow = task->is_slow;
    return true;
}

static int by_latency(const void *one, const void *other)
{
    const struct analysis_sampled_task *a = one, *b = other;
    if (a->latency != b->latency) return a->latency > b->latency ? -1 : 1;
    return (a->id.id > b->id.id) - (a->id.id < b->id.id);
}

void analysis_task_sample_sort(struct analysis_task_sample *sample)
{
    if (sample->tasks.count > 1)
        qsort(sample->tasks.items, sample->tasks.count, sizeof *sample->tasks.items, by_latency);
}

double analysis_task_sample_weight(const struct analysis_task_sample *sample, bool is_slow)
{
    return sample->sampled[is_slow] ? (double)sample->seen[is_slow] / sample->sampled[is_slow] : 0;
}

void analysis_task_sample_free(struct analysis_task_sample *sample)
{
    for (size_t i = 0; i < sample->tasks.count; i++) vector_free(&sample->tasks.items[i].facts);
    vector_free(&sample->tasks);
    vector_free(&sample->members[0]);
    vector_free(&sample->members[1]);
}
