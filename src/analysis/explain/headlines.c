/* See headlines.h. SPDX-License-Identifier: Apache-2.0
 *
 * A matrix of bits, a row for each task of the sample, tells which finding is true of it. Tasks that are alike in all
 * headlines are a stratum; the stratum's number has a bit for each headline.
 */
#include "analysis/explain/headlines.h"

#include <math.h>
#include <stdlib.h>

/* Sets of tasks that are as alike as that are taken for the same. */
static const double same_phi = 0.95;

enum { ROW_WORDS = (ANALYSIS_FINDINGS_MAX + 63) / 64 };

struct membership {
    const struct analysis_task_sample *sample;
    uint64_t (*rows)[ROW_WORDS];
    uint16_t *stratum;                   /* by row */
    struct analysis_contingency *strata; /* by number */
    uint32_t headlines[ANALYSIS_HEADLINES_MAX];
    unsigned headline_count;
};

static bool has(const struct membership *members, size_t row, uint32_t finding)
{
    return members->rows[row][finding / 64] >> finding % 64 & 1;
}

/* ---- The matrix ------------------------------------------------------------------------------------ */

static bool task_has(const struct analysis_sampled_task *task, const bool *marked)
{
    for (size_t i = 0; i < task->facts.count; i++)
        if (marked[task->facts.items[i]]) return true;
    return false;
}

static void fill_column(struct membership *members, const struct analysis_finding *finding, uint32_t index,
                        const bool *marked)
{
    for (size_t row = 0; row < members->sample->tasks.count; row++)
        if (task_has(&members->sample->tasks.items[row], marked) != finding->is_negated)
            members->rows[row][index / 64] |= UINT64_C(1) << index % 64;
}

static bool fill_matrix(struct membership *members, const struct analysis_findings *findings,
                        const struct analysis_facts *facts)
{
    bool *marked = calloc(facts->facts.count + 1, sizeof *marked);
    if (!marked) return false;
    for (uint32_t i = 0; i < findings->items.count; i++) {
        const struct analysis_finding *finding = &findings->items.items[i];
        for (uint32_t at = finding->first; at <= finding->last; at++) marked[findings->order[at]] = true;
        fill_column(members, finding, i, marked);
        for (uint32_t at = finding->first; at <= finding->last; at++) marked[findings->order[at]] = false;
    }
    free(marked);
    return true;
}

static bool begin_members(struct membership *members, const struct analysis_task_sample *sample)
{
    size_t rows = sample->tasks.count + 1;
    *members = (struct membership){.sample = sample};
    members->rows = calloc(rows, sizeof *members->rows);
    members->stratum = calloc(rows, sizeof *members->stratum);
    members->strata = calloc((size_t)1 << ANALYSIS_HEADLINES_MAX, sizeof *members->strata);
    return members->rows && members->stratum && members->strata;
}

static void free_members(struct membership *members)
{
    free(members->rows);
    free(members->stratum);
    free(members->strata);
}

/* ---- Headlines ------------------------------------------------------------------------------------- */

/* How likely slow ones would have it as often among tasks alike in all headlines. */
static double log_p_within(struct membership *members, uint32_t finding)
{
    size_t count = (size_t)1 << members->headline_count;
    for (size_t i = 0; i < count; i++) members->strata[i] = (struct analysis_contingency){0};
    for (size_t row = 0; row < members->sample->tasks.count; row++) {
        struct analysis_contingency *table = &members->strata[members->stratum[row]];
        bool is_slow = members->sample->tasks.items[row].is_slow, with = has(members, row, finding);
        table->slow += is_slow;
        table->rest += !is_slow;
        table->slow_with += is_slow && with;
        table->rest_with += !is_slow && with;
    }
    return analysis_stratified_log_p(members->strata, count);
}

/* How alike the sets of tasks are, in the sample as if it were the whole. */
static double likeness(const struct membership *members, uint32_t one, uint32_t other)
{
    double both = 0, with_one = 0, with_other = 0, all = 0;
    for (size_t row = 0; row < members->sample->tasks.count; row++) {
        double weight =
            analysis_task_sample_weight(members->sample, members->sample->tasks.items[row].is_slow);
        bool a = has(members, row, one), b = has(members, row, other);
        all += weight;
        with_one += a ? weight : 0;
        with_other += b ? weight : 0;
        both += a && b ? weight : 0;
    }
    return analysis_phi(both, with_one, with_other, all);
}

static double most_alike(const struct membership *members, uint32_t finding, uint32_t *headline)
{
    double most = -INFINITY;
    for (unsigned i = 0; i < members->headline_count; i++) {
        double phi = likeness(members, finding, members->headlines[i]);
        if (phi > most) most = phi, *headline = members->headlines[i];
    }
    return most;
}

static void add_headline(struct membership *members, uint32_t finding)
{
    unsigned number = members->headline_count++;
    members->headlines[number] = finding;
    for (size_t row = 0; row < members->sample->tasks.count; row++)
        if (has(members, row, finding)) members->stratum[row] |= (uint16_t)(1u << number);
}

static bool says_something_new(struct membership *members, uint32_t finding, double correction,
                               uint32_t *headline)
{
    if (members->headline_count == 0) return true;
    uint32_t alike = members->headlines[0];
    double phi = most_alike(members, finding, &alike);
    bool is_new = phi <= 0 || (phi < same_phi &&
                               log_p_within(members, finding) + correction <= log(ANALYSIS_FINDINGS_LEVEL));
    if (is_new && members->headline_count < ANALYSIS_HEADLINES_MAX) return true;
    *headline = alike;
    return false;
}

static void choose(struct membership *members, struct analysis_findings *findings,
                   const struct analysis_facts *facts, bool shares)
{
    members->headline_count = 0;
    for (size_t row = 0; row < members->sample->tasks.count; row++) members->stratum[row] = 0;
    for (uint32_t i = 0; i < findings->items.count; i++) {
        struct analysis_finding *finding = &findings->items.items[i];
        if (analysis_fact_is_share(facts->topics.items[finding->topic].kind) != shares) continue;
        finding->headline = i;
        if (says_something_new(members, i, log(findings->factor), &finding->headline))
            add_headline(members, i);
    }
}

/* ---- Medians and examples -------------------------------------------------------------------------- */

/* The weighted median of the sampled tasks that have the finding, or have it not; they are sorted. 0: there are none. */
static uint64_t median(const struct membership *members, uint32_t finding, bool with)
{
    const struct analysis_task_sample *sample = members->sample;
    double all = 0, above = 0;
    for (size_t row = 0; row < sample->tasks.count; row++)
        if (has(members, row, finding) == with)
            all += analysis_task_sample_weight(sample, sample->tasks.items[row].is_slow);
    for (size_t row = 0; row < sample->tasks.count; row++) {
        if (has(members, row, finding) != with) continue;
        above += analysis_task_sample_weight(sample, sample->tasks.items[row].is_slow);
        if (above >= all / 2) return sample->tasks.items[row].latency;
    }
    return 0;
}

static void describe(const struct membership *members, struct analysis_finding *finding, uint32_t index)
{
    finding->median_with = median(members, index, true);
    finding->median_without = median(members, index, false);
    for (size_t row = 0; row < members->sample->tasks.count; row++) {
        const struct analysis_sampled_task *task = &members->sample->tasks.items[row];
        if (!task->is_slow || !has(members, row, index)) continue;
        finding->example = task->id;
        finding->example_latency = task->latency;
        return;
    }
}

bool analysis_headlines_find(struct analysis_findings *findings, const struct analysis_facts *facts,
                             struct analysis_task_sample *sample)
{
    struct membership members;
    analysis_task_sample_sort(sample);
    bool done = begin_members(&members, sample) && fill_matrix(&members, findings, facts);
    if (done) {
        choose(&members, findings, facts, false);
        choose(&members, findings, facts, true);
        for (uint32_t i = 0; i < findings->items.count; i++) describe(&members, &findings->items.items[i], i);
    }
    free_members(&members);
    return done;
}
